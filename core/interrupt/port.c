/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/interrupt/port.h"
#include "core/lib/string.h"
#include "core/vp/vp.h"

_Static_assert(MAX_PORTS * sizeof(struct port) <= PAGE_SIZE, "ports of a partition");

static struct port *by_port(struct partition *partition, u32 port_id)
{
	for (u32 i = 0; partition->ports && i < MAX_PORTS; i++)
		if (partition->ports[i].port_id == port_id)
			return &partition->ports[i];
	return NULL;
}

static struct port *by_connection(struct partition *partition, u32 connection_id)
{
	for (u32 i = 0; partition->ports && i < MAX_PORTS; i++)
		if (partition->ports[i].connection_id == connection_id)
			return &partition->ports[i];
	return NULL;
}

static struct port *free_row(struct partition *partition)
{
	for (u32 i = 0; partition->ports && i < MAX_PORTS; i++)
		if (!partition->ports[i].port_id && !partition->ports[i].connection_id)
			return &partition->ports[i];
	return NULL;
}

/* Ports are the root's, so it pays for them: who creates one deposits to the root's pool. */
static void *root_page(void)
{
	void *page;

	spin_lock(&root_partition.lock);
	page = pool_allocate(&root_partition.pool);
	spin_unlock(&root_partition.lock);
	return page;
}

static void give_back(void *page)
{
	spin_lock(&root_partition.lock);
	if (page)
		pool_free(&root_partition.pool, page);
	spin_unlock(&root_partition.lock);
}

/* What is queued is deleted with the port (TLFS "Reliability and Sequencing"). */
static void free_buffers(struct synic_buffer *buffers)
{
	for (u32 i = 0; i < MAX_VPS; i++) {
		struct vp *vp = root_partition.vps[i];

		if (!vp)
			continue;
		spin_lock(&vp->synic_lock);
		for (u32 j = 0; j < SYNIC_BUFFERS; j++)
			synic_take_back(&vp->synic, &buffers[j].message);
		spin_unlock(&vp->synic_lock);
	}
	give_back(buffers);
}

static void close_port(struct port *port)
{
	if (port->type == HV_PORT_TYPE_MESSAGE)
		free_buffers(port->buffers);
	/* The connection stays until it is disconnected, and is useless. */
	*port = (struct port){.connection_id = port->connection_id};
}

void port_release(struct partition *partition)
{
	for (u32 i = 0; partition->ports && i < MAX_PORTS; i++)
		close_port(&partition->ports[i]);
	give_back(partition->ports);
	partition->ports = NULL;
}

/* SINT 0 belongs to the hypervisor (TLFS HV_PORT_INFO); doorbells on it do no harm. */
static bool info_legal(const struct hv_port_info *info)
{
	switch (info->port_type) {
	case HV_PORT_TYPE_MESSAGE:
		return info->target.target_sint && info->target.target_sint < SYNIC_SINTS;
	case HV_PORT_TYPE_EVENT:
		return info->event.target_sint && info->event.target_sint < SYNIC_SINTS &&
		       info->event.flag_count &&
		       info->event.base_flag_number + info->event.flag_count <=
			       HV_EVENT_FLAGS_COUNT;
	case HV_PORT_TYPE_DOORBELL:
		return info->target.target_sint < SYNIC_SINTS;
	}
	return false;
}

static enum hv_status open_port(struct port *port, u32 port_id, const struct hv_port_info *info)
{
	struct port made = {.port_id = port_id,
		.target_vp = info->target.target_vp,
		.target_sint = (u16)info->target.target_sint,
		.type = (u16)info->port_type};

	if (made.type == HV_PORT_TYPE_MESSAGE) {
		made.buffers = root_page();
		if (!made.buffers)
			return HV_STATUS_INSUFFICIENT_MEMORY;
	} else if (made.type == HV_PORT_TYPE_EVENT) {
		made.event.base = info->event.base_flag_number;
		made.event.count = info->event.flag_count;
	}
	*port = made;
	return HV_STATUS_SUCCESS;
}

enum hv_status port_create(
	struct partition *partition, u32 port_id, const struct hv_port_info *info)
{
	enum hv_status status;
	struct port *port;

	if (!port_id || !info_legal(info))
		return HV_STATUS_INVALID_PARAMETER;
	spin_lock(&partition->lock);
	if (!partition->ports)
		partition->ports = root_page();
	port = free_row(partition);
	if (!partition->ports)
		status = HV_STATUS_INSUFFICIENT_MEMORY;
	else if (by_port(partition, port_id))
		status = HV_STATUS_INVALID_PORT_ID;
	else if (!port)
		status = HV_STATUS_NO_RESOURCES;
	else
		status = open_port(port, port_id, info);
	spin_unlock(&partition->lock);
	return status;
}

enum hv_status port_connect(struct partition *partition, u32 connection_id, u32 port_id,
	const struct hv_connection_info *info)
{
	enum hv_status status = HV_STATUS_SUCCESS;
	struct port *port;

	spin_lock(&partition->lock);
	port = port_id ? by_port(partition, port_id) : NULL;
	if (!port) {
		status = HV_STATUS_INVALID_PORT_ID;
	} else if (port->type != info->port_type) {
		status = HV_STATUS_INVALID_PARAMETER;
	} else if (!connection_id || port->connection_id ||
		   by_connection(partition, connection_id)) {
		status = HV_STATUS_INVALID_CONNECTION_ID;
	} else {
		if (port->type == HV_PORT_TYPE_DOORBELL) {
			port->doorbell.gpa = info->doorbell.gpa;
			port->doorbell.value = info->doorbell.trigger_value;
			port->doorbell.flags = info->doorbell.flags;
		}
		port->connection_id = connection_id;
	}
	spin_unlock(&partition->lock);
	return status;
}

enum hv_status port_disconnect(struct partition *partition, u32 connection_id)
{
	struct port *port;

	spin_lock(&partition->lock);
	port = connection_id ? by_connection(partition, connection_id) : NULL;
	if (port)
		port->connection_id = 0;
	spin_unlock(&partition->lock);
	return port ? HV_STATUS_SUCCESS : HV_STATUS_INVALID_CONNECTION_ID;
}

enum hv_status port_delete(struct partition *partition, u32 port_id)
{
	struct port *port;

	spin_lock(&partition->lock);
	port = port_id ? by_port(partition, port_id) : NULL;
	if (port)
		close_port(port);
	spin_unlock(&partition->lock);
	return port ? HV_STATUS_SUCCESS : HV_STATUS_INVALID_PORT_ID;
}

/* ---- Sending ---- */

/* The port of this type behind a connection, with the child's lock held. */
static enum hv_status find(
	struct partition *partition, u32 connection_id, u16 type, struct port **found)
{
	struct port *port = connection_id ? by_connection(partition, connection_id) : NULL;

	*found = port;
	if (!port)
		return HV_STATUS_INVALID_CONNECTION_ID;
	return port->type == type ? HV_STATUS_SUCCESS : HV_STATUS_INVALID_PORT_ID;
}

/* A message if there is one, else a flag; to the VP of the port, or the first that takes it. */
static enum hv_status send(struct port *port, const struct hv_message *message, u32 flag)
{
	bool any = port->target_vp == HV_ANY_VP;
	enum hv_status status = any ? HV_STATUS_INVALID_SYNIC_STATE : HV_STATUS_INVALID_VP_INDEX;
	u8 sint = (u8)port->target_sint;
	bool news;

	for (u32 i = any ? 0 : port->target_vp; i < MAX_VPS; i++) {
		struct vp *vp = root_partition.vps[i];

		if (vp && message)
			status = vp_post(vp, port->buffers, sint, message);
		else if (vp)
			status = vp_signal_event(vp, sint, port->event.base + flag, &news);
		if (!any || status != HV_STATUS_INVALID_SYNIC_STATE)
			break;
	}
	return status;
}

enum hv_status port_post(struct partition *partition, const struct hv_input_post_message *in)
{
	struct hv_message message = {
		.header = {.message_type = in->message_type, .payload_size = (u8)in->payload_size}};
	enum hv_status status;
	struct port *port;

	spin_lock(&partition->lock);
	status = find(partition, in->connection_id, HV_PORT_TYPE_MESSAGE, &port);
	if (status == HV_STATUS_SUCCESS) {
		message.header.sender = port->port_id;
		memcpy(message.payload, in->payload, in->payload_size);
		status = send(port, &message, 0);
	}
	spin_unlock(&partition->lock);
	return status;
}

enum hv_status port_signal(struct partition *partition, u32 connection_id, u32 flag)
{
	enum hv_status status;
	struct port *port;

	spin_lock(&partition->lock);
	status = find(partition, connection_id, HV_PORT_TYPE_EVENT, &port);
	if (status == HV_STATUS_SUCCESS)
		status = flag < port->event.count ? send(port, NULL, flag)
						  : HV_STATUS_INVALID_PARAMETER;
	spin_unlock(&partition->lock);
	return status;
}
