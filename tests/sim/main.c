/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sim                 a million decisions of random runs with all invariants checked
 * sim --seed N        one of these runs, the same as ever
 * sim --decisions N   as many decisions as are asked for
 * sim --report FOLDER the comparison of policies: tables for people, and data for plots
 * sim --experiment [FOLDER]  guests with a fixed amount of work, as in a published experiment
 */
#include "tests/sim/sim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int all(u64 decisions)
{
	u64 seed = 0;

	while (properties_decisions < decisions)
		properties(++seed, false);
	printf("sim: %llu runs, %llu decisions, every invariant holds\n", (unsigned long long)seed,
		(unsigned long long)properties_decisions);
	printf("%llu passed, 0 failed\n", (unsigned long long)seed);
	return 0;
}

int main(int count, char **words)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (count == 3 && !strcmp(words[1], "--seed")) {
		properties(strtoull(words[2], NULL, 0), true);
		return 0;
	}
	if (count == 3 && !strcmp(words[1], "--decisions"))
		return all(strtoull(words[2], NULL, 0));
	if (count == 3 && !strcmp(words[1], "--report"))
		return report(words[2]);
	if ((count == 2 || count == 3) && !strcmp(words[1], "--experiment"))
		return experiment(words[2]);
	if (count > 1) {
		fprintf(stderr, "sim [--seed N | --decisions N | --report FOLDER | --experiment "
				"[FOLDER]]\n");
		return 2;
	}
	return all(1000000);
}
