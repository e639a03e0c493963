/* SPDX-License-Identifier: BSD-2-Clause */
/* SynIC message slots, event rings and the messages the hypervisor sends (TLFS "Inter-Partition
 * Communication" and "Intercepts"). Pending payloads are raw bytes: cast payload to its structure.
 */
#ifndef ABI_HV_MESSAGE_H
#define ABI_HV_MESSAGE_H

#include "abi/hv_types.h"

enum hv_message_type {
	HVMSG_NONE = 0x00000000,
	HVMSG_UNMAPPED_GPA = 0x80000000,
	HVMSG_GPA_INTERCEPT = 0x80000001,
	HVMSG_TIMER_EXPIRED = 0x80000010,
	HVMSG_INVALID_VP_REGISTER_VALUE = 0x80000020,
	HVMSG_UNRECOVERABLE_EXCEPTION = 0x80000021,
	HVMSG_UNSUPPORTED_FEATURE = 0x80000022,
	HVMSG_OPAQUE_INTERCEPT = 0x8000003F,
	HVMSG_EVENTLOG_BUFFERCOMPLETE = 0x80000040,
	HVMSG_HYPERCALL_INTERCEPT = 0x80000050,
	HVMSG_SYNIC_EVENT_INTERCEPT = 0x80000060,
	HVMSG_SYNIC_SINT_INTERCEPT = 0x80000061,
	HVMSG_SYNIC_SINT_DELIVERABLE = 0x80000062,
	HVMSG_ASYNC_CALL_COMPLETION = 0x80000070,
	HVMSG_SCHEDULER_VP_SIGNAL_BITSET = 0x80000100,
	HVMSG_SCHEDULER_VP_SIGNAL_PAIR = 0x80000101,
	HVMSG_X64_IO_PORT_INTERCEPT = 0x80010000,
	HVMSG_X64_MSR_INTERCEPT = 0x80010001,
	HVMSG_X64_CPUID_INTERCEPT = 0x80010002,
	HVMSG_X64_EXCEPTION_INTERCEPT = 0x80010003,
	HVMSG_X64_APIC_EOI = 0x80010004,
	HVMSG_X64_LEGACY_FP_ERROR = 0x80010005,
	HVMSG_X64_IOMMU_PRQ = 0x80010006,
	HVMSG_X64_HALT = 0x80010007,
	HVMSG_X64_INTERRUPTION_DELIVERABLE = 0x80010008,
	HVMSG_X64_SIPI_INTERCEPT = 0x80010009,
};

#define HV_MESSAGE_SIZE		256
#define HV_MESSAGE_PAYLOAD_SIZE 240

/* Message flags: another message waits for this slot, send EOM after emptying it. */
#define HV_MESSAGE_FLAG_PENDING 0x01

struct hv_message_header {
	u32 message_type;
	u8 payload_size;
	u8 flags;
	u16 reserved;
	u64 sender; /* partition id, or port id in bits 23:0 */
};
HV_ASSERT_SIZE(struct hv_message_header, 16);

struct hv_message {
	struct hv_message_header header;
	u8 payload[HV_MESSAGE_PAYLOAD_SIZE];
};
HV_ASSERT_SIZE(struct hv_message, 256);

struct hv_message_page {
	struct hv_message sint[HV_SYNIC_SINT_COUNT];
};
HV_ASSERT_SIZE(struct hv_message_page, 4096);

/* Event flags page (SIEFP): 2048 flags per SINT. */
#define HV_EVENT_FLAGS_COUNT 2048

struct hv_event_flags {
	u64 flags[HV_EVENT_FLAGS_COUNT / 64];
};
HV_ASSERT_SIZE(struct hv_event_flags, 256);

struct hv_event_flags_page {
	struct hv_event_flags sint[HV_SYNIC_SINT_COUNT];
};
HV_ASSERT_SIZE(struct hv_event_flags_page, 4096);

/* Event ring page (SIRBP), not in the TLFS: port ids in order of arrival, 0 = free entry. */
#define HV_SYNIC_EVENT_RING_ENTRIES 63

struct hv_synic_event_ring {
	u8 signal_masked;
	u8 ring_full;
	u16 reserved;
	u32 data[HV_SYNIC_EVENT_RING_ENTRIES];
};
HV_ASSERT_SIZE(struct hv_synic_event_ring, 256);
HV_ASSERT_OFFSET(struct hv_synic_event_ring, data, 4);

struct hv_synic_event_ring_page {
	struct hv_synic_event_ring sint[HV_SYNIC_SINT_COUNT];
};
HV_ASSERT_SIZE(struct hv_synic_event_ring_page, 4096);

/* SINTs with a fixed use. Linux takes doorbells on the first free one. */
#define HV_SYNIC_SINT_INTERCEPT	  0
#define HV_SYNIC_SINT_IOMMU_FAULT 1
#define HV_SYNIC_SINT_VMBUS	  2
#define HV_SYNIC_SINT_DOORBELL	  5

/* Kind of access in an intercept header. */
enum hv_intercept_access_type {
	HV_INTERCEPT_ACCESS_READ = 0,
	HV_INTERCEPT_ACCESS_WRITE = 1,
	HV_INTERCEPT_ACCESS_EXECUTE = 2,
};

/* State of the VP at the intercept (TLFS HV_X64_VP_EXECUTION_STATE). */
#define HV_EXECUTION_STATE_CPL_MASK		0x0003
#define HV_EXECUTION_STATE_CR0_PE		0x0004
#define HV_EXECUTION_STATE_CR0_AM		0x0008
#define HV_EXECUTION_STATE_EFER_LMA		0x0010
#define HV_EXECUTION_STATE_DEBUG_ACTIVE		0x0020
#define HV_EXECUTION_STATE_INTERRUPTION_PENDING 0x0040
#define HV_EXECUTION_STATE_VTL_SHIFT		7
#define HV_EXECUTION_STATE_VTL_MASK		0x0780
#define HV_EXECUTION_STATE_ENCLAVE_MODE		0x0800
#define HV_EXECUTION_STATE_INTERRUPT_SHADOW	0x1000
#define HV_EXECUTION_STATE_VIRTUALIZATION_FAULT 0x2000

/* Byte 4 of the header: instruction length in bits 3:0, CR8 in bits 7:4. */
#define HV_INTERCEPT_INSTRUCTION_LENGTH_MASK 0x0F
#define HV_INTERCEPT_CR8_SHIFT		     4

#define HV_INTERCEPT_MAX_INSTRUCTION_BYTES 16

struct hv_x64_intercept_message_header {
	u32 vp_index;
	u8 instruction_length_cr8;
	u8 intercept_access_type;
	u16 execution_state;
	struct hv_x64_segment_register cs_segment;
	u64 rip;
	u64 rflags;
};
HV_ASSERT_SIZE(struct hv_x64_intercept_message_header, 40);
HV_ASSERT_OFFSET(struct hv_x64_intercept_message_header, execution_state, 6);
HV_ASSERT_OFFSET(struct hv_x64_intercept_message_header, rip, 24);

/* Payload of HVMSG_UNMAPPED_GPA and HVMSG_GPA_INTERCEPT. */
#define HV_MEMORY_ACCESS_GVA_VALID		  0x01
#define HV_MEMORY_ACCESS_GVA_GPA_VALID		  0x02
#define HV_MEMORY_ACCESS_HYPERCALL_OUTPUT_PENDING 0x04
#define HV_MEMORY_ACCESS_TLB_LOCKED		  0x08

struct hv_x64_memory_intercept_message {
	struct hv_x64_intercept_message_header header;
	u32 cache_type; /* enum hv_cache_type */
	u8 instruction_byte_count;
	u8 access_info;
	u8 tpr_priority;
	u8 reserved;
	u64 guest_virtual_address;
	u64 guest_physical_address;
	u8 instruction_bytes[HV_INTERCEPT_MAX_INSTRUCTION_BYTES];
};
HV_ASSERT_SIZE(struct hv_x64_memory_intercept_message, 80);
HV_ASSERT_OFFSET(struct hv_x64_memory_intercept_message, access_info, 45);
HV_ASSERT_OFFSET(struct hv_x64_memory_intercept_message, guest_physical_address, 56);

/* Payload of HVMSG_X64_IO_PORT_INTERCEPT. Size is 1, 2 or 4. */
#define HV_IO_PORT_ACCESS_SIZE_MASK 0x07
#define HV_IO_PORT_ACCESS_STRING    0x08
#define HV_IO_PORT_ACCESS_REP	    0x10

struct hv_x64_io_port_intercept_message {
	struct hv_x64_intercept_message_header header;
	u16 port_number;
	u8 access_info;
	u8 instruction_byte_count;
	u32 reserved;
	u64 rax;
	u8 instruction_bytes[HV_INTERCEPT_MAX_INSTRUCTION_BYTES];
	struct hv_x64_segment_register ds_segment;
	struct hv_x64_segment_register es_segment;
	u64 rcx;
	u64 rsi;
	u64 rdi;
};
HV_ASSERT_SIZE(struct hv_x64_io_port_intercept_message, 128);
HV_ASSERT_OFFSET(struct hv_x64_io_port_intercept_message, rax, 48);
HV_ASSERT_OFFSET(struct hv_x64_io_port_intercept_message, ds_segment, 72);

struct hv_x64_unrecoverable_exception_message {
	struct hv_x64_intercept_message_header header;
};
HV_ASSERT_SIZE(struct hv_x64_unrecoverable_exception_message, 40);

struct hv_x64_halt_message {
	struct hv_x64_intercept_message_header header;
};
HV_ASSERT_SIZE(struct hv_x64_halt_message, 40);

/* No intercept header here: the VP does not stop for a synchronous reason. */
struct hv_x64_apic_eoi_message {
	u32 vp_index;
	u32 interrupt_vector;
};
HV_ASSERT_SIZE(struct hv_x64_apic_eoi_message, 8);

/* Tells the parent to look at the intercept message page of this VP. */
struct hv_opaque_intercept_message {
	u32 vp_index;
};
HV_ASSERT_SIZE(struct hv_opaque_intercept_message, 4);

/* Payload of HVMSG_SYNIC_SINT_INTERCEPT: a SINT configured as_intercept fired. */
struct hv_sint_intercept_message {
	u32 sint_index;
};
HV_ASSERT_SIZE(struct hv_sint_intercept_message, 4);

struct hv_timer_message_payload {
	u32 timer_index;
	u32 reserved;
	u64 expiration_time;
	u64 delivery_time;
};
HV_ASSERT_SIZE(struct hv_timer_message_payload, 24);

struct hv_x64_msr_intercept_message {
	struct hv_x64_intercept_message_header header;
	u32 msr_number;
	u32 reserved;
	u64 rdx;
	u64 rax;
};
HV_ASSERT_SIZE(struct hv_x64_msr_intercept_message, 64);

struct hv_x64_cpuid_intercept_message {
	struct hv_x64_intercept_message_header header;
	u64 rax;
	u64 rcx;
	u64 rdx;
	u64 rbx;
	u64 default_result_rax;
	u64 default_result_rcx;
	u64 default_result_rdx;
	u64 default_result_rbx;
};
HV_ASSERT_SIZE(struct hv_x64_cpuid_intercept_message, 104);

#define HV_EXCEPTION_ERROR_CODE_VALID 0x01
#define HV_EXCEPTION_SOFTWARE	      0x02

struct hv_x64_exception_intercept_message {
	struct hv_x64_intercept_message_header header;
	u16 exception_vector;
	u8 exception_info;
	u8 instruction_byte_count;
	u32 error_code;
	u64 exception_parameter;
	u64 reserved;
	u8 instruction_bytes[HV_INTERCEPT_MAX_INSTRUCTION_BYTES];
	struct hv_x64_segment_register ds_segment;
	struct hv_x64_segment_register ss_segment;
	u64 gpr[16]; /* rax rcx rdx rbx rsp rbp rsi rdi r8..r15 */
};
HV_ASSERT_SIZE(struct hv_x64_exception_intercept_message, 240);
HV_ASSERT_OFFSET(struct hv_x64_exception_intercept_message, instruction_bytes, 64);
HV_ASSERT_OFFSET(struct hv_x64_exception_intercept_message, gpr, 112);

struct hv_x64_invalid_vp_register_message {
	u32 vp_index;
	u32 reserved;
};
HV_ASSERT_SIZE(struct hv_x64_invalid_vp_register_message, 8);

struct hv_x64_unsupported_feature_message {
	u32 vp_index;
	u32 feature_code;
	u64 feature_parameter;
};
HV_ASSERT_SIZE(struct hv_x64_unsupported_feature_message, 16);

struct hv_x64_interruption_deliverable_message {
	struct hv_x64_intercept_message_header header;
	u32 deliverable_type; /* enum hv_interruption_type */
	u32 reserved;
};
HV_ASSERT_SIZE(struct hv_x64_interruption_deliverable_message, 48);

struct hv_x64_sint_deliverable_message {
	struct hv_x64_intercept_message_header header;
	u16 deliverable_sints;
	u16 reserved1;
	u32 reserved2;
};
HV_ASSERT_SIZE(struct hv_x64_sint_deliverable_message, 48);

struct hv_x64_sipi_intercept_message {
	struct hv_x64_intercept_message_header header;
	u32 target_vp_index;
	u32 interrupt_vector;
};
HV_ASSERT_SIZE(struct hv_x64_sipi_intercept_message, 48);

struct hv_async_completion_message_payload {
	u64 partition_id;
	u32 status;
	u32 completion_count;
	u64 sub_status;
};
HV_ASSERT_SIZE(struct hv_async_completion_message_payload, 24);

/* Buffers of an event log are ready (TLFS 2.0a 16.5.10). */
struct hv_eventlog_buffer_complete_message {
	u32 type;	  /* enum hv_eventlog_type */
	u32 buffer_index; /* the first of the list */
};
HV_ASSERT_SIZE(struct hv_eventlog_buffer_complete_message, 8);

/* Root scheduler: VPs of one partition that became runnable, as a set of up to 1024 VPs. */
#define HV_SIGNAL_BITSET_BANKS 16

struct hv_vp_signal_bitset_scheduler_message {
	u64 partition_id;
	u32 overflow_count;
	u16 vp_count;
	u16 reserved;
	struct hv_vpset vp_set;
	u64 bank_contents[HV_SIGNAL_BITSET_BANKS];
};
HV_ASSERT_SIZE(struct hv_vp_signal_bitset_scheduler_message, 160);

/* Root scheduler: the same for VPs of different partitions. */
#define HV_SIGNAL_PAIR_COUNT 19

struct hv_vp_signal_pair_scheduler_message {
	u32 overflow_count;
	u8 vp_count;
	u8 reserved1[3];
	u64 partition_ids[HV_SIGNAL_PAIR_COUNT];
	u32 vp_indexes[HV_SIGNAL_PAIR_COUNT];
	u8 reserved2[4];
};
HV_ASSERT_SIZE(struct hv_vp_signal_pair_scheduler_message, 240);
HV_ASSERT_OFFSET(struct hv_vp_signal_pair_scheduler_message, vp_indexes, 160);

#endif
