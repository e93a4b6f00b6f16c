// SPDX-License-Identifier: MIT
/*
 * fs/dcache.c - the cache of names.
 *
 * A dentry is reachable in two ways: by the hash of (parent, name), and from its parent's
 * d_subdirs. It is in both or in neither: dentry_hash() and dentry_unhash() change them together.
 * Every dentry holds a reference on its parent, so a dentry in use keeps its whole path alive.
 *
 * A dentry whose count falls to zero is freed at once, so what stays cached is what is open, what
 * is a working directory, and, for SB_DCACHE_ONLY file systems, every name that exists.
 *
 * Locks: dcache_lock. The count goes from one to zero only with it held for write, so a reader of
 * the lock may use, without a reference, whatever dentry it reaches.
 */
#include <pagoda/kernel.h>
#include <pagoda/dcache.h>
#include <pagoda/fs.h>
#include <pagoda/slab.h>
#include <pagoda/sched.h>
#include "internal.h"

#define D_HASHBITS 11

/* A name too long for d_iname; dentries that were renamed onto each other may share one. */
struct external_name {
	atomic_t count;
	unsigned char name[];
};

DEFINE_RWLOCK(dcache_lock);
static struct hlist_head dentry_hashtable[1 << D_HASHBITS];
static struct kmem_cache *dentry_cachep;
static atomic_long_t nr_dentry;

void dcache_init(void)
{
	dentry_cachep = KMEM_CACHE(dentry, SLAB_PANIC | SLAB_RECLAIM_ACCOUNT);
}

/* The hash of a name; hash_name() in fs/namei.c computes the same. salt is not used. */
u32 full_name_hash(const void *salt, const char *name, unsigned int len)
{
	u32 hash = 0;

	while (len--)
		hash = (hash + (unsigned char)*name++) * 0x9e3779b1u;
	return hash;
}

static struct hlist_head *d_bucket(const struct dentry *parent, u32 hash)
{
	u64 key = ((unsigned long)parent >> 6) + hash;

	return &dentry_hashtable[(key * 0x9e3779b97f4a7c15ULL) >> (64 - D_HASHBITS)];
}

/* ---- names ------------------------------------------------------------------------------- */

static struct external_name *external_name(const struct dentry *dentry)
{
	if (dentry->d_name.name == dentry->d_iname)
		return NULL;
	return container_of((unsigned char(*)[])dentry->d_name.name, struct external_name, name);
}

static int set_name(struct dentry *dentry, const struct qstr *name)
{
	unsigned char *dst = dentry->d_iname;

	if (name->len >= DNAME_INLINE_LEN) {
		struct external_name *p = kmalloc(sizeof(*p) + name->len + 1, GFP_KERNEL);

		if (!p)
			return -ENOMEM;
		atomic_set(&p->count, 1);
		dst = p->name;
	}
	memcpy(dst, name->name, name->len);
	dst[name->len] = '\0';
	dentry->d_name.name = dst;
	dentry->d_name.len = name->len;
	dentry->d_name.hash = name->hash;
	return 0;
}

static void release_name(struct external_name *name)
{
	if (name && atomic_dec_and_test(&name->count))
		kfree(name);
}

/* dentry takes target's name, which target keeps. Returns dentry's old external name to release. */
static struct external_name *copy_name(struct dentry *dentry, struct dentry *target)
{
	struct external_name *old = external_name(dentry);
	struct external_name *new = external_name(target);

	dentry->d_name = target->d_name;
	if (new) {
		atomic_inc(&new->count);
	} else {
		memcpy(dentry->d_iname, target->d_iname, DNAME_INLINE_LEN);
		dentry->d_name.name = dentry->d_iname;
	}
	return old;
}

static void swap_names(struct dentry *a, struct dentry *b)
{
	bool a_inline = !external_name(a), b_inline = !external_name(b);

	swap(a->d_name, b->d_name);
	for (int i = 0; i < DNAME_INLINE_LEN; i++)
		swap(a->d_iname[i], b->d_iname[i]);
	if (a_inline)
		b->d_name.name = b->d_iname;
	if (b_inline)
		a->d_name.name = a->d_iname;
}

/* ---- making dentries --------------------------------------------------------------------- */

static struct dentry *__d_alloc(struct super_block *sb, const struct qstr *name)
{
	struct dentry *dentry = kmem_cache_alloc(dentry_cachep, GFP_KERNEL);

	if (!dentry)
		return NULL;
	if (set_name(dentry, name)) {
		kmem_cache_free(dentry_cachep, dentry);
		return NULL;
	}
	dentry->d_flags = 0;
	atomic_set(&dentry->d_count, 1);
	dentry->d_inode = NULL;
	dentry->d_parent = dentry;
	INIT_HLIST_NODE(&dentry->d_hash);
	dentry->d_op = sb->s_d_op;
	if (dentry->d_op && dentry->d_op->d_revalidate)
		dentry->d_flags |= DCACHE_REVALIDATE;
	dentry->d_sb = sb;
	INIT_LIST_HEAD(&dentry->d_child);
	INIT_LIST_HEAD(&dentry->d_subdirs);
	INIT_HLIST_NODE(&dentry->d_alias);
	dentry->d_fsdata = NULL;
	dentry->d_time = 0;
	dentry->d_cookie = 0;
	atomic_long_inc(&nr_dentry);
	return dentry;
}

/* A negative dentry in parent that nobody finds yet; one reference. NULL without memory. */
struct dentry *d_alloc(struct dentry *parent, const struct qstr *name)
{
	struct dentry *dentry = __d_alloc(parent->d_sb, name);

	if (dentry)
		dentry->d_parent = dget(parent);
	return dentry;
}

/* For objects without a place in a tree; the name is what d_path() shows through d_dname. */
struct dentry *d_alloc_pseudo(struct super_block *sb, const struct qstr *name)
{
	struct dentry *dentry = __d_alloc(sb, name);

	if (dentry)
		dentry->d_flags |= DCACHE_DISCONNECTED;
	return dentry;
}

struct dentry *d_make_root(struct inode *root_inode)
{
	static const struct qstr name = QSTR_INIT("/", 1);
	struct dentry *dentry;

	if (!root_inode)
		return NULL;
	dentry = __d_alloc(root_inode->i_sb, &name);
	if (dentry)
		d_instantiate(dentry, root_inode);
	else
		iput(root_inode);
	return dentry;
}

/* ---- hash and tree ----------------------------------------------------------------------- */

static void dentry_hash(struct dentry *dentry)
{
	hlist_add_head(&dentry->d_hash, d_bucket(dentry->d_parent, dentry->d_name.hash));
	list_add_tail(&dentry->d_child, &dentry->d_parent->d_subdirs);
}

static void dentry_unhash(struct dentry *dentry)
{
	hlist_del_init(&dentry->d_hash);
	list_del_init(&dentry->d_child);
}

static void set_inode(struct dentry *dentry, struct inode *inode)
{
	if (inode)
		hlist_add_head(&dentry->d_alias, &inode->i_dentry);
	dentry->d_inode = inode;
}

void d_instantiate(struct dentry *dentry, struct inode *inode)
{
	write_lock(&dcache_lock);
	set_inode(dentry, inode);
	write_unlock(&dcache_lock);
}

/* For a file without a name: nobody else has the dentry yet, and its name is short. */
void d_tmpfile(struct dentry *dentry, struct inode *inode)
{
	dentry->d_name.len =
		snprintf((char *)dentry->d_iname, DNAME_INLINE_LEN, "#%lu", inode->i_ino);
	d_instantiate(dentry, inode);
}

void d_add(struct dentry *dentry, struct inode *inode)
{
	write_lock(&dcache_lock);
	set_inode(dentry, inode);
	if (d_unhashed(dentry))
		dentry_hash(dentry);
	write_unlock(&dcache_lock);
}

struct dentry *d_splice_alias(struct inode *inode, struct dentry *dentry)
{
	if (IS_ERR(inode))
		return ERR_CAST(inode);
	d_add(dentry, inode);
	return NULL;
}

void d_drop(struct dentry *dentry)
{
	write_lock(&dcache_lock);
	dentry_unhash(dentry);
	write_unlock(&dcache_lock);
}

void d_delete(struct dentry *dentry)
{
	d_drop(dentry);
}

/* Names below a dropped one cannot be reached any more and go with their last references. */
void d_invalidate(struct dentry *dentry)
{
	d_drop(dentry);
}

/* ---- references -------------------------------------------------------------------------- */

/* Drops the reference that seemed the last; returns the parent to drop if it was. */
static struct dentry *dentry_kill(struct dentry *dentry)
{
	struct dentry *parent;
	struct inode *inode;

	write_lock(&dcache_lock);
	if (!atomic_dec_and_test(&dentry->d_count)) {
		write_unlock(&dcache_lock);
		return NULL;
	}
	dentry_unhash(dentry);
	inode = dentry->d_inode;
	if (inode)
		hlist_del_init(&dentry->d_alias);
	parent = dentry->d_parent;
	write_unlock(&dcache_lock);

	if (inode) {
		if (dentry->d_op && dentry->d_op->d_iput)
			dentry->d_op->d_iput(dentry, inode);
		else
			iput(inode);
	}
	if (dentry->d_op && dentry->d_op->d_release)
		dentry->d_op->d_release(dentry);
	release_name(external_name(dentry));
	if (parent == dentry)
		parent = NULL;
	kmem_cache_free(dentry_cachep, dentry);
	atomic_long_dec(&nr_dentry);
	return parent;
}

void dput(struct dentry *dentry)
{
	while (dentry) {
		if (atomic_add_unless(&dentry->d_count, -1, 1))
			return;
		might_sleep();
		dentry = dentry_kill(dentry);
	}
}

/* ---- looking up -------------------------------------------------------------------------- */

struct dentry *__d_lookup(struct dentry *parent, const struct qstr *name)
{
	struct dentry *dentry;

	hlist_for_each_entry (dentry, d_bucket(parent, name->hash), d_hash) {
		if (dentry->d_name.hash == name->hash && dentry->d_parent == parent &&
		    dentry->d_name.len == name->len &&
		    !memcmp(dentry->d_name.name, name->name, name->len))
			return dentry;
	}
	return NULL;
}

struct dentry *d_lookup(struct dentry *parent, const struct qstr *name)
{
	struct dentry *dentry;

	read_lock(&dcache_lock);
	dentry = dget(__d_lookup(parent, name));
	read_unlock(&dcache_lock);
	return dentry;
}

/* ---- renaming ---------------------------------------------------------------------------- */

/*
 * dentry takes the place of target, which is unhashed. Both directories' i_rwsem are held; the file
 * system has done the rename.
 */
void d_move(struct dentry *dentry, struct dentry *target)
{
	struct external_name *old_name;
	struct dentry *old_parent;

	write_lock(&dcache_lock);
	dentry_unhash(dentry);
	dentry_unhash(target);
	old_name = copy_name(dentry, target);
	old_parent = dentry->d_parent;
	dentry->d_parent = dget(target->d_parent);
	dentry_hash(dentry);
	write_unlock(&dcache_lock);
	release_name(old_name);
	dput(old_parent);
}

void d_exchange(struct dentry *a, struct dentry *b)
{
	write_lock(&dcache_lock);
	dentry_unhash(a);
	dentry_unhash(b);
	swap_names(a, b);
	swap(a->d_parent, b->d_parent);
	dentry_hash(a);
	dentry_hash(b);
	write_unlock(&dcache_lock);
}

bool is_subdir(struct dentry *dentry, struct dentry *ancestor)
{
	bool found;

	read_lock(&dcache_lock);
	while (dentry != ancestor && !IS_ROOT(dentry))
		dentry = dentry->d_parent;
	found = dentry == ancestor;
	read_unlock(&dcache_lock);
	return found;
}

/*
 * The end of an SB_DCACHE_ONLY tree: unhash every name below root, deepest first, and drop the
 * reference that kept it. Nobody else uses the tree any more, open files of unlinked names aside.
 */
void d_genocide(struct dentry *root)
{
	for (;;) {
		struct dentry *dentry = root;

		write_lock(&dcache_lock);
		while (!list_empty(&dentry->d_subdirs))
			dentry = list_first_entry(&dentry->d_subdirs, struct dentry, d_child);
		if (dentry == root) {
			write_unlock(&dcache_lock);
			return;
		}
		dentry_unhash(dentry);
		write_unlock(&dcache_lock);
		dput(dentry);
		cond_resched();
	}
}
