/* SPDX-License-Identifier: MIT */
/*
 * include/pagoda/bootinfo.h - what the boot loader told the kernel.
 *
 * Filled once by boot/multiboot2.c or boot/pvh.c and constant afterwards. The command line is a
 * copy; modules stay where the loader put them (reserved) until the initramfs is unpacked.
 */
#ifndef PAGODA_BOOTINFO_H
#define PAGODA_BOOTINFO_H

#include <pagoda/types.h>

#define BOOT_CMDLINE_SIZE 4096
#define BOOT_MAX_MEM	  64
#define BOOT_MAX_MODULES  8

enum boot_mem_type {
	BOOT_MEM_RAM = 1,
	BOOT_MEM_RESERVED = 2,
	BOOT_MEM_ACPI = 3, /* tables; reclaimable, but left alone */
	BOOT_MEM_NVS = 4,
	BOOT_MEM_UNUSABLE = 5,
};

struct boot_mem_entry {
	phys_addr_t start;
	u64 size;
	u32 type; /* enum boot_mem_type */
};

struct boot_module {
	phys_addr_t start;
	u64 size;
};

struct boot_info {
	const char *loader; /* "pvh" or "multiboot2" */
	char cmdline[BOOT_CMDLINE_SIZE];
	unsigned int nr_mem;
	struct boot_mem_entry mem[BOOT_MAX_MEM];
	unsigned int nr_modules; /* the first one is the initramfs */
	struct boot_module module[BOOT_MAX_MODULES];
	phys_addr_t
		rsdp; /* ACPI root pointer (a structure inside boot data for multiboot2), or 0 */
	bool efi;
};

extern struct boot_info boot_info;

/* boot/boot.c: dispatches on the loader's magic; @info is the physical address it passed. */
void boot_collect(u32 magic, phys_addr_t info);
/* boot/multiboot2.c, boot/pvh.c */
void multiboot2_collect(phys_addr_t info);
void pvh_collect(phys_addr_t info);
/* Adds a memory range, or a module, to boot_info; what exceeds the tables is dropped. */
void boot_add_mem(phys_addr_t start, u64 size, u32 type);
void boot_add_module(phys_addr_t start, u64 size);
void boot_set_cmdline(const char *s, size_t max);

#endif
