/* SPDX-License-Identifier: MIT */
/*
 * signal_types.h - signal sets, queued signals and actions, as task_struct embeds them.
 *
 * Functions on them are in <pagoda/signal.h>; numbers and user-visible structures in
 * <uapi/signal.h>.
 */
#ifndef PAGODA_SIGNAL_TYPES_H
#define PAGODA_SIGNAL_TYPES_H

#include <pagoda/types.h>
#include <pagoda/list.h>
#include <uapi/signal.h>

struct k_itimer;
struct signal_struct;

/* uapi/signal.h: sigset_t {unsigned long sig[1]}, struct sigaction, _NSIG 64 */

/* siginfo_t (128 bytes) without what is always zero at its end. */
typedef struct kernel_siginfo {
	__SIGINFO;
} kernel_siginfo_t;

/* One queued signal that carries data. */
struct sigqueue {
	struct list_head list;
	int flags;
	kernel_siginfo_t info;
	struct signal_struct *charged; /* counts it in nr_sigqueued */
	struct k_itimer *timer;	       /* with SIGQUEUE_PREALLOC: whose it is */
};

struct sigpending {
	struct list_head list; /* of struct sigqueue, oldest first */
	sigset_t signal;       /* which signals are pending */
};

#define SIGQUEUE_PREALLOC 1 /* belongs to a timer, which frees it */
#define SIGQUEUE_REARM	  2 /* the timer stands still until this is taken */

struct k_sigaction {
	struct sigaction sa;
};

/* What get_signal() hands to the machine layer for delivery. */
struct ksignal {
	struct k_sigaction ka;
	kernel_siginfo_t info;
	int sig;
};

/* The flags that a program may set, and the kernel's own: the handler is that of a 32-bit call. */
#define SA_UAPI_FLAGS                                                                              \
	(SA_NOCLDSTOP | SA_NOCLDWAIT | SA_SIGINFO | SA_ONSTACK | SA_RESTART | SA_NODEFER |         \
	 SA_RESETHAND | SA_RESTORER)
#define SA_IA32_ABI 0x02000000u

#define sigmask(sig) (1UL << ((sig)-1))

static inline bool sigismember(const sigset_t *set, int sig)
{
	return (set->sig[0] >> (sig - 1)) & 1;
}

static inline void sigaddset(sigset_t *set, int sig)
{
	set->sig[0] |= sigmask(sig);
}

static inline void sigdelset(sigset_t *set, int sig)
{
	set->sig[0] &= ~sigmask(sig);
}

static inline void sigemptyset(sigset_t *set)
{
	set->sig[0] = 0;
}

static inline bool sigisemptyset(const sigset_t *set)
{
	return set->sig[0] == 0;
}

#endif
