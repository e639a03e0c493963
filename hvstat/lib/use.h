/* SPDX-License-Identifier: BSD-2-Clause */
/* What happened between two samples. */
#ifndef HVSTAT_USE_H
#define HVSTAT_USE_H

#include "hvstat/lib/hvstat.h"

#define HVSTAT_WAIT_BUCKETS 13

/* The classes of intercepts: HVSTAT_CLASS_HYPERCALL, ... */
enum hvstat_class {
#define CLASS(id, count, time, label, cause) HVSTAT_CLASS_##id,
#include "hvstat/lib/classes.def"
#undef CLASS
	HVSTAT_CLASSES
};

struct hvstat_class_facts {
	uint16_t count, time; /* slots of a VP */
	const char *label;    /* "I/O port" */
	const char *cause;    /* what usually makes them */
};
extern const struct hvstat_class_facts hvstat_classes[HVSTAT_CLASSES];

/* Of a VP or of several together. Times in seconds. */
struct hvstat_use {
	double elapsed; /* of one VP: between the samples */
	uint32_t vps;
	double run, hypervisor, wait; /* hypervisor is a part of run */
	double dispatches, intercepts, interrupts, hypercalls;
	double count[HVSTAT_CLASSES], time[HVSTAT_CLASSES];
	double wait_bucket[HVSTAT_WAIT_BUCKETS];
};

/* Of an LP, or of several together. Times in seconds; guest + hypervisor + idle = elapsed. */
struct hvstat_lp_use {
	uint32_t lps;
	double elapsed, guest, hypervisor, idle;
	double interrupts, switches;
};

double hvstat_seconds(const struct hvstat_sample *before, const struct hvstat_sample *after);

/* How much a counter has risen; 0 for one that has not. */
static inline double hvstat_risen(uint64_t before, uint64_t after)
{
	return after > before ? (double)(after - before) : 0;
}

/* These add to `use`. A VP or an LP that is not in both samples adds nothing. */
void hvstat_add_vp(struct hvstat_use *use, const struct hvstat_sample *before,
	const struct hvstat_sample *after, const struct hvstat_vp *vp);
void hvstat_add_partition(struct hvstat_use *use, const struct hvstat_sample *before,
	const struct hvstat_sample *after, const struct hvstat_partition *partition);
void hvstat_add_machine(struct hvstat_use *use, const struct hvstat_sample *before,
	const struct hvstat_sample *after);
void hvstat_add_lp(struct hvstat_lp_use *use, const struct hvstat_sample *before,
	const struct hvstat_sample *after, const struct hvstat_lp *lp);
void hvstat_add_lps(struct hvstat_lp_use *use, const struct hvstat_sample *before,
	const struct hvstat_sample *after);

/* a / b, and 0 if there is no b. */
static inline double hvstat_part(double a, double b)
{
	return b > 0 ? a / b : 0;
}

#endif
