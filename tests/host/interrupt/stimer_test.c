/* SPDX-License-Identifier: BSD-2-Clause */
/* Synthetic timers (TLFS "Timers"). Times are 100 ns reference time. */
#include "abi/hv_message.h"
#include "core/interrupt/stimer.h"
#include "tests/host/test.h"

#include <string.h>

#define NEVER	  (~0ull)
#define SINT(n)	  ((u64)(n) << 16)
#define VECTOR(n) ((u64)(n) << 4)
#define DIRECT	  (STIMER_DIRECT | VECTOR(0xed))

static struct stimer timer;
static struct stimer_fire fire;

static void setup(u64 config, u64 count, u64 now)
{
	memset(&timer, 0, sizeof(timer));
	stimer_reset(&timer);
	CHECK(stimer_write_config(&timer, config, now));
	stimer_write_count(&timer, count, now);
}

static bool expire(u64 now)
{
	bool fired = stimer_expire(&timer, 2, now, &fire);

	CHECK(timer.expiry > now);
	return fired;
}

static struct hv_timer_message_payload payload(void)
{
	struct hv_timer_message_payload copy;

	memcpy(&copy, timer.message.payload, sizeof(copy));
	return copy;
}

TEST(stimer_reset_values)
{
	struct stimer timers[STIMER_COUNT] = {0};

	for (u32 i = 0; i < STIMER_COUNT; i++)
		stimer_reset(&timers[i]);
	CHECK_EQ(NEVER, stimer_next(timers));
	CHECK_EQ(0, timers[3].config);
	CHECK_EQ(0, timers[3].count);
	CHECK(!stimer_expire(&timers[0], 0, NEVER - 1, &fire));
}

TEST(stimer_config_faults)
{
	setup(0, 0, 0);
	for (u32 bit = 0; bit < 64; bit++) {
		bool reserved = bit >= 20 || (bit >= 13 && bit <= 15);

		if (bit == 12)
			continue;
		if (!CHECK_EQ(!reserved, stimer_write_config(&timer, BIT(bit), 0)))
			CHECK_EQ(0, bit);
	}
	CHECK(!stimer_write_config(&timer, STIMER_DIRECT | VECTOR(15), 0));
	CHECK(!stimer_write_config(&timer, STIMER_DIRECT, 0));
	CHECK(stimer_write_config(&timer, STIMER_DIRECT | VECTOR(16), 0));
	CHECK_EQ(STIMER_DIRECT | VECTOR(16), timer.config);
}

/* What Linux does: one-shot, auto-enable, direct. */
TEST(stimer_direct_one_shot)
{
	setup(DIRECT | STIMER_AUTO_ENABLE, 5000, 1000);
	CHECK_EQ(DIRECT | STIMER_AUTO_ENABLE | STIMER_ENABLE, timer.config);
	CHECK_EQ(5000, timer.expiry);
	CHECK(!expire(4999));
	CHECK(expire(5000));
	CHECK_EQ(0xed, fire.vector);
	CHECK(fire.message == NULL);
	CHECK_EQ(DIRECT | STIMER_AUTO_ENABLE, timer.config);
	CHECK_EQ(NEVER, timer.expiry);
	CHECK(!expire(9000));
	stimer_write_count(&timer, 12000, 9000);
	CHECK_EQ(12000, timer.expiry);
	CHECK(stimer_write_config(&timer, 0, 9100));
	CHECK_EQ(NEVER, timer.expiry);
}

TEST(stimer_one_shot_in_the_past)
{
	setup(DIRECT | STIMER_AUTO_ENABLE, 10, 1000);
	CHECK(timer.expiry <= 1000);
	CHECK(expire(1000));
	CHECK_EQ(0xed, fire.vector);
	CHECK(!expire(1000));
}

TEST(stimer_message)
{
	setup(SINT(4) | STIMER_AUTO_ENABLE, 5000, 1000);
	CHECK(expire(5003));
	CHECK_EQ(0, fire.vector);
	REQUIRE(fire.message == &timer.message);
	CHECK_EQ(4, timer.message.sint);
	CHECK_EQ(HVMSG_TIMER_EXPIRED, timer.message.type);
	CHECK_EQ(24, timer.message.payload_size);
	CHECK_EQ(2, payload().timer_index);
	CHECK_EQ(0, payload().reserved);
	CHECK_EQ(5000, payload().expiration_time);
	CHECK_EQ(5003, payload().delivery_time);
}

TEST(stimer_message_needs_sint)
{
	setup(SINT(0) | STIMER_AUTO_ENABLE, 5000, 1000);
	CHECK_EQ(STIMER_AUTO_ENABLE, timer.config);
	CHECK_EQ(NEVER, timer.expiry);
	CHECK(stimer_write_config(&timer, SINT(0) | STIMER_ENABLE, 0));
	CHECK_EQ(0, timer.config);
	CHECK(stimer_write_config(&timer, SINT(1) | STIMER_ENABLE, 0));
	CHECK_EQ(SINT(1) | STIMER_ENABLE, timer.config);
	CHECK_EQ(5000, timer.expiry);
}

TEST(stimer_without_auto_enable)
{
	setup(DIRECT, 5000, 1000);
	CHECK_EQ(NEVER, timer.expiry);
	CHECK_EQ(5000, timer.count);
	CHECK(stimer_write_config(&timer, DIRECT | STIMER_ENABLE, 2000));
	CHECK_EQ(5000, timer.expiry);
}

TEST(stimer_count_zero)
{
	setup(DIRECT | STIMER_AUTO_ENABLE, 5000, 1000);
	stimer_write_count(&timer, 0, 1000);
	CHECK_EQ(DIRECT | STIMER_AUTO_ENABLE, timer.config);
	CHECK_EQ(NEVER, timer.expiry);
	CHECK(stimer_write_config(&timer, DIRECT | STIMER_ENABLE, 1000));
	CHECK_EQ(NEVER, timer.expiry);
	CHECK(!expire(100000));
	stimer_write_count(&timer, 7000, 1000);
	CHECK_EQ(7000, timer.expiry);
}

TEST(stimer_periodic)
{
	setup(DIRECT | STIMER_PERIODIC | STIMER_AUTO_ENABLE, 100, 1000);
	for (u64 due = 1100; due < 3000; due += 100) {
		CHECK_EQ(due, timer.expiry);
		CHECK(!expire(due - 1));
		CHECK(expire(due + 7));
		CHECK_EQ(0xed, fire.vector);
	}
	CHECK(timer.config & STIMER_ENABLE);
	stimer_write_count(&timer, 50, 3000);
	CHECK_EQ(3050, timer.expiry);
}

/* Three missed periods come at half distance, each with its own expiration time. */
TEST(stimer_periodic_catches_up)
{
	setup(SINT(1) | STIMER_PERIODIC | STIMER_AUTO_ENABLE, 100, 0);
	CHECK(expire(420));
	CHECK_EQ(100, payload().expiration_time);
	CHECK_EQ(470, timer.expiry);
	CHECK(expire(470));
	CHECK_EQ(200, payload().expiration_time);
	CHECK(expire(520));
	CHECK(expire(570));
	CHECK(expire(620));
	CHECK_EQ(500, payload().expiration_time);
	CHECK(expire(670));
	CHECK_EQ(600, payload().expiration_time);
	CHECK_EQ(700, timer.expiry);
	CHECK(expire(700));
	CHECK_EQ(800, timer.expiry);
}

/* Too many are forgiven at once: no storm, and the grid stays. */
TEST(stimer_periodic_skips)
{
	u32 fired = 0;

	setup(DIRECT | STIMER_PERIODIC | STIMER_AUTO_ENABLE, 100, 0);
	CHECK(expire(1000000050));
	CHECK_EQ(1000000100, timer.expiry);
	setup(DIRECT | STIMER_PERIODIC | STIMER_AUTO_ENABLE, 100, 0);
	for (u64 now = 10000; now < 20000; now++) {
		if (timer.expiry <= now)
			fired += expire(now);
	}
	CHECK(fired >= 100 && fired <= 106);
}

TEST(stimer_lazy)
{
	setup(SINT(1) | STIMER_LAZY | STIMER_PERIODIC | STIMER_AUTO_ENABLE, 100, 0);
	CHECK(expire(350));
	CHECK_EQ(100, payload().expiration_time);
	CHECK_EQ(400, timer.expiry);
	CHECK(expire(400));
	CHECK_EQ(500, timer.expiry);
	/* Shortly before the next one: left out. */
	CHECK(!expire(595));
	CHECK(fire.vector == 0 && fire.message == NULL);
	CHECK_EQ(600, timer.expiry);
	CHECK(expire(600));
	CHECK(!expire(10095));
	CHECK_EQ(10100, timer.expiry);
}

/* Each timer has one message buffer: an expiry joins the message that still waits. */
TEST(stimer_undelivered_message)
{
	setup(SINT(1) | STIMER_PERIODIC | STIMER_AUTO_ENABLE, 100, 0);
	CHECK(expire(100));
	REQUIRE(fire.message);
	fire.message->queued = true;
	CHECK(expire(200));
	CHECK(fire.message == NULL);
	CHECK_EQ(0, fire.vector);
	CHECK_EQ(200, payload().expiration_time);
	CHECK(stimer_write_config(&timer, SINT(5) | STIMER_PERIODIC | STIMER_ENABLE, 200));
	CHECK(expire(300));
	CHECK_EQ(1, timer.message.sint);
	timer.message.queued = false;
	CHECK(expire(400));
	CHECK(fire.message == &timer.message);
	CHECK_EQ(5, timer.message.sint);
}

TEST(stimer_reset_keeps_queued_message)
{
	setup(SINT(1) | STIMER_AUTO_ENABLE, 100, 0);
	timer.message.queued = true;
	timer.message.next = &timer.message;
	stimer_reset(&timer);
	CHECK(timer.message.queued);
	CHECK(timer.message.next == &timer.message);
}

TEST(stimer_extreme_counts)
{
	setup(DIRECT | STIMER_PERIODIC | STIMER_AUTO_ENABLE, NEVER - 10, 1000);
	CHECK_EQ(NEVER, timer.expiry);
	setup(DIRECT | STIMER_AUTO_ENABLE, NEVER, 1000);
	CHECK_EQ(NEVER, timer.expiry);
	CHECK(!expire(NEVER - 1));
	setup(DIRECT | STIMER_PERIODIC | STIMER_AUTO_ENABLE, 1, 1000);
	for (u64 now = 1001; now < 1100; now += 3)
		CHECK(expire(now));
	setup(DIRECT | STIMER_PERIODIC | STIMER_AUTO_ENABLE, BIT(63), 1000);
	CHECK(expire(BIT(63) + 1000));
	CHECK_EQ(NEVER, timer.expiry);
}

TEST(stimer_next_of_four)
{
	struct stimer timers[STIMER_COUNT] = {0};

	for (u32 i = 0; i < STIMER_COUNT; i++)
		stimer_reset(&timers[i]);
	CHECK(stimer_write_config(&timers[3], DIRECT | STIMER_AUTO_ENABLE, 0));
	stimer_write_count(&timers[3], 700, 0);
	CHECK_EQ(700, stimer_next(timers));
	CHECK(stimer_write_config(&timers[1], DIRECT | STIMER_AUTO_ENABLE, 0));
	stimer_write_count(&timers[1], 300, 0);
	CHECK_EQ(300, stimer_next(timers));
	CHECK(stimer_expire(&timers[1], 1, 300, &fire));
	CHECK_EQ(700, stimer_next(timers));
}

/* Random programming: expiry always ahead afterwards, never a signal before its time. */
TEST(stimer_random)
{
	u64 now = 0;

	memset(&timer, 0, sizeof(timer));
	stimer_reset(&timer);
	for (u32 i = 0; i < 20000; i++) {
		u64 due = timer.due;

		now += test_random() % 300;
		switch (test_random() % 16) {
		case 0:
			CHECK(stimer_write_config(&timer, DIRECT | (test_random() & 0xf), now));
			break;
		case 1:
			stimer_write_count(&timer, test_random() % 200 + (now & 0x1000), now);
			break;
		default:
			if (expire(now))
				CHECK(due <= now);
			break;
		}
		CHECK(timer.expiry >= timer.due || timer.due == NEVER);
		CHECK(timer.expiry == NEVER || (timer.config & STIMER_ENABLE));
	}
}
