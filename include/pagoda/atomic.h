/* SPDX-License-Identifier: MIT */
/*
 * atomic.h - atomic counters, exchange, and memory barriers.
 *
 * As in Linux: an operation that returns a value is a full barrier; one that returns nothing
 * orders nothing (set and read included); a failed compare-and-exchange orders nothing.
 */
#ifndef PAGODA_ATOMIC_H
#define PAGODA_ATOMIC_H

#include <pagoda/bug.h>
#include <pagoda/compiler.h>

/* Barriers between CPUs. On x86 only smp_mb() costs an instruction. */
#define smp_mb()		 __atomic_thread_fence(__ATOMIC_SEQ_CST)
#define smp_rmb()		 __atomic_thread_fence(__ATOMIC_ACQUIRE)
#define smp_wmb()		 __atomic_thread_fence(__ATOMIC_RELEASE)
#define smp_mb__before_atomic()	 barrier()
#define smp_mb__after_atomic()	 barrier()
#define smp_load_acquire(p)	 __atomic_load_n(p, __ATOMIC_ACQUIRE)
#define smp_store_release(p, v)	 __atomic_store_n(p, v, __ATOMIC_RELEASE)
#define smp_store_mb(var, value) ((void)xchg(&(var), value))

/* Stores new; returns what was there. */
#define xchg(ptr, new) __atomic_exchange_n(ptr, new, __ATOMIC_SEQ_CST)

/* Stores new if *ptr is old; returns what was there. */
#define cmpxchg(ptr, old, new)                                                                     \
	({                                                                                         \
		typeof(*(ptr)) __old = (old);                                                      \
		__atomic_compare_exchange_n(ptr, &__old, new, false, __ATOMIC_SEQ_CST,             \
					    __ATOMIC_RELAXED);                                     \
		__old;                                                                             \
	})

/* Stores new if *ptr is *oldp and returns true; else puts what is there into *oldp. */
#define try_cmpxchg(ptr, oldp, new)                                                                \
	__atomic_compare_exchange_n(ptr, oldp, new, false, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED)

#define ATOMIC_INIT(i)                                                                             \
	{                                                                                          \
		(i)                                                                                \
	}
#define ATOMIC64_INIT(i)                                                                           \
	{                                                                                          \
		(i)                                                                                \
	}
#define ATOMIC_LONG_INIT(i)                                                                        \
	{                                                                                          \
		(i)                                                                                \
	}

/*
 * The operations of one counter type. Those with "unless" or "not" in their names return whether
 * they changed it.
 */
#define ATOMIC_OPS(name, type)                                                                     \
	static inline type name##_read(const name##_t *v)                                          \
	{                                                                                          \
		return __atomic_load_n(&v->counter, __ATOMIC_RELAXED);                             \
	}                                                                                          \
	static inline void name##_set(name##_t *v, type i)                                         \
	{                                                                                          \
		__atomic_store_n(&v->counter, i, __ATOMIC_RELAXED);                                \
	}                                                                                          \
	static inline type name##_read_acquire(const name##_t *v)                                  \
	{                                                                                          \
		return __atomic_load_n(&v->counter, __ATOMIC_ACQUIRE);                             \
	}                                                                                          \
	static inline void name##_set_release(name##_t *v, type i)                                 \
	{                                                                                          \
		__atomic_store_n(&v->counter, i, __ATOMIC_RELEASE);                                \
	}                                                                                          \
	static inline void name##_add(type i, name##_t *v)                                         \
	{                                                                                          \
		__atomic_fetch_add(&v->counter, i, __ATOMIC_RELAXED);                              \
	}                                                                                          \
	static inline void name##_sub(type i, name##_t *v)                                         \
	{                                                                                          \
		__atomic_fetch_sub(&v->counter, i, __ATOMIC_RELAXED);                              \
	}                                                                                          \
	static inline void name##_inc(name##_t *v)                                                 \
	{                                                                                          \
		name##_add(1, v);                                                                  \
	}                                                                                          \
	static inline void name##_dec(name##_t *v)                                                 \
	{                                                                                          \
		name##_sub(1, v);                                                                  \
	}                                                                                          \
	static inline void name##_and(type i, name##_t *v)                                         \
	{                                                                                          \
		__atomic_fetch_and(&v->counter, i, __ATOMIC_RELAXED);                              \
	}                                                                                          \
	static inline void name##_or(type i, name##_t *v)                                          \
	{                                                                                          \
		__atomic_fetch_or(&v->counter, i, __ATOMIC_RELAXED);                               \
	}                                                                                          \
	static inline type name##_fetch_add(type i, name##_t *v)                                   \
	{                                                                                          \
		return __atomic_fetch_add(&v->counter, i, __ATOMIC_SEQ_CST);                       \
	}                                                                                          \
	static inline type name##_fetch_sub(type i, name##_t *v)                                   \
	{                                                                                          \
		return __atomic_fetch_sub(&v->counter, i, __ATOMIC_SEQ_CST);                       \
	}                                                                                          \
	static inline type name##_fetch_and(type i, name##_t *v)                                   \
	{                                                                                          \
		return __atomic_fetch_and(&v->counter, i, __ATOMIC_SEQ_CST);                       \
	}                                                                                          \
	static inline type name##_fetch_or(type i, name##_t *v)                                    \
	{                                                                                          \
		return __atomic_fetch_or(&v->counter, i, __ATOMIC_SEQ_CST);                        \
	}                                                                                          \
	static inline type name##_add_return(type i, name##_t *v)                                  \
	{                                                                                          \
		return __atomic_add_fetch(&v->counter, i, __ATOMIC_SEQ_CST);                       \
	}                                                                                          \
	static inline type name##_sub_return(type i, name##_t *v)                                  \
	{                                                                                          \
		return __atomic_sub_fetch(&v->counter, i, __ATOMIC_SEQ_CST);                       \
	}                                                                                          \
	static inline type name##_inc_return(name##_t *v)                                          \
	{                                                                                          \
		return name##_add_return(1, v);                                                    \
	}                                                                                          \
	static inline type name##_dec_return(name##_t *v)                                          \
	{                                                                                          \
		return name##_sub_return(1, v);                                                    \
	}                                                                                          \
	static inline bool name##_inc_and_test(name##_t *v)                                        \
	{                                                                                          \
		return name##_add_return(1, v) == 0;                                               \
	}                                                                                          \
	static inline bool name##_dec_and_test(name##_t *v)                                        \
	{                                                                                          \
		return name##_sub_return(1, v) == 0;                                               \
	}                                                                                          \
	static inline bool name##_sub_and_test(type i, name##_t *v)                                \
	{                                                                                          \
		return name##_sub_return(i, v) == 0;                                               \
	}                                                                                          \
	static inline bool name##_add_negative(type i, name##_t *v)                                \
	{                                                                                          \
		return name##_add_return(i, v) < 0;                                                \
	}                                                                                          \
	static inline type name##_xchg(name##_t *v, type new)                                      \
	{                                                                                          \
		return xchg(&v->counter, new);                                                     \
	}                                                                                          \
	static inline type name##_cmpxchg(name##_t *v, type old, type new)                         \
	{                                                                                          \
		return cmpxchg(&v->counter, old, new);                                             \
	}                                                                                          \
	static inline bool name##_try_cmpxchg(name##_t *v, type *old, type new)                    \
	{                                                                                          \
		return try_cmpxchg(&v->counter, old, new);                                         \
	}                                                                                          \
	static inline bool name##_add_unless(name##_t *v, type i, type unless)                     \
	{                                                                                          \
		type old = name##_read(v);                                                         \
                                                                                                   \
		do {                                                                               \
			if (old == unless)                                                         \
				return false;                                                      \
		} while (!name##_try_cmpxchg(v, &old, old + i));                                   \
		return true;                                                                       \
	}                                                                                          \
	static inline bool name##_inc_not_zero(name##_t *v)                                        \
	{                                                                                          \
		return name##_add_unless(v, 1, 0);                                                 \
	}                                                                                          \
	static inline bool name##_inc_unless_negative(name##_t *v)                                 \
	{                                                                                          \
		type old = name##_read(v);                                                         \
                                                                                                   \
		do {                                                                               \
			if (old < 0)                                                               \
				return false;                                                      \
		} while (!name##_try_cmpxchg(v, &old, old + 1));                                   \
		return true;                                                                       \
	}                                                                                          \
	static inline bool name##_dec_unless_positive(name##_t *v)                                 \
	{                                                                                          \
		type old = name##_read(v);                                                         \
                                                                                                   \
		do {                                                                               \
			if (old > 0)                                                               \
				return false;                                                      \
		} while (!name##_try_cmpxchg(v, &old, old - 1));                                   \
		return true;                                                                       \
	}

ATOMIC_OPS(atomic, int)
ATOMIC_OPS(atomic64, s64)
ATOMIC_OPS(atomic_long, long)

/*
 * Reference counts: 0 means that the object is being freed. Checked builds refuse to count up
 * from 0 (use after free) and down from 0 (one put too many).
 */
#define REFCOUNT_INIT(n)                                                                           \
	{                                                                                          \
		ATOMIC_INIT(n)                                                                     \
	}

static inline void refcount_set(refcount_t *r, int n)
{
	atomic_set(&r->refs, n);
}

static inline int refcount_read(const refcount_t *r)
{
	return atomic_read(&r->refs);
}

static inline void refcount_add(int n, refcount_t *r)
{
#ifdef CONFIG_CHECKED
	BUG_ON(atomic_fetch_add(n, &r->refs) <= 0);
#else
	atomic_add(n, &r->refs);
#endif
}

static inline void refcount_inc(refcount_t *r)
{
	refcount_add(1, r);
}

/* Takes a reference unless the last one is gone; returns whether it did. */
static inline bool __must_check refcount_inc_not_zero(refcount_t *r)
{
	return atomic_inc_not_zero(&r->refs);
}

/* Drops n references; true for the caller that dropped the last and must free the object. */
static inline bool __must_check refcount_sub_and_test(int n, refcount_t *r)
{
	int left = atomic_sub_return(n, &r->refs);

	DEBUG_ASSERT(left >= 0);
	return left == 0;
}

static inline bool __must_check refcount_dec_and_test(refcount_t *r)
{
	return refcount_sub_and_test(1, r);
}

/* Drops a reference that is known not to be the last. */
static inline void refcount_dec(refcount_t *r)
{
	bool last = refcount_dec_and_test(r);

	DEBUG_ASSERT(!last);
	(void)last;
}

#endif
