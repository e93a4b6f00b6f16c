/* SPDX-License-Identifier: MIT */
/*
 * uapi/ucontext.h - what a signal handler finds on its stack (x86-64).
 *
 * From the stack pointer up: return address (the restorer), ucontext, siginfo; above that,
 * 64-byte aligned, the floating-point state. Layouts are those of Linux's asm/ucontext.h and
 * asm/sigcontext.h.
 */
#ifndef UAPI_UCONTEXT_H
#define UAPI_UCONTEXT_H

#include <pagoda/types.h>
#include <uapi/signal.h>

#define UC_FP_XSTATE	     0x1 /* the floating-point state is an XSAVE image */
#define UC_SIGCONTEXT_SS     0x2 /* sc.ss is there */
#define UC_STRICT_RESTORE_SS 0x4 /* and will be restored */

struct sigcontext {
	u64 r8, r9, r10, r11, r12, r13, r14, r15;
	u64 di, si, bp, bx, dx, ax, cx, sp, ip;
	u64 flags;
	u16 cs, gs, fs, ss;
	u64 err;
	u64 trapno;
	u64 oldmask;
	u64 cr2;
	u64 fpstate; /* address, 0: none */
	u64 reserved1[8];
};

struct ucontext {
	unsigned long uc_flags;
	struct ucontext *uc_link;
	stack_t uc_stack;
	struct sigcontext uc_mcontext;
	sigset_t uc_sigmask;
};

#define FP_XSTATE_MAGIC1 0x46505853U /* in the legacy area's last bytes */
#define FP_XSTATE_MAGIC2 0x46505845U /* right behind the image */

/* At offset 464 of the floating-point state. */
struct fpx_sw_bytes {
	u32 magic1;
	u32 extended_size; /* image and magic2 */
	u64 xfeatures;
	u32 xstate_size;
	u32 padding[7];
};

#endif
