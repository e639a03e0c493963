/* SPDX-License-Identifier: BSD-2-Clause */
/* The virtual local APIC's timer, and the parent's view of the whole APIC. */
#include "abi/hv_state.h"
#include "core/interrupt/vapic.h"
#include "tests/host/test.h"

#include <string.h>

/* Ten TSC ticks per timer input clock, twenty per count at the reset divisor 2. */
#define TSC_HZ	 2000000000ull
#define TIMER_HZ 200000000ull
#define ONE_SHOT 0x00030u
#define PERIODIC 0x20030u
#define MASKED	 0x10000u
#define BY_1	 0xb

static struct vapic apic;
static struct vapic_effect effect;

static bool write_at(u64 now, enum vapic_register reg, u64 value)
{
	return vapic_write(&apic, reg, true, value, now, &effect);
}

static u64 count_at(u64 now)
{
	u64 value;

	CHECK(vapic_read(&apic, VAPIC_CURRENT_COUNT, true, now, &value));
	return value;
}

static void setup(u32 entry)
{
	vapic_reset(&apic, 0, false, true, TSC_HZ, TIMER_HZ);
	CHECK(write_at(0, VAPIC_SPURIOUS, 0x1ff));
	CHECK(write_at(0, VAPIC_LVT_TIMER, entry));
}

/* Ends what vapic_timer_expire() has requested, so that the next request counts. */
static void take(u8 vector)
{
	bool level;

	CHECK_EQ(vector, vapic_deliverable(&apic));
	vapic_accept(&apic, vector);
	vapic_end(&apic, &level);
}

TEST(vapic_timer_one_shot)
{
	setup(ONE_SHOT);
	CHECK(write_at(1000, VAPIC_INITIAL_COUNT, 50));
	CHECK_EQ(VAPIC_TIMER_CHANGED, effect.kind);
	CHECK_EQ(2000, vapic_timer_deadline(&apic));
	CHECK_EQ(50, count_at(1000));
	CHECK_EQ(25, count_at(1500));
	CHECK_EQ(1, count_at(1999));
	CHECK_EQ(0, count_at(2000));
	CHECK(!vapic_timer_expire(&apic, 1999));
	CHECK_EQ(-1, vapic_deliverable(&apic));
	CHECK(vapic_timer_expire(&apic, 2000));
	take(0x30);
	CHECK_EQ(~0ull, vapic_timer_deadline(&apic));
	CHECK_EQ(0, count_at(5000));
	CHECK(!vapic_timer_expire(&apic, 5000));
}

TEST(vapic_timer_periodic)
{
	setup(PERIODIC);
	CHECK(write_at(1000, VAPIC_INITIAL_COUNT, 50));
	for (u64 deadline = 2000; deadline < 10000; deadline += 1000) {
		CHECK_EQ(deadline, vapic_timer_deadline(&apic));
		CHECK(vapic_timer_expire(&apic, deadline + 3));
		take(0x30);
		CHECK_EQ(50, count_at(deadline + 3));
		CHECK_EQ(25, count_at(deadline + 500));
	}
}

TEST(vapic_timer_missed_periods)
{
	setup(PERIODIC);
	CHECK(write_at(1000, VAPIC_INITIAL_COUNT, 50));
	CHECK(vapic_timer_expire(&apic, 7999));
	CHECK_EQ(8000, vapic_timer_deadline(&apic));
	CHECK(!vapic_timer_expire(&apic, 7999));
	CHECK(vapic_timer_expire(&apic, 8000));
	CHECK_EQ(9000, vapic_timer_deadline(&apic));
}

/* The count of a periodic timer is right even before anybody handled its expiry. */
TEST(vapic_timer_count_wraps)
{
	setup(PERIODIC);
	CHECK(write_at(0, VAPIC_INITIAL_COUNT, 100));
	CHECK_EQ(50, count_at(1000));
	CHECK_EQ(100, count_at(2000));
	CHECK_EQ(50, count_at(7000));
}

TEST(vapic_timer_masked)
{
	setup(ONE_SHOT | MASKED);
	CHECK(write_at(0, VAPIC_INITIAL_COUNT, 50));
	CHECK_EQ(~0ull, vapic_timer_deadline(&apic));
	CHECK_EQ(25, count_at(500));
	CHECK(write_at(500, VAPIC_LVT_TIMER, ONE_SHOT));
	CHECK_EQ(VAPIC_TIMER_CHANGED, effect.kind);
	CHECK_EQ(1000, vapic_timer_deadline(&apic));
	CHECK(write_at(600, VAPIC_LVT_TIMER, ONE_SHOT | MASKED));
	CHECK(write_at(1500, VAPIC_LVT_TIMER, ONE_SHOT));
	CHECK_EQ(~0ull, vapic_timer_deadline(&apic));
	CHECK_EQ(-1, vapic_deliverable(&apic));
}

/* An expiry that was due before the guest changed the timer is not forgotten. */
TEST(vapic_timer_due_at_write)
{
	setup(ONE_SHOT);
	CHECK(write_at(0, VAPIC_INITIAL_COUNT, 50));
	CHECK(write_at(1001, VAPIC_INITIAL_COUNT, 70));
	take(0x30);
	CHECK_EQ(2401, vapic_timer_deadline(&apic));
	CHECK(write_at(2500, VAPIC_LVT_TIMER, ONE_SHOT | MASKED));
	take(0x30);
	CHECK(write_at(2600, VAPIC_LVT_TIMER, ONE_SHOT));
	CHECK(write_at(3000, VAPIC_INITIAL_COUNT, 50));
	CHECK(write_at(4000, VAPIC_DIVIDE, BY_1));
	take(0x30);
}

TEST(vapic_timer_stops)
{
	setup(PERIODIC);
	CHECK(write_at(0, VAPIC_INITIAL_COUNT, 50));
	CHECK(write_at(500, VAPIC_INITIAL_COUNT, 0));
	CHECK_EQ(~0ull, vapic_timer_deadline(&apic));
	CHECK_EQ(0, count_at(600));
	CHECK(!vapic_timer_expire(&apic, 100000));
	CHECK(write_at(0, VAPIC_INITIAL_COUNT, 50));
	CHECK(write_at(500, VAPIC_SPURIOUS, 0xff));
	CHECK_EQ(VAPIC_TIMER_CHANGED, effect.kind);
	CHECK_EQ(~0ull, vapic_timer_deadline(&apic));
}

TEST(vapic_timer_divide)
{
	static const u8 shifts[][2] = {
		{0x0, 1}, {0x1, 2}, {0x2, 3}, {0x3, 4}, {0x8, 5}, {0x9, 6}, {0xa, 7}, {0xb, 0}};

	for (u32 i = 0; i < ARRAY_SIZE(shifts); i++) {
		setup(ONE_SHOT);
		CHECK(write_at(0, VAPIC_DIVIDE, shifts[i][0]));
		CHECK(write_at(0, VAPIC_INITIAL_COUNT, 1000));
		CHECK_EQ(10000ull << shifts[i][1], vapic_timer_deadline(&apic));
		CHECK_EQ(750, count_at(2500ull << shifts[i][1]));
	}
}

TEST(vapic_timer_divide_while_running)
{
	setup(PERIODIC);
	CHECK(write_at(0, VAPIC_INITIAL_COUNT, 100));
	CHECK(write_at(1000, VAPIC_DIVIDE, BY_1));
	CHECK_EQ(50, count_at(1000));
	CHECK_EQ(1500, vapic_timer_deadline(&apic));
	CHECK_EQ(25, count_at(1250));
	CHECK(vapic_timer_expire(&apic, 1500));
	CHECK_EQ(2500, vapic_timer_deadline(&apic));
	setup(ONE_SHOT);
	CHECK(write_at(0, VAPIC_DIVIDE, BY_1));
	CHECK_EQ(~0ull, vapic_timer_deadline(&apic));
}

/* No TSC-deadline mode: bit 18 is reserved. */
TEST(vapic_timer_no_deadline_mode)
{
	setup(ONE_SHOT);
	CHECK(!write_at(0, VAPIC_LVT_TIMER, 0x40030));
	CHECK_EQ(ONE_SHOT, apic.lvt[1]);
}

TEST(vapic_timer_coalesces)
{
	setup(PERIODIC);
	CHECK(write_at(0, VAPIC_INITIAL_COUNT, 50));
	CHECK(vapic_timer_expire(&apic, 1000));
	CHECK(vapic_timer_expire(&apic, 2000));
	take(0x30);
	CHECK_EQ(-1, vapic_deliverable(&apic));
}

/* Odd frequencies: deadline and count agree to a tick; the longest timer does not overflow. */
TEST(vapic_timer_frequencies)
{
	static const u64 hz[][2] = {{2893437123ull, 200000000}, {1000000000, 1000000000},
		{1000000000, 3000000001ull}, {4999999999ull, 1000003}, {100000000, 999999999}};

	for (u32 i = 0; i < ARRAY_SIZE(hz); i++) {
		u64 deadline, last = ~0ull;

		vapic_reset(&apic, 0, false, true, hz[i][0], hz[i][1]);
		CHECK(write_at(0, VAPIC_SPURIOUS, 0x1ff));
		CHECK(write_at(0, VAPIC_LVT_TIMER, ONE_SHOT));
		CHECK(write_at(0, VAPIC_DIVIDE, 0xa));
		CHECK(write_at(777, VAPIC_INITIAL_COUNT, 0xffffffff));
		deadline = vapic_timer_deadline(&apic);
		CHECK_EQ((u64)(128.0 * 0xffffffff * (double)hz[i][0] / (double)hz[i][1] / 1e6),
			(deadline - 777) / 1000000);
		CHECK_EQ(0xffffffff, count_at(777));
		for (u64 now = 777; now < deadline; now += (deadline - 777) / 97 + 1) {
			u64 count = count_at(now);
			double ideal =
				4294967295.0 * (1 - (double)(now - 777) / (double)(deadline - 777));

			CHECK(count <= last && count >= 1);
			CHECK((double)count - ideal < 64 && ideal - (double)count < 64);
			last = count;
		}
		CHECK(count_at(deadline - 1) >= 1 && count_at(deadline - 1) <= 4);
		CHECK_EQ(0, count_at(deadline));
	}
}

/* A count of 1 on a fast timer still takes time: the deadline lies ahead. */
TEST(vapic_timer_shortest)
{
	vapic_reset(&apic, 0, false, true, 1000000000, 4000000000ull);
	CHECK(write_at(0, VAPIC_SPURIOUS, 0x1ff));
	CHECK(write_at(0, VAPIC_LVT_TIMER, PERIODIC));
	CHECK(write_at(0, VAPIC_DIVIDE, BY_1));
	CHECK(write_at(100, VAPIC_INITIAL_COUNT, 1));
	CHECK_EQ(101, vapic_timer_deadline(&apic));
	CHECK(vapic_timer_expire(&apic, 150));
	CHECK_EQ(151, vapic_timer_deadline(&apic));
}

static struct hv_local_interrupt_controller_state state;

TEST(vapic_state_round_trip)
{
	struct hv_local_interrupt_controller_state again;

	setup(PERIODIC);
	write_at(0, VAPIC_LVT_LINT0, 0x700);
	write_at(0, VAPIC_ICR, 0x0000001200000845ull);
	write_at(0, VAPIC_SELF_IPI, 1);
	write_at(0, VAPIC_DIVIDE, BY_1);
	write_at(0, VAPIC_INITIAL_COUNT, 100);
	vapic_request(&apic, 0x61, true);
	vapic_request(&apic, 0xf3, false);
	vapic_accept(&apic, 0x61);
	vapic_get_state(&apic, 400, &state);
	CHECK_EQ(0x00060015, state.apic_version);
	CHECK_EQ(2, state.apic_isr[3]);
	CHECK_EQ(2, state.apic_tmr[3]);
	CHECK_EQ(BIT(0x13), state.apic_irr[7]);
	CHECK_EQ(60, state.apic_counter_value);
	CHECK_EQ(0x12, state.apic_icr_high);
	CHECK_EQ(0x845, state.apic_icr_low);
	CHECK_EQ(0x20, state.apic_error_status);
	vapic_reset(&apic, 0, false, true, TSC_HZ, TIMER_HZ);
	vapic_set_state(&apic, 5000, &state);
	CHECK_EQ(5600, vapic_timer_deadline(&apic));
	CHECK_EQ(0xf3, vapic_deliverable(&apic));
	CHECK_EQ(0x60, vapic_ppr(&apic));
	vapic_get_state(&apic, 5000, &again);
	CHECK_EQ(0, memcmp(&state, &again, sizeof(state)));
}

TEST(vapic_state_hostile)
{
	bool level;

	setup(ONE_SHOT);
	vapic_request(&apic, 0x99, false);
	memset(&state, 0xff, sizeof(state));
	vapic_set_state(&apic, 0, &state);
	CHECK_EQ(0x300ff, apic.lvt[1]);
	CHECK_EQ(0xffff0000, apic.irr[0]);
	CHECK_EQ(0xffff0000, apic.isr[0]);
	CHECK_EQ(0, apic.id);
	CHECK_EQ(1, apic.ldr);
	CHECK_EQ(0xb, apic.divide);
	for (int vector = 255; vector >= 16; vector--)
		CHECK_EQ(vector, vapic_end(&apic, &level));
	CHECK_EQ(-1, vapic_end(&apic, &level));
	memset(&state, 0, sizeof(state));
	vapic_set_state(&apic, 0, &state);
	CHECK_EQ(-1, vapic_highest_request(&apic));
	CHECK_EQ(0, apic.irr_words);
	CHECK_EQ(~0ull, vapic_timer_deadline(&apic));
}

/* QEMU reads the state of a new VP, opens the LINT entries and writes it back. */
TEST(vapic_state_as_qemu)
{
	vapic_reset(&apic, 2, false, false, TSC_HZ, TIMER_HZ);
	vapic_get_state(&apic, 0, &state);
	CHECK_EQ(0x02000000, state.apic_id);
	CHECK_EQ(0xff, state.apic_spurious);
	state.apic_lvt_lint0 = 0x700;
	state.apic_lvt_lint1 = 0x400;
	vapic_set_state(&apic, 0, &state);
	vapic_get_state(&apic, 0, &state);
	CHECK_EQ(0x700, state.apic_lvt_lint0);
	CHECK_EQ(0x400, state.apic_lvt_lint1);
	CHECK_EQ(0xffffffff, state.apic_dfr);
	CHECK(vapic_matches(&apic, 2, false));
}

/* A due expiry becomes a request in the image instead of a count of 0 that never fires. */
TEST(vapic_state_of_due_timer)
{
	setup(ONE_SHOT);
	CHECK(write_at(0, VAPIC_INITIAL_COUNT, 50));
	vapic_get_state(&apic, 1000, &state);
	CHECK_EQ(0, state.apic_counter_value);
	CHECK_EQ(BIT(0x10), state.apic_irr[1]);
}
