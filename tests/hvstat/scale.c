/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * scale FOLDER COUNT: reads a sample COUNT times and prints the processor time of one, in ms: the
 * median, as others that share the caches of the machine make some of them cost more.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "hvstat/lib/hvstat.h"

enum { MOST = 1000 };

static double used(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e3 +
	       (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e3;
}

static int by_size(const void *left, const void *right)
{
	const double *a = left, *b = right;

	return (*a > *b) - (*a < *b);
}

int main(int argc, char **argv)
{
	static double costs[MOST];
	char error[HVSTAT_ERROR];
	struct hvstat_options options = {.root = argc > 1 ? argv[1] : ""};
	struct hvstat *stat = hvstat_open(&options, error);
	struct hvstat_sample *sample = hvstat_sample_new();
	int count = argc > 2 ? atoi(argv[2]) : 1;

	if (!stat || !sample || !hvstat_read(stat, sample, error)) {
		fprintf(stderr, "scale: %s\n", error);
		return 1;
	}
	if (count < 1 || count > MOST)
		return 2;
	for (int i = 0; i < count; i++) {
		double before = used();

		if (!hvstat_read(stat, sample, error))
			return 1;
		costs[i] = used() - before;
	}
	qsort(costs, (size_t)count, sizeof(costs[0]), by_size);
	printf("%.2f ms for %u LPs, %u partitions, %u VPs; the dearest %.2f ms\n", costs[count / 2],
		sample->lp_count, sample->partition_count, sample->vp_count, costs[count - 1]);
	hvstat_sample_free(sample);
	hvstat_close(stat);
	return 0;
}
