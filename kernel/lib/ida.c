// SPDX-License-Identifier: MIT
/*
 * kernel/lib/ida.c - hands out small integers.
 *
 * Ids are bits in words of 62, each word a value entry of an xarray (62, so that an entry is
 * never in the range of ERR_PTR). All words below first_free are full, so an allocation from 0
 * starts there instead of walking them again. Contracts and locks in idr.h.
 */
#include <pagoda/bug.h>
#include <pagoda/idr.h>

#define IDS_PER_WORD 62
#define WORD_FULL    (BIT(IDS_PER_WORD) - 1)

static unsigned long load_word(const struct ida *ida, unsigned long word)
{
	void *entry = xa_load(&ida->words, word);

	return entry ? xa_to_value(entry) : 0;
}

int ida_alloc_range(struct ida *ida, unsigned int min, unsigned int max, gfp_t gfp)
{
	unsigned long word = max_t(unsigned long, min / IDS_PER_WORD, ida->first_free);

	if (max > INT_MAX)
		max = INT_MAX;
	for (; word * IDS_PER_WORD <= max; word++) {
		unsigned long bits = load_word(ida, word), free = ~bits & WORD_FULL, id;

		if (!free) {
			if (word == ida->first_free)
				ida->first_free++;
			continue;
		}
		if (word == min / IDS_PER_WORD)
			free &= ~0UL << (min % IDS_PER_WORD);
		if (!free)
			continue;
		id = word * IDS_PER_WORD + __ffs(free);
		if (id > max)
			break;
		bits |= BIT(id % IDS_PER_WORD);
		if (xa_err(xa_store(&ida->words, word, xa_mk_value(bits), gfp)))
			return -ENOMEM;
		return id;
	}
	return -ENOSPC;
}

void ida_free(struct ida *ida, unsigned int id)
{
	unsigned long word = id / IDS_PER_WORD, bits = load_word(ida, word);
	unsigned long bit = BIT(id % IDS_PER_WORD);

	if (WARN_ON(!(bits & bit)))
		return;
	bits &= ~bit;
	/* An index that is present needs no memory: this cannot fail. */
	xa_store(&ida->words, word, bits ? xa_mk_value(bits) : NULL, 0);
	ida->first_free = min(ida->first_free, word);
}

void ida_destroy(struct ida *ida)
{
	xa_destroy(&ida->words);
	ida->first_free = 0;
}
