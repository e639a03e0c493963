/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Pages of the hypervisor that lie over a child's GPA space (TLFS "GPA Overlay Pages"): what is
 * mapped beneath stays the parent's to map and unmap, and shows again when the overlay goes. The
 * table's leaf is the newest overlay's; each remembers the leaf beneath it. Callers hold the
 * partition's lock and end the change with partition_settle(). The root's are in share.h.
 */
#ifndef CORE_MEMORY_OVERLAY_H
#define CORE_MEMORY_OVERLAY_H

#include "core/memory/slat.h"

#define OVERLAY_ENABLE	 BIT(0)
#define OVERLAY_GPA_MASK 0xfffffffffffff000ull
#define OVERLAY_GPA_END	 (1ull << 48) /* four levels of tables */
#define OVERLAY_TABLES	 64	      /* of one GPA space, where else nothing is mapped */

struct overlay {
	u64 msr;	      /* as the guest wrote it: address, enable in bit 0 */
	u64 beneath;	      /* entry that was there; 0: nothing was mapped */
	struct overlay *next; /* older ones of the same GPA space */
};

/* Does a register with this value show its page? Beyond the GPA space it shows nowhere. */
static inline bool overlay_shows(u64 msr)
{
	return (msr & OVERLAY_ENABLE) && msr < OVERLAY_GPA_END;
}

/* Shows the page `spa` where overlay->msr says, read-only. SLAT_NO_MEMORY: nothing is
 * changed; also if it needs a table where nothing is mapped, and OVERLAY_TABLES of these were made.
 */
int overlay_add(struct slat *slat, struct overlay *overlay, u64 spa);
void overlay_remove(struct slat *slat, struct overlay *overlay);

/* slat_set() for the parent: beneath the overlays. `level` 0 or 1. */
int overlay_map_beneath(struct slat *slat, u64 gpa, u64 spa, u32 level, u64 rights);

/* Is the page at `gpa` an overlay? */
bool overlay_covers(const struct slat *slat, u64 gpa);
/* Where the entry of the parent's page at `gpa` is kept, if it is covered; else NULL. */
u64 *overlay_beneath(const struct slat *slat, u64 gpa);

#endif
