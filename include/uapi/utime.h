/* SPDX-License-Identifier: MIT */
/* utime.h - struct utimbuf of utime(2): seconds. */
#ifndef UAPI_UTIME_H
#define UAPI_UTIME_H

struct utimbuf {
	long actime;
	long modtime;
};

#endif
