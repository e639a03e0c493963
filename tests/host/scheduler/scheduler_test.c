/* SPDX-License-Identifier: BSD-2-Clause */
/* The scheduler: stories of few entities, and invariants over random ones. */
#include "core/scheduler/scheduler.h"

#include "tests/host/test.h"
#include "tests/sim/consistency.h"

#include <stdio.h>
#include <string.h>

#define SLICE 100

static struct sched sched;
static struct sched_entity roots[8], children[16];

static void setup(u32 lps)
{
	sched_init(&sched, lps, SLICE);
	for (u32 i = 0; i < ARRAY_SIZE(roots); i++)
		sched_entity_init(&roots[i], i);
	for (u32 i = 0; i < ARRAY_SIZE(children); i++)
		sched_entity_init(&children[i], SCHED_NO_LP);
}

static struct sched_entity *pick(u32 lp, u64 now)
{
	CHECK(sched_must_pick(&sched, lp, now));
	return sched_pick(&sched, lp, now);
}

TEST(sched_starts_idle)
{
	setup(2);
	CHECK(pick(0, 0) == NULL);
	CHECK_EQ(~0ull, sched_slice_end(&sched, 0));
	CHECK_EQ(SCHED_BLOCKED, children[0].state);
}

TEST(sched_one_child)
{
	setup(2);
	CHECK_EQ(0, sched_wake(&sched, &children[0], 5));
	CHECK_EQ(SCHED_READY, children[0].state);
	CHECK_EQ(5, children[0].ready_since);
	CHECK_EQ(SCHED_NO_LP, sched_wake(&sched, &children[0], 6));
	CHECK_EQ(5, children[0].ready_since);
	CHECK(pick(0, 7) == &children[0]);
	CHECK_EQ(SCHED_RUNNING, children[0].state);
	CHECK_EQ(SCHED_NO_LP, sched_wake(&sched, &children[0], 8));
	/* Nobody waits: it may run for ever. */
	CHECK_EQ(~0ull, sched_slice_end(&sched, 0));
	CHECK(!sched_must_pick(&sched, 0, 1ull << 60));
	sched_block(&sched, &children[0], 8);
	CHECK_EQ(SCHED_BLOCKED, children[0].state);
	CHECK(pick(0, 9) == NULL);
}

/* Children take turns in the order in which they came. */
TEST(sched_round_robin)
{
	u64 now = 0;

	setup(1);
	for (u32 i = 0; i < 4; i++)
		sched_wake(&sched, &children[i], now);
	for (u32 turn = 0; turn < 40; turn++) {
		/* Who was just woken asks for a quarter of a slice. */
		u64 length = turn < 4 ? SLICE / 4 : SLICE;

		CHECK(pick(0, now) == &children[turn % 4]);
		CHECK_EQ(now + length, sched_slice_end(&sched, 0));
		CHECK(!sched_must_pick(&sched, 0, now + length - 1));
		now += length;
	}
}

TEST(sched_block_in_every_state)
{
	u32 seen = 0;

	setup(1);
	for (u32 i = 0; i < 4; i++)
		sched_wake(&sched, &children[i], 0);
	CHECK(pick(0, 0) == &children[0]);
	/* Waiting in the middle, at the end and at the head of the queue; running; blocked. */
	sched_block(&sched, &children[2], 5);
	CHECK_EQ(2, sched.ready_count);
	sched_block(&sched, &children[3], 5);
	sched_wake(&sched, &children[3], 1);
	sched_block(&sched, &children[1], 5);
	CHECK_EQ(1, sched.ready_count);
	sched_block(&sched, &children[0], 5);
	sched_block(&sched, &children[0], 5);
	CHECK(pick(0, 2) == &children[3]);
	CHECK_EQ(0, sched.ready_count);
	sched_block(&sched, &children[3], 5);
	CHECK(pick(0, 3) == NULL);
	for (u32 i = 0; i < 4; i++)
		sched_wake(&sched, &children[i], 4);
	/* They have not all had the same before, so the order is not that of waking. */
	for (u32 i = 0; i < 4; i++) {
		struct sched_entity *next = pick(0, 5);

		REQUIRE(next);
		seen |= 1u << (next - children);
		sched_block(&sched, next, 5);
	}
	CHECK_EQ(15, seen);
}

/* A root VP that is woken goes at once; the child waits behind its equals. */
TEST(sched_root_preempts)
{
	u64 now = 6 * SLICE;
	u32 turns = 0;

	setup(1);
	sched_wake(&sched, &children[0], 0);
	sched_wake(&sched, &children[1], 0);
	CHECK(pick(0, 0) == &children[0]);
	CHECK(!sched_must_pick(&sched, 0, 10));
	CHECK_EQ(0, sched_wake(&sched, &roots[0], 10));
	CHECK(pick(0, 10) == &roots[0]);
	CHECK_EQ(SCHED_READY, children[0].state);
	CHECK_EQ(10, children[0].ready_since);
	/* It goes first as long as its LP's budget for that lasts; then all share by weight. */
	CHECK_EQ(10 + SLICE / 4, sched_slice_end(&sched, 0));
	CHECK(pick(0, 10 + SLICE / 4) == &children[1]);
	CHECK(pick(0, 10 + SLICE / 2) == &children[0]);
	/* What it had before it had to leave counts: the rest of what it asked for. */
	CHECK_EQ(SLICE * 3 / 4, sched_slice_end(&sched, 0));
	/* All have had the same; then each has its turn. */
	for (u64 turn = 3; turn < 6; turn++) {
		struct sched_entity *next = pick(0, (turn - 2) * SLICE);

		turns |= next == &roots[0] ? 1u : next == &children[0] ? 2u : 4u;
	}
	CHECK_EQ(7, turns);
	/* The same again, and the root VP is not the last. */
	while (pick(0, now) == &roots[0])
		now += SLICE;
	now += 20;
	/* An interrupt for a root VP that waits for its turn brings its turn. */
	CHECK_EQ(0, sched_wake(&sched, &roots[0], now));
	CHECK(pick(0, now) == &roots[0]);
	sched_block(&sched, &roots[0], now + 1);
	CHECK(pick(0, now + 1) != NULL);
	CHECK(sched.lps[0].running != &roots[0]);
}

TEST(sched_root_stays_at_home)
{
	setup(4);
	CHECK_EQ(2, sched_wake(&sched, &roots[2], 0));
	CHECK(pick(0, 0) == NULL);
	CHECK(pick(1, 0) == NULL);
	CHECK(pick(2, 0) == &roots[2]);
	CHECK(pick(3, 0) == NULL);
	sched_block(&sched, &roots[2], 1);
	CHECK_EQ(2, sched_wake(&sched, &roots[2], 1));
	/* Blocked again before its LP came to look. */
	sched_block(&sched, &roots[2], 1);
	CHECK(pick(2, 1) == NULL);
}

/* A woken child goes where it was if nobody is there, else to an LP that idles, else it waits. */
TEST(sched_wake_placement)
{
	u32 lp;

	setup(3);
	children[0].lp = 2;
	CHECK_EQ(2, sched_wake(&sched, &children[0], 0));
	CHECK(pick(2, 0) == &children[0]);
	children[1].lp = 2;
	CHECK_EQ(0, sched_wake(&sched, &children[1], 0));
	CHECK(pick(0, 0) == &children[1]);
	CHECK_EQ(1, sched_wake(&sched, &roots[1], 0));
	CHECK(pick(1, 0) == &roots[1]);
	/* All busy, none of them with an end in sight: one has to leave for it, or gets an end. */
	CHECK_EQ(~0ull, sched_slice_end(&sched, 0));
	lp = sched_wake(&sched, &children[2], 50);
	REQUIRE(lp != SCHED_NO_LP);
	CHECK(sched_must_pick(&sched, lp, 50));
	CHECK(pick(lp, 50) == &children[2]);
	/* One that comes now has to wait, and that has an end on every LP that may run it. */
	for (u32 i = 0; i < 3; i++)
		sched_claim(&sched, 60);
	for (u32 i = 0; i < 3; i++)
		CHECK(sched_slice_end(&sched, i) <= 60 + SLICE);
}

/* Two that are woken before either LP has looked are not sent to the same one. */
TEST(sched_wakes_spread)
{
	u32 first, second;

	setup(4);
	first = sched_wake(&sched, &children[0], 0);
	second = sched_wake(&sched, &children[1], 0);
	CHECK(first != SCHED_NO_LP && second != SCHED_NO_LP);
	CHECK(first != second);
}

TEST(sched_give_way)
{
	setup(1);
	sched_wake(&sched, &children[0], 0);
	CHECK(pick(0, 0) == &children[0]);
	/* Alone: there is nobody to give way to. */
	sched_give_way(&sched, 0, 10);
	CHECK(!sched_must_pick(&sched, 0, 10));
	sched_wake(&sched, &children[1], 20);
	sched_give_way(&sched, 0, 30);
	CHECK(pick(0, 30) == &children[1]);
	sched_give_way(&sched, 0, 40);
	CHECK(pick(0, 40) == &children[0]);
}

/* ---- Simulation ---- */

/* Busy children on some LPs whose root VPs sleep: in the end everybody has had the same. */
static void equal_shares(u32 lps, u32 busy, u32 steps)
{
	u64 slices[16] = {0};
	u64 least = ~0ull, most = 0, total = 0;
	u64 now = 0;

	setup(lps);
	for (u32 i = 0; i < busy; i++)
		sched_wake(&sched, &children[i], now);
	for (u32 lp = 0; lp < lps; lp++)
		sched_pick(&sched, lp, now);
	for (u32 step = 0; step < steps; step++) {
		now += SLICE;
		for (u32 lp = 0; lp < lps; lp++) {
			if (sched.lps[lp].running)
				slices[sched.lps[lp].running - children]++;
			if (sched_must_pick(&sched, lp, now))
				sched_pick(&sched, lp, now);
		}
	}
	for (u32 i = 0; i < busy; i++) {
		least = MIN(least, slices[i]);
		most = MAX(most, slices[i]);
		total += slices[i];
	}
	CHECK(most - least <= 1);
	CHECK_EQ((u64)steps * MIN(lps, busy), total);
}

TEST(sched_fairness)
{
	equal_shares(1, 2, 100000);
	equal_shares(1, 7, 100000);
	equal_shares(2, 3, 100000);
	equal_shares(4, 16, 20000);
	equal_shares(3, 5, 20000);
	equal_shares(4, 4, 1000);
}

static bool all_consistent(void)
{
	struct sched_entity *all[ARRAY_SIZE(roots) + ARRAY_SIZE(children)];
	const char *wrong;
	u32 count = 0;

	for (u32 i = 0; i < ARRAY_SIZE(roots); i++)
		all[count++] = &roots[i];
	for (u32 i = 0; i < ARRAY_SIZE(children); i++)
		all[count++] = &children[i];
	wrong = sched_inconsistency(&sched, all, count);
	return CHECK(!wrong) || (fprintf(stderr, "%s\n", wrong), false);
}

/*
 * Random wakes and blocks; LPs look when they are told to or when their slice ends, as in
 * core/lp.c. Then no LP idles while a child waits, and nobody waits longer than the queue.
 */
static bool told[4];

static void tell(u32 lp)
{
	if (lp != SCHED_NO_LP)
		told[lp] = true;
}

static void look(u64 now)
{
	for (u32 lp = 0; lp < sched.lp_count; lp++) {
		if (!told[lp] && now < sched_slice_end(&sched, lp))
			continue;
		told[lp] = false;
		if (sched_must_pick(&sched, lp, now))
			sched_pick(&sched, lp, now);
		tell(sched_claim(&sched, now));
	}
}

static void block(struct sched_entity *entity, u64 now)
{
	/* block_current() goes on with the next. */
	if (entity->state == SCHED_RUNNING)
		told[entity->lp] = true;
	sched_block(&sched, entity, now);
}

TEST(sched_random)
{
	u64 now = 1;

	setup(4);
	for (u32 step = 0; step < 100000; step++) {
		bool root = test_random() % 4 == 0;
		struct sched_entity *entity =
			root ? &roots[test_random() % 4] : &children[test_random() % 8];

		if (test_random() % 2)
			tell(sched_wake(&sched, entity, now));
		else
			block(entity, now);
		now += test_random() % SLICE;
		if (test_random() % 3)
			look(now);
		if (step % 16 == 0 && !all_consistent())
			return;
		for (u32 i = 0; i < 8; i++)
			if (children[i].state == SCHED_READY &&
				!CHECK(now - children[i].ready_since < 100 * SLICE))
				return;
	}
}

/* An LP that idles has been told, or nobody waits: nothing is left lying. */
TEST(sched_conserves_work)
{
	u64 now = 1;

	setup(4);
	for (u32 step = 0; step < 20000; step++) {
		struct sched_entity *entity = test_random() % 3 ? &children[test_random() % 8]
								: &roots[test_random() % 4];
		u32 idle = 0, waiting = 0;

		if (test_random() % 2)
			tell(sched_wake(&sched, entity, now));
		else
			block(entity, now);
		now += 1;
		if (test_random() % 2)
			look(now);
		for (u32 lp = 0; lp < 4; lp++)
			idle += !sched.lps[lp].running && !told[lp];
		waiting = sched.ready_count;
		for (u32 lp = 0; lp < 4; lp++)
			waiting -= MIN(waiting, (u32)(!sched.lps[lp].running && told[lp]));
		if (!CHECK(!idle || !waiting))
			return;
	}
}

/* Busy children that come one by one, as they do: all LPs have to share them in the end. */
static void late_shares(u32 lps, u32 busy)
{
	u64 time[16] = {0};
	u64 now = 0;
	u64 least = ~0ull, most = 0;

	setup(lps);
	for (u32 step = 0; step < 20000; step++) {
		if (step % 7 == 0 && step / 7 < busy)
			tell(sched_wake(&sched, &children[step / 7], now));
		look(now);
		now += SLICE / 4;
		for (u32 lp = 0; lp < lps; lp++)
			if (step >= 1000 && sched.lps[lp].running)
				time[sched.lps[lp].running - children]++;
	}
	for (u32 i = 0; i < busy; i++) {
		least = MIN(least, time[i]);
		most = MAX(most, time[i]);
	}
	CHECK(most - least <= 8); /* two slices */
}

TEST(sched_fairness_of_late)
{
	late_shares(1, 3);
	late_shares(2, 3);
	late_shares(3, 4);
	late_shares(4, 7);
	late_shares(4, 16);
}

/* The short way for who wakes alone: nothing of it is left when others come, or it goes. */
TEST(sched_alone_until_others_come)
{
	struct sched_params half = {100, 0, SCHED_WHOLE_LP / 2};

	setup(1);
	CHECK_EQ(0, sched_wake(&sched, &children[0], 0));
	CHECK(sched.lps[0].alone == &children[0]);
	CHECK_EQ(0, sched.ready_count);
	/* In its turn, before one that came later. */
	sched_wake(&sched, &children[1], 1);
	CHECK(sched.lps[0].alone == NULL);
	CHECK_EQ(2, sched.ready_count);
	CHECK(pick(0, 2) == &children[0]);
	CHECK(sched_slice_end(&sched, 0) <= 2 + SLICE);
	sched_block(&sched, &children[0], 3);
	sched_block(&sched, &children[1], 3);
	CHECK(pick(0, 3) == NULL);
	/* It goes before its LP has looked. */
	CHECK_EQ(0, sched_wake(&sched, &children[1], 4));
	sched_block(&sched, &children[1], 9);
	CHECK_EQ(2 + 5, children[1].stats.contended);
	CHECK(pick(0, 9) == NULL);
	/* A setting that the short way does not know makes it wait like all. */
	CHECK_EQ(0, sched_wake(&sched, &children[2], 10));
	CHECK_EQ(SCHED_OK, sched_set_params(&sched, &children[2], &half, 10));
	CHECK(sched.lps[0].alone == NULL);
	CHECK(pick(0, 10) == &children[2]);
	CHECK(children[2].cap_end > 10);
}
