/* SPDX-License-Identifier: BSD-2-Clause */
/* Rights, Accessed and Dirty bits, and reads of bytes through the tables. */
#include "tests/host/memory/walk_guest.h"

struct rights {
	bool write;
	bool user;
	bool execute;
};

/* APM vol. 2 §5.6 restated as a list of refusals. */
static bool permitted(const struct walk_context *context, struct rights page, u32 access)
{
	bool user = access & WALK_USER, write = access & WALK_WRITE, fetch = access & WALK_EXECUTE;

	if (access & WALK_EXEMPT)
		return true;
	if (user && !page.user)
		return false;
	if (write && !page.write && (user || context->cr0 & CR0_WP))
		return false;
	if (fetch && !page.execute)
		return false;
	if (fetch && !user && page.user && context->cr4 & CR4_SMEP)
		return false;
	return fetch || user || !page.user || !(context->cr4 & CR4_SMAP) || !(access & WALK_SMAP);
}

static void check_access(
	struct walk_context *context, const struct shape *shape, struct rights page, u32 access)
{
	struct walk_result result;
	enum walk_status status = walk(context, shape->gva, access, &result);

	CHECK(status == (permitted(context, page, access) ? WALK_OK : WALK_PRIVILEGE));
	if (status == WALK_OK)
		CHECK(result.rights ==
			((page.write ? WALK_WRITE : 0) | (page.user ? WALK_USER : 0) |
				(page.execute ? WALK_EXECUTE : 0)));
	else
		CHECK(result.error_code == expected_code(context, access, 1));
}

/* Every access under every combination of the rights in one level and the control bits. */
static void check_level(const struct shape *shape, u32 level)
{
	for (u32 bits = 0; bits < 64; bits++) {
		struct walk_context context = build(shape);
		bool has_no_execute = shape->entry_size == 8;
		struct rights page = {bits & 1, bits & 2, !(bits & 4) || !has_no_execute};
		u64 entry = get_entry(shape, level) & ~6ull;

		entry |= (page.write ? 2 : 0) | (page.user ? 4 : 0) | (page.execute ? 0 : NX);
		put_entry(shape, level, entry);
		context.cr0 ^= bits & 8 ? CR0_WP : 0;
		context.cr4 |= (bits & 16 ? CR4_SMEP : 0) | (bits & 32 ? CR4_SMAP : 0);
		for (u32 access = 0; access < 32; access++)
			if ((access & (WALK_WRITE | WALK_EXECUTE)) != (WALK_WRITE | WALK_EXECUTE))
				check_access(&context, shape, page, access);
	}
}

TEST(walk_rights)
{
	FOR_EACH_SHAPE(shape)
	{
		FOR_EACH_LEVEL(shape, level)
		{
			if (has_rights(shape, level))
				check_level(shape, level);
		}
	}
}

static void check_accessed(const struct shape *shape, bool accessed, bool dirty)
{
	FOR_EACH_LEVEL(shape, level)
	{
		bool has = has_rights(shape, level) && accessed;
		u64 expected = (has ? BIT(5) : 0) | (dirty && level == shape->leaf ? BIT(6) : 0);

		CHECK((get_entry(shape, level) & 0x60) == expected);
	}
}

TEST(walk_set_bits)
{
	FOR_EACH_SHAPE(shape)
	{
		struct walk_context context = build(shape);
		struct walk_result result;

		CHECK(walk(&context, shape->gva, WALK_WRITE, &result) == WALK_OK);
		check_accessed(shape, false, false);
		CHECK(walk(&context, shape->gva, WALK_SET_BITS, &result) == WALK_OK);
		check_accessed(shape, true, false);
		CHECK(walk(&context, shape->gva, WALK_SET_BITS | WALK_WRITE, &result) == WALK_OK);
		check_accessed(shape, true, true);
		/* Nothing left to set: no update, which would be refused. */
		guest.lost_updates = 1;
		CHECK(walk(&context, shape->gva, WALK_SET_BITS | WALK_WRITE, &result) == WALK_OK);
		CHECK(guest.lost_updates == 1);
	}
}

TEST(walk_set_bits_races)
{
	const struct shape *shape = &shapes[4];
	struct walk_context context = build(shape);
	struct walk_result result;

	guest.lost_updates = 3;
	CHECK(walk(&context, shape->gva, WALK_SET_BITS, &result) == WALK_OK);
	CHECK(guest.lost_updates == 0);
	check_accessed(shape, true, false);
	build(shape);
	guest.lost_updates = ~0u;
	CHECK(walk(&context, shape->gva, WALK_SET_BITS, &result) == WALK_TABLE_READONLY);
	/* A refused access leaves no trace. */
	build(shape);
	put_entry(shape, 1, get_entry(shape, 1) & ~BIT(1));
	CHECK(walk(&context, shape->gva, WALK_SET_BITS | WALK_WRITE, &result) == WALK_PRIVILEGE);
	check_accessed(shape, false, false);
}

/* Two neighbouring linear pages, 8 and 10 in guest memory, numbered bytes. */
static struct walk_context build_two(const struct shape *shape, bool second)
{
	struct walk_context context = build(shape);
	struct shape next = *shape;

	next.gva += PAGE_SIZE;
	if (second)
		put_entry(&next, 1, (10 * PAGE_SIZE) | 7);
	for (u32 i = 0; i < PAGE_SIZE; i++) {
		guest.memory[8 * PAGE_SIZE + i] = (u8)i;
		guest.memory[10 * PAGE_SIZE + i] = (u8)(i + 0x55);
	}
	return context;
}

TEST(walk_read)
{
	FOR_EACH_SHAPE(shape)
	{
		u64 page = shape->gva & ~PAGE_MASK;
		struct walk_context context;
		u8 buffer[17];

		if (shape->leaf != 1)
			continue;
		for (u32 before = 0; before <= 16; before++) {
			u64 gva = page + PAGE_SIZE - before;

			context = build_two(shape, true);
			memset(buffer, 0xee, sizeof(buffer));
			CHECK(walk_read(&context, gva, WALK_EXECUTE, buffer, 16) == 16);
			for (u32 i = 0; i < 16; i++)
				CHECK(buffer[i] ==
					(u8)(i < before ? 0 - before + i : i - before + 0x55));
			CHECK(buffer[16] == 0xee);
			context = build_two(shape, false);
			CHECK(walk_read(&context, gva, WALK_EXECUTE, buffer, 16) == before);
		}
	}
}

TEST(walk_read_refused)
{
	const struct shape *shape = &shapes[4];
	struct walk_context context = build_two(shape, true);
	u64 page = shape->gva & ~PAGE_MASK;
	u8 buffer[16];

	CHECK(walk_read(&context, page, WALK_EXECUTE, buffer, 0) == 0);
	guest.unreadable = 10 * PAGE_SIZE;
	CHECK(walk_read(&context, page + PAGE_SIZE - 5, WALK_EXECUTE, buffer, 16) == 5);
	guest.unreadable = 8 * PAGE_SIZE;
	CHECK(walk_read(&context, page, WALK_EXECUTE, buffer, 16) == 0);
	guest.unreadable = ~0ull;
	put_entry(shape, 1, get_entry(shape, 1) | NX);
	CHECK(walk_read(&context, page, WALK_EXECUTE, buffer, 16) == 0);
	CHECK(walk_read(&context, page, 0, buffer, 16) == 16);
	/* Unpaged: from the last bytes of memory to none. */
	context.cr0 = 1;
	context.efer = 0;
	CHECK(walk_read(&context, PAGES * PAGE_SIZE - 3, 0, buffer, 16) == 3);
	/* The end of the 32-bit address space wraps to 0. */
	CHECK(walk_read(&context, 0x100000000 - 3, 0, buffer, 16) == 0);
	CHECK(walk_read(&context, 0x100000000, 0, buffer, 16) == 16);
}
