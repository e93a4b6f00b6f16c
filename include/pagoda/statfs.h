/* SPDX-License-Identifier: MIT */
/* statfs.h - struct kstatfs: what ->statfs() fills in. */
#ifndef PAGODA_STATFS_H
#define PAGODA_STATFS_H

#include <pagoda/types.h>
#include <uapi/statfs.h>

struct kstatfs {
	long f_type;
	long f_bsize;
	u64 f_blocks; /* of f_bsize bytes, as the next two */
	u64 f_bfree;
	u64 f_bavail;
	u64 f_files;
	u64 f_ffree;
	u64 f_fsid;
	long f_namelen;
	long f_frsize;
	long f_flags; /* ST_* */
};

#endif
