/* SPDX-License-Identifier: BSD-2-Clause */
/* The scheduler's tree against a list, and its budgets against sums. */
#include "core/scheduler/budget.h"
#include "core/scheduler/tree.h"

#include "tests/host/test.h"

#include <string.h>

#define NODES 200

static struct sched_node nodes[NODES];
static bool in_tree[NODES];

static struct sched_node *earliest(u64 clock)
{
	struct sched_node *best = NULL;

	for (u32 i = 0; i < NODES; i++)
		if (in_tree[i] && !sched_before(clock, nodes[i].key) &&
			(!best || sched_before(nodes[i].deadline, best->deadline)))
			best = &nodes[i];
	return best;
}

TEST(sched_tree_finds)
{
	struct sched_tree tree = {NULL, 0};
	u64 base = ~0ull - 5000; /* keys wrap */

	memset(in_tree, 0, sizeof(in_tree));
	for (u32 step = 0; step < 20000; step++) {
		u32 i = (u32)(test_random() % NODES);
		u64 clock = base + test_random() % 10000;
		struct sched_node *expected, *found;

		if (in_tree[i]) {
			sched_tree_remove(&tree, &nodes[i]);
		} else {
			nodes[i].key = base + test_random() % 10000;
			nodes[i].deadline = nodes[i].key + test_random() % 3000;
			sched_tree_insert(&tree, &nodes[i]);
		}
		in_tree[i] = !in_tree[i];
		expected = earliest(clock);
		sched_steps = 0;
		found = sched_tree_earliest(&tree, clock);
		CHECK(sched_steps <= 2 * 12);
		REQUIRE(!found == !expected);
		REQUIRE(!found || found->deadline == expected->deadline);
		REQUIRE(!found || !sched_before(clock, found->key));
	}
}

TEST(sched_tree_keeps_order)
{
	struct sched_tree tree = {NULL, 0};

	for (u32 i = 0; i < NODES; i++) {
		nodes[i].key = nodes[i].deadline = 7;
		sched_tree_insert(&tree, &nodes[i]);
	}
	for (u32 i = 0; i < NODES; i++) {
		REQUIRE(sched_tree_first(&tree) == &nodes[i]);
		REQUIRE(sched_tree_earliest(&tree, 7) == &nodes[i]);
		sched_tree_remove(&tree, &nodes[i]);
	}
	CHECK(!sched_tree_first(&tree) && !tree.root);
	CHECK_EQ(0, tree.count);
}

/* Several draw on one budget at once, stop early, late or in time: the bound holds always. */
TEST(sched_budget_bound)
{
	struct sched_budget budget = {0};
	u64 ends[4] = {0}, since[4] = {0};
	u64 used = 0, now = 1, started = 1;

	sched_budget_set(&budget, 0x18000, 1000, 1000, now);
	CHECK_EQ(1000, sched_budget_level(&budget, now));
	for (u32 step = 0; step < 100000; step++) {
		u32 i = (u32)(test_random() % 4);

		now += test_random() % 40;
		if (ends[i]) {
			u64 stop = MIN(now, ends[i]);

			used += stop - since[i];
			sched_budget_settle(&budget, ends[i], stop);
			ends[i] = 0;
		} else if (sched_budget_level(&budget, now) >= budget.chunk) {
			since[i] = now;
			ends[i] = sched_budget_grant(&budget, 600, now);
		}
		/* Settled late, so up to two of the last steps may be missing. */
		REQUIRE(used <= (now - started) * 3 / 2 + 1000);
		if (test_random() % 1000 == 0) {
			started = now;
			used = 0;
			for (u32 j = 0; j < 4; j++)
				since[j] = MIN(MAX(since[j], now), MAX(ends[j], now));
			for (u32 j = 0; j < 4; j++)
				if (ends[j] && ends[j] <= now) {
					sched_budget_settle(&budget, ends[j], ends[j]);
					ends[j] = 0;
				}
		}
	}
}

TEST(sched_budget_delay)
{
	struct sched_budget budget = {0};
	u64 end;

	sched_budget_set(&budget, 0x4000, 1000, 1000, 0);
	end = sched_budget_grant(&budget, 5000, 0);
	CHECK_EQ(1000, end);
	sched_budget_settle(&budget, end, 1000);
	CHECK_EQ(250, sched_budget_level(&budget, 1000));
	CHECK_EQ(0, sched_budget_delay(&budget, 250, 1000));
	CHECK(sched_budget_delay(&budget, 500, 1000) >= 1000);
	CHECK(sched_budget_delay(&budget, 500, 1000) <= 1001);
	/* One that overran pays back first. */
	end = sched_budget_grant(&budget, 100, 1000);
	sched_budget_settle(&budget, end, 2000);
	CHECK_EQ(0, sched_budget_level(&budget, 2000));
	sched_budget_set(&budget, 0, 1000, 1000, 2000);
	CHECK(sched_budget_delay(&budget, 1, 2000) > 1ull << 40);
	sched_budget_set(&budget, SCHED_UNLIMITED, 1000, 1000, 3000);
	CHECK_EQ(1000, sched_budget_level(&budget, 3000));
}
