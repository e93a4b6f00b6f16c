// SPDX-License-Identifier: MIT
/*
 * arch/x86_64/segments.c - selectors and TLS descriptors of user programs.
 *
 * 64-bit code has no use for DS and ES, and reaches FS and GS by their bases alone: all selectors
 * are 0 then. 32-bit code has __USER_DS in DS and ES, and its TLS is one of three descriptors of the
 * GDT, which it sets by set_thread_area(2) and puts into GS. The kernel itself uses none of the
 * four, so they hold the user's values until the next task is switched to.
 *
 *	selector 0		the base is thread.fsbase or gsbase, in an MSR
 *	selector 1 to 3		no descriptor either, and the base is 0
 *	other			the base is that of the descriptor; loading the selector loads it
 *
 * A selector that cannot be loaded would fault in the kernel, so it is looked at first: it becomes
 * 0. Only set_thread_area() changes descriptors, and it makes none that cannot be loaded.
 */
#include <pagoda/compiler.h>
#include <pagoda/errno.h>
#include <pagoda/sched.h>
#include <pagoda/string.h>
#include <uapi/ldt.h>
#include <asm/desc.h>
#include <asm/ia32.h>
#include <asm/irqflags.h>
#include <asm/msr.h>
#include <asm/processor.h>
#include <asm/uaccess.h>
#include <syscalls.h>

#define GDT_ENTRY_TLS_MAX (GDT_ENTRY_TLS_MIN + GDT_ENTRY_TLS_ENTRIES - 1)

/* ---- loading --------------------------------------------------------------------------------- */

void load_tls(const struct thread_struct *thread)
{
	u64 *gdt = &this_cpu_ptr(&gdt_page)->gdt[GDT_ENTRY_TLS_MIN];

	for (unsigned int i = 0; i < GDT_ENTRY_TLS_ENTRIES; i++)
		gdt[i] = thread->tls_array[i];
}

/* @selector if user code may load it as data, else 0. */
static u16 loadable(const struct thread_struct *thread, u16 selector)
{
	unsigned int tls = (selector >> 3) - GDT_ENTRY_TLS_MIN;

	if (selector <= 3)
		return selector;
	switch (selector | 3) {
	case __USER32_CS:
	case __USER_DS:
	case __USER_CS:
	case __CPUNODE_SEL:
		return selector | 3;
	}
	if (!(selector & 4) && tls < GDT_ENTRY_TLS_ENTRIES && thread->tls_array[tls])
		return selector | 3;
	return 0;
}

/* The kernel's GS base waits in the MSR while the user's selector is loaded. */
static void load_gs_index(u16 selector)
{
	asm volatile("swapgs\n\tmovl %k0, %%gs\n\tswapgs" : : "r"(selector) : "memory");
}

void load_segments(const struct thread_struct *thread)
{
	u16 fs = loadable(thread, thread->fsindex), gs = loadable(thread, thread->gsindex);

	asm volatile("movl %k0, %%es" : : "r"(loadable(thread, thread->es)));
	asm volatile("movl %k0, %%ds" : : "r"(loadable(thread, thread->ds)));
	asm volatile("movl %k0, %%fs" : : "r"(fs));
	load_gs_index(gs);
	if (fs <= 3)
		wrmsrl(MSR_FS_BASE, thread->fsbase);
	if (gs <= 3)
		wrmsrl(MSR_KERNEL_GS_BASE, thread->gsbase);
}

void set_user_selectors(u16 es, u16 ds, u16 fs, u16 gs)
{
	struct thread_struct *thread = &current->thread;
	unsigned long flags;

	local_irq_save(flags);
	save_selectors(thread);
	thread->es = es;
	thread->ds = ds;
	thread->fsindex = fs;
	thread->gsindex = gs;
	load_segments(thread);
	local_irq_restore(flags);
}

void set_user_fsbase(unsigned long base)
{
	asm volatile("movl %k0, %%fs" : : "r"(0));
	current->thread.fsbase = base;
	wrmsrl(MSR_FS_BASE, base);
}

void set_user_gsbase(unsigned long base)
{
	unsigned long flags;

	local_irq_save(flags);
	load_gs_index(0);
	local_irq_restore(flags);
	current->thread.gsbase = base;
	wrmsrl(MSR_KERNEL_GS_BASE, base);
}

/* ---- descriptors ----------------------------------------------------------------------------- */

/* Two ways to say "none": all 0, and the form that old programs use. */
static bool desc_is_empty(const struct user_desc *info)
{
	if (info->base_addr || info->limit || info->contents || info->seg_32bit ||
	    info->limit_in_pages || info->useable)
		return false;
	return info->read_exec_only == info->seg_not_present;
}

/* A 16-bit, code or absent segment could do harm, and serves no TLS. */
static bool tls_desc_okay(const struct user_desc *info)
{
	if (desc_is_empty(info))
		return true;
	return info->seg_32bit && info->contents <= 1 && !info->seg_not_present;
}

/* SDM 3A, figure 3-8; the accessed bit is set, so that the CPU need not write to the GDT. */
static u64 make_desc(const struct user_desc *info)
{
	u64 type = 1 | !info->read_exec_only << 1 | info->contents << 2;

	if (desc_is_empty(info))
		return 0;
	return (info->limit & 0xffff) | (u64)(info->base_addr & 0xffffff) << 16 | type << 40 |
	       7ULL << 44 /* code or data, DPL 3 */ | 1ULL << 47 /* present */ |
	       (u64)(info->limit >> 16 & 0xf) << 48 | (u64)info->useable << 52 |
	       (u64)info->seg_32bit << 54 | (u64)info->limit_in_pages << 55 |
	       (u64)(info->base_addr >> 24) << 56;
}

static void fill_user_desc(struct user_desc *info, int idx, u64 desc)
{
	memset(info, 0, sizeof(*info));
	info->entry_number = idx;
	info->base_addr = (desc >> 16 & 0xffffff) | (desc >> 56) << 24;
	info->limit = (desc & 0xffff) | (desc >> 48 & 0xf) << 16;
	info->seg_32bit = desc >> 54;
	info->contents = desc >> 42;
	info->read_exec_only = !(desc >> 41 & 1);
	info->limit_in_pages = desc >> 55;
	info->seg_not_present = !(desc >> 47 & 1);
	info->useable = desc >> 52;
}

/* A descriptor that a selector of the running task names is in the CPU already: load it again. */
static void refresh_current_segments(void)
{
	struct thread_struct *thread = &current->thread;
	unsigned long flags;

	local_irq_save(flags);
	load_tls(thread);
	save_selectors(thread);
	if (thread->selectors)
		load_segments(thread);
	local_irq_restore(flags);
}

static int free_tls_entry(const struct thread_struct *thread)
{
	for (int i = 0; i < GDT_ENTRY_TLS_ENTRIES; i++)
		if (!thread->tls_array[i])
			return GDT_ENTRY_TLS_MIN + i;
	return -ESRCH;
}

int do_set_thread_area(struct task_struct *p, int idx, struct user_desc __user *u_info,
		       bool can_allocate)
{
	struct user_desc info;

	if (copy_from_user(&info, u_info, sizeof(info)))
		return -EFAULT;
	if (!tls_desc_okay(&info))
		return -EINVAL;
	if (idx == -1)
		idx = info.entry_number;
	if (idx == -1 && can_allocate) {
		idx = free_tls_entry(&p->thread);
		if (idx < 0)
			return idx;
		if (put_user((u32)idx, &u_info->entry_number))
			return -EFAULT;
	}
	if (idx < GDT_ENTRY_TLS_MIN || idx > GDT_ENTRY_TLS_MAX)
		return -EINVAL;
	p->thread.tls_array[idx - GDT_ENTRY_TLS_MIN] = make_desc(&info);
	p->thread.uses_tls = 1;
	if (p == current)
		refresh_current_segments();
	return 0;
}

long sys_set_thread_area(struct user_desc __user *u_info)
{
	return do_set_thread_area(current, -1, u_info, true);
}

long sys_get_thread_area(struct user_desc __user *u_info)
{
	struct user_desc info;
	int idx;

	if (get_user(idx, (int __user *)&u_info->entry_number))
		return -EFAULT;
	if (idx < GDT_ENTRY_TLS_MIN || idx > GDT_ENTRY_TLS_MAX)
		return -EINVAL;
	fill_user_desc(&info, idx, current->thread.tls_array[idx - GDT_ENTRY_TLS_MIN]);
	return copy_to_user(u_info, &info, sizeof(info)) ? -EFAULT : 0;
}
