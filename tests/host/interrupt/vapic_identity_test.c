/* SPDX-License-Identifier: BSD-2-Clause */
/* The virtual local APIC's identity: the base MSR, INIT, and which destinations reach it. */
#include "core/interrupt/vapic.h"
#include "tests/host/test.h"

#define TSC_HZ	 2000000000ull
#define TIMER_HZ 200000000ull

static struct vapic apic;

static void setup(u32 id, bool x2apic)
{
	struct vapic_effect effect;

	vapic_reset(&apic, id, false, x2apic, TSC_HZ, TIMER_HZ);
	vapic_write(&apic, VAPIC_SPURIOUS, x2apic, 0x1ff, 0, &effect);
}

static u64 read(enum vapic_register reg)
{
	u64 value = ~0ull;

	CHECK(vapic_read(&apic, reg, apic.base & VAPIC_BASE_X2APIC, 0, &value));
	return value;
}

static void write(enum vapic_register reg, u64 value)
{
	struct vapic_effect effect;

	CHECK(vapic_write(&apic, reg, apic.base & VAPIC_BASE_X2APIC, value, 0, &effect));
}

TEST(vapic_base_transitions)
{
	static const u64 states[] = {
		0, VAPIC_BASE_ENABLE, VAPIC_BASE_ENABLE | VAPIC_BASE_X2APIC, VAPIC_BASE_X2APIC};
	/* From off, xAPIC, x2APIC (rows) to off, xAPIC, x2APIC, x2APIC without enable. */
	static const bool legal[3][4] = {
		{true, true, false, false},
		{true, true, true, false},
		{true, false, true, false},
	};

	for (u32 from = 0; from < 3; from++) {
		for (u32 to = 0; to < 4; to++) {
			vapic_reset(&apic, 1, false, from == 2, TSC_HZ, TIMER_HZ);
			CHECK(vapic_write_base(&apic, 0xfee00000 | states[from]));
			CHECK_EQ(legal[from][to], vapic_write_base(&apic, 0xfee00000 | states[to]));
			CHECK_EQ(0xfee00000 | states[legal[from][to] ? to : from], apic.base);
		}
	}
}

TEST(vapic_base_bits)
{
	vapic_reset(&apic, 1, true, false, TSC_HZ, TIMER_HZ);
	CHECK(!vapic_write_base(&apic, 0xfee00a00));
	CHECK(!vapic_write_base(&apic, 0xfee00801));
	CHECK(!vapic_write_base(&apic, BIT(52) | 0xfee00800));
	CHECK(vapic_write_base(&apic, 0xfee00800));
	CHECK_EQ(0xfee00900, apic.base);
	vapic_reset(&apic, 1, false, false, TSC_HZ, TIMER_HZ);
	CHECK(vapic_write_base(&apic, 0xfee00900));
	CHECK_EQ(0xfee00800, apic.base);
}

TEST(vapic_base_off_forgets)
{
	setup(3, false);
	write(VAPIC_TPR, 0x20);
	write(VAPIC_LDR, 0x04000000);
	write(VAPIC_LVT_TIMER, 0x20030);
	write(VAPIC_INITIAL_COUNT, 100);
	vapic_request(&apic, 0x40, false);
	CHECK(vapic_write_base(&apic, 0xfee00000));
	CHECK_EQ(-1, vapic_deliverable(&apic));
	CHECK(!vapic_matches(&apic, 3, false));
	CHECK(!vapic_matches(&apic, 0xffffffff, false));
	CHECK_EQ(~0ull, vapic_timer_deadline(&apic));
	CHECK(vapic_write_base(&apic, 0xfee00800));
	CHECK_EQ(0, read(VAPIC_TPR));
	CHECK_EQ(0, read(VAPIC_LDR));
	CHECK_EQ(-1, vapic_highest_request(&apic));
}

TEST(vapic_enter_x2apic)
{
	setup(0x35, false);
	write(VAPIC_LDR, 0x04000000);
	write(VAPIC_TPR, 0x20);
	vapic_request(&apic, 0x40, false);
	CHECK(vapic_write_base(&apic, 0xfee00c00));
	CHECK_EQ(0x00030020, read(VAPIC_LDR));
	CHECK_EQ(0x35, read(VAPIC_ID));
	CHECK_EQ(0x20, read(VAPIC_TPR));
	CHECK_EQ(0x40, vapic_deliverable(&apic));
}

TEST(vapic_init_keeps_identity)
{
	setup(0x12, true);
	write(VAPIC_TPR, 0x20);
	write(VAPIC_LVT_TIMER, 0x20030);
	write(VAPIC_INITIAL_COUNT, 100);
	vapic_request(&apic, 0x40, true);
	vapic_accept(&apic, 0x40);
	vapic_request(&apic, 0x50, false);
	vapic_init(&apic);
	CHECK_EQ(0x12, read(VAPIC_ID));
	CHECK_EQ(0xfee00c00, apic.base);
	CHECK_EQ(0x00010004, read(VAPIC_LDR));
	CHECK_EQ(0, read(VAPIC_PPR));
	CHECK_EQ(0xff, read(VAPIC_SPURIOUS));
	CHECK_EQ(0, read(VAPIC_TMR + 2));
	CHECK_EQ(0x10000, read(VAPIC_LVT_TIMER));
	CHECK_EQ(-1, vapic_highest_request(&apic));
	CHECK_EQ(0, apic.isr_words);
	write(VAPIC_SPURIOUS, 0x1ff);
	write(VAPIC_LVT_TIMER, 0x30);
	write(VAPIC_INITIAL_COUNT, 20);
	CHECK_EQ(400, vapic_timer_deadline(&apic));
}

/* A request that falls into an INIT may get lost but must not leave its vector dead. */
TEST(vapic_init_race)
{
	setup(0, true);
	apic.irr[4] |= 2;
	apic.irr_words = 0;
	vapic_init(&apic);
	write(VAPIC_SPURIOUS, 0x1ff);
	CHECK(vapic_request(&apic, 0x81, false));
	CHECK_EQ(0x81, vapic_deliverable(&apic));
}

TEST(vapic_match_physical)
{
	setup(5, false);
	CHECK(vapic_matches(&apic, 5, false));
	CHECK(!vapic_matches(&apic, 4, false));
	CHECK(vapic_matches(&apic, 0xff, false));
	CHECK(vapic_matches(&apic, 0xffffffff, false));
	CHECK(!vapic_matches(&apic, 0x105, false));
	setup(0x105, true);
	CHECK(vapic_matches(&apic, 0x105, false));
	CHECK(!vapic_matches(&apic, 5, false));
	CHECK(!vapic_matches(&apic, 0xff, false));
	CHECK(vapic_matches(&apic, 0xffffffff, false));
	setup(0xff, true);
	CHECK(vapic_matches(&apic, 0xff, false));
}

TEST(vapic_match_flat)
{
	setup(5, false);
	write(VAPIC_LDR, 0x24ffffff);
	CHECK_EQ(0x24000000, read(VAPIC_LDR));
	CHECK(vapic_matches(&apic, 0x04, true));
	CHECK(vapic_matches(&apic, 0x21, true));
	CHECK(!vapic_matches(&apic, 0x5a & ~0x24, true));
	CHECK(vapic_matches(&apic, 0xff, true));
	CHECK(vapic_matches(&apic, 0xffffffff, true));
	CHECK(!vapic_matches(&apic, 0x124, true));
	CHECK(!vapic_matches(&apic, 0, true));
}

TEST(vapic_match_cluster)
{
	setup(5, false);
	write(VAPIC_DFR, 0);
	CHECK_EQ(0x0fffffff, read(VAPIC_DFR));
	write(VAPIC_LDR, 0x34000000);
	CHECK(vapic_matches(&apic, 0x34, true));
	CHECK(vapic_matches(&apic, 0x3f, true));
	CHECK(!vapic_matches(&apic, 0x38, true));
	CHECK(!vapic_matches(&apic, 0x24, true));
	CHECK(!vapic_matches(&apic, 0xf4, true));
	CHECK(vapic_matches(&apic, 0xff, true));
}

TEST(vapic_match_x2apic_logical)
{
	setup(0x25, true);
	CHECK_EQ(0x00020020, read(VAPIC_LDR));
	CHECK(vapic_matches(&apic, 0x00020020, true));
	CHECK(vapic_matches(&apic, 0x0002ffff, true));
	CHECK(!vapic_matches(&apic, 0x00020010, true));
	CHECK(!vapic_matches(&apic, 0x00010020, true));
	CHECK(!vapic_matches(&apic, 0xff, true));
	CHECK(vapic_matches(&apic, 0xffffffff, true));
	setup(15, true);
	CHECK_EQ(0x8000, read(VAPIC_LDR));
	CHECK(vapic_matches(&apic, 0x8001, true));
}
