/* SPDX-License-Identifier: BSD-2-Clause */
/* Constants and small structures shared by the rest of the Hyper-V interface. */
#ifndef ABI_HV_TYPES_H
#define ABI_HV_TYPES_H

#include "core/lib/types.h"

/* Sizes and offsets are the interface: every structure of abi/ is checked with these. */
#define HV_ASSERT_SIZE(type, size) _Static_assert(sizeof(type) == (size), #type)
#define HV_ASSERT_OFFSET(type, field, offset)                                                      \
	_Static_assert(offsetof(type, field) == (offset), #type "." #field)

#define HV_PARTITION_ID_INVALID 0ull
#define HV_PARTITION_ID_SELF	0xFFFFFFFFFFFFFFFFull
#define HV_VP_INDEX_SELF	0xFFFFFFFEu
#define HV_ANY_VP		0xFFFFFFFFu

#define HV_MAXIMUM_PROCESSORS 2048
#define HV_SYNIC_SINT_COUNT   16
#define HV_SYNIC_STIMER_COUNT 4

/* Partition reference time counts units of 100 ns (TLFS "Timers"). */
#define HV_REFERENCE_TIME_HZ 10000000ull

/* Address bits inside a large mapping (HV_MAP_GPA_LARGE_PAGE). */
#define HV_LARGE_PAGE_SHIFT 21

/* Hypercall control word in RCX (TLFS "Hypercall Inputs"). */
#define HV_HYPERCALL_CODE_MASK	     0xFFFFull
#define HV_HYPERCALL_FAST	     BIT(16)
#define HV_HYPERCALL_VARHEAD_SHIFT   17
#define HV_HYPERCALL_VARHEAD_MASK    (0x3FFull << HV_HYPERCALL_VARHEAD_SHIFT)
#define HV_HYPERCALL_NESTED	     BIT(31)
#define HV_HYPERCALL_REP_COUNT_SHIFT 32
#define HV_HYPERCALL_REP_COUNT_MASK  (0xFFFull << HV_HYPERCALL_REP_COUNT_SHIFT)
#define HV_HYPERCALL_REP_START_SHIFT 48
#define HV_HYPERCALL_REP_START_MASK  (0xFFFull << HV_HYPERCALL_REP_START_SHIFT)
/* Bits 30:27, 47:44 and 63:60. */
#define HV_HYPERCALL_RESERVED_MASK (0xFull << 27 | 0xFull << 44 | 0xFull << 60)

/* Hypercall result in RAX: reps completed is an absolute index (TLFS "Hypercall Outputs"). */
#define HV_HYPERCALL_RESULT_STATUS_MASK 0xFFFFull
#define HV_HYPERCALL_RESULT_REPS_SHIFT	32
#define HV_HYPERCALL_RESULT_REPS_MASK	(0xFFFull << HV_HYPERCALL_RESULT_REPS_SHIFT)

#define HV_HYPERCALL_MAX_XMM_REGISTERS 6

/* Set of virtual processors; the banks of 64 VPs follow (TLFS HV_VP_SET). */
enum hv_generic_set_format {
	HV_GENERIC_SET_SPARSE_4K = 0,
	HV_GENERIC_SET_ALL = 1,
};

#define HV_VPSET_BANK_SHIFT   6
#define HV_VPSET_VPS_PER_BANK 64
#define HV_VPSET_MAX_BANKS    64

struct hv_vpset {
	u64 format;
	u64 valid_bank_mask;
};
HV_ASSERT_SIZE(struct hv_vpset, 16);

/* NUMA placement wish of a caller (TLFS HV_PROXIMITY_DOMAIN_INFO). */
#define HV_PROXIMITY_PREFERRED	BIT(0)
#define HV_PROXIMITY_INFO_VALID BIT(31)

struct hv_proximity_domain_info {
	u32 domain_id;
	u32 flags;
};
HV_ASSERT_SIZE(struct hv_proximity_domain_info, 8);

/* Virtual trust level byte of several inputs (TLFS HV_INPUT_VTL). */
#define HV_INPUT_VTL_TARGET_MASK 0x0F
#define HV_INPUT_VTL_USE_TARGET	 0x10

struct hv_u128 {
	u64 low;
	u64 high;
};
HV_ASSERT_SIZE(struct hv_u128, 16);

/* Segment attributes: descriptor bits 55:52 and 47:40 (TLFS HV_X64_SEGMENT_REGISTER). */
#define HV_SEGMENT_TYPE_MASK   0x000F
#define HV_SEGMENT_NON_SYSTEM  0x0010
#define HV_SEGMENT_DPL_SHIFT   5
#define HV_SEGMENT_DPL_MASK    0x0060
#define HV_SEGMENT_PRESENT     0x0080
#define HV_SEGMENT_AVAILABLE   0x1000
#define HV_SEGMENT_LONG	       0x2000
#define HV_SEGMENT_DEFAULT     0x4000
#define HV_SEGMENT_GRANULARITY 0x8000

struct hv_x64_segment_register {
	u64 base;
	u32 limit;
	u16 selector;
	u16 attributes;
};
HV_ASSERT_SIZE(struct hv_x64_segment_register, 16);
HV_ASSERT_OFFSET(struct hv_x64_segment_register, attributes, 14);

struct hv_x64_table_register {
	u16 pad[3];
	u16 limit;
	u64 base;
};
HV_ASSERT_SIZE(struct hv_x64_table_register, 16);
HV_ASSERT_OFFSET(struct hv_x64_table_register, limit, 6);

/* Registers FP_CONTROL_STATUS and XMM_CONTROL_STATUS: pieces of the FXSAVE image. */
struct hv_x64_fp_control_status {
	u16 fp_control;
	u16 fp_status;
	u8 fp_tag; /* abridged, as in FXSAVE */
	u8 reserved;
	u16 last_fp_op;
	u64 last_fp_rip;
};
HV_ASSERT_SIZE(struct hv_x64_fp_control_status, 16);
HV_ASSERT_OFFSET(struct hv_x64_fp_control_status, last_fp_op, 6);

struct hv_x64_xmm_control_status {
	u64 last_fp_rdp;
	u32 mxcsr;
	u32 mxcsr_mask;
};
HV_ASSERT_SIZE(struct hv_x64_xmm_control_status, 16);

union hv_register_value {
	struct hv_u128 reg128;
	u64 reg64;
	u32 reg32;
	u16 reg16;
	u8 reg8;
	struct hv_x64_segment_register segment;
	struct hv_x64_table_register table;
	struct hv_x64_fp_control_status fp_control_status;
	struct hv_x64_xmm_control_status xmm_control_status;
};
HV_ASSERT_SIZE(union hv_register_value, 16);

struct hv_register_assoc {
	u32 name; /* enum hv_register_name */
	u32 reserved1;
	u64 reserved2;
	union hv_register_value value;
};
HV_ASSERT_SIZE(struct hv_register_assoc, 32);
HV_ASSERT_OFFSET(struct hv_register_assoc, value, 16);

/* Memory types of HV_CACHE_TYPE, as the PAT encodes them. */
enum hv_cache_type {
	HV_CACHE_TYPE_UNCACHED = 0,
	HV_CACHE_TYPE_WRITE_COMBINING = 1,
	HV_CACHE_TYPE_WRITE_THROUGH = 4,
	HV_CACHE_TYPE_WRITE_PROTECTED = 5,
	HV_CACHE_TYPE_WRITE_BACK = 6,
};

enum hv_interrupt_type {
	HV_INTERRUPT_TYPE_FIXED = 0,
	HV_INTERRUPT_TYPE_LOWEST_PRIORITY = 1,
	HV_INTERRUPT_TYPE_SMI = 2,
	HV_INTERRUPT_TYPE_REMOTE_READ = 3,
	HV_INTERRUPT_TYPE_NMI = 4,
	HV_INTERRUPT_TYPE_INIT = 5,
	HV_INTERRUPT_TYPE_SIPI = 6,
	HV_INTERRUPT_TYPE_EXTINT = 7,
	HV_INTERRUPT_TYPE_LOCAL_INT0 = 8,
	HV_INTERRUPT_TYPE_LOCAL_INT1 = 9,
};

#endif
