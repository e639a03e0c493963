/* SPDX-License-Identifier: BSD-2-Clause */
/* Sizes of the scheduler's tables. A build with other sizes puts its own file before this one. */
#ifndef CORE_SCHEDULER_LIMITS_H
#define CORE_SCHEDULER_LIMITS_H

#define SCHED_MAX_LPS	64
#define SCHED_MAX_NODES 8
#define SCHED_MAX_SETS	64 /* different affinity sets of more than one LP; at most 64 */

#endif
