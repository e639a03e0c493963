/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * libhvstat: reads the hypervisor's statistics from the files that Linux's mshv driver has in
 * debugfs, and works out what Windows' performance counters show.
 *
 *	struct hvstat *hvstat = hvstat_open(NULL, error, sizeof(error));
 *	struct hvstat_sample *before = hvstat_sample(hvstat), *after;
 *	sleep(1);
 *	after = hvstat_sample(hvstat);
 *	... hvstat_find(), hvstat_add(), hvstat_result() ...
 *
 * Functions that may fail return NULL or false and hvstat_error() says why. No function prints or
 * ends the program. A handle is for one thread at a time; a sample never changes.
 */
#ifndef HVSTAT_HVSTAT_H
#define HVSTAT_HVSTAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HVSTAT_ROOT  "/sys/kernel/debug/mshv"
#define HVSTAT_SLOTS 256 /* more than the highest index of a counter */
#define HVSTAT_TERMS 16	 /* counters that a metric may be a sum of, and an end */

/* ---- What there is to know ---- */

/* The objects that have counters; in this order in a sample. */
enum hvstat_kind { HVSTAT_HV, HVSTAT_LP, HVSTAT_PT, HVSTAT_VP, HVSTAT_KINDS };

enum hvstat_unit { HVSTAT_EVENTS, HVSTAT_NS100, HVSTAT_PAGES, HVSTAT_NUMBER, HVSTAT_INDEX };

/* A counter as the hypervisor keeps it, named as Linux shows it: a row of abi/counters.def. */
struct hvstat_counter {
	enum hvstat_kind kind;
	unsigned index;
	const char *name, *meaning;
	enum hvstat_unit unit;
};

extern const struct hvstat_counter hvstat_counters[];
extern const unsigned hvstat_counter_count;

/* How a metric comes from counters; windows.def explains. */
enum hvstat_form { HVSTAT_VALUE, HVSTAT_RATE, HVSTAT_PERCENT, HVSTAT_AVERAGE };

/* A number to show: a row of windows.def, of derived.def, or (form VALUE) a counter as it is. */
struct hvstat_metric {
	enum hvstat_kind kind;
	enum hvstat_form form;
	const char *property, *name;
	short numerator[HVSTAT_TERMS], denominator[HVSTAT_TERMS]; /* indexes, negative: minus */
};

/* Those with a Windows name, then those that are one counter, in the order of hvstat_counters. */
extern const struct hvstat_metric *const hvstat_metrics;
extern const unsigned hvstat_metric_count;
bool hvstat_is_raw(const struct hvstat_metric *metric);

/* The metric of that name (Windows' or Linux's), NULL if there is none. */
const struct hvstat_metric *hvstat_metric(enum hvstat_kind kind, const char *name);

/* A class of intercepts: indexes of a VP's counters. */
struct hvstat_class {
	const char *name;
	short count, time;
};

extern const struct hvstat_class hvstat_classes[];
extern const unsigned hvstat_class_count;

/* ---- Reading ---- */

struct hvstat;

struct hvstat_object {
	enum hvstat_kind kind;
	uint64_t partition; /* of a partition or VP */
	unsigned index;	    /* of an LP or VP */
	double seconds;	    /* when it was read; monotonic */
	uint64_t present[HVSTAT_SLOTS / 64];
	uint64_t values[HVSTAT_SLOTS];
};

/* All objects that were there, in order of kind, partition, index. */
struct hvstat_sample {
	int64_t time_ms; /* since 1970 */
	uint64_t root;	 /* the root partition */
	unsigned count;
	struct hvstat_object *objects;
};

/* root: the folder that holds `stats`, NULL: HVSTAT_ROOT. The message goes to error[size]. */
struct hvstat *hvstat_open(const char *root, char *error, size_t size);
void hvstat_close(struct hvstat *hvstat);
const char *hvstat_error(const struct hvstat *hvstat);

/* Partitions and VPs that vanish meanwhile are left out. NULL: nothing can be read. */
struct hvstat_sample *hvstat_sample(struct hvstat *hvstat);
void hvstat_free(struct hvstat_sample *sample);

/* The object, or NULL. */
const struct hvstat_object *hvstat_find(const struct hvstat_sample *sample, enum hvstat_kind kind,
	uint64_t partition, unsigned index);

/* The counters in the text of a statistics file. Lines that are none are skipped. */
unsigned hvstat_parse(struct hvstat_object *object, const char *text, size_t length);

/* ---- Working out ---- */

/* A metric of one object or the sum of many: all zero to begin with. */
struct hvstat_sum {
	double numerator, denominator;
	unsigned objects;
};

/* before: the same object earlier, or NULL; it then adds nothing but to a VALUE. */
void hvstat_add(struct hvstat_sum *sum, const struct hvstat_metric *metric,
	const struct hvstat_object *before, const struct hvstat_object *after);

/* PERCENT is the average of the objects, RATE and VALUE their sum. NAN if nothing was added. */
double hvstat_result(const struct hvstat_sum *sum, const struct hvstat_metric *metric);

/* The metric of one object. */
double hvstat_value(const struct hvstat_metric *metric, const struct hvstat_object *before,
	const struct hvstat_object *after);

/* The rise of a counter: false if it is not known or has fallen. */
bool hvstat_risen(const struct hvstat_object *before, const struct hvstat_object *after,
	unsigned index, uint64_t *risen);

#endif
