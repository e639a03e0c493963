/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Moving frames between the root and the hypervisor: what the root may touch is what its nested
 * tables map, so every change of ownership goes through here. Callers hold no partition lock.
 */
#ifndef CORE_MEMORY_SHARE_H
#define CORE_MEMORY_SHARE_H

#include "abi/hv_status.h"
#include "core/lib/types.h"

/*
 * Takes `count` frames from the root, all or none: each must be RAM of the root that no child
 * has mapped. INVALID_PARAMETER if one is not; NO_RESOURCES if our tables' memory ran out.
 */
enum hv_status frames_take(const u64 *page_numbers, u32 count);
/* Gives a frame back. */
void frames_give(u64 spa);

/* Lets the root see a page that was allocated from a pool; rights as SLAT_*. */
enum hv_status page_share(void *page, u64 rights);
/* Ends that, if it was so. */
void page_unshare(void *page);
/* The same for many, with one flush. */
void pages_unshare(void *const *pages, u32 count);

/*
 * Shows the root a page read-only over its RAM at `gpa`, which comes back when it is uncovered.
 * Under the root's lock; partition_settle() ends the change. INVALID_PARAMETER: not RAM that only
 * the root has, or covered already. NO_RESOURCES: our tables' memory ran out.
 */
enum hv_status page_cover(const void *page, u64 gpa);
void page_uncover(u64 gpa);

/* Places over the root's memory that one page can have at a time; 0: none. */
#define PAGE_COVERS 2
/* Ends all ways in which the root sees the page: shared, and over its memory. */
void page_hide(void *page, u64 covers[PAGE_COVERS]);

#endif
