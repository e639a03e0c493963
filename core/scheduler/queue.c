/* SPDX-License-Identifier: BSD-2-Clause */
/* In which trees an entity waits: ready, or capped. */
#include "core/scheduler/internal.h"

/* Who is let go by one call, so that each call is short. */
#define RELEASES 4

/* ---- Ready ---- */

static void link_member(struct sched_entity *entity)
{
	struct sched_partition *partition = entity->partition;

	if (!partition)
		return;
	entity->next = NULL;
	entity->previous = partition->tail;
	if (partition->tail)
		partition->tail->next = entity;
	else
		partition->head = entity;
	partition->tail = entity;
}

static void unlink_member(struct sched_entity *entity)
{
	struct sched_partition *partition = entity->partition;

	if (!partition)
		return;
	*(entity->previous ? &entity->previous->next : &partition->head) = entity->next;
	*(entity->next ? &entity->next->previous : &partition->tail) = entity->previous;
}

static void insert(struct sched_tree *tree, struct sched_node *node, struct sched_entity *entity,
	u64 key, u64 deadline)
{
	node->entity = entity;
	node->key = key;
	node->deadline = deadline;
	sched_tree_insert(tree, node);
}

static void wait_for_set(struct sched *sched, struct sched_entity *entity)
{
	struct sched_affinity *set = &sched->sets[entity->set];
	struct sched_lp *lp = &sched->lps[entity->lp];

	entity->shared_node = entity->node != SCHED_NO_NODE ? entity->node : lp->node;
	for (u32 kind = 0; kind < SCHED_KINDS; kind++) {
		u64 base = kind == SCHED_WEIGHT ? lp->base : 0;

		if (entity->rate[kind])
			insert(&set->waiting[kind][entity->shared_node], &entity->shared[kind],
				entity, entity->start[kind] + base, entity->deadline[kind] + base);
	}
	if (!sched->waiting)
		lp->epoch = ++sched->epoch;
	if (!set->ready++)
		sched->waiting |= 1ull << entity->set;
	sched->ready_count++;
}

static void leave_set(struct sched *sched, struct sched_entity *entity)
{
	struct sched_affinity *set = &sched->sets[entity->set];
	u64 base = sched->lps[entity->lp].base;

	for (u32 kind = 0; kind < SCHED_KINDS; kind++)
		if (entity->rate[kind])
			sched_tree_remove(
				&set->waiting[kind][entity->shared_node], &entity->shared[kind]);
	/* What counts between LPs is the tag there, even if the LP's base has changed meanwhile. */
	entity->start[SCHED_WEIGHT] = entity->shared[SCHED_WEIGHT].key - base;
	entity->deadline[SCHED_WEIGHT] = entity->shared[SCHED_WEIGHT].deadline - base;
	if (!--set->ready)
		sched->waiting &= ~(1ull << entity->set);
	sched->ready_count--;
}

static void enqueue(struct sched *sched, struct sched_entity *entity)
{
	struct sched_lp *lp = &sched->lps[entity->lp];

	entity->state = SCHED_READY;
	for (u32 kind = 0; kind < SCHED_KINDS; kind++)
		if (entity->rate[kind])
			insert(&lp->ready[kind], &entity->local[kind], entity, entity->start[kind],
				entity->deadline[kind]);
	if (entity->set != SCHED_PINNED)
		wait_for_set(sched, entity);
	link_member(entity);
	sched_load_add(sched, entity);
}

static void dequeue(struct sched *sched, struct sched_entity *entity, u64 now)
{
	struct sched_lp *lp = &sched->lps[entity->lp];

	entity->stats.contended += now - entity->waits_since;
	for (u32 kind = 0; kind < SCHED_KINDS; kind++)
		if (entity->rate[kind])
			sched_tree_remove(&lp->ready[kind], &entity->local[kind]);
	if (entity->set != SCHED_PINNED)
		leave_set(sched, entity);
	unlink_member(entity);
	sched_load_drop(sched, entity);
	if (lp->prompt == entity)
		lp->prompt = NULL;
}

static void leave_alone(struct sched *sched, struct sched_entity *entity, u64 now)
{
	entity->stats.contended += now - entity->waits_since;
	sched->lps[entity->lp].alone = NULL;
}

/* ---- Capped ---- */

static bool used_up(struct sched_budget *budget, u64 now)
{
	return budget->rate != SCHED_UNLIMITED && sched_budget_level(budget, now) < budget->chunk;
}

static void watch(struct sched *sched, struct sched_group *group, u32 lp, u64 when)
{
	if (group->timer_runs)
		return;
	group->timer_runs = true;
	group->timer_lp = lp;
	insert(&sched->lps[lp].groups, &group->timer, NULL, when, when);
}

static void unwatch(struct sched *sched, struct sched_group *group)
{
	if (group->timer_runs)
		sched_tree_remove(&sched->lps[group->timer_lp].groups, &group->timer);
	group->timer_runs = false;
}

static void cap(struct sched *sched, struct sched_entity *entity, u64 now)
{
	u64 when = now + sched_budget_delay(&entity->cap, entity->cap.chunk, now);

	entity->state = SCHED_CAPPED;
	entity->in_group = false;
	insert(&sched->lps[entity->lp].capped, &entity->local[0], entity, when, when);
}

static void cap_by_group(struct sched *sched, struct sched_entity *entity, u64 now)
{
	struct sched_group *group = entity->group;
	u64 behind = group->clock - sched_tag(sched->slice, entity->rate[SCHED_WEIGHT]);

	entity->state = SCHED_CAPPED;
	entity->in_group = true;
	if (sched_before(entity->group_time, behind))
		entity->group_time = behind;
	insert(&group->capped, &entity->shared[0], entity, entity->group_time, 0);
	watch(sched, group, entity->lp,
		now + sched_budget_delay(&group->budget, group->budget.chunk, now));
}

static void uncap(struct sched *sched, struct sched_entity *entity, u64 now)
{
	entity->stats.capped += now - entity->waits_since;
	entity->state = SCHED_BLOCKED;
	if (!entity->in_group) {
		sched_tree_remove(&sched->lps[entity->lp].capped, &entity->local[0]);
		return;
	}
	sched_tree_remove(&entity->group->capped, &entity->shared[0]);
	if (!entity->group->capped.count)
		unwatch(sched, entity->group);
}

/* Members go in the order of their group time, as many as the budget is enough for. */
static void release_group(struct sched *sched, struct sched_group *group, u32 lp, u64 now)
{
	u64 chunk = group->budget.chunk;
	u64 delay;
	u32 count = 0;

	unwatch(sched, group);
	while (group->capped.count && count < RELEASES &&
		sched_budget_delay(&group->budget, chunk * (count + 1), now) == 0) {
		struct sched_entity *entity = sched_tree_first(&group->capped)->entity;

		if (sched_before(group->clock, entity->group_time))
			group->clock = entity->group_time;
		uncap(sched, entity, now);
		entity->waits_since = now;
		sched_limit_lag(sched, entity, SCHED_LAG_SLICES, now);
		enqueue(sched, entity);
		sched_call(sched, entity, now);
		count++;
	}
	delay = sched_budget_delay(&group->budget, chunk * (count + 1), now);
	if (group->capped.count)
		watch(sched, group, lp, now + MAX(delay, sched->slice / 16));
}

void sched_watch_again(struct sched *sched, struct sched_group *group, u64 now)
{
	if (!group->timer_runs)
		return;
	unwatch(sched, group);
	watch(sched, group, group->timer_lp, now);
}

struct sched_entity *sched_release(struct sched *sched, u32 index, u64 now)
{
	struct sched_lp *lp = &sched->lps[index];
	struct sched_entity *released = NULL;
	struct sched_node *node;

	for (u32 i = 0; i < RELEASES; i++) {
		node = sched_tree_first(&lp->capped);
		if (!node || sched_before(now, node->key))
			break;
		released = node->entity;
		uncap(sched, released, now);
		sched_limit_lag(sched, released, SCHED_LAG_SLICES, now);
		sched_make_ready(sched, released, now);
	}
	node = sched_tree_first(&lp->groups);
	if (node && !sched_before(now, node->key))
		release_group(sched, CONTAINER_OF(node, struct sched_group, timer), index, now);
	return released;
}

/* ---- Both ---- */

void sched_make_ready(struct sched *sched, struct sched_entity *entity, u64 now)
{
	struct sched_group *group = entity->group;
	bool stays = sched_allowed(sched, entity, entity->lp);

	if (!stays)
		sched_move(sched, entity, sched_home(sched, entity));
	entity->waits_since = now;
	sched_limit_lag(sched, entity, SCHED_LAG_SLICES, now);
	if (used_up(&entity->cap, now))
		cap(sched, entity, now);
	else if (group && (group->capped.count || used_up(&group->budget, now)))
		cap_by_group(sched, entity, now);
	else
		enqueue(sched, entity);
	if (!stays)
		sched_call(sched, entity, now);
}

void sched_remove(struct sched *sched, struct sched_entity *entity, u64 now)
{
	if (entity->state == SCHED_READY && sched->lps[entity->lp].alone == entity)
		leave_alone(sched, entity, now);
	else if (entity->state == SCHED_READY)
		dequeue(sched, entity, now);
	else if (entity->state == SCHED_CAPPED)
		uncap(sched, entity, now);
	entity->state = SCHED_BLOCKED;
}

bool sched_fund(struct sched_entity *entity, u64 ticks, u64 now)
{
	struct sched_group *group = entity->group;

	if (used_up(&entity->cap, now) || (group && used_up(&group->budget, now)))
		return false;
	if (entity->cap.rate != SCHED_UNLIMITED) {
		entity->cap_end = sched_budget_grant(&entity->cap, ticks, now);
		ticks = entity->cap_end - now;
	}
	if (group && group->budget.rate != SCHED_UNLIMITED)
		entity->group_end = sched_budget_grant(&group->budget, ticks, now);
	return true;
}

void sched_settle(struct sched_entity *entity, u64 now)
{
	if (entity->cap_end)
		sched_budget_settle(&entity->cap, entity->cap_end, now);
	if (entity->group_end)
		sched_budget_settle(&entity->group->budget, entity->group_end, now);
	entity->cap_end = entity->group_end = 0;
}
