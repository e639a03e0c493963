/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/lib/string.h"
#include "core/scheduler/scheduler.h"

void sched_init(struct sched *sched, u32 lp_count, u64 slice)
{
	memset(sched, 0, sizeof(*sched));
	sched->lp_count = lp_count;
	sched->slice = slice;
}

void sched_entity_init(struct sched_entity *entity, u32 bound_lp)
{
	memset(entity, 0, sizeof(*entity));
	entity->state = SCHED_BLOCKED;
	entity->bound_lp = bound_lp;
	entity->lp = bound_lp == SCHED_NO_LP ? 0 : bound_lp;
}

static void queue_push(struct sched *sched, struct sched_entity *entity)
{
	entity->next = NULL;
	if (sched->tail)
		sched->tail->next = entity;
	else
		sched->head = entity;
	sched->tail = entity;
	sched->ready_count++;
}

static struct sched_entity *queue_pop(struct sched *sched)
{
	struct sched_entity *entity = sched->head;

	if (!entity)
		return NULL;
	sched->head = entity->next;
	if (!sched->head)
		sched->tail = NULL;
	sched->ready_count--;
	return entity;
}

static void queue_remove(struct sched *sched, struct sched_entity *entity)
{
	struct sched_entity **link = &sched->head;
	struct sched_entity *previous = NULL;

	while (*link && *link != entity) {
		previous = *link;
		link = &previous->next;
	}
	if (!*link)
		return;
	*link = entity->next;
	if (sched->tail == entity)
		sched->tail = previous;
	sched->ready_count--;
}

static bool claim(struct sched *sched, u32 index)
{
	struct sched_lp *lp = &sched->lps[index];

	if (lp->running || lp->claimed)
		return false;
	lp->claimed = true;
	return true;
}

/* The first LP that would run on for ever: its slice begins now. */
static u32 begin_slice(struct sched *sched, u64 now)
{
	for (u32 lp = 0; lp < sched->lp_count; lp++) {
		if (sched->lps[lp].running && !sched->lps[lp].slice_end) {
			sched->lps[lp].slice_end = now + sched->slice;
			return lp;
		}
	}
	return SCHED_NO_LP;
}

u32 sched_claim(struct sched *sched, u64 now)
{
	if (!sched->head)
		return SCHED_NO_LP;
	for (u32 lp = 0; lp < sched->lp_count; lp++)
		if (claim(sched, lp))
			return lp;
	return begin_slice(sched, now);
}

u32 sched_wake(struct sched *sched, struct sched_entity *entity, u64 now)
{
	if (entity->state == SCHED_RUNNING)
		return SCHED_NO_LP;
	if (entity->state == SCHED_BLOCKED)
		entity->ready_since = now;
	else if (entity->bound_lp == SCHED_NO_LP)
		return SCHED_NO_LP;
	entity->state = SCHED_READY;
	if (entity->bound_lp != SCHED_NO_LP) {
		sched->lps[entity->bound_lp].bound = entity;
		sched->lps[entity->bound_lp].bound_first = true;
		return entity->bound_lp;
	}
	queue_push(sched, entity);
	/* Where it was last, if that is free. */
	return claim(sched, entity->lp) ? entity->lp : sched_claim(sched, now);
}

void sched_block(struct sched *sched, struct sched_entity *entity)
{
	struct sched_lp *lp = &sched->lps[entity->lp];

	if (entity->state == SCHED_READY && entity->bound_lp == SCHED_NO_LP)
		queue_remove(sched, entity);
	if (entity->state == SCHED_RUNNING) {
		lp->running = NULL;
		lp->slice_end = 0;
	}
	if (entity->bound_lp != SCHED_NO_LP)
		sched->lps[entity->bound_lp].bound_first = false;
	entity->state = SCHED_BLOCKED;
}

static bool bound_ready(const struct sched_lp *lp)
{
	return lp->bound && lp->bound->state == SCHED_READY;
}

bool sched_must_pick(const struct sched *sched, u32 index, u64 now)
{
	const struct sched_lp *lp = &sched->lps[index];

	if (!lp->running)
		return true;
	if (lp->bound_first && bound_ready(lp))
		return true;
	return lp->slice_end != 0 && (s64)(now - lp->slice_end) >= 0;
}

void sched_give_way(struct sched *sched, u32 index, u64 now)
{
	struct sched_lp *lp = &sched->lps[index];

	if (sched->head || (bound_ready(lp) && lp->running != lp->bound))
		lp->slice_end = now ? now : 1;
}

u64 sched_slice_end(const struct sched *sched, u32 index)
{
	const struct sched_lp *lp = &sched->lps[index];

	return lp->running && lp->slice_end ? lp->slice_end : ~0ull;
}

static void put_back(struct sched *sched, struct sched_lp *lp, u64 now)
{
	struct sched_entity *entity = lp->running;

	lp->running = NULL;
	if (!entity)
		return;
	entity->state = SCHED_READY;
	entity->ready_since = now;
	if (entity->bound_lp == SCHED_NO_LP)
		queue_push(sched, entity);
}

/* DOC: pick */
struct sched_entity *sched_pick(struct sched *sched, u32 index, u64 now)
{
	struct sched_lp *lp = &sched->lps[index];
	struct sched_entity *last = lp->running;
	struct sched_entity *next;

	lp->claimed = false;
	put_back(sched, lp, now);
	/* After its slice the root VP gives way to one child, unless an interrupt woke it. */
	if (bound_ready(lp) && (lp->bound_first || last != lp->bound || !sched->head))
		next = lp->bound;
	else
		next = queue_pop(sched);
	lp->bound_first = false;
	lp->running = next;
	lp->slice_end = 0;
	if (!next)
		return NULL;
	next->state = SCHED_RUNNING;
	next->lp = index;
	if (sched->head || (next != lp->bound && bound_ready(lp)))
		lp->slice_end = now + sched->slice;
	return next;
}
