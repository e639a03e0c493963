/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which virtual processor runs where. Pure policy: no clock, no interrupts, no locks, no knowledge
 * of VPs; it moves `struct sched_entity` between queues and says what must happen as data ("LP n
 * must look at its work"). The caller serializes all calls on one `struct sched`.
 *
 * What is promised
 *   weight   shares of what is left after reserves, in proportion, over all LPs that an entity may
 *            use and up to one whole LP; exact to a hundredth over a second
 *   reserve  a part of an LP whenever the entity can run, on top of which it shares by weight
 *   cap      never more than cap * t + one slice in any interval of length t; a group likewise,
 *            with one slice for each whole LP of its cap
 *   work     no LP idles while somebody waits who may run there, but for caps and shared cores
 *
 * The accounting model
 *   Time is charged by exact time stamps to the entity that ran. Each stretch of time is paid once:
 *   from the reserve, or by weight. Both are tags: `start` is the time at which what the entity has
 *   had so far would have been due, and running for t moves it by t / rate. `deadline` is the start
 *   at which the present request, one slice, will have been served. Who is behind (start not after
 *   the clock) may run; the earliest deadline goes first. So nobody gets far ahead, and who is
 *   behind is next (earliest eligible virtual deadline first).
 *     RESERVE  rate = reserve, the clock is real time. Goes before all WEIGHT.
 *     WEIGHT   rate = weight, the clock is the virtual time of the LP, which advances by t / load.
 *   Who sleeps keeps its tags; on waking it is at most one slice behind the clock, and asks for a
 *   quarter of a slice first. So unused time improves the place of a waking entity (it may
 *   preempt), and does so once. Caps are budgets (budget.h): time is granted before it is used.
 *
 * Many LPs
 *   Each entity waits at one LP, in time of that LP; so shares are exact also among those that are
 *   pinned to one. Entities that may run elsewhere wait in the tree of their affinity set and NUMA
 *   node too, with tags made comparable by `base` of their LP. An LP takes from there whoever has a
 *   deadline that is earlier than that of its own best by more than a move is worth, and who has to
 *   leave an LP looks for another with a later deadline. That keeps the clocks of LPs that share
 *   work together, and it is all there is of load balancing. LPs that share no work may have any
 *   clocks; the base forgives the difference.
 *
 * Root VPs are bound to their LP. When woken they go first, paid by weight like everything, as long
 * as a budget of half the LP allows; beyond it they wait their turn, so they starve nobody.
 *
 * Cores: of type SCHED_CORE, each core has an owner, and its other LPs run the owner's VPs or
 * nothing. Ownership changes when a turn of one slice is over; who had it leaves first.
 *
 * Invariants (tests/sim checks them): an entity is in trees if and only if its state says so;
 * `load` is the sum of the weights; a claimed LP idles or
 *   has somebody who must leave; the sets of LPs are what the LPs are.
 *
 * Most wakes come to an LP that idles, and nobody waits: these take a short way, see alone.c.
 *
 * Files. tree.c, budget.c: structures. clock.c: tags. queue.c: who waits where. pick.c: who is
 * next. wake.c: where a waking entity goes, idle LPs. alone.c: the short way. core.c: threads of a
 * core. entity.c: what is set.
 */
#ifndef CORE_SCHEDULER_SCHEDULER_H
#define CORE_SCHEDULER_SCHEDULER_H

#include "core/scheduler/state.h"

/* One NUMA node, each LP a core of its own, type SCHED_CLASSIC. */
void sched_init(struct sched *sched, u32 lp_count, u64 slice);

/* Before anything runs: the LP's node, and the first LP of its core. Call in order of LPs. */
void sched_place_lp(struct sched *sched, u32 lp, u32 node, u32 core);

/* Weight 100, no reserve, no cap, no group, all LPs unless bound; blocked. */
void sched_entity_init(struct sched_entity *entity, u32 bound_lp);
/* Before it is freed, blocked. */
void sched_entity_leave(struct sched *sched, struct sched_entity *entity);
/* Before it is freed; no entity belongs to it any more. */
void sched_partition_leave(struct sched *sched, const struct sched_partition *partition);

/*
 * The entity can run, or has got an interrupt while it waited. Returns the LP that must look at
 * its work now, SCHED_NO_LP if none.
 */
u32 sched_wake(struct sched *sched, struct sched_entity *entity, u64 now);

/* The entity, which is running or waits, cannot run any more. */
void sched_block(struct sched *sched, struct sched_entity *entity, u64 now);

/*
 * The entity that runs on the LP lets others go first, if any wait: a VP of the same partition
 * that was preempted, and so may hold the lock that is waited for, before all others.
 */
void sched_give_way(struct sched *sched, u32 lp, u64 now);

/* True if the LP's choice may change: slice over, or somebody with precedence is ready. */
bool sched_must_pick(const struct sched *sched, u32 lp, u64 now);

/* Puts the running entity (if any) back and chooses the next; NULL = idle. */
struct sched_entity *sched_pick(struct sched *sched, u32 lp, u64 now);

/*
 * If somebody waits: an LP that must look at its work, because it idles or because its VP would
 * run on for ever. To be asked whenever an LP has looked at its work, so that in the end all LPs
 * share it.
 */
u32 sched_claim_slow(struct sched *sched, u64 now);
static inline u32 sched_claim(struct sched *sched, u64 now)
{
	if (__builtin_expect(!sched->waiting && !sched->kicked, 1))
		return SCHED_NO_LP;
	return sched_claim_slow(sched, now);
}

/* How many entities wait at the LP. */
static inline u32 sched_waiting(const struct sched *sched, u32 lp)
{
	return sched->lps[lp].ready[SCHED_WEIGHT].count + (sched->lps[lp].alone != NULL);
}

/* The rank of the entity that runs on the LP. */
static inline enum sched_rank sched_rank(const struct sched *sched, u32 index)
{
	const struct sched_lp *lp = &sched->lps[index];

	if (lp->prompt_end)
		return SCHED_RANK_PROMPT;
	return lp->kind == SCHED_RESERVE ? SCHED_RANK_RESERVE : SCHED_RANK_WEIGHT;
}

/* Time at which sched_must_pick() turns true by itself; ~0 = never. */
u64 sched_slice_end(const struct sched *sched, u32 lp);

/*
 * For entities that somebody else schedules, and that are blocked for us: their statistics. It
 * could run from now on, `woken` or because it had to leave; and it does so, on the LP.
 */
void sched_count_ready(struct sched_entity *entity, bool woken, u64 now);
void sched_count_start(const struct sched *sched, struct sched_entity *entity, u32 lp, u64 now);

/* ---- Settings. Each may change at any time; then the entity's LP must look at its work. ---- */

enum sched_error sched_set_params(struct sched *sched, struct sched_entity *entity,
	const struct sched_params *params, u64 now);
/* Would reserves fit if `released` of the present sum were replaced by `wanted`? */
bool sched_reserve_fits(const struct sched *sched, u64 released, u64 wanted);

enum sched_error sched_set_affinity(
	struct sched *sched, struct sched_entity *entity, const struct sched_set *lps, u64 now);

/* NULL: none. */
void sched_set_group(
	struct sched *sched, struct sched_entity *entity, struct sched_group *group, u64 now);
/*
 * `cap` for all members together, in 1/65536 of an LP; SCHED_UNLIMITED: none. A zeroed group is a
 * new one. The LPs that have to look are what sched_claim() says until it says none.
 */
void sched_set_group_cap(struct sched *sched, struct sched_group *group, u32 cap, u64 now);

/* The node whose memory the entity uses, or SCHED_NO_NODE. */
void sched_set_node(struct sched *sched, struct sched_entity *entity, u32 node, u64 now);

/* Only while it is blocked. */
static inline void sched_set_partition(
	struct sched_entity *entity, struct sched_partition *partition)
{
	entity->partition = partition;
}

/* ---- Sets of LPs ---- */

static inline void sched_set_add(struct sched_set *set, u32 lp)
{
	set->word[lp / 64] |= 1ull << (lp % 64);
}

static inline void sched_set_drop(struct sched_set *set, u32 lp)
{
	set->word[lp / 64] &= ~(1ull << (lp % 64));
}

static inline bool sched_set_has(const struct sched_set *set, u32 lp)
{
	return set->word[lp / 64] >> (lp % 64) & 1;
}

#endif
