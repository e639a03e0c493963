/* SPDX-License-Identifier: BSD-2-Clause */
/* State of a virtual processor as its parent or its guest sees it in memory. */
#ifndef ABI_HV_STATE_H
#define ABI_HV_STATE_H

#include "abi/hv_message.h"
#include "abi/hv_types.h"

/* Register EXPLICIT_SUSPEND, INTERCEPT_SUSPEND and DISPATCH_SUSPEND. */
#define HV_SUSPEND_SUSPENDED BIT(0)

/* Register INTERNAL_ACTIVITY_STATE: waiting for SIPI, in HLT, in GUEST_IDLE. */
#define HV_ACTIVITY_STARTUP_SUSPEND BIT(0)
#define HV_ACTIVITY_HALT_SUSPEND    BIT(1)
#define HV_ACTIVITY_IDLE_SUSPEND    BIT(2)

/* Register PENDING_INTERRUPTION (TLFS HV_X64_PENDING_INTERRUPTION_REGISTER). */
enum hv_interruption_type {
	HV_INTERRUPTION_EXTERNAL_INTERRUPT = 0,
	HV_INTERRUPTION_NMI = 2,
	HV_INTERRUPTION_HARDWARE_EXCEPTION = 3,
	HV_INTERRUPTION_SOFTWARE_INTERRUPT = 4,
	HV_INTERRUPTION_PRIVILEGED_SOFTWARE_EXCEPTION = 5,
	HV_INTERRUPTION_SOFTWARE_EXCEPTION = 6,
};

#define HV_PENDING_INTERRUPTION_PENDING		   BIT(0)
#define HV_PENDING_INTERRUPTION_TYPE_SHIFT	   1
#define HV_PENDING_INTERRUPTION_TYPE_MASK	   (0x7ull << HV_PENDING_INTERRUPTION_TYPE_SHIFT)
#define HV_PENDING_INTERRUPTION_DELIVER_ERROR_CODE BIT(4)
#define HV_PENDING_INTERRUPTION_LENGTH_SHIFT	   5
#define HV_PENDING_INTERRUPTION_LENGTH_MASK	   (0xFull << HV_PENDING_INTERRUPTION_LENGTH_SHIFT)
#define HV_PENDING_INTERRUPTION_NESTED		   BIT(9)
#define HV_PENDING_INTERRUPTION_VECTOR_SHIFT	   16
#define HV_PENDING_INTERRUPTION_VECTOR_MASK	   (0xFFFFull << HV_PENDING_INTERRUPTION_VECTOR_SHIFT)
#define HV_PENDING_INTERRUPTION_ERROR_CODE_SHIFT   32

/* Register INTERRUPT_STATE. */
#define HV_INTERRUPT_STATE_SHADOW     BIT(0)
#define HV_INTERRUPT_STATE_NMI_MASKED BIT(1)

/* Registers PENDING_EVENT0/1: bits of the low half; an exception's parameter is the high half. */
enum hv_pending_event_type {
	HV_PENDING_EVENT_EXCEPTION = 0,
	HV_PENDING_EVENT_EXT_INT = 5,
};

#define HV_PENDING_EVENT_PENDING		BIT(0)
#define HV_PENDING_EVENT_TYPE_SHIFT		1
#define HV_PENDING_EVENT_TYPE_MASK		(0x7ull << HV_PENDING_EVENT_TYPE_SHIFT)
#define HV_PENDING_EXCEPTION_DELIVER_ERROR_CODE BIT(8)
#define HV_PENDING_EXCEPTION_VECTOR_SHIFT	16
#define HV_PENDING_EXCEPTION_VECTOR_MASK	(0xFFFFull << HV_PENDING_EXCEPTION_VECTOR_SHIFT)
#define HV_PENDING_EXCEPTION_ERROR_CODE_SHIFT	32
#define HV_PENDING_EXT_INT_VECTOR_SHIFT		8
#define HV_PENDING_EXT_INT_VECTOR_MASK		(0xFFull << HV_PENDING_EXT_INT_VECTOR_SHIFT)

/* Register DELIVERABILITY_NOTIFICATIONS: what the parent wants to be told about. */
#define HV_DELIVERABILITY_NMI		 BIT(0)
#define HV_DELIVERABILITY_INTERRUPT	 BIT(1)
#define HV_DELIVERABILITY_PRIORITY_SHIFT 2
#define HV_DELIVERABILITY_PRIORITY_MASK	 (0xFull << HV_DELIVERABILITY_PRIORITY_SHIFT)
#define HV_DELIVERABILITY_SINT_SHIFT	 48
#define HV_DELIVERABILITY_SINT_MASK	 (0xFFFFull << HV_DELIVERABILITY_SINT_SHIFT)

/* Local APIC image of HvCallGetVpState / HvCallSetVpState; registers as in xAPIC format. */
struct hv_local_interrupt_controller_state {
	u32 apic_id;
	u32 apic_version;
	u32 apic_ldr;
	u32 apic_dfr;
	u32 apic_spurious;
	u32 apic_isr[8];
	u32 apic_tmr[8];
	u32 apic_irr[8];
	u32 apic_esr;
	u32 apic_icr_high;
	u32 apic_icr_low;
	u32 apic_lvt_timer;
	u32 apic_lvt_thermal;
	u32 apic_lvt_perfmon;
	u32 apic_lvt_lint0;
	u32 apic_lvt_lint1;
	u32 apic_lvt_error;
	u32 apic_lvt_cmci;
	u32 apic_error_status;
	u32 apic_initial_count;
	u32 apic_counter_value;
	u32 apic_divide_configuration;
	u32 apic_remote_read;
};
HV_ASSERT_SIZE(struct hv_local_interrupt_controller_state, 176);
HV_ASSERT_OFFSET(struct hv_local_interrupt_controller_state, apic_esr, 116);
HV_ASSERT_OFFSET(struct hv_local_interrupt_controller_state, apic_initial_count, 160);

/* Register page (HV_VP_STATE_PAGE_REGISTERS): bits of dirty, set by the VMM. */
#define HV_REGISTER_PAGE_VERSION       1
#define HV_REGISTER_PAGE_DIRTY_GENERAL BIT(0)
#define HV_REGISTER_PAGE_DIRTY_IP      BIT(1)
#define HV_REGISTER_PAGE_DIRTY_XMM     BIT(2)
#define HV_REGISTER_PAGE_DIRTY_SEGMENT BIT(3)
#define HV_REGISTER_PAGE_DIRTY_FLAGS   BIT(4)
#define HV_REGISTER_PAGE_MAX_VECTORS   7

struct hv_vp_register_page {
	u16 version;
	u8 isvalid;
	u8 reserved1;
	u32 dirty;
	u64 gpr[16]; /* rax rcx rdx rbx rsp rbp rsi rdi r8..r15 */
	u64 rip;
	u64 rflags;
	u64 reserved2;
	struct hv_u128 xmm[6];
	struct hv_x64_segment_register segment[6]; /* es cs ss ds fs gs */
	/* From here on the VMM may only read. */
	u64 cr0;
	u64 cr3;
	u64 cr4;
	u64 cr8;
	u64 efer;
	u64 dr7;
	u64 pending_interruption;
	u64 interrupt_state;
	u64 instruction_emulation_hints;
	u64 xfem;
	u8 reserved3[256];
	/* Interrupts the root scheduler injects with HvCallDispatchVp. */
	union {
		u64 vectors; /* both, to be exchanged at once */
		struct {
			u8 vector_count;
			u8 vector[HV_REGISTER_PAGE_MAX_VECTORS];
		};
	};
};
HV_ASSERT_SIZE(struct hv_vp_register_page, 696);
HV_ASSERT_OFFSET(struct hv_vp_register_page, rip, 136);
HV_ASSERT_OFFSET(struct hv_vp_register_page, xmm, 160);
HV_ASSERT_OFFSET(struct hv_vp_register_page, segment, 256);
HV_ASSERT_OFFSET(struct hv_vp_register_page, cr0, 352);
HV_ASSERT_OFFSET(struct hv_vp_register_page, pending_interruption, 400);
HV_ASSERT_OFFSET(struct hv_vp_register_page, reserved3, 432);
HV_ASSERT_OFFSET(struct hv_vp_register_page, vector_count, 688);

#define HV_STIMER_STATE_UNDELIVERED BIT(0)

struct hv_stimer_state {
	u32 flags;
	u32 reserved;
	u64 config;
	u64 count;
	u64 adjustment;
	u64 undelivered_expiration_time;
};
HV_ASSERT_SIZE(struct hv_stimer_state, 40);

struct hv_synthetic_timers_state {
	struct hv_stimer_state timers[HV_SYNIC_STIMER_COUNT];
	u64 reserved[5];
};
HV_ASSERT_SIZE(struct hv_synthetic_timers_state, 200);

/* time = (tsc * scale >> 64) + offset; a sequence of 0 sends the guest to the MSR. */
#define HV_REFERENCE_TSC_SEQUENCE_INVALID 0

struct hv_reference_tsc_page {
	u32 tsc_sequence;
	u32 reserved;
	u64 tsc_scale;
	s64 tsc_offset;
};
HV_ASSERT_SIZE(struct hv_reference_tsc_page, 24);

/* VP assist page (TLFS "Virtual Processor Assist Page"); only apic_assist is used here. */
#define HV_APIC_ASSIST_NO_EOI_REQUIRED BIT(0)

struct hv_vp_assist_page {
	u32 apic_assist;
	u32 reserved1;
	u32 vtl_entry_reason;
	u32 vtl_reserved;
	u64 vtl_return_rax;
	u64 vtl_return_rcx;
	u32 nested_features;
	u32 nested_hypercall_controls;
	u8 enlighten_vm_entry;
	u8 reserved2[7];
	u64 current_nested_vmcs;
	u8 time_unhalted_timer_expired;
	u8 reserved3[7];
	u8 virtualization_fault_information[40];
	u8 reserved4[8];
	u8 intercept_message[HV_MESSAGE_SIZE];
	u8 vtl_return_actions[256];
};
HV_ASSERT_SIZE(struct hv_vp_assist_page, 624);
HV_ASSERT_OFFSET(struct hv_vp_assist_page, current_nested_vmcs, 48);
HV_ASSERT_OFFSET(struct hv_vp_assist_page, intercept_message, 112);

#endif
