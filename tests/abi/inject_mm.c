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
#include <sys/uio.h>

#include "lib/inject.h"
#include "lib/maps.h"
#include "lib/sys.h"
#include "lib/task.h"
#include "lib/test.h"
#include "lib/uffd.h"

#define PAGES 16
#define FAR   ((char *)0x100000000000) /* no page table is near */
#define TEXT  (16 * PAGE)

#define PR_SET_VMA	     0x53564d41
#define PR_SET_VMA_ANON_NAME 0

/* ---- the scene: some of each kind of memory ---------------------------------------------------- */

static char *anon, *file, *copy, *shared, *hole, *fresh, *before, *after;
static int fd, memfd, uffd, segment;
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
CALL(memfd_another, raw_memfd_create("another", 0))
CALL(memfd_write, raw_pwrite(memfd, anon, PAGE, 500 * PAGE))
CALL(memfd_allocate, raw(SYS_fallocate, memfd, 0, 0, ALL))
CALL(file_truncate, raw_ftruncate(fd, PAGE + 5))
CALL(name_range, raw(SYS_prctl, PR_SET_VMA, PR_SET_VMA_ANON_NAME, anon + PAGE, PAGE, "name"))
CALL(remap_pages, raw(SYS_remap_file_pages, file + PAGE, PAGE, 0, 3, 0))
CALL(read_to_fresh, raw_pread(fd, fresh, PAGE, 0))

static long brk_grow(void)
{
	unsigned long old = raw_brk(0);

	return (unsigned long)raw_brk(old + ALL) == old ? -ENOMEM : 0;
}

/* What some calls need first. */
static void lock_far(void)
{
	EXPECT_OK(raw_mlock(FAR, ALL));
}

static void open_uffd(void)
{
	uffd = uffd_open(0);
}

static void watch(void)
{
	open_uffd();
	uffd_watch(uffd, fresh, PAGES, MISSING | WP);
}

static void watch_full(void)
{
	memset(fresh, 1, ALL);
	watch();
}

static void new_segment(void)
{
	segment = EXPECT_OK(raw(SYS_shmget, 0, ALL, 0600));
}

/* The segment goes with its last attachment, or at once. */
static void remove_segment(void)
{
	raw(SYS_shmctl, segment, 0, NULL);
}

CALL(munlock_middle, raw_munlock(FAR + PAGE, HALF))
CALL(shm_attach, raw(SYS_shmat, segment, 0, 0))
CALL(uffd_new, raw_userfaultfd(O_CLOEXEC))
CALL(uffd_register_half, uffd_register(uffd, fresh + PAGE, HALF, MISSING))
CALL(uffd_unregister_half, uffd_unregister(uffd, fresh + PAGE, HALF))
CALL(uffd_copy_one, uffd_copy(uffd, fresh, anon, PAGE, 0))
CALL(uffd_zero_one, uffd_zeropage(uffd, fresh, PAGE, 0))
CALL(uffd_protect_all, uffd_writeprotect(uffd, fresh, ALL, PROTECT))
CALL(unmap_watched, raw_munmap(fresh + PAGE, HALF))
CALL(move_watched, raw_mremap(fresh + PAGE, HALF, ALL, MREMAP_MAYMOVE, 0))

static long shm_get(void)
{
	return segment = raw(SYS_shmget, 0, ALL, 0600);
}

static long read_own(void)
{
	struct iovec to = {fresh, 2 * PAGE}, from = {anon, 2 * PAGE};
	long n = raw(SYS_process_vm_readv, raw(SYS_getpid), &to, 1, &from, 1, 0);

	return n == 2 * PAGE || n < 0 ? n : -EFAULT; /* a part of it */
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

/*
 * error: what else than ENOMEM may come, -1: the call may not fail. changes: the scene may be another
 * when it fails. prepare and finish run outside of the injection.
 */
static const struct op {
	const char *name;
	long (*call)(void);
	bool changes;
	int error;
	void (*prepare)(void), (*finish)(void);
} ops[] = {
	{.name = "mmap private", .call = mmap_private},
	{.name = "mmap shared", .call = mmap_shared},
	{.name = "mmap where no table is", .call = mmap_far},
	{.name = "mmap fixed, like what was there", .call = mmap_merging, .changes = true},
	{.name = "mmap fixed", .call = mmap_over, .changes = true},
	{.name = "mmap of a file", .call = mmap_file},
	{.name = "mmap of a file, private, populated", .call = mmap_file_private},
	{.name = "mmap locked", .call = mmap_locked},
	{.name = "mmap of a stack", .call = mmap_stack},
	{.name = "munmap", .call = munmap_all},
	{.name = "munmap with a split", .call = munmap_middle},
	{.name = "munmap of two", .call = munmap_two},
	{.name = "mprotect", .call = mprotect_all},
	{.name = "mprotect with a split", .call = mprotect_middle},
	{.name = "mprotect of a file", .call = mprotect_file},
	{.name = "mremap, smaller", .call = mremap_shrink},
	{.name = "mremap, larger", .call = mremap_grow},
	{.name = "mremap, moving", .call = mremap_move},
	{.name = "mremap to a place", .call = mremap_fixed},
	{.name = "mremap with a split", .call = mremap_split},
	{.name = "mremap, leaving it mapped", .call = mremap_leave},
	{.name = "mremap, a second mapping", .call = mremap_twin},
	{.name = "mremap of a file", .call = mremap_file},
	{.name = "brk", .call = brk_grow},
	{.name = "madvise DONTNEED", .call = madvise_dontneed},
	{.name = "madvise FREE", .call = madvise_free},
	{.name = "madvise REMOVE", .call = madvise_remove, .changes = true},
	{.name = "madvise DONTFORK", .call = madvise_dontfork, .error = EAGAIN},
	{.name = "madvise WIPEONFORK", .call = madvise_wipeonfork, .error = EAGAIN},
	{.name = "madvise RANDOM", .call = madvise_random, .error = EAGAIN},
	{.name = "madvise POPULATE_READ", .call = madvise_populate_read},
	{.name = "madvise POPULATE_WRITE", .call = madvise_populate_write},
	{.name = "madvise WILLNEED", .call = madvise_willneed},
	{.name = "mlock", .call = mlock_middle, .error = EAGAIN},
	{.name = "mlock2", .call = mlock_onfault},
	{.name = "mlockall", .call = mlock_everything},
	{.name = "munlock", .call = munlock_middle, .prepare = lock_far},
	{.name = "msync", .call = msync_file},
	{.name = "mincore", .call = mincore_anon, .error = EAGAIN},
	{.name = "memfd_create", .call = memfd_another},
	{.name = "write to a memfd", .call = memfd_write},
	{.name = "fallocate of a memfd", .call = memfd_allocate},
	{.name = "prctl PR_SET_VMA", .call = name_range, .error = EAGAIN},
	{.name = "remap_file_pages", .call = remap_pages, .changes = true},
	{.name = "read to what was never touched", .call = read_to_fresh, .error = EFAULT},
	{.name = "shmget", .call = shm_get, .finish = remove_segment},
	{.name = "shmat", .call = shm_attach, .prepare = new_segment, .finish = remove_segment},
	{.name = "process_vm_readv", .call = read_own, .error = EFAULT},
	{.name = "userfaultfd", .call = uffd_new},
	{.name = "UFFDIO_REGISTER", .call = uffd_register_half, .prepare = open_uffd},
	{.name = "UFFDIO_UNREGISTER", .call = uffd_unregister_half, .prepare = watch},
	{.name = "UFFDIO_COPY", .call = uffd_copy_one, .prepare = watch},
	{.name = "UFFDIO_ZEROPAGE", .call = uffd_zero_one, .prepare = watch},
	{.name = "UFFDIO_WRITEPROTECT", .call = uffd_protect_all, .prepare = watch_full},
	{.name = "munmap of what is watched", .call = unmap_watched, .prepare = watch_full},
	{.name = "mremap of what is watched", .call = move_watched, .prepare = watch_full},
	{.name = "read fault", .call = touch_zero, .error = -1},
	{.name = "write fault", .call = touch_fresh, .error = -1},
	{.name = "write fault where no table is", .call = touch_far, .error = -1},
	{.name = "copy on write", .call = touch_cow, .error = -1},
	{.name = "copy of a file's page", .call = touch_copy, .error = -1},
	{.name = "write to a file's page", .call = touch_file, .error = -1},
	{.name = "write to a new object", .call = touch_object},
	{.name = "growing stack", .call = touch_stack, .error = -1},
	/* the last: it takes the private copies, too */
	{.name = "ftruncate of what is mapped", .call = file_truncate, .changes = true},
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
	if (op->prepare)
		op->prepare();
	mapped(before);
	inject_start(nth);
	result = op->call();
	came = inject_stop();
	if (result > -4096 && result < 0) {
		if (!came || op->error == -1 || (result != -ENOMEM && result != -op->error))
			FAIL("%s, allocation %d failed: gives %s", op->name, nth,
			     test_errno_name(-result));
		if (!op->changes)
			check_intact(op, nth);
		result = op->call();
		/* As from any fixed mapping that fails, what remap_file_pages replaces may be gone. */
		if (op->call == remap_pages && result == -EINVAL)
			result = 0;
		if (result > -4096 && result < 0)
			FAIL("%s, after allocation %d failed: gives %s", op->name, nth,
			     test_errno_name(-result));
	}
	if (op->finish)
		op->finish();
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

/* What is left behind by one attempt is looked for after some, for that takes longer than they do. */
static void sweep(const struct op *op)
{
	struct usage use;
	bool came = true;

	EXPECT(!one(op, 1000)); /* caches fill */
	EXPECT(!one(op, 1000));
	for (int n = 1; came; n++) {
		EXPECT(n < 300);
		if (n % 16 == 1)
			use = usage_now();
		came = one(op, n);
		if (!came || n % 16 == 0)
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
