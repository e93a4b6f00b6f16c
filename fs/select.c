// SPDX-License-Identifier: MIT
/*
 * fs/select.c - select(2) and pselect6(2).
 *
 * Six bitmaps of n bits stand one behind the other: what is asked (readable, writable,
 * exceptional), then what holds. They are copied in and out in whole longs.
 */
#include "poll_wait.h"
#include <pagoda/bitops.h>
#include <pagoda/fdtable.h>
#include <pagoda/file.h>
#include <pagoda/kernel.h>
#include <pagoda/sched.h>
#include <pagoda/signal.h>
#include <pagoda/slab.h>
#include <asm/uaccess.h>
#include <syscalls.h>

#define STACK_LONGS 32 /* six bitmaps of up to 320 descriptors need no allocation */

/* Which events make a descriptor readable, writable, exceptional. */
#define POLLIN_SET  (EPOLLNVAL | EPOLLRDNORM | EPOLLRDBAND | EPOLLIN | EPOLLHUP | EPOLLERR)
#define POLLOUT_SET (EPOLLNVAL | EPOLLWRBAND | EPOLLWRNORM | EPOLLOUT | EPOLLERR)
#define POLLEX_SET  (EPOLLNVAL | EPOLLPRI)

enum { SET_IN, SET_OUT, SET_EX, NR_SETS };

static const __poll_t set_events[NR_SETS] = {POLLIN_SET, POLLOUT_SET, POLLEX_SET};

struct fd_sets {
	unsigned int n;		    /* bits that count */
	unsigned int longs;	    /* in each bitmap */
	unsigned long *in[NR_SETS]; /* asked */
	unsigned long *res[NR_SETS];
};

/* All descriptors asked for must be open. Returns one past the highest, or -EBADF. */
static int max_select_fd(const struct fd_sets *sets)
{
	struct files_struct *files = current->files;
	int max = 0;

	spin_lock(&files->file_lock);
	for (unsigned int i = 0; i < sets->longs; i++) {
		unsigned long set =
			sets->in[SET_IN][i] | sets->in[SET_OUT][i] | sets->in[SET_EX][i];

		if (i == sets->n / BITS_PER_LONG)
			set &= (1UL << (sets->n % BITS_PER_LONG)) - 1;
		if (!set)
			continue;
		if (set & ~files->fdt->open_fds[i]) {
			max = -EBADF;
			break;
		}
		max = (int)(i * BITS_PER_LONG + BITS_PER_LONG - __builtin_clzl(set));
	}
	spin_unlock(&files->file_lock);
	return max;
}

static __poll_t select_poll_one(unsigned int fd, poll_table *pt, __poll_t wanted)
{
	struct fd f = fdget(fd);
	__poll_t mask;

	if (!f.file)
		return EPOLLNVAL;
	pt->_key = wanted;
	mask = vfs_poll(f.file, pt);
	fdput(f);
	return mask;
}

/* Asks one descriptor for each set that it is in; returns how many hold. */
static int select_one(struct fd_sets *sets, unsigned int fd, struct poll_wqueues *pwq)
{
	unsigned long bit = 1UL << (fd % BITS_PER_LONG);
	unsigned int i = fd / BITS_PER_LONG;
	__poll_t wanted = 0, mask;
	int found = 0;

	for (int s = 0; s < NR_SETS; s++) {
		if (sets->in[s][i] & bit)
			wanted |= set_events[s];
	}
	if (!wanted)
		return 0;
	mask = select_poll_one(fd, &pwq->pt, wanted | EPOLLERR | EPOLLHUP);
	for (int s = 0; s < NR_SETS; s++) {
		if ((sets->in[s][i] & bit) && (mask & set_events[s])) {
			sets->res[s][i] |= bit;
			found++;
			poll_join_no_more(pwq);
		}
	}
	return found;
}

/* The number of bits set in the results; -EBADF, -ERESTARTNOHAND, -ENOMEM. */
static long do_select(struct fd_sets *sets, poll_end_t end)
{
	int n = max_select_fd(sets);
	struct poll_wqueues pwq;
	bool timed_out = !end;
	long count;

	if (n < 0)
		return n;
	poll_initwait(&pwq);
	if (!end)
		poll_join_no_more(&pwq);
	for (;;) {
		count = 0;
		for (int fd = 0; fd < n; fd++) {
			count += select_one(sets, (unsigned int)fd, &pwq);
			cond_resched();
		}
		poll_join_no_more(&pwq);
		if (count || timed_out || signal_pending(current))
			break;
		if (pwq.error) {
			count = pwq.error;
			break;
		}
		timed_out = !poll_sleep(&pwq, end);
	}
	poll_freewait(&pwq);
	if (!count && signal_pending(current))
		count = -ERESTARTNOHAND;
	return count;
}

static int get_fd_set(unsigned long *to, const void __user *from, size_t bytes)
{
	if (!from) {
		memset(to, 0, bytes);
		return 0;
	}
	return copy_from_user(to, from, bytes) ? -EFAULT : 0;
}

static long core_sys_select(int n, void __user *user_sets[NR_SETS], poll_end_t end)
{
	unsigned long on_stack[STACK_LONGS], *bits = on_stack;
	struct fd_sets sets;
	size_t bytes;
	long ret;

	if (n < 0)
		return -EINVAL;
	/* what lies beyond the table is not open and not looked at */
	sets.n = min((unsigned int)n, READ_ONCE(current->files->fdt->max_fds));
	sets.longs = DIV_ROUND_UP(sets.n, BITS_PER_LONG);
	bytes = sets.longs * sizeof(long);
	if (2 * NR_SETS * sets.longs > STACK_LONGS) {
		bits = kvmalloc_array(2 * NR_SETS, bytes, GFP_KERNEL);
		if (!bits)
			return -ENOMEM;
	}
	for (int s = 0; s < NR_SETS; s++) {
		sets.in[s] = bits + s * sets.longs;
		sets.res[s] = bits + (NR_SETS + s) * sets.longs;
		ret = get_fd_set(sets.in[s], user_sets[s], bytes);
		if (ret)
			goto out;
	}
	memset(sets.res[0], 0, NR_SETS * bytes);
	ret = do_select(&sets, end);
	if (ret < 0)
		goto out;
	for (int s = 0; s < NR_SETS; s++) {
		if (user_sets[s] && copy_to_user(user_sets[s], sets.res[s], bytes))
			ret = -EFAULT;
	}
out:
	if (bits != on_stack)
		kvfree(bits);
	return ret;
}

long sys_select(int n, void __user *inp, void __user *outp, void __user *exp,
		struct timeval __user *tvp)
{
	void __user *sets[NR_SETS] = {inp, outp, exp};
	poll_end_t end = KTIME_MAX;
	struct timespec64 ts;
	struct timeval tv;
	int err;

	if (tvp) {
		if (copy_from_user(&tv, tvp, sizeof(tv)))
			return -EFAULT;
		/* More than a second of microseconds is taken; what wraps around is negative. */
		ts.tv_sec = (unsigned long)tv.tv_sec + tv.tv_usec / 1000000;
		ts.tv_nsec = tv.tv_usec % 1000000 * NSEC_PER_USEC;
		err = poll_set_timeout(&ts, &end);
		if (err)
			return err;
	}
	return poll_finish(end, tvp, PT_TIMEVAL, core_sys_select(n, sets, end));
}

/* The sixth argument: a mask and its size, as there is no seventh. */
struct sigset_argpack {
	sigset_t __user *p;
	size_t size;
};

long sys_pselect6(int n, void __user *inp, void __user *outp, void __user *exp,
		  struct timespec64 __user *tsp, void __user *sig)
{
	void __user *sets[NR_SETS] = {inp, outp, exp};
	struct sigset_argpack pack = {NULL, 0};
	poll_end_t end = KTIME_MAX;
	struct timespec64 ts;
	int err;

	if (sig && copy_from_user(&pack, sig, sizeof(pack)))
		return -EFAULT;
	if (tsp) {
		if (copy_from_user(&ts, tsp, sizeof(ts)))
			return -EFAULT;
		err = poll_set_timeout(&ts, &end);
		if (err)
			return err;
	}
	err = set_user_sigmask(pack.p, pack.size);
	if (err)
		return err;
	return poll_finish(end, tsp, PT_TIMESPEC, core_sys_select(n, sets, end));
}
