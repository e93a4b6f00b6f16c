// SPDX-License-Identifier: MIT
/*
 * tests/programs/uffd_fuzz.c - userfaultfd calls and changes of the layout in any order.
 *
 * uffd_fuzz [SECONDS [SEED]]: one short-lived process after the other has some userfaultfds and some
 * threads, which register, fill, protect, map, move, drop, fork, close and touch whatever comes, mostly
 * in a few pages, sometimes beside them. Threads may wait for ever, and are killed in the end. Whatever
 * the calls return is right: the kernel must live and end who is killed. Prints `uffd_fuzz: good`.
 */
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PAGE	4096UL
#define PAGES	24 /* private ones, then as many of an object */
#define FDS	3
#define THREADS 4
#define STEPS	400
#define LIMIT	150 /* milliseconds of a process */

#define EVENTS                                                                                     \
	(UFFD_FEATURE_EVENT_FORK | UFFD_FEATURE_EVENT_REMAP | UFFD_FEATURE_EVENT_REMOVE |          \
	 UFFD_FEATURE_EVENT_UNMAP)

static char *base;
static char source[4 * PAGE] __attribute__((aligned(PAGE)));
static int fds[FDS], memory_fd;

static unsigned int below(uint64_t *random, unsigned int limit)
{
	*random = *random * 6364136223846793005ULL + 1442695040888963407ULL;
	return (*random >> 33) % limit;
}

/* Mostly whole pages of ours. */
static struct uffdio_range range(uint64_t *random)
{
	struct uffdio_range r = {
		(uint64_t)base + below(random, 2 * PAGES) * PAGE,
		(1 + below(random, 6)) * PAGE,
	};

	if (!below(random, 40))
		r.start = *random;
	if (!below(random, 40))
		r.len = *random >> 20;
	return r;
}

static int any_fd(uint64_t *random)
{
	return fds[below(random, FDS)];
}

static void open_one(int i, uint64_t *random)
{
	struct uffdio_api api = {.api = UFFD_API};

	if (below(random, 3))
		api.features |= EVENTS;
	if (!below(random, 8))
		api.features |= UFFD_FEATURE_SIGBUS;
	if (!below(random, 4))
		api.features |= UFFD_FEATURE_EXACT_ADDRESS | UFFD_FEATURE_THREAD_ID;
	close(fds[i]);
	fds[i] = (int)syscall(SYS_userfaultfd, O_NONBLOCK | (below(random, 8) ? 0 : 1));
	ioctl(fds[i], UFFDIO_API, &api);
}

static void answer(uint64_t *random)
{
	struct uffdio_range r = range(random);
	struct uffdio_register reg = {r, 1 + below(random, 7), 0};
	struct uffdio_copy copy = {r.start, (uint64_t)source, r.len, below(random, 4), 0};
	struct uffdio_zeropage zero = {r, below(random, 2), 0};
	struct uffdio_writeprotect wp = {r, below(random, 3)};
	struct uffdio_continue cont = {r, below(random, 2), 0};
	int fd = any_fd(random);

	if (!below(random, 4)) /* memory that may itself be missing */
		copy.src = (uint64_t)base + below(random, 2 * PAGES) * PAGE + below(random, 3);
	switch (below(random, 10)) {
	case 0 ... 2:
		ioctl(fd, UFFDIO_REGISTER, &reg);
		break;
	case 3:
		ioctl(fd, UFFDIO_UNREGISTER, &r);
		break;
	case 4 ... 5:
		ioctl(fd, UFFDIO_COPY, &copy);
		break;
	case 6:
		ioctl(fd, UFFDIO_ZEROPAGE, &zero);
		break;
	case 7:
		ioctl(fd, UFFDIO_WRITEPROTECT, &wp);
		break;
	case 8:
		ioctl(fd, UFFDIO_CONTINUE, &cont);
		break;
	default:
		ioctl(fd, UFFDIO_WAKE, &r);
	}
}

/* A descriptor that a fork brings takes the place of one of ours. */
static void hear(uint64_t *random)
{
	struct uffd_msg msg[3];
	int fd = any_fd(random);
	ssize_t n = read(fd, msg, sizeof(msg));

	for (int i = 0; n > 0 && i < n / (ssize_t)sizeof(msg[0]); i++) {
		struct uffdio_zeropage zero = {
			.range = {msg[i].arg.pagefault.address & -PAGE, PAGE}};

		if (msg[i].event == UFFD_EVENT_PAGEFAULT) {
			if (below(random, 2))
				ioctl(fd, UFFDIO_WAKE, &zero.range);
			else
				ioctl(fd, UFFDIO_ZEROPAGE, &zero);
		} else if (msg[i].event == UFFD_EVENT_FORK) {
			int old = fds[i];

			fds[i] = (int)msg[i].arg.fork.ufd;
			close(old);
		}
	}
}

static void change(uint64_t *random)
{
	struct uffdio_range r = range(random), to = range(random);
	void *at = (void *)r.start;

	switch (below(random, 12)) {
	case 0:
		mmap(at, r.len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1,
		     0);
		break;
	case 1:
		mmap(at, r.len, PROT_READ | PROT_WRITE,
		     (below(random, 2) ? MAP_SHARED : MAP_PRIVATE) | MAP_FIXED, memory_fd, 0);
		break;
	case 2:
		munmap(at, r.len);
		break;
	case 3 ... 4:
		mremap(at, r.len, to.len, MREMAP_MAYMOVE | MREMAP_FIXED, to.start);
		break;
	case 5 ... 6:
		madvise(at, r.len, below(random, 2) ? MADV_DONTNEED : 8 /* MADV_FREE */);
		break;
	case 7:
		madvise(at, r.len, MADV_REMOVE);
		break;
	case 8:
		mprotect(at, r.len, below(random, 2) ? PROT_READ : PROT_READ | PROT_WRITE);
		break;
	case 9:
		ftruncate(memory_fd, below(random, PAGES) * PAGE);
		break;
	case 10:
		madvise(at, r.len, 22 + below(random, 2) /* MADV_POPULATE_* */);
		break;
	default:
		mlock(at, r.len);
		munlock(at, r.len);
	}
}

static _Thread_local sigjmp_buf back;

static void on_fault(int sig)
{
	siglongjmp(back, 1);
}

static void touch(uint64_t *random)
{
	volatile char *at = base + below(random, 2 * PAGES) * PAGE + below(random, PAGE);
	char path[2] = "/";

	if (below(random, 3))
		access((char *)at, F_OK);
	else if (below(random, 2))
		readlink(path, (char *)at, 1);
	else if (!sigsetjmp(back, 1))
		*at = 1;
}

static void *thread(void *arg)
{
	uint64_t random = (uintptr_t)arg;

	for (int i = 0; i < STEPS; i++) {
		switch (below(&random, 16)) {
		case 0 ... 6:
			answer(&random);
			break;
		case 7 ... 10:
			change(&random);
			break;
		case 11 ... 12:
			hear(&random);
			break;
		case 13:
			touch(&random);
			break;
		case 14:
			open_one((int)below(&random, FDS), &random);
			break;
		default:
			if (!below(&random, 60) && fork() == 0)
				random += 99; /* the child goes on alone */
		}
	}
	return NULL;
}

/* Keeps the others going, most of the time. */
static void *listener(void *arg)
{
	uint64_t random = (uintptr_t)arg;

	for (;;) {
		hear(&random);
		sched_yield();
	}
	return NULL;
}

static void process(uint64_t seed)
{
	struct sigaction action = {.sa_handler = on_fault};
	pthread_t threads[THREADS], extra;

	base = mmap(NULL, 2 * PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
		    0);
	memory_fd = (int)syscall(SYS_memfd_create, "fuzz", 0);
	ftruncate(memory_fd, PAGES * PAGE);
	mmap(base + PAGES * PAGE, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED,
	     memory_fd, 0);
	for (int i = 0; i < FDS; i++) {
		fds[i] = -1;
		open_one(i, &seed);
	}
	sigaction(SIGSEGV, &action, NULL);
	sigaction(SIGBUS, &action, NULL);
	pthread_create(&extra, NULL, listener, (void *)seed);
	for (uintptr_t i = 0; i < THREADS; i++)
		pthread_create(&threads[i], NULL, thread, (void *)(seed + i));
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	_exit(0);
}

/* It and its children are a group, which is killed. */
static void run(uint64_t seed)
{
	struct timespec limit = {0, LIMIT * 1000000};
	int status, pid = fork();

	if (pid == 0) {
		setpgid(0, 0);
		dup2(open("/dev/null", O_WRONLY), 2); /* libc may find its own memory changed */
		process(seed);
	}
	setpgid(pid, pid);
	nanosleep(&limit, NULL);
	kill(-pid, SIGKILL);
	waitpid(pid, &status, 0);
	while (waitpid(-1, &status, WNOHANG) > 0)
		;
}

int main(int argc, char **argv)
{
	time_t deadline = time(NULL) + (argc > 1 ? atoi(argv[1]) : 2);
	uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 0) : 1;

	while (time(NULL) < deadline)
		run(seed++ * 1000003);
	puts("uffd_fuzz: good");
	return 0;
}
