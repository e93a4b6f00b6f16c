// SPDX-License-Identifier: MIT
/*
 * arch/x86_64/fpu_frame.c - the floating-point state in signal frames.
 *
 *	64-bit frame			32-bit frame
 *	|				| FSAVE header: x87 state as an 80387 saves it
 *	| legacy area (FXSAVE)		| legacy area			at a multiple of 64
 *	| XSAVE header, extended area	| XSAVE header, extended area
 *	| magic2			| magic2
 *
 * The last bytes of the legacy area tell that the rest is there. On the way back of a 32-bit frame
 * the x87 registers are those of the FSAVE header, all others come from the areas behind it.
 */
#include <pagoda/compiler.h>
#include <pagoda/errno.h>
#include <pagoda/sched.h>
#include <pagoda/string.h>
#include <uapi/ucontext.h>
#include <asm/elf.h>
#include <asm/fpu.h>
#include <asm/fpu_frame.h>
#include <asm/ptrace.h>
#include <asm/uaccess.h>

unsigned long fp_frame_size(void)
{
	return fpu_xfeatures ? fpu_user_size + sizeof(u32) : fpu_user_size;
}

/* Linux's figure for AT_MINSIGSTKSZ: the largest frame of any ABI, with alignment. */
unsigned long get_sigframe_size(void)
{
	return round_up(928 + fp_frame_size(), 16);
}

/* extra: bytes of the header in front, which a program sees counted. */
static int save_fp(struct fpu_state __user *to, unsigned int extra)
{
	struct fpx_sw_bytes __user *sw = (struct fpx_sw_bytes __user *)to->sw_reserved;
	u32 __user *magic2 = (u32 __user *)((char __user *)to + fpu_user_size);
	int err = fpu_save_user(to);

	if (err)
		return err;
	if (!user_access_begin(to, fp_frame_size()))
		return -EFAULT;
	unsafe_put_user(fpu_xfeatures ? FP_XSTATE_MAGIC1 : 0, &sw->magic1, fault);
	unsafe_put_user(fp_frame_size() + extra, &sw->extended_size, fault);
	unsafe_put_user(fpu_xfeatures, &sw->xfeatures, fault);
	unsafe_put_user(fpu_user_size, (u64 __user *)&sw->xstate_size, fault);
	unsafe_put_user(0, (u64 __user *)&sw->padding[1], fault);
	unsafe_put_user(0, (u64 __user *)&sw->padding[3], fault);
	unsafe_put_user(0, (u64 __user *)&sw->padding[5], fault);
	if (fpu_xfeatures)
		unsafe_put_user(FP_XSTATE_MAGIC2, magic2, fault);
	user_access_end();
	return 0;
fault:
	user_access_end();
	return -EFAULT;
}

int save_fp_frame(struct fpu_state __user *to)
{
	return save_fp(to, 0);
}

/* True when the frame holds a whole XSAVE image and not just the legacy part. */
static bool has_xstate(const struct fpu_state __user *from)
{
	const struct fpx_sw_bytes __user *sw =
		(const struct fpx_sw_bytes __user *)from->sw_reserved;
	u32 magic1, magic2, size;

	if (!fpu_xfeatures || !user_access_begin(from, fp_frame_size()))
		return false;
	unsafe_get_user(magic1, &sw->magic1, fault);
	unsafe_get_user(size, &sw->xstate_size, fault);
	unsafe_get_user(magic2, (const u32 __user *)((const char __user *)from + fpu_user_size),
			fault);
	user_access_end();
	return magic1 == FP_XSTATE_MAGIC1 && magic2 == FP_XSTATE_MAGIC2 && size == fpu_user_size;
fault:
	user_access_end();
	return false;
}

int restore_fp_frame(const struct fpu_state __user *from)
{
	if (!from) {
		fpu_reset_current();
		return 0;
	}
	if (!access_ok(from, fp_frame_size())) {
		fpu_reset_current();
		return -EFAULT;
	}
	return fpu_load_user(from, has_xstate(from));
}

/* ---- the header of 32-bit frames --------------------------------------------------------------- */

/* SDM 1, figure 8-9; and what Linux adds to it. */
struct fsave_header {
	u32 cwd;
	u32 swd;
	u32 twd;
	u32 fip;
	u32 fcs;
	u32 foo;
	u32 fos;
	u8 st_space[80]; /* 10 bytes a register */
	u16 status;
	u16 magic; /* 0: the areas of FXSAVE follow */
};

static_assert(sizeof(struct fsave_header) == FSAVE_HEADER_SIZE);

#define FP_EXP_TAG_VALID   0
#define FP_EXP_TAG_ZERO	   1
#define FP_EXP_TAG_SPECIAL 2
#define FP_EXP_TAG_EMPTY   3

/* What FSAVE tells of a register that is in use: the kind of number. */
static u32 tag_of(const u8 *reg)
{
	unsigned int exponent = (reg[8] | reg[9] << 8) & 0x7fff;
	u64 significand;

	memcpy(&significand, reg, sizeof(significand));
	if (exponent == 0x7fff)
		return FP_EXP_TAG_SPECIAL;
	if (!exponent)
		return significand ? FP_EXP_TAG_SPECIAL : FP_EXP_TAG_ZERO;
	return significand >> 63 ? FP_EXP_TAG_VALID : FP_EXP_TAG_SPECIAL;
}

/* FXSAVE keeps a bit a register, "in use"; FSAVE two. Both count registers, not stack places. */
static u32 twd_to_fsave(const struct fpu_state *fpu)
{
	unsigned int top = fpu->swd >> 11 & 7;
	u32 tags = 0xffff0000;

	for (unsigned int i = 0; i < 8; i++) {
		u32 tag = FP_EXP_TAG_EMPTY;

		if (fpu->twd & 1 << i)
			tag = tag_of(&fpu->st_space[((i - top) & 7) * 16]);
		tags |= tag << 2 * i;
	}
	return tags;
}

static u16 twd_from_fsave(u32 tags)
{
	u16 twd = 0;

	for (unsigned int i = 0; i < 8; i++)
		if ((tags >> 2 * i & 3) != FP_EXP_TAG_EMPTY)
			twd |= 1 << i;
	return twd;
}

static void make_header(struct fsave_header *h, const struct fpu_state *fpu)
{
	*h = (struct fsave_header){
		.cwd = fpu->cwd | 0xffff0000,
		.swd = fpu->swd | 0xffff0000,
		.twd = twd_to_fsave(fpu),
		.fip = fpu->rip,
		.fcs = current_pt_regs()->cs,
		.foo = fpu->rdp,
		.fos = 0xffff0000 | __USER_DS,
		.status = fpu->swd,
	};
	for (unsigned int i = 0; i < 8; i++)
		memcpy(h->st_space + 10 * i, fpu->st_space + 16 * i, 10);
}

static void apply_header(struct fpu_state *fpu, const struct fsave_header *h)
{
	fpu->cwd = h->cwd;
	fpu->swd = h->swd;
	fpu->twd = twd_from_fsave(h->twd);
	fpu->fop = h->fcs >> 16;
	fpu->rip = h->fip;
	fpu->rdp = h->foo;
	for (unsigned int i = 0; i < 8; i++)
		memcpy(fpu->st_space + 16 * i, h->st_space + 10 * i, 10);
	if (fpu_xfeatures)
		fpu->xstate_bv |= XFEATURE_MASK_FP;
}

int ia32_save_fp_frame(void __user *to)
{
	struct fsave_header h;

	make_header(&h, fpu_sync_current());
	if (copy_to_user(to, &h, sizeof(h)))
		return -EFAULT;
	return save_fp((struct fpu_state __user *)(to + sizeof(h)), sizeof(h));
}

int ia32_restore_fp_frame(const void __user *from)
{
	struct fsave_header h;
	int err;

	if (!from)
		return restore_fp_frame(NULL);
	if (copy_from_user(&h, from, sizeof(h))) {
		fpu_reset_current();
		return -EFAULT;
	}
	err = restore_fp_frame((const struct fpu_state __user *)(from + sizeof(h)));
	if (err)
		return err;
	apply_header(fpu_sync_current(), &h);
	fpu_reload_current();
	return 0;
}
