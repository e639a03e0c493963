/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the hypercall entry refuses, for every row of abi/hypercalls.def: the tests are loops over
 * the rows, so that a new row has its negative tests when it is added.
 */
#include "abi/hv_cpuid.h"
#include "tests/host/hypercall/rows.h"
#include "tests/host/world.h"

#include <string.h>

static struct vp *root_vp(void)
{
	return root_partition.vps[0];
}

static u64 status_of(struct vp *vp, u64 control, u64 input, u64 output)
{
	u64 result = ~0ull;

	CHECK_EQ(HYPERCALL_DONE, world_raw(vp, control, input, output, &result));
	return STATUS_OF(result);
}

static bool has_row(u32 code)
{
	for (u32 i = 0; i < hypercall_row_count; i++)
		if (hypercall_rows[i].code == code)
			return true;
	return false;
}

TEST(entry_unknown_codes)
{
	u32 unknown = 0;

	world_boot();
	for (u32 code = 0; code <= 0xffff; code++) {
		if (has_row(code))
			continue;
		unknown++;
		if (!CHECK_EQ(HV_STATUS_INVALID_HYPERCALL_CODE, status_of(root_vp(), code, 0, 0)))
			return;
		/* Nothing else about the call is looked at. */
		CHECK_EQ(HV_STATUS_INVALID_HYPERCALL_CODE,
			status_of(root_vp(), code | HV_HYPERCALL_NESTED | HV_HYPERCALL_FAST, 1, 1));
	}
	CHECK_EQ(0x10000 - hypercall_row_count, unknown);
	CHECK_EQ(2 * unknown, stat_vp(root_vp(), OtherHypercalls));
}

TEST(entry_known_codes)
{
	world_boot();
	for (u32 i = 0; i < hypercall_row_count; i++) {
		CHECK(status_of(root_vp(), row_control(&hypercall_rows[i]), world_input_gpa,
			      world_output_gpa) != HV_STATUS_INVALID_HYPERCALL_CODE);
		memset(machine_ram(world_input_gpa), 0, PAGE_SIZE);
	}
}

/* Every privilege of a row is needed, and nothing but a missing one makes ACCESS_DENIED. */
TEST(entry_privileges)
{
	u64 all;

	world_boot();
	all = root_partition.privileges;
	for (u32 i = 0; i < hypercall_row_count; i++) {
		const struct hypercall_test_row *row = &hypercall_rows[i];

		for (u64 left = row->privilege; left; left &= left - 1) {
			root_partition.privileges = all & ~(left & -left);
			CHECK_EQ(HV_STATUS_ACCESS_DENIED,
				status_of(root_vp(), row_control(row), world_input_gpa,
					world_output_gpa));
			/* Also when the call is malformed. */
			CHECK_EQ(HV_STATUS_ACCESS_DENIED,
				status_of(root_vp(), row->code | HV_HYPERCALL_NESTED, 1, 1));
		}
		root_partition.privileges = row->privilege;
		CHECK(status_of(root_vp(), row->code | HV_HYPERCALL_NESTED, 1, 1) ==
			HV_STATUS_INVALID_HYPERCALL_INPUT);
	}
}

/* What features can give a child, and nothing else: no privilege of the root's other calls. */
#define CHILD_PRIVILEGES                                                                           \
	((u64)(HV_FEATURE_EBX_POST_MESSAGES | HV_FEATURE_EBX_SIGNAL_EVENTS |                       \
		 HV_FEATURE_EBX_START_VIRTUAL_PROCESSOR)                                           \
		<< 32)

TEST(entry_child_is_denied)
{
	struct partition *child;
	struct vp *vp;

	world_boot();
	child = world_child(64);
	vp = world_vp(child, 0);
	CHECK_EQ(CHILD_PRIVILEGES, child->privileges >> 32 << 32);
	for (u32 i = 0; i < hypercall_row_count; i++) {
		const struct hypercall_test_row *row = &hypercall_rows[i];

		if (row->privilege & ~CHILD_PRIVILEGES)
			CHECK_EQ(HV_STATUS_ACCESS_DENIED, status_of(vp, row_control(row), 0, 0));
		else
			CHECK(status_of(vp, row->code | HV_HYPERCALL_NESTED, 0, 0) !=
				HV_STATUS_ACCESS_DENIED);
		CHECK(row->privilege || row->target == TARGET_SELF_ONLY);
	}
}

static void check_bad_form(const struct hypercall_test_row *row, u64 control)
{
	if (!CHECK_EQ(HV_STATUS_INVALID_HYPERCALL_INPUT,
		    status_of(root_vp(), control, world_input_gpa, world_output_gpa)))
		printf_row(row, control);
}

#define REPS(start, count)                                                                         \
	((u64)(count) << HV_HYPERCALL_REP_COUNT_SHIFT | (u64)(start)                               \
								<< HV_HYPERCALL_REP_START_SHIFT)

TEST(entry_reserved_bits)
{
	world_boot();
	for (u32 i = 0; i < hypercall_row_count; i++) {
		u64 control = row_control(&hypercall_rows[i]);

		for (u64 left = HV_HYPERCALL_RESERVED_MASK; left; left &= left - 1)
			check_bad_form(&hypercall_rows[i], control | (left & -left));
		check_bad_form(&hypercall_rows[i], control | HV_HYPERCALL_NESTED);
	}
}

TEST(entry_repetitions)
{
	world_boot();
	for (u32 i = 0; i < hypercall_row_count; i++) {
		const struct hypercall_test_row *row = &hypercall_rows[i];

		if (!row_repeats(row)) {
			check_bad_form(row, row->code | REPS(0, 1));
			check_bad_form(row, row->code | REPS(1, 0));
			check_bad_form(row, row->code | REPS(0, 4095));
			continue;
		}
		check_bad_form(row, row->code);
		check_bad_form(row, row->code | REPS(1, 1));
		check_bad_form(row, row->code | REPS(2, 1));
		check_bad_form(row, row->code | REPS(4095, 1));
		check_bad_form(row, row->code | REPS(1, 0));
	}
}

TEST(entry_variable_header)
{
	world_boot();
	for (u32 i = 0; i < hypercall_row_count; i++) {
		const struct hypercall_test_row *row = &hypercall_rows[i];

		if (row->form == FORM_VAR || row->form == FORM_VARREP)
			continue;
		for (u64 bit = BIT(17); bit <= BIT(26); bit <<= 1)
			check_bad_form(row, row_control(row) | bit);
	}
}

static void check_undefined(const struct hypercall_test_row *row, u64 control)
{
	u64 result;

	if (!CHECK_EQ(HYPERCALL_UNDEFINED,
		    world_raw(root_vp(), control, world_input_gpa, world_output_gpa, &result)))
		printf_row(row, control);
}

TEST(entry_fast)
{
	u32 fast = 0;

	world_boot();
	for (u32 i = 0; i < hypercall_row_count; i++) {
		const struct hypercall_test_row *row = &hypercall_rows[i];

		/* What takes more than two registers would be the XMM forms: not offered. */
		if (row_repeats(row) || row->header > 16 || row->out) {
			check_undefined(row, row_control(row) | HV_HYPERCALL_FAST);
			continue;
		}
		fast++;
		/* Addresses mean nothing here: what would be bad ones is just a value. */
		CHECK(status_of(root_vp(), row->code | HV_HYPERCALL_FAST, 0xfff1, 7) !=
			HV_STATUS_INVALID_HYPERCALL_INPUT);
		CHECK(status_of(root_vp(), row->code | HV_HYPERCALL_FAST, 0xfff1, 7) !=
			HV_STATUS_INVALID_ALIGNMENT);
	}
	CHECK(fast >= 10);
}

static void check_alignment(const struct hypercall_test_row *row, u64 input, u64 output)
{
	if (!CHECK_EQ(HV_STATUS_INVALID_ALIGNMENT,
		    status_of(root_vp(), row_control(row), input, output)))
		printf_row(row, row_control(row));
}

TEST(entry_alignment)
{
	world_boot();
	for (u32 i = 0; i < hypercall_row_count; i++) {
		const struct hypercall_test_row *row = &hypercall_rows[i];
		u32 size = row->header + row->element;

		for (u64 by = 1; by < 8; by++) {
			if (size)
				check_alignment(row, world_input_gpa + by, world_output_gpa);
			if (row->out)
				check_alignment(row, world_input_gpa, world_output_gpa + by);
		}
		/* The last place that is too high. */
		if (size > 8)
			check_alignment(row, world_input_gpa + PAGE_SIZE - ALIGN_UP(size, 8) + 8,
				world_output_gpa);
		if (row->out > 8)
			check_alignment(row, world_input_gpa,
				world_output_gpa + PAGE_SIZE - ALIGN_UP(row->out, 8) + 8);
	}
}

/* Lists that are longer than the page, of which the last element may be 1 byte too much. */
TEST(entry_list_too_long)
{
	world_boot();
	for (u32 i = 0; i < hypercall_row_count; i++) {
		const struct hypercall_test_row *row = &hypercall_rows[i];
		u32 in_page = row->element ? ((u32)PAGE_SIZE - row->header) / row->element : 4095;
		u32 out_page = row->out ? (u32)PAGE_SIZE / row->out : 4095;
		u32 fits = MIN(in_page, out_page);

		if (!row_repeats(row) || fits >= 4095)
			continue;
		CHECK_EQ(HV_STATUS_INVALID_ALIGNMENT,
			status_of(root_vp(), row->code | REPS(0, fits + 1), world_input_gpa,
				world_output_gpa));
		CHECK_EQ(
			HV_STATUS_INVALID_ALIGNMENT, status_of(root_vp(), row->code | REPS(0, 4095),
							     world_input_gpa, world_output_gpa));
		/* No output is wanted: the list still has to fit. */
		CHECK_EQ(HV_STATUS_INVALID_ALIGNMENT,
			status_of(root_vp(), row->code | REPS(0, fits + 1), world_input_gpa, 0));
		memset(machine_ram(world_input_gpa), 0, PAGE_SIZE);
		CHECK(status_of(root_vp(), row->code | REPS(0, fits), world_input_gpa,
			      world_output_gpa) != HV_STATUS_INVALID_ALIGNMENT);
	}
}

TEST(entry_variable_too_long)
{
	world_boot();
	for (u32 i = 0; i < hypercall_row_count; i++) {
		const struct hypercall_test_row *row = &hypercall_rows[i];
		u64 words = (PAGE_SIZE - row->header) / 8 + 1;

		if (row->form != FORM_VAR)
			continue;
		CHECK_EQ(HV_STATUS_INVALID_ALIGNMENT,
			status_of(root_vp(), row->code | words << HV_HYPERCALL_VARHEAD_SHIFT,
				world_input_gpa, world_output_gpa));
		CHECK(status_of(root_vp(), row->code | (words - 1) << HV_HYPERCALL_VARHEAD_SHIFT,
			      world_input_gpa, world_output_gpa) != HV_STATUS_INVALID_ALIGNMENT);
	}
}
