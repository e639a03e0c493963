/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/host/eventlog/stage.h"

#include <string.h>

struct eventlog event_log;
static u8 memory[ALL_PAGES][PAGE_SIZE] __attribute__((aligned(4096)));
static u32 used_pages;
static u64 clock_now;

void *stage_page(void)
{
	CHECK(used_pages < ALL_PAGES);
	memset(memory[used_pages], 0, PAGE_SIZE);
	return memory[used_pages++];
}

struct eventlog_buffer *stage_row(u32 index)
{
	return &event_log.rows[index / EVENTLOG_ROWS][index % EVENTLOG_ROWS];
}

struct hv_eventlog_buffer_header *stage_header(u32 index)
{
	return stage_row(index)->pages[0];
}

void stage_init(enum hv_eventlog_type type)
{
	static const u32 homes[LP_COUNT] = {0, 0, 2, 2};

	used_pages = 0;
	clock_now = 1000;
	eventlog_init(&event_log, type, SOURCE | BIT(7), LP_COUNT, homes);
}

enum hv_status stage_start(u32 threshold)
{
	const struct eventlog_geometry geometry = {
		BUFFERS, PAGES, threshold, HV_EVENTLOG_ENTRY_TIME_REFERENCE};
	void *rows[EVENTLOG_ROW_PAGES];

	for (u32 i = 0; i < eventlog_row_pages(&geometry); i++)
		rows[i] = stage_page();
	return eventlog_start(&event_log, &geometry, rows);
}

enum hv_status stage_create(u32 index, u32 home)
{
	u32 pages;
	void **list;
	enum hv_status status = eventlog_create(&event_log, index, home, &pages);

	if (status != HV_STATUS_SUCCESS)
		return status;
	CHECK_EQ(PAGES, pages);
	list = stage_page();
	for (u32 i = 0; i < pages; i++)
		list[i] = stage_page();
	eventlog_settle(&event_log, index, list, HV_EVENTLOG_BUFFER_STANDBY);
	return status;
}

/* A move from one of the states, to another. */
static enum hv_status move(u32 index, u32 from, u32 to, enum hv_status refusal)
{
	void **list;
	u32 pages;
	enum hv_status status = eventlog_move(&event_log, index, from, refusal, &list, &pages);

	if (status == HV_STATUS_SUCCESS) {
		CHECK_EQ(PAGES, pages);
		CHECK_EQ(EVENTLOG_MOVING, stage_row(index)->state);
		eventlog_settle(&event_log, index, to == EVENTLOG_ABSENT ? NULL : list, to);
	}
	return status;
}

enum hv_status stage_map(u32 index)
{
	return move(index, BIT(HV_EVENTLOG_BUFFER_STANDBY), HV_EVENTLOG_BUFFER_FREE,
		HV_STATUS_OPERATION_DENIED);
}

enum hv_status stage_unmap(u32 index)
{
	return move(index, BIT(HV_EVENTLOG_BUFFER_FREE) | BIT(HV_EVENTLOG_BUFFER_READY),
		HV_EVENTLOG_BUFFER_STANDBY, HV_STATUS_ACCESS_DENIED);
}

enum hv_status stage_delete(u32 index)
{
	return move(index, BIT(HV_EVENTLOG_BUFFER_STANDBY), EVENTLOG_ABSENT,
		HV_STATUS_OPERATION_DENIED);
}

enum hv_status stage_release(u32 index)
{
	u32 queue;

	return eventlog_release(&event_log, index, &queue);
}

enum hv_status stage_flush(u32 index)
{
	u32 queue;

	return eventlog_flush(&event_log, index, &queue);
}

bool stage_record(u32 queue, u64 number)
{
	struct hv_eventlog_trace_entry entry = {
		.header = {7, sizeof(entry), HV_TR_IM_OTHER, 0},
		.partition_id = number,
		.ticks = ~number,
	};

	if (!eventlog_lock(&event_log, queue, SOURCE))
		return false;
	eventlog_append(&event_log, queue, &entry.header, 3 * clock_now, clock_now);
	clock_now++;
	eventlog_unlock(&event_log, queue);
	return true;
}

void stage_fill(u32 queue, u32 buffers)
{
	for (u32 i = 0; i < buffers * PER_BUFFER; i++)
		CHECK(stage_record(queue, i));
}

u32 stage_take(u32 queue)
{
	u32 first;

	eventlog_lock_queue(&event_log, queue);
	first = eventlog_due(&event_log, queue) ? eventlog_take(&event_log, queue) : NONE;
	eventlog_unlock(&event_log, queue);
	return first;
}

void stage_begin(u32 threshold, u32 count, u32 home)
{
	stage_init(HV_EVENTLOG_TYPE_LOCAL_DIAGNOSTICS);
	CHECK_EQ(HV_STATUS_SUCCESS, stage_start(threshold));
	for (u32 i = 0; i < count; i++) {
		CHECK_EQ(HV_STATUS_SUCCESS, stage_create(i, home));
		CHECK_EQ(HV_STATUS_SUCCESS, stage_map(i));
	}
	CHECK_EQ(HV_STATUS_SUCCESS, eventlog_set_sources(&event_log, SOURCE));
}

void stage_read_entry(u32 index, u32 number, struct hv_eventlog_trace_entry *entry)
{
	u32 offset = FIRST_OFFSET + number * ENTRY_SIZE;

	for (u32 at = 0; at < ENTRY_SIZE; at++)
		((u8 *)entry)[at] =
			((u8 *)stage_row(index)->pages[(offset + at) / 4096])[(offset + at) % 4096];
}
