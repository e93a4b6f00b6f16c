// SPDX-License-Identifier: MIT
/*
 * tests/programs/oom.c - a process that takes all memory is killed, and nobody else.
 *
 * One round after the other, so that each proves that the one before gave everything back.
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define MIB (1UL << 20)

static int kind;

static void *eat(void *unused)
{
	for (;;) {
		char *p = mmap(NULL, MIB, PROT_READ | PROT_WRITE, kind | MAP_ANONYMOUS, -1, 0);

		if (p == MAP_FAILED)
			_exit(1);
		for (unsigned long i = 0; i < MIB; i += 4096)
			p[i] = 1;
	}
	return unused;
}

/* Where there is a choice, this one is meant. */
static void volunteer(void)
{
	int fd = open("/proc/self/oom_score_adj", O_WRONLY);

	if (fd >= 0 && write(fd, "1000", 4) < 0)
		_exit(2);
	close(fd);
}

static void round_of(const char *name, int flags, int threads)
{
	pthread_t thread;
	int status;
	pid_t pid = fork();

	if (!pid) {
		kind = flags;
		volunteer();
		if (threads > 1 && pthread_create(&thread, NULL, eat, NULL))
			_exit(3);
		eat(NULL);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		printf("%s: no child\n", name);
	else if (WIFSIGNALED(status))
		printf("%s: killed by signal %d\n", name, WTERMSIG(status));
	else
		printf("%s: exit status %d\n", name, WEXITSTATUS(status));
	fflush(stdout);
}

int main(void)
{
	round_of("private", MAP_PRIVATE, 1);
	round_of("private, two threads", MAP_PRIVATE, 2);
	round_of("shared", MAP_SHARED, 1);
	return 0;
}
