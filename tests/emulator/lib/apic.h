/* SPDX-License-Identifier: BSD-2-Clause */
/* The local APIC in x2APIC mode. */
#ifndef TESTS_EMULATOR_LIB_APIC_H
#define TESTS_EMULATOR_LIB_APIC_H

#include "tests/emulator/lib/processor.h"

#define APIC_BASE	   0x1b
#define APIC_ID		   0x802
#define APIC_VERSION	   0x803
#define APIC_TPR	   0x808
#define APIC_PPR	   0x80a
#define APIC_EOI	   0x80b
#define APIC_LDR	   0x80d
#define APIC_SPURIOUS	   0x80f
#define APIC_ISR	   0x810
#define APIC_IRR	   0x820
#define APIC_ESR	   0x828
#define APIC_ICR	   0x830
#define APIC_LVT_TIMER	   0x832
#define APIC_LVT_LINT0	   0x835
#define APIC_LVT_ERROR	   0x837
#define APIC_INITIAL_COUNT 0x838
#define APIC_CURRENT_COUNT 0x839
#define APIC_DIVIDE	   0x83e
#define APIC_SELF_IPI	   0x83f

#define ICR_NMI	    0x400
#define ICR_INIT    0x500
#define ICR_STARTUP 0x600
#define ICR_LOGICAL 0x800
#define ICR_ASSERT  0x4000
#define ICR_SELF    0x40000
#define ICR_ALL	    0x80000
#define ICR_OTHERS  0xc0000

#define LVT_MASKED   0x10000
#define LVT_PERIODIC 0x20000
#define DIVIDE_BY_1  0xb

static inline void apic_send(u32 destination, u32 command)
{
	msr_write(APIC_ICR, (u64)destination << 32 | command);
}

static inline void apic_end(void)
{
	msr_write(APIC_EOI, 0);
}

/* Is the vector's bit set in the 256-bit register that begins at `first`? */
static inline bool apic_bit(u32 first, u8 vector)
{
	return msr_read(first + vector / 32) >> (vector % 32) & 1;
}

#endif
