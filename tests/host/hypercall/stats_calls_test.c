/* SPDX-License-Identifier: BSD-2-Clause */
/* Statistics pages over memory that the root names, and who may have which at the same time. */
#include "abi/hv_msr.h"
#include "core/vp/msrs.h"
#include "tests/host/world.h"

#include <string.h>

#define ALL (SLAT_READ | SLAT_WRITE | SLAT_EXECUTE)

struct object {
	u32 type;
	u64 id;
	u32 vp;
	u8 area;
};

static union hv_stats_object_identity identity(const struct object *object)
{
	union hv_stats_object_identity identity = {0};

	identity.vp.partition_id = object->id;
	identity.vp.vp_index = object->vp;
	identity.vp.stats_area_type = object->area;
	return identity;
}

static u64 map_over(struct object object, u64 location)
{
	struct hv_input_map_stats_page2 in = {
		.type = object.type, .identity = identity(&object), .map_location = location};

	return WORLD_CALL(MAP_STATS_PAGE2, in);
}

static u64 map(struct object object)
{
	struct hv_input_map_stats_page in = {.type = object.type, .identity = identity(&object)};
	struct hv_output_map_stats_page out;

	return WORLD_CALL_OUT(MAP_STATS_PAGE, in, out);
}

static u64 unmap(struct object object)
{
	struct hv_input_unmap_stats_page in = {.type = object.type, .identity = identity(&object)};

	return WORLD_CALL(UNMAP_STATS_PAGE, in);
}

static struct object hypervisor_object(void)
{
	return (struct object){.type = HV_STATS_OBJECT_HYPERVISOR};
}

static struct object lp_object(u32 index)
{
	return (struct object){.type = HV_STATS_OBJECT_LOGICAL_PROCESSOR, .id = index};
}

static struct object partition_object(const struct partition *partition, u8 area)
{
	return (struct object){HV_STATS_OBJECT_PARTITION, partition->id, 0, area};
}

static struct object vp_object(const struct vp *vp, u8 area)
{
	return (struct object){HV_STATS_OBJECT_VP, vp->partition->id, vp->index, area};
}

static struct slat_leaf root_leaf(u64 page)
{
	return slat_lookup(&root_partition.slat, page << PAGE_SHIFT);
}

static void check_shown(u64 page, const u64 *stats)
{
	CHECK_EQ(machine_spa(stats), root_leaf(page).spa);
	CHECK_EQ(SLAT_READ, root_leaf(page).rights);
	CHECK_EQ(FRAME_COVERED, frame_get(page << PAGE_SHIFT));
	/* The hypervisor sees what the root sees. */
	CHECK(partition_memory(&root_partition, page << PAGE_SHIFT, SLAT_READ) == stats);
	CHECK(!partition_memory(&root_partition, page << PAGE_SHIFT, SLAT_READ | SLAT_WRITE));
}

static void check_back(u64 page)
{
	CHECK_EQ(page << PAGE_SHIFT, root_leaf(page).spa);
	CHECK_EQ(ALL, root_leaf(page).rights);
	CHECK_EQ(FRAME_ROOT, frame_get(page << PAGE_SHIFT));
}

static void check_over(struct object object, const u64 *stats)
{
	u64 page = world_page();

	memset(world_memory(page), 0x5a, PAGE_SIZE);
	CHECK_STATUS(SUCCESS, map_over(object, page));
	check_shown(page, stats);
	/* One place for each area, however it is mapped. */
	CHECK_STATUS(OPERATION_DENIED, map_over(object, world_page()));
	CHECK_STATUS(OPERATION_DENIED, map(object));
	CHECK_STATUS(SUCCESS, unmap(object));
	check_back(page);
	CHECK_EQ(0x5a, *(u8 *)world_memory(page));
	CHECK_STATUS(OPERATION_DENIED, unmap(object));
}

TEST(stats_over)
{
	struct partition *child;
	struct vp *vp, *root;

	world_boot();
	world_let_others_run();
	child = world_child(64);
	vp = world_vp(child, 3);
	root = root_partition.vps[2];
	check_over(hypervisor_object(), hypervisor.stats);
	check_over(lp_object(2), lps[2].stats);
	check_over(partition_object(&root_partition, 0), root_partition.stats);
	check_over(vp_object(root, 0), root->stats);
	check_over(partition_object(child, 0), child->stats);
	check_over(vp_object(vp, 0), vp->stats);
	/* No page of ours had to move for it. */
	CHECK_EQ(FRAME_HYPERVISOR, frame_get(machine_spa(root->stats)));
}

/* The areas of a partition and of a VP are mapped each for itself, and show the same page. */
TEST(stats_over_areas)
{
	u64 self, parent;
	struct vp *vp;

	world_boot();
	vp = world_vp(world_child(64), 0);
	self = world_page();
	parent = world_page();
	CHECK_STATUS(SUCCESS, map_over(vp_object(vp, HV_STATS_AREA_SELF), self));
	CHECK_STATUS(SUCCESS, map_over(vp_object(vp, HV_STATS_AREA_PARENT), parent));
	check_shown(self, vp->stats);
	check_shown(parent, vp->stats);
	CHECK_STATUS(OPERATION_DENIED, map_over(vp_object(vp, HV_STATS_AREA_PARENT), world_page()));
	CHECK_STATUS(SUCCESS, unmap(vp_object(vp, HV_STATS_AREA_SELF)));
	check_back(self);
	check_shown(parent, vp->stats);
	/* SELF can be at its own address now. */
	CHECK_STATUS(SUCCESS, map(vp_object(vp, HV_STATS_AREA_SELF)));
	CHECK_STATUS(OPERATION_DENIED, map_over(vp_object(vp, HV_STATS_AREA_SELF), self));
	CHECK_STATUS(SUCCESS, unmap(vp_object(vp, HV_STATS_AREA_PARENT)));
	CHECK_STATUS(OPERATION_DENIED, unmap(vp_object(vp, HV_STATS_AREA_PARENT)));
	CHECK_STATUS(SUCCESS, unmap(vp_object(vp, HV_STATS_AREA_SELF)));
}

TEST(stats_over_refused)
{
	struct object object = hypervisor_object();
	struct partition *child;
	u64 mapped, taken;

	world_boot();
	child = world_child(64);
	mapped = world_page();
	taken = world_page();
	CHECK_STATUS(SUCCESS, world_map(child, 5, mapped, HV_MAP_GPA_READABLE));
	CHECK_STATUS(SUCCESS, map_over(lp_object(0), taken));
	CHECK_STATUS(INVALID_PARAMETER, map_over(object, 0));
	CHECK_STATUS(INVALID_PARAMETER, map_over(object, ~0ull));
	CHECK_STATUS(INVALID_PARAMETER, map_over(object, 1ull << 36));
	CHECK_STATUS(INVALID_PARAMETER, map_over(object, FAKE_RAM_SIZE >> PAGE_SHIFT));
	CHECK_STATUS(INVALID_PARAMETER, map_over(object, WORLD_IMAGE_START >> PAGE_SHIFT));
	CHECK_STATUS(INVALID_PARAMETER, map_over(object, mapped));
	CHECK_STATUS(INVALID_PARAMETER, map_over(object, taken));
	CHECK_EQ(0, hypervisor.stats_covers[HV_STATS_AREA_SELF]);
	CHECK_STATUS(INVALID_LP_INDEX, map_over(lp_object(WORLD_LPS), world_page()));
	CHECK_STATUS(INVALID_PARTITION_ID,
		map_over((struct object){HV_STATS_OBJECT_PARTITION, 0x7777, 0, 0}, world_page()));
	CHECK_STATUS(INVALID_VP_INDEX,
		map_over((struct object){HV_STATS_OBJECT_VP, child->id, 9, 0}, world_page()));
	CHECK_EQ(0, child->users);
	CHECK_STATUS(SUCCESS, world_fast(HVCALL_FINALIZE_PARTITION, child->id, 0));
	CHECK_STATUS(INVALID_PARTITION_STATE, map_over(partition_object(child, 0), world_page()));
}

/* A covered page is not the root's to give away. */
TEST(stats_over_keeps_page)
{
	struct hv_input_deposit_memory header;
	struct partition *child;
	u64 page;

	world_boot();
	child = world_child(64);
	page = world_page();
	CHECK_STATUS(SUCCESS, map_over(partition_object(child, 0), page));
	header.partition_id = child->id;
	CHECK_STATUS(INVALID_PARAMETER,
		world_list(HVCALL_DEPOSIT_MEMORY, 1, &header, sizeof(header), &page, 8, NULL, 0));
	CHECK_STATUS(INVALID_PARAMETER, world_map(child, 5, page, HV_MAP_GPA_READABLE));
}

struct area_row {
	u32 type;
	u8 area;
	bool over; /* MapStatsPage2 takes it */
};

/* What is not kept is refused as Linux expects it: MapStatsPage has no PARENT area. */
TEST(stats_areas)
{
	static const struct area_row rows[] = {
		{HV_STATS_OBJECT_HYPERVISOR, HV_STATS_AREA_PARENT, false},
		{HV_STATS_OBJECT_HYPERVISOR, HV_STATS_AREA_INTERNAL, false},
		{HV_STATS_OBJECT_LOGICAL_PROCESSOR, HV_STATS_AREA_PARENT, false},
		{HV_STATS_OBJECT_LOGICAL_PROCESSOR, HV_STATS_AREA_INTERNAL, false},
		{HV_STATS_OBJECT_PARTITION, HV_STATS_AREA_PARENT, true},
		{HV_STATS_OBJECT_PARTITION, HV_STATS_AREA_INTERNAL, false},
		{HV_STATS_OBJECT_VP, HV_STATS_AREA_PARENT, true},
		{HV_STATS_OBJECT_VP, HV_STATS_AREA_INTERNAL, false},
		{HV_STATS_OBJECT_VP, 0xff, false},
	};
	struct vp *vp;

	world_boot();
	vp = world_vp(world_child(64), 0);
	for (u32 i = 0; i < ARRAY_SIZE(rows); i++) {
		bool local = rows[i].type >> 16;
		struct object object = {
			rows[i].type, local ? vp->partition->id : 0, 0, rows[i].area};
		u64 result = map_over(object, world_page());

		CHECK_EQ(rows[i].over ? HV_STATUS_SUCCESS : HV_STATUS_INVALID_PARAMETER,
			STATUS_OF(result));
		CHECK_STATUS(INVALID_PARAMETER, map(object));
		result = unmap(object);
		CHECK_EQ(rows[i].over ? HV_STATUS_SUCCESS : HV_STATUS_INVALID_PARAMETER,
			STATUS_OF(result));
	}
}

/* Every byte between the object and the area must be 0. */
TEST(stats_reserved)
{
	static const struct area_row rows[] = {
		{HV_STATS_OBJECT_HYPERVISOR, 0, false},
		{HV_STATS_OBJECT_LOGICAL_PROCESSOR, 4, false},
		{HV_STATS_OBJECT_PARTITION, 8, false},
		{HV_STATS_OBJECT_VP, 12, false},
	};
	struct vp *vp;

	world_boot();
	vp = world_vp(world_child(64), 0);
	for (u32 i = 0; i < ARRAY_SIZE(rows); i++) {
		for (u32 byte = rows[i].area; byte < 15; byte++) {
			struct hv_input_map_stats_page2 in = {
				.type = rows[i].type, .map_location = world_page()};

			if (rows[i].type >> 16)
				in.identity.vp.partition_id = vp->partition->id;
			in.identity.hv.reserved[byte] = 1;
			CHECK_STATUS(INVALID_PARAMETER, WORLD_CALL(MAP_STATS_PAGE2, in));
		}
	}
}

/* A page of our own that shows somewhere cannot move to the root's pool. */
TEST(stats_over_stays)
{
	struct vp *root;
	u64 free, page;

	world_boot();
	world_let_others_run();
	root = root_partition.vps[0];
	world_deposit(root_partition.id, 4);
	free = root_partition.pool.free_pages;
	CHECK_STATUS(SUCCESS, map_over(vp_object(root, HV_STATS_AREA_PARENT), world_page()));
	CHECK_STATUS(OPERATION_DENIED, map(vp_object(root, HV_STATS_AREA_SELF)));
	CHECK_STATUS(SUCCESS, unmap(vp_object(root, HV_STATS_AREA_PARENT)));
	CHECK_STATUS(SUCCESS,
		map_over(partition_object(&root_partition, HV_STATS_AREA_PARENT), world_page()));
	CHECK_STATUS(OPERATION_DENIED, map(partition_object(&root_partition, 0)));
	page = world_page();
	CHECK_EQ(MSR_DONE,
		vp_write_msr(root, HV_X64_MSR_STATS_VP_RETAIL_PAGE, page << PAGE_SHIFT | 1, &page));
	CHECK_STATUS(OPERATION_DENIED, map(vp_object(root, HV_STATS_AREA_SELF)));
	CHECK_EQ(free, root_partition.pool.free_pages);
	CHECK_EQ(MSR_DONE, vp_write_msr(root, HV_X64_MSR_STATS_VP_RETAIL_PAGE, 0, &page));
	CHECK_STATUS(SUCCESS, map(vp_object(root, HV_STATS_AREA_SELF)));
	CHECK_EQ(free - 1, root_partition.pool.free_pages);
}

/* An object takes its page along when it goes. */
TEST(stats_over_ends_with_object)
{
	struct partition *child, *other;
	u64 pages[6];
	struct vp *vp;

	world_boot();
	child = world_child(64);
	other = world_create(0);
	for (u32 i = 0; i < ARRAY_SIZE(pages); i++)
		pages[i] = world_page();
	vp = world_vp(child, 0);
	CHECK_STATUS(SUCCESS, map_over(vp_object(vp, HV_STATS_AREA_SELF), pages[0]));
	CHECK_STATUS(SUCCESS, map_over(vp_object(vp, HV_STATS_AREA_PARENT), pages[1]));
	CHECK_STATUS(SUCCESS, ({
		struct hv_input_delete_vp in = {.partition_id = child->id};

		WORLD_CALL(DELETE_VP, in);
	}));
	check_back(pages[0]);
	check_back(pages[1]);
	vp = world_vp(child, 1);
	CHECK_STATUS(SUCCESS, map_over(vp_object(vp, HV_STATS_AREA_PARENT), pages[2]));
	CHECK_STATUS(SUCCESS, map_over(partition_object(child, HV_STATS_AREA_SELF), pages[3]));
	CHECK_STATUS(SUCCESS, map_over(partition_object(child, HV_STATS_AREA_PARENT), pages[4]));
	world_delete(child);
	CHECK_STATUS(SUCCESS, map_over(partition_object(other, HV_STATS_AREA_SELF), pages[5]));
	CHECK_STATUS(SUCCESS, world_fast(HVCALL_DELETE_PARTITION, other->id, 0));
	for (u32 i = 2; i < ARRAY_SIZE(pages); i++)
		check_back(pages[i]);
}
