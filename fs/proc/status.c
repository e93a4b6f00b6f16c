// SPDX-License-Identifier: MIT
/*
 * fs/proc/status.c - /proc/PID/status: a task in words.
 *
 * Lines and their order are those of Linux 6.1; those of features that do not exist here (NUMA
 * nodes, seccomp) are absent, as they are there when the feature is configured out.
 */
#include "internal.h"
#include <pagoda/cred.h>
#include <pagoda/fdtable.h>
#include <pagoda/fs_struct.h>
#include <pagoda/mm.h>
#include <pagoda/signal.h>

/* ---- who ----------------------------------------------------------------------------------- */

static int task_umask(struct task_struct *task)
{
	int umask = -1;

	task_lock(task);
	if (task->fs)
		umask = task->fs->umask;
	task_unlock(task);
	return umask;
}

static unsigned int task_fdsize(struct task_struct *task)
{
	unsigned int size = 0;

	task_lock(task);
	if (task->files)
		size = READ_ONCE(task->files->fdt->max_fds);
	task_unlock(task);
	return size;
}

static void put_ids(struct seq_file *m, const char *label, u32 a, u32 b, u32 c, u32 d)
{
	seq_printf(m, "%s:\t%u\t%u\t%u\t%u\n", label, a, b, c, d);
}

static void task_identity(struct seq_file *m, struct task_struct *task)
{
	const struct cred *cred = get_task_cred(task);
	int umask = task_umask(task);
	pid_t ppid = 0, pgid = 0, sid = 0;

	read_lock(&tasklist_lock);
	if (pid_alive(task)) {
		ppid = task_tgid_nr(task->real_parent);
		pgid = pid_nr(task_pgrp(task));
		sid = pid_nr(task_session(task));
	}
	read_unlock(&tasklist_lock);
	if (umask >= 0)
		seq_printf(m, "Umask:\t%#04o\n", umask);
	seq_printf(m, "State:\t%s\nTgid:\t%d\nNgid:\t0\nPid:\t%d\nPPid:\t%d\nTracerPid:\t0\n",
		   task_state_name(task), task->tgid, task->pid, ppid);
	put_ids(m, "Uid", cred->uid, cred->euid, cred->suid, cred->fsuid);
	put_ids(m, "Gid", cred->gid, cred->egid, cred->sgid, cred->fsgid);
	seq_printf(m, "FDSize:\t%u\nGroups:\t", task_fdsize(task));
	for (int g = 0; g < cred->group_info->ngroups; g++)
		seq_printf(m, g ? " %u" : "%u", cred->group_info->gid[g]);
	seq_putc(m, ' '); /* of old; programs expect it */
	seq_printf(m, "\nNStgid:\t%d\nNSpid:\t%d\nNSpgid:\t%d\nNSsid:\t%d\n", task->tgid, task->pid,
		   pgid, sid);
	put_cred(cred);
}

/* ---- memory: fork.md, STS-1 to STS-7 ------------------------------------------------------- */

static void put_kb(struct seq_file *m, const char *label, u64 kb)
{
	seq_printf(m, "%s:\t%8llu kB\n", label, kb);
}

#define PAGES_TO_KB(pages) ((u64)(pages) << (PAGE_SHIFT - 10))

static void task_memory(struct seq_file *m, struct mm_struct *mm)
{
	unsigned long rss[NR_MM_COUNTERS], anon, file, shmem, total_rss, text, exe;

	get_mm_counters(mm, rss);
	anon = rss[MM_ANONPAGES];
	file = rss[MM_FILEPAGES];
	shmem = rss[MM_SHMEMPAGES];
	total_rss = anon + file + shmem;
	text = (PAGE_ALIGN(mm->end_code) - (mm->start_code & PAGE_MASK)) >> PAGE_SHIFT;
	exe = min(text, mm->exec_vm);
	put_kb(m, "VmPeak", PAGES_TO_KB(get_mm_hiwater_vm(mm)));
	put_kb(m, "VmSize", PAGES_TO_KB(mm->total_vm));
	put_kb(m, "VmLck", PAGES_TO_KB(mm->locked_vm));
	put_kb(m, "VmPin", PAGES_TO_KB(mm->pinned_vm));
	put_kb(m, "VmHWM", PAGES_TO_KB(max(mm->hiwater_rss, total_rss)));
	put_kb(m, "VmRSS", PAGES_TO_KB(total_rss));
	put_kb(m, "RssAnon", PAGES_TO_KB(anon));
	put_kb(m, "RssFile", PAGES_TO_KB(file));
	put_kb(m, "RssShmem", PAGES_TO_KB(shmem));
	put_kb(m, "VmData", PAGES_TO_KB(mm->data_vm));
	put_kb(m, "VmStk", PAGES_TO_KB(mm->stack_vm));
	put_kb(m, "VmExe", PAGES_TO_KB(exe));
	put_kb(m, "VmLib", PAGES_TO_KB(mm->exec_vm - exe));
	put_kb(m, "VmPTE", mm_pgtables_bytes(mm) >> 10);
	put_kb(m, "VmSwap", PAGES_TO_KB(rss[MM_SWAPENTS]));
	seq_puts(m, "CoreDumping:\t0\nTHP_enabled:\t0\n");
}

/* ---- signals, capabilities, processors ----------------------------------------------------- */

static void put_mask(struct seq_file *m, const char *label, u64 mask)
{
	seq_printf(m, "%s:\t%016llx\n", label, mask);
}

static void task_signals(struct seq_file *m, struct task_struct *task)
{
	u64 pending = 0, shared = 0, blocked = 0, ignored = 0, caught = 0;
	unsigned int queued = 0;
	unsigned long limit = 0, flags;
	int threads = 0;

	read_lock(&tasklist_lock);
	if (task->sighand) {
		spin_lock_irqsave(&task->sighand->siglock, flags);
		pending = task->pending.signal.sig[0];
		shared = task->signal->shared_pending.signal.sig[0];
		blocked = task->blocked.sig[0];
		for (int sig = 1; sig <= _NSIG; sig++) {
			__sighandler_t h = task->sighand->action[sig - 1].sa.sa_handler;

			ignored |= h == SIG_IGN ? sigmask(sig) : 0;
			caught |= h != SIG_IGN && h != SIG_DFL ? sigmask(sig) : 0;
		}
		spin_unlock_irqrestore(&task->sighand->siglock, flags);
		threads = task->signal->nr_threads;
		queued = (unsigned int)atomic_read(&task->signal->nr_sigqueued);
		limit = task->signal->rlim[RLIMIT_SIGPENDING].rlim_cur;
	}
	read_unlock(&tasklist_lock);
	seq_printf(m, "Threads:\t%d\nSigQ:\t%u/%lu\n", threads, queued, limit);
	put_mask(m, "SigPnd", pending);
	put_mask(m, "ShdPnd", shared);
	put_mask(m, "SigBlk", blocked);
	put_mask(m, "SigIgn", ignored);
	put_mask(m, "SigCgt", caught);
}

static void task_caps(struct seq_file *m, struct task_struct *task)
{
	const struct cred *cred = get_task_cred(task);

	put_mask(m, "CapInh", cred->cap_inheritable);
	put_mask(m, "CapPrm", cred->cap_permitted);
	put_mask(m, "CapEff", cred->cap_effective);
	put_mask(m, "CapBnd", cred->cap_bset);
	put_mask(m, "CapAmb", cred->cap_ambient);
	put_cred(cred);
}

/* As hexadecimal mask over the CPUs there may be, and as list of ranges. */
static void task_cpus_allowed(struct seq_file *m, struct task_struct *task)
{
	unsigned int mask = 0, highest = 0, cpu;
	const char *comma = "";

	for_each_possible_cpu (cpu) {
		highest = cpu;
		if (cpumask_test_cpu(cpu, &task->cpus_mask))
			mask |= 1u << cpu;
	}
	seq_printf(m, "Cpus_allowed:\t%0*x\nCpus_allowed_list:\t", (int)highest / 4 + 1, mask);
	for (cpu = 0; mask >> cpu; cpu++) {
		unsigned int first = cpu;

		if (!(mask >> cpu & 1))
			continue;
		while (mask >> (cpu + 1) & 1)
			cpu++;
		seq_printf(m, first == cpu ? "%s%u" : "%s%u-%u", comma, first, cpu);
		comma = ",";
	}
	seq_putc(m, '\n');
}

int proc_pid_status(struct seq_file *m, struct task_struct *task)
{
	struct mm_struct *mm = get_task_mm(task);

	seq_puts(m, "Name:\t");
	proc_task_name(m, task, true);
	seq_putc(m, '\n');
	task_identity(m, task);
	if (mm) {
		task_memory(m, mm);
		mmput(mm);
	}
	task_signals(m, task);
	task_caps(m, task);
	seq_printf(m, "NoNewPrivs:\t%d\n", task->no_new_privs);
	seq_puts(m, "Speculation_Store_Bypass:\tunknown\n"
		    "SpeculationIndirectBranch:\tunsupported\n");
	task_cpus_allowed(m, task);
	seq_printf(m, "voluntary_ctxt_switches:\t%lu\nnonvoluntary_ctxt_switches:\t%lu\n",
		   task->nvcsw, task->nivcsw);
	return 0;
}
