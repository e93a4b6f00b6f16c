// SPDX-License-Identifier: MIT
/*
 * lib/program.c - see lib/program.h.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/program.h"
#include "lib/sys.h"
#include "lib/task.h"
#include "lib/test.h"

__asm__(".section .rodata\n"
	".globl code_exit, code_exit_end, code_argv, code_argv_end\n"
	".globl code_start, code_start_end, code_stack, code_stack_end\n"
	"code_exit:\n\t"
	"mov $42, %edi; mov $231, %eax; syscall\n"
	"code_exit_end:\n"
	"code_argv:\n\t"
	"mov 8(%rsp), %rsi; mov (%rsp), %rax; mov 16(%rsp,%rax,8), %rdx; sub %rsi, %rdx\n\t"
	"mov $9, %edi; mov $1, %eax; syscall\n\t"
	"xor %edi, %edi; mov $231, %eax; syscall\n"
	"code_argv_end:\n"
	"code_start:\n\t"
	"mov %rax, -504(%rsp); pushfq; lea -1016(%rsp), %rax\n\t" /* the state, below the stack */
	"mov %rbx, 16(%rax); mov %rcx, 24(%rax); mov %rdx, 32(%rax); mov %rsi, 40(%rax)\n\t"
	"mov %rdi, 48(%rax); mov %rbp, 56(%rax); mov %r8, 64(%rax); mov %r9, 72(%rax)\n\t"
	"mov %r10, 80(%rax); mov %r11, 88(%rax); mov %r12, 96(%rax); mov %r13, 104(%rax)\n\t"
	"mov %r14, 112(%rax); mov %r15, 120(%rax)\n\t"
	"pop %rbx; mov %rbx, 128(%rax)\n\t"
	"mov %rsp, (%rax)\n\t"
	"mov -504(%rsp), %rbx; mov %rbx, 8(%rax)\n\t"
	"stmxcsr 136(%rax); movl $0, 140(%rax); fnstcw 140(%rax)\n\t"
	"mov %rax, %rsi; mov $144, %edx; mov $9, %edi; mov $1, %eax; syscall\n\t"
	"xor %edi, %edi; mov $231, %eax; syscall\n"
	"code_start_end:\n"
	"code_stack:\n\t"
	"mov %rsp, %rsi; mov $448, %edx; mov $9, %edi; mov $1, %eax; syscall\n\t"
	"xor %edi, %edi; mov $231, %eax; syscall\n"
	"code_stack_end:\n"
	".text\n");

struct program *program_new(const unsigned char *code, const unsigned char *end)
{
	struct program *program = calloc(1, PAGE);

	EXPECT(program && sizeof(*program) <= PAGE && end - code <= (long)sizeof(program->code));
	memcpy(program->eh.e_ident, ELFMAG, SELFMAG);
	program->eh.e_ident[EI_CLASS] = ELFCLASS64;
	program->eh.e_ident[EI_DATA] = ELFDATA2LSB;
	program->eh.e_ident[EI_VERSION] = EV_CURRENT;
	program->eh.e_type = ET_EXEC;
	program->eh.e_machine = EM_X86_64;
	program->eh.e_version = EV_CURRENT;
	program->eh.e_entry = PROGRAM_BASE + offsetof(struct program, code);
	program->eh.e_phoff = offsetof(struct program, ph);
	program->eh.e_ehsize = sizeof(Elf64_Ehdr);
	program->eh.e_phentsize = sizeof(Elf64_Phdr);
	program->eh.e_phnum = 1;
	program->ph[0] = (Elf64_Phdr){.p_type = PT_LOAD,
				      .p_flags = PF_R | PF_X,
				      .p_vaddr = PROGRAM_BASE,
				      .p_filesz = PAGE,
				      .p_memsz = PAGE,
				      .p_align = PAGE};
	memcpy(program->code, code, end - code);
	return program;
}

void program_set_interp(struct program *program, const char *path)
{
	snprintf(program->interp, sizeof(program->interp), "%s", path);
	program->ph[program->eh.e_phnum++] =
		(Elf64_Phdr){.p_type = PT_INTERP,
			     .p_flags = PF_R,
			     .p_offset = offsetof(struct program, interp),
			     .p_vaddr = PROGRAM_BASE + offsetof(struct program, interp),
			     .p_filesz = strlen(path) + 1,
			     .p_memsz = strlen(path) + 1,
			     .p_align = 1};
}

char *program_write(const void *bytes, size_t size)
{
	static int made;
	char *path;
	int fd;

	EXPECT(asprintf(&path, "/tmp/abi-program-%d-%d", (int)raw(SYS_getpid), made++) > 0);
	fd = EXPECT_OK(raw_open(path, O_WRONLY | O_CREAT | O_EXCL, 0600));
	EXPECT_EQ(raw_write(fd, bytes, size), size);
	EXPECT_OK(raw(SYS_fchmod, fd, 0755));
	raw_close(fd);
	return path;
}

char *program_file(const struct program *program)
{
	return program_write(program, PAGE);
}

void program_remove(const char *path)
{
	EXPECT_OK(raw(SYS_unlink, path));
}

/* Tells an errno apart from every status by a pipe that exec closes. */
static long run(const char *path, const char *const *argv, struct gate *out)
{
	static const char *const envp[] = {"END=1", NULL};
	const char *const alone[] = {path, NULL};
	struct gate failed = gate_new();
	int error = 0;
	pid_t pid = test_fork();

	if (pid == 0) {
		if (out)
			EXPECT_OK(raw(SYS_dup2, out->in, 9));
		error = raw(SYS_execve, path, argv ? argv : alone, envp);
		raw_write(failed.in, &error, sizeof(error));
		_exit(0);
	}
	raw_close(failed.in);
	if (out)
		raw_close(out->in);
	raw_read(failed.out, &error, sizeof(error));
	raw_close(failed.out);
	if (!error)
		return pid;
	wait_status(pid);
	return error;
}

long program_run(const char *path, const char *const *argv)
{
	long pid = run(path, argv, NULL);

	return pid < 0 ? pid : wait_status(pid);
}

long program_output(const char *path, const char *const *argv, void *buffer, size_t *len)
{
	struct gate out = gate_new();
	size_t have = 0;
	long pid = run(path, argv, &out), n;

	while (pid > 0 && have < *len &&
	       (n = raw_read(out.out, (char *)buffer + have, *len - have)) > 0)
		have += n;
	raw_close(out.out);
	*len = have;
	return pid < 0 ? pid : wait_status(pid);
}
