/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a guest says when it crashes (TLFS "Guest Crash Enlightenment"): five parameters, then a
 * write of CRASH_CTL. It goes on the console, and the parent finds it in the VP's registers.
 */
#include "abi/hv_cpuid.h"
#include "abi/hv_msr.h"
#include "core/log.h"
#include "core/vp/msrs.h"
#include "core/vp/vp.h"

static bool has_crash_msrs(const struct vp *vp)
{
	return vp->partition->feature_edx & HV_FEATURE_EDX_GUEST_CRASH_MSRS;
}

/* CRASH_CTL reads as what is supported; a text along with the parameters is not. */
enum msr_outcome vp_read_crash(struct vp *vp, u32 msr, u64 *value)
{
	if (!has_crash_msrs(vp))
		return MSR_FAULT;
	*value = msr == HV_X64_MSR_CRASH_CTL ? HV_CRASH_CTL_NOTIFY
					     : vp->crash[msr - HV_X64_MSR_CRASH_P0];
	return MSR_DONE;
}

enum msr_outcome vp_write_crash(struct vp *vp, u32 msr, u64 value, u64 *gpa)
{
	const u64 *p = vp->crash;

	(void)gpa;
	if (!has_crash_msrs(vp))
		return MSR_FAULT;
	vp->crash[msr - HV_X64_MSR_CRASH_P0] = value;
	if (msr != HV_X64_MSR_CRASH_CTL)
		return MSR_DONE;
	/* The register tells the parent what was reported, not what was asked for. */
	vp->crash[CRASH_CTL] &= HV_CRASH_CTL_NOTIFY;
	if (vp->crash[CRASH_CTL] && partition_may_log(vp->partition))
		log_warning("partition %lu VP %u: the guest has crashed: %#lx %#lx %#lx %#lx %#lx",
			vp->partition->id, vp->index, p[0], p[1], p[2], p[3], p[4]);
	return MSR_DONE;
}
