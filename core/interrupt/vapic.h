/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The virtual local APIC of one VP (AMD APM vol. 2 ch. 16). Pure state: time comes as an
 * argument and everything that concerns other VPs goes out as a `struct vapic_effect`.
 * Only vapic_request() may be called from an LP that does not own the VP.
 */
#ifndef CORE_INTERRUPT_VAPIC_H
#define CORE_INTERRUPT_VAPIC_H

#include "core/lib/types.h"

struct hv_local_interrupt_controller_state;

/* Register numbers: the MMIO offset >> 4, which is also the x2APIC MSR number - 0x800. */
enum vapic_register {
	VAPIC_ID = 0x02,
	VAPIC_VERSION = 0x03,
	VAPIC_TPR = 0x08,
	VAPIC_PPR = 0x0a,
	VAPIC_EOI = 0x0b,
	VAPIC_LDR = 0x0d,
	VAPIC_DFR = 0x0e,
	VAPIC_SPURIOUS = 0x0f,
	VAPIC_ISR = 0x10,
	VAPIC_TMR = 0x18,
	VAPIC_IRR = 0x20,
	VAPIC_ESR = 0x28,
	VAPIC_LVT_CMCI = 0x2f,
	VAPIC_ICR = 0x30,
	VAPIC_ICR_HIGH = 0x31,
	VAPIC_LVT_TIMER = 0x32,
	VAPIC_LVT_THERMAL = 0x33,
	VAPIC_LVT_PERFORMANCE = 0x34,
	VAPIC_LVT_LINT0 = 0x35,
	VAPIC_LVT_LINT1 = 0x36,
	VAPIC_LVT_ERROR = 0x37,
	VAPIC_INITIAL_COUNT = 0x38,
	VAPIC_CURRENT_COUNT = 0x39,
	VAPIC_DIVIDE = 0x3e,
	VAPIC_SELF_IPI = 0x3f,
};

#define VAPIC_BASE_BSP	  BIT(8)
#define VAPIC_BASE_X2APIC BIT(10)
#define VAPIC_BASE_ENABLE BIT(11)

/* Delivery modes of an interrupt (ICR bits 10:8; equal to HV_INTERRUPT_TYPE for these). */
enum vapic_delivery {
	VAPIC_FIXED = 0,
	VAPIC_LOWEST = 1,
	VAPIC_SMI = 2,
	VAPIC_NMI = 4,
	VAPIC_INIT = 5,
	VAPIC_STARTUP = 6,
	VAPIC_EXTINT = 7,
};

enum vapic_shorthand {
	VAPIC_TO_DEST = 0,
	VAPIC_TO_SELF = 1,
	VAPIC_TO_ALL = 2,
	VAPIC_TO_OTHERS = 3
};

enum vapic_effect_kind {
	VAPIC_NO_EFFECT,
	VAPIC_SEND_IPI,	     /* delivery, shorthand, destination, logical, vector */
	VAPIC_ENDED,	     /* vector was ended; level says how it came */
	VAPIC_TIMER_CHANGED, /* ask vapic_timer_deadline() again */
};

struct vapic_effect {
	enum vapic_effect_kind kind;
	u8 vector;
	bool level;
	bool logical;
	u8 delivery;
	u8 shorthand;
	u32 destination; /* 32-bit form in both modes; broadcast is 0xffffffff */
};

struct vapic {
	u64 base;      /* the APIC_BASE MSR */
	u32 id;	       /* 32-bit APIC id */
	bool hide_tmr; /* the guest reads TMR as 0 and so ends level interrupts at the I/O APIC */
	u32 tpr;
	u32 ldr;
	u32 dfr;
	u32 spurious;
	u32 esr;
	u32 esr_pending; /* set from any LP with atomic_or */
	u64 icr;
	u32 lvt[7]; /* CMCI, timer, thermal, performance, LINT0, LINT1, error */
	u32 isr[8];
	u32 isr_words; /* bit n: isr[n] is not 0 */
	u32 irr_words; /* bit n: irr[n] may be not 0 */
	u32 tmr[8];    /* changed from any LP with atomic_or and atomic_and */
	u32 irr[8];    /* set from any LP with atomic_or */
	u32 initial_count;
	u32 divide;
	u64 timer_start_tsc;	/* when the count was last full; may lie before TSC 0 */
	u64 timer_period_tsc;	/* 0 = stopped */
	u64 timer_deadline_tsc; /* ~0 = none */
	u64 tsc_per_count;	/* 32.32 fixed point TSC ticks per timer input clock */
	u64 count_per_tsc;	/* 16.48 fixed point, its inverse */
};

/* Power-up state (APM vol. 2 §16.3); keeps nothing. `base` gets ENABLE, and BSP/X2APIC as told. */
void vapic_reset(struct vapic *apic, u32 id, bool bsp, bool x2apic, u64 tsc_hz, u64 timer_hz);
/* INIT: as reset but id, base, hide_tmr and timer frequency stay (APM vol. 2 §14.1.3). */
void vapic_init(struct vapic *apic);

/*
 * The MSR 0x1b. False: the write is an illegal transition or sets reserved bits → #GP.
 * The BSP bit cannot be changed. Ask vapic_timer_deadline() again: disabling stops the timer.
 */
bool vapic_write_base(struct vapic *apic, u64 value);

/*
 * Makes `vector` (16…255) pending; any LP. True if it was not pending before. A software-disabled
 * APIC takes no interrupt: it is lost (APM vol. 2 §16.4.7, TLFS), and so is an illegal vector.
 */
bool vapic_request(struct vapic *apic, u8 vector, bool level);

/* False: switched off by software, requests are dropped (APM vol. 2 §16.4.7). */
bool vapic_enabled(const struct vapic *apic);

/* The vector that beats PPR and could be delivered now; -1 if none or software-disabled. */
int vapic_deliverable(const struct vapic *apic);
/* The highest requested vector regardless of priority; -1 if none. */
int vapic_highest_request(const struct vapic *apic);
/* Moves `vector` from IRR to ISR: it is being delivered. */
void vapic_accept(struct vapic *apic, u8 vector);
/* Processor priority register (APM vol. 2 §16.6.4). */
u32 vapic_ppr(const struct vapic *apic);
/* Ends the highest in-service interrupt. Returns its vector or -1; *level = how it had come. */
int vapic_end(struct vapic *apic, bool *level);

/*
 * A register access. `x2apic` says which face is used; ICR is 64 bits wide there.
 * False: #GP (x2APIC) or the access is ignored/reads 0 (xAPIC, esr notes it).
 */
bool vapic_read(struct vapic *apic, enum vapic_register reg, bool x2apic, u64 now_tsc, u64 *value);
bool vapic_write(struct vapic *apic, enum vapic_register reg, bool x2apic, u64 value, u64 now_tsc,
	struct vapic_effect *effect);

/* Does a fixed/NMI/INIT/… with this destination reach the VP (APM vol. 2 §16.6.1)? */
bool vapic_matches(const struct vapic *apic, u32 destination, bool logical);

/* TSC of the next timer expiry, ~0 if none. */
u64 vapic_timer_deadline(const struct vapic *apic);
/*
 * Handles an expiry due at or before now: requests the vector unless masked, re-arms if periodic;
 * periods missed meanwhile are skipped. True if the vector was requested.
 */
bool vapic_timer_expire(struct vapic *apic, u64 now_tsc);

/* The HV_VP_STATE LAPIC format: used by the parent's get and set. */
void vapic_get_state(
	struct vapic *apic, u64 now_tsc, struct hv_local_interrupt_controller_state *state);
void vapic_set_state(
	struct vapic *apic, u64 now_tsc, const struct hv_local_interrupt_controller_state *state);

#endif
