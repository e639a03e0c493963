/* SPDX-License-Identifier: BSD-2-Clause */
/* A logical processor and its run loop. */
#ifndef CORE_LP_H
#define CORE_LP_H

#include "abi/hv_hypercall.h"
#include "abi/hv_status.h"
#include "core/lib/spinlock.h"
#include "core/memory/share.h"
#include "core/scheduler/scheduler.h"
#include "core/statistics/statistics.h"
#include "core/trace.h"
#include "machine/machine.h"

struct partition;
struct vp;

/* lp->attention */
#define LP_RESCHEDULE BIT(0) /* ask the scheduler */
#define LP_TIMER      BIT(1) /* VECTOR_TIMER came */
#define LP_CALL	      BIT(2) /* somebody waits for lp->call */
#define LP_NMI	      BIT(3) /* an NMI came: it is the root VP's */
#define LP_LOG	      BIT(4) /* diagnostics are on, and so is this; or they have changed */

struct lp_call {
	void (*function)(void *argument);
	void *argument;
	bool done;
};

/* A child VP that runs in place of the LP's root VP, which dispatched it: core/lp_dispatch.c. */
struct dispatch {
	struct vp *vp;	 /* NULL: none */
	u64 output;	 /* GPA of the hypercall's output, or 0 */
	u64 end;	 /* TSC at which its time is over; ~0: never */
	bool interrupts; /* the root VP's end it even if they are disabled there */
};

struct lp {
	u32 index;
	u32 attention;
	struct vp *vp;		     /* whose state is loaded, or NULL */
	struct vp *root_vp;	     /* the root VP bound here */
	struct partition *partition; /* of the loaded VP */
	struct partition *target;    /* of the hypercall that is going on */
	u64 entries;		     /* into VPs, ever: see partition_flush() */
	bool quiescent;		     /* waits: holds no pointer into a guest's memory */
	u64 stamp;		     /* TSC up to which time has been charged */
	u64 start;
	u64 guest_tsc;
	u64 hypervisor_tsc;
	u64 idle_tsc;
	u64 switch_tsc; /* part of the hypervisor's, from the decision until the next VP is loaded
			 */
	u64 *stats;
	u64 ended[4]; /* level-triggered vectors, see lp_end_level_interrupt() */
	struct trace trace;
	struct spinlock timer_lock;
	struct vp *timer_list;
	u64 armed_tsc;
	u64 pick_tsc; /* when the scheduler must be asked, as of the last time; ~0: never */
	struct lp_call *call;
	/* One hypercall at a time runs here: its input and output, copied once. */
	u8 *call_input;
	u8 *call_output;
	void *save_page; /* the back-end's, see lp_enable */
	void *state_page;
	struct dispatch dispatch;
	u64 stats_covers[PAGE_COVERS]; /* places of its page over the root's memory */
	bool logs;		       /* diagnostics are on, see core/lp_eventlog.h; for them: */
	u64 logged_tag;		       /* the VP that was put here last */
	u64 logged_event;	       /* what waited for injection before this round */
};

extern struct lp lps[MAX_LPS];

static inline struct lp *lp_self(void)
{
	return &lps[machine_lp_index()];
}

/* Runs virtual processors on this LP for ever. */
_Noreturn void lp_run(struct lp *lp);
/* One round of that: at most one entry into a VP. */
void lp_step(struct lp *lp);

/* Makes an LP look at its attention word. */
void lp_notify(u32 lp_index, u32 attention);

/* Runs function(argument) on the LP, between two intercepts, and waits for it. */
void lp_call(u32 lp_index, void (*function)(void *argument), void *argument);

/*
 * To be called in every loop that waits for another LP, so that two waits cannot deadlock. The
 * caller holds neither locks nor pointers into a guest's memory.
 */
void lp_relax(void);

/* lp_relax() for somebody who waits for `lp_index` to leave its VP; `turn` counts the calls. */
void lp_relax_and_kick(u32 lp_index, u32 turn);

/* The VP may run: hands it to the scheduler unless it already has it, or cannot run after all. */
void lp_wake(struct vp *vp);
/* Returns when no LP runs the VP; it must not be runnable. */
void lp_block(struct vp *vp);
/* The same without waiting. False: an LP runs it. */
bool lp_try_block(struct vp *vp);

/*
 * A root VP's hypercall on the calling LP: runs the child VP in its place, as `request` says, once
 * the hypercall is over, or tells at once why not (`out`). INVALID_VP_STATE: an LP runs it already.
 */
enum hv_status lp_dispatch(
	struct vp *vp, const struct dispatch *request, struct hv_output_dispatch_vp *out);

/* The root VP of the calling LP has ended a level-triggered physical interrupt. */
void lp_end_level_interrupt(struct lp *lp, u8 vector);

/* The VP that runs on the calling LP lets others go first. */
void lp_yield(struct lp *lp);

/* Prepares the scheduler for all LPs. */
void lp_scheduler_init(void);
/* Are there LPs that are threads of one core? */
bool lp_threads(void);

/* What the scheduler may be told about a VP, at any time; see core/scheduler/scheduler.h. */
enum sched_error lp_set_params(struct vp *vp, const struct sched_params *params);
/* The same for all VPs of a partition or none; under the partition's lock. */
enum sched_error lp_set_partition_params(
	const struct partition *partition, const struct sched_params *params);
/* The sum of all VPs' reserves, in 1/65536 of an LP. */
u64 lp_reserved(void);
enum sched_error lp_set_affinity(struct vp *vp, const struct sched_set *set);
void lp_get_affinity(const struct vp *vp, struct sched_set *set);
/* The VP is best placed on this node; SCHED_NO_NODE: anywhere. */
void lp_set_node(struct vp *vp, u32 node);
/* The first LP in an ACPI proximity domain; machine.lp_count if there is none. */
u32 lp_of_domain(u32 proximity_domain);
/* The node that an ACPI proximity domain is; SCHED_NO_NODE if no LP is in it. */
u32 lp_node_of_domain(u32 proximity_domain);
void lp_set_group(struct vp *vp, struct sched_group *group);
void lp_set_group_cap(struct sched_group *group, u32 cap);
/* They are about to be freed; the VP is stopped. */
void lp_forget(struct vp *vp);
void lp_forget_partition(struct partition *partition);

/* The list of VPs whose timers this LP watches. */
void lp_timer_insert(struct lp *lp, struct vp *vp);
void lp_timer_remove(struct vp *vp);
/* A deadline of a VP in the calling LP's list has changed. */
void lp_timer_changed(struct lp *lp, u64 deadline_tsc);

/* Brings the time counters of the LP and its VP up to date (calling LP only). */
void lp_publish(struct lp *lp);
/* The parts of it, for the run loop: the LP's at every idle period, the VP's when it leaves. */
void lp_publish_time(struct lp *lp);
void lp_publish_vp(struct vp *vp);
/* How the VP waited for an LP until now, and where; when it is dispatched. */
void lp_publish_waits(struct vp *vp);

#endif
