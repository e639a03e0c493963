/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The interrupt descriptor table and what happens behind it: interrupts go to core/lp.c at once,
 * exceptions are bugs of ours and end in panic().
 */
#include "machine/x86/cpu.h"
#include "machine/x86/x86.h"
#include "core/log.h"

#define VECTOR_NMI	     2
#define VECTOR_DOUBLE_FAULT  8
#define VECTOR_PAGE_FAULT    14
#define VECTOR_MACHINE_CHECK 18

#define GATE_INTERRUPT 0x8e /* present, 64-bit interrupt gate: enters with IF = 0 */

/* APM vol. 2 §4.8.3. */
struct gate {
	u16 offset_0;
	u16 selector;
	u8 ist;
	u8 type;
	u16 offset_16;
	u32 offset_32;
	u32 reserved;
};

static struct gate gates[256];
static bool stopping; /* set once, by machine_stop_others() */

static const char *const exception_names[32] = {
	[0] = "#DE divide error",
	[1] = "#DB debug",
	[3] = "#BP breakpoint",
	[4] = "#OF overflow",
	[5] = "#BR bound range",
	[6] = "#UD invalid opcode",
	[7] = "#NM device not available",
	[8] = "#DF double fault",
	[10] = "#TS invalid TSS",
	[11] = "#NP segment not present",
	[12] = "#SS stack",
	[13] = "#GP general protection",
	[14] = "#PF page fault",
	[16] = "#MF x87 floating point",
	[17] = "#AC alignment check",
	[18] = "#MC machine check",
	[19] = "#XF SIMD floating point",
	[21] = "#CP control protection",
	[28] = "#HV hypervisor injection",
	[29] = "#VC VMM communication",
	[30] = "#SX security",
};

void interrupts_build(void)
{
	u32 vector;

	for (vector = 0; vector < ARRAY_SIZE(gates); vector++) {
		u64 stub = (u64)interrupt_stubs[vector];

		gates[vector] = (struct gate){
			.offset_0 = (u16)stub,
			.selector = SELECTOR_CODE,
			.type = GATE_INTERRUPT,
			.offset_16 = (u16)(stub >> 16),
			.offset_32 = (u32)(stub >> 32),
		};
	}
	gates[VECTOR_DOUBLE_FAULT].ist = 1;
	gates[VECTOR_NMI].ist = 2;
	gates[VECTOR_MACHINE_CHECK].ist = 3;
}

void interrupts_load(void)
{
	struct {
		u16 limit;
		u64 base;
	} __attribute__((packed)) pointer = {sizeof(gates) - 1, (u64)gates};

	__asm__ volatile("lidt %0" : : "m"(pointer) : "memory");
}

static void nmi_taken(void)
{
	if (READ_ONCE(stopping))
		machine_stop();
	lp_physical_nmi();
}

void interrupt_taken(u64 vector)
{
	if (vector == VECTOR_TIMER && !apic_timer_is_due())
		return;
	if (vector == VECTOR_NMI)
		nmi_taken();
	else if (vector != VECTOR_SPURIOUS)
		lp_physical_interrupt((u8)vector);
}

static void page_fault_panic(const struct exception_frame *frame)
{
	u64 address = cr2_read();
	const char *guard = stack_guard_name(address);

	/* A full stack: the page fault cannot be pushed either, which makes it a double fault. */
	if (guard)
		panic("overflow of the %s (vector %u, address 0x%lx)", guard, (u32)frame->vector,
			address);
	panic("%s (vector %u, error 0x%lx, address 0x%lx)", exception_names[frame->vector],
		(u32)frame->vector, frame->error, address);
}

void exception_taken(const struct exception_frame *frame)
{
	struct local *local = this_local();
	const char *name = exception_names[frame->vector];

	/* A second one while we describe the first: the report is broken, do not go round. */
	if (local->exception)
		machine_stop();
	local->exception = frame;
	if (frame->vector == VECTOR_DOUBLE_FAULT || frame->vector == VECTOR_PAGE_FAULT)
		page_fault_panic(frame);
	panic("%s (vector %u, error 0x%lx)", name ? name : "unknown exception", (u32)frame->vector,
		frame->error);
}

void machine_stop_others(void)
{
	u32 lp, self = machine_lp_index();

	atomic_store(&stopping, true);
	for (lp = 0; lp < machine.lp_count; lp++) {
		if (lp != self && atomic_load(&locals[lp].alive))
			machine_nmi(lp);
	}
}

void machine_stop(void)
{
	for (;;)
		__asm__ volatile("cli; hlt" : : : "memory");
}

void machine_take_interrupts(void)
{
	/* STI takes effect after the next instruction, hence the NOP (APM vol. 3, STI). */
	__asm__ volatile("sti; nop; cli" : : : "memory");
}

void machine_idle(void)
{
	/* No interrupt can come between STI and HLT, so none is slept through. */
	__asm__ volatile("sti; hlt; cli" : : : "memory");
}

void machine_relax(void)
{
	cpu_relax();
}
