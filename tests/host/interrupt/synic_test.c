/* SPDX-License-Identifier: BSD-2-Clause */
/* Message slots and queues, with a guest that follows the TLFS protocol. */
#include "abi/hv_message.h"
#include "core/interrupt/synic.h"
#include "core/lib/spinlock.h"
#include "tests/host/test.h"

#include <pthread.h>
#include <string.h>

#define MESSAGE_SPA 0x10000
#define VECTOR	    0xf3

static struct synic synic;
static struct synic_message nodes[8];

static struct hv_message *slot(u32 sint)
{
	return &((struct hv_message_page *)machine_ram(MESSAGE_SPA))->sint[sint];
}

/* A VP as Linux sets it up: SINT0 open with vector 0xf3. */
static void setup(void)
{
	memset(&synic, 0, sizeof(synic));
	memset(nodes, 0, sizeof(nodes));
	synic_reset(&synic);
	synic.control = SYNIC_ENABLE;
	synic.message_page = machine_ram(MESSAGE_SPA);
	CHECK(synic_write_sint(&synic, 0, VECTOR));
}

/* Posts node `n`, whose type tells the nodes apart. */
static struct synic_assert post(u32 n, u32 sint, u64 sender)
{
	nodes[n].sint = (u8)sint;
	nodes[n].type = 0x80000100 + n;
	nodes[n].sender = sender;
	nodes[n].payload_size = 4;
	nodes[n].payload[0] = (u8)n;
	return synic_post(&synic, &nodes[n]);
}

/* The guest empties the slot; true if it has to write EOM. */
static bool guest_consume(u32 sint)
{
	atomic_store(&slot(sint)->header.message_type, (u32)HVMSG_NONE);
	memory_fence();
	return atomic_load(&slot(sint)->header.flags) & HV_MESSAGE_FLAG_PENDING;
}

TEST(synic_reset_values)
{
	setup();
	synic_reset(&synic);
	for (u32 sint = 0; sint < SYNIC_SINTS; sint++) {
		CHECK_EQ(0x10000, synic.sint[sint]);
		CHECK(!synic_can_receive(&synic, sint));
	}
	CHECK_EQ(0, synic.control);
	CHECK(synic.message_page == NULL);
}

TEST(synic_slot_layout)
{
	u8 *bytes = machine_ram(MESSAGE_SPA + 3 * 256);
	static const u8 expected[24] = {0x3f, 0, 0, 0x80, 8, 0, 0, 0, 0xef, 0xcd, 0xab, 0, 0, 0, 0,
		0x12, 1, 2, 3, 4, 5, 6, 7, 8};

	setup();
	CHECK(synic_write_sint(&synic, 3, 0x50));
	nodes[0] = (struct synic_message){.sint = 3,
		.payload_size = 8,
		.type = HVMSG_OPAQUE_INTERCEPT,
		.sender = 0x1200000000abcdefull,
		.payload = {1, 2, 3, 4, 5, 6, 7, 8, 9}};
	bytes[24] = 0x77;
	CHECK_EQ(0x50, synic_post(&synic, &nodes[0]).vector);
	CHECK_EQ(0, memcmp(bytes, expected, sizeof(expected)));
	CHECK_EQ(0x77, bytes[24]);
	CHECK(!nodes[0].queued);
}

TEST(synic_can_receive_conditions)
{
	setup();
	CHECK(synic_can_receive(&synic, 0));
	CHECK(!synic_can_receive(&synic, 1));
	synic.control = 0;
	CHECK(!synic_can_receive(&synic, 0));
	synic.control = SYNIC_ENABLE;
	synic.message_page = NULL;
	CHECK(!synic_can_receive(&synic, 0));
	synic.message_page = machine_ram(MESSAGE_SPA);
	CHECK(synic_write_sint(&synic, 0, SYNIC_SINT_MASKED | VECTOR));
	CHECK(!synic_can_receive(&synic, 0));
	CHECK(synic_write_sint(&synic, 0, SYNIC_SINT_MASKED | SYNIC_SINT_POLLING | VECTOR));
	CHECK(synic_can_receive(&synic, 0));
}

TEST(synic_write_sint_vectors)
{
	setup();
	CHECK(!synic_write_sint(&synic, 4, 0));
	CHECK(!synic_write_sint(&synic, 4, 15));
	CHECK(!synic_write_sint(&synic, 4, SYNIC_SINT_AUTO_EOI | 15));
	CHECK_EQ(SYNIC_SINT_MASKED, synic.sint[4]);
	CHECK(synic_write_sint(&synic, 4, 16));
	CHECK(synic_write_sint(&synic, 4, SYNIC_SINT_MASKED));
	CHECK(synic_write_sint(&synic, 4, BIT(40) | BIT(13) | 0xff));
	CHECK_EQ(BIT(40) | BIT(13) | 0xff, synic.sint[4]);
}

TEST(synic_auto_eoi_and_polling)
{
	struct synic_assert result;

	setup();
	result = post(0, 0, 1);
	CHECK_EQ(VECTOR, result.vector);
	CHECK(!result.auto_eoi);
	CHECK(synic_write_sint(&synic, 1, SYNIC_SINT_AUTO_EOI | 0x60));
	result = post(1, 1, 1);
	CHECK_EQ(0x60, result.vector);
	CHECK(result.auto_eoi);
	CHECK(synic_write_sint(&synic, 2, SYNIC_SINT_POLLING | 0x61));
	CHECK_EQ(0, post(2, 2, 1).vector);
	CHECK_EQ(0x80000102, slot(2)->header.message_type);
}

TEST(synic_queue_order)
{
	setup();
	CHECK_EQ(VECTOR, post(0, 0, 1).vector);
	CHECK_EQ(0, slot(0)->header.flags);
	for (u32 n = 1; n < 5; n++) {
		CHECK_EQ(0, post(n, 0, 1).vector);
		CHECK(nodes[n].queued);
		CHECK_EQ(HV_MESSAGE_FLAG_PENDING, slot(0)->header.flags);
	}
	for (u32 n = 1; n < 5; n++) {
		CHECK_EQ(0, synic_scan(&synic, 0).vector);
		CHECK_EQ(0x80000100 + n - 1, slot(0)->header.message_type);
		CHECK(guest_consume(0));
		CHECK_EQ(VECTOR, synic_scan(&synic, 0).vector);
		CHECK_EQ(0x80000100 + n, slot(0)->header.message_type);
		CHECK_EQ(n, slot(0)->payload[0]);
		CHECK(!nodes[n].queued);
	}
	CHECK_EQ(0, slot(0)->header.flags);
	CHECK(!guest_consume(0));
	CHECK_EQ(0, synic_scan(&synic, 0).vector);
	CHECK_EQ(0, slot(0)->header.message_type);
}

/* A new post must not overtake what waits, even if the slot has become free meanwhile. */
TEST(synic_no_overtaking)
{
	setup();
	post(0, 0, 1);
	post(1, 0, 1);
	guest_consume(0);
	CHECK_EQ(VECTOR, post(2, 0, 1).vector);
	CHECK_EQ(0x80000101, slot(0)->header.message_type);
	CHECK_EQ(HV_MESSAGE_FLAG_PENDING, slot(0)->header.flags);
	CHECK(nodes[2].queued);
}

TEST(synic_node_reuse)
{
	setup();
	for (u32 i = 0; i < 3; i++) {
		CHECK_EQ(VECTOR, post(0, 0, i).vector);
		CHECK_EQ(i, slot(0)->header.sender);
		guest_consume(0);
	}
}

TEST(synic_sints_are_independent)
{
	setup();
	CHECK(synic_write_sint(&synic, 7, 0x77));
	post(0, 0, 1);
	post(1, 0, 1);
	CHECK_EQ(0x77, post(2, 7, 1).vector);
	guest_consume(0);
	CHECK_EQ(0, synic_scan(&synic, 7).vector);
	CHECK_EQ(0x80000102, slot(7)->header.message_type);
	CHECK_EQ(VECTOR, synic_scan(&synic, 0).vector);
}

TEST(synic_masked_stays_queued)
{
	setup();
	CHECK(synic_write_sint(&synic, 0, SYNIC_SINT_MASKED | VECTOR));
	CHECK_EQ(0, post(0, 0, 1).vector);
	CHECK(nodes[0].queued);
	CHECK_EQ(0, slot(0)->header.message_type);
	CHECK_EQ(0, synic_scan(&synic, 0).vector);
	CHECK(synic_write_sint(&synic, 0, VECTOR));
	CHECK_EQ(VECTOR, synic_scan(&synic, 0).vector);
	CHECK_EQ(0x80000100, slot(0)->header.message_type);
}

TEST(synic_disabled_stays_queued)
{
	setup();
	synic.control = 0;
	CHECK_EQ(0, post(0, 0, 1).vector);
	synic.control = SYNIC_ENABLE;
	synic.message_page = NULL;
	CHECK_EQ(0, post(1, 0, 1).vector);
	CHECK_EQ(0, synic_scan(&synic, 0).vector);
	synic.message_page = machine_ram(MESSAGE_SPA);
	CHECK_EQ(VECTOR, synic_scan(&synic, 0).vector);
	CHECK_EQ(0x80000100, slot(0)->header.message_type);
	CHECK_EQ(HV_MESSAGE_FLAG_PENDING, slot(0)->header.flags);
}

TEST(synic_purge_queue)
{
	static const u64 senders[6] = {1, 2, 1, 3, 1, 2};

	setup();
	for (u32 n = 0; n < 6; n++)
		post(n, 0, senders[n]);
	synic_purge(&synic, 1);
	CHECK_EQ(0x80000100, slot(0)->header.message_type);
	CHECK(!nodes[2].queued && !nodes[4].queued);
	CHECK(nodes[1].queued && nodes[3].queued && nodes[5].queued);
	synic_purge(&synic, 2);
	post(2, 0, 9);
	guest_consume(0);
	CHECK_EQ(VECTOR, synic_scan(&synic, 0).vector);
	CHECK_EQ(3, slot(0)->header.sender);
	guest_consume(0);
	synic_scan(&synic, 0);
	CHECK_EQ(9, slot(0)->header.sender);
	synic_purge(&synic, 9);
	synic_purge(&synic, 3);
	guest_consume(0);
	CHECK_EQ(0, synic_scan(&synic, 0).vector);
}

TEST(synic_purge_all_sints)
{
	setup();
	for (u32 n = 0; n < 4; n++)
		post(n, n * 5, 4);
	synic_purge(&synic, 4);
	for (u32 n = 1; n < 4; n++) {
		CHECK(!nodes[n].queued);
		CHECK(synic.head[n * 5] == NULL && synic.tail[n * 5] == NULL);
	}
	CHECK_EQ(0, post(1, 5, 4).vector);
	CHECK(nodes[1].queued);
}

TEST(synic_reset_returns_messages)
{
	setup();
	post(0, 0, 1);
	post(1, 0, 1);
	post(2, 3, 1);
	synic_reset(&synic);
	for (u32 n = 0; n < 3; n++)
		CHECK(!nodes[n].queued);
	post(1, 0, 1);
	CHECK(synic.head[0] == &nodes[1]);
}

TEST(synic_payload_is_bounded)
{
	u8 *bytes = machine_ram(MESSAGE_SPA);

	setup();
	memset(nodes[0].payload, 0x55, sizeof(nodes[0].payload));
	nodes[0].type = 1;
	nodes[0].payload_size = 255;
	CHECK_EQ(VECTOR, synic_post(&synic, &nodes[0]).vector);
	CHECK_EQ(SYNIC_QUEUE_PAYLOAD, bytes[4]);
	CHECK_EQ(0x55, bytes[16 + SYNIC_QUEUE_PAYLOAD - 1]);
	CHECK_EQ(0, bytes[16 + SYNIC_QUEUE_PAYLOAD]);
}

/*
 * The race for the slot, for real: a guest thread empties it at odd moments and writes EOM only
 * when it sees msg_pending. There is one node, so nothing but that EOM or the hypervisor's
 * second look can deliver a message that found the slot occupied.
 */
#define RACE_MESSAGES 200000
#define RACE_PATIENCE 20000000

static struct spinlock race_lock;
static u32 race_misordered, race_given_up;
static u64 race_messages; /* as many as there will be */

static void pause_for(u32 turns)
{
	for (; turns; turns--)
		__builtin_ia32_pause();
}

static void *race_guest(void *argument)
{
	u64 expected = 0;

	(void)argument;
	for (u32 turn = 0; expected < atomic_load(&race_messages) && !atomic_load(&race_given_up);
		turn++) {
		test_relax(turn);
		if (atomic_load(&slot(0)->header.message_type) == HVMSG_NONE)
			continue;
		race_misordered += slot(0)->header.sender != expected++;
		pause_for(expected * 7 % 5);
		if (guest_consume(0)) {
			spin_lock(&race_lock);
			synic_scan(&synic, 0);
			spin_unlock(&race_lock);
		}
	}
	return NULL;
}

/* Waits until the node has left the queue; false if it is stranded there. */
static bool race_delivered(void)
{
	for (u32 i = 0; i < RACE_PATIENCE; i++) {
		if (!atomic_load(&nodes[0].queued))
			return true;
		test_relax(i);
	}
	return false;
}

TEST(synic_message_race)
{
	pthread_t guest;
	u64 count;

	setup();
	race_misordered = race_given_up = 0;
	race_messages = RACE_MESSAGES;
	memset(&race_lock, 0, sizeof(race_lock));
	REQUIRE(pthread_create(&guest, NULL, race_guest, NULL) == 0);
	for (count = 0; count < RACE_MESSAGES && test_time_left((u32)count); count++) {
		if (!CHECK(race_delivered()))
			break;
		spin_lock(&race_lock);
		post(0, 0, count);
		spin_unlock(&race_lock);
		pause_for(count % 3);
	}
	atomic_store(&race_messages, count);
	CHECK(race_delivered());
	atomic_store(&race_given_up, (u32)nodes[0].queued);
	pthread_join(guest, NULL);
	CHECK_EQ(0, race_misordered);
	CHECK(!nodes[0].queued);
}
