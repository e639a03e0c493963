/* SPDX-License-Identifier: BSD-2-Clause */
/* Partitions: creation, life cycle, properties. */
#include "abi/hv_cpuid.h"
#include "abi/hv_property.h"
#include "core/vp/features.h"
#include "core/vp/xsave.h"
#include "tests/host/world.h"

#include <string.h>

static u64 create(u64 flags, u64 isolation, u64 *id)
{
	struct hv_input_create_partition in = {.flags = flags, .isolation_properties = isolation};
	struct hv_output_create_partition out = {0};
	u64 result = WORLD_CALL_OUT(CREATE_PARTITION, in, out);

	*id = out.partition_id;
	return result;
}

static u64 set(const struct partition *partition, u32 code, u64 value)
{
	return world_set_property(partition, code, value);
}

static u64 get(u64 id, u32 code, u64 *value)
{
	struct hv_input_get_partition_property in = {.partition_id = id, .property_code = code};
	struct hv_output_get_partition_property out = {0};
	u64 result = WORLD_CALL_OUT(GET_PARTITION_PROPERTY, in, out);

	*value = out.property_value;
	return result;
}

static u64 get_good(const struct partition *partition, u32 code)
{
	u64 value = ~0ull;

	CHECK_STATUS(SUCCESS, get(partition->id, code, &value));
	return value;
}

TEST(partition_id)
{
	struct hv_output_get_partition_id out = {0};

	world_boot();
	CHECK_STATUS(SUCCESS, world_call(HVCALL_GET_PARTITION_ID, &out, 0, &out, sizeof(out)));
	CHECK_EQ(root_partition.id, out.partition_id);
	CHECK(out.partition_id != 0 && out.partition_id != HV_PARTITION_ID_SELF);
}

TEST(partition_create_charges_root)
{
	u64 id, other;

	world_boot();
	CHECK_STATUS(INSUFFICIENT_MEMORY, create(WORLD_CHILD_FLAGS, 0, &id));
	world_deposit(root_partition.id, 1);
	CHECK_STATUS(INSUFFICIENT_MEMORY, create(WORLD_CHILD_FLAGS, 0, &id));
	CHECK_EQ(1, root_partition.pool.free_pages);
	world_deposit(root_partition.id, 1);
	CHECK_STATUS(SUCCESS, create(WORLD_CHILD_FLAGS, 0, &id));
	CHECK_EQ(0, root_partition.pool.free_pages);
	CHECK_EQ(2, hypervisor.stats[STAT_HV_Partitions]);
	CHECK_EQ(1, stat_partition(&root_partition, NumberofActiveChildPartitions));
	CHECK_STATUS(INSUFFICIENT_MEMORY, create(WORLD_CHILD_FLAGS, 0, &other));
	CHECK_STATUS(SUCCESS, world_fast(HVCALL_DELETE_PARTITION, id, 0));
	CHECK_EQ(2, root_partition.pool.free_pages);
	CHECK_EQ(1, hypervisor.stats[STAT_HV_Partitions]);
	/* Names are not used again. */
	CHECK_STATUS(SUCCESS, create(WORLD_CHILD_FLAGS, 0, &other));
	CHECK(other != id);
}

TEST(partition_create_flags)
{
	u64 good = WORLD_CHILD_FLAGS | HV_PARTITION_FLAG_EXO_PARTITION |
		   HV_PARTITION_FLAG_X2APIC_CAPABLE | HV_PARTITION_FLAG_SMT_ENABLED_GUEST |
		   HV_PARTITION_FLAG_GPA_SUPER_PAGES_ENABLED;
	u64 id;

	world_boot();
	world_deposit(root_partition.id, 4);
	for (u32 bit = 0; bit < 64; bit++)
		if (!(good & 1ull << bit))
			CHECK_STATUS(INVALID_PARAMETER, create(good | 1ull << bit, 0, &id));
	CHECK_STATUS(INVALID_PARAMETER, create(good & ~HV_PARTITION_FLAG_LAPIC_ENABLED, 0, &id));
	CHECK_STATUS(INVALID_PARAMETER,
		create(good & ~HV_PARTITION_FLAG_INTERCEPT_MESSAGE_PAGE_ENABLED, 0, &id));
	CHECK_STATUS(INVALID_PARAMETER, create(good, 1, &id));
	CHECK_EQ(4, root_partition.pool.free_pages);
	CHECK_STATUS(SUCCESS, create(good, 0, &id));
}

TEST(partition_create_disables_features)
{
	struct hv_input_create_partition in = {.flags = WORLD_CHILD_FLAGS,
		.disabled_processor_features = {HV_PROCESSOR_FEATURE0_AES, ~0ull}};
	struct hv_output_create_partition out = {0};
	u64 value;

	world_boot();
	world_deposit(root_partition.id, 2);
	CHECK_STATUS(SUCCESS, WORLD_CALL_OUT(CREATE_PARTITION, in, out));
	CHECK_STATUS(
		SUCCESS, get(out.partition_id, HV_PARTITION_PROPERTY_PROCESSOR_FEATURES0, &value));
	CHECK(features_processor(0) & HV_PROCESSOR_FEATURE0_AES);
	CHECK_EQ(features_processor(0) & ~HV_PROCESSOR_FEATURE0_AES, value);
	CHECK_STATUS(
		SUCCESS, get(out.partition_id, HV_PARTITION_PROPERTY_PROCESSOR_FEATURES1, &value));
	CHECK_EQ(0, value);
}

TEST(partition_create_all)
{
	u32 count = 0;
	u64 id;

	world_boot();
	world_deposit(root_partition.id, 2 * MAX_PARTITIONS);
	while (STATUS_OF(create(WORLD_CHILD_FLAGS, 0, &id)) == HV_STATUS_SUCCESS)
		count++;
	CHECK_EQ(MAX_PARTITIONS - 1, count);
	CHECK_STATUS(NO_RESOURCES, create(WORLD_CHILD_FLAGS, 0, &id));
	CHECK_EQ(2, root_partition.pool.free_pages);
}

/* What each state allows: rows are calls, columns CREATED, ACTIVE, FINALIZED. */
struct move {
	u16 call;
	u16 status[3];
};

#define OK    HV_STATUS_SUCCESS
#define STATE HV_STATUS_INVALID_PARTITION_STATE

static const struct move moves[] = {
	{HVCALL_INITIALIZE_PARTITION, {OK, STATE, STATE}},
	{HVCALL_FINALIZE_PARTITION, {OK, OK, STATE}},
	/* Deletion is refused as long as there is memory to take back. */
	{HVCALL_DELETE_PARTITION, {HV_STATUS_OPERATION_DENIED, STATE, HV_STATUS_OPERATION_DENIED}},
};

static struct partition *in_state(u32 state)
{
	struct partition *partition = world_create(64);

	if (state >= 1)
		CHECK_STATUS(SUCCESS, world_fast(HVCALL_INITIALIZE_PARTITION, partition->id, 0));
	if (state == 2)
		CHECK_STATUS(SUCCESS, world_fast(HVCALL_FINALIZE_PARTITION, partition->id, 0));
	return partition;
}

TEST(partition_life_cycle)
{
	world_boot();
	for (u32 state = 0; state < 3; state++)
		for (u32 i = 0; i < ARRAY_SIZE(moves); i++) {
			struct partition *partition = in_state(state);

			CHECK_EQ(moves[i].status[state],
				world_fast(moves[i].call, partition->id, 0));
		}
}

TEST(partition_delete_ends)
{
	struct partition *partition;
	u64 id;

	world_boot();
	partition = in_state(2);
	id = partition->id;
	CHECK_EQ(64, world_withdraw(id));
	CHECK_STATUS(SUCCESS, world_fast(HVCALL_DELETE_PARTITION, id, 0));
	CHECK_STATUS(INVALID_PARTITION_ID, world_fast(HVCALL_DELETE_PARTITION, id, 0));
	CHECK_STATUS(INVALID_PARTITION_ID, world_fast(HVCALL_INITIALIZE_PARTITION, id, 0));
}

TEST(partition_initialize_needs_memory)
{
	struct partition *partition;

	world_boot();
	partition = world_create(0);
	CHECK_STATUS(
		INSUFFICIENT_MEMORY, world_fast(HVCALL_INITIALIZE_PARTITION, partition->id, 0));
	world_deposit(partition->id, 1);
	CHECK_STATUS(SUCCESS, world_fast(HVCALL_INITIALIZE_PARTITION, partition->id, 0));
	CHECK_EQ(0, partition->pool.free_pages);
}

/* A partition that never began, and whose statistics the root looks at. */
TEST(partition_delete_takes_stats_back)
{
	struct hv_input_map_stats_page in = {.type = HV_STATS_OBJECT_PARTITION};
	struct hv_output_map_stats_page out = {0};
	struct partition *partition;

	world_boot();
	partition = world_create(0);
	in.identity.partition.partition_id = partition->id;
	CHECK_STATUS(SUCCESS, WORLD_CALL_OUT(MAP_STATS_PAGE, in, out));
	CHECK_EQ(FRAME_SHARED, frame_get(out.map_location << PAGE_SHIFT));
	CHECK_STATUS(SUCCESS, world_fast(HVCALL_DELETE_PARTITION, partition->id, 0));
	CHECK_EQ(FRAME_POOL, frame_get(out.map_location << PAGE_SHIFT));
	CHECK_EQ(0, slat_lookup(&root_partition.slat, out.map_location << PAGE_SHIFT).rights);
}

/* ---- Properties ---- */

struct property {
	u32 code;
	u64 initial;
	u64 value; /* to set; what cannot be set has 0 */
	u64 bad;   /* out of range; 0: none is */
	bool early;
};

#define PROPERTY(name) HV_PARTITION_PROPERTY_##name

static const struct property properties[] = {
	{PROPERTY(SYNTHETIC_PROC_FEATURES), 0, 0x13, 1ull << 63, true},
	{PROPERTY(TIME_FREEZE), 0, 1, 2, false},
	{PROPERTY(GPA_PAGE_ACCESS_TRACKING), 0, 1, 2, false},
	{PROPERTY(UNIMPLEMENTED_MSR_ACTION), 0, 1, 2, false},
	{PROPERTY(PROCESSOR_VENDOR), 0, 0, 0, false},
	{PROPERTY(PHYSICAL_ADDRESS_WIDTH), 40, 0, 0, false},
	{PROPERTY(XSAVE_STATES), 0x2e7, 0, 0, false},
	{PROPERTY(PROCESSOR_CLOCK_FREQUENCY), FAKE_TSC_HZ, 0, 0, false},
	{PROPERTY(PROCESSOR_FEATURES1), 0, 0, 0, false},
	{PROPERTY(GUEST_OS_ID), 0, 0, 0, false},
};

static void check_property(struct partition *partition, const struct property *row, bool late)
{
	CHECK_EQ(row->initial, get_good(partition, row->code));
	if (!row->value) {
		CHECK_STATUS(OPERATION_DENIED, set(partition, row->code, 1));
		return;
	}
	if (row->early && late) {
		CHECK_STATUS(INVALID_PARTITION_STATE, set(partition, row->code, row->value));
		return;
	}
	CHECK_STATUS(PROPERTY_VALUE_OUT_OF_RANGE, set(partition, row->code, row->bad));
	CHECK_EQ(row->initial, get_good(partition, row->code));
	CHECK_STATUS(SUCCESS, set(partition, row->code, row->value));
	CHECK_EQ(row->value, get_good(partition, row->code));
	CHECK_STATUS(SUCCESS, set(partition, row->code, row->initial));
}

TEST(partition_properties)
{
	world_boot();
	for (u32 i = 0; i < ARRAY_SIZE(properties); i++) {
		struct partition *partition = world_create(64);

		check_property(partition, &properties[i], false);
		CHECK_STATUS(SUCCESS, world_fast(HVCALL_INITIALIZE_PARTITION, partition->id, 0));
		check_property(partition, &properties[i], true);
		CHECK_STATUS(SUCCESS, world_fast(HVCALL_FINALIZE_PARTITION, partition->id, 0));
		CHECK_EQ(properties[i].initial, get_good(partition, properties[i].code));
		if (properties[i].value)
			CHECK_STATUS(
				INVALID_PARTITION_STATE, set(partition, properties[i].code, 0));
	}
}

TEST(partition_unknown_property)
{
	struct partition *partition;
	u64 value;

	world_boot();
	partition = world_create(0);
	CHECK_STATUS(UNKNOWN_PROPERTY, get(partition->id, 0x12345678, &value));
	CHECK_STATUS(UNKNOWN_PROPERTY, set(partition, 0x12345678, 0));
	CHECK_STATUS(UNKNOWN_PROPERTY, get(partition->id, PROPERTY(SUSPEND), &value));
	CHECK_EQ(features_processor(0), get_good(partition, PROPERTY(PROCESSOR_FEATURES0)));
	CHECK_EQ(xsave_compact_size(), get_good(partition, PROPERTY(MAX_XSAVE_DATA_SIZE)));
	CHECK_EQ(root_partition.privileges,
		(CHECK_STATUS(SUCCESS, get(root_partition.id, PROPERTY(PRIVILEGE_FLAGS), &value)),
			value));
}

/* Synthetic features make privileges, hints and the announcement. */
TEST(partition_synthetic_features)
{
	struct partition *partition;

	world_boot();
	partition = world_create(0);
	CHECK_STATUS(
		SUCCESS, set(partition, PROPERTY(SYNTHETIC_PROC_FEATURES), features_assignable()));
	CHECK(partition->announced);
	CHECK_EQ(partition->privileges, get_good(partition, PROPERTY(PRIVILEGE_FLAGS)));
	CHECK(partition->privileges & HV_FEATURE_EAX_SYNIC);
	CHECK_EQ(0, partition->privileges >> 32);
	CHECK(partition->feature_edx & HV_FEATURE_EDX_GUEST_CRASH_MSRS);
	CHECK(partition->hints & HV_HINT_EX_PROCESSOR_MASKS);
	CHECK_STATUS(SUCCESS,
		set(partition, PROPERTY(SYNTHETIC_PROC_FEATURES),
			features_assignable() & ~HV_SYNTHETIC_FEATURE_EXTENDED_PROCESSOR_MASKS));
	CHECK(!(partition->hints & HV_HINT_EX_PROCESSOR_MASKS));
	for (u32 bit = 0; bit < 64; bit++)
		if (!(features_assignable() & 1ull << bit))
			CHECK_STATUS(PROPERTY_VALUE_OUT_OF_RANGE,
				set(partition, PROPERTY(SYNTHETIC_PROC_FEATURES), 1ull << bit));
	CHECK_STATUS(SUCCESS, set(partition, PROPERTY(SYNTHETIC_PROC_FEATURES), 0));
	CHECK(!partition->announced);
	CHECK_EQ(0, partition->privileges);
	CHECK_EQ(0, partition->feature_edx);
}

TEST(partition_time)
{
	struct partition *partition;
	u64 now;

	world_boot();
	partition = world_create(0);
	CHECK_EQ(0, get_good(partition, PROPERTY(REFERENCE_TIME)));
	fake.tsc += FAKE_TSC_HZ;
	now = get_good(partition, PROPERTY(REFERENCE_TIME));
	CHECK(now >= 9999999 && now <= 10000001);
	CHECK_STATUS(INVALID_PARTITION_STATE, set(partition, PROPERTY(REFERENCE_TIME), 5));
	CHECK_STATUS(SUCCESS, set(partition, PROPERTY(TIME_FREEZE), 1));
	fake.tsc += FAKE_TSC_HZ;
	CHECK_EQ(now, get_good(partition, PROPERTY(REFERENCE_TIME)));
	CHECK_STATUS(SUCCESS, set(partition, PROPERTY(REFERENCE_TIME), 5000));
	CHECK_STATUS(SUCCESS, set(partition, PROPERTY(TIME_FREEZE), 1));
	CHECK_EQ(5000, get_good(partition, PROPERTY(REFERENCE_TIME)));
	CHECK_STATUS(SUCCESS, set(partition, PROPERTY(TIME_FREEZE), 0));
	CHECK_EQ(5000, get_good(partition, PROPERTY(REFERENCE_TIME)));
	fake.tsc += FAKE_TSC_HZ / 1000;
	now = get_good(partition, PROPERTY(REFERENCE_TIME));
	CHECK(now >= 14999 && now <= 15001);
}

TEST(partition_property_ex)
{
	struct hv_input_get_partition_property_ex in = {
		.partition_id = HV_PARTITION_ID_SELF, .property_code = PROPERTY(VMM_CAPABILITIES)};
	struct hv_output_get_partition_property_ex out;

	world_boot();
	memset(&out, 0xff, sizeof(out));
	CHECK_STATUS(SUCCESS, WORLD_CALL_OUT(GET_PARTITION_PROPERTY_EX, in, out));
	CHECK_EQ(1, out.banks.bank_count);
	for (u32 i = 2; i < sizeof(out.buffer); i++)
		if (!CHECK_EQ(0, out.buffer[i]))
			break;
	in.property_code = PROPERTY(ASSIGNABLE_SYNTHETIC_PROC_FEATURES);
	CHECK_STATUS(SUCCESS, WORLD_CALL_OUT(GET_PARTITION_PROPERTY_EX, in, out));
	CHECK_EQ(1, out.banks.bank_count);
	CHECK_EQ(features_assignable(), out.banks.bank[0]);
	in.property_code = PROPERTY(PRIVILEGE_FLAGS);
	CHECK_STATUS(UNKNOWN_PROPERTY, WORLD_CALL_OUT(GET_PARTITION_PROPERTY_EX, in, out));
}
