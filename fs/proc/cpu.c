// SPDX-License-Identifier: MIT
/*
 * fs/proc/cpu.c - processors and their time: cpuinfo, interrupts, stat, uptime, loadavg.
 */
#include "internal.h"
#include <pagoda/hrtimer.h>
#include <pagoda/interrupt.h>
#include <pagoda/sched_task.h>
#include <asm/cpufeature.h>

/* What machine code prints through. */
static void emit_to_seq(void *m, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	seq_vprintf(m, fmt, args);
	va_end(args);
}

static int interrupts_show(struct seq_file *m, void *v)
{
	show_interrupts(emit_to_seq, m);
	return 0;
}

static int cpuinfo_show(struct seq_file *m, void *v)
{
	unsigned int cpu;

	for_each_online_cpu (cpu)
		arch_show_cpuinfo(cpu, emit_to_seq, m);
	return 0;
}

/* ---- stat -------------------------------------------------------------------------------- */

/* user nice system idle iowait irq softirq steal guest guest_nice, in USER_HZ */
static void put_cpu_times(struct seq_file *m, u64 user, u64 system, u64 idle)
{
	seq_printf(m, " %llu 0 %llu %llu 0 0 0 0 0 0\n", nsec_to_clock_t(user),
		   nsec_to_clock_t(system), nsec_to_clock_t(idle));
}

static void put_all_cpus(struct seq_file *m)
{
	u64 user, system, idle, sum_user = 0, sum_system = 0, sum_idle = 0;
	unsigned int cpu;

	for_each_online_cpu (cpu) {
		get_cpu_times((int)cpu, &user, &system, &idle);
		sum_user += user;
		sum_system += system;
		sum_idle += idle;
	}
	seq_puts(m, "cpu ");
	put_cpu_times(m, sum_user, sum_system, sum_idle);
	for_each_online_cpu (cpu) {
		get_cpu_times((int)cpu, &user, &system, &idle);
		seq_printf(m, "cpu%u", cpu);
		put_cpu_times(m, user, system, idle);
	}
}

static void put_interrupts(struct seq_file *m)
{
	unsigned int cpu;
	u64 sum = 0;

	for_each_online_cpu (cpu)
		sum += kstat_cpu_irqs_sum(cpu);
	seq_put_decimal_ull(m, "intr ", sum);
	for (unsigned int irq = 0; irq < NR_IRQS; irq++)
		seq_put_decimal_ull(m, " ", kstat_irqs(irq));
}

/* Tasks that wait for what cannot be interrupted. */
static unsigned int nr_blocked(void)
{
	struct task_struct *p, *t;
	unsigned int n = 0;

	read_lock(&tasklist_lock);
	for_each_process (p) {
		for_each_thread (p, t)
			n += READ_ONCE(t->__state) == TASK_UNINTERRUPTIBLE;
	}
	read_unlock(&tasklist_lock);
	return n;
}

static int stat_show(struct seq_file *m, void *v)
{
	ktime_t boot = ktime_get_real() - ktime_get();

	put_all_cpus(m);
	put_interrupts(m);
	seq_printf(m,
		   "\nctxt %llu\nbtime %lld\nprocesses %lu\nprocs_running %u\nprocs_blocked %u\n",
		   nr_context_switches(), boot / NSEC_PER_SEC, total_forks, nr_running(),
		   nr_blocked());
	seq_puts(m, "softirq 0 0 0 0 0 0 0 0 0 0 0\n");
	return 0;
}

/* ---- uptime, loadavg --------------------------------------------------------------------- */

/* Seconds with two digits behind the point. */
static void put_seconds(struct seq_file *m, u64 ns, char end)
{
	seq_printf(m, "%llu.%02llu%c", ns / NSEC_PER_SEC, ns % NSEC_PER_SEC / (NSEC_PER_SEC / 100),
		   end);
}

static int uptime_show(struct seq_file *m, void *v)
{
	u64 user, system, idle, sum = 0;
	unsigned int cpu;

	for_each_online_cpu (cpu) {
		get_cpu_times((int)cpu, &user, &system, &idle);
		sum += idle;
	}
	put_seconds(m, ktime_get_ns(), ' ');
	put_seconds(m, sum, '\n');
	return 0;
}

#define LOAD_BITS 11 /* fraction bits of a load average */
#define LOAD_ONE  (1UL << LOAD_BITS)

static int loadavg_show(struct seq_file *m, void *v)
{
	unsigned long loads[3];

	get_avenrun(loads);
	for (int i = 0; i < 3; i++) {
		unsigned long load = loads[i] + LOAD_ONE / 200; /* rounded */

		seq_printf(m, "%lu.%02lu ", load >> LOAD_BITS,
			   (load & (LOAD_ONE - 1)) * 100 >> LOAD_BITS);
	}
	seq_printf(m, "%u/%d %d\n", nr_running(), READ_ONCE(nr_threads), last_pid());
	return 0;
}

void proc_cpu_init(void)
{
	proc_create_single("cpuinfo", 0, NULL, cpuinfo_show);
	proc_create_single("interrupts", 0, NULL, interrupts_show);
	proc_create_single("stat", 0, NULL, stat_show);
	proc_create_single("uptime", 0, NULL, uptime_show);
	proc_create_single("loadavg", 0, NULL, loadavg_show);
}
