/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/log.h"
#include "core/memory/frames.h"
#include "core/memory/share.h"
#include "core/partition/partition.h"
#include "machine/machine.h"

#define SLAT_ALL (SLAT_READ | SLAT_WRITE | SLAT_EXECUTE)

static void give_locked(u64 spa)
{
	frame_set(spa, FRAME_ROOT, 0);
	/* A table for the frame's 2 MiB exists since it was taken: no memory is needed. */
	bug_on(slat_set(&root_partition.slat, spa, spa, 0, SLAT_ALL) != SLAT_OK);
}

static enum hv_status take_locked(u64 page_number)
{
	u64 spa = page_number << PAGE_SHIFT;

	/* Frame 0 ends the pools' lists, so it cannot be in one. */
	if (!spa || spa >> PAGE_SHIFT != page_number)
		return HV_STATUS_INVALID_PARAMETER;
	if (frame_get(spa) != FRAME_ROOT || frame_mappings(spa))
		return HV_STATUS_INVALID_PARAMETER;
	if (slat_set(&root_partition.slat, spa, 0, 0, 0) != SLAT_OK)
		return HV_STATUS_NO_RESOURCES;
	frame_set(spa, FRAME_USED, 0);
	return HV_STATUS_SUCCESS;
}

enum hv_status frames_take(const u64 *page_numbers, u32 count)
{
	enum hv_status status = HV_STATUS_SUCCESS;
	u32 taken = 0;

	spin_lock(&root_partition.lock);
	while (taken < count && status == HV_STATUS_SUCCESS) {
		status = take_locked(page_numbers[taken]);
		taken += status == HV_STATUS_SUCCESS;
	}
	if (status != HV_STATUS_SUCCESS)
		while (taken--)
			give_locked(page_numbers[taken] << PAGE_SHIFT);
	spin_unlock(&root_partition.lock);
	if (status == HV_STATUS_SUCCESS)
		partitions_flush_all();
	return status;
}

void frames_give(u64 spa)
{
	spin_lock(&root_partition.lock);
	give_locked(spa);
	spin_unlock(&root_partition.lock);
}

enum hv_status page_share(void *page, u64 rights)
{
	u64 spa = machine_spa(page);

	if (frame_get(spa) == FRAME_SHARED)
		return HV_STATUS_SUCCESS;
	if (frame_get(spa) != FRAME_USED)
		return HV_STATUS_INVALID_PARAMETER;
	spin_lock(&root_partition.lock);
	frame_set(spa, FRAME_SHARED, frame_owner(spa));
	bug_on(slat_set(&root_partition.slat, spa, spa, 0, rights) != SLAT_OK);
	spin_unlock(&root_partition.lock);
	return HV_STATUS_SUCCESS;
}

/* Under the root's lock. True if the root could see it. */
static bool hide_locked(u64 spa)
{
	if (frame_get(spa) != FRAME_SHARED)
		return false;
	frame_set(spa, FRAME_USED, frame_owner(spa));
	bug_on(slat_set(&root_partition.slat, spa, 0, 0, 0) != SLAT_OK);
	return true;
}

void pages_unshare(void *const *pages, u32 count)
{
	bool shown = false;

	/* The lock for each: others need it meanwhile. */
	for (u32 i = 0; i < count; i++) {
		spin_lock(&root_partition.lock);
		shown |= hide_locked(machine_spa(pages[i]));
		spin_unlock(&root_partition.lock);
	}
	if (shown)
		partition_flush(&root_partition);
}

void page_unshare(void *page)
{
	if (page)
		pages_unshare(&page, 1);
}

enum hv_status page_cover(const void *page, u64 gpa)
{
	if (frame_get(gpa) != FRAME_ROOT || frame_mappings(gpa))
		return HV_STATUS_INVALID_PARAMETER;
	if (slat_set(&root_partition.slat, gpa, machine_spa(page), 0, SLAT_READ) != SLAT_OK)
		return HV_STATUS_NO_RESOURCES;
	frame_set(gpa, FRAME_COVERED, 0);
	return HV_STATUS_SUCCESS;
}

void page_uncover(u64 gpa)
{
	give_locked(gpa);
}

void page_hide(void *page, u64 covers[PAGE_COVERS])
{
	spin_lock(&root_partition.lock);
	if (page)
		(void)hide_locked(machine_spa(page));
	for (u32 i = 0; i < PAGE_COVERS; i++) {
		if (covers[i])
			page_uncover(covers[i]);
		covers[i] = 0;
	}
	partition_settle(&root_partition);
}
