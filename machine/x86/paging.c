/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The hypervisor's own page tables (APM vol. 2 §5.3), shared by all LPs and constant once made.
 *
 *   image     virtual = physical, 4 KiB pages, code read-only, everything else no-execute,
 *             nothing mapped below a stack
 *   the rest  RAM at DIRECT_MAP + physical address, no-execute, without the image: there is no
 *             second, writable way to our code; where the APIC is no x2APIC, also its registers
 */
#include "machine/x86/cpu.h"
#include "machine/x86/x86.h"
#include "core/log.h"

#define DIRECT_MAP     0xffff800000000000ull
#define DIRECT_MAP_END 0x0000400000000000ull /* half of the upper half: 64 TiB of RAM */

#define ENTRY_PRESENT	 0x001ull
#define ENTRY_WRITE	 0x002ull
#define ENTRY_UNCACHED	 0x018ull /* PCD and PWT */
#define ENTRY_LARGE	 0x080ull
#define ENTRY_NO_EXECUTE (1ull << 63)
#define ENTRY_ADDRESS	 0x000ffffffffff000ull

#define MAP_CODE      ENTRY_PRESENT
#define MAP_CONSTANTS (ENTRY_PRESENT | ENTRY_NO_EXECUTE)
#define MAP_DATA      (ENTRY_PRESENT | ENTRY_WRITE | ENTRY_NO_EXECUTE)
#define MAP_DEVICE    (MAP_DATA | ENTRY_UNCACHED)

/* Levels count from 0: page table, page directory, … */
#define LEVEL_4K  0u
#define LEVEL_2M  1u
#define LEVEL_1G  2u
#define LEVEL_TOP 3u

#define LEVEL_SHIFT(level) (PAGE_SHIFT + 9 * (level))
#define LEVEL_SIZE(level)  (1ull << LEVEL_SHIFT(level))

/* Without 1 GiB pages each GiB of RAM takes one; ragged ends of RAM ranges one or two each. */
#define TABLE_COUNT 256

static u64 tables[TABLE_COUNT][512] __attribute__((aligned(4096)));
static u32 table_used;
static u64 direct_map; /* 0 as long as the boot tables are in use */

static u64 *table_new(void)
{
	if (table_used == TABLE_COUNT)
		panic("RAM map too large or too ragged for %u page tables of our own", TABLE_COUNT);
	return tables[table_used++];
}

/* The entry for `address` at `level`, making the tables above it. */
static u64 *entry_at(u64 address, u32 level)
{
	u64 *table = tables[0];
	u32 at;

	for (at = LEVEL_TOP;; at--) {
		u64 *entry = &table[address >> LEVEL_SHIFT(at) & 511];

		if (at == level)
			return entry;
		bug_on(*entry & ENTRY_LARGE);
		if (!*entry)
			*entry = (u64)table_new() | ENTRY_PRESENT | ENTRY_WRITE;
		table = (u64 *)(*entry & ENTRY_ADDRESS);
	}
}

/* Maps [spa, end), whole pages, at `address`, in pages as large as fit but not above `largest`. */
static void map(u64 address, u64 spa, u64 end, u64 bits, u32 largest)
{
	while (spa < end) {
		u32 level = largest;
		u64 size;

		while (level > LEVEL_4K && (!IS_ALIGNED(address | spa, LEVEL_SIZE(level)) ||
						   end - spa < LEVEL_SIZE(level)))
			level--;
		size = LEVEL_SIZE(level);
		*entry_at(address, level) = spa | bits | (level > LEVEL_4K ? ENTRY_LARGE : 0);
		address += size;
		spa += size;
	}
}

static void map_image(void)
{
	u32 lp, i;

	map((u64)image_start, (u64)image_start, (u64)image_rodata, MAP_CODE, LEVEL_4K);
	map((u64)image_rodata, (u64)image_rodata, (u64)image_data, MAP_CONSTANTS, LEVEL_4K);
	map((u64)image_data, (u64)image_data, (u64)image_end, MAP_DATA, LEVEL_4K);
	for (lp = 0; lp < MAX_LPS; lp++) {
		*entry_at((u64)lp_stacks[lp].guard, LEVEL_4K) = 0;
		for (i = 0; i < ARRAY_SIZE(lp_stacks[lp].ist); i++)
			*entry_at((u64)lp_stacks[lp].ist[i].guard, LEVEL_4K) = 0;
	}
}

static void map_direct(u64 start, u64 end, u32 largest)
{
	if (start < end)
		map(DIRECT_MAP + start, start, end, MAP_DATA, largest);
}

/* Ranges are sorted but may overlap or share pages in a poor firmware map: each page once. */
static void map_all_ram(u32 largest)
{
	u64 done = 0;
	u32 i;

	for (i = 0; i < machine.boot.range_count; i++) {
		const struct memory_range *range = &machine.boot.ranges[i];
		u64 start, end;

		if (range->kind == MEMORY_RAM) {
			start = ALIGN_UP(range->start, PAGE_SIZE);
			end = ALIGN_DOWN(range->end, PAGE_SIZE);
		} else if (range->kind == MEMORY_ACPI) {
			start = ALIGN_DOWN(range->start, PAGE_SIZE);
			end = ALIGN_UP(range->end, PAGE_SIZE);
		} else {
			continue;
		}
		start = MAX(start, done);
		if (start >= end)
			continue;
		if (end > DIRECT_MAP_END)
			panic("RAM at 0x%lx lies beyond what we can map", end);
		map_direct(start, MIN(end, machine.image_start), largest);
		map_direct(MAX(start, machine.image_end), end, largest);
		done = end;
	}
}

static void map_apic(void)
{
	u64 page = apic_page();

	if (page)
		map(DIRECT_MAP + page, page, page + PAGE_SIZE, MAP_DEVICE, LEVEL_4K);
}

void machine_map_final(void)
{
	bool has_1g = cpuid_if_present(0x80000001, 0).edx & CPUID_E1_EDX_PAGE_1G;

	bug_on(direct_map);
	table_new(); /* tables[0], the root */
	map_image();
	map_all_ram(has_1g ? LEVEL_1G : LEVEL_2M);
	map_apic();
	cr3_write((u64)tables[0]);
	direct_map = DIRECT_MAP;
	/* LPs that start later use them from their first instruction in 64-bit mode. */
	boot_start.page_table = (u64)tables[0];
	log_debug("%u of %u page tables used", table_used, TABLE_COUNT);
}

void *machine_ram(u64 spa)
{
	if (spa - machine.image_start < machine.image_end - machine.image_start)
		return (void *)spa;
	return (void *)(direct_map + spa);
}

u64 machine_spa(const void *pointer)
{
	u64 address = (u64)pointer;

	return address >= DIRECT_MAP ? address - DIRECT_MAP : address;
}

/* Where in its LP's block of stacks an address lies, or ~0. */
static u64 stacks_offset(u64 address)
{
	u64 offset = address - (u64)lp_stacks;

	return offset < sizeof(lp_stacks) ? offset % STACK_TOTAL : ~0ull;
}

const char *stack_guard_name(u64 address)
{
	static const char *const ist_names[] = {"#DF stack", "NMI stack", "#MC stack"};
	u64 offset = stacks_offset(address);

	if (offset == ~0ull)
		return NULL;
	if (offset < STACK_GUARD)
		return "stack";
	offset -= STACK_GUARD + STACK_SIZE;
	if ((s64)offset < 0 || offset % (STACK_GUARD + STACK_IST) >= STACK_GUARD)
		return NULL;
	return ist_names[offset / (STACK_GUARD + STACK_IST)];
}

bool stack_holds_frame(u64 address)
{
	/* The word below a stack's end is the last; the next page may be another's guard. */
	return IS_ALIGNED(address, 8) && stacks_offset(address) != ~0ull &&
	       !stack_guard_name(address) && stacks_offset(address + 8) != ~0ull &&
	       !stack_guard_name(address + 8);
}
