/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Message slots and event rings of one VP (TLFS "Inter-Partition Communication").
 *
 * A message slot is shared with the guest without a lock. The guest owns it while message_type
 * is not zero and gives it back by storing zero there; the hypervisor owns it otherwise. The two
 * sides agree on "more messages wait" by a store followed by a load of the other side's word:
 *
 *	hypervisor: set msg_pending; fence; read message_type
 *	guest:      clear message_type; fence; read msg_pending; write EOM if set
 *
 * At least one of them sees the other's store, so no message is stranded. The event rings work
 * alike with the words "entry" and "signal_masked".
 *
 * A message stays queued as long as its SINT is masked, so that the owner may move it to
 * another VP; the TLFS would let EOM drain a masked SINT, which no client relies on.
 */
#include "core/interrupt/synic.h"

#include "abi/hv_message.h"
#include "core/lib/string.h"

static struct hv_message *message_slot(const struct synic *synic, u32 sint)
{
	return &((struct hv_message_page *)synic->message_page)->sint[sint];
}

static struct hv_synic_event_ring *event_ring(const struct synic *synic, u32 sint)
{
	return &((struct hv_synic_event_ring_page *)synic->ring_page)->sint[sint];
}

/* Polling opens a masked SINT but keeps its interrupt off (TLFS "SINTx Registers"). */
static bool sint_open(const struct synic *synic, u32 sint)
{
	u64 value = synic->sint[sint];

	return !(value & SYNIC_SINT_MASKED) || (value & SYNIC_SINT_POLLING);
}

static struct synic_assert sint_interrupt(const struct synic *synic, u32 sint)
{
	u64 value = synic->sint[sint];

	if (value & (SYNIC_SINT_MASKED | SYNIC_SINT_POLLING))
		return (struct synic_assert){0};
	return (struct synic_assert){
		.vector = (u8)(value & SYNIC_SINT_VECTOR),
		.auto_eoi = value & SYNIC_SINT_AUTO_EOI,
	};
}

void synic_reset(struct synic *synic)
{
	for (u32 sint = 0; sint < SYNIC_SINTS; sint++) {
		for (struct synic_message *m = synic->head[sint]; m; m = m->next)
			m->queued = false;
	}
	memset(synic, 0, sizeof(*synic));
	for (u32 sint = 0; sint < SYNIC_SINTS; sint++)
		synic->sint[sint] = SYNIC_SINT_MASKED;
}

bool synic_accepts(const struct synic *synic, u32 sint)
{
	return (synic->control & SYNIC_ENABLE) && sint_open(synic, sint);
}

bool synic_can_receive(const struct synic *synic, u32 sint)
{
	return synic->message_page && synic_accepts(synic, sint);
}

bool synic_waiting(const struct synic *synic)
{
	if (!(synic->control & SYNIC_ENABLE) || !(synic->simp & SYNIC_ENABLE))
		return false;
	for (u32 sint = 0; sint < SYNIC_SINTS; sint++)
		if (synic->head[sint] && sint_open(synic, sint))
			return true;
	return false;
}

static void enqueue(struct synic *synic, struct synic_message *message)
{
	u32 sint = message->sint;

	message->next = NULL;
	message->queued = true;
	if (synic->head[sint])
		synic->tail[sint]->next = message;
	else
		synic->head[sint] = message;
	synic->tail[sint] = message;
}

static void dequeue(struct synic *synic, u32 sint)
{
	struct synic_message *message = synic->head[sint];

	synic->head[sint] = message->next;
	if (!message->next)
		synic->tail[sint] = NULL;
	message->next = NULL;
	message->queued = false;
}

/*
 * True if the slot may be written. Otherwise the guest has been asked for an EOM, and any
 * later emptying of the slot is followed by one.
 */
static bool claim_slot(struct hv_message *slot)
{
	if (atomic_load(&slot->header.message_type) == HVMSG_NONE)
		return true;
	atomic_or(&slot->header.flags, (u8)HV_MESSAGE_FLAG_PENDING);
	memory_fence(); /* partner: the guest's fence between emptying and reading msg_pending */
	return atomic_load(&slot->header.message_type) == HVMSG_NONE;
}

/* Everything but the type, which is stored last and makes the message the guest's. */
static void fill_slot(struct hv_message *slot, u64 sender, const void *payload, u8 size, bool more)
{
	slot->header.payload_size = size;
	slot->header.flags = more ? HV_MESSAGE_FLAG_PENDING : 0;
	slot->header.reserved = 0;
	slot->header.sender = sender;
	memcpy(slot->payload, payload, size);
}

/* Partner: the guest reads the type first. */
static void hand_over(struct hv_message *slot, u32 type)
{
	atomic_store(&slot->header.message_type, type);
}

struct synic_assert synic_scan(struct synic *synic, u32 sint)
{
	struct synic_message *message = synic->head[sint];

	if (!message || !synic_can_receive(synic, sint))
		return (struct synic_assert){0};
	if (!claim_slot(message_slot(synic, sint)))
		return (struct synic_assert){0};
	fill_slot(message_slot(synic, sint), message->sender, message->payload,
		MIN(message->payload_size, (u8)SYNIC_QUEUE_PAYLOAD), message->next);
	hand_over(message_slot(synic, sint), message->type);
	dequeue(synic, sint);
	return sint_interrupt(synic, sint);
}

struct synic_assert synic_post(struct synic *synic, struct synic_message *message)
{
	enqueue(synic, message);
	return synic_scan(synic, message->sint);
}

bool synic_put(struct synic *synic, u32 sint, const struct hv_message *message,
	struct synic_assert *request)
{
	struct hv_message *slot = message_slot(synic, sint);

	if (!claim_slot(slot) || synic->head[sint])
		return false;
	fill_slot(slot, message->header.sender, message->payload, message->header.payload_size,
		false);
	hand_over(slot, message->header.message_type);
	*request = sint_interrupt(synic, sint);
	return true;
}

bool synic_set_flag(struct synic *synic, u32 sint, u32 flag, struct synic_assert *request)
{
	struct hv_event_flags_page *page = synic->event_page;

	if (atomic_or(&page->sint[sint].flags[flag / 64], BIT(flag % 64)) & BIT(flag % 64))
		return false;
	*request = sint_interrupt(synic, sint);
	return true;
}

static bool is_ring_signal(const struct synic *synic, const struct synic_message *message)
{
	return message >= synic->ring_signal && message < synic->ring_signal + SYNIC_SINTS;
}

/* Rebuilds one queue without the messages of `sender`. */
static void purge_queue(struct synic *synic, u32 sint, u64 sender)
{
	struct synic_message *message = synic->head[sint];

	synic->head[sint] = NULL;
	synic->tail[sint] = NULL;
	while (message) {
		struct synic_message *next = message->next;

		if (message->sender == sender && !is_ring_signal(synic, message)) {
			message->next = NULL;
			message->queued = false;
		} else {
			enqueue(synic, message);
		}
		message = next;
	}
}

void synic_purge(struct synic *synic, u64 sender)
{
	for (u32 sint = 0; sint < SYNIC_SINTS; sint++) {
		if (synic->head[sint])
			purge_queue(synic, sint, sender);
	}
}

void synic_take_back(struct synic *synic, struct synic_message *message)
{
	struct synic_message **link = &synic->head[message->sint];
	struct synic_message *last = NULL;

	for (; *link && *link != message; link = &last->next)
		last = *link;
	if (!*link)
		return;
	*link = message->next;
	if (synic->tail[message->sint] == message)
		synic->tail[message->sint] = last;
	message->next = NULL;
	message->queued = false;
}

/* An as_intercept SINT speaks by a message in the intercept SINT instead of its own vector. */
static struct synic_assert post_sint_intercept(struct synic *synic, u32 sint, u64 sender)
{
	struct synic_message *message = &synic->ring_signal[sint];
	struct hv_sint_intercept_message payload = {.sint_index = sint};

	if (message->queued)
		return (struct synic_assert){0};
	message->sint = HV_SYNIC_SINT_INTERCEPT;
	message->type = HVMSG_SYNIC_SINT_INTERCEPT;
	message->sender = sender;
	message->payload_size = sizeof(payload);
	memcpy(message->payload, &payload, sizeof(payload));
	return synic_post(synic, message);
}

static struct synic_assert signal_ring(struct synic *synic, u32 sint, u64 sender)
{
	memory_fence(); /* partner: the guest's fence between unmasking and its last look */
	if (atomic_load(&event_ring(synic, sint)->signal_masked) || !sint_open(synic, sint))
		return (struct synic_assert){0};
	if (synic->sint[sint] & SYNIC_SINT_AS_INTERCEPT)
		return post_sint_intercept(synic, sint, sender);
	return sint_interrupt(synic, sint);
}

static bool ring_put(struct synic *synic, u32 sint, u32 port_id)
{
	u32 *head = &synic->ring_head[sint];
	u32 *entry = &event_ring(synic, sint)->data[*head];

	if (atomic_load(entry) != 0)
		return false;
	atomic_store(entry, port_id);
	*head = (*head + 1) % HV_SYNIC_EVENT_RING_ENTRIES;
	return true;
}

/* The guest zeroes an entry before it acts on it, so an entry still seen covers a new signal. */
static bool ring_contains(const struct hv_synic_event_ring *ring, u32 port_id)
{
	for (u32 i = 0; i < HV_SYNIC_EVENT_RING_ENTRIES; i++) {
		if (atomic_load(&ring->data[i]) == port_id)
			return true;
	}
	return false;
}

/*
 * ring_full only tells the guest to report an empty ring; entries that it frees meanwhile are
 * used at once, because a guest that misses the flag would otherwise leave the ring shut.
 */
struct synic_assert synic_ring_signal(struct synic *synic, u32 sint, u32 port_id, u64 sender)
{
	struct synic_assert result;
	bool kept;

	if (!(synic->control & SYNIC_ENABLE) || !synic->ring_page)
		return (struct synic_assert){.dropped = true};
	kept = ring_put(synic, sint, port_id);
	if (!kept) {
		atomic_store(&event_ring(synic, sint)->ring_full, (u8)1);
		kept = ring_contains(event_ring(synic, sint), port_id);
	}
	result = signal_ring(synic, sint, sender);
	result.dropped = !kept;
	return result;
}

/* The newest entry may have come after the guest's last look: then it needs another signal. */
struct synic_assert synic_ring_empty(struct synic *synic, u32 sint)
{
	u32 newest = (synic->ring_head[sint] + HV_SYNIC_EVENT_RING_ENTRIES - 1) %
		     HV_SYNIC_EVENT_RING_ENTRIES;
	struct hv_synic_event_ring *ring;

	if (!(synic->control & SYNIC_ENABLE) || !synic->ring_page)
		return (struct synic_assert){0};
	ring = event_ring(synic, sint);
	atomic_store(&ring->ring_full, (u8)0);
	if (atomic_load(&ring->data[newest]) == 0)
		return (struct synic_assert){0};
	return signal_ring(synic, sint, synic->ring_signal[sint].sender);
}

/* A masked SINT counts: its last interrupt may not have been delivered yet. */
static void find_auto_eoi(struct synic *synic)
{
	memset(synic->auto_eoi, 0, sizeof(synic->auto_eoi));
	for (u32 i = 0; i < SYNIC_SINTS; i++) {
		u32 vector = synic->sint[i] & SYNIC_SINT_VECTOR;

		if (synic->sint[i] & SYNIC_SINT_AUTO_EOI)
			synic->auto_eoi[vector / 32] |= 1u << vector % 32;
	}
}

bool synic_write_sint(struct synic *synic, u32 sint, u64 value)
{
	if (!(value & SYNIC_SINT_MASKED) && (value & SYNIC_SINT_VECTOR) < 16)
		return false;
	synic->sint[sint] = value;
	find_auto_eoi(synic);
	return true;
}
