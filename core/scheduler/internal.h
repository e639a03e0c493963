/* SPDX-License-Identifier: BSD-2-Clause */
/* Between the files of the scheduler. */
#ifndef CORE_SCHEDULER_INTERNAL_H
#define CORE_SCHEDULER_INTERNAL_H

#include "core/scheduler/scheduler.h"

/* How far LPs that share work may be apart, and how far behind an entity may be kept, in slices. */
#define SCHED_LAG_SLICES 8

/* Running for `ticks` moves a tag by this. */
static inline u64 sched_tag(u64 ticks, u64 rate)
{
	return (ticks << 16) / rate;
}

static inline bool sched_allowed(
	const struct sched *sched, const struct sched_entity *entity, u32 lp)
{
	return entity->set == SCHED_PINNED ? entity->pin == lp
					   : sched_set_has(&sched->sets[entity->set].lps, lp);
}

/* The entity has an ideal node, and the LP is on another. */
static inline bool sched_away(const struct sched_lp *lp, const struct sched_entity *entity)
{
	return entity->node != SCHED_NO_NODE && entity->node != lp->node;
}

/* sched_claim() will name the LP. */
static inline void sched_kick(struct sched *sched, u32 lp)
{
	sched_set_add(&sched->kicks, lp);
	sched->kicked = true;
}

/* ---- clock.c ---- */

/* Charges the running entity up to now. */
void sched_charge(struct sched *sched, u32 lp, u64 now);
/* Virtual time by which this LP's clock moves in `ticks`. */
u64 sched_pace(const struct sched *sched, const struct sched_lp *lp, u64 ticks);
/* Makes the LP's clock comparable with the others'. */
void sched_align(struct sched *sched, struct sched_lp *lp);
/* The LP shares work with others: how far it has come counts for all. */
void sched_meet(struct sched *sched, const struct sched_lp *lp);
/* Moves an entity that neither waits nor runs to another LP; it stays as far behind as it is. */
void sched_move(struct sched *sched, struct sched_entity *entity, u32 lp);
/* Brings tags of who begins to wait to at most `slices` behind the clock and one before it. */
void sched_limit_lag(const struct sched *sched, struct sched_entity *entity, u32 slices, u64 now);
/* The entity counts, or not any more, as one that runs or is ready at its LP. */
void sched_load_add(struct sched *sched, const struct sched_entity *entity);
void sched_load_drop(struct sched *sched, const struct sched_entity *entity);

/* For one who wakes where nobody else is: the same with other kinds and LPs left out. */
void sched_renew(const struct sched *sched, struct sched_entity *entity, u64 clock);

/* ---- alone.c ---- */

/* A blocked entity that is woken needs no decision and is now `alone` of its idle LP, or false. */
bool sched_wake_alone(struct sched *sched, struct sched_entity *entity);
/* Runs it; false: somebody waits now, and nothing was done. */
bool sched_start_alone(struct sched *sched, u32 lp, u64 now);
/* True if an idle LP has nothing to choose from. */
bool sched_stay_idle(struct sched *sched, u32 lp, u64 now);
/* It waits like everybody. */
void sched_join(struct sched *sched, u32 lp, u64 now);

/* ---- queue.c ---- */

/* The entity waits from now on: ready, or capped if a budget is used up. */
void sched_make_ready(struct sched *sched, struct sched_entity *entity, u64 now);
/* It waits no longer, nor counts; its state is BLOCKED. */
void sched_remove(struct sched *sched, struct sched_entity *entity, u64 now);
/* Grants what it needs to run for `ticks`, as `cap_end` and `group_end`. False: not enough. */
bool sched_fund(struct sched_entity *entity, u64 ticks, u64 now);
void sched_settle(struct sched_entity *entity, u64 now);
/* Who waits for the group's budget asks again: it has another rate. */
void sched_watch_again(struct sched *sched, struct sched_group *group, u64 now);
/* Capped entities whose time has come wait again for LPs; returns one of them, or NULL. */
struct sched_entity *sched_release(struct sched *sched, u32 lp, u64 now);

/* ---- wake.c ---- */

/* Brings the sets of idle and endless LPs up to date. */
void sched_note(struct sched *sched, u32 lp);
/* True if anybody waits who might run on the LP. */
bool sched_contended(const struct sched *sched, const struct sched_lp *lp);
/* The only LP for a pinned entity, which came there without being woken, has to look. */
void sched_call(struct sched *sched, const struct sched_entity *entity, u64 now);
/* An entity that had to leave, or was let go, was not chosen: another LP may have to take it. */
void sched_push(struct sched *sched, const struct sched_entity *entity, u64 now);
/* An LP on the entity's node whose own entity has this LP's node for its own: both would gain. */
u32 sched_find_swap(struct sched *sched, u32 lp, const struct sched_entity *entity);
/* The LP, which idles or is about to be free, is to take the entity, which is ready. */
void sched_claim_for(struct sched *sched, u32 lp, const struct sched_entity *entity);
/* An idle LP for the entity, SCHED_NO_LP if none. */
u32 sched_find_idle(const struct sched *sched, const struct sched_entity *entity);
/* The LP at which an entity that must move should wait. */
u32 sched_home(const struct sched *sched, const struct sched_entity *entity);

/* ---- core.c ---- */

/* What the LP may run of what it would like to: `best`, another, or nothing. */
struct sched_entity *sched_share_core(
	struct sched *sched, u32 lp, struct sched_entity *best, u64 now);
/* True if the LP's entity has to leave because the core has a new owner. */
bool sched_must_leave(const struct sched *sched, u32 lp);
/* The LP runs nothing any more: others of its core may. */
void sched_core_freed(struct sched *sched, u32 lp);
/* A ready member of the partition for the LP: the earliest, or the first that was preempted. */
struct sched_entity *sched_member(
	const struct sched *sched, const struct sched_partition *partition, u32 lp, bool preempted);

#endif
