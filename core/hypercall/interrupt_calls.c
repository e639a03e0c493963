/* SPDX-License-Identifier: BSD-2-Clause */
/* Interrupts, ports, and the flush and IPI calls of guests (TLFS ch. 10, 11, 12). */
#include "core/hypercall/hypercall.h"
#include "core/hypervisor.h"
#include "core/interrupt/ipi.h"
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

/*
 * Flushing too much is always right: every processor that runs the partition drops all it has
 * cached of it, whatever address space and range were named.
 */
static enum hv_status flush(struct call *call)
{
	partition_flush(call->vp->partition);
	call->reps_done = call->rep_count;
	return HV_STATUS_SUCCESS;
}

enum hv_status call_FlushVirtualAddressSpace(struct call *call)
{
	stat_vp(call->vp, AddressSpaceFlushes)++;
	return flush(call);
}

enum hv_status call_FlushVirtualAddressList(struct call *call)
{
	stat_vp(call->vp, GlobalGvaRangeFlushes)++;
	return flush(call);
}

/* Any set is flushed; but what is no set is refused. */
static enum hv_status flush_set(struct call *call, u64 *counter)
{
	const struct hv_input_flush_virtual_address_space_ex *in = call->input;
	struct processor_set set;
	enum hv_status status = processor_set_read(&set, &in->vp_set, call);

	if (status != HV_STATUS_SUCCESS)
		return status;
	++*counter;
	return flush(call);
}

enum hv_status call_FlushVirtualAddressSpaceEx(struct call *call)
{
	return flush_set(call, &stat_vp(call->vp, AddressSpaceFlushes));
}

enum hv_status call_FlushVirtualAddressListEx(struct call *call)
{
	return flush_set(call, &stat_vp(call->vp, GlobalGvaRangeFlushes));
}

static enum hv_status send_ipis(
	struct call *call, u32 vector, u8 vtl, const struct processor_set *set)
{
	const struct partition *partition = call->vp->partition;

	if (vector < HV_IPI_LOW_VECTOR || vector > HV_IPI_HIGH_VECTOR || vtl)
		return HV_STATUS_INVALID_PARAMETER;
	for (u32 i = 0; i < partition->vp_end; i++) {
		struct vp *vp = processor_set_has(set, i) ? call_vp(call, i) : NULL;

		if (vp)
			vp_interrupt(vp, (u8)vector, false);
	}
	stat_vp(call->vp, ApicIpisSent)++;
	return HV_STATUS_SUCCESS;
}

enum hv_status call_SendSyntheticClusterIpi(struct call *call)
{
	const struct hv_input_send_synthetic_cluster_ipi *in = call->input;
	struct processor_set set = {.valid = 1, .banks = &in->processor_mask};

	return send_ipis(call, in->vector, in->target_vtl, &set);
}

enum hv_status call_SendSyntheticClusterIpiEx(struct call *call)
{
	const struct hv_input_send_synthetic_cluster_ipi_ex *in = call->input;
	struct processor_set set;
	enum hv_status status = processor_set_read(&set, &in->vp_set, call);

	if (status != HV_STATUS_SUCCESS)
		return status;
	return send_ipis(call, in->vector, in->target_vtl, &set);
}

/* Whoever holds the lock that the caller spins on may be among those that wait for a processor. */
enum hv_status call_NotifyLongSpinWait(struct call *call)
{
	(void)call;
	lp_yield(lp_self());
	return HV_STATUS_SUCCESS;
}

/* ---- Device interrupts of the root: physical vectors are what the root asks for ---- */

static bool target_lp(
	const struct call *call, const struct hv_input_map_device_interrupt *in, u32 *lp)
{
	const struct hv_device_interrupt_target *target = &in->interrupt_descriptor.target;
	struct processor_set set = {.valid = 1, .banks = &target->vp_mask};

	if ((target->flags & HV_DEVICE_INTERRUPT_TARGET_PROCESSOR_SET) &&
		processor_set_read(&set, &target->vp_set, call) != HV_STATUS_SUCCESS)
		return false;
	for (*lp = 0; *lp < machine.lp_count; (*lp)++)
		if (processor_set_has(&set, *lp))
			return true;
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
		out->interrupt_entry.msi_entry.address = 0xfee00000u | (u32)apic_id << 12;
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
