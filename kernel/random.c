// SPDX-License-Identifier: MIT
/*
 * kernel/random.c - getrandom(2), and what seeds the generator of kernel/lib/random.c.
 *
 * Entropy: RDSEED and RDRAND where the CPU has them, and the TSC, whose low bits nobody outside
 * knows exactly. The pool counts as initialised from boot on: no call ever blocks.
 */
#include <pagoda/errno.h>
#include <pagoda/kernel.h>
#include <pagoda/random.h>
#include <pagoda/sched.h>
#include <pagoda/string.h>
#include <uapi/random.h>
#include <asm/cpufeature.h>
#include <asm/tsc.h>
#include <asm/uaccess.h>
#include <syscalls.h>

#define RDRAND_RETRIES 10 /* SDM volume 1, 7.3.17.1 */

static bool rdrand(u64 *value)
{
	int i;
	bool ok;

	for (i = 0; i < RDRAND_RETRIES; i++) {
		asm volatile("rdrand %0" : "=r"(*value), "=@ccc"(ok));
		if (ok)
			return true;
	}
	return false;
}

static bool rdseed(u64 *value)
{
	bool ok;

	asm volatile("rdseed %0" : "=r"(*value), "=@ccc"(ok));
	return ok;
}

void random_init(void)
{
	u64 seed[16];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(seed); i++) {
		u64 value = 0;

		if (!(boot_cpu_has(X86_FEATURE_RDSEED) && rdseed(&value)) &&
		    boot_cpu_has(X86_FEATURE_RDRAND))
			rdrand(&value);
		seed[i] = value ^ rdtsc();
	}
	add_device_randomness(seed, sizeof(seed));
	memzero_explicit(seed, sizeof(seed));
}

/* Short only when a signal is pending after the first page, or the next byte faults. */
long sys_getrandom(char __user *buf, size_t count, unsigned int flags)
{
	u8 block[256];
	size_t done = 0;

	if (flags & ~(GRND_NONBLOCK | GRND_RANDOM | GRND_INSECURE))
		return -EINVAL;
	if ((flags & (GRND_INSECURE | GRND_RANDOM)) == (GRND_INSECURE | GRND_RANDOM))
		return -EINVAL;
	if (count > INT_MAX)
		count = INT_MAX;
	while (done < count) {
		size_t n = min(count - done, sizeof(block)), left;

		get_random_bytes(block, n);
		left = copy_to_user(buf + done, block, n);
		done += n - left;
		if (left)
			break;
		if (!(done % PAGE_SIZE)) {
			if (signal_pending(current))
				break;
			cond_resched();
		}
	}
	memzero_explicit(block, sizeof(block));
	return done || !count ? (long)done : -EFAULT;
}
