/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One stub of 16 bytes for each of the 256 vectors (APM vol. 2 §8.2, §8.9).
 *
 * Interrupts and NMI: short way, only the registers that C may change are saved. The stub makes a
 * frame first, so that a backtrace sees straight into the interrupted function.
 * Exceptions: all registers, as struct exception_frame, because we are about to die of it.
 */
#include "machine/x86/registers.h"

	.text
	.balign 16
	.globl interrupt_stubs
interrupt_stubs:
	.set	vector, 0
	.rept	256
	.balign	16
	.if	vector >= 32 || vector == 2
	pushq	%rbp
	movq	%rsp, %rbp
	pushq	%rdi
	movl	$vector, %edi
	jmp	interrupt_common
	.else
	/* #DF #TS #NP #SS #GP #PF #AC #CP #VC #SX come with an error code. */
	.if	vector != 8 && vector != 10 && vector != 11 && vector != 12 && vector != 13 && \
		vector != 14 && vector != 17 && vector != 21 && vector != 29 && vector != 30
	pushq	$0
	.endif
	pushq	$vector
	jmp	exception_common
	.endif
	.set	vector, vector + 1
	.endr
	.balign	16

/* RSP is 16-byte aligned plus 8 on entry: 5 words by the processor, 2 by the stub. */
interrupt_common:
	pushq	%rax
	pushq	%rcx
	pushq	%rdx
	pushq	%rsi
	pushq	%r8
	pushq	%r9
	pushq	%r10
	pushq	%r11
	subq	$8, %rsp
	cld
	call	interrupt_taken
	addq	$8, %rsp
	popq	%r11
	popq	%r10
	popq	%r9
	popq	%r8
	popq	%rsi
	popq	%rdx
	popq	%rcx
	popq	%rax
	popq	%rdi
	popq	%rbp
	iretq

exception_common:
	pushq	%rax
	pushq	%rcx
	pushq	%rdx
	pushq	%rbx
	pushq	%rbp
	pushq	%rsi
	pushq	%rdi
	pushq	%r8
	pushq	%r9
	pushq	%r10
	pushq	%r11
	pushq	%r12
	pushq	%r13
	pushq	%r14
	pushq	%r15
	cld
	movq	%rsp, %rdi
	xorl	%ebp, %ebp
	andq	$-16, %rsp
	call	exception_taken
	ud2

	.section .note.GNU-stack, "", @progbits
