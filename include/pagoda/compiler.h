/* SPDX-License-Identifier: MIT */
/*
 * compiler.h - accesses the compiler must not change, and small type-safe helpers.
 */
#ifndef PAGODA_COMPILER_H
#define PAGODA_COMPILER_H

#include <pagoda/types.h>

/* Forbids the compiler, not the CPU, to move memory accesses across it. */
#define barrier() __asm__ __volatile__("" ::: "memory")

/* Exactly one access, never torn, repeated or invented. Orders nothing. */
#define READ_ONCE(x) (*(const volatile typeof(x) *)&(x))
#define WRITE_ONCE(x, val)                                                                         \
	do {                                                                                       \
		*(volatile typeof(x) *)&(x) = (val);                                               \
	} while (0)

/* Compile-time checks. */
#define __static_assert(expr, msg, ...) _Static_assert(expr, msg)
#undef static_assert
#define static_assert(expr, ...) __static_assert(expr, ##__VA_ARGS__, #expr)
#define BUILD_BUG_ON(cond) _Static_assert(!(cond), "BUILD_BUG_ON: " #cond)

#define __same_type(a, b) __builtin_types_compatible_p(typeof(a), typeof(b))

/* True in every integer constant expression, false elsewhere; itself always constant. */
#define __is_constexpr(x) (sizeof(int) == sizeof(*(8 ? ((void *)((long)(x)*0l)) : (int *)8)))

/* Arrays and structs. */
#define ARRAY_SIZE(a)                                                                              \
	(sizeof(a) / sizeof((a)[0]) + 0 * sizeof(char[1 - 2 * __same_type(a, &(a)[0])]))
#define sizeof_field(type, member) sizeof(((type *)0)->member)
#define offsetofend(type, member)  (offsetof(type, member) + sizeof_field(type, member))

/* The struct of that type whose member ptr points to. */
#define container_of(ptr, type, member)                                                            \
	({                                                                                         \
		const void *__mptr = (ptr);                                                        \
		_Static_assert(__same_type(*(ptr), ((type *)0)->member) ||                         \
				       __same_type(*(ptr), void),                                  \
			       "container_of: pointer type does not match the member");            \
		(type *)((char *)__mptr - offsetof(type, member));                                 \
	})

/* Rounding; the _pow2 forms (all but DIV_ROUND_UP, roundup, rounddown) need a power of two. */
#define ALIGN_DOWN(x, a)   ((x) & ~((typeof(x))(a)-1))
#define ALIGN(x, a)	   ALIGN_DOWN((x) + ((typeof(x))(a)-1), a)
#define IS_ALIGNED(x, a)   (((x) & ((typeof(x))(a)-1)) == 0)
#define PTR_ALIGN(p, a)	   ((typeof(p))ALIGN((unsigned long)(p), a))
#define round_up(x, y)	   ((((x)-1) | ((typeof(x))((y)-1))) + 1)
#define round_down(x, y)   ((x) & ~((typeof(x))((y)-1)))
#define DIV_ROUND_UP(n, d) (((n) + (d)-1) / (d))

#define roundup(x, y)                                                                              \
	({                                                                                         \
		typeof(y) __y = (y);                                                               \
		(((x) + (__y - 1)) / __y) * __y;                                                   \
	})
#define rounddown(x, y)                                                                            \
	({                                                                                         \
		typeof(x) __x = (x);                                                               \
		__x - (__x % (y));                                                                 \
	})

/*
 * min() and max() refuse, at compile time, to compare a signed with an unsigned value, unless
 * promotion makes both signed or the signed one is a non-negative constant. min_t() and
 * max_t() convert both sides to a named type.
 */
#define __is_unsigned(x)                                                                           \
	_Generic((x), bool : 1, unsigned char : 1, unsigned short : 1, unsigned int : 1,           \
		 unsigned long : 1, unsigned long long : 1, default : 0)
#define __nonneg_const(x)                                                                          \
	(!__is_unsigned(x) && (long long)__builtin_choose_expr(__is_constexpr(x), (x), -1) >= 0)
#define __comparable(x, y)                                                                         \
	(__is_unsigned(x) == __is_unsigned(y) ||                                                   \
	 __is_unsigned((x) + 0) == __is_unsigned((y) + 0) || __nonneg_const(x) ||                  \
	 __nonneg_const(y))

#define __compare_once(x, op, y, ux, uy)                                                           \
	({                                                                                         \
		_Static_assert(__comparable(x, y), "min/max: one side signed, one unsigned");      \
		__auto_type ux = (x);                                                              \
		__auto_type uy = (y);                                                              \
		ux op uy ? ux : uy;                                                                \
	})
#define __paste3(a, b, c)	   a##b##c
#define __paste(a, b, c)	   __paste3(a, b, c)
#define __UNIQUE_ID(prefix)	   __paste(__unique_, prefix, __COUNTER__)
#define min(x, y)		   __compare_once(x, <, y, __UNIQUE_ID(a), __UNIQUE_ID(b))
#define max(x, y)		   __compare_once(x, >, y, __UNIQUE_ID(a), __UNIQUE_ID(b))
#define min3(x, y, z)		   min(min(x, y), z)
#define max3(x, y, z)		   max(max(x, y), z)
#define min_t(type, x, y)	   min((type)(x), (type)(y))
#define max_t(type, x, y)	   max((type)(x), (type)(y))
#define clamp(val, lo, hi)	   min(max(val, lo), hi)
#define clamp_t(type, val, lo, hi) min_t(type, max_t(type, val, lo), hi)

#define swap(a, b)                                                                                 \
	do {                                                                                       \
		typeof(a) __swap = (a);                                                            \
		(a) = (b);                                                                         \
		(b) = __swap;                                                                      \
	} while (0)

#define abs(x)                                                                                     \
	({                                                                                         \
		typeof(x) __abs = (x);                                                             \
		__abs < 0 ? -__abs : __abs;                                                        \
	})

#define upper_32_bits(n) ((u32)(((u64)(n)) >> 32))
#define lower_32_bits(n) ((u32)(n))

#define __stringify_1(x...) #x
#define __stringify(x...)   __stringify_1(x)

/* Integer limits. */
#define CHAR_BIT   8
#define U8_MAX	   ((u8)~0U)
#define U16_MAX	   ((u16)~0U)
#define U32_MAX	   ((u32)~0U)
#define U64_MAX	   ((u64)~0ULL)
#define S32_MAX	   ((s32)(U32_MAX >> 1))
#define S64_MAX	   ((s64)(U64_MAX >> 1))
#define S64_MIN	   ((s64)(-S64_MAX - 1))
#define INT_MAX	   ((int)(~0U >> 1))
#define INT_MIN	   (-INT_MAX - 1)
#define UINT_MAX   (~0U)
#define LONG_MAX   ((long)(~0UL >> 1))
#define LONG_MIN   (-LONG_MAX - 1)
#define ULONG_MAX  (~0UL)
#define LLONG_MAX  ((long long)(~0ULL >> 1))
#define LLONG_MIN  (-LLONG_MAX - 1)
#define ULLONG_MAX (~0ULL)
#define SSIZE_MAX  LONG_MAX

/* Sum, difference or product into *d; true when it does not fit. */
#define check_add_overflow(a, b, d) __builtin_add_overflow(a, b, d)
#define check_sub_overflow(a, b, d) __builtin_sub_overflow(a, b, d)
#define check_mul_overflow(a, b, d) __builtin_mul_overflow(a, b, d)

#endif
