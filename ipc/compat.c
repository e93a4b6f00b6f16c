// SPDX-License-Identifier: MIT
/*
 * ipc/compat.c - System V shared memory of i386 programs: shmctl with structures of 32 bits, and ipc(2).
 *
 * ipc is one call for all of System V's, by a number in its first argument; libraries for i386 use
 * it still. Semaphores and message queues are not built: ENOSYS, as on a Linux without them.
 */
#include <pagoda/compat.h>
#include <pagoda/errno.h>
#include <pagoda/ipc.h>
#include <pagoda/string.h>
#include <asm/uaccess.h>
#include <syscalls.h>
#include "shm.h"

#define IPC_64 0x0100 /* in cmd, from ipc(2): the structures are the present ones */

#define SHMAT  21
#define SHMDT  22
#define SHMGET 23
#define SHMCTL 24

struct compat_ipc64_perm {
	s32 key;
	u32 uid, gid;
	u32 cuid, cgid;
	u16 mode;
	u16 __pad1;
	u16 seq;
	u16 __pad2;
	u32 unused[2];
};

struct compat_shmid64_ds {
	struct compat_ipc64_perm shm_perm;
	u32 shm_segsz;
	u32 shm_atime, shm_atime_high;
	u32 shm_dtime, shm_dtime_high;
	u32 shm_ctime, shm_ctime_high;
	s32 shm_cpid, shm_lpid;
	u32 shm_nattch;
	u32 unused[2];
};

struct compat_shminfo64 {
	u32 shmmax;
	u32 shmmin;
	u32 shmmni;
	u32 shmseg;
	u32 shmall;
	u32 unused[4];
};

struct compat_shm_info {
	s32 used_ids;
	u32 shm_tot, shm_rss, shm_swp;
	u32 swap_attempts, swap_successes;
};

static int put_ds(struct compat_shmid64_ds __user *to, const struct shmid64_ds *ds)
{
	struct compat_shmid64_ds c = {
		.shm_perm = {ds->shm_perm.key, ds->shm_perm.uid, ds->shm_perm.gid,
			     ds->shm_perm.cuid, ds->shm_perm.cgid, .mode = ds->shm_perm.mode,
			     .seq = ds->shm_perm.seq},
		.shm_segsz = ds->shm_segsz,
		.shm_atime = ds->shm_atime,
		.shm_atime_high = (u64)ds->shm_atime >> 32,
		.shm_dtime = ds->shm_dtime,
		.shm_dtime_high = (u64)ds->shm_dtime >> 32,
		.shm_ctime = ds->shm_ctime,
		.shm_ctime_high = (u64)ds->shm_ctime >> 32,
		.shm_cpid = ds->shm_cpid,
		.shm_lpid = ds->shm_lpid,
		.shm_nattch = ds->shm_nattch,
	};

	return copy_to_user(to, &c, sizeof(c)) ? -EFAULT : 0;
}

/* IPC_SET takes owner and mode. */
static int get_ds(struct shmid64_ds *ds, const struct compat_shmid64_ds __user *from)
{
	struct compat_shmid64_ds c;

	if (copy_from_user(&c, from, sizeof(c)))
		return -EFAULT;
	memset(ds, 0, sizeof(*ds));
	ds->shm_perm.uid = c.shm_perm.uid;
	ds->shm_perm.gid = c.shm_perm.gid;
	ds->shm_perm.mode = c.shm_perm.mode;
	return 0;
}

/* No 32-bit program can have a segment larger than what it is told. */
static int put_limits(struct compat_shminfo64 __user *to, const struct shminfo64 *limits)
{
	struct compat_shminfo64 c = {
		.shmmax = limits->shmmax > S32_MAX ? S32_MAX : limits->shmmax,
		.shmmin = limits->shmmin,
		.shmmni = limits->shmmni,
		.shmseg = limits->shmseg,
		.shmall = limits->shmall,
	};

	return copy_to_user(to, &c, sizeof(c)) ? -EFAULT : 0;
}

static int put_info(struct compat_shm_info __user *to, const struct shm_info *info)
{
	struct compat_shm_info c = {
		.used_ids = info->used_ids,
		.shm_tot = info->shm_tot,
		.shm_rss = info->shm_rss,
		.shm_swp = info->shm_swp,
	};

	return copy_to_user(to, &c, sizeof(c)) ? -EFAULT : 0;
}

static int put_answer(int cmd, void __user *buf, const union shmctl_arg *arg)
{
	switch (cmd) {
	case IPC_INFO:
		return put_limits(buf, &arg->limits);
	case SHM_INFO:
		return put_info(buf, &arg->info);
	case IPC_STAT:
	case SHM_STAT:
	case SHM_STAT_ANY:
		return put_ds(buf, &arg->ds);
	}
	return 0;
}

long compat_sys_shmctl(int shmid, int cmd, void __user *buf)
{
	union shmctl_arg arg;
	int ret;

	if (cmd < 0 || shmid < 0)
		return -EINVAL;
	if (cmd == IPC_SET && get_ds(&arg.ds, buf))
		return -EFAULT;
	ret = do_shmctl(shmid, cmd, &arg);
	return ret >= 0 && put_answer(cmd, buf, &arg) ? -EFAULT : ret;
}

/* The address does not fit beside an error: it is stored at *result. */
static long ipc_shmat(int shmid, u32 addr, int flags, u32 __user *result)
{
	long ret = sys_shmat(shmid, compat_ptr(addr), flags);

	if (ret < 0 && ret >= -4095)
		return ret;
	return put_user((u32)ret, result) ? -EFAULT : 0;
}

/* Commands without IPC_64 have structures from before 32-bit ids, which nothing needs: EINVAL. */
static long ipc_shmctl(int shmid, int cmd, u32 buf)
{
	bool structure = cmd != IPC_RMID && cmd != SHM_LOCK && cmd != SHM_UNLOCK;

	if (structure && !(cmd & IPC_64))
		return -EINVAL;
	return compat_sys_shmctl(shmid, cmd & ~IPC_64, compat_ptr(buf));
}

long compat_sys_ipc(u32 call, int first, int second, u32 third, u32 ptr, u32 fifth)
{
	switch (call & 0xffff) {
	case SHMAT:
		return call >> 16 == 1 ? -EINVAL : ipc_shmat(first, ptr, second, compat_ptr(third));
	case SHMDT:
		return sys_shmdt(compat_ptr(ptr));
	case SHMGET:
		return sys_shmget(first, (u32)second, third);
	case SHMCTL:
		return ipc_shmctl(first, second, ptr);
	}
	return -ENOSYS;
}
