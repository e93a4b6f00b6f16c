// SPDX-License-Identifier: MIT
/*
 * arch/x86_64/ia32/signal.c - signal frames of i386, and coming back from them.
 *
 *	interrupted ESP
 *	  floating-point state	fpu_frame.c
 *	  struct sigframe	a handler without SA_SIGINFO: handler(sig), back by sigreturn(2)
 *	  struct rt_sigframe	with it: handler(sig, info, ucontext), back by rt_sigreturn(2)
 *
 * The handler finds ESP as after a call: 4 below a multiple of 16. It returns to the restorer of its
 * action; one without a restorer returns to code in the frame itself, which runs only on a stack
 * that may be executed (there is no vDSO to offer a better place).
 *
 * Selectors are part of the frame. What a program puts there in place of its own is checked by who
 * loads it: IRET for CS and SS, set_user_selectors() for the rest.
 */
#include <pagoda/compat.h>
#include <pagoda/compiler.h>
#include <pagoda/errno.h>
#include <pagoda/sched.h>
#include <pagoda/signal.h>
#include <pagoda/string.h>
#include <uapi/ucontext.h>
#include <asm/fpu.h>
#include <asm/fpu_frame.h>
#include <asm/ia32.h>
#include <asm/ptrace.h>
#include <asm/uaccess.h>
#include <syscalls.h>

struct sigcontext_32 {
	u16 gs, __gsh;
	u16 fs, __fsh;
	u16 es, __esh;
	u16 ds, __dsh;
	u32 di, si, bp, sp, bx, dx, cx, ax;
	u32 trapno;
	u32 err;
	u32 ip;
	u16 cs, __csh;
	u32 flags;
	u32 sp_at_signal;
	u16 ss, __ssh;
	u32 fpstate; /* address, 0: none */
	u32 oldmask;
	u32 cr2;
};

struct ucontext_ia32 {
	u32 uc_flags;
	u32 uc_link;
	struct compat_sigaltstack uc_stack;
	struct sigcontext_32 uc_mcontext;
	u32 uc_sigmask[2]; /* the low signals first */
};

struct sigframe_ia32 {
	u32 pretcode; /* return address of the handler */
	s32 sig;
	struct sigcontext_32 sc;
	u8 fpstate_unused[FSAVE_HEADER_SIZE + FXSAVE_SIZE];
	u32 extramask; /* signals 33 to 64 */
	u8 retcode[8];
};

struct rt_sigframe_ia32 {
	u32 pretcode;
	s32 sig;
	u32 pinfo;
	u32 puc;
	struct compat_siginfo info;
	struct ucontext_ia32 uc;
	u8 retcode[8];
};

static_assert(sizeof(struct sigcontext_32) == 88);
static_assert(offsetof(struct rt_sigframe_ia32, uc) == 16 + SI_MAX_SIZE);

/* pop %eax; mov $119, %eax; int $0x80 */
static const u8 sigreturn_code[8] = {0x58, 0xb8, 119, 0, 0, 0, 0xcd, 0x80};
/* mov $173, %eax; int $0x80 */
static const u8 rt_sigreturn_code[8] = {0xb8, 173, 0, 0, 0, 0xcd, 0x80, 0};

/* ---- building -------------------------------------------------------------------------------- */

/* Where a frame of @size goes, with the floating-point state at *fp already; NULL: it cannot. */
static void __user *get_sigframe(struct ksignal *ksig, const struct pt_regs *regs, size_t size,
				 u32 *fp)
{
	unsigned long sp = sigsp((u32)regs->sp, ksig);

	sp = round_down(sp - fp_frame_size(), 64) - FSAVE_HEADER_SIZE;
	*fp = sp;
	if (sp > U32_MAX || ia32_save_fp_frame(compat_ptr(sp)))
		return NULL;
	return compat_ptr(((sp - size + 4) & ~15UL) - 4);
}

static void fill_context(struct sigcontext_32 *sc, const struct pt_regs *regs, u32 mask, u32 fp)
{
	struct thread_struct *thread = &current->thread;

	save_selectors(thread);
	*sc = (struct sigcontext_32){
		.gs = thread->gsindex,
		.fs = thread->fsindex,
		.es = thread->es,
		.ds = thread->ds,
		.di = regs->di,
		.si = regs->si,
		.bp = regs->bp,
		.sp = regs->sp,
		.bx = regs->bx,
		.dx = regs->dx,
		.cx = regs->cx,
		.ax = regs->ax,
		.trapno = thread->trap_nr,
		.err = thread->error_code,
		.ip = regs->ip,
		.cs = regs->cs,
		.flags = regs->flags,
		.sp_at_signal = regs->sp,
		.ss = regs->ss,
		.fpstate = fp,
		.oldmask = mask,
		.cr2 = thread->cr2,
	};
}

static u32 restorer_of(const struct ksignal *ksig, void __user *retcode)
{
	if (ksig->ka.sa.sa_flags & SA_RESTORER)
		return (u32)(unsigned long)ksig->ka.sa.sa_restorer;
	return ptr_to_compat(retcode);
}

/* The first three arguments go in registers too, for handlers that were compiled so. */
static void enter_handler(struct ksignal *ksig, struct pt_regs *regs, void __user *frame, u32 dx,
			  u32 cx)
{
	struct thread_struct *thread = &current->thread;

	regs->ax = ksig->sig;
	regs->dx = dx;
	regs->cx = cx;
	regs->r11 = 0; /* never SYSRET, which is for 64-bit code: see entry.S */
	regs->sp = (unsigned long)frame;
	regs->ip = (u32)(unsigned long)ksig->ka.sa.sa_handler;
	regs->cs = __USER32_CS;
	regs->ss = __USER_DS;
	set_user_selectors(__USER_DS, __USER_DS, thread->fsindex, thread->gsindex);
}

int ia32_setup_frame(struct ksignal *ksig, struct pt_regs *regs)
{
	const sigset_t *mask = sigmask_to_save();
	struct sigframe_ia32 __user *frame;
	struct sigframe_ia32 f;
	u32 fp;

	frame = get_sigframe(ksig, regs, sizeof(f), &fp);
	if (!frame)
		return -EFAULT;
	memset(&f, 0, sizeof(f));
	f.pretcode = restorer_of(ksig, frame->retcode);
	f.sig = ksig->sig;
	fill_context(&f.sc, regs, mask->sig[0], fp);
	f.extramask = mask->sig[0] >> 32;
	memcpy(f.retcode, sigreturn_code, sizeof(f.retcode));
	if (copy_to_user(frame, &f, sizeof(f)))
		return -EFAULT;
	enter_handler(ksig, regs, frame, 0, 0);
	return 0;
}

int ia32_setup_rt_frame(struct ksignal *ksig, struct pt_regs *regs)
{
	const sigset_t *mask = sigmask_to_save();
	struct rt_sigframe_ia32 __user *frame;
	struct rt_sigframe_ia32 f;
	u32 fp;

	frame = get_sigframe(ksig, regs, sizeof(f), &fp);
	if (!frame)
		return -EFAULT;
	memset(&f, 0, sizeof(f));
	f.pretcode = restorer_of(ksig, frame->retcode);
	f.sig = ksig->sig;
	f.pinfo = ptr_to_compat(&frame->info);
	f.puc = ptr_to_compat(&frame->uc);
	f.uc.uc_flags = fpu_xfeatures ? UC_FP_XSTATE : 0;
	fill_context(&f.uc.uc_mcontext, regs, mask->sig[0], fp);
	f.uc.uc_sigmask[0] = mask->sig[0];
	f.uc.uc_sigmask[1] = mask->sig[0] >> 32;
	memcpy(f.retcode, rt_sigreturn_code, sizeof(f.retcode));
	if (copy_to_user(frame, &f, sizeof(f)) ||
	    copy_siginfo_to_user32(&frame->info, &ksig->info) ||
	    compat_save_altstack(&frame->uc.uc_stack, regs->sp))
		return -EFAULT;
	enter_handler(ksig, regs, frame, f.pinfo, f.puc);
	return 0;
}

/* ---- coming back ----------------------------------------------------------------------------- */

/* All registers but the floating-point ones. */
static void restore_context(struct pt_regs *regs, const struct sigcontext_32 *sc)
{
	regs->di = sc->di;
	regs->si = sc->si;
	regs->bp = sc->bp;
	regs->sp = sc->sp;
	regs->bx = sc->bx;
	regs->dx = sc->dx;
	regs->cx = sc->cx;
	regs->ax = sc->ax;
	regs->ip = sc->ip;
	regs->cs = sc->cs | 3;
	regs->ss = sc->ss | 3;
	regs->flags = (regs->flags & ~FIX_EFLAGS) | (sc->flags & FIX_EFLAGS);
	regs->orig_ax = -1; /* not to be restarted */
	set_user_selectors(sc->es, sc->ds, sc->fs, sc->gs);
}

static int restore_frame(const struct sigcontext_32 __user *usc, sigset_t mask)
{
	struct sigcontext_32 sc;

	set_current_blocked(&mask);
	current->restart_block.fn = do_no_restart_syscall;
	if (copy_from_user(&sc, usc, sizeof(sc)))
		return -EFAULT;
	restore_context(current_pt_regs(), &sc);
	return ia32_restore_fp_frame(compat_ptr(sc.fpstate));
}

/* The restorer has popped the return address and the signal. */
long compat_sys_sigreturn(void)
{
	struct pt_regs *regs = current_pt_regs();
	struct sigframe_ia32 __user *frame = compat_ptr(regs->sp - 8);
	u32 low, high;

	if (get_user(low, &frame->sc.oldmask) || get_user(high, &frame->extramask) ||
	    restore_frame(&frame->sc, (sigset_t){{compat_u64(low, high)}})) {
		force_sig(SIGSEGV);
		return 0;
	}
	return regs->ax;
}

long compat_sys_rt_sigreturn(void)
{
	struct pt_regs *regs = current_pt_regs();
	struct rt_sigframe_ia32 __user *frame = compat_ptr(regs->sp - 4);
	sigset_t mask;

	if (copy_from_user(&mask, frame->uc.uc_sigmask, sizeof(mask)) ||
	    restore_frame(&frame->uc.uc_mcontext, mask) ||
	    compat_restore_altstack(&frame->uc.uc_stack)) {
		force_sig(SIGSEGV);
		return 0;
	}
	return regs->ax;
}
