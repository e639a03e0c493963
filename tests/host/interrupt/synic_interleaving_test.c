/* SPDX-License-Identifier: BSD-2-Clause */
/* The SynIC against a guest that acts between any two of its accesses to the shared pages. */
#include "tests/host/interrupt/interleaving.h"

#define synic_reset	   interleaved_reset
#define synic_can_receive  interleaved_can_receive
#define synic_post	   interleaved_post
#define synic_scan	   interleaved_scan
#define synic_purge	   interleaved_purge
#define synic_take_back	   interleaved_take_back
#define synic_ring_signal  interleaved_ring_signal
#define synic_ring_empty   interleaved_ring_empty
#define synic_write_sint   interleaved_write_sint
#define synic_accepts	   interleaved_accepts
#define synic_fill_buffer  interleaved_fill_buffer
#define synic_ends_itself  interleaved_ends_itself
#define synic_signal_event interleaved_signal_event
#include "core/interrupt/synic.c"

#include "tests/host/test.h"

/* More accesses than any call makes; an action beyond the last one happens after the call. */
#define MAX_ACCESSES 80

static struct synic synic;
static struct synic_message nodes[2];

static void setup(void)
{
	memset(&synic, 0, sizeof(synic));
	memset(nodes, 0, sizeof(nodes));
	fake_machine_reset();
	synic_reset(&synic);
	synic.control = SYNIC_ENABLE;
	synic.message_page = machine_ram(0x10000);
	synic.ring_page = machine_ram(0x20000);
	CHECK(synic_write_sint(&synic, 0, 0xf3));
	CHECK(synic_write_sint(&synic, 5, 0x99));
}

/* The guest's two steps and when it takes them. */
static u32 first_at, second_at, steps_taken;
static void (*first_step)(void);
static void (*second_step)(void);

static void guest(u32 number)
{
	if (steps_taken == 0 && number >= first_at) {
		first_step();
		steps_taken = 1;
	}
	if (steps_taken == 1 && number >= second_at) {
		second_step();
		steps_taken = 2;
	}
}

/* To be called after the call under test: the guest goes on with what is left. */
static void finish(void)
{
	interleave(NULL);
	guest(MAX_ACCESSES);
}

static void plan(u32 first, u32 second)
{
	first_at = first;
	second_at = second;
	steps_taken = 0;
	interleave(guest);
}

static bool saw_pending;

static void empty_slot(void)
{
	message_slot(&synic, 0)->header.message_type = HVMSG_NONE;
}

static void look_for_pending(void)
{
	saw_pending = message_slot(&synic, 0)->header.flags & HV_MESSAGE_FLAG_PENDING;
}

/* A message posted while the guest empties the slot is delivered or followed by an EOM. */
TEST(interleaved_post_and_consume)
{
	first_step = empty_slot;
	second_step = look_for_pending;
	for (u32 first = 0; first < 12; first++) {
		for (u32 second = first; second < 12; second++) {
			setup();
			nodes[0].type = nodes[1].type = 1;
			synic_post(&synic, &nodes[0]);
			plan(first, second);
			synic_post(&synic, &nodes[1]);
			finish();
			if (saw_pending)
				synic_scan(&synic, 0);
			if (!CHECK(!nodes[1].queued))
				CHECK_EQ(first, second);
		}
	}
}

static u32 asserted;
static bool saw_entry;

static void unmask_signal(void)
{
	event_ring(&synic, 5)->signal_masked = 0;
}

static void last_look(void)
{
	saw_entry = event_ring(&synic, 5)->data[0] != 0;
}

/* A doorbell that rings while the guest goes to sleep is seen by it or wakes it. */
TEST(interleaved_ring_and_sleep)
{
	first_step = unmask_signal;
	second_step = last_look;
	for (u32 first = 0; first < 12; first++) {
		for (u32 second = first; second < 12; second++) {
			setup();
			event_ring(&synic, 5)->signal_masked = 1;
			plan(first, second);
			asserted = synic_ring_signal(&synic, 5, 1, 1).vector;
			finish();
			if (!CHECK(saw_entry || asserted == 0x99))
				CHECK_EQ(first, second);
		}
	}
}

static u32 drained, told_full;

/* All of a drain up to the empty entry, the last port id being the newest. */
static void drain(void)
{
	struct hv_synic_event_ring *ring = event_ring(&synic, 5);

	for (u32 i = 0; i < HV_SYNIC_EVENT_RING_ENTRIES && ring->data[i]; i++) {
		drained = ring->data[i];
		ring->data[i] = 0;
	}
}

static void look_for_full(void)
{
	told_full = event_ring(&synic, 5)->ring_full;
}

/* A doorbell that finds the ring full while the guest drains it is kept, or refused openly. */
TEST(interleaved_ring_full_and_drain)
{
	first_step = drain;
	second_step = look_for_full;
	for (u32 at = 0; at < MAX_ACCESSES; at++) {
		struct synic_assert result;

		setup();
		for (u32 i = 1; i <= HV_SYNIC_EVENT_RING_ENTRIES; i++)
			synic_ring_signal(&synic, 5, i, 1);
		plan(at, at);
		result = synic_ring_signal(&synic, 5, 1000, 1);
		finish();
		drain();
		CHECK_EQ(!result.dropped, drained == 1000);
		CHECK(!result.dropped || told_full || event_ring(&synic, 5)->ring_full);
		CHECK(!synic_ring_signal(&synic, 5, 1001, 1).dropped);
		drained = 0;
	}
}
