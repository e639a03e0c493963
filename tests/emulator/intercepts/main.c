/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Instructions of the root that the hypervisor answers itself.
 *
 * What: CPUID, RDMSR and WRMSR, SVM's instructions, RDPMC, XSETBV, HLT, MONITOR and MWAIT, VMMCALL.
 * Why: the root must find a processor whose every promise holds: no SVM, because the hypervisor
 * has it; no TSC deadline or MWAIT, because nobody emulates them; and the interface of Hyper-V with
 * exactly the registers that its privileges name. An instruction is stepped over by a length that
 * the hypervisor has to find out itself where the processor does not tell it; a wrong length is
 * silent until something odd is executed.
 * How: every instruction is executed for real, in all the forms in which its length differs, and
 * what follows it must be executed next. Registers are read and compared with what the same
 * registers say elsewhere (the MSR with the reference page, CPUID with the privileges); what must
 * be refused must raise exactly #UD or #GP and leave the processor as it was.
 */
#include "abi/hv_cpuid.h"
#include "tests/emulator/intercepts/intercepts.h"
#include "tests/emulator/lib/cpu.h"
#include "tests/emulator/lib/processor.h"
#include "tests/emulator/lib/report.h"

static void check_hypervisor_leaves(void)
{
	struct cpuid vendor = cpuid(HV_CPUID_VENDOR_AND_MAX, 0);
	struct cpuid features = cpuid(HV_CPUID_FEATURES, 0);

	check(BIT(31), cpuid(1, 0).ecx & BIT(31), "leaf 1: a hypervisor is present");
	check(HV_CPUID_VENDOR_EBX, vendor.ebx, "leaf 0x40000000: EBX");
	check(HV_CPUID_VENDOR_ECX, vendor.ecx, "leaf 0x40000000: ECX");
	check(HV_CPUID_VENDOR_EDX, vendor.edx, "leaf 0x40000000: EDX");
	check_that(vendor.eax >= 0x40000007 && vendor.eax < 0x40001000, vendor.eax,
		"leaf 0x40000000: highest leaf");
	check(HV_CPUID_INTERFACE_EAX, cpuid(HV_CPUID_INTERFACE, 0).eax, "leaf 0x40000001: Hv#1");
	check(1, features.ebx & 1, "leaf 0x40000003: may create partitions");
	check(BIT(12), features.ebx & BIT(12), "leaf 0x40000003: may manage processors");
	check(0, features.ebx & BIT(22), "leaf 0x40000003: not isolated");
	check(0, cpuid(0x400000ff, 0).eax, "leaf 0x400000ff: nothing");
	check(0, cpuid(HV_CPUID_NESTED_FEATURES, 0).eax, "leaf 0x4000000a: nothing nested");
}

static void check_hidden_bits(void)
{
	struct cpuid svm = cpuid(0x8000000a, 0);
	struct cpuid extended = cpuid(0x80000001, 0);
	struct cpuid first = cpuid(1, 0);
	struct cpuid mwait = cpuid(5, 0);

	check(0, extended.ecx & BIT(2), "no SVM");
	check(0, extended.ecx & BIT(12), "no SKINIT");
	check(0, extended.ecx & BIT(29), "no MWAITX");
	check(0, svm.eax | svm.ebx | svm.edx, "leaf 0x8000000a is empty");
	check(0, first.ecx & BIT(3), "no MONITOR");
	check(0, first.ecx & BIT(5), "no VMX");
	check(0, first.ecx & BIT(24), "no TSC deadline timer");
	check(BIT(21), first.ecx & BIT(21), "x2APIC");
	check(BIT(9), first.edx & BIT(9), "local APIC is on");
	check(0, mwait.eax | mwait.ebx | mwait.ecx | mwait.edx, "leaf 5 is empty");
	check(cpu_apic_id(0), first.ebx >> 24, "leaf 1: APIC id");
}

static void check_state_bits(void)
{
	u64 cr4 = cr4_read();

	cr4_write(cr4 & ~BIT(18));
	check(0, cpuid(1, 0).ecx & BIT(27), "OSXSAVE is off with CR4");
	cr4_write(cr4 | BIT(18));
	check(BIT(27), cpuid(1, 0).ecx & BIT(27), "OSXSAVE is on with CR4");
	cr4_write(cr4);
}

/*
 * CPUID behind prefixes that change nothing but its length. The counter shows that the instruction
 * behind it, and no later one, came next: a length too short executes the rest of CPUID's bytes.
 */
#define PREFIXED(bytes, name)                                                                      \
	do {                                                                                       \
		u32 eax_ = 0, ebx_, ecx_ = 0, edx_, after_ = 0;                                    \
		__asm__ volatile(".byte " bytes ", 0x0f, 0xa2\ninc %4\ninc %4\ninc %4\n"           \
				 : "+a"(eax_), "=b"(ebx_), "+c"(ecx_), "=d"(edx_), "+r"(after_)    \
				 :                                                                 \
				 : "cc");                                                          \
		check(cpuid(0, 0).ebx, ebx_, "CPUID with prefix " name ": result");                \
		check(3, after_, "CPUID with prefix " name ": length");                            \
	} while (0)

static void check_prefixes(void)
{
	PREFIXED("0x66", "66");
	PREFIXED("0x67", "67");
	PREFIXED("0xf2", "F2");
	PREFIXED("0xf3", "F3");
	PREFIXED("0x2e", "2E");
	PREFIXED("0x40", "REX");
	PREFIXED("0x48", "REX.W");
	PREFIXED("0x4f", "REX.WRXB");
	PREFIXED("0x66, 0xf2", "66 F2");
	PREFIXED("0xf3, 0x66, 0x64, 0x48", "F3 66 64 REX.W");
	PREFIXED("0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66",
		"13 times 66");
}

/* An instruction whose bytes lie in two pages, and one that ends with the page. */
static void check_page_crossing(void)
{
	static u8 code[3 * PAGE_SIZE] __attribute__((aligned(4096)));

	for (u64 at = PAGE_SIZE - 3; at <= PAGE_SIZE + 1; at++) {
		u8 *place = code + at;
		u32 eax = 0, ebx, ecx = 0, edx;

		place[0] = 0x0f;
		place[1] = 0xa2;
		place[2] = 0xc3;
		__asm__ volatile("call *%4"
				 : "+a"(eax), "=&b"(ebx), "+c"(ecx), "=&d"(edx)
				 : "r"((u64)place)
				 : "memory", "cc");
		check(cpuid(0, 0).ebx, ebx, "CPUID at page offset 0x%lx", at);
	}
}

void test_main(void)
{
	check_hypervisor_leaves();
	check_hidden_bits();
	check_state_bits();
	check_prefixes();
	check_page_crossing();
	check_synthetic_msrs();
	check_other_msrs();
	check_instructions();
	check_hypercall_environment();
}
