/* SPDX-License-Identifier: MIT */
/* uapi/ipc.h - what the System V objects have in common. */
#ifndef UAPI_IPC_H
#define UAPI_IPC_H

#define IPC_PRIVATE 0 /* the key of what nobody else finds */

#define IPC_CREAT 00001000
#define IPC_EXCL  00002000

#define IPC_RMID 0
#define IPC_SET	 1
#define IPC_STAT 2
#define IPC_INFO 3

struct ipc64_perm {
	int key;
	unsigned int uid, gid;	 /* of the owner */
	unsigned int cuid, cgid; /* of the creator */
	unsigned int mode;
	unsigned short seq;
	unsigned short pad;
	unsigned long unused[2];
};

#endif
