// SPDX-License-Identifier: MIT
/*
 * lib/sys.c - memory, limits, privileges, CPUs, files and threads for the tests.
 */
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "lib/sys.h"
#include "lib/test.h"

#define NOBODY 65534

char *map_private(size_t pages, int prot)
{
	return (char *)EXPECT_OK(
		raw_mmap(0, pages * PAGE, prot, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
}

char *map_shared(size_t pages, int prot)
{
	return (char *)EXPECT_OK(
		raw_mmap(0, pages * PAGE, prot, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
}

char *map_alone(size_t pages, int prot)
{
	char *area = map_private(pages + 2, PROT_NONE);

	EXPECT_OK(raw_mprotect(area + PAGE, pages * PAGE, prot));
	return area + PAGE;
}

char *letters(const char *text)
{
	char *p = map_private(strlen(text), RW);

	for (size_t i = 0; text[i]; i++)
		memset(p + i * PAGE, text[i], PAGE);
	return p;
}

void test_letters(const char *file, int line, const volatile char *p, const char *text)
{
	for (size_t i = 0; text[i]; i++)
		for (size_t j = 0; j < PAGE; j++) {
			int want = text[i] == '0' ? 0 : text[i], got = p[i * PAGE + j];

			if (got != want)
				test_fail(file, line, "byte %zu of page %zu is %#x, not %#x", j, i,
					  got, want);
		}
}

char *free_range(size_t pages)
{
	char *area =
		(char *)EXPECT_OK(raw_mmap(0, (pages + 2) * PAGE, PROT_NONE,
					   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));

	EXPECT_OK(raw_munmap(area, (pages + 2) * PAGE));
	return area + PAGE;
}

void set_limits(int resource, unsigned long soft, unsigned long hard)
{
	struct {
		uint64_t soft, hard;
	} limit = {soft, hard};

	EXPECT_OK(raw(SYS_prlimit64, 0, resource, &limit, NULL));
}

void set_limit(int resource, unsigned long soft)
{
	struct {
		uint64_t soft, hard;
	} limit;

	EXPECT_OK(raw(SYS_prlimit64, 0, resource, NULL, &limit));
	limit.soft = soft;
	EXPECT_OK(raw(SYS_prlimit64, 0, resource, &limit, NULL));
}

void drop_privileges(void)
{
	if (geteuid() != 0)
		SKIP("not root");
	EXPECT_OK(raw(SYS_setgroups, 0, NULL));
	EXPECT_OK(raw(SYS_setresgid, NOBODY, NOBODY, NOBODY));
	EXPECT_OK(raw(SYS_setresuid, NOBODY, NOBODY, NOBODY));
}

void drop_capability(int capability)
{
	struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
	struct __user_cap_data_struct data[2];

	if (geteuid() != 0)
		SKIP("not root");
	EXPECT_OK(raw(SYS_capget, &header, data));
	data[capability / 32].effective &= ~(1u << capability % 32);
	data[capability / 32].permitted &= ~(1u << capability % 32);
	data[capability / 32].inheritable &= ~(1u << capability % 32);
	EXPECT_OK(raw(SYS_capset, &header, data));
}

int cpu_count(void)
{
	unsigned long mask[16] = {0};
	long bytes = EXPECT_OK(raw(SYS_sched_getaffinity, 0, sizeof(mask), mask));
	int count = 0;

	for (long i = 0; i < bytes / (long)sizeof(long); i++)
		count += __builtin_popcountl(mask[i]);
	return count;
}

void pin_to_cpu(int cpu)
{
	unsigned long mask[16] = {0};

	mask[cpu / (8 * sizeof(long))] = 1UL << cpu % (8 * sizeof(long));
	EXPECT_OK(raw(SYS_sched_setaffinity, 0, sizeof(mask), mask));
}

bool has_pkeys(void)
{
	unsigned int a = 7, b, c = 0, d;

	__asm__("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
	return c >> 4 & 1;
}

int temp_file(size_t size)
{
	char name[] = "/tmp/abi-XXXXXX";
	int fd = mkstemp(name);
	char page[PAGE];

	if (fd < 0)
		FAIL("mkstemp in /tmp gives %s", test_errno_name(errno));
	EXPECT_OK(raw(SYS_fchmod, fd, 0666));
	EXPECT_OK(raw(SYS_unlink, name));
	for (size_t at = 0; at < size; at += PAGE) {
		size_t len = size - at < PAGE ? size - at : PAGE;

		for (size_t i = 0; i < len; i++)
			page[i] = file_byte(at + i);
		EXPECT_EQ(raw_pwrite(fd, page, len, at), len);
	}
	return fd;
}

void enter_tmpfs(void)
{
	char name[] = "/tmp/abi-XXXXXX";

	if (!mkdtemp(name))
		FAIL("mkdtemp in /tmp gives %s", test_errno_name(errno));
	EXPECT_OK(raw(SYS_mount, "none", name, "tmpfs", 0, "mode=755"));
	EXPECT_OK(raw(SYS_chdir, name));
	EXPECT_OK(raw(SYS_umount2, name, MNT_DETACH));
	EXPECT_OK(raw(SYS_rmdir, name));
	umask(022);
}

void put_file(const char *name, const char *text)
{
	int fd = EXPECT_OK(raw_open(name, O_RDWR | O_CREAT | O_TRUNC, 0644));

	EXPECT_EQ(raw_write(fd, text, strlen(text)), strlen(text));
	EXPECT_OK(raw_close(fd));
}

bool exists(const char *name)
{
	return raw(SYS_faccessat, AT_FDCWD, name, F_OK) == 0;
}

int file_reopen(int fd, int flags)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return EXPECT_OK(raw_open(path, flags, 0));
}

long read_file(const char *path, char *buffer, size_t size)
{
	long fd = raw_open(path, O_RDONLY | O_CLOEXEC, 0), n, have = 0;

	if (fd < 0)
		return fd;
	while (have + 1 < size && (n = raw_read(fd, buffer + have, size - 1 - have)) > 0)
		have += n;
	raw_close(fd);
	buffer[have] = 0;
	return have;
}

long read_number(const char *path)
{
	char text[64];

	if (read_file(path, text, sizeof(text)) <= 0)
		FAIL("cannot read %s", path);
	return strtol(text, NULL, 10);
}

struct thread thread_start(void *(*function)(void *), void *argument)
{
	pthread_t id;
	int error = pthread_create(&id, NULL, function, argument);

	if (error)
		FAIL("pthread_create gives %s", test_errno_name(error));
	return (struct thread){(unsigned long)id};
}

void *thread_join(struct thread thread)
{
	void *result;

	pthread_join((pthread_t)thread.id, &result);
	return result;
}

_Thread_local uint64_t random_seed = 1;

unsigned int random_below(unsigned int limit)
{
	random_seed = random_seed * 6364136223846793005ULL + 1442695040888963407ULL;
	return (random_seed >> 33) % limit;
}

long long clock_now(int clock)
{
	struct timespec time = {-1, -1};

	EXPECT_EQ(raw(SYS_clock_gettime, clock, &time), 0);
	EXPECT(time.tv_nsec >= 0 && time.tv_nsec < 1000000000);
	return time.tv_sec * 1000000000LL + time.tv_nsec;
}

void doze(int milliseconds)
{
	struct timespec time = {milliseconds / 1000, milliseconds % 1000 * 1000000L};

	nanosleep(&time, NULL);
}
