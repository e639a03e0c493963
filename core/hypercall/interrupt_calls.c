/* SPDX-License-Identifier: BSD-2-Clause */
/* Interrupts and ports, as parents use them (TLFS ch. 10, 11). */
#include "core/hypercall/hypercall.h"
#include "core/hypervisor.h"
#include "core/interrupt/doorbell.h"
#include "core/interrupt/ipi.h"
#include "core/lib/string.h"
#include "core/lp.h"

enum hv_status call_AssertVirtualInterrupt(struct call *call)
{
	const struct hv_input_assert_virtual_interrupt *in = call->input;
	struct interrupt_request request = {
		.delivery = (u8)in->interrupt_type,
		.vector = (u8)in->vector,
		.level = in->interrupt_flags & HV_INTERRUPT_CONTROL_LEVEL_TRIGGERED,
		.logical = in->interrupt_flags & HV_INTERRUPT_CONTROL_LOGICAL_DEST_MODE,
		.destination = (u32)in->destination_address,
	};
	bool fixed = in->interrupt_type == HV_INTERRUPT_TYPE_FIXED ||
		     in->interrupt_type == HV_INTERRUPT_TYPE_LOWEST_PRIORITY;

	if (in->interrupt_type > HV_INTERRUPT_TYPE_LOCAL_INT1 || in->vector > 255)
		return HV_STATUS_INVALID_PARAMETER;
	if (fixed && in->vector < 16)
		return HV_STATUS_INVALID_PARAMETER;
	if (in->target_vtl)
		return HV_STATUS_INVALID_PARAMETER;
	/* 8-bit broadcast, which is what I/O APICs and MSIs can express. */
	if (!request.logical && request.destination == 0xff)
		request.destination = ~0u;
	/* An interrupt that nobody takes is lost on hardware too. */
	(void)interrupt_send(call->target, &request);
	return HV_STATUS_SUCCESS;
}

/* Withdraws a pending ExtINT; there is no way to make one pending. */
enum hv_status call_ClearVirtualInterrupt(struct call *call)
{
	(void)call;
	return HV_STATUS_INVALID_PARTITION_STATE;
}

enum hv_status call_CreatePort(struct call *call)
{
	const struct hv_input_create_port *in = call->input;
	struct partition *child;
	enum hv_status status;

	if (in->port_info.port_type != HV_PORT_TYPE_DOORBELL)
		return HV_STATUS_INVALID_PARAMETER;
	if (in->port_partition_id != call->vp->partition->id)
		return HV_STATUS_INVALID_PARTITION_ID;
	child = partition_get(in->connection_partition_id, false);
	if (!child)
		return HV_STATUS_INVALID_PARTITION_ID;
	status = child->is_root || child->state != PARTITION_ACTIVE
			 ? HV_STATUS_INVALID_PARTITION_STATE
			 : doorbell_create(child, in->port_id, in->port_info.target.target_sint,
				   in->port_info.target.target_vp);
	partition_put(child);
	return status;
}

enum hv_status call_ConnectPort(struct call *call)
{
	const struct hv_input_connect_port *in = call->input;

	if (in->connection_info.port_type != HV_PORT_TYPE_DOORBELL)
		return HV_STATUS_INVALID_PARAMETER;
	return doorbell_connect(call->target, in->connection_id, in->port_id,
		in->connection_info.doorbell.gpa, in->connection_info.doorbell.trigger_value,
		in->connection_info.doorbell.flags);
}

enum hv_status call_DisconnectPort(struct call *call)
{
	const struct hv_input_disconnect_port *in = call->input;

	return doorbell_disconnect(call->target, in->connection_id);
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

/* ---- Messages and events of a parent, for which no port is needed ---- */

enum hv_status call_PostMessageDirect(struct call *call)
{
	const struct hv_input_post_message_direct *in = call->input;
	struct vp *vp = call_vp(call, in->vp_index);
	struct hv_message message;

	memcpy(&message, in->message, sizeof(message));
	if (in->vtl || in->sint_index >= SYNIC_SINTS || message.header.message_type == HVMSG_NONE ||
		message.header.payload_size > sizeof(message.payload))
		return HV_STATUS_INVALID_PARAMETER;
	return vp ? vp_synic_put(vp, in->sint_index, &message) : HV_STATUS_INVALID_VP_INDEX;
}

enum hv_status call_SignalEventDirect(struct call *call)
{
	const struct hv_input_signal_event_direct *in = call->input;
	struct hv_output_signal_event_direct *out = call->output;
	struct vp *vp = call_vp(call, in->target_vp);
	bool newly = false;
	enum hv_status status;

	if (in->target_vtl || in->target_sint >= SYNIC_SINTS ||
		in->flag_number >= HV_EVENT_FLAGS_COUNT)
		return HV_STATUS_INVALID_PARAMETER;
	if (!vp)
		return HV_STATUS_INVALID_VP_INDEX;
	status = vp_synic_set_flag(vp, in->target_sint, in->flag_number, &newly);
	out->newly_signaled = newly;
	return status;
}

/* ---- Device interrupts of the root: physical vectors are what the root asks for ---- */

static bool target_lp(
	const struct call *call, const struct hv_input_map_device_interrupt *in, u32 *lp)
{
	const struct hv_device_interrupt_target *target = &in->interrupt_descriptor.target;
	const u64 *banks = call->list;
	u32 available = call->list_bytes / 8;

	if (!(target->flags & HV_DEVICE_INTERRUPT_TARGET_PROCESSOR_SET)) {
		*lp = target->vp_mask ? (u32)__builtin_ctzll(target->vp_mask) : MAX_LPS;
		return *lp < machine.lp_count;
	}
	for (u32 bank = 0, index = 0; bank < 64 && index < available; bank++) {
		if (!(target->vp_set.valid_bank_mask & BIT(bank)))
			continue;
		if (banks[index]) {
			*lp = bank * 64 + (u32)__builtin_ctzll(banks[index]);
			return *lp < machine.lp_count;
		}
		index++;
	}
	return false;
}

enum hv_status call_MapDeviceInterrupt(struct call *call)
{
	const struct hv_input_map_device_interrupt *in = call->input;
	struct hv_output_map_device_interrupt *out = call->output;
	u32 vector = in->interrupt_descriptor.target.vector;
	u32 lp;
	u64 apic_id;

	if (in->partition_id != call->vp->partition->id && in->partition_id != HV_PARTITION_ID_SELF)
		return HV_STATUS_INVALID_PARTITION_ID;
	/* Below 32 are the exceptions. */
	if (vector < 32 || vector >= VECTOR_KICK)
		return HV_STATUS_INVALID_PARAMETER;
	if (!target_lp(call, in, &lp) || machine.lps[lp].apic_id > 0xff)
		return HV_STATUS_INVALID_PARAMETER;
	apic_id = machine.lps[lp].apic_id;
	switch (in->device_id >> HV_DEVICE_ID_TYPE_SHIFT) {
	case HV_DEVICE_TYPE_PCI:
		out->interrupt_entry.source = HV_INTERRUPT_SOURCE_MSI;
		out->interrupt_entry.msi_entry.address = (u32)LOCAL_APIC_PAGE | apic_id << 12;
		out->interrupt_entry.msi_entry.data = vector;
		break;
	case HV_DEVICE_TYPE_IOAPIC:
		out->interrupt_entry.source = HV_INTERRUPT_SOURCE_IOAPIC;
		out->interrupt_entry.ioapic_rte =
			vector | apic_id << HV_IOAPIC_RTE_DESTINATION_SHIFT;
		if (in->interrupt_descriptor.trigger_mode == HV_INTERRUPT_TRIGGER_MODE_LEVEL)
			out->interrupt_entry.ioapic_rte |= HV_IOAPIC_RTE_LEVEL;
		break;
	default:
		return HV_STATUS_INVALID_PARAMETER;
	}
	spin_lock(&root_partition.lock);
	stat_partition(&root_partition, DeviceInterruptMappings)++;
	spin_unlock(&root_partition.lock);
	return HV_STATUS_SUCCESS;
}

/* Vectors are not translated, so there is no entry to take out; late interrupts still arrive. */
enum hv_status call_UnmapDeviceInterrupt(struct call *call)
{
	const struct hv_input_unmap_device_interrupt *in = call->input;

	if (in->partition_id != call->vp->partition->id && in->partition_id != HV_PARTITION_ID_SELF)
		return HV_STATUS_INVALID_PARTITION_ID;
	spin_lock(&root_partition.lock);
	/* Only a count: what is unmapped may never have been mapped. */
	if (stat_partition(&root_partition, DeviceInterruptMappings))
		stat_partition(&root_partition, DeviceInterruptMappings)--;
	spin_unlock(&root_partition.lock);
	return HV_STATUS_SUCCESS;
}
