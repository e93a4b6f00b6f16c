/* SPDX-License-Identifier: MIT */
/* mem.h - the character devices of major number 1. */
#ifndef PAGODA_MEM_H
#define PAGODA_MEM_H

struct file_operations;

/* kernel/drivers/mem.c: registers them and makes their nodes; after devtmpfs_init() */
void mem_devices_init(void);

/* kernel/drivers/kmsg.c */
extern const struct file_operations kmsg_fops;

#endif
