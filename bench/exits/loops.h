/* SPDX-License-Identifier: BSD-2-Clause */
/* What is measured, in a form that a root and a child partition can run alike. */
#ifndef BENCH_EXITS_LOOPS_H
#define BENCH_EXITS_LOOPS_H

#include "core/lib/types.h"

#define ROUNDS	    7
#define TURNS	    1000
#define TIMER_TURNS 100
#define TIMER_NS    100000

#define SELF_VECTOR  0x41
#define TIMER_VECTOR 0x42

struct operation {
	const char *name; /* a word for bench/run.sh */
	u32 turns;
	u64 (*run)(u32 turns); /* instructions (TSC ticks) for all turns */
};

extern const struct operation operations[];
extern const u32 operation_count;
/* Of a processor in xAPIC mode, as children begin. */
extern const struct operation apic_mmio_operation;

/* CPUID leaf 0. */
u64 run_cpuid(u32 turns);
/* Lateness of the APIC timer. */
u64 run_apic_timer(u32 turns);

/* Instructions a turn in hundredths: median of ROUNDS rounds. */
u64 measure(const struct operation *operation);

/* Is the operation wanted? The loader's argument "only=NAME" leaves out all others. */
bool chosen(const char *name);
/* Prints a result. */
void print_result(const char *role, const char *name, u64 hundredths);

/* The same measurements in a child partition, and its nested page faults (bench/exits/child.c). */
void measure_child(void);
/* How late interrupts of the root are while children are busy (bench/exits/loaded.c). */
void measure_loaded(void);
/* An intercept that is written to an event log (bench/exits/logged.c). */
void measure_logged(void);

#endif
