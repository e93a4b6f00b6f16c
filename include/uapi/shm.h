/* SPDX-License-Identifier: MIT */
/* uapi/shm.h - shmget(2), shmat(2), shmctl(2). */
#ifndef UAPI_SHM_H
#define UAPI_SHM_H

#include <uapi/ipc.h>

/* shmget */
#define SHM_HUGETLB   04000
#define SHM_NORESERVE 010000

/* shmat */
#define SHM_RDONLY 010000
#define SHM_RND	   020000
#define SHM_REMAP  040000
#define SHM_EXEC   0100000

/* shmctl */
#define SHM_LOCK     11
#define SHM_UNLOCK   12
#define SHM_STAT     13
#define SHM_INFO     14
#define SHM_STAT_ANY 15

/* in the mode that IPC_STAT tells */
#define SHM_DEST   01000 /* goes with the last detach */
#define SHM_LOCKED 02000

struct shmid64_ds {
	struct ipc64_perm shm_perm;
	unsigned long shm_segsz; /* bytes */
	long shm_atime, shm_dtime, shm_ctime;
	int shm_cpid, shm_lpid;
	unsigned long shm_nattch;
	unsigned long unused[2];
};

/* IPC_INFO */
struct shminfo64 {
	unsigned long shmmax; /* bytes of one segment */
	unsigned long shmmin;
	unsigned long shmmni; /* segments */
	unsigned long shmseg;
	unsigned long shmall; /* pages of all segments */
	unsigned long unused[4];
};

/* SHM_INFO; sizes in pages */
struct shm_info {
	int used_ids;
	unsigned long shm_tot;
	unsigned long shm_rss;
	unsigned long shm_swp;
	unsigned long swap_attempts;
	unsigned long swap_successes;
};

#endif
