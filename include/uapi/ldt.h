/* SPDX-License-Identifier: MIT */
/* uapi/ldt.h - a segment as set_thread_area(2) and clone(CLONE_SETTLS) of i386 programs pass it. */
#ifndef UAPI_LDT_H
#define UAPI_LDT_H

struct user_desc {
	unsigned int entry_number; /* of the GDT; -1: choose one */
	unsigned int base_addr;
	unsigned int limit;
	unsigned int seg_32bit : 1;
	unsigned int contents : 2; /* 0 data, 1 expand-down data, 2 code, 3 conforming code */
	unsigned int read_exec_only : 1;
	unsigned int limit_in_pages : 1;
	unsigned int seg_not_present : 1;
	unsigned int useable : 1;
	unsigned int lm : 1;
};

#endif
