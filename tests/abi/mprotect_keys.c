// SPDX-License-Identifier: MIT
/*
 * tests/abi/mprotect_keys.c - protection keys, where there are none too (docs/contract/mmap.md, section 8).
 */
#include <string.h>

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

TEST("PKEY-1", "key 0 and keys of one's own are taken, the execute-only key is not")
{
	char *p = map_private(2, RW), *code;
	long key, hidden;

	if (!has_pkeys())
		SKIP("the CPU has no protection keys");
	EXPECT_EQ(raw_pkey_mprotect(p, PAGE, PROT_READ, 0), 0);
	key = EXPECT_OK(raw_pkey_alloc(0, 0));
	EXPECT_EQ(raw_pkey_mprotect(p, PAGE, PROT_READ, key), 0);
	EXPECT_EQ(raw_pkey_free(key), 0);
	EXPECT_ERR(raw_pkey_mprotect(p, PAGE, PROT_READ, key), EINVAL);
	code = map_private(1, PROT_EXEC);
	hidden = smaps_value(code, "ProtectionKey");
	EXPECT(hidden > 0);
	EXPECT_ERR(raw_pkey_mprotect(p, PAGE, PROT_READ, hidden), EINVAL);
	EXPECT_ERR(raw_pkey_free(hidden), EINVAL);
	EXPECT_ERR(raw_pkey_mprotect(p, PAGE, PROT_READ, 16), EINVAL);
	/* The other arguments are looked at first, the key before the range. */
	EXPECT_ERR(raw_pkey_mprotect(p + 1, PAGE, PROT_READ, 16), EINVAL);
	EXPECT_EQ(raw_pkey_mprotect(p, 0, PROT_READ, 16), 0);
	EXPECT_ERR(raw_pkey_mprotect(free_range(1), PAGE, PROT_READ, 16), EINVAL);
	EXPECT_ERR(raw_pkey_mprotect(free_range(1), PAGE, PROT_READ, 0), ENOMEM);
}

TEST("PKEY-2", "fifteen keys besides 0; execute-only memory takes one of them")
{
	if (!has_pkeys())
		SKIP("the CPU has no protection keys");
	for (int key = 1; key < 15; key++)
		EXPECT_EQ(raw_pkey_alloc(0, 0), key);
	map_private(1, PROT_EXEC);
	EXPECT_ERR(raw_pkey_alloc(0, 0), ENOSPC);
	EXPECT_EQ(raw_pkey_free(7), 0);
	EXPECT_EQ(raw_pkey_alloc(0, 0), 7);
}

TEST("PKEY-2,PKEY-4", "without a key left, execute-only memory is readable")
{
	char *p;

	if (!has_pkeys())
		SKIP("the CPU has no protection keys");
	for (int key = 1; key < 16; key++)
		EXPECT_EQ(raw_pkey_alloc(0, 0), key);
	p = map_private(1, PROT_EXEC);
	EXPECT_EQ(smaps_value(p, "ProtectionKey"), 0);
	EXPECT_ACCESS(p, READ);
}

TEST("PKEY-3", "memory keeps a key that was freed, and even key 0 can be")
{
	char *p = map_private(1, RW);
	long key;

	if (!has_pkeys())
		SKIP("the CPU has no protection keys");
	key = EXPECT_OK(raw_pkey_alloc(0, 1)); /* no access */
	EXPECT_EQ(raw_pkey_mprotect(p, PAGE, RW, key), 0);
	EXPECT_EQ(raw_pkey_free(key), 0);
	EXPECT_EQ(smaps_value(p, "ProtectionKey"), key);
	EXPECT_SEGV(p, READ, SEGV_PKUERR);
	EXPECT_EQ(raw_pkey_free(0), 0);
	EXPECT_ERR(raw_pkey_mprotect(p, PAGE, RW, 0), EINVAL);
	EXPECT_EQ(raw_pkey_alloc(0, 0), 0);
}

TEST("PKEY-4", "mprotect to execute-only takes its key, and leaving it key 0")
{
	char *p = map_alone(3, RW);
	long key, hidden;

	if (!has_pkeys())
		SKIP("the CPU has no protection keys");
	memset(p, 0xc3, 3 * PAGE);
	key = EXPECT_OK(raw_pkey_alloc(0, 0));
	EXPECT_EQ(raw_pkey_mprotect(p, PAGE, RW, key), 0);
	EXPECT_EQ(raw_mprotect(p, 2 * PAGE, PROT_EXEC), 0);
	hidden = smaps_value(p, "ProtectionKey");
	EXPECT_EQ(smaps_value(p + PAGE, "ProtectionKey"), hidden);
	EXPECT_EQ(hidden, key + 1);
	EXPECT_AREAS(p, 3, "2 --xp, 1 rw-p");
	EXPECT_ACCESS(p, EXEC);
	/* A key that the caller names is never replaced. */
	EXPECT_EQ(raw_pkey_mprotect(p + PAGE, PAGE, PROT_EXEC, key), 0);
	EXPECT_EQ(smaps_value(p + PAGE, "ProtectionKey"), key);
	EXPECT_ACCESS(p + PAGE, READ);
	EXPECT_SEGV(p, READ, SEGV_PKUERR);
	EXPECT_EQ(raw_mprotect(p, PAGE, PROT_READ | PROT_EXEC), 0);
	EXPECT_EQ(smaps_value(p, "ProtectionKey"), 0);
	EXPECT_ACCESS(p, READ);
}

TEST("PKEY-4,VMA-1", "areas with different keys stay apart, those with the same merge")
{
	char *p = map_alone(4, RW);
	long key;

	if (!has_pkeys())
		SKIP("the CPU has no protection keys");
	key = EXPECT_OK(raw_pkey_alloc(0, 0));
	EXPECT_EQ(raw_pkey_mprotect(p + PAGE, PAGE, RW, key), 0);
	EXPECT_AREAS(p, 4, "1 rw-p, 1 rw-p, 2 rw-p");
	EXPECT_EQ(raw_pkey_mprotect(p + 2 * PAGE, PAGE, RW, key), 0);
	EXPECT_AREAS(p, 4, "1 rw-p, 2 rw-p, 1 rw-p");
	EXPECT_EQ(raw_pkey_mprotect(p, 4 * PAGE, RW, 0), 0);
	EXPECT_AREAS(p, 4, "4 rw-p");
}

TEST("PKEY-2,FLT-1", "the error code tells of the key only where a page is")
{
	char *p = map_private(2, RW);
	struct fault fault;
	long key;

	if (!has_pkeys())
		SKIP("the CPU has no protection keys");
	p[0] = 1;
	key = EXPECT_OK(raw_pkey_alloc(0, 1));
	EXPECT_EQ(raw_pkey_mprotect(p, 2 * PAGE, RW, key), 0);
	fault = try_access(p + 5, READ);
	EXPECT_EQ(fault.code, SEGV_PKUERR);
	EXPECT_EQ(fault.addr, p + 5);
	EXPECT_EQ(fault.error, 4 | 1 | 32);
	EXPECT_EQ(fault.pkey, key);
	fault = try_access(p + PAGE + 5, WRITE);
	EXPECT_EQ(fault.code, SEGV_PKUERR);
	EXPECT_EQ(fault.error, 4 | 2);
	EXPECT_EQ(fault.pkey, key);
	EXPECT_STR(resident(p, 2), "10");
}

TEST("PKEY-4,RMP-1", "mremap takes the key along")
{
	char *p = map_private(2, RW), *to = free_range(2);
	long key;

	if (!has_pkeys())
		SKIP("the CPU has no protection keys");
	p[0] = 1;
	key = EXPECT_OK(raw_pkey_alloc(0, 2));
	EXPECT_EQ(raw_pkey_mprotect(p, 2 * PAGE, RW, key), 0);
	EXPECT_EQ(raw_mremap(p, 2 * PAGE, 2 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, to), to);
	EXPECT_EQ(smaps_value(to, "ProtectionKey"), key);
	EXPECT_ACCESS(to, READ);
	EXPECT_SEGV(to, WRITE, SEGV_PKUERR);
}
