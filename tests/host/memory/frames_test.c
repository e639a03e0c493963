/* SPDX-License-Identifier: BSD-2-Clause */
/* The frame table, pools, and moving frames between the root and the hypervisor. */
#include "core/memory/frames.h"

#include "core/memory/share.h"
#include "tests/host/world.h"

#include <string.h>

static u32 table[FAKE_RAM_SIZE >> PAGE_SHIFT];

static void setup(void)
{
	memset(table, 0, sizeof(table));
	frames_init(table, FAKE_RAM_SIZE);
}

TEST(frames_states)
{
	setup();
	CHECK_EQ(FRAME_NONE, frame_get(0));
	frames_set_range(0x1800, 0x3001, FRAME_ROOT); /* every frame that it touches */
	CHECK_EQ(FRAME_NONE, frame_get(0xfff));
	CHECK_EQ(FRAME_ROOT, frame_get(0x1000));
	CHECK_EQ(FRAME_ROOT, frame_get(0x3fff));
	CHECK_EQ(FRAME_NONE, frame_get(0x4000));
	for (u32 owner = 0; owner < MAX_PARTITIONS; owner++) {
		frame_set(0x2000, FRAME_POOL, (u16)owner);
		CHECK_EQ(FRAME_POOL, frame_get(0x2fff));
		CHECK_EQ(owner, frame_owner(0x2000));
	}
	CHECK_EQ(FRAME_ROOT, frame_get(0x1000));
	CHECK_EQ(FRAME_ROOT, frame_get(0x3000));
}

/* Outside of RAM there is nothing, and nothing can be written there. */
TEST(frames_outside)
{
	setup();
	CHECK_EQ(FRAME_NONE, frame_get(FAKE_RAM_SIZE));
	CHECK_EQ(FRAME_NONE, frame_get(~0ull));
	CHECK_EQ(0, frame_owner(~0ull));
	CHECK_EQ(0, frame_mappings(~0ull));
	frames_set_range(FAKE_RAM_SIZE - PAGE_SIZE, FAKE_RAM_SIZE + (8 << 20), FRAME_ROOT);
	CHECK_EQ(FRAME_ROOT, frame_get(FAKE_RAM_SIZE - 1));
	CHECK_EQ(FAKE_PANICKED, FAKE_ENDS(frame_set(FAKE_RAM_SIZE, FRAME_ROOT, 0)));
	CHECK_EQ(FAKE_PANICKED, FAKE_ENDS(frame_mapped(FAKE_RAM_SIZE, true)));
	CHECK_EQ(sizeof(table), frames_size(FAKE_RAM_SIZE));
	CHECK_EQ(PAGE_SIZE, frames_size(PAGE_SIZE));
}

TEST(frames_mappings)
{
	setup();
	frame_set(0x5000, FRAME_ROOT, 0);
	for (u32 i = 1; i <= FRAME_MAX_MAPPINGS; i++) {
		frame_mapped(0x5000, true);
		if (!CHECK_EQ(i, frame_mappings(0x5000)))
			return;
	}
	CHECK_EQ(FRAME_ROOT, frame_get(0x5000));
	CHECK_EQ(0, frame_mappings(0x4000));
	CHECK_EQ(0, frame_mappings(0x6000));
	frame_set(0x5000, FRAME_USED, 77);
	CHECK_EQ(FRAME_MAX_MAPPINGS, frame_mappings(0x5000));
	for (u32 i = 0; i < FRAME_MAX_MAPPINGS; i++)
		frame_mapped(0x5000, false);
	CHECK_EQ(0, frame_mappings(0x5000));
	CHECK_EQ(77, frame_owner(0x5000));
}

/* A frame keeps its node whatever else becomes of it. */
TEST(frames_nodes)
{
	setup();
	CHECK_EQ(FRAME_NO_NODE, frame_node(0x3000));
	CHECK_EQ(FRAME_NO_NODE, frame_node(~0ull));
	for (u32 node = 0; node < FRAME_NODES; node++) {
		frames_set_node(0x3000, 0x4001, node); /* every frame that it touches */
		CHECK_EQ(FRAME_NO_NODE, frame_node(0x2fff));
		CHECK_EQ(node, frame_node(0x3000));
		CHECK_EQ(node, frame_node(0x4fff));
		CHECK_EQ(FRAME_NO_NODE, frame_node(0x5000));
		frame_set(0x3000, FRAME_SHARED, MAX_PARTITIONS - 1);
		frame_mapped(0x3000, true);
		CHECK_EQ(node, frame_node(0x3000));
		CHECK_EQ(FRAME_SHARED, frame_get(0x3000));
		CHECK_EQ(MAX_PARTITIONS - 1, frame_owner(0x3000));
		CHECK_EQ(node + 1, frame_mappings(0x3000));
	}
	/* Addresses without RAM have none. */
	frames_set_node(FAKE_RAM_SIZE - PAGE_SIZE, ~0ull, 1);
	CHECK_EQ(1, frame_node(FAKE_RAM_SIZE - 1));
	CHECK_EQ(FRAME_NO_NODE, frame_node(FAKE_RAM_SIZE));
}

/* ---- Pools ---- */

TEST(pool_life)
{
	struct pool pool;
	void *pages[4];

	setup();
	pool_init(&pool, 9, false);
	CHECK(pool_allocate(&pool) == NULL);
	CHECK_EQ(0, pool_withdraw(&pool));
	for (u64 i = 1; i <= 4; i++) {
		memset(machine_ram(i << PAGE_SHIFT), 0x77, PAGE_SIZE);
		pool_add(&pool, i << PAGE_SHIFT);
		CHECK_EQ(FRAME_POOL, frame_get(i << PAGE_SHIFT));
		CHECK_EQ(9, frame_owner(i << PAGE_SHIFT));
	}
	for (u32 i = 0; i < 4; i++) {
		pages[i] = pool_allocate(&pool);
		CHECK_EQ(FRAME_USED, frame_get(machine_spa(pages[i])));
		for (u32 j = 0; j < PAGE_SIZE; j++)
			if (!CHECK_EQ(0, ((u8 *)pages[i])[j]))
				break;
		for (u32 j = 0; j < i; j++)
			CHECK(pages[i] != pages[j]);
	}
	CHECK_EQ(0, pool.free_pages);
	CHECK(pool_allocate(&pool) == NULL);
	CHECK_EQ(0, pool_withdraw(&pool));
	CHECK_EQ(4, pool.total_pages);
	memset(pages[2], 0x66, PAGE_SIZE);
	pool_free(&pool, pages[2]);
	CHECK_EQ(FRAME_POOL, frame_get(machine_spa(pages[2])));
	CHECK_EQ(machine_spa(pages[2]), pool_withdraw(&pool));
	CHECK_EQ(3, pool.total_pages);
	CHECK_EQ(0, ((u64 *)pages[2])[0]);
	CHECK_EQ(0, ((u64 *)pages[2])[511]);
}

/* Freeing into the wrong pool is a bug of ours. */
TEST(pool_of_another)
{
	struct pool first, second;
	void *page;

	setup();
	pool_init(&first, 1, false);
	pool_init(&second, 2, false);
	pool_add(&first, 0x1000);
	page = pool_allocate(&first);
	CHECK_EQ(FAKE_PANICKED, FAKE_ENDS(pool_free(&second, page)));
}

/* The hypervisor's own pool does not show in the frame table. */
TEST(pool_permanent)
{
	struct pool pool;

	setup();
	frame_set(0x1000, FRAME_HYPERVISOR, 0);
	pool_init(&pool, 0, true);
	pool_add(&pool, 0x1000);
	CHECK_EQ(FRAME_HYPERVISOR, frame_get(0x1000));
	pool_free(&pool, pool_allocate(&pool));
	CHECK_EQ(FRAME_HYPERVISOR, frame_get(0x1000));
	CHECK_EQ(1, pool.free_pages);
}

/* ---- Sharing ---- */

static void *allocate(void)
{
	void *page;

	spin_lock(&root_partition.lock);
	page = pool_allocate(&root_partition.pool);
	spin_unlock(&root_partition.lock);
	return page;
}

TEST(share_page)
{
	u8 *page;
	u64 spa;

	world_boot();
	world_deposit(root_partition.id, 2);
	page = allocate();
	spa = machine_spa(page);
	CHECK(partition_memory(&root_partition, spa, SLAT_READ) == NULL);
	CHECK_EQ(HV_STATUS_SUCCESS, page_share(page, SLAT_READ));
	CHECK_EQ(SLAT_READ, slat_lookup(&root_partition.slat, spa).rights);
	CHECK(partition_memory(&root_partition, spa, SLAT_READ) == page);
	CHECK(partition_memory(&root_partition, spa, SLAT_READ | SLAT_WRITE) == NULL);
	CHECK_EQ(HV_STATUS_SUCCESS, page_share(page, SLAT_READ));
	page_unshare(page);
	CHECK_EQ(0, slat_lookup(&root_partition.slat, spa).rights);
	CHECK_EQ(FRAME_USED, frame_get(spa));
	page_unshare(page);
	page_unshare(NULL);
	/* Only pages that are in use can be shown. */
	spin_lock(&root_partition.lock);
	pool_free(&root_partition.pool, page);
	spin_unlock(&root_partition.lock);
	CHECK_EQ(HV_STATUS_INVALID_PARAMETER, page_share(page, SLAT_READ));
	CHECK_EQ(HV_STATUS_INVALID_PARAMETER,
		page_share(machine_ram(hypervisor.pool_start), SLAT_READ));
}

/* An end of sharing waits until no processor of the root can still write there. */
TEST(share_end_waits)
{
	void *page;
	u32 kicks;

	world_boot();
	world_deposit(root_partition.id, 1);
	page = allocate();
	CHECK_EQ(HV_STATUS_SUCCESS, page_share(page, SLAT_READ | SLAT_WRITE));
	world_run_on(3, root_partition.vps[3]);
	kicks = fake.lps[3].kicks;
	world_let_others_run();
	page_unshare(page);
	CHECK(fake.lps[3].kicks > kicks);
	CHECK_EQ(root_partition.flush_generation, root_partition.vps[3]->flush_generation);
}

/* Without memory to split the root's large pages nothing is taken. */
TEST(share_take_needs_tables)
{
	u64 pages[2];
	u64 spare;

	machine.boot.command_line = "root-pages=1g";
	world_boot();
	pages[0] = world_page();
	pages[1] = world_large_page();
	spare = hypervisor.pool.free_spa;
	hypervisor.pool.free_spa = 0;
	CHECK_EQ(HV_STATUS_NO_RESOURCES, frames_take(pages, 2));
	CHECK_EQ(FRAME_ROOT, frame_get(pages[0] << PAGE_SHIFT));
	CHECK_EQ(FRAME_ROOT, frame_get(pages[1] << PAGE_SHIFT));
	CHECK_EQ(7, slat_lookup(&root_partition.slat, pages[0] << PAGE_SHIFT).rights);
	hypervisor.pool.free_spa = spare;
	CHECK_EQ(HV_STATUS_SUCCESS, frames_take(pages, 2));
	CHECK_EQ(0, slat_lookup(&root_partition.slat, pages[1] << PAGE_SHIFT).rights);
	frames_give(pages[1] << PAGE_SHIFT);
	CHECK_EQ(FRAME_ROOT, frame_get(pages[1] << PAGE_SHIFT));
	CHECK_EQ(7, slat_lookup(&root_partition.slat, pages[1] << PAGE_SHIFT).rights);
}
