/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The child runs the same loops in the same image and leaves its results in shared memory. Its
 * nested page faults are those of pages that were never mapped: each goes to the parent, which
 * maps a page and lets the child go on, as a VMM with memory on demand does.
 */
#include "abi/hv_cpuid.h"
#include "bench/exits/loops.h"
#include "tests/emulator/lib/apic.h"
#include "tests/emulator/lib/child.h"
#include "tests/emulator/lib/cpu.h"
#include "tests/emulator/lib/pages.h"
#include "tests/emulator/lib/report.h"

#define FEATURES                                                                                   \
	(HV_SYNTHETIC_FEATURE_HYPERVISOR_PRESENT | HV_SYNTHETIC_FEATURE_HV1 |                      \
		HV_SYNTHETIC_FEATURE_ACCESS_VP_RUN_TIME_REG |                                      \
		HV_SYNTHETIC_FEATURE_ACCESS_PARTITION_REFERENCE_COUNTER |                          \
		HV_SYNTHETIC_FEATURE_ACCESS_SYNIC_REGS |                                           \
		HV_SYNTHETIC_FEATURE_ACCESS_SYNTHETIC_TIMER_REGS |                                 \
		HV_SYNTHETIC_FEATURE_ACCESS_HYPERCALL_REGS |                                       \
		HV_SYNTHETIC_FEATURE_ACCESS_VP_INDEX |                                             \
		HV_SYNTHETIC_FEATURE_ACCESS_FREQUENCY_REGS |                                       \
		HV_SYNTHETIC_FEATURE_DIRECT_SYNTHETIC_TIMERS)

#define FAULT_GPA   0x10000000ul
#define FAULT_PAGES TURNS
#define ROUND_PORT  0x0d0d /* a round of faults is over */

static u64 results[32];
static u64 mmio_result;
static u64 fault_ticks;

static void child_main(void)
{
	mmio_result = measure(&apic_mmio_operation);
	msr_write(APIC_BASE, msr_read(APIC_BASE) | BIT(10));
	msr_write(APIC_SPURIOUS, 0x1ff);
	for (u32 i = 0; i < operation_count; i++)
		results[i] = measure(&operations[i]);
}

static void fault_main(void)
{
	for (;;) {
		u64 start = tsc();

		for (u64 i = 0; i < FAULT_PAGES; i++)
			WRITE_ONCE(*(u64 *)(FAULT_GPA + i * PAGE_SIZE), i);
		fault_ticks = tsc() - start;
		port_write_8(ROUND_PORT, 0);
	}
}

/* One round: ticks a fault in hundredths. */
static u64 serve_faults(struct child *child, const u64 *pages)
{
	u32 served = 0;

	for (;;) {
		u64 gpa = child_memory(child, child_wait_forever(child))->guest_physical_address;

		if (child_message_type(child, 0) != HVMSG_GPA_INTERCEPT)
			break;
		if (child_map(child, gpa & ~PAGE_MASK, pages[served++ % FAULT_PAGES], 1, CHILD_ALL))
			give_up("cannot map GPA 0x%lx", gpa);
		child_resume(child, 0);
	}
	check_quietly(FAULT_PAGES, served, "faults in a round");
	for (u32 i = 0; i < FAULT_PAGES; i += 250)
		(void)child_unmap(child, FAULT_GPA + i * PAGE_SIZE, 250);
	return fault_ticks * 100 / FAULT_PAGES;
}

static void measure_faults(void)
{
	static u64 pages[FAULT_PAGES];
	u64 values[ROUNDS];
	struct child child;

	for (u32 i = 0; i < FAULT_PAGES; i++)
		pages[i] = (u64)page_allocate();
	child_create(&child, FEATURES);
	child_add_vp(&child, 0);
	child_map_image(&child);
	child_enter_64(&child, 0, fault_main);
	child_start(&child, 0);
	for (u32 i = 0; i < ROUNDS; i++) {
		values[i] = serve_faults(&child, pages);
		child_skip(&child, 0);
	}
	/* The rounds are equal but for the first, which allocates table pages. */
	print_result("child", "page-fault", values[ROUNDS / 2]);
	(void)child_destroy(&child);
}

void measure_child(void)
{
	struct child child;

	child_listen();
	child_create(&child, FEATURES);
	child_add_vp(&child, 0);
	child_map_image(&child);
	child_enter_64(&child, 0, child_main);
	child_start(&child, 0);
	if (!child_finish(&child))
		give_up("the child did not finish");
	for (u32 i = 0; i < operation_count; i++)
		print_result("child", operations[i].name, results[i]);
	print_result("child", "apic-mmio", mmio_result);
	(void)child_destroy(&child);
	measure_faults();
}
