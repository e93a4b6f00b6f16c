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
#include <asm/compat.h>
#include <asm/fpu.h>
#include <asm/fpu_frame.h>
#include <asm/ia32.h>
#include <asm/ptrace.h>
#include <asm/traps.h>
#include <asm/uaccess.h>

#define RED_ZONE	   128
#define SYSCALL_INSN_SIZE  2
#define NR_restart_syscall 219
#define NR_restart_ia32	   0

struct rt_sigframe {
	unsigned long pretcode; /* return address of the handler */
	struct ucontext uc;
	siginfo_t info;
};

/* ---- Building the frame ---------------------------------------------------------------------- */

/* These three write inside a user_access_begin() of the whole frame. */
static __always_inline int save_registers(struct sigcontext __user *sc, const struct pt_regs *regs,
					  unsigned long mask, unsigned long fpstate)
{
	const struct thread_struct *thread = &current->thread;

	unsafe_put_user(regs->r8, &sc->r8, fault);
	unsafe_put_user(regs->r9, &sc->r9, fault);
	unsafe_put_user(regs->r10, &sc->r10, fault);
	unsafe_put_user(regs->r11, &sc->r11, fault);
	unsafe_put_user(regs->r12, &sc->r12, fault);
	unsafe_put_user(regs->r13, &sc->r13, fault);
	unsafe_put_user(regs->r14, &sc->r14, fault);
	unsafe_put_user(regs->r15, &sc->r15, fault);
	unsafe_put_user(regs->di, &sc->di, fault);
	unsafe_put_user(regs->si, &sc->si, fault);
	unsafe_put_user(regs->bp, &sc->bp, fault);
	unsafe_put_user(regs->bx, &sc->bx, fault);
	unsafe_put_user(regs->dx, &sc->dx, fault);
	unsafe_put_user(regs->ax, &sc->ax, fault);
	unsafe_put_user(regs->cx, &sc->cx, fault);
	unsafe_put_user(regs->sp, &sc->sp, fault);
	unsafe_put_user(regs->ip, &sc->ip, fault);
	unsafe_put_user(regs->flags, &sc->flags, fault);
	/* cs, gs, fs and ss are 16 bits each; the middle two are not kept. */
	unsafe_put_user(regs->cs | regs->ss << 48, (u64 __user *)&sc->cs, fault);
	unsafe_put_user(thread->error_code, &sc->err, fault);
	unsafe_put_user(thread->trap_nr, &sc->trapno, fault);
	unsafe_put_user(mask, &sc->oldmask, fault);
	unsafe_put_user(thread->cr2, &sc->cr2, fault);
	unsafe_put_user(fpstate, &sc->fpstate, fault);
	return 0;
fault:
	return -EFAULT;
}

/* The alternate stack as it was; SS_AUTODISARM takes it away from the handler. */
static __always_inline int save_altstack(stack_t __user *ss)
{
	unsafe_put_user((void *)current->sas_ss_sp, &ss->ss_sp, fault);
	unsafe_put_user((int)current->sas_ss_flags, &ss->ss_flags, fault);
	unsafe_put_user(current->sas_ss_size, &ss->ss_size, fault);
	return 0;
fault:
	return -EFAULT;
}

/* Everything of the ucontext but these. (CMP-34) */
static __always_inline int save_context(struct rt_sigframe __user *frame, struct pt_regs *regs,
					void (*restorer)(void), unsigned long mask)
{
	unsigned long flags = UC_SIGCONTEXT_SS;

	if (user_64bit_mode(regs))
		flags |= UC_STRICT_RESTORE_SS;
	if (fpu_xfeatures)
		flags |= UC_FP_XSTATE;
	unsafe_put_user((unsigned long)restorer, &frame->pretcode, fault);
	unsafe_put_user(flags, &frame->uc.uc_flags, fault);
	unsafe_put_user(NULL, &frame->uc.uc_link, fault);
	unsafe_put_user(mask, &frame->uc.uc_sigmask.sig[0], fault);
	return 0;
fault:
	return -EFAULT;
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
	unsigned long mask = sigmask_to_save()->sig[0];
	unsigned long fp;
	int err;

	if (!(sa->sa_flags & SA_RESTORER))
		return -EFAULT;
	frame = get_sigframe(ksig, regs, &fp);
	if (!frame || save_fp_frame((struct fpu_state __user *)fp) ||
	    !user_access_begin(frame, sizeof(*frame)))
		return -EFAULT;
	err = save_context(frame, regs, sa->sa_restorer, mask) ||
	      save_registers(&frame->uc.uc_mcontext, regs, mask, fp) ||
	      save_altstack(&frame->uc.uc_stack);
	user_access_end();
	if (err)
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

/* The kind of frame goes by the call that has set the handler. */
static int setup_frame(struct ksignal *ksig, struct pt_regs *regs)
{
	unsigned long flags = ksig->ka.sa.sa_flags;

	if (likely(!(flags & SA_IA32_ABI)))
		return setup_rt_frame(ksig, regs);
	return flags & SA_SIGINFO ? ia32_setup_rt_frame(ksig, regs) : ia32_setup_frame(ksig, regs);
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
	failed = setup_frame(ksig, regs);
	if (!failed) {
		regs->flags &= ~(X86_EFLAGS_DF | X86_EFLAGS_RF | X86_EFLAGS_TF);
		fpu_clear_registers(); /* (SIG-18) the handler is not run with odd rounding modes */
	}
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
			restart_syscall(regs,
					in_compat_syscall() ? NR_restart_ia32 : NR_restart_syscall);
			break;
		}
	}
	restore_saved_sigmask();
}

/* ---- Coming back ----------------------------------------------------------------------------- */

/*
 * A frame that does not know of SS (CMP-34) may hold anything there: what is no writable data segment
 * becomes the usual one. LAR gives the high half of a descriptor (SDM 2A), without which it fails.
 */
static void force_valid_ss(struct pt_regs *regs)
{
	bool valid;
	u32 rights;

	asm("lar %2, %0" : "=r"(rights), "=@ccz"(valid) : "r"((u32)regs->ss));
	/* present, DPL 3, no system segment, data, writable; accessed and expand-down do not matter */
	if (!valid || (rights & 0xfa00) != 0xf200)
		regs->ss = __USER_DS;
}

/*
 * The registers of the frame, and *fpstate, the address of its floating-point state. Bad selectors
 * and addresses fault in IRET, which is a SIGSEGV; never in the kernel. Reads inside a
 * user_access_begin() of the whole frame.
 */
static __always_inline long restore_registers(struct pt_regs *regs,
					      const struct sigcontext __user *sc, u64 *fpstate)
{
	u64 flags, selectors;
	long err = 0;

	unsafe_get_user_err(regs->r8, &sc->r8, err);
	unsafe_get_user_err(regs->r9, &sc->r9, err);
	unsafe_get_user_err(regs->r10, &sc->r10, err);
	unsafe_get_user_err(regs->r11, &sc->r11, err);
	unsafe_get_user_err(regs->r12, &sc->r12, err);
	unsafe_get_user_err(regs->r13, &sc->r13, err);
	unsafe_get_user_err(regs->r14, &sc->r14, err);
	unsafe_get_user_err(regs->r15, &sc->r15, err);
	unsafe_get_user_err(regs->di, &sc->di, err);
	unsafe_get_user_err(regs->si, &sc->si, err);
	unsafe_get_user_err(regs->bp, &sc->bp, err);
	unsafe_get_user_err(regs->bx, &sc->bx, err);
	unsafe_get_user_err(regs->dx, &sc->dx, err);
	unsafe_get_user_err(regs->ax, &sc->ax, err);
	unsafe_get_user_err(regs->cx, &sc->cx, err);
	unsafe_get_user_err(regs->sp, &sc->sp, err);
	unsafe_get_user_err(regs->ip, &sc->ip, err);
	unsafe_get_user_err(flags, &sc->flags, err);
	unsafe_get_user_err(selectors, (const u64 __user *)&sc->cs, err);
	unsafe_get_user_err(*fpstate, &sc->fpstate, err);
	regs->flags = (regs->flags & ~FIX_EFLAGS) | (flags & FIX_EFLAGS);
	regs->cs = (selectors & 0xffff) | 3;
	regs->ss = (selectors >> 48) | 3;
	regs->orig_ax = -1; /* not to be restarted */
	return err;
}

void do_rt_sigreturn(struct pt_regs *regs)
{
	struct rt_sigframe __user *frame = (struct rt_sigframe __user *)(regs->sp - 8);
	sigset_t mask;
	unsigned long uc_flags;
	u64 fpstate;
	long err = 0;
	int flags;

	if (!user_access_begin(frame, sizeof(*frame)))
		goto badframe;
	unsafe_get_user_err(mask.sig[0], &frame->uc.uc_sigmask.sig[0], err);
	unsafe_get_user_err(uc_flags, &frame->uc.uc_flags, err);
	unsafe_get_user_err(flags, &frame->uc.uc_stack.ss_flags, err);
	err |= restore_registers(regs, &frame->uc.uc_mcontext, &fpstate);
	user_access_end();
	if (err)
		goto badframe;
	if (!(uc_flags & UC_STRICT_RESTORE_SS) && user_64bit_mode(regs))
		force_valid_ss(regs);
	set_current_blocked(&mask);
	current->restart_block.fn = do_no_restart_syscall;
	if (restore_fp_frame((const struct fpu_state __user *)fpstate))
		goto badframe;
	if (flags == SS_DISABLE && !current->sas_ss_size)
		return; /* no alternate stack before, and none now */
	if (restore_altstack(&frame->uc.uc_stack))
		goto badframe;
	return;

badframe:
	force_sig(SIGSEGV);
}
