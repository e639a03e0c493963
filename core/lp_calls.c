/* SPDX-License-Identifier: BSD-2-Clause */
/* What LPs ask of one another: to look at their work, to run a function; and waiting for that. */
#include "core/lp_internal.h"

void lp_notify(u32 lp_index, u32 attention)
{
	atomic_or(&lps[lp_index].attention, attention);
	if (lp_index != machine_lp_index()) {
		stat_lp(lp_self(), InterProcessorInterruptsSent)++;
		machine_kick(lp_index);
	}
}

void lp_run_call(struct lp *lp)
{
	struct lp_call *call = atomic_exchange(&lp->call, NULL);

	if (!call)
		return;
	call->function(call->argument);
	atomic_store(&call->done, true); /* pairs with the load in lp_call() */
}

/* Whoever waits holds no pointer into guest memory, see partition_flush(). */
void lp_relax(void)
{
	struct lp *self = lp_self();

	lp_run_call(self);
	atomic_store(&self->quiescent, true);
	machine_relax();
	atomic_store(&self->quiescent, false);
}

/*
 * Emulators can lose an interrupt that comes at the moment of a VM entry (docs/emulators.md), and
 * then nothing but the next interrupt ends the wait: so it is sent again.
 */
#define TURNS_PER_KICK 4096

void lp_relax_and_kick(u32 lp_index, u32 turn)
{
	lp_relax();
	if (turn % TURNS_PER_KICK == 0)
		lp_notify(lp_index, LP_RESCHEDULE);
}

void lp_call(u32 lp_index, void (*function)(void *argument), void *argument)
{
	struct lp *lp = &lps[lp_index];
	struct lp_call call = {function, argument, false};
	struct lp_call *none = NULL;

	if (lp_index == machine_lp_index()) {
		function(argument);
		return;
	}
	while (!__atomic_compare_exchange_n(
		&lp->call, &none, &call, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) {
		none = NULL;
		lp_relax();
	}
	lp_notify(lp_index, LP_CALL);
	for (u32 turn = 1; !atomic_load(&call.done); turn++)
		lp_relax_and_kick(lp_index, turn);
}
