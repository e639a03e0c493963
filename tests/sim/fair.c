/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A model of a proportional-share scheduler with a queue for each LP, as Linux has it, after the
 * published descriptions (CFS, and EEVDF as the choice within a queue). The eligible VP with the
 * earliest virtual deadline runs; its lag is kept while it sleeps or moves. Slices end at timer
 * ticks. A waking VP stays where it was, or goes to an idle LP of the node. An LP that becomes idle
 * pulls from the busiest of its node, then from others; every LP also balances now and then by
 * load, and leaves differences of an eighth alone. A cap is a quota for each period of 100 ms.
 * There are no reserves.
 */
#include "tests/sim/sim.h"

#include <string.h>

#define TICK	    MS
#define FAIR_SLICE  (3 * MS)
#define NEAR_PERIOD (8 * MS)
#define FAR_PERIOD  (64 * MS)
#define CAP_PERIOD  (100 * MS)

struct queue {
	struct vp *running;
	struct sched_tree ready; /* by virtual run time and deadline; nodes: entity.local[0] */
	struct sched_tree throttled;
	u64 load, clock, since, end;
	u64 near_at, far_at;
	bool preempt;
};

static struct queue queues[SCHED_MAX_LPS];

static void init(struct world *w)
{
	memset(queues, 0, sizeof(queues));
	for (u32 i = 0; i < w->lp_count; i++) {
		queues[i].near_at = world_random(NEAR_PERIOD);
		queues[i].far_at = world_random(FAR_PERIOD);
	}
}

static void add(struct world *w, struct vp *vp)
{
	if (vp->bound != SCHED_NO_LP)
		vp->lp = vp->bound;
	while (vp->limited && !sched_set_has(&vp->lps, vp->lp))
		vp->lp = (vp->lp + 1) % w->lp_count;
	vp->queue = vp->lp;
	vp->stamp = w->now;
	vp->quota = (s64)(CAP_PERIOD * vp->cap / SCHED_WHOLE_LP);
}

static bool allowed(const struct vp *vp, u32 lp)
{
	if (vp->bound != SCHED_NO_LP)
		return vp->bound == lp;
	return !vp->limited || sched_set_has(&vp->lps, lp);
}

static u64 tag(u64 ns, u64 weight)
{
	return (ns << 16) / weight;
}

static void insert(struct sched_tree *tree, struct vp *vp, u64 key, u64 at)
{
	vp->entity.local[0].entity = &vp->entity;
	vp->entity.local[0].key = key;
	vp->entity.local[0].deadline = at;
	sched_tree_insert(tree, &vp->entity.local[0]);
}

static struct vp *vp_of(struct sched_node *node)
{
	return node ? CONTAINER_OF(node->entity, struct vp, entity) : NULL;
}

static void charge(struct world *w, u32 lp)
{
	struct queue *queue = &queues[lp];
	u64 passed = w->now - queue->since;

	queue->since = w->now;
	if (!queue->running)
		return;
	queue->running->start += tag(passed, queue->running->weight);
	queue->running->quota -= (s64)passed;
	queue->clock += tag(passed, MAX(queue->load, 1));
}

/* `credit` keeps the lag of who is in no queue, in ns * weight. */
static void join(struct world *w, struct vp *vp, u32 lp)
{
	struct queue *queue = &queues[lp];
	s64 lag = vp->credit, most = (s64)tag(FAIR_SLICE, vp->weight);

	charge(w, lp);
	lag = MAX(MIN(lag, most), -most);
	vp->queue = lp;
	vp->start = queue->clock - (u64)lag;
	vp->deadline = vp->start + tag(FAIR_SLICE, vp->weight);
	queue->load += vp->weight;
	insert(&queue->ready, vp, vp->start, vp->deadline);
	vp->queued = true;
}

static void part(struct world *w, struct vp *vp)
{
	struct queue *queue = &queues[vp->queue];

	charge(w, vp->queue);
	if (vp->queued)
		sched_tree_remove(&queue->ready, &vp->entity.local[0]);
	vp->queued = false;
	queue->load -= vp->weight;
	vp->credit = (s64)(queue->clock - vp->start);
}

static bool idle(u32 lp)
{
	return !queues[lp].running && !queues[lp].ready.count;
}

static u32 target(struct world *w, const struct vp *vp)
{
	if (allowed(vp, vp->lp) && idle(vp->lp))
		return vp->lp;
	for (u32 lp = 0; lp < w->lp_count; lp++) {
		policy_steps++;
		if (w->node_of[lp] == w->node_of[vp->lp] && idle(lp) && allowed(vp, lp))
			return lp;
	}
	return allowed(vp, vp->lp) ? vp->lp : vp->queue;
}

static bool out_of_quota(struct world *w, struct vp *vp)
{
	if (vp->cap >= SCHED_WHOLE_LP)
		return false;
	while (w->now >= vp->stamp + CAP_PERIOD) {
		vp->stamp += CAP_PERIOD;
		vp->quota = (s64)(CAP_PERIOD * vp->cap / SCHED_WHOLE_LP) + MIN(vp->quota, 0);
	}
	return vp->quota <= 0;
}

static u32 wake(struct world *w, struct vp *vp)
{
	u32 lp = target(w, vp);
	struct queue *queue = &queues[lp];
	const struct vp *running = queue->running;

	if (out_of_quota(w, vp)) {
		vp->queue = lp;
		insert(&queue->throttled, vp, vp->stamp + CAP_PERIOD, 0);
		vp->throttled = true;
		return lp;
	}
	join(w, vp, lp);
	if (running && !sched_before(queue->clock, vp->start) &&
		sched_before(vp->deadline, running->deadline))
		queue->preempt = true;
	if (!running || queue->preempt || !queue->end)
		return lp;
	return SCHED_NO_LP;
}

static void block(struct world *w, struct vp *vp)
{
	part(w, vp);
	queues[vp->queue].running = NULL;
}

static bool must_pick(struct world *w, u32 lp)
{
	const struct queue *queue = &queues[lp];

	return !queue->running || queue->preempt || (queue->end && w->now >= queue->end);
}

/* The busiest LP whose load is worth a look, of the node or of all. */
static u32 busiest(struct world *w, u32 lp, bool far)
{
	u32 best = SCHED_NO_LP;

	for (u32 i = 0; i < w->lp_count; i++) {
		policy_steps++;
		if (i == lp || !queues[i].ready.count || (!far && w->node_of[i] != w->node_of[lp]))
			continue;
		if (best == SCHED_NO_LP || queues[i].load > queues[best].load)
			best = i;
	}
	return best;
}

static bool pull(struct world *w, u32 lp, u32 from, u64 most)
{
	struct sched_node *node = sched_tree_first(&queues[from].ready);
	struct vp *vp = vp_of(node);

	policy_steps++;
	if (!vp || !allowed(vp, lp) || vp->weight / 2 > most)
		return false;
	part(w, vp);
	join(w, vp, lp);
	return true;
}

static void balance(struct world *w, u32 lp, bool far)
{
	u32 from = busiest(w, lp, far);
	u64 high, low = queues[lp].load;

	if (from == SCHED_NO_LP)
		return;
	high = queues[from].load;
	if (high * 8 > low * 9)
		pull(w, lp, from, (high - low) / 2);
}

static void unthrottle(struct world *w, u32 lp)
{
	struct sched_node *node;

	while ((node = sched_tree_first(&queues[lp].throttled)) && node->key <= w->now) {
		struct vp *vp = vp_of(node);

		sched_tree_remove(&queues[lp].throttled, node);
		vp->throttled = false;
		out_of_quota(w, vp);
		join(w, vp, lp);
	}
}

static void put_back(struct world *w, struct vp *vp, u32 lp)
{
	if (!sched_before(vp->start, vp->deadline))
		vp->deadline = vp->start + tag(FAIR_SLICE, vp->weight);
	if (out_of_quota(w, vp)) {
		part(w, vp);
		insert(&queues[lp].throttled, vp, vp->stamp + CAP_PERIOD, 0);
		vp->throttled = true;
		return;
	}
	insert(&queues[lp].ready, vp, vp->start, vp->deadline);
	vp->queued = true;
}

/* Who sleeps with lag takes it along; so the clock is set to where the rest can go on. */
static struct sched_node *choose(struct queue *queue)
{
	struct sched_node *node = sched_tree_earliest(&queue->ready, queue->clock);

	if (node || !queue->ready.root)
		return node;
	queue->clock = sched_tree_first(&queue->ready)->key;
	return sched_tree_earliest(&queue->ready, queue->clock);
}

static u64 next_tick(struct world *w, u32 lp, u64 run)
{
	/* The first tick at which the slice has been used up. */
	u64 phase = lp * (TICK / 16) % TICK;

	return (w->now + MAX(run, 1) - phase + TICK - 1) / TICK * TICK + phase;
}

static void set_end(struct world *w, u32 lp, struct vp *vp)
{
	struct queue *queue = &queues[lp];
	u64 run = ((vp->deadline - vp->start) * vp->weight) >> 16;

	queue->end = queue->ready.count ? next_tick(w, lp, run) : 0;
	/* The quota is enforced when it is used up, the balancing needs a tick now and then. */
	if (vp->cap < SCHED_WHOLE_LP)
		queue->end = MIN(queue->end ? queue->end : NEVER, w->now + (u64)MAX(vp->quota, 1));
	queue->end = MIN(queue->end ? queue->end : NEVER, MAX(queue->near_at, w->now + TICK));
}

static struct vp *pick(struct world *w, u32 lp)
{
	struct queue *queue = &queues[lp];
	struct vp *last = queue->running, *next;
	struct sched_node *node;

	charge(w, lp);
	queue->running = NULL;
	queue->preempt = false;
	queue->end = 0;
	if (last)
		put_back(w, last, lp);
	unthrottle(w, lp);
	if (w->now >= queue->near_at) {
		balance(w, lp, false);
		queue->near_at = w->now + NEAR_PERIOD;
	}
	if (w->now >= queue->far_at) {
		balance(w, lp, true);
		queue->far_at = w->now + FAR_PERIOD;
	}
	for (u32 far = 0; far < 2 && !queue->ready.count; far++) {
		u32 from = busiest(w, lp, far);

		if (from != SCHED_NO_LP)
			pull(w, lp, from, NEVER);
	}
	node = choose(queue);
	next = vp_of(node);
	if (!next)
		return NULL;
	sched_tree_remove(&queue->ready, node);
	next->queued = false;
	queue->running = next;
	queue->since = w->now;
	set_end(w, lp, next);
	return next;
}

static u32 claim(struct world *w)
{
	(void)w;
	return SCHED_NO_LP;
}

static u64 deadline(struct world *w, u32 lp)
{
	const struct queue *queue = &queues[lp];
	struct sched_node *node = sched_tree_first(&queue->throttled);
	u64 end = queue->end ? queue->end : NEVER;

	/* Idle LPs look around at the period of far balancing. */
	if (!queue->running)
		end = w->now + NEAR_PERIOD;
	return node ? MIN(end, node->key) : end;
}

static void yield(struct world *w, u32 lp)
{
	struct queue *queue = &queues[lp];

	charge(w, lp);
	if (!queue->ready.count)
		return;
	queue->running->deadline += tag(FAIR_SLICE, queue->running->weight);
	queue->end = w->now;
}

const struct policy policy_fair = {
	"fair model", init, add, wake, block, must_pick, pick, claim, deadline, yield};
