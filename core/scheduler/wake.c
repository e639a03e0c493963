/* SPDX-License-Identifier: BSD-2-Clause */
/* Where a waking entity goes, and which LPs have to look at their work. */
#include "core/scheduler/internal.h"

/* LPs that are looked at for one whose entity may wait longer, or for a new home. */
#define PROBES 8

/* ---- Sets of LPs ---- */

static u32 words(const struct sched *sched)
{
	return (sched->lp_count + 63) / 64;
}

/* The first LP in all three sets. */
static u32 first_of(const struct sched *sched, const struct sched_set *a, const struct sched_set *b,
	const struct sched_set *c)
{
	for (u32 i = 0; i < words(sched); i++) {
		u64 both = a->word[i] & b->word[i] & c->word[i];

		sched_steps++;
		if (both)
			return i * 64 + (u32)__builtin_ctzll(both);
	}
	return SCHED_NO_LP;
}

/* The LP of the set after `lp`, round and round; the set is not empty. */
static u32 next_of(const struct sched *sched, const struct sched_set *set, u32 lp)
{
	u32 word = (lp + 1) / 64;
	u64 bits = word < words(sched) ? set->word[word] & (~0ull << ((lp + 1) % 64)) : 0;

	while (!bits) {
		sched_steps++;
		word = word + 1 < words(sched) ? word + 1 : 0;
		bits = set->word[word];
	}
	return word * 64 + (u32)__builtin_ctzll(bits);
}

static void put(struct sched_set *set, u32 lp, bool in)
{
	u64 *word = &set->word[lp / 64];

	*word = (*word & ~(1ull << (lp % 64))) | (u64)in << (lp % 64);
}

/* A core idles if all of its LPs do. */
static void note_core(struct sched *sched, u32 index, bool idle)
{
	u32 i;

	for (i = sched->lps[index].sibling; i != index; i = sched->lps[i].sibling)
		idle = idle && sched_set_has(&sched->idle, i);
	do {
		put(&sched->idle_cores, i, idle);
		i = sched->lps[i].sibling;
	} while (i != index);
}

void sched_note(struct sched *sched, u32 index)
{
	const struct sched_lp *lp = &sched->lps[index];
	bool idle = !lp->running && !lp->claimed && !lp->forced;

	put(&sched->idle, index, idle);
	put(&sched->endless, index, lp->running && !lp->slice_end);
	if (lp->sibling == index)
		put(&sched->idle_cores, index, idle);
	else
		note_core(sched, index, idle);
}

bool sched_contended(const struct sched *sched, const struct sched_lp *lp)
{
	return (lp->sets & sched->waiting) || lp->ready[SCHED_WEIGHT].count;
}

u32 sched_find_idle(const struct sched *sched, const struct sched_entity *entity)
{
	u32 home = entity->lp;
	u32 node = entity->node != SCHED_NO_NODE ? entity->node : sched->lps[home].node;
	const struct sched_set *near = &sched->node_lps[node];
	const struct sched_set *set;
	bool stay;
	u32 lp;

	if (entity->set == SCHED_PINNED)
		return sched_set_has(&sched->idle, entity->pin) ? entity->pin : SCHED_NO_LP;
	set = &sched->sets[entity->set].lps;
	/* Where it was last, then where a whole core is free; its node before others. */
	stay = sched_set_has(set, home) && sched_set_has(near, home);
	if (stay && sched_set_has(&sched->idle_cores, home))
		return home;
	lp = first_of(sched, &sched->idle_cores, set, near);
	if (lp == SCHED_NO_LP && stay && sched_set_has(&sched->idle, home))
		return home;
	if (lp == SCHED_NO_LP)
		lp = first_of(sched, &sched->idle, set, near);
	if (lp == SCHED_NO_LP)
		lp = first_of(sched, &sched->idle_cores, set, set);
	return lp == SCHED_NO_LP ? first_of(sched, &sched->idle, set, set) : lp;
}

u32 sched_find_swap(struct sched *sched, u32 index, const struct sched_entity *entity)
{
	const struct sched_lp *here = &sched->lps[index];
	u32 lp = sched->swap_probe;

	for (u32 i = 0; i < PROBES; i++) {
		const struct sched_lp *there;
		const struct sched_entity *other;

		lp = sched->swap_probe = next_of(sched, &sched->node_lps[entity->node], lp);
		there = &sched->lps[lp];
		other = there->running;
		if (other && other->node == here->node && sched_allowed(sched, other, index) &&
			sched_allowed(sched, entity, lp) && !there->claimed &&
			!there->ready[SCHED_WEIGHT].count)
			return lp;
	}
	return SCHED_NO_LP;
}

u32 sched_home(const struct sched *sched, const struct sched_entity *entity)
{
	u32 best = sched_find_idle(sched, entity);
	u32 lp = entity->lp;

	if (entity->set == SCHED_PINNED)
		return entity->pin;
	for (u32 i = 0; i < PROBES && best == SCHED_NO_LP; i++) {
		lp = next_of(sched, &sched->sets[entity->set].lps, lp);
		if (best == SCHED_NO_LP || sched->lps[lp].load < sched->lps[best].load)
			best = lp;
	}
	return best;
}

/* ---- Who must look ---- */

static u32 claim(struct sched *sched, u32 index, u32 set)
{
	if (index == SCHED_NO_LP)
		return index;
	sched->lps[index].claimed = true;
	sched->lps[index].claimed_set = set;
	if (set != SCHED_PINNED)
		sched->sets[set].claims++;
	sched_note(sched, index);
	return index;
}

void sched_claim_for(struct sched *sched, u32 lp, const struct sched_entity *entity)
{
	claim(sched, lp, entity->set);
}

/* An LP that idles for those who wait for a set, if possible near one of them. */
static u32 idle_for(const struct sched *sched, const struct sched_affinity *set)
{
	for (u32 node = 0; sched->node_count > 1 && node < sched->node_count; node++) {
		u32 lp = set->waiting[SCHED_WEIGHT][node].root
				 ? first_of(sched, &sched->idle, &set->lps, &sched->node_lps[node])
				 : SCHED_NO_LP;

		if (lp != SCHED_NO_LP)
			return lp;
	}
	return first_of(sched, &sched->idle, &set->lps, &set->lps);
}

/* The LP would run on for ever: its slice begins now. */
static u32 begin_slice(struct sched *sched, u32 index, u64 now)
{
	if (index == SCHED_NO_LP)
		return index;
	sched->lps[index].slice_end = MAX(now + sched->slice, 1);
	sched_note(sched, index);
	return index;
}

void sched_call(struct sched *sched, const struct sched_entity *entity, u64 now)
{
	struct sched_lp *lp = &sched->lps[entity->lp];

	if (entity->set != SCHED_PINNED || lp->claimed || (lp->running && lp->slice_end))
		return;
	if (lp->running)
		begin_slice(sched, entity->lp, now);
	sched_kick(sched, entity->lp);
}

u32 sched_claim_slow(struct sched *sched, u64 now)
{
	u32 lp = SCHED_NO_LP;

	for (u64 sets = sched->waiting; sets && lp == SCHED_NO_LP; sets &= sets - 1) {
		u32 index = (u32)__builtin_ctzll(sets);
		const struct sched_affinity *set = &sched->sets[index];

		if (set->claims < set->ready)
			lp = claim(sched, idle_for(sched, set), index);
	}
	if (lp != SCHED_NO_LP)
		return lp;
	lp = first_of(sched, &sched->kicks, &sched->kicks, &sched->kicks);
	if (lp != SCHED_NO_LP) {
		sched_set_drop(&sched->kicks, lp);
		return lp;
	}
	sched->kicked = false;
	for (u64 sets = sched->waiting; sets && lp == SCHED_NO_LP; sets &= sets - 1) {
		const struct sched_set *set = &sched->sets[__builtin_ctzll(sets)].lps;

		lp = begin_slice(sched, first_of(sched, &sched->endless, set, set), now);
	}
	return lp;
}

/* ---- Waking ---- */

/* The tag at which the LP's entity will have had its request. */
static u64 deadline_of(const struct sched *sched, const struct sched_lp *lp)
{
	const struct sched_entity *entity = lp->running;
	u64 start = entity->start[SCHED_WEIGHT], deadline = entity->deadline[SCHED_WEIGHT];

	if (!sched_before(start, deadline))
		deadline = start + sched_tag(sched->slice, entity->rate[SCHED_WEIGHT]);
	return deadline + lp->base;
}

/* How much later the LP's entity could be served than the one that woke; negative: not later. */
static s64 advantage(
	const struct sched *sched, const struct sched_entity *entity, u32 index, u64 now)
{
	const struct sched_lp *home = &sched->lps[entity->lp];
	const struct sched_lp *lp = &sched->lps[index];
	u64 start = entity->start[SCHED_WEIGHT] + home->base;
	u64 margin = lp == home ? sched->slice / 8 : sched->move_near;
	u64 reach;

	sched_steps++;
	if (!lp->running || lp->preempt || lp->prompt_end)
		return -1;
	/* A root VP that was alone until now keeps the LP for a slice. */
	if (lp->running->bound_lp != SCHED_NO_LP && !lp->slice_end)
		return -1;
	if (entity->rate[SCHED_RESERVE] && !sched_before(now, entity->start[SCHED_RESERVE]))
		return lp->kind == SCHED_WEIGHT ? 1ll << 62 : -1;
	reach = sched_before(lp->clock + lp->base, sched->clock) ? sched->clock
								 : lp->clock + lp->base;
	reach += sched_pace(sched, lp, sched->slice);
	if (lp->kind == SCHED_RESERVE || sched_before(reach, start))
		return -1;
	return (s64)(deadline_of(sched, lp) - entity->deadline[SCHED_WEIGHT] - home->base -
		     sched_tag(margin, entity->rate[SCHED_WEIGHT]));
}

/* The LP whose entity should give its place, of home and a few others; SCHED_NO_LP: none. */
static u32 find_victim(struct sched *sched, const struct sched_entity *entity, u64 now)
{
	u32 lp = entity->lp;
	s64 most = advantage(sched, entity, lp, now);
	u32 best = most > 0 ? lp : SCHED_NO_LP;

	for (u32 i = 0; i < PROBES && entity->set != SCHED_PINNED; i++) {
		s64 found;

		lp = next_of(sched, &sched->sets[entity->set].lps, lp);
		if (lp == entity->lp)
			break;
		sched_charge(sched, lp, now);
		found = advantage(sched, entity, lp, now);
		if (found > MAX(most, 0)) {
			most = found;
			best = lp;
		}
	}
	return best;
}

void sched_push(struct sched *sched, const struct sched_entity *entity, u64 now)
{
	u32 lp = find_victim(sched, entity, now);

	if (lp == SCHED_NO_LP)
		return;
	sched->lps[lp].preempt = true;
	sched_kick(sched, lp);
}

static u32 place(struct sched *sched, struct sched_entity *entity, u64 now)
{
	struct sched_lp *home = &sched->lps[entity->lp];
	u32 lp = sched_find_idle(sched, entity);

	if (lp != SCHED_NO_LP)
		return claim(sched, lp, entity->set);
	lp = find_victim(sched, entity, now);
	if (lp != SCHED_NO_LP) {
		sched->lps[lp].preempt = true;
		return lp;
	}
	if (home->running && !home->slice_end)
		return begin_slice(sched, entity->lp, now);
	return SCHED_NO_LP;
}

/* A root VP goes first if its LP's budget for that is not used up. */
static bool be_prompt(struct sched *sched, struct sched_entity *entity, u64 now)
{
	struct sched_lp *lp = &sched->lps[entity->lp];

	if (entity->bound_lp == SCHED_NO_LP || entity->state != SCHED_READY ||
		lp->alone == entity ||
		sched_budget_level(&lp->promptness, now) < lp->promptness.chunk)
		return false;
	lp->prompt = entity;
	lp->preempt = true;
	return true;
}

u32 sched_wake(struct sched *sched, struct sched_entity *entity, u64 now)
{
	if (entity->state == SCHED_READY && be_prompt(sched, entity, now))
		return entity->lp;
	if (entity->state != SCHED_BLOCKED)
		return SCHED_NO_LP;
	entity->ready_since = entity->waits_since = now;
	entity->woken = true;
	entity->preempted = false;
	if (sched_wake_alone(sched, entity))
		return entity->lp;
	if (!sched_allowed(sched, entity, entity->lp))
		sched_move(sched, entity, sched_home(sched, entity));
	if (sched->lps[entity->lp].alone)
		sched_join(sched, entity->lp, now);
	sched_charge(sched, entity->lp, now);
	sched_align(sched, &sched->lps[entity->lp]);
	sched_limit_lag(sched, entity, 1, now);
	sched_make_ready(sched, entity, now);
	if (entity->state == SCHED_CAPPED || be_prompt(sched, entity, now))
		return entity->lp;
	return place(sched, entity, now);
}
