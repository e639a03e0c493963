/* SPDX-License-Identifier: BSD-2-Clause */
/* What the scheduler knows. Others read `state`, `lp`, `bound_lp` and `stats` of an entity. */
#ifndef CORE_SCHEDULER_STATE_H
#define CORE_SCHEDULER_STATE_H

#include "core/scheduler/budget.h"
#include "core/scheduler/limits.h"
#include "core/scheduler/tree.h"

#define SCHED_NO_LP	 (~0u)
#define SCHED_NO_NODE	 (~0u)
#define SCHED_WHOLE_LP	 0x10000u /* of reserves and caps */
#define SCHED_WEIGHT_MAX 10000u
#define SCHED_BUCKETS	 13
#define SCHED_SET_WORDS	 ((SCHED_MAX_LPS + 63) / 64)

/* CAPPED: could run, but it or its group has used what it may use for now. */
enum sched_state { SCHED_BLOCKED, SCHED_READY, SCHED_RUNNING, SCHED_CAPPED };

/* Both ways to a processor. An entity with a reserve waits for both at once. */
enum sched_kind { SCHED_RESERVE, SCHED_WEIGHT, SCHED_KINDS };

/* How an LP's entity came to run, in order of precedence. */
enum sched_rank { SCHED_RANK_IDLE, SCHED_RANK_WEIGHT, SCHED_RANK_RESERVE, SCHED_RANK_PROMPT };

/* Core: two partitions never share a core at once. */
enum sched_type { SCHED_CLASSIC, SCHED_CORE };

enum sched_error {
	SCHED_OK,
	SCHED_BAD_VALUE,   /* weight, reserve or cap out of range */
	SCHED_ABOVE_CAP,   /* reserve above cap */
	SCHED_NO_CAPACITY, /* the sum of reserves would be more than all LPs */
	SCHED_BAD_SET,	   /* an affinity set without any LP, or of a root VP */
	SCHED_NO_ROOM,	   /* more different affinity sets than SCHED_MAX_SETS */
};

struct sched_set {
	u64 word[SCHED_SET_WORDS];
};

struct sched_params {
	u32 weight;  /* 1 to SCHED_WEIGHT_MAX */
	u32 reserve; /* in 1/65536 of an LP */
	u32 cap;
};

/* Statistics, in the caller's time unit. */
struct sched_stats {
	u64 run;
	u64 remote;    /* part of it on another node than the entity's */
	u64 contended; /* waited because others ran */
	u64 capped;    /* waited because of a cap */
	u64 dispatches;
	u64 migrations;
	u64 preempted; /* had to leave before it was done */
	u64 wakes;     /* that led to a dispatch, */
	u64 wake_time; /* and the time it took */
	u64 wake_longest;
	u32 bucket;		    /* of the last wait */
	u64 buckets[SCHED_BUCKETS]; /* waits by length: below unit, 2 units, 4 units, … */
};

/* A CPU group: entities that together use no more than its cap. */
struct sched_group {
	struct sched_budget budget;
	struct sched_tree capped; /* members that wait for the budget, by `group_time` */
	struct sched_node timer;  /* in `groups` of the LP that watches the budget */
	u32 timer_lp;
	bool timer_runs;
	u32 members;
	u64 clock; /* group time of the member that was let go last */
};

/* Those that may not run on two threads of a core with others, and yield to one another. */
struct sched_partition {
	struct sched_entity *head, *tail; /* ready members, in order of waiting */
};

struct sched_entity {
	enum sched_state state;
	u32 bound_lp; /* root VPs: the only LP; SCHED_NO_LP: any */
	u32 lp;	      /* where it waits, runs or ran last */
	u32 last_lp;  /* where it ran last, SCHED_NO_LP if never */
	u32 set;      /* its affinity set, or SCHED_PINNED */
	u32 pin;      /* the LP if it is pinned */
	u32 node;     /* ideal NUMA node, or SCHED_NO_NODE */
	u64 ready_since;
	/* The accounting model: see scheduler.h. Tags of kind WEIGHT are in time of `lp`. */
	u32 rate[SCHED_KINDS]; /* reserve and weight */
	u64 start[SCHED_KINDS];
	u64 deadline[SCHED_KINDS];
	struct sched_budget cap;
	u64 cap_end; /* of the grants it runs on; 0: none */
	u64 group_end;
	struct sched_group *group;
	u64 group_time;
	/* Where it waits. */
	struct sched_node local[SCHED_KINDS];  /* in its LP's tree */
	struct sched_node shared[SCHED_KINDS]; /* in its set's, unless pinned */
	u32 shared_node;
	bool in_group;	/* capped by its group */
	bool preempted; /* ready, but had to leave: may hold a lock */
	bool woken;	/* not yet run since it was woken */
	u64 waits_since;
	struct sched_partition *partition;
	struct sched_entity *previous, *next; /* in the partition's list */
	struct sched_stats stats;
};

/* An affinity set that is used, and who waits for any LP of it. */
struct sched_affinity {
	struct sched_set lps;
	u32 users;
	u32 ready;
	u32 claims; /* LPs that are claimed for them */
	struct sched_tree waiting[SCHED_KINDS][SCHED_MAX_NODES];
};

struct sched_lp {
	struct sched_entity *running;	      /* NULL: idle */
	enum sched_kind kind;		      /* what the running entity pays with */
	struct sched_tree ready[SCHED_KINDS]; /* who waits here */
	struct sched_tree capped;    /* entities whose own cap is used up, by time of release */
	struct sched_tree groups;    /* groups whose budget this LP watches */
	u64 clock;		     /* virtual time of this LP */
	u64 base;		     /* what makes it comparable with that of others, */
	u32 epoch;		     /* as long as they have shared work since then */
	u64 load;		     /* weights of who runs or waits here */
	u64 stamp;		     /* time is charged up to here */
	u64 slice_end;		     /* 0: nobody waits, no end */
	u64 sets;		     /* affinity sets that contain this LP */
	struct sched_entity *alone;  /* was woken for an idle LP, see alone.c */
	struct sched_entity *prompt; /* root VP that was woken and goes first */
	struct sched_entity *hint;   /* may hold the lock that the last one spins for */
	struct sched_budget promptness;
	u64 prompt_end; /* of the grant; 0: none */
	u32 node;
	u32 core;    /* its first LP, whose `owner` and `turn_end` count */
	u32 sibling; /* the next LP of the core, in a ring */
	struct sched_partition *owner;
	u64 turn_end;
	u32 awaited;	 /* 1 + the LP for which the others leave the core; 0: none */
	bool claimed;	 /* told to pick, and idle or about to: not to be counted on for more */
	u32 claimed_set; /* for whom, SCHED_PINNED: for one that is pinned */
	bool preempt;	 /* somebody with precedence waits */
	bool gave_way;	 /* the running entity lets others go first */
	bool forced;	 /* idles because another partition has the core */
};

#define SCHED_PINNED SCHED_MAX_SETS

struct sched {
	u32 lp_count;
	u32 node_count;
	enum sched_type type;
	u64 slice;     /* length in the caller's time unit */
	u64 move_near; /* how much later a deadline may be met to stay on the LP; */
	u64 move_far;  /* on the node */
	u32 ready_count;
	u32 claims;	/* LPs that are claimed */
	u64 load;	/* weights of all who run or are ready, */
	u32 active;	/* and their number */
	u32 epoch;	/* counts the times at which somebody began to wait */
	u64 reserved;	/* sum of all reserves */
	u64 clock;	/* how far LPs that share work have come: the first of them, */
	u64 mean;	/* and all of them in the mean */
	u64 waiting;	/* affinity sets for which somebody waits */
	u32 swap_probe; /* where sched_find_swap() goes on */
	struct sched_set idle, idle_cores, endless, kicks;
	bool kicked; /* there may be some in `kicks` */
	struct sched_set node_lps[SCHED_MAX_NODES];
	struct sched_affinity sets[SCHED_MAX_SETS]; /* [0]: all LPs */
	struct sched_lp lps[SCHED_MAX_LPS];
};

#endif
