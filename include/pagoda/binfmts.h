/* SPDX-License-Identifier: MIT */
/*
 * binfmts.h - loading a program: what execve() has gathered, and the formats that can take it.
 *
 * linux_binprm carries one exec from its start to its end. Up to begin_new_exec() nothing of the
 * caller has changed and any error goes back to it (EXT-7); after it (point_of_no_return) an error
 * kills the caller (EXT-8).
 */
#ifndef PAGODA_BINFMTS_H
#define PAGODA_BINFMTS_H

#include <pagoda/types.h>
#include <pagoda/sched.h>
#include <pagoda/mm_types.h>

struct filename;
struct page;
struct pt_regs;
struct cred;

#define BINPRM_BUF_SIZE	   256
#define MAX_ARG_STRLEN	   (32 * 4096)
#define MAX_ARG_STRINGS	   0x7fffffff
#define BINPRM_MAX_REWRITE 5 /* scripts whose interpreter is a script */

#define EXSTACK_DEFAULT	  0
#define EXSTACK_DISABLE_X 1
#define EXSTACK_ENABLE_X  2

struct linux_binprm {
	struct mm_struct *mm;	    /* the new address space */
	struct vm_area_struct *vma; /* its stack */
	unsigned long p;	    /* lowest byte in use of the new stack */
	unsigned long argmin;	    /* p must not go below: limit of arguments + environment */
	struct page *arg_page; /* page of the new stack that was written last, and its address */
	unsigned long arg_page_addr;
	struct file *file;	  /* what is to be executed, write access denied */
	struct file *interpreter; /* of a script: takes the place of file */
	const char *filename;	  /* as the program sees it (AT_EXECFN) */
	const char *interp;	  /* name of the binary really executed */
	char *fdpath;		  /* memory of filename and of interp, where made up here */
	char *interp_copy;
	struct cred *cred; /* credentials of the new program */
	unsigned int per_clear;
	int argc, envc;
	unsigned long exec; /* address of the file name on the new stack */
	struct rlimit rlim_stack;
	unsigned secureexec : 1;
	unsigned point_of_no_return : 1;
	unsigned path_inaccessible : 1; /* "/dev/fd/N" of a close-on-exec descriptor */
	char buf[BINPRM_BUF_SIZE];	/* first bytes of file */
};

struct linux_binfmt {
	int (*load_binary)(struct linux_binprm *bprm); /* -ENOEXEC: not mine */
};

extern struct linux_binfmt elf_format, script_format;

/* fs/exec.c */
struct file *open_exec(const char *name); /* with write access denied; close with exec_close() */
void exec_close(struct file *file);
/* Read exactly len bytes at pos; -EIO when the file is shorter. */
int kernel_read_exact(struct file *file, void *buf, size_t len, loff_t pos);
/* Start a program from inside the kernel (init): 0, and the caller returns to it; or -errno. */
int kernel_execve(const char *filename, const char *const *argv, const char *const *envp);
/* The interpreter's name is copied. 0 or -ENOMEM. */
int bprm_change_interp(const char *interp, struct linux_binprm *bprm);

/* fs/exec_args.c: strings on the new stack. 0, -E2BIG, -EFAULT, -ENOMEM */
int bprm_mm_init(struct linux_binprm *bprm);
int bprm_stack_limits(struct linux_binprm *bprm);
int count_user_strings(const char __user *const __user *argv);
int copy_user_strings(int argc, const char __user *const __user *argv, struct linux_binprm *bprm);
int copy_string_kernel(const char *arg, struct linux_binprm *bprm);
int remove_arg_zero(struct linux_binprm *bprm);
/* @top moved down by a random number of pages up to @mask, unless randomisation is off. */
unsigned long randomize_stack_top(unsigned long top, unsigned long mask);
void bprm_put_arg_page(struct linux_binprm *bprm);
extern int randomize_va_space; /* 0 none, 1 stack and mmap, 2 also brk */

/* fs/exec_image.c: the caller becomes the new program */
int begin_new_exec(struct linux_binprm *bprm);
int setup_arg_pages(struct linux_binprm *bprm, int executable_stack);
void finalize_exec(struct linux_binprm *bprm);
void set_task_comm(struct task_struct *tsk, const char *name);
void get_task_comm(char buf[TASK_COMM_LEN], struct task_struct *tsk);

/* fs/exec_cred.c */
int prepare_bprm_creds(struct linux_binprm *bprm);
void bprm_creds_from_file(struct linux_binprm *bprm);

/* fs/binfmt_elf_tables.c: what the program finds on its stack (System V ABI, figure 3.9) */
struct elf_info {
	unsigned long phdr_addr, interp_base, entry;
	u16 phnum;
	bool compat; /* words of 32 bits */
};
int create_elf_tables(struct linux_binprm *bprm, const struct elf_info *info);

#endif
