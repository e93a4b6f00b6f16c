// SPDX-License-Identifier: MIT
/*
 * tests/abi/uffd_permission.c - who may have a userfaultfd (docs/contract/userfaultfd.md, NEW-3 to
 * NEW-5, API-4).
 */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/task.h"
#include "lib/test.h"
#include "lib/uffd.h"

#define CAP_SYS_PTRACE 19
#define SYSCTL	       "/proc/sys/vm/unprivileged_userfaultfd"
#define DEVICE	       "/dev/userfaultfd"
#define IOC_NEW	       0xaa00

static long write_sysctl(const char *text)
{
	long fd = EXPECT_OK(raw_open(SYSCTL, O_WRONLY, 0));
	long result = raw_write(fd, text, strlen(text));

	EXPECT_OK(raw_close(fd));
	return result;
}

TEST("NEW-3", "without privileges only USER_MODE_ONLY is allowed, and that is looked at first")
{
	drop_privileges();
	EXPECT_ERR(raw_userfaultfd(0), EPERM);
	EXPECT_ERR(raw_userfaultfd(O_CLOEXEC | O_NONBLOCK), EPERM);
	EXPECT_ERR(raw_userfaultfd(2), EPERM);
	EXPECT_ERR(raw_userfaultfd(2 | USER_ONLY), EINVAL);
	EXPECT_OK(raw_userfaultfd(USER_ONLY));
	EXPECT_OK(raw_userfaultfd(USER_ONLY | O_CLOEXEC | O_NONBLOCK));
}

TEST("NEW-3", "CAP_SYS_PTRACE is what counts, not the user")
{
	drop_capability(CAP_SYS_PTRACE);
	EXPECT_ERR(raw_userfaultfd(0), EPERM);
	EXPECT_OK(raw_userfaultfd(USER_ONLY));
}

TEST("NEW-3", "a descriptor without privileges works")
{
	char *p = map_private(1, RW);
	struct job *job;
	int fd;

	drop_privileges();
	fd = uffd_open_flags(USER_ONLY | O_NONBLOCK, EVENT_UNMAP | EVENT_REMAP | EVENT_REMOVE);
	uffd_watch(fd, p, 1, MISSING);
	job = touch(p, WRITE);
	EXPECT_FAULT(fd, p, FAULT_WRITE);
	uffd_fill(fd, p, "a");
	EXPECT_TOUCHED(job);
}

TEST("NEW-3,NEW-4", "unprivileged_userfaultfd allows it to all")
{
	struct gate allowed = gate_new(), used = gate_new();
	pid_t pid = test_fork();

	if (pid == 0) {
		drop_privileges();
		EXPECT_ERR(raw_userfaultfd(0), EPERM);
		gate_open(&used);
		gate_pass(&allowed);
		EXPECT_OK(raw_userfaultfd(0));
		EXPECT_ERR(raw_userfaultfd(2), EINVAL);
		gate_open(&used);
		gate_pass(&allowed);
		EXPECT_ERR(raw_userfaultfd(0), EPERM);
		_exit(0);
	}
	gate_pass(&used);
	EXPECT_EQ(write_sysctl("1\n"), 2);
	EXPECT_EQ(read_number(SYSCTL), 1);
	gate_open(&allowed);
	gate_pass(&used);
	EXPECT_EQ(write_sysctl("0\n"), 2);
	gate_open(&allowed);
	EXPECT_EXIT(pid, 0);
}

TEST("NEW-4", "the sysctl is 0 at first, takes 0 and 1, and is root's to write")
{
	struct stat st;

	EXPECT_EQ(read_number(SYSCTL), 0);
	EXPECT_EQ(stat(SYSCTL, &st), 0);
	EXPECT_EQ(st.st_mode & 07777, 0644);
	EXPECT_ERR(write_sysctl("2\n"), EINVAL);
	EXPECT_ERR(write_sysctl("-1\n"), EINVAL);
	EXPECT_ERR(write_sysctl("x\n"), EINVAL);
	EXPECT_EQ(read_number(SYSCTL), 0);
	drop_privileges();
	EXPECT_ERR(raw_open(SYSCTL, O_WRONLY, 0), EACCES);
	EXPECT_EQ(read_number(SYSCTL), 0);
}

TEST("NEW-5", "the device gives descriptors to who can open it")
{
	char *p = map_private(1, RW);
	struct stat st;
	struct job *job;
	long device, fd;

	EXPECT_EQ(stat(DEVICE, &st), 0);
	EXPECT(S_ISCHR(st.st_mode));
	EXPECT_EQ(st.st_mode & 07777, 0600);
	EXPECT_EQ(st.st_uid, 0);
	device = EXPECT_OK(raw_open(DEVICE, O_RDWR | O_CLOEXEC, 0));
	drop_privileges();
	EXPECT_ERR(raw_open(DEVICE, O_RDONLY, 0), EACCES);
	EXPECT_ERR(raw_userfaultfd(0), EPERM);
	fd = EXPECT_OK(raw_ioctl(device, IOC_NEW, O_NONBLOCK | O_CLOEXEC));
	EXPECT_EQ(raw(SYS_fcntl, fd, F_GETFD), FD_CLOEXEC);
	EXPECT_EQ(raw(SYS_fcntl, fd, F_GETFL) & O_NONBLOCK, O_NONBLOCK);
	EXPECT_EQ(uffd_api(fd, 0, NULL), 0);
	uffd_watch(fd, p, 1, MISSING);
	job = begin(SYS_getrandom, p, PAGE, 0); /* faults of the kernel too */
	EXPECT_FAULT(fd, p, FAULT_WRITE);
	uffd_fill(fd, p, "a");
	EXPECT_EQ(call_end(job), PAGE);
}

TEST("NEW-5", "another command or bad flags are EINVAL")
{
	static const unsigned int commands[] = {0, 0xaa01, 0xc018aa3f, 0xc020aa00, 0x5401};
	long device = EXPECT_OK(raw_open(DEVICE, O_RDONLY | O_CLOEXEC, 0));

	for (int i = 0; i < 5; i++)
		EXPECT_ERR(raw_ioctl(device, commands[i], 0), EINVAL);
	EXPECT_ERR(raw_ioctl(device, IOC_NEW, 2), EINVAL);
	EXPECT_ERR(raw_ioctl(device, IOC_NEW, -1), EINVAL);
	EXPECT_OK(raw_ioctl(device, IOC_NEW, 0));
	EXPECT_OK(raw_ioctl(device, IOC_NEW, USER_ONLY));
}

TEST("NEW-6", "the device serves the caller's memory, not that of who opened it")
{
	long device = EXPECT_OK(raw_open(DEVICE, O_RDONLY, 0));
	char *p = map_private(1, RW);
	pid_t pid = test_fork();

	if (pid == 0) {
		long fd = EXPECT_OK(raw_ioctl(device, IOC_NEW, O_NONBLOCK));

		EXPECT_EQ(uffd_api(fd, 0, NULL), 0);
		uffd_watch(fd, p, 1, MISSING);
		uffd_fill(fd, p, "a");
		EXPECT_LETTERS(p, "a");
		_exit(0);
	}
	EXPECT_EXIT(pid, 0);
	EXPECT_LETTERS(p, "0");
}

TEST("API-4", "EVENT_FORK needs CAP_SYS_PTRACE")
{
	struct uffdio_api answer;
	long fd;

	drop_capability(CAP_SYS_PTRACE);
	fd = EXPECT_OK(raw_userfaultfd(USER_ONLY | O_NONBLOCK));
	EXPECT_ERR(uffd_api(fd, EVENT_FORK, &answer), EPERM);
	EXPECT_EQ(answer.api | answer.features | answer.ioctls, 0);
	EXPECT_ERR(uffd_api(fd, EVENT_FORK | EVENT_REMAP, &answer), EPERM);
	EXPECT_EQ(answer.api | answer.features | answer.ioctls, 0);
	EXPECT_EQ(uffd_api(fd, EVENT_REMAP, NULL), 0); /* still free for another try */
}

TEST("API-4", "the capability counts at the handshake, not at the creation")
{
	long fd = EXPECT_OK(raw_userfaultfd(O_NONBLOCK)), got;

	drop_capability(CAP_SYS_PTRACE);
	EXPECT_ERR(uffd_api(fd, EVENT_FORK, NULL), EPERM);
	got = uffd_api(fd, EVENT_FORK | 1ULL << 63, NULL);
	EXPECT(got == -EPERM || got == -EINVAL);
	EXPECT_EQ(uffd_api(fd, 0, NULL), 0);
}
