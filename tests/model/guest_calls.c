// SPDX-License-Identifier: MIT
/*
 * tests/model/guest_calls.c - the operations of the model's programs, as calls and accesses of a
 * real process.
 */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include "guest.h"

/* ---- Access ---------------------------------------------------------------------------------- */

static sigjmp_buf out_of_fault;
static volatile long fault_result;

static void on_fault(int sig, siginfo_t *info, void *context)
{
	fault_result = SIGNAL(sig, info->si_code);
	siglongjmp(out_of_fault, 1);
}

void catch_faults(void)
{
	static char stack[64 * 1024];
	const stack_t alt = {.ss_sp = stack, .ss_size = sizeof(stack)};
	struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK};

	sigaltstack(&alt, NULL);
	sigaction(SIGSEGV, &action, NULL);
	sigaction(SIGBUS, &action, NULL);
}

long do_read(unsigned long addr, unsigned long len)
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

/* ---- Operations ------------------------------------------------------------------------------ */

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

long do_op(const struct op *op)
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
