/* SPDX-License-Identifier: MIT */
/*
 * ipc/util.h - ids and permissions of System V objects.
 *
 * An id is (sequence number << 15) + index: the index finds the object, and the sequence number,
 * which goes up each time that indices start over, tells an old id from the new one in its place.
 *
 * Locks: ipc_ids.lock around every call and every use of an object.
 */
#ifndef IPC_UTIL_H
#define IPC_UTIL_H

#include <pagoda/ipc.h>
#include <pagoda/mutex.h>
#include <pagoda/types.h>
#include <pagoda/xarray.h>
#include <uapi/ipc.h>

/* The first member of every object. */
struct kern_ipc_perm {
	int id;
	int key; /* IPC_PRIVATE: found by id only */
	uid_t uid, cuid;
	gid_t gid, cgid;
	umode_t mode; /* S_IRWXUGO, and bits of the kind of object */
	unsigned int seq;
};

struct ipc_ids {
	struct mutex lock;
	struct xarray objects; /* struct kern_ipc_perm by index */
	int in_use;
	int last_idx;	  /* given out last */
	unsigned int seq; /* of the next id */
};

#define IPC_IDS_INIT(name)                                                                         \
	{                                                                                          \
		.lock = {.wait_lock = __SPIN_LOCK_UNLOCKED((name).lock.wait_lock),                 \
			 .wait_list = LIST_HEAD_INIT((name).lock.wait_list),                       \
			 .rank = RANK_IPC},                                                        \
		.objects = XARRAY_INIT, .last_idx = -1,                                            \
	}

/* Gives @perm, which has key and mode, an id and the caller as owner. The id, -ENOSPC, -ENOMEM. */
int ipc_addid(struct ipc_ids *ids, struct kern_ipc_perm *perm, int limit);
/* Its id is void from now on. */
void ipc_rmid(struct ipc_ids *ids, struct kern_ipc_perm *perm);
struct kern_ipc_perm *ipc_findkey(struct ipc_ids *ids, int key);
/* By index; by id, which must be the object's own. NULL: there is none. */
struct kern_ipc_perm *ipc_obtain_idx(struct ipc_ids *ids, int idx);
struct kern_ipc_perm *ipc_obtain(struct ipc_ids *ids, int id);
/* The same for IPC_SET and IPC_RMID: -EINVAL, or -EPERM for who is neither owner nor creator. */
struct kern_ipc_perm *ipcctl_obtain(struct ipc_ids *ids, int id);
/* The highest index in use, or -1. */
int ipc_get_maxidx(struct ipc_ids *ids);

/* Whether the caller may do what the bits of @flag say, for any of the three classes. */
bool ipc_permitted(const struct kern_ipc_perm *perm, int flag);
void kernel_to_ipc64_perm(const struct kern_ipc_perm *in, struct ipc64_perm *out);
/* IPC_SET. 0 or -EINVAL. */
int ipc_update_perm(const struct ipc64_perm *in, struct kern_ipc_perm *out);

#endif
