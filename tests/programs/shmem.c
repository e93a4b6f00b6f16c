// SPDX-License-Identifier: MIT
/*
 * tests/programs/shmem.c - files that live in the page cache, written, mapped, cut and filled at once.
 *
 * Each line of output is one check; what differs from Linux shows as a line that differs.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE 4096L

/* Not in every libc's headers without more words. */
#ifndef F_ADD_SEALS
#define F_ADD_SEALS 1033
#define F_GET_SEALS 1034
#endif

static sigjmp_buf jump;

static void result(const char *what, long value)
{
	printf("%s: %ld\n", what, value);
}

/* The value, or -errno. */
static long or_errno(long value)
{
	return value < 0 ? -errno : value;
}

static void on_fault(int sig)
{
	siglongjmp(jump, sig);
}

/* The signal that a read (a write) of p gives, or 0. */
static int touch(volatile char *p, int write)
{
	struct sigaction sa = {.sa_handler = on_fault};
	int sig;

	sigaction(SIGBUS, &sa, NULL);
	sigaction(SIGSEGV, &sa, NULL);
	sig = sigsetjmp(jump, 1);
	if (!sig) {
		if (write)
			*p = 1;
		else
			(void)*p;
	}
	return sig;
}

static int new_file(const char *name)
{
	int fd = open(name, O_RDWR | O_CREAT | O_TRUNC, 0600);

	if (fd < 0) {
		perror(name);
		exit(1);
	}
	unlink(name);
	return fd;
}

static long blocks(int fd)
{
	struct stat st;

	return fstat(fd, &st) ? -1 : (long)st.st_blocks;
}

static char *map(int fd, long pages, int flags)
{
	char *p = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE, flags, fd, 0);

	if (p == MAP_FAILED) {
		perror("mmap");
		exit(1);
	}
	return p;
}

/* The buffer of a write or read is a mapping of the very page. */
static void write_from_itself(void)
{
	int fd = new_file("/tmp/shmem-self");
	char *p;

	ftruncate(fd, 2 * PAGE);
	p = map(fd, 2, MAP_SHARED);
	strcpy(p, "pagoda");
	result("write page to itself", pwrite(fd, p, PAGE, 0));
	result("write across itself", pwrite(fd, p, PAGE, 100));
	result("contents moved", !strcmp(p + 100, "pagoda"));
	result("read into itself", pread(fd, p + 50, 2 * PAGE - 50, 0));
	munmap(p, 2 * PAGE);
	p = map(fd, 2, MAP_SHARED);
	/* nothing is present now */
	result("write from absent page", pwrite(fd, p + PAGE, PAGE, 0));
	munmap(p, 2 * PAGE);
	close(fd);
}

static void bad_buffers(void)
{
	int fd = new_file("/tmp/shmem-bad");
	char *p = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct iovec iov[2] = {{p + PAGE - 10, 10}, {(void *)8, 10}};

	munmap(p + PAGE, PAGE);
	memset(p, 'x', PAGE);
	result("write all from a hole", or_errno(pwrite(fd, p + PAGE, 100, 0)));
	result("size after it", lseek(fd, 0, SEEK_END));
	result("writev good then bad", or_errno(pwritev(fd, iov, 2, 0)));
	result("size after it", lseek(fd, 0, SEEK_END));
	pwrite(fd, p, 100, 0);
	result("read good then bad", or_errno(preadv(fd, iov, 2, 0)));
	result("read bad", or_errno(pread(fd, p + PAGE, 10, 0)));
	close(fd);
	munmap(p, PAGE);
}

static void truncation(void)
{
	int fd = new_file("/tmp/shmem-cut");
	char *shared, *private;

	ftruncate(fd, 3 * PAGE);
	shared = map(fd, 4, MAP_SHARED);
	private = map(fd, 4, MAP_PRIVATE);
	memset(shared, 'a', 3 * PAGE);
	private[2 * PAGE] = 'b';
	result("beyond the end, shared", touch(shared + 3 * PAGE, 1));
	result("blocks", blocks(fd));
	ftruncate(fd, PAGE + 10);
	result("blocks after cut", blocks(fd));
	result("cut page, shared", touch(shared + 2 * PAGE, 0));
	result("cut page, private copy", touch(private + 2 * PAGE, 0));
	result("kept byte", shared[PAGE + 9]);
	result("byte after the end", shared[PAGE + 10]);
	ftruncate(fd, 3 * PAGE);
	result("grown page", touch(shared + 2 * PAGE, 0));
	result("its byte", shared[2 * PAGE]);
	result("private sees it", private[2 * PAGE]);
	munmap(shared, 4 * PAGE);
	munmap(private, 4 * PAGE);
	close(fd);
}

static void holes(void)
{
	int fd = new_file("/tmp/shmem-holes");
	char c = 'z';

	pwrite(fd, &c, 1, 5 * PAGE);
	result("sparse blocks", blocks(fd));
	result("first data", lseek(fd, 0, SEEK_DATA));
	result("hole at 0", lseek(fd, 0, SEEK_HOLE));
	result("hole after data", lseek(fd, 5 * PAGE, SEEK_HOLE));
	result("data at end", or_errno(lseek(fd, 5 * PAGE + 1, SEEK_DATA)));
	result("read hole", pread(fd, &c, 1, PAGE));
	result("as", c);
	result("blocks still", blocks(fd));
	result("fallocate", or_errno(fallocate(fd, 0, 0, 8 * PAGE)));
	result("blocks", blocks(fd));
	result("size", lseek(fd, 0, SEEK_END));
	result("keep size", or_errno(fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, 10 * PAGE)));
	result("size", lseek(fd, 0, SEEK_END));
	result("punch",
	       or_errno(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 100, 6 * PAGE)));
	result("blocks", blocks(fd));
	result("punch without keep", or_errno(fallocate(fd, FALLOC_FL_PUNCH_HOLE, 0, PAGE)));
	result("collapse", or_errno(fallocate(fd, FALLOC_FL_COLLAPSE_RANGE, 0, PAGE)));
	close(fd);
}

static void limits(void)
{
	char *page = calloc(1, PAGE);
	struct statfs fs;
	long written = 0, n;
	int fd;

	mkdir("/tmp/small", 0700);
	if (mount("tmpfs", "/tmp/small", "tmpfs", 0, "size=64k")) {
		perror("mount");
		exit(1);
	}
	fd = new_file("/tmp/small/file");
	while ((n = write(fd, page, PAGE)) == PAGE)
		written += n;
	result("written", written);
	result("then", or_errno(n));
	statfs("/tmp/small", &fs);
	result("free blocks", fs.f_bfree);
	ftruncate(fd, 0);
	statfs("/tmp/small", &fs);
	result("free blocks after cut", fs.f_bfree);
	result("too long", or_errno(fallocate(fd, 0, 0, 100000)));
	result("blocks left by it", blocks(fd));
	ftruncate(fd, 32 * PAGE);
	page = map(fd, 32, MAP_SHARED);
	for (n = 0; n < 32 && !touch(page + n * PAGE, 1); n++)
		;
	result("pages mapped before SIGBUS", n);
	munmap(page, 32 * PAGE);
	close(fd);
	result("umount", or_errno(umount("/tmp/small")));
	rmdir("/tmp/small");
}

static void seals(void)
{
	int fd = syscall(SYS_memfd_create, "sealed", 2U);
	char *p;

	result("memfd", fd >= 0);
	result("seals", or_errno(fcntl(fd, F_GET_SEALS)));
	ftruncate(fd, 2 * PAGE);
	p = map(fd, 2, MAP_SHARED);
	p[0] = 's';
	result("seal a writable mapping", or_errno(fcntl(fd, F_ADD_SEALS, 8)));
	munmap(p, 2 * PAGE);
	result("seal", or_errno(fcntl(fd, F_ADD_SEALS, 8 | 4 | 2)));
	result("write", or_errno(pwrite(fd, "x", 1, 0)));
	result("shrink", or_errno(ftruncate(fd, 0)));
	result("grow", or_errno(ftruncate(fd, 3 * PAGE)));
	p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	result("map writable", p == MAP_FAILED ? -errno : 0);
	p = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0);
	result("map readable", p == MAP_FAILED ? -errno : p[0]);
	result("make it writable", or_errno(mprotect(p, PAGE, PROT_READ | PROT_WRITE)));
	p = map(fd, 1, MAP_PRIVATE);
	result("private", touch(p, 1));
	result("no more seals", or_errno(fcntl(fd, F_ADD_SEALS, 1)));
	result("no more seals", or_errno(fcntl(fd, F_ADD_SEALS, 2)));
	close(fd);
}

/* Shared anonymous memory is one object for parent and child, whoever touches it first. */
static void shared_anonymous(void)
{
	char *p = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int status;

	if (!fork()) {
		p[0] = 'c';
		p[3 * PAGE] = 'd';
		_exit(0);
	}
	wait(&status);
	result("child wrote", p[0]);
	result("child wrote", p[3 * PAGE]);
	result("untouched", p[PAGE]);
	munmap(p, 4 * PAGE);
}

int main(void)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	write_from_itself();
	bad_buffers();
	truncation();
	holes();
	limits();
	seals();
	shared_anonymous();
	return 0;
}
