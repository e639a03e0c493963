/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Exactness: a hypercall of each row moves the counter of its family and Hypercalls Count by one,
 * and no other of the caller's, whether it is refused early, refused late or carried out.
 */
#include "tests/host/hypercall/rows.h"
#include "tests/host/world.h"

#include <stdio.h>
#include <string.h>

/* Calls that do something to the caller which has a counter of its own. */
static u16 counted_also(u16 code)
{
	switch (code) {
	case HVCALL_FLUSH_VIRTUAL_ADDRESS_SPACE:
	case HVCALL_FLUSH_VIRTUAL_ADDRESS_SPACE_EX:
		return STAT_VP_AddressSpaceFlushes;
	case HVCALL_FLUSH_VIRTUAL_ADDRESS_LIST:
	case HVCALL_FLUSH_VIRTUAL_ADDRESS_LIST_EX:
		return STAT_VP_LocalGvaRangeFlushes;
	case HVCALL_SEND_IPI:
	case HVCALL_SEND_IPI_EX:
		return STAT_VP_ApicIpisSent;
	case HVCALL_GET_GPA_PAGES_ACCESS_STATES:
		return STAT_VP_PageScans;
	default:
		return 0;
	}
}

static bool is_time(u32 index)
{
	return index == STAT_VP_TotalRunTime || index == STAT_VP_HypervisorRunTime ||
	       index == STAT_VP_HypercallsTime || index == STAT_VP_ExternalInterruptsTime;
}

static void check(
	struct vp *vp, const struct hypercall_test_row *row, u64 control, u64 input, u16 also)
{
	u64 before[HV_STATS_COUNTERS];

	world_step(0); /* brings the time of the last call */
	memcpy(before, vp->stats, PAGE_SIZE);
	vp->regs.gpr[RCX] = control;
	vp->regs.gpr[RDX] = input;
	vp->regs.gpr[R8] = row->out ? world_output_gpa : 0;
	fake_exit(INTERCEPT_Hypercall, 3);
	world_step(0);
	for (u32 i = 0; i < HV_STATS_COUNTERS; i++) {
		u64 expected =
			(i == row->family) + (i == STAT_VP_HypercallsCount) + (also && i == also);

		if (!is_time(i) && !CHECK_EQ(expected, vp->stats[i] - before[i]))
			printf("  %s: counter %u\n", row->name, i);
	}
}

TEST(statistics_of_hypercalls)
{
	struct partition *child;
	struct vp *vp;

	world_boot();
	world_let_others_run();
	vp = root_partition.vps[0];
	world_run_on(0, vp);
	child = world_child(256);
	world_vp(child, 0);
	for (u32 i = 0; i < hypercall_row_count; i++) {
		const struct hypercall_test_row *row = &hypercall_rows[i];
		u64 *input = machine_ram(world_input_gpa);

		check(vp, row, row->code | HV_HYPERCALL_NESTED, world_input_gpa, 0);
		memset(input, 0, PAGE_SIZE);
		input[0] = child->id + 77;
		if (row->target != TARGET_SELF_ONLY)
			check(vp, row, row_control(row), world_input_gpa, 0);
		input[0] = row->target != TARGET_SELF_ONLY ? child->id : 0x41;
		if (row->code != HVCALL_FINALIZE_PARTITION && row->code != HVCALL_DELETE_VP)
			check(vp, row, row_control(row), world_input_gpa, counted_also(row->code));
	}
}

/* Refusal of the caller's memory is not a call: nothing was done, and it may come again. */
TEST(statistics_of_unknown_hypercall)
{
	static const struct hypercall_test_row row = {
		.name = "unknown", .code = 0xffff, .family = STAT_VP_OtherHypercalls};

	world_boot();
	world_run_on(0, root_partition.vps[0]);
	check(root_partition.vps[0], &row, 0xffff, 0, 0);
}

/* The families of the table and the count of all calls agree. */
TEST(statistics_of_families)
{
	u64 sum = 0;
	struct vp *vp;
	bool seen[HV_STATS_COUNTERS] = {false};

	world_boot();
	vp = root_partition.vps[0];
	world_run_on(0, vp);
	for (u32 i = 0; i < 1000; i++) {
		const struct hypercall_test_row *row =
			&hypercall_rows[test_random() % hypercall_row_count];

		check(vp, row, row->code | HV_HYPERCALL_NESTED, 0, 0);
	}
	for (u32 i = 0; i < hypercall_row_count; i++) {
		u16 family = hypercall_rows[i].family;

		sum += seen[family] ? 0 : vp->stats[family];
		seen[family] = true;
	}
	CHECK_EQ(1000, sum);
	CHECK_EQ(1000, vp->stats[STAT_VP_HypercallsCount]);
}
