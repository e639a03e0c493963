/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Child partitions, seen from both sides at once.
 *
 * What: a parent that uses the raw hypercalls, without Linux and without a VMM: messages of port
 * and memory intercepts, registers, suspension, interrupts, CPUID results, doorbells, messages of
 * the child's timers; and children that misbehave: parent's calls, triple faults, states that no
 * processor can be in.
 * Why: a VMM hides half of the interface, because it repairs or ignores much; an intercept with a
 * wrong instruction length or a stale register shows there as a guest that hangs next Tuesday. And
 * a child must not be able to bring down more than itself.
 * How: the child's code is known to the byte, so every field of every message can be compared with
 * what it must be; what the child reads after it was resumed shows that the parent's answer
 * arrived. The child shares our image for 64-bit code, so both sides see the same variables.
 */
#include "tests/emulator/children/children.h"

#include "tests/emulator/lib/cpu.h"
#include "tests/emulator/lib/pages.h"
#include "tests/emulator/lib/report.h"

void test_main(void)
{
	child_listen();
	check_ports();
	check_memory();
	check_registers();
	check_suspension();
	check_cpuid_results();
	check_denied_calls();
	check_faults();
	check_halt();
	check_apic();
	check_startup();
	check_doorbell();
	check_child_messages();
	check_child_events();
	check(0, (u64)pages_lent, "all deposited pages came back");
}
