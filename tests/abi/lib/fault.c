// SPDX-License-Identifier: MIT
/*
 * lib/fault.c - catches SIGSEGV and SIGBUS and keeps what the kernel said.
 */
#include <setjmp.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>

#include "lib/fault.h"
#include "lib/sys.h"
#include "lib/test.h"

#define STACK_SIZE (16 * PAGE)

#ifdef __x86_64__
#define REG_PC	      REG_RIP
#define PKEY_OFFSET   32 /* of si_pkey in siginfo_t */
#define fault_cr2(uc) ((uc)->uc_mcontext.gregs[REG_CR2])
#else
#define REG_PC	      REG_EIP
#define PKEY_OFFSET   20
#define fault_cr2(uc) ((uc)->uc_mcontext.cr2)
#endif

static __thread sigjmp_buf back;
static __thread volatile int expecting; /* an access is under way */
static __thread int ready;
static __thread struct fault last;

static void on_fault(int signal, siginfo_t *info, void *context)
{
	const ucontext_t *user = context;

	if (!expecting)
		FAIL("unexpected signal %d, code %d, address %p, instruction %#lx", signal,
		     info->si_code, info->si_addr, (unsigned long)user->uc_mcontext.gregs[REG_PC]);
	last.signal = signal;
	last.code = info->si_code;
	last.addr = (unsigned long)info->si_addr;
	last.trap = user->uc_mcontext.gregs[REG_TRAPNO];
	last.error = user->uc_mcontext.gregs[REG_ERR];
	last.cr2 = fault_cr2(user);
	memcpy(&last.pkey, (char *)info + PKEY_OFFSET, sizeof(last.pkey));
	siglongjmp(back, 1);
}

void catch_faults(void)
{
	struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK};
	static char first[STACK_SIZE]; /* for the first thread, so that it needs no new mapping */
	static int taken;
	stack_t stack = {.ss_size = STACK_SIZE, .ss_sp = first};

	if (__atomic_exchange_n(&taken, 1, __ATOMIC_RELAXED))
		stack.ss_sp = map_private(STACK_SIZE / PAGE, RW);
	if (sigaltstack(&stack, NULL) || sigaction(SIGSEGV, &action, NULL) ||
	    sigaction(SIGBUS, &action, NULL))
		FAIL("cannot catch signals: %s", test_errno_name(errno));
	ready = 1;
}

struct fault try_call(void (*function)(void *), void *argument)
{
	if (!ready)
		catch_faults();
	memset(&last, 0, sizeof(last));
	expecting = 1;
	if (sigsetjmp(back, 1) == 0)
		function(argument);
	expecting = 0;
	return last;
}

static void do_read(void *addr)
{
	(void)*(volatile char *)addr;
}

static void do_write(void *addr)
{
	*(volatile char *)addr = 0x5a;
}

static void do_exec(void *addr)
{
	((void (*)(void))addr)();
}

struct fault try_access(const volatile void *addr, enum access how)
{
	static void (*const functions[])(void *) = {do_read, do_write, do_exec};

	return try_call(functions[how], (void *)addr);
}

void test_access(const char *file, int line, const char *what, const volatile void *addr,
		 enum access how, int signal, int code)
{
	struct fault fault = try_access(addr, how);

	if (fault.signal == signal && fault.code == code &&
	    (!signal || fault.addr == (unsigned long)addr))
		return;
	if (!fault.signal)
		test_fail(file, line, "%s: no fault, not signal %d code %d", what, signal, code);
	test_fail(file, line, "%s: signal %d code %d si_addr %#lx, not signal %d code %d addr %p",
		  what, fault.signal, fault.code, fault.addr, signal, code, (const void *)addr);
}
