// SPDX-License-Identifier: MIT
/*
 * tests/abi/inject_mm.c - each allocation of each memory call fails once
 * (docs/contract/mmap.md; the same for fork and execve: fork_fail.c).
 *
 * For every n until the call needs fewer allocations: in a child that has a copy of one scene the
 * n-th page or slab allocation fails. The call must give one of the errors it may give, or succeed
 * in spite of it; what is mapped and what it holds must be as before, where the call says so; the same call
 * must work right after; and the child must leave nothing in use. Checked kernels run mm_verify too.
 *
 * Debian's Linux has no fault injection and skips these tests.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

#include "lib/inject.h"
#include "lib/maps.h"
#include "lib/sys.h"
#include "lib/task.h"
#include "lib/test.h"

#define PAGES 16
#define FAR   ((char *)0x100000000000) /* no page table is near */
#define TEXT  (16 * PAGE)

#define PR_SET_VMA	     0x53564d41
#define PR_SET_VMA_ANON_NAME 0

/* ---- the scene: some of each kind of memory ---------------------------------------------------- */

static char *anon, *file, *copy, *shared, *hole, *fresh, *before, *after;
static int fd, memfd;
static unsigned char byte;

static void tag(char *p, int base)
{
	for (int i = 0; i < PAGES; i++)
		p[i * PAGE + 8] = base + i;
}

static bool tagged(const char *p, int base)
{
	for (int i = 0; i < PAGES; i++)
		if (p[i * PAGE + 8] != (char)(base + i))
			return false;
	return true;
}

static void make_scene(void)
{
	inject_ready();
	fd = temp_file(PAGES * PAGE);
	memfd = EXPECT_OK(raw_memfd_create("inject", 0));
	anon = map_alone(PAGES, RW);
	shared = map_shared(PAGES, RW);
	file = (char *)EXPECT_OK(raw_mmap(0, PAGES * PAGE, RW, MAP_SHARED, fd, 0));
	copy = (char *)EXPECT_OK(raw_mmap(0, PAGES * PAGE, RW, MAP_PRIVATE, fd, 0));
	fresh = map_alone(PAGES, RW);
	hole = free_range(4 * PAGES) + PAGES * PAGE;
	EXPECT_OK(raw_mmap(FAR, PAGES * PAGE, RW, PRIVATE | MAP_FIXED, -1, 0));
	before = map_shared(TEXT / PAGE, RW);
	after = map_shared(TEXT / PAGE, RW);
	memset(before, 1, TEXT);
	memset(after, 1, TEXT);
	tag(anon, 'A');
	tag(shared, 'a');
	tag(file, '0');
	tag(copy, 'P');
}

/*
 * What is mapped, in a form that does not tell one area from two that could be one: a failed
 * call may leave an area split.
 */
struct summary {
	char *text;
	struct area last;
};

static void put(struct summary *s)
{
	if (s->last.end && s->text)
		s->text += sprintf(s->text, "%lx-%lx %s %lx %lx %s\n", s->last.start, s->last.end,
				   s->last.perms, s->last.offset, s->last.inode, s->last.name);
}

static int summarise(const struct area *area, void *context)
{
	struct summary *s = context;

	if (area->start == s->last.end && !strcmp(area->perms, s->last.perms) &&
	    area->inode == s->last.inode && !strcmp(area->name, s->last.name) &&
	    (!area->inode || area->offset == s->last.offset + s->last.end - s->last.start)) {
		s->last.end = area->end;
		return 1;
	}
	put(s);
	s->last = *area;
	return 1;
}

static void mapped(char *text)
{
	static struct summary s;

	s = (struct summary){.text = text};
	for_each_area(summarise, &s);
	put(&s);
}

/* ---- the calls --------------------------------------------------------------------------------- */

#define HALF (PAGES / 2 * PAGE)
#define ALL  (PAGES * PAGE)

#define CALL(name, expression)                                                                     \
	static long name(void)                                                                     \
	{                                                                                          \
		return (long)(expression);                                                         \
	}

CALL(mmap_private, raw_mmap(0, ALL, RW, PRIVATE, -1, 0))
CALL(mmap_shared, raw_mmap(0, ALL, RW, SHARED, -1, 0))
CALL(mmap_far, raw_mmap(FAR + (1L << 41), ALL, RW, PRIVATE | MAP_FIXED | MAP_POPULATE, -1, 0))
CALL(mmap_merging, raw_mmap(anon + HALF, PAGE, RW, PRIVATE | MAP_FIXED, -1, 0))
CALL(mmap_over, raw_mmap(anon + HALF, PAGE, PROT_READ, PRIVATE | MAP_FIXED, -1, 0))
CALL(mmap_file, raw_mmap(0, ALL, RW, MAP_SHARED, fd, 0))
CALL(mmap_file_private, raw_mmap(0, ALL, RW, MAP_PRIVATE | MAP_POPULATE, fd, 0))
CALL(mmap_locked, raw_mmap(0, ALL, RW, PRIVATE | MAP_LOCKED, -1, 0))
CALL(mmap_stack, raw_mmap(0, ALL, RW, PRIVATE | MAP_GROWSDOWN, -1, 0))
CALL(munmap_all, raw_munmap(anon, ALL))
CALL(munmap_middle, raw_munmap(anon + PAGE, HALF))
CALL(munmap_two, raw_munmap(copy + PAGE, ALL))
CALL(mprotect_all, raw_mprotect(anon, ALL, PROT_READ))
CALL(mprotect_middle, raw_mprotect(anon + PAGE, HALF, PROT_NONE))
CALL(mprotect_file, raw_mprotect(copy + PAGE, HALF, PROT_READ))
CALL(mremap_shrink, raw_mremap(anon, ALL, HALF, 0, 0))
CALL(mremap_grow, raw_mremap(fresh, ALL, 8 * ALL, MREMAP_MAYMOVE, 0))
CALL(mremap_move, raw_mremap(anon, ALL, 600 * PAGE, MREMAP_MAYMOVE, 0))
CALL(mremap_fixed, raw_mremap(anon, ALL, ALL, MREMAP_MAYMOVE | MREMAP_FIXED, FAR + (2L << 41)))
CALL(mremap_split, raw_mremap(anon + PAGE, HALF, ALL, MREMAP_MAYMOVE, 0))
CALL(mremap_leave, raw_mremap(anon, ALL, ALL, MREMAP_MAYMOVE | 4, 0))
CALL(mremap_twin, raw_mremap(shared, 0, ALL, MREMAP_MAYMOVE, 0))
CALL(mremap_file, raw_mremap(file + PAGE, HALF, ALL, MREMAP_MAYMOVE, 0))
CALL(madvise_dontneed, raw_madvise(anon, ALL, MADV_DONTNEED))
CALL(madvise_free, raw_madvise(anon, ALL, 8))
CALL(madvise_remove, raw_madvise(file, HALF, MADV_REMOVE))
CALL(madvise_dontfork, raw_madvise(anon + PAGE, HALF, MADV_DONTFORK))
CALL(madvise_wipeonfork, raw_madvise(anon + PAGE, HALF, 18))
CALL(madvise_random, raw_madvise(copy, HALF, MADV_RANDOM))
CALL(madvise_populate_read, raw_madvise(fresh, ALL, 22))
CALL(madvise_populate_write, raw_madvise(FAR, ALL, 23))
CALL(madvise_willneed, raw_madvise(file, ALL, MADV_WILLNEED))
CALL(mlock_middle, raw_mlock(fresh + PAGE, HALF))
CALL(mlock_onfault, raw_mlock2(fresh + PAGE, HALF, 1))
CALL(mlock_everything, raw_mlockall(MCL_CURRENT))
CALL(msync_file, raw_msync(file, ALL, MS_SYNC))
CALL(mincore_anon, raw_mincore(anon, PAGE, &byte))
CALL(memfd_new, raw_memfd_create("another", 0))
CALL(memfd_write, raw_pwrite(memfd, anon, PAGE, 500 * PAGE))
CALL(memfd_allocate, raw(SYS_fallocate, memfd, 0, 0, ALL))
CALL(file_truncate, raw_ftruncate(fd, PAGE + 5))
CALL(name_range, raw(SYS_prctl, PR_SET_VMA, PR_SET_VMA_ANON_NAME, anon + PAGE, PAGE, "name"))
CALL(remap_pages, raw(SYS_remap_file_pages, file + PAGE, PAGE, 0, 3, 0))
CALL(read_to_fresh, raw_pread(fd, fresh, PAGE, 0))
CALL(shm_get, raw(SYS_shmget, 0, ALL, 0600))

static long brk_grow(void)
{
	unsigned long old = raw_brk(0);

	return (unsigned long)raw_brk(old + ALL) == old ? -ENOMEM : 0;
}

/* mlock of something else first, so that only what undoes it is counted. */
static long munlock_middle(void)
{
	return raw_munlock(FAR + PAGE, HALF);
}

static long touch_zero(void)
{
	return ((volatile char *)fresh)[0];
}

static long touch_fresh(void)
{
	((volatile char *)fresh)[PAGE] = 0;
	return 0;
}

static long touch_far(void)
{
	((volatile char *)FAR)[PAGE] = 0;
	return 0;
}

static long touch_cow(void)
{
	((volatile char *)anon)[0] = 0;
	return 0;
}

static long touch_copy(void)
{
	((volatile char *)copy)[0] = 0;
	return 0;
}

static long touch_file(void)
{
	((volatile char *)file)[0] = 0;
	return 0;
}

static long touch_object(void)
{
	volatile char *p = (char *)raw_mmap(0, PAGE, RW, SHARED, -1, 0);

	if ((unsigned long)p > -4096UL)
		return (long)p;
	p[0] = 1;
	return p[0] - 1;
}

static long touch_stack(void)
{
	volatile char frame[8 * PAGE];

	frame[0] = 0;
	return frame[0];
}

/* What else than ENOMEM may come, and whether the scene stays as it was when the call fails. */
enum { KEEPS, CHANGES };

static const struct op {
	const char *name;
	long (*call)(void);
	int changes, error;
} ops[] = {
	{"mmap private", mmap_private, KEEPS, 0},
	{"mmap shared", mmap_shared, KEEPS, 0},
	{"mmap where no table is", mmap_far, KEEPS, 0},
	{"mmap fixed, like what was there", mmap_merging, CHANGES, 0},
	{"mmap fixed", mmap_over, CHANGES, 0},
	{"mmap of a file", mmap_file, KEEPS, 0},
	{"mmap of a file, private, populated", mmap_file_private, KEEPS, 0},
	{"mmap locked", mmap_locked, KEEPS, 0},
	{"mmap of a stack", mmap_stack, KEEPS, 0},
	{"munmap", munmap_all, KEEPS, 0},
	{"munmap with a split", munmap_middle, KEEPS, 0},
	{"munmap of two", munmap_two, KEEPS, 0},
	{"mprotect", mprotect_all, KEEPS, 0},
	{"mprotect with a split", mprotect_middle, KEEPS, 0},
	{"mprotect of a file", mprotect_file, KEEPS, 0},
	{"mremap, smaller", mremap_shrink, KEEPS, 0},
	{"mremap, larger", mremap_grow, KEEPS, 0},
	{"mremap, moving", mremap_move, KEEPS, 0},
	{"mremap to a place", mremap_fixed, KEEPS, 0},
	{"mremap with a split", mremap_split, KEEPS, 0},
	{"mremap, leaving it mapped", mremap_leave, KEEPS, 0},
	{"mremap, a second mapping", mremap_twin, KEEPS, 0},
	{"mremap of a file", mremap_file, KEEPS, 0},
	{"brk", brk_grow, KEEPS, 0},
	{"madvise DONTNEED", madvise_dontneed, KEEPS, 0},
	{"madvise FREE", madvise_free, KEEPS, 0},
	{"madvise REMOVE", madvise_remove, CHANGES, 0},
	{"madvise DONTFORK", madvise_dontfork, KEEPS, EAGAIN},
	{"madvise WIPEONFORK", madvise_wipeonfork, KEEPS, EAGAIN},
	{"madvise RANDOM", madvise_random, KEEPS, EAGAIN},
	{"madvise POPULATE_READ", madvise_populate_read, KEEPS, 0},
	{"madvise POPULATE_WRITE", madvise_populate_write, KEEPS, 0},
	{"madvise WILLNEED", madvise_willneed, KEEPS, 0},
	{"mlock", mlock_middle, KEEPS, EAGAIN},
	{"mlock2", mlock_onfault, KEEPS, 0},
	{"mlockall", mlock_everything, KEEPS, 0},
	{"munlock", munlock_middle, KEEPS, 0},
	{"msync", msync_file, KEEPS, 0},
	{"mincore", mincore_anon, KEEPS, EAGAIN},
	{"memfd_create", memfd_new, KEEPS, 0},
	{"write to a memfd", memfd_write, KEEPS, 0},
	{"fallocate of a memfd", memfd_allocate, KEEPS, 0},
	{"prctl PR_SET_VMA", name_range, KEEPS, EAGAIN},
	{"remap_file_pages", remap_pages, CHANGES, 0},
	{"read to what was never touched", read_to_fresh, KEEPS, EFAULT},
	{"shmget", shm_get, KEEPS, 0},
	{"read fault", touch_zero, KEEPS, -1},
	{"write fault", touch_fresh, KEEPS, -1},
	{"write fault where no table is", touch_far, KEEPS, -1},
	{"copy on write", touch_cow, KEEPS, -1},
	{"copy of a file's page", touch_copy, KEEPS, -1},
	{"write to a file's page", touch_file, KEEPS, -1},
	{"write to a new object", touch_object, KEEPS, 0},
	{"growing stack", touch_stack, KEEPS, -1},
	/* the last: it takes the private copies, too */
	{"ftruncate of what is mapped", file_truncate, CHANGES, 0},
};

/* ---- the sweep --------------------------------------------------------------------------------- */

static void check_intact(const struct op *op, int nth)
{
	mapped(after);
	if (strcmp(before, after))
		FAIL("%s, allocation %d failed: what is mapped changed from\n%s to\n%s", op->name,
		     nth, before, after);
	if (!tagged(anon, 'A') || !tagged(shared, 'a') || !tagged(file, '0') || !tagged(copy, 'P'))
		FAIL("%s, allocation %d failed: memory changed", op->name, nth);
}

/* In a child. Ends with 1 if an allocation failed, else with 0. */
static void attempt(const struct op *op, int nth)
{
	long result;
	bool came;

	EXPECT_OK(raw_ftruncate(fd, ALL));
	tag(file, '0'); /* what others have done to it */
	EXPECT_OK(raw_ftruncate(memfd, 0));
	if (op->call == munlock_middle)
		EXPECT_OK(raw_mlock(FAR, ALL));
	mapped(before);
	inject_start(nth);
	result = op->call();
	came = inject_stop();
	if (result == -ENOSYS)
		raw(SYS_exit_group, 0);
	if (result > -4096 && result < 0) {
		if (!came || op->error == -1 || (result != -ENOMEM && result != -op->error))
			FAIL("%s, allocation %d failed: gives %s", op->name, nth,
			     test_errno_name(-result));
		if (op->changes == KEEPS)
			check_intact(op, nth);
		result = op->call();
		/* As from any fixed mapping that fails, what remap_file_pages replaces may be gone. */
		if (op->call == remap_pages && result == -EINVAL)
			result = 0;
		if (result > -4096 && result < 0)
			FAIL("%s, after allocation %d failed: gives %s", op->name, nth,
			     test_errno_name(-result));
	}
	if (op->call == shm_get)
		EXPECT_OK(raw(SYS_shmctl, result, 0, NULL)); /* IPC_RMID */
	raw(SYS_exit_group, came);
}

static bool one(const struct op *op, int nth)
{
	pid_t pid = test_fork();
	int status;

	if (pid == 0)
		attempt(op, nth);
	status = wait_status(pid);
	if (status != 0 && status != 1 << 8)
		EXPECT_EXIT(pid, status < 256 ? 0 : status >> 8);
	return status != 0;
}

static void sweep(const struct op *op)
{
	struct usage use;

	EXPECT(!one(op, 1000)); /* caches fill */
	EXPECT(!one(op, 1000));
	for (int n = 1;; n++) {
		EXPECT(n < 300);
		use = usage_now();
		if (!one(op, n))
			break;
		EXPECT_SAME_USAGE(&use, n);
	}
}

TEST_SLOW("LIM-9,MADV-4,MLK-15,RMP-22", "each allocation of each memory call fails once", 300)
{
	make_scene();
	for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]); i++)
		sweep(&ops[i]);
}

TEST_SLOW("EXT-1", "each allocation of an exit fails once", 60)
{
	make_scene();
	for (int n = 0; n < 16; n++) {
		struct usage use = usage_now();
		pid_t pid = test_fork();

		if (pid == 0) {
			tag(anon, 'x');
			inject_start(n);
			raw(SYS_exit_group, 3);
		}
		EXPECT_EXIT(pid, 3);
		if (n)
			EXPECT_SAME_USAGE(&use, n);
	}
}
