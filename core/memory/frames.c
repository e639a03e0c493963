/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/log.h"
#include "core/memory/frames.h"

/*
 * Four bytes a frame: state in bits 3:0, pool slot in 11:4, NUMA node plus one in 15:12, mappings
 * by children in 31:16. The node is written before anything else can look, and never again.
 */
#define OWNER_SHIFT    4
#define OWNER_MASK     0xffu
#define NODE_SHIFT     12
#define NODE_MASK      0xfu
#define MAPPINGS_SHIFT 16
#define KEPT	       (~0u << NODE_SHIFT) /* by a change of state */

_Static_assert(FRAME_OWNERS - 1 <= OWNER_MASK, "slots fit in their bits");
_Static_assert(FRAME_NODES <= NODE_MASK, "nodes fit in their bits");

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

	return frame < frame_count ? table[frame] >> OWNER_SHIFT & OWNER_MASK : 0;
}

void frame_set(u64 spa, enum frame_state state, u16 owner)
{
	bug_on((spa >> PAGE_SHIFT) >= frame_count);
	table[spa >> PAGE_SHIFT] =
		(table[spa >> PAGE_SHIFT] & KEPT) | state | (u32)owner << OWNER_SHIFT;
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
		table[frame] = (table[frame] & ~(NODE_MASK << NODE_SHIFT)) | (node + 1)
										     << NODE_SHIFT;
}

u32 frame_node(u64 spa)
{
	u64 frame = spa >> PAGE_SHIFT;
	u32 node = frame < frame_count ? table[frame] >> NODE_SHIFT & NODE_MASK : 0;

	return node ? node - 1 : FRAME_NO_NODE;
}

u32 frame_mappings(u64 spa)
{
	u64 frame = spa >> PAGE_SHIFT;

	return frame < frame_count ? table[frame] >> MAPPINGS_SHIFT : 0;
}

void frame_mapped(u64 spa, bool mapped)
{
	bug_on((spa >> PAGE_SHIFT) >= frame_count);
	atomic_add(
		&table[spa >> PAGE_SHIFT], mapped ? 1u << MAPPINGS_SHIFT : -1u << MAPPINGS_SHIFT);
}
