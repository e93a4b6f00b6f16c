// SPDX-License-Identifier: MIT
/*
 * fs/exec_cred.c - the credentials of a new program: set-id bits and root's capabilities.
 *
 * Locks: cred_guard_mutex of the process is held from prepare_bprm_creds() until the credentials
 * are committed or given up.
 */
#include <pagoda/binfmts.h>
#include <pagoda/cred.h>
#include <pagoda/fs.h>
#include <pagoda/fs_struct.h>
#include <pagoda/mount.h>
#include <pagoda/sched.h>
#include <uapi/personality.h>
#include <uapi/prctl.h>

int prepare_bprm_creds(struct linux_binprm *bprm)
{
	if (mutex_lock_interruptible(&current->signal->cred_guard_mutex))
		return -ERESTARTNOINTR;
	bprm->cred = prepare_creds();
	if (bprm->cred)
		return 0;
	mutex_unlock(&current->signal->cred_guard_mutex);
	return -ENOMEM;
}

/* Somebody outside the process shares the file-system context and could change root under it. */
static bool fs_is_shared(void)
{
	int users;

	spin_lock(&current->fs->lock);
	users = current->fs->users;
	spin_unlock(&current->fs->lock);
	return users > current->signal->nr_threads;
}

static void apply_setid_bits(struct linux_binprm *bprm)
{
	struct inode *inode = file_inode(bprm->file);
	umode_t mode = inode->i_mode;

	if ((bprm->file->f_path.mnt->mnt_flags & MNT_NOSUID) || current->no_new_privs ||
	    fs_is_shared())
		return;
	if (mode & S_ISUID) {
		bprm->per_clear |= PER_CLEAR_ON_SETID;
		bprm->cred->euid = inode->i_uid;
	}
	if ((mode & (S_ISGID | S_IXGRP)) == (S_ISGID | S_IXGRP)) {
		bprm->per_clear |= PER_CLEAR_ON_SETID;
		bprm->cred->egid = inode->i_gid;
	}
}

/* capabilities(7), "Transformation of capabilities during execve()", without file capabilities. */
static void apply_capabilities(struct cred *new, bool setid)
{
	bool root_rules = !(new->securebits &SECURE_NOROOT);
	bool effective = false;

	if (setid)
		new->cap_ambient = 0;
	if (root_rules && (new->euid == 0 || new->uid == 0)) {
		new->cap_permitted = new->cap_bset | new->cap_inheritable;
		effective = new->euid == 0;
	} else {
		new->cap_permitted = new->cap_ambient;
	}
	new->cap_effective = effective ? new->cap_permitted : new->cap_ambient;
	new->securebits &= ~SECURE_KEEP_CAPS;
}

/* What file makes of the credentials. Of a script, its interpreter counts, and not the script. */
void bprm_creds_from_file(struct linux_binprm *bprm)
{
	const struct cred *old = current_cred();
	struct cred *new = bprm->cred;
	bool setid;

	new->euid = old->euid;
	new->egid = old->egid;
	apply_setid_bits(bprm);
	setid = new->euid != old->uid || new->egid != old->gid;
	apply_capabilities(new, setid);
	new->suid = new->fsuid = new->euid;
	new->sgid = new->fsgid = new->egid;
	bprm->secureexec = setid;
}
