/* SPDX-License-Identifier: BSD-2-Clause */
/* The hypercall entry and memory: whose it is, how often it is read, how much of it is written. */
#include "abi/hv_message.h"
#include "core/memory/share.h"
#include "tests/host/hypercall/rows.h"
#include "tests/host/world.h"

#include <string.h>

static void check_memory(const struct hypercall_test_row *row, u64 input, u64 output, u64 expected)
{
	u64 result = 0;

	if (!CHECK_EQ(HYPERCALL_MEMORY,
		    world_raw(root_partition.vps[0], row_control(row), input, output, &result)) ||
		!CHECK_EQ(expected, result))
		printf_row(row, row_control(row));
}

/* Pages that a root VP cannot read: the hypervisor's, deposited ones, and what is not RAM. */
TEST(entry_input_memory)
{
	u64 deposited;

	world_boot();
	world_deposit(root_partition.id, 1);
	deposited = root_partition.pool.free_spa;
	for (u32 i = 0; i < hypercall_row_count; i++) {
		const struct hypercall_test_row *row = &hypercall_rows[i];

		if (!(row->header + row->element))
			continue;
		check_memory(row, hypervisor.pool_start, world_output_gpa, hypervisor.pool_start);
		check_memory(row, WORLD_IMAGE_START + 16, world_output_gpa, WORLD_IMAGE_START + 16);
		check_memory(row, deposited, world_output_gpa, deposited);
		check_memory(row, 0xfee00000, world_output_gpa, 0xfee00000);
		check_memory(row, FAKE_RAM_SIZE, world_output_gpa, FAKE_RAM_SIZE);
		check_memory(row, 1ull << 52, world_output_gpa, 1ull << 52);
		check_memory(row, ALIGN_DOWN(~0ull, PAGE_SIZE), 0, ALIGN_DOWN(~0ull, PAGE_SIZE));
	}
}

/* The same for output; and pages that are shared read-only can be input but not output. */
TEST(entry_output_memory)
{
	u64 shared;

	world_boot();
	world_deposit(root_partition.id, 1);
	spin_lock(&root_partition.lock);
	shared = machine_spa(pool_allocate(&root_partition.pool));
	spin_unlock(&root_partition.lock);
	CHECK_EQ(HV_STATUS_SUCCESS, page_share(machine_ram(shared), SLAT_READ));
	for (u32 i = 0; i < hypercall_row_count; i++) {
		const struct hypercall_test_row *row = &hypercall_rows[i];
		u64 result;

		if (!row->out)
			continue;
		check_memory(
			row, world_input_gpa, hypervisor.pool_start, hypervisor.pool_start | 1);
		check_memory(row, world_input_gpa, shared, shared | 1);
		check_memory(row, world_input_gpa, 0xfee00000, 0xfee00001);
		/* Both are missing: input is looked at first. */
		if (row->header)
			check_memory(row, WORLD_IMAGE_START, shared, WORLD_IMAGE_START);
		CHECK_EQ(HYPERCALL_DONE, world_raw(root_partition.vps[0], row_control(row), shared,
						 world_output_gpa, &result));
	}
}

static void check_target(const struct hypercall_test_row *row, u64 id, u64 expected)
{
	u64 result = ~0ull;

	memset(machine_ram(world_input_gpa), 0, PAGE_SIZE);
	memcpy(machine_ram(world_input_gpa), &id, sizeof(id));
	CHECK_EQ(HYPERCALL_DONE, world_raw(root_partition.vps[0], row_control(row), world_input_gpa,
					 world_output_gpa, &result));
	if (!CHECK_EQ(expected, result))
		printf_row(row, row_control(row));
}

TEST(entry_targets)
{
	u64 gone;

	world_boot();
	gone = world_create(8)->id;
	CHECK_EQ(8, world_withdraw(gone));
	CHECK_STATUS(SUCCESS, world_fast(HVCALL_DELETE_PARTITION, gone, 0));
	for (u32 i = 0; i < hypercall_row_count; i++) {
		const struct hypercall_test_row *row = &hypercall_rows[i];

		if (row->target == TARGET_SELF_ONLY)
			continue;
		check_target(row, gone, HV_STATUS_INVALID_PARTITION_ID);
		check_target(row, gone + 1, HV_STATUS_INVALID_PARTITION_ID);
		check_target(row, HV_PARTITION_ID_INVALID, HV_STATUS_INVALID_PARTITION_ID);
		check_target(row, HV_PARTITION_ID_SELF - 1, HV_STATUS_INVALID_PARTITION_ID);
		if (row->target == TARGET_ANY)
			continue;
		check_target(row, HV_PARTITION_ID_SELF, HV_STATUS_ACCESS_DENIED);
		check_target(row, root_partition.id, HV_STATUS_ACCESS_DENIED);
	}
}

/* Calls of rows that mean ANY reach the caller under both of its names. */
TEST(entry_target_self)
{
	struct hv_input_get_partition_property in = {.property_code = 0x00030003};
	struct hv_output_get_partition_property out;

	world_boot();
	in.partition_id = HV_PARTITION_ID_SELF;
	CHECK_STATUS(SUCCESS, WORLD_CALL_OUT(GET_PARTITION_PROPERTY, in, out));
	in.partition_id = root_partition.id;
	CHECK_STATUS(SUCCESS, WORLD_CALL_OUT(GET_PARTITION_PROPERTY, in, out));
}

static void check_put(const struct partition *child, u16 but)
{
	for (u32 i = 0; i < hypercall_row_count; i++) {
		const struct hypercall_test_row *row = &hypercall_rows[i];
		u64 result;

		if (row->target == TARGET_SELF_ONLY || row->code == but ||
			row->code == HVCALL_DELETE_PARTITION)
			continue;
		memset(machine_ram(world_input_gpa), 0, PAGE_SIZE);
		memcpy(machine_ram(world_input_gpa), &child->id, sizeof(child->id));
		world_raw(root_partition.vps[0], row_control(row), world_input_gpa,
			world_output_gpa, &result);
		if (!CHECK_EQ(0, child->users) || !CHECK(!child->alone))
			printf_row(row, row_control(row));
	}
}

/* No call leaves the partition held, whether it works or not; else deleting would wait for ever. */
TEST(entry_puts_target)
{
	struct partition *child;

	world_boot();
	child = world_child(256);
	world_vp(child, 0);
	check_put(child, HVCALL_FINALIZE_PARTITION);
	check_put(child, 0);
	world_withdraw(child->id);
	CHECK_STATUS(SUCCESS, world_fast(HVCALL_DELETE_PARTITION, child->id, 0));
}

/* Simple calls that fail write nothing; none writes past what its row declares. */
TEST(entry_output_bounds)
{
	struct partition *child;

	world_boot();
	child = world_child(256);
	world_vp(child, 0);
	for (u32 i = 0; i < hypercall_row_count; i++) {
		const struct hypercall_test_row *row = &hypercall_rows[i];
		u8 input[PAGE_SIZE - 512] = {0};

		if (row->code == HVCALL_FINALIZE_PARTITION || row->code == HVCALL_DELETE_VP)
			continue;
		memcpy(input, &child->id, sizeof(child->id));
		world_rep(row->code, 0, row_repeats(row) ? 3 : 0, input,
			row->header + 3 * row->element, NULL, 0);
		if (row_repeats(row))
			world_rep(row->code, 2, 3, input, row->header + 3 * row->element, NULL, 0);
	}
}

/* ---- What is fetched is fetched once ---- */

static u64 stolen_page;

/* Another VP of the root overwrites the input while the call waits for the TLBs of its LP. */
static void overwrite_input(void)
{
	u64 *list = (u64 *)machine_ram(world_input_gpa) + 1;

	list[0] = list[1] = list[2] = stolen_page;
	lps[1].entries++;
}

TEST(entry_fetches_once)
{
	struct hv_input_deposit_memory in;
	u64 pages[3];
	u64 result;

	world_boot();
	in.partition_id = root_partition.id;
	stolen_page = world_page();
	for (u32 i = 0; i < 3; i++)
		pages[i] = world_page();
	lps[1].partition = &root_partition;
	fake.on_relax = overwrite_input;
	result = world_list(
		HVCALL_DEPOSIT_MEMORY, 3, &in, sizeof(in), pages, sizeof(pages), NULL, 0);
	CHECK_EQ(3ull << 32, result);
	CHECK(fake.relaxes > 0);
	CHECK_EQ(stolen_page, *((u64 *)machine_ram(world_input_gpa) + 1));
	for (u32 i = 0; i < 3; i++)
		CHECK_EQ(FRAME_POOL, frame_get(pages[i] << PAGE_SHIFT));
	CHECK_EQ(FRAME_ROOT, frame_get(stolen_page << PAGE_SHIFT));
}

/* The output page is taken away while the call waits: nothing is written there any more. */
static void take_output(void)
{
	frame_set(world_output_gpa, FRAME_HYPERVISOR, 0);
	world_step(1);
}

TEST(entry_output_page_leaves)
{
	struct hv_input_map_stats_page in = {
		.type = HV_STATS_OBJECT_LOGICAL_PROCESSOR, .identity.lp.lp_index = 1};
	u8 poison[PAGE_SIZE];
	u64 result;

	world_boot();
	world_deposit(root_partition.id, 2);
	memset(poison, WORLD_POISON, sizeof(poison));
	memset(machine_ram(world_output_gpa), WORLD_POISON, PAGE_SIZE);
	memcpy(machine_ram(world_input_gpa), &in, sizeof(in));
	fake.on_relax = take_output;
	CHECK_EQ(HYPERCALL_DONE, world_raw(root_partition.vps[0], HVCALL_MAP_STATS_PAGE,
					 world_input_gpa, world_output_gpa, &result));
	CHECK(fake.relaxes > 0);
	CHECK_STATUS(SUCCESS, result);
	CHECK(!memcmp(poison, machine_ram(world_output_gpa), PAGE_SIZE));
}
