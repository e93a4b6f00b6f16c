/* SPDX-License-Identifier: MIT */
/*
 * lib/shm.h - segments of System V shared memory.
 */
#ifndef TESTS_ABI_LIB_SHM_H
#define TESTS_ABI_LIB_SHM_H

#include <stddef.h>
#include <sys/ipc.h>
#include <sys/shm.h>

#include "lib/sys.h"

#define raw_shmget(key, size, flags)  raw(SYS_shmget, key, size, flags)
#define raw_shmat(id, addr, flags)    raw(SYS_shmat, id, addr, flags)
#define raw_shmdt(addr)		      raw(SYS_shmdt, addr)
#define raw_shmctl(id, command, data) raw(SYS_shmctl, id, command, data)

#ifndef SHM_STAT_ANY
#define SHM_STAT_ANY 15
#endif
#ifndef SHM_NORESERVE
#define SHM_NORESERVE 010000
#endif
#ifndef SHM_HUGETLB
#define SHM_HUGETLB 04000
#endif
#define SHM_MOST (-1UL - (1 << 24)) /* the default of shmmax and shmall */

/* A private segment with mode 0600; marks one for removal. */
int shm_new(size_t size);
void shm_drop(int id);
/* A key that no segment has. */
int shm_free_key(void);
/* How often it is attached. */
long shm_attached(int id);
/* Sets a number in /proc/sys/kernel. */
void shm_sysctl(const char *name, unsigned long value);

#endif
