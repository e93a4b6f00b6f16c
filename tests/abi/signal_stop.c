// SPDX-License-Identifier: MIT
/*
 * tests/abi/signal_stop.c - stopping and continuing processes (docs/contract/calls.md, STOP).
 */
#include <string.h>
#include <unistd.h>

#include "lib/sys.h"
#include "lib/task.h"
#include "lib/test.h"

/* Counts in shared memory what a child does. */
struct scene {
	volatile int ticks, handled, thread_ticks;
	struct gate ready;
};

static struct scene *new_scene(void)
{
	struct scene *scene = (struct scene *)map_shared(1, RW);

	scene->ready = gate_new();
	return scene;
}

static struct scene *scene;

static void on_continue(int signal)
{
	scene->handled = signal;
}

static void *tick(void *argument)
{
	while (scene->ticks >= 0) {
		scene->thread_ticks++;
		raw(SYS_sched_yield);
	}
	return argument;
}

static pid_t start_ticking(bool thread)
{
	pid_t pid;

	scene = new_scene();
	pid = test_fork();
	if (pid == 0) {
		signal(SIGCONT, on_continue);
		if (thread)
			thread_start(tick, NULL);
		gate_open(&scene->ready);
		for (;;) {
			scene->ticks++;
			raw(SYS_sched_yield);
		}
	}
	gate_pass(&scene->ready);
	return pid;
}

/* Whether the counter stands still; a running one is waited for. */
static void expect_ticking(volatile int *ticks)
{
	int now = *ticks;

	while (*ticks == now)
		raw(SYS_sched_yield);
}

static void expect_still(volatile int *ticks)
{
	int now = *ticks;

	for (int i = 0; i < 50; i++)
		raw(SYS_sched_yield);
	doze(10);
	EXPECT_EQ(*ticks, now);
}

TEST("STOP-1", "a stopped process does not run, a continued one does")
{
	pid_t pid = start_ticking(false);

	expect_ticking(&scene->ticks);
	EXPECT_OK(raw_kill(pid, SIGSTOP));
	EXPECT_EQ(raw_wait4(pid, NULL, WUNTRACED), pid);
	expect_still(&scene->ticks);
	EXPECT_EQ(scene->handled, 0);
	EXPECT_OK(raw_kill(pid, SIGCONT));
	expect_ticking(&scene->ticks);
	while (!scene->handled) /* the handler of SIGCONT runs, too */
		raw(SYS_sched_yield);
	EXPECT_OK(raw_kill(pid, SIGKILL));
	EXPECT_KILLED(pid, SIGKILL);
}

TEST("STOP-2", "all threads stop, and all go on")
{
	pid_t pid = start_ticking(true);

	expect_ticking(&scene->thread_ticks);
	EXPECT_OK(raw_kill(pid, SIGTSTP));
	EXPECT_EQ(raw_wait4(pid, NULL, WUNTRACED), pid); /* told when the last has stopped */
	expect_still(&scene->ticks);
	expect_still(&scene->thread_ticks);
	EXPECT_OK(raw_kill(pid, SIGCONT));
	expect_ticking(&scene->ticks);
	expect_ticking(&scene->thread_ticks);
	EXPECT_OK(raw_kill(pid, SIGSTOP));
	EXPECT_EQ(raw_wait4(pid, NULL, WUNTRACED), pid);
	EXPECT_OK(raw_kill(pid, SIGKILL));
	EXPECT_KILLED(pid, SIGKILL);
}

TEST("STOP-3", "signals wait while a process is stopped, SIGKILL does not")
{
	pid_t pid = start_ticking(false);

	EXPECT_OK(raw_kill(pid, SIGSTOP));
	EXPECT_EQ(raw_wait4(pid, NULL, WUNTRACED), pid);
	EXPECT_OK(raw_kill(pid, SIGTERM));
	EXPECT_EQ(task_state(pid), 'T');
	EXPECT_EQ(raw_wait4(pid, NULL, WNOHANG), 0);
	EXPECT_OK(raw_kill(pid, SIGCONT));
	EXPECT_KILLED(pid, SIGTERM);
}

static int pending_mask(pid_t pid, int signal)
{
	/* ShdPnd is in hexadecimal */
	const char *text = task_text(pid, "ShdPnd");
	unsigned long mask = 0;

	for (; *text; text++)
		mask = mask << 4 | (*text <= '9' ? *text - '0' : *text - 'a' + 10);
	return mask >> (signal - 1) & 1;
}

TEST("STOP-4", "SIGCONT drops pending stops, a stop drops a pending SIGCONT")
{
	sigset_t set;
	struct gate go = gate_new();
	pid_t pid;

	scene = new_scene();
	pid = test_fork();
	if (pid == 0) {
		sigfillset(&set);
		sigprocmask(SIG_BLOCK, &set, NULL);
		gate_open(&scene->ready);
		gate_pass(&go);
		sigemptyset(&set);
		sigprocmask(SIG_SETMASK, &set, NULL);
		_exit(6);
	}
	gate_pass(&scene->ready);
	EXPECT_OK(raw_kill(pid, SIGTSTP));
	EXPECT_OK(raw_kill(pid, SIGTTIN));
	EXPECT(pending_mask(pid, SIGTSTP) && pending_mask(pid, SIGTTIN));
	EXPECT_OK(raw_kill(pid, SIGCONT));
	EXPECT(!pending_mask(pid, SIGTSTP) && !pending_mask(pid, SIGTTIN));
	EXPECT(pending_mask(pid, SIGCONT));
	EXPECT_OK(raw_kill(pid, SIGTSTP));
	EXPECT(!pending_mask(pid, SIGCONT));
	EXPECT_OK(raw_kill(pid, SIGCONT));
	gate_open(&go);
	EXPECT_EXIT(pid, 6);
}

TEST("STOP-5", "a stop signal that is caught or ignored does not stop, SIGSTOP always does")
{
	pid_t pid;

	scene = new_scene();
	pid = test_fork();
	if (pid == 0) {
		signal(SIGTSTP, on_continue);
		signal(SIGTTIN, SIG_IGN);
		EXPECT_OK(raw_kill(getpid(), SIGTTIN));
		EXPECT_EQ(scene->handled, 0);
		EXPECT_OK(raw_kill(getpid(), SIGTSTP));
		EXPECT_EQ(scene->handled, SIGTSTP);
		EXPECT_OK(raw_kill(getpid(), SIGSTOP));
		_exit(7);
	}
	EXPECT_EQ(raw_wait4(pid, NULL, WUNTRACED), pid);
	EXPECT_EQ(task_state(pid), 'T');
	EXPECT_OK(raw_kill(pid, SIGCONT));
	EXPECT_EXIT(pid, 7);
}

TEST("STOP-6", "keyboard stops do nothing to a process group that is orphaned, SIGSTOP does")
{
	struct gate done = gate_new();
	int *grandchild = (int *)map_shared(1, RW);
	pid_t pid = test_fork();

	if (pid == 0) {
		pid_t own = test_fork();

		if (own == 0) {
			EXPECT_OK(raw(SYS_setsid));
			EXPECT_OK(raw_kill(getpid(), SIGTSTP));
			EXPECT_OK(raw_kill(getpid(), SIGTTOU));
			gate_open(&done); /* none of them stopped us */
			EXPECT_OK(raw_kill(getpid(), SIGSTOP));
			_exit(8);
		}
		*grandchild = own;
		EXPECT_EQ(raw_wait4(own, NULL, WUNTRACED), own);
		EXPECT_OK(raw_kill(own, SIGCONT));
		EXPECT_EXIT(own, 8);
		_exit(0);
	}
	gate_pass(&done);
	EXPECT_EXIT(pid, 0);
}

TEST("STOP-7", "a stopped group that becomes orphaned gets SIGHUP and SIGCONT")
{
	struct gate ready = gate_new();
	int *ids = (int *)map_shared(1, RW);
	pid_t leader;

	scene = new_scene();
	/* leader: the parent in another group of the session, by which the group is not orphaned */
	leader = test_fork();
	if (leader == 0) {
		EXPECT_OK(raw(SYS_setsid));
		pid_t own = test_fork();

		if (own == 0) {
			EXPECT_OK(raw(SYS_setpgid, 0, 0));
			signal(SIGHUP, on_continue);
			gate_open(&ready);
			for (;;)
				pause();
		}
		ids[0] = own;
		gate_pass(&ready);
		EXPECT_OK(raw_kill(own, SIGSTOP));
		EXPECT_EQ(raw_wait4(own, NULL, WUNTRACED), own);
		_exit(0);
	}
	EXPECT_EXIT(leader, 0);
	while (!scene->handled)
		raw(SYS_sched_yield);
	EXPECT_EQ(scene->handled, SIGHUP);
	EXPECT_OK(raw_kill(ids[0], SIGKILL));
}

TEST("STOP-8", "sleeping calls go on after a stop as if nothing had been")
{
	struct gate pipe = gate_new();
	pid_t pid;
	char byte;

	scene = new_scene();
	pid = test_fork();
	if (pid == 0) {
		gate_open(&scene->ready);
		EXPECT_EQ(raw_read(pipe.out, &byte, 1), 1);
		_exit(byte);
	}
	gate_pass(&scene->ready);
	await_state(pid, "S");
	for (int i = 0; i < 3; i++) {
		EXPECT_OK(raw_kill(pid, SIGSTOP));
		EXPECT_EQ(raw_wait4(pid, NULL, WUNTRACED), pid);
		EXPECT_OK(raw_kill(pid, SIGCONT));
		EXPECT_EQ(raw_wait4(pid, NULL, WCONTINUED), pid);
	}
	EXPECT_EQ(raw_write(pipe.in, "\x11", 1), 1);
	EXPECT_EXIT(pid, 0x11);
}
