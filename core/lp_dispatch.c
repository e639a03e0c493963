/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The root scheduler: Linux decides which child runs where and when, by HvCallDispatchVp, and our
 * scheduler knows root VPs only. Not in the TLFS; the definition is what Linux's
 * drivers/hv/mshv_root_main.c (mshv_run_vp_with_root_scheduler) and mshv_synic.c rely on.
 *
 * A dispatched VP takes the place of the root VP on its LP, and of its hypercall: for the
 * scheduler the root VP runs on. The hypercall has succeeded when that begins; its output is
 * written when it ends, before the root VP is entered again.
 *
 *   lp_dispatch()          in the hypercall. What cannot run is answered at once; else the VP is
 *                          the LP's from here on (running_lp), so nobody can take it away.
 *   lp_dispatch_goes_on()  when the LP looks at its work: begins it, or ends it for the root VP
 *   lp_dispatch_end()      the VP stopped, or must: the root VP is back
 *
 * How it ended, and what Linux does then:
 *   READY + INTERCEPT   the intercept page has a message: to the VMM, and CLEAR_INTERCEPT_SUSPEND
 *   READY               an interrupt of the root VP's, or the time is over: dispatches again
 *   BLOCKED + SUSPEND   suspended explicitly, as new VPs are: clears that, waits for a signal
 *   BLOCKED             waits for a signal
 *
 * A signal is a message to the root that names the VP (message_signal()): once for each BLOCKED,
 * when the VP can run. The counter RootDispatchThreadBlocked says the same, because a thread may
 * find an old signal when it begins to wait; so it changes before the message is posted.
 */
#include "abi/hv_hypercall.h"
#include "core/hypervisor.h"
#include "core/intercept/handlers.h"
#include "core/lib/string.h"
#include "core/lp_internal.h"
#include "core/vp/vp.h"

static void set_blocked(struct vp *vp, bool blocked)
{
	vp->dispatch_blocked = blocked;
	stat_vp(vp, RootDispatchThreadBlocked) = blocked;
}

/* Would a dispatch do something: run it, or tell of its intercept? */
static bool ready(const struct vp *vp)
{
	u32 suspend = atomic_load(&vp->suspend);

	if (suspend & SUSPEND_DISPATCH)
		return false;
	return (suspend & SUSPEND_INTERCEPT) || vp_runnable(vp);
}

/* The answer for a VP that no LP runs. From here on its thread may wait for a signal. */
static struct hv_output_dispatch_vp judge(struct vp *vp)
{
	u32 suspend = atomic_load(&vp->suspend);
	bool is_ready = ready(vp);

	set_blocked(vp, !is_ready);
	if (is_ready)
		return (struct hv_output_dispatch_vp){HV_VP_DISPATCH_STATE_READY,
			suspend & SUSPEND_INTERCEPT ? HV_VP_DISPATCH_EVENT_INTERCEPT
						    : HV_VP_DISPATCH_EVENT_INVALID};
	return (struct hv_output_dispatch_vp){HV_VP_DISPATCH_STATE_BLOCKED,
		suspend & (SUSPEND_EXPLICIT | SUSPEND_DISPATCH) ? HV_VP_DISPATCH_EVENT_SUSPEND
								: HV_VP_DISPATCH_EVENT_INVALID};
}

enum hv_status lp_dispatch(
	struct vp *vp, const struct dispatch *request, struct hv_output_dispatch_vp *out)
{
	struct lp *lp = lp_self();
	bool claimed = false;

	spin_lock(&lp_sched_lock);
	if (atomic_load(&vp->running_lp) >= 0) {
		spin_unlock(&lp_sched_lock);
		return HV_STATUS_INVALID_VP_STATE;
	}
	/* It can be run, or it must be told apart why not. */
	if (vp_runnable(vp)) {
		set_blocked(vp, false);
		(void)atomic_exchange(&vp->running_lp, (s32)lp->index);
		claimed = true;
	} else {
		*out = judge(vp);
	}
	spin_unlock(&lp_sched_lock);
	if (!claimed)
		return HV_STATUS_SUCCESS;
	vp->message_vp = lp->index;
	lp->dispatch = *request;
	lp->dispatch.vp = vp;
	atomic_or(&lp->attention, LP_RESCHEDULE);
	return HV_STATUS_SUCCESS;
}

/* Must the root VP be entered? Its interrupts count as the hypercall asked for. */
static bool root_is_wanted(const struct lp *lp)
{
	const struct vp *root = lp->root_vp;

	if (atomic_load(&root->attention) & ATTENTION_WAKES)
		return true;
	return ((root->regs.rflags & RFLAGS_IF) || lp->dispatch.interrupts) &&
	       vapic_deliverable(&root->apic) >= 0;
}

static void begin(struct lp *lp, struct vp *vp)
{
	spin_lock(&lp_sched_lock);
	if (!vp->dispatch_ready)
		sched_count_ready(&vp->sched, true, lp->stamp);
	vp->dispatch_ready = false;
	sched_count_start(&lp_sched, &vp->sched, lp->index, lp->stamp);
	lp_switch(lp, vp);
	spin_unlock(&lp_sched_lock);
	memory_fence(); /* whoever did not see that the root VP had left was seen by it */
}

bool lp_dispatch_goes_on(struct lp *lp)
{
	struct vp *vp = lp->dispatch.vp;

	lp_charge(lp);
	if (lp->vp != vp && !root_is_wanted(lp))
		begin(lp, vp);
	if (lp->stamp >= lp->dispatch.end || root_is_wanted(lp)) {
		lp_dispatch_end(lp);
		return false;
	}
	lp->pick_tsc = lp->dispatch.end;
	return true;
}

/* Into the root's memory, as the hypercall's entry would have done it. */
static void answer(u64 gpa, const struct hv_output_dispatch_vp *out)
{
	void *memory = partition_memory(&root_partition, gpa, SLAT_READ | SLAT_WRITE);

	if (gpa && memory)
		memcpy(memory, out, sizeof(*out));
}

void lp_dispatch_end(struct lp *lp)
{
	struct vp *vp = lp->dispatch.vp;
	struct hv_output_dispatch_vp out;

	lp_charge(lp);
	spin_lock(&lp_sched_lock);
	vp->message_waits = false; /* the output tells it */
	if (lp->vp == vp)
		lp_switch(lp, lp->root_vp);
	else
		atomic_store(&vp->running_lp, -1);
	lp->dispatch.vp = NULL;
	/* As in block_current(): who set an attention bit waits for the lock, or we see the bit. */
	memory_fence();
	out = judge(vp);
	vp->dispatch_ready = out.dispatch_state == HV_VP_DISPATCH_STATE_READY &&
			     out.dispatch_event != HV_VP_DISPATCH_EVENT_INTERCEPT;
	if (vp->dispatch_ready)
		sched_count_ready(&vp->sched, false, lp->stamp);
	spin_unlock(&lp_sched_lock);
	answer(lp->dispatch.output, &out);
}

/* The child's thread waits, and need not any more. Under the scheduler's lock. */
static bool unblock(struct vp *vp)
{
	if (!vp->dispatch_blocked || !ready(vp))
		return false;
	set_blocked(vp, false);
	vp->dispatch_ready = true;
	sched_count_ready(&vp->sched, true, machine_tsc());
	atomic_add(&vp->posting, 1);
	return true;
}

/* The LP that must look at its work for a root VP: it idles, or a child has its place. */
static u32 wake_root(struct vp *vp)
{
	if (vp->sched.state == SCHED_RUNNING)
		return vp->sched.lp;
	return vp_runnable(vp) ? sched_wake(&lp_sched, &vp->sched, machine_tsc()) : SCHED_NO_LP;
}

void lp_dispatch_wake(struct vp *vp)
{
	u32 target = SCHED_NO_LP;
	bool signal = false;

	spin_lock(&lp_sched_lock);
	if (vp->partition->is_root)
		target = wake_root(vp);
	else
		signal = unblock(vp);
	spin_unlock(&lp_sched_lock);
	if (target != SCHED_NO_LP)
		lp_notify(target, LP_RESCHEDULE);
	if (!signal)
		return;
	message_signal(vp);
	atomic_add(&vp->posting, -1u); /* the last touch: lp_block() lets others free the VP */
}
