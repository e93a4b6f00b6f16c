// SPDX-License-Identifier: MIT
/*
 * fs/signalfd.c - signalfd(2): signals that are read.
 *
 * A read takes blocked signals out of the pending sets of whoever reads. Readers and pollers sleep
 * on a queue chosen by the handlers' structure of their process; the queues are never freed, so an
 * epoll item may outlive the process whose signals it waits for. Processes that share a queue wake
 * each other for nothing now and then.
 */
#include <pagoda/anon_inodes.h>
#include <pagoda/file.h>
#include <pagoda/fs.h>
#include <pagoda/kernel.h>
#include <pagoda/poll.h>
#include <pagoda/sched.h>
#include <pagoda/seq_file.h>
#include <pagoda/signal.h>
#include <pagoda/slab.h>
#include <uapi/signalfd.h>
#include <asm/uaccess.h>
#include <syscalls.h>

#define NR_QUEUES 16

static struct wait_queue_head queues[NR_QUEUES];

struct signalfd_ctx {
	sigset_t sigmask; /* signals that are NOT read, as dequeue_signal() wants it */
};

void signalfd_init(void)
{
	for (unsigned int i = 0; i < NR_QUEUES; i++)
		init_waitqueue_head(&queues[i]);
}

static struct wait_queue_head *queue_of(const struct task_struct *task)
{
	return &queues[(unsigned long)task->sighand / sizeof(struct sighand_struct) % NR_QUEUES];
}

void signalfd_notify(const struct task_struct *task)
{
	struct wait_queue_head *queue = queue_of(task);

	smp_mb(); /* the signal before the look at the queue */
	if (unlikely(waitqueue_active(queue)))
		wake_up_all(queue);
}

/* ---- what is read ------------------------------------------------------------------------ */

static void fill(struct signalfd_siginfo *to, const kernel_siginfo_t *from)
{
	*to = (struct signalfd_siginfo){
		.ssi_signo = (u32)from->si_signo,
		.ssi_errno = from->si_errno,
		.ssi_code = from->si_code,
	};
	if (from->si_code == SI_TIMER) {
		to->ssi_tid = (u32)from->si_tid;
		to->ssi_overrun = (u32)from->si_overrun;
		to->ssi_ptr = (u64)from->_timer._sigval.sival_ptr;
		to->ssi_int = from->_timer._sigval.sival_int;
	} else if (from->si_code > 0 && from->si_code != SI_KERNEL &&
		   sig_in(from->si_signo, sigmask(SIGSEGV) | sigmask(SIGBUS) | sigmask(SIGILL) |
						  sigmask(SIGFPE) | sigmask(SIGTRAP))) {
		to->ssi_addr = (u64)from->si_addr;
	} else if (from->si_signo == SIGIO && from->si_code > 0) {
		to->ssi_band = (u32)from->si_band;
		to->ssi_fd = from->si_fd;
	} else {
		to->ssi_pid = (u32)from->si_pid;
		to->ssi_uid = from->si_uid;
		if (from->si_signo == SIGCHLD && from->si_code > 0) {
			to->ssi_status = from->si_status;
			to->ssi_utime = (u64)from->si_utime;
			to->ssi_stime = (u64)from->si_stime;
		} else if (from->si_code < 0) {
			to->ssi_ptr = (u64)from->si_ptr;
			to->ssi_int = from->si_int;
		}
	}
}

/* The next signal of the caller's, or 0. */
static int dequeue(const struct signalfd_ctx *ctx, kernel_siginfo_t *info)
{
	unsigned long flags;
	int sig;

	spin_lock_irqsave(&current->sighand->siglock, flags);
	sig = dequeue_signal(&ctx->sigmask, info);
	spin_unlock_irqrestore(&current->sighand->siglock, flags);
	return sig;
}

static bool has_signal(const struct signalfd_ctx *ctx)
{
	return next_signal(&current->pending, &ctx->sigmask) ||
	       next_signal(&current->signal->shared_pending, &ctx->sigmask);
}

/* The first one, waited for. 0 or -errno. */
static int dequeue_wait(const struct signalfd_ctx *ctx, kernel_siginfo_t *info, bool nonblock)
{
	long err;

	while (!dequeue(ctx, info)) {
		if (nonblock)
			return -EAGAIN;
		err = wait_event_interruptible(*queue_of(current), has_signal(ctx));
		if (err)
			return (int)err;
	}
	return 0;
}

static ssize_t signalfd_read(struct file *file, char __user *buf, size_t count, loff_t *ppos)
{
	struct signalfd_ctx *ctx = file->private_data;
	struct signalfd_siginfo info;
	kernel_siginfo_t kinfo;
	ssize_t done = 0;
	int err;

	if (count < sizeof(info))
		return -EINVAL;
	err = dequeue_wait(ctx, &kinfo, file->f_flags & O_NONBLOCK);
	if (err)
		return err;
	do {
		fill(&info, &kinfo);
		if (copy_to_user(buf + done, &info, sizeof(info)))
			return done ?: -EFAULT;
		done += (ssize_t)sizeof(info);
	} while (count - (size_t)done >= sizeof(info) && dequeue(ctx, &kinfo));
	return done;
}

static __poll_t signalfd_poll(struct file *file, poll_table *wait)
{
	poll_wait(file, queue_of(current), wait);
	return has_signal(file->private_data) ? EPOLLIN : 0;
}

static int signalfd_release(struct inode *inode, struct file *file)
{
	kfree(file->private_data);
	return 0;
}

static void signalfd_show_fdinfo(struct seq_file *m, struct file *file)
{
	struct signalfd_ctx *ctx = file->private_data;

	seq_printf(m, "sigmask:\t%016lx\n", ~ctx->sigmask.sig[0]);
}

static const struct file_operations signalfd_fops = {
	.read = signalfd_read,
	.poll = signalfd_poll,
	.release = signalfd_release,
	.llseek = noop_llseek,
	.show_fdinfo = signalfd_show_fdinfo,
};

/* ---- the calls --------------------------------------------------------------------------- */

static long signalfd_make(const sigset_t *notmask, int flags)
{
	struct signalfd_ctx *ctx = kmalloc(sizeof(*ctx), GFP_KERNEL);
	int fd;

	if (!ctx)
		return -ENOMEM;
	ctx->sigmask = *notmask;
	fd = anon_inode_getfd("[signalfd]", &signalfd_fops, ctx, O_RDWR | flags);
	if (fd < 0)
		kfree(ctx);
	return fd;
}

static long signalfd_change(int ufd, const sigset_t *notmask)
{
	struct fd f = fdget(ufd);
	struct signalfd_ctx *ctx;
	long ret = -EINVAL;

	if (!f.file)
		return -EBADF;
	if (f.file->f_op == &signalfd_fops) {
		ctx = f.file->private_data;
		ctx->sigmask = *notmask;
		wake_up_all(queue_of(current));
		ret = ufd;
	}
	fdput(f);
	return ret;
}

long sys_signalfd4(int ufd, sigset_t __user *user_mask, size_t sizemask, int flags)
{
	sigset_t mask;

	if (sizemask != sizeof(mask))
		return -EINVAL;
	if (copy_from_user(&mask, user_mask, sizeof(mask)))
		return -EFAULT;
	if (flags & ~(O_CLOEXEC | O_NONBLOCK))
		return -EINVAL;
	mask.sig[0] &= ~SIG_KERNEL_ONLY_MASK;
	mask.sig[0] = ~mask.sig[0];
	return ufd == -1 ? signalfd_make(&mask, flags) : signalfd_change(ufd, &mask);
}

long sys_signalfd(int ufd, sigset_t __user *user_mask, size_t sizemask)
{
	return sys_signalfd4(ufd, user_mask, sizemask, 0);
}
