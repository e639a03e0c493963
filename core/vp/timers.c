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

void vp_timers_update(struct vp *vp)
{
	struct lp *lp = lp_self();

	vp->timer_deadline_tsc = next_deadline(vp);
	if (vp->timer_deadline_tsc == ~0ull)
		return;
	if (!vp->timer_listed)
		lp_timer_insert(lp, vp);
	if (vp->timer_lp == lp->index)
		lp_timer_changed(lp, vp->timer_deadline_tsc);
	else
		lp_notify(vp->timer_lp, LP_TIMER);
}

static void fire(struct vp *vp, const struct stimer_fire *what)
{
	struct synic_assert request = {0};

	if (what->vector) {
		stat_vp(vp, SyntheticInterrupts)++;
		vp_interrupt(vp, what->vector, false);
	}
	if (!what->message)
		return;
	spin_lock(&vp->synic_lock);
	if (!what->message->queued)
		request = synic_post(&vp->synic, what->message);
	spin_unlock(&vp->synic_lock);
	vp_synic_assert(vp, request);
}

void vp_timers_expire(struct vp *vp, u64 now_tsc)
{
	u64 now = partition_reference_time(vp->partition, now_tsc);
	struct stimer_fire what;

	for (u32 i = 0; i < STIMER_COUNT; i++) {
		bool fired;

		if (vp->stimers[i].expiry > now)
			continue;
		/* The timer's message may be in the queue: it changes under the queue's lock. */
		spin_lock(&vp->synic_lock);
		fired = stimer_expire(&vp->stimers[i], i, now, &what);
		spin_unlock(&vp->synic_lock);
		if (fired)
			fire(vp, &what);
	}
	if (vapic_timer_deadline(&vp->apic) <= now_tsc && vapic_timer_expire(&vp->apic, now_tsc))
		vp_signal(vp, ATTENTION_INTERRUPT);
	vp->timer_deadline_tsc = next_deadline(vp);
}
