/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Event logs: what the hypervisor writes down is what happened.
 *
 * What: diagnostics with all sources and with one at a time, on every processor at once; messages
 * that tell of full and of flushed buffers; loss; children that come and go meanwhile; system
 * events; the end of a log.
 * Why: a trace that lacks an intercept or has one twice leads whoever reads it astray, and one that
 * is wrong only on the second processor is found last.
 * How: each processor executes a known number of CPUIDs, hypercalls and self-IPIs that nobody else
 * executes (a leaf, a call code, a vector). The log of its buffers must hold just as many of each,
 * with times that rise, and what was lost must be told and be none.
 */
#include "abi/hv_cpuid.h"
#include "abi/hv_eventlog.h"
#include "abi/hv_message.h"
#include "abi/hv_msr.h"
#include "abi/hv_state.h"
#include "core/lib/string.h"
#include "tests/emulator/lib/apic.h"
#include "tests/emulator/lib/child.h"
#include "tests/emulator/lib/cpu.h"
#include "tests/emulator/lib/hypercall.h"
#include "tests/emulator/lib/pages.h"
#include "tests/emulator/lib/report.h"

#define LOCAL	HV_EVENTLOG_TYPE_LOCAL_DIAGNOSTICS
#define SYSTEM	HV_EVENTLOG_TYPE_GLOBAL_SYSTEM_EVENTS
#define NONE	HV_EVENTLOG_BUFFER_INDEX_NONE
#define VECTOR	0x61
#define LEAF	0x40000123
#define CODE	(0x7e5 | HV_HYPERCALL_FAST)
#define N	700
#define PAGES	2
#define BUFFERS 64
#define CPUS	2

#define TRACE                                                                                      \
	(HV_EVENTLOG_GROUP_HYPERCALL | HV_EVENTLOG_GROUP_INTERCEPT |                               \
		HV_EVENTLOG_GROUP_SYNTHETIC_INTERRUPT)

static u64 pages[BUFFERS][PAGES]; /* page numbers */
static u32 cpu_count;
static u64 own_id;

/* What was read of a processor's events. */
static struct {
	u64 cpuids, hypercalls, writes, interrupts, lost, disorder, late;
	u64 created[2], deleted[2], switches, of_children; /* [0]: partitions, [1]: VPs */
	u64 last_time;
	u32 next_number;
	bool begun;
} seen[CPUS];

/* ---- Calls ---- */

static u32 on_buffer(u16 code, u32 type, u32 index)
{
	return hypercall_fast(code, type | (u64)index << 32, 0);
}

static u32 set_sources(u64 sources)
{
	return hypercall_fast(HVCALL_SET_EVENT_LOG_GROUP_SOURCES, LOCAL, sources);
}

static u32 create(u32 type, u32 index)
{
	return hypercall_fast(HVCALL_CREATE_EVENT_LOG_BUFFER, type | (u64)index << 32,
		(u64)HV_PROXIMITY_INFO_VALID << 32);
}

static u32 map(u32 type, u32 index)
{
	struct hv_input_event_log_buffer in = {type, index};
	u32 status = hypercall(HVCALL_MAP_EVENT_LOG_BUFFER, &in, sizeof(in));

	memcpy(pages[index], hypercall_output, sizeof(pages[index]));
	return status;
}

static void make_group(u32 type, u32 buffers, u32 threshold)
{
	struct hv_input_initialize_event_log_buffer_group in = {
		.type = type,
		.maximum_buffer_count = buffers,
		.buffer_pages = PAGES,
		.threshold = threshold,
	};

	check(HV_STATUS_SUCCESS,
		hypercall(HVCALL_INITIALIZE_EVENT_LOG_BUFFER_GROUP, &in, sizeof(in)),
		"a group of %u buffers", buffers);
	for (u32 i = 0; i < buffers; i++) {
		check_quietly(HV_STATUS_SUCCESS, create(type, i), "create %u", i);
		check_quietly(HV_STATUS_SUCCESS, map(type, i), "map %u", i);
	}
}

/* ---- Buffers ---- */

static const volatile struct hv_eventlog_buffer_header *header(u32 index)
{
	return (const void *)(pages[index][0] << PAGE_SHIFT);
}

static struct hv_eventlog_trace_entry entry_at(u32 index, u64 offset)
{
	struct hv_eventlog_trace_entry entry;

	for (u64 at = 0; at < sizeof(entry); at++)
		((u8 *)&entry)[at] =
			*(const u8 *)((pages[index][(offset + at) >> PAGE_SHIFT] << PAGE_SHIFT) +
				      ((offset + at) & PAGE_MASK));
	return entry;
}

static void count_object(u32 cpu, const struct hv_eventlog_trace_entry *e)
{
	bool good = e->parameters[0] == HV_STATUS_SUCCESS;
	u32 type = e->header.type;

	seen[cpu].created[0] += type == HV_TR_OB_CREATE_PARTITION && good;
	seen[cpu].deleted[0] += type == HV_TR_OB_DELETE_PARTITION && good;
	seen[cpu].created[1] += type == HV_TR_VP_CREATE_VP && good;
	seen[cpu].deleted[1] += type == HV_TR_VP_DELETE_VP && good;
	seen[cpu].switches += type == HV_TR_SCH_CONTEXT_SWITCH && e->partition_id != own_id;
}

static void count(u32 cpu, const struct hv_eventlog_trace_entry *e)
{
	u64 status = e->parameters[1] & HV_HYPERCALL_RESULT_STATUS_MASK;
	u32 type = e->header.type;

	if (type == HV_TR_IM_CPUID_INSTRUCTION && e->parameters[0] == LEAF)
		seen[cpu].cpuids += e->parameters[1] == cpu;
	else if (type == HV_TR_HC_HYPERCALL && e->parameters[0] == CODE)
		seen[cpu].hypercalls += status == HV_STATUS_INVALID_HYPERCALL_CODE;
	else if (type == HV_TR_IM_MSR_WRITE && e->parameters[0] == APIC_SELF_IPI)
		seen[cpu].writes += e->parameters[1] == VECTOR;
	else if (type == HV_TR_SI_VIRTUAL_INTERRUPT && e->parameters[0] == VECTOR)
		seen[cpu].interrupts += e->parameters[1] == HV_INTERRUPTION_EXTERNAL_INTERRUPT;
	else
		count_object(cpu, e);
	seen[cpu].disorder += e->header.time_stamp < seen[cpu].last_time;
	seen[cpu].last_time = e->header.time_stamp;
	seen[cpu].of_children += e->partition_id != own_id;
	seen[cpu].late += (e->partition_id == own_id && e->header.context != cpu) ||
			  e->header.time_stamp > time_100ns();
}

static void read_buffer(u32 index)
{
	const volatile struct hv_eventlog_buffer_header *h = header(index);
	u32 cpu = h->logical_processor, events = 0;

	check_quietly(HV_EVENTLOG_BUFFER_READY, h->buffer_state, "buffer %u is ready", index);
	check_quietly(index, h->buffer_index, "buffer %u says so", index);
	if (cpu >= CPUS) {
		check(0, cpu, "buffer %u is of a processor that there is", index);
		return;
	}
	for (u64 at = sizeof(*h); at < h->next_buffer_offset;
		at += sizeof(struct hv_eventlog_trace_entry), events++) {
		struct hv_eventlog_trace_entry entry = entry_at(index, at);

		count(cpu, &entry);
	}
	if (seen[cpu].begun)
		check_quietly(seen[cpu].next_number + h->events_lost, h->reference_counter,
			"buffer %u follows", index);
	seen[cpu].begun = true;
	seen[cpu].next_number = h->reference_counter + events;
	seen[cpu].lost += h->events_lost;
}

/* ---- Messages ---- */

static struct hv_message *slot_of(void)
{
	return (void *)(msr_read(HV_X64_MSR_SIMP) & HV_MSR_PAGE_ADDRESS_MASK);
}

static void listen(void *argument)
{
	(void)argument;
	msr_write(HV_X64_MSR_SIMP, msr_read(HV_X64_MSR_SIMP) | HV_MSR_PAGE_ENABLE);
	msr_write(HV_X64_MSR_SINT0, CHILD_SINT_VECTOR);
	msr_write(HV_X64_MSR_SCONTROL, HV_SCONTROL_ENABLE);
}

/* Reads and releases what messages of the calling processor tell of, until there is none. */
static u32 read_messages(u32 type)
{
	struct hv_message *slot = slot_of();
	u32 buffers = 0;

	while (atomic_load(&slot->header.message_type) == HVMSG_EVENTLOG_BUFFERCOMPLETE) {
		const struct hv_eventlog_buffer_complete_message *payload = (void *)slot->payload;
		u32 index = payload->buffer_index;

		check_quietly(type, payload->type, "a message tells the log's type");
		while (index < BUFFERS) {
			u32 next = header(index)->next_buffer_index;

			read_buffer(index);
			check_quietly(HV_STATUS_SUCCESS,
				on_buffer(HVCALL_RELEASE_EVENT_LOG_BUFFER, type, index),
				"release %u", index);
			buffers++;
			index = next;
		}
		check_quietly(NONE, index, "a list ends");
		atomic_store(&slot->header.message_type, (u32)HVMSG_NONE);
		memory_fence();
		if (slot->header.flags & HV_MESSAGE_FLAG_PENDING)
			msr_write(HV_X64_MSR_EOM, 0);
	}
	return buffers;
}

/* On each processor: what its own messages tell of. */
static void read_own(void *argument)
{
	*(u32 *)argument = read_messages(LOCAL);
}

/* ---- The trace ---- */

/* With interrupts on, each self-IPI is taken before the next instruction but one. */
static void work(void *argument)
{
	u32 cpu = this_cpu()->index;

	(void)argument;
	interrupts_on();
	for (u32 i = 0; i < N; i++) {
		(void)cpuid(LEAF, cpu);
		(void)hypercall_raw(CODE, 0, 0);
		msr_write(APIC_SELF_IPI, VECTOR);
	}
	interrupts_off();
}

/* At least so many buffers must be in use. */
static void flush_all(u32 least)
{
	u32 sent = 0;

	for (u32 i = 0; i < BUFFERS; i++)
		if (header(i)->buffer_state == HV_EVENTLOG_BUFFER_IN_USE ||
			header(i)->buffer_state == HV_EVENTLOG_BUFFER_COMPLETE)
			sent += on_buffer(HVCALL_FLUSH_EVENT_LOG_BUFFER, LOCAL, i) ==
				HV_STATUS_SUCCESS;
	check_that(sent >= least, sent, "buffers in use are flushed");
}

/* Processor 1 executes `function` while this one waits. */
static void run_on_other(void (*function)(void *argument), void *argument, const char *name)
{
	if (cpu_count == 1)
		return;
	cpu_post(1, function, argument);
	check(1, cpu_wait_idle(1), "the other processor is done: %s", name);
}

static void work_on_all(void)
{
	if (cpu_count > 1)
		cpu_post(1, work, NULL);
	work(NULL);
	if (cpu_count > 1)
		check(1, cpu_wait_idle(1), "the other processor has worked");
}

static void trace(u64 sources, const char *name)
{
	u32 own = 0, other = 0, delivered = cpus[0].count[VECTOR];

	memset(seen, 0, sizeof(seen));
	check(HV_STATUS_SUCCESS, set_sources(sources), "%s: sources on", name);
	work_on_all();
	check(HV_STATUS_SUCCESS, set_sources(0), "%s: sources off", name);
	check(N, cpus[0].count[VECTOR] - delivered, "%s: the interrupts came", name);
	flush_all(cpu_count);
	read_own(&own);
	run_on_other(read_own, &other, "it reads its messages");
	check_that(cpu_count == 1 || other > 0, other, "%s: messages have come to it", name);
	check_that(own > 0, own, "%s: messages have come", name);
	for (u32 cpu = 0; cpu < cpu_count; cpu++) {
		u64 intercepts = sources & HV_EVENTLOG_GROUP_INTERCEPT ? N : 0;

		check(intercepts, seen[cpu].cpuids, "%s, processor %u: CPUIDs", name, cpu);
		check(sources & HV_EVENTLOG_GROUP_HYPERCALL ? N : 0, seen[cpu].hypercalls,
			"%s, processor %u: hypercalls", name, cpu);
		check(intercepts, seen[cpu].writes, "%s, processor %u: self-IPIs sent", name, cpu);
		check(sources & HV_EVENTLOG_GROUP_SYNTHETIC_INTERRUPT ? N : 0, seen[cpu].interrupts,
			"%s, processor %u: self-IPIs delivered", name, cpu);
		check(0, seen[cpu].lost, "%s, processor %u: nothing is lost", name, cpu);
		check(0, seen[cpu].disorder, "%s, processor %u: times rise", name, cpu);
		check(0, seen[cpu].late, "%s, processor %u: its VP, and no time to come", name,
			cpu);
	}
}

/* ---- Loss: no buffer is given back, and more happens than fits ---- */

static void check_loss(void)
{
	u64 lost = 0, events = 0;

	memset(seen, 0, sizeof(seen));
	check(HV_STATUS_SUCCESS, set_sources(HV_EVENTLOG_GROUP_HYPERCALL), "loss: on");
	for (u32 i = 0; i < BUFFERS * PAGES * 75; i++)
		(void)hypercall_raw(CODE, 0, 0);
	while (read_messages(LOCAL))
		;
	(void)hypercall_raw(CODE, 0, 0);
	check(HV_STATUS_SUCCESS, set_sources(0), "loss: off");
	flush_all(1);
	while (read_messages(LOCAL))
		;
	lost = seen[0].lost;
	events = seen[0].hypercalls;
	check_that(lost > 0, lost, "loss: it is told");
	check(BUFFERS * PAGES * 75 + 1, events + lost, "loss: read or lost, each hypercall is one");
}

/* ---- Children come and go while all is logged ---- */

#define CHILDREN 8

static void child_work(void)
{
	for (u32 i = 0; i < 20; i++)
		(void)cpuid(LEAF, 99);
}

static void check_children(void)
{
	u64 created[2] = {0}, deleted = 0, switches = 0, of_children = 0;

	memset(seen, 0, sizeof(seen));
	check(HV_STATUS_SUCCESS,
		set_sources(TRACE | HV_EVENTLOG_GROUP_OBJECT | HV_EVENTLOG_GROUP_VP |
			    HV_EVENTLOG_GROUP_SCHEDULER),
		"children: on");
	for (u32 i = 0; i < CHILDREN; i++) {
		struct child child;

		child_create(&child, HV_SYNTHETIC_FEATURE_HYPERVISOR_PRESENT);
		child_add_vp(&child, 0);
		child_map_image(&child);
		child_enter_64(&child, 0, child_work);
		child_start(&child, 0);
		check_quietly(1, child_finish(&child), "child %u", i);
		check_quietly(1, child_destroy(&child), "child %u goes", i);
	}
	check(HV_STATUS_SUCCESS, set_sources(0), "children: off");
	flush_all(1);
	(void)read_messages(LOCAL);
	run_on_other(read_own, &(u32){0}, "it reads its messages");
	for (u32 cpu = 0; cpu < cpu_count; cpu++) {
		created[0] += seen[cpu].created[0];
		created[1] += seen[cpu].created[1];
		deleted += seen[cpu].deleted[0];
		switches += seen[cpu].switches;
		of_children += seen[cpu].of_children;
		check(0, seen[cpu].lost + seen[cpu].disorder, "children: nothing lost, in order");
	}
	check(CHILDREN, created[0], "children: each is made once");
	check(CHILDREN, created[1], "children: and has one VP");
	check(CHILDREN, deleted, "children: each is deleted once");
	check_that(switches >= CHILDREN, switches, "children: they came to run");
	check_that(of_children >= CHILDREN * 20, of_children, "children: what they did");
}

/* ---- System events, and the end ---- */

static void check_system(void)
{
	struct hv_input_create_partition in = {.flags = ~0ull};
	struct hv_eventlog_trace_entry entry;

	make_group(SYSTEM, 1, 1);
	check(HV_STATUS_SUCCESS,
		hypercall_fast(HVCALL_SET_EVENT_LOG_GROUP_SOURCES, SYSTEM,
			HV_EVENTLOG_ENABLE_SYSTEM_FAILURE),
		"system events: failures");
	check(HV_STATUS_INVALID_PARAMETER, hypercall(HVCALL_CREATE_PARTITION, &in, sizeof(in)),
		"a partition with strange flags is refused");
	entry = entry_at(0, sizeof(struct hv_eventlog_buffer_header));
	check(HV_TR_OB_CREATE_PARTITION, entry.header.type, "system events: what was refused");
	check(HV_STATUS_INVALID_PARAMETER, entry.parameters[0], "system events: and why");
	check(HV_STATUS_SUCCESS, hypercall_fast(HVCALL_SET_EVENT_LOG_GROUP_SOURCES, SYSTEM, 0),
		"system events: off");
	check(HV_STATUS_SUCCESS, on_buffer(HVCALL_FLUSH_EVENT_LOG_BUFFER, SYSTEM, 0),
		"system events: flush");
}

static void conclude(u32 type, u32 buffers)
{
	u64 page = pages[0][0] << PAGE_SHIFT;

	for (u32 i = 0; i < buffers; i++) {
		check_quietly(HV_STATUS_SUCCESS, on_buffer(HVCALL_UNMAP_EVENT_LOG_BUFFER, type, i),
			"unmap %u", i);
		check_quietly(HV_STATUS_SUCCESS, on_buffer(HVCALL_DELETE_EVENT_LOG_BUFFER, type, i),
			"delete %u", i);
	}
	check(VECTOR_GP, TRY("movb (%%rcx), %%al", "c"(page), "a"(0)),
		"log %u: an unmapped buffer cannot be read", type);
	check(HV_STATUS_SUCCESS, hypercall_fast(HVCALL_FINALIZE_EVENT_LOG_BUFFER_GROUP, type, 0),
		"log %u: the end", type);
}

void test_main(void)
{
	struct hv_input_event_log_buffer any = {LOCAL, 0};
	u64 deposit = 2 + (BUFFERS + 1) * (PAGES + 1);

	interrupt_handle(VECTOR, interrupt_count);
	cpu_count = cpu_start(1) ? 2 : 1;
	child_listen();
	(void)hypercall(HVCALL_GET_PARTITION_ID, NULL, 0);
	memcpy(&own_id, hypercall_output, sizeof(own_id));
	run_on_other(listen, NULL, "it listens");
	check(HV_STATUS_OPERATION_DENIED, hypercall(HVCALL_MAP_EVENT_LOG_BUFFER, &any, sizeof(any)),
		"no group, no buffer");
	check(HV_STATUS_SUCCESS, pages_deposit(HV_PARTITION_ID_SELF, (u32)deposit), "deposit");
	make_group(LOCAL, BUFFERS, 3);
	check(NO_FAULT, TRY("movb (%%rcx), %%al", "c"(pages[0][0] << PAGE_SHIFT), "a"(0)),
		"a mapped buffer can be read");
	check(VECTOR_GP, TRY("movb $1, (%%rcx)", "c"(pages[0][0] << PAGE_SHIFT)),
		"a mapped buffer cannot be written");
	trace(TRACE, "all");
	trace(HV_EVENTLOG_GROUP_INTERCEPT, "intercepts");
	trace(HV_EVENTLOG_GROUP_HYPERCALL, "hypercalls");
	trace(HV_EVENTLOG_GROUP_SYNTHETIC_INTERRUPT, "interrupts");
	check_loss();
	conclude(LOCAL, BUFFERS);
	/* None but those that are asked for, because child_wait() wants other messages. */
	make_group(LOCAL, BUFFERS, BUFFERS);
	check_children();
	conclude(LOCAL, BUFFERS);
	check_system();
	conclude(SYSTEM, 1);
	(void)pages_withdraw(HV_PARTITION_ID_SELF);
	check(0, (u64)pages_lent, "all memory comes back");
}
