/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The price of an intercept.
 *
 * Wall-clock time on an emulator says more about the emulator and its neighbours than about a
 * hypervisor. So the machine runs with a clock that counts executed instructions: one tick of the
 * TSC is one instruction of the whole machine, the hypervisor's included, and the same run gives
 * the same numbers every time. Measured is a round trip as software sees it: a loop of 1000
 * operations (timers: 100) between two readings of the TSC, divided by the turns; the median of
 * seven rounds; the instructions of the loop are not subtracted. An empty loop of three
 * instructions must read 3.00, or the clock is not what we think it is.
 *
 * Each line "bench ROLE OPERATION VALUE" is a number in hundredths; bench/run.sh compares them
 * with what other hypervisors need on the same emulated machine, and with our own bounds.
 */
#include "bench/exits/loops.h"
#include "core/lib/string.h"
#include "tests/emulator/lib/cpu.h"
#include "tests/emulator/lib/report.h"

bool chosen(const char *name)
{
	const char *at = image_header.arguments;
	u64 length = strlen(name);

	for (; *at; at++)
		if (!strncmp(at, "only=", 5))
			return !strncmp(at + 5, name, length) && (u8)at[5 + length] <= ' ';
	return true;
}

void print_result(const char *role, const char *name, u64 hundredths)
{
	print("bench %s %s %lu\n", role, name, hundredths);
}

void test_main(void)
{
	interrupt_handle(SELF_VECTOR, interrupt_count);
	interrupt_handle(TIMER_VECTOR, interrupt_count);
	for (u32 i = 0; i < operation_count; i++)
		if (chosen(operations[i].name))
			print_result("root", operations[i].name, measure(&operations[i]));
	if (chosen("child"))
		measure_child();
	if (chosen("loaded"))
		measure_loaded();
	if (chosen("logged"))
		measure_logged();
	finish();
}
