/* SPDX-License-Identifier: MIT */
/*
 * asm/fpu.h - x87, SSE and AVX state of user programs.
 *
 * The kernel itself uses no such registers. They are saved when a user task is switched
 * away from, and loaded when it comes back unless this CPU's registers hold its state still.
 */
#ifndef _ASM_FPU_H
#define _ASM_FPU_H

#include <pagoda/types.h>

struct task_struct;
struct thread_struct;

#define XFEATURE_MASK_FP   0x1
#define XFEATURE_MASK_SSE  0x2
#define XFEATURE_MASK_YMM  0x4
#define XFEATURE_MASK_PKRU 0x200 /* in signal frames only: thread.pkru keeps it else */
/* What is saved and loaded when tasks change. */
#define XFEATURE_MASK_SWITCHED (XFEATURE_MASK_FP | XFEATURE_MASK_SSE | XFEATURE_MASK_YMM)

#define FXSAVE_SIZE	  512
#define XSAVE_HEADER_SIZE 64
#define FPU_STATE_MAX	  832 /* legacy, header, upper halves of the YMM registers */

#define MXCSR_DEFAULT 0x1f80
#define FCW_DEFAULT   0x37f

/* The memory image of FXSAVE and XSAVE (SDM 1, 10.5 and 13.4). */
struct fpu_state {
	u16 cwd;
	u16 swd;
	u16 twd;
	u16 fop;
	u64 rip;
	u64 rdp;
	u32 mxcsr;
	u32 mxcsr_mask;
	u8 st_space[128];
	u8 xmm_space[256];
	u8 padding[48];
	u8 sw_reserved[48]; /* signal frames: struct fpx_sw_bytes */
	/* with XSAVE only: */
	u64 xstate_bv;
	u64 xcomp_bv;
	u64 header_reserved[6];
	u8 extended[]; /* up to fpu_state_size or fpu_user_size */
} __attribute__((packed, aligned(64)));

extern unsigned int fpu_state_size; /* bytes of a task's image */
extern unsigned int fpu_user_size;  /* bytes of the image in a signal frame */
extern u64 fpu_xfeatures;	    /* XCR0; 0 where there is no XSAVE */

/* Turns the unit on; the boot CPU also finds the size of the image. */
void fpu_init_cpu(void);
/* The slab of images; after kmem_cache_init(). */
void fpu_init(void);

/* An image in the initial state, or NULL. */
struct fpu_state *fpu_alloc(void);
void fpu_free(struct fpu_state *fpu);
/* Child gets the parent's registers; @dst->fpu is allocated. The parent is current. */
void fpu_clone(struct thread_struct *dst, struct thread_struct *src);
/* Registers, PKRU too, and image of current take their initial values (exec). */
void fpu_reset_current(void);
/* The registers alone do, as a signal handler begins; the image follows at the next switch. */
void fpu_clear_registers(void);
/* Called by __switch_to with interrupts off. */
void fpu_switch(struct thread_struct *prev, struct thread_struct *next, unsigned int cpu);
/* Brings current's image up to date with the registers, which stay loaded. */
struct fpu_state *fpu_sync_current(void);
/* The other way, after the image was changed. */
void fpu_reload_current(void);
/* Writes current's registers to user memory, a whole image but for sw_reserved. 0 or -EFAULT. */
int fpu_save_user(struct fpu_state __user *to);
/*
 * Loads current's registers from user memory; @extended: all of an XSAVE image, else its first
 * FXSAVE_SIZE bytes. -EFAULT when it cannot be read or is malformed: the registers are then reset.
 */
int fpu_load_user(const struct fpu_state __user *from, bool extended);
/* Current's registers no longer belong to anyone. */
void fpu_drop(struct thread_struct *thread);

#endif
