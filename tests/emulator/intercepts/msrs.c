/* SPDX-License-Identifier: BSD-2-Clause */
/* Every synthetic MSR as the TLFS describes it, and the architectural ones that are watched. */
#include "abi/hv_msr.h"
#include "abi/hv_state.h"
#include "tests/emulator/intercepts/intercepts.h"
#include "tests/emulator/lib/apic.h"
#include "tests/emulator/lib/cpu.h"
#include "tests/emulator/lib/hypercall.h"
#include "tests/emulator/lib/report.h"

#define EFER	  0xc0000080
#define EFER_SVME BIT(12)

/* How a register takes a read and the write of a harmless value. */
struct msr_row {
	u32 msr;
	const char *name;
	bool reads;
	bool writes;
	u64 value;
};

#define READS  true
#define WRITES true
#define NO     false

static const struct msr_row rows[] = {
	{HV_X64_MSR_GUEST_OS_ID, "GUEST_OS_ID", READS, WRITES, 0x8100000000000001},
	{HV_X64_MSR_VP_INDEX, "VP_INDEX", READS, NO, 0},
	{HV_X64_MSR_RESET, "RESET", READS, WRITES, 0},
	{HV_X64_MSR_VP_RUNTIME, "VP_RUNTIME", READS, NO, 0},
	{HV_X64_MSR_TIME_REF_COUNT, "TIME_REF_COUNT", READS, NO, 0},
	{HV_X64_MSR_TSC_FREQUENCY, "TSC_FREQUENCY", READS, NO, 0},
	{HV_X64_MSR_APIC_FREQUENCY, "APIC_FREQUENCY", READS, NO, 0},
	{HV_X64_MSR_EOI, "EOI", NO, WRITES, 0},
	{HV_X64_MSR_ICR, "ICR", READS, NO, 0},
	{HV_X64_MSR_TPR, "TPR", READS, WRITES, 0x20},
	{HV_X64_MSR_SCONTROL, "SCONTROL", READS, WRITES, 1},
	{HV_X64_MSR_SVERSION, "SVERSION", READS, NO, 1},
	{HV_X64_MSR_EOM, "EOM", READS, WRITES, 0},
};

static void check_row(const struct msr_row *row)
{
	u64 old = 0;
	bool stays = row->msr != HV_X64_MSR_RESET && row->msr != HV_X64_MSR_EOM;

	check(row->reads ? NO_FAULT : VECTOR_GP, msr_try_read(row->msr, &old), "%s: read",
		row->name);
	if (row->msr == HV_X64_MSR_ICR)
		return; /* a write would send something */
	check(row->writes ? NO_FAULT : VECTOR_GP, msr_try_write(row->msr, row->value), "%s: write",
		row->name);
	if (!row->reads || !row->writes)
		return;
	check(stays ? row->value : 0, msr_read(row->msr), "%s: what was written", row->name);
	if (stays)
		msr_write(row->msr, old);
}

static void check_sints(void)
{
	for (u32 i = 0; i < 16; i++) {
		u32 msr = HV_X64_MSR_SINT0 + i;

		check(HV_SINT_MASKED, msr_read(msr), "SINT%u: masked at first", i);
		msr_write(msr, HV_SINT_MASKED | (0x60 + i));
		check(HV_SINT_MASKED | (0x60 + i), msr_read(msr), "SINT%u: what was written", i);
		check(VECTOR_GP, msr_try_write(msr, 15), "SINT%u: vector 15 without mask", i);
		msr_write(msr, HV_SINT_MASKED);
	}
}

static void check_timers(void)
{
	for (u32 i = 0; i < 4; i++) {
		u32 config = HV_X64_MSR_STIMER0_CONFIG + 2 * i;
		u64 value = 3ull << HV_STIMER_CONFIG_SINT_SHIFT;

		check(0, msr_read(config), "STIMER%u_CONFIG: 0 at first", i);
		msr_write(config, value);
		check(value, msr_read(config), "STIMER%u_CONFIG: what was written", i);
		check(VECTOR_GP, msr_try_write(config, BIT(63)), "STIMER%u_CONFIG: reserved bit",
			i);
		msr_write(config + 1, 0x123456789a);
		check(0x123456789a, msr_read(config + 1), "STIMER%u_COUNT: what was written", i);
		msr_write(config + 1, 0);
		msr_write(config, 0);
	}
}

/* The root's overlay pages lie where the hypervisor put them and can only be switched. */
static void check_page(u32 msr, const char *name)
{
	u64 value = msr_read(msr);

	check_that(value >> 12 && !(value & 1), value, "%s: has a page, switched off", name);
	check(VECTOR_GP, msr_try_write(msr, (value + PAGE_SIZE) | 1), "%s: cannot be moved", name);
	check(NO_FAULT, msr_try_write(msr, value | 1), "%s: can be switched on", name);
	check(value | 1, msr_read(msr), "%s: is on", name);
}

static void check_hypercall_page(void)
{
	u64 value = msr_read(HV_X64_MSR_HYPERCALL);
	u64 page = value & HV_MSR_PAGE_ADDRESS_MASK;
	register u64 r8 __asm__("r8") = 0;
	u64 result, control = HV_HYPERCALL_FAST | HVCALL_NOTIFY_LONG_SPIN_WAIT, input = 1;

	msr_write(HV_X64_MSR_GUEST_OS_ID, 0);
	msr_write(HV_X64_MSR_HYPERCALL, page | HV_MSR_PAGE_ENABLE);
	check(0, msr_read(HV_X64_MSR_HYPERCALL) & 1, "HYPERCALL: stays off without GUEST_OS_ID");
	msr_write(HV_X64_MSR_GUEST_OS_ID, 0x8100000000000001);
	check_page(HV_X64_MSR_HYPERCALL, "HYPERCALL");
	__asm__ volatile("call *%[page]"
			 : "=a"(result), "+c"(control), "+d"(input), "+r"(r8)
			 : [page] "r"(page)
			 : "memory", "cc", "r9", "r10", "r11");
	check(0, hypercall_status(result), "HYPERCALL: a call through the page");
	msr_write(HV_X64_MSR_GUEST_OS_ID, 0);
	check(0, msr_read(HV_X64_MSR_HYPERCALL) & 1,
		"HYPERCALL: off when GUEST_OS_ID is taken back");
}

/* Whatever is not in the interface must fault: a guest that probes would believe anything else. */
static void check_unknown(void)
{
	static const u32 unknown[] = {0x40000004, 0x40000011, 0x40000024, 0x40000074, 0x40000086,
		0x400000a0, 0x400000b8, 0x400000f0, 0x400000ff, HV_X64_MSR_CRASH_P0,
		HV_X64_MSR_CRASH_CTL, HV_X64_MSR_REENLIGHTENMENT_CONTROL,
		HV_X64_MSR_TSC_INVARIANT_CONTROL, HV_X64_MSR_NESTED_SCONTROL};
	u64 value;

	for (u32 i = 0; i < ARRAY_SIZE(unknown); i++) {
		check(VECTOR_GP, msr_try_read(unknown[i], &value), "MSR 0x%x: read", unknown[i]);
		check(VECTOR_GP, msr_try_write(unknown[i], 0), "MSR 0x%x: write", unknown[i]);
	}
}

void check_synthetic_msrs(void)
{
	for (u32 i = 0; i < ARRAY_SIZE(rows); i++)
		check_row(&rows[i]);
	check(this_cpu()->index, msr_read(HV_X64_MSR_VP_INDEX), "VP_INDEX is the processor's");
	check_that(msr_read(HV_X64_MSR_TSC_FREQUENCY) > 1000000, msr_read(HV_X64_MSR_TSC_FREQUENCY),
		"TSC_FREQUENCY is more than 1 MHz");
	check_that(msr_read(HV_X64_MSR_APIC_FREQUENCY) > 1000000,
		msr_read(HV_X64_MSR_APIC_FREQUENCY), "APIC_FREQUENCY is more than 1 MHz");
	check_sints();
	check_timers();
	check_hypercall_page();
	check_page(HV_X64_MSR_SIMP, "SIMP");
	check_page(HV_X64_MSR_SIEFP, "SIEFP");
	check_page(HV_X64_MSR_SIRBP, "SIRBP");
	check_page(HV_X64_MSR_REFERENCE_TSC, "REFERENCE_TSC");
	check_page(HV_X64_MSR_VP_ASSIST_PAGE, "VP_ASSIST_PAGE");
	check_unknown();
}

/* ---- Architectural ---- */

static void check_efer(void)
{
	u64 efer = msr_read(EFER);

	check(0, efer & EFER_SVME, "EFER: SVME reads 0");
	check(BIT(10) | BIT(8), efer & (BIT(10) | BIT(8)), "EFER: long mode reads 1");
	check(VECTOR_GP, msr_try_write(EFER, efer | EFER_SVME), "EFER: SVME cannot be set");
	check(VECTOR_GP, msr_try_write(EFER, efer & ~BIT(8)),
		"EFER: LME cannot change under paging");
	check(VECTOR_GP, msr_try_write(EFER, efer | BIT(9)), "EFER: reserved bit");
	check(NO_FAULT, msr_try_write(EFER, efer | 1), "EFER: SCE can be set");
	check(efer | 1, msr_read(EFER), "EFER: what was written");
	msr_write(EFER, efer);
}

static void check_pat(void)
{
	u64 pat = msr_read(0x277);

	check(VECTOR_GP, msr_try_write(0x277, 2), "PAT: type 2 does not exist");
	check(NO_FAULT, msr_try_write(0x277, 0x0007010600070106), "PAT: can be written");
	check(0x0007010600070106, msr_read(0x277), "PAT: what was written");
	msr_write(0x277, pat);
}

static void check_apic_base(void)
{
	u64 base = msr_read(APIC_BASE);

	check(0xfee00000, base & ~PAGE_MASK, "APIC_BASE: address");
	check(BIT(8), base & BIT(8), "APIC_BASE: first processor");
	check(VECTOR_GP, msr_try_write(APIC_BASE, base & ~BIT(11)),
		"APIC_BASE: x2APIC without enable");
	check(VECTOR_GP, msr_try_write(APIC_BASE, base & ~BIT(10)), "APIC_BASE: x2APIC to xAPIC");
	check(VECTOR_GP, msr_try_write(APIC_BASE, base | 1), "APIC_BASE: reserved bit");
	check(base, msr_read(APIC_BASE), "APIC_BASE: unchanged");
}

static void check_svm_msrs(void)
{
	u64 value;

	check(NO_FAULT, msr_try_read(0xc0010114, &value), "VM_CR: read");
	check(BIT(4) | BIT(3), value & (BIT(4) | BIT(3)), "VM_CR: SVM is disabled and locked");
	check(VECTOR_GP, msr_try_write(0xc0010114, 0), "VM_CR: write");
	check(VECTOR_GP, msr_try_read(0xc0010117, &value), "VM_HSAVE_PA: read");
	check(VECTOR_GP, msr_try_write(0xc0010117, 0x1000), "VM_HSAVE_PA: write");
	check(VECTOR_GP, msr_try_write(0xc0010020, 0x1000), "PATCH_LOADER: write");
	check(VECTOR_GP, msr_try_write(0xc0010111, 0x1000), "SMM_BASE: write");
}

static void check_x2apic_msrs(void)
{
	u64 value;

	check(cpu_apic_id(0), msr_read(APIC_ID), "x2APIC: ID");
	check(VECTOR_GP, msr_try_write(APIC_ID, 1), "x2APIC: ID is read-only");
	check(VECTOR_GP, msr_try_read(APIC_EOI, &value), "x2APIC: EOI is write-only");
	check(VECTOR_GP, msr_try_write(APIC_EOI, 1), "x2APIC: EOI of something");
	check(VECTOR_GP, msr_try_read(0x80e, &value), "x2APIC: DFR does not exist");
	check(VECTOR_GP, msr_try_read(0x831, &value), "x2APIC: ICR has no high half");
	check(VECTOR_GP, msr_try_write(APIC_TPR, 0x100), "x2APIC: TPR has 8 bits");
	check(VECTOR_GP, msr_try_read(0x8ff, &value), "x2APIC: 0x8ff does not exist");
	check(1 << cpu_apic_id(0), msr_read(APIC_LDR), "x2APIC: LDR of processor 0");
}

void check_other_msrs(void)
{
	check_efer();
	check_pat();
	check_apic_base();
	check_svm_msrs();
	check_x2apic_msrs();
}
