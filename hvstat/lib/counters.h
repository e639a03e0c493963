/* SPDX-License-Identifier: BSD-2-Clause */
/* The counters' numbers, units and names: abi/counters.def as C. */
#ifndef HVSTAT_COUNTERS_H
#define HVSTAT_COUNTERS_H

#include <stddef.h>
#include <stdint.h>

/* The four kinds of object that have a statistics page. */
enum hvstat_object { HVSTAT_HV, HVSTAT_LP, HVSTAT_PT, HVSTAT_VP, HVSTAT_OBJECTS };

enum hvstat_unit { HVSTAT_EVENTS, HVSTAT_NS100, HVSTAT_PAGES, HVSTAT_NUMBER, HVSTAT_INDEX };

/* HV_Partitions, LP_TotalRunTime, ...: the slot of each counter. */
enum hvstat_slot {
#define COUNTER_RESERVED(object, index)
#define COUNTER(object, index, name, unit, meaning) object##_##name = (index),
#include "abi/counters.def"
#undef COUNTER
#undef COUNTER_RESERVED
};

/* The number of slots of each object: the last one's and one. */
enum {
	HV_SLOTS = HV_SubsumedPages + 1,
	LP_SLOTS = LP_PerfmonInterruptCount + 1,
	PT_SLOTS = PT_NumberofActiveChildPartitions + 1,
	VP_SLOTS = VP_ExpressSchedulingCount + 1,
};

struct hvstat_counter {
	const char *name;    /* as in Linux's files, with the object's prefix: VpHypercallsCount */
	const char *meaning; /* a few words */
	uint16_t slot;
	uint8_t unit;	/* enum hvstat_unit */
	uint8_t length; /* of the name */
};

/* The counters of a kind of object, ascending by slot; placeholders are left out. */
const struct hvstat_counter *hvstat_counters(enum hvstat_object object, size_t *count);

/* The counter with the name that Linux shows; NULL if there is none. */
const struct hvstat_counter *hvstat_counter_named(
	enum hvstat_object object, const char *name, size_t length);

/* "hypervisor", "logical processor", ... */
const char *hvstat_object_name(enum hvstat_object object);

#endif
