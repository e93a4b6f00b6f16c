// SPDX-License-Identifier: MIT
/*
 * fs/timerfd.c - timerfd_create(2): a timer that is read.
 *
 * The timer interrupt counts one expiry; those that an interval adds until somebody reads are
 * computed then, so a fast timer that nobody reads costs nothing. Absolute times of the real-time
 * clock are turned into monotonic ones when they are set.
 *
 * Locks: lock (irq-safe: the timer's function takes it) guards everything but the timer's queueing.
 */
#include <pagoda/anon_inodes.h>
#include <pagoda/compat.h>
#include <pagoda/cred.h>
#include <pagoda/file.h>
#include <pagoda/fs.h>
#include <pagoda/kernel.h>
#include <pagoda/poll.h>
#include <pagoda/posix-timers.h>
#include <pagoda/sched.h>
#include <pagoda/seq_file.h>
#include <pagoda/slab.h>
#include <pagoda/time64.h>
#include <asm/uaccess.h>
#include <syscalls.h>

#define TFD_TIMER_ABSTIME	(1 << 0)
#define TFD_TIMER_CANCEL_ON_SET (1 << 1)
#define TFD_SETTIME_FLAGS	(TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET)
#define TFD_CREATE_FLAGS	(O_CLOEXEC | O_NONBLOCK)
#define CLOCK_WAS_SET_NS	(10 * NSEC_PER_MSEC) /* a jump of the real-time clock */

struct timerfd_ctx {
	struct hrtimer timer;
	struct wait_queue_head wqh;
	spinlock_t lock;
	clockid_t clock;
	ktime_t interval;    /* 0: once */
	u64 ticks;	     /* expiries that were not read */
	bool expired;	     /* it is not queued, as it has fired */
	int flags;	     /* of timerfd_settime() */
	ktime_t real_offset; /* of the real-time clock from the monotonic one, when it was set */
};

static ktime_t real_offset(void)
{
	return ktime_get_real() - ktime_get();
}

/* Somebody has set the clock that an absolute time was given on. */
static bool was_cancelled(const struct timerfd_ctx *ctx)
{
	const int flags = TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET;
	ktime_t jump = real_offset() - ctx->real_offset;

	return clock_is_realtime(ctx->clock) && (ctx->flags & flags) == flags &&
	       (jump > CLOCK_WAS_SET_NS || jump < -CLOCK_WAS_SET_NS);
}

static enum hrtimer_restart timerfd_fires(struct hrtimer *timer)
{
	struct timerfd_ctx *ctx = container_of(timer, struct timerfd_ctx, timer);
	unsigned long flags;

	spin_lock_irqsave(&ctx->lock, flags);
	ctx->expired = true;
	ctx->ticks++;
	spin_unlock_irqrestore(&ctx->lock, flags);
	wake_up_poll(&ctx->wqh, EPOLLIN);
	return HRTIMER_NORESTART;
}

/* Counts what an interval has added since the timer fired, and queues it again. lock is held. */
static void catch_up(struct timerfd_ctx *ctx)
{
	if (!ctx->expired || !ctx->interval)
		return;
	ctx->expired = false;
	ctx->ticks += hrtimer_forward(&ctx->timer, ktime_get(), ctx->interval) - 1;
	hrtimer_start(&ctx->timer, ctx->timer.expires);
}

/* Returns with lock held and the timer not queued, nor its function running. */
static void lock_stopped(struct timerfd_ctx *ctx, unsigned long *flags)
{
	for (;;) {
		spin_lock_irqsave(&ctx->lock, *flags);
		if (hrtimer_try_to_cancel(&ctx->timer) >= 0)
			return;
		spin_unlock_irqrestore(&ctx->lock, *flags);
		cpu_relax();
	}
}

/* ---- file operations --------------------------------------------------------------------- */

static ssize_t timerfd_read(struct file *file, char __user *buf, size_t count, loff_t *ppos)
{
	struct timerfd_ctx *ctx = file->private_data;
	unsigned long flags;
	u64 ticks;
	int err;

	if (count < sizeof(ticks))
		return -EINVAL;
	for (;;) {
		spin_lock_irqsave(&ctx->lock, flags);
		if (was_cancelled(ctx)) {
			ctx->ticks = 0;
			ctx->real_offset = real_offset();
			spin_unlock_irqrestore(&ctx->lock, flags);
			return -ECANCELED;
		}
		if (ctx->ticks)
			catch_up(ctx);
		ticks = ctx->ticks;
		ctx->ticks = 0;
		spin_unlock_irqrestore(&ctx->lock, flags);
		if (ticks)
			break;
		if (file->f_flags & O_NONBLOCK)
			return -EAGAIN;
		err = wait_event_interruptible(ctx->wqh, READ_ONCE(ctx->ticks));
		if (err)
			return err;
	}
	return copy_to_user(buf, &ticks, sizeof(ticks)) ? -EFAULT : (ssize_t)sizeof(ticks);
}

static __poll_t timerfd_poll(struct file *file, poll_table *wait)
{
	struct timerfd_ctx *ctx = file->private_data;

	poll_wait(file, &ctx->wqh, wait);
	return READ_ONCE(ctx->ticks) || was_cancelled(ctx) ? EPOLLIN : 0;
}

static int timerfd_release(struct inode *inode, struct file *file)
{
	struct timerfd_ctx *ctx = file->private_data;

	hrtimer_cancel(&ctx->timer);
	kfree(ctx);
	return 0;
}

/* What timerfd_gettime() tells; lock is held. */
static struct itimerspec current_setting(struct timerfd_ctx *ctx)
{
	ktime_t left = 0;

	catch_up(ctx);
	if (!ctx->expired && ctx->timer.expires)
		left = max(hrtimer_get_remaining(&ctx->timer), (ktime_t)0);
	return (struct itimerspec){
		.it_value = ns_to_timespec64(left),
		.it_interval = ns_to_timespec64(ctx->interval),
	};
}

static void timerfd_show_fdinfo(struct seq_file *m, struct file *file)
{
	struct timerfd_ctx *ctx = file->private_data;
	struct itimerspec t;
	unsigned long flags;

	spin_lock_irqsave(&ctx->lock, flags);
	t = current_setting(ctx);
	spin_unlock_irqrestore(&ctx->lock, flags);
	seq_printf(m, "clockid: %d\nticks: %llu\nsettime flags: 0%o\n", ctx->clock, ctx->ticks,
		   ctx->flags);
	seq_printf(m, "it_value: (%lu, %lu)\nit_interval: (%lu, %lu)\n", t.it_value.tv_sec,
		   t.it_value.tv_nsec, t.it_interval.tv_sec, t.it_interval.tv_nsec);
}

static const struct file_operations timerfd_fops = {
	.read = timerfd_read,
	.poll = timerfd_poll,
	.release = timerfd_release,
	.llseek = noop_llseek,
	.show_fdinfo = timerfd_show_fdinfo,
};

/* ---- the calls --------------------------------------------------------------------------- */

static bool is_alarm(int clock)
{
	return clock == CLOCK_REALTIME_ALARM || clock == CLOCK_BOOTTIME_ALARM;
}

long sys_timerfd_create(int clockid, int flags)
{
	struct timerfd_ctx *ctx;
	int fd;

	if ((flags & ~TFD_CREATE_FLAGS) ||
	    (clockid != CLOCK_MONOTONIC && clockid != CLOCK_REALTIME && clockid != CLOCK_BOOTTIME &&
	     !is_alarm(clockid)))
		return -EINVAL;
	if (is_alarm(clockid) && !capable(CAP_WAKE_ALARM))
		return -EPERM;
	ctx = kzalloc(sizeof(*ctx), GFP_KERNEL);
	if (!ctx)
		return -ENOMEM;
	hrtimer_init(&ctx->timer, timerfd_fires);
	init_waitqueue_head(&ctx->wqh);
	spin_lock_init(&ctx->lock);
	ctx->clock = clockid;
	fd = anon_inode_getfd("[timerfd]", &timerfd_fops, ctx, O_RDWR | flags);
	if (fd < 0)
		kfree(ctx);
	return fd;
}

/* The file's timer, with the file borrowed in *f; -EBADF, -EINVAL. */
static struct timerfd_ctx *timerfd_get(int fd, struct fd *f)
{
	*f = fdget(fd);
	if (!f->file)
		return ERR_PTR(-EBADF);
	if (f->file->f_op != &timerfd_fops) {
		fdput(*f);
		return ERR_PTR(-EINVAL);
	}
	return f->file->private_data;
}

static void set_timer(struct timerfd_ctx *ctx, int flags, const struct itimerspec *new)
{
	ktime_t value = timespec64_to_ktime(new->it_value);

	ctx->flags = flags;
	ctx->real_offset = real_offset();
	ctx->expired = false;
	ctx->ticks = 0;
	ctx->interval = timespec64_to_ktime(new->it_interval);
	ctx->timer.expires = 0;
	if (value)
		hrtimer_start(&ctx->timer,
			      clock_to_monotonic(ctx->clock, value, flags & TFD_TIMER_ABSTIME));
}

static long timerfd_settime(int ufd, int flags, const void __user *utmr, void __user *otmr,
			    bool time32)
{
	struct itimerspec new, old;
	struct timerfd_ctx *ctx;
	unsigned long irqflags;
	struct fd f;

	if (get_user_itimerspec(&new, utmr, time32))
		return -EFAULT;
	if ((flags & ~TFD_SETTIME_FLAGS) || !timespec64_valid(&new.it_value) ||
	    !timespec64_valid(&new.it_interval))
		return -EINVAL;
	ctx = timerfd_get(ufd, &f);
	if (IS_ERR(ctx))
		return PTR_ERR(ctx);
	if (is_alarm(ctx->clock) && !capable(CAP_WAKE_ALARM)) {
		fdput(f);
		return -EPERM;
	}
	lock_stopped(ctx, &irqflags);
	old = current_setting(ctx);
	hrtimer_try_to_cancel(&ctx->timer); /* current_setting() may have queued it */
	set_timer(ctx, flags, &new);
	spin_unlock_irqrestore(&ctx->lock, irqflags);
	fdput(f);
	return otmr ? put_user_itimerspec(&old, otmr, time32) : 0;
}

long sys_timerfd_settime(int ufd, int flags, const struct itimerspec __user *utmr,
			 struct itimerspec __user *otmr)
{
	return timerfd_settime(ufd, flags, utmr, otmr, false);
}

long sys_timerfd_settime32(int ufd, int flags, const struct old_itimerspec32 __user *utmr,
			   struct old_itimerspec32 __user *otmr)
{
	return timerfd_settime(ufd, flags, utmr, otmr, true);
}

static long timerfd_gettime(int ufd, void __user *otmr, bool time32)
{
	struct timerfd_ctx *ctx;
	unsigned long flags;
	struct itimerspec t;
	struct fd f;

	ctx = timerfd_get(ufd, &f);
	if (IS_ERR(ctx))
		return PTR_ERR(ctx);
	spin_lock_irqsave(&ctx->lock, flags);
	t = current_setting(ctx);
	spin_unlock_irqrestore(&ctx->lock, flags);
	fdput(f);
	return put_user_itimerspec(&t, otmr, time32);
}

long sys_timerfd_gettime(int ufd, struct itimerspec __user *otmr)
{
	return timerfd_gettime(ufd, otmr, false);
}

long sys_timerfd_gettime32(int ufd, struct old_itimerspec32 __user *otmr)
{
	return timerfd_gettime(ufd, otmr, true);
}
