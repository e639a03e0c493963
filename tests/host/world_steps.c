/* SPDX-License-Identifier: BSD-2-Clause */
/* What tests do with children, by hypercall like a VMM. */
#include "abi/hv_property.h"
#include "core/vp/features.h"
#include "tests/host/world.h"

#include <string.h>

#define LIST_MAX 500

void world_deposit(u64 id, u32 pages)
{
	struct hv_input_deposit_memory in = {id};
	u64 list[LIST_MAX];

	while (pages) {
		u32 count = MIN(pages, (u32)LIST_MAX);

		for (u32 i = 0; i < count; i++)
			list[i] = world_page();
		CHECK_EQ((u64)count << 32, world_list(HVCALL_DEPOSIT_MEMORY, count, &in, sizeof(in),
						   list, count * sizeof(*list), NULL, 0));
		pages -= count;
	}
}

struct partition *world_create(u32 pages)
{
	struct hv_input_create_partition in = {
		.flags = WORLD_CHILD_FLAGS, .compatibility_version = HV_COMPATIBILITY_21_H2};
	struct hv_output_create_partition out = {0};
	struct partition *partition;

	if (root_partition.pool.free_pages < 2)
		world_deposit(root_partition.id, 2);
	CHECK_STATUS(SUCCESS, WORLD_CALL_OUT(CREATE_PARTITION, in, out));
	partition = partition_get(out.partition_id, false);
	if (!CHECK(partition != NULL))
		return NULL;
	partition_put(partition);
	world_deposit(partition->id, pages);
	return partition;
}

struct partition *world_child(u32 pages)
{
	struct partition *partition = world_create(pages);

	world_give_features(partition);
	CHECK_STATUS(SUCCESS, world_fast(HVCALL_INITIALIZE_PARTITION, partition->id, 0));
	return partition;
}

struct vp *world_vp(struct partition *partition, u32 index)
{
	struct hv_input_create_vp in = {.partition_id = partition->id, .vp_index = index};

	CHECK_STATUS(SUCCESS, WORLD_CALL(CREATE_VP, in));
	return partition_vp(partition, index);
}

u64 world_map(const struct partition *partition, u64 gpa_page, u64 spa_page, u32 flags)
{
	struct hv_input_map_gpa_pages in = {.target_partition_id = partition->id,
		.target_gpa_base = gpa_page,
		.map_flags = flags};

	return world_list(HVCALL_MAP_GPA_PAGES, 1, &in, sizeof(in), &spa_page, 8, NULL, 0);
}

u64 world_withdraw(u64 id)
{
	struct hv_input_withdraw_memory in = {.partition_id = id};
	u64 list[LIST_MAX];
	u64 total = 0;
	u64 result;

	do {
		result = world_rep(
			HVCALL_WITHDRAW_MEMORY, 0, LIST_MAX, &in, sizeof(in), list, sizeof(list));
		total += REPS_OF(result);
	} while (STATUS_OF(result) == HV_STATUS_SUCCESS);
	CHECK_STATUS(NO_RESOURCES, result);
	return total;
}

void world_delete(struct partition *partition)
{
	u64 deposited = partition->pool.total_pages;

	CHECK_STATUS(SUCCESS, world_fast(HVCALL_FINALIZE_PARTITION, partition->id, 0));
	CHECK_EQ(deposited, world_withdraw(partition->id));
	CHECK_STATUS(SUCCESS, world_fast(HVCALL_DELETE_PARTITION, partition->id, 0));
}

u64 world_set_property(const struct partition *partition, u32 code, u64 value)
{
	struct hv_input_set_partition_property in = {partition->id, code, 0, value};

	return WORLD_CALL(SET_PARTITION_PROPERTY, in);
}

void world_give_features(const struct partition *partition)
{
	CHECK_STATUS(SUCCESS,
		world_set_property(partition, HV_PARTITION_PROPERTY_SYNTHETIC_PROC_FEATURES,
			features_assignable()));
}

u64 world_set_register(const struct vp *vp, u32 name, u64 value)
{
	struct hv_input_set_vp_registers in = {
		.partition_id = vp->partition->id, .vp_index = vp->index};
	struct hv_register_assoc assoc = {.name = name, .value.reg64 = value};

	return world_list(
		HVCALL_SET_VP_REGISTERS, 1, &in, sizeof(in), &assoc, sizeof(assoc), NULL, 0);
}

u64 world_get_register(const struct vp *vp, u32 name)
{
	struct hv_input_get_vp_registers in = {
		.partition_id = vp->partition->id, .vp_index = vp->index};
	union hv_register_value value = {0};

	CHECK_STATUS(SUCCESS, world_list(HVCALL_GET_VP_REGISTERS, 1, &in, sizeof(in), &name,
				      sizeof(name), &value, sizeof(value)));
	return value.reg64;
}

void world_start(struct vp *vp)
{
	CHECK_STATUS(SUCCESS, world_set_register(vp, HV_REGISTER_EXPLICIT_SUSPEND, 0));
}

struct vp *world_vp_at_code(u64 gpa_page, u8 **code)
{
	struct partition *child = world_child(128);
	u64 page = world_page();
	struct vp *vp;

	*code = world_memory(page);
	CHECK_STATUS(SUCCESS,
		world_map(child, gpa_page, page, HV_MAP_GPA_READABLE | HV_MAP_GPA_EXECUTABLE));
	vp = world_vp(child, 0);
	fake_enter_64(vp);
	world_halt_root(1);
	world_start(vp);
	world_run_on(1, vp);
	return vp;
}
