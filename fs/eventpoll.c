// SPDX-License-Identifier: MIT
/*
 * fs/eventpoll.c - epoll(7): which files an epoll file watches (epoll_create, epoll_ctl).
 *
 * fs/eventpoll.h draws the structures and tells the locks; fs/eventpoll_wait.c is the other half.
 */
#include "eventpoll.h"
#include <pagoda/anon_inodes.h>
#include <pagoda/file.h>
#include <pagoda/kernel.h>
#include <pagoda/slab.h>
#include <asm/uaccess.h>
#include <syscalls.h>

#define EP_MAX_NESTS 4 /* epoll files that watch each other in a chain */

#define EPOLLEXCLUSIVE_OK_BITS                                                                     \
	(EPOLLINOUT_BITS | EPOLLERR | EPOLLHUP | EPOLLWAKEUP | EPOLLET | EPOLLEXCLUSIVE)

static DEFINE_MUTEX(epmutex);

/* ---- the tree of items; mtx is held ------------------------------------------------------ */

static int ep_compare(const struct epitem *item, const struct file *file, int fd)
{
	if (item->file != file)
		return item->file < file ? -1 : 1;
	return item->fd - fd;
}

static struct epitem *ep_find(struct eventpoll *ep, const struct file *file, int fd)
{
	struct rb_node *node = ep->items.rb_node;

	while (node) {
		struct epitem *item = rb_entry(node, struct epitem, node);
		int cmp = ep_compare(item, file, fd);

		if (!cmp)
			return item;
		node = cmp > 0 ? node->rb_left : node->rb_right;
	}
	return NULL;
}

static void ep_link(struct eventpoll *ep, struct epitem *item)
{
	struct rb_node **link = &ep->items.rb_node, *parent = NULL;

	while (*link) {
		parent = *link;
		if (ep_compare(rb_entry(parent, struct epitem, node), item->file, item->fd) > 0)
			link = &parent->rb_left;
		else
			link = &parent->rb_right;
	}
	rb_link_node(&item->node, parent, link);
	rb_insert_color(&item->node, &ep->items);
}

/* ---- wake-ups ---------------------------------------------------------------------------- */

/* Whether a sleeper was really served: decides if the next exclusive waiter is woken as well. */
static bool exclusive_served(const struct epitem *item, __poll_t events)
{
	switch (events & EPOLLINOUT_BITS) {
	case EPOLLIN:
		return item->event.events & EPOLLIN;
	case EPOLLOUT:
		return item->event.events & EPOLLOUT;
	case 0:
		return true;
	default:
		return false;
	}
}

/* Something happened to a watched file. Called with the lock of its wait queue held. */
static int ep_poll_callback(struct wait_queue_entry *wait, unsigned int mode, int flags, void *key)
{
	struct epitem *item = container_of(wait, struct eppoll_entry, wait)->item;
	struct eventpoll *ep = item->ep;
	__poll_t events = key_to_poll(key);
	unsigned long irqflags;
	bool sleepers;

	spin_lock_irqsave(&ep->lock, irqflags);
	/* disarmed by EPOLLONESHOT, or not what it is waiting for */
	if (!(item->event.events & ~EP_PRIVATE_BITS) ||
	    (events && !(events & item->event.events))) {
		spin_unlock_irqrestore(&ep->lock, irqflags);
		return 0;
	}
	if (list_empty(&item->rdllink))
		list_add_tail(&item->rdllink, &ep->ready);
	spin_unlock_irqrestore(&ep->lock, irqflags);
	smp_mb(); /* the list before the look at the queue */
	sleepers = waitqueue_active(&ep->wq);
	ep_wake(ep);
	if (!(item->event.events & EPOLLEXCLUSIVE))
		return 1;
	return sleepers && exclusive_served(item, events);
}

/* What ->poll() of a file is called with when an item is made. */
struct ep_pqueue {
	poll_table pt;
	struct epitem *item; /* NULL: there was no memory */
};

static void ep_join_queue(struct file *file, struct wait_queue_head *whead, poll_table *pt)
{
	struct ep_pqueue *epq = container_of(pt, struct ep_pqueue, pt);
	struct epitem *item = epq->item;
	struct eppoll_entry *entry;

	if (!item)
		return;
	entry = kmalloc(sizeof(*entry), GFP_KERNEL);
	if (!entry) {
		epq->item = NULL;
		return;
	}
	init_waitqueue_func_entry(&entry->wait, ep_poll_callback);
	entry->item = item;
	entry->whead = whead;
	entry->next = item->queues;
	item->queues = entry;
	if (item->event.events & EPOLLEXCLUSIVE)
		add_wait_queue_exclusive(whead, &entry->wait);
	else
		add_wait_queue(whead, &entry->wait);
}

/* ---- adding, changing, removing items; mtx is held --------------------------------------- */

static void ep_remove(struct eventpoll *ep, struct epitem *item)
{
	struct file *file = item->file;
	struct eppoll_entry *entry;
	unsigned long flags;

	while ((entry = item->queues)) {
		item->queues = entry->next;
		remove_wait_queue(entry->whead, &entry->wait);
		kfree(entry);
	}
	spin_lock(&file->f_lock);
	list_del(&item->fllink);
	spin_unlock(&file->f_lock);
	rb_erase(&item->node, &ep->items);
	spin_lock_irqsave(&ep->lock, flags);
	list_del_init(&item->rdllink);
	spin_unlock_irqrestore(&ep->lock, flags);
	kfree(item);
}

static int ep_insert(struct eventpoll *ep, const struct epoll_event *event, struct file *file,
		     int fd)
{
	struct ep_pqueue epq;
	struct epitem *item = kzalloc(sizeof(*item), GFP_KERNEL);
	__poll_t revents;

	if (!item)
		return -ENOMEM;
	INIT_LIST_HEAD(&item->rdllink);
	item->ep = ep;
	item->file = file;
	item->fd = fd;
	item->event = *event;
	spin_lock(&file->f_lock);
	list_add_tail(&item->fllink, &file->f_ep);
	spin_unlock(&file->f_lock);
	ep_link(ep, item);

	epq.item = item;
	init_poll_funcptr(&epq.pt, ep_join_queue);
	revents = ep_item_poll(item, &epq.pt);
	if (!epq.item) {
		ep_remove(ep, item);
		return -ENOMEM;
	}
	if (revents)
		ep_make_ready(item);
	return 0;
}

static int ep_modify(struct eventpoll *ep, struct epitem *item, const struct epoll_event *event)
{
	unsigned long flags;

	if (item->event.events & EPOLLEXCLUSIVE)
		return -EINVAL;
	spin_lock_irqsave(&ep->lock, flags);
	item->event = *event;
	spin_unlock_irqrestore(&ep->lock, flags);
	/* from here on the callback sees the new events; what came before, the poll finds */
	if (ep_item_poll(item, NULL))
		ep_make_ready(item);
	return 0;
}

/* ---- epoll files that watch epoll files; epmutex is held --------------------------------- */

/*
 * Each check has a number. An epoll file keeps what was found of it, as the same one may be reached
 * in very many ways: chains of 4 through n files in each place are n^3.
 */
static unsigned long ep_check_nr;

/* The longest chain of epoll files that ep is watched by; none is longer than EP_MAX_NESTS. */
static int ep_height_above(struct eventpoll *ep)
{
	struct epitem *item;
	int height = 0;

	if (ep->above_nr == ep_check_nr)
		return ep->height;
	list_for_each_entry (item, &ep->file->f_ep, fllink)
		height = max(height, ep_height_above(item->ep) + 1);
	ep->above_nr = ep_check_nr;
	ep->height = height;
	return height;
}

/* The longest chain below ep; more than EP_MAX_NESTS if `ep` leads to `top`. */
static int ep_depth_below(struct eventpoll *ep, const struct eventpoll *top)
{
	struct rb_node *node;
	int depth = 0;

	if (ep == top)
		return EP_MAX_NESTS + 1;
	if (ep->below_nr == ep_check_nr)
		return ep->depth;
	mutex_lock(&ep->mtx);
	for (node = rb_first(&ep->items); node; node = rb_next(node)) {
		struct file *file = rb_entry(node, struct epitem, node)->file;

		if (is_file_epoll(file))
			depth = max(depth, ep_depth_below(file->private_data, top) + 1);
	}
	mutex_unlock(&ep->mtx);
	ep->below_nr = ep_check_nr;
	ep->depth = depth;
	return depth;
}

static bool ep_may_watch(struct eventpoll *ep, struct eventpoll *target)
{
	ep_check_nr++;
	return ep_depth_below(target, ep) + 1 + ep_height_above(ep) <= EP_MAX_NESTS;
}

/* ---- the end of files -------------------------------------------------------------------- */

/* The last reference of a watched file is going. */
static void eventpoll_release(struct file *file)
{
	mutex_lock(&epmutex);
	while (!list_empty(&file->f_ep)) {
		struct epitem *item = list_first_entry(&file->f_ep, struct epitem, fllink);
		struct eventpoll *ep = item->ep;

		mutex_lock(&ep->mtx);
		ep_remove(ep, item);
		mutex_unlock(&ep->mtx);
	}
	mutex_unlock(&epmutex);
}

/* The last reference of an epoll file is going. */
void eventpoll_free(struct eventpoll *ep)
{
	struct rb_node *node;

	mutex_lock(&epmutex);
	mutex_lock(&ep->mtx);
	while ((node = rb_first(&ep->items)))
		ep_remove(ep, rb_entry(node, struct epitem, node));
	mutex_unlock(&ep->mtx);
	mutex_unlock(&epmutex);
	kfree(ep);
}

/* ---- the calls --------------------------------------------------------------------------- */

static struct eventpoll *ep_alloc(void)
{
	struct eventpoll *ep = kzalloc(sizeof(*ep), GFP_KERNEL);

	if (!ep)
		return NULL;
	mutex_init(&ep->mtx);
	spin_lock_init(&ep->lock);
	INIT_LIST_HEAD(&ep->ready);
	/* woken with the lock of another queue held: outside of the order of locks */
	spin_lock_init(&ep->wq.lock);
	INIT_LIST_HEAD(&ep->wq.head);
	spin_lock_init(&ep->poll_wait.lock);
	INIT_LIST_HEAD(&ep->poll_wait.head);
	ep->items = RB_ROOT;
	return ep;
}

long sys_epoll_create1(int flags)
{
	struct eventpoll *ep;
	struct file *file;
	int fd;

	if (flags & ~EPOLL_CLOEXEC)
		return -EINVAL;
	ep = ep_alloc();
	if (!ep)
		return -ENOMEM;
	fd = get_unused_fd_flags(flags);
	if (fd < 0)
		goto out_free;
	file = anon_inode_getfile("[eventpoll]", &eventpoll_fops, ep, O_RDWR);
	if (IS_ERR(file)) {
		put_unused_fd(fd);
		fd = PTR_ERR(file);
		goto out_free;
	}
	eventpoll_release_hook = eventpoll_release;
	ep->file = file;
	fd_install(fd, file);
	return fd;
out_free:
	kfree(ep);
	return fd;
}

long sys_epoll_create(int size)
{
	return size <= 0 ? -EINVAL : sys_epoll_create1(0);
}

/* What a request may ask of these two files. */
static int ep_check(int op, const struct file *f, const struct file *target, __poll_t events)
{
	if (!file_can_poll((struct file *)target))
		return -EPERM;
	if (f == target || !is_file_epoll(f))
		return -EINVAL;
	if (op != EPOLL_CTL_DEL && (events & EPOLLEXCLUSIVE)) {
		if (op == EPOLL_CTL_MOD || is_file_epoll(target) ||
		    (events & ~EPOLLEXCLUSIVE_OK_BITS))
			return -EINVAL;
	}
	return 0;
}

/* mtx is held. */
static int ep_ctl(struct eventpoll *ep, int op, struct file *target, int fd,
		  struct epoll_event *event)
{
	struct epitem *item = ep_find(ep, target, fd);

	event->events |= EPOLLERR | EPOLLHUP;
	switch (op) {
	case EPOLL_CTL_ADD:
		return item ? -EEXIST : ep_insert(ep, event, target, fd);
	case EPOLL_CTL_DEL:
		if (item)
			ep_remove(ep, item);
		return item ? 0 : -ENOENT;
	case EPOLL_CTL_MOD:
		return item ? ep_modify(ep, item, event) : -ENOENT;
	default:
		return -EINVAL;
	}
}

long sys_epoll_ctl(int epfd, int op, int fd, struct epoll_event __user *uevent)
{
	struct epoll_event event = {0};
	struct eventpoll *ep;
	struct fd f, target;
	bool nested;
	int err = -EBADF;

	if (op != EPOLL_CTL_DEL && copy_from_user(&event, uevent, sizeof(event)))
		return -EFAULT;
	f = fdget(epfd);
	if (!f.file)
		return -EBADF;
	target = fdget(fd);
	if (!target.file)
		goto out_f;
	err = ep_check(op, f.file, target.file, event.events);
	if (err)
		goto out_target;
	ep = f.file->private_data;
	nested = is_file_epoll(target.file);
	if (nested) {
		mutex_lock(&epmutex);
		err = -ELOOP;
		if (op == EPOLL_CTL_ADD && !ep_may_watch(ep, target.file->private_data))
			goto out_epmutex;
	}
	mutex_lock(&ep->mtx);
	err = ep_ctl(ep, op, target.file, fd, &event);
	mutex_unlock(&ep->mtx);
out_epmutex:
	if (nested)
		mutex_unlock(&epmutex);
out_target:
	fdput(target);
out_f:
	fdput(f);
	return err;
}
