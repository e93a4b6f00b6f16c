/* SPDX-License-Identifier: MIT */
/*
 * hashtable.h - hash functions, and tables of hlist buckets with a fixed power-of-two size.
 *
 * A table is an array: DEFINE_HASHTABLE(name, bits). The caller locks.
 */
#ifndef PAGODA_HASHTABLE_H
#define PAGODA_HASHTABLE_H

#include <pagoda/bitops.h>
#include <pagoda/list.h>

/* 2^32 and 2^64 divided by the golden ratio: multiplying spreads neighbours far apart. */
#define GOLDEN_RATIO_32 0x61c88647U
#define GOLDEN_RATIO_64 0x61c8864680b583ebULL

/* Hashes to the given number of bits, 1 to 32 (hash_64: 1 to 64). */
static inline u32 hash_32(u32 val, unsigned int bits)
{
	return (val * GOLDEN_RATIO_32) >> (32 - bits);
}

static inline u64 hash_64(u64 val, unsigned int bits)
{
	return (val * GOLDEN_RATIO_64) >> (64 - bits);
}

static inline unsigned long hash_long(unsigned long val, unsigned int bits)
{
	return hash_64(val, bits);
}

static inline unsigned long hash_ptr(const void *ptr, unsigned int bits)
{
	return hash_64((unsigned long)ptr, bits);
}

#define DEFINE_HASHTABLE(name, bits)  struct hlist_head name[1 << (bits)]
#define DECLARE_HASHTABLE(name, bits) struct hlist_head name[1 << (bits)]
#define HASH_SIZE(table)	      ARRAY_SIZE(table)
#define HASH_BITS(table)	      ilog2(HASH_SIZE(table))
#define hash_bucket(table, key)	      (&(table)[hash_64((u64)(key), HASH_BITS(table))])

#define hash_init(table)                                                                           \
	do {                                                                                       \
		for (size_t __i = 0; __i < HASH_SIZE(table); __i++)                                \
			INIT_HLIST_HEAD(&(table)[__i]);                                            \
	} while (0)

#define hash_add(table, node, key) hlist_add_head(node, hash_bucket(table, key))

static inline bool hash_hashed(const struct hlist_node *node)
{
	return !hlist_unhashed(node);
}

static inline void hash_del(struct hlist_node *node)
{
	hlist_del_init(node);
}

/* All objects whose key falls into the bucket of this one: the body compares. */
#define hash_for_each_possible(table, obj, member, key)                                            \
	hlist_for_each_entry (obj, hash_bucket(table, key), member)

#define hash_for_each_possible_safe(table, obj, tmp, member, key)                                  \
	hlist_for_each_entry_safe (obj, tmp, hash_bucket(table, key), member)

/* bkt is a size_t; do not break out of the body expecting both loops to end. */
#define hash_for_each(table, bkt, obj, member)                                                     \
	for ((bkt) = 0; (bkt) < HASH_SIZE(table); (bkt)++)                                         \
		hlist_for_each_entry (obj, &(table)[bkt], member)

#define hash_for_each_safe(table, bkt, tmp, obj, member)                                           \
	for ((bkt) = 0; (bkt) < HASH_SIZE(table); (bkt)++)                                         \
		hlist_for_each_entry_safe (obj, tmp, &(table)[bkt], member)

#endif
