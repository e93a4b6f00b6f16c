/* SPDX-License-Identifier: MIT */
/*
 * mm_types.h - the structures of virtual memory: page, vm_area_struct, mm_struct.
 *
 * The rules that tie them together (docs/address-spaces.md tells them at length):
 *  - A frame's _refcount counts the leaf page tables that map it, plus the page cache, plus pins;
 *    never processes.
 *  - A PTE table is an object: its struct page holds its lock (PTL), how many address spaces
 *    share it, and how many entries of each kind are present. An mm's RSS is the sum over its
 * tables.
 *  - VMAs of one mm never overlap; neighbours that can merge are merged.
 */
#ifndef PAGODA_MM_TYPES_H
#define PAGODA_MM_TYPES_H

#include <pagoda/types.h>
#include <pagoda/list.h>
#include <pagoda/rbtree.h>
#include <pagoda/atomic.h>
#include <pagoda/spinlock.h>
#include <pagoda/mutex.h>
#include <pagoda/cpumask.h>
#include <asm/pgtable_types.h>

struct address_space;
struct file;
struct kmem_cache;
struct mm_struct;
struct page;
struct vm_area_struct;
struct userfaultfd_ctx;

typedef unsigned long pgoff_t; /* an offset in pages */
typedef unsigned long vm_flags_t;
typedef unsigned int vm_fault_t; /* VM_FAULT_* */

/* ---- struct page ------------------------------------------------------------------------- */

enum pageflags {
	PG_locked,	   /* contents are being filled or written; lock_page() */
	PG_uptodate,	   /* contents valid */
	PG_dirty,	   /* newer than the backing store */
	PG_waiters,	   /* someone sleeps for PG_locked */
	PG_swapbacked,	   /* anonymous or shmem; not: given up with MADV_FREE, if PG_anon */
	PG_anon,	   /* private anonymous page of some address space */
	PG_anon_exclusive, /* of just one: its owner writes in place, whoever has pinned it */
	PG_slab,	   /* belongs to the slab allocator */
	PG_buddy,	   /* free, head of a block in the buddy allocator */
	PG_pcp,		   /* free, on a per-CPU list */
	PG_table,	   /* a page table; PTE tables use the pt_* fields */
	PG_reserved,	   /* never freed: firmware, kernel image, zero page */
	PG_head,	   /* first page of a compound block; order holds its size */
	PG_tail,	   /* another page of it; order as in the head */
};

/*
 * One per physical frame, 64 bytes. flags and the two counters are common; the union shows who
 * owns the frame. Locks: flags by atomic bit operations, but PG_anon_exclusive and PG_swapbacked of a
 * private page under the PTL of its table; lru by the lock of the list it is on; mapping and index
 * stable under PG_locked; the pt_ group under ptl.
 */
struct page {
	unsigned long flags;
	union {
		struct {		      /* page cache, anonymous memory, free pages */
			struct list_head lru; /* buddy or per-CPU free list */
			struct address_space *mapping;
			pgoff_t index;
			unsigned long private; /* buddy: order of the free block */
		};
		struct { /* slab */
			struct list_head slab_list;
			struct kmem_cache *slab_cache;
			void *freelist;
			u16 inuse;
			u16 objects;
		};
		struct { /* PTE table; pt_mm and pt_list under page_table_lock */
			struct list_head pt_list; /* in pt_mm->pte_tables */
			struct mm_struct *pt_mm;  /* owner while pt_refs == 1 */
			spinlock_t ptl;
			u32 pt_refs;	/* address spaces that share this table */
			u16 pt_anon;	/* present entries: anonymous pages */
			u16 pt_file;	/* page-cache pages of files */
			u16 pt_shmem;	/* page-cache pages of shmem */
			u16 pt_swap;	/* swap entries */
			u16 pt_special; /* zero page and other uncounted frames */
		};
	};
	atomic_t _refcount;
	u32 order; /* of an allocated block, for compound frees */
} __aligned(64);

_Static_assert(sizeof(struct page) == 64, "page_to_pfn() shall be a shift");

/* ---- struct vm_area_struct --------------------------------------------------------------- */

#define VM_NONE		0x00000000UL
#define VM_READ		0x00000001UL
#define VM_WRITE	0x00000002UL
#define VM_EXEC		0x00000004UL
#define VM_SHARED	0x00000008UL
#define VM_MAYREAD	0x00000010UL
#define VM_MAYWRITE	0x00000020UL
#define VM_MAYEXEC	0x00000040UL
#define VM_MAYSHARE	0x00000080UL
#define VM_GROWSDOWN	0x00000100UL
#define VM_UFFD_MISSING 0x00000200UL
#define VM_PFNMAP	0x00000400UL
#define VM_UFFD_WP	0x00001000UL
#define VM_LOCKED	0x00002000UL
#define VM_IO		0x00004000UL
#define VM_SEQ_READ	0x00008000UL
#define VM_RAND_READ	0x00010000UL
#define VM_DONTCOPY	0x00020000UL
#define VM_DONTEXPAND	0x00040000UL
#define VM_LOCKONFAULT	0x00080000UL
#define VM_ACCOUNT	0x00100000UL
#define VM_NORESERVE	0x00200000UL
#define VM_HUGETLB	0x00400000UL
#define VM_SYNC		0x00800000UL
#define VM_WIPEONFORK	0x02000000UL
#define VM_DONTDUMP	0x04000000UL
#define VM_SOFTDIRTY	0x08000000UL
#define VM_MIXEDMAP	0x10000000UL
#define VM_HUGEPAGE	0x20000000UL
#define VM_NOHUGEPAGE	0x40000000UL
#define VM_MERGEABLE	0x80000000UL
#define VM_PKEY_SHIFT	32 /* four bits: the number of the protection key */
#define VM_PKEY_MASK	(0xfUL << VM_PKEY_SHIFT)
#define VM_UFFD_MINOR	(1UL << 37)

#define VM_STACK	VM_GROWSDOWN
#define VM_ACCESS_FLAGS (VM_READ | VM_WRITE | VM_EXEC)
#define VM_SPECIAL	(VM_IO | VM_DONTEXPAND | VM_PFNMAP | VM_MIXEDMAP) /* never merged or mlocked */

/* One fault, as handle_mm_fault() and its helpers pass it on. */
struct vm_fault {
	struct vm_area_struct *vma;
	unsigned long address;	    /* page-aligned */
	unsigned long real_address; /* as the CPU reported it */
	unsigned int flags;	    /* FAULT_FLAG_* */
	pgoff_t pgoff;		    /* of the page within vma's object */
	pmd_t *pmd;
	pte_t orig_pte;	   /* what stood there when the fault was classified */
	struct page *page; /* ->fault() returns the page here, locked, with a reference */
};

#define FAULT_FLAG_WRITE	 0x01
#define FAULT_FLAG_MKWRITE	 0x02
#define FAULT_FLAG_ALLOW_RETRY	 0x04
#define FAULT_FLAG_RETRY_NOWAIT	 0x08
#define FAULT_FLAG_KILLABLE	 0x10
#define FAULT_FLAG_TRIED	 0x20
#define FAULT_FLAG_USER		 0x40
#define FAULT_FLAG_REMOTE	 0x80
#define FAULT_FLAG_INSTRUCTION	 0x100
#define FAULT_FLAG_INTERRUPTIBLE 0x200

#define VM_FAULT_OOM	  0x000001
#define VM_FAULT_SIGBUS	  0x000002
#define VM_FAULT_MAJOR	  0x000004
#define VM_FAULT_SIGSEGV  0x000040
#define VM_FAULT_NOPAGE	  0x000100 /* ->fault installed the entry itself */
#define VM_FAULT_LOCKED	  0x000200 /* ->fault returned the page locked */
#define VM_FAULT_RETRY	  0x000400 /* mmap_lock was dropped: start again */
#define VM_FAULT_DONE_COW 0x001000
#define VM_FAULT_ERROR	  (VM_FAULT_OOM | VM_FAULT_SIGBUS | VM_FAULT_SIGSEGV)

/* A name given by prctl(PR_SET_VMA_ANON_NAME), shared by the VMAs that carry it. */
struct anon_vma_name {
	refcount_t refs;
	char name[];
};

struct vm_operations_struct {
	void (*open)(
		struct vm_area_struct *vma); /* a second VMA refers to the object (fork, split) */
	void (*close)(struct vm_area_struct *vma); /* the last step of removing a VMA */
	int (*may_split)(struct vm_area_struct *vma, unsigned long addr);
	vm_fault_t (*fault)(struct vm_fault *vmf); /* mmap_lock held for read */
	/* Map cached pages [start, end] of the object around vmf; filemap_map_pages or NULL. */
	void (*map_pages)(struct vm_fault *vmf, pgoff_t start, pgoff_t end);
	const char *(*name)(struct vm_area_struct *vma);
};

/*
 * A range of an address space with one kind of backing. Fields are stable while mmap_lock is held
 * for read, and change only with it held for write (i_mmap_node: the mapping's i_mmap_lock).
 */
struct vm_area_struct {
	unsigned long vm_start; /* first byte */
	unsigned long vm_end;	/* first byte after */

	struct rb_node vm_rb;
	unsigned long vm_gap;	      /* bytes free below this VMA, without a stack's guard gap */
	unsigned long rb_subtree_gap; /* largest vm_gap of this subtree, but for the free area */

	struct mm_struct *vm_mm;
	pgprot_t vm_page_prot;
	vm_flags_t vm_flags;

	unsigned long vm_pgoff; /* in pages; anonymous: vm_start >> PAGE_SHIFT as first mapped */
	struct file *vm_file;	/* NULL for anonymous memory; holds a reference */
	const struct vm_operations_struct *vm_ops; /* NULL: anonymous (vma_is_anonymous) */
	void *vm_private_data;
	struct anon_vma_name *anon_name; /* prctl(PR_SET_VMA), or NULL */
	struct userfaultfd_ctx *vm_userfaultfd_ctx;

	struct list_head i_mmap_node; /* in vm_file's address_space.i_mmap; later, of the removed */
	bool vm_faulted; /* private pages were ever present here: fork copies, mremap keeps pgoff */
};

/* ---- struct mm_struct -------------------------------------------------------------------- */

#define AT_VECTOR_SIZE 44

/* mm_struct.flags */
#define MMF_DUMPABLE_MASK 0x003UL /* SUID_DUMP_*: 0 nobody, 1 user, 2 root */
#define MMF_DUMP_FILTER	  0x1fcUL
#define MMF_DISABLE_THP	  0x1000000UL
#define MMF_INIT_MASK	  (MMF_DUMPABLE_MASK | MMF_DUMP_FILTER | MMF_DISABLE_THP) /* fork keeps */
#define MMF_UNMERGED	  0x2000000UL /* fork or mremap took VM_LOCKED away, unmerged (DMP-8) */

struct mm_struct {
	atomic_t mm_users; /* tasks, and temporary users; at 0 all VMAs and pages go */
	atomic_t mm_count; /* references to the struct: one for all users, one per lazy borrower */
	pgd_t *pgd;

	struct rw_semaphore mmap_lock;
	/* -- guarded by mmap_lock -- */
	struct rb_root mm_rb;
	/* The free area (mm/vma_tree.c): the gap below this VMA is not counted in the tree. */
	struct vm_area_struct *free_area_vma; /* or NULL */
	unsigned long cached_hole_size; /* bytes; every hole above it is smaller, up to here: */
	unsigned long free_area_high;
	int map_count;
	u64 vmacache_seqnum;	/* bumped when a VMA goes: per-task caches are void */
	unsigned long total_vm; /* pages, also the following */
	unsigned long data_vm;
	unsigned long exec_vm;
	unsigned long stack_vm;
	unsigned long locked_vm;
	unsigned long pinned_vm;
	unsigned long hiwater_vm;
	unsigned long hiwater_rss;
	vm_flags_t def_flags; /* mlockall(MCL_FUTURE) */

	/* -- set by exec, changed under mmap_lock -- */
	unsigned long mmap_base;
	unsigned long mmap_legacy_base;
	unsigned long mmap_compat_base; /* the same for 32-bit calls (MMAP2-5) */
	unsigned long mmap_compat_legacy_base;
	unsigned long task_size;
	unsigned long start_code, end_code, start_data, end_data;
	unsigned long start_brk, brk, start_stack;
	unsigned long arg_start, arg_end, env_start, env_end;
	unsigned long saved_auxv[AT_VECTOR_SIZE];
	unsigned long vdso; /* where exec mapped it, or 0 */
	struct file *exe_file;
	unsigned long flags;	 /* MMF_* */
	u16 pkey_allocation_map; /* protection keys in use */
	s16 execute_only_pkey;	 /* the one for PROT_EXEC alone, or -1; programs cannot name it */

	spinlock_t page_table_lock; /* PGD, PUD and PMD entries; list of PTE tables */
	struct list_head
		pte_tables; /* all PTE tables, by page->pt_list; RSS is the sum over them */
	struct list_head upper_tables; /* PUD and PMD tables, likewise */
	atomic64_t pgtables_bytes;
	bool lazyfree;	/* MADV_FREE may have left pages that reclaim can take */
	atomic64_t rss; /* present pages of all kinds, for hiwater_rss; equals that sum */

	/* -- machine: arch/x86_64/tlb.c -- */
	cpumask_t cpu_bitmap; /* CPUs that may hold translations of this mm */
	u64 ctx_id;	      /* never reused */
	atomic64_t tlb_gen;   /* bumped by each flush */

	atomic_t membarrier_state; /* MEMBARRIER_STATE_* registrations */
	struct list_head mmlist;   /* all address spaces, for reclaim and debugging */
};

static inline cpumask_t *mm_cpumask(struct mm_struct *mm)
{
	return &mm->cpu_bitmap;
}

extern struct mm_struct init_mm;

#endif
