// SPDX-License-Identifier: MIT
/*
 * tests/abi/sysinfo.c - calls that tell of the machine, the system and what was used, and prctl
 * (docs/contract/calls.md, SYS).
 */
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/sysinfo.h>
#include <sys/times.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "lib/sys.h"
#include "lib/task.h"
#include "lib/test.h"

#define BAD	   ((void *)8)
#define NOBODY_PID 4194303
#define SYS_NICE   23 /* CAP_SYS_NICE */

TEST("SYS-1", "uname tells Linux 6.1 on x86_64")
{
	struct utsname name;

	memset(&name, 'x', sizeof(name));
	EXPECT_EQ(raw(SYS_uname, &name), 0);
	EXPECT_STR(name.sysname, "Linux");
	EXPECT_STR(name.machine, "x86_64");
	EXPECT(!strncmp(name.release, "6.1.", 4));
	EXPECT(strlen(name.version) > 0 && strlen(name.nodename) > 0);
	EXPECT_ERR(raw(SYS_uname, BAD), EFAULT);
}

TEST("SYS-1", "sethostname and setdomainname: EPERM, EINVAL, EFAULT in this order")
{
	static const int calls[] = {SYS_sethostname, SYS_setdomainname};
	struct utsname old, now;

	EXPECT_EQ(raw(SYS_uname, &old), 0);
	EXPECT_EQ(raw(SYS_sethostname, "somewhere-else", 9), 0);
	EXPECT_EQ(raw(SYS_setdomainname, "domain", 6), 0);
	EXPECT_EQ(raw(SYS_uname, &now), 0);
	EXPECT_STR(now.nodename, "somewhere");
	EXPECT_STR(now.domainname, "domain");
	EXPECT_EQ(raw(SYS_sethostname, old.nodename, strlen(old.nodename)), 0);
	EXPECT_EQ(raw(SYS_setdomainname, old.domainname, strlen(old.domainname)), 0);
	for (int i = 0; i < 2; i++) {
		EXPECT_ERR(raw(calls[i], BAD, 65), EINVAL);
		EXPECT_ERR(raw(calls[i], BAD, -1), EINVAL);
		EXPECT_ERR(raw(calls[i], BAD, 64), EFAULT);
	}
	drop_privileges();
	for (int i = 0; i < 2; i++)
		EXPECT_ERR(raw(calls[i], BAD, 65), EPERM);
}

TEST("SYS-2", "sysinfo tells memory, processes and the time since boot")
{
	struct sysinfo info;
	struct timespec now;

	memset(&info, 0, sizeof(info));
	EXPECT_EQ(raw(SYS_sysinfo, &info), 0);
	EXPECT_EQ(raw(SYS_clock_gettime, CLOCK_BOOTTIME, &now), 0);
	EXPECT(info.mem_unit >= 1);
	EXPECT(info.freeram > 0 && info.freeram < info.totalram);
	EXPECT(info.totalram * info.mem_unit >= 16 << 20);
	EXPECT(info.procs >= 2);
	EXPECT(info.uptime > 0 && info.uptime <= now.tv_sec + 1);
	EXPECT_EQ(info.freeswap, info.totalswap);
	EXPECT_ERR(raw(SYS_sysinfo, BAD), EFAULT);
}

TEST("SYS-3", "getrandom fills with what nobody guesses")
{
	unsigned char a[600] = {0}, b[600] = {0};
	int different = 0;

	for (unsigned int flags = 0; flags < 8; flags++) {
		if ((flags & 6) == 6) {
			EXPECT_ERR(raw(SYS_getrandom, a, 8, flags), EINVAL);
			continue;
		}
		EXPECT_EQ(raw(SYS_getrandom, a, sizeof(a), flags), sizeof(a));
		EXPECT_EQ(raw(SYS_getrandom, b, sizeof(b), flags), sizeof(b));
		different = 0;
		for (size_t i = 0; i < sizeof(a); i++)
			different += a[i] != b[i];
		EXPECT(different > 500);
	}
	EXPECT_ERR(raw(SYS_getrandom, BAD, 8, 8), EINVAL);
	EXPECT_ERR(raw(SYS_getrandom, BAD, 8, 0), EFAULT);
	EXPECT_EQ(raw(SYS_getrandom, BAD, 0, 0), 0);
	a[5] = 77;
	EXPECT_EQ(raw(SYS_getrandom, a, 5, 0), 5);
	EXPECT_EQ(a[5], 77);
}

TEST("SYS-3", "getrandom gives what fits before an address that faults")
{
	char *page = map_alone(2, RW);

	EXPECT_EQ(raw_mprotect(page + PAGE, PAGE, PROT_NONE), 0);
	EXPECT_EQ(raw(SYS_getrandom, page + PAGE - 100, 200, 0), 100);
	EXPECT_EQ(raw(SYS_getrandom, page, 2 * PAGE, 0), PAGE);
	EXPECT_ERR(raw(SYS_getrandom, page + PAGE, 200, 0), EFAULT);
}

TEST("SYS-4", "getcpu tells where the caller runs")
{
	for (int i = 0; i < cpu_count(); i++) {
		unsigned int cpu = 77, node = 77;

		pin_to_cpu(i);
		EXPECT_EQ(raw(SYS_getcpu, &cpu, &node, NULL), 0);
		EXPECT_EQ(cpu, i);
		EXPECT_EQ(node, 0);
	}
	EXPECT_EQ(raw(SYS_getcpu, NULL, NULL, NULL), 0);
	EXPECT_EQ(raw(SYS_getcpu, NULL, NULL, BAD), 0);
	EXPECT_ERR(raw(SYS_getcpu, BAD, NULL, NULL), EFAULT);
	EXPECT_ERR(raw(SYS_getcpu, NULL, BAD, NULL), EFAULT);
}

TEST("SYS-5", "times and getrusage count the process's time, and that of children waited for")
{
	struct rusage use = {0}, child;
	struct tms t = {0}, later;
	pid_t pid;
	long ticks;

	while (!t.tms_utime && !t.tms_stime)
		EXPECT_OK(raw(SYS_times, &t));
	EXPECT_EQ(raw(SYS_getrusage, RUSAGE_SELF, &use), 0);
	EXPECT(use.ru_utime.tv_usec + use.ru_stime.tv_usec + use.ru_utime.tv_sec > 0);
	EXPECT(use.ru_maxrss > 0);
	EXPECT_EQ(raw(SYS_getrusage, RUSAGE_THREAD, &child), 0);
	EXPECT_EQ(raw(SYS_getrusage, RUSAGE_CHILDREN, &child), 0);
	EXPECT_EQ(child.ru_utime.tv_sec + child.ru_utime.tv_usec + child.ru_maxrss, 0);
	EXPECT_EQ(t.tms_cutime + t.tms_cstime, 0);
	pid = test_fork();
	if (pid == 0) {
		struct tms own = {0};

		EXPECT_OK(raw(SYS_times, &own));
		while (own.tms_utime + own.tms_stime < 3)
			EXPECT_OK(raw(SYS_times, &own));
		_exit(0);
	}
	EXPECT_EXIT(pid, 0);
	EXPECT_EQ(raw(SYS_getrusage, RUSAGE_CHILDREN, &child), 0);
	EXPECT(child.ru_maxrss > 0);
	ticks = raw(SYS_times, &later);
	EXPECT(later.tms_cutime + later.tms_cstime >= 2);
	EXPECT(later.tms_utime >= t.tms_utime && later.tms_stime >= t.tms_stime);
	EXPECT(raw(SYS_times, NULL) >= ticks);
	EXPECT_ERR(raw(SYS_times, BAD), EFAULT);
	EXPECT_ERR(raw(SYS_getrusage, 2, BAD), EINVAL);
	EXPECT_ERR(raw(SYS_getrusage, -2, &use), EINVAL);
	EXPECT_ERR(raw(SYS_getrusage, RUSAGE_SELF, BAD), EFAULT);
}

TEST("SYS-5", "getrusage counts page faults and switches")
{
	struct rusage before, after;
	char *p = map_private(16, RW);

	EXPECT_EQ(raw(SYS_getrusage, RUSAGE_THREAD, &before), 0);
	for (int i = 0; i < 16; i++)
		p[i * PAGE] = 1;
	do { /* a sleep may be over before it has begun */
		doze(1);
		EXPECT_EQ(raw(SYS_getrusage, RUSAGE_THREAD, &after), 0);
	} while (after.ru_nvcsw == before.ru_nvcsw);
	EXPECT(after.ru_minflt >= before.ru_minflt + 16);
}

/* ---- prctl ----------------------------------------------------------------------------------- */

TEST("SYS-6", "prctl: an unknown option is EINVAL")
{
	EXPECT_ERR(raw(SYS_prctl, 0, 0, 0, 0, 0), EINVAL);
	EXPECT_ERR(raw(SYS_prctl, 1000, 0, 0, 0, 0), EINVAL);
	EXPECT_ERR(raw(SYS_prctl, -1, 0, 0, 0, 0), EINVAL);
}

TEST("SYS-6", "prctl: the name of a thread has 15 bytes")
{
	char name[17] = "";

	EXPECT_EQ(raw(SYS_prctl, PR_SET_NAME, "a name that is too long"), 0);
	name[16] = 'x';
	EXPECT_EQ(raw(SYS_prctl, PR_GET_NAME, name), 0);
	EXPECT_EQ(name[16], 'x');
	name[16] = 0;
	EXPECT_STR(name, "a name that is ");
	EXPECT_ERR(raw(SYS_prctl, PR_SET_NAME, BAD), EFAULT);
	EXPECT_ERR(raw(SYS_prctl, PR_GET_NAME, BAD), EFAULT);
}

TEST("SYS-6", "prctl: death signal, dumpable, subreaper, timing")
{
	int value = -1;

	EXPECT_EQ(raw(SYS_prctl, PR_SET_PDEATHSIG, 64), 0);
	EXPECT_EQ(raw(SYS_prctl, PR_GET_PDEATHSIG, &value), 0);
	EXPECT_EQ(value, 64);
	EXPECT_ERR(raw(SYS_prctl, PR_SET_PDEATHSIG, 65), EINVAL);
	EXPECT_EQ(raw(SYS_prctl, PR_SET_PDEATHSIG, 0), 0);
	EXPECT_ERR(raw(SYS_prctl, PR_GET_PDEATHSIG, BAD), EFAULT);
	EXPECT_EQ(raw(SYS_prctl, PR_SET_DUMPABLE, 0), 0);
	EXPECT_EQ(raw(SYS_prctl, PR_GET_DUMPABLE), 0);
	EXPECT_ERR(raw(SYS_prctl, PR_SET_DUMPABLE, 2), EINVAL);
	EXPECT_EQ(raw(SYS_prctl, PR_SET_DUMPABLE, 1), 0);
	EXPECT_EQ(raw(SYS_prctl, PR_SET_CHILD_SUBREAPER, 5), 0);
	EXPECT_EQ(raw(SYS_prctl, PR_GET_CHILD_SUBREAPER, &value), 0);
	EXPECT_EQ(value, 1);
	EXPECT_ERR(raw(SYS_prctl, PR_GET_CHILD_SUBREAPER, BAD), EFAULT);
	EXPECT_EQ(raw(SYS_prctl, PR_GET_TIMING), PR_TIMING_STATISTICAL);
	EXPECT_EQ(raw(SYS_prctl, PR_SET_TIMING, PR_TIMING_STATISTICAL), 0);
	EXPECT_ERR(raw(SYS_prctl, PR_SET_TIMING, PR_TIMING_TIMESTAMP), EINVAL);
}

TEST("SYS-6", "prctl: the timer slack of a task is its children's default")
{
	pid_t pid;

	EXPECT_EQ(raw(SYS_prctl, PR_SET_TIMERSLACK, 70000), 0);
	pid = test_fork();
	if (pid == 0) {
		EXPECT_EQ(raw(SYS_prctl, PR_GET_TIMERSLACK), 70000);
		EXPECT_EQ(raw(SYS_prctl, PR_SET_TIMERSLACK, 9), 0);
		EXPECT_EQ(raw(SYS_prctl, PR_SET_TIMERSLACK, 0), 0);
		EXPECT_EQ(raw(SYS_prctl, PR_GET_TIMERSLACK), 70000);
		_exit(0);
	}
	EXPECT_EXIT(pid, 0);
	EXPECT_EQ(raw(SYS_prctl, PR_SET_TIMERSLACK, 0), 0);
	EXPECT_EQ(raw(SYS_prctl, PR_GET_TIMERSLACK), 50000);
}

TEST("SYS-6", "prctl: timer slack, time-stamp counter, tid address")
{
	int value = -1;
	void *address = BAD;

	EXPECT_EQ(raw(SYS_prctl, PR_GET_TIMERSLACK), 50000);
	EXPECT_EQ(raw(SYS_prctl, PR_SET_TIMERSLACK, 7), 0);
	EXPECT_EQ(raw(SYS_prctl, PR_GET_TIMERSLACK), 7);
	EXPECT_EQ(raw(SYS_prctl, PR_SET_TIMERSLACK, 0), 0);
	EXPECT_EQ(raw(SYS_prctl, PR_GET_TIMERSLACK), 50000);
	EXPECT_EQ(raw(SYS_prctl, PR_GET_TSC, &value), 0);
	EXPECT_EQ(value, PR_TSC_ENABLE);
	EXPECT_ERR(raw(SYS_prctl, PR_GET_TSC, BAD), EFAULT);
	EXPECT_OK(raw(SYS_set_tid_address, &value));
	EXPECT_EQ(raw(SYS_prctl, PR_GET_TID_ADDRESS, &address), 0);
	EXPECT_EQ(address, &value);
	EXPECT_ERR(raw(SYS_prctl, PR_GET_TID_ADDRESS, BAD), EFAULT);
}

TEST("SYS-6", "prctl: no_new_privs is for good, huge pages may be off; other arguments must be 0")
{
	EXPECT_EQ(raw(SYS_prctl, PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), 0);
	EXPECT_ERR(raw(SYS_prctl, PR_SET_NO_NEW_PRIVS, 0, 0, 0, 0), EINVAL);
	EXPECT_ERR(raw(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1, 1, 0, 0), EINVAL);
	EXPECT_ERR(raw(SYS_prctl, PR_GET_NO_NEW_PRIVS, 1, 0, 0, 0), EINVAL);
	EXPECT_EQ(raw(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
	EXPECT_EQ(raw(SYS_prctl, PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), 1);
	EXPECT_EQ(raw(SYS_prctl, PR_SET_THP_DISABLE, 1, 0, 0, 0), 0);
	EXPECT_EQ(raw(SYS_prctl, PR_GET_THP_DISABLE, 0, 0, 0, 0), 1);
	EXPECT_ERR(raw(SYS_prctl, PR_SET_THP_DISABLE, 1, 1, 0, 0), EINVAL);
	EXPECT_ERR(raw(SYS_prctl, PR_GET_THP_DISABLE, 1, 0, 0, 0), EINVAL);
	EXPECT_EQ(raw(SYS_prctl, PR_SET_THP_DISABLE, 0, 0, 0, 0), 0);
	EXPECT_EQ(raw(SYS_prctl, PR_GET_THP_DISABLE, 0, 0, 0, 0), 0);
}

/* ---- priorities and scheduling --------------------------------------------------------------- */

TEST("SYS-7", "nice values: -20 to 19, told as 20 less them, cut at the ends")
{
	EXPECT_EQ(raw(SYS_getpriority, PRIO_PROCESS, 0), 20);
	EXPECT_EQ(raw(SYS_setpriority, PRIO_PROCESS, 0, 5), 0);
	EXPECT_EQ(raw(SYS_getpriority, PRIO_PROCESS, getpid()), 15);
	EXPECT_EQ(raw(SYS_setpriority, PRIO_PROCESS, 0, 100), 0);
	EXPECT_EQ(raw(SYS_getpriority, PRIO_PROCESS, 0), 1);
	EXPECT_EQ(raw(SYS_setpriority, PRIO_PROCESS, 0, -100), 0);
	EXPECT_EQ(raw(SYS_getpriority, PRIO_PROCESS, 0), 40);
	EXPECT_EQ(task_stat(getpid(), 19), -20);
	EXPECT_EQ(raw(SYS_setpriority, PRIO_PGRP, 0, 3), 0);
	EXPECT_EQ(raw(SYS_getpriority, PRIO_PGRP, 0), 17);
	EXPECT_EQ(raw(SYS_getpriority, PRIO_PGRP, raw(SYS_getpgrp)), 17);
	EXPECT(raw(SYS_getpriority, PRIO_USER, 0) >= 17);
	EXPECT_ERR(raw(SYS_getpriority, 3, 0), EINVAL);
	EXPECT_ERR(raw(SYS_setpriority, -1, 0, 0), EINVAL);
	EXPECT_ERR(raw(SYS_getpriority, PRIO_PROCESS, NOBODY_PID), ESRCH);
	EXPECT_ERR(raw(SYS_setpriority, PRIO_PGRP, NOBODY_PID, 0), ESRCH);
	EXPECT_ERR(raw(SYS_getpriority, PRIO_USER, 54321), ESRCH);
}

TEST("SYS-7", "without CAP_SYS_NICE: EACCES for a smaller one, EPERM for others' processes")
{
	drop_privileges();
	EXPECT_EQ(raw(SYS_setpriority, PRIO_PROCESS, 0, 5), 0);
	EXPECT_EQ(raw(SYS_setpriority, PRIO_PROCESS, 0, 5), 0);
	EXPECT_ERR(raw(SYS_setpriority, PRIO_PROCESS, 0, 4), EACCES);
	EXPECT_ERR(raw(SYS_setpriority, PRIO_PROCESS, 1, 10), EPERM);
	EXPECT_EQ(raw(SYS_getpriority, PRIO_PROCESS, 0), 15);
}

TEST("SYS-7", "scheduling policies and the ranges of their priorities")
{
	struct sched_param param = {.sched_priority = 7};
	struct timespec slice = {-1, -1};

	EXPECT_EQ(raw(SYS_sched_getscheduler, 0), SCHED_OTHER);
	EXPECT_EQ(raw(SYS_sched_getparam, 0, &param), 0);
	EXPECT_EQ(param.sched_priority, 0);
	EXPECT_EQ(raw(SYS_sched_get_priority_max, SCHED_OTHER), 0);
	EXPECT_EQ(raw(SYS_sched_get_priority_max, SCHED_FIFO), 99);
	EXPECT_EQ(raw(SYS_sched_get_priority_min, SCHED_RR), 1);
	EXPECT_ERR(raw(SYS_sched_get_priority_max, 77), EINVAL);
	EXPECT_ERR(raw(SYS_sched_get_priority_min, -1), EINVAL);
	EXPECT_EQ(raw(SYS_sched_rr_get_interval, 0, &slice), 0);
	EXPECT(slice.tv_sec == 0 && slice.tv_nsec >= 0);
	EXPECT_ERR(raw(SYS_sched_rr_get_interval, 0, BAD), EFAULT);
	EXPECT_ERR(raw(SYS_sched_rr_get_interval, NOBODY_PID, BAD), ESRCH);
	EXPECT_ERR(raw(SYS_sched_getscheduler, NOBODY_PID), ESRCH);
	EXPECT_ERR(raw(SYS_sched_getscheduler, -1), EINVAL);
	EXPECT_ERR(raw(SYS_sched_getparam, -1, &param), EINVAL);
	EXPECT_ERR(raw(SYS_sched_getparam, 0, NULL), EINVAL);
	EXPECT_ERR(raw(SYS_sched_getparam, 0, BAD), EFAULT);
	param.sched_priority = 1;
	EXPECT_ERR(raw(SYS_sched_setscheduler, 0, SCHED_OTHER, &param), EINVAL);
	param.sched_priority = 0;
	EXPECT_EQ(raw(SYS_sched_setscheduler, 0, SCHED_BATCH, &param), 0);
	EXPECT_EQ(raw(SYS_sched_getscheduler, 0), SCHED_BATCH);
	EXPECT_ERR(raw(SYS_sched_setscheduler, 0, 77, &param), EINVAL);
	EXPECT_ERR(raw(SYS_sched_setscheduler, NOBODY_PID, SCHED_OTHER, &param), ESRCH);
	EXPECT_ERR(raw(SYS_sched_setscheduler, 0, SCHED_OTHER, NULL), EINVAL);
	EXPECT_ERR(raw(SYS_sched_setscheduler, 0, SCHED_OTHER, BAD), EFAULT);
}

/* ---- the rest -------------------------------------------------------------------------------- */

TEST("SYS-8", "personality and umask return the old value")
{
	EXPECT_EQ(raw(SYS_personality, 0xffffffff), 0);
	EXPECT_EQ(raw(SYS_personality, 0x0040000), 0);
	EXPECT_EQ(raw(SYS_personality, 0xffffffff), 0x0040000);
	EXPECT_EQ(raw(SYS_personality, 0), 0x0040000);
	raw(SYS_umask, 022);
	EXPECT_EQ(raw(SYS_umask, 07777), 022);
	EXPECT_EQ(raw(SYS_umask, 0), 0777);
}

TEST("SYS-8", "a number that no call has is ENOSYS")
{
	static const long numbers[] = {335, 400, 423, 1000, 0xffff, -1, -4096, (1L << 32) + 1000};

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		EXPECT_ERR(raw(numbers[i], BAD, BAD, BAD, BAD, BAD, BAD), ENOSYS);
}
