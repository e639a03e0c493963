/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * libhvstat: the statistics of a Hyper-V architecture hypervisor, read in its root partition from
 * the files that Linux's mshv driver has in debugfs.
 *
 *     char error[HVSTAT_ERROR];
 *     struct hvstat *stat = hvstat_open(NULL, error);
 *     struct hvstat_sample *one = hvstat_sample_new(), *two = hvstat_sample_new();
 *     hvstat_read(stat, one, error);
 *     sleep(1);
 *     hvstat_read(stat, two, error);
 *     // counters: two->vps[0].counters[VP_HypercallsCount]; what happened in between: use.h
 *
 * A handle and its samples belong to one thread at a time. Nothing here prints or ends the program.
 */
#ifndef HVSTAT_H
#define HVSTAT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include "hvstat/lib/counters.h"

#define HVSTAT_ERROR 256 /* bytes for an error message */
#define HVSTAT_NAME  64	 /* bytes for a guest's name */
#define HVSTAT_ROOT  "/sys/kernel/debug/mshv"

struct hvstat_lp {
	uint32_t index;
	uint64_t counters[LP_SLOTS];
};

struct hvstat_vp {
	uint32_t partition; /* its place in the sample's partitions */
	uint32_t index;
	uint64_t counters[VP_SLOTS];
};

struct hvstat_partition {
	uint64_t id; /* 0 for a root that does not know its own ("self") */
	bool root;
	pid_t pid;		     /* of the guest's VMM, 0 if not found */
	char name[HVSTAT_NAME];	     /* "root", the name of the guest, or "partition ID"; unique */
	uint32_t first_vp, vp_count; /* its VPs, in the sample's vps */
	uint64_t counters[PT_SLOTS];
};

/* All counters of the machine at one time. Partitions by id, the root first; the others by index.
 */
struct hvstat_sample {
	int64_t time_ns;      /* since an arbitrary moment, without leaps */
	struct timespec when; /* the date */
	uint64_t hv[HV_SLOTS];
	struct hvstat_lp *lps;
	struct hvstat_partition *partitions;
	struct hvstat_vp *vps;
	uint32_t lp_count, partition_count, vp_count;
	/* The counters that the files had, a bit for each slot. */
	uint64_t present[HVSTAT_OBJECTS][(VP_SLOTS + 63) / 64];
	/* Room that was allocated: for the library. */
	uint32_t lp_room, partition_room, vp_room;
};

struct hvstat_options {
	const char *root; /* the folder of the driver's files; NULL: HVSTAT_ROOT */
	const char *proc; /* where processes are found; NULL: /proc */
	bool no_names;	  /* do not look for the guests' names */
	bool no_wake; /* never run on an idle processor to have its counters brought up to date */
};

struct hvstat;

/* NULL, with a message that says what to do, if there is nothing to read. */
struct hvstat *hvstat_open(const struct hvstat_options *options, char error[HVSTAT_ERROR]);
void hvstat_close(struct hvstat *stat);

/* Reads everything. False, with a message, if the driver has gone or memory is short. An object
 * that vanishes while it is read is left out.
 */
bool hvstat_read(struct hvstat *stat, struct hvstat_sample *sample, char error[HVSTAT_ERROR]);

struct hvstat_sample *hvstat_sample_new(void); /* NULL: no memory */
void hvstat_sample_free(struct hvstat_sample *sample);

/* Makes room, contents kept. False: no memory. Part of hvstat_read; for makers of own samples. */
bool hvstat_sample_room(
	struct hvstat_sample *sample, uint32_t lps, uint32_t partitions, uint32_t vps);

static inline bool hvstat_present(
	const struct hvstat_sample *sample, enum hvstat_object object, unsigned slot)
{
	return sample->present[object][slot / 64] >> slot % 64 & 1;
}

/* The same object in another sample; NULL if it is not there. */
const struct hvstat_lp *hvstat_find_lp(const struct hvstat_sample *sample, uint32_t index);
const struct hvstat_partition *hvstat_find_partition(
	const struct hvstat_sample *sample, uint64_t id, bool root);
const struct hvstat_vp *hvstat_find_vp(const struct hvstat_sample *sample,
	const struct hvstat_partition *partition, uint32_t index);

#endif
