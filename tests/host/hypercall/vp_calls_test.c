/* SPDX-License-Identifier: BSD-2-Clause */
/* Virtual processors: creation, deletion, state pages, state, translation. */
#include "tests/host/world.h"

#include <string.h>

static u64 create_vp(const struct partition *partition, u32 index)
{
	struct hv_input_create_vp in = {.partition_id = partition->id, .vp_index = index};

	return WORLD_CALL(CREATE_VP, in);
}

static u64 delete_vp(const struct partition *partition, u32 index)
{
	return world_fast(HVCALL_DELETE_VP, partition->id, index);
}

TEST(vp_create_indices)
{
	struct partition *child;

	world_boot();
	child = world_child(64);
	CHECK_STATUS(SUCCESS, create_vp(child, 0));
	CHECK_STATUS(INVALID_VP_INDEX, create_vp(child, 0));
	CHECK_STATUS(SUCCESS, create_vp(child, MAX_VPS - 1));
	CHECK_STATUS(INVALID_VP_INDEX, create_vp(child, MAX_VPS));
	CHECK_STATUS(INVALID_VP_INDEX, create_vp(child, ~0u));
	CHECK_EQ(2, child->vp_count);
	CHECK_EQ(2, stat_partition(child, VirtualProcessors));
	CHECK_EQ(WORLD_LPS + 2, hypervisor.stats[STAT_HV_VirtualProcessors]);
	CHECK_EQ(SUSPEND_EXPLICIT, child->vps[0]->suspend);
	CHECK_EQ(VP_ACTIVE, child->vps[0]->activity);
	CHECK_EQ(VP_WAIT_SIPI, child->vps[MAX_VPS - 1]->activity);
}

TEST(vp_create_states)
{
	struct partition *child;

	world_boot();
	child = world_create(64);
	CHECK_STATUS(INVALID_PARTITION_STATE, create_vp(child, 0));
	CHECK_STATUS(SUCCESS, world_fast(HVCALL_INITIALIZE_PARTITION, child->id, 0));
	CHECK_STATUS(SUCCESS, create_vp(child, 0));
	CHECK_STATUS(SUCCESS, world_fast(HVCALL_FINALIZE_PARTITION, child->id, 0));
	CHECK_EQ(0, child->vp_count);
	CHECK_STATUS(INVALID_PARTITION_STATE, create_vp(child, 0));
	CHECK_STATUS(INVALID_VP_INDEX, delete_vp(child, 0));
}

/* With every number of pages too few, nothing is kept. */
TEST(vp_create_needs_memory)
{
	struct partition *child;
	u32 pages;

	world_boot();
	child = world_child(1);
	for (pages = 0; STATUS_OF(create_vp(child, 2)) == HV_STATUS_INSUFFICIENT_MEMORY; pages++) {
		CHECK_EQ(pages, child->pool.free_pages);
		CHECK_EQ(0, child->vp_count);
		CHECK(child->vps[2] == NULL);
		CHECK_EQ(WORLD_LPS, hypervisor.stats[STAT_HV_VirtualProcessors]);
		world_deposit(child->id, 1);
	}
	CHECK_EQ(9, pages);
	CHECK_EQ(0, child->pool.free_pages);
	CHECK_EQ(1, child->vp_count);
}

TEST(vp_delete)
{
	struct partition *child;
	u64 free;

	world_boot();
	child = world_child(64);
	free = child->pool.free_pages;
	for (u32 i = 0; i < 4; i++)
		world_vp(child, i);
	CHECK_STATUS(SUCCESS, delete_vp(child, 2));
	CHECK_STATUS(INVALID_VP_INDEX, delete_vp(child, 2));
	CHECK_STATUS(INVALID_VP_INDEX, delete_vp(child, 999));
	CHECK_EQ(3, child->vp_count);
	CHECK_STATUS(SUCCESS, create_vp(child, 2));
	for (u32 i = 0; i < 4; i++)
		CHECK_STATUS(SUCCESS, delete_vp(child, i));
	CHECK_EQ(free, child->pool.free_pages);
	CHECK_EQ(WORLD_LPS, hypervisor.stats[STAT_HV_VirtualProcessors]);
}

/* A VP that is in a processor, or waits for one, or has a timer filed, can be deleted too. */
TEST(vp_delete_running)
{
	struct partition *child;
	u64 free;

	world_boot();
	child = world_child(64);
	free = child->pool.free_pages;
	world_halt_root(2);
	for (u32 i = 0; i < 2; i++) {
		struct vp *vp = world_vp(child, i);

		vp->activity = VP_ACTIVE;
		vp->stimers[0].expiry = 1000000;
		vp_timers_update(vp);
		world_start(vp);
	}
	world_run_on(2, child->vps[0]);
	CHECK_EQ(SCHED_READY, child->vps[1]->sched.state);
	world_let_others_run();
	CHECK_STATUS(SUCCESS, delete_vp(child, 1));
	CHECK_STATUS(SUCCESS, delete_vp(child, 0));
	CHECK(lps[2].vp != NULL || lps[2].partition == NULL);
	CHECK_EQ(free, child->pool.free_pages);
	for (u32 i = 0; i < WORLD_LPS; i++)
		CHECK(lps[i].timer_list == NULL);
}

/* Deleting a VP takes back its own message, wherever it is in the queue, and no other. */
static void check_queue(const struct partition *child, const u32 *indices, u32 count)
{
	const struct synic_message *m = root_partition.vps[0]->synic.head[HV_SYNIC_SINT_INTERCEPT];

	for (u32 i = 0; i < count; i++, m = m->next)
		if (!CHECK(m == &child->vps[indices[i]]->intercept_message) || !CHECK(m->queued))
			return;
	CHECK(m == NULL);
}

TEST(vp_delete_keeps_messages)
{
	struct partition *child;

	world_boot();
	child = world_child(128);
	for (u32 i = 0; i < 6; i++) {
		world_start(world_vp(child, i));
		if (i != 5)
			message_unrecoverable(child->vps[i]);
	}
	check_queue(child, (u32[]){0, 1, 2, 3, 4}, 5);
	CHECK_STATUS(SUCCESS, delete_vp(child, 4));
	message_unrecoverable(child->vps[5]);
	check_queue(child, (u32[]){0, 1, 2, 3, 5}, 5);
	CHECK_STATUS(SUCCESS, delete_vp(child, 2));
	CHECK_STATUS(SUCCESS, delete_vp(child, 0));
	check_queue(child, (u32[]){1, 3, 5}, 3);
	CHECK_STATUS(SUCCESS, world_fast(HVCALL_FINALIZE_PARTITION, child->id, 0));
	check_queue(child, NULL, 0);
}

/* ---- State pages ---- */

static u64 map_page(const struct vp *vp, u16 type, u8 flags, u64 *location)
{
	struct hv_input_map_vp_state_page in = {.partition_id = vp->partition->id,
		.vp_index = vp->index,
		.type = type,
		.flags = flags};
	struct hv_output_map_vp_state_page out = {0};
	u64 result = WORLD_CALL_OUT(MAP_VP_STATE_PAGE, in, out);

	*location = out.map_location;
	return result;
}

static u64 unmap_page(const struct vp *vp, u16 type)
{
	struct hv_input_unmap_vp_state_page in = {
		.partition_id = vp->partition->id, .vp_index = vp->index, .type = type};

	return WORLD_CALL(UNMAP_VP_STATE_PAGE, in);
}

static void check_state_page(struct vp *vp, u16 type, const void *page, u64 rights)
{
	u64 location, again;

	CHECK_STATUS(SUCCESS, map_page(vp, type, 0, &location));
	CHECK_EQ(machine_spa(page) >> PAGE_SHIFT, location);
	CHECK_EQ(FRAME_SHARED, frame_get(location << PAGE_SHIFT));
	CHECK_EQ(rights, slat_lookup(&root_partition.slat, location << PAGE_SHIFT).rights);
	CHECK_STATUS(SUCCESS, map_page(vp, type, 0, &again));
	CHECK_EQ(location, again);
	CHECK_STATUS(SUCCESS, unmap_page(vp, type));
	CHECK_EQ(FRAME_USED, frame_get(location << PAGE_SHIFT));
	CHECK_EQ(0, slat_lookup(&root_partition.slat, location << PAGE_SHIFT).rights);
	CHECK_STATUS(SUCCESS, unmap_page(vp, type));
	CHECK_STATUS(INVALID_PARAMETER,
		map_page(vp, type, HV_MAP_VP_STATE_PAGE_LOCATION_PROVIDED, &location));
	CHECK_STATUS(SUCCESS, map_page(vp, type, 0, &location));
}

TEST(vp_state_pages)
{
	struct partition *child;
	struct vp *vp;
	u64 location;

	world_boot();
	child = world_child(64);
	vp = world_vp(child, 1);
	check_state_page(vp, HV_VP_STATE_PAGE_REGISTERS, vp->register_page, SLAT_READ | SLAT_WRITE);
	check_state_page(vp, HV_VP_STATE_PAGE_INTERCEPT_MESSAGE, vp->intercept_page, SLAT_READ);
	CHECK_STATUS(INVALID_PARAMETER, map_page(vp, HV_VP_STATE_PAGE_GHCB, 0, &location));
	CHECK_STATUS(INVALID_PARAMETER, map_page(vp, 7, 0, &location));
	CHECK_STATUS(INVALID_PARAMETER, unmap_page(vp, HV_VP_STATE_PAGE_GHCB));
	/* Deletion takes them back before they are used for something else. */
	location = machine_spa(vp->register_page);
	CHECK_STATUS(SUCCESS, delete_vp(child, 1));
	CHECK_EQ(FRAME_POOL, frame_get(location));
	CHECK_EQ(0, slat_lookup(&root_partition.slat, location).rights);
	vp = world_vp(child, 0);
	CHECK_STATUS(SUCCESS, map_page(vp, HV_VP_STATE_PAGE_REGISTERS, 0, &location));
	CHECK_STATUS(SUCCESS, world_fast(HVCALL_FINALIZE_PARTITION, child->id, 0));
	CHECK_EQ(FRAME_POOL, frame_get(location << PAGE_SHIFT));
	CHECK_EQ(0, slat_lookup(&root_partition.slat, location << PAGE_SHIFT).rights);
}

TEST(vp_calls_need_vp)
{
	struct partition *child;
	struct hv_input_map_vp_state_page page = {.vp_index = 5};
	struct hv_input_unmap_vp_state_page unmap = {.vp_index = 5};
	struct hv_input_get_vp_state get = {.vp_index = 5};
	struct hv_input_translate_virtual_address translate = {.vp_index = 5};
	struct hv_input_register_intercept_result result = {.vp_index = 5};
	struct hv_input_get_vp_registers registers = {.vp_index = 5};

	world_boot();
	child = world_child(64);
	page.partition_id = unmap.partition_id = get.partition_id = child->id;
	translate.partition_id = result.partition_id = registers.partition_id = child->id;
	CHECK_STATUS(INVALID_VP_INDEX, WORLD_CALL(MAP_VP_STATE_PAGE, page));
	CHECK_STATUS(INVALID_VP_INDEX, WORLD_CALL(UNMAP_VP_STATE_PAGE, unmap));
	CHECK_STATUS(INVALID_VP_INDEX, WORLD_CALL(GET_VP_STATE, get));
	CHECK_STATUS(INVALID_VP_INDEX, WORLD_CALL(SET_VP_STATE, get));
	CHECK_STATUS(INVALID_VP_INDEX, WORLD_CALL(TRANSLATE_VIRTUAL_ADDRESS, translate));
	CHECK_STATUS(INVALID_VP_INDEX, WORLD_CALL(REGISTER_INTERCEPT_RESULT, result));
	CHECK_EQ(HV_STATUS_INVALID_VP_INDEX,
		world_rep(HVCALL_GET_VP_REGISTERS, 0, 3, &registers, sizeof(registers), NULL, 0));
	CHECK_EQ(1ull << 32 | HV_STATUS_INVALID_VP_INDEX,
		world_rep(HVCALL_SET_VP_REGISTERS, 1, 3, &registers, sizeof(registers), NULL, 0));
}

/* A VP in a processor has no state that could be read or written. */
TEST(vp_calls_need_stopped_vp)
{
	struct partition *child;
	struct vp *vp;
	struct hv_input_get_vp_state state = {.state_data.type = HV_VP_STATE_SYNTHETIC_TIMERS};
	struct hv_input_translate_virtual_address translate = {0};
	struct hv_input_register_intercept_result result = {
		.intercept_type = HV_INTERCEPT_TYPE_X64_CPUID};
	struct hv_input_get_vp_registers in = {0};

	world_boot();
	child = world_child(64);
	vp = world_vp(child, 0);
	state.partition_id = translate.partition_id = result.partition_id = in.partition_id =
		child->id;
	world_halt_root(1);
	world_start(vp);
	world_run_on(1, vp);
	CHECK_STATUS(INVALID_VP_STATE, WORLD_CALL(GET_VP_STATE, state));
	CHECK_STATUS(INVALID_VP_STATE, WORLD_CALL(SET_VP_STATE, state));
	CHECK_STATUS(INVALID_VP_STATE, WORLD_CALL(TRANSLATE_VIRTUAL_ADDRESS, translate));
	CHECK_STATUS(INVALID_VP_STATE, WORLD_CALL(REGISTER_INTERCEPT_RESULT, result));
	CHECK_STATUS(INVALID_VP_STATE, world_set_register(vp, HV_REGISTER_RAX, 1));
	CHECK_STATUS(INVALID_VP_STATE, world_list(HVCALL_GET_VP_REGISTERS, 1, &in, sizeof(in),
					       &(u32){HV_REGISTER_RIP}, 4, NULL, 0));
	/* Whether it is suspended can be asked at any time. */
	CHECK_EQ(0, world_get_register(vp, HV_REGISTER_EXPLICIT_SUSPEND));
	world_let_others_run();
	CHECK_STATUS(SUCCESS, world_set_register(vp, HV_REGISTER_EXPLICIT_SUSPEND, 1));
	CHECK_EQ(-1, vp->running_lp);
	CHECK(!fake_vp(vp)->loaded);
	CHECK_STATUS(SUCCESS, world_set_register(vp, HV_REGISTER_RAX, 1));
}
