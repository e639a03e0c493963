/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A partition's GPA space as second-level address translation tables (AMD APM vol. 2 §15.25;
 * Intel SDM vol. 3 §29.3). One walker for every vendor: the entry format comes from the back-end.
 * Callers hold the partition's lock; invalidation of what processors cached is theirs too.
 */
#ifndef CORE_MEMORY_SLAT_H
#define CORE_MEMORY_SLAT_H

#include "backend/backend.h"
#include "core/memory/frames.h"
#include "core/memory/pool.h"

struct overlay;

struct slat {
	const struct slat_format *format;
	struct pool *pool; /* tables come from here */
	u64 *root;
	u64 table_pages;
	u64 pages[3]; /* mapped leaves by level, for the GpaPages counters */
	u64 shattered;
	bool counted;		      /* a child's: frames know how often they are mapped, */
	u64 on_node[FRAME_NODES + 1]; /* and this is how many are mapped here, by node */
	bool stale;		      /* something that processors may have cached was changed */
	u64 retired; /* tables that processors may still be walking, see slat_take_retired() */
	struct overlay *overlays; /* newest first, see overlay.h */
	u64 overlay_tables;	  /* made for them where nothing was mapped, ever */
};

/* False: no memory for the top table. */
bool slat_init(struct slat *slat, const struct slat_format *format, struct pool *pool);
/* Returns every table page to the pool. */
void slat_destroy(struct slat *slat);

#define SLAT_OK	       0
#define SLAT_NO_MEMORY 1

/*
 * Maps one page of `level` (0 = 4 KiB, 1 = 2 MiB, 2 = 1 GiB) at gpa, both aligned; rights 0
 * removes. Larger pages in the way are split, smaller ones below are replaced.
 * SLAT_NO_MEMORY leaves the mapping as it was.
 */
int slat_set(struct slat *slat, u64 gpa, u64 spa, u32 level, u64 rights);

/* Maps a range with the largest pages that fit, up to max_level. Page-aligned bytes. */
int slat_map_range(struct slat *slat, u64 gpa, u64 spa, u64 size, u32 max_level, u64 rights);

/* The tables replaced so far. They are back in the pool after slat_release(). */
u64 slat_take_retired(struct slat *slat);
/* After all processors have dropped their translations. */
void slat_release(struct slat *slat, u64 retired);

struct slat_leaf {
	u64 spa;    /* of the byte asked for */
	u64 rights; /* 0: nothing mapped */
	u32 level;  /* also of an entry that maps nothing */
	u64 *entry;
	u64 value; /* of the entry when it was read */
};

/* Sets Accessed and Dirty as a write by the guest would. False: the entry has changed since. */
bool slat_mark_written(const struct slat *slat, const struct slat_leaf *leaf);

struct slat_leaf slat_lookup(const struct slat *slat, u64 gpa);

#endif
