// SPDX-License-Identifier: MIT
/*
 * arch/x86_64/uaccess.c - user memory: strings, atomic words, copies that must not sleep.
 */
#include <pagoda/compiler.h>
#include <pagoda/string.h>
#include <asm/futex.h>
#include <asm/processor.h>
#include <asm/uaccess.h>

DEFINE_PER_CPU(int, pagefault_disabled_depth);

/* uaccess_asm.S */
unsigned long copy_kernel_bytes(void *to, const void *from, unsigned long n);

void copy_from_user_failed(void *to, unsigned long n, unsigned long left)
{
	memset((char *)to + (n - left), 0, left);
}

unsigned long clear_user(void __user *to, unsigned long n)
{
	if (!access_ok(to, n))
		return n;
	return __clear_user(to, n);
}

/* ---- Strings --------------------------------------------------------------------------- */

/* Nonzero where some byte of the word is zero; the lowest set bit marks the first one. */
static inline unsigned long zero_bytes(unsigned long word)
{
	return (word - 0x0101010101010101UL) & ~word & 0x8080808080808080UL;
}

/*
 * Reads user bytes up to a NUL or @max. A word read may cross into a page that is not mapped
 * although the string ends before it, so only aligned words are read as such. @dst may be NULL.
 * Returns the length without the NUL, or @max, or -EFAULT.
 */
static long scan_user_string(char *dst, const char __user *src, long max)
{
	long done = 0;

	if (!user_access_begin(src, 1))
		return -EFAULT;
	while (done < max) {
		unsigned long addr = (unsigned long)src + done;
		unsigned long word;
		u8 c;

		if (!(addr & 7) && max - done >= 8) {
			unsafe_get_user(word, (const unsigned long __user *)addr, fault);
			if (!zero_bytes(word)) {
				if (dst)
					memcpy(dst + done, &word, 8);
				done += 8;
				continue;
			}
		}
		unsafe_get_user(c, (const u8 __user *)addr, fault);
		if (dst)
			dst[done] = c;
		if (!c)
			break;
		done++;
	}
	user_access_end();
	return done;
fault:
	user_access_end();
	return -EFAULT;
}

/* How much of @count may be read at @src before user memory ends. */
static long user_bytes_above(const char __user *src, long count)
{
	unsigned long addr = (unsigned long)src;

	if (addr >= TASK_SIZE_MAX || count <= 0)
		return 0;
	return min_t(unsigned long, count, TASK_SIZE_MAX - addr);
}

long strncpy_from_user(char *dst, const char __user *src, long count)
{
	long max = user_bytes_above(src, count);
	long len;

	if (count <= 0)
		return 0;
	if (!max)
		return -EFAULT;
	len = scan_user_string(dst, src, max);
	if (len == max && max < count)
		return -EFAULT;
	return len;
}

long strnlen_user(const char __user *str, long count)
{
	long max = user_bytes_above(str, count);
	long len;

	if (!max)
		return 0;
	len = scan_user_string(NULL, str, max);
	if (len < 0 || (len == max && max < count))
		return 0;
	return len + 1;
}

/* ---- Without resolving faults ------------------------------------------------------------ */

long copy_from_user_nofault(void *dst, const void __user *src, size_t size)
{
	unsigned long left;

	if (!access_ok(src, size))
		return -EFAULT;
	pagefault_disable();
	left = raw_copy_from_user(dst, src, size);
	pagefault_enable();
	return left ? -EFAULT : 0;
}

long copy_from_kernel_nofault(void *dst, const void *src, size_t size)
{
	/* Non-canonical addresses would be a #GP with no address: kernel half only. */
	if ((unsigned long)src < PAGE_OFFSET || (unsigned long)src + size < (unsigned long)src)
		return -EFAULT;
	return copy_kernel_bytes(dst, src, size) ? -EFAULT : 0;
}

size_t fault_in_readable(const char __user *uaddr, size_t size)
{
	unsigned long addr = (unsigned long)uaddr;
	unsigned long end = addr + size;
	u8 c __maybe_unused;

	for (; addr < end; addr = (addr & PAGE_MASK) + PAGE_SIZE)
		if (get_user(c, (const u8 __user *)addr))
			return end - addr;
	return 0;
}

/* Writes back what it reads, in one locked step, so that nothing another thread writes is lost. */
static int touch_writeable(unsigned long addr)
{
	u32 __user *word = (u32 __user *)(addr & ~3UL);
	int old;

	return arch_futex_atomic_op_inuser(ARCH_FUTEX_OP_OR, 0, &old, word);
}

size_t fault_in_writeable(char __user *uaddr, size_t size)
{
	unsigned long addr = (unsigned long)uaddr;
	unsigned long end = addr + size;

	for (; addr < end; addr = (addr & PAGE_MASK) + PAGE_SIZE)
		if (touch_writeable(addr))
			return end - addr;
	return 0;
}

/* ---- Atomic words -------------------------------------------------------------------------- */

#define __futex_op(insn, arg, uaddr, ret)                                                          \
	asm volatile("1: " insn "\n"                                                               \
		     "2:\n"                                                                        \
		     ".pushsection .text.fixup, \"ax\"\n"                                          \
		     "3: movl %3, %1\n"                                                            \
		     "jmp 2b\n"                                                                    \
		     ".popsection\n" _ASM_EXTABLE("1b", "3b")                                      \
		     : "+r"(arg), "+r"(ret), "+m"(*(uaddr))                                        \
		     : "i"(-EFAULT)                                                                \
		     : "memory")

/* One locked compare-and-exchange; *found = what was there. 0 or -EFAULT. */
static inline int user_cmpxchg(u32 *found, u32 __user *uaddr, u32 old, u32 new)
{
	int ret = 0;

	asm volatile("1: lock cmpxchgl %4, %2\n"
		     "2:\n"
		     ".pushsection .text.fixup, \"ax\"\n"
		     "3: movl %3, %0\n"
		     "jmp 2b\n"
		     ".popsection\n" _ASM_EXTABLE("1b", "3b")
		     : "+r"(ret), "+a"(old), "+m"(*(__force u32 *)uaddr)
		     : "i"(-EFAULT), "r"(new)
		     : "memory");
	*found = old;
	return ret;
}

static int __futex_op_loop(int op, u32 arg, u32 *found, u32 __user *uaddr)
{
	u32 old, new;
	int ret = 0;

	__get_user_size(ret, old, uaddr);
	while (!ret) {
		u32 expected = old;

		new = op == ARCH_FUTEX_OP_OR	 ? old | arg
		      : op == ARCH_FUTEX_OP_ANDN ? old & ~arg
						 : old ^ arg;
		ret = user_cmpxchg(&old, uaddr, expected, new);
		if (old == expected)
			break;
		cpu_relax();
	}
	*found = old;
	return ret;
}

int arch_futex_atomic_op_inuser(int op, int oparg, int *oval, u32 __user *uaddr)
{
	u32 arg = oparg;
	int ret = 0;

	if (op > ARCH_FUTEX_OP_XOR || op < 0)
		return -ENOSYS;
	if (!user_access_begin(uaddr, sizeof(*uaddr)))
		return -EFAULT;
	switch (op) {
	case ARCH_FUTEX_OP_SET:
		__futex_op("xchgl %0, %2", arg, (__force u32 *)uaddr, ret);
		break;
	case ARCH_FUTEX_OP_ADD:
		__futex_op("lock xaddl %0, %2", arg, (__force u32 *)uaddr, ret);
		break;
	default:
		ret = __futex_op_loop(op, arg, &arg, uaddr);
		break;
	}
	user_access_end();
	if (!ret)
		*oval = arg;
	return ret;
}

int futex_atomic_cmpxchg_inatomic(u32 *uval, u32 __user *uaddr, u32 oldval, u32 newval)
{
	int ret;

	if (!user_access_begin(uaddr, sizeof(*uaddr)))
		return -EFAULT;
	ret = user_cmpxchg(uval, uaddr, oldval, newval);
	user_access_end();
	return ret;
}
