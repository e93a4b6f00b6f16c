// SPDX-License-Identifier: MIT
/*
 * kernel/strace.c - a trace of system calls in the kernel log, by the table of calls.
 *
 * "strace" on the kernel command line traces every process, "strace=PID" one and its children,
 * "strace=NAME" those whose name (comm) is NAME, from their exec on. Each call is one line, when
 * it ends; calls that do not end (exit, an exec that works) are shown when they begin.
 */
#include <pagoda/errno.h>
#include <pagoda/kernel.h>
#include <pagoda/params.h>
#include <pagoda/printk.h>
#include <pagoda/sched.h>
#include <pagoda/sched_task.h>
#include <pagoda/sprintf.h>
#include <pagoda/string.h>
#include <asm/compat.h>
#include <asm/ptrace.h>
#include <asm/uaccess.h>
#include <syscalls.h>

#define LINE_SIZE   256
#define STRING_SHOW 48 /* bytes of a string argument that are shown */

struct call {
	const char *name;
	int nargs;
	const char *formats; /* a letter an argument: see tools/gen-syscalls */
};

static const struct call calls_64[NR_SYSCALLS_64] = {
#include <syscall_names.h>
};
static const struct call calls_32[NR_SYSCALLS_32] = {
#include <syscall_names_32.h>
};

static bool trace_all;
static pid_t trace_pid;
static const char *trace_name;

void strace_setup(const char *arg)
{
	long pid;

	if (!*arg)
		trace_all = true;
	else if (!kstrtol(arg, 10, &pid))
		trace_pid = pid;
	else
		trace_name = arg;
}

/* A child is traced like its parent; a name matters from exec on. */
void strace_new_task(struct task_struct *p)
{
	bool on = trace_all || p->strace || (trace_pid && p->pid == trace_pid);

	if (trace_name && p == current)
		on = !strcmp(p->comm, trace_name);
	p->strace = on;
	if (on)
		set_tsk_thread_flag(p, TIF_SYSCALL_TRACE);
	else
		clear_tsk_thread_flag(p, TIF_SYSCALL_TRACE);
}

static int show_string(char *buf, size_t size, unsigned long addr)
{
	char text[STRING_SHOW + 1];
	long i, len = strncpy_from_user(text, (const char __user *)addr, STRING_SHOW);
	int n;

	if (len < 0)
		return scnprintf(buf, size, "0x%lx", addr);
	n = scnprintf(buf, size, "\"");
	for (i = 0; i < len; i++)
		n += scnprintf(buf + n, size - n,
			       text[i] >= ' ' && text[i] <= '~' ? "%c" : "\\x%02x",
			       (unsigned char)text[i]);
	return n + scnprintf(buf + n, size - n, len == STRING_SHOW ? "\"..." : "\"");
}

static int show_arg(char *buf, size_t size, char format, unsigned long arg)
{
	switch (format) {
	case 'd':
		return scnprintf(buf, size, "%d", (int)arg);
	case 'u':
		return scnprintf(buf, size, "%lu", arg);
	case 'o':
		return scnprintf(buf, size, "0%lo", arg);
	case 's':
		return show_string(buf, size, arg);
	}
	return arg ? scnprintf(buf, size, "0x%lx", arg) : scnprintf(buf, size, "0");
}

/* The entry of the call that current makes, or NULL. */
static const struct call *find_call(const struct pt_regs *regs)
{
	const struct call *calls = in_compat_syscall() ? calls_32 : calls_64;
	unsigned long nr = regs->orig_ax;

	if (nr >= (in_compat_syscall() ? NR_SYSCALLS_32 : NR_SYSCALLS_64) || !calls[nr].name)
		return NULL;
	return &calls[nr];
}

static void get_args(unsigned long args[6], const struct pt_regs *regs)
{
	const unsigned long args_64[] = {regs->di,  regs->si, regs->dx,
					 regs->r10, regs->r8, regs->r9};
	const unsigned long args_32[] = {(u32)regs->bx, (u32)regs->cx, (u32)regs->dx,
					 (u32)regs->si, (u32)regs->di, (u32)regs->bp};

	memcpy(args, in_compat_syscall() ? args_32 : args_64, sizeof(args_64));
}

/* "name(arg, arg)" into buf, which has LINE_SIZE bytes. */
static void show_call(char *buf, const struct pt_regs *regs)
{
	const struct call *call = find_call(regs);
	unsigned long nr = regs->orig_ax, args[6];
	int i, n;

	get_args(args, regs);
	if (!call) {
		scnprintf(buf, LINE_SIZE, "syscall_%lu(0x%lx, 0x%lx, 0x%lx)", nr, args[0], args[1],
			  args[2]);
		return;
	}
	n = scnprintf(buf, LINE_SIZE, "%s(", call->name);
	for (i = 0; i < call->nargs; i++) {
		n += scnprintf(buf + n, LINE_SIZE - n, i ? ", " : "");
		n += show_arg(buf + n, LINE_SIZE - n, call->formats[i], args[i]);
	}
	scnprintf(buf + n, LINE_SIZE - n, ")");
}

/* exit, exit_group, execve, execveat */
static bool shown_at_entry(const struct pt_regs *regs)
{
	const struct call *call = find_call(regs);

	return call && (!strncmp(call->name, "exit", 4) || !strncmp(call->name, "execve", 6));
}

void strace_syscall_enter(struct pt_regs *regs)
{
	char line[LINE_SIZE];

	if (!shown_at_entry(regs))
		return;
	show_call(line, regs);
	pr_info("%s[%d] %s\n", current->comm, current->pid, line);
}

/* After an exec that worked there are no arguments to show any more: orig_ax is -1. */
void strace_syscall_exit(struct pt_regs *regs, long ret)
{
	char line[LINE_SIZE];

	if (regs->orig_ax == -1UL) {
		pr_info("%s[%d] (new program) = 0\n", current->comm, current->pid);
		return;
	}
	show_call(line, regs);
	if (ret < 0 && ret >= -4095)
		pr_info("%s[%d] %s = %ld\n", current->comm, current->pid, line, ret);
	else if (ret >= 0 && ret < 65536)
		pr_info("%s[%d] %s = %ld\n", current->comm, current->pid, line, ret);
	else
		pr_info("%s[%d] %s = 0x%lx\n", current->comm, current->pid, line, ret);
}
