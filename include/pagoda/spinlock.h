/* SPDX-License-Identifier: MIT */
/*
 * spinlock.h - busy-waiting locks, and the order they must be taken in.
 *
 * A spinlock is one word: 0 free, 1 held. The lock is test-and-test-and-set with PAUSE: waiters
 * read until the word looks free, then try. PAUSE matters under an emulator, where one host
 * thread may run all CPUs by turns.
 *
 * A lock that an interrupt handler takes must be taken with interrupts off everywhere
 * (spin_lock_irqsave or spin_lock_irq). No spinlock is held across schedule() or a user copy.
 *
 * Checked builds (CONFIG_CHECKED) remember the owner CPU and the rank of every held lock; taking
 * a lock whose rank is not above the highest held one is a bug (kernel/lockrank.c, docs/locks.md).
 */
#ifndef PAGODA_SPINLOCK_H
#define PAGODA_SPINLOCK_H

#include <pagoda/types.h>
#include <pagoda/compiler.h>
#include <asm/processor.h>
#include <asm/irqflags.h>

/*
 * Ranks, outermost (taken first) to innermost. 0 opts out of the check. Locks of one rank may
 * not nest except through spin_lock_nested(), which says that the caller has an order of its own.
 */
enum lock_rank {
	RANK_NONE = 0,
	/* sleeping locks */
	RANK_CRED_GUARD, /* signal_struct.cred_guard: exec against ptrace-like readers */
	RANK_FILE_POS,	 /* file.f_pos_lock */
	RANK_NAMESPACE,	 /* mount tree */
	RANK_RENAME,	 /* super_block.s_vfs_rename */
	RANK_INODE,	 /* inode.i_rwsem */
	RANK_PIPE,	 /* pipe_inode_info.mutex */
	RANK_TTY,	 /* tty_struct locks */
	RANK_MMAP,	 /* mm_struct.mmap_lock */
	RANK_IPC,	 /* System V objects */
	RANK_I_MMAP,	 /* address_space.i_mmap_lock */
	RANK_PAGE,	 /* PG_locked */
	/* spinlocks */
	RANK_TASKLIST,	  /* tasklist_lock */
	RANK_SIGHAND,	  /* sighand_struct.siglock */
	RANK_TASK,	  /* task_struct.alloc_lock */
	RANK_FILES,	  /* files_struct.file_lock, fs_struct.lock */
	RANK_DCACHE,	  /* dentry locks */
	RANK_MMLIST,	  /* the list of address spaces */
	RANK_PAGE_TABLE,  /* mm_struct.page_table_lock */
	RANK_FUTEX,	  /* futex hash bucket */
	RANK_USERFAULTFD, /* userfaultfd_ctx.lock */
	RANK_PTL,	  /* lock of one PTE table */
	RANK_XARRAY,	  /* page-cache index */
	RANK_WAITQUEUE,	  /* wait_queue_head.lock */
	RANK_PI,	  /* task_struct.pi_lock */
	RANK_RUNQUEUE,	  /* struct rq.lock */
	RANK_TIMER,	  /* hrtimer base */
	RANK_ALLOC,	  /* slab and vmalloc locks */
	RANK_ZONE,	  /* zone locks of the buddy allocator */
	RANK_LEAF,	  /* taken last, takes nothing */
};

typedef struct spinlock {
	u32 locked;
#ifdef CONFIG_CHECKED
	u16 rank;
	s16 cpu; /* holder, -1 when free */
#endif
} spinlock_t;

#ifdef CONFIG_CHECKED
#define __SPIN_LOCK_UNLOCKED_RANK(r)                                                               \
	{                                                                                          \
		.locked = 0, .rank = (r), .cpu = -1                                                \
	}
void lock_acquired(const void *lock, unsigned int rank, bool nested);
void lock_released(const void *lock, unsigned int rank);
bool spinlocks_held(void);
#define SPIN_DEADLOCK_LIMIT (1ULL << 31) /* turns of the loop before it counts as a deadlock */
void spin_deadlock(const spinlock_t *lock) __noreturn;
#else
#define __SPIN_LOCK_UNLOCKED_RANK(r)                                                               \
	{                                                                                          \
		.locked = 0                                                                        \
	}
static inline void lock_acquired(const void *lock, unsigned int rank, bool nested)
{
}
static inline void lock_released(const void *lock, unsigned int rank)
{
}
static inline bool spinlocks_held(void)
{
	return false;
}
#endif

#define __SPIN_LOCK_UNLOCKED(name)    __SPIN_LOCK_UNLOCKED_RANK(RANK_NONE)
#define DEFINE_SPINLOCK(name)	      spinlock_t name = __SPIN_LOCK_UNLOCKED_RANK(RANK_NONE)
#define DEFINE_SPINLOCK_RANK(name, r) spinlock_t name = __SPIN_LOCK_UNLOCKED_RANK(r)

/* Initialise *lock as free, with a rank for the order checker. */
static inline void spin_lock_init_rank(spinlock_t *lock, enum lock_rank rank)
{
	lock->locked = 0;
#ifdef CONFIG_CHECKED
	lock->rank = rank;
	lock->cpu = -1;
#endif
}

static inline void spin_lock_init(spinlock_t *lock)
{
	spin_lock_init_rank(lock, RANK_NONE);
}

static inline unsigned int spin_rank(const spinlock_t *lock)
{
#ifdef CONFIG_CHECKED
	return lock->rank;
#else
	return 0;
#endif
}

static inline bool spin_is_locked(const spinlock_t *lock)
{
	return READ_ONCE(lock->locked) != 0;
}

static inline bool spin_trylock(spinlock_t *lock)
{
	if (__atomic_exchange_n(&lock->locked, 1, __ATOMIC_ACQUIRE))
		return false;
	lock_acquired(lock, spin_rank(lock), true);
	return true;
}

static inline void __spin_acquire(spinlock_t *lock)
{
#ifdef CONFIG_CHECKED
	u64 spins = 0;
#endif
	while (__atomic_exchange_n(&lock->locked, 1, __ATOMIC_ACQUIRE)) {
		while (READ_ONCE(lock->locked)) {
			cpu_relax();
#ifdef CONFIG_CHECKED
			if (++spins > SPIN_DEADLOCK_LIMIT)
				spin_deadlock(lock);
#endif
		}
	}
}

static inline void spin_lock(spinlock_t *lock)
{
	__spin_acquire(lock);
	lock_acquired(lock, spin_rank(lock), false);
}

/* For the second of two locks of one rank; the caller guarantees an order (by address, parent
 * first...). */
static inline void spin_lock_nested(spinlock_t *lock)
{
	__spin_acquire(lock);
	lock_acquired(lock, spin_rank(lock), true);
}

static inline void spin_unlock(spinlock_t *lock)
{
	lock_released(lock, spin_rank(lock));
	__atomic_store_n(&lock->locked, 0, __ATOMIC_RELEASE);
}

static inline void spin_lock_irq(spinlock_t *lock)
{
	local_irq_disable();
	spin_lock(lock);
}

static inline void spin_unlock_irq(spinlock_t *lock)
{
	spin_unlock(lock);
	local_irq_enable();
}

#define spin_lock_irqsave(lock, flags)                                                             \
	do {                                                                                       \
		local_irq_save(flags);                                                             \
		spin_lock(lock);                                                                   \
	} while (0)

#define spin_unlock_irqrestore(lock, flags)                                                        \
	do {                                                                                       \
		spin_unlock(lock);                                                                 \
		local_irq_restore(flags);                                                          \
	} while (0)

#define assert_spin_locked(lock) DEBUG_ASSERT(spin_is_locked(lock))

/*
 * rwlock_t: many readers or one writer, spinning. The word holds the number of readers, or
 * RWLOCK_WRITER. Writers are not favoured: keep read sections short.
 */
#define RWLOCK_WRITER 0x80000000u

typedef struct rwlock {
	u32 word;
} rwlock_t;

#define DEFINE_RWLOCK(name) rwlock_t name = {0}

static inline void rwlock_init(rwlock_t *lock)
{
	lock->word = 0;
}

static inline void read_lock(rwlock_t *lock)
{
	for (;;) {
		u32 old = READ_ONCE(lock->word);

		if (!(old & RWLOCK_WRITER) &&
		    __atomic_compare_exchange_n(&lock->word, &old, old + 1, false, __ATOMIC_ACQUIRE,
						__ATOMIC_RELAXED))
			return;
		cpu_relax();
	}
}

static inline void read_unlock(rwlock_t *lock)
{
	__atomic_sub_fetch(&lock->word, 1, __ATOMIC_RELEASE);
}

static inline void write_lock(rwlock_t *lock)
{
	for (;;) {
		u32 old = 0;

		if (__atomic_compare_exchange_n(&lock->word, &old, RWLOCK_WRITER, false,
						__ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
			return;
		while (READ_ONCE(lock->word))
			cpu_relax();
	}
}

static inline void write_unlock(rwlock_t *lock)
{
	__atomic_store_n(&lock->word, 0, __ATOMIC_RELEASE);
}

#define read_lock_irqsave(lock, flags)                                                             \
	do {                                                                                       \
		local_irq_save(flags);                                                             \
		read_lock(lock);                                                                   \
	} while (0)
#define read_unlock_irqrestore(lock, flags)                                                        \
	do {                                                                                       \
		read_unlock(lock);                                                                 \
		local_irq_restore(flags);                                                          \
	} while (0)
#define write_lock_irq(lock)                                                                       \
	do {                                                                                       \
		local_irq_disable();                                                               \
		write_lock(lock);                                                                  \
	} while (0)
#define write_unlock_irq(lock)                                                                     \
	do {                                                                                       \
		write_unlock(lock);                                                                \
		local_irq_enable();                                                                \
	} while (0)
#define write_lock_irqsave(lock, flags)                                                            \
	do {                                                                                       \
		local_irq_save(flags);                                                             \
		write_lock(lock);                                                                  \
	} while (0)
#define write_unlock_irqrestore(lock, flags)                                                       \
	do {                                                                                       \
		write_unlock(lock);                                                                \
		local_irq_restore(flags);                                                          \
	} while (0)

#endif
