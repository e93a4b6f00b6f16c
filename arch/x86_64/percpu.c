// SPDX-License-Identifier: MIT
/*
 * arch/x86_64/percpu.c - a copy of the per-CPU data for each CPU.
 *
 * CPU 0 goes on using the template itself, so that pointers into it from before stay right; every
 * other CPU gets a copy of it as it is at this time, which is early enough that only what the boot
 * has set on purpose differs from the initial values.
 */
#include <pagoda/smp.h>
#include <pagoda/kernel.h>
#include <pagoda/memblock.h>
#include <pagoda/panic.h>
#include <pagoda/string.h>
#include <asm/page.h>
#include <asm/percpu.h>

unsigned long __per_cpu_offset[NR_CPUS];
DEFINE_PER_CPU(unsigned long, this_cpu_off);
DEFINE_PER_CPU(int, cpu_number);

/* After acpi_boot_init() has found the CPUs, while memblock gives memory. */
void setup_per_cpu_areas(void)
{
	size_t size = __per_cpu_end - __per_cpu_start;
	unsigned int cpu;

	for_each_possible_cpu (cpu) {
		char *area;

		if (cpu == 0)
			continue;
		area = memblock_alloc(size, PAGE_SIZE);
		if (!area)
			panic("no memory for the data of CPU %u", cpu);
		memcpy(area, __per_cpu_start, size);
		__per_cpu_offset[cpu] = (unsigned long)area - (unsigned long)__per_cpu_start;
		per_cpu(this_cpu_off, cpu) = __per_cpu_offset[cpu];
		per_cpu(cpu_number, cpu) = cpu;
	}
}
