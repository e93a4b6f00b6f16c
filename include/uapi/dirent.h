/* SPDX-License-Identifier: MIT */
/* dirent.h - the records of getdents(2) and getdents64(2). */
#ifndef UAPI_DIRENT_H
#define UAPI_DIRENT_H

struct linux_dirent {
	unsigned long d_ino;
	unsigned long d_off;
	unsigned short d_reclen;
	char d_name[]; /* NUL-terminated; the record's last byte is the DT_* type */
};

struct linux_dirent64 {
	unsigned long d_ino;
	long d_off;
	unsigned short d_reclen;
	unsigned char d_type;
	char d_name[];
};

#define DT_UNKNOWN 0
#define DT_FIFO	   1
#define DT_CHR	   2
#define DT_DIR	   4
#define DT_BLK	   6
#define DT_REG	   8
#define DT_LNK	   10
#define DT_SOCK	   12

#endif
