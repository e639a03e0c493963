/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef TESTS_EMULATOR_SYNIC_SYNIC_H
#define TESTS_EMULATOR_SYNIC_SYNIC_H

#include "abi/hv_cpuid.h"
#include "abi/hv_msr.h"
#include "tests/emulator/lib/child.h"

#define FEATURES                                                                                   \
	(HV_SYNTHETIC_FEATURE_HYPERVISOR_PRESENT | HV_SYNTHETIC_FEATURE_HV1 |                      \
		HV_SYNTHETIC_FEATURE_ACCESS_PARTITION_REFERENCE_COUNTER |                          \
		HV_SYNTHETIC_FEATURE_ACCESS_SYNIC_REGS |                                           \
		HV_SYNTHETIC_FEATURE_ACCESS_SYNTHETIC_TIMER_REGS |                                 \
		HV_SYNTHETIC_FEATURE_ACCESS_INTR_CTRL_REGS |                                       \
		HV_SYNTHETIC_FEATURE_ACCESS_HYPERCALL_REGS |                                       \
		HV_SYNTHETIC_FEATURE_ACCESS_VP_INDEX |                                             \
		HV_SYNTHETIC_FEATURE_START_VIRTUAL_PROCESSOR |                                     \
		HV_SYNTHETIC_FEATURE_EXTENDED_PROCESSOR_MASKS)

#define STEP_PORT 0x77 /* the child has come to where the parent must act */

/* A child with one VP about to run `function` in 64-bit mode. */
void begin(struct child *child, void (*function)(void));
/* Waits until the child stands at its next step. */
bool child_step(struct child *child);
/* x2APIC mode and interrupts, in the child. */
void prepare_interrupts(void);

/* messages.c */
void check_timer_messages(void);
void check_direct_messages(void);
void check_ports(void);
/* calls.c */
void check_processors(void);
void check_intercepts(void);
void check_crash(void);

#endif
