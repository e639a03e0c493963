/* SPDX-License-Identifier: BSD-2-Clause */
/* Memory pools and GPA spaces (TLFS ch. 7). */
#include "core/hypercall/hypercall.h"
#include "core/hypervisor.h"
#include "core/lib/string.h"
#include "core/memory/frames.h"
#include "core/memory/overlay.h"
#include "core/memory/share.h"
#include "core/memory/walk.h"
#include "core/partition/scheduling.h"

/* DOC: deposit */
/* All or nothing: whoever deposits takes all pages back when the call fails. */
enum hv_status call_DepositMemory(struct call *call)
{
	const u64 *pages = call->list;
	struct partition *target = call->target;
	u32 count = call->rep_count - call->reps_done;
	enum hv_status status = frames_take(pages + call->reps_done, count);

	if (status != HV_STATUS_SUCCESS)
		return status;
	(void)atomic_add(&stat_hypervisor(&hypervisor, TotalPages), (u64)count);
	spin_lock(&target->lock);
	for (; call->reps_done < call->rep_count; call->reps_done++)
		pool_add(&target->pool, pages[call->reps_done] << PAGE_SHIFT);
	stat_partition(target, DepositedPages) = target->pool.total_pages;
	spin_unlock(&target->lock);
	return HV_STATUS_SUCCESS;
}

enum hv_status call_WithdrawMemory(struct call *call)
{
	struct partition *target = call->target;
	u64 *pages = call->output;

	while (call->reps_done < call->rep_count) {
		u64 spa;

		spin_lock(&target->lock);
		spa = pool_withdraw(&target->pool);
		stat_partition(target, DepositedPages) = target->pool.total_pages;
		spin_unlock(&target->lock);
		if (!spa)
			return HV_STATUS_NO_RESOURCES;
		(void)atomic_add(&stat_hypervisor(&hypervisor, TotalPages), -1ull);
		frames_give(spa);
		pages[call->reps_done++] = spa >> PAGE_SHIFT;
	}
	return HV_STATUS_SUCCESS;
}

/* Every frame of the source must be the root's own RAM. */
static bool source_allowed(u64 page_number, u64 count)
{
	if (page_number >> (64 - PAGE_SHIFT))
		return false;
	for (u64 i = 0; i < count; i++) {
		u64 spa = (page_number + i) << PAGE_SHIFT;

		if (frame_get(spa) != FRAME_ROOT || frame_mappings(spa) >= FRAME_MAX_MAPPINGS)
			return false;
	}
	return true;
}

static u64 rights_of(u32 flags)
{
	u64 rights = 0;

	if (flags & HV_MAP_GPA_NO_ACCESS || !(flags & HV_MAP_GPA_PERMISSIONS_MASK))
		return 0;
	rights = SLAT_READ;
	if (flags & HV_MAP_GPA_WRITABLE)
		rights |= SLAT_WRITE;
	if (flags & HV_MAP_GPA_EXECUTABLE)
		rights |= SLAT_EXECUTE;
	return rights;
}

#define MAX_GPA_PAGE (1ull << 36) /* four levels of tables */

/* Frames that one call may look at before it lets interrupts in (TLFS: 50 µs). */
#define MAP_BUDGET 2048

static enum hv_status map_one(
	struct partition *target, u64 gpa_page, u64 spa_page, u32 level, u64 rights)
{
	u64 count = 1ull << 9 * level;

	if (gpa_page >= MAX_GPA_PAGE || !IS_ALIGNED(gpa_page, count))
		return HV_STATUS_INVALID_PARAMETER;
	if (rights && (!IS_ALIGNED(spa_page, count) || !source_allowed(spa_page, count)))
		return HV_STATUS_INVALID_PARAMETER;
	return overlay_map_beneath(&target->slat, gpa_page << PAGE_SHIFT, spa_page << PAGE_SHIFT,
		       level, rights) == SLAT_OK
		       ? HV_STATUS_SUCCESS
		       : HV_STATUS_INSUFFICIENT_MEMORY;
}

enum hv_status call_MapGpaPages(struct call *call)
{
	const struct hv_input_map_gpa_pages *in = call->input;
	const u64 *source = call->list;
	struct partition *target = call->target;
	u32 level = in->map_flags & HV_MAP_GPA_LARGE_PAGE ? 1 : 0;
	u64 rights = rights_of(in->map_flags);
	enum hv_status status = HV_STATUS_SUCCESS;
	u32 budget = MAP_BUDGET >> 9 * level;
	u32 start = call->reps_done;

	spin_lock(&target->lock);
	if (target->state != PARTITION_ACTIVE)
		status = HV_STATUS_INVALID_PARTITION_STATE;
	/* Frames must not change hands between the check and the mapping. */
	spin_lock(&root_partition.lock);
	while (status == HV_STATUS_SUCCESS && call->reps_done < call->rep_count && budget) {
		u64 gpa_page = in->target_gpa_base + ((u64)call->reps_done << 9 * level);

		budget--;
		status = map_one(target, gpa_page, source[call->reps_done], level, rights);
		call->reps_done += status == HV_STATUS_SUCCESS;
	}
	spin_unlock(&root_partition.lock);
	stat_partition(target, GpaSpaceModifications) += call->reps_done != start;
	partition_settle(target);
	return status;
}

enum hv_status call_UnmapGpaPages(struct call *call)
{
	const struct hv_input_unmap_gpa_pages *in = call->input;
	struct partition *target = call->target;
	u32 level = in->unmap_flags & HV_UNMAP_GPA_LARGE_PAGE ? 1 : 0;
	enum hv_status status = HV_STATUS_SUCCESS;
	u32 budget = MAP_BUDGET >> 9 * level;
	u32 start = call->reps_done;

	/* After finalization nothing is mapped, and that is what the caller wants. */
	if (target->state == PARTITION_FINALIZED) {
		call->reps_done = call->rep_count;
		return HV_STATUS_SUCCESS;
	}
	if (target->state != PARTITION_ACTIVE)
		return HV_STATUS_INVALID_PARTITION_STATE;
	spin_lock(&target->lock);
	while (status == HV_STATUS_SUCCESS && call->reps_done < call->rep_count && budget--) {
		u64 gpa_page = in->target_gpa_base + ((u64)call->reps_done << 9 * level);

		status = target->slat.root ? map_one(target, gpa_page, 0, level, 0)
					   : HV_STATUS_INVALID_PARTITION_STATE;
		call->reps_done += status == HV_STATUS_SUCCESS;
	}
	stat_partition(target, GpaSpaceModifications) += call->reps_done != start;
	partition_settle(target);
	return status;
}

/* Returns the state before the change. */
static u8 access_state(struct partition *target, u64 gpa, u64 flags)
{
	const struct slat_format *format = target->slat.format;
	struct slat_leaf leaf = slat_lookup(&target->slat, gpa);
	u64 *beneath = overlay_beneath(&target->slat, gpa);
	u64 set = 0;
	u64 clear = 0;
	u64 old;

	/* Of the parent's page, which may be absent. */
	if (beneath)
		leaf = (struct slat_leaf){.entry = beneath, .rights = *beneath};
	if (!leaf.rights)
		return 0;
	set |= flags & HV_GPA_ACCESS_SET_ACCESSED ? format->accessed_bit : 0;
	set |= flags & HV_GPA_ACCESS_SET_DIRTY ? format->dirty_bit : 0;
	clear |= flags & HV_GPA_ACCESS_CLEAR_ACCESSED ? format->accessed_bit : 0;
	clear |= flags & HV_GPA_ACCESS_CLEAR_DIRTY ? format->dirty_bit : 0;
	old = set ? atomic_or(leaf.entry, set) : READ_ONCE(*leaf.entry);
	/* A large page is one state for many: it stays set, else all but one would look clean. */
	if (clear && leaf.level == 0) {
		old = atomic_and(leaf.entry, ~clear);
		target->slat.stale = true;
	}
	return (u8)((old & format->accessed_bit ? HV_GPA_STATE_ACCESSED : 0) |
		    (old & format->dirty_bit ? HV_GPA_STATE_DIRTY : 0));
}

enum hv_status call_GetGpaPagesAccessStates(struct call *call)
{
	const struct hv_input_get_gpa_pages_access_states *in = call->input;
	struct partition *target = call->target;
	u8 *states = call->output;

	if (target->state != PARTITION_ACTIVE)
		return HV_STATUS_INVALID_PARTITION_STATE;
	spin_lock(&target->lock);
	stat_vp(call->vp, PageScans)++;
	for (; target->slat.root && call->reps_done < call->rep_count; call->reps_done++)
		states[call->reps_done] = access_state(
			target, (in->gpa_page_number + call->reps_done) << PAGE_SHIFT, in->flags);
	partition_settle(target);
	return HV_STATUS_SUCCESS;
}

static u32 walk_access(u64 flags)
{
	u32 access = 0;

	if (flags & HV_TRANSLATE_GVA_VALIDATE_WRITE)
		access |= WALK_WRITE;
	if (flags & HV_TRANSLATE_GVA_VALIDATE_EXECUTE)
		access |= WALK_EXECUTE;
	if (flags & HV_TRANSLATE_GVA_PRIVILEGE_EXEMPT)
		access |= WALK_EXEMPT;
	if (flags & HV_TRANSLATE_GVA_SET_PAGE_TABLE_BITS)
		access |= WALK_SET_BITS;
	if (flags & HV_TRANSLATE_GVA_USER_ACCESS)
		access |= WALK_USER;
	return access;
}

enum hv_status call_TranslateVirtualAddress(struct call *call)
{
	const struct hv_input_translate_virtual_address *in = call->input;
	struct hv_output_translate_virtual_address *out = call->output;
	struct vp *vp = call_vp(call, in->vp_index);
	struct walk_context context;
	struct walk_result result;
	enum walk_status status;
	bool readable, covered;

	if (!vp)
		return HV_STATUS_INVALID_VP_INDEX;
	if (atomic_load(&vp->running_lp) >= 0)
		return HV_STATUS_INVALID_VP_STATE;
	vp_walk_context(vp, &context);
	/* Replaced tables go back to the pool under the lock: none that is walked here does. */
	spin_lock(&call->target->lock);
	status =
		walk(&context, in->gva_page << PAGE_SHIFT, walk_access(in->control_flags), &result);
	readable = status == WALK_OK && partition_memory(call->target, result.gpa, SLAT_READ);
	covered = readable && partition_covered(call->target, result.gpa);
	spin_unlock(&call->target->lock);
	out->result_code =
		status == WALK_NON_CANONICAL ? HV_TRANSLATE_GVA_PAGE_NOT_PRESENT : status;
	if (status != WALK_OK)
		return HV_STATUS_SUCCESS;
	out->gpa_page = result.gpa >> PAGE_SHIFT;
	out->attributes = HV_CACHE_TYPE_WRITE_BACK | (covered ? HV_TRANSLATE_GVA_OVERLAY_PAGE : 0);
	if (covered && in->control_flags & (HV_TRANSLATE_GVA_VALIDATE_WRITE |
						   HV_TRANSLATE_GVA_VALIDATE_EXECUTE))
		out->result_code = HV_TRANSLATE_GVA_GPA_ILLEGAL_OVERLAY_ACCESS;
	if (!readable)
		out->result_code = HV_TRANSLATE_GVA_GPA_UNMAPPED;
	return HV_STATUS_SUCCESS;
}
