// SPDX-License-Identifier: MIT
/*
 * tests/abi/trap.c - exceptions, the frame that a handler finds, registers across calls and switches.
 *
 * The labels TRAP, FRAME and REGS stand for what the processor's manual and the x86-64 ABI say; the
 * contract has clauses for page faults only. What QEMU's TCG does not raise (#AC, #XM, ICEBP) is
 * not tried.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#include "lib/fault.h"
#include "lib/sys.h"
#include "lib/test.h"

#define ARCH_SET_GS 0x1001
#define ARCH_SET_FS 0x1002
#define ARCH_GET_FS 0x1003
#define ARCH_GET_GS 0x1004

#define NOT_CANONICAL 0x800000000000UL

/* ---- what an instruction gives ------------------------------------------------------------- */

static siginfo_t info;
static volatile unsigned long trap_ip, trap_number, trap_error;
static volatile int trap_signal;
static sigjmp_buf back;

static void note(int signal, siginfo_t *si, void *context)
{
	const greg_t *regs = ((ucontext_t *)context)->uc_mcontext.gregs;

	trap_signal = signal;
	info = *si;
	trap_ip = regs[REG_RIP];
	trap_number = regs[REG_TRAPNO];
	trap_error = regs[REG_ERR];
	siglongjmp(back, 1);
}

static void catch (int signal)
{
	struct sigaction sa = {.sa_sigaction = note, .sa_flags = SA_SIGINFO | SA_NODEFER};

	sigaction(signal, &sa, NULL);
}

/* Runs the statement, which must raise the signal with this code and trap number. */
#define EXPECT_TRAP(statement, signal, code, number)                                               \
	do {                                                                                       \
		catch (signal);                                                                    \
		trap_signal = 0;                                                                   \
		if (!sigsetjmp(back, 1)) {                                                         \
			statement;                                                                 \
		}                                                                                  \
		EXPECT_EQ(trap_signal, signal);                                                    \
		EXPECT_EQ(info.si_code, code);                                                     \
		EXPECT_EQ(trap_number, number);                                                    \
	} while (0)

TEST("TRAP", "divide error, undefined instruction, breakpoint")
{
	volatile int zero = 0;

	EXPECT_TRAP(asm volatile("xor %%edx, %%edx; mov $1, %%eax; idivl %0"
				 :
				 : "m"(zero)
				 : "eax", "edx"),
		    SIGFPE, FPE_INTDIV, 0);
	EXPECT_EQ(info.si_addr, trap_ip);
	EXPECT_TRAP(asm volatile("ud2"), SIGILL, ILL_ILLOPN, 6);
	EXPECT_EQ(info.si_addr, trap_ip);
	EXPECT_TRAP(asm volatile("int3"), SIGTRAP, SI_KERNEL, 3);
}

TEST("TRAP", "the trap flag stops after each instruction")
{
	EXPECT_TRAP(asm volatile("pushfq; orl $0x100, (%%rsp); popfq; nop; nop"
				 :
				 :
				 : "memory"),
		    SIGTRAP, TRAP_TRACE, 1);
	EXPECT_EQ(info.si_addr, trap_ip);
}

TEST("TRAP", "privileged instructions and closed gates are general protection")
{
	EXPECT_TRAP(asm volatile("hlt"), SIGSEGV, SI_KERNEL, 13);
	EXPECT_EQ(info.si_addr, 0);
	EXPECT_EQ(trap_error, 0);
	EXPECT_TRAP(asm volatile("cli"), SIGSEGV, SI_KERNEL, 13);
	EXPECT_TRAP(asm volatile("mov %%cr3, %%rax" : : : "rax"), SIGSEGV, SI_KERNEL, 13);
	EXPECT_TRAP(asm volatile("in $0x80, %%al" : : : "rax"), SIGSEGV, SI_KERNEL, 13);
	EXPECT_TRAP(asm volatile("int $0x42"), SIGSEGV, SI_KERNEL, 13);
}

TEST("TRAP", "an unmasked x87 exception tells its cause")
{
	unsigned short divide = 0x37b;

	EXPECT_TRAP(asm volatile("fldcw %0; fld1; fldz; fdivrp; fwait"
				 :
				 : "m"(divide)),
		    SIGFPE, FPE_FLTDIV, 16);
}

TEST("FLT-9", "a jump to a non-canonical address is general protection")
{
	void (*nowhere)(void) = (void (*)(void))NOT_CANONICAL;

	EXPECT_TRAP(nowhere(), SIGSEGV, SI_KERNEL, 13);
	EXPECT_EQ(info.si_addr, 0);
}

/* ---- what sigreturn may ask for -------------------------------------------------------------- */

static volatile int spoil; /* which register the handler spoils */

static void spoil_context(int signal, siginfo_t *si, void *context)
{
	greg_t *regs = ((ucontext_t *)context)->uc_mcontext.gregs;

	switch (spoil) {
	case REG_RIP:
		regs[REG_RIP] = NOT_CANONICAL;
		break;
	case REG_CSGSFS:
		regs[REG_CSGSFS] = (regs[REG_CSGSFS] & ~0xffffL) | 0x50;
		break;
	case REG_EFL: /* the I/O privilege level and the interrupt flag are not the program's */
		regs[REG_EFL] = (regs[REG_EFL] | 0x3000 | 1) & ~0x200;
		break;
	}
}

static void return_spoilt(int which)
{
	static char stack[65536];
	stack_t alt = {.ss_sp = stack, .ss_size = sizeof(stack)};
	struct sigaction sa = {.sa_sigaction = spoil_context, .sa_flags = SA_SIGINFO | SA_ONSTACK};

	sigaltstack(&alt, NULL);
	sigaction(SIGUSR1, &sa, NULL);
	spoil = which;
	kill(getpid(), SIGUSR1);
}

TEST("FRAME", "a return to a non-canonical address is a signal, not the end of the kernel")
{
	EXPECT_TRAP(return_spoilt(REG_RIP), SIGSEGV, SI_KERNEL, 13);
	EXPECT_EQ(trap_ip, NOT_CANONICAL);
}

TEST("FRAME", "a return to a bad code segment is a signal")
{
	EXPECT_TRAP(return_spoilt(REG_CSGSFS), SIGSEGV, SI_KERNEL, 13);
}

TEST("FRAME", "a return cannot raise the I/O privilege level or mask interrupts")
{
	unsigned long flags;

	return_spoilt(REG_EFL);
	asm volatile("pushfq; popq %0" : "=r"(flags));
	EXPECT_EQ(flags & 0x3000, 0);
	EXPECT_EQ(flags & 0x200, 0x200);
}

/* ---- the frame --------------------------------------------------------------------------------- */

struct seen {
	unsigned long frame, interrupted, flags;
	uint32_t magic1, size, magic2;
	unsigned long fpstate;
	unsigned short cs, ss;
};
static volatile struct seen seen;

static void look(int signal, siginfo_t *si, void *context)
{
	const ucontext_t *uc = context;
	const char *fp = (const char *)uc->uc_mcontext.fpregs;

	/* The handler's stack pointer stood 8 below the context. */
	seen.frame = (unsigned long)context - 8;
	seen.interrupted = uc->uc_mcontext.gregs[REG_RSP];
	seen.flags = uc->uc_flags;
	seen.fpstate = (unsigned long)fp;
	memcpy((void *)&seen.magic1, fp + 464, 4);
	memcpy((void *)&seen.size, fp + 464 + 16, 4);
	if (seen.size)
		memcpy((void *)&seen.magic2, fp + seen.size, 4);
	seen.cs = uc->uc_mcontext.gregs[REG_CSGSFS] & 0xffff;
	seen.ss = (unsigned long)uc->uc_mcontext.gregs[REG_CSGSFS] >> 48;
}

TEST("FRAME", "red zone, alignment, flags and floating-point state")
{
	struct sigaction sa = {.sa_sigaction = look, .sa_flags = SA_SIGINFO};

	sigaction(SIGUSR1, &sa, NULL);
	kill(getpid(), SIGUSR1);
	EXPECT_EQ(seen.frame % 16, 8);
	EXPECT_EQ(seen.fpstate % 64, 0);
	EXPECT(seen.fpstate > seen.frame && seen.fpstate + 512 + 128 <= seen.interrupted);
	EXPECT_EQ(seen.cs, 0x33);
	EXPECT_EQ(seen.ss, 0x2b);
	EXPECT_EQ(seen.flags & 6, 6);
	if (!(seen.flags & 1))
		return; /* no XSAVE */
	EXPECT_EQ(seen.magic1, 0x46505853);
	EXPECT_EQ(seen.magic2, 0x46505845);
}

TEST("FRAME", "a handler that finds no room for its frame is a SIGSEGV")
{
	static char stack[8192] __attribute__((aligned(16)));
	pid_t pid = test_fork();

	if (!pid) {
		struct sigaction sa = {.sa_sigaction = look, .sa_flags = SA_SIGINFO};

		sigaction(SIGUSR1, &sa, NULL);
		mprotect((void *)((unsigned long)stack & ~(PAGE - 1)), PAGE, PROT_NONE);
		asm volatile("mov %0, %%rsp\n"
			     "syscall\n"
			     :
			     : "r"(((unsigned long)stack & ~(PAGE - 1)) + PAGE + 64), "a"(62L),
			       "D"((long)getpid()), "S"((long)SIGUSR1)
			     : "rcx", "r11", "memory");
		_exit(0);
	}
	EXPECT_KILLED(pid, SIGSEGV);
}

/* ---- registers ------------------------------------------------------------------------------------ */

TEST("REGS", "a system call changes RAX, RCX and R11 only")
{
	unsigned long saved[8], rax = 39; /* getpid */

	asm volatile(
		"push %%rbp\n"
		"mov $1, %%edi\n mov $2, %%esi\n mov $3, %%edx\n mov $4, %%r8d\n"
		"mov $5, %%r9d\n mov $6, %%r10d\n mov $7, %%r12d\n mov $8, %%r13d\n"
		"syscall\n"
		"mov %%rdi, 0(%1)\n mov %%rsi, 8(%1)\n mov %%rdx, 16(%1)\n mov %%r8, 24(%1)\n"
		"mov %%r9, 32(%1)\n mov %%r10, 40(%1)\n mov %%r12, 48(%1)\n mov %%r13, 56(%1)\n"
		"pop %%rbp\n"
		: "+a"(rax)
		: "b"(saved)
		: "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13", "memory");
	EXPECT_EQ(rax, getpid());
	for (unsigned long i = 0; i < 8; i++)
		EXPECT_EQ(saved[i], i + 1);
}

TEST("REGS", "call numbers that do not exist give ENOSYS")
{
	EXPECT_ERR(raw(999), ENOSYS);
	EXPECT_ERR(raw(0x7fffffff), ENOSYS);
	EXPECT_ERR(raw(-1), ENOSYS);
}

TEST("REGS", "the bases of FS and GS")
{
	unsigned long fs, gs;

	EXPECT_OK(raw(SYS_arch_prctl, ARCH_GET_FS, &fs));
	EXPECT(fs != 0);
	EXPECT_ERR(raw(SYS_arch_prctl, ARCH_SET_FS, NOT_CANONICAL), EPERM);
	EXPECT_ERR(raw(SYS_arch_prctl, ARCH_GET_FS, 8), EFAULT);
	EXPECT_ERR(raw(SYS_arch_prctl, 0x9999, 0), EINVAL);
	EXPECT_OK(raw(SYS_arch_prctl, ARCH_SET_GS, 0x123450));
	raw(SYS_sched_yield);
	EXPECT_OK(raw(SYS_arch_prctl, ARCH_GET_GS, &gs));
	EXPECT_EQ(gs, 0x123450);
}

/* Loads a value of its own into XMM9, yields, and looks whether it is still there; 0 if it always is. */
static int keep_vectors(unsigned long own)
{
	for (unsigned long i = 0; i < 300; i++) {
		unsigned long want = own * 1000 + i, got, rax = 24; /* sched_yield */

		asm volatile("movq %2, %%xmm9\n syscall\n movq %%xmm9, %1\n"
			     : "+a"(rax), "=&r"(got)
			     : "r"(want)
			     : "rcx", "r11", "xmm9", "memory");
		if (got != want)
			return 1;
	}
	return 0;
}

TEST("REGS", "vector registers are each process's own")
{
	pid_t pid[4];

	for (int i = 0; i < 4; i++) {
		pid[i] = test_fork();
		if (!pid[i])
			_exit(keep_vectors(i + 1));
	}
	for (int i = 0; i < 4; i++)
		EXPECT_EXIT(pid[i], 0);
}

static void spoil_vectors(int signal)
{
	asm volatile("xorps %%xmm9, %%xmm9" : : : "xmm9");
}

TEST("REGS", "a handler's vector registers are not the program's")
{
	unsigned long want = 0x1234567890UL, got, rax = 62; /* kill */
	struct sigaction sa = {.sa_handler = spoil_vectors};

	sigaction(SIGUSR1, &sa, NULL);
	asm volatile("movq %4, %%xmm9\n syscall\n movq %%xmm9, %1\n"
		     : "+a"(rax), "=&r"(got)
		     : "D"((long)getpid()), "S"((long)SIGUSR1), "r"(want)
		     : "rcx", "r11", "xmm9", "memory");
	EXPECT_EQ(got, want);
}
