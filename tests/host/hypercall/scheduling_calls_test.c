/* SPDX-License-Identifier: BSD-2-Clause */
/* What a parent sets about the scheduling of its children: partition properties. */
#include "abi/hv_cpuid.h"
#include "abi/hv_property.h"
#include "core/lp_internal.h"
#include "tests/host/world.h"

#include <stdio.h>
#include <string.h>

#define PROPERTY(name)	 HV_PARTITION_PROPERTY_##name
#define AFFINITY(vp)	 (PROPERTY(TRIVIUM_VP_AFFINITY_SET) + (vp))
#define GROUP(n)	 (PROPERTY(TRIVIUM_CPU_GROUPS) + (n))
#define GROUP_CAP(g, c)	 ((u64)(g) << 32 | (c))
#define SET(p, name, v)	 world_set_property(p, PROPERTY(name), v)
#define GOOD(p, name, v) CHECK_STATUS(SUCCESS, SET(p, name, v))

static u64 get_of(u64 id, u32 code)
{
	struct hv_input_get_partition_property in = {.partition_id = id, .property_code = code};
	struct hv_output_get_partition_property out = {~0ull};

	CHECK_STATUS(SUCCESS, WORLD_CALL_OUT(GET_PARTITION_PROPERTY, in, out));
	return out.property_value;
}

static u64 get(const struct partition *partition, u32 code)
{
	return get_of(partition->id, code);
}

static u64 get_status(const struct partition *partition, u32 code)
{
	struct hv_input_get_partition_property in = {partition->id, code, 0};
	struct hv_output_get_partition_property out;

	return WORLD_CALL_OUT(GET_PARTITION_PROPERTY, in, out);
}

static struct partition *child_with(u32 vps)
{
	struct partition *partition = world_child(128);

	for (u32 i = 0; i < vps; i++)
		world_vp(partition, i);
	return partition;
}

static void check_params(const struct partition *partition, u32 weight, u32 reserve, u32 cap)
{
	CHECK_EQ(weight, get(partition, PROPERTY(CPU_WEIGHT)));
	CHECK_EQ(reserve, get(partition, PROPERTY(CPU_RESERVE)));
	CHECK_EQ(cap, get(partition, PROPERTY(CPU_CAP)));
	for (u32 i = 0; i < partition->vp_end; i++) {
		const struct sched_entity *entity = &partition->vps[i]->sched;

		CHECK_EQ(weight, entity->rate[SCHED_WEIGHT]);
		CHECK_EQ(reserve, entity->rate[SCHED_RESERVE]);
		CHECK_EQ(cap == SCHED_WHOLE_LP ? SCHED_UNLIMITED : cap, entity->cap.rate);
	}
}

TEST(scheduling_defaults)
{
	struct partition *partition;

	world_boot();
	partition = child_with(2);
	check_params(partition, 100, 0, 0x10000);
	CHECK_EQ(0, get(partition, PROPERTY(CPU_GROUP_ID)));
	CHECK_EQ((1 << WORLD_LPS) - 1, get(partition, AFFINITY(1)));
	CHECK_EQ(partition->id, get(partition, PROPERTY(TRIVIUM_PARTITION_ID)));
	CHECK_EQ(0, get(partition, PROPERTY(TRIVIUM_CPU_RESERVED)));
	CHECK_EQ(WORLD_LPS * 0x10000, get(partition, PROPERTY(TRIVIUM_CPU_CAPACITY)));
}

/* VPs that are there, and those that come later. */
TEST(scheduling_params)
{
	struct partition *partition;

	world_boot();
	partition = child_with(2);
	GOOD(partition, CPU_WEIGHT, 10000);
	GOOD(partition, CPU_RESERVE, 0x4000);
	GOOD(partition, CPU_CAP, 0x4000);
	check_params(partition, 10000, 0x4000, 0x4000);
	CHECK_EQ(0x8000, get(partition, PROPERTY(TRIVIUM_CPU_RESERVED)));
	world_vp(partition, 2);
	check_params(partition, 10000, 0x4000, 0x4000);
	CHECK_EQ(0xc000, get(partition, PROPERTY(TRIVIUM_CPU_RESERVED)));
	GOOD(partition, CPU_WEIGHT, 1);
	GOOD(partition, CPU_RESERVE, 0);
	GOOD(partition, CPU_CAP, 0);
	check_params(partition, 1, 0, 0);
	CHECK_EQ(0, get(partition, PROPERTY(TRIVIUM_CPU_RESERVED)));
}

/* Before the partition has a VP, and before it is initialized. */
TEST(scheduling_params_early)
{
	struct partition *partition;

	world_boot();
	partition = world_create(128);
	GOOD(partition, CPU_CAP, 0x8000);
	CHECK_STATUS(PROPERTY_VALUE_OUT_OF_RANGE, SET(partition, CPU_RESERVE, 0x8001));
	GOOD(partition, CPU_RESERVE, 0x8000);
	CHECK_STATUS(PROPERTY_VALUE_OUT_OF_RANGE, SET(partition, CPU_CAP, 0x7fff));
	world_give_features(partition);
	CHECK_STATUS(SUCCESS, world_fast(HVCALL_INITIALIZE_PARTITION, partition->id, 0));
	world_vp(partition, 0);
	check_params(partition, 100, 0x8000, 0x8000);
}

/* All that the scheduler and the hypercalls know about two partitions. */
struct picture {
	struct sched sched;
	struct sched_entity entities[3];
	struct sched_params params[2];
	u64 group[2];
	u64 groups[HV_CPU_GROUPS_MAX];
};

static void take(struct picture *picture, struct partition *a, struct partition *b)
{
	memset(picture, 0, sizeof(*picture));
	picture->sched = lp_sched;
	picture->entities[0] = a->vps[0]->sched;
	picture->entities[1] = a->vps[1]->sched;
	picture->entities[2] = b->vps[0]->sched;
	picture->params[0] = a->params;
	picture->params[1] = b->params;
	picture->group[0] = get(a, PROPERTY(CPU_GROUP_ID));
	picture->group[1] = get(b, PROPERTY(CPU_GROUP_ID));
	for (u32 i = 0; i < HV_CPU_GROUPS_MAX; i++)
		picture->groups[i] = get(a, GROUP(i));
}

static const struct {
	u32 code;
	u64 value;
	enum hv_status status;
} refusals[] = {
	{PROPERTY(CPU_WEIGHT), 0, HV_STATUS_PROPERTY_VALUE_OUT_OF_RANGE},
	{PROPERTY(CPU_WEIGHT), 10001, HV_STATUS_PROPERTY_VALUE_OUT_OF_RANGE},
	{PROPERTY(CPU_WEIGHT), 1ull << 32 | 100, HV_STATUS_PROPERTY_VALUE_OUT_OF_RANGE},
	{PROPERTY(CPU_RESERVE), 0x10001, HV_STATUS_PROPERTY_VALUE_OUT_OF_RANGE},
	{PROPERTY(CPU_RESERVE), 1ull << 32, HV_STATUS_PROPERTY_VALUE_OUT_OF_RANGE},
	/* Above the cap, and with it for two VPs above what the other leaves of four LPs. */
	{PROPERTY(CPU_RESERVE), 0xf001, HV_STATUS_PROPERTY_VALUE_OUT_OF_RANGE},
	{PROPERTY(CPU_RESERVE), 0x10000, HV_STATUS_PROPERTY_VALUE_OUT_OF_RANGE},
	{PROPERTY(CPU_CAP), 0x0fff, HV_STATUS_PROPERTY_VALUE_OUT_OF_RANGE}, /* below the reserve */
	{PROPERTY(CPU_CAP), 0x10001, HV_STATUS_PROPERTY_VALUE_OUT_OF_RANGE},
	{PROPERTY(CPU_CAP), 1ull << 32 | 0x8000, HV_STATUS_PROPERTY_VALUE_OUT_OF_RANGE},
	{PROPERTY(CPU_GROUP_ID), 8, HV_STATUS_INVALID_CPU_GROUP_ID},
	{PROPERTY(CPU_GROUP_ID), 1ull << 32 | 7, HV_STATUS_INVALID_CPU_GROUP_ID},
	{PROPERTY(TRIVIUM_CREATE_CPU_GROUP), 0, HV_STATUS_PROPERTY_VALUE_OUT_OF_RANGE},
	{PROPERTY(TRIVIUM_CREATE_CPU_GROUP), 1ull << 32, HV_STATUS_PROPERTY_VALUE_OUT_OF_RANGE},
	{PROPERTY(TRIVIUM_CREATE_CPU_GROUP), 7, HV_STATUS_INVALID_CPU_GROUP_STATE},
	{PROPERTY(TRIVIUM_DELETE_CPU_GROUP), 7, HV_STATUS_INVALID_CPU_GROUP_STATE},
	{PROPERTY(TRIVIUM_DELETE_CPU_GROUP), 8, HV_STATUS_INVALID_CPU_GROUP_ID},
	{PROPERTY(TRIVIUM_DELETE_CPU_GROUP), 0, HV_STATUS_INVALID_CPU_GROUP_ID},
	{PROPERTY(TRIVIUM_CPU_GROUP_CAP), GROUP_CAP(8, 0x8000), HV_STATUS_INVALID_CPU_GROUP_ID},
	{PROPERTY(TRIVIUM_CPU_GROUP_CAP), GROUP_CAP(0, 0x8000), HV_STATUS_INVALID_CPU_GROUP_ID},
	{PROPERTY(TRIVIUM_CPU_GROUP_CAP), GROUP_CAP(7, WORLD_LPS * 0x10000 + 1),
		HV_STATUS_PROPERTY_VALUE_OUT_OF_RANGE},
	{AFFINITY(0), 0, HV_STATUS_PROPERTY_VALUE_OUT_OF_RANGE},
	{AFFINITY(0), 1 << WORLD_LPS | 1, HV_STATUS_PROPERTY_VALUE_OUT_OF_RANGE},
	{AFFINITY(0), 1ull << 63, HV_STATUS_PROPERTY_VALUE_OUT_OF_RANGE},
	{AFFINITY(2), 1, HV_STATUS_INVALID_VP_INDEX},
	{AFFINITY(MAX_VPS - 1), 1, HV_STATUS_INVALID_VP_INDEX},
	{AFFINITY(MAX_VPS), 1, HV_STATUS_UNKNOWN_PROPERTY},
	{AFFINITY(-1), 1, HV_STATUS_UNKNOWN_PROPERTY},
	{GROUP(0), 1, HV_STATUS_OPERATION_DENIED},
	{GROUP(HV_CPU_GROUPS_MAX), 1, HV_STATUS_UNKNOWN_PROPERTY},
	{PROPERTY(TRIVIUM_PARTITION_ID), 1, HV_STATUS_OPERATION_DENIED},
	{PROPERTY(TRIVIUM_CPU_RESERVED), 1, HV_STATUS_OPERATION_DENIED},
	{PROPERTY(TRIVIUM_CPU_CAPACITY), 1, HV_STATUS_OPERATION_DENIED},
};

TEST(scheduling_refusals_change_nothing)
{
	static struct picture before, after;
	struct partition *a, *b;

	world_boot();
	a = child_with(2);
	b = child_with(1);
	GOOD(a, TRIVIUM_CREATE_CPU_GROUP, 7);
	GOOD(a, TRIVIUM_CPU_GROUP_CAP, GROUP_CAP(7, 0x18000));
	GOOD(a, CPU_GROUP_ID, 7);
	GOOD(a, CPU_WEIGHT, 300);
	GOOD(a, CPU_RESERVE, 0x1000);
	GOOD(a, CPU_CAP, 0xf000);
	GOOD(b, CPU_RESERVE, 0x10000);
	CHECK_STATUS(SUCCESS, world_set_property(a, AFFINITY(0), 6));
	for (u32 i = 0; i < ARRAY_SIZE(refusals); i++) {
		take(&before, a, b);
		if (!CHECK_EQ(refusals[i].status,
			    STATUS_OF(world_set_property(a, refusals[i].code, refusals[i].value))))
			printf("  refusal %u: code 0x%x, value 0x%lx\n", i, refusals[i].code,
				refusals[i].value);
		take(&after, a, b);
		if (!CHECK(!memcmp(&before, &after, sizeof(before))))
			printf("  refusal %u: code 0x%x, value 0x%lx\n", i, refusals[i].code,
				refusals[i].value);
	}
}

/* All VPs of all partitions together may reserve all LPs, and not a bit more. */
TEST(scheduling_reserves_fit)
{
	struct hv_input_create_vp in = {.vp_index = 2};
	struct partition *a, *b, *c;
	u64 pages;

	world_boot();
	a = child_with(2);
	b = child_with(2);
	c = child_with(1);
	GOOD(a, CPU_RESERVE, 0x10000);
	GOOD(b, CPU_RESERVE, 0xfff0);
	CHECK_STATUS(PROPERTY_VALUE_OUT_OF_RANGE, SET(c, CPU_RESERVE, 0x21));
	GOOD(c, CPU_RESERVE, 0x20);
	CHECK_EQ(get(c, PROPERTY(TRIVIUM_CPU_CAPACITY)), get(c, PROPERTY(TRIVIUM_CPU_RESERVED)));
	CHECK_STATUS(PROPERTY_VALUE_OUT_OF_RANGE, SET(b, CPU_RESERVE, 0xfff1));
	/* What is there may be moved. */
	GOOD(a, CPU_RESERVE, 0xfff0);
	GOOD(b, CPU_RESERVE, 0x10000);
	pages = a->pool.free_pages;
	in.partition_id = a->id;
	CHECK_STATUS(NO_RESOURCES, WORLD_CALL(CREATE_VP, in));
	CHECK_EQ(pages, a->pool.free_pages);
	CHECK(!a->vps[2]);
	CHECK_EQ(2, a->vp_count);
	world_delete(b);
	CHECK_EQ(2 * 0xfff0 + 0x20, get(c, PROPERTY(TRIVIUM_CPU_RESERVED)));
	CHECK_STATUS(SUCCESS, WORLD_CALL(CREATE_VP, in));
	check_params(a, 100, 0xfff0, 0x10000);
}

/* What would fit for the first VP and not for the second is for neither. */
TEST(scheduling_reserve_for_all_or_none)
{
	struct partition *a, *b;

	world_boot();
	a = child_with(2);
	b = child_with(3);
	GOOD(b, CPU_RESERVE, 0x10000);
	CHECK_STATUS(PROPERTY_VALUE_OUT_OF_RANGE, SET(a, CPU_RESERVE, 0x8001));
	check_params(a, 100, 0, 0x10000);
	CHECK_EQ(3 * 0x10000, get(a, PROPERTY(TRIVIUM_CPU_RESERVED)));
	GOOD(a, CPU_RESERVE, 0x8000);
	check_params(a, 100, 0x8000, 0x10000);
}

/* While the VP runs: its LP looks at once. */
TEST(scheduling_running)
{
	struct vp *vp;
	u8 *code;

	world_boot();
	vp = world_vp_at_code(0x10, &code);
	CHECK_EQ(1, vp->running_lp);
	lps[1].attention = 0;
	GOOD(vp->partition, CPU_CAP, 0x4000);
	CHECK(lps[1].attention & LP_RESCHEDULE);
	CHECK_EQ(SCHED_RUNNING, vp->sched.state);
	check_params(vp->partition, 100, 0, 0x4000);
	lps[1].attention = 0;
	world_halt_root(2);
	CHECK_STATUS(SUCCESS, world_set_property(vp->partition, AFFINITY(0), 1 << 2));
	CHECK(lps[1].attention & LP_RESCHEDULE);
	world_step(1);
	CHECK(vp->running_lp != 1);
	world_run_on(2, vp);
	CHECK_EQ(2, vp->running_lp);
}

TEST(scheduling_affinity)
{
	struct partition *partition;

	world_boot();
	partition = child_with(2);
	CHECK_STATUS(SUCCESS, world_set_property(partition, AFFINITY(0), 8));
	CHECK_STATUS(SUCCESS, world_set_property(partition, AFFINITY(1), 5));
	CHECK_EQ(8, get(partition, AFFINITY(0)));
	CHECK_EQ(5, get(partition, AFFINITY(1)));
	CHECK_STATUS(INVALID_VP_INDEX, get_status(partition, AFFINITY(2)));
	CHECK_STATUS(UNKNOWN_PROPERTY, get_status(partition, AFFINITY(MAX_VPS)));
	CHECK_STATUS(SUCCESS, world_set_property(partition, AFFINITY(0), 15));
	CHECK_EQ(15, get(partition, AFFINITY(0)));
	/* A root VP's is its LP. */
	CHECK_EQ(1 << 3, get(&root_partition, AFFINITY(3)));
}

/* The root's are as they are, and only a parent may set. */
TEST(scheduling_root)
{
	struct hv_input_set_partition_property in = {
		HV_PARTITION_ID_SELF, PROPERTY(CPU_WEIGHT), 0, 200};
	u64 result = 0;
	struct vp *vp;
	u8 *code;

	world_boot();
	CHECK_EQ(100, get_of(HV_PARTITION_ID_SELF, PROPERTY(CPU_WEIGHT)));
	CHECK_EQ(0, get_of(HV_PARTITION_ID_SELF, PROPERTY(CPU_RESERVE)));
	CHECK_EQ(0x10000, get_of(HV_PARTITION_ID_SELF, PROPERTY(CPU_CAP)));
	CHECK_EQ(0, get_of(HV_PARTITION_ID_SELF, PROPERTY(CPU_GROUP_ID)));
	CHECK_STATUS(ACCESS_DENIED, WORLD_CALL(SET_PARTITION_PROPERTY, in));
	CHECK_STATUS(ACCESS_DENIED, SET(&root_partition, CPU_WEIGHT, 200));
	CHECK_STATUS(ACCESS_DENIED, world_set_property(&root_partition, AFFINITY(0), 2));
	vp = world_vp_at_code(0x10, &code);
	CHECK_EQ(0, vp->partition->privileges >> 32 & HV_FEATURE_EBX_CREATE_PARTITIONS);
	CHECK_EQ(HYPERCALL_DONE, world_raw(vp, HVCALL_SET_PARTITION_PROPERTY, 0, 0, &result));
	CHECK_EQ(HV_STATUS_ACCESS_DENIED, result);
	CHECK_EQ(HYPERCALL_DONE, world_raw(vp, HVCALL_GET_PARTITION_PROPERTY, 0, 0, &result));
	CHECK_EQ(HV_STATUS_ACCESS_DENIED, result);
}

TEST(scheduling_groups)
{
	struct partition *a, *b;

	world_boot();
	a = child_with(2);
	b = child_with(1);
	CHECK_EQ(0, get(a, GROUP(0)));
	GOOD(a, TRIVIUM_CREATE_CPU_GROUP, 7);
	CHECK_EQ(GROUP_CAP(7, HV_CPU_GROUP_NO_CAP), get(a, GROUP(0)));
	GOOD(b, CPU_GROUP_ID, 7);
	GOOD(a, CPU_GROUP_ID, 7);
	GOOD(a, TRIVIUM_CPU_GROUP_CAP, GROUP_CAP(7, WORLD_LPS * 0x10000));
	CHECK_EQ(GROUP_CAP(7, WORLD_LPS * 0x10000), get_of(HV_PARTITION_ID_SELF, GROUP(0)));
	CHECK(a->vps[0]->sched.group && a->vps[0]->sched.group == b->vps[0]->sched.group);
	CHECK_EQ(3, a->vps[0]->sched.group->members);
	CHECK_EQ(WORLD_LPS * 0x10000, a->vps[0]->sched.group->budget.rate);
	world_vp(b, 1);
	CHECK_EQ(4, b->vps[1]->sched.group->members);
	GOOD(a, CPU_GROUP_ID, 0);
	CHECK(!a->vps[0]->sched.group);
	CHECK_EQ(0, get(a, PROPERTY(CPU_GROUP_ID)));
	CHECK_STATUS(INVALID_CPU_GROUP_STATE, SET(a, TRIVIUM_DELETE_CPU_GROUP, 7));
	world_delete(b);
	GOOD(a, TRIVIUM_DELETE_CPU_GROUP, 7);
	CHECK_EQ(0, get(a, GROUP(0)));
	CHECK_STATUS(INVALID_CPU_GROUP_ID, SET(a, CPU_GROUP_ID, 7));
	CHECK_STATUS(OPERATION_DENIED, get_status(a, PROPERTY(TRIVIUM_CREATE_CPU_GROUP)));
}

/* A partition that never began leaves its group, too; and the table has an end. */
TEST(scheduling_groups_table)
{
	struct partition *a, *b;

	world_boot();
	a = child_with(1);
	b = world_create(0);
	for (u32 i = 1; i <= HV_CPU_GROUPS_MAX; i++)
		GOOD(a, TRIVIUM_CREATE_CPU_GROUP, i << 10);
	CHECK_STATUS(NO_RESOURCES, SET(a, TRIVIUM_CREATE_CPU_GROUP, 5));
	GOOD(b, CPU_GROUP_ID, 1 << 10);
	CHECK_STATUS(INVALID_CPU_GROUP_STATE, SET(a, TRIVIUM_DELETE_CPU_GROUP, 1 << 10));
	CHECK_STATUS(SUCCESS, world_fast(HVCALL_DELETE_PARTITION, b->id, 0));
	for (u32 i = 1; i <= HV_CPU_GROUPS_MAX; i++)
		GOOD(a, TRIVIUM_DELETE_CPU_GROUP, i << 10);
	GOOD(a, TRIVIUM_CREATE_CPU_GROUP, ~0u);
	CHECK_EQ(GROUP_CAP(~0u, HV_CPU_GROUP_NO_CAP), get(a, GROUP(0)));
}

/* The root schedules: what it would not notice is not to be set. */
TEST(scheduling_not_ours)
{
	static const struct {
		u32 code;
		u64 value;
	} rows[] = {
		{PROPERTY(CPU_WEIGHT), 200},
		{PROPERTY(CPU_RESERVE), 0x8000},
		{PROPERTY(CPU_CAP), 0x8000},
		{PROPERTY(CPU_GROUP_ID), 0},
		{PROPERTY(TRIVIUM_CREATE_CPU_GROUP), 7},
		{PROPERTY(TRIVIUM_CPU_GROUP_CAP), 7ull << 32 | 0x8000},
		{AFFINITY(0), 1},
	};
	struct partition *partition;

	machine.boot.command_line = "scheduler=root";
	world_boot();
	partition = child_with(1);
	for (u32 i = 0; i < ARRAY_SIZE(rows); i++)
		CHECK_STATUS(OPERATION_DENIED,
			world_set_property(partition, rows[i].code, rows[i].value));
	check_params(partition, 100, 0, 0x10000);
}
