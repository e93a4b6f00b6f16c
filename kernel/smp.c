// SPDX-License-Identifier: MIT
/*
 * kernel/smp.c - running a function on other CPUs, and starting them.
 *
 * Each CPU has a queue of requests. A sender pushes its request, interrupts the CPU if the queue
 * was empty, and may wait until the request is marked done. Requests live in an array of the
 * sending CPU, one for each target, so a sender never allocates; before it uses one again it waits
 * until the last use is over. The kernel is not preempted, so no two tasks of one CPU share the
 * array.
 *
 * A waiting CPU has interrupts enabled and so serves the requests of others; should it have them
 * disabled, it serves its queue by hand. That is what keeps two CPUs that call each other alive.
 */
#include <pagoda/smp.h>
#include <pagoda/bug.h>
#include <pagoda/errno.h>
#include <pagoda/kernel.h>
#include <pagoda/panic.h>
#include <pagoda/params.h>
#include <pagoda/printk.h>
#include <asm/irqflags.h>
#include <asm/processor.h>
#include <asm/smp.h>

cpumask_t __cpu_possible_mask;
cpumask_t __cpu_online_mask;

struct call_single_data {
	struct call_single_data *next;
	smp_call_func_t func;
	void *info;
	bool wait;
	bool busy; /* set by the sender, cleared by the target */
};

struct call_function_data {
	struct call_single_data csd[NR_CPUS];
};

static DEFINE_PER_CPU(struct call_function_data, cfd_data);
static DEFINE_PER_CPU(struct call_single_data *, call_queue);

/* Adds to a CPU's queue; true when it was empty, so that the CPU must be interrupted. */
static bool csd_push(unsigned int cpu, struct call_single_data *csd)
{
	struct call_single_data **queue = &per_cpu(call_queue, cpu);
	struct call_single_data *first = __atomic_load_n(queue, __ATOMIC_RELAXED);

	do {
		csd->next = first;
	} while (!__atomic_compare_exchange_n(queue, &first, csd, false, __ATOMIC_RELEASE,
					      __ATOMIC_RELAXED));
	return !first;
}

/* The whole queue of this CPU, oldest first. */
static struct call_single_data *csd_take_all(void)
{
	struct call_single_data *list, *next, *oldest = NULL;

	list = __atomic_exchange_n(this_cpu_ptr(&call_queue), NULL, __ATOMIC_ACQUIRE);
	for (; list; list = next) {
		next = list->next;
		list->next = oldest;
		oldest = list;
	}
	return oldest;
}

/*
 * Serves what others ask of this CPU. Called from the interrupt, or with interrupts disabled. A
 * request that nobody waits for is given back first: its sender may need the slot.
 */
void generic_smp_call_function_interrupt(void)
{
	struct call_single_data *csd, *next;

	for (csd = csd_take_all(); csd; csd = next) {
		smp_call_func_t func = csd->func;
		void *info = csd->info;

		next = csd->next;
		if (csd->wait) {
			func(info);
			__atomic_store_n(&csd->busy, false, __ATOMIC_RELEASE);
		} else {
			__atomic_store_n(&csd->busy, false, __ATOMIC_RELEASE);
			func(info);
		}
	}
}

static void csd_wait(struct call_single_data *csd)
{
	while (__atomic_load_n(&csd->busy, __ATOMIC_ACQUIRE)) {
		if (irqs_disabled())
			generic_smp_call_function_interrupt();
		cpu_relax();
	}
}

/*
 * Calls func(info) on the CPUs of mask that are online, this one excepted, with interrupts
 * disabled there. With wait, returns when all have finished. Interrupts must be enabled.
 */
void smp_call_function_many(const cpumask_t *mask, smp_call_func_t func, void *info, bool wait)
{
	struct call_function_data *cfd;
	cpumask_t targets, kick = CPU_MASK_NONE;
	unsigned int cpu;

	cpumask_and(&targets, mask, cpu_online_mask);
	__cpumask_clear_cpu(smp_processor_id(), &targets);
	if (cpumask_empty(&targets))
		return;
	WARN_ON_ONCE(irqs_disabled() && !oops_in_progress);

	cfd = this_cpu_ptr(&cfd_data);
	for_each_cpu (cpu, &targets) {
		struct call_single_data *csd = &cfd->csd[cpu];

		csd_wait(csd);
		csd->func = func;
		csd->info = info;
		csd->wait = wait;
		csd->busy = true;
		if (csd_push(cpu, csd))
			__cpumask_set_cpu(cpu, &kick);
	}
	if (!cpumask_empty(&kick))
		arch_send_call_function_ipi_mask(&kick);
	if (!wait)
		return;
	for_each_cpu (cpu, &targets)
		csd_wait(&cfd->csd[cpu]);
}

/* On every other CPU. */
void smp_call_function(smp_call_func_t func, void *info, bool wait)
{
	smp_call_function_many(cpu_online_mask, func, info, wait);
}

static void call_here(smp_call_func_t func, void *info)
{
	unsigned long flags;

	local_irq_save(flags);
	func(info);
	local_irq_restore(flags);
}

/* On one CPU, which may be this one. -ENXIO when it is not online. */
int smp_call_function_single(int cpu, smp_call_func_t func, void *info, bool wait)
{
	if (cpu < 0 || cpu >= NR_CPUS || !cpu_online(cpu))
		return -ENXIO;
	if (cpu == smp_processor_id())
		call_here(func, info);
	else
		smp_call_function_many(cpumask_of(cpu), func, info, wait);
	return 0;
}

/* On the CPUs of mask, this one included when it is in it. */
void on_each_cpu_mask(const cpumask_t *mask, smp_call_func_t func, void *info, bool wait)
{
	smp_call_function_many(mask, func, info, wait);
	if (cpumask_test_cpu(smp_processor_id(), mask))
		call_here(func, info);
}

void on_each_cpu(smp_call_func_t func, void *info, bool wait)
{
	on_each_cpu_mask(cpu_online_mask, func, info, wait);
}

/* Starts the other CPUs, up to maxcpus= of the command line. Called once, in task context. */
void smp_init(void)
{
	unsigned int cpu, limit = (unsigned int)cmdline_option_long("maxcpus", NR_CPUS);
	int err;

	smp_prepare_cpus(limit);
	for_each_possible_cpu (cpu) {
		if (num_online_cpus() >= limit)
			break;
		if (cpu_online(cpu))
			continue;
		err = cpu_up(cpu);
		if (err)
			pr_err("smp: CPU %u does not start: error %d\n", cpu, err);
	}
	pr_info("smp: %u CPUs online\n", num_online_cpus());
}
