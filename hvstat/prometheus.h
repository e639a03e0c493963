/* SPDX-License-Identifier: BSD-2-Clause */
/* Text for Prometheus: version 0.0.4 or OpenMetrics 1.0.0. */
#ifndef HVSTAT_PROMETHEUS_H
#define HVSTAT_PROMETHEUS_H

#include "hvstat/program.h"

struct prometheus {
	const struct names *names;
	bool openmetrics;
	uint64_t root;
};

void write_prometheus(FILE *file, const struct names *names, bool openmetrics,
	const struct hvstat_sample *sample);

#endif
