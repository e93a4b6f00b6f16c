// SPDX-License-Identifier: MIT
/*
 * arch/x86_64/ia32/sys_ia32.c - i386 calls that differ only in how their arguments arrive.
 *
 * A file offset has 64 bits and takes two registers, the low half first. The old mmap takes its six
 * arguments from memory; clone has its last two the other way round.
 */
#include <pagoda/compat.h>
#include <pagoda/errno.h>
#include <asm/uaccess.h>
#include <syscalls.h>

long sys_ia32_truncate64(const char __user *path, u32 len_lo, u32 len_hi)
{
	return sys_truncate(path, compat_u64(len_lo, len_hi));
}

long sys_ia32_ftruncate64(unsigned int fd, u32 len_lo, u32 len_hi)
{
	return sys_ftruncate(fd, compat_u64(len_lo, len_hi));
}

long compat_sys_truncate(const char __user *path, s32 length)
{
	return sys_truncate(path, length);
}

long compat_sys_ftruncate(unsigned int fd, s32 length)
{
	return sys_ftruncate(fd, length);
}

long sys_ia32_pread64(unsigned int fd, char __user *buf, u32 count, u32 pos_lo, u32 pos_hi)
{
	return sys_pread64(fd, buf, count, compat_u64(pos_lo, pos_hi));
}

long sys_ia32_pwrite64(unsigned int fd, const char __user *buf, u32 count, u32 pos_lo, u32 pos_hi)
{
	return sys_pwrite64(fd, buf, count, compat_u64(pos_lo, pos_hi));
}

/* sys_preadv() and its like take the whole position in pos_l. */
long compat_sys_preadv(unsigned long fd, const struct iovec __user *vec, unsigned long vlen,
		       u32 pos_lo, u32 pos_hi)
{
	return sys_preadv(fd, vec, vlen, compat_u64(pos_lo, pos_hi), 0);
}

long compat_sys_pwritev(unsigned long fd, const struct iovec __user *vec, unsigned long vlen,
			u32 pos_lo, u32 pos_hi)
{
	return sys_pwritev(fd, vec, vlen, compat_u64(pos_lo, pos_hi), 0);
}

long compat_sys_preadv2(unsigned long fd, const struct iovec __user *vec, unsigned long vlen,
			u32 pos_lo, u32 pos_hi, int flags)
{
	return sys_preadv2(fd, vec, vlen, compat_u64(pos_lo, pos_hi), 0, flags);
}

long compat_sys_pwritev2(unsigned long fd, const struct iovec __user *vec, unsigned long vlen,
			 u32 pos_lo, u32 pos_hi, int flags)
{
	return sys_pwritev2(fd, vec, vlen, compat_u64(pos_lo, pos_hi), 0, flags);
}

long sys_ia32_readahead(int fd, u32 off_lo, u32 off_hi, size_t count)
{
	return sys_readahead(fd, compat_u64(off_lo, off_hi), count);
}

long sys_ia32_sync_file_range(int fd, u32 off_lo, u32 off_hi, u32 n_lo, u32 n_hi,
			      unsigned int flags)
{
	return sys_sync_file_range(fd, compat_u64(off_lo, off_hi), compat_u64(n_lo, n_hi), flags);
}

long sys_ia32_fadvise64(int fd, u32 off_lo, u32 off_hi, size_t len, int advice)
{
	return sys_fadvise64(fd, compat_u64(off_lo, off_hi), len, advice);
}

long sys_ia32_fadvise64_64(int fd, u32 off_lo, u32 off_hi, u32 len_lo, u32 len_hi, int advice)
{
	return sys_fadvise64(fd, compat_u64(off_lo, off_hi), compat_u64(len_lo, len_hi), advice);
}

long sys_ia32_fallocate(int fd, int mode, u32 off_lo, u32 off_hi, u32 len_lo, u32 len_hi)
{
	return sys_fallocate(fd, mode, compat_u64(off_lo, off_hi), compat_u64(len_lo, len_hi));
}

long compat_sys_lseek(unsigned int fd, s32 offset, unsigned int whence)
{
	return sys_lseek(fd, offset, whence);
}

/* The new position goes to *result. */
long sys_llseek(unsigned int fd, unsigned long offset_high, unsigned long offset_low,
		loff_t __user *result, unsigned int whence)
{
	long pos = sys_lseek(fd, compat_u64(offset_low, offset_high), whence);

	if (pos < 0)
		return pos;
	return put_user(pos, result) ? -EFAULT : 0;
}

/* (MMAP2-4) */
long compat_sys_ia32_mmap(struct mmap_arg_struct32 __user *arg)
{
	struct mmap_arg_struct32 a;

	if (copy_from_user(&a, arg, sizeof(a)))
		return -EFAULT;
	return sys_mmap(a.addr, a.len, a.prot, a.flags, a.fd, a.offset);
}

/* (CLN-1) */
long compat_sys_ia32_clone(unsigned long flags, unsigned long newsp, int __user *parent_tid,
			   unsigned long tls, int __user *child_tid)
{
	return sys_clone(flags, newsp, parent_tid, child_tid, tls);
}
