// SPDX-License-Identifier: MIT
/*
 * kernel/uid16.c - i386's calls from when user and group ids had 16 bits.
 *
 * Each is its successor with converted ids. -1 means "leave it" in either width; an id that is
 * too large for the answer reads as 65534.
 */
#include <pagoda/cred.h>
#include <pagoda/err.h>
#include <pagoda/highuid.h>
#include <pagoda/slab.h>
#include <asm/uaccess.h>
#include <syscalls.h>

long sys_chown16(const char __user *filename, u16 user, u16 group)
{
	return sys_chown(filename, low2highuid(user), low2highuid(group));
}

long sys_lchown16(const char __user *filename, u16 user, u16 group)
{
	return sys_lchown(filename, low2highuid(user), low2highuid(group));
}

long sys_fchown16(unsigned int fd, u16 user, u16 group)
{
	return sys_fchown(fd, low2highuid(user), low2highuid(group));
}

long sys_setuid16(u16 uid)
{
	return sys_setuid(low2highuid(uid));
}

long sys_setgid16(u16 gid)
{
	return sys_setgid(low2highuid(gid));
}

long sys_setreuid16(u16 ruid, u16 euid)
{
	return sys_setreuid(low2highuid(ruid), low2highuid(euid));
}

long sys_setregid16(u16 rgid, u16 egid)
{
	return sys_setregid(low2highuid(rgid), low2highuid(egid));
}

long sys_setresuid16(u16 ruid, u16 euid, u16 suid)
{
	return sys_setresuid(low2highuid(ruid), low2highuid(euid), low2highuid(suid));
}

long sys_setresgid16(u16 rgid, u16 egid, u16 sgid)
{
	return sys_setresgid(low2highuid(rgid), low2highuid(egid), low2highuid(sgid));
}

long sys_setfsuid16(u16 uid)
{
	return sys_setfsuid(low2highuid(uid));
}

long sys_setfsgid16(u16 gid)
{
	return sys_setfsgid(low2highuid(gid));
}

static int put_three(const u32 ids[3], u16 __user *a, u16 __user *b, u16 __user *c)
{
	return put_user(high2lowuid(ids[0]), a) ?:
	       put_user(high2lowuid(ids[1]), b) ?:
	       put_user(high2lowuid(ids[2]), c);
}

long sys_getresuid16(u16 __user *ruid, u16 __user *euid, u16 __user *suid)
{
	const struct cred *cred = current_cred();

	return put_three((u32[]){cred->uid, cred->euid, cred->suid}, ruid, euid, suid);
}

long sys_getresgid16(u16 __user *rgid, u16 __user *egid, u16 __user *sgid)
{
	const struct cred *cred = current_cred();

	return put_three((u32[]){cred->gid, cred->egid, cred->sgid}, rgid, egid, sgid);
}

long sys_getuid16(void)
{
	return high2lowuid(current_uid());
}

long sys_geteuid16(void)
{
	return high2lowuid(current_euid());
}

long sys_getgid16(void)
{
	return high2lowuid(current_gid());
}

long sys_getegid16(void)
{
	return high2lowuid(current_egid());
}

/* ---- supplementary groups -------------------------------------------------------------------- */

long sys_getgroups16(int gidsetsize, u16 __user *grouplist)
{
	const struct group_info *info = current_cred()->group_info;

	if (gidsetsize < 0)
		return -EINVAL;
	if (gidsetsize == 0)
		return info->ngroups;
	if (info->ngroups > gidsetsize)
		return -EINVAL;
	for (int i = 0; i < info->ngroups; i++)
		if (put_user(high2lowuid(info->gid[i]), grouplist + i))
			return -EFAULT;
	return info->ngroups;
}

static int get_groups16(struct group_info *info, const u16 __user *grouplist)
{
	u16 gid;

	for (int i = 0; i < info->ngroups; i++) {
		if (get_user(gid, grouplist + i))
			return -EFAULT;
		info->gid[i] = low2highuid(gid);
	}
	return 0;
}

long sys_setgroups16(int gidsetsize, u16 __user *grouplist)
{
	struct group_info *info;

	if (!capable(CAP_SETGID))
		return -EPERM;
	info = groups_alloc(gidsetsize);
	if (IS_ERR(info))
		return PTR_ERR(info);
	if (get_groups16(info, grouplist)) {
		put_group_info(info);
		return -EFAULT;
	}
	return set_current_groups(info);
}
