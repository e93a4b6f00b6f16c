// SPDX-License-Identifier: MIT
/*
 * tests/abi/sigaltstack.c - a stack of their own for signal handlers (docs/contract/calls.md, ALT).
 */
#include <setjmp.h>
#include <string.h>
#include <sys/auxv.h>
#include <ucontext.h>
#include <unistd.h>

#include "lib/sys.h"
#include "lib/task.h"
#include "lib/test.h"

#define AUTODISARM (1U << 31)
#define SIZE	   (8 * PAGE)

static char *volatile where;
static stack_t inside;
static volatile int calls;

static void look(int signal, siginfo_t *info, void *context)
{
	char here;

	(void)signal;
	(void)info;
	where = &here;
	inside = ((ucontext_t *)context)->uc_stack;
	calls++;
}

static void catch_on_stack(int signal, int flags)
{
	struct sigaction action = {.sa_sigaction = look, .sa_flags = SA_SIGINFO | flags};

	EXPECT_EQ(sigaction(signal, &action, NULL), 0);
}

static char *use_stack(int flags)
{
	char *p = map_private(SIZE / PAGE, RW);
	stack_t stack = {.ss_sp = p, .ss_size = SIZE, .ss_flags = flags};

	EXPECT_EQ(raw(SYS_sigaltstack, &stack, NULL), 0);
	return p;
}

static bool within(const char *at, const char *stack)
{
	return at >= stack && at < stack + SIZE;
}

TEST("ALT-1", "handlers with SA_ONSTACK run on the other stack, the rest where they are")
{
	char *p = use_stack(0), here;

	catch_on_stack(SIGUSR1, SA_ONSTACK);
	catch_on_stack(SIGUSR2, 0);
	raw_kill(getpid(), SIGUSR1);
	EXPECT(within(where, p));
	EXPECT_EQ(inside.ss_sp, p);
	EXPECT_EQ(inside.ss_size, SIZE);
	EXPECT_EQ(inside.ss_flags, 0);
	raw_kill(getpid(), SIGUSR2);
	EXPECT(!within(where, p));
	EXPECT(where < &here);
}

TEST("ALT-2", "what it refuses")
{
	char *p = map_private(SIZE / PAGE, RW);
	unsigned long least = getauxval(51 /* AT_MINSIGSTKSZ */);
	stack_t stack = {.ss_sp = p, .ss_size = SIZE}, old;

	EXPECT_ERR(raw(SYS_sigaltstack, 8, NULL), EFAULT);
	EXPECT_ERR(raw(SYS_sigaltstack, NULL, 8), EFAULT);
	stack.ss_flags = 4;
	EXPECT_ERR(raw(SYS_sigaltstack, &stack, NULL), EINVAL);
	stack.ss_flags = SS_DISABLE | SS_ONSTACK;
	EXPECT_ERR(raw(SYS_sigaltstack, &stack, NULL), EINVAL);
	stack.ss_flags = 0;
	stack.ss_size = 2047;
	EXPECT_ERR(raw(SYS_sigaltstack, &stack, NULL), ENOMEM);
	EXPECT_EQ(raw(SYS_sigaltstack, NULL, &old), 0);
	EXPECT_EQ(old.ss_flags, SS_DISABLE);
	if (least > 2048) {
		stack.ss_size = least - 1;
		EXPECT_OK(raw(SYS_sigaltstack, &stack, NULL)); /* the old minimum is the rule */
	}
	stack.ss_size = SIZE;
	stack.ss_flags = SS_ONSTACK; /* means the same as 0 */
	EXPECT_EQ(raw(SYS_sigaltstack, &stack, NULL), 0);
	EXPECT_EQ(raw(SYS_sigaltstack, NULL, &old), 0);
	EXPECT_EQ(old.ss_flags, 0);
	EXPECT_EQ(old.ss_sp, p);
	stack.ss_flags = SS_DISABLE;
	EXPECT_EQ(raw(SYS_sigaltstack, &stack, &old), 0);
	EXPECT_EQ(old.ss_sp, p);
	EXPECT_EQ(raw(SYS_sigaltstack, NULL, &old), 0);
	EXPECT_EQ(old.ss_flags, SS_DISABLE);
	EXPECT_EQ(old.ss_sp, NULL);
	EXPECT_EQ(old.ss_size, 0);
}

static long result_inside;
static stack_t seen_inside;

static void change_stack(int signal)
{
	stack_t stack = {.ss_sp = NULL, .ss_flags = SS_DISABLE};

	(void)signal;
	raw(SYS_sigaltstack, NULL, &seen_inside);
	result_inside = raw(SYS_sigaltstack, &stack, NULL);
}

TEST("ALT-3", "on the stack itself it says so and cannot be changed")
{
	struct sigaction action = {.sa_handler = change_stack, .sa_flags = SA_ONSTACK};
	char *p = use_stack(0);

	EXPECT_EQ(sigaction(SIGUSR1, &action, NULL), 0);
	raw_kill(getpid(), SIGUSR1);
	EXPECT_EQ(seen_inside.ss_flags, SS_ONSTACK);
	EXPECT_EQ(seen_inside.ss_sp, p);
	EXPECT_ERR(result_inside, EPERM);
}

static char *inner;

static void outer(int signal)
{
	char here;

	(void)signal;
	inner = &here;
	raw_kill(getpid(), SIGUSR1);
	EXPECT(where < &here); /* below, on the same stack */
}

TEST("ALT-4", "a second handler goes on where the first is")
{
	struct sigaction action = {.sa_handler = outer, .sa_flags = SA_ONSTACK};
	char *p = use_stack(0);

	EXPECT_EQ(sigaction(SIGUSR2, &action, NULL), 0);
	catch_on_stack(SIGUSR1, SA_ONSTACK);
	raw_kill(getpid(), SIGUSR2);
	EXPECT(within(inner, p) && within(where, p));
}

TEST("ALT-5", "SS_AUTODISARM takes the stack away during the handler")
{
	struct sigaction action = {.sa_handler = change_stack, .sa_flags = SA_ONSTACK};
	char *p = use_stack(AUTODISARM);
	stack_t now;

	EXPECT_EQ(sigaction(SIGUSR1, &action, NULL), 0);
	raw_kill(getpid(), SIGUSR1);
	EXPECT_EQ((unsigned int)seen_inside.ss_flags, SS_DISABLE);
	EXPECT_EQ(seen_inside.ss_sp, NULL);
	EXPECT_EQ(result_inside, 0);
	EXPECT_EQ(raw(SYS_sigaltstack, NULL, &now), 0);
	EXPECT_EQ(now.ss_sp, p); /* and back again */
	EXPECT_EQ((unsigned int)now.ss_flags, AUTODISARM);
}

static sigjmp_buf back;

static void escape(int signal)
{
	(void)signal;
	calls++;
	siglongjmp(back, 1);
}

/* Overflows its stack. */
__attribute__((noinline)) static int recurse(volatile char *above)
{
	volatile char here[4096];

	here[0] = above ? above[0] : 0;
	return calls < 1000 ? recurse(here) + here[0] : 0;
}

TEST("ALT-6", "an overflow of the program's stack is caught on the other one, again and again")
{
	struct sigaction action = {.sa_handler = escape, .sa_flags = SA_ONSTACK};

	use_stack(0);
	set_limit(RLIMIT_STACK, 1 << 20);
	EXPECT_EQ(sigaction(SIGSEGV, &action, NULL), 0);
	for (int i = 0; i < 3; i++) {
		if (sigsetjmp(back, 1) == 0)
			recurse(NULL);
		EXPECT_EQ(calls, i + 1);
	}
}

TEST("ALT-6", "without another stack it kills")
{
	pid_t pid = test_fork();

	if (pid == 0) {
		signal(SIGSEGV, escape);
		set_limit(RLIMIT_STACK, 1 << 20);
		recurse(NULL);
	}
	EXPECT_KILLED(pid, SIGSEGV);
}

TEST("ALT-7", "a stack that is too small for the frame kills")
{
	pid_t pid = test_fork();

	if (pid == 0) {
		char *p = map_private(4, RW);
		stack_t stack = {.ss_sp = p + 2 * PAGE, .ss_size = 2048};

		EXPECT_OK(raw_munmap(p, 2 * PAGE));
		EXPECT_EQ(raw(SYS_sigaltstack, &stack, NULL), 0);
		catch_on_stack(SIGUSR1, SA_ONSTACK);
		set_limits(RLIMIT_CORE, 0, 0);
		if (getauxval(51) <= 2048) { /* it would fit: make it unusable instead */
			EXPECT_OK(raw_munmap(p + 2 * PAGE, 2 * PAGE));
		}
		raw_kill(getpid(), SIGUSR1);
		_exit(1);
	}
	EXPECT_KILLED(pid, SIGSEGV);
}

static void *own_stack(void *argument)
{
	stack_t stack;

	EXPECT_EQ(raw(SYS_sigaltstack, NULL, &stack), 0);
	EXPECT_EQ(stack.ss_flags, SS_DISABLE);
	*(char **)argument = use_stack(0);
	raw(SYS_tkill, raw_gettid(), SIGUSR1);
	EXPECT(within(where, *(char **)argument));
	return NULL;
}

TEST("ALT-8,SHR-8", "each thread has its own, and starts without")
{
	char *mine = use_stack(0), *theirs;

	catch_on_stack(SIGUSR1, SA_ONSTACK);
	thread_join(thread_start(own_stack, &theirs));
	raw_kill(getpid(), SIGUSR1);
	EXPECT(within(where, mine));
}
