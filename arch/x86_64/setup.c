// SPDX-License-Identifier: MIT
/*
 * arch/x86_64/setup.c - from the boot loader's words to a kernel that can take faults.
 *
 * x86_64_start_kernel() is the first C function (boot/head.S calls it); it prepares just enough
 * for an exception to be reported. setup_arch(), which start_kernel() calls first of all, makes the
 * memory map and the page tables.
 */
#include <pagoda/bootinfo.h>
#include <pagoda/cmdline.h>
#include <pagoda/compiler.h>
#include <pagoda/init.h>
#include <pagoda/memblock.h>
#include <pagoda/panic.h>
#include <pagoda/printk.h>
#include <pagoda/string.h>
#include <asm/acpi.h>
#include <asm/cpufeature.h>
#include <asm/desc.h>
#include <asm/extable.h>
#include <asm/page.h>
#include <asm/pgtable.h>
#include <asm/processor.h>
#include <asm/sections.h>
#include <asm/smp.h>
#include <asm/uaccess.h>

/* The last value of NAME=VALUE on the command line, "" of a bare NAME, or NULL. */
static const char *__init early_option(const char *name)
{
	static char line[BOOT_CMDLINE_SIZE] __initdata;
	char *args = line, *param, *val;
	const char *found = NULL;

	strscpy(line, boot_info.cmdline, sizeof(line));
	while (*args) {
		args = next_arg(args, &param, &val);
		if (!val && !strcmp(param, "--"))
			break;
		if (!strcmp(param, name))
			found = val ? val : "";
	}
	return found;
}

/* boot/head.S calls it; nobody else. */
void x86_64_start_kernel(u32 magic, phys_addr_t info);

void __init x86_64_start_kernel(u32 magic, phys_addr_t info)
{
	boot_collect(magic, info);
	early_cpu_init();
	setup_pku(!early_option("nopku"));
	idt_init();
	sort_main_extable();
	apply_smap_patches();
	cpu_init();
	start_kernel();
}

/* mem=SIZE of the command line: no RAM above that address is used. */
static phys_addr_t __init mem_limit(void)
{
	const char *size = early_option("mem");

	return size && *size ? memparse(size, NULL) : ~0ULL;
}

static void __init setup_memory_map(void)
{
	phys_addr_t limit = mem_limit();

	for (unsigned int i = 0; i < boot_info.nr_mem; i++) {
		const struct boot_mem_entry *e = &boot_info.mem[i];

		if (e->type == BOOT_MEM_RAM && e->start < limit)
			memblock_add(e->start, min(e->size, limit - e->start));
	}
	/* Page 0 stays free of use: a physical address of 0 means none. */
	memblock_reserve(0, PAGE_SIZE);
	memblock_reserve(__pa_symbol(_text), _end - _text);
	for (unsigned int i = 0; i < boot_info.nr_modules; i++)
		memblock_reserve(boot_info.module[i].start, boot_info.module[i].size);
}

static void __init print_memory_map(void)
{
	static const char *const names[] = {"?",	 "usable",   "reserved",
					    "ACPI data", "ACPI NVS", "unusable"};

	for (unsigned int i = 0; i < boot_info.nr_mem; i++) {
		const struct boot_mem_entry *e = &boot_info.mem[i];

		pr_info("BIOS-e820: [mem 0x%016llx-0x%016llx] %s\n", e->start,
			e->start + e->size - 1, names[e->type < ARRAY_SIZE(names) ? e->type : 0]);
	}
}

void __init setup_arch(void)
{
	if (!boot_info.loader)
		panic("unknown boot loader");
	print_memory_map();
	setup_memory_map();
	reserve_real_mode();
	paging_init();
	acpi_boot_init(boot_info.rsdp);
}
