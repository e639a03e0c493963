/* SPDX-License-Identifier: BSD-2-Clause */
#include "bench/exits/loops.h"

#include "abi/hv_msr.h"
#include "tests/emulator/lib/apic.h"
#include "tests/emulator/lib/cpu.h"
#include "tests/emulator/lib/hypercall.h"

/*
 * A counted loop around the operation. The loop itself is `dec` and `jnz`; what else stands in it
 * is the price of naming the operation's operands, which peers pay too.
 */
#define LOOP(body)                                                                                 \
	({                                                                                         \
		u64 start_ = tsc();                                                                \
		u64 left_ = turns;                                                                 \
		__asm__ volatile(                                                                  \
			"1:\n" body "dec %[left]\njnz 1b\n"                                        \
			: [left] "+r"(left_)                                                       \
			:                                                                          \
			: "rax", "rbx", "rcx", "rdx", "r8", "r9", "r10", "r11", "memory", "cc");   \
		tsc() - start_;                                                                    \
	})

static u64 run_empty(u32 turns)
{
	return LOOP("nop\n");
}

u64 run_cpuid(u32 turns)
{
	return LOOP("xor %%eax, %%eax\nxor %%ecx, %%ecx\ncpuid\n");
}

static u64 run_hypervisor_cpuid(u32 turns)
{
	return LOOP("mov $0x40000000, %%eax\nxor %%ecx, %%ecx\ncpuid\n");
}

/* HvCallNotifyLongSpinWait, fast: looks whether somebody else wants to run. */
static u64 run_spin_wait(u32 turns)
{
	return LOOP("mov $0x10008, %%ecx\nmov $1, %%edx\nxor %%r8d, %%r8d\nvmmcall\n");
}

/* HvCallNotifyPartitionEvent, fast: agrees and does nothing. A child is denied it. */
static u64 run_hypercall(u32 turns)
{
	return LOOP("mov $0x10087, %%ecx\nmov $4, %%edx\nxor %%r8d, %%r8d\nvmmcall\n");
}

static u64 run_unknown_hypercall(u32 turns)
{
	return LOOP("mov $0x17fff, %%ecx\nmov $1, %%edx\nxor %%r8d, %%r8d\nvmmcall\n");
}

static u64 run_msr(u32 turns)
{
	return LOOP("mov $0x40000002, %%ecx\nrdmsr\n");
}

static u64 run_reference_time(u32 turns)
{
	return LOOP("mov $0x40000020, %%ecx\nrdmsr\n");
}

static u64 run_apic_id(u32 turns)
{
	return LOOP("mov $0x802, %%ecx\nrdmsr\n");
}

/* The ID register in the xAPIC's page. */
static u64 run_apic_mmio(u32 turns)
{
	return LOOP("mov $0xfee00020, %%ecx\nmov (%%rcx), %%eax\n");
}

/* With nothing in service, as in the peers' loops. */
static u64 run_eoi(u32 turns)
{
	return LOOP("mov $0x80b, %%ecx\nxor %%eax, %%eax\nxor %%edx, %%edx\nwrmsr\n");
}

static u64 run_tpr(u32 turns)
{
	return LOOP("mov $0x808, %%ecx\nxor %%eax, %%eax\nxor %%edx, %%edx\nwrmsr\n");
}

static u64 run_self_ipi(u32 turns)
{
	u64 ticks;

	interrupts_on();
	ticks = LOOP("mov $0x83f, %%ecx\nmov $0x41, %%eax\nxor %%edx, %%edx\nwrmsr\n");
	interrupts_off();
	return ticks;
}

u64 run_apic_timer(u32 turns)
{
	u64 count = msr_read(HV_X64_MSR_APIC_FREQUENCY) / 10000;
	u64 start;

	msr_write(APIC_DIVIDE, DIVIDE_BY_1);
	msr_write(APIC_LVT_TIMER, TIMER_VECTOR);
	start = tsc();
	for (u32 i = 0; i < turns; i++) {
		msr_write(APIC_INITIAL_COUNT, count);
		interrupts_wait();
	}
	return tsc() - start - (u64)turns * TIMER_NS;
}

/* Time is read before it is set: the lateness includes both intercepts. */
static u64 run_synthetic_timer(u32 turns)
{
	u64 config = HV_STIMER_CONFIG_DIRECT_MODE | HV_STIMER_CONFIG_AUTO_ENABLE |
		     (u64)TIMER_VECTOR << HV_STIMER_CONFIG_VECTOR_SHIFT;
	u64 late = 0;

	msr_write(HV_X64_MSR_STIMER0_CONFIG, config);
	for (u32 i = 0; i < turns; i++) {
		u64 start = tsc();

		msr_write(HV_X64_MSR_STIMER0_COUNT, time_100ns() + TIMER_NS / 100);
		interrupts_wait();
		late += tsc() - start - TIMER_NS;
	}
	return late;
}

const struct operation operations[] = {
	{"empty-loop", TURNS, run_empty},
	{"cpuid-0", TURNS, run_cpuid},
	{"cpuid-40000000", TURNS, run_hypervisor_cpuid},
	{"hypercall-unknown", TURNS, run_unknown_hypercall},
	{"hypercall", TURNS, run_hypercall},
	{"hypercall-spin-wait", TURNS, run_spin_wait},
	{"msr-vp-index", TURNS, run_msr},
	{"msr-reference-time", TURNS, run_reference_time},
	{"apic-id", TURNS, run_apic_id},
	{"apic-eoi", TURNS, run_eoi},
	{"apic-tpr", TURNS, run_tpr},
	{"self-ipi", TURNS, run_self_ipi},
	{"apic-timer", TIMER_TURNS, run_apic_timer},
	{"synthetic-timer", TIMER_TURNS, run_synthetic_timer},
};

const u32 operation_count = ARRAY_SIZE(operations);

const struct operation apic_mmio_operation = {"apic-mmio", TURNS, run_apic_mmio};

u64 measure(const struct operation *operation)
{
	u64 rounds[ROUNDS];

	for (u32 i = 0; i < ROUNDS; i++) {
		u64 value = operation->run(operation->turns) * 100 / operation->turns;
		u32 at = i;

		for (; at && rounds[at - 1] > value; at--)
			rounds[at] = rounds[at - 1];
		rounds[at] = value;
	}
	return rounds[ROUNDS / 2];
}
