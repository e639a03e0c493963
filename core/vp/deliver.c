/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What must happen to a VP before it is entered: INIT and SIPI, pending events, interrupts.
 * Only reached when an attention bit is set, so that the usual entry costs one comparison.
 */
#include "core/hypervisor.h"
#include "core/log.h"
#include "core/lp.h"
#include "core/vp/msrs.h"
#include "core/vp/vp.h"

static void set_window(struct vp *vp, bool wanted)
{
	if (vp->window_open == wanted)
		return;
	vp->window_open = wanted;
	hypervisor.backend->window(vp, wanted);
}

/* A request waits only for the task priority to fall: CR8 writes must be seen. */
static void watch_priority(struct vp *vp, bool wanted)
{
	if (vp->tpr_intercept == wanted)
		return;
	vp->tpr_intercept = wanted;
	hypervisor.backend->watch(vp, wanted, vp->nmi_blocked);
}

static void deliver_nmi(struct vp *vp)
{
	if (vp->nmi_blocked || (vp->event & EVENT_PENDING)) {
		vp->nmi_pending = true;
		/* It follows the event, which is delivered by an entry that ends at once. */
		if (!vp->nmi_blocked) {
			atomic_or(&vp->attention, ATTENTION_NMI);
			machine_kick(machine_lp_index());
		}
		return;
	}
	vp->nmi_pending = false;
	vp->nmi_blocked = true;
	hypervisor.backend->watch(vp, vp->tpr_intercept, true);
	vp->event = EVENT_PENDING | (u64)HV_INTERRUPTION_NMI << HV_PENDING_INTERRUPTION_TYPE_SHIFT |
		    2ull << HV_PENDING_INTERRUPTION_VECTOR_SHIFT;
	vp->activity = VP_ACTIVE;
}

static void deliver_interrupt(struct vp *vp)
{
	int vector = vapic_deliverable(&vp->apic);

	if (vector < 0) {
		set_window(vp, false);
		watch_priority(vp, vp->apic.tpr != 0 && vapic_highest_request(&vp->apic) >= 0);
		return;
	}
	if (vp->activity == VP_IDLE || (vp->regs.rflags & RFLAGS_IF))
		vp->activity = VP_ACTIVE;
	if ((vp->event & EVENT_PENDING) || vp_interrupts_off(vp)) {
		set_window(vp, true);
		return;
	}
	set_window(vp, false);
	vapic_accept(&vp->apic, (u8)vector);
	/* Auto-EOI: it ends when it is delivered, and nothing above it is in service. */
	if (__builtin_expect(synic_auto_eoi(&vp->synic, (u8)vector), 0))
		vp_end_of_interrupt(vp);
	stat_vp(vp, VirtualInterrupts)++;
	vp->event = EVENT_PENDING | (u64)vector << HV_PENDING_INTERRUPTION_VECTOR_SHIFT;
}

/* What the root VP has not ended is still in service at the physical APIC, and would stay so. */
static void end_level_interrupts(struct vp *vp)
{
	bool level;
	int vector;

	while ((vector = vapic_end(&vp->apic, &level)) >= 0)
		if (level && vp->partition->is_root)
			lp_end_level_interrupt(lp_self(), (u8)vector);
}

/* INIT comes before SIPI when both have arrived (AMD APM vol. 2 §16.5). */
static void deliver_startup(struct vp *vp, u32 bits)
{
	if (bits & ATTENTION_INIT) {
		end_level_interrupts(vp);
		spin_lock(&vp->timer_lock);
		vapic_init(&vp->apic);
		spin_unlock(&vp->timer_lock);
		vp_initialize_state(vp);
		vp->activity = VP_WAIT_SIPI;
	}
	if ((bits & ATTENTION_STARTUP) && vp->activity == VP_WAIT_SIPI)
		vp_startup(vp, vp->startup_vector);
}

/* DOC: before-entry */
bool vp_prepare(struct vp *vp)
{
	u32 bits = atomic_exchange(&vp->attention, 0);

	if (atomic_load(&vp->suspend)) {
		/* Keep what came: it is looked at after resume. */
		atomic_or(&vp->attention, bits & ~(u32)ATTENTION_SUSPEND);
		return false;
	}
	if (bits & (ATTENTION_INIT | ATTENTION_STARTUP))
		deliver_startup(vp, bits);
	if (bits & ATTENTION_SYNIC) {
		vp_synic_deliver(vp);
		if (atomic_load(&vp->suspend)) {
			atomic_or(
				&vp->attention, bits & ~(u32)(ATTENTION_SYNIC | ATTENTION_SUSPEND));
			return false;
		}
	}
	if (vp->activity == VP_WAIT_SIPI)
		return false;
	if (bits & ATTENTION_FLUSH)
		hypervisor.backend->flush(vp);
	if ((bits & ATTENTION_NMI) || vp->nmi_pending)
		deliver_nmi(vp);
	if (vp->event & EVENT_PENDING)
		vp->activity = VP_ACTIVE;
	deliver_interrupt(vp);
	return vp->activity == VP_ACTIVE;
}
