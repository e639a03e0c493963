/* SPDX-License-Identifier: BSD-2-Clause */
/* Privileged x86 instructions as inline functions, for machine/x86 and the back-ends. */
#ifndef MACHINE_X86_CPU_H
#define MACHINE_X86_CPU_H

#include "core/lib/types.h"
#include "machine/x86/ports.h"

struct cpuid {
	u32 eax, ebx, ecx, edx;
};

static inline struct cpuid cpuid(u32 leaf, u32 subleaf)
{
	struct cpuid r = {.eax = leaf, .ecx = subleaf};

	__asm__ volatile("cpuid" : "+a"(r.eax), "=b"(r.ebx), "+c"(r.ecx), "=d"(r.edx));
	return r;
}

/* The leaf's registers, or zeroes when the processor's range of leaves ends before it. */
static inline struct cpuid cpuid_if_present(u32 leaf, u32 subleaf)
{
	struct cpuid none = {0};

	return cpuid(leaf & 0xffff0000, 0).eax >= leaf ? cpuid(leaf, subleaf) : none;
}

static inline u64 msr_read(u32 msr)
{
	u32 low, high;

	__asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(msr) : "memory");
	return (u64)high << 32 | low;
}

static inline void msr_write(u32 msr, u64 value)
{
	__asm__ volatile("wrmsr" : : "c"(msr), "a"((u32)value), "d"((u32)(value >> 32)) : "memory");
}

/* cr0_read(), cr0_write(), … */
#define CONTROL_REGISTER(name)                                                                     \
	static inline u64 name##_read(void)                                                        \
	{                                                                                          \
		u64 value;                                                                         \
                                                                                                   \
		__asm__ volatile("mov %%" #name ", %0" : "=r"(value) : : "memory");                \
		return value;                                                                      \
	}                                                                                          \
	static inline void name##_write(u64 value)                                                 \
	{                                                                                          \
		__asm__ volatile("mov %0, %%" #name : : "r"(value) : "memory");                    \
	}

CONTROL_REGISTER(cr0)
CONTROL_REGISTER(cr2)
CONTROL_REGISTER(cr3)
CONTROL_REGISTER(cr4)
CONTROL_REGISTER(cr8)
CONTROL_REGISTER(dr0)
CONTROL_REGISTER(dr1)
CONTROL_REGISTER(dr2)
CONTROL_REGISTER(dr3)
CONTROL_REGISTER(dr6)
CONTROL_REGISTER(dr7)
#undef CONTROL_REGISTER

/* Extended control registers; need CR4.OSXSAVE. */
static inline u64 xcr_read(u32 index)
{
	u32 low, high;

	__asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(index) : "memory");
	return (u64)high << 32 | low;
}

static inline void xcr_write(u32 index, u64 value)
{
	u32 low = (u32)value, high = (u32)(value >> 32);

	__asm__ volatile("xsetbv" : : "c"(index), "a"(low), "d"(high) : "memory");
}

static inline u64 cpu_tsc(void)
{
	u32 low, high;

	__asm__ volatile("rdtsc" : "=a"(low), "=d"(high) : : "memory");
	return (u64)high << 32 | low;
}

/* a * b / c with a 128-bit product; the quotient must fit into 64 bits. */
static inline u64 multiply_divide(u64 a, u64 b, u64 c)
{
	u64 quotient, remainder;

	__asm__("mulq %3; divq %4"
		: "=&a"(quotient), "=&d"(remainder)
		: "0"(a), "r"(b), "r"(c)
		: "cc");
	return quotient;
}

static inline void cpu_relax(void)
{
	__asm__ volatile("pause" : : : "memory");
}

static inline void interrupts_enable(void)
{
	__asm__ volatile("sti" : : : "memory");
}

static inline void interrupts_disable(void)
{
	__asm__ volatile("cli" : : : "memory");
}

static inline void cpu_flush_caches(void)
{
	__asm__ volatile("wbinvd" : : : "memory");
}

static inline void tlb_flush_page(const void *address)
{
	__asm__ volatile("invlpg (%0)" : : "r"(address) : "memory");
}

#endif
