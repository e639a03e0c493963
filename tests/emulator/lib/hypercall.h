/* SPDX-License-Identifier: BSD-2-Clause */
/* Hypercalls as instructions: the caller fills hypercall_input and reads hypercall_output. */
#ifndef TESTS_EMULATOR_LIB_HYPERCALL_H
#define TESTS_EMULATOR_LIB_HYPERCALL_H

#include "abi/hv_hypercall.h"
#include "abi/hv_status.h"

/* One page each. */
extern u8 hypercall_input[PAGE_SIZE];
extern u8 hypercall_output[PAGE_SIZE];

/* VMMCALL with these registers; the whole result word. */
static inline u64 hypercall_raw(u64 control, u64 input, u64 output)
{
	register u64 r8 __asm__("r8") = output;
	u64 result;

	__asm__ volatile("vmmcall"
			 : "=a"(result), "+c"(control), "+d"(input), "+r"(r8)
			 :
			 : "memory", "cc", "r9", "r10", "r11");
	return result;
}

static inline u32 hypercall_status(u64 result)
{
	return result & HV_HYPERCALL_RESULT_STATUS_MASK;
}

static inline u32 hypercall_reps(u64 result)
{
	return (result & HV_HYPERCALL_RESULT_REPS_MASK) >> HV_HYPERCALL_RESULT_REPS_SHIFT;
}

/* A simple call with the input page cleared and filled from `input`. Returns the status. */
u32 hypercall(u16 code, const void *input, u32 size);
/* A simple call whose input fits RDX and R8. */
static inline u32 hypercall_fast(u16 code, u64 first, u64 second)
{
	return hypercall_status(hypercall_raw(code | HV_HYPERCALL_FAST, first, second));
}
/* A repeated call: header, then `list`, `count` elements of `element` bytes. Whole result word. */
u64 hypercall_rep(
	u16 code, const void *header, u32 header_size, const void *list, u32 element, u32 count);

#endif
