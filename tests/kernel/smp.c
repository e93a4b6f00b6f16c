// SPDX-License-Identifier: MIT
/*
 * tests/kernel/smp.c - cross calls, the clock on all CPUs, timers, kernel TLB flushes.
 *
 * Each holds with one CPU too, where it has less to show.
 */
#include <pagoda/gfp.h>
#include <pagoda/hrtimer.h>
#include <pagoda/interrupt.h>
#include <pagoda/kernel.h>
#include <pagoda/ksyms.h>
#include <pagoda/sched.h>
#include <pagoda/smp.h>
#include <pagoda/vmalloc.h>
#include <asm/irqflags.h>
#include <asm/pgtable.h>
#include <asm/tlbflush.h>
#include <asm/tsc.h>
#include "ktest.h"

#define ROUNDS 200

static atomic_t calls;
static cpumask_t called;

static void note_call(void *info)
{
	KTEST_EXPECT(irqs_disabled());
	KTEST_EXPECT(in_interrupt() || info);
	cpumask_set_cpu(smp_processor_id(), &called);
	atomic_inc(&calls);
}

KTEST(smp_call_reaches_all_others)
{
	atomic_set(&calls, 0);
	cpumask_clear(&called);
	for (int i = 0; i < ROUNDS; i++) {
		smp_call_function(note_call, NULL, true);
		KTEST_EXPECT_EQ(atomic_read(&calls), (i + 1) * (num_online_cpus() - 1));
	}
	KTEST_EXPECT(!cpumask_test_cpu(smp_processor_id(), &called));
	KTEST_EXPECT_EQ(cpumask_weight(&called), num_online_cpus() - 1);
}

KTEST(smp_call_without_wait_is_not_lost)
{
	u64 start = sched_clock();
	int expected = ROUNDS * (int)num_online_cpus();

	atomic_set(&calls, 0);
	for (int i = 0; i < ROUNDS; i++)
		on_each_cpu(note_call, &calls, false);
	while (atomic_read(&calls) < expected && sched_clock() - start < NSEC_PER_SEC)
		cpu_relax();
	KTEST_EXPECT_EQ(atomic_read(&calls), expected);
}

KTEST(smp_call_single_takes_online_cpus_only)
{
	unsigned int cpu;

	atomic_set(&calls, 0);
	for_each_online_cpu (cpu)
		KTEST_EXPECT_EQ(smp_call_function_single(cpu, note_call, &calls, true), 0);
	KTEST_EXPECT_EQ(atomic_read(&calls), num_online_cpus());
	KTEST_EXPECT_EQ(smp_call_function_single(NR_CPUS, note_call, NULL, true), -ENXIO);
	KTEST_EXPECT_EQ(smp_call_function_single(-1, note_call, NULL, true), -ENXIO);
}

static void call_quietly(void *unused)
{
	atomic_inc(&calls);
}

/* Requests with and without waiting share a sender's slots. */
KTEST(smp_calls_mix)
{
	atomic_set(&calls, 0);
	for (int i = 0; i < ROUNDS; i++) {
		smp_call_function(call_quietly, NULL, false);
		on_each_cpu(call_quietly, NULL, true);
	}
	KTEST_EXPECT_EQ(atomic_read(&calls), ROUNDS * (2 * (int)num_online_cpus() - 1));
}

static void read_clock(void *time)
{
	*(u64 *)time = sched_clock();
}

KTEST(clock_never_runs_backwards_between_cpus)
{
	u64 before, there, after;
	unsigned int cpu;

	for (int i = 0; i < ROUNDS; i++) {
		for_each_online_cpu (cpu) {
			before = sched_clock();
			smp_call_function_single(cpu, read_clock, &there, true);
			after = sched_clock();
			KTEST_EXPECT(before <= there);
			KTEST_EXPECT(there <= after);
		}
	}
}

KTEST(sleep_lasts_as_long_as_asked)
{
	u64 start = sched_clock(), slept;

	schedule_timeout_uninterruptible(5 * NSEC_PER_MSEC);
	slept = sched_clock() - start;
	KTEST_EXPECT(slept >= 5 * NSEC_PER_MSEC);
	KTEST_EXPECT(slept < 2000 * NSEC_PER_MSEC);
}

/* Reads a kernel address; with the old translation in the TLB it would see the old frame. */
static void read_word(void *arg)
{
	unsigned long *word = arg;

	word[1] = *(volatile unsigned long *)word[0];
}

KTEST(kernel_range_flush_drops_translations_everywhere)
{
	struct page *pages[2] = {alloc_page(GFP_KERNEL), alloc_page(GFP_KERNEL)};
	unsigned long words[2], *at;
	unsigned int cpu;
	pte_t *pte;

	KTEST_ASSERT(pages[0] && pages[1]);
	for (int i = 0; i < 2; i++)
		*(unsigned long *)page_address(pages[i]) = i;
	at = vmap(pages, 1, PAGE_KERNEL);
	KTEST_ASSERT(at);
	pte = lookup_kernel_pte((unsigned long)at);
	for (int i = 0; i < ROUNDS; i++) {
		set_pte(pte, mk_pte(pages[i & 1], PAGE_KERNEL));
		flush_tlb_kernel_range((unsigned long)at, (unsigned long)at + PAGE_SIZE);
		for_each_online_cpu (cpu) {
			words[0] = (unsigned long)at;
			smp_call_function_single(cpu, read_word, words, true);
			KTEST_EXPECT_EQ(words[1], i & 1);
		}
	}
	set_pte(pte, mk_pte(pages[0], PAGE_KERNEL));
	flush_tlb_all();
	vunmap(at);
	__free_page(pages[0]);
	__free_page(pages[1]);
}

KTEST(symbols_by_address_and_name)
{
	unsigned long addr = (unsigned long)flush_tlb_all, offset, size;
	const char *name = ksyms_lookup(addr + 1, &offset, &size);
	char text[64];

	KTEST_ASSERT(name);
	KTEST_EXPECT(!strcmp(name, "flush_tlb_all"));
	KTEST_EXPECT_EQ(offset, 1);
	KTEST_EXPECT_EQ(ksyms_lookup_name("flush_tlb_all"), addr);
	KTEST_EXPECT_EQ(ksyms_lookup_name("no such function"), 0);
	KTEST_EXPECT(!ksyms_lookup(0x1000, &offset, &size));
	snprintf(text, sizeof(text), "%ps", (void *)addr);
	KTEST_EXPECT(!strcmp(text, "flush_tlb_all"));
}
