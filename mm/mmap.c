// SPDX-License-Identifier: MIT
/*
 * mm/mmap.c - mmap(2), in the order of the contract's section 4.
 *
 *	sys_mmap -> ksys_mmap_pgoff	the descriptor
 *	  -> vm_mmap_pgoff		mmap_lock; populates after it
 *	    -> do_mmap_pgoff		checks of parameters, address, flags, file (steps 4 to 27)
 *	      -> mmap_region		limits, old mappings, merge or create (steps 28 to 35)
 *
 * Locks: mmap_lock held for writing from do_mmap_pgoff() on; it is taken killably.
 */
#include <pagoda/cred.h>
#include <pagoda/err.h>
#include <pagoda/fs.h>
#include <pagoda/mount.h>
#include <pagoda/pagemap.h>
#include <pagoda/sched.h>
#include <pagoda/shmem.h>
#include <pagoda/userfaultfd_k.h>
#include <uapi/personality.h>
#include <asm/pkeys.h>
#include <syscalls.h>
#include "vm_internal.h"

/* On a mount that forbids execution. */
static bool file_noexec(const struct file *file)
{
	return file->f_path.mnt->mnt_flags & MNT_NOEXEC;
}

/* MMAP-23: the whole range has offsets that a loff_t can express. */
static bool file_range_ok(struct file *file, unsigned long len, unsigned long pgoff)
{
	const u64 max_bytes = MAX_LFS_FILESIZE;
	umode_t mode = file_inode(file)->i_mode;

	if (!S_ISREG(mode) && !S_ISBLK(mode)) /* devices address their memory as they like */
		return true;
	return len <= max_bytes && pgoff <= (max_bytes - len) >> PAGE_SHIFT;
}

/* A sealed object may be mapped shared for reading, but never become writable then (MFD-5..7). */
static int check_write_seals(struct file *file, vm_flags_t *vm_flags)
{
	int seals;

	if (!is_shared_maywrite(*vm_flags) || !shmem_file(file))
		return 0;
	seals = shmem_get_seals(file);
	if (seals < 0 || !(seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE)))
		return 0;
	if (*vm_flags & VM_WRITE)
		return -EPERM;
	*vm_flags &= ~VM_MAYWRITE;
	return 0;
}

/* Steps 18 to 26 for files: what the descriptor allows (MMAP-18..22). */
static int check_file(struct file *file, unsigned long len, unsigned long prot, unsigned long flags,
		      unsigned long pgoff, vm_flags_t *vm_flags)
{
	struct inode *inode = file_inode(file);

	if (!file_range_ok(file, len, pgoff))
		return -EOVERFLOW;
	switch (flags & MAP_TYPE) {
	case MAP_SHARED_VALIDATE:
		if (flags & ~LEGACY_MAP_MASK)
			return -EOPNOTSUPP;
		fallthrough;
	case MAP_SHARED:
		if (prot & PROT_WRITE && !(file->f_mode & FMODE_WRITE))
			return -EACCES;
		if (IS_APPEND(inode) && file->f_mode & FMODE_WRITE)
			return -EACCES;
		*vm_flags |= VM_SHARED | VM_MAYSHARE;
		if (!(file->f_mode & FMODE_WRITE))
			*vm_flags &= ~(VM_MAYWRITE | VM_SHARED);
		fallthrough;
	case MAP_PRIVATE:
		if (!(file->f_mode & FMODE_READ))
			return -EACCES;
		if (file_noexec(file)) {
			if (*vm_flags & VM_EXEC)
				return -EPERM;
			*vm_flags &= ~VM_MAYEXEC;
		}
		if (!file->f_op->mmap)
			return -ENODEV;
		if (*vm_flags & VM_GROWSDOWN)
			return -EINVAL;
		return check_write_seals(file, vm_flags);
	default:
		return -EINVAL;
	}
}

static int check_anonymous(unsigned long addr, unsigned long flags, vm_flags_t *vm_flags,
			   unsigned long *pgoff)
{
	switch (flags & MAP_TYPE) {
	case MAP_SHARED:
		if (*vm_flags & VM_GROWSDOWN)
			return -EINVAL;
		*pgoff = 0; /* a new object, from its start */
		*vm_flags |= VM_SHARED | VM_MAYSHARE;
		return 0;
	case MAP_PRIVATE:
		*pgoff = addr >> PAGE_SHIFT;
		return 0;
	default:
		return -EINVAL;
	}
}

unsigned long do_mmap_pgoff(struct file *file, unsigned long addr, unsigned long len,
			    unsigned long prot, unsigned long flags, unsigned long pgoff,
			    unsigned long *populate, struct list_head *uf)
{
	struct mm_struct *mm = current->mm;
	vm_flags_t vm_flags;
	int pkey = 0, err;

	*populate = 0;
	if (!len)
		return -EINVAL;
	if (prot & PROT_READ && current->personality & READ_IMPLIES_EXEC &&
	    !(file && file_noexec(file)))
		prot |= PROT_EXEC;
	if (flags & MAP_FIXED_NOREPLACE)
		flags |= MAP_FIXED;
	if (!(flags & MAP_FIXED)) {
		addr &= PAGE_MASK;
		if (addr && addr < mmap_min_addr)
			addr = PAGE_ALIGN(mmap_min_addr);
	}
	len = PAGE_ALIGN(len); /* stop: mmap-3 */
	if (!len)
		return -ENOMEM;
	if (pgoff + (len >> PAGE_SHIFT) < pgoff)
		return -EOVERFLOW;
	if (mm->map_count > sysctl_max_map_count)
		return -ENOMEM;

	addr = get_unmapped_area(file, addr, len, pgoff, flags);
	if (IS_ERR_VALUE(addr))
		return addr;
	if (addr < mmap_min_addr && !capable(CAP_SYS_RAWIO))
		return -EPERM;
	if (flags & MAP_FIXED_NOREPLACE && find_vma_intersection(mm, addr, addr + len))
		return -EEXIST;

	if (prot == PROT_EXEC)
		pkey = execute_only_pkey(mm);
	vm_flags = calc_vm_prot_bits(prot, pkey) | calc_vm_flag_bits(flags) | mm->def_flags |
		   VM_MAYREAD | VM_MAYWRITE | VM_MAYEXEC;
	if (flags & MAP_LOCKED && !can_do_mlock()) /* step 16 */
		return -EPERM;
	err = mlock_future_check(mm, vm_flags, len);
	if (!err)
		err = file ? check_file(file, len, prot, flags, pgoff, &vm_flags)
			   : check_anonymous(addr, flags, &vm_flags, &pgoff);
	if (err)
		return err;
	if (flags & MAP_NORESERVE && sysctl_overcommit_memory != OVERCOMMIT_NEVER)
		vm_flags |= VM_NORESERVE;

	addr = mmap_region(mm, file, addr, len, vm_flags, pgoff, uf);
	if (!IS_ERR_VALUE(addr) &&
	    ((vm_flags & VM_LOCKED) || (flags & (MAP_POPULATE | MAP_NONBLOCK)) == MAP_POPULATE))
		*populate = len;
	return addr;
}

/* ---- the region phase ------------------------------------------------------------------------ */

unsigned long count_vma_pages_range(struct mm_struct *mm, unsigned long addr, unsigned long end,
				    vm_flags_t flags)
{
	struct vm_area_struct *vma = find_vma_intersection(mm, addr, end);
	unsigned long pages = 0;

	for (; vma && vma->vm_start < end; vma = vma_next(vma))
		if ((vma->vm_flags & flags) == flags)
			pages += (min(vma->vm_end, end) - max(vma->vm_start, addr)) >> PAGE_SHIFT;
	return pages;
}

/* Lets the file, or the shared anonymous object that is made for it, take @vma over (step 34). */
static int call_mmap(struct file *file, struct vm_area_struct *vma)
{
	int err;

	if (!file)
		return vma->vm_flags & VM_SHARED ? shmem_zero_setup(vma) : 0;
	vma->vm_file = get_file(file);
	err = file->f_op->mmap(file, vma);
	if (err) {
		fput(vma->vm_file);
		vma->vm_file = NULL;
	}
	return err;
}

/* Steps 33 to 35. The file may change the flags; a special VMA cannot be locked (MLK-14). */
static struct vm_area_struct *mmap_new_vma(struct mm_struct *mm, struct vm_area_struct *prev,
					   unsigned long addr, unsigned long len,
					   const struct vma_attr *attr)
{
	struct vm_area_struct *vma = vm_area_alloc(mm, addr, addr + len, attr->flags, attr->pgoff);
	int err;

	if (!vma)
		return ERR_PTR(-ENOMEM);
	err = call_mmap(attr->file, vma);
	if (err) {
		vm_area_free(vma);
		return ERR_PTR(err);
	}
	if (vma->vm_flags & VM_SPECIAL)
		vma->vm_flags &= ~(VM_LOCKED | VM_LOCKONFAULT);
	vma_set_page_prot(vma);
	vma_link(prev, vma);
	return vma;
}

unsigned long mmap_region(struct mm_struct *mm, struct file *file, unsigned long addr,
			  unsigned long len, vm_flags_t vm_flags, unsigned long pgoff,
			  struct list_head *uf)
{
	struct vma_attr attr = {.file = file, .pgoff = pgoff};
	bool writable = file && is_shared_maywrite(vm_flags);
	unsigned long npages = len >> PAGE_SHIFT, charged = 0;
	struct vm_area_struct *vma, *prev, *next;
	int err = 0;

	if (writable) /* nobody may seal it in between */
		err = mapping_map_writable(file->f_mapping);
	if (err)
		return err;
	err = -ENOMEM;
	if (!may_expand_vm(mm, vm_flags, npages) && /* it may replace some (FIX-5) */
	    !may_expand_vm(mm, vm_flags, npages - count_vma_pages_range(mm, addr, addr + len, 0)))
		goto out;
	next = find_vma_prev(mm, addr, &prev);
	if (next && next->vm_start < addr + len) {
		err = do_munmap(mm, addr, len, uf);
		if (err)
			goto out;
		next = find_vma_prev(mm, addr, &prev);
	}
	if (accountable_mapping(vm_flags)) {
		charged = npages;
		err = security_vm_enough_memory_mm(mm, charged);
		if (err)
			goto out;
		vm_flags |= VM_ACCOUNT;
	}

	attr.flags = vm_flags | VM_SOFTDIRTY; /* stop: mmap-5 */
	vma = vma_merge_new(prev, next, addr, addr + len, &attr);
	if (!vma)
		vma = mmap_new_vma(mm, prev, addr, len, &attr);
	err = PTR_ERR_OR_ZERO(vma);
	if (!err)
		vm_stat_account(mm, vma->vm_flags, npages);
	else
		vm_unacct_memory(charged);
	mm_verify_checked(mm, "mmap");
out:
	if (writable)
		mapping_unmap_writable(file->f_mapping);
	return err ? err : addr;
}

int install_special_mapping(struct mm_struct *mm, unsigned long addr, unsigned long len,
			    vm_flags_t flags, const struct vm_operations_struct *ops)
{
	struct vm_area_struct *vma, *prev;

	vma = vm_area_alloc(mm, addr, addr + len, flags | VM_DONTEXPAND, 0);
	if (!vma)
		return -ENOMEM;
	vma->vm_ops = ops;
	find_vma_prev(mm, addr, &prev);
	vma_link(prev, vma);
	vm_stat_account(mm, vma->vm_flags, (long)(len >> PAGE_SHIFT));
	return 0;
}

/* ---- entry points ---------------------------------------------------------------------------- */

unsigned long vm_mmap_pgoff(struct file *file, unsigned long addr, unsigned long len,
			    unsigned long prot, unsigned long flags, unsigned long pgoff)
{
	struct mm_struct *mm = current->mm;
	unsigned long populate, ret;
	LIST_HEAD(uf);

	if (mmap_write_lock_killable(mm))
		return -EINTR;
	ret = do_mmap_pgoff(file, addr, len, prot, flags, pgoff, &populate, &uf);
	mmap_write_unlock(mm);
	userfaultfd_unmap_complete(&uf);
	if (populate)
		mm_populate(ret, populate);
	return ret;
}

unsigned long vm_mmap(struct file *file, unsigned long addr, unsigned long len, unsigned long prot,
		      unsigned long flags, unsigned long offset)
{
	if (offset + PAGE_ALIGN(len) < offset || offset & ~PAGE_MASK)
		return -EINVAL;
	return vm_mmap_pgoff(file, addr, len, prot, flags, offset >> PAGE_SHIFT);
}

unsigned long ksys_mmap_pgoff(unsigned long addr, unsigned long len, unsigned long prot,
			      unsigned long flags, unsigned long fd, unsigned long pgoff)
{
	struct file *file = NULL;
	unsigned long ret;

	if (!(flags & MAP_ANONYMOUS)) {
		file = fget(fd);
		if (!file)
			return -EBADF;
	}
	/* There are no huge pages: no file has them, and no size of them is available (MMAP-31). */
	ret = -EINVAL;
	if (!(flags & MAP_HUGETLB))
		ret = vm_mmap_pgoff(file, addr, len, prot, flags, pgoff); /* stop: mmap-2 */
	if (file)
		fput(file);
	return ret;
}

long sys_mmap(unsigned long addr, unsigned long len, unsigned long prot, unsigned long flags,
	      unsigned long fd, unsigned long off)
{
	if (off & ~PAGE_MASK)
		return -EINVAL;
	return ksys_mmap_pgoff(addr, len, prot, flags, fd, off >> PAGE_SHIFT); /* stop: mmap-1 */
}

/* The end of the run of VMAs from @vma on that touch and map one file with one set of flags. */
static unsigned long uniform_end(const struct vm_area_struct *vma, unsigned long end)
{
	const struct vm_area_struct *next = vma_next(vma);

	for (; vma->vm_end < end; vma = next, next = vma_next(vma))
		if (!next || next->vm_start != vma->vm_end || next->vm_file != vma->vm_file ||
		    next->vm_flags != vma->vm_flags)
			break;
	return vma->vm_end;
}

/* A part of a shared mapping shows other pages of its file: a new mapping over it (MISC-1). */
long sys_remap_file_pages(unsigned long start, unsigned long size, unsigned long prot,
			  unsigned long pgoff, unsigned long flags)
{
	struct mm_struct *mm = current->mm;
	struct vm_area_struct *vma;
	unsigned long populate = 0, ret = -EINVAL;
	struct file *file;

	start &= PAGE_MASK;
	size &= PAGE_MASK;
	if (prot || start + size <= start || pgoff + (size >> PAGE_SHIFT) < pgoff)
		return -EINVAL;
	if (mmap_write_lock_killable(mm))
		return -EINTR;
	vma = vma_lookup(mm, start);
	if (vma && vma->vm_flags & VM_SHARED && uniform_end(vma, start + size) >= start + size) {
		prot = vma->vm_flags & (PROT_READ | PROT_WRITE | PROT_EXEC);
		flags = (flags & MAP_NONBLOCK) | MAP_SHARED | MAP_FIXED | MAP_POPULATE |
			(vma->vm_flags & VM_LOCKED ? MAP_LOCKED : 0);
		file = get_file(vma->vm_file);
		ret = do_mmap_pgoff(file, start, size, prot, flags, pgoff, &populate, NULL);
		fput(file);
	}
	mmap_write_unlock(mm);
	if (populate)
		mm_populate(ret, populate);
	return IS_ERR_VALUE(ret) ? (long)ret : 0;
}

/* i386's call, whose offset counts pages (MMAP2-1); no 64-bit number leads here. */
long sys_mmap2(unsigned long addr, unsigned long len, unsigned long prot, unsigned long flags,
	       unsigned long fd, unsigned long pgoff)
{
	return ksys_mmap_pgoff(addr, len, prot, flags, fd, pgoff);
}
