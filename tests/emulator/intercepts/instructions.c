/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/emulator/intercepts/intercepts.h"

#include "tests/emulator/lib/apic.h"
#include "tests/emulator/lib/cpu.h"
#include "tests/emulator/lib/hypercall.h"
#include "tests/emulator/lib/report.h"

#define CR4_OSXSAVE BIT(18)
#define HALT_VECTOR 0x60

static void check_virtualization(void)
{
	u64 page = (u64)hypercall_input;

	check(VECTOR_UD, TRY("vmrun %%rax", "a"(page)), "VMRUN");
	check(VECTOR_UD, TRY("vmload %%rax", "a"(page)), "VMLOAD");
	check(VECTOR_UD, TRY("vmsave %%rax", "a"(page)), "VMSAVE");
	check(VECTOR_UD, TRY("stgi", "a"(0)), "STGI");
	check(VECTOR_UD, TRY("clgi", "a"(0)), "CLGI");
	check(VECTOR_UD, TRY("skinit %%eax", "a"(0)), "SKINIT");
	check(VECTOR_UD, TRY("invlpga %%rax, %%ecx", "a"(0), "c"(0)), "INVLPGA");
	check(VECTOR_UD, TRY("monitor", "a"(page), "c"(0), "d"(0)), "MONITOR");
	check(VECTOR_UD, TRY("mwait", "a"(0), "c"(0)), "MWAIT");
	check(VECTOR_UD, TRY("vmcall", "a"(0)), "VMCALL is the other vendor's");
}

static u64 xcr0_read(void)
{
	u32 low, high;

	__asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
	return (u64)high << 32 | low;
}

static u32 xcr0_try(u32 index, u64 value)
{
	return TRY("xsetbv", "c"(index), "a"((u32)value), "d"((u32)(value >> 32)));
}

static void check_xsetbv(void)
{
	u64 cr4 = cr4_read();
	u64 all = (u64)cpuid(13, 0).edx << 32 | cpuid(13, 0).eax;

	cr4_write(cr4 & ~CR4_OSXSAVE);
	check(VECTOR_UD, xcr0_try(0, 1), "XSETBV without CR4.OSXSAVE");
	cr4_write(cr4 | CR4_OSXSAVE);
	check(VECTOR_GP, xcr0_try(0, 0), "XSETBV: x87 is always on");
	check(VECTOR_GP, xcr0_try(1, 1), "XSETBV: there is only XCR0");
	check(VECTOR_GP, xcr0_try(0, 5), "XSETBV: AVX needs SSE");
	check(VECTOR_GP, xcr0_try(0, BIT(62) | 1), "XSETBV: unknown state");
	check(NO_FAULT, xcr0_try(0, all), "XSETBV: all that CPUID promises");
	check(all, xcr0_read(), "XCR0: what was written");
	check(NO_FAULT, xcr0_try(0, 3), "XSETBV: x87 and SSE");
	check(3, xcr0_read(), "XCR0 after CPUID and so on");
	check(NO_FAULT, xcr0_try(0, 1), "XSETBV: x87 alone");
	cr4_write(cr4);
}

static void check_halt(void)
{
	interrupt_handle(HALT_VECTOR, interrupt_count);
	interrupt_forget();
	interrupts_off();
	msr_write(APIC_SELF_IPI, HALT_VECTOR);
	interrupts_wait();
	check(1, this_cpu()->count[HALT_VECTOR], "HLT ends with an interrupt that waits already");
	check(0, cpuid(0x400000ff, 0).eax, "HLT was stepped over");
}

static void check_rdpmc(void)
{
	u32 vector = TRY("rdpmc\nmov $0, %%eax\nmov $0, %%edx", "c"(0));

	/* The root may read its own processor's counters; a processor without them faults. */
	check_that(vector == NO_FAULT || vector == VECTOR_GP || vector == VECTOR_UD, vector,
		"RDPMC does what the processor does");
}

void check_instructions(void)
{
	check_virtualization();
	check_xsetbv();
	check_halt();
	check_rdpmc();
}

/* ---- Where VMMCALL is legal: 64-bit mode, privilege 0 ---- */

void user_code(void);
void compatibility_code(void);

__asm__(".globl user_code\n"
	"user_code:\n"
	"	mov $0x10008, %ecx\n"
	"	mov $1, %edx\n"
	"	vmmcall\n"
	"	int $0x80\n"
	".globl compatibility_code\n"
	"compatibility_code:\n"
	".code32\n"
	"	mov $0x10008, %ecx\n"
	"	mov $1, %edx\n"
	"	vmmcall\n"
	"	int $0x80\n"
	".code64\n");

void check_hypercall_environment(void)
{
	check(0, hypercall_fast(HVCALL_NOTIFY_LONG_SPIN_WAIT, 1, 0), "VMMCALL at privilege 0");
	check(VECTOR_UD, excursion(USER_CODE_64, USER_DATA, (u64)user_code),
		"VMMCALL at privilege 3");
	check(VECTOR_UD, excursion(CODE_32, DATA, (u64)compatibility_code),
		"VMMCALL in 32-bit code");
	check(0x80, excursion(USER_CODE_64, USER_DATA, (u64)user_code + 13), "privilege 3 is left");
	check(HV_STATUS_INVALID_HYPERCALL_CODE, hypercall_fast(0x7fff, 0, 0), "unknown call code");
	check(HV_STATUS_INVALID_HYPERCALL_INPUT,
		hypercall_status(hypercall_raw(
			HV_HYPERCALL_FAST | HVCALL_NOTIFY_LONG_SPIN_WAIT | BIT(27), 1, 0)),
		"reserved bit in the control word");
	check(HV_STATUS_INVALID_HYPERCALL_INPUT,
		hypercall_status(hypercall_raw(HV_HYPERCALL_FAST | HVCALL_NOTIFY_LONG_SPIN_WAIT |
						       1ull << HV_HYPERCALL_REP_COUNT_SHIFT,
			1, 0)),
		"repetitions of a simple call");
	check(HV_STATUS_INVALID_ALIGNMENT,
		hypercall_status(hypercall_raw(HVCALL_NOTIFY_LONG_SPIN_WAIT, 0x4001, 0)),
		"input that is not aligned");
	check(HV_STATUS_INVALID_ALIGNMENT,
		hypercall_status(hypercall_raw(HVCALL_FLUSH_VIRTUAL_ADDRESS_SPACE,
			(u64)hypercall_input + PAGE_SIZE - 16, 0)),
		"input that crosses a page");
}
