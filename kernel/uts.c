// SPDX-License-Identifier: MIT
/*
 * kernel/uts.c - uname(2), sethostname(2), setdomainname(2), personality(2).
 *
 * Locks: uts_sem guards nodename and domainname; the other names never change.
 */
#include <pagoda/cred.h>
#include <pagoda/errno.h>
#include <pagoda/sched.h>
#include <pagoda/string.h>
#include <pagoda/utsname.h>
#include <uapi/personality.h>
#include <asm/uaccess.h>
#include <syscalls.h>

const char linux_banner[] = "Linux version " UTS_RELEASE " (gcc " __VERSION__ ") " UTS_VERSION "\n";

struct new_utsname init_uts = {
	.sysname = "Linux",
	.nodename = "(none)",
	.release = UTS_RELEASE,
	.version = UTS_VERSION,
	.machine = "x86_64",
	.domainname = "(none)",
};

struct rw_semaphore uts_sem = {
	.wait_lock = __SPIN_LOCK_UNLOCKED(uts_sem.wait_lock),
	.wait_list = LIST_HEAD_INIT(uts_sem.wait_list),
};

/* setarch(8) lets programs believe that the kernel is older and the machine smaller. */
static void show_personality(struct new_utsname *name)
{
	if (current->personality & UNAME26)
		strscpy(name->release, UTS_RELEASE26, sizeof(name->release));
	if ((current->personality & PER_MASK) == PER_LINUX32)
		strscpy(name->machine, "i686", sizeof(name->machine));
}

long sys_uname(struct new_utsname __user *name)
{
	struct new_utsname tmp;

	down_read(&uts_sem);
	tmp = init_uts;
	up_read(&uts_sem);
	show_personality(&tmp);
	return copy_to_user(name, &tmp, sizeof(tmp)) ? -EFAULT : 0;
}

/* Before domain names. */
long sys_olduname(struct old_utsname __user *name)
{
	struct new_utsname tmp;

	down_read(&uts_sem);
	tmp = init_uts;
	up_read(&uts_sem);
	show_personality(&tmp);
	return copy_to_user(name, &tmp, sizeof(*name)) ? -EFAULT : 0;
}

static void shorten(char to[9], const char *from)
{
	memcpy(to, from, 8);
	to[8] = '\0';
}

/* With names of 8 characters. */
long sys_oldolduname(struct oldold_utsname __user *name)
{
	struct oldold_utsname old;
	struct new_utsname tmp;

	down_read(&uts_sem);
	tmp = init_uts;
	up_read(&uts_sem);
	show_personality(&tmp);
	shorten(old.sysname, tmp.sysname);
	shorten(old.nodename, tmp.nodename);
	shorten(old.release, tmp.release);
	shorten(old.version, tmp.version);
	shorten(old.machine, tmp.machine);
	return copy_to_user(name, &old, sizeof(old)) ? -EFAULT : 0;
}

static long set_uts_name(char *field, const char __user *name, int len)
{
	char tmp[__NEW_UTS_LEN];

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	if (len < 0 || len > __NEW_UTS_LEN)
		return -EINVAL;
	if (copy_from_user(tmp, name, len))
		return -EFAULT;
	down_write(&uts_sem);
	memcpy(field, tmp, len);
	memset(field + len, 0, __NEW_UTS_LEN + 1 - len);
	up_write(&uts_sem);
	return 0;
}

long sys_sethostname(char __user *name, int len)
{
	return set_uts_name(init_uts.nodename, name, len);
}

long sys_setdomainname(char __user *name, int len)
{
	return set_uts_name(init_uts.domainname, name, len);
}

/* 0xffffffff asks only. */
long sys_personality(unsigned int personality)
{
	unsigned int old = current->personality;

	if (personality != 0xffffffff)
		current->personality = personality;
	return old;
}
