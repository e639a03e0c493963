/* SPDX-License-Identifier: BSD-2-Clause */
/* Buffers of an event log: every call in every state, what lies in a buffer, lists, and loss. */
#include "tests/host/eventlog/stage.h"

/* ---- Groups ---- */

TEST(eventlog_geometry)
{
	static const struct {
		struct eventlog_geometry geometry;
		enum hv_status status;
	} cases[] = {
		{{1, 1, 1, 0}, HV_STATUS_SUCCESS},
		{{512, 512, 512, 1}, HV_STATUS_SUCCESS},
		{{0, 1, 1, 0}, HV_STATUS_INVALID_PARAMETER},
		{{513, 1, 1, 0}, HV_STATUS_INVALID_PARAMETER},
		{{ANY, 1, 1, 0}, HV_STATUS_INVALID_PARAMETER},
		{{1, 0, 1, 0}, HV_STATUS_INVALID_PARAMETER},
		{{1, 513, 1, 0}, HV_STATUS_INVALID_PARAMETER},
		{{2, 1, 0, 0}, HV_STATUS_INVALID_PARAMETER},
		{{2, 1, 3, 0}, HV_STATUS_INVALID_PARAMETER},
		{{2, 1, 2, 2}, HV_STATUS_INVALID_PARAMETER},
	};

	for (u32 i = 0; i < ARRAY_SIZE(cases); i++)
		CHECK_EQ(cases[i].status, eventlog_check(&cases[i].geometry));
	CHECK_EQ(1, eventlog_row_pages(&(struct eventlog_geometry){.buffers = 128}));
	CHECK_EQ(2, eventlog_row_pages(&(struct eventlog_geometry){.buffers = 129}));
	CHECK_EQ(EVENTLOG_ROW_PAGES,
		eventlog_row_pages(&(struct eventlog_geometry){.buffers = 512}));
}

TEST(eventlog_group)
{
	void *rows[EVENTLOG_ROW_PAGES];
	u64 lost;

	stage_init(HV_EVENTLOG_TYPE_LOCAL_DIAGNOSTICS);
	CHECK_EQ(HV_STATUS_OPERATION_DENIED, eventlog_stop(&event_log, rows, &lost));
	CHECK_EQ(HV_STATUS_OPERATION_DENIED, eventlog_set_sources(&event_log, SOURCE));
	CHECK_EQ(HV_STATUS_OPERATION_DENIED, stage_create(0, 0));
	CHECK(!stage_record(0, 1));
	CHECK_EQ(HV_STATUS_SUCCESS, stage_start(2));
	CHECK_EQ(HV_STATUS_OBJECT_IN_USE, stage_start(2));
	CHECK_EQ(HV_STATUS_INVALID_PARAMETER, eventlog_set_sources(&event_log, BIT(6)));
	CHECK_EQ(HV_STATUS_INVALID_PARAMETER, eventlog_set_sources(&event_log, SOURCE | BIT(63)));
	CHECK_EQ(HV_STATUS_SUCCESS, eventlog_set_sources(&event_log, SOURCE | BIT(7)));
	CHECK_EQ(HV_STATUS_OPERATION_DENIED, eventlog_stop(&event_log, rows, &lost));
	CHECK_EQ(HV_STATUS_SUCCESS, eventlog_set_sources(&event_log, 0));
	CHECK_EQ(HV_STATUS_SUCCESS, stage_create(BUFFERS - 1, 0));
	CHECK_EQ(HV_STATUS_INVALID_PARAMETER, stage_create(BUFFERS - 1, 0));
	CHECK_EQ(HV_STATUS_INVALID_PARAMETER, stage_create(BUFFERS, 0));
	CHECK_EQ(HV_STATUS_INVALID_PARAMETER, stage_create(ANY, 0));
	CHECK_EQ(HV_STATUS_OPERATION_DENIED, eventlog_stop(&event_log, rows, &lost));
	CHECK_EQ(HV_STATUS_SUCCESS, stage_delete(BUFFERS - 1));
	CHECK_EQ(HV_STATUS_SUCCESS, eventlog_stop(&event_log, rows, &lost));
	CHECK_EQ(0, lost);
	CHECK(rows[0] != NULL && rows[1] == NULL);
	CHECK_EQ(HV_STATUS_OPERATION_DENIED, eventlog_stop(&event_log, rows, &lost));
	CHECK_EQ(HV_STATUS_SUCCESS, stage_start(1));
}

/* A source that is off records nothing, whichever other is on. */
TEST(eventlog_sources)
{
	stage_begin(1, 1, 0);
	CHECK(stage_record(0, 1));
	CHECK_EQ(HV_STATUS_SUCCESS, eventlog_set_sources(&event_log, BIT(7)));
	CHECK(!stage_record(0, 1));
	CHECK_EQ(HV_STATUS_SUCCESS, eventlog_set_sources(&event_log, 0));
	CHECK(!stage_record(0, 1));
	CHECK_EQ(FIRST_OFFSET + ENTRY_SIZE, stage_header(0)->next_buffer_offset);
}

/* ---- States: the table of TLFS 19.1.5, and what has no state ---- */

#define NO_GROUP (EVENTLOG_ABSENT + 1)

/* Brings buffer 0 of a fresh log into the state. */
static void bring(u32 state)
{
	void **list;
	u32 pages;

	stage_init(HV_EVENTLOG_TYPE_LOCAL_DIAGNOSTICS);
	if (state == NO_GROUP)
		return;
	CHECK_EQ(HV_STATUS_SUCCESS, stage_start(2));
	CHECK_EQ(HV_STATUS_SUCCESS, eventlog_set_sources(&event_log, SOURCE));
	if (state == EVENTLOG_ABSENT)
		return;
	CHECK_EQ(HV_STATUS_SUCCESS, stage_create(0, 0));
	if (state == EVENTLOG_MOVING)
		CHECK_EQ(HV_STATUS_SUCCESS,
			eventlog_move(&event_log, 0, ANY, HV_STATUS_ACCESS_DENIED, &list, &pages));
	if (state == HV_EVENTLOG_BUFFER_STANDBY || state == EVENTLOG_MOVING)
		return;
	CHECK_EQ(HV_STATUS_SUCCESS, stage_map(0));
	if (state >= HV_EVENTLOG_BUFFER_IN_USE)
		stage_record(0, 1);
	if (state >= HV_EVENTLOG_BUFFER_COMPLETE)
		CHECK_EQ(HV_STATUS_SUCCESS, stage_flush(0));
	if (state == HV_EVENTLOG_BUFFER_READY)
		CHECK_EQ(0, stage_take(0));
}

static enum hv_status create_first(u32 index)
{
	return stage_create(index, 0);
}

#define OK	HV_STATUS_SUCCESS
#define INVALID HV_STATUS_INVALID_PARAMETER
#define DENIED	HV_STATUS_OPERATION_DENIED
#define ACCESS	HV_STATUS_ACCESS_DENIED

#define STANDBY	 HV_EVENTLOG_BUFFER_STANDBY
#define FREE	 HV_EVENTLOG_BUFFER_FREE
#define IN_USE	 HV_EVENTLOG_BUFFER_IN_USE
#define COMPLETE HV_EVENTLOG_BUFFER_COMPLETE
#define READY	 HV_EVENTLOG_BUFFER_READY
#define MOVING	 EVENTLOG_MOVING
#define ABSENT	 EVENTLOG_ABSENT

TEST(eventlog_states)
{
	/* By state, from STANDBY to NO_GROUP. */
	static const struct {
		enum hv_status (*call)(u32 index);
		enum hv_status status[8];
		u8 after[7];
	} calls[] = {
		{create_first, {INVALID, INVALID, INVALID, INVALID, INVALID, INVALID, OK, DENIED},
			{STANDBY, FREE, IN_USE, COMPLETE, READY, MOVING, STANDBY}},
		{stage_map, {OK, DENIED, DENIED, DENIED, DENIED, DENIED, INVALID, DENIED},
			{FREE, FREE, IN_USE, COMPLETE, READY, MOVING, ABSENT}},
		{stage_unmap, {ACCESS, OK, ACCESS, ACCESS, OK, ACCESS, INVALID, DENIED},
			{STANDBY, STANDBY, IN_USE, COMPLETE, STANDBY, MOVING, ABSENT}},
		{stage_delete, {OK, DENIED, DENIED, DENIED, DENIED, DENIED, INVALID, DENIED},
			{ABSENT, FREE, IN_USE, COMPLETE, READY, MOVING, ABSENT}},
		{stage_release, {DENIED, DENIED, DENIED, DENIED, OK, DENIED, INVALID, DENIED},
			{STANDBY, FREE, IN_USE, COMPLETE, FREE, MOVING, ABSENT}},
		{stage_flush, {DENIED, DENIED, OK, OK, DENIED, DENIED, INVALID, DENIED},
			{STANDBY, FREE, COMPLETE, COMPLETE, READY, MOVING, ABSENT}},
	};

	for (u32 i = 0; i < ARRAY_SIZE(calls); i++) {
		for (u32 state = STANDBY; state <= NO_GROUP; state++) {
			bring(state);
			CHECK_EQ(calls[i].status[state], calls[i].call(0));
			if (state == NO_GROUP)
				continue;
			CHECK_EQ(calls[i].after[state], stage_row(0)->state);
			CHECK_EQ(INVALID, calls[i].call(BUFFERS));
			CHECK_EQ(INVALID, calls[i].call(NONE));
			if (stage_row(0)->state <= READY && stage_row(0)->state != STANDBY)
				CHECK_EQ(stage_row(0)->state, stage_header(0)->buffer_state);
		}
	}
}

/* Free buffers are a list: one from its middle goes, the others stay. */
TEST(eventlog_unmap_free)
{
	stage_begin(BUFFERS, BUFFERS, 0);
	CHECK_EQ(OK, stage_unmap(3));
	CHECK_EQ(OK, stage_unmap(0));
	CHECK_EQ(OK, stage_unmap(5));
	stage_fill(0, 3);
	CHECK(stage_record(0, 0));
	CHECK_EQ(1, event_log.queues[0].lost);
	CHECK_EQ(STANDBY, stage_row(3)->state);
	CHECK_EQ(OK, stage_map(3));
	CHECK(stage_record(0, 0));
	CHECK_EQ(IN_USE, stage_row(3)->state);
}

/* ---- What lies in a buffer ---- */

static void check_entries(u32 index, u64 first, u32 count)
{
	struct hv_eventlog_trace_entry entry;
	u64 last = stage_header(index)->time_stamp;

	CHECK_EQ(FIRST_OFFSET + (u64)count * ENTRY_SIZE, stage_header(index)->next_buffer_offset);
	for (u32 i = 0; i < count; i++) {
		stage_read_entry(index, i, &entry);
		CHECK_EQ(first + i, entry.partition_id);
		CHECK_EQ(~(first + i), entry.ticks);
		CHECK_EQ(ENTRY_SIZE, entry.header.size);
		CHECK_EQ(HV_TR_IM_OTHER, entry.header.type);
		CHECK_EQ(7, entry.header.context);
		CHECK(entry.header.time_stamp >= last);
		last = entry.header.time_stamp + 1;
	}
}

TEST(eventlog_contents)
{
	stage_begin(1, 2, 0);
	for (u32 i = 0; i < PER_BUFFER + 3; i++)
		CHECK(stage_record(1, i));
	/* The free list hands out the last one first. */
	CHECK_EQ(COMPLETE, stage_header(1)->buffer_state);
	CHECK_EQ(IN_USE, stage_header(0)->buffer_state);
	check_entries(1, 0, PER_BUFFER);
	check_entries(0, PER_BUFFER, 3);
	CHECK_EQ(BUFFER_SIZE, stage_header(1)->buffer_size);
	CHECK_EQ(1, stage_header(1)->buffer_index);
	CHECK_EQ(0, stage_header(1)->events_lost);
	CHECK_EQ(0, stage_header(1)->reference_counter);
	CHECK_EQ(1000, stage_header(1)->time_stamp);
	CHECK_EQ(1, stage_header(1)->logical_processor);
	CHECK_EQ(HV_EVENTLOG_TYPE_LOCAL_DIAGNOSTICS, stage_header(1)->type);
	CHECK_EQ(PER_BUFFER, stage_header(0)->reference_counter);
	CHECK_EQ(1000 + PER_BUFFER, stage_header(0)->time_stamp);
}

TEST(eventlog_time_basis)
{
	static const struct eventlog_geometry geometry = {1, 1, 1, HV_EVENTLOG_ENTRY_TIME_TSC};
	struct hv_eventlog_trace_entry entry;
	void *rows[1];
	void **list;
	u32 pages;

	stage_init(HV_EVENTLOG_TYPE_LOCAL_DIAGNOSTICS);
	rows[0] = stage_page();
	CHECK_EQ(OK, eventlog_start(&event_log, &geometry, rows));
	CHECK_EQ(OK, eventlog_create(&event_log, 0, 0, &pages));
	CHECK_EQ(1, pages);
	list = stage_page();
	list[0] = stage_page();
	eventlog_settle(&event_log, 0, list, FREE);
	CHECK_EQ(OK, eventlog_set_sources(&event_log, SOURCE));
	CHECK(stage_record(0, 1));
	stage_read_entry(0, 0, &entry);
	CHECK_EQ(3000, entry.header.time_stamp);
	CHECK_EQ(1000, stage_header(0)->time_stamp);
}

/* ---- Lists ---- */

TEST(eventlog_threshold)
{
	u32 order[3], count = 0;

	stage_begin(3, 4, 0);
	stage_fill(0, 3);
	CHECK_EQ(NONE, stage_take(0));
	CHECK(stage_record(0, 0));
	for (u32 i = stage_take(0); i != NONE && count < 3;
		i = stage_header(i)->next_buffer_index) {
		CHECK_EQ(READY, stage_header(i)->buffer_state);
		order[count++] = i;
	}
	REQUIRE(CHECK_EQ(3, count));
	for (u32 i = 1; i < 3; i++)
		CHECK(stage_header(order[i])->reference_counter ==
			stage_header(order[i - 1])->reference_counter + PER_BUFFER);
	CHECK_EQ(NONE, stage_header(order[2])->next_buffer_index);
	CHECK_EQ(NONE, stage_take(0));
	CHECK_EQ(OK, stage_release(order[1]));
	CHECK_EQ(FREE, stage_header(order[1])->buffer_state);
	CHECK_EQ(DENIED, stage_release(order[1]));
}

/* A flush sends what is complete, and what is in use, of that queue only. */
TEST(eventlog_flush_list)
{
	stage_begin(BUFFERS, 4, 0);
	stage_fill(0, 1);
	CHECK(stage_record(0, 0));
	CHECK(stage_record(1, 0));
	CHECK_EQ(NONE, stage_take(0));
	CHECK_EQ(OK, stage_flush(2));
	CHECK_EQ(3, stage_take(0));
	CHECK_EQ(2, stage_header(3)->next_buffer_index);
	CHECK_EQ(NONE, stage_header(2)->next_buffer_index);
	CHECK_EQ(NONE, stage_take(1));
	CHECK_EQ(IN_USE, stage_header(1)->buffer_state);
	CHECK(stage_record(0, 0));
	CHECK_EQ(IN_USE, stage_header(0)->buffer_state);
}

/* Buffers belong to a node: LPs 0 and 1 cannot take those of 2 and 3. */
TEST(eventlog_nodes)
{
	stage_begin(1, 1, 2);
	CHECK(stage_record(0, 0));
	CHECK(stage_record(1, 0));
	CHECK_EQ(FREE, stage_row(0)->state);
	CHECK(stage_record(3, 0));
	CHECK_EQ(IN_USE, stage_row(0)->state);
	CHECK_EQ(3, stage_header(0)->logical_processor);
	CHECK_EQ(1, event_log.queues[0].lost);
	CHECK_EQ(1, event_log.queues[1].lost);
	CHECK_EQ(0, event_log.queues[3].lost);
	/* LP 2 has the node, but another has the buffer. */
	CHECK(stage_record(2, 0));
	CHECK_EQ(1, event_log.queues[2].lost);
}

TEST(eventlog_global)
{
	stage_init(HV_EVENTLOG_TYPE_GLOBAL_SYSTEM_EVENTS);
	CHECK_EQ(OK, stage_start(1));
	CHECK_EQ(OK, stage_create(0, 0));
	CHECK_EQ(OK, stage_map(0));
	CHECK_EQ(OK, eventlog_set_sources(&event_log, SOURCE));
	CHECK_EQ(1, event_log.queue_count);
	for (u32 i = 0; i < 5; i++)
		CHECK(stage_record(0, i));
	check_entries(0, 0, 5);
	CHECK_EQ(HV_EVENTLOG_TYPE_GLOBAL_SYSTEM_EVENTS, stage_header(0)->type);
}

/* ---- Loss ---- */

TEST(eventlog_loss)
{
	void *rows[EVENTLOG_ROW_PAGES];
	u64 lost;

	stage_begin(2, 2, 0);
	stage_fill(0, 2);
	CHECK(stage_record(0, 100));
	CHECK(stage_record(0, 101));
	CHECK_EQ(2, event_log.queues[0].lost);
	CHECK_EQ(1, stage_take(0));
	CHECK(stage_record(0, 102));
	CHECK_EQ(OK, stage_release(1));
	CHECK(stage_record(0, 103));
	check_entries(1, 103, 1);
	CHECK_EQ(3, stage_header(1)->events_lost);
	/* A reader finds no gap: what it did not get was lost. */
	CHECK_EQ(stage_header(0)->reference_counter + PER_BUFFER + 3,
		stage_header(1)->reference_counter);
	CHECK_EQ(0, event_log.queues[0].lost);
	CHECK_EQ(OK, stage_flush(1));
	CHECK_EQ(1, stage_take(0));
	CHECK(stage_record(0, 104));
	CHECK_EQ(OK, eventlog_set_sources(&event_log, 0));
	for (u32 i = 0; i < 2; i++) {
		CHECK_EQ(OK, stage_release(i));
		CHECK_EQ(OK, stage_unmap(i));
		CHECK_EQ(OK, stage_delete(i));
	}
	CHECK_EQ(OK, eventlog_stop(&event_log, rows, &lost));
	CHECK_EQ(1, lost);
}

/* The threshold is more than there are buffers: what is complete goes all the same. */
TEST(eventlog_loss_sends)
{
	stage_begin(BUFFERS, 2, 0);
	stage_fill(0, 2);
	CHECK_EQ(NONE, stage_take(0));
	CHECK(stage_record(0, 0));
	CHECK_EQ(1, stage_take(0));
	CHECK_EQ(0, stage_header(1)->next_buffer_index);
}

TEST(eventlog_wrap)
{
	stage_begin(1, 3, 0);
	event_log.queues[0].sequence = ~0u;
	stage_fill(0, 1);
	CHECK(stage_record(0, 0));
	CHECK_EQ(~0u, stage_header(2)->reference_counter);
	CHECK_EQ(PER_BUFFER - 1, stage_header(1)->reference_counter);
	CHECK_EQ(OK, stage_unmap(0));
	CHECK_EQ(OK, stage_flush(1));
	event_log.queues[0].lost = ~0u - 1;
	for (u32 i = 0; i < 3; i++)
		CHECK(stage_record(0, 0));
	CHECK_EQ(~0u, event_log.queues[0].lost);
}
