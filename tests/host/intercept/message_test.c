/* SPDX-License-Identifier: BSD-2-Clause */
/* What a parent is told: the short message in a root VP's slot, the long one in the VP's page. */
#include "abi/hv_message.h"
#include "abi/hv_msr.h"
#include "core/vp/msrs.h"
#include "tests/host/world.h"

#include <string.h>

#define CODE_PAGE 0x10ull
#define CODE_GVA  (CODE_PAGE << PAGE_SHIFT)

static const u8 code[16] = {0xf3, 0x6e, 0x90, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13};

/* Root VPs that listen as their driver does. */
static void listen(u32 index)
{
	struct vp *vp = root_partition.vps[index];
	u64 gpa;

	vp->apic.spurious = 0x1ff;
	CHECK_EQ(MSR_DONE, vp_write_msr(vp, HV_X64_MSR_SIMP, vp->synic.simp | 1, &gpa));
	CHECK_EQ(MSR_DONE, vp_write_msr(vp, HV_X64_MSR_SINT0, 0x50, &gpa));
	CHECK_EQ(MSR_DONE, vp_write_msr(vp, HV_X64_MSR_SCONTROL, 1, &gpa));
}

static const struct hv_message *slot(u32 index)
{
	return &((struct hv_message_page *)root_partition.vps[index]->synic.message_page)->sint[0];
}

/* Child VP 3 on LP 1, in 64-bit code without paging. */
static struct vp *boot(void)
{
	struct partition *child;
	struct vp *vp;

	world_boot();
	child = world_child(128);
	vp = world_vp(child, 3);
	CHECK_STATUS(SUCCESS, world_map(child, CODE_PAGE, world_page(),
				      HV_MAP_GPA_READABLE | HV_MAP_GPA_EXECUTABLE));
	memcpy(partition_memory(child, CODE_GVA, SLAT_READ), code, sizeof(code));
	vp->activity = VP_ACTIVE;
	fake_enter_64(vp);
	for (u32 i = 0; i < 16; i++)
		vp->regs.gpr[i] = 0x1000 + i;
	vp->regs.rip = CODE_GVA;
	vp->regs.rflags = 0x246;
	vp->apic.tpr = 0x70;
	world_halt_root(1);
	world_start(vp);
	world_run_on(1, vp);
	return vp;
}

static const void *check_header(struct vp *vp, u32 type, u8 size)
{
	const struct hv_message *message = vp->intercept_page;

	CHECK_EQ(type, message->header.message_type);
	CHECK_EQ(size, message->header.payload_size);
	CHECK_EQ(vp->partition->id, message->header.sender);
	CHECK_EQ(0, message->header.flags);
	return message->payload;
}

static void check_state(const struct hv_x64_intercept_message_header *header, u8 access, u8 length)
{
	CHECK_EQ(3, header->vp_index);
	CHECK_EQ(length | 7 << HV_INTERCEPT_CR8_SHIFT, header->instruction_length_cr8);
	CHECK_EQ(access, header->intercept_access_type);
	CHECK_EQ(HV_EXECUTION_STATE_CR0_PE | HV_EXECUTION_STATE_EFER_LMA, header->execution_state);
	CHECK_EQ(0xa09b, header->cs_segment.attributes);
	CHECK_EQ(CODE_GVA, header->rip);
	CHECK_EQ(0x246, header->rflags);
}

/* The slot names the VP; the VP stands still until its parent resumes it. */
static void check_told(const struct vp *vp, u32 root)
{
	const struct hv_message *message = slot(root);

	CHECK_EQ(HVMSG_OPAQUE_INTERCEPT, message->header.message_type);
	CHECK_EQ(8, message->header.payload_size);
	CHECK_EQ(vp->partition->id, message->header.sender);
	CHECK_EQ(vp->index, *(const u32 *)(const void *)message->payload);
	CHECK_EQ(SUSPEND_INTERCEPT, vp->suspend);
	CHECK_EQ(-1, vp->running_lp);
	CHECK_EQ(CODE_GVA, vp->regs.rip);
}

TEST(message_io_port)
{
	struct vp *vp = boot();
	const struct hv_x64_io_port_intercept_message *m;

	listen(0);
	fake_exit(INTERCEPT_IoPort, 2);
	fake_exit_last()->intercept.access = INTERCEPT_WRITE;
	fake_exit_last()->intercept.io.port = 0x3f8;
	fake_exit_last()->intercept.io.size = 4;
	world_step(1);
	/* Nobody is told before the state is out of the processor. */
	CHECK_EQ(HVMSG_NONE, slot(0)->header.message_type);
	world_step(1);
	check_told(vp, 0);
	m = check_header(vp, HVMSG_X64_IO_PORT_INTERCEPT, sizeof(*m));
	check_state(&m->header, HV_INTERCEPT_ACCESS_WRITE, 2);
	CHECK_EQ(0x3f8, m->port_number);
	CHECK_EQ(4, m->access_info);
	CHECK_EQ(0x1000 + RAX, m->rax);
	CHECK_EQ(0, m->instruction_byte_count);
	CHECK(root_partition.vps[0]->apic.irr[2] & 1u << 16);
}

TEST(message_io_string)
{
	struct vp *vp = boot();
	const struct hv_x64_io_port_intercept_message *m;

	listen(0);
	fake_exit(INTERCEPT_IoPort, 2);
	fake_exit_last()->intercept.access = INTERCEPT_READ;
	fake_exit_last()->intercept.io.port = 0x1f0;
	fake_exit_last()->intercept.io.size = 2;
	fake_exit_last()->intercept.io.string = true;
	fake_exit_last()->intercept.io.repeat = true;
	world_step(1);
	world_step(1);
	m = check_header(vp, HVMSG_X64_IO_PORT_INTERCEPT, sizeof(*m));
	check_state(&m->header, HV_INTERCEPT_ACCESS_READ, 2);
	CHECK_EQ(2 | HV_IO_PORT_ACCESS_STRING | HV_IO_PORT_ACCESS_REP, m->access_info);
	CHECK_EQ(15, m->instruction_byte_count);
	CHECK(!memcmp(code, m->instruction_bytes, 15));
	CHECK_EQ(0x1000 + RCX, m->rcx);
	CHECK_EQ(0x1000 + RSI, m->rsi);
	CHECK_EQ(0x1000 + RDI, m->rdi);
}

static const struct hv_x64_memory_intercept_message *fault(struct vp *vp, u8 access, bool walk)
{
	fake_exit(INTERCEPT_Memory, 0);
	fake_exit_last()->intercept.access = access;
	fake_exit_last()->intercept.memory.gpa = 0x123456789;
	fake_exit_last()->intercept.memory.table_walk = walk;
	world_step(1);
	world_step(1);
	return check_header(
		vp, HVMSG_GPA_INTERCEPT, sizeof(struct hv_x64_memory_intercept_message));
}

TEST(message_memory)
{
	struct vp *vp = boot();
	const struct hv_x64_memory_intercept_message *m = NULL;

	listen(0);
	m = fault(vp, INTERCEPT_WRITE, false);
	check_told(vp, 0);
	check_state(&m->header, HV_INTERCEPT_ACCESS_WRITE, 0);
	CHECK_EQ(0x123456789, m->guest_physical_address);
	CHECK_EQ(HV_CACHE_TYPE_WRITE_BACK, m->cache_type);
	CHECK_EQ(0x70, m->tpr_priority);
	CHECK_EQ(15, m->instruction_byte_count);
	CHECK(!memcmp(code, m->instruction_bytes, 15));
}

/* Page tables are read, whatever the processor wanted to do to them; no instruction is to blame. */
TEST(message_memory_walk)
{
	struct vp *vp = boot();
	const struct hv_x64_memory_intercept_message *m = fault(vp, INTERCEPT_WRITE, true);

	check_state(&m->header, HV_INTERCEPT_ACCESS_READ, 0);
	CHECK_EQ(0, m->instruction_byte_count);
}

TEST(message_memory_fetch)
{
	struct vp *vp = boot();
	const struct hv_x64_memory_intercept_message *m = fault(vp, INTERCEPT_EXECUTE, false);

	check_state(&m->header, HV_INTERCEPT_ACCESS_EXECUTE, 0);
	CHECK_EQ(0, m->instruction_byte_count);
}

TEST(message_unrecoverable)
{
	struct vp *vp = boot();
	const struct hv_x64_unrecoverable_exception_message *m;

	listen(0);
	fake_exit(INTERCEPT_Shutdown, 0);
	world_step(1);
	world_step(1);
	check_told(vp, 0);
	m = check_header(vp, HVMSG_UNRECOVERABLE_EXCEPTION, sizeof(*m));
	check_state(&m->header, HV_INTERCEPT_ACCESS_EXECUTE, 0);
	CHECK(vp->dead);
	CHECK_EQ(1, fake_vp(vp)->dumps);
}

/* What was pending when the access was intercepted shows in the execution state. */
TEST(message_execution_state)
{
	struct vp *vp = boot();
	const struct hv_x64_memory_intercept_message *m;
	union hv_register_value value = {.segment = {.attributes = 0xc0f3}};

	hypervisor.backend->set_register(vp, HV_REGISTER_SS, &value);
	value.reg64 = 1 | BIT(18);
	hypervisor.backend->set_register(vp, HV_REGISTER_CR0, &value);
	vp->running_lp = 1;
	vp->event = EVENT_PENDING;
	message_memory(vp, 0x5000, INTERCEPT_READ, false);
	m = check_header(vp, HVMSG_GPA_INTERCEPT, sizeof(*m));
	CHECK_EQ(3 | HV_EXECUTION_STATE_CR0_PE | HV_EXECUTION_STATE_CR0_AM |
			 HV_EXECUTION_STATE_EFER_LMA | HV_EXECUTION_STATE_INTERRUPTION_PENDING,
		m->header.execution_state);
	vp->event = 0;
}

/* The first root VP that listens is told; when none does, the message waits. */
TEST(message_receivers)
{
	struct vp *vp = boot();

	(void)fault(vp, INTERCEPT_READ, false);
	CHECK(vp->intercept_message.queued);
	CHECK(root_partition.vps[0]->synic.head[0] == &vp->intercept_message);
	listen(0);
	CHECK(!vp->intercept_message.queued);
	check_told(vp, 0);
}

TEST(message_to_listening_vp)
{
	struct vp *vp = boot();

	listen(2);
	(void)fault(vp, INTERCEPT_READ, false);
	check_told(vp, 2);
	CHECK(root_partition.vps[2]->apic.irr[2] & 1u << 16);
}

/* Resumed, the VP does the same again or what its parent has made of it. */
TEST(message_resume)
{
	struct vp *vp = boot();
	u32 runs;

	listen(0);
	(void)fault(vp, INTERCEPT_READ, false);
	runs = fake_vp(vp)->runs;
	CHECK_STATUS(SUCCESS, world_set_register(vp, HV_REGISTER_RIP, CODE_GVA + 2));
	CHECK_STATUS(SUCCESS, world_set_register(vp, HV_REGISTER_INTERCEPT_SUSPEND, 0));
	world_step(1);
	CHECK(lps[1].vp == vp);
	CHECK_EQ(runs + 1, fake_vp(vp)->runs);
	CHECK_EQ(CODE_GVA + 2, vp->regs.rip);
}
