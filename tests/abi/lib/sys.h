/* SPDX-License-Identifier: MIT */
/*
 * lib/sys.h - raw system calls, and small helpers about processes, CPUs and files.
 *
 * raw_*() return what the kernel returns: the result or -errno. No library stands between, because
 * a library refuses some bad arguments by itself.
 */
#ifndef TESTS_ABI_LIB_SYS_H
#define TESTS_ABI_LIB_SYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#define PAGE 4096UL

#define RW	  (PROT_READ | PROT_WRITE)
#define RWX	  (PROT_READ | PROT_WRITE | PROT_EXEC)
#define PRIVATE	  (MAP_PRIVATE | MAP_ANONYMOUS)
#define SHARED	  (MAP_SHARED | MAP_ANONYMOUS)
#define NOREPLACE 0x100000 /* MAP_FIXED_NOREPLACE */

#ifdef __x86_64__

#define TASK_SIZE 0x7ffffffff000UL

static inline long raw6(long number, long a, long b, long c, long d, long e, long f)
{
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;
	long result;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return result;
}

#define raw_mmap(addr, len, prot, flags, fd, off) raw(SYS_mmap, addr, len, prot, flags, fd, off)
#define raw_pread(fd, buffer, len, at)		  raw(SYS_pread64, fd, buffer, len, at)
#define raw_pwrite(fd, buffer, len, at)		  raw(SYS_pwrite64, fd, buffer, len, at)

#else /* the programs in tests/abi/i386 */

#define TASK_SIZE 0xffffe000UL

static inline long raw6(long number, long a, long b, long c, long d, long e, long f)
{
	const long words[] = {number, a, b, c, d, e, f};
	long result;

	__asm__ volatile("push %%ebx\n\tpush %%ebp\n\t"
			 "mov 4(%%eax), %%ebx\n\tmov 8(%%eax), %%ecx\n\tmov 12(%%eax), %%edx\n\t"
			 "mov 16(%%eax), %%esi\n\tmov 20(%%eax), %%edi\n\tmov 24(%%eax), %%ebp\n\t"
			 "mov (%%eax), %%eax\n\t"
			 "int $0x80\n\t"
			 "pop %%ebp\n\tpop %%ebx\n\t"
			 : "=a"(result)
			 : "0"(words)
			 : "ecx", "edx", "esi", "edi", "memory");
	return result;
}

/* Offsets in bytes, as on x86-64; those of files are two words, the low one first. */
#define raw_mmap(addr, len, prot, flags, fd, off)                                                  \
	raw(SYS_mmap2, addr, len, prot, flags, fd, (unsigned long)(off) / PAGE)
#define raw_pread(fd, buffer, len, at)	raw(SYS_pread64, fd, buffer, len, at, (uint64_t)(at) >> 32)
#define raw_pwrite(fd, buffer, len, at) raw(SYS_pwrite64, fd, buffer, len, at, (uint64_t)(at) >> 32)

#endif

/* raw(number, up to six arguments of any integer or pointer type) */
#define RAW_ARGS(n, a, b, c, d, e, f, ...)                                                         \
	raw6(n, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f))
#define raw(...) RAW_ARGS(__VA_ARGS__, 0, 0, 0, 0, 0, 0, 0)

#define raw_munmap(addr, len)		      raw(SYS_munmap, addr, len)
#define raw_mprotect(addr, len, prot)	      raw(SYS_mprotect, addr, len, prot)
#define raw_brk(addr)			      raw(SYS_brk, addr)
#define raw_mremap(old, len, size, flags, to) raw(SYS_mremap, old, len, size, flags, to)
#define raw_msync(addr, len, flags)	      raw(SYS_msync, addr, len, flags)
#define raw_mincore(addr, len, vec)	      raw(SYS_mincore, addr, len, vec)
#define raw_madvise(addr, len, advice)	      raw(SYS_madvise, addr, len, advice)
#define raw_mlock(addr, len)		      raw(SYS_mlock, addr, len)
#define raw_mlock2(addr, len, flags)	      raw(SYS_mlock2, addr, len, flags)
#define raw_munlock(addr, len)		      raw(SYS_munlock, addr, len)
#define raw_mlockall(flags)		      raw(SYS_mlockall, flags)
#define raw_munlockall()		      raw(SYS_munlockall)
#define raw_memfd_create(name, flags)	      raw(SYS_memfd_create, name, flags)
#define raw_open(path, flags, mode)	      raw(SYS_open, path, flags, mode)
#define raw_close(fd)			      raw(SYS_close, fd)
#define raw_read(fd, buffer, len)	      raw(SYS_read, fd, buffer, len)
#define raw_write(fd, buffer, len)	      raw(SYS_write, fd, buffer, len)
#define raw_ftruncate(fd, len)		      raw(SYS_ftruncate, fd, len)

/* New memory of `pages` pages with this protection; fails the test when there is none. */
char *map_private(size_t pages, int prot);
char *map_shared(size_t pages, int prot);

/* The same between two pages without access, so that it merges with nothing. */
char *map_alone(size_t pages, int prot);

/* New private memory with one page for each letter of text, full of it. */
char *letters(const char *text);
/* The pages at p are full of these letters; '0' stands for zeros. */
void test_letters(const char *file, int line, const volatile char *p, const char *text);
#define EXPECT_LETTERS(p, text) test_letters(__FILE__, __LINE__, p, text)

/* A hole of `pages` pages with no mapping in it and at least one page free around it. */
char *free_range(size_t pages);

/* Limits: sets the soft one (and with set_limits the hard one too). */
void set_limit(int resource, unsigned long soft);
void set_limits(int resource, unsigned long soft, unsigned long hard);

/* Becomes user and group 65534 without capabilities, for good. Skips the test if not root. */
void drop_privileges(void);
/* Keeps user 0 but gives up this capability (CAP_IPC_LOCK 14, ...). Skips the test if not root. */
void drop_capability(int capability);
#define CAP_SYS_RAWIO 17
#define CAP_IPC_LOCK  14
#define CAP_SYS_ADMIN 21

/* CPUs this task may use; binds the calling thread to one of them. */
int cpu_count(void);
void pin_to_cpu(int cpu);

/* Whether the CPU's protection keys are on (CPUID 7 ECX.OSPKE). */
bool has_pkeys(void);

/*
 * An unlinked file in /tmp, open for reading and writing, of `size` bytes; byte i is file_byte(i).
 * file_reopen() opens the same file again with other flags.
 */
int temp_file(size_t size);
int file_reopen(int fd, int flags);
static inline unsigned char file_byte(size_t i)
{
	return 'a' + (i / PAGE + i) % 26;
}

/*
 * Goes into an empty tmpfs that has no place in the tree and ends with the processes in it: what a
 * test makes there needs no removing. put_file() makes one in the working directory.
 */
void enter_tmpfs(void);
void put_file(const char *name, const char *text);
bool exists(const char *name);

/* The first number in this file, e.g. of /proc/sys/vm; fails the test when it is not there. */
long read_number(const char *path);
/* Reads the whole file into buffer as a string; returns its length or -errno. */
long read_file(const char *path, char *buffer, size_t size);

/* Threads that end with the process: starts function(argument); join waits for its end. */
struct thread {
	unsigned long id;
};
struct thread thread_start(void *(*function)(void *), void *argument);
void *thread_join(struct thread thread);

/* Numbers that look random, from 0 to limit - 1; each thread has a seed of its own. */
extern _Thread_local uint64_t random_seed;
unsigned int random_below(unsigned int limit);

/* What this clock of clock_gettime says, in nanoseconds. */
long long clock_now(int clock);

/* Sleeps about so many milliseconds; never used to decide something. */
void doze(int milliseconds);

#endif
