// SPDX-License-Identifier: MIT
/*
 * kernel/futex.c - waiting on, and waking, a word of user memory.
 *
 * A waiter stands on its own stack in a hash bucket under a key that names the word:
 *
 *	private			(mm, address)
 *	shared mapping		(superblock, inode number, offset in the file)
 *	anything else shared	(mm, address), as nobody else can see the word; yet not the key of
 *				a private wait on it (TID-4), hence FUT_OFF_MMSHARED
 *
 * The word is read again under the bucket's lock after the waiter can be found there, so that a
 * waker that changes the word first and then looks into the bucket never misses it. That read
 * must not fault: if the page is not there, the lock is dropped, the page faulted in, and all
 * starts over.
 *
 * Priority inheritance (FUTEX_LOCK_PI ...) is not built: ENOSYS, as on a Linux without FUTEX_PI.
 */
#include <pagoda/futex.h>
#include <pagoda/compat.h>
#include <pagoda/fs.h>
#include <pagoda/hashtable.h>
#include <pagoda/hrtimer.h>
#include <pagoda/mm.h>
#include <pagoda/sched.h>
#include <pagoda/signal.h>
#include <pagoda/spinlock.h>
#include <pagoda/time64.h>
#include <uapi/futex.h>
#include <asm/futex.h>
#include <asm/uaccess.h>
#include <syscalls.h>

#define FUTEX_HASH_BITS	 8
#define FUT_OFF_MMSHARED 1 /* in the offset: words are aligned */

struct futex_key {
	const void *object; /* mm or superblock */
	u64 ino;	    /* 0 for an mm */
	u64 offset;	    /* address, or byte in the file */
};

struct futex_bucket {
	spinlock_t lock;
	struct list_head waiters;
};

struct futex_q {
	struct list_head list;
	struct task_struct *task;
	struct futex_key key;
	struct futex_bucket *bucket; /* changed by requeue, under both locks */
	u32 bitset;
	bool woken;
};

static struct futex_bucket futex_hash[1 << FUTEX_HASH_BITS];

void futex_init(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(futex_hash); i++) {
		spin_lock_init_rank(&futex_hash[i].lock, RANK_FUTEX);
		INIT_LIST_HEAD(&futex_hash[i].waiters);
	}
}

/* ---- keys -------------------------------------------------------------------------------- */

static struct futex_bucket *bucket_of(const struct futex_key *key)
{
	u64 hash = (u64)key->object ^ (key->ino << 20) ^ key->offset;

	return &futex_hash[hash_64(hash, FUTEX_HASH_BITS)];
}

static bool same_key(const struct futex_key *a, const struct futex_key *b)
{
	return a->offset == b->offset && a->object == b->object && a->ino == b->ino;
}

/*
 * 0, -EINVAL if unaligned, -EFAULT for an address that is not the user's; for a shared key also for
 * one without readable memory, and for private memory that cannot change. Takes mmap_lock for that.
 */
static int get_futex_key(u32 __user *uaddr, bool shared, struct futex_key *key)
{
	unsigned long addr = (unsigned long)uaddr;
	struct vm_area_struct *vma;
	int err = 0;
	u32 word;

	if (addr % sizeof(u32))
		return -EINVAL;
	if (!access_ok(uaddr, sizeof(u32)))
		return -EFAULT;
	key->object = current->mm;
	key->ino = 0;
	key->offset = addr;
	if (!shared)
		return 0;

	if (copy_from_user(&word, uaddr, sizeof(word)))
		return -EFAULT;
	mmap_read_lock(current->mm);
	vma = vma_lookup(current->mm, addr);
	if (vma && vma->vm_file && (vma->vm_flags & (VM_MAYSHARE | VM_WRITE)) != VM_WRITE) {
		struct inode *inode = file_inode(vma->vm_file);

		key->object = inode->i_sb;
		key->ino = inode->i_ino;
		key->offset =
			((u64)linear_page_index(vma, addr) << PAGE_SHIFT) + (addr & ~PAGE_MASK);
	} else if (vma && (vma->vm_flags & VM_WRITE)) {
		key->offset |= FUT_OFF_MMSHARED;
	} else {
		err = -EFAULT;
	}
	mmap_read_unlock(current->mm);
	return err;
}

static void lock_two(struct futex_bucket *a, struct futex_bucket *b)
{
	if (a > b)
		swap(a, b);
	spin_lock(&a->lock);
	if (a != b)
		spin_lock_nested(&b->lock);
}

static void unlock_two(struct futex_bucket *a, struct futex_bucket *b)
{
	spin_unlock(&a->lock);
	if (a != b)
		spin_unlock(&b->lock);
}

/* Make the word present and writable, so that the next access under a lock succeeds. */
int fault_in_user_writeable(u32 __user *uaddr)
{
	return fault_in_writeable((char __user *)uaddr, sizeof(u32)) ? -EFAULT : 0;
}

/* ---- waking ------------------------------------------------------------------------------ */

/* Bucket lock held. The waiter may return and its stack frame vanish once woken is set. */
static void wake_waiter(struct futex_q *q)
{
	struct task_struct *task = get_task_struct(q->task);

	list_del(&q->list);
	smp_store_release(&q->woken, true);
	wake_up_state(task, TASK_NORMAL);
	put_task_struct(task);
}

static int wake_key(struct futex_bucket *bucket, const struct futex_key *key, int nr, u32 bitset)
{
	struct futex_q *q, *next;
	int woken = 0;

	list_for_each_entry_safe (q, next, &bucket->waiters, list) {
		if (woken >= nr)
			break;
		if (!same_key(&q->key, key) || !(q->bitset & bitset))
			continue;
		wake_waiter(q);
		woken++;
	}
	return woken;
}

int futex_wake(u32 __user *uaddr, bool shared, int nr, u32 bitset)
{
	struct futex_bucket *bucket;
	struct futex_key key;
	int ret;

	if (!bitset)
		return -EINVAL;
	ret = get_futex_key(uaddr, shared, &key);
	if (ret)
		return ret;
	bucket = bucket_of(&key);
	spin_lock(&bucket->lock);
	ret = wake_key(bucket, &key, max(nr, 1), bitset);
	spin_unlock(&bucket->lock);
	return ret;
}

static int sign_extend12(u32 v)
{
	return (int)(v << 20) >> 20;
}

static int wake_op_holds(int cmp, int old, int arg)
{
	switch (cmp) {
	case FUTEX_OP_CMP_EQ:
		return old == arg;
	case FUTEX_OP_CMP_NE:
		return old != arg;
	case FUTEX_OP_CMP_LT:
		return old < arg;
	case FUTEX_OP_CMP_LE:
		return old <= arg;
	case FUTEX_OP_CMP_GT:
		return old > arg;
	case FUTEX_OP_CMP_GE:
		return old >= arg;
	default:
		return -ENOSYS;
	}
}

/*
 * Change *uaddr2 by the coded operation; what the code's comparison says of its old value, or
 * -errno. Called with bucket locks held, so faults are not resolved: -EFAULT.
 */
static int do_wake_op(u32 code, u32 __user *uaddr2)
{
	int op = (code >> 28) & 7, cmp = (code >> 24) & 15;
	int oparg = sign_extend12((code >> 12) & 0xfff), cmparg = sign_extend12(code & 0xfff);
	int old, err;

	if (code & ((u32)FUTEX_OP_OPARG_SHIFT << 28))
		oparg = (int)(1u << (oparg & 31));
	pagefault_disable();
	err = arch_futex_atomic_op_inuser(op, oparg, &old, uaddr2);
	pagefault_enable();
	return err ? err : wake_op_holds(cmp, old, cmparg);
}

/*
 * Change *uaddr2 by the coded operation; wake nr at uaddr1, and nr2 at uaddr2 if the test holds. As
 * in Linux at least one is woken where one waits.
 */
static int futex_wake_op(u32 __user *uaddr1, u32 __user *uaddr2, bool shared, int nr, int nr2,
			 u32 code)
{
	struct futex_bucket *b1, *b2;
	struct futex_key key1, key2;
	int ret, cond;

	ret = get_futex_key(uaddr1, shared, &key1);
	if (!ret)
		ret = get_futex_key(uaddr2, shared, &key2);
	if (ret)
		return ret;
	b1 = bucket_of(&key1);
	b2 = bucket_of(&key2);
	for (;;) {
		lock_two(b1, b2);
		cond = do_wake_op(code, uaddr2);
		if (cond != -EFAULT)
			break;
		unlock_two(b1, b2);
		if (fault_in_user_writeable(uaddr2))
			return -EFAULT;
	}
	ret = cond;
	if (cond >= 0) {
		ret = wake_key(b1, &key1, max(nr, 1), FUTEX_BITSET_MATCH_ANY);
		if (cond)
			ret += wake_key(b2, &key2, max(nr2, 1), FUTEX_BITSET_MATCH_ANY);
	}
	unlock_two(b1, b2);
	return ret;
}

/* Wake nr waiters of uaddr1, make nr2 others wait on uaddr2. cmpval: *uaddr1 must still hold it. */
static int futex_requeue(u32 __user *uaddr1, u32 __user *uaddr2, bool shared, int nr, int nr2,
			 const u32 *cmpval)
{
	struct futex_bucket *b1, *b2;
	struct futex_key key1, key2;
	struct futex_q *q, *next;
	int ret, moved = 0;
	u32 cur;

	if (nr < 0 || nr2 < 0)
		return -EINVAL;
	ret = get_futex_key(uaddr1, shared, &key1);
	if (!ret)
		ret = get_futex_key(uaddr2, shared, &key2);
	if (ret)
		return ret;
	b1 = bucket_of(&key1);
	b2 = bucket_of(&key2);
	for (;;) {
		lock_two(b1, b2);
		if (!cmpval || !copy_from_user_nofault(&cur, uaddr1, sizeof(cur)))
			break;
		unlock_two(b1, b2);
		if (get_user(cur, uaddr1))
			return -EFAULT;
	}
	if (cmpval && cur != *cmpval) {
		unlock_two(b1, b2);
		return -EAGAIN;
	}
	ret = wake_key(b1, &key1, nr, FUTEX_BITSET_MATCH_ANY);
	list_for_each_entry_safe (q, next, &b1->waiters, list) {
		if (moved >= nr2)
			break;
		if (!same_key(&q->key, &key1))
			continue;
		moved++;
		if (same_key(&key1, &key2))
			continue;
		list_move_tail(&q->list, &b2->waiters);
		q->key = key2;
		WRITE_ONCE(q->bucket, b2);
	}
	unlock_two(b1, b2);
	return ret + moved;
}

/* ---- waiting ----------------------------------------------------------------------------- */

static struct futex_bucket *lock_bucket(struct futex_q *q)
{
	for (;;) {
		struct futex_bucket *bucket = READ_ONCE(q->bucket);

		spin_lock(&bucket->lock);
		if (bucket == q->bucket)
			return bucket;
		spin_unlock(&bucket->lock);
	}
}

/* Queue q if *uaddr == val. 0 with current's state set, else -EAGAIN or -EFAULT. */
static int futex_queue(struct futex_q *q, u32 __user *uaddr, u32 val, bool shared)
{
	u32 cur;
	int ret;

	for (;;) {
		ret = get_futex_key(uaddr, shared, &q->key);
		if (ret)
			return ret;
		q->bucket = bucket_of(&q->key);
		spin_lock(&q->bucket->lock);
		if (!copy_from_user_nofault(&cur, uaddr, sizeof(cur)))
			break;
		spin_unlock(&q->bucket->lock);
		if (get_user(cur, uaddr))
			return -EFAULT;
	}
	if (cur != val) {
		spin_unlock(&q->bucket->lock);
		return -EAGAIN;
	}
	q->woken = false;
	set_current_state(TASK_INTERRUPTIBLE);
	list_add_tail(&q->list, &q->bucket->waiters);
	spin_unlock(&q->bucket->lock);
	return 0;
}

/* Leave the queue; true if somebody had woken us. */
static bool futex_unqueue(struct futex_q *q)
{
	struct futex_bucket *bucket;
	bool woken;

	if (smp_load_acquire(&q->woken))
		return true;
	bucket = lock_bucket(q);
	woken = q->woken;
	if (!woken)
		list_del(&q->list);
	spin_unlock(&bucket->lock);
	return woken;
}

/* end: CLOCK_MONOTONIC ns, KTIME_MAX for ever. 0, -EAGAIN, -ETIMEDOUT, -EFAULT, -ERESTARTSYS. */
static int futex_wait(u32 __user *uaddr, bool shared, u32 val, ktime_t end, u32 bitset)
{
	struct futex_q q = {.task = current, .bitset = bitset};
	ktime_t left = MAX_SCHEDULE_TIMEOUT;
	int ret;

	if (!bitset)
		return -EINVAL;
	for (;;) {
		ret = futex_queue(&q, uaddr, val, shared);
		if (ret)
			return ret;
		if (end != KTIME_MAX)
			left = end - ktime_get();
		if (left > 0 && !READ_ONCE(q.woken))
			left = schedule_timeout(left);
		__set_current_state(TASK_RUNNING);
		if (futex_unqueue(&q))
			return 0;
		if (left <= 0)
			return -ETIMEDOUT;
		if (signal_pending(current))
			return -ERESTARTSYS;
	}
}

static long futex_wait_restart(struct restart_block *restart)
{
	restart->fn = do_no_restart_syscall;
	return futex_wait(restart->futex.uaddr, restart->futex.flags, restart->futex.val,
			  (ktime_t)restart->futex.time, restart->futex.bitset);
}

/* A relative wait that a signal interrupts goes on for the time that is left. */
static long futex_wait_call(u32 __user *uaddr, bool shared, u32 val, ktime_t end, u32 bitset)
{
	struct restart_block *restart = &current->restart_block;
	long ret = futex_wait(uaddr, shared, val, end, bitset);

	if (ret != -ERESTARTSYS || end == KTIME_MAX)
		return ret;
	restart->fn = futex_wait_restart;
	restart->futex.uaddr = uaddr;
	restart->futex.val = val;
	restart->futex.flags = shared;
	restart->futex.time = (u64)end;
	restart->futex.bitset = bitset;
	return -ERESTART_RESTARTBLOCK;
}

/* FUTEX_WAIT has a relative time, the _BITSET form an absolute one of either clock. */
static int futex_end_time(const void __user *utime, bool time32, int cmd, bool realtime,
			  ktime_t *end)
{
	struct timespec64 ts;
	ktime_t t;

	*end = KTIME_MAX;
	if (!utime)
		return 0;
	if (get_user_timespec(&ts, utime, time32))
		return -EFAULT;
	if (!timespec64_valid(&ts))
		return -EINVAL;
	t = timespec64_to_ktime(ts);
	if (cmd == FUTEX_WAIT)
		t = t > KTIME_MAX - ktime_get() ? KTIME_MAX : t + ktime_get();
	else if (realtime)
		t -= ktime_get_real() - ktime_get();
	*end = t;
	return 0;
}

static long do_futex(u32 __user *uaddr, int op, u32 val, const void __user *utime,
		     u32 __user *uaddr2, u32 val3, bool time32)
{
	int cmd = op & FUTEX_CMD_MASK;
	bool shared = !(op & FUTEX_PRIVATE_FLAG), realtime = op & FUTEX_CLOCK_REALTIME;
	int nr2 = (int)(unsigned long)utime; /* the same argument, for those that have no time */
	ktime_t end;
	int err;

	if (realtime && cmd != FUTEX_WAIT_BITSET)
		return -ENOSYS;
	switch (cmd) {
	case FUTEX_WAIT:
		val3 = FUTEX_BITSET_MATCH_ANY;
		fallthrough;
	case FUTEX_WAIT_BITSET:
		err = futex_end_time(utime, time32, cmd, realtime, &end);
		return err ? err : futex_wait_call(uaddr, shared, val, end, val3);
	case FUTEX_WAKE:
		val3 = FUTEX_BITSET_MATCH_ANY;
		fallthrough;
	case FUTEX_WAKE_BITSET:
		return futex_wake(uaddr, shared, (int)val, val3);
	case FUTEX_REQUEUE:
		return futex_requeue(uaddr, uaddr2, shared, (int)val, nr2, NULL);
	case FUTEX_CMP_REQUEUE:
		return futex_requeue(uaddr, uaddr2, shared, (int)val, nr2, &val3);
	case FUTEX_WAKE_OP:
		return futex_wake_op(uaddr, uaddr2, shared, (int)val, nr2, val3);
	default:
		return -ENOSYS;
	}
}

long sys_futex(u32 __user *uaddr, int op, u32 val, const struct timespec64 __user *utime,
	       u32 __user *uaddr2, u32 val3)
{
	return do_futex(uaddr, op, val, utime, uaddr2, val3, false);
}

long sys_futex_time32(u32 __user *uaddr, int op, u32 val, const struct old_timespec32 __user *utime,
		      u32 __user *uaddr2, u32 val3)
{
	return do_futex(uaddr, op, val, utime, uaddr2, val3, true);
}
