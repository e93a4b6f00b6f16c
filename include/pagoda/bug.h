/* SPDX-License-Identifier: MIT */
/*
 * bug.h - what to do about a state that cannot be.
 *
 * BUG_ON: going on would destroy data; the kernel panics. WARN_ON: report it and go on; it
 * returns its condition. DEBUG_ASSERT and VM_BUG_ON: checked builds (CONFIG_CHECKED) only;
 * elsewhere the condition is compiled but never evaluated.
 */
#ifndef PAGODA_BUG_H
#define PAGODA_BUG_H

#include <pagoda/types.h>

/* Defined in kernel/panic.c, and in tests/host/host.c for host builds. */
__noreturn __cold void bug_report(const char *file, int line, const char *cond);
__cold void warn_report(const char *file, int line, const char *cond);

/* What has gone wrong since boot, for /proc/sys/kernel/tainted: Linux's bits. */
#define TAINT_BAD_PAGE (1UL << 5)
#define TAINT_WARN     (1UL << 9)
extern unsigned long tainted_mask;

#define BUG() bug_report(__FILE__, __LINE__, "BUG()")
#define BUG_ON(cond)                                                                               \
	do {                                                                                       \
		if (unlikely(cond))                                                                \
			bug_report(__FILE__, __LINE__, #cond);                                     \
	} while (0)

#define WARN_ON(cond)                                                                              \
	({                                                                                         \
		bool __warn = !!(cond);                                                            \
		if (unlikely(__warn))                                                              \
			warn_report(__FILE__, __LINE__, #cond);                                    \
		unlikely(__warn);                                                                  \
	})

/* Reports the first time only. Two CPUs may both be first: one report too many, no harm. */
#define WARN_ON_ONCE(cond)                                                                         \
	({                                                                                         \
		static bool __warned;                                                              \
		bool __warn_once = !!(cond);                                                       \
		if (unlikely(__warn_once && !__warned)) {                                          \
			__warned = true;                                                           \
			warn_report(__FILE__, __LINE__, #cond);                                    \
		}                                                                                  \
		unlikely(__warn_once);                                                             \
	})

#ifdef CONFIG_CHECKED
#define DEBUG_ASSERT(cond) BUG_ON(!(cond))
#define VM_BUG_ON(cond)	   BUG_ON(cond)
#else
#define DEBUG_ASSERT(cond) ((void)sizeof((long)(cond)))
#define VM_BUG_ON(cond)	   ((void)sizeof((long)(cond)))
#endif

#endif
