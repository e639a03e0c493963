/* SPDX-License-Identifier: BSD-2-Clause */
/* One entry for each of the 256 vectors, and excursions into other privilege levels and modes. */
	.text
	.balign	16
	.globl	vector_entries
vector_entries:
	.set	vector, 0
	.rept	256
	.balign	16
	/* Exceptions 8, 10 to 14, 17 and 21 push an error code; give the others one. */
	.if	!(vector == 8 || (vector >= 10 && vector <= 14) || vector == 17 || vector == 21)
	push	$0
	.endif
	push	$vector
	jmp	enter
	.set	vector, vector + 1
	.endr

enter:
	push	%rax
	push	%rcx
	push	%rdx
	push	%rbx
	push	%rbp
	push	%rsi
	push	%rdi
	push	%r8
	push	%r9
	push	%r10
	push	%r11
	push	%r12
	push	%r13
	push	%r14
	push	%r15
	cld
	mov	%rsp, %rdi
	mov	%rsp, %rbp
	and	$-16, %rsp
	call	interrupt_arrived
	mov	%rbp, %rsp
	pop	%r15
	pop	%r14
	pop	%r13
	pop	%r12
	pop	%r11
	pop	%r10
	pop	%r9
	pop	%r8
	pop	%rdi
	pop	%rsi
	pop	%rbp
	pop	%rbx
	pop	%rdx
	pop	%rcx
	pop	%rax
	add	$16, %rsp
	iretq

/*
 * void excursion_enter(u64 *saved_rsp, u64 cs, u64 ss, u64 rip, u64 rsp)
 * Continues at another place; the first exception or INT 0x80 there returns to the caller.
 */
	.globl	excursion_enter
excursion_enter:
	push	%rbp
	push	%rbx
	push	%r12
	push	%r13
	push	%r14
	push	%r15
	mov	%rsp, (%rdi)
	push	%rdx
	push	%r8
	push	$2
	push	%rsi
	push	%rcx
	iretq

	.globl	excursion_return
excursion_return:
	pop	%r15
	pop	%r14
	pop	%r13
	pop	%r12
	pop	%rbx
	pop	%rbp
	ret
	.section .note.GNU-stack, "", @progbits
