/* SPDX-License-Identifier: BSD-2-Clause */
/* An event log on pages of a test's own, and what hypercalls and LPs do with it. */
#ifndef TESTS_HOST_EVENTLOG_STAGE_H
#define TESTS_HOST_EVENTLOG_STAGE_H

#include "core/eventlog/eventlog.h"
#include "tests/host/test.h"

#define LP_COUNT     4
#define BUFFERS	     6
#define PAGES	     2
#define ALL_PAGES    (EVENTLOG_ROW_PAGES + BUFFERS * (PAGES + 1))
#define ENTRY_SIZE   56
#define BUFFER_SIZE  (PAGES * 4096)
#define FIRST_OFFSET 88
#define PER_BUFFER   ((BUFFER_SIZE - FIRST_OFFSET) / ENTRY_SIZE)
#define NONE	     HV_EVENTLOG_BUFFER_INDEX_NONE
#define SOURCE	     BIT(5)
#define ANY	     ~0u

extern struct eventlog event_log;

/* A zeroed page of the test's. */
void *stage_page(void);
struct eventlog_buffer *stage_row(u32 index);
struct hv_eventlog_buffer_header *stage_header(u32 index);

/* LPs 0 and 1 are in one node, 2 and 3 in another. */
void stage_init(enum hv_eventlog_type type);
enum hv_status stage_start(u32 threshold);
/* A group of the local class, sources on, `count` buffers free in the node `home`. */
void stage_begin(u32 threshold, u32 count, u32 home);

/* What hypercalls do with a buffer. */
enum hv_status stage_create(u32 index, u32 home);
enum hv_status stage_map(u32 index);
enum hv_status stage_unmap(u32 index);
enum hv_status stage_delete(u32 index);
enum hv_status stage_release(u32 index);
enum hv_status stage_flush(u32 index);

/* Records one entry that names itself by `number`. False: the source is off. */
bool stage_record(u32 queue, u64 number);
void stage_fill(u32 queue, u32 buffers);
/* The list that the root would be told of, or NONE. */
u32 stage_take(u32 queue);
void stage_read_entry(u32 index, u32 number, struct hv_eventlog_trace_entry *entry);

#endif
