// SPDX-License-Identifier: MIT
/*
 * user/forkwatch/forkwatch.c - one monitor for a program and all its descendants.
 *
 * The monitor is a process of its own. It fills the program's memory on demand. When the program
 * forks, the kernel makes a userfaultfd for the child and puts its descriptor into the monitor, and
 * the fork returns only when the monitor has heard of it: so not one fault of the child is missed.
 * What stands in a page tells for which process and for which page it was filled.
 */
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE	  4096UL
#define PAGES	  4
#define PROCESSES 4 /* the program, two children, a grandchild */

static char *memory;

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

/* ---- the monitor ------------------------------------------------------------------------- */

/* [0] tells by its end that the program has ended; the others are the processes' userfaultfds. */
static struct pollfd watched[1 + PROCESSES];
static int nr_watched;

static void add(int fd)
{
	watched[nr_watched++] = (struct pollfd){fd, POLLIN, 0};
}

static void fill(int process, uint64_t address)
{
	static char text[PAGE];
	unsigned long page = (address - (uint64_t)memory) / PAGE;
	struct uffdio_copy copy = {
		.dst = address & -PAGE,
		.src = (uint64_t)text,
		.len = PAGE,
	};

	snprintf(text, sizeof(text), "page %lu of process %d", page, process);
	printf("  monitor: process %d wants page %lu\n", process, page);
	fflush(stdout);
	if (ioctl(watched[1 + process].fd, UFFDIO_COPY, &copy))
		fail("UFFDIO_COPY");
}

static void hear(int process)
{
	struct uffd_msg msg;

	if (read(watched[1 + process].fd, &msg, sizeof(msg)) != sizeof(msg))
		return;
	if (msg.event == UFFD_EVENT_PAGEFAULT) {
		fill(process, msg.arg.pagefault.address);
	} else if (msg.event == UFFD_EVENT_FORK) {
		printf("  monitor: process %d forks, the child is process %d\n", process,
		       nr_watched - 1);
		fflush(stdout);
		add((int)msg.arg.fork.ufd);
	}
}

static int monitor(int uffd, int ended)
{
	add(ended);
	add(uffd);
	for (;;) {
		poll(watched, nr_watched, -1);
		for (int i = 1; i < nr_watched; i++)
			if (watched[i].revents & POLLIN)
				hear(i - 1);
		if (watched[0].revents)
			return 0;
	}
}

/* ---- the program ------------------------------------------------------------------------- */

/* What a process finds in a page that it touches for the first time. */
static void look(int process, int page)
{
	char want[64];

	snprintf(want, sizeof(want), "page %d of process %d", page, process);
	if (strcmp(memory + page * PAGE, want)) {
		printf("process %d: page %d is wrong\n", process, page);
		exit(1);
	}
}

static void reap(int pid)
{
	int status;

	if (pid < 0 || waitpid(pid, &status, 0) != pid || status)
		fail("a process");
}

/* Pages that the parent had are inherited; the others come for the child alone. */
static void child(int process)
{
	int pid;

	look(0, 0);
	look(process, 1);
	if (process == 1) {
		pid = fork();
		if (pid == 0) {
			look(0, 0);
			look(1, 1);
			look(2, 2);
			_exit(0);
		}
		reap(pid);
	}
	strcpy(memory, "mine");
	_exit(0);
}

static void program(void)
{
	static const int children[] = {1, 3}; /* 2 is the grandchild */
	int pid;

	look(0, 0);
	for (int i = 0; i < 2; i++) {
		pid = fork();
		if (pid == 0)
			child(children[i]);
		reap(pid);
	}
	look(0, 0); /* what the children wrote is theirs */
	look(0, 1);
	look(0, 3);
}

static int open_uffd(void)
{
	struct uffdio_api api = {.api = UFFD_API, .features = UFFD_FEATURE_EVENT_FORK};
	int uffd = (int)syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);

	memory = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
		      0);
	if (memory == MAP_FAILED || uffd < 0 || ioctl(uffd, UFFDIO_API, &api))
		fail("userfaultfd");
	return uffd;
}

int main(void)
{
	struct uffdio_register reg = {.mode = UFFDIO_REGISTER_MODE_MISSING};
	int uffd = open_uffd(), ended[2], pid;

	if (pipe(ended))
		fail("pipe");
	pid = fork(); /* before anything is watched: the monitor itself is not */
	if (pid == 0) {
		close(ended[1]);
		return monitor(uffd, ended[0]);
	}
	reg.range.start = (uint64_t)memory;
	reg.range.len = PAGES * PAGE;
	if (ioctl(uffd, UFFDIO_REGISTER, &reg))
		fail("UFFDIO_REGISTER");
	printf("forkwatch: %d pages, filled by another process\n", PAGES);
	fflush(stdout);
	program();
	close(ended[1]);
	reap(pid);
	printf("every process found what was meant for it\n");
	return 0;
}
