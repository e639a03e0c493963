/* SPDX-License-Identifier: BSD-2-Clause */
#include "abi/hv_msr.h"
#include "core/hypervisor.h"
#include "core/interrupt/doorbell.h"
#include "core/lib/string.h"
#include "core/log.h"
#include "core/lp.h"
#include "core/memory/frames.h"
#include "core/memory/share.h"
#include "core/partition/partition.h"
#include "core/partition/scheduling.h"
#include "core/vp/features.h"
#include "core/vp/vp.h"

struct partition root_partition;

static struct spinlock table_lock;
static struct partition *table[MAX_PARTITIONS];
static u64 next_id = 1;

static void count_partitions(s64 by)
{
	hypervisor.stats[STAT_HV_Partitions] += (u64)by;
	stat_partition(&root_partition, NumberofActiveChildPartitions) =
		hypervisor.stats[STAT_HV_Partitions] - 1;
}

void partitions_init(void)
{
	root_partition.id = next_id++;
	root_partition.is_root = true;
	root_partition.state = PARTITION_ACTIVE;
	root_partition.reference_offset = -stats_100ns(machine_tsc());
	root_partition.stats = hypervisor_page();
	stat_partition(&root_partition, PartitionId) = root_partition.id;
	pool_init(&root_partition.pool, 0, false);
	scheduling_init(&root_partition);
	features_root(&root_partition);
	table[0] = &root_partition;
	count_partitions(1);
}

bool partition_may_log(struct partition *partition)
{
	u32 lines = atomic_add(&partition->log_lines, 1);

	if (lines == LOG_BUDGET)
		log_warning("partition %lu: no more messages", partition->id);
	if (lines > LOG_BUDGET)
		atomic_add(&partition->log_lines, -1u);
	return lines < LOG_BUDGET;
}

static struct partition *find(u64 id)
{
	for (u32 i = 0; i < MAX_PARTITIONS; i++)
		if (table[i] && table[i]->id == id)
			return table[i];
	return NULL;
}

struct partition *partition_get(u64 id, bool alone)
{
	for (;;) {
		struct partition *found;
		bool free;

		spin_lock(&table_lock);
		found = find(id);
		free = found && !found->alone && !(alone && found->users);
		if (free) {
			found->users++;
			found->alone = alone;
		}
		spin_unlock(&table_lock);
		if (!found || free)
			return found;
		lp_relax();
	}
}

void partition_put(struct partition *partition)
{
	spin_lock(&table_lock);
	partition->users--;
	partition->alone = false;
	spin_unlock(&table_lock);
}

struct vp *partition_vp(struct partition *partition, u32 index)
{
	return index < MAX_VPS ? partition->vps[index] : NULL;
}

static u32 free_slot(void)
{
	for (u32 i = 1; i < MAX_PARTITIONS; i++)
		if (!table[i])
			return i;
	return 0;
}

enum hv_status partition_create(u64 flags, struct partition **created)
{
	struct pool *pool = &root_partition.pool;
	struct partition *partition;
	u32 slot;

	spin_lock(&root_partition.lock);
	spin_lock(&table_lock);
	slot = free_slot();
	partition = slot && pool->free_pages >= 2 ? pool_allocate(pool) : NULL;
	if (partition) {
		partition->id = next_id++;
		partition->slot = (u16)slot;
		partition->state = PARTITION_CREATED;
		partition->create_flags = flags;
		partition->reference_offset = -stats_100ns(machine_tsc());
		partition->stats = pool_allocate(pool);
		stat_partition(partition, PartitionId) = partition->id;
		pool_init(&partition->pool, (u16)slot, false);
		scheduling_init(partition);
		table[slot] = partition;
		count_partitions(1);
	}
	spin_unlock(&table_lock);
	spin_unlock(&root_partition.lock);
	*created = partition;
	if (!slot)
		return HV_STATUS_NO_RESOURCES;
	return partition ? HV_STATUS_SUCCESS : HV_STATUS_INSUFFICIENT_MEMORY;
}

enum hv_status partition_initialize(struct partition *partition)
{
	enum hv_status status = HV_STATUS_SUCCESS;

	spin_lock(&partition->lock);
	if (partition->state != PARTITION_CREATED)
		status = HV_STATUS_INVALID_PARTITION_STATE;
	else if (!slat_init(&partition->slat, hypervisor.backend->slat, &partition->pool))
		status = HV_STATUS_INSUFFICIENT_MEMORY;
	else
		partition->state = PARTITION_ACTIVE;
	partition->slat.counted = true;
	spin_unlock(&partition->lock);
	return status;
}

void partition_purge_messages(const struct partition *partition)
{
	for (u32 i = 0; i < MAX_VPS; i++) {
		struct vp *vp = root_partition.vps[i];

		if (!vp)
			continue;
		spin_lock(&vp->synic_lock);
		synic_purge(&vp->synic, partition->id);
		spin_unlock(&vp->synic_lock);
	}
}

static void stop_vp(struct vp *vp)
{
	vp_suspend(vp, SUSPEND_EXPLICIT);
	vp_unshare_pages(vp);
}

static void unshare_page(struct partition *partition)
{
	(void)partition_set_overlay(partition, &partition->stats_overlay, &partition->stats, 0);
	page_hide(partition->stats, partition->stats_covers);
}

enum hv_status partitions_delete_port(u32 port_id)
{
	enum hv_status status = HV_STATUS_INVALID_PORT_ID;

	for (u32 i = 1; i < MAX_PARTITIONS && status != HV_STATUS_SUCCESS; i++) {
		struct partition *partition;

		u64 id;

		spin_lock(&table_lock);
		id = table[i] ? table[i]->id : HV_PARTITION_ID_INVALID;
		spin_unlock(&table_lock);
		partition = partition_get(id, false);
		if (!partition)
			continue;
		status = doorbell_delete(partition, port_id);
		partition_put(partition);
	}
	return status;
}

enum hv_status partition_finalize(struct partition *partition)
{
	bool active;

	spin_lock(&partition->lock);
	active = partition->state == PARTITION_ACTIVE || partition->state == PARTITION_CREATED;
	if (active)
		partition->state = PARTITION_FINALIZED;
	spin_unlock(&partition->lock);
	if (!active)
		return HV_STATUS_INVALID_PARTITION_STATE;
	/* Waits for other LPs: no lock may be held. The state keeps new VPs and mappings out. */
	for (u32 i = 0; i < MAX_VPS; i++)
		if (partition->vps[i])
			stop_vp(partition->vps[i]);
	unshare_page(partition);
	partition_purge_messages(partition);
	spin_lock(&partition->lock);
	for (u32 i = 0; i < MAX_VPS; i++)
		if (partition->vps[i])
			vp_destroy(partition->vps[i]);
	if (partition->slat.root)
		slat_destroy(&partition->slat);
	scheduling_leave(partition);
	spin_unlock(&partition->lock);
	doorbell_release(partition);
	return HV_STATUS_SUCCESS;
}

enum hv_status partition_delete(struct partition *partition)
{
	if (partition->state == PARTITION_ACTIVE)
		return HV_STATUS_INVALID_PARTITION_STATE;
	/* The caller holds it alone, so nobody else can have a pointer once it is out of the table.
	 */
	if (partition->pool.total_pages)
		return HV_STATUS_OPERATION_DENIED;
	unshare_page(partition);
	scheduling_leave(partition);
	spin_lock(&table_lock);
	lp_forget_partition(partition);
	table[partition->slot] = NULL;
	count_partitions(-1);
	spin_unlock(&table_lock);
	spin_lock(&root_partition.lock);
	pool_free(&root_partition.pool, partition->stats);
	pool_free(&root_partition.pool, partition);
	spin_unlock(&root_partition.lock);
	return HV_STATUS_SUCCESS;
}

/* ---- Time ---- */

u64 partition_reference_time(const struct partition *partition, u64 tsc)
{
	if (partition->time_frozen)
		return partition->frozen_time;
	return stats_100ns(tsc) + partition->reference_offset;
}

void partition_freeze_time(struct partition *partition, bool freeze)
{
	bool changes;
	u64 now;

	spin_lock(&partition->lock);
	now = machine_tsc();
	changes = freeze != partition->time_frozen;
	if (changes && freeze)
		partition->frozen_time = partition_reference_time(partition, now);
	else if (changes)
		partition->reference_offset = partition->frozen_time - stats_100ns(now);
	/* Last: who reads the time meanwhile has it from what the flag says. */
	atomic_store(&partition->time_frozen, freeze);
	spin_unlock(&partition->lock);
	if (!changes)
		return;
	partition_update_tsc_page(partition);
	for (u32 i = 0; i < partition->vp_end; i++)
		if (partition->vps[i])
			vp_timers_changed(partition->vps[i]);
}

u64 partition_time_to_tsc(const struct partition *partition, u64 time)
{
	u64 scaled = time - partition->reference_offset;

	if (partition->time_frozen)
		return ~0ull;
	/* One unit more than the inverse, so that the time has come when the TSC has. */
	return stats_tsc_of_100ns(scaled + 1);
}

void partition_update_tsc_page(struct partition *partition)
{
	struct hv_reference_tsc_page *page;
	u64 msr = partition->reference_tsc_msr;
	u64 now = machine_tsc();
	u32 sequence;

	if (!(msr & HV_MSR_PAGE_ENABLE))
		return;
	page = partition_memory(partition, msr & HV_MSR_PAGE_ADDRESS_MASK, SLAT_READ | SLAT_WRITE);
	if (!page)
		return;
	/* Never one that was there before: a guest may have begun to read then. */
	sequence = atomic_add(&partition->tsc_sequence, 1) + 1;
	atomic_store(&page->tsc_sequence, 0);
	page->tsc_scale = stats_tsc_scale;
	page->tsc_offset = (s64)(partition_reference_time(partition, now) -
				 stats_100ns(now + partition->tsc_offset));
	if (!partition->time_frozen)
		atomic_store(&page->tsc_sequence, sequence ? sequence : 1);
}

/* ---- Memory ---- */

/* An LP that is in a VP of the partition, or handles an intercept of one, may use what was. */
static bool uses(const struct lp *lp, const struct partition *partition)
{
	const struct partition *loaded = atomic_load(&lp->partition);

	if (!partition)
		return loaded != NULL;
	return loaded == partition || atomic_load(&lp->target) == partition;
}

/* `partition` NULL: any. */
static void wait_for(const struct partition *partition, const struct lp *lp)
{
	u64 entries = atomic_load(&lp->entries);

	for (u32 turn = 0; uses(lp, partition) && atomic_load(&lp->entries) == entries &&
			   !atomic_load(&lp->quiescent);
		turn++)
		lp_relax_and_kick(lp->index, turn);
}

static void wait_for_others(const struct partition *partition)
{
	u32 self = machine_lp_index();

	for (u32 i = 0; i < machine.lp_count; i++)
		if (i != self)
			wait_for(partition, &lps[i]);
}

void partitions_flush_all(void)
{
	spin_lock(&table_lock);
	for (u32 i = 0; i < MAX_PARTITIONS; i++)
		if (table[i])
			atomic_add(&table[i]->flush_generation, 1);
	spin_unlock(&table_lock);
	wait_for_others(NULL);
}

/* DOC: flush */
void partition_flush(struct partition *partition)
{
	atomic_add(&partition->flush_generation, 1);
	memory_fence();
	wait_for_others(partition);
}

/* A page of ours over the root's: it may go meanwhile. */
static void *covering(u64 gpa)
{
	struct slat_leaf leaf = slat_lookup(&root_partition.slat, gpa);

	return leaf.rights ? machine_ram(leaf.spa) : NULL;
}

static void *root_memory(u64 gpa, u64 rights)
{
	switch (frame_get(gpa)) {
	case FRAME_ROOT:
	case FRAME_OVERLAY:
		return machine_ram(gpa);
	case FRAME_SHARED:
		return rights & SLAT_WRITE ? NULL : machine_ram(gpa);
	case FRAME_COVERED:
		return rights & SLAT_WRITE ? NULL : covering(gpa);
	default:
		return NULL;
	}
}

void *partition_memory(struct partition *partition, u64 gpa, u64 rights)
{
	struct slat_leaf leaf;

	if (partition->is_root)
		return root_memory(gpa, rights);
	if (!partition->slat.root)
		return NULL;
	do {
		leaf = slat_lookup(&partition->slat, gpa);
		if ((leaf.rights & rights) != rights)
			return NULL;
	} while ((rights & SLAT_WRITE) && !slat_mark_written(&partition->slat, &leaf));
	return machine_ram(leaf.spa);
}
