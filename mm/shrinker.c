// SPDX-License-Identifier: MIT
/*
 * mm/shrinker.c - asks the caches of the kernel to give memory back.
 *
 * Locks: shrinker_mutex guards the list and is held while shrinkers run; an allocation that finds
 * it held does without, so that a shrinker may allocate.
 */
#include <pagoda/kernel.h>
#include <pagoda/gfp.h>
#include <pagoda/mutex.h>
#include <pagoda/slab.h>
#include "internal.h"

static DEFINE_MUTEX(shrinker_mutex);
static LIST_HEAD(shrinkers);

void register_shrinker(struct shrinker *shrinker)
{
	mutex_lock(&shrinker_mutex);
	list_add_tail(&shrinker->list, &shrinkers);
	mutex_unlock(&shrinker_mutex);
}

void unregister_shrinker(struct shrinker *shrinker)
{
	mutex_lock(&shrinker_mutex);
	list_del(&shrinker->list);
	mutex_unlock(&shrinker_mutex);
}

unsigned long shrink_caches(gfp_t gfp, unsigned long nr)
{
	struct shrinker *shrinker;
	unsigned long freed = 0;

	if (!mutex_trylock(&shrinker_mutex))
		return 0;
	list_for_each_entry (shrinker, &shrinkers, list) {
		unsigned long have = shrinker->count(shrinker);

		if (have)
			freed += shrinker->scan(shrinker, min(have, nr), gfp);
	}
	mutex_unlock(&shrinker_mutex);
	freed += purge_thread_stacks();
	freed += kmem_cache_shrink_all();
	return freed;
}

void drain_memory_caches(void)
{
	shrink_caches(GFP_KERNEL, ULONG_MAX);
	drain_all_pages();
}
