/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/host/hypercall/rows.h"

#include "abi/hv_cpuid.h"
#include "abi/hv_stats.h"

#include <stdio.h>

#define HIGH(name) ((u64)HV_FEATURE_EBX_##name << 32)

#define PRIV_NONE	   0
#define PRIV_CPU	   HIGH(CPU_MANAGEMENT)
#define PRIV_CREATE	   HIGH(CREATE_PARTITIONS)
#define PRIV_PARTITION_ID  HIGH(ACCESS_PARTITION_ID)
#define PRIV_MEMORY_POOL   HIGH(ACCESS_MEMORY_POOL)
#define PRIV_VP_REGISTERS  HIGH(ACCESS_VP_REGISTERS)
#define PRIV_CREATE_PORT   HIGH(CREATE_PORT)
#define PRIV_CONNECT_PORT  HIGH(CONNECT_PORT)
#define PRIV_STATS	   HIGH(ACCESS_STATS)
#define PRIV_POST_MESSAGES HIGH(POST_MESSAGES)
#define PRIV_SIGNAL_EVENTS HIGH(SIGNAL_EVENTS)
#define PRIV_START_VP	   HIGH(START_VIRTUAL_PROCESSOR)

const struct hypercall_test_row hypercall_rows[] = {
#define HYPERCALL(code, name, form, header, element, out, target, privilege, family)               \
	{#name, code, FORM_##form, TARGET_##target, header, element, out,                          \
		STAT_VP_##family##Hypercalls, privilege},
#include "abi/hypercalls.def"
#undef HYPERCALL
};

const u32 hypercall_row_count = ARRAY_SIZE(hypercall_rows);

void printf_row(const struct hypercall_test_row *row, u64 control)
{
	printf("  in %s, control %#llx\n", row->name, (unsigned long long)control);
}
