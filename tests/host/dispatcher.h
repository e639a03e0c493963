/* SPDX-License-Identifier: BSD-2-Clause */
/* A root that schedules: VPs of a child, and root VP 1, which dispatches them on LP 1. */
#ifndef TESTS_HOST_DISPATCHER_H
#define TESTS_HOST_DISPATCHER_H

#include "abi/hv_message.h"
#include "tests/host/world.h"

#define READY	  HV_VP_DISPATCH_STATE_READY
#define BLOCKED	  HV_VP_DISPATCH_STATE_BLOCKED
#define NOTHING	  HV_VP_DISPATCH_EVENT_INVALID
#define SUSPEND	  HV_VP_DISPATCH_EVENT_SUSPEND
#define INTERCEPT HV_VP_DISPATCH_EVENT_INTERCEPT

extern struct vp *dispatched, *caller;
extern struct hv_output_dispatch_vp *dispatcher_output;

/* Boots; `dispatched` is VP 0 of a new child, suspended as it is born, and `caller` root VP 1. */
void dispatcher_boot(void);
/* The same, and the VP runs: its first signal is taken. */
void dispatcher_boot_running(void);
/* Another VP of the child. */
void dispatcher_create(struct partition *child, u32 index);

/* The caller executes HvCallDispatchVp; its status. The dispatch begins with LP 1's next round. */
u64 dispatcher_call(const struct hv_input_dispatch_vp *in);
u64 dispatcher_dispatch(u32 flags);
/* As Linux begins with a VP: dispatches it, clears its explicit suspension. */
void dispatcher_start(void);
/* The dispatched VP halts, and the dispatch is over. */
void dispatcher_halt(void);
/* Ends the dispatch, if one goes on, for no reason. */
void dispatcher_stop(void);
/* As if the caller had handled all interrupts that it got. */
void dispatcher_forget_interrupts(void);

/* The dispatch is over: the caller has its LP and this answer. */
void check_answer(u32 state, u32 event);
/* The VP is in the LP of the caller, which only the scheduler still thinks to be there. */
void check_runs(void);
/* The caller's message is a signal for the VP, the `count`th; it is taken. */
void check_signal(u64 count);
void check_no_signal(u64 count);
/* Where the caller gets messages. */
struct hv_message *dispatcher_slot(void);
/* vp->event for an interrupt with this vector. */
u64 injected(u8 vector);

#endif
