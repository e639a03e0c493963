/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Event logs (TLFS 2.0a chapter 19). States and lists are core/eventlog/'s; here are memory, which
 * comes from the root's pool, and what the root sees of it.
 */
#include "core/hypercall/hypercall.h"
#include "core/log.h"
#include "core/lp.h"
#include "core/lp_eventlog.h"
#include "core/memory/share.h"

/* NULL: there is no such type, which all calls answer with INVALID_PARAMETER. */
static struct eventlog *find(u32 type)
{
	return type < HV_EVENTLOG_TYPES ? &eventlogs[type] : NULL;
}

/* ---- Memory ---- */

static void *take_page(void)
{
	void *page;

	spin_lock(&root_partition.lock);
	page = pool_allocate(&root_partition.pool);
	spin_unlock(&root_partition.lock);
	return page;
}

static void give_pages(void *const *pages, u32 count)
{
	for (u32 i = 0; i < count; i++) {
		if (!pages[i])
			continue;
		spin_lock(&root_partition.lock);
		pool_free(&root_partition.pool, pages[i]);
		spin_unlock(&root_partition.lock);
	}
}

/* A buffer's list of pages is a page, too. */
static void give_list(void *list)
{
	give_pages(&list, 1);
}

/* All or none. */
static bool take_pages(void **pages, u32 count)
{
	for (u32 i = 0; i < count; i++) {
		pages[i] = take_page();
		if (!pages[i]) {
			give_pages(pages, i);
			return false;
		}
	}
	return true;
}

/* ---- The group ---- */

enum hv_status call_InitializeEventLogBufferGroup(struct call *call)
{
	const struct hv_input_initialize_event_log_buffer_group *in = call->input;
	const struct eventlog_geometry geometry = {
		in->maximum_buffer_count, in->buffer_pages, in->threshold, in->time_basis};
	struct eventlog *log = find(in->type);
	void *rows[EVENTLOG_ROW_PAGES];
	enum hv_status status;
	u32 count;

	status = log ? eventlog_check(&geometry) : HV_STATUS_INVALID_PARAMETER;
	if (status != HV_STATUS_SUCCESS)
		return status;
	/* Asked once more when the pages are there: two may begin at once. */
	if (atomic_load(&log->initialized))
		return HV_STATUS_OBJECT_IN_USE;
	count = eventlog_row_pages(&geometry);
	if (!take_pages(rows, count))
		return HV_STATUS_INSUFFICIENT_MEMORY;
	status = eventlog_start(log, &geometry, rows);
	if (status != HV_STATUS_SUCCESS)
		give_pages(rows, count);
	return status;
}

enum hv_status call_FinalizeEventLogBufferGroup(struct call *call)
{
	const struct hv_input_event_log_group *in = call->input;
	struct eventlog *log = find(in->type);
	void *rows[EVENTLOG_ROW_PAGES];
	enum hv_status status;
	u64 lost;

	if (!log)
		return HV_STATUS_INVALID_PARAMETER;
	status = eventlog_stop(log, rows, &lost);
	if (status != HV_STATUS_SUCCESS)
		return status;
	give_pages(rows, EVENTLOG_ROW_PAGES);
	if (lost)
		log_warning("event log %u: %lu lost events that no buffer tells", in->type, lost);
	return HV_STATUS_SUCCESS;
}

enum hv_status call_SetEventLogGroupSources(struct call *call)
{
	const struct hv_input_set_event_log_group_sources *in = call->input;
	struct eventlog *log = find(in->group.type);
	enum hv_status status;

	if (!log)
		return HV_STATUS_INVALID_PARAMETER;
	status = eventlog_set_sources(log, in->enable_flags);
	if (status == HV_STATUS_SUCCESS && log->local)
		lp_eventlog_changed();
	return status;
}

/* ---- Buffers ---- */

/*
 * The first LP of the domain, which the node goes by. Buffers of one LP must be somewhere; a
 * global log's may be anywhere and need not say (TLFS 19.3.3).
 */
static enum hv_status find_home(
	const struct eventlog *log, const struct hv_proximity_domain_info *place, u32 *home)
{
	u32 lp;

	*home = 0;
	if (!(place->flags & HV_PROXIMITY_INFO_VALID))
		return log->local ? HV_STATUS_INVALID_PARAMETER : HV_STATUS_SUCCESS;
	lp = lp_of_domain(place->domain_id);
	if (lp == machine.lp_count)
		return HV_STATUS_INVALID_PARAMETER;
	*home = log->local ? lp : 0;
	return HV_STATUS_SUCCESS;
}

enum hv_status call_CreateEventLogBuffer(struct call *call)
{
	const struct hv_input_create_event_log_buffer *in = call->input;
	struct eventlog *log = find(in->buffer.type);
	u32 index = in->buffer.buffer_index;
	enum hv_status status;
	void **pages;
	u32 home, count;

	if (!log)
		return HV_STATUS_INVALID_PARAMETER;
	status = find_home(log, &in->proximity_info, &home);
	if (status == HV_STATUS_SUCCESS)
		status = eventlog_create(log, index, home, &count);
	if (status != HV_STATUS_SUCCESS)
		return status;
	pages = take_page();
	if (pages && take_pages(pages, count)) {
		eventlog_settle(log, index, pages, HV_EVENTLOG_BUFFER_STANDBY);
		return HV_STATUS_SUCCESS;
	}
	give_list(pages);
	eventlog_settle(log, index, NULL, EVENTLOG_ABSENT);
	return HV_STATUS_INSUFFICIENT_MEMORY;
}

/* A buffer that nobody else changes until it is settled. */
struct taken {
	struct eventlog *log;
	u32 index;
	void **pages;
	u32 count;
};

/* The buffer that the call names, if it is in one of the states `from`; else `refusal`. */
static enum hv_status take(
	const struct call *call, u32 from, enum hv_status refusal, struct taken *taken)
{
	const struct hv_input_event_log_buffer *in = call->input;

	taken->log = find(in->type);
	taken->index = in->buffer_index;
	if (!taken->log)
		return HV_STATUS_INVALID_PARAMETER;
	return eventlog_move(taken->log, taken->index, from, refusal, &taken->pages, &taken->count);
}

static void settle(const struct taken *taken, u32 state)
{
	eventlog_settle(taken->log, taken->index, taken->pages, state);
}

enum hv_status call_DeleteEventLogBuffer(struct call *call)
{
	struct taken taken;
	enum hv_status status =
		take(call, BIT(HV_EVENTLOG_BUFFER_STANDBY), HV_STATUS_OPERATION_DENIED, &taken);

	if (status != HV_STATUS_SUCCESS)
		return status;
	give_pages(taken.pages, taken.count);
	give_list(taken.pages);
	taken.pages = NULL;
	settle(&taken, EVENTLOG_ABSENT);
	return HV_STATUS_SUCCESS;
}

/*
 * The row declares one element of output, which is what a buffer has at least and what the entry
 * copies. The others go behind it here: how many there are is the group's.
 */
static void tell_pages(const struct call *call, void *const *pages, u32 count)
{
	struct partition *caller = call->vp->partition;
	u64 *first = call->output;
	u64 *memory = NULL;

	*first = machine_spa(pages[0]) >> PAGE_SHIFT;
	if (call->frame->output)
		memory = partition_memory(caller, call->frame->output, SLAT_READ | SLAT_WRITE);
	for (u32 i = 1; memory && i < count; i++)
		memory[i] = machine_spa(pages[i]) >> PAGE_SHIFT;
}

/* Besides the TLFS's: INVALID_ALIGNMENT if the output does not fit in the page it begins in. */
enum hv_status call_MapEventLogBuffer(struct call *call)
{
	struct taken taken;
	enum hv_status status =
		take(call, BIT(HV_EVENTLOG_BUFFER_STANDBY), HV_STATUS_OPERATION_DENIED, &taken);

	if (status != HV_STATUS_SUCCESS)
		return status;
	if ((call->frame->output & PAGE_MASK) + taken.count * sizeof(u64) > PAGE_SIZE) {
		settle(&taken, HV_EVENTLOG_BUFFER_STANDBY);
		return HV_STATUS_INVALID_ALIGNMENT;
	}
	for (u32 i = 0; i < taken.count && status == HV_STATUS_SUCCESS; i++)
		status = page_share(taken.pages[i], SLAT_READ);
	bug_on(status != HV_STATUS_SUCCESS);
	tell_pages(call, taken.pages, taken.count);
	settle(&taken, HV_EVENTLOG_BUFFER_FREE);
	return HV_STATUS_SUCCESS;
}

enum hv_status call_UnmapEventLogBuffer(struct call *call)
{
	struct taken taken;
	/* The TLFS has this status for it (19.3.6). */
	enum hv_status status =
		take(call, BIT(HV_EVENTLOG_BUFFER_FREE) | BIT(HV_EVENTLOG_BUFFER_READY),
			HV_STATUS_ACCESS_DENIED, &taken);

	if (status != HV_STATUS_SUCCESS)
		return status;
	pages_unshare(taken.pages, taken.count);
	settle(&taken, HV_EVENTLOG_BUFFER_STANDBY);
	return HV_STATUS_SUCCESS;
}

/* A change after which the root may have to be told of what is complete in the buffer's queue. */
static enum hv_status change(
	const struct call *call, enum hv_status (*by)(struct eventlog *log, u32 index, u32 *queue))
{
	const struct hv_input_event_log_buffer *in = call->input;
	struct eventlog *log = find(in->type);
	enum hv_status status;
	u32 queue;

	if (!log)
		return HV_STATUS_INVALID_PARAMETER;
	status = by(log, in->buffer_index, &queue);
	if (status == HV_STATUS_SUCCESS)
		lp_eventlog_notify(log, queue);
	return status;
}

enum hv_status call_ReleaseEventLogBuffer(struct call *call)
{
	/* Others may have waited for the message that told of this one. */
	return change(call, eventlog_release);
}

enum hv_status call_FlushEventLogBuffer(struct call *call)
{
	return change(call, eventlog_flush);
}
