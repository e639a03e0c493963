/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who owns each 4 KiB frame of RAM. Every decision whether a partition may name a frame (deposit
 * it, map it into a child, use it as hypercall buffer) is made here.
 *
 * ROOT ──deposit──▶ POOL ──allocate──▶ USED ──share──▶ SHARED (root may touch it again)
 *   ▲                 ▲                  │                │
 *   └────withdraw─────┴──────free────────┴────────────────┘
 * ROOT ◀──────▶ COVERED
 */
#ifndef CORE_MEMORY_FRAMES_H
#define CORE_MEMORY_FRAMES_H

#include "core/lib/types.h"

enum frame_state {
	FRAME_NONE,	  /* not RAM, or RAM that firmware keeps: devices, ACPI, ROM */
	FRAME_ROOT,	  /* RAM of the root partition */
	FRAME_HYPERVISOR, /* ours for ever */
	FRAME_OVERLAY,	  /* ours, but shown to the root (hypercall page, SynIC pages, …) */
	FRAME_POOL,	  /* deposited and free */
	FRAME_USED,	  /* deposited and holding something */
	FRAME_SHARED,	  /* deposited, and the root may read (and write) it */
	FRAME_COVERED,	  /* RAM of the root beneath a page of ours, see page_cover() */
};

/* Size in bytes of the table for RAM up to `ram_end`. */
u64 frames_size(u64 ram_end);
/* Gives the module its table (zeroed memory): all frames start as FRAME_NONE. */
void frames_init(void *table, u64 ram_end);

void frames_set_range(u64 start, u64 end, enum frame_state state);
enum frame_state frame_get(u64 spa);
void frame_set(u64 spa, enum frame_state state, u16 owner);
#define FRAME_OWNERS 256
/* The pool slot that a POOL/USED/SHARED frame belongs to. */
u16 frame_owner(u64 spa);

/* The NUMA node that a frame is on, as the scheduler counts them. */
#define FRAME_NODES   8
#define FRAME_NO_NODE FRAME_NODES /* none that is known, or there is one only */
/* Before anything is mapped. Bytes; `node` is below FRAME_NODES. */
void frames_set_node(u64 start, u64 end, u32 node);
u32 frame_node(u64 spa);

/* How many GPA pages of children lie on the frame; such a frame cannot be deposited. */
#define FRAME_MAX_MAPPINGS 0xff00 /* each LP may count one more for a moment */
u32 frame_mappings(u64 spa);
void frame_mapped(u64 spa, bool mapped);

#endif
