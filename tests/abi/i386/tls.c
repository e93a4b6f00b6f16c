// SPDX-License-Identifier: MIT
/*
 * tests/abi/i386/tls.c - segments of 32-bit programs: set_thread_area, what a switch, fork, clone and
 * a change to 64-bit code do to them; and registers across int 0x80 (docs/contract/mmap.md, GEN-3;
 * docs/contract/fork.md, TID-6, CLN-1).
 */
#include <asm/ldt.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/sys.h"
#include "lib/test.h"

#define FIRST 12 /* entries of the GDT: three for TLS */

static const struct user_desc empty = {.read_exec_only = 1, .seg_not_present = 1};

static struct user_desc data_desc(unsigned int entry, void *base)
{
	return (struct user_desc){
		.entry_number = entry,
		.base_addr = (unsigned long)base,
		.limit = 0xfffff,
		.seg_32bit = 1,
		.limit_in_pages = 1,
		.useable = 1,
	};
}

static unsigned int read_fs_word(void)
{
	unsigned int word;

	__asm__ volatile("movl %%fs:0, %0" : "=r"(word));
	return word;
}

static void load_fs(unsigned int entry)
{
	__asm__ volatile("movw %w0, %%fs" : : "r"(entry ? entry * 8 + 3 : 0));
}

static unsigned int selector(int which)
{
	unsigned int value = 0;

	if (which == 'c')
		__asm__("movw %%cs, %w0" : "=r"(value));
	else if (which == 'd')
		__asm__("movw %%ds, %w0" : "=r"(value));
	else if (which == 'e')
		__asm__("movw %%es, %w0" : "=r"(value));
	else if (which == 's')
		__asm__("movw %%ss, %w0" : "=r"(value));
	else if (which == 'f')
		__asm__("movw %%fs, %w0" : "=r"(value));
	else
		__asm__("movw %%gs, %w0" : "=r"(value));
	return value & 0xffff;
}

TEST("CMP-2", "a 32-bit program starts with the selectors of Linux")
{
	EXPECT_EQ(selector('c'), 0x23);
	EXPECT_EQ(selector('d'), 0x2b);
	EXPECT_EQ(selector('e'), 0x2b);
	EXPECT_EQ(selector('s'), 0x2b);
	EXPECT_EQ(selector('f'), 0);
	EXPECT_EQ(selector('g'), FIRST * 8 + 3); /* the C library's TLS */
}

TEST("CMP-3", "set_thread_area takes the lowest free entry, get_thread_area gives it back")
{
	static unsigned int word = 0x1234abcd;
	struct user_desc desc = data_desc(-1, &word), got = {.entry_number = FIRST + 1};

	EXPECT_OK(raw(SYS_set_thread_area, &desc));
	EXPECT_EQ(desc.entry_number, FIRST + 1);
	EXPECT_OK(raw(SYS_get_thread_area, &got));
	EXPECT(!memcmp(&got, &desc, sizeof(got)));
	load_fs(FIRST + 1);
	EXPECT_EQ(read_fs_word(), 0x1234abcd);
	desc = data_desc(-1, &word);
	EXPECT_OK(raw(SYS_set_thread_area, &desc));
	EXPECT_EQ(desc.entry_number, FIRST + 2);
	desc = data_desc(-1, &word);
	EXPECT_ERR(raw(SYS_set_thread_area, &desc), ESRCH);
	desc = empty;
	desc.entry_number = FIRST + 2;
	EXPECT_OK(raw(SYS_set_thread_area, &desc));
	desc = data_desc(-1, &word);
	EXPECT_OK(raw(SYS_set_thread_area, &desc));
	EXPECT_EQ(desc.entry_number, FIRST + 2);
}

TEST("CMP-3", "what is no data segment of 32 bits is refused")
{
	struct user_desc desc = data_desc(FIRST + 1, NULL);

	EXPECT_ERR(raw(SYS_set_thread_area, 8), EFAULT);
	desc.entry_number = FIRST + 3;
	EXPECT_ERR(raw(SYS_set_thread_area, &desc), EINVAL);
	EXPECT_ERR(raw(SYS_get_thread_area, &desc), EINVAL);
	desc.entry_number = FIRST - 1;
	EXPECT_ERR(raw(SYS_set_thread_area, &desc), EINVAL);
	desc = data_desc(FIRST + 1, NULL);
	desc.seg_32bit = 0;
	EXPECT_ERR(raw(SYS_set_thread_area, &desc), EINVAL);
	desc = data_desc(FIRST + 1, NULL);
	desc.contents = 2;
	EXPECT_ERR(raw(SYS_set_thread_area, &desc), EINVAL);
	desc = data_desc(FIRST + 1, NULL);
	desc.seg_not_present = 1;
	EXPECT_ERR(raw(SYS_set_thread_area, &desc), EINVAL);
}

TEST("CMP-3", "a changed descriptor holds at once for a selector that is loaded")
{
	static unsigned int words[2] = {1, 2};
	struct user_desc desc = data_desc(FIRST + 1, &words[0]);

	EXPECT_OK(raw(SYS_set_thread_area, &desc));
	load_fs(FIRST + 1);
	EXPECT_EQ(read_fs_word(), 1);
	desc = data_desc(FIRST + 1, &words[1]);
	EXPECT_OK(raw(SYS_set_thread_area, &desc));
	EXPECT_EQ(read_fs_word(), 2);
}

/* Two processes on one CPU, each with its own segment under the same selector. */
TEST("CMP-4", "descriptors and selectors are switched with the task, and inherited by fork")
{
	static unsigned int word;
	struct user_desc desc = data_desc(FIRST + 1, &word);
	pid_t pid;

	word = 7;
	pin_to_cpu(0);
	EXPECT_OK(raw(SYS_set_thread_area, &desc));
	load_fs(FIRST + 1);
	pid = test_fork();
	if (pid == 0) {
		static unsigned int other = 8;

		EXPECT_EQ(selector('f'), (FIRST + 1) * 8 + 3);
		EXPECT_EQ(read_fs_word(), 7);
		desc = data_desc(FIRST + 1, &other);
		EXPECT_OK(raw(SYS_set_thread_area, &desc));
		for (int i = 0; i < 200; i++) {
			EXPECT_EQ(read_fs_word(), 8);
			raw(SYS_sched_yield);
		}
		_exit(0);
	}
	for (int i = 0; i < 200; i++) {
		EXPECT_EQ(read_fs_word(), 7);
		EXPECT_EQ(selector('d'), 0x2b);
		raw(SYS_sched_yield);
	}
	EXPECT_EXIT(pid, 0);
	EXPECT_EQ(read_fs_word(), 7);
}

static __thread int own = 5;
static int seen;

static void *other_thread(void *argument)
{
	seen = own;
	own = 6;
	return &own;
}

TEST("TID-6,CLN-1", "a thread gets its TLS by a descriptor, clone's fourth argument")
{
	own = 100;
	EXPECT(thread_join(thread_start(other_thread, NULL)) != &own);
	EXPECT_EQ(seen, 5);
	EXPECT_EQ(own, 100);
}

TEST("TID-6", "a descriptor that is no good is EINVAL or EFAULT, and there is no child")
{
	struct user_desc desc = data_desc(FIRST + 5, NULL);

	EXPECT_ERR(raw(SYS_clone, CLONE_SETTLS | SIGCHLD, 0, 0, &desc, 0), EINVAL);
	desc = data_desc(-1, NULL);
	EXPECT_ERR(raw(SYS_clone, CLONE_SETTLS | SIGCHLD, 0, 0, &desc, 0), EINVAL);
	EXPECT_ERR(raw(SYS_clone, CLONE_SETTLS | SIGCHLD, 0, 0, 8, 0), EFAULT);
	EXPECT_ERR(raw(SYS_wait4, -1, 0, __WALL, 0), ECHILD);
}

/* Registers after a call: AX CX DX BX SI DI BP, flags. */
struct registers {
	unsigned int ax, cx, dx, bx, si, di, bp, flags;
};

void known_call(const unsigned int *in, struct registers *after);
__asm__(".pushsection .text\n"
	"known_call:\n\t"
	"push %ebx; push %ebp; push %esi; push %edi\n\t"
	"mov 20(%esp), %eax\n\t"
	"mov 4(%eax), %ebx; mov 8(%eax), %ecx; mov 12(%eax), %edx\n\t"
	"mov 16(%eax), %esi; mov 20(%eax), %edi; mov 24(%eax), %ebp\n\t"
	"mov (%eax), %eax\n\t"
	"stc\n\t"
	"int $0x80\n\t"
	"pushf\n\t"
	"push %eax\n\t"
	"mov 32(%esp), %eax\n\t"
	"mov %ecx, 4(%eax); mov %edx, 8(%eax); mov %ebx, 12(%eax)\n\t"
	"mov %esi, 16(%eax); mov %edi, 20(%eax); mov %ebp, 24(%eax)\n\t"
	"pop (%eax)\n\t"
	"pop 28(%eax)\n\t"
	"pop %edi; pop %esi; pop %ebp; pop %ebx\n\t"
	"ret\n"
	".popsection\n");

TEST("GEN-3", "int 0x80 from 32-bit code takes six registers and changes EAX alone")
{
	struct registers r;
	int fd = temp_file(2 * PAGE);

	known_call((unsigned int[]){SYS_mmap2, 0, PAGE, PROT_READ, MAP_PRIVATE, fd, 1}, &r);
	EXPECT(r.ax < -4095U);
	EXPECT_EQ(*(unsigned char *)r.ax, file_byte(PAGE));
	EXPECT_EQ(r.bx, 0);
	EXPECT_EQ(r.cx, PAGE);
	EXPECT_EQ(r.dx, PROT_READ);
	EXPECT_EQ(r.si, MAP_PRIVATE);
	EXPECT_EQ(r.di, fd);
	EXPECT_EQ(r.bp, 1);
	EXPECT(r.flags & 1);
	known_call((unsigned int[]){9999, 1, 2, 3, 4, 5, 6}, &r);
	EXPECT_EQ(r.ax, -ENOSYS);
	known_call((unsigned int[]){-1U, 1, 2, 3, 4, 5, 6}, &r);
	EXPECT_EQ(r.ax, -ENOSYS);
	EXPECT_EQ(r.bp, 6);
}

/*
 * To 64-bit code and back; there getpid by SYSCALL and by int 0x80. By far jumps: far calls and returns
 * of programs fault in QEMU, which takes their accesses to the stack for the kernel's.
 */
unsigned int long_getpid(unsigned int nr64, unsigned int nr32, unsigned int *by_int80);
__asm__(".pushsection .text\n"
	"long_getpid:\n\t"
	"push %ebx; push %esi; push %edi\n\t"
	"mov 16(%esp), %eax; mov 20(%esp), %esi; mov 24(%esp), %edi\n\t"
	"ljmp $0x33, $1f\n"
	".code64\n"
	"1:\tsyscall\n\t"
	"mov %eax, %ebx\n\t"
	"mov %esi, %eax\n\t"
	"int $0x80\n\t"
	"mov %eax, (%rdi)\n\t"
	"mov %ebx, %eax\n\t"
	"ljmpl *3f(%rip)\n"
	"3:\t.long 2f; .word 0x23\n"
	".code32\n"
	"2:\tpop %edi; pop %esi; pop %ebx\n\t"
	"ret\n"
	".popsection\n");

TEST("CMP-1", "a 32-bit program may run 64-bit code, with the calls of either kind")
{
	unsigned int by_int80 = 0, pid = raw(SYS_getpid);

	EXPECT_EQ(long_getpid(39, SYS_getpid, &by_int80), pid);
	EXPECT_EQ(by_int80, pid);
	EXPECT_EQ(selector('c'), 0x23);
}
