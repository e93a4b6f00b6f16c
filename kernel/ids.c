// SPDX-License-Identifier: MIT
/*
 * kernel/ids.c - the calls that read and change user and group ids.
 *
 * Each change is a copy of the credentials that is committed when all is well, so a failing call
 * changes nothing. An id of -1 means "leave it" in the calls with several ids. The credentials of
 * the caller are its own: no locks.
 */
#include <pagoda/cred.h>
#include <pagoda/errno.h>
#include <pagoda/sched.h>
#include <uapi/prctl.h>
#include <asm/uaccess.h>
#include <syscalls.h>

#define KEEP ((uid_t)-1)

/* RLIMIT_NPROC counts against the new user from now on; exec looks at it again (setuid(2)). */
static int commit_uids(struct cred *new)
{
	cap_emulate_setxuid(new, current_cred());
	return commit_creds(new);
}

long sys_setuid(uid_t uid)
{
	const struct cred *old = current_cred();
	struct cred *new;

	if (uid == KEEP)
		return -EINVAL;
	new = prepare_creds();
	if (!new)
		return -ENOMEM;
	if (capable(CAP_SETUID)) {
		new->uid = uid;
		new->suid = uid;
	} else if (uid != old->uid && uid != new->suid) {
		abort_creds(new);
		return -EPERM;
	}
	new->euid = uid;
	new->fsuid = uid;
	return commit_uids(new);
}

long sys_setgid(gid_t gid)
{
	const struct cred *old = current_cred();
	struct cred *new;

	if (gid == KEEP)
		return -EINVAL;
	new = prepare_creds();
	if (!new)
		return -ENOMEM;
	if (capable(CAP_SETGID)) {
		new->gid = gid;
		new->sgid = gid;
	} else if (gid != old->gid && gid != old->sgid) {
		abort_creds(new);
		return -EPERM;
	}
	new->egid = gid;
	new->fsgid = gid;
	return commit_creds(new);
}

long sys_setreuid(uid_t ruid, uid_t euid)
{
	const struct cred *old = current_cred();
	bool privileged = capable(CAP_SETUID);
	struct cred *new = prepare_creds();

	if (!new)
		return -ENOMEM;
	if (ruid != KEEP) {
		if (ruid != old->uid && ruid != old->euid && !privileged)
			goto perm;
		new->uid = ruid;
	}
	if (euid != KEEP) {
		if (euid != old->uid && euid != old->euid && euid != old->suid && !privileged)
			goto perm;
		new->euid = euid;
	}
	if (ruid != KEEP || (euid != KEEP && euid != old->uid))
		new->suid = new->euid;
	new->fsuid = new->euid;
	return commit_uids(new);
perm:
	abort_creds(new);
	return -EPERM;
}

long sys_setregid(gid_t rgid, gid_t egid)
{
	const struct cred *old = current_cred();
	bool privileged = capable(CAP_SETGID);
	struct cred *new = prepare_creds();

	if (!new)
		return -ENOMEM;
	if (rgid != KEEP) {
		if (rgid != old->gid && rgid != old->egid && !privileged)
			goto perm;
		new->gid = rgid;
	}
	if (egid != KEEP) {
		if (egid != old->gid && egid != old->egid && egid != old->sgid && !privileged)
			goto perm;
		new->egid = egid;
	}
	if (rgid != KEEP || (egid != KEEP && egid != old->gid))
		new->sgid = new->egid;
	new->fsgid = new->egid;
	return commit_creds(new);
perm:
	abort_creds(new);
	return -EPERM;
}

/* Unprivileged, each new id must be one of the three that the caller has now. */
static bool res_allowed(uid_t id, uid_t r, uid_t e, uid_t s)
{
	return id == KEEP || id == r || id == e || id == s;
}

long sys_setresuid(uid_t ruid, uid_t euid, uid_t suid)
{
	const struct cred *old = current_cred();
	struct cred *new;

	if (!(res_allowed(ruid, old->uid, old->euid, old->suid) &&
	      res_allowed(euid, old->uid, old->euid, old->suid) &&
	      res_allowed(suid, old->uid, old->euid, old->suid)) &&
	    !capable(CAP_SETUID))
		return -EPERM;
	new = prepare_creds();
	if (!new)
		return -ENOMEM;
	if (ruid != KEEP)
		new->uid = ruid;
	if (euid != KEEP)
		new->euid = euid;
	if (suid != KEEP)
		new->suid = suid;
	new->fsuid = new->euid;
	return commit_uids(new);
}

long sys_setresgid(gid_t rgid, gid_t egid, gid_t sgid)
{
	const struct cred *old = current_cred();
	struct cred *new;

	if (!(res_allowed(rgid, old->gid, old->egid, old->sgid) &&
	      res_allowed(egid, old->gid, old->egid, old->sgid) &&
	      res_allowed(sgid, old->gid, old->egid, old->sgid)) &&
	    !capable(CAP_SETGID))
		return -EPERM;
	new = prepare_creds();
	if (!new)
		return -ENOMEM;
	if (rgid != KEEP)
		new->gid = rgid;
	if (egid != KEEP)
		new->egid = egid;
	if (sgid != KEEP)
		new->sgid = sgid;
	new->fsgid = new->egid;
	return commit_creds(new);
}

/* capabilities(7): those about files go with the file system id 0 and come back with it. */
static void emulate_setfsuid(struct cred *new, uid_t old_fsuid)
{
	const kernel_cap_t fs_caps = CAP_TO_MASK(CAP_CHOWN) | CAP_TO_MASK(CAP_DAC_OVERRIDE) |
				     CAP_TO_MASK(CAP_DAC_READ_SEARCH) | CAP_TO_MASK(CAP_FOWNER) |
				     CAP_TO_MASK(CAP_FSETID) | CAP_TO_MASK(CAP_MKNOD) |
				     CAP_TO_MASK(CAP_LINUX_IMMUTABLE) |
				     CAP_TO_MASK(CAP_MAC_OVERRIDE);

	if (new->securebits & SECURE_NO_SETUID_FIXUP)
		return;
	if (old_fsuid == 0)
		new->cap_effective &= ~fs_caps;
	else if (new->fsuid == 0)
		new->cap_effective |= new->cap_permitted &fs_caps;
}

/* setfsuid and setfsgid return the old id, whether or not they changed it. */
long sys_setfsuid(uid_t uid)
{
	const struct cred *old = current_cred();
	uid_t old_fsuid = old->fsuid;
	struct cred *new;

	if (uid == KEEP || uid == old_fsuid)
		return old_fsuid;
	if (uid != old->uid && uid != old->euid && uid != old->suid && !capable(CAP_SETUID))
		return old_fsuid;
	new = prepare_creds();
	if (!new)
		return old_fsuid;
	new->fsuid = uid;
	emulate_setfsuid(new, old_fsuid);
	commit_creds(new);
	return old_fsuid;
}

long sys_setfsgid(gid_t gid)
{
	const struct cred *old = current_cred();
	gid_t old_fsgid = old->fsgid;
	struct cred *new;

	if (gid == KEEP || gid == old_fsgid)
		return old_fsgid;
	if (gid != old->gid && gid != old->egid && gid != old->sgid && !capable(CAP_SETGID))
		return old_fsgid;
	new = prepare_creds();
	if (!new)
		return old_fsgid;
	new->fsgid = gid;
	commit_creds(new);
	return old_fsgid;
}

long sys_getuid(void)
{
	return current_uid();
}

long sys_geteuid(void)
{
	return current_euid();
}

long sys_getgid(void)
{
	return current_gid();
}

long sys_getegid(void)
{
	return current_egid();
}

long sys_getresuid(uid_t __user *ruid, uid_t __user *euid, uid_t __user *suid)
{
	const struct cred *cred = current_cred();

	if (put_user(cred->uid, ruid) || put_user(cred->euid, euid) || put_user(cred->suid, suid))
		return -EFAULT;
	return 0;
}

long sys_getresgid(gid_t __user *rgid, gid_t __user *egid, gid_t __user *sgid)
{
	const struct cred *cred = current_cred();

	if (put_user(cred->gid, rgid) || put_user(cred->egid, egid) || put_user(cred->sgid, sgid))
		return -EFAULT;
	return 0;
}
