// SPDX-License-Identifier: MIT
/*
 * tests/abi/signal_context.c - the frame of a handler: registers, FPU state, stack, and what the
 * handler may change in it (docs/contract/calls.md, SIG).
 */
#include <string.h>
#include <ucontext.h>
#include <unistd.h>

#include "lib/fault.h"
#include "lib/sys.h"
#include "lib/task.h"
#include "lib/test.h"

/* Written by look(), in assembly. */
__attribute__((used)) static volatile unsigned long entry_rsp, entry_flags;
__attribute__((used)) static void *volatile frame;
static volatile int handled;

static void plain(int signal)
{
	handled = signal;
}

static void catch_with(int signal, void (*handler)(int, siginfo_t *, void *), int flags)
{
	struct sigaction action = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO | flags};

	EXPECT_EQ(sigaction(signal, &action, NULL), 0);
}

/* Looks at the stack before the compiler touches it, then goes on in look2(). */
__attribute__((naked)) static void look(int signal, siginfo_t *info, void *context)
{
	(void)signal;
	(void)info;
	(void)context;
	__asm__("mov %rsp, entry_rsp(%rip); pushfq; pop entry_flags(%rip); mov %rdx, frame(%rip)\n\t"
		"ret");
}

TEST("SIG-14", "a handler starts with an aligned stack below the red zone, DF clear")
{
	unsigned long rsp, red;

	catch_with(SIGUSR1, look, 0);
	__asm__ volatile("mov %%rsp, %0\n\t"
			 "movq $0x5afe, -128(%%rsp)\n\t"
			 "std\n\t"
			 "syscall\n\t"
			 "cld\n\t"
			 "mov -128(%%rsp), %1"
			 : "=&r"(rsp), "=&r"(red)
			 : "a"(SYS_tkill), "D"(raw_gettid()), "S"(SIGUSR1)
			 : "rcx", "r11", "memory", "cc");
	EXPECT_EQ((entry_rsp + 8) % 16, 0);
	EXPECT(entry_rsp < rsp - 128);
	EXPECT_EQ(red, 0x5afe);
	EXPECT_EQ(entry_flags >> 10 & 1, 0);
	EXPECT_EQ(((ucontext_t *)frame)->uc_mcontext.gregs[REG_EFL] >> 10 & 1, 1);
}

static void change(int signal, siginfo_t *info, void *context)
{
	greg_t *regs = ((ucontext_t *)context)->uc_mcontext.gregs;

	(void)info;
	handled = signal;
	regs[REG_RAX] = 0x1111;
	regs[REG_RBX] = 0x2222;
	regs[REG_R15] = 0x3333;
	sigaddset(&((ucontext_t *)context)->uc_sigmask, SIGUSR2);
}

TEST("SIG-15", "what a handler writes into its context holds when it returns")
{
	unsigned long rax, rbx, r15;
	sigset_t set;

	catch_with(SIGUSR1, change, 0);
	__asm__ volatile("syscall; mov %%rbx, %1; mov %%r15, %2"
			 : "=a"(rax), "=&d"(rbx), "=&r"(r15)
			 : "a"(SYS_tkill), "D"(raw_gettid()), "S"(SIGUSR1)
			 : "rcx", "r11", "rbx", "r15", "memory");
	EXPECT_EQ(rax, 0x1111);
	EXPECT_EQ(rbx, 0x2222);
	EXPECT_EQ(r15, 0x3333);
	EXPECT_EQ(sigprocmask(SIG_BLOCK, NULL, &set), 0);
	EXPECT(sigismember(&set, SIGUSR2));
}

static volatile unsigned long landed;

static void land(void)
{
	landed = 1;
	_exit(55);
}

static void jump(int signal, siginfo_t *info, void *context)
{
	greg_t *regs = ((ucontext_t *)context)->uc_mcontext.gregs;

	(void)signal;
	(void)info;
	regs[REG_RIP] = (greg_t)land;
	regs[REG_RSP] = (regs[REG_RSP] & -16L) - 1024 - 8;
}

TEST("SIG-15", "it can return elsewhere")
{
	pid_t pid = test_fork();

	if (pid == 0) {
		catch_with(SIGUSR1, jump, 0);
		raw_kill(getpid(), SIGUSR1);
		_exit(1);
	}
	EXPECT_EXIT(pid, 55);
}

static greg_t bad_rip;

static void jump_badly(int signal, siginfo_t *info, void *context)
{
	greg_t *regs = ((ucontext_t *)context)->uc_mcontext.gregs;

	(void)signal;
	(void)info;
	regs[REG_RIP] = bad_rip;
}

static void jump_to_kernel_selector(int signal, siginfo_t *info, void *context)
{
	greg_t *regs = ((ucontext_t *)context)->uc_mcontext.gregs;

	(void)signal;
	(void)info;
	regs[REG_CSGSFS] = (regs[REG_CSGSFS] & ~0xffffL) | 0x10;
	regs[REG_EFL] |= 0x3000 | 0x200; /* IOPL */
}

static void lose_fpu_state(int signal, siginfo_t *info, void *context)
{
	(void)signal;
	(void)info;
	((ucontext_t *)context)->uc_mcontext.fpregs = (void *)bad_rip;
}

static volatile unsigned long flags_after;

static void set_flags(int signal, siginfo_t *info, void *context)
{
	(void)signal;
	(void)info;
	((ucontext_t *)context)->uc_mcontext.gregs[REG_EFL] |= 0x3000 | 0x4000 | 1;
}

TEST("SIG-16", "a context that cannot be returned to is SIGSEGV, privileges cannot be had")
{
	static const greg_t bad[] = {0x800000000000, -8, (greg_t)0xffffffff80000000, 0x7ffffffff000,
				     1L << 62};
	pid_t pid;

	for (size_t i = 0; i < 5; i++) {
		pid = test_fork();
		if (pid == 0) {
			bad_rip = bad[i];
			catch_with(SIGUSR1, jump_badly, 0);
			raw_kill(getpid(), SIGUSR1);
			_exit(1);
		}
		EXPECT_KILLED(pid, SIGSEGV);
	}
	for (size_t i = 0; i < 5; i++) {
		pid = test_fork();
		if (pid == 0) {
			bad_rip = bad[i];
			catch_with(SIGUSR1, lose_fpu_state, 0);
			raw_kill(getpid(), SIGUSR1);
			_exit(1);
		}
		EXPECT_KILLED(pid, SIGSEGV);
	}
	pid = test_fork();
	if (pid == 0) {
		catch_with(SIGUSR1, jump_to_kernel_selector, 0);
		raw_kill(getpid(), SIGUSR1);
		__asm__ volatile("cli"); /* must be refused if we come here at all */
		_exit(1);
	}
	EXPECT_KILLED(pid, SIGSEGV);
	catch_with(SIGUSR1, set_flags, 0);
	raw_kill(getpid(), SIGUSR1);
	__asm__ volatile("pushfq; pop %0" : "=r"(flags_after));
	EXPECT_EQ(flags_after & 0x7000, 0);
}

TEST("SIG-16", "sigreturn without a frame is SIGSEGV")
{
	pid_t pid = test_fork();

	if (pid == 0) {
		raw(SYS_rt_sigreturn);
		_exit(1);
	}
	EXPECT_KILLED(pid, SIGSEGV);
	pid = test_fork();
	if (pid == 0) {
		__asm__ volatile("xor %%esp, %%esp; syscall" : : "a"(SYS_rt_sigreturn));
		_exit(1);
	}
	EXPECT_KILLED(pid, SIGSEGV);
}

TEST("SIG-17", "a stack that cannot take the frame is SIGSEGV")
{
	char *readonly = map_private(4, PROT_READ);
	char *stacks[] = {readonly + 4 * PAGE, (char *)16, (char *)-4096L, free_range(1)};

	for (int i = 0; i < 4; i++) {
		pid_t pid = test_fork();

		if (pid == 0) {
			signal(SIGUSR1, plain);
			__asm__ volatile("mov %%rbx, %%rsp; syscall; hlt"
					 :
					 : "a"(SYS_tkill), "D"(raw_gettid()), "S"(SIGUSR1),
					   "b"(stacks[i]));
		}
		EXPECT_KILLED(pid, SIGSEGV);
	}
}

/* ---- FPU state ------------------------------------------------------------------------------- */

static bool has_avx(void)
{
	unsigned int a = 1, b, c, d;

	__asm__("cpuid" : "+a"(a), "=b"(b), "=c"(c), "=d"(d));
	return (c >> 27 & 1) && (c >> 28 & 1);
}

struct vectors {
	unsigned char ymm[16][32];
	unsigned int mxcsr;
	unsigned short fcw;
} __attribute__((aligned(32)));

#define EACH_VECTOR(X)                                                                             \
	X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11) X(12) X(13) X(14) X(15)

#define LOAD_YMM(n)	 "vmovdqu " #n "*32(%0), %%ymm" #n "\n\t"
#define STORE_YMM(n)	 "vmovdqu %%ymm" #n ", " #n "*32(%0)\n\t"
#define LOAD_XMM(n)	 "movdqu " #n "*32(%0), %%xmm" #n "\n\t"
#define STORE_XMM(n)	 "movdqu %%xmm" #n ", " #n "*32(%0)\n\t"
#define STORE_YMM_OUT(n) "vmovdqu %%ymm" #n ", " #n "*32(%3)\n\t"
#define STORE_XMM_OUT(n) "movdqu %%xmm" #n ", " #n "*32(%3)\n\t"

/* Loads all vector registers, makes the system call, and stores them again. */
__attribute__((noinline)) static void call_with_vectors(const struct vectors *in,
							struct vectors *out, bool avx, long number,
							long a, long b)
{
	if (avx)
		__asm__ volatile(EACH_VECTOR(LOAD_YMM) "ldmxcsr 512(%0); fldcw 516(%0)\n\t"
				 :
				 : "r"(in)
				 : "memory");
	else
		__asm__ volatile(EACH_VECTOR(LOAD_XMM) "ldmxcsr 512(%0); fldcw 516(%0)\n\t"
				 :
				 : "r"(in)
				 : "memory");
	raw6(number, a, b, 0, 0, 0, 0);
	if (avx)
		__asm__ volatile(EACH_VECTOR(STORE_YMM) "stmxcsr 512(%0); fnstcw 516(%0)\n\t"
				 :
				 : "r"(out)
				 : "memory");
	else
		__asm__ volatile(EACH_VECTOR(STORE_XMM) "stmxcsr 512(%0); fnstcw 516(%0)\n\t"
				 :
				 : "r"(out)
				 : "memory");
	__asm__ volatile("ldmxcsr %0; fninit" : : "m"((int){0x1f80}));
}

static void fill(struct vectors *v, int seed)
{
	memset(v, 0, sizeof(*v));
	for (int i = 0; i < 16; i++)
		for (int j = 0; j < (has_avx() ? 32 : 16); j++)
			v->ymm[i][j] = seed + i * 16 + j;
	v->mxcsr = 0x1f80 | (seed & 3) << 13;
	v->fcw = 0x37f & ~(seed & 1);
}

static struct vectors inside, at_entry;

/* A handler that finds a clean FPU and leaves another one behind. */
static void use_fpu(int signal, siginfo_t *info, void *context)
{
	(void)info;
	(void)context;
	__asm__ volatile("stmxcsr %0; fnstcw %1" : "=m"(at_entry.mxcsr), "=m"(at_entry.fcw));
	handled = signal;
	fill(&inside, 99);
	call_with_vectors(&inside, &inside, has_avx(), SYS_getpid, 0, 0);
	if (has_avx())
		__asm__ volatile(EACH_VECTOR(LOAD_YMM) : : "r"(&inside) : "memory");
	else
		__asm__ volatile(EACH_VECTOR(LOAD_XMM) : : "r"(&inside) : "memory");
}

TEST("SIG-18", "vector registers and control words are kept across a handler")
{
	static struct vectors in, out;

	catch_with(SIGUSR1, use_fpu, 0);
	fill(&in, 3);
	memset(&out, 0, sizeof(out));
	call_with_vectors(&in, &out, has_avx(), SYS_tkill, raw_gettid(), SIGUSR1);
	EXPECT_EQ(handled, SIGUSR1);
	EXPECT_EQ(memcmp(in.ymm, out.ymm, sizeof(in.ymm)), 0);
	EXPECT_EQ(out.mxcsr, in.mxcsr);
	EXPECT_EQ(out.fcw, in.fcw);
	EXPECT_EQ(at_entry.mxcsr, 0x1f80); /* the handler's own start */
	EXPECT_EQ(at_entry.fcw, 0x37f);
}

static void change_xmm(int signal, siginfo_t *info, void *context)
{
	fpregset_t fp = ((ucontext_t *)context)->uc_mcontext.fpregs;

	(void)info;
	handled = signal;
	memset((char *)fp + 160 + 5 * 16, 0xab, 16); /* XMM5 in the FXSAVE image */
}

TEST("SIG-18", "a handler can change the interrupted program's vector registers")
{
	static struct vectors in, out;

	catch_with(SIGUSR1, change_xmm, 0);
	fill(&in, 4);
	memset(&out, 0, sizeof(out));
	call_with_vectors(&in, &out, false, SYS_tkill, raw_gettid(), SIGUSR1);
	memset(in.ymm[5], 0xab, 16);
	for (int i = 0; i < 16; i++)
		EXPECT_EQ(memcmp(in.ymm[i], out.ymm[i], 16), 0);
}

static volatile int rounds;

static void *juggle(void *argument)
{
	struct vectors in, out;
	int seed = (long)argument;

	for (int i = 0; i < 200; i++) {
		fill(&in, seed + i % 7);
		memset(&out, 0, sizeof(out));
		call_with_vectors(&in, &out, has_avx(), SYS_sched_yield, 0, 0);
		if (memcmp(in.ymm, out.ymm, sizeof(in.ymm)) || in.mxcsr != out.mxcsr ||
		    in.fcw != out.fcw)
			FAIL("vector registers of another task in round %d", i);
		__atomic_add_fetch(&rounds, 1, __ATOMIC_RELAXED);
	}
	return NULL;
}

TEST("SIG-18", "vector registers are each task's own across switches")
{
	struct thread thread[4];
	pid_t pid = test_fork();

	for (long i = 0; i < 4; i++)
		thread[i] = thread_start(juggle, (void *)(i * 50 + (pid ? 1 : 30)));
	for (int i = 0; i < 4; i++)
		thread_join(thread[i]);
	if (pid == 0)
		_exit(0);
	EXPECT_EXIT(pid, 0);
	EXPECT_EQ(rounds, 800);
}

TEST("SIG-18", "and they are kept when the tick takes the CPU away")
{
	static struct vectors in, out;
	volatile int spins = 0;
	pid_t pid = test_fork(); /* a rival that keeps its own registers busy */
	struct itimerval every = {{0, 3000}, {0, 3000}}, off = {{0, 0}, {0, 0}};

	fill(&in, pid ? 7 : 8);
	catch_with(SIGALRM, use_fpu, 0);
	for (int i = 0; i < 20; i++) {
		EXPECT_EQ(raw(SYS_setitimer, ITIMER_REAL, &every, NULL), 0);
		handled = 0;
		memset(&out, 0, sizeof(out));
		if (has_avx())
			__asm__ volatile(
				EACH_VECTOR(LOAD_YMM) "1: incl (%1); cmpl $0, (%2); je 1b\n\t" EACH_VECTOR(
					STORE_YMM_OUT)
				:
				: "r"(&in), "r"(&spins), "r"(&handled), "r"(&out)
				: "memory");
		else
			__asm__ volatile(
				EACH_VECTOR(LOAD_XMM) "1: incl (%1); cmpl $0, (%2); je 1b\n\t" EACH_VECTOR(
					STORE_XMM_OUT)
				:
				: "r"(&in), "r"(&spins), "r"(&handled), "r"(&out)
				: "memory");
		EXPECT_EQ(raw(SYS_setitimer, ITIMER_REAL, &off, NULL), 0);
		EXPECT_EQ(memcmp(in.ymm, out.ymm, sizeof(in.ymm)), 0);
	}
	if (pid == 0)
		_exit(0);
	EXPECT_EXIT(pid, 0);
}
