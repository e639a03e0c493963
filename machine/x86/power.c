/* SPDX-License-Identifier: BSD-2-Clause */
/* Sleep states and reset (ACPI 6.5 §4.8.3.2, §4.8.3.6, §16.1). */
#include "machine/x86/cpu.h"
#include "machine/x86/x86.h"
#include "core/log.h"

#define SLEEP_TYPE_SHIFT 10
#define SLEEP_TYPE_MASK	 (7u << SLEEP_TYPE_SHIFT)
#define SLEEP_ENABLE	 (1u << 13)

#define RESET_CONTROL_PORT 0xcf9 /* of PC chipsets: 2 = hard, then 4 = now */
#define KEYBOARD_PORT	   0x64
#define KEYBOARD_RESET	   0xfe

#define WAIT_US 100000

static void control_write(u16 port, u8 type, bool go)
{
	u32 value;

	if (!port)
		return;
	value = port_read_16(port) & ~(SLEEP_TYPE_MASK | SLEEP_ENABLE);
	value |= ((u32)type << SLEEP_TYPE_SHIFT) & SLEEP_TYPE_MASK;
	port_write_16(port, (u16)(value | (go ? SLEEP_ENABLE : 0)));
}

void machine_sleep(u8 pm1a_type, u8 pm1b_type)
{
	interrupts_disable();
	control_write(machine.pm1a_control, pm1a_type, false);
	control_write(machine.pm1b_control, pm1b_type, false);
	cpu_flush_caches(); /* §16.1.1: S1 to S3 may lose them */
	control_write(machine.pm1a_control, pm1a_type, true);
	control_write(machine.pm1b_control, pm1b_type, true);
	clock_wait_us(WAIT_US);
	log_error("the machine did not enter the sleep state %u/%u", pm1a_type, pm1b_type);
	machine_stop();
}

void machine_reset(void)
{
	static const struct {
		u16 limit;
		u64 base;
	} __attribute__((packed)) no_vectors = {0, 0};

	interrupts_disable();
	if (machine.reset_port) {
		port_write_8(machine.reset_port, machine.reset_value);
		clock_wait_us(WAIT_US);
	}
	port_write_8(RESET_CONTROL_PORT, 2);
	port_write_8(RESET_CONTROL_PORT, 6);
	clock_wait_us(WAIT_US);
	port_write_8(KEYBOARD_PORT, KEYBOARD_RESET);
	clock_wait_us(WAIT_US);
	/* An exception without a vector table shuts the processor down, which resets a PC. */
	__asm__ volatile("lidt %0; ud2" : : "m"(no_vectors));
	machine_stop();
}
