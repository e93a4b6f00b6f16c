/* SPDX-License-Identifier: MIT */
/*
 * include/pagoda/cpumask.h - sets of CPUs.
 *
 * One 64-bit word holds every CPU, so that a set is read at once and changed by one locked
 * instruction. cpumask_set_cpu() and cpumask_clear_cpu() are atomic; the forms with two
 * underscores are for sets that nobody else sees.
 */
#ifndef _PAGODA_CPUMASK_H
#define _PAGODA_CPUMASK_H

#include <pagoda/types.h>

#ifndef NR_CPUS
#define NR_CPUS 16
#endif

typedef struct cpumask {
	u64 bits;
} cpumask_t;

#define CPU_MASK_NONE	((cpumask_t){0})
#define CPU_MASK_CPU(n) ((cpumask_t){1ULL << (n)})
#define CPU_MASK_ALL	((cpumask_t){(1ULL << NR_CPUS) - 1})
#define cpumask_of(cpu) (&CPU_MASK_CPU(cpu))

/* The CPUs that the firmware lists and that have per-CPU data; the ones that run. */
extern cpumask_t __cpu_possible_mask;
extern cpumask_t __cpu_online_mask;
#define cpu_possible_mask ((const cpumask_t *)&__cpu_possible_mask)
#define cpu_online_mask	  ((const cpumask_t *)&__cpu_online_mask)

/* One value of the whole set; another CPU may change it right afterwards. */
static inline u64 cpumask_bits(const cpumask_t *mask)
{
	return __atomic_load_n(&mask->bits, __ATOMIC_RELAXED);
}

static inline void cpumask_set_cpu(unsigned int cpu, cpumask_t *mask)
{
	__atomic_fetch_or(&mask->bits, 1ULL << cpu, __ATOMIC_SEQ_CST);
}

static inline void cpumask_clear_cpu(unsigned int cpu, cpumask_t *mask)
{
	__atomic_fetch_and(&mask->bits, ~(1ULL << cpu), __ATOMIC_SEQ_CST);
}

static inline void __cpumask_set_cpu(unsigned int cpu, cpumask_t *mask)
{
	mask->bits |= 1ULL << cpu;
}

static inline void __cpumask_clear_cpu(unsigned int cpu, cpumask_t *mask)
{
	mask->bits &= ~(1ULL << cpu);
}

static inline bool cpumask_test_cpu(unsigned int cpu, const cpumask_t *mask)
{
	return (cpumask_bits(mask) >> cpu) & 1;
}

/* Set or clear, and say whether the bit was set before. */
static inline bool cpumask_test_and_set_cpu(unsigned int cpu, cpumask_t *mask)
{
	u64 bit = 1ULL << cpu;

	return __atomic_fetch_or(&mask->bits, bit, __ATOMIC_SEQ_CST) & bit;
}

static inline bool cpumask_test_and_clear_cpu(unsigned int cpu, cpumask_t *mask)
{
	u64 bit = 1ULL << cpu;

	return __atomic_fetch_and(&mask->bits, ~bit, __ATOMIC_SEQ_CST) & bit;
}

static inline void cpumask_clear(cpumask_t *mask)
{
	mask->bits = 0;
}

static inline void cpumask_setall(cpumask_t *mask)
{
	*mask = CPU_MASK_ALL;
}

static inline void cpumask_copy(cpumask_t *dst, const cpumask_t *src)
{
	dst->bits = cpumask_bits(src);
}

/* dst = a & b, a | b, a & ~b; the first and the last say whether anything is left. */
static inline bool cpumask_and(cpumask_t *dst, const cpumask_t *a, const cpumask_t *b)
{
	dst->bits = cpumask_bits(a) & cpumask_bits(b);
	return dst->bits;
}

static inline void cpumask_or(cpumask_t *dst, const cpumask_t *a, const cpumask_t *b)
{
	dst->bits = cpumask_bits(a) | cpumask_bits(b);
}

static inline bool cpumask_andnot(cpumask_t *dst, const cpumask_t *a, const cpumask_t *b)
{
	dst->bits = cpumask_bits(a) & ~cpumask_bits(b);
	return dst->bits;
}

static inline bool cpumask_equal(const cpumask_t *a, const cpumask_t *b)
{
	return cpumask_bits(a) == cpumask_bits(b);
}

static inline bool cpumask_empty(const cpumask_t *mask)
{
	return !cpumask_bits(mask);
}

static inline bool cpumask_intersects(const cpumask_t *a, const cpumask_t *b)
{
	return cpumask_bits(a) & cpumask_bits(b);
}

static inline bool cpumask_subset(const cpumask_t *a, const cpumask_t *b)
{
	return !(cpumask_bits(a) & ~cpumask_bits(b));
}

/* The population count by halving; POPCNT may be missing. */
static inline unsigned int cpumask_weight(const cpumask_t *mask)
{
	u64 v = cpumask_bits(mask);

	v -= (v >> 1) & 0x5555555555555555ULL;
	v = (v & 0x3333333333333333ULL) + ((v >> 2) & 0x3333333333333333ULL);
	v = (v + (v >> 4)) & 0x0f0f0f0f0f0f0f0fULL;
	return (v * 0x0101010101010101ULL) >> 56;
}

/* The first member after CPU n (n may be -1); NR_CPUS or more when there is none. */
static inline unsigned int cpumask_next(int n, const cpumask_t *mask)
{
	u64 left = n >= 63 ? 0 : cpumask_bits(mask);

	if (n >= 0 && n < 63)
		left &= ~((2ULL << n) - 1);
	return left ? __builtin_ctzll(left) : NR_CPUS;
}

static inline unsigned int cpumask_first(const cpumask_t *mask)
{
	return cpumask_next(-1, mask);
}

static inline unsigned int cpumask_first_and(const cpumask_t *a, const cpumask_t *b)
{
	u64 both = cpumask_bits(a) & cpumask_bits(b);

	return both ? __builtin_ctzll(both) : NR_CPUS;
}

/* Any member other than cpu; NR_CPUS or more when there is none. */
static inline unsigned int cpumask_any_but(const cpumask_t *mask, unsigned int cpu)
{
	u64 others = cpumask_bits(mask) & ~(1ULL << cpu);

	return others ? __builtin_ctzll(others) : NR_CPUS;
}

/* Members that come or go during the loop may be seen or not. */
#define for_each_cpu(cpu, mask)                                                                    \
	for ((cpu) = cpumask_first(mask); (cpu) < NR_CPUS; (cpu) = cpumask_next(cpu, mask))

#define for_each_possible_cpu(cpu) for_each_cpu (cpu, cpu_possible_mask)
#define for_each_online_cpu(cpu)   for_each_cpu (cpu, cpu_online_mask)

#define num_possible_cpus() cpumask_weight(cpu_possible_mask)
#define num_online_cpus()   cpumask_weight(cpu_online_mask)
#define cpu_possible(cpu)   cpumask_test_cpu(cpu, cpu_possible_mask)
#define cpu_online(cpu)	    cpumask_test_cpu(cpu, cpu_online_mask)

static inline void set_cpu_possible(unsigned int cpu, bool possible)
{
	if (possible)
		cpumask_set_cpu(cpu, &__cpu_possible_mask);
	else
		cpumask_clear_cpu(cpu, &__cpu_possible_mask);
}

static inline void set_cpu_online(unsigned int cpu, bool online)
{
	if (online)
		cpumask_set_cpu(cpu, &__cpu_online_mask);
	else
		cpumask_clear_cpu(cpu, &__cpu_online_mask);
}

#endif
