// SPDX-License-Identifier: MIT
/*
 * fs/select.c - select(2) and pselect6(2).
 *
 * Six bitmaps of n bits stand one behind the other: what is asked (readable, writable,
 * exceptional), then what holds. They are copied in and out in whole longs, of 32 bits in 32-bit
 * calls: the lower half of a long comes first, so that the rest stays as it is.
 */
#include "poll_wait.h"
#include <pagoda/compat.h>
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

/* Bytes of a program's bitmap of n bits. */
static size_t user_set_bytes(unsigned int n)
{
	return in_compat_syscall() ? DIV_ROUND_UP(n, 32) * 4 : DIV_ROUND_UP(n, 64) * 8;
}

static int get_fd_set(unsigned long *to, const void __user *from, unsigned int n)
{
	memset(to, 0, DIV_ROUND_UP(n, BITS_PER_LONG) * sizeof(long));
	if (!from)
		return 0;
	return copy_from_user(to, from, user_set_bytes(n)) ? -EFAULT : 0;
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
		ret = get_fd_set(sets.in[s], user_sets[s], sets.n);
		if (ret)
			goto out;
	}
	memset(sets.res[0], 0, NR_SETS * bytes);
	ret = do_select(&sets, end);
	if (ret < 0)
		goto out;
	for (int s = 0; s < NR_SETS; s++) {
		if (user_sets[s] && copy_to_user(user_sets[s], sets.res[s], user_set_bytes(sets.n)))
			ret = -EFAULT;
	}
out:
	if (bits != on_stack)
		kvfree(bits);
	return ret;
}

static long kern_select(int n, void __user *sets[NR_SETS], void __user *tvp, bool time32)
{
	poll_end_t end = KTIME_MAX;
	struct timespec64 ts;
	struct timeval tv;
	int err;

	if (tvp) {
		if (get_user_timeval(&tv, tvp, time32))
			return -EFAULT;
		/* More than a second of microseconds is taken; what wraps around is negative. */
		ts.tv_sec = (unsigned long)tv.tv_sec + tv.tv_usec / 1000000;
		ts.tv_nsec = tv.tv_usec % 1000000 * NSEC_PER_USEC;
		err = poll_set_timeout(&ts, &end);
		if (err)
			return err;
	}
	return poll_finish(end, tvp, time32 ? PT_OLD_TIMEVAL : PT_TIMEVAL,
			   core_sys_select(n, sets, end));
}

long sys_select(int n, void __user *inp, void __user *outp, void __user *exp,
		struct timeval __user *tvp)
{
	void __user *sets[NR_SETS] = {inp, outp, exp};

	return kern_select(n, sets, tvp, false);
}

long compat_sys_select(int n, void __user *inp, void __user *outp, void __user *exp,
		       struct old_timeval32 __user *tvp)
{
	void __user *sets[NR_SETS] = {inp, outp, exp};

	return kern_select(n, sets, tvp, true);
}

/* i386's first select, from when a call had no fifth argument. */
long compat_sys_old_select(struct compat_sel_arg_struct __user *arg)
{
	struct compat_sel_arg_struct a;

	if (copy_from_user(&a, arg, sizeof(a)))
		return -EFAULT;
	return compat_sys_select(a.n, compat_ptr(a.inp), compat_ptr(a.outp), compat_ptr(a.exp),
				 compat_ptr(a.tvp));
}

/* The sixth argument: a mask and its size, as there is no seventh. */
struct sigset_argpack {
	sigset_t __user *p;
	size_t size;
};

static int get_sigset_argpack(struct sigset_argpack *pack, const void __user *sig)
{
	struct {
		u32 p, size;
	} compat;

	if (!sig)
		return 0;
	if (!in_compat_syscall())
		return copy_from_user(pack, sig, sizeof(*pack)) ? -EFAULT : 0;
	if (copy_from_user(&compat, sig, sizeof(compat)))
		return -EFAULT;
	pack->p = compat_ptr(compat.p);
	pack->size = compat.size;
	return 0;
}

static long do_pselect(int n, void __user *sets[NR_SETS], void __user *tsp, bool time32,
		       const void __user *sig)
{
	struct sigset_argpack pack = {NULL, 0};
	poll_end_t end = KTIME_MAX;
	struct timespec64 ts;
	int err;

	if (get_sigset_argpack(&pack, sig))
		return -EFAULT;
	if (tsp) {
		if (get_user_timespec(&ts, tsp, time32))
			return -EFAULT;
		err = poll_set_timeout(&ts, &end);
		if (err)
			return err;
	}
	err = set_user_sigmask(pack.p, pack.size);
	if (err)
		return err;
	return poll_finish(end, tsp, poll_timespec_type(time32), core_sys_select(n, sets, end));
}

long sys_pselect6(int n, void __user *inp, void __user *outp, void __user *exp,
		  struct timespec64 __user *tsp, void __user *sig)
{
	void __user *sets[NR_SETS] = {inp, outp, exp};

	return do_pselect(n, sets, tsp, false, sig);
}

long compat_sys_pselect6_time32(int n, void __user *inp, void __user *outp, void __user *exp,
				struct old_timespec32 __user *tsp, void __user *sig)
{
	void __user *sets[NR_SETS] = {inp, outp, exp};

	return do_pselect(n, sets, tsp, true, sig);
}
