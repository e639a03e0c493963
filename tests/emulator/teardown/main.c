/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Partitions come and go.
 *
 * What: a hundred partitions are created, run and taken apart, each in another situation: never
 * started, running, halted, stopped at an intercept, with a message on its way, broken down.
 * Why: everything a partition is made of was deposited and must come back, whatever it was doing
 * when it was ended. A page that stays behind is lost until the machine restarts; one that comes
 * back while a processor still uses it destroys somebody else's memory.
 * How: the pages given and taken back are counted, and the hypervisor's own counts of partitions
 * and VPs must be what they were. All pages that came back are filled with a pattern and used for
 * the next partitions, so a processor that still writes to one, or a table that still leads to
 * one, does not stay hidden for long.
 */
#include "abi/hv_cpuid.h"
#include "abi/hv_stats.h"
#include "core/lib/string.h"
#include "tests/emulator/lib/child.h"
#include "tests/emulator/lib/cpu.h"
#include "tests/emulator/lib/pages.h"
#include "tests/emulator/lib/processor.h"
#include "tests/emulator/lib/report.h"

#define ROUNDS 100

static volatile u64 turns;

static void spin(void)
{
	for (;;)
		turns++;
}

static void halt(void)
{
	turns++;
	for (;;)
		interrupts_wait();
}

static void stop(void)
{
	turns++;
	*(volatile u32 *)0x10000000 = 1;
}

static void work(void)
{
	for (u32 i = 0; i < 100; i++)
		(void)cpuid(i, 0);
}

static void break_down(void)
{
	struct {
		u16 limit;
		u64 base;
	} __attribute__((packed)) none = {0, 0};

	turns++;
	__asm__ volatile("lidt %0\nud2" : : "m"(none));
}

static void (*const functions[])(void) = {spin, halt, stop, work, break_down};

/* Waits until the child has done something; sleeps, so that it can with one processor, too. */
static void let_run(struct child *child)
{
	u64 before = turns, end = time_100ns() + 20000000;

	child_start(child, 0);
	while (turns == before && time_100ns() < end)
		(void)child_wait(child, 10000);
}

static void run_round(u32 round)
{
	void (*function)(void) = functions[round % ARRAY_SIZE(functions)];
	struct child child;

	child_create(&child, HV_SYNTHETIC_FEATURE_HYPERVISOR_PRESENT);
	for (u32 i = 0; i <= round % 3; i++)
		child_add_vp(&child, i);
	child_map_image(&child);
	child_enter_64(&child, 0, function);
	if (function == work) {
		child_start(&child, 0);
		check_quietly(1, child_finish(&child), "round %u: the child finishes", round);
	} else if (round % 7) {
		let_run(&child);
	}
	check_quietly(1, child_destroy(&child), "round %u: taken apart", round);
	check_quietly(0, (u64)pages_lent, "round %u: pages lent", round);
}

/* Fills some of the pages that are free now. */
static void soil_pages(void)
{
	void *pages[64];

	for (u32 i = 0; i < ARRAY_SIZE(pages); i++)
		memset(pages[i] = page_allocate(), 0xa5, PAGE_SIZE);
	for (u32 i = 0; i < ARRAY_SIZE(pages); i++)
		page_free(pages[i]);
}

static const volatile u64 *map_hypervisor(void)
{
	struct hv_input_map_stats_page input = {.type = HV_STATS_OBJECT_HYPERVISOR};
	u64 page;

	(void)pages_deposit(HV_PARTITION_ID_SELF, 1);
	check(0, hypercall(HVCALL_MAP_STATS_PAGE, &input, sizeof(input)), "statistics page");
	memcpy(&page, hypercall_output, sizeof(page));
	pages_lent = 0;
	return (const volatile u64 *)(page << PAGE_SHIFT);
}

void test_main(void)
{
	const volatile u64 *counters = map_hypervisor();
	u64 partitions = counters[STAT_HV_Partitions];
	u64 vps = counters[STAT_HV_VirtualProcessors];

	child_listen();
	for (u32 round = 0; round < ROUNDS; round++) {
		run_round(round);
		soil_pages();
	}
	check(0, (u64)pages_lent, "%u partitions: all pages came back", ROUNDS);
	check(partitions, counters[STAT_HV_Partitions], "as many partitions as before");
	check(vps, counters[STAT_HV_VirtualProcessors], "as many VPs as before");
}
