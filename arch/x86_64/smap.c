// SPDX-License-Identifier: MIT
/*
 * arch/x86_64/smap.c - puts STAC and CLAC where the CPU has SMAP.
 *
 * The kernel is assembled with no-ops in their places (asm/asm.h), as the instructions are
 * undefined on CPUs without SMAP.
 */
#include <pagoda/compiler.h>
#include <pagoda/string.h>
#include <asm/cpufeature.h>
#include <asm/processor.h>
#include <asm/uaccess.h>

#define PATCH_SIZE 3

extern u8 *const __start_smap_stac[], *const __stop_smap_stac[];
extern u8 *const __start_smap_clac[], *const __stop_smap_clac[];

static void __init patch(u8 *const *from, u8 *const *to, const u8 *insn)
{
	for (; from < to; from++)
		memcpy(*from, insn, PATCH_SIZE);
}

void __init apply_smap_patches(void)
{
	static const u8 stac_insn[PATCH_SIZE] = {0x0f, 0x01, 0xcb};
	static const u8 clac_insn[PATCH_SIZE] = {0x0f, 0x01, 0xca};

	if (!boot_cpu_has(X86_FEATURE_SMAP))
		return;
	patch(__start_smap_stac, __stop_smap_stac, stac_insn);
	patch(__start_smap_clac, __stop_smap_clac, clac_insn);
	sync_core();
}
