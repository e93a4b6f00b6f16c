// SPDX-License-Identifier: MIT
/*
 * arch/x86_64/pgtable_init.c - the kernel's page tables, built once at boot.
 *
 *	direct map	2 MiB or 1 GiB pages, rw-, of all RAM and firmware tables
 *	vmalloc		an empty PUD table (pmem fills it)
 *	vmemmap		pages for struct page, as mem_init() asks for them
 *	kernel image	4 KiB pages: text r-x, rodata r--, the rest rw-
 *
 * Every slot of the upper half that is ever used gets its PUD table here, before the first
 * PGD is copied from swapper_pg_dir: later changes are seen by all address spaces without
 * any synchronising.
 *
 * Until paging_init() is done the boot tables are in use, which map the first 4 GiB; so
 * tables are allocated below that (memblock_set_limit).
 */
#include <pagoda/bootinfo.h>
#include <pagoda/compiler.h>
#include <pagoda/errno.h>
#include <pagoda/gfp.h>
#include <pagoda/memblock.h>
#include <pagoda/panic.h>
#include <pagoda/printk.h>
#include <pagoda/string.h>
#include <asm/cpufeature.h>
#include <asm/pgtable.h>
#include <asm/processor.h>
#include <asm/sections.h>
#include <asm/tlbflush.h>

#define BOOT_MAP_LIMIT 0x100000000UL

pgd_t swapper_pg_dir[PTRS_PER_PGD] __section(".bss..page_aligned") __aligned(4096);

/* A cleared table, by direct-map address. */
static void *__init alloc_table(void)
{
	phys_addr_t phys = memblock_alloc_phys(PAGE_SIZE, PAGE_SIZE);

	if (!phys)
		panic("no memory for page tables");
	clear_page(__va(phys));
	return __va(phys);
}

static pud_t *__init kernel_pud(unsigned long addr)
{
	pgd_t *pgd = pgd_offset_k(addr);

	if (pgd_none(*pgd))
		pgd_populate_kernel(pgd, alloc_table());
	return pud_offset(pgd, addr);
}

static pmd_t *__init kernel_pmd(unsigned long addr)
{
	pud_t *pud = kernel_pud(addr);

	if (pud_none(*pud))
		pud_populate_kernel(pud, alloc_table());
	return pmd_offset(pud, addr);
}

static pte_t *__init kernel_pte(unsigned long addr)
{
	pmd_t *pmd = kernel_pmd(addr);

	if (pmd_none(*pmd))
		pmd_populate_kernel(pmd, alloc_table());
	return pte_offset_kernel(pmd, addr);
}

static inline pteval_t large_entry(phys_addr_t phys, pgprot_t prot)
{
	return phys | pgprot_val(prot) | _PAGE_PSE;
}

/* ---- Direct map ------------------------------------------------------------------------ */

/* Maps physical [start, end) at PAGE_OFFSET; widened to whole large pages, done parts skipped. */
static void __init map_direct(phys_addr_t start, phys_addr_t end)
{
	bool gbpages = boot_cpu_has(X86_FEATURE_GBPAGES);
	phys_addr_t phys = round_down(start, PMD_SIZE);

	end = round_up(end, PMD_SIZE);
	while (phys < end) {
		unsigned long addr = (unsigned long)__va(phys);
		pud_t *pud = kernel_pud(addr);

		if (pud_leaf(*pud)) {
			phys = round_down(phys, PUD_SIZE) + PUD_SIZE;
			continue;
		}
		if (gbpages && pud_none(*pud) && IS_ALIGNED(phys, PUD_SIZE) &&
		    end - phys >= PUD_SIZE) {
			set_pud(pud, __pud(large_entry(phys, PAGE_KERNEL)));
			phys += PUD_SIZE;
			continue;
		}
		set_pmd(kernel_pmd(addr), __pmd(large_entry(phys, PAGE_KERNEL)));
		phys += PMD_SIZE;
	}
}

/*
 * RAM, what the boot loader has loaded, and where firmware keeps its tables: the BIOS area, ACPI
 * ranges, and reserved ranges next to RAM below 4 GiB (also next to RAM that mem= leaves out).
 * Device memory elsewhere is left to ioremap().
 */
static void __init map_physical_memory(void)
{
	phys_addr_t start, end, low_end = 0;

	map_direct(0, PMD_SIZE);
	for (unsigned int i = 0; memblock_ram_range(i, &start, &end); i++)
		map_direct(start, end);
	for (unsigned int i = 0; i < boot_info.nr_modules; i++)
		map_direct(boot_info.module[i].start,
			   boot_info.module[i].start + boot_info.module[i].size);
	for (unsigned int i = 0; i < boot_info.nr_mem; i++) {
		const struct boot_mem_entry *e = &boot_info.mem[i];

		if (e->type == BOOT_MEM_RAM && e->start + e->size <= BOOT_MAP_LIMIT)
			low_end = max(low_end, e->start + e->size);
	}
	for (unsigned int i = 0; i < boot_info.nr_mem; i++) {
		const struct boot_mem_entry *e = &boot_info.mem[i];
		bool tables = e->type == BOOT_MEM_ACPI || e->type == BOOT_MEM_NVS;

		if (tables || (e->type == BOOT_MEM_RESERVED && e->start <= low_end))
			map_direct(e->start, e->start + e->size);
	}
}

/* ---- The kernel image -------------------------------------------------------------------- */

static void __init map_image(const char *start, const char *end, pgprot_t prot)
{
	for (unsigned long addr = (unsigned long)start; addr < (unsigned long)end;
	     addr += PAGE_SIZE)
		set_pte(kernel_pte(addr), pfn_pte(PHYS_PFN(__pa_symbol(addr)), prot));
}

static void __init map_kernel(void)
{
	map_image(_text, __init_begin, PAGE_KERNEL_ROX);
	map_image(__init_begin, (char *)PAGE_ALIGN(_einittext), PAGE_KERNEL_ROX);
	map_image((char *)PAGE_ALIGN(_einittext), __init_end, PAGE_KERNEL);
	map_image(_srodata, _erodata, PAGE_KERNEL_RO);
	map_image(_sdata, _end, PAGE_KERNEL);
	set_pte(kernel_pte((unsigned long)__init_stack_guard), __pte(0));
}

void __init paging_init(void)
{
	memblock_set_limit(BOOT_MAP_LIMIT);
	map_physical_memory();
	map_kernel();
	kernel_pud(VMALLOC_START);
	kernel_pud(VMEMMAP_START);
	write_cr3(__pa_symbol(swapper_pg_dir));
	memblock_set_limit(~0ULL);
}

/* ---- vmemmap ------------------------------------------------------------------------------- */

/* Whole 2 MiB pages where the range fills them, so that a small machine pays for 4 KiB ones only.
 */
int __init vmemmap_populate(unsigned long start, unsigned long end)
{
	unsigned long addr = PAGE_ALIGN_DOWN(start);

	while (addr < end) {
		bool large = IS_ALIGNED(addr, PMD_SIZE) && end - addr >= PMD_SIZE;
		unsigned long size = large ? PMD_SIZE : PAGE_SIZE;
		pmd_t *pmd = kernel_pmd(addr);
		phys_addr_t phys;

		if (pmd_leaf(*pmd) || (!large && !pte_none(*kernel_pte(addr)))) {
			addr += size;
			continue;
		}
		phys = memblock_alloc_phys(size, size);
		if (!phys)
			return -ENOMEM;
		if (large && pmd_none(*pmd))
			set_pmd(pmd, __pmd(large_entry(phys, PAGE_KERNEL)));
		else
			set_pte(kernel_pte(addr), pfn_pte(PHYS_PFN(phys), PAGE_KERNEL));
		addr += size;
	}
	return 0;
}

/* ---- After boot ------------------------------------------------------------------------------ */

void free_initmem(void)
{
	unsigned long start = (unsigned long)__init_begin, end = (unsigned long)__init_end;

	for (unsigned long addr = start; addr < end; addr += PAGE_SIZE)
		set_pte(lookup_kernel_pte(addr), __pte(0));
	flush_tlb_kernel_range(start, end);
	free_reserved_area(__va(__pa_symbol(start)), __va(__pa_symbol(end)), "init");
}
