/* SPDX-License-Identifier: BSD-2-Clause */
/* Starting processors, finding them by APIC id, and their CPUID values. */
#include "core/vp/features.h"
#include "tests/host/world.h"

#include <string.h>

static struct partition *child;

static void boot(void)
{
	world_boot();
	child = world_child(64);
	world_vp(child, 0);
	world_vp(child, 1);
}

static struct hv_input_start_virtual_processor context(u64 id)
{
	struct hv_input_start_virtual_processor in = {.partition_id = id, .vp_index = 1};

	in.context.rip = 0x12345;
	in.context.rsp = 0x8000;
	in.context.rflags = 2;
	for (u32 i = 0; i < 8; i++)
		in.context.segment[i] = (struct hv_x64_segment_register){.base = 0x1000 * i,
			.limit = 0xffff,
			.selector = (u16)i,
			.attributes = 0x93};
	in.context.idtr.base = 0x111;
	in.context.gdtr.base = 0x222;
	in.context.efer = 0x500;
	in.context.cr0 = 0x80000011;
	in.context.cr3 = 0x3000;
	in.context.cr4 = 0x20;
	in.context.pat = 0x0606060606060606;
	return in;
}

TEST(start_vp)
{
	struct hv_input_start_virtual_processor in;
	union hv_register_value ldtr;
	struct vp *vp;

	boot();
	vp = child->vps[1];
	in = context(child->id);
	CHECK_EQ(VP_WAIT_SIPI, vp->activity);
	CHECK_STATUS(SUCCESS, WORLD_CALL(START_VP, in));
	CHECK_EQ(VP_ACTIVE, vp->activity);
	CHECK_EQ(0x12345, vp->regs.rip);
	CHECK_EQ(0x8000, vp->regs.gpr[RSP]);
	CHECK_EQ(0x80000011, vp_register64(vp, HV_REGISTER_CR0));
	CHECK_EQ(0x3000, vp_register64(vp, HV_REGISTER_CR3));
	CHECK_EQ(0x500, vp_register64(vp, HV_REGISTER_EFER) & 0x500);
	CHECK_EQ(0x0606060606060606, vp->pat);
	CHECK(hypervisor.backend->get_register(vp, HV_REGISTER_LDTR, &ldtr));
	CHECK_EQ(0x7000, ldtr.segment.base);
	CHECK_EQ(SUSPEND_EXPLICIT, vp->suspend); /* that is still its parent's decision */
	/* Only once. */
	CHECK_STATUS(INVALID_VP_STATE, WORLD_CALL(START_VP, in));
}

/* A child starts a VP of its own, and cannot name another's. */
TEST(start_vp_of_a_child)
{
	struct hv_input_start_virtual_processor in;
	u64 result;

	boot();
	CHECK_STATUS(SUCCESS,
		world_map(child, 0x40, world_input_gpa >> PAGE_SHIFT, HV_MAP_GPA_READABLE));
	in = context(HV_PARTITION_ID_SELF);
	memcpy(machine_ram(world_input_gpa), &in, sizeof(in));
	CHECK_EQ(HYPERCALL_DONE, world_raw(child->vps[0], HVCALL_START_VP, 0x40000, 0, &result));
	CHECK_STATUS(SUCCESS, result);
	CHECK_EQ(VP_ACTIVE, child->vps[1]->activity);
	in.partition_id = root_partition.id;
	memcpy(machine_ram(world_input_gpa), &in, sizeof(in));
	CHECK_EQ(HYPERCALL_DONE, world_raw(child->vps[0], HVCALL_START_VP, 0x40000, 0, &result));
	CHECK_STATUS(INVALID_PARTITION_ID, result);
}

TEST(start_vp_refused)
{
	struct hv_input_start_virtual_processor in;

	boot();
	in = context(child->id);
	in.vp_index = 7;
	CHECK_STATUS(INVALID_VP_INDEX, WORLD_CALL(START_VP, in));
	in.vp_index = 0; /* it runs from the beginning */
	CHECK_STATUS(INVALID_VP_STATE, WORLD_CALL(START_VP, in));
	in.vp_index = 1;
	in.target_vtl = 1;
	CHECK_STATUS(INVALID_PARAMETER, WORLD_CALL(START_VP, in));
	in.target_vtl = 0;
	in.context.pat = 2;
	CHECK_STATUS(INVALID_REGISTER_VALUE, WORLD_CALL(START_VP, in));
	CHECK_EQ(VP_WAIT_SIPI, child->vps[1]->activity);
	/* Held by somebody else. */
	in.context.pat = 6;
	CHECK(vp_hold(child->vps[1]));
	CHECK_STATUS(INVALID_VP_STATE, WORLD_CALL(START_VP, in));
	vp_release(child->vps[1]);
	CHECK_STATUS(SUCCESS, WORLD_CALL(START_VP, in));
}

static u64 find(u64 id, u32 count, const u32 *ids, u32 *indices)
{
	struct hv_input_get_vp_index_from_apic_id in = {.partition_id = id};

	return world_list(HVCALL_GET_VP_INDEX_FROM_APIC_ID, count, &in, sizeof(in), ids, 4 * count,
		indices, 4 * count);
}

TEST(vp_index_from_apic_id)
{
	static const u32 ids[] = {1, 0, 1, 9};
	struct hv_input_get_vp_index_from_apic_id in = {.target_vtl = 1};
	u32 indices[4];
	u32 id = 0x52;

	boot();
	CHECK_EQ(3ull << 32, find(child->id, 3, ids, indices));
	CHECK_EQ(1, indices[0]);
	CHECK_EQ(0, indices[1]);
	CHECK_EQ(1, indices[2]);
	/* What comes before the unknown one is answered. */
	CHECK_EQ(3ull << 32 | HV_STATUS_INVALID_PARAMETER, find(child->id, 4, ids, indices));
	root_partition.vps[2]->apic.id = 0x52;
	CHECK_EQ(1ull << 32, find(HV_PARTITION_ID_SELF, 1, &id, indices));
	CHECK_EQ(2, indices[0]);
	in.partition_id = child->id;
	CHECK_STATUS(INVALID_PARAMETER, world_list(HVCALL_GET_VP_INDEX_FROM_APIC_ID, 1, &in,
						sizeof(in), &id, 4, indices, 4));
}

static u64 cpuid(u32 flags, u32 leaf, u32 subleaf, u64 xfem, u32 out[4])
{
	struct hv_input_get_vp_cpuid_values in = {
		.partition_id = child->id, .vp_index = 0, .flags = flags};
	struct hv_cpuid_leaf_info info = {.eax = leaf, .ecx = subleaf, .xfem = xfem};

	return world_list(
		HVCALL_GET_VP_CPUID_VALUES, 1, &in, sizeof(in), &info, sizeof(info), out, 16);
}

TEST(vp_cpuid_values)
{
	struct hv_cpuid_result_parameters result = {.input = {.eax = 0x80000008}};
	struct hv_input_get_vp_cpuid_values in = {.vp_index = 5};
	struct hv_cpuid_leaf_info info = {0};
	u32 out[4], plain[4];

	boot();
	fake_hardware.extended_states = 7;
	CHECK_EQ(1ull << 32, cpuid(0, 0x80000008, 0, 0, plain));
	result.result.ebx = 0x1234;
	result.result.ebx_mask = ~0u;
	CHECK_EQ(HV_STATUS_SUCCESS, vp_cpuid_register(child->vps[0], &result));
	CHECK_EQ(1ull << 32, cpuid(HV_CPUID_VALUES_APPLY_REGISTERED, 0x80000008, 0, 0, out));
	CHECK_EQ(plain[0], out[0]);
	CHECK_EQ(0x1234, out[1]);
	CHECK_EQ(1ull << 32, cpuid(0, 0x80000008, 0, 0, out));
	CHECK_EQ(plain[1], out[1]);
	/* The size of the XSAVE area follows the states that are asked for, or the VP's. */
	CHECK_EQ(1ull << 32, cpuid(0, 13, 0, 3, out));
	CHECK_EQ(576, out[1]);
	CHECK_EQ(1ull << 32, cpuid(0, 13, 0, 7, out));
	CHECK_EQ(832, out[1]);
	child->vps[0]->xcr0 = 1;
	CHECK_EQ(1ull << 32, cpuid(HV_CPUID_VALUES_USE_VP_XFEM_XSS, 13, 0, 7, out));
	CHECK_EQ(576, out[1]);
	CHECK_STATUS(INVALID_PARAMETER, cpuid(4, 0, 0, 0, out));
	in.partition_id = child->id;
	CHECK_STATUS(INVALID_VP_INDEX, world_list(HVCALL_GET_VP_CPUID_VALUES, 1, &in, sizeof(in),
					       &info, sizeof(info), out, 16));
}
