/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/log.h"
#include "core/memory/frames.h"

/* Four bytes a frame: state in bits 3:0, pool slot in 15:4, mappings by children in 31:16. */
static u32 *table;
static u64 frame_count;

u64 frames_size(u64 ram_end)
{
	return ALIGN_UP((ram_end >> PAGE_SHIFT) * sizeof(u32), PAGE_SIZE);
}

void frames_init(void *memory, u64 ram_end)
{
	table = memory;
	frame_count = ram_end >> PAGE_SHIFT;
}

enum frame_state frame_get(u64 spa)
{
	u64 frame = spa >> PAGE_SHIFT;

	return frame < frame_count ? (enum frame_state)(table[frame] & 15) : FRAME_NONE;
}

u16 frame_owner(u64 spa)
{
	u64 frame = spa >> PAGE_SHIFT;

	return frame < frame_count ? table[frame] >> 4 & 0xfff : 0;
}

void frame_set(u64 spa, enum frame_state state, u16 owner)
{
	bug_on((spa >> PAGE_SHIFT) >= frame_count);
	table[spa >> PAGE_SHIFT] =
		(table[spa >> PAGE_SHIFT] & 0xffff0000) | state | (u32)owner << 4;
}

void frames_set_range(u64 start, u64 end, enum frame_state state)
{
	for (u64 spa = ALIGN_DOWN(start, PAGE_SIZE); spa < end; spa += PAGE_SIZE)
		if ((spa >> PAGE_SHIFT) < frame_count)
			frame_set(spa, state, 0);
}

u32 frame_mappings(u64 spa)
{
	u64 frame = spa >> PAGE_SHIFT;

	return frame < frame_count ? table[frame] >> 16 : 0;
}

void frame_mapped(u64 spa, bool mapped)
{
	bug_on((spa >> PAGE_SHIFT) >= frame_count);
	atomic_add(&table[spa >> PAGE_SHIFT], mapped ? 0x10000u : -0x10000u);
}
