/* SPDX-License-Identifier: BSD-2-Clause */
/* The lines of the formats. */
#ifndef HVSTAT_METRICS_TEXT_H
#define HVSTAT_METRICS_TEXT_H

#include "hvstat/metrics.h"

enum metric_type { METRIC_GAUGE, METRIC_COUNTER, METRIC_UNTYPED };

/* A line's labels with their braces, or "". */
struct labels {
	char text[HVSTAT_NAME * 4 + 64];
	size_t length;
};
/* vm NULL: no such label; core < 0, state NULL: the same. */
struct labels labels_of(const char *vm, long core, const char *state);

struct metrics {
	struct text *text;
	const struct hvstat_sample *sample;
	const struct metrics_options *options;
	struct labels *lps, *partitions, *vps; /* of each object of the sample */
};

/* Begins a metric: its HELP and TYPE. False: it is not wanted. Counters' names end in _total. */
bool metric_begin(
	struct metrics *metrics, const char *name, enum metric_type type, const char *help);
/* Values: a number, a time in 100 ns as seconds. */
void metric_number(
	struct metrics *metrics, const char *name, const struct labels *labels, uint64_t value);
void metric_time(
	struct metrics *metrics, const char *name, const struct labels *labels, uint64_t ns100);

/* What windows_exporter calls otherwise than the rule says: metrics_legacy.c. */
void metrics_legacy(struct metrics *metrics);
/* Whether a counter of the root partition is among them, so that the rule's name is left out. */
bool metrics_legacy_only(unsigned slot);

#endif
