/* SPDX-License-Identifier: MIT */
/*
 * cred.h - who a task acts as: user and group ids, capabilities.
 *
 * A struct cred never changes once a task uses it: whoever wants other credentials prepares a
 * copy and commits it. A task's own pointer is changed only by the task itself, so current_cred()
 * needs no lock; the credentials of another task are read through get_task_cred().
 */
#ifndef PAGODA_CRED_H
#define PAGODA_CRED_H

#include <pagoda/types.h>
#include <pagoda/atomic.h>
#include <pagoda/sched.h>
#include <uapi/capability.h>

#define NGROUPS_MAX 65536

typedef u64 kernel_cap_t; /* bit n = capability n */

#define CAP_TO_MASK(cap) (1ULL << (cap))
#define CAP_FULL_SET	 ((1ULL << (CAP_LAST_CAP + 1)) - 1)

struct group_info {
	refcount_t usage;
	int ngroups;
	gid_t gid[]; /* sorted */
};

struct cred {
	refcount_t usage;
	uid_t uid, suid, euid, fsuid;
	gid_t gid, sgid, egid, fsgid;
	unsigned int securebits;
	kernel_cap_t cap_inheritable, cap_permitted, cap_effective, cap_bset, cap_ambient;
	struct group_info *group_info;
};

extern struct cred init_cred;
extern struct group_info init_groups;

/* kernel/cred.c */
void cred_init(void);
struct cred *prepare_creds(void); /* a private copy of the caller's; NULL without memory */
int commit_creds(
	struct cred *new); /* the caller acts as `new` from now on; takes the reference; 0 */
void abort_creds(struct cred *new);
/* Act as `new` for a while (access(2)); returns what revert_creds() must be given. */
const struct cred *override_creds(const struct cred *new);
void revert_creds(const struct cred *old);
void copy_creds(struct task_struct *p);
void exit_creds(struct task_struct *p);
void __put_cred(struct cred *cred);
const struct cred *get_task_cred(struct task_struct *task); /* with a reference */
bool cap_capable(const struct cred *cred, int cap);
bool capable(int cap); /* of the caller; marks it as having used privilege */
/* May the caller look into and act upon t? 0 or -EPERM. */
bool ptrace_may_access(struct task_struct *t);
/* t's mm with a user reference, NULL when it has none, -EACCES when the caller may not look. */
struct mm_struct *mm_access(struct task_struct *t);
void cap_emulate_setxuid(struct cred *new, const struct cred *old);
unsigned int count_user_processes(uid_t uid);

/* kernel/groups.c */
bool in_group_p(gid_t gid); /* fsgid or a supplementary group of the caller */
bool groups_search(const struct group_info *info, gid_t gid);
void put_group_info(struct group_info *info);
/* Room for that many groups; or ERR_PTR -EINVAL, -ENOMEM. */
struct group_info *groups_alloc(int ngroups);
/* They become current's; takes the reference, also when it fails. */
int set_current_groups(struct group_info *info);

static inline const struct cred *get_cred(const struct cred *cred)
{
	refcount_inc(&((struct cred *)cred)->usage);
	return cred;
}

static inline void put_cred(const struct cred *cred)
{
	struct cred *c = (struct cred *)cred;

	if (c && refcount_dec_and_test(&c->usage))
		__put_cred(c);
}

static inline const struct cred *current_cred(void)
{
	return current->cred;
}

static inline const struct cred *get_current_cred(void)
{
	return get_cred(current_cred());
}

#define current_uid()	(current_cred()->uid)
#define current_gid()	(current_cred()->gid)
#define current_euid()	(current_cred()->euid)
#define current_egid()	(current_cred()->egid)
#define current_fsuid() (current_cred()->fsuid)
#define current_fsgid() (current_cred()->fsgid)

static inline uid_t task_uid(struct task_struct *t)
{
	const struct cred *cred = get_task_cred(t);
	uid_t uid = cred->uid;

	put_cred(cred);
	return uid;
}

#endif
