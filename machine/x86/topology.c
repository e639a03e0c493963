/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which LPs are threads of one core. APIC ids of a core's threads differ in their lowest bits only;
 * how many these are the processor says (AMD APM vol. 3 E.3.9 and E.4.17, Intel SDM vol. 2A CPUID).
 */
#include "core/log.h"
#include "machine/x86/cpu.h"
#include "machine/x86/x86.h"

#define LEAF_TOPOLOGY	   0xb /* subleaf 0: threads */
#define TOPOLOGY_TYPE(ecx) ((ecx) >> 8 & 0xff)
#define TYPE_THREADS	   1
#define LEAF_FEATURES	   0x80000001
#define FEATURE_TOPOLOGY   BIT(22) /* ECX: leaf 0x8000001e is there */
#define LEAF_CORE	   0x8000001e
#define CORE_THREADS(ebx)  (((ebx) >> 8 & 0xff) + 1)

static u32 thread_bits(void)
{
	struct cpuid levels = cpuid_if_present(LEAF_TOPOLOGY, 0);
	u32 bits = 0;

	if (levels.ebx && TOPOLOGY_TYPE(levels.ecx) == TYPE_THREADS)
		return levels.eax & 31;
	if (!(cpuid_if_present(LEAF_FEATURES, 0).ecx & FEATURE_TOPOLOGY))
		return 0;
	while (1u << bits < CORE_THREADS(cpuid_if_present(LEAF_CORE, 0).ebx))
		bits++;
	return bits;
}

void topology_read(void)
{
	u32 bits = thread_bits();

	for (u32 i = 0; i < machine.lp_count; i++)
		machine.lps[i].core = machine.lps[i].apic_id >> bits;
}
