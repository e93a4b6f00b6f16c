/* SPDX-License-Identifier: MIT */
/*
 * idr.h - ida: hands out small integers, the lowest free one first.
 *
 * For ids with a pointer behind them use an xarray. Locks: the caller's, around every call.
 */
#ifndef PAGODA_IDR_H
#define PAGODA_IDR_H

#include <pagoda/xarray.h>

struct ida {
	struct xarray words;	  /* 62 ids an entry: a bit is set while its id is in use */
	unsigned long first_free; /* all words below this one are full */
};

#define IDA_INIT                                                                                   \
	{                                                                                          \
		XARRAY_INIT, 0                                                                     \
	}
#define DEFINE_IDA(name) struct ida name = IDA_INIT

static inline void ida_init(struct ida *ida)
{
	*ida = (struct ida)IDA_INIT;
}

/*
 * The lowest free id in min .. max, which is at most INT_MAX; -ENOSPC when all are in use,
 * -ENOMEM.
 */
int ida_alloc_range(struct ida *ida, unsigned int min, unsigned int max, gfp_t gfp);

static inline int ida_alloc(struct ida *ida, gfp_t gfp)
{
	return ida_alloc_range(ida, 0, INT_MAX, gfp);
}

static inline int ida_alloc_min(struct ida *ida, unsigned int min, gfp_t gfp)
{
	return ida_alloc_range(ida, min, INT_MAX, gfp);
}

static inline int ida_alloc_max(struct ida *ida, unsigned int max, gfp_t gfp)
{
	return ida_alloc_range(ida, 0, max, gfp);
}

/* Gives an id back; one that is not in use is reported and ignored. */
void ida_free(struct ida *ida, unsigned int id);

/* Gives all ids back and frees the memory. */
void ida_destroy(struct ida *ida);

static inline bool ida_is_empty(const struct ida *ida)
{
	return xa_empty(&ida->words);
}

#endif
