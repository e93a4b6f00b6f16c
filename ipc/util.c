// SPDX-License-Identifier: MIT
/*
 * ipc/util.c - ids and permissions of System V objects; see ipc/util.h.
 */
#include <pagoda/cred.h>
#include <pagoda/err.h>
#include <pagoda/errno.h>
#include <pagoda/gfp.h>
#include <pagoda/kernel.h>
#include <pagoda/stat.h>
#include "util.h"

#define IPC_MIN_CYCLE 64 /* indices used before they start over, even with few objects */
#define IPC_SEQ_MAX   (INT_MAX >> IPCMNI_SHIFT)

static int ipc_idx(int id)
{
	return id & (IPCMNI - 1);
}

/* A free index in [from, end), or @end. */
static int free_idx(struct ipc_ids *ids, int from, int end)
{
	while (from < end && xa_load(&ids->objects, from))
		from++;
	return from;
}

/* The next free index in turn, so that the index of an object that is gone comes back late. */
static int next_idx(struct ipc_ids *ids)
{
	int max = min(max(ids->in_use * 3 / 2, IPC_MIN_CYCLE), IPCMNI);
	int idx = free_idx(ids, ids->last_idx + 1, max);

	return idx < max ? idx : free_idx(ids, 0, max);
}

int ipc_addid(struct ipc_ids *ids, struct kern_ipc_perm *perm, int limit)
{
	int idx, err;

	if (ids->in_use >= limit)
		return -ENOSPC;
	idx = next_idx(ids);
	err = xa_insert(&ids->objects, idx, perm, GFP_KERNEL);
	if (err)
		return err;
	if (idx <= ids->last_idx && ++ids->seq > IPC_SEQ_MAX)
		ids->seq = 0;
	ids->last_idx = idx;
	ids->in_use++;
	perm->seq = ids->seq;
	perm->id = (int)(ids->seq << IPCMNI_SHIFT) + idx;
	perm->uid = perm->cuid = current_euid();
	perm->gid = perm->cgid = current_egid();
	return perm->id;
}

void ipc_rmid(struct ipc_ids *ids, struct kern_ipc_perm *perm)
{
	xa_erase(&ids->objects, ipc_idx(perm->id));
	ids->in_use--;
}

struct kern_ipc_perm *ipc_findkey(struct ipc_ids *ids, int key)
{
	struct kern_ipc_perm *perm;
	unsigned long idx;

	xa_for_each (&ids->objects, idx, perm) {
		if (perm->key == key)
			return perm;
	}
	return NULL;
}

struct kern_ipc_perm *ipc_obtain_idx(struct ipc_ids *ids, int idx)
{
	return xa_load(&ids->objects, ipc_idx(idx));
}

struct kern_ipc_perm *ipc_obtain(struct ipc_ids *ids, int id)
{
	struct kern_ipc_perm *perm = ipc_obtain_idx(ids, id);

	return perm && perm->id == id ? perm : NULL;
}

struct kern_ipc_perm *ipcctl_obtain(struct ipc_ids *ids, int id)
{
	struct kern_ipc_perm *perm = ipc_obtain(ids, id);
	uid_t euid = current_euid();

	if (!perm)
		return ERR_PTR(-EINVAL);
	if (euid == perm->uid || euid == perm->cuid || capable(CAP_SYS_ADMIN))
		return perm;
	return ERR_PTR(-EPERM);
}

int ipc_get_maxidx(struct ipc_ids *ids)
{
	struct kern_ipc_perm *perm;
	unsigned long idx;
	int highest = -1;

	xa_for_each (&ids->objects, idx, perm)
		highest = (int)idx;
	return highest;
}

bool ipc_permitted(const struct kern_ipc_perm *perm, int flag)
{
	int requested = flag >> 6 | flag >> 3 | flag, granted = perm->mode;
	uid_t euid = current_euid();

	if (euid == perm->cuid || euid == perm->uid)
		granted >>= 6;
	else if (in_group_p(perm->cgid) || in_group_p(perm->gid))
		granted >>= 3;
	return !(requested & ~granted & 7) || capable(CAP_IPC_OWNER);
}

void kernel_to_ipc64_perm(const struct kern_ipc_perm *in, struct ipc64_perm *out)
{
	*out = (struct ipc64_perm){
		.key = in->key,
		.uid = in->uid,
		.gid = in->gid,
		.cuid = in->cuid,
		.cgid = in->cgid,
		.mode = in->mode,
		.seq = (unsigned short)in->seq,
	};
}

int ipc_update_perm(const struct ipc64_perm *in, struct kern_ipc_perm *out)
{
	if (in->uid == (uid_t)-1 || in->gid == (gid_t)-1)
		return -EINVAL;
	out->uid = in->uid;
	out->gid = in->gid;
	out->mode = (out->mode & ~S_IRWXUGO) | (in->mode & S_IRWXUGO);
	return 0;
}
