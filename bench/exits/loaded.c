/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How late an interrupt comes to the root while children want all of the LP: a device's, which the
 * HPET sends through the I/O APIC when its counter reaches a value, and the root's own timer's.
 * Everything counts: setting the device, the switch from a child, the choice, the injection.
 *
 * And what it costs to let the next child have its turn, from the intercept of the timer to the
 * entry of the other, by the hypervisor's own account of its time, with few children and many.
 */
#include "abi/hv_cpuid.h"
#include "abi/hv_msr.h"
#include "abi/hv_stats.h"
#include "bench/exits/loops.h"
#include "core/lib/string.h"
#include "tests/emulator/lib/apic.h"
#include "tests/emulator/lib/child.h"
#include "tests/emulator/lib/cpu.h"
#include "tests/emulator/lib/hypercall.h"
#include "tests/emulator/lib/pages.h"
#include "tests/emulator/lib/processor.h"
#include "tests/emulator/lib/report.h"

#define CHILDREN      4
#define MANY	      64
#define DEVICE_VECTOR 0x43
/* Time in which children take turns: fifty slices of the scheduler's. */
#define TURNS_NS 200000000ul

/* I/O APIC: an index register and a window (Intel 82093AA). */
#define IOAPIC	   0xfec00000ul
#define IOAPIC_PIN 16
#define IOAPIC_RTE (0x10 + 2 * IOAPIC_PIN)

/* HPET: registers of IA-PC HPET 1.0a, times in ticks of 10 ns here. */
#define HPET		0xfed00000ul
#define HPET_PERIOD	(HPET + 0x04) /* femtoseconds a tick */
#define HPET_CONFIG	(HPET + 0x10)
#define HPET_COUNTER	(HPET + 0xf0)
#define HPET_TIMER_0	(HPET + 0x100)
#define HPET_AT		(HPET + 0x108)
#define TIMER_INTERRUPT BIT(2)
#define TIMER_32_BIT	BIT(8)
#define TIMER_ROUTE	9 /* shift: the I/O APIC's pin */
#define TICK_NS		10

static volatile u64 spun;
static u64 longest; /* of the turns of a round */

static volatile u32 *at(u64 address)
{
	return (volatile u32 *)address;
}

static void spin(void)
{
	for (;;)
		spun++;
}

static u64 device_late(void)
{
	u64 start = tsc();

	*at(HPET_AT) = *at(HPET_COUNTER) + TIMER_NS / TICK_NS;
	interrupts_wait();
	return tsc() - start - TIMER_NS;
}

static u64 run_device(u32 turns)
{
	u64 late = 0;

	longest = 0;
	for (u32 i = 0; i < turns; i++) {
		u64 one = device_late();

		late += one;
		longest = MAX(longest, one);
	}
	return late;
}

static u64 run_device_longest(u32 turns)
{
	(void)run_device(turns);
	return longest * turns;
}

static const struct operation device = {"device", TIMER_TURNS, run_device};
static const struct operation loaded[] = {
	{"device-loaded", TIMER_TURNS, run_device},
	{"device-loaded-longest", TIMER_TURNS, run_device_longest},
	{"timer-loaded", TIMER_TURNS, run_apic_timer},
};

/* The pin as the hypervisor says that it is to be programmed. */
static void route(void)
{
	const struct hv_output_map_device_interrupt *out = (const void *)hypercall_output;
	struct hv_input_map_device_interrupt in = {
		.partition_id = HV_PARTITION_ID_SELF,
		.device_id = (u64)HV_DEVICE_TYPE_IOAPIC << HV_DEVICE_ID_TYPE_SHIFT,
		.interrupt_descriptor = {.vector_count = 1,
			.target = {.vector = DEVICE_VECTOR, .vp_mask = 1}},
	};

	if (hypercall(HVCALL_MAP_DEVICE_INTERRUPT, &in, sizeof(in)) != HV_STATUS_SUCCESS)
		give_up("cannot map the device's interrupt");
	*at(IOAPIC) = IOAPIC_RTE + 1;
	*at(IOAPIC + 0x10) = (u32)(out->interrupt_entry.ioapic_rte >> 32);
	*at(IOAPIC) = IOAPIC_RTE;
	*at(IOAPIC + 0x10) = (u32)out->interrupt_entry.ioapic_rte;
}

static void prepare_device(void)
{
	if (*at(HPET_PERIOD) != TICK_NS * 1000000)
		give_up("an HPET with a period of %u fs", *at(HPET_PERIOD));
	interrupt_handle(DEVICE_VECTOR, interrupt_count);
	route();
	*at(HPET_TIMER_0) = TIMER_INTERRUPT | TIMER_32_BIT | IOAPIC_PIN << TIMER_ROUTE;
	*at(HPET_CONFIG) = 1;
}

static void begin(struct child *child)
{
	child_create(child, HV_SYNTHETIC_FEATURE_HYPERVISOR_PRESENT | HV_SYNTHETIC_FEATURE_HV1);
	child_add_vp(child, 0);
	child_map_image(child);
	child_enter_64(child, 0, spin);
	child_start(child, 0);
}

static const volatile u64 *lp_page(void)
{
	struct hv_input_map_stats_page object = {.type = HV_STATS_OBJECT_LOGICAL_PROCESSOR};
	u64 page = 0;

	pages_deposit(HV_PARTITION_ID_SELF, 1);
	if (hypercall(HVCALL_MAP_STATS_PAGE, &object, sizeof(object)) != HV_STATUS_SUCCESS)
		give_up("no statistics of the LP");
	memcpy(&page, hypercall_output, sizeof(page));
	return (const volatile u64 *)(page << PAGE_SHIFT);
}

/* Hundredths of instructions a switch; the root sleeps. The time is in 100 ns. */
static u64 price_of_switch(const volatile u64 *lp)
{
	u64 time = lp[STAT_LP_HypervisorRunTime], switches = lp[STAT_LP_ContextSwitches];

	msr_write(APIC_LVT_TIMER, TIMER_VECTOR);
	msr_write(APIC_INITIAL_COUNT,
		msr_read(HV_X64_MSR_APIC_FREQUENCY) / 1000 * (TURNS_NS / 1000000));
	interrupts_wait();
	switches = lp[STAT_LP_ContextSwitches] - switches;
	return (lp[STAT_LP_HypervisorRunTime] - time) * 100 * 100 / MAX(switches, 1);
}

static void measure_switches(struct child *children)
{
	const volatile u64 *lp = lp_page();

	print_result("root", "switch-few", price_of_switch(lp));
	for (u32 i = CHILDREN; i < MANY; i++)
		begin(&children[i]);
	print_result("root", "switch-many", price_of_switch(lp));
	for (u32 i = CHILDREN; i < MANY; i++)
		check_quietly(true, child_destroy(&children[i]), "end of a child");
}

void measure_loaded(void)
{
	static struct child children[MANY];
	u64 before;

	prepare_device();
	print_result("root", device.name, measure(&device));
	for (u32 i = 0; i < CHILDREN; i++)
		begin(&children[i]);
	for (u32 i = 0; i < ARRAY_SIZE(loaded); i++) {
		before = spun;
		print_result("root", loaded[i].name, measure(&loaded[i]));
		/* A tenth of the time, at least, is the children's: three instructions or more a
		 * turn. */
		check_quietly(true, spun - before > ROUNDS * TIMER_TURNS * TIMER_NS / 50,
			"children work meanwhile");
	}
	measure_switches(children);
	for (u32 i = 0; i < CHILDREN; i++)
		check_quietly(true, child_destroy(&children[i]), "end of a child");
}
