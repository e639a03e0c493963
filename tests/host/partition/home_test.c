/* SPDX-License-Identifier: BSD-2-Clause */
/* Where VPs are best placed: with their partition's memory, unless their creator has said where. */
#include "tests/host/world.h"

#include <string.h>

#define RW (HV_MAP_GPA_READABLE | HV_MAP_GPA_WRITABLE)

/* LPs 0 and 1 are in domain 50, 2 and 3 in 90, none in 70: so nodes 0 and 1. */
#define BORDER	      (0x1000ull + 200) /* page numbers; not where a large page ends */
#define NEAR	      0xc00ull		/* on node 0, as many as a test needs */
#define FAR	      0x1800ull		/* on node 1 */
#define NOWHERE	      0x2000ull		/* in domain 70 */
#define DOMAIN_NODE_1 90

static struct partition *child;

static void boot(void)
{
	for (u32 i = 0; i < WORLD_LPS; i++)
		machine.lps[i].proximity_domain = i < 2 ? 50 : DOMAIN_NODE_1;
	machine.memory_domain_count = 3;
	machine.memory_domains[0] = (struct memory_domain){0, BORDER << PAGE_SHIFT, 50};
	machine.memory_domains[1] =
		(struct memory_domain){BORDER << PAGE_SHIFT, NOWHERE << PAGE_SHIFT, DOMAIN_NODE_1};
	machine.memory_domains[2] = (struct memory_domain){NOWHERE << PAGE_SHIFT, ~0ull, 70};
	world_boot();
	child = world_child(128);
}

static void map(u64 gpa_page, u64 page)
{
	CHECK_STATUS(SUCCESS, world_map(child, gpa_page, page, RW));
}

static void unmap(u64 gpa_page, u32 count)
{
	struct hv_input_unmap_gpa_pages in = {
		.target_partition_id = child->id, .target_gpa_base = gpa_page};

	CHECK_STATUS(
		SUCCESS, world_rep(HVCALL_UNMAP_GPA_PAGES, 0, count, &in, sizeof(in), NULL, 0));
}

static void check_nodes(u64 first, u64 second, u64 none)
{
	CHECK_EQ(first, child->slat.on_node[0]);
	CHECK_EQ(second, child->slat.on_node[1]);
	CHECK_EQ(none, child->slat.on_node[FRAME_NO_NODE]);
}

/* More than half of all that is mapped decides, at the end of each call. */
TEST(home_follows_memory)
{
	struct vp *vp, *later;

	boot();
	vp = world_vp(child, 0);
	CHECK_EQ(SCHED_NO_NODE, vp->sched.node);
	map(0, FAR);
	CHECK_EQ(1, vp->sched.node);
	map(1, NEAR);
	CHECK_EQ(SCHED_NO_NODE, vp->sched.node);
	map(2, NEAR + 1);
	CHECK_EQ(0, vp->sched.node);
	later = world_vp(child, 1);
	CHECK_EQ(0, later->sched.node);
	map(3, NOWHERE);
	check_nodes(2, 1, 1);
	CHECK_EQ(SCHED_NO_NODE, vp->sched.node);
	CHECK_EQ(SCHED_NO_NODE, later->sched.node);
	/* Another frame in the place of one, and the same frame twice. */
	map(3, NEAR);
	check_nodes(3, 1, 0);
	CHECK_EQ(0, vp->sched.node);
	map(2, FAR);
	map(1, FAR);
	check_nodes(1, 3, 0);
	CHECK_EQ(1, vp->sched.node);
	CHECK_EQ(1, later->sched.node);
	unmap(0, 3);
	check_nodes(1, 0, 0);
	CHECK_EQ(0, vp->sched.node);
	/* What is not there is not subtracted. */
	unmap(0, 4);
	unmap(0, 4);
	check_nodes(0, 0, 0);
	CHECK_EQ(SCHED_NO_NODE, vp->sched.node);
}

/* Each frame of a large page counts where it is, also when it is split or replaced. */
TEST(home_large_page)
{
	struct hv_input_map_gpa_pages in;
	u64 page = 0x1000;
	struct vp *vp;

	boot();
	in = (struct hv_input_map_gpa_pages){.target_partition_id = child->id,
		.target_gpa_base = 0x200,
		.map_flags = RW | HV_MAP_GPA_LARGE_PAGE};
	vp = world_vp(child, 0);
	map(0x200, NEAR);
	CHECK_STATUS(
		SUCCESS, world_list(HVCALL_MAP_GPA_PAGES, 1, &in, sizeof(in), &page, 8, NULL, 0));
	check_nodes(200, 312, 0);
	CHECK_EQ(1, vp->sched.node);
	unmap(0x200 + 200, 112);
	/* What is home stays it while it has nearly half. */
	check_nodes(200, 200, 0);
	CHECK_EQ(1, vp->sched.node);
	unmap(0x200 + 486, 26);
	check_nodes(200, 174, 0);
	CHECK_EQ(1, vp->sched.node);
	unmap(0x200 + 462, 24);
	check_nodes(200, 150, 0);
	CHECK_EQ(0, vp->sched.node);
}

static struct vp *create(u32 index, u32 domain, u32 flags)
{
	struct hv_input_create_vp in = {.partition_id = child->id, .vp_index = index};

	in.proximity_domain_info = (struct hv_proximity_domain_info){domain, flags};
	CHECK_STATUS(SUCCESS, WORLD_CALL(CREATE_VP, in));
	return child->vps[index];
}

TEST(home_given_by_creator)
{
	const struct vp *given, *not_valid, *no_lp;

	boot();
	map(0, NEAR);
	given = create(0, DOMAIN_NODE_1, HV_PROXIMITY_INFO_VALID);
	not_valid = create(1, DOMAIN_NODE_1, HV_PROXIMITY_PREFERRED);
	no_lp = create(2, 70, HV_PROXIMITY_INFO_VALID | HV_PROXIMITY_PREFERRED);
	CHECK_EQ(1, given->sched.node);
	CHECK_EQ(0, not_valid->sched.node);
	CHECK_EQ(0, no_lp->sched.node);
	unmap(0, 1);
	CHECK_EQ(1, given->sched.node);
	CHECK_EQ(SCHED_NO_NODE, not_valid->sched.node);
	CHECK_EQ(SCHED_NO_NODE, no_lp->sched.node);
	map(0, NEAR);
	CHECK_EQ(1, given->sched.node);
	CHECK_EQ(0, no_lp->sched.node);
	CHECK_EQ(given->sched.node, create(3, DOMAIN_NODE_1, HV_PROXIMITY_INFO_VALID)->sched.node);
}

/* LPs hear of it when it changes, and only then. */
TEST(home_told_once)
{
	struct vp *vp;
	u32 kicks;

	boot();
	vp = world_vp(child, 0);
	world_halt_root(1);
	world_start(vp);
	world_run_on(1, vp);
	kicks = fake.lps[1].kicks;
	map(0, FAR);
	CHECK_EQ(kicks + 1, fake.lps[1].kicks);
	for (u32 i = 1; i < 10; i++)
		map(i, FAR + i);
	map(20, NEAR);
	CHECK_EQ(kicks + 1, fake.lps[1].kicks);
	CHECK_EQ(1, vp->sched.node);
}

/* With one node, or without a table, it is as if there were none. */
TEST(home_of_one_node)
{
	struct vp *vp;

	machine.memory_domain_count = 1;
	machine.memory_domains[0] = (struct memory_domain){0, ~0ull, 0};
	world_boot();
	child = world_child(64);
	vp = world_vp(child, 0);
	map(0, NEAR);
	check_nodes(0, 0, 1);
	CHECK_EQ(SCHED_NO_NODE, vp->sched.node);
}

TEST(home_ends)
{
	boot();
	(void)world_vp(child, 0);
	map(0, NEAR);
	map(1, FAR);
	map(2, NOWHERE);
	check_nodes(1, 1, 1);
	CHECK_STATUS(SUCCESS, world_fast(HVCALL_FINALIZE_PARTITION, child->id, 0));
	check_nodes(0, 0, 0);
}
