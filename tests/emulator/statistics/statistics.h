/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef TESTS_EMULATOR_STATISTICS_STATISTICS_H
#define TESTS_EMULATOR_STATISTICS_STATISTICS_H

#include "core/lib/types.h"

/* Pages over the root's memory, by call and by MSR; `vp` is VP 0's page, mapped already. */
void check_over(u64 own_id, const volatile u64 *vp);
/* What a child sees of itself. */
void check_own(void);

#endif
