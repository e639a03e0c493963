/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Starting the other LPs: INIT, then startup interrupts that point at a page below 1 MiB
 * (APM vol. 2 §16.5). One LP at a time, because they share boot_start; then all go at once.
 */
#include "machine/x86/cpu.h"
#include "machine/x86/x86.h"
#include "core/lib/string.h"
#include "core/log.h"

#define LOW_MEMORY_END 0xa0000

#define AFTER_INIT_US	 10000
#define AFTER_STARTUP_US 200
#define ALIVE_TIMEOUT_US 1000000
#define ALIVE_POLL_US	 10

extern const u8 trampoline_start[], trampoline_end[];

static void (*lp_entry)(u32 lp_index); /* null until all LPs are there */

/* The processor that runs this becomes LP `index`. */
static void become(u32 index)
{
	segments_load(index);
	machine_x86_control_registers();
	apic_enable();
	locals[index].alive_tsc = cpu_tsc();
	atomic_store(&locals[index].alive, true);
}

static _Noreturn void lp_main(void)
{
	u32 index = (u32)boot_start.lp_index;
	void (*entry)(u32 lp_index);

	become(index);
	/* Pairs with the store in machine_start_lps(). */
	while (!(entry = atomic_load(&lp_entry)))
		cpu_relax();
	entry(index);
	panic("LP %u came back from its entry function", index);
}

/* The highest page of RAM that a startup interrupt can point at; its contents are kept. */
static u64 trampoline_page(void)
{
	u64 best = 0;
	u32 i;

	for (i = 0; i < machine.boot.range_count; i++) {
		const struct memory_range *range = &machine.boot.ranges[i];
		u64 end = ALIGN_DOWN(MIN(range->end, LOW_MEMORY_END), PAGE_SIZE);

		if (range->kind == MEMORY_RAM && end >= PAGE_SIZE &&
			end - PAGE_SIZE >= range->start)
			best = MAX(best, end - PAGE_SIZE);
	}
	if (!best)
		panic("no RAM below 640 KiB to start processors from");
	return best;
}

static bool wait_alive(u32 lp, u64 timeout_us)
{
	u64 waited;

	for (waited = 0; waited < timeout_us; waited += ALIVE_POLL_US) {
		if (atomic_load(&locals[lp].alive))
			return true;
		clock_wait_us(ALIVE_POLL_US);
	}
	return false;
}

static void *stack_top(u32 lp)
{
	return lp_stacks[lp].stack + STACK_SIZE;
}

/* Sends a processor, which has got INIT, to boot_start. True once it says that it is LP `lp`. */
static bool start_one(u32 lp, u32 apic_id, u64 page)
{
	u32 command = APIC_SEND_STARTUP | (u32)(page >> PAGE_SHIFT);
	u64 before = cpu_tsc();

	boot_start.lp_index = lp;
	apic_send(apic_id, command);
	if (!wait_alive(lp, AFTER_STARTUP_US)) {
		apic_send(apic_id, command);
		if (!wait_alive(lp, ALIVE_TIMEOUT_US)) {
			apic_send(apic_id, APIC_SEND_INIT); /* it must not come later */
			return false;
		}
	}
	if (locals[lp].alive_tsc < before || locals[lp].alive_tsc > cpu_tsc())
		log_warning("LP %u: its time stamp counter differs from LP 0's", lp);
	return true;
}

static u8 kept[PAGE_SIZE];

static u64 trampoline_place(void (*function)(void))
{
	u64 page = trampoline_page();

	memcpy(kept, machine_ram(page), sizeof(kept));
	memcpy(machine_ram(page), trampoline_start, (size_t)(trampoline_end - trampoline_start));
	boot_start.function = (u64)function;
	return page;
}

static void trampoline_remove(u64 page)
{
	memcpy(machine_ram(page), kept, sizeof(kept));
}

static void start_all(void)
{
	u64 page = trampoline_place(lp_main);
	u32 lp;

	for (lp = 1; lp < machine.lp_count; lp++)
		apic_send(machine.lps[lp].apic_id, APIC_SEND_INIT);
	clock_wait_us(AFTER_INIT_US);
	for (lp = 1; lp < machine.lp_count; lp++) {
		boot_start.stack = (u64)stack_top(lp);
		if (!start_one(lp, machine.lps[lp].apic_id, page))
			break;
	}
	if (lp < machine.lp_count) {
		/* LP index = Linux's processor number, so no gaps: go on with those before it. */
		log_warning("LP %u (APIC id %u) does not start; using %u of %u processors", lp,
			machine.lps[lp].apic_id, lp, machine.lp_count);
		machine.lp_count = lp;
	}
	trampoline_remove(page);
}

void machine_start_lps(void (*entry)(u32 lp_index))
{
	if (machine.lp_count > 1)
		start_all();
	atomic_store(&lp_entry, entry);
}

static void (*after_leaving)(void);
static bool boot_processor_gone;

/* On the processor that takes over, on the stack of an LP that is not there yet. */
static _Noreturn void take_over(void)
{
	become(0);
	while (!atomic_load(&boot_processor_gone))
		cpu_relax();
	/* From here on LP 0's stack has no other user. */
	__asm__ volatile("mov %0, %%rsp; xor %%ebp, %%ebp; call *%1; ud2"
			 :
			 : "r"(stack_top(0)), "r"(after_leaving)
			 : "memory");
	__builtin_unreachable();
}

void machine_leave_boot_processor(void (*next)(void))
{
	u32 apic_id = machine.lps[0].apic_id;
	u64 page = trampoline_place((void (*)(void))take_over);
	bool started;

	after_leaving = next;
	boot_start.stack = (u64)stack_top(1);
	atomic_store(&locals[0].alive, false);
	apic_send(machine.lps[1].apic_id, APIC_SEND_INIT);
	clock_wait_us(AFTER_INIT_US);
	started = start_one(0, machine.lps[1].apic_id, page);
	trampoline_remove(page);
	if (!started) {
		atomic_store(&locals[0].alive, true);
		log_warning("APIC id %u does not start: the boot processor stays",
			machine.lps[1].apic_id);
		return;
	}
	acpi_hide_processor(apic_id);
	machine.lp_count--;
	memmove(&machine.lps[0], &machine.lps[1], machine.lp_count * sizeof(machine.lps[0]));
	apic_disable();
	/* Nothing but the flag may be written from here on: the stack is another's then. */
	__asm__ volatile("cli; movb $1, %0; 1: hlt; jmp 1b"
			 : "=m"(boot_processor_gone)
			 :
			 : "memory");
	__builtin_unreachable();
}
