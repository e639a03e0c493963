/* SPDX-License-Identifier: BSD-2-Clause */
/* Doorbell ports: a child's store to a GPA becomes an entry in a root VP's event ring. */
#ifndef CORE_INTERRUPT_DOORBELL_H
#define CORE_INTERRUPT_DOORBELL_H

#include "abi/hv_status.h"
#include "core/lib/types.h"

struct partition;

/* Is anything connected in this page? Cheap; false positives are possible. */
bool doorbell_may_match(const struct partition *partition, u64 gpa);
/* The store is a doorbell's: the event has been queued and the store must not be carried out. */
bool doorbell_ring(struct partition *partition, u64 gpa, u32 size, u64 value);

/* HvCallCreatePort, …ConnectPort, …DisconnectPort, …DeletePort. `partition` is the child. */
enum hv_status doorbell_create(struct partition *partition, u32 port_id, u32 sint, u32 target_vp);
enum hv_status doorbell_connect(
	struct partition *partition, u32 connection_id, u32 port_id, u64 gpa, u64 value, u64 flags);
enum hv_status doorbell_disconnect(struct partition *partition, u32 connection_id);
/* Gives the table back; the partition is finalized. */
void doorbell_release(struct partition *partition);
/* The port's partition is the root; the child is found by the port. */
enum hv_status doorbell_delete(struct partition *partition, u32 port_id);

#endif
