// SPDX-License-Identifier: MIT
/*
 * fs/fdtable.c - the table of open files as a whole: growing, copying, closing all.
 *
 * A table is an array of file pointers and two bitmaps: descriptors in use (which may be reserved,
 * without a file yet) and those to close on exec. It starts with 64 entries inside files_struct
 * and doubles when it is full.
 *
 * Locks: file_lock.
 */
#include <pagoda/kernel.h>
#include <pagoda/bitmap.h>
#include <pagoda/fdtable.h>
#include <pagoda/fs.h>
#include <pagoda/sched.h>
#include <pagoda/slab.h>
#include <uapi/sched.h>
#include "internal.h"

static struct kmem_cache *files_cachep;
unsigned int sysctl_nr_open = 1024 * 1024;

struct files_struct init_files = {
	.count = ATOMIC_INIT(1),
	.fdt = &init_files.fdtab,
	.fdtab =
		{
			.max_fds = NR_OPEN_DEFAULT,
			.fd = init_files.fd_array,
			.close_on_exec = init_files.close_on_exec_init,
			.open_fds = init_files.open_fds_init,
		},
	.file_lock = __SPIN_LOCK_UNLOCKED_RANK(RANK_FILES),
};

void fdtable_init(void)
{
	files_cachep = KMEM_CACHE(files_struct, SLAB_PANIC);
}

/* ---- the array --------------------------------------------------------------------------- */

/* Room for nr descriptors, rounded up. */
static struct fdtable *alloc_fdtable(unsigned int nr)
{
	struct fdtable *fdt = kmalloc(sizeof(*fdt), GFP_KERNEL);
	size_t words;

	if (!fdt)
		return NULL;
	nr = roundup_pow_of_two(max(nr, 2u * NR_OPEN_DEFAULT));
	words = nr / BITS_PER_LONG;
	fdt->max_fds = nr;
	fdt->fd = kvcalloc(nr, sizeof(struct file *), GFP_KERNEL);
	fdt->open_fds = kvcalloc(2 * words, sizeof(long), GFP_KERNEL);
	if (!fdt->fd || !fdt->open_fds) {
		kvfree(fdt->fd);
		kvfree(fdt->open_fds);
		kfree(fdt);
		return NULL;
	}
	fdt->close_on_exec = fdt->open_fds + words;
	return fdt;
}

static void free_fdtable(struct files_struct *files, struct fdtable *fdt)
{
	if (fdt == &files->fdtab)
		return;
	kvfree(fdt->fd);
	kvfree(fdt->open_fds);
	kfree(fdt);
}

static void copy_fdtable(struct fdtable *new, const struct fdtable *old)
{
	size_t words = old->max_fds / BITS_PER_LONG;

	memcpy(new->fd, old->fd, old->max_fds * sizeof(struct file *));
	memcpy(new->open_fds, old->open_fds, words * sizeof(long));
	memcpy(new->close_on_exec, old->close_on_exec, words * sizeof(long));
}

/*
 * Makes room for descriptor nr. file_lock is held, and dropped meanwhile if the table grows: then
 * returns 1, and the caller looks again. 0: there was room. -EMFILE, -ENOMEM.
 */
int expand_files(struct files_struct *files, unsigned int nr)
{
	struct fdtable *new, *old;

	if (nr < files->fdt->max_fds)
		return 0;
	if (nr >= sysctl_nr_open)
		return -EMFILE;
	spin_unlock(&files->file_lock);
	new = alloc_fdtable(nr + 1);
	spin_lock(&files->file_lock);
	if (!new)
		return -ENOMEM;
	old = files->fdt;
	if (nr < old->max_fds) {
		free_fdtable(files, new); /* another thread was faster */
		return 1;
	}
	copy_fdtable(new, old);
	files->fdt = new;
	free_fdtable(files, old);
	return 1;
}

/* ---- the whole table: fork, exec, exit --------------------------------------------------- */

static struct files_struct *alloc_files(void)
{
	struct files_struct *newf = kmem_cache_alloc(files_cachep, GFP_KERNEL);

	if (!newf)
		return NULL;
	atomic_set(&newf->count, 1);
	spin_lock_init_rank(&newf->file_lock, RANK_FILES);
	newf->next_fd = 0;
	newf->fdtab.max_fds = NR_OPEN_DEFAULT;
	newf->fdtab.fd = newf->fd_array;
	newf->fdtab.open_fds = newf->open_fds_init;
	newf->fdtab.close_on_exec = newf->close_on_exec_init;
	newf->fdt = &newf->fdtab;
	return newf;
}

/* One more than the highest descriptor in use, rounded up to a word. */
static unsigned int count_open(const struct fdtable *fdt)
{
	unsigned int words = fdt->max_fds / BITS_PER_LONG;

	while (words > 1 && !fdt->open_fds[words - 1])
		words--;
	return words * BITS_PER_LONG;
}

/* Copies the first `open` entries of an old table; entries that are only reserved become free. */
static void dup_entries(struct fdtable *new, const struct fdtable *old, unsigned int open)
{
	size_t words = open / BITS_PER_LONG;
	size_t used = find_last_bit(old->open_fds, open) + 1;

	memcpy(new->open_fds, old->open_fds, words * sizeof(long));
	memcpy(new->close_on_exec, old->close_on_exec, words * sizeof(long));
	if (used > open)
		used = 0;
	for (unsigned int i = 0; i < used; i++) {
		struct file *f = old->fd[i];

		if (f)
			get_file(f);
		else
			__clear_bit(i, new->open_fds);
		new->fd[i] = f;
	}
	memset(new->fd + used, 0, (new->max_fds - used) * sizeof(struct file *));
}

/* A copy of the table for a child: the same files, counted. NULL with *errorp = -ENOMEM. */
struct files_struct *dup_fd(struct files_struct *oldf, int *errorp)
{
	struct files_struct *newf = alloc_files();
	unsigned int open;

	*errorp = -ENOMEM;
	if (!newf)
		return NULL;
	spin_lock(&oldf->file_lock);
	open = count_open(oldf->fdt);
	while (open > newf->fdt->max_fds) {
		spin_unlock(&oldf->file_lock);
		free_fdtable(newf, newf->fdt);
		newf->fdt = alloc_fdtable(open);
		if (!newf->fdt) {
			kmem_cache_free(files_cachep, newf);
			return NULL;
		}
		spin_lock(&oldf->file_lock);
		open = count_open(oldf->fdt);
	}
	dup_entries(newf->fdt, oldf->fdt, open);
	spin_unlock(&oldf->file_lock);
	*errorp = 0;
	return newf;
}

static void close_files(struct files_struct *files)
{
	struct fdtable *fdt = files->fdt;
	unsigned long i;

	for (i = find_first_bit(fdt->open_fds, fdt->max_fds); i < fdt->max_fds;
	     i = find_next_bit(fdt->open_fds, fdt->max_fds, i + 1)) {
		struct file *file = xchg(&fdt->fd[i], NULL);

		if (file) {
			filp_close(file, files);
			cond_resched();
		}
	}
}

void put_files_struct(struct files_struct *files)
{
	if (!atomic_dec_and_test(&files->count))
		return;
	close_files(files);
	free_fdtable(files, files->fdt);
	if (files != &init_files)
		kmem_cache_free(files_cachep, files);
}

static void set_files(struct task_struct *tsk, struct files_struct *files)
{
	struct files_struct *old = tsk->files;

	task_lock(tsk);
	tsk->files = files;
	task_unlock(tsk);
	if (old)
		put_files_struct(old);
}

void exit_files(struct task_struct *tsk)
{
	set_files(tsk, NULL);
}

/* For unshare(2): the new table in *new_fdp, or NULL there when nothing is to do. */
int unshare_fd(unsigned long unshare_flags, struct files_struct **new_fdp)
{
	struct files_struct *fd = current->files;
	int error = 0;

	*new_fdp = NULL;
	if ((unshare_flags & CLONE_FILES) && fd && atomic_read(&fd->count) > 1)
		*new_fdp = dup_fd(fd, &error);
	return error;
}

int unshare_files(void)
{
	struct files_struct *copy;
	int error = unshare_fd(CLONE_FILES, &copy);

	if (!error && copy)
		set_files(current, copy);
	return error;
}

/* exec: the caller does not share the table any more. */
void do_close_on_exec(struct files_struct *files)
{
	struct fdtable *fdt = files->fdt;
	unsigned long i;

	for (i = find_first_bit(fdt->close_on_exec, fdt->max_fds); i < fdt->max_fds;
	     i = find_next_bit(fdt->close_on_exec, fdt->max_fds, i + 1)) {
		if (test_bit(i, fdt->open_fds))
			close_fd(i);
		fdt->close_on_exec[i / BITS_PER_LONG] &= ~(1UL << (i % BITS_PER_LONG));
	}
}
