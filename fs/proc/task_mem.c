// SPDX-License-Identifier: MIT
/*
 * fs/proc/task_mem.c - the memory of a process as bytes: cmdline, environ, auxv, mem.
 *
 * A file that stays open keeps the mm_struct but not the memory: once the process has exited or
 * runs another program, reading ends. The memory is read through access_remote_vm(), which takes
 * mmap_lock; nothing is held across the copy to the caller.
 */
#include "internal.h"
#include <pagoda/cred.h>
#include <pagoda/gfp.h>
#include <pagoda/mm.h>
#include <asm/uaccess.h>

struct mm_struct *proc_mem_open(struct inode *inode)
{
	struct task_struct *task = get_proc_task(inode);
	struct mm_struct *mm;

	if (!task)
		return ERR_PTR(-ESRCH);
	mm = mm_access(task);
	put_task_struct(task);
	if (!IS_ERR_OR_NULL(mm)) {
		mmgrab(mm);
		mmput(mm);
	}
	return mm;
}

static int mem_open(struct inode *inode, struct file *file)
{
	struct mm_struct *mm = proc_mem_open(inode);

	if (IS_ERR(mm))
		return PTR_ERR(mm);
	file->private_data = mm;
	return 0;
}

static int mem_release(struct inode *inode, struct file *file)
{
	if (file->private_data)
		mmdrop(file->private_data);
	return 0;
}

/*
 * Moves count bytes between the caller's buf and addr of mm, page by page; write: into mm. Returns
 * the bytes moved, or what failed before the first.
 */
static ssize_t transfer(struct mm_struct *mm, unsigned long addr, char __user *buf, size_t count,
			unsigned int foll)
{
	char *page = (char *)__get_free_page(GFP_KERNEL);
	ssize_t done = 0, err = 0;

	if (!page)
		return -ENOMEM;
	while (count && !err) {
		size_t chunk = min(count, (size_t)PAGE_SIZE), got;

		if ((foll & FOLL_WRITE) && copy_from_user(page, buf, chunk)) {
			err = -EFAULT;
			break;
		}
		got = (size_t)access_remote_vm(mm, addr, page, (int)chunk, foll);
		if (!got)
			err = -EIO;
		else if (!(foll & FOLL_WRITE) && copy_to_user(buf, page, got))
			err = -EFAULT;
		if (err)
			break;
		addr += got;
		buf += got;
		done += (ssize_t)got;
		count -= got;
		if (fatal_signal_pending(current))
			break;
	}
	free_page((unsigned long)page);
	return done ?: err;
}

/* The part of [start, end) that the file's position and count name. */
static ssize_t read_range(struct mm_struct *mm, unsigned long start, unsigned long end,
			  char __user *buf, size_t count, loff_t *ppos)
{
	u64 len = end > start ? end - start : 0;
	ssize_t ret;

	if (*ppos < 0 || (u64)*ppos >= len)
		return 0;
	ret = transfer(mm, start + (unsigned long)*ppos, buf, min((u64)count, len - (u64)*ppos), 0);
	if (ret > 0)
		*ppos += ret;
	return ret;
}

/* ---- cmdline ----------------------------------------------------------------------------- */

/*
 * A program that overwrites its arguments with a title (setproctitle) shows it up to its end, which
 * may lie in the environment: recognised by the missing 0 at the end of the arguments.
 */
static unsigned long title_end(struct mm_struct *mm)
{
	unsigned long addr = mm->arg_end;
	char c = 1;

	if (mm->env_start != mm->arg_end || mm->env_end <= mm->env_start)
		return addr;
	if (access_remote_vm(mm, addr - 1, &c, 1, 0) != 1 || !c)
		return addr;
	for (; addr < mm->env_end; addr++) {
		if (access_remote_vm(mm, addr, &c, 1, 0) != 1 || !c)
			break;
		if (fatal_signal_pending(current))
			break;
		cond_resched();
	}
	return addr;
}

static ssize_t cmdline_read(struct file *file, char __user *buf, size_t count, loff_t *ppos)
{
	struct task_struct *task = get_proc_task(file_inode(file));
	struct mm_struct *mm;
	ssize_t ret = 0;

	if (!task)
		return -ESRCH;
	mm = get_task_mm(task);
	put_task_struct(task);
	if (!mm)
		return 0;
	if (mm->arg_start < mm->arg_end)
		ret = read_range(mm, mm->arg_start, title_end(mm), buf, count, ppos);
	mmput(mm);
	return ret == -EIO ? 0 : ret;
}

const struct file_operations proc_pid_cmdline_fops = {
	.read = cmdline_read,
	.llseek = generic_file_llseek,
};

/* ---- environ, auxv ----------------------------------------------------------------------- */

static ssize_t environ_read(struct file *file, char __user *buf, size_t count, loff_t *ppos)
{
	struct mm_struct *mm = file->private_data;
	ssize_t ret;

	if (!mm || !mmget_not_zero(mm))
		return 0;
	ret = read_range(mm, mm->env_start, mm->env_end, buf, count, ppos);
	mmput(mm);
	return ret;
}

const struct file_operations proc_environ_fops = {
	.open = mem_open,
	.read = environ_read,
	.llseek = generic_file_llseek,
	.release = mem_release,
};

/* Up to and including the AT_NULL entry. */
static ssize_t auxv_read(struct file *file, char __user *buf, size_t count, loff_t *ppos)
{
	struct mm_struct *mm = file->private_data;
	unsigned int n = 0;

	if (!mm)
		return 0;
	do {
		n += 2;
	} while (mm->saved_auxv[n - 2] && n < AT_VECTOR_SIZE);
	return simple_read_from_buffer(buf, count, ppos, mm->saved_auxv, n * sizeof(long));
}

const struct file_operations proc_auxv_fops = {
	.open = mem_open,
	.read = auxv_read,
	.llseek = generic_file_llseek,
	.release = mem_release,
};

/* ---- mem: the position is the address ---------------------------------------------------- */

static ssize_t mem_rw(struct file *file, char __user *buf, size_t count, loff_t *ppos,
		      unsigned int foll)
{
	struct mm_struct *mm = file->private_data;
	ssize_t ret;

	if (!mm || !count || !mmget_not_zero(mm))
		return 0;
	ret = transfer(mm, (unsigned long)*ppos, buf, count, foll | FOLL_FORCE);
	mmput(mm);
	if (ret > 0)
		*ppos += ret;
	return ret;
}

static ssize_t mem_read(struct file *file, char __user *buf, size_t count, loff_t *ppos)
{
	return mem_rw(file, buf, count, ppos, 0);
}

static ssize_t mem_write(struct file *file, const char __user *buf, size_t count, loff_t *ppos)
{
	return mem_rw(file, (char __user *)buf, count, ppos, FOLL_WRITE);
}

static loff_t mem_lseek(struct file *file, loff_t offset, int whence)
{
	if (whence == SEEK_CUR)
		offset += file->f_pos;
	else if (whence != SEEK_SET)
		return -EINVAL;
	return file->f_pos = offset;
}

const struct file_operations proc_mem_fops = {
	.open = mem_open,
	.read = mem_read,
	.write = mem_write,
	.llseek = mem_lseek,
	.release = mem_release,
};
