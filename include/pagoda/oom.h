/* SPDX-License-Identifier: MIT */
/*
 * oom.h - the last resort when memory is gone: one process dies so that the others live.
 */
#ifndef PAGODA_OOM_H
#define PAGODA_OOM_H

#include <pagoda/types.h>
#include <pagoda/gfp.h>

struct task_struct;

#define OOM_SCORE_ADJ_MIN (-1000)
#define OOM_SCORE_ADJ_MAX 1000
#define OOM_DISABLE	  (-17) /* of the old oom_adj file */
#define OOM_ADJUST_MIN	  (-16)
#define OOM_ADJUST_MAX	  15

/* ---- mm/oom.c ---------------------------------------------------------------------------- */

/* /proc/sys/vm: panic instead; kill who asks instead of the worst; list the tasks first. */
extern int sysctl_panic_on_oom, sysctl_oom_kill_allocating_task, sysctl_oom_dump_tasks;

/*
 * Kills the process with the highest badness, or waits for one that is dying. True when the caller
 * should try its allocation again, false when there is nothing to kill or it is itself dying.
 */
bool out_of_memory(gfp_t gfp, unsigned int order);
/* All pages of @mm are free: if it was a victim's, the next may be killed. */
void oom_mm_is_gone(struct mm_struct *mm);
/*
 * Pages of RSS, tables and swap plus the adjustment; LONG_MIN when it must not be killed.
 * tasklist_lock is held.
 */
long oom_badness(struct task_struct *p, unsigned long totalpages);
/* What /proc/PID/oom_score shows: 0 to 2000. */
long oom_score(struct task_struct *p);

#endif
