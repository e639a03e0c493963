/* SPDX-License-Identifier: BSD-2-Clause */
/* One deadline for all timers of a VP, and what happens when it comes. */
#include "core/lp.h"
#include "core/vp/vp.h"

static u64 next_deadline(const struct vp *vp)
{
	u64 synthetic = stimer_next(vp->stimers);
	u64 apic = vapic_timer_deadline(&vp->apic);

	if (synthetic == ~0ull)
		return apic;
	return MIN(apic, partition_time_to_tsc(vp->partition, synthetic));
}

/*
 * Timer state changes under vp->timer_lock, because the LP that watches the deadline may be
 * another than the one that writes a register.
 */
static u64 refresh(struct vp *vp)
{
	u64 deadline;

	spin_lock(&vp->timer_lock);
	deadline = vp->timer_deadline_tsc = next_deadline(vp);
	spin_unlock(&vp->timer_lock);
	return deadline;
}

void vp_timers_changed(struct vp *vp)
{
	if (refresh(vp) != ~0ull && vp->timer_listed)
		lp_notify(vp->timer_lp, LP_TIMER);
}

void vp_timers_update(struct vp *vp)
{
	struct lp *lp = lp_self();
	u64 deadline = refresh(vp);

	if (deadline == ~0ull)
		return;
	if (!vp->timer_listed)
		lp_timer_insert(lp, vp);
	if (vp->timer_lp == lp->index)
		lp_timer_changed(lp, deadline);
	else
		lp_notify(vp->timer_lp, LP_TIMER);
}

/* Ticks of a periodic timer that the guest will never see; any LP may find them. */
static void count_skipped(struct vp *vp, u64 ticks)
{
	if (ticks)
		(void)atomic_add(&stat_partition(vp->partition, SkippedTimerTicks), ticks);
}

static void fire(struct vp *vp, const struct stimer_fire *what)
{
	if (what->vector) {
		(void)atomic_add(&stat_vp(vp, SyntheticInterrupts), 1);
		vp_interrupt(vp, what->vector, false);
	}
	if (what->message)
		vp_synic_post(vp, what->message);
}

static void expire_apic(struct vp *vp, u64 now_tsc)
{
	u64 due = vapic_timer_deadline(&vp->apic);

	if (due > now_tsc || !vapic_timer_expire(&vp->apic, now_tsc))
		return;
	vp_signal(vp, ATTENTION_INTERRUPT);
	if (vp->apic.timer_period_tsc)
		count_skipped(vp, (now_tsc - due) / vp->apic.timer_period_tsc);
}

void vp_timers_expire(struct vp *vp, u64 now_tsc)
{
	u64 now = partition_reference_time(vp->partition, now_tsc);
	struct stimer_fire what;

	spin_lock(&vp->timer_lock);
	for (u32 i = 0; i < STIMER_COUNT; i++) {
		bool fired;

		if (vp->stimers[i].expiry > now)
			continue;
		/* The timer's message may be in the queue: it changes under the queue's lock. */
		spin_lock(&vp->synic_lock);
		fired = stimer_expire(&vp->stimers[i], i, now, &what);
		spin_unlock(&vp->synic_lock);
		count_skipped(vp, what.skipped);
		if (fired)
			fire(vp, &what);
	}
	expire_apic(vp, now_tsc);
	vp->timer_deadline_tsc = next_deadline(vp);
	spin_unlock(&vp->timer_lock);
}
