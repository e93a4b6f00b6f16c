// SPDX-License-Identifier: MIT
/*
 * kernel/pidfd.c - file descriptors that stand for a process.
 *
 * The file's private_data is the struct pid, with a reference: the number is not given to another
 * process while the descriptor is open. It polls readable when the process has ended.
 */
#include <pagoda/anon_inodes.h>
#include <pagoda/cred.h>
#include <pagoda/err.h>
#include <pagoda/fdtable.h>
#include <pagoda/file.h>
#include <pagoda/fs.h>
#include <pagoda/pid.h>
#include <pagoda/poll.h>
#include <pagoda/proc_fs.h>
#include <pagoda/sched.h>
#include <pagoda/seq_file.h>
#include <pagoda/signal.h>
#include <uapi/fcntl.h>
#include <asm/uaccess.h>
#include <syscalls.h>

#define PIDFD_NONBLOCK O_NONBLOCK

static int pidfd_release(struct inode *inode, struct file *file)
{
	put_pid(file->private_data);
	return 0;
}

static __poll_t pidfd_poll(struct file *file, struct poll_table_struct *pt)
{
	struct pid *pid = file->private_data;
	struct task_struct *p;
	bool ended;

	poll_wait(file, &pid->wait_pidfd, pt);
	read_lock(&tasklist_lock);
	p = pid_task(pid, PIDTYPE_TGID);
	ended = !p || (p->exit_state && thread_group_empty(p));
	read_unlock(&tasklist_lock);
	return ended ? EPOLLIN | EPOLLRDNORM : 0;
}

static void pidfd_show_fdinfo(struct seq_file *m, struct file *file)
{
	struct pid *pid = file->private_data;
	pid_t nr;

	read_lock(&tasklist_lock);
	nr = pid_task(pid, PIDTYPE_PID) ? pid->nr : -1;
	read_unlock(&tasklist_lock);
	seq_printf(m, "Pid:\t%d\nNSpid:\t%d\n", nr, nr);
}

static const struct file_operations pidfd_fops = {
	.release = pidfd_release,
	.poll = pidfd_poll,
	.show_fdinfo = pidfd_show_fdinfo,
};

struct pid *pidfd_pid(const struct file *file)
{
	return file->f_op == &pidfd_fops ? file->private_data : ERR_PTR(-EBADF);
}

/* What @pid_of finds behind the descriptor, with a reference, or ERR_PTR(-EBADF). */
static struct pid *fd_get_pid(unsigned int fd, struct pid *(*pid_of)(const struct file *file))
{
	struct fd f = fdget(fd);
	struct pid *pid;

	if (!f.file)
		return ERR_PTR(-EBADF);
	pid = pid_of(f.file);
	if (!IS_ERR(pid))
		get_pid(pid);
	fdput(f);
	return pid;
}

struct pid *pidfd_get_pid(unsigned int fd)
{
	return fd_get_pid(fd, pidfd_pid);
}

int pidfd_prepare(struct pid *pid, unsigned int flags, struct file **ret)
{
	struct file *file;
	int fd = get_unused_fd_flags(O_CLOEXEC);

	if (fd < 0)
		return fd;
	file = anon_inode_getfile("[pidfd]", &pidfd_fops, get_pid(pid), O_RDWR | flags);
	if (IS_ERR(file)) {
		put_unused_fd(fd);
		put_pid(pid);
		return PTR_ERR(file);
	}
	*ret = file;
	return fd;
}

long sys_pidfd_open(pid_t nr, unsigned int flags)
{
	struct file *file;
	struct pid *pid;
	bool leader;
	int fd;

	if (flags & ~PIDFD_NONBLOCK)
		return -EINVAL;
	if (nr <= 0)
		return -EINVAL;
	pid = find_get_pid(nr);
	if (!pid)
		return -ESRCH;
	read_lock(&tasklist_lock);
	leader = pid_has_task(pid, PIDTYPE_TGID);
	read_unlock(&tasklist_lock);
	fd = leader ? pidfd_prepare(pid, flags, &file) : -EINVAL;
	put_pid(pid);
	if (fd >= 0)
		fd_install(fd, file);
	return fd;
}

/* The rules of rt_sigqueueinfo(2) for a siginfo of the caller's own. */
static int fill_pidfd_info(int sig, siginfo_t __user *uinfo, struct pid *pid,
			   kernel_siginfo_t *info)
{
	int err;

	if (!uinfo) {
		clear_siginfo(info);
		info->si_signo = sig;
		info->si_code = SI_USER;
		info->si_pid = current->tgid;
		info->si_uid = current_uid();
		return 0;
	}
	err = copy_siginfo_from_user_any(info, uinfo, 0);
	if (err)
		return err;
	if (sig != info->si_signo)
		return -EINVAL;
	if (task_pid(current) != pid && (info->si_code >= 0 || info->si_code == SI_TKILL))
		return -EPERM;
	return 0;
}

static struct pid *pidfd_or_proc_pid(const struct file *file)
{
	struct pid *pid = pidfd_pid(file);

	return IS_ERR(pid) ? tgid_pidfd_to_pid(file) : pid;
}

/* The oldest of the calls, from before there were pidfds: it takes a directory /proc/PID as well. */
long sys_pidfd_send_signal(int pidfd, int sig, siginfo_t __user *uinfo, unsigned int flags)
{
	kernel_siginfo_t info;
	struct pid *pid;
	int err;

	if (flags)
		return -EINVAL;
	pid = fd_get_pid(pidfd, pidfd_or_proc_pid);
	if (IS_ERR(pid))
		return PTR_ERR(pid);
	err = fill_pidfd_info(sig, uinfo, pid, &info);
	if (!err)
		err = kill_pid_info(sig, &info, pid);
	put_pid(pid);
	return err;
}

/* A copy of a descriptor of another process that the caller may look into. */
long sys_pidfd_getfd(int pidfd, int targetfd, unsigned int flags)
{
	struct task_struct *task;
	struct file *file = NULL;
	struct pid *pid;
	int ret;

	if (flags)
		return -EINVAL;
	pid = pidfd_get_pid(pidfd);
	if (IS_ERR(pid))
		return PTR_ERR(pid);
	task = get_pid_task(pid, PIDTYPE_PID);
	put_pid(pid);
	if (!task)
		return -ESRCH;
	ret = -EPERM;
	if (ptrace_may_access(task)) {
		file = fget_task(task, targetfd);
		ret = file ? 0 : -EBADF;
	}
	put_task_struct(task);
	if (ret)
		return ret;
	ret = get_unused_fd_flags(O_CLOEXEC);
	if (ret >= 0)
		fd_install(ret, file);
	else
		fput(file);
	return ret;
}
