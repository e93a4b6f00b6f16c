// SPDX-License-Identifier: MIT
/*
 * kernel/pid.c - process ids: handing out the numbers, and finding tasks by them.
 *
 * The table of numbers has two levels: pid_pages[] points to pages of 512 pointers, which are
 * allocated when a number in them is first used and stay. Numbers go up from the last one used and
 * start again at RESERVED_PIDS after pid_max, as programs expect that a number is not reused soon.
 *
 * Locks: pidmap_lock (irq-safe, inside tasklist_lock) guards the table. The lists of a struct pid
 * and signal->pids change under tasklist_lock held for writing; a number leaves the table under it
 * too, so that find_vpid() is safe with it held for reading.
 */
#include <pagoda/err.h>
#include <pagoda/gfp.h>
#include <pagoda/pid.h>
#include <pagoda/sched.h>
#include <pagoda/slab.h>

#define PIDS_PER_PAGE (PAGE_SIZE / sizeof(struct pid *))

struct pid init_struct_pid = {
	.count = REFCOUNT_INIT(1),
	.nr = 0,
	.wait_pidfd = __WAIT_QUEUE_HEAD_INITIALIZER(init_struct_pid.wait_pidfd),
};

int pid_max = PID_MAX;
static struct pid **pid_pages[PID_MAX / PIDS_PER_PAGE];
static int last_pid_nr;
static int nr_pids;
static DEFINE_SPINLOCK(pidmap_lock);
static struct kmem_cache *pid_cachep;

void pid_init(void)
{
	pid_cachep = KMEM_CACHE(pid, SLAB_HWCACHE_ALIGN | SLAB_PANIC);
}

static struct pid *pid_lookup(pid_t nr)
{
	struct pid **page;

	if (nr <= 0 || nr >= PID_MAX)
		return NULL;
	page = READ_ONCE(pid_pages[nr / PIDS_PER_PAGE]);
	return page ? page[nr % PIDS_PER_PAGE] : NULL;
}

/* The free number that is next in line, or -EAGAIN. pidmap_lock held. */
static pid_t next_free_nr(void)
{
	pid_t nr = last_pid_nr;
	int tries;

	for (tries = 0; tries < pid_max; tries++) {
		if (++nr >= pid_max)
			nr = RESERVED_PIDS;
		if (!pid_lookup(nr))
			return nr;
	}
	return -EAGAIN;
}

/* Put pid into the table under nr. 0; -EAGAIN: the page for nr is missing. pidmap_lock held. */
static int pid_insert(struct pid *pid, pid_t nr)
{
	struct pid **page = pid_pages[nr / PIDS_PER_PAGE];

	if (!page)
		return -EAGAIN;
	pid->nr = nr;
	page[nr % PIDS_PER_PAGE] = pid;
	nr_pids++;
	return 0;
}

/* The page of the table that nr lies in becomes present. May sleep. */
static int pid_page_alloc(pid_t nr)
{
	struct pid **page = (struct pid **)get_zeroed_page(GFP_KERNEL);
	unsigned long flags;

	if (!page)
		return -ENOMEM;
	spin_lock_irqsave(&pidmap_lock, flags);
	if (!pid_pages[nr / PIDS_PER_PAGE]) {
		pid_pages[nr / PIDS_PER_PAGE] = page;
		page = NULL;
	}
	spin_unlock_irqrestore(&pidmap_lock, flags);
	if (page)
		free_page((unsigned long)page);
	return 0;
}

static int pid_assign(struct pid *pid, pid_t wanted)
{
	unsigned long flags;
	pid_t nr;
	int err;

	for (;;) {
		spin_lock_irqsave(&pidmap_lock, flags);
		nr = wanted ? wanted : next_free_nr();
		if (nr < 0)
			err = nr;
		else if (pid_lookup(nr))
			err = -EEXIST;
		else
			err = pid_insert(pid, nr);
		if (!err && !wanted)
			last_pid_nr = nr;
		spin_unlock_irqrestore(&pidmap_lock, flags);
		if (err != -EAGAIN || nr < 0)
			return err;
		err = pid_page_alloc(nr);
		if (err)
			return err;
	}
}

/*
 * A new number: `wanted`, or the next free one for 0. The caller owns the one reference, which
 * free_pid() drops. ERR_PTR: -ENOMEM, -EAGAIN (no number free), -EINVAL, -EEXIST.
 */
struct pid *alloc_pid(pid_t wanted)
{
	struct pid *pid;
	int err, type;

	if (wanted < 0 || wanted >= pid_max)
		return ERR_PTR(-EINVAL);
	pid = kmem_cache_alloc(pid_cachep, GFP_KERNEL);
	if (!pid)
		return ERR_PTR(-ENOMEM);
	refcount_set(&pid->count, 1);
	for (type = 0; type < PIDTYPE_MAX; type++)
		INIT_HLIST_HEAD(&pid->tasks[type]);
	init_waitqueue_head(&pid->wait_pidfd);
	err = pid_assign(pid, wanted);
	if (err) {
		kmem_cache_free(pid_cachep, pid);
		return ERR_PTR(err);
	}
	return pid;
}

void free_pid(struct pid *pid)
{
	unsigned long flags;

	spin_lock_irqsave(&pidmap_lock, flags);
	pid_pages[pid->nr / PIDS_PER_PAGE][pid->nr % PIDS_PER_PAGE] = NULL;
	nr_pids--;
	spin_unlock_irqrestore(&pidmap_lock, flags);
	put_pid(pid);
}

void put_pid(struct pid *pid)
{
	if (pid && pid != &init_struct_pid && refcount_dec_and_test(&pid->count))
		kmem_cache_free(pid_cachep, pid);
}

/* ---- the tasks of a number; tasklist_lock held for writing -------------------------------- */

static struct pid **task_pid_ptr(struct task_struct *task, enum pid_type type)
{
	return type == PIDTYPE_PID ? &task->thread_pid : &task->signal->pids[type];
}

void attach_pid(struct task_struct *task, enum pid_type type)
{
	struct pid *pid = *task_pid_ptr(task, type);

	hlist_add_head(&task->pid_links[type], &pid->tasks[type]);
}

/* Exchange task's number in a role; one that nobody uses any more is freed. */
static void __change_pid(struct task_struct *task, enum pid_type type, struct pid *new)
{
	struct pid **ptr = task_pid_ptr(task, type);
	struct pid *pid = *ptr;
	int other;

	hlist_del_init(&task->pid_links[type]);
	*ptr = new;
	if (!pid || pid == &init_struct_pid)
		return;
	for (other = 0; other < PIDTYPE_MAX; other++)
		if (pid_has_task(pid, other))
			return;
	free_pid(pid);
}

void detach_pid(struct task_struct *task, enum pid_type type)
{
	__change_pid(task, type, NULL);
}

void change_pid(struct task_struct *task, enum pid_type type, struct pid *pid)
{
	__change_pid(task, type, pid);
	attach_pid(task, type);
}

/* new takes old's place in the list of a number; both have it already. */
void transfer_pid(struct task_struct *old, struct task_struct *new, enum pid_type type)
{
	struct hlist_node *o = &old->pid_links[type], *n = &new->pid_links[type];

	hlist_del_init(n);
	n->next = o->next;
	n->pprev = o->pprev;
	*n->pprev = n;
	if (n->next)
		n->next->pprev = &n->next;
	INIT_HLIST_NODE(o);
}

/* Two threads swap their thread ids (exec by a thread that is not the leader). */
void exchange_tids(struct task_struct *a, struct task_struct *b)
{
	struct pid *pid_a = a->thread_pid, *pid_b = b->thread_pid;
	pid_t nr = a->pid;

	hlist_del_init(&a->pid_links[PIDTYPE_PID]);
	hlist_del_init(&b->pid_links[PIDTYPE_PID]);
	a->thread_pid = pid_b;
	b->thread_pid = pid_a;
	attach_pid(a, PIDTYPE_PID);
	attach_pid(b, PIDTYPE_PID);
	a->pid = b->pid;
	b->pid = nr;
}

/* ---- looking up ---------------------------------------------------------------------------- */

struct pid *find_vpid(pid_t nr)
{
	unsigned long flags;
	struct pid *pid;

	spin_lock_irqsave(&pidmap_lock, flags);
	pid = pid_lookup(nr);
	spin_unlock_irqrestore(&pidmap_lock, flags);
	return pid;
}

struct pid *find_get_pid(pid_t nr)
{
	unsigned long flags;
	struct pid *pid;

	spin_lock_irqsave(&pidmap_lock, flags);
	pid = get_pid(pid_lookup(nr));
	spin_unlock_irqrestore(&pidmap_lock, flags);
	return pid;
}

struct task_struct *pid_task(struct pid *pid, enum pid_type type)
{
	if (!pid)
		return NULL;
	return hlist_entry_safe(pid->tasks[type].first, struct task_struct, pid_links[type]);
}

struct task_struct *get_pid_task(struct pid *pid, enum pid_type type)
{
	struct task_struct *task;

	read_lock(&tasklist_lock);
	task = pid_task(pid, type);
	if (task)
		get_task_struct(task);
	read_unlock(&tasklist_lock);
	return task;
}

struct task_struct *find_task_by_vpid(pid_t nr)
{
	return pid_task(find_vpid(nr), PIDTYPE_PID);
}

struct task_struct *find_get_task_by_vpid(pid_t nr)
{
	struct task_struct *task;

	read_lock(&tasklist_lock);
	task = find_task_by_vpid(nr);
	if (task)
		get_task_struct(task);
	read_unlock(&tasklist_lock);
	return task;
}

struct pid *get_task_pid(struct task_struct *task, enum pid_type type)
{
	struct pid *pid;

	read_lock(&tasklist_lock);
	pid = pid_alive(task) ? get_pid(*task_pid_ptr(task, type)) : NULL;
	read_unlock(&tasklist_lock);
	return pid;
}

struct task_struct *next_tgid(pid_t *tgid)
{
	struct task_struct *task = NULL;
	pid_t nr;

	read_lock(&tasklist_lock);
	for (nr = *tgid > 0 ? *tgid : 1; nr < pid_max; nr++) {
		if (!pid_pages[nr / PIDS_PER_PAGE]) {
			nr |= PIDS_PER_PAGE - 1;
			continue;
		}
		task = pid_task(find_vpid(nr), PIDTYPE_TGID);
		if (task) {
			get_task_struct(task);
			*tgid = nr;
			break;
		}
	}
	read_unlock(&tasklist_lock);
	return task;
}

int nr_pids_in_use(void)
{
	return READ_ONCE(nr_pids);
}

pid_t last_pid(void)
{
	return READ_ONCE(last_pid_nr);
}
