/* SPDX-License-Identifier: BSD-2-Clause */
/* What virtual processors do. */
#include "tests/sim/sim.h"

#define SPIN_NS	     20000  /* before a guest says that it has spun for long */
#define HOLD_NS	     200000 /* a lock */
#define STEAL_MARGIN 20000
#define STEAL_SLEEP  5000
#define SLEEP_EVERY  8 /* tasks */

/* Around `mean`, from nothing to three times that. */
static u64 about(u64 mean)
{
	u64 sum = world_random(mean) + world_random(mean);

	return 1 + (world_random(4) ? sum : sum + world_random(mean));
}

struct program sim_programs[MAX_PROGRAMS];

/* The idle worker that wants a task first gets the next one. False: the VP waits for the worker. */
static bool take_task(struct vp *vp, u64 *sleep)
{
	struct program *program = &sim_programs[vp->partition];
	u32 first = 0;
	u64 wake;

	vp->has_task = program->begun < program->tasks;
	/* By its number, so that all programs have the same to do. */
	vp->left = vp->run * (3 + program->begun % 3) / 4;
	*sleep = NEVER;
	if (!vp->has_task)
		return false;
	for (u32 i = 1; i < program->idle; i++)
		if (program->wakes[i] < program->wakes[first])
			first = i;
	wake = program->wakes[first];
	program->wakes[first] = program->wakes[--program->idle];
	program->begun++;
	*sleep = wake > world.now ? wake - world.now : 0;
	return !*sleep;
}

static bool next_of_tasks(struct vp *vp, u64 *sleep)
{
	struct program *program = &sim_programs[vp->partition];

	if (vp->has_task) {
		bool sleeps = program->done % SLEEP_EVERY == 0;

		if (++program->done == program->tasks)
			program->finished = world.now;
		program->wakes[program->idle++] = world.now + (sleeps ? about(vp->sleep) : 0);
	}
	return take_task(vp, sleep);
}

void workload_begin(struct vp *vp)
{
	u64 sleep;

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
	case TASKED:
		take_task(vp, &sleep);
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
	case TASKED:
		return next_of_tasks(vp, sleep);
	default:
		vp->left = about(vp->run);
		*sleep = about(vp->sleep);
		return false;
	}
}
