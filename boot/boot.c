// SPDX-License-Identifier: MIT
/*
 * boot/boot.c - collects what the boot loader says into boot_info.
 *
 * Runs first of all C code, on the early page tables, before any allocator: the loader's data
 * may lie in memory that will be used soon (UEFI puts it below 32 KiB), so everything but
 * the modules' contents is copied.
 */
#include <pagoda/bootinfo.h>
#include <pagoda/compiler.h>
#include <asm/page.h>

#define MULTIBOOT2_MAGIC 0x36d76289
#define PVH_MAGIC	 0x336ec578

struct boot_info boot_info;

void __init boot_add_mem(phys_addr_t start, u64 size, u32 type)
{
	if (boot_info.nr_mem < BOOT_MAX_MEM && size)
		boot_info.mem[boot_info.nr_mem++] = (struct boot_mem_entry){start, size, type};
}

void __init boot_add_module(phys_addr_t start, u64 size)
{
	if (boot_info.nr_modules < BOOT_MAX_MODULES && size)
		boot_info.module[boot_info.nr_modules++] = (struct boot_module){start, size};
}

/* Copies a command line of at most @max bytes; what is too long is cut. */
void __init boot_set_cmdline(const char *s, size_t max)
{
	size_t i;

	for (i = 0; i < max && i < BOOT_CMDLINE_SIZE - 1 && s[i]; i++)
		boot_info.cmdline[i] = s[i];
	boot_info.cmdline[i] = '\0';
}

void __init boot_collect(u32 magic, phys_addr_t info)
{
	if (magic == MULTIBOOT2_MAGIC)
		multiboot2_collect(info);
	else if (magic == PVH_MAGIC)
		pvh_collect(info);
}
