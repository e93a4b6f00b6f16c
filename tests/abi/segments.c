// SPDX-License-Identifier: MIT
/*
 * tests/abi/segments.c - selectors in 64-bit programs: what lies behind them when they change, and
 * which of them a signal's frame brings back (docs/contract/compat.md, CMP-33, CMP-34).
 *
 * GS is used throughout, as FS is the C library's.
 */
#include <asm/ldt.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#include "lib/compat.h"
#include "lib/sys.h"
#include "lib/test.h"

#define ARCH_SET_GS	     0x1001
#define ARCH_GET_GS	     0x1004
#define SET_THREAD_AREA32    243
#define SIGCONTEXT_SS	     2UL
#define STRICT_RESTORE_SS    4UL
#define SELECTORS(cs, ss)    ((unsigned long)(cs) | (unsigned long)(ss) << 48)
#define ANY_BASE	     0x200000000UL
#define NR_SELECTORS_OF_NULL 4

static unsigned int get_gs(void)
{
	unsigned int selector = 0;

	__asm__ volatile("movw %%gs, %w0" : "+r"(selector));
	return selector;
}

static void set_gs(unsigned int selector)
{
	__asm__ volatile("movw %w0, %%gs" : : "r"(selector));
}

static unsigned long gs_base(void)
{
	unsigned long base;

	EXPECT_OK(raw(SYS_arch_prctl, ARCH_GET_GS, &base));
	return base;
}

/* Another task that has a base and no selector runs on this CPU meanwhile. */
static void let_another_run(void)
{
	pid_t pid = test_fork();

	if (!pid) {
		EXPECT_OK(raw(SYS_arch_prctl, ARCH_SET_GS, 2 * ANY_BASE));
		_exit(0);
	}
	EXPECT_EXIT(pid, 0);
}

TEST("CMP-33", "a switch keeps the four selectors that name nothing, and no base with them")
{
	for (unsigned int selector = 1; selector < NR_SELECTORS_OF_NULL; selector++) {
		EXPECT_OK(raw(SYS_arch_prctl, ARCH_SET_GS, ANY_BASE));
		EXPECT_EQ(get_gs(), 0);
		let_another_run();
		EXPECT_EQ(get_gs(), 0);
		EXPECT_EQ(gs_base(), ANY_BASE);
		set_gs(selector);
		EXPECT_EQ(gs_base(), 0);
		let_another_run();
		EXPECT_EQ(get_gs(), selector);
		EXPECT_EQ(gs_base(), 0);
	}
}

TEST("CMP-33", "a descriptor that goes takes its selector and its base along")
{
	struct user_desc *desc = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
				      MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	unsigned int entry;

	EXPECT(desc != MAP_FAILED);
	EXPECT_OK(raw(SYS_arch_prctl, ARCH_SET_GS, ANY_BASE));
	*desc = (struct user_desc){.entry_number = -1, .limit = 0xfffff, .seg_32bit = 1};
	desc->base_addr = (unsigned long)desc;
	EXPECT_OK(call32(SET_THREAD_AREA32, (unsigned long)desc, 0, 0, 0, 0, 0));
	entry = desc->entry_number;
	set_gs(entry * 8 + 3);
	EXPECT_EQ(gs_base(), desc);
	*desc = (struct user_desc){
		.entry_number = entry, .read_exec_only = 1, .seg_not_present = 1};
	EXPECT_OK(call32(SET_THREAD_AREA32, (unsigned long)desc, 0, 0, 0, 0, 0));
	EXPECT_EQ(get_gs(), 0);
	EXPECT_EQ(gs_base(), 0);
}

/* ---- SS of a signal's frame -------------------------------------------------------------------- */

static volatile unsigned long flags_of_64, flags_of_32;
static void *code32;
static volatile unsigned long ip64, sp64;
static volatile int keep_strict;

/* Changes SS to a selector that no stack may have, and says whether that is to be taken seriously. */
static void spoil_ss(int signal, siginfo_t *si, void *context)
{
	ucontext_t *uc = context;

	(void)signal;
	(void)si;
	if (!keep_strict)
		uc->uc_flags &= ~STRICT_RESTORE_SS;
	uc->uc_mcontext.gregs[REG_CSGSFS] = (greg_t)SELECTORS(0x33, 0x53);
}

static void catch_with(int signal, void (*handler)(int, siginfo_t *, void *))
{
	struct sigaction sa = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO};

	EXPECT_EQ(sigaction(signal, &sa, NULL), 0);
}

TEST("CMP-34", "without UC_STRICT_RESTORE_SS a bad SS becomes the usual one")
{
	unsigned int ss = 0;

	catch_with(SIGUSR1, spoil_ss);
	EXPECT_OK(raw(SYS_tkill, raw(SYS_gettid), SIGUSR1));
	__asm__ volatile("movw %%ss, %w0" : "+r"(ss));
	EXPECT_EQ(ss, 0x2b);
}

TEST("CMP-34", "with UC_STRICT_RESTORE_SS a bad SS is a SIGSEGV")
{
	pid_t pid = test_fork();

	if (!pid) {
		keep_strict = 1;
		catch_with(SIGUSR1, spoil_ss);
		raw(SYS_tkill, raw(SYS_gettid), SIGUSR1);
		_exit(0);
	}
	EXPECT_KILLED(pid, SIGSEGV);
}

/* The first signal goes on in 32-bit code, the second, which that code raises, comes back. */
static void there_and_back(int signal, siginfo_t *si, void *context)
{
	ucontext_t *uc = context;
	greg_t *regs = uc->uc_mcontext.gregs;

	(void)si;
	if (signal == SIGUSR1) {
		flags_of_64 = uc->uc_flags;
		ip64 = regs[REG_RIP];
		sp64 = regs[REG_RSP];
		regs[REG_RIP] = (greg_t)code32;
		regs[REG_CSGSFS] = (greg_t)SELECTORS(0x23, 0x2b);
		return;
	}
	flags_of_32 = uc->uc_flags;
	regs[REG_RIP] = (greg_t)ip64;
	regs[REG_RSP] = (greg_t)sp64;
	regs[REG_CSGSFS] = (greg_t)SELECTORS(0x33, 0x2b);
}

TEST("CMP-34", "UC_STRICT_RESTORE_SS is set for 64-bit code, not for 32-bit code")
{
	static char stack[64 << 10];
	stack_t alt = {.ss_sp = stack, .ss_size = sizeof(stack)};
	struct sigaction sa = {.sa_sigaction = there_and_back, .sa_flags = SA_SIGINFO | SA_ONSTACK};

	code32 = mmap(NULL, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	EXPECT(code32 != MAP_FAILED);
	*(char *)code32 = (char)0xcc; /* int3 */
	EXPECT_OK(raw(SYS_sigaltstack, &alt, NULL));
	EXPECT_EQ(sigaction(SIGUSR1, &sa, NULL), 0);
	EXPECT_EQ(sigaction(SIGTRAP, &sa, NULL), 0);
	EXPECT_OK(raw(SYS_tkill, raw(SYS_gettid), SIGUSR1));
	EXPECT_EQ(flags_of_64 & (SIGCONTEXT_SS | STRICT_RESTORE_SS), 6);
	EXPECT_EQ(flags_of_32 & (SIGCONTEXT_SS | STRICT_RESTORE_SS), 2);
}
