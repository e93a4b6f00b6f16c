/* SPDX-License-Identifier: MIT */
/* devtmpfs.h - the file system of device nodes that the kernel fills, for mounting on /dev. */
#ifndef PAGODA_DEVTMPFS_H
#define PAGODA_DEVTMPFS_H

#include <pagoda/types.h>

/* ---- fs/devtmpfs.c ----------------------------------------------------------------------- */

void devtmpfs_init(void); /* before the first driver */
/* A node below /dev; mode with S_IFCHR. 0 or -errno, also reported. */
int devtmpfs_create_node(const char *name, umode_t mode, dev_t dev);
/*
 * The devices that a program needs before anything is mounted, in the root file system: /dev,
 * /dev/console, /dev/null, /dev/ttyS0, unless the initramfs has brought its own console.
 */
void devtmpfs_populate_rootfs(void);

#endif
