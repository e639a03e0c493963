/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * First instructions of an LP that got a startup interrupt: real mode, CS:0 = the page below 1 MiB
 * that machine/x86/smp.c copied this to (APM vol. 2 §15.27.6 and §16.5). Only as much as leads
 * into the image; the rest of the way is boot/entry.S.
 */
#include "machine/x86/registers.h"

	.section .rodata
	.code16
	.globl trampoline_start, trampoline_end
trampoline_start:
	cli
	cld
	movw	%cs, %ax
	movw	%ax, %ds
	lgdtl	trampoline_gdt_pointer - trampoline_start
	movl	%cr0, %eax
	orl	$CR0_PE, %eax
	movl	%eax, %cr0
	ljmpl	$SELECTOR_CODE_32, $boot_long_mode
	.balign	8
trampoline_gdt_pointer:
	.word	4 * 8 - 1
	.long	boot_gdt
trampoline_end:

	.section .note.GNU-stack, "", @progbits
