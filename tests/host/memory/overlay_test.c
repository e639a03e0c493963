/* SPDX-License-Identifier: BSD-2-Clause */
/* Pages that cover others in a child's GPA space: what is below can change and comes back. */
#include "core/memory/overlay.h"

#include "core/memory/frames.h"
#include "tests/host/fake_backend.h"
#include "tests/host/test.h"

#include <string.h>

#define RWX	   (SLAT_READ | SLAT_WRITE | SLAT_EXECUTE)
#define POOL_START 0x2000000ull
#define POOL_PAGES 16
#define SOURCE	   0x0400000ull
#define COVER	   0x1000000ull
#define GPA	   0x0605000ull

static struct pool pool;
static struct slat slat;
static struct overlay overlay, other;

static void setup(u32 pages)
{
	static u32 table[FAKE_RAM_SIZE >> PAGE_SHIFT];

	memset(table, 0, sizeof(table));
	frames_init(table, FAKE_RAM_SIZE);
	pool_init(&pool, 1, false);
	for (u32 i = 0; i < pages; i++)
		pool_add(&pool, POOL_START + i * PAGE_SIZE);
	CHECK(slat_init(&slat, fake_backend.slat, &pool));
	slat.counted = true;
	overlay = (struct overlay){.page = machine_ram(COVER)};
	other = (struct overlay){.page = machine_ram(COVER + PAGE_SIZE)};
}

static u64 spa_at(u64 gpa)
{
	return slat_lookup(&slat, gpa).rights ? slat_lookup(&slat, gpa).spa : 0;
}

static void check_gone(void)
{
	slat_destroy(&slat);
	CHECK_EQ(POOL_PAGES, pool.free_pages);
	for (u32 i = 0; i < 3; i++)
		CHECK_EQ(0, slat.pages[i]);
	CHECK_EQ(0, frame_mappings(COVER));
	for (u64 spa = SOURCE; spa < SOURCE + (4 << 20); spa += PAGE_SIZE)
		CHECK_EQ(0, frame_mappings(spa));
}

TEST(overlay_over_nothing)
{
	setup(POOL_PAGES);
	CHECK_EQ(OVERLAY_OK, overlay_show(&slat, &overlay, GPA + 0x123));
	CHECK_EQ(COVER + 0x45, spa_at(GPA + 0x45));
	CHECK_EQ(SLAT_READ | SLAT_WRITE, slat_lookup(&slat, GPA).rights);
	CHECK(!slat.stale); /* nobody can have cached what was not there */
	CHECK(overlay_at(&slat, GPA + 5) == &overlay);
	CHECK(overlay_at(&slat, GPA + PAGE_SIZE) == NULL);
	CHECK(overlay_within(&slat, GPA & ~0x1fffffull, 1));
	CHECK(!overlay_within(&slat, 0x400000, 1));
	overlay_hide(&slat, &overlay);
	CHECK_EQ(0, spa_at(GPA));
	CHECK(slat.stale);
	overlay_hide(&slat, &overlay);
	check_gone();
}

TEST(overlay_over_pages)
{
	setup(POOL_PAGES);
	CHECK_EQ(SLAT_OK, slat_set(&slat, GPA, SOURCE, 0, SLAT_READ));
	CHECK_EQ(OVERLAY_OK, overlay_show(&slat, &overlay, GPA));
	CHECK(slat.stale);
	CHECK_EQ(COVER, spa_at(GPA));
	/* A second one at the same place is refused. */
	CHECK_EQ(OVERLAY_TAKEN, overlay_show(&slat, &other, GPA + 8));
	CHECK_EQ(1, frame_mappings(SOURCE));
	/* The parent takes the page below away, and gives another. */
	CHECK_EQ(SLAT_OK, slat_set(&slat, GPA, 0, 0, 0));
	CHECK_EQ(0, frame_mappings(SOURCE));
	CHECK_EQ(COVER, spa_at(GPA));
	CHECK_EQ(SLAT_OK, slat_set(&slat, GPA, SOURCE + 0x7000, 0, RWX));
	CHECK_EQ(COVER, spa_at(GPA));
	CHECK_EQ(1, slat.pages[0]);
	overlay_hide(&slat, &overlay);
	CHECK_EQ(SOURCE + 0x7000, spa_at(GPA));
	CHECK_EQ(RWX, slat_lookup(&slat, GPA).rights);
	check_gone();
}

/* Large pages are split around it; mapped over it they go below it. */
TEST(overlay_and_large_pages)
{
	u64 base = GPA & ~0x1fffffull;

	setup(POOL_PAGES);
	CHECK_EQ(SLAT_OK, slat_set(&slat, base, SOURCE, 1, RWX));
	CHECK_EQ(OVERLAY_OK, overlay_show(&slat, &overlay, GPA));
	CHECK_EQ(512, slat.pages[0]);
	CHECK_EQ(SOURCE + 0x4000, spa_at(GPA - PAGE_SIZE));
	CHECK_EQ(COVER, spa_at(GPA));
	CHECK_EQ(SLAT_OK, slat_set(&slat, base, SOURCE + 0x200000, 1, SLAT_READ));
	CHECK_EQ(COVER, spa_at(GPA));
	CHECK_EQ(SOURCE + 0x206000, spa_at(GPA + PAGE_SIZE));
	CHECK_EQ(0, frame_mappings(SOURCE));
	CHECK_EQ(1, frame_mappings(SOURCE + 0x205000));
	CHECK_EQ(SLAT_OK, slat_set(&slat, base, 0, 1, 0));
	CHECK_EQ(0, slat.pages[0]);
	CHECK_EQ(COVER, spa_at(GPA));
	CHECK_EQ(SLAT_OK, slat_set(&slat, base, SOURCE, 1, RWX));
	overlay_hide(&slat, &overlay);
	CHECK_EQ(SOURCE + 0x5000, spa_at(GPA));
	check_gone();
}

/* What is shown when the space is destroyed is hidden first, so that all counts come out. */
TEST(overlay_destroyed)
{
	setup(POOL_PAGES);
	CHECK_EQ(SLAT_OK, slat_set(&slat, GPA, SOURCE, 0, RWX));
	CHECK_EQ(OVERLAY_OK, overlay_show(&slat, &overlay, GPA));
	CHECK_EQ(OVERLAY_OK, overlay_show(&slat, &other, 0xffffffff000ull));
	check_gone();
	CHECK(!overlay.shown && !other.shown);
}

TEST(overlay_needs_tables)
{
	for (u32 pages = 1; pages < 4; pages++) {
		setup(pages);
		CHECK_EQ(OVERLAY_NO_MEMORY, overlay_show(&slat, &overlay, GPA));
		CHECK(!overlay.shown && !slat.overlays);
	}
	setup(4);
	CHECK_EQ(OVERLAY_OK, overlay_show(&slat, &overlay, GPA));
}
