/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Ports of the root and connections of its children: doorbells, and the messages and events that
 * a child sends (TLFS "Ports and Connections"). `partition` is always the child, whose table holds
 * both ends; what they cost is the root's.
 */
#ifndef CORE_INTERRUPT_PORT_H
#define CORE_INTERRUPT_PORT_H

#include "abi/hv_hypercall.h"
#include "abi/hv_status.h"
#include "core/lib/types.h"

struct partition;

/* HvCallCreatePort, …ConnectPort, …DisconnectPort, …DeletePort. */
enum hv_status port_create(
	struct partition *partition, u32 port_id, const struct hv_port_info *info);
enum hv_status port_connect(struct partition *partition, u32 connection_id, u32 port_id,
	const struct hv_connection_info *info);
enum hv_status port_disconnect(struct partition *partition, u32 connection_id);
enum hv_status port_delete(struct partition *partition, u32 port_id);
/* Deletes all and gives the table back; the partition is finalized. */
void port_release(struct partition *partition);

/* HvCallPostMessage and HvCallSignalEvent of the partition. */
enum hv_status port_post(struct partition *partition, const struct hv_input_post_message *in);
enum hv_status port_signal(struct partition *partition, u32 connection_id, u32 flag);

#endif
