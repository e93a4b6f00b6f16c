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
	unsigned long vma_pages;
	unsigned long p;	 /* top of what is on the new stack so far */
	unsigned long argmin;	 /* p must not go below: limit of arguments + environment */
	struct file *file;	 /* what is to be executed */
	struct file *executable; /* the same, or the script when an interpreter has taken its place */
	struct file *interpreter;
	const char *filename; /* as the program sees it (AT_EXECFN) */
	const char *interp;   /* name of the binary really executed */
	char *fdpath;	      /* filename's memory when made up from a descriptor */
	struct cred *cred;    /* credentials of the new program */
	unsigned int per_clear;
	int argc, envc;
	unsigned long exec; /* address of the file name on the new stack */
	struct rlimit rlim_stack;
	unsigned have_execfd : 1;
	unsigned secureexec : 1;
	unsigned point_of_no_return : 1;
	unsigned path_inaccessible : 1; /* "/dev/fd/N" of a close-on-exec descriptor */
	unsigned denied_write : 1;
	char buf[BINPRM_BUF_SIZE]; /* first bytes of file */
};

struct linux_binfmt {
	int (*load_binary)(struct linux_binprm *bprm); /* -ENOEXEC: not mine */
};

extern struct linux_binfmt elf_format, script_format;

/* fs/exec.c */
struct file *open_exec(const char *name); /* with write access denied; close with exec_close() */
void exec_close(struct file *file);
int begin_new_exec(struct linux_binprm *bprm);
void setup_new_exec(struct linux_binprm *bprm);
void finalize_exec(struct linux_binprm *bprm);
int copy_string_kernel(const char *arg, struct linux_binprm *bprm);
int remove_arg_zero(struct linux_binprm *bprm);
int bprm_change_interp(const char *interp, struct linux_binprm *bprm);
/* Read exactly len bytes at pos; -EIO when the file is shorter. */
int kernel_read_exact(struct file *file, void *buf, size_t len, loff_t pos);
/* Start a program from inside the kernel (init); returns only on error. */
int kernel_execve(const char *filename, const char *const *argv, const char *const *envp);
void set_task_comm(struct task_struct *tsk, const char *name);
void get_task_comm(char buf[TASK_COMM_LEN], struct task_struct *tsk);

#endif
