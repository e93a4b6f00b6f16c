// SPDX-License-Identifier: MIT
/*
 * tests/abi/signal_fault.c - the signals of instructions that fault (docs/contract/calls.md, SIG).
 * Page faults have tests of their own in fault.c.
 */
#include <setjmp.h>
#include <string.h>
#include <ucontext.h>
#include <unistd.h>

#include "lib/sys.h"
#include "lib/task.h"
#include "lib/test.h"

static sigjmp_buf back;
static volatile struct {
	int signal, code;
	unsigned long addr, rip, trap, error;
} got;

static void on_trap(int signal, siginfo_t *info, void *context)
{
	const greg_t *regs = ((ucontext_t *)context)->uc_mcontext.gregs;

	got.signal = signal;
	got.code = info->si_code;
	got.addr = (unsigned long)info->si_addr;
	got.rip = regs[REG_RIP];
	got.trap = regs[REG_TRAPNO];
	got.error = regs[REG_ERR];
	siglongjmp(back, 1);
}

static void catch_all(void)
{
	static const int signals[] = {SIGFPE, SIGILL, SIGTRAP, SIGSEGV, SIGBUS};
	struct sigaction action = {.sa_sigaction = on_trap, .sa_flags = SA_SIGINFO};

	for (int i = 0; i < 5; i++)
		EXPECT_EQ(sigaction(signals[i], &action, NULL), 0);
}

/* Runs this code, which begins with the instruction that faults. */
static unsigned long trap(const char *code, size_t len)
{
	static char *page;

	if (!page) {
		catch_all();
		page = map_private(1, RWX);
	}
	memset(page, 0xcc, 64);
	memcpy(page, code, len);
	memset((void *)&got, 0, sizeof(got));
	if (sigsetjmp(back, 1) == 0)
		((void (*)(void))page)();
	return (unsigned long)page;
}

#define TRAP(code) trap(code, sizeof(code) - 1)

TEST("SIG-20", "division by zero and overflow are SIGFPE with FPE_INTDIV at the instruction")
{
	unsigned long at = TRAP("\x31\xc0\x31\xd2\x31\xc9\xf7\xf1"); /* xor eax edx ecx; div ecx */

	EXPECT_EQ(got.signal, SIGFPE);
	EXPECT_EQ(got.code, FPE_INTDIV);
	EXPECT_EQ(got.addr, at + 6);
	EXPECT_EQ(got.rip, at + 6);
	EXPECT_EQ(got.trap, 0);
	/* mov $0x80000000, eax; cltd; mov $-1, ecx; idiv ecx */
	at = TRAP("\xb8\x00\x00\x00\x80\x99\xb9\xff\xff\xff\xff\xf7\xf9");
	EXPECT_EQ(got.signal, SIGFPE);
	EXPECT_EQ(got.code, FPE_INTDIV);
	EXPECT_EQ(got.addr, at + 11);
}

TEST("SIG-20", "an x87 exception that is not masked is SIGFPE with its kind")
{
	unsigned short control = 0x37f & ~4; /* division by zero */

	__asm__ volatile("fninit; fldcw %0" : : "m"(control));
	TRAP("\xd9\xe8\xd9\xee\xde\xf9\x9b"); /* fld1; fldz; fdivp; fwait */
	__asm__ volatile("fninit");
	EXPECT_EQ(got.signal, SIGFPE);
	EXPECT_EQ(got.code, FPE_FLTDIV);
	EXPECT_EQ(got.trap, 16);
	control = 0x37f & ~1; /* invalid operation */
	__asm__ volatile("fninit; fldcw %0" : : "m"(control));
	TRAP("\xd9\xee\xd9\xee\xde\xf9\x9b"); /* 0 / 0 */
	__asm__ volatile("fninit");
	EXPECT_EQ(got.code, FPE_FLTINV);
}

TEST("SIG-21", "an undefined instruction is SIGILL with ILL_ILLOPN")
{
	unsigned long at = TRAP("\x0f\x0b"); /* ud2 */

	EXPECT_EQ(got.signal, SIGILL);
	EXPECT_EQ(got.code, ILL_ILLOPN);
	EXPECT_EQ(got.addr, at);
	EXPECT_EQ(got.rip, at);
	EXPECT_EQ(got.trap, 6);
	at = TRAP("\x06"); /* push %es, which 64-bit code has not */
	EXPECT_EQ(got.signal, SIGILL);
	EXPECT_EQ(got.addr, at);
}

TEST("SIG-22", "a breakpoint is SIGTRAP behind the instruction, from the kernel")
{
	unsigned long at = TRAP("\xcc");

	EXPECT_EQ(got.signal, SIGTRAP);
	EXPECT_EQ(got.code, SI_KERNEL);
	EXPECT_EQ(got.addr, 0);
	EXPECT_EQ(got.rip, at + 1);
	EXPECT_EQ(got.trap, 3);
}

static volatile int steps;
static volatile unsigned long step_rip, step_addr;
static volatile int step_code;

static void on_step(int signal, siginfo_t *info, void *context)
{
	greg_t *regs = ((ucontext_t *)context)->uc_mcontext.gregs;

	(void)signal;
	if (!steps++) {
		step_rip = regs[REG_RIP];
		step_addr = (unsigned long)info->si_addr;
		step_code = info->si_code;
	}
	if (steps == 5)
		regs[REG_EFL] &= ~0x100L;
}

TEST("SIG-22", "single steps are SIGTRAP with TRAP_TRACE, until TF is cleared")
{
	struct sigaction action = {.sa_sigaction = on_step, .sa_flags = SA_SIGINFO};

	EXPECT_EQ(sigaction(SIGTRAP, &action, NULL), 0);
	__asm__ volatile("pushfq; orq $0x100, (%%rsp); popfq\n\t"
			 "nop; nop; nop; nop; nop; nop; nop; nop"
			 :
			 :
			 : "memory", "cc");
	EXPECT_EQ(steps, 5);
	EXPECT_EQ(step_code, TRAP_TRACE);
	EXPECT_EQ(step_addr, step_rip);
}

TEST("SIG-22", "a system call under single steps is one step")
{
	struct sigaction action = {.sa_sigaction = on_step, .sa_flags = SA_SIGINFO};
	long pid;

	EXPECT_EQ(sigaction(SIGTRAP, &action, NULL), 0);
	__asm__ volatile("mov $39, %%eax\n\t"
			 "pushfq; orq $0x100, (%%rsp); popfq\n\t"
			 "nop; syscall; nop; nop; nop; nop; nop; nop; nop"
			 : "=a"(pid)
			 :
			 : "rcx", "r11", "memory", "cc");
	EXPECT_EQ(pid, getpid());
	EXPECT_EQ(steps, 5);
}

TEST("SIG-23", "what only the kernel may do is SIGSEGV without an address")
{
	static const struct {
		const char *name, *code;
		size_t len;
	} rows[] = {
		{"hlt", "\xf4", 1},
		{"cli", "\xfa", 1},
		{"in", "\xec", 1},
		{"out", "\xee", 1},
		{"rdmsr", "\x0f\x32", 2},
		{"mov cr3", "\x0f\x20\xd8", 3},
		{"wbinvd", "\x0f\x09", 2},
		{"lgdt", "\x0f\x01\x14\x24", 4},
		{"int 0x81", "\xcd\x81", 2},
		{"int 14", "\xcd\x0e", 2},
		{"load from a non-canonical address", "\x48\xb8\0\0\0\0\0\0\0\x80\x8a\x00", 12},
		{"mov to fs of a bad selector", "\xb8\x53\x12\0\0\x8e\xe0", 7},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		trap(rows[i].code, rows[i].len);
		if (got.signal != SIGSEGV || got.code != SI_KERNEL || got.addr || got.trap != 13)
			FAIL("%s: signal %d code %#x addr %#lx trap %lu", rows[i].name, got.signal,
			     got.code, got.addr, got.trap);
	}
}

TEST("SIG-23", "a jump to a non-canonical address is SIGSEGV")
{
	TRAP("\x48\xb8\0\0\0\0\0\0\0\x80\xff\xe0"); /* movabs; jmp *%rax */
	EXPECT_EQ(got.signal, SIGSEGV);
	TRAP("\x48\xb8\0\0\0\0\0\x80\0\0\x50\xc3"); /* movabs; push; ret to 1 << 47 */
	EXPECT_EQ(got.signal, SIGSEGV);
}

TEST("SIG-24", "a fault kills when its signal is blocked or ignored")
{
	static const int blocked[] = {0, 1};

	for (int i = 0; i < 2; i++) {
		pid_t pid = test_fork();

		if (pid == 0) {
			sigset_t set;

			if (blocked[i]) {
				sigemptyset(&set);
				sigaddset(&set, SIGSEGV);
				catch_all();
				sigprocmask(SIG_BLOCK, &set, NULL);
			} else {
				signal(SIGSEGV, SIG_IGN);
			}
			*(volatile char *)8 = 1;
			_exit(1);
		}
		EXPECT_KILLED(pid, SIGSEGV);
	}
}

static void fault_again(int signal)
{
	(void)signal;
	*(volatile char *)8 = 1;
}

TEST("SIG-24", "a fault in the handler of its own signal kills")
{
	pid_t pid = test_fork();

	if (pid == 0) {
		signal(SIGSEGV, fault_again);
		*(volatile char *)8 = 1;
		_exit(1);
	}
	EXPECT_KILLED(pid, SIGSEGV);
}

TEST("SIG-24", "a sent SIGSEGV is no fault, it can be ignored")
{
	EXPECT(signal(SIGSEGV, SIG_IGN) != SIG_ERR);
	EXPECT_OK(raw_kill(getpid(), SIGSEGV));
	EXPECT(signal(SIGFPE, SIG_IGN) != SIG_ERR);
	EXPECT_OK(raw_kill(getpid(), SIGFPE));
}
