/* SPDX-License-Identifier: BSD-2-Clause */
/* Who is next on an LP, and for how long. */
#include "core/scheduler/internal.h"

/* Entities that one decision may find to be capped before it is left to the next. */
#define TRIES 8

struct choice {
	struct sched_node *node;
	u64 at; /* its deadline or start, comparable between LPs */
};

/* ---- Choosing ---- */

/* A move costs: `ticks` of being late do not count for one that would have to come from elsewhere.
 */
static void consider(struct choice *best, const struct sched_tree *tree, enum sched_kind kind,
	u64 clock, u64 base, u64 ticks)
{
	struct sched_node *node = tree->root;
	u64 at;

	sched_steps++;
	if (!node || (best->node && !sched_before(node->least + base, best->at)))
		return;
	node = sched_tree_earliest(tree, clock);
	if (!node)
		return;
	at = node->deadline + base + sched_tag(ticks, node->entity->rate[kind]);
	if (!best->node || sched_before(at, best->at))
		*best = (struct choice){node, at};
}

static void consider_first(struct choice *best, const struct sched_tree *tree, enum sched_kind kind,
	u64 base, u64 ticks)
{
	struct sched_node *node = sched_tree_first(tree);
	u64 at;

	sched_steps++;
	if (!node)
		return;
	at = node->key + base + sched_tag(ticks, node->entity->rate[kind]);
	if (!best->node || sched_before(at, best->at))
		*best = (struct choice){node, at};
}

/* The best of all trees that the LP may take from: its own, its node's, others'. */
static struct sched_node *best_of(const struct sched *sched, const struct sched_lp *lp,
	enum sched_kind kind, u64 clock, bool by_start)
{
	u64 base = kind == SCHED_WEIGHT ? lp->base : 0;
	u64 reach = clock + base; /* of those that wait elsewhere: as far as any LP has come */
	struct choice best = {NULL, 0};

	if (kind == SCHED_WEIGHT && sched_before(reach, sched->clock))
		reach = sched->clock;
	if (by_start)
		consider_first(&best, &lp->ready[kind], kind, base, 0);
	else
		consider(&best, &lp->ready[kind], kind, clock, base, 0);
	for (u64 sets = lp->sets & sched->waiting; sets; sets &= sets - 1) {
		const struct sched_tree *trees = sched->sets[__builtin_ctzll(sets)].waiting[kind];

		for (u32 i = 0; i < sched->node_count; i++) {
			u32 node = (lp->node + i) % sched->node_count;
			u64 ticks = i ? sched->move_far : sched->move_near;

			if (by_start)
				consider_first(&best, &trees[node], kind, 0, ticks);
			else
				consider(&best, &trees[node], kind, reach, 0, ticks);
		}
	}
	return best.node;
}

static struct sched_entity *choose(
	struct sched *sched, struct sched_lp *lp, enum sched_kind *kind, u64 now)
{
	struct sched_node *node = best_of(sched, lp, SCHED_RESERVE, now, false);
	u64 start;

	*kind = SCHED_RESERVE;
	if (node)
		return node->entity;
	*kind = SCHED_WEIGHT;
	/* LPs decide one after the other: who would be behind before the others look, is. */
	node = best_of(
		sched, lp, SCHED_WEIGHT, lp->clock + sched_pace(sched, lp, sched->slice), false);
	if (node)
		return node->entity;
	/* Nobody is behind the clock: it goes on to the first. */
	node = best_of(sched, lp, SCHED_WEIGHT, 0, true);
	if (!node)
		return NULL;
	start = node == &node->entity->local[SCHED_WEIGHT] ? node->key : node->key - lp->base;
	if (sched_before(lp->clock, start))
		lp->clock = start;
	return node->entity;
}

static struct sched_entity *decide(struct sched *sched, u32 index, enum sched_kind *kind, u64 now)
{
	struct sched_lp *lp = &sched->lps[index];
	struct sched_entity *best;

	*kind = SCHED_WEIGHT;
	if (lp->prompt)
		best = lp->prompt;
	else if (lp->hint && lp->hint->state == SCHED_READY &&
		 sched_allowed(sched, lp->hint, index))
		best = lp->hint;
	else
		best = choose(sched, lp, kind, now);
	if (sched->type == SCHED_CORE) {
		struct sched_entity *shared = sched_share_core(sched, index, best, now);

		if (shared != best)
			*kind = SCHED_WEIGHT;
		return shared;
	}
	return best;
}

/* ---- Starting and stopping ---- */

static u64 request_left(const struct sched *sched, const struct sched_entity *entity, u32 kind)
{
	u64 left = ((entity->deadline[kind] - entity->start[kind]) * entity->rate[kind]) >> 16;

	return MAX(MIN(left, sched->slice), MAX(sched->slice / 8, 1));
}

static void count_dispatch(
	const struct sched *sched, struct sched_entity *entity, u32 index, u64 now)
{
	struct sched_stats *stats = &entity->stats;
	u64 waited = now - entity->ready_since;
	u64 unit = MAX(sched->slice / 512, 1);
	u32 bucket = 0;

	while (bucket < SCHED_BUCKETS - 1 && waited >= unit << bucket)
		bucket++;
	stats->buckets[bucket]++;
	stats->bucket = bucket;
	stats->dispatches++;
	stats->migrations += entity->last_lp != SCHED_NO_LP && entity->last_lp != index;
	entity->last_lp = index;
	if (!entity->woken)
		return;
	entity->woken = false;
	stats->wakes++;
	stats->wake_time += waited;
	stats->wake_longest = MAX(stats->wake_longest, waited);
}

void sched_count_ready(struct sched_entity *entity, bool woken, u64 now)
{
	entity->ready_since = entity->waits_since = now;
	entity->woken = woken;
}

void sched_count_start(const struct sched *sched, struct sched_entity *entity, u32 lp, u64 now)
{
	entity->stats.contended += now - entity->waits_since;
	count_dispatch(sched, entity, lp, now);
}

/* Takes the entity, which is ready, to the LP. False: it had to be capped instead. */
static bool start(
	struct sched *sched, u32 index, struct sched_entity *entity, enum sched_kind kind, u64 now)
{
	struct sched_lp *lp = &sched->lps[index];
	u64 ticks = request_left(sched, entity, kind);
	bool prompt = lp->prompt == entity;

	sched_remove(sched, entity, now);
	if (!sched_fund(entity, ticks, now)) {
		sched_make_ready(sched, entity, now);
		return false;
	}
	sched_move(sched, entity, index);
	sched_load_add(sched, entity);
	entity->state = SCHED_RUNNING;
	entity->preempted = false;
	lp->running = entity;
	lp->forced = false;
	lp->kind = kind;
	lp->stamp = now;
	if (prompt) {
		lp->prompt_end = sched_budget_grant(&lp->promptness, ticks, now);
		ticks = lp->prompt_end - now;
	}
	if (sched_contended(sched, lp))
		lp->slice_end = now + MAX(ticks, 1);
	else /* who is away from home looks for a way back once in a slice */
		lp->slice_end = sched_away(lp, entity) ? now + sched->slice : 0;
	if (kind == SCHED_WEIGHT && (lp->sets & sched->waiting))
		sched_meet(sched, lp);
	return true;
}

static struct sched_entity *take(struct sched *sched, u32 index, u64 now)
{
	for (u32 i = 0; i < TRIES; i++) {
		enum sched_kind kind;
		struct sched_entity *entity = decide(sched, index, &kind, now);

		if (!entity || start(sched, index, entity, kind, now))
			return entity;
	}
	sched->lps[index].slice_end = MAX(now, 1);
	return NULL;
}

/* Nothing runs on the LP any more. */
static void stop(struct sched *sched, u32 index, u64 now)
{
	struct sched_lp *lp = &sched->lps[index];

	sched_charge(sched, index, now);
	if (lp->claimed && lp->claimed_set != SCHED_PINNED)
		sched->sets[lp->claimed_set].claims--;
	lp->claimed = lp->preempt = lp->forced = lp->gave_way = false;
	lp->slice_end = 0;
	if (lp->prompt_end)
		sched_budget_settle(&lp->promptness, lp->prompt_end,
			sched_before(now, lp->prompt_end) ? now : lp->prompt_end);
	lp->prompt_end = 0;
	if (!lp->running)
		return;
	sched_settle(lp->running, now);
	sched_load_drop(sched, lp->running);
	lp->running->state = SCHED_BLOCKED;
	lp->running = NULL;
}

static void put_back(struct sched *sched, struct sched_entity *entity, bool yields, u64 now)
{
	entity->ready_since = now;
	entity->preempted = !yields;
	if (yields)
		entity->deadline[SCHED_WEIGHT] = entity->start[SCHED_WEIGHT];
	sched_make_ready(sched, entity, now);
}

/*
 * The LP at home is told to take the entity, or to watch the budget that that waits for. If another
 * runs there, its own way home is the LP that this one leaves.
 */
static void go_home(
	struct sched *sched, struct sched_entity *entity, u32 home, bool yields, u64 now)
{
	struct sched_lp *lp = &sched->lps[home];

	sched_move(sched, entity, home);
	put_back(sched, entity, yields, now);
	if (entity->state == SCHED_READY)
		sched_claim_for(sched, home, entity);
	if (entity->state == SCHED_READY && lp->running) {
		lp->preempt = true;
		lp->hint = entity;
	}
	sched_kick(sched, home);
}

static struct sched_entity *dispatched(struct sched *sched, u32 index, u64 now)
{
	struct sched_entity *entity = sched->lps[index].running;

	entity->preempted = false;
	count_dispatch(sched, entity, index, now);
	sched_note(sched, index);
	return entity;
}

/*
 * An LP near the memory of who was stopped elsewhere: one that idles, or one whose entity is better
 * placed here, if nobody waits; else SCHED_NO_LP.
 */
static u32 way_home(struct sched *sched, u32 index, const struct sched_entity *last)
{
	u32 found = sched_find_idle(sched, last);

	if (found == SCHED_NO_LP && !sched->waiting)
		return sched_find_swap(sched, index, last);
	return found != SCHED_NO_LP && sched->lps[found].node == last->node ? found : SCHED_NO_LP;
}

/* Apart from the short way, which is not to pay for what this one needs. */
static __attribute__((noinline)) struct sched_entity *pick_among_all(
	struct sched *sched, u32 index, u64 now)
{
	struct sched_lp *lp = &sched->lps[index];
	struct sched_entity *last = lp->running;
	bool yields = lp->gave_way;
	bool preempted = lp->preempt;
	struct sched_entity *next, *released;
	u32 home = SCHED_NO_LP;
	bool stays;

	sched_charge(sched, index, now);
	sched_align(sched, lp);
	stop(sched, index, now);
	if (last && sched_away(lp, last))
		home = way_home(sched, index, last);
	/* Who gives way is not there while the next is chosen, unless there is no other; and who
	 * goes home is not there at all. */
	stays = last && home == SCHED_NO_LP;
	if (stays && !yields)
		put_back(sched, last, false, now);
	released = sched_release(sched, index, now);
	next = take(sched, index, now);
	if (home != SCHED_NO_LP)
		go_home(sched, last, home, yields, now);
	if (stays && yields) {
		put_back(sched, last, true, now);
		if (!next)
			next = take(sched, index, now);
	}
	lp->hint = NULL;
	if (next && next != last)
		count_dispatch(sched, next, index, now);
	if (last && next != last && preempted)
		last->stats.preempted++;
	sched_note(sched, index);
	if (stays && !yields && last->state == SCHED_READY)
		sched_push(sched, last, now);
	if (released && released->state == SCHED_READY)
		sched_push(sched, released, now);
	if (sched->type == SCHED_CORE)
		sched_core_freed(sched, index);
	return next;
}

/* DOC: pick */
struct sched_entity *sched_pick(struct sched *sched, u32 index, u64 now)
{
	if (sched_stay_idle(sched, index, now))
		return NULL;
	if (sched->lps[index].alone) {
		if (sched_start_alone(sched, index, now))
			return dispatched(sched, index, now);
		sched_join(sched, index, now);
	}
	return pick_among_all(sched, index, now);
}

void sched_block(struct sched *sched, struct sched_entity *entity, u64 now)
{
	u32 index = entity->lp;

	if (entity->state != SCHED_RUNNING) {
		sched_remove(sched, entity, now);
		return;
	}
	stop(sched, index, now);
	sched_note(sched, index);
	if (sched->type == SCHED_CORE)
		sched_core_freed(sched, index);
}

/* ---- Questions ---- */

static u64 earlier(u64 a, u64 b)
{
	return b && (!a || sched_before(b, a)) ? b : a;
}

/* When the first of the tree is due. */
static u64 first_due(const struct sched_tree *tree)
{
	return tree->root ? MAX(sched_tree_first(tree)->key, 1) : 0;
}

/* 0: never. */
static u64 next_pick(const struct sched_lp *lp)
{
	u64 when = lp->slice_end;

	if (lp->running)
		when = earlier(earlier(when, lp->running->cap_end), lp->running->group_end);
	return earlier(earlier(when, first_due(&lp->capped)), first_due(&lp->groups));
}

u64 sched_slice_end(const struct sched *sched, u32 index)
{
	u64 when = next_pick(&sched->lps[index]);

	return when ? when : ~0ull;
}

bool sched_must_pick(const struct sched *sched, u32 index, u64 now)
{
	const struct sched_lp *lp = &sched->lps[index];
	u64 when;

	if (!lp->running || lp->preempt || sched_must_leave(sched, index))
		return true;
	when = next_pick(lp);
	return when && !sched_before(now, when);
}

void sched_give_way(struct sched *sched, u32 index, u64 now)
{
	struct sched_lp *lp = &sched->lps[index];

	if (!lp->running || !sched_contended(sched, lp))
		return;
	lp->gave_way = true;
	lp->slice_end = MAX(now, 1);
	if (lp->running->partition)
		lp->hint = sched_member(sched, lp->running->partition, index, true);
	sched_note(sched, index);
}
