// SPDX-License-Identifier: MIT
/*
 * mm/mm_init.c - life of an mm_struct.
 *
 *	mm_users  tasks, and others who need its memory for a while   0: exit_mmap(), memory goes
 *	mm_count  one for all users, one for each lazy borrower       0: the struct and the root go
 *
 * A kernel thread runs on the tables of whatever ran before it and holds mm_count (KTH-2); when the
 * users go meanwhile, their half of the root is empty and only the kernel's half is left.
 */
#include <pagoda/errno.h>
#include <pagoda/fs.h>
#include <pagoda/oom.h>
#include <pagoda/sched.h>
#include <pagoda/slab.h>
#include <asm/mmu_context.h>
#include <asm/pgtable.h>
#include "vm_internal.h"

static struct kmem_cache *mm_cachep;

/* The kernel's own: what CPUs run on that have no user's. Its user half is always empty. */
struct mm_struct init_mm = {
	.mm_users = ATOMIC_INIT(2),
	.mm_count = ATOMIC_INIT(1),
	.pgd = swapper_pg_dir,
	.mm_rb = {NULL},
	.page_table_lock = __SPIN_LOCK_UNLOCKED_RANK(RANK_PAGE_TABLE),
	.pte_tables = LIST_HEAD_INIT(init_mm.pte_tables),
	.mmlist = LIST_HEAD_INIT(init_mm.mmlist),
	.task_size = TASK_SIZE_MAX,
};

spinlock_t mmlist_lock = __SPIN_LOCK_UNLOCKED_RANK(RANK_MMLIST);

void __init mm_core_init(void)
{
	init_rwsem_rank(&init_mm.mmap_lock, RANK_MMAP);
	mm_cachep = KMEM_CACHE(mm_struct, SLAB_PANIC | SLAB_ACCOUNT);
	vma_init_cache();
	get_page(pfn_to_page(zero_pfn)); /* for ever: pins come and go */
}

struct mm_struct *allocate_mm(void)
{
	return kmem_cache_alloc(mm_cachep, GFP_KERNEL);
}

/* Gives @mm, which may be a copy of another, a life of its own; frees it when that fails. */
struct mm_struct *mm_init(struct mm_struct *mm)
{
	static atomic64_t last_ctx_id = ATOMIC64_INIT(1);

	atomic_set(&mm->mm_users, 1);
	atomic_set(&mm->mm_count, 1);
	init_rwsem_rank(&mm->mmap_lock, RANK_MMAP);
	spin_lock_init_rank(&mm->page_table_lock, RANK_PAGE_TABLE);
	mm->mm_rb = RB_ROOT;
	mm->free_area_vma = NULL;
	mm->map_count = 0;
	mm->vmacache_seqnum = 1; /* a flushed cache has 0 */
	mm->locked_vm = mm->pinned_vm = 0;
	INIT_LIST_HEAD(&mm->pte_tables);
	INIT_LIST_HEAD(&mm->upper_tables);
	atomic64_set(&mm->pgtables_bytes, 0);
	atomic64_set(&mm->rss, 0);
	mm->exe_file = NULL;
	cpumask_clear(mm_cpumask(mm));
	mm->ctx_id = atomic64_inc_return(&last_ctx_id);
	atomic64_set(&mm->tlb_gen, 1);
	mm->pgd = pgd_alloc(mm);
	if (!mm->pgd) {
		kmem_cache_free(mm_cachep, mm);
		return NULL;
	}
	spin_lock(&mmlist_lock);
	list_add_tail(&mm->mmlist, &init_mm.mmlist);
	spin_unlock(&mmlist_lock);
	return mm;
}

/* Nobody may look into it (SUID_DUMP_DISABLE) until exec has decided who may. */
struct mm_struct *mm_alloc(void)
{
	struct mm_struct *mm = allocate_mm();

	if (!mm)
		return NULL;
	memset(mm, 0, sizeof(*mm));
	mm->task_size = TASK_SIZE_MAX;
	mm->pkey_allocation_map = 1;
	mm->execute_only_pkey = -1;
	return mm_init(mm);
}

void __mmdrop(struct mm_struct *mm)
{
	VM_BUG_ON(mm == &init_mm);
	pgd_free(mm, mm->pgd);
	kmem_cache_free(mm_cachep, mm);
}

void mmput(struct mm_struct *mm)
{
	if (!atomic_dec_and_test(&mm->mm_users))
		return;
	might_sleep();
	spin_lock(&mmlist_lock); /* reclaim stays away from now on */
	list_del_init(&mm->mmlist);
	spin_unlock(&mmlist_lock);
	exit_mmap(mm);
	oom_mm_is_gone(mm);
	set_mm_exe_file(mm, NULL);
	mmdrop(mm);
}

struct mm_struct *get_task_mm(struct task_struct *task)
{
	struct mm_struct *mm;

	task_lock(task);
	mm = task->mm;
	if (mm && (task->flags & PF_KTHREAD || !mmget_not_zero(mm)))
		mm = NULL;
	task_unlock(task);
	return mm;
}

/* The task goes on as a borrower of the mm it gives up, until another one is loaded. */
void exit_mm_release_mm(struct task_struct *tsk)
{
	struct mm_struct *mm = tsk->mm;

	if (!mm)
		return;
	mmgrab(mm);
	task_lock(tsk);
	tsk->mm = NULL;
	task_unlock(tsk);
	vmacache_flush(tsk);
	enter_lazy_tlb(mm, tsk);
	mmput(mm);
}

/* ---- /proc/PID/exe; exe_file is guarded by page_table_lock ----------------------------------- */

void set_mm_exe_file(struct mm_struct *mm, struct file *new_exe_file)
{
	struct file *old;

	/* Cannot fail: exec, or the mm that is copied, denies writing to the file already. */
	if (new_exe_file && !deny_write_access(new_exe_file))
		get_file(new_exe_file);
	spin_lock(&mm->page_table_lock);
	old = mm->exe_file;
	mm->exe_file = new_exe_file;
	spin_unlock(&mm->page_table_lock);
	if (old) {
		allow_write_access(old);
		fput(old);
	}
}

struct file *get_mm_exe_file(struct mm_struct *mm)
{
	struct file *file;

	spin_lock(&mm->page_table_lock);
	file = mm->exe_file;
	if (file)
		get_file(file);
	spin_unlock(&mm->page_table_lock);
	return file;
}
