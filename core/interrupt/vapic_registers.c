/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The virtual local APIC's registers as the guest sees them (AMD APM vol. 2 §16.3.2 and
 * the x2APIC sections of ch. 16). One table row per register says which accesses exist in
 * which mode, where it is stored and which bits can be written; a few rows add a function.
 */
#include "core/interrupt/vapic.h"
#include "core/interrupt/vapic_internal.h"

/* Bits of the interrupt command register (APM vol. 2 §16.5). */
#define ICR_DELIVERY_SHIFT   8
#define DELIVERY_REMOTE_READ 3
#define ICR_LOGICAL	     0x00000800u
#define ICR_STATUS	     0x00001000u
#define ICR_ASSERT	     0x00004000u
#define ICR_LEVEL	     0x00008000u
#define ICR_SHORTHAND_SHIFT  18
#define ICR_DESTINATION	     0xffffffff00000000ull

/* Read-only bits that a guest may write back: delivery status, and remote IRR of LINT0/1. */
#define LVT_STATUS 0x1000u
#define LINT_STATE 0x5000u

struct access {
	enum vapic_register reg;
	bool x2apic;
	u64 value;
	u64 now_tsc;
	struct vapic_effect *effect;
};

/* Which accesses exist: R and W in xAPIC mode, R2 and W2 in x2APIC mode. */
#define R  1
#define W  2
#define R2 4
#define W2 8

struct rule {
	u8 accesses;
	u16 field;    /* offset in struct vapic of a u32 */
	u32 writable; /* other bits are dropped in xAPIC mode and fault in x2APIC mode … */
	u32 ignored;  /* … except these, which are dropped in both */
	u64 (*read)(struct vapic *apic, const struct access *access);
	void (*write)(struct vapic *apic, const struct access *access, u32 *field);
};

static u64 read_id(struct vapic *apic, const struct access *access)
{
	return vapic_id_register(apic, access->x2apic);
}

static u64 read_version(struct vapic *apic, const struct access *access)
{
	(void)apic;
	(void)access;
	return VAPIC_VERSION_VALUE;
}

static u64 read_ppr(struct vapic *apic, const struct access *access)
{
	(void)access;
	return vapic_ppr(apic);
}

static u64 read_in_service(struct vapic *apic, const struct access *access)
{
	return apic->isr[access->reg - VAPIC_ISR];
}

static u64 read_trigger(struct vapic *apic, const struct access *access)
{
	return apic->hide_tmr ? 0 : atomic_load(&apic->tmr[access->reg - VAPIC_TMR]);
}

static u64 read_request(struct vapic *apic, const struct access *access)
{
	return atomic_load(&apic->irr[access->reg - VAPIC_IRR]);
}

static u64 read_icr(struct vapic *apic, const struct access *access)
{
	return access->x2apic ? apic->icr : (u32)apic->icr;
}

static u64 read_icr_high(struct vapic *apic, const struct access *access)
{
	(void)access;
	return apic->icr >> 32;
}

static u64 read_current_count(struct vapic *apic, const struct access *access)
{
	return vapic_timer_count(apic, access->now_tsc);
}

static void write_nothing(struct vapic *apic, const struct access *access, u32 *field)
{
	(void)apic;
	(void)access;
	(void)field;
}

static void write_eoi(struct vapic *apic, const struct access *access, u32 *field)
{
	int vector = vapic_end(apic, &access->effect->level);

	(void)field;
	if (vector < 0)
		return;
	access->effect->kind = VAPIC_ENDED;
	access->effect->vector = (u8)vector;
}

/* Other LPs look at these words when they route or request interrupts. */
static void write_shared(struct vapic *apic, const struct access *access, u32 *field)
{
	(void)apic;
	WRITE_ONCE(*field, (u32)access->value);
}

static void write_dfr(struct vapic *apic, const struct access *access, u32 *field)
{
	(void)apic;
	WRITE_ONCE(*field, (u32)access->value | VAPIC_DFR_FIXED_ONES);
}

/* Software disable masks every LVT entry, and enabling does not unmask (APM vol. 2 §16.4.7). */
static void write_spurious(struct vapic *apic, const struct access *access, u32 *field)
{
	WRITE_ONCE(*field, (u32)access->value);
	if (access->value & VAPIC_SPURIOUS_ENABLE)
		return;
	for (u32 i = 0; i < VAPIC_LVT_COUNT; i++)
		apic->lvt[i] |= VAPIC_LVT_MASKED;
	access->effect->kind = VAPIC_TIMER_CHANGED;
}

/* Errors gather in secret; a write makes them readable and starts anew (APM vol. 2 §16.4.6). */
static void write_esr(struct vapic *apic, const struct access *access, u32 *field)
{
	(void)access;
	*field = atomic_exchange(&apic->esr_pending, 0u);
}

static void write_lvt(struct vapic *apic, const struct access *access, u32 *field)
{
	u32 value = (u32)access->value;

	if (!(apic->spurious & VAPIC_SPURIOUS_ENABLE))
		value |= VAPIC_LVT_MASKED;
	WRITE_ONCE(*field, value);
}

/* An expiry that is due but not yet handled belongs to the old settings. */
static void write_lvt_timer(struct vapic *apic, const struct access *access, u32 *field)
{
	vapic_timer_expire(apic, access->now_tsc);
	write_lvt(apic, access, field);
	access->effect->kind = VAPIC_TIMER_CHANGED;
}

static void write_initial_count(struct vapic *apic, const struct access *access, u32 *field)
{
	vapic_timer_expire(apic, access->now_tsc);
	*field = (u32)access->value;
	vapic_timer_start(apic, *field, access->now_tsc);
	access->effect->kind = VAPIC_TIMER_CHANGED;
}

/* A running timer goes on from its current count at the new speed. */
static void write_divide(struct vapic *apic, const struct access *access, u32 *field)
{
	u32 remaining;

	vapic_timer_expire(apic, access->now_tsc);
	remaining = vapic_timer_count(apic, access->now_tsc);
	*field = (u32)access->value;
	vapic_timer_start(apic, remaining, access->now_tsc);
	access->effect->kind = VAPIC_TIMER_CHANGED;
}

/*
 * Remote read and ExtINT cannot be sent. INIT level de-assert only set arbitration ids on old
 * buses. A fixed IPI needs a legal vector (APM vol. 2 §16.5).
 */
static bool can_send(struct vapic *apic, u32 command)
{
	u32 delivery = (command >> ICR_DELIVERY_SHIFT) & 7;

	if (delivery == DELIVERY_REMOTE_READ || delivery == VAPIC_EXTINT)
		return false;
	if (delivery == VAPIC_INIT)
		return (command & ICR_ASSERT) || !(command & ICR_LEVEL);
	if ((delivery == VAPIC_FIXED || delivery == VAPIC_LOWEST) &&
		(u8)command < VAPIC_FIRST_VECTOR) {
		vapic_note_error(apic, VAPIC_ESR_SEND_ILLEGAL);
		return false;
	}
	return true;
}

static void send_ipi(struct vapic *apic, u32 command, u32 destination, struct vapic_effect *effect)
{
	if (!can_send(apic, command))
		return;
	*effect = (struct vapic_effect){
		.kind = VAPIC_SEND_IPI,
		.vector = (u8)command,
		.logical = command & ICR_LOGICAL,
		.delivery = (command >> ICR_DELIVERY_SHIFT) & 7,
		.shorthand = (command >> ICR_SHORTHAND_SHIFT) & 3,
		.destination = destination,
	};
}

static void write_icr(struct vapic *apic, const struct access *access, u32 *field)
{
	u32 destination;

	(void)field;
	if (access->x2apic) {
		apic->icr = access->value;
		destination = (u32)(apic->icr >> 32);
	} else {
		apic->icr = (apic->icr & ICR_DESTINATION) | (u32)access->value;
		destination = (u32)(apic->icr >> 56);
		if (destination == VAPIC_XAPIC_BROADCAST)
			destination = VAPIC_BROADCAST;
	}
	send_ipi(apic, (u32)apic->icr, destination, access->effect);
}

static void write_icr_high(struct vapic *apic, const struct access *access, u32 *field)
{
	(void)field;
	apic->icr = access->value << 32 | (u32)apic->icr;
}

static void write_self_ipi(struct vapic *apic, const struct access *access, u32 *field)
{
	(void)field;
	send_ipi(apic, (u32)access->value | VAPIC_TO_SELF << ICR_SHORTHAND_SHIFT, apic->id,
		access->effect);
}

/* clang-format off */
/* Rows of one form. RW is everything a register can have in both modes. */
#define RW			(R | W | R2 | W2)
#define FIELD(name)		offsetof(struct vapic, name)
#define READ_ONLY(read)		{ R | R2, 0, 0, 0, read, NULL }
#define STORED(field, mask, write) { RW, FIELD(field), mask, 0, NULL, write }
#define LVT(index, mask, ignored, write) \
	{ RW, FIELD(lvt[VAPIC_LVT_INDEX_##index]), mask, ignored, NULL, write }

static const struct rule rules[VAPIC_SELF_IPI + 1] = {
	[VAPIC_ID]		= { R | W | R2, 0, 0, 0, read_id, write_nothing },
	[VAPIC_VERSION]		= READ_ONLY(read_version),
	[VAPIC_TPR]		= STORED(tpr, 0x000000ff, NULL),
	[VAPIC_PPR]		= READ_ONLY(read_ppr),
	[VAPIC_EOI]		= { W | W2, 0, 0, 0, NULL, write_eoi },
	[VAPIC_LDR]		= { R | W | R2, FIELD(ldr), 0xff000000, 0, NULL, write_shared },
	[VAPIC_DFR]		= { R | W, FIELD(dfr), 0xf0000000, 0, NULL, write_dfr },
	[VAPIC_SPURIOUS]	= STORED(spurious, 0x000003ff, write_spurious),
	[VAPIC_ISR ... VAPIC_ISR + 7] = READ_ONLY(read_in_service),
	[VAPIC_TMR ... VAPIC_TMR + 7] = READ_ONLY(read_trigger),
	[VAPIC_IRR ... VAPIC_IRR + 7] = READ_ONLY(read_request),
	[VAPIC_ESR]		= STORED(esr, 0, write_esr),
	[VAPIC_LVT_CMCI]	= LVT(CMCI, 0x000107ff, LVT_STATUS, write_lvt),
	[VAPIC_ICR]		= { RW, 0, VAPIC_ICR_WRITABLE, ICR_STATUS, read_icr, write_icr },
	[VAPIC_ICR_HIGH]	= { R | W, 0, 0xff000000, 0, read_icr_high, write_icr_high },
	[VAPIC_LVT_TIMER]	= LVT(TIMER, 0x000300ff, LVT_STATUS, write_lvt_timer),
	[VAPIC_LVT_THERMAL]	= LVT(THERMAL, 0x000107ff, LVT_STATUS, write_lvt),
	[VAPIC_LVT_PERFORMANCE]	= LVT(PERFORMANCE, 0x000107ff, LVT_STATUS, write_lvt),
	[VAPIC_LVT_LINT0]	= LVT(LINT0, 0x0001a7ff, LINT_STATE, write_lvt),
	[VAPIC_LVT_LINT1]	= LVT(LINT1, 0x0001a7ff, LINT_STATE, write_lvt),
	[VAPIC_LVT_ERROR]	= LVT(ERROR, 0x000107ff, LVT_STATUS, write_lvt),
	[VAPIC_INITIAL_COUNT]	= STORED(initial_count, 0xffffffff, write_initial_count),
	[VAPIC_CURRENT_COUNT]	= READ_ONLY(read_current_count),
	[VAPIC_DIVIDE]		= STORED(divide, 0x0000000b, write_divide),
	[VAPIC_SELF_IPI]	= { W2, 0, 0x000000ff, 0, NULL, write_self_ipi },
};
/* clang-format on */

static u32 *field_of(struct vapic *apic, const struct rule *rule)
{
	return (u32 *)((char *)apic + rule->field);
}

/* The rule of a register that can be accessed so; NULL if there is none. */
static const struct rule *find_rule(
	struct vapic *apic, enum vapic_register reg, bool x2apic, u8 accesses)
{
	if ((u32)reg < ARRAY_SIZE(rules) && (rules[reg].accesses & accesses))
		return &rules[reg];
	if (!x2apic && ((u32)reg >= ARRAY_SIZE(rules) || !(rules[reg].accesses & (R | W))))
		vapic_note_error(apic, VAPIC_ESR_ILLEGAL_REGISTER);
	return NULL;
}

bool vapic_read(struct vapic *apic, enum vapic_register reg, bool x2apic, u64 now_tsc, u64 *value)
{
	struct access access = {.reg = reg, .x2apic = x2apic, .now_tsc = now_tsc};
	const struct rule *rule = find_rule(apic, reg, x2apic, x2apic ? R2 : R);

	*value = 0;
	if (!rule)
		return false;
	*value = rule->read ? rule->read(apic, &access) : *field_of(apic, rule);
	return true;
}

bool vapic_write(struct vapic *apic, enum vapic_register reg, bool x2apic, u64 value, u64 now_tsc,
	struct vapic_effect *effect)
{
	struct access access = {reg, x2apic, value, now_tsc, effect};
	const struct rule *rule = find_rule(apic, reg, x2apic, x2apic ? W2 : W);
	u64 writable;

	*effect = (struct vapic_effect){0};
	if (!rule)
		return false;
	writable = rule->writable;
	if (x2apic && reg == VAPIC_ICR)
		writable |= ICR_DESTINATION;
	if (x2apic && (value & ~(writable | rule->ignored)))
		return false;
	access.value &= writable;
	if (rule->write)
		rule->write(apic, &access, field_of(apic, rule));
	else
		*field_of(apic, rule) = (u32)access.value;
	return true;
}

u32 vapic_field(const struct vapic *apic, enum vapic_register reg)
{
	return *(const u32 *)((const char *)apic + rules[reg].field);
}

void vapic_set_field(struct vapic *apic, enum vapic_register reg, u32 value)
{
	WRITE_ONCE(*field_of(apic, &rules[reg]), value & rules[reg].writable);
}
