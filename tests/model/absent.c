// SPDX-License-Identifier: MIT
/*
 * tests/model/absent.c - functions that the sources of the model refer to, and that no program of the
 * model reaches. One line each; includes nothing, so that no prototype is in the way.
 */
extern void model_absent(const char *name) __attribute__((noreturn));

#define ABSENT(name)                                                                               \
	void name(void);                                                                           \
	void name(void)                                                                            \
	{                                                                                          \
		model_absent(#name);                                                               \
	}

/* kernel/ */
ABSENT(__put_task_struct)
ABSENT(do_no_restart_syscall)
ABSENT(do_send_sig_info)
ABSENT(find_get_task_by_vpid)
ABSENT(get_pid_task)
ABSENT(in_group_p)
ABSENT(pidfd_get_pid)
ABSENT(put_group_info)
ABSENT(put_pid)
ABSENT(schedule_timeout_uninterruptible)
ABSENT(send_sig)

/* fs/ */
ABSENT(__register_chrdev)
ABSENT(anon_inode_getfd)
ABSENT(def_blk_fops)
ABSENT(def_chr_fops)
ABSENT(devtmpfs_create_node)
ABSENT(do_filp_open)
ABSENT(filename_lookup)
ABSENT(follow_down_locked)
ABSENT(generic_fillattr)
ABSENT(kern_path)
ABSENT(locks_free_lock_context)
ABSENT(locks_remove_file)
ABSENT(pipefifo_fops)
ABSENT(seq_printf)
ABSENT(user_path_at)
