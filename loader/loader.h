/* SPDX-License-Identifier: BSD-2-Clause */
/* Puts the root partition's software into memory and its first VP at the door. */
#ifndef LOADER_LOADER_H
#define LOADER_LOADER_H

#include "core/lib/types.h"
#include "machine/machine.h"

/*
 * A free range of RAM, as high as possible below `limit` (bytes), that no module, image or pool
 * lies in; `align` is a power of two. 0: there is none.
 */
u64 loader_find(u64 size, u64 align, u64 limit);
/* The same at a given place: true if [start, start + size) is free RAM. */
bool loader_free(u64 start, u64 size);
/* Keeps later searches out of a range. */
void loader_reserve(u64 start, u64 end);

/* The memory map as the root may see it: firmware's, less what is ours. Returns the count. */
u32 loader_root_map(struct memory_range *ranges, u32 maximum);

/* Loads module 0 (a Linux bzImage, or a test partition) and sets up root VP 0. */
struct vp;
void loader_start_root(struct vp *vp);

/* loader/linux.c */
bool linux_is_image(const struct boot_module *module);
void linux_load(struct vp *vp);

/* loader/payload.c: partitions written for tests, see docs/testing.md. */
bool payload_is_image(const struct boot_module *module);
void payload_load(struct vp *vp);

/* Flat 32-bit protected mode without paging at `entry`, ESI = argument. */
void loader_enter_32(struct vp *vp, u64 entry, u64 argument);

#endif
