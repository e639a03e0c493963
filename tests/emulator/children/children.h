/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef TESTS_EMULATOR_CHILDREN_CHILDREN_H
#define TESTS_EMULATOR_CHILDREN_CHILDREN_H

#include "abi/hv_cpuid.h"
#include "tests/emulator/lib/child.h"

#define FEATURES                                                                                   \
	(HV_SYNTHETIC_FEATURE_HYPERVISOR_PRESENT | HV_SYNTHETIC_FEATURE_HV1 |                      \
		HV_SYNTHETIC_FEATURE_ACCESS_PARTITION_REFERENCE_COUNTER |                          \
		HV_SYNTHETIC_FEATURE_ACCESS_HYPERCALL_REGS | HV_SYNTHETIC_FEATURE_ACCESS_VP_INDEX)

/* A child with one VP about to run `function` in 64-bit mode. */
void begin_64(struct child *child, void (*function)(void));
/* A child with one VP at the beginning of 16-bit code that lies at GPA 0x1000. */
u8 *begin_real(struct child *child, const u8 *code, const u8 *end);

/* messages.c */
void check_ports(void);
void check_memory(void);
/* state.c */
void check_registers(void);
void check_suspension(void);
void check_cpuid_results(void);
/* faults.c */
void check_denied_calls(void);
void check_faults(void);
/* interrupts.c */
void check_halt(void);
void check_apic(void);
void check_startup(void);
/* doorbell.c */
void check_doorbell(void);
/* synic.c */
void check_child_messages(void);
void check_child_events(void);

#endif
