// SPDX-License-Identifier: MIT
/*
 * fs/initramfs.c - unpack the initramfs into the root file system, then give its memory back.
 *
 * The boot loader passes it as a module: cpio archives of format "newc", one after the other, not
 * compressed. Hard links come as several members with one inode number, the data with any of
 * them; link_of() remembers the first name of each.
 */
#include <pagoda/kernel.h>
#include <pagoda/bootinfo.h>
#include <pagoda/cpio.h>
#include <pagoda/fs.h>
#include <pagoda/fs_struct.h>
#include <pagoda/gfp.h>
#include <pagoda/printk.h>
#include <pagoda/sched.h>
#include <pagoda/slab.h>
#include <asm/page.h>

/* ---- hard links -------------------------------------------------------------------------- */

struct link {
	struct link *next;
	u32 ino, major, minor;
	const char *name;
};

static struct link *links __initdata;

/* The name under which the member's inode was made before; NULL, and remembered, if it was not. */
static const char *__init link_of(const struct cpio_entry *e)
{
	struct link *l;

	if (e->nlink < 2)
		return NULL;
	for (l = links; l; l = l->next)
		if (l->ino == e->ino && l->major == e->dev_major && l->minor == e->dev_minor)
			return l->name;
	l = kmalloc(sizeof(*l), GFP_KERNEL);
	if (l) {
		*l = (struct link){links, e->ino, e->dev_major, e->dev_minor, e->name};
		links = l;
	}
	return NULL;
}

static void __init free_links(void)
{
	while (links) {
		struct link *l = links;

		links = l->next;
		kfree(l);
	}
}

/* ---- one member -------------------------------------------------------------------------- */

static int __init write_data(const char *name, const struct cpio_entry *e)
{
	struct file *file = filp_open(name, O_WRONLY | O_CREAT | O_TRUNC | O_LARGEFILE, 0600);
	loff_t pos = 0;
	ssize_t n;

	if (IS_ERR(file))
		return PTR_ERR(file);
	n = e->size ? kernel_write(file, e->data, e->size, &pos) : 0;
	filp_close(file, NULL);
	return n < 0 ? n : n < e->size ? -ENOSPC : 0;
}

static int __init make_regular(const char *name, const struct cpio_entry *e)
{
	const char *old = link_of(e);

	if (old) {
		int error = init_link(old, name);

		if (error || !e->size)
			return error;
	}
	return write_data(name, e);
}

static int __init make_symlink(const char *name, const struct cpio_entry *e)
{
	char *target = kmemdup_nul(e->data, e->size, GFP_KERNEL);
	int error;

	if (!target)
		return -ENOMEM;
	init_unlink(name);
	error = init_symlink(target, name);
	kfree(target);
	return error;
}

static int __init make_node(const char *name, const struct cpio_entry *e)
{
	int error;

	switch (e->mode & S_IFMT) {
	case S_IFDIR:
		error = init_mkdir(name, e->mode & S_IALLUGO);
		return error == -EEXIST ? 0 : error;
	case S_IFREG:
		return make_regular(name, e);
	case S_IFLNK:
		return make_symlink(name, e);
	case S_IFCHR:
	case S_IFBLK:
	case S_IFIFO:
	case S_IFSOCK:
		init_unlink(name);
		return init_mknod(name, e->mode, MKDEV(e->rdev_major, e->rdev_minor));
	default:
		return -EINVAL;
	}
}

static int __init unpack_one(const struct cpio_entry *e)
{
	struct timespec64 times[2] = {};
	int error;

	if (!*e->name || !strcmp(e->name, "."))
		return 0;
	error = make_node(e->name, e);
	if (error)
		return error;
	init_chown(e->name, e->uid, e->gid);
	if (!S_ISLNK(e->mode))
		init_chmod(e->name, e->mode & S_IALLUGO);
	times[0].tv_sec = times[1].tv_sec = e->mtime;
	init_utimes(e->name, times);
	return 0;
}

/* ---- all --------------------------------------------------------------------------------- */

/* Names in the archive are relative: the caller's working directory is the root. */
static void __init unpack(const void *start, size_t size)
{
	struct cpio_reader reader;
	struct cpio_entry e;
	unsigned int failed = 0;
	int more, error;

	cpio_init(&reader, start, size);
	while ((more = cpio_next(&reader, &e)) > 0) {
		error = unpack_one(&e);
		if (error && failed++ < 5)
			pr_err("initramfs: %s: error %d\n", e.name, error);
		cond_resched();
	}
	if (more < 0)
		pr_err("initramfs: the archive is damaged at byte %zu of %zu\n", reader.pos, size);
	if (failed > 5)
		pr_err("initramfs: %u members failed\n", failed);
	free_links();
}

/* Whole pages of the module; its ends may share a page with other data of the loader. */
static void __init free_module(const struct boot_module *m)
{
	unsigned long start = ALIGN(m->start, (phys_addr_t)PAGE_SIZE);
	unsigned long end = ALIGN_DOWN(m->start + m->size, (phys_addr_t)PAGE_SIZE);

	if (start < end)
		free_reserved_area(__va(start), __va(end), "initramfs");
}

int __init populate_rootfs(void)
{
	int old_umask = current->fs->umask;

	current->fs->umask = 0;
	for (unsigned int i = 0; i < boot_info.nr_modules; i++) {
		const struct boot_module *m = &boot_info.module[i];

		unpack(__va(m->start), m->size);
		free_module(m);
	}
	current->fs->umask = old_umask;
	return 0;
}
