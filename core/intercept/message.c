/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Intercepts that the parent handles. The full message goes to the VP's intercept message page,
 * the VP is suspended, and a root VP gets a short message that names it. The short message's
 * storage is in the VP, which cannot have a second intercept before the parent resumes it: so
 * posting cannot fail.
 */
#include "abi/hv_message.h"
#include "core/hypervisor.h"
#include "core/intercept/handlers.h"
#include "core/lib/string.h"
#include "core/log.h"
#include "core/lp.h"
#include "core/vp/vp.h"

static u16 execution_state(const struct vp *vp)
{
	union hv_register_value ss;
	u64 cr0 = vp_register64(vp, HV_REGISTER_CR0);
	u16 state;

	(void)hypervisor.backend->get_register(vp, HV_REGISTER_SS, &ss);
	state = (ss.segment.attributes & HV_SEGMENT_DPL_MASK) >> HV_SEGMENT_DPL_SHIFT;
	if (cr0 & BIT(0))
		state |= HV_EXECUTION_STATE_CR0_PE;
	if (cr0 & BIT(18))
		state |= HV_EXECUTION_STATE_CR0_AM;
	if (vp_register64(vp, HV_REGISTER_EFER) & BIT(10))
		state |= HV_EXECUTION_STATE_EFER_LMA;
	if (vp->event & EVENT_PENDING)
		state |= HV_EXECUTION_STATE_INTERRUPTION_PENDING;
	return state;
}

static void fill_header(
	struct vp *vp, struct hv_x64_intercept_message_header *header, u8 access, u8 length)
{
	union hv_register_value cs;

	(void)hypervisor.backend->get_register(vp, HV_REGISTER_CS, &cs);
	header->vp_index = vp->index;
	header->instruction_length_cr8 = (u8)((length & HV_INTERCEPT_INSTRUCTION_LENGTH_MASK) |
					      (vp->apic.tpr >> 4) << HV_INTERCEPT_CR8_SHIFT);
	header->intercept_access_type = access;
	header->execution_state = execution_state(vp);
	header->cs_segment = cs.segment;
	header->rip = vp->regs.rip;
	header->rflags = vp->regs.rflags;
}

/* A root VP that takes messages: the one that was told last time, if it still does. */
static struct vp *receiver(struct vp *vp)
{
	struct vp *last = root_partition.vps[vp->message_vp];

	if (last && synic_can_receive(&last->synic, HV_SYNIC_SINT_INTERCEPT))
		return last;
	for (u32 i = 0; i < MAX_VPS; i++) {
		struct vp *root = root_partition.vps[i];

		if (root && synic_can_receive(&root->synic, HV_SYNIC_SINT_INTERCEPT)) {
			vp->message_vp = i;
			return root;
		}
	}
	return root_partition.vps[0];
}

static void *begin(struct vp *vp, u32 type, u8 size)
{
	struct hv_message *message = vp->intercept_page;

	memset(message, 0, sizeof(*message));
	message->header.payload_size = size;
	message->header.sender = vp->partition->id;
	message->header.message_type = type;
	return message->payload;
}

/* DOC: message */
/*
 * The VP stops now; the parent is told when its state is out of the processor, because it may
 * look at it and resume it at once (message_post()).
 */
static void send(struct vp *vp)
{
	vp->message_waits = true;
	atomic_or(&vp->suspend, SUSPEND_INTERCEPT);
	atomic_or(&vp->attention, ATTENTION_SUSPEND);
	if (atomic_load(&vp->running_lp) < 0)
		message_post(vp);
}

/* False: the one before waits still to be taken, and says the same. */
static bool post(struct vp *vp, u32 type, const void *payload, u8 size)
{
	struct synic_message *note = &vp->intercept_message;
	struct vp *root = receiver(vp);
	struct synic_assert request = {0};
	bool fresh;

	spin_lock(&root->synic_lock);
	fresh = !note->queued;
	if (fresh) {
		note->sint = HV_SYNIC_SINT_INTERCEPT;
		note->type = type;
		note->sender = vp->partition->id;
		note->payload_size = size;
		memcpy(note->payload, payload, size);
		request = synic_post(&root->synic, note);
	}
	spin_unlock(&root->synic_lock);
	vp_synic_assert(root, request);
	return fresh;
}

void message_post(struct vp *vp)
{
	u32 payload[2] = {vp->index, 0};

	vp->message_waits = false;
	if (root_schedules()) {
		lp_wake(vp); /* its thread takes the message with the next dispatch */
		return;
	}
	/* A parent that resumes a VP before it has taken the message gets one message for both. */
	(void)post(vp, HVMSG_OPAQUE_INTERCEPT, payload, sizeof(payload));
}

#define SIGNAL_SIZE                                                                                \
	(offsetof(struct hv_vp_signal_bitset_scheduler_message, bank_contents) + sizeof(u64))
_Static_assert(SIGNAL_SIZE <= SYNIC_QUEUE_PAYLOAD, "a signal fits in its storage");

void message_signal(struct vp *vp)
{
	/* One VP is one bank; those that are not there are not sent. */
	struct hv_vp_signal_bitset_scheduler_message message = {
		.partition_id = vp->partition->id,
		.vp_count = 1,
		.vp_set = {HV_GENERIC_SET_SPARSE_4K, BIT(vp->index / 64)},
		.bank_contents = {BIT(vp->index % 64)},
	};

	if (post(vp, HVMSG_SCHEDULER_VP_SIGNAL_BITSET, &message, SIGNAL_SIZE))
		(void)atomic_add(&vp->signals, 1);
}

void message_io_port(struct vp *vp, const struct intercept *intercept)
{
	struct hv_x64_io_port_intercept_message *m =
		begin(vp, HVMSG_X64_IO_PORT_INTERCEPT, sizeof(*m));
	union hv_register_value segment;
	enum insn_mode mode;

	fill_header(vp, &m->header, intercept->access, intercept->length);
	m->port_number = intercept->io.port;
	m->access_info = intercept->io.size;
	if (intercept->io.string)
		m->access_info |= HV_IO_PORT_ACCESS_STRING;
	if (intercept->io.repeat)
		m->access_info |= HV_IO_PORT_ACCESS_REP;
	m->rax = vp->regs.gpr[RAX];
	m->rcx = vp->regs.gpr[RCX];
	m->rsi = vp->regs.gpr[RSI];
	m->rdi = vp->regs.gpr[RDI];
	if (intercept->io.string)
		m->instruction_byte_count = (u8)vp_fetch(vp, m->instruction_bytes, &mode);
	(void)hypervisor.backend->get_register(vp, HV_REGISTER_DS, &segment);
	m->ds_segment = segment.segment;
	(void)hypervisor.backend->get_register(vp, HV_REGISTER_ES, &segment);
	m->es_segment = segment.segment;
	stat_vp(vp, IoInterceptMessages)++;
	send(vp);
}

void message_memory(struct vp *vp, u64 gpa, u8 access, bool table_walk)
{
	struct hv_x64_memory_intercept_message *m = begin(vp, HVMSG_GPA_INTERCEPT, sizeof(*m));
	enum insn_mode mode;

	/*
	 * A processor may walk tables with writes (to set Accessed) even where the tables lie in
	 * memory that the parent shares read-only; the parent only has to make it present.
	 */
	fill_header(vp, &m->header, table_walk ? INTERCEPT_READ : access, 0);
	m->cache_type = HV_CACHE_TYPE_WRITE_BACK;
	m->tpr_priority = (u8)vp->apic.tpr;
	m->guest_physical_address = gpa;
	if (access != INTERCEPT_EXECUTE && !table_walk)
		m->instruction_byte_count = (u8)vp_fetch(vp, m->instruction_bytes, &mode);
	stat_vp(vp, MemoryInterceptMessages)++;
	send(vp);
}

void message_unrecoverable(struct vp *vp)
{
	struct hv_x64_unrecoverable_exception_message *m =
		begin(vp, HVMSG_UNRECOVERABLE_EXCEPTION, sizeof(*m));

	fill_header(vp, &m->header, INTERCEPT_EXECUTE, 0);
	stat_vp(vp, OtherMessages)++;
	send(vp);
}

void message_apic_eoi(struct vp *vp, u8 vector)
{
	struct hv_x64_apic_eoi_message *m = begin(vp, HVMSG_X64_APIC_EOI, sizeof(*m));

	m->vp_index = vp->index;
	m->interrupt_vector = vector;
	stat_vp(vp, OtherMessages)++;
	send(vp);
}
