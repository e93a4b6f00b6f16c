// SPDX-License-Identifier: MIT
/*
 * arch/x86_64/signal.c - running a signal handler, and coming back from it.
 *
 * get_signal() (kernel/signal.c) chooses the signal; here its frame is built and the user registers
 * are set so that the program continues in the handler. The handler returns to the restorer,
 * which calls rt_sigreturn(2), which puts everything back.
 *
 *	interrupted RSP
 *	  128 bytes		the red zone, not touched
 *	  floating-point state	64-byte aligned; XSAVE image with magic2 behind it
 *	  struct rt_sigframe	ends at a multiple of 16; RSP of the handler is 8 below one
 *
 * A system call that a signal interrupted returns one of the ERESTART codes; here it is decided
 * whether it is run again (the instruction is two bytes long) or ends with EINTR.
 */
#include <pagoda/compiler.h>
#include <pagoda/errno.h>
#include <pagoda/sched.h>
#include <pagoda/signal.h>
#include <pagoda/string.h>
#include <uapi/ucontext.h>
#include <asm/elf.h>
#include <asm/fpu.h>
#include <asm/ptrace.h>
#include <asm/traps.h>
#include <asm/uaccess.h>
#include <syscalls.h>

#define RED_ZONE	   128
#define SYSCALL_INSN_SIZE  2
#define NR_restart_syscall 219

/* The flags a program may set by rt_sigreturn. */
#define FIX_EFLAGS                                                                                 \
	(X86_EFLAGS_AC | X86_EFLAGS_OF | X86_EFLAGS_DF | X86_EFLAGS_TF | X86_EFLAGS_SF |           \
	 X86_EFLAGS_ZF | X86_EFLAGS_AF | X86_EFLAGS_PF | X86_EFLAGS_CF | X86_EFLAGS_RF)

struct rt_sigframe {
	unsigned long pretcode; /* return address of the handler */
	struct ucontext uc;
	siginfo_t info;
};

/* ---- Floating-point state ------------------------------------------------------------------ */

/* Bytes of the state in a frame, magic2 included. */
static unsigned long fp_frame_size(void)
{
	return fpu_xfeatures ? fpu_state_size + sizeof(u32) : fpu_state_size;
}

/* Linux's figure for AT_MINSIGSTKSZ: the largest frame of any ABI, with alignment. */
unsigned long get_sigframe_size(void)
{
	return round_up(928 + fp_frame_size(), 16);
}

static int save_fp_frame(void __user *to)
{
	struct fpu_state *fpu = fpu_sync_current();
	struct fpx_sw_bytes *sw = (struct fpx_sw_bytes *)fpu->sw_reserved;

	memset(sw, 0, sizeof(*sw));
	if (fpu_xfeatures) {
		sw->magic1 = FP_XSTATE_MAGIC1;
		sw->extended_size = fp_frame_size();
		sw->xfeatures = fpu_xfeatures;
		sw->xstate_size = fpu_state_size;
	}
	if (copy_to_user(to, fpu, fpu_state_size))
		return -EFAULT;
	if (fpu_xfeatures && put_user(FP_XSTATE_MAGIC2, (u32 __user *)(to + fpu_state_size)))
		return -EFAULT;
	return 0;
}

/* True when the frame holds a whole XSAVE image and not just the legacy part. */
static bool has_xstate(const struct fpu_state *fpu, const void __user *from)
{
	const struct fpx_sw_bytes *sw = (const struct fpx_sw_bytes *)fpu->sw_reserved;
	u32 magic2;

	return fpu_xfeatures && sw->magic1 == FP_XSTATE_MAGIC1 &&
	       sw->xstate_size == fpu_state_size &&
	       !get_user(magic2, (const u32 __user *)(from + fpu_state_size)) &&
	       magic2 == FP_XSTATE_MAGIC2;
}

static int restore_fp_frame(const void __user *from)
{
	union {
		struct fpu_state fpu;
		u8 bytes[FPU_STATE_MAX];
	} image;
	struct fpu_state *fpu = &image.fpu;

	if (!from) {
		fpu_reset_current();
		return 0;
	}
	memset(&image, 0, sizeof(image));
	if (copy_from_user(fpu, from, FXSAVE_SIZE))
		return -EFAULT;
	if (has_xstate(fpu, from)) {
		if (copy_from_user(image.bytes + FXSAVE_SIZE, from + FXSAVE_SIZE,
				   fpu_state_size - FXSAVE_SIZE))
			return -EFAULT;
	} else if (fpu_xfeatures) {
		fpu->xstate_bv = XFEATURE_MASK_FP | XFEATURE_MASK_SSE;
	}
	return fpu_load_current(fpu) ? 0 : -EINVAL;
}

/* ---- Building the frame ---------------------------------------------------------------------- */

static void save_registers(struct sigcontext *sc, const struct pt_regs *regs)
{
	*sc = (struct sigcontext){
		.r8 = regs->r8,
		.r9 = regs->r9,
		.r10 = regs->r10,
		.r11 = regs->r11,
		.r12 = regs->r12,
		.r13 = regs->r13,
		.r14 = regs->r14,
		.r15 = regs->r15,
		.di = regs->di,
		.si = regs->si,
		.bp = regs->bp,
		.bx = regs->bx,
		.dx = regs->dx,
		.ax = regs->ax,
		.cx = regs->cx,
		.sp = regs->sp,
		.ip = regs->ip,
		.flags = regs->flags,
		.cs = regs->cs,
		.ss = regs->ss,
		.err = current->thread.error_code,
		.trapno = current->thread.trap_nr,
		.cr2 = current->thread.cr2,
	};
}

/* Where the frame goes, and *fp of the state above it; NULL when the altstack is too small. */
static struct rt_sigframe __user *get_sigframe(struct ksignal *ksig, const struct pt_regs *regs,
					       unsigned long *fp)
{
	unsigned long old = regs->sp;
	unsigned long sp = sigsp(old - RED_ZONE, ksig);
	bool on_alt = on_sig_stack(old) || sp != old - RED_ZONE;

	*fp = round_down(sp - fp_frame_size(), 64);
	sp = round_down(*fp - sizeof(struct rt_sigframe), 16) - 8;
	if (on_alt && (sp < current->sas_ss_sp || sp >= current->sas_ss_sp + current->sas_ss_size))
		return NULL;
	return (struct rt_sigframe __user *)sp;
}

static int setup_rt_frame(struct ksignal *ksig, struct pt_regs *regs)
{
	const struct sigaction *sa = &ksig->ka.sa;
	struct rt_sigframe __user *frame;
	struct rt_sigframe k = {};
	unsigned long fp;

	if (!(sa->sa_flags & SA_RESTORER))
		return -EFAULT;
	frame = get_sigframe(ksig, regs, &fp);
	if (!frame || save_fp_frame((void __user *)fp))
		return -EFAULT;

	k.pretcode = (unsigned long)sa->sa_restorer;
	k.uc.uc_flags = UC_SIGCONTEXT_SS | UC_STRICT_RESTORE_SS;
	if (fpu_xfeatures)
		k.uc.uc_flags |= UC_FP_XSTATE;
	save_registers(&k.uc.uc_mcontext, regs);
	k.uc.uc_sigmask = *sigmask_to_save();
	k.uc.uc_mcontext.oldmask = k.uc.uc_sigmask.sig[0];
	k.uc.uc_mcontext.fpstate = fp;
	if (copy_to_user(frame, &k, offsetof(struct rt_sigframe, info)) ||
	    save_altstack(&frame->uc.uc_stack, regs->sp))
		return -EFAULT;
	if ((sa->sa_flags & SA_SIGINFO) && copy_siginfo_to_user(&frame->info, &ksig->info))
		return -EFAULT;

	regs->di = ksig->sig;
	regs->si = (unsigned long)&frame->info;
	regs->dx = (unsigned long)&frame->uc;
	regs->ax = 0;
	regs->ip = (unsigned long)sa->sa_handler;
	regs->sp = (unsigned long)frame;
	regs->cs = __USER_CS;
	regs->ss = __USER_DS;
	return 0;
}

static inline bool in_syscall(const struct pt_regs *regs)
{
	return (long)regs->orig_ax >= 0;
}

/* Runs the interrupted system call again when the program goes on. */
static void restart_syscall(struct pt_regs *regs, unsigned long nr)
{
	regs->ax = nr;
	regs->ip -= SYSCALL_INSN_SIZE;
}

static void handle_signal(struct ksignal *ksig, struct pt_regs *regs)
{
	int failed;

	if (in_syscall(regs)) {
		switch ((long)regs->ax) {
		case -ERESTART_RESTARTBLOCK:
		case -ERESTARTNOHAND:
			regs->ax = -EINTR;
			break;
		case -ERESTARTSYS:
			if (!(ksig->ka.sa.sa_flags & SA_RESTART)) {
				regs->ax = -EINTR;
				break;
			}
			fallthrough;
		case -ERESTARTNOINTR:
			restart_syscall(regs, regs->orig_ax);
			break;
		}
	}
	failed = setup_rt_frame(ksig, regs);
	if (!failed)
		regs->flags &= ~(X86_EFLAGS_DF | X86_EFLAGS_RF | X86_EFLAGS_TF);
	signal_setup_done(failed, ksig, 0);
}

void arch_do_signal_or_restart(struct pt_regs *regs)
{
	struct ksignal ksig;

	if (get_signal(&ksig)) {
		handle_signal(&ksig, regs);
		return;
	}
	if (in_syscall(regs)) {
		switch ((long)regs->ax) {
		case -ERESTARTNOHAND:
		case -ERESTARTSYS:
		case -ERESTARTNOINTR:
			restart_syscall(regs, regs->orig_ax);
			break;
		case -ERESTART_RESTARTBLOCK:
			restart_syscall(regs, NR_restart_syscall);
			break;
		}
	}
	restore_saved_sigmask();
}

/* ---- Coming back ----------------------------------------------------------------------------- */

static void restore_registers(struct pt_regs *regs, const struct sigcontext *sc)
{
	*regs = (struct pt_regs){
		.r8 = sc->r8,
		.r9 = sc->r9,
		.r10 = sc->r10,
		.r11 = sc->r11,
		.r12 = sc->r12,
		.r13 = sc->r13,
		.r14 = sc->r14,
		.r15 = sc->r15,
		.di = sc->di,
		.si = sc->si,
		.bp = sc->bp,
		.bx = sc->bx,
		.dx = sc->dx,
		.ax = sc->ax,
		.cx = sc->cx,
		.sp = sc->sp,
		.ip = sc->ip,
		.flags = (regs->flags & ~FIX_EFLAGS) | (sc->flags & FIX_EFLAGS),
		/* Bad selectors fault in IRET, which is a SIGSEGV; never the kernel's. */
		.cs = sc->cs | 3,
		.ss = sc->ss | 3,
		.orig_ax = -1, /* not to be restarted */
	};
}

long sys_rt_sigreturn(void)
{
	struct pt_regs *regs = current_pt_regs();
	struct rt_sigframe __user *frame = (struct rt_sigframe __user *)(regs->sp - 8);
	struct ucontext uc;

	if (copy_from_user(&uc, &frame->uc, sizeof(uc)))
		goto badframe;
	set_current_blocked(&uc.uc_sigmask);
	current->restart_block.fn = do_no_restart_syscall;
	restore_registers(regs, &uc.uc_mcontext);
	if (restore_fp_frame((const void __user *)uc.uc_mcontext.fpstate))
		goto badframe;
	if (restore_altstack(&frame->uc.uc_stack))
		goto badframe;
	return regs->ax;

badframe:
	force_sig(SIGSEGV);
	return 0;
}
