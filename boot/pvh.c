// SPDX-License-Identifier: MIT
/*
 * boot/pvh.c - boot information in the PVH form (QEMU -kernel).
 *
 * Layout: Xen's public/arch-x86/hvm/start_info.h, version 1.
 */
#include <pagoda/bootinfo.h>
#include <pagoda/compiler.h>
#include <asm/page.h>

struct hvm_start_info {
	u32 magic;
	u32 version;
	u32 flags;
	u32 nr_modules;
	u64 modlist_paddr;
	u64 cmdline_paddr;
	u64 rsdp_paddr;
	u64 memmap_paddr; /* version 1 and above */
	u32 memmap_entries;
	u32 reserved;
};

struct hvm_modlist_entry {
	u64 paddr;
	u64 size;
	u64 cmdline_paddr;
	u64 reserved;
};

struct hvm_memmap_table_entry {
	u64 addr;
	u64 size;
	u32 type; /* the numbers of the BIOS's e820 map */
	u32 reserved;
};

void __init pvh_collect(phys_addr_t info)
{
	const struct hvm_start_info *si = __va(info);
	const struct hvm_modlist_entry *mod = __va(si->modlist_paddr);
	const struct hvm_memmap_table_entry *map = __va(si->memmap_paddr);

	boot_info.loader = "pvh";
	boot_info.rsdp = si->rsdp_paddr;
	if (si->cmdline_paddr)
		boot_set_cmdline(__va(si->cmdline_paddr), BOOT_CMDLINE_SIZE);
	for (u32 i = 0; i < si->nr_modules; i++)
		boot_add_module(mod[i].paddr, mod[i].size);
	if (si->version < 1)
		return;
	for (u32 i = 0; i < si->memmap_entries; i++)
		boot_add_mem(map[i].addr, map[i].size, map[i].type);
}
