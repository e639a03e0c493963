/* SPDX-License-Identifier: BSD-2-Clause */
/* Interrupts that are addressed to the APICs of a partition. */
#ifndef CORE_INTERRUPT_IPI_H
#define CORE_INTERRUPT_IPI_H

#include "core/lib/types.h"

struct partition;
struct vp;

struct interrupt_request {
	u8 delivery; /* enum vapic_delivery */
	u8 vector;
	bool level;
	bool logical;
	bool everybody;	   /* no destination: all VPs, less `except` */
	u32 destination;   /* APIC id or logical destination, 32-bit form */
	struct vp *except; /* may be NULL */
};

/* Delivers to every VP that the destination names. False: it names none. */
bool interrupt_send(struct partition *partition, const struct interrupt_request *request);

#endif
