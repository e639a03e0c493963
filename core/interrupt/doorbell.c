/* SPDX-License-Identifier: BSD-2-Clause */
#include "abi/hv_hypercall.h"
#include "core/interrupt/doorbell.h"
#include "core/vp/vp.h"

static bool in_use(const struct doorbell *bell)
{
	return bell->port_id && bell->connection_id;
}

bool doorbell_may_match(const struct partition *partition, u64 gpa)
{
	const struct doorbell *bells = atomic_load(&partition->doorbells);

	for (u32 i = 0; bells && i < MAX_DOORBELLS; i++)
		if (in_use(&bells[i]) && !((bells[i].gpa ^ gpa) >> PAGE_SHIFT))
			return true;
	return false;
}

static bool size_matches(u64 flags, u32 size)
{
	u32 wanted = flags & HV_DOORBELL_TRIGGER_SIZE_MASK;

	return wanted == HV_DOORBELL_TRIGGER_SIZE_ANY || size == 1u << (wanted - 1);
}

/* Any root VP may be told; the first that has the ring in service and room in it is. */
static bool signal(const struct partition *partition, const struct doorbell *bell)
{
	for (u32 i = 0; i < MAX_VPS; i++) {
		struct vp *root = root_partition.vps[i];
		struct synic_assert request;

		if (!root || !root->synic.ring_page)
			continue;
		if (bell->target_vp != HV_ANY_VP && bell->target_vp != i)
			continue;
		spin_lock(&root->synic_lock);
		request = synic_ring_signal(
			&root->synic, bell->target_sint, bell->port_id, partition->id);
		spin_unlock(&root->synic_lock);
		vp_synic_assert(root, request);
		if (!request.dropped)
			return true;
	}
	return false;
}

bool doorbell_ring(struct partition *partition, u64 gpa, u32 size, u64 value)
{
	struct doorbell *bells = partition->doorbells;
	bool rung = false;

	spin_lock(&partition->lock);
	for (u32 i = 0; bells && i < MAX_DOORBELLS && !rung; i++) {
		const struct doorbell *bell = &bells[i];

		if (!in_use(bell) || bell->gpa != gpa || !size_matches(bell->flags, size))
			continue;
		if (!(bell->flags & HV_DOORBELL_TRIGGER_ANY_VALUE) && bell->value != value)
			continue;
		rung = signal(partition, bell);
	}
	spin_unlock(&partition->lock);
	return rung;
}

static struct doorbell *by_port(struct partition *partition, u32 port_id)
{
	for (u32 i = 0; partition->doorbells && i < MAX_DOORBELLS; i++)
		if (partition->doorbells[i].port_id == port_id)
			return &partition->doorbells[i];
	return NULL;
}

_Static_assert(MAX_DOORBELLS * sizeof(struct doorbell) <= PAGE_SIZE, "doorbells of a partition");

/* Ports are the root's, so it pays for them: who creates one deposits to the root's pool. */
static struct doorbell *allocate_table(void)
{
	struct doorbell *table;

	spin_lock(&root_partition.lock);
	table = pool_allocate(&root_partition.pool);
	spin_unlock(&root_partition.lock);
	return table;
}

void doorbell_release(struct partition *partition)
{
	spin_lock(&root_partition.lock);
	if (partition->doorbells)
		pool_free(&root_partition.pool, partition->doorbells);
	partition->doorbells = NULL;
	spin_unlock(&root_partition.lock);
}

enum hv_status doorbell_create(struct partition *partition, u32 port_id, u32 sint, u32 target_vp)
{
	enum hv_status status = HV_STATUS_SUCCESS;
	struct doorbell *bell;

	if (!port_id || sint >= SYNIC_SINTS)
		return HV_STATUS_INVALID_PARAMETER;
	spin_lock(&partition->lock);
	if (!partition->doorbells)
		partition->doorbells = allocate_table();
	bell = by_port(partition, 0);
	if (!partition->doorbells)
		status = HV_STATUS_INSUFFICIENT_MEMORY;
	else if (by_port(partition, port_id))
		status = HV_STATUS_INVALID_PORT_ID;
	else if (!bell)
		status = HV_STATUS_NO_RESOURCES;
	if (status == HV_STATUS_SUCCESS)
		*bell = (struct doorbell){
			.port_id = port_id, .target_sint = sint, .target_vp = target_vp};
	spin_unlock(&partition->lock);
	return status;
}

enum hv_status doorbell_connect(
	struct partition *partition, u32 connection_id, u32 port_id, u64 gpa, u64 value, u64 flags)
{
	enum hv_status status = HV_STATUS_SUCCESS;
	struct doorbell *bell;

	spin_lock(&partition->lock);
	bell = port_id ? by_port(partition, port_id) : NULL;
	if (!bell) {
		status = HV_STATUS_INVALID_PORT_ID;
	} else if (!connection_id || bell->connection_id) {
		status = HV_STATUS_INVALID_CONNECTION_ID;
	} else {
		bell->gpa = gpa;
		bell->value = value;
		bell->flags = flags;
		bell->connection_id = connection_id;
	}
	spin_unlock(&partition->lock);
	return status;
}

enum hv_status doorbell_disconnect(struct partition *partition, u32 connection_id)
{
	enum hv_status status = HV_STATUS_INVALID_CONNECTION_ID;

	spin_lock(&partition->lock);
	for (u32 i = 0; partition->doorbells && i < MAX_DOORBELLS; i++) {
		if (!connection_id || partition->doorbells[i].connection_id != connection_id)
			continue;
		partition->doorbells[i].connection_id = 0;
		status = HV_STATUS_SUCCESS;
	}
	spin_unlock(&partition->lock);
	return status;
}

enum hv_status doorbell_delete(struct partition *partition, u32 port_id)
{
	enum hv_status status = HV_STATUS_INVALID_PORT_ID;
	struct doorbell *bell;

	spin_lock(&partition->lock);
	bell = port_id ? by_port(partition, port_id) : NULL;
	if (bell) {
		*bell = (struct doorbell){0};
		status = HV_STATUS_SUCCESS;
	}
	spin_unlock(&partition->lock);
	return status;
}
