// SPDX-License-Identifier: MIT
/*
 * tests/programs/sigreturn_fuzz.c - comes back from signal handlers with frames that were tampered with.
 *
 * sigreturn_fuzz [SECONDS [SEED]]: one child after the other takes a signal, changes some words of the
 * frame that it finds, and returns by it: selectors, flags, addresses, floating-point state. Half of
 * them have a handler of i386, set by int 0x80: 32-bit code that jumps to 64-bit code at once. What
 * becomes of the child does not matter; the kernel must live, and others must keep their registers:
 * the parent looks at its own. Prints `sigreturn_fuzz: good` at the end.
 */
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PAGE		  4096UL
#define STACK		  (16 * PAGE)
#define NR32_RT_SIGACTION 174
#define NR32_SIGRETURN	  119
#define NR32_RT_SIGRETURN 173
#define ONSTACK		  0x08000000u
#define SIGINFO		  4u
#define ARRAY(a)	  (sizeof(a) / sizeof((a)[0]))

static uint64_t state;
static struct {
	uint32_t handler, flags, restorer, mask[2];
} action;	  /* i386's, set by int 0x80 */
static char *low; /* below 4 GiB: a page of code, then the stack of handlers */

static uint64_t any(void)
{
	state = state * 6364136223846793005ULL + 1442695040888963407ULL;
	return state >> 32 ^ state << 21;
}

static unsigned int below(unsigned int limit)
{
	return (any() >> 7) % limit;
}

/* A selector, some flags, an address: what a word of a frame may be. */
static uint64_t word(void)
{
	static const uint64_t odd[] = {
		0,
		3,
		0x08,
		0x10,
		0x1b,
		0x23,
		0x2b,
		0x33,
		0x63,
		0x6b,
		0x73,
		0x7b,
		0x40,
		0x43,
		0xffff,
		0x7202,
		0x3000,
		0x20202,
		0x4000,
		0x100,
		0x80000000,
		1ULL << 47,
		0xffff800000000000,
		0x7fffffffffff,
		-1,
		0x10000,
		0x7ffffffff000,
		0xffffffff80000000,
		0x46505853,
		0x46505845,
		0x1f80,
		0xffffffff,
	};

	switch (below(4)) {
	case 0:
		return odd[below(ARRAY(odd))];
	case 1:
		return 1ULL << below(64);
	case 2:
		return (uintptr_t)low + below(STACK);
	default:
		return any();
	}
}

/* The frame begins here; most words stay. */
static void tamper(char *frame)
{
	for (unsigned int n = 1 + below(4); n; n--) {
		size_t width = 2 << below(3);
		uint64_t value = word();

		memcpy(frame + below((below(3) ? 256 : 1600) / width) * width, &value, width);
	}
}

static void handler(int signal, siginfo_t *info, void *context)
{
	tamper(context);
}

/* From 32-bit code, with the frame behind the return address at RSP: on with the number in EAX. */
__attribute__((used)) static unsigned int tamper_i386(char *frame)
{
	tamper(frame);
	return action.flags & SIGINFO ? NR32_RT_SIGRETURN : NR32_SIGRETURN;
}

void back_i386(void);
__asm__("back_i386:\n\t"
	"movl %esp, %ebx\n\t"
	"leaq 4(%rbx), %rdi\n\t"
	"andq $-16, %rsp\n\t"
	"subq $128, %rsp\n\t"
	"call tamper_i386\n\t"
	"leaq 4(%rbx), %rsp\n\t"
	"cmpl $119, %eax\n\t"
	"jne 1f\n\t"
	"addq $4, %rsp\n"
	"1:\tint $0x80\n\t"
	"hlt");

static long int80(long number, long a, const void *b, const void *c, long d)
{
	long result;

	__asm__ volatile("int $0x80"
			 : "=a"(result)
			 : "a"(number), "b"(a), "c"(b), "d"(c), "S"(d)
			 : "memory", "r8", "r9", "r10", "r11");
	return result;
}

/* A far jump to back_i386 is all of the handler. */
static void set_i386_handler(void)
{
	low[0] = (char)0xea;
	memcpy(low + 1, &(uint32_t){(uintptr_t)back_i386}, 4);
	memcpy(low + 5, &(uint16_t){0x33}, 2);
	action.handler = (uintptr_t)low;
	action.flags = ONSTACK | (below(2) ? SIGINFO : 0);
	int80(NR32_RT_SIGACTION, SIGUSR1, &action, NULL, 8);
}

static void child(void)
{
	struct sigaction own = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO | SA_ONSTACK};
	stack_t stack = {.ss_sp = low + PAGE, .ss_size = STACK};

	close(STDOUT_FILENO);
	close(STDERR_FILENO); /* a library may have something to say */
	alarm(1);
	sigaltstack(&stack, NULL);
	if (below(2) || (uintptr_t)back_i386 >> 32) /* out of reach for 32-bit code */
		sigaction(SIGUSR1, &own, NULL);
	else
		set_i386_handler();
	raise(SIGUSR1);
	_exit(0);
}

/* What a switch from a child could leave behind. */
static int registers_are_kept(void)
{
	unsigned long flags;
	unsigned int mxcsr;
	uint16_t ds, fs, gs;

	__asm__("pushfq\n\tpop %0" : "=r"(flags));
	__asm__("stmxcsr %0" : "=m"(mxcsr));
	__asm__("mov %%ds, %0\n\tmov %%fs, %1\n\tmov %%gs, %2" : "=r"(ds), "=r"(fs), "=r"(gs));
	return !(flags & 0x77500) && (mxcsr & 0xffc0) == 0x1f80 && !fs && !gs;
}

int main(int argc, char **argv)
{
	long seconds = argc > 1 ? atoi(argv[1]) : 1;
	time_t end = time(NULL) + seconds;

	state = argc > 2 ? strtoull(argv[2], NULL, 0) : 1;
	low = mmap((void *)0x30000000, PAGE + STACK, PROT_READ | PROT_WRITE | PROT_EXEC,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	while (time(NULL) < end) {
		pid_t pid = fork();

		if (!pid)
			child();
		while (waitpid(-1, NULL, 0) > 0)
			;
		any();
		if (!registers_are_kept())
			puts("another's registers");
	}
	puts("sigreturn_fuzz: good");
	return 0;
}
