// SPDX-License-Identifier: MIT
/*
 * lib/uffd.c - see lib/uffd.h.
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/shm.h>
#include <unistd.h>

#include "lib/task.h"
#include "lib/test.h"
#include "lib/uffd.h"

_Thread_local int64_t uffd_done;

/* --- The descriptor ---------------------------------------------------------------------------- */

long uffd_api(int fd, uint64_t features, struct uffdio_api *answer)
{
	struct uffdio_api api = {.api = UFFD_API, .features = features, .ioctls = UNTOUCHED};
	long result = raw_ioctl(fd, UFFDIO_API, &api);

	if (answer)
		*answer = api;
	return result;
}

int uffd_open_flags(int flags, uint64_t features)
{
	int fd = EXPECT_OK(raw_userfaultfd(flags));

	EXPECT_EQ(uffd_api(fd, features, NULL), 0);
	return fd;
}

int uffd_open(uint64_t features)
{
	return uffd_open_flags(O_CLOEXEC | O_NONBLOCK, features);
}

const char *uffd_info(int fd, const char *name)
{
	static char text[1024];
	char path[64];

	snprintf(path, sizeof(path), "/proc/thread-self/fdinfo/%d", fd);
	if (read_file(path, text, sizeof(text)) <= 0)
		FAIL("cannot read %s", path);
	for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
		if (strncmp(line, name, strlen(name)) == 0 && line[strlen(name)] == ':')
			return line + strlen(name) + 1;
	FAIL("no %s in %s", name, path);
}

void uffd_counts(int fd, long *pending, long *total)
{
	*pending = strtol(uffd_info(fd, "pending"), NULL, 10);
	*total = strtol(uffd_info(fd, "total"), NULL, 10);
}

void uffd_await(int fd, long total)
{
	while (strtol(uffd_info(fd, "total"), NULL, 10) != total)
		doze(1);
}

/* --- Ranges ------------------------------------------------------------------------------------ */

/* The commands that tell what came of them do so in the last eight bytes of their structure. */
long uffd_call(int fd, unsigned int command, uint64_t at, uint64_t len, uint64_t mode,
	       uint64_t from)
{
	uint64_t words[5] = {at, len, mode, UNTOUCHED, UNTOUCHED};
	long result;

	if (command == UFFDIO_COPY) {
		words[1] = from;
		words[2] = len;
		words[3] = mode;
	}
	result = raw_ioctl(fd, command, words);
	uffd_done = command == UFFDIO_COPY ? words[4] : words[3];
	return result;
}

/* --- Memory ------------------------------------------------------------------------------------ */

int memfd_new(size_t pages)
{
	int fd = EXPECT_OK(raw_memfd_create("uffd", MFD_CLOEXEC));

	EXPECT_OK(raw_ftruncate(fd, pages * PAGE));
	return fd;
}

char *map_fd(int fd, size_t pages, int prot, int flags)
{
	return (char *)EXPECT_OK(raw_mmap(0, pages * PAGE, prot, flags, fd, 0));
}

char *map_segment(void *p)
{
	long id = raw(SYS_shmget, IPC_PRIVATE, PAGE, 0600), at;

	if (id == -ENOSYS)
		SKIP("all memory can be watched");
	at = EXPECT_OK(raw(SYS_shmat, EXPECT_OK(id), p, p ? SHM_REMAP : 0));
	EXPECT_OK(raw(SYS_shmctl, id, IPC_RMID, 0));
	return (char *)at;
}

/* --- Messages ---------------------------------------------------------------------------------- */

int uffd_poll(int fd)
{
	struct pollfd entry = {.fd = fd, .events = POLLIN | POLLOUT | POLLPRI | POLLRDHUP};

	EXPECT_OK(raw(SYS_poll, &entry, 1, 0));
	return entry.revents;
}

void uffd_await_message(int fd)
{
	struct pollfd entry = {.fd = fd, .events = POLLIN};
	long got;

	do
		got = raw(SYS_poll, &entry, 1, -1);
	while (got == -EINTR);
	EXPECT_EQ(got, 1);
}

struct uffd_msg uffd_next(int fd)
{
	struct uffd_msg message;
	long got;

	for (;;) {
		memset(&message, 0xff, sizeof(message));
		got = raw_read(fd, &message, sizeof(message));
		if (got != -EAGAIN)
			break;
		uffd_await_message(fd);
	}
	EXPECT_EQ(got, sizeof(message));
	return message;
}

void test_message(const char *file, int line, int fd, const struct uffd_msg *want)
{
	struct uffd_msg got = uffd_next(fd);

	if (memcmp(&got, want, sizeof(got)) == 0)
		return;
	test_fail(file, line,
		  "message %#x [%#llx %#llx %#llx], not %#x [%#llx %#llx %#llx], or reserved bytes",
		  got.event, got.arg.reserved.reserved1, got.arg.reserved.reserved2,
		  got.arg.reserved.reserved3, want->event, want->arg.reserved.reserved1,
		  want->arg.reserved.reserved2, want->arg.reserved.reserved3);
}

int test_fork_event(const char *file, int line, int fd)
{
	struct uffd_msg got = uffd_next(fd), want = {.event = UFFD_EVENT_FORK};

	want.arg.fork.ufd = got.arg.fork.ufd;
	if (memcmp(&got, &want, sizeof(got)) != 0)
		test_fail(file, line, "message %#x [%#llx %#llx], not a fork", got.event,
			  got.arg.reserved.reserved1, got.arg.reserved.reserved2);
	return got.arg.fork.ufd;
}

void test_quiet(const char *file, int line, int fd)
{
	struct uffd_msg message;
	long got = raw_read(fd, &message, sizeof(message));

	if (got == sizeof(message))
		test_fail(file, line, "unexpected message %#x [%#llx %#llx %#llx]", message.event,
			  message.arg.reserved.reserved1, message.arg.reserved.reserved2,
			  message.arg.reserved.reserved3);
	test_errno(file, line, "read", got, EAGAIN);
}

/* --- Tasks that wait --------------------------------------------------------------------------- */

static void *do_touch(void *argument)
{
	struct job *job = argument;

	catch_faults();
	job->tid = raw_gettid();
	job->fault = try_access(job->at, job->how);
	job->done = true;
	return NULL;
}

/* From a ring, so that the heap of the test does not change; the oldest have ended long ago. */
static struct job *new_job(void)
{
	static struct job jobs[256];
	static int next;
	struct job *job = &jobs[next++ % 256];

	memset(job, 0, sizeof(*job));
	return job;
}

struct job *touch(volatile void *at, enum access how)
{
	struct job *job = new_job();

	job->at = at;
	job->how = how;
	job->thread = thread_start(do_touch, job);
	return job;
}

static void *do_call(void *argument)
{
	struct job *job = argument;
	const long *a = job->args;

	job->tid = raw_gettid();
	job->result = raw6(job->number, a[0], a[1], a[2], a[3], a[4], a[5]);
	job->done = true;
	return NULL;
}

struct job *call_start(long number, const long *args)
{
	struct job *job = new_job();

	job->number = number;
	memcpy(job->args, args, sizeof(job->args));
	job->thread = thread_start(do_call, job);
	return job;
}

static void *do_fork(void *argument)
{
	struct job *job = argument;

	job->tid = raw_gettid();
	job->result = raw_fork();
	if (job->result == 0)
		_exit(job->child(job->argument));
	job->done = true;
	return NULL;
}

struct job *fork_start(int (*function)(void *), void *argument)
{
	struct job *job = new_job();

	job->child = function;
	job->argument = argument;
	job->thread = thread_start(do_fork, job);
	return job;
}

void test_sleeps(const char *file, int line, struct job *job)
{
	char state;

	while (!job->tid)
		doze(1);
	while (!job->done && (state = task_state(job->tid)) && !strchr("SD", state))
		doze(1);
	if (job->done)
		test_fail(file, line, "task %d does not wait", job->tid);
}

bool uffd_asks(int fd, const struct job *job)
{
	while (!job->done) {
		if (uffd_poll(fd) & POLLIN)
			return true;
		doze(1);
	}
	return false;
}

static void finish(struct job *job)
{
	thread_join(job->thread);
}

struct fault touch_fault(struct job *job)
{
	finish(job);
	return job->fault;
}

void test_touched(const char *file, int line, struct job *job, int signal, int code)
{
	struct fault fault = touch_fault(job);

	if (fault.signal != signal || fault.code != code)
		test_fail(file, line, "signal %d code %d at %#lx, not signal %d code %d",
			  fault.signal, fault.code, fault.addr, signal, code);
	if (signal && fault.addr != (unsigned long)job->at)
		test_fail(file, line, "si_addr %#lx, not %#lx", fault.addr, (unsigned long)job->at);
}

long call_end(struct job *job)
{
	finish(job);
	return job->result;
}

pid_t fork_with_files(void)
{
	return EXPECT_OK(raw(SYS_clone, 0x400 /* CLONE_FILES */ | SIGCHLD));
}

void *shared_page(void)
{
	return map_shared(1, RW);
}

void await_value(const volatile int *word, int value)
{
	while (*word != value)
		doze(1);
}
