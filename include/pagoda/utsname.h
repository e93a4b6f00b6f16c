/* SPDX-License-Identifier: MIT */
/* utsname.h - the names that uname(2) tells, and their lock. */
#ifndef PAGODA_UTSNAME_H
#define PAGODA_UTSNAME_H

#include <uapi/utsname.h>
#include <pagoda/mutex.h>

#define UTS_RELEASE   "6.1.0-pagoda"
#define UTS_RELEASE26 "2.6.61-pagoda" /* for programs that know no later one (UNAME26) */
#define UTS_VERSION   "#1 SMP Pagoda"

extern const char linux_banner[];   /* the first line of the log, and /proc/version */
extern struct new_utsname init_uts; /* nodename and domainname change under uts_sem */
extern struct rw_semaphore uts_sem;

#endif
