// SPDX-License-Identifier: MIT
/*
 * tests/kernel/test_pgtable.c - page-table entries, and the rights in the kernel's own tables.
 */
#include <pagoda/kernel.h>
#include <pagoda/gfp.h>
#include <pagoda/mm_types.h>
#include <pagoda/sched.h>
#include <pagoda/vmalloc.h>
#include <asm/pgtable.h>
#include <asm/sections.h>
#include <asm/uaccess.h>
#include "ktest.h"

KTEST(pgtable_pte_bits)
{
	pte_t pte = pfn_pte(0x12345, PAGE_SHARED);

	KTEST_EXPECT(pte_present(pte) && pte_write(pte) && pte_young(pte) && !pte_dirty(pte));
	KTEST_EXPECT(!pte_exec(pte) && !pte_special(pte) && !pte_uffd_wp(pte));
	KTEST_EXPECT_EQ(pte_pfn(pte), 0x12345);
	pte = pte_mkuffd_wp(pte_mkspecial(pte_mkdirty(pte)));
	KTEST_EXPECT(!pte_write(pte) && pte_dirty(pte) && pte_special(pte) && pte_uffd_wp(pte));
	KTEST_EXPECT_EQ(pte_pfn(pte), 0x12345);
	pte = pte_modify(pte, PAGE_READONLY_EXEC);
	KTEST_EXPECT(pte_exec(pte) && pte_dirty(pte) && pte_special(pte) && pte_uffd_wp(pte));
}

KTEST(pgtable_protnone)
{
	pte_t pte = pte_modify(pte_mkdirty(pfn_pte(7, PAGE_SHARED)), PAGE_NONE);

	KTEST_EXPECT(pte_present(pte) && pte_protnone(pte) && !pte_accessible(pte));
	KTEST_EXPECT(!is_swap_pte(pte) && !pte_none(pte) && pte_dirty(pte));
	KTEST_EXPECT_EQ(pte_pfn(pte), 7);
	pte = pte_modify(pte, PAGE_SHARED);
	KTEST_EXPECT(pte_accessible(pte) && !pte_protnone(pte) && pte_write(pte));
}

KTEST(pgtable_swap_entry)
{
	swp_entry_t entry = swp_entry(31, (1UL << 40) + 5);
	pte_t pte = pte_swp_mksoft_dirty(pte_swp_mkuffd_wp(swp_entry_to_pte(entry)));

	KTEST_EXPECT(is_swap_pte(pte) && !pte_present(pte) && !pte_none(pte));
	KTEST_EXPECT(pte_swp_uffd_wp(pte) && pte_swp_soft_dirty(pte));
	KTEST_EXPECT_EQ(swp_type(pte_to_swp_entry(pte)), 31);
	KTEST_EXPECT_EQ(swp_offset(pte_to_swp_entry(pte)), (1UL << 40) + 5);
}

KTEST(pgtable_uffd_wp_marker)
{
	pte_t pte = pte_uffd_wp_marker();

	KTEST_EXPECT(is_pte_marker(pte) && is_swap_pte(pte) && pte_swp_uffd_wp(pte));
	KTEST_EXPECT(!pte_present(pte) && !pte_none(pte) && !pte_accessible(pte));
	KTEST_EXPECT(!is_pte_marker(__pte(0)) && !is_pte_marker(pfn_pte(7, PAGE_SHARED)));
	KTEST_EXPECT(!is_pte_marker(swp_entry_to_pte(swp_entry(1, 5))));
}

KTEST(pgtable_addr_end)
{
	unsigned long top = 0xffffffffffffffffUL & PAGE_MASK;

	KTEST_EXPECT_EQ(pmd_addr_end(0x1000UL, 0x5000UL), 0x5000);
	KTEST_EXPECT_EQ(pmd_addr_end(0x1000UL, 0x500000UL), PMD_SIZE);
	KTEST_EXPECT_EQ(pmd_addr_end(top, 0UL), 0);
	KTEST_EXPECT_EQ(pgd_addr_end(0x1000UL, PGDIR_SIZE), PGDIR_SIZE);
}

KTEST(pgtable_vm_page_prot)
{
	KTEST_EXPECT_EQ(pgprot_val(vm_get_page_prot(VM_NONE)), pgprot_val(PAGE_NONE));
	KTEST_EXPECT_EQ(pgprot_val(vm_get_page_prot(VM_READ | VM_WRITE)), pgprot_val(PAGE_COPY));
	KTEST_EXPECT_EQ(pgprot_val(vm_get_page_prot(VM_READ | VM_WRITE | VM_SHARED)),
			pgprot_val(PAGE_SHARED));
	KTEST_EXPECT_EQ(pgprot_val(vm_get_page_prot(VM_READ | VM_EXEC | VM_MAYWRITE)),
			pgprot_val(PAGE_READONLY_EXEC));
}

/* ---- No kernel page is both writable and executable, none is open to user mode --------------- */

static unsigned long bad_entries;

static void check_leaf(unsigned long val)
{
	if ((val & _PAGE_RW) && !(val & _PAGE_NX))
		bad_entries++;
	if (val & _PAGE_USER)
		bad_entries++;
}

static void check_pmd(pmd_t pmd)
{
	const pte_t *table = (const pte_t *)pmd_page_vaddr(pmd);

	for (int i = 0; i < PTRS_PER_PTE; i++)
		if (pte_present(table[i]))
			check_leaf(pte_val(table[i]));
}

static void check_pud(pud_t pud)
{
	const pmd_t *table = (const pmd_t *)pud_page_vaddr(pud);

	for (int i = 0; i < PTRS_PER_PMD; i++) {
		if (!pmd_present(table[i]))
			continue;
		if (pmd_leaf(table[i]))
			check_leaf(pmd_val(table[i]));
		else
			check_pmd(table[i]);
	}
}

static void check_pgd(pgd_t pgd)
{
	const pud_t *table = (const pud_t *)pgd_page_vaddr(pgd);

	for (int i = 0; i < PTRS_PER_PUD; i++) {
		if (!pud_present(table[i]))
			continue;
		if (pud_leaf(table[i]))
			check_leaf(pud_val(table[i]));
		else
			check_pud(table[i]);
	}
}

KTEST(pgtable_write_xor_execute)
{
	bad_entries = 0;
	for (int i = 0; i < PTRS_PER_PGD; i++)
		if (pgd_present(swapper_pg_dir[i]))
			check_pgd(swapper_pg_dir[i]);
	KTEST_EXPECT_EQ(bad_entries, 0);
	KTEST_EXPECT(!pgd_present(swapper_pg_dir[0]));
}

KTEST(pgtable_kernel_image)
{
	pte_t *text = lookup_kernel_pte((unsigned long)_text);
	pte_t *rodata = lookup_kernel_pte((unsigned long)_srodata);
	pte_t *data = lookup_kernel_pte((unsigned long)_sdata);
	pte_t *init = lookup_kernel_pte((unsigned long)__init_begin);

	KTEST_ASSERT(text && rodata && data && init);
	KTEST_EXPECT(pte_exec(*text) && !pte_write(*text));
	KTEST_EXPECT(!pte_exec(*rodata) && !pte_write(*rodata));
	KTEST_EXPECT(!pte_exec(*data) && pte_write(*data));
	KTEST_EXPECT(pte_none(*init));
	KTEST_EXPECT(pte_none(*lookup_kernel_pte((unsigned long)__init_stack_guard)));
}

/* Every kernel stack has a page below it that is not there. */
KTEST(pgtable_stack_guard)
{
	unsigned long guard = (unsigned long)current->stack - PAGE_SIZE;
	pte_t *pte = lookup_kernel_pte(guard);
	u64 word;

	KTEST_EXPECT(!pte || pte_none(*pte));
	KTEST_EXPECT(is_thread_stack_guard(guard));
	KTEST_EXPECT_EQ(copy_from_kernel_nofault(&word, (void *)guard, sizeof(word)), -EFAULT);
	KTEST_EXPECT_EQ(copy_from_kernel_nofault(&word, current->stack, sizeof(word)), 0);
}

/* A kernel thread has no user memory: every access fails and says exactly how much. */
KTEST(uaccess_no_mm)
{
	char buf[24] = "not overwritten";
	u32 word = 1;

	KTEST_EXPECT_EQ(copy_to_user((void __user *)0x10000, buf, 24), 24);
	KTEST_EXPECT_EQ(copy_from_user(buf, (const void __user *)0x10000, 24), 24);
	KTEST_EXPECT_EQ(buf[0], 0);
	KTEST_EXPECT_EQ(get_user(word, (const u32 __user *)0x10000), -EFAULT);
	KTEST_EXPECT_EQ(word, 0);
	KTEST_EXPECT_EQ(put_user(word, (u32 __user *)0x10000), -EFAULT);
	KTEST_EXPECT_EQ(clear_user((void __user *)0x10001, 13), 13);
	KTEST_EXPECT_EQ(copy_to_user((void __user *)(TASK_SIZE_MAX - 4), buf, 8), 8);
	KTEST_EXPECT_EQ(copy_to_user((void __user *)PAGE_OFFSET, buf, 8), 8);
	KTEST_EXPECT_EQ(strncpy_from_user(buf, (const char __user *)0x10000, 8), -EFAULT);
	KTEST_EXPECT_EQ(strnlen_user((const char __user *)0x10000, 8), 0);
}
