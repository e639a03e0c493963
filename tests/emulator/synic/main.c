/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The interface that an enlightened child sees: its SynIC, and the calls that it makes itself.
 *
 * What: SIM, SIEF and assist pages that cover the child's memory; synthetic timers that speak by
 * message; messages and events from the parent and to it; HvCallStartVirtualProcessor and IPIs to
 * sparse sets among the child's processors; MSRs whose accesses the parent asked for; crash
 * registers.
 * Why: no guest of the end-to-end tests uses messages, because no VMM has a VMBus; a guest that
 * does must find what the specification says, and nobody else would notice if it did not.
 * How: the child's code is in this image, so both sides see the same variables. Pages are put where
 * the child has no memory, and where it has some that is known; messages carry numbers that say
 * whether one was lost, doubled or overtaken.
 */
#include "tests/emulator/synic/synic.h"

#include "tests/emulator/lib/apic.h"
#include "tests/emulator/lib/cpu.h"
#include "tests/emulator/lib/pages.h"
#include "tests/emulator/lib/report.h"

void begin(struct child *child, void (*function)(void))
{
	child_create(child, FEATURES);
	child_add_vp(child, 0);
	child_map_image(child);
	child_enter_64(child, 0, function);
}

bool child_step(struct child *child)
{
	return child_wait_type(child) == HVMSG_X64_IO_PORT_INTERCEPT &&
	       child_port(child, 0)->port_number == STEP_PORT;
}

void prepare_interrupts(void)
{
	msr_write(APIC_BASE, msr_read(APIC_BASE) | BIT(10));
	msr_write(APIC_SPURIOUS, 0x1ff);
	interrupt_forget();
}

void test_main(void)
{
	child_listen();
	check_timer_messages();
	check_direct_messages();
	check_ports();
	check_processors();
	check_intercepts();
	check_crash();
	check(0, (u64)pages_lent, "all deposited pages came back");
}
