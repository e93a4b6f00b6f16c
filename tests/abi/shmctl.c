// SPDX-License-Identifier: MIT
/*
 * tests/abi/shmctl.c - asking and changing segments of shared memory (docs/contract/ipc.md, section
 * 3).
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lib/fault.h"
#include "lib/maps.h"
#include "lib/shm.h"
#include "lib/sys.h"
#include "lib/task.h"
#include "lib/test.h"

#define SHM_DEST   01000
#define SHM_LOCKED 02000

static struct shmid_ds stat_of(int id)
{
	struct shmid_ds ds;

	memset(&ds, 0x55, sizeof(ds));
	EXPECT_EQ(raw_shmctl(id, IPC_STAT, &ds), 0);
	return ds;
}

static bool recent(time_t when)
{
	return when >= time(NULL) - 100 && when <= time(NULL) + 1;
}

TEST("SHM-12", "what IPC_STAT tells")
{
	int key = shm_free_key();
	int id = EXPECT_OK(raw_shmget(key, 5000, 0641 | IPC_CREAT));
	struct shmid_ds ds = stat_of(id);
	pid_t pid;
	char *p;

	EXPECT_EQ(ds.shm_perm.__key, key);
	EXPECT_EQ(ds.shm_perm.uid, 0);
	EXPECT_EQ(ds.shm_perm.cgid, 0);
	EXPECT_EQ(ds.shm_perm.mode, 0641);
	EXPECT_EQ(ds.shm_perm.__seq, id >> 15);
	EXPECT_EQ(ds.shm_segsz, 5000);
	EXPECT_EQ(ds.shm_cpid, getpid());
	EXPECT_EQ(ds.shm_lpid, 0);
	EXPECT_EQ(ds.shm_nattch, 0);
	EXPECT_EQ(ds.shm_atime, 0);
	EXPECT_EQ(ds.shm_dtime, 0);
	EXPECT(recent(ds.shm_ctime));
	pid = test_fork();
	if (pid == 0) {
		p = (char *)EXPECT_OK(raw_shmat(id, 0, 0));
		ds = stat_of(id);
		EXPECT_EQ(ds.shm_lpid, getpid());
		EXPECT(recent(ds.shm_atime));
		EXPECT_EQ(ds.shm_dtime, 0);
		EXPECT_EQ(ds.shm_nattch, 1);
		EXPECT_OK(raw_shmdt(p));
		_exit(0);
	}
	EXPECT_EXIT(pid, 0);
	ds = stat_of(id);
	EXPECT_EQ(ds.shm_lpid, pid);
	EXPECT_EQ(ds.shm_cpid, getpid());
	EXPECT(recent(ds.shm_dtime));
	EXPECT_EQ(ds.shm_nattch, 0);
	shm_drop(id);
}

TEST("SHM-12,SHM-13", "who may ask and change")
{
	int secret = EXPECT_OK(raw_shmget(IPC_PRIVATE, PAGE, 0600));
	int open = EXPECT_OK(raw_shmget(IPC_PRIVATE, PAGE, 0604));
	struct shmid_ds ds = stat_of(open);
	pid_t pid = test_fork();

	if (pid == 0) {
		drop_privileges();
		EXPECT_ERR(raw_shmctl(secret, IPC_STAT, &ds), EACCES);
		EXPECT_ERR(raw_shmctl(secret % 32768, SHM_STAT, &ds), EACCES);
		EXPECT_EQ(raw_shmctl(secret % 32768, SHM_STAT_ANY, &ds), secret);
		EXPECT_EQ(raw_shmctl(open, IPC_STAT, &ds), 0);
		EXPECT_EQ(raw_shmctl(open % 32768, SHM_STAT, &ds), open);
		EXPECT_ERR(raw_shmctl(open, IPC_SET, &ds), EPERM);
		EXPECT_ERR(raw_shmctl(open, IPC_RMID, 0), EPERM);
		_exit(0);
	}
	EXPECT_EXIT(pid, 0);
	/* The new owner may, and the creator still. */
	ds.shm_perm.uid = 65534;
	ds.shm_perm.gid = 65533;
	ds.shm_perm.mode = 07751;
	EXPECT_EQ(raw_shmctl(open, IPC_SET, &ds), 0);
	ds = stat_of(open);
	EXPECT_EQ(ds.shm_perm.uid, 65534);
	EXPECT_EQ(ds.shm_perm.gid, 65533);
	EXPECT_EQ(ds.shm_perm.cuid, 0);
	EXPECT_EQ(ds.shm_perm.mode, 0751);
	ds.shm_perm.uid = -1;
	EXPECT_ERR(raw_shmctl(open, IPC_SET, &ds), EINVAL);
	EXPECT_ERR(raw_shmctl(open, IPC_SET, 8), EFAULT);
	pid = test_fork();
	if (pid == 0) {
		drop_privileges();
		ds.shm_perm.uid = 65534;
		ds.shm_perm.mode = 0600;
		EXPECT_EQ(raw_shmctl(open, IPC_SET, &ds), 0);
		EXPECT_EQ(raw_shmctl(open, IPC_RMID, 0), 0);
		_exit(0);
	}
	EXPECT_EXIT(pid, 0);
	EXPECT_ERR(raw_shmctl(open, IPC_STAT, &ds), EINVAL);
	shm_drop(secret);
}

TEST("SHM-14", "a removed segment stays while it is attached")
{
	int key = shm_free_key(), id = EXPECT_OK(raw_shmget(key, PAGE, 0600 | IPC_CREAT));
	char *p = (char *)EXPECT_OK(raw_shmat(id, 0, 0)), *q;
	struct shmid_ds ds;
	int other;

	p[0] = 'x';
	EXPECT_EQ(raw_shmctl(id, IPC_RMID, 0), 0);
	ds = stat_of(id);
	EXPECT_EQ(ds.shm_perm.mode, 0600 | SHM_DEST);
	EXPECT_EQ(ds.shm_perm.__key, 0);
	EXPECT_ERR(raw_shmget(key, PAGE, 0600), ENOENT);
	other = EXPECT_OK(raw_shmget(key, PAGE, 0600 | IPC_CREAT | IPC_EXCL));
	EXPECT(other != id);
	shm_drop(other);
	q = (char *)EXPECT_OK(raw_shmat(id, 0, 0));
	EXPECT_EQ(q[0], 'x');
	EXPECT_EQ(raw_shmctl(id, IPC_RMID, 0), 0);
	EXPECT_OK(raw_shmdt(p));
	EXPECT_EQ(stat_of(id).shm_nattch, 1);
	EXPECT_OK(raw_shmdt(q));
	EXPECT_ERR(raw_shmctl(id, IPC_STAT, &ds), EINVAL);
	EXPECT_ERR(raw_shmctl(id, IPC_RMID, 0), EINVAL);
}

TEST("SHM-14", "a failed attach of a removed segment leaves it as it was")
{
	int id = shm_new(PAGE);
	char *p = (char *)EXPECT_OK(raw_shmat(id, 0, 0));

	shm_drop(id);
	EXPECT_ERR(raw_shmat(id, p, 0), EINVAL);
	EXPECT_EQ(stat_of(id).shm_nattch, 1);
	EXPECT_OK(raw_shmdt(p));
	EXPECT_ERR(raw_shmat(id, 0, 0), EINVAL);
}

TEST("SHM-15", "locking segments")
{
	int id = shm_new(4 * PAGE), other = shm_new(4 * PAGE), theirs = shm_new(PAGE);
	struct shmid_ds ds;
	pid_t pid;

	EXPECT_EQ(raw_shmctl(id, SHM_LOCK, 0), 0);
	EXPECT_EQ(raw_shmctl(id, SHM_LOCK, 0), 0);
	EXPECT_EQ(stat_of(id).shm_perm.mode, 0600 | SHM_LOCKED);
	EXPECT_EQ(raw_shmctl(id, SHM_UNLOCK, 0), 0);
	EXPECT_EQ(raw_shmctl(id, SHM_UNLOCK, 0), 0);
	EXPECT_EQ(stat_of(id).shm_perm.mode, 0600);
	EXPECT_ERR(raw_shmctl(id + 32768, SHM_LOCK, 0), EINVAL);
	ds = stat_of(id);
	ds.shm_perm.uid = 65534;
	EXPECT_OK(raw_shmctl(id, IPC_SET, &ds));
	EXPECT_OK(raw_shmctl(other, IPC_SET, &ds));
	pid = test_fork();
	if (pid == 0) {
		set_limits(RLIMIT_MEMLOCK, 6 * PAGE, 6 * PAGE);
		drop_privileges();
		EXPECT_ERR(raw_shmctl(theirs, SHM_LOCK, 0), EPERM);
		EXPECT_ERR(raw_shmctl(theirs, SHM_UNLOCK, 0), EPERM);
		EXPECT_EQ(raw_shmctl(id, SHM_LOCK, 0), 0);
		EXPECT_ERR(raw_shmctl(other, SHM_LOCK, 0), ENOMEM);
		EXPECT_EQ(raw_shmctl(id, SHM_UNLOCK, 0), 0);
		EXPECT_EQ(raw_shmctl(other, SHM_LOCK, 0), 0);
		set_limit(RLIMIT_MEMLOCK, 0);
		EXPECT_ERR(raw_shmctl(id, SHM_LOCK, 0), EPERM);
		EXPECT_EQ(raw_shmctl(other, SHM_UNLOCK, 0), 0);
		_exit(0);
	}
	EXPECT_EXIT(pid, 0);
	shm_drop(id);
	shm_drop(other);
	shm_drop(theirs);
}

TEST("SHM-16", "limits and sums, and walking all segments by index")
{
	struct shminfo limits;
	struct shm_info before, after;
	struct shmid_ds ds;
	int id = shm_new(3 * PAGE), found = 0, highest;
	char *p = (char *)EXPECT_OK(raw_shmat(id, 0, 0));

	highest = EXPECT_OK(raw_shmctl(0, IPC_INFO, &limits));
	EXPECT(highest >= id % 32768);
	EXPECT_EQ(limits.shmmax, SHM_MOST);
	EXPECT_EQ(limits.shmall, SHM_MOST);
	EXPECT_EQ(limits.shmmin, 1);
	EXPECT_EQ(limits.shmmni, 4096);
	EXPECT_EQ(limits.shmseg, 4096);
	EXPECT_EQ(raw_shmctl(0, SHM_INFO, &before), highest);
	p[0] = p[PAGE] = 1;
	EXPECT_EQ(raw_shmctl(0, SHM_INFO, &after), highest);
	EXPECT_EQ(after.shm_rss, before.shm_rss + 2);
	EXPECT_EQ(after.shm_tot, before.shm_tot);
	EXPECT(after.used_ids >= 1 && after.shm_tot >= 3);
	for (int i = 0; i <= highest; i++)
		found += raw_shmctl(i, SHM_STAT, &ds) == id;
	EXPECT_EQ(found, 1);
	shm_drop(id);
	EXPECT_OK(raw_shmdt(p));
	EXPECT_EQ(raw_shmctl(id, SHM_STAT, &ds), -EINVAL);
	EXPECT_OK(raw_shmctl(0, SHM_INFO, &before));
	EXPECT_EQ(before.used_ids, after.used_ids - 1);
	EXPECT_EQ(before.shm_tot, after.shm_tot - 3);
}

TEST("SHM-17", "what is refused before anything is looked at")
{
	int id = shm_new(PAGE);

	EXPECT_ERR(raw_shmctl(-1, IPC_STAT, 8), EINVAL);
	EXPECT_ERR(raw_shmctl(-1, IPC_INFO, 8), EINVAL);
	EXPECT_ERR(raw_shmctl(id, -1, 0), EINVAL);
	EXPECT_ERR(raw_shmctl(id, 4, 0), EINVAL);
	EXPECT_ERR(raw_shmctl(id, 16, 0), EINVAL);
	EXPECT_ERR(raw_shmctl(id, IPC_STAT | 0x100, 0), EINVAL);
	EXPECT_ERR(raw_shmctl(id, IPC_STAT, 8), EFAULT);
	EXPECT_ERR(raw_shmctl(0, IPC_INFO, 8), EFAULT);
	EXPECT_ERR(raw_shmctl(0, SHM_INFO, 8), EFAULT);
	EXPECT_ERR(raw_shmctl(id + 32768, IPC_STAT, 8), EINVAL);
	EXPECT_ERR(raw_shmctl(id + 32768, IPC_SET, 8), EFAULT);
	shm_drop(id);
}

TEST("SHM-18,PROC-1", "/proc/sysvipc/shm")
{
	static const char head[] = "       key      shmid perms                  size  cpid  lpid "
				   "nattch   uid   gid  cuid  cgid      atime      dtime      "
				   "ctime                   rss                  swap\n";
	int key = shm_free_key(), id = EXPECT_OK(raw_shmget(key, 5000, 0640 | IPC_CREAT));
	char text[8192], want[256], *p = (char *)EXPECT_OK(raw_shmat(id, 0, 0));
	struct shmid_ds ds;

	p[0] = 1;
	ds = stat_of(id);
	EXPECT_OK(read_file("/proc/sysvipc/shm", text, sizeof(text)));
	EXPECT(strncmp(text, head, sizeof(head) - 1) == 0);
	snprintf(want, sizeof(want),
		 "%10d %10d   640                  5000 %5u %5u      1     0     0     0     0 "
		 "%10lu          0 %10lu                  4096                     0\n",
		 key, id, getpid(), getpid(), ds.shm_atime, ds.shm_ctime);
	if (!strstr(text, want))
		FAIL("there is no line '%s' in '%s'", want, text);
	shm_drop(id);
	EXPECT_OK(read_file("/proc/sysvipc/shm", text, sizeof(text)));
	snprintf(want, sizeof(want), "%10d %10d  1640", 0, id);
	EXPECT(strstr(text, want));
}

TEST("SHM-18", "the limits in /proc/sys/kernel")
{
	char text[32];

	EXPECT_EQ(read_file("/proc/sys/kernel/shmmax", text, sizeof(text)), 21);
	EXPECT_STR(text, "18446744073692774399\n");
	EXPECT_EQ(read_file("/proc/sys/kernel/shmall", text, sizeof(text)), 21);
	EXPECT_STR(text, "18446744073692774399\n");
	EXPECT_EQ(read_number("/proc/sys/kernel/shmmni"), 4096);
}
