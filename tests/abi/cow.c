// SPDX-License-Identifier: MIT
/*
 * tests/abi/cow.c - copy-on-write (docs/contract/fork.md, section 6).
 *
 * Frames are compared by their numbers in pagemap, which root may read.
 */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "lib/fault.h"
#include "lib/maps.h"
#include "lib/sys.h"
#include "lib/task.h"
#include "lib/test.h"

/* The frame at addr, 0 when there is none; skips the test where frame numbers are hidden. */
static uint64_t frame(const void *addr)
{
	uint64_t word = pagemap(addr);

	if ((word & PM_PRESENT) && !PM_PFN(word))
		SKIP("pagemap hides frame numbers");
	return word & PM_PRESENT ? PM_PFN(word) : 0;
}

TEST("COW-1", "what has no anonymous pages is not copied but faulted in again")
{
	int fd = temp_file(4 * PAGE);
	char *file = (char *)EXPECT_OK(raw_mmap(0, 4 * PAGE, RW, MAP_PRIVATE, fd, 0));
	char *shared = map_shared(4, RW), *anon = map_private(4, RW);

	for (size_t i = 0; i < 4; i++) {
		EXPECT_EQ((unsigned char)file[i * PAGE], file_byte(i * PAGE));
		shared[i * PAGE] = 's';
	}
	anon[0] = 'a';
	IN_CHILD({
		EXPECT_EQ(pagemap(file) & PM_PRESENT, 0);
		EXPECT_EQ(pagemap(shared) & PM_PRESENT, 0);
		EXPECT(pagemap(anon) & PM_PRESENT);
		EXPECT_EQ(pagemap(anon + PAGE) & PM_PRESENT, 0);
		for (size_t i = 0; i < 4; i++) {
			EXPECT_EQ((unsigned char)file[i * PAGE], file_byte(i * PAGE));
			EXPECT_EQ(shared[i * PAGE], 's');
		}
	});
}

TEST("COW-2,COW-18,COW-7", "pages are shared: counted in both, exclusive to neither")
{
	char *p = map_alone(32, RW);
	struct gate go = gate_new(), ready = gate_new();
	long rss;
	pid_t pid;

	memset(p, 'x', 32 * PAGE);
	rss = rss_pages("RssAnon");
	pid = test_fork();
	if (pid == 0) {
		EXPECT(rss_pages("RssAnon") >= 32);
		EXPECT(rss_pages("RssAnon") <= rss + 8);
		gate_open(&ready);
		gate_pass(&go);
		_exit(0);
	}
	gate_pass(&ready);
	EXPECT(rss_pages("RssAnon") >= rss && rss_pages("RssAnon") <= rss + 8);
	for (int i = 0; i < 32; i++)
		EXPECT_EQ(pagemap(p + i * PAGE) & PM_EXCLUSIVE, 0);
	EXPECT_EQ(smaps_value(p, "Pss"), 64);
	gate_open(&go);
	EXPECT_EXIT(pid, 0);
	for (int i = 0; i < 32; i++)
		EXPECT(pagemap(p + i * PAGE) & PM_EXCLUSIVE);
}

TEST("COW-3", "copied entries are not marked accessed")
{
	char *p = map_alone(8, RW);

	memset(p, 'x', 8 * PAGE);
	EXPECT_EQ(smaps_value(p, "Referenced"), 32);
	IN_CHILD({
		EXPECT_EQ(smaps_value(p, "Rss"), 32);
		EXPECT_EQ(smaps_value(p, "Referenced"), 0);
		p[PAGE] = 1;
		EXPECT_EQ(smaps_value(p, "Referenced"), 4);
	});
}

TEST("COW-4", "stores after fork are seen by their own side only")
{
	char *p = map_private(4, RW);
	struct gate wrote = gate_new(), go = gate_new();
	pid_t pid;

	memset(p, 'o', 4 * PAGE);
	pid = test_fork();
	if (pid == 0) {
		p[0] = 'c';
		p[PAGE + 5] = 'c';
		gate_open(&wrote);
		gate_pass(&go);
		EXPECT_EQ(p[0], 'c');
		EXPECT_EQ(p[1], 'o');
		EXPECT_EQ(p[2 * PAGE], 'o');
		EXPECT_EQ(p[PAGE], 'o');
		_exit(0);
	}
	gate_pass(&wrote);
	EXPECT_EQ(p[0], 'o');
	EXPECT_EQ(p[PAGE + 5], 'o');
	p[1] = p[2 * PAGE] = p[PAGE] = 'p';
	gate_open(&go);
	EXPECT_EXIT(pid, 0);
	EXPECT_EQ(p[0], 'o');
	EXPECT_EQ(p[1], 'p');
}

TEST("COW-5", "whoever writes first moves, the other keeps the frame and reuses it")
{
	char *p = map_private(2, RW);
	struct gate wrote = gate_new(), go = gate_new();
	uint64_t old, old2;
	pid_t pid;

	p[0] = p[PAGE] = 'o';
	old = frame(p);
	old2 = frame(p + PAGE);
	pid = test_fork();
	if (pid == 0) {
		p[PAGE] = 'c';
		EXPECT(frame(p + PAGE) != old2);
		gate_open(&wrote);
		gate_pass(&go);
		EXPECT_EQ(frame(p), old);
		EXPECT_EQ(p[0], 'o');
		p[0] = 'd';
		EXPECT_EQ(frame(p), old);
		_exit(0);
	}
	gate_pass(&wrote);
	EXPECT_EQ(frame(p + PAGE), old2);
	p[0] = 'p';
	EXPECT(frame(p) != old);
	p[PAGE] = 'q';
	EXPECT_EQ(frame(p + PAGE), old2);
	gate_open(&go);
	EXPECT_EXIT(pid, 0);
	EXPECT_EQ(p[0], 'p');
	EXPECT_EQ(p[PAGE], 'q');
}

/* How the child gives the page up: 0 by ending. */
static void give_up(int how, char *p)
{
	if (how == 1)
		EXPECT_OK(raw_munmap(p, PAGE));
	else if (how == 2)
		p[0] = 'c';
	else if (how == 3)
		EXPECT_OK(raw_madvise(p, PAGE, MADV_DONTNEED));
}

TEST("COW-6,COW-7", "when the sharer is gone the frame is written in place")
{
	for (int how = 0; how < 4; how++) {
		struct gate done = gate_new(), go = gate_new();
		char *p = map_private(1, RW);
		uint64_t old;
		pid_t pid;

		p[0] = 'o';
		old = frame(p);
		pid = test_fork();
		if (pid == 0) {
			give_up(how, p);
			gate_open(&done);
			if (how)
				gate_pass(&go);
			_exit(0);
		}
		gate_pass(&done);
		if (!how)
			EXPECT_EXIT(pid, 0);
		p[0] = 'p';
		EXPECT_EQ(frame(p), old);
		EXPECT(pagemap(p) & PM_EXCLUSIVE);
		gate_open(&go);
		if (how)
			EXPECT_EXIT(pid, 0);
	}
}

int test_child(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	EXPECT_EQ(raw_write(9, "o", 1), 1);
	EXPECT_EQ(raw_read(8, argv[0], 1), 1);
	return 0;
}

TEST("COW-6,INH-2", "when the sharer has executed another program the frame is written in place")
{
	static const char *const words[] = {"wait", NULL};
	struct gate done = gate_new(), go = gate_new();
	char *p = map_private(1, RW);
	uint64_t old;
	pid_t pid;

	p[0] = 'o';
	old = frame(p);
	pid = test_fork();
	if (pid == 0) {
		EXPECT_OK(raw(SYS_dup2, done.in, 9));
		EXPECT_OK(raw(SYS_dup2, go.out, 8));
		test_exec(words);
	}
	gate_pass(&done);
	p[0] = 'p';
	EXPECT_EQ(frame(p), old);
	gate_open(&go);
	EXPECT_EXIT(pid, 0);
}

TEST("COW-8", "the zero page is shared, a store takes memory in the writer only")
{
	char *p = map_private(4, RW);
	long rss;

	EXPECT_EQ(p[0] + p[PAGE] + p[2 * PAGE], 0);
	rss = rss_pages("RssAnon");
	IN_CHILD({
		EXPECT_EQ(p[PAGE], 0);
		long mine = rss_pages("RssAnon");
		p[PAGE] = 'c';
		EXPECT_EQ(rss_pages("RssAnon"), mine + 1);
	});
	EXPECT_EQ(p[PAGE], 0);
	EXPECT_EQ(rss_pages("RssAnon"), rss);
	p[0] = 'p';
	EXPECT_EQ(rss_pages("RssAnon"), rss + 1);
	EXPECT_EQ(p[2 * PAGE], 0);
}

TEST("COW-9", "a private file page is copied for the writer, the file is unchanged")
{
	int fd = temp_file(2 * PAGE);
	char *p = (char *)EXPECT_OK(raw_mmap(0, 2 * PAGE, RW, MAP_PRIVATE, fd, 0)), byte;
	char *view = (char *)EXPECT_OK(raw_mmap(0, 2 * PAGE, PROT_READ, MAP_SHARED, fd, 0));
	uint64_t cache;

	EXPECT_EQ((unsigned char)p[0], file_byte(0));
	EXPECT_EQ((unsigned char)view[0], file_byte(0));
	cache = frame(view);
	EXPECT_EQ(frame(p), cache);
	IN_CHILD({
		EXPECT_EQ((unsigned char)p[1], file_byte(1));
		EXPECT_EQ(frame(p), cache);
		p[0] = '!';
		EXPECT(frame(p) != cache);
		EXPECT_EQ((unsigned char)p[1], file_byte(1));
	});
	EXPECT_EQ(frame(p), cache);
	EXPECT_EQ((unsigned char)p[0], file_byte(0));
	EXPECT_EQ(raw_pread(fd, &byte, 1, 0), 1);
	EXPECT_EQ((unsigned char)byte, file_byte(0));
}

TEST("COW-11",
     "memory made read-only after it was written is shared, and copied when written again")
{
	char *p = map_private(2, RW);
	uint64_t old;

	p[0] = p[PAGE] = 'o';
	old = frame(p);
	EXPECT_OK(raw_mprotect(p, 2 * PAGE, PROT_READ));
	IN_CHILD({
		EXPECT_SEGV(p, WRITE, SEGV_ACCERR);
		EXPECT_EQ(frame(p), old);
		EXPECT_OK(raw_mprotect(p, PAGE, RW));
		p[0] = 'c';
		EXPECT(frame(p) != old);
		EXPECT_EQ(p[1], 0);
	});
	EXPECT_EQ(p[0], 'o');
	EXPECT_EQ(frame(p), old);
}

static void chain(char *p, int depth)
{
	for (int i = 0; i < depth; i++)
		EXPECT_EQ(p[i * PAGE], 'A' + i);
	for (int i = depth; i < 8; i++)
		EXPECT_EQ(p[i * PAGE], '-');
	if (depth == 8)
		return;
	p[depth * PAGE] = 'A' + depth;
	IN_CHILD({ chain(p, depth + 1); });
	for (int i = depth + 1; i < 8; i++)
		EXPECT_EQ(p[i * PAGE], '-');
	p[7 * PAGE] = '-';
}

TEST("COW-12", "each generation of a chain has its own contents")
{
	char *p = map_private(8, RW);

	for (int i = 0; i < 8; i++)
		p[i * PAGE] = '-';
	chain(p, 0);
}

TEST("COW-12", "frames go when the last of a chain has ended, and not before")
{
	size_t pages = 4096;
	char *p = map_private(pages, RW);
	struct gate go = gate_new(), first = gate_new();
	long before, after;
	pid_t pid;

	free_memory();
	before = free_memory();
	memset(p, 'x', pages * PAGE);
	pid = test_fork();
	if (pid == 0) {
		pid_t grandchild = test_fork();

		if (grandchild == 0) {
			gate_open(&first);
			gate_pass(&go);
			for (size_t i = 0; i < pages; i++)
				EXPECT_EQ(p[i * PAGE + 7], 'x');
			_exit(0);
		}
		EXPECT_EXIT(grandchild, 0);
		_exit(0);
	}
	gate_pass(&first);
	EXPECT_OK(raw_munmap(p, pages * PAGE));
	EXPECT(free_memory() < before - 12288);
	gate_open(&go);
	EXPECT_EXIT(pid, 0);
	for (int i = 0; (after = free_memory()) < before - 2048 && i < 1000; i++)
		doze(1);
	EXPECT(after >= before - 2048);
}

static char *signal_page;

static void on_signal(int signal)
{
	signal_page[0] = signal;
}

static int end(void *argument)
{
	(void)argument;
	return 0;
}

TEST("COW-13", "the kernel's own stores break sharing like the program's")
{
	char *p = map_private(4, RW);
	int fd = temp_file(PAGE);
	uint64_t old;
	struct clone_words words = {p + PAGE, NULL, 0};

	memset(p, 'o', 4 * PAGE);
	old = frame(p);
	IN_CHILD({
		long pid;

		EXPECT_EQ(raw_pread(fd, p, 100, 0), 100);
		EXPECT_EQ((unsigned char)p[0], file_byte(0));
		EXPECT_EQ(p[100], 'o');
		EXPECT(frame(p) != old);
		pid = clone_task(CLONE_PARENT_SETTID | CLONE_VM | SIGCHLD, &words, end, NULL);
		wait_status(pid);
		EXPECT_EQ(*(int *)(p + PAGE), pid);
	});
	EXPECT_EQ(frame(p), old);
	EXPECT_EQ(p[0], 'o');
	EXPECT_EQ(p[PAGE], 'o');
}

TEST("COW-13", "a signal frame on a shared stack is the receiver's alone")
{
	char *p = map_private(8, RW);
	stack_t stack = {.ss_sp = p, .ss_size = 8 * PAGE};
	struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_ONSTACK};
	size_t changed;

	memset(p, 'o', 8 * PAGE);
	signal_page = map_private(1, RW);
	EXPECT_EQ(sigaltstack(&stack, NULL), 0);
	EXPECT_EQ(sigaction(SIGUSR1, &action, NULL), 0);
	IN_CHILD({
		EXPECT_EQ(raw_kill(getpid(), SIGUSR1), 0);
		EXPECT_EQ(signal_page[0], SIGUSR1);
		for (changed = 0; changed < 8 * PAGE && p[changed] == 'o'; changed++)
			;
		EXPECT(changed < 8 * PAGE - 500);
	});
	for (size_t i = 0; i < 8 * PAGE; i++)
		EXPECT_EQ(p[i], 'o');
}

struct race {
	char *p;
	volatile int *go;
	int id;
};

static void *race_write(void *argument)
{
	struct race *race = argument;

	while (!__atomic_load_n(race->go, __ATOMIC_ACQUIRE))
		raw(SYS_sched_yield);
	for (int i = 0; i < 64; i++)
		race->p[i * PAGE + race->id] = 'A' + race->id;
	return NULL;
}

TEST_SLOW("COW-16", "threads that write one shared page at once get one copy", 60)
{
	char *p = map_private(64, RW);

	memset(p, 'o', 64 * PAGE);
	for (int round = 0; round < 10; round++) {
		pid_t pid = test_fork();

		if (pid == 0) {
			volatile int go = 0;
			struct race race[4];
			struct thread thread[4];

			for (int i = 0; i < 4; i++) {
				race[i] = (struct race){p, &go, i};
				thread[i] = thread_start(race_write, &race[i]);
			}
			__atomic_store_n(&go, 1, __ATOMIC_RELEASE);
			for (int i = 0; i < 4; i++)
				thread_join(thread[i]);
			for (int i = 0; i < 64; i++) /* no store was lost in a second copy */
				EXPECT_EQ(memcmp(p + i * PAGE, "ABCDo", 5), 0);
			_exit(0);
		}
		EXPECT_EXIT(pid, 0);
	}
	for (size_t i = 0; i < 64 * PAGE; i++)
		EXPECT_EQ(p[i], 'o');
}

struct counter {
	volatile uint64_t *first, *second;
	volatile int stop;
};

/* first is always written before second: a snapshot has first == second or first == second + 1. */
static void *count(void *argument)
{
	struct counter *counter = argument;

	while (!counter->stop) {
		(*counter->first)++;
		__atomic_signal_fence(__ATOMIC_SEQ_CST);
		(*counter->second)++;
		__atomic_signal_fence(__ATOMIC_SEQ_CST);
	}
	return NULL;
}

TEST_SLOW("COW-17,DMP-9",
	  "a sibling's stores during fork are whole, in order, and frozen in the child", 60)
{
	char *p = map_private(9, RW);
	struct counter counter = {(uint64_t *)p, (uint64_t *)(p + 8 * PAGE), 0};
	struct thread thread;

	memset(p, 0, 9 * PAGE);
	thread = thread_start(count, &counter);
	for (int round = 0; round < 50; round++) {
		pid_t pid = test_fork();
		uint64_t after = *counter.first;

		if (pid == 0) {
			uint64_t first = *counter.first, second = *counter.second;

			EXPECT(first == second || first == second + 1);
			for (int i = 0; i < 3; i++) {
				raw(SYS_sched_yield);
				EXPECT_EQ(*counter.first, first);
				EXPECT_EQ(*counter.second, second);
			}
			_exit(0);
		}
		EXPECT_EXIT(pid, 0);
		while (*counter.first < after + 2) /* the sibling runs on */
			raw(SYS_sched_yield);
	}
	counter.stop = 1;
	thread_join(thread);
	EXPECT_EQ(*counter.first, *counter.second);
}

#define SOFT_DIRTY (1ULL << 55)

TEST("COW-15", "what is dirty since clear_refs is so in the child too")
{
	char *p = map_private(3, RW);
	int fd = EXPECT_OK(raw_open("/proc/self/clear_refs", O_WRONLY, 0));
	uint64_t marks[3];

	memset(p, 'x', 3 * PAGE);
	EXPECT_EQ(raw_write(fd, "4", 1), 1);
	p[PAGE] = 'y';
	for (int i = 0; i < 3; i++)
		marks[i] = pagemap(p + i * PAGE) & SOFT_DIRTY;
	if (marks[0] == marks[1])
		SKIP("soft-dirty is not tracked");
	EXPECT(marks[1] && !marks[2]);
	IN_CHILD({
		for (int i = 0; i < 3; i++)
			EXPECT_EQ(pagemap(p + i * PAGE) & SOFT_DIRTY, marks[i]);
	});
}
