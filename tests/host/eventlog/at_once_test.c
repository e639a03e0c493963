/* SPDX-License-Identifier: BSD-2-Clause */
/* Many at once: LPs of two nodes log, somebody reads and releases; nothing is lost silently. */
#include "tests/host/eventlog/stage.h"

#include <pthread.h>
#include <string.h>

#define EACH 20000

static u64 seen_events, seen_lost, next_number[LP_COUNT];
static volatile u32 done;

static void *writer(void *argument)
{
	u32 queue = (u32)(size_t)argument;

	for (u32 i = 0; i < EACH; i++) {
		struct hv_eventlog_trace_entry entry = {
			.header = {queue, sizeof(entry), HV_TR_IM_OTHER, 0}, .partition_id = i};

		if (!eventlog_lock(&event_log, queue, SOURCE))
			continue;
		eventlog_append(&event_log, queue, &entry.header, i, i);
		eventlog_unlock(&event_log, queue);
		test_relax(i);
	}
	(void)atomic_add(&done, 1);
	return NULL;
}

static void read_buffer(u32 index)
{
	struct hv_eventlog_buffer_header *h = stage_header(index);
	u32 count = (u32)(h->next_buffer_offset - FIRST_OFFSET) / ENTRY_SIZE;
	struct hv_eventlog_trace_entry entry;

	CHECK_EQ(next_number[h->logical_processor] + h->events_lost, h->reference_counter);
	for (u32 i = 0; i < count; i++) {
		stage_read_entry(index, i, &entry);
		CHECK_EQ(h->logical_processor, entry.header.context);
		CHECK_EQ((u64)h->reference_counter + i, entry.partition_id);
	}
	next_number[h->logical_processor] = h->reference_counter + count;
	seen_events += count;
	seen_lost += h->events_lost;
}

static void read_queue(u32 queue)
{
	u32 index = stage_take(queue);

	while (index != NONE) {
		u32 next = stage_header(index)->next_buffer_index;

		read_buffer(index);
		CHECK_EQ(HV_STATUS_SUCCESS, stage_release(index));
		index = next;
	}
}

TEST(eventlog_at_once)
{
	pthread_t threads[LP_COUNT];

	stage_begin(1, BUFFERS - 2, 0);
	for (u32 i = BUFFERS - 2; i < BUFFERS; i++) {
		CHECK_EQ(HV_STATUS_SUCCESS, stage_create(i, 2));
		CHECK_EQ(HV_STATUS_SUCCESS, stage_map(i));
	}
	memset(next_number, 0, sizeof(next_number));
	seen_events = seen_lost = 0;
	done = 0;
	for (size_t i = 0; i < LP_COUNT; i++)
		pthread_create(&threads[i], NULL, writer, (void *)i);
	for (u32 turn = 0; atomic_load(&done) < LP_COUNT; turn++) {
		(void)stage_flush(turn % BUFFERS);
		for (u32 queue = 0; queue < LP_COUNT; queue++)
			read_queue(queue);
		test_relax(turn);
	}
	for (u32 i = 0; i < LP_COUNT; i++)
		pthread_join(threads[i], NULL);
	for (u32 i = 0; i < BUFFERS; i++)
		(void)stage_flush(i);
	for (u32 queue = 0; queue < LP_COUNT; queue++) {
		read_queue(queue);
		seen_lost += event_log.queues[queue].lost;
	}
	CHECK_EQ((u64)LP_COUNT * EACH, seen_events + seen_lost);
	CHECK(seen_events != 0);
}
