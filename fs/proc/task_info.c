// SPDX-License-Identifier: MIT
/*
 * fs/proc/task_info.c - small files of a process: limits, comm, wchan, personality, oom_*.
 */
#include "internal.h"
#include <pagoda/cred.h>
#include <pagoda/ksyms.h>
#include <pagoda/mm.h>
#include <pagoda/gfp.h>
#include <pagoda/oom.h>
#include <uapi/resource.h>
#include <asm/processor.h>
#include <asm/uaccess.h>

/* ---- limits ------------------------------------------------------------------------------ */

static const struct {
	const char *name;
	const char *unit;
} limit_names[RLIM_NLIMITS] = {
	[RLIMIT_CPU] = {"Max cpu time", "seconds"},
	[RLIMIT_FSIZE] = {"Max file size", "bytes"},
	[RLIMIT_DATA] = {"Max data size", "bytes"},
	[RLIMIT_STACK] = {"Max stack size", "bytes"},
	[RLIMIT_CORE] = {"Max core file size", "bytes"},
	[RLIMIT_RSS] = {"Max resident set", "bytes"},
	[RLIMIT_NPROC] = {"Max processes", "processes"},
	[RLIMIT_NOFILE] = {"Max open files", "files"},
	[RLIMIT_MEMLOCK] = {"Max locked memory", "bytes"},
	[RLIMIT_AS] = {"Max address space", "bytes"},
	[RLIMIT_LOCKS] = {"Max file locks", "locks"},
	[RLIMIT_SIGPENDING] = {"Max pending signals", "signals"},
	[RLIMIT_MSGQUEUE] = {"Max msgqueue size", "bytes"},
	[RLIMIT_NICE] = {"Max nice priority", NULL},
	[RLIMIT_RTPRIO] = {"Max realtime priority", NULL},
	[RLIMIT_RTTIME] = {"Max realtime timeout", "us"},
};

static void put_limit(struct seq_file *m, unsigned long value)
{
	if (value == RLIM_INFINITY)
		seq_printf(m, "%-20s ", "unlimited");
	else
		seq_printf(m, "%-20lu ", value);
}

int proc_pid_limits(struct seq_file *m, struct task_struct *task)
{
	struct rlimit rlim[RLIM_NLIMITS];

	task_lock(task->group_leader);
	memcpy(rlim, task->signal->rlim, sizeof(rlim));
	task_unlock(task->group_leader);
	seq_printf(m, "%-25s %-20s %-20s %-10s\n", "Limit", "Soft Limit", "Hard Limit", "Units");
	for (unsigned int i = 0; i < RLIM_NLIMITS; i++) {
		seq_printf(m, "%-25s ", limit_names[i].name);
		put_limit(m, rlim[i].rlim_cur);
		put_limit(m, rlim[i].rlim_max);
		if (limit_names[i].unit)
			seq_printf(m, "%-10s", limit_names[i].unit);
		seq_putc(m, '\n');
	}
	return 0;
}

/* ---- where it waits, how it behaves ------------------------------------------------------ */

/* The function in which a task sleeps, or 0. */
int proc_pid_wchan(struct seq_file *m, struct task_struct *task)
{
	unsigned long wchan = 0, offset, size;
	const char *name = NULL;

	if (ptrace_may_access(task) && !task_is_running(task))
		wchan = __get_wchan(task);
	if (wchan)
		name = ksyms_lookup(wchan, &offset, &size);
	seq_puts(m, name ?: "0");
	return 0;
}

int proc_pid_personality(struct seq_file *m, struct task_struct *task)
{
	if (!ptrace_may_access(task))
		return -EPERM;
	seq_printf(m, "%08lx\n", task->personality);
	return 0;
}

/* ---- comm -------------------------------------------------------------------------------- */

static int comm_show(struct seq_file *m, void *v)
{
	struct task_struct *task = get_proc_task(m->private);

	if (!task)
		return -ESRCH;
	proc_task_name(m, task, false);
	seq_putc(m, '\n');
	put_task_struct(task);
	return 0;
}

static int comm_open(struct inode *inode, struct file *file)
{
	return single_open(file, comm_show, inode);
}

/* Threads of the process may rename each other; longer names are cut. */
static ssize_t comm_write(struct file *file, const char __user *buf, size_t count, loff_t *ppos)
{
	struct task_struct *task;
	char name[TASK_COMM_LEN] = "";
	ssize_t ret = (ssize_t)count;

	if (copy_from_user(name, buf, min(count, sizeof(name) - 1)))
		return -EFAULT;
	task = get_proc_task(file_inode(file));
	if (!task)
		return -ESRCH;
	if (same_thread_group(current, task)) {
		task_lock(task);
		memcpy(task->comm, name, sizeof(name));
		task_unlock(task);
	} else {
		ret = -EINVAL;
	}
	put_task_struct(task);
	return ret;
}

const struct file_operations proc_pid_comm_fops = {
	.open = comm_open,
	.read_iter = seq_read_iter,
	.write = comm_write,
	.llseek = seq_lseek,
	.release = single_release,
};

/* ---- out of memory ----------------------------------------------------------------------- */

int proc_oom_score(struct seq_file *m, struct task_struct *task)
{
	seq_printf(m, "%ld\n", oom_score(task));
	return 0;
}

/* A number that a program writes: 0 or -EFAULT, -EINVAL. */
static int get_number(const char __user *buf, size_t count, int *value)
{
	char text[13] = "";

	if (copy_from_user(text, buf, min(count, sizeof(text) - 1)))
		return -EFAULT;
	return kstrtoint(strim(text), 0, value);
}

/* Who wants to be killed later than before needs the right to. */
static int set_oom_adj(struct file *file, short adj)
{
	struct task_struct *task = get_proc_task(file_inode(file));
	int err = 0;

	if (!task)
		return -ESRCH;
	if (adj < READ_ONCE(task->signal->oom_score_adj_min) && !capable(CAP_SYS_RESOURCE)) {
		err = -EACCES;
	} else {
		WRITE_ONCE(task->signal->oom_score_adj, adj);
		if (capable(CAP_SYS_RESOURCE))
			WRITE_ONCE(task->signal->oom_score_adj_min, adj);
	}
	put_task_struct(task);
	return err;
}

static ssize_t show_number(struct file *file, char __user *buf, size_t count, loff_t *ppos,
			   int (*value)(short adj))
{
	struct task_struct *task = get_proc_task(file_inode(file));
	char text[16];
	int len;

	if (!task)
		return -ESRCH;
	len = snprintf(text, sizeof(text), "%d\n", value(task->signal->oom_score_adj));
	put_task_struct(task);
	return simple_read_from_buffer(buf, count, ppos, text, (size_t)len);
}

static int as_is(short adj)
{
	return adj;
}

/* The old scale, -17 to 15. */
static int to_old_scale(short adj)
{
	int old =
		adj == OOM_SCORE_ADJ_MAX ? OOM_ADJUST_MAX : adj * -OOM_DISABLE / OOM_SCORE_ADJ_MAX;

	return min(old, OOM_ADJUST_MAX);
}

static ssize_t oom_score_adj_read(struct file *file, char __user *buf, size_t count, loff_t *ppos)
{
	return show_number(file, buf, count, ppos, as_is);
}

static ssize_t oom_score_adj_write(struct file *file, const char __user *buf, size_t count,
				   loff_t *ppos)
{
	int value, err = get_number(buf, count, &value);

	if (!err && (value < OOM_SCORE_ADJ_MIN || value > OOM_SCORE_ADJ_MAX))
		err = -EINVAL;
	if (!err)
		err = set_oom_adj(file, (short)value);
	return err ?: (ssize_t)count;
}

static ssize_t oom_adj_read(struct file *file, char __user *buf, size_t count, loff_t *ppos)
{
	return show_number(file, buf, count, ppos, to_old_scale);
}

static ssize_t oom_adj_write(struct file *file, const char __user *buf, size_t count, loff_t *ppos)
{
	int value, err = get_number(buf, count, &value);

	if (!err && (value < OOM_ADJUST_MIN || value > OOM_ADJUST_MAX) && value != OOM_DISABLE)
		err = -EINVAL;
	if (err)
		return err;
	value = value == OOM_ADJUST_MAX ? OOM_SCORE_ADJ_MAX
					: value * OOM_SCORE_ADJ_MAX / -OOM_DISABLE;
	return set_oom_adj(file, (short)value) ?: (ssize_t)count;
}

const struct file_operations proc_oom_score_adj_fops = {
	.read = oom_score_adj_read,
	.write = oom_score_adj_write,
	.llseek = default_llseek,
};

const struct file_operations proc_oom_adj_fops = {
	.read = oom_adj_read,
	.write = oom_adj_write,
	.llseek = default_llseek,
};

/* ---- fail-nth: makes an allocation of the calling task fail, for tests ---------------------- */

static ssize_t fail_nth_read(struct file *file, char __user *buf, size_t count, loff_t *ppos)
{
	struct task_struct *task = get_proc_task(file_inode(file));
	char text[16];
	int len;

	if (!task)
		return -ESRCH;
	len = snprintf(text, sizeof(text), "%d\n", fail_alloc_left(task));
	put_task_struct(task);
	return simple_read_from_buffer(buf, count, ppos, text, (size_t)len);
}

/* A task sets its own count only. */
static ssize_t fail_nth_write(struct file *file, const char __user *buf, size_t count, loff_t *ppos)
{
	int value, err = get_number(buf, count, &value);
	struct task_struct *task;

	if (err || value < 0)
		return err ?: -EINVAL;
	if (!capable(CAP_SYS_RESOURCE))
		return -EPERM;
	task = get_proc_task(file_inode(file));
	if (!task)
		return -ESRCH;
	if (task == current)
		fail_alloc_set(value);
	else
		err = -EOPNOTSUPP;
	put_task_struct(task);
	return err ?: (ssize_t)count;
}

const struct file_operations proc_fail_nth_fops = {
	.read = fail_nth_read,
	.write = fail_nth_write,
	.llseek = default_llseek,
};
