/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The first instructions of a test partition's processors: from where the loader (or a startup
 * interrupt) leaves them to 64-bit C with memory mapped one to one.
 */
#define CR4_PAE	    0x20
#define CR0_PG_WP   0x80010000
#define EFER	    0xc0000080
#define EFER_LME_NX 0x900
#define X2APIC_ID   0x802
#define FIRST_APIC_ID 72 /* in struct payload_header */

	.section .header, "ax"
	.code32
	.globl	image_header
image_header:
	.byte	0xe9
	.long	entry_32 - (. + 4)
	.skip	3
	.ascii	"TRVTEST\0"
	.quad	image_header
	.quad	image_memory_size
	.skip	160

	.text
entry_32:
	cld
	/* Four tables of 512 entries map 4 GiB in pages of 2 MiB: present, writable, user. */
	mov	$page_directories, %edi
	mov	$0x87, %eax
	xor	%edx, %edx
	mov	$2048, %ecx
1:	mov	%eax, (%edi)
	mov	%edx, 4(%edi)
	add	$0x200000, %eax
	add	$8, %edi
	loop	1b
	mov	$page_directories + 7, %eax
	mov	$page_pointers, %edi
	mov	$4, %ecx
2:	mov	%eax, (%edi)
	add	$0x1000, %eax
	add	$8, %edi
	loop	2b
	movl	$page_pointers + 7, page_root
	lgdt	gdt_pointer
	ljmp	$0x08, $to_long_mode

/* Every processor: flat 32-bit mode with our own GDT. */
to_long_mode:
	mov	$0x10, %eax
	mov	%eax, %ds
	mov	%eax, %es
	mov	%eax, %ss
	mov	%cr4, %eax
	or	$CR4_PAE, %eax
	mov	%eax, %cr4
	mov	$page_root, %eax
	mov	%eax, %cr3
	mov	$EFER, %ecx
	rdmsr
	or	$EFER_LME_NX, %eax
	wrmsr
	mov	%cr0, %eax
	or	$CR0_PG_WP, %eax
	mov	%eax, %cr0
	ljmp	$0x18, $long_mode

	.code64
long_mode:
	mov	$X2APIC_ID, %ecx
	rdmsr
	mov	%eax, %edi
	sub	image_header + FIRST_APIC_ID, %edi
	/* Stacks of 16 KiB grow down from their ends. */
	lea	1(%rdi), %rax
	shl	$14, %rax
	lea	cpu_stacks(%rax), %rsp
	xor	%ebp, %ebp
	push	%rbp
	jmp	cpu_entry

/* Copied to a page below 1 MiB; CS:IP points at its beginning. */
	.code16
	.globl	startup_code
	.globl	startup_code_end
startup_code:
	cli
	mov	%cs, %ax
	mov	%ax, %ds
	lgdtl	gdt_pointer_copy - startup_code
	mov	%cr0, %eax
	or	$1, %eax
	mov	%eax, %cr0
	ljmpl	$0x08, $to_long_mode
	.balign	8
gdt_pointer_copy:
	.word	gdt_end - gdt - 1
	.long	gdt
startup_code_end:

	.data
	.balign	16
	.globl	gdt
gdt:
	.quad	0
	.quad	0x00cf9b000000ffff	/* 08 code, 32 bits */
	.quad	0x00cf93000000ffff	/* 10 data */
	.quad	0x00af9b000000ffff	/* 18 code, 64 bits */
	.quad	0x00cff3000000ffff	/* 20 data, user */
	.quad	0x00affb000000ffff	/* 28 code, 64 bits, user */
	.skip	16 * 16			/* 30 task states, one a processor */
gdt_end:
	.globl	gdt_pointer
gdt_pointer:
	.word	gdt_end - gdt - 1
	.quad	gdt

	.bss
	.balign	4096
	.globl	page_root
page_root:
	.skip	4096
page_pointers:
	.skip	4096
page_directories:
	.skip	4 * 4096
	.globl	cpu_stacks
cpu_stacks:
	.skip	16 * 16384
	.section .note.GNU-stack, "", @progbits
