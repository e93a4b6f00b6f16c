// SPDX-License-Identifier: MIT
/*
 * mm/file_mmap.c - mapping files of the page cache: faults, and who may write.
 *
 * A fault returns the page locked and with a reference; the fault path installs the entry and only
 * then unlocks, so that truncation, which needs the lock, comes before (the fault sees the new
 * size) or after (it finds the entry and unmaps it).
 *
 * Locks: mmap_lock for reading -> page lock. Waiting for the page lock, mmap_lock is dropped when
 * the fault may be retried.
 */
#include <pagoda/kernel.h>
#include <pagoda/fs.h>
#include <pagoda/mm.h>
#include <pagoda/pagemap.h>
#include <pagoda/sched.h>

/* Locks a page for a fault. False: mmap_lock was dropped, the fault must be retried. */
static bool lock_page_or_retry(struct page *page, struct vm_fault *vmf)
{
	if (trylock_page(page))
		return true;
	if (!(vmf->flags & FAULT_FLAG_ALLOW_RETRY) || (vmf->flags & FAULT_FLAG_TRIED)) {
		lock_page(page);
		return true;
	}
	mmap_read_unlock(vmf->vma->vm_mm);
	if (!lock_page_killable(page))
		unlock_page(page);
	return false;
}

vm_fault_t filemap_fault(struct vm_fault *vmf)
{
	struct file *file = vmf->vma->vm_file;
	struct address_space *mapping = file->f_mapping;
	struct inode *inode = mapping->host;
	vm_fault_t ret = 0;
	struct page *page;

	for (;;) {
		if (vmf->pgoff >= DIV_ROUND_UP(i_size_read(inode), (loff_t)PAGE_SIZE))
			return VM_FAULT_SIGBUS;
		page = find_get_page(mapping, vmf->pgoff);
		if (!page || !PageUptodate(page)) {
			if (page)
				put_page(page);
			page = read_mapping_page(mapping, vmf->pgoff, file);
			if (IS_ERR(page))
				return page == ERR_PTR(-ENOMEM) ? VM_FAULT_OOM : VM_FAULT_SIGBUS;
			ret = VM_FAULT_MAJOR;
		}
		if (!lock_page_or_retry(page, vmf)) {
			put_page(page);
			return ret | VM_FAULT_RETRY;
		}
		if (likely(page->mapping == mapping))
			break;
		unlock_page(page);
		put_page(page);
	}
	if (vmf->pgoff >= DIV_ROUND_UP(i_size_read(inode), (loff_t)PAGE_SIZE)) {
		unlock_page(page);
		put_page(page);
		return VM_FAULT_SIGBUS;
	}
	vmf->page = page;
	return ret | VM_FAULT_LOCKED;
}

/* The first write through a shared mapping: the page becomes dirty. */
vm_fault_t filemap_page_mkwrite(struct vm_fault *vmf)
{
	struct page *page = vmf->page;

	file_update_time(vmf->vma->vm_file);
	lock_page(page);
	if (page->mapping != vmf->vma->vm_file->f_mapping) {
		unlock_page(page);
		return VM_FAULT_NOPAGE;
	}
	set_page_dirty(page);
	wait_on_page_writeback(page);
	return VM_FAULT_LOCKED;
}

const struct vm_operations_struct generic_file_vm_ops = {
	.fault = filemap_fault,
	.map_pages = filemap_map_pages,
	.page_mkwrite = filemap_page_mkwrite,
};

int generic_file_mmap(struct file *file, struct vm_area_struct *vma)
{
	if (!file->f_mapping->a_ops || !file->f_mapping->a_ops->readpage)
		return -ENOEXEC;
	file_accessed(file);
	vma->vm_ops = &generic_file_vm_ops;
	return 0;
}

/* ---- Who may map for writing: i_mmap_writable counts up or down, never both -------------- */

int mapping_map_writable(struct address_space *mapping)
{
	int old = atomic_read(&mapping->i_mmap_writable);

	do {
		if (old < 0)
			return -EPERM;
	} while (!atomic_try_cmpxchg(&mapping->i_mmap_writable, &old, old + 1));
	return 0;
}

void mapping_unmap_writable(struct address_space *mapping)
{
	atomic_dec(&mapping->i_mmap_writable);
}

int mapping_deny_writable(struct address_space *mapping)
{
	int old = atomic_read(&mapping->i_mmap_writable);

	do {
		if (old > 0)
			return -EBUSY;
	} while (!atomic_try_cmpxchg(&mapping->i_mmap_writable, &old, old - 1));
	return 0;
}

void mapping_allow_writable(struct address_space *mapping)
{
	atomic_inc(&mapping->i_mmap_writable);
}
