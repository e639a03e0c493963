/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Event logs (TLFS 2.0a chapter 19, numbers of events: appendix I): what lies in a buffer. The
 * specification leaves the data of an entry open; ours is struct hv_eventlog_trace_entry, for all
 * types of events. docs/event-log.md says how to read it.
 */
#ifndef ABI_HV_EVENTLOG_H
#define ABI_HV_EVENTLOG_H

#include "abi/hv_types.h"

enum hv_eventlog_type {
	HV_EVENTLOG_TYPE_GLOBAL_SYSTEM_EVENTS = 0, /* buffers of the global class */
	HV_EVENTLOG_TYPE_LOCAL_DIAGNOSTICS = 1,	   /* of the local class: each LP has its own */
	HV_EVENTLOG_TYPES
};

/* Event sources of the system events (TLFS 19.2.2). */
#define HV_EVENTLOG_ENABLE_SYSTEM_SUCCESS BIT(0)
#define HV_EVENTLOG_ENABLE_SYSTEM_FAILURE BIT(1)

/* Event sources of the diagnostics: the groups of appendix I that have events here. */
#define HV_EVENTLOG_GROUP_HYPERCALL	      BIT(10)
#define HV_EVENTLOG_GROUP_INTERCEPT	      BIT(11)
#define HV_EVENTLOG_GROUP_OBJECT	      BIT(13)
#define HV_EVENTLOG_GROUP_VP		      BIT(15)
#define HV_EVENTLOG_GROUP_SYNTHETIC_INTERRUPT BIT(16)
#define HV_EVENTLOG_GROUP_SCHEDULER	      BIT(26)

/* Types of entries. From 0x1000 on they are ours. */
enum hv_eventlog_event {
	HV_TR_HC_HYPERCALL = 0x1a,
	HV_TR_IM_GUEST_EXCEPTION = 0x20,
	HV_TR_IM_MSR_READ = 0x21,
	HV_TR_IM_MSR_WRITE = 0x22,
	HV_TR_IM_CR_READ = 0x23,
	HV_TR_IM_CR_WRITE = 0x24,
	HV_TR_IM_HLT_INSTRUCTION = 0x25,
	HV_TR_IM_MWAIT_INSTRUCTION = 0x26,
	HV_TR_IM_CPUID_INSTRUCTION = 0x27,
	HV_TR_IM_IO_PORT_READ = 0x28,
	HV_TR_IM_IO_PORT_WRITE = 0x29,
	HV_TR_IM_EXTERNAL_INTERRUPT = 0x2a,
	HV_TR_IM_INTERRUPT_PENDING = 0x2b,
	HV_TR_IM_GUEST_SHUTDOWN = 0x2c,
	HV_TR_IM_NMI_INTERRUPT = 0x2e,
	HV_TR_IM_INVLPG_INSTRUCTION = 0x2f,
	HV_TR_IM_IRET_INSTRUCTION = 0x30,
	HV_TR_IM_INVD_INSTRUCTION = 0x32,
	HV_TR_IM_DR_ACCESS = 0x33,
	HV_TR_IM_MEMORY_INTERCEPT = 0x36,
	HV_TR_OB_CREATE_PARTITION = 0x40,
	HV_TR_OB_DELETE_PARTITION = 0x41,
	HV_TR_VP_CREATE_VP = 0x4b,
	HV_TR_VP_DELETE_VP = 0x4c,
	HV_TR_SCH_CONTEXT_SWITCH = 0xb0,
	HV_TR_IM_RDPMC_INSTRUCTION = 0x1000,
	HV_TR_IM_XSETBV_INSTRUCTION = 0x1001,
	HV_TR_IM_VIRTUALIZATION_INSTRUCTION = 0x1002,
	HV_TR_IM_INVALID_STATE = 0x1003,
	HV_TR_IM_OTHER = 0x1004,
	HV_TR_SI_VIRTUAL_INTERRUPT = 0x1010,
};

/* State of a buffer (TLFS 19.2.3). */
enum hv_eventlog_buffer_state {
	HV_EVENTLOG_BUFFER_STANDBY = 0,
	HV_EVENTLOG_BUFFER_FREE = 1,
	HV_EVENTLOG_BUFFER_IN_USE = 2,
	HV_EVENTLOG_BUFFER_COMPLETE = 3,
	HV_EVENTLOG_BUFFER_READY = 4,
};

#define HV_EVENTLOG_BUFFER_INDEX_NONE 0xffffffffu
#define HV_EVENTLOG_MAX_BUFFERS	      512
#define HV_EVENTLOG_MAX_PAGES	      512 /* of a buffer */

/* Where each buffer begins (TLFS 19.2.5). Entries follow at once. */
struct hv_eventlog_buffer_header {
	u32 buffer_size; /* bytes */
	u32 buffer_index;
	u32 events_lost;       /* for want of a buffer, since the one before was complete */
	u32 reference_counter; /* number of the first event; lost ones have a number, too */
	u64 time_stamp;	       /* reference time when it came into use, 100 ns */
	u64 reserved1;
	u64 reserved2;
	u32 logical_processor;	/* of local buffers */
	u32 buffer_state;	/* enum hv_eventlog_buffer_state */
	u64 next_buffer_offset; /* all entries before it are whole */
	u32 type;		/* enum hv_eventlog_type */
	u32 next_buffer_index;	/* of a ready one: the next of the list that a message told */
	u64 reserved3;
	u64 reserved4[2];
};
HV_ASSERT_SIZE(struct hv_eventlog_buffer_header, 88);
HV_ASSERT_OFFSET(struct hv_eventlog_buffer_header, next_buffer_offset, 48);

enum hv_eventlog_time_basis {
	HV_EVENTLOG_ENTRY_TIME_REFERENCE = 0, /* 100 ns */
	HV_EVENTLOG_ENTRY_TIME_TSC = 1,
};

/* TLFS 19.2.6. */
struct hv_eventlog_entry_header {
	u32 context; /* here: the VP's index */
	u16 size;    /* bytes, with this header; a multiple of 8 */
	u16 type;    /* enum hv_eventlog_event */
	u64 time_stamp;
};
HV_ASSERT_SIZE(struct hv_eventlog_entry_header, 16);

/* A result that there is not: the hypercall goes on later, or ended in an exception. */
#define HV_EVENTLOG_NO_RESULT (~0ull)

/* Every entry of ours. What the parameters are depends on the type. */
struct hv_eventlog_trace_entry {
	struct hv_eventlog_entry_header header;
	u64 partition_id;
	u64 rip; /* of the VP at the intercept; 0 if the event is none */
	u64 parameters[2];
	u64 ticks; /* of the TSC, from the intercept until its handler was done; 0 for others */
};
HV_ASSERT_SIZE(struct hv_eventlog_trace_entry, 56);

#endif
