/* SPDX-License-Identifier: BSD-2-Clause */
/* Affinity, waking, yielding, nodes, cores: who runs where, and when. */
#include "core/scheduler/scheduler.h"

#include "tests/host/scheduler/stage.h"

TEST(sched_affinity)
{
	setup(4);
	CHECK_EQ(SCHED_BAD_SET, affine(0, 0));
	CHECK_EQ(SCHED_BAD_SET, affine(0, 0xf0));
	CHECK_EQ(SCHED_OK, affine(0, 2));
	CHECK_EQ(SCHED_OK, affine(1, 2));
	CHECK_EQ(SCHED_OK, affine(2, 0xc));
	CHECK_EQ(SCHED_OK, affine(3, 0xc));
	CHECK_EQ(SCHED_OK, affine(4, 0xc));
	set(1, 200, 0, SCHED_WHOLE_LP);
	for (u32 i = 0; i < 5; i++)
		wake(i);
	run(SECOND);
	/* Weights count among those that share an LP, whatever the others do. */
	check_near(SECOND / 3, had(0), 2 * SLICE);
	check_near(SECOND * 2 / 3, had(1), 2 * SLICE);
	for (u32 i = 2; i < 5; i++)
		check_near(SECOND * 2 / 3, had(i), 2 * SLICE);
	CHECK_EQ(1, entities[0].lp);
	CHECK(sched.lps[0].running == NULL);
	/* Changed while it runs and while it waits. */
	CHECK_EQ(SCHED_OK, affine(0, 1));
	CHECK_EQ(SCHED_OK, affine(1, 1));
	run(now + SLICE);
	CHECK(entities[0].lp == 0 && entities[1].lp == 0);
	/* Who may run anywhere finds the LP that is free. */
	wake(5);
	look();
	CHECK_EQ(1, entities[5].lp);
	CHECK_EQ(SCHED_RUNNING, entities[5].state);
}

TEST(sched_affinity_sets_end)
{
	struct sched_set lp_set = {{0}};

	/* Sets are shared, and given back; more than there is room for are refused. */
	setup(16);
	for (u32 i = 0; i < ENTITIES; i++)
		CHECK_EQ(SCHED_OK, affine(i, 3));
	for (u32 i = 0; i < ENTITIES; i++)
		CHECK_EQ(SCHED_OK, affine(i, 1));
	for (u32 i = 1; i < SCHED_MAX_SETS; i++) {
		lp_set.word[0] = i << 2 | 3;
		sched.sets[i].users = 1;
		sched.sets[i].lps = lp_set;
	}
	CHECK_EQ(SCHED_NO_ROOM, affine(0, 0x8001));
	CHECK_EQ(SCHED_OK, affine(0, 7));
	CHECK_EQ(SCHED_OK, affine(0, 0xffff));
	CHECK_EQ(0, entities[0].set);
}

/* Two that share an LP, one of which always leaves just before its slice is over. */
TEST(sched_steals_nothing)
{
	setup(1);
	wake(0);
	wake(1);
	look();
	while (now < SECOND) {
		u64 end = sched_slice_end(&sched, 0);

		if (sched.lps[0].running != &entities[0]) {
			now = end;
			look();
			continue;
		}
		now = end - 1;
		block(0);
		look();
		now += 1;
		wake(0);
		look();
	}
	check_near(SECOND / 2, had(0), 2 * SLICE);
}

TEST(sched_wake_improves)
{
	/* One that has used little goes at once, one that has used its share does not. */
	setup(1);
	wake(0);
	wake(1);
	wake(2);
	run(SLICE);
	block(2);
	run(20 * SLICE);
	now += 10;
	wake(2);
	CHECK(sched_must_pick(&sched, 0, now));
	look();
	CHECK_EQ(SCHED_RUNNING, entities[2].state);
	CHECK(entities[0].stats.preempted + entities[1].stats.preempted > 0);
	run(now + 10 * SLICE);
	while (entities[2].state != SCHED_RUNNING)
		run(now + 1);
	now += SLICE / 2;
	block(2);
	look();
	now += 1;
	wake(2);
	look();
	/* However often it tries, it has no more than its third. */
	for (u64 end = now + SECOND; now < end;) {
		if (entities[2].state == SCHED_RUNNING) {
			now += 100;
			block(2);
		} else {
			now += 1;
			wake(2);
		}
		look();
		for (u32 i = 0; i < 10; i++)
			if (sched_slice_end(&sched, 0) <= now)
				look();
	}
	check_near(now / 3, had(0), now / 20);
	CHECK(had(2) <= now / 3 + SLICE);
	CHECK(entities[2].stats.wakes > 100);
	CHECK(entities[2].stats.wake_longest >=
		entities[2].stats.wake_time / entities[2].stats.wakes);
}

/* Who spins hands over to the preempted member of its partition, which may hold the lock. */
TEST(sched_yields_to_holder)
{
	struct sched_entity *holder = NULL;
	u32 spinner;

	setup(1);
	for (u32 i = 0; i < 6; i++)
		sched_set_partition(&entities[i], &partitions[i % 2]);
	for (u32 i = 0; i < 6; i++)
		wake(i);
	look();
	CHECK_EQ(SCHED_RUNNING, entities[0].state);
	now += SLICE / 2;
	sched_give_way(&sched, 0, now); /* nobody was preempted yet: just the next */
	look();
	CHECK_EQ(SCHED_READY, entities[0].state);
	CHECK(!entities[0].preempted);
	/* Until one runs whose partition has a preempted member, which would not be next. */
	for (u32 i = 0; i < 100 && !holder; i++) {
		run(now + SLICE);
		spinner = (u32)(sched.lps[0].running - entities);
		for (u32 j = spinner % 2; j < 6; j += 2)
			if (entities[j].preempted)
				holder = &entities[j];
	}
	REQUIRE(holder);
	sched_give_way(&sched, 0, now);
	CHECK(sched.lps[0].hint && sched.lps[0].hint->preempted);
	holder = sched.lps[0].hint;
	look();
	CHECK(sched.lps[0].running == holder);
	CHECK(!holder->preempted);
}

TEST(sched_nodes)
{
	/* Four LPs, two nodes. Memory on node 1: run there, if there is room. */
	setup(4);
	sched_place_lp(&sched, 2, 1, 2);
	sched_place_lp(&sched, 3, 1, 3);
	for (u32 i = 0; i < 4; i++)
		sched_set_node(&sched, &entities[i], 1, now);
	wake(0);
	look();
	wake(1);
	look();
	CHECK(entities[0].lp >= 2 && entities[1].lp >= 2);
	/* No LP idles for it. */
	wake(2);
	look();
	CHECK(entities[2].lp < 2);
	CHECK_EQ(SCHED_RUNNING, entities[2].state);
	/* Equal load on both nodes: nobody moves between them. */
	sched_set_node(&sched, &entities[2], SCHED_NO_NODE, now);
	for (u32 i = 3; i < 8; i++)
		wake(i);
	run(SECOND);
	for (u32 i = 0; i < 8; i++)
		entities[i].stats.migrations = 0;
	run(2 * SECOND);
	for (u32 i = 0; i < 8; i++)
		CHECK(entities[i].stats.migrations <= 2);
}

/* Two LPs on a node each. Entities 0 and 1 are busy on LPs 0 and 1, where the memory `of` is not.
 */
static void setup_nodes(u32 of_0, u32 of_1)
{
	setup(2);
	sched_place_lp(&sched, 1, 1, 1);
	sched_set_node(&sched, &entities[0], of_0, now);
	sched_set_node(&sched, &entities[1], of_1, now);
	affine(0, 1);
	affine(1, 2);
	wake(0);
	wake(1);
	run(now + 10 * SLICE);
	CHECK_EQ(0, entities[0].lp);
	CHECK_EQ(1, entities[1].lp);
}

/* Whoever had to run elsewhere comes back within a slice of the LP's getting free. */
TEST(sched_goes_home)
{
	u64 remote;

	setup_nodes(1, 1);
	affine(0, 3);
	run(now + 10 * SLICE);
	CHECK_EQ(0, entities[0].lp); /* no LP idles for it */
	check_near(20 * SLICE, had(0), 1);
	remote = entities[0].stats.remote;
	CHECK(remote + SLICE >= had(0));
	block(1);
	run(now + SLICE);
	CHECK_EQ(1, entities[0].lp);
	CHECK_EQ(SCHED_RUNNING, entities[0].state);
	CHECK(!sched.lps[0].running);
	remote = entities[0].stats.remote;
	run(now + 20 * SLICE);
	CHECK_EQ(remote, entities[0].stats.remote);
	check_near(41 * SLICE, had(0), 1);
	CHECK_EQ(1, entities[0].stats.migrations);
}

/* An LP at home that idles for moments only is not worth more than a move in a slice. */
TEST(sched_goes_home_once)
{
	setup_nodes(1, 1);
	affine(0, 3);
	for (u32 i = 0; i < 40; i++) {
		block(1);
		run(now + SLICE / 10);
		wake(1);
		run(now + SLICE / 10);
	}
	CHECK(entities[0].stats.migrations >= 2);
	CHECK(entities[0].stats.migrations <= 2 * 8 + 2);
}

TEST(sched_swaps_homes)
{
	/* Each where the other's memory is: both gain. */
	setup_nodes(1, 0);
	affine(0, 3);
	affine(1, 3);
	run(now + 2 * SLICE);
	CHECK_EQ(1, entities[0].lp);
	CHECK_EQ(0, entities[1].lp);
	run(now + 10 * SLICE);
	CHECK_EQ(1, entities[0].stats.migrations);
	CHECK_EQ(1, entities[1].stats.migrations);
	/* The other may not move, has nothing to gain, or somebody waits for its place. */
	setup_nodes(1, 0);
	affine(0, 3);
	run(now + 10 * SLICE);
	CHECK_EQ(0, entities[0].lp);
	setup_nodes(1, SCHED_NO_NODE);
	affine(0, 3);
	affine(1, 3);
	run(now + 10 * SLICE);
	CHECK_EQ(0, entities[0].lp);
	CHECK_EQ(0, entities[1].stats.migrations);
}

/* Of the LPs that idle one that is near is told to take who waits. */
TEST(sched_claims_near)
{
	setup(4);
	sched_place_lp(&sched, 2, 1, 2);
	sched_place_lp(&sched, 3, 1, 3);
	sched_set_node(&sched, &entities[0], 1, now);
	affine(0, 8);
	wake(0);
	look();
	CHECK_EQ(3, entities[0].lp);
	/* Its place is needed by one that may be nowhere else. */
	affine(0, 15);
	look();
	affine(1, 8);
	set(1, 10000, 0, SCHED_WHOLE_LP);
	wake(1);
	look();
	run(now + 4 * SLICE);
	CHECK_EQ(SCHED_RUNNING, entities[0].state);
	CHECK_EQ(2, entities[0].lp);
	CHECK_EQ(0, entities[0].stats.remote);
}

static bool core_shared(void)
{
	for (u32 lp = 0; lp < sched.lp_count; lp += 2) {
		const struct sched_entity *a = sched.lps[lp].running;
		const struct sched_entity *b = sched.lps[lp + 1].running;

		if (a && b && a->partition != b->partition)
			return true;
	}
	return false;
}

static void setup_cores(u32 lps, enum sched_type type)
{
	setup(lps);
	sched.type = type;
	for (u32 lp = 0; lp < lps; lp++)
		sched_place_lp(&sched, lp, 0, lp & ~1u);
}

TEST(sched_cores)
{
	u64 least = ~0ull, most = 0;
	bool shared = false;

	/* Whole cores first. */
	setup_cores(4, SCHED_CLASSIC);
	wake(0);
	look();
	wake(1);
	look();
	CHECK(entities[0].lp / 2 != entities[1].lp / 2);
	/* Two partitions of three on two cores, and a third with one: never together. */
	setup_cores(4, SCHED_CORE);
	for (u32 i = 0; i < 7; i++) {
		sched_set_partition(&entities[i], &partitions[i / 3]);
		wake(i);
	}
	while (now < SECOND) {
		run(now + SLICE / 5);
		shared = shared || core_shared();
	}
	CHECK(!shared);
	for (u32 i = 0; i < 7; i++) {
		least = MIN(least, had(i));
		most = MAX(most, had(i));
	}
	CHECK(least > SECOND / 4);
	/* The classic type shares cores in the same case. */
	sched.type = SCHED_CLASSIC;
	for (u32 i = 0; i < 100 && !core_shared(); i++)
		run(now + SLICE / 5);
	CHECK(core_shared());
}

TEST(sched_core_root)
{
	struct sched_entity root;

	/* A root VP gets its LP although a child has the core, and gives it back. */
	setup_cores(2, SCHED_CORE);
	sched_entity_init(&root, 0);
	sched_set_partition(&root, &partitions[3]);
	sched_set_partition(&entities[0], &partitions[0]);
	sched_set_partition(&entities[1], &partitions[0]);
	wake(0);
	wake(1);
	run(10 * SLICE);
	CHECK(entities[0].state == SCHED_RUNNING && entities[1].state == SCHED_RUNNING);
	tell(sched_wake(&sched, &root, now));
	look();
	CHECK_EQ(SCHED_RUNNING, root.state);
	CHECK(sched.lps[1].running == NULL);
	sched_block(&sched, &root, now + 1);
	told[0] = true;
	look();
	CHECK(entities[0].state == SCHED_RUNNING && entities[1].state == SCHED_RUNNING);
	sched_partition_leave(&sched, &partitions[0]);
	CHECK(sched.lps[0].owner == NULL);
}

TEST(sched_root_storm)
{
	u64 root_time;

	/* Woken all the time and never done: it has half the LP and its share, not all. */
	setup(1);
	sched_entity_init(&entities[2], 0);
	wake(0);
	wake(1);
	look();
	while (now < SECOND) {
		tell(sched_wake(&sched, &entities[2], now));
		look();
		now += 100;
		look();
	}
	root_time = had(2);
	CHECK(root_time >= SECOND / 3 - SLICE);
	CHECK(root_time <= SECOND * 3 / 4);
	CHECK(had(0) > SECOND / 10 && had(1) > SECOND / 10);
	/* Not woken, it has its share, once it has let the others catch up. */
	run(2 * SECOND);
	root_time = had(2);
	run(3 * SECOND);
	check_near(SECOND / 3, had(2) - root_time, 2 * SLICE);
}
