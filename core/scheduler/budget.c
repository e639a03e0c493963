/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/scheduler/budget.h"

/* Longest time that is filled at once, so that products fit: far longer than any depth takes. */
#define FILL_MAX (1ull << 36)
/* A rate of nothing is never there. */
#define NEVER (1ull << 60)

static void fill(struct sched_budget *budget, u64 now)
{
	s64 passed = (s64)(now - budget->filled);
	s64 out = (s64)(budget->ends - budget->users * now);
	s64 most = ((s64)budget->depth - out) * 65536;

	if (budget->rate == SCHED_UNLIMITED) {
		budget->level = most;
		budget->filled = now;
	} else if (passed > 0) {
		budget->level += (s64)(MIN((u64)passed, FILL_MAX) * budget->rate);
		budget->filled = now;
	}
	if (budget->level > most)
		budget->level = most;
}

void sched_budget_set(struct sched_budget *budget, u32 rate, u64 depth, u64 slice, u64 now)
{
	bool fresh = !budget->depth;
	/* Small rates get small chunks, or there would be long pauses. */
	u64 share = (slice * MIN(rate, 65536u)) >> 14;

	if (!fresh)
		fill(budget, now);
	budget->rate = rate;
	budget->depth = depth;
	budget->chunk = MAX(MIN(share, slice / 4), MAX(slice / 64, 1));
	budget->filled = now;
	if (fresh)
		budget->level = (s64)depth * 65536;
	fill(budget, now);
}

u64 sched_budget_level(struct sched_budget *budget, u64 now)
{
	fill(budget, now);
	return budget->level > 0 ? (u64)budget->level >> 16 : 0;
}

u64 sched_budget_delay(struct sched_budget *budget, u64 ticks, u64 now)
{
	s64 missing;

	fill(budget, now);
	missing = (s64)(ticks << 16) - budget->level;
	if (missing <= 0)
		return 0;
	return budget->rate ? (u64)missing / budget->rate + 1 : NEVER;
}

u64 sched_budget_grant(struct sched_budget *budget, u64 ticks, u64 now)
{
	u64 granted = MIN(ticks, sched_budget_level(budget, now));

	budget->level -= (s64)(granted << 16);
	budget->users++;
	budget->ends += now + granted;
	return now + granted;
}

void sched_budget_settle(struct sched_budget *budget, u64 end, u64 now)
{
	fill(budget, now);
	budget->users--;
	budget->ends -= end;
	/* Less than nothing if it ran on a little: that is paid back before the next grant. */
	budget->level += (s64)(end - now) * 65536;
}
