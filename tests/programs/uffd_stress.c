// SPDX-License-Identifier: MIT
/*
 * tests/programs/uffd_stress.c - memory that monitors fill while others touch it and pull it away.
 *
 * uffd_stress [SECONDS [SEED]]: touchers read and write pages of two areas in random order, by their
 * own stores and through read(2). Monitors resolve the faults by COPY, ZEROPAGE, CONTINUE and
 * WRITEPROTECT. One more thread protects, drops, unmaps, moves and registers again, forks children
 * that do as much with their copy, and sends signals. Prints `uffd_stress: good` at the end.
 *
 * What must hold: the first and the last word of a page are its magic number, or 0 where it was
 * filled with zeros. Each toucher has a word of its own in each page, which holds what he wrote last,
 * or 0 when the page has gone since: an older value is one that was lost.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PAGE	 4096UL
#define WORDS	 (PAGE / sizeof(uint64_t))
#define PAGES	 64
#define TOUCHERS 4
#define MONITORS 3
#define CHILDREN 64 /* descriptors of children between two reapings */

#define EVENTS                                                                                     \
	(UFFD_FEATURE_EVENT_FORK | UFFD_FEATURE_EVENT_REMAP | UFFD_FEATURE_EVENT_REMOVE |          \
	 UFFD_FEATURE_EVENT_UNMAP)

static char *anon, *shared, *scratch; /* areas of PAGES pages; where chunks are moved and back */
static int memory_fd, uffd, epoll_fd;
static volatile int stop_touching, stop_monitors;
static time_t deadline;
static int child_fds[CHILDREN], nr_child_fds;
static pthread_mutex_t trouble = PTHREAD_MUTEX_INITIALIZER; /* held while pages may go */
/* Changes before a page may be written again after it was protected. */
static uint64_t epochs[PAGES];

struct toucher {
	pthread_t thread;
	int number;
	uint64_t random, counter;
	uint64_t last[2 * PAGES];
};
static struct toucher touchers[TOUCHERS];

static void die(const char *what)
{
	char text[128];
	int n = snprintf(text, sizeof(text), "uffd_stress: failed: %s (%s)\n", what,
			 strerror(errno));

	if (write(1, text, n) < 0)
		_exit(2);
	_exit(1);
}

static unsigned int below(uint64_t *random, unsigned int limit)
{
	*random = *random * 6364136223846793005ULL + 1442695040888963407ULL;
	return (*random >> 33) % limit;
}

static uint64_t magic(unsigned int page)
{
	return 0x600d000000000000ULL + page;
}

static volatile uint64_t *words_of(unsigned int page)
{
	return (volatile uint64_t *)(page < PAGES ? anon + page * PAGE
						  : shared + (page - PAGES) * PAGE);
}

/* ---- touchers ---------------------------------------------------------------------------- */

static void check_magic(unsigned int page, uint64_t word)
{
	if (word && word != magic(page))
		die("a page is another page's");
}

/*
 * While a page is being dropped this CPU may see the old one and another CPU a new one, so that a
 * thread that moves sees its own past. Once the drop has returned nobody may.
 */
static void check_own(struct toucher *t, unsigned int page)
{
	volatile uint64_t *word = &words_of(page)[1 + t->number];
	uint64_t seen = *word;

	if (!seen || seen == t->last[page])
		return;
	pthread_mutex_lock(&trouble);
	seen = *word;
	if (seen && seen != t->last[page])
		die("a write was lost");
	pthread_mutex_unlock(&trouble);
}

/* The kernel stores the word: it waits like we would, or the page was just away. */
static int store_by_read(int pipe_fd[2], volatile uint64_t *word, uint64_t value)
{
	uint64_t rest;

	if (write(pipe_fd[1], &value, sizeof(value)) != sizeof(value))
		die("write to a pipe");
	for (;;) {
		ssize_t n = read(pipe_fd[0], (void *)word, sizeof(value));

		if (n == sizeof(value))
			return 1;
		if (n < 0 && errno == EINTR)
			continue;
		if (n >= 0 || errno != EFAULT)
			die("read from a pipe");
		if (read(pipe_fd[0], &rest, sizeof(rest)) != sizeof(rest))
			die("the pipe lost a word");
		return 0;
	}
}

static void touch_page(struct toucher *t, unsigned int page, int pipe_fd[2])
{
	volatile uint64_t *words = words_of(page);
	unsigned int how = below(&t->random, 8);

	check_magic(page, words[0]);
	check_magic(page, words[WORDS - 1]);
	check_own(t, page);
	if (how < 4) {
		t->last[page] = ++t->counter;
		/* A read that fails may have stored a part of the word. */
		if (how || !store_by_read(pipe_fd, &words[1 + t->number], t->counter))
			words[1 + t->number] = t->counter;
	}
	check_own(t, page);
}

static void *toucher(void *arg)
{
	struct toucher *t = arg;
	int pipe_fd[2];

	if (pipe(pipe_fd))
		die("pipe");
	do
		touch_page(t, below(&t->random, 2 * PAGES), pipe_fd);
	while (!stop_touching);
	close(pipe_fd[0]);
	close(pipe_fd[1]);
	return NULL;
}

/* A page that is away for a moment: the access is made again. Else the program has gone wrong. */
static void on_segv(int sig, siginfo_t *info, void *context)
{
	char *at = info->si_addr;

	if (at < anon || at >= anon + PAGES * PAGE)
		die("a stray access");
	sched_yield();
}

static void on_signal(int sig)
{
}

/* ---- monitors ---------------------------------------------------------------------------- */

static int is_anon(unsigned long at)
{
	return at - (unsigned long)anon < PAGES * PAGE;
}

static unsigned int page_of(unsigned long at)
{
	if (is_anon(at))
		return (at - (unsigned long)anon) / PAGE;
	return PAGES + (at - (unsigned long)shared) / PAGE;
}

static int resolve_missing(int fd, unsigned long at, uint64_t *random)
{
	uint64_t page[WORDS] __attribute__((aligned(PAGE))) = {};
	struct uffdio_zeropage zero = {.range = {at, PAGE}};
	struct uffdio_copy copy = {
		.dst = at,
		.src = (unsigned long)page,
		.len = PAGE,
		.mode = below(random, 3) ? 0 : UFFDIO_COPY_MODE_WP,
	};

	if (!below(random, 4))
		return ioctl(fd, UFFDIO_ZEROPAGE, &zero);
	page[0] = page[WORDS - 1] = magic(page_of(at));
	return ioctl(fd, UFFDIO_COPY, &copy);
}

/* Whatever an answer could not do has been done by another, or cannot be done: the access tells. */
static void resolve(int fd, const struct uffd_msg *msg, uint64_t *random)
{
	unsigned long at = msg->arg.pagefault.address;
	struct uffdio_writeprotect wp = {.range = {at, PAGE}};
	struct uffdio_continue cont = {.range = {at, PAGE}};
	struct uffdio_range range = {at, PAGE};
	int ret;

	if (page_of(at) < PAGES && fd == uffd)
		__atomic_add_fetch(&epochs[page_of(at)], 1, __ATOMIC_SEQ_CST);
	if (msg->arg.pagefault.flags & UFFD_PAGEFAULT_FLAG_WP)
		ret = ioctl(fd, UFFDIO_WRITEPROTECT, &wp);
	else if (msg->arg.pagefault.flags & UFFD_PAGEFAULT_FLAG_MINOR)
		ret = ioctl(fd, UFFDIO_CONTINUE, &cont);
	else
		ret = resolve_missing(fd, at, random);
	if (!ret)
		return;
	if (errno != EEXIST && errno != EAGAIN && errno != ENOENT && errno != ESRCH &&
	    errno != EFAULT && errno != EINVAL && errno != EBADF)
		die("an answer");
	ioctl(fd, UFFDIO_WAKE, &range);
}

static void watch_child(int fd)
{
	struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
	int i = __atomic_fetch_add(&nr_child_fds, 1, __ATOMIC_SEQ_CST);

	if (i >= CHILDREN)
		die("too many children");
	child_fds[i] = fd;
	if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event))
		die("epoll_ctl");
}

static void *monitor(void *arg)
{
	uint64_t random = 77 + (uintptr_t)arg;
	struct epoll_event event;
	struct uffd_msg msg[4];
	ssize_t n;

	while (!stop_monitors) {
		if (epoll_wait(epoll_fd, &event, 1, 50) <= 0)
			continue;
		n = read(event.data.fd, msg, sizeof(msg[0]) * (1 + below(&random, 4)));
		for (int i = 0; n > 0 && i < n / (ssize_t)sizeof(msg[0]); i++) {
			if (msg[i].event == UFFD_EVENT_PAGEFAULT)
				resolve(event.data.fd, &msg[i], &random);
			else if (msg[i].event == UFFD_EVENT_FORK)
				watch_child(msg[i].arg.fork.ufd);
		}
	}
	return NULL;
}

/* ---- the one who makes trouble ----------------------------------------------------------- */

static void watch(char *at, size_t len, uint64_t mode)
{
	struct uffdio_register reg = {{(unsigned long)at, len}, mode, 0};

	if (ioctl(uffd, UFFDIO_REGISTER, &reg))
		die("UFFDIO_REGISTER");
}

#define ANON_MODES   (UFFDIO_REGISTER_MODE_MISSING | UFFDIO_REGISTER_MODE_WP)
#define SHARED_MODES (ANON_MODES | UFFDIO_REGISTER_MODE_MINOR)

/*
 * A range that has been mapped anew in parts may be several areas on Linux, which does not merge
 * those that have had pages: then neither this (ENOENT) nor mremap (EFAULT) takes it as one.
 */
static void protect(char *at, size_t len)
{
	struct uffdio_writeprotect wp = {{(unsigned long)at, len}, UFFDIO_WRITEPROTECT_MODE_WP};

	if (ioctl(uffd, UFFDIO_WRITEPROTECT, &wp) && errno != EAGAIN && errno != ENOENT)
		die("UFFDIO_WRITEPROTECT");
}

/* Between the protection and the answer to the next fault nothing in the page may change. */
static void audit(unsigned int page)
{
	uint64_t epoch = __atomic_load_n(&epochs[page], __ATOMIC_SEQ_CST), sum[2] = {};
	volatile uint64_t *words = words_of(page);
	struct uffdio_writeprotect wp = {{(unsigned long)words, PAGE}, UFFDIO_WRITEPROTECT_MODE_WP};

	if (ioctl(uffd, UFFDIO_WRITEPROTECT, &wp))
		return;
	for (int round = 0; round < 2; round++)
		for (int i = 0; i < 1 + TOUCHERS; i++)
			sum[round] = sum[round] * 31 + words[i];
	if (__atomic_load_n(&epochs[page], __ATOMIC_SEQ_CST) == epoch && sum[0] != sum[1])
		die("a protected page has changed");
}

static void map_again(char *at, size_t len, int hole)
{
	if (hole && munmap(at, len))
		die("munmap");
	if (mmap(at, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) ==
	    MAP_FAILED)
		die("mmap");
	watch(at, len, ANON_MODES);
}

static void register_again(char *at, size_t len)
{
	struct uffdio_range range = {(unsigned long)at, len};

	if (ioctl(uffd, UFFDIO_UNREGISTER, &range))
		die("UFFDIO_UNREGISTER");
	watch(at, len, ANON_MODES);
}

static void move_and_back(char *at, size_t len)
{
	void *moved = mremap(at, len, len, MREMAP_MAYMOVE | MREMAP_FIXED, scratch);

	if (moved == MAP_FAILED && errno == EFAULT)
		return;
	if (moved != scratch || mremap(scratch, len, len, MREMAP_MAYMOVE | MREMAP_FIXED, at) != at)
		die("mremap");
}

/* In a child: its memory is its own, filled by the same monitors, and nobody else writes to it. */
static void child_pages(uint64_t mark)
{
	for (unsigned int page = 0; page < PAGES; page++) {
		volatile uint64_t *words = words_of(page);
		uint64_t seen = words[1];

		check_magic(page, words[0]);
		words[WORDS / 2] = mark;
		if (words[1] != seen || words[WORDS / 2] != mark)
			die("a child's page has changed");
		check_magic(PAGES + page, words_of(PAGES + page)[0]);
	}
}

static void child(uint64_t random)
{
	int status, pid = 0;

	child_pages(random);
	if (!below(&random, 3)) {
		pid = fork();
		if (pid < 0)
			die("fork in a child");
	}
	madvise(anon, PAGES / 2 * PAGE, MADV_DONTNEED);
	munmap(anon + (PAGES - 8) * PAGE, 8 * PAGE);
	for (unsigned int page = 0; page < PAGES / 2; page++)
		if (words_of(page)[WORDS / 2])
			die("a dropped page came back");
	if (pid > 0 && (waitpid(pid, &status, 0) != pid || status))
		die("a grandchild");
	_exit(0);
}

/* Its descriptors are ours to close: nothing tells a monitor that a process has ended. */
static void fork_child(uint64_t *random)
{
	uint64_t seed = *random + below(random, 1000);
	int status, pid = fork();

	if (pid == 0)
		child(seed);
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		die("fork");
	if (status)
		die("a child");
	for (int i = 0; i < nr_child_fds; i++)
		close(child_fds[i]);
	nr_child_fds = 0;
}

static void step(uint64_t *random)
{
	unsigned int from = below(random, PAGES), count = 1 + below(random, PAGES - from);
	char *at = anon + from * PAGE;
	size_t len = (count > 8 ? 8 : count) * PAGE;

	pthread_mutex_lock(&trouble);
	switch (below(random, 16)) {
	case 0 ... 1:
		madvise(at, len, MADV_DONTNEED);
		break;
	case 2:
		map_again(at, len, below(random, 2));
		break;
	case 3:
		move_and_back(at, len);
		break;
	case 4:
		register_again(at, len);
		break;
	case 5:
		fork_child(random);
		break;
	case 6 ... 8:
		protect(at, len);
		break;
	case 9 ... 11:
		audit(from);
		break;
	case 12:
		protect(shared + from * PAGE, len);
		break;
	case 13:
		madvise(shared + from * PAGE, len, MADV_DONTNEED);
		break;
	case 14:
		fallocate(memory_fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, from * PAGE, len);
		break;
	default:
		pthread_kill(touchers[below(random, TOUCHERS)].thread, SIGUSR1);
	}
	pthread_mutex_unlock(&trouble);
}

/* ---- start and end ----------------------------------------------------------------------- */

static void *map(size_t len, int prot, int flags, int fd)
{
	void *p = mmap(NULL, len, prot, flags, fd, 0);

	if (p == MAP_FAILED)
		die("mmap");
	return p;
}

static void set_up(void)
{
	struct sigaction segv = {.sa_sigaction = on_segv, .sa_flags = SA_SIGINFO};
	struct sigaction user = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
	struct epoll_event event = {.events = EPOLLIN};
	struct uffdio_api api = {.api = UFFD_API, .features = EVENTS};

	sigaction(SIGSEGV, &segv, NULL);
	sigaction(SIGUSR1, &user, NULL);
	memory_fd = (int)syscall(SYS_memfd_create, "stress", 0);
	if (memory_fd < 0 || ftruncate(memory_fd, PAGES * PAGE))
		die("memfd_create");
	anon = map(PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	shared = map(PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, memory_fd);
	scratch = map(PAGES * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	uffd = (int)syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);
	if (uffd < 0 || ioctl(uffd, UFFDIO_API, &api))
		die("userfaultfd");
	watch(anon, PAGES * PAGE, ANON_MODES);
	watch(shared, PAGES * PAGE, SHARED_MODES);
	epoll_fd = epoll_create1(O_CLOEXEC);
	event.data.fd = uffd;
	if (epoll_fd < 0 || epoll_ctl(epoll_fd, EPOLL_CTL_ADD, uffd, &event))
		die("epoll");
}

/* Nobody changes the layout any more: a fill must not be told that somebody does. */
static void check_quiet(void)
{
	struct uffdio_zeropage zero = {.range = {(unsigned long)anon, PAGE}};

	if (ioctl(uffd, UFFDIO_ZEROPAGE, &zero) && errno != EEXIST)
		die("an event never ended");
	close(uffd);
	for (unsigned int page = 0; page < 2 * PAGES; page++) {
		check_magic(page, words_of(page)[0]);
		words_of(page)[0] = 1;
	}
}

int main(int argc, char **argv)
{
	uint64_t random = argc > 2 ? strtoull(argv[2], NULL, 0) : 1;
	pthread_t monitors[MONITORS];

	deadline = time(NULL) + (argc > 1 ? atoi(argv[1]) : 2);
	set_up();
	for (uintptr_t i = 0; i < MONITORS; i++)
		if (pthread_create(&monitors[i], NULL, monitor, (void *)i))
			die("pthread_create");
	for (int i = 0; i < TOUCHERS; i++) {
		touchers[i].number = i;
		touchers[i].random = random + i;
		if (pthread_create(&touchers[i].thread, NULL, toucher, &touchers[i]))
			die("pthread_create");
	}
	while (time(NULL) < deadline)
		for (int i = 0; i < 20; i++)
			step(&random);
	stop_touching = 1;
	for (int i = 0; i < TOUCHERS; i++)
		pthread_join(touchers[i].thread, NULL);
	stop_monitors = 1;
	for (int i = 0; i < MONITORS; i++)
		pthread_join(monitors[i], NULL);
	check_quiet();
	puts("uffd_stress: good");
	return 0;
}
