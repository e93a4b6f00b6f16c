// SPDX-License-Identifier: MIT
/*
 * kernel/capability.c - capget(2) and capset(2).
 *
 * The header names a version of the structure: 1 has 32 bits of capabilities, 2 and 3 have 64 in
 * two elements. A wrong version is answered by writing the preferred one into the header.
 */
#include <pagoda/cred.h>
#include <pagoda/errno.h>
#include <pagoda/pid.h>
#include <pagoda/sched.h>
#include <asm/uaccess.h>
#include <syscalls.h>

static int cap_validate_magic(struct __user_cap_header_struct __user *header, unsigned int *tocopy)
{
	u32 version;

	if (get_user(version, &header->version))
		return -EFAULT;
	switch (version) {
	case _LINUX_CAPABILITY_VERSION_1:
		*tocopy = 1;
		return 0;
	case _LINUX_CAPABILITY_VERSION_2:
	case _LINUX_CAPABILITY_VERSION_3:
		*tocopy = 2;
		return 0;
	}
	if (put_user((u32)_LINUX_CAPABILITY_VERSION_3, &header->version))
		return -EFAULT;
	return -EINVAL;
}

long sys_capget(struct __user_cap_header_struct __user *header,
		struct __user_cap_data_struct __user *dataptr)
{
	struct __user_cap_data_struct kdata[2];
	struct task_struct *task;
	const struct cred *cred;
	unsigned int tocopy;
	pid_t pid;
	int err, i;

	err = cap_validate_magic(header, &tocopy);
	if (err)
		return (!dataptr && err == -EINVAL) ? 0 : err;
	if (get_user(pid, &header->pid))
		return -EFAULT;
	if (pid < 0)
		return -EINVAL;
	if (pid == 0) {
		cred = get_current_cred();
	} else {
		task = find_get_task_by_vpid(pid);
		if (!task)
			return -ESRCH;
		cred = get_task_cred(task);
		put_task_struct(task);
	}
	for (i = 0; i < 2; i++) {
		kdata[i].effective = cred->cap_effective >> (32 * i);
		kdata[i].permitted = cred->cap_permitted >> (32 * i);
		kdata[i].inheritable = cred->cap_inheritable >> (32 * i);
	}
	put_cred(cred);
	if (dataptr && copy_to_user(dataptr, kdata, tocopy * sizeof(kdata[0])))
		return -EFAULT;
	return 0;
}

/* The rules of capabilities(7), "Programmatically adjusting capability sets". */
static bool capset_allowed(const struct cred *old, kernel_cap_t effective, kernel_cap_t permitted,
			   kernel_cap_t inheritable)
{
	if (!cap_capable(old, CAP_SETPCAP) &&
	    (inheritable & ~(old->cap_inheritable | old->cap_permitted)))
		return false;
	if (inheritable & ~(old->cap_inheritable | old->cap_bset))
		return false;
	if (permitted & ~old->cap_permitted)
		return false;
	return !(effective & ~permitted);
}

long sys_capset(struct __user_cap_header_struct __user *header,
		const struct __user_cap_data_struct __user *data)
{
	struct __user_cap_data_struct kdata[2] = {};
	kernel_cap_t effective, permitted, inheritable;
	unsigned int tocopy;
	struct cred *new;
	pid_t pid;
	int err;

	err = cap_validate_magic(header, &tocopy);
	if (err)
		return err;
	if (get_user(pid, &header->pid))
		return -EFAULT;
	if (pid != 0 && pid != current->pid)
		return -EPERM;
	if (copy_from_user(kdata, data, tocopy * sizeof(kdata[0])))
		return -EFAULT;
	effective = (kdata[0].effective | (u64)kdata[1].effective << 32) & CAP_FULL_SET;
	permitted = (kdata[0].permitted | (u64)kdata[1].permitted << 32) & CAP_FULL_SET;
	inheritable = (kdata[0].inheritable | (u64)kdata[1].inheritable << 32) & CAP_FULL_SET;
	if (!capset_allowed(current_cred(), effective, permitted, inheritable))
		return -EPERM;
	new = prepare_creds();
	if (!new)
		return -ENOMEM;
	new->cap_effective = effective;
	new->cap_permitted = permitted;
	new->cap_inheritable = inheritable;
	new->cap_ambient &= permitted &inheritable;
	return commit_creds(new);
}
