/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/emulator/lib/hypercall.h"

#include "core/lib/string.h"

u8 hypercall_input[PAGE_SIZE] __attribute__((aligned(4096)));
u8 hypercall_output[PAGE_SIZE] __attribute__((aligned(4096)));

u32 hypercall(u16 code, const void *input, u32 size)
{
	memcpy(hypercall_input, input, size);
	return hypercall_status(hypercall_raw(code, (u64)hypercall_input, (u64)hypercall_output));
}

u64 hypercall_rep(
	u16 code, const void *header, u32 header_size, const void *list, u32 element, u32 count)
{
	u64 control = code | (u64)count << HV_HYPERCALL_REP_COUNT_SHIFT;

	memcpy(hypercall_input, header, header_size);
	if (list)
		memcpy(hypercall_input + header_size, list, (u64)element * count);
	return hypercall_raw(control, (u64)hypercall_input, (u64)hypercall_output);
}
