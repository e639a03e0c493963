/* SPDX-License-Identifier: BSD-2-Clause */
/* The virtual local APIC: priorities, requests and their races (AMD APM vol. 2 ch. 16).
 */
#include "core/interrupt/vapic.h"
#include "tests/host/test.h"

#include <pthread.h>

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

static int end(void)
{
	bool level;

	return vapic_end(&apic, &level);
}

TEST(vapic_reset_state)
{
	u64 value;

	vapic_reset(&apic, 5, true, false, TSC_HZ, TIMER_HZ);
	CHECK_EQ(0xfee00900, apic.base);
	CHECK_EQ(5u << 24, read(VAPIC_ID));
	CHECK_EQ(0x00060015, read(VAPIC_VERSION));
	CHECK_EQ(0xffffffff, read(VAPIC_DFR));
	CHECK_EQ(0xff, read(VAPIC_SPURIOUS));
	CHECK_EQ(0, read(VAPIC_LDR));
	for (u32 reg = VAPIC_LVT_TIMER; reg <= VAPIC_LVT_ERROR; reg++)
		CHECK_EQ(0x10000, read(reg));
	CHECK_EQ(0x10000, read(VAPIC_LVT_CMCI));
	CHECK_EQ(-1, vapic_highest_request(&apic));
	CHECK_EQ(~0ull, vapic_timer_deadline(&apic));
	vapic_reset(&apic, 0x123, false, true, TSC_HZ, TIMER_HZ);
	CHECK_EQ(0xfee00c00, apic.base);
	CHECK(vapic_read(&apic, VAPIC_ID, true, 0, &value));
	CHECK_EQ(0x123, value);
}

TEST(vapic_priority)
{
	setup(0, true);
	CHECK_EQ(-1, vapic_deliverable(&apic));
	CHECK(vapic_request(&apic, 0x31, false));
	CHECK_EQ(0x31, vapic_deliverable(&apic));
	CHECK(vapic_request(&apic, 0xe1, false));
	CHECK(vapic_request(&apic, 0xe0, false));
	CHECK(vapic_request(&apic, 0x10, false));
	CHECK(vapic_request(&apic, 0xff, false));
	CHECK_EQ(0xff, vapic_deliverable(&apic));
	vapic_accept(&apic, 0xff);
	CHECK_EQ(-1, vapic_deliverable(&apic));
	CHECK_EQ(0xe1, vapic_highest_request(&apic));
	CHECK_EQ(0xff, end());
	CHECK_EQ(0xe1, vapic_deliverable(&apic));
}

TEST(vapic_all_vectors_in_order)
{
	setup(0, true);
	for (u32 i = 16; i < 256; i++)
		CHECK(vapic_request(&apic, (u8)(16 + (i * 7) % 240), false));
	for (int vector = 255; vector >= 16; vector--) {
		CHECK_EQ(vector, vapic_deliverable(&apic));
		vapic_accept(&apic, (u8)vector);
		CHECK_EQ(vector, end());
	}
	CHECK_EQ(-1, vapic_highest_request(&apic));
	CHECK_EQ(0, apic.irr_words);
	CHECK_EQ(0, apic.isr_words);
}

TEST(vapic_same_class_waits)
{
	setup(0, true);
	vapic_request(&apic, 0x40, false);
	vapic_accept(&apic, 0x40);
	vapic_request(&apic, 0x4f, false);
	CHECK_EQ(-1, vapic_deliverable(&apic));
	vapic_request(&apic, 0x50, false);
	CHECK_EQ(0x50, vapic_deliverable(&apic));
}

TEST(vapic_ppr_rules)
{
	static const struct {
		u8 tpr, in_service, ppr;
	} rows[] = {
		{0x00, 0, 0x00},
		{0x3a, 0, 0x3a},
		{0x00, 0x53, 0x50},
		{0x4f, 0x53, 0x50},
		{0x50, 0x53, 0x50},
		{0x52, 0x53, 0x52},
		{0x57, 0x53, 0x57},
		{0x60, 0x53, 0x60},
		{0xff, 0xff, 0xff},
	};

	for (u32 i = 0; i < ARRAY_SIZE(rows); i++) {
		setup(0, true);
		write(VAPIC_TPR, rows[i].tpr);
		if (rows[i].in_service)
			vapic_accept(&apic, rows[i].in_service);
		CHECK_EQ(rows[i].ppr, vapic_ppr(&apic));
		CHECK_EQ(rows[i].ppr, read(VAPIC_PPR));
	}
}

TEST(vapic_tpr_blocks_class)
{
	setup(0, false);
	write(VAPIC_TPR, 0x50);
	vapic_request(&apic, 0x5f, false);
	CHECK_EQ(-1, vapic_deliverable(&apic));
	CHECK_EQ(0x5f, vapic_highest_request(&apic));
	write(VAPIC_TPR, 0x4f);
	CHECK_EQ(0x5f, vapic_deliverable(&apic));
	write(VAPIC_TPR, 0x15f);
	CHECK_EQ(0x5f, read(VAPIC_TPR));
	CHECK_EQ(-1, vapic_deliverable(&apic));
}

TEST(vapic_nested)
{
	setup(0, true);
	vapic_request(&apic, 0x31, false);
	vapic_accept(&apic, 0x31);
	vapic_request(&apic, 0x52, false);
	CHECK_EQ(0x52, vapic_deliverable(&apic));
	vapic_accept(&apic, 0x52);
	vapic_request(&apic, 0x33, false);
	vapic_request(&apic, 0xa1, false);
	CHECK_EQ(0xa1, vapic_deliverable(&apic));
	vapic_accept(&apic, 0xa1);
	CHECK_EQ(0xa1, end());
	CHECK_EQ(0x52, end());
	CHECK_EQ(-1, vapic_deliverable(&apic));
	CHECK_EQ(0x31, end());
	CHECK_EQ(0x33, vapic_deliverable(&apic));
	CHECK_EQ(-1, end());
}

/* Two in-service vectors of one word: ending one must not hide the other. */
TEST(vapic_in_service_words)
{
	setup(0, true);
	vapic_accept(&apic, 0x41);
	vapic_accept(&apic, 0x51);
	CHECK_EQ(0x51, end());
	CHECK_EQ(0x40, vapic_ppr(&apic));
	CHECK_EQ(0x41, end());
	CHECK_EQ(0, vapic_ppr(&apic));
}

TEST(vapic_request_again)
{
	setup(0, true);
	CHECK(vapic_request(&apic, 0x80, false));
	CHECK(!vapic_request(&apic, 0x80, false));
	vapic_accept(&apic, 0x80);
	CHECK(vapic_request(&apic, 0x80, false));
	CHECK_EQ(1, read(VAPIC_ISR + 4));
	CHECK_EQ(1, read(VAPIC_IRR + 4));
	CHECK_EQ(0x80, end());
	CHECK_EQ(0x80, vapic_deliverable(&apic));
}

TEST(vapic_software_disable)
{
	setup(0, true);
	vapic_request(&apic, 0x80, false);
	write(VAPIC_LVT_LINT0, 0x700);
	write(VAPIC_SPURIOUS, 0xff);
	CHECK_EQ(-1, vapic_deliverable(&apic));
	CHECK_EQ(0x80, vapic_highest_request(&apic));
	CHECK(!vapic_request(&apic, 0x90, false));
	CHECK_EQ(0x10700, read(VAPIC_LVT_LINT0));
	write(VAPIC_LVT_LINT0, 0x700);
	CHECK_EQ(0x10700, read(VAPIC_LVT_LINT0));
	write(VAPIC_SPURIOUS, 0x1ff);
	CHECK_EQ(0x80, vapic_deliverable(&apic));
	CHECK_EQ(0x10700, read(VAPIC_LVT_LINT0));
	write(VAPIC_LVT_LINT0, 0x700);
	CHECK_EQ(0x700, read(VAPIC_LVT_LINT0));
}

TEST(vapic_level)
{
	bool level = false;

	setup(0, true);
	vapic_request(&apic, 0x61, true);
	CHECK_EQ(2, read(VAPIC_TMR + 3));
	vapic_accept(&apic, 0x61);
	CHECK_EQ(0x61, vapic_end(&apic, &level));
	CHECK(level);
	vapic_request(&apic, 0x61, false);
	CHECK_EQ(0, read(VAPIC_TMR + 3));
	vapic_accept(&apic, 0x61);
	CHECK_EQ(0x61, vapic_end(&apic, &level));
	CHECK(!level);
	level = true;
	CHECK_EQ(-1, vapic_end(&apic, &level));
	CHECK(!level);
}

TEST(vapic_level_neighbours)
{
	setup(0, true);
	vapic_request(&apic, 0x60, true);
	vapic_request(&apic, 0x61, true);
	vapic_request(&apic, 0x62, false);
	CHECK_EQ(3, read(VAPIC_TMR + 3));
	vapic_request(&apic, 0x60, false);
	CHECK_EQ(2, read(VAPIC_TMR + 3));
}

/* A guest that sees TMR 0 ends the interrupt at the I/O APIC; the parent is told anyway. */
TEST(vapic_hidden_tmr)
{
	struct vapic_effect effect;

	setup(0, false);
	apic.hide_tmr = true;
	vapic_request(&apic, 0x61, true);
	CHECK_EQ(0, read(VAPIC_TMR + 3));
	vapic_accept(&apic, 0x61);
	CHECK(vapic_write(&apic, VAPIC_EOI, false, 0, 0, &effect));
	CHECK_EQ(VAPIC_ENDED, effect.kind);
	CHECK_EQ(0x61, effect.vector);
	CHECK(effect.level);
	vapic_init(&apic);
	CHECK(apic.hide_tmr);
}

TEST(vapic_illegal_request)
{
	setup(0, true);
	CHECK(!vapic_request(&apic, 15, false));
	CHECK(!vapic_request(&apic, 0, true));
	CHECK_EQ(-1, vapic_highest_request(&apic));
	CHECK_EQ(0, read(VAPIC_ESR));
	write(VAPIC_ESR, 0);
	CHECK_EQ(0x40, read(VAPIC_ESR));
	CHECK(vapic_request(&apic, 16, false));
	CHECK_EQ(16, vapic_deliverable(&apic));
}

/* Another LP has done the first half of vapic_request() when the owner empties the word. */
TEST(vapic_request_interrupted)
{
	setup(0, true);
	vapic_request(&apic, 0x45, false);
	apic.irr[2] |= 1u << 6;
	vapic_accept(&apic, 0x45);
	CHECK_EQ(0x46, vapic_highest_request(&apic));
	apic.irr_words = 0;
	vapic_request(&apic, 0x47, false);
	CHECK_EQ(0x47, vapic_highest_request(&apic));
}

TEST(vapic_stale_summary)
{
	setup(0, true);
	apic.irr_words = 0xff;
	CHECK_EQ(-1, vapic_highest_request(&apic));
	vapic_request(&apic, 0x20, false);
	CHECK_EQ(0x20, vapic_deliverable(&apic));
}

#define RACE_ROUNDS   300000
#define RACE_PATIENCE 20000000

static u64 race_made[2];
static u32 race_started;

/* Makes sure that the threads really run at the same time. */
static void start_together(u32 parties)
{
	atomic_add(&race_started, 1);
	for (u32 turn = 0; atomic_load(&race_started) < parties; turn++)
		test_relax(turn);
}

static void *race_requester(void *argument)
{
	u64 *made = argument;
	u32 seed = (u32)(made - race_made) * 77 + 1;
	u64 count = 0;

	start_together(3);
	for (u32 i = 0; i < RACE_ROUNDS; i++) {
		seed = seed * 1103515245 + 12345;
		count += vapic_request(&apic, (u8)(0x40 + (seed >> 16) % 48), seed & 0x100);
	}
	*made = count;
	return NULL;
}

/* Accepts and ends what can be delivered; false if there was nothing. */
static bool serve(void)
{
	int vector = vapic_deliverable(&apic);

	if (vector < 0)
		return false;
	vapic_accept(&apic, (u8)vector);
	end();
	return true;
}

/* Each request that returned true is accepted exactly once, whatever the interleaving. */
TEST(vapic_request_race)
{
	pthread_t threads[2];
	u64 accepted = 0;

	setup(0, true);
	race_started = 0;
	for (u32 i = 0; i < 2; i++)
		REQUIRE(pthread_create(&threads[i], NULL, race_requester, &race_made[i]) == 0);
	start_together(3);
	for (u32 i = 0; i < RACE_ROUNDS; i++)
		accepted += serve();
	for (u32 i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	while (serve())
		accepted++;
	CHECK_EQ(race_made[0] + race_made[1], accepted);
	CHECK_EQ(0, apic.irr[2] | apic.irr[3]);
	CHECK_EQ(0, apic.irr_words);
}

/* Requests anew the moment that the owner has taken the last request out of IRR. */
static void *eager_requester(void *argument)
{
	start_together(2);
	for (u32 i = 0; i < RACE_ROUNDS; i++) {
		vapic_request(&apic, 0x41, false);
		for (u32 turn = 0; atomic_load(&apic.irr[2]) && !atomic_load((u32 *)argument);)
			test_relax(turn++);
	}
	return NULL;
}

/* The request hits the owner between emptying the word and clearing its summary bit. */
TEST(vapic_request_race_eager)
{
	pthread_t thread;
	u32 accepted = 0, give_up = 0;

	setup(0, true);
	race_started = 0;
	REQUIRE(pthread_create(&thread, NULL, eager_requester, &give_up) == 0);
	start_together(2);
	for (u32 idle = 0; accepted < RACE_ROUNDS && idle < RACE_PATIENCE; idle++) {
		if (serve()) {
			accepted++;
			idle = 0;
		}
		test_relax(idle);
	}
	atomic_store(&give_up, 1u);
	pthread_join(thread, NULL);
	CHECK_EQ(RACE_ROUNDS, accepted);
}
