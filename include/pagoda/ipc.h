/* SPDX-License-Identifier: MIT */
/*
 * ipc.h - System V shared memory, to the rest of the kernel.
 */
#ifndef PAGODA_IPC_H
#define PAGODA_IPC_H

#define IPCMNI_SHIFT 15
#define IPCMNI	     (1 << IPCMNI_SHIFT) /* objects of one kind, at most */

/* ipc/shm.c: the knobs of /proc/sys/kernel. */
extern unsigned long shm_ctlmax; /* bytes of one segment */
extern unsigned long shm_ctlall; /* pages of all segments */
extern int shm_ctlmni;		 /* segments */

/* ipc/shmctl.c: /proc/sysvipc; after proc_root_init(). */
void ipc_init(void);

#endif
