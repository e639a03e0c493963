/* SPDX-License-Identifier: BSD-2-Clause */
/* Changes of a GPA space that a processor is using: when calls return, and who frees tables. */
#include "tests/host/world.h"

#include <string.h>

#define RW (HV_MAP_GPA_READABLE | HV_MAP_GPA_WRITABLE)

static struct partition *child;
static u64 small, large;

/* Child VP 0 on LP 1; two tables of small pages at 2 MiB and 4 MiB. */
static struct vp *boot(void)
{
	struct vp *vp;

	world_boot();
	child = world_child(128);
	vp = world_vp(child, 0);
	small = world_page();
	large = world_large_page();
	CHECK_STATUS(SUCCESS, world_map(child, 0x200, small, RW));
	CHECK_STATUS(SUCCESS, world_map(child, 0x400, small, RW));
	world_halt_root(1);
	world_start(vp);
	world_run_on(1, vp);
	return vp;
}

/* Adding needs no processor to forget anything: the call does not wait. */
TEST(settle_adding)
{
	u32 kicks;

	boot();
	kicks = fake.lps[1].kicks;
	CHECK_STATUS(SUCCESS, world_map(child, 0x600, small, RW));
	CHECK_EQ(kicks, fake.lps[1].kicks);
}

static u64 entries_at_wait;

static void note_wait(void)
{
	entries_at_wait = lps[1].entries;
	world_step(1);
}

/* Changing and removing return when the VP has entered again, without what was there. */
TEST(settle_waits)
{
	struct vp *vp = boot();
	u64 generation = child->flush_generation;
	u32 flushes = fake_vp(vp)->flushes;

	fake.on_relax = note_wait;
	entries_at_wait = ~0ull;
	CHECK_STATUS(SUCCESS, world_map(child, 0x200, small, HV_MAP_GPA_READABLE));
	CHECK(entries_at_wait != ~0ull);
	CHECK(lps[1].entries > entries_at_wait);
	CHECK(vp->flush_generation > generation);
	CHECK(fake_vp(vp)->flushes > flushes);
	entries_at_wait = ~0ull;
	CHECK_STATUS(SUCCESS, world_map(child, 0x200, 0, HV_MAP_GPA_NO_ACCESS));
	CHECK(entries_at_wait != ~0ull);
	CHECK_EQ(child->flush_generation, vp->flush_generation);
}

/*
 * While LP 0 waits for LP 1, another LP replaces one more table. Its own flush has not begun, so
 * the table must not be freed together with that of LP 0.
 */
static bool interfered;

static void interfere(void)
{
	if (!interfered) {
		interfered = true;
		spin_lock(&child->lock);
		CHECK_EQ(SLAT_OK,
			slat_set(&child->slat, 0x400000, large << PAGE_SHIFT, 1, SLAT_READ));
		spin_unlock(&child->lock);
	}
	world_step(1);
}

TEST(settle_keeps_tables_of_others)
{
	u64 free, tables;

	boot();
	free = child->pool.free_pages;
	tables = child->slat.table_pages;
	fake.on_relax = interfere;
	CHECK_STATUS(SUCCESS, world_map(child, 0x200, large, RW | HV_MAP_GPA_LARGE_PAGE));
	CHECK(interfered);
	CHECK(child->slat.retired != 0);
	CHECK(child->slat.stale);
	CHECK_EQ(free + 1, child->pool.free_pages);
	CHECK_EQ(tables - 1, child->slat.table_pages);
	/* The other LP's call comes to its end. */
	CHECK_STATUS(SUCCESS, world_map(child, 0x1000, 0, HV_MAP_GPA_NO_ACCESS));
	CHECK_EQ(0, child->slat.retired);
	CHECK_EQ(free + 2, child->pool.free_pages);
}

/* A page that leaves a GPA space can be deposited as soon as the call has returned. */
TEST(settle_then_deposit)
{
	struct hv_input_deposit_memory in;

	boot();
	in.partition_id = child->id;
	CHECK_STATUS(SUCCESS, world_map(child, 0x200, 0, HV_MAP_GPA_NO_ACCESS));
	CHECK_STATUS(INVALID_PARAMETER,
		world_list(HVCALL_DEPOSIT_MEMORY, 1, &in, sizeof(in), &small, 8, NULL, 0));
	CHECK_STATUS(SUCCESS, world_map(child, 0x400, 0, HV_MAP_GPA_NO_ACCESS));
	CHECK_STATUS(
		SUCCESS, world_list(HVCALL_DEPOSIT_MEMORY, 1, &in, sizeof(in), &small, 8, NULL, 0));
}

/* Finalization with a VP in a processor: it is out before its tables go. */
TEST(settle_finalize)
{
	struct vp *vp = boot();
	u64 total = child->pool.total_pages;

	CHECK_EQ(1, vp->running_lp);
	CHECK_STATUS(SUCCESS, world_fast(HVCALL_FINALIZE_PARTITION, child->id, 0));
	CHECK(lps[1].vp == NULL || lps[1].vp == lps[1].root_vp);
	CHECK(lps[1].partition != child);
	CHECK_EQ(total, child->pool.free_pages);
	CHECK_EQ(0, frame_mappings(small << PAGE_SHIFT));
}
