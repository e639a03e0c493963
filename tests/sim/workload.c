/* SPDX-License-Identifier: BSD-2-Clause */
/* What virtual processors do. */
#include "tests/sim/sim.h"

#define SPIN_NS	     20000  /* before a guest says that it has spun for long */
#define HOLD_NS	     200000 /* a lock */
#define STEAL_MARGIN 20000
#define STEAL_SLEEP  5000

/* Around `mean`, from nothing to three times that. */
static u64 about(u64 mean)
{
	u64 sum = world_random(mean) + world_random(mean);

	return 1 + (world_random(4) ? sum : sum + world_random(mean));
}

void workload_begin(struct vp *vp)
{
	vp->left = vp->run;
	switch (vp->workload) {
	case BUSY:
		vp->left = NEVER;
		break;
	case BURSTY:
	case INTERACTIVE:
	case STORMING:
	case LOCKING:
		vp->left = about(vp->run);
		break;
	case STEALING:
		vp->left = SLICE_NS / 2;
		break;
	default:
		break;
	}
}

/* It computed, or held the lock, or spun for it. */
static void next_of_locking(struct vp *vp)
{
	struct lock *lock = &world.locks[vp->partition];

	if (vp->holds) {
		vp->holds = false;
		lock->holder = NULL;
		vp->left = about(vp->run);
		return;
	}
	if (!lock->holder) {
		lock->holder = vp;
		vp->holds = true;
		vp->spins = false;
		vp->left = HOLD_NS;
		return;
	}
	if (vp->spins)
		world.policy->yield(&world, vp->lp);
	vp->spins = true;
	vp->left = SPIN_NS;
}

static bool next_of_tasks(struct vp *vp, u64 *sleep)
{
	vp->left = about(vp->run);
	*sleep = about(vp->sleep);
	if (vp->progress < vp->work)
		return vp->sleep == 0;
	vp->finished = MIN(vp->finished, world.now);
	*sleep = NEVER;
	return false;
}

bool workload_next(struct vp *vp, u64 *sleep)
{
	u64 end;

	switch (vp->workload) {
	case BUSY:
		vp->left = NEVER;
		return true;
	case PERIODIC:
		vp->left = vp->run;
		*sleep = vp->sleep - world.now % vp->sleep;
		return false;
	case LOCKING:
		next_of_locking(vp);
		return true;
	case STEALING:
		/* Up to just before somebody might charge or preempt it, then away for a moment. */
		end = world.policy->deadline(&world, vp->lp);
		vp->left = MS;
		if (end != NEVER && end > world.now + 2 * STEAL_MARGIN) {
			vp->left = end - world.now - STEAL_MARGIN;
			return true;
		}
		*sleep = STEAL_SLEEP;
		return false;
	case STORMING:
		vp->left = about(vp->run);
		*sleep = NEVER;
		return false;
	case TASKS:
		return next_of_tasks(vp, sleep);
	default:
		vp->left = about(vp->run);
		*sleep = about(vp->sleep);
		return false;
	}
}
