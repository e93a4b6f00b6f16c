// SPDX-License-Identifier: MIT
/*
 * user/tour/tour.c - a walk through virtual memory that is short enough to follow in GDB.
 *
 *	look	a read of fresh memory (the zero page), then a write to the same page, then one to the next
 *	fork	a child that writes to a page that it shares with its parent, then the parent writes to it
 *	file	a file, mapped privately by one mapping and shared by another, which is populated
 *	uffd	a page that another thread fills (userfaultfd), where the kernel has it
 *
 * Arguments pick parts; without any, all are done in this order. The functions are small and not inlined, so that
 * breakpoints can stand in them; the walks of `pg tour` (docs/debugging.md) follow this program through the kernel.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE  4096
#define PAGES 4

#define STEP __attribute__((noinline))
/* GDB names a caller by the byte before its address, so the access must not be a function's first instruction. */
#define NOT_FIRST() asm volatile("nop")

static volatile char *memory;

static void die(const char *what)
{
	perror(what);
	exit(1);
}

/* ---- look ------------------------------------------------------------------------------------ */

STEP static char read_byte(volatile char *at)
{
	NOT_FIRST();
	return *at;
}

STEP static void write_byte(volatile char *at, char value)
{
	NOT_FIRST();
	*at = value;
}

STEP static volatile char *map_memory(void)
{
	void *at = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
			0);

	if (at == MAP_FAILED)
		die("mmap");
	return at;
}

static void look(void)
{
	memory = map_memory();
	printf("look: read %d\n", read_byte(memory));
	write_byte(memory, 1);
	write_byte(memory + PAGE, 2);
}

/* ---- fork ------------------------------------------------------------------------------------ */

/* Two processes that share all their pages; nothing has been written since the fork. */
STEP static void both_share(void)
{
	asm volatile("# not the same code as the next one, which a compiler would make one of");
}

/* The child has written: one page is its own now. */
STEP static void child_has_written(void)
{
	asm volatile("# written");
}

static void child(int go, int done)
{
	char word;

	if (read(go, &word, 1) != 1)
		_exit(1);
	write_byte(memory, 3);
	child_has_written();
	if (write(done, &word, 1) != 1)
		_exit(1);
	/* Stays until the parent has written, too. */
	_exit(read(go, &word, 1) != 1);
}

static void fork_and_write(void)
{
	int go[2], done[2], status;
	char word = 0;
	pid_t pid;

	if (pipe(go) || pipe(done))
		die("pipe");
	fflush(stdout);
	pid = fork();
	if (pid < 0)
		die("fork");
	if (pid == 0)
		child(go[0], done[1]);
	both_share();
	if (write(go[1], &word, 1) != 1 || read(done[0], &word, 1) != 1)
		die("pipe");
	write_byte(memory, 4);
	if (write(go[1], &word, 1) != 1)
		die("pipe");
	waitpid(pid, &status, 0);
	printf("fork: the parent has %d, the child ended with %d\n", read_byte(memory), status);
	for (int i = 0; i < 2; i++) {
		close(go[i]);
		close(done[i]);
	}
}

/* ---- file ------------------------------------------------------------------------------------ */

STEP static void map_file(void)
{
	int fd = open("/tmp/letters", O_RDWR | O_CREAT | O_EXCL, 0600);
	char *shared, *private;

	if (fd < 0 || unlink("/tmp/letters") || ftruncate(fd, PAGE) || pwrite(fd, "abc", 3, 0) != 3)
		die("/tmp/letters");
	shared = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, 0);
	private = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	if (shared == MAP_FAILED || private == MAP_FAILED)
		die("mmap");
	write_byte(private, 'x');
	write_byte(shared, 'y');
	printf("file: private %.3s, shared %.3s\n", private, shared);
	munmap(shared, PAGE);
	munmap(private, PAGE);
	close(fd);
}

/* ---- uffd ------------------------------------------------------------------------------------ */

/* Fills the page of the first fault with `7`. */
STEP static void *monitor(void *arg)
{
	static char page[PAGE] __attribute__((aligned(PAGE))) = {7};
	int fd = *(int *)arg;
	struct pollfd wait = {.fd = fd, .events = POLLIN};
	struct uffdio_copy copy = {.src = (unsigned long)page, .len = PAGE};
	struct uffd_msg message;

	if (poll(&wait, 1, -1) != 1 || read(fd, &message, sizeof(message)) != sizeof(message))
		die("read of the fault");
	copy.dst = message.arg.pagefault.address & ~(PAGE - 1UL);
	if (ioctl(fd, UFFDIO_COPY, &copy))
		die("UFFDIO_COPY");
	return NULL;
}

static void fault_for_another(void)
{
	struct uffdio_api api = {.api = UFFD_API};
	struct uffdio_register area = {.mode = UFFDIO_REGISTER_MODE_MISSING};
	int fd = syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);
	volatile char *at;
	pthread_t thread;

	if (fd < 0 && errno == ENOSYS) {
		printf("uffd: this kernel has none\n");
		return;
	}
	if (fd < 0 || ioctl(fd, UFFDIO_API, &api))
		die("userfaultfd");
	at = map_memory();
	area.range.start = (unsigned long)at;
	area.range.len = PAGES * PAGE;
	if (ioctl(fd, UFFDIO_REGISTER, &area))
		die("UFFDIO_REGISTER");
	if (pthread_create(&thread, NULL, monitor, &fd))
		die("pthread_create");
	printf("uffd: read %d\n", read_byte(at));
	pthread_join(thread, NULL);
	close(fd);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*run)(void);
	} parts[] = {{"look", look},
		     {"fork", fork_and_write},
		     {"file", map_file},
		     {"uffd", fault_for_another}};

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		int wanted = argc < 2;

		for (int arg = 1; arg < argc; arg++)
			wanted |= !strcmp(argv[arg], parts[i].name);
		if (!wanted)
			continue;
		if (parts[i].run == fork_and_write && !memory)
			write_byte(memory = map_memory(), 1);
		parts[i].run();
		fflush(stdout);
	}
	return 0;
}
