// SPDX-License-Identifier: MIT
/*
 * tests/programs/hostile.c - calls with which any program could once stop the machine, or more.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static volatile long count;

static void counts(int signal)
{
	count++;
}

/* The second walk fails at a file while the first holds the last reference of a dentry. */
static void rename_to_file(void)
{
	int fd = open("/tmp/hostile", O_CREAT | O_RDWR, 0600);

	close(fd);
	if (rename("/proc/self/cwd", "/tmp/hostile/x") != -1)
		puts("rename succeeded");
	printf("rename into a file: %s\n", strerror(errno));
	unlink("/tmp/hostile");
}

static void wait_for_signal(void)
{
	for (int i = 0; i < 1000 && !count; i++)
		usleep(1000);
}

/* The moment after the first lies beyond the end of time. */
static void longest_interval(void)
{
	struct itimerval it = {{INT64_MAX / 1000000000 - 1, 0}, {0, 1}};

	count = 0;
	setitimer(ITIMER_REAL, &it, NULL);
	wait_for_signal();
	usleep(20000);
	printf("longest interval: %ld signal\n", count);
	memset(&it, 0, sizeof(it));
	setitimer(ITIMER_REAL, &it, NULL);
}

/* It has expired again before its function ends. */
static void shortest_interval(void)
{
	struct itimerspec spec = {{0, 1}, {0, 1}};
	struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGALRM};
	timer_t timer;

	count = 0;
	if (timer_create(CLOCK_MONOTONIC, &event, &timer) || timer_settime(timer, 0, &spec, NULL))
		puts("no timer");
	wait_for_signal();
	timer_delete(timer);
	printf("shortest interval: %s\n", count ? "signals" : "no signal");
}

static void longest_sleep(void)
{
	struct timespec longest = {INT64_MAX / 1000000000 - 1, 0};
	struct itimerval it = {{0, 20000}, {0, 20000}};
	int ret;

	setitimer(ITIMER_REAL, &it, NULL);
	ret = nanosleep(&longest, NULL);
	printf("longest sleep: %s\n", ret ? strerror(errno) : "over");
}

/* The word's page is not there yet, and its bucket is locked when that is noticed. */
static void wake_op_on_new_page(void)
{
	uint32_t *word =
		mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	long ret = syscall(SYS_futex, &word[0], FUTEX_WAKE_OP, 1, 1L, &word[1024],
			   FUTEX_OP(FUTEX_OP_SET, 5, FUTEX_OP_CMP_EQ, 0));

	printf("wake operation on a new page: %ld, %u\n", ret, word[1024]);
}

/* Chains of 4 that lead through 60 files in each place: 13 million ways. */
static void epoll_mesh(void)
{
	enum { PLACES = 5, WIDE = 60 };
	struct epoll_event event = {.events = EPOLLIN};
	int fd[PLACES][WIDE], refused = 0;

	for (int place = PLACES - 1; place >= 0; place--) {
		for (int i = 0; i < WIDE; i++) {
			fd[place][i] = place || !i ? epoll_create1(0) : -1;
			for (int j = 0; fd[place][i] >= 0 && place < PLACES - 1 && j < WIDE; j++)
				refused += !!epoll_ctl(fd[place][i], EPOLL_CTL_ADD,
						       fd[place + 1][j], &event);
		}
	}
	printf("epoll mesh: %d refused\n", refused);
}

int main(void)
{
	struct sigaction action = {.sa_handler = counts};

	sigaction(SIGALRM, &action, NULL);
	rename_to_file();
	longest_interval();
	shortest_interval();
	longest_sleep();
	wake_op_on_new_page();
	epoll_mesh();
	return 0;
}
