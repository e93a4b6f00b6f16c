// SPDX-License-Identifier: MIT
/*
 * tests/abi/process_vm.c - process_vm_readv, process_vm_writev and process_madvise: the memory of
 * another process (docs/contract/mmap.md, MISC-2 and MADV-27).
 */
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/uio.h>
#include <unistd.h>

#include "lib/fault.h"
#include "lib/maps.h"
#include "lib/sys.h"
#include "lib/task.h"
#include "lib/test.h"

#define COLD	     20
#define PAGEOUT	     21
#define COLLAPSE     25
#define CAP_SYS_NICE 23

static long readv_of(pid_t pid, struct iovec *local, long nl, struct iovec *remote, long nr)
{
	return raw(SYS_process_vm_readv, pid, local, nl, remote, nr, 0);
}

static long writev_of(pid_t pid, struct iovec *local, long nl, struct iovec *remote, long nr)
{
	return raw(SYS_process_vm_writev, pid, local, nl, remote, nr, 0);
}

/* A child that lives until the test ends; it has a copy of our memory. */
static pid_t make_child(void)
{
	pid_t pid = test_fork();

	if (pid == 0)
		for (;;)
			raw(SYS_pause);
	return pid;
}

TEST("MISC-2", "bytes go from one address space to another, piece by piece")
{
	char *p = map_private(3, RW), here[64];
	struct iovec local[2] = {{here, 3}, {here + 10, 50}};
	struct iovec remote[3] = {{p + 10, 5}, {p + PAGE - 2, 4}, {p + 2 * PAGE, 0}};
	pid_t pid;

	memcpy(p + 10, "hello", 5);
	memcpy(p + PAGE - 2, "abcd", 4);
	pid = make_child();
	memset(p, 0, 3 * PAGE); /* ours; the child's is a copy */
	EXPECT_EQ(readv_of(pid, local, 2, remote, 3), 9);
	EXPECT(memcmp(here, "hel", 3) == 0);
	EXPECT(memcmp(here + 10, "loabcd", 6) == 0);

	memcpy(here, "WRITTEN", 7);
	local[0].iov_len = 7;
	EXPECT_EQ(writev_of(pid, local, 1, remote, 3), 7);
	EXPECT_EQ(p[10], 0);
	remote[0].iov_len = 7;
	memset(here, 0, 64);
	EXPECT_EQ(readv_of(pid, local, 1, remote, 1), 7);
	EXPECT(memcmp(here, "WRITT", 5) == 0);
	remote[0] = (struct iovec){p + PAGE - 2, 4};
	EXPECT_EQ(readv_of(pid, local, 1, remote, 1), 4);
	EXPECT(memcmp(here, "ENcd", 4) == 0);
}

TEST("MISC-2", "one's own process will do, and copies of many pages")
{
	char *from = map_private(20, RW), *to = map_private(20, RW);
	struct iovec local = {to + 7, 18 * PAGE}, remote = {from + 1, 18 * PAGE};

	for (int i = 0; i < 20; i++)
		memset(from + i * PAGE, 'a' + i, PAGE);
	EXPECT_EQ(readv_of(getpid(), &local, 1, &remote, 1), 18 * PAGE);
	EXPECT(memcmp(to + 7, from + 1, 18 * PAGE) == 0);
	EXPECT_EQ(to[18 * PAGE + 7], 0);
	EXPECT_EQ(to[6], 0);
}

TEST("MISC-2", "arguments are looked at in order, an empty side is 0")
{
	char *p = map_private(1, RW);
	struct iovec one = {p, 8}, none = {p, 0}, bad = {p, -1}, kernel = {(void *)-4096UL, 8};
	pid_t me = getpid();

	EXPECT_ERR(raw(SYS_process_vm_readv, me, &one, 1, &one, 1, 1), EINVAL);
	EXPECT_ERR(readv_of(me, &one, 1025, &one, 1), EINVAL);
	EXPECT_ERR(readv_of(me, &one, 1, &one, 1025), EINVAL);
	EXPECT_ERR(readv_of(me, &bad, 1, &one, 1), EINVAL);
	EXPECT_ERR(readv_of(me, &one, 1, &bad, 1), EINVAL);
	EXPECT_ERR(readv_of(me, &kernel, 1, &one, 1), EFAULT);
	EXPECT_ERR(readv_of(me, &one, 1, &kernel, 1), EFAULT);
	EXPECT_ERR(readv_of(me, (struct iovec *)8, 1, &one, 1), EFAULT);
	EXPECT_ERR(readv_of(me, &one, 1, (struct iovec *)8, 1), EFAULT);
	EXPECT_EQ(readv_of(me, &one, 0, &one, 1), 0);
	EXPECT_EQ(readv_of(me, &one, 1, &one, 0), 0);
	EXPECT_EQ(readv_of(me, &none, 1, &bad, 1), 0);
	EXPECT_EQ(readv_of(-1, &one, 1, &none, 1), 0);
	EXPECT_ERR(readv_of(-1, &one, 1, &one, 1), ESRCH);
	EXPECT_ERR(readv_of(0x3fffffff, &one, 1, &one, 1), ESRCH);
}

TEST("MISC-2", "rights of the other side's areas count; what went before is told")
{
	char *p = map_private(3, RW), here[32];
	struct iovec local = {here, 16}, remote[2] = {{p, 8}, {p + PAGE, 8}};
	pid_t me = getpid();

	EXPECT_OK(raw_mprotect(p + PAGE, PAGE, PROT_NONE));
	EXPECT_EQ(readv_of(me, &local, 1, remote, 2), 8);
	EXPECT_ERR(readv_of(me, &local, 1, remote + 1, 1), EFAULT);
	EXPECT_OK(raw_mprotect(p + PAGE, PAGE, PROT_READ));
	EXPECT_EQ(readv_of(me, &local, 1, remote, 2), 16);
	EXPECT_EQ(writev_of(me, &local, 1, remote, 2), 8);
	EXPECT_ERR(writev_of(me, &local, 1, remote + 1, 1), EFAULT);
	/* Whole pages up to the first that cannot be had. */
	remote[0] = (struct iovec){p + PAGE - 4, 8};
	EXPECT_EQ(writev_of(me, &local, 1, remote, 1), 4);
	EXPECT_OK(raw_munmap(p + PAGE, PAGE));
	EXPECT_ERR(readv_of(me, &local, 1, remote + 1, 1), EFAULT);
	/* Our own side may fail too. */
	local.iov_base = p + PAGE;
	remote[0] = (struct iovec){p, 8};
	EXPECT_ERR(readv_of(me, &local, 1, remote, 1), EFAULT);
}

TEST("MISC-2", "a write breaks copy on write as the owner's would")
{
	char *p = map_private(1, RW), text[] = "new";
	struct iovec local = {text, 4}, remote = {p, 4};
	pid_t pid;

	memcpy(p, "old", 4);
	pid = make_child();
	EXPECT_EQ(writev_of(pid, &local, 1, &remote, 1), 4);
	EXPECT_STR(p, "old");
	local.iov_base = p;
	EXPECT_EQ(readv_of(pid, &local, 1, &remote, 1), 4);
	EXPECT_STR(p, "new");
}

TEST("MISC-2", "only who could trace the process may look into it")
{
	char *p = map_private(1, RW), here[8];
	struct iovec local = {here, 8}, remote = {p, 8};
	pid_t pid = make_child();

	drop_privileges();
	EXPECT_ERR(readv_of(pid, &local, 1, &remote, 1), EPERM);
	EXPECT_ERR(writev_of(pid, &local, 1, &remote, 1), EPERM);
	pid = make_child();
	EXPECT_OK(raw(SYS_prctl, PR_SET_DUMPABLE, 1));
	EXPECT_ERR(readv_of(pid, &local, 1, &remote, 1), EPERM); /* it is not dumpable */
}

TEST("MISC-2", "a zombie has no memory any more")
{
	char *p = map_private(1, RW), here[8];
	struct iovec local = {here, 8}, remote = {p, 8};
	pid_t pid = test_fork();

	if (pid == 0)
		_exit(0);
	await_state(pid, "Z");
	EXPECT_ERR(readv_of(pid, &local, 1, &remote, 1), ESRCH);
	EXPECT_EXIT(pid, 0);
}

TEST("MISC-2", "calls that Pagoda has not answer ENOSYS or what Linux says")
{
	long secret = raw(447 /* memfd_secret */, 0);
	long release = raw(448 /* process_mrelease */, -1, 0);
	long policy = raw(239 /* get_mempolicy */, 0, 0, 0, 0, 0);
	long bind = raw(237 /* mbind */, 0, 0, 0, 0, 0, 1L << 30);

	EXPECT(secret == -ENOSYS || secret >= 0);
	EXPECT(release == -ENOSYS || release == -EBADF);
	EXPECT(policy == -ENOSYS || policy == 0);
	EXPECT(bind == -ENOSYS || bind == -EINVAL);
}

/* ---- process_madvise ------------------------------------------------------------------------ */

static long advise(long fd, struct iovec *parts, long count, int advice)
{
	return raw(SYS_process_madvise, fd, parts, count, advice, 0);
}

TEST("MADV-27", "advice that changes nothing goes to any process that one may trace")
{
	char *p = map_private(4, RW);
	struct iovec parts[3] = {{p, PAGE}, {p + 2 * PAGE, PAGE + 1}, {p, 0}};
	pid_t pid;
	long fd;

	memset(p, 'x', 4 * PAGE);
	pid = make_child();
	fd = EXPECT_OK(raw(SYS_pidfd_open, pid, 0));
	EXPECT_EQ(advise(fd, parts, 3, COLD), 2 * PAGE + 1);
	EXPECT_EQ(advise(fd, parts, 3, MADV_WILLNEED), 2 * PAGE + 1);
	EXPECT_EQ(advise(fd, parts, 0, COLD), 0);
	EXPECT_ERR(advise(fd, parts, 1025, COLD), EINVAL);
	EXPECT_ERR(advise(fd, (struct iovec *)8, 1, COLD), EFAULT);
	EXPECT_ERR(advise(fd, parts, 1, MADV_FREE), EINVAL);
	EXPECT_ERR(advise(fd, parts, 1, MADV_DONTFORK), EINVAL);
	EXPECT_ERR(advise(fd, parts, 1, 22), EINVAL);
	EXPECT_ERR(advise(0, parts, 1, COLD), EBADF);
	/* What was done before an error is told. */
	parts[1].iov_base = p + 1;
	EXPECT_EQ(advise(fd, parts, 2, COLD), PAGE);
	EXPECT_ERR(advise(fd, parts + 1, 1, COLD), EINVAL);
	parts[1].iov_base = free_range(1);
	parts[1].iov_len = PAGE;
	EXPECT_EQ(advise(fd, parts, 2, PAGEOUT), PAGE);
	EXPECT_ERR(advise(fd, parts + 1, 1, PAGEOUT), ENOMEM);
	EXPECT_EQ(p[0], 'x');
}

TEST("MADV-27", "a process that has ended is ESRCH")
{
	char *p = map_private(1, RW);
	struct iovec part = {p, PAGE};
	pid_t pid = test_fork();
	long fd;

	if (pid == 0)
		_exit(0);
	fd = EXPECT_OK(raw(SYS_pidfd_open, pid, 0));
	await_state(pid, "Z");
	EXPECT_ERR(advise(fd, &part, 1, COLD), ESRCH);
	EXPECT_EXIT(pid, 0);
	EXPECT_ERR(advise(fd, &part, 1, COLD), ESRCH);
}

TEST("MADV-27", "other processes need the right to look and CAP_SYS_NICE")
{
	char *p = map_private(1, RW);
	struct iovec part = {p, PAGE};
	long fd = EXPECT_OK(raw(SYS_pidfd_open, make_child(), 0));
	long self = EXPECT_OK(raw(SYS_pidfd_open, getpid(), 0));

	drop_capability(CAP_SYS_NICE);
	EXPECT_ERR(advise(fd, &part, 1, COLD), EPERM);
	EXPECT_ERR(advise(self, &part, 1, COLD), EPERM);
	drop_privileges();
	EXPECT_ERR(advise(fd, &part, 1, COLD), EACCES);
}
