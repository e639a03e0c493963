/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/log.h"
#include "core/memory/frames.h"

/*
 * Two stores apart: one LP may set the state while others count mappings. The node is written
 * before anything else can look, and never again.
 */
struct frame {
	u16 owned;    /* state in bits 3:0, pool slot in 11:4, NUMA node plus one in 15:12 */
	u16 mappings; /* by children */
};

#define OWNER_SHIFT 4
#define OWNER_MASK  0xffu
#define NODE_SHIFT  12
#define NODE_MASK   0xfu

_Static_assert(FRAME_OWNERS - 1 <= OWNER_MASK, "slots fit in their bits");
_Static_assert(FRAME_NODES <= NODE_MASK, "nodes fit in their bits");

static struct frame *table;
static u64 frame_count;

u64 frames_size(u64 ram_end)
{
	return ALIGN_UP((ram_end >> PAGE_SHIFT) * sizeof(struct frame), PAGE_SIZE);
}

void frames_init(void *memory, u64 ram_end)
{
	table = memory;
	frame_count = ram_end >> PAGE_SHIFT;
}

enum frame_state frame_get(u64 spa)
{
	u64 frame = spa >> PAGE_SHIFT;

	return frame < frame_count ? (enum frame_state)(table[frame].owned & 15) : FRAME_NONE;
}

u16 frame_owner(u64 spa)
{
	u64 frame = spa >> PAGE_SHIFT;

	return frame < frame_count ? table[frame].owned >> OWNER_SHIFT & OWNER_MASK : 0;
}

void frame_set(u64 spa, enum frame_state state, u16 owner)
{
	bug_on((spa >> PAGE_SHIFT) >= frame_count);
	WRITE_ONCE(table[spa >> PAGE_SHIFT].owned,
		(u16)((table[spa >> PAGE_SHIFT].owned & NODE_MASK << NODE_SHIFT) | state |
			(u32)owner << OWNER_SHIFT));
}

void frames_set_range(u64 start, u64 end, enum frame_state state)
{
	for (u64 spa = ALIGN_DOWN(start, PAGE_SIZE); spa < end; spa += PAGE_SIZE)
		if ((spa >> PAGE_SHIFT) < frame_count)
			frame_set(spa, state, 0);
}

void frames_set_node(u64 start, u64 end, u32 node)
{
	u64 last = MIN(end, frame_count << PAGE_SHIFT);

	for (u64 frame = start >> PAGE_SHIFT; frame << PAGE_SHIFT < last; frame++)
		table[frame].owned = (u16)((table[frame].owned & ~(NODE_MASK << NODE_SHIFT)) |
					   (node + 1) << NODE_SHIFT);
}

u32 frame_node(u64 spa)
{
	u64 frame = spa >> PAGE_SHIFT;
	u32 node = frame < frame_count ? table[frame].owned >> NODE_SHIFT : 0;

	return node ? node - 1 : FRAME_NO_NODE;
}

u32 frame_mappings(u64 spa)
{
	u64 frame = spa >> PAGE_SHIFT;

	return frame < frame_count ? table[frame].mappings : 0;
}

void frame_mapped(u64 spa, bool mapped)
{
	bug_on((spa >> PAGE_SHIFT) >= frame_count);
	(void)atomic_add(&table[spa >> PAGE_SHIFT].mappings, (u16)(mapped ? 1 : -1));
}
