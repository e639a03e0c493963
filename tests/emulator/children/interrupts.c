/* SPDX-License-Identifier: BSD-2-Clause */
/* A child's interrupts: from its parent, from itself, between its processors; both APIC faces. */
#include "tests/emulator/children/children.h"

#include "core/lib/string.h"
#include "tests/emulator/lib/apic.h"
#include "tests/emulator/lib/cpu.h"
#include "tests/emulator/lib/pages.h"
#include "tests/emulator/lib/report.h"

#define VECTOR 0x61
#define SECOND 0x62

#define APIC_PAGE 0xfee00000ul

static volatile u64 told[24];
static volatile u32 tick;

static void enable_x2apic(void)
{
	msr_write(APIC_BASE, msr_read(APIC_BASE) | BIT(10));
	msr_write(APIC_SPURIOUS, 0x1ff);
}

/* ---- HLT ---- */

static void sleep_thrice(void)
{
	enable_x2apic();
	interrupt_forget();
	for (tick = 0; tick < 3;) {
		interrupts_wait();
		tick++;
	}
	told[0] = this_cpu()->count[VECTOR];
	told[1] = this_cpu()->count[VECTOR_NMI];
}

static void check_sleeping(struct child *child, u32 round)
{
	check(~0u, child_wait(child, 500000), "HLT %u: sleeps", round);
	check(round, tick, "HLT %u: has not gone on", round);
	child_set(child, 0, HV_REGISTER_EXPLICIT_SUSPEND, 1);
	check(HV_ACTIVITY_HALT_SUSPEND, child_get(child, 0, HV_REGISTER_INTERNAL_ACTIVITY_STATE),
		"HLT %u: activity", round);
	child_set(child, 0, HV_REGISTER_EXPLICIT_SUSPEND, 0);
}

static void check_waking(struct child *child, u32 round)
{
	u64 end = time_100ns() + 50000000;

	/* With one processor the child runs when we sleep. */
	while (tick == round && time_100ns() < end)
		(void)child_wait(child, 10000);
	check(round + 1, tick, "HLT %u: woken", round);
}

void check_halt(void)
{
	struct child child;

	interrupt_handle(VECTOR, interrupt_count);
	interrupt_handle(VECTOR_NMI, interrupt_count);
	begin_64(&child, sleep_thrice);
	child_start(&child, 0);
	check_sleeping(&child, 0);
	check(0, child_interrupt(&child, 0, VECTOR, HV_INTERRUPT_TYPE_FIXED), "assert: fixed");
	check_waking(&child, 0);
	check_sleeping(&child, 1);
	check(0, child_interrupt(&child, 0, 0, HV_INTERRUPT_TYPE_NMI), "assert: NMI");
	check_waking(&child, 1);
	check_sleeping(&child, 2);
	child_set(&child, 0, HV_REGISTER_EXPLICIT_SUSPEND, 1);
	check(0, child_interrupt(&child, 0, VECTOR, HV_INTERRUPT_TYPE_FIXED), "assert: suspended");
	check(~0u, child_wait(&child, 100000), "a suspended VP stays so");
	check(2, tick, "whatever is asserted");
	child_set(&child, 0, HV_REGISTER_EXPLICIT_SUSPEND, 0);
	check(1, child_finish(&child), "the child is woken thrice");
	check(2, told[0], "two interrupts were handled");
	check(1, told[1], "one NMI was handled");
	check(HV_STATUS_INVALID_PARAMETER, child_interrupt(&child, 0, 5, HV_INTERRUPT_TYPE_FIXED),
		"assert: illegal vector");
	check(1, child_destroy(&child), "HLT: the child is taken apart");
}

/* ---- Its own APIC ---- */

static u32 mmio_read(u32 offset)
{
	return *(volatile u32 *)(APIC_PAGE + offset);
}

static void mmio_write(u32 offset, u32 value)
{
	*(volatile u32 *)(APIC_PAGE + offset) = value;
}

static void count_xapic(struct frame *frame)
{
	this_cpu()->count[frame->vector]++;
	told[10] = mmio_read(0x100 + VECTOR / 32 * 16) >> (VECTOR % 32) & 1;
	mmio_write(0xb0, 0);
}

static void use_xapic(void)
{
	interrupt_forget();
	told[0] = mmio_read(0x20);
	told[1] = mmio_read(0x30) & 0xff;
	mmio_write(0xf0, 0x1ff);
	told[2] = mmio_read(0xf0);
	mmio_write(0x80, 0x70);
	told[3] = cr8_read();
	interrupts_on();
	mmio_write(0x310, 0);
	mmio_write(0x300, VECTOR);
	told[4] = this_cpu()->count[VECTOR];
	cr8_write(0);
	told[5] = this_cpu()->count[VECTOR];
	/* Instructions other than MOV. */
	__asm__ volatile("orl $0x20, %0" : "+m"(*(volatile u32 *)(APIC_PAGE + 0x80)) : : "cc");
	told[6] = mmio_read(0x80);
	mmio_write(0x80, 0);
	told[7] = msr_try_read(APIC_ID, (u64 *)&told[8]);
	interrupts_off();
}

static void use_x2apic(void)
{
	interrupt_handle(VECTOR, interrupt_count);
	enable_x2apic();
	told[12] = msr_read(APIC_ID);
	told[13] = msr_read(APIC_SPURIOUS);
	interrupts_on();
	for (u32 i = 0; i < 100; i++)
		msr_write(APIC_SELF_IPI, VECTOR);
	interrupts_off();
	told[14] = this_cpu()->count[VECTOR];
	told[15] = msr_try_write(APIC_BASE, msr_read(APIC_BASE) & ~BIT(10));
}

static void use_both(void)
{
	interrupt_handle(VECTOR, count_xapic);
	use_xapic();
	use_x2apic();
}

void check_apic(void)
{
	struct child child;

	begin_64(&child, use_both);
	child_start(&child, 0);
	check(1, child_finish(&child), "the child uses its APIC");
	check(0, told[0], "xAPIC: ID");
	check_that(told[1] >= 0x10, told[1], "xAPIC: version");
	check(0x1ff, told[2], "xAPIC: spurious register");
	check(7, told[3], "xAPIC: TPR is CR8");
	check(0, told[4], "xAPIC: the IPI waits for the TPR");
	check(1, told[5], "xAPIC: and comes when it falls");
	check(1, told[10], "xAPIC: ISR shows it");
	check(0x20, told[6], "xAPIC: OR to a register");
	check(VECTOR_GP, told[7], "xAPIC: the MSRs are off");
	check(0, told[12], "x2APIC: ID");
	check(0x1ff, told[13], "x2APIC: keeps the spurious register");
	check(101, told[14], "x2APIC: 100 self IPIs");
	check(VECTOR_GP, told[15], "x2APIC: no way back to xAPIC");
	check(1, child_destroy(&child), "APIC: the child is taken apart");
}

/* ---- A second processor ---- */

#define STARTUP_GPA 0x9000

extern const u8 second_code[], second_code_end[];

/* Counts at offset 0x100 of its page, first at the start, then at every interrupt. */
__asm__(".section .rodata\n.code16\n"
	"second_code:\n"
	"	incb %cs:0x100\n"
	"1:	hlt\n"
	"	jmp 1b\n"
	"second_code_end:\n"
	".code64\n.text\n");

static volatile u8 *second_page;

static void start_second(void)
{
	enable_x2apic();
	for (u32 i = 0; i < 3; i++) {
		apic_send(1, ICR_INIT | ICR_ASSERT);
		apic_send(1, ICR_STARTUP | ICR_ASSERT | STARTUP_GPA >> 12);
		while (second_page[0x100] == i)
			relax();
	}
}

void check_startup(void)
{
	struct child child;
	u8 *page = page_allocate();

	second_page = (volatile u8 *)STARTUP_GPA; /* as the child sees it */
	memcpy(page, second_code, (u64)(second_code_end - second_code));
	begin_64(&child, start_second);
	child_add_vp(&child, 1);
	check(HV_ACTIVITY_STARTUP_SUSPEND,
		child_get(&child, 1, HV_REGISTER_INTERNAL_ACTIVITY_STATE),
		"VP 1 waits for its startup");
	check(0, child_map(&child, STARTUP_GPA, (u64)page, 1, CHILD_ALL), "map the startup page");
	child_start(&child, 1);
	child_start(&child, 0);
	check(1, child_finish(&child), "VP 0 starts VP 1");
	check(3, page[0x100], "VP 1 started three times");
	check(1, child_destroy(&child), "startup: the child is taken apart");
	page_free(page);
}
