/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Whose partition is it? The driver does not tell which process made a partition, but it leaves
 * traces: the process has an open file "anon_inode:mshv_partition" and one "anon_inode:mshv_vp" for
 * each VP; the partition's folder in debugfs was made when the process initialized it, a VP's
 * folder when its thread made the VP. A process and a partition belong together if the number of
 * VPs and all these times fit, and if no other pair could be meant. Otherwise the partition has no
 * name.
 */
#ifndef HVSTAT_NAMES_H
#define HVSTAT_NAMES_H

#include <stddef.h>

#include "hvstat/lib/hvstat.h"

#define NAMED_VPS 64 /* VPs whose times are compared */

/* A partition. Times are dates in ns, 0 if not known. */
struct guest_facts {
	uint64_t id;
	bool self;
	int64_t made;
	uint32_t vp_count, vps_known;
	uint32_t vp_index[NAMED_VPS];
	int64_t vp_made[NAMED_VPS];
	pid_t pid;		/* found; 0: not */
	char name[HVSTAT_NAME]; /* of the guest; "" if it has none */
};

/* A process that has a partition. */
struct vmm {
	pid_t pid;
	int64_t started;
	uint32_t partitions, vps;	/* open files */
	int64_t thread_made[NAMED_VPS]; /* of VP n; 0: not found */
	char name[HVSTAT_NAME];
};

/* Fills in pid and name of those that have none yet. */
void names_find(const char *proc, struct guest_facts **guests, size_t count);

/* Whether they can belong together. */
bool names_fit(const struct vmm *vmm, const struct guest_facts *guest);
/* The pairs that are sure. */
void names_match(
	const struct vmm *vmms, size_t vmm_count, struct guest_facts **guests, size_t count);
/* The guest's name in a QEMU command line ("\0" between arguments); "" if it has none. What would
 * be part of a counter's path is replaced: brackets, both slashes, # * : " and control codes.
 */
void names_from_arguments(const char *arguments, size_t length, char name[HVSTAT_NAME]);

/* All processes that have a partition: an array to be freed. NULL: none, or no memory. */
struct vmm *vmms_find(const char *proc, size_t *count);

#endif
