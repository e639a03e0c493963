/* SPDX-License-Identifier: BSD-2-Clause */
/* Changes of a GPA space, and pages of ours that lie over it (TLFS "GPA Overlay Pages"). */
#include "core/memory/frames.h"
#include "core/memory/overlay.h"
#include "core/memory/share.h"
#include "core/partition/partition.h"
#include "core/partition/scheduling.h"
#include "machine/machine.h"

static void publish_pages(struct partition *partition)
{
	const struct slat *slat = &partition->slat;

	stat_partition(partition, GpaPages) = slat->pages[0] + (slat->pages[1] << 9);
	stat_partition(partition, GpaPages4K) = slat->pages[0];
	stat_partition(partition, GpaPages2M) = slat->pages[1];
	stat_partition(partition, PagesShattered) = slat->shattered;
}

void partition_settle(struct partition *partition)
{
	bool stale = partition->slat.stale;
	u64 retired = slat_take_retired(&partition->slat);

	partition->slat.stale = false;
	/* Of the root nothing is counted. */
	if (!partition->is_root) {
		publish_pages(partition);
		scheduling_follow_memory(partition);
	}
	spin_unlock(&partition->lock);
	if (!stale)
		return;
	partition_flush(partition);
	spin_lock(&partition->lock);
	slat_release(&partition->slat, retired);
	spin_unlock(&partition->lock);
}

static bool set_root(struct overlay *overlay, const void *page, u64 msr)
{
	u64 old = overlay->msr;

	/* Only other bits than the address have changed. */
	if (overlay_shows(old) && overlay_shows(msr) && !((old ^ msr) & OVERLAY_GPA_MASK)) {
		overlay->msr = msr;
		return true;
	}
	if (overlay_shows(msr) && page_cover(page, msr & OVERLAY_GPA_MASK) != HV_STATUS_SUCCESS)
		return false;
	if (overlay_shows(old))
		page_uncover(old & OVERLAY_GPA_MASK);
	overlay->msr = msr;
	return true;
}

static bool set_child(struct slat *slat, struct overlay *overlay, const void *page, u64 msr)
{
	u64 old = overlay->msr;
	bool done;

	if (overlay_shows(old))
		overlay_remove(slat, overlay);
	overlay->msr = msr;
	done = !overlay_shows(msr) || overlay_add(slat, overlay, machine_spa(page)) == SLAT_OK;
	if (done)
		return true;
	overlay->msr = old;
	/* The tables for the old place are still there. */
	if (overlay_shows(old))
		(void)overlay_add(slat, overlay, machine_spa(page));
	return false;
}

bool partition_set_overlay(
	struct partition *partition, struct overlay *overlay, u64 *const *place, u64 msr)
{
	bool done;

	spin_lock(&partition->lock);
	done = partition->is_root ? set_root(overlay, *place, msr)
				  : set_child(&partition->slat, overlay, *place, msr);
	partition_settle(partition);
	return done;
}

bool partition_covered(struct partition *partition, u64 gpa)
{
	if (partition->is_root)
		return frame_get(gpa) == FRAME_COVERED;
	return partition->slat.root && overlay_covers(&partition->slat, gpa);
}
