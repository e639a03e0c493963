/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which virtual processor runs where. Pure policy: no clock, no interrupts, no knowledge of VPs;
 * it moves `struct sched_entity` between queues and says what must happen as data.
 *
 * Policy: a root VP is bound to its LP and, when woken, takes the LP at once. Child VPs share
 * one first-in-first-out queue over all LPs. Whoever shares an LP gets slices of equal length.
 *
 * Locking: the caller serializes all calls on one `struct sched`.
 */
#ifndef CORE_SCHEDULER_SCHEDULER_H
#define CORE_SCHEDULER_SCHEDULER_H

#include "core/lib/types.h"

#define SCHED_MAX_LPS 64
#define SCHED_NO_LP   (~0u)

enum sched_state { SCHED_BLOCKED, SCHED_READY, SCHED_RUNNING };

struct sched_entity {
	enum sched_state state;
	u32 bound_lp; /* root VPs: the only LP; SCHED_NO_LP: any */
	u32 lp;	      /* where it runs or ran last */
	struct sched_entity *next;
	u64 ready_since; /* the caller's time unit, for the wait-time counters */
};

struct sched_lp {
	struct sched_entity *running; /* NULL: idle */
	struct sched_entity *bound;   /* the root VP of this LP, if any */
	bool bound_first;	      /* it was woken: it goes before any other */
	u64 slice_end;		      /* 0: nobody waits, no end */
	bool claimed;		      /* idle, but told to pick: not to be counted on for more */
};

struct sched {
	u32 lp_count;
	u64 slice; /* length in the caller's time unit */
	u32 ready_count;
	struct sched_entity *head;
	struct sched_entity *tail;
	struct sched_lp lps[SCHED_MAX_LPS];
};

void sched_init(struct sched *sched, u32 lp_count, u64 slice);
void sched_entity_init(struct sched_entity *entity, u32 bound_lp);

/*
 * The entity can run, or has got an interrupt while it waited. Returns the LP that must look at
 * its work now, SCHED_NO_LP if none.
 */
u32 sched_wake(struct sched *sched, struct sched_entity *entity, u64 now);

/* The entity, which is running or ready, cannot run any more. */
void sched_block(struct sched *sched, struct sched_entity *entity);

/* The entity that runs on the LP lets others go first, if any wait. */
void sched_give_way(struct sched *sched, u32 lp, u64 now);

/* True if the LP's choice may change: slice over, or somebody with precedence is ready. */
bool sched_must_pick(const struct sched *sched, u32 lp, u64 now);

/* Puts the running entity (if any) behind its equals and chooses the next; NULL = idle. */
struct sched_entity *sched_pick(struct sched *sched, u32 lp, u64 now);

/*
 * If somebody waits: an LP that must look at its work, because it idles or because its VP would
 * run on for ever. To be asked after each pick, so that in the end all LPs share the queue.
 */
u32 sched_claim(struct sched *sched, u64 now);

/* Time at which sched_must_pick() turns true by itself; ~0 = never. */
u64 sched_slice_end(const struct sched *sched, u32 lp);

#endif
