/* SPDX-License-Identifier: MIT */
/*
 * asm/elf.h - what exec asks of the machine: ELF identity, auxv values, address layout.
 */
#ifndef _ASM_ELF_H
#define _ASM_ELF_H

#include <pagoda/types.h>
#include <asm/cpufeature.h>
#include <asm/page.h>

#define ELF_ARCH	    62 /* EM_X86_64 */
#define COMPAT_ELF_ARCH	    3  /* EM_386 */
#define ELF_PLATFORM	    "x86_64"
#define COMPAT_ELF_PLATFORM "i686"

#define ELF_HWCAP  (boot_cpu_data.x86_capability[CPUID_1_EDX]) /* AT_HWCAP */
#define ELF_HWCAP2 0

/* Where an ET_DYN program is loaded without randomisation: 2/3 of user memory. */
#define ELF_ET_DYN_BASE	       ((TASK_SIZE_MAX / 3 * 2) & PAGE_MASK)
#define COMPAT_ELF_ET_DYN_BASE (PAGE_ALIGN(IA32_PAGE_OFFSET / 3) + 0x1000000)

/* Bits of randomness, in pages, as vm.mmap_rnd_bits of Linux; and of the stack top, in bytes. */
#define MMAP_RND_BITS	      28
#define MMAP_RND_COMPAT_BITS  8
#define STACK_RND_MASK	      0x3fffffUL /* pages: 16 GiB */
#define STACK_RND_COMPAT_MASK 0x7ffUL	 /* 8 MiB */
#define BRK_RND_SPAN	      0x02000000UL

/* Smallest signal stack that holds a frame of this CPU: AT_MINSIGSTKSZ. */
unsigned long get_sigframe_size(void);

#endif
