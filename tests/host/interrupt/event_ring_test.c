/* SPDX-License-Identifier: BSD-2-Clause */
/* The doorbell rings of the SynIC, drained the way Linux's mshv driver does it. */
#include "abi/hv_message.h"
#include "core/interrupt/synic.h"
#include "core/lib/spinlock.h"
#include "tests/host/test.h"

#include <pthread.h>
#include <string.h>

#define MESSAGE_SPA 0x10000
#define RING_SPA    0x20000
#define VECTOR	    0xf3
#define SINT	    HV_SYNIC_SINT_DOORBELL
#define ENTRIES	    HV_SYNIC_EVENT_RING_ENTRIES

static struct synic synic;
static u32 tail;
static u32 notifications;

static struct hv_message *slot(void)
{
	return &((struct hv_message_page *)machine_ram(MESSAGE_SPA))->sint[0];
}

static struct hv_synic_event_ring *ring(void)
{
	return &((struct hv_synic_event_ring_page *)machine_ram(RING_SPA))->sint[SINT];
}

static void setup(void)
{
	memset(&synic, 0, sizeof(synic));
	synic_reset(&synic);
	synic.control = SYNIC_ENABLE;
	synic.message_page = machine_ram(MESSAGE_SPA);
	synic.ring_page = machine_ram(RING_SPA);
	CHECK(synic_write_sint(&synic, 0, VECTOR));
	CHECK(synic_write_sint(&synic, SINT, SYNIC_SINT_AS_INTERCEPT | VECTOR));
	tail = 0;
	notifications = 0;
}

/* Takes one port id; tells the hypervisor about a drained ring when it is marked full. */
static u32 guest_take(void)
{
	u32 port = atomic_load(&ring()->data[tail]);

	if (!port && atomic_load(&ring()->ring_full)) {
		atomic_store(&ring()->ring_full, (u8)0);
		notifications++;
		synic_ring_empty(&synic, SINT);
		port = atomic_load(&ring()->data[tail]);
	}
	if (!port) {
		atomic_store(&ring()->signal_masked, (u8)0);
		memory_fence();
		port = atomic_load(&ring()->data[tail]);
		if (!port)
			return 0;
	}
	atomic_store(&ring()->signal_masked, (u8)1);
	atomic_store(&ring()->data[tail], 0u);
	tail = (tail + 1) % ENTRIES;
	return port;
}

static void guest_consume_message(void)
{
	atomic_store(&slot()->header.message_type, (u32)HVMSG_NONE);
}

TEST(ring_signal_as_intercept)
{
	struct synic_assert result;

	setup();
	result = synic_ring_signal(&synic, SINT, 7, 0x42);
	CHECK_EQ(VECTOR, result.vector);
	CHECK(!result.dropped);
	CHECK_EQ(7, ring()->data[0]);
	CHECK_EQ(HVMSG_SYNIC_SINT_INTERCEPT, slot()->header.message_type);
	CHECK_EQ(0x42, slot()->header.sender);
	CHECK_EQ(4, slot()->header.payload_size);
	CHECK_EQ(SINT, slot()->payload[0]);
	CHECK_EQ(7, guest_take());
	CHECK_EQ(0, guest_take());
}

TEST(ring_page_layout)
{
	u8 *bytes = machine_ram(RING_SPA + SINT * 256);

	setup();
	synic_ring_signal(&synic, SINT, 0x00345678, 1);
	CHECK_EQ(0x78, bytes[4]);
	CHECK_EQ(0x56, bytes[5]);
	CHECK_EQ(0x34, bytes[6]);
	CHECK_EQ(0, bytes[0]);
	CHECK_EQ(0, bytes[1]);
}

TEST(ring_direct_signal)
{
	struct synic_assert result;

	setup();
	CHECK(synic_write_sint(&synic, SINT, SYNIC_SINT_AUTO_EOI | 0x99));
	result = synic_ring_signal(&synic, SINT, 7, 1);
	CHECK_EQ(0x99, result.vector);
	CHECK(result.auto_eoi);
	CHECK_EQ(0, slot()->header.message_type);
}

/* While the guest drains it asks for silence; entries arrive, signals do not. */
TEST(ring_signal_masked)
{
	setup();
	CHECK_EQ(VECTOR, synic_ring_signal(&synic, SINT, 1, 1).vector);
	CHECK_EQ(1, guest_take());
	guest_consume_message();
	CHECK_EQ(0, synic_ring_signal(&synic, SINT, 2, 1).vector);
	CHECK_EQ(0, slot()->header.message_type);
	CHECK_EQ(2, guest_take());
	CHECK_EQ(0, guest_take());
	CHECK_EQ(VECTOR, synic_ring_signal(&synic, SINT, 3, 1).vector);
}

/* At most one signal in the slot and one behind it, however many doorbells ring. */
TEST(ring_signals_coalesce)
{
	setup();
	CHECK_EQ(VECTOR, synic_ring_signal(&synic, SINT, 1, 1).vector);
	for (u32 i = 2; i < 30; i++)
		CHECK_EQ(0, synic_ring_signal(&synic, SINT, i, 1).vector);
	CHECK(synic.ring_signal[SINT].queued);
	CHECK(synic.ring_signal[SINT].next == NULL);
	guest_consume_message();
	CHECK_EQ(VECTOR, synic_scan(&synic, 0).vector);
	guest_consume_message();
	CHECK_EQ(0, synic_scan(&synic, 0).vector);
	for (u32 i = 1; i < 30; i++)
		CHECK_EQ(i, guest_take());
}

TEST(ring_signals_of_two_sints)
{
	setup();
	CHECK(synic_write_sint(&synic, 6, SYNIC_SINT_AS_INTERCEPT | VECTOR));
	synic_ring_signal(&synic, SINT, 1, 1);
	synic_ring_signal(&synic, 6, 1, 1);
	CHECK_EQ(SINT, slot()->payload[0]);
	guest_consume_message();
	CHECK_EQ(VECTOR, synic_scan(&synic, 0).vector);
	CHECK_EQ(6, slot()->payload[0]);
}

TEST(ring_wraps)
{
	setup();
	for (u32 i = 1; i <= 5 * ENTRIES; i++) {
		CHECK(!synic_ring_signal(&synic, SINT, i, 1).dropped);
		CHECK_EQ(i, guest_take());
	}
	CHECK_EQ(0, guest_take());
	CHECK_EQ(0, notifications);
	CHECK_EQ((5 * ENTRIES) % ENTRIES, synic.ring_head[SINT]);
}

TEST(ring_full)
{
	struct synic_assert result;

	setup();
	for (u32 i = 1; i <= ENTRIES; i++)
		CHECK(!synic_ring_signal(&synic, SINT, i, 1).dropped);
	CHECK_EQ(0, ring()->ring_full);
	result = synic_ring_signal(&synic, SINT, 1000, 1);
	CHECK(result.dropped);
	CHECK_EQ(1, ring()->ring_full);
	CHECK(!synic_ring_signal(&synic, SINT, 17, 1).dropped);
	for (u32 i = 1; i <= ENTRIES; i++)
		CHECK_EQ(i, guest_take());
	CHECK_EQ(0, guest_take());
	CHECK_EQ(1, notifications);
	CHECK_EQ(0, ring()->ring_full);
	CHECK(!synic_ring_signal(&synic, SINT, 1001, 1).dropped);
	CHECK_EQ(1001, guest_take());
}

/* A guest that overlooks ring_full keeps its doorbells: freed entries are used again. */
TEST(ring_full_overlooked)
{
	setup();
	for (u32 i = 1; i <= ENTRIES + 1; i++)
		synic_ring_signal(&synic, SINT, i, 1);
	CHECK_EQ(1, guest_take());
	CHECK(!synic_ring_signal(&synic, SINT, 500, 1).dropped);
	for (u32 i = 2; i <= ENTRIES; i++)
		CHECK_EQ(i, guest_take());
	CHECK_EQ(500, guest_take());
}

/* An entry that came after the guest's last look is signalled at the notification. */
TEST(ring_empty_signals_again)
{
	setup();
	CHECK_EQ(0, synic_ring_empty(&synic, SINT).vector);
	ring()->signal_masked = 1;
	CHECK_EQ(0, synic_ring_signal(&synic, SINT, 5, 1).vector);
	CHECK_EQ(0, synic_ring_empty(&synic, SINT).vector);
	ring()->signal_masked = 0;
	CHECK_EQ(VECTOR, synic_ring_empty(&synic, SINT).vector);
	CHECK_EQ(HVMSG_SYNIC_SINT_INTERCEPT, slot()->header.message_type);
}

TEST(ring_not_ready)
{
	setup();
	synic.ring_page = NULL;
	CHECK(synic_ring_signal(&synic, SINT, 1, 1).dropped);
	CHECK_EQ(0, synic_ring_empty(&synic, SINT).vector);
	synic.ring_page = machine_ram(RING_SPA);
	synic.control = 0;
	CHECK(synic_ring_signal(&synic, SINT, 1, 1).dropped);
	CHECK_EQ(0, ring()->data[0]);
	synic.control = SYNIC_ENABLE;
	CHECK(synic_write_sint(&synic, SINT, SYNIC_SINT_MASKED | VECTOR));
	CHECK_EQ(0, synic_ring_signal(&synic, SINT, 1, 1).vector);
	CHECK_EQ(0, slot()->header.message_type);
}

/* SINT0 closed: the signal waits and is delivered when SINT0 opens. */
TEST(ring_signal_waits_for_sint0)
{
	setup();
	CHECK(synic_write_sint(&synic, 0, SYNIC_SINT_MASKED | VECTOR));
	CHECK_EQ(0, synic_ring_signal(&synic, SINT, 1, 1).vector);
	CHECK(synic_write_sint(&synic, 0, VECTOR));
	CHECK_EQ(VECTOR, synic_scan(&synic, 0).vector);
}

/* Entries of other partitions are in the same ring, so its signal must survive a purge. */
TEST(ring_signal_survives_purge)
{
	struct synic_message other = {.sint = 0, .type = HVMSG_OPAQUE_INTERCEPT, .sender = 2};

	setup();
	synic_post(&synic, &other);
	synic_ring_signal(&synic, SINT, 1, 2);
	synic_purge(&synic, 2);
	guest_consume_message();
	CHECK_EQ(VECTOR, synic_scan(&synic, 0).vector);
	CHECK_EQ(HVMSG_SYNIC_SINT_INTERCEPT, slot()->header.message_type);
}

/* A guest thread that sleeps unless signalled: a lost wake-up leaves entries in the ring. */
#define RACE_SIGNALS  200000
#define RACE_PATIENCE 20000000

static u32 race_wakeups, race_done, race_taken, race_last, race_misordered;

static void *race_guest(void *argument)
{
	u32 port, seen = 0;

	(void)argument;
	for (u32 turn = 0;; turn++) {
		bool done = atomic_load(&race_done);

		if (atomic_load(&race_wakeups) == seen) {
			if (done)
				return NULL;
			test_relax(turn);
			continue;
		}
		seen = atomic_load(&race_wakeups);
		while ((port = guest_take()) != 0) {
			race_misordered += port <= race_last;
			race_last = port;
			atomic_add(&race_taken, 1);
		}
	}
}

TEST(ring_signal_race)
{
	pthread_t guest;
	u32 kept = 0;

	setup();
	CHECK(synic_write_sint(&synic, SINT, VECTOR));
	race_wakeups = race_done = race_taken = race_last = race_misordered = 0;
	REQUIRE(pthread_create(&guest, NULL, race_guest, NULL) == 0);
	for (u32 i = 1; i <= RACE_SIGNALS && test_time_left(i); i++) {
		struct synic_assert result = synic_ring_signal(&synic, SINT, i, 1);

		kept += !result.dropped;
		if (result.vector)
			atomic_add(&race_wakeups, 1);
		for (u32 n = test_random() % 64; n; n--)
			__builtin_ia32_pause();
	}
	for (u32 i = 0; atomic_load(&race_taken) < kept && i < RACE_PATIENCE; i++)
		test_relax(i);
	atomic_store(&race_done, 1u);
	pthread_join(guest, NULL);
	CHECK_EQ(kept, race_taken);
	CHECK_EQ(0, race_misordered);
}

/* One doorbell at a time, rung while the guest is about to go to sleep: none may be overslept. */
TEST(ring_signal_race_eager)
{
	pthread_t guest;

	setup();
	CHECK(synic_write_sint(&synic, SINT, VECTOR));
	race_wakeups = race_done = race_taken = race_last = race_misordered = 0;
	REQUIRE(pthread_create(&guest, NULL, race_guest, NULL) == 0);
	for (u32 i = 1; i <= RACE_SIGNALS && test_time_left(i); i++) {
		u32 patience = RACE_PATIENCE;

		if (synic_ring_signal(&synic, SINT, i, 1).vector)
			atomic_add(&race_wakeups, 1);
		while (atomic_load(&race_taken) < i && --patience)
			test_relax(patience);
		if (!CHECK(patience))
			break;
		for (u32 n = i % 8; n; n--)
			__builtin_ia32_pause();
	}
	atomic_store(&race_done, 1u);
	pthread_join(guest, NULL);
}
