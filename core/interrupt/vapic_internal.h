/* SPDX-License-Identifier: BSD-2-Clause */
/* What the three files of the vapic share; for nobody else. */
#ifndef CORE_INTERRUPT_VAPIC_INTERNAL_H
#define CORE_INTERRUPT_VAPIC_INTERNAL_H

#include "core/interrupt/vapic.h"

/* Integrated APIC with seven LVT entries, number 6 the last; EOI broadcast is not suppressible. */
#define VAPIC_VERSION_VALUE 0x00060015u

#define VAPIC_FIRST_VECTOR    16
#define VAPIC_BROADCAST	      0xffffffffu
#define VAPIC_XAPIC_BROADCAST 0xffu
#define VAPIC_DFR_FIXED_ONES  0x0fffffffu

#define VAPIC_SPURIOUS_ENABLE 0x100u
#define VAPIC_ICR_WRITABLE    0x000ccfffu

#define VAPIC_LVT_MASKED   0x10000u
#define VAPIC_LVT_PERIODIC 0x20000u

/* Error status bits (APM vol. 2 §16.4.6). */
#define VAPIC_ESR_SEND_ILLEGAL	   0x20u
#define VAPIC_ESR_RECEIVE_ILLEGAL  0x40u
#define VAPIC_ESR_ILLEGAL_REGISTER 0x80u

/* Places in struct vapic's lvt[]. */
enum vapic_lvt_index {
	VAPIC_LVT_INDEX_CMCI,
	VAPIC_LVT_INDEX_TIMER,
	VAPIC_LVT_INDEX_THERMAL,
	VAPIC_LVT_INDEX_PERFORMANCE,
	VAPIC_LVT_INDEX_LINT0,
	VAPIC_LVT_INDEX_LINT1,
	VAPIC_LVT_INDEX_ERROR,
	VAPIC_LVT_COUNT,
};

/* Records an error for the next ESR write and raises the error interrupt; any LP. */
void vapic_note_error(struct vapic *apic, u32 error);

static inline u32 vapic_id_register(const struct vapic *apic, bool x2apic)
{
	return x2apic ? apic->id : (apic->id & 0xff) << 24;
}

/* A register that is stored as it is written; setting drops bits that a guest cannot write. */
u32 vapic_field(const struct vapic *apic, enum vapic_register reg);
void vapic_set_field(struct vapic *apic, enum vapic_register reg, u32 value);

void vapic_replace_requests(struct vapic *apic, const u32 irr[8]);
void vapic_replace_in_service(struct vapic *apic, const u32 isr[8]);

void vapic_timer_start(struct vapic *apic, u32 remaining, u64 now_tsc);
u32 vapic_timer_count(const struct vapic *apic, u64 now_tsc);

#endif
