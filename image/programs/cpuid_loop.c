/* SPDX-License-Identifier: BSD-2-Clause */
/* cpuid_loop N: executes CPUID leaf 0 N times. Each is an intercept, so N exits to the hypervisor.
 */
#include <cpuid.h>
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
	if (argc != 2) {
		fprintf(stderr, "usage: cpuid_loop N\n");
		return 2;
	}
	unsigned long n = strtoul(argv[1], NULL, 10);
	for (unsigned long i = 0; i < n; i++) {
		unsigned a, b, c, d;
		__cpuid(0, a, b, c, d); /* volatile asm: not hoisted out of the loop */
	}
	printf("CPUID-LOOP %lu\n", n);
	return 0;
}
