// SPDX-License-Identifier: MIT
/*
 * tests/programs/stress.c - forks, faults, maps and exits from many processes and threads at once.
 *
 * stress [SECONDS [SEED]]: each of some processes has threads that share its address space; each
 * thread owns a window of it, maps, unmaps, protects, writes and checks pages there, forks children
 * that check and change their copy, and now and then one that execs. What a page must hold is kept
 * beside it, so that a page of another process, a stale translation or a lost copy shows up. Prints
 * `stress: good` at the end.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PAGE	  4096UL
#define WINDOW	  64 /* pages of a thread */
#define PROCESSES 3
#define THREADS	  3

struct window {
	uint64_t *page[WINDOW]; /* where each page is; the addresses never change */
	uint64_t want[WINDOW];	/* what its first and last word hold; 0: zero page */
	char mapped[WINDOW];
	char readonly[WINDOW];
	uint64_t random;
	int shared_fd;
	long operations;
};

static char *self;
static time_t deadline;

static void die(const char *what)
{
	char text[128];
	int n = snprintf(text, sizeof(text), "stress: failed: %s (%s)\n", what, strerror(errno));

	if (write(1, text, n) < 0)
		_exit(2);
	_exit(1);
}

static unsigned int below(struct window *w, unsigned int limit)
{
	w->random = w->random * 6364136223846793005ULL + 1442695040888963407ULL;
	return (w->random >> 33) % limit;
}

static void check(struct window *w, int i)
{
	if (!w->mapped[i])
		return;
	if (w->page[i][0] != w->want[i] || w->page[i][PAGE / 8 - 1] != w->want[i])
		die("a page holds something else than was written");
}

static void map_run(struct window *w, int from, int count)
{
	if (mmap(w->page[from], count * PAGE, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED) {
		if (errno != ENOMEM)
			die("mmap");
		return;
	}
	for (int i = from; i < from + count; i++) {
		w->mapped[i] = 1;
		w->readonly[i] = 0;
		w->want[i] = 0;
	}
}

/* The range stays ours: PROT_NONE, so that no other thread's mmap can land in it. */
static void unmap_run(struct window *w, int from, int count)
{
	for (int i = from; i < from + count; i++)
		check(w, i);
	if (mmap(w->page[from], count * PAGE, PROT_NONE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE, -1, 0) == MAP_FAILED) {
		if (errno != ENOMEM)
			die("mmap over");
		return;
	}
	memset(w->mapped + from, 0, count);
}

static void protect_run(struct window *w, int from, int count, int readonly)
{
	for (int i = from; i < from + count; i++) {
		if (!w->mapped[i])
			continue;
		if (mprotect(w->page[i], PAGE, readonly ? PROT_READ : PROT_READ | PROT_WRITE)) {
			if (errno != ENOMEM)
				die("mprotect");
			continue;
		}
		w->readonly[i] = readonly;
	}
}

static void write_run(struct window *w, int from, int count)
{
	for (int i = from; i < from + count; i++) {
		if (!w->mapped[i] || w->readonly[i])
			continue;
		check(w, i);
		w->want[i] = w->random ^ i;
		w->page[i][0] = w->want[i];
		w->page[i][PAGE / 8 - 1] = w->want[i];
	}
}

/* In the child of one of several threads: only calls that are safe there. */
static void child(struct window *w, int exec)
{
	char *argv[] = {self, "--exit", NULL}, *envp[] = {NULL};

	for (int i = 0; i < WINDOW; i++)
		check(w, i);
	write_run(w, 0, WINDOW);
	for (int i = 0; i < WINDOW; i++)
		check(w, i);
	if (exec) {
		execve(self, argv, envp);
		die("execve");
	}
	_exit(7);
}

static void fork_child(struct window *w)
{
	int exec = below(w, 4) == 0, status;
	pid_t pid = fork();

	if (pid == 0)
		child(w, exec);
	if (pid < 0) {
		if (errno != EAGAIN && errno != ENOMEM)
			die("fork");
		return;
	}
	/* Break the sharing from this side while the child runs. */
	write_run(w, below(w, WINDOW / 2), WINDOW / 2);
	if (waitpid(pid, &status, 0) != pid)
		die("waitpid");
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 7)
		die("a child did not end well");
	for (int i = 0; i < WINDOW; i++)
		check(w, i);
}

/* A file page through two mappings and through read(2). */
static void share_file(struct window *w)
{
	uint64_t value = w->random, got = 0;
	uint64_t *one, *two;

	one = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, w->shared_fd, 0);
	two = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, w->shared_fd, 0);
	if (one == MAP_FAILED || two == MAP_FAILED)
		die("mmap of a file");
	one[5] = value;
	if (two[5] != value || pread(w->shared_fd, &got, 8, 40) != 8 || got != value)
		die("mappings of a file differ");
	munmap(one, PAGE);
	munmap(two, PAGE);
}

static void step(struct window *w)
{
	int from = below(w, WINDOW), count = 1 + below(w, WINDOW - from);

	switch (below(w, 16)) {
	case 0 ... 3:
		map_run(w, from, count);
		break;
	case 4 ... 5:
		unmap_run(w, from, count);
		break;
	case 6 ... 7:
		protect_run(w, from, count, below(w, 2));
		break;
	case 8 ... 13:
		write_run(w, from, count);
		break;
	case 14:
		share_file(w);
		break;
	default:
		fork_child(w);
	}
	w->operations++;
}

static void *thread(void *arg)
{
	char name[] = "/tmp/stressXXXXXX";
	struct window *w = arg;
	char *base = mmap(NULL, WINDOW * PAGE, PROT_NONE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (base == MAP_FAILED)
		die("mmap of a window");
	for (int i = 0; i < WINDOW; i++)
		w->page[i] = (uint64_t *)(base + i * PAGE);
	w->shared_fd = mkstemp(name);
	if (w->shared_fd < 0 || ftruncate(w->shared_fd, PAGE))
		die("a file");
	unlink(name);
	while (time(NULL) < deadline)
		for (int i = 0; i < 20; i++)
			step(w);
	munmap(base, WINDOW * PAGE);
	close(w->shared_fd);
	return NULL;
}

static void process(uint64_t seed)
{
	static struct window windows[THREADS];
	pthread_t threads[THREADS];
	long operations = 0;

	for (int i = 0; i < THREADS; i++) {
		windows[i].random = seed * 1000003 + i;
		if (pthread_create(&threads[i], NULL, thread, &windows[i]))
			die("pthread_create");
	}
	for (int i = 0; i < THREADS; i++) {
		pthread_join(threads[i], NULL);
		operations += windows[i].operations;
	}
	if (operations < 20)
		die("nearly nothing was done");
	_exit(0);
}

int main(int argc, char **argv)
{
	int seconds = argc > 1 ? atoi(argv[1]) : 2;
	uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 0) : 1;

	if (argc > 1 && !strcmp(argv[1], "--exit"))
		return 7;
	self = argv[0];
	deadline = time(NULL) + seconds;
	for (int i = 0; i < PROCESSES; i++) {
		pid_t pid = fork();

		if (pid == 0)
			process(seed + i);
		if (pid < 0)
			die("fork");
	}
	for (int i = 0; i < PROCESSES; i++) {
		int status;

		if (wait(&status) < 0 || status)
			die("a process did not end well");
	}
	puts("stress: good");
	return 0;
}
