/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Plain round robin: one queue over all LPs, first in first out, slices of equal length. A root VP
 * goes first when it is woken. Weights, reserves and caps are not known; affinity is obeyed by
 * passing over those that may not run here.
 */
#include "tests/sim/sim.h"

#include <string.h>

#define RR_SLICE_NS (10 * MS)

static struct vp *head, *tail;
static u32 length;
static struct {
	struct vp *running, *bound;
	bool bound_first, claimed;
	u64 end; /* 0: none */
} lps[SCHED_MAX_LPS];

static void init(struct world *w)
{
	(void)w;
	memset(lps, 0, sizeof(lps));
	head = tail = NULL;
	length = 0;
}

static void add(struct world *w, struct vp *vp)
{
	(void)w;
	if (vp->bound != SCHED_NO_LP)
		lps[vp->bound].bound = vp;
}

static bool allowed(const struct vp *vp, u32 lp)
{
	return !vp->limited || sched_set_has(&vp->lps, lp);
}

static void push(struct vp *vp)
{
	vp->next = NULL;
	vp->previous = tail;
	*(tail ? &tail->next : &head) = vp;
	tail = vp;
	vp->queued = true;
	length++;
}

static void take(struct vp *vp)
{
	*(vp->previous ? &vp->previous->next : &head) = vp->next;
	*(vp->next ? &vp->next->previous : &tail) = vp->previous;
	vp->queued = false;
	length--;
}

static bool waits_here(u32 lp)
{
	return head || (lps[lp].bound && lps[lp].bound->queued);
}

static u32 claim(struct world *w)
{
	if (!head)
		return SCHED_NO_LP;
	for (u32 lp = 0; lp < w->lp_count; lp++) {
		policy_steps++;
		if (!lps[lp].running && !lps[lp].claimed && allowed(head, lp)) {
			lps[lp].claimed = true;
			return lp;
		}
	}
	for (u32 lp = 0; lp < w->lp_count; lp++) {
		policy_steps++;
		if (lps[lp].running && !lps[lp].end) {
			lps[lp].end = w->now + RR_SLICE_NS;
			return lp;
		}
	}
	return SCHED_NO_LP;
}

static u32 wake(struct world *w, struct vp *vp)
{
	if (vp->bound != SCHED_NO_LP) {
		lps[vp->bound].bound_first = true;
		vp->queued = true;
		return vp->bound;
	}
	push(vp);
	if (!lps[vp->lp].running && !lps[vp->lp].claimed && allowed(vp, vp->lp)) {
		lps[vp->lp].claimed = true;
		return vp->lp;
	}
	return claim(w);
}

static void block(struct world *w, struct vp *vp)
{
	(void)w;
	lps[vp->lp].running = NULL;
	lps[vp->lp].end = 0;
}

static bool must_pick(struct world *w, u32 lp)
{
	return !lps[lp].running || lps[lp].bound_first || (lps[lp].end && w->now >= lps[lp].end);
}

static struct vp *first_for(u32 lp)
{
	struct vp *vp = head;

	for (; vp && !allowed(vp, lp); vp = vp->next)
		policy_steps++;
	return vp;
}

static struct vp *pick(struct world *w, u32 lp)
{
	struct vp *last = lps[lp].running, *bound = lps[lp].bound, *next;

	if (last && last != bound)
		push(last);
	else if (last)
		bound->queued = true;
	next = first_for(lp);
	if (bound && bound->queued && (lps[lp].bound_first || last != bound || !next)) {
		bound->queued = false;
		next = bound;
	} else if (next) {
		take(next);
	}
	lps[lp].bound_first = lps[lp].claimed = false;
	lps[lp].running = next;
	lps[lp].end = next && waits_here(lp) ? w->now + RR_SLICE_NS : 0;
	return next;
}

static u64 deadline(struct world *w, u32 lp)
{
	(void)w;
	return lps[lp].end ? lps[lp].end : NEVER;
}

static void yield(struct world *w, u32 lp)
{
	if (waits_here(lp))
		lps[lp].end = w->now;
}

const struct policy policy_round_robin = {
	"round robin", init, add, wake, block, must_pick, pick, claim, deadline, yield};
