/* SPDX-License-Identifier: BSD-2-Clause */
/* HvCallInstallIntercept: what a parent can ask to be told of. */
#include "core/vp/features.h"
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

static struct vp *boot(void)
{
	world_boot();
	child = world_child(64);
	return world_vp(child, 0);
}

TEST(intercept_cpuid_leaves)
{
	struct vp *vp = boot();
	u32 type = HV_INTERCEPT_TYPE_X64_CPUID;

	for (u32 i = 0; i < MAX_CPUID_INTERCEPTS; i++) {
		CHECK_STATUS(SUCCESS, install(type, HV_INTERCEPT_ACCESS_MASK_EXECUTE, 100 + i));
		CHECK_STATUS(SUCCESS, install(type, HV_INTERCEPT_ACCESS_MASK_EXECUTE, 100 + i));
		CHECK(vp_cpuid_intercepted(vp, 100 + i));
	}
	CHECK(!vp_cpuid_intercepted(vp, 99));
	CHECK_STATUS(NO_RESOURCES, install(type, HV_INTERCEPT_ACCESS_MASK_EXECUTE, 99));
	/* Taken away, in any order. */
	CHECK_STATUS(SUCCESS, install(type, HV_INTERCEPT_ACCESS_MASK_NONE, 100));
	CHECK(!vp_cpuid_intercepted(vp, 100));
	CHECK(vp_cpuid_intercepted(vp, 100 + MAX_CPUID_INTERCEPTS - 1));
	CHECK_STATUS(SUCCESS, install(type, HV_INTERCEPT_ACCESS_MASK_NONE, 100));
	for (u32 i = 1; i < MAX_CPUID_INTERCEPTS; i++)
		CHECK_STATUS(SUCCESS, install(type, HV_INTERCEPT_ACCESS_MASK_NONE, 100 + i));
	CHECK_EQ(0, child->intercepts.cpuid_count);
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
		bool known = type == HV_INTERCEPT_TYPE_X64_MSR ||
			     type == HV_INTERCEPT_TYPE_X64_CPUID ||
			     type == HV_INTERCEPT_TYPE_X64_APIC_EOI;

		CHECK_STATUS(INVALID_PARAMETER, install(type, 7, 0));
		CHECK_STATUS(INVALID_PARAMETER, install(type, 8, 0));
		if (!known)
			CHECK_STATUS(INVALID_PARAMETER, install(type, 0, 0));
	}
	CHECK_STATUS(INVALID_PARAMETER, install(HV_INTERCEPT_TYPE_X64_CPUID, 1, 0));
	CHECK_STATUS(INVALID_PARAMETER, install(HV_INTERCEPT_TYPE_X64_MSR, 4, 0));
	child = world_create(4);
	CHECK_STATUS(INVALID_PARTITION_STATE, install(HV_INTERCEPT_TYPE_X64_MSR, 3, 0));
}
