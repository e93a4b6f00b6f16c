// SPDX-License-Identifier: MIT
/*
 * fs/attr.c - changing mode, owner, size and times of an inode.
 *
 * Every change is a struct iattr that goes through notify_change(), which fills in what follows
 * from it (ctime; set-id bits that a change of owner or a write clears), and the inode's
 * ->setattr().
 *
 * Locks: the inode's i_rwsem for write.
 */
#include <pagoda/kernel.h>
#include <pagoda/cred.h>
#include <pagoda/fs.h>
#include <pagoda/mount.h>
#include <pagoda/namei.h>
#include <pagoda/sched.h>
#include <pagoda/signal.h>
#include <asm/uaccess.h>
#include <syscalls.h>

static bool owner_or_capable(const struct inode *inode)
{
	return current_fsuid() == inode->i_uid || capable(CAP_FOWNER);
}

/* Owner and group may be "changed" to what they are by the owner; the group to one of the caller's.
 */
static bool chown_ok(const struct inode *inode, uid_t uid)
{
	return (current_fsuid() == inode->i_uid && uid == inode->i_uid) || capable(CAP_CHOWN);
}

static bool chgrp_ok(const struct inode *inode, gid_t gid)
{
	if (current_fsuid() == inode->i_uid && (in_group_p(gid) || gid == inode->i_gid))
		return true;
	return capable(CAP_CHOWN);
}

int inode_newsize_ok(const struct inode *inode, loff_t offset)
{
	if (offset < 0)
		return -EINVAL;
	if (offset > inode->i_size) {
		if (offset > rlimit(RLIMIT_FSIZE)) {
			send_sig(SIGXFSZ, current, 0);
			return -EFBIG;
		}
		if (offset > inode->i_sb->s_maxbytes)
			return -EFBIG;
	}
	return 0;
}

/* May the caller make this change? For ->setattr() methods, first thing. */
int setattr_prepare(struct dentry *dentry, struct iattr *attr)
{
	struct inode *inode = dentry->d_inode;
	unsigned int valid = attr->ia_valid;

	if (valid & ATTR_SIZE) {
		int error = inode_newsize_ok(inode, attr->ia_size);

		if (error)
			return error;
	}
	if (valid & ATTR_FORCE)
		return 0;
	if ((valid & ATTR_UID) && !chown_ok(inode, attr->ia_uid))
		return -EPERM;
	if ((valid & ATTR_GID) && !chgrp_ok(inode, attr->ia_gid))
		return -EPERM;
	if (valid & ATTR_MODE) {
		gid_t gid = valid & ATTR_GID ? attr->ia_gid : inode->i_gid;

		if (!owner_or_capable(inode))
			return -EPERM;
		if (!in_group_p(gid) && !capable(CAP_FSETID))
			attr->ia_mode &= ~S_ISGID;
	}
	if ((valid & (ATTR_ATIME_SET | ATTR_MTIME_SET)) && !owner_or_capable(inode))
		return -EPERM;
	return 0;
}

/* All but the size. */
void setattr_copy(struct inode *inode, const struct iattr *attr)
{
	unsigned int valid = attr->ia_valid;

	if (valid & ATTR_UID)
		inode->i_uid = attr->ia_uid;
	if (valid & ATTR_GID)
		inode->i_gid = attr->ia_gid;
	if (valid & ATTR_ATIME)
		inode->i_atime = attr->ia_atime;
	if (valid & ATTR_MTIME)
		inode->i_mtime = attr->ia_mtime;
	if (valid & ATTR_CTIME)
		inode->i_ctime = attr->ia_ctime;
	if (valid & ATTR_MODE) {
		umode_t mode = attr->ia_mode;

		if (!in_group_p(inode->i_gid) && !capable(CAP_FSETID))
			mode &= ~S_ISGID;
		inode->i_mode = mode;
	}
}

/* Clearing set-id bits is a change of mode. */
static void kill_privs(const struct inode *inode, struct iattr *attr)
{
	umode_t mode = attr->ia_valid & ATTR_MODE ? attr->ia_mode : inode->i_mode;
	umode_t old = mode;

	if (attr->ia_valid & ATTR_KILL_SUID)
		mode &= ~S_ISUID;
	if (attr->ia_valid & ATTR_KILL_SGID)
		mode &= ~S_ISGID;
	attr->ia_valid &= ~(ATTR_KILL_SUID | ATTR_KILL_SGID);
	if (mode != old) {
		attr->ia_valid |= ATTR_MODE;
		attr->ia_mode = mode;
	}
}

int notify_change(struct dentry *dentry, struct iattr *attr)
{
	struct inode *inode = dentry->d_inode;
	unsigned int valid = attr->ia_valid;
	struct timespec64 now = current_time(inode);

	if (valid & (ATTR_MODE | ATTR_UID | ATTR_GID | ATTR_TOUCH)) {
		if (IS_IMMUTABLE(inode) || IS_APPEND(inode))
			return -EPERM;
	}
	/* times set to now: whoever may write may do that */
	if ((valid & ATTR_TOUCH) && !owner_or_capable(inode)) {
		int error = inode_permission(inode, MAY_WRITE);

		if (error)
			return error;
	}
	if ((valid & ATTR_MODE) && S_ISLNK(inode->i_mode))
		return -EOPNOTSUPP;
	attr->ia_ctime = now;
	if (!(valid & ATTR_ATIME_SET))
		attr->ia_atime = now;
	if (!(valid & ATTR_MTIME_SET))
		attr->ia_mtime = now;
	attr->ia_valid |= ATTR_CTIME;
	if (valid & (ATTR_KILL_SUID | ATTR_KILL_SGID))
		kill_privs(inode, attr);
	if (inode->i_op->setattr)
		return inode->i_op->setattr(dentry, attr);
	return simple_setattr(dentry, attr);
}

/* ---- chmod, chown ------------------------------------------------------------------------ */

static int chmod_common(const struct path *path, umode_t mode)
{
	struct inode *inode = path->dentry->d_inode;
	struct iattr newattrs;
	int error = mnt_want_write(path->mnt);

	if (error)
		return error;
	inode_lock(inode);
	newattrs.ia_mode = (mode & S_IALLUGO) | (inode->i_mode & ~S_IALLUGO);
	newattrs.ia_valid = ATTR_MODE | ATTR_CTIME;
	error = notify_change(path->dentry, &newattrs);
	inode_unlock(inode);
	return error;
}

static int chown_common(const struct path *path, uid_t user, gid_t group)
{
	struct inode *inode = path->dentry->d_inode;
	struct iattr newattrs = {.ia_valid = ATTR_CTIME};
	int error = mnt_want_write(path->mnt);

	if (error)
		return error;
	if (user != (uid_t)-1) {
		newattrs.ia_valid |= ATTR_UID;
		newattrs.ia_uid = user;
	}
	if (group != (gid_t)-1) {
		newattrs.ia_valid |= ATTR_GID;
		newattrs.ia_gid = group;
	}
	inode_lock(inode);
	if (!S_ISDIR(inode->i_mode)) {
		newattrs.ia_valid |= ATTR_KILL_SUID;
		if ((inode->i_mode & (S_ISGID | S_IXGRP)) == (S_ISGID | S_IXGRP))
			newattrs.ia_valid |= ATTR_KILL_SGID;
	}
	error = notify_change(path->dentry, &newattrs);
	inode_unlock(inode);
	return error;
}

static long do_fchmodat(int dfd, struct filename *name, umode_t mode)
{
	struct path path;
	int error = filename_lookup(dfd, name, LOOKUP_FOLLOW, &path);

	if (error)
		return error;
	error = chmod_common(&path, mode);
	path_put(&path);
	return error;
}

long sys_fchmodat(int dfd, const char __user *filename, umode_t mode)
{
	return do_fchmodat(dfd, getname(filename), mode);
}

long sys_chmod(const char __user *filename, umode_t mode)
{
	return do_fchmodat(AT_FDCWD, getname(filename), mode);
}

int init_chmod(const char *filename, umode_t mode)
{
	return do_fchmodat(AT_FDCWD, getname_kernel(filename), mode);
}

long sys_fchmod(unsigned int fd, umode_t mode)
{
	struct fd f = fdget(fd);
	int error;

	if (!f.file)
		return -EBADF;
	error = chmod_common(&f.file->f_path, mode);
	fdput(f);
	return error;
}

static long do_fchownat(int dfd, struct filename *name, uid_t user, gid_t group,
			unsigned int lookup)
{
	struct path path;
	int error = filename_lookup(dfd, name, lookup, &path);

	if (error)
		return error;
	error = chown_common(&path, user, group);
	path_put(&path);
	return error;
}

long sys_fchownat(int dfd, const char __user *filename, uid_t user, gid_t group, int flag)
{
	unsigned int lookup = flag & AT_SYMLINK_NOFOLLOW ? 0 : LOOKUP_FOLLOW;

	if (flag & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	if (flag & AT_EMPTY_PATH)
		lookup |= LOOKUP_EMPTY;
	return do_fchownat(dfd, getname_flags(filename, lookup), user, group, lookup);
}

long sys_chown(const char __user *filename, uid_t user, gid_t group)
{
	return do_fchownat(AT_FDCWD, getname(filename), user, group, LOOKUP_FOLLOW);
}

long sys_lchown(const char __user *filename, uid_t user, gid_t group)
{
	return do_fchownat(AT_FDCWD, getname(filename), user, group, 0);
}

int init_chown(const char *filename, uid_t user, gid_t group)
{
	return do_fchownat(AT_FDCWD, getname_kernel(filename), user, group, 0);
}

long sys_fchown(unsigned int fd, uid_t user, gid_t group)
{
	struct fd f = fdget(fd);
	int error;

	if (!f.file)
		return -EBADF;
	error = chown_common(&f.file->f_path, user, group);
	fdput(f);
	return error;
}

/* ---- truncate ---------------------------------------------------------------------------- */

int do_truncate(struct dentry *dentry, loff_t length, unsigned int time_attrs, struct file *filp)
{
	struct inode *inode = dentry->d_inode;
	struct iattr newattrs = {
		.ia_size = length,
		.ia_valid = ATTR_SIZE | time_attrs,
	};
	int error;

	if (length < 0)
		return -EINVAL;
	if (filp) {
		newattrs.ia_file = filp;
		newattrs.ia_valid |= ATTR_FILE;
	}
	inode_lock(inode);
	if ((inode->i_mode & (S_ISUID | S_ISGID)) && !capable(CAP_FSETID)) {
		newattrs.ia_valid |= ATTR_KILL_SUID;
		if ((inode->i_mode & (S_ISGID | S_IXGRP)) == (S_ISGID | S_IXGRP))
			newattrs.ia_valid |= ATTR_KILL_SGID;
	}
	error = notify_change(dentry, &newattrs);
	inode_unlock(inode);
	return error;
}

static int truncate_path(const struct path *path, loff_t length)
{
	struct inode *inode = path->dentry->d_inode;
	int error;

	if (S_ISDIR(inode->i_mode))
		return -EISDIR;
	if (!S_ISREG(inode->i_mode))
		return -EINVAL;
	error = mnt_want_write(path->mnt) ?: inode_permission(inode, MAY_WRITE);
	if (error)
		return error;
	if (IS_APPEND(inode))
		return -EPERM;
	error = get_write_access(inode);
	if (error)
		return error;
	error = do_truncate(path->dentry, length, ATTR_MTIME | ATTR_CTIME, NULL);
	put_write_access(inode);
	return error;
}

long sys_truncate(const char __user *pathname, long length)
{
	struct path path;
	int error;

	if (length < 0)
		return -EINVAL;
	error = user_path_at(AT_FDCWD, pathname, LOOKUP_FOLLOW, &path);
	if (error)
		return error;
	error = truncate_path(&path, length);
	path_put(&path);
	return error;
}

long sys_ftruncate(unsigned int fd, unsigned long length)
{
	struct fd f;
	int error = -EINVAL;

	if ((long)length < 0)
		return -EINVAL;
	f = fdget(fd);
	if (!f.file)
		return -EBADF;
	if (!(f.file->f_flags & O_LARGEFILE) && (long)length > S32_MAX) {
		; /* EINVAL: the program could not be told how long the file is then */
	} else if (S_ISREG(file_inode(f.file)->i_mode) && (f.file->f_mode & FMODE_WRITE)) {
		if (IS_APPEND(file_inode(f.file)))
			error = -EPERM;
		else
			error = do_truncate(file_dentry(f.file), length, ATTR_MTIME | ATTR_CTIME,
					    f.file);
	}
	fdput(f);
	return error;
}
