/* SPDX-License-Identifier: BSD-2-Clause */
/* Finding room in RAM, and the memory map that the root is given; the boot as a whole. */
#include "loader/loader.h"

#include "tests/host/world.h"

#include <string.h>

#define MIB (1ull << 20)

static void set_ranges(const struct memory_range *ranges, u32 count)
{
	machine.boot.range_count = count;
	memcpy(machine.boot.ranges, ranges, count * sizeof(*ranges));
}

static const struct memory_range pc_ranges[] = {
	{0, 0x9fc00, MEMORY_RAM},
	{0x9fc00, 0x100000, MEMORY_RESERVED},
	{0x100000, 16 * MIB, MEMORY_RAM},
	{16 * MIB, 17 * MIB, MEMORY_ACPI},
	{17 * MIB, 64 * MIB, MEMORY_RAM},
};

TEST(loader_finds_highest)
{
	set_ranges(pc_ranges, ARRAY_SIZE(pc_ranges));
	CHECK_EQ(62 * MIB, loader_find(2 * MIB, 2 * MIB, 1ull << 32));
	CHECK_EQ(63 * MIB, loader_find(MIB, MIB, 1ull << 32));
	CHECK_EQ(64 * MIB - 0x1000, loader_find(1, 0x1000, 1ull << 32));
	CHECK_EQ(14 * MIB, loader_find(2 * MIB, 2 * MIB, 17 * MIB));
	CHECK_EQ(0x9f000 - 0x1000, loader_find(0x1000, 0x1000, 0x9f800 - 0x800));
	CHECK_EQ(17 * MIB, loader_find(47 * MIB, MIB, 1ull << 32));
	CHECK_EQ(0, loader_find(48 * MIB, MIB, 1ull << 32));
	CHECK_EQ(0, loader_find(47 * MIB, 2 * MIB, 1ull << 32));
	CHECK_EQ(0, loader_find(MIB, MIB, MIB));
	/* Address 0 means "none", so it is never found. */
	CHECK_EQ(0, loader_find(0x9f000, 0x1000, 0x9fc00));
}

TEST(loader_keeps_out)
{
	set_ranges(pc_ranges, ARRAY_SIZE(pc_ranges));
	loader_reserve(60 * MIB, 61 * MIB);
	loader_reserve(63 * MIB, 64 * MIB);
	CHECK_EQ(62 * MIB, loader_find(MIB, MIB, 1ull << 32));
	CHECK_EQ(61 * MIB, loader_find(2 * MIB, MIB, 1ull << 32));
	CHECK_EQ(57 * MIB, loader_find(3 * MIB, MIB, 1ull << 32));
	CHECK(loader_free(61 * MIB, 2 * MIB));
	CHECK(!loader_free(61 * MIB, 2 * MIB + 1));
	CHECK(!loader_free(61 * MIB - 1, 1));
	CHECK(loader_free(17 * MIB, 43 * MIB));
	CHECK(!loader_free(16 * MIB, 0x1000));
	CHECK(!loader_free(16 * MIB - 0x1000, 0x2000));
	CHECK(!loader_free(64 * MIB, 0x1000));
	/* A range whose end wraps round is not free. */
	CHECK(!loader_free(~0ull - 0xfff, 0x2000));
	CHECK(!loader_free(17 * MIB, ~0ull));
}

/* Something reserved at address 0 is in the way like anything else. */
TEST(loader_reserved_at_zero)
{
	set_ranges(pc_ranges, ARRAY_SIZE(pc_ranges));
	loader_reserve(0, 0x8000);
	CHECK(!loader_free(0x1000, 0x1000));
	CHECK(loader_free(0x8000, 0x1000));
	CHECK_EQ(0x8000, loader_find(0x97000, 0x1000, 0x9fc00));
	CHECK_EQ(0, loader_find(0x98000, 0x1000, 0x9fc00));
}

TEST(loader_too_many_reserved)
{
	set_ranges(pc_ranges, ARRAY_SIZE(pc_ranges));
	for (u64 i = 0; i < 16; i++)
		loader_reserve(20 * MIB + i, 20 * MIB + i + 1);
	CHECK_EQ(FAKE_PANICKED, FAKE_ENDS(loader_reserve(MIB, 2 * MIB)));
}

/* What the map says of an address: -1 nothing, else the kind. Each address may be said once. */
static int kind_at(const struct memory_range *map, u32 count, u64 address)
{
	int kind = -1;

	for (u32 i = 0; i < count; i++) {
		CHECK(map[i].start < map[i].end);
		if (address < map[i].start || address >= map[i].end)
			continue;
		CHECK_EQ(-1, kind);
		kind = map[i].kind;
	}
	return kind;
}

static void check_root_map(u64 image_start, u64 image_end, u64 pool_start, u64 pool_end)
{
	struct memory_range map[16];
	u32 count;

	set_ranges(pc_ranges, ARRAY_SIZE(pc_ranges));
	machine.image_start = image_start;
	machine.image_end = image_end;
	hypervisor.pool_start = pool_start;
	hypervisor.pool_end = pool_end;
	count = loader_root_map(map, ARRAY_SIZE(map));
	for (u64 at = 0; at < 65 * MIB; at += 0x800) {
		bool ours = (at >= image_start && at < image_end) ||
			    (at >= pool_start && at < pool_end);
		int expected = kind_at(pc_ranges, ARRAY_SIZE(pc_ranges), at);

		if (!CHECK_EQ(ours ? MEMORY_RESERVED : expected, kind_at(map, count, at)))
			return;
	}
}

TEST(loader_root_map)
{
	check_root_map(2 * MIB, 4 * MIB, 50 * MIB, 60 * MIB);
	/* At the very beginning and the very end of a range of RAM. */
	check_root_map(MIB, 4 * MIB, 54 * MIB, 64 * MIB);
	check_root_map(2 * MIB, 16 * MIB, 17 * MIB, 64 * MIB);
	check_root_map(2 * MIB, 4 * MIB, 4 * MIB, 16 * MIB);
}

TEST(loader_map_too_small)
{
	struct memory_range map[8];

	set_ranges(pc_ranges, ARRAY_SIZE(pc_ranges));
	machine.image_start = 2 * MIB;
	machine.image_end = 4 * MIB;
	hypervisor.pool_start = 50 * MIB;
	hypervisor.pool_end = 60 * MIB;
	CHECK(FAKE_ENDS(loader_root_map(map, ARRAY_SIZE(map))) != FAKE_NOT_ENDED);
}

/* ---- Boot ---- */

TEST(boot_ownership)
{
	u64 roots = 0, ours = 0;

	world_boot();
	for (u64 spa = 0; spa < FAKE_RAM_SIZE; spa += PAGE_SIZE) {
		enum frame_state state = frame_get(spa);
		struct slat_leaf leaf = slat_lookup(&root_partition.slat, spa);

		roots += state == FRAME_ROOT;
		ours += state == FRAME_HYPERVISOR;
		/* What is not the root's it cannot touch; the rest is at its own address. */
		if (!CHECK_EQ(state == FRAME_HYPERVISOR ? 0 : 7, leaf.rights) ||
			(leaf.rights && !CHECK_EQ(spa, leaf.spa)))
			return;
	}
	CHECK(roots > ours && ours > 0);
	CHECK_EQ(0, slat_lookup(&root_partition.slat, 0xfee00000).rights);
	CHECK_EQ(7, slat_lookup(&root_partition.slat, 0xfee01000).rights);
	CHECK_EQ(7, slat_lookup(&root_partition.slat, 0xfec00000).rights);
	CHECK_EQ(7, slat_lookup(&root_partition.slat, (1ull << 40) - 1).rights);
	CHECK_EQ(WORLD_LPS, hypervisor.stats[STAT_HV_LogicalProcessors]);
	CHECK_EQ(WORLD_LPS, hypervisor.stats[STAT_HV_VirtualProcessors]);
	CHECK_EQ(1, hypervisor.stats[STAT_HV_Partitions]);
}

TEST(boot_options)
{
	machine.boot.command_line = "lps=2 root-memory=48M root-pages=2m log=error";
	world_boot();
	CHECK_EQ(2, root_partition.vp_count);
	CHECK_EQ(FRAME_NONE, frame_get(50 * MIB));
	CHECK(hypervisor.pool_end <= 48 * MIB);
	CHECK(!strstr(fake.console, "memory:"));
	CHECK_EQ(1, slat_lookup(&root_partition.slat, 8 * MIB).level);
}

static u32 leaves(const char *line, bool unstable)
{
	u32 before = fake.leaves;

	machine.boot.command_line = line;
	machine.boot_processor_unstable = unstable;
	CHECK(FAKE_ENDS(hypervisor_main()) != FAKE_STARTED); /* there is no root */
	return fake.leaves - before;
}

/* Who may rely on the boot processor keeps it, unless told not to. */
TEST(boot_processor_leaves)
{
	CHECK_EQ(0, leaves("", false));
	CHECK_EQ(1, leaves("", true));
	CHECK_EQ(1, leaves("boot-processor=auto", true));
	CHECK_EQ(0, leaves("boot-processor=use", true));
	CHECK_EQ(1, leaves("boot-processor=idle", false));
	machine.lp_count = 1;
	CHECK_EQ(0, leaves("", true));
	CHECK_EQ(0, leaves("boot-processor=idle", false));
	CHECK(strstr(fake.console, "no other processor") ||
		strstr(fake.panic, "no other processor"));
}

/* Boots that must not begin say why. */
TEST(boot_refused)
{
	machine.boot.command_line = "color=red";
	machine.image_start = WORLD_IMAGE_START;
	machine.image_end = WORLD_IMAGE_END;
	CHECK(FAKE_ENDS(hypervisor_main()) != FAKE_STARTED);
	CHECK(strstr(fake.console, "color=red") || strstr(fake.panic, "color=red"));
}

TEST(boot_without_extension)
{
	fake_hardware.missing = "nothing to virtualize with";
	machine.image_start = WORLD_IMAGE_START;
	machine.image_end = WORLD_IMAGE_END;
	CHECK(FAKE_ENDS(hypervisor_main()) != FAKE_STARTED);
	CHECK(strstr(fake.console, "nothing to virtualize with") ||
		strstr(fake.panic, "nothing to virtualize with"));
}

TEST(boot_without_root)
{
	machine.image_start = WORLD_IMAGE_START;
	machine.image_end = WORLD_IMAGE_END;
	CHECK(FAKE_ENDS(hypervisor_main()) != FAKE_STARTED);
	CHECK(strstr(fake.console, "kernel") || strstr(fake.panic, "kernel"));
}
