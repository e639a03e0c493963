/* SPDX-License-Identifier: BSD-2-Clause */
/* Extended state between the standard and the compacted format (AMD APM vol. 2 §11.5). */
#include "core/vp/xsave.h"

#include "core/hypervisor.h"
#include "tests/host/fake_backend.h"
#include "tests/host/test.h"

#include <string.h>

#define COMPACT BIT(63)

/* The components of the fake processor: number, size, place in the standard format, alignment. */
struct part {
	u32 number;
	u32 size;
	u32 standard;
	bool aligned;
};

static const struct part parts[] = {
	{2, 256, 576, false},
	{5, 64, 1088, false},
	{6, 512, 1152, true},
	{7, 1024, 1664, false},
	{9, 8, 2688, false},
};

static u8 standard[PAGE_SIZE], compacted[PAGE_SIZE], back[PAGE_SIZE];

static void put64(u8 *at, u64 value)
{
	memcpy(at, &value, sizeof(value));
}

static u64 get64(const u8 *at)
{
	u64 value;

	memcpy(&value, at, sizeof(value));
	return value;
}

/* A standard area in which the present components hold random bytes and all else is 0. */
static void fill(u64 present)
{
	hypervisor.backend = &fake_backend;
	memset(standard, 0, sizeof(standard));
	for (u32 i = 0; i < 512; i++)
		standard[i] = (u8)test_random();
	put64(standard + 24, 0x0000ffff00001f80);
	put64(standard + 512, present);
	for (u32 p = 0; p < ARRAY_SIZE(parts); p++)
		for (u32 i = 0; present & BIT(parts[p].number) && i < parts[p].size; i++)
			standard[parts[p].standard + i] = (u8)test_random();
}

static u64 random_states(u64 among)
{
	return test_random() & among;
}

TEST(xsave_round_trip)
{
	for (u32 turn = 0; turn < 300; turn++) {
		u64 present = random_states(0x2e7);

		fill(present);
		xsave_compact(standard, compacted);
		CHECK_EQ(present, get64(compacted + 512));
		CHECK_EQ(COMPACT | 0x2e7, get64(compacted + 520));
		CHECK(xsave_expand(compacted, back));
		if (!CHECK(!memcmp(standard, back, PAGE_SIZE)))
			return;
		/* The standard format is taken as well. */
		memset(back, 0x77, PAGE_SIZE);
		CHECK(xsave_expand(standard, back));
		CHECK(!memcmp(standard, back, PAGE_SIZE));
	}
}

/* Where the components stand in the compacted format: one behind the other, 6 on 64 bytes. */
TEST(xsave_places)
{
	u32 place = 576;

	fill(0x2e7);
	xsave_compact(standard, compacted);
	CHECK(!memcmp(standard, compacted, 512));
	for (u32 p = 0; p < ARRAY_SIZE(parts); p++) {
		if (parts[p].aligned)
			place = (u32)ALIGN_UP(place, 64);
		CHECK(!memcmp(standard + parts[p].standard, compacted + place, parts[p].size));
		place += parts[p].size;
	}
	CHECK_EQ(place, xsave_compact_size());
	for (u32 i = place; i < PAGE_SIZE; i++)
		if (!CHECK_EQ(0, compacted[i]))
			break;
}

TEST(xsave_sizes)
{
	hypervisor.backend = &fake_backend;
	fake_hardware.extended_states = 3;
	CHECK_EQ(576, xsave_compact_size());
	fake_hardware.extended_states = 7;
	CHECK_EQ(576 + 256, xsave_compact_size());
	fake_hardware.extended_states = 0x207;
	CHECK_EQ(576 + 256 + 8, xsave_compact_size());
	fake_hardware.extended_states = 0x2e7;
	CHECK(xsave_compact_size() <= PAGE_SIZE);
}

/* A component that wants 64 bytes' alignment behind one of an odd size. */
TEST(xsave_alignment)
{
	fake_cpuid(13, 2, 200, 576, 0, 0);
	fake_cpuid(13, 5, 64, 1088, 2, 0);
	fake_hardware.extended_states = 0x27;
	fill(0x27);
	memset(standard + 776, 0, 56);
	CHECK_EQ(832 + 64, xsave_compact_size());
	xsave_compact(standard, compacted);
	CHECK(!memcmp(standard + 576, compacted + 576, 200));
	CHECK_EQ(0, compacted[776]);
	CHECK(!memcmp(standard + 1088, compacted + 832, 64));
	CHECK(xsave_expand(compacted, back));
	CHECK(!memcmp(standard, back, PAGE_SIZE));
}

/* A format with fewer components than the machine has: they stand closer together. */
TEST(xsave_smaller_mask)
{
	fill(0x207);
	memset(compacted, 0, sizeof(compacted));
	memcpy(compacted, standard, 512);
	put64(compacted + 512, 0x207);
	put64(compacted + 520, COMPACT | 0x207);
	memcpy(compacted + 576, standard + 576, 256);
	memcpy(compacted + 832, standard + 2688, 8);
	CHECK(xsave_expand(compacted, back));
	CHECK(!memcmp(standard, back, PAGE_SIZE));
}

static bool expands(u64 present, u64 compaction, u32 mxcsr)
{
	fill(0x2e7);
	xsave_compact(standard, compacted);
	put64(compacted + 512, present);
	put64(compacted + 520, compaction);
	memcpy(compacted + 24, &mxcsr, sizeof(mxcsr));
	memset(back, 0x77, PAGE_SIZE);
	return xsave_expand(compacted, back);
}

/* What XRSTOR would fault at, in the hypervisor. */
TEST(xsave_refused)
{
	CHECK(expands(0x2e7, COMPACT | 0x2e7, 0x1f80));
	for (u32 bit = 0; bit < 64; bit++) {
		if (0x2e7 & 1ull << bit)
			continue;
		CHECK(!expands(1ull << bit | 3, COMPACT | 0x2e7, 0x1f80));
		if (bit < 63)
			CHECK(!expands(3, COMPACT | 1ull << bit, 0x1f80));
	}
	for (u32 bit = 16; bit < 32; bit++)
		CHECK(!expands(3, COMPACT | 0x2e7, 1u << bit));
	/* Present, but not in the format. */
	CHECK(!expands(0x207, COMPACT | 0x7, 0x1f80));
	CHECK(!expands(0x7, COMPACT | 0x200, 0x1f80));
	/* Refusal leaves the VP's state alone. */
	CHECK_EQ(0x77, back[0]);
	CHECK_EQ(0x77, back[PAGE_SIZE - 1]);
}

/* Reserved bytes of the header, whatever they hold, do not come through. */
TEST(xsave_header_is_clean)
{
	fill(3);
	xsave_compact(standard, compacted);
	memset(compacted + 528, 0xff, 48);
	memset(compacted + 2000, 0xff, 100);
	CHECK(xsave_expand(compacted, back));
	for (u32 i = 520; i < PAGE_SIZE; i++)
		if (!CHECK_EQ(0, back[i]))
			return;
}

/* Any bytes at all: nothing is read or written outside of the two pages. */
TEST(xsave_garbage)
{
	hypervisor.backend = &fake_backend;
	for (u32 turn = 0; turn < 2000; turn++) {
		for (u32 i = 0; i < PAGE_SIZE; i += 8)
			put64(compacted + i, test_random());
		put64(compacted + 512, random_states(0x2e7));
		put64(compacted + 520, random_states(0x2e7) | (turn & 1 ? COMPACT : 0));
		put64(compacted + 24, 0x1f80);
		(void)xsave_expand(compacted, back);
	}
}
