/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef TESTS_EMULATOR_INTERCEPTS_INTERCEPTS_H
#define TESTS_EMULATOR_INTERCEPTS_INTERCEPTS_H

/* msrs.c */
void check_synthetic_msrs(void);
void check_other_msrs(void);
/* instructions.c */
void check_instructions(void);
void check_hypercall_environment(void);

#endif
