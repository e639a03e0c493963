/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The synthetic interrupt controller of one VP (TLFS ch. 11 / "Inter-Partition Communication"):
 * sixteen SINTs, a message page with queues behind its slots, an event-ring page for doorbells.
 * Pure state over pages that the owner maps; interrupts to assert come back as return values.
 * Callers hold the VP's synic lock.
 */
#ifndef CORE_INTERRUPT_SYNIC_H
#define CORE_INTERRUPT_SYNIC_H

#include "core/lib/types.h"

#define SYNIC_SINTS	    16
#define SYNIC_QUEUE_PAYLOAD 40

/* One queued message. Storage belongs to the sender, which has one node per thing it can say. */
struct synic_message {
	struct synic_message *next;
	bool queued; /* true from post to delivery or removal */
	u8 sint;
	u8 payload_size;
	u32 type;
	u64 sender;
	u8 payload[SYNIC_QUEUE_PAYLOAD];
};

struct synic {
	u64 control; /* SCONTROL */
	u64 siefp;   /* SIEFP, SIMP, SIRBP MSRs */
	u64 simp;
	u64 sirbp;
	u64 sint[SYNIC_SINTS];
	u32 auto_eoi[8];    /* vectors of SINTs with auto-EOI */
	void *message_page; /* mapped SIMP page when enabled, else NULL; a child's during a scan */
	void *event_page;   /* the same for SIEFP */
	void *ring_page;
	u64 missing; /* GPA | 1 of a child's page that somebody found missing, or 0 */
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
	bool dropped; /* synic_ring_signal: no room or no ring; the sender must find another way */
};

/*
 * All SINTs masked, everything else 0 (TLFS: SINT reset value has only Masked set); queued
 * messages go back to their senders. The memory must be zero before the first reset.
 */
void synic_reset(struct synic *synic);

/* True if a message to `sint` would be taken now: enabled, page present, SINT unmasked. */
bool synic_can_receive(const struct synic *synic, u32 sint);

/* True if a message waits that could be delivered if the page were mapped. */
bool synic_waiting(const struct synic *synic);

/* Interrupts with this vector are ended by their delivery (TLFS). Called by the VP's own LP. */
static inline bool synic_auto_eoi(const struct synic *synic, u8 vector)
{
	return synic->auto_eoi[vector / 32] & 1u << vector % 32;
}

/* Queues the message and, if its slot is empty, delivers it. The node must not be queued. */
struct synic_assert synic_post(struct synic *synic, struct synic_message *message);
/* True if the SINT takes anything: the SynIC is on, and the SINT open. */
bool synic_accepts(const struct synic *synic, u32 sint);
/*
 * Puts a message of the VP's parent into the slot, past no queue. False: others come first, and
 * the guest has been asked for an EOM.
 */
struct hv_message;
bool synic_put(struct synic *synic, u32 sint, const struct hv_message *message,
	struct synic_assert *request);
/* Sets an event flag. False: it was set before, and nothing is asserted. */
bool synic_set_flag(struct synic *synic, u32 sint, u32 flag, struct synic_assert *request);
/* The guest wrote EOM, or a SINT/SCONTROL/SIMP changed: deliver what waits for `sint`. */
struct synic_assert synic_scan(struct synic *synic, u32 sint);
/* Takes back every queued message of `sender`, except ring signals: rings outlive their senders. */
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

/* SINT register write. False: a vector below 16 in an unmasked SINT → #GP (TLFS). */
bool synic_write_sint(struct synic *synic, u32 sint, u64 value);

#endif
