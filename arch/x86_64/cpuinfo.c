// SPDX-License-Identifier: MIT
/*
 * arch/x86_64/cpuinfo.c - one CPU as /proc/cpuinfo shows it, in Linux's format.
 */
#include <pagoda/compiler.h>
#include <pagoda/cpumask.h>
#include <asm/apic.h>
#include <asm/cpufeature.h>
#include <asm/tsc.h>

/* Names by word and bit, as Linux spells them; what is missing here is not shown. */
static const char *const cap_names[NCAPINTS * 32] = {
	[0] = "fpu",
	[1] = "vme",
	[2] = "de",
	[3] = "pse",
	[4] = "tsc",
	[5] = "msr",
	[6] = "pae",
	[7] = "mce",
	[8] = "cx8",
	[9] = "apic",
	[11] = "sep",
	[12] = "mtrr",
	[13] = "pge",
	[14] = "mca",
	[15] = "cmov",
	[16] = "pat",
	[17] = "pse36",
	[18] = "pn",
	[19] = "clflush",
	[21] = "dts",
	[22] = "acpi",
	[23] = "mmx",
	[24] = "fxsr",
	[25] = "sse",
	[26] = "sse2",
	[27] = "ss",
	[28] = "ht",
	[29] = "tm",
	[30] = "ia64",
	[31] = "pbe",
	[43] = "syscall",
	[51] = "mp",
	[52] = "nx",
	[54] = "mmxext",
	[57] = "fxsr_opt",
	[58] = "pdpe1gb",
	[59] = "rdtscp",
	[61] = "lm",
	[62] = "3dnowext",
	[63] = "3dnow",
	[64] = "pni",
	[65] = "pclmulqdq",
	[66] = "dtes64",
	[67] = "monitor",
	[68] = "ds_cpl",
	[69] = "vmx",
	[70] = "smx",
	[71] = "est",
	[72] = "tm2",
	[73] = "ssse3",
	[74] = "cid",
	[75] = "sdbg",
	[76] = "fma",
	[77] = "cx16",
	[78] = "xtpr",
	[79] = "pdcm",
	[81] = "pcid",
	[82] = "dca",
	[83] = "sse4_1",
	[84] = "sse4_2",
	[85] = "x2apic",
	[86] = "movbe",
	[87] = "popcnt",
	[88] = "tsc_deadline_timer",
	[89] = "aes",
	[90] = "xsave",
	[92] = "avx",
	[93] = "f16c",
	[94] = "rdrand",
	[95] = "hypervisor",
	[96] = "lahf_lm",
	[97] = "cmp_legacy",
	[98] = "svm",
	[99] = "extapic",
	[100] = "cr8_legacy",
	[101] = "abm",
	[102] = "sse4a",
	[103] = "misalignsse",
	[104] = "3dnowprefetch",
	[105] = "osvw",
	[106] = "ibs",
	[107] = "xop",
	[108] = "skinit",
	[109] = "wdt",
	[112] = "fma4",
	[117] = "tbm",
	[128] = "fsgsbase",
	[131] = "bmi1",
	[133] = "avx2",
	[135] = "smep",
	[136] = "bmi2",
	[137] = "erms",
	[138] = "invpcid",
	[142] = "mpx",
	[144] = "avx512f",
	[145] = "avx512dq",
	[146] = "rdseed",
	[147] = "adx",
	[148] = "smap",
	[149] = "avx512ifma",
	[151] = "clflushopt",
	[152] = "clwb",
	[156] = "avx512cd",
	[157] = "sha_ni",
	[158] = "avx512bw",
	[159] = "avx512vl",
	[162] = "umip",
	[163] = "pku",
	[164] = "ospke",
	[168] = "gfni",
	[169] = "vaes",
	[170] = "vpclmulqdq",
	[176] = "la57",
	[182] = "rdpid",
	[192] = "xsaveopt",
	[193] = "xsavec",
	[194] = "xgetbv1",
	[195] = "xsaves",
};

static void emit_flags(void (*emit)(void *arg, const char *fmt, ...), void *arg)
{
	emit(arg, "flags\t\t:");
	for (unsigned int i = 0; i < NCAPINTS * 32; i++)
		if (boot_cpu_has(i) && cap_names[i])
			emit(arg, " %s", cap_names[i]);
	emit(arg, "\n");
}

void arch_show_cpuinfo(unsigned int cpu, void (*emit)(void *arg, const char *fmt, ...), void *arg)
{
	const struct cpuinfo_x86 *c = &boot_cpu_data;
	unsigned int khz = tsc_khz, cpus = num_online_cpus();

	emit(arg, "processor\t: %u\n", cpu);
	emit(arg, "vendor_id\t: %s\n", c->vendor);
	emit(arg, "cpu family\t: %u\n", c->family);
	emit(arg, "model\t\t: %u\n", c->model);
	emit(arg, "model name\t: %s\n", c->model_name);
	emit(arg, "stepping\t: %u\n", c->stepping);
	emit(arg, "cpu MHz\t\t: %u.%03u\n", khz / 1000, khz % 1000);
	emit(arg, "physical id\t: 0\nsiblings\t: %u\ncore id\t\t: %u\ncpu cores\t: %u\n", cpus, cpu,
	     cpus);
	emit(arg, "apicid\t\t: %u\ninitial apicid\t: %u\n", cpu_to_apicid[cpu], cpu_to_apicid[cpu]);
	emit(arg, "fpu\t\t: yes\nfpu_exception\t: yes\ncpuid level\t: %u\nwp\t\t: yes\n",
	     c->cpuid_level);
	emit_flags(emit, arg);
	emit(arg, "bugs\t\t:\n");
	emit(arg, "bogomips\t: %u.%02u\n", khz / 500, khz / 5 % 100);
	emit(arg, "clflush size\t: %u\ncache_alignment\t: 64\n", c->clflush_size);
	emit(arg, "address sizes\t: %u bits physical, %u bits virtual\n", c->phys_bits,
	     c->virt_bits);
	emit(arg, "power management:\n\n");
}
