// SPDX-License-Identifier: MIT
/*
 * tests/abi/vfork.c - a parent that waits until its child has no use for the shared memory
 * (docs/contract/fork.md, section 10).
 */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "lib/maps.h"
#include "lib/sys.h"
#include "lib/task.h"
#include "lib/test.h"

#define VFORK (CLONE_VM | CLONE_VFORK | SIGCHLD)

/* What parent, child and others see; in shared memory, so that it serves without CLONE_VM too. */
struct scene {
	struct gate go, done;
	volatile int value;
	volatile int released; /* the parent has come back */
	volatile int thread_ran;
	int tid;
};

static struct scene *new_scene(void)
{
	struct scene *scene = (struct scene *)map_shared(1, RW);

	scene->go = gate_new();
	scene->done = gate_new();
	return scene;
}

static int value;

TEST("VFK-1", "what the child stores is there when the parent goes on")
{
	volatile int local = 1;
	long pid;

	value = 1;
	pid = vfork();
	if (pid == 0) {
		local = 2;
		value = 3;
		_exit(0);
	}
	EXPECT_EQ(local, 2);
	EXPECT_EQ(value, 3);
	EXPECT_EXIT(pid, 0);
}

static int exit_when_parent_sleeps(void *argument)
{
	struct scene *scene = argument;

	await_state(scene->tid, "D");
	scene->value = scene->released ? 1 : 2;
	return 0;
}

TEST("VFK-2,VFK-6", "the parent sleeps until the child ends, with shared memory or with a copy")
{
	static const unsigned long flags[] = {VFORK, CLONE_VFORK | SIGCHLD};

	for (int i = 0; i < 2; i++) {
		struct scene *scene = new_scene();
		long pid;

		scene->tid = raw_gettid();
		pid = clone_task(flags[i], NULL, exit_when_parent_sleeps, scene);
		scene->released = 1;
		EXPECT(pid > 0);
		EXPECT_EQ(scene->value, 2);
		EXPECT_EXIT(pid, 0);
	}
}

TEST("VFK-6", "without CLONE_VM the child's memory is a copy")
{
	long pid;

	value = 1;
	pid = raw(SYS_clone, CLONE_VFORK | SIGCHLD, 0, 0, 0, 0);
	if (pid == 0) {
		value = 2;
		_exit(0);
	}
	EXPECT_EQ(value, 1);
	EXPECT_EXIT(pid, 0);
}

static void *other_thread(void *argument)
{
	struct scene *scene = argument;

	gate_pass(&scene->go); /* opened by the child */
	scene->thread_ran = scene->released ? 1 : 2;
	gate_open(&scene->done);
	return NULL;
}

static int use_thread(void *argument)
{
	struct scene *scene = argument;

	gate_open(&scene->go);
	gate_pass(&scene->done); /* opened by the parent's other thread */
	return 0;
}

TEST("VFK-2", "other threads of the parent run on")
{
	struct scene *scene = new_scene();
	struct thread thread = thread_start(other_thread, scene);
	long pid = clone_task(VFORK, NULL, use_thread, scene);

	scene->released = 1;
	EXPECT_EXIT(pid, 0);
	thread_join(thread);
	EXPECT_EQ(scene->thread_ran, 2);
}

int test_child(int argc, char **argv)
{
	char byte;

	(void)argc;
	(void)argv;
	EXPECT_EQ(raw_read(9, &byte, 1), 1); /* until the parent says so */
	return 21;
}

static int execute(void *argument)
{
	static const char *const words[] = {"wait", NULL};
	struct scene *scene = argument;

	raw(SYS_dup2, scene->go.out, 9);
	await_state(scene->tid, "D");
	scene->value = scene->released ? 1 : 2;
	test_exec(words);
}

TEST("VFK-2,VFK-5", "a successful exec releases the parent while the child lives on")
{
	struct scene *scene = new_scene();
	long pid;

	scene->tid = raw_gettid();
	pid = clone_task(VFORK, NULL, execute, scene);
	scene->released = 1;
	EXPECT(pid > 0);
	EXPECT_EQ(scene->value, 2);
	EXPECT_EQ(raw_wait4(pid, NULL, WNOHANG), 0); /* it waits for us */
	gate_open(&scene->go);
	EXPECT_EXIT(pid, 21);
}

static int fail_to_execute(void *argument)
{
	struct scene *scene = argument;
	static char *const argv[] = {"x", NULL};

	EXPECT_ERR(raw(SYS_execve, "/no/such/program", argv, argv), ENOENT);
	EXPECT_ERR(raw(SYS_execve, "/proc/self/maps", argv, argv), EACCES);
	EXPECT_ERR(raw(SYS_execve, "/proc/self/exe", 8, argv), EFAULT);
	await_state(scene->tid, "D");
	for (int i = 0; i < 20; i++)
		raw(SYS_sched_yield);
	EXPECT_EQ(task_state(scene->tid), 'D');
	scene->value = scene->released ? 1 : 2;
	return 0;
}

TEST("VFK-3", "an exec that fails does not release the parent")
{
	struct scene *scene = new_scene();
	long pid;

	scene->tid = raw_gettid();
	pid = clone_task(VFORK, NULL, fail_to_execute, scene);
	scene->released = 1;
	EXPECT_EXIT(pid, 0);
	EXPECT_EQ(scene->value, 2);
}

static volatile int handled;

static void handle(int signal)
{
	handled = signal;
}

static int signal_parent(void *argument)
{
	struct scene *scene = argument;

	await_state(scene->tid, "D");
	EXPECT_OK(raw_kill(scene->tid, SIGUSR1));
	EXPECT_OK(raw_kill(scene->tid, SIGTSTP));
	EXPECT_OK(raw_kill(scene->tid, SIGCONT));
	for (int i = 0; i < 20; i++)
		raw(SYS_sched_yield);
	EXPECT_EQ(task_state(scene->tid), 'D');
	scene->value = handled;
	return 0;
}

TEST("VFK-4", "signals stay pending while the parent waits")
{
	struct scene *scene = new_scene();
	long pid;

	EXPECT(signal(SIGUSR1, handle) != SIG_ERR);
	scene->tid = raw_gettid();
	pid = clone_task(VFORK, NULL, signal_parent, scene);
	EXPECT_EQ(scene->value, 0);
	EXPECT_EQ(handled, SIGUSR1);
	EXPECT_EXIT(pid, 0);
}

static int kill_parent(void *argument)
{
	struct scene *scene = argument;

	await_state(scene->tid, "D");
	EXPECT_OK(raw_kill(scene->tid, SIGTERM));
	gate_open(&scene->go);
	gate_pass(&scene->done);
	scene->value = 5; /* the memory is still there */
	gate_open(&scene->go);
	return 0;
}

TEST("VFK-4", "a fatal signal ends the parent, and the child lives on")
{
	struct scene *scene = new_scene();
	pid_t pid = test_fork();

	if (pid == 0) {
		scene->tid = raw_gettid();
		clone_task(VFORK, NULL, kill_parent, scene);
		for (;;)
			pause();
	}
	gate_pass(&scene->go);
	EXPECT_KILLED(pid, SIGTERM);
	gate_open(&scene->done);
	gate_pass(&scene->go);
	EXPECT_EQ(scene->value, 5);
}

TEST("VFK-8", "CLONE_VFORK with CLONE_THREAD waits for the end of the thread")
{
	struct scene *scene = new_scene();
	long tid;

	scene->tid = raw_gettid();
	tid = clone_task(THREAD_FLAGS | CLONE_VFORK, NULL, exit_when_parent_sleeps, scene);
	scene->released = 1;
	EXPECT(tid > 0);
	EXPECT_EQ(scene->value, 2);
	EXPECT_ERR(raw_wait4(tid, NULL, __WALL), ECHILD);
}

static int nest(void *argument)
{
	struct scene *scene = argument;
	long pid;

	if (scene->value == 4)
		return 0;
	scene->value++;
	pid = clone_task(VFORK, NULL, nest, scene);
	return pid > 0 && wait_status(pid) == 0 ? 0 : 1;
}

TEST("VFK-2", "a child can vfork in turn")
{
	struct scene *scene = new_scene();
	long pid = clone_task(VFORK, NULL, nest, scene);

	EXPECT_EXIT(pid, 0);
	EXPECT_EQ(scene->value, 4);
}

TEST("VFK-7", "vfork copies no memory")
{
	char *p = map_private(64, RW);
	long pid;

	memset(p, 1, 64 * PAGE);
	pid = vfork();
	if (pid == 0)
		_exit(0);
	EXPECT_EXIT(pid, 0);
	for (int i = 0; i < 64; i++)
		EXPECT(pagemap(p + i * PAGE) & PM_EXCLUSIVE);
}
