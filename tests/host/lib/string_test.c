/* SPDX-License-Identifier: BSD-2-Clause */
/* The hypervisor's own string functions, under other names next to the C library's. */
#include "core/lib/types.h"

#define memset	own_memset
#define memcpy	own_memcpy
#define memmove own_memmove
#define memcmp	own_memcmp
#define strlen	own_strlen
#define strcmp	own_strcmp
#define strncmp own_strncmp
#include "core/lib/string.c"
#undef memset
#undef memcpy
#undef memmove
#undef memcmp
#undef strlen
#undef strcmp
#undef strncmp

#include "tests/host/test.h"

#define SIZE 96

static u8 area[SIZE], model[SIZE];

static void fill(void)
{
	for (u32 i = 0; i < SIZE; i++)
		area[i] = model[i] = (u8)test_random();
}

static bool same(void)
{
	for (u32 i = 0; i < SIZE; i++)
		if (!CHECK_EQ(model[i], area[i]))
			return false;
	return true;
}

/* Every size and offset up to several words, overlapping in both directions. */
TEST(string_move)
{
	for (u32 to = 0; to < 24; to++) {
		for (u32 from = 0; from < 24; from++) {
			for (u32 size = 0; size < 40; size++) {
				u8 copy[SIZE];

				fill();
				for (u32 i = 0; i < size; i++)
					copy[i] = model[from + i];
				for (u32 i = 0; i < size; i++)
					model[to + i] = copy[i];
				CHECK(own_memmove(area + to, area + from, size) == area + to);
				if (!same())
					return;
			}
		}
	}
}

TEST(string_copy_and_set)
{
	for (u32 at = 0; at < 16; at++) {
		for (u32 size = 0; size < 30; size++) {
			fill();
			for (u32 i = 0; i < size; i++)
				model[at + i] = model[48 + i];
			CHECK(own_memcpy(area + at, area + 48, size) == area + at);
			if (!same())
				return;
			for (u32 i = 0; i < size; i++)
				model[at + i] = 0xfe;
			CHECK(own_memset(area + at, 0x1fe, size) == area + at);
			if (!same())
				return;
		}
	}
}

TEST(string_compare)
{
	CHECK_EQ(0, own_memcmp("abc", "abd", 2));
	CHECK(own_memcmp("abc", "abd", 3) < 0);
	CHECK(own_memcmp("\xff", "\x01", 1) > 0);
	CHECK_EQ(0, own_memcmp("", "x", 0));
	CHECK_EQ(0, own_strlen(""));
	CHECK_EQ(5, own_strlen("words"));
	CHECK_EQ(0, own_strcmp("same", "same"));
	CHECK(own_strcmp("same", "samey") < 0);
	CHECK(own_strcmp("b", "abc") > 0);
	CHECK(own_strcmp("\xff", "a") > 0);
	CHECK_EQ(0, own_strncmp("abcd", "abxy", 2));
	CHECK(own_strncmp("abcd", "abxy", 3) < 0);
	CHECK_EQ(0, own_strncmp("ab", "ab", 100));
	CHECK_EQ(0, own_strncmp("x", "y", 0));
}
