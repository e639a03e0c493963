/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A partition's memory: pages deposited for it (TLFS "Memory Pools"), handed out one by one.
 * There is no other allocator. Callers hold the partition's lock.
 */
#ifndef CORE_MEMORY_POOL_H
#define CORE_MEMORY_POOL_H

#include "core/lib/types.h"

struct pool {
	u64 free_spa; /* head of the free list threaded through the pages; 0 = empty */
	u64 free_pages;
	u64 total_pages; /* deposited and not withdrawn */
	u16 slot;	 /* names the pool in the frame table */
	bool permanent;	 /* the hypervisor's own: its frames stay FRAME_HYPERVISOR */
};

void pool_init(struct pool *pool, u16 slot, bool permanent);
/* Adds a page, which must not be reachable by any partition any more. */
void pool_add(struct pool *pool, u64 spa);
/* A zeroed page, or NULL. */
void *pool_allocate(struct pool *pool);
void pool_free(struct pool *pool, void *page);
/* Takes a free page out of the pool, zeroed; 0 when there is none. */
u64 pool_withdraw(struct pool *pool);

#endif
