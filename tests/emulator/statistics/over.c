/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Statistics pages that lie over memory: the root's by HvCallMapStatsPage2, and everybody's own by
 * MSR. They must show the counters themselves, and only the object's; nothing can be written
 * there; what lies beneath is whole when they go.
 */
#include "tests/emulator/statistics/statistics.h"

#include "abi/hv_cpuid.h"
#include "abi/hv_msr.h"
#include "abi/hv_stats.h"
#include "core/lib/string.h"
#include "tests/emulator/lib/child.h"
#include "tests/emulator/lib/cpu.h"
#include "tests/emulator/lib/pages.h"
#include "tests/emulator/lib/processor.h"
#include "tests/emulator/lib/report.h"

#define N	  500
#define VECTOR_MC 18
#define PATTERN	  0x1122334455667788ull

#define WRITE_TO(page) TRY("movq $0, (%%rcx)", "c"(page))

static void do_cpuids(void)
{
	for (u32 i = 0; i < N; i++)
		(void)cpuid(0, 0);
}

/* By how much `do_cpuids` moves the counter of the page. */
static u64 count_cpuids(const volatile u64 *page)
{
	u64 before = page[STAT_VP_CpuidInstructionsCount];

	do_cpuids();
	return page[STAT_VP_CpuidInstructionsCount] - before;
}

/* ---- The root ---- */

static u32 map_over(u64 id, u8 area, const volatile u64 *page)
{
	struct hv_input_map_stats_page2 input = {.type = HV_STATS_OBJECT_VP,
		.identity = {.vp = {.partition_id = id, .stats_area_type = area}},
		.map_location = (u64)page >> PAGE_SHIFT};

	return hypercall(HVCALL_MAP_STATS_PAGE2, &input, sizeof(input));
}

static u32 unmap(u64 id, u8 area)
{
	struct hv_input_unmap_stats_page input = {.type = HV_STATS_OBJECT_VP,
		.identity = {.vp = {.partition_id = id, .stats_area_type = area}}};

	return hypercall(HVCALL_UNMAP_STATS_PAGE, &input, sizeof(input));
}

static void check_page(volatile u64 *page, const char *name)
{
	check(N, count_cpuids(page), "%s: CPUIDs", name);
	check(VECTOR_MC, WRITE_TO(page), "%s: is read-only", name);
}

void check_over(u64 own_id, const volatile u64 *vp)
{
	volatile u64 *page = page_allocate();

	page[0] = PATTERN;
	check(HV_STATUS_OPERATION_DENIED, map_over(own_id, HV_STATS_AREA_SELF, page),
		"an area that is mapped is not mapped again");
	check(HV_STATUS_INVALID_PARAMETER, map_over(own_id, HV_STATS_AREA_PARENT, NULL),
		"over no page");
	check(0, map_over(own_id, HV_STATS_AREA_PARENT, page), "over memory");
	check_page(page, "over memory");
	check(vp[STAT_VP_CpuidInstructionsCount], page[STAT_VP_CpuidInstructionsCount],
		"two places show one page");
	check(0, unmap(own_id, HV_STATS_AREA_PARENT), "over memory: unmap");
	check(PATTERN, page[0], "what was beneath is there");
	check(NO_FAULT, WRITE_TO(page), "and can be written");
	page[0] = PATTERN;
	check(HV_STATUS_OPERATION_DENIED, unmap(own_id, HV_STATS_AREA_PARENT), "unmapped twice");
	msr_write(HV_X64_MSR_STATS_VP_RETAIL_PAGE, (u64)page | HV_MSR_PAGE_ENABLE);
	check_page(page, "own page");
	check(VECTOR_GP,
		msr_try_write(HV_X64_MSR_STATS_VP_RETAIL_PAGE, image_header.pool_start | 1),
		"own page: not over the hypervisor's memory");
	msr_write(HV_X64_MSR_STATS_PARTITION_RETAIL_PAGE, 0);
	msr_write(HV_X64_MSR_STATS_VP_RETAIL_PAGE, 0);
	check(PATTERN, page[0], "own page: what was beneath is there");
	page_free((void *)page);
}

/* ---- A child ---- */

/* In the image, which both sides share. */
static volatile u64 vp_page[512] __attribute__((aligned(4096)));
static volatile u64 partition_page[512] __attribute__((aligned(4096)));
static u64 other_page[512] __attribute__((aligned(4096)));

static struct {
	u64 announced, cpuids, foreign, written, untouched, output, internal, id, vps, beneath;
} seen;

static void look_at_itself(void)
{
	volatile u64 *page = vp_page;
	u64 before;

	seen.announced = cpuid(HV_CPUID_FEATURES, 0).eax & HV_FEATURE_EAX_STATS;
	msr_write(HV_X64_MSR_STATS_VP_RETAIL_PAGE, (u64)page | HV_MSR_PAGE_ENABLE);
	seen.cpuids = count_cpuids(page);
	before = page[STAT_VP_CpuidInstructionsCount];
	/* The parent executes CPUIDs meanwhile. */
	port_write_8(0x80, 0);
	seen.foreign = page[STAT_VP_CpuidInstructionsCount] - before;
	seen.written = TRY("movq $0, (%%rcx)", "c"(&page[STAT_VP_CpuidInstructionsCount]));
	seen.untouched = page[STAT_VP_CpuidInstructionsCount] == before;
	seen.output = msr_try_write(HV_X64_MSR_REFERENCE_TSC, (u64)page | HV_MSR_PAGE_ENABLE);
	seen.internal = msr_try_write(HV_X64_MSR_STATS_VP_INTERNAL_PAGE, 0);
	msr_write(HV_X64_MSR_STATS_PARTITION_RETAIL_PAGE, (u64)partition_page | HV_MSR_PAGE_ENABLE);
	seen.id = partition_page[STAT_PT_PartitionId];
	seen.vps = partition_page[STAT_PT_VirtualProcessors];
	msr_write(HV_X64_MSR_STATS_VP_RETAIL_PAGE, 0);
	seen.beneath = page[0];
}

static void check_seen(const struct child *child)
{
	check(HV_FEATURE_EAX_STATS, seen.announced, "child: statistics pages are announced");
	check(N, seen.cpuids, "child: its CPUIDs");
	check(0, seen.foreign, "child: nobody else's");
	check(VECTOR_MC, seen.written, "child: cannot write to the page");
	check(1, seen.untouched, "child: and has not");
	check(VECTOR_GP, seen.output, "child: nor have it written to");
	check(VECTOR_GP, seen.internal, "child: no internal page");
	check(child->id, seen.id, "child: its own partition");
	check(2, seen.vps, "child: and its VPs");
	check(PATTERN, seen.beneath, "child: sees what its parent mapped meanwhile");
}

/* ---- Two processors ---- */

#define ROUNDS 20

static volatile u64 shown_page[512] __attribute__((aligned(4096)));
static volatile u32 phase, seen_phase, stale;

static void toggle(void)
{
	for (u32 i = 1; i <= 2 * ROUNDS; i++) {
		msr_write(HV_X64_MSR_STATS_VP_RETAIL_PAGE,
			(u64)shown_page | (i & 1 ? HV_MSR_PAGE_ENABLE : 0));
		phase = i;
		while (seen_phase != i)
			relax();
	}
}

/* It has the translation in use all the time, and must not see an old one. */
static void watch(void)
{
	for (;;) {
		u32 now = phase;
		bool memory = shown_page[0] == PATTERN;

		if (now == phase && seen_phase != now) {
			stale += memory != !(now & 1);
			seen_phase = now;
		}
		relax();
	}
}

static void check_others(void)
{
	struct child child;

	child_create(&child, HV_SYNTHETIC_FEATURE_HYPERVISOR_PRESENT);
	child_add_vp(&child, 0);
	child_add_vp(&child, 1);
	child_map_image(&child);
	child_enter_64(&child, 0, toggle);
	child_enter_64(&child, 1, watch);
	shown_page[0] = PATTERN;
	child_start(&child, 1);
	child_start(&child, 0);
	check(1, child_finish(&child), "child: shows and hides a page");
	check(2 * ROUNDS, seen_phase, "child: its other VP looked each time");
	check(0, stale, "child: and saw at once what is there");
	check(1, child_destroy(&child), "child: taken apart while it looks");
}

void check_own(void)
{
	volatile u64 *page = page_allocate();
	struct child child;

	child_create(&child, HV_SYNTHETIC_FEATURE_HYPERVISOR_PRESENT |
				     HV_SYNTHETIC_FEATURE_ACCESS_PARTITION_REFERENCE_TSC);
	child_add_vp(&child, 0);
	child_add_vp(&child, 1);
	check(0, map_over(child.id, HV_STATS_AREA_SELF, page), "child: its page over our memory");
	child_map_image(&child);
	child_enter_64(&child, 0, look_at_itself);
	other_page[0] = PATTERN;
	child_start(&child, 0);
	check(HVMSG_X64_IO_PORT_INTERCEPT, child_wait_type(&child), "child: looks at its page");
	check(N, page[STAT_VP_CpuidInstructionsCount] - 1, "child: we see the same");
	do_cpuids();
	check(0, child_map(&child, (u64)vp_page, (u64)other_page, 1, CHILD_ALL),
		"child: other memory beneath its page");
	child_skip(&child, 0);
	check(1, child_finish(&child), "child: comes to its end");
	check_seen(&child);
	/* Its partition's page still shows, and so does ours. */
	check(1, child_destroy(&child), "child: taken apart with pages shown");
	page[0] = PATTERN;
	check(PATTERN, page[0], "child: its page is gone from our memory");
	page_free((void *)page);
	check_others();
}
