// SPDX-License-Identifier: MIT
/*
 * kernel/compat.c - i386 calls about processes whose structures are smaller than x86-64's.
 *
 * Each does what its 64-bit relative does and then converts. Limits that do not fit are shown as
 * "no limit"; sizes of memory get a larger unit; times and counts are cut.
 */
#include <pagoda/compat.h>
#include <pagoda/errno.h>
#include <pagoda/sched.h>
#include <pagoda/sched_task.h>
#include <pagoda/string.h>
#include <uapi/resource.h>
#include <uapi/sysinfo.h>
#include <asm/uaccess.h>
#include <syscalls.h>

/* ---- limits ---------------------------------------------------------------------------------- */

static unsigned long from_compat_limit(u32 limit)
{
	return limit == COMPAT_RLIM_INFINITY ? RLIM_INFINITY : limit;
}

/* highest: what means "none", and what any limit above it is shown as. */
static long get_compat_rlimit(unsigned int resource, struct compat_rlimit __user *rlim, u32 highest)
{
	struct compat_rlimit c;
	struct rlimit r;
	int err = do_prlimit(current, resource, NULL, &r);

	if (err)
		return err;
	c.rlim_cur = min_t(unsigned long, r.rlim_cur, highest);
	c.rlim_max = min_t(unsigned long, r.rlim_max, highest);
	return copy_to_user(rlim, &c, sizeof(c)) ? -EFAULT : 0;
}

long compat_sys_getrlimit(unsigned int resource, struct compat_rlimit __user *rlim)
{
	return get_compat_rlimit(resource, rlim, COMPAT_RLIM_INFINITY);
}

long compat_sys_old_getrlimit(unsigned int resource, struct compat_rlimit __user *rlim)
{
	return get_compat_rlimit(resource, rlim, COMPAT_RLIM_OLD_INFINITY);
}

long compat_sys_setrlimit(unsigned int resource, struct compat_rlimit __user *rlim)
{
	struct compat_rlimit c;
	struct rlimit r;

	if (copy_from_user(&c, rlim, sizeof(c)))
		return -EFAULT;
	r.rlim_cur = from_compat_limit(c.rlim_cur);
	r.rlim_max = from_compat_limit(c.rlim_max);
	return do_prlimit(current, resource, &r, NULL);
}

/* ---- what was used --------------------------------------------------------------------------- */

int put_compat_rusage(struct compat_rusage __user *to, const struct rusage *from)
{
	struct compat_rusage c = {
		.ru_utime = {from->ru_utime.tv_sec, from->ru_utime.tv_usec},
		.ru_stime = {from->ru_stime.tv_sec, from->ru_stime.tv_usec},
		.ru_maxrss = from->ru_maxrss,
		.ru_minflt = from->ru_minflt,
		.ru_majflt = from->ru_majflt,
		.ru_nvcsw = from->ru_nvcsw,
		.ru_nivcsw = from->ru_nivcsw,
	};

	return copy_to_user(to, &c, sizeof(c)) ? -EFAULT : 0;
}

long compat_sys_getrusage(int who, struct compat_rusage __user *ru)
{
	struct rusage r;

	if (who != RUSAGE_SELF && who != RUSAGE_CHILDREN && who != RUSAGE_THREAD)
		return -EINVAL;
	getrusage_of(current, who, &r);
	return put_compat_rusage(ru, &r);
}

long compat_sys_times(struct compat_tms __user *tbuf)
{
	struct compat_tms c;
	struct tms tms;

	if (tbuf) {
		get_tms(&tms);
		c.tms_utime = tms.tms_utime;
		c.tms_stime = tms.tms_stime;
		c.tms_cutime = tms.tms_cutime;
		c.tms_cstime = tms.tms_cstime;
		if (copy_to_user(tbuf, &c, sizeof(c)))
			return -EFAULT;
	}
	return sys_times(NULL);
}

long compat_sys_sysinfo(struct compat_sysinfo __user *info)
{
	struct compat_sysinfo c;
	unsigned int shift;
	struct sysinfo s;

	get_sysinfo(&s);
	shift = (s.totalram | s.totalswap) >> 32 ? PAGE_SHIFT : 0;
	c = (struct compat_sysinfo){
		.uptime = s.uptime,
		.loads = {s.loads[0], s.loads[1], s.loads[2]},
		.totalram = s.totalram >> shift,
		.freeram = s.freeram >> shift,
		.sharedram = s.sharedram >> shift,
		.bufferram = s.bufferram >> shift,
		.totalswap = s.totalswap >> shift,
		.freeswap = s.freeswap >> shift,
		.procs = s.procs,
		.mem_unit = s.mem_unit << shift,
	};
	return copy_to_user(info, &c, sizeof(c)) ? -EFAULT : 0;
}

/* ---- calls that were replaced by others ------------------------------------------------------ */

long sys_waitpid(pid_t pid, int __user *stat_addr, int options)
{
	return sys_wait4(pid, stat_addr, options, NULL);
}

long sys_oldumount(char __user *name)
{
	return sys_umount2(name, 0);
}

long sys_nice(int increment)
{
	long nice = current->static_nice, err;

	increment = clamp(increment, PRIO_MIN - PRIO_MAX, PRIO_MAX - PRIO_MIN);
	nice = clamp(nice + increment, (long)PRIO_MIN, (long)PRIO_MAX - 1);
	err = sys_setpriority(PRIO_PROCESS, 0, nice);
	return err == -EACCES ? -EPERM : err;
}
