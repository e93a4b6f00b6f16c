/* SPDX-License-Identifier: MIT */
/* xattr.h - limits and flags of setxattr(2). */
#ifndef UAPI_XATTR_H
#define UAPI_XATTR_H

#define XATTR_CREATE   0x1
#define XATTR_REPLACE  0x2
#define XATTR_NAME_MAX 255
#define XATTR_SIZE_MAX 65536
#define XATTR_LIST_MAX 65536

#endif
