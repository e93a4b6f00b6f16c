// SPDX-License-Identifier: MIT
/*
 * tests/abi/exec_elf32.c - execve of 32-bit programs from 64-bit ones and back
 * (docs/contract/compat.md, section 4; docs/contract/mmap.md, LAY-9).
 */
#include <stdio.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/inject.h"
#include "lib/program.h"
#include "lib/sys.h"
#include "lib/task.h"
#include "lib/test.h"

#define BASE	      0x10000000U
#define EXITS(status) ((status) << 8)

struct program32 {
	Elf32_Ehdr eh;
	Elf32_Phdr ph[4];
	char interp[128];
	unsigned char code[256];
};

extern const unsigned char code32_exit[], code32_exit_end[];	   /* exits with 42 */
extern const unsigned char code32_cs[], code32_cs_end[];	   /* with its CS */
extern const unsigned char code32_persona[], code32_persona_end[]; /* 1: READ_IMPLIES_EXEC */
extern const unsigned char code32_exec[], code32_exec_end[];	   /* executes argv[1]; errno */
extern const unsigned char code32_sum[], code32_sum_end[]; /* bits of ES, FS, GS, high registers */
__asm__(".section .rodata\n"
	".code32\n"
	"code32_exit:\n\t"
	"mov $42, %ebx; mov $1, %eax; int $0x80\n"
	"code32_exit_end:\n"
	"code32_cs:\n\t"
	"mov %cs, %ebx; mov $1, %eax; int $0x80\n"
	"code32_cs_end:\n"
	"code32_persona:\n\t"
	"mov $136, %eax; mov $-1, %ebx; int $0x80\n\t"
	"mov %eax, %ebx; shr $22, %ebx; and $1, %ebx; mov $1, %eax; int $0x80\n"
	"code32_persona_end:\n"
	"code32_exec:\n\t"
	"mov 8(%esp), %ebx; lea 8(%esp), %ecx; lea 16(%esp), %edx; mov $11, %eax; int $0x80\n\t"
	"neg %eax; mov %eax, %ebx; mov $1, %eax; int $0x80\n"
	"code32_exec_end:\n"
	"code32_sum:\n\t"
	"or %ecx, %eax; or %edx, %eax; or %ebx, %eax; or %esi, %eax; or %edi, %eax; or %ebp, %eax\n\t"
	"mov %fs, %ebx; or %ebx, %eax; mov %gs, %ebx; or %ebx, %eax\n\t"
	"mov %ds, %ebx; xor $0x2b, %ebx; or %ebx, %eax; mov %es, %ebx; xor $0x2b, %ebx\n\t"
	"or %eax, %ebx; mov $1, %eax; int $0x80\n"
	"code32_sum_end:\n"
	".code64\n"
	".text\n");

#define PROGRAM32(code) make(code, code##_end)

static struct program32 make(const unsigned char *code, const unsigned char *end)
{
	struct program32 p = {
		.eh =
			{
				.e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS32,
					    ELFDATA2LSB, EV_CURRENT},
				.e_type = ET_EXEC,
				.e_machine = EM_386,
				.e_version = EV_CURRENT,
				.e_entry = BASE + offsetof(struct program32, code),
				.e_phoff = offsetof(struct program32, ph),
				.e_ehsize = sizeof(Elf32_Ehdr),
				.e_phentsize = sizeof(Elf32_Phdr),
				.e_phnum = 1,
			},
		.ph[0] = {.p_type = PT_LOAD,
			  .p_flags = PF_R | PF_X,
			  .p_vaddr = BASE,
			  .p_filesz = sizeof(p),
			  .p_memsz = sizeof(p),
			  .p_align = PAGE},
	};

	EXPECT(end - code <= (long)sizeof(p.code));
	memcpy(p.code, code, end - code);
	return p;
}

static long run_with(const struct program32 *program, const char *argument)
{
	char *path = program_write(program, sizeof(*program));
	const char *const argv[] = {path, argument, NULL};
	long status = program_run(path, argv);

	program_remove(path);
	return status;
}

static long run(const struct program32 *program)
{
	return run_with(program, NULL);
}

TEST("CMP-30", "a 32-bit program starts in 32-bit code, with nothing in its registers")
{
	struct program32 p = PROGRAM32(code32_exit);

	EXPECT_EQ(run(&p), EXITS(42));
	p = PROGRAM32(code32_cs);
	EXPECT_EQ(run(&p), EXITS(0x23));
	p = PROGRAM32(code32_sum);
	EXPECT_EQ(run(&p), 0);
	p = PROGRAM32(code32_exit);
	p.eh.e_type = ET_DYN; /* static-PIE */
	p.eh.e_entry -= BASE;
	p.ph[0].p_vaddr = 0;
	EXPECT_EQ(run(&p), EXITS(42));
}

TEST("CMP-30", "a 32-bit program executes a 64-bit one, and that its like")
{
	struct program32 p = PROGRAM32(code32_exec), q = PROGRAM32(code32_cs);
	char *path = program_file(PROGRAM(code_exit));

	EXPECT_EQ(run_with(&p, path), EXITS(42));
	program_remove(path);
	EXPECT_EQ(run_with(&p, path), EXITS(ENOENT));
	path = program_write(&q, sizeof(q));
	EXPECT_EQ(run_with(&p, path), EXITS(0x23));
	program_remove(path);
}

TEST("CMP-30", "what is no 32-bit program for this machine is ENOEXEC")
{
	struct program32 p = PROGRAM32(code32_exit);

	p.eh.e_machine = EM_ARM;
	EXPECT_ERR(run(&p), ENOEXEC);
	p.eh.e_machine = EM_386;
	p.eh.e_phentsize = sizeof(Elf64_Phdr);
	EXPECT_ERR(run(&p), ENOEXEC);
	p.eh.e_phentsize = sizeof(Elf32_Phdr);
	p.eh.e_ident[EI_CLASS] = ELFCLASS64; /* nobody looks at it */
	EXPECT_EQ(run(&p), EXITS(42));
	p.eh.e_phnum = 0;
	EXPECT_ERR(run(&p), ENOEXEC);
}

TEST("CMP-30", "the interpreter is a program of 32 bits, or ELIBBAD")
{
	struct program32 p = PROGRAM32(code32_exit), interp = PROGRAM32(code32_cs);
	char *path = program_file(PROGRAM(code_exit));

	p.eh.e_phnum = 2;
	p.ph[1] = (Elf32_Phdr){.p_type = PT_INTERP,
			       .p_offset = offsetof(struct program32, interp),
			       .p_filesz = strlen(path) + 1};
	strcpy(p.interp, path);
	EXPECT_ERR(run(&p), ELIBBAD);
	program_remove(path);
	interp.eh.e_type = ET_DYN;
	interp.eh.e_entry -= BASE;
	interp.ph[0].p_vaddr = 0;
	interp.ph[0].p_flags |= PF_W; /* Linux clears what is behind the file's end */
	path = program_write(&interp, sizeof(interp));
	strcpy(p.interp, path);
	p.ph[1].p_filesz = strlen(path) + 1;
	EXPECT_EQ(run(&p), EXITS(0x23));
	program_remove(path);
}

TEST("LAY-9", "an i386 program without PT_GNU_STACK gets READ_IMPLIES_EXEC, one with it does not")
{
	struct program32 p = PROGRAM32(code32_persona);

	EXPECT_EQ(run(&p), EXITS(1));
	p.eh.e_phnum = 2;
	p.ph[1] = (Elf32_Phdr){.p_type = PT_GNU_STACK, .p_flags = PF_R | PF_W};
	EXPECT_EQ(run(&p), 0);
	p.ph[1].p_flags |= PF_X;
	EXPECT_EQ(run(&p), 0);
	EXPECT_OK(raw(SYS_personality, READ_IMPLIES_EXEC));
	EXPECT_EQ(run(&p), EXITS(1)); /* inherited, unlike by 64-bit programs */
}

/* One exec in which the n-th allocation fails; the wait status. */
static int fail_once(const char *path, int nth)
{
	static char *const argv[] = {"x", NULL};
	pid_t pid = raw_fork();

	if (pid == 0) {
		long error;

		if (nth > 0)
			inject_start(nth);
		error = raw(SYS_execve, path, argv, argv);
		inject_stop();
		raw(SYS_exit_group, -error);
	}
	EXPECT(pid > 0);
	return wait_status(pid);
}

TEST_SLOW("EXT-7,EXT-8",
	  "whichever allocation of its exec fails, it returns or dies and leaks nothing", 60)
{
	struct program32 p = PROGRAM32(code32_exit);
	char *path = program_write(&p, sizeof(p));
	int status = 0, error;

	inject_ready();
	for (int n = -4; n <= 20 || status != EXITS(42); n++) {
		struct usage before = usage_now();

		status = fail_once(path, n);
		error = WEXITSTATUS(status);
		if (WIFSIGNALED(status))
			EXPECT(WTERMSIG(status) == SIGSEGV || WTERMSIG(status) == SIGKILL);
		else
			EXPECT(error == 42 || error == ENOMEM || error == E2BIG);
		if (n > 0)
			EXPECT_SAME_USAGE(&before, n);
	}
	program_remove(path);
}
