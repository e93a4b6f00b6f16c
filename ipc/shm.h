/* SPDX-License-Identifier: MIT */
/*
 * ipc/shm.h - segments of shared memory, for the files of ipc/.
 */
#ifndef IPC_SHM_H
#define IPC_SHM_H

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

#endif
