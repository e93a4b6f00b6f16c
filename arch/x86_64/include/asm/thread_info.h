/* SPDX-License-Identifier: MIT */
/*
 * asm/thread_info.h - what the entry code needs to know of a task.
 *
 * struct thread_info is the first member of task_struct, so that the assembler reaches
 * the flags at offset 0 of current. Flags are set by any CPU, with atomic operations.
 */
#ifndef _ASM_THREAD_INFO_H
#define _ASM_THREAD_INFO_H

#include <asm/asm_const.h>
#include <asm/page.h>

#define TIF_NOTIFY_RESUME   1  /* resume_user_mode_work() before user mode */
#define TIF_SIGPENDING	    2  /* a signal may be pending */
#define TIF_NEED_RESCHED    3  /* schedule() before user mode */
#define TIF_NOTIFY_SIGNAL   4  /* wake from interruptible sleep without a signal */
#define TIF_SYSCALL_TRACE   8  /* strace= on the command line: print each call */
#define TIF_RESTORE_SIGMASK 10 /* put saved_sigmask back when no handler runs */
#define TIF_MEMDIE	    11 /* chosen by the OOM killer */
#define TIF_ADDR32	    13 /* runs a 32-bit program: its addresses end below 4 GiB */

#define _TIF_NOTIFY_RESUME   _BITUL(TIF_NOTIFY_RESUME)
#define _TIF_SIGPENDING	     _BITUL(TIF_SIGPENDING)
#define _TIF_NEED_RESCHED    _BITUL(TIF_NEED_RESCHED)
#define _TIF_NOTIFY_SIGNAL   _BITUL(TIF_NOTIFY_SIGNAL)
#define _TIF_SYSCALL_TRACE   _BITUL(TIF_SYSCALL_TRACE)
#define _TIF_RESTORE_SIGMASK _BITUL(TIF_RESTORE_SIGMASK)

/* Flags that divert a system call before its handler runs, ... */
#define _TIF_SYSCALL_WORK_ENTRY _TIF_SYSCALL_TRACE
/* ... after it, and any return to user mode. */
#define _TIF_EXIT_WORK_MASK                                                                        \
	(_TIF_NOTIFY_RESUME | _TIF_SIGPENDING | _TIF_NEED_RESCHED | _TIF_NOTIFY_SIGNAL |           \
	 _TIF_RESTORE_SIGMASK)

/* Offsets of struct thread_info for the assembler; checked in arch/x86_64/process.c. */
#define TI_flags 0

#ifndef __ASSEMBLER__

#include <pagoda/types.h>
#include <asm/current.h>

struct thread_info {
	unsigned long flags; /* TIF_* */
	u32 cpu;	     /* where the task runs or ran last */
	u32 status;	     /* TS_*; only the task itself looks at it */
};

#define TS_COMPAT 0x2 /* in a system call by int 0x80, until it is back in user mode */

/* Valid as task_struct's first member is its thread_info. */
#define task_thread_info(tsk) ((struct thread_info *)(tsk))
#define current_thread_info() task_thread_info(current)

static inline void set_ti_thread_flag(struct thread_info *ti, int flag)
{
	__atomic_fetch_or(&ti->flags, 1UL << flag, __ATOMIC_SEQ_CST);
}

static inline void clear_ti_thread_flag(struct thread_info *ti, int flag)
{
	__atomic_fetch_and(&ti->flags, ~(1UL << flag), __ATOMIC_SEQ_CST);
}

static inline bool test_ti_thread_flag(struct thread_info *ti, int flag)
{
	return __atomic_load_n(&ti->flags, __ATOMIC_RELAXED) & (1UL << flag);
}

static inline bool test_and_set_ti_thread_flag(struct thread_info *ti, int flag)
{
	return __atomic_fetch_or(&ti->flags, 1UL << flag, __ATOMIC_SEQ_CST) & (1UL << flag);
}

static inline bool test_and_clear_ti_thread_flag(struct thread_info *ti, int flag)
{
	return __atomic_fetch_and(&ti->flags, ~(1UL << flag), __ATOMIC_SEQ_CST) & (1UL << flag);
}

#define set_tsk_thread_flag(tsk, flag)	 set_ti_thread_flag(task_thread_info(tsk), flag)
#define clear_tsk_thread_flag(tsk, flag) clear_ti_thread_flag(task_thread_info(tsk), flag)
#define test_tsk_thread_flag(tsk, flag)	 test_ti_thread_flag(task_thread_info(tsk), flag)

#define set_thread_flag(flag)		 set_ti_thread_flag(current_thread_info(), flag)
#define clear_thread_flag(flag)		 clear_ti_thread_flag(current_thread_info(), flag)
#define test_thread_flag(flag)		 test_ti_thread_flag(current_thread_info(), flag)
#define test_and_clear_thread_flag(flag) test_and_clear_ti_thread_flag(current_thread_info(), flag)

#endif /* !__ASSEMBLER__ */
#endif
