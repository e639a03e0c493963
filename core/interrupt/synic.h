/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The synthetic interrupt controller of one VP (TLFS ch. 11 / "Inter-Partition Communication"):
 * sixteen SINTs, a message page with queues behind its slots, a page of event flags, and an
 * event-ring page for doorbells.
 * Pure state over pages that the owner maps; interrupts to assert come back as return values.
 * Callers hold the VP's synic lock.
 */
#ifndef CORE_INTERRUPT_SYNIC_H
#define CORE_INTERRUPT_SYNIC_H

#include "abi/hv_message.h"
#include "core/lib/types.h"

#define SYNIC_SINTS	    16
#define SYNIC_QUEUE_PAYLOAD 24

/* One queued message. Storage belongs to the sender, which has one node per thing it can say. */
struct synic_message {
	struct synic_message *next;
	bool queued;	/* true from post to delivery or removal */
	bool in_buffer; /* it is the head of a struct synic_buffer */
	u8 sint;
	u8 payload_size;
	u32 type;
	u64 sender;
	u8 payload[SYNIC_QUEUE_PAYLOAD]; /* in a buffer it goes on behind the node */
};

/* A node with room for the longest payload: for messages that guests and VMMs write. */
struct synic_buffer {
	struct synic_message message;
	u8 rest[HV_MESSAGE_PAYLOAD_SIZE - SYNIC_QUEUE_PAYLOAD];
};

#define SYNIC_BUFFERS (PAGE_SIZE / sizeof(struct synic_buffer)) /* a page of them */

struct synic {
	u64 control; /* SCONTROL */
	u64 siefp;   /* SIEFP, SIMP, SIRBP MSRs */
	u64 simp;
	u64 sirbp;
	u64 sint[SYNIC_SINTS];
	void *message_page; /* mapped SIMP page when enabled, else NULL */
	void *event_page;
	void *ring_page;
	u16 waiting;	    /* SINTs with queued messages; may be looked at without the lock */
	u16 auto_eoi;	    /* SINTs whose interrupts end when they are delivered */
	bool drains_masked; /* messages to a masked SINT go to its slot, see synic.c */
	u32 ring_head[SYNIC_SINTS];
	struct synic_message *head[SYNIC_SINTS];
	struct synic_message *tail[SYNIC_SINTS];
	struct synic_message ring_signal[SYNIC_SINTS]; /* what as_intercept SINTs say in SINT0 */
};

/* Bits of a SINT register; as_intercept is not in the TLFS. */
#define SYNIC_SINT_VECTOR	0xffull
#define SYNIC_SINT_MASKED	BIT(16)
#define SYNIC_SINT_AUTO_EOI	BIT(17)
#define SYNIC_SINT_POLLING	BIT(18)
#define SYNIC_SINT_AS_INTERCEPT BIT(19)

/* Bit 0 of SCONTROL, SIEFP, SIMP and SIRBP. */
#define SYNIC_ENABLE BIT(0)

/* What the caller must do after a synic call: assert `vector` at the VP (0 = nothing). */
struct synic_assert {
	u8 vector;
	bool auto_eoi;
	bool dropped; /* synic_ring_signal: no room or no ring; the sender must find another way.
		       * synic_signal_event: SynIC, page or SINT are off */
	bool news;    /* synic_signal_event: the flag was not set before */
};

/*
 * All SINTs masked, everything else 0 (TLFS: SINT reset value has only Masked set); queued
 * messages go back to their senders. The memory must be zero before the first reset.
 */
void synic_reset(struct synic *synic);

/* True if a message to `sint` would be taken now: enabled, page present, SINT unmasked. */
bool synic_can_receive(const struct synic *synic, u32 sint);

/* Queues the message and, if its slot is empty, delivers it. The node must not be queued. */
struct synic_assert synic_post(struct synic *synic, struct synic_message *message);
/* The guest wrote EOM, or a SINT/SCONTROL/SIMP changed: deliver what waits for `sint`. */
struct synic_assert synic_scan(struct synic *synic, u32 sint);
/* True if guests' messages can be posted: what waits behind a masked SINT waits. */
bool synic_accepts(const struct synic *synic);
/* A node of the page of buffers that is free, filled in; NULL: all are queued. */
struct synic_message *synic_fill_buffer(
	struct synic_buffer *buffers, u8 sint, const struct hv_message *message);
/* Takes back the hypervisor's messages of `sender`, except ring signals: rings outlive senders. */
void synic_purge(struct synic *synic, u64 sender);
/* Takes back one message, if it is queued here. */
void synic_take_back(struct synic *synic, struct synic_message *message);

/*
 * Puts `port_id` (not 0) into the ring of `sint`; asserts if the guest asked to be told.
 * `dropped` is set if the id could not be kept; nothing is remembered then.
 */
struct synic_assert synic_ring_signal(struct synic *synic, u32 sint, u32 port_id, u64 sender);
/* HVCALL_NOTIFY_PORT_RING_EMPTY: the guest has drained the ring. */
struct synic_assert synic_ring_empty(struct synic *synic, u32 sint);

/* Sets an event flag (0…2047) of `sint`; asserts if it was not set. */
struct synic_assert synic_signal_event(struct synic *synic, u32 sint, u32 flag);

/* Does the interrupt, which is being delivered, end by itself? */
bool synic_ends_itself(const struct synic *synic, u8 vector);

/* SINT register write. False: a vector below 16 in an unmasked SINT → #GP (TLFS). */
bool synic_write_sint(struct synic *synic, u32 sint, u64 value);

#endif
