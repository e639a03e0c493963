/* SPDX-License-Identifier: BSD-2-Clause */
/* Second-level tables by themselves: against a plain array of what is mapped where. */
#include "core/memory/slat.h"

#include "core/memory/frames.h"
#include "tests/host/fake_backend.h"
#include "tests/host/test.h"

#include <string.h>

#define RWX	   (SLAT_READ | SLAT_WRITE | SLAT_EXECUTE)
#define POOL_START 0x2000000ull
#define POOL_PAGES 64
#define SOURCE	   0x0400000ull /* 2 MiB aligned; 4 MiB from here are mapped somewhere */

/* Of the 1024 frames from SOURCE. */
#define NODE_0_PAGES 300
#define NODE_2_FIRST 700

static struct pool pool;
static struct slat slat;

static void setup(u32 pages)
{
	static u32 table[FAKE_RAM_SIZE >> PAGE_SHIFT];

	memset(table, 0, sizeof(table));
	frames_init(table, FAKE_RAM_SIZE);
	pool_init(&pool, 1, false);
	for (u32 i = 0; i < pages; i++)
		pool_add(&pool, POOL_START + i * PAGE_SIZE);
	/* Not at borders of large pages; what comes between them is on no node. */
	frames_set_node(SOURCE, SOURCE + NODE_0_PAGES * PAGE_SIZE, 0);
	frames_set_node(SOURCE + NODE_2_FIRST * PAGE_SIZE, SOURCE + (4 << 20), 2);
	CHECK(slat_init(&slat, fake_backend.slat, &pool));
	slat.counted = true;
}

static void check_all_back(u32 pages)
{
	slat_destroy(&slat);
	CHECK_EQ(pages, pool.free_pages);
	CHECK_EQ(0, slat.table_pages);
	for (u32 i = 0; i < 3; i++)
		CHECK_EQ(0, slat.pages[i]);
	for (u32 i = 0; i <= FRAME_NODES; i++)
		CHECK_EQ(0, slat.on_node[i]);
	for (u64 spa = SOURCE; spa < SOURCE + (4 << 20); spa += PAGE_SIZE)
		if (!CHECK_EQ(0, frame_mappings(spa)))
			return;
}

TEST(slat_init_needs_page)
{
	static struct pool empty;

	pool_init(&empty, 1, false);
	CHECK(!slat_init(&slat, fake_backend.slat, &empty));
	CHECK(slat.root == NULL);
	slat_destroy(&slat);
}

TEST(slat_lookup_offsets)
{
	setup(POOL_PAGES);
	slat.counted = false;
	CHECK_EQ(SLAT_OK, slat_set(&slat, 0x40000000, 0, 2, SLAT_READ));
	CHECK_EQ(SLAT_OK, slat_set(&slat, 0x200000, SOURCE, 1, RWX));
	CHECK_EQ(SLAT_OK, slat_set(&slat, 0x1000, SOURCE + 0x3000, 0, SLAT_READ));
	CHECK_EQ(SOURCE + 0x3123, slat_lookup(&slat, 0x1123).spa);
	CHECK_EQ(SOURCE + 0x12345, slat_lookup(&slat, 0x212345).spa);
	CHECK_EQ(1, slat_lookup(&slat, 0x212345).level);
	CHECK_EQ(0x2345678, slat_lookup(&slat, 0x42345678).spa);
	CHECK_EQ(2, slat_lookup(&slat, 0x42345678).level);
	CHECK_EQ(0, slat_lookup(&slat, 0).rights);
	CHECK_EQ(0, slat_lookup(&slat, 0x400000).rights);
	CHECK_EQ(0, slat_lookup(&slat, 0x80000000).rights);
	/* Addresses that four levels do not have. */
	CHECK_EQ(0, slat_lookup(&slat, 1ull << 48 | 0x1123).rights);
	CHECK_EQ(0, slat_lookup(&slat, ~0ull).rights);
}

TEST(slat_split_twice)
{
	setup(POOL_PAGES);
	slat.counted = false; /* 1 GiB of frames is more than there are */
	CHECK_EQ(SLAT_OK, slat_set(&slat, 0, 0, 2, RWX));
	CHECK_EQ(SLAT_OK, slat_set(&slat, 0x12345000, 0, 0, 0));
	CHECK_EQ(511, slat.pages[0]);
	CHECK_EQ(511, slat.pages[1]);
	CHECK_EQ(0, slat.pages[2]);
	CHECK_EQ(2, slat.shattered);
	CHECK(slat.stale);
	CHECK_EQ(0, slat_lookup(&slat, 0x12345678).rights);
	for (u64 gpa = 0x678; gpa < 0x40000000; gpa += 0x777000)
		if (gpa >> PAGE_SHIFT != 0x12345)
			CHECK_EQ(gpa, slat_lookup(&slat, gpa).spa);
	CHECK_EQ(0x12344fff, slat_lookup(&slat, 0x12344fff).spa);
	CHECK_EQ(0x12346000, slat_lookup(&slat, 0x12346000).spa);
	check_all_back(POOL_PAGES);
}

/* Removing what is not there costs no tables and makes nothing stale. */
TEST(slat_remove_absent)
{
	setup(1);
	for (u32 level = 0; level < 3; level++)
		CHECK_EQ(SLAT_OK, slat_set(&slat, 0, 0, level, 0));
	CHECK_EQ(1, slat.table_pages);
	CHECK(!slat.stale);
	CHECK_EQ(SLAT_NO_MEMORY, slat_set(&slat, 0, SOURCE, 0, RWX));
	CHECK_EQ(0, slat_lookup(&slat, 0).rights);
}

/* Adding makes nothing stale; changing and removing do. */
TEST(slat_stale)
{
	setup(POOL_PAGES);
	CHECK_EQ(SLAT_OK, slat_set(&slat, 0x1000, SOURCE, 0, RWX));
	CHECK(!slat.stale);
	CHECK_EQ(SLAT_OK, slat_set(&slat, 0x1000, SOURCE, 0, SLAT_READ));
	CHECK(slat.stale);
	CHECK_EQ(1, frame_mappings(SOURCE));
	slat.stale = false;
	CHECK_EQ(SLAT_OK, slat_set(&slat, 0x1000, 0, 0, 0));
	CHECK(slat.stale);
	check_all_back(POOL_PAGES);
}

/* Replaced tables stay tables of nothing until all processors have let go of them. */
TEST(slat_retired_tables)
{
	struct slat_leaf leaf;
	u64 *table;
	u64 retired;
	u64 free;

	setup(POOL_PAGES);
	for (u64 i = 0; i < 512; i++)
		CHECK_EQ(SLAT_OK, slat_set(&slat, 0x200000 + i * PAGE_SIZE, SOURCE, 0, RWX));
	CHECK_EQ(512, frame_mappings(SOURCE));
	leaf = slat_lookup(&slat, 0x200000);
	table = (u64 *)((uintptr_t)leaf.entry & ~PAGE_MASK);
	free = pool.free_pages;
	CHECK_EQ(SLAT_OK, slat_set(&slat, 0x200000, SOURCE, 1, RWX));
	CHECK_EQ(free, pool.free_pages);
	for (u32 i = 0; i < 512; i++)
		CHECK(!fake_backend.slat->present(table[i]));
	CHECK_EQ(1, frame_mappings(SOURCE));
	CHECK_EQ(1, frame_mappings(SOURCE + PAGE_SIZE));
	retired = slat_take_retired(&slat);
	CHECK_EQ(machine_spa(table), retired);
	CHECK_EQ(0, slat_take_retired(&slat));
	slat_release(&slat, retired);
	CHECK_EQ(free + 1, pool.free_pages);
	check_all_back(POOL_PAGES);
}

struct range_row {
	u64 gpa;
	u64 spa;
	u64 size;
	u32 max_level;
	u64 pages[3]; /* expected */
};

/* The largest pages that alignment of both sides and the rest of the range allow. */
TEST(slat_largest_pages)
{
	static const struct range_row rows[] = {
		{0, 0, 0x1000, 2, {1, 0, 0}},
		{0, 0, 0x200000, 2, {0, 1, 0}},
		{0, 0, 0x200000, 0, {512, 0, 0}},
		{0x1000, 0x1000, 0x400000, 2, {512, 1, 0}},
		{0x1000, 0x2000, 0x200000, 2, {512, 0, 0}},
		{0, 0, 0x40000000, 2, {0, 0, 1}},
		{0, 0, 0x40000000, 1, {0, 512, 0}},
		{0x3ff00000, 0x3ff00000, 0x40200000, 2, {512, 0, 1}},
		{0x200000, 0x200000, 0x80000000, 2, {0, 512, 1}},
		{0, 0x200000, 0x40000000, 2, {0, 512, 0}},
	};

	for (u32 i = 0; i < ARRAY_SIZE(rows); i++) {
		setup(POOL_PAGES);
		slat.counted = false;
		CHECK_EQ(SLAT_OK, slat_map_range(&slat, rows[i].gpa, rows[i].spa, rows[i].size,
					  rows[i].max_level, RWX));
		for (u32 level = 0; level < 3; level++)
			CHECK_EQ(rows[i].pages[level], slat.pages[level]);
		CHECK_EQ(rows[i].spa, slat_lookup(&slat, rows[i].gpa).spa);
		CHECK_EQ(rows[i].spa + rows[i].size - 1,
			slat_lookup(&slat, rows[i].gpa + rows[i].size - 1).spa);
		CHECK_EQ(0, slat_lookup(&slat, rows[i].gpa + rows[i].size).rights);
	}
}

/* ---- Random changes against a plain model ---- */

#define MODEL_PAGES 1536 /* 6 MiB of GPA space */

static u64 model_spa[MODEL_PAGES];
static u64 model_rights[MODEL_PAGES];

static void change(void)
{
	u32 level = test_random() % 8 == 0;
	u64 count = 1ull << 9 * level;
	u64 page = test_random() % MODEL_PAGES & ~(count - 1);
	u64 rights = test_random() % 4 == 0 ? 0 : SLAT_READ | (test_random() % 4) * SLAT_WRITE;
	u64 spa = SOURCE + (test_random() % 1024 & ~(count - 1)) * PAGE_SIZE;

	if (slat_set(&slat, page << PAGE_SHIFT, spa, level, rights) != SLAT_OK)
		return;
	for (u64 i = 0; i < count; i++) {
		model_spa[page + i] = spa + i * PAGE_SIZE;
		model_rights[page + i] = rights;
	}
}

static u32 node_of(u64 page)
{
	if (page < NODE_0_PAGES)
		return 0;
	return page < NODE_2_FIRST ? FRAME_NO_NODE : 2;
}

static bool same_nodes(const u32 *mappings)
{
	u64 on_node[FRAME_NODES + 1] = {0};
	bool same = true;

	for (u64 i = 0; i < 1024; i++)
		on_node[node_of(i)] += mappings[i];
	for (u32 i = 0; i <= FRAME_NODES; i++)
		same = CHECK_EQ(on_node[i], slat.on_node[i]) && same;
	return same;
}

static bool same_as_model(void)
{
	static u32 mappings[1024];
	bool same = true;

	memset(mappings, 0, sizeof(mappings));
	for (u64 i = 0; i < MODEL_PAGES && same; i++) {
		struct slat_leaf leaf = slat_lookup(&slat, i << PAGE_SHIFT);

		same = CHECK_EQ(model_rights[i], leaf.rights);
		if (!model_rights[i])
			continue;
		same = same && CHECK_EQ(model_spa[i], leaf.spa);
		mappings[(model_spa[i] - SOURCE) >> PAGE_SHIFT]++;
	}
	for (u64 i = 0; i < 1024 && same; i++)
		same = CHECK_EQ(mappings[i], frame_mappings(SOURCE + i * PAGE_SIZE));
	return same && same_nodes(mappings);
}

static void random_changes(u32 pages)
{
	memset(model_rights, 0, sizeof(model_rights));
	setup(pages);
	for (u32 i = 0; i < 4000; i++) {
		change();
		slat_release(&slat, slat_take_retired(&slat));
		if (i % 64 == 0 && !same_as_model())
			return;
	}
	CHECK_EQ(pages, pool.free_pages + slat.table_pages);
	check_all_back(pages);
}

TEST(slat_random)
{
	random_changes(POOL_PAGES);
}

/* The same with too few pages: what fails changes nothing. */
TEST(slat_random_without_memory)
{
	random_changes(4);
	random_changes(5);
}
