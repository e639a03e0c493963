/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Statistics pages for the root (HvCallMapStatsPage, HvCallMapStatsPage2). Each object has one
 * page. A child's come from pools, those of the hypervisor, of LPs and of the root from our own
 * memory, of which the root knows nothing. The first call shows the page at its own address: one
 * of ours moves to a page of the root's pool for that, on the LP that writes it so that no count
 * is lost. The second shows it over a page that the caller names.
 *
 * SELF and PARENT of a partition or VP are the same page: nothing is kept from whom it is about
 * (docs/decisions/0018-one-statistics-page.md). Nothing is kept for INTERNAL.
 */
#include "core/hypercall/hypercall.h"
#include "core/hypervisor.h"
#include "core/lib/string.h"
#include "core/lp.h"
#include "core/memory/frames.h"
#include "core/memory/share.h"

/* What a call names. */
struct object {
	u64 **page;
	u64 *covers;		   /* [PAGE_COVERS], by area */
	const struct overlay *own; /* in its own GPA space, or NULL */
	u32 writer;		   /* the only LP that writes; MAX_LPS if writers take locks */
	u8 area;
	struct partition *held; /* to be put */
};

struct move {
	const struct object *object;
	u64 *page;
	bool done;
};

/* Calls take turns: one looks at how a page is shown and changes that. */
static u32 busy;

static void enter(void)
{
	while (atomic_exchange(&busy, 1u))
		lp_relax();
}

static void leave(struct object *object)
{
	atomic_store(&busy, 0u);
	if (object->held)
		partition_put(object->held);
}

static bool shared(const struct object *object)
{
	return frame_get(machine_spa(*object->page)) == FRAME_SHARED;
}

/* A page that shows somewhere stays where it is. */
static void move_counters(void *argument)
{
	struct move *move = argument;
	const struct object *object = move->object;

	move->done = !object->covers[HV_STATS_AREA_SELF] && !object->covers[HV_STATS_AREA_PARENT] &&
		     !(object->own && overlay_shows(object->own->msr));
	if (!move->done)
		return;
	memcpy(move->page, *object->page, PAGE_SIZE);
	*object->page = move->page;
}

/* Moves a page of our own memory to one of the root's pool. */
static enum hv_status move_to_pool(const struct object *object)
{
	struct pool *pool = &root_partition.pool;
	struct move move = {.object = object};

	spin_lock(&root_partition.lock);
	move.page = pool_allocate(pool);
	if (move.page && object->writer == MAX_LPS)
		move_counters(&move);
	spin_unlock(&root_partition.lock);
	if (!move.page)
		return HV_STATUS_INSUFFICIENT_MEMORY;
	if (object->writer < MAX_LPS)
		lp_call(object->writer, move_counters, &move);
	if (move.done)
		return HV_STATUS_SUCCESS;
	spin_lock(&root_partition.lock);
	pool_free(pool, move.page);
	spin_unlock(&root_partition.lock);
	return HV_STATUS_OPERATION_DENIED;
}

/* DOC: counter-page */
static enum hv_status map(const struct object *object, u64 *location)
{
	enum hv_status status = HV_STATUS_SUCCESS;

	/* There is one place for the page; Linux takes SELF for both then. */
	if (object->area != HV_STATS_AREA_SELF)
		return HV_STATUS_INVALID_PARAMETER;
	if (shared(object) || object->covers[HV_STATS_AREA_SELF])
		return HV_STATUS_OPERATION_DENIED;
	if (frame_get(machine_spa(*object->page)) == FRAME_HYPERVISOR)
		status = move_to_pool(object);
	if (status == HV_STATUS_SUCCESS)
		status = page_share(*object->page, SLAT_READ);
	*location = machine_spa(*object->page) >> PAGE_SHIFT;
	return status;
}

static enum hv_status map_over(const struct object *object, u64 location)
{
	u64 *cover = &object->covers[object->area];
	enum hv_status status;

	if (*cover || (object->area == HV_STATS_AREA_SELF && shared(object)))
		return HV_STATUS_OPERATION_DENIED;
	/* No place can be at page 0: that says none. */
	if (!location || location >= OVERLAY_GPA_END >> PAGE_SHIFT)
		return HV_STATUS_INVALID_PARAMETER;
	spin_lock(&root_partition.lock);
	status = page_cover(*object->page, location << PAGE_SHIFT);
	if (status == HV_STATUS_SUCCESS)
		*cover = location << PAGE_SHIFT;
	partition_settle(&root_partition);
	return status;
}

static enum hv_status unmap(const struct object *object)
{
	u64 *cover = &object->covers[object->area];

	if (*cover) {
		spin_lock(&root_partition.lock);
		page_uncover(*cover);
		*cover = 0;
		partition_settle(&root_partition);
	} else if (object->area == HV_STATS_AREA_SELF && shared(object)) {
		page_unshare(*object->page);
	} else {
		return HV_STATUS_OPERATION_DENIED;
	}
	return HV_STATUS_SUCCESS;
}

static enum hv_status find_partition(u64 id, struct object *object)
{
	object->held = partition_get(id, false);
	if (!object->held)
		return HV_STATUS_INVALID_PARTITION_ID;
	object->page = &object->held->stats;
	object->covers = object->held->stats_covers;
	object->own = &object->held->stats_overlay;
	return HV_STATUS_SUCCESS;
}

static enum hv_status find_vp(u64 id, u32 index, struct object *object)
{
	enum hv_status status = find_partition(id, object);
	struct vp *vp;

	if (status != HV_STATUS_SUCCESS)
		return status;
	vp = partition_vp(object->held, index);
	if (!vp)
		return HV_STATUS_INVALID_VP_INDEX;
	object->page = &vp->stats;
	object->covers = vp->stats_covers;
	object->own = &vp->stats_overlay;
	/* A root VP never leaves its LP; a child's page never moves. */
	if (vp->sched.bound_lp < MAX_LPS)
		object->writer = vp->sched.bound_lp;
	return HV_STATUS_SUCCESS;
}

static enum hv_status find_lp(u32 index, struct object *object)
{
	if (index >= machine.lp_count)
		return HV_STATUS_INVALID_LP_INDEX;
	object->page = &lps[index].stats;
	object->covers = lps[index].stats_covers;
	object->writer = index;
	return HV_STATUS_SUCCESS;
}

/* Are the bytes between what names the object and the area 0? */
static bool reserved_zero(const union hv_stats_object_identity *identity, u32 used)
{
	for (u32 i = used; i < sizeof(identity->hv.reserved); i++)
		if (identity->hv.reserved[i])
			return false;
	return true;
}

/* After enter(), before leave(). */
static enum hv_status find(
	u32 type, const union hv_stats_object_identity *identity, struct object *object)
{
	u8 area = identity->hv.stats_area_type;
	bool local = type == HV_STATS_OBJECT_PARTITION || type == HV_STATS_OBJECT_VP;

	*object = (struct object){.area = area, .writer = MAX_LPS};
	if (area > (local ? HV_STATS_AREA_PARENT : HV_STATS_AREA_SELF))
		return HV_STATUS_INVALID_PARAMETER;
	switch (type) {
	case HV_STATS_OBJECT_HYPERVISOR:
		object->page = &hypervisor.stats;
		object->covers = hypervisor.stats_covers;
		return reserved_zero(identity, 0) ? HV_STATUS_SUCCESS : HV_STATUS_INVALID_PARAMETER;
	case HV_STATS_OBJECT_LOGICAL_PROCESSOR:
		return reserved_zero(identity, 4) ? find_lp(identity->lp.lp_index, object)
						  : HV_STATUS_INVALID_PARAMETER;
	case HV_STATS_OBJECT_PARTITION:
		return reserved_zero(identity, 8)
			       ? find_partition(identity->partition.partition_id, object)
			       : HV_STATUS_INVALID_PARAMETER;
	case HV_STATS_OBJECT_VP:
		return reserved_zero(identity, 12)
			       ? find_vp(identity->vp.partition_id, identity->vp.vp_index, object)
			       : HV_STATUS_INVALID_PARAMETER;
	}
	return HV_STATUS_INVALID_PARAMETER;
}

/* The same for calls that show the page. */
static enum hv_status find_to_map(
	u32 type, const union hv_stats_object_identity *identity, struct object *object)
{
	enum hv_status status = find(type, identity, object);

	if (status == HV_STATUS_SUCCESS && object->held &&
		object->held->state == PARTITION_FINALIZED)
		status = HV_STATUS_INVALID_PARTITION_STATE;
	return status;
}

enum hv_status call_MapStatsPage(struct call *call)
{
	const struct hv_input_map_stats_page *in = call->input;
	struct hv_output_map_stats_page *out = call->output;
	struct object object;
	enum hv_status status;

	enter();
	status = find_to_map(in->type, &in->identity, &object);
	if (status == HV_STATUS_SUCCESS)
		status = map(&object, &out->map_location);
	leave(&object);
	return status;
}

enum hv_status call_MapStatsPage2(struct call *call)
{
	const struct hv_input_map_stats_page2 *in = call->input;
	struct object object;
	enum hv_status status;

	enter();
	status = find_to_map(in->type, &in->identity, &object);
	if (status == HV_STATUS_SUCCESS)
		status = map_over(&object, in->map_location);
	leave(&object);
	return status;
}

enum hv_status call_UnmapStatsPage(struct call *call)
{
	const struct hv_input_unmap_stats_page *in = call->input;
	struct object object;
	enum hv_status status;

	enter();
	status = find(in->type, &in->identity, &object);
	if (status == HV_STATUS_SUCCESS)
		status = unmap(&object);
	leave(&object);
	return status;
}
