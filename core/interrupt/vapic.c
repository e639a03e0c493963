/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The virtual local APIC: priorities, life cycle, destination matching and the timer
 * (AMD APM vol. 2 ch. 16). What a guest reads and writes is in vapic_registers.c, what its parent
 * does in vapic_state.c.
 *
 * Other LPs touch a vapic in vapic_request() only: they set TMR, then IRR, then the summary
 * irr_words, each with one atomic operation. The owner takes a summary bit away only when the
 * word was empty and looks at the word again afterwards; so a summary bit may be set for an
 * empty word for a while, but a request whose vapic_request() has returned is never hidden.
 */
#include "core/interrupt/vapic.h"
#include "core/interrupt/vapic_internal.h"

#define NO_DEADLINE    (~0ull)
#define COUNT_FRACTION 48
#define BASE_ADDRESS   0xfee00000ull
#define BASE_RESERVED  (~0x000ffffffffffd00ull)
#define DFR_FLAT       0xfu

static u32 highest_bit(u32 word)
{
	return 31 - (u32)__builtin_clz(word);
}

static bool is_x2apic(const struct vapic *apic)
{
	return READ_ONCE(apic->base) & VAPIC_BASE_X2APIC;
}

/* Requests and priorities. */

bool vapic_request(struct vapic *apic, u8 vector, bool level)
{
	u32 word = vector / 32;
	u32 bit = 1u << (vector % 32);

	if (vector < VAPIC_FIRST_VECTOR) {
		vapic_note_error(apic, VAPIC_ESR_RECEIVE_ILLEGAL);
		return false;
	}
	if (!(READ_ONCE(apic->spurious) & VAPIC_SPURIOUS_ENABLE))
		return false;
	if (((atomic_load(&apic->tmr[word]) & bit) != 0) != level) {
		if (level)
			atomic_or(&apic->tmr[word], bit);
		else
			atomic_and(&apic->tmr[word], ~bit);
	}
	if (atomic_or(&apic->irr[word], bit) & bit)
		return false;
	atomic_or(&apic->irr_words, 1u << word);
	return true;
}

int vapic_highest_request(const struct vapic *apic)
{
	u32 words = atomic_load(&apic->irr_words);

	while (words) {
		u32 word = highest_bit(words);
		u32 pending = atomic_load(&apic->irr[word]);

		if (pending)
			return (int)(word * 32 + highest_bit(pending));
		words &= ~(1u << word);
	}
	return -1;
}

static int highest_in_service(const struct vapic *apic)
{
	u32 word;

	if (!apic->isr_words)
		return -1;
	word = highest_bit(apic->isr_words);
	return (int)(word * 32 + highest_bit(apic->isr[word]));
}

u32 vapic_ppr(const struct vapic *apic)
{
	int in_service = highest_in_service(apic);

	if (in_service < 0 || (apic->tpr >> 4) >= ((u32)in_service >> 4))
		return apic->tpr;
	return (u32)in_service & 0xf0;
}

bool vapic_enabled(const struct vapic *apic)
{
	return READ_ONCE(apic->spurious) & VAPIC_SPURIOUS_ENABLE;
}

int vapic_deliverable(const struct vapic *apic)
{
	int vector = vapic_highest_request(apic);

	if (vector < 0 || !(apic->spurious & VAPIC_SPURIOUS_ENABLE))
		return -1;
	return ((u32)vector >> 4) > (vapic_ppr(apic) >> 4) ? vector : -1;
}

/* Partner of the second look: vapic_request() sets the IRR bit before the summary bit. */
static void clear_request(struct vapic *apic, u32 word, u32 bits)
{
	if ((atomic_and(&apic->irr[word], ~bits) & ~bits) != 0)
		return;
	atomic_and(&apic->irr_words, ~(1u << word));
	if (atomic_load(&apic->irr[word]) != 0)
		atomic_or(&apic->irr_words, 1u << word);
}

void vapic_accept(struct vapic *apic, u8 vector)
{
	u32 word = vector / 32;
	u32 bit = 1u << (vector % 32);

	clear_request(apic, word, bit);
	apic->isr[word] |= bit;
	apic->isr_words |= 1u << word;
}

int vapic_end(struct vapic *apic, bool *level)
{
	int vector = highest_in_service(apic);
	u32 word, bit;

	*level = false;
	if (vector < 0)
		return -1;
	word = (u32)vector / 32;
	bit = 1u << ((u32)vector % 32);
	apic->isr[word] &= ~bit;
	if (!apic->isr[word])
		apic->isr_words &= ~(1u << word);
	*level = atomic_load(&apic->tmr[word]) & bit;
	return vector;
}

void vapic_note_error(struct vapic *apic, u32 error)
{
	u32 entry = READ_ONCE(apic->lvt[VAPIC_LVT_INDEX_ERROR]);

	atomic_or(&apic->esr_pending, error);
	if (!(entry & VAPIC_LVT_MASKED) && (u8)entry >= VAPIC_FIRST_VECTOR)
		vapic_request(apic, (u8)entry, false);
}

/* Replaces IRR; requests that come meanwhile may be lost but are never half there. */
void vapic_replace_requests(struct vapic *apic, const u32 irr[8])
{
	for (u32 word = 0; word < 8; word++) {
		clear_request(apic, word, ~0u);
		if (!irr[word])
			continue;
		atomic_or(&apic->irr[word], irr[word]);
		atomic_or(&apic->irr_words, 1u << word);
	}
}

void vapic_replace_in_service(struct vapic *apic, const u32 isr[8])
{
	apic->isr_words = 0;
	for (u32 word = 0; word < 8; word++) {
		apic->isr[word] = isr[word];
		if (isr[word])
			apic->isr_words |= 1u << word;
	}
}

/* Life cycle. */

/* num / den with `bits` binary places; one division with no 128-bit library call. */
static u64 fixed_ratio(u64 num, u64 den, u32 bits)
{
	u64 result = num / den;
	u64 rest = num % den;

	for (u32 i = 0; i < bits; i++) {
		rest *= 2;
		result *= 2;
		if (rest >= den) {
			rest -= den;
			result++;
		}
	}
	return result;
}

/* x2APIC: 16 APICs per cluster, one bit each (APM vol. 2 ch. 16, x2APIC logical destination). */
static u32 x2apic_ldr(u32 id)
{
	return (id >> 4) << 16 | 1u << (id & 0xf);
}

void vapic_init(struct vapic *apic)
{
	static const u32 none[8];

	apic->tpr = 0;
	apic->ldr = is_x2apic(apic) ? x2apic_ldr(apic->id) : 0;
	apic->dfr = 0xffffffff;
	WRITE_ONCE(apic->spurious, 0xff);
	apic->esr = 0;
	atomic_store(&apic->esr_pending, 0u);
	apic->icr = 0;
	for (u32 i = 0; i < ARRAY_SIZE(apic->lvt); i++)
		apic->lvt[i] = VAPIC_LVT_MASKED;
	vapic_replace_in_service(apic, none);
	vapic_replace_requests(apic, none);
	for (u32 word = 0; word < 8; word++)
		atomic_store(&apic->tmr[word], 0u);
	apic->initial_count = 0;
	apic->divide = 0;
	vapic_timer_start(apic, 0, 0);
}

void vapic_reset(struct vapic *apic, u32 id, bool bsp, bool x2apic, u64 tsc_hz, u64 timer_hz)
{
	apic->id = id;
	apic->hide_tmr = false;
	apic->base = BASE_ADDRESS | VAPIC_BASE_ENABLE;
	if (bsp)
		apic->base |= VAPIC_BASE_BSP;
	if (x2apic)
		apic->base |= VAPIC_BASE_X2APIC;
	apic->tsc_per_count = fixed_ratio(tsc_hz, timer_hz, 32);
	/* Rounded up, so that whole clocks are not shown one short. */
	apic->count_per_tsc = fixed_ratio(timer_hz, tsc_hz, COUNT_FRACTION) + 1;
	vapic_init(apic);
}

/*
 * The three states are off, xAPIC and x2APIC; "x2APIC without enable" does not exist, x2APIC is
 * left only through off, and entered only from xAPIC (APM vol. 2 ch. 16, x2APIC).
 */
static bool legal_transition(u64 old, u64 new)
{
	bool enable = new &VAPIC_BASE_ENABLE;
	bool x2apic = new &VAPIC_BASE_X2APIC;

	if (x2apic)
		return enable && (old & VAPIC_BASE_ENABLE);
	return !enable || !(old & VAPIC_BASE_X2APIC);
}

bool vapic_write_base(struct vapic *apic, u64 value)
{
	u64 old = apic->base;

	if ((value & BASE_RESERVED) || !legal_transition(old, value))
		return false;
	WRITE_ONCE(apic->base, (value & ~VAPIC_BASE_BSP) | (old & VAPIC_BASE_BSP));
	if (!(value & VAPIC_BASE_ENABLE)) {
		vapic_init(apic);
	} else if ((value & ~old) & VAPIC_BASE_X2APIC) {
		apic->icr = 0;
		WRITE_ONCE(apic->ldr, x2apic_ldr(apic->id));
	}
	return true;
}

/* Destinations (APM vol. 2 §16.6.1; x2APIC logical addressing). */

static bool matches_logical(const struct vapic *apic, u32 destination)
{
	u32 ldr = READ_ONCE(apic->ldr);

	if (is_x2apic(apic))
		return destination >> 16 == ldr >> 16 && (destination & ldr & 0xffff);
	if (destination == VAPIC_XAPIC_BROADCAST)
		return true;
	if (destination > VAPIC_XAPIC_BROADCAST)
		return false;
	ldr >>= 24;
	if (READ_ONCE(apic->dfr) >> 28 == DFR_FLAT)
		return destination & ldr;
	return destination >> 4 == ldr >> 4 && (destination & ldr & 0xf);
}

bool vapic_matches(const struct vapic *apic, u32 destination, bool logical)
{
	if (!(READ_ONCE(apic->base) & VAPIC_BASE_ENABLE))
		return false;
	if (destination == VAPIC_BROADCAST)
		return true;
	if (logical)
		return matches_logical(apic, destination);
	return destination == apic->id ||
	       (!is_x2apic(apic) && destination == VAPIC_XAPIC_BROADCAST);
}

/* The timer counts down `initial_count` timer clocks of `divide` input clocks each. */

/* Divisor codes 0…7, bits 3 and 1:0, mean 2, 4, … 128, 1 (APM vol. 2 §16.4.1). */
static u32 divide_shift(u32 divide)
{
	return (((divide & 3) | (divide & 8) >> 1) + 1) & 7;
}

static u64 clocks_to_tsc(const struct vapic *apic, u32 count)
{
	u64 clocks = (u64)count << divide_shift(apic->divide);
	u64 tsc = (u64)(((unsigned __int128)clocks * apic->tsc_per_count) >> 32);

	return count ? MAX(tsc, 1ull) : 0;
}

/* Lets the timer run with `remaining` clocks in its first round; 0 stops it. */
void vapic_timer_start(struct vapic *apic, u32 remaining, u64 now_tsc)
{
	apic->timer_period_tsc = clocks_to_tsc(apic, apic->initial_count);
	apic->timer_deadline_tsc = NO_DEADLINE;
	if (!apic->timer_period_tsc || !remaining) {
		apic->timer_period_tsc = 0;
		return;
	}
	apic->timer_deadline_tsc = now_tsc + clocks_to_tsc(apic, remaining);
	apic->timer_start_tsc = apic->timer_deadline_tsc - apic->timer_period_tsc;
}

static bool timer_periodic(const struct vapic *apic)
{
	return apic->lvt[VAPIC_LVT_INDEX_TIMER] & VAPIC_LVT_PERIODIC;
}

u32 vapic_timer_count(const struct vapic *apic, u64 now_tsc)
{
	u64 elapsed, clocks;

	if (!apic->timer_period_tsc)
		return 0;
	elapsed = now_tsc - apic->timer_start_tsc;
	if ((s64)elapsed < 0)
		elapsed = 0;
	if (elapsed >= apic->timer_period_tsc) {
		if (!timer_periodic(apic))
			return 0;
		elapsed %= apic->timer_period_tsc;
	}
	clocks = (u64)(((unsigned __int128)elapsed * apic->count_per_tsc) >> COUNT_FRACTION);
	clocks >>= divide_shift(apic->divide);
	/* Rounding must not show 0, which means that the timer has expired. */
	return clocks < apic->initial_count ? (u32)(apic->initial_count - clocks) : 1;
}

/* A masked timer counts but interrupts nobody, so nobody needs to look when it expires. */
u64 vapic_timer_deadline(const struct vapic *apic)
{
	if (apic->lvt[VAPIC_LVT_INDEX_TIMER] & VAPIC_LVT_MASKED)
		return NO_DEADLINE;
	return apic->timer_deadline_tsc;
}

bool vapic_timer_expire(struct vapic *apic, u64 now_tsc)
{
	u32 entry = apic->lvt[VAPIC_LVT_INDEX_TIMER];
	u64 period = apic->timer_period_tsc;

	if (apic->timer_deadline_tsc > now_tsc)
		return false;
	if (timer_periodic(apic)) {
		apic->timer_start_tsc += (now_tsc - apic->timer_start_tsc) / period * period;
		apic->timer_deadline_tsc = apic->timer_start_tsc + period;
	} else {
		apic->timer_period_tsc = 0;
		apic->timer_deadline_tsc = NO_DEADLINE;
	}
	if (entry & VAPIC_LVT_MASKED)
		return false;
	vapic_request(apic, (u8)entry, false);
	return true;
}
