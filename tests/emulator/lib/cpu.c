/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/emulator/lib/cpu.h"

#include "abi/hv_msr.h"
#include "core/lib/string.h"
#include "tests/emulator/lib/apic.h"
#include "tests/emulator/lib/report.h"

#define MSR_GS_BASE	0xc0000101
#define STARTUP_ADDRESS 0x8000ul
#define VECTOR_RETURN	0x80

struct gate {
	u16 low;
	u16 selector;
	u16 attributes;
	u16 middle;
	u32 high;
	u32 reserved;
};

struct task_state {
	u32 reserved;
	u64 stacks[3];
	u32 rest[19];
} __attribute__((packed));

struct fixup {
	u64 rip;
	u64 resume;
};

void cpu_entry(u32 index);
void interrupt_arrived(struct frame *frame);
void excursion_enter(u64 *saved_rsp, u64 cs, u64 ss, u64 rip, u64 rsp);

extern u8 vector_entries[256][16];
extern u8 startup_code[], startup_code_end[];
extern u8 excursion_return[];
extern u8 cpu_stacks[MAX_CPUS][16384];
extern u64 gdt[];
extern const struct fixup fixups_start[], fixups_end[];

struct cpu cpus[MAX_CPUS];

static struct gate idt[256] __attribute__((aligned(16)));
static struct task_state tasks[MAX_CPUS];
static u8 interrupt_stacks[MAX_CPUS][8192] __attribute__((aligned(16)));
static u8 user_stack[8192] __attribute__((aligned(16)));
static interrupt_handler *handlers[256];

/* ---- Exceptions and interrupts ---- */

void interrupt_handle(u8 vector, interrupt_handler *handler)
{
	handlers[vector] = handler;
}

void interrupt_count(struct frame *frame)
{
	struct cpu *cpu = this_cpu();

	cpu->count[frame->vector]++;
	cpu->order[cpu->order_count++ % sizeof(cpu->order)] = (u8)frame->vector;
	if (frame->vector >= 32)
		apic_end();
}

void interrupt_forget(void)
{
	struct cpu *cpu = this_cpu();

	for (u32 i = 0; i < 256; i++)
		cpu->count[i] = 0;
	cpu->order_count = 0;
}

static u64 fault_address(void)
{
	u64 value;

	__asm__ volatile("mov %%cr2, %0" : "=r"(value));
	return value;
}

static bool fixup(struct frame *frame)
{
	for (const struct fixup *f = fixups_start; f < fixups_end; f++) {
		if (f->rip != frame->rip)
			continue;
		frame->rip = f->resume;
		frame->r11 = frame->vector;
		return true;
	}
	return false;
}

static void end_excursion(struct cpu *cpu, struct frame *frame)
{
	frame->rip = (u64)excursion_return;
	frame->cs = CODE_64;
	frame->ss = DATA;
	frame->rsp = cpu->excursion_rsp;
	frame->rflags = 2;
	cpu->excursion_rsp = 0;
}

void interrupt_arrived(struct frame *frame)
{
	struct cpu *cpu = this_cpu();

	if (handlers[frame->vector]) {
		handlers[frame->vector](frame);
		return;
	}
	cpu->fault_vector = (u32)frame->vector;
	cpu->fault_error = frame->error;
	cpu->fault_address = fault_address();
	if (cpu->excursion_rsp)
		end_excursion(cpu, frame);
	else if (!fixup(frame))
		give_up("processor %u: unexpected vector %lu error 0x%lx at 0x%lx address 0x%lx",
			cpu->index, frame->vector, frame->error, frame->rip, cpu->fault_address);
}

u32 excursion(u64 cs, u64 ss, u64 rip)
{
	struct cpu *cpu = this_cpu();

	excursion_enter(&cpu->excursion_rsp, cs, ss, rip, (u64)user_stack + sizeof(user_stack));
	return cpu->fault_vector;
}

/* ---- Preparation ---- */

static void fill_idt(void)
{
	for (u32 i = 0; i < 256; i++) {
		u64 entry = (u64)vector_entries[i];
		u16 user = i == VECTOR_RETURN ? 0x6000 : 0;

		idt[i] = (struct gate){(u16)entry, CODE_64, 0x8e00 | user, (u16)(entry >> 16),
			(u32)(entry >> 32), 0};
	}
}

static void load_task(u32 index)
{
	u64 base = (u64)&tasks[index];
	u64 *descriptor = &gdt[6 + 2 * index];
	u16 selector = (u16)(0x30 + 16 * index);

	tasks[index].stacks[0] = (u64)interrupt_stacks[index] + sizeof(interrupt_stacks[index]);
	descriptor[0] = 0x0000890000000067ull | (base & 0xffffff) << 16 | (base >> 24 & 0xff) << 56;
	descriptor[1] = base >> 32;
	__asm__ volatile("ltr %0" : : "r"(selector));
}

/* The GDT holds task states for 16 processors, of which the last 8 are virtual ones of children. */
void cpu_prepare(u32 index)
{
	struct cpu *cpu = &cpus[index];
	struct {
		u16 limit;
		u64 base;
	} __attribute__((packed)) table = {sizeof(idt) - 1, (u64)idt};

	cpu->self = cpu;
	cpu->index = index;
	msr_write(MSR_GS_BASE, (u64)cpu);
	__asm__ volatile("lidt %0" : : "m"(table));
	load_task(index);
}

static void apic_prepare(void)
{
	msr_write(APIC_SPURIOUS, 0x1ff);
	msr_write(APIC_TPR, 0);
}

static _Noreturn void work_loop(struct cpu *cpu)
{
	cpu->starts++;
	atomic_store(&cpu->online, true);
	interrupts_on();
	for (;;) {
		void (*work)(void *) = cpu->work;

		if (work) {
			work(cpu->work_argument);
			cpu->work = NULL;
		}
		relax();
	}
}

void cpu_entry(u32 index)
{
	if (index == 0)
		fill_idt();
	cpu_prepare(index);
	apic_prepare();
	if (index)
		work_loop(&cpus[index]);
	test_main();
	finish();
}

u32 cpu_apic_id(u32 index)
{
	return (u32)image_header.first_apic_id + index;
}

bool cpu_start(u32 index)
{
	memcpy((void *)STARTUP_ADDRESS, startup_code, (u64)(startup_code_end - startup_code));
	cpus[index].online = false;
	cpus[index].work = NULL;
	apic_send(cpu_apic_id(index), ICR_INIT | ICR_ASSERT);
	wait_100ns(100000);
	apic_send(cpu_apic_id(index), ICR_STARTUP | ICR_ASSERT | STARTUP_ADDRESS >> 12);
	return WAIT_FOR(atomic_load(&cpus[index].online));
}

void cpu_post(u32 index, void (*work)(void *argument), void *argument)
{
	cpus[index].work_argument = argument;
	cpus[index].work = work;
}

bool cpu_wait_idle(u32 index)
{
	return WAIT_FOR(!cpus[index].work);
}

/* ---- Time ---- */

u64 time_100ns(void)
{
	return msr_read(HV_X64_MSR_TIME_REF_COUNT);
}

void wait_100ns(u64 time)
{
	u64 end = time_100ns() + time;

	while (time_100ns() < end)
		relax();
}
