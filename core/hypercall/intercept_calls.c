/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a parent asks to be told of, beyond what it is told anyway (TLFS "Intercepts"). Ports,
 * memory and breakdowns of a child always come to the parent.
 */
#include "core/hypercall/hypercall.h"

/* Others read the list at any time: what is counted is there. */
static enum hv_status install_cpuid(struct intercepts *intercepts, u32 leaf, bool wanted)
{
	u32 count = intercepts->cpuid_count;
	u32 at = 0;

	while (at < count && intercepts->cpuid[at] != leaf)
		at++;
	if (wanted == (at < count))
		return HV_STATUS_SUCCESS;
	if (!wanted) {
		WRITE_ONCE(intercepts->cpuid[at], intercepts->cpuid[count - 1]);
		atomic_store(&intercepts->cpuid_count, (u16)(count - 1));
		return HV_STATUS_SUCCESS;
	}
	if (count == MAX_CPUID_INTERCEPTS)
		return HV_STATUS_NO_RESOURCES;
	WRITE_ONCE(intercepts->cpuid[count], leaf);
	atomic_store(&intercepts->cpuid_count, (u16)(count + 1));
	return HV_STATUS_SUCCESS;
}

/* The accesses that a type can be intercepted for; 0: not at all. */
static u32 accesses_of(u32 type)
{
	switch (type) {
	case HV_INTERCEPT_TYPE_X64_MSR:
		return HV_INTERCEPT_ACCESS_MASK_READ | HV_INTERCEPT_ACCESS_MASK_WRITE;
	case HV_INTERCEPT_TYPE_X64_CPUID:
		return HV_INTERCEPT_ACCESS_MASK_EXECUTE;
	case HV_INTERCEPT_TYPE_X64_APIC_EOI:
		return HV_INTERCEPT_ACCESS_MASK_WRITE;
	}
	return 0;
}

static enum hv_status install(
	struct intercepts *intercepts, const struct hv_input_install_intercept *in)
{
	switch (in->intercept_type) {
	case HV_INTERCEPT_TYPE_X64_MSR:
		intercepts->msr = (u8)in->access_type;
		return HV_STATUS_SUCCESS;
	case HV_INTERCEPT_TYPE_X64_APIC_EOI:
		intercepts->apic_eoi = (u8)in->access_type;
		return HV_STATUS_SUCCESS;
	default:
		return install_cpuid(intercepts, in->parameter.cpuid_index, in->access_type);
	}
}

enum hv_status call_InstallIntercept(struct call *call)
{
	const struct hv_input_install_intercept *in = call->input;
	u32 possible = accesses_of(in->intercept_type);
	enum hv_status status;

	if (!possible || (in->access_type & ~possible))
		return HV_STATUS_INVALID_PARAMETER;
	spin_lock(&call->target->lock);
	status = call->target->state == PARTITION_ACTIVE ? install(&call->target->intercepts, in)
							 : HV_STATUS_INVALID_PARTITION_STATE;
	spin_unlock(&call->target->lock);
	return status;
}
