// SPDX-License-Identifier: MIT
/*
 * tests/abi/proc.c - /proc: the files of a process, who may look at them, and knobs. Maps, smaps
 * and pagemap have a program of their own (maps.c).
 */
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "lib/sys.h"
#include "lib/test.h"

static char text[65536];

/* The whole of a file into text; its length or -errno. */
static long slurp(const char *path)
{
	int fd = (int)raw_open(path, O_RDONLY, 0);
	long n, len = 0;

	if (fd < 0)
		return fd;
	while ((n = raw_read(fd, text + len, sizeof(text) - 1 - len)) > 0)
		len += n;
	raw_close(fd);
	if (n < 0)
		return n;
	text[len] = '\0';
	return len;
}

static const char *of_pid(pid_t pid, const char *name)
{
	static char path[64];

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	return path;
}

static long spit(const char *path, const char *what)
{
	int fd = (int)raw_open(path, O_WRONLY, 0);
	long n;

	if (fd < 0)
		return fd;
	n = raw_write(fd, what, strlen(what));
	raw_close(fd);
	return n;
}

/* What follows "Name:\t" in text, up to the end of the line. */
static const char *field(const char *name)
{
	static char value[256];
	char want[64];
	const char *p;

	snprintf(want, sizeof(want), "%s:\t", name);
	p = strncmp(text, want, strlen(want)) ? NULL : text;
	for (const char *q = text; !p && (q = strchr(q, '\n')); q++)
		p = strncmp(q + 1, want, strlen(want)) ? NULL : q + 1;
	if (!p)
		return "absent";
	snprintf(value, sizeof(value), "%.*s", (int)strcspn(p + strlen(want), "\n"),
		 p + strlen(want));
	return value;
}

/* A child that sleeps until it is killed; as user 65534 if wanted. */
static pid_t sleeper(bool nobody)
{
	int ready[2];
	pid_t child;
	char c;

	EXPECT_OK(raw(SYS_pipe, ready));
	child = test_fork();
	if (!child) {
		if (nobody)
			drop_privileges();
		raw_write(ready[1], "x", 1);
		for (;;)
			pause();
	}
	EXPECT_EQ(raw_read(ready[0], &c, 1), 1);
	return child;
}

static pid_t zombie(void)
{
	pid_t child = test_fork();
	siginfo_t info;

	if (!child)
		_exit(3);
	EXPECT_OK(raw(SYS_waitid, P_PID, child, &info, WEXITED | WNOWAIT, NULL));
	return child;
}

TEST("TASK-1", "stat has 52 fields, with the name in brackets and the state")
{
	int pid, ppid, pgrp, sid, fields = 0;
	char state;

	prctl(PR_SET_NAME, "a) b (c");
	EXPECT(slurp("/proc/self/stat") > 0);
	EXPECT_EQ(sscanf(text, "%d (a) b (c) %c %d %d %d", &pid, &state, &ppid, &pgrp, &sid), 5);
	EXPECT_EQ(pid, getpid());
	EXPECT_EQ(state, 'R');
	EXPECT_EQ(ppid, getppid());
	EXPECT_EQ(pgrp, getpgrp());
	EXPECT_EQ(sid, getsid(0));
	for (char *p = strtok(strrchr(text, ')') + 2, " \n"); p; p = strtok(NULL, " \n"))
		fields++;
	EXPECT_EQ(fields, 50);
}

TEST("TASK-1", "stat shows sleeping, stopped and dead processes")
{
	pid_t child = sleeper(false);
	int status;

	while (slurp(of_pid(child, "stat")) > 0 && strrchr(text, ')')[2] != 'S')
		usleep(1000);
	kill(child, SIGSTOP);
	EXPECT_OK(raw(SYS_wait4, child, &status, WUNTRACED, NULL));
	EXPECT(slurp(of_pid(child, "stat")) > 0);
	EXPECT_EQ(strrchr(text, ')')[2], 'T');
	EXPECT(slurp(of_pid(child, "status")) > 0);
	EXPECT_STR(field("State"), "T (stopped)");
	kill(child, SIGKILL);
	EXPECT_KILLED(child, SIGKILL);
	child = zombie();
	EXPECT(slurp(of_pid(child, "stat")) > 0);
	EXPECT_EQ(strrchr(text, ')')[2], 'Z');
	EXPECT_EXIT(child, 3);
}

TEST("TASK-2", "status tells identity, signals and capabilities")
{
	char want[64];
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGUSR2, SIG_IGN);
	signal(SIGHUP, (void (*)(int))1234);
	raise(SIGUSR1);
	umask(027);
	prctl(PR_SET_NAME, "na\nme");
	EXPECT(slurp("/proc/self/status") > 0);
	EXPECT_STR(field("Name"), "na\\nme");
	EXPECT_STR(field("Umask"), "0027");
	EXPECT_STR(field("State"), "R (running)");
	snprintf(want, sizeof(want), "%d", getpid());
	EXPECT_STR(field("Tgid"), want);
	EXPECT_STR(field("Pid"), want);
	EXPECT_STR(field("TracerPid"), "0");
	EXPECT_STR(field("Uid"), "0\t0\t0\t0");
	EXPECT_STR(field("Threads"), "1");
	EXPECT_STR(field("SigPnd"), "0000000000000200");
	EXPECT_STR(field("ShdPnd"), "0000000000000000");
	EXPECT_STR(field("SigBlk"), "0000000000000200");
	EXPECT_EQ(strtoull(field("SigIgn"), NULL, 16) & 0x800, 0x800);
	EXPECT_EQ(strtoull(field("SigCgt"), NULL, 16) & 1, 1);
	EXPECT_STR(field("CapEff"), "000001ffffffffff");
	EXPECT_STR(field("NoNewPrivs"), "0");
	drop_privileges();
	EXPECT(slurp("/proc/thread-self/status") > 0);
	EXPECT_STR(field("Uid"), "65534\t65534\t65534\t65534");
	EXPECT_STR(field("CapEff"), "0000000000000000");
}

TEST("TASK-3", "cmdline is the memory of the arguments")
{
	char name[] = "/proc/self/exe";
	long len = slurp("/proc/self/cmdline");

	EXPECT(len > 1);
	EXPECT_EQ(text[len - 1], 0);
	EXPECT_EQ(slurp(of_pid(zombie(), "cmdline")), 0);
	EXPECT(readlink(name, text, sizeof(text)) > 0);
}

TEST("TASK-4", "comm is read and written by the process itself")
{
	pid_t child = sleeper(false);

	EXPECT_EQ(spit("/proc/self/comm", "a-name-that-is-too-long"), 23);
	EXPECT_EQ(slurp("/proc/self/comm"), 16);
	EXPECT_STR(text, "a-name-that-is-\n");
	EXPECT_ERR(spit(of_pid(child, "comm"), "x"), EINVAL);
	kill(child, SIGKILL);
	EXPECT_KILLED(child, SIGKILL);
}

TEST("TASK-5", "fd shows the open files, fdinfo their state")
{
	int fd = (int)EXPECT_OK(raw_open("/dev/null", O_RDONLY | O_CLOEXEC, 0)), found = 0;
	char path[64], link[64];
	struct dirent *d;
	struct stat st;
	DIR *dir;
	long n;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	n = readlink(path, link, sizeof(link) - 1);
	EXPECT_EQ(n, 9);
	link[n] = '\0';
	EXPECT_STR(link, "/dev/null");
	EXPECT_OK(raw(SYS_lstat, path, &st));
	EXPECT_EQ(st.st_mode, S_IFLNK | 0500);
	EXPECT_EQ(st.st_size, 64);
	dir = opendir("/proc/self/fd");
	while ((d = readdir(dir)))
		found += atoi(d->d_name) == fd && d->d_type == DT_LNK;
	closedir(dir);
	EXPECT_EQ(found, 1);
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	EXPECT(slurp(path) > 0);
	EXPECT_STR(field("pos"), "0");
	EXPECT_STR(field("flags"), "02100000");
	raw_close(fd);
	EXPECT_ERR(slurp(path), ENOENT);
}

TEST("TASK-5,TASK-6", "a link in fd opens a file that has no name any more")
{
	int fd = temp_file(10), again;
	char path[64], link[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	EXPECT(readlink(path, link, sizeof(link)) > 10);
	EXPECT(memmem(link, sizeof(link), " (deleted)", 10));
	again = (int)EXPECT_OK(raw_open(path, O_RDONLY, 0));
	EXPECT_EQ(raw_read(again, link, 20), 10);
}

TEST("TASK-5", "a link in fd opens a pipe once more, and waits for nobody")
{
	int pipes[2], again;
	char path[64], c;

	EXPECT_OK(raw(SYS_pipe, pipes));
	EXPECT_EQ(raw_write(pipes[1], "x", 1), 1);
	EXPECT_OK(raw_close(pipes[1]));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", pipes[0]);
	again = (int)EXPECT_OK(raw_open(path, O_RDONLY, 0));
	EXPECT_OK(raw_close(pipes[0]));
	EXPECT_EQ(raw_read(again, &c, 1), 1);
	EXPECT_EQ(raw_read(again, &c, 1), 0);
	EXPECT_OK(raw(SYS_pipe, pipes));
	EXPECT_OK(raw_close(pipes[0]));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", pipes[1]);
	again = (int)EXPECT_OK(raw_open(path, O_WRONLY | O_NONBLOCK, 0));
	EXPECT_OK(raw_open(path, O_RDONLY, 0));
	EXPECT_EQ(raw_write(again, "y", 1), 1);
}

TEST("TASK-6", "anonymous files have names of their own")
{
	int fd = (int)EXPECT_OK(raw(SYS_eventfd2, 0, 0)), pipes[2];
	char path[64], link[64];
	struct stat st;
	long n;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	n = readlink(path, link, sizeof(link) - 1);
	link[n > 0 ? n : 0] = '\0';
	EXPECT_STR(link, "anon_inode:[eventfd]");
	EXPECT_OK(raw(SYS_pipe, pipes));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", pipes[0]);
	n = readlink(path, link, sizeof(link) - 1);
	link[n > 0 ? n : 0] = '\0';
	EXPECT_OK(raw(SYS_fstat, pipes[0], &st));
	snprintf(path, sizeof(path), "pipe:[%lu]", st.st_ino);
	EXPECT_STR(link, path);
}

TEST("TASK-7", "a process that is gone has no files, and open ones say so")
{
	pid_t child = sleeper(false);
	int fd = (int)EXPECT_OK(raw_open(of_pid(child, "stat"), O_RDONLY, 0));
	int dir = (int)EXPECT_OK(raw_open(of_pid(child, ""), O_RDONLY | O_DIRECTORY, 0));

	kill(child, SIGKILL);
	EXPECT_KILLED(child, SIGKILL);
	EXPECT_ERR(raw_read(fd, text, sizeof(text)), ESRCH);
	EXPECT_ERR(raw(SYS_openat, dir, "stat", O_RDONLY, 0), ESRCH);
	EXPECT_ERR(raw(SYS_getdents64, dir, text, sizeof(text)), ENOENT);
	EXPECT_ERR(slurp(of_pid(child, "stat")), ENOENT);
}

TEST("TASK-8", "what is inside a process is for its user alone")
{
	pid_t child = sleeper(false);
	struct stat st;

	EXPECT(slurp(of_pid(child, "environ")) >= 0);
	EXPECT_OK(raw(SYS_stat, of_pid(child, "environ"), &st));
	EXPECT_EQ(st.st_uid, 0);
	EXPECT_EQ(st.st_mode, S_IFREG | 0400);
	drop_privileges();
	EXPECT_ERR(slurp(of_pid(child, "environ")), EACCES);
	EXPECT_ERR(slurp(of_pid(child, "maps")), EACCES);
	EXPECT_ERR(slurp(of_pid(child, "auxv")), EACCES);
	EXPECT_ERR(raw(SYS_readlink, of_pid(child, "exe"), text, 100), EACCES);
	EXPECT_ERR(raw(SYS_readlink, of_pid(child, "cwd"), text, 100), EACCES);
	EXPECT_ERR(raw_open(of_pid(child, "fd"), O_RDONLY, 0), EACCES);
	EXPECT(slurp(of_pid(child, "cmdline")) > 0);
	EXPECT(slurp(of_pid(child, "status")) > 0);
	EXPECT(slurp(of_pid(child, "stat")) > 0);
	EXPECT(slurp(of_pid(child, "statm")) > 0);
}

TEST("TASK-9", "directories belong to the user of the process")
{
	pid_t child = sleeper(true);
	struct stat st;

	EXPECT_OK(raw(SYS_stat, of_pid(child, ""), &st));
	EXPECT_EQ(st.st_uid, 65534);
	EXPECT_EQ(st.st_mode, S_IFDIR | 0555);
	kill(child, SIGKILL);
	EXPECT_KILLED(child, SIGKILL);
}

TEST("KTH-4", "kernel threads have no memory and no program")
{
	EXPECT_EQ(slurp("/proc/2/maps"), 0);
	EXPECT_EQ(slurp("/proc/2/cmdline"), 0);
	EXPECT(slurp("/proc/2/statm") > 0);
	EXPECT_STR(text, "0 0 0 0 0 0 0\n");
	EXPECT_ERR(raw(SYS_readlink, "/proc/2/exe", text, 100), ENOENT);
	EXPECT(slurp("/proc/2/status") > 0);
	EXPECT_STR(field("VmSize"), "absent");
}

TEST("TASK-10", "mem reads and writes another process")
{
	char *p = map_private(2, PROT_READ | PROT_WRITE);
	pid_t child;
	int fd;

	strcpy(p, "hello");
	EXPECT_OK(raw_mprotect(p, PAGE, PROT_READ));
	child = sleeper(false);
	fd = (int)EXPECT_OK(raw_open(of_pid(child, "mem"), O_RDWR, 0));
	EXPECT_EQ(raw_pread(fd, text, 6, (long)p), 6);
	EXPECT_STR(text, "hello");
	EXPECT_EQ(raw_pwrite(fd, "HELLO", 5, (long)p), 5);
	EXPECT_EQ(raw_pread(fd, text, 6, (long)p), 6);
	EXPECT_STR(text, "HELLO");
	EXPECT_STR(p, "hello");
	EXPECT_ERR(raw_pread(fd, text, 6, 4096), EIO);
	EXPECT_OK(raw_munmap(p + PAGE, PAGE));
	kill(child, SIGKILL);
	EXPECT_KILLED(child, SIGKILL);
	EXPECT_EQ(raw_pread(fd, text, 6, (long)p), 0);
}

TEST("TASK-11", "oom_score_adj takes what it may")
{
	EXPECT_EQ(spit("/proc/self/oom_score_adj", "500\n"), 4);
	EXPECT(slurp("/proc/self/oom_score_adj") > 0);
	EXPECT_STR(text, "500\n");
	EXPECT_ERR(spit("/proc/self/oom_score_adj", "1001"), EINVAL);
	EXPECT_ERR(spit("/proc/self/oom_score_adj", "x"), EINVAL);
	EXPECT_EQ(spit("/proc/self/oom_score_adj", "0"), 1);
	drop_capability(24); /* CAP_SYS_RESOURCE */
	EXPECT_EQ(spit("/proc/self/oom_score_adj", "700"), 3);
	EXPECT_EQ(spit("/proc/self/oom_score_adj", "0"), 1);
	EXPECT_ERR(spit("/proc/self/oom_score_adj", "-1"), EACCES);
}

TEST("TASK-12", "limits are printed in columns")
{
	set_limits(RLIMIT_CORE, 4096, RLIM_INFINITY);
	EXPECT(slurp("/proc/self/limits") > 0);
	EXPECT(strstr(text, "Max core file size        4096                 unlimited            "
			    "bytes     \n"));
	EXPECT(strstr(text, "Limit                     Soft Limit           Hard Limit           "
			    "Units     \n") == text);
}

TEST("TASK-13", "small reads give the same as large ones")
{
	static char small[4096];
	int fd = (int)EXPECT_OK(raw_open("/proc/self/limits", O_RDONLY, 0));
	long len = 0, n;

	while ((n = raw_read(fd, small + len, 7)) > 0)
		len += n;
	EXPECT_EQ(slurp("/proc/self/limits"), len);
	EXPECT_STR(small, text);
	EXPECT_EQ(raw(SYS_lseek, fd, 6, SEEK_SET), 6);
	EXPECT_EQ(raw_read(fd, small, 4), 4);
	EXPECT(!memcmp(small, text + 6, 4));
}

static int thread_gate[2];

TEST("TASK-13", "processes that share an open file take turns in it")
{
	static const char *const paths[] = {"/proc/self/mounts", "/proc/self/maps", "/proc/stat"};

	for (int i = 0; i < 3; i++) {
		int fd = (int)EXPECT_OK(raw_open(paths[i], O_RDONLY, 0));
		pid_t child = test_fork();

		if (!child)
			_exit(raw_read(fd, text, 10) != 10);
		EXPECT_EXIT(child, 0);
		EXPECT(raw_read(fd, text, sizeof(text)) > 0);
		EXPECT_EQ(raw(SYS_lseek, fd, 0, SEEK_SET), 0);
		EXPECT(raw_read(fd, text, sizeof(text)) > 10);
	}
}

TEST("TASK-14", "task lists the threads")
{
	struct dirent *d;
	struct stat st;
	int threads = 0;
	DIR *dir;

	EXPECT_OK(raw(SYS_pipe, thread_gate));
	dir = opendir("/proc/self/task");
	EXPECT(dir);
	while ((d = readdir(dir)))
		threads += atoi(d->d_name) > 0;
	closedir(dir);
	EXPECT_EQ(threads, 1);
	EXPECT_OK(raw(SYS_stat, "/proc/self/task", &st));
	EXPECT_EQ(st.st_nlink, 3);
	EXPECT_ERR(slurp("/proc/self/task/1/stat"), getpid() == 1 ? 0 : ENOENT);
	EXPECT(slurp("/proc/thread-self/comm") > 0);
}

TEST("TASK-15", "names that are no numbers or no processes")
{
	EXPECT_ERR(slurp("/proc/01/stat"), ENOENT);
	EXPECT_ERR(slurp("/proc/0/stat"), ENOENT);
	EXPECT_ERR(slurp("/proc/99999999999/stat"), ENOENT);
	EXPECT_ERR(slurp("/proc/nothing"), ENOENT);
	EXPECT_ERR(raw_open("/proc/new", O_CREAT | O_RDWR, 0600), ENOENT);
	EXPECT_ERR(raw(SYS_unlink, "/proc/meminfo"), EPERM);
	EXPECT_OK(raw(SYS_chmod, "/proc/meminfo", 0400));
	EXPECT_OK(raw(SYS_chmod, "/proc/meminfo", 0444));
	EXPECT_ERR(raw(SYS_chmod, "/proc/self/stat", 0400), EPERM);
	EXPECT_ERR(raw(SYS_chmod, "/proc/sys/vm/overcommit_memory", 0666), EPERM);
}

/* Up to three numbers of the text, dots left out, from behind the word that it begins with, if any. */
static void read_numbers(const char *path, int skip, long *numbers)
{
	static char text[65536];
	char *at = text;

	EXPECT(read_file(path, text, sizeof(text)) > 0);
	at += strcspn(at, "0123456789");
	for (int i = 0; i < skip; i++)
		strtol(at, &at, 10);
	for (int i = 0; i < 2; i++) {
		numbers[i] = strtol(at, &at, 10);
		if (*at == '.')
			numbers[i] = numbers[i] * 100 + strtol(at + 1, &at, 10);
	}
}

TEST("STAT-1", "the time since boot and the idle time never run back in a busy program")
{
	long before[4] = {0}, now[4], end;

	read_numbers("/proc/uptime", 0, before);
	end = before[0] + 120; /* hundredths; a tick is shorter than one */
	do {
		read_numbers("/proc/uptime", 0, now);
		read_numbers("/proc/stat", 3, now + 2);
		for (int k = 0; k < 3; k++) {
			EXPECT(now[k] >= before[k]);
			before[k] = now[k];
		}
	} while (now[0] < end);
}

TEST("KNOB-1", "knobs are read and written")
{
	char number[24];
	long old;

	EXPECT(slurp("/proc/sys/vm/overcommit_memory") > 0);
	EXPECT_STR(text, "0\n");
	EXPECT_EQ(spit("/proc/sys/vm/overcommit_memory", "1\n"), 2);
	EXPECT(slurp("/proc/sys/vm/overcommit_memory") > 0);
	EXPECT_STR(text, "1\n");
	EXPECT_ERR(spit("/proc/sys/vm/overcommit_memory", "3"), EINVAL);
	EXPECT_ERR(spit("/proc/sys/vm/overcommit_memory", "x"), EINVAL);
	EXPECT_EQ(spit("/proc/sys/vm/overcommit_memory", "0"), 1);
	EXPECT_ERR(raw_open("/proc/sys/kernel/osrelease", O_WRONLY | O_CREAT | O_EXCL, 0), EEXIST);
	EXPECT(slurp("/proc/sys/kernel/ostype") > 0);
	EXPECT_STR(text, "Linux\n");
	EXPECT_EQ(slurp("/proc/sys/kernel/random/uuid"), 37);
	EXPECT(slurp("/proc/sys/vm/min_free_kbytes") > 0);
	old = strtol(text, NULL, 10);
	EXPECT_EQ(spit("/proc/sys/vm/min_free_kbytes", "1027"), 4);
	EXPECT(slurp("/proc/sys/vm/min_free_kbytes") > 0);
	EXPECT_STR(text, "1027\n");
	snprintf(number, sizeof(number), "%ld", old);
	EXPECT(spit("/proc/sys/vm/min_free_kbytes", number) > 0);
	drop_privileges();
	EXPECT_ERR(spit("/proc/sys/vm/overcommit_memory", "0"), EACCES);
	EXPECT_EQ(slurp("/proc/sys/vm/overcommit_memory"), 2);
}
