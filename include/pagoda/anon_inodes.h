/* SPDX-License-Identifier: MIT */
/* anon_inodes.h - files that are an object of the kernel and no place in the tree. */
#ifndef PAGODA_ANON_INODES_H
#define PAGODA_ANON_INODES_H

struct file;
struct file_operations;

/* fs/anon_inodes.c. name stands in /proc/PID/fd as "anon_inode:name". flags: O_* of the file. */
void anon_inode_init(void);
struct file *anon_inode_getfile(const char *name, const struct file_operations *fops, void *priv,
				int flags);
int anon_inode_getfd(const char *name, const struct file_operations *fops, void *priv, int flags);

#endif
