/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Statistics pages count exactly.
 *
 * What: the pages of the hypervisor, of a logical processor, of partitions and of VPs, mapped as a
 * root's tools map them, or over memory; counts of intercepts, hypercalls, interrupts; times.
 * Why: whoever looks for lost performance believes these numbers. A counter that is bumped twice on
 * one path or not at all on another is worse than none.
 * How: a known number of operations between two readings must move the counter by just that
 * number, and no counter that has nothing to do with it. Times must grow with what they measure and
 * stay in proportion: the hypervisor's share is part of the whole, sleep is not run time.
 */
#include "tests/emulator/statistics/statistics.h"

#include "abi/hv_cpuid.h"
#include "abi/hv_stats.h"
#include "core/lib/string.h"
#include "tests/emulator/lib/apic.h"
#include "tests/emulator/lib/child.h"
#include "tests/emulator/lib/cpu.h"
#include "tests/emulator/lib/pages.h"
#include "tests/emulator/lib/report.h"

#define N      1000
#define VECTOR 0x61
#define MS     10000ul

static u64 own_id;

/* ---- Mapping ---- */

static struct hv_input_map_stats_page vp_of(u64 partition, u32 vp)
{
	return (struct hv_input_map_stats_page){.type = HV_STATS_OBJECT_VP,
		.identity = {.vp = {.partition_id = partition, .vp_index = vp}}};
}

static struct hv_input_map_stats_page partition_of(u64 partition)
{
	return (struct hv_input_map_stats_page){.type = HV_STATS_OBJECT_PARTITION,
		.identity = {.partition = {.partition_id = partition}}};
}

static const volatile u64 *map(struct hv_input_map_stats_page object, const char *name)
{
	u64 page = 0;
	u32 status = hypercall(HVCALL_MAP_STATS_PAGE, &object, sizeof(object));

	if (status != HV_STATUS_SUCCESS)
		give_up("map %s: status 0x%x", name, status);
	memcpy(&page, hypercall_output, sizeof(page));
	return (const volatile u64 *)(page << PAGE_SHIFT);
}

/* What `operation` adds to a counter of the page. */
#define DELTA(page, counter, operation)                                                            \
	({                                                                                         \
		u64 before_ = (page)[counter];                                                     \
		operation;                                                                         \
		(page)[counter] - before_;                                                         \
	})

/* ---- Counts of the root's own VP ---- */

static void do_cpuids(void)
{
	for (u32 i = 0; i < N; i++)
		(void)cpuid(0, 0);
}

static void do_msrs(void)
{
	for (u32 i = 0; i < N; i++)
		(void)msr_read(APIC_ID);
}

static void do_hypercalls(void)
{
	for (u32 i = 0; i < N; i++)
		(void)hypercall_fast(HVCALL_NOTIFY_LONG_SPIN_WAIT, 1, 0);
}

static void do_halts(void)
{
	for (u32 i = 0; i < N; i++) {
		msr_write(APIC_SELF_IPI, VECTOR);
		interrupts_wait();
	}
}

static void check_counts(const volatile u64 *vp)
{
	check(N, DELTA(vp, STAT_VP_CpuidInstructionsCount, do_cpuids()), "CPUID: count");
	check(0, DELTA(vp, STAT_VP_CpuidInstructionsCount, do_msrs()), "MSRs are no CPUIDs");
	check(0, DELTA(vp, STAT_VP_MsrAccessesCount, do_cpuids()), "CPUIDs are no MSRs");
	check(N, DELTA(vp, STAT_VP_MsrAccessesCount, do_msrs()), "MSR: count");
	check(N, DELTA(vp, STAT_VP_HypercallsCount, do_hypercalls()), "hypercalls: count");
	check(N, DELTA(vp, STAT_VP_LongSpinWaitHypercalls, do_hypercalls()), "long spin waits");
	check(0, DELTA(vp, STAT_VP_OtherHypercalls, do_hypercalls()), "which are no other calls");
	check(1, DELTA(vp, STAT_VP_OtherHypercalls, hypercall_fast(0x7f0, 0, 0)),
		"an unknown call");
	check(N, DELTA(vp, STAT_VP_HltInstructionsCount, do_halts()), "HLT: count");
	check(N, DELTA(vp, STAT_VP_VirtualInterrupts, do_halts()), "interrupts: count");
	check(N, DELTA(vp, STAT_VP_ApicSelfIpisSent, do_halts()), "self IPIs: count");
	check(N, DELTA(vp, STAT_VP_ApicIpisSent, do_halts()), "self IPIs are IPIs");
	check(N, DELTA(vp, STAT_VP_ApicEoiAccesses, do_halts()), "EOI: count");
	check(2 * N, DELTA(vp, STAT_VP_MsrAccessesCount, do_halts()), "each by two MSRs");
}

/* ---- Times ---- */

static void sleep(u64 time)
{
	u64 end = time_100ns() + time;

	msr_write(APIC_DIVIDE, DIVIDE_BY_1);
	msr_write(APIC_LVT_TIMER, VECTOR);
	while (time_100ns() < end) {
		msr_write(APIC_INITIAL_COUNT, 2000000);
		interrupts_wait();
	}
	msr_write(APIC_LVT_TIMER, LVT_MASKED);
}

/* Times are published when the VP rests. */
static void do_and_rest(void (*operation)(void))
{
	operation();
	sleep(MS);
}

/* The hypervisor's time is the sum of its parts: each is rounded down, none is left out. */
static void check_sum(const volatile u64 *vp)
{
	static const u16 parts[] = {
#define INTERCEPT_CLASS(name) STAT_VP_##name##Time,
#include "core/intercept/classes.def"
#undef INTERCEPT_CLASS
	};
	u64 before = vp[STAT_VP_HypervisorRunTime], sum = 0;

	for (u32 i = 0; i < ARRAY_SIZE(parts); i++)
		sum += vp[parts[i]];
	check_that(sum + ARRAY_SIZE(parts) >= before && sum <= vp[STAT_VP_HypervisorRunTime] + 1,
		sum, "the times of all intercepts add up to the hypervisor's time, %lu", before);
}

static void check_times(const volatile u64 *vp, const volatile u64 *lp)
{
	u64 asleep, run, hypervisor, start;

	check_that(DELTA(vp, STAT_VP_CpuidInstructionsTime, do_and_rest(do_cpuids)) > 0, 0,
		"CPUID: time");
	check_that(
		DELTA(vp, STAT_VP_HltInstructionsTime, do_and_rest(do_halts)) > 0, 0, "HLT: time");
	check_sum(vp);
	start = time_100ns();
	sleep(MS);
	run = DELTA(vp, STAT_VP_TotalRunTime, {
		wait_100ns(100 * MS);
		sleep(MS);
	});
	check_that(run >= 90 * MS, run, "100 ms of work are run time");
	check_that(run <= time_100ns() - start, run, "but not more than has passed");
	hypervisor = vp[STAT_VP_HypervisorRunTime];
	check_that(hypervisor > 0 && hypervisor <= vp[STAT_VP_TotalRunTime], hypervisor,
		"the hypervisor's share is a part of it");
	run = vp[STAT_VP_TotalRunTime];
	asleep = DELTA(lp, STAT_LP_C1RunTime, sleep(200 * MS));
	check_that(asleep >= 100 * MS, asleep, "200 ms of sleep are idle time of the processor");
	run = vp[STAT_VP_TotalRunTime] - run;
	check_that(run <= 150 * MS, run, "and not run time of the VP");
	check_that(DELTA(lp, STAT_LP_TimerInterrupts, sleep(100 * MS)) >= 1, 0,
		"its timer interrupts are counted");
	check_that(lp[STAT_LP_GlobalTime] >= lp[STAT_LP_TotalRunTime], lp[STAT_LP_TotalRunTime],
		"run time of the processor is within its life");
}

/* ---- Protection ---- */

static void check_protection(const volatile u64 *vp)
{
	struct hv_input_map_stats_page object = vp_of(own_id, 0);

	check(VECTOR_GP, TRY("movq $0, (%%rcx)", "c"(vp)), "the page is read-only");
	check(0, hypercall(HVCALL_UNMAP_STATS_PAGE, &object, sizeof(object)), "unmap");
	check(VECTOR_GP, TRY("mov (%%rcx), %%rax", "c"(vp), "a"(0)), "the page is gone");
	check((u64)vp, (u64)map(object, "VP"), "mapped again, it is the same page");
	check(N, DELTA(vp, STAT_VP_CpuidInstructionsCount, do_cpuids()), "and counts on");
	check(HV_STATUS_INVALID_VP_INDEX, ({
		object = vp_of(own_id, 200);
		hypercall(HVCALL_MAP_STATS_PAGE, &object, sizeof(object));
	}),
		"page of a VP that does not exist");
	check(HV_STATUS_INVALID_PARTITION_ID, ({
		object = partition_of(0x7777);
		hypercall(HVCALL_MAP_STATS_PAGE, &object, sizeof(object));
	}),
		"page of a partition that does not exist");
}

/* ---- A child ---- */

static void count_things(void)
{
	for (u32 i = 0; i < N; i++)
		(void)cpuid(0, 0);
	for (u32 i = 0; i < 10; i++)
		port_write_8(0x80, 0);
	port_write_8(CHILD_DONE_PORT, 0);
	*(volatile u32 *)0x10000000 = 1;
}

static void check_child(const volatile u64 *hypervisor)
{
	u64 partitions = hypervisor[STAT_HV_Partitions],
	    vps = hypervisor[STAT_HV_VirtualProcessors];
	const volatile u64 *vp, *partition;
	struct child child;
	u64 cpuids;

	child_create(&child, HV_SYNTHETIC_FEATURE_HYPERVISOR_PRESENT);
	child_add_vp(&child, 0);
	check(partitions + 1, hypervisor[STAT_HV_Partitions], "one partition more");
	check(vps + 1, hypervisor[STAT_HV_VirtualProcessors], "one VP more");
	vp = map(vp_of(child.id, 0), "child's VP");
	partition = map(partition_of(child.id), "child");
	child_map_image(&child);
	check(child.id, partition[STAT_PT_PartitionId], "child: id");
	check(1, partition[STAT_PT_VirtualProcessors], "child: VPs");
	check(36, partition[STAT_PT_DepositedPages], "child: deposited pages");
	check(64,
		DELTA(partition, STAT_PT_GpaPages4K,
			(void)child_map(&child, 0, (u64)&image_header, 64, CHILD_ALL)),
		"child: pages mapped");
	child_enter_64(&child, 0, count_things);
	cpuids = vp[STAT_VP_CpuidInstructionsCount];
	child_start(&child, 0);
	check(1, child_finish(&child), "child: runs");
	check(N, vp[STAT_VP_CpuidInstructionsCount] - cpuids, "child: CPUIDs");
	check(11, vp[STAT_VP_IoInstructionsCount], "child: ports");
	check(11, vp[STAT_VP_IoInterceptMessages], "child: port messages");
	check(0, vp[STAT_VP_MemoryInterceptMessages], "child: no memory messages");
	child_skip(&child, 0);
	check(HVMSG_GPA_INTERCEPT, child_wait_type(&child), "child: touches what is not there");
	check(1, vp[STAT_VP_MemoryInterceptMessages], "child: one memory message");
	check_that(vp[STAT_VP_TotalRunTime] > 0, vp[STAT_VP_TotalRunTime], "child: run time");
	check(1, child_destroy(&child), "child: taken apart, pages mapped or not");
	check(partitions, hypervisor[STAT_HV_Partitions], "as many partitions as before");
	check(vps, hypervisor[STAT_HV_VirtualProcessors], "as many VPs as before");
}

void test_main(void)
{
	const volatile u64 *vp, *lp, *hypervisor, *partition;

	interrupt_handle(VECTOR, interrupt_count);
	(void)hypercall_raw(HVCALL_GET_PARTITION_ID, 0, (u64)hypercall_output);
	memcpy(&own_id, hypercall_output, sizeof(own_id));
	check(0, pages_deposit(HV_PARTITION_ID_SELF, 8), "deposit");
	vp = map(vp_of(own_id, 0), "VP");
	lp = map((struct hv_input_map_stats_page){.type = HV_STATS_OBJECT_LOGICAL_PROCESSOR}, "LP");
	hypervisor = map(
		(struct hv_input_map_stats_page){.type = HV_STATS_OBJECT_HYPERVISOR}, "hypervisor");
	partition = map(partition_of(own_id), "partition");
	check(image_header.lp_count, hypervisor[STAT_HV_LogicalProcessors], "logical processors");
	check(image_header.lp_count, partition[STAT_PT_VirtualProcessors], "the root's VPs");
	check(own_id, partition[STAT_PT_PartitionId], "the root's id");
	check_counts(vp);
	check_times(vp, lp);
	check_protection(vp);
	check_over(own_id, vp);
	child_listen();
	check_child(hypervisor);
	check_own();
}
