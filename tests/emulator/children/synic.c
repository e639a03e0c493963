/* SPDX-License-Identifier: BSD-2-Clause */
/* Messages in a child's memory, of its timers and its parent, also when that takes it away. */
#include "tests/emulator/children/children.h"

#include "abi/hv_msr.h"
#include "tests/emulator/lib/apic.h"
#include "tests/emulator/lib/cpu.h"
#include "tests/emulator/lib/pages.h"
#include "tests/emulator/lib/report.h"

#define SIMP_GPA 0x9000ul
#define SINT	 3
#define VECTOR	 0x65
#define MS	 10000ul

static volatile u64 told[16];
static volatile u32 taken; /* the parent has taken the page away */

static struct hv_message *slot(void)
{
	return &((struct hv_message_page *)SIMP_GPA)->sint[SINT];
}

static void set_timer(u32 timer, u64 due)
{
	msr_write(HV_X64_MSR_STIMER0_COUNT + 2 * timer, due);
	msr_write(HV_X64_MSR_STIMER0_CONFIG + 2 * timer,
		HV_STIMER_CONFIG_ENABLE | (u64)SINT << HV_STIMER_CONFIG_SINT_SHIFT);
}

static void empty_slot(void)
{
	atomic_store(&slot()->header.message_type, HVMSG_NONE);
	memory_fence();
	msr_write(HV_X64_MSR_EOM, 0);
}

static void sleep_for(u32 count)
{
	while (this_cpu()->count[VECTOR] < count)
		interrupts_wait();
}

/* One message, a second that waits for its end, and one after HLT that has no page. */
static void take_messages(void)
{
	const struct hv_timer_message_payload *payload = (const void *)slot()->payload;
	u64 due = time_100ns() + MS;

	interrupt_forget();
	msr_write(APIC_BASE, msr_read(APIC_BASE) | BIT(10));
	msr_write(APIC_SPURIOUS, 0x1ff);
	msr_write(HV_X64_MSR_SIMP, SIMP_GPA | HV_MSR_PAGE_ENABLE);
	msr_write(HV_X64_MSR_SINT0 + SINT, VECTOR);
	msr_write(HV_X64_MSR_SCONTROL, HV_SCONTROL_ENABLE);
	set_timer(2, due);
	sleep_for(1);
	told[0] = slot()->header.message_type;
	told[1] = payload->timer_index;
	told[2] = payload->expiration_time - due;
	told[3] = payload->delivery_time >= due;
	set_timer(1, time_100ns() + MS);
	interrupts_on();
	wait_100ns(5 * MS);
	interrupts_off();
	told[4] = this_cpu()->count[VECTOR];
	told[5] = slot()->header.flags;
	empty_slot();
	sleep_for(2);
	told[6] = slot()->header.message_type;
	told[7] = payload->timer_index;
	empty_slot();
	told[8] = 1;
	while (!taken)
		relax();
	set_timer(0, time_100ns() + MS);
	sleep_for(3);
	told[9] = slot()->header.message_type;
	told[10] = payload->timer_index;
}

static void check_told(void)
{
	check(HVMSG_TIMER_EXPIRED, told[0], "child's message: type");
	check(2, told[1], "child's message: timer");
	check(0, told[2], "child's message: due time");
	check(1, told[3], "child's message: not early");
	check(1, told[4], "child's second message: waits for the slot");
	check(HV_MESSAGE_FLAG_PENDING, told[5], "child's second message: is announced");
	check(HVMSG_TIMER_EXPIRED, told[6], "child's second message: comes after EOM");
	check(1, told[7], "child's second message: timer");
	check(HVMSG_TIMER_EXPIRED, told[9], "child's third message: comes when the page is back");
	check(0, told[10], "child's third message: timer");
}

static void begin(struct child *child, u8 *page, void (*function)(void))
{
	child_create(child, FEATURES | HV_SYNTHETIC_FEATURE_ACCESS_SYNIC_REGS |
				    HV_SYNTHETIC_FEATURE_ACCESS_SYNTHETIC_TIMER_REGS);
	child_add_vp(child, 0);
	child_map_image(child);
	check(0, child_map(child, SIMP_GPA, (u64)page, 1, CHILD_ALL), "map the message page");
	child_enter_64(child, 0, function);
}

void check_child_messages(void)
{
	struct child child;
	u8 *page = page_allocate();
	u64 end = time_100ns() + 50000000;

	interrupt_handle(VECTOR, interrupt_count);
	begin(&child, page, take_messages);
	child_start(&child, 0);
	/* With one processor the child runs when we sleep. */
	while (!told[8] && time_100ns() < end)
		(void)child_wait(&child, MS);
	check(0, child_unmap(&child, SIMP_GPA, 1), "take the message page away");
	taken = 1;
	check(HVMSG_GPA_INTERCEPT, child_wait_type(&child), "the message asks for its page");
	check(SIMP_GPA, child_memory(&child, 0)->guest_physical_address, "and says which");
	check(HV_INTERCEPT_ACCESS_WRITE, child_memory(&child, 0)->header.intercept_access_type,
		"and that it is written");
	check(0, child_map(&child, SIMP_GPA, (u64)page, 1, CHILD_ALL), "give the page back");
	child_resume(&child, 0);
	check(1, child_finish(&child), "the child has its messages");
	check_told();
	check(1, child_destroy(&child), "messages: the child is taken apart");
	page_free(page);
}

/* ---- What the parent sends, and what the child says when it dies ---- */

#define CRASH_VALUE 0xdead0001ul

/* No end of interrupt: the SINT sees to it. */
static void count_only(struct frame *frame)
{
	this_cpu()->count[frame->vector]++;
}

static void take_parents(void)
{
	volatile u64 *flags = ((struct hv_event_flags_page *)SIMP_GPA)->sint[SINT].flags;

	interrupt_forget();
	msr_write(APIC_BASE, msr_read(APIC_BASE) | BIT(10));
	msr_write(APIC_SPURIOUS, 0x1ff);
	msr_write(HV_X64_MSR_SIEFP, SIMP_GPA | HV_MSR_PAGE_ENABLE);
	msr_write(HV_X64_MSR_SINT0 + SINT, HV_SINT_AUTO_EOI | VECTOR);
	msr_write(HV_X64_MSR_SCONTROL, HV_SCONTROL_ENABLE);
	told[8] = 1;
	sleep_for(1);
	told[0] = flags[1];
	told[1] = apic_bit(APIC_ISR, VECTOR);
	*flags = 0;
	for (u32 i = 0; i < 5; i++)
		msr_write(HV_X64_MSR_CRASH_P0 + i, CRASH_VALUE + i);
	msr_write(HV_X64_MSR_CRASH_CTL, HV_CRASH_CTL_NOTIFY);
}

static void check_crash(struct child *child)
{
	for (u32 i = 0; i < 5; i++)
		check(CRASH_VALUE + i, child_get(child, 0, HV_REGISTER_GUEST_CRASH_P0 + i),
			"crash: parameter %u", i);
	check(HV_CRASH_CTL_NOTIFY, child_get(child, 0, HV_REGISTER_GUEST_CRASH_CTL),
		"crash: is reported");
}

void check_child_events(void)
{
	struct hv_input_signal_event_direct input = {.target_sint = SINT, .flag_number = 70};
	struct child child;
	u8 *page = page_allocate();
	u64 end = time_100ns() + 50000000;

	interrupt_handle(VECTOR, count_only);
	told[8] = 0;
	begin(&child, page, take_parents);
	input.target_partition = child.id;
	check(HV_STATUS_INVALID_SYNIC_STATE,
		hypercall(HVCALL_SIGNAL_EVENT_DIRECT, &input, sizeof(input)),
		"event: the child does not listen yet");
	child_start(&child, 0);
	while (!told[8] && time_100ns() < end)
		(void)child_wait(&child, MS);
	check(0, hypercall(HVCALL_SIGNAL_EVENT_DIRECT, &input, sizeof(input)), "event: signal");
	check(1, *(const u8 *)hypercall_output, "event: is new");
	check(1, child_finish(&child), "event: the child has it");
	check(BIT(6), told[0], "event: flag");
	check(0, told[1], "event: has ended by itself");
	check_crash(&child);
	check(1, child_destroy(&child), "event: the child is taken apart");
	page_free(page);
}
