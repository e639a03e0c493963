/* SPDX-License-Identifier: BSD-2-Clause */
/* The virtual local APIC's registers in both modes, and interprocessor interrupts. */
#include "core/interrupt/vapic.h"
#include "tests/host/test.h"

#define TSC_HZ	 2000000000ull
#define TIMER_HZ 200000000ull

static struct vapic apic;
static struct vapic_effect effect;

static void setup(u32 id, bool x2apic)
{
	vapic_reset(&apic, id, false, x2apic, TSC_HZ, TIMER_HZ);
	vapic_write(&apic, VAPIC_SPURIOUS, x2apic, 0x1ff, 0, &effect);
}

static bool write_in(bool x2apic, enum vapic_register reg, u64 value)
{
	return vapic_write(&apic, reg, x2apic, value, 0, &effect);
}

static u64 read_in(bool x2apic, enum vapic_register reg)
{
	u64 value;

	CHECK(vapic_read(&apic, reg, x2apic, 0, &value));
	return value;
}

/* The error status as a guest reads it. */
static u64 errors(bool x2apic)
{
	CHECK(write_in(x2apic, VAPIC_ESR, 0));
	return read_in(x2apic, VAPIC_ESR);
}

/* Which accesses exist, from the APM's and SDM's register lists: xAPIC r w, x2APIC R W. */
static const char *const accesses[256] = {
	[VAPIC_ID] = "rwR",
	[VAPIC_VERSION] = "rR",
	[VAPIC_TPR] = "rwRW",
	[VAPIC_PPR] = "rR",
	[VAPIC_EOI] = "wW",
	[VAPIC_LDR] = "rwR",
	[VAPIC_DFR] = "rw",
	[VAPIC_SPURIOUS] = "rwRW",
	[VAPIC_ISR... VAPIC_ISR + 7] = "rR",
	[VAPIC_TMR... VAPIC_TMR + 7] = "rR",
	[VAPIC_IRR... VAPIC_IRR + 7] = "rR",
	[VAPIC_ESR] = "rwRW",
	[VAPIC_LVT_CMCI] = "rwRW",
	[VAPIC_ICR] = "rwRW",
	[VAPIC_ICR_HIGH] = "rw",
	[VAPIC_LVT_TIMER... VAPIC_LVT_ERROR] = "rwRW",
	[VAPIC_INITIAL_COUNT] = "rwRW",
	[VAPIC_CURRENT_COUNT] = "rR",
	[VAPIC_DIVIDE] = "rwRW",
	[VAPIC_SELF_IPI] = "W",
};

static bool exists(u32 reg, char access)
{
	for (const char *c = accesses[reg] ? accesses[reg] : ""; *c; c++) {
		if (*c == access)
			return true;
	}
	return false;
}

TEST(vapic_every_register)
{
	for (u32 reg = 0; reg < 256; reg++) {
		for (u32 x2apic = 0; x2apic < 2; x2apic++) {
			u64 value = 1;
			bool ok;

			setup(1, x2apic);
			ok = exists(reg, x2apic ? 'R' : 'r');
			CHECK_EQ(ok, vapic_read(&apic, reg, x2apic, 0, &value));
			CHECK(ok || value == 0);
			ok = exists(reg, x2apic ? 'W' : 'w');
			CHECK_EQ(ok, write_in(x2apic, reg, 0));
		}
	}
}

TEST(vapic_x2apic_reserved_bits)
{
	static const struct {
		u8 reg;
		u32 legal;
	} rows[] = {
		{VAPIC_TPR, 0xff},
		{VAPIC_EOI, 0},
		{VAPIC_SPURIOUS, 0x3ff},
		{VAPIC_ESR, 0},
		{VAPIC_LVT_CMCI, 0x117ff},
		{VAPIC_LVT_TIMER, 0x310ff},
		{VAPIC_LVT_THERMAL, 0x117ff},
		{VAPIC_LVT_PERFORMANCE, 0x117ff},
		{VAPIC_LVT_LINT0, 0x1f7ff},
		{VAPIC_LVT_LINT1, 0x1f7ff},
		{VAPIC_LVT_ERROR, 0x117ff},
		{VAPIC_ICR, 0xcdfff},
		{VAPIC_INITIAL_COUNT, 0xffffffff},
		{VAPIC_DIVIDE, 0xb},
		{VAPIC_SELF_IPI, 0xff},
	};

	for (u32 i = 0; i < ARRAY_SIZE(rows); i++) {
		for (u32 bit = 0; bit < 64; bit++) {
			bool legal = bit < 32 && (rows[i].legal >> bit & 1);

			setup(1, true);
			legal |= rows[i].reg == VAPIC_ICR && bit >= 32;
			if (!CHECK_EQ(legal, write_in(true, rows[i].reg, BIT(bit))))
				CHECK_EQ(rows[i].reg, bit);
		}
	}
}

/* A refused write changes nothing. */
TEST(vapic_refused_write)
{
	setup(1, true);
	CHECK(write_in(true, VAPIC_TPR, 0x20));
	CHECK(!write_in(true, VAPIC_TPR, 0x130));
	CHECK_EQ(0x20, read_in(true, VAPIC_TPR));
	vapic_accept(&apic, 0x40);
	CHECK(!write_in(true, VAPIC_EOI, 1));
	CHECK_EQ(VAPIC_NO_EFFECT, effect.kind);
	CHECK_EQ(0x40, vapic_ppr(&apic));
	CHECK(!write_in(true, VAPIC_ICR, BIT(20) | 0x30));
	CHECK_EQ(VAPIC_NO_EFFECT, effect.kind);
	CHECK_EQ(0, read_in(true, VAPIC_ICR));
	CHECK(!write_in(true, VAPIC_LDR, 1));
	CHECK(!write_in(true, VAPIC_ID, 1));
}

TEST(vapic_xapic_drops_bits)
{
	setup(1, false);
	CHECK(write_in(false, VAPIC_TPR, 0xffffffff));
	CHECK_EQ(0xff, read_in(false, VAPIC_TPR));
	CHECK(write_in(false, VAPIC_LVT_LINT0, 0xffffffff));
	CHECK_EQ(0x1a7ff, read_in(false, VAPIC_LVT_LINT0));
	CHECK(write_in(false, VAPIC_LVT_TIMER, 0x400ff));
	CHECK_EQ(0xff, read_in(false, VAPIC_LVT_TIMER));
	CHECK(write_in(false, VAPIC_DIVIDE, 0xffffffff));
	CHECK_EQ(0xb, read_in(false, VAPIC_DIVIDE));
	CHECK(write_in(false, VAPIC_ID, 0x07000000));
	CHECK_EQ(0x01000000, read_in(false, VAPIC_ID));
	CHECK(write_in(false, VAPIC_EOI, 0x12345678));
	CHECK_EQ(0, errors(false));
}

TEST(vapic_xapic_illegal_register)
{
	u64 value;

	setup(1, false);
	CHECK(!vapic_read(&apic, 0x01, false, 0, &value));
	CHECK_EQ(0x80, errors(false));
	CHECK_EQ(0, errors(false));
	CHECK(!write_in(false, VAPIC_SELF_IPI, 0x40));
	CHECK_EQ(0x80, errors(false));
	CHECK(!write_in(false, 0x40, 0));
	CHECK_EQ(0x80, errors(false));
	CHECK(!write_in(false, VAPIC_VERSION, 0));
	CHECK_EQ(0, errors(false));
	setup(1, true);
	CHECK(!vapic_read(&apic, 0x01, true, 0, &value));
	CHECK_EQ(0, errors(true));
}

/* Errors stay hidden until a write, which also starts a new collection. */
TEST(vapic_esr_latch)
{
	setup(1, true);
	write_in(true, VAPIC_SELF_IPI, 3);
	CHECK_EQ(0, read_in(true, VAPIC_ESR));
	vapic_request(&apic, 3, false);
	CHECK_EQ(0x60, errors(true));
	CHECK_EQ(0x60, read_in(true, VAPIC_ESR));
	CHECK_EQ(0, errors(true));
}

TEST(vapic_error_interrupt)
{
	setup(1, true);
	CHECK(write_in(true, VAPIC_LVT_ERROR, 0xfe));
	vapic_request(&apic, 3, false);
	CHECK_EQ(0xfe, vapic_deliverable(&apic));
	setup(1, true);
	CHECK(write_in(true, VAPIC_LVT_ERROR, 0x100fe));
	vapic_request(&apic, 3, false);
	CHECK_EQ(-1, vapic_deliverable(&apic));
	CHECK(write_in(true, VAPIC_LVT_ERROR, 0x05));
	vapic_request(&apic, 3, false);
	CHECK_EQ(-1, vapic_deliverable(&apic));
	CHECK_EQ(0x40, errors(true));
}

TEST(vapic_bitmap_registers)
{
	setup(1, true);
	vapic_request(&apic, 0x10, true);
	vapic_request(&apic, 0xff, false);
	vapic_request(&apic, 0x85, true);
	vapic_accept(&apic, 0x85);
	CHECK_EQ(0x10000, read_in(true, VAPIC_IRR));
	CHECK_EQ(0x80000000, read_in(true, VAPIC_IRR + 7));
	CHECK_EQ(0, read_in(true, VAPIC_IRR + 4));
	CHECK_EQ(0x20, read_in(true, VAPIC_ISR + 4));
	CHECK_EQ(0x20, read_in(true, VAPIC_TMR + 4));
	CHECK_EQ(0x10000, read_in(true, VAPIC_TMR));
	CHECK_EQ(0, read_in(true, VAPIC_TMR + 7));
}

TEST(vapic_eoi_effect)
{
	setup(1, true);
	CHECK(write_in(true, VAPIC_EOI, 0));
	CHECK_EQ(VAPIC_NO_EFFECT, effect.kind);
	vapic_request(&apic, 0x85, true);
	vapic_accept(&apic, 0x85);
	CHECK(write_in(true, VAPIC_EOI, 0));
	CHECK_EQ(VAPIC_ENDED, effect.kind);
	CHECK_EQ(0x85, effect.vector);
	CHECK(effect.level);
	vapic_accept(&apic, 0x44);
	CHECK(write_in(true, VAPIC_EOI, 0));
	CHECK_EQ(0x44, effect.vector);
	CHECK(!effect.level);
}

TEST(vapic_icr_xapic)
{
	setup(1, false);
	CHECK(write_in(false, VAPIC_ICR_HIGH, 0x07ffffff));
	CHECK_EQ(VAPIC_NO_EFFECT, effect.kind);
	CHECK_EQ(0x07000000, read_in(false, VAPIC_ICR_HIGH));
	CHECK(write_in(false, VAPIC_ICR, 0x000c0841));
	CHECK_EQ(VAPIC_SEND_IPI, effect.kind);
	CHECK_EQ(0x41, effect.vector);
	CHECK_EQ(VAPIC_FIXED, effect.delivery);
	CHECK_EQ(VAPIC_TO_OTHERS, effect.shorthand);
	CHECK(effect.logical);
	CHECK(!effect.level);
	CHECK_EQ(7, effect.destination);
	CHECK_EQ(0x000c0841, read_in(false, VAPIC_ICR));
	CHECK_EQ(0x07000000, read_in(false, VAPIC_ICR_HIGH));
	CHECK(write_in(false, VAPIC_ICR_HIGH, 0xff000000));
	CHECK(write_in(false, VAPIC_ICR, 0x1041));
	CHECK_EQ(0xffffffff, effect.destination);
	CHECK_EQ(0x41, read_in(false, VAPIC_ICR));
}

TEST(vapic_icr_x2apic)
{
	setup(1, true);
	CHECK(write_in(true, VAPIC_ICR, 0x0001000200000841ull));
	CHECK_EQ(VAPIC_SEND_IPI, effect.kind);
	CHECK_EQ(0x00010002, effect.destination);
	CHECK(effect.logical);
	CHECK_EQ(VAPIC_TO_DEST, effect.shorthand);
	CHECK_EQ(0x0001000200000841ull, read_in(true, VAPIC_ICR));
	CHECK(write_in(true, VAPIC_ICR, 0x000000ff00000442ull));
	CHECK_EQ(0xff, effect.destination);
	CHECK_EQ(VAPIC_NMI, effect.delivery);
	CHECK(!effect.logical);
}

TEST(vapic_ipi_illegal_vector)
{
	setup(1, true);
	CHECK(write_in(true, VAPIC_ICR, 0x0f));
	CHECK_EQ(VAPIC_NO_EFFECT, effect.kind);
	CHECK_EQ(0x20, errors(true));
	CHECK(write_in(true, VAPIC_ICR, 0x100));
	CHECK_EQ(VAPIC_NO_EFFECT, effect.kind);
	CHECK_EQ(0x20, errors(true));
	CHECK(write_in(true, VAPIC_ICR, 0x10));
	CHECK_EQ(VAPIC_SEND_IPI, effect.kind);
	CHECK(write_in(true, VAPIC_ICR, 0x400));
	CHECK_EQ(VAPIC_SEND_IPI, effect.kind);
	CHECK(write_in(true, VAPIC_ICR, 0x608));
	CHECK_EQ(VAPIC_SEND_IPI, effect.kind);
	CHECK_EQ(VAPIC_STARTUP, effect.delivery);
	CHECK_EQ(8, effect.vector);
	CHECK_EQ(0, errors(true));
}

TEST(vapic_ipi_init)
{
	static const struct {
		u32 command;
		bool sent;
	} rows[] = {
		{0x0000c500, true},  /* level, assert: as Linux does */
		{0x00008500, false}, /* level, de-assert */
		{0x00004500, true},
		{0x00000500, true},
		{0x00000300, false}, /* remote read */
		{0x00000730, false}, /* ExtINT */
		{0x00000200, true},  /* SMI: the partition decides */
		{0x00000130, true},
	};

	for (u32 i = 0; i < ARRAY_SIZE(rows); i++) {
		setup(1, true);
		CHECK(write_in(true, VAPIC_ICR, rows[i].command));
		if (!CHECK_EQ(rows[i].sent, effect.kind == VAPIC_SEND_IPI))
			CHECK_EQ(rows[i].command, 0);
		CHECK(!rows[i].sent || effect.delivery == ((rows[i].command >> 8) & 7));
		CHECK_EQ(0, errors(true));
	}
}

TEST(vapic_self_ipi)
{
	setup(9, true);
	CHECK(write_in(true, VAPIC_SELF_IPI, 0x77));
	CHECK_EQ(VAPIC_SEND_IPI, effect.kind);
	CHECK_EQ(VAPIC_TO_SELF, effect.shorthand);
	CHECK_EQ(VAPIC_FIXED, effect.delivery);
	CHECK_EQ(0x77, effect.vector);
	CHECK(write_in(true, VAPIC_SELF_IPI, 0x0f));
	CHECK_EQ(VAPIC_NO_EFFECT, effect.kind);
	CHECK_EQ(0x20, errors(true));
}
