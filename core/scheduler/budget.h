/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A budget of processor time that fills at a rate, up to a depth. Time is granted before it is
 * used, and what a grant has left over comes back. Level and grants that are out together never
 * exceed the depth; so in any interval of length t no more than rate * t + depth is used, however
 * the interval lies and however many LPs draw on the budget at once.
 */
#ifndef CORE_SCHEDULER_BUDGET_H
#define CORE_SCHEDULER_BUDGET_H

#include "core/lib/types.h"

#define SCHED_UNLIMITED (~0u)

struct sched_budget {
	u32 rate;   /* in 1/65536 of an LP, or SCHED_UNLIMITED */
	u32 users;  /* grants that are out, */
	u64 ends;   /* and the sum of the times at which they end */
	s64 level;  /* ticks * 65536 */
	u64 depth;  /* ticks */
	u64 chunk;  /* the least that is granted, ticks */
	u64 filled; /* when `level` was right */
};

/* Changes the rate; what is there is kept, up to the new depth. A new budget is full. */
void sched_budget_set(struct sched_budget *budget, u32 rate, u64 depth, u64 slice, u64 now);

/* Ticks that could be granted now. */
u64 sched_budget_level(struct sched_budget *budget, u64 now);

/* Time from now until there are `ticks` (at most the depth) if nothing is granted meanwhile. */
u64 sched_budget_delay(struct sched_budget *budget, u64 ticks, u64 now);

/* Grants at most `ticks`; returns when that time is over. */
u64 sched_budget_grant(struct sched_budget *budget, u64 ticks, u64 now);

/* The holder of a grant that ends at `end` has stopped. */
void sched_budget_settle(struct sched_budget *budget, u64 end, u64 now);

#endif
