// SPDX-License-Identifier: MIT
/*
 * arch/x86_64/fault.c - page faults: who is to blame, and who can help.
 *
 *	exc_page_fault
 *	  address in the kernel half ......... KERNEL: from user mode MAPERR, else fixup or die
 *	  do_user_addr_fault
 *	    no mm, or faults disabled ........ NOMM: fixup or die
 *	    lock_mm_and_find_vma finds none .. MAPERR: SIGSEGV (FLT-4)
 *	    access_error ..................... ACCERR, or PKUERR by a key: SIGSEGV (FLT-5)
 *	    handle_mm_fault
 *	      done ........................... back to the instruction
 *	      VM_FAULT_RETRY ................. the lock was dropped: again from the start
 *	      VM_FAULT_SIGBUS ................ BUS_ADRERR (FLT-7)
 *	      VM_FAULT_OOM ................... OOM killer if need be, then again (FLT-21)
 *
 * A fault of the kernel on a user address that cannot be resolved goes on at the fixup of the
 * instruction: the system call returns EFAULT or a short count, never a signal (FLT-13).
 *
 * Locks: mmap_lock for reading from lock_mm_and_find_vma() to the end of handle_mm_fault().
 */
#include <pagoda/compiler.h>
#include <pagoda/gfp.h>
#include <pagoda/interrupt.h>
#include <pagoda/mm.h>
#include <pagoda/oom.h>
#include <pagoda/panic.h>
#include <pagoda/printk.h>
#include <pagoda/sched.h>
#include <pagoda/signal.h>
#include <pagoda/vmalloc.h>
#include <asm/cpufeature.h>
#include <asm/extable.h>
#include <asm/pgtable_types.h>
#include <asm/pkeys.h>
#include <asm/processor.h>
#include <asm/ptrace.h>
#include <asm/traps.h>
#include <asm/uaccess.h>

#define OOM_FREE_PAGES 64 /* with more to be had a fault is not out of memory */

static const char *fault_verb(unsigned long error)
{
	if (error & X86_PF_INSTR)
		return "fetch from";
	return error & X86_PF_WRITE ? "write to" : "read of";
}

static __cold void kernel_fault(struct pt_regs *regs, unsigned long error, unsigned long address)
{
	if (fixup_exception(regs))
		return;
	if (address < PAGE_SIZE)
		pr_emerg("BUG: kernel NULL pointer dereference, address: %016lx\n", address);
	else if (is_thread_stack_guard(address))
		pr_emerg("BUG: kernel stack guard page touched, address: %016lx\n", address);
	else
		pr_emerg("BUG: unable to handle %s kernel address %016lx, %s\n", fault_verb(error),
			 address, error & X86_PF_PROT ? "not allowed" : "not present");
	die("page fault", regs, error);
}

/* What the signal frame tells of the fault. */
static void set_fault_info(unsigned long error, unsigned long address)
{
	/* Nothing may be learnt of which kernel addresses exist (FLT-8). */
	if (address >= TASK_SIZE_MAX)
		error |= X86_PF_PROT;
	current->thread.cr2 = address;
	current->thread.error_code = error;
	current->thread.trap_nr = X86_TRAP_PF;
}

/* The program sees the address, the error code and the reason; the kernel goes to its fixup. */
static void bad_area(struct pt_regs *regs, unsigned long error, unsigned long address, int sig,
		     int code)
{
	if (!user_mode(regs)) {
		kernel_fault(regs, error, address);
		return;
	}
	set_fault_info(error, address);
	force_sig_fault(sig, code, (void __user *)address);
}

/* The VMA is there but forbids the access, by its protection or by its key (FLT-5, PKEY-2). */
static void bad_access(struct pt_regs *regs, unsigned long error, unsigned long address, bool by_pk,
		       int pkey)
{
	if (!by_pk || !user_mode(regs)) {
		bad_area(regs, error, address, SIGSEGV, SEGV_ACCERR);
		return;
	}
	set_fault_info(error, address);
	force_sig_pkuerr((void __user *)address, pkey);
}

/* The page's key forbids it, or will once there is a page. */
static inline bool pkey_error(unsigned long error, const struct vm_area_struct *vma)
{
	return unlikely(error & X86_PF_PK) ||
	       !arch_vma_access_permitted(vma, error & X86_PF_WRITE, error & X86_PF_INSTR);
}

/* (FLT-3) True when the VMA does not allow what was tried. */
static inline bool access_error(unsigned long error, const struct vm_area_struct *vma)
{
	if (pkey_error(error, vma))
		return true;
	if (error & X86_PF_WRITE)
		return !(vma->vm_flags & VM_WRITE);
	if (error & X86_PF_PROT)
		return true;
	return !(vma->vm_flags & (VM_READ | VM_WRITE | VM_EXEC));
}

/*
 * The allocator has tried everything, the OOM killer included, but for callers that told it not to.
 * Where memory is to be had again (or a test made the allocation fail) nobody needs to die: the
 * access is just tried again.
 */
static void fault_out_of_memory(void)
{
	if (nr_free_buffer_pages() < OOM_FREE_PAGES)
		out_of_memory(GFP_KERNEL, 0);
}

/* mmap_lock is not held. */
static __cold void fault_failed(struct pt_regs *regs, unsigned long error, unsigned long address,
				vm_fault_t fault)
{
	if (!user_mode(regs)) {
		kernel_fault(regs, error, address);
		return;
	}
	if (fatal_signal_pending(current))
		return;
	if (fault & VM_FAULT_OOM)
		fault_out_of_memory();
	else if (fault & VM_FAULT_SIGBUS)
		bad_area(regs, error, address, SIGBUS, BUS_ADRERR);
	else
		bad_area(regs, error, address, SIGSEGV, SEGV_MAPERR);
}

/* A fault that gave up its locks for a signal: leave, so that the signal can be acted upon. */
static inline bool fault_signal_pending(vm_fault_t fault, const struct pt_regs *regs)
{
	return (fault & VM_FAULT_RETRY) &&
	       (fatal_signal_pending(current) || (user_mode(regs) && signal_pending(current)));
}

/*
 * Faults of the kernel that no VMA can excuse: user pages run as code, user memory touched outside
 * the functions of asm/uaccess.h. Taking mmap_lock for these could deadlock before they are
 * reported.
 */
static bool kernel_misuse(const struct pt_regs *regs, unsigned long error)
{
	if (user_mode(regs))
		return false;
	if (error & (X86_PF_INSTR | X86_PF_RSVD))
		return true;
	if (boot_cpu_has(X86_FEATURE_SMAP))
		return !(regs->flags & X86_EFLAGS_AC);
	return !has_fixup(regs->ip);
}

static void do_user_addr_fault(struct pt_regs *regs, unsigned long error, unsigned long address)
{
	struct mm_struct *mm = current->mm;
	unsigned int flags = FAULT_FLAG_DEFAULT;
	struct vm_area_struct *vma;
	vm_fault_t fault;

	if (unlikely(kernel_misuse(regs, error) || pagefault_disabled() || !mm || in_interrupt())) {
		bad_area(regs, error, address, SIGSEGV, SEGV_MAPERR);
		return;
	}
	if (unlikely(error & X86_PF_RSVD))
		die("corrupted page table", regs, error);
	if (user_mode(regs))
		flags |= FAULT_FLAG_USER;
	if (error & X86_PF_WRITE)
		flags |= FAULT_FLAG_WRITE;
	if (error & X86_PF_INSTR)
		flags |= FAULT_FLAG_INSTRUCTION;
retry:
	vma = lock_mm_and_find_vma(mm, address); /* stop: fault-2 */
	if (unlikely(!vma)) {
		bad_area(regs, error, address, SIGSEGV, SEGV_MAPERR);
		return;
	}
	if (unlikely(access_error(error, vma))) {
		bool by_pk = pkey_error(error, vma);
		int pkey = vma_pkey(vma);

		mmap_read_unlock(mm);
		bad_access(regs, error, address, by_pk, pkey);
		return;
	}
	fault = handle_mm_fault(vma, address, flags);
	if (unlikely(fault & VM_FAULT_RETRY)) {
		if (!fault_signal_pending(fault, regs)) {
			flags |= FAULT_FLAG_TRIED; /* stop: uffd-9 */
			goto retry;
		}
		if (!user_mode(regs))
			kernel_fault(regs, error, address);
		return;
	}
	mmap_read_unlock(mm);
	if (unlikely(fault & VM_FAULT_ERROR))
		fault_failed(regs, error, address, fault);
}

/* From entry.S, interrupts off; the error code stands in orig_ax. */
void exc_page_fault(struct pt_regs *regs)
{
	unsigned long address = read_cr2();
	unsigned long error = regs->orig_ax;

	regs->orig_ax = -1; /* not a system call */
	if (regs->flags & X86_EFLAGS_IF)
		local_irq_enable();
	if (likely(address < TASK_SIZE_MAX)) /* stop: fault-1, cow-2 */
		do_user_addr_fault(regs, error, address);
	else
		bad_area(regs, error, address, SIGSEGV, SEGV_MAPERR);
	local_irq_disable();
}
