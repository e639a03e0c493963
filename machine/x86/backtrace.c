/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where are we, and who called? By frame pointers, with names from the table that
 * tools/symbols.sh makes of the first link.
 */
#include "machine/x86/cpu.h"
#include "machine/x86/x86.h"
#include "core/log.h"

#define MAX_FRAMES 24

struct symbol {
	u32 address;
	u32 name; /* offset in symbol_names */
};

/* Empty in an image linked without the table. */
extern const struct symbol symbols_start[], symbols_end[];

static bool is_code(u64 address)
{
	return address >= (u64)image_start && address < (u64)image_rodata;
}

static const struct symbol *symbol_at(u64 address)
{
	size_t low = 0, high = (size_t)(symbols_end - symbols_start);

	if (!is_code(address))
		return NULL;
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (symbols_start[middle].address <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low ? &symbols_start[low - 1] : NULL;
}

/* `lookup` differs from `address` for return addresses: they may lie behind the function's end. */
static void print_address(u64 address, u64 lookup)
{
	const struct symbol *symbol = symbol_at(lookup);
	const char *names = (const char *)symbols_end;

	if (symbol)
		log_error("  %p %s+0x%lx", (void *)address, names + symbol->name,
			address - symbol->address);
	else
		log_error("  %p", (void *)address);
}

static void print_registers(const struct exception_frame *f)
{
	log_error("  rip %016lx  cs  %04lx  rflags %08lx", f->rip, f->cs, f->rflags);
	log_error("  rsp %016lx  ss  %04lx", f->rsp, f->ss);
	log_error(
		"  rax %016lx  rbx %016lx  rcx %016lx  rdx %016lx", f->rax, f->rbx, f->rcx, f->rdx);
	log_error(
		"  rsi %016lx  rdi %016lx  rbp %016lx  r8  %016lx", f->rsi, f->rdi, f->rbp, f->r8);
	log_error(
		"  r9  %016lx  r10 %016lx  r11 %016lx  r12 %016lx", f->r9, f->r10, f->r11, f->r12);
	log_error("  r13 %016lx  r14 %016lx  r15 %016lx", f->r13, f->r14, f->r15);
	log_error("  cr0 %08lx  cr2 %016lx  cr3 %016lx  cr4 %08lx", cr0_read(), cr2_read(),
		cr3_read(), cr4_read());
}

/* Where the exception was; and after a jump into nowhere, the caller, on top of the stack. */
static void print_interrupted(const struct exception_frame *exception)
{
	print_address(exception->rip, exception->rip);
	if (!is_code(exception->rip) && stack_holds_frame(exception->rsp)) {
		u64 caller = *(const u64 *)exception->rsp;

		if (is_code(caller))
			print_address(caller, caller - 1);
	}
}

void machine_backtrace(void)
{
	const struct exception_frame *exception = this_local()->exception;
	const u64 *frame = __builtin_frame_address(0);
	u32 depth;

	if (exception) {
		print_registers(exception);
		frame = (const u64 *)exception->rbp;
	}
	log_error("calls:");
	if (exception)
		print_interrupted(exception);
	for (depth = 0; depth < MAX_FRAMES && stack_holds_frame((u64)frame); depth++) {
		if (!frame[1])
			break;
		print_address(frame[1], frame[1] - 1);
		frame = (const u64 *)frame[0];
	}
}
