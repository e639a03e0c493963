/* SPDX-License-Identifier: BSD-2-Clause */
/* Statistics pages: 512 counters of 64 bits, the index of each in STAT_<object>_<name>. */
#ifndef ABI_HV_STATS_H
#define ABI_HV_STATS_H

#include "abi/hv_types.h"

#define HV_STATS_COUNTERS 512

struct hv_stats_page {
	u64 data[HV_STATS_COUNTERS];
};
HV_ASSERT_SIZE(struct hv_stats_page, 4096);

/* Each enum below reads the whole list and keeps the rows of its own object. */
#define STAT_ROW(object, index, name) STAT_##object##_##name = (index),
#define STAT_SKIP(object, index, name)
#define COUNTER(object, index, name, unit, meaning) STAT_OF_##object(object, index, name)
#define COUNTER_RESERVED(object, index)

enum hv_stat_hypervisor {
#define STAT_OF_HV STAT_ROW
#define STAT_OF_LP STAT_SKIP
#define STAT_OF_PT STAT_SKIP
#define STAT_OF_VP STAT_SKIP
#include "abi/counters.def"
#undef STAT_OF_HV
#undef STAT_OF_LP
};

enum hv_stat_logical_processor {
#define STAT_OF_HV STAT_SKIP
#define STAT_OF_LP STAT_ROW
#include "abi/counters.def"
#undef STAT_OF_LP
#undef STAT_OF_PT
};

enum hv_stat_partition {
#define STAT_OF_LP STAT_SKIP
#define STAT_OF_PT STAT_ROW
#include "abi/counters.def"
#undef STAT_OF_PT
#undef STAT_OF_VP
};

enum hv_stat_virtual_processor {
#define STAT_OF_PT STAT_SKIP
#define STAT_OF_VP STAT_ROW
#include "abi/counters.def"
};

#undef STAT_OF_HV
#undef STAT_OF_LP
#undef STAT_OF_PT
#undef STAT_OF_VP
#undef STAT_ROW
#undef STAT_SKIP
#undef COUNTER
#undef COUNTER_RESERVED

#define COUNTER(object, index, name, unit, meaning)                                                \
	_Static_assert((index) < HV_STATS_COUNTERS, #object #name);
#define COUNTER_RESERVED(object, index) _Static_assert((index) < HV_STATS_COUNTERS, #object #index);
#include "abi/counters.def"
#undef COUNTER
#undef COUNTER_RESERVED

#endif
