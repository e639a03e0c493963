/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Lets a test act as the other party at every point between two shared accesses of the code
 * under test. A test file includes this, renames the public functions and includes the .c file:
 * it then has a copy of the code whose atomic accesses call on_access first. The accesses are
 * numbered from 0, so trying "act at access n" for all n tries all interleavings that a
 * processor with sequential consistency has; what stronger reordering does is left to the races
 * with real threads.
 */
#ifndef TESTS_HOST_INTERRUPT_INTERLEAVING_H
#define TESTS_HOST_INTERRUPT_INTERLEAVING_H

#include "core/lib/types.h"

static void (*on_access)(u32 number);
static u32 access_number;

/* What on_access does itself is not interleaved. */
static void before_access(void)
{
	void (*act)(u32 number) = on_access;

	if (!act)
		return;
	on_access = NULL;
	act(access_number++);
	on_access = act;
}

static void interleave(void (*act)(u32 number))
{
	on_access = act;
	access_number = 0;
}

#undef atomic_load
#undef atomic_store
#undef atomic_or
#undef atomic_and
#define atomic_load(p)	   (before_access(), __atomic_load_n(p, __ATOMIC_ACQUIRE))
#define atomic_store(p, v) (before_access(), __atomic_store_n(p, v, __ATOMIC_RELEASE))
#define atomic_or(p, v)	   (before_access(), __atomic_fetch_or(p, v, __ATOMIC_SEQ_CST))
#define atomic_and(p, v)   (before_access(), __atomic_fetch_and(p, v, __ATOMIC_SEQ_CST))

#endif
