/* SPDX-License-Identifier: BSD-2-Clause */
/* Call codes, inputs and outputs of the hypercalls (TLFS "Hypercall Interface").
 * An input structure is the fixed part; its comment names the list that follows it, if any.
 */
#ifndef ABI_HV_HYPERCALL_H
#define ABI_HV_HYPERCALL_H

#include "abi/hv_state.h"
#include "abi/hv_types.h"

enum hv_call_code {
	HVCALL_FLUSH_VIRTUAL_ADDRESS_SPACE = 0x0002,
	HVCALL_FLUSH_VIRTUAL_ADDRESS_LIST = 0x0003,
	HVCALL_GET_LOGICAL_PROCESSOR_RUN_TIME = 0x0004,
	HVCALL_NOTIFY_LONG_SPIN_WAIT = 0x0008,
	HVCALL_SEND_IPI = 0x000B,
	HVCALL_ENABLE_VP_VTL = 0x000F,
	HVCALL_FLUSH_VIRTUAL_ADDRESS_SPACE_EX = 0x0013,
	HVCALL_FLUSH_VIRTUAL_ADDRESS_LIST_EX = 0x0014,
	HVCALL_SEND_IPI_EX = 0x0015,
	HVCALL_CREATE_PARTITION = 0x0040,
	HVCALL_INITIALIZE_PARTITION = 0x0041,
	HVCALL_FINALIZE_PARTITION = 0x0042,
	HVCALL_DELETE_PARTITION = 0x0043,
	HVCALL_GET_PARTITION_PROPERTY = 0x0044,
	HVCALL_SET_PARTITION_PROPERTY = 0x0045,
	HVCALL_GET_PARTITION_ID = 0x0046,
	HVCALL_DEPOSIT_MEMORY = 0x0048,
	HVCALL_WITHDRAW_MEMORY = 0x0049,
	HVCALL_MAP_GPA_PAGES = 0x004B,
	HVCALL_UNMAP_GPA_PAGES = 0x004C,
	HVCALL_INSTALL_INTERCEPT = 0x004D,
	HVCALL_CREATE_VP = 0x004E,
	HVCALL_DELETE_VP = 0x004F,
	HVCALL_GET_VP_REGISTERS = 0x0050,
	HVCALL_SET_VP_REGISTERS = 0x0051,
	HVCALL_TRANSLATE_VIRTUAL_ADDRESS = 0x0052,
	HVCALL_READ_GPA = 0x0053,
	HVCALL_WRITE_GPA = 0x0054,
	HVCALL_CLEAR_VIRTUAL_INTERRUPT = 0x0056,
	HVCALL_DELETE_PORT = 0x0058,
	HVCALL_DISCONNECT_PORT = 0x005B,
	HVCALL_POST_MESSAGE = 0x005C,
	HVCALL_SIGNAL_EVENT = 0x005D,
	HVCALL_INITIALIZE_EVENT_LOG_BUFFER_GROUP = 0x0060,
	HVCALL_FINALIZE_EVENT_LOG_BUFFER_GROUP = 0x0061,
	HVCALL_CREATE_EVENT_LOG_BUFFER = 0x0062,
	HVCALL_DELETE_EVENT_LOG_BUFFER = 0x0063,
	HVCALL_MAP_EVENT_LOG_BUFFER = 0x0064,
	HVCALL_UNMAP_EVENT_LOG_BUFFER = 0x0065,
	HVCALL_SET_EVENT_LOG_GROUP_SOURCES = 0x0066,
	HVCALL_RELEASE_EVENT_LOG_BUFFER = 0x0067,
	HVCALL_FLUSH_EVENT_LOG_BUFFER = 0x0068,
	HVCALL_POST_DEBUG_DATA = 0x0069,
	HVCALL_RETRIEVE_DEBUG_DATA = 0x006A,
	HVCALL_RESET_DEBUG_SESSION = 0x006B,
	HVCALL_MAP_STATS_PAGE = 0x006C,
	HVCALL_UNMAP_STATS_PAGE = 0x006D,
	HVCALL_SET_SYSTEM_PROPERTY = 0x006F,
	HVCALL_ADD_LOGICAL_PROCESSOR = 0x0076,
	HVCALL_GET_SYSTEM_PROPERTY = 0x007B,
	HVCALL_MAP_DEVICE_INTERRUPT = 0x007C,
	HVCALL_UNMAP_DEVICE_INTERRUPT = 0x007D,
	HVCALL_RETARGET_INTERRUPT = 0x007E,
	HVCALL_ENTER_SLEEP_STATE = 0x0084,
	HVCALL_NOTIFY_PARTITION_EVENT = 0x0087,
	HVCALL_NOTIFY_PORT_RING_EMPTY = 0x008B,
	HVCALL_REGISTER_INTERCEPT_RESULT = 0x0091,
	HVCALL_ASSERT_VIRTUAL_INTERRUPT = 0x0094,
	HVCALL_CREATE_PORT = 0x0095,
	HVCALL_CONNECT_PORT = 0x0096,
	HVCALL_START_VP = 0x0099,
	HVCALL_GET_VP_INDEX_FROM_APIC_ID = 0x009A,
	HVCALL_FLUSH_GUEST_PHYSICAL_ADDRESS_SPACE = 0x00AF,
	HVCALL_FLUSH_GUEST_PHYSICAL_ADDRESS_LIST = 0x00B0,
	HVCALL_SIGNAL_EVENT_DIRECT = 0x00C0,
	HVCALL_POST_MESSAGE_DIRECT = 0x00C1,
	HVCALL_DISPATCH_VP = 0x00C2,
	HVCALL_GET_GPA_PAGES_ACCESS_STATES = 0x00C9,
	HVCALL_ACQUIRE_SPARSE_SPA_PAGE_HOST_ACCESS = 0x00D7,
	HVCALL_RELEASE_SPARSE_SPA_PAGE_HOST_ACCESS = 0x00D8,
	HVCALL_MODIFY_SPARSE_GPA_PAGE_HOST_VISIBILITY = 0x00DB,
	HVCALL_MAP_VP_STATE_PAGE = 0x00E1,
	HVCALL_UNMAP_VP_STATE_PAGE = 0x00E2,
	HVCALL_GET_VP_STATE = 0x00E3,
	HVCALL_SET_VP_STATE = 0x00E4,
	HVCALL_GET_VP_CPUID_VALUES = 0x00F4,
	HVCALL_GET_PARTITION_PROPERTY_EX = 0x0101,
	HVCALL_MMIO_READ = 0x0106,
	HVCALL_MMIO_WRITE = 0x0107,
	HVCALL_DISABLE_HYP_EX = 0x010F,
	HVCALL_MAP_STATS_PAGE2 = 0x0131,
	HVCALL_EXT_QUERY_CAPABILITIES = 0x8001,
};

/* ---- Partitions ---- */

struct hv_output_get_partition_id {
	u64 partition_id;
};
HV_ASSERT_SIZE(struct hv_output_get_partition_id, 8);

#define HV_PARTITION_FLAG_SMT_ENABLED_GUEST		 BIT(0)
#define HV_PARTITION_FLAG_NESTED_VIRTUALIZATION_CAPABLE	 BIT(1)
#define HV_PARTITION_FLAG_GPA_SUPER_PAGES_ENABLED	 BIT(4)
#define HV_PARTITION_FLAG_EXO_PARTITION			 BIT(8)
#define HV_PARTITION_FLAG_LAPIC_ENABLED			 BIT(13)
#define HV_PARTITION_FLAG_INTERCEPT_MESSAGE_PAGE_ENABLED BIT(19)
#define HV_PARTITION_FLAG_X2APIC_CAPABLE		 BIT(22)

/* Major version in bits 15:8, minor in 7:0; the one Linux asks for. */
#define HV_COMPATIBILITY_21_H2 0x609

#define HV_PROCESSOR_FEATURE_BANKS 2

struct hv_input_create_partition {
	u64 flags;
	struct hv_proximity_domain_info proximity_domain_info;
	u32 compatibility_version;
	u32 padding;
	u64 disabled_processor_features[HV_PROCESSOR_FEATURE_BANKS];
	u64 disabled_xsave_features;
	u64 isolation_properties;
};
HV_ASSERT_SIZE(struct hv_input_create_partition, 56);
HV_ASSERT_OFFSET(struct hv_input_create_partition, disabled_xsave_features, 40);

struct hv_output_create_partition {
	u64 partition_id;
};
HV_ASSERT_SIZE(struct hv_output_create_partition, 8);

/* Fast calls: the structure is RDX (and R8). */
struct hv_input_initialize_partition {
	u64 partition_id;
};
HV_ASSERT_SIZE(struct hv_input_initialize_partition, 8);

struct hv_input_finalize_partition {
	u64 partition_id;
};
HV_ASSERT_SIZE(struct hv_input_finalize_partition, 8);

struct hv_input_delete_partition {
	u64 partition_id;
};
HV_ASSERT_SIZE(struct hv_input_delete_partition, 8);

struct hv_input_get_partition_property {
	u64 partition_id;
	u32 property_code; /* enum hv_partition_property_code */
	u32 padding;
};
HV_ASSERT_SIZE(struct hv_input_get_partition_property, 16);

struct hv_output_get_partition_property {
	u64 property_value;
};
HV_ASSERT_SIZE(struct hv_output_get_partition_property, 8);

struct hv_input_set_partition_property {
	u64 partition_id;
	u32 property_code; /* enum hv_partition_property_code */
	u32 padding;
	u64 property_value;
};
HV_ASSERT_SIZE(struct hv_input_set_partition_property, 24);

struct hv_input_get_partition_property_ex {
	u64 partition_id;
	u32 property_code; /* enum hv_partition_property_code */
	u32 padding;
	u64 arg;
};
HV_ASSERT_SIZE(struct hv_input_get_partition_property_ex, 24);

/* Bank layout of VMM_CAPABILITIES and ASSIGNABLE_SYNTHETIC_PROC_FEATURES. */
struct hv_property_banks {
	u16 bank_count;
	u16 reserved[3];
	u64 bank[1];
};
HV_ASSERT_SIZE(struct hv_property_banks, 16);

#define HV_PROPERTY_EX_MAX_SIZE (4096 - 24)

struct hv_output_get_partition_property_ex {
	union {
		struct hv_property_banks banks;
		u8 buffer[HV_PROPERTY_EX_MAX_SIZE];
	};
};
HV_ASSERT_SIZE(struct hv_output_get_partition_property_ex, 4072);

enum hv_partition_event {
	HV_PARTITION_EVENT_ROOT_CRASHDUMP = 2,
	HV_PARTITION_EVENT_ALL_LOGICAL_PROCESSORS_STARTED = 4,
};

enum hv_crashdump_action {
	HV_CRASHDUMP_NONE = 0,
	HV_CRASHDUMP_SUSPEND_ALL_VPS = 1,
	HV_CRASHDUMP_PREPARE_FOR_STATE_SAVE = 2,
	HV_CRASHDUMP_STATE_SAVED = 3,
	HV_CRASHDUMP_ENTRY = 4,
};

struct hv_input_notify_partition_event {
	u32 event;	      /* enum hv_partition_event */
	u32 crashdump_action; /* enum hv_crashdump_action */
};
HV_ASSERT_SIZE(struct hv_input_notify_partition_event, 8);

/* ---- Memory ---- */

/* Rep: u64 page number of the caller each. */
struct hv_input_deposit_memory {
	u64 partition_id;
};
HV_ASSERT_SIZE(struct hv_input_deposit_memory, 8);

/* Rep without input list; the output is one u64 page number each. */
struct hv_input_withdraw_memory {
	u64 partition_id;
	struct hv_proximity_domain_info proximity_domain_info;
};
HV_ASSERT_SIZE(struct hv_input_withdraw_memory, 16);

#define HV_MAP_GPA_PERMISSIONS_NONE  0x0u
#define HV_MAP_GPA_READABLE	     0x1u
#define HV_MAP_GPA_WRITABLE	     0x2u
#define HV_MAP_GPA_KERNEL_EXECUTABLE 0x4u
#define HV_MAP_GPA_USER_EXECUTABLE   0x8u
#define HV_MAP_GPA_EXECUTABLE	     0xCu
#define HV_MAP_GPA_PERMISSIONS_MASK  0xFu
#define HV_MAP_GPA_ADJUSTABLE	     0x8000u
#define HV_MAP_GPA_NO_ACCESS	     0x10000u
#define HV_MAP_GPA_NOT_CACHED	     0x200000u
#define HV_MAP_GPA_LARGE_PAGE	     0x80000000u

/* Rep: u64 source page number each. */
struct hv_input_map_gpa_pages {
	u64 target_partition_id;
	u64 target_gpa_base; /* page number */
	u32 map_flags;
	u32 padding;
};
HV_ASSERT_SIZE(struct hv_input_map_gpa_pages, 24);

#define HV_UNMAP_GPA_LARGE_PAGE 0x2u

/* Rep without list. */
struct hv_input_unmap_gpa_pages {
	u64 target_partition_id;
	u64 target_gpa_base; /* page number */
	u32 unmap_flags;
	u32 padding;
};
HV_ASSERT_SIZE(struct hv_input_unmap_gpa_pages, 24);

#define HV_GPA_ACCESS_CLEAR_ACCESSED BIT(0)
#define HV_GPA_ACCESS_SET_ACCESSED   BIT(1)
#define HV_GPA_ACCESS_CLEAR_DIRTY    BIT(2)
#define HV_GPA_ACCESS_SET_DIRTY	     BIT(3)

/* One output byte per page. */
#define HV_GPA_STATE_ACCESSED 0x01
#define HV_GPA_STATE_DIRTY    0x02

struct hv_input_get_gpa_pages_access_states {
	u64 partition_id;
	u64 flags;
	u64 gpa_page_number;
};
HV_ASSERT_SIZE(struct hv_input_get_gpa_pages_access_states, 24);

#define HV_GPA_ACCESS_MAX_BYTES 16

struct hv_input_read_gpa {
	u64 partition_id;
	u32 vp_index;
	u32 byte_count;
	u64 base_gpa;
	u64 control_flags; /* bits 7:0 enum hv_cache_type */
};
HV_ASSERT_SIZE(struct hv_input_read_gpa, 32);

struct hv_output_read_gpa {
	u32 result_code;
	u32 reserved;
	u8 data[HV_GPA_ACCESS_MAX_BYTES];
};
HV_ASSERT_SIZE(struct hv_output_read_gpa, 24);

struct hv_input_write_gpa {
	u64 partition_id;
	u32 vp_index;
	u32 byte_count;
	u64 base_gpa;
	u64 control_flags; /* bits 7:0 enum hv_cache_type */
	u8 data[HV_GPA_ACCESS_MAX_BYTES];
};
HV_ASSERT_SIZE(struct hv_input_write_gpa, 48);

struct hv_output_write_gpa {
	u32 result_code;
	u32 reserved;
};
HV_ASSERT_SIZE(struct hv_output_write_gpa, 8);

#define HV_SPA_HOST_ACCESS_MAKE_EXCLUSIVE 0x1u
#define HV_SPA_HOST_ACCESS_MAKE_SHARED	  0x2u
#define HV_SPA_HOST_ACCESS_LARGE_PAGE	  0x4u
#define HV_SPA_HOST_ACCESS_HUGE_PAGE	  0x8u

/* Rep: u64 system page number each. Acquire and release share this input. */
struct hv_input_modify_sparse_spa_page_host_access {
	u32 host_access; /* bits 1:0 */
	u32 flags;
	u64 partition_id;
};
HV_ASSERT_SIZE(struct hv_input_modify_sparse_spa_page_host_access, 16);

#define HV_FLUSH_ALL_PROCESSORS		    BIT(0)
#define HV_FLUSH_ALL_VIRTUAL_ADDRESS_SPACES BIT(1)
#define HV_FLUSH_NON_GLOBAL_MAPPINGS_ONLY   BIT(2)
#define HV_FLUSH_USE_EXTENDED_RANGE_FORMAT  BIT(3)

/* List entries: first page in bits 63:12, number of further pages in 11:0. */
#define HV_FLUSH_ENTRY_ADDITIONAL_PAGES_MASK 0xFFFull

struct hv_input_flush_virtual_address_space {
	u64 address_space;
	u64 flags;
	u64 processor_mask;
};
HV_ASSERT_SIZE(struct hv_input_flush_virtual_address_space, 24);

/* Rep: u64 entry each. */
struct hv_input_flush_virtual_address_list {
	u64 address_space;
	u64 flags;
	u64 processor_mask;
};
HV_ASSERT_SIZE(struct hv_input_flush_virtual_address_list, 24);

/* The VP set's banks follow; for the list call the entries follow the banks. */
struct hv_input_flush_virtual_address_space_ex {
	u64 address_space;
	u64 flags;
	struct hv_vpset vp_set;
};
HV_ASSERT_SIZE(struct hv_input_flush_virtual_address_space_ex, 32);

struct hv_input_flush_virtual_address_list_ex {
	u64 address_space;
	u64 flags;
	struct hv_vpset vp_set;
};
HV_ASSERT_SIZE(struct hv_input_flush_virtual_address_list_ex, 32);

struct hv_input_flush_guest_physical_address_space {
	u64 address_space;
	u64 flags;
};
HV_ASSERT_SIZE(struct hv_input_flush_guest_physical_address_space, 16);

/* ---- Logical processors and system ---- */

struct hv_input_get_logical_processor_run_time {
	u32 lp_index;
};
HV_ASSERT_SIZE(struct hv_input_get_logical_processor_run_time, 4);

struct hv_output_get_logical_processor_run_time {
	u64 global_time;
	u64 local_run_time;
	u64 reserved;
	u64 hypervisor_time;
};
HV_ASSERT_SIZE(struct hv_output_get_logical_processor_run_time, 32);

struct hv_input_add_logical_processor {
	u32 lp_index;
	u32 apic_id;
	struct hv_proximity_domain_info proximity_domain_info;
};
HV_ASSERT_SIZE(struct hv_input_add_logical_processor, 16);

struct hv_output_add_logical_processor {
	u64 status;
	u64 substatus[6];
};
HV_ASSERT_SIZE(struct hv_output_add_logical_processor, 56);

enum hv_system_property {
	HV_SYSTEM_PROPERTY_SLEEP_STATE = 3,
	HV_SYSTEM_PROPERTY_SCHEDULER_TYPE = 15,
	HV_SYSTEM_PROPERTY_DYNAMIC_PROCESSOR_FEATURE = 21,
	HV_SYSTEM_PROPERTY_CRASHDUMPAREA = 47,
};

enum hv_scheduler_type {
	HV_SCHEDULER_TYPE_LP = 1,
	HV_SCHEDULER_TYPE_LP_SMT = 2,
	HV_SCHEDULER_TYPE_CORE_SMT = 3,
	HV_SCHEDULER_TYPE_ROOT = 4,
};

enum hv_dynamic_processor_feature {
	HV_DYNAMIC_PROCESSOR_FEATURE_MAX_ENCRYPTED_PARTITIONS = 13,
	HV_DYNAMIC_PROCESSOR_FEATURE_SNP_STATUS = 16,
};

struct hv_input_get_system_property {
	u32 property_id; /* enum hv_system_property */
	u32 reserved;
	u64 arg;
};
HV_ASSERT_SIZE(struct hv_input_get_system_property, 16);

/* Crash dump area: first page in bits 39:0, number of further pages in 63:40. */
#define HV_PFN_RANGE_BASE_MASK	      0xFFFFFFFFFFull
#define HV_PFN_RANGE_ADDITIONAL_SHIFT 40

struct hv_output_get_system_property {
	union {
		u64 value;
		u32 scheduler_type; /* enum hv_scheduler_type */
	};
};
HV_ASSERT_SIZE(struct hv_output_get_system_property, 8);

/* ACPI sleep states S1..S5; LOCK forbids to register any further one. */
enum hv_sleep_state {
	HV_SLEEP_STATE_S1 = 1,
	HV_SLEEP_STATE_S2 = 2,
	HV_SLEEP_STATE_S3 = 3,
	HV_SLEEP_STATE_S4 = 4,
	HV_SLEEP_STATE_S5 = 5,
	HV_SLEEP_STATE_LOCK = 6,
};

struct hv_input_set_system_property {
	u32 property_id; /* enum hv_system_property */
	u32 reserved;
	union {
		struct {
			u32 sleep_state; /* enum hv_sleep_state */
			u8 pm1a_slp_typ;
			u8 pm1b_slp_typ;
		} sleep;
		u64 data[8];
	};
};
HV_ASSERT_SIZE(struct hv_input_set_system_property, 72);
HV_ASSERT_OFFSET(struct hv_input_set_system_property, sleep.pm1b_slp_typ, 13);

struct hv_input_enter_sleep_state {
	u32 sleep_state; /* enum hv_sleep_state */
};
HV_ASSERT_SIZE(struct hv_input_enter_sleep_state, 4);

struct hv_input_disable_hypervisor_ex {
	u64 rip;
	u64 arg;
};
HV_ASSERT_SIZE(struct hv_input_disable_hypervisor_ex, 16);

struct hv_crashdump_area {
	u32 version;
	u32 flags; /* bit 0: valid */
};
HV_ASSERT_SIZE(struct hv_crashdump_area, 8);

/* ---- Statistics pages ---- */

enum hv_stats_object_type {
	HV_STATS_OBJECT_HYPERVISOR = 0x00000001,
	HV_STATS_OBJECT_LOGICAL_PROCESSOR = 0x00000002,
	HV_STATS_OBJECT_PARTITION = 0x00010001,
	HV_STATS_OBJECT_VP = 0x00010002,
};

enum hv_stats_area_type {
	HV_STATS_AREA_SELF = 0,
	HV_STATS_AREA_PARENT = 1,
	HV_STATS_AREA_INTERNAL = 2,
};

/* The area type is byte 15 of every form. */
union hv_stats_object_identity {
	struct {
		u8 reserved[15];
		u8 stats_area_type;
	} hv;
	struct {
		u32 lp_index;
		u8 reserved[11];
		u8 stats_area_type;
	} lp;
	struct {
		u64 partition_id;
		u8 reserved[7];
		u8 stats_area_type;
	} partition;
	struct {
		u64 partition_id;
		u32 vp_index;
		u16 flags;
		u8 reserved;
		u8 stats_area_type;
	} vp;
};
HV_ASSERT_SIZE(union hv_stats_object_identity, 16);
HV_ASSERT_OFFSET(union hv_stats_object_identity, lp.stats_area_type, 15);
HV_ASSERT_OFFSET(union hv_stats_object_identity, vp.stats_area_type, 15);

struct hv_input_map_stats_page {
	u32 type; /* enum hv_stats_object_type */
	u32 padding;
	union hv_stats_object_identity identity;
};
HV_ASSERT_SIZE(struct hv_input_map_stats_page, 24);

struct hv_input_map_stats_page2 {
	u32 type; /* enum hv_stats_object_type */
	u32 padding;
	union hv_stats_object_identity identity;
	u64 map_location;
};
HV_ASSERT_SIZE(struct hv_input_map_stats_page2, 32);

struct hv_output_map_stats_page {
	u64 map_location; /* page number */
};
HV_ASSERT_SIZE(struct hv_output_map_stats_page, 8);

struct hv_input_unmap_stats_page {
	u32 type; /* enum hv_stats_object_type */
	u32 padding;
	union hv_stats_object_identity identity;
};
HV_ASSERT_SIZE(struct hv_input_unmap_stats_page, 24);

/* ---- Event logs (TLFS 2.0a chapter 19) ---- */

struct hv_input_initialize_event_log_buffer_group {
	u32 type; /* enum hv_eventlog_type */
	u32 maximum_buffer_count;
	u32 buffer_pages;
	u32 threshold;	 /* complete buffers until a message */
	u32 time_basis;	 /* enum hv_eventlog_time_basis */
	u32 system_time; /* 100 ns, lower half; the upper one is not aligned */
	u32 system_time_high;
	u32 padding;
};
HV_ASSERT_SIZE(struct hv_input_initialize_event_log_buffer_group, 32);

/* Of the calls that name a group. */
struct hv_input_event_log_group {
	u32 type; /* enum hv_eventlog_type */
	u32 padding;
};
HV_ASSERT_SIZE(struct hv_input_event_log_group, 8);

/* Of the calls that name a buffer. */
struct hv_input_event_log_buffer {
	u32 type; /* enum hv_eventlog_type */
	u32 buffer_index;
};
HV_ASSERT_SIZE(struct hv_input_event_log_buffer, 8);

struct hv_input_create_event_log_buffer {
	struct hv_input_event_log_buffer buffer;
	struct hv_proximity_domain_info proximity_info;
};
HV_ASSERT_SIZE(struct hv_input_create_event_log_buffer, 16);

struct hv_input_set_event_log_group_sources {
	struct hv_input_event_log_group group;
	u64 enable_flags;
};
HV_ASSERT_SIZE(struct hv_input_set_event_log_group_sources, 16);

/* ---- Virtual processors ---- */

enum hv_subnode_type {
	HV_SUBNODE_ANY = 0,
	HV_SUBNODE_SOCKET = 1,
	HV_SUBNODE_CLUSTER = 2,
	HV_SUBNODE_L3 = 3,
};

struct hv_input_create_vp {
	u64 partition_id;
	u32 vp_index;
	u8 padding[3];
	u8 subnode_type;
	u64 subnode_id;
	struct hv_proximity_domain_info proximity_domain_info;
	u64 flags; /* a root VP: index of its logical processor */
};
HV_ASSERT_SIZE(struct hv_input_create_vp, 40);
HV_ASSERT_OFFSET(struct hv_input_create_vp, subnode_type, 15);

struct hv_input_delete_vp {
	u64 partition_id;
	u32 vp_index;
	u32 reserved;
};
HV_ASSERT_SIZE(struct hv_input_delete_vp, 16);

/* Rep: u32 register name each; the output is one union hv_register_value each. */
struct hv_input_get_vp_registers {
	u64 partition_id;
	u32 vp_index;
	u8 input_vtl;
	u8 reserved1;
	u16 reserved2;
};
HV_ASSERT_SIZE(struct hv_input_get_vp_registers, 16);

/* Rep: struct hv_register_assoc each. */
struct hv_input_set_vp_registers {
	u64 partition_id;
	u32 vp_index;
	u8 input_vtl;
	u8 reserved1;
	u16 reserved2;
};
HV_ASSERT_SIZE(struct hv_input_set_vp_registers, 16);

#define HV_TRANSLATE_GVA_VALIDATE_READ	     BIT(0)
#define HV_TRANSLATE_GVA_VALIDATE_WRITE	     BIT(1)
#define HV_TRANSLATE_GVA_VALIDATE_EXECUTE    BIT(2)
#define HV_TRANSLATE_GVA_PRIVILEGE_EXEMPT    BIT(3)
#define HV_TRANSLATE_GVA_SET_PAGE_TABLE_BITS BIT(4)
#define HV_TRANSLATE_GVA_TLB_FLUSH_INHIBIT   BIT(5)
#define HV_TRANSLATE_GVA_SUPERVISOR_ACCESS   BIT(6)
#define HV_TRANSLATE_GVA_USER_ACCESS	     BIT(7)

enum hv_translate_gva_result_code {
	HV_TRANSLATE_GVA_SUCCESS = 0,
	HV_TRANSLATE_GVA_PAGE_NOT_PRESENT = 1,
	HV_TRANSLATE_GVA_PRIVILEGE_VIOLATION = 2,
	HV_TRANSLATE_GVA_INVALID_PAGE_TABLE_FLAGS = 3,
	HV_TRANSLATE_GVA_GPA_UNMAPPED = 4,
	HV_TRANSLATE_GVA_GPA_NO_READ_ACCESS = 5,
	HV_TRANSLATE_GVA_GPA_NO_WRITE_ACCESS = 6,
	HV_TRANSLATE_GVA_GPA_ILLEGAL_OVERLAY_ACCESS = 7,
	HV_TRANSLATE_GVA_INTERCEPT = 8,
	HV_TRANSLATE_GVA_GPA_UNACCEPTED = 9,
};

struct hv_input_translate_virtual_address {
	u64 partition_id;
	u32 vp_index;
	u32 padding;
	u64 control_flags;
	u64 gva_page;
};
HV_ASSERT_SIZE(struct hv_input_translate_virtual_address, 32);

#define HV_TRANSLATE_GVA_CACHE_TYPE_MASK 0xFFu
#define HV_TRANSLATE_GVA_OVERLAY_PAGE	 0x100u

struct hv_output_translate_virtual_address {
	u32 result_code; /* enum hv_translate_gva_result_code */
	u32 attributes;	 /* cache type and overlay bit */
	u64 gpa_page;
};
HV_ASSERT_SIZE(struct hv_output_translate_virtual_address, 16);

enum hv_vp_state_page_type {
	HV_VP_STATE_PAGE_REGISTERS = 0,
	HV_VP_STATE_PAGE_INTERCEPT_MESSAGE = 1,
	HV_VP_STATE_PAGE_GHCB = 2,
	HV_VP_STATE_PAGE_COUNT = 3,
};

#define HV_MAP_VP_STATE_PAGE_LOCATION_PROVIDED 0x01

struct hv_input_map_vp_state_page {
	u64 partition_id;
	u32 vp_index;
	u16 type; /* enum hv_vp_state_page_type */
	u8 input_vtl;
	u8 flags;
	u64 requested_map_location;
};
HV_ASSERT_SIZE(struct hv_input_map_vp_state_page, 24);
HV_ASSERT_OFFSET(struct hv_input_map_vp_state_page, flags, 15);

struct hv_output_map_vp_state_page {
	u64 map_location; /* page number */
};
HV_ASSERT_SIZE(struct hv_output_map_vp_state_page, 8);

struct hv_input_unmap_vp_state_page {
	u64 partition_id;
	u32 vp_index;
	u16 type; /* enum hv_vp_state_page_type */
	u8 input_vtl;
	u8 reserved;
};
HV_ASSERT_SIZE(struct hv_input_unmap_vp_state_page, 16);

/* Bit 31: the data moves through the pages of a page number list. */
#define HV_VP_STATE_TYPE_PFN	     0x80000000u
#define HV_VP_STATE_LAPIC	     0x80000000u
#define HV_VP_STATE_XSAVE	     0x80000001u
#define HV_VP_STATE_SIM_PAGE	     0x80000002u
#define HV_VP_STATE_SIEF_PAGE	     0x80000003u
#define HV_VP_STATE_SYNTHETIC_TIMERS 0x00000004u

struct hv_vp_state_data {
	u32 type;
	u32 reserved;
	u64 xsave_flags;
	u64 xsave_states; /* XFEM mask */
};
HV_ASSERT_SIZE(struct hv_vp_state_data, 24);

/* u64 page numbers of the output follow. */
struct hv_input_get_vp_state {
	u64 partition_id;
	u32 vp_index;
	u8 input_vtl;
	u8 reserved1;
	u16 reserved2;
	struct hv_vp_state_data state_data;
};
HV_ASSERT_SIZE(struct hv_input_get_vp_state, 40);
HV_ASSERT_OFFSET(struct hv_input_get_vp_state, state_data, 16);

struct hv_output_get_vp_state {
	struct hv_synthetic_timers_state synthetic_timers;
};
HV_ASSERT_SIZE(struct hv_output_get_vp_state, 200);

/* u64 page numbers, or the data itself, follow. */
struct hv_input_set_vp_state {
	u64 partition_id;
	u32 vp_index;
	u8 input_vtl;
	u8 reserved1;
	u16 reserved2;
	struct hv_vp_state_data state_data;
};
HV_ASSERT_SIZE(struct hv_input_set_vp_state, 40);

/* Rep: u32 APIC id each; output u32 VP index each. */
struct hv_input_get_vp_index_from_apic_id {
	u64 partition_id;
	u8 target_vtl;
	u8 reserved[7];
};
HV_ASSERT_SIZE(struct hv_input_get_vp_index_from_apic_id, 16);

#define HV_CPUID_VALUES_USE_VP_XFEM_XSS	 BIT(0)
#define HV_CPUID_VALUES_APPLY_REGISTERED BIT(1)

/* Rep: struct hv_cpuid_leaf_info each. */
struct hv_input_get_vp_cpuid_values {
	u64 partition_id;
	u32 vp_index;
	u32 flags;
	u32 reserved;
	u32 padding;
};
HV_ASSERT_SIZE(struct hv_input_get_vp_cpuid_values, 24);

struct hv_cpuid_leaf_info {
	u32 eax;
	u32 ecx;
	u64 xfem;
	u64 xss;
};
HV_ASSERT_SIZE(struct hv_cpuid_leaf_info, 24);

struct hv_output_get_vp_cpuid_values {
	u32 eax;
	u32 ebx;
	u32 ecx;
	u32 edx;
};
HV_ASSERT_SIZE(struct hv_output_get_vp_cpuid_values, 16);

#define HV_DISPATCH_VP_CLEAR_INTERCEPT_SUSPEND	   0x01u
#define HV_DISPATCH_VP_ENABLE_CALLER_INTERRUPTS	   0x02u
#define HV_DISPATCH_VP_SET_CALLER_SPEC_CTRL	   0x04u
#define HV_DISPATCH_VP_SKIP_VP_SPEC_FLUSH	   0x08u
#define HV_DISPATCH_VP_SKIP_CALLER_SPEC_FLUSH	   0x10u
#define HV_DISPATCH_VP_SKIP_CALLER_USER_SPEC_FLUSH 0x20u
#define HV_DISPATCH_VP_SCAN_INTERRUPT_INJECTION	   0x40u

enum hv_vp_dispatch_state {
	HV_VP_DISPATCH_STATE_INVALID = 0,
	HV_VP_DISPATCH_STATE_BLOCKED = 1,
	HV_VP_DISPATCH_STATE_READY = 2,
};

enum hv_vp_dispatch_event {
	HV_VP_DISPATCH_EVENT_INVALID = 0,
	HV_VP_DISPATCH_EVENT_SUSPEND = 1,
	HV_VP_DISPATCH_EVENT_INTERCEPT = 2,
};

struct hv_input_dispatch_vp {
	u64 partition_id;
	u32 vp_index;
	u32 flags;
	u64 time_slice; /* 100 ns */
	u64 spec_ctrl;
};
HV_ASSERT_SIZE(struct hv_input_dispatch_vp, 32);

struct hv_output_dispatch_vp {
	u32 dispatch_state; /* enum hv_vp_dispatch_state */
	u32 dispatch_event; /* enum hv_vp_dispatch_event */
};
HV_ASSERT_SIZE(struct hv_output_dispatch_vp, 8);

/* ---- Intercepts ---- */

enum hv_intercept_type {
	HV_INTERCEPT_TYPE_X64_IO_PORT = 0x0,
	HV_INTERCEPT_TYPE_X64_MSR = 0x1,
	HV_INTERCEPT_TYPE_X64_CPUID = 0x2,
	HV_INTERCEPT_TYPE_EXCEPTION = 0x3,
	HV_INTERCEPT_TYPE_MMIO = 0x5,
	HV_INTERCEPT_TYPE_X64_GLOBAL_CPUID = 0x6,
	HV_INTERCEPT_TYPE_X64_APIC_SMI = 0x7,
	HV_INTERCEPT_TYPE_HYPERCALL = 0x8,
	HV_INTERCEPT_TYPE_X64_APIC_INIT_SIPI = 0x9,
	HV_INTERCEPT_TYPE_X64_MC_UPDATE_PATCH_LEVEL_READ = 0xA,
	HV_INTERCEPT_TYPE_X64_APIC_WRITE = 0xB,
	HV_INTERCEPT_TYPE_X64_MSR_INDEX = 0xC,
};

/* Access mask of HvCallInstallIntercept (messages use HV_INTERCEPT_ACCESS_*). */
#define HV_INTERCEPT_ACCESS_MASK_NONE	 0x0u
#define HV_INTERCEPT_ACCESS_MASK_READ	 0x1u
#define HV_INTERCEPT_ACCESS_MASK_WRITE	 0x2u
#define HV_INTERCEPT_ACCESS_MASK_EXECUTE 0x4u

struct hv_input_install_intercept {
	u64 partition_id;
	u32 access_type;
	u32 intercept_type; /* enum hv_intercept_type */
	union {
		u64 as_u64;
		u16 io_port;
		u32 cpuid_index;
		u32 apic_write_mask;
		u16 exception_vector;
		u32 msr_index;
	} parameter;
};
HV_ASSERT_SIZE(struct hv_input_install_intercept, 24);

/* Result bits outside a mask keep the value the hypervisor would return. */
struct hv_cpuid_result_parameters {
	struct {
		u32 eax;
		u32 ecx;
		u8 subleaf_specific;
		u8 always_override;
		u16 padding;
	} input;
	struct {
		u32 eax;
		u32 eax_mask;
		u32 ebx;
		u32 ebx_mask;
		u32 ecx;
		u32 ecx_mask;
		u32 edx;
		u32 edx_mask;
	} result;
};
HV_ASSERT_SIZE(struct hv_cpuid_result_parameters, 44);
HV_ASSERT_OFFSET(struct hv_cpuid_result_parameters, result, 12);

struct hv_msr_result_parameters {
	u32 msr_index;
	u32 access_type;
	u32 action;
};
HV_ASSERT_SIZE(struct hv_msr_result_parameters, 12);

/* 60 bytes: no tail padding behind the partition id's alignment. */
struct hv_input_register_intercept_result {
	u64 partition_id;
	u32 vp_index;
	u32 intercept_type; /* enum hv_intercept_type */
	union {
		struct hv_cpuid_result_parameters cpuid;
		struct hv_msr_result_parameters msr;
	} parameters;
} __attribute__((packed));
HV_ASSERT_SIZE(struct hv_input_register_intercept_result, 60);
HV_ASSERT_OFFSET(struct hv_input_register_intercept_result, parameters, 16);

/* ---- Interrupts ---- */

/* Bits 63:32 of control. */
#define HV_INTERRUPT_CONTROL_LEVEL_TRIGGERED   0x1u
#define HV_INTERRUPT_CONTROL_LOGICAL_DEST_MODE 0x2u

struct hv_input_assert_virtual_interrupt {
	u64 partition_id;
	u32 interrupt_type; /* enum hv_interrupt_type */
	u32 interrupt_flags;
	u64 destination_address;
	u32 vector;
	u8 target_vtl;
	u8 reserved1;
	u16 reserved2;
};
HV_ASSERT_SIZE(struct hv_input_assert_virtual_interrupt, 32);
HV_ASSERT_OFFSET(struct hv_input_assert_virtual_interrupt, vector, 24);

struct hv_input_clear_virtual_interrupt {
	u64 partition_id;
};
HV_ASSERT_SIZE(struct hv_input_clear_virtual_interrupt, 8);

/* Vectors an IPI hypercall may carry. */
#define HV_IPI_LOW_VECTOR  0x10
#define HV_IPI_HIGH_VECTOR 0xFF

struct hv_input_send_synthetic_cluster_ipi {
	u32 vector;
	u8 target_vtl;
	u8 reserved[3];
	u64 processor_mask;
};
HV_ASSERT_SIZE(struct hv_input_send_synthetic_cluster_ipi, 16);

/* The VP set's banks follow. */
struct hv_input_send_synthetic_cluster_ipi_ex {
	u32 vector;
	u8 target_vtl;
	u8 reserved[3];
	struct hv_vpset vp_set;
};
HV_ASSERT_SIZE(struct hv_input_send_synthetic_cluster_ipi_ex, 24);

/* Device id: type in bits 63:62. */
enum hv_device_type {
	HV_DEVICE_TYPE_LOGICAL = 0,
	HV_DEVICE_TYPE_PCI = 1,
	HV_DEVICE_TYPE_IOAPIC = 2,
	HV_DEVICE_TYPE_ACPI = 3,
};

#define HV_DEVICE_ID_TYPE_SHIFT		  62
#define HV_DEVICE_ID_IOAPIC_MASK	  0xFFull
#define HV_DEVICE_ID_PCI_RID_MASK	  0xFFFFull
#define HV_DEVICE_ID_PCI_SEGMENT_SHIFT	  16
#define HV_DEVICE_ID_PCI_SEGMENT_MASK	  (0xFFFFull << HV_DEVICE_ID_PCI_SEGMENT_SHIFT)
#define HV_DEVICE_ID_PCI_SHADOW_BUS_SHIFT 32
#define HV_DEVICE_ID_PCI_SHADOW_BUS_MASK  (0xFFFFull << HV_DEVICE_ID_PCI_SHADOW_BUS_SHIFT)
#define HV_DEVICE_ID_PCI_PHANTOM_SHIFT	  48
#define HV_DEVICE_ID_PCI_PHANTOM_MASK	  (0x3ull << HV_DEVICE_ID_PCI_PHANTOM_SHIFT)
#define HV_DEVICE_ID_PCI_SOURCE_SHADOW	  BIT(50)

/* PCI requester id. */
#define HV_PCI_RID_FUNCTION_MASK 0x0007u
#define HV_PCI_RID_DEVICE_SHIFT	 3
#define HV_PCI_RID_DEVICE_MASK	 0x00F8u
#define HV_PCI_RID_BUS_SHIFT	 8

enum hv_interrupt_source {
	HV_INTERRUPT_SOURCE_MSI = 1,
	HV_INTERRUPT_SOURCE_IOAPIC = 2,
};

enum hv_interrupt_trigger_mode {
	HV_INTERRUPT_TRIGGER_MODE_EDGE = 0,
	HV_INTERRUPT_TRIGGER_MODE_LEVEL = 1,
};

struct hv_msi_entry {
	u32 address;
	u32 data;
};
HV_ASSERT_SIZE(struct hv_msi_entry, 8);

/* I/O APIC redirection table entry. */
#define HV_IOAPIC_RTE_VECTOR_MASK	  0xFFull
#define HV_IOAPIC_RTE_DELIVERY_MODE_SHIFT 8
#define HV_IOAPIC_RTE_LOGICAL		  BIT(11)
#define HV_IOAPIC_RTE_PENDING		  BIT(12)
#define HV_IOAPIC_RTE_ACTIVE_LOW	  BIT(13)
#define HV_IOAPIC_RTE_REMOTE_IRR	  BIT(14)
#define HV_IOAPIC_RTE_LEVEL		  BIT(15)
#define HV_IOAPIC_RTE_MASKED		  BIT(16)
#define HV_IOAPIC_RTE_DESTINATION_SHIFT	  56

struct hv_interrupt_entry {
	u32 source; /* enum hv_interrupt_source */
	u32 reserved;
	union {
		struct hv_msi_entry msi_entry;
		u64 ioapic_rte;
	};
};
HV_ASSERT_SIZE(struct hv_interrupt_entry, 16);

#define HV_DEVICE_INTERRUPT_TARGET_MULTICAST	 0x1u
#define HV_DEVICE_INTERRUPT_TARGET_PROCESSOR_SET 0x2u

struct hv_device_interrupt_target {
	u32 vector;
	u32 flags;
	union {
		u64 vp_mask;
		struct hv_vpset vp_set;
	};
};
HV_ASSERT_SIZE(struct hv_device_interrupt_target, 24);

struct hv_device_interrupt_descriptor {
	u32 interrupt_type; /* enum hv_interrupt_type */
	u32 trigger_mode;   /* enum hv_interrupt_trigger_mode */
	u32 vector_count;
	u32 reserved;
	struct hv_device_interrupt_target target;
};
HV_ASSERT_SIZE(struct hv_device_interrupt_descriptor, 40);

/* The target set's banks follow. */
struct hv_input_map_device_interrupt {
	u64 partition_id;
	u64 device_id;
	u32 flags;
	u32 base_irt_index;
	struct hv_interrupt_entry logical_interrupt_entry;
	struct hv_device_interrupt_descriptor interrupt_descriptor;
};
HV_ASSERT_SIZE(struct hv_input_map_device_interrupt, 80);
HV_ASSERT_OFFSET(struct hv_input_map_device_interrupt, interrupt_descriptor, 40);

struct hv_output_map_device_interrupt {
	struct hv_interrupt_entry interrupt_entry;
	u64 reserved[5];
};
HV_ASSERT_SIZE(struct hv_output_map_device_interrupt, 56);

struct hv_input_unmap_device_interrupt {
	u64 partition_id;
	u64 device_id;
	struct hv_interrupt_entry interrupt_entry;
	u32 flags;
} __attribute__((packed));
HV_ASSERT_SIZE(struct hv_input_unmap_device_interrupt, 36);

/* The target set's banks follow. */
struct hv_input_retarget_device_interrupt {
	u64 partition_id;
	u64 device_id;
	struct hv_interrupt_entry interrupt_entry;
	u64 reserved;
	struct hv_device_interrupt_target target;
};
HV_ASSERT_SIZE(struct hv_input_retarget_device_interrupt, 64);

/* ---- Ports, connections, messages and events ---- */

enum hv_port_type {
	HV_PORT_TYPE_MESSAGE = 1,
	HV_PORT_TYPE_EVENT = 2,
	HV_PORT_TYPE_MONITOR = 3,
	HV_PORT_TYPE_DOORBELL = 4,
};

/* Port and connection ids use 24 of their 32 bits. */
#define HV_PORT_ID_MASK 0x00FFFFFFu

struct hv_port_info {
	u32 port_type; /* enum hv_port_type */
	u32 padding;
	union {
		/* Message and doorbell ports. */
		struct {
			u32 target_sint;
			u32 target_vp;
			u64 reserved;
		} target;
		struct {
			u32 target_sint;
			u32 target_vp;
			u16 base_flag_number;
			u16 flag_count;
			u32 reserved;
		} event;
		struct {
			u64 monitor_address;
			u64 reserved;
		} monitor;
	};
};
HV_ASSERT_SIZE(struct hv_port_info, 24);

struct hv_input_create_port {
	u64 port_partition_id;
	u32 port_id;
	u8 port_vtl;
	u8 min_connection_vtl;
	u16 padding;
	u64 connection_partition_id;
	struct hv_port_info port_info;
	struct hv_proximity_domain_info proximity_domain_info;
};
HV_ASSERT_SIZE(struct hv_input_create_port, 56);
HV_ASSERT_OFFSET(struct hv_input_create_port, port_info, 24);

struct hv_input_delete_port {
	u64 port_partition_id;
	u32 port_id;
	u32 reserved;
};
HV_ASSERT_SIZE(struct hv_input_delete_port, 16);

#define HV_DOORBELL_TRIGGER_SIZE_MASK  0x00000007u
#define HV_DOORBELL_TRIGGER_SIZE_ANY   0u
#define HV_DOORBELL_TRIGGER_SIZE_BYTE  1u
#define HV_DOORBELL_TRIGGER_SIZE_WORD  2u
#define HV_DOORBELL_TRIGGER_SIZE_DWORD 3u
#define HV_DOORBELL_TRIGGER_SIZE_QWORD 4u
#define HV_DOORBELL_TRIGGER_ANY_VALUE  0x80000000u

struct hv_connection_info {
	u32 port_type; /* enum hv_port_type */
	u32 padding;
	union {
		struct {
			u64 monitor_address;
		} monitor;
		struct {
			u64 gpa;
			u64 trigger_value;
			u64 flags;
		} doorbell;
	};
};
HV_ASSERT_SIZE(struct hv_connection_info, 32);

struct hv_input_connect_port {
	u64 connection_partition_id;
	u32 connection_id;
	u8 connection_vtl;
	u8 reserved1;
	u16 reserved2;
	u64 port_partition_id;
	u32 port_id;
	u32 reserved3;
	struct hv_connection_info connection_info;
	struct hv_proximity_domain_info proximity_domain_info;
};
HV_ASSERT_SIZE(struct hv_input_connect_port, 72);
HV_ASSERT_OFFSET(struct hv_input_connect_port, connection_info, 32);

#define HV_DISCONNECT_PORT_IS_DOORBELL 0x1u

struct hv_input_disconnect_port {
	u64 connection_partition_id;
	u32 connection_id;
	u32 flags;
};
HV_ASSERT_SIZE(struct hv_input_disconnect_port, 16);

struct hv_input_notify_port_ring_empty {
	u32 sint_index;
	u32 reserved;
};
HV_ASSERT_SIZE(struct hv_input_notify_port_ring_empty, 8);

struct hv_input_post_message {
	u32 connection_id;
	u32 reserved;
	u32 message_type;
	u32 payload_size;
	u8 payload[HV_MESSAGE_PAYLOAD_SIZE];
};
HV_ASSERT_SIZE(struct hv_input_post_message, 256);

struct hv_input_signal_event {
	u32 connection_id;
	u16 flag_number;
	u16 reserved;
};
HV_ASSERT_SIZE(struct hv_input_signal_event, 8);

struct hv_input_post_message_direct {
	u64 partition_id;
	u32 vp_index;
	u8 vtl;
	u8 padding1[3];
	u32 sint_index;
	u8 message[HV_MESSAGE_SIZE];
	u32 padding2;
};
HV_ASSERT_SIZE(struct hv_input_post_message_direct, 280);
HV_ASSERT_OFFSET(struct hv_input_post_message_direct, message, 20);

struct hv_input_signal_event_direct {
	u64 target_partition;
	u32 target_vp;
	u8 target_vtl;
	u8 target_sint;
	u16 flag_number;
};
HV_ASSERT_SIZE(struct hv_input_signal_event_direct, 16);

struct hv_output_signal_event_direct {
	u8 newly_signaled;
	u8 reserved[7];
};
HV_ASSERT_SIZE(struct hv_output_signal_event_direct, 8);

#endif
