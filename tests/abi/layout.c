// SPDX-License-Identifier: MIT
/*
 * tests/abi/layout.c - calling convention, errnos and the layout of the address space
 * (docs/contract/mmap.md, sections 0 and 1).
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/personality.h>
#include <unistd.h>

#include "lib/fault.h"
#include "lib/maps.h"
#include "lib/sys.h"
#include "lib/test.h"

struct registers {
	unsigned long rax, rbx, rcx, rdx, rsi, rdi, r8, r9, r10, r11, r12, r13, r14, r15, rbp;
};

/*
 * known_call(in, after) makes the system call in[0] with the arguments in[1] to in[6] and every other
 * register known, and keeps in *after what the registers are then.
 */
void known_call(const unsigned long *in, struct registers *after);
__asm__(".pushsection .text\n"
	"known_call:\n"
	"	push %rbx\n	push %rbp\n	push %r12\n	push %r13\n	push %r14\n	push %r15\n"
	"	push %rsi\n"
	"	mov %rdi, %rbx\n"
	"	mov 0(%rbx), %rax\n	mov 8(%rbx), %rdi\n	mov 16(%rbx), %rsi\n"
	"	mov 24(%rbx), %rdx\n	mov 32(%rbx), %r10\n	mov 40(%rbx), %r8\n"
	"	mov 48(%rbx), %r9\n"
	"	mov $0x1b1b1b1b, %ebx\n	mov $0x1c1c1c1c, %r12d\n	mov $0x1d1d1d1d, %r13d\n"
	"	mov $0x1e1e1e1e, %r14d\n	mov $0x1f1f1f1f, %r15d\n	mov $0x1a1a1a1a, %ebp\n"
	"	syscall\n"
	"known_return:\n"
	"	xchg (%rsp), %rbp\n" /* *after; RBP takes its place */
	"	mov %rax, 0(%rbp)\n	mov %rbx, 8(%rbp)\n	mov %rcx, 16(%rbp)\n"
	"	mov %rdx, 24(%rbp)\n	mov %rsi, 32(%rbp)\n	mov %rdi, 40(%rbp)\n"
	"	mov %r8, 48(%rbp)\n	mov %r9, 56(%rbp)\n	mov %r10, 64(%rbp)\n"
	"	mov %r11, 72(%rbp)\n	mov %r12, 80(%rbp)\n	mov %r13, 88(%rbp)\n"
	"	mov %r14, 96(%rbp)\n	mov %r15, 104(%rbp)\n	pop %rax\n	mov %rax, 112(%rbp)\n"
	"	pop %r15\n	pop %r14\n	pop %r13\n	pop %r12\n	pop %rbp\n	pop %rbx\n"
	"	ret\n"
	".popsection\n");
extern const char known_return[];

TEST("GEN-1", "a system call changes RAX, RCX and R11 and nothing else")
{
	struct registers after = {0};
	unsigned long hint = (unsigned long)free_range(1);

	known_call((unsigned long[]){SYS_mmap, hint, PAGE, RW, PRIVATE, -1UL, 0}, &after);
	EXPECT_EQ(after.rax, hint);
	EXPECT_EQ(after.rdi, hint);
	EXPECT_EQ(after.rsi, PAGE);
	EXPECT_EQ(after.rdx, RW);
	EXPECT_EQ(after.r10, PRIVATE);
	EXPECT_EQ(after.r8, -1UL);
	EXPECT_EQ(after.r9, 0);
	EXPECT_EQ(after.rbx, 0x1b1b1b1b);
	EXPECT_EQ(after.r12, 0x1c1c1c1c);
	EXPECT_EQ(after.r13, 0x1d1d1d1d);
	EXPECT_EQ(after.r14, 0x1e1e1e1e);
	EXPECT_EQ(after.r15, 0x1f1f1f1f);
	EXPECT_EQ(after.rbp, 0x1a1a1a1a);
	EXPECT_EQ(after.rcx, known_return);
	EXPECT_EQ(after.r11 & 0x202, 0x202); /* the flags: interrupts on, bit 1 */
	known_call((unsigned long[]){SYS_getpid, 1, 2, 3, 4, 5, 6}, &after);
	EXPECT_EQ(after.rax, getpid());
	EXPECT_EQ(after.rdi + after.rsi + after.rdx + after.r10 + after.r8 + after.r9, 21);
}

TEST("GEN-2", "errors are between -4095 and -1, addresses never are")
{
	EXPECT_EQ(raw_mmap(0, 0, RW, PRIVATE, -1, 0), -22);
	EXPECT_EQ(raw_munmap(1, PAGE), -22);
	EXPECT_EQ(raw_close(-1), -9);
	EXPECT((unsigned long)map_private(1, RW) < TASK_SIZE);
	EXPECT((unsigned long)raw_brk(-1L) < TASK_SIZE);
}

TEST("GEN-4,MISC-4", "an unknown number is ENOSYS")
{
	static const long numbers[] = {500, 1000, 4095, 1L << 20, 1L << 31, -1, -2};

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		EXPECT_ERR(raw(numbers[i], 1, 2, 3), ENOSYS);
	EXPECT_ERR(raw(462), ENOSYS); /* mseal, of 6.10 */
}

TEST("GEN-5", "errnos have the numbers of x86-64")
{
	int ends[2], fd = temp_file(PAGE), ro = file_reopen(fd, O_RDONLY);
	char *p = map_private(1, RW);

	EXPECT_OK(raw(SYS_pipe, ends));
	EXPECT_EQ(raw(SYS_kill, 0x7ffffff0, 0), -3);			      /* ESRCH */
	EXPECT_EQ(raw_open("/tmp/no such file", O_RDONLY, 0), -2);	      /* ENOENT */
	EXPECT_EQ(raw_read(-1, p, 1), -9);				      /* EBADF */
	EXPECT_EQ(raw(SYS_wait4, -1, NULL, 0, NULL), -10);		      /* ECHILD */
	EXPECT_EQ(raw_mprotect(free_range(1), PAGE, RW), -12);		      /* ENOMEM */
	EXPECT_EQ(raw_mmap(0, PAGE, RW, MAP_SHARED, ro, 0), -13);	      /* EACCES */
	EXPECT_EQ(raw_write(ends[1], free_range(1), 1), -14);		      /* EFAULT */
	EXPECT_EQ(raw_mmap(p, PAGE, RW, PRIVATE | NOREPLACE, -1, 0), -17);    /* EEXIST */
	EXPECT_EQ(raw_mmap(0, PAGE, PROT_READ, MAP_SHARED, ends[0], 0), -19); /* ENODEV */
	EXPECT_EQ(raw(SYS_ioctl, fd, 0x5401, p), -25);			      /* ENOTTY */
	EXPECT_EQ(raw(SYS_lseek, ends[0], 0, 0), -29);			      /* ESPIPE */
	EXPECT_EQ(raw(1000), -38);					      /* ENOSYS */
	EXPECT_EQ(raw_mmap(0, PAGE, RW, MAP_SHARED, fd, 1UL << 63), -75);     /* EOVERFLOW */
	EXPECT_EQ(raw_mmap(0, PAGE, RW, 3 | 0x200, fd, 0), -95);	      /* EOPNOTSUPP */
}

TEST("GEN-8", "private memory of /dev/zero is anonymous, shared anonymous memory is not")
{
	int fd = EXPECT_OK(raw_open("/dev/zero", O_RDWR, 0));
	long zero = EXPECT_OK(raw_mmap(0, PAGE, RW, MAP_PRIVATE, fd, 0));

	/* MADV_FREE asks for an anonymous area, WIPEONFORK for one without a file as well. */
	EXPECT_EQ(raw_madvise(zero, PAGE, MADV_FREE), 0);
	EXPECT_ERR(raw_madvise(zero, PAGE, MADV_WIPEONFORK), EINVAL);
	EXPECT_ERR(raw_madvise(map_shared(1, RW), PAGE, MADV_FREE), EINVAL);
	EXPECT_EQ(raw_madvise(map_private(1, RW), PAGE, MADV_FREE), 0);
}

TEST("GEN-9", "an address space knows where its code, data, heap, stack and arguments are")
{
	extern char _end[], **environ;
	unsigned long here = (unsigned long)__builtin_frame_address(0);
	unsigned long code = (unsigned long)known_return;

	/* Fields of /proc/PID/stat by their number in proc(5). */
	EXPECT((unsigned long)stat_value(26) <= code && (unsigned long)stat_value(27) > code);
	EXPECT((unsigned long)stat_value(28) > here); /* startstack */
	EXPECT((unsigned long)stat_value(45) <= (unsigned long)_end);
	EXPECT(stat_value(45) <= stat_value(46));
	EXPECT(stat_value(47) <= raw_brk(0) && stat_value(47) >= (long)_end); /* start_brk */
	EXPECT(stat_value(48) > stat_value(28) && stat_value(48) < stat_value(49));
	EXPECT_EQ(stat_value(50), environ[0] ? (long)environ[0] : stat_value(51));
	EXPECT_EQ(stat_value(50), stat_value(49)); /* the environment follows the arguments */
	EXPECT_EQ(*(char *)(stat_value(49) - 1), 0);
}

TEST("LAY-1", "user space ends at 0x7ffffffff000")
{
	long result = raw_mmap(TASK_SIZE - PAGE, PAGE, RW, PRIVATE | NOREPLACE, -1, 0);

	EXPECT(result == (long)(TASK_SIZE - PAGE) || result == -EEXIST);
	if (result > 0)
		EXPECT_ACCESS((char *)TASK_SIZE - 1, WRITE);
	EXPECT_ERR(raw_mmap(TASK_SIZE, PAGE, RW, PRIVATE | NOREPLACE, -1, 0), ENOMEM);
	EXPECT_ERR(raw_mmap(TASK_SIZE - PAGE, PAGE + 1, RW, PRIVATE | MAP_FIXED, -1, 0), ENOMEM);
	EXPECT_SEGV((char *)TASK_SIZE, READ, SEGV_MAPERR);
}

struct top {
	unsigned long below_stack;
};

static int find_top(const struct area *area, void *context)
{
	struct top *top = context;

	if (strcmp(area->name, "[stack]") == 0)
		return 0;
	top->below_stack = area->end;
	return 1;
}

/* The highest end of what mmap has placed: mmap_base, once anything is mapped. */
static unsigned long mmap_base(void)
{
	struct top top = {0};

	for_each_area(find_top, &top);
	return top.below_stack;
}

static int child_base(const char *want)
{
	map_private(1, PROT_NONE);
	EXPECT_EQ(mmap_base(), strtoul(want, NULL, 16));
	return 0;
}

/* The heap of a program without randomisation follows its bss. */
static int child_heap(void)
{
	extern char _end[];

	EXPECT_EQ(((unsigned long)raw_brk(0)), ((unsigned long)_end + PAGE - 1) & -PAGE);
	return 0;
}

static int child_stack(void)
{
	struct area area;

	EXPECT(area_named("[stack]", &area));
	EXPECT_EQ(area.end, TASK_SIZE);
	EXPECT_STR(area.perms, "rw-p");
	EXPECT_EQ(area.inode, 0);
	return 0;
}

static int child_legacy(void)
{
	char *first = map_private(2, RW), *second = map_private(1, PROT_READ);

	EXPECT((unsigned long)first >= 0x2aaaaaaab000 && (unsigned long)first < 0x2aaaaab00000);
	EXPECT(second > first);
	return 0;
}

int test_child(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[0], "base") == 0)
		return child_base(argv[1]);
	if (argc == 1 && strcmp(argv[0], "heap") == 0)
		return child_heap();
	if (argc == 1 && strcmp(argv[0], "stack") == 0)
		return child_stack();
	if (argc == 1 && strcmp(argv[0], "legacy") == 0)
		return child_legacy();
	return TEST_FAILED;
}

/* Executes this program without randomisation, with this soft stack limit. */
static void run_child(const char *word, const char *argument, unsigned long stack)
{
	EXPECT_OK(raw(SYS_personality, ADDR_NO_RANDOMIZE));
	set_limit(RLIMIT_STACK, stack);
	test_exec((const char *const[]){word, argument, NULL});
}

TEST("LAY-3", "without randomisation and with 8 MiB of stack mmap_base is 0x7ffff7fff000")
{
	run_child("base", "7ffff7fff000", 8 << 20);
}

TEST("LAY-3", "a larger stack limit and the guard gap move mmap_base down")
{
	run_child("base", "7fffbfeff000", 1 << 30); /* TASK_SIZE - 1 GiB - 1 MiB */
}

TEST("LAY-3", "mmap_base stays above a sixth of user space")
{
	run_child("base", "155555556000", -1UL); /* TASK_SIZE - TASK_SIZE / 6 * 5, rounded up */
}

TEST("LAY-5", "the legacy layout maps upwards from a third of user space")
{
	EXPECT_OK(raw(SYS_personality, ADDR_NO_RANDOMIZE | ADDR_COMPAT_LAYOUT));
	test_exec((const char *const[]){"legacy", NULL});
}

TEST("LAY-4", "a later change of the stack limit does not move mmap_base")
{
	unsigned long before;

	map_private(1, PROT_NONE);
	before = mmap_base();
	set_limit(RLIMIT_STACK, 1 << 30);
	map_private(1, RW);
	EXPECT_EQ(mmap_base(), before);
}

TEST("LAY-7", "without randomisation the heap starts directly after the bss")
{
	run_child("heap", NULL, 8 << 20);
}

TEST("LAY-8", "the initial stack ends at the end of user space and is not executable")
{
	run_child("stack", NULL, 8 << 20);
}

TEST("LAY-8", "the initial stack is private, anonymous, growing, and near the end of user space")
{
	struct area area;
	char *here = (char *)__builtin_frame_address(0);

	EXPECT(area_at(here, &area));
	EXPECT_STR(area.name, "[stack]");
	EXPECT_STR(area.perms, "rw-p");
	EXPECT_EQ(area.inode, 0);
	EXPECT(area.end > TASK_SIZE - (1UL << 35));
	EXPECT_SEGV(here, EXEC, SEGV_ACCERR);
	EXPECT(has_flag(here, "gd"));
}

TEST("LAY-10", "the four levels of the page table reach the whole of user space")
{
	/* An address that differs in each of the four indices, up and down. */
	static const unsigned long addrs[] = {0x10000,	     0x200000,	     0x40000000,
					      0x8000000000,  0x7f8040201000, 0x3fc0ffdff000,
					      0x5555aaaa5000};

	for (size_t i = 0; i < sizeof(addrs) / sizeof(addrs[0]); i++) {
		char *p = (char *)addrs[i];
		long result = raw_mmap(p, PAGE, RW, PRIVATE | NOREPLACE, -1, 0);

		if (result == -EEXIST)
			continue;
		EXPECT_EQ(result, p);
		p[17] = i + 1;
	}
	for (size_t i = 0; i < sizeof(addrs) / sizeof(addrs[0]); i++)
		if (((char *)addrs[i])[17] != (char)(i + 1))
			EXPECT(area_at((char *)addrs[i], &(struct area){0}));
}
