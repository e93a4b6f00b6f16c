// SPDX-License-Identifier: MIT
/*
 * fs/poll.c - poll(2) and ppoll(2).
 *
 * The array of the caller is copied in, each round asks every file, and revents alone are copied
 * out. An interrupted poll() goes on with the same end of time (restart block); ppoll() is
 * repeated from its arguments, where the rest of the time has been stored.
 */
#include "poll_wait.h"
#include <pagoda/compat.h>
#include <pagoda/file.h>
#include <pagoda/kernel.h>
#include <pagoda/sched.h>
#include <pagoda/signal.h>
#include <pagoda/slab.h>
#include <asm/uaccess.h>
#include <syscalls.h>

#define STACK_POLLFDS 32 /* as many need no allocation */

/* The events of one entry that hold now. */
static __poll_t poll_one(struct pollfd *pollfd, poll_table *pt)
{
	__poll_t filter = (u16)pollfd->events | EPOLLERR | EPOLLHUP;
	__poll_t mask;
	struct fd f;

	pollfd->revents = 0;
	if (pollfd->fd < 0)
		return 0;
	f = fdget(pollfd->fd);
	if (!f.file) {
		pollfd->revents = POLLNVAL;
		return EPOLLNVAL;
	}
	pt->_key = filter;
	mask = vfs_poll(f.file, pt) & filter;
	fdput(f);
	pollfd->revents = (short)mask;
	return mask;
}

/* The number of entries with events; -ERESTARTNOHAND, -ENOMEM. */
static long do_poll(struct pollfd *fds, unsigned int nfds, poll_end_t end)
{
	struct poll_wqueues pwq;
	bool timed_out = !end;
	long count;

	poll_initwait(&pwq);
	if (!end)
		poll_join_no_more(&pwq);
	for (;;) {
		count = 0;
		for (unsigned int i = 0; i < nfds; i++) {
			if (poll_one(&fds[i], &pwq.pt)) {
				count++;
				poll_join_no_more(&pwq);
			}
			cond_resched();
		}
		poll_join_no_more(&pwq);
		if (!count) {
			count = pwq.error;
			if (signal_pending(current))
				count = -ERESTARTNOHAND;
		}
		if (count || timed_out)
			break;
		timed_out = !poll_sleep(&pwq, end);
	}
	poll_freewait(&pwq);
	return count;
}

static long do_sys_poll(struct pollfd __user *ufds, unsigned int nfds, poll_end_t end)
{
	struct pollfd on_stack[STACK_POLLFDS], *fds = on_stack;
	long ret;

	if (nfds > rlimit(RLIMIT_NOFILE))
		return -EINVAL;
	if (nfds > STACK_POLLFDS) {
		fds = kvmalloc_array(nfds, sizeof(*fds), GFP_KERNEL);
		if (!fds)
			return -ENOMEM;
	}
	ret = -EFAULT;
	if (copy_from_user(fds, ufds, nfds * sizeof(*fds)))
		goto out;
	ret = do_poll(fds, nfds, end);
	if (ret < 0)
		goto out;
	for (unsigned int i = 0; i < nfds; i++) {
		if (put_user(fds[i].revents, &ufds[i].revents)) {
			ret = -EFAULT;
			break;
		}
	}
out:
	if (fds != on_stack)
		kvfree(fds);
	return ret;
}

static long do_restart_poll(struct restart_block *restart);

static long poll_or_restart(struct pollfd __user *ufds, unsigned int nfds, poll_end_t end)
{
	struct restart_block *restart = &current->restart_block;
	long ret = do_sys_poll(ufds, nfds, end);

	if (ret != -ERESTARTNOHAND)
		return ret;
	restart->fn = do_restart_poll;
	restart->poll.ufds = ufds;
	restart->poll.nfds = (int)nfds;
	restart->poll.expires = end;
	return -ERESTART_RESTARTBLOCK;
}

static long do_restart_poll(struct restart_block *restart)
{
	return poll_or_restart(restart->poll.ufds, (unsigned int)restart->poll.nfds,
			       restart->poll.expires);
}

/* timeout: milliseconds, negative for ever. */
long sys_poll(struct pollfd __user *ufds, unsigned int nfds, int timeout)
{
	poll_end_t end = KTIME_MAX;

	if (timeout >= 0)
		end = timeout ? ktime_get() + timeout * NSEC_PER_MSEC : 0;
	return poll_or_restart(ufds, nfds, end);
}

static long do_ppoll(struct pollfd __user *ufds, unsigned int nfds, void __user *tsp, bool time32,
		     const sigset_t __user *sigmask, size_t sigsetsize)
{
	poll_end_t end = KTIME_MAX;
	struct timespec64 ts;
	int err;

	if (tsp) {
		if (get_user_timespec(&ts, tsp, time32))
			return -EFAULT;
		err = poll_set_timeout(&ts, &end);
		if (err)
			return err;
	}
	err = set_user_sigmask(sigmask, sigsetsize);
	if (err)
		return err;
	return poll_finish(end, tsp, poll_timespec_type(time32), do_sys_poll(ufds, nfds, end));
}

long sys_ppoll(struct pollfd __user *ufds, unsigned int nfds, struct timespec64 __user *tsp,
	       const sigset_t __user *sigmask, size_t sigsetsize)
{
	return do_ppoll(ufds, nfds, tsp, false, sigmask, sigsetsize);
}

long compat_sys_ppoll_time32(struct pollfd __user *ufds, unsigned int nfds,
			     struct old_timespec32 __user *tsp, const sigset_t __user *sigmask,
			     size_t sigsetsize)
{
	return do_ppoll(ufds, nfds, tsp, true, sigmask, sigsetsize);
}
