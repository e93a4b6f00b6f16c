/* SPDX-License-Identifier: MIT */
/*
 * ipc/shm.h - segments of shared memory, for the files of ipc/.
 */
#ifndef IPC_SHM_H
#define IPC_SHM_H

#include <uapi/shm.h>
#include "util.h"

struct file;

struct shmid_kernel {
	struct kern_ipc_perm shm_perm;
	struct file *shm_file; /* the memory: a shmem file without a name */
	unsigned long shm_nattch;
	unsigned long shm_segsz; /* bytes, as asked for */
	time64_t shm_atim, shm_dtim, shm_ctim;
	pid_t shm_cprid, shm_lprid;
	uid_t mlock_uid; /* who locked it */
};

/* ---- ipc/shm.c; shm_ids.lock guards all of it --------------------------------------------- */

extern struct ipc_ids shm_ids;
extern unsigned long shm_tot; /* pages of all segments now */

static inline struct shmid_kernel *to_shm(struct kern_ipc_perm *perm)
{
	return container_of(perm, struct shmid_kernel, shm_perm);
}

/* The segment goes now, or when it is attached nowhere. Returns what shm_free() is to free. */
struct shmid_kernel *shm_remove(struct shmid_kernel *shp);
/* Without the lock: frees a segment that is in no list any more. NULL is allowed. */
void shm_free(struct shmid_kernel *shp);

/* ---- ipc/shmctl.c ----------------------------------------------------------------------- */

/* What shmctl() passes: ds with IPC_SET, back with IPC_STAT and its like; limits IPC_INFO; info SHM_INFO. */
union shmctl_arg {
	struct shmid64_ds ds;
	struct shminfo64 limits;
	struct shm_info info;
};

/* shmid and cmd are not negative. What shmctl(2) returns. */
int do_shmctl(int shmid, int cmd, union shmctl_arg *arg);

#endif
