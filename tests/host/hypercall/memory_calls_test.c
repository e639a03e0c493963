/* SPDX-License-Identifier: BSD-2-Clause */
/* Memory pools: deposit and withdrawal. */
#include "core/memory/share.h"
#include "tests/host/world.h"

#include <string.h>

static u64 deposit(u64 id, const u64 *pages, u32 count)
{
	struct hv_input_deposit_memory in = {id};

	return world_list(HVCALL_DEPOSIT_MEMORY, count, &in, sizeof(in), pages, 8 * count, NULL, 0);
}

TEST(deposit_moves_pages)
{
	struct partition *child;
	u64 pages[3];

	world_boot();
	child = world_create(0);
	for (u32 i = 0; i < 3; i++) {
		pages[i] = world_page();
		CHECK(slat_lookup(&root_partition.slat, pages[i] << PAGE_SHIFT).rights);
	}
	CHECK_EQ(3ull << 32, deposit(child->id, pages, 3));
	CHECK_EQ(3, child->pool.total_pages);
	CHECK_EQ(3, child->pool.free_pages);
	CHECK_EQ(3, stat_partition(child, DepositedPages));
	for (u32 i = 0; i < 3; i++) {
		CHECK_EQ(FRAME_POOL, frame_get(pages[i] << PAGE_SHIFT));
		CHECK_EQ(child->slot, frame_owner(pages[i] << PAGE_SHIFT));
		CHECK_EQ(0, slat_lookup(&root_partition.slat, pages[i] << PAGE_SHIFT).rights);
	}
	/* Their neighbours are still the root's. */
	CHECK_EQ(7, slat_lookup(&root_partition.slat, (pages[2] + 1) << PAGE_SHIFT).rights);
}

static void check_refused(struct partition *child, u64 bad)
{
	u64 pages[4] = {world_page(), world_page(), bad, world_page()};

	CHECK_EQ(HV_STATUS_INVALID_PARAMETER, deposit(child->id, pages, 4));
	CHECK_EQ(0, child->pool.total_pages);
	for (u32 i = 0; i < 4; i++) {
		if (i == 2)
			continue;
		CHECK_EQ(FRAME_ROOT, frame_get(pages[i] << PAGE_SHIFT));
		CHECK_EQ(7, slat_lookup(&root_partition.slat, pages[i] << PAGE_SHIFT).rights);
	}
}

/* All or nothing: the caller takes back every page of a call that fails. */
TEST(deposit_all_or_nothing)
{
	struct partition *child;
	u64 overlay;

	world_boot();
	overlay = root_partition.hypercall_msr >> PAGE_SHIFT;
	child = world_create(0);
	world_deposit(root_partition.id, 1);
	check_refused(child, WORLD_IMAGE_START >> PAGE_SHIFT);
	check_refused(child, hypervisor.pool_start >> PAGE_SHIFT);
	check_refused(child, root_partition.pool.free_spa >> PAGE_SHIFT);
	check_refused(child, overlay);
	check_refused(child, 0xfee00);
	check_refused(child, FAKE_RAM_SIZE >> PAGE_SHIFT);
	check_refused(child, ~0ull);
	check_refused(child, 1ull << 52);
	/* The same page under a number that only differs in bits that an address does not have. */
	check_refused(child, 1ull << 52 | world_page());
	/* Frame 0 ends the pools' lists. */
	check_refused(child, 0);
}

TEST(deposit_duplicate)
{
	struct partition *child;
	u64 pages[3];

	world_boot();
	child = world_create(0);
	pages[0] = pages[2] = world_page();
	pages[1] = world_page();
	CHECK_EQ(HV_STATUS_INVALID_PARAMETER, deposit(child->id, pages, 3));
	CHECK_EQ(FRAME_ROOT, frame_get(pages[0] << PAGE_SHIFT));
	CHECK_EQ(FRAME_ROOT, frame_get(pages[1] << PAGE_SHIFT));
	CHECK_EQ(1ull << 32, deposit(child->id, pages, 1));
	CHECK_EQ(HV_STATUS_INVALID_PARAMETER, deposit(child->id, pages, 1));
	CHECK_EQ(HV_STATUS_INVALID_PARAMETER, deposit(root_partition.id, pages, 1));
	CHECK_EQ(1, child->pool.total_pages);
}

/* A frame that a child can touch cannot become the hypervisor's. */
TEST(deposit_mapped_frame)
{
	struct partition *child;
	u64 page;

	world_boot();
	child = world_child(64);
	page = world_page();
	CHECK_STATUS(SUCCESS, world_map(child, 5, page, HV_MAP_GPA_READABLE));
	CHECK_STATUS(SUCCESS, world_map(child, 6, page, HV_MAP_GPA_READABLE));
	CHECK_EQ(HV_STATUS_INVALID_PARAMETER, deposit(child->id, &page, 1));
	CHECK_STATUS(SUCCESS, world_map(child, 5, 0, HV_MAP_GPA_NO_ACCESS));
	CHECK_EQ(HV_STATUS_INVALID_PARAMETER, deposit(child->id, &page, 1));
	CHECK_STATUS(SUCCESS, world_map(child, 6, 0, HV_MAP_GPA_NO_ACCESS));
	CHECK_EQ(1ull << 32, deposit(child->id, &page, 1));
}

/* The start index is absolute: what stands before it in the list is not taken. */
TEST(deposit_from_start_index)
{
	struct hv_input_deposit_memory in;
	u64 input[5];

	world_boot();
	in.partition_id = root_partition.id;
	memcpy(input, &in, 8);
	for (u32 i = 1; i < 5; i++)
		input[i] = world_page();
	CHECK_EQ(4ull << 32, world_rep(HVCALL_DEPOSIT_MEMORY, 2, 4, input, sizeof(input), NULL, 0));
	CHECK_EQ(FRAME_ROOT, frame_get(input[1] << PAGE_SHIFT));
	CHECK_EQ(FRAME_ROOT, frame_get(input[2] << PAGE_SHIFT));
	CHECK_EQ(FRAME_POOL, frame_get(input[3] << PAGE_SHIFT));
	CHECK_EQ(FRAME_POOL, frame_get(input[4] << PAGE_SHIFT));
}

TEST(withdraw_returns_zeroed)
{
	struct partition *child;
	struct hv_input_withdraw_memory in;
	u64 pages[8], back[8];
	u32 found = 0;

	world_boot();
	child = world_create(0);
	in = (struct hv_input_withdraw_memory){.partition_id = child->id};
	for (u32 i = 0; i < 8; i++) {
		pages[i] = world_page();
		memset(world_memory(pages[i]), 0x5a, PAGE_SIZE);
	}
	CHECK_EQ(8ull << 32, deposit(child->id, pages, 8));
	CHECK_EQ(5ull << 32, world_rep(HVCALL_WITHDRAW_MEMORY, 0, 5, &in, sizeof(in), back, 40));
	CHECK_EQ(3, stat_partition(child, DepositedPages));
	CHECK_EQ(3ull << 32 | HV_STATUS_NO_RESOURCES,
		world_rep(HVCALL_WITHDRAW_MEMORY, 0, 5, &in, sizeof(in), back + 5, 24));
	CHECK_EQ(HV_STATUS_NO_RESOURCES,
		world_rep(HVCALL_WITHDRAW_MEMORY, 0, 5, &in, sizeof(in), NULL, 0));
	for (u32 i = 0; i < 8; i++) {
		const u8 *memory = world_memory(pages[i]);

		for (u32 j = 0; j < 8; j++)
			found += back[j] == pages[i];
		for (u32 j = 0; j < PAGE_SIZE; j++)
			if (!CHECK_EQ(0, memory[j]))
				break;
		CHECK_EQ(FRAME_ROOT, frame_get(pages[i] << PAGE_SHIFT));
		CHECK_EQ(7, slat_lookup(&root_partition.slat, pages[i] << PAGE_SHIFT).rights);
	}
	CHECK_EQ(8, found);
	CHECK_EQ(0, stat_partition(child, DepositedPages));
}

/* Pages in use stay until finalization; then nothing is kept back. */
TEST(withdraw_after_finalize)
{
	struct partition *child;
	u64 free;

	world_boot();
	child = world_child(64);
	world_vp(child, 0);
	world_vp(child, 3);
	CHECK_STATUS(SUCCESS, world_map(child, 0x12345, world_page(), HV_MAP_GPA_READABLE));
	free = child->pool.free_pages;
	CHECK_EQ(free, world_withdraw(child->id));
	CHECK(child->pool.total_pages > 12);
	CHECK_STATUS(SUCCESS, world_fast(HVCALL_FINALIZE_PARTITION, child->id, 0));
	CHECK_EQ(child->pool.total_pages, child->pool.free_pages);
	world_withdraw(child->id);
	CHECK_EQ(0, child->pool.total_pages);
	CHECK_STATUS(SUCCESS, world_fast(HVCALL_DELETE_PARTITION, child->id, 0));
}
