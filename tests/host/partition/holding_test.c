/* SPDX-License-Identifier: BSD-2-Clause */
/* Partitions that several calls hold at a time, and calls that must be alone. */
#include "tests/host/world.h"

static struct partition *held;
static u32 waits;

static void put_after_a_while(void)
{
	if (++waits == 10)
		partition_put(held);
}

static void begin(void)
{
	world_boot();
	held = world_child(64);
	waits = 0;
	fake.on_relax = put_after_a_while;
}

/* Several may hold it at once. */
TEST(holding_together)
{
	begin();
	for (u32 i = 0; i < 3; i++)
		CHECK(partition_get(held->id, false) == held);
	CHECK_EQ(3, held->users);
	CHECK_EQ(0, waits);
	for (u32 i = 0; i < 3; i++)
		partition_put(held);
	CHECK_EQ(0, held->users);
	CHECK(partition_get(held->id + 1, false) == NULL);
	CHECK(partition_get(HV_PARTITION_ID_INVALID, true) == NULL);
}

/* Who takes it apart waits until the others have let go. */
TEST(holding_alone_waits)
{
	begin();
	CHECK(partition_get(held->id, false) == held);
	CHECK(partition_get(held->id, true) == held);
	CHECK_EQ(10, waits);
	CHECK_EQ(1, held->users);
	partition_put(held);
	CHECK_STATUS(SUCCESS, world_fast(HVCALL_FINALIZE_PARTITION, held->id, 0));
	CHECK_EQ(0, held->users);
}

/* And while somebody takes it apart, all others wait. */
TEST(holding_waits_for_alone)
{
	begin();
	CHECK(partition_get(held->id, true) == held);
	CHECK(partition_get(held->id, false) == held);
	CHECK_EQ(10, waits);
	partition_put(held);
	waits = 0;
	CHECK(partition_get(held->id, true) == held);
	CHECK(partition_get(held->id, true) == held);
	CHECK_EQ(10, waits);
	partition_put(held);
}

/* Who waited for a partition that is gone then finds none. */
static void delete_it(void)
{
	if (++waits != 5)
		return;
	CHECK_EQ(HV_STATUS_SUCCESS, partition_finalize(held));
	while (pool_withdraw(&held->pool))
		;
	CHECK_EQ(HV_STATUS_SUCCESS, partition_delete(held));
}

TEST(holding_what_goes)
{
	u64 id;

	begin();
	id = held->id;
	CHECK(partition_get(id, true) == held);
	fake.on_relax = delete_it;
	CHECK(partition_get(id, false) == NULL);
	CHECK(waits >= 5);
	CHECK_STATUS(INVALID_PARTITION_ID, world_fast(HVCALL_INITIALIZE_PARTITION, id, 0));
}
