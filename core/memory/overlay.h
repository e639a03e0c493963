/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Pages of the hypervisor's that cover a GPA page (TLFS "GPA Overlay Pages"). What is mapped below
 * stays mapped, can be changed by the parent meanwhile, and shows again when the cover is taken
 * away. Callers hold the partition's lock; when slat->stale is set, processors must be flushed.
 */
#ifndef CORE_MEMORY_OVERLAY_H
#define CORE_MEMORY_OVERLAY_H

#include "core/memory/slat.h"

struct overlay {
	struct overlay *next;
	void *page;
	u64 gpa;
	u64 covered; /* the entry of what is below, absent or a 4 KiB leaf */
	bool shown;
};

enum overlay_result {
	OVERLAY_OK,
	OVERLAY_NO_MEMORY, /* for a table */
	OVERLAY_TAKEN,	   /* another one is there already */
};

/* Shows the page at `gpa`. It must not be shown already. */
enum overlay_result overlay_show(struct slat *slat, struct overlay *overlay, u64 gpa);
/* Takes it away, if it is shown. */
void overlay_hide(struct slat *slat, struct overlay *overlay);

/* The overlay at the page of `gpa`, or NULL. */
struct overlay *overlay_at(const struct slat *slat, u64 gpa);
/* Is there any in the `level` page at `gpa`? */
bool overlay_within(const struct slat *slat, u64 gpa, u32 level);

#endif
