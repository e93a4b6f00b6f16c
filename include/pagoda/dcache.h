/* SPDX-License-Identifier: MIT */
/*
 * dcache.h - dentries: names in directories, cached.
 *
 * A dentry joins a name in a parent to an inode, or to none (negative: known not to exist). It is
 * found by a hash of parent and name. d_count references keep it; at zero it leaves the hash and
 * is freed at once. A file system without another store of names (tmpfs) holds one reference
 * itself for each name that exists, and sets SB_DCACHE_ONLY: what the cache lacks does not exist.
 *
 * Locks: dcache_lock guards the hash, d_parent, d_name, d_inode, child lists and the mount tree.
 * A path walk reads it once for all components that are in the cache, and takes no references on
 * its way; d_count falls to zero only under its write side.
 */
#ifndef PAGODA_DCACHE_H
#define PAGODA_DCACHE_H

#include <pagoda/types.h>
#include <pagoda/list.h>
#include <pagoda/atomic.h>
#include <pagoda/spinlock.h>
#include <pagoda/path.h>

struct inode;
struct super_block;
struct dentry;

/* A name with its length and hash. Not NUL-terminated as a rule. */
struct qstr {
	u32 hash;
	u32 len;
	const unsigned char *name;
};

#define QSTR_INIT(n, l)                                                                            \
	{                                                                                          \
		.len = (l), .name = (const unsigned char *)(n)                                     \
	}

#define DNAME_INLINE_LEN 32

struct dentry_operations {
	/* Still true? 1 yes, 0 no (it is dropped and looked up again), -errno. May sleep. */
	int (*d_revalidate)(struct dentry *, unsigned int flags);
	/* Asked when the last reference goes; dentries are then dropped anyway, 1 says so. */
	int (*d_delete)(const struct dentry *);
	void (*d_release)(struct dentry *);
	void (*d_iput)(struct dentry *, struct inode *); /* instead of iput() */
	/* The path of an object without one (pipes, anonymous inodes); writes at buffer's end. */
	char *(*d_dname)(struct dentry *, char *buffer, int buflen);
};

struct dentry {
	unsigned int d_flags; /* DCACHE_* */
	atomic_t d_count;
	struct inode *d_inode;	 /* NULL: negative */
	struct dentry *d_parent; /* itself for a root */
	struct hlist_node d_hash;
	struct qstr d_name;
	const struct dentry_operations *d_op;
	struct super_block *d_sb;
	struct list_head d_child; /* in d_parent->d_subdirs */
	struct list_head d_subdirs;
	struct hlist_node d_alias; /* in d_inode->i_dentry */
	void *d_fsdata;
	unsigned long d_time;
	u64 d_cookie; /* readdir position of this name in its directory (libfs) */
	unsigned char d_iname[DNAME_INLINE_LEN]; /* short names stand here */
};

#define DCACHE_MOUNTED	    0x0001 /* something is mounted on it */
#define DCACHE_REVALIDATE   0x0002 /* has d_op->d_revalidate */
#define DCACHE_DENTRY_DEAD  0x0004
#define DCACHE_DISCONNECTED 0x0008 /* made by d_alloc_pseudo: no path of its own */

extern rwlock_t dcache_lock;

static inline struct dentry *dget(struct dentry *dentry)
{
	if (dentry)
		atomic_inc(&dentry->d_count);
	return dentry;
}

static inline bool d_unhashed(const struct dentry *dentry)
{
	return hlist_unhashed(&dentry->d_hash);
}

static inline bool d_unlinked(const struct dentry *dentry)
{
	return d_unhashed(dentry) && dentry->d_parent != dentry;
}

static inline struct inode *d_inode(const struct dentry *dentry)
{
	return dentry->d_inode;
}

static inline bool d_is_negative(const struct dentry *dentry)
{
	return !dentry->d_inode;
}

static inline bool d_is_positive(const struct dentry *dentry)
{
	return dentry->d_inode;
}

static inline bool d_really_is_positive(const struct dentry *dentry)
{
	return dentry->d_inode;
}

static inline bool d_really_is_negative(const struct dentry *dentry)
{
	return !dentry->d_inode;
}

static inline bool d_mountpoint(const struct dentry *dentry)
{
	return dentry->d_flags & DCACHE_MOUNTED;
}

static inline bool IS_ROOT(const struct dentry *dentry)
{
	return dentry->d_parent == dentry;
}

/* fs/dcache.c */
void dcache_init(void);
u32 full_name_hash(const void *salt, const char *name, unsigned int len);
struct dentry *d_alloc(struct dentry *parent, const struct qstr *name); /* counted, unhashed */
struct dentry *d_alloc_pseudo(struct super_block *sb, const struct qstr *name);
struct dentry *d_make_root(struct inode *root_inode); /* eats the inode, also on failure */
void d_instantiate(struct dentry *dentry, struct inode *inode); /* eats an inode reference */
void d_tmpfile(struct dentry *dentry, struct inode *inode);	/* the same; named "#INODE" */
void d_add(struct dentry *dentry, struct inode *inode);		/* d_instantiate and hash */
/* For ->lookup(): as d_add; an ERR_PTR inode is passed through. Returns NULL or the error. */
struct dentry *d_splice_alias(struct inode *inode, struct dentry *dentry);
void d_drop(struct dentry *dentry);	  /* unhash */
void d_delete(struct dentry *dentry);	  /* its inode has lost this name: unhash */
void d_invalidate(struct dentry *dentry); /* drop it and the cached names below */
void dput(struct dentry *dentry);
struct dentry *d_lookup(struct dentry *parent, const struct qstr *name);   /* counted or NULL */
struct dentry *__d_lookup(struct dentry *parent, const struct qstr *name); /* dcache_lock held */
void d_move(struct dentry *dentry, struct dentry *target);		   /* rename over target */
void d_exchange(struct dentry *a, struct dentry *b);
bool is_subdir(struct dentry *dentry, struct dentry *ancestor); /* or the same */
void d_genocide(struct dentry *root); /* drop the references that SB_DCACHE_ONLY names hold */

/*
 * fs/d_path.c: the path of an object as seen from the caller's root, written at the end of buf.
 * d_path adds " (deleted)" to the name of an object that has none any more. ENAMETOOLONG.
 */
char *d_path(const struct path *path, char *buf, int buflen);
char *__d_path(const struct path *path, const struct path *root, char *buf, int buflen);
char *dentry_path_raw(const struct dentry *dentry, char *buf, int buflen);
char *simple_dname(struct dentry *dentry, char *buffer, int buflen);
char *dynamic_dname(char *buffer, int buflen, const char *fmt, ...) __printf(3, 4);

#endif
