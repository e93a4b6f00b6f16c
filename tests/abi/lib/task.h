/* SPDX-License-Identifier: MIT */
/*
 * lib/task.h - making tasks by hand, waiting for them, and keeping several of them in step.
 *
 * Nothing here depends on time: tasks meet at gates, and whether another one sleeps is read from
 * its state in /proc.
 */
#ifndef TESTS_ABI_LIB_TASK_H
#define TESTS_ABI_LIB_TASK_H

#include <sched.h>
#include <stddef.h>
#include <stdint.h>
#include <signal.h>
#include <sys/types.h>
#include <sys/wait.h>

#include "lib/sys.h"

#ifndef CLONE_CLEAR_SIGHAND
#define CLONE_CLEAR_SIGHAND 0x100000000ULL
#endif
#ifndef CLONE_INTO_CGROUP
#define CLONE_INTO_CGROUP 0x200000000ULL
#endif
#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x80
#endif
#ifndef CLONE_PIDFD
#define CLONE_PIDFD 0x1000
#endif

/* What pthread_create asks for, TLS and tid words aside. */
#define THREAD_FLAGS                                                                               \
	(CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM)

/*
 * clone(2) as it is, on a stack of its own; the child calls function(argument) and ends by exit(2)
 * (of this thread alone) with the result. Returns the tid or -errno. The stack stays mapped.
 */
struct clone_words {
	void *parent_tid;
	void *child_tid;
	unsigned long tls;
};
long clone_task(unsigned long flags, const struct clone_words *words, int (*function)(void *),
		void *argument);

/* clone3(2) without a stack: both return, as from fork. */
struct clone3_args {
	uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls;
	uint64_t set_tid, set_tid_size;
	uint64_t cgroup;
};
#define raw_clone3(args, size) raw(SYS_clone3, args, size)

/* Like fork, without the library between: both return. */
#define raw_fork()				    raw(SYS_fork)
#define raw_gettid()				    raw(SYS_gettid)
#define raw_wait4(pid, st, opt)			    raw(SYS_wait4, pid, st, opt, NULL)
#define raw_kill(pid, sig)			    raw(SYS_kill, pid, sig)
#define raw_futex(word, op, val, time, word2, val3) raw(SYS_futex, word, op, val, time, word2, val3)

/* Waits for this child (with __WALL) and returns its status. */
int wait_status(pid_t pid);

/* A handler of signals that counts them. */
extern volatile int signals_counted;
void count_signal(int signal);
/*
 * SIGALRM again and again, to count_signal without SA_RESTART, until this is called with false: one
 * may come before the call waits that it shall end.
 */
void ring_alarms(bool on);

/* A gate lets one task through for each time that it is opened; works across fork and threads. */
struct gate {
	int in, out;
};
struct gate gate_new(void);
void gate_open(struct gate *gate);
void gate_pass(struct gate *gate);

/* The letter of the task's state in /proc (R, S, D, T, Z, ...); 0 when it does not exist. */
char task_state(pid_t tid);
/* Waits until the task is in one of these states, e.g. "S" when it sleeps in a call. */
void await_state(pid_t tid, const char *states);
/* Waits until the process or task is gone from /proc. */
void await_gone(pid_t pid);

/* "Name: value" of /proc/PID/status, and field n of /proc/PID/stat, as a number; -1 if missing. */
long task_value(pid_t pid, const char *name);
long task_stat(pid_t pid, int field);
/* The same line's text without the blanks before it, in a static buffer; "" if missing. */
const char *task_text(pid_t pid, const char *name);
/* /proc/PID/FILE as a string; its length or -errno. */
long task_file(pid_t pid, const char *file, char *buffer, size_t size);

/* Free memory in KiB after caches that can be dropped are. */
long free_memory(void);

#endif
