/* SPDX-License-Identifier: BSD-2-Clause */
/* Single instructions, plain and caught: a caught one that faults returns the vector. */
#ifndef TESTS_EMULATOR_LIB_PROCESSOR_H
#define TESTS_EMULATOR_LIB_PROCESSOR_H

#include "core/lib/types.h"

#define NO_FAULT   0xffffffffu
#define VECTOR_DE  0
#define VECTOR_NMI 2
#define VECTOR_UD  6
#define VECTOR_GP  13
#define VECTOR_PF  14

#define RFLAGS_IF BIT(9)

/*
 * An instruction that may fault, for use in asm statements: the vector, or NO_FAULT, is in R11
 * afterwards. The exception handler finds the pair of addresses in the table.
 */
#define CAUGHT(instruction)                                                                        \
	"mov $-1, %%r11d\n"                                                                        \
	"771: " instruction "\n"                                                                   \
	"772:\n"                                                                                   \
	".pushsection .fixups, \"a\"\n"                                                            \
	".quad 771b, 772b\n"                                                                       \
	".popsection\n"

/* Runs one instruction, given as text, that touches no register but those the caller names. */
#define TRY(instruction, ...)                                                                      \
	({                                                                                         \
		register u32 caught_ __asm__("r11");                                               \
		__asm__ volatile(CAUGHT(instruction)                                               \
				 : "=r"(caught_)                                                   \
				 : __VA_ARGS__                                                     \
				 : "memory", "cc");                                                \
		caught_;                                                                           \
	})

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

static inline u32 msr_try_read(u32 msr, u64 *value)
{
	register u32 vector __asm__("r11");
	u32 low = 0, high = 0;

	__asm__ volatile(CAUGHT("rdmsr")
			 : "=r"(vector), "+a"(low), "+d"(high)
			 : "c"(msr)
			 : "memory");
	*value = (u64)high << 32 | low;
	return vector;
}

static inline u32 msr_try_write(u32 msr, u64 value)
{
	return TRY("wrmsr", "c"(msr), "a"((u32)value), "d"((u32)(value >> 32)));
}

struct cpuid {
	u32 eax;
	u32 ebx;
	u32 ecx;
	u32 edx;
};

static inline struct cpuid cpuid(u32 leaf, u32 subleaf)
{
	struct cpuid out;

	__asm__ volatile("cpuid"
			 : "=a"(out.eax), "=b"(out.ebx), "=c"(out.ecx), "=d"(out.edx)
			 : "a"(leaf), "c"(subleaf)
			 : "memory");
	return out;
}

static inline u64 tsc(void)
{
	u32 low, high;

	__asm__ volatile("lfence\nrdtsc" : "=a"(low), "=d"(high) : : "memory");
	return (u64)high << 32 | low;
}

static inline void port_write_8(u16 port, u8 value)
{
	__asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port) : "memory");
}

static inline u8 port_read_8(u16 port)
{
	u8 value;

	__asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port) : "memory");
	return value;
}

static inline u64 cr3_read(void)
{
	u64 value;

	__asm__ volatile("mov %%cr3, %0" : "=r"(value));
	return value;
}

static inline u64 cr4_read(void)
{
	u64 value;

	__asm__ volatile("mov %%cr4, %0" : "=r"(value));
	return value;
}

static inline void cr4_write(u64 value)
{
	__asm__ volatile("mov %0, %%cr4" : : "r"(value) : "memory");
}

static inline u64 cr8_read(void)
{
	u64 value;

	__asm__ volatile("mov %%cr8, %0" : "=r"(value) : : "memory");
	return value;
}

static inline void cr8_write(u64 value)
{
	__asm__ volatile("mov %0, %%cr8" : : "r"(value) : "memory");
}

static inline void interrupts_on(void)
{
	__asm__ volatile("sti\nnop" : : : "memory");
}

static inline void interrupts_off(void)
{
	__asm__ volatile("cli" : : : "memory");
}

/* Waits for one interrupt that has not come yet; on return interrupts are off. */
static inline void interrupts_wait(void)
{
	__asm__ volatile("sti\nhlt\ncli" : : : "memory");
}

static inline void relax(void)
{
	__asm__ volatile("pause" : : : "memory");
}

#endif
