/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/lp_eventlog.h"

#include "abi/hv_message.h"
#include "core/lib/string.h"
#include "core/lp.h"
#include "core/vp/vp.h"

struct eventlog eventlogs[HV_EVENTLOG_TYPES];

/* One for each list that the root may be told of: that of a queue. */
static struct synic_message notes[HV_EVENTLOG_TYPES][EVENTLOG_QUEUES];

_Static_assert(EVENTLOG_QUEUES >= MAX_LPS, "each LP has a queue");

#define DIAGNOSTICS                                                                                \
	(HV_EVENTLOG_GROUP_HYPERCALL | HV_EVENTLOG_GROUP_INTERCEPT | HV_EVENTLOG_GROUP_OBJECT |    \
		HV_EVENTLOG_GROUP_VP | HV_EVENTLOG_GROUP_SYNTHETIC_INTERRUPT |                     \
		HV_EVENTLOG_GROUP_SCHEDULER)
#define SYSTEM (HV_EVENTLOG_ENABLE_SYSTEM_SUCCESS | HV_EVENTLOG_ENABLE_SYSTEM_FAILURE)

static struct eventlog *const diagnostics = &eventlogs[HV_EVENTLOG_TYPE_LOCAL_DIAGNOSTICS];
static struct eventlog *const system_events = &eventlogs[HV_EVENTLOG_TYPE_GLOBAL_SYSTEM_EVENTS];

void lp_eventlog_init(void)
{
	u32 homes[EVENTLOG_QUEUES] = {0};

	memset(notes, 0, sizeof(notes));
	for (u32 lp = 0; lp < machine.lp_count; lp++)
		homes[lp] = lp_of_domain(machine.lps[lp].proximity_domain);
	eventlog_init(system_events, HV_EVENTLOG_TYPE_GLOBAL_SYSTEM_EVENTS, SYSTEM,
		machine.lp_count, homes);
	eventlog_init(diagnostics, HV_EVENTLOG_TYPE_LOCAL_DIAGNOSTICS, DIAGNOSTICS,
		machine.lp_count, homes);
}

bool lp_eventlog_on(void)
{
	return atomic_load(&diagnostics->sources) != 0;
}

void lp_eventlog_changed(void)
{
	for (u32 lp = 0; lp < machine.lp_count; lp++)
		lp_notify(lp, LP_LOG);
}

/* ---- Messages ---- */

/* A local buffer's root VP is that of the LP; else, or if that takes none, one that takes messages.
 */
static struct vp *receiver(const struct eventlog *log, u32 queue)
{
	if (log->local && synic_can_receive(&lps[queue].root_vp->synic, HV_SYNIC_SINT_INTERCEPT))
		return lps[queue].root_vp;
	for (u32 lp = 0; lp < machine.lp_count; lp++)
		if (synic_can_receive(&lps[lp].root_vp->synic, HV_SYNIC_SINT_INTERCEPT))
			return lps[lp].root_vp;
	return lps[queue].root_vp;
}

/*
 * Under the queue's lock. If the root has not taken the last message of this queue, the buffers
 * stay complete: the next event looks again, and so does the root's release of a buffer.
 */
static void notify(struct eventlog *log, u32 queue)
{
	struct synic_message *note = &notes[log->type][queue];
	struct hv_eventlog_buffer_complete_message payload = {.type = log->type};

	if (!eventlog_due(log, queue) || atomic_load(&note->queued))
		return;
	payload.buffer_index = eventlog_take(log, queue);
	note->sint = HV_SYNIC_SINT_INTERCEPT;
	note->type = HVMSG_EVENTLOG_BUFFERCOMPLETE;
	note->payload_size = sizeof(payload);
	memcpy(note->payload, &payload, sizeof(payload));
	vp_synic_post(receiver(log, queue), note);
}

void lp_eventlog_notify(struct eventlog *log, u32 queue)
{
	eventlog_lock_queue(log, queue);
	notify(log, queue);
	eventlog_unlock(log, queue);
}

/* ---- Events ---- */

static void record(struct eventlog *log, u64 source, struct hv_eventlog_trace_entry *entry)
{
	u32 queue = log->local ? machine_lp_index() : 0;
	u64 now;

	if (!eventlog_lock(log, queue, source))
		return;
	/* Under the lock, so that the times in a buffer rise. */
	now = machine_tsc();
	eventlog_append(
		log, queue, &entry->header, now, partition_reference_time(&root_partition, now));
	notify(log, queue);
	eventlog_unlock(log, queue);
}

static struct hv_eventlog_trace_entry entry_of(
	enum hv_eventlog_event type, u64 partition_id, u32 vp_index)
{
	return (struct hv_eventlog_trace_entry){
		.header = {vp_index, sizeof(struct hv_eventlog_trace_entry), (u16)type, 0},
		.partition_id = partition_id};
}

void lp_eventlog_object(
	enum hv_eventlog_event type, u64 partition_id, u32 vp_index, enum hv_status status)
{
	bool partition = type == HV_TR_OB_CREATE_PARTITION || type == HV_TR_OB_DELETE_PARTITION;
	struct hv_eventlog_trace_entry entry = entry_of(type, partition_id, vp_index);

	entry.parameters[0] = status;
	record(diagnostics, partition ? HV_EVENTLOG_GROUP_OBJECT : HV_EVENTLOG_GROUP_VP, &entry);
	record(system_events,
		status == HV_STATUS_SUCCESS ? HV_EVENTLOG_ENABLE_SYSTEM_SUCCESS
					    : HV_EVENTLOG_ENABLE_SYSTEM_FAILURE,
		&entry);
}

void lp_eventlog_switch(const struct vp *vp)
{
	struct hv_eventlog_trace_entry entry =
		entry_of(HV_TR_SCH_CONTEXT_SWITCH, vp->partition->id, vp->index);

	entry.parameters[0] = vp->tsc_offset;
	record(diagnostics, HV_EVENTLOG_GROUP_SCHEDULER, &entry);
}

void lp_eventlog_interrupt(const struct vp *vp)
{
	struct hv_eventlog_trace_entry entry =
		entry_of(HV_TR_SI_VIRTUAL_INTERRUPT, vp->partition->id, vp->index);

	entry.parameters[0] = (vp->event & HV_PENDING_INTERRUPTION_VECTOR_MASK) >>
			      HV_PENDING_INTERRUPTION_VECTOR_SHIFT;
	entry.parameters[1] = (vp->event & HV_PENDING_INTERRUPTION_TYPE_MASK) >>
			      HV_PENDING_INTERRUPTION_TYPE_SHIFT;
	record(diagnostics, HV_EVENTLOG_GROUP_SYNTHETIC_INTERRUPT, &entry);
}

/* ---- Intercepts: what appendix I wants told of each ---- */

struct view {
	const struct vp *vp;
	const struct intercept *intercept;
	const struct eventlog_exit *seen;
};

static u64 pair(u64 high, u64 low)
{
	return high << 32 | (u32)low;
}

static void tell_nothing(const struct view *view, u64 told[2])
{
	(void)view;
	(void)told;
}

static void tell_cpuid(const struct view *view, u64 told[2])
{
	told[0] = (u32)view->seen->rax;
	told[1] = (u32)view->seen->rcx;
}

static void tell_msr(const struct view *view, u64 told[2])
{
	const u64 *gpr = view->vp->regs.gpr;

	told[0] = (u32)view->seen->rcx;
	if (view->intercept->access == INTERCEPT_WRITE)
		told[1] = pair(view->seen->rdx, view->seen->rax);
	else if (view->seen->done)
		told[1] = pair(gpr[RDX], gpr[RAX]);
}

static void tell_hypercall(const struct view *view, u64 told[2])
{
	told[0] = view->seen->rcx;
	told[1] = view->seen->done ? view->vp->regs.gpr[RAX] : HV_EVENTLOG_NO_RESULT;
}

/* What a port gives is known to the parent only. */
static void tell_io(const struct view *view, u64 told[2])
{
	u32 bits = 8 * view->intercept->io.size;

	told[0] = view->intercept->io.port;
	if (view->intercept->access == INTERCEPT_WRITE && !view->intercept->io.string)
		told[1] = view->seen->rax & (BIT(bits) - 1);
}

static void tell_memory(const struct view *view, u64 told[2])
{
	told[0] = view->intercept->memory.gpa;
	told[1] = view->intercept->access;
}

/* The value is the register's afterwards; only these two are intercepted. */
static void tell_control(const struct view *view, u64 told[2])
{
	told[0] = view->intercept->control_register.number;
	told[1] = told[0] == 8 ? view->vp->apic.tpr >> 4 : vp_register64(view->vp, HV_REGISTER_CR0);
}

static void tell_mwait(const struct view *view, u64 told[2])
{
	told[0] = (u32)view->seen->rcx;
	told[1] = (u32)view->seen->rax;
}

static void tell_xsetbv(const struct view *view, u64 told[2])
{
	told[0] = (u32)view->seen->rcx;
	told[1] = pair(view->seen->rdx, view->seen->rax);
}

static void tell_exception(const struct view *view, u64 told[2])
{
	told[0] = view->intercept->exception.vector;
	told[1] = view->intercept->exception.error_code;
}

static void tell_code(const struct view *view, u64 told[2])
{
	told[0] = view->intercept->vendor_code;
}

struct row {
	u16 type;
	u16 write; /* if the access is a write */
	void (*tell)(const struct view *view, u64 told[2]);
};

#define ROW(kind, type, write, tell) [INTERCEPT_##kind] = {HV_TR_##type, HV_TR_##write, tell}

static const struct row rows[INTERCEPT_KINDS] = {
	ROW(Interrupt, IM_EXTERNAL_INTERRUPT, IM_EXTERNAL_INTERRUPT, tell_nothing),
	ROW(Nmi, IM_NMI_INTERRUPT, IM_NMI_INTERRUPT, tell_nothing),
	ROW(Window, IM_INTERRUPT_PENDING, IM_INTERRUPT_PENDING, tell_nothing),
	ROW(Cpuid, IM_CPUID_INSTRUCTION, IM_CPUID_INSTRUCTION, tell_cpuid),
	ROW(Msr, IM_MSR_READ, IM_MSR_WRITE, tell_msr),
	ROW(Hypercall, HC_HYPERCALL, HC_HYPERCALL, tell_hypercall),
	ROW(Halt, IM_HLT_INSTRUCTION, IM_HLT_INSTRUCTION, tell_nothing),
	ROW(IoPort, IM_IO_PORT_READ, IM_IO_PORT_WRITE, tell_io),
	ROW(Memory, IM_MEMORY_INTERCEPT, IM_MEMORY_INTERCEPT, tell_memory),
	ROW(ControlRegister, IM_CR_READ, IM_CR_WRITE, tell_control),
	ROW(DebugRegister, IM_DR_ACCESS, IM_DR_ACCESS, tell_nothing),
	ROW(PageInvalidation, IM_INVLPG_INSTRUCTION, IM_INVLPG_INSTRUCTION, tell_nothing),
	ROW(Mwait, IM_MWAIT_INSTRUCTION, IM_MWAIT_INSTRUCTION, tell_mwait),
	ROW(Rdpmc, IM_RDPMC_INSTRUCTION, IM_RDPMC_INSTRUCTION, tell_nothing),
	ROW(Xsetbv, IM_XSETBV_INSTRUCTION, IM_XSETBV_INSTRUCTION, tell_xsetbv),
	ROW(CacheFlush, IM_INVD_INSTRUCTION, IM_INVD_INSTRUCTION, tell_nothing),
	ROW(Virtualization, IM_VIRTUALIZATION_INSTRUCTION, IM_VIRTUALIZATION_INSTRUCTION,
		tell_nothing),
	ROW(NmiReturn, IM_IRET_INSTRUCTION, IM_IRET_INSTRUCTION, tell_nothing),
	ROW(Exception, IM_GUEST_EXCEPTION, IM_GUEST_EXCEPTION, tell_exception),
	ROW(Shutdown, IM_GUEST_SHUTDOWN, IM_GUEST_SHUTDOWN, tell_nothing),
	ROW(InvalidState, IM_INVALID_STATE, IM_INVALID_STATE, tell_code),
	ROW(Other, IM_OTHER, IM_OTHER, tell_code),
};

void lp_eventlog_intercept(
	const struct vp *vp, const struct intercept *intercept, const struct eventlog_exit *seen)
{
	const struct row *row = &rows[intercept->kind];
	const struct view view = {vp, intercept, seen};
	struct hv_eventlog_trace_entry entry =
		entry_of(intercept->access == INTERCEPT_WRITE ? row->write : row->type,
			vp->partition->id, vp->index);

	entry.rip = seen->rip;
	entry.ticks = machine_tsc() - seen->tsc;
	row->tell(&view, entry.parameters);
	record(diagnostics,
		intercept->kind == INTERCEPT_Hypercall ? HV_EVENTLOG_GROUP_HYPERCALL
						       : HV_EVENTLOG_GROUP_INTERCEPT,
		&entry);
}
