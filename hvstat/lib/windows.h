/* SPDX-License-Identifier: BSD-2-Clause */
/* Windows' view: counter sets, instances and counters, with the values that Windows would show. */
#ifndef HVSTAT_WINDOWS_H
#define HVSTAT_WINDOWS_H

#include "hvstat/lib/hvstat.h"

/* Windows shows partitions and VPs of the root in sets of their own. */
enum hvstat_set {
	HVSTAT_SET_HV,
	HVSTAT_SET_LP,
	HVSTAT_SET_PT,
	HVSTAT_SET_ROOT_PT,
	HVSTAT_SET_VP,
	HVSTAT_SET_ROOT_VP,
	HVSTAT_SETS
};

struct hvstat_set_facts {
	const char *name; /* "Hyper-V Hypervisor Logical Processor" */
	enum hvstat_object object;
	bool instances; /* false: the set has just one, without a name */
};
extern const struct hvstat_set_facts hvstat_sets[HVSTAT_SETS];

enum hvstat_kind { HVSTAT_PERCENT, HVSTAT_RATE, HVSTAT_VALUE, HVSTAT_COST, HVSTAT_DERIVED };

enum hvstat_origin {
	HVSTAT_WINDOWS,	   /* shown by Windows Server 23H2 */
	HVSTAT_SERVER2025, /* shown since Windows Server 2025 */
	HVSTAT_OURS,	   /* not shown by Windows; our name */
};

struct hvstat_windows {
	const char *name; /* "Hypercalls/sec" */
	const char *meaning;
	enum hvstat_object object;
	enum hvstat_kind kind;
	enum hvstat_origin origin;
	uint16_t slot; /* derived ones: which */
	uint16_t base; /* COST: the slot of the events */
};

/* Windows' counters of a kind of object. */
const struct hvstat_windows *hvstat_windows_counters(enum hvstat_object object, size_t *count);

/* The same counters by Linux' names ("VpHypercallsCount"), as they are: sums since the start. */
const struct hvstat_windows *hvstat_kernel_counters(enum hvstat_object object, size_t *count);

/* The name as WMI writes it: "HypercallsPersec". */
#define HVSTAT_WMI_NAME 96
void hvstat_wmi_name(const char *display_name, char name[HVSTAT_WMI_NAME]);

/* An instance of a set; `index` counts through the sample's LPs, partitions or VPs. */
struct hvstat_instance {
	enum hvstat_set set;
	bool total; /* "_Total" */
	uint32_t lp_or_vp;
	uint64_t partition;
	bool root;
};

#define HVSTAT_INSTANCE_NAME (HVSTAT_NAME + 32)
/* All instances of the set in a sample, _Total last. An array to be freed; NULL: no memory. */
struct hvstat_instance *hvstat_instances(
	const struct hvstat_sample *sample, enum hvstat_set set, size_t *count);
/* "Hv LP 0", "Root VP 0", "guest:Hv VP 0", "guest:HvPt", "Root", "_Total"; "" of the hypervisor. */
void hvstat_instance_name(const struct hvstat_sample *sample,
	const struct hvstat_instance *instance, char name[HVSTAT_INSTANCE_NAME]);

/* The counter's value at the time of `after`. False: the instance or the counter is not there, or
 * (cost of nothing) it has no value. Percentages of _Total are averages, as in Windows.
 */
bool hvstat_windows_value(const struct hvstat_windows *counter,
	const struct hvstat_instance *instance, const struct hvstat_sample *before,
	const struct hvstat_sample *after, double *value);

#endif
