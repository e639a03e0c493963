/* SPDX-License-Identifier: BSD-2-Clause */
/* Looks at everything a scheduler holds; for unit tests and the simulator. */
#ifndef TESTS_SIM_CONSISTENCY_H
#define TESTS_SIM_CONSISTENCY_H

#include "core/scheduler/scheduler.h"

/* What is wrong, or NULL. `entities` are all that the scheduler may know of. */
const char *sched_inconsistency(
	const struct sched *sched, struct sched_entity *const *entities, u32 count);

#endif
