// SPDX-License-Identifier: MIT
/*
 * tests/model/guest.c - runs programs of the model on a booted kernel, and tells what it saw.
 *
 *	model-guest FIRST COUNT		one line a seed: a number made of the whole trace
 *	model-guest -v SEED		the trace itself, a line a step
 *	model-guest -f FILE		the same of a program in text form
 *
 * Two kernels that do the same print the same. Processes take turns: one word of shared memory says
 * whose turn it is. The address space is made in guest_window.c, operations are in guest_calls.c,
 * and guest_trace.c says what they did.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include "guest.h"

struct turns *turns;
bool verbose;
int self;

static struct program program;

__attribute__((noreturn)) void die(const char *why)
{
	dprintf(2, "model-guest: %s: %s\n", why, strerror(errno));
	_exit(99);
}

long call(long nr, long a, long b, long c, long d, long e, long f)
{
	long ret = syscall(nr, a, b, c, d, e, f);

	return ret == -1 ? -errno : ret;
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
	catch_faults();
	make_window();
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
