/* SPDX-License-Identifier: MIT */
/*
 * asm/ia32.h - what arch/x86_64/ia32/ and segments.c offer to the rest of the machine layer.
 */
#ifndef _ASM_IA32_H
#define _ASM_IA32_H

#include <pagoda/types.h>

struct task_struct;
struct thread_struct;
struct pt_regs;
struct ksignal;
struct user_desc;

/* ---- arch/x86_64/segments.c ------------------------------------------------------------------ */

/*
 * Reads the selectors of the user, which the kernel leaves alone, into @thread. The base that was set
 * by arch_prctl(2) ended when another selector than 0 was loaded.
 */
static inline void save_selectors(struct thread_struct *thread)
{
	asm volatile("movw %%es, %0" : "=m"(thread->es));
	asm volatile("movw %%ds, %0" : "=m"(thread->ds));
	asm volatile("movw %%fs, %0" : "=m"(thread->fsindex));
	asm volatile("movw %%gs, %0" : "=m"(thread->gsindex));
	if (thread->fsindex)
		thread->fsbase = 0;
	if (thread->gsindex)
		thread->gsbase = 0;
}

/* This CPU's TLS descriptors become those of @thread; interrupts off. */
void load_tls(const struct thread_struct *thread);
/* Loads selectors and bases of @thread; its TLS descriptors are loaded. Interrupts off. */
void load_segments(const struct thread_struct *thread);
/* Current's selectors; those that cannot be loaded become 0. */
void set_user_selectors(u16 es, u16 ds, u16 fs, u16 gs);
/* Current's bases, in place of those of the descriptors that its selectors name. */
void set_user_fsbase(unsigned long base);
void set_user_gsbase(unsigned long base);
/* set_thread_area() for @p, current or its child that never ran; idx -1: what the user says. */
int do_set_thread_area(struct task_struct *p, int idx, struct user_desc __user *u_info,
		       bool can_allocate);

/* ---- arch/x86_64/ia32/signal.c --------------------------------------------------------------- */

/* The frames of handlers that were set by a 32-bit call (SA_IA32_ABI). 0 or -EFAULT. */
int ia32_setup_frame(struct ksignal *ksig, struct pt_regs *regs);
int ia32_setup_rt_frame(struct ksignal *ksig, struct pt_regs *regs);

#endif
