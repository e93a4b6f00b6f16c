// SPDX-License-Identifier: MIT
/*
 * fs/do_open.c - open a path name: find or create the file, check, and make a struct file of it.
 *
 *	do_filp_open	 flags -> open_flags, then one of
 *	  open_existing	   walk to the end of the name
 *	  open_create	   walk to the last component; it exists -> as above, else create it
 *	  open_tmpfile	   a file without a name in the directory found
 *	finish		 permissions, O_TRUNC, ->open()
 */
#include <pagoda/kernel.h>
#include <pagoda/cred.h>
#include <pagoda/fs.h>
#include <pagoda/fs_struct.h>
#include <pagoda/mount.h>
#include <pagoda/namei.h>
#include <pagoda/sched.h>
#include "internal.h"

/* Every flag that open() knows; others are ignored, as Linux does. */
#define VALID_OPEN_FLAGS                                                                           \
	(O_ACCMODE | O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC | O_APPEND | O_NONBLOCK | O_SYNC |      \
	 FASYNC | O_DIRECT | O_LARGEFILE | O_DIRECTORY | O_NOFOLLOW | O_NOATIME | O_CLOEXEC |      \
	 O_PATH | __O_TMPFILE | __FMODE_EXEC)

#define O_PATH_FLAGS (O_DIRECTORY | O_NOFOLLOW | O_PATH | O_CLOEXEC)

static int build_open_flags(int flags, umode_t mode, struct open_flags *op)
{
	flags &= VALID_OPEN_FLAGS;
	op->mode = flags & (O_CREAT | __O_TMPFILE) ? (mode & S_IALLUGO) | S_IFREG : 0;
	if (flags & __O_TMPFILE) {
		if ((flags & O_TMPFILE) != O_TMPFILE || (flags & O_CREAT))
			return -EINVAL;
		if (!(flags & O_ACCMODE))
			return -EINVAL;
	}
	if (flags & O_PATH)
		flags &= O_PATH_FLAGS;
	/* access mode 3 asks for both permissions and gives neither; ioctl only */
	op->acc_mode = flags & O_PATH ? 0 : "\004\002\006\006"[flags & O_ACCMODE];
	if (flags & __FMODE_EXEC)
		op->acc_mode = MAY_EXEC;
	if (flags & O_TRUNC)
		op->acc_mode |= MAY_WRITE;
	if (flags & O_APPEND)
		op->acc_mode |= MAY_APPEND;
	op->open_flag = flags;
	op->lookup_flags = 0;
	if (flags & O_DIRECTORY)
		op->lookup_flags |= LOOKUP_DIRECTORY;
	if (!(flags & O_NOFOLLOW) && (flags & (O_CREAT | O_EXCL)) != (O_CREAT | O_EXCL))
		op->lookup_flags |= LOOKUP_FOLLOW;
	return 0;
}

/* May the file at path be opened so? */
static int may_open(const struct path *path, int acc_mode, int flag)
{
	struct inode *inode = path->dentry->d_inode;
	int error;

	switch (inode->i_mode & S_IFMT) {
	case S_IFLNK:
		return -ELOOP;
	case S_IFDIR:
		if (acc_mode & MAY_WRITE)
			return -EISDIR;
		if (acc_mode & MAY_EXEC)
			return -EACCES;
		break;
	case S_IFBLK:
	case S_IFCHR:
		if (path->mnt->mnt_flags & MNT_NODEV)
			return -EACCES;
		fallthrough;
	case S_IFIFO:
	case S_IFSOCK:
		if (acc_mode & MAY_EXEC)
			return -EACCES;
		break;
	case S_IFREG:
		if ((acc_mode & MAY_EXEC) && (path->mnt->mnt_flags & MNT_NOEXEC))
			return -EACCES;
		break;
	}
	error = inode_permission(inode, MAY_OPEN | acc_mode);
	if (error)
		return error;
	if (IS_APPEND(inode) && (flag & O_ACCMODE) != O_RDONLY && !(flag & O_APPEND))
		return -EPERM;
	if ((flag & O_NOATIME) && current_fsuid() != inode->i_uid && !capable(CAP_FOWNER))
		return -EPERM;
	return 0;
}

static int handle_truncate(struct file *file)
{
	struct inode *inode = file_inode(file);
	int error = get_write_access(inode);

	if (error)
		return error;
	error = do_truncate(file_dentry(file), 0, ATTR_MTIME | ATTR_CTIME | ATTR_OPEN, file);
	put_write_access(inode);
	return error;
}

/* path: where the name led. created: by this open, so that its mode does not matter. */
static int finish(const struct path *path, struct file *file, const struct open_flags *op,
		  bool created)
{
	struct inode *inode = path->dentry->d_inode;
	int flag = op->open_flag, acc_mode = op->acc_mode;
	bool trunc = (flag & O_TRUNC) && !created;
	int error;

	if ((flag & O_CREAT) && S_ISDIR(inode->i_mode))
		return -EISDIR;
	if ((op->lookup_flags & LOOKUP_DIRECTORY) && !S_ISDIR(inode->i_mode))
		return -ENOTDIR;
	if (created)
		acc_mode = 0;
	if (!(flag & O_PATH)) {
		error = may_open(path, acc_mode, flag);
		if (error)
			return error;
	}
	if (trunc && S_ISREG(inode->i_mode)) {
		error = mnt_want_write(path->mnt);
		if (error)
			return error;
	}
	error = vfs_open(path, file);
	if (!error && trunc && S_ISREG(inode->i_mode))
		error = handle_truncate(file);
	return error;
}

/* The walk has reached the file: take references, end the lookup, open. */
static int finish_walk(struct nameidata *nd, struct file *file, const struct open_flags *op)
{
	if (nd->trailing_slash && !S_ISDIR(nd->path.dentry->d_inode->i_mode))
		return op->open_flag & O_CREAT ? -EISDIR : -ENOTDIR;
	nd_unlazy(nd);
	return finish(&nd->path, file, op, false);
}

static int open_existing(struct nameidata *nd, struct file *file, const struct open_flags *op)
{
	int error;

	do {
		error = link_path_walk(nd);
		if (!error)
			error = walk_last(nd, op->lookup_flags & LOOKUP_FOLLOW);
	} while (error == 1);
	return error ?: finish_walk(nd, file, op);
}

/*
 * nd is in the directory and the last component was not there. Creates it, unless somebody was
 * faster: then returns 1, and the walk must look again.
 */
static int create_last(struct nameidata *nd, struct file *file, const struct open_flags *op)
{
	struct path path;
	struct inode *dir;
	int error;

	if (nd->trailing_slash)
		return -EISDIR;
	nd_unlazy(nd);
	dir = nd->path.dentry->d_inode;
	error = mnt_want_write(nd->path.mnt);
	inode_lock(dir);
	path.mnt = nd->path.mnt;
	path.dentry = lookup_one_qstr(&nd->last, nd->path.dentry, LOOKUP_OPEN | LOOKUP_CREATE);
	if (IS_ERR(path.dentry)) {
		inode_unlock(dir);
		return PTR_ERR(path.dentry);
	}
	if (d_is_positive(path.dentry)) {
		inode_unlock(dir);
		dput(path.dentry);
		nd_relock(nd);
		return 1;
	}
	if (!error)
		error = vfs_create(dir, path.dentry, vfs_prepare_mode(dir, op->mode),
				   op->open_flag & O_EXCL);
	inode_unlock(dir);
	if (!error) {
		file->f_mode |= FMODE_CREATED;
		error = finish(&path, file, op, true);
	}
	dput(path.dentry);
	return error;
}

static int open_create(struct nameidata *nd, struct file *file, const struct open_flags *op)
{
	bool excl = op->open_flag & O_EXCL;
	int error;

	for (;;) {
		error = link_path_walk(nd);
		if (error)
			return error;
	again:
		error = walk_last(nd, !excl && (op->lookup_flags & LOOKUP_FOLLOW));
		if (error == 1)
			continue;
		if (!error)
			return excl ? -EEXIST : finish_walk(nd, file, op);
		if (error != -ENOENT || !nd->locked)
			return error;
		error = create_last(nd, file, op);
		if (error == 1)
			goto again;
		return error;
	}
}

static int open_tmpfile(struct nameidata *nd, struct file *file, const struct open_flags *op)
{
	struct qstr name = QSTR_INIT("/", 1);
	struct path path;
	struct inode *dir;
	int error;

	do {
		error = link_path_walk(nd);
		if (!error)
			error = walk_last(nd, true);
	} while (error == 1);
	if (error)
		return error;
	nd_unlazy(nd);
	dir = nd->path.dentry->d_inode;
	if (!S_ISDIR(dir->i_mode))
		return -ENOTDIR;
	error = mnt_want_write(nd->path.mnt) ?: inode_permission(dir, MAY_WRITE | MAY_EXEC);
	if (error)
		return error;
	if (!dir->i_op->tmpfile)
		return -EOPNOTSUPP;
	path.mnt = nd->path.mnt;
	path.dentry = d_alloc(nd->path.dentry, &name);
	if (!path.dentry)
		return -ENOMEM;
	error = dir->i_op->tmpfile(dir, path.dentry, vfs_prepare_mode(dir, op->mode));
	if (!error) {
		struct open_flags tmp = *op;

		tmp.lookup_flags &= ~LOOKUP_DIRECTORY;
		error = finish(&path, file, &tmp, true);
	}
	dput(path.dentry);
	return error;
}

/* Consumes name. An open file with one reference, or an ERR_PTR. */
struct file *do_filp_open(int dfd, struct filename *name, int flags, umode_t mode)
{
	struct open_flags op;
	struct nameidata nd;
	struct file *file;
	int error;

	if (IS_ERR(name))
		return ERR_CAST(name);
	error = build_open_flags(flags, mode, &op); /* stop: open-2 */
	if (error)
		goto out_name;
	file = alloc_empty_file(op.open_flag);
	error = PTR_ERR_OR_ZERO(file);
	if (error)
		goto out_name;
	error = path_init(&nd, dfd, name->name, op.lookup_flags);
	if (error)
		goto out_walk;
	if (op.open_flag & __O_TMPFILE)
		error = open_tmpfile(&nd, file, &op);
	else if (op.open_flag & O_CREAT)
		error = open_create(&nd, file, &op);
	else
		error = open_existing(&nd, file, &op);
out_walk:
	nd_end(&nd);
	if (error)
		fput(file);
out_name:
	putname(name);
	return error ? ERR_PTR(error) : file;
}
