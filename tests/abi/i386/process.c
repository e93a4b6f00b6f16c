// SPDX-License-Identifier: MIT
/*
 * tests/abi/i386/process.c - calls about processes, times and limits whose structures are i386's own,
 * and programs of either width that start each other (docs/contract/compat.md).
 */
#include <elf.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lib/maps.h"
#include "lib/sys.h"
#include "lib/test.h"

struct time32 {
	int32_t sec, sub;
};

struct time64 {
	int64_t sec;
	int32_t nsec, padding;
};

TEST("CMP-23", "limits that do not fit into 32 bits read as none")
{
	struct {
		uint32_t soft, hard;
	} limit;

	set_limits(RLIMIT_CPU, 0x90000000, 0x90000000);
	EXPECT_OK(raw(SYS_ugetrlimit, RLIMIT_CPU, &limit));
	EXPECT_EQ(limit.soft, 0x90000000);
	EXPECT_OK(raw(SYS_getrlimit, RLIMIT_CPU, &limit)); /* the first one, which was signed */
	EXPECT_EQ(limit.soft, 0x7fffffff);
	EXPECT_OK(raw(SYS_ugetrlimit, RLIMIT_AS, &limit));
	EXPECT_EQ(limit.hard, 0xffffffff);
	limit.soft = 1000;
	EXPECT_OK(raw(SYS_setrlimit, RLIMIT_CORE, &limit));
	EXPECT_OK(raw(SYS_ugetrlimit, RLIMIT_CORE, &limit));
	EXPECT_EQ(limit.soft, 1000);
	EXPECT_ERR(raw(SYS_setrlimit, RLIMIT_CORE, 8), EFAULT);
	EXPECT_ERR(raw(SYS_setrlimit, 99, &limit), EINVAL);
}

TEST("CMP-24", "clocks in seconds of 32 and of 64 bits")
{
	struct time32 t = {-1, -1}, tv = {-1, -1};
	struct time64 t64 = {-1, -1, -1};
	int32_t seconds = 0;
	long now;

	EXPECT_OK(raw(SYS_clock_gettime64, CLOCK_REALTIME, &t64));
	EXPECT_OK(raw(SYS_clock_gettime, CLOCK_REALTIME, &t));
	EXPECT_OK(raw(SYS_gettimeofday, &tv, NULL));
	now = raw(SYS_time, &seconds);
	EXPECT_EQ(now, seconds);
	EXPECT(t.sec >= t64.sec && t.sec - t64.sec < 1000);
	EXPECT(tv.sec >= t.sec && seconds >= tv.sec);
	EXPECT(t.sub >= 0 && t.sub < 1000000000 && tv.sub >= 0 && tv.sub < 1000000);
	EXPECT_EQ(t64.padding, 0);
	EXPECT_OK(raw(SYS_clock_getres, CLOCK_MONOTONIC, &t));
	EXPECT_EQ(t.sec, 0);
	EXPECT_OK(raw(SYS_clock_getres_time64, CLOCK_MONOTONIC, &t64));
	EXPECT_EQ(t64.nsec, t.sub);
	EXPECT_OK(raw(SYS_sched_rr_get_interval, 0, &t));
	EXPECT_OK(raw(SYS_sched_rr_get_interval_time64, 0, &t64));
	EXPECT_EQ(t64.nsec, t.sub);
	EXPECT_ERR(raw(SYS_clock_gettime, CLOCK_REALTIME, 8), EFAULT);
	EXPECT_ERR(raw(SYS_clock_gettime, 77, &t), EINVAL);
}

TEST("CMP-24", "sleeps and futex waits with times of either width")
{
	struct time32 t = {0, 1000};
	struct time64 t64 = {0, 1000, -1};
	uint32_t word = 1;

	EXPECT_OK(raw(SYS_nanosleep, &t, NULL));
	EXPECT_OK(raw(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, &t, NULL));
	EXPECT_OK(raw(SYS_clock_nanosleep_time64, CLOCK_MONOTONIC, 0, &t64, NULL));
	EXPECT_ERR(raw(SYS_futex, &word, 0, 1, &t), ETIMEDOUT);
	EXPECT_ERR(raw(SYS_futex_time64, &word, 0, 1, &t64), ETIMEDOUT);
	EXPECT_ERR(raw(SYS_futex, &word, 0, 2, &t), EAGAIN);
	t.sub = -1;
	EXPECT_ERR(raw(SYS_nanosleep, &t, NULL), EINVAL);
	EXPECT_ERR(raw(SYS_futex, &word, 0, 1, &t), EINVAL);
}

TEST("CMP-24", "timers with settings of either width")
{
	struct time32 set[2] = {{0, 0}, {1000, 0}}, got[2] = {{7, 7}, {7, 7}};
	struct time64 set64[2] = {{0, 0, 0}, {2000, 0, 0}}, got64[2];
	struct {
		int32_t value, signo, notify, pad[13];
	} event = {77, SIGUSR1, SIGEV_SIGNAL, {0}};
	int id, fd;

	EXPECT_OK(raw(SYS_timer_create, CLOCK_MONOTONIC, &event, &id));
	EXPECT_OK(raw(SYS_timer_settime, id, 0, set, NULL));
	EXPECT_OK(raw(SYS_timer_gettime, id, got));
	EXPECT(got[1].sec >= 900 && got[1].sec <= 1000 && got[0].sec == 0);
	EXPECT_OK(raw(SYS_timer_settime64, id, 0, set64, got64));
	EXPECT(got64[1].sec >= 900 && got64[1].sec <= 1000);
	EXPECT_OK(raw(SYS_timer_gettime64, id, got64));
	EXPECT(got64[1].sec >= 1900);
	EXPECT_OK(raw(SYS_timer_delete, id));
	fd = EXPECT_OK(raw(SYS_timerfd_create, CLOCK_MONOTONIC, 0));
	EXPECT_OK(raw(SYS_timerfd_settime, fd, 0, set, NULL));
	EXPECT_OK(raw(SYS_timerfd_gettime64, fd, got64));
	EXPECT(got64[1].sec >= 900 && got64[1].sec <= 1000);
	EXPECT_OK(raw(SYS_timerfd_settime64, fd, 0, set64, NULL));
	EXPECT_OK(raw(SYS_timerfd_gettime, fd, got));
	EXPECT(got[1].sec >= 1900);
	EXPECT_OK(raw(SYS_setitimer, 0, set, got));
	EXPECT_OK(raw(SYS_getitimer, 0, got));
	EXPECT(got[1].sec >= 900);
}

TEST("CMP-25", "rusage, times and sysinfo")
{
	struct {
		struct time32 utime, stime;
		int32_t rest[14];
		uint32_t guard;
	} usage = {.guard = 0x12345678};
	struct {
		int32_t uptime;
		uint32_t loads[3], totalram, freeram, sharedram, bufferram, totalswap, freeswap;
		uint16_t procs, pad;
		uint32_t totalhigh, freehigh, unit;
		char f[8];
		uint32_t guard;
	} info = {.guard = 0x12345678};
	int32_t tms[5] = {0, 0, 0, 0, 0x12345678};
	int status;
	pid_t pid = test_fork();

	if (pid == 0)
		_exit(3);
	EXPECT_EQ(raw(SYS_wait4, pid, &status, 0, &usage), pid);
	EXPECT_EQ(status, 3 << 8);
	EXPECT(usage.rest[0] > 0); /* maxrss */
	EXPECT_EQ(usage.guard, 0x12345678);
	EXPECT_OK(raw(SYS_getrusage, RUSAGE_SELF, &usage));
	EXPECT(usage.rest[4] > 0); /* minor faults */
	EXPECT_OK(raw(SYS_times, tms));
	EXPECT_EQ(tms[4], 0x12345678);
	EXPECT_OK(raw(SYS_sysinfo, &info));
	EXPECT_EQ(info.guard, 0x12345678);
	EXPECT(info.totalram > info.freeram && info.freeram > 0);
	EXPECT(info.procs > 1 && info.unit > 0);
	pid = test_fork();
	if (pid == 0)
		_exit(4);
	EXPECT_EQ(raw(SYS_waitpid, pid, &status, 0), pid);
	EXPECT_EQ(status, 4 << 8);
	EXPECT_ERR(raw(SYS_waitpid, -1, &status, 0), ECHILD);
}

TEST("CMP-22", "users and groups of 16 and of 32 bits")
{
	uint16_t small[3], groups[2] = {5, 0xfffe}, got[4];
	uint32_t large[3], big[2] = {70000, 3};

	EXPECT_OK(raw(SYS_setgroups, 2, groups));
	EXPECT_EQ(raw(SYS_getgroups, 4, got), 2);
	EXPECT_EQ(got[0], 5);
	EXPECT_EQ(got[1], 0xfffe);
	EXPECT_OK(raw(SYS_setgroups32, 2, big));
	EXPECT_EQ(raw(SYS_getgroups, 4, got), 2);
	EXPECT_EQ(got[0], 3);
	EXPECT_EQ(got[1], 65534);
	EXPECT_OK(raw(SYS_setresgid32, 1, 70000, 3));
	EXPECT_OK(raw(SYS_setresgid, 0xffff, 0xffff, 4));
	EXPECT_OK(raw(SYS_getresgid, &small[0], &small[1], &small[2]));
	EXPECT_EQ(small[0], 1);
	EXPECT_EQ(small[1], 65534);
	EXPECT_EQ(small[2], 4);
	EXPECT_EQ(raw(SYS_getegid), 65534);
	EXPECT_EQ(raw(SYS_getegid32), 70000);
	EXPECT_OK(raw(SYS_setresuid32, 7, 70001, 9));
	EXPECT_OK(raw(SYS_getresuid32, &large[0], &large[1], &large[2]));
	EXPECT_EQ(large[1], 70001);
	EXPECT_EQ(raw(SYS_getuid), 7);
	EXPECT_EQ(raw(SYS_geteuid), 65534);
}

TEST("CMP-26", "affinity masks are arrays of 32-bit words")
{
	uint32_t mask[64] = {0}, old[65];
	long bytes;

	memset(old, 0xff, sizeof(old));
	bytes = EXPECT_OK(raw(SYS_sched_getaffinity, 0, sizeof(old) - 4, old));
	EXPECT_EQ(bytes % 4, 0);
	EXPECT(old[0] & 1);
	mask[0] = 1;
	EXPECT_OK(raw(SYS_sched_setaffinity, 0, sizeof(mask), mask));
	EXPECT_EQ(raw(SYS_sched_getaffinity, 0, sizeof(old) - 4, old), bytes);
	EXPECT_EQ(old[0], 1);
	EXPECT_ERR(raw(SYS_sched_getaffinity, 0, sizeof(old) - 5, old), EINVAL);
}

TEST("CMP-27", "robust lists have a head of three words")
{
	struct {
		void *next;
		int32_t offset;
		void *pending;
	} head, *got;
	uint32_t len = 0;
	struct {
		void *next;
		uint32_t lock;
	} *entry = (void *)map_shared(1, RW);
	pid_t pid = test_fork();

	if (pid == 0) {
		head.next = entry;
		head.offset = 4;
		head.pending = NULL;
		entry->next = &head;
		entry->lock = raw(SYS_gettid) | 0x80000000;
		EXPECT_ERR(raw(SYS_set_robust_list, &head, 24), EINVAL);
		EXPECT_OK(raw(SYS_set_robust_list, &head, 12));
		EXPECT_OK(raw(SYS_get_robust_list, 0, &got, &len));
		EXPECT_EQ(got, &head);
		EXPECT_EQ(len, 12);
		_exit(0);
	}
	EXPECT_EXIT(pid, 0);
	EXPECT_EQ(entry->lock, 0xc0000000); /* waiters kept, owner died */
}

TEST("CMP-28", "what a program finds on its stack is of 32 bits")
{
	uint32_t aux[128] = {0};
	int at;

	EXPECT_EQ(getauxval(AT_PHENT), sizeof(Elf32_Phdr));
	EXPECT_STR((char *)getauxval(AT_PLATFORM), "i686");
	EXPECT_EQ(getauxval(AT_PAGESZ), PAGE);
	EXPECT_EQ(getauxval(AT_CLKTCK), 100);
	EXPECT(getauxval(AT_RANDOM) > 0xf0000000);
	EXPECT_EQ(getauxval(AT_SECURE), 0);
	EXPECT(raw_read(EXPECT_OK(raw_open("/proc/self/auxv", O_RDONLY, 0)), aux, sizeof(aux)) > 0);
	for (at = 0; aux[at] != AT_HWCAP; at += 2) /* the C library tells something else */
		EXPECT(aux[at] != AT_NULL);
	EXPECT(aux[at + 1] & 1 << 26); /* SSE2 */
}

static void machine(char *to, unsigned long persona)
{
	struct {
		char name[6][65];
	} uts;

	EXPECT_OK(raw(SYS_personality, persona));
	EXPECT_OK(raw(SYS_uname, &uts));
	strcpy(to, uts.name[4]);
}

TEST("CMP-29", "uname tells the machine of the kernel, and i686 to who asks for PER_LINUX32")
{
	char name[65];
	struct {
		char name[5][65];
		char guard;
	} old = {.guard = 5};
	struct {
		char name[5][9];
		char guard;
	} oldest = {.guard = 6};

	machine(name, PER_LINUX);
	EXPECT_STR(name, "x86_64");
	machine(name, PER_LINUX32);
	EXPECT_STR(name, "i686");
	EXPECT_OK(raw(SYS_olduname, &old));
	EXPECT_STR(old.name[4], "i686");
	EXPECT_EQ(old.guard, 5);
	EXPECT_OK(raw(SYS_oldolduname, &oldest));
	EXPECT_STR(oldest.name[0], "Linux");
	EXPECT_EQ(oldest.guard, 6);
}

int test_child(int argc, char **argv)
{
	(void)argc;
	EXPECT_STR(argv[0], "words with spaces");
	EXPECT_STR(argv[1], "");
	EXPECT_STR(getauxval(AT_EXECFN) ? argv[2] : "", "end");
	return 12;
}

TEST("CMP-30", "execve with arrays of 32-bit pointers")
{
	static const char *const words[] = {"words with spaces", "", "end", NULL};
	static const char *const bad[] = {"x", (char *)8, NULL};
	pid_t pid = test_fork();

	if (pid == 0)
		test_exec(words);
	EXPECT_EXIT(pid, 12);
	EXPECT_ERR(raw(SYS_execve, "/proc/self/exe", bad, NULL), EFAULT);
	EXPECT_ERR(raw(SYS_execve, "/proc/self/exe", 8, NULL), EFAULT);
	EXPECT_ERR(raw(SYS_execve, "/nonexistent", words, NULL), ENOENT);
}

static int in_vfork(void *argument)
{
	*(int *)argument = 5;
	_exit(6);
}

TEST("CMP-30", "fork, vfork and clone of a 32-bit program")
{
	volatile int value = 1;
	char *stack = map_private(4, RW);
	pid_t pid = raw(SYS_fork);

	if (pid == 0)
		_exit(2);
	EXPECT_EXIT(pid, 2);
	pid = clone(in_vfork, stack + 4 * PAGE, CLONE_VM | CLONE_VFORK | SIGCHLD, (void *)&value);
	EXPECT_EQ(value, 5);
	EXPECT_EXIT(pid, 6);
	pid = vfork();
	if (pid == 0) {
		value = 7;
		_exit(8);
	}
	EXPECT_EQ(value, 7);
	EXPECT_EXIT(pid, 8);
}

TEST("CMP-31", "calls that i386 alone had and that are gone answer ENOSYS")
{
	static const int gone[] = {17, 31, 32, 35, 44, 53, 56, 58, 98, 112, 166, 222, 223, 251};

	for (size_t i = 0; i < sizeof(gone) / sizeof(gone[0]); i++)
		EXPECT_ERR(raw(gone[i], 0, 0, 0), ENOSYS);
	EXPECT_ERR(raw(SYS_arch_prctl, 0x1002, 0), EINVAL);
	EXPECT_ERR(raw(SYS_umount, "/nonexistent"), ENOENT);
	EXPECT_OK(raw(SYS_nice, 3));
	EXPECT_EQ(raw(SYS_getpriority, 0, 0), 17);
}

TEST("CMP-32", "System V shared memory by ipc, and by the calls of its own")
{
	struct {
		int32_t key;
		uint32_t uid, gid, cuid, cgid;
		uint16_t mode, pad1, seq, pad2;
		uint32_t unused[2], size, times[6];
		int32_t cpid, lpid;
		uint32_t attached, more[2], guard;
	} ds = {.guard = 0x12345678};
	uint32_t at[2] = {0, 0x12345678};
	int id = EXPECT_OK(raw(SYS_ipc, 23 /* SHMGET */, IPC_PRIVATE, 3 * PAGE, IPC_CREAT | 0600));
	char *p;

	EXPECT_OK(raw(SYS_ipc, 21 /* SHMAT */, id, 0, &at[0], 0));
	EXPECT_EQ(at[1], 0x12345678);
	p = (char *)at[0];
	p[PAGE] = 7;
	EXPECT_OK(raw(SYS_ipc, 24 /* SHMCTL */, id, IPC_STAT | 0x100, 0, &ds));
	EXPECT_EQ(ds.size, 3 * PAGE);
	EXPECT_EQ(ds.attached, 1);
	EXPECT_EQ(ds.mode, 0600);
	EXPECT_EQ(ds.cpid, raw(SYS_getpid));
	EXPECT_EQ(ds.guard, 0x12345678);
	ds.mode = 0640;
	EXPECT_OK(raw(SYS_shmctl, id, IPC_SET, &ds));
	memset(&ds, 0, sizeof(ds));
	EXPECT_OK(raw(SYS_shmctl, id, IPC_STAT, &ds));
	EXPECT_EQ(ds.mode, 0640);
	EXPECT_EQ(((char *)raw(SYS_shmat, id, 0, 0))[PAGE], 7);
	EXPECT_OK(raw(SYS_ipc, 22 /* SHMDT */, 0, 0, 0, p));
	EXPECT_ERR(raw(SYS_ipc, 22, 0, 0, 0, p), EINVAL);
	EXPECT_OK(raw(SYS_ipc, 24, id, IPC_RMID | 0x100, 0, 0));
	EXPECT_ERR(raw(SYS_ipc, 21 | 1 << 16, id, 0, &at[0], 0), EINVAL);
	EXPECT_ERR(raw(SYS_ipc, 99, 0, 0, 0, 0), ENOSYS);
}

TEST("ULAY-2,NEW-1", "userfaultfd has the same structures and requests")
{
	uint64_t api[3] = {0xaa, 0, 0};
	struct {
		uint64_t start, len, mode, ioctls;
	} area = {(unsigned long)map_private(2, RW), 2 * PAGE, 1, 0};
	struct {
		uint64_t start, len, mode;
		int64_t done;
	} zero = {area.start, PAGE, 0, 0};
	int fd = EXPECT_OK(raw(374, O_CLOEXEC));

	EXPECT_OK(raw(SYS_ioctl, fd, 0xc018aa3f, api));
	EXPECT(api[2] != 0);
	EXPECT_OK(raw(SYS_ioctl, fd, 0xc020aa00, &area));
	EXPECT(area.ioctls & 1 << 4);
	EXPECT_OK(raw(SYS_ioctl, fd, 0xc020aa04, &zero));
	EXPECT(zero.done == PAGE);
	EXPECT_EQ(*(char *)(unsigned long)area.start, 0);
}
