/* SPDX-License-Identifier: BSD-2-Clause */
/* Messages of a child's synthetic timers, in the child's memory, which its parent may take away. */
#include "abi/hv_message.h"
#include "abi/hv_msr.h"
#include "core/vp/msrs.h"
#include "tests/host/world.h"

#include <string.h>

#define SIMP_PAGE 0x20ull
#define SIMP	  (SIMP_PAGE << PAGE_SHIFT)
#define SINT	  2
#define VECTOR	  0x61
#define WRITABLE  (HV_MAP_GPA_READABLE | HV_MAP_GPA_WRITABLE)
#define PERIOD	  10000

static struct vp *vp;
static u64 page;

static void write(u32 msr, u64 value)
{
	u64 gpa;

	fake.lp = 1;
	CHECK_EQ(MSR_DONE, vp_write_msr(vp, msr, value, &gpa));
	fake.lp = 0;
}

static struct hv_message *slot_in(u64 page_number)
{
	return &((struct hv_message_page *)world_memory(page_number))->sint[SINT];
}

/* VP 0 of a child on LP 1 with a message page and one open SINT. */
static void boot(void)
{
	struct partition *child;

	world_boot();
	child = world_child(128);
	vp = world_vp(child, 0);
	page = world_page();
	memset(world_memory(page), 0, PAGE_SIZE);
	CHECK_STATUS(SUCCESS, world_map(child, SIMP_PAGE, page, WRITABLE));
	fake_enter_64(vp);
	vp->regs.rflags = 0x202;
	vp->apic.spurious = 0x1ff;
	world_halt_root(1);
	world_start(vp);
	world_run_on(1, vp);
	write(HV_X64_MSR_SIMP, SIMP | SYNIC_ENABLE);
	write(HV_X64_MSR_SINT0 + SINT, VECTOR);
	write(HV_X64_MSR_SCONTROL, SYNIC_ENABLE);
}

static void start_timer(u32 index, u64 flags)
{
	write(HV_X64_MSR_STIMER0_COUNT + 2 * index, PERIOD);
	write(HV_X64_MSR_STIMER0_CONFIG + 2 * index, HV_STIMER_CONFIG_ENABLE |
							     HV_STIMER_CONFIG_PERIODIC | flags |
							     SINT << HV_STIMER_CONFIG_SINT_SHIFT);
}

static void expire(void)
{
	fake.tsc = vp->timer_deadline_tsc;
	fake_interrupt(1, VECTOR_TIMER, false);
	for (u32 i = 0; i < 4; i++)
		world_step(1);
}

/* The guest empties the slot; true if it must write EOM. */
static bool consume(u64 page_number)
{
	struct hv_message *message = slot_in(page_number);

	message->header.message_type = HVMSG_NONE;
	return message->header.flags & HV_MESSAGE_FLAG_PENDING;
}

static bool in_service(void)
{
	return vp->apic.isr[VECTOR / 32] & 1u << VECTOR % 32;
}

static void end(void)
{
	fake.lp = 1;
	vp_end_of_interrupt(vp);
	fake.lp = 0;
}

TEST(child_synic_timer_message)
{
	struct hv_timer_message_payload payload;

	boot();
	start_timer(1, 0);
	expire();
	CHECK_EQ(HVMSG_TIMER_EXPIRED, slot_in(page)->header.message_type);
	CHECK_EQ(sizeof(payload), slot_in(page)->header.payload_size);
	CHECK_EQ(0, slot_in(page)->header.flags);
	memcpy(&payload, slot_in(page)->payload, sizeof(payload));
	CHECK_EQ(1, payload.timer_index);
	CHECK(payload.expiration_time <= payload.delivery_time);
	CHECK(in_service());
	CHECK_EQ(1, stat_vp(vp, SyntheticInterrupts));
	/* Nothing of the page is kept. */
	CHECK(vp->synic.message_page == NULL);
	CHECK(!consume(page));
}

/* The second message waits behind the slot and comes with EOM. */
TEST(child_synic_end_of_message)
{
	boot();
	start_timer(0, 0);
	start_timer(1, 0);
	fake.tsc += 200 * PERIOD;
	expire();
	CHECK_EQ(HVMSG_TIMER_EXPIRED, slot_in(page)->header.message_type);
	CHECK_EQ(HV_MESSAGE_FLAG_PENDING, slot_in(page)->header.flags);
	CHECK(!vp->stimers[0].message.queued && vp->stimers[1].message.queued);
	CHECK(consume(page));
	world_step(1);
	CHECK_EQ(HVMSG_NONE, slot_in(page)->header.message_type);
	end();
	write(HV_X64_MSR_EOM, 0);
	world_step(1);
	CHECK_EQ(HVMSG_TIMER_EXPIRED, slot_in(page)->header.message_type);
	CHECK(!vp->stimers[1].message.queued);
	CHECK(in_service());
	CHECK_EQ(2, stat_vp(vp, SyntheticInterrupts));
}

TEST(child_synic_masked)
{
	boot();
	write(HV_X64_MSR_SINT0 + SINT, SYNIC_SINT_MASKED | VECTOR);
	start_timer(0, 0);
	expire();
	CHECK_EQ(HVMSG_NONE, slot_in(page)->header.message_type);
	CHECK(vp->stimers[0].message.queued);
	CHECK_EQ(0, vp->suspend);
	write(HV_X64_MSR_SINT0 + SINT, VECTOR);
	world_step(1);
	CHECK_EQ(HVMSG_TIMER_EXPIRED, slot_in(page)->header.message_type);
	CHECK(in_service());
}

TEST(child_synic_auto_eoi)
{
	boot();
	write(HV_X64_MSR_SINT0 + SINT, SYNIC_SINT_AUTO_EOI | VECTOR);
	start_timer(0, 0);
	expire();
	CHECK_EQ(HVMSG_TIMER_EXPIRED, slot_in(page)->header.message_type);
	CHECK_EQ(1, stat_vp(vp, VirtualInterrupts));
	CHECK(!in_service());
	CHECK_EQ(0, vp->apic.irr[VECTOR / 32]);
	/* The vector belongs to the SINT only as long as that names it. */
	write(HV_X64_MSR_SINT0 + SINT, SYNIC_SINT_AUTO_EOI | (VECTOR + 1));
	fake.lp = 1;
	vp_interrupt(vp, VECTOR, false);
	fake.lp = 0;
	world_step(1);
	CHECK(in_service());
}

static void halt(void)
{
	fake_exit(INTERCEPT_Halt, 1);
	for (u32 i = 0; i < 4; i++)
		world_step(1);
	CHECK_EQ(VP_HALTED, vp->activity);
	CHECK_EQ(-1, vp->running_lp);
}

TEST(child_synic_wakes)
{
	boot();
	start_timer(0, 0);
	halt();
	expire();
	CHECK_EQ(HVMSG_TIMER_EXPIRED, slot_in(page)->header.message_type);
	CHECK_EQ(VP_ACTIVE, vp->activity);
	CHECK(in_service());
}

/* A message that comes with no interrupt wakes nobody and does not keep the processor busy. */
TEST(child_synic_polled_while_halted)
{
	boot();
	write(HV_X64_MSR_SINT0 + SINT, SYNIC_SINT_POLLING | VECTOR);
	start_timer(0, 0);
	halt();
	expire();
	CHECK_EQ(HVMSG_TIMER_EXPIRED, slot_in(page)->header.message_type);
	CHECK_EQ(VP_HALTED, vp->activity);
	CHECK_EQ(-1, vp->running_lp);
	CHECK(!vp_runnable(vp));
}

/* The page that counts is the one that is mapped now. */
TEST(child_synic_page_moves)
{
	u64 other;

	boot();
	other = world_page();
	memset(world_memory(other), 0, PAGE_SIZE);
	start_timer(0, 0);
	CHECK_STATUS(SUCCESS, world_map(vp->partition, SIMP_PAGE, other, WRITABLE));
	expire();
	CHECK_EQ(HVMSG_NONE, slot_in(page)->header.message_type);
	CHECK_EQ(HVMSG_TIMER_EXPIRED, slot_in(other)->header.message_type);
}

/* A page that is not there, or not writable, is asked of the parent as if the guest wrote it. */
static void check_missing(u32 rights)
{
	const struct hv_x64_memory_intercept_message *m;

	boot();
	start_timer(0, 0);
	CHECK_STATUS(SUCCESS, world_map(vp->partition, SIMP_PAGE, page, rights));
	expire();
	m = (const void *)vp->intercept_page->payload;
	CHECK_EQ(SUSPEND_INTERCEPT, vp->suspend);
	CHECK_EQ(HVMSG_GPA_INTERCEPT, vp->intercept_page->header.message_type);
	CHECK_EQ(SIMP, m->guest_physical_address);
	CHECK_EQ(HV_INTERCEPT_ACCESS_WRITE, m->header.intercept_access_type);
	CHECK_EQ(HVMSG_NONE, slot_in(page)->header.message_type);
	CHECK_STATUS(SUCCESS, world_map(vp->partition, SIMP_PAGE, page, WRITABLE));
	CHECK_STATUS(SUCCESS, world_set_register(vp, HV_REGISTER_INTERCEPT_SUSPEND, 0));
	world_run_on(1, vp);
	world_step(1);
	CHECK_EQ(HVMSG_TIMER_EXPIRED, slot_in(page)->header.message_type);
	CHECK(in_service());
}

TEST(child_synic_page_missing)
{
	check_missing(0);
}

TEST(child_synic_page_read_only)
{
	check_missing(HV_MAP_GPA_READABLE);
}

/* State may be restored before memory. */
TEST(child_synic_restored_page)
{
	boot();
	CHECK_STATUS(SUCCESS, world_set_register(vp, HV_REGISTER_EXPLICIT_SUSPEND, 1));
	CHECK_STATUS(SUCCESS, world_set_register(vp, HV_REGISTER_SIMP, 0x99001));
	CHECK_EQ(0x99001, world_get_register(vp, HV_REGISTER_SIMP));
	CHECK_STATUS(SUCCESS, world_set_register(vp, HV_REGISTER_SIEFP, 0x9a001));
	CHECK_EQ(0x9a001, world_get_register(vp, HV_REGISTER_SIEFP));
	CHECK_STATUS(
		INVALID_REGISTER_VALUE, world_set_register(vp, HV_REGISTER_REFERENCE_TSC, 0x99001));
	CHECK_STATUS(SUCCESS, world_set_register(vp, HV_REGISTER_SIMP, SIMP | 1));
	start_timer(0, 0);
	CHECK_STATUS(SUCCESS, world_set_register(vp, HV_REGISTER_EXPLICIT_SUSPEND, 0));
	world_run_on(1, vp);
	expire();
	CHECK_EQ(HVMSG_TIMER_EXPIRED, slot_in(page)->header.message_type);
}

/* Nothing is lost while the VP is suspended, and nothing is touched. */
TEST(child_synic_suspended)
{
	boot();
	start_timer(0, 0);
	CHECK_STATUS(SUCCESS, world_set_register(vp, HV_REGISTER_EXPLICIT_SUSPEND, 1));
	expire();
	CHECK(vp->stimers[0].message.queued);
	CHECK_EQ(HVMSG_NONE, slot_in(page)->header.message_type);
	world_start(vp);
	world_run_on(1, vp);
	world_step(1);
	CHECK_EQ(HVMSG_TIMER_EXPIRED, slot_in(page)->header.message_type);
}

/* The LP that watches the timer is another than the one that runs the VP. */
TEST(child_synic_expires_elsewhere)
{
	boot();
	start_timer(0, 0);
	CHECK_EQ(1, vp->timer_lp);
	fake.tsc = vp->timer_deadline_tsc;
	fake.lp = 2;
	vp_timers_expire(vp, fake.tsc);
	fake.lp = 0;
	CHECK_EQ(HVMSG_NONE, slot_in(page)->header.message_type);
	CHECK(vp->attention & ATTENTION_SYNIC);
	world_step(1);
	CHECK_EQ(HVMSG_TIMER_EXPIRED, slot_in(page)->header.message_type);
}

/* ---- What the parent sends itself ---- */

#define SIEFP_PAGE 0x21ull

static struct hv_event_flags *flags_in(u64 page_number)
{
	return &((struct hv_event_flags_page *)world_memory(page_number))->sint[SINT];
}

static u64 post(u32 sint, u32 type, u8 size)
{
	struct hv_input_post_message_direct in = {
		.partition_id = vp->partition->id, .sint_index = sint};
	struct hv_message message = {
		.header = {.message_type = type, .payload_size = size, .sender = 0x77}};

	memset(message.payload, 0x5a, sizeof(message.payload));
	memcpy(in.message, &message, sizeof(message));
	return WORLD_CALL(POST_MESSAGE_DIRECT, in);
}

static u64 signal_flag(u32 sint, u32 flag, u8 *newly)
{
	struct hv_input_signal_event_direct in = {.target_partition = vp->partition->id,
		.target_sint = (u8)sint,
		.flag_number = (u16)flag};
	struct hv_output_signal_event_direct out = {0};
	u64 result = WORLD_CALL_OUT(SIGNAL_EVENT_DIRECT, in, out);

	*newly = out.newly_signaled;
	return result;
}

TEST(child_synic_direct_message)
{
	boot();
	memset(slot_in(page)->payload, 0x11, sizeof(slot_in(page)->payload));
	CHECK_STATUS(SUCCESS, post(SINT, 1, HV_MESSAGE_PAYLOAD_SIZE - 1));
	CHECK_EQ(1, slot_in(page)->header.message_type);
	CHECK_EQ(HV_MESSAGE_PAYLOAD_SIZE - 1, slot_in(page)->header.payload_size);
	CHECK_EQ(0x77, slot_in(page)->header.sender);
	CHECK_EQ(0x5a, slot_in(page)->payload[HV_MESSAGE_PAYLOAD_SIZE - 2]);
	CHECK_EQ(0x11, slot_in(page)->payload[HV_MESSAGE_PAYLOAD_SIZE - 1]);
	world_step(1);
	CHECK(in_service());
	/* The slot is taken: the guest is asked to say when it is not. */
	CHECK_EQ(0, slot_in(page)->header.flags);
	CHECK_STATUS(INSUFFICIENT_BUFFERS, post(SINT, 2, 0));
	CHECK(consume(page));
	CHECK_STATUS(SUCCESS, post(SINT, 2, 0));
	CHECK_EQ(2, slot_in(page)->header.message_type);
	CHECK_EQ(0, slot_in(page)->header.flags);
}

/* What waits in the queue comes first. */
TEST(child_synic_direct_message_in_order)
{
	boot();
	CHECK_STATUS(SUCCESS, post(SINT, 1, 0));
	start_timer(0, 0);
	expire();
	CHECK(consume(page));
	CHECK_STATUS(INSUFFICIENT_BUFFERS, post(SINT, 2, 0));
	CHECK_EQ(HVMSG_NONE, slot_in(page)->header.message_type);
	write(HV_X64_MSR_EOM, 0);
	world_step(1);
	CHECK_EQ(HVMSG_TIMER_EXPIRED, slot_in(page)->header.message_type);
}

TEST(child_synic_direct_message_refused)
{
	boot();
	CHECK_STATUS(INVALID_PARAMETER, post(SYNIC_SINTS, 1, 0));
	CHECK_STATUS(INVALID_PARAMETER, post(SINT, HVMSG_NONE, 0));
	CHECK_STATUS(INVALID_PARAMETER, post(SINT, 1, HV_MESSAGE_PAYLOAD_SIZE + 1));
	CHECK_STATUS(INVALID_SYNIC_STATE, post(SINT + 1, 1, 0)); /* masked */
	write(HV_X64_MSR_SIMP, SIMP);
	CHECK_STATUS(INVALID_SYNIC_STATE, post(SINT, 1, 0));
	write(HV_X64_MSR_SIMP, SIMP | SYNIC_ENABLE);
	write(HV_X64_MSR_SCONTROL, 0);
	CHECK_STATUS(INVALID_SYNIC_STATE, post(SINT, 1, 0));
	CHECK_EQ(HVMSG_NONE, slot_in(page)->header.message_type);
}

/* The VP asks for the page on behalf of the parent's call, which is made again. */
TEST(child_synic_direct_message_page_missing)
{
	boot();
	CHECK_STATUS(SUCCESS, world_map(vp->partition, SIMP_PAGE, page, 0));
	CHECK_STATUS(INSUFFICIENT_BUFFERS, post(SINT, 1, 0));
	world_step(1);
	CHECK_EQ(SUSPEND_INTERCEPT, vp->suspend);
	CHECK_EQ(HVMSG_GPA_INTERCEPT, vp->intercept_page->header.message_type);
	CHECK_STATUS(SUCCESS, world_map(vp->partition, SIMP_PAGE, page, WRITABLE));
	CHECK_STATUS(SUCCESS, world_set_register(vp, HV_REGISTER_INTERCEPT_SUSPEND, 0));
	CHECK_STATUS(SUCCESS, post(SINT, 1, 0));
	world_run_on(1, vp);
	world_step(1);
	CHECK_EQ(0, vp->suspend);
	CHECK(in_service());
}

TEST(child_synic_event_flags)
{
	u64 siefp;
	u8 newly;

	boot();
	siefp = world_page();
	memset(world_memory(siefp), 0, PAGE_SIZE);
	CHECK_STATUS(INVALID_SYNIC_STATE, signal_flag(SINT, 70, &newly));
	CHECK_STATUS(SUCCESS, world_map(vp->partition, SIEFP_PAGE, siefp, WRITABLE));
	write(HV_X64_MSR_SIEFP, SIEFP_PAGE << PAGE_SHIFT | SYNIC_ENABLE);
	CHECK_STATUS(SUCCESS, signal_flag(SINT, 70, &newly));
	CHECK_EQ(1, newly);
	CHECK_EQ(0, flags_in(siefp)->flags[0]);
	CHECK_EQ(BIT(6), flags_in(siefp)->flags[1]);
	CHECK(vp->synic.event_page == NULL);
	world_step(1);
	CHECK(in_service());
	/* A flag that is set already says nothing. */
	CHECK_STATUS(SUCCESS, signal_flag(SINT, 70, &newly));
	CHECK_EQ(0, newly);
	CHECK_EQ(1, stat_vp(vp, SyntheticInterrupts));
	CHECK_STATUS(SUCCESS, signal_flag(SINT, HV_EVENT_FLAGS_COUNT - 1, &newly));
	CHECK_EQ(BIT(63), flags_in(siefp)->flags[HV_EVENT_FLAGS_COUNT / 64 - 1]);
	CHECK_STATUS(INVALID_PARAMETER, signal_flag(SINT, HV_EVENT_FLAGS_COUNT, &newly));
	CHECK_STATUS(INVALID_PARAMETER, signal_flag(SYNIC_SINTS, 0, &newly));
	CHECK_STATUS(INVALID_SYNIC_STATE, signal_flag(SINT + 1, 0, &newly));
	CHECK_STATUS(SUCCESS, world_map(vp->partition, SIEFP_PAGE, siefp, 0));
	CHECK_STATUS(INSUFFICIENT_BUFFERS, signal_flag(SINT, 3, &newly));
	world_step(1);
	CHECK_EQ(SUSPEND_INTERCEPT, vp->suspend);
	CHECK_EQ(0, flags_in(siefp)->flags[0]);
}

/* After a reset by the parent nothing of the old life's timers and pages is left. */
TEST(child_synic_reset)
{
	union hv_register_value cs = {.segment = {.base = 0xffff0000, .attributes = 0x9b}};

	boot();
	start_timer(0, 0);
	write(HV_X64_MSR_SINT0 + SINT, SYNIC_SINT_MASKED | SYNIC_SINT_AUTO_EOI | VECTOR);
	expire();
	CHECK(vp->stimers[0].message.queued);
	CHECK_STATUS(SUCCESS, world_set_register(vp, HV_REGISTER_EXPLICIT_SUSPEND, 1));
	CHECK_STATUS(SUCCESS, world_set_register(vp, HV_REGISTER_RIP, 0xfff0));
	hypervisor.backend->set_register(vp, HV_REGISTER_CS, &cs);
	CHECK_STATUS(SUCCESS, world_set_register(vp, HV_REGISTER_APIC_BASE, 0xfee00900));
	CHECK(!vp->stimers[0].message.queued);
	CHECK_EQ(0, world_get_register(vp, HV_REGISTER_STIMER0_CONFIG));
	CHECK_EQ(0, world_get_register(vp, HV_REGISTER_SIMP));
	CHECK_EQ(0, world_get_register(vp, HV_REGISTER_SCONTROL));
	CHECK_EQ(SYNIC_SINT_MASKED, world_get_register(vp, HV_REGISTER_SINT0 + SINT));
	CHECK(!synic_auto_eoi(&vp->synic, VECTOR));
	world_start(vp);
	world_run_on(1, vp);
	expire();
	CHECK_EQ(HVMSG_NONE, slot_in(page)->header.message_type);
	CHECK_EQ(0, vp->suspend);
}
