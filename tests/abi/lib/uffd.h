/* SPDX-License-Identifier: MIT */
/*
 * lib/uffd.h - userfaultfd in short calls, and tasks that wait for it.
 *
 * The calls return 0 (or a value) or -errno like raw(). Addresses may be pointers or numbers. A test
 * is the monitor: it starts touches and calls in threads of their own, sees them wait, and answers.
 * Nothing here depends on time: a message is waited for with poll(), a sleeper by its state in /proc.
 */
#ifndef TESTS_ABI_LIB_UFFD_H
#define TESTS_ABI_LIB_UFFD_H

#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/types.h>

#include "lib/fault.h"
#include "lib/sys.h"

/* Modes of a registration, flags of a page-fault message, features: the names without the walls. */
#define MISSING	     UFFDIO_REGISTER_MODE_MISSING
#define WP	     UFFDIO_REGISTER_MODE_WP
#define MINOR	     UFFDIO_REGISTER_MODE_MINOR
#define FAULT_WRITE  UFFD_PAGEFAULT_FLAG_WRITE
#define FAULT_WP     (UFFD_PAGEFAULT_FLAG_WP | UFFD_PAGEFAULT_FLAG_WRITE)
#define FAULT_MINOR  UFFD_PAGEFAULT_FLAG_MINOR
#define EVENT_FORK   UFFD_FEATURE_EVENT_FORK
#define EVENT_REMAP  UFFD_FEATURE_EVENT_REMAP
#define EVENT_REMOVE UFFD_FEATURE_EVENT_REMOVE
#define EVENT_UNMAP  UFFD_FEATURE_EVENT_UNMAP
#define USER_ONLY    UFFD_USER_MODE_ONLY

/* Modes of the calls that resolve faults. */
#define COPY_DONTWAKE UFFDIO_COPY_MODE_DONTWAKE
#define COPY_WP	      UFFDIO_COPY_MODE_WP
#define ZERO_DONTWAKE UFFDIO_ZEROPAGE_MODE_DONTWAKE
#define PROTECT	      UFFDIO_WRITEPROTECT_MODE_WP
#define UNPROTECT     0
#define WP_DONTWAKE   UFFDIO_WRITEPROTECT_MODE_DONTWAKE
#define CONT_DONTWAKE UFFDIO_CONTINUE_MODE_DONTWAKE

/* What UFFDIO_REGISTER answers, by mode. */
#define IOCTL_BIT(name)	 (1UL << _UFFDIO_##name)
#define IOCTLS_BASIC	 (IOCTL_BIT(WAKE) | IOCTL_BIT(COPY) | IOCTL_BIT(ZEROPAGE))
#define IOCTLS_WP	 (IOCTLS_BASIC | IOCTL_BIT(WRITEPROTECT))
#define IOCTLS_MINOR	 (IOCTLS_BASIC | IOCTL_BIT(CONTINUE))
#define IOCTLS_HANDSHAKE (IOCTL_BIT(API) | IOCTL_BIT(REGISTER) | IOCTL_BIT(UNREGISTER))

/* Features that every kernel under test must have; one without hugetlb leaves those two out. */
#define FEATURES_KNOWN	 0x1fffUL
#define FEATURES_HUGETLB (UFFD_FEATURE_MISSING_HUGETLBFS | UFFD_FEATURE_MINOR_HUGETLBFS)

/* --- The descriptor ---------------------------------------------------------------------------- */

#define raw_userfaultfd(flags)		 raw(SYS_userfaultfd, flags)
#define raw_ioctl(fd, command, argument) raw(SYS_ioctl, fd, command, argument)

/* A new descriptor with O_NONBLOCK that is ready for use, with these features. */
int uffd_open(uint64_t features);
/* The same with these flags of the call alone: without O_NONBLOCK, with USER_ONLY... */
int uffd_open_flags(int flags, uint64_t features);
/* UFFDIO_API, and what it wrote back into *answer unless that is NULL. */
long uffd_api(int fd, uint64_t features, struct uffdio_api *answer);

/* Faults that no one has read yet, and all that wait, as fdinfo tells; waits until `total` wait. */
void uffd_counts(int fd, long *pending, long *total);
void uffd_await(int fd, long total);
/* A line of fdinfo behind its name, in a static buffer. */
const char *uffd_info(int fd, const char *name);

/* --- Ranges ------------------------------------------------------------------------------------ */

/*
 * What the last register, copy, zeropage or continue of this thread wrote into the field that
 * tells its result (ioctls, copy, zeropage, mapped); UNTOUCHED when it wrote nothing.
 */
extern _Thread_local int64_t uffd_done;
#define UNTOUCHED 0x5555555555555555

#define uffd_register(fd, at, len, mode)                                                           \
	uffd_call(fd, UFFDIO_REGISTER, (uint64_t)(at), (uint64_t)(len), (uint64_t)(mode), 0)
#define uffd_unregister(fd, at, len)                                                               \
	uffd_call(fd, UFFDIO_UNREGISTER, (uint64_t)(at), (uint64_t)(len), 0, 0)
#define uffd_wake(fd, at, len) uffd_call(fd, UFFDIO_WAKE, (uint64_t)(at), (uint64_t)(len), 0, 0)
#define uffd_copy(fd, to, from, len, mode)                                                         \
	uffd_call(fd, UFFDIO_COPY, (uint64_t)(to), (uint64_t)(len), (uint64_t)(mode),              \
		  (uint64_t)(from))
#define uffd_zeropage(fd, at, len, mode)                                                           \
	uffd_call(fd, UFFDIO_ZEROPAGE, (uint64_t)(at), (uint64_t)(len), (uint64_t)(mode), 0)
#define uffd_writeprotect(fd, at, len, mode)                                                       \
	uffd_call(fd, UFFDIO_WRITEPROTECT, (uint64_t)(at), (uint64_t)(len), (uint64_t)(mode), 0)
#define uffd_continue(fd, at, len, mode)                                                           \
	uffd_call(fd, UFFDIO_CONTINUE, (uint64_t)(at), (uint64_t)(len), (uint64_t)(mode), 0)
long uffd_call(int fd, unsigned int command, uint64_t at, uint64_t len, uint64_t mode,
	       uint64_t from);

/* The same in pages, which must succeed. */
#define uffd_watch(fd, at, pages, mode) EXPECT_EQ(uffd_register(fd, at, (pages)*PAGE, mode), 0)
#define uffd_protect(fd, at, pages)	EXPECT_EQ(uffd_writeprotect(fd, at, (pages)*PAGE, PROTECT), 0)
#define uffd_unprotect(fd, at, pages)                                                              \
	EXPECT_EQ(uffd_writeprotect(fd, at, (pages)*PAGE, UNPROTECT), 0)
/* Copies one page for each letter, full of it, to `at`. */
#define uffd_fill(fd, at, text)                                                                    \
	EXPECT_EQ(uffd_copy(fd, at, letters(text), strlen(text) * PAGE, 0), 0)

/* --- Memory ------------------------------------------------------------------------------------ */

/* A memfd of so many pages without data; a mapping of it. */
int memfd_new(size_t pages);
char *map_fd(int fd, size_t pages, int prot, int flags);
/*
 * A SysV segment of one page at p (NULL: anywhere): memory that no userfaultfd takes. Skips the
 * test where all memory is of the other kinds.
 */
char *map_segment(void *p);

/* --- Messages ---------------------------------------------------------------------------------- */

/* The next message, waited for; fails the test when read gives an error. */
struct uffd_msg uffd_next(int fd);

/* The next message is this one and nothing more: all other bytes are zero. */
void test_message(const char *file, int line, int fd, const struct uffd_msg *want);
#define EXPECT_FAULT(fd, at, how) EXPECT_FAULT_OF(fd, at, how, 0)
#define EXPECT_FAULT_OF(fd, at, how, tid)                                                          \
	test_message(__FILE__, __LINE__, fd,                                                       \
		     &(struct uffd_msg){.event = UFFD_EVENT_PAGEFAULT,                             \
					.arg.pagefault = {how, (uint64_t)(at), {tid}}})
#define EXPECT_REMAP(fd, old, new, size)                                                           \
	test_message(__FILE__, __LINE__, fd,                                                       \
		     &(struct uffd_msg){.event = UFFD_EVENT_REMAP,                                 \
					.arg.remap = {(uint64_t)(old), (uint64_t)(new), size}})
#define EXPECT_REMOVE(fd, at, pages) EXPECT_RANGE_EVENT(UFFD_EVENT_REMOVE, fd, at, pages)
#define EXPECT_UNMAP(fd, at, pages)  EXPECT_RANGE_EVENT(UFFD_EVENT_UNMAP, fd, at, pages)
#define EXPECT_RANGE_EVENT(which, fd, at, pages)                                                   \
	test_message(                                                                              \
		__FILE__, __LINE__, fd,                                                            \
		&(struct uffd_msg){.event = which,                                                 \
				   .arg.remove = {(uint64_t)(at), (uint64_t)(at) + (pages)*PAGE}})
/* The next message is a fork; returns the descriptor that came with it. */
int test_fork_event(const char *file, int line, int fd);
#define EXPECT_FORK(fd) test_fork_event(__FILE__, __LINE__, fd)

/* No message is there (the descriptor does not block). */
void test_quiet(const char *file, int line, int fd);
#define EXPECT_QUIET(fd) test_quiet(__FILE__, __LINE__, fd)

/* poll() without waiting: the events that it gives back; waits for one of those wanted. */
int uffd_poll(int fd);
void uffd_await_message(int fd);

/* --- Tasks that wait --------------------------------------------------------------------------- */

/* A thread that accesses one byte or makes one system call. */
struct job {
	struct thread thread;
	volatile pid_t tid; /* set right before it begins */
	volatile bool done;
	volatile void *at;
	enum access how;
	struct fault fault; /* of an access */
	long number, args[6];
	long result; /* of a call */
	int (*child)(void *);
	void *argument;
};

struct job *touch(volatile void *at, enum access how);
#define CALL_ARGS(number, a, b, c, d, e, f, ...)                                                   \
	call_start(number,                                                                         \
		   (long[6]){(long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f)})
#define begin(...) CALL_ARGS(__VA_ARGS__, 0, 0, 0, 0, 0, 0, 0)
struct job *call_start(long number, const long *args);
/* fork() in a thread; the child ends with the value of function(argument). Its result is the pid. */
struct job *fork_start(int (*function)(void *), void *argument);

/* Waits until the job sleeps in the kernel. Fails the test when it ends instead. */
void test_sleeps(const char *file, int line, struct job *job);
#define EXPECT_SLEEPS(job) test_sleeps(__FILE__, __LINE__, job)

/* Waits until a message is there (true), or the job has ended without one. */
bool uffd_asks(int fd, const struct job *job);

/* Waits for the end: of an access that succeeds, that gives a signal; of a call, for its result. */
struct fault touch_fault(struct job *job);
void test_touched(const char *file, int line, struct job *job, int signal, int code);
#define EXPECT_TOUCHED(job)	     test_touched(__FILE__, __LINE__, job, 0, 0)
#define EXPECT_TOUCH_SEGV(job, code) test_touched(__FILE__, __LINE__, job, SIGSEGV, code)
#define EXPECT_TOUCH_BUS(job)	     test_touched(__FILE__, __LINE__, job, SIGBUS, BUS_ADRERR)
long call_end(struct job *job);

/* A child that shares the table of descriptors but not the memory; both return, as from fork. */
pid_t fork_with_files(void);

/* Memory that this process and its children share, for what they tell each other. */
void *shared_page(void);
/* Waits until *word is value. */
void await_value(const volatile int *word, int value);

#endif
