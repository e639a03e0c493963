/* SPDX-License-Identifier: BSD-2-Clause */
/* HvCallInstallIntercept: what a parent can ask to be told of. */
#include "tests/host/world.h"

static struct partition *child;

static u64 install(u32 type, u32 access, u64 parameter)
{
	struct hv_input_install_intercept in = {.partition_id = child->id,
		.access_type = access,
		.intercept_type = type,
		.parameter.as_u64 = parameter};

	return WORLD_CALL(INSTALL_INTERCEPT, in);
}

static void boot(void)
{
	world_boot();
	child = world_child(64);
}

TEST(intercept_masks)
{
	boot();
	CHECK_STATUS(SUCCESS, install(HV_INTERCEPT_TYPE_X64_MSR, 3, 0));
	CHECK_EQ(3, child->intercepts.msr);
	CHECK_STATUS(SUCCESS, install(HV_INTERCEPT_TYPE_X64_MSR, 0, 0));
	CHECK_EQ(0, child->intercepts.msr);
	CHECK_STATUS(SUCCESS, install(HV_INTERCEPT_TYPE_X64_APIC_EOI, 2, 0));
	CHECK_EQ(2, child->intercepts.apic_eoi);
}

TEST(intercept_refused)
{
	boot();
	for (u32 type = 0; type < 32; type++) {
		bool known =
			type == HV_INTERCEPT_TYPE_X64_MSR || type == HV_INTERCEPT_TYPE_X64_APIC_EOI;

		CHECK_STATUS(INVALID_PARAMETER, install(type, 7, 0));
		CHECK_STATUS(INVALID_PARAMETER, install(type, 8, 0));
		if (!known)
			CHECK_STATUS(INVALID_PARAMETER, install(type, 0, 0));
	}
	CHECK_STATUS(INVALID_PARAMETER, install(HV_INTERCEPT_TYPE_X64_MSR, 4, 0));
	child = world_create(4);
	CHECK_STATUS(INVALID_PARTITION_STATE, install(HV_INTERCEPT_TYPE_X64_MSR, 3, 0));
}
