/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The short way for the commonest case: an entity wakes, its LP idles, and nobody waits. Then
 * nothing is to be decided, and the entity goes neither into trees nor through the clocks of
 * others. If that changes before the LP looks, it waits like everybody (sched_join()).
 */
#include "core/scheduler/internal.h"

/* Nobody waits who could run on the LP, now or when a budget fills. */
static bool nobody_waits(const struct sched *sched, const struct sched_lp *lp)
{
	return !sched->waiting && !lp->ready[SCHED_RESERVE].root && !lp->ready[SCHED_WEIGHT].root &&
	       !lp->capped.root && !lp->groups.root;
}

/* Nothing but its weight is set, so it needs no budget and cannot be late. */
static bool is_plain(const struct sched_entity *entity)
{
	return !entity->rate[SCHED_RESERVE] && entity->cap.rate == SCHED_UNLIMITED &&
	       !entity->group;
}

bool sched_wake_alone(struct sched *sched, struct sched_entity *entity)
{
	struct sched_lp *home = &sched->lps[entity->lp];

	if (!sched_set_has(&sched->idle_cores, entity->lp) || !nobody_waits(sched, home) ||
		!is_plain(entity) || sched->type != SCHED_CLASSIC ||
		!sched_allowed(sched, entity, entity->lp) || sched_away(home, entity))
		return false;
	entity->state = SCHED_READY;
	home->alone = entity;
	home->claimed = true;
	home->claimed_set = SCHED_PINNED;
	sched_note(sched, entity->lp);
	return true;
}

bool sched_start_alone(struct sched *sched, u32 index, u64 now)
{
	struct sched_lp *lp = &sched->lps[index];
	struct sched_entity *entity = lp->alone;

	if (lp->prompt || !nobody_waits(sched, lp))
		return false;
	lp->alone = NULL;
	lp->claimed = lp->preempt = false;
	lp->base = sched->clock - lp->clock;
	lp->epoch = sched->epoch;
	lp->running = entity;
	lp->kind = SCHED_WEIGHT;
	lp->stamp = now;
	lp->slice_end = 0;
	sched_renew(sched, entity, lp->clock);
	sched_load_add(sched, entity);
	entity->state = SCHED_RUNNING;
	entity->stats.contended += now - entity->waits_since;
	return true;
}

bool sched_stay_idle(struct sched *sched, u32 index, u64 now)
{
	struct sched_lp *lp = &sched->lps[index];

	if (lp->running || lp->alone || lp->claimed || lp->forced || !nobody_waits(sched, lp))
		return false;
	lp->stamp = now;
	lp->slice_end = 0;
	return true;
}

void sched_join(struct sched *sched, u32 index, u64 now)
{
	struct sched_lp *lp = &sched->lps[index];
	struct sched_entity *entity = lp->alone;

	lp->alone = NULL;
	lp->claimed_set = entity->set;
	if (entity->set != SCHED_PINNED)
		sched->sets[entity->set].claims++;
	sched_charge(sched, index, now);
	sched_align(sched, lp);
	sched_limit_lag(sched, entity, 1, now);
	entity->state = SCHED_BLOCKED;
	sched_make_ready(sched, entity, now);
}
