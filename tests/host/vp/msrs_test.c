/* SPDX-License-Identifier: BSD-2-Clause */
/* Model-specific registers as VPs meet them; CPUID leaves of the hypervisor. */
#include "core/vp/msrs.h"

#include "abi/hv_cpuid.h"
#include "abi/hv_msr.h"
#include "abi/hv_property.h"
#include "core/vp/features.h"
#include "tests/host/world.h"

#include <string.h>

static struct vp *root, *child;

/* The child has every feature, or none. */
static void boot(bool features)
{
	struct partition *partition;

	world_boot();
	root = root_partition.vps[1];
	partition = world_create(64);
	if (features)
		world_give_features(partition);
	CHECK_STATUS(SUCCESS, world_fast(HVCALL_INITIALIZE_PARTITION, partition->id, 0));
	child = world_vp(partition, 0);
}

static enum msr_outcome read(struct vp *vp, u32 msr)
{
	u64 value;

	return vp_read_msr(vp, msr, &value);
}

static u64 value_of(struct vp *vp, u32 msr)
{
	u64 value = ~0ull;

	CHECK_EQ(MSR_DONE, vp_read_msr(vp, msr, &value));
	return value;
}

static enum msr_outcome write(struct vp *vp, u32 msr, u64 value)
{
	u64 gpa = 0;

	return vp_write_msr(vp, msr, value, &gpa);
}

/* Every synthetic MSR needs its privilege. */
TEST(msr_privileges)
{
	boot(false);
	for (u32 msr = 0x40000000; msr < 0x40000120; msr++) {
		CHECK_EQ(MSR_FAULT, read(child, msr));
		CHECK_EQ(MSR_FAULT, write(child, msr, 0));
	}
}

struct msr_row {
	u32 msr;
	bool reads;
	bool writes;
};

TEST(msr_directions)
{
	static const struct msr_row rows[] = {
		{HV_X64_MSR_GUEST_OS_ID, true, true},
		{HV_X64_MSR_HYPERCALL, true, true},
		{HV_X64_MSR_VP_INDEX, true, false},
		{HV_X64_MSR_VP_RUNTIME, true, false},
		{HV_X64_MSR_TIME_REF_COUNT, true, false},
		{HV_X64_MSR_REFERENCE_TSC, true, true},
		{HV_X64_MSR_TSC_FREQUENCY, true, false},
		{HV_X64_MSR_APIC_FREQUENCY, true, false},
		{HV_X64_MSR_EOI, false, true},
		{HV_X64_MSR_TPR, true, true},
		{HV_X64_MSR_SCONTROL, true, true},
		{HV_X64_MSR_SVERSION, true, false},
		{HV_X64_MSR_SIEFP, true, true},
		{HV_X64_MSR_SIMP, true, true},
		{HV_X64_MSR_EOM, true, true},
		{HV_X64_MSR_STIMER0_CONFIG, true, true},
		{HV_X64_MSR_STIMER3_COUNT, true, true},
		{0x40000004, false, false},
		{0x400000a0, false, false},
		{0x400000b8, false, false},
		{0x400000ff, false, false},
	};

	boot(true);
	for (u32 i = 0; i < ARRAY_SIZE(rows); i++) {
		CHECK_EQ(rows[i].reads ? MSR_DONE : MSR_FAULT, read(child, rows[i].msr));
		CHECK_EQ(rows[i].writes ? MSR_DONE : MSR_FAULT, write(child, rows[i].msr, 0));
	}
}

TEST(msr_hypercall_page)
{
	u64 page;
	u8 *memory;
	u64 gpa;

	boot(true);
	page = world_page();
	memory = world_memory(page);
	memset(memory, 0, PAGE_SIZE);
	/* Without an identity it cannot be enabled. */
	CHECK_EQ(MSR_DONE, write(child, HV_X64_MSR_HYPERCALL, 0x5001));
	CHECK_EQ(0x5000, value_of(child, HV_X64_MSR_HYPERCALL));
	CHECK_EQ(MSR_DONE, write(child, HV_X64_MSR_GUEST_OS_ID, 0x8100ull << 48));
	CHECK_EQ(MSR_RETRY, vp_write_msr(child, HV_X64_MSR_HYPERCALL, 0x5001, &gpa));
	CHECK_EQ(0x5000, gpa);
	CHECK_STATUS(SUCCESS, world_map(child->partition, 5, page, HV_MAP_GPA_READABLE));
	CHECK_EQ(MSR_RETRY, write(child, HV_X64_MSR_HYPERCALL, 0x5001));
	CHECK_STATUS(SUCCESS,
		world_map(child->partition, 5, page, HV_MAP_GPA_READABLE | HV_MAP_GPA_WRITABLE));
	CHECK_EQ(MSR_FAULT, write(child, HV_X64_MSR_HYPERCALL, 0x5005));
	CHECK_EQ(MSR_DONE, write(child, HV_X64_MSR_HYPERCALL, 0x5001));
	CHECK(!memcmp(memory, "\x0f\x01\xd9\xc3\xcc", 5));
	CHECK_EQ(0xcc, memory[PAGE_SIZE - 1]);
	CHECK_EQ(MSR_DONE, write(child, HV_X64_MSR_GUEST_OS_ID, 0));
	CHECK_EQ(0x5000, value_of(child, HV_X64_MSR_HYPERCALL));
	/* Locked, it stays as it is. */
	CHECK_EQ(MSR_DONE, write(child, HV_X64_MSR_HYPERCALL, 0x5002));
	CHECK_EQ(MSR_FAULT, write(child, HV_X64_MSR_HYPERCALL, 0));
}

/* The root's pages are where the hypervisor put them. */
TEST(msr_root_pages)
{
	static const u32 msrs[] = {HV_X64_MSR_HYPERCALL, HV_X64_MSR_REFERENCE_TSC, HV_X64_MSR_SIMP,
		HV_X64_MSR_SIEFP, HV_X64_MSR_SIRBP};

	boot(true);
	CHECK_EQ(MSR_DONE, write(root, HV_X64_MSR_GUEST_OS_ID, 1));
	for (u32 i = 0; i < ARRAY_SIZE(msrs); i++) {
		u64 old = value_of(root, msrs[i]);

		CHECK(old & HV_MSR_PAGE_ADDRESS_MASK);
		CHECK_EQ(MSR_DONE, write(root, msrs[i], old | 1));
		CHECK_EQ(old | 1, value_of(root, msrs[i]));
		CHECK_EQ(MSR_FAULT, write(root, msrs[i], (old ^ 0x1000) | 1));
		CHECK_EQ(MSR_FAULT, write(root, msrs[i], 0));
		CHECK_EQ(MSR_DONE, write(root, msrs[i], old & ~1ull));
	}
}

TEST(msr_reference_tsc)
{
	struct hv_reference_tsc_page *page;
	u64 number, time;
	u32 sequence;

	boot(true);
	number = world_page();
	page = world_memory(number);
	CHECK_STATUS(SUCCESS,
		world_map(child->partition, 5, number, HV_MAP_GPA_READABLE | HV_MAP_GPA_WRITABLE));
	child->tsc_offset = child->partition->tsc_offset = 123456789;
	fake.tsc = 5 * FAKE_TSC_HZ;
	CHECK_EQ(MSR_DONE, write(child, HV_X64_MSR_REFERENCE_TSC, 0x5001));
	CHECK(page->tsc_sequence != HV_REFERENCE_TSC_SEQUENCE_INVALID);
	/* The guest's formula and the MSR agree, now and later. */
	for (u32 i = 0; i < 5; i++) {
		fake.tsc += i * 987654321;
		time = mul_shift_64(fake.tsc + child->tsc_offset, page->tsc_scale) +
		       (u64)page->tsc_offset;
		CHECK(value_of(child, HV_X64_MSR_TIME_REF_COUNT) - time + 1 <= 2);
	}
	/* While time stands still the page is not to be used, and afterwards nothing says that it
	 * is as it was. */
	sequence = page->tsc_sequence;
	CHECK_STATUS(SUCCESS,
		world_set_property(child->partition, HV_PARTITION_PROPERTY_TIME_FREEZE, 1));
	CHECK_EQ(HV_REFERENCE_TSC_SEQUENCE_INVALID, page->tsc_sequence);
	CHECK_STATUS(SUCCESS,
		world_set_property(child->partition, HV_PARTITION_PROPERTY_TIME_FREEZE, 0));
	CHECK(page->tsc_sequence != HV_REFERENCE_TSC_SEQUENCE_INVALID);
	CHECK(page->tsc_sequence != sequence);
}

TEST(msr_guest_idle)
{
	boot(true);
	child->regs.rflags = 2;
	CHECK_EQ(MSR_SUSPEND, read(child, HV_X64_MSR_GUEST_IDLE));
	CHECK_EQ(VP_IDLE, child->activity);
	CHECK(!vp_runnable(child) || child->suspend);
	CHECK_EQ(MSR_FAULT, write(child, HV_X64_MSR_GUEST_IDLE, 0));
}

TEST(msr_apic)
{
	boot(true);
	child->apic.spurious = 0x1ff;
	/* Outside x2APIC mode its registers are not there. */
	CHECK_EQ(MSR_FAULT, read(child, 0x808));
	CHECK_EQ(MSR_FAULT, write(child, 0x808, 0));
	CHECK_EQ(MSR_DONE, write(child, HV_X64_MSR_TPR, 0x40));
	CHECK_EQ(0x40, child->apic.tpr);
	CHECK_EQ(MSR_FAULT, write(child, HV_X64_MSR_TPR, 0x100));
	CHECK_EQ(MSR_DONE, write(child, 0x1b, 0xfee00d00));
	CHECK_EQ(0x40, value_of(child, 0x808));
	CHECK_EQ(0xfee00d00, value_of(child, 0x1b));
	/* A self IPI. */
	CHECK_EQ(MSR_DONE, write(child, 0x83f, 0x71));
	CHECK_EQ(0x71, vapic_highest_request(&child->apic));
	CHECK_EQ(MSR_FAULT, write(child, 0x802, 5));
	CHECK_EQ(MSR_FAULT, write(child, 0x1b, 0xfee00500));
	CHECK_EQ(1, stat_vp(child, ApicSelfIpisSent));
}

TEST(msr_architectural)
{
	boot(true);
	CHECK_EQ(MSR_DONE, write(child, 0x277, 0x0606060606060606));
	CHECK_EQ(0x0606060606060606, value_of(child, 0x277));
	CHECK_EQ(1, fake_vp(child)->updates);
	CHECK_EQ(MSR_FAULT, write(child, 0x277, 2));
	CHECK_EQ(MSR_FAULT, write(child, 0x277, 0x0800000000000000));
	/* EFER: SVME is ours, LME does not change under paging, LMA is the processor's. */
	CHECK_EQ(MSR_DONE, write(child, 0xc0000080, 0x901));
	CHECK_EQ(0x901, value_of(child, 0xc0000080));
	CHECK_EQ(MSR_FAULT, write(child, 0xc0000080, 0x1001));
	vp_set_register64(child, HV_REGISTER_CR0, 0x80000001);
	CHECK_EQ(MSR_FAULT, write(child, 0xc0000080, 0x801));
	/* MTRRs keep what was written. */
	CHECK_EQ(MSR_DONE, write(child, 0x200, 0x80000006));
	CHECK_EQ(0x80000006, value_of(child, 0x200));
	CHECK_EQ(MSR_DONE, write(child, 0x26f, 0x0606));
	CHECK_EQ(0x0606, value_of(child, 0x26f));
	/* Time cannot be turned back by one VP for all. */
	child->tsc_offset = 5000;
	CHECK_EQ(MSR_DONE, write(child, 0x10, 0));
	CHECK_EQ(fake.tsc + 5000, value_of(child, 0x10));
}

/* What there is not: as the parent has decided for children, a fault for the root. */
TEST(msr_unimplemented)
{
	boot(true);
	CHECK_EQ(MSR_FAULT, read(child, 0x12345));
	CHECK_EQ(MSR_FAULT, write(child, 0x12345, 1));
	CHECK_STATUS(SUCCESS, world_set_property(child->partition,
				      HV_PARTITION_PROPERTY_UNIMPLEMENTED_MSR_ACTION, 1));
	CHECK_EQ(0, value_of(child, 0x12345));
	CHECK_EQ(MSR_DONE, write(child, 0x12345, 1));
	CHECK_EQ(0, value_of(child, 0x12345));
	CHECK_EQ(MSR_FAULT, read(root, 0x12345));
	CHECK_EQ(MSR_FAULT, write(root, 0x12345, 1));
	CHECK_EQ(MSR_FAULT, read(root, 0x200));
}

/* ---- CPUID ---- */

TEST(cpuid_hypervisor_leaves)
{
	u32 out[4];

	boot(true);
	vp_cpuid(root, HV_CPUID_VENDOR_AND_MAX, 0, out);
	CHECK_EQ(HV_CPUID_VENDOR_EBX, out[1]);
	CHECK(out[0] >= HV_CPUID_LIMITS);
	vp_cpuid(root, HV_CPUID_FEATURES, 0, out);
	CHECK_EQ((u32)root_partition.privileges, out[0]);
	CHECK_EQ(root_partition.privileges >> 32, out[1]);
	vp_cpuid(child, HV_CPUID_FEATURES, 0, out);
	CHECK_EQ((u32)child->partition->privileges, out[0]);
	CHECK_EQ(0, out[1]);
	vp_cpuid(child, HV_CPUID_INTERFACE, 0, out);
	CHECK_EQ(HV_CPUID_INTERFACE_EAX, out[0]);
	vp_cpuid(child, HV_CPUID_CPU_MANAGEMENT, 0, out);
	CHECK_EQ(0, out[0]);
	for (u32 leaf = 0x40000008; leaf <= 0x400000ff; leaf++) {
		vp_cpuid(child, leaf, 0, out);
		CHECK_EQ(0, out[0] | out[1] | out[2] | out[3]);
	}
}

/* A child that was not told that there is a hypervisor sees none. */
TEST(cpuid_unannounced)
{
	u32 out[4];

	boot(false);
	for (u32 leaf = 0x40000000; leaf <= 0x40000010; leaf++) {
		vp_cpuid(child, leaf, 0, out);
		CHECK_EQ(0, out[0] | out[1] | out[2] | out[3]);
	}
	vp_cpuid(child, 1, 0, out);
	CHECK(!(out[2] & BIT(31)));
	vp_cpuid(root, 1, 0, out);
	CHECK(out[2] & BIT(31));
}

/* Bits that follow the VP's registers, and those that nobody sees. */
TEST(cpuid_state_bits)
{
	u32 out[4];

	boot(true);
	vp_cpuid(child, 1, 0, out);
	CHECK(!(out[2] & (BIT(3) | BIT(5) | BIT(15) | BIT(24) | BIT(27))));
	CHECK(out[3] & BIT(9));
	vp_set_register64(child, HV_REGISTER_CR4, BIT(18) | BIT(22));
	CHECK_EQ(MSR_DONE, write(child, 0x1b, 0xfee00100));
	vp_cpuid(child, 1, 0, out);
	CHECK(out[2] & BIT(27));
	CHECK(!(out[3] & BIT(9)));
	vp_cpuid(child, 7, 0, out);
	CHECK(out[2] & BIT(4));
	vp_cpuid(child, 0x80000001, 0, out);
	CHECK(!(out[2] & BIT(2)));
	vp_cpuid(child, 0x8000000a, 0, out);
	CHECK_EQ(0, out[0] | out[1] | out[3]);
	fake_hardware.extended_states = 7;
	vp_cpuid(child, 13, 0, out);
	CHECK_EQ(7, out[0]);
}

/* Parameters, then the report; the parent reads both, the guest what is supported. */
TEST(msr_crash)
{
	boot(true);
	CHECK(child->partition->feature_edx & HV_FEATURE_EDX_GUEST_CRASH_MSRS);
	CHECK_EQ(HV_CRASH_CTL_NOTIFY, value_of(child, HV_X64_MSR_CRASH_CTL));
	for (u32 i = 0; i < 5; i++)
		CHECK_EQ(MSR_DONE, write(child, HV_X64_MSR_CRASH_P0 + i, 0x1111111111111111 * i));
	for (u32 i = 0; i < 5; i++)
		CHECK_EQ(0x1111111111111111 * i, value_of(child, HV_X64_MSR_CRASH_P0 + i));
	CHECK_EQ(0, child->partition->log_lines);
	CHECK_EQ(0, world_get_register(child, HV_REGISTER_GUEST_CRASH_CTL));
	/* Nothing is reported, or only what is not supported. */
	CHECK_EQ(MSR_DONE, write(child, HV_X64_MSR_CRASH_CTL, HV_CRASH_CTL_MESSAGE));
	CHECK_EQ(0, child->partition->log_lines);
	CHECK_EQ(0, world_get_register(child, HV_REGISTER_GUEST_CRASH_CTL));
	CHECK_EQ(MSR_DONE,
		write(child, HV_X64_MSR_CRASH_CTL, HV_CRASH_CTL_NOTIFY | HV_CRASH_CTL_MESSAGE));
	CHECK_EQ(1, child->partition->log_lines);
	CHECK_EQ(HV_CRASH_CTL_NOTIFY, world_get_register(child, HV_REGISTER_GUEST_CRASH_CTL));
	CHECK_EQ(0x4444444444444444, world_get_register(child, HV_REGISTER_GUEST_CRASH_P4));
	CHECK_EQ(HV_CRASH_CTL_NOTIFY, value_of(child, HV_X64_MSR_CRASH_CTL));
	CHECK_STATUS(SUCCESS, world_set_register(child, HV_REGISTER_GUEST_CRASH_CTL, 0));
	CHECK_EQ(0, world_get_register(child, HV_REGISTER_GUEST_CRASH_CTL));
	CHECK_EQ(MSR_FAULT, read(child, HV_X64_MSR_CRASH_CTL + 1));
	CHECK_EQ(MSR_FAULT, read(root, HV_X64_MSR_CRASH_P0));
	CHECK_EQ(MSR_FAULT, write(root, HV_X64_MSR_CRASH_CTL, HV_CRASH_CTL_NOTIFY));
}
