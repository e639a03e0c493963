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
 * A guest may drain a masked SINT with EOM (TLFS "EOM Register"). Of the root, whose kernel looks
 * at no slot of a processor that it has taken offline, messages stay queued while it is masked.
 */
#include "core/interrupt/synic.h"

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
	bool drains_masked = synic->drains_masked;

	for (u32 sint = 0; sint < SYNIC_SINTS; sint++) {
		for (struct synic_message *m = synic->head[sint]; m; m = m->next)
			m->queued = false;
	}
	memset(synic, 0, sizeof(*synic));
	synic->drains_masked = drains_masked;
	for (u32 sint = 0; sint < SYNIC_SINTS; sint++)
		synic->sint[sint] = SYNIC_SINT_MASKED;
}

bool synic_can_receive(const struct synic *synic, u32 sint)
{
	return (synic->control & SYNIC_ENABLE) && synic->message_page && sint_open(synic, sint);
}

bool synic_accepts(const struct synic *synic)
{
	return (synic->control & SYNIC_ENABLE) && synic->message_page;
}

static void note_queue(struct synic *synic, u32 sint)
{
	u16 others = synic->waiting & (u16)~BIT(sint);

	atomic_store(&synic->waiting, synic->head[sint] ? (u16)(others | BIT(sint)) : others);
}

/* The last touch: a buffer's owner may use it again at once, without our lock. */
static void let_go(struct synic_message *message)
{
	message->next = NULL;
	atomic_store(&message->queued, false);
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
	note_queue(synic, sint);
}

static void dequeue(struct synic *synic, u32 sint)
{
	struct synic_message *message = synic->head[sint];

	synic->head[sint] = message->next;
	if (!message->next)
		synic->tail[sint] = NULL;
	note_queue(synic, sint);
	let_go(message);
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

static void fill_slot(struct hv_message *slot, const struct synic_message *message)
{
	u8 room = message->in_buffer ? HV_MESSAGE_PAYLOAD_SIZE : SYNIC_QUEUE_PAYLOAD;
	u8 size = MIN(message->payload_size, room);

	slot->header.payload_size = size;
	slot->header.flags = message->next ? HV_MESSAGE_FLAG_PENDING : 0;
	slot->header.reserved = 0;
	slot->header.sender = message->sender;
	/* Of a buffer this is more than the node's own array. */
	memcpy(slot->payload, (const u8 *)message + offsetof(struct synic_message, payload), size);
	/* Partner: the guest reads the type first. */
	atomic_store(&slot->header.message_type, message->type);
}

struct synic_assert synic_scan(struct synic *synic, u32 sint)
{
	struct synic_message *message = synic->head[sint];

	if (!message || !synic_accepts(synic))
		return (struct synic_assert){0};
	if (!synic->drains_masked && !sint_open(synic, sint))
		return (struct synic_assert){0};
	if (!claim_slot(message_slot(synic, sint)))
		return (struct synic_assert){0};
	fill_slot(message_slot(synic, sint), message);
	dequeue(synic, sint);
	return sint_interrupt(synic, sint);
}

struct synic_assert synic_post(struct synic *synic, struct synic_message *message)
{
	enqueue(synic, message);
	return synic_scan(synic, message->sint);
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

		/* The senders of guests' messages, whose types are small, are ports. */
		if (message->sender == sender && message->type >= HVMSG_UNMAPPED_GPA &&
			!is_ring_signal(synic, message)) {
			let_go(message);
		} else {
			enqueue(synic, message);
		}
		message = next;
	}
	note_queue(synic, sint);
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
	note_queue(synic, message->sint);
	let_go(message);
}

struct synic_message *synic_fill_buffer(
	struct synic_buffer *buffers, u8 sint, const struct hv_message *message)
{
	struct synic_message *free = NULL;

	for (u32 i = 0; i < SYNIC_BUFFERS && !free; i++)
		if (!atomic_load(&buffers[i].message.queued))
			free = &buffers[i].message;
	if (!free)
		return NULL;
	free->in_buffer = true;
	free->sint = sint;
	free->type = message->header.message_type;
	free->sender = message->header.sender;
	free->payload_size = message->header.payload_size;
	memcpy((u8 *)free + offsetof(struct synic_message, payload), message->payload,
		MIN(free->payload_size, (u8)HV_MESSAGE_PAYLOAD_SIZE));
	return free;
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

bool synic_write_sint(struct synic *synic, u32 sint, u64 value)
{
	if (!(value & SYNIC_SINT_MASKED) && (value & SYNIC_SINT_VECTOR) < 16)
		return false;
	synic->sint[sint] = value;
	synic->auto_eoi &= (u16)~BIT(sint);
	if ((value & SYNIC_SINT_AUTO_EOI) && !(value & SYNIC_SINT_MASKED))
		synic->auto_eoi |= (u16)BIT(sint);
	return true;
}

bool synic_ends_itself(const struct synic *synic, u8 vector)
{
	for (u32 sint = 0; sint < SYNIC_SINTS; sint++)
		if ((synic->auto_eoi & BIT(sint)) &&
			(synic->sint[sint] & SYNIC_SINT_VECTOR) == vector)
			return true;
	return false;
}

struct synic_assert synic_signal_event(struct synic *synic, u32 sint, u32 flag)
{
	struct hv_event_flags_page *page = synic->event_page;
	struct synic_assert result;

	if (!(synic->control & SYNIC_ENABLE) || !page || !sint_open(synic, sint))
		return (struct synic_assert){.dropped = true};
	if (atomic_or(&page->sint[sint].flags[flag / 64], BIT(flag % 64)) & BIT(flag % 64))
		return (struct synic_assert){0};
	result = sint_interrupt(synic, sint);
	result.news = true;
	return result;
}
