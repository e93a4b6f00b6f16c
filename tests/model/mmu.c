// SPDX-License-Identifier: MIT
/*
 * tests/model/mmu.c - the memory management unit in software, its TLB, and the page fault.
 *
 *	access -> TLB entry allows it? .......... the frame
 *	       -> walk of the tables allows it? . load the TLB, set accessed and dirty, the frame
 *	       -> page_fault .................... as arch/x86_64/fault.c does it; again, or a signal
 *
 * The TLB keeps a translation until it is flushed, however long that takes. So a flush that mm/
 * forgets shows at once: after each operation no entry may allow more than the tables do, nor lead
 * to another frame (mmu_check_tlb), and a frame must not be free when its entry is flushed.
 */
#include <pagoda/kernel.h>
#include <pagoda/page.h>
#include <asm/mmu_context.h>
#include <asm/tlbflush.h>
#include <asm/uaccess.h>
#include "process.h"

#define SIGBUS	    7
#define SIGSEGV	    11
#define BUS_ADRERR  2
#define SEGV_MAPERR 1
#define SEGV_ACCERR 2

struct tlb_state cpu_tlbstate = {.loaded_mm = &init_mm};

/* ---- The TLB --------------------------------------------------------------------------------- */

static struct tlb_entry *tlb_slot(struct process *p, unsigned long addr)
{
	return &p->tlb[(addr >> PAGE_SHIFT) % TLB_SLOTS];
}

static bool frame_is_free(pte_t pte)
{
	struct page *page = pte_page(pte);

	return PageBuddy(page) || PagePcp(page);
}

void tlb_drop(struct process *p, unsigned long start, unsigned long end)
{
	for (int i = 0; i < TLB_SLOTS; i++) {
		struct tlb_entry *e = &p->tlb[i];

		if (!e->valid || e->addr < start || e->addr >= end)
			continue;
		if (frame_is_free(e->pte))
			machine_panic("the frame at %#lx was freed before its TLB entry", e->addr);
		e->valid = false;
	}
}

const char *mmu_check_tlb(int proc)
{
	struct process *p = &processes[proc];

	for (int i = 0; i < TLB_SLOTS; i++) {
		struct tlb_entry *e = &p->tlb[i];
		pte_t *ptep, now;

		if (!e->valid)
			continue;
		ptep = mmu_find_pte(p->task.mm, e->addr);
		now = ptep ? ptep_get(ptep) : __pte(0);
		if (!pte_accessible(now) || pte_pfn(now) != pte_pfn(e->pte))
			return "a stale TLB entry leads to another frame";
		if ((pte_write(e->pte) && !pte_write(now)) || (pte_exec(e->pte) && !pte_exec(now)))
			return "a stale TLB entry allows more than the page table";
		if (pte_dirty(e->pte) && !pte_dirty(now))
			return "a stale TLB entry would lose a dirty bit";
	}
	return NULL;
}

/* ---- asm/tlbflush.h and asm/mmu_context.h ---------------------------------------------------- */

void flush_tlb_mm_range(struct mm_struct *mm, unsigned long start, unsigned long end)
{
	struct process *p = process_of_mm(mm);

	if (irqs_disabled())
		machine_panic("TLB flush with interrupts disabled");
	if (p)
		tlb_drop(p, start, end);
}

void flush_tlb_page(struct vm_area_struct *vma, unsigned long addr)
{
	flush_tlb_mm_range(vma->vm_mm, addr, addr + PAGE_SIZE);
}

void flush_tlb_range(struct vm_area_struct *vma, unsigned long start, unsigned long end)
{
	flush_tlb_mm_range(vma->vm_mm, start, end);
}

void leave_mm(void)
{
	struct process *p = process_of_mm(cpu_tlbstate.loaded_mm);

	if (p)
		tlb_drop(p, 0, TLB_FLUSH_ALL);
	cpu_tlbstate.loaded_mm = &init_mm;
}

void enter_lazy_tlb(struct mm_struct *mm, struct task_struct *tsk)
{
	cpu_tlbstate.is_lazy = true;
}

/* ---- The walk -------------------------------------------------------------------------------- */

pte_t *mmu_find_pte(struct mm_struct *mm, unsigned long addr)
{
	pgd_t *pgd = pgd_offset(mm, addr);
	pud_t *pud;
	pmd_t *pmd;

	if (!(pgd_val(*pgd) & _PAGE_PRESENT))
		return NULL;
	pud = pud_offset(pgd, addr);
	if (!(pud_val(*pud) & _PAGE_PRESENT))
		return NULL;
	pmd = pmd_offset(pud, addr);
	if (!(pmd_val(*pmd) & _PAGE_PRESENT))
		return NULL;
	if (!(pgd_val(*pgd) & pud_val(*pud) & pmd_val(*pmd) & _PAGE_USER))
		machine_panic("a table above %#lx is not the user's", addr);
	return pte_offset(pmd, addr);
}

/* The rights of an entry, with those of the PMD entry above it (which alone may lack W). */
static bool entry_allows(pte_t pte, bool write)
{
	pteval_t need = _PAGE_PRESENT | _PAGE_USER | (write ? _PAGE_RW : 0);

	return (pte_val(pte) & need) == need;
}

/* The hardware's walk: fills the TLB and sets accessed and dirty. NULL: page fault. */
static struct tlb_entry *mmu_walk(struct process *p, unsigned long addr, bool write)
{
	struct tlb_entry *e = tlb_slot(p, addr);
	pte_t *ptep = mmu_find_pte(p->task.mm, addr);

	e->valid = false;
	if (!ptep || !entry_allows(*ptep, write))
		return NULL;
	if (frame_is_free(*ptep))
		machine_panic("the page table leads to a free frame at %#lx", addr);
	set_pte(ptep, pte_set_flags(*ptep, _PAGE_ACCESSED | (write ? _PAGE_DIRTY : 0)));
	*e = (struct tlb_entry){.valid = true, .addr = addr & PAGE_MASK, .pte = *ptep};
	return e;
}

/* The TLB's answer, else the walk's. A first write through a clean entry walks again. */
static struct tlb_entry *mmu_translate(struct process *p, unsigned long addr, bool write)
{
	struct tlb_entry *e = tlb_slot(p, addr);

	if (e->valid && e->addr == (addr & PAGE_MASK) && entry_allows(e->pte, write) &&
	    (!write || pte_dirty(e->pte)))
		return e;
	return mmu_walk(p, addr, write);
}

/* ---- The page fault -------------------------------------------------------------------------- */

/* Returns 0 when the access may be tried again, or the signal. Compare do_user_addr_fault(). */
static int page_fault(unsigned long addr, bool write)
{
	struct mm_struct *mm = current->mm;
	unsigned int flags = FAULT_FLAG_DEFAULT | FAULT_FLAG_USER | (write ? FAULT_FLAG_WRITE : 0);
	struct vm_area_struct *vma;
	vm_fault_t fault;

	for (;;) {
		vma = lock_mm_and_find_vma(mm, addr);
		if (!vma)
			return SIGNAL(SIGSEGV, SEGV_MAPERR);
		if (!(vma->vm_flags & (write ? VM_WRITE : VM_READ | VM_WRITE | VM_EXEC))) {
			mmap_read_unlock(mm);
			return SIGNAL(SIGSEGV, SEGV_ACCERR);
		}
		fault = handle_mm_fault(vma, addr, flags);
		if (!(fault & VM_FAULT_RETRY))
			break;
		flags |= FAULT_FLAG_TRIED;
	}
	mmap_read_unlock(mm);
	if (fault & VM_FAULT_SIGBUS)
		return SIGNAL(SIGBUS, BUS_ADRERR);
	if (fault & VM_FAULT_SIGSEGV)
		return SIGNAL(SIGSEGV, SEGV_MAPERR);
	return 0; /* VM_FAULT_OOM: memory is to be had again, so again */
}

static int faults_disabled;

/* One access within a page. */
static int access_page(unsigned long addr, void *buf, unsigned long len, bool write)
{
	struct process *p = current_process();

	for (int tries = 0; tries < 10; tries++) {
		struct tlb_entry *e = mmu_translate(p, addr, write);
		int signal;

		if (e) {
			void *at = page_address(pte_page(e->pte)) + offset_in_page(addr);

			memcpy(write ? at : buf, write ? buf : at, len);
			return 0;
		}
		signal = faults_disabled ? SIGNAL(SIGSEGV, SEGV_MAPERR) : page_fault(addr, write);
		if (signal)
			return signal;
	}
	machine_panic("the access to %#lx faults for ever", addr);
}

int mmu_access(unsigned long addr, void *buf, unsigned long len, bool write, unsigned long *done)
{
	int signal = 0;

	*done = 0;
	while (*done < len && !signal) {
		unsigned long part = min(len - *done, PAGE_SIZE - offset_in_page(addr + *done));

		signal = access_page(addr + *done, buf + *done, part, write);
		if (!signal)
			*done += part;
	}
	return signal;
}

/* ---- asm/uaccess.h --------------------------------------------------------------------------- */

void pagefault_disable(void)
{
	faults_disabled++;
}

void pagefault_enable(void)
{
	faults_disabled--;
}

bool pagefault_disabled(void)
{
	return faults_disabled;
}

unsigned long copy_from_user(void *to, const void __user *from, unsigned long n)
{
	unsigned long done = 0;

	if (access_ok(from, n))
		mmu_access((unsigned long)from, to, n, false, &done);
	memset(to + done, 0, n - done);
	return n - done;
}

unsigned long copy_to_user(void __user *to, const void *from, unsigned long n)
{
	unsigned long done = 0;

	if (access_ok(to, n))
		mmu_access((unsigned long)to, (void *)from, n, true, &done);
	return n - done;
}

long copy_from_user_nofault(void *dst, const void __user *src, size_t size)
{
	unsigned long left;

	pagefault_disable();
	left = copy_from_user(dst, src, size);
	pagefault_enable();
	return left ? -EFAULT : 0;
}

unsigned long clear_user(void __user *to, unsigned long n)
{
	static const char zeroes[PAGE_SIZE];
	unsigned long left = n;

	while (left) {
		unsigned long part = min(left, PAGE_SIZE);
		unsigned long failed = copy_to_user(to + (n - left), zeroes, part);

		left -= part - failed;
		if (failed)
			break;
	}
	return left;
}

static size_t fault_in(unsigned long addr, size_t size, bool write)
{
	unsigned long end = addr + size, done;
	char byte;

	for (; addr < end; addr = (addr & PAGE_MASK) + PAGE_SIZE) {
		if (mmu_access(addr, &byte, 1, false, &done))
			return end - addr;
		if (write && mmu_access(addr, &byte, 1, true, &done))
			return end - addr;
	}
	return 0;
}

size_t fault_in_readable(const char __user *uaddr, size_t size)
{
	return fault_in((unsigned long)uaddr, size, false);
}

size_t fault_in_writeable(char __user *uaddr, size_t size)
{
	return fault_in((unsigned long)uaddr, size, true);
}

long strncpy_from_user(char *dst, const char __user *src, long count)
{
	for (long i = 0; i < count; i++) {
		if (copy_from_user(dst + i, src + i, 1))
			return -EFAULT;
		if (!dst[i])
			return i;
	}
	return count;
}

long strnlen_user(const char __user *str, long count)
{
	char c;

	for (long i = 0; i < count; i++) {
		if (copy_from_user(&c, str + i, 1))
			return 0;
		if (!c)
			return i + 1;
	}
	return count + 1;
}
