/* SPDX-License-Identifier: BSD-2-Clause */
/* What must hold at every step, whatever happens; and what would be ideal. */
#include "tests/sim/consistency.h"
#include "tests/sim/sim.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/* For a kick on its way, and an LP that is about to look. */
#define GRACE_NS 50000
/* Beyond a slice: what runs on until its LP looks. */
#define CAP_GRACE_NS (2.0 * KICK_NS)
/* A reserve is behind by at most this while its holder can run. */
#define RESERVE_NS (2.0 * SLICE_NS)
/* From this many VPs on, all are looked at only now and then. */
#define MANY 300

u64 sim_seed, group_since;

_Noreturn void fail(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	printf("FAILED at %.6f s: ", (double)world.now / 1e9);
	vprintf(format, arguments);
	printf("\n  again: build/sim/sim --seed %llu\n", (unsigned long long)sim_seed);
	va_end(arguments);
	exit(1);
}

/* ---- Each VP: its cap over every interval, its reserve, its wait ---- */

void check_charge(struct vp *vp, u64 from, u64 to)
{
	double passed = (double)(to - from);
	double cap = (double)vp->cap / SCHED_WHOLE_LP;
	double reserve = (double)vp->reserve / SCHED_WHOLE_LP;

	if (!world.checks)
		return;
	/* A bucket that leaks at the rate of the cap: its level is what the worst interval exceeds.
	 */
	vp->cap_level = MAX(vp->cap_level - (double)(from - vp->checked) * cap, 0);
	vp->cap_level += passed * (1 - cap);
	vp->checked = to;
	if (vp->cap < SCHED_WHOLE_LP && vp->cap_level > (double)SLICE_NS + CAP_GRACE_NS)
		fail("VP %u is %.0f ns above its cap", vp->index, vp->cap_level);
	vp->reserve_lack = MAX(vp->reserve_lack - passed * (1 - reserve), 0);
}

void check_wait(struct vp *vp, u64 from, u64 to)
{
	double waited = (double)(to - from);
	double weights = (double)sim_sched.load;
	double lps = world.lp_count - (double)sim_sched.reserved / SCHED_WHOLE_LP;
	double longest =
		80.0 * SLICE_NS + 8.0 * SLICE_NS * (weights / vp->weight / MAX(lps, 0.05) + 1);

	if (!world.checks)
		return;
	vp->reserve_lack += waited * vp->reserve / SCHED_WHOLE_LP;
	if (vp->reserve && vp->reserve_lack > RESERVE_NS && sim_sched.type == SCHED_CLASSIC)
		fail("VP %u lacks %.0f ns of its reserve", vp->index, vp->reserve_lack);
	if (vp->cap == SCHED_WHOLE_LP && !vp->group && !vp->limited && waited > longest)
		fail("VP %u has waited for %.0f ns", vp->index, waited);
}

/* ---- All ---- */

static bool may_run(const struct vp *vp, u32 lp)
{
	if (vp->bound != SCHED_NO_LP)
		return vp->bound == lp;
	return !vp->limited || sched_set_has(&vp->lps, lp);
}

static bool lies_idle(u32 lp)
{
	u32 other = lp - lp % world.threads + (lp + 1) % world.threads;

	/* The rest of a core that another partition has is not to be had. */
	if (sim_sched.type == SCHED_CORE && (sim_sched.lps[lp].forced || world.lps[other].running))
		return false;
	return !world.lps[lp].running && world.lps[lp].idle_since + GRACE_NS < world.now;
}

static void check_idle(const struct vp *vp, const u32 *idle, u32 count)
{
	if (vp->entity.state != SCHED_READY || vp->entity.waits_since + GRACE_NS > world.now)
		return;
	for (u32 i = 0; i < count; i++)
		if (may_run(vp, idle[i]))
			fail("VP %u waits and LP %u idles", vp->index, idle[i]);
}

static bool runs_away(const struct vp *vp)
{
	return vp && vp->state == RUNNING && vp->node != SCHED_NO_NODE &&
	       world.node_of[vp->lp] != vp->node && sim_sched.type == SCHED_CLASSIC;
}

/* Two run where the memory of the other is, and nobody waits for anything. */
static bool could_swap(const struct vp *vp, u32 lp)
{
	const struct vp *other = world.lps[lp].running;

	return !sim_sched.ready_count && world.node_of[lp] == vp->node && runs_away(other) &&
	       other->node == world.node_of[vp->lp] && may_run(vp, lp) && may_run(other, vp->lp);
}

/* Who runs far from its memory does so for a slice at most if there is an LP near it to be had. */
static void check_away(struct vp *vp, const u32 *idle, u32 count)
{
	bool away = runs_away(vp), way = false;

	for (u32 i = 0; i < count && away; i++)
		way = way || (world.node_of[idle[i]] == vp->node && may_run(vp, idle[i]));
	for (u32 lp = 0; lp < MIN(world.lp_count, 8u) && away; lp++)
		way = way || could_swap(vp, lp);
	if (!way)
		vp->kept_away = 0;
	else if (!vp->kept_away)
		vp->kept_away = world.now;
	else if (vp->kept_away + SLICE_NS + GRACE_NS < world.now)
		fail("VP %u is on LP %u, far from node %u where an LP idles", vp->index, vp->lp,
			vp->node);
}

static void check_work(void)
{
	static u32 idle[SCHED_MAX_LPS];
	u32 count = 0;

	for (u32 lp = 0; lp < world.lp_count; lp++)
		if (lies_idle(lp))
			idle[count++] = lp;
	for (u32 i = 0; i < world.vp_count && count; i++)
		check_idle(&world.vps[i], idle, count);
	/* This one needs to be seen at every step. */
	for (u32 i = 0; i < world.vp_count && world.vp_count < MANY; i++)
		check_away(&world.vps[i], idle, count);
}

static void check_lps(void)
{
	for (u32 lp = 0; lp < world.lp_count; lp++) {
		const struct vp *vp = world.lps[lp].running;
		u32 other = lp - lp % world.threads + (lp + 1) % world.threads;

		if (!vp)
			continue;
		if (!may_run(vp, lp) && !sim_sched.lps[lp].preempt)
			fail("VP %u runs on LP %u", vp->index, lp);
		if (sim_sched.type == SCHED_CORE && other != lp && world.lps[other].running &&
			world.lps[other].running->partition != vp->partition)
			fail("two partitions share the core of LP %u", lp);
	}
}

static void check_consistency(void)
{
	static struct sched_entity *all[MAX_VPS];
	const char *wrong;

	for (u32 i = 0; i < world.vp_count; i++)
		all[i] = &world.vps[i].entity;
	wrong = sched_inconsistency(&sim_sched, all, world.vp_count);
	if (wrong)
		fail("inconsistent: %s", wrong);
}

static void check_groups(void)
{
	static u64 sums[8][11];
	static u64 at;
	u64 index = world.now / (10 * MS);

	if (index == at)
		return;
	at = index;
	for (u32 group = 1; group < 8; group++) {
		const struct sched_budget *budget = &sim_groups[group].budget;
		u64 sum = 0;

		for (u32 i = 0; i < world.vp_count; i++)
			if (world.vps[i].group == group)
				sum += world_time(&world.vps[i]);
		for (u32 i = 10; i; i--)
			sums[group][i] = sums[group][i - 1];
		sums[group][0] = sum;
		if (!sim_groups[group].members || budget->rate == SCHED_UNLIMITED ||
			world.now < group_since + 120 * MS || sum < sums[group][10])
			continue;
		/* Samples are up to one event apart from the hundredths that they stand for. */
		if ((double)(sum - sums[group][10]) >
			(double)budget->rate / SCHED_WHOLE_LP * 102.0 * MS + (double)budget->depth)
			fail("group %u has had %llu ns in 100 ms", group,
				(unsigned long long)(sum - sums[group][10]));
	}
}

void check_step(void)
{
	static u64 count;

	count++;
	if (world.vp_count < MANY || count % 256 == 0) {
		check_work();
		check_lps();
	}
	if (count % (world.vp_count < MANY ? 64 : 8192) == 0)
		check_consistency();
	check_groups();
}

static u32 log2_of(u32 n)
{
	return 32 - (u32)__builtin_clz(n | 1);
}

void check_decision(u64 steps)
{
	/* Trees that are entered and left, and those that are looked into. */
	u64 sets = 1 + (u64)__builtin_popcountll(sim_sched.waiting);
	u64 most = 150 + 100 * (u64)log2_of(world.vp_count) + 3 * sets * world.node_count +
		   8 * (world.lp_count / 64 + 1);

	if (world.checks && steps > most)
		fail("a decision took %llu steps", (unsigned long long)steps);
}

/* ---- Ideal ---- */

static double share_at(const struct vp *vp, double level)
{
	double share = (double)vp->reserve / SCHED_WHOLE_LP + level * vp->weight;

	return MIN(share, (double)vp->cap / SCHED_WHOLE_LP);
}

void ideal_shares(double *shares)
{
	double low = 0, high = 1;

	for (u32 turn = 0; turn < 100; turn++) {
		double level = (low + high) / 2, sum = 0;

		for (u32 i = 0; i < world.vp_count; i++)
			sum += share_at(&world.vps[i], level);
		*(sum > world.lp_count ? &high : &low) = level;
	}
	for (u32 i = 0; i < world.vp_count; i++)
		shares[i] = share_at(&world.vps[i], low);
}
