// SPDX-License-Identifier: MIT
/*
 * tests/abi/exec_elf.c - what execve takes for a program, and what the program begins with
 * (docs/contract/calls.md, EXE; fork.md, section 12).
 */
#include <fcntl.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/personality.h>
#include <unistd.h>

#include "lib/maps.h"
#include "lib/program.h"
#include "lib/sys.h"
#include "lib/task.h"
#include "lib/test.h"

#define EXITS(status) ((status) << 8)

/* Writes, runs and removes a program; the value is program_run()'s. */
static long run(struct program *program)
{
	char *path = program_file(program);
	long status = program_run(path, NULL);

	program_remove(path);
	return status;
}

TEST("EXE-1", "a static program runs at its addresses")
{
	EXPECT_EQ(run(PROGRAM(code_exit)), EXITS(42));
}

TEST("EXE-1", "a static position-independent program runs somewhere")
{
	struct program *program = PROGRAM(code_exit);

	program->eh.e_type = ET_DYN;
	program->eh.e_entry -= PROGRAM_BASE;
	program->ph[0].p_vaddr = 0;
	EXPECT_EQ(run(program), EXITS(42));
}

TEST("EXE-2", "what is no program is ENOEXEC")
{
	static const char text[] = "hello\n";
	struct program *program = PROGRAM(code_exit);
	char *path = program_write(text, 6);

	EXPECT_ERR(program_run(path, NULL), ENOEXEC);
	program_remove(path);
	path = program_write(text, 0);
	EXPECT_ERR(program_run(path, NULL), ENOEXEC);
	program_remove(path);
	path = program_write(program, 40); /* half a header */
	EXPECT_ERR(program_run(path, NULL), ENOEXEC);
	program_remove(path);
}

TEST("EXE-2", "a header of another kind is ENOEXEC")
{
	struct program *program = PROGRAM(code_exit);

	program->eh.e_ident[1] = 'e';
	EXPECT_ERR(run(program), ENOEXEC);
	program->eh.e_ident[1] = 'E';
	program->eh.e_machine = EM_ARM;
	EXPECT_ERR(run(program), ENOEXEC);
	program->eh.e_machine = EM_X86_64;
	program->eh.e_type = ET_REL;
	EXPECT_ERR(run(program), ENOEXEC);
	program->eh.e_type = ET_CORE;
	EXPECT_ERR(run(program), ENOEXEC);
	program->eh.e_type = ET_EXEC;
	program->eh.e_phentsize = 32;
	EXPECT_ERR(run(program), ENOEXEC);
	program->eh.e_phentsize = sizeof(Elf64_Phdr);
	program->eh.e_phnum = 0;
	EXPECT_ERR(run(program), ENOEXEC);
	program->eh.e_phnum = 2000; /* more than 64 KiB of headers */
	EXPECT_ERR(run(program), ENOEXEC);
	program->eh.e_phnum = 1;
	program->eh.e_phoff = 1 << 20; /* behind the end of the file */
	EXPECT_ERR(run(program), ENOEXEC);
	program->eh.e_phoff = -64L;
	EXPECT_ERR(run(program), ENOEXEC);
	program->eh.e_phoff = offsetof(struct program, ph);
	EXPECT_EQ(run(program), EXITS(42));
}

TEST("EXE-3", "a program with an interpreter starts there")
{
	struct program *program = PROGRAM(code_exit), *loader = PROGRAM(code_stack);
	unsigned long stack[512] = {0}, *word = stack + 3, base = 0, entry = 0, phdr = 0;
	size_t len = sizeof(stack);
	char *path, *interp;

	loader->eh.e_type = ET_DYN;
	loader->eh.e_entry -= PROGRAM_BASE;
	loader->ph[0].p_vaddr = 0;
	interp = program_file(loader);
	program_set_interp(program, interp);
	path = program_file(program);
	EXPECT_EQ(program_output(path, NULL, stack, &len), 0);
	EXPECT_EQ(stack[0], 1); /* argc; argv[0], NULL, then the environment */
	while (*word++)
		;
	for (; word[0]; word += 2) {
		if (word[0] == AT_BASE)
			base = word[1];
		if (word[0] == AT_ENTRY)
			entry = word[1];
		if (word[0] == AT_PHDR)
			phdr = word[1];
	}
	EXPECT(base && base % PAGE == 0 && base != PROGRAM_BASE);
	EXPECT_EQ(entry, program->eh.e_entry);
	EXPECT_EQ(phdr, PROGRAM_BASE + offsetof(struct program, ph));
	program_remove(path);
	program_remove(interp);
}

TEST("EXE-3", "an interpreter that is missing, no program or misnamed")
{
	struct program *program = PROGRAM(code_exit);
	static const char junk[100] = "no program";
	char *text = program_write(junk, sizeof(junk));

	program_set_interp(program, "/no/such/loader");
	EXPECT_ERR(run(program), ENOENT);
	program->eh.e_phnum = 1;
	program_set_interp(program, text);
	EXPECT_ERR(run(program), ELIBBAD);
	program->eh.e_phnum = 1;
	program_set_interp(program, "/tmp");
	EXPECT_ERR(run(program), EACCES);
	program->ph[1].p_filesz = 1;
	EXPECT_ERR(run(program), ENOEXEC);
	program->ph[1].p_filesz = 3; /* not ended by a zero byte */
	EXPECT_ERR(run(program), ENOEXEC);
	program->ph[1].p_filesz = PAGE + 1;
	EXPECT_ERR(run(program), ENOEXEC);
	program_remove(text);
}

TEST("EXE-4", "memory behind the file's part is zero, of any size")
{
	struct program *program = PROGRAM(code_exit);

	/* mov 0x10800000, %al; movzbl %al, %edi; mov $231, %eax; syscall: exits with a far byte */
	static const unsigned char code[] = {0x8a, 0x04, 0x25, 0, 0x00, 0x80, 0x10, 0x0f, 0xb6,
					     0xf8, 0xb8, 231,  0, 0,	0,    0x0f, 0x05};

	memcpy(program->code, code, sizeof(code));
	program->ph[0].p_memsz = 16 << 20;
	program->ph[0].p_flags = PF_R | PF_W | PF_X;
	EXPECT_EQ(run(program), EXITS(0));
}

TEST("EXT-8", "a program whose memory cannot be had dies, execve does not return")
{
	struct program *program = PROGRAM(code_exit);

	program->ph[0].p_memsz = 8UL << 30;
	program->ph[0].p_flags = PF_R | PF_W | PF_X;
	set_limit(RLIMIT_AS, 256UL << 20);
	EXPECT_EQ(run(program), SIGSEGV);
	program->ph[0].p_memsz = PAGE;
	EXPECT_EQ(run(program), EXITS(42));
}

TEST("EXE-5", "a program starts with clear registers and an aligned stack")
{
	struct start_state state;
	size_t len = sizeof(state);
	char *path = program_file(PROGRAM(code_start));

	EXPECT_EQ(program_output(path, NULL, &state, &len), 0);
	EXPECT_EQ(len, sizeof(state));
	EXPECT_EQ(state.rsp % 16, 0);
	EXPECT_EQ(state.rax | state.rbx | state.rcx | state.rdx, 0);
	EXPECT_EQ(state.rsi | state.rdi | state.rbp, 0);
	EXPECT_EQ(state.r8 | state.r9 | state.r10 | state.r11, 0);
	EXPECT_EQ(state.r12 | state.r13 | state.r14 | state.r15, 0);
	EXPECT_EQ(state.flags & ~0x244UL, 2); /* ZF and PF are whatever they are; IF reads as 1 */
	EXPECT_EQ(state.mxcsr, 0x1f80);
	EXPECT_EQ(state.fcw, 0x37f);
	program_remove(path);
}

TEST("EXE-6", "argc, argv, envp and their ends stand on the stack in order")
{
	static const char *const argv[] = {"zero", "", "two words", NULL};
	unsigned long stack[512] = {0};
	size_t len = sizeof(stack);
	char *path = program_file(PROGRAM(code_stack)), text[64];

	EXPECT_EQ(program_output(path, argv, stack, &len), 0);
	EXPECT_EQ(stack[0], 3);
	EXPECT_EQ(stack[4], 0);
	EXPECT(stack[5] != 0);
	EXPECT_EQ(stack[6], 0);
	EXPECT_EQ(stack[2] - stack[1], 5);
	EXPECT_EQ(stack[3] - stack[2], 1);
	EXPECT_EQ(stack[5] - stack[3], 10);
	EXPECT_EQ(stack[7] != AT_NULL, 1);
	program_remove(path);
	path = program_file(PROGRAM(code_argv));
	len = sizeof(text);
	EXPECT_EQ(program_output(path, argv, text, &len), 0);
	EXPECT_EQ(len, 16);
	EXPECT_EQ(memcmp(text, "zero\0\0two words\0", 16), 0);
	program_remove(path);
}

TEST("EXE-6", "without arguments a program gets one that is empty")
{
	static const char *const none[] = {NULL};
	unsigned long stack[512] = {0};
	size_t len = sizeof(stack);
	char *path = program_file(PROGRAM(code_stack));

	EXPECT_EQ(program_output(path, none, stack, &len), 0);
	EXPECT_EQ(stack[0], 1);
	EXPECT_EQ(stack[2], 0);
	EXPECT_EQ(stack[3] - stack[1], 1);
	program_remove(path);
}

/* ---- the auxiliary vector, of this program executed anew ------------------------------------ */

int test_child(int argc, char **argv)
{
	const unsigned char *random = (void *)getauxval(AT_RANDOM);
	int set = 0;

	(void)argc;
	EXPECT_EQ(getauxval(AT_PAGESZ), PAGE);
	EXPECT_EQ(getauxval(AT_CLKTCK), 100);
	EXPECT_EQ(getauxval(AT_UID), raw(SYS_getuid));
	EXPECT_EQ(getauxval(AT_EUID), raw(SYS_geteuid));
	EXPECT_EQ(getauxval(AT_GID), raw(SYS_getgid));
	EXPECT_EQ(getauxval(AT_EGID), raw(SYS_getegid));
	EXPECT_EQ(getauxval(AT_SECURE), 0);
	EXPECT_EQ(getauxval(AT_PHENT), sizeof(Elf64_Phdr));
	EXPECT(getauxval(AT_PHNUM) >= 2);
	EXPECT_EQ(((Elf64_Phdr *)getauxval(AT_PHDR))->p_type != PT_NULL, 1);
	EXPECT_EQ(getauxval(AT_BASE), 0);
	EXPECT_EQ(getauxval(AT_FLAGS), 0);
	EXPECT(getauxval(AT_ENTRY) != 0);
	EXPECT_STR((char *)getauxval(AT_PLATFORM), "x86_64");
	EXPECT_STR((char *)getauxval(AT_EXECFN), "/proc/self/exe");
	EXPECT(random);
	for (int i = 0; i < 16; i++)
		set |= random[i];
	EXPECT(set);
	EXPECT_EQ(raw_write(9, random, 16), 16);
	EXPECT_STR(argv[0], "auxv");
	return 0;
}

TEST("EXE-7", "the auxiliary vector says what a C library needs; its random bytes differ")
{
	static const char *const words[] = {"auxv", NULL};
	unsigned char random[2][16];

	for (int i = 0; i < 2; i++) {
		struct gate out = gate_new();
		pid_t pid = test_fork();

		if (pid == 0) {
			raw(SYS_dup2, out.in, 9);
			test_exec(words);
		}
		EXPECT_EXIT(pid, 0);
		EXPECT_EQ(raw_read(out.out, random[i], 16), 16);
	}
	EXPECT(memcmp(random[0], random[1], 16) != 0);
}

/* Writes its personality, then /proc/self/maps, to fd 9. */
extern const unsigned char code_maps[], code_maps_end[];
__asm__(".section .rodata\n"
	"code_maps:\n\t"
	"mov $-1, %edi; mov $135, %eax; syscall; push %rax\n\t"
	"mov %rsp, %rsi; mov $8, %edx; mov $9, %edi; mov $1, %eax; syscall\n\t"
	"lea 3f(%rip), %rdi; xor %esi, %esi; mov $2, %eax; syscall\n\t"
	"mov %eax, %ebx; sub $4096, %rsp\n"
	"1:	mov %ebx, %edi; mov %rsp, %rsi; mov $4096, %edx; xor %eax, %eax; syscall\n\t"
	"test %eax, %eax; jle 2f\n\t"
	"mov %eax, %edx; mov %rsp, %rsi; mov $9, %edi; mov $1, %eax; syscall; jmp 1b\n"
	"2:	xor %edi, %edi; mov $231, %eax; syscall\n"
	"3:	.asciz \"/proc/self/maps\"\n"
	"code_maps_end:\n"
	".text\n");

/* The personality of the program, and the permissions of its [stack] in *perms. */
static unsigned long stack_perms(struct program *program, char perms[5])
{
	char *path = program_file(program), *line;
	static char output[8 + 4096];
	size_t len = sizeof(output) - 1;
	unsigned long personality;

	memset(output, 0, sizeof(output));
	EXPECT_EQ(program_output(path, NULL, output, &len), 0);
	program_remove(path);
	memcpy(&personality, output, 8);
	line = strstr(output + 8, "[stack]");
	EXPECT(line);
	while (line > output + 8 && line[-1] != '\n')
		line--;
	memcpy(perms, strchr(line, ' ') + 1, 4);
	perms[4] = 0;
	return personality;
}

TEST("LAY-9",
     "a program never begins with READ_IMPLIES_EXEC; PT_GNU_STACK speaks of the stack alone")
{
	struct program *program = PROGRAM(code_maps);
	char perms[5];

	EXPECT_OK(raw(SYS_personality, READ_IMPLIES_EXEC | ADDR_NO_RANDOMIZE));
	EXPECT_EQ(stack_perms(program, perms), ADDR_NO_RANDOMIZE); /* no PT_GNU_STACK */
	EXPECT_STR(perms, "rw-p");
	program->ph[program->eh.e_phnum++] =
		(Elf64_Phdr){.p_type = PT_GNU_STACK, .p_flags = PF_R | PF_W};
	EXPECT_EQ(stack_perms(program, perms), ADDR_NO_RANDOMIZE);
	EXPECT_STR(perms, "rw-p");
	program->ph[1].p_flags |= PF_X;
	EXPECT_EQ(stack_perms(program, perms), ADDR_NO_RANDOMIZE);
	EXPECT_STR(perms, "rwxp");
}
