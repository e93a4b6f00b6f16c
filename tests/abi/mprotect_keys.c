// SPDX-License-Identifier: MIT
/*
 * tests/abi/mprotect_keys.c - protection keys, where there are none too (docs/contract/mmap.md, section 8).
 */
#include "lib/fault.h"
#include "lib/maps.h"
#include "lib/sys.h"
#include "lib/test.h"

#define raw_pkey_mprotect(addr, len, prot, key) raw(SYS_pkey_mprotect, addr, len, prot, key)
#define raw_pkey_alloc(flags, rights)		raw(SYS_pkey_alloc, flags, rights)
#define raw_pkey_free(key)			raw(SYS_pkey_free, key)

TEST("PKEY-1", "key -1 is plain mprotect")
{
	char *p = map_private(2, RW);

	EXPECT_EQ(raw_pkey_mprotect(p, PAGE, PROT_READ, -1), 0);
	EXPECT_AREAS(p, 2, "1 r--p, 1 rw-p");
	EXPECT_ERR(raw_pkey_mprotect(p + 1, PAGE, PROT_READ, -1), EINVAL);
	EXPECT_ERR(raw_pkey_mprotect(p, PAGE, 0x10, -1), EINVAL);
}

TEST("PKEY-1", "a key that was not allocated is EINVAL")
{
	char *p = map_private(1, RW);

	EXPECT_ERR(raw_pkey_mprotect(p, PAGE, PROT_READ, 5), EINVAL);
	EXPECT_ERR(raw_pkey_mprotect(p, PAGE, PROT_READ, 100), EINVAL);
	EXPECT_ERR(raw_pkey_mprotect(p, PAGE, PROT_READ, -2), EINVAL);
	EXPECT_AREAS(p, 1, "1 rw-p");
}

TEST("PKEY-2", "pkey_alloc checks its arguments, then gives the lowest free key or ENOSPC")
{
	EXPECT_ERR(raw_pkey_alloc(1, 0), EINVAL);
	EXPECT_ERR(raw_pkey_alloc(0, 4), EINVAL);
	EXPECT_ERR(raw_pkey_alloc(0, -1), EINVAL);
	if (has_pkeys()) {
		EXPECT_EQ(raw_pkey_alloc(0, 0), 1);
		EXPECT_EQ(raw_pkey_alloc(0, 1), 2);
	} else {
		EXPECT_ERR(raw_pkey_alloc(0, 0), ENOSPC);
	}
}

TEST("PKEY-3", "freeing a key that was not allocated is EINVAL")
{
	EXPECT_ERR(raw_pkey_free(7), EINVAL);
	EXPECT_ERR(raw_pkey_free(-1), EINVAL);
	EXPECT_ERR(raw_pkey_free(100), EINVAL);
	if (has_pkeys()) {
		EXPECT_EQ(raw_pkey_alloc(0, 0), 1);
		EXPECT_EQ(raw_pkey_free(1), 0);
		EXPECT_ERR(raw_pkey_free(1), EINVAL);
	}
}

TEST("PKEY-2,PKEY-4", "a key forbids what its rights say, and mprotect keeps it")
{
	char *p = map_private(1, RW);
	struct fault fault;
	long key;

	if (!has_pkeys())
		SKIP("the CPU has no protection keys");
	p[0] = 1;
	key = EXPECT_OK(raw_pkey_alloc(0, 2)); /* no writing */
	EXPECT_EQ(raw_pkey_mprotect(p, PAGE, RW, key), 0);
	EXPECT_ACCESS(p, READ);
	fault = try_access(p, WRITE);
	EXPECT_EQ(fault.signal, SIGSEGV);
	EXPECT_EQ(fault.code, SEGV_PKUERR);
	EXPECT_EQ(fault.pkey, key);
	EXPECT_EQ(raw_mprotect(p, PAGE, PROT_READ), 0);
	EXPECT_EQ(raw_mprotect(p, PAGE, RW), 0);
	EXPECT_EQ(smaps_value(p, "ProtectionKey"), key);
}
