/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Clocks and timers of a partition.
 *
 * What: the reference counter and the reference TSC page, the four synthetic timers in every mode
 * (one-shot, periodic, auto-enabled, by message, by vector), the APIC timer.
 * Why: one physical timer per processor serves all of them; what is filed in the wrong order, on
 * the wrong processor or not again fires late or never. A clock that two readings of the same
 * moment do not agree on makes Linux mark it unstable, one that steps back hangs it.
 * How: clocks are read alternately and must be ordered, as a later reading of one may never lie
 * before an earlier one of another. Timers must not be early, not even by one unit; how late they
 * may be depends on the machine below, so the bound is generous (50 ms) and only a timer that was
 * forgotten misses it. Message timers must name themselves, their due time and the time of
 * delivery.
 */
#include "abi/hv_message.h"
#include "abi/hv_msr.h"
#include "abi/hv_state.h"
#include "tests/emulator/lib/apic.h"
#include "tests/emulator/lib/cpu.h"
#include "tests/emulator/lib/report.h"

#define VECTOR	    0x71
#define SINT_VECTOR 0x72
#define SINT	    4
#define MS	    10000ul /* in 100 ns */
#define LATE	    (50 * MS)

static volatile u64 fired_at;

static void note_time(struct frame *frame)
{
	fired_at = time_100ns();
	interrupt_count(frame);
}

static u32 fired(void)
{
	return this_cpu()->count[VECTOR];
}

/* Sleeps until the vector has come `count` times, but no longer than 2 s. */
static void sleep_for(u8 vector, u32 count)
{
	u64 end = time_100ns() + 2000 * MS;

	interrupts_on();
	while (this_cpu()->count[vector] < count && time_100ns() < end)
		relax();
	interrupts_off();
}

/* ---- Clocks ---- */

static u64 page_time(const volatile struct hv_reference_tsc_page *page)
{
	return (u64)(((unsigned __int128)tsc() * page->tsc_scale) >> 64) + (u64)page->tsc_offset;
}

static void check_clocks(void)
{
	u64 msr = msr_read(HV_X64_MSR_REFERENCE_TSC);
	const volatile struct hv_reference_tsc_page *page =
		(const void *)(msr & HV_MSR_PAGE_ADDRESS_MASK);
	u64 last = 0, backwards = 0, frequency = msr_read(HV_X64_MSR_TSC_FREQUENCY);
	u64 ticks, time;

	msr_write(HV_X64_MSR_REFERENCE_TSC, msr | HV_MSR_PAGE_ENABLE);
	check_that(page->tsc_sequence != 0, page->tsc_sequence, "reference TSC page is valid");
	for (u32 i = 0; i < 20000; i++) {
		u64 now = i & 1 ? page_time(page) : time_100ns();

		backwards += now < last;
		last = now;
	}
	check(0, backwards, "reference page and counter never step back against each other");
	ticks = tsc();
	time = time_100ns();
	wait_100ns(100 * MS);
	time = time_100ns() - time;
	ticks = tsc() - ticks;
	ticks = ticks * 1000 / frequency; /* ms */
	check_that(ticks >= time / MS - 1 && ticks <= time / MS + 20, ticks,
		"TSC_FREQUENCY agrees with the counter over %lu ms", time / MS);
}

/* ---- Synthetic timers ---- */

static u64 direct(u64 flags)
{
	return flags | HV_STIMER_CONFIG_DIRECT_MODE | (u64)VECTOR << HV_STIMER_CONFIG_VECTOR_SHIFT;
}

static void set_timer(u32 timer, u64 config, u64 count)
{
	msr_write(HV_X64_MSR_STIMER0_CONFIG + 2 * timer, 0);
	msr_write(HV_X64_MSR_STIMER0_COUNT + 2 * timer, count);
	msr_write(HV_X64_MSR_STIMER0_CONFIG + 2 * timer, config);
}

static void check_punctual(u64 due, const char *name, u32 timer)
{
	check(1, fired(), "%s, timer %u: fires once", name, timer);
	check_that(fired_at >= due, due - fired_at, "%s, timer %u: not early", name, timer);
	check_that(fired_at < due + LATE, fired_at - due, "%s, timer %u: not late", name, timer);
}

static void check_one_shot(u32 timer)
{
	u32 config = HV_X64_MSR_STIMER0_CONFIG + 2 * timer;
	u64 due = time_100ns() + 50 * MS;

	interrupt_forget();
	set_timer(timer, direct(HV_STIMER_CONFIG_ENABLE), due);
	check(1, msr_read(config) & 1, "one-shot, timer %u: enabled", timer);
	sleep_for(VECTOR, 1);
	check_punctual(due, "one-shot", timer);
	check(0, msr_read(config) & 1, "one-shot, timer %u: disables itself", timer);
	interrupt_forget();
	due = time_100ns() + 50 * MS;
	set_timer(timer, direct(HV_STIMER_CONFIG_AUTO_ENABLE), 0);
	msr_write(config + 1, due);
	check(1, msr_read(config) & 1, "auto-enabled, timer %u: enabled by the count", timer);
	sleep_for(VECTOR, 1);
	check_punctual(due, "auto-enabled", timer);
	interrupt_forget();
	due = time_100ns();
	msr_write(config + 1, due - MS);
	sleep_for(VECTOR, 1);
	check_punctual(due, "due in the past", timer);
	interrupt_forget();
	msr_write(config + 1, time_100ns() + 50 * MS);
	msr_write(config, 0);
	interrupts_on();
	wait_100ns(60 * MS);
	interrupts_off();
	check(0, fired(), "disabled in time, timer %u: does not fire", timer);
}

static void check_periodic(void)
{
	u64 start = time_100ns();
	u64 time;

	interrupt_forget();
	set_timer(0, direct(HV_STIMER_CONFIG_ENABLE | HV_STIMER_CONFIG_PERIODIC), 2 * MS);
	sleep_for(VECTOR, 50);
	time = fired_at - start;
	check_that(fired() >= 50, fired(), "periodic: 50 expirations");
	check_that(time >= 100 * MS, time, "periodic: 50 periods are not shorter than 100 ms");
	check_that(time < 100 * MS + 10 * LATE, time, "periodic: 50 periods are not much longer");
	check(1, msr_read(HV_X64_MSR_STIMER0_CONFIG) & 1, "periodic: stays enabled");
	msr_write(HV_X64_MSR_STIMER0_COUNT, 0);
	check(0, msr_read(HV_X64_MSR_STIMER0_CONFIG) & 1, "periodic: a count of 0 disables");
	set_timer(0, 0, 0);
}

static struct hv_message *enable_messages(void)
{
	u64 simp = msr_read(HV_X64_MSR_SIMP);

	msr_write(HV_X64_MSR_SIMP, simp | HV_MSR_PAGE_ENABLE);
	msr_write(HV_X64_MSR_SCONTROL, HV_SCONTROL_ENABLE);
	msr_write(HV_X64_MSR_SINT0 + SINT, SINT_VECTOR);
	return &((struct hv_message_page *)(simp & HV_MSR_PAGE_ADDRESS_MASK))->sint[SINT];
}

static void check_message(void)
{
	struct hv_message *slot = enable_messages();
	const struct hv_timer_message_payload *payload = (const void *)slot->payload;
	u64 config = HV_STIMER_CONFIG_ENABLE | (u64)SINT << HV_STIMER_CONFIG_SINT_SHIFT;
	u64 due = time_100ns() + 3 * MS;

	interrupt_forget();
	set_timer(2, config, due);
	sleep_for(SINT_VECTOR, 1);
	check(1, this_cpu()->count[SINT_VECTOR], "message timer: its SINT's vector comes");
	check(HVMSG_TIMER_EXPIRED, slot->header.message_type, "message timer: type");
	check(24, slot->header.payload_size, "message timer: size");
	check(2, payload->timer_index, "message timer: index");
	check(due, payload->expiration_time, "message timer: due time");
	check_that(payload->delivery_time >= due && payload->delivery_time < due + LATE,
		payload->delivery_time - due, "message timer: time of delivery");
	/* The slot is still full: the next message has to wait for EOM. */
	due = time_100ns() + MS;
	set_timer(1, config, due);
	interrupts_on();
	wait_100ns(5 * MS);
	interrupts_off();
	check(1, this_cpu()->count[SINT_VECTOR], "second message: waits for the slot");
	check(1, slot->header.flags & HV_MESSAGE_FLAG_PENDING, "second message: is announced");
	atomic_store(&slot->header.message_type, HVMSG_NONE);
	memory_fence();
	msr_write(HV_X64_MSR_EOM, 0);
	sleep_for(SINT_VECTOR, 2);
	check(HVMSG_TIMER_EXPIRED, slot->header.message_type, "second message: comes after EOM");
	check(1, payload->timer_index, "second message: index");
	atomic_store(&slot->header.message_type, HVMSG_NONE);
	set_timer(1, HV_STIMER_CONFIG_ENABLE, due);
	check(0, msr_read(HV_X64_MSR_STIMER1_CONFIG) & 1, "SINT 0 is not for timers");
}

/*
 * All four at once, set in another order than they are due. Earlier ones have higher vectors, so
 * that the order stays the same if all have come when we look.
 */
static void check_together(void)
{
	u64 start = time_100ns() + 5 * MS;
	static const u8 places[4] = {2, 0, 3, 1};

	interrupt_forget();
	for (u32 i = 0; i < 4; i++) {
		u8 vector = (u8)(0x6f - places[i]);
		u64 config = HV_STIMER_CONFIG_DIRECT_MODE | HV_STIMER_CONFIG_ENABLE |
			     (u64)vector << HV_STIMER_CONFIG_VECTOR_SHIFT;

		interrupt_handle(vector, interrupt_count);
		set_timer(i, config, start + places[i] * 20 * MS);
	}
	sleep_for(0x6f - 3, 1);
	check(4, this_cpu()->order_count, "four timers: all fire");
	for (u32 i = 0; i < 4; i++)
		check(0x6f - i, this_cpu()->order[i], "four timers: place %u", i);
}

/* ---- The APIC timer ---- */

static void check_apic_timer(void)
{
	u64 frequency = msr_read(HV_X64_MSR_APIC_FREQUENCY);
	u32 count = (u32)(frequency / 20); /* 50 ms */
	u64 start, time;

	interrupt_forget();
	msr_write(APIC_DIVIDE, DIVIDE_BY_1);
	msr_write(APIC_LVT_TIMER, VECTOR);
	start = time_100ns();
	msr_write(APIC_INITIAL_COUNT, count);
	time = msr_read(APIC_CURRENT_COUNT);
	check_that(time && time <= count, time, "APIC timer: counts down");
	sleep_for(VECTOR, 1);
	check(1, fired(), "APIC timer: fires once");
	check_that(fired_at - start >= 50 * MS, fired_at - start, "APIC timer: not early");
	check_that(fired_at - start < 50 * MS + LATE, fired_at - start, "APIC timer: not late");
	check(0, msr_read(APIC_CURRENT_COUNT), "APIC timer: stands at 0");
	interrupt_forget();
	msr_write(APIC_LVT_TIMER, LVT_PERIODIC | VECTOR);
	start = time_100ns();
	msr_write(APIC_INITIAL_COUNT, count / 20);
	sleep_for(VECTOR, 20);
	time = fired_at - start;
	check_that(fired() >= 20, fired(), "APIC timer: 20 periods");
	check_that(time >= 50 * MS && time < 50 * MS + 10 * LATE, time, "APIC timer: of 2.5 ms");
	msr_write(APIC_LVT_TIMER, LVT_MASKED | VECTOR);
	interrupts_on(); /* what came before that may still wait */
	interrupts_off();
	interrupt_forget();
	interrupts_on();
	wait_100ns(10 * MS);
	interrupts_off();
	check(0, fired(), "APIC timer: masked");
	msr_write(APIC_INITIAL_COUNT, 0);
	check(0, msr_read(APIC_CURRENT_COUNT), "APIC timer: a count of 0 stops it");
}

/* Sleeping processors are woken by their timers. */
static void check_sleep(void)
{
	u32 early = 0, late = 0;

	interrupt_forget();
	for (u32 i = 0; i < 100; i++) {
		u64 due = time_100ns() + 1000;

		set_timer(0, direct(HV_STIMER_CONFIG_ENABLE), due);
		while (fired() <= i)
			interrupts_wait();
		early += fired_at < due;
		late += fired_at > due + LATE;
	}
	check(0, early, "100 sleeps of 100 us: none ends early");
	check(0, late, "100 sleeps of 100 us: none ends late");
}

void test_main(void)
{
	interrupt_handle(VECTOR, note_time);
	interrupt_handle(SINT_VECTOR, interrupt_count);
	check_clocks();
	for (u32 i = 0; i < 4; i++)
		check_one_shot(i);
	check_periodic();
	check_message();
	check_together();
	check_apic_timer();
	check_sleep();
}
