/* SPDX-License-Identifier: MIT */
/*
 * attributes.h - short names for compiler attributes, the same in GCC and clang.
 *
 * The address-space marks (__user, __iomem, __percpu) mean something to sparse only
 * (`make check`); to the compiler they are empty.
 */
#ifndef PAGODA_ATTRIBUTES_H
#define PAGODA_ATTRIBUTES_H

/* What sparse checks. */
#ifdef __CHECKER__
#define __user		  __attribute__((noderef, address_space(__user)))
#define __iomem		  __attribute__((noderef, address_space(__iomem)))
#define __percpu	  __attribute__((noderef, address_space(__percpu)))
#define __force		  __attribute__((force))
#define __bitwise	  __attribute__((bitwise))
#define __must_hold(lock) __attribute__((context(lock, 1, 1)))
#define __acquires(lock)  __attribute__((context(lock, 0, 1)))
#define __releases(lock)  __attribute__((context(lock, 1, 0)))
#define __acquire(lock)	  __context__(lock, 1)
#define __release(lock)	  __context__(lock, -1)
#define __cond_lock(l, c)                                                                          \
	((c) ? ({                                                                                  \
		__acquire(l);                                                                      \
		1;                                                                                 \
	})                                                                                         \
	     : 0)
#else
#define __user
#define __iomem
#define __percpu
#define __force
#define __bitwise
#define __must_hold(lock)
#define __acquires(lock)
#define __releases(lock)
#define __acquire(lock)	  (void)0
#define __release(lock)	  (void)0
#define __cond_lock(l, c) (c)
#endif

/* Functions. */
#undef __always_inline
#undef __noreturn
#define __always_inline	      inline __attribute__((always_inline))
#define noinline	      __attribute__((noinline))
#define __noreturn	      __attribute__((noreturn))
#define __must_check	      __attribute__((warn_unused_result))
#define __cold		      __attribute__((cold))
#define __pure		      __attribute__((pure))
#define __attribute_const__   __attribute__((const))
#define __printf(fmt, arg)    __attribute__((format(printf, fmt, arg)))
#define __weak		      __attribute__((weak))
#define __no_sanitize_address __attribute__((no_sanitize_address))
#define __used		      __attribute__((used))

/* Variables, types and parameters. */
#define __packed	__attribute__((packed))
#define __aligned(n)	__attribute__((aligned(n)))
#define __maybe_unused	__attribute__((unused))
#define __may_alias	__attribute__((may_alias))
#define __section(name) __attribute__((section(name)))

/* Code and data that the kernel frees once it has booted; the host keeps them. */
#ifdef PAGODA_HOST
#define __init
#define __initdata
#define __initconst
#else
#define __init	    __section(".init.text") __cold
#define __initdata  __section(".init.data")
#define __initconst __section(".init.rodata")
#endif

/* Statements and expressions. */
#define fallthrough   __attribute__((fallthrough))
#define likely(x)     __builtin_expect(!!(x), 1)
#define unlikely(x)   __builtin_expect(!!(x), 0)
#define unreachable() __builtin_unreachable()

#endif
