/* SPDX-License-Identifier: BSD-2-Clause */
/* Runs that one seed makes up, of our scheduler, with everything checked at every step. */
#include "tests/sim/sim.h"

#include <stdio.h>
#include <string.h>

u64 properties_decisions;

static u64 between(u64 low, u64 high)
{
	return low + world_random(high - low + 1);
}

/* Small numbers as often as large ones. */
static u64 wide(u64 low, u64 high)
{
	u64 value = low;

	while (value * 2 <= high && world_random(4))
		value *= 2;
	value += world_random(value);
	return MIN(high, value);
}

static u32 part_of_lp(u64 low_percent, u64 high_percent)
{
	return (u32)(between(low_percent, high_percent) * SCHED_WHOLE_LP / 100);
}

/* Most have their memory on one node. */
static u32 some_node(void)
{
	return world_random(4) ? (u32)world_random(world.node_count) : SCHED_NO_NODE;
}

/* ---- Busy VPs: all have what they should, to a hundredth ---- */

static void make_busy(void)
{
	u32 count = (u32)between(1, 6ull * world.lp_count);
	bool equal = world_random(3) == 0, capped = world_random(3) == 0;
	bool reserved = world_random(2), placed = world_random(2);
	double left = world.lp_count * 0.9;

	for (u32 i = 0; i < count; i++) {
		struct vp *vp = world_add(i, BUSY, 0, 0);

		if (placed)
			vp->node = some_node();
		if (!equal)
			vp->weight = (u32)wide(10, 1000);
		if (capped && world_random(3) == 0)
			vp->cap = part_of_lp(5, 95);
		if (reserved && world_random(3) == 0) {
			u32 reserve = part_of_lp(1, 80);

			reserve = MIN(reserve, vp->cap);
			if ((double)reserve / SCHED_WHOLE_LP < left) {
				vp->reserve = reserve;
				left -= (double)reserve / SCHED_WHOLE_LP;
			}
		}
	}
}

/* What may be set in a run decides how exact shares are. */
enum sort { WEIGHTS, RESERVES, CAPS };

/*
 * Weights alone: true to a hundredth, rarely a little more. A reserve is there to a hundredth, and
 * the share on top of it to a tenth. A cap is never exceeded; but who is capped comes and goes, so
 * that more may wait than there are LPs at one time, and less at another: then shares are what is
 * left. docs/scheduler.md has what these bounds are in practice.
 */
static void check_share(const struct vp *vp, double had, double share, enum sort sort)
{
	static const double tolerances[] = {[WEIGHTS] = 0.013, [RESERVES] = 0.1, [CAPS] = 0.2};
	double tolerance = tolerances[sort];
	double reserve = (double)vp->reserve / SCHED_WHOLE_LP;
	double cap = (double)vp->cap / SCHED_WHOLE_LP;

	if (had < share - tolerance || had > share + tolerance || had < reserve - 0.01 ||
		had > cap + 0.01)
		fail("VP %u of weight %u, reserve %.3f, cap %.3f has had %.4f, not %.4f", vp->index,
			vp->weight, reserve, cap, had, share);
}

static enum sort sort_of_run(void)
{
	enum sort sort = WEIGHTS;

	for (u32 i = 0; i < world.vp_count; i++) {
		if (world.vps[i].cap < SCHED_WHOLE_LP)
			return CAPS;
		if (world.vps[i].reserve)
			sort = RESERVES;
	}
	return sort;
}

static void fair_run(bool talk)
{
	static double shares[MAX_VPS];
	double worst = 0;

	make_busy();
	world_start(5 * MS);
	world_run(1500 * MS);
	world_mark();
	world_run(2500 * MS);
	ideal_shares(shares);
	for (u32 i = 0; i < world.vp_count; i++) {
		const struct vp *vp = &world.vps[i];
		double had = (double)world_had(vp) / 1e9;

		worst = MAX(worst, had > shares[i] ? had - shares[i] : shares[i] - had);
		if (talk)
			printf("VP %u: weight %u, reserve %.3f, cap %.3f, has had %.4f of %.4f\n",
				i, vp->weight, (double)vp->reserve / SCHED_WHOLE_LP,
				(double)vp->cap / SCHED_WHOLE_LP, had, shares[i]);
	}
	for (u32 i = 0; i < world.vp_count; i++)
		check_share(&world.vps[i], (double)world_had(&world.vps[i]) / 1e9, shares[i],
			sort_of_run());
	if (talk)
		printf("fair: %u LPs, %u nodes, %u VPs: worst error %.3f points\n", world.lp_count,
			world.node_count, world.vp_count, worst * 100);
}

/* ---- All sorts ---- */

static void limit_to(struct vp *vp)
{
	/* Few different ones, as in practice. */
	u32 first = (u32)world_random(world.lp_count) / 8 * 8;
	u32 count = world_random(4) ? 4 : 1;

	vp->limited = true;
	memset(&vp->lps, 0, sizeof(vp->lps));
	if (count == 1)
		first = (u32)world_random(world.lp_count);
	for (u32 i = 0; i < count; i++)
		sched_set_add(&vp->lps, (first + i) % world.lp_count);
	while (!sched_set_has(&vp->lps, vp->lp))
		vp->lp = (vp->lp + 1) % world.lp_count;
}

static void make_one(u32 partition, double *left)
{
	static const struct {
		u64 run, sleep;
	} times[] = {
		[BUSY] = {0, 0},
		[PERIODIC] = {2 * MS, 20 * MS},
		[BURSTY] = {8 * MS, 15 * MS},
		[INTERACTIVE] = {MS / 5, 5 * MS},
		[LOCKING] = {MS, 0},
		[STEALING] = {MS, 0},
		[STORMING] = {MS / 20, 0},
	};
	enum workload workload = (enum workload)world_random(TASKED);
	struct vp *vp = world_add(partition, workload, times[workload].run, times[workload].sleep);

	vp->node = some_node();
	vp->weight = world_random(2) ? 100 : (u32)wide(10, 1000);
	if (world_random(4) == 0)
		vp->cap = part_of_lp(5, 95);
	/* With kicks and other costs there must be something left. */
	if (world_random(6) == 0 && *left > 0.5) {
		vp->reserve = part_of_lp(1, 40);
		vp->reserve = MIN(vp->reserve, vp->cap);
		*left -= (double)vp->reserve / SCHED_WHOLE_LP;
	} else if (world_random(6) == 0) {
		limit_to(vp);
	} else if (world_random(6) == 0) {
		vp->group = (u32)between(1, 7);
	}
}

static void change_one(void)
{
	struct vp *vp = &world.vps[world_random(world.vp_count)];
	struct sched_params params = {(u32)wide(10, 1000), vp->reserve, part_of_lp(5, 95)};
	u32 group = (u32)between(1, 7);

	if (vp->bound != SCHED_NO_LP)
		return;
	if (world_random(2) || params.cap < params.reserve)
		params.cap = SCHED_WHOLE_LP;
	world_sync();
	sched_set_params(&sim_sched, &vp->entity, &params, world.now);
	vp->weight = params.weight;
	vp->cap = params.cap;
	vp->cap_level = -1e18; /* what it had before does not count */
	world_tell(vp->entity.lp);
	if (world_random(4) == 0 && !vp->reserve) {
		limit_to(vp);
		vp->since = world.now;
		sched_set_affinity(&sim_sched, &vp->entity, &vp->lps, world.now);
		world_tell(vp->entity.lp);
	}
	if (world_random(2)) {
		vp->node = some_node();
		vp->kept_away = 0;
		sched_set_node(&sim_sched, &vp->entity, vp->node, world.now);
		world_tell(vp->entity.lp);
	}
	sched_set_group_cap(
		&sim_sched, &sim_groups[group], part_of_lp(20, 100 * world.lp_count), world.now);
	group_since = world.now;
	if (sim_groups[group].timer_runs)
		world_tell(sim_groups[group].timer_lp);
	for (u32 lp; (lp = sched_claim(&sim_sched, world.now)) != SCHED_NO_LP;)
		world_tell(lp);
}

static void mixed_run(bool talk)
{
	double left = world.lp_count * 0.5;
	u32 partitions = (u32)between(1, 2ull * world.lp_count);

	group_since = 0;
	if (world.threads > 1 && world_random(2)) {
		/* Threads may have to idle, so nothing can be promised of each. */
		sim_sched.type = SCHED_CORE;
		left = 0;
	}
	if (world_random(2))
		world_add_roots(MS / 20, 4 * MS);
	for (u32 i = 1; i <= partitions; i++)
		for (u64 vps = wide(1, 8); vps; vps--)
			make_one(i, &left);
	for (u32 group = 1; group < 8; group++)
		sched_set_group_cap(&sim_sched, &sim_groups[group],
			part_of_lp(20, 100ull * world.lp_count), world.now);
	world_start(20 * MS);
	for (u32 i = 0; i < 50; i++) {
		world_run(world.now + 20 * MS);
		if (i >= 10)
			change_one();
	}
	if (talk)
		printf("mixed: %u LPs, %u nodes, %u threads, type %s, %u VPs: %llu decisions, "
		       "%.1f steps\n",
			world.lp_count, world.node_count, world.threads,
			sim_sched.type == SCHED_CORE ? "core" : "classic", world.vp_count,
			(unsigned long long)world.decisions,
			(double)world.steps / (double)MAX(world.decisions, 1));
}

void properties(u64 seed, bool talk)
{
	u32 lps, nodes, threads;

	sim_seed = seed;
	world.random = seed * 0x2545f4914f6cdd1dull + 1;
	lps = (u32)between(1, seed % 16 == 0 ? 200 : 24);
	nodes = (u32)wide(1, MIN(lps, 16u));
	threads = lps % 2 == 0 && world_random(2) ? 2 : 1;
	world_init(&policy_trivium, lps, nodes, threads, seed);
	world.checks = true;
	if (seed % 2)
		fair_run(talk);
	else
		mixed_run(talk);
	properties_decisions += world.decisions + world.wakes;
}
