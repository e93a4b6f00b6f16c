/* SPDX-License-Identifier: MIT */
/* stat.h - struct kstat: what ->getattr() fills in, before it becomes stat or statx. */
#ifndef PAGODA_STAT_H
#define PAGODA_STAT_H

#include <pagoda/types.h>
#include <pagoda/time64.h>
#include <uapi/stat.h>

struct kstat {
	u32 result_mask; /* STATX_* */
	umode_t mode;
	unsigned int nlink;
	u32 blksize;
	u64 attributes;
	u64 attributes_mask;
	u64 ino;
	dev_t dev;
	dev_t rdev;
	uid_t uid;
	gid_t gid;
	loff_t size;
	struct timespec64 atime, mtime, ctime, btime;
	u64 blocks; /* of 512 bytes */
	u64 mnt_id;
};

#endif
