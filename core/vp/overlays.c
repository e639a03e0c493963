/* SPDX-License-Identifier: BSD-2-Clause */
/* The pages that a child VP shows itself by register: SynIC pages and the VP assist page. */
#include "abi/hv_msr.h"
#include "core/vp/vp.h"

#define GPA_SPACE_BITS 48 /* four levels of tables */

enum overlay_result vp_overlay_set(struct vp *vp, enum vp_overlay which, u64 value)
{
	struct partition *partition = vp->partition;
	struct overlay *overlay = &vp->overlays[which];
	u64 gpa = value & HV_MSR_PAGE_ADDRESS_MASK;
	enum overlay_result result = OVERLAY_OK;

	spin_lock(&partition->lock);
	overlay_hide(&partition->slat, overlay);
	/* Beyond the GPA space there is nowhere to show it (TLFS "SIMP Register"). */
	if ((value & HV_MSR_PAGE_ENABLE) && !(gpa >> GPA_SPACE_BITS))
		result = overlay_show(&partition->slat, overlay, gpa);
	partition_settle(partition);
	return result;
}

void vp_overlays_hide(struct vp *vp)
{
	for (u32 i = 0; i < VP_OVERLAYS; i++)
		overlay_hide(&vp->partition->slat, &vp->overlays[i]);
}
