// SPDX-License-Identifier: MIT
/*
 * kernel/kthread.c - making and stopping kernel threads.
 *
 * All are children of kthreadd (pid 2), which clones itself on request; so a kernel thread never
 * inherits anything from the program that happened to ask for it.
 */
#include <pagoda/kthread.h>
#include <pagoda/err.h>
#include <pagoda/list.h>
#include <pagoda/mutex.h>
#include <pagoda/sched.h>
#include <pagoda/sched_task.h>
#include <pagoda/signal.h>
#include <pagoda/slab.h>
#include <pagoda/string.h>
#include <uapi/sched.h>

/* From request to end of the thread: the thread has a reference, and so has who stops it. */
struct kthread {
	refcount_t refs;
	int (*fn)(void *arg);
	void *arg;
	char name[TASK_COMM_LEN];
	struct task_struct *task; /* or ERR_PTR */
	struct completion created;
	struct completion exited;
	bool should_stop;
	int result;
	struct list_head list;
};

static DEFINE_SPINLOCK(create_lock);
static LIST_HEAD(create_list);
static LIST_HEAD(threads); /* all running; create_lock */
static DECLARE_WAIT_QUEUE_HEAD(kthreadd_wait);

/* With a reference; NULL if the task is no kernel thread, or one that has ended. */
static struct kthread *get_kthread(struct task_struct *task)
{
	struct kthread *k, *found = NULL;

	spin_lock(&create_lock);
	list_for_each_entry (k, &threads, list) {
		if (k->task == task)
			found = k;
	}
	if (found)
		refcount_inc(&found->refs);
	spin_unlock(&create_lock);
	return found;
}

static void put_kthread(struct kthread *k)
{
	if (refcount_dec_and_test(&k->refs))
		kfree(k);
}

bool kthread_should_stop(void)
{
	struct kthread *k = get_kthread(current);
	bool stop = k && READ_ONCE(k->should_stop);

	if (k)
		put_kthread(k);
	return stop;
}

static int kthread_main(void *arg)
{
	struct kthread *k = arg;
	int result;

	strscpy(current->comm, k->name, TASK_COMM_LEN);
	k->task = current;
	spin_lock(&create_lock);
	list_add(&k->list, &threads);
	spin_unlock(&create_lock);
	complete(&k->created);

	result = k->fn(k->arg);

	spin_lock(&create_lock);
	list_del(&k->list);
	spin_unlock(&create_lock);
	k->result = result;
	complete(&k->exited);
	put_kthread(k);
	return result;
}

struct task_struct *kthread_run(int (*fn)(void *arg), void *arg, const char *name)
{
	struct kthread *k = kzalloc(sizeof(*k), GFP_KERNEL);
	struct task_struct *task;

	if (!k)
		return ERR_PTR(-ENOMEM);
	refcount_set(&k->refs, 2); /* the thread and this function */
	k->fn = fn;
	k->arg = arg;
	strscpy(k->name, name, sizeof(k->name));
	init_completion(&k->created);
	init_completion(&k->exited);

	spin_lock(&create_lock);
	list_add_tail(&k->list, &create_list);
	spin_unlock(&create_lock);
	wake_up(&kthreadd_wait);
	wait_for_completion(&k->created);
	task = k->task;
	if (IS_ERR(task))
		put_kthread(k); /* there is no thread */
	put_kthread(k);
	return task;
}

int kthread_stop(struct task_struct *task)
{
	struct kthread *k = get_kthread(task);
	int result;

	if (!k)
		return -EINTR;
	WRITE_ONCE(k->should_stop, true);
	wake_up_process(task);
	wait_for_completion(&k->exited);
	result = k->result;
	put_kthread(k);
	return result;
}

/* pid 2: clones itself for every request. */
int kthreadd(void *unused)
{
	strscpy(current->comm, "kthreadd", TASK_COMM_LEN);
	/* Nobody waits for kernel threads: with SIGCHLD ignored they go when they end. */
	ignore_signals(current);
	for (;;) {
		struct kthread *k;
		pid_t pid;

		wait_event_interruptible(kthreadd_wait, !list_empty(&create_list));
		spin_lock(&create_lock);
		k = list_first_entry_or_null(&create_list, struct kthread, list);
		if (k)
			list_del(&k->list);
		spin_unlock(&create_lock);
		if (!k)
			continue;

		pid = kernel_thread(kthread_main, k, CLONE_FS | CLONE_FILES | SIGCHLD);
		if (pid < 0) {
			k->task = ERR_PTR(pid);
			complete(&k->created);
		}
	}
}
