/* SPDX-License-Identifier: BSD-2-Clause */
/* Registers by name: the sets that VMMs store and load, in calls as long as theirs. */
#include "abi/hv_msr.h"
#include "tests/host/world.h"

#include <string.h>

#define R(name) HV_REGISTER_##name

static const u32 standard_set[] = {R(RAX), R(RBX), R(RCX), R(RDX), R(RSI), R(RDI), R(RSP), R(RBP),
	R(R8), R(R9), R(R10), R(R11), R(R12), R(R13), R(R14), R(R15), R(RIP), R(RFLAGS)};

static const u32 segment_set[] = {
	R(CS), R(DS), R(ES), R(FS), R(GS), R(SS), R(TR), R(LDTR), R(GDTR), R(IDTR)};

static const u32 control_set[] = {R(CR0), R(CR2), R(CR3), R(CR4), R(EFER)};

static const u32 floating_set[] = {R(XMM0), R(XMM1), R(XMM2), R(XMM3), R(XMM4), R(XMM5), R(XMM6),
	R(XMM7), R(XMM8), R(XMM9), R(XMM10), R(XMM11), R(XMM12), R(XMM13), R(XMM14), R(XMM15),
	R(FP_MMX0), R(FP_MMX1), R(FP_MMX2), R(FP_MMX3), R(FP_MMX4), R(FP_MMX5), R(FP_MMX6),
	R(FP_MMX7), R(FP_CONTROL_STATUS), R(XMM_CONTROL_STATUS)};

static const u32 debug_set[] = {R(DR0), R(DR1), R(DR2), R(DR3), R(DR6), R(DR7)};

/* MSRs that keep what is written. */
static const u32 stored_set[] = {R(SYSENTER_CS), R(SYSENTER_EIP), R(SYSENTER_ESP), R(STAR),
	R(LSTAR), R(CSTAR), R(SFMASK), R(KERNEL_GS_BASE), R(MSR_MTRR_PHYS_BASE0),
	R(MSR_MTRR_PHYS_BASE1), R(MSR_MTRR_PHYS_BASE7), R(MSR_MTRR_PHYS_MASK0),
	R(MSR_MTRR_PHYS_MASK1), R(MSR_MTRR_PHYS_MASK7), R(MSR_MTRR_FIX64K00000),
	R(MSR_MTRR_FIX16K80000), R(MSR_MTRR_FIX16KA0000), R(MSR_MTRR_FIX4KC0000),
	R(MSR_MTRR_FIX4KF8000), R(GUEST_CRASH_P0), R(GUEST_CRASH_P4)};

/* Those that VMMs store and load as 0, and that must not be refused then. */
static const u32 zero_set[] = {R(HYPERCALL), R(GUEST_OS_ID), R(REFERENCE_TSC), R(SCONTROL),
	R(SIEFP), R(SIMP), R(MSR_MTRR_DEF_TYPE), R(TSC_AUX), R(VP_ASSIST_PAGE),
	R(PENDING_INTERRUPTION), R(INTERRUPT_STATE), R(PENDING_EVENT0), R(PENDING_EVENT1),
	R(STIMER0_CONFIG), R(STIMER3_COUNT), R(CR8), R(INTERNAL_ACTIVITY_STATE)};

static struct vp *boot(void)
{
	world_boot();
	return world_vp(world_child(64), 0);
}

static u64 set_all(
	const struct vp *vp, const u32 *names, u32 count, const union hv_register_value *values)
{
	struct hv_input_set_vp_registers in = {
		.partition_id = vp->partition->id, .vp_index = vp->index};
	struct hv_register_assoc list[64] = {0};

	for (u32 i = 0; i < count; i++) {
		list[i].name = names[i];
		list[i].value = values[i];
		list[i].reserved1 = ~0u; /* VMMs do not clear what they do not use */
	}
	return world_list(
		HVCALL_SET_VP_REGISTERS, count, &in, sizeof(in), list, count * 32, NULL, 0);
}

static u64 get_all(
	const struct vp *vp, const u32 *names, u32 count, union hv_register_value *values)
{
	struct hv_input_get_vp_registers in = {
		.partition_id = vp->partition->id, .vp_index = vp->index};

	return world_list(HVCALL_GET_VP_REGISTERS, count, &in, sizeof(in), names, 4 * count, values,
		16 * count);
}

/* Different values in every byte; `bytes` of each register are kept. */
static void round_trip(const struct vp *vp, const u32 *names, u32 count, u32 bytes)
{
	union hv_register_value values[64] = {0}, back[64];

	for (u32 i = 0; i < count; i++) {
		u64 words[2] = {test_random(), test_random()};

		memcpy(&values[i], words, bytes);
	}
	CHECK_EQ((u64)count << 32, set_all(vp, names, count, values));
	CHECK_EQ((u64)count << 32, get_all(vp, names, count, back));
	for (u32 i = 0; i < count; i++) {
		CHECK_EQ(values[i].reg128.low, back[i].reg128.low);
		if (bytes > 8)
			CHECK_EQ(values[i].reg128.high, back[i].reg128.high);
	}
}

TEST(registers_round_trip)
{
	struct vp *vp = boot();

	round_trip(vp, standard_set, ARRAY_SIZE(standard_set), 8);
	round_trip(vp, segment_set, ARRAY_SIZE(segment_set), 16);
	round_trip(vp, control_set, ARRAY_SIZE(control_set), 8);
	round_trip(vp, floating_set, ARRAY_SIZE(floating_set), 16);
	round_trip(vp, debug_set, ARRAY_SIZE(debug_set), 8);
	round_trip(vp, stored_set, ARRAY_SIZE(stored_set), 8);
	CHECK_EQ(vp->regs.gpr[RSP], world_get_register(vp, R(RSP)));
	CHECK_EQ(vp->regs.gpr[R15], world_get_register(vp, R(R15)));
	CHECK_EQ(vp->regs.rip, world_get_register(vp, R(RIP)));
}

static void check_readable(const struct vp *vp, const u32 *names, u32 count)
{
	union hv_register_value values[64];

	CHECK_EQ((u64)count << 32, get_all(vp, names, count, values));
}

/* What was never written can be read all the same. */
TEST(registers_readable)
{
	struct vp *vp = boot();

	check_readable(vp, standard_set, ARRAY_SIZE(standard_set));
	check_readable(vp, segment_set, ARRAY_SIZE(segment_set));
	check_readable(vp, control_set, ARRAY_SIZE(control_set));
	check_readable(vp, floating_set, ARRAY_SIZE(floating_set));
	check_readable(vp, debug_set, ARRAY_SIZE(debug_set));
	check_readable(vp, stored_set, ARRAY_SIZE(stored_set));
	check_readable(vp, zero_set, ARRAY_SIZE(zero_set));
	for (u32 i = R(SINT0); i <= R(SINT15); i++)
		CHECK_EQ(HV_SINT_MASKED, world_get_register(vp, i));
	CHECK_EQ(1, world_get_register(vp, R(SVERSION)));
	CHECK_EQ(0, world_get_register(vp, R(VP_INDEX)));
	CHECK_EQ(0xfee00900, world_get_register(vp, R(APIC_BASE)));
	CHECK_EQ(0x0007040600070406, world_get_register(vp, R(PAT)));
	CHECK_EQ(1, world_get_register(vp, R(XFEM)));
}

TEST(registers_zero)
{
	struct vp *vp = boot();
	union hv_register_value values[ARRAY_SIZE(zero_set)] = {0};
	union hv_register_value back[ARRAY_SIZE(zero_set)];
	u32 count = ARRAY_SIZE(zero_set);

	CHECK_EQ((u64)count << 32, set_all(vp, zero_set, count, values));
	CHECK_EQ((u64)count << 32, get_all(vp, zero_set, count, back));
	for (u32 i = 0; i < count; i++)
		CHECK_EQ(0, back[i].reg64);
}

/* The state of a new VP (AMD APM vol. 2 table 14-1). */
TEST(registers_after_creation)
{
	struct vp *vp = boot();
	union hv_register_value cs, tr;

	CHECK_EQ(0xfff0, world_get_register(vp, R(RIP)));
	CHECK_EQ(2, world_get_register(vp, R(RFLAGS)));
	CHECK_EQ(0x60000010, world_get_register(vp, R(CR0)));
	CHECK_EQ(0, world_get_register(vp, R(EFER)));
	CHECK_EQ(0xffff0ff0, world_get_register(vp, R(DR6)));
	CHECK_EQ(0x400, world_get_register(vp, R(DR7)));
	CHECK_EQ(1ull << 32, get_all(vp, &(u32){R(CS)}, 1, &cs));
	CHECK_EQ(0xffff0000, cs.segment.base);
	CHECK_EQ(0xf000, cs.segment.selector);
	CHECK_EQ(0xffff, cs.segment.limit);
	CHECK_EQ(1ull << 32, get_all(vp, &(u32){R(TR)}, 1, &tr));
	CHECK_EQ(0x8b, tr.segment.attributes);
	CHECK_EQ(1, world_get_register(vp, R(EXPLICIT_SUSPEND)));
	CHECK_EQ(0, world_get_register(vp, R(INTERCEPT_SUSPEND)));
}

/* A list stops at the first register that is refused, with its index in the result. */
TEST(registers_partial)
{
	static const u32 names[] = {R(RAX), R(RBX), 0x12345678, R(RCX)};
	union hv_register_value values[4] = {
		{.reg64 = 1}, {.reg64 = 2}, {.reg64 = 3}, {.reg64 = 4}};
	struct vp *vp = boot();

	CHECK_EQ(2ull << 32 | HV_STATUS_INVALID_PARAMETER, set_all(vp, names, 4, values));
	CHECK_EQ(1, vp->regs.gpr[RAX]);
	CHECK_EQ(2, vp->regs.gpr[RBX]);
	CHECK_EQ(0, vp->regs.gpr[RCX]);
	CHECK_EQ(2ull << 32 | HV_STATUS_INVALID_PARAMETER, get_all(vp, names, 4, values));
}

struct refused_row {
	u32 name;
	u64 value;
};

TEST(registers_refused_values)
{
	static const struct refused_row rows[] = {
		{R(CR8), 16},
		{R(XFEM), 0},
		{R(XFEM), 0x8000000000000001},
		{R(PENDING_EVENT0), 1 | 5 << 1},
		{R(SINT0), 5},
		{R(STIMER0_CONFIG), ~0ull},
		{R(PAT), 0x0007040600070402},
		{R(VP_INDEX), 3},
		{R(SVERSION), 2},
	};
	struct vp *vp = boot();

	for (u32 i = 0; i < ARRAY_SIZE(rows); i++)
		CHECK(STATUS_OF(world_set_register(vp, rows[i].name, rows[i].value)) !=
			HV_STATUS_SUCCESS);
	CHECK_EQ(0, vp->event);
	CHECK_EQ(0, vp->apic.tpr);
	CHECK_STATUS(SUCCESS, world_set_register(vp, R(CR8), 15));
	CHECK_EQ(0xf0, vp->apic.tpr);
	CHECK_STATUS(SUCCESS, world_set_register(vp, R(XFEM), 7));
	CHECK_EQ(7, vp->xcr0);
	for (u32 name = R(MSR_MTRR_PHYS_BASE8); name <= R(MSR_MTRR_PHYS_BASEF); name++)
		CHECK_STATUS(INVALID_PARAMETER, world_set_register(vp, name, 0));
}

/* Unknown names: everything that registers.def does not have, sampled, and its neighbours. */
TEST(registers_unknown)
{
	static const u32 names[] = {5, 0x101, 0x10008, 0x20012, 0x3001a, 0x40006, 0x50006, 0x60008,
		0x70002, 0x800ff, 0x90018, 0xa0016, 0xb0008, 0x7fffffff, 0xffffffff};
	struct vp *vp = boot();
	union hv_register_value value;

	for (u32 i = 0; i < ARRAY_SIZE(names); i++) {
		CHECK(STATUS_OF(get_all(vp, &names[i], 1, &value)) != HV_STATUS_SUCCESS);
		CHECK(STATUS_OF(world_set_register(vp, names[i], 0)) != HV_STATUS_SUCCESS);
	}
}

/* ---- Events ---- */

TEST(registers_pending_interruption)
{
	u64 event = 1 | HV_INTERRUPTION_HARDWARE_EXCEPTION << 1 | 1 << 4 | 14 << 16 | 2ull << 32;
	struct vp *vp = boot();

	CHECK_STATUS(SUCCESS, world_set_register(vp, R(PENDING_INTERRUPTION), event));
	CHECK_EQ(event, vp->event);
	CHECK_EQ(event, world_get_register(vp, R(PENDING_INTERRUPTION)));
	CHECK(vp->attention & ATTENTION_EVENT);
	CHECK_STATUS(SUCCESS, world_set_register(vp, R(PENDING_INTERRUPTION), event & ~1ull));
	CHECK_EQ(0, vp->event);
	/* An exception in the other format: vector 14 with error code 2. */
	CHECK_STATUS(SUCCESS,
		world_set_register(vp, R(PENDING_EVENT0), 1 | 1 << 8 | 14 << 16 | 2ull << 32));
	CHECK_EQ(event, vp->event);
	CHECK_STATUS(SUCCESS, world_set_register(vp, R(PENDING_EVENT0), 1 | 6 << 16));
	CHECK_EQ(1 | HV_INTERRUPTION_HARDWARE_EXCEPTION << 1 | 6 << 16, vp->event);
	/* Storing "nothing pending" there does not cancel what the other register has said. */
	CHECK_STATUS(SUCCESS, world_set_register(vp, R(PENDING_EVENT0), 0));
	CHECK_EQ(1 | HV_INTERRUPTION_HARDWARE_EXCEPTION << 1 | 6 << 16, vp->event);
}

TEST(registers_interrupt_state)
{
	struct vp *vp = boot();

	CHECK_STATUS(
		SUCCESS, world_set_register(vp, R(INTERRUPT_STATE), HV_INTERRUPT_STATE_NMI_MASKED));
	CHECK(vp->nmi_blocked && fake_vp(vp)->nmi_return);
	CHECK_EQ(HV_INTERRUPT_STATE_NMI_MASKED, world_get_register(vp, R(INTERRUPT_STATE)));
	vp->regs.rflags |= RFLAGS_IF;
	vp->shadow = 1;
	CHECK_EQ(3, world_get_register(vp, R(INTERRUPT_STATE)));
	CHECK_STATUS(SUCCESS, world_set_register(vp, R(INTERRUPT_STATE), 0));
	CHECK_EQ(0, world_get_register(vp, R(INTERRUPT_STATE)));
	CHECK(!fake_vp(vp)->nmi_return);
}

TEST(registers_activity)
{
	static const u64 values[] = {
		0, HV_ACTIVITY_STARTUP_SUSPEND, HV_ACTIVITY_HALT_SUSPEND, HV_ACTIVITY_IDLE_SUSPEND};
	struct vp *vp = boot();

	for (u32 i = 0; i < ARRAY_SIZE(values); i++) {
		CHECK_STATUS(
			SUCCESS, world_set_register(vp, R(INTERNAL_ACTIVITY_STATE), values[i]));
		CHECK_EQ(values[i], world_get_register(vp, R(INTERNAL_ACTIVITY_STATE)));
	}
}

/* ---- Registers with a will of their own ---- */

TEST(registers_tsc)
{
	struct vp *vp = boot();

	fake.tsc = 1000000;
	CHECK_STATUS(SUCCESS, world_set_register(vp, R(TSC), 0x123456789000));
	CHECK_EQ(0x123456789000, world_get_register(vp, R(TSC)));
	fake.tsc += 77;
	CHECK_EQ(0x123456789000 + 77, world_get_register(vp, R(TSC)));
	world_start(vp);
	world_let_others_run();
	CHECK_STATUS(SUCCESS, world_set_register(vp, R(EXPLICIT_SUSPEND), 1));
	/* Once it has run, time does not turn back. */
	CHECK_STATUS(SUCCESS, world_set_register(vp, R(TSC), 5));
	CHECK(world_get_register(vp, R(TSC)) >= 0x123456789000 + 77);
	CHECK_EQ(0x123456789000 - 1000000, vp->tsc_offset);
}

TEST(registers_apic_base)
{
	struct vp *vp = boot();

	vp->regs.rip = 0x1000;
	vp->apic.base |= VAPIC_BASE_X2APIC;
	CHECK_STATUS(SUCCESS, world_set_register(vp, R(APIC_BASE), 0xfee00900));
	CHECK_EQ(0xfee00d00, world_get_register(vp, R(APIC_BASE)));
	/* At the reset vector it is a reset, whatever the APIC was doing. */
	vp->regs.rip = 0xfff0;
	vp->apic.tpr = 0x50;
	vp->activity = VP_HALTED;
	CHECK_STATUS(SUCCESS, world_set_register(vp, R(APIC_BASE), 0xfee00800));
	CHECK_EQ(0xfee00900, world_get_register(vp, R(APIC_BASE)));
	CHECK_EQ(0, vp->apic.tpr);
	CHECK_EQ(VP_ACTIVE, vp->activity);
}
