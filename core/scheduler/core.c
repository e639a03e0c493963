/* SPDX-License-Identifier: BSD-2-Clause */
/* Hardware threads of one core, if no two partitions may share it (SCHED_CORE). */
#include "core/scheduler/internal.h"

/* Members of a partition that are looked at. */
#define PROBES 64

struct sched_entity *sched_member(
	const struct sched *sched, const struct sched_partition *partition, u32 lp, bool preempted)
{
	struct sched_entity *entity = partition->head;
	struct sched_entity *best = NULL;
	u64 best_at = 0;

	for (u32 i = 0; entity && i < PROBES; i++, entity = entity->next) {
		u64 at = entity->deadline[SCHED_WEIGHT] + sched->lps[entity->lp].base;

		sched_steps++;
		if (!sched_allowed(sched, entity, lp) || (preempted && !entity->preempted))
			continue;
		if (preempted)
			return entity;
		if (!best || sched_before(at, best_at)) {
			best = entity;
			best_at = at;
		}
	}
	return best;
}

/* True if another LP of the core runs an entity, of whomever or of others than the owner. */
static bool occupied(const struct sched *sched, u32 lp, bool by_others)
{
	const struct sched_partition *owner = sched->lps[sched->lps[lp].core].owner;

	for (u32 i = sched->lps[lp].sibling; i != lp; i = sched->lps[i].sibling) {
		const struct sched_entity *running = sched->lps[i].running;

		if (running && (!by_others || running->partition != owner))
			return true;
	}
	return false;
}

static void kick_siblings(struct sched *sched, u32 lp)
{
	for (u32 i = sched->lps[lp].sibling; i != lp; i = sched->lps[i].sibling)
		if (sched->lps[i].running || sched->lps[i].forced)
			sched_kick(sched, i);
}

static struct sched_entity *idle_until(struct sched *sched, u32 lp, u64 when)
{
	sched->lps[lp].forced = true;
	sched->lps[lp].slice_end = MAX(when, 1);
	return NULL;
}

struct sched_entity *sched_share_core(
	struct sched *sched, u32 lp, struct sched_entity *best, u64 now)
{
	struct sched_lp *core = &sched->lps[sched->lps[lp].core];
	bool prompt = best && sched->lps[lp].prompt == best;
	bool turn_over = !sched_before(now, core->turn_end);
	struct sched_entity *own;

	if (core->awaited == lp + 1)
		core->awaited = 0;
	if (!best)
		return NULL;
	if (best->partition != core->owner) {
		own = core->owner ? sched_member(sched, core->owner, lp, false) : NULL;
		if (!prompt && (core->awaited || (!turn_over && occupied(sched, lp, false))))
			return own && !occupied(sched, lp, true)
				       ? own
				       : idle_until(sched, lp, core->turn_end);
		core->owner = best->partition;
		core->turn_end = now + sched->slice;
		kick_siblings(sched, lp);
	}
	if (!occupied(sched, lp, true))
		return best;
	core->awaited = lp + 1;
	return idle_until(sched, lp, core->turn_end);
}

bool sched_must_leave(const struct sched *sched, u32 lp)
{
	const struct sched_entity *running = sched->lps[lp].running;

	return sched->type == SCHED_CORE && running &&
	       running->partition != sched->lps[sched->lps[lp].core].owner;
}

void sched_core_freed(struct sched *sched, u32 lp)
{
	/* Whoever idles because of us looks again. */
	for (u32 i = sched->lps[lp].sibling; i != lp; i = sched->lps[i].sibling)
		if (sched->lps[i].forced && !occupied(sched, i, true))
			sched_kick(sched, i);
}
