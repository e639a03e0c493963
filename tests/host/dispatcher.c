/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/host/dispatcher.h"

#include "abi/hv_msr.h"
#include "core/lp_internal.h"
#include "core/vp/msrs.h"

#include <string.h>

#define CODE_PAGE 0x10ull

struct vp *dispatched, *caller;
static u64 input_gpa;
struct hv_output_dispatch_vp *dispatcher_output;

/* Root VP 1, on LP 1, listens as its driver does, and takes interrupts. */
static void listen(void)
{
	u64 gpa;

	caller->apic.spurious = 0x1ff;
	caller->regs.rflags = 0x202;
	CHECK_EQ(MSR_DONE, vp_write_msr(caller, HV_X64_MSR_SIMP, caller->synic.simp | 1, &gpa));
	CHECK_EQ(MSR_DONE, vp_write_msr(caller, HV_X64_MSR_SINT0, 0x50, &gpa));
	CHECK_EQ(MSR_DONE, vp_write_msr(caller, HV_X64_MSR_SCONTROL, 1, &gpa));
}

/* A VP of the child, suspended as it is born, that could run 64-bit code. */
void dispatcher_create(struct partition *child, u32 index)
{
	dispatched = world_vp(child, index);
	dispatched->activity = VP_ACTIVE;
	dispatched->regs.rip = CODE_PAGE << PAGE_SHIFT;
	dispatched->regs.rflags = 0x202;
	dispatched->apic.spurious = 0x1ff;
	fake_enter_64(dispatched);
}

/* VP 0 of a new child, and root VP 1 to dispatch it. */
void dispatcher_boot(void)
{
	struct partition *child;

	machine.boot.command_line = "scheduler=root";
	world_boot();
	child = world_child(200);
	CHECK_STATUS(SUCCESS, world_map(child, CODE_PAGE, world_page(),
				      HV_MAP_GPA_READABLE | HV_MAP_GPA_EXECUTABLE));
	dispatcher_create(child, 0);
	caller = root_partition.vps[1];
	listen();
	world_run_on(1, caller);
	input_gpa = world_page() << PAGE_SHIFT;
	dispatcher_output = world_memory(world_page());
}

/* Root VP 1 executes the hypercall. Its status. */
u64 dispatcher_call(const struct hv_input_dispatch_vp *in)
{
	memcpy(machine_ram(input_gpa), in, sizeof(*in));
	memset(dispatcher_output, WORLD_POISON, sizeof(*dispatcher_output));
	caller->regs.gpr[RCX] = HVCALL_DISPATCH_VP;
	caller->regs.gpr[RDX] = input_gpa;
	caller->regs.gpr[R8] = machine_spa(dispatcher_output);
	caller->regs.rip = 0x1000;
	fake_exit(INTERCEPT_Hypercall, 3);
	world_step(1);
	CHECK_EQ(0x1003, caller->regs.rip);
	return STATUS_OF(caller->regs.gpr[RAX]);
}

u64 dispatcher_dispatch(u32 flags)
{
	struct hv_input_dispatch_vp in = {
		dispatched->partition->id, dispatched->index, flags, 0, 0};

	return dispatcher_call(&in);
}

/* The dispatch is over: root VP 1 has its LP and this answer. */
void check_answer(u32 state, u32 event)
{
	CHECK_EQ(state, dispatcher_output->dispatch_state);
	CHECK_EQ(event, dispatcher_output->dispatch_event);
	CHECK(lps[1].vp == caller);
	CHECK(lps[1].dispatch.vp == NULL);
	CHECK_EQ(1, caller->running_lp);
	CHECK_EQ(-1, dispatched->running_lp);
	CHECK_EQ(state == BLOCKED, stat_vp(dispatched, RootDispatchThreadBlocked));
	CHECK_EQ(SCHED_BLOCKED, dispatched->sched.state);
}

/* The VP is in the LP of the root VP, which only the scheduler still thinks to be there. */
void check_runs(void)
{
	CHECK(lps[1].vp == dispatched);
	CHECK_EQ(1, dispatched->running_lp);
	CHECK_EQ(-1, caller->running_lp);
	CHECK_EQ(SCHED_RUNNING, caller->sched.state);
	CHECK_EQ(SCHED_BLOCKED, dispatched->sched.state);
	CHECK_EQ(0, stat_vp(dispatched, RootDispatchThreadBlocked));
}

/* As Linux begins: dispatch, clear explicit suspension, take the signal. */
void dispatcher_start(void)
{
	CHECK_EQ(HV_STATUS_SUCCESS, dispatcher_dispatch(0));
	check_answer(BLOCKED, SUSPEND);
	world_start(dispatched);
}

struct hv_message *dispatcher_slot(void)
{
	return &((struct hv_message_page *)caller->synic.message_page)->sint[0];
}

/* The message that is a signal for the VP; it is taken. */
void check_signal(u64 count)
{
	struct hv_message *message = dispatcher_slot();
	struct hv_vp_signal_bitset_scheduler_message signal;

	CHECK_EQ(HVMSG_SCHEDULER_VP_SIGNAL_BITSET, message->header.message_type);
	CHECK_EQ(40, message->header.payload_size);
	memcpy(&signal, message->payload, sizeof(signal));
	CHECK_EQ(dispatched->partition->id, signal.partition_id);
	CHECK_EQ(1, signal.vp_count);
	CHECK_EQ(HV_GENERIC_SET_SPARSE_4K, signal.vp_set.format);
	CHECK_EQ(BIT(dispatched->index / 64), signal.vp_set.valid_bank_mask);
	CHECK_EQ(BIT(dispatched->index % 64), signal.bank_contents[0]);
	CHECK_EQ(count, world_get_register(dispatched, HV_REGISTER_VP_ROOT_SIGNAL_COUNT));
	CHECK_EQ(0, stat_vp(dispatched, RootDispatchThreadBlocked));
	message->header.message_type = HVMSG_NONE;
}

void check_no_signal(u64 count)
{
	CHECK_EQ(HVMSG_NONE, dispatcher_slot()->header.message_type);
	CHECK_EQ(count, dispatched->signals);
	CHECK(!dispatched->intercept_message.queued);
}

/* As if the root VP had handled all that it got. */
void dispatcher_forget_interrupts(void)
{
	memset(caller->apic.irr, 0, sizeof(caller->apic.irr));
	memset(caller->apic.isr, 0, sizeof(caller->apic.isr));
	caller->apic.irr_words = caller->apic.isr_words = 0;
	caller->attention = 0;
	caller->nmi_blocked = false;
}

/* Ends the dispatch, if one goes on, for no reason. */
void dispatcher_stop(void)
{
	fake.lp = 1;
	if (lps[1].dispatch.vp)
		lp_dispatch_end(&lps[1]);
	fake.lp = 0;
}

/* A running VP, with its first signal taken and its root VP's interrupt acknowledged. */
void dispatcher_boot_running(void)
{
	dispatcher_boot();
	dispatcher_start();
	check_signal(1);
	dispatcher_forget_interrupts();
	CHECK_EQ(HV_STATUS_SUCCESS, dispatcher_dispatch(0));
	world_step(1);
	check_runs();
}

void dispatcher_halt(void)
{
	fake_exit(INTERCEPT_Halt, 1);
	world_step(1);
	world_step(1);
	check_answer(BLOCKED, NOTHING);
}

u64 injected(u8 vector)
{
	return HV_PENDING_INTERRUPTION_PENDING | (u64)vector << 16;
}
