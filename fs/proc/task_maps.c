// SPDX-License-Identifier: MIT
/*
 * fs/proc/task_maps.c - /proc/PID/maps: the address space as a list of ranges.
 *
 * The position in the file is the address of the range that comes next, so a reader that takes the
 * list in pieces meets each range once even if others come and go between the pieces (PROC-5).
 *
 * Locks: mmap_lock for reading from start to stop, with the address space kept by a user reference.
 */
#include "internal.h"
#include <pagoda/mm.h>

#define NAME_COLUMN 72 /* a name is padded to here, then a space */
#define POS_END	    (-1LL)

/* ---- iterating --------------------------------------------------------------------------- */

int proc_maps_open(struct inode *inode, struct file *file, const struct seq_operations *ops)
{
	struct proc_maps_private *priv = __seq_open_private(file, ops, sizeof(*priv));
	struct mm_struct *mm;

	if (!priv)
		return -ENOMEM;
	mm = proc_mem_open(inode);
	if (IS_ERR(mm)) {
		seq_release_private(inode, file);
		return PTR_ERR(mm);
	}
	priv->inode = inode;
	priv->mm = mm;
	return 0;
}

int proc_maps_release(struct inode *inode, struct file *file)
{
	struct seq_file *seq = file->private_data;
	struct proc_maps_private *priv = seq->private;

	if (priv->mm)
		mmdrop(priv->mm);
	return seq_release_private(inode, file);
}

void *proc_maps_start(struct seq_file *m, loff_t *pos)
{
	struct proc_maps_private *priv = m->private;
	struct vm_area_struct *vma;

	if (*pos == POS_END || !priv->mm || !mmget_not_zero(priv->mm))
		return NULL;
	if (mmap_read_lock_killable(priv->mm)) {
		mmput(priv->mm);
		return ERR_PTR(-EINTR);
	}
	vma = find_vma(priv->mm, (unsigned long)*pos);
	if (vma) {
		*pos = (loff_t)vma->vm_start;
		return vma;
	}
	mmap_read_unlock(priv->mm);
	mmput(priv->mm);
	*pos = POS_END;
	return NULL;
}

void *proc_maps_next(struct seq_file *m, void *v, loff_t *pos)
{
	struct proc_maps_private *priv = m->private;
	struct vm_area_struct *next = vma_next(v);

	if (next) {
		*pos = (loff_t)next->vm_start;
		return next;
	}
	*pos = POS_END;
	mmap_read_unlock(priv->mm);
	mmput(priv->mm);
	return NULL;
}

void proc_maps_stop(struct seq_file *m, void *v)
{
	struct proc_maps_private *priv = m->private;

	if (IS_ERR_OR_NULL(v))
		return; /* unlocked where the end was found */
	mmap_read_unlock(priv->mm);
	mmput(priv->mm);
}

/* ---- a line ------------------------------------------------------------------------------ */

/* PROC-1: all but the name; ends with a space. */
void show_map_prefix(struct seq_file *m, unsigned long start, unsigned long end,
		     unsigned long flags, u64 offset, dev_t dev, u64 ino)
{
	seq_setwidth(m, NAME_COLUMN);
	seq_put_hex_ll(m, NULL, start, 8);
	seq_put_hex_ll(m, "-", end, 8);
	seq_putc(m, ' ');
	seq_putc(m, flags & VM_READ ? 'r' : '-');
	seq_putc(m, flags & VM_WRITE ? 'w' : '-');
	seq_putc(m, flags & VM_EXEC ? 'x' : '-');
	seq_putc(m, flags & VM_MAYSHARE ? 's' : 'p');
	seq_put_hex_ll(m, " ", offset, 8);
	seq_put_hex_ll(m, " ", MAJOR(dev), 2);
	seq_put_hex_ll(m, ":", MINOR(dev), 2);
	seq_put_decimal_ull(m, " ", ino);
	seq_putc(m, ' ');
}

/* PROC-3: the name of memory that is no file, or NULL. */
static const char *special_name(struct vm_area_struct *vma)
{
	struct mm_struct *mm = vma->vm_mm;
	const char *name = NULL;

	if (vma->vm_ops && vma->vm_ops->name)
		name = vma->vm_ops->name(vma);
	if (name)
		return name;
	if (vma->vm_start <= mm->brk && vma->vm_end >= mm->start_brk)
		return "[heap]";
	if (vma->vm_start <= mm->start_stack && vma->vm_end >= mm->start_stack)
		return "[stack]";
	return NULL;
}

void show_map_vma(struct seq_file *m, struct vm_area_struct *vma)
{
	struct file *file = vma->vm_file;
	struct inode *inode = file ? file_inode(file) : NULL;
	const char *name;

	show_map_prefix(m, vma->vm_start, vma->vm_end, vma->vm_flags,
			file ? (u64)vma->vm_pgoff << PAGE_SHIFT : 0, inode ? inode->i_sb->s_dev : 0,
			inode ? inode->i_ino : 0);
	if (file) {
		seq_pad(m, ' ');
		seq_file_path(m, file, "\n");
	} else {
		name = special_name(vma);
		if (name) {
			seq_pad(m, ' ');
			seq_puts(m, name);
		} else if (vma->anon_name) {
			seq_pad(m, ' ');
			seq_printf(m, "[anon:%s]", vma->anon_name->name);
		}
	}
	seq_putc(m, '\n');
}

static int maps_show(struct seq_file *m, void *v)
{
	show_map_vma(m, v);
	return 0;
}

static const struct seq_operations maps_seq_ops = {
	.start = proc_maps_start,
	.next = proc_maps_next,
	.stop = proc_maps_stop,
	.show = maps_show,
};

static int maps_open(struct inode *inode, struct file *file)
{
	return proc_maps_open(inode, file, &maps_seq_ops);
}

const struct file_operations proc_pid_maps_fops = {
	.open = maps_open,
	.read_iter = seq_read_iter,
	.llseek = seq_lseek,
	.release = proc_maps_release,
};
