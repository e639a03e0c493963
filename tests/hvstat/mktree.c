/* SPDX-License-Identifier: BSD-2-Clause */
/* mktree FOLDER LPS ROOT-VPS GUESTS VPS-OF-EACH [live [SECONDS]]: makes a folder like the driver's;
 * "live" goes on to bring its values up to date ten times a second, for ever or so long.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tests/hvstat/tree.h"

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
	double start = now(), end, step;

	if (argc < 6) {
		fprintf(stderr,
			"usage: mktree FOLDER LPS ROOT-VPS GUESTS VPS [live [SECONDS [STEP]]]\n");
		return 2;
	}
	struct tree tree = {argv[1], (unsigned)atoi(argv[2]), (unsigned)atoi(argv[3]),
		(unsigned)atoi(argv[4]), (unsigned)atoi(argv[5])};

	tree_write(&tree, 0);
	end = argc > 7 ? atof(argv[7]) : 1e9;
	step = argc > 8 ? atof(argv[8]) : 0.1;
	while (argc > 6 && !strcmp(argv[6], "live") && now() - start < end) {
		usleep((useconds_t)(step * 1e6));
		tree_write(&tree, now() - start);
	}
	return 0;
}
