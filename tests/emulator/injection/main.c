/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Interrupts and NMIs that the hypervisor injects.
 *
 * What: IPIs of a processor to itself in every form, their order, what holds them back (RFLAGS.IF,
 * the task priority, an interrupt in service, the shadow of STI and MOV SS), NMIs and their
 * blocking until IRET.
 * Why: the local APIC is emulated; the processor only ever sees single injected events. All that
 * hardware does between "pending" and "delivered" is software here, and each rule that is missed
 * shows as a hang or a stack overflow under load and at no other time.
 * How: interrupts are made pending in a known situation and the handler notes the order, the depth
 * and the address at which it interrupted; that address tells to the instruction when delivery
 * became possible. Nothing is timed, so nothing can be late. At the end the same things happen
 * some thousand times in a row and every single interrupt must have arrived.
 */
#include "tests/emulator/lib/apic.h"
#include "tests/emulator/lib/cpu.h"
#include "tests/emulator/lib/report.h"

#define LOW    0x41
#define MIDDLE 0x61
#define HIGH   0x81
#define HIGHER 0x91

static volatile u64 interrupted_rip;
static volatile u32 depth, max_depth, count_inside;

static u32 count_of(u8 vector)
{
	return this_cpu()->count[vector];
}

static void note_rip(struct frame *frame)
{
	interrupted_rip = frame->rip;
	interrupt_count(frame);
}

static void use(interrupt_handler *handler)
{
	interrupt_handle(LOW, handler);
	interrupt_handle(MIDDLE, handler);
	interrupt_handle(HIGH, handler);
	interrupt_handle(HIGHER, handler);
	interrupt_forget();
}

/* ---- Forms of sending ---- */

static void check_send(u64 command, const char *name)
{
	use(interrupt_count);
	interrupts_on();
	msr_write(APIC_ICR, command | MIDDLE);
	interrupts_off();
	check(1, count_of(MIDDLE), "ICR: %s", name);
}

static void check_sending(void)
{
	u64 self = (u64)cpu_apic_id(this_cpu()->index) << 32;
	u64 logical = msr_read(APIC_LDR) << 32;

	check_send(self, "physical destination");
	check_send(logical | ICR_LOGICAL, "logical destination");
	check_send(ICR_SELF, "shorthand self");
	check_send(ICR_ALL, "shorthand all");
	check_send(0xffffffffull << 32, "broadcast");
	use(interrupt_count);
	interrupts_on();
	msr_write(APIC_SELF_IPI, MIDDLE);
	msr_write(APIC_ICR, ICR_OTHERS | LOW);
	msr_write(APIC_ICR, 0x77ull << 32 | LOW);
	interrupts_off();
	check(1, count_of(MIDDLE), "SELF_IPI");
	check(0, count_of(LOW),
		"shorthand others and a strange destination do not reach the sender");
}

static void check_illegal_vector(void)
{
	msr_write(APIC_ESR, 0);
	msr_write(APIC_SELF_IPI, 5);
	msr_write(APIC_ESR, 0);
	check_that(msr_read(APIC_ESR) & 0x60, msr_read(APIC_ESR), "vector 5 is an error in ESR");
	msr_write(APIC_ESR, 0);
	check(0, msr_read(APIC_ESR), "ESR is empty again");
}

/* ---- Order ---- */

static void check_order(void)
{
	use(interrupt_count);
	msr_write(APIC_SELF_IPI, LOW);
	msr_write(APIC_SELF_IPI, HIGH);
	msr_write(APIC_SELF_IPI, MIDDLE);
	msr_write(APIC_SELF_IPI, MIDDLE);
	check(0, this_cpu()->order_count, "nothing comes while IF is 0");
	check(1, apic_bit(APIC_IRR, HIGH), "IRR shows what waits");
	interrupts_on();
	interrupts_off();
	check(3, this_cpu()->order_count, "each vector once, also if requested twice");
	check(HIGH, this_cpu()->order[0], "the highest comes first");
	check(MIDDLE, this_cpu()->order[1], "the middle one comes second");
	check(LOW, this_cpu()->order[2], "the lowest comes last");
	check(0, apic_bit(APIC_IRR, HIGH) | apic_bit(APIC_ISR, HIGH), "nothing is left");
}

/* Interrupts of the same class and below wait for the EOI, higher ones do not. */
static void nesting_handler(struct frame *frame)
{
	if (frame->vector != HIGH) {
		interrupt_count(frame);
		return;
	}
	check(1, apic_bit(APIC_ISR, HIGH), "ISR shows what is in service");
	check(HIGH & 0xf0, msr_read(APIC_PPR), "PPR is the class in service");
	interrupts_on();
	msr_write(APIC_SELF_IPI, LOW);
	msr_write(APIC_SELF_IPI, HIGH - 1);
	msr_write(APIC_SELF_IPI, HIGHER);
	interrupts_off();
	check(0, count_of(LOW), "a lower vector waits for EOI");
	check(0, count_of(HIGH - 1), "a vector of the same class waits for EOI");
	check(1, count_of(HIGHER), "a higher vector interrupts the handler");
	interrupt_count(frame);
}

static void check_nesting(void)
{
	use(nesting_handler);
	interrupt_handle(HIGH - 1, nesting_handler);
	interrupts_on();
	msr_write(APIC_SELF_IPI, HIGH);
	interrupts_off();
	check(1, count_of(LOW), "the lower vector came after EOI");
	check(1, count_of(HIGH - 1), "the one of the same class, too");
}

/* ---- Task priority ---- */

static void check_priority(void)
{
	use(interrupt_count);
	interrupts_on();
	msr_write(APIC_TPR, HIGH & 0xf0);
	check((HIGH & 0xf0) >> 4, cr8_read(), "CR8 is the TPR");
	msr_write(APIC_SELF_IPI, MIDDLE);
	msr_write(APIC_SELF_IPI, HIGH);
	check(0, this_cpu()->order_count, "TPR holds its own class and lower ones back");
	msr_write(APIC_SELF_IPI, HIGHER);
	check(1, count_of(HIGHER), "TPR lets higher ones through");
	msr_write(APIC_TPR, MIDDLE & 0xf0);
	check(1, count_of(HIGH), "a lower TPR by MSR releases at once");
	check(0, count_of(MIDDLE), "but only what is above it");
	cr8_write(0);
	check(1, count_of(MIDDLE), "a lower TPR by CR8 releases at once");
	check(0, msr_read(APIC_TPR), "the TPR is CR8");
	interrupts_off();
}

static void check_cr8(void)
{
	u32 lost = 0;

	use(interrupt_count);
	interrupts_on();
	for (u32 i = 0; i < 500; i++) {
		cr8_write(15);
		msr_write(APIC_SELF_IPI, MIDDLE);
		lost += count_of(MIDDLE) != i;
		lost += cr8_read() != 15;
		cr8_write(9);
		cr8_write(5);
		lost += count_of(MIDDLE) != i + 1;
	}
	interrupts_off();
	check(0, lost, "500 times masked by CR8, then released");
	for (u32 i = 0; i < 500; i++) {
		cr8_write(15);
		msr_write(APIC_SELF_IPI, MIDDLE);
		cr8_write(i % 6);
		lost += count_of(MIDDLE) != 500 + i;
		interrupts_on();
		interrupts_off();
		lost += count_of(MIDDLE) != 501 + i;
	}
	check(0, lost, "500 times released by CR8 while IF is 0, then by IF");
	/* Emulators take anything unless writes are intercepted: as now, with a request waiting. */
	cr8_write(15);
	msr_write(APIC_SELF_IPI, MIDDLE);
	check(VECTOR_GP, TRY("mov %%rax, %%cr8", "a"(16ul)), "CR8 has 4 bits");
	check(15, cr8_read(), "CR8 is unchanged after the fault");
	cr8_write(0);
	interrupts_on();
	interrupts_off();
}

/* ---- Where exactly ---- */

/* Runs code with MIDDLE pending; the result is where it was interrupted. */
#define INTERRUPTED(code)                                                                          \
	({                                                                                         \
		interrupted_rip = 0;                                                               \
		__asm__ volatile(code "\nlea 2b(%%rip), %%rcx\nmov %%rcx, %[place]"                \
				 : [place] "=r"(place)                                             \
				 :                                                                 \
				 : "rax", "rbx", "rcx", "rdx", "memory", "cc");                    \
		interrupts_off();                                                                  \
		interrupted_rip;                                                                   \
	})

static void check_places(void)
{
	u64 place, rip;

	use(note_rip);
	msr_write(APIC_SELF_IPI, MIDDLE);
	rip = INTERRUPTED("sti\nnop\n2: nop\nnop");
	check(place, rip, "STI: after the next instruction");
	msr_write(APIC_SELF_IPI, MIDDLE);
	rip = INTERRUPTED("sti\nxor %%eax, %%eax\n2: nop\nnop");
	check(place, rip, "STI: after the next instruction, whichever it is");
	msr_write(APIC_SELF_IPI, MIDDLE);
	rip = INTERRUPTED("xor %%eax, %%eax\nsti\ncpuid\n2: nop\nnop");
	check(place, rip, "STI, CPUID: an intercept ends the shadow");
	msr_write(APIC_SELF_IPI, MIDDLE);
	rip = INTERRUPTED("sti\nhlt\n2: nop\nnop");
	check(place, rip, "STI, HLT: woken by what was pending");
	msr_write(APIC_SELF_IPI, MIDDLE);
	rip = INTERRUPTED("pushf\norl $0x200, (%%rsp)\npopf\n2: nop\nnop");
	check(place, rip, "POPF: at once");
	rip = INTERRUPTED(
		"mov $0x83f, %%ecx\nmov $0x61, %%eax\nxor %%edx, %%edx\nsti\nwrmsr\n2: nop\n"
		"nop");
	check(place, rip, "STI, WRMSR of a self IPI: after WRMSR");
	cr8_write(15);
	msr_write(APIC_SELF_IPI, MIDDLE);
	rip = INTERRUPTED("sti\nnop\nxor %%eax, %%eax\nmov %%ss, %%edx\nmov %%edx, %%ss\n"
			  "mov %%rax, %%cr8\n2: nop\nnop");
	check(place, rip, "MOV SS, MOV CR8: after both");
	check(7, count_of(MIDDLE), "one interrupt each time");
}

static void check_window(void)
{
	use(interrupt_count);
	msr_write(APIC_SELF_IPI, MIDDLE);
	for (u32 i = 0; i < 1000; i++)
		(void)cpuid(0, 0);
	for (volatile u32 i = 0; i < 100000; i++)
		;
	check(0, count_of(MIDDLE), "IF is 0 for long: nothing comes");
	interrupts_on();
	interrupts_off();
	check(1, count_of(MIDDLE), "then it comes");
}

/* ---- Off ---- */

static void check_software_disable(void)
{
	use(interrupt_count);
	interrupts_on();
	msr_write(APIC_SPURIOUS, 0xff);
	msr_write(APIC_SELF_IPI, MIDDLE);
	check(0, count_of(MIDDLE), "a disabled APIC delivers nothing");
	msr_write(APIC_SPURIOUS, 0x1ff);
	msr_write(APIC_SELF_IPI, HIGH);
	interrupts_off();
	check(1, count_of(HIGH), "an enabled one does");
}

/* ---- NMI ---- */

static void nmi_handler(struct frame *frame)
{
	u32 self = cpu_apic_id(this_cpu()->index);

	depth++;
	max_depth = depth > max_depth ? depth : max_depth;
	interrupt_count(frame);
	if (count_of(VECTOR_NMI) == 1) {
		apic_send(self, ICR_NMI);
		apic_send(self, ICR_NMI);
		(void)cpuid(0, 0);
		count_inside = count_of(VECTOR_NMI);
	}
	depth--;
}

static void check_nmi(void)
{
	u32 self = cpu_apic_id(this_cpu()->index);

	interrupt_handle(VECTOR_NMI, nmi_handler);
	use(interrupt_count);
	apic_send(self, ICR_NMI);
	check(1, count_inside, "NMI: another one waits for the end of the first");
	check(2, count_of(VECTOR_NMI), "NMI: two more become one");
	check(1, max_depth, "NMI: never within itself");
	interrupt_forget();
	this_cpu()->count[VECTOR_NMI] = 1; /* no more from the handler */
	for (u32 i = 0; i < 500; i++) {
		apic_send(self, ICR_NMI);
		msr_write(APIC_SELF_IPI, MIDDLE);
	}
	check(501, count_of(VECTOR_NMI), "NMI: 500 with IF = 0");
	check(0, count_of(MIDDLE), "which open no door for interrupts");
	interrupts_on();
	interrupts_off();
	check(1, count_of(MIDDLE), "that come later");
	for (u32 i = 0; i < 500; i++) {
		msr_write(APIC_SELF_IPI, MIDDLE);
		apic_send(self, ICR_NMI);
		interrupts_on();
		interrupts_off();
	}
	check(1001, count_of(VECTOR_NMI), "NMI: 500 with an interrupt pending");
	check(501, count_of(MIDDLE), "which comes every time");
}

static void check_many(void)
{
	u32 lost = 0;

	use(interrupt_count);
	interrupts_on();
	for (u32 i = 0; i < 2000; i++) {
		msr_write(APIC_SELF_IPI, LOW);
		lost += count_of(LOW) != i + 1;
	}
	for (u32 i = 0; i < 2000; i++) {
		interrupts_off();
		msr_write(APIC_SELF_IPI, LOW);
		msr_write(APIC_SELF_IPI, HIGH);
		interrupts_on();
		lost += count_of(HIGH) != i + 1;
	}
	interrupts_off();
	check(0, lost, "thousands of self IPIs arrive when they must");
	check(4000, count_of(LOW), "and none is lost");
}

void test_main(void)
{
	check_sending();
	check_illegal_vector();
	check_order();
	check_nesting();
	check_priority();
	check_cr8();
	check_places();
	check_window();
	check_software_disable();
	check_nmi();
	check_many();
}
