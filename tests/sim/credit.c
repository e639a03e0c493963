/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A model of Xen's credit2 scheduler after its published description. A run queue for each node,
 * ordered by credit. Credit burns while a VP runs, faster for lower weights; when the first of the
 * queue has none left, all of the queue get a new helping, and none keeps more than one. A VP runs
 * for a time that depends on how much credit it is ahead, within bounds, and is not preempted in
 * its first millisecond. A waking VP goes to an idle LP, else preempts where the least credit
 * runs; one that runs elsewhere has to be worse by some resistance to migration. A cap is a budget
 * refilled every 10 ms. Run queues are balanced by their average load. There are no reserves.
 */
#include "tests/sim/sim.h"

#include <string.h>

#define CREDIT	   ((s64)(10 * MS))
#define RATE_LIMIT MS
#define RUN_MIN	   (MS / 2)
#define RUN_MAX	   (2 * MS)
#define RESISTANCE ((s64)(MS / 2))
#define CAP_PERIOD (10 * MS)
#define BALANCE	   (20 * MS)
#define WEIGHT_TOP 256

static struct {
	struct vp *head; /* most credit first */
	u32 waiting, present;
	double load;
	u64 load_at, balanced;
} queues[SCHED_MAX_NODES];

static struct {
	struct vp *running;
	u64 end, since;
	bool tickled, claimed;
} lps[SCHED_MAX_LPS];

/* Capped VPs that wait for their next budget; few, so a list does. */
static struct vp *parked;

static void init(struct world *w)
{
	(void)w;
	memset(queues, 0, sizeof(queues));
	memset(lps, 0, sizeof(lps));
	parked = NULL;
}

static void add(struct world *w, struct vp *vp)
{
	vp->credit = CREDIT;
	vp->queue = w->node_of[vp->bound != SCHED_NO_LP ? vp->bound : vp->lp];
	vp->stamp = w->now;
	vp->quota = (s64)(CAP_PERIOD * vp->cap / SCHED_WHOLE_LP);
}

static bool allowed(const struct vp *vp, u32 lp)
{
	if (vp->bound != SCHED_NO_LP)
		return vp->bound == lp;
	return !vp->limited || sched_set_has(&vp->lps, lp);
}

static void note_load(struct world *w, u32 queue, s32 by)
{
	double passed = (double)(w->now - queues[queue].load_at) / (50.0 * MS);
	double keep = passed > 1 ? 0 : 1 - passed;

	queues[queue].load = queues[queue].load * keep + queues[queue].present * (1 - keep);
	queues[queue].load_at = w->now;
	queues[queue].present += (u32)by;
}

static void insert(struct vp *vp)
{
	struct vp **link = &queues[vp->queue].head;

	while (*link && (*link)->credit >= vp->credit) {
		policy_steps++;
		link = &(*link)->next;
	}
	vp->next = *link;
	*link = vp;
	vp->queued = true;
	queues[vp->queue].waiting++;
}

static void take(struct vp *vp)
{
	struct vp **link = &queues[vp->queue].head;

	while (*link != vp) {
		policy_steps++;
		link = &(*link)->next;
	}
	*link = vp->next;
	vp->queued = false;
	queues[vp->queue].waiting--;
}

static void burn(struct world *w, u32 lp)
{
	struct vp *vp = lps[lp].running;
	s64 passed = (s64)(w->now - lps[lp].since);

	lps[lp].since = w->now;
	if (!vp)
		return;
	vp->credit -= passed * WEIGHT_TOP / vp->weight;
	vp->quota -= passed;
}

static void refill(struct vp *vp, u64 now)
{
	while (now >= vp->stamp + CAP_PERIOD) {
		s64 most = (s64)(CAP_PERIOD * vp->cap / SCHED_WHOLE_LP);

		vp->stamp += CAP_PERIOD;
		vp->quota = MIN(vp->quota + most, most);
	}
}

static bool spent(struct world *w, struct vp *vp)
{
	if (vp->cap >= SCHED_WHOLE_LP)
		return false;
	refill(vp, w->now);
	return vp->quota <= 0;
}

static void park(struct vp *vp)
{
	vp->throttled = true;
	vp->next = parked;
	parked = vp;
}

/* A new helping for all, when the first has none. */
static void reset(struct world *w, u32 queue)
{
	for (u32 i = 0; i < w->vp_count; i++) {
		struct vp *vp = &w->vps[i];

		if (vp->queue != queue)
			continue;
		policy_steps++;
		vp->credit = MIN(vp->credit + CREDIT, CREDIT);
	}
}

static u32 tickle(struct world *w, const struct vp *vp)
{
	s64 least = vp->credit;
	u32 victim = SCHED_NO_LP;

	if (allowed(vp, vp->lp) && w->node_of[vp->lp] == vp->queue && !lps[vp->lp].running &&
		!lps[vp->lp].tickled)
		victim = vp->lp;
	for (u32 lp = 0; lp < w->lp_count && victim == SCHED_NO_LP; lp++) {
		policy_steps++;
		if (w->node_of[lp] == vp->queue && allowed(vp, lp) && !lps[lp].running &&
			!lps[lp].tickled)
			victim = lp;
	}
	for (u32 lp = 0; lp < w->lp_count && (victim == SCHED_NO_LP || lps[victim].running); lp++) {
		s64 credit;

		policy_steps++;
		if (w->node_of[lp] != vp->queue || !allowed(vp, lp) || !lps[lp].running ||
			lps[lp].tickled)
			continue;
		burn(w, lp);
		credit = lps[lp].running->credit + (lp == vp->lp ? 0 : RESISTANCE);
		if (credit < least) {
			least = credit;
			victim = lp;
		}
	}
	if (victim != SCHED_NO_LP)
		lps[victim].tickled = true;
	return victim;
}

/* The queue with the least load for its LPs, unless the present one is nearly as good. */
static u32 choose_queue(struct world *w, const struct vp *vp)
{
	u32 best = vp->queue;

	for (u32 i = 0; i < w->node_count; i++) {
		policy_steps++;
		if (queues[i].load + 1 < queues[best].load)
			best = i;
	}
	for (u32 lp = 0; lp < w->lp_count; lp++)
		if (w->node_of[lp] == best && allowed(vp, lp))
			return best;
	return vp->queue;
}

static u32 wake(struct world *w, struct vp *vp)
{
	if (vp->bound == SCHED_NO_LP)
		vp->queue = choose_queue(w, vp);
	note_load(w, vp->queue, 1);
	if (spent(w, vp)) {
		park(vp);
		return vp->lp;
	}
	insert(vp);
	return tickle(w, vp);
}

static void block(struct world *w, struct vp *vp)
{
	burn(w, vp->lp);
	note_load(w, vp->queue, -1);
	lps[vp->lp].running = NULL;
}

static bool must_pick(struct world *w, u32 lp)
{
	if (!lps[lp].running || lps[lp].tickled)
		return true;
	return lps[lp].end && w->now >= lps[lp].end;
}

static void unpark(struct world *w)
{
	struct vp **link = &parked;

	while (*link) {
		struct vp *vp = *link;

		policy_steps++;
		if (spent(w, vp)) {
			link = &vp->next;
			continue;
		}
		*link = vp->next;
		vp->throttled = false;
		insert(vp);
	}
}

/* Takes one from the queue that has the most, if that makes both more equal. */
static void balance(struct world *w, u32 queue)
{
	u32 from = queue;

	if (w->now < queues[queue].balanced + BALANCE)
		return;
	queues[queue].balanced = w->now;
	for (u32 i = 0; i < w->node_count; i++)
		if (queues[i].load > queues[from].load)
			from = i;
	if (queues[from].load < queues[queue].load + 1 || !queues[from].waiting)
		return;
	for (struct vp *vp = queues[from].head; vp; vp = vp->next) {
		policy_steps++;
		if (vp->bound != SCHED_NO_LP || vp->limited)
			continue;
		take(vp);
		note_load(w, from, -1);
		vp->queue = queue;
		note_load(w, queue, 1);
		insert(vp);
		return;
	}
}

static struct vp *best_for(u32 lp, u32 queue)
{
	struct vp *best = NULL;

	for (struct vp *vp = queues[queue].head; vp; vp = vp->next) {
		policy_steps++;
		if (!allowed(vp, lp))
			continue;
		/* One that ran elsewhere has to be better by the resistance. */
		if (!best ||
			(best->lp != lp && vp->lp == lp && vp->credit + RESISTANCE > best->credit))
			best = vp;
		if (best->lp == lp || vp->credit + RESISTANCE < best->credit)
			break;
	}
	return best;
}

static void set_end(struct world *w, u32 lp)
{
	struct vp *vp = lps[lp].running;
	const struct vp *next = queues[vp->queue].head;
	s64 run = next ? (vp->credit - next->credit) * (s64)vp->weight / WEIGHT_TOP : (s64)RUN_MAX;

	run = MIN(MAX(run, (s64)RUN_MIN), (s64)RUN_MAX);
	if (run < (s64)RATE_LIMIT)
		run = (s64)RATE_LIMIT;
	if (vp->cap < SCHED_WHOLE_LP)
		run = MIN(run, MAX(vp->quota, (s64)RUN_MIN / 5));
	lps[lp].end = next || vp->cap < SCHED_WHOLE_LP || parked ? w->now + (u64)run : 0;
}

static struct vp *pick(struct world *w, u32 lp)
{
	struct vp *last = lps[lp].running, *next;
	u32 queue = w->node_of[lp];

	burn(w, lp);
	/* Tickled within the first millisecond: not yet. */
	if (last && w->now < last->since + RATE_LIMIT && !spent(w, last) && lps[lp].tickled) {
		lps[lp].tickled = false;
		lps[lp].end = last->since + RATE_LIMIT;
		return last;
	}
	lps[lp].tickled = false;
	lps[lp].running = NULL;
	if (last) {
		if (spent(w, last))
			park(last);
		else
			insert(last);
	}
	unpark(w);
	balance(w, queue);
	next = best_for(lp, queue);
	for (u32 i = 0; i < w->node_count && !next; i++)
		next = best_for(lp, i);
	lps[lp].end = parked ? w->now + MS : 0;
	if (!next)
		return NULL;
	if (next->credit <= 0)
		reset(w, next->queue);
	take(next);
	if (next->queue != queue) {
		note_load(w, next->queue, -1);
		next->queue = queue;
		note_load(w, queue, 1);
	}
	lps[lp].running = next;
	lps[lp].since = w->now;
	set_end(w, lp);
	return next;
}

static u32 claim(struct world *w)
{
	for (u32 i = 0; i < w->node_count; i++)
		if (queues[i].head)
			for (u32 lp = 0; lp < w->lp_count; lp++) {
				policy_steps++;
				if (!lps[lp].tickled && allowed(queues[i].head, lp) &&
					(!lps[lp].running || !lps[lp].end)) {
					lps[lp].tickled = true;
					return lp;
				}
			}
	return SCHED_NO_LP;
}

static u64 deadline(struct world *w, u32 lp)
{
	(void)w;
	return lps[lp].end ? lps[lp].end : NEVER;
}

static void yield(struct world *w, u32 lp)
{
	/* It goes behind the next in the queue, once. */
	burn(w, lp);
	if (queues[lps[lp].running->queue].head)
		lps[lp].running->credit = MIN(
			lps[lp].running->credit, queues[lps[lp].running->queue].head->credit - 1);
	lps[lp].end = w->now;
}

const struct policy policy_credit = {
	"credit2 model", init, add, wake, block, must_pick, pick, claim, deadline, yield};
