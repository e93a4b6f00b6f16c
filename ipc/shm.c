// SPDX-License-Identifier: MIT
/*
 * ipc/shm.c - System V shared memory: shmget(2), shmat(2), shmdt(2).
 *
 *	shmid_kernel ----> shm_file: the memory, a shmem file without a name
 *	  nattch = VMAs        ^
 *	                       | shm_file_data.file
 *	VMA ----> vm_file: a file of the attach, open for reading or for both
 *
 * A segment lives until it is removed (IPC_RMID) and nobody has it attached. Each attach opens a
 * file of its own upon the same inode, so that it has access rights of its own, and its VMAs keep
 * count by their open and close hooks, whatever fork, mremap, munmap or exit do. VMAs with a close
 * hook never merge (MISC-3).
 *
 * Locks: shm_ids.lock for the segments; inside mmap_lock, since the hooks need it. The memory of a
 * segment is freed outside of it.
 */
#include <pagoda/cred.h>
#include <pagoda/err.h>
#include <pagoda/errno.h>
#include <pagoda/file.h>
#include <pagoda/fs.h>
#include <pagoda/hrtimer.h>
#include <pagoda/ipc.h>
#include <pagoda/mm.h>
#include <pagoda/mount.h>
#include <pagoda/sched.h>
#include <pagoda/shmem.h>
#include <pagoda/slab.h>
#include <pagoda/sprintf.h>
#include <uapi/shm.h>
#include <syscalls.h>
#include "shm.h"

#define SHMMIN 1
#define SHMLBA PAGE_SIZE /* attach addresses are multiples of it */

struct ipc_ids shm_ids = IPC_IDS_INIT(shm_ids);
unsigned long shm_ctlmax = ULONG_MAX - (1UL << 24);
unsigned long shm_ctlall = ULONG_MAX - (1UL << 24);
int shm_ctlmni = 4096;
unsigned long shm_tot;

/* private_data of an attach's file. */
struct shm_file_data {
	int id;
	struct file *file; /* the segment's, with a reference */
};

static const struct vm_operations_struct shm_vm_ops;

/* ---- the life of a segment ----------------------------------------------------------------- */

static unsigned long size_pages(unsigned long bytes)
{
	return (bytes + PAGE_SIZE - 1) >> PAGE_SHIFT;
}

struct shmid_kernel *shm_remove(struct shmid_kernel *shp)
{
	if (shp->shm_nattch) {
		shp->shm_perm.mode |= SHM_DEST;
		shp->shm_perm.key = IPC_PRIVATE; /* nobody finds it any more */
		return NULL;
	}
	shm_tot -= size_pages(shp->shm_segsz);
	ipc_rmid(&shm_ids, &shp->shm_perm);
	return shp;
}

void shm_free(struct shmid_kernel *shp)
{
	if (!shp)
		return;
	fput(shp->shm_file);
	kfree(shp);
}

/* One attach less; returns what shm_free() is to free. */
static struct shmid_kernel *shm_put(struct shmid_kernel *shp)
{
	shp->shm_nattch--;
	return !shp->shm_nattch && shp->shm_perm.mode & SHM_DEST ? shm_remove(shp) : NULL;
}

static struct file *segment_file(int key, size_t size, int shmflg)
{
	unsigned long acctflag = 0;
	char name[13];

	if (shmflg & SHM_HUGETLB) /* there are no huge pages */
		return ERR_PTR(-EINVAL);
	if (shmflg & SHM_NORESERVE && sysctl_overcommit_memory != OVERCOMMIT_NEVER)
		acctflag = VM_NORESERVE;
	snprintf(name, sizeof(name), "SYSV%08x", key);
	return shmem_file_setup(name, size, acctflag);
}

/* A new segment's id, or -errno. */
static int newseg(int key, int shmflg, size_t size)
{
	unsigned long pages = size_pages(size);
	struct shmid_kernel *shp;
	int id;

	if (size < SHMMIN || size > shm_ctlmax)
		return -EINVAL;
	if (pages << PAGE_SHIFT < size || shm_tot + pages < shm_tot || shm_tot + pages > shm_ctlall)
		return -ENOSPC;
	shp = kzalloc(sizeof(*shp), GFP_KERNEL);
	if (!shp)
		return -ENOMEM;
	shp->shm_perm.key = key;
	shp->shm_perm.mode = shmflg & S_IRWXUGO;
	shp->shm_segsz = size;
	shp->shm_cprid = current->tgid;
	shp->shm_ctim = ktime_get_real_seconds();
	shp->shm_file = segment_file(key, size, shmflg);
	id = PTR_ERR_OR_ZERO(shp->shm_file);
	if (id)
		goto free_segment;
	id = ipc_addid(&shm_ids, &shp->shm_perm, shm_ctlmni);
	if (id < 0)
		goto put_file;
	file_inode(shp->shm_file)->i_ino = id; /* maps shows it, and tools look for it there */
	shm_tot += pages;
	return id;

put_file:
	fput(shp->shm_file);
free_segment:
	kfree(shp);
	return id;
}

/* The segment that has the key already. */
static int existing_segment(struct shmid_kernel *shp, size_t size, int flag)
{
	if ((flag & (IPC_CREAT | IPC_EXCL)) == (IPC_CREAT | IPC_EXCL))
		return -EEXIST;
	if (shp->shm_segsz < size)
		return -EINVAL;
	return ipc_permitted(&shp->shm_perm, flag) ? shp->shm_perm.id : -EACCES;
}

long sys_shmget(int key, size_t size, int flag)
{
	struct kern_ipc_perm *perm = NULL;
	int id;

	mutex_lock(&shm_ids.lock);
	if (key != IPC_PRIVATE)
		perm = ipc_findkey(&shm_ids, key);
	if (perm)
		id = existing_segment(to_shm(perm), size, flag);
	else if (key != IPC_PRIVATE && !(flag & IPC_CREAT))
		id = -ENOENT;
	else
		id = newseg(key, flag, size);
	mutex_unlock(&shm_ids.lock);
	return id;
}

/* ---- the file and the VMAs of an attach ---------------------------------------------------- */

static struct shm_file_data *shm_data(const struct file *file)
{
	return file->private_data;
}

/*
 * Counts one VMA more. -EINVAL: remap_file_pages() or a late mmap would attach a segment that is
 * gone, or another one in its place.
 */
static int shm_count(const struct file *file)
{
	struct shm_file_data *sfd = shm_data(file);
	struct kern_ipc_perm *perm;
	int err = -EINVAL;

	mutex_lock(&shm_ids.lock);
	perm = ipc_obtain(&shm_ids, sfd->id);
	if (perm && to_shm(perm)->shm_file == sfd->file) {
		struct shmid_kernel *shp = to_shm(perm);

		shp->shm_atim = ktime_get_real_seconds();
		shp->shm_lprid = current->tgid;
		shp->shm_nattch++;
		err = 0;
	}
	mutex_unlock(&shm_ids.lock);
	return err;
}

/* The segment exists: the VMA that is copied or split counts. mmap_lock held for writing. */
static void shm_open(struct vm_area_struct *vma)
{
	int err = shm_count(vma->vm_file);

	WARN_ON_ONCE(err);
}

static void shm_close(struct vm_area_struct *vma)
{
	struct shmid_kernel *shp, *gone;

	mutex_lock(&shm_ids.lock);
	shp = to_shm(ipc_obtain(&shm_ids, shm_data(vma->vm_file)->id));
	shp->shm_lprid = current->tgid;
	shp->shm_dtim = ktime_get_real_seconds();
	gone = shm_put(shp);
	mutex_unlock(&shm_ids.lock);
	shm_free(gone);
}

static const struct vm_operations_struct shm_vm_ops = {
	.open = shm_open,
	.close = shm_close,
	.fault = shmem_fault,
};

static int shm_mmap(struct file *file, struct vm_area_struct *vma)
{
	int err = shm_count(file);

	if (err)
		return err;
	err = shmem_mmap(file, vma);
	if (err)
		shm_close(vma);
	else
		vma->vm_ops = &shm_vm_ops;
	return err;
}

static int shm_release(struct inode *inode, struct file *file)
{
	struct shm_file_data *sfd = shm_data(file);

	fput(sfd->file);
	kfree(sfd);
	return 0;
}

static int shm_fsync(struct file *file, loff_t start, loff_t end, int datasync)
{
	return 0;
}

static const struct file_operations shm_file_operations = {
	.mmap = shm_mmap,
	.release = shm_release,
	.fsync = shm_fsync,
	.fallocate = shmem_fallocate,
};

/* A file upon the segment's inode with rights of its own; @id and @base become its data. */
static struct file *attach_file(int id, struct file *base, int f_flags)
{
	struct shm_file_data *sfd = kzalloc(sizeof(*sfd), GFP_KERNEL);
	struct file *file;

	if (!sfd)
		return ERR_PTR(-ENOMEM);
	file = alloc_file(&base->f_path, f_flags, &shm_file_operations);
	if (IS_ERR(file)) {
		kfree(sfd);
		return file;
	}
	path_get(&file->f_path);
	sfd->id = id;
	sfd->file = get_file(base);
	file->private_data = sfd;
	return file;
}

/* ---- attaching ------------------------------------------------------------------------------ */

struct shm_attach {
	unsigned long addr; /* 0: anywhere */
	bool remap;	    /* what is there goes */
	int prot, acc_mode, f_flags;
};

/* What the arguments of shmat ask for. 0 or -EINVAL. */
static int parse_attach(unsigned long addr, int shmflg, struct shm_attach *at)
{
	if (addr & (SHMLBA - 1)) {
		if (!(shmflg & SHM_RND))
			return -EINVAL;
		addr &= ~(SHMLBA - 1);
		if (!addr && shmflg & SHM_REMAP)
			return -EINVAL;
	} else if (!addr && shmflg & SHM_REMAP) {
		return -EINVAL;
	}
	at->addr = addr;
	at->remap = shmflg & SHM_REMAP;
	at->prot = PROT_READ;
	at->acc_mode = S_IRUGO;
	at->f_flags = O_RDONLY;
	if (!(shmflg & SHM_RDONLY)) {
		at->prot |= PROT_WRITE;
		at->acc_mode |= S_IWUGO;
		at->f_flags = O_RDWR;
	}
	if (shmflg & SHM_EXEC) {
		at->prot |= PROT_EXEC;
		at->acc_mode |= S_IXUGO;
	}
	return 0;
}

/* The segment, held by a count of its attaches, if the caller may have it so. Or ERR_PTR. */
static struct shmid_kernel *shm_get(int shmid, int acc_mode)
{
	struct shmid_kernel *shp = ERR_PTR(-EINVAL);
	struct kern_ipc_perm *perm;

	mutex_lock(&shm_ids.lock);
	perm = shmid < 0 ? NULL : ipc_obtain(&shm_ids, shmid);
	if (perm) {
		shp = ERR_PTR(-EACCES);
		if (ipc_permitted(perm, acc_mode)) {
			shp = to_shm(perm);
			shp->shm_nattch++;
		}
	}
	mutex_unlock(&shm_ids.lock);
	return shp;
}

static long map_segment(struct file *file, const struct shm_attach *at, unsigned long flags)
{
	struct mm_struct *mm = current->mm;
	unsigned long size = i_size_read(file_inode(file)), populate = 0;
	unsigned long addr = at->addr;

	if (mmap_write_lock_killable(mm))
		return -EINTR;
	if (addr && !at->remap &&
	    (addr + size < addr || find_vma_intersection(mm, addr, addr + size)))
		addr = -EINVAL;
	else
		addr = do_mmap_pgoff(file, addr, size, at->prot, flags, 0, &populate, NULL);
	mmap_write_unlock(mm);
	if (populate)
		mm_populate(addr, populate);
	return (long)addr;
}

long sys_shmat(int shmid, char __user *shmaddr, int shmflg)
{
	unsigned long addr = (unsigned long)shmaddr;
	struct shmid_kernel *shp, *gone;
	struct shm_attach at;
	struct file *file;
	long ret = -EINVAL;

	if (shmid < 0 || parse_attach(addr, shmflg, &at))
		return -EINVAL;
	shp = shm_get(shmid, at.acc_mode);
	if (IS_ERR(shp))
		return PTR_ERR(shp);
	file = attach_file(shmid, shp->shm_file, at.f_flags);
	ret = PTR_ERR(file);
	if (!IS_ERR(file)) {
		ret = map_segment(file, &at, MAP_SHARED | (addr ? MAP_FIXED : 0));
		fput(file);
	}
	mutex_lock(&shm_ids.lock);
	gone = shm_put(shp);
	mutex_unlock(&shm_ids.lock);
	shm_free(gone);
	return ret;
}

/* True for what is left where it was of an attach at @addr. */
static bool part_of_attach(const struct vm_area_struct *vma, unsigned long addr)
{
	return vma->vm_ops == &shm_vm_ops && vma->vm_start >= addr &&
	       (vma->vm_start - addr) >> PAGE_SHIFT == vma->vm_pgoff;
}

/*
 * Unmaps all parts of the attach that began at @addr. mprotect, munmap and mremap may have left
 * pieces of it: the first one tells which segment, and how far to look. 0 or -EINVAL.
 */
static int unmap_attach(struct mm_struct *mm, unsigned long addr)
{
	struct vm_area_struct *vma = find_vma(mm, addr);
	unsigned long end, next = 0;
	struct file *file;

	while (vma && !part_of_attach(vma, addr))
		vma = vma_next(vma);
	if (!vma)
		return -EINVAL;
	file = get_file(vma->vm_file);
	end = addr + PAGE_ALIGN(i_size_read(file_inode(file)));
	while (vma && (!next || vma->vm_end <= end)) {
		next = vma->vm_end;
		if (part_of_attach(vma, addr) && vma->vm_file == file)
			do_munmap(mm, vma->vm_start, vma->vm_end - vma->vm_start, NULL);
		vma = find_vma(mm, next);
	}
	fput(file);
	return 0;
}

long sys_shmdt(char __user *shmaddr)
{
	unsigned long addr = (unsigned long)shmaddr;
	struct mm_struct *mm = current->mm;
	int err;

	if (addr & ~PAGE_MASK)
		return -EINVAL;
	if (mmap_write_lock_killable(mm))
		return -EINTR;
	err = unmap_attach(mm, addr);
	mmap_write_unlock(mm);
	return err;
}
