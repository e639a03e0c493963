/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Statistics pages (HvCallMapStatsPage). A child's pages come from pools and are shown as they
 * are. Those of the hypervisor, of LPs and of the root begin in our own memory, of which the root
 * knows nothing; when first mapped they move to a page of the root's pool, on the LP that writes
 * them so that no count is lost.
 */
#include "core/hypercall/hypercall.h"
#include "core/hypervisor.h"
#include "core/lib/string.h"
#include "core/lp.h"
#include "core/memory/frames.h"
#include "core/memory/share.h"

struct move {
	u64 **place;
	u64 *page;
};

static void move_counters(void *argument)
{
	struct move *move = argument;

	memcpy(move->page, *move->place, PAGE_SIZE);
	*move->place = move->page;
}

/* DOC: counter-page */
/* `lp`: the only writer of the page; MAX_LPS if writers take locks. */
static enum hv_status map(u64 **place, u32 lp, u64 *map_location)
{
	struct move move = {.place = place};
	enum hv_status status;

	if (frame_get(machine_spa(*place)) == FRAME_HYPERVISOR) {
		spin_lock(&root_partition.lock);
		move.page = pool_allocate(&root_partition.pool);
		spin_unlock(&root_partition.lock);
		if (!move.page)
			return HV_STATUS_INSUFFICIENT_MEMORY;
		if (lp < MAX_LPS)
			lp_call(lp, move_counters, &move);
		else
			move_counters(&move);
	}
	status = page_share(*place, SLAT_READ);
	*map_location = machine_spa(*place) >> PAGE_SHIFT;
	return status;
}

/* Finds the object's page. Its partition, if any, is held and must be put. */
static enum hv_status find(u32 type, const union hv_stats_object_identity *identity, u64 ***place,
	u32 *writer, struct partition **held)
{
	struct vp *vp;

	*writer = MAX_LPS;
	*held = NULL;
	if (identity->hv.stats_area_type != HV_STATS_AREA_SELF)
		return HV_STATUS_INVALID_PARAMETER;
	switch (type) {
	case HV_STATS_OBJECT_HYPERVISOR:
		*place = &hypervisor.stats;
		return HV_STATUS_SUCCESS;
	case HV_STATS_OBJECT_LOGICAL_PROCESSOR:
		if (identity->lp.lp_index >= machine.lp_count)
			return HV_STATUS_INVALID_LP_INDEX;
		*place = &lps[identity->lp.lp_index].stats;
		*writer = identity->lp.lp_index;
		return HV_STATUS_SUCCESS;
	case HV_STATS_OBJECT_PARTITION:
	case HV_STATS_OBJECT_VP:
		*held = partition_get(identity->partition.partition_id, false);
		if (!*held)
			return HV_STATUS_INVALID_PARTITION_ID;
		*place = &(*held)->stats;
		if (type == HV_STATS_OBJECT_PARTITION)
			return HV_STATUS_SUCCESS;
		vp = partition_vp(*held, identity->vp.vp_index);
		if (!vp)
			return HV_STATUS_INVALID_VP_INDEX;
		*place = &vp->stats;
		/* A root VP never leaves its LP; a child's page never moves. */
		*writer = vp->sched.bound_lp < MAX_LPS ? vp->sched.bound_lp : MAX_LPS;
		return HV_STATUS_SUCCESS;
	}
	return HV_STATUS_INVALID_PARAMETER;
}

enum hv_status call_MapStatsPage(struct call *call)
{
	const struct hv_input_map_stats_page *in = call->input;
	struct hv_output_map_stats_page *out = call->output;
	struct partition *held;
	u64 **place;
	u32 writer;
	enum hv_status status = find(in->type, &in->identity, &place, &writer, &held);

	if (status == HV_STATUS_SUCCESS && held && held->state == PARTITION_FINALIZED)
		status = HV_STATUS_INVALID_PARTITION_STATE;
	if (status == HV_STATUS_SUCCESS)
		status = map(place, writer, &out->map_location);
	if (held)
		partition_put(held);
	return status;
}

enum hv_status call_UnmapStatsPage(struct call *call)
{
	const struct hv_input_unmap_stats_page *in = call->input;
	struct partition *held;
	u64 **place;
	u32 writer;
	enum hv_status status = find(in->type, &in->identity, &place, &writer, &held);

	if (status == HV_STATUS_SUCCESS)
		page_unshare(*place);
	if (held)
		partition_put(held);
	return status;
}
