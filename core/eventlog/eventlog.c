/* SPDX-License-Identifier: BSD-2-Clause */
#include "core/eventlog/eventlog.h"

#include "core/lib/string.h"

#define NONE	    HV_EVENTLOG_BUFFER_INDEX_NONE
#define HEADER_SIZE ((u32)sizeof(struct hv_eventlog_buffer_header))

static struct eventlog_buffer *row(const struct eventlog *log, u32 index)
{
	return &log->rows[index / EVENTLOG_ROWS][index % EVENTLOG_ROWS];
}

static struct hv_eventlog_buffer_header *header_of(const struct eventlog_buffer *buffer)
{
	return buffer->pages[0];
}

/* Those of others that look at the state take it from a store that comes after what it means. */
static void set_state(struct eventlog_buffer *buffer, u32 state)
{
	atomic_store(&header_of(buffer)->buffer_state, state);
	atomic_store(&buffer->state, state);
}

static void reset_queue(struct eventlog_queue *queue)
{
	queue->in_use = NONE;
	queue->first = NONE;
	queue->last = NONE;
	queue->count = 0;
	queue->lost = 0;
	queue->sequence = 0;
	queue->flush = false;
}

void eventlog_init(
	struct eventlog *log, enum hv_eventlog_type type, u64 known, u32 queues, const u32 *homes)
{
	memset(log, 0, sizeof(*log));
	log->type = type;
	log->known = known;
	log->local = type == HV_EVENTLOG_TYPE_LOCAL_DIAGNOSTICS;
	log->queue_count = log->local ? queues : 1;
	for (u32 i = 0; i < log->queue_count; i++) {
		reset_queue(&log->queues[i]);
		log->queues[i].home = log->local ? homes[i] : 0;
	}
}

/* ---- The group ---- */

enum hv_status eventlog_check(const struct eventlog_geometry *geometry)
{
	if (!geometry->buffers || geometry->buffers > HV_EVENTLOG_MAX_BUFFERS)
		return HV_STATUS_INVALID_PARAMETER;
	if (!geometry->pages || geometry->pages > HV_EVENTLOG_MAX_PAGES)
		return HV_STATUS_INVALID_PARAMETER;
	if (!geometry->threshold || geometry->threshold > geometry->buffers)
		return HV_STATUS_INVALID_PARAMETER;
	return geometry->time_basis > HV_EVENTLOG_ENTRY_TIME_TSC ? HV_STATUS_INVALID_PARAMETER
								 : HV_STATUS_SUCCESS;
}

u32 eventlog_row_pages(const struct eventlog_geometry *geometry)
{
	return (geometry->buffers + EVENTLOG_ROWS - 1) / EVENTLOG_ROWS;
}

enum hv_status eventlog_start(
	struct eventlog *log, const struct eventlog_geometry *geometry, void *const *rows)
{
	enum hv_status status = HV_STATUS_OBJECT_IN_USE;

	spin_lock(&log->lock);
	if (!log->initialized) {
		log->initialized = true;
		log->geometry = *geometry;
		log->existing = 0;
		for (u32 i = 0; i < eventlog_row_pages(geometry); i++)
			log->rows[i] = rows[i];
		for (u32 i = 0; i < geometry->buffers; i++)
			row(log, i)->state = EVENTLOG_ABSENT;
		for (u32 i = 0; i < log->queue_count; i++) {
			reset_queue(&log->queues[i]);
			log->free[i] = NONE;
		}
		status = HV_STATUS_SUCCESS;
	}
	spin_unlock(&log->lock);
	return status;
}

/* Who looked at the sources before is done when its lock can be had. */
static void wait_for_writers(struct eventlog *log)
{
	for (u32 i = 0; i < log->queue_count; i++) {
		spin_lock(&log->queues[i].lock);
		spin_unlock(&log->queues[i].lock);
	}
}

enum hv_status eventlog_stop(struct eventlog *log, void *rows[EVENTLOG_ROW_PAGES], u64 *lost)
{
	enum hv_status status = HV_STATUS_OPERATION_DENIED;

	wait_for_writers(log);
	spin_lock(&log->lock);
	if (log->initialized && !log->existing && !log->sources) {
		log->initialized = false;
		for (u32 i = 0; i < EVENTLOG_ROW_PAGES; i++) {
			rows[i] = log->rows[i];
			log->rows[i] = NULL;
		}
		*lost = 0;
		for (u32 i = 0; i < log->queue_count; i++)
			*lost += log->queues[i].lost;
		status = HV_STATUS_SUCCESS;
	}
	spin_unlock(&log->lock);
	return status;
}

enum hv_status eventlog_set_sources(struct eventlog *log, u64 sources)
{
	bool initialized;

	if (sources & ~log->known)
		return HV_STATUS_INVALID_PARAMETER;
	spin_lock(&log->lock);
	initialized = log->initialized;
	if (initialized)
		atomic_store(&log->sources, sources);
	spin_unlock(&log->lock);
	if (initialized)
		wait_for_writers(log);
	return initialized ? HV_STATUS_SUCCESS : HV_STATUS_OPERATION_DENIED;
}

/* ---- Buffers ---- */

/* Under the log's lock. */
static enum hv_status find(const struct eventlog *log, u32 index, struct eventlog_buffer **found)
{
	if (!log->initialized)
		return HV_STATUS_OPERATION_DENIED;
	if (index >= log->geometry.buffers)
		return HV_STATUS_INVALID_PARAMETER;
	*found = row(log, index);
	return (*found)->state == EVENTLOG_ABSENT ? HV_STATUS_INVALID_PARAMETER : HV_STATUS_SUCCESS;
}

/* The same; `refusal` if it is in none of the states of `from`. */
static enum hv_status find_in(const struct eventlog *log, u32 index, u32 from,
	enum hv_status refusal, struct eventlog_buffer **found)
{
	enum hv_status status = find(log, index, found);

	if (status == HV_STATUS_SUCCESS && !(BIT(atomic_load(&(*found)->state)) & from))
		return refusal;
	return status;
}

enum hv_status eventlog_create(struct eventlog *log, u32 index, u32 home, u32 *pages)
{
	enum hv_status status = HV_STATUS_SUCCESS;
	struct eventlog_buffer *buffer;

	spin_lock(&log->lock);
	if (!log->initialized) {
		status = HV_STATUS_OPERATION_DENIED;
	} else if (index >= log->geometry.buffers || find(log, index, &buffer) == status) {
		status = HV_STATUS_INVALID_PARAMETER;
	} else {
		buffer = row(log, index);
		buffer->state = EVENTLOG_MOVING;
		buffer->home = home;
		log->existing++;
		*pages = log->geometry.pages;
	}
	spin_unlock(&log->lock);
	return status;
}

/* Under the log's lock. */
static void put_free(struct eventlog *log, u32 index, struct eventlog_buffer *buffer)
{
	buffer->next = log->free[buffer->home];
	log->free[buffer->home] = index;
	set_state(buffer, HV_EVENTLOG_BUFFER_FREE);
}

static void drop_free(struct eventlog *log, u32 index, const struct eventlog_buffer *buffer)
{
	u32 *link = &log->free[buffer->home];

	while (*link != index)
		link = &row(log, *link)->next;
	*link = buffer->next;
}

enum hv_status eventlog_move(struct eventlog *log, u32 index, u32 from, enum hv_status refusal,
	void ***pages, u32 *count)
{
	struct eventlog_buffer *buffer;
	enum hv_status status;

	spin_lock(&log->lock);
	status = find_in(log, index, from, refusal, &buffer);
	if (status == HV_STATUS_SUCCESS) {
		if (buffer->state == HV_EVENTLOG_BUFFER_FREE)
			drop_free(log, index, buffer);
		atomic_store(&buffer->state, EVENTLOG_MOVING);
		*pages = buffer->pages;
		*count = log->geometry.pages;
	}
	spin_unlock(&log->lock);
	return status;
}

void eventlog_settle(struct eventlog *log, u32 index, void **pages, u32 state)
{
	struct eventlog_buffer *buffer = row(log, index);

	spin_lock(&log->lock);
	buffer->pages = pages;
	if (state == EVENTLOG_ABSENT) {
		log->existing--;
		atomic_store(&buffer->state, EVENTLOG_ABSENT);
	} else if (state == HV_EVENTLOG_BUFFER_FREE) {
		put_free(log, index, buffer);
	} else {
		set_state(buffer, state);
	}
	spin_unlock(&log->lock);
}

enum hv_status eventlog_release(struct eventlog *log, u32 index, u32 *queue)
{
	struct eventlog_buffer *buffer;
	enum hv_status status;

	spin_lock(&log->lock);
	status = find_in(
		log, index, BIT(HV_EVENTLOG_BUFFER_READY), HV_STATUS_OPERATION_DENIED, &buffer);
	if (status == HV_STATUS_SUCCESS) {
		*queue = buffer->queue;
		put_free(log, index, buffer);
	}
	spin_unlock(&log->lock);
	return status;
}

/* ---- Events ---- */

static void complete(struct eventlog *log, struct eventlog_queue *queue)
{
	u32 index = queue->in_use;
	struct eventlog_buffer *buffer = row(log, index);

	buffer->next = NONE;
	if (queue->count++)
		row(log, queue->last)->next = index;
	else
		queue->first = index;
	queue->last = index;
	queue->in_use = NONE;
	set_state(buffer, HV_EVENTLOG_BUFFER_COMPLETE);
}

/* Under the queue's lock. */
static bool is_complete(const struct eventlog *log, const struct eventlog_queue *queue, u32 index)
{
	u32 at = queue->first;

	while (at != NONE && at != index)
		at = row(log, at)->next;
	return at != NONE;
}

enum hv_status eventlog_flush(struct eventlog *log, u32 index, u32 *number)
{
	struct eventlog_buffer *buffer;
	struct eventlog_queue *queue;
	enum hv_status status;

	spin_lock(&log->lock);
	status = find(log, index, &buffer);
	*number = status == HV_STATUS_SUCCESS ? buffer->queue : 0;
	spin_unlock(&log->lock);
	if (status != HV_STATUS_SUCCESS)
		return status;
	/* It was that queue's a moment ago. Whether it still is, the queue knows. */
	queue = &log->queues[*number];
	spin_lock(&queue->lock);
	if (queue->in_use == index)
		complete(log, queue);
	else if (!is_complete(log, queue, index))
		status = HV_STATUS_OPERATION_DENIED;
	queue->flush |= status == HV_STATUS_SUCCESS;
	spin_unlock(&queue->lock);
	return status;
}

void eventlog_lock_queue(struct eventlog *log, u32 queue)
{
	spin_lock(&log->queues[queue].lock);
}

void eventlog_unlock(struct eventlog *log, u32 queue)
{
	spin_unlock(&log->queues[queue].lock);
}

bool eventlog_lock(struct eventlog *log, u32 queue, u64 sources)
{
	if (!(atomic_load(&log->sources) & sources))
		return false;
	eventlog_lock_queue(log, queue);
	/* Once more: eventlog_set_sources() waits for those that hold the lock. */
	if (atomic_load(&log->sources) & sources)
		return true;
	eventlog_unlock(log, queue);
	return false;
}

static void begin_buffer(struct eventlog *log, u32 number, u32 index, u64 reference)
{
	struct eventlog_queue *queue = &log->queues[number];
	struct eventlog_buffer *buffer = row(log, index);
	struct hv_eventlog_buffer_header *header = header_of(buffer);

	*header = (struct hv_eventlog_buffer_header){
		.buffer_size = log->geometry.pages * (u32)PAGE_SIZE,
		.buffer_index = index,
		.events_lost = queue->lost,
		.reference_counter = queue->sequence,
		.time_stamp = reference,
		.logical_processor = number,
		.buffer_state = HV_EVENTLOG_BUFFER_FREE,
		.next_buffer_offset = HEADER_SIZE,
		.type = log->type,
		.next_buffer_index = NONE,
	};
	queue->lost = 0;
	queue->in_use = index;
	queue->offset = HEADER_SIZE;
	buffer->queue = number;
	set_state(buffer, HV_EVENTLOG_BUFFER_IN_USE);
}

/* False: there is no free buffer. */
static bool take_free(struct eventlog *log, u32 number, u64 reference)
{
	u32 *head = &log->free[log->queues[number].home];
	u32 index;

	/* Without the lock, lest those that have none stand in a row for it. */
	if (atomic_load(head) == NONE)
		return false;
	spin_lock(&log->lock);
	index = *head;
	if (index != NONE) {
		*head = row(log, index)->next;
		begin_buffer(log, number, index, reference);
	}
	spin_unlock(&log->lock);
	return index != NONE;
}

/* Word by word: pages of a buffer lie anywhere, and no word crosses from one to another. */
static void copy(const struct eventlog_buffer *buffer, u32 offset,
	const struct hv_eventlog_entry_header *entry)
{
	const u64 *words = (const void *)entry;

	for (u32 at = offset; at < offset + entry->size; at += sizeof(*words)) {
		u64 *page = buffer->pages[at >> PAGE_SHIFT];

		page[(at & PAGE_MASK) / sizeof(*page)] = *words++;
	}
}

void eventlog_append(struct eventlog *log, u32 number, struct hv_eventlog_entry_header *entry,
	u64 tsc, u64 reference)
{
	struct eventlog_queue *queue = &log->queues[number];
	u32 size = log->geometry.pages * (u32)PAGE_SIZE;
	struct eventlog_buffer *buffer;

	if (queue->in_use != NONE && queue->offset + entry->size > size)
		complete(log, queue);
	if (queue->in_use == NONE && !take_free(log, number, reference)) {
		queue->sequence++;
		queue->lost += queue->lost != ~0u;
		/* The threshold may be more than there is: the root gets what there is. */
		queue->flush |= queue->count != 0;
		return;
	}
	queue->sequence++;
	buffer = row(log, queue->in_use);
	entry->time_stamp =
		log->geometry.time_basis == HV_EVENTLOG_ENTRY_TIME_TSC ? tsc : reference;
	copy(buffer, queue->offset, entry);
	queue->offset += entry->size;
	atomic_store(&header_of(buffer)->next_buffer_offset, (u64)queue->offset);
}

bool eventlog_due(const struct eventlog *log, u32 number)
{
	const struct eventlog_queue *queue = &log->queues[number];

	return queue->count && (queue->flush || queue->count >= log->geometry.threshold);
}

u32 eventlog_take(struct eventlog *log, u32 number)
{
	struct eventlog_queue *queue = &log->queues[number];
	u32 first = queue->first;

	for (u32 index = first; index != NONE;) {
		struct eventlog_buffer *buffer = row(log, index);
		u32 next = buffer->next;

		header_of(buffer)->next_buffer_index = next;
		/* From here on it is the root's, which may release it at once. */
		set_state(buffer, HV_EVENTLOG_BUFFER_READY);
		index = next;
	}
	queue->first = NONE;
	queue->last = NONE;
	queue->count = 0;
	queue->flush = false;
	return first;
}
