/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/host/scheduler/stage.h"

#include "tests/sim/consistency.h"

#include <string.h>

struct sched sched;
struct sched_entity entities[ENTITIES];
struct sched_partition partitions[4];
bool told[16];
u64 now;

void tell(u32 lp)
{
	if (lp != SCHED_NO_LP)
		told[lp] = true;
}

void setup(u32 lps)
{
	memset(told, 0, sizeof(told));
	memset(partitions, 0, sizeof(partitions));
	now = 1;
	sched_init(&sched, lps, SLICE);
	for (u32 i = 0; i < ENTITIES; i++)
		sched_entity_init(&entities[i], SCHED_NO_LP);
}

void wake(u32 i)
{
	tell(sched_wake(&sched, &entities[i], now));
}

void block(u32 i)
{
	if (entities[i].state == SCHED_RUNNING)
		told[entities[i].lp] = true;
	sched_block(&sched, &entities[i], now);
}

void look(void)
{
	for (u32 turn = 0, quiet = 0; turn < 1000 && !quiet; turn++) {
		quiet = 1;
		for (u32 lp = 0; lp < sched.lp_count; lp++) {
			if (!told[lp] && now < sched_slice_end(&sched, lp))
				continue;
			quiet = told[lp] = false;
			if (sched_must_pick(&sched, lp, now))
				sched_pick(&sched, lp, now);
			tell(sched_claim(&sched, now));
		}
	}
}

void run(u64 until)
{
	const char *wrong;
	struct sched_entity *all[ENTITIES];

	look();
	while (now < until) {
		u64 next = until;

		for (u32 lp = 0; lp < sched.lp_count; lp++)
			next = MIN(next, sched_slice_end(&sched, lp));
		now = MAX(next, now);
		look();
	}
	for (u32 i = 0; i < ENTITIES; i++)
		all[i] = &entities[i];
	wrong = sched_inconsistency(&sched, all, ENTITIES);
	if (wrong)
		test_check(false, wrong, __FILE__, __LINE__);
}

u64 had(u32 i)
{
	const struct sched_entity *entity = &entities[i];
	u64 open = entity->state == SCHED_RUNNING ? now - sched.lps[entity->lp].stamp : 0;

	return entity->stats.run + open;
}

void check_near(u64 expected, u64 actual, u64 tolerance)
{
	if (actual + tolerance < expected || actual > expected + tolerance)
		CHECK_EQ(expected, actual);
}

enum sched_error set(u32 i, u32 weight, u32 reserve, u32 cap)
{
	struct sched_params params = {weight, reserve, cap};
	enum sched_error error = sched_set_params(&sched, &entities[i], &params, now);

	tell(entities[i].lp);
	return error;
}

enum sched_error affine(u32 i, u64 lps)
{
	struct sched_set lp_set = {{lps}};
	enum sched_error error = sched_set_affinity(&sched, &entities[i], &lp_set, now);

	tell(entities[i].lp);
	tell(sched_claim(&sched, now));
	return error;
}
