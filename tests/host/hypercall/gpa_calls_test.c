/* SPDX-License-Identifier: BSD-2-Clause */
/* GPA spaces: mapping, unmapping, access states, translation. */
#include "tests/host/world.h"

#include <string.h>

#define RW  (HV_MAP_GPA_READABLE | HV_MAP_GPA_WRITABLE)
#define RWX (RW | HV_MAP_GPA_EXECUTABLE)

static u64 map(const struct partition *child, u64 gpa_page, const u64 *list, u32 count, u32 flags)
{
	struct hv_input_map_gpa_pages in = {
		.target_partition_id = child->id, .target_gpa_base = gpa_page, .map_flags = flags};

	return world_list(HVCALL_MAP_GPA_PAGES, count, &in, sizeof(in), list, 8 * count, NULL, 0);
}

static u64 unmap(const struct partition *child, u64 gpa_page, u32 count, u32 flags)
{
	struct hv_input_unmap_gpa_pages in = {.target_partition_id = child->id,
		.target_gpa_base = gpa_page,
		.unmap_flags = flags};

	return world_rep(HVCALL_UNMAP_GPA_PAGES, 0, count, &in, sizeof(in), NULL, 0);
}

static struct slat_leaf leaf_of(const struct partition *child, u64 gpa_page)
{
	return slat_lookup(&child->slat, gpa_page << PAGE_SHIFT);
}

static void check_counts(const struct partition *child, u64 small, u64 large)
{
	CHECK_EQ(small, stat_partition(child, GpaPages4K));
	CHECK_EQ(large, stat_partition(child, GpaPages2M));
	CHECK_EQ(small + 512 * large, stat_partition(child, GpaPages));
	CHECK_EQ(0, child->slat.retired);
}

TEST(map_small_pages)
{
	struct partition *child;
	u64 list[10];

	world_boot();
	child = world_child(64);
	for (u32 i = 0; i < 10; i++)
		list[i] = world_page();
	CHECK_EQ(10ull << 32, map(child, 0x1000, list, 10, RW));
	for (u32 i = 0; i < 10; i++) {
		struct slat_leaf leaf = leaf_of(child, 0x1000 + i);

		CHECK_EQ(list[i] << PAGE_SHIFT, leaf.spa);
		CHECK_EQ(SLAT_READ | SLAT_WRITE, leaf.rights);
		CHECK_EQ(1, frame_mappings(list[i] << PAGE_SHIFT));
	}
	CHECK_EQ(0, leaf_of(child, 0xfff).rights);
	CHECK_EQ(0, leaf_of(child, 0x100a).rights);
	check_counts(child, 10, 0);
	CHECK_EQ(10ull << 32, unmap(child, 0x1000, 10, 0));
	CHECK_EQ(0, leaf_of(child, 0x1000).rights);
	CHECK_EQ(0, frame_mappings(list[0] << PAGE_SHIFT));
	check_counts(child, 0, 0);
	/* Nothing there is fine. */
	CHECK_EQ(4ull << 32, unmap(child, 0x1000, 4, 0));
	CHECK_EQ(2ull << 32, unmap(child, 0x400000, 2, HV_UNMAP_GPA_LARGE_PAGE));
}

struct rights_row {
	u32 flags;
	u64 rights;
};

TEST(map_rights)
{
	static const struct rights_row rows[] = {
		{HV_MAP_GPA_READABLE, SLAT_READ},
		{RW, SLAT_READ | SLAT_WRITE},
		{HV_MAP_GPA_READABLE | HV_MAP_GPA_EXECUTABLE, SLAT_READ | SLAT_EXECUTE},
		{HV_MAP_GPA_READABLE | HV_MAP_GPA_KERNEL_EXECUTABLE, SLAT_READ | SLAT_EXECUTE},
		{RWX, SLAT_READ | SLAT_WRITE | SLAT_EXECUTE},
		{RWX | HV_MAP_GPA_ADJUSTABLE, SLAT_READ | SLAT_WRITE | SLAT_EXECUTE},
		{RWX | HV_MAP_GPA_NO_ACCESS, 0},
		{HV_MAP_GPA_PERMISSIONS_NONE, 0},
	};
	struct partition *child;
	u64 page;

	world_boot();
	child = world_child(64);
	page = world_page();
	for (u32 i = 0; i < ARRAY_SIZE(rows); i++) {
		CHECK_STATUS(SUCCESS, map(child, 7, &page, 1, RWX));
		CHECK_STATUS(SUCCESS, map(child, 7, &page, 1, rows[i].flags));
		CHECK_EQ(rows[i].rights, leaf_of(child, 7).rights);
		CHECK_EQ(rows[i].rights ? 1 : 0, frame_mappings(page << PAGE_SHIFT));
	}
	/* Whatever page number stands in the list, nothing is mapped. */
	page = ~0ull;
	CHECK_STATUS(SUCCESS, map(child, 7, &page, 1, HV_MAP_GPA_NO_ACCESS));
	check_counts(child, 0, 0);
}

TEST(map_large_split_replace)
{
	struct partition *child;
	u64 large, small, tables;

	world_boot();
	child = world_child(64);
	large = world_large_page();
	small = world_page();
	CHECK_STATUS(SUCCESS, map(child, 0x200, &large, 1, RWX | HV_MAP_GPA_LARGE_PAGE));
	tables = child->slat.table_pages;
	check_counts(child, 0, 1);
	CHECK_EQ(1, leaf_of(child, 0x2ff).level);
	CHECK_EQ((large + 0xff) << PAGE_SHIFT, leaf_of(child, 0x2ff).spa);
	CHECK_EQ(1, frame_mappings((large + 511) << PAGE_SHIFT));
	/* One page in it is replaced: the others stay. */
	CHECK_STATUS(SUCCESS, map(child, 0x210, &small, 1, HV_MAP_GPA_READABLE));
	check_counts(child, 512, 0);
	CHECK_EQ(1, stat_partition(child, PagesShattered));
	CHECK_EQ(tables + 1, child->slat.table_pages);
	CHECK_EQ(small << PAGE_SHIFT, leaf_of(child, 0x210).spa);
	CHECK_EQ(SLAT_READ, leaf_of(child, 0x210).rights);
	CHECK_EQ((large + 0x11) << PAGE_SHIFT, leaf_of(child, 0x211).spa);
	CHECK_EQ(7, leaf_of(child, 0x20f).rights);
	CHECK_EQ(0, frame_mappings((large + 0x10) << PAGE_SHIFT));
	CHECK_EQ(1, frame_mappings((large + 0x11) << PAGE_SHIFT));
	/* And the small ones by a large one: the table comes back. */
	CHECK_STATUS(SUCCESS, map(child, 0x200, &large, 1, RW | HV_MAP_GPA_LARGE_PAGE));
	check_counts(child, 0, 1);
	CHECK_EQ(tables, child->slat.table_pages);
	CHECK_EQ(0, frame_mappings(small << PAGE_SHIFT));
	CHECK_EQ(1, frame_mappings((large + 0x10) << PAGE_SHIFT));
	CHECK_STATUS(SUCCESS, unmap(child, 0x200, 1, HV_UNMAP_GPA_LARGE_PAGE));
	check_counts(child, 0, 0);
	CHECK_EQ(0, frame_mappings(large << PAGE_SHIFT));
}

TEST(unmap_small_in_large)
{
	struct partition *child;
	u64 large;

	world_boot();
	child = world_child(64);
	large = world_large_page();
	CHECK_STATUS(SUCCESS, map(child, 0x200, &large, 1, RWX | HV_MAP_GPA_LARGE_PAGE));
	CHECK_EQ(3ull << 32, unmap(child, 0x3fd, 3, 0));
	check_counts(child, 509, 0);
	CHECK_EQ(0, leaf_of(child, 0x3ff).rights);
	CHECK_EQ(7, leaf_of(child, 0x3fc).rights);
	CHECK_EQ(0, frame_mappings((large + 511) << PAGE_SHIFT));
	/* Large over what is left of small ones. */
	CHECK_STATUS(SUCCESS, unmap(child, 0x200, 1, HV_UNMAP_GPA_LARGE_PAGE));
	check_counts(child, 0, 0);
}

static void check_bad_map(struct partition *child, u64 gpa_page, u64 spa_page, u32 flags)
{
	CHECK_EQ(HV_STATUS_INVALID_PARAMETER, map(child, gpa_page, &spa_page, 1, flags));
	CHECK_EQ(0, leaf_of(child, gpa_page).rights);
}

TEST(map_limits)
{
	struct partition *child;
	u64 page, large, deposited;

	world_boot();
	child = world_child(64);
	page = world_page();
	large = world_large_page();
	deposited = child->pool.free_spa >> PAGE_SHIFT;
	/* The last GPA page, and those behind it. */
	CHECK_STATUS(SUCCESS, map(child, (1ull << 36) - 1, &page, 1, RW));
	check_bad_map(child, 1ull << 36, page, RW);
	check_bad_map(child, ~0ull, page, RW);
	CHECK_EQ(HV_STATUS_INVALID_PARAMETER, unmap(child, 1ull << 36, 1, 0));
	/* Large pages must be aligned, on both sides. */
	check_bad_map(child, 0x201, large, RW | HV_MAP_GPA_LARGE_PAGE);
	check_bad_map(child, 0x200, large + 1, RW | HV_MAP_GPA_LARGE_PAGE);
	CHECK_EQ(HV_STATUS_INVALID_PARAMETER, unmap(child, 0x201, 1, HV_UNMAP_GPA_LARGE_PAGE));
	/* What is not the root's RAM. */
	check_bad_map(child, 1, deposited, RW);
	check_bad_map(child, 1, WORLD_IMAGE_START >> PAGE_SHIFT, RW);
	check_bad_map(child, 1, hypervisor.pool_start >> PAGE_SHIFT, RW);
	check_bad_map(child, 1, root_partition.hypercall_msr >> PAGE_SHIFT, HV_MAP_GPA_READABLE);
	check_bad_map(child, 1, 0xfee00, RW);
	check_bad_map(child, 1, FAKE_RAM_SIZE >> PAGE_SHIFT, RW);
	check_bad_map(child, 1, 1ull << 52 | page, RW);
	check_bad_map(child, 0x400, WORLD_IMAGE_START >> PAGE_SHIFT, RW | HV_MAP_GPA_LARGE_PAGE);
	/* One bad page among 512 good ones. */
	CHECK_STATUS(SUCCESS, world_list(HVCALL_DEPOSIT_MEMORY, 1, &child->id, 8,
				      &(u64){large + 300}, 8, NULL, 0));
	check_bad_map(child, 0x400, large, RW | HV_MAP_GPA_LARGE_PAGE);
	CHECK_EQ(0, frame_mappings(large << PAGE_SHIFT));
}

TEST(map_bad_element)
{
	struct partition *child;
	u64 list[4];

	world_boot();
	child = world_child(64);
	for (u32 i = 0; i < 4; i++)
		list[i] = world_page();
	list[2] = WORLD_IMAGE_START >> PAGE_SHIFT;
	CHECK_EQ(2ull << 32 | HV_STATUS_INVALID_PARAMETER, map(child, 0x10, list, 4, RW));
	CHECK(leaf_of(child, 0x11).rights);
	CHECK(!leaf_of(child, 0x12).rights);
	CHECK(!leaf_of(child, 0x13).rights);
	check_counts(child, 2, 0);
}

/* Memory runs out on the way: what is done stays done, and the call can go on after a deposit. */
TEST(map_needs_memory)
{
	struct partition *child;
	u64 pages[4];
	u64 result;

	world_boot();
	child = world_child(4); /* the top table, and three for the first page */
	for (u32 i = 0; i < 4; i++)
		pages[i] = world_page();
	result = map(child, 0x1fe, pages, 4, RW);
	CHECK_EQ(2ull << 32 | HV_STATUS_INSUFFICIENT_MEMORY, result);
	check_counts(child, 2, 0);
	CHECK_EQ(0, child->pool.free_pages);
	world_deposit(child->id, 1);
	CHECK_EQ(2ull << 32, map(child, 0x200, pages + 2, 2, RW));
	check_counts(child, 4, 0);
	/* Splitting needs a page; without one the large page stays whole. */
	pages[0] = world_large_page();
	CHECK_STATUS(SUCCESS, map(child, 0x400, pages, 1, RW | HV_MAP_GPA_LARGE_PAGE));
	CHECK_EQ(HV_STATUS_INSUFFICIENT_MEMORY, unmap(child, 0x400, 1, 0));
	CHECK_EQ(1, leaf_of(child, 0x400).level);
	check_counts(child, 4, 1);
}

TEST(map_states)
{
	struct partition *child;
	u64 page;

	world_boot();
	child = world_create(64);
	page = world_page();
	CHECK_EQ(HV_STATUS_INVALID_PARTITION_STATE, map(child, 1, &page, 1, RW));
	CHECK_EQ(HV_STATUS_INVALID_PARTITION_STATE, unmap(child, 1, 1, 0));
	CHECK_EQ(0, stat_partition(child, GpaSpaceModifications));
	CHECK_STATUS(SUCCESS, world_fast(HVCALL_INITIALIZE_PARTITION, child->id, 0));
	CHECK_STATUS(SUCCESS, map(child, 1, &page, 1, RW));
	CHECK_EQ(1, stat_partition(child, GpaSpaceModifications));
	CHECK_STATUS(SUCCESS, world_fast(HVCALL_FINALIZE_PARTITION, child->id, 0));
	CHECK_EQ(0, frame_mappings(page << PAGE_SHIFT));
	CHECK_EQ(HV_STATUS_INVALID_PARTITION_STATE, map(child, 1, &page, 1, RW));
	/* VMMs take their pages out when all is over: nothing is mapped, as they wish. */
	CHECK_EQ(1ull << 32, unmap(child, 1, 1, 0));
	CHECK_EQ(9ull << 32, unmap(child, 0x200, 9, HV_UNMAP_GPA_LARGE_PAGE));
}

/* ---- Access states ---- */

static u64 states(const struct partition *child, u64 flags, u64 gpa_page, u32 count, u8 *out)
{
	struct hv_input_get_gpa_pages_access_states in = {child->id, flags, gpa_page};

	return world_rep(HVCALL_GET_GPA_PAGES_ACCESS_STATES, 0, count, &in, sizeof(in), out, count);
}

TEST(access_states)
{
	struct partition *child;
	u64 list[3];
	u64 modifications;
	u8 out[4];

	world_boot();
	child = world_child(64);
	for (u32 i = 0; i < 3; i++)
		list[i] = world_page();
	CHECK_STATUS(SUCCESS, map(child, 0x10, list, 3, RW));
	modifications = stat_partition(child, GpaSpaceModifications);
	*leaf_of(child, 0x10).entry |= FAKE_SLAT_ACCESSED;
	*leaf_of(child, 0x11).entry |= FAKE_SLAT_ACCESSED | FAKE_SLAT_DIRTY;
	CHECK_EQ(4ull << 32, states(child, 0, 0x10, 4, out));
	CHECK_EQ(0x00000301, *(u32 *)(void *)out & 0xffffffff);
	/* The answer is what was before the change. */
	CHECK_EQ(4ull << 32, states(child, HV_GPA_ACCESS_CLEAR_DIRTY, 0x10, 4, out));
	CHECK_EQ(0x00000301, *(u32 *)(void *)out);
	CHECK_EQ(4ull << 32, states(child, HV_GPA_ACCESS_CLEAR_ACCESSED, 0x10, 4, out));
	CHECK_EQ(0x00000101, *(u32 *)(void *)out);
	CHECK_EQ(4ull << 32, states(child, HV_GPA_ACCESS_SET_DIRTY, 0x10, 4, out));
	CHECK_EQ(0, *(u32 *)(void *)out);
	CHECK_EQ(4ull << 32, states(child, HV_GPA_ACCESS_SET_ACCESSED, 0x10, 4, out));
	CHECK_EQ(0x00020202, *(u32 *)(void *)out);
	/* The mapping itself has not changed. */
	CHECK_EQ(list[2] << PAGE_SHIFT, leaf_of(child, 0x12).spa);
	CHECK_EQ(SLAT_READ | SLAT_WRITE, leaf_of(child, 0x12).rights);
	CHECK_EQ(modifications, stat_partition(child, GpaSpaceModifications));
}

/* The state of what the parent gave, also while the child has a page of ours shown over it. */
TEST(access_states_below_overlay)
{
	struct hv_output_translate_virtual_address out;
	struct hv_input_translate_virtual_address in = {.gva_page = 5};
	struct partition *child;
	struct vp *vp;
	u8 state;

	world_boot();
	child = world_child(64);
	vp = world_vp(child, 0);
	CHECK_STATUS(SUCCESS,
		world_map(child, 5, world_page(), HV_MAP_GPA_READABLE | HV_MAP_GPA_WRITABLE));
	*(u8 *)partition_memory(child, 0x5000, SLAT_READ | SLAT_WRITE) = 1;
	CHECK_EQ(OVERLAY_OK, vp_overlay_set(vp, VP_OVERLAY_SIM, 0x5001));
	CHECK_EQ(1ull << 32, states(child, HV_GPA_ACCESS_CLEAR_DIRTY, 5, 1, &state));
	CHECK(state & HV_GPA_STATE_DIRTY);
	CHECK(partition_memory(child, 0x5000, SLAT_READ | SLAT_WRITE));
	CHECK_EQ(1ull << 32, states(child, 0, 5, 1, &state));
	CHECK(!(state & HV_GPA_STATE_DIRTY));
	in.partition_id = child->id;
	CHECK_STATUS(SUCCESS, WORLD_CALL_OUT(TRANSLATE_VIRTUAL_ADDRESS, in, out));
	CHECK_EQ(HV_CACHE_TYPE_WRITE_BACK | HV_TRANSLATE_GVA_OVERLAY_PAGE, out.attributes);
	CHECK_EQ(OVERLAY_OK, vp_overlay_set(vp, VP_OVERLAY_SIM, 0));
	CHECK_STATUS(SUCCESS, WORLD_CALL_OUT(TRANSLATE_VIRTUAL_ADDRESS, in, out));
	CHECK_EQ(HV_CACHE_TYPE_WRITE_BACK, out.attributes);
	/* Nothing was given there: nothing to report. */
	CHECK_EQ(OVERLAY_OK, vp_overlay_set(vp, VP_OVERLAY_SIM, 0x9001));
	CHECK_EQ(1ull << 32, states(child, HV_GPA_ACCESS_SET_DIRTY, 9, 1, &state));
	CHECK_EQ(0, state);
}

/* A large page is one state for 512: clearing it for one would make the others look clean. */
TEST(access_states_large)
{
	struct partition *child;
	u64 large;
	u8 out[2];

	world_boot();
	child = world_child(64);
	large = world_large_page();
	CHECK_STATUS(SUCCESS, map(child, 0x200, &large, 1, RW | HV_MAP_GPA_LARGE_PAGE));
	*leaf_of(child, 0x200).entry |= FAKE_SLAT_DIRTY;
	CHECK_STATUS(SUCCESS, states(child, HV_GPA_ACCESS_CLEAR_DIRTY, 0x205, 2, out));
	CHECK_EQ(HV_GPA_STATE_DIRTY, out[1]);
	CHECK_STATUS(SUCCESS, states(child, 0, 0x3ff, 1, out));
	CHECK_EQ(HV_GPA_STATE_DIRTY, out[0]);
	CHECK_STATUS(SUCCESS, world_fast(HVCALL_FINALIZE_PARTITION, child->id, 0));
	CHECK_EQ(HV_STATUS_INVALID_PARTITION_STATE, states(child, 0, 0x200, 1, out));
}
