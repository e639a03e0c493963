/* SPDX-License-Identifier: BSD-2-Clause */
/* scale FOLDER COUNT: reads a sample COUNT times and prints the processor time of one, in ms. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "hvstat/lib/hvstat.h"

static double used(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e3 +
	       (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e3;
}

int main(int argc, char **argv)
{
	char error[HVSTAT_ERROR];
	struct hvstat_options options = {.root = argc > 1 ? argv[1] : ""};
	struct hvstat *stat = hvstat_open(&options, error);
	struct hvstat_sample *sample = hvstat_sample_new();
	int count = argc > 2 ? atoi(argv[2]) : 1;

	if (!stat || !sample || !hvstat_read(stat, sample, error)) {
		fprintf(stderr, "scale: %s\n", error);
		return 1;
	}
	double before = used();

	for (int i = 0; i < count; i++)
		if (!hvstat_read(stat, sample, error))
			return 1;
	printf("%.2f ms for %u LPs, %u partitions, %u VPs\n", (used() - before) / count,
		sample->lp_count, sample->partition_count, sample->vp_count);
	hvstat_sample_free(sample);
	hvstat_close(stat);
	return 0;
}
