/* SPDX-License-Identifier: BSD-2-Clause */
/* Tags and clocks: how time is charged, and what makes the times of LPs comparable. */
#include "core/scheduler/internal.h"

u64 sched_pace(const struct sched *sched, const struct sched_lp *lp, u64 ticks)
{
	/* An LP with less than its part of the load, on what is not reserved, is about to get more.
	 */
	u64 all = (u64)sched->lp_count * SCHED_WHOLE_LP;
	u64 left = MAX(all - sched->reserved, all / 8);
	u64 load = MAX(lp->load, sched->load * SCHED_WHOLE_LP / left);

	return sched_tag(ticks, MAX(load, 1));
}

void sched_charge(struct sched *sched, u32 index, u64 now)
{
	struct sched_lp *lp = &sched->lps[index];
	struct sched_entity *entity = lp->running;
	u64 passed = now - lp->stamp;

	if (!sched_before(lp->stamp, now))
		return;
	lp->stamp = now;
	if (!entity)
		return;
	entity->stats.run += passed;
	if (sched_away(lp, entity))
		entity->stats.remote += passed;
	entity->start[lp->kind] += sched_tag(passed, entity->rate[lp->kind]);
	if (lp->kind == SCHED_WEIGHT)
		lp->clock += sched_pace(sched, lp, passed);
	if (entity->group)
		entity->group_time += sched_tag(passed, entity->rate[SCHED_WEIGHT]);
}

/* How far the clocks of LPs that share work may be apart. */
static u64 lag_of_lps(const struct sched *sched)
{
	return sched_tag(
		SCHED_LAG_SLICES * sched->slice, MAX(sched->load / MAX(sched->active, 1), 1));
}

/* LPs that have nothing to do with one another may be any time apart; that is forgiven here. */
void sched_align(struct sched *sched, struct sched_lp *lp)
{
	struct sched_entity *entity = lp->running;
	bool alone = entity && lp->load == entity->rate[SCHED_WEIGHT];
	s64 behind = (s64)(sched->clock - lp->clock - lp->base);
	s64 lag = alone ? 0 : (s64)lag_of_lps(sched);

	if (!lp->load || !sched->waiting || lp->epoch != sched->epoch) {
		lp->base += (u64)behind;
	} else if (behind > lag) {
		lp->base += (u64)(behind - lag);
		/* Who can go elsewhere stays where it is; see dequeue() for those that wait. */
		if (entity && entity->set != SCHED_PINNED) {
			entity->start[SCHED_WEIGHT] -= (u64)(behind - lag);
			entity->deadline[SCHED_WEIGHT] -= (u64)(behind - lag);
		}
	}
	lp->epoch = sched->epoch;
}

void sched_meet(struct sched *sched, const struct sched_lp *lp)
{
	u64 clock = lp->clock + lp->base;

	sched->mean += (u64)((s64)(clock - sched->mean) / (s64)sched->lp_count);
	if (sched_before(sched->clock, clock))
		sched->clock = clock;
}

static void limit(struct sched_entity *entity, enum sched_kind kind, u64 least, u64 most)
{
	u64 start = entity->start[kind];

	if (sched_before(start, least))
		start = least;
	else if (sched_before(most, start))
		start = most;
	entity->deadline[kind] += start - entity->start[kind];
	entity->start[kind] = start;
}

void sched_limit_lag(const struct sched *sched, struct sched_entity *entity, u32 slices, u64 now)
{
	const struct sched_lp *lp = &sched->lps[entity->lp];
	u64 clock[SCHED_KINDS] = {now, lp->clock};
	u64 apart[SCHED_KINDS] = {0, lag_of_lps(sched)};

	/* An LP may be ahead of the others, and who wakes there could go to them. */
	if (slices == 1 && entity->set != SCHED_PINNED && sched->waiting &&
		sched_before(sched->mean, lp->clock + lp->base))
		clock[SCHED_WEIGHT] = sched->mean - lp->base;
	for (u32 kind = 0; kind < SCHED_KINDS; kind++) {
		u64 request;

		if (!entity->rate[kind])
			continue;
		request = sched_tag(sched->slice, entity->rate[kind]);
		limit(entity, kind, clock[kind] - slices * request - (slices > 1 ? apart[kind] : 0),
			clock[kind] + request + apart[kind]);
		if (!sched_before(entity->start[kind], entity->deadline[kind]))
			entity->deadline[kind] = entity->start[kind] + request;
		/* Who wakes asks for little first, so that it does not have to wait for long. */
		if (slices == 1 &&
			sched_before(entity->start[kind] + request / 4, entity->deadline[kind]))
			entity->deadline[kind] = entity->start[kind] + request / 4;
	}
}

void sched_renew(const struct sched *sched, struct sched_entity *entity, u64 clock)
{
	u64 request = sched_tag(sched->slice, entity->rate[SCHED_WEIGHT]);

	limit(entity, SCHED_WEIGHT, clock - request, clock + request);
	entity->deadline[SCHED_WEIGHT] = entity->start[SCHED_WEIGHT] + request / 4;
}

void sched_move(struct sched *sched, struct sched_entity *entity, u32 index)
{
	struct sched_lp *lp = &sched->lps[index];
	u64 request = sched_tag(sched->slice, entity->rate[SCHED_WEIGHT]);
	u64 shift;

	if (entity->lp == index)
		return;
	sched_align(sched, lp);
	shift = sched->lps[entity->lp].base - lp->base;
	entity->start[SCHED_WEIGHT] += shift;
	entity->deadline[SCHED_WEIGHT] += shift;
	entity->lp = index;
	limit(entity, SCHED_WEIGHT, lp->clock - SCHED_LAG_SLICES * request - lag_of_lps(sched),
		lp->clock + request + lag_of_lps(sched));
}

void sched_load_add(struct sched *sched, const struct sched_entity *entity)
{
	sched->lps[entity->lp].load += entity->rate[SCHED_WEIGHT];
	sched->load += entity->rate[SCHED_WEIGHT];
	sched->active++;
}

void sched_load_drop(struct sched *sched, const struct sched_entity *entity)
{
	sched->lps[entity->lp].load -= entity->rate[SCHED_WEIGHT];
	sched->load -= entity->rate[SCHED_WEIGHT];
	sched->active--;
}
