/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * exactly cpuid|in|out N CPU: N times one intercept, on one processor. Everything else, the console
 * above all, is done on processor 0: so between READY and DONE the counters of the VP behind CPU
 * rise by exactly N. Waits for a line after READY and after DONE.
 */
#define _GNU_SOURCE
#include <cpuid.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/io.h>

#define UNASSIGNED_PORT 0xeee0 /* no device of QEMU's pc or q35 */

static void move_to(int cpu)
{
	cpu_set_t only;

	CPU_ZERO(&only);
	CPU_SET(cpu, &only);
	if (sched_setaffinity(0, sizeof(only), &only)) {
		perror("exactly: sched_setaffinity");
		exit(1);
	}
}

static void announce(const char *text)
{
	char line[80];

	printf("%s\n", text);
	fflush(stdout);
	if (!fgets(line, sizeof(line), stdin))
		exit(1);
}

int main(int argc, char **argv)
{
	if (argc != 4 ||
		(strcmp(argv[1], "cpuid") && strcmp(argv[1], "in") && strcmp(argv[1], "out"))) {
		fprintf(stderr, "usage: exactly cpuid|in|out N CPU\n");
		return 2;
	}
	bool in = !strcmp(argv[1], "in"), out = !strcmp(argv[1], "out");
	unsigned long n = strtoul(argv[2], NULL, 10);
	unsigned a, b, c, d;

	if ((in || out) && iopl(3)) {
		perror("exactly: iopl");
		return 1;
	}
	move_to(0);
	announce("EXACTLY-READY.");
	move_to((int)strtol(argv[3], NULL, 10));
	for (unsigned long i = 0; i < n; i++) {
		if (out)
			outb((unsigned char)i, UNASSIGNED_PORT);
		else if (in)
			inb(UNASSIGNED_PORT);
		else
			__cpuid(0, a, b, c, d);
	}
	move_to(0);
	announce("EXACTLY-DONE.");
	return 0;
}
