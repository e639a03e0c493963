/* SPDX-License-Identifier: BSD-2-Clause */
/* Diagnostics: what an LP logs of its rounds, and what it does not while they are off. */
#include "abi/hv_msr.h"
#include "core/lp_eventlog.h"
#include "tests/host/world.h"

#include <string.h>

#define LOCAL HV_EVENTLOG_TYPE_LOCAL_DIAGNOSTICS
#define ALL                                                                                        \
	(HV_EVENTLOG_GROUP_HYPERCALL | HV_EVENTLOG_GROUP_INTERCEPT |                               \
		HV_EVENTLOG_GROUP_SYNTHETIC_INTERRUPT | HV_EVENTLOG_GROUP_SCHEDULER)

#define BUFFERS 2

static u64 set_sources(u64 sources)
{
	return world_fast(HVCALL_SET_EVENT_LOG_GROUP_SOURCES, LOCAL, sources);
}

/* The log is on, with a buffer for each of two LPs; the root VPs of LPs 0 and 1 run. */
static void begin(u64 sources)
{
	struct hv_input_initialize_event_log_buffer_group in = {
		.type = LOCAL, .maximum_buffer_count = BUFFERS, .buffer_pages = 1, .threshold = 1};
	struct hv_input_event_log_buffer map = {.type = LOCAL};
	u64 page;

	world_boot();
	world_deposit(root_partition.id, 1 + BUFFERS * 2);
	CHECK_STATUS(SUCCESS, WORLD_CALL(INITIALIZE_EVENT_LOG_BUFFER_GROUP, in));
	for (; map.buffer_index < BUFFERS; map.buffer_index++) {
		CHECK_STATUS(SUCCESS, world_fast(HVCALL_CREATE_EVENT_LOG_BUFFER,
					      LOCAL | (u64)map.buffer_index << 32,
					      (u64)HV_PROXIMITY_INFO_VALID << 32));
		CHECK_STATUS(SUCCESS, WORLD_CALL_OUT(MAP_EVENT_LOG_BUFFER, map, page));
	}
	for (u32 lp = 0; lp < 2; lp++)
		world_run_on(lp, root_partition.vps[lp]);
	CHECK_STATUS(SUCCESS, set_sources(sources));
	fake.tsc_step = 10;
}

static const struct hv_eventlog_buffer_header *buffer_of(u32 lp)
{
	u32 index = eventlogs[LOCAL].queues[lp].in_use;

	return index < BUFFERS ? eventlogs[LOCAL].rows[0][index].pages[0] : NULL;
}

static u32 events_of(u32 lp)
{
	const struct hv_eventlog_buffer_header *header = buffer_of(lp);

	return header ? (u32)(header->next_buffer_offset - sizeof(*header)) /
				(u32)sizeof(struct hv_eventlog_trace_entry)
		      : 0;
}

/* The LP's newest entry. */
static struct hv_eventlog_trace_entry last(u32 lp)
{
	struct hv_eventlog_trace_entry entry = {0};

	if (CHECK(events_of(lp) > 0))
		memcpy(&entry,
			(const u8 *)buffer_of(lp) + buffer_of(lp)->next_buffer_offset -
				sizeof(entry),
			sizeof(entry));
	return entry;
}

/* One intercept of root VP 0, whose registers are `regs`; its entry. */
static struct hv_eventlog_trace_entry intercept(
	enum intercept_kind kind, u8 access, u64 rax, u64 rcx, u64 rdx)
{
	struct vp *vp = root_partition.vps[0];
	u32 before = events_of(0);

	vp->regs.rip = 0x1234;
	vp->regs.gpr[RAX] = rax;
	vp->regs.gpr[RCX] = rcx;
	vp->regs.gpr[RDX] = rdx;
	fake_exit(kind, 2);
	fake_exit_last()->intercept.access = access;
	world_step(0);
	CHECK_EQ(before + 1, events_of(0));
	return last(0);
}

TEST(lp_eventlog_off)
{
	begin(0);
	for (u32 i = 0; i < 5; i++)
		world_step(0);
	CHECK(!lps[0].logs);
	CHECK_EQ(0, lps[0].attention);
	CHECK_EQ(0, events_of(0));
	CHECK_EQ(0, eventlogs[LOCAL].queues[0].sequence);
}

TEST(lp_eventlog_cpuid)
{
	struct hv_eventlog_trace_entry entry;

	begin(HV_EVENTLOG_GROUP_INTERCEPT);
	entry = intercept(INTERCEPT_Cpuid, 0, 0x40000001, 7, 0);
	CHECK_EQ(HV_TR_IM_CPUID_INSTRUCTION, entry.header.type);
	CHECK_EQ(0, entry.header.context);
	CHECK_EQ(root_partition.id, entry.partition_id);
	CHECK_EQ(0x1234, entry.rip);
	CHECK_EQ(0x40000001, entry.parameters[0]);
	CHECK_EQ(7, entry.parameters[1]);
	CHECK(entry.ticks > 0 && entry.ticks < 1000);
}

TEST(lp_eventlog_msr)
{
	struct hv_eventlog_trace_entry entry;

	begin(HV_EVENTLOG_GROUP_INTERCEPT);
	entry = intercept(INTERCEPT_Msr, INTERCEPT_READ, 0xffff, HV_X64_MSR_VP_INDEX, 0xffff);
	CHECK_EQ(HV_TR_IM_MSR_READ, entry.header.type);
	CHECK_EQ(HV_X64_MSR_VP_INDEX, entry.parameters[0]);
	CHECK_EQ(0, entry.parameters[1]);
	entry = intercept(INTERCEPT_Msr, INTERCEPT_WRITE, 0x11, HV_X64_MSR_GUEST_OS_ID, 0x22);
	CHECK_EQ(HV_TR_IM_MSR_WRITE, entry.header.type);
	CHECK_EQ(HV_X64_MSR_GUEST_OS_ID, entry.parameters[0]);
	CHECK_EQ(0x2200000011, entry.parameters[1]);
	entry = intercept(INTERCEPT_Msr, INTERCEPT_READ, 0, HV_X64_MSR_GUEST_OS_ID, 0);
	CHECK_EQ(0x2200000011, entry.parameters[1]);
	/* One that is not there: #GP, and no value. */
	entry = intercept(INTERCEPT_Msr, INTERCEPT_READ, 5, 0x40000fff, 5);
	CHECK_EQ(0x40000fff, entry.parameters[0]);
	CHECK_EQ(0, entry.parameters[1]);
}

TEST(lp_eventlog_hypercall)
{
	struct hv_eventlog_trace_entry entry;

	begin(HV_EVENTLOG_GROUP_HYPERCALL);
	entry = intercept(INTERCEPT_Hypercall, 0, 0, 0xfff0 | HV_HYPERCALL_FAST, 0);
	CHECK_EQ(HV_TR_HC_HYPERCALL, entry.header.type);
	CHECK_EQ(0xfff0 | HV_HYPERCALL_FAST, entry.parameters[0]);
	CHECK_EQ(HV_STATUS_INVALID_HYPERCALL_CODE, entry.parameters[1]);
	/* Input that is not there is #GP: there is no result. */
	entry = intercept(INTERCEPT_Hypercall, 0, 0, HVCALL_CREATE_PARTITION, 0xfffffffff000);
	CHECK_EQ(HV_EVENTLOG_NO_RESULT, entry.parameters[1]);
}

/* Each kind has its type, but what is a source of its own is not logged for another. */
TEST(lp_eventlog_kinds)
{
	static const u16 types[INTERCEPT_KINDS] = {
		[INTERCEPT_Interrupt] = HV_TR_IM_EXTERNAL_INTERRUPT,
		[INTERCEPT_Nmi] = HV_TR_IM_NMI_INTERRUPT,
		[INTERCEPT_Window] = HV_TR_IM_INTERRUPT_PENDING,
		[INTERCEPT_Cpuid] = HV_TR_IM_CPUID_INSTRUCTION,
		[INTERCEPT_Msr] = HV_TR_IM_MSR_READ,
		[INTERCEPT_Hypercall] = HV_TR_HC_HYPERCALL,
		[INTERCEPT_Halt] = HV_TR_IM_HLT_INSTRUCTION,
		[INTERCEPT_IoPort] = HV_TR_IM_IO_PORT_READ,
		[INTERCEPT_Memory] = HV_TR_IM_MEMORY_INTERCEPT,
		[INTERCEPT_ControlRegister] = HV_TR_IM_CR_READ,
		[INTERCEPT_DebugRegister] = HV_TR_IM_DR_ACCESS,
		[INTERCEPT_PageInvalidation] = HV_TR_IM_INVLPG_INSTRUCTION,
		[INTERCEPT_Mwait] = HV_TR_IM_MWAIT_INSTRUCTION,
		[INTERCEPT_Rdpmc] = HV_TR_IM_RDPMC_INSTRUCTION,
		[INTERCEPT_Xsetbv] = HV_TR_IM_XSETBV_INSTRUCTION,
		[INTERCEPT_CacheFlush] = HV_TR_IM_INVD_INSTRUCTION,
		[INTERCEPT_Virtualization] = HV_TR_IM_VIRTUALIZATION_INSTRUCTION,
		[INTERCEPT_NmiReturn] = HV_TR_IM_IRET_INSTRUCTION,
		[INTERCEPT_Exception] = HV_TR_IM_GUEST_EXCEPTION,
		[INTERCEPT_Shutdown] = HV_TR_IM_GUEST_SHUTDOWN,
		[INTERCEPT_InvalidState] = HV_TR_IM_INVALID_STATE,
		[INTERCEPT_Other] = HV_TR_IM_OTHER,
	};
	struct vp *vp;

	begin(0);
	vp = root_partition.vps[0];
	for (u32 kind = 0; kind < INTERCEPT_KINDS; kind++) {
		struct intercept intercept = {.kind = kind, .access = INTERCEPT_READ};
		struct eventlog_exit seen = {.rip = 0x77, .rcx = 0x21, .rdx = 3, .rax = 4};
		u32 before = events_of(0);
		bool hypercall = kind == INTERCEPT_Hypercall;

		CHECK_STATUS(SUCCESS, set_sources(hypercall ? HV_EVENTLOG_GROUP_INTERCEPT
							    : ALL & ~HV_EVENTLOG_GROUP_INTERCEPT));
		lp_eventlog_intercept(vp, &intercept, &seen);
		CHECK_EQ(before, events_of(0));
		CHECK_STATUS(SUCCESS, set_sources(hypercall ? HV_EVENTLOG_GROUP_HYPERCALL
							    : HV_EVENTLOG_GROUP_INTERCEPT));
		lp_eventlog_intercept(vp, &intercept, &seen);
		CHECK_EQ(before + 1, events_of(0));
		CHECK_EQ(types[kind], last(0).header.type);
		CHECK_EQ(0x77, last(0).rip);
	}
}

static struct hv_eventlog_trace_entry told(struct intercept intercept, u64 rax)
{
	struct eventlog_exit seen = {.rax = rax, .rcx = 0x21, .rdx = 3};

	lp_eventlog_intercept(root_partition.vps[0], &intercept, &seen);
	return last(0);
}

TEST(lp_eventlog_parameters)
{
	struct hv_eventlog_trace_entry entry;
	struct intercept intercept = {.kind = INTERCEPT_IoPort, .access = INTERCEPT_WRITE};

	begin(HV_EVENTLOG_GROUP_INTERCEPT);
	intercept.io.port = 0x3f8;
	intercept.io.size = 1;
	entry = told(intercept, 0xabcd);
	CHECK_EQ(HV_TR_IM_IO_PORT_WRITE, entry.header.type);
	CHECK_EQ(0x3f8, entry.parameters[0]);
	CHECK_EQ(0xcd, entry.parameters[1]);
	intercept.io.size = 4;
	CHECK_EQ(0xfffffff0, told(intercept, 0x7fffffff0).parameters[1]);
	intercept.io.string = true;
	CHECK_EQ(0, told(intercept, 1).parameters[1]);
	intercept = (struct intercept){.kind = INTERCEPT_Memory, .access = INTERCEPT_EXECUTE};
	intercept.memory.gpa = 0xfee00020;
	CHECK_EQ(0xfee00020, told(intercept, 0).parameters[0]);
	CHECK_EQ(INTERCEPT_EXECUTE, told(intercept, 0).parameters[1]);
	intercept =
		(struct intercept){.kind = INTERCEPT_ControlRegister, .access = INTERCEPT_WRITE};
	intercept.control_register.number = 8;
	root_partition.vps[0]->apic.tpr = 0x50;
	entry = told(intercept, 0);
	CHECK_EQ(HV_TR_IM_CR_WRITE, entry.header.type);
	CHECK_EQ(8, entry.parameters[0]);
	CHECK_EQ(5, entry.parameters[1]);
	intercept.control_register.number = 0;
	CHECK_EQ(vp_register64(root_partition.vps[0], HV_REGISTER_CR0),
		told(intercept, 0).parameters[1]);
	intercept = (struct intercept){.kind = INTERCEPT_Xsetbv};
	CHECK_EQ(0x21, told(intercept, 7).parameters[0]);
	CHECK_EQ(0x300000007, told(intercept, 7).parameters[1]);
	intercept = (struct intercept){.kind = INTERCEPT_Mwait};
	CHECK_EQ(0x21, told(intercept, 7).parameters[0]);
	CHECK_EQ(7, told(intercept, 7).parameters[1]);
	intercept = (struct intercept){.kind = INTERCEPT_Exception};
	intercept.exception.vector = 14;
	intercept.exception.error_code = 6;
	CHECK_EQ(14, told(intercept, 0).parameters[0]);
	CHECK_EQ(6, told(intercept, 0).parameters[1]);
	intercept = (struct intercept){.kind = INTERCEPT_Other, .vendor_code = 0x99};
	CHECK_EQ(0x99, told(intercept, 0).parameters[0]);
}

/* An interrupt is logged when it is delivered, once, and not when it is delivered again. */
TEST(lp_eventlog_interrupts)
{
	struct vp *vp;
	struct hv_eventlog_trace_entry entry;

	begin(HV_EVENTLOG_GROUP_SYNTHETIC_INTERRUPT);
	vp = root_partition.vps[0];
	vp->apic.spurious = 0x1ff;
	vp_interrupt(vp, 0x45, false);
	world_step(0);
	CHECK_EQ(0, events_of(0));
	vp->regs.rflags |= RFLAGS_IF;
	vp_signal(vp, ATTENTION_INTERRUPT);
	world_step(0);
	CHECK_EQ(HV_PENDING_INTERRUPTION_PENDING | 0x45 << 16, fake_vp(vp)->injected);
	CHECK_EQ(1, events_of(0));
	entry = last(0);
	CHECK_EQ(HV_TR_SI_VIRTUAL_INTERRUPT, entry.header.type);
	CHECK_EQ(0x45, entry.parameters[0]);
	CHECK_EQ(HV_INTERRUPTION_EXTERNAL_INTERRUPT, entry.parameters[1]);
	CHECK_EQ(0, entry.rip);
	CHECK_EQ(0, entry.ticks);
	vp->event = HV_PENDING_INTERRUPTION_PENDING | 0x45 << 16;
	world_step(0);
	CHECK_EQ(HV_PENDING_INTERRUPTION_PENDING | 0x45 << 16, fake_vp(vp)->injected);
	CHECK_EQ(1, events_of(0));
	vp_signal(vp, ATTENTION_NMI);
	world_step(0);
	CHECK_EQ(2, events_of(0));
	CHECK_EQ(2, last(0).parameters[0]);
	CHECK_EQ(HV_INTERRUPTION_NMI, last(0).parameters[1]);
}

TEST(lp_eventlog_switch)
{
	struct vp *vp;

	begin(HV_EVENTLOG_GROUP_SCHEDULER);
	world_let_others_run();
	world_step(0);
	CHECK_EQ(1, events_of(0));
	CHECK_EQ(HV_TR_SCH_CONTEXT_SWITCH, last(0).header.type);
	world_step(0);
	CHECK_EQ(1, events_of(0));
	vp = world_vp(world_child(64), 2);
	vp->activity = VP_ACTIVE;
	world_halt_root(1);
	world_start(vp);
	world_run_on(1, vp);
	world_step(1);
	CHECK_EQ(vp->partition->id, last(1).partition_id);
	CHECK_EQ(2, last(1).header.context);
}

/* Both LPs log into their own buffers; on LP 2 there is none, and events are counted. */
TEST(lp_eventlog_lps)
{
	begin(HV_EVENTLOG_GROUP_INTERCEPT);
	world_step(0);
	world_step(1);
	world_run_on(2, root_partition.vps[2]);
	world_step(2);
	world_step(0);
	world_step(1);
	CHECK_EQ(0, buffer_of(0)->logical_processor);
	CHECK_EQ(1, buffer_of(1)->logical_processor);
	CHECK_EQ(2, events_of(0));
	CHECK_EQ(2, events_of(1));
	CHECK(eventlogs[LOCAL].queues[2].lost >= 1);
	CHECK_EQ(eventlogs[LOCAL].queues[2].sequence, eventlogs[LOCAL].queues[2].lost);
}

/* A full buffer is told to the root VP of the LP that filled it, through its SINT 0. */
TEST(lp_eventlog_tells_own_vp)
{
	struct synic *synic;
	struct hv_message *slot;
	const struct hv_eventlog_buffer_complete_message *payload;

	begin(HV_EVENTLOG_GROUP_INTERCEPT);
	synic = &root_partition.vps[1]->synic;
	synic->control = SYNIC_ENABLE;
	slot = synic->message_page = world_memory(world_page());
	memset(slot, 0, PAGE_SIZE);
	CHECK(synic_write_sint(synic, HV_SYNIC_SINT_INTERCEPT, 0x31));
	payload = (const void *)slot->payload;
	for (u32 i = 0; i < (4096 - 88) / 56; i++)
		world_step(1);
	CHECK_EQ(HVMSG_NONE, slot->header.message_type);
	world_step(1);
	CHECK_EQ(HVMSG_EVENTLOG_BUFFERCOMPLETE, slot->header.message_type);
	CHECK_EQ(LOCAL, payload->type);
	CHECK_EQ(1, payload->buffer_index);
	CHECK_EQ(1, events_of(1));
}

/* With events on, an LP sleeps as before, and its times still add up. */
TEST(lp_eventlog_idle)
{
	u32 idles;

	begin(ALL);
	fake.idle_ticks = 5000;
	world_halt_root(1);
	idles = fake.lps[1].idles;
	world_step(1);
	CHECK_EQ(idles + 1, fake.lps[1].idles);
	CHECK(lps[1].attention & LP_LOG);
	CHECK_EQ(lps[1].stamp - lps[1].start,
		lps[1].guest_tsc + lps[1].hypervisor_tsc + lps[1].idle_tsc);
	vp_signal(root_partition.vps[1], ATTENTION_NMI);
	world_run_on(1, root_partition.vps[1]);
	CHECK(events_of(1) > 0);
}

TEST(lp_eventlog_stops)
{
	u32 events;

	begin(ALL);
	world_step(0);
	events = events_of(0);
	CHECK(events > 0);
	CHECK_STATUS(SUCCESS, set_sources(0));
	world_step(0);
	world_step(0);
	CHECK(!lps[0].logs);
	CHECK_EQ(0, lps[0].attention);
	CHECK_EQ(events, events_of(0));
}
