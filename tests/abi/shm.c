// SPDX-License-Identifier: MIT
/*
 * tests/abi/shm.c - System V shared memory: segments and attaches (docs/contract/ipc.md, sections 1
 * and 2). Every segment is marked for removal as soon as its test can bear it.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/fault.h"
#include "lib/inject.h"
#include "lib/maps.h"
#include "lib/shm.h"
#include "lib/sys.h"
#include "lib/task.h"
#include "lib/test.h"

TEST("SHM-1", "a key is free, taken, or nobody's")
{
	int key = shm_free_key(), id;

	EXPECT_ERR(raw_shmget(key, PAGE, 0600), ENOENT);
	EXPECT_ERR(raw_shmget(key, PAGE, 0600 | IPC_EXCL), ENOENT);
	id = EXPECT_OK(raw_shmget(key, PAGE, 0600 | IPC_CREAT | IPC_EXCL));
	EXPECT_EQ(raw_shmget(key, PAGE, 0600), id);
	EXPECT_EQ(raw_shmget(key, PAGE, 0600 | IPC_CREAT), id);
	EXPECT_EQ(raw_shmget(key, 0, 0), id);
	EXPECT_EQ(raw_shmget(key, PAGE, IPC_EXCL), id);
	EXPECT_ERR(raw_shmget(key, PAGE, 0600 | IPC_CREAT | IPC_EXCL), EEXIST);
	EXPECT_ERR(raw_shmget(key, 0, IPC_CREAT | IPC_EXCL), EEXIST);
	shm_drop(id);
	EXPECT_ERR(raw_shmget(key, PAGE, 0600), ENOENT);
}

TEST("SHM-1", "private segments are always new")
{
	int a = shm_new(PAGE), b = shm_new(PAGE);

	EXPECT(a != b);
	shm_drop(a);
	shm_drop(b);
}

TEST("SHM-2", "sizes and limits")
{
	int key = shm_free_key();
	long max = read_number("/proc/sys/kernel/shmmni");
	int id;

	EXPECT_ERR(raw_shmget(IPC_PRIVATE, 0, 0600), EINVAL);
	EXPECT_ERR(raw_shmget(IPC_PRIVATE, -1UL, 0600), EINVAL);
	EXPECT_ERR(raw_shmget(IPC_PRIVATE, -1UL - (1 << 24) + 1, 0600), EINVAL);
	EXPECT_ERR(raw_shmget(key, 0, 0600 | IPC_CREAT), EINVAL);
	id = EXPECT_OK(raw_shmget(key, 2 * PAGE + 1, 0600 | IPC_CREAT));
	EXPECT_ERR(raw_shmget(key, 2 * PAGE + 2, 0600), EINVAL);
	EXPECT_EQ(raw_shmget(key, 2 * PAGE + 1, 0600), id);
	EXPECT_EQ(raw_shmget(key, 1, 0600), id);
	shm_drop(id);
	EXPECT(max >= 1 && max <= 32768);
}

TEST("SHM-2", "as many segments as shmmni, as many pages as shmall, as large as shmmax")
{
	struct shm_info info;
	int a = shm_new(PAGE), b;

	EXPECT_OK(raw_shmctl(0, SHM_INFO, &info));
	shm_sysctl("shmmni", info.used_ids);
	EXPECT_ERR(raw_shmget(IPC_PRIVATE, PAGE, 0600), ENOSPC);
	shm_sysctl("shmmni", info.used_ids + 1);
	b = shm_new(PAGE);
	shm_drop(b);
	shm_sysctl("shmmni", 4096);
	shm_sysctl("shmall", info.shm_tot + 2);
	EXPECT_ERR(raw_shmget(IPC_PRIVATE, 2 * PAGE + 1, 0600), ENOSPC);
	b = shm_new(2 * PAGE);
	EXPECT_ERR(raw_shmget(IPC_PRIVATE, 1, 0600), ENOSPC);
	shm_drop(b);
	shm_sysctl("shmall", SHM_MOST);
	shm_sysctl("shmmax", 3 * PAGE);
	EXPECT_ERR(raw_shmget(IPC_PRIVATE, 3 * PAGE + 1, 0600), EINVAL);
	b = shm_new(3 * PAGE);
	shm_drop(b);
	shm_sysctl("shmmax", SHM_MOST);
	shm_drop(a);
}

TEST("SHM-2", "huge pages, where there are none, are EINVAL")
{
	long id = raw_shmget(IPC_PRIVATE, PAGE, 0600 | SHM_HUGETLB | 17 << 26 /* of 128 KiB */);

	EXPECT_ERR(id, EINVAL);
}

TEST("SHM-3,SHM-7", "the rights of owner, group and others")
{
	int key = shm_free_key();
	int id = EXPECT_OK(raw_shmget(key, PAGE, 0640 | IPC_CREAT));
	int open = EXPECT_OK(raw_shmget(IPC_PRIVATE, PAGE, 0604));
	pid_t pid = test_fork();
	char *p;

	if (pid == 0) {
		drop_privileges();
		EXPECT_ERR(raw_shmget(key, PAGE, 0400), EACCES);
		EXPECT_ERR(raw_shmget(key, PAGE, 0004), EACCES);
		EXPECT_EQ(raw_shmget(key, PAGE, 0), id);
		EXPECT_ERR(raw_shmat(id, 0, SHM_RDONLY), EACCES);
		EXPECT_ERR(raw_shmat(open, 0, 0), EACCES);
		EXPECT_ERR(raw_shmat(open, 0, SHM_RDONLY | SHM_EXEC), EACCES);
		/* The arguments are looked at before the rights, the id before them too. */
		EXPECT_ERR(raw_shmat(id, 1, 0), EINVAL);
		p = (char *)EXPECT_OK(raw_shmat(open, 0, SHM_RDONLY));
		/* The rights count before the place does. */
		EXPECT_ERR(raw_shmat(id, p, SHM_RDONLY), EACCES);
		EXPECT_ERR(raw_shmat(open, p, SHM_RDONLY), EINVAL);
		_exit(0);
	}
	EXPECT_EXIT(pid, 0);
	pid = test_fork();
	if (pid == 0) { /* in the owner's group */
		EXPECT_OK(raw(SYS_setgroups, 0, 0));
		EXPECT_OK(raw(SYS_setresuid, 65534, 65534, 65534));
		EXPECT_EQ(raw_shmget(key, PAGE, 0040), id);
		EXPECT_ERR(raw_shmget(key, PAGE, 0020), EACCES);
		EXPECT_OK(raw_shmat(id, 0, SHM_RDONLY));
		EXPECT_ERR(raw_shmat(id, 0, 0), EACCES);
		EXPECT_ERR(raw_shmat(open, 0, SHM_RDONLY), EACCES); /* its bits are the group's */
		_exit(0);
	}
	EXPECT_EXIT(pid, 0);
	shm_drop(id);
	shm_drop(open);
}

TEST("SHM-4", "ids that are not in use are EINVAL, and do not come back soon")
{
	int first = shm_new(PAGE), id;

	shm_drop(first);
	EXPECT_ERR(raw_shmat(first, 0, 0), EINVAL);
	EXPECT_ERR(raw_shmat(-1, 0, 0), EINVAL);
	EXPECT_ERR(raw_shmat(0x7fffffff, 0, 0), EINVAL);
	for (int i = 0; i < 200; i++) {
		int last = i ? id : first;

		id = shm_new(PAGE);
		EXPECT(id != first);
		if (id % 32768 <= last % 32768)
			EXPECT_EQ(id / 32768, last / 32768 + 1);
		else
			EXPECT_EQ(id, last + 1);
		shm_drop(id);
	}
}

TEST("SHM-5", "the memory is zero, and stays when nobody has it")
{
	int id = shm_new(2 * PAGE + 1);
	char *p = (char *)EXPECT_OK(raw_shmat(id, 0, 0));

	for (size_t i = 0; i < 3 * PAGE; i += 512)
		EXPECT_EQ(p[i], 0);
	memset(p, 'x', 3 * PAGE);
	EXPECT_EQ(raw_shmdt(p), 0);
	EXPECT_UNMAPPED(p);
	p = (char *)EXPECT_OK(raw_shmat(id, 0, SHM_RDONLY));
	EXPECT_EQ(p[2 * PAGE + 100], 'x');
	shm_drop(id);
	EXPECT_EQ(p[2 * PAGE + 100], 'x');
}

TEST("SHM-5", "a segment is charged as a whole from the start")
{
	long before = meminfo_value("Committed_AS"), with;
	int id = shm_new(100 * PAGE), free;

	with = meminfo_value("Committed_AS");
	EXPECT_EQ(with - before, 400);
	free = EXPECT_OK(raw_shmget(IPC_PRIVATE, 100 * PAGE, 0600 | SHM_NORESERVE));
	EXPECT_EQ(meminfo_value("Committed_AS"), with);
	shm_drop(free);
	shm_drop(id);
	EXPECT_EQ(meminfo_value("Committed_AS"), before);
}

TEST("SHM-6", "where an attach goes")
{
	int id = shm_new(2 * PAGE);
	char *hole = free_range(4), *p;

	EXPECT_ERR(raw_shmat(id, hole + 1, 0), EINVAL);
	EXPECT_EQ(raw_shmat(id, hole + PAGE + 123, SHM_RND), hole + PAGE);
	EXPECT_AREAS(hole, 4, "1 hole, 2 rw-s, 1 hole");
	EXPECT_ERR(raw_shmat(id, hole, 0), EINVAL);
	EXPECT_ERR(raw_shmat(id, hole + PAGE, 0), EINVAL);
	EXPECT_ERR(raw_shmat(id, hole + 2 * PAGE, 0), EINVAL);
	EXPECT_EQ(raw_shmat(id, hole + 2 * PAGE, SHM_REMAP), hole + 2 * PAGE);
	EXPECT_AREAS(hole, 4, "1 hole, 1 rw-s, 2 rw-s");
	EXPECT_ERR(raw_shmat(id, 0, SHM_REMAP), EINVAL);
	EXPECT_ERR(raw_shmat(id, 5, SHM_REMAP | SHM_RND), EINVAL);
	EXPECT_ERR(raw_shmat(id, TASK_SIZE - PAGE, 0), ENOMEM);
	EXPECT_ERR(raw_shmat(id, -PAGE, 0), EINVAL); /* wraps */
	p = (char *)EXPECT_OK(raw_shmat(id, 0, 0));
	EXPECT_AREAS(p, 2, "2 rw-s");
	drop_capability(CAP_SYS_RAWIO);
	EXPECT_ERR(raw_shmat(id, PAGE, 0), EPERM);
	EXPECT_ERR(raw_shmat(id, 5, SHM_RND), EPERM); /* at 0 */
	shm_drop(id);
}

TEST("SHM-7", "what the attach allows")
{
	int id = EXPECT_OK(raw_shmget(IPC_PRIVATE, PAGE, 0700));
	char *rw = (char *)EXPECT_OK(raw_shmat(id, 0, 0));
	char *ro = (char *)EXPECT_OK(raw_shmat(id, 0, SHM_RDONLY));
	char *rx = (char *)EXPECT_OK(raw_shmat(id, 0, SHM_RDONLY | SHM_EXEC));
	char *rwx = (char *)EXPECT_OK(raw_shmat(id, 0, SHM_EXEC));

	shm_drop(id);
	EXPECT_AREAS(rw, 1, "1 rw-s");
	EXPECT_AREAS(ro, 1, "1 r--s");
	EXPECT_AREAS(rx, 1, "1 r-xs");
	EXPECT_AREAS(rwx, 1, "1 rwxs");
	rw[0] = (char)0xc3;
	EXPECT_EQ(ro[0], (char)0xc3);
	EXPECT_ACCESS(rx, EXEC);
	EXPECT_SEGV(rw, EXEC, SEGV_ACCERR);
	EXPECT_SEGV(ro, WRITE, SEGV_ACCERR);
	EXPECT_ERR(raw_mprotect(ro, PAGE, RW), EACCES);
	EXPECT_EQ(raw_mprotect(ro, PAGE, PROT_READ | PROT_EXEC), 0);
	EXPECT_EQ(raw_mprotect(rw, PAGE, PROT_NONE), 0);
	EXPECT_SEGV(rw, READ, SEGV_ACCERR);
}

TEST("SHM-8,MISC-3", "an attach in maps, and that it never merges")
{
	int key = shm_free_key(), id = EXPECT_OK(raw_shmget(key, 3 * PAGE, 0600 | IPC_CREAT));
	char *p = (char *)EXPECT_OK(raw_shmat(id, 0, 0)), name[40];
	struct area area;

	shm_drop(id);
	snprintf(name, sizeof(name), "/SYSV%08x (deleted)", key);
	EXPECT(area_at(p, &area));
	EXPECT_STR(area.name, name);
	EXPECT_EQ(area.inode, id);
	EXPECT_EQ(area.offset, 0);
	EXPECT(has_flag(p, "sh") && has_flag(p, "ms"));
	EXPECT_OK(raw_mprotect(p + PAGE, PAGE, PROT_READ));
	EXPECT_OK(raw_mprotect(p + PAGE, PAGE, RW));
	EXPECT_EQ(areas_in(p, 3), 3);
	EXPECT(area_at(p + 2 * PAGE, &area));
	EXPECT_EQ(area.offset, 2 * PAGE);
	EXPECT_EQ(raw_mlock(p, 3 * PAGE), 0);
	EXPECT_EQ(status_value("VmLck"), 12);
	EXPECT_STR(resident(p, 3), "111");
}

TEST("SHM-9,EXT-3", "fork, splits, exec and exit count")
{
	int id = shm_new(4 * PAGE);
	char *p = (char *)EXPECT_OK(raw_shmat(id, 0, 0));
	struct gate in = gate_new(), out = gate_new();
	pid_t pid;

	EXPECT_EQ(shm_attached(id), 1);
	pid = test_fork();
	if (pid == 0) {
		EXPECT_EQ(shm_attached(id), 2);
		EXPECT_OK(raw_munmap(p + PAGE, PAGE)); /* two parts */
		EXPECT_EQ(shm_attached(id), 3);
		p[0] = 'c';
		gate_open(&out);
		gate_pass(&in);
		_exit(0);
	}
	gate_pass(&out);
	EXPECT_EQ(p[0], 'c');
	EXPECT_EQ(shm_attached(id), 3);
	gate_open(&in);
	EXPECT_EXIT(pid, 0);
	EXPECT_EQ(shm_attached(id), 1);
	EXPECT_OK(raw_munmap(p, 4 * PAGE));
	EXPECT_EQ(shm_attached(id), 0);
	p = (char *)EXPECT_OK(raw_shmat(id, 0, 0));
	pid = test_fork();
	if (pid == 0)
		test_exec((const char *const[]){"exec", NULL});
	EXPECT_EXIT(pid, 3);
	EXPECT_EQ(shm_attached(id), 1);
	shm_drop(id);
}

int test_child(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	return 3;
}

TEST("SHM-10", "shmdt takes the address that shmat gave, and all that is left there")
{
	int id = shm_new(5 * PAGE), other = shm_new(5 * PAGE);
	char *moved = map_alone(2, RW), *hole = free_range(12), *p;

	p = (char *)EXPECT_OK(raw_shmat(id, hole, 0));
	EXPECT_EQ(raw_shmat(other, hole + 6 * PAGE, 0), hole + 6 * PAGE);
	EXPECT_ERR(raw_shmdt(p + 1), EINVAL);
	EXPECT_ERR(raw_shmdt(p + PAGE), EINVAL);
	EXPECT_ERR(raw_shmdt(map_private(1, RW)), EINVAL);
	EXPECT_OK(raw_mprotect(p + PAGE, PAGE, PROT_NONE));
	EXPECT_OK(raw_munmap(p, PAGE)); /* not even its start is there */
	EXPECT_OK(raw_munmap(p + 3 * PAGE, PAGE));
	EXPECT_AREAS(p, 5, "1 hole, 1 ---s, 1 rw-s, 1 hole, 1 rw-s");
	EXPECT_EQ(raw_mremap(p + 4 * PAGE, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, moved),
		  moved);
	EXPECT_OK(raw_mmap(p + 3 * PAGE, PAGE, RW, PRIVATE | MAP_FIXED, -1, 0));
	EXPECT_EQ(raw_shmdt(p), 0);
	EXPECT_AREAS(p, 5, "3 hole, 1 rw-p, 1 hole");
	EXPECT_ERR(raw_shmdt(p), EINVAL);
	EXPECT_AREAS(hole + 6 * PAGE, 5, "5 rw-s");
	EXPECT_EQ(shm_attached(id), 1);		   /* what was moved away */
	EXPECT_EQ(raw_shmdt(moved - 4 * PAGE), 0); /* where the whole would start */
	EXPECT_EQ(shm_attached(id), 0);
	shm_drop(id);
	shm_drop(other);
}

TEST("SHM-11", "beyond the segment there is SIGBUS")
{
	int id = shm_new(PAGE);
	char *p = (char *)EXPECT_OK(raw_shmat(id, 0, 0));

	shm_drop(id);
	p = (char *)EXPECT_OK(raw_mremap(p, PAGE, 2 * PAGE, MREMAP_MAYMOVE, 0));
	p[0] = 1;
	EXPECT_BUS(p + PAGE, READ);
	EXPECT_EQ(raw_shmdt(p), 0);
	EXPECT_AREAS(p, 2, "2 hole");
}

TEST("SHM-11", "remap_file_pages rearranges an attach, even a removed segment's")
{
	int id = shm_new(3 * PAGE);
	char *p = (char *)EXPECT_OK(raw_shmat(id, 0, 0));

	for (int i = 0; i < 3; i++)
		p[i * PAGE] = '0' + i;
	shm_drop(id);
	EXPECT_EQ(raw(SYS_remap_file_pages, p, PAGE, 0, 2, 0), 0);
	EXPECT_EQ(p[0], '2');
	EXPECT_EQ(raw_shmdt(p), 0); /* the part in its own place */
	EXPECT_EQ(p[0], '2');
	EXPECT_AREAS(p, 3, "1 rw-s, 2 hole");
}

TEST("SHM-8", "MADV_REMOVE and shared counters work on segments")
{
	int id = shm_new(2 * PAGE);
	char *p = (char *)EXPECT_OK(raw_shmat(id, 0, 0));
	char *q = (char *)EXPECT_OK(raw_shmat(id, 0, 0));
	long before = rss_pages("RssShmem");

	shm_drop(id);
	memset(p, 'x', 2 * PAGE);
	EXPECT_EQ(rss_pages("RssShmem") - before, 2);
	EXPECT_EQ(q[PAGE], 'x');
	EXPECT_EQ(raw_madvise(p, PAGE, MADV_REMOVE), 0);
	EXPECT_EQ(q[0], 0);
	EXPECT_EQ(q[PAGE], 'x');
	EXPECT_EQ(raw_msync(p, 2 * PAGE, MS_SYNC), 0);
}

/* One segment made, attached twice and removed again; fails with ENOMEM where it fails. */
static void try_all(void)
{
	long id = raw_shmget(IPC_PRIVATE, 2 * PAGE, 0600), first, second;

	if (id < 0) {
		EXPECT_EQ(id, -ENOMEM);
		return;
	}
	first = raw_shmat(id, 0, 0);
	if (first > 0)
		EXPECT_EQ(raw_madvise(first, PAGE, 4), 0);
	else
		EXPECT_EQ(first, -ENOMEM);
	second = raw_shmat(id, 0, SHM_RDONLY);
	EXPECT(second > 0 || second == -ENOMEM);
	EXPECT_EQ(shm_attached(id), (first > 0) + (second > 0));
	if (first > 0)
		EXPECT_OK(raw_shmdt(first));
	shm_drop(id);
	if (second > 0)
		EXPECT_OK(raw_shmdt(second));
}

TEST_SLOW("SHM-1,SHM-9", "without memory a segment is ENOMEM, and nothing is left of it", 60)
{
	struct usage before;
	bool came = true;

	inject_ready();
	try_all();
	before = usage_now();
	for (int n = 1; came; n++) {
		inject_start(n);
		try_all();
		came = inject_stop();
		EXPECT_SAME_USAGE(&before, n);
	}
}
