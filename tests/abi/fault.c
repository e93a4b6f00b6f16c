// SPDX-License-Identifier: MIT
/*
 * tests/abi/fault.c - page faults and the signals they give (docs/contract/mmap.md, section 10).
 */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "lib/fault.h"
#include "lib/maps.h"
#include "lib/sys.h"
#include "lib/test.h"

/* One fault with everything the kernel told of it. */
static void expect_error(const char *addr, enum access how, int code, unsigned long error)
{
	struct fault fault = try_access(addr, how);

	EXPECT_EQ(fault.signal, SIGSEGV);
	EXPECT_EQ(fault.code, code);
	EXPECT_EQ(fault.addr, addr);
	EXPECT_EQ(fault.cr2, addr);
	EXPECT_EQ(fault.trap, 14);
	EXPECT_EQ(fault.error, error);
}

TEST("FLT-1,FLT-11", "the error codes that a handler sees")
{
	char *none = map_private(1, PROT_NONE), *rw = map_private(1, RW);
	char *ro = map_private(2, PROT_READ), *hole = free_range(1);

	expect_error(hole + 1, READ, SEGV_MAPERR, 0x4);
	expect_error(hole + 2, WRITE, SEGV_MAPERR, 0x6);
	expect_error(hole + 3, EXEC, SEGV_MAPERR, 0x14);
	expect_error(none + 4, READ, SEGV_ACCERR, 0x4);
	expect_error(none + 5, WRITE, SEGV_ACCERR, 0x6);
	expect_error(none + 6, EXEC, SEGV_ACCERR, 0x14);
	EXPECT_EQ(ro[0], 0);
	expect_error(ro + 7, WRITE, SEGV_ACCERR, 0x7); /* present */
	expect_error(ro + PAGE + 8, WRITE, SEGV_ACCERR, 0x6);
	rw[0] = 1;
	expect_error(rw + 9, EXEC, SEGV_ACCERR, 0x15);
	EXPECT_OK(raw_mprotect(rw, PAGE, PROT_NONE)); /* with a page behind it */
	expect_error(rw + 10, READ, SEGV_ACCERR, 0x4);
	expect_error(rw + 11, EXEC, SEGV_ACCERR, 0x14);
}

TEST("FLT-2,FLT-4", "where nothing is mapped the code is MAPERR")
{
	char *p = map_private(3, RW);

	EXPECT_OK(raw_munmap(p + PAGE, PAGE));
	EXPECT_SEGV(p + PAGE, READ, SEGV_MAPERR);
	EXPECT_SEGV(p + 2 * PAGE - 1, WRITE, SEGV_MAPERR);
	EXPECT_SEGV((char *)0, READ, SEGV_MAPERR);
	EXPECT_SEGV((char *)8, WRITE, SEGV_MAPERR);
	EXPECT_SEGV((char *)0x10000, EXEC, SEGV_MAPERR);
	EXPECT_ACCESS(p + PAGE - 1, WRITE);
	EXPECT_ACCESS(p + 2 * PAGE, WRITE);
}

TEST("FLT-3,FLT-5", "where the access is not allowed the code is ACCERR")
{
	char *none = map_private(1, PROT_NONE), *ro = map_private(1, PROT_READ);
	char *rw = map_private(1, RW);

	EXPECT_SEGV(none + 1, READ, SEGV_ACCERR);
	EXPECT_SEGV(none + 2, WRITE, SEGV_ACCERR);
	EXPECT_SEGV(ro + 3, WRITE, SEGV_ACCERR);
	EXPECT_SEGV(ro + 4, EXEC, SEGV_ACCERR);
	EXPECT_SEGV(rw + 5, EXEC, SEGV_ACCERR);
	EXPECT_ACCESS(ro, READ);
	EXPECT_ACCESS(rw, WRITE);
}

static void read_word(void *addr)
{
	(void)*(volatile long *)addr;
}

TEST("FLT-6", "the address is the exact byte, for an access across pages the first bad one")
{
	char *p = map_private(2, RW);
	struct fault fault;

	EXPECT_OK(raw_munmap(p + PAGE, PAGE));
	for (int i = 0; i < 4096; i += 511)
		EXPECT_SEGV(p + PAGE + i, READ, SEGV_MAPERR);
	fault = try_call(read_word, p + PAGE - 3); /* five of eight bytes are missing */
	EXPECT_EQ(fault.signal, SIGSEGV);
	EXPECT_EQ(fault.addr, p + PAGE);
}

TEST("FLT-7,FILE-3", "beyond the end of an object it is SIGBUS with ADRERR")
{
	int fd = temp_file(PAGE + 100);
	char *shared = (char *)EXPECT_OK(raw_mmap(0, 4 * PAGE, RW, MAP_SHARED, fd, 0));
	char *private = (char *)EXPECT_OK(raw_mmap(0, 4 * PAGE, RW, MAP_PRIVATE, fd, 0));

	EXPECT_ACCESS(shared + 2 * PAGE - 1, READ);
	EXPECT_BUS(shared + 2 * PAGE, READ);
	EXPECT_BUS(shared + 3 * PAGE + 77, WRITE);
	EXPECT_BUS(private + 2 * PAGE + 1, READ);
	EXPECT_BUS(private + 2 * PAGE + 2, WRITE);
	EXPECT_ACCESS(private + PAGE + 200, WRITE);
}

TEST("FLT-8", "a kernel address is MAPERR with the present bit set")
{
	static const unsigned long addrs[] = {0xffff888000000000, 0xffffffff80000000,
					      0xffffea0000000008, TASK_SIZE};

	for (size_t i = 0; i < sizeof(addrs) / sizeof(addrs[0]); i++) {
		expect_error((char *)addrs[i], READ, SEGV_MAPERR, 0x5);
		expect_error((char *)addrs[i], WRITE, SEGV_MAPERR, 0x7);
	}
}

TEST("FLT-9,LAY-10", "a non-canonical address is a general protection fault")
{
	static const unsigned long addrs[] = {1UL << 47, 1UL << 62, 0xffff7ffffffffff8};

	for (size_t i = 0; i < sizeof(addrs) / sizeof(addrs[0]); i++) {
		struct fault fault = try_access((char *)addrs[i], READ);

		EXPECT_EQ(fault.signal, SIGSEGV);
		EXPECT_EQ(fault.code, SI_KERNEL);
		EXPECT_EQ(fault.addr, 0);
		EXPECT_EQ(fault.trap, 13);
	}
}

static siginfo_t seen;

static void keep(int signal, siginfo_t *info, void *context)
{
	memcpy(&seen, info, sizeof(seen));
	EXPECT_OK(raw_mprotect((unsigned long)info->si_addr & -PAGE, PAGE, RW));
}

TEST("FLT-10", "the siginfo has its fields where Linux has them, and the access is repeated")
{
	struct sigaction action = {.sa_sigaction = keep, .sa_flags = SA_SIGINFO};
	char *p = map_private(1, PROT_READ);
	int word[4];

	sigaction(SIGSEGV, &action, NULL);
	p[123] = 'w';
	EXPECT_EQ(p[123], 'w');
	memcpy(word, &seen, sizeof(word));
	EXPECT_EQ(word[0], SIGSEGV);
	EXPECT_EQ(word[1], 0);
	EXPECT_EQ(word[2], SEGV_ACCERR);
	EXPECT_EQ(*(long *)((char *)&seen + 16), p + 123);
}

TEST("FLT-12", "a fault whose signal is blocked or ignored kills the task")
{
	for (int how = 0; how < 2; how++) {
		int fd = temp_file(0);
		char *file = (char *)EXPECT_OK(raw_mmap(0, PAGE, RW, MAP_SHARED, fd, 0));
		char *none = map_private(1, PROT_NONE);
		pid_t pid = test_fork(), other = pid ? test_fork() : 0;
		bool first = pid == 0;

		if (pid == 0 || other == 0) {
			int number = first ? SIGSEGV : SIGBUS;
			sigset_t set;

			sigemptyset(&set);
			sigaddset(&set, number);
			if (how == 0)
				sigprocmask(SIG_BLOCK, &set, NULL);
			else
				signal(number, SIG_IGN);
			*(volatile char *)(first ? none : file) = 1;
			_exit(0);
		}
		EXPECT_KILLED(pid, SIGSEGV);
		EXPECT_KILLED(other, SIGBUS);
	}
}

TEST("FLT-13", "a copy that meets a bad page is cut short there, or EFAULT")
{
	char *p = map_private(2, RW), *q;
	int ends[2], fd = temp_file(PAGE);
	char byte;

	EXPECT_OK(raw_munmap(p + PAGE, PAGE));
	EXPECT_OK(raw(SYS_pipe, ends));
	memset(p, 'c', PAGE);
	EXPECT_EQ(raw_pwrite(fd, p + PAGE - 100, 200, 0), 100);
	EXPECT_EQ(raw_pread(fd, p + PAGE - 50, 100, 0), 50);
	EXPECT_ERR(raw_pwrite(fd, p + PAGE, 10, 0), EFAULT);
	EXPECT_ERR(raw_pread(fd, p + PAGE, 10, 0), EFAULT);
	/* Beyond the end of a file it is EFAULT as well, not SIGBUS. */
	q = (char *)EXPECT_OK(raw_mmap(0, 2 * PAGE, RW, MAP_SHARED, temp_file(PAGE), 0));
	EXPECT_ERR(raw_write(ends[1], q + PAGE, 1), EFAULT);
	EXPECT_ERR(raw_pread(fd, q + PAGE, 1, 0), EFAULT);
	EXPECT_EQ(raw_write(ends[1], q + PAGE - 1, 1), 1);
	EXPECT_EQ(raw_read(ends[0], &byte, 1), 1);
}

TEST("FLT-13", "the kernel's own accesses fault pages in, and copy private ones")
{
	char *p = map_private(3, RW), *q;
	int fd = temp_file(2 * PAGE);
	char byte;

	EXPECT_EQ(raw_pread(fd, p + 10, 2 * PAGE - 20, 0), 2 * PAGE - 20);
	EXPECT_EQ((unsigned char)p[10 + PAGE], file_byte(PAGE));
	q = (char *)EXPECT_OK(raw_mmap(0, PAGE, RW, MAP_PRIVATE, fd, 0));
	EXPECT_EQ((unsigned char)q[0], file_byte(0));
	EXPECT_EQ(raw_pread(fd, q, 1, 1), 1);
	EXPECT_EQ((unsigned char)q[0], file_byte(1));
	EXPECT_EQ(raw_pread(fd, &byte, 1, 0), 1);
	EXPECT_EQ((unsigned char)byte, file_byte(0));
}

TEST("FLT-14", "reading fresh private memory maps the zero page, which is not counted")
{
	char *p = map_private(4, RW);
	long before = rss_pages("VmRSS");

	for (int i = 0; i < 4; i++)
		EXPECT_EQ(p[i * PAGE + i], 0);
	EXPECT_STR(resident(p, 4), "1111");
	EXPECT_EQ(rss_pages("VmRSS"), before);
	p[PAGE] = 1;
	EXPECT_EQ(rss_pages("VmRSS"), before + 1);
	EXPECT_EQ(p[PAGE + 1], 0);
	EXPECT_EQ(p[2 * PAGE], 0);
}

TEST("FLT-14,PROC-13", "in pagemap the zero page is present, neither exclusive nor of a file")
{
	char *p = map_private(2, RW);
	uint64_t word;

	EXPECT_EQ(p[0], 0);
	word = pagemap(p);
	EXPECT(word & PM_PRESENT);
	EXPECT(!(word & (PM_EXCLUSIVE | PM_FILE | PM_SWAP)));
	p[0] = 1;
	word = pagemap(p);
	EXPECT(word & PM_EXCLUSIVE);
	EXPECT(!(word & PM_FILE));
	EXPECT(!(pagemap(p + PAGE) & PM_PRESENT));
}

TEST("FLT-15", "writing fresh private memory takes one zeroed page, counted as anonymous")
{
	char *p = map_private(4, RW);
	long before = rss_pages("RssAnon");

	p[7] = 1;
	EXPECT_EQ(rss_pages("RssAnon"), before + 1);
	for (int i = 0; i < (int)PAGE; i++)
		EXPECT_EQ(p[i], i == 7);
	p[8] = 1;
	EXPECT_EQ(rss_pages("RssAnon"), before + 1);
	p[3 * PAGE] = 1;
	EXPECT_EQ(rss_pages("RssAnon"), before + 2);
	EXPECT_STR(resident(p, 4), "1001");
}

TEST("FLT-16", "shared anonymous memory takes pages of its object, counted as shmem")
{
	char *p = map_shared(4, RW);
	long before = rss_pages("RssShmem"), anon = rss_pages("RssAnon");

	EXPECT_EQ(p[0], 0);
	EXPECT_EQ(rss_pages("RssShmem"), before + 1);
	p[PAGE] = 1;
	EXPECT_EQ(rss_pages("RssShmem"), before + 2);
	EXPECT_EQ(rss_pages("RssAnon"), anon);
}

/* Pages of a file on tmpfs count as shmem, of other files as file. */
static long rss_cache(void)
{
	return rss_pages("RssShmem") + rss_pages("RssFile");
}

TEST("FLT-17", "a private file page is the cache's until it is written")
{
	int fd = temp_file(PAGE);
	char *p = (char *)EXPECT_OK(raw_mmap(0, PAGE, RW, MAP_PRIVATE, fd, 0));
	long cache = rss_cache(), anon = rss_pages("RssAnon");

	EXPECT_EQ((unsigned char)p[1], file_byte(1));
	EXPECT_EQ(rss_cache(), cache + 1);
	EXPECT_EQ(raw_pwrite(fd, "!", 1, 0), 1);
	EXPECT_EQ(p[0], '!'); /* still the same page */
	p[2] = '?';
	EXPECT_EQ(rss_cache(), cache);
	EXPECT_EQ(rss_pages("RssAnon"), anon + 1);
	EXPECT_EQ(raw_pwrite(fd, "+", 1, 0), 1);
	EXPECT_EQ(p[0], '!');
}

TEST("FLT-18,FILE-1", "a store to a shared page is in the file and in other mappings at once")
{
	int fd = temp_file(PAGE);
	char *p = (char *)EXPECT_OK(raw_mmap(0, PAGE, RW, MAP_SHARED, fd, 0));
	char *q = (char *)EXPECT_OK(raw_mmap(0, PAGE, PROT_READ, MAP_SHARED, fd, 0));
	char *r = (char *)EXPECT_OK(raw_mmap(0, PAGE, PROT_READ, MAP_PRIVATE, fd, 0));
	char byte;

	for (int i = 0; i < 10; i++) {
		p[i] = '0' + i;
		EXPECT_EQ(raw_pread(fd, &byte, 1, i), 1);
		EXPECT_EQ(byte, '0' + i);
		EXPECT_EQ(q[i], '0' + i);
		EXPECT_EQ(r[i], '0' + i);
	}
}

TEST("FLT-20", "each fault of a page counts as a minor one")
{
	char *p = map_private(64, RW);
	struct rusage before, after;

	EXPECT_OK(raw(SYS_getrusage, RUSAGE_SELF, &before));
	for (int i = 0; i < 64; i++)
		p[i * PAGE] = 1;
	EXPECT_OK(raw(SYS_getrusage, RUSAGE_SELF, &after));
	EXPECT(after.ru_minflt - before.ru_minflt >= 64);
	EXPECT(after.ru_minflt - before.ru_minflt <= 72);
	EXPECT_EQ(after.ru_majflt, before.ru_majflt);
}

enum { RACE_PAGES = 64, RACERS = 3 };

struct racer {
	volatile char *area;
	volatile int *round; /* the race that is on */
	int rounds;
	int number;
};

static void *race_thread(void *argument)
{
	struct racer *racer = argument;

	for (int round = 1; round <= racer->rounds; round++) {
		while (*racer->round < round)
			raw(SYS_sched_yield);
		for (int i = 0; i < RACE_PAGES; i++)
			racer->area[i * PAGE + racer->number] = round;
		__atomic_add_fetch(&racer->round[1], 1, __ATOMIC_SEQ_CST);
	}
	return NULL;
}

static void race(char *area, int rounds, long (*prepare)(char *area))
{
	volatile int state[2] = {0, 0}; /* the round, how many are done with it */
	struct racer racers[RACERS];
	struct thread threads[RACERS];

	for (int i = 0; i < RACERS; i++) {
		racers[i] = (struct racer){area, state, rounds, i};
		threads[i] = thread_start(race_thread, &racers[i]);
	}
	for (int round = 1; round <= rounds; round++) {
		EXPECT_OK(prepare(area));
		state[1] = 0;
		__atomic_store_n(&state[0], round, __ATOMIC_SEQ_CST);
		while (__atomic_load_n(&state[1], __ATOMIC_SEQ_CST) < RACERS)
			raw(SYS_sched_yield);
		for (int i = 0; i < RACE_PAGES; i++)
			for (int j = 0; j < RACERS; j++)
				EXPECT_EQ(area[i * PAGE + j], round);
	}
	for (int i = 0; i < RACERS; i++)
		thread_join(threads[i]);
}

static long drop(char *area)
{
	return raw_madvise(area, RACE_PAGES * PAGE, MADV_DONTNEED);
}

static long share(char *area)
{
	long pid = raw(SYS_fork);

	if (pid == 0)
		raw(SYS_exit_group, area[0] & 0);
	return pid < 0 ? pid : raw(SYS_wait4, pid, NULL, 0, NULL);
}

static long protect(char *area)
{
	long error = raw_mprotect(area, RACE_PAGES * PAGE, PROT_READ);

	return error ? error : raw_mprotect(area, RACE_PAGES * PAGE, RW);
}

TEST("FLT-19,FLT-23", "threads that fault the same fresh pages get the same ones")
{
	char *p = map_alone(RACE_PAGES, RW);
	long before = smaps_value(p, "Rss");

	race(p, 20, drop);
	EXPECT_EQ(smaps_value(p, "Rss"), before + RACE_PAGES * 4);
	EXPECT_OK(drop(p));
	EXPECT_EQ(smaps_value(p, "Rss"), before);
}

TEST("FLT-19,FLT-23", "threads that fault the same shared pages get the same ones")
{
	char *p = map_shared(RACE_PAGES, RW);

	race(p, 20, drop);
	EXPECT_EQ(smaps_value(p, "Rss"), RACE_PAGES * 4);
}

TEST("FLT-19,FLT-23,TLB-3", "threads that break copy-on-write together lose no store")
{
	char *p = map_alone(RACE_PAGES, RW);

	memset(p, 0, RACE_PAGES * PAGE);
	race(p, 12, share);
	EXPECT_EQ(smaps_value(p, "Rss"), RACE_PAGES * 4);
}

TEST("FLT-19", "threads that find their right restored go on without a signal")
{
	char *p = map_alone(RACE_PAGES, RW);

	memset(p, 0, RACE_PAGES * PAGE);
	race(p, 20, protect);
}

struct toggler {
	char *page;
	volatile int stop;
	volatile long reads, faults;
};

static void read_page(void *argument)
{
	struct toggler *toggler = argument;

	if (*(volatile char *)toggler->page != 'v')
		FAIL("the page lost its contents");
	toggler->reads++;
}

static void *toggler_thread(void *argument)
{
	struct toggler *toggler = argument;

	while (!toggler->stop) {
		struct fault fault = try_call(read_page, toggler);

		if (!fault.signal)
			continue;
		EXPECT_EQ(fault.signal, SIGSEGV);
		EXPECT_EQ(fault.code, SEGV_ACCERR);
		EXPECT_EQ(fault.addr, toggler->page);
		toggler->faults++;
	}
	return NULL;
}

TEST("FLT-24", "a fault that races with mprotect is granted or refused, never wrong")
{
	struct toggler toggler = {.page = map_private(1, RW)};
	struct thread thread;

	toggler.page[0] = 'v';
	thread = thread_start(toggler_thread, &toggler);
	for (int i = 0; i < 500 || toggler.reads < 20 || toggler.faults < 20; i++) {
		EXPECT_OK(raw_mprotect(toggler.page, PAGE, i % 2 ? RW : PROT_NONE));
		if (i % 4 < 2)
			raw(SYS_sched_yield);
	}
	toggler.stop = 1;
	thread_join(thread);
}
