/* SPDX-License-Identifier: BSD-2-Clause */
/* Physical interrupts, as the machine hands them to the LP that they come to. */
#include "core/hypervisor.h"
#include "core/lp.h"
#include "core/vp/vp.h"

void lp_physical_interrupt(u8 vector)
{
	struct lp *lp = lp_self();

	if (vector == VECTOR_KICK) {
		machine_end_interrupt();
		stat_lp(lp, InterProcessorInterrupts)++;
		stat_lp(lp, SchedulerInterrupts) +=
			(atomic_load(&lp->attention) & LP_RESCHEDULE) != 0;
		return;
	}
	if (vector == VECTOR_TIMER) {
		machine_end_interrupt();
		stat_lp(lp, TimerInterrupts)++;
		lp->armed_tsc = ~0ull;
		atomic_or(&lp->attention, LP_TIMER);
		return;
	}
	stat_lp(lp, HardwareInterrupts)++;
	if (!machine_interrupt_is_level(vector)) {
		machine_end_interrupt();
		vp_interrupt(lp->root_vp, vector, false);
	} else if (lp->root_vp->activity == VP_WAIT_SIPI || !vapic_enabled(&lp->root_vp->apic)) {
		machine_end_interrupt();
	} else {
		/* Ended when the root VP ends it, or the line would fire again at once. */
		vp_interrupt(lp->root_vp, vector, true);
	}
	stat_vp(lp->root_vp, HardwareInterrupts)++;
}

/*
 * The physical APIC can only end its highest interrupt, and the guest may end a lower one first:
 * so those that the guest has ended are noted and go when their turn comes.
 */
void lp_end_level_interrupt(struct lp *lp, u8 vector)
{
	int highest = machine_highest_in_service();

	lp->ended[vector / 64] |= BIT(vector % 64);
	while (highest >= 0 && (lp->ended[highest / 64] & BIT(highest % 64))) {
		lp->ended[highest / 64] &= ~BIT(highest % 64);
		machine_end_interrupt();
		highest = machine_highest_in_service();
	}
}

void lp_physical_nmi(void)
{
	struct lp *lp = lp_self();

	/* It may have interrupted anything, also a holder of locks: the run loop does the rest. */
	atomic_or(&lp->attention, LP_NMI);
	machine_kick(lp->index);
}
