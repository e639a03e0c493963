/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From the loader's 32-bit world to 64-bit C. The loader is a multiboot 1 one (QEMU -kernel,
 * GRUB): protected mode, paging off, interrupts off, EAX = magic, EBX = information.
 */
#include "machine/x86/registers.h"

#define HEADER_MAGIC 0x1badb002
#define HEADER_FLAGS 0x00010003 /* page-aligned modules, memory map, addresses in the header */
#define LOAD_CHECK   0x4d495254

#define PAGE_PRESENT_WRITE 0x003
#define PAGE_LARGE	   0x083

	.section .multiboot, "ax"
	.balign 4
multiboot_header:
	.long HEADER_MAGIC
	.long HEADER_FLAGS
	.long -(HEADER_MAGIC + HEADER_FLAGS)
	.long multiboot_header
	.long image_start
	.long image_load_end
	.long image_end
	.long boot_entry

/* DOC: boot-entry */
	.text
	.code32
	.globl boot_entry
boot_entry:
	cli
	cld
	movl	%eax, %edi
	movl	%ebx, %esi
	movl	$text_bad_load, %ebp
	cmpl	$LOAD_CHECK, load_check
	jne	refuse
	movl	$text_no_long_mode, %ebp
	movl	$0x80000000, %eax
	cpuid
	cmpl	$0x80000001, %eax
	jb	refuse
	movl	$0x80000001, %eax
	cpuid
	andl	$(CPUID_E1_EDX_LONG_MODE | CPUID_E1_EDX_NX), %edx
	cmpl	$(CPUID_E1_EDX_LONG_MODE | CPUID_E1_EDX_NX), %edx
	jne	refuse

	/* Identity map of the first 4 GiB in 2 MiB pages: 1 + 1 + 4 tables, all zero before. */
	movl	$(boot_level_3 + PAGE_PRESENT_WRITE), boot_level_4
	xorl	%ecx, %ecx
	movl	$(boot_level_2 + PAGE_PRESENT_WRITE), %eax
1:	movl	%eax, boot_level_3(, %ecx, 8)
	addl	$4096, %eax
	incl	%ecx
	cmpl	$4, %ecx
	jb	1b
	xorl	%ecx, %ecx
	movl	$PAGE_LARGE, %eax
2:	movl	%eax, boot_level_2(, %ecx, 8)
	addl	$0x200000, %eax
	incl	%ecx
	cmpl	$2048, %ecx
	jb	2b

	lgdt	boot_gdt_pointer
	ljmp	$SELECTOR_CODE_32, $boot_long_mode

/*
 * Every LP comes through here, in 32-bit protected mode on the boot GDT, once. Keeps EDI and ESI,
 * the arguments of the C function in boot_start.
 */
	.globl boot_long_mode
boot_long_mode:
	movl	$SELECTOR_DATA, %eax
	movl	%eax, %ds
	movl	%eax, %es
	movl	%eax, %ss
	xorl	%eax, %eax
	movl	%eax, %fs
	movl	%eax, %gs
	lldt	%ax
	movl	$CR4_PAE, %eax
	movl	%eax, %cr4
	movl	boot_start, %eax
	movl	%eax, %cr3
	movl	$MSR_EFER, %ecx
	rdmsr
	andl	$~EFER_SVME, %eax
	orl	$(EFER_LME | EFER_NXE), %eax
	wrmsr
	movl	$(CR0_PE | CR0_MP | CR0_ET | CR0_NE | CR0_WP | CR0_PG), %eax
	movl	%eax, %cr0
	ljmp	$SELECTOR_CODE, $1f

	.code64
1:	movq	boot_start + 8, %rsp
	xorl	%ebp, %ebp
	movl	%edi, %edi
	movl	%esi, %esi
	call	*(boot_start + 16)
	ud2

/* EBP = text. There is no way on, and no C yet to say so. */
	.code32
refuse:
	movl	$0x3f8, %edx
1:	movb	(%ebp), %al
	testb	%al, %al
	jz	3f
	outb	%al, %dx
	outb	%al, $0xe9
	incl	%ebp
	addl	$5, %edx /* line status; bit 5 = may send */
	movl	$100000, %ecx
2:	inb	%dx, %al
	testb	$0x20, %al
	loopz	2b
	subl	$5, %edx
	jmp	1b
3:	hlt
	jmp	3b

	.section .rodata
text_no_long_mode:
	.asciz	"trivium: this processor has no 64-bit mode or no no-execute pages\r\n"
text_bad_load:
	.asciz	"trivium: the loader has put the image in memory wrongly\r\n"

	.balign 8
boot_gdt_pointer:
	.word	4 * 8 - 1
	.long	boot_gdt

/* Accessed bits are set, so that the processor need not write to read-only memory. */
	.balign 8
	.globl boot_gdt
boot_gdt:
	.quad	0
	.quad	0x00af9b000000ffff /* SELECTOR_CODE */
	.quad	0x00cf93000000ffff /* SELECTOR_DATA */
	.quad	0x00cf9b000000ffff /* SELECTOR_CODE_32 */

/* struct boot_start: page table root, stack, C function and index of the LP that comes next. */
	.data
	.balign 8
	.globl boot_start
boot_start:
	.quad	boot_level_4
	.quad	lp_stacks + STACK_GUARD + STACK_SIZE
	.quad	boot_main
	.quad	0

	.section .load_check, "aw"
load_check:
	.long	LOAD_CHECK

	.bss
	.balign 4096
boot_level_4:
	.skip	4096
boot_level_3:
	.skip	4096
boot_level_2:
	.skip	4 * 4096

	.section .note.GNU-stack, "", @progbits
