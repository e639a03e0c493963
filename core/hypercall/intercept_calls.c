/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a parent asks to be told of, beyond what it is told anyway (TLFS "Intercepts"). Ports,
 * memory and breakdowns of a child always come to the parent.
 */
#include "core/hypercall/hypercall.h"

/* The type's mask, and the accesses that it can be made of. NULL: it cannot be asked for. */
static u8 *mask_of(struct intercepts *intercepts, u32 type, u32 *possible)
{
	switch (type) {
	case HV_INTERCEPT_TYPE_X64_MSR:
		*possible = HV_INTERCEPT_ACCESS_MASK_READ | HV_INTERCEPT_ACCESS_MASK_WRITE;
		return &intercepts->msr;
	case HV_INTERCEPT_TYPE_X64_APIC_EOI:
		*possible = HV_INTERCEPT_ACCESS_MASK_WRITE;
		return &intercepts->apic_eoi;
	}
	return NULL;
}

enum hv_status call_InstallIntercept(struct call *call)
{
	const struct hv_input_install_intercept *in = call->input;
	u32 possible;
	u8 *mask = mask_of(&call->target->intercepts, in->intercept_type, &possible);

	if (!mask || (in->access_type & ~possible))
		return HV_STATUS_INVALID_PARAMETER;
	if (call->target->state != PARTITION_ACTIVE)
		return HV_STATUS_INVALID_PARTITION_STATE;
	atomic_store(mask, (u8)in->access_type);
	return HV_STATUS_SUCCESS;
}
