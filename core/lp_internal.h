/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of the run loop share: core/lp.c, core/lp_*.c. */
#ifndef CORE_LP_INTERNAL_H
#define CORE_LP_INTERNAL_H

#include "core/lp.h"

/* Protects all of `lp_sched`, and loading and unloading of VPs. */
extern struct spinlock lp_sched_lock;
/*
 * The one scheduler. It is named, not handed out: that all its callers name the same one lets the
 * compiler fold its address into the scheduler's functions.
 */
extern struct sched lp_sched;

/* The time since the last stamp was the hypervisor's, and the loaded VP's if there is one. */
void lp_charge(struct lp *lp);

/* Runs what lp_call() on another LP has put to this one, if anything. */
void lp_run_call(struct lp *lp);

/* Loads the VP in place of the one that is loaded. Under the scheduler's lock. */
void lp_switch(struct lp *lp, struct vp *vp);

/* ---- core/lp_places.c ---- */

/* Tells the scheduler cores and nodes of all LPs. */
void lp_place_all(void);
/* Tells the frame table the nodes, and the log if there are several; after lp_place_all(). */
void lp_place_memory(void);
u32 lp_count_cores(void);

/* ---- If the root schedules: core/lp_dispatch.c ---- */

/* The loaded VP cannot go on, or must not: the root VP that dispatched it takes its place. */
void lp_dispatch_end(struct lp *lp);

/*
 * To be called between two entries while lp->dispatch.vp is set: begins a dispatch, or ends it if
 * its time is over or the root VP has something else to do. True: the dispatched VP is loaded.
 */
bool lp_dispatch_goes_on(struct lp *lp);

/* lp_wake() for a root that schedules. Returns the LP that must look at its work. */
void lp_dispatch_wake(struct vp *vp);

#endif
