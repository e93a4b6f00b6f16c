// SPDX-License-Identifier: MIT
/*
 * fs/exec.c - execve(2) and execveat(2): a process becomes another program.
 *
 *	do_execveat_common	names, limits, strings on the new stack	fs/exec_args.c
 *	  bprm_execve		credentials, the file
 *	    exec_binprm		one turn for each "#!" line		fs/binfmt_script.c
 *	      load_binary	a format takes the file			fs/binfmt_elf.c
 *		begin_new_exec	the point of no return			fs/exec_image.c
 *
 * Before the point of no return an error goes back to the caller, with nothing changed (EXT-7);
 * after it the caller dies (EXT-8).
 */
#include <pagoda/binfmts.h>
#include <pagoda/cred.h>
#include <pagoda/err.h>
#include <pagoda/fdtable.h>
#include <pagoda/file.h>
#include <pagoda/fs.h>
#include <pagoda/kernel.h>
#include <pagoda/mm.h>
#include <pagoda/namei.h>
#include <pagoda/sched.h>
#include <pagoda/sched_task.h>
#include <pagoda/signal.h>
#include <pagoda/slab.h>
#include <pagoda/sprintf.h>
#include <pagoda/string.h>
#include <asm/uaccess.h>
#include <syscalls.h>

static struct linux_binfmt *const formats[] = {&elf_format, &script_format};

/* ---- the file -------------------------------------------------------------------------------- */

/* AT_EMPTY_PATH with an empty name: the file that fd refers to, opened again for execution. */
static struct file *reopen_exec(int fd)
{
	struct fd f = fdget_raw(fd);
	struct file *file;

	if (!f.file)
		return ERR_PTR(-EBADF);
	file = dentry_open(&f.file->f_path, O_RDONLY | O_LARGEFILE | __FMODE_EXEC, current_cred());
	fdput(f);
	return file;
}

static struct file *do_open_execat(int fd, const char *name, int flags)
{
	int open_flags = O_RDONLY | O_LARGEFILE | __FMODE_EXEC;
	struct file *file;
	int err;

	if (flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
		return ERR_PTR(-EINVAL);
	if (flags & AT_SYMLINK_NOFOLLOW)
		open_flags |= O_NOFOLLOW;
	if (!*name && (flags & AT_EMPTY_PATH))
		file = reopen_exec(fd);
	else
		file = do_filp_open(fd, getname_kernel(name), open_flags, 0);
	if (IS_ERR(file))
		return file;
	err = -EACCES;
	if (!S_ISREG(file_inode(file)->i_mode))
		goto out;
	err = path_permission(&file->f_path, MAY_EXEC);
	if (err)
		goto out;
	err = deny_write_access(file);
	if (err)
		goto out;
	return file;
out:
	fput(file);
	return ERR_PTR(err);
}

struct file *open_exec(const char *name)
{
	return do_open_execat(AT_FDCWD, name, 0);
}

void exec_close(struct file *file)
{
	allow_write_access(file);
	fput(file);
}

int kernel_read_exact(struct file *file, void *buf, size_t len, loff_t pos)
{
	ssize_t n = kernel_read(file, buf, len, &pos);

	if (n == len)
		return 0;
	return n < 0 ? n : -EIO;
}

/* ---- the formats ----------------------------------------------------------------------------- */

int bprm_change_interp(const char *interp, struct linux_binprm *bprm)
{
	char *copy = kstrdup(interp, GFP_KERNEL);

	if (!copy)
		return -ENOMEM;
	kfree(bprm->interp_copy);
	bprm->interp_copy = copy;
	bprm->interp = copy;
	return 0;
}

static int search_binary_handler(struct linux_binprm *bprm)
{
	loff_t pos = 0;
	ssize_t n;
	unsigned int i;
	int ret;

	memset(bprm->buf, 0, BINPRM_BUF_SIZE);
	n = kernel_read(bprm->file, bprm->buf, BINPRM_BUF_SIZE, &pos);
	if (n < 0)
		return n;
	for (i = 0; i < ARRAY_SIZE(formats); i++) {
		ret = formats[i]->load_binary(bprm);
		if (ret != -ENOEXEC || bprm->point_of_no_return)
			return ret;
	}
	return -ENOEXEC;
}

static int exec_binprm(struct linux_binprm *bprm)
{
	int depth, ret;

	for (depth = 0;; depth++) {
		if (depth > BINPRM_MAX_REWRITE)
			return -ELOOP;
		ret = search_binary_handler(bprm);
		if (ret < 0 || !bprm->interpreter)
			return ret;
		exec_close(bprm->file);
		bprm->file = bprm->interpreter;
		bprm->interpreter = NULL;
	}
}

static int bprm_execve(struct linux_binprm *bprm, int fd, const char *name, int flags)
{
	struct file *file;
	int err;

	err = prepare_bprm_creds(bprm);
	if (err)
		return err;
	file = do_open_execat(fd, name, flags);
	if (IS_ERR(file))
		return PTR_ERR(file);
	bprm->file = file;
	if (bprm->fdpath && get_close_on_exec(fd))
		bprm->path_inaccessible = 1;
	current->in_execve = 1;
	err = exec_binprm(bprm);
	current->in_execve = 0;
	/* (EXT-8) there is nothing left to return to */
	if (err && bprm->point_of_no_return && !fatal_signal_pending(current))
		force_fatal_sig(SIGSEGV);
	return err;
}

/* ---- the calls ------------------------------------------------------------------------------- */

static void free_bprm(struct linux_binprm *bprm)
{
	bprm_put_arg_page(bprm);
	if (bprm->mm)
		mmput(bprm->mm);
	if (bprm->cred) {
		mutex_unlock(&current->signal->cred_guard_mutex);
		abort_creds(bprm->cred);
	}
	if (bprm->interpreter)
		exec_close(bprm->interpreter);
	if (bprm->file)
		exec_close(bprm->file);
	kfree(bprm->fdpath);
	kfree(bprm->interp_copy);
	kfree(bprm);
}

static struct linux_binprm *alloc_bprm(int fd, const char *name)
{
	struct linux_binprm *bprm = kzalloc(sizeof(*bprm), GFP_KERNEL);
	size_t size = strlen(name) + 24;
	int err;

	if (!bprm)
		return ERR_PTR(-ENOMEM);
	bprm->filename = name;
	if (fd != AT_FDCWD && name[0] != '/') {
		err = -ENOMEM;
		bprm->fdpath = kmalloc(size, GFP_KERNEL);
		if (!bprm->fdpath)
			goto out;
		snprintf(bprm->fdpath, size, name[0] ? "/dev/fd/%d/%s" : "/dev/fd/%d", fd, name);
		bprm->filename = bprm->fdpath;
	}
	bprm->interp = bprm->filename;
	err = bprm_mm_init(bprm);
	if (!err)
		return bprm;
out:
	free_bprm(bprm);
	return ERR_PTR(err);
}

/* An empty argv would let a program mistake its environment for arguments: it gets one "". */
static int add_missing_arg(struct linux_binprm *bprm)
{
	if (bprm->argc)
		return 0;
	bprm->argc = 1;
	return copy_string_kernel("", bprm);
}

static int do_execveat_common(int fd, const char *name, const char __user *const __user *argv,
			      const char __user *const __user *envp, int flags)
{
	struct linux_binprm *bprm = alloc_bprm(fd, name);
	int ret, argc;

	if (IS_ERR(bprm))
		return PTR_ERR(bprm);
	ret = argc = bprm->argc = count_user_strings(argv);
	if (ret < 0)
		goto out;
	ret = bprm->envc = count_user_strings(envp);
	if (ret < 0)
		goto out;
	ret = bprm_stack_limits(bprm);
	if (ret < 0)
		goto out;
	ret = copy_string_kernel(bprm->filename, bprm);
	if (ret < 0)
		goto out;
	bprm->exec = bprm->p;
	ret = copy_user_strings(bprm->envc, envp, bprm);
	if (ret < 0)
		goto out;
	ret = copy_user_strings(argc, argv, bprm);
	if (ret < 0)
		goto out;
	ret = add_missing_arg(bprm);
	if (ret < 0)
		goto out;
	ret = bprm_execve(bprm, fd, name, flags);
out:
	free_bprm(bprm);
	return ret;
}

static int copy_kernel_strings(int count, const char *const *strings, struct linux_binprm *bprm)
{
	int err = 0;

	while (count-- > 0 && !err)
		err = copy_string_kernel(strings[count], bprm);
	return err;
}

int kernel_execve(const char *filename, const char *const *argv, const char *const *envp)
{
	struct linux_binprm *bprm = alloc_bprm(AT_FDCWD, filename);
	int ret;

	if (IS_ERR(bprm))
		return PTR_ERR(bprm);
	while (argv[bprm->argc])
		bprm->argc++;
	while (envp[bprm->envc])
		bprm->envc++;
	ret = bprm_stack_limits(bprm);
	if (!ret)
		ret = copy_string_kernel(filename, bprm);
	bprm->exec = bprm->p;
	if (!ret)
		ret = copy_kernel_strings(bprm->envc, envp, bprm);
	if (!ret)
		ret = copy_kernel_strings(bprm->argc, argv, bprm);
	if (!ret)
		ret = bprm_execve(bprm, AT_FDCWD, filename, 0);
	free_bprm(bprm);
	return ret;
}

long sys_execveat(int fd, const char __user *filename, const char __user *const __user *argv,
		  const char __user *const __user *envp, int flags)
{
	struct filename *name;
	long ret;

	name = getname_flags(filename, (flags & AT_EMPTY_PATH) ? LOOKUP_EMPTY : 0);
	if (IS_ERR(name))
		return PTR_ERR(name);
	ret = do_execveat_common(fd, name->name, argv, envp, flags);
	putname(name);
	return ret;
}

long sys_execve(const char __user *filename, const char __user *const __user *argv,
		const char __user *const __user *envp)
{
	return sys_execveat(AT_FDCWD, filename, argv, envp, 0);
}
