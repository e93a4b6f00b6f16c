// SPDX-License-Identifier: MIT
/*
 * kernel/groups.c - supplementary groups.
 *
 * A group_info is sorted, counted, and never changes: credentials share it.
 */
#include <pagoda/cred.h>
#include <pagoda/err.h>
#include <pagoda/errno.h>
#include <pagoda/slab.h>
#include <pagoda/sort.h>
#include <asm/uaccess.h>
#include <syscalls.h>

void put_group_info(struct group_info *info)
{
	if (refcount_dec_and_test(&info->usage))
		kvfree(info);
}

bool groups_search(const struct group_info *info, gid_t gid)
{
	int left = 0, right = info->ngroups;

	while (left < right) {
		int mid = (left + right) / 2;

		if (info->gid[mid] == gid)
			return true;
		if (info->gid[mid] < gid)
			left = mid + 1;
		else
			right = mid;
	}
	return false;
}

bool in_group_p(gid_t gid)
{
	const struct cred *cred = current_cred();

	return gid == cred->fsgid || groups_search(cred->group_info, gid);
}

static int compare_gids(const void *a, const void *b)
{
	gid_t x = *(const gid_t *)a, y = *(const gid_t *)b;

	return x < y ? -1 : x > y;
}

long sys_getgroups(int gidsetsize, gid_t __user *grouplist)
{
	const struct group_info *info = current_cred()->group_info;

	if (gidsetsize < 0)
		return -EINVAL;
	if (gidsetsize == 0)
		return info->ngroups;
	if (info->ngroups > gidsetsize)
		return -EINVAL;
	if (copy_to_user(grouplist, info->gid, info->ngroups * sizeof(gid_t)))
		return -EFAULT;
	return info->ngroups;
}

struct group_info *groups_alloc(int ngroups)
{
	struct group_info *info;

	if ((unsigned int)ngroups > NGROUPS_MAX)
		return ERR_PTR(-EINVAL);
	info = kvmalloc(sizeof(*info) + ngroups * sizeof(gid_t), GFP_KERNEL);
	if (!info)
		return ERR_PTR(-ENOMEM);
	refcount_set(&info->usage, 1);
	info->ngroups = ngroups;
	return info;
}

int set_current_groups(struct group_info *info)
{
	struct cred *new;

	sort(info->gid, info->ngroups, sizeof(gid_t), compare_gids, NULL);
	new = prepare_creds();
	if (!new) {
		put_group_info(info);
		return -ENOMEM;
	}
	put_group_info(new->group_info);
	new->group_info = info;
	return commit_creds(new);
}

long sys_setgroups(int gidsetsize, gid_t __user *grouplist)
{
	struct group_info *info;

	if (!capable(CAP_SETGID))
		return -EPERM;
	info = groups_alloc(gidsetsize);
	if (IS_ERR(info))
		return PTR_ERR(info);
	if (copy_from_user(info->gid, grouplist, gidsetsize * sizeof(gid_t))) {
		put_group_info(info);
		return -EFAULT;
	}
	return set_current_groups(info);
}
