/* SPDX-License-Identifier: BSD-2-Clause */
/* What guests call for themselves: flushes, IPIs, long waits, messages (TLFS ch. 10 to 12). */
#include "core/hypercall/hypercall.h"
#include "core/lp.h"

/* ---- Sparse VP sets (TLFS "Sparse Virtual Processor Set") ---- */

/* `bytes` follow the set: a bank for every bit of the mask. */
static enum hv_status check_set(const struct hv_vpset *set, u32 bytes)
{
	u32 banks = 0;

	if (set->format == HV_GENERIC_SET_ALL)
		return HV_STATUS_SUCCESS;
	if (set->format != HV_GENERIC_SET_SPARSE_4K)
		return HV_STATUS_INVALID_PARAMETER;
	for (u64 left = set->valid_bank_mask; left; left &= left - 1)
		banks++;
	return bytes == banks * sizeof(u64) ? HV_STATUS_SUCCESS : HV_STATUS_INVALID_HYPERCALL_INPUT;
}

/* The VPs of the set from bank * 64 on; only banks whose bit is set are there. */
static u64 bank_of(const struct hv_vpset *set, const u64 *banks, u32 bank)
{
	if (set->format == HV_GENERIC_SET_ALL)
		return ~0ull;
	if (!(set->valid_bank_mask & BIT(bank)))
		return 0;
	for (u64 left = set->valid_bank_mask & (BIT(bank) - 1); left; left &= left - 1)
		banks++;
	return *banks;
}

/* ---- Flushes ---- */

/*
 * Flushing too much is always right: every processor that runs the partition drops all it has
 * cached of it, whatever address space, range and processors were named.
 */
static enum hv_status flush(struct call *call)
{
	(void)atomic_add(&stat_partition(call->vp->partition, VirtualTlbFlushEntires), 1);
	partition_flush(call->vp->partition);
	call->reps_done = call->rep_count;
	return HV_STATUS_SUCCESS;
}

/* What was asked for, as the counters tell it apart: one address space or all. */
static enum hv_status flush_space(struct call *call, u64 flags)
{
	if (flags & HV_FLUSH_ALL_VIRTUAL_ADDRESS_SPACES)
		stat_vp(call->vp, AddressDomainFlushes)++;
	else
		stat_vp(call->vp, AddressSpaceFlushes)++;
	return flush(call);
}

/* The same for each range of a list. */
static enum hv_status flush_list(struct call *call, u64 flags)
{
	u32 ranges = call->rep_count - call->reps_done;

	if (flags & HV_FLUSH_ALL_VIRTUAL_ADDRESS_SPACES)
		stat_vp(call->vp, GlobalGvaRangeFlushes) += ranges;
	else
		stat_vp(call->vp, LocalGvaRangeFlushes) += ranges;
	return flush(call);
}

enum hv_status call_FlushVirtualAddressSpace(struct call *call)
{
	const struct hv_input_flush_virtual_address_space *in = call->input;

	return flush_space(call, in->flags);
}

enum hv_status call_FlushVirtualAddressList(struct call *call)
{
	const struct hv_input_flush_virtual_address_list *in = call->input;

	return flush_list(call, in->flags);
}

enum hv_status call_FlushVirtualAddressSpaceEx(struct call *call)
{
	const struct hv_input_flush_virtual_address_space_ex *in = call->input;
	enum hv_status status = check_set(&in->vp_set, call->list_bytes);

	if (status != HV_STATUS_SUCCESS)
		return status;
	return flush_space(call, in->flags);
}

/* The list follows the banks. */
enum hv_status call_FlushVirtualAddressListEx(struct call *call)
{
	const struct hv_input_flush_virtual_address_list_ex *in = call->input;
	u32 list = call->rep_count * (u32)sizeof(u64);
	enum hv_status status = check_set(&in->vp_set, call->list_bytes - list);

	if (status != HV_STATUS_SUCCESS)
		return status;
	return flush_list(call, in->flags);
}

/* ---- IPIs ---- */

static bool ipi_legal(u32 vector, u8 vtl)
{
	return vector >= HV_IPI_LOW_VECTOR && vector <= HV_IPI_HIGH_VECTOR && !vtl;
}

/* VPs that are not there are no error. */
static void send_ipis(const struct call *call, u32 bank, u64 mask, u32 vector)
{
	for (u32 i = 0; i < HV_VPSET_VPS_PER_BANK; i++) {
		struct vp *vp = NULL;

		if (mask & BIT(i))
			vp = call_vp(call, bank * HV_VPSET_VPS_PER_BANK + i);
		if (vp)
			vp_interrupt(vp, (u8)vector, false);
	}
}

enum hv_status call_SendSyntheticClusterIpi(struct call *call)
{
	const struct hv_input_send_synthetic_cluster_ipi *in = call->input;

	if (!ipi_legal(in->vector, in->target_vtl))
		return HV_STATUS_INVALID_PARAMETER;
	send_ipis(call, 0, in->processor_mask, in->vector);
	stat_vp(call->vp, ApicIpisSent)++;
	return HV_STATUS_SUCCESS;
}

enum hv_status call_SendSyntheticClusterIpiEx(struct call *call)
{
	const struct hv_input_send_synthetic_cluster_ipi_ex *in = call->input;
	enum hv_status status = check_set(&in->vp_set, call->list_bytes);

	if (status != HV_STATUS_SUCCESS)
		return status;
	if (!ipi_legal(in->vector, in->target_vtl))
		return HV_STATUS_INVALID_PARAMETER;
	for (u32 bank = 0; bank * HV_VPSET_VPS_PER_BANK < call->target->vp_end; bank++)
		send_ipis(call, bank, bank_of(&in->vp_set, call->list, bank), in->vector);
	stat_vp(call->vp, ApicIpisSent)++;
	return HV_STATUS_SUCCESS;
}

/* Whoever holds the lock that the caller spins on may be among those that wait for a processor. */
enum hv_status call_NotifyLongSpinWait(struct call *call)
{
	(void)call;
	lp_yield(lp_self());
	return HV_STATUS_SUCCESS;
}

/* ---- Who is who ---- */

static const struct vp *vp_with_apic_id(const struct partition *partition, u32 id)
{
	for (u32 i = 0; i < partition->vp_end; i++)
		if (partition->vps[i] && partition->vps[i]->apic.id == id)
			return partition->vps[i];
	return NULL;
}

enum hv_status call_GetVpIndexFromApicId(struct call *call)
{
	const struct hv_input_get_vp_index_from_apic_id *in = call->input;
	const struct partition *own = call->vp->partition;
	const u32 *ids = call->list;
	u32 *indices = call->output;

	if (in->partition_id != HV_PARTITION_ID_SELF && in->partition_id != own->id)
		return HV_STATUS_INVALID_PARTITION_ID;
	if (in->target_vtl)
		return HV_STATUS_INVALID_PARAMETER;
	for (; call->reps_done < call->rep_count; call->reps_done++) {
		const struct vp *vp = vp_with_apic_id(own, ids[call->reps_done]);

		if (!vp)
			return HV_STATUS_INVALID_PARAMETER;
		indices[call->reps_done] = vp->index;
	}
	return HV_STATUS_SUCCESS;
}

/* ---- Messages and events: there are no ports that a guest could be connected to ---- */

#define HYPERVISOR_MESSAGE BIT(31)

enum hv_status call_PostMessage(struct call *call)
{
	const struct hv_input_post_message *in = call->input;

	if (in->reserved || in->payload_size > sizeof(in->payload) ||
		(in->message_type & HYPERVISOR_MESSAGE))
		return HV_STATUS_INVALID_PARAMETER;
	return HV_STATUS_INVALID_CONNECTION_ID;
}

enum hv_status call_SignalEvent(struct call *call)
{
	const struct hv_input_signal_event *in = call->input;

	if (in->reserved)
		return HV_STATUS_INVALID_PARAMETER;
	return HV_STATUS_INVALID_CONNECTION_ID;
}
