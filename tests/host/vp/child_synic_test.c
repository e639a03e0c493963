/* SPDX-License-Identifier: BSD-2-Clause */
/* The SynIC of a child VP: its pages in its GPA space, messages, flags, timers, reset. */
#include "abi/hv_msr.h"
#include "core/vp/msrs.h"
#include "tests/host/world.h"

#include <string.h>

#define SIM_GPA	 0x5000ull
#define SIEF_GPA 0x6000ull
#define SINT	 2
#define VECTOR	 0x71

static struct vp *vp;
static u64 below; /* page number of what is under the SIM page */

static enum msr_outcome write(u32 msr, u64 value)
{
	u64 gpa;

	return vp_write_msr(vp, msr, value, &gpa);
}

static u64 read(u32 msr)
{
	u64 value = ~0ull;

	CHECK_EQ(MSR_DONE, vp_read_msr(vp, msr, &value));
	return value;
}

static void boot(void)
{
	struct partition *child;

	world_boot();
	child = world_child(64);
	vp = world_vp(child, 0);
	vp->apic.spurious = 0x1ff;
	below = world_page();
	CHECK_STATUS(SUCCESS, world_map(child, SIM_GPA >> PAGE_SHIFT, below,
				      HV_MAP_GPA_READABLE | HV_MAP_GPA_WRITABLE));
}

static void enable(void)
{
	CHECK_EQ(MSR_DONE, write(HV_X64_MSR_SCONTROL, 1));
	CHECK_EQ(MSR_DONE, write(HV_X64_MSR_SIMP, SIM_GPA | 1));
	CHECK_EQ(MSR_DONE, write(HV_X64_MSR_SIEFP, SIEF_GPA | 1));
	CHECK_EQ(MSR_DONE, write(HV_X64_MSR_SINT0 + SINT, VECTOR));
}

/* As the guest sees its page. */
static struct hv_message *slot(void)
{
	return &((struct hv_message_page *)partition_memory(vp->partition, SIM_GPA, SLAT_READ))
			->sint[SINT];
}

static bool take_interrupt(void)
{
	bool pending = vp->apic.irr[VECTOR / 32] & 1u << VECTOR % 32;

	vp->apic.irr[VECTOR / 32] = 0;
	return pending;
}

static u64 post(u32 type, u8 fill, u8 size)
{
	struct hv_input_post_message_direct in = {
		.partition_id = vp->partition->id, .vp_index = 0, .sint_index = SINT};
	struct hv_message message = {
		.header = {.message_type = type, .payload_size = size, .sender = 0x1234}};

	memset(message.payload, fill, sizeof(message.payload));
	memcpy(in.message, &message, sizeof(message));
	return WORLD_CALL(POST_MESSAGE_DIRECT, in);
}

static u64 signal(u32 sint, u32 flag, u8 *news)
{
	struct hv_input_signal_event_direct in = {
		.target_partition = vp->partition->id, .target_sint = (u8)sint};
	struct hv_output_signal_event_direct out = {0};
	u64 result;

	in.flag_number = (u16)flag;
	result = WORLD_CALL_OUT(SIGNAL_EVENT_DIRECT, in, out);
	*news = out.newly_signaled;
	return result;
}

/* The page covers what is there, is clear at first, and keeps what it held while it was off. */
TEST(child_synic_pages)
{
	u8 *under;

	boot();
	under = world_memory(below);
	under[7] = 0x55;
	CHECK_EQ(0, read(HV_X64_MSR_SIMP));
	CHECK_EQ(MSR_DONE, write(HV_X64_MSR_SIMP, SIM_GPA | 1));
	CHECK_EQ(SIM_GPA | 1, read(HV_X64_MSR_SIMP));
	CHECK_EQ(0, *(u8 *)partition_memory(vp->partition, SIM_GPA + 7, SLAT_READ));
	*(u8 *)partition_memory(vp->partition, SIM_GPA + 8, SLAT_READ | SLAT_WRITE) = 0x66;
	CHECK_EQ(0, under[8]);
	/* No memory of the guest is needed there. */
	CHECK_EQ(MSR_DONE, write(HV_X64_MSR_SIEFP, SIEF_GPA | 1));
	CHECK(partition_memory(vp->partition, SIEF_GPA, SLAT_READ | SLAT_WRITE));
	CHECK_EQ(MSR_DONE, write(HV_X64_MSR_SIEFP, SIEF_GPA));
	CHECK(!partition_memory(vp->partition, SIEF_GPA, SLAT_READ));
	CHECK_EQ(MSR_DONE, write(HV_X64_MSR_SIMP, 0x9000 | 1));
	CHECK_EQ(0x55, *(u8 *)partition_memory(vp->partition, SIM_GPA + 7, SLAT_READ));
	CHECK_EQ(0x66, *(u8 *)partition_memory(vp->partition, 0x9008, SLAT_READ));
	/* Two at one place are refused; beyond the GPA space there is nothing to be seen. */
	CHECK_EQ(MSR_FAULT, write(HV_X64_MSR_VP_ASSIST_PAGE, 0x9000 | 1));
	CHECK_EQ(0, read(HV_X64_MSR_VP_ASSIST_PAGE));
	CHECK_EQ(MSR_DONE, write(HV_X64_MSR_VP_ASSIST_PAGE, 1ull << 48 | 1));
	CHECK_EQ(1ull << 48 | 1, read(HV_X64_MSR_VP_ASSIST_PAGE));
	CHECK_EQ(MSR_DONE, write(HV_X64_MSR_VP_ASSIST_PAGE, 0x8000 | 1));
	CHECK(partition_memory(vp->partition, 0x8000, SLAT_READ | SLAT_WRITE));
}

/* Out of memory for tables: the guest faults, a VMM is told and can try again. */
TEST(child_synic_page_needs_memory)
{
	boot();
	spin_lock(&vp->partition->lock);
	while (pool_allocate(&vp->partition->pool))
		;
	spin_unlock(&vp->partition->lock);
	CHECK_EQ(MSR_NO_MEMORY, write(HV_X64_MSR_SIEFP, 1ull << 40 | 1));
	CHECK_EQ(0, read(HV_X64_MSR_SIEFP));
	CHECK_STATUS(
		INSUFFICIENT_MEMORY, world_set_register(vp, HV_REGISTER_SIEFP, 1ull << 40 | 1));
	world_deposit(vp->partition->id, 3);
	CHECK_STATUS(SUCCESS, world_set_register(vp, HV_REGISTER_SIEFP, 1ull << 40 | 1));
	CHECK(partition_memory(vp->partition, 1ull << 40, SLAT_READ | SLAT_WRITE));
}

TEST(child_synic_messages)
{
	boot();
	CHECK_STATUS(INVALID_SYNIC_STATE, post(1, 0xaa, 240));
	enable();
	CHECK_STATUS(SUCCESS, post(1, 0xaa, 240));
	CHECK(take_interrupt());
	CHECK_EQ(1, slot()->header.message_type);
	CHECK_EQ(240, slot()->header.payload_size);
	CHECK_EQ(0x1234, slot()->header.sender);
	CHECK_EQ(0, slot()->header.flags);
	CHECK_EQ(0xaa, slot()->payload[0]);
	CHECK_EQ(0xaa, slot()->payload[239]);
	/* The next waits, and the guest is asked to say when it has taken the first. */
	CHECK_STATUS(SUCCESS, post(2, 0xbb, 8));
	CHECK(!take_interrupt());
	CHECK_EQ(HV_MESSAGE_FLAG_PENDING, slot()->header.flags);
	CHECK_EQ(MSR_DONE, write(HV_X64_MSR_EOM, 0)); /* too early */
	CHECK_EQ(1, slot()->header.message_type);
	slot()->header.message_type = 0;
	CHECK_EQ(MSR_DONE, write(HV_X64_MSR_EOM, 0));
	CHECK(take_interrupt());
	CHECK_EQ(2, slot()->header.message_type);
	CHECK_EQ(0, slot()->header.flags);
	/* The end of an interrupt is another occasion. */
	CHECK_STATUS(SUCCESS, post(3, 0xcc, 8));
	slot()->header.message_type = 0;
	vapic_accept(&vp->apic, VECTOR);
	CHECK_EQ(MSR_DONE, write(HV_X64_MSR_EOI, 0));
	CHECK_EQ(3, slot()->header.message_type);
	CHECK_EQ(0, vp->synic.waiting);
}

/* Messages that a guest does not take use the buffers up, and no more than these. */
TEST(child_synic_buffers)
{
	u64 free;

	boot();
	enable();
	free = vp->partition->pool.free_pages;
	for (u32 i = 0; i <= SYNIC_BUFFERS; i++)
		CHECK_STATUS(SUCCESS, post(100 + i, 1, 1));
	CHECK_STATUS(INSUFFICIENT_BUFFERS, post(5, 1, 1));
	CHECK_EQ(free - 1, vp->partition->pool.free_pages);
	for (u32 i = 0; i <= SYNIC_BUFFERS; i++) {
		CHECK_EQ(100 + i, slot()->header.message_type);
		slot()->header.message_type = 0;
		CHECK_EQ(MSR_DONE, write(HV_X64_MSR_EOM, 0));
	}
	CHECK_STATUS(SUCCESS, post(5, 1, 1));
	world_delete(vp->partition);
}

TEST(child_synic_post_refused)
{
	struct hv_input_post_message_direct in;

	boot();
	enable();
	memset(&in, 0, sizeof(in));
	in.partition_id = vp->partition->id;
	CHECK_STATUS(INVALID_PARAMETER, WORLD_CALL(POST_MESSAGE_DIRECT, in)); /* no type */
	in.message[0] = 1;
	in.message[4] = 241;
	CHECK_STATUS(INVALID_PARAMETER, WORLD_CALL(POST_MESSAGE_DIRECT, in));
	in.message[4] = 0;
	in.sint_index = 16;
	CHECK_STATUS(INVALID_PARAMETER, WORLD_CALL(POST_MESSAGE_DIRECT, in));
	in.sint_index = 3;
	in.vtl = 1;
	CHECK_STATUS(INVALID_PARAMETER, WORLD_CALL(POST_MESSAGE_DIRECT, in));
	in.vtl = 0;
	in.vp_index = 1;
	CHECK_STATUS(INVALID_VP_INDEX, WORLD_CALL(POST_MESSAGE_DIRECT, in));
	in.vp_index = 0;
	spin_lock(&vp->partition->lock);
	while (pool_allocate(&vp->partition->pool))
		;
	spin_unlock(&vp->partition->lock);
	CHECK_STATUS(INSUFFICIENT_MEMORY, WORLD_CALL(POST_MESSAGE_DIRECT, in));
	world_deposit(vp->partition->id, 1);
	CHECK_STATUS(SUCCESS, WORLD_CALL(POST_MESSAGE_DIRECT, in));
}

/* A masked SINT has no interrupt, but its messages can be fetched (TLFS "EOM Register"). */
TEST(child_synic_masked)
{
	boot();
	enable();
	CHECK_EQ(MSR_DONE, write(HV_X64_MSR_SINT0 + SINT, HV_SINT_MASKED | VECTOR));
	CHECK_STATUS(SUCCESS, post(1, 1, 8));
	CHECK_EQ(1, slot()->header.message_type);
	CHECK(!take_interrupt());
	CHECK_STATUS(SUCCESS, post(2, 1, 8));
	slot()->header.message_type = 0;
	CHECK_EQ(MSR_DONE, write(HV_X64_MSR_EOM, 0));
	CHECK_EQ(2, slot()->header.message_type);
	CHECK(!take_interrupt());
}

TEST(child_synic_events)
{
	u64 *flags;
	u8 news;

	boot();
	CHECK_STATUS(INVALID_SYNIC_STATE, signal(SINT, 65, &news));
	enable();
	flags = (u64 *)partition_memory(vp->partition, SIEF_GPA + SINT * 256, SLAT_READ);
	CHECK_STATUS(SUCCESS, signal(SINT, 65, &news));
	CHECK_EQ(1, news);
	CHECK_EQ(2, flags[1]);
	CHECK(take_interrupt());
	CHECK_STATUS(SUCCESS, signal(SINT, 65, &news));
	CHECK_EQ(0, news);
	CHECK(!take_interrupt());
	CHECK_STATUS(SUCCESS, signal(SINT, 2047, &news));
	CHECK_EQ(1ull << 63, flags[31]);
	CHECK(take_interrupt());
	CHECK_STATUS(INVALID_PARAMETER, signal(SINT, 2048, &news));
	CHECK_STATUS(INVALID_PARAMETER, signal(16, 0, &news));
	CHECK_STATUS(INVALID_SYNIC_STATE, signal(SINT + 1, 0, &news)); /* masked */
	CHECK_EQ(MSR_DONE, write(HV_X64_MSR_SIEFP, SIEF_GPA));
	CHECK_STATUS(INVALID_SYNIC_STATE, signal(SINT, 66, &news));
}

/* A timer that is not in direct mode says so by message, as late as the guest wants to hear it. */
TEST(child_synic_timer_message)
{
	struct hv_timer_message_payload payload;
	u64 due;

	boot();
	enable();
	due = partition_reference_time(vp->partition, fake.tsc) + 1000;
	CHECK_EQ(MSR_DONE, write(HV_X64_MSR_STIMER0_CONFIG + 2,
				   (u64)SINT << 16 | HV_STIMER_CONFIG_AUTO_ENABLE));
	CHECK_EQ(MSR_DONE, write(HV_X64_MSR_STIMER0_COUNT + 2, due));
	vp_timers_expire(vp, fake.tsc);
	CHECK_EQ(0, slot()->header.message_type);
	fake.tsc = vp->timer_deadline_tsc;
	vp_timers_expire(vp, fake.tsc);
	CHECK(take_interrupt());
	CHECK_EQ(HVMSG_TIMER_EXPIRED, slot()->header.message_type);
	memcpy(&payload, slot()->payload, sizeof(payload));
	CHECK_EQ(1, payload.timer_index);
	CHECK_EQ(due, payload.expiration_time);
	CHECK(payload.delivery_time >= due);
	CHECK_EQ(0, read(HV_X64_MSR_STIMER0_CONFIG + 2) & HV_STIMER_CONFIG_ENABLE);
	/* With the page off it waits; switching the page on delivers it. */
	slot()->header.message_type = 0;
	CHECK_EQ(MSR_DONE, write(HV_X64_MSR_SIMP, SIM_GPA));
	CHECK_EQ(MSR_DONE, write(HV_X64_MSR_STIMER0_COUNT + 2, due + 1));
	fake.tsc = vp->timer_deadline_tsc;
	vp_timers_expire(vp, fake.tsc);
	CHECK(vp->stimers[1].message.queued);
	CHECK_EQ(MSR_DONE, write(HV_X64_MSR_SIMP, SIM_GPA | 1));
	CHECK_EQ(HVMSG_TIMER_EXPIRED, slot()->header.message_type);
	CHECK(take_interrupt());
}

/* AutoEOI: delivered and ended at once, so that the next can come. */
TEST(child_synic_auto_eoi)
{
	boot();
	enable();
	CHECK_EQ(MSR_DONE, write(HV_X64_MSR_SINT0 + SINT, VECTOR | HV_SINT_AUTO_EOI));
	CHECK_STATUS(SUCCESS, post(1, 1, 1));
	vp->suspend = 0;
	vp->regs.rflags = 2 | RFLAGS_IF;
	CHECK(vp_prepare(vp));
	CHECK_EQ(VECTOR, vp->event >> HV_PENDING_INTERRUPTION_VECTOR_SHIFT & 0xff);
	CHECK_EQ(0, vp->apic.isr_words);
	CHECK(vp->attention & ATTENTION_INTERRUPT);
	vp->event = 0;
	CHECK_EQ(MSR_DONE, write(HV_X64_MSR_SINT0 + SINT, VECTOR));
	slot()->header.message_type = 0;
	CHECK_STATUS(SUCCESS, post(2, 1, 1));
	CHECK(vp_prepare(vp));
	CHECK(vp->apic.isr_words);
}

/* At the reset vector a write of APIC_BASE resets: the next system finds plain memory. */
TEST(child_synic_reset)
{
	boot();
	enable();
	CHECK_EQ(MSR_DONE, write(HV_X64_MSR_VP_ASSIST_PAGE, 0x8000 | 1));
	CHECK_EQ(MSR_DONE, write(HV_X64_MSR_STIMER0_COUNT, 12345));
	for (u32 i = 0; i < 3; i++)
		CHECK_STATUS(SUCCESS, post(1, 1, 1));
	CHECK_STATUS(SUCCESS, world_set_register(vp, HV_REGISTER_APIC_BASE, 0xfee00900));
	CHECK_EQ(0, read(HV_X64_MSR_SCONTROL));
	CHECK_EQ(0, read(HV_X64_MSR_SIMP));
	CHECK_EQ(0, read(HV_X64_MSR_SIEFP));
	CHECK_EQ(0, read(HV_X64_MSR_VP_ASSIST_PAGE));
	CHECK_EQ(0, read(HV_X64_MSR_STIMER0_COUNT));
	CHECK_EQ(HV_SINT_MASKED, read(HV_X64_MSR_SINT0 + SINT));
	CHECK(!vp->partition->slat.overlays);
	CHECK(partition_memory(vp->partition, SIM_GPA, SLAT_READ) == world_memory(below));
	enable();
	CHECK_EQ(0, slot()->header.message_type);
	CHECK_EQ(0, vp->synic.waiting);
}

/* Deleting a VP that shows pages gives back what they covered. */
TEST(child_synic_delete_vp)
{
	boot();
	enable();
	CHECK_STATUS(SUCCESS, world_fast(HVCALL_DELETE_VP, vp->partition->id, 0));
	CHECK_STATUS(SUCCESS, world_fast(HVCALL_FINALIZE_PARTITION, root_partition.id + 1, 0));
	CHECK_EQ(0, frame_mappings(below << PAGE_SHIFT));
}
