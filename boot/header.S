/* SPDX-License-Identifier: MIT */
/*
 * boot/header.S - how boot loaders find and enter the kernel.
 *
 * Two ways lead in: GRUB reads the multiboot2 header, QEMU -kernel the PVH note. There is no
 * multiboot1 header on purpose: QEMU would prefer it and refuse the 64-bit image.
 * (Multiboot2 specification 2.0, section 3.1; Xen PVH ABI, docs/misc/pvh.)
 */
#include <asm/page.h>

#define MULTIBOOT2_HEADER_MAGIC 0xe85250d6
#define XEN_ELFNOTE_PHYS32_ENTRY 18

	.section .multiboot2, "a"
	.balign 8
mb2_header:
	.long MULTIBOOT2_HEADER_MAGIC
	.long 0				/* i386 protected mode */
	.long mb2_end - mb2_header
	.long -(MULTIBOOT2_HEADER_MAGIC + (mb2_end - mb2_header))
	/* Modules are page-aligned. */
	.short 6, 0
	.long 8
	/* End of tags. */
	.short 0, 0
	.long 8
mb2_end:

	.section .note.Xen, "a", @note
	.balign 4
	.long 4, 4, XEN_ELFNOTE_PHYS32_ENTRY
	.asciz "Xen"
	.long boot_start_pvh - __START_KERNEL_map
