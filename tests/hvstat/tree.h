/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A folder like the driver's, made up: every file has the driver's form, every counter a value that
 * says what it is of, and some counters those of a machine at work whose rates are known:
 *
 * LP n       40 % busy, 5 % of it in the hypervisor; n % less busy for LP n
 * root VP    10 % busy, 1 % in the hypervisor, 100 hypercalls/s of 5 us
 * guest VP   30 % busy, 3 % in the hypervisor, 1000 CPUID/s of 2 us, 500 port accesses/s of 20 us,
 *            200 MSR accesses/s of 1 us, 50 hypercalls/s of 3 us; 250 virtual interrupts/s,
 *            400 dispatches/s with 25 us of waiting each; guest g is g times as busy, up to 3 times
 */
#ifndef TESTS_HVSTAT_TREE_H
#define TESTS_HVSTAT_TREE_H

#include <stdint.h>

struct tree {
	const char *folder;
	unsigned lps, root_vps, guests, guest_vps;
};

/* The partitions' numbers: 1 is the root, guest g (from 1 on) is 100 + g. */
#define TREE_GUEST(g) (100 + (g))

/* Makes the folder as it is `seconds` after its begin, or writes the new values into its files,
 * which stay as long as they are. Ends the program if it cannot.
 */
void tree_write(const struct tree *tree, double seconds);
/* The value of a counter there. `guest` 0 is the root. */
uint64_t tree_lp(unsigned lp, unsigned slot, double seconds);
uint64_t tree_vp(unsigned guest, unsigned vp, unsigned slot, double seconds);
uint64_t tree_partition(const struct tree *tree, unsigned guest, unsigned slot);
uint64_t tree_hv(const struct tree *tree, unsigned slot);
/* Takes a partition away. */
void tree_remove_guest(const struct tree *tree, unsigned guest);
void tree_remove(const char *folder);

#endif
