/* SPDX-License-Identifier: BSD-2-Clause */
#include "abi/hv_cpuid.h"
#include "abi/hv_property.h"
#include "core/vp/features.h"
#include "machine/machine.h"

#define ROOT_EAX                                                                                   \
	(HV_FEATURE_EAX_VP_RUNTIME | HV_FEATURE_EAX_TIME_REF_COUNT | HV_FEATURE_EAX_SYNIC |        \
		HV_FEATURE_EAX_SYNTHETIC_TIMERS | HV_FEATURE_EAX_APIC_MSRS |                       \
		HV_FEATURE_EAX_HYPERCALL_MSRS | HV_FEATURE_EAX_VP_INDEX | HV_FEATURE_EAX_RESET |   \
		HV_FEATURE_EAX_STATS | HV_FEATURE_EAX_REFERENCE_TSC |                              \
		HV_FEATURE_EAX_FREQUENCY_MSRS)
#define ROOT_EBX                                                                                   \
	(HV_FEATURE_EBX_CREATE_PARTITIONS | HV_FEATURE_EBX_ACCESS_PARTITION_ID |                   \
		HV_FEATURE_EBX_ACCESS_MEMORY_POOL | HV_FEATURE_EBX_CREATE_PORT |                   \
		HV_FEATURE_EBX_CONNECT_PORT | HV_FEATURE_EBX_ACCESS_STATS |                        \
		HV_FEATURE_EBX_CPU_MANAGEMENT | HV_FEATURE_EBX_ACCESS_VP_REGISTERS)

void features_root(struct partition *partition)
{
	partition->announced = true;
	partition->privileges = ROOT_EAX | ROOT_EBX << 32;
	partition->feature_edx =
		HV_FEATURE_EDX_FREQUENCY_MSRS | HV_FEATURE_EDX_DIRECT_SYNTHETIC_TIMERS;
	partition->hints = HV_HINT_RELAXED_TIMING | HV_HINT_DEPRECATE_AUTO_EOI;
	partition->processor_features[0] = features_processor(0);
	partition->processor_features[1] = features_processor(1);
}

/* How a synthetic feature shows in the child's leaves 0x40000003 and 0x40000004. */
struct synthetic_row {
	u64 feature;
	u64 privilege;
	u32 edx;
	u32 hints;
};

static const struct synthetic_row synthetic_rows[] = {
	{HV_SYNTHETIC_FEATURE_ACCESS_VP_RUN_TIME_REG, HV_FEATURE_EAX_VP_RUNTIME, 0, 0},
	{HV_SYNTHETIC_FEATURE_ACCESS_PARTITION_REFERENCE_COUNTER, HV_FEATURE_EAX_TIME_REF_COUNT, 0,
		0},
	{HV_SYNTHETIC_FEATURE_ACCESS_SYNIC_REGS, HV_FEATURE_EAX_SYNIC, 0, 0},
	{HV_SYNTHETIC_FEATURE_ACCESS_SYNTHETIC_TIMER_REGS, HV_FEATURE_EAX_SYNTHETIC_TIMERS, 0, 0},
	{HV_SYNTHETIC_FEATURE_ACCESS_INTR_CTRL_REGS, HV_FEATURE_EAX_APIC_MSRS, 0,
		HV_HINT_APIC_MSRS},
	{HV_SYNTHETIC_FEATURE_ACCESS_HYPERCALL_REGS, HV_FEATURE_EAX_HYPERCALL_MSRS, 0, 0},
	{HV_SYNTHETIC_FEATURE_ACCESS_VP_INDEX, HV_FEATURE_EAX_VP_INDEX, 0, 0},
	{HV_SYNTHETIC_FEATURE_ACCESS_PARTITION_REFERENCE_TSC, HV_FEATURE_EAX_REFERENCE_TSC, 0, 0},
	{HV_SYNTHETIC_FEATURE_ACCESS_GUEST_IDLE_REG, HV_FEATURE_EAX_GUEST_IDLE,
		HV_FEATURE_EDX_GUEST_IDLE, 0},
	{HV_SYNTHETIC_FEATURE_ACCESS_FREQUENCY_REGS, HV_FEATURE_EAX_FREQUENCY_MSRS,
		HV_FEATURE_EDX_FREQUENCY_MSRS, 0},
	{HV_SYNTHETIC_FEATURE_DIRECT_SYNTHETIC_TIMERS, 0, HV_FEATURE_EDX_DIRECT_SYNTHETIC_TIMERS,
		0},
	{HV_SYNTHETIC_FEATURE_EXTENDED_PROCESSOR_MASKS, 0, 0, HV_HINT_EX_PROCESSOR_MASKS},
	{HV_SYNTHETIC_FEATURE_TB_FLUSH_HYPERCALLS, 0, 0, HV_HINT_REMOTE_TLB_FLUSH},
	{HV_SYNTHETIC_FEATURE_SYNTHETIC_CLUSTER_IPI, 0, 0, HV_HINT_CLUSTER_IPI},
};

u64 features_assignable(void)
{
	u64 all = HV_SYNTHETIC_FEATURE_HYPERVISOR_PRESENT | HV_SYNTHETIC_FEATURE_HV1;

	for (u32 i = 0; i < ARRAY_SIZE(synthetic_rows); i++)
		all |= synthetic_rows[i].feature;
	return all;
}

void features_child(struct partition *partition, u64 synthetic)
{
	partition->synthetic_features = synthetic;
	partition->announced = synthetic & HV_SYNTHETIC_FEATURE_HYPERVISOR_PRESENT;
	/* Of everybody who may know that there is a hypervisor. */
	partition->privileges = partition->announced ? HV_FEATURE_EAX_STATS : 0;
	partition->feature_edx = partition->announced ? HV_FEATURE_EDX_GUEST_CRASH_MSRS : 0;
	partition->hints = HV_HINT_RELAXED_TIMING | HV_HINT_DEPRECATE_AUTO_EOI;
	for (u32 i = 0; i < ARRAY_SIZE(synthetic_rows); i++) {
		const struct synthetic_row *row = &synthetic_rows[i];

		if (!(synthetic & row->feature))
			continue;
		partition->privileges |= row->privilege;
		partition->feature_edx |= row->edx;
		partition->hints |= row->hints;
	}
}

/* A bit of a processor feature bank and the CPUID bit behind it. */
struct processor_row {
	u64 feature;
	u32 leaf;
	u8 reg; /* 0 EAX … 3 EDX */
	u8 bit;
};

enum { EAX, EBX, ECX, EDX };

static const struct processor_row bank0_rows[] = {
	{HV_PROCESSOR_FEATURE0_SSE3, 1, ECX, 0},
	{HV_PROCESSOR_FEATURE0_LAHF_SAHF, 0x80000001, ECX, 0},
	{HV_PROCESSOR_FEATURE0_SSSE3, 1, ECX, 9},
	{HV_PROCESSOR_FEATURE0_SSE4_1, 1, ECX, 19},
	{HV_PROCESSOR_FEATURE0_SSE4_2, 1, ECX, 20},
	{HV_PROCESSOR_FEATURE0_SSE4A, 0x80000001, ECX, 6},
	{HV_PROCESSOR_FEATURE0_XOP, 0x80000001, ECX, 11},
	{HV_PROCESSOR_FEATURE0_POP_CNT, 1, ECX, 23},
	{HV_PROCESSOR_FEATURE0_CMPXCHG16B, 1, ECX, 13},
	{HV_PROCESSOR_FEATURE0_ALTMOVCR8, 0x80000001, ECX, 4},
	{HV_PROCESSOR_FEATURE0_LZCNT, 0x80000001, ECX, 5},
	{HV_PROCESSOR_FEATURE0_MIS_ALIGN_SSE, 0x80000001, ECX, 7},
	{HV_PROCESSOR_FEATURE0_MMX_EXT, 0x80000001, EDX, 22},
	{HV_PROCESSOR_FEATURE0_AMD3DNOW, 0x80000001, EDX, 31},
	{HV_PROCESSOR_FEATURE0_EXTENDED_AMD3DNOW, 0x80000001, EDX, 30},
	{HV_PROCESSOR_FEATURE0_PAGE_1GB, 0x80000001, EDX, 26},
	{HV_PROCESSOR_FEATURE0_AES, 1, ECX, 25},
	{HV_PROCESSOR_FEATURE0_PCLMULQDQ, 1, ECX, 1},
	{HV_PROCESSOR_FEATURE0_FMA4, 0x80000001, ECX, 16},
	{HV_PROCESSOR_FEATURE0_F16C, 1, ECX, 29},
	{HV_PROCESSOR_FEATURE0_RD_RAND, 1, ECX, 30},
	{HV_PROCESSOR_FEATURE0_RD_WR_FS_GS, 7, EBX, 0},
	{HV_PROCESSOR_FEATURE0_SMEP, 7, EBX, 7},
	{HV_PROCESSOR_FEATURE0_ENHANCED_FAST_STRING, 7, EBX, 9},
	{HV_PROCESSOR_FEATURE0_BMI1, 7, EBX, 3},
	{HV_PROCESSOR_FEATURE0_BMI2, 7, EBX, 8},
	{HV_PROCESSOR_FEATURE0_MOVBE, 1, ECX, 22},
	{HV_PROCESSOR_FEATURE0_RD_SEED, 7, EBX, 18},
	{HV_PROCESSOR_FEATURE0_ADX, 7, EBX, 19},
	{HV_PROCESSOR_FEATURE0_INTEL_PREFETCH, 0x80000001, ECX, 8},
	{HV_PROCESSOR_FEATURE0_SMAP, 7, EBX, 20},
	{HV_PROCESSOR_FEATURE0_RDTSCP, 0x80000001, EDX, 27},
	{HV_PROCESSOR_FEATURE0_CLFLUSHOPT, 7, EBX, 23},
	{HV_PROCESSOR_FEATURE0_CLWB, 7, EBX, 24},
	{HV_PROCESSOR_FEATURE0_SHA, 7, EBX, 29},
	{HV_PROCESSOR_FEATURE0_RD_PID, 7, ECX, 22},
	{HV_PROCESSOR_FEATURE0_UMIP, 7, ECX, 2},
};

u64 features_processor(u32 bank)
{
	u64 features = HV_PROCESSOR_FEATURE0_UNRESTRICTED_GUEST;
	u32 regs[4];

	if (bank)
		return 0;
	for (u32 i = 0; i < ARRAY_SIZE(bank0_rows); i++) {
		const struct processor_row *row = &bank0_rows[i];

		machine_cpuid(row->leaf, 0, regs);
		if (regs[row->reg] & BIT(row->bit))
			features |= row->feature;
	}
	return features;
}
