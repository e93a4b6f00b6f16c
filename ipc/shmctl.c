// SPDX-License-Identifier: MIT
/*
 * ipc/shmctl.c - shmctl(2) and /proc/sysvipc/shm: asking and changing segments of shared memory.
 *
 * Locks: shm_ids.lock; never held while user memory is copied.
 */
#include <pagoda/cred.h>
#include <pagoda/err.h>
#include <pagoda/errno.h>
#include <pagoda/fs.h>
#include <pagoda/hrtimer.h>
#include <pagoda/ipc.h>
#include <pagoda/kernel.h>
#include <pagoda/proc_fs.h>
#include <pagoda/sched.h>
#include <pagoda/seq_file.h>
#include <pagoda/shmem.h>
#include <uapi/shm.h>
#include <asm/uaccess.h>
#include <syscalls.h>
#include "shm.h"

static unsigned long resident_pages(const struct shmid_kernel *shp)
{
	return file_inode(shp->shm_file)->i_mapping->nrpages;
}

/* ---- asking ---------------------------------------------------------------------------------- */

static int shmctl_ipc_info(struct shminfo64 *info)
{
	int highest;

	mutex_lock(&shm_ids.lock);
	*info = (struct shminfo64){
		.shmmax = shm_ctlmax,
		.shmmin = 1,
		.shmmni = shm_ctlmni,
		.shmseg = shm_ctlmni,
		.shmall = shm_ctlall,
	};
	highest = ipc_get_maxidx(&shm_ids);
	mutex_unlock(&shm_ids.lock);
	return max(highest, 0);
}

static int shmctl_shm_info(struct shm_info *info)
{
	struct kern_ipc_perm *perm;
	unsigned long idx;
	int highest;

	mutex_lock(&shm_ids.lock);
	*info = (struct shm_info){.used_ids = shm_ids.in_use, .shm_tot = shm_tot};
	xa_for_each (&shm_ids.objects, idx, perm)
		info->shm_rss += resident_pages(to_shm(perm));
	highest = ipc_get_maxidx(&shm_ids);
	mutex_unlock(&shm_ids.lock);
	return max(highest, 0);
}

static void fill_stat(const struct shmid_kernel *shp, struct shmid64_ds *out)
{
	*out = (struct shmid64_ds){
		.shm_segsz = shp->shm_segsz,
		.shm_atime = shp->shm_atim,
		.shm_dtime = shp->shm_dtim,
		.shm_ctime = shp->shm_ctim,
		.shm_cpid = shp->shm_cprid,
		.shm_lpid = shp->shm_lprid,
		.shm_nattch = shp->shm_nattch,
	};
	kernel_to_ipc64_perm(&shp->shm_perm, &out->shm_perm);
}

/* IPC_STAT takes an id, SHM_STAT and SHM_STAT_ANY an index: they return the id. Or -errno. */
static int shmctl_stat(int shmid, int cmd, struct shmid64_ds *out)
{
	struct kern_ipc_perm *perm;
	int ret = -EINVAL;

	mutex_lock(&shm_ids.lock);
	perm = cmd == IPC_STAT ? ipc_obtain(&shm_ids, shmid) : ipc_obtain_idx(&shm_ids, shmid);
	if (perm) {
		ret = -EACCES;
		if (cmd == SHM_STAT_ANY || ipc_permitted(perm, S_IRUGO)) {
			fill_stat(to_shm(perm), out);
			ret = cmd == IPC_STAT ? 0 : perm->id;
		}
	}
	mutex_unlock(&shm_ids.lock);
	return ret;
}

/* ---- changing -------------------------------------------------------------------------------- */

/* IPC_SET with the owner and mode of @in; IPC_RMID. 0, -EINVAL or -EPERM. */
static int shmctl_down(int shmid, int cmd, const struct shmid64_ds *in)
{
	struct shmid_kernel *gone = NULL;
	struct kern_ipc_perm *perm;
	int err;

	mutex_lock(&shm_ids.lock);
	perm = ipcctl_obtain(&shm_ids, shmid);
	err = PTR_ERR_OR_ZERO(perm);
	if (!err && cmd == IPC_RMID)
		gone = shm_remove(to_shm(perm));
	else if (!err)
		err = ipc_update_perm(&in->shm_perm, perm);
	if (!err && cmd == IPC_SET)
		to_shm(perm)->shm_ctim = ktime_get_real_seconds();
	mutex_unlock(&shm_ids.lock);
	shm_free(gone);
	return err;
}

static unsigned long segment_pages(const struct shmid_kernel *shp)
{
	return PAGE_ALIGN(shp->shm_segsz) >> PAGE_SHIFT;
}

/* RLIMIT_MEMLOCK is for all segments that a user has locked. */
static bool user_shm_lock(const struct shmid_kernel *shp)
{
	unsigned long locked = segment_pages(shp), idx;
	struct kern_ipc_perm *perm;

	xa_for_each (&shm_ids.objects, idx, perm) {
		if (perm->mode & SHM_LOCKED && to_shm(perm)->mlock_uid == current_uid())
			locked += segment_pages(to_shm(perm));
	}
	return locked <= rlimit(RLIMIT_MEMLOCK) >> PAGE_SHIFT || capable(CAP_IPC_LOCK);
}

static int lock_segment(struct shmid_kernel *shp, int cmd)
{
	uid_t euid = current_euid();

	if (!capable(CAP_IPC_LOCK)) {
		if (euid != shp->shm_perm.uid && euid != shp->shm_perm.cuid)
			return -EPERM;
		if (cmd == SHM_LOCK && !rlimit(RLIMIT_MEMLOCK))
			return -EPERM;
	}
	if (cmd == SHM_UNLOCK) {
		shp->shm_perm.mode &= ~SHM_LOCKED;
		return 0;
	}
	if (shp->shm_perm.mode & SHM_LOCKED)
		return 0;
	if (!user_shm_lock(shp))
		return -ENOMEM;
	shp->shm_perm.mode |= SHM_LOCKED;
	shp->mlock_uid = current_uid();
	return 0;
}

/* SHM_LOCK, SHM_UNLOCK: shared memory is never swapped out here, so the mode alone tells. */
static int shmctl_do_lock(int shmid, int cmd)
{
	struct kern_ipc_perm *perm;
	int err = -EINVAL;

	mutex_lock(&shm_ids.lock);
	perm = ipc_obtain(&shm_ids, shmid);
	if (perm)
		err = lock_segment(to_shm(perm), cmd);
	mutex_unlock(&shm_ids.lock);
	return err;
}

int do_shmctl(int shmid, int cmd, union shmctl_arg *arg)
{
	switch (cmd) {
	case IPC_INFO:
		return shmctl_ipc_info(&arg->limits);
	case SHM_INFO:
		return shmctl_shm_info(&arg->info);
	case IPC_STAT:
	case SHM_STAT:
	case SHM_STAT_ANY:
		return shmctl_stat(shmid, cmd, &arg->ds);
	case IPC_SET:
	case IPC_RMID:
		return shmctl_down(shmid, cmd, &arg->ds);
	case SHM_LOCK:
	case SHM_UNLOCK:
		return shmctl_do_lock(shmid, cmd);
	default:
		return -EINVAL;
	}
}

/* Bytes that the program gets. */
static size_t answer_size(int cmd)
{
	switch (cmd) {
	case IPC_INFO:
		return sizeof(struct shminfo64);
	case SHM_INFO:
		return sizeof(struct shm_info);
	case IPC_STAT:
	case SHM_STAT:
	case SHM_STAT_ANY:
		return sizeof(struct shmid64_ds);
	}
	return 0;
}

long sys_shmctl(int shmid, int cmd, struct shmid_ds __user *buf)
{
	union shmctl_arg arg;
	int ret;

	if (cmd < 0 || shmid < 0)
		return -EINVAL;
	if (cmd == IPC_SET && copy_from_user(&arg.ds, buf, sizeof(arg.ds)))
		return -EFAULT;
	ret = do_shmctl(shmid, cmd, &arg);
	return ret >= 0 && copy_to_user(buf, &arg, answer_size(cmd)) ? -EFAULT : ret;
}

/* ---- /proc/sysvipc/shm ----------------------------------------------------------------------- */

static void show_segment(struct seq_file *m, const struct shmid_kernel *shp)
{
	const struct kern_ipc_perm *perm = &shp->shm_perm;

	seq_printf(m, "%10d %10d  %4o %21lu %5u %5u  %5lu %5u %5u %5u %5u %10llu %10llu %10llu ",
		   perm->key, perm->id, perm->mode, shp->shm_segsz, shp->shm_cprid, shp->shm_lprid,
		   shp->shm_nattch, perm->uid, perm->gid, perm->cuid, perm->cgid,
		   (u64)shp->shm_atim, (u64)shp->shm_dtim, (u64)shp->shm_ctim);
	seq_printf(m, "%21lu %21lu\n", resident_pages(shp) * PAGE_SIZE, 0UL);
}

static int sysvipc_shm_show(struct seq_file *m, void *v)
{
	struct kern_ipc_perm *perm;
	unsigned long idx;

	seq_puts(m,
		 "       key      shmid perms                  size  cpid  lpid nattch   uid   gid"
		 "  cuid  cgid      atime      dtime      ctime                   rss"
		 "                  swap\n");
	mutex_lock(&shm_ids.lock);
	xa_for_each (&shm_ids.objects, idx, perm)
		show_segment(m, to_shm(perm));
	mutex_unlock(&shm_ids.lock);
	return 0;
}

void ipc_init(void)
{
	proc_create_single("shm", 0444, proc_mkdir("sysvipc", NULL), sysvipc_shm_show);
}
