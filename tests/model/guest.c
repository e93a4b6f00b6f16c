// SPDX-License-Identifier: MIT
/*
 * tests/model/guest.c - runs programs of the model on a booted kernel, and tells what it saw.
 *
 *	model-guest FIRST COUNT		one line a seed: a number made of the whole trace
 *	model-guest -v SEED		the trace itself, a line a step
 *	model-guest -f FILE		the same of a program in text form
 *
 * Two kernels that do the same print the same. A step's line has the process, the operation, its
 * result, and a digest of /proc/self/maps within the window, page by page: kernels merge areas
 * differently, which is not theirs to promise. At the end each process adds its counters, what its
 * pagemap says, and the bytes of its memory.
 *
 * The window begins at the heap, and everything around it is mapped without rights, so that the
 * addresses that the kernel chooses lie in it. Processes take turns: one word of shared memory says
 * whose turn it is.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include "program.h"

#define TASK_TOP    0x7ffffffff000UL
#define STACK_GAP   (256 * PAGE)
#define FIRST_FD    100
#define MADV_NODUMP 16

/* Shared by the processes of a program. */
static struct turns {
	unsigned int turn; /* whose it is; a futex */
	unsigned int step;
	bool alive[NR_PROCS], over;
	unsigned long hash;
} * turns;

static unsigned long window;
static struct program program;
static bool verbose;
static unsigned long around[2]; /* pages outside the window: all, data */
static int self;		/* the number of this process */

static __attribute__((noreturn)) void die(const char *why)
{
	dprintf(2, "model-guest: %s: %s\n", why, strerror(errno));
	_exit(99);
}

/* -errno as the kernel returns it. */
static long call(long nr, long a, long b, long c, long d, long e, long f)
{
	long ret = syscall(nr, a, b, c, d, e, f);

	return ret == -1 ? -errno : ret;
}

static void add(unsigned long value)
{
	turns->hash = (turns->hash ^ value) * 0x100000001b3UL;
}

/* ---- The window ------------------------------------------------------------------------------------ */

static char maps[256 * 1024]; /* the text of /proc/self/maps */

static void read_maps(void)
{
	int fd = open("/proc/self/maps", O_RDONLY);
	size_t n = 0;
	ssize_t got;

	if (fd < 0)
		die("/proc/self/maps");
	while ((got = read(fd, maps + n, sizeof(maps) - 1 - n)) > 0)
		n += got;
	close(fd);
	maps[n] = 0;
}

static void fill(unsigned long start, unsigned long end)
{
	const long flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE;

	if (start >= end)
		return;
	if (call(SYS_mmap, start, end - start, PROT_NONE, flags, -1, 0) != (long)start)
		die("cannot fill the address space");
	/* A flag that programs do not use at the window's ends, so that nothing merges with it. */
	call(SYS_madvise, start, end - start, MADV_NODUMP, 0, 0, 0);
}

/* Maps every hole but the window, and but the gap that the stack keeps below it. */
static void fill_around_window(void)
{
	unsigned long done = 0x10000;

	read_maps();
	for (char *line = maps; *line; line = strchr(line, '\n') + 1) {
		unsigned long start = strtoul(line, &line, 16), end = strtoul(line + 1, &line, 16);
		bool stack = !strncmp(strchr(line, '\n') - 7, "[stack]", 7);
		unsigned long hole_end = stack ? start - STACK_GAP : start;

		if (end <= 0x10000)
			continue;
		if (end > TASK_TOP)
			break;
		if (done <= window && hole_end >= window + WINDOW_SIZE) {
			fill(done, window);
			done = window + WINDOW_SIZE;
		}
		fill(done, hole_end);
		done = end;
	}
	fill(done, TASK_TOP);
}

/* A field of /proc/self/status, in kB. */
static unsigned long status_field(const char *name)
{
	int fd = open("/proc/self/status", O_RDONLY);
	ssize_t n = fd < 0 ? 0 : read(fd, maps, 8192);
	char *at;

	close(fd);
	maps[n < 0 ? 0 : n] = 0;
	at = strstr(maps, name);
	if (!at)
		die(name);
	return strtoul(at + strlen(name), NULL, 10);
}

/* What the limits count now: pages of all kinds, and of data. */
static void count_around(void)
{
	int fd = open("/proc/self/statm", O_RDONLY);
	ssize_t n = fd < 0 ? -1 : read(fd, maps, 4096);

	if (n <= 0)
		die("/proc/self/statm");
	close(fd);
	maps[n] = 0;
	around[0] = strtoul(maps, NULL, 10);
	around[1] = status_field("VmData:") / (PAGE / 1024);
}

static void touch_stack(void)
{
	volatile char deep[256 * 1024];

	for (size_t i = 0; i < sizeof(deep); i += 1024)
		deep[i] = 1;
}

static void open_files(void)
{
	char path[32];

	for (int i = 0; i < NR_FILES; i++) {
		int fd;

		snprintf(path, sizeof(path), "/proc/self/fd/%d", FIRST_FD);
		fd = i < NR_FILES - 1 ? (int)call(SYS_memfd_create, (long)"file", 0, 0, 0, 0, 0)
				      : open(path, O_RDONLY);
		if (fd < 0 || dup2(fd, FIRST_FD + i) < 0)
			die("cannot make the files");
		close(fd);
	}
}

/* ---- Access ----------------------------------------------------------------------------------------- */

static sigjmp_buf out_of_fault;
static volatile long fault_result;

static void on_fault(int sig, siginfo_t *info, void *context)
{
	fault_result = SIGNAL(sig, info->si_code);
	siglongjmp(out_of_fault, 1);
}

static void catch_faults(void)
{
	static char stack[64 * 1024];
	const stack_t alt = {.ss_sp = stack, .ss_size = sizeof(stack)};
	struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK};

	sigaltstack(&alt, NULL);
	sigaction(SIGSEGV, &action, NULL);
	sigaction(SIGBUS, &action, NULL);
}

static long do_read(unsigned long addr, unsigned long len)
{
	volatile unsigned char *p = (void *)addr;
	volatile unsigned long sum = 0;

	if (sigsetjmp(out_of_fault, 1))
		return fault_result;
	for (unsigned long i = 0; i < len && i < 64; i++)
		sum = (sum * 31 + p[i]) & 0xffffff;
	return sum;
}

static long do_write(unsigned long addr, unsigned long len, unsigned long value)
{
	volatile unsigned char *p = (void *)addr;

	if (sigsetjmp(out_of_fault, 1))
		return fault_result;
	for (unsigned long i = 0; i < len && i < 64; i++)
		p[i] = value + i;
	return 0;
}

/* ---- Operations ------------------------------------------------------------------------------------- */

static long relative(long ret)
{
	return ret < 0 && ret > -4096 ? ret : ret - (long)window;
}

static int descriptor(unsigned long file)
{
	return file < NR_FILES ? FIRST_FD + (int)file : -1;
}

static long do_mincore(unsigned long addr, unsigned long len)
{
	unsigned char vec[60] = {0};
	long ret, bits = 0;

	len = len < sizeof(vec) * PAGE ? len : sizeof(vec) * PAGE;
	ret = call(SYS_mincore, addr, len, (long)vec, 0, 0, 0);
	for (unsigned int i = 0; i < sizeof(vec); i++)
		bits |= (vec[i] & 1L) << i;
	return ret ? ret : bits;
}

/* The line of /proc/self/maps for @addr begins with its rights here; NULL: not mapped. */
static const char *rights_at(unsigned long addr)
{
	read_maps();
	for (char *line = maps; *line; line = strchr(line, '\n') + 1) {
		unsigned long start = strtoul(line, NULL, 16);

		if (addr >= start && addr < strtoul(strchr(line, '-') + 1, NULL, 16))
			return strchr(line, ' ') + 1;
	}
	return NULL;
}

/*
 * Kernels differ in which private areas they merge, and an old range must not span two: of private
 * memory only a page at a time is moved.
 */
static long do_mremap(const unsigned long *a)
{
	const char *rights = rights_at(window + a[0]);
	unsigned long old_len = a[1], new_len = a[2];

	if (old_len > PAGE && rights && rights[3] == 'p') {
		old_len = PAGE;
		new_len = a[1] == a[2] ? PAGE : new_len;
	}
	return relative(call(SYS_mremap, window + a[0], old_len, new_len, a[3], window + a[4], 0));
}

static long do_memory(const struct op *op)
{
	const unsigned long *a = op->arg;
	unsigned long addr = window + a[0];

	switch (op->code) {
	case OP_MMAP:
		addr = a[3] & (MAP_FIXED | MAP_FIXED_NOREPLACE) || a[0] ? addr : 0;
		return relative(call(SYS_mmap, addr, a[1], a[2], a[3], descriptor(a[4]), a[5]));
	case OP_MUNMAP:
		return call(SYS_munmap, addr, a[1], 0, 0, 0, 0);
	case OP_MPROTECT:
		return call(SYS_mprotect, addr, a[1], a[2], 0, 0, 0);
	case OP_MREMAP:
		return do_mremap(a);
	case OP_MADVISE:
		return call(SYS_madvise, addr, a[1], a[2], 0, 0, 0);
	case OP_BRK:
		return relative(call(SYS_brk, addr, 0, 0, 0, 0, 0));
	case OP_MLOCK:
		return call(SYS_mlock2, addr, a[1], a[2], 0, 0, 0);
	case OP_MUNLOCK:
		return call(SYS_munlock, addr, a[1], 0, 0, 0, 0);
	case OP_MLOCKALL:
		return call(SYS_mlockall, a[0], 0, 0, 0, 0, 0);
	case OP_MUNLOCKALL:
		return call(SYS_munlockall, 0, 0, 0, 0, 0, 0);
	case OP_MSYNC:
		return call(SYS_msync, addr, a[1], a[2], 0, 0, 0);
	case OP_MINCORE:
		return do_mincore(addr, a[1]);
	case OP_READ:
		return do_read(addr, a[1]);
	case OP_WRITE:
		return do_write(addr, a[1], a[2]);
	default:
		return -ENOSYS;
	}
}

static long do_limit(int resource, unsigned long pages)
{
	const struct rlimit limit = {pages * PAGE, RLIM_INFINITY};

	return setrlimit(resource, &limit) ? -errno : 0;
}

static void give_turn(unsigned int number)
{
	__atomic_store_n(&turns->turn, number, __ATOMIC_SEQ_CST);
	call(SYS_futex, (long)&turns->turn, FUTEX_WAKE, NR_PROCS, 0, 0, 0);
}

static void wait_for_turn(void)
{
	unsigned int turn;

	while ((turn = __atomic_load_n(&turns->turn, __ATOMIC_SEQ_CST)) != (unsigned int)self)
		call(SYS_futex, (long)&turns->turn, FUTEX_WAIT, turn, 0, 0, 0);
}

/* The child waits for its turn. */
static long do_fork(unsigned long number)
{
	pid_t pid;

	if (number >= NR_PROCS || turns->alive[number])
		return -EAGAIN;
	turns->alive[number] = true;
	pid = fork();
	if (pid < 0)
		die("fork");
	if (!pid) {
		self = number;
		wait_for_turn();
	}
	return 0;
}

static long do_op(const struct op *op)
{
	const unsigned long *a = op->arg;

	switch (op->code) {
	case OP_PREAD:
		return call(SYS_pread64, descriptor(a[0]), window + a[2], a[3], a[1], 0, 0);
	case OP_PWRITE:
		return call(SYS_pwrite64, descriptor(a[0]), window + a[2], a[3], a[1], 0, 0);
	case OP_TRUNCATE:
		return call(SYS_ftruncate, descriptor(a[0]), a[1], 0, 0, 0, 0);
	case OP_FALLOCATE:
		return call(SYS_fallocate, descriptor(a[0]), a[1], a[2], a[3], 0, 0);
	case OP_SWITCH:
		return a[0] < NR_PROCS && turns->alive[a[0]] ? 0 : -ESRCH;
	case OP_EXIT:
		return self ? 0 : -EPERM;
	case OP_LIMIT:
		return do_limit(a[0] ? RLIMIT_DATA : RLIMIT_AS, around[!!a[0]] + a[1]);
	case OP_FORK:
	case OP_RECLAIM:
	case OP_FAIL:
		return 0;
	default:
		return do_memory(op);
	}
}

/* ---- The trace --------------------------------------------------------------------------------------- */

static unsigned long mix(unsigned long hash, unsigned long value)
{
	return (hash ^ value) * 0x100000001b3UL;
}

/* The line's rights, offset and file, which all its pages share but for the offset. */
static unsigned long digest_line(char *line, unsigned long start, unsigned long end)
{
	unsigned long hash = 0, offset, rights = 0;
	char *at = strchr(line, ' ') + 1, *stop = strchr(line, '\n');

	for (int i = 0; i < 4; i++)
		rights = rights << 8 | (unsigned char)at[i];
	offset = strtoul(at + 5, &at, 16);
	at = memchr(at, '/', stop - at);
	for (char *c = at; c && c < stop; c++)
		rights = mix(rights, *c);
	for (unsigned long addr = start; addr < end; addr += PAGE) {
		if (addr >= window && addr < window + WINDOW_SIZE)
			hash += mix(mix(rights, addr - window), at ? offset + addr - start : 0);
	}
	return hash;
}

static unsigned long digest_maps(void)
{
	unsigned long hash = 0;

	read_maps();
	for (char *line = maps, *next; *line; line = next) {
		unsigned long start = strtoul(line, NULL, 16);
		unsigned long end = strtoul(strchr(line, '-') + 1, NULL, 16);

		next = strchr(line, '\n') + 1;
		if (end > window && start < window + WINDOW_SIZE)
			hash += digest_line(line, start, end);
	}
	return hash;
}

/* Some bytes of every page that is mapped, or the signal. */
static unsigned long digest_bytes(void)
{
	unsigned long hash = 0;

	read_maps();
	for (char *line = maps; *line; line = strchr(line, '\n') + 1) {
		unsigned long start = strtoul(line, NULL, 16);
		unsigned long end = strtoul(strchr(line, '-') + 1, NULL, 16);

		start = start > window ? start : window;
		for (; start < end && start < window + WINDOW_SIZE; start += PAGE) {
			for (unsigned long at = 0; at < PAGE; at += 256)
				hash += mix(start + at - window, do_read(start + at, 16));
		}
	}
	return hash;
}

/* Reading the maps is slow, and most accesses do not change them. */
static bool may_change_maps(const struct op *op, long result)
{
	switch (op->code) {
	case OP_READ:
	case OP_WRITE:
		return result >= 0 && turns->step % 4 == 0; /* a stack may have grown */
	case OP_MINCORE:
	case OP_MSYNC:
	case OP_PREAD:
	case OP_PWRITE:
	case OP_TRUNCATE:
	case OP_FALLOCATE:
	case OP_FORK:
		return false;
	default:
		return true;
	}
}

/* What /proc/self/pagemap says of each page: present, of a file or shared. */
static unsigned long digest_pagemap(void)
{
	static unsigned long entries[WINDOW_PAGES];
	const unsigned long bits = 1UL << 63 | 1UL << 61;
	int fd = open("/proc/self/pagemap", O_RDONLY);
	unsigned long hash = 0;

	if (fd < 0 || pread(fd, entries, sizeof(entries), window / PAGE * 8) != sizeof(entries))
		die("/proc/self/pagemap");
	close(fd);
	for (unsigned int i = 0; i < WINDOW_PAGES; i++) {
		hash = mix(hash, entries[i] & bits);
		if (verbose && entries[i] & bits)
			dprintf(1, "   pagemap %#lx: %lx\n", i * PAGE, entries[i] >> 56);
	}
	return hash;
}

static void trace(const struct op *op, int number, long result)
{
	unsigned long digest = may_change_maps(op, result) ? digest_maps() : 0;
	char line[160], name[32];

	add(result);
	add(digest);
	if (!verbose)
		return;
	op_print(op, line, sizeof(line));
	dprintf(1, "%2u P%d %s = %s, maps %lx\n", turns->step + 1, number, line,
		result_name(result, name, sizeof(name)), digest);
}

static void finish_process(void)
{
	unsigned long size = status_field("VmSize:"), data = status_field("VmData:");
	unsigned long locked = status_field("VmLck:"), pagemap, bytes;

	if (verbose)
		dprintf(1, "end P%d, VmSize %+ld VmData %+ld VmLck %lu kB\n", self,
			(long)(size - 4 * around[0]), (long)(data - 4 * around[1]), locked);
	pagemap = digest_pagemap();
	bytes = digest_bytes();
	add(size - 4 * around[0]);
	add(data - 4 * around[1]);
	add(locked);
	add(pagemap);
	add(bytes);
	if (verbose)
		dprintf(1, "end P%d, pagemap %lx bytes %lx\n", self, pagemap, bytes);
	turns->alive[self] = false;
}

/* The next process that is still there ends too. */
static __attribute__((noreturn)) void end_all(void)
{
	turns->over = true;
	finish_process();
	for (unsigned int i = 0; i < NR_PROCS; i++) {
		if (turns->alive[i]) {
			give_turn(i);
			break;
		}
	}
	_exit(0);
}

static __attribute__((noreturn)) void run_program(void)
{
	for (;;) {
		const struct op *op = &program.op[turns->step];
		int number = self;
		long result;

		if (turns->over || turns->step >= program.nr)
			end_all();
		result = do_op(op);
		if (op->code == OP_FORK)
			result = do_fork(op->arg[0]);
		if (self != number)
			continue; /* the new process, whose turn has come at last */
		trace(op, number, result);
		turns->step++;
		if (op->code == OP_EXIT && !result) {
			finish_process();
			give_turn(0);
			_exit(0);
		}
		if (op->code == OP_SWITCH && !result) {
			give_turn(op->arg[0]);
			wait_for_turn();
		}
	}
}

/* Runs the program in processes of its own, which this one waits for. */
static unsigned long run(void)
{
	int status;
	pid_t pid;

	*turns = (struct turns){.alive = {true}};
	pid = fork();
	if (!pid) {
		open_files();
		run_program();
	}
	while ((pid = wait(&status)) > 0) {
		if (status)
			die("a process of the program was killed");
	}
	return turns->hash;
}

static void read_program(const char *path)
{
	int fd = open(path, O_RDONLY), bad;
	ssize_t n;

	if (fd < 0)
		die(path);
	n = read(fd, maps, sizeof(maps) - 1);
	maps[n < 0 ? 0 : n] = 0;
	close(fd);
	bad = program_parse(&program, maps);
	if (bad) {
		dprintf(2, "%s:%d: no such operation\n", path, bad);
		_exit(2);
	}
}

static void make_program(unsigned long seed)
{
	struct choices choices;

	choices_seed(&choices, seed);
	generate(&program, &choices, GEN_NATIVE);
}

int main(int argc, char **argv)
{
	unsigned long seed, count;

	/* Addresses must not be random, which only the next exec heeds. */
	if (!(personality(0xffffffff) & ADDR_NO_RANDOMIZE)) {
		personality(ADDR_NO_RANDOMIZE);
		execv("/proc/self/exe", argv);
		die("cannot execute myself");
	}
	if (argc != 3)
		return 2;
	prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
	turns = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	window = (call(SYS_brk, 0, 0, 0, 0, 0, 0) + PAGE - 1) & -PAGE;
	touch_stack();
	catch_faults();
	fill_around_window();
	count_around();
	if (argv[1][0] == '-') {
		verbose = true;
		if (argv[1][1] == 'f')
			read_program(argv[2]);
		else
			make_program(strtoul(argv[2], NULL, 0));
		run();
		return 0;
	}
	count = strtoul(argv[2], NULL, 0);
	for (seed = strtoul(argv[1], NULL, 0); count--; seed++) {
		make_program(seed);
		printf("%lu %lx\n", seed, run());
		fflush(stdout);
	}
	return 0;
}
