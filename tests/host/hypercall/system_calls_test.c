/* SPDX-License-Identifier: BSD-2-Clause */
/* The machine as a whole, and statistics pages. */
#include "core/lp_internal.h"
#include "tests/host/world.h"

#include <string.h>

TEST(system_run_time)
{
	struct hv_input_get_logical_processor_run_time in = {.lp_index = 2};
	struct hv_output_get_logical_processor_run_time out;

	world_boot();
	lps[2].start = 1000;
	lps[2].stamp = 1000 + 700 * 200; /* asleep since then */
	fake.tsc_step = 0;
	fake.tsc = 1000 + 2000 * 200;
	lps[2].guest_tsc = 600 * 200;
	lps[2].hypervisor_tsc = 100 * 200;
	CHECK_STATUS(SUCCESS, WORLD_CALL_OUT(GET_LOGICAL_PROCESSOR_RUN_TIME, in, out));
	CHECK(out.global_time >= 1999 && out.global_time <= 2000);
	CHECK(out.local_run_time >= 699 && out.local_run_time <= 700);
	CHECK(out.hypervisor_time >= 99 && out.hypervisor_time <= 100);
	in.lp_index = WORLD_LPS;
	CHECK_STATUS(INVALID_LP_INDEX, WORLD_CALL_OUT(GET_LOGICAL_PROCESSOR_RUN_TIME, in, out));
	in.lp_index = ~0u;
	CHECK_STATUS(INVALID_LP_INDEX, WORLD_CALL_OUT(GET_LOGICAL_PROCESSOR_RUN_TIME, in, out));
}

TEST(system_properties)
{
	struct hv_input_get_system_property in = {.property_id = HV_SYSTEM_PROPERTY_SCHEDULER_TYPE};
	struct hv_output_get_system_property out;

	world_boot();
	CHECK_STATUS(SUCCESS, WORLD_CALL_OUT(GET_SYSTEM_PROPERTY, in, out));
	CHECK_EQ(HV_SCHEDULER_TYPE_LP, out.value);
	/* There is no area for crash dumps: saying so keeps the root from using it. */
	in.property_id = HV_SYSTEM_PROPERTY_CRASHDUMPAREA;
	CHECK_STATUS(INVALID_PARAMETER, WORLD_CALL_OUT(GET_SYSTEM_PROPERTY, in, out));
}

/* Boots with LPs 0 and 1 on one core, 2 and 3 on another. */
static u32 type_with_threads(const char *command_line)
{
	struct hv_input_get_system_property in = {.property_id = HV_SYSTEM_PROPERTY_SCHEDULER_TYPE};
	struct hv_output_get_system_property out = {0};

	for (u32 i = 0; i < MAX_LPS; i++)
		machine.lps[i].core = i / 2 + 5;
	machine.boot.command_line = command_line;
	world_boot();
	for (u32 i = 0; i < machine.lp_count; i++)
		CHECK_EQ(i & ~1u, lp_sched.lps[i].core);
	CHECK_STATUS(SUCCESS, WORLD_CALL_OUT(GET_SYSTEM_PROPERTY, in, out));
	return out.scheduler_type;
}

TEST(system_threads_classic)
{
	CHECK_EQ(HV_SCHEDULER_TYPE_LP_SMT, type_with_threads(""));
	CHECK_EQ(SCHED_CLASSIC, lp_sched.type);
}

TEST(system_threads_core)
{
	CHECK_EQ(HV_SCHEDULER_TYPE_CORE_SMT, type_with_threads("scheduler=core"));
	CHECK_EQ(SCHED_CORE, lp_sched.type);
}

static u64 set_sleep(u32 property, u32 state)
{
	struct hv_input_set_system_property in = {.property_id = property};

	in.sleep.sleep_state = state;
	in.sleep.pm1a_slp_typ = 5;
	in.sleep.pm1b_slp_typ = 6;
	return WORLD_CALL(SET_SYSTEM_PROPERTY, in);
}

static u64 enter(u32 state)
{
	struct hv_input_enter_sleep_state in = {state};

	return WORLD_CALL(ENTER_SLEEP_STATE, in);
}

TEST(system_sleep)
{
	world_boot();
	CHECK_STATUS(INVALID_PARAMETER, enter(HV_SLEEP_STATE_S5));
	CHECK_STATUS(
		INVALID_PARAMETER, set_sleep(HV_SYSTEM_PROPERTY_SLEEP_STATE, HV_SLEEP_STATE_S3));
	CHECK_STATUS(INVALID_PARAMETER, set_sleep(99, HV_SLEEP_STATE_S5));
	CHECK_STATUS(INVALID_PARAMETER, enter(HV_SLEEP_STATE_S5));
	machine.pm1a_control = 0;
	CHECK_STATUS(
		INVALID_PARAMETER, set_sleep(HV_SYSTEM_PROPERTY_SLEEP_STATE, HV_SLEEP_STATE_S5));
	machine.pm1a_control = 0x604;
	CHECK_STATUS(SUCCESS, set_sleep(HV_SYSTEM_PROPERTY_SLEEP_STATE, HV_SLEEP_STATE_S5));
	CHECK_STATUS(INVALID_PARAMETER, enter(HV_SLEEP_STATE_S3));
	CHECK_EQ(FAKE_SLEPT, FAKE_ENDS(enter(HV_SLEEP_STATE_S5)));
	CHECK_EQ(5, fake.sleep_types[0]);
	CHECK_EQ(6, fake.sleep_types[1]);
}

TEST(system_events)
{
	struct hv_input_notify_partition_event in = {
		.event = HV_PARTITION_EVENT_ALL_LOGICAL_PROCESSORS_STARTED};

	world_boot();
	CHECK_STATUS(SUCCESS, WORLD_CALL(NOTIFY_PARTITION_EVENT, in));
	in.event = 77;
	CHECK_STATUS(INVALID_PARAMETER, WORLD_CALL(NOTIFY_PARTITION_EVENT, in));
}

/* ---- Statistics pages ---- */

static u64 stats_call(u16 code, u32 type, u64 id, u32 vp, u8 area, u64 *location)
{
	struct hv_input_map_stats_page in = {.type = type};
	struct hv_output_map_stats_page out = {0};
	u64 result;

	in.identity.vp.partition_id = id;
	in.identity.vp.vp_index = vp;
	in.identity.vp.stats_area_type = area;
	result = world_call(code, &in, sizeof(in), location ? &out : NULL, location ? 8 : 0);
	if (location)
		*location = out.map_location;
	return result;
}

static u64 map(u32 type, u64 id, u32 vp, u64 *location)
{
	return stats_call(HVCALL_MAP_STATS_PAGE, type, id, vp, HV_STATS_AREA_SELF, location);
}

static u64 unmap(u32 type, u64 id, u32 vp)
{
	return stats_call(HVCALL_UNMAP_STATS_PAGE, type, id, vp, HV_STATS_AREA_SELF, NULL);
}

/* A page comes out of the root's pool, keeps what was counted, and is the root's to read. */
static void check_map(u32 type, u64 id, u32 vp, u64 **stats)
{
	u64 location, again;

	(*stats)[500] = 0x1234567;
	CHECK_STATUS(SUCCESS, map(type, id, vp, &location));
	CHECK_EQ(machine_spa(*stats) >> PAGE_SHIFT, location);
	CHECK_EQ(0x1234567, (*stats)[500]);
	CHECK_EQ(FRAME_SHARED, frame_get(location << PAGE_SHIFT));
	CHECK_EQ(SLAT_READ, slat_lookup(&root_partition.slat, location << PAGE_SHIFT).rights);
	CHECK_STATUS(OPERATION_DENIED, map(type, id, vp, NULL));
	CHECK_STATUS(SUCCESS, unmap(type, id, vp));
	CHECK_EQ(FRAME_USED, frame_get(location << PAGE_SHIFT));
	CHECK_EQ(0, slat_lookup(&root_partition.slat, location << PAGE_SHIFT).rights);
	CHECK_EQ(0x1234567, (*stats)[500]);
	CHECK_STATUS(OPERATION_DENIED, unmap(type, id, vp));
	CHECK_STATUS(SUCCESS, map(type, id, vp, &again));
	CHECK_EQ(location, again);
}

TEST(stats_map)
{
	struct partition *child;
	u64 root_id;
	u64 free;

	world_boot();
	world_let_others_run();
	root_id = root_partition.id;
	child = world_child(64);
	world_vp(child, 3);
	world_deposit(root_id, 8);
	free = root_partition.pool.free_pages;
	check_map(HV_STATS_OBJECT_HYPERVISOR, 0, 0, &hypervisor.stats);
	check_map(HV_STATS_OBJECT_LOGICAL_PROCESSOR, 0, 0, &lps[0].stats);
	check_map(HV_STATS_OBJECT_LOGICAL_PROCESSOR, 3, 0, &lps[3].stats);
	check_map(HV_STATS_OBJECT_PARTITION, root_id, 0, &root_partition.stats);
	check_map(HV_STATS_OBJECT_VP, root_id, 0, &root_partition.vps[0]->stats);
	check_map(HV_STATS_OBJECT_VP, root_id, 2, &root_partition.vps[2]->stats);
	CHECK_EQ(free - 6, root_partition.pool.free_pages);
	/* A child's are deposited memory already. */
	check_map(HV_STATS_OBJECT_PARTITION, child->id, 0, &child->stats);
	check_map(HV_STATS_OBJECT_VP, child->id, 3, &child->vps[3]->stats);
	CHECK_EQ(free - 6, root_partition.pool.free_pages);
}

TEST(stats_map_refused)
{
	struct partition *child;
	u64 id;

	world_boot();
	child = world_child(64);
	id = child->id;
	CHECK_STATUS(INSUFFICIENT_MEMORY, map(HV_STATS_OBJECT_HYPERVISOR, 0, 0, NULL));
	CHECK_STATUS(INVALID_LP_INDEX, map(HV_STATS_OBJECT_LOGICAL_PROCESSOR, WORLD_LPS, 0, NULL));
	CHECK_STATUS(INVALID_PARTITION_ID, map(HV_STATS_OBJECT_PARTITION, id + 1, 0, NULL));
	CHECK_STATUS(INVALID_VP_INDEX, map(HV_STATS_OBJECT_VP, id, 0, NULL));
	CHECK_STATUS(INVALID_VP_INDEX, map(HV_STATS_OBJECT_VP, id, MAX_VPS, NULL));
	CHECK_STATUS(INVALID_PARAMETER, map(0x10003, id, 0, NULL));
	CHECK_STATUS(INVALID_PARAMETER, map(0, id, 0, NULL));
	for (u8 area = HV_STATS_AREA_PARENT; area <= HV_STATS_AREA_INTERNAL + 1; area++)
		CHECK_STATUS(
			INVALID_PARAMETER, stats_call(HVCALL_MAP_STATS_PAGE,
						   HV_STATS_OBJECT_PARTITION, id, 0, area, NULL));
	CHECK_EQ(0, child->users);
	CHECK_STATUS(SUCCESS, world_fast(HVCALL_FINALIZE_PARTITION, id, 0));
	CHECK_STATUS(INVALID_PARTITION_STATE, map(HV_STATS_OBJECT_PARTITION, id, 0, NULL));
	CHECK_STATUS(OPERATION_DENIED, unmap(HV_STATS_OBJECT_PARTITION, id, 0));
	CHECK_STATUS(INVALID_VP_INDEX, unmap(HV_STATS_OBJECT_VP, id, 0));
	CHECK_EQ(0, child->users);
}

/* Counting goes on where the root can see it. */
TEST(stats_move_loses_nothing)
{
	u64 location, id;

	world_boot();
	id = root_partition.id;
	world_deposit(id, 2);
	CHECK_STATUS(SUCCESS, map(HV_STATS_OBJECT_VP, id, 0, &location));
	/* This call was counted before the page moved, the next one after. */
	CHECK_EQ(1, ((u64 *)world_memory(location))[STAT_VP_OtherHypercalls]);
	CHECK_STATUS(OPERATION_DENIED, map(HV_STATS_OBJECT_VP, id, 0, NULL));
	CHECK_EQ(2, ((u64 *)world_memory(location))[STAT_VP_OtherHypercalls]);
}
