/* SPDX-License-Identifier: BSD-2-Clause */
/* The simulator's sizes: its build finds this file before the hypervisor's. */
#ifndef CORE_SCHEDULER_LIMITS_H
#define CORE_SCHEDULER_LIMITS_H

#define SCHED_MAX_LPS	1024
#define SCHED_MAX_NODES 16
#define SCHED_MAX_SETS	64

#endif
