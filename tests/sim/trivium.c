/* SPDX-License-Identifier: BSD-2-Clause */
/* The hypervisor's own scheduler, compiled from core/scheduler. */
#include "tests/sim/sim.h"

#include <string.h>

struct sched sim_sched;
struct sched_group sim_groups[8];
static struct sched_partition partitions[MAX_PARTITIONS];

static void init(struct world *w)
{
	memset(partitions, 0, sizeof(partitions));
	memset(sim_groups, 0, sizeof(sim_groups));
	sched_init(&sim_sched, w->lp_count, SLICE_NS);
	for (u32 i = 0; i < w->lp_count; i++)
		sched_place_lp(&sim_sched, i, w->node_of[i], i - i % w->threads);
}

static void add(struct world *w, struct vp *vp)
{
	struct sched_params params = {vp->weight, vp->reserve, vp->cap};

	sched_entity_init(&vp->entity, vp->bound);
	if (vp->bound == SCHED_NO_LP)
		vp->entity.lp = vp->lp;
	sched_set_partition(&vp->entity, &partitions[vp->partition]);
	if (sched_set_params(&sim_sched, &vp->entity, &params, w->now) != SCHED_OK)
		fail("VP %u is not admitted", vp->index);
	if (vp->limited && sched_set_affinity(&sim_sched, &vp->entity, &vp->lps, w->now))
		fail("VP %u: no such affinity", vp->index);
	if (vp->node != SCHED_NO_NODE)
		sched_set_node(&sim_sched, &vp->entity, vp->node, w->now);
	if (vp->group)
		sched_set_group(&sim_sched, &vp->entity, &sim_groups[vp->group], w->now);
}

static u32 wake(struct world *w, struct vp *vp)
{
	return sched_wake(&sim_sched, &vp->entity, w->now);
}

static void block(struct world *w, struct vp *vp)
{
	sched_block(&sim_sched, &vp->entity, w->now);
}

static bool must_pick(struct world *w, u32 lp)
{
	return sched_must_pick(&sim_sched, lp, w->now);
}

static struct vp *pick(struct world *w, u32 lp)
{
	struct sched_entity *next = sched_pick(&sim_sched, lp, w->now);

	return next ? CONTAINER_OF(next, struct vp, entity) : NULL;
}

static u32 claim(struct world *w)
{
	return sched_claim(&sim_sched, w->now);
}

static u64 deadline(struct world *w, u32 lp)
{
	(void)w;
	return sched_slice_end(&sim_sched, lp);
}

static void yield(struct world *w, u32 lp)
{
	sched_give_way(&sim_sched, lp, w->now);
}

const struct policy policy_trivium = {
	"trivium", init, add, wake, block, must_pick, pick, claim, deadline, yield};
