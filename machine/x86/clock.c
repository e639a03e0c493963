/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How fast do the TSC and the APIC timer count? Both are measured at once against a clock of known
 * frequency: the ACPI PM timer (ACPI 6.5 §4.8.3.3) or else channel 2 of the 8254 timer.
 */
#include "machine/x86/cpu.h"
#include "machine/x86/x86.h"
#include "core/log.h"

#define PM_TIMER_HZ 3579545
#define PIT_HZ	    1193182

#define PIT_CHANNEL_2	    0x42
#define PIT_COMMAND	    0x43
#define PIT_2_COUNT_DOWN    0xb0 /* channel 2, both bytes, mode 0 */
#define PIT_2_LATCH	    0x80
#define SYSTEM_CONTROL_PORT 0x61
#define SYSTEM_PIT_2_GATE   0x01
#define SYSTEM_SPEAKER	    0x02

#define MEASURE_DIVISOR 25 /* for 1/25 s; the 8254 counts for 1/18 s */
#define READ_ATTEMPTS	10
#define STUCK_TSC	(1ull << 34) /* seconds on any processor */

struct reference {
	u32 hz;
	u32 mask;
};

/* One instant on all three clocks. */
struct instant {
	u64 tsc;
	u32 reference;
	u32 apic;
};

static u32 pit_read(void)
{
	u32 low;

	port_write_8(PIT_COMMAND, PIT_2_LATCH);
	low = port_read_8(PIT_CHANNEL_2);
	return low | (u32)port_read_8(PIT_CHANNEL_2) << 8;
}

static void pit_start(void)
{
	u8 control = port_read_8(SYSTEM_CONTROL_PORT) & (u8)~SYSTEM_SPEAKER;

	port_write_8(SYSTEM_CONTROL_PORT, control | SYSTEM_PIT_2_GATE);
	port_write_8(PIT_COMMAND, PIT_2_COUNT_DOWN);
	port_write_8(PIT_CHANNEL_2, 0xff);
	port_write_8(PIT_CHANNEL_2, 0xff);
}

/* Counts up, whichever clock it is. */
static u32 reference_read(void)
{
	return acpi.pm_timer_port ? port_read_32(acpi.pm_timer_port) : ~pit_read();
}

/* The quickest of several readings: others have been interrupted by firmware or by our host. */
static struct instant instant_read(void)
{
	struct instant best = {0};
	u64 best_time = ~0ull;
	u32 attempt;

	for (attempt = 0; attempt < READ_ATTEMPTS; attempt++) {
		u64 before = cpu_tsc();
		u32 reference = reference_read();
		u32 apic = apic_timer_read();
		u64 after = cpu_tsc();

		if (after - before < best_time) {
			best_time = after - before;
			best = (struct instant){before + best_time / 2, reference, apic};
		}
	}
	return best;
}

/* False if the reference clock stands still. */
static bool measure(struct reference reference)
{
	struct instant start, now;
	u32 target = reference.hz / MEASURE_DIVISOR;
	u64 counts, tsc;

	apic_timer_run_free();
	start = instant_read();
	do {
		now = instant_read();
		counts = (now.reference - start.reference) & reference.mask;
		tsc = now.tsc - start.tsc;
		if (tsc > STUCK_TSC)
			return false;
	} while (counts < target);
	machine.tsc_hz = multiply_divide(tsc, reference.hz, counts);
	apic_timer_calibrated(start.apic - now.apic, tsc);
	return true;
}

void clock_calibrate(void)
{
	struct reference pm_timer = {PM_TIMER_HZ, acpi.pm_timer_mask};
	struct reference pit = {PIT_HZ, 0xffff};

	if (acpi.pm_timer_port && measure(pm_timer))
		return;
	log_warning("no working ACPI PM timer; calibrating with the 8254");
	acpi.pm_timer_port = 0;
	pit_start();
	if (!measure(pit))
		panic("neither the ACPI PM timer nor the 8254 counts");
}

void clock_wait_us(u64 us)
{
	u64 start = cpu_tsc();
	u64 ticks = us * (machine.tsc_hz / 1000000);

	while (cpu_tsc() - start < ticks)
		cpu_relax();
}

u64 machine_tsc(void)
{
	return cpu_tsc();
}
