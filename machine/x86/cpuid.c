/* SPDX-License-Identifier: BSD-2-Clause */
#include "machine/machine.h"
#include "machine/x86/cpu.h"

void machine_cpuid(u32 leaf, u32 subleaf, u32 out[4])
{
	struct cpuid r = cpuid(leaf, subleaf);

	out[0] = r.eax;
	out[1] = r.ebx;
	out[2] = r.ecx;
	out[3] = r.edx;
}
