/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The way in and the way out.
 *
 * The dying kernel jumps to the first byte of the image in 64-bit mode, on identity-mapped page tables
 * that cover all RAM, interrupts off, %rsp in a page of its own, GDT and IDT invalid
 * (identity_mapped, arch/x86/kernel/relocate_kernel_64.S). The second kernel wants a GDT whose entry
 * 0x10 is code and 0x18 is data, and its boot parameters in %rsi
 * (Documentation/arch/x86/boot.rst, "64-bit Boot Protocol").
 *
 * Everything is addressed relative to %rip: the image runs wherever it was put.
 */
	.section .head, "ax"
	.code64
	.globl	kd_purgatory_image
kd_purgatory_image:
	jmp	start
	.balign	8
	.quad	0x726f7467727564cb	/* KD_PURGATORY_MAGIC */
	.long	kd_purgatory_params - kd_purgatory_image
	.long	kd_purgatory_end - kd_purgatory_image

	.text
start:
	cli
	cld
	leaq	stack_end(%rip), %rsp

	leaq	gdt(%rip), %rax
	movq	%rax, gdt_pointer+2(%rip)
	lgdt	gdt_pointer(%rip)
	movl	$0x18, %eax
	movl	%eax, %ds
	movl	%eax, %es
	movl	%eax, %ss
	movl	%eax, %fs
	movl	%eax, %gs
	pushq	$0x10
	leaq	flat(%rip), %rax
	pushq	%rax
	lretq
flat:
	leaq	kd_purgatory_params(%rip), %rdi
	call	kd_purgatory		/* returns only when the kernel may be entered */

	leaq	kd_purgatory_params(%rip), %rax
	movq	8(%rax), %rcx		/* entry */
	movq	16(%rax), %rsi		/* boot_params */
	xorl	%eax, %eax
	xorl	%ebx, %ebx
	xorl	%edx, %edx
	xorl	%edi, %edi
	xorl	%ebp, %ebp
	jmpq	*%rcx

/* An exception without an interrupt table: the processor resets. */
	.globl	kd_purgatory_triple_fault
kd_purgatory_triple_fault:
	leaq	no_table(%rip), %rax
	lidt	(%rax)
	int3
	hlt

	.data
	.balign	8
gdt:
	.quad	0
	.quad	0
	.quad	0x00af9a000000ffff	/* 0x10: 64-bit code */
	.quad	0x00cf92000000ffff	/* 0x18: data */
gdt_end:
gdt_pointer:
	.word	gdt_end - gdt - 1
	.quad	0
no_table:
	.word	0
	.quad	0

	.bss
	.balign	16
	.skip	8192
stack_end:

	.section .note.GNU-stack, "", @progbits
