/* SPDX-License-Identifier: BSD-2-Clause */
/* What partitions take they give back: a thousand lives leave no trace. */
#include "abi/hv_property.h"
#include "tests/host/world.h"

#include <string.h>

#define CYCLES 1000
#define FRAMES (FAKE_RAM_SIZE >> PAGE_SHIFT)

struct snapshot {
	u8 states[FRAMES];
	u16 mappings[FRAMES];
	u64 root_pages;
	u64 root_free;
	u64 own_free;
	u64 partitions;
	u64 vps;
};

static struct snapshot before, after;

static void take(struct snapshot *snapshot)
{
	for (u64 i = 0; i < FRAMES; i++) {
		snapshot->states[i] = (u8)frame_get(i << PAGE_SHIFT);
		snapshot->mappings[i] = (u16)frame_mappings(i << PAGE_SHIFT);
	}
	snapshot->root_pages = root_partition.pool.total_pages;
	snapshot->root_free = root_partition.pool.free_pages;
	snapshot->own_free = hypervisor.pool.free_pages;
	snapshot->partitions = hypervisor.stats[STAT_HV_Partitions];
	snapshot->vps = hypervisor.stats[STAT_HV_VirtualProcessors];
}

/* Pages that one life uses; they are the same in every life. */
static u64 pages[96], data[8], large;

static void prepare(void)
{
	for (u32 i = 0; i < ARRAY_SIZE(pages); i++)
		pages[i] = world_page();
	for (u32 i = 0; i < ARRAY_SIZE(data); i++)
		data[i] = world_page();
	large = world_large_page();
	world_deposit(root_partition.id, 4);
	/* The root's tables for these pages are split once, and stay so. */
	world_delete(world_child(1));
}

static struct partition *create(void)
{
	struct partition *child = world_create(0);
	struct hv_input_deposit_memory in = {child->id};

	CHECK_EQ((u64)ARRAY_SIZE(pages) << 32,
		world_list(HVCALL_DEPOSIT_MEMORY, ARRAY_SIZE(pages), &in, sizeof(in), pages,
			sizeof(pages), NULL, 0));
	world_give_features(child);
	CHECK_STATUS(SUCCESS, world_fast(HVCALL_INITIALIZE_PARTITION, child->id, 0));
	return child;
}

static void map_some(const struct partition *child)
{
	u32 rw = HV_MAP_GPA_READABLE | HV_MAP_GPA_WRITABLE;

	for (u64 i = 0; i < ARRAY_SIZE(data); i++)
		CHECK_STATUS(SUCCESS, world_map(child, 0x100 + i, data[i], rw));
	CHECK_STATUS(SUCCESS, world_map(child, 0x400, large, rw | HV_MAP_GPA_LARGE_PAGE));
	CHECK_STATUS(SUCCESS, world_map(child, 0x405, data[0], rw));
	CHECK_STATUS(SUCCESS, world_map(child, 0x100000, data[1], rw));
	CHECK_STATUS(SUCCESS, world_map(child, 0x100, 0, HV_MAP_GPA_NO_ACCESS));
}

static void use_vps(struct partition *child, u32 cycle)
{
	struct hv_input_map_vp_state_page page = {.partition_id = child->id, .type = 1};
	struct hv_input_create_port port = {.port_partition_id = root_partition.id,
		.port_id = 7,
		.connection_partition_id = child->id,
		.port_info.port_type = HV_PORT_TYPE_DOORBELL};
	struct hv_output_map_vp_state_page location;

	for (u32 i = 0; i < 3; i++)
		world_vp(child, i);
	CHECK_STATUS(SUCCESS, WORLD_CALL_OUT(MAP_VP_STATE_PAGE, page, location));
	if (cycle % 3 == 0)
		CHECK_STATUS(SUCCESS, world_fast(HVCALL_DELETE_VP, child->id, 1));
	if (cycle % 4 == 0)
		CHECK_STATUS(SUCCESS, WORLD_CALL(CREATE_PORT, port));
	world_start(child->vps[0]);
	if (cycle % 2)
		message_unrecoverable(child->vps[0]);
}

static void take_back(struct partition *child)
{
	struct hv_input_withdraw_memory in = {.partition_id = child->id};
	u64 back[ARRAY_SIZE(pages)];
	u64 sum = 0;

	CHECK_STATUS(SUCCESS, world_fast(HVCALL_FINALIZE_PARTITION, child->id, 0));
	CHECK_EQ((u64)ARRAY_SIZE(pages) << 32,
		world_rep(HVCALL_WITHDRAW_MEMORY, 0, ARRAY_SIZE(pages), &in, sizeof(in), back,
			sizeof(back)));
	for (u32 i = 0; i < ARRAY_SIZE(pages); i++)
		sum += back[i] - pages[i];
	CHECK_EQ(0, sum);
	CHECK_STATUS(SUCCESS, world_fast(HVCALL_DELETE_PARTITION, child->id, 0));
}

static void live(u32 cycle)
{
	struct partition *child = create();

	use_vps(child, cycle);
	map_some(child);
	take_back(child);
}

TEST(balance_of_lives)
{
	world_boot();
	prepare();
	take(&before);
	for (u32 i = 0; i < CYCLES; i++)
		live(i);
	take(&after);
	CHECK(!memcmp(before.states, after.states, sizeof(before.states)));
	CHECK(!memcmp(before.mappings, after.mappings, sizeof(before.mappings)));
	CHECK_EQ(before.root_pages, after.root_pages);
	CHECK_EQ(before.root_free, after.root_free);
	CHECK_EQ(before.own_free, after.own_free);
	CHECK_EQ(before.partitions, after.partitions);
	CHECK_EQ(before.vps, after.vps);
	for (u32 i = 0; i < WORLD_LPS; i++)
		for (u32 sint = 0; sint < SYNIC_SINTS; sint++)
			CHECK(root_partition.vps[i]->synic.head[sint] == NULL);
}

/* The same with two children at a time, and with deaths at every step of a life. */
TEST(balance_of_early_deaths)
{
	world_boot();
	prepare();
	take(&before);
	for (u32 i = 0; i < 40; i++) {
		struct partition *first = create();
		struct partition *second = world_create(0);

		if (i & 1)
			map_some(first);
		if (i & 2)
			use_vps(first, i);
		if (i & 4)
			map_some(first);
		if (i & 8)
			CHECK_STATUS(SUCCESS, world_fast(HVCALL_FINALIZE_PARTITION, second->id, 0));
		take_back(first);
		CHECK_STATUS(SUCCESS, world_fast(HVCALL_DELETE_PARTITION, second->id, 0));
	}
	take(&after);
	CHECK(!memcmp(before.states, after.states, sizeof(before.states)));
	CHECK(!memcmp(before.mappings, after.mappings, sizeof(before.mappings)));
	CHECK_EQ(before.root_free, after.root_free);
}
