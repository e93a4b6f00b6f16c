// SPDX-License-Identifier: MIT
/*
 * tests/abi/uffd_copy.c - UFFDIO_COPY (docs/contract/userfaultfd.md, section 9).
 */
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "lib/maps.h"
#include "lib/task.h"
#include "lib/test.h"
#include "lib/uffd.h"

TEST("CPY-1", "pages are filled, and the field tells how many bytes")
{
	char *p = map_private(5, RW), *src = letters("abcde");
	int fd = uffd_open(0);

	uffd_watch(fd, p, 5, MISSING);
	EXPECT_EQ(uffd_copy(fd, p, src, PAGE, 0), 0);
	EXPECT_EQ(uffd_done, PAGE);
	EXPECT_EQ(uffd_copy(fd, p + PAGE, src + PAGE, 4 * PAGE, 0), 0);
	EXPECT_EQ(uffd_done, 4 * PAGE);
	EXPECT_LETTERS(p, "abcde");
	memset(src, 'x', 5 * PAGE); /* they are copies */
	EXPECT_LETTERS(p, "abcde");
	EXPECT_STR(resident(p, 5), "11111");
}

TEST("CPY-1", "more than a table of pages is filled by one call")
{
	enum { PAGES = 1030 };
	char *p = map_private(PAGES, RW), *src = map_private(PAGES, RW);
	int fd = uffd_open(0);

	for (int i = 0; i < PAGES; i++)
		*(int *)(src + i * PAGE + 4092) = i;
	uffd_watch(fd, p, PAGES, MISSING);
	EXPECT_EQ(uffd_copy(fd, p, src, PAGES * PAGE, 0), 0);
	EXPECT_EQ(uffd_done, PAGES * PAGE);
	for (int i = 0; i < PAGES; i++)
		EXPECT_EQ(*(int *)(p + i * PAGE + 4092), i);
}

TEST("CPY-2", "the source lies anywhere in the caller's memory")
{
	char *p = map_private(3, RW), *src = letters("abc");
	int fd = uffd_open(0);
	pid_t pid;

	uffd_watch(fd, p, 3, MISSING);
	EXPECT_EQ(uffd_copy(fd, p, src + 1, PAGE, 0), 0);
	EXPECT_EQ(p[PAGE - 2], 'a');
	EXPECT_EQ(p[PAGE - 1], 'b');
	EXPECT_EQ(uffd_copy(fd, p + PAGE, src + PAGE + 4095, PAGE, 0), 0);
	EXPECT_EQ(p[PAGE], 'b');
	EXPECT_EQ(p[PAGE + 1], 'c');
	pid = test_fork();
	if (pid == 0) {
		memset(src, 'z', PAGE);
		EXPECT_EQ(uffd_copy(fd, p + 2 * PAGE, src, PAGE, 0), 0);
		_exit(0);
	}
	EXPECT_EXIT(pid, 0);
	EXPECT_LETTERS(p + 2 * PAGE, "z");
	EXPECT_LETTERS(src, "abc");
}

TEST("CPY-2", "a source in read-only memory or in the range's own area serves as well")
{
	char *p = map_private(2, RW), *src = letters("a");
	int fd = uffd_open(0);

	EXPECT_OK(raw_mprotect(src, PAGE, PROT_READ));
	uffd_watch(fd, p, 2, MISSING);
	EXPECT_EQ(uffd_copy(fd, p, src, PAGE, 0), 0);
	EXPECT_EQ(uffd_copy(fd, p + PAGE, p, PAGE, 0), 0);
	EXPECT_LETTERS(p, "aa");
}

TEST("CPY-3,CPY-19", "the range must lie in one watched area")
{
	char *p = map_alone(5, RW), *src = letters("abcde"), *hole = free_range(2);
	int fd = uffd_open(0);

	uffd_watch(fd, p + PAGE, 2, MISSING);
	EXPECT_ERR(uffd_copy(fd, hole, src, PAGE, 0), ENOENT);
	EXPECT_EQ(uffd_done, -ENOENT);
	EXPECT_ERR(uffd_copy(fd, p, src, PAGE, 0), ENOENT);	/* not watched */
	EXPECT_ERR(uffd_copy(fd, p, src, 2 * PAGE, 0), ENOENT); /* begins before */
	EXPECT_ERR(uffd_copy(fd, p + 2 * PAGE, src, 2 * PAGE, 0), ENOENT);
	EXPECT_EQ(uffd_done, -ENOENT);
	EXPECT_ERR(uffd_copy(fd, p + PAGE, src, 4 * PAGE, 0), ENOENT);
	EXPECT_OK(raw_mprotect(p + 2 * PAGE, PAGE, PROT_READ)); /* two areas, both watched */
	EXPECT_ERR(uffd_copy(fd, p + PAGE, src, 2 * PAGE, 0), ENOENT);
	EXPECT_STR(resident(p, 5), "00000");
	EXPECT_EQ(uffd_copy(fd, p + 2 * PAGE, src, PAGE, 0), 0);
	EXPECT_OK(raw_munmap(p + PAGE, PAGE));
	EXPECT_ERR(uffd_copy(fd, p + PAGE, src, PAGE, 0), ENOENT);
}

TEST("CPY-4", "a page that is there stays as it is")
{
	char *p = map_private(3, RW), *src = letters("a");
	int fd = uffd_open(0);

	memset(p, 'x', PAGE);
	EXPECT_EQ(p[PAGE], 0); /* the page of zeros */
	uffd_watch(fd, p, 3, MISSING);
	uffd_fill(fd, p + 2 * PAGE, "y");
	for (int i = 0; i < 3; i++) {
		EXPECT_ERR(uffd_copy(fd, p + i * PAGE, src, PAGE, 0), EEXIST);
		EXPECT_EQ(uffd_done, -EEXIST);
	}
	EXPECT_LETTERS(p, "x0y");
}

TEST("CPY-5", "a page in the middle that is there ends the call with what was done")
{
	char *p = map_private(5, RW), *src = letters("abcde");
	int fd = uffd_open(0);

	uffd_watch(fd, p, 5, MISSING);
	uffd_fill(fd, p + 2 * PAGE, "x");
	EXPECT_ERR(uffd_copy(fd, p, src, 5 * PAGE, 0), EAGAIN);
	EXPECT_EQ(uffd_done, 2 * PAGE);
	EXPECT_ERR(uffd_copy(fd, p + 2 * PAGE, src + 2 * PAGE, 3 * PAGE, 0), EEXIST);
	EXPECT_EQ(uffd_done, -EEXIST);
	EXPECT_EQ(uffd_copy(fd, p + 3 * PAGE, src + 3 * PAGE, 2 * PAGE, 0), 0);
	EXPECT_LETTERS(p, "abxde");
}

TEST("CPY-6", "a source that cannot be read is EFAULT, or ends the call")
{
	char *p = map_private(4, RW), *src = map_alone(2, RW);
	int fd = uffd_open(0);

	memset(src, 'a', 2 * PAGE);
	uffd_watch(fd, p, 4, MISSING);
	EXPECT_ERR(uffd_copy(fd, p, free_range(1), PAGE, 0), EFAULT);
	EXPECT_EQ(uffd_done, -EFAULT);
	EXPECT_ERR(uffd_copy(fd, p, src + 2 * PAGE - 1, PAGE, 0), EFAULT); /* the end of a page */
	EXPECT_ERR(uffd_copy(fd, p, 0xffff888000000000, PAGE, 0), EFAULT);
	EXPECT_STR(resident(p, 4), "0000");
	EXPECT_ERR(uffd_copy(fd, p, src, 4 * PAGE, 0), EAGAIN);
	EXPECT_EQ(uffd_done, 2 * PAGE);
	EXPECT_LETTERS(p, "aa");
	EXPECT_STR(resident(p, 4), "1100");
}

TEST("CPY-1,CPY-6", "errors of the argument come in order and leave the field alone")
{
	char *p = map_private(1, RW), *src = letters("a");
	int fd = uffd_open(0);

	uffd_watch(fd, p, 1, MISSING);
	EXPECT_ERR(uffd_copy(fd, p + 1, src, PAGE, 4), EINVAL);
	EXPECT_EQ(uffd_done, UNTOUCHED);
	EXPECT_ERR(uffd_copy(fd, p, -PAGE, PAGE, 0), EINVAL); /* the source wraps */
	EXPECT_EQ(uffd_done, UNTOUCHED);
	EXPECT_ERR(uffd_copy(fd, p, -1UL, PAGE, 0), EINVAL);
	for (int bit = 2; bit < 64; bit++)
		EXPECT_ERR(uffd_copy(fd, p, src, PAGE, 1UL << bit), EINVAL);
	EXPECT_EQ(uffd_done, UNTOUCHED);
	EXPECT_STR(resident(p, 1), "0");
}

TEST("CPY-7", "waiters of the pages done are woken, after a part of them too")
{
	char *p = map_private(4, RW), *src = letters("abcd");
	int fd = uffd_open(0);
	struct job *job[4];

	uffd_watch(fd, p, 4, MISSING);
	uffd_fill(fd, p + 2 * PAGE, "x");
	for (int i = 0; i < 4; i++) {
		if (i == 2)
			continue;
		job[i] = touch(p + i * PAGE, READ);
		EXPECT_FAULT(fd, p + i * PAGE, 0);
		EXPECT_SLEEPS(job[i]);
	}
	EXPECT_ERR(uffd_copy(fd, p, src, 4 * PAGE, 0), EAGAIN);
	EXPECT_TOUCHED(job[0]);
	EXPECT_TOUCHED(job[1]);
	EXPECT_SLEEPS(job[3]);
	EXPECT_ERR(uffd_copy(fd, p + 2 * PAGE, src, 2 * PAGE, 0), EEXIST);
	EXPECT_SLEEPS(job[3]); /* nothing was done, no one was woken */
	EXPECT_QUIET(fd);
	EXPECT_EQ(uffd_copy(fd, p + 3 * PAGE, src, PAGE, 0), 0);
	EXPECT_TOUCHED(job[3]);
}

TEST("CPY-7,WAK-2", "with DONTWAKE the waiters sleep until they are woken")
{
	char *p = map_private(2, RW);
	int fd = uffd_open(0);
	struct job *read, *write;

	uffd_watch(fd, p, 2, MISSING);
	read = touch(p, READ);
	EXPECT_FAULT(fd, p, 0);
	write = touch(p + PAGE, WRITE);
	EXPECT_FAULT(fd, p + PAGE, FAULT_WRITE);
	EXPECT_SLEEPS(read);
	EXPECT_SLEEPS(write);
	EXPECT_EQ(uffd_copy(fd, p, letters("ab"), 2 * PAGE, COPY_DONTWAKE), 0);
	EXPECT_EQ(uffd_done, 2 * PAGE);
	EXPECT_LETTERS(p, "ab");
	EXPECT_SLEEPS(read);
	EXPECT_SLEEPS(write);
	EXPECT_EQ(uffd_wake(fd, p, 2 * PAGE), 0);
	EXPECT_TOUCHED(read);
	EXPECT_TOUCHED(write);
	EXPECT_QUIET(fd);
}

TEST("CPY-8,WPR-10", "mode WP maps the page protected; it needs a WP registration")
{
	char *p = map_private(3, RW), *src = letters("ab");
	int fd = uffd_open(0);
	struct job *job;

	uffd_watch(fd, p, 1, MISSING);
	uffd_watch(fd, p + PAGE, 2, MISSING | WP);
	EXPECT_ERR(uffd_copy(fd, p, src, PAGE, COPY_WP), EINVAL);
	EXPECT_EQ(uffd_done, -EINVAL);
	job = touch(p + PAGE, WRITE);
	EXPECT_FAULT(fd, p + PAGE, FAULT_WRITE);
	EXPECT_EQ(uffd_copy(fd, p + PAGE, src, 2 * PAGE, COPY_WP), 0);
	EXPECT_FAULT(fd, p + PAGE, FAULT_WP); /* the same instruction, the next question */
	EXPECT(pagemap(p + PAGE) & PM_UFFD_WP);
	EXPECT_LETTERS(p + PAGE, "ab"); /* reads do not fault */
	uffd_unprotect(fd, p + PAGE, 1);
	EXPECT_TOUCHED(job);
	job = touch(p + 2 * PAGE, WRITE);
	EXPECT_FAULT(fd, p + 2 * PAGE, FAULT_WP);
	uffd_unprotect(fd, p + 2 * PAGE, 1);
	EXPECT_TOUCHED(job);
	EXPECT_QUIET(fd);
}

TEST("CPY-9", "the page is private, counted, and has the protection of its area")
{
	char *p = map_private(4, RW), *src = letters("a");
	int fd = uffd_open(0);
	long before;

	uffd_watch(fd, p, 4, MISSING);
	EXPECT_OK(raw_mprotect(p + PAGE, PAGE, PROT_READ));
	EXPECT_OK(raw_mprotect(p + 2 * PAGE, PAGE, PROT_NONE));
	EXPECT_OK(raw_mprotect(p + 3 * PAGE, PAGE, PROT_READ | PROT_EXEC));
	before = rss_pages("RssAnon");
	for (int i = 0; i < 4; i++)
		EXPECT_EQ(uffd_copy(fd, p + i * PAGE, src, PAGE, 0), 0);
	EXPECT_EQ(rss_pages("RssAnon"), before + 4);
	EXPECT_SEGV(p + PAGE, WRITE, SEGV_ACCERR);
	EXPECT_SEGV(p + 2 * PAGE, READ, SEGV_ACCERR);
	EXPECT_ACCESS(p, WRITE);
	EXPECT_EQ(smaps_value(p, "Private_Dirty"), 4);
	EXPECT_LETTERS(p + PAGE, "a");
	EXPECT_OK(raw_mprotect(p + 2 * PAGE, PAGE, RW));
	EXPECT_LETTERS(p + 2 * PAGE, "a");
	EXPECT_ACCESS(p + 2 * PAGE, WRITE);
	EXPECT_QUIET(fd);
}

TEST("CPY-10", "in shared memory the page becomes the object's")
{
	int memfd = memfd_new(4), fd = uffd_open(0);
	char *s = map_fd(memfd, 4, RW, MAP_SHARED), *again = map_fd(memfd, 4, RW, MAP_SHARED), c;

	uffd_watch(fd, s, 4, MISSING);
	uffd_fill(fd, s, "ab");
	EXPECT_LETTERS(s, "ab");
	EXPECT_LETTERS(again, "ab");
	EXPECT_EQ(raw_pread(memfd, &c, 1, PAGE), 1);
	EXPECT_EQ(c, 'b');
	s[0] = 'A';
	EXPECT_EQ(again[0], 'A');
	EXPECT_EQ(raw_pwrite(memfd, "c", 1, 2 * PAGE), 1); /* a page not mapped here */
	EXPECT_ERR(uffd_copy(fd, s + 2 * PAGE, letters("x"), PAGE, 0), EEXIST);
	EXPECT_EQ(s[2 * PAGE], 'c');
	EXPECT_OK(raw_ftruncate(memfd, 3 * PAGE));
	EXPECT_ERR(uffd_copy(fd, s + 3 * PAGE, letters("x"), PAGE, 0), EFAULT);
	EXPECT_EQ(uffd_done, -EFAULT);
	EXPECT_BUS(s + 3 * PAGE, READ);
	EXPECT_QUIET(fd);
}

TEST("CPY-10", "all mappings of the object see a copy through a read-only one")
{
	int memfd = memfd_new(1), fd = uffd_open(0);
	char *s = map_fd(memfd, 1, PROT_READ, MAP_SHARED);

	uffd_watch(fd, s, 1, MISSING);
	uffd_fill(fd, s, "a");
	EXPECT_SEGV(s, WRITE, SEGV_ACCERR);
	EXPECT_LETTERS(map_fd(memfd, 1, RW, MAP_SHARED), "a");
}

TEST("CPY-11", "in a private mapping of a memfd only this mapping has the page")
{
	int memfd = memfd_new(2), fd = uffd_open(0);
	char *p = map_fd(memfd, 2, RW, MAP_PRIVATE), *s = map_fd(memfd, 2, RW, MAP_SHARED), c;

	uffd_watch(fd, p, 2, MISSING);
	uffd_fill(fd, p, "a");
	EXPECT_LETTERS(p, "a");
	EXPECT_STR(resident(s, 2), "00");
	EXPECT_EQ(raw_pread(memfd, &c, 1, 0), 1);
	EXPECT_EQ(c, 0);
	EXPECT_EQ(s[0], 0);
	p[0] = 'A';
	EXPECT_EQ(s[0], 0);
	EXPECT_EQ(raw_pwrite(memfd, "s", 1, PAGE), 1); /* the object's page is not in the way */
	uffd_fill(fd, p + PAGE, "b");
	EXPECT_LETTERS(p + PAGE, "b");
	EXPECT_EQ(s[PAGE], 's');
}

TEST("CPY-12", "a range that is watched for something else is filled as well")
{
	char *p = map_private(1, RW), *s = map_shared(1, RW);
	int fd = uffd_open(0);

	uffd_watch(fd, p, 1, WP);
	uffd_fill(fd, p, "a");
	uffd_watch(fd, s, 1, MINOR);
	uffd_fill(fd, s, "b");
	EXPECT_LETTERS(p, "a");
	EXPECT_LETTERS(s, "b");
}

TEST("CPY-13", "another descriptor of the same memory may fill, and wakes its own waiters alone")
{
	char *p = map_private(1, RW);
	int fd = uffd_open(0), other = uffd_open(0);
	struct job *job;

	uffd_watch(fd, p, 1, MISSING);
	job = touch(p, READ);
	EXPECT_FAULT(fd, p, 0);
	EXPECT_SLEEPS(job);
	uffd_fill(other, p, "a");
	EXPECT_SLEEPS(job);
	EXPECT_EQ(uffd_wake(other, p, PAGE), 0);
	EXPECT_SLEEPS(job);
	EXPECT_EQ(uffd_wake(fd, p, PAGE), 0);
	EXPECT_TOUCHED(job);
	EXPECT_LETTERS(p, "a");
}

TEST("CPY-14", "a source that is missing itself is waited for")
{
	char *p = map_private(1, RW), *src = map_private(1, RW);
	int fd = uffd_open(0), other = uffd_open(0);
	struct uffdio_copy argument = {(unsigned long)p, (unsigned long)src, PAGE, 0, 0};
	struct job *job;

	uffd_watch(fd, p, 1, MISSING);
	uffd_watch(other, src, 1, MISSING);
	job = begin(SYS_ioctl, fd, UFFDIO_COPY, &argument);
	EXPECT_FAULT(other, src, 0);
	EXPECT_SLEEPS(job);
	EXPECT_STR(resident(p, 1), "0");
	EXPECT_OK(raw_munmap(map_private(1, RW), PAGE)); /* no lock is held */
	uffd_fill(other, src, "a");
	EXPECT_EQ(call_end(job), 0);
	EXPECT_EQ(argument.copy, PAGE);
	EXPECT_LETTERS(p, "a");
}

TEST("CPY-15", "what changed while a source was waited for is seen")
{
	char *p = map_private(4, RW), *src = map_private(2, RW);
	int fd = uffd_open(EVENT_REMOVE), other = uffd_open(0);
	struct uffdio_copy gone = {(unsigned long)p, (unsigned long)src, PAGE, 0, 0};
	struct uffdio_copy late = {(unsigned long)p + 2 * PAGE, (unsigned long)src + PAGE, PAGE, 0,
				   0};
	struct job *job, *drop;

	uffd_watch(fd, p, 4, MISSING);
	uffd_watch(other, src, 2, MISSING);
	job = begin(SYS_ioctl, fd, UFFDIO_COPY, &gone);
	EXPECT_FAULT(other, src, 0);
	EXPECT_OK(raw_munmap(p, PAGE));
	uffd_fill(other, src, "a");
	EXPECT_ERR(call_end(job), ENOENT);
	EXPECT_EQ(gone.copy, -ENOENT);

	job = begin(SYS_ioctl, fd, UFFDIO_COPY, &late);
	EXPECT_FAULT(other, src + PAGE, 0);
	drop = begin(SYS_madvise, p + PAGE, PAGE, MADV_DONTNEED);
	uffd_await_message(fd);
	uffd_fill(other, src + PAGE, "b");
	EXPECT_ERR(call_end(job), EAGAIN);
	EXPECT_REMOVE(fd, p + PAGE, 1);
	EXPECT_EQ(call_end(drop), 0);
	EXPECT_EQ(uffd_copy(fd, p + 2 * PAGE, src + PAGE, PAGE, 0), 0);
	EXPECT_LETTERS(p + 2 * PAGE, "b");
}

TEST("CPY-16", "kill ends a copy between two pages, and the first one stays")
{
	char *p = map_private(2, RW), *src = letters("ab");
	volatile int *shared = shared_page();
	int fd = uffd_open(0);
	pid_t pid;

	uffd_watch(fd, p, 2, MISSING);
	pid = fork_with_files();
	if (pid == 0) {
		EXPECT_OK(raw_madvise(src + PAGE, PAGE, MADV_DONTNEED));
		shared[0] = uffd_open(0);
		uffd_watch(shared[0], src + PAGE, 1, MISSING);
		shared[1] = 1;
		uffd_copy(fd, p, src, 2 * PAGE, 0);
		FAIL("the copy came back");
	}
	await_value(shared + 1, 1);
	EXPECT_FAULT(shared[0], src + PAGE, 0);
	EXPECT_OK(raw_kill(pid, SIGKILL));
	EXPECT_KILLED(pid, SIGKILL);
	EXPECT_STR(resident(p, 2), "10");
	EXPECT_LETTERS(p, "a");
}

TEST("CPY-17", "a file system that is full is ENOMEM")
{
	char name[] = "/tmp/uffd-full", *s, *src = letters("abc");
	int file, fd = uffd_open(0);

	EXPECT_OK(raw(SYS_mkdir, name, 0700));
	EXPECT_OK(raw(SYS_mount, "none", name, "tmpfs", 0, "size=8k"));
	EXPECT_OK(raw(SYS_chdir, name));
	EXPECT_OK(raw(SYS_umount2, name, MNT_DETACH));
	EXPECT_OK(raw(SYS_rmdir, name));
	file = EXPECT_OK(raw_open("file", O_RDWR | O_CREAT, 0600));
	EXPECT_OK(raw_ftruncate(file, 3 * PAGE));
	s = map_fd(file, 3, RW, MAP_SHARED);
	uffd_watch(fd, s, 3, MISSING);
	EXPECT_ERR(uffd_copy(fd, s, src, 3 * PAGE, 0), EAGAIN);
	EXPECT_EQ(uffd_done, 2 * PAGE);
	EXPECT_ERR(uffd_copy(fd, s + 2 * PAGE, src, PAGE, 0), ENOMEM);
	EXPECT_EQ(uffd_done, -ENOMEM);
	EXPECT_ERR(uffd_zeropage(fd, s + 2 * PAGE, PAGE, 0), ENOMEM);
	EXPECT_LETTERS(s, "ab");
}

TEST("CPY-9,CPY-10", "pages are counted where they belong")
{
	char *p = map_private(2, RW), *s = map_shared(2, RW), *src = letters("ab");
	long anon = 0, shmem = 0;
	int fd = uffd_open(0);

	EXPECT_OK(raw_mlock2(p, 2 * PAGE, 1 /* MLOCK_ONFAULT */));
	uffd_watch(fd, p, 2, MISSING);
	uffd_watch(fd, s, 2, MISSING);
	for (int i = 0; i < 2; i++) { /* the first time this program's own pages come as well */
		anon = rss_pages("RssAnon");
		shmem = rss_pages("RssShmem");
		EXPECT_EQ(uffd_copy(fd, p + i * PAGE, src + i * PAGE, PAGE, 0), 0);
		EXPECT_EQ(uffd_copy(fd, s + i * PAGE, src + i * PAGE, PAGE, 0), 0);
	}
	EXPECT_EQ(rss_pages("RssAnon"), anon + 1);
	EXPECT_EQ(rss_pages("RssShmem"), shmem + 1);
	EXPECT_EQ(smaps_value(p, "Locked"), 8);
	EXPECT_EQ(smaps_value(s, "Rss"), 8);
}
