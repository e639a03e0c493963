/* SPDX-License-Identifier: BSD-2-Clause */
/* A partition: GPA space, virtual processors, properties, privileges, memory pool. */
#ifndef CORE_PARTITION_PARTITION_H
#define CORE_PARTITION_PARTITION_H

#include "abi/hv_status.h"
#include "core/lib/spinlock.h"
#include "core/memory/overlay.h"
#include "core/memory/pool.h"
#include "core/memory/share.h"
#include "core/memory/slat.h"
#include "core/scheduler/scheduler.h"
#include "core/statistics/statistics.h"

#define MAX_PARTITIONS 256 /* root included; also pool slots */
#define MAX_VPS	       256
#define MAX_DOORBELLS  85 /* what fits in a page */

enum partition_state {
	PARTITION_FREE,
	PARTITION_CREATED, /* early properties may be set */
	PARTITION_ACTIVE,
	PARTITION_FINALIZED, /* VPs and GPA space are gone, memory waits to be withdrawn */
};

struct vp;
struct cpu_group;

/* A doorbell port (TLFS HV_PORT_TYPE_DOORBELL) and the GPA it is connected to. */
struct doorbell {
	u32 port_id;	   /* 0: row is free */
	u32 connection_id; /* 0: not connected */
	u32 target_vp;
	u32 target_sint;
	u64 gpa;
	u64 value;
	u64 flags;
};

struct partition {
	u64 id;
	enum partition_state state;
	bool is_root;
	u16 slot;
	struct spinlock lock;
	struct pool pool;
	struct slat slat;
	u64 *stats;
	u64 privileges;	 /* HV_PARTITION_PRIVILEGE mask = CPUID 0x40000003 EAX | EBX << 32 */
	u32 feature_edx; /* CPUID 0x40000003 EDX */
	u32 hints;	 /* CPUID 0x40000004 EAX */
	bool announced;	 /* CPUID shows that a hypervisor is there */
	u64 create_flags;
	u64 synthetic_features;
	u64 processor_features[2];
	u64 unimplemented_msr_action;
	u64 access_tracking;
	u64 guest_os_id;
	u64 hypercall_msr;
	u64 reference_tsc_msr;
	u64 tsc_offset;	      /* guest TSC - TSC, the same for all VPs */
	bool has_run;	      /* a VP has been resumed: the TSC cannot be set any more */
	u32 log_lines;	      /* printed because of it */
	u32 users;	      /* hypercalls that hold a pointer, see partition_get() */
	bool alone;	      /* … and there may be only this one */
	u64 reference_offset; /* reference time = scaled TSC + offset, 100 ns */
	u32 tsc_sequence;     /* of the reference TSC page, the latest */
	u64 frozen_time;      /* valid while time_frozen */
	bool time_frozen;
	u64 flush_generation;
	struct sched_partition sched; /* under the scheduler's lock */
	struct sched_params params;   /* of each VP; see scheduling.h */
	struct cpu_group *cpu_group;  /* NULL: none */
	u32 home;		      /* NUMA node of most of its memory, or SCHED_NO_NODE */
	u32 vp_count;
	u32 vp_end;		       /* no VP has this index or a higher one */
	struct doorbell *doorbells;    /* a page of MAX_DOORBELLS rows, made with the first port */
	struct overlay stats_overlay;  /* the statistics page in the partition's own GPA space */
	u64 stats_covers[PAGE_COVERS]; /* … and over the root's memory, see stats_calls.c */
	struct vp *vps[MAX_VPS];
};

_Static_assert(MAX_PARTITIONS <= FRAME_OWNERS, "the frame table has room for every slot");
_Static_assert(sizeof(struct partition) <= PAGE_SIZE, "a partition fits in one deposited page");

/* Lines that one partition can cause on the console; what comes after is dropped. */
#define LOG_BUDGET 200

/* True if a line about the partition may be printed; the last one says that it is. */
bool partition_may_log(struct partition *partition);

extern struct partition root_partition;

/* Prepares the table of partitions and the root partition. */
void partitions_init(void);

/*
 * NULL if there is no such partition. It and its VPs stay in memory until partition_put(). With
 * `alone` no other LP holds it, and none gets it until then: for calls that take things apart.
 */
struct partition *partition_get(u64 id, bool alone);
void partition_put(struct partition *partition);
struct vp *partition_vp(struct partition *partition, u32 index);

/* Life cycle (TLFS ch. 6): created by HvCallCreatePartition, … */
enum hv_status partition_create(u64 flags, struct partition **created);
enum hv_status partition_initialize(struct partition *partition);
enum hv_status partition_finalize(struct partition *partition);
enum hv_status partition_delete(struct partition *partition);

/* Takes back all messages that root VPs have not yet got from the partition. */
void partition_purge_messages(const struct partition *partition);

/* Deletes a doorbell port of the root, wherever it is connected. */
enum hv_status partitions_delete_port(u32 port_id);

/* Partition reference time, 100 ns units (TLFS "Timers"). */
u64 partition_reference_time(const struct partition *partition, u64 tsc);
void partition_freeze_time(struct partition *partition, bool freeze);
/* TSC at which the partition's reference time will be `time_100ns`. */
u64 partition_time_to_tsc(const struct partition *partition, u64 time_100ns);

/* Waits until no LP uses translations older than now. The caller must not hold the lock. */
void partition_flush(struct partition *partition);

/*
 * Ends a change of the GPA space and unlocks the partition. Returns only when no processor uses
 * what was replaced, because it may be freed then. What others change meanwhile is theirs.
 */
void partition_settle(struct partition *partition);

/*
 * Shows a page in the partition's own GPA space as a register says, no longer where its old value
 * said. `place`: where the pointer to the page is kept, which is read under the partition's lock.
 * False, with nothing changed: no memory for tables, or (root) not RAM that only it has.
 */
bool partition_set_overlay(
	struct partition *partition, struct overlay *overlay, u64 *const *place, u64 msr);
/* Is a page of the hypervisor in front of the partition's memory at `gpa`? */
bool partition_covered(struct partition *partition, u64 gpa);

/* Fills in and publishes the reference TSC page, if the guest has enabled it. */
void partition_update_tsc_page(struct partition *partition);

/*
 * The same for all partitions and all LPs: for frames that change hands, which a child may have
 * had mapped a moment ago.
 */
void partitions_flush_all(void);

/*
 * Pointer to the byte at `gpa`, good to the end of its page, or NULL without these rights. Valid
 * until the calling LP enters a VP or waits (see partition_flush()).
 */
void *partition_memory(struct partition *partition, u64 gpa, u64 rights);

#endif
