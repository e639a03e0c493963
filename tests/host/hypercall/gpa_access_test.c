/* SPDX-License-Identifier: BSD-2-Clause */
/* HvCallReadGpa and HvCallWriteGpa: what a parent reads and writes of its child's memory. */
#include "tests/host/world.h"

#include <string.h>

static struct partition *child;
static u8 *memory;

/* GPA 0x5000 writable, 0x6000 read-only. */
static void boot(void)
{
	u64 page;

	world_boot();
	child = world_child(64);
	world_vp(child, 0);
	page = world_page();
	memory = world_memory(page);
	CHECK_STATUS(SUCCESS, world_map(child, 5, page, HV_MAP_GPA_READABLE | HV_MAP_GPA_WRITABLE));
	CHECK_STATUS(SUCCESS, world_map(child, 6, page, HV_MAP_GPA_READABLE));
}

static u64 read(u64 gpa, u32 count, u64 flags, struct hv_output_read_gpa *out)
{
	struct hv_input_read_gpa in = {.partition_id = child->id,
		.byte_count = count,
		.base_gpa = gpa,
		.control_flags = flags};

	return WORLD_CALL_OUT(READ_GPA, in, *out);
}

static u64 write(u64 gpa, u32 count, u64 flags, u32 *result)
{
	struct hv_input_write_gpa in = {.partition_id = child->id,
		.byte_count = count,
		.base_gpa = gpa,
		.control_flags = flags};
	struct hv_output_write_gpa out;
	u64 status;

	memset(in.data, 0x77, sizeof(in.data));
	status = WORLD_CALL_OUT(WRITE_GPA, in, out);
	*result = out.result_code;
	return status;
}

TEST(gpa_read)
{
	struct hv_output_read_gpa out;

	boot();
	for (u32 i = 0; i < 16; i++)
		memory[0x100 + i] = (u8)(i + 1);
	CHECK_STATUS(SUCCESS, read(0x5100, 16, HV_CACHE_TYPE_WRITE_BACK, &out));
	CHECK_EQ(HV_ACCESS_GPA_SUCCESS, out.result_code);
	CHECK(!memcmp(out.data, memory + 0x100, 16));
	CHECK_STATUS(SUCCESS, read(0x6103, 2, 0, &out));
	CHECK_EQ(4, out.data[0]);
	CHECK_EQ(5, out.data[1]);
	CHECK_EQ(0, out.data[2]);
	CHECK_STATUS(SUCCESS, read(0x7000, 1, 0, &out));
	CHECK_EQ(HV_ACCESS_GPA_UNMAPPED, out.result_code);
	/* The page of the APIC has no bytes to show. */
	CHECK_STATUS(SUCCESS, read(0xfee00020, 4, 0, &out));
	CHECK_EQ(HV_ACCESS_GPA_ILLEGAL_OVERLAY_ACCESS, out.result_code);
}

TEST(gpa_write)
{
	u32 result;

	boot();
	CHECK_STATUS(SUCCESS, write(0x5ffd, 3, HV_CACHE_TYPE_WRITE_BACK, &result));
	CHECK_EQ(HV_ACCESS_GPA_SUCCESS, result);
	CHECK_EQ(0, memory[0xffc]);
	CHECK_EQ(0x77, memory[0xffd]);
	CHECK_EQ(0x77, memory[0xfff]);
	CHECK_STATUS(SUCCESS, write(0x6000, 1, 0, &result));
	CHECK_EQ(HV_ACCESS_GPA_WRITE_INTERCEPT, result);
	CHECK_EQ(0, memory[0]);
	CHECK_STATUS(SUCCESS, write(0x7000, 1, 0, &result));
	CHECK_EQ(HV_ACCESS_GPA_UNMAPPED, result);
}

TEST(gpa_access_refused)
{
	struct hv_input_read_gpa in = {.vp_index = 1, .byte_count = 1, .base_gpa = 0x5000};
	struct hv_output_read_gpa out;
	u32 result;

	boot();
	CHECK_STATUS(INVALID_PARAMETER, read(0x5000, 0, 0, &out));
	CHECK_STATUS(INVALID_PARAMETER, read(0x5000, 17, 0, &out));
	CHECK_STATUS(INVALID_PARAMETER, read(0x5fff, 2, 0, &out));
	CHECK_STATUS(INVALID_PARAMETER, read(1ull << 48, 1, 0, &out));
	CHECK_STATUS(INVALID_PARAMETER, read(0x5000, 1, 2, &out));
	CHECK_STATUS(INVALID_PARAMETER, read(0x5000, 1, 7, &out));
	CHECK_STATUS(INVALID_PARAMETER, write(0x5000, 1, 0x100, &result));
	in.partition_id = child->id;
	CHECK_STATUS(INVALID_VP_INDEX, WORLD_CALL_OUT(READ_GPA, in, out));
	child = world_create(4);
	CHECK_STATUS(INVALID_PARTITION_STATE, read(0x5000, 1, 0, &out));
	CHECK_STATUS(INVALID_PARTITION_STATE, write(0x5000, 1, 0, &result));
}
