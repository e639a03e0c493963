/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Event logs by hypercall: whose memory buffers are, what the root sees of them and when, each
 * refusal, messages. What a state allows is eventlog/eventlog_test.c's.
 */
#include "core/lp_eventlog.h"
#include "tests/host/world.h"

#include <string.h>

#define PAGES	4
#define BUFFERS 5
#define SYSTEM	HV_EVENTLOG_TYPE_GLOBAL_SYSTEM_EVENTS
#define LOCAL	HV_EVENTLOG_TYPE_LOCAL_DIAGNOSTICS
#define NO_TYPE HV_EVENTLOG_TYPES

static u64 word(u32 type, u32 index)
{
	return type | (u64)index << 32;
}

#define ON_BUFFER(name, type, index)                                                               \
	world_fast(HVCALL_##name##_EVENT_LOG_BUFFER, word(type, index), 0)

static u64 initialize(u32 type, u32 buffers, u32 pages, u32 threshold, u32 basis)
{
	struct hv_input_initialize_event_log_buffer_group in = {
		.type = type,
		.maximum_buffer_count = buffers,
		.buffer_pages = pages,
		.threshold = threshold,
		.time_basis = basis,
	};

	return WORLD_CALL(INITIALIZE_EVENT_LOG_BUFFER_GROUP, in);
}

static u64 finalize(u32 type)
{
	return world_fast(HVCALL_FINALIZE_EVENT_LOG_BUFFER_GROUP, type, 0);
}

static u64 set_sources(u32 type, u64 sources)
{
	return world_fast(HVCALL_SET_EVENT_LOG_GROUP_SOURCES, type, sources);
}

static u64 create_in(u32 type, u32 index, u32 domain, u32 flags)
{
	return world_fast(
		HVCALL_CREATE_EVENT_LOG_BUFFER, word(type, index), domain | (u64)flags << 32);
}

static u64 create(u32 type, u32 index)
{
	return create_in(type, index, 0, HV_PROXIMITY_INFO_VALID);
}

/* Maps the buffer; its page numbers, of which the declared output is the first. */
static u64 map_at(u32 type, u32 index, u64 output)
{
	struct hv_input_event_log_buffer in = {type, index};
	u64 result = ~0ull;

	memcpy(machine_ram(world_input_gpa), &in, sizeof(in));
	CHECK_EQ(HYPERCALL_DONE, world_raw(root_partition.vps[0], HVCALL_MAP_EVENT_LOG_BUFFER,
					 world_input_gpa, output, &result));
	return result;
}

static u64 map(u32 type, u32 index, u64 pages[PAGES])
{
	u64 *page = machine_ram(world_output_gpa);
	u64 result;

	memset(page, WORLD_POISON, PAGE_SIZE);
	result = map_at(type, index, world_output_gpa);
	memcpy(pages, page, PAGES * sizeof(*pages));
	CHECK_EQ(0xa5a5a5a5a5a5a5a5, page[PAGES]);
	return result;
}

/* A group with memory for all its buffers. */
static void begin(u32 type, u32 threshold)
{
	world_boot();
	world_deposit(root_partition.id, 1 + BUFFERS * (PAGES + 1));
	CHECK_STATUS(SUCCESS,
		initialize(type, BUFFERS, PAGES, threshold, HV_EVENTLOG_ENTRY_TIME_REFERENCE));
}

TEST(eventlog_calls_types)
{
	world_boot();
	for (u64 type = NO_TYPE; type; type = type == NO_TYPE ? 0xffffffff : 0) {
		CHECK_STATUS(INVALID_PARAMETER, initialize((u32)type, 1, 1, 1, 0));
		CHECK_STATUS(INVALID_PARAMETER, finalize((u32)type));
		CHECK_STATUS(INVALID_PARAMETER, create((u32)type, 0));
		CHECK_STATUS(INVALID_PARAMETER, ON_BUFFER(DELETE, type, 0));
		CHECK_STATUS(INVALID_PARAMETER, map_at((u32)type, 0, world_output_gpa));
		CHECK_STATUS(INVALID_PARAMETER, ON_BUFFER(UNMAP, type, 0));
		CHECK_STATUS(INVALID_PARAMETER, set_sources((u32)type, 0));
		CHECK_STATUS(INVALID_PARAMETER, ON_BUFFER(RELEASE, type, 0));
		CHECK_STATUS(INVALID_PARAMETER, ON_BUFFER(FLUSH, type, 0));
	}
}

TEST(eventlog_calls_without_group)
{
	world_boot();
	CHECK_STATUS(OPERATION_DENIED, finalize(LOCAL));
	CHECK_STATUS(OPERATION_DENIED, create(LOCAL, 0));
	CHECK_STATUS(OPERATION_DENIED, ON_BUFFER(DELETE, LOCAL, 0));
	CHECK_STATUS(OPERATION_DENIED, map_at(LOCAL, 0, world_output_gpa));
	CHECK_STATUS(OPERATION_DENIED, ON_BUFFER(UNMAP, LOCAL, 0));
	CHECK_STATUS(OPERATION_DENIED, set_sources(LOCAL, HV_EVENTLOG_GROUP_INTERCEPT));
	CHECK_STATUS(OPERATION_DENIED, ON_BUFFER(RELEASE, LOCAL, 0));
	CHECK_STATUS(OPERATION_DENIED, ON_BUFFER(FLUSH, LOCAL, 0));
}

TEST(eventlog_calls_initialize)
{
	world_boot();
	CHECK_STATUS(INVALID_PARAMETER, initialize(LOCAL, 0, 1, 1, 0));
	CHECK_STATUS(INVALID_PARAMETER, initialize(LOCAL, 513, 1, 1, 0));
	CHECK_STATUS(INVALID_PARAMETER, initialize(LOCAL, 1, 0, 1, 0));
	CHECK_STATUS(INVALID_PARAMETER, initialize(LOCAL, 1, 513, 1, 0));
	CHECK_STATUS(INVALID_PARAMETER, initialize(LOCAL, 1, 1, 0, 0));
	CHECK_STATUS(INVALID_PARAMETER, initialize(LOCAL, 1, 1, 2, 0));
	CHECK_STATUS(INVALID_PARAMETER, initialize(LOCAL, 1, 1, 1, 2));
	CHECK_EQ(0, root_partition.pool.free_pages);
	CHECK_STATUS(INSUFFICIENT_MEMORY, initialize(LOCAL, 512, 1, 1, 0));
	world_deposit(root_partition.id, 3);
	CHECK_STATUS(INSUFFICIENT_MEMORY, initialize(LOCAL, 512, 1, 1, 0));
	CHECK_EQ(3, root_partition.pool.free_pages);
	world_deposit(root_partition.id, 2);
	CHECK_STATUS(SUCCESS, initialize(LOCAL, 512, 1, 1, 1));
	CHECK_EQ(1, root_partition.pool.free_pages);
	CHECK_STATUS(OBJECT_IN_USE, initialize(LOCAL, 1, 1, 1, 0));
	CHECK_STATUS(SUCCESS, initialize(SYSTEM, 1, 1, 1, 0));
	CHECK_STATUS(SUCCESS, finalize(LOCAL));
	CHECK_STATUS(OPERATION_DENIED, finalize(LOCAL));
	CHECK_STATUS(SUCCESS, finalize(SYSTEM));
	CHECK_EQ(5, root_partition.pool.free_pages);
}

TEST(eventlog_calls_create)
{
	machine.lps[2].proximity_domain = machine.lps[3].proximity_domain = 9;
	begin(LOCAL, 1);
	CHECK_STATUS(INVALID_PARAMETER, create_in(LOCAL, 0, 0, 0));
	CHECK_STATUS(INVALID_PARAMETER, create_in(LOCAL, 0, 0, HV_PROXIMITY_PREFERRED));
	CHECK_STATUS(INVALID_PARAMETER, create_in(LOCAL, 0, 1, HV_PROXIMITY_INFO_VALID));
	CHECK_STATUS(INVALID_PARAMETER, create(LOCAL, BUFFERS));
	CHECK_STATUS(SUCCESS, create_in(LOCAL, 0, 9, HV_PROXIMITY_INFO_VALID));
	CHECK_EQ(2, eventlogs[LOCAL].rows[0][0].home);
	CHECK_STATUS(INVALID_PARAMETER, create(LOCAL, 0));
	for (u32 i = 1; i < BUFFERS; i++)
		CHECK_STATUS(SUCCESS, create(LOCAL, i));
	CHECK_EQ(0, root_partition.pool.free_pages);
	CHECK_STATUS(SUCCESS, ON_BUFFER(DELETE, LOCAL, 1));
	CHECK_EQ(PAGES + 1, root_partition.pool.free_pages);
	/* All or nothing; and the index is free again. */
	world_withdraw(root_partition.id);
	world_deposit(root_partition.id, PAGES);
	CHECK_STATUS(INSUFFICIENT_MEMORY, create(LOCAL, 1));
	CHECK_EQ(PAGES, root_partition.pool.free_pages);
	world_deposit(root_partition.id, 1);
	CHECK_STATUS(SUCCESS, create(LOCAL, 1));
	CHECK_STATUS(OPERATION_DENIED, finalize(LOCAL));
}

TEST(eventlog_calls_create_global)
{
	begin(SYSTEM, 1);
	CHECK_STATUS(SUCCESS, create_in(SYSTEM, 0, 77, 0));
	CHECK_STATUS(INVALID_PARAMETER, create_in(SYSTEM, 1, 77, HV_PROXIMITY_INFO_VALID));
	CHECK_STATUS(SUCCESS, create(SYSTEM, 1));
}

/* The root sees a buffer while it is mapped, for reading; nobody can take its pages away. */
TEST(eventlog_calls_map)
{
	struct hv_input_deposit_memory self = {root_partition.id};
	u64 pages[PAGES];

	begin(LOCAL, 1);
	self.partition_id = root_partition.id;
	CHECK_STATUS(SUCCESS, create(LOCAL, 2));
	CHECK_STATUS(INVALID_ALIGNMENT, map_at(LOCAL, 2, world_output_gpa + PAGE_SIZE - 8));
	CHECK_STATUS(INVALID_ALIGNMENT, map_at(LOCAL, 2, world_output_gpa + 4));
	CHECK_STATUS(SUCCESS, map(LOCAL, 2, pages));
	CHECK_STATUS(OPERATION_DENIED, map(LOCAL, 2, pages + 0));
	CHECK_STATUS(SUCCESS, ON_BUFFER(UNMAP, LOCAL, 2));
	CHECK_STATUS(ACCESS_DENIED, ON_BUFFER(UNMAP, LOCAL, 2));
	CHECK_STATUS(SUCCESS, map(LOCAL, 2, pages));
	for (u32 i = 0; i < PAGES; i++) {
		u64 spa = pages[i] << PAGE_SHIFT;

		CHECK_EQ(FRAME_SHARED, frame_get(spa));
		CHECK_EQ(SLAT_READ, slat_lookup(&root_partition.slat, spa).rights);
		CHECK_STATUS(INVALID_PARAMETER, world_list(HVCALL_DEPOSIT_MEMORY, 1, &self,
							sizeof(self), &pages[i], 8, NULL, 0));
	}
	CHECK_EQ(HV_EVENTLOG_BUFFER_FREE,
		((struct hv_eventlog_buffer_header *)machine_ram(pages[0] << PAGE_SHIFT))
			->buffer_state);
	CHECK_STATUS(OPERATION_DENIED, ON_BUFFER(DELETE, LOCAL, 2));
	CHECK_STATUS(OPERATION_DENIED, ON_BUFFER(RELEASE, LOCAL, 2));
	CHECK_STATUS(OPERATION_DENIED, ON_BUFFER(FLUSH, LOCAL, 2));
	CHECK_STATUS(SUCCESS, ON_BUFFER(UNMAP, LOCAL, 2));
	for (u32 i = 0; i < PAGES; i++) {
		CHECK_EQ(FRAME_USED, frame_get(pages[i] << PAGE_SHIFT));
		CHECK_EQ(0, slat_lookup(&root_partition.slat, pages[i] << PAGE_SHIFT).rights);
	}
	CHECK_STATUS(SUCCESS, ON_BUFFER(DELETE, LOCAL, 2));
	CHECK_STATUS(INVALID_PARAMETER, ON_BUFFER(DELETE, LOCAL, 2));
	CHECK_STATUS(SUCCESS, finalize(LOCAL));
	CHECK_EQ(1 + BUFFERS * (PAGES + 1), root_partition.pool.free_pages);
}

TEST(eventlog_calls_sources)
{
	begin(LOCAL, 1);
	CHECK_STATUS(INVALID_PARAMETER, set_sources(LOCAL, BIT(0)));
	CHECK_STATUS(INVALID_PARAMETER, set_sources(LOCAL, ~0ull));
	CHECK(!lp_eventlog_on());
	CHECK_STATUS(SUCCESS, set_sources(LOCAL, HV_EVENTLOG_GROUP_INTERCEPT));
	CHECK(lp_eventlog_on());
	for (u32 i = 0; i < WORLD_LPS; i++)
		CHECK(lps[i].attention & LP_LOG);
	CHECK_STATUS(OPERATION_DENIED, finalize(LOCAL));
	CHECK_STATUS(SUCCESS, set_sources(LOCAL, 0));
	CHECK(!lp_eventlog_on());
	CHECK_STATUS(SUCCESS, finalize(LOCAL));
}

/* ---- Objects and messages, in the log of system events ---- */

static struct hv_message *listen(u32 lp)
{
	struct synic *synic = &root_partition.vps[lp]->synic;

	synic->control = SYNIC_ENABLE;
	synic->message_page = world_memory(world_page());
	memset(synic->message_page, 0, PAGE_SIZE);
	CHECK(synic_write_sint(synic, HV_SYNIC_SINT_INTERCEPT, 0x31));
	return synic->message_page;
}

static bool told(struct hv_message *slot, u32 type, u32 index)
{
	const struct hv_eventlog_buffer_complete_message *payload = (void *)slot->payload;
	bool right = slot->header.message_type == HVMSG_EVENTLOG_BUFFERCOMPLETE &&
		     slot->header.payload_size == 8 && slot->header.sender == 0 &&
		     payload->type == type && payload->buffer_index == index;

	atomic_store(&slot->header.message_type, (u32)HVMSG_NONE);
	return right;
}

static const struct hv_eventlog_trace_entry *entry(u64 page, u32 number)
{
	return (const void *)((const u8 *)machine_ram(page << PAGE_SHIFT) +
			      sizeof(struct hv_eventlog_buffer_header) +
			      number * sizeof(struct hv_eventlog_trace_entry));
}

static void check_entry(u64 page, u32 number, u32 type, u64 partition, u32 vp, u64 status)
{
	const struct hv_eventlog_trace_entry *e = entry(page, number);

	CHECK_EQ(type, e->header.type);
	CHECK_EQ(sizeof(*e), e->header.size);
	CHECK_EQ(partition, e->partition_id);
	CHECK_EQ(vp, e->header.context);
	CHECK_EQ(status, e->parameters[0]);
}

static void begin_system(u32 threshold, u64 sources, u64 pages[PAGES])
{
	begin(SYSTEM, threshold);
	CHECK_STATUS(SUCCESS, create(SYSTEM, 0));
	CHECK_STATUS(SUCCESS, map(SYSTEM, 0, pages));
	CHECK_STATUS(SUCCESS, set_sources(SYSTEM, sources));
}

TEST(eventlog_calls_objects)
{
	struct hv_input_create_vp vp = {.vp_index = 3};
	struct hv_message *slot;
	struct partition *child;
	u64 pages[PAGES], id;

	begin_system(
		1, HV_EVENTLOG_ENABLE_SYSTEM_SUCCESS | HV_EVENTLOG_ENABLE_SYSTEM_FAILURE, pages);
	slot = listen(2);
	child = world_child(64);
	id = child->id;
	vp.partition_id = id;
	CHECK_STATUS(SUCCESS, WORLD_CALL(CREATE_VP, vp));
	CHECK_STATUS(INVALID_VP_INDEX, WORLD_CALL(CREATE_VP, vp));
	CHECK_STATUS(SUCCESS, world_fast(HVCALL_DELETE_VP, id, 3));
	CHECK_STATUS(INVALID_VP_INDEX, world_fast(HVCALL_DELETE_VP, id, 3));
	CHECK_STATUS(INVALID_PARTITION_STATE, world_fast(HVCALL_DELETE_PARTITION, id, 0));
	world_delete(child);
	check_entry(pages[0], 0, HV_TR_OB_CREATE_PARTITION, id, 0, HV_STATUS_SUCCESS);
	check_entry(pages[0], 1, HV_TR_VP_CREATE_VP, id, 3, HV_STATUS_SUCCESS);
	check_entry(pages[0], 2, HV_TR_VP_CREATE_VP, id, 3, HV_STATUS_INVALID_VP_INDEX);
	check_entry(pages[0], 3, HV_TR_VP_DELETE_VP, id, 3, HV_STATUS_SUCCESS);
	check_entry(pages[0], 4, HV_TR_VP_DELETE_VP, id, 3, HV_STATUS_INVALID_VP_INDEX);
	check_entry(
		pages[0], 5, HV_TR_OB_DELETE_PARTITION, id, 0, HV_STATUS_INVALID_PARTITION_STATE);
	check_entry(pages[0], 6, HV_TR_OB_DELETE_PARTITION, id, 0, HV_STATUS_SUCCESS);
	CHECK_EQ(88 + 7 * 56,
		((const struct hv_eventlog_buffer_header *)machine_ram(pages[0] << PAGE_SHIFT))
			->next_buffer_offset);
	CHECK_EQ(HVMSG_NONE, slot->header.message_type);
	CHECK_STATUS(SUCCESS, ON_BUFFER(FLUSH, SYSTEM, 0));
	CHECK(told(slot, SYSTEM, 0));
	CHECK_STATUS(SUCCESS, ON_BUFFER(UNMAP, SYSTEM, 0));
}

TEST(eventlog_calls_failures_only)
{
	struct hv_input_create_partition in = {.flags = ~0ull};
	struct hv_output_create_partition out;
	u64 pages[PAGES];

	begin_system(1, HV_EVENTLOG_ENABLE_SYSTEM_FAILURE, pages);
	world_child(64);
	CHECK_STATUS(INVALID_PARAMETER, WORLD_CALL_OUT(CREATE_PARTITION, in, out));
	check_entry(pages[0], 0, HV_TR_OB_CREATE_PARTITION, 0, 0, HV_STATUS_INVALID_PARAMETER);
	CHECK_EQ(0, entry(pages[0], 1)->header.size);
}

/* While a message waits, later buffers stay complete; the release of one sends them. */
TEST(eventlog_calls_one_message)
{
	struct hv_message *slot;
	u64 pages[PAGES];

	begin_system(1, HV_EVENTLOG_ENABLE_SYSTEM_FAILURE, pages);
	slot = listen(0);
	CHECK_STATUS(SUCCESS, create(SYSTEM, 1));
	CHECK_STATUS(SUCCESS, map(SYSTEM, 1, pages));
	CHECK_STATUS(SUCCESS, create(SYSTEM, 2));
	CHECK_STATUS(SUCCESS, map(SYSTEM, 2, pages));
	slot->header.message_type = HVMSG_OPAQUE_INTERCEPT;
	lp_eventlog_object(HV_TR_VP_CREATE_VP, 1, 0, HV_STATUS_NO_RESOURCES);
	CHECK_STATUS(SUCCESS, ON_BUFFER(FLUSH, SYSTEM, 2));
	lp_eventlog_object(HV_TR_VP_CREATE_VP, 1, 0, HV_STATUS_NO_RESOURCES);
	CHECK_STATUS(SUCCESS, ON_BUFFER(FLUSH, SYSTEM, 1));
	CHECK_EQ(HV_EVENTLOG_BUFFER_READY, eventlogs[SYSTEM].rows[0][2].state);
	CHECK_EQ(HV_EVENTLOG_BUFFER_COMPLETE, eventlogs[SYSTEM].rows[0][1].state);
	CHECK(!told(slot, SYSTEM, 2));
	vp_synic_assert(root_partition.vps[0], synic_scan(&root_partition.vps[0]->synic, 0));
	CHECK(told(slot, SYSTEM, 2));
	CHECK_EQ(HV_EVENTLOG_BUFFER_COMPLETE, eventlogs[SYSTEM].rows[0][1].state);
	CHECK_STATUS(SUCCESS, ON_BUFFER(RELEASE, SYSTEM, 2));
	CHECK(told(slot, SYSTEM, 1));
	CHECK_EQ(HV_EVENTLOG_BUFFER_READY, eventlogs[SYSTEM].rows[0][1].state);
}

TEST(eventlog_calls_lost_are_said)
{
	world_boot();
	world_deposit(root_partition.id, 1);
	CHECK_STATUS(SUCCESS, initialize(SYSTEM, 1, 1, 1, 0));
	CHECK_STATUS(SUCCESS, set_sources(SYSTEM, HV_EVENTLOG_ENABLE_SYSTEM_FAILURE));
	lp_eventlog_object(HV_TR_VP_CREATE_VP, 1, 0, HV_STATUS_NO_RESOURCES);
	CHECK_STATUS(SUCCESS, set_sources(SYSTEM, 0));
	CHECK_STATUS(SUCCESS, finalize(SYSTEM));
	CHECK(strstr(fake.console, "event log 0: 1 lost events") != NULL);
}
