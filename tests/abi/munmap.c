// SPDX-License-Identifier: MIT
/*
 * tests/abi/munmap.c - removing mappings (docs/contract/mmap.md, section 7).
 */
#include "lib/fault.h"
#include "lib/maps.h"
#include "lib/sys.h"
#include "lib/test.h"

TEST("UNMAP-1", "an unaligned address is EINVAL")
{
	char *p = map_private(2, PROT_READ);

	EXPECT_ERR(raw_munmap(p + 1, PAGE), EINVAL);
	EXPECT_ERR(raw_munmap(p + PAGE - 1, PAGE), EINVAL);
	EXPECT_AREAS(p, 2, "2 r--p");
}
