// SPDX-License-Identifier: MIT
/*
 * tests/programs/syscall_fuzz.c - calls every system call with arguments that are mostly wrong.
 *
 * syscall_fuzz [SECONDS [SEED [root]]]: one short-lived child after the other makes a few hundred
 * calls. Their numbers are random; an argument is either of the kind that the call wants (a
 * descriptor, a path, an address, a size, a process) or anything. Buffers hold such values as well,
 * since many of them are structures. Whatever the calls return is right: the kernel must live, keep
 * ending the children when told to, and have its memory back afterwards (that last is left to who
 * runs this). Prints `syscall_fuzz: good` at the end.
 *
 * The children are unprivileged, which keeps them from harming the machine by right. With `root`
 * they are not, and the calls by which root may do so are left out.
 */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "syscall_fuzz.h"

#define PAGE	  4096UL
#define CALLS	  300	/* of one child */
#define LIMIT	  500	/* milliseconds that a child may take */
#define NOBODY	  54321 /* the user whose the children are */
#define DIRECTORY "/tmp/fuzz"
#define ARRAY(a)  (sizeof(a) / sizeof((a)[0]))

static uint64_t state;
static char *area; /* readable and writable pages, then one read-only, then none */
static pid_t own;
static int as_root;
static int segments[4]; /* shared memory */
static int uffd = -1;

static uint64_t any(void)
{
	state = state * 6364136223846793005ULL + 1442695040888963407ULL;
	return state >> 32 ^ state << 21;
}

static unsigned int below(unsigned int limit)
{
	return (any() >> 7) % limit;
}

static const char *const paths[] = {
	"file",
	"dir",
	"dir/file",
	"link",
	"loop",
	"new",
	"dir/new",
	"fifo",
	".",
	"..",
	"",
	"/",
	"/proc",
	"/proc/self",
	"/proc/self/maps",
	"/proc/self/fd",
	"/proc/self/fd/5",
	"/proc/self/mem",
	"/proc/self/exe",
	"/proc/self/cwd",
	"/dev/null",
	"/dev/zero",
	"/dev/full",
	"/dev",
	"/proc/self/status",
	"tmpfs",
	"proc",
	"user.name",
	"file/file",
	"/proc/self/task",
	"dir/../file",
	"none/none",
	"/proc/self/pagemap",
	"/proc/self/smaps",
};

static uint64_t path(void)
{
	return (uintptr_t)paths[below(ARRAY(paths))];
}

/* Inside the pages, at their ends, in the read-only one, or beyond. */
static uint64_t buffer(void)
{
	switch (below(8)) {
	case 0:
		return (uintptr_t)area + 8 * PAGE - below(64);
	case 1:
		return (uintptr_t)area + 9 * PAGE - below(64);
	default:
		return (uintptr_t)area + (below(2) ? below(8) * 512 : below(8 * PAGE));
	}
}

static uint64_t mapping(void)
{
	static const uint64_t odd[] = {0,     0x10000,	  0x7fffffffe000,     0x7ffffffff000,
				       -PAGE, 1ULL << 47, 0xffff888000000000, 0x400000};

	if (below(6) == 0)
		return odd[below(ARRAY(odd))];
	return (uintptr_t)area + below(40) * PAGE + (below(8) ? 0 : below(PAGE));
}

static uint64_t size(void)
{
	static const uint64_t odd[] = {0,	   1,	       7,	   8,	      16,
				       24,	   64,	       128,	   4095,      4096,
				       4097,	   65536,      1 << 20,	   INT32_MAX, UINT32_MAX,
				       1ULL << 31, 1ULL << 32, 1ULL << 47, INT64_MAX, -1,
				       -PAGE,	   INT64_MIN};

	return below(2) ? below(1 << below(16)) : odd[below(ARRAY(odd))];
}

static uint64_t process(void)
{
	switch (below(as_root ? 3 : 8)) {
	case 0:
		return 0;
	case 1:
		return own;
	case 2:
		return below(4) ? own : 0x7fffffff;
	case 3:
		return -1;
	case 4:
		return -own;
	case 5:
		return 1;
	default:
		return own + below(20) - 4;
	}
}

static uint64_t descriptor(void)
{
	switch (below(16)) {
	case 0:
		return -100; /* AT_FDCWD */
	case 1:
		return below(2) ? -1 : 1 << below(32);
	default:
		return below(24);
	}
}

static uint64_t number(void)
{
	switch (below(6)) {
	case 0:
		return 0;
	case 1:
		return 1ULL << below(64);
	case 2:
		return 1 << below(32) | 1 << below(32);
	case 3:
		return any();
	case 4:
		return size();
	default:
		return below(32);
	}
}

static uint64_t argument(char kind)
{
	static const char kinds[] = "fpbasqhki";

	if (below(8) == 0)
		kind = kinds[below(9)];
	switch (kind) {
	case 'f':
		return descriptor();
	case 'p':
		return path();
	case 'b':
		return below(6) ? buffer() : below(2) ? 0 : mapping();
	case 'a':
		return mapping();
	case 's':
		return size();
	case 'q':
		return process();
	case 'h':
		return segments[below(ARRAY(segments))];
	case 'k':
		return below(17);
	default:
		return number();
	}
}

/* To a page that may be gone by now: by read(2) of a pipe, which fails and does not fault. */
static void put(uint64_t at, const void *from, size_t size)
{
	if (write(31, from, size) == (ssize_t)size)
		(void)!read(30, (void *)at, size);
}

/* Structures of the kernel consist of such things. */
static void fill(void)
{
	static const char kinds[] = "fpbbsiii";
	uint64_t words[8];
	int i, n = below(3);

	for (; n >= 0; n--) {
		struct timespec short_time = {0, below(3000000)};
		uint64_t at = (uintptr_t)area + below(8) * 512;

		for (i = 0; i < 8; i++)
			words[i] = argument(kinds[below(8)]);
		if (below(3) == 0)
			memcpy(words, &short_time, sizeof(short_time));
		if (below(3) == 0)
			for (i = 0; i < 16; i++)
				((uint32_t *)words)[i] = number();
		put(at, words, sizeof(words));
	}
}

/* A range of the area, a mode, and what else the structures of userfaultfd have. */
static void userfault(void)
{
	static const uint8_t numbers[] = {0, 1, 2, 3, 4, 5, 6, 7, 0x3f};
	uint8_t nr = numbers[below(ARRAY(numbers))];
	uint64_t at = (uintptr_t)area + below(8) * 512, words[5];

	words[0] = (uintptr_t)area + below(64) * PAGE;
	words[1] = (1 + below(16)) * PAGE;
	words[2] = below(2) ? below(8) : number();
	words[3] = below(2) ? 0 : number();
	words[4] = 0;
	if (nr == 3) { /* COPY: its source comes second */
		words[2] = words[1];
		words[1] = mapping();
	} else if (nr == 0x3f) { /* API */
		words[0] = 0xaa;
		words[1] = below(2) ? 0 : number();
	}
	put(at, words, sizeof(words));
	ioctl(uffd,
	      _IOC(nr == 1 || nr == 2 ? _IOC_READ : _IOC_READ | _IOC_WRITE, 0xaa, nr,
		   nr == 0 || nr == 4 || nr == 7 ? 32
		   : nr == 3			 ? 40
		   : nr == 1 || nr == 2		 ? 16
						 : 24),
	      at);
}

static int is_left_out(int nr)
{
	for (unsigned int i = 0; i < ARRAY(never); i++)
		if (nr == never[i])
			return 1;
	for (unsigned int i = 0; as_root && i < ARRAY(not_as_root); i++)
		if (nr == not_as_root[i])
			return 1;
	return 0;
}

/* The gate takes the low halves: the area, the program and its data all lie below 4 GiB. */
static long int80(int nr, const uint64_t *arg)
{
	register uint64_t sixth asm("r8") = arg[5];
	long ret;

	asm volatile("xchg %%r8, %%rbp\n\tint $0x80\n\txchg %%r8, %%rbp"
		     : "=a"(ret), "+r"(sixth)
		     : "a"(nr), "b"(arg[0]), "c"(arg[1]), "d"(arg[2]), "S"(arg[3]), "D"(arg[4])
		     : "memory", "r9", "r10", "r11", "cc");
	return ret;
}

static void call32(void)
{
	uint64_t arg[6];
	const char *hint;
	int nr;

	do
		nr = below(LAST + 1);
	while (!hints32[nr] && below(8));
	for (unsigned int i = 0; i < ARRAY(never32); i++)
		if (nr == never32[i])
			return;
	hint = hints32[nr] ? hints32[nr] : "bbbiii";
	for (int i = 0; i < 6; i++)
		arg[i] = argument(*hint ? *hint++ : 'i');
	if (int80(nr, arg) == 0 && nr == 2 /* fork */)
		syscall(SYS_exit_group, 0);
}

static void call(void)
{
	uint64_t arg[6];
	const char *hint;
	int nr;

	do
		nr = below(64) ? below(LAST + 1) : 512 + below(64);
	while (is_left_out(nr) || (nr <= LAST && !hints[nr] && below(8)));
	hint = nr <= LAST && hints[nr] ? hints[nr] : "iiiiii";
	for (int i = 0; i < 6; i++)
		arg[i] = argument(*hint ? *hint++ : 'i');
	/* A child of the child has no business here; one on the same stack must not return. */
	if (nr == SYS_clone)
		arg[0] &= ~0x4100ULL; /* CLONE_VM, CLONE_VFORK */
	if (nr == SYS_vfork || nr == 435)
		nr = SYS_fork;
	if (syscall(nr, arg[0], arg[1], arg[2], arg[3], arg[4], arg[5]) == 0 &&
	    (nr == SYS_fork || nr == SYS_clone)) {
		usleep(below(3000));
		syscall(SYS_exit_group, 0);
	}
}

static void nothing(int signal)
{
}

static void make_files(void)
{
	int fd;

	umask(0);
	if (mkdir(DIRECTORY, 0777) || chdir(DIRECTORY))
		_exit(1);
	fd = open("file", O_RDWR | O_CREAT, 0666);
	if (fd < 0 || ftruncate(fd, 3 * PAGE) || mkdir("dir", 0777) || symlink("file", "link") ||
	    symlink("loop", "loop") || mkfifo("fifo", 0666))
		_exit(1);
	close(fd);
}

/* Descriptors 3 to 20 or so, of all kinds; whichever are there. */
static void open_files(void)
{
	static const char *const names[] = {"file",	      "dir",	   "fifo",
					    "/dev/null",      "/dev/zero", "/proc/self/maps",
					    "/proc/self/mem", "/proc"};
	int pair[2];

	(void)!pipe(pair);
	dup2(pair[0], 30);
	dup2(pair[1], 31);
	for (unsigned int i = 0; i < ARRAY(names); i++)
		open(names[i], i == 1 || i == 7 ? O_RDONLY : O_RDWR | O_NONBLOCK);
	open("file", O_PATH);
	(void)!pipe2(pair, O_NONBLOCK);
	eventfd(3, EFD_NONBLOCK);
	epoll_create1(0);
	syscall(SYS_memfd_create, "fuzz", 2);
	syscall(SYS_timerfd_create, 1, O_NONBLOCK);
	syscall(434, own, 0); /* pidfd_open */
	syscall(SYS_signalfd4, -1, &(uint64_t){1 << 9}, 8, O_NONBLOCK);
	/* Not in every round: who touches a watched page sleeps until the round is over. */
	if (below(4) == 0)
		uffd = syscall(323 /* userfaultfd */, O_NONBLOCK | (as_root ? 0 : 1));
	for (unsigned int i = 0; i < ARRAY(segments); i++)
		segments[i] = shmget(below(3), (1 + below(16)) * PAGE, IPC_CREAT | 0666);
}

static void limit(int what, rlim_t value)
{
	setrlimit(what, &(struct rlimit){value, value});
}

static void child(void)
{
	struct sigaction action = {.sa_handler = nothing};
	struct itimerval tick = {{0, 10000}, {0, 10000}};

	own = getpid();
	setsid();
	for (int fd = 0; fd < 3; fd++) {
		close(fd);
		open("/dev/null", O_RDWR);
	}
	make_files();
	area = mmap((void *)0x20000000, 64 * PAGE, PROT_NONE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	mprotect(area, 8 * PAGE, PROT_READ | PROT_WRITE);
	mprotect(area + 8 * PAGE, PAGE, PROT_READ);
	limit(RLIMIT_NPROC, 12);
	limit(RLIMIT_AS, 64 << 20);
	limit(RLIMIT_FSIZE, 4 << 20);
	limit(RLIMIT_CORE, 0);
	limit(RLIMIT_NOFILE, 64);
	if (!as_root && (setgid(NOBODY) || setuid(NOBODY)))
		_exit(1);
	open_files();
	sigaction(SIGALRM, &action, NULL);
	sigaction(SIGPIPE, &action, NULL);
	setitimer(ITIMER_REAL, &tick, NULL);
	for (int i = 0; i < CALLS; i++) {
		fill();
		if (uffd >= 0 && below(16) == 0)
			userfault();
		else if (!as_root && below(4) == 0)
			call32();
		else
			call();
	}
	_exit(0);
}

static int remove_one(const char *name, const struct stat *status, int type, struct FTW *where)
{
	remove(name);
	return 0;
}

/* Whatever a round left running. */
static void sweep(void)
{
	pid_t pid = as_root ? 0 : fork();

	if (pid == 0) {
		if (!as_root && setuid(NOBODY))
			_exit(1);
		kill(-1, SIGKILL); /* spares the caller and PID 1 */
		if (!as_root)
			_exit(0);
	}
	while (waitpid(-1, NULL, 0) > 0)
		;
}

static long now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

static void round_of(uint64_t seed)
{
	struct shmid_ds segment;
	pid_t pid = fork();
	long start = now();

	if (pid < 0)
		return;
	if (pid == 0) {
		state = seed * 0x9e3779b97f4a7c15ULL;
		child();
	}
	while (waitpid(pid, NULL, WNOHANG) == 0 && now() - start < LIMIT)
		usleep(2000);
	kill(pid, SIGKILL);
	sweep();
	for (int i = 0; i < 64; i++)
		shmctl(shmctl(i, 13 /* SHM_STAT */, &segment), IPC_RMID, NULL);
	nftw(DIRECTORY, remove_one, 8, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
}

int main(int argc, char **argv)
{
	long seconds = argc > 1 ? atoi(argv[1]) : 2;
	uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 0) : 1;
	long end = now() + seconds * 1000, rounds = 0;

	as_root = argc > 3 && !strcmp(argv[3], "root");
	setpgid(0, 0);
	syscall(SYS_prctl, 36 /* PR_SET_CHILD_SUBREAPER */, 1, 0, 0, 0);
	for (; now() < end; rounds++) {
		if (getenv("FUZZ_TELL") || argc > 4)
			dprintf(2, "round %ld\n", seed + rounds);
		round_of(seed + rounds);
	}
	if (!rounds)
		return 1;
	puts("syscall_fuzz: good");
	return 0;
}
