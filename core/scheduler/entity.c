/* SPDX-License-Identifier: BSD-2-Clause */
/* Making schedulers and entities, and changing what is set for them. */
#include "core/lib/string.h"
#include "core/scheduler/internal.h"

#define DEFAULT_WEIGHT 100

/* ---- Making ---- */

void sched_init(struct sched *sched, u32 lp_count, u64 slice)
{
	memset(sched, 0, sizeof(*sched));
	sched->lp_count = lp_count;
	sched->slice = slice;
	/* Less than a slice, or three could not share two LPs equally. */
	sched->move_near = slice / 2;
	sched->move_far = slice * 3 / 4;
	for (u32 i = 0; i < lp_count; i++)
		sched_place_lp(sched, i, 0, i);
}

void sched_place_lp(struct sched *sched, u32 index, u32 node, u32 core)
{
	struct sched_lp *lp = &sched->lps[index];

	sched_set_drop(&sched->node_lps[lp->node], index);
	sched_set_add(&sched->node_lps[node], index);
	sched->node_count = MAX(sched->node_count, node + 1);
	lp->node = node;
	lp->core = core;
	lp->sibling = index;
	if (core != index) {
		lp->sibling = sched->lps[core].sibling;
		sched->lps[core].sibling = index;
	}
	lp->sets = 1;
	sched_set_add(&sched->sets[0].lps, index);
	sched_budget_set(&lp->promptness, SCHED_WHOLE_LP / 2, sched->slice, sched->slice, 0);
	sched_note(sched, index);
}

void sched_entity_init(struct sched_entity *entity, u32 bound_lp)
{
	memset(entity, 0, sizeof(*entity));
	entity->state = SCHED_BLOCKED;
	entity->bound_lp = bound_lp;
	entity->last_lp = SCHED_NO_LP;
	entity->node = SCHED_NO_NODE;
	entity->rate[SCHED_WEIGHT] = DEFAULT_WEIGHT;
	entity->cap.rate = SCHED_UNLIMITED;
	if (bound_lp != SCHED_NO_LP) {
		entity->set = SCHED_PINNED;
		entity->lp = entity->pin = bound_lp;
	}
}

static void drop_set(struct sched *sched, u32 index)
{
	if (!index || index == SCHED_PINNED || --sched->sets[index].users)
		return;
	for (u32 lp = 0; lp < sched->lp_count; lp++)
		sched->lps[lp].sets &= ~(1ull << index);
}

void sched_entity_leave(struct sched *sched, struct sched_entity *entity)
{
	for (u32 lp = 0; lp < sched->lp_count; lp++)
		if (sched->lps[lp].hint == entity)
			sched->lps[lp].hint = NULL;
	if (entity->group)
		entity->group->members--;
	drop_set(sched, entity->set);
	sched->reserved -= entity->rate[SCHED_RESERVE];
	entity->rate[SCHED_RESERVE] = 0;
	entity->group = NULL;
	entity->set = 0;
}

void sched_partition_leave(struct sched *sched, const struct sched_partition *partition)
{
	for (u32 lp = 0; lp < sched->lp_count; lp++)
		if (sched->lps[lp].owner == partition)
			sched->lps[lp].owner = NULL;
}

/* ---- Changing: the entity is lifted out of what depends on the setting, and put back ---- */

static enum sched_state lift(struct sched *sched, struct sched_entity *entity, u64 now)
{
	enum sched_state state = entity->state;

	if (state == SCHED_RUNNING) {
		sched_charge(sched, entity->lp, now);
		sched_settle(entity, now);
		sched_load_drop(sched, entity);
		/* It gets new grants when its LP looks. */
		sched->lps[entity->lp].preempt = true;
	} else {
		sched_remove(sched, entity, now);
	}
	return state;
}

static void lower(struct sched *sched, struct sched_entity *entity, enum sched_state state, u64 now)
{
	if (state == SCHED_RUNNING)
		sched_load_add(sched, entity);
	else if (state != SCHED_BLOCKED)
		sched_make_ready(sched, entity, now);
}

/* Another rate: it stays as far behind or before the clock, in time, as it is. */
static void set_rate(struct sched_entity *entity, enum sched_kind kind, u32 rate, u64 clock)
{
	u32 old = entity->rate[kind];
	s64 ahead = (s64)(entity->start[kind] - clock);

	if (rate == old)
		return;
	entity->rate[kind] = rate;
	if (rate && old)
		clock += (u64)((__int128)ahead * old / rate);
	entity->start[kind] = entity->deadline[kind] = clock;
}

bool sched_reserve_fits(const struct sched *sched, u64 released, u64 wanted)
{
	return sched->reserved - released + wanted <= (u64)sched->lp_count * SCHED_WHOLE_LP;
}

enum sched_error sched_set_params(struct sched *sched, struct sched_entity *entity,
	const struct sched_params *params, u64 now)
{
	u32 cap = params->cap < SCHED_WHOLE_LP ? params->cap : SCHED_UNLIMITED;
	enum sched_state state;

	if (!params->weight || params->weight > SCHED_WEIGHT_MAX || params->cap > SCHED_WHOLE_LP ||
		params->reserve > SCHED_WHOLE_LP)
		return SCHED_BAD_VALUE;
	if (params->reserve > params->cap)
		return SCHED_ABOVE_CAP;
	if (!sched_reserve_fits(sched, entity->rate[SCHED_RESERVE], params->reserve))
		return SCHED_NO_CAPACITY;
	state = lift(sched, entity, now);
	sched->reserved += (u64)params->reserve - entity->rate[SCHED_RESERVE];
	set_rate(entity, SCHED_RESERVE, params->reserve, now);
	set_rate(entity, SCHED_WEIGHT, params->weight, sched->lps[entity->lp].clock);
	if (entity->cap.rate != cap)
		sched_budget_set(&entity->cap, cap, sched->slice, sched->slice, now);
	/* Who pays from a reserve that is gone pays by weight. */
	if (state == SCHED_RUNNING && !params->reserve)
		sched->lps[entity->lp].kind = SCHED_WEIGHT;
	lower(sched, entity, state, now);
	return SCHED_OK;
}

void sched_set_group(
	struct sched *sched, struct sched_entity *entity, struct sched_group *group, u64 now)
{
	enum sched_state state;

	if (group && !group->budget.depth)
		sched_set_group_cap(sched, group, SCHED_UNLIMITED, now);
	state = lift(sched, entity, now);
	if (entity->group)
		entity->group->members--;
	if (group)
		group->members++;
	entity->group = group;
	entity->group_time = group ? group->clock : 0;
	lower(sched, entity, state, now);
}

void sched_set_group_cap(struct sched *sched, struct sched_group *group, u32 cap, u64 now)
{
	u64 lps = cap == SCHED_UNLIMITED ? 1 : MAX(cap / SCHED_WHOLE_LP, 1);

	sched_budget_set(&group->budget, cap, sched->slice * lps, sched->slice, now);
	sched_watch_again(sched, group, now);
	for (u32 lp = 0; lp < sched->lp_count; lp++) {
		const struct sched_entity *running = sched->lps[lp].running;

		if (!running || running->group != group)
			continue;
		/* It gets a new grant when its LP looks. */
		sched->lps[lp].preempt = true;
		sched_kick(sched, lp);
	}
}

void sched_set_node(struct sched *sched, struct sched_entity *entity, u32 node, u64 now)
{
	enum sched_state state = lift(sched, entity, now);

	entity->node = node < sched->node_count ? node : SCHED_NO_NODE;
	lower(sched, entity, state, now);
}

/* ---- Affinity ---- */

static bool same(const struct sched_set *a, const struct sched_set *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

/* The table's entry for the set; SCHED_MAX_SETS: the table is full. */
static u32 find_set(struct sched *sched, const struct sched_set *lps)
{
	u32 unused = SCHED_MAX_SETS;

	if (same(&sched->sets[0].lps, lps))
		return 0;
	for (u32 i = SCHED_MAX_SETS - 1; i; i--) {
		if (!sched->sets[i].users)
			unused = i;
		else if (same(&sched->sets[i].lps, lps))
			return i;
	}
	if (unused == SCHED_MAX_SETS)
		return unused;
	sched->sets[unused].lps = *lps;
	for (u32 lp = 0; lp < sched->lp_count; lp++)
		if (sched_set_has(lps, lp))
			sched->lps[lp].sets |= 1ull << unused;
	return unused;
}

enum sched_error sched_set_affinity(
	struct sched *sched, struct sched_entity *entity, const struct sched_set *lps, u64 now)
{
	struct sched_set set = *lps;
	u32 count = 0, pin = 0, index = SCHED_PINNED;
	enum sched_state state;

	for (u32 i = 0; i < SCHED_SET_WORDS; i++) {
		set.word[i] &= sched->sets[0].lps.word[i];
		count += (u32)__builtin_popcountll(set.word[i]);
		if (set.word[i])
			pin = i * 64 + (u32)__builtin_ctzll(set.word[i]);
	}
	if (!count || entity->bound_lp != SCHED_NO_LP)
		return SCHED_BAD_SET;
	if (count > 1) {
		index = find_set(sched, &set);
		if (index == SCHED_MAX_SETS)
			return SCHED_NO_ROOM;
		sched->sets[index].users++;
	}
	state = lift(sched, entity, now);
	drop_set(sched, entity->set);
	entity->set = index;
	entity->pin = pin;
	lower(sched, entity, state, now);
	return SCHED_OK;
}
