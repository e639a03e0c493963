/* SPDX-License-Identifier: BSD-2-Clause */
/* machine/machine.h for host tests: records what it is told and does nothing else. */
#include "tests/host/fake_machine.h"

#include "core/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

struct machine machine;
struct fake_machine fake;

static u8 *ram;

/* A fresh mapping is zero, costs only the pages that a test touches, and faults outside. */
static void reset_ram(void)
{
	if (ram)
		munmap(ram, FAKE_RAM_SIZE);
	ram = mmap(NULL, FAKE_RAM_SIZE, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (ram == MAP_FAILED) {
		perror("fake RAM");
		abort();
	}
}

/* A processor with AVX-512 and protection keys; extended states as on real ones. */
static const struct fake_cpuid default_cpuid[] = {
	{0x00000000, 0, {0x0d, 0x68747541, 0x444d4163, 0x69746e65}},
	{0x00000001, 0, {0x00a20f10, 0x00040800, 0xfffaffff, 0x178bfbff}},
	{0x00000005, 0, {0x40, 0x40, 3, 0x11}},
	{0x00000007, 0, {0, 0xffffffff, 0x0040000c, 0}},
	{0x0000000a, 0, {0x04300404, 0, 0, 0}},
	{0x0000000d, 0, {0x2e7, 2696, 2696, 0}},
	{0x0000000d, 2, {256, 576, 0, 0}},
	{0x0000000d, 5, {64, 1088, 0, 0}},
	{0x0000000d, 6, {512, 1152, 2, 0}},
	{0x0000000d, 7, {1024, 1664, 0, 0}},
	{0x0000000d, 9, {8, 2688, 0, 0}},
	{0x80000000, 0, {0x8000001f, 0, 0, 0}},
	{0x80000001, 0, {0, 0, 0x35c237ff, 0x2fd3fbff}},
	{0x80000008, 0, {0x3028, 0, 0, 0}},
	{0x8000000a, 0, {1, 0x8000, 0, 0x119b9cff}},
	{0x8000001f, 0, {3, 0, 0, 0}},
};

void fake_machine_reset(void)
{
	memset(&fake, 0, sizeof(fake));
	memset(&machine, 0, sizeof(machine));
	machine.lp_count = 4;
	for (u32 i = 0; i < MAX_LPS; i++) {
		machine.lps[i].apic_id = i;
		machine.lps[i].core = i;
		fake.lps[i].timer_tsc = FAKE_TIMER_NOT_ARMED;
	}
	machine.tsc_hz = FAKE_TSC_HZ;
	machine.ram_end = FAKE_RAM_SIZE;
	machine.boot.command_line = "";
	machine.boot.range_count = 1;
	machine.boot.ranges[0] = (struct memory_range){0, FAKE_RAM_SIZE, MEMORY_RAM};
	fake.cpuid_count = ARRAY_SIZE(default_cpuid);
	memcpy(fake.cpuid, default_cpuid, sizeof(default_cpuid));
	reset_ram();
}

static struct fake_cpuid *find_cpuid(u32 leaf, u32 subleaf)
{
	for (u32 i = 0; i < fake.cpuid_count; i++)
		if (fake.cpuid[i].leaf == leaf && fake.cpuid[i].subleaf == subleaf)
			return &fake.cpuid[i];
	return NULL;
}

void fake_cpuid(u32 leaf, u32 subleaf, u32 eax, u32 ebx, u32 ecx, u32 edx)
{
	struct fake_cpuid *row = find_cpuid(leaf, subleaf);

	if (!row && fake.cpuid_count == FAKE_CPUID_MAX)
		abort();
	if (!row)
		row = &fake.cpuid[fake.cpuid_count++];
	*row = (struct fake_cpuid){leaf, subleaf, {eax, ebx, ecx, edx}};
}

/* Only leaves 4, 7, 13 and 0x8000001d have subleaves. */
void machine_cpuid(u32 leaf, u32 subleaf, u32 out[4])
{
	bool indexed = leaf == 4 || leaf == 7 || leaf == 13 || leaf == 0x8000001d;
	const struct fake_cpuid *row = find_cpuid(leaf, indexed ? subleaf : 0);

	memset(out, 0, 4 * sizeof(u32));
	if (row)
		memcpy(out, row->out, sizeof(row->out));
}

static void bad_use(const char *what, u64 value)
{
	printf("fake machine: %s 0x%llx\n", what, (unsigned long long)value);
	abort();
}

void fake_interrupt(u32 lp, u8 vector, bool level)
{
	struct fake_lp *to = &fake.lps[lp];

	if (to->pending_count == FAKE_PENDING_MAX)
		bad_use("too many pending interrupts, vector", vector);
	to->pending[to->pending_count++] = vector;
	if (level)
		to->level[vector / 64] |= BIT(vector % 64);
	else
		to->level[vector / 64] &= ~BIT(vector % 64);
}

static _Noreturn void end(enum fake_end how)
{
	if (!fake.catches_end)
		bad_use("ended unexpectedly, way", how);
	fake.end = how;
	longjmp(fake.on_end, 1);
}

void machine_start_lps(void (*entry)(u32 lp_index))
{
	fake.lp_entry = entry;
	if (fake.catches_end)
		end(FAKE_STARTED);
}

/* On paper no second processor starts. */
void machine_leave_boot_processor(void (*next)(void))
{
	(void)next;
	fake.leaves++;
}

u32 machine_lp_index(void)
{
	return fake.lp;
}

u64 machine_tsc(void)
{
	u64 now = fake.tsc;

	fake.tsc += fake.tsc_step;
	return now;
}

void machine_timer_arm(u64 tsc)
{
	fake.lps[fake.lp].timer_tsc = tsc;
	fake.lps[fake.lp].timer_arms++;
}

void machine_kick(u32 lp_index)
{
	fake.lps[lp_index].kicks++;
}

void machine_nmi(u32 lp_index)
{
	fake.lps[lp_index].nmis++;
}

void machine_end_interrupt(void)
{
	fake.lps[fake.lp].ends++;
}

/* Level-triggered vectors stay in service until the test takes them back. */
int machine_highest_in_service(void)
{
	for (int vector = 255; vector >= 0; vector--)
		if (fake.lps[fake.lp].level[vector / 64] & BIT(vector % 64))
			return vector;
	return -1;
}

void machine_write_back(void)
{
}

bool machine_interrupt_is_level(u8 vector)
{
	return fake.lps[fake.lp].level[vector / 64] & BIT(vector % 64);
}

/* Used when core/lp.c is not part of the test program. */
__attribute__((weak)) void lp_physical_interrupt(u8 vector)
{
	struct fake_lp *lp = &fake.lps[fake.lp];

	if (lp->taken_count < FAKE_PENDING_MAX)
		lp->taken[lp->taken_count++] = vector;
}

__attribute__((weak)) void lp_physical_nmi(void)
{
}

void machine_take_interrupts(void)
{
	struct fake_lp *lp = &fake.lps[fake.lp];
	u8 pending[FAKE_PENDING_MAX];
	u32 count = lp->pending_count;

	memcpy(pending, lp->pending, sizeof(pending));
	lp->pending_count = 0;
	for (u32 i = 0; i < count; i++)
		lp_physical_interrupt(pending[i]);
}

void machine_idle(void)
{
	fake.lps[fake.lp].idles++;
	fake.tsc += fake.idle_ticks;
	machine_take_interrupts();
}

void machine_relax(void)
{
	if (fake.relaxes++ == FAKE_RELAX_LIMIT)
		bad_use("waits for ever, LP", fake.lp);
	if (fake.on_relax)
		fake.on_relax();
}

void *machine_ram(u64 spa)
{
	if (spa >= FAKE_RAM_SIZE)
		bad_use("no RAM at", spa);
	return ram + spa;
}

u64 machine_spa(const void *pointer)
{
	u64 spa = (u64)((const u8 *)pointer - ram);

	if (spa >= FAKE_RAM_SIZE)
		bad_use("not in RAM:", (u64)(uintptr_t)pointer);
	return spa;
}

void machine_map_final(void)
{
}

void machine_console(char c)
{
	if (fake.console_length + 1 < FAKE_CONSOLE_SIZE)
		fake.console[fake.console_length++] = c;
}

_Noreturn void machine_sleep(u8 pm1a_type, u8 pm1b_type)
{
	fake.sleep_types[0] = pm1a_type;
	fake.sleep_types[1] = pm1b_type;
	end(FAKE_SLEPT);
}

_Noreturn void machine_reset(void)
{
	end(FAKE_WAS_RESET);
}

_Noreturn void machine_stop(void)
{
	if (!fake.catches_end)
		printf("%s", fake.console);
	end(FAKE_STOPPED);
}

void machine_stop_others(void)
{
	fake.stopped_others++;
}

void machine_backtrace(void)
{
}

/* Stands in for panic() everywhere but in core/log.c itself (see HOST_LDFLAGS). */
_Noreturn void __wrap_panic(const char *format, ...);

_Noreturn void __wrap_panic(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(fake.panic, sizeof(fake.panic), format, arguments);
	va_end(arguments);
	if (!fake.catches_end)
		printf("panic: %s\n", fake.panic);
	end(FAKE_PANICKED);
}
