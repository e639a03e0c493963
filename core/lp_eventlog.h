/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The event logs of the hypervisor: where events are seen and how the root is told of buffers.
 * While diagnostics are on, an LP takes the run loop's other way (`lp->logs`); while they are off,
 * nothing here runs.
 */
#ifndef CORE_LP_EVENTLOG_H
#define CORE_LP_EVENTLOG_H

#include "core/eventlog/eventlog.h"
#include "core/intercept/intercept.h"

struct vp;

extern struct eventlog eventlogs[HV_EVENTLOG_TYPES];

/* At the start, when the LPs and their nodes are known. */
void lp_eventlog_init(void);

/* Is any source of the diagnostics on? */
bool lp_eventlog_on(void);
/* The sources of the diagnostics have changed: all LPs look. */
void lp_eventlog_changed(void);
/* Tells the root of the queue's complete buffers if it is time, and the last message is taken. */
void lp_eventlog_notify(struct eventlog *log, u32 queue);

/* What a VP did when it was intercepted; its handler changes registers. */
struct eventlog_exit {
	u64 tsc;
	u64 rip;
	u64 rax;
	u64 rcx;
	u64 rdx;
	bool done; /* the handler has stepped over the instruction */
};

/* The LP's own VP: it has been put on the LP, gets an interrupt, was intercepted. */
void lp_eventlog_switch(const struct vp *vp);
void lp_eventlog_interrupt(const struct vp *vp);
void lp_eventlog_intercept(
	const struct vp *vp, const struct intercept *intercept, const struct eventlog_exit *seen);
/* A partition or VP was made or deleted, or `status` says why not. The caller holds no lock. */
void lp_eventlog_object(
	enum hv_eventlog_event event, u64 partition_id, u32 vp_index, enum hv_status status);

#endif
