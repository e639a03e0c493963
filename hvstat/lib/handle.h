/* SPDX-License-Identifier: BSD-2-Clause */
/* What a handle is inside. */
#ifndef HVSTAT_HANDLE_H
#define HVSTAT_HANDLE_H

#include "hvstat/lib/hvstat.h"
#include "hvstat/lib/names.h"
#include "hvstat/lib/tree.h"

#define TEXT_ROOM  (256 * 1024) /* of one file; the longest has 11 KiB */
#define NAME_TRIES 5		/* samples: a VMM makes its VPs some time after the partition */

/* A partition: its VPs' files, and whose it is. */
struct guest {
	struct node *node;
	struct branch vps;
	struct guest_facts facts;
	char name[HVSTAT_NAME]; /* as it is shown */
	unsigned tries;		/* to find the VMM */
};

struct hvstat {
	struct hvstat_options options;
	int hv;
	struct branch lps, partitions;
	struct guest *guests; /* one for each node of `partitions`, in its order */
	uint32_t guest_count;
	char *text;
};

/* Brings the list of partitions up to date. False: no memory. */
bool guests_scan(struct hvstat *stat);
/* Reads partitions and VPs into the sample. False: no memory. */
bool guests_read(struct hvstat *stat, struct hvstat_sample *sample);
void guests_close(struct hvstat *stat);

#endif
