/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Interrupts between the root's processors.
 *
 * What: INIT and startup interrupts, fixed interrupts and NMIs in every way of naming the
 * destination, a thousand round trips, floods from both sides.
 * Why: an IPI crosses from one logical processor to another: the request is made in the APIC of a
 * VP that runs elsewhere, sleeps elsewhere or waits for its startup, and that processor has to
 * notice. A wake-up lost between "nothing to do" and "asleep" hangs a machine once a day.
 * How: both sides count. After each exchange the counts must be equal, whichever state the other
 * processor was in: spinning, halted, with interrupts off. With one logical processor only what
 * concerns the sender itself can be checked.
 */
#include "tests/emulator/lib/apic.h"
#include "tests/emulator/lib/cpu.h"
#include "tests/emulator/lib/report.h"

#define PING 0x61
#define PONG 0x62

#define ROUNDS 1000

static volatile bool stop;
static volatile u32 inside;

static u32 count_of(u32 cpu, u8 vector)
{
	return cpus[cpu].count[vector];
}

/* ---- Alone ---- */

static void check_alone(void)
{
	interrupt_handle(PING, interrupt_count);
	interrupts_on();
	msr_write(APIC_ICR, ICR_OTHERS | PING);
	msr_write(APIC_ICR, 1ull << 32 | PING);
	msr_write(APIC_ICR, 1ull << 32 | ICR_NMI);
	interrupts_off();
	check(0, count_of(0, PING), "interrupts to nobody do not come back");
	msr_write(APIC_ICR, ICR_ALL | PING);
	interrupts_on();
	interrupts_off();
	check(1, count_of(0, PING), "everybody is the sender alone");
}

/* ---- Together ---- */

static void halt_loop(void *argument)
{
	(void)argument;
	while (!stop) {
		interrupts_wait();
		interrupts_on();
	}
}

/* Lets processor 1 execute `loop` for a while. */
static void begin(void (*loop)(void *argument))
{
	stop = false;
	cpu_post(1, loop, NULL);
}

static void end(void)
{
	stop = true;
	apic_send(cpu_apic_id(1), PING);
	check(1, cpu_wait_idle(1), "the other processor goes on");
}

static void check_forms(const char *state)
{
	u32 other = cpu_apic_id(1); /* of the first cluster */
	const struct {
		u64 command;
		const char *name;
		u32 own; /* how many the sender gets */
	} forms[] = {
		{(u64)other << 32 | PONG, "physical", 0},
		{1ull << (32 + other) | ICR_LOGICAL | PONG, "logical", 0},
		{3ull << (31 + other) | ICR_LOGICAL | PONG, "logical, both", 1},
		{ICR_OTHERS | PONG, "shorthand others", 0},
		{ICR_ALL | PONG, "shorthand all", 1},
		{0xffffffffull << 32 | PONG, "broadcast", 1},
	};

	for (u32 i = 0; i < ARRAY_SIZE(forms); i++) {
		u32 theirs = count_of(1, PONG), own = count_of(0, PONG);

		msr_write(APIC_ICR, forms[i].command);
		check(1, WAIT_FOR(count_of(1, PONG) == theirs + 1), "%s, %s: arrives", state,
			forms[i].name);
		interrupts_on();
		interrupts_off();
		check(forms[i].own, count_of(0, PONG) - own, "%s, %s: own", state, forms[i].name);
	}
}

/* Each round waits for the answer; the other processor sleeps or spins meanwhile. */
static void pong(struct frame *frame)
{
	interrupt_count(frame);
	apic_send(cpu_apic_id(0), PONG);
}

static void check_round_trips(const char *state)
{
	u32 done = 0;

	interrupt_handle(PING, pong);
	interrupts_on();
	for (u32 i = 0; i < ROUNDS; i++) {
		u32 before = count_of(0, PONG);

		apic_send(cpu_apic_id(1), PING);
		done += WAIT_FOR(count_of(0, PONG) == before + 1);
		if (done != i + 1)
			break;
	}
	interrupts_off();
	interrupt_handle(PING, interrupt_count);
	check(ROUNDS, done, "%s: %u round trips", state, ROUNDS);
}

/* ---- NMI ---- */

static void nmi(struct frame *frame)
{
	inside++;
	interrupt_count(frame);
	inside--;
}

static void check_nmis(const char *state)
{
	u32 done = 0;

	for (u32 i = 0; i < 200; i++) {
		u32 before = count_of(1, 2);

		apic_send(cpu_apic_id(1), ICR_NMI);
		done += WAIT_FOR(count_of(1, 2) == before + 1);
	}
	check(200, done, "%s: 200 NMIs", state);
	check(0, inside, "%s: NMIs do not nest", state);
}

static void closed_loop(void *argument)
{
	(void)argument;
	interrupts_off();
	while (!stop)
		relax();
	interrupts_on();
}

/* ---- Floods: both send as fast as they can; requests may merge, but the last one arrives. ---- */

static void flood_loop(void *argument)
{
	(void)argument;
	for (u32 i = 0; i < 20000 && !stop; i++)
		apic_send(cpu_apic_id(0), PONG);
}

static void check_flood(void)
{
	u32 ours = count_of(0, PONG), theirs;

	begin(flood_loop);
	interrupts_on();
	for (u32 i = 0; i < 20000; i++)
		apic_send(cpu_apic_id(1), PONG);
	check(1, cpu_wait_idle(1), "flood: the other processor has sent all");
	interrupts_off();
	check_that(count_of(0, PONG) > ours, count_of(0, PONG), "flood: interrupts arrived here");
	theirs = count_of(1, PONG);
	apic_send(cpu_apic_id(1), PONG);
	check(1, WAIT_FOR(count_of(1, PONG) > theirs), "flood: the next one arrives there");
}

static void check_restart(void)
{
	u32 starts = cpus[1].starts, before;

	begin(closed_loop);
	wait_100ns(10000);
	for (u32 i = 0; i < 20; i++)
		check_quietly(1, cpu_start(1), "restart %u", i);
	check(starts + 20, cpus[1].starts, "20 restarts by INIT and SIPI, from whatever it did");
	apic_send(cpu_apic_id(1), ICR_STARTUP | ICR_ASSERT | 8);
	/* What comes later is delivered later: then the processor has seen the other one, too. */
	before = count_of(1, PONG);
	apic_send(cpu_apic_id(1), PONG);
	check(1, WAIT_FOR(count_of(1, PONG) == before + 1),
		"a restarted processor takes interrupts");
	check(starts + 20, cpus[1].starts, "a startup interrupt without INIT is ignored");
	check(1, count_of(1, PING) >= 1, "its counters are in memory");
	apic_send(cpu_apic_id(1), ICR_INIT | ICR_ASSERT);
	wait_100ns(10000);
	apic_send(cpu_apic_id(1), PONG);
	apic_send(cpu_apic_id(1), ICR_NMI);
	wait_100ns(10000);
	check(starts + 20, cpus[1].starts, "after INIT it waits, interrupts or not");
	check(1, cpu_start(1), "and starts again");
}

void test_main(void)
{
	interrupt_handle(2, nmi);
	if (image_header.lp_count < 2) {
		check_alone();
		return;
	}
	interrupt_handle(PING, interrupt_count);
	interrupt_handle(PONG, interrupt_count);
	check(1, cpu_start(1), "processor 1 starts");
	check(1, cpus[1].index, "and has its own data");
	check_forms("spinning");
	check_round_trips("spinning");
	begin(halt_loop);
	check_forms("halted");
	check_round_trips("halted");
	check_nmis("halted");
	end();
	check_nmis("spinning");
	begin(closed_loop);
	check_nmis("interrupts off");
	end();
	check_flood();
	check_restart();
}
