/* SPDX-License-Identifier: BSD-2-Clause */
/* Ports, messages and events (TLFS "Inter-Partition Communication"). */
#include "core/hypercall/hypercall.h"
#include "core/hypervisor.h"
#include "core/interrupt/port.h"
#include "core/lib/string.h"

enum hv_status call_CreatePort(struct call *call)
{
	const struct hv_input_create_port *in = call->input;
	struct partition *child;
	enum hv_status status;

	if (in->port_partition_id != call->vp->partition->id)
		return HV_STATUS_INVALID_PARTITION_ID;
	child = partition_get(in->connection_partition_id, false);
	if (!child)
		return HV_STATUS_INVALID_PARTITION_ID;
	status = child->is_root || child->state != PARTITION_ACTIVE
			 ? HV_STATUS_INVALID_PARTITION_STATE
			 : port_create(child, in->port_id, &in->port_info);
	partition_put(child);
	return status;
}

enum hv_status call_ConnectPort(struct call *call)
{
	const struct hv_input_connect_port *in = call->input;

	return port_connect(call->target, in->connection_id, in->port_id, &in->connection_info);
}

enum hv_status call_DisconnectPort(struct call *call)
{
	const struct hv_input_disconnect_port *in = call->input;

	return port_disconnect(call->target, in->connection_id);
}

enum hv_status call_DeletePort(struct call *call)
{
	const struct hv_input_delete_port *in = call->input;

	return partitions_delete_port(in->port_id);
}

enum hv_status call_NotifyPortRingEmpty(struct call *call)
{
	const struct hv_input_notify_port_ring_empty *in = call->input;
	struct synic_assert request;

	if (in->sint_index >= SYNIC_SINTS)
		return HV_STATUS_INVALID_PARAMETER;
	spin_lock(&call->vp->synic_lock);
	request = synic_ring_empty(&call->vp->synic, in->sint_index);
	spin_unlock(&call->vp->synic_lock);
	vp_synic_assert(call->vp, request);
	return HV_STATUS_SUCCESS;
}

/* ---- From a partition to the owner of a port ---- */

/* Types with the highest bit are the hypervisor's own. */
enum hv_status call_PostMessage(struct call *call)
{
	const struct hv_input_post_message *in = call->input;

	if (!in->message_type || in->message_type >= HVMSG_UNMAPPED_GPA ||
		in->payload_size > HV_MESSAGE_PAYLOAD_SIZE)
		return HV_STATUS_INVALID_PARAMETER;
	return port_post(call->vp->partition, in);
}

enum hv_status call_SignalEvent(struct call *call)
{
	const struct hv_input_signal_event *in = call->input;

	return port_signal(call->vp->partition, in->connection_id, in->flag_number);
}

/* ---- From the parent to a VP ---- */

enum hv_status call_SignalEventDirect(struct call *call)
{
	const struct hv_input_signal_event_direct *in = call->input;
	struct hv_output_signal_event_direct *out = call->output;
	struct vp *vp = call_vp(call, in->target_vp);
	enum hv_status status;
	bool news;

	if (!vp)
		return HV_STATUS_INVALID_VP_INDEX;
	if (in->target_vtl || in->target_sint >= SYNIC_SINTS ||
		in->flag_number >= HV_EVENT_FLAGS_COUNT)
		return HV_STATUS_INVALID_PARAMETER;
	status = vp_signal_event(vp, in->target_sint, in->flag_number, &news);
	out->newly_signaled = news;
	return status;
}

/* A page of buffers for each VP that is written to, made with the first message. */
static bool has_buffers(struct vp *vp)
{
	spin_lock(&vp->partition->lock);
	if (!vp->direct_messages)
		vp->direct_messages = pool_allocate(&vp->partition->pool);
	spin_unlock(&vp->partition->lock);
	return vp->direct_messages;
}

enum hv_status call_PostMessageDirect(struct call *call)
{
	const struct hv_input_post_message_direct *in = call->input;
	struct vp *vp = call_vp(call, in->vp_index);
	struct hv_message message;

	if (!vp)
		return HV_STATUS_INVALID_VP_INDEX;
	memcpy(&message, in->message, sizeof(message)); /* it is not aligned there */
	if (in->vtl || in->sint_index >= SYNIC_SINTS || !message.header.message_type ||
		message.header.payload_size > HV_MESSAGE_PAYLOAD_SIZE)
		return HV_STATUS_INVALID_PARAMETER;
	if (!has_buffers(vp))
		return HV_STATUS_INSUFFICIENT_MEMORY;
	return vp_post(vp, vp->direct_messages, (u8)in->sint_index, &message);
}
