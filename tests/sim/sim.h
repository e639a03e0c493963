/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A simulated machine whose logical processors run virtual processors as a policy decides. Events
 * are handled in order of time, and everything random comes from one seed: a run is a function of
 * its seed. Time is in nanoseconds.
 *
 * What costs time: a kick takes KICK_NS to arrive; each switch SWITCH_NS; a VP that comes from
 * another LP works only after it has filled the caches again. All of it is charged to the VP.
 */
#ifndef TESTS_SIM_SIM_H
#define TESTS_SIM_SIM_H

#include "core/scheduler/scheduler.h"

#include <stdio.h>

#define KICK_NS	       2000
#define SWITCH_NS      1500
#define MOVE_NEAR_NS   20000
#define MOVE_FAR_NS    100000
#define SLICE_NS       4000000ull /* of our scheduler, as in core/lp.c */
#define MS	       1000000ull
#define SECOND	       1000000000ull
#define NEVER	       (~0ull)
#define MAX_VPS	       12000
#define MAX_PARTITIONS 8192

enum workload {
	BUSY,	     /* computes for ever */
	PERIODIC,    /* `run` of work every `sleep` */
	BURSTY,	     /* about `run`, then about `sleep`, at random */
	INTERACTIVE, /* the same, short, and latency counts */
	LOCKING,     /* computes, and now and then needs the partition's lock */
	STEALING,    /* sleeps for a moment just before its slice is over */
	STORMING,    /* all of these wake at once, for a short time */
	TASKED,	     /* computes tasks of its partition's program until there are none */
};

enum state { BLOCKED, WAITING, RUNNING };

struct vp {
	u32 index;
	u32 partition;
	u32 bound; /* SCHED_NO_LP, or the LP of a root VP */
	u32 weight, reserve, cap;
	bool limited; /* to `lps` */
	struct sched_set lps;
	u32 group; /* 0: none */
	u32 node;  /* with its memory, or SCHED_NO_NODE; our policy only */
	enum workload workload;
	u64 run, sleep;
	/* Now. */
	enum state state;
	u32 lp;	    /* where it runs or ran last */
	u64 left;   /* to compute until it does something else */
	u64 refill; /* caches, before that */
	bool holds, spins, has_task;
	bool waits_for_wake;
	u64 since; /* in this state */
	bool woken;
	/* Sums. */
	u64 time;     /* on an LP, */
	u64 progress; /* of it computing */
	u64 moves, moves_far, dispatches;
	u64 latency_longest;
	u64 mark; /* `time` when a measurement began */
	/* What check.c knows. */
	double cap_level, reserve_lack;
	u64 checked;
	u64 kept_away; /* from its node since then, though an LP there idles; 0: it is not */
	/* What policies know. */
	struct sched_entity entity;
	struct vp *next, *previous;
	u32 queue;
	bool queued;
	s64 credit;
	u64 start, deadline, stamp;
	s64 quota;
	bool throttled;
};

struct lp {
	struct vp *running;
	u64 since; /* progress is counted up to here */
	u64 armed; /* time of its next event */
	u64 idle_since;
};

struct lock {
	struct vp *holder;
};

struct policy;

struct world {
	u64 now;
	u64 random;
	u32 lp_count, node_count, vp_count, threads;
	const struct policy *policy;
	struct lp lps[SCHED_MAX_LPS];
	u32 node_of[SCHED_MAX_LPS];
	struct vp *vps;
	struct lock locks[MAX_PARTITIONS];
	bool storms;
	bool checks;
	/* Sums. */
	u64 decisions, wakes, switches, steps, steps_longest, moves, moves_far, spun, cycles;
	u32 *latencies; /* of wakes, in units of 100 ns, at most LATENCIES of them */
	u32 latency_count;
};

#define LATENCIES 4000000

struct policy {
	const char *name;
	void (*init)(struct world *world);
	void (*add)(struct world *world, struct vp *vp);
	/* As in core/scheduler/scheduler.h. */
	u32 (*wake)(struct world *world, struct vp *vp);
	void (*block)(struct world *world, struct vp *vp);
	bool (*must_pick)(struct world *world, u32 lp);
	struct vp *(*pick)(struct world *world, u32 lp);
	u32 (*claim)(struct world *world);
	u64 (*deadline)(struct world *world, u32 lp);
	void (*yield)(struct world *world, u32 lp);
};

extern const struct policy policy_trivium, policy_round_robin, policy_credit, policy_fair;
extern u64 policy_steps; /* of those that are not ours */
extern struct sched sim_sched;
extern struct sched_group sim_groups[8];

/* ---- world.c ---- */

extern struct world world;

void world_init(const struct policy *policy, u32 lps, u32 nodes, u32 threads, u64 seed);
struct vp *world_add(u32 partition, enum workload workload, u64 run, u64 sleep);
/* Root VPs for all LPs, woken by devices. */
void world_add_roots(u64 run, u64 sleep);
/* Everybody begins; `spread` apart at most. */
void world_start(u64 spread);
void world_run(u64 until);
/* The LP looks at its work soon. */
void world_tell(u32 lp);
/* Charges all VPs up to now. */
void world_sync(void);
/* What VPs have had from now on. */
void world_mark(void);
u64 world_had(const struct vp *vp);
u64 world_time(const struct vp *vp);
u64 world_random(u64 below);

/* ---- workload.c ---- */

/* What the VP does first, and after it has computed what it wanted: false: it sleeps. */
void workload_begin(struct vp *vp);
bool workload_next(struct vp *vp, u64 *sleep);

/*
 * What runs in a partition with VPs that are TASKED: workers, at least as many as VPs, that take
 * one task after the other and now and then sleep after one. The partition's own scheduler is
 * ideal: a VP sleeps only if all workers that are on no VP do.
 */
#define MAX_PROGRAMS 8
#define MAX_WORKERS  16
struct program {
	u32 tasks, begun, done;
	u32 idle;		/* workers without a task, */
	u64 wakes[MAX_WORKERS]; /* and the times from which on they want one */
	u64 finished;		/* all tasks were done; 0: not yet */
};
extern struct program sim_programs[MAX_PROGRAMS]; /* by partition */

/* ---- check.c ---- */

void check_charge(struct vp *vp, u64 from, u64 to);
void check_wait(struct vp *vp, u64 from, u64 to);
void check_step(void);
void check_decision(u64 steps);
_Noreturn void fail(const char *format, ...) __attribute__((format(printf, 1, 2)));
extern u64 sim_seed;	/* of the run that is going on */
extern u64 group_since; /* the time at which groups were changed last */
/* What each VP should have of its LPs, as a fraction of one, if all are busy. */
void ideal_shares(double *shares);

/* ---- report.c, experiment.c, properties.c ---- */

extern const struct policy *const sim_policies[4]; /* ours is the first */
int report(const char *folder);
/* Opened for writing. */
FILE *report_file(const char *folder, const char *name);
/* The folder may be NULL: only ours, and no files. */
int experiment(const char *folder);
/* One run from the seed, with all checks. */
void properties(u64 seed, bool talk);
extern u64 properties_decisions;

#endif
