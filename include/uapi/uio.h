/* SPDX-License-Identifier: MIT */
/* uio.h - struct iovec of readv(2) and writev(2), and the flags of preadv2(2). */
#ifndef UAPI_UIO_H
#define UAPI_UIO_H

struct iovec {
	void *iov_base; /* a user address */
	unsigned long iov_len;
};

#define UIO_FASTIOV 8
#define UIO_MAXIOV  1024

#define RWF_HIPRI  0x01
#define RWF_DSYNC  0x02
#define RWF_SYNC   0x04
#define RWF_NOWAIT 0x08
#define RWF_APPEND 0x10

#endif
