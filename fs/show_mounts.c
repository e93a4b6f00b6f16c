// SPDX-License-Identifier: MIT
/*
 * fs/show_mounts.c - the mounts as text: /proc/PID/mounts and /proc/PID/mountinfo.
 *
 * What is not below the reader's root is left out.
 */
#include <pagoda/kernel.h>
#include <pagoda/fs.h>
#include <pagoda/mount.h>
#include <pagoda/seq_file.h>
#include "internal.h"

static void show_mnt_flags(struct seq_file *m, const struct vfsmount *mnt)
{
	static const struct {
		int flag;
		const char *str;
	} opts[] = {
		{MNT_NOSUID, ",nosuid"},	   {MNT_NODEV, ",nodev"},
		{MNT_NOEXEC, ",noexec"},	   {MNT_NOATIME, ",noatime"},
		{MNT_NODIRATIME, ",nodiratime"},   {MNT_RELATIME, ",relatime"},
		{MNT_NOSYMFOLLOW, ",nosymfollow"},
	};

	for (int i = 0; i < ARRAY_SIZE(opts); i++)
		if (mnt->mnt_flags & opts[i].flag)
			seq_puts(m, opts[i].str);
}

static void show_sb_options(struct seq_file *m, struct vfsmount *mnt)
{
	if (mnt->mnt_sb->s_op->show_options)
		mnt->mnt_sb->s_op->show_options(m, mnt->mnt_root);
}

int show_mounts(struct seq_file *m, const struct path *root)
{
	struct vfsmount *mnt;

	down_read(&namespace_sem);
	list_for_each_entry (mnt, &mount_list, mnt_list) {
		struct path path = {mnt, mnt->mnt_root};
		size_t start = m->count;

		seq_escape(m, mnt->mnt_devname, " \t\n\\#");
		seq_putc(m, ' ');
		if (seq_path_root(m, &path, root, " \t\n\\#") > 0) {
			m->count = start; /* not below root */
			continue;
		}
		seq_printf(m, " %s %s", mnt->mnt_sb->s_type->name,
			   mnt_want_write(mnt) ? "ro" : "rw");
		show_mnt_flags(m, mnt);
		show_sb_options(m, mnt);
		seq_puts(m, " 0 0\n");
	}
	up_read(&namespace_sem);
	return 0;
}

int show_mountinfo(struct seq_file *m, const struct path *root)
{
	struct vfsmount *mnt;

	down_read(&namespace_sem);
	list_for_each_entry (mnt, &mount_list, mnt_list) {
		struct path path = {mnt, mnt->mnt_root};
		struct super_block *sb = mnt->mnt_sb;
		size_t start = m->count;

		seq_printf(m, "%d %d %u:%u ", mnt->mnt_id, mnt->mnt_parent->mnt_id,
			   MAJOR(sb->s_dev), MINOR(sb->s_dev));
		seq_dentry(m, mnt->mnt_root, " \t\n\\");
		seq_putc(m, ' ');
		if (seq_path_root(m, &path, root, " \t\n\\") > 0) {
			m->count = start;
			continue;
		}
		seq_puts(m, mnt->mnt_flags & MNT_READONLY ? " ro" : " rw");
		show_mnt_flags(m, mnt);
		seq_printf(m, " - %s ", sb->s_type->name);
		seq_escape(m, mnt->mnt_devname, " \t\n\\");
		seq_puts(m, sb->s_flags & SB_RDONLY ? " ro" : " rw");
		show_sb_options(m, mnt);
		seq_putc(m, '\n');
	}
	up_read(&namespace_sem);
	return 0;
}
