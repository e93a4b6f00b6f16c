// SPDX-License-Identifier: MIT
/*
 * kernel/lib/hash.c - the hash of a file name.
 */
#include <pagoda/hashtable.h>
#include <pagoda/string.h>

/* Eight bytes a step: mix in a word, multiply, and let the high bits come down. */
u32 full_name_hash(const void *salt, const char *name, unsigned int len)
{
	u64 hash = (unsigned long)salt ^ len, word;

	for (; len >= 8; len -= 8, name += 8) {
		memcpy(&word, name, 8);
		hash = rol64((hash ^ word) * GOLDEN_RATIO_64, 29);
	}
	if (len) {
		word = 0;
		memcpy(&word, name, len);
		hash = rol64((hash ^ word) * GOLDEN_RATIO_64, 29);
	}
	return hash_64(hash, 32);
}
