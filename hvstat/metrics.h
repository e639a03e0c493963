/* SPDX-License-Identifier: BSD-2-Clause */
/* A sample as Prometheus' text format 0.0.4 or as OpenMetrics 1.0. */
#ifndef HVSTAT_METRICS_H
#define HVSTAT_METRICS_H

#include "hvstat/lib/windows.h"
#include "hvstat/text.h"

struct metrics_options {
	bool open_metrics;
	bool skip_zero;		     /* leave out metrics that are 0 everywhere */
	const char *const *patterns; /* names wanted; none: all */
	size_t pattern_count;
};

void metrics_write(struct text *text, const struct hvstat_sample *sample,
	const struct metrics_options *options);

/* A metric's name: of a counter of Windows' set, in windows_exporter's way. */
#define METRIC_NAME 160
void metric_name(enum hvstat_set set, const struct hvstat_windows *counter, char name[METRIC_NAME]);

#endif
