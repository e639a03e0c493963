/* SPDX-License-Identifier: BSD-2-Clause */
/* A scheduler with a few entities, whose LPs look when they are told to or when it is time. */
#ifndef TESTS_HOST_SCHEDULER_STAGE_H
#define TESTS_HOST_SCHEDULER_STAGE_H

#include "core/scheduler/scheduler.h"

#include "tests/host/test.h"

/* A tick is a microsecond. */
#define SLICE  5000
#define SECOND 1000000

#define ENTITIES 16

extern struct sched sched;
extern struct sched_entity entities[ENTITIES];
extern struct sched_partition partitions[4];
extern bool told[16]; /* LPs that have to look */
extern u64 now;

void setup(u32 lps);
void tell(u32 lp);
void wake(u32 i);
void block(u32 i);

/* All LPs that have to look do. */
void look(void);
/* Lets time pass, then looks for inconsistencies. */
void run(u64 until);

/* Time that an entity has had, up to now. */
u64 had(u32 i);
void check_near(u64 expected, u64 actual, u64 tolerance);

enum sched_error set(u32 i, u32 weight, u32 reserve, u32 cap);
enum sched_error affine(u32 i, u64 lps);

#endif
