/* SPDX-License-Identifier: BSD-2-Clause */
/* What an LP tells on statistics pages of the times that it and the scheduler have measured. */
#include "core/log.h"
#include "core/lp_internal.h"
#include "core/vp/vp.h"

/* All time of an LP is a guest's, the hypervisor's or nobody's, and none is counted twice. */
static void check_lp(const struct lp *lp)
{
	bug_on(lp->guest_tsc + lp->hypervisor_tsc + lp->idle_tsc != lp->stamp - lp->start);
}

/* Each exit, and each moment in the hypervisor, belongs to one class of intercepts. */
static void check_vp(const struct vp *vp)
{
	u64 time = 0, count = 0;

	for (u32 i = 0; i < INTERCEPT_CLASSES; i++)
		time += vp->class_tsc[i];
#define INTERCEPT_CLASS(name) count += vp->stats[STAT_VP_##name##Count];
#include "core/intercept/classes.def"
#undef INTERCEPT_CLASS
	bug_on(time != vp->hypervisor_tsc);
	bug_on(count != vp->exits);
}

/*
 * Local copies, here and below: a store to a page could change anything as far as the compiler
 * knows, and everything would be loaded again.
 */
void lp_publish_time(struct lp *lp)
{
	u64 *stats = lp->stats;
	u64 hypervisor = lp->hypervisor_tsc;
	u64 active = lp->guest_tsc + hypervisor;
	u64 idle = lp->idle_tsc;
	u64 switching = lp->switch_tsc;
	u64 all = lp->stamp - lp->start;
	u64 time = stats_100ns(all);

	if (TRIVIUM_CHECKS)
		check_lp(lp);
	stats[STAT_LP_GlobalTime] = time;
	stats[STAT_LP_CounterRefreshReferenceTime] = time;
	stats[STAT_LP_CounterRefreshSequenceNumber]++;
	stats[STAT_LP_TotalRunTime] = stats_100ns(active);
	stats[STAT_LP_HypervisorRunTime] = stats_100ns(hypervisor);
	stats[STAT_LP_C1RunTime] = stats_100ns(idle);
	stats[STAT_LP_ContextSwitchTime] = stats_100ns(switching);
	stats[STAT_LP_GlobalTscCount] = all;
	stats[STAT_LP_ActiveTscCount] = active;
	stats[STAT_LP_ActiveTscCountSnapshot] = active;
	/* As it is at this moment: the lock is not needed for a look at a number. */
	stats[STAT_LP_SchLocalRunListSize] = sched_waiting(&lp_sched, lp->index);
	stats[STAT_LP_IdleAccumulation] = idle;
	stats[STAT_LP_IdleAccumulationSnapshot] = idle;
}

void lp_publish_vp(struct vp *vp)
{
	u64 *stats = vp->stats;
	u64 hypervisor = vp->hypervisor_tsc;

	if (TRIVIUM_CHECKS)
		check_vp(vp);
	stats[STAT_VP_TotalRunTime] = stats_100ns(vp->guest_tsc + hypervisor);
	stats[STAT_VP_HypervisorRunTime] = stats_100ns(hypervisor);
	intercept_publish(vp);
}

void lp_publish(struct lp *lp)
{
	lp_publish_time(lp);
	if (lp->vp)
		lp_publish_vp(lp->vp);
}

static const u16 wait_buckets[SCHED_BUCKETS] = {
	STAT_VP_WaitingForCpuTimeBucket0,
	STAT_VP_WaitingForCpuTimeBucket1,
	STAT_VP_WaitingForCpuTimeBucket2,
	STAT_VP_WaitingForCpuTimeBucket3,
	STAT_VP_WaitingForCpuTimeBucket4,
	STAT_VP_WaitingForCpuTimeBucket5,
	STAT_VP_WaitingForCpuTimeBucket6,
	STAT_VP_WaitingForCpuTimeBucket7,
	STAT_VP_WaitingForCpuTimeBucket8,
	STAT_VP_WaitingForCpuTimeBucket9,
	STAT_VP_WaitingForCpuTimeBucket10,
	STAT_VP_WaitingForCpuTimeBucket11,
	STAT_VP_WaitingForCpuTimeBucket12,
};

void lp_publish_waits(struct vp *vp)
{
	const struct sched_stats *waits = &vp->sched.stats;
	u64 *stats = vp->stats;
	u64 contended = waits->contended;

	/* Waiting is the sum of both kinds; only what others caused is contention. */
	stats[STAT_VP_WaitingForCpuTime] = stats_100ns(contended + waits->capped);
	stats[STAT_VP_ContentionTime] = stats_100ns(contended);
	stats[STAT_VP_WakeUpTime] = stats_100ns(waits->wake_time);
	stats[STAT_VP_LogicalProcessorDispatches] = waits->dispatches;
	stats[STAT_VP_LogicalProcessorMigrations] = waits->migrations;
	stats[wait_buckets[waits->bucket]] = waits->buckets[waits->bucket];
	stats[STAT_VP_IdealCpu] = vp->sched.lp;
}
