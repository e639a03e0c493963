/* SPDX-License-Identifier: BSD-2-Clause */
/* Registers, suspension and CPUID results as the parent rules them. */
#include "tests/emulator/children/children.h"

#include "core/lib/string.h"
#include "tests/emulator/lib/cpu.h"
#include "tests/emulator/lib/pages.h"
#include "tests/emulator/lib/processor.h"
#include "tests/emulator/lib/report.h"

void begin_64(struct child *child, void (*function)(void))
{
	child_create(child, FEATURES);
	child_add_vp(child, 0);
	child_map_image(child);
	child_enter_64(child, 0, function);
}

/* ---- Registers ---- */

struct register_row {
	u32 name;
	u64 low;
	u64 high;
};

#define SEGMENT(limit, selector, attributes)                                                       \
	((u64)(limit) | (u64)(selector) << 32 | (u64)(attributes) << 48)

/* Values that are legal in these registers, different everywhere. */
static const struct register_row rows[] = {
	{HV_REGISTER_RAX, 0x1111111122222222, 0},
	{HV_REGISTER_RSP, 0x3333333344444444, 0},
	{HV_REGISTER_R15, 0x5555555566666666, 0},
	{HV_REGISTER_RIP, 0x0000777788889999, 0},
	{HV_REGISTER_RFLAGS, 0x246, 0},
	{HV_REGISTER_CR2, 0x1234567890, 0},
	{HV_REGISTER_CR3, 0x765000, 0},
	{HV_REGISTER_CR4, 0x6a0, 0},
	{HV_REGISTER_CR8, 9, 0},
	{HV_REGISTER_DR0, 0x1000, 0},
	{HV_REGISTER_DR3, 0x4000, 0},
	{HV_REGISTER_DR6, 0xffff0ff0, 0},
	{HV_REGISTER_DR7, 0x400, 0},
	{HV_REGISTER_ES, 0x11110000, SEGMENT(0xffffffff, 0x10, 0x93)},
	{HV_REGISTER_GS, 0x7fff12340000, SEGMENT(0xffffffff, 0x18, 0xc093)},
	{HV_REGISTER_TR, 0x55550000, SEGMENT(0x67, 0x30, 0x8b)},
	{HV_REGISTER_LDTR, 0x66660000, SEGMENT(0xff, 0x40, 0x82)},
	{HV_REGISTER_IDTR, 0x0fff000000000000, 0x12340000},
	{HV_REGISTER_GDTR, 0x007f000000000000, 0x56780000},
	{HV_REGISTER_EFER, 0xd01, 0},
	{HV_REGISTER_KERNEL_GS_BASE, 0x7fff00000000, 0},
	{HV_REGISTER_STAR, 0x0023001000000000, 0},
	{HV_REGISTER_LSTAR, 0x7fff11110000, 0},
	{HV_REGISTER_CSTAR, 0x7fff22220000, 0},
	{HV_REGISTER_SFMASK, 0x47700, 0},
	{HV_REGISTER_SYSENTER_CS, 0x10, 0},
	{HV_REGISTER_SYSENTER_EIP, 0x7fff33330000, 0},
	{HV_REGISTER_SYSENTER_ESP, 0x7fff44440000, 0},
	{HV_REGISTER_PAT, 0x0007010600070106, 0},
	{HV_REGISTER_XMM0, 0x0123456789abcdef, 0xfedcba9876543210},
	{HV_REGISTER_XMM15, 0x1111222233334444, 0x5555666677778888},
	{HV_REGISTER_MSR_MTRR_DEF_TYPE, 0xc00, 0},
	{HV_REGISTER_TSC_AUX, 0x42, 0},
	{HV_REGISTER_XFEM, 3, 0},
	{HV_REGISTER_GUEST_CRASH_P0, 0x12345, 0},
};

static void check_all(struct child *child)
{
	union hv_register_value value;

	for (u32 i = 0; i < ARRAY_SIZE(rows); i++) {
		value.reg128 = (struct hv_u128){rows[i].low, rows[i].high};
		check(0, child_try_set(child, 0, rows[i].name, &value), "register 0x%x: set",
			rows[i].name);
	}
	for (u32 i = 0; i < ARRAY_SIZE(rows); i++) {
		check(0, child_try_get(child, 0, rows[i].name, &value), "register 0x%x: get",
			rows[i].name);
		check(rows[i].low, value.reg128.low, "register 0x%x: low half", rows[i].name);
		check(rows[i].high, value.reg128.high, "register 0x%x: high half", rows[i].name);
	}
}

static volatile u64 seen[8];

/* The child reads what the parent put into its registers. */
static void look(void)
{
	u64 xmm;

	__asm__ volatile("movq %%xmm5, %0" : "=r"(xmm));
	seen[0] = xmm;
	seen[1] = msr_read(0xc0000082);
	seen[2] = msr_read(0xc0000102);
	seen[3] = cr8_read();
	__asm__ volatile("mov %%dr1, %0" : "=r"(xmm));
	seen[4] = xmm;
	__asm__ volatile("movq %0, %%xmm6" : : "r"(0x6666ul));
	msr_write(0xc0000083, 0x7fff00001111);
}

static void check_seen(struct child *child)
{
	union hv_register_value value = {.reg128 = {0xaaaabbbbccccdddd, 1}};

	child_enter_64(child, 0, look);
	child_set(child, 0, HV_REGISTER_CR4, 0x6a0);
	check(0, child_try_set(child, 0, HV_REGISTER_XMM5, &value), "XMM5: set");
	child_set(child, 0, HV_REGISTER_LSTAR, 0x7fff12121212);
	child_set(child, 0, HV_REGISTER_KERNEL_GS_BASE, 0x7fff34343434);
	child_set(child, 0, HV_REGISTER_CR8, 7);
	child_set(child, 0, HV_REGISTER_DR1, 0x9000);
	child_set(child, 0, HV_REGISTER_DR7, 0x400);
	child_start(child, 0);
	check(1, child_finish(child), "the child looks at its registers");
	check(0xaaaabbbbccccdddd, seen[0], "the child sees XMM5");
	check(0x7fff12121212, seen[1], "the child sees LSTAR");
	check(0x7fff34343434, seen[2], "the child sees KERNEL_GS_BASE");
	check(7, seen[3], "the child sees CR8");
	check(0x9000, seen[4], "the child sees DR1");
	check(0, child_try_get(child, 0, HV_REGISTER_XMM6, &value), "XMM6: get");
	check(0x6666, value.reg64, "the parent sees XMM6");
	check(0x7fff00001111, child_get(child, 0, HV_REGISTER_CSTAR), "the parent sees CSTAR");
}

void check_registers(void)
{
	union hv_register_value value = {0};
	struct child child;

	begin_64(&child, look);
	check_all(&child);
	check(HV_STATUS_INVALID_PARAMETER, child_try_get(&child, 0, 0x00ffffff, &value),
		"unknown register: get");
	check(HV_STATUS_INVALID_PARAMETER, child_try_set(&child, 0, 0x00ffffff, &value),
		"unknown register: set");
	check(HV_STATUS_INVALID_VP_INDEX, child_try_get(&child, 1, HV_REGISTER_RAX, &value),
		"register of a VP that does not exist");
	check_seen(&child);
	check(1, child_destroy(&child), "registers: the child is taken apart");
}

/* ---- Suspension ---- */

static volatile u64 turns;

static void spin(void)
{
	for (;;)
		turns++;
}

/* After the call has returned, the child executes nothing any more. */
static void check_stop(struct child *child, u32 round)
{
	u64 before = turns, now;

	check_quietly(1, WAIT_FOR(turns != before), "round %u: the child runs", round);
	child_set(child, 0, HV_REGISTER_EXPLICIT_SUSPEND, 1);
	now = turns;
	wait_100ns(1000);
	check_quietly(now, turns, "round %u: the child stands still", round);
	check_quietly(
		1, child_get(child, 0, HV_REGISTER_EXPLICIT_SUSPEND), "round %u: flag", round);
	check_quietly(0, child_get(child, 0, HV_REGISTER_INTERNAL_ACTIVITY_STATE),
		"round %u: activity", round);
	child_set(child, 0, HV_REGISTER_R12, round);
	child_set(child, 0, HV_REGISTER_EXPLICIT_SUSPEND, 0);
}

void check_suspension(void)
{
	union hv_register_value value;
	struct child child;
	u64 before;
	u32 status;

	begin_64(&child, spin);
	child_start(&child, 0);
	interrupts_on();
	for (u32 i = 0; i < 200; i++)
		check_stop(&child, i);
	before = turns;
	check(1, WAIT_FOR(turns != before), "suspension: 200 rounds");
	status = child_try_get(&child, 0, HV_REGISTER_RAX, &value);
	/* With one processor it does not run while we ask. */
	check_that(
		status == HV_STATUS_INVALID_VP_STATE || (status == 0 && image_header.lp_count == 1),
		status, "registers of a running VP");
	interrupts_off();
	check(1, child_destroy(&child), "suspension: a running child is taken apart");
}

/* ---- CPUID results ---- */

#define LEAF	 0x00000019
#define MASKED	 0x00000001
#define EXTENDED 0x8000001e

static struct cpuid results[5];

static void ask(void)
{
	results[0] = cpuid(LEAF, 0);
	results[1] = cpuid(LEAF, 7);
	results[2] = cpuid(MASKED, 0);
	results[3] = cpuid(EXTENDED, 0);
	results[4] = cpuid(HV_CPUID_FEATURES, 0);
}

static u32 register_result(
	struct child *child, u32 leaf, u32 subleaf, bool specific, u32 value, u32 mask)
{
	struct hv_input_register_intercept_result input = {
		.partition_id = child->id, .intercept_type = HV_INTERCEPT_TYPE_X64_CPUID};
	struct hv_cpuid_result_parameters cpuid_result = {
		.input = {.eax = leaf, .ecx = subleaf, .subleaf_specific = specific},
		.result = {value, mask, value + 1, mask, value + 2, mask, value + 3, mask}};

	memcpy(&input.parameters, &cpuid_result, sizeof(cpuid_result));
	return hypercall(HVCALL_REGISTER_INTERCEPT_RESULT, &input, sizeof(input));
}

void check_cpuid_results(void)
{
	struct child child;

	begin_64(&child, ask);
	check(0, register_result(&child, LEAF, 0, false, 0x100, ~0u), "CPUID result: any subleaf");
	check(0, register_result(&child, LEAF, 7, true, 0x700, ~0u), "CPUID result: one subleaf");
	check(0, register_result(&child, EXTENDED, 0, false, 0x1, ~0u), "CPUID result: register");
	check(0, register_result(&child, EXTENDED, 0, false, 0x900, ~0u), "CPUID result: replace");
	check(0, register_result(&child, MASKED, 0, false, 0x00ab0000, 0x00ff0000),
		"CPUID result: with a mask");
	child_start(&child, 0);
	check(1, child_finish(&child), "the child asks for CPUID");
	check(0x100, results[0].eax, "any subleaf: EAX");
	check(0x103, results[0].edx, "any subleaf: EDX");
	check(0x700, results[1].eax, "one subleaf: EAX");
	check(0x701, results[1].ebx, "one subleaf: EBX");
	check(0xab0000, results[2].eax & 0xff0000, "mask: what the parent said");
	check(cpuid(1, 0).eax & ~0xff0000u, results[2].eax & ~0xff0000u, "mask: the rest");
	check(BIT(31), results[2].ecx & BIT(31), "a hypervisor is present");
	check(0x900, results[3].eax, "replaced: EAX");
	check(HV_FEATURE_EAX_VP_INDEX | HV_FEATURE_EAX_HYPERCALL_MSRS |
			HV_FEATURE_EAX_TIME_REF_COUNT | HV_FEATURE_EAX_STATS,
		results[4].eax, "privileges follow the synthetic features, and statistics");
	check(0, results[4].ebx, "no privilege of a parent");
	check(1, child_destroy(&child), "CPUID: the child is taken apart");
}
