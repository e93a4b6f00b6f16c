/* SPDX-License-Identifier: MIT */
/*
 * mm.h - address spaces: what the rest of the kernel may ask of virtual memory.
 *
 * The prototypes stand in groups by the file that defines them. Page tables have a header of their
 * own (pt_table.h), so have limits and accounting (mman.h) and struct page (gfp.h, pagemap.h).
 *
 * mmap_lock: held for reading to look at VMAs and to fault, for writing to change them. Functions
 * that take it themselves say so; all others expect it held.
 */
#ifndef PAGODA_MM_H
#define PAGODA_MM_H

#include <pagoda/mm_types.h>
#include <pagoda/mman.h>
#include <pagoda/rwsem.h>
#include <asm/page.h>

struct task_struct;
struct file;
struct address_space;

/* ---- mmap_lock --------------------------------------------------------------------------- */

static inline void mmap_read_lock(struct mm_struct *mm)
{
	down_read(&mm->mmap_lock);
}

static inline bool mmap_read_trylock(struct mm_struct *mm)
{
	return down_read_trylock(&mm->mmap_lock);
}

static inline int mmap_read_lock_killable(struct mm_struct *mm)
{
	return down_read_killable(&mm->mmap_lock);
}

static inline void mmap_read_unlock(struct mm_struct *mm)
{
	up_read(&mm->mmap_lock);
}

static inline void mmap_write_lock(struct mm_struct *mm)
{
	down_write(&mm->mmap_lock);
}

static inline int mmap_write_lock_killable(struct mm_struct *mm)
{
	return down_write_killable(&mm->mmap_lock);
}

static inline void mmap_write_unlock(struct mm_struct *mm)
{
	up_write(&mm->mmap_lock);
}

static inline void mmap_write_downgrade(struct mm_struct *mm)
{
	downgrade_write(&mm->mmap_lock);
}

/* ---- mm/mm_init.c: life of an mm_struct ------------------------------------------------------ */

/* Creates the slab caches, the zero page and what else faults need; before the first mm_alloc(). */
void mm_core_init(void);
/* An empty address space with the caller as its one user; NULL when out of memory. */
struct mm_struct *mm_alloc(void);
/* Drops one user; the last one tears the address space down (exit_mmap) and may sleep. */
void mmput(struct mm_struct *mm);
/* Frees the struct with the last reference; call mmdrop(). Does not sleep. */
void __mmdrop(struct mm_struct *mm);
/* The mm of @task with a user reference, or NULL (kernel thread, exited). Takes task_lock. */
struct mm_struct *get_task_mm(struct task_struct *task);
/* For kernel/exit.c: tsk->mm = NULL, lazy from here on, mmput. After mm_release(). */
void exit_mm_release_mm(struct task_struct *tsk);
/* exec: the file shown as /proc/PID/exe. set takes a new reference; get returns one or NULL. */
void set_mm_exe_file(struct mm_struct *mm, struct file *new_exe_file);
struct file *get_mm_exe_file(struct mm_struct *mm);

static inline void mmget(struct mm_struct *mm)
{
	atomic_inc(&mm->mm_users);
}

static inline bool mmget_not_zero(struct mm_struct *mm)
{
	return atomic_inc_not_zero(&mm->mm_users);
}

static inline void mmgrab(struct mm_struct *mm)
{
	atomic_inc(&mm->mm_count);
}

static inline void mmdrop(struct mm_struct *mm)
{
	if (atomic_dec_and_test(&mm->mm_count))
		__mmdrop(mm);
}

/* ---- mm/fork_mm.c ------------------------------------------------------------------------- */

/*
 * The memory of a new task (CMM-1..5): nothing for a kernel thread, the same mm with CLONE_VM, a
 * copy else. @clone_flags: CLONE_*. 0 or -ENOMEM. Undone by mmput(tsk->mm). In either case the
 * contexts whose monitors must hear of the copy are on @uf, for dup_userfaultfd_complete() or
 * dup_userfaultfd_fail().
 */
int copy_mm(unsigned long clone_flags, struct task_struct *tsk, struct list_head *uf);
struct mm_struct *dup_mm(struct mm_struct *oldmm, struct list_head *uf);

/* ---- building the address space of a new program --------------------------------------------- */

/* mm/mremap.c: moves the stack down by @shift bytes. Takes mmap_lock. 0 or -errno. */
int shift_arg_pages(struct vm_area_struct **pvma, unsigned long shift);
/* Chooses mmap_base from RLIMIT_STACK and the personality (LAY-3). */
void arch_pick_mmap_layout(struct mm_struct *mm, unsigned long stack_rlimit);
/* Random bytes below @range, page-aligned, added to @start; 0 when randomisation is off. */
unsigned long randomize_page(unsigned long start, unsigned long range);
/* Anonymous memory at [addr, addr+len) like brk's, for bss; @flags: 0 or VM_EXEC. Takes mmap_lock.
 */
int vm_brk_flags(unsigned long addr, unsigned long len, unsigned long flags);

/* ---- mm/vmacache.c, mm/vma_tree.c: the index ------------------------------------------------- */

/* The first VMA that ends above @addr, or NULL. find_vma() asks the task's cache first. */
struct vm_area_struct *find_vma(struct mm_struct *mm, unsigned long addr);
struct vm_area_struct *find_vma_prev(struct mm_struct *mm, unsigned long addr,
				     struct vm_area_struct **pprev);
/* The lowest VMA that overlaps [start, end), or NULL. */
struct vm_area_struct *find_vma_intersection(struct mm_struct *mm, unsigned long start,
					     unsigned long end);

static inline struct vm_area_struct *rb_to_vma(const struct rb_node *node)
{
	return node ? rb_entry(node, struct vm_area_struct, vm_rb) : NULL;
}

static inline struct vm_area_struct *mm_first_vma(const struct mm_struct *mm)
{
	return rb_to_vma(rb_first(&mm->mm_rb));
}

static inline struct vm_area_struct *vma_next(const struct vm_area_struct *vma)
{
	return rb_to_vma(rb_next(&vma->vm_rb));
}

static inline struct vm_area_struct *vma_prev(const struct vm_area_struct *vma)
{
	return rb_to_vma(rb_prev(&vma->vm_rb));
}

/* All VMAs in ascending order; @vma may not be removed in the loop. */
#define for_each_vma(mm, vma) for ((vma) = mm_first_vma(mm); (vma); (vma) = vma_next(vma))

/* The VMA that contains @addr, or NULL. */
static inline struct vm_area_struct *vma_lookup(struct mm_struct *mm, unsigned long addr)
{
	struct vm_area_struct *vma = find_vma(mm, addr);

	return vma && vma->vm_start <= addr ? vma : NULL;
}

static inline unsigned long vma_pages(const struct vm_area_struct *vma)
{
	return (vma->vm_end - vma->vm_start) >> PAGE_SHIFT;
}

/* True exactly when the VMA has no operations table (GEN-8). */
static inline bool vma_is_anonymous(const struct vm_area_struct *vma)
{
	return !vma->vm_ops;
}

/* Private and allowed to become writable: writes copy. */
static inline bool is_cow_mapping(vm_flags_t flags)
{
	return (flags & (VM_SHARED | VM_MAYWRITE)) == VM_MAYWRITE;
}

/* Where a VMA begins and ends for a newcomer: a growing stack keeps a gap below (STK-6). */
static inline unsigned long vm_start_gap(const struct vm_area_struct *vma)
{
	unsigned long start = vma->vm_start;

	if (unlikely(vma->vm_flags & VM_GROWSDOWN))
		start = start > stack_guard_gap ? start - stack_guard_gap : 0;
	return start;
}

/* The page of the object that stands at @addr. */
static inline pgoff_t linear_page_index(const struct vm_area_struct *vma, unsigned long addr)
{
	return ((addr - vma->vm_start) >> PAGE_SHIFT) + vma->vm_pgoff;
}

/* ---- mm/vma.c: one VMA; mmap_lock held for writing ------------------------------------------- */

/* An anonymous VMA of @mm that is nowhere linked, or NULL. */
struct vm_area_struct *vm_area_alloc(struct mm_struct *mm, unsigned long start, unsigned long end,
				     vm_flags_t flags, pgoff_t pgoff);
void vm_area_free(struct vm_area_struct *vma);
/* Puts @vma into the tree above @prev (NULL: it is the lowest), and into its file's i_mmap. */
void vma_link(struct vm_area_struct *prev, struct vm_area_struct *vma);
/* vm_page_prot from vm_flags. */
void vma_set_page_prot(struct vm_area_struct *vma);

/* A task's cached VMA is void: its mm changes (exec). */
void vmacache_flush(struct task_struct *tsk);

/* ---- mm/mmap.c, mm/munmap.c, mm/unmapped_area.c, mm/brk.c, mm/stack.c ------------------------ */

/*
 * Map @len bytes (section 4 of the contract); takes and drops mmap_lock, populates. @file: NULL
 * for anonymous memory. Returns the address or -errno.
 */
unsigned long ksys_mmap_pgoff(unsigned long addr, unsigned long len, unsigned long prot,
			      unsigned long flags, unsigned long fd, unsigned long pgoff);
unsigned long vm_mmap_pgoff(struct file *file, unsigned long addr, unsigned long len,
			    unsigned long prot, unsigned long flags, unsigned long pgoff);
/* The same with @offset in bytes; for the ELF loader. */
unsigned long vm_mmap(struct file *file, unsigned long addr, unsigned long len, unsigned long prot,
		      unsigned long flags, unsigned long offset);
/* Takes mmap_lock. 0 or -errno. */
int vm_munmap(unsigned long start, size_t len);

/*
 * mmap_lock held for writing. *populate: bytes to make present once the lock is dropped; @uf: what
 * to pass to userfaultfd_unmap_complete() then, or NULL to tell nobody.
 */
unsigned long do_mmap_pgoff(struct file *file, unsigned long addr, unsigned long len,
			    unsigned long prot, unsigned long flags, unsigned long pgoff,
			    unsigned long *populate, struct list_head *uf);
int do_munmap(struct mm_struct *mm, unsigned long start, size_t len, struct list_head *uf);
/* A free range of @len bytes, or -ENOMEM. */
unsigned long get_unmapped_area(struct file *file, unsigned long addr, unsigned long len,
				unsigned long pgoff, unsigned long flags);

/*
 * Find the VMA for a fault at @addr, growing a stack where one is just above (STK-1..9). Returns
 * it with mmap_lock held for reading, or NULL with the lock not held: nothing is mapped there.
 */
struct vm_area_struct *lock_mm_and_find_vma(struct mm_struct *mm, unsigned long addr);
/* mmap_lock held for writing. Grow @vma down to @addr. 0 or -ENOMEM. */
int expand_stack(struct vm_area_struct *vma, unsigned long addr);
/*
 * mmap_lock held for writing. An area of the kernel's making in a free place, which no program can
 * merge, lock or grow. 0 or -ENOMEM.
 */
int install_special_mapping(struct mm_struct *mm, unsigned long addr, unsigned long len,
			    vm_flags_t flags, const struct vm_operations_struct *ops);

/* The last user is gone: unmap all, free tables and VMAs. */
void exit_mmap(struct mm_struct *mm);

/* ---- mm/memory.c: faults -------------------------------------------------------------------- */

/*
 * Resolve a fault at @address in @vma, whose access rights the caller has checked. mmap_lock is
 * held for reading; with VM_FAULT_RETRY in the result it has been dropped. Counts min_flt and
 * maj_flt of the current task.
 */
vm_fault_t handle_mm_fault(struct vm_area_struct *vma, unsigned long address, unsigned int flags);
/* For ->fault: maps a frame without counted references, the zero page or device memory. */
vm_fault_t vmf_insert_pfn(struct vm_fault *vmf, unsigned long pfn);

/* What a fault from user mode starts with; after VM_FAULT_RETRY add FAULT_FLAG_TRIED. */
#define FAULT_FLAG_DEFAULT (FAULT_FLAG_ALLOW_RETRY | FAULT_FLAG_KILLABLE | FAULT_FLAG_INTERRUPTIBLE)

/* ---- mm/fault_file.c ------------------------------------------------------------------------ */

/* vm_operations_struct.map_pages for everything in the page cache: fault-around. */
void filemap_map_pages(struct vm_fault *vmf, pgoff_t start, pgoff_t end);

/* ---- mm/mprotect.c --------------------------------------------------------------------------- */

/*
 * Gives [start, end) of @vma new flags; it may become part of a neighbour by that. mmap_lock held
 * for writing. 0 or -errno.
 */
int mprotect_fixup(struct vm_area_struct *vma, unsigned long start, unsigned long end,
		   vm_flags_t newflags);

/* ---- mm/madvise.c ---------------------------------------------------------------------------- */

/* prctl(PR_SET_VMA_ANON_NAME); @name NULL takes the name away. Takes mmap_lock. 0 or -errno. */
int madvise_set_anon_name(struct mm_struct *mm, unsigned long start, unsigned long len,
			  const char *name);

/* ---- mm/gup.c: user memory from the kernel's side -------------------------------------------- */

#define FOLL_WRITE 0x01
#define FOLL_FORCE 0x10 /* ptrace-like: ignore VMA protection, but copy what is private */

/*
 * The page at @addr of @mm, faulted in, with a reference (put_page). mmap_lock held for reading.
 * 0, -EFAULT, -ENOMEM or -EINTR. @locked: NULL, or may wait; -EAGAIN and *locked false say that the
 * lock was dropped for that.
 */
int get_user_page(struct mm_struct *mm, unsigned long addr, unsigned int foll, struct page **page,
		  bool *locked);
/* The same without mmap_lock, so that it can wait for a userfaultfd. */
int get_user_page_unlocked(struct mm_struct *mm, unsigned long addr, unsigned int foll,
			   struct page **page);
/*
 * Copies between @buf and another address space; @foll: FOLL_WRITE writes to @mm. Returns the bytes
 * done, short at the first page that cannot be had. Takes mmap_lock.
 */
int access_remote_vm(struct mm_struct *mm, unsigned long addr, void *buf, int len,
		     unsigned int foll);
/*
 * Makes [start, end) present, with write faults where the VMA is private and writable. All of it
 * in one VMA, mmap_lock held for reading. Pages made present, or -errno for the first one. @locked:
 * NULL, or where to say that the lock had to be dropped.
 */
long populate_vma_page_range(struct vm_area_struct *vma, unsigned long start, unsigned long end,
			     bool *locked);
/* Takes mmap_lock. make_pages_present() of the flow charts; ignores errors if told so. */
int make_pages_present(unsigned long start, unsigned long len, bool ignore_errors);

static inline void mm_populate(unsigned long start, unsigned long len)
{
	make_pages_present(start, len, true);
}

/* ---- mm/accounting.c: resident pages --------------------------------------------------------- */

enum { MM_FILEPAGES, MM_ANONPAGES, MM_SWAPENTS, MM_SHMEMPAGES, NR_MM_COUNTERS };

/* Sums over the PTE tables of @mm, in pages. Takes page_table_lock. */
void get_mm_counters(struct mm_struct *mm, unsigned long counters[NR_MM_COUNTERS]);

static inline unsigned long get_mm_rss(struct mm_struct *mm)
{
	return atomic64_read(&mm->rss);
}

static inline unsigned long get_mm_hiwater_rss(struct mm_struct *mm)
{
	unsigned long rss = get_mm_rss(mm);

	return mm->hiwater_rss > rss ? mm->hiwater_rss : rss;
}

static inline unsigned long get_mm_hiwater_vm(struct mm_struct *mm)
{
	return mm->hiwater_vm > mm->total_vm ? mm->hiwater_vm : mm->total_vm;
}

static inline unsigned long mm_pgtables_bytes(struct mm_struct *mm)
{
	return atomic64_read(&mm->pgtables_bytes);
}

/* ---- mm/verify.c ----------------------------------------------------------------------------- */

/*
 * Checks the whole address space and reports each broken rule to the log. mmap_lock held for
 * writing, or nobody else there. Returns the number of broken rules.
 */
int mm_verify(struct mm_struct *mm);
/* Prints the VMAs of @mm for a panic; takes no lock. */
void show_mm_map(struct mm_struct *mm);

#ifdef CONFIG_CHECKED
void mm_verify_checked(struct mm_struct *mm, const char *where);
#else
static inline void mm_verify_checked(struct mm_struct *mm, const char *where)
{
}
#endif

/* ---- mm/page_init.c: the zero page, which read faults map ------------------------------------ */

extern char empty_zero_page[PAGE_SIZE];
extern unsigned long zero_pfn;

static inline bool is_zero_pfn(unsigned long pfn)
{
	return pfn == zero_pfn;
}

#endif
