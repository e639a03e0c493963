/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A small guest memory for the tests of core/memory/walk.h. Each paging mode and page size is one
 * row of `shapes`; most tests run over all rows and all levels.
 */
#ifndef TESTS_HOST_MEMORY_WALK_GUEST_H
#define TESTS_HOST_MEMORY_WALK_GUEST_H

#include "core/memory/walk.h"
#include "tests/host/test.h"

#include <string.h>

#define PAGES 16
#define NX    BIT(63)

struct guest {
	u8 memory[PAGES * PAGE_SIZE];
	u32 reads;
	u32 lost_updates; /* how many updates to refuse */
	u64 unreadable;	  /* page that does not exist */
};

static struct guest guest;

static inline bool exists(const struct guest *from, u64 gpa)
{
	return gpa < sizeof(from->memory) && ALIGN_DOWN(gpa, PAGE_SIZE) != from->unreadable;
}

static inline bool guest_read(void *reader, u64 gpa, u32 size, u64 *value)
{
	struct guest *from = reader;

	CHECK(IS_ALIGNED(gpa, size) && (size == 4 || size == 8));
	from->reads++;
	*value = 0;
	if (!exists(from, gpa))
		return false;
	memcpy(value, from->memory + gpa, size);
	return true;
}

static inline bool guest_copy(void *reader, u64 gpa, void *to, u32 size)
{
	struct guest *from = reader;

	CHECK(size && (gpa & PAGE_MASK) + size <= PAGE_SIZE);
	if (!exists(from, gpa))
		return false;
	memcpy(to, from->memory + gpa, size);
	return true;
}

static inline bool guest_update(void *reader, u64 gpa, u32 size, u64 old, u64 new)
{
	struct guest *in = reader;

	CHECK(memcmp(in->memory + gpa, &old, size) == 0);
	if (in->lost_updates && in->lost_updates--)
		return false;
	memcpy(in->memory + gpa, &new, size);
	return true;
}

static const struct walk_ops guest_ops = {guest_read, guest_copy, guest_update};

#define CR0_PG	 BIT(31)
#define CR0_WP	 BIT(16)
#define CR4_PSE	 BIT(4)
#define CR4_PAE	 BIT(5)
#define CR4_LA57 BIT(12)
#define CR4_SMEP BIT(20)
#define CR4_SMAP BIT(21)
#define EFER_LMA BIT(10)
#define EFER_NXE BIT(11)

#define LOW(n)	     (BIT(n) - 1)
#define RANGE(a, b)  (LOW((b) + 1) & ~LOW(a)) /* bits b..a, b < 63 */
#define WIDTH	     40
#define ABOVE_WIDTH  RANGE(WIDTH, 51)
#define TABLE(level) (PAGE_SIZE * (level)) /* the table that level's entry is in */

struct shape {
	const char *name;
	u64 cr4;
	u64 efer;
	u32 levels;
	u32 leaf; /* level of the entry that names the page */
	u32 entry_size;
	u32 shift[6]; /* of the address, by level */
	u32 index_mask;
	u64 gva;
	u64 reserved[6]; /* by level, with NX enabled */
};

/* clang-format off */
#define LONG_SHIFTS {0, 12, 21, 30, 39, 48}
/* clang-format on */
#define PAE_RIGHTS RANGE(52, 62)
#define PAE_TOP	   (RANGE(52, 62) | NX | ABOVE_WIDTH | RANGE(1, 2) | RANGE(5, 8))
#define LONG_TOP   (ABOVE_WIDTH | RANGE(7, 8))

static const struct shape shapes[] = {
	{"32-bit 4K", CR4_PSE, 0, 2, 1, 4, {0, 12, 22}, 0x3ff, 0xc0a3f123, {0}},
	{"32-bit 4M", CR4_PSE, 0, 2, 2, 4, {0, 12, 22}, 0x3ff, 0xc0a3f123, {[2] = BIT(21)}},
	{"PAE 4K", CR4_PAE, EFER_NXE, 3, 1, 8, {0, 12, 21, 30}, 0x1ff, 0xc0a3f123,
		{0, PAE_RIGHTS | ABOVE_WIDTH, PAE_RIGHTS | ABOVE_WIDTH, PAE_TOP}},
	{"PAE 2M", CR4_PAE, EFER_NXE, 3, 2, 8, {0, 12, 21, 30}, 0x1ff, 0x40a3f123,
		{[2] = PAE_RIGHTS | ABOVE_WIDTH | RANGE(13, 20), [3] = PAE_TOP}},
	{"long 4K", CR4_PAE, EFER_NXE | EFER_LMA, 4, 1, 8, LONG_SHIFTS, 0x1ff, 0xffff812345678abc,
		{0, ABOVE_WIDTH, ABOVE_WIDTH, ABOVE_WIDTH, LONG_TOP}},
	{"long 2M", CR4_PAE, EFER_NXE | EFER_LMA, 4, 2, 8, LONG_SHIFTS, 0x1ff, 0x7f2345678abc,
		{0, 0, ABOVE_WIDTH | RANGE(13, 20), ABOVE_WIDTH, LONG_TOP}},
	{"long 1G", CR4_PAE, EFER_NXE | EFER_LMA, 4, 3, 8, LONG_SHIFTS, 0x1ff, 0x7f2345678abc,
		{0, 0, 0, ABOVE_WIDTH | RANGE(13, 29), LONG_TOP}},
	{"5-level 4K", CR4_PAE | CR4_LA57, EFER_NXE | EFER_LMA, 5, 1, 8, LONG_SHIFTS, 0x1ff,
		0xff01812345678abc, {0, ABOVE_WIDTH, ABOVE_WIDTH, ABOVE_WIDTH, LONG_TOP, LONG_TOP}},
	{"5-level 1G", CR4_PAE | CR4_LA57, EFER_NXE | EFER_LMA, 5, 3, 8, LONG_SHIFTS, 0x1ff,
		0x00ab812345678abc, {0, 0, 0, ABOVE_WIDTH | RANGE(13, 29), LONG_TOP, LONG_TOP}},
};

static inline u64 entry_at(const struct shape *shape, u32 level)
{
	u64 index = shape->gva >> shape->shift[level] & shape->index_mask;

	return TABLE(level) + index * shape->entry_size;
}

static inline u64 get_entry(const struct shape *shape, u32 level)
{
	u64 entry = 0;

	memcpy(&entry, guest.memory + entry_at(shape, level), shape->entry_size);
	return entry;
}

static inline void put_entry(const struct shape *shape, u32 level, u64 entry)
{
	memcpy(guest.memory + entry_at(shape, level), &entry, shape->entry_size);
}

static inline u64 page_size(const struct shape *shape)
{
	return BIT(shape->shift[shape->leaf]);
}

/* Where the page of the shape is; above 4G if entries have the room. */
static inline u64 page_at(const struct shape *shape)
{
	if (shape->leaf == 1)
		return 8 * PAGE_SIZE;
	return shape->entry_size == 4 ? 0x1000000 : 0x1c0000000;
}

static inline bool has_rights(const struct shape *shape, u32 level)
{
	return shape->levels != 3 || level != 3;
}

/* Fresh memory in which gva is mapped, writable for users, executable. */
static inline struct walk_context build(const struct shape *shape)
{
	memset(&guest, 0, sizeof(guest));
	guest.unreadable = ~0ull;
	for (u32 level = shape->levels; level >= shape->leaf; level--) {
		u64 rights = has_rights(shape, level) ? 7 : 1;
		u64 to = level == shape->leaf ? page_at(shape) : TABLE(level - 1);

		if (level == shape->leaf && level > 1)
			rights |= BIT(7);
		put_entry(shape, level, to | rights);
	}
	return (struct walk_context){
		.cr0 = CR0_PG | CR0_WP | 1,
		.cr3 = TABLE(shape->levels) | 0x18, /* PCD and PWT must not matter */
		.cr4 = shape->cr4,
		.efer = shape->efer,
		.phys_bits = WIDTH,
		.ops = &guest_ops,
		.reader = &guest,
	};
}

#define FOR_EACH_SHAPE(shape)                                                                      \
	for (const struct shape *shape = shapes; shape < shapes + ARRAY_SIZE(shapes); shape++)
#define FOR_EACH_LEVEL(shape, level)                                                               \
	for (u32 level = (shape)->leaf; level <= (shape)->levels; level++)

/* Of the #PF, beyond the bits that tell its reason. */
static inline u32 expected_code(const struct walk_context *context, u32 access, u32 base)
{
	bool told = (context->cr4 & CR4_PAE && context->efer & EFER_NXE) || context->cr4 & CR4_SMEP;

	return base | (access & WALK_WRITE ? 2 : 0) | (access & WALK_USER ? 4 : 0) |
	       (access & WALK_EXECUTE && told ? 16 : 0);
}

#endif
