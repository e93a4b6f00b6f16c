// SPDX-License-Identifier: MIT
/*
 * tools/guest/init.c - PID 1 of a guest that runs programs for a driver on the host.
 *
 * It reads /.jobs from its initramfs, runs the jobs one after the other on the serial console,
 * tells the host when each starts and how it ended, and powers the machine off. The same program
 * serves on Pagoda and on Linux.
 *
 * /.jobs is a list of strings, each ended by a zero byte:
 *     NONCE  then for each job:  LIMIT STDIN ARGC ARG0 ... ARGn-1
 * LIMIT is in seconds, 0 for none. STDIN is the file that the program reads; "-" is the console.
 *
 * To the console, which is set to change no byte, go
 *     \036 NONCE start INDEX \n
 *     ... all that the program writes ...
 *     \036 NONCE end INDEX exit|signal|timeout|error NUMBER FREE SLAB FREE SLAB TAINTED \n
 * with the free memory in KiB and the number of slab objects before and after, and the bits that are
 * new in /proc/sys/kernel/tainted: the kernel has warned. After each job every
 * process it left behind is killed. SIGUSR1 makes PID 1 exit, which is how a test provokes a kernel
 * panic.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/sysinfo.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

struct job {
	int limit;
	const char *input;
	char **argv;
};

static const char *nonce = "?";

/* Writes one line to the console in one piece. */
static void tell(const char *format, ...)
{
	char line[256];
	va_list args;
	int len = snprintf(line, sizeof(line), "\036%s ", nonce);

	va_start(args, format);
	len += vsnprintf(line + len, sizeof(line) - len, format, args);
	va_end(args);
	for (int done = 0; done < len;) {
		ssize_t n = write(1, line + done, len - done);

		if (n <= 0)
			break;
		done += n;
	}
}

/* What a kernel lacks is left out; the programs will say what they miss. /tmp stays: it may hold
 * the program. */
static void mount_all(void)
{
	static const char *const mounts[][4] = {
		{"devtmpfs", "/dev", "devtmpfs", NULL},
		{"proc", "/proc", "proc", NULL},
		{"sysfs", "/sys", "sysfs", NULL},
		{"tmpfs", "/dev/shm", "tmpfs", "mode=1777"},
		{"devpts", "/dev/pts", "devpts", "ptmxmode=0666"},
	};

	for (size_t i = 0; i < sizeof(mounts) / sizeof(mounts[0]); i++) {
		mkdir(mounts[i][1], 0755);
		mount(mounts[i][0], mounts[i][1], mounts[i][2], 0, mounts[i][3]);
	}
}

/*
 * Opens the serial port as descriptors 0 to 2: no echo, no signals by keys, no byte changed. PID 1
 * is the leader of its session, not the programs: a leader's end hangs the terminal up, and what it
 * still had to send would be lost.
 */
static void open_console(void)
{
	struct termios t;
	int fd;

	setsid();
	fd = open("/dev/ttyS0", O_RDWR);
	if (fd < 0)
		fd = open("/dev/console", O_RDWR);
	if (fd < 0)
		return;
	for (int i = 0; i < 3; i++)
		dup2(fd, i);
	if (fd > 2)
		close(fd);
	ioctl(0, TIOCSCTTY, 0);
	if (tcgetattr(0, &t) == 0) {
		t.c_oflag &= ~OPOST;
		t.c_lflag &= ~(ECHO | ISIG);
		tcsetattr(0, TCSANOW, &t);
	}
}

/* Reads the whole file into memory that is never freed; NULL when that fails. */
static char *read_file(const char *path, size_t *size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t have = 0, room = 1 << 16;
	char *data = malloc(room);
	ssize_t n;

	if (fd < 0 || !data)
		return NULL;
	while ((n = read(fd, data + have, room - have)) > 0) {
		have += n;
		if (have == room && !(data = realloc(data, room *= 2)))
			return NULL;
	}
	close(fd);
	*size = have;
	return n < 0 ? NULL : data;
}

static unsigned long free_kib(void)
{
	struct sysinfo info;

	if (sysinfo(&info))
		return 0;
	return info.freeram * (info.mem_unit ? info.mem_unit : 1) / 1024;
}

/* What is in use before and after a job, to find leaks. */
struct usage {
	unsigned long free_kib;
	unsigned long slab_objects;
	unsigned long tainted;
};

/* The sum of the active objects in /proc/slabinfo; 0 where there is none. */
static unsigned long slab_objects(void)
{
	FILE *file = fopen("/proc/slabinfo", "r");
	unsigned long sum = 0, active;
	char line[512];

	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "%*s %lu", &active) == 1)
			sum += active;
	if (file)
		fclose(file);
	return sum;
}

/* Empty slabs and unused stacks that the kernel keeps at hand are not in use. */
static void drop_caches(void)
{
	int fd = open("/proc/sys/vm/drop_caches", O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	if (write(fd, "2", 1) != 1)
		tell("error: drop_caches: %s\n", strerror(errno));
	close(fd);
}

/* What the kernel says has gone wrong in it, a bit for each kind. */
static unsigned long tainted(void)
{
	FILE *file = fopen("/proc/sys/kernel/tainted", "r");
	unsigned long bits = 0;

	if (!file)
		return 0;
	if (fscanf(file, "%lu", &bits) != 1)
		bits = 0;
	fclose(file);
	return bits;
}

static struct usage usage_now(void)
{
	struct usage usage;

	usage.tainted = tainted();
	drop_caches();
	usage.slab_objects = slab_objects();
	usage.free_kib = free_kib();
	return usage;
}

static void on_alarm(int sig)
{
	(void)sig;
}

static void on_usr1(int sig)
{
	_exit(sig);
}

/* In the child: the terminal's foreground group, then the program. */
static void become(const struct job *job)
{
	setpgid(0, 0);
	signal(SIGTTOU, SIG_IGN);
	tcsetpgrp(1, getpid());
	signal(SIGTTOU, SIG_DFL);
	if (strcmp(job->input, "-") != 0) {
		int fd = open(job->input, O_RDONLY);

		if (fd >= 0) {
			dup2(fd, 0);
			close(fd);
		}
	}
	execvp(job->argv[0], job->argv);
	dprintf(2, "%s: %s\n", job->argv[0], strerror(errno));
	_exit(errno == ENOENT ? 127 : 126);
}

/* Waits for pid, at most limit seconds (0: for ever). Returns 1 when the time ran out. */
static int wait_for(pid_t pid, int limit, int *status)
{
	struct itimerval timer = {{1, 0}, {limit, 0}};
	static const struct itimerval off;
	int late = 0;

	if (limit)
		setitimer(ITIMER_REAL, &timer, NULL);
	for (;;) {
		pid_t got = wait4(-1, status, 0, NULL);

		if (got == pid)
			break;
		if (got < 0 && errno == EINTR) {
			late = 1;
			kill(pid, SIGKILL);
		} else if (got < 0) {
			break;
		}
	}
	setitimer(ITIMER_REAL, &off, NULL);
	return late;
}

static void run_job(int index, const struct job *job)
{
	struct usage before = usage_now(), after;
	const char *how = "exit";
	int status = 0, number = 0;
	pid_t pid;

	tell("start %d\n", index);
	pid = fork();
	if (pid == 0)
		become(job);
	if (pid < 0) {
		how = "error";
		number = errno;
	} else if (wait_for(pid, job->limit, &status)) {
		how = "timeout";
		number = job->limit;
	} else if (WIFSIGNALED(status)) {
		how = "signal";
		number = WTERMSIG(status);
	} else {
		number = WEXITSTATUS(status);
	}
	if (kill(-1, SIGKILL) == 0)
		while (wait4(-1, NULL, 0, NULL) > 0)
			;
	tcsetpgrp(1, getpid());
	after = usage_now();
	tell("end %d %s %d %lu %lu %lu %lu %lu\n", index, how, number, before.free_kib,
	     before.slab_objects, after.free_kib, after.slab_objects,
	     after.tainted & ~before.tainted);
}

static void run_all(void)
{
	size_t size = 0;
	char *data = read_file("/.jobs", &size), *at = data, *end;

	if (!data || size == 0) {
		tell("error: cannot read /.jobs: %s\n", strerror(errno));
		return;
	}
	end = data + size;
	nonce = at;
	at += strlen(at) + 1;
	for (int index = 0; at < end; index++) {
		struct job job;
		int argc;

		job.limit = atoi(at);
		at += strlen(at) + 1;
		job.input = at;
		at += strlen(at) + 1;
		argc = atoi(at);
		at += strlen(at) + 1;
		job.argv = calloc(argc + 1, sizeof(char *));
		for (int i = 0; i < argc; i++, at += strlen(at) + 1)
			job.argv[i] = at;
		run_job(index, &job);
		free(job.argv);
	}
}

int main(void)
{
	struct sigaction alarm = {.sa_handler = on_alarm}, usr1 = {.sa_handler = on_usr1};

	if (getpid() != 1) {
		fprintf(stderr,
			"init: this is PID 1 of a test guest, not a program to start by hand\n");
		return 1;
	}
	mount_all();
	open_console();
	sigaction(SIGALRM, &alarm, NULL);
	sigaction(SIGUSR1, &usr1, NULL);
	signal(SIGTTOU, SIG_IGN);
	clearenv(); /* the kernel made variables of words that it did not know */
	setenv("PATH", "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", 1);
	setenv("HOME", "/root", 1);
	setenv("TERM", "linux", 1);
	run_all();
	tcdrain(1);
	sync();
	reboot(RB_POWER_OFF);
	tell("error: the machine did not power off: %s\n", strerror(errno));
	for (;;)
		pause();
}
