/* SPDX-License-Identifier: BSD-2-Clause */
/* A parent's reads and writes of a child's memory (TLFS v2.0 §12.4.5 and following). */
#include "core/hypercall/hypercall.h"
#include "core/lib/string.h"

#define GPA_SPACE_BITS	48
#define CACHE_TYPE_MASK 0xffull

static bool range_legal(u64 gpa, u32 count, u64 flags)
{
	u64 type = flags & CACHE_TYPE_MASK;
	bool known = type <= HV_CACHE_TYPE_WRITE_COMBINING ||
		     (type >= HV_CACHE_TYPE_WRITE_THROUGH && type <= HV_CACHE_TYPE_WRITE_BACK);

	return known && !(flags & ~CACHE_TYPE_MASK) && count && count <= HV_GPA_ACCESS_MAX_BYTES &&
	       (gpa & PAGE_MASK) + count <= PAGE_SIZE && !(gpa >> GPA_SPACE_BITS);
}

/* The APIC has registers there, not memory. */
static bool is_apic(const struct vp *vp, u64 gpa)
{
	return (vp->apic.base & (VAPIC_BASE_ENABLE | VAPIC_BASE_X2APIC)) == VAPIC_BASE_ENABLE &&
	       !((vp->apic.base ^ gpa) >> PAGE_SHIFT);
}

/* Where the access goes, or NULL and why it does not. */
static u8 *find(struct call *call, u32 vp_index, u64 gpa, u64 rights, u32 *result)
{
	u8 *memory = partition_memory(call->target, gpa, rights);

	*result = HV_ACCESS_GPA_SUCCESS;
	if (is_apic(call_vp(call, vp_index), gpa)) {
		*result = HV_ACCESS_GPA_ILLEGAL_OVERLAY_ACCESS;
		return NULL;
	}
	if (!memory)
		*result = partition_memory(call->target, gpa, SLAT_READ)
				  ? HV_ACCESS_GPA_WRITE_INTERCEPT
				  : HV_ACCESS_GPA_UNMAPPED;
	return memory;
}

static enum hv_status check(const struct call *call, u32 vp_index, u64 gpa, u32 count, u64 flags)
{
	if (call->target->state != PARTITION_ACTIVE)
		return HV_STATUS_INVALID_PARTITION_STATE;
	if (!call_vp(call, vp_index))
		return HV_STATUS_INVALID_VP_INDEX;
	return range_legal(gpa, count, flags) ? HV_STATUS_SUCCESS : HV_STATUS_INVALID_PARAMETER;
}

enum hv_status call_ReadGpa(struct call *call)
{
	const struct hv_input_read_gpa *in = call->input;
	struct hv_output_read_gpa *out = call->output;
	enum hv_status status =
		check(call, in->vp_index, in->base_gpa, in->byte_count, in->control_flags);
	const u8 *memory;

	if (status != HV_STATUS_SUCCESS)
		return status;
	memory = find(call, in->vp_index, in->base_gpa, SLAT_READ, &out->result_code);
	if (memory)
		memcpy(out->data, memory, in->byte_count);
	return HV_STATUS_SUCCESS;
}

enum hv_status call_WriteGpa(struct call *call)
{
	const struct hv_input_write_gpa *in = call->input;
	struct hv_output_write_gpa *out = call->output;
	enum hv_status status =
		check(call, in->vp_index, in->base_gpa, in->byte_count, in->control_flags);
	u8 *memory;

	if (status != HV_STATUS_SUCCESS)
		return status;
	memory = find(call, in->vp_index, in->base_gpa, SLAT_READ | SLAT_WRITE, &out->result_code);
	if (memory)
		memcpy(memory, in->data, in->byte_count);
	return HV_STATUS_SUCCESS;
}
