// SPDX-License-Identifier: MIT
/*
 * tests/abi/uffd_remap.c - mremap of watched memory (docs/contract/userfaultfd.md, section 12, RMA).
 */
#include <unistd.h>

#include "lib/maps.h"
#include "lib/task.h"
#include "lib/test.h"
#include "lib/uffd.h"

#define MAYMOVE	  1
#define FIXED	  3 /* with MAYMOVE */
#define DONTUNMAP 4

TEST("RMA-1", "with EVENT_REMAP the new place is watched as the old one was")
{
	char *p = map_alone(2, RW), *to = map_alone(2, PROT_NONE);
	int fd = uffd_open(EVENT_REMAP);
	struct job *job;

	uffd_watch(fd, p, 2, MISSING | WP);
	uffd_fill(fd, p, "a");
	job = begin(SYS_mremap, p, 2 * PAGE, 2 * PAGE, FIXED, to);
	uffd_await_message(fd);
	EXPECT_SLEEPS(job);
	EXPECT_AREAS(p, 2, "2 hole"); /* it is sent when all is done */
	EXPECT_LETTERS(to, "a");
	EXPECT_ERR(uffd_zeropage(fd, to + PAGE, PAGE, 0), EAGAIN);
	EXPECT_REMAP(fd, p, to, 2 * PAGE);
	EXPECT_EQ(call_end(job), to);
	EXPECT(has_flag(to, "um"));
	EXPECT(has_flag(to, "uw"));
	job = touch(to + PAGE, WRITE);
	EXPECT_FAULT(fd, to + PAGE, FAULT_WRITE);
	uffd_fill(fd, to + PAGE, "b");
	EXPECT_TOUCHED(job);
	EXPECT_QUIET(fd);
}

TEST("RMA-1", "the length is that before the move")
{
	char *p = map_alone(2, RW), *to = map_alone(5, PROT_NONE);
	int fd = uffd_open(EVENT_REMAP);
	struct job *job;

	uffd_watch(fd, p, 2, MISSING);
	job = begin(SYS_mremap, p, 2 * PAGE, 5 * PAGE, FIXED, to);
	EXPECT_REMAP(fd, p, to, 2 * PAGE);
	EXPECT_EQ(call_end(job), to);
	job = touch(to + 4 * PAGE, READ); /* what was added is watched too */
	EXPECT_FAULT(fd, to + 4 * PAGE, 0);
	EXPECT_EQ(uffd_zeropage(fd, to, 5 * PAGE, 0), 0);
	EXPECT_TOUCHED(job);
}

TEST("RMA-1", "a part that moves is split off")
{
	char *p = map_alone(3, RW), *to = map_alone(1, PROT_NONE);
	int fd = uffd_open(EVENT_REMAP);
	struct job *job;

	uffd_watch(fd, p, 3, MISSING);
	job = begin(SYS_mremap, p + PAGE, PAGE, PAGE, FIXED, to);
	EXPECT_REMAP(fd, p + PAGE, to, PAGE);
	EXPECT_EQ(call_end(job), to);
	EXPECT_AREAS(p, 3, "1 rw-p, 1 hole, 1 rw-p");
	EXPECT(has_flag(p, "um") && has_flag(p + 2 * PAGE, "um") && has_flag(to, "um"));
}

TEST("RMA-1", "shared memory moves with its registration")
{
	char *s = map_shared(1, RW), *to = map_alone(1, PROT_NONE);
	int fd = uffd_open(EVENT_REMAP);
	struct job *job;

	uffd_watch(fd, s, 1, MISSING);
	job = begin(SYS_mremap, s, PAGE, PAGE, FIXED, to);
	EXPECT_REMAP(fd, s, to, PAGE);
	EXPECT_EQ(call_end(job), to);
	job = touch(to, READ);
	EXPECT_FAULT(fd, to, 0);
	uffd_fill(fd, to, "s");
	EXPECT_TOUCHED(job);
}

TEST("RMA-2", "without EVENT_REMAP what moves is not watched any more")
{
	char *p = map_alone(2, RW), *to = map_alone(2, PROT_NONE);
	int fd = uffd_open(EVENT_UNMAP);
	struct job *job;

	uffd_watch(fd, p, 2, MISSING);
	uffd_fill(fd, p, "a");
	job = begin(SYS_mremap, p, 2 * PAGE, 2 * PAGE, FIXED, to);
	EXPECT_UNMAP(fd, p, 2);
	EXPECT_EQ(call_end(job), to);
	EXPECT(!has_flag(to, "um"));
	EXPECT_LETTERS(to, "a0");
	EXPECT_ERR(uffd_zeropage(fd, to + PAGE, PAGE, 0), ENOENT);
	EXPECT_QUIET(fd);
}

TEST("RMA-2,WPR-7", "and its pages are not protected any more")
{
	char *p = letters("ab"), *to = map_alone(2, PROT_NONE);
	int fd = uffd_open(0);

	uffd_watch(fd, p, 2, WP);
	uffd_protect(fd, p, 2);
	EXPECT_EQ(raw_mremap(p, 2 * PAGE, 2 * PAGE, FIXED, to), to);
	EXPECT_ACCESS(to, WRITE);
	EXPECT_ACCESS(to + PAGE, WRITE);
	EXPECT_QUIET(fd);
}

TEST("RMA-2,WPR-7", "nor are shared pages and the markers of those that are not mapped")
{
	char *s = map_shared(2, RW), *to = map_alone(2, PROT_NONE);
	int fd = uffd_open(0);

	s[0] = 's';
	uffd_watch(fd, s, 2, WP);
	uffd_protect(fd, s, 2);
	EXPECT_EQ(raw_mremap(s, 2 * PAGE, 2 * PAGE, FIXED, to), to);
	EXPECT_ACCESS(to, WRITE);
	EXPECT_ACCESS(to + PAGE, READ);
	EXPECT_ACCESS(to + PAGE, WRITE);
	EXPECT_QUIET(fd);
}

TEST("RMA-1,WPR-7", "with EVENT_REMAP markers move too")
{
	char *s = map_shared(1, RW), *to = map_alone(1, PROT_NONE);
	int fd = uffd_open(EVENT_REMAP);
	struct job *job;

	uffd_watch(fd, s, 1, WP);
	uffd_protect(fd, s, 1);
	job = begin(SYS_mremap, s, PAGE, PAGE, FIXED, to);
	EXPECT_REMAP(fd, s, to, PAGE);
	EXPECT_EQ(call_end(job), to);
	EXPECT(pagemap(to) & PM_UFFD_WP);
	job = touch(to, WRITE);
	EXPECT_FAULT(fd, to, FAULT_WP);
	uffd_unprotect(fd, to, 1);
	EXPECT_TOUCHED(job);
}

TEST("RMA-3", "UNMAP of the target, REMAP, UNMAP of the old place")
{
	char *p = map_alone(2, RW), *to = map_alone(2, RW);
	int fd = uffd_open(EVENT_REMAP | EVENT_UNMAP);
	struct job *job;

	uffd_watch(fd, p, 2, MISSING);
	uffd_watch(fd, to, 2, MISSING);
	job = begin(SYS_mremap, p, 2 * PAGE, 2 * PAGE, FIXED, to);
	EXPECT_UNMAP(fd, to, 2);
	EXPECT_REMAP(fd, p, to, 2 * PAGE);
	EXPECT_UNMAP(fd, p, 2);
	EXPECT_EQ(call_end(job), to);
	EXPECT(has_flag(to, "um"));
	EXPECT_QUIET(fd);
}

TEST("RMA-3,EVT-3", "filling is refused until the last of them was read")
{
	char *p = map_alone(2, RW), *to = map_alone(2, RW), *q = map_private(1, RW);
	int fd = uffd_open(EVENT_REMAP | EVENT_UNMAP);
	struct job *job;

	uffd_watch(fd, p, 2, MISSING);
	uffd_watch(fd, to, 2, MISSING);
	uffd_watch(fd, q, 1, MISSING);
	job = begin(SYS_mremap, p, 2 * PAGE, 2 * PAGE, FIXED, to);
	EXPECT_UNMAP(fd, to, 2);
	EXPECT_ERR(uffd_zeropage(fd, q, PAGE, 0), EAGAIN);
	EXPECT_REMAP(fd, p, to, 2 * PAGE);
	EXPECT_ERR(uffd_zeropage(fd, q, PAGE, 0), EAGAIN);
	EXPECT_UNMAP(fd, p, 2);
	EXPECT_EQ(call_end(job), to);
	EXPECT_EQ(uffd_zeropage(fd, q, PAGE, 0), 0);
}

TEST("RMA-4", "growth in place sends nothing, and what is added is watched")
{
	char *p = map_alone(4, RW);
	int fd = uffd_open(EVENT_REMAP | EVENT_UNMAP);
	struct job *job;

	EXPECT_OK(raw_munmap(p + PAGE, 3 * PAGE));
	uffd_watch(fd, p, 1, MISSING);
	EXPECT_EQ(raw_mremap(p, PAGE, 3 * PAGE, MAYMOVE, 0), p);
	EXPECT_AREAS(p, 4, "3 rw-p, 1 hole");
	EXPECT_QUIET(fd);
	EXPECT_OK(raw_mmap(p + 3 * PAGE, PAGE, PROT_NONE, PRIVATE | MAP_FIXED, -1, 0));
	job = touch(p + 2 * PAGE, READ);
	EXPECT_FAULT(fd, p + 2 * PAGE, 0);
	EXPECT_EQ(uffd_zeropage(fd, p, 3 * PAGE, 0), 0);
	EXPECT_TOUCHED(job);
	EXPECT_QUIET(fd);
}

TEST("RMA-5", "with DONTUNMAP the old place stays watched and is missing")
{
	char *p = map_alone(2, RW), *to = map_alone(2, PROT_NONE);
	int fd = uffd_open(EVENT_REMAP);
	struct job *job;

	uffd_watch(fd, p, 2, MISSING);
	uffd_fill(fd, p, "ab");
	job = begin(SYS_mremap, p, 2 * PAGE, 2 * PAGE, FIXED | DONTUNMAP, to);
	EXPECT_REMAP(fd, p, to, 2 * PAGE);
	EXPECT_EQ(call_end(job), to);
	EXPECT_LETTERS(to, "ab");
	EXPECT(has_flag(p, "um") && has_flag(to, "um"));
	job = touch(p, READ);
	EXPECT_FAULT(fd, p, 0);
	uffd_fill(fd, p, "c");
	EXPECT_TOUCHED(job);
	EXPECT_LETTERS(to, "ab");
	EXPECT_QUIET(fd);
}

TEST("RMA-5,RMA-2", "without EVENT_REMAP only the old place is watched then")
{
	char *p = map_alone(2, RW), *to = map_alone(2, PROT_NONE);
	int fd = uffd_open(0);
	struct job *job;

	uffd_watch(fd, p, 2, MISSING);
	uffd_fill(fd, p, "a");
	EXPECT_EQ(raw_mremap(p, 2 * PAGE, 2 * PAGE, FIXED | DONTUNMAP, to), to);
	EXPECT(has_flag(p, "um") && !has_flag(to, "um"));
	EXPECT_LETTERS(to, "a0");
	job = touch(p, READ);
	EXPECT_FAULT(fd, p, 0);
	EXPECT_EQ(uffd_zeropage(fd, p, PAGE, 0), 0);
	EXPECT_TOUCHED(job);
	EXPECT_QUIET(fd);
}

TEST("RMA-6,RACE-15", "an mremap that fails sends nothing and stops no filling")
{
	char *p = map_alone(2, RW), *to = map_alone(2, PROT_NONE);
	long limit = read_number("/proc/sys/vm/max_map_count"), result;
	int fd = uffd_open(EVENT_REMAP | EVENT_UNMAP), ctl;

	uffd_watch(fd, p, 2, MISSING);
	EXPECT_ERR(raw_mremap(p, 2 * PAGE, 3 * PAGE, 0, 0), ENOMEM);
	EXPECT_ERR(raw_mremap(p, 2 * PAGE, 2 * PAGE, FIXED, p + PAGE), EINVAL);
	EXPECT_ERR(raw_mremap(p, 3 * PAGE, 4 * PAGE, MAYMOVE, 0), EFAULT);
	set_limit(RLIMIT_AS, status_value("VmSize") * 1024);
	EXPECT_ERR(raw_mremap(p, 2 * PAGE, 4 * PAGE, MAYMOVE, 0), ENOMEM);
	set_limit(RLIMIT_AS, RLIM_INFINITY);
	ctl = EXPECT_OK(raw_open("/proc/sys/vm/max_map_count", O_WRONLY, 0));
	raw_write(ctl, "3\n", 2);
	result = raw_mremap(p, 2 * PAGE, 2 * PAGE, FIXED, to);
	EXPECT_EQ(raw_pwrite(ctl, limit == 65530 ? "65530\n" : "", 6, 0), 6);
	EXPECT_ERR(result, ENOMEM);
	EXPECT(has_flag(p, "um"));
	EXPECT_QUIET(fd);
	EXPECT_EQ(uffd_zeropage(fd, p, 2 * PAGE, 0), 0);
}

TEST("RMA-7", "a move to the next place, without a page, is told by its flags whatever they are")
{
	char *p = map_alone(2, RW);
	int fd = uffd_open(0);

	EXPECT_OK(raw_munmap(p + PAGE, PAGE));
	uffd_watch(fd, p, 1, MISSING);
	EXPECT_EQ(raw_mremap(p, PAGE, PAGE, FIXED | DONTUNMAP, p + PAGE), p + PAGE);
	EXPECT_LETTERS(p + PAGE, "0"); /* never watched */
	EXPECT(!has_flag(p + PAGE, "um"));
	if (has_flag(p, "um"))
		EXPECT_EQ(uffd_zeropage(fd, p, PAGE, 0), 0);
	EXPECT_LETTERS(p, "0");
	EXPECT_QUIET(fd);
}
