// SPDX-License-Identifier: MIT
/*
 * tests/abi/i386/signal.c - signal frames of 32-bit programs, the way back, altstacks, the addresses
 * of faults, and the older calls (docs/contract/compat.md).
 */
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#include "lib/fault.h"
#include "lib/sys.h"
#include "lib/test.h"

#define SA_RESTORER 0x04000000

/* As the kernel has them. */
struct kernel_sigaction {
	void *handler;
	unsigned long flags;
	void (*restorer)(void);
	uint64_t mask;
} __attribute__((packed));

struct old_sigaction {
	void *handler;
	unsigned long mask;
	unsigned long flags;
	void (*restorer)(void);
};

void back_rt(void), back_old(void);
__asm__(".pushsection .text\n"
	"back_rt:\tmov $173, %eax; int $0x80\n"
	"back_old:\tpop %eax; mov $119, %eax; int $0x80\n"
	".popsection\n");

static void catch_rt(int sig, void *handler, unsigned long flags)
{
	struct kernel_sigaction sa = {handler, flags | SA_SIGINFO | SA_RESTORER, back_rt, 0};

	EXPECT_OK(raw(SYS_rt_sigaction, sig, &sa, NULL, 8));
}

static void catch_old(int sig, void *handler, unsigned long mask)
{
	struct old_sigaction sa = {handler, mask, SA_RESTORER, back_old};

	EXPECT_OK(raw(SYS_sigaction, sig, &sa, NULL));
}

static void send(int sig)
{
	EXPECT_OK(raw(SYS_tgkill, raw(SYS_getpid), raw(SYS_gettid), sig));
}

static volatile int caught, code;
static volatile unsigned long stack_at_entry, value, segments, seen_mask;
static siginfo_t seen;
static ucontext_t context;

static void on_info(int sig, siginfo_t *info, void *uc)
{
	caught = sig;
	seen = *info;
	memcpy(&context, uc, sizeof(context));
	stack_at_entry = (unsigned long)__builtin_frame_address(0) + 4; /* of the return address */
	__asm__("mov %%ds, %0" : "=r"(segments));
}

TEST("CMP-5", "a handler with SA_SIGINFO gets siginfo and ucontext of i386, ESP + 4 aligned to 16")
{
	catch_rt(SIGUSR1, on_info, 0);
	send(SIGUSR1);
	EXPECT_EQ(caught, SIGUSR1);
	EXPECT_EQ(seen.si_code, SI_TKILL);
	EXPECT_EQ(seen.si_pid, raw(SYS_getpid));
	EXPECT_EQ(stack_at_entry % 16, 12);
	EXPECT_EQ(segments & 0xffff, 0x2b);
	EXPECT_EQ(context.uc_mcontext.gregs[REG_CS], 0x23);
	EXPECT_EQ(context.uc_mcontext.gregs[REG_SS], 0x2b);
	EXPECT_EQ(context.uc_mcontext.gregs[REG_DS], 0x2b);
	EXPECT_EQ(context.uc_mcontext.gregs[REG_GS], 0x63);
	EXPECT_EQ(context.uc_mcontext.gregs[REG_UESP], context.uc_mcontext.gregs[REG_ESP]);
	EXPECT((unsigned long)context.uc_mcontext.fpregs > stack_at_entry);
	EXPECT_EQ(((unsigned long)context.uc_mcontext.fpregs + 112) % 64, 0);
}

static void on_old(int sig)
{
	uint64_t mask;

	caught = sig;
	EXPECT_OK(raw(SYS_rt_sigprocmask, SIG_BLOCK, NULL, &mask, 8));
	seen_mask = mask;
	value = (unsigned long)__builtin_return_address(0);
}

TEST("CMP-6",
     "a handler of the first sigaction returns by sigreturn, which restores mask and registers")
{
	uint64_t mask = 1ULL << (SIGRTMIN - 1) | 1 << (SIGHUP - 1), after;
	unsigned int bx = 0;

	EXPECT_OK(raw(SYS_rt_sigprocmask, SIG_SETMASK, &mask, NULL, 8));
	catch_old(SIGUSR1, on_old, 1 << (SIGINT - 1));
	__asm__ volatile("mov $0x1234, %%ebx\n\tmov $37, %%eax\n\tmov %%ebx, %%edx\n\t"
			 "mov %1, %%ebx\n\tmov $10, %%ecx\n\tint $0x80\n\tmov %%edx, %0"
			 : "=r"(bx)
			 : "r"(raw(SYS_getpid))
			 : "eax", "ebx", "ecx", "edx", "memory");
	EXPECT_EQ(bx, 0x1234);
	EXPECT_EQ(caught, SIGUSR1);
	EXPECT_EQ(value, back_old);
	EXPECT_EQ(seen_mask, 1 << (SIGINT - 1) | 1 << (SIGUSR1 - 1) | 1 << (SIGHUP - 1));
	EXPECT_OK(raw(SYS_rt_sigprocmask, SIG_BLOCK, NULL, &after, 8));
	EXPECT(after == mask);
}

static void disturb(int sig, siginfo_t *info, void *uc)
{
	static const double other = 2.5;

	(void)sig, (void)info;
	__asm__ volatile("fldl %0\n\tfldl %0\n\tmovups %1, %%xmm3"
			 :
			 : "m"(other), "m"(*(char(*)[16])uc));
	caught = sig;
}

TEST("CMP-7", "x87, SSE and control words are those of before when the handler has returned")
{
	static const char bytes[16] = "fifteen letters";
	unsigned short control = 0x27f, control_after;
	char after[16];
	double x = 1.25, y = 0;

	catch_rt(SIGUSR1, disturb, 0);
	__asm__ volatile(
		"fldcw %[control]\n\t"
		"fldl %[x]\n\t"
		"movups %[bytes], %%xmm3\n\t"
		"mov $37, %%eax\n\tmov $10, %%ecx\n\tint $0x80\n\t" /* kill(self, SIGUSR1) */
		"movups %%xmm3, %[after]\n\t"
		"fstpl %[y]\n\t"
		"fnstcw %[control_after]"
		: [after] "=m"(after), [y] "=m"(y), [control_after] "=m"(control_after)
		: [x] "m"(x), [bytes] "m"(bytes), [control] "m"(control), "b"(raw(SYS_getpid))
		: "eax", "ecx", "memory"); /* the compiler uses no SSE for i686 */
	EXPECT_EQ(caught, SIGUSR1);
	EXPECT(y == 1.25);
	EXPECT(!memcmp(after, bytes, sizeof(bytes)));
	EXPECT_EQ(control_after, 0x27f);
}

static void change_fp(int sig, siginfo_t *info, void *arg)
{
	ucontext_t *uc = arg;
	struct _libc_fpreg *st0 = &uc->uc_mcontext.fpregs->_st[0];

	(void)info;
	caught = sig;
	value = st0->exponent;
	st0->exponent++; /* twice as much */
	uc->uc_mcontext.gregs[REG_EDX] = 0x4321;
}

TEST("CMP-7", "what a handler changes in the frame holds, in registers and in the x87 state")
{
	double x = 1.5, y = 0;
	unsigned int dx = 0;

	catch_rt(SIGUSR1, change_fp, 0);
	__asm__ volatile("fldl %[x]\n\t"
			 "mov $37, %%eax\n\tmov $10, %%ecx\n\tint $0x80\n\t"
			 "fstpl %[y]"
			 : [y] "=m"(y), "=d"(dx)
			 : [x] "m"(x), "b"(raw(SYS_getpid))
			 : "eax", "ecx", "memory");
	EXPECT_EQ(value, 0x3fff);
	EXPECT(y == 3.0);
	EXPECT_EQ(dx, 0x4321);
}

static void on_altstack(int sig, siginfo_t *info, void *uc)
{
	stack_t now;

	on_info(sig, info, uc);
	EXPECT_OK(raw(SYS_sigaltstack, NULL, &now));
	EXPECT_EQ(now.ss_flags, SS_ONSTACK);
	EXPECT_ERR(raw(SYS_sigaltstack, &now, NULL), EPERM);
}

TEST("CMP-8", "sigaltstack and SA_ONSTACK")
{
	char *memory = map_private(4, RW);
	stack_t stack = {.ss_sp = memory, .ss_size = 4 * PAGE}, old;

	EXPECT_OK(raw(SYS_sigaltstack, &stack, NULL));
	catch_rt(SIGUSR2, on_altstack, SA_ONSTACK);
	send(SIGUSR2);
	EXPECT_EQ(caught, SIGUSR2);
	EXPECT(stack_at_entry > (unsigned long)memory &&
	       stack_at_entry < (unsigned long)memory + 4 * PAGE);
	EXPECT_EQ(context.uc_stack.ss_sp, memory);
	EXPECT_EQ(context.uc_stack.ss_size, 4 * PAGE);
	EXPECT_OK(raw(SYS_sigaltstack, NULL, &old));
	EXPECT_EQ(old.ss_flags, 0);
	EXPECT_EQ(old.ss_sp, memory);
	stack.ss_size = 100;
	EXPECT_ERR(raw(SYS_sigaltstack, &stack, NULL), ENOMEM);
	stack.ss_flags = SS_DISABLE;
	EXPECT_OK(raw(SYS_sigaltstack, &stack, NULL));
}

TEST("CMP-9", "si_addr and CR2 of a fault are the address, up to the last byte of 4 GiB")
{
	char *p = map_private(1, PROT_READ);
	struct fault fault;

	EXPECT_SEGV(p + 12, WRITE, SEGV_ACCERR);
	EXPECT_SEGV((char *)16, READ, SEGV_MAPERR);
	EXPECT_SEGV((char *)0xffffffff, READ, SEGV_MAPERR);
	EXPECT_SEGV((char *)0xffffffff, WRITE, SEGV_MAPERR);
	fault = try_access((char *)0xfffff000, READ);
	EXPECT_EQ(fault.cr2, 0xfffff000);
	EXPECT_EQ(fault.trap, 14);
}

static void leave_with_bad_cs(int sig, siginfo_t *info, void *arg)
{
	ucontext_t *uc = arg;

	(void)info;
	if (sig == SIGSEGV)
		_exit(5);
	uc->uc_mcontext.gregs[REG_CS] = value;
}

TEST("CMP-10", "a selector that a program may not have is SIGSEGV on the way back, not more")
{
	static const unsigned long bad[] = {0x10, 0x08, 0x1b, 0x43, 0x80, 0xffff, 0x7};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		pid_t pid = test_fork();

		if (pid == 0) {
			value = bad[i];
			catch_rt(SIGUSR1, leave_with_bad_cs, 0);
			catch_rt(SIGSEGV, leave_with_bad_cs, 0);
			send(SIGUSR1);
			_exit(0);
		}
		EXPECT_EXIT(pid, 5);
	}
}

static void leave_with_data(int sig, siginfo_t *info, void *arg)
{
	ucontext_t *uc = arg;

	(void)sig, (void)info;
	uc->uc_mcontext.gregs[REG_FS] = value;
}

TEST("CMP-10", "a data selector that does not exist becomes 0")
{
	static const unsigned long bad[] = {0x10, 0x1b, 0x43, 0x83, 0xffff, 0x7, 0x73};

	catch_rt(SIGUSR1, leave_with_data, 0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		unsigned int fs = 9;

		value = bad[i];
		send(SIGUSR1);
		__asm__ volatile("mov %%fs, %0" : "=r"(fs));
		EXPECT_EQ(fs & 0xffff, 0);
	}
}

TEST("CMP-10", "a frame that cannot be read or written is SIGSEGV")
{
	pid_t pid = test_fork();

	if (pid == 0) {
		__asm__ volatile("mov $16, %%esp\n\tmov $173, %%eax\n\tint $0x80" : : : "memory");
		_exit(0);
	}
	EXPECT_KILLED(pid, SIGSEGV);
	pid = test_fork();
	if (pid == 0) {
		catch_rt(SIGUSR1, on_info, 0);
		__asm__ volatile("mov %0, %%ebx\n\tmov $10, %%ecx\n\tmov $37, %%eax\n\t"
				 "mov $64, %%esp\n\tint $0x80"
				 :
				 : "r"(raw(SYS_getpid))
				 : "memory");
		_exit(0);
	}
	EXPECT_KILLED(pid, SIGSEGV);
}

TEST("CMP-11", "a queued value has 32 bits")
{
	siginfo_t info = {.si_code = SI_QUEUE};

	catch_rt(SIGRTMIN, on_info, 0);
	info.si_value.sival_int = 0x12345678;
	info.si_uid = 77;
	EXPECT_OK(raw(SYS_rt_sigqueueinfo, raw(SYS_getpid), SIGRTMIN, &info));
	EXPECT_EQ(caught, SIGRTMIN);
	EXPECT_EQ(seen.si_value.sival_int, 0x12345678);
	EXPECT_EQ(seen.si_uid, 77);
}

TEST("CMP-11", "SIGCHLD and waitid tell of a child in i386's siginfo")
{
	siginfo_t info;
	pid_t pid;

	catch_rt(SIGCHLD, on_info, 0);
	pid = test_fork();
	if (pid == 0)
		_exit(9);
	memset(&info, 0xff, sizeof(info));
	while (raw(SYS_waitid, P_PID, pid, &info, WEXITED, NULL) == -EINTR)
		;
	EXPECT_EQ(info.si_signo, SIGCHLD);
	EXPECT_EQ(info.si_code, CLD_EXITED);
	EXPECT_EQ(info.si_pid, pid);
	EXPECT_EQ(info.si_status, 9);
	EXPECT_EQ(caught, SIGCHLD);
	EXPECT_EQ(seen.si_pid, pid);
	EXPECT_EQ(seen.si_status, 9);
}

TEST("CMP-11", "sigtimedwait with times of 32 and of 64 bits")
{
	uint64_t set = 1 << (SIGUSR1 - 1);
	struct {
		int32_t sec, nsec;
	} short_time = {0, 1000};
	struct {
		int64_t sec;
		int32_t nsec, padding;
	} long_time = {0, 1000, -1};
	siginfo_t info;

	EXPECT_OK(raw(SYS_rt_sigprocmask, SIG_BLOCK, &set, NULL, 8));
	EXPECT_ERR(raw(SYS_rt_sigtimedwait, &set, &info, &short_time, 8), EAGAIN);
	EXPECT_ERR(raw(SYS_rt_sigtimedwait_time64, &set, &info, &long_time, 8), EAGAIN);
	short_time.nsec = -1;
	EXPECT_ERR(raw(SYS_rt_sigtimedwait, &set, &info, &short_time, 8), EINVAL);
	long_time.nsec = 1000000000;
	EXPECT_ERR(raw(SYS_rt_sigtimedwait_time64, &set, &info, &long_time, 8), EINVAL);
	send(SIGUSR1);
	EXPECT_EQ(raw(SYS_rt_sigtimedwait, &set, &info, NULL, 8), SIGUSR1);
	EXPECT_EQ(info.si_signo, SIGUSR1);
	EXPECT_EQ(info.si_code, SI_TKILL);
}

TEST("CMP-6", "signal, sgetmask, ssetmask, sigprocmask, sigpending know 32 signals")
{
	unsigned long set = 1 << (SIGUSR1 - 1), old = 0;
	uint64_t all = 1ULL << (SIGRTMIN - 1);

	EXPECT_OK(raw(SYS_rt_sigprocmask, SIG_SETMASK, &all, NULL, 8));
	EXPECT_OK(raw(SYS_sigprocmask, SIG_BLOCK, &set, &old));
	EXPECT_EQ(old, 0);
	EXPECT_EQ(raw(SYS_sgetmask), set);
	send(SIGUSR1);
	EXPECT_OK(raw(SYS_sigpending, &old));
	EXPECT_EQ(old, set);
	EXPECT_OK(raw(SYS_rt_sigprocmask, SIG_BLOCK, NULL, &all, 8));
	EXPECT(all == (set | 1ULL << (SIGRTMIN - 1)));
	EXPECT_EQ(raw(SYS_signal, SIGUSR1, SIG_IGN), SIG_DFL);
	EXPECT_EQ(raw(SYS_signal, SIGUSR1, SIG_DFL), SIG_IGN);
	EXPECT_EQ(raw(SYS_ssetmask, 0), set);
	EXPECT_EQ(raw(SYS_sgetmask), 0);
	EXPECT_ERR(raw(SYS_sigprocmask, 9, &set, NULL), EINVAL);
}

static void interrupt(int sig)
{
	caught = sig;
}

/* The child sends until the parent has a handler that ran, so that no signal comes too early. */
TEST("CMP-12", "a sleep that a handler interrupts ends with EINTR and the rest, in 32 bits")
{
	struct {
		int32_t sec, nsec;
	} time = {1000, 0}, rest = {0, 0};
	pid_t pid = raw(SYS_getpid), child;

	catch_old(SIGUSR1, interrupt, 0);
	child = test_fork();
	if (child == 0) {
		while (raw(SYS_getppid) == pid) {
			raw(SYS_kill, pid, SIGUSR1);
			raw(SYS_sched_yield);
		}
		_exit(0);
	}
	EXPECT_ERR(raw(SYS_nanosleep, &time, &rest), EINTR);
	EXPECT(rest.sec > 0 && rest.sec < 1000 && rest.nsec >= 0 && rest.nsec < 1000000000);
	EXPECT_OK(raw(SYS_kill, child, SIGKILL));
}
