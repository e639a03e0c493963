/* SPDX-License-Identifier: BSD-2-Clause */
/* What leaves a VP's APIC: inter-processor interrupts and the end of level interrupts. */
#include "core/interrupt/ipi.h"
#include "core/lp.h"
#include "core/vp/msrs.h"
#include "core/vp/vp.h"
#include "machine/machine.h"

/* One VP gets one interrupt; the APIC has said that it is meant. */
static void deliver(struct vp *vp, const struct interrupt_request *request)
{
	switch (request->delivery) {
	case VAPIC_FIXED:
	case VAPIC_LOWEST:
		vp_interrupt(vp, request->vector, request->level);
		break;
	case VAPIC_NMI:
		vp_signal(vp, ATTENTION_NMI);
		break;
	case VAPIC_INIT:
		vp_signal(vp, ATTENTION_INIT);
		break;
	case VAPIC_STARTUP:
		vp->startup_vector = request->vector;
		vp_signal(vp, ATTENTION_STARTUP);
		break;
	default:
		break; /* SMI and ExtINT have no receiver in a partition */
	}
}

bool interrupt_send(struct partition *partition, const struct interrupt_request *request)
{
	bool reached = false;

	for (u32 i = 0; i < partition->vp_end; i++) {
		struct vp *vp = partition->vps[i];

		if (!vp || vp == request->except)
			continue;
		if (!request->everybody &&
			!vapic_matches(&vp->apic, request->destination, request->logical))
			continue;
		deliver(vp, request);
		reached = true;
		if (request->delivery == VAPIC_LOWEST)
			break;
	}
	return reached;
}

static void send_ipi(struct vp *vp, const struct vapic_effect *effect)
{
	struct interrupt_request request = {
		.delivery = effect->delivery,
		.vector = effect->vector,
		.destination = effect->destination,
		.logical = effect->logical,
		.everybody = effect->shorthand != VAPIC_TO_DEST,
		.except = effect->shorthand == VAPIC_TO_OTHERS ? vp : NULL,
	};

	stat_vp(vp, ApicIpisSent)++;
	if (effect->shorthand == VAPIC_TO_SELF) {
		stat_vp(vp, ApicSelfIpisSent)++;
		deliver(vp, &request);
		return;
	}
	(void)interrupt_send(vp->partition, &request);
}

void vp_apic_effect(struct vp *vp, const struct vapic_effect *effect)
{
	switch (effect->kind) {
	case VAPIC_SEND_IPI:
		send_ipi(vp, effect);
		break;
	case VAPIC_ENDED:
		if (vapic_highest_request(&vp->apic) >= 0)
			atomic_or(&vp->attention, ATTENTION_INTERRUPT);
		/* The root's level interrupts are still in service at the physical APIC. */
		if (effect->level && vp->partition->is_root)
			lp_end_level_interrupt(lp_self(), effect->vector);
		break;
	case VAPIC_TIMER_CHANGED:
		vp_timers_update(vp);
		break;
	case VAPIC_NO_EFFECT:
		break;
	}
}
