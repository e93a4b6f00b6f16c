// SPDX-License-Identifier: MIT
/*
 * arch/x86_64/fpu.c - saving and loading the floating-point and vector registers.
 *
 * XSAVE of x87, SSE and AVX where the CPU has it, else FXSAVE; in signal frames also of PKRU. Eager: a task's
 * registers are saved at every switch away. Loading is left out when the registers of this
 * CPU hold the task's state still: fpu_owner names the image that was loaded last, and
 * thread.fpu_cpu the CPU where it was; both must agree, so that a task that has run elsewhere
 * in the meantime is loaded anew. Nothing here sleeps; kernel code is not preempted, so
 * current's registers stay its own between two calls of schedule().
 */
#include <pagoda/bug.h>
#include <pagoda/errno.h>
#include <pagoda/sched.h>
#include <pagoda/slab.h>
#include <pagoda/string.h>
#include <asm/asm.h>
#include <asm/cpufeature.h>
#include <asm/fpu.h>
#include <asm/pkeys.h>
#include <asm/uaccess.h>

unsigned int fpu_state_size = FXSAVE_SIZE;
unsigned int fpu_user_size = FXSAVE_SIZE;
u64 fpu_xfeatures;

static u32 mxcsr_mask = 0xffbf;
static bool use_xsaveopt;
static struct kmem_cache *fpu_cachep;
/* What a signal handler starts with: with xstate_bv 0 nothing behind the header is read. */
static const struct fpu_state init_fpstate = {.cwd = FCW_DEFAULT, .mxcsr = MXCSR_DEFAULT};
static DEFINE_PER_CPU(struct fpu_state *, fpu_owner);

static inline void xsetbv(u32 index, u64 value)
{
	asm volatile("xsetbv" : : "c"(index), "a"((u32)value), "d"((u32)(value >> 32)));
}

/* Bytes of an image with these features, which XCR0 has from now on. */
static unsigned int __init xstate_size(u64 features)
{
	u32 a, b, c, d;

	xsetbv(0, features);
	cpuid_count(0xd, 0, &a, &b, &c, &d);
	return b;
}

/* Sizes of the images, and the MXCSR bits that exist. */
static void __init find_state_size(void)
{
	static struct fpu_state probe;

	if (fpu_xfeatures) {
		fpu_state_size = xstate_size(fpu_xfeatures & XFEATURE_MASK_SWITCHED);
		fpu_user_size = xstate_size(fpu_xfeatures);
		BUG_ON(fpu_state_size > FPU_STATE_MAX);
		use_xsaveopt = boot_cpu_has(X86_FEATURE_XSAVEOPT);
	}
	asm volatile("fxsaveq %0" : "=m"(probe));
	if (probe.mxcsr_mask)
		mxcsr_mask = probe.mxcsr_mask;
}

void fpu_init_cpu(void)
{
	static bool sized;
	u32 a, b, c, d;

	if (boot_cpu_has(X86_FEATURE_XSAVE)) {
		cpuid_count(0xd, 0, &a, &b, &c, &d);
		fpu_xfeatures = a & XFEATURE_MASK_SWITCHED;
		if (boot_cpu_has(X86_FEATURE_OSPKE))
			fpu_xfeatures |= a & XFEATURE_MASK_PKRU;
		xsetbv(0, fpu_xfeatures);
	}
	asm volatile("fninit");
	if (!sized) {
		sized = true;
		find_state_size();
	}
}

void __init fpu_init(void)
{
	fpu_cachep = kmem_cache_create("fpu_state", fpu_state_size, 64, SLAB_PANIC, NULL);
}

static void init_state(struct fpu_state *fpu)
{
	memset(fpu, 0, fpu_state_size);
	fpu->cwd = FCW_DEFAULT;
	fpu->mxcsr = MXCSR_DEFAULT;
	if (fpu_xfeatures)
		fpu->xstate_bv = XFEATURE_MASK_FP | XFEATURE_MASK_SSE;
}

struct fpu_state *fpu_alloc(void)
{
	struct fpu_state *fpu = kmem_cache_alloc(fpu_cachep, GFP_KERNEL);

	if (fpu)
		init_state(fpu);
	return fpu;
}

void fpu_free(struct fpu_state *fpu)
{
	if (fpu)
		kmem_cache_free(fpu_cachep, fpu);
}

/* Every component is written, also those in their initial state (XSAVEOPT leaves these out). */
static inline void save_full(struct fpu_state *fpu)
{
	if (fpu_xfeatures)
		asm volatile("xsaveq %0"
			     : "+m"(*fpu)
			     : "a"(XFEATURE_MASK_SWITCHED), "d"(0)
			     : "memory");
	else
		asm volatile("fxsaveq %0" : "=m"(*fpu) : : "memory");
}

static inline void save(struct fpu_state *fpu)
{
	if (use_xsaveopt)
		asm volatile("xsaveoptq %0"
			     : "+m"(*fpu)
			     : "a"(XFEATURE_MASK_SWITCHED), "d"(0)
			     : "memory");
	else
		save_full(fpu);
}

static inline void restore(const struct fpu_state *fpu)
{
	if (fpu_xfeatures)
		asm volatile("xrstorq %0"
			     :
			     : "m"(*fpu), "a"(XFEATURE_MASK_SWITCHED), "d"(0)
			     : "memory");
	else
		asm volatile("fxrstorq %0" : : "m"(*fpu) : "memory");
}

void fpu_switch(struct thread_struct *prev, struct thread_struct *next, unsigned int cpu)
{
	if (prev->fpu)
		save(prev->fpu);
	if (!next->fpu || (this_cpu_read(fpu_owner) == next->fpu && next->fpu_cpu == (int)cpu))
		return;
	restore(next->fpu);
	this_cpu_write(fpu_owner, next->fpu);
	next->fpu_cpu = cpu;
}

/* current's registers now hold what its image says, on this CPU and no other. */
static void claim_registers(void)
{
	current->thread.fpu_cpu = current->cpu;
	this_cpu_write(fpu_owner, current->thread.fpu);
}

void fpu_clone(struct thread_struct *dst, struct thread_struct *src)
{
	dst->fpu_cpu = -1;
	if (src->fpu)
		save_full(dst->fpu);
}

void fpu_reset_current(void)
{
	init_state(current->thread.fpu);
	restore(current->thread.fpu);
	claim_registers();
	write_pkru(INIT_PKRU);
}

void fpu_clear_registers(void)
{
	restore(&init_fpstate);
	write_pkru(INIT_PKRU);
}

void fpu_reload_current(void)
{
	restore(current->thread.fpu);
	claim_registers();
}

struct fpu_state *fpu_sync_current(void)
{
	save_full(current->thread.fpu);
	return current->thread.fpu;
}

/*
 * One instruction that saves to or loads from user memory. A page fault of it is resolved like any
 * other, even if that takes a switch to another task: the instruction starts over. What cannot be
 * resolved, and what XRSTOR refuses (#GP), ends in the fixup.
 */
#define user_fpu_insn(insn, image)                                                                 \
	({                                                                                         \
		int __err = 0;                                                                     \
		asm volatile("1: " insn " %1\n"                                                    \
			     "2:\n"                                                                \
			     ".pushsection .text.fixup, \"ax\"\n"                                  \
			     "3: movl %4, %0\n"                                                    \
			     "jmp 2b\n"                                                            \
			     ".popsection\n" _ASM_EXTABLE("1b", "3b")                              \
			     : "+r"(__err), "+m"(*(image))                                         \
			     : "a"(-1), "d"(-1), "i"(-EFAULT)                                      \
			     : "memory");                                                          \
		__err;                                                                             \
	})

int fpu_save_user(struct fpu_state __user *to)
{
	int err;

	if (!user_access_begin(to, fpu_user_size))
		return -EFAULT;
	if (fpu_xfeatures) {
		/* XSAVE writes only its features' bits of the header. */
		unsafe_put_user(0, &to->xstate_bv, fault);
		unsafe_put_user(0, &to->xcomp_bv, fault);
		unsafe_put_user(0, &to->header_reserved[0], fault);
		unsafe_put_user(0, &to->header_reserved[1], fault);
		unsafe_put_user(0, &to->header_reserved[2], fault);
		unsafe_put_user(0, &to->header_reserved[3], fault);
		unsafe_put_user(0, &to->header_reserved[4], fault);
		unsafe_put_user(0, &to->header_reserved[5], fault);
		err = user_fpu_insn("xsaveq", (__force struct fpu_state *)to);
	} else {
		err = user_fpu_insn("fxsaveq", (__force struct fpu_state *)to);
	}
	user_access_end();
	return err;
fault:
	user_access_end();
	return -EFAULT;
}

/* The x87 and SSE part only: AVX and PKRU take the CPU's initial state, which for PKRU is 0. */
static int load_legacy(const struct fpu_state __user *from)
{
	struct fpu_state *fpu = current->thread.fpu;

	init_state(fpu);
	if (copy_from_user(fpu, from, FXSAVE_SIZE))
		return -EFAULT;
	fpu->mxcsr &= mxcsr_mask;
	restore(fpu);
	claim_registers();
	write_pkru(0);
	return 0;
}

int fpu_load_user(const struct fpu_state __user *from, bool extended)
{
	int err;

	if (fpu_xfeatures && !extended) {
		err = load_legacy(from);
	} else {
		if (!user_access_begin(from, fpu_user_size))
			return -EFAULT;
		if (fpu_xfeatures)
			err = user_fpu_insn("xrstorq", (__force struct fpu_state *)from);
		else
			err = user_fpu_insn("fxrstorq", (__force struct fpu_state *)from);
		user_access_end();
	}
	if (err)
		fpu_reset_current(); /* some registers may be loaded, some not */
	return err;
}

void fpu_drop(struct thread_struct *thread)
{
	struct fpu_state *fpu = thread->fpu;

	thread->fpu = NULL;
	thread->fpu_cpu = -1;
	fpu_free(fpu);
}
