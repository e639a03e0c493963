/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The buffers of one event log and their states (TLFS 2.0a chapter 19). Pure: pages and time come
 * as arguments, and messages are the caller's.
 *
 * create        map          (an event)        full, flush            threshold, flush
 * ──────▶ STANDBY ──▶ FREE ───────────▶ IN_USE ───────────▶ COMPLETE ───────────────▶ READY
 *            ▲         │ ▲                                                            │ │
 *            └──unmap──┘ └───────────────────────────release──────────────────────────┘ │
 *            └───────────────────────────────unmap──────────────────────────────────────┘
 *
 * A log of the local class has a queue for each LP: the buffer in use there and those that are
 * complete; one of the global class has one. Free buffers belong to a node, which goes by the
 * number of its first queue. What maps, unmaps, creates or deletes a buffer takes time and must
 * wait for other LPs: meanwhile the buffer is MOVING, and everybody else is refused.
 *
 * Locks: a queue's lock, then the log's. The queue's protects what is in use and complete there;
 * the log's protects geometry, sources, free lists, and all other changes of state. An LP that
 * logs takes its own queue's, and the log's only when it needs another buffer.
 */
#ifndef CORE_EVENTLOG_EVENTLOG_H
#define CORE_EVENTLOG_EVENTLOG_H

#include "abi/hv_eventlog.h"
#include "abi/hv_status.h"
#include "core/lib/spinlock.h"

#define EVENTLOG_QUEUES 64

/* More states of a buffer, which its pages do not show. */
#define EVENTLOG_MOVING 5 /* a call is changing its pages */
#define EVENTLOG_ABSENT 6

struct eventlog_buffer {
	void **pages; /* a page of pointers */
	u32 state;    /* enum hv_eventlog_buffer_state, or as above */
	u32 next;     /* in the list it is in */
	u32 queue;    /* that used it last */
	u32 home;
};

/* Rows of the table of buffers are in pages that the caller provides. */
#define EVENTLOG_ROWS	   128
#define EVENTLOG_ROW_PAGES (HV_EVENTLOG_MAX_BUFFERS / EVENTLOG_ROWS)
_Static_assert(sizeof(struct eventlog_buffer) * EVENTLOG_ROWS <= PAGE_SIZE, "rows fit in a page");

struct eventlog_queue {
	struct spinlock lock;
	u32 in_use; /* index, or HV_EVENTLOG_BUFFER_INDEX_NONE */
	u32 offset; /* in it, where the next entry goes */
	u32 first;  /* complete ones, in their order */
	u32 last;
	u32 count;
	u32 lost;     /* events since the last buffer was complete */
	u32 sequence; /* number of the next event */
	u32 home;     /* whose free buffers it takes */
	bool flush;   /* what is complete goes to the root whatever the threshold */
};

/* What a group is made with. */
struct eventlog_geometry {
	u32 buffers;
	u32 pages; /* of each */
	u32 threshold;
	u32 time_basis; /* enum hv_eventlog_time_basis */
};

struct eventlog {
	struct spinlock lock;
	enum hv_eventlog_type type;
	bool local;
	bool initialized;
	u64 known;   /* sources that there are */
	u64 sources; /* those that are on */
	u32 queue_count;
	u32 existing; /* buffers */
	struct eventlog_geometry geometry;
	u32 free[EVENTLOG_QUEUES]; /* first free buffer of each node */
	struct eventlog_buffer *rows[EVENTLOG_ROW_PAGES];
	struct eventlog_queue queues[EVENTLOG_QUEUES];
};

/* At the start: a log without a group. `homes`: of each queue, the first of the same node. */
void eventlog_init(
	struct eventlog *log, enum hv_eventlog_type type, u64 known, u32 queues, const u32 *homes);

/* ---- The group ---- */

/* INVALID_PARAMETER: a number is out of range (TLFS 19.3.1). */
enum hv_status eventlog_check(const struct eventlog_geometry *geometry);
u32 eventlog_row_pages(const struct eventlog_geometry *geometry);
/* `rows`: eventlog_row_pages() zeroed pages, the log's from now on. OBJECT_IN_USE: there is one. */
enum hv_status eventlog_start(
	struct eventlog *log, const struct eventlog_geometry *geometry, void *const *rows);
/*
 * OPERATION_DENIED: there is none, it has buffers, or sources are on. Else `rows` gets the pages
 * back, NULL for those that there were not; `lost`, the events that no buffer has told.
 */
enum hv_status eventlog_stop(struct eventlog *log, void *rows[EVENTLOG_ROW_PAGES], u64 *lost);
/*
 * When it returns, nothing is recorded for a source that is off. INVALID_PARAMETER: there is no
 * such source; OPERATION_DENIED: no group.
 */
enum hv_status eventlog_set_sources(struct eventlog *log, u64 sources);

/* ---- Buffers ---- */

/*
 * A new buffer, MOVING, without pages. INVALID_PARAMETER: the index is taken or too large;
 * OPERATION_DENIED: no group. `pages`: how many it needs.
 */
enum hv_status eventlog_create(struct eventlog *log, u32 index, u32 home, u32 *pages);
/*
 * Makes a buffer MOVING that is in one of the states of `from`, a mask of BIT(state). `pages` and
 * `count` are what it is made of. INVALID_PARAMETER: no such buffer; OPERATION_DENIED: no group;
 * `refusal`: it is in another state.
 */
enum hv_status eventlog_move(struct eventlog *log, u32 index, u32 from, enum hv_status refusal,
	void ***pages, u32 *count);
/* Ends a move: the buffer is STANDBY (with these pages), FREE or ABSENT now. */
void eventlog_settle(struct eventlog *log, u32 index, void **pages, u32 state);
/* INVALID_PARAMETER: no such buffer; OPERATION_DENIED: no group, or it is not READY. */
enum hv_status eventlog_release(struct eventlog *log, u32 index, u32 *queue);
/* The same; OPERATION_DENIED also if it is neither IN_USE nor COMPLETE. Then see eventlog_due(). */
enum hv_status eventlog_flush(struct eventlog *log, u32 index, u32 *queue);

/* ---- Events ---- */

/* Takes the queue's lock if one of `sources` is on. */
bool eventlog_lock(struct eventlog *log, u32 queue, u64 sources);
/* The same, whatever is on. */
void eventlog_lock_queue(struct eventlog *log, u32 queue);
void eventlog_unlock(struct eventlog *log, u32 queue);

/*
 * Records the entry, or counts it as lost. Times: of the log's basis is `tsc` or `reference`,
 * 100 ns. Under the queue's lock, as are those below.
 */
void eventlog_append(struct eventlog *log, u32 queue, struct hv_eventlog_entry_header *entry,
	u64 tsc, u64 reference);
/* Are there complete buffers that the root is to be told of? */
bool eventlog_due(const struct eventlog *log, u32 queue);
/* Makes them READY, and returns the first. */
u32 eventlog_take(struct eventlog *log, u32 queue);

#endif
