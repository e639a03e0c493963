/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/lib/string.h"
#include "core/log.h"
#include "core/memory/frames.h"
#include "core/memory/pool.h"
#include "machine/machine.h"

void pool_init(struct pool *pool, u16 slot, bool permanent)
{
	memset(pool, 0, sizeof(*pool));
	pool->slot = slot;
	pool->permanent = permanent;
}

static void push(struct pool *pool, u64 spa)
{
	*(u64 *)machine_ram(spa) = pool->free_spa;
	pool->free_spa = spa;
	pool->free_pages++;
	if (!pool->permanent)
		frame_set(spa, FRAME_POOL, pool->slot);
}

static u64 pop(struct pool *pool)
{
	u64 spa = pool->free_spa;

	if (!spa)
		return 0;
	pool->free_spa = *(u64 *)machine_ram(spa);
	pool->free_pages--;
	memset(machine_ram(spa), 0, PAGE_SIZE);
	return spa;
}

void pool_add(struct pool *pool, u64 spa)
{
	push(pool, spa);
	pool->total_pages++;
}

void *pool_allocate(struct pool *pool)
{
	u64 spa = pop(pool);

	if (!spa)
		return NULL;
	if (!pool->permanent)
		frame_set(spa, FRAME_USED, pool->slot);
	return machine_ram(spa);
}

void pool_free(struct pool *pool, void *page)
{
	u64 spa = machine_spa(page);

	bug_on(!pool->permanent && frame_owner(spa) != pool->slot);
	push(pool, spa);
}

u64 pool_withdraw(struct pool *pool)
{
	u64 spa = pop(pool);

	if (spa)
		pool->total_pages--;
	return spa;
}
