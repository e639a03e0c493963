/* SPDX-License-Identifier: BSD-2-Clause */
/* Doorbell ports: a child's store to a GPA becomes an entry in a root VP's event ring. */
#ifndef CORE_INTERRUPT_DOORBELL_H
#define CORE_INTERRUPT_DOORBELL_H

#include "core/lib/types.h"

struct partition;

/* Is anything connected in this page? Cheap; false positives are possible. */
bool doorbell_may_match(const struct partition *partition, u64 gpa);
/* The store is a doorbell's: the event has been queued and the store must not be carried out. */
bool doorbell_ring(struct partition *partition, u64 gpa, u32 size, u64 value);

#endif
