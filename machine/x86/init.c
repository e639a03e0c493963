/* SPDX-License-Identifier: BSD-2-Clause */
/* The order in which the machine is taken over, and what each LP's control registers hold. */
#include "machine/x86/cpu.h"
#include "machine/x86/x86.h"
#include "core/log.h"

#define PIC_MASTER_MASK 0x21
#define PIC_SLAVE_MASK	0xa1

struct machine machine;

void machine_x86_begin(void)
{
	console_initialize();
	interrupts_build();
	segments_load(0);
	machine.image_start = (u64)image_start;
	machine.image_end = (u64)image_end;
	machine.lp_count = 1;
}

/* Sets what the processor offers and we rely on or are protected by; see APM vol. 2 §3.1. */
void machine_x86_control_registers(void)
{
	struct cpuid basic = cpuid(1, 0);
	struct cpuid extended = cpuid_if_present(7, 0);
	u64 cr4 = CR4_PAE;

	if (basic.edx & CPUID_1_EDX_MCE)
		cr4 |= CR4_MCE;
	if (basic.edx & CPUID_1_EDX_FXSR)
		cr4 |= CR4_OSFXSR | CR4_OSXMMEXCPT;
	if (basic.ecx & CPUID_1_ECX_XSAVE)
		cr4 |= CR4_OSXSAVE; /* the back-end keeps guests' extended state */
	if (extended.ebx & CPUID_7_EBX_SMEP)
		cr4 |= CR4_SMEP;
	if (extended.ebx & CPUID_7_EBX_SMAP)
		cr4 |= CR4_SMAP;
	if (extended.ecx & CPUID_7_ECX_UMIP)
		cr4 |= CR4_UMIP;
	cr4_write(cr4);
}

static void check_processor(void)
{
	if (!(cpuid(1, 0).edx & CPUID_1_EDX_TSC))
		panic("this processor has no time stamp counter");
}

/* No interrupts from the 8259s: their vectors are still the BIOS's, among our exceptions. */
static void mask_pics(void)
{
	port_write_8(PIC_MASTER_MASK, 0xff);
	port_write_8(PIC_SLAVE_MASK, 0xff);
}

/* The emulator tells its name in the leaf where hypervisors do. */
static bool is_tcg(void)
{
	struct cpuid name = cpuid(0x40000000, 0);

	return cpuid(1, 0).ecx & CPUID_1_ECX_HYPERVISOR && name.ebx == 0x54474354 &&
	       name.ecx == 0x43544743 && name.edx == 0x47435447; /* "TCGTCGTCGTCG" */
}

static void find_ram_end(void)
{
	u32 i;

	for (i = 0; i < machine.boot.range_count; i++) {
		const struct memory_range *range = &machine.boot.ranges[i];

		if (range->kind == MEMORY_RAM)
			machine.ram_end = MAX(machine.ram_end, range->end);
	}
}

void machine_x86_init(void)
{
	check_processor();
	machine_x86_control_registers();
	mask_pics();
	find_ram_end();
	apic_enable();
	acpi_read(apic_own_id());
	topology_read();
	clock_calibrate();
	machine.boot_processor_unstable = is_tcg();
	atomic_store(&locals[0].alive, true);
	log_info("%u processors, TSC %lu.%03lu MHz, RAM ends at 0x%lx, image 0x%lx-0x%lx",
		machine.lp_count, machine.tsc_hz / 1000000, machine.tsc_hz / 1000 % 1000,
		machine.ram_end, machine.image_start, machine.image_end);
}
