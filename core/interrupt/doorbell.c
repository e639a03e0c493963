/* SPDX-License-Identifier: BSD-2-Clause */
#include "abi/hv_hypercall.h"
#include "core/interrupt/doorbell.h"
#include "core/vp/vp.h"

static bool is_bell(const struct port *port)
{
	return port->type == HV_PORT_TYPE_DOORBELL && port->port_id && port->connection_id;
}

bool doorbell_may_match(const struct partition *partition, u64 gpa)
{
	const struct port *bells = atomic_load(&partition->ports);

	for (u32 i = 0; bells && i < MAX_PORTS; i++)
		if (is_bell(&bells[i]) && !((bells[i].doorbell.gpa ^ gpa) >> PAGE_SHIFT))
			return true;
	return false;
}

static bool size_matches(u64 flags, u32 size)
{
	u32 wanted = flags & HV_DOORBELL_TRIGGER_SIZE_MASK;

	return wanted == HV_DOORBELL_TRIGGER_SIZE_ANY || size == 1u << (wanted - 1);
}

/* Any root VP may be told; the first that has the ring in service and room in it is. */
static bool signal(const struct partition *partition, const struct port *bell)
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
	struct port *bells = partition->ports;
	bool rung = false;

	spin_lock(&partition->lock);
	for (u32 i = 0; bells && i < MAX_PORTS && !rung; i++) {
		const struct port *bell = &bells[i];

		if (!is_bell(bell) || bell->doorbell.gpa != gpa ||
			!size_matches(bell->doorbell.flags, size))
			continue;
		if (!(bell->doorbell.flags & HV_DOORBELL_TRIGGER_ANY_VALUE) &&
			bell->doorbell.value != value)
			continue;
		rung = signal(partition, bell);
	}
	spin_unlock(&partition->lock);
	return rung;
}
