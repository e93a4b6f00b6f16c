// SPDX-License-Identifier: MIT
/*
 * tests/model/shims.c - what mm/ and fs/ ask of the rest of the kernel, in groups by the header that
 * declares it.
 *
 * There is one CPU and nothing runs at the same time, so locks are free when they are taken: whoever
 * would have to sleep has found a deadlock. When a link error names a function that mm/ has begun to
 * use, add it here; if no program of the model can come there, one line in absent.c does.
 */
#include <pagoda/cpumask.h>
#include <pagoda/fs.h>
#include <pagoda/interrupt.h>
#include <pagoda/kernel.h>
#include <pagoda/dcache.h>
#include <pagoda/mount.h>
#include <pagoda/panic.h>
#include <pagoda/params.h>
#include <pagoda/pid.h>
#include <pagoda/printk.h>
#include <pagoda/sched.h>
#include <pagoda/signal.h>
#include <pagoda/vmalloc.h>
#include <asm/cpufeature.h>
#include <asm/pgtable.h>
#include <asm/smp.h>
#include "machine.h"

/* libc. */
int vprintf(const char *fmt, va_list args);
int printf(const char *fmt, ...);
int fflush(void *stream);
__noreturn void abort(void);

bool machine_verbose;

/* ---- asm/: the CPU --------------------------------------------------------------------------- */

bool model_irqs_off;
int cpu_number;
unsigned int hardirq_depth;
cpumask_t __cpu_possible_mask = {1}, __cpu_online_mask = {1};
pgd_t swapper_pg_dir[PTRS_PER_PGD];
char init_stack[THREAD_SIZE];
struct task_struct *current_task = &init_task;
struct cpuinfo_x86 boot_cpu_data; /* no features: no protection keys */

void on_each_cpu(smp_call_func_t func, void *info, bool wait)
{
	func(info);
}

/* ---- printk.h, panic.h, bug.h ---------------------------------------------------------------- */

int oops_in_progress;

/* Kernel formats (%pS and the like) are our vsnprintf's affair, which libc's output is not. */
static void put_text(const char *fmt, va_list args)
{
	char text[512];

	vsnprintf(text, sizeof(text), fmt, args);
	printf("%s", text);
}

int printk(const char *fmt, ...)
{
	va_list args;

	if (fmt[0] == KERN_SOH[0])
		fmt += 2;
	if (!machine_verbose && __builtin_strncmp(fmt, "mm_verify", 9))
		return 0;
	va_start(args, fmt);
	put_text(fmt, args);
	va_end(args);
	return 0;
}

void panic(const char *fmt, ...)
{
	va_list args;

	printf("kernel panic: ");
	va_start(args, fmt);
	put_text(fmt, args);
	va_end(args);
	printf("\n");
	fflush(NULL);
	abort();
}

void bug_report(const char *file, int line, const char *cond)
{
	machine_panic("BUG at %s:%d: %s", file, line, cond);
}

unsigned long tainted_mask;

void warn_report(const char *file, int line, const char *cond)
{
	machine_panic("WARNING at %s:%d: %s", file, line, cond);
}

/* ---- params.h -------------------------------------------------------------------------------- */

int randomize_va_space;

bool cmdline_flag(const char *name)
{
	return false;
}

/* ---- sched.h, signal.h, pid.h: nobody else is there ------------------------------------------ */

struct pid init_struct_pid;

void schedule(void)
{
	machine_panic("a task would sleep, but there is nobody to wake it");
}

int wake_up_process(struct task_struct *p)
{
	return 0;
}

int try_to_wake_up(struct task_struct *p, unsigned int state, int wake_flags)
{
	return 0;
}

/* ---- vmalloc.h ------------------------------------------------------------------------------- */

/* Tables larger than the slab's objects are not needed here: an honest refusal. */
void *vmalloc(size_t size)
{
	return NULL;
}

void *vzalloc(size_t size)
{
	return NULL;
}

void vfree(const void *addr)
{
	VM_BUG_ON(addr);
}

bool is_vmalloc_addr(const void *addr)
{
	return false;
}

unsigned long purge_thread_stacks(void)
{
	return 0;
}

/* ---- time ------------------------------------------------------------------------------------ */

ktime_t ktime_get(void)
{
	return 0;
}

ktime_t ktime_get_real(void)
{
	return 0;
}

time64_t ktime_get_real_seconds(void)
{
	return 0;
}

/* ---- fs.h and the parts of fs/ that are not here --------------------------------------------- */

void path_get(const struct path *path)
{
	mntget(path->mnt);
	dget(path->dentry);
}

void path_put(const struct path *path)
{
	dput(path->dentry);
	mntput(path->mnt);
}

void locks_init(void)
{
}

void locks_remove_posix(struct file *file, void *owner)
{
}

void pipe_init(void)
{
}

void anon_inode_init(void)
{
}
