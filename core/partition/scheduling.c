/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Scheduling as partition properties. What is set for a partition is kept in it, under its lock;
 * the table of groups has a lock of its own, between that and the scheduler's.
 */
#include "core/partition/scheduling.h"
#include "abi/hv_property.h"
#include "core/hypervisor.h"
#include "core/lib/string.h"
#include "core/lp.h"
#include "core/vp/vp.h"

struct cpu_group {
	u32 id; /* 0: this entry is free */
	u32 cap;
	u32 partitions;
	struct sched_group sched;
};

static struct spinlock groups_lock;
static struct cpu_group groups[HV_CPU_GROUPS_MAX];

_Static_assert(HV_CPU_SHARE_FULL == SCHED_WHOLE_LP, "the ABI's unit is the scheduler's");
_Static_assert(HV_CPU_WEIGHT_MAX == SCHED_WEIGHT_MAX, "and its range of weights");
_Static_assert(HV_CPU_GROUP_NO_CAP == SCHED_UNLIMITED, "and its word for no cap");
_Static_assert(MAX_LPS <= 64, "an affinity set is one value");

void scheduling_init(struct partition *partition)
{
	partition->params.weight = HV_CPU_WEIGHT_DEFAULT;
	partition->params.reserve = 0;
	partition->params.cap = HV_CPU_SHARE_FULL;
	partition->cpu_group = NULL;
	partition->home = SCHED_NO_NODE;
}

static enum hv_status status_of(enum sched_error error)
{
	switch (error) {
	case SCHED_OK:
		return HV_STATUS_SUCCESS;
	case SCHED_NO_ROOM:
		return HV_STATUS_NO_RESOURCES;
	default:
		return HV_STATUS_PROPERTY_VALUE_OUT_OF_RANGE;
	}
}

enum hv_status scheduling_enter(struct vp *vp)
{
	const struct partition *partition = vp->partition;

	sched_entity_init(&vp->sched, partition->is_root ? vp->index : SCHED_NO_LP);
	sched_set_partition(&vp->sched, &vp->partition->sched);
	if (partition->is_root)
		return HV_STATUS_SUCCESS;
	if (lp_set_params(vp, &partition->params) != SCHED_OK)
		return HV_STATUS_NO_RESOURCES;
	if (partition->cpu_group)
		lp_set_group(vp, &partition->cpu_group->sched);
	return HV_STATUS_SUCCESS;
}

/* ---- Nodes ---- */

/*
 * The node that holds more than half of what is mapped, if one does. What is home stays it within a
 * sixteenth around that, or a guest could move it to and fro with the pages that it covers.
 */
static u32 home_of(const struct slat *slat, u32 current)
{
	u64 all = slat->on_node[FRAME_NO_NODE];
	u32 most = 0;

	for (u32 node = 0; node < FRAME_NODES; node++) {
		all += slat->on_node[node];
		if (slat->on_node[node] > slat->on_node[most])
			most = node;
	}
	if (current != SCHED_NO_NODE && slat->on_node[current] + all / 16 > all / 2 &&
		slat->on_node[most] <= all / 2 + all / 16)
		return current;
	return slat->on_node[most] > all / 2 ? most : SCHED_NO_NODE;
}

void scheduling_follow_memory(struct partition *partition)
{
	u32 home = home_of(&partition->slat, partition->home);

	if (home == partition->home)
		return;
	partition->home = home;
	for (u32 i = 0; i < partition->vp_end; i++) {
		struct vp *vp = atomic_load(&partition->vps[i]);

		if (vp && !vp->node_given)
			lp_set_node(vp, home);
	}
}

void scheduling_place(struct vp *vp, const struct hv_proximity_domain_info *wanted)
{
	u32 node = SCHED_NO_NODE;

	if (wanted->flags & HV_PROXIMITY_INFO_VALID)
		node = lp_node_of_domain(wanted->domain_id);
	vp->node_given = node != SCHED_NO_NODE;
	if (!vp->node_given)
		node = vp->partition->home;
	if (node != SCHED_NO_NODE)
		lp_set_node(vp, node);
}

/* ---- Reserve, cap and weight ---- */

/* The parameter at this offset in struct sched_params, to a value from `least` to `most`. */
static enum hv_status set_param(
	struct partition *partition, u32 offset, u64 value, u32 least, u32 most)
{
	enum sched_error error = SCHED_ABOVE_CAP;
	struct sched_params params;

	if (value < least || value > most)
		return HV_STATUS_PROPERTY_VALUE_OUT_OF_RANGE;
	if (root_schedules())
		return HV_STATUS_OPERATION_DENIED;
	spin_lock(&partition->lock);
	params = partition->params;
	memcpy((u8 *)&params + offset, &(u32){(u32)value}, sizeof(u32));
	/* A partition may have no VP yet that would say so. */
	if (params.reserve <= params.cap)
		error = lp_set_partition_params(partition, &params);
	if (error == SCHED_OK)
		partition->params = params;
	spin_unlock(&partition->lock);
	return status_of(error);
}

enum hv_status scheduling_get_reserve(struct partition *partition, u64 *value)
{
	*value = partition->params.reserve;
	return HV_STATUS_SUCCESS;
}

enum hv_status scheduling_set_reserve(struct partition *partition, u64 value)
{
	return set_param(
		partition, offsetof(struct sched_params, reserve), value, 0, HV_CPU_SHARE_FULL);
}

enum hv_status scheduling_get_cap(struct partition *partition, u64 *value)
{
	*value = partition->params.cap;
	return HV_STATUS_SUCCESS;
}

enum hv_status scheduling_set_cap(struct partition *partition, u64 value)
{
	return set_param(
		partition, offsetof(struct sched_params, cap), value, 0, HV_CPU_SHARE_FULL);
}

enum hv_status scheduling_get_weight(struct partition *partition, u64 *value)
{
	*value = partition->params.weight;
	return HV_STATUS_SUCCESS;
}

enum hv_status scheduling_set_weight(struct partition *partition, u64 value)
{
	return set_param(partition, offsetof(struct sched_params, weight), value, HV_CPU_WEIGHT_MIN,
		HV_CPU_WEIGHT_MAX);
}

enum hv_status scheduling_get_reserved(struct partition *partition, u64 *value)
{
	(void)partition;
	*value = lp_reserved();
	return HV_STATUS_SUCCESS;
}

enum hv_status scheduling_get_capacity(struct partition *partition, u64 *value)
{
	(void)partition;
	*value = (u64)machine.lp_count * HV_CPU_SHARE_FULL;
	return HV_STATUS_SUCCESS;
}

/* ---- Affinity ---- */

enum hv_status scheduling_get_affinity(struct partition *partition, u32 vp_index, u64 *mask)
{
	const struct vp *vp = partition_vp(partition, vp_index);
	struct sched_set set;

	if (!vp)
		return HV_STATUS_INVALID_VP_INDEX;
	lp_get_affinity(vp, &set);
	*mask = set.word[0];
	return HV_STATUS_SUCCESS;
}

enum hv_status scheduling_set_affinity(struct partition *partition, u32 vp_index, u64 mask)
{
	struct vp *vp = partition_vp(partition, vp_index);
	struct sched_set set = {{mask}};

	if (root_schedules())
		return HV_STATUS_OPERATION_DENIED;
	if (!vp)
		return HV_STATUS_INVALID_VP_INDEX;
	if (machine.lp_count < 64 && mask >> machine.lp_count)
		return HV_STATUS_PROPERTY_VALUE_OUT_OF_RANGE;
	return status_of(lp_set_affinity(vp, &set));
}

/* ---- Groups ---- */

static struct cpu_group *find_group(u64 id)
{
	for (u32 i = 0; i < HV_CPU_GROUPS_MAX; i++)
		if (groups[i].id == id)
			return &groups[i];
	return NULL;
}

enum hv_status scheduling_get_group(struct partition *partition, u64 *value)
{
	spin_lock(&groups_lock);
	*value = partition->cpu_group ? partition->cpu_group->id : 0;
	spin_unlock(&groups_lock);
	return HV_STATUS_SUCCESS;
}

/* Under the locks of partition and groups. */
static void move_to(struct partition *partition, struct cpu_group *group)
{
	if (partition->cpu_group)
		partition->cpu_group->partitions--;
	if (group)
		group->partitions++;
	partition->cpu_group = group;
	for (u32 i = 0; i < partition->vp_end; i++)
		if (partition->vps[i])
			lp_set_group(partition->vps[i], group ? &group->sched : NULL);
}

enum hv_status scheduling_set_group(struct partition *partition, u64 value)
{
	struct cpu_group *group;
	bool known;

	if (root_schedules())
		return HV_STATUS_OPERATION_DENIED;
	spin_lock(&partition->lock);
	spin_lock(&groups_lock);
	group = value ? find_group(value) : NULL;
	known = group || !value;
	if (known && group != partition->cpu_group)
		move_to(partition, group);
	spin_unlock(&groups_lock);
	spin_unlock(&partition->lock);
	return known ? HV_STATUS_SUCCESS : HV_STATUS_INVALID_CPU_GROUP_ID;
}

void scheduling_leave(struct partition *partition)
{
	spin_lock(&groups_lock);
	if (partition->cpu_group)
		partition->cpu_group->partitions--;
	partition->cpu_group = NULL;
	spin_unlock(&groups_lock);
}

enum hv_status scheduling_create_group(struct partition *partition, u64 id)
{
	enum hv_status status = HV_STATUS_SUCCESS;
	struct cpu_group *free;

	(void)partition;
	if (root_schedules())
		return HV_STATUS_OPERATION_DENIED;
	if (!id || id > ~0u)
		return HV_STATUS_PROPERTY_VALUE_OUT_OF_RANGE;
	spin_lock(&groups_lock);
	free = find_group(0);
	if (find_group(id)) {
		status = HV_STATUS_INVALID_CPU_GROUP_STATE;
	} else if (!free) {
		status = HV_STATUS_NO_RESOURCES;
	} else {
		memset(free, 0, sizeof(*free));
		free->id = (u32)id;
		free->cap = HV_CPU_GROUP_NO_CAP;
	}
	spin_unlock(&groups_lock);
	return status;
}

enum hv_status scheduling_delete_group(struct partition *partition, u64 id)
{
	enum hv_status status = HV_STATUS_SUCCESS;
	struct cpu_group *group;

	(void)partition;
	spin_lock(&groups_lock);
	group = id ? find_group(id) : NULL;
	if (!group)
		status = HV_STATUS_INVALID_CPU_GROUP_ID;
	else if (group->partitions)
		status = HV_STATUS_INVALID_CPU_GROUP_STATE;
	else
		group->id = 0; /* without members the scheduler has no pointer to it */
	spin_unlock(&groups_lock);
	return status;
}

enum hv_status scheduling_set_group_cap(struct partition *partition, u64 id_and_cap)
{
	u64 id = id_and_cap >> 32;
	u32 cap = (u32)id_and_cap;
	struct cpu_group *group;

	(void)partition;
	if (root_schedules())
		return HV_STATUS_OPERATION_DENIED;
	if (cap != HV_CPU_GROUP_NO_CAP && cap > machine.lp_count * HV_CPU_SHARE_FULL)
		return HV_STATUS_PROPERTY_VALUE_OUT_OF_RANGE;
	spin_lock(&groups_lock);
	group = id ? find_group(id) : NULL;
	if (group) {
		group->cap = cap;
		lp_set_group_cap(&group->sched, cap);
	}
	spin_unlock(&groups_lock);
	return group ? HV_STATUS_SUCCESS : HV_STATUS_INVALID_CPU_GROUP_ID;
}

enum hv_status scheduling_get_group_at(struct partition *partition, u32 index, u64 *value)
{
	const struct cpu_group *group = &groups[index];

	(void)partition;
	spin_lock(&groups_lock);
	*value = group->id ? (u64)group->id << 32 | group->cap : 0;
	spin_unlock(&groups_lock);
	return HV_STATUS_SUCCESS;
}
