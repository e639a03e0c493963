/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Descriptor tables. Long mode needs little of them: flat code and data, and a task state segment
 * per LP for the stacks of the exceptions that must not trust the current one (APM vol. 2 §4.8,
 * §8.9.4, §12.2.5).
 */
#include "machine/x86/cpu.h"
#include "machine/x86/x86.h"

#define DESCRIPTOR_CODE 0x00af9b000000ffffull
#define DESCRIPTOR_DATA 0x00cf93000000ffffull
#define DESCRIPTOR_TSS	0x0000890000000000ull /* present, available 64-bit TSS */

struct local locals[MAX_LPS];
struct lp_stacks lp_stacks[MAX_LPS] __attribute__((aligned(4096)));

_Static_assert(sizeof(struct lp_stacks) == STACK_TOTAL, "registers.h must agree with the struct");
_Static_assert(sizeof(struct task_state) == 104, "the processor defines this");
_Static_assert(offsetof(struct lp_stacks, stack) == STACK_GUARD, "boot/entry.S relies on it");

static void task_state_fill(struct local *local)
{
	struct lp_stacks *stacks = &lp_stacks[local->index];
	u64 base = (u64)&local->task;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(stacks->ist); i++)
		local->task.ist[i] = (u64)(stacks->ist[i].stack + STACK_IST);
	local->task.io_map = sizeof(local->task);
	local->gdt[3] = DESCRIPTOR_TSS | (sizeof(local->task) - 1) | (base & 0xffffff) << 16 |
			(base >> 24 & 0xff) << 56;
	local->gdt[4] = base >> 32;
}

void segments_load(u32 lp_index)
{
	struct local *local = &locals[lp_index];
	struct {
		u16 limit;
		u64 base;
	} __attribute__((packed)) pointer = {sizeof(local->gdt) - 1, (u64)local->gdt};

	local->index = lp_index;
	local->deadline = ~0ull;
	local->gdt[1] = DESCRIPTOR_CODE;
	local->gdt[2] = DESCRIPTOR_DATA;
	task_state_fill(local);
	__asm__ volatile("lgdt %0" : : "m"(pointer) : "memory");
	__asm__ volatile("ltr %w0" : : "r"(SELECTOR_TSS) : "memory");
	msr_write(MSR_FS_BASE, 0);
	msr_write(MSR_GS_BASE, (u64)local);
	interrupts_load();
}

u32 machine_lp_index(void)
{
	u32 index;

	__asm__("movl %%gs:%c1, %0" : "=r"(index) : "i"(offsetof(struct local, index)));
	return index;
}
