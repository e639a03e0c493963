/* SPDX-License-Identifier: BSD-2-Clause */
/* Shares, reserves, caps, groups: who gets how much. */
#include "core/scheduler/scheduler.h"

#include "tests/host/scheduler/stage.h"

#include <string.h>

TEST(sched_weights)
{
	/* The example of the definition: 100, 200, 700 on one LP have 10, 20, 70 %. */
	setup(1);
	CHECK_EQ(SCHED_OK, set(1, 200, 0, SCHED_WHOLE_LP));
	CHECK_EQ(SCHED_OK, set(2, 700, 0, SCHED_WHOLE_LP));
	for (u32 i = 0; i < 3; i++)
		wake(i);
	run(SECOND);
	check_near(100000, had(0), SLICE);
	check_near(200000, had(1), SLICE);
	check_near(700000, had(2), SLICE);
	/* Changed while they run: equal from now on. */
	for (u32 i = 0; i < 3; i++)
		CHECK_EQ(SCHED_OK, set(i, 100, 0, SCHED_WHOLE_LP));
	run(2 * SECOND);
	check_near(100000 + 333333, had(0), 2 * SLICE);
	check_near(700000 + 333333, had(2), 2 * SLICE);
}

TEST(sched_weights_extreme)
{
	/* Ten of the least weight do not get in the way of one of the greatest. */
	setup(1);
	for (u32 i = 0; i < 10; i++)
		set(i, 1, 0, SCHED_WHOLE_LP);
	set(10, SCHED_WEIGHT_MAX, 0, SCHED_WHOLE_LP);
	for (u32 i = 0; i < 11; i++)
		wake(i);
	run(SECOND);
	check_near(SECOND, had(10), 2 * SLICE);
	/* One that would have more than an LP gets one; the others share the rest. */
	setup(2);
	set(0, 10000, 0, SCHED_WHOLE_LP);
	for (u32 i = 0; i < 4; i++)
		wake(i);
	run(SECOND);
	check_near(SECOND, had(0), SLICE);
	for (u32 i = 1; i < 4; i++)
		check_near(SECOND / 3, had(i), 2 * SLICE);
}

TEST(sched_weights_over_lps)
{
	/* Three on two LPs have two thirds each, and five on four. */
	setup(2);
	for (u32 i = 0; i < 3; i++)
		wake(i);
	run(SECOND);
	for (u32 i = 0; i < 3; i++)
		check_near(2 * SECOND / 3, had(i), 2 * SLICE);
	setup(4);
	set(0, 200, 0, SCHED_WHOLE_LP);
	for (u32 i = 0; i < 9; i++)
		wake(i);
	run(SECOND);
	check_near(800000, had(0), 2 * SLICE);
	for (u32 i = 1; i < 9; i++)
		check_near(400000, had(i), 2 * SLICE);
}

TEST(sched_reserve)
{
	/* What is reserved comes off the top, the rest is shared by weight. */
	setup(2);
	CHECK_EQ(SCHED_OK, set(0, 100, 0x8000, SCHED_WHOLE_LP));
	for (u32 i = 0; i < 6; i++)
		wake(i);
	run(SECOND);
	check_near(500000 + 250000, had(0), 2 * SLICE);
	for (u32 i = 1; i < 6; i++)
		check_near(250000, had(i), 2 * SLICE);
	/* Any weight of others leaves the reserve alone. */
	for (u32 i = 1; i < 6; i++)
		set(i, 10000, 0, SCHED_WHOLE_LP);
	run(2 * SECOND);
	CHECK(had(0) >= 1250000 - 2 * SLICE);
}

TEST(sched_reserve_full)
{
	/* All of two LPs is reserved, in three equal parts: everybody has what was promised. */
	setup(2);
	for (u32 i = 0; i < 3; i++)
		CHECK_EQ(SCHED_OK, set(i, 100, 0xaaaa, SCHED_WHOLE_LP));
	CHECK_EQ(SCHED_NO_CAPACITY, set(3, 100, 0x100, SCHED_WHOLE_LP));
	for (u32 i = 0; i < 5; i++)
		wake(i);
	run(SECOND);
	for (u32 i = 0; i < 3; i++)
		CHECK(had(i) + 2 * SLICE >= 2 * SECOND / 3);
	/* Who wakes up with a reserve goes before all who have none. */
	setup(1);
	set(0, 100, 0x2000, SCHED_WHOLE_LP);
	wake(1);
	run(SLICE / 2);
	wake(0);
	look();
	CHECK_EQ(SCHED_RUNNING, entities[0].state);
}

TEST(sched_admission)
{
	setup(1);
	CHECK_EQ(SCHED_BAD_VALUE, set(0, 0, 0, SCHED_WHOLE_LP));
	CHECK_EQ(SCHED_BAD_VALUE, set(0, SCHED_WEIGHT_MAX + 1, 0, SCHED_WHOLE_LP));
	CHECK_EQ(SCHED_BAD_VALUE, set(0, 100, 0, SCHED_WHOLE_LP + 1));
	CHECK_EQ(SCHED_BAD_VALUE, set(0, 100, SCHED_WHOLE_LP + 1, SCHED_WHOLE_LP));
	CHECK_EQ(SCHED_ABOVE_CAP, set(0, 100, 0x4001, 0x4000));
	CHECK_EQ(SCHED_OK, set(0, 100, 0x4000, 0x4000));
	CHECK_EQ(SCHED_OK, set(1, 100, 0xc000, SCHED_WHOLE_LP));
	CHECK_EQ(SCHED_NO_CAPACITY, set(2, 100, 1, SCHED_WHOLE_LP));
	CHECK(!sched_reserve_fits(&sched, 0, 1));
	CHECK(sched_reserve_fits(&sched, 0x4000, 0x4000));
	/* Given back by who leaves, or asks for less. */
	CHECK_EQ(SCHED_OK, set(1, 100, 0x8000, SCHED_WHOLE_LP));
	CHECK_EQ(SCHED_OK, set(2, 100, 0x4000, SCHED_WHOLE_LP));
	sched_entity_leave(&sched, &entities[0]);
	CHECK_EQ(SCHED_OK, set(3, 100, 0x4000, SCHED_WHOLE_LP));
	CHECK_EQ(SCHED_NO_CAPACITY, set(4, 100, 1, SCHED_WHOLE_LP));
}

/* Time used in each tenth of a slice, so that every window can be looked at. */
static u64 samples[20 * SECOND / SLICE];

static void sample(u32 from, u32 to, u32 count)
{
	u64 before = 0;

	for (u32 j = from; j < to; j++)
		before += had(j);
	for (u32 i = 0; i < count; i++) {
		u64 sum = 0;

		run(now + SLICE / 10);
		for (u32 j = from; j < to; j++)
			sum += had(j);
		samples[i] = sum - before;
		before = sum;
	}
}

static u64 worst_window(u32 count, u32 length)
{
	u64 worst = 0;

	for (u32 i = 0; i + length <= count; i++) {
		u64 sum = 0;

		for (u32 j = 0; j < length; j++)
			sum += samples[i + j];
		worst = MAX(worst, sum);
	}
	return worst;
}

TEST(sched_cap)
{
	/* Alone on the LP, and no window of 100 ms has more than 30 % and a slice. */
	setup(1);
	CHECK_EQ(SCHED_OK, set(0, 100, 0, SCHED_WHOLE_LP * 3 / 10));
	wake(0);
	sample(0, 1, 2000);
	check_near(300000, had(0), SLICE);
	CHECK(worst_window(2000, 200) <= 30000 + SLICE);
	CHECK_EQ(0, entities[0].stats.contended);
	check_near(700000, entities[0].stats.capped, 2 * SLICE);
	/* Who slept long has no more than that either. */
	block(0);
	run(2 * SECOND);
	wake(0);
	sample(0, 1, 400);
	CHECK(worst_window(400, 200) <= 30000 + SLICE);
	/* Lifted while it waits. */
	set(0, 100, 0, SCHED_WHOLE_LP);
	run(3 * SECOND);
	CHECK(had(0) >= 800000);
	/* A cap on an entity that runs on for ever. */
	set(0, 100, 0, SCHED_WHOLE_LP / 10);
	look();
	sample(0, 1, 2000);
	CHECK(worst_window(2000, 200) <= 10000 + SLICE);
	/* Nothing at all. */
	set(0, 100, 0, 0);
	run(now + SECOND);
	samples[0] = had(0);
	run(now + SECOND);
	CHECK_EQ(samples[0], had(0));
	CHECK_EQ(SCHED_CAPPED, entities[0].state);
}

TEST(sched_cap_contended)
{
	/* A cap of what would be its share anyway costs nothing; what it leaves goes to others. */
	setup(1);
	set(0, 100, 0, SCHED_WHOLE_LP / 2);
	set(1, 100, 0, SCHED_WHOLE_LP);
	wake(0);
	wake(1);
	run(SECOND);
	check_near(500000, had(0), 20000);
	set(0, 100, 0, SCHED_WHOLE_LP / 5);
	samples[0] = had(0);
	run(2 * SECOND);
	check_near(200000, had(0) - samples[0], 2 * SLICE);
	check_near(2 * SECOND, had(0) + had(1), 2);
}

TEST(sched_group)
{
	static struct sched_group group;

	memset(&group, 0, sizeof(group));
	setup(4);
	sched_set_group_cap(&sched, &group, SCHED_WHOLE_LP * 3 / 2, now);
	for (u32 i = 0; i < 6; i++) {
		sched_set_group(&sched, &entities[i], &group, now);
		wake(i);
	}
	set(0, 300, 0, SCHED_WHOLE_LP);
	sample(0, 6, 2000);
	CHECK(worst_window(2000, 200) <= 150000 + SLICE);
	/* Work for LPs that would idle, up to the cap, in proportion within the group. */
	check_near(1500000, had(0) + had(1) + had(2) + had(3) + had(4) + had(5), 2 * SLICE);
	check_near(1500000 * 3 / 8, had(0), 3 * SLICE);
	check_near(1500000 / 8, had(5), 3 * SLICE);
	CHECK_EQ(6, group.members);
	/* Others are not held back. */
	for (u32 i = 6; i < 12; i++)
		wake(i);
	run(2 * SECOND);
	check_near(2 * 4 * SECOND - (4 * SECOND - 1500000),
		had(0) + had(1) + had(2) + had(3) + had(4) + had(5) + had(6) + had(7) + had(8) +
			had(9) + had(10) + had(11),
		4 * SLICE);
	/* No cap any more. */
	for (u32 i = 6; i < 12; i++)
		block(i);
	sched_set_group_cap(&sched, &group, SCHED_UNLIMITED, now);
	tell(group.timer_lp);
	samples[0] = had(1);
	run(3 * SECOND);
	check_near(SECOND * 3 / 5, had(1) - samples[0], 30000);
	for (u32 i = 0; i < 6; i++)
		sched_set_group(&sched, &entities[i], NULL, now);
	CHECK_EQ(0, group.members);
}
