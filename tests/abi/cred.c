// SPDX-License-Identifier: MIT
/*
 * tests/abi/cred.c - user and group ids, supplementary groups, capabilities
 * (docs/contract/calls.md, CRED).
 */
#include <linux/capability.h>
#include <linux/securebits.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "lib/sys.h"
#include "lib/task.h"
#include "lib/test.h"

#undef CAP_IPC_LOCK
#define BAD  ((void *)8)
#define KEEP (-1)

/* CAP_* of the kernel's header that lib/sys.h does not have. */
#define SETGID	 6
#define SETUID	 7
#define SETPCAP	 8
#define BIT(cap) (1ULL << (cap))

static void expect_uids(int line, int r, int e, int s, int fs)
{
	unsigned int ruid, euid, suid, fsuid = raw(SYS_setfsuid, KEEP);

	EXPECT_EQ(raw(SYS_getresuid, &ruid, &euid, &suid), 0);
	if ((int)ruid != r || (int)euid != e || (int)suid != s || (int)fsuid != fs)
		FAIL("line %d: uids are %d %d %d %d", line, ruid, euid, suid, fsuid);
}

static void expect_gids(int line, int r, int e, int s, int fs)
{
	unsigned int rgid, egid, sgid, fsgid = raw(SYS_setfsgid, KEEP);

	EXPECT_EQ(raw(SYS_getresgid, &rgid, &egid, &sgid), 0);
	if ((int)rgid != r || (int)egid != e || (int)sgid != s || (int)fsgid != fs)
		FAIL("line %d: gids are %d %d %d %d", line, rgid, egid, sgid, fsgid);
}

#define EXPECT_UIDS(...) expect_uids(__LINE__, __VA_ARGS__)
#define EXPECT_GIDS(...) expect_gids(__LINE__, __VA_ARGS__)

static unsigned long long caps(const char *name)
{
	unsigned long long value = 0;

	EXPECT_EQ(sscanf(task_text(getpid(), name), "%llx", &value), 1);
	return value;
}

TEST("CRED-1", "setuid and setgid of root change all ids, for good")
{
	EXPECT_EQ(raw(SYS_setgid, 300), 0);
	EXPECT_GIDS(300, 300, 300, 300);
	EXPECT_EQ(raw(SYS_setuid, 200), 0);
	EXPECT_UIDS(200, 200, 200, 200);
	EXPECT_EQ(raw(SYS_getuid), 200);
	EXPECT_EQ(raw(SYS_geteuid), 200);
	EXPECT_EQ(raw(SYS_getgid), 300);
	EXPECT_EQ(raw(SYS_getegid), 300);
	EXPECT_ERR(raw(SYS_setuid, 0), EPERM);
	EXPECT_ERR(raw(SYS_setgid, 0), EPERM);
	EXPECT_EQ(raw(SYS_setuid, 200), 0);
	EXPECT_EQ(raw(SYS_setgid, 300), 0);
}

TEST("CRED-1", "setuid without privilege takes the real or the saved id, for the effective one")
{
	EXPECT_EQ(raw(SYS_setresgid, 10, 11, 12), 0);
	EXPECT_EQ(raw(SYS_setresuid, 1, 2, 3), 0);
	EXPECT_EQ(raw(SYS_setuid, 3), 0);
	EXPECT_UIDS(1, 3, 3, 3);
	EXPECT_EQ(raw(SYS_setuid, 1), 0);
	EXPECT_UIDS(1, 1, 3, 1);
	EXPECT_ERR(raw(SYS_setuid, 2), EPERM);
	EXPECT_EQ(raw(SYS_setgid, 12), 0);
	EXPECT_GIDS(10, 12, 12, 12);
	EXPECT_ERR(raw(SYS_setgid, 11), EPERM);
	EXPECT_ERR(raw(SYS_setuid, KEEP), EINVAL);
	EXPECT_ERR(raw(SYS_setgid, KEEP), EINVAL);
}

TEST("CRED-2", "setresuid and setresgid: -1 leaves, without privilege any of the three")
{
	EXPECT_EQ(raw(SYS_setresgid, 10, 11, 12), 0);
	EXPECT_EQ(raw(SYS_setresgid, KEEP, 13, KEEP), 0);
	EXPECT_GIDS(10, 13, 12, 13);
	EXPECT_EQ(raw(SYS_setresuid, 1, 2, 3), 0);
	EXPECT_EQ(raw(SYS_setresuid, KEEP, KEEP, KEEP), 0);
	EXPECT_UIDS(1, 2, 3, 2);
	EXPECT_EQ(raw(SYS_setresuid, 3, 1, 2), 0);
	EXPECT_UIDS(3, 1, 2, 1);
	EXPECT_ERR(raw(SYS_setresuid, KEEP, KEEP, 4), EPERM);
	EXPECT_ERR(raw(SYS_setresuid, 1, 0, KEEP), EPERM);
	EXPECT_UIDS(3, 1, 2, 1);
	EXPECT_ERR(raw(SYS_setresgid, 0, KEEP, KEEP), EPERM);
	EXPECT_EQ(raw(SYS_setresgid, 12, 12, 12), 0);
	EXPECT_GIDS(12, 12, 12, 12);
}

TEST("CRED-2", "setreuid: the saved id follows when the real one is set or the effective is not it")
{
	EXPECT_EQ(raw(SYS_setreuid, KEEP, 5), 0);
	EXPECT_UIDS(0, 5, 5, 5);
	EXPECT_EQ(raw(SYS_setreuid, KEEP, 0), 0);
	EXPECT_UIDS(0, 0, 5, 0);
	EXPECT_EQ(raw(SYS_setreuid, 7, 8), 0);
	EXPECT_UIDS(7, 8, 8, 8);
	EXPECT_ERR(raw(SYS_setreuid, 9, KEEP), EPERM);
	EXPECT_ERR(raw(SYS_setreuid, KEEP, 9), EPERM);
	EXPECT_EQ(raw(SYS_setreuid, 8, 7), 0);
	EXPECT_UIDS(8, 7, 7, 7);
	EXPECT_EQ(raw(SYS_setreuid, KEEP, KEEP), 0);
	EXPECT_UIDS(8, 7, 7, 7);
}

TEST("CRED-2", "setregid does as setreuid")
{
	EXPECT_EQ(raw(SYS_setregid, KEEP, 5), 0);
	EXPECT_GIDS(0, 5, 5, 5);
	EXPECT_EQ(raw(SYS_setregid, KEEP, 0), 0);
	EXPECT_GIDS(0, 0, 5, 0);
	EXPECT_EQ(raw(SYS_setregid, 7, 8), 0);
	EXPECT_EQ(raw(SYS_setuid, 1), 0);
	EXPECT_ERR(raw(SYS_setregid, 9, KEEP), EPERM);
	EXPECT_ERR(raw(SYS_setregid, KEEP, 0), EPERM);
	EXPECT_EQ(raw(SYS_setregid, 8, 7), 0);
	EXPECT_GIDS(8, 7, 7, 7);
}

TEST("CRED-2", "bad pointers of getresuid and getresgid")
{
	unsigned int id;

	EXPECT_ERR(raw(SYS_getresuid, BAD, &id, &id), EFAULT);
	EXPECT_ERR(raw(SYS_getresuid, &id, BAD, &id), EFAULT);
	EXPECT_ERR(raw(SYS_getresuid, &id, &id, NULL), EFAULT);
	EXPECT_ERR(raw(SYS_getresgid, &id, &id, BAD), EFAULT);
}

TEST("CRED-3", "setfsuid and setfsgid return the old id, changed or not")
{
	EXPECT_EQ(raw(SYS_setfsgid, 9), 0);
	EXPECT_GIDS(0, 0, 0, 9);
	EXPECT_EQ(raw(SYS_setfsgid, 0), 9);
	EXPECT_EQ(raw(SYS_setfsuid, 9), 0);
	EXPECT_UIDS(0, 0, 0, 9);
	EXPECT_EQ(raw(SYS_setfsuid, KEEP), 9);
	EXPECT_EQ(raw(SYS_setresuid, 1, 2, 3), 0);
	EXPECT_EQ(raw(SYS_setfsuid, 3), 2);
	EXPECT_EQ(raw(SYS_setfsuid, 77), 3);
	EXPECT_UIDS(1, 2, 3, 3);
}

TEST("CRED-3", "the capabilities of files go with the file system id 0 and come back with it")
{
	unsigned long long all = caps("CapEff");

	EXPECT_EQ(raw(SYS_setfsuid, 9), 0);
	EXPECT_EQ(all & ~caps("CapEff"),
		  BIT(0) | BIT(1) | BIT(2) | BIT(3) | BIT(4) | BIT(9) | BIT(27) | BIT(32));
	EXPECT_EQ(raw(SYS_setfsuid, 0), 9);
	EXPECT_EQ(caps("CapEff"), all);
	EXPECT_EQ(prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP), 0);
	EXPECT_EQ(raw(SYS_setfsuid, 9), 0);
	EXPECT_EQ(caps("CapEff"), all);
}

TEST("CRED-4", "supplementary groups are kept, sorted, by fork too")
{
	unsigned int groups[] = {500, 300, 400, 300}, got[8] = {0};
	pid_t pid;

	EXPECT_EQ(raw(SYS_setgroups, 4, groups), 0);
	EXPECT_EQ(raw(SYS_getgroups, 0, NULL), 4);
	EXPECT_EQ(raw(SYS_getgroups, 8, got), 4);
	EXPECT(got[0] == 300 && got[1] == 300 && got[2] == 400 && got[3] == 500);
	EXPECT_ERR(raw(SYS_getgroups, 3, got), EINVAL);
	EXPECT_ERR(raw(SYS_getgroups, -1, got), EINVAL);
	EXPECT_ERR(raw(SYS_getgroups, 8, BAD), EFAULT);
	pid = test_fork();
	if (pid == 0) {
		EXPECT_EQ(raw(SYS_getgroups, 0, NULL), 4);
		EXPECT_EQ(raw(SYS_setgroups, 0, BAD), 0);
		EXPECT_EQ(raw(SYS_getgroups, 8, BAD), 0);
		_exit(0);
	}
	EXPECT_EXIT(pid, 0);
	EXPECT_EQ(raw(SYS_getgroups, 0, NULL), 4);
}

TEST("CRED-4", "setgroups: EPERM first, then EINVAL for too many, EFAULT")
{
	unsigned int groups[] = {1};
	unsigned int *many = (unsigned int *)map_private(65, RW);

	EXPECT_EQ(raw(SYS_setgroups, 65536, many), 0);
	EXPECT_EQ(raw(SYS_getgroups, 0, NULL), 65536);
	EXPECT_ERR(raw(SYS_setgroups, 65537, many), EINVAL);
	EXPECT_ERR(raw(SYS_setgroups, -1, BAD), EINVAL);
	EXPECT_ERR(raw(SYS_setgroups, 1, BAD), EFAULT);
	EXPECT_EQ(raw(SYS_getgroups, 0, NULL), 65536);
	drop_capability(SETGID);
	EXPECT_ERR(raw(SYS_setgroups, 65537, BAD), EPERM);
	EXPECT_ERR(raw(SYS_setgroups, 1, groups), EPERM);
}

TEST("CRED-4", "a group gives its rights to files")
{
	unsigned int groups[] = {4000};

	enter_tmpfs();
	put_file("file", "x");
	EXPECT_EQ(raw(SYS_chown, "file", 1, 4000), 0);
	EXPECT_EQ(raw(SYS_chmod, "file", 0040), 0);
	EXPECT_EQ(raw(SYS_setgroups, 1, groups), 0);
	EXPECT_EQ(raw(SYS_setresuid, 2, 2, 2), 0);
	EXPECT_OK(raw_open("file", 0, 0));
	EXPECT_ERR(raw_open("file", 1, 0), EACCES);
}

/* ---- capabilities ---------------------------------------------------------------------------- */

TEST("CRED-5", "leaving user 0 drops the capabilities, the effective id alone only the effective")
{
	unsigned long long all = caps("CapPrm");

	EXPECT(all & BIT(SETUID));
	EXPECT_EQ(raw(SYS_setresuid, KEEP, 5, KEEP), 0);
	EXPECT_EQ(caps("CapEff"), 0);
	EXPECT_EQ(caps("CapPrm"), all);
	EXPECT_EQ(raw(SYS_setresuid, KEEP, 0, KEEP), 0);
	EXPECT_EQ(caps("CapEff"), all);
	EXPECT_EQ(raw(SYS_setresuid, 5, 5, 5), 0);
	EXPECT_EQ(caps("CapEff"), 0);
	EXPECT_EQ(caps("CapPrm"), 0);
}

TEST("CRED-5", "keepcaps keeps the permitted ones, no_setuid_fixup all")
{
	unsigned long long all = caps("CapPrm");
	pid_t pid = test_fork();

	if (pid == 0) {
		EXPECT_EQ(prctl(PR_SET_KEEPCAPS, 1), 0);
		EXPECT_EQ(prctl(PR_GET_KEEPCAPS), 1);
		EXPECT_EQ(raw(SYS_setresuid, 5, 5, 5), 0);
		EXPECT_EQ(caps("CapEff"), 0);
		EXPECT_EQ(caps("CapPrm"), all);
		_exit(0);
	}
	EXPECT_EXIT(pid, 0);
	EXPECT_EQ(prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP), 0);
	EXPECT_EQ(raw(SYS_setresuid, 5, 5, 5), 0);
	EXPECT_EQ(caps("CapEff"), all);
	EXPECT_EQ(raw(SYS_setuid, 77), 0);
}

TEST("CRED-6", "capget tells of any task, and the version when it does not know the asked one")
{
	struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
	struct __user_cap_data_struct data[3] = {{0}, {0}, {7, 7, 7}};
	unsigned long long all = caps("CapPrm");

	EXPECT_EQ(raw(SYS_capget, &header, data), 0);
	EXPECT_EQ(data[0].permitted, all & 0xffffffff);
	EXPECT_EQ(data[1].permitted, all >> 32);
	EXPECT_EQ(data[1].effective, caps("CapEff") >> 32);
	EXPECT_EQ(data[2].effective, 7);
	header = (struct __user_cap_header_struct){_LINUX_CAPABILITY_VERSION_1, getppid()};
	data[1].permitted = 12345;
	EXPECT_EQ(raw(SYS_capget, &header, data), 0);
	EXPECT_EQ(data[1].permitted, 12345);
	header = (struct __user_cap_header_struct){77, 0};
	EXPECT_ERR(raw(SYS_capget, &header, data), EINVAL);
	EXPECT_EQ(header.version, _LINUX_CAPABILITY_VERSION_3);
	header.version = 0;
	EXPECT_EQ(raw(SYS_capget, &header, NULL), 0);
	header.pid = -1;
	EXPECT_ERR(raw(SYS_capget, &header, data), EINVAL);
	header.pid = 4194303;
	EXPECT_ERR(raw(SYS_capget, &header, data), ESRCH);
	EXPECT_ERR(raw(SYS_capget, BAD, data), EFAULT);
	header.pid = 0;
	EXPECT_ERR(raw(SYS_capget, &header, BAD), EFAULT);
	EXPECT_EQ(raw(SYS_capget, &header, NULL), 0);
}

static long set_caps(unsigned long long e, unsigned long long p, unsigned long long i)
{
	struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
	struct __user_cap_data_struct data[2] = {{e, p, i}, {e >> 32, p >> 32, i >> 32}};

	return raw(SYS_capset, &header, data);
}

TEST("CRED-6", "capset lowers, and raises nothing that was not permitted")
{
	struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, getppid()};
	struct __user_cap_data_struct data[2] = {{0}};
	unsigned long long some = BIT(SETUID) | BIT(SETGID);

	EXPECT_ERR(raw(SYS_capset, &header, data), EPERM);
	EXPECT_ERR(raw(SYS_capset, &header, BAD), EPERM);
	header.pid = 0;
	EXPECT_ERR(raw(SYS_capset, &header, BAD), EFAULT);
	header.version = 5;
	EXPECT_ERR(raw(SYS_capset, &header, data), EINVAL);
	EXPECT_ERR(raw(SYS_capset, BAD, data), EFAULT);
	EXPECT_ERR(set_caps(some, BIT(SETUID), 0), EPERM); /* effective beyond permitted */
	EXPECT_EQ(set_caps(BIT(SETUID), some, BIT(1)), 0); /* inheritable: SETPCAP or permitted */
	EXPECT_EQ(caps("CapEff"), BIT(SETUID));
	EXPECT_EQ(caps("CapPrm"), some);
	EXPECT_EQ(caps("CapInh"), BIT(1));
	EXPECT_ERR(set_caps(0, some | BIT(1), 0), EPERM);
	EXPECT_ERR(set_caps(0, some, BIT(2)), EPERM);
	EXPECT_EQ(set_caps(some, some, BIT(SETGID)), 0);
	EXPECT_EQ(set_caps(0, 0, 0), 0);
	EXPECT_ERR(raw(SYS_setuid, 5), EPERM); /* user 0 is no more than another now */
}

TEST("CRED-7", "securebits: locked bits stay, CAP_SETPCAP changes them")
{
	EXPECT_EQ(prctl(PR_GET_SECUREBITS), 0);
	EXPECT_ERR(raw(SYS_prctl, PR_SET_SECUREBITS, 1UL << 12), EPERM);
	EXPECT_EQ(raw(SYS_prctl, PR_SET_SECUREBITS, SECBIT_NOROOT | SECBIT_NOROOT_LOCKED), 0);
	EXPECT_EQ(prctl(PR_GET_SECUREBITS), 3);
	EXPECT_ERR(raw(SYS_prctl, PR_SET_SECUREBITS, SECBIT_NOROOT_LOCKED), EPERM);
	EXPECT_ERR(raw(SYS_prctl, PR_SET_SECUREBITS, SECBIT_NOROOT), EPERM);
	EXPECT_EQ(raw(SYS_prctl, PR_SET_SECUREBITS, 3 | SECBIT_KEEP_CAPS_LOCKED), 0);
	EXPECT_ERR(raw(SYS_prctl, PR_SET_KEEPCAPS, 1), EPERM);
	EXPECT_ERR(raw(SYS_prctl, PR_SET_KEEPCAPS, 2), EINVAL);
	drop_capability(SETPCAP);
	EXPECT_ERR(raw(SYS_prctl, PR_SET_SECUREBITS, 3 | SECBIT_KEEP_CAPS_LOCKED), EPERM);
}

TEST("CRED-7", "the bounding set only shrinks, and bounds what may be inherited")
{
	EXPECT_EQ(raw(SYS_prctl, PR_CAPBSET_READ, 40), 1);
	EXPECT_ERR(raw(SYS_prctl, PR_CAPBSET_READ, 41), EINVAL);
	EXPECT_ERR(raw(SYS_prctl, PR_CAPBSET_DROP, 41), EINVAL);
	EXPECT_EQ(raw(SYS_prctl, PR_CAPBSET_DROP, 3), 0);
	EXPECT_EQ(raw(SYS_prctl, PR_CAPBSET_READ, 3), 0);
	EXPECT(!(caps("CapBnd") & BIT(3)));
	EXPECT_ERR(set_caps(BIT(SETPCAP), BIT(SETPCAP) | BIT(3), BIT(3)), EPERM);
	drop_capability(SETPCAP);
	EXPECT_ERR(raw(SYS_prctl, PR_CAPBSET_DROP, 4), EPERM);
	EXPECT_ERR(raw(SYS_prctl, PR_CAPBSET_DROP, 41), EPERM);
}

TEST("CRED-7", "ambient capabilities must be permitted and inheritable, and fall with them")
{
	unsigned long long all = caps("CapPrm");

	EXPECT_ERR(raw(SYS_prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, 3, 0, 0), EPERM);
	EXPECT_EQ(set_caps(all, all, BIT(3) | BIT(4)), 0);
	EXPECT_EQ(raw(SYS_prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, 3, 0, 0), 0);
	EXPECT_EQ(raw(SYS_prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, 4, 0, 0), 0);
	EXPECT_EQ(raw(SYS_prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, 3, 0, 0), 1);
	EXPECT_EQ(raw(SYS_prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_LOWER, 4, 0, 0), 0);
	EXPECT_EQ(caps("CapAmb"), BIT(3));
	EXPECT_EQ(set_caps(all, all, BIT(4)), 0);
	EXPECT_EQ(caps("CapAmb"), 0);
	EXPECT_EQ(raw(SYS_prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, 4, 0, 0), 0);
	EXPECT_EQ(raw(SYS_prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0), 0);
	EXPECT_EQ(caps("CapAmb"), 0);
	EXPECT_ERR(raw(SYS_prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 1, 0, 0), EINVAL);
	EXPECT_ERR(raw(SYS_prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, 41, 0, 0), EINVAL);
	EXPECT_ERR(raw(SYS_prctl, PR_CAP_AMBIENT, 9, 3, 0, 0), EINVAL);
	EXPECT_ERR(raw(SYS_prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, 3, 1, 0), EINVAL);
	EXPECT_EQ(prctl(PR_SET_SECUREBITS, SECBIT_NO_CAP_AMBIENT_RAISE), 0);
	EXPECT_ERR(raw(SYS_prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, 4, 0, 0), EPERM);
}

TEST("CRED-8", "user 0 without a capability has not its privilege")
{
	drop_capability(SETUID);
	drop_capability(SETGID);
	EXPECT_ERR(raw(SYS_setuid, 5), EPERM);
	EXPECT_ERR(raw(SYS_setgid, 5), EPERM);
	EXPECT_ERR(raw(SYS_setresuid, 5, KEEP, KEEP), EPERM);
	EXPECT_ERR(raw(SYS_setregid, KEEP, 5), EPERM);
	EXPECT_EQ(raw(SYS_setfsuid, 5), 0);
	EXPECT_UIDS(0, 0, 0, 0);
	EXPECT_EQ(raw(SYS_setuid, 0), 0);
	drop_capability(CAP_SYS_ADMIN);
	EXPECT_ERR(raw(SYS_sethostname, "x", 1), EPERM);
}

static int become(void *argument)
{
	return raw(SYS_setresuid, 5, 5, 5) ? 1 : 0;
}

TEST("CRED-8", "ids belong to the thread, and so do capabilities")
{
	long tid = clone_task(THREAD_FLAGS, NULL, become, NULL);

	EXPECT(tid > 0);
	await_gone(tid);
	EXPECT_UIDS(0, 0, 0, 0);
	EXPECT(caps("CapEff") & BIT(SETUID));
}

TEST("CRED-8", "a change of identity makes the process undumpable and cancels the death signal")
{
	EXPECT_EQ(prctl(PR_GET_DUMPABLE), 1);
	EXPECT_EQ(prctl(PR_SET_PDEATHSIG, 10), 0);
	EXPECT_EQ(raw(SYS_setresuid, 5, KEEP, KEEP), 0); /* the real id alone does not count */
	EXPECT_EQ(prctl(PR_GET_DUMPABLE), 1);
	EXPECT_EQ(raw(SYS_setresuid, KEEP, 5, KEEP), 0);
	EXPECT_EQ(prctl(PR_GET_DUMPABLE), 0);
	int signal = 77;

	EXPECT_EQ(prctl(PR_GET_PDEATHSIG, &signal), 0);
	EXPECT_EQ(signal, 0);
}
