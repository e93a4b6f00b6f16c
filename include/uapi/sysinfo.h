/* SPDX-License-Identifier: MIT */
/* uapi/sysinfo.h - what sysinfo(2) returns. */
#ifndef UAPI_SYSINFO_H
#define UAPI_SYSINFO_H

#include <pagoda/types.h>

#define SI_LOAD_SHIFT 16

struct sysinfo {
	long uptime;		/* seconds since boot */
	unsigned long loads[3]; /* 1, 5, 15 minutes, SI_LOAD_SHIFT fraction bits */
	unsigned long totalram; /* memory in units of mem_unit */
	unsigned long freeram;
	unsigned long sharedram;
	unsigned long bufferram;
	unsigned long totalswap;
	unsigned long freeswap;
	u16 procs;
	u16 pad;
	unsigned long totalhigh;
	unsigned long freehigh;
	u32 mem_unit;
};

#endif
