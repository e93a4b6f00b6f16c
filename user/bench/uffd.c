// SPDX-License-Identifier: MIT
/*
 * user/bench/uffd.c - page faults that a second thread of the program resolves, and what that thread
 * does in bulk.
 */
#include "bench.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

/* What a run watches, and how its monitor answers. */
static int uffd;
static char *area;
static size_t size;
static char source[PAGE] __attribute__((aligned(PAGE)));
static char *bulk_source;

static void watch(unsigned long ops, uint64_t features, uint64_t mode)
{
	struct uffdio_api api = {.api = UFFD_API, .features = features};
	struct uffdio_register reg = {.mode = mode};

	size = ops * PAGE;
	area = map_anon(size);
	uffd = (int)syscall(SYS_userfaultfd, O_CLOEXEC);
	if (uffd < 0 || ioctl(uffd, UFFDIO_API, &api))
		fail("userfaultfd");
	reg.range.start = (unsigned long)area;
	reg.range.len = size;
	if (ioctl(uffd, UFFDIO_REGISTER, &reg))
		fail("UFFDIO_REGISTER");
}

static void unwatch(void)
{
	close(uffd);
	munmap(area, size);
}

static void copy(unsigned long to, char *from, size_t len)
{
	struct uffdio_copy arg = {.dst = to, .src = (unsigned long)from, .len = len};

	if (ioctl(uffd, UFFDIO_COPY, &arg))
		fail("UFFDIO_COPY");
}

static void zero(unsigned long at, size_t len)
{
	struct uffdio_zeropage arg = {.range = {at, len}};

	if (ioctl(uffd, UFFDIO_ZEROPAGE, &arg))
		fail("UFFDIO_ZEROPAGE");
}

static void protect(unsigned long at, size_t len, uint64_t mode)
{
	struct uffdio_writeprotect arg = {{at, len}, mode};

	if (ioctl(uffd, UFFDIO_WRITEPROTECT, &arg))
		fail("UFFDIO_WRITEPROTECT");
}

/* ---- round trips ------------------------------------------------------------------------- */

enum answer { COPY, ZERO, UNPROTECT };
static enum answer answer;

static void *monitor(void *ops)
{
	struct uffd_msg msg;

	for (unsigned long n = (unsigned long)ops; n--;) {
		if (read(uffd, &msg, sizeof(msg)) != sizeof(msg) ||
		    msg.event != UFFD_EVENT_PAGEFAULT)
			fail("a message");
		if (answer == COPY)
			copy(msg.arg.pagefault.address, source, PAGE);
		else if (answer == ZERO)
			zero(msg.arg.pagefault.address, PAGE);
		else
			protect(msg.arg.pagefault.address, PAGE, 0);
	}
	return NULL;
}

/* One fault for each page, by stores or by loads. */
static uint64_t round_trips(unsigned long ops, enum answer how)
{
	pthread_t thread;
	uint64_t t;

	answer = how;
	if (pthread_create(&thread, NULL, monitor, (void *)ops))
		fail("pthread_create");
	t = ticks();
	if (how == ZERO)
		read_all(area, size);
	else
		touch(area, size);
	t = ticks() - t;
	pthread_join(thread, NULL);
	unwatch();
	return t;
}

static uint64_t uffd_missing_copy(unsigned long ops)
{
	watch(ops, 0, UFFDIO_REGISTER_MODE_MISSING);
	return round_trips(ops, COPY);
}

static uint64_t uffd_missing_zeropage(unsigned long ops)
{
	watch(ops, 0, UFFDIO_REGISTER_MODE_MISSING);
	return round_trips(ops, ZERO);
}

static uint64_t uffd_wp_fault(unsigned long ops)
{
	watch(ops, 0, UFFDIO_REGISTER_MODE_WP);
	touch(area, size);
	protect((unsigned long)area, size, UFFDIO_WRITEPROTECT_MODE_WP);
	return round_trips(ops, UNPROTECT);
}

/* ---- in bulk ----------------------------------------------------------------------------- */

static uint64_t uffd_wp_arm_per_page(unsigned long ops)
{
	uint64_t t;

	watch(ops, 0, UFFDIO_REGISTER_MODE_WP);
	touch(area, size);
	t = ticks();
	protect((unsigned long)area, size, UFFDIO_WRITEPROTECT_MODE_WP);
	t = ticks() - t;
	unwatch();
	return t;
}

static uint64_t uffd_copy_bulk_4m(unsigned long ops)
{
	uint64_t t;

	watch(ops, 0, UFFDIO_REGISTER_MODE_MISSING);
	bulk_source = map_anon(size);
	touch(bulk_source, size);
	t = ticks();
	copy((unsigned long)area, bulk_source, size);
	t = ticks() - t;
	munmap(bulk_source, size);
	unwatch();
	return t;
}

static uint64_t uffd_zeropage_bulk_4m(unsigned long ops)
{
	uint64_t t;

	watch(ops, 0, UFFDIO_REGISTER_MODE_MISSING);
	t = ticks();
	zero((unsigned long)area, size);
	t = ticks() - t;
	unwatch();
	return t;
}

/* ---- without a monitor: the signal handler fills the page -------------------------------- */

static void on_sigbus(int sig, siginfo_t *info, void *context)
{
	copy((unsigned long)info->si_addr & -PAGE, source, PAGE);
}

static uint64_t uffd_sigbus_copy(unsigned long ops)
{
	struct sigaction action = {.sa_sigaction = on_sigbus, .sa_flags = SA_SIGINFO}, old;
	uint64_t t;

	watch(ops, UFFD_FEATURE_SIGBUS, UFFDIO_REGISTER_MODE_MISSING);
	sigaction(SIGBUS, &action, &old);
	t = ticks();
	touch(area, size);
	t = ticks() - t;
	sigaction(SIGBUS, &old, NULL);
	unwatch();
	return t;
}

/* ---- fork -------------------------------------------------------------------------------- */

static void *fork_monitor(void *ops)
{
	struct uffd_msg msg;

	for (unsigned long n = (unsigned long)ops; n--;) {
		if (read(uffd, &msg, sizeof(msg)) != sizeof(msg) || msg.event != UFFD_EVENT_FORK)
			fail("a message");
		close((int)msg.arg.fork.ufd);
	}
	return NULL;
}

static uint64_t time_watched_forks(unsigned long ops, int reaped)
{
	pthread_t thread;
	uint64_t t;

	watch(16, UFFD_FEATURE_EVENT_FORK, UFFDIO_REGISTER_MODE_MISSING);
	if (pthread_create(&thread, NULL, fork_monitor, (void *)ops))
		fail("pthread_create");
	t = time_forks(ops, reaped);
	pthread_join(thread, NULL);
	unwatch();
	return t;
}

static uint64_t uffd_fork_event_call(unsigned long ops)
{
	return time_watched_forks(ops, 0);
}

static uint64_t uffd_fork_event_reaped(unsigned long ops)
{
	return time_watched_forks(ops, 1);
}

const struct bench uffd_benches[] = {
	{"uffd_missing_copy", 256, uffd_missing_copy},
	{"uffd_missing_zeropage", 256, uffd_missing_zeropage},
	{"uffd_wp_arm_per_page", 1024, uffd_wp_arm_per_page},
	{"uffd_wp_fault", 256, uffd_wp_fault},
	{"uffd_copy_bulk_4m", 1024, uffd_copy_bulk_4m},
	{"uffd_zeropage_bulk_4m", 1024, uffd_zeropage_bulk_4m},
	{"uffd_sigbus_copy", 256, uffd_sigbus_copy},
	{"uffd_fork_event_call", 50, uffd_fork_event_call},
	{"uffd_fork_event_reaped", 50, uffd_fork_event_reaped},
	{NULL, 0, NULL},
};
