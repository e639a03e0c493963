/* SPDX-License-Identifier: BSD-2-Clause */
/* Translation and malformed tables, against the rules of APM vol. 2, ch. 5 restated here. */
#include "tests/host/memory/walk_guest.h"

TEST(walk_unpaged)
{
	struct walk_context context = build(&shapes[0]);
	struct walk_result result;

	context.cr0 = 1;
	CHECK(walk(&context, 0xfffff123, WALK_WRITE | WALK_USER, &result) == WALK_OK);
	CHECK(result.gpa == 0xfffff123 && result.page_size == PAGE_SIZE);
	CHECK(result.rights == (WALK_WRITE | WALK_USER | WALK_EXECUTE));
	CHECK(walk(&context, 0x100000010, 0, &result) == WALK_OK && result.gpa == 0x10);
	CHECK(guest.reads == 0);
}

TEST(walk_translation)
{
	static const u64 offsets[] = {0, 1, 0xabc, 0xfff};

	FOR_EACH_SHAPE(shape)
	{
		struct walk_context context = build(shape);
		u64 mask = page_size(shape) - 1;
		struct walk_result result;

		for (u32 i = 0; i < ARRAY_SIZE(offsets); i++) {
			u64 gva = (shape->gva & ~mask) | offsets[i];

			CHECK(walk(&context, gva, 0, &result) == WALK_OK);
			CHECK(result.gpa == (page_at(shape) | offsets[i]));
		}
		CHECK(walk(&context, shape->gva | mask, WALK_WRITE, &result) == WALK_OK);
		CHECK(result.gpa == (page_at(shape) | mask));
		CHECK(result.page_size == page_size(shape) && result.error_code == 0);
		CHECK(result.rights == (WALK_WRITE | WALK_USER | WALK_EXECUTE));
		guest.reads = 0;
		walk(&context, shape->gva, 0, &result);
		CHECK(guest.reads == shape->levels - shape->leaf + 1);
	}
}

/* The next page, table and directory are not mapped. */
TEST(walk_neighbours)
{
	FOR_EACH_SHAPE(shape)
	{
		struct walk_context context = build(shape);
		struct walk_result result;

		FOR_EACH_LEVEL(shape, level)
		{
			u64 gva = shape->gva ^ BIT(shape->shift[level]);

			CHECK(walk(&context, gva, 0, &result) == WALK_NOT_PRESENT);
		}
	}
}

TEST(walk_not_present)
{
	FOR_EACH_SHAPE(shape)
	{
		FOR_EACH_LEVEL(shape, level)
		{
			struct walk_context context = build(shape);
			struct walk_result result;

			put_entry(shape, level, get_entry(shape, level) & ~1ull);
			for (u32 access = 0; access < 8; access++) {
				CHECK(walk(&context, shape->gva, access, &result) ==
					WALK_NOT_PRESENT);
				CHECK(result.error_code == expected_code(&context, access, 0));
			}
			context.cr4 |= CR4_SMEP;
			walk(&context, shape->gva, WALK_EXECUTE, &result);
			CHECK(result.error_code == 16);
		}
	}
}

/* Each bit of each entry, set alone: reserved or not. */
static void check_reserved(const struct shape *shape, u32 level, u32 bit, bool no_execute)
{
	struct walk_context context = build(shape);
	u64 reserved = shape->reserved[level] | (no_execute ? 0 : NX);
	struct walk_result result;
	enum walk_status status;

	/* An entry for a table that becomes a large page has more reserved bits than `bit`. */
	if (bit == 7 && level > shape->leaf && !(reserved & BIT(bit)))
		return;
	if (get_entry(shape, level) & BIT(bit))
		return;
	if (!no_execute)
		context.efer &= ~EFER_NXE;
	put_entry(shape, level, get_entry(shape, level) | BIT(bit));
	status = walk(&context, shape->gva, WALK_EXEMPT | WALK_USER, &result);
	CHECK((status == WALK_RESERVED) == !!(reserved & BIT(bit)));
	if (status == WALK_RESERVED)
		CHECK(result.error_code == (8 | 4 | 1));
}

TEST(walk_reserved)
{
	FOR_EACH_SHAPE(shape)
	{
		FOR_EACH_LEVEL(shape, level)
		{
			for (u32 bit = 1; bit < 8 * shape->entry_size; bit++) {
				check_reserved(shape, level, bit, true);
				check_reserved(shape, level, bit, false);
			}
		}
	}
}

/* A cleared Present bit hides reserved bits; a reserved bit hides missing rights. */
TEST(walk_precedence)
{
	FOR_EACH_SHAPE(shape)
	{
		struct walk_context context = build(shape);
		u64 reserved = shape->reserved[shape->leaf];
		struct walk_result result;

		put_entry(shape, shape->leaf, reserved);
		CHECK(walk(&context, shape->gva, WALK_USER, &result) == WALK_NOT_PRESENT);
		if (!reserved)
			continue;
		build(shape);
		put_entry(shape, shape->leaf, (get_entry(shape, shape->leaf) | reserved) & ~6ull);
		CHECK(walk(&context, shape->gva, WALK_USER | WALK_WRITE, &result) == WALK_RESERVED);
	}
}

TEST(walk_unreadable)
{
	FOR_EACH_SHAPE(shape)
	{
		FOR_EACH_LEVEL(shape, level)
		{
			struct walk_context context = build(shape);
			struct walk_result result;

			guest.unreadable = TABLE(level);
			CHECK(walk(&context, shape->gva, WALK_WRITE, &result) ==
				WALK_TABLE_UNREADABLE);
			CHECK(result.error_code == 0);
		}
	}
}

TEST(walk_canonical)
{
	struct walk_context four = build(&shapes[4]);
	struct walk_context five = four;
	struct walk_result result;

	five.cr4 |= CR4_LA57;
	CHECK(walk(&four, 0x0000800000000000, 0, &result) == WALK_NON_CANONICAL);
	CHECK(walk(&four, 0xffff7fffffffffff, 0, &result) == WALK_NON_CANONICAL);
	CHECK(walk(&four, 0x00007fffffffffff, 0, &result) == WALK_NOT_PRESENT);
	CHECK(walk(&four, 0xffff800000000000, 0, &result) != WALK_NON_CANONICAL);
	CHECK(walk(&five, 0x0000800000000000, 0, &result) != WALK_NON_CANONICAL);
	CHECK(walk(&five, 0x0100000000000000, 0, &result) == WALK_NON_CANONICAL);
	CHECK(walk(&five, 0xfeffffffffffffff, 0, &result) == WALK_NON_CANONICAL);
	CHECK(walk(&five, 0xff00000000000000, 0, &result) != WALK_NON_CANONICAL);
}

/* Outside long mode linear addresses have 32 bits. */
TEST(walk_truncation)
{
	for (u32 i = 0; i < 4; i++) {
		struct walk_context context = build(&shapes[i]);
		struct walk_result result;

		CHECK(walk(&context, shapes[i].gva | 0xabcd00000000, 0, &result) == WALK_OK);
		CHECK((result.gpa & PAGE_MASK) == (shapes[i].gva & PAGE_MASK));
	}
}

/* Bits 20:13 of a 4M entry are address bits 39:32; without CR4.PSE the entry names a table. */
TEST(walk_large_32)
{
	const struct shape *shape = &shapes[1];
	struct walk_context context = build(shape);
	struct walk_result result;

	put_entry(shape, 2, 0xffc00087u | 0x5au << 13);
	CHECK(walk(&context, shape->gva, 0, &result) == WALK_OK);
	CHECK(result.gpa == (0x5affc00000 | (shape->gva & 0x3fffff)));
	context.phys_bits = 36;
	CHECK(walk(&context, shape->gva, 0, &result) == WALK_RESERVED);
	context = build(&shapes[0]);
	put_entry(&shapes[0], 2, get_entry(&shapes[0], 2) | BIT(7));
	context.cr4 &= ~CR4_PSE;
	CHECK(walk(&context, shape->gva, 0, &result) == WALK_OK && result.page_size == PAGE_SIZE);
}

/* PAE's top table has 32-byte alignment. */
TEST(walk_pae_root)
{
	const struct shape *shape = &shapes[2];
	struct walk_context context = build(shape);
	struct walk_result result;

	memmove(guest.memory + TABLE(3) + 0xfe0, guest.memory + TABLE(3), 32);
	memset(guest.memory + TABLE(3), 0, 32);
	CHECK(walk(&context, shape->gva, 0, &result) == WALK_NOT_PRESENT);
	context.cr3 = (TABLE(3) + 0xfe0) | 0x18;
	CHECK(walk(&context, shape->gva, 0, &result) == WALK_OK);
}

TEST(walk_memory_type)
{
	FOR_EACH_SHAPE(shape)
	{
		for (u32 index = 0; index < 8; index++) {
			struct walk_context context = build(shape);
			u64 pat = shape->leaf == 1 ? BIT(7) : BIT(12);
			struct walk_result result;

			put_entry(shape, shape->leaf,
				get_entry(shape, shape->leaf) | (index & 4 ? pat : 0) |
					(index & 3) << 3);
			CHECK(walk(&context, shape->gva, 0, &result) == WALK_OK);
			CHECK(result.pat_index == index &&
				(result.gpa & pat) == (shape->gva & pat));
		}
	}
}
