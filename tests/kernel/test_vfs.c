// SPDX-License-Identifier: MIT
/*
 * tests/kernel/test_vfs.c - names, files and pipes, on the root tmpfs, without user memory.
 */
#include <pagoda/kernel.h>
#include <pagoda/fdtable.h>
#include <pagoda/fs.h>
#include <pagoda/fs_struct.h>
#include <pagoda/kthread.h>
#include <pagoda/mount.h>
#include <pagoda/namei.h>
#include <pagoda/pipe.h>
#include <pagoda/sched.h>
#include <pagoda/seq_file.h>
#include <pagoda/slab.h>
#include <pagoda/stat.h>
#include "ktest.h"

#define DIR "/ktest"

static struct file *make(const char *name, const char *text)
{
	struct file *file = filp_open(name, O_RDWR | O_CREAT | O_EXCL, 0644);
	loff_t pos = 0;

	if (!IS_ERR(file) && *text)
		KTEST_EXPECT_EQ(kernel_write(file, text, strlen(text), &pos), strlen(text));
	return file;
}

static int make_closed(const char *name, const char *text)
{
	struct file *file = make(name, text);

	if (IS_ERR(file))
		return PTR_ERR(file);
	return filp_close(file, NULL);
}

static int inode_of(const char *name, unsigned int flags, struct kstat *stat)
{
	struct path path;
	int error = kern_path(name, flags, &path);

	if (error)
		return error;
	error = vfs_getattr(&path, stat, 0, 0);
	path_put(&path);
	return error;
}

static int lookup(const char *name)
{
	struct kstat stat;

	return inode_of(name, LOOKUP_FOLLOW, &stat);
}

static int rename_names(const char *from, const char *to, unsigned int flags)
{
	struct path parent;
	struct dentry *old, *new;
	int error = kern_path(DIR, LOOKUP_FOLLOW, &parent);

	if (error)
		return error;
	inode_lock(parent.dentry->d_inode);
	old = lookup_one_len(from, parent.dentry, strlen(from));
	new = lookup_one_len(to, parent.dentry, strlen(to));
	error = vfs_rename(parent.dentry->d_inode, old, parent.dentry->d_inode, new, flags);
	dput(old);
	dput(new);
	inode_unlock(parent.dentry->d_inode);
	path_put(&parent);
	return error;
}

KTEST(vfs_path_walk)
{
	KTEST_ASSERT(!init_mkdir(DIR, 0755));
	KTEST_EXPECT_EQ(init_mkdir(DIR, 0755), -EEXIST);
	KTEST_EXPECT_EQ(init_mkdir(DIR "/a", 0755), 0);
	KTEST_EXPECT_EQ(make_closed(DIR "/a/f", "x"), 0);
	KTEST_EXPECT_EQ(lookup(DIR "/a/f"), 0);
	KTEST_EXPECT_EQ(lookup(DIR "//a/./../a///f"), 0);
	KTEST_EXPECT_EQ(lookup(DIR "/a/f/"), -ENOTDIR);
	KTEST_EXPECT_EQ(lookup(DIR "/a/f/x"), -ENOTDIR);
	KTEST_EXPECT_EQ(lookup(DIR "/b/f"), -ENOENT);
	KTEST_EXPECT_EQ(lookup("/../.." DIR), 0);
	KTEST_EXPECT_EQ(lookup(""), -ENOENT);
	KTEST_EXPECT_EQ(init_rmdir(DIR), -ENOTEMPTY);
	KTEST_EXPECT_EQ(init_unlink(DIR "/a"), -EISDIR);
	KTEST_EXPECT_EQ(init_unlink(DIR "/a/f"), 0);
	KTEST_EXPECT_EQ(init_rmdir(DIR "/a/."), -EINVAL);
	KTEST_EXPECT_EQ(init_rmdir(DIR "/a"), 0);
	KTEST_EXPECT_EQ(init_rmdir(DIR), 0);
	KTEST_EXPECT_EQ(init_rmdir(DIR), -ENOENT);
}

KTEST(vfs_symlinks)
{
	char name[sizeof(DIR "/l00")], target[4];
	struct kstat stat;

	KTEST_ASSERT(!init_mkdir(DIR, 0755));
	KTEST_EXPECT_EQ(make_closed(DIR "/l0", "end"), 0);
	/* l41 -> l40 -> ... -> l0: 40 links may be followed, 41 not */
	for (int i = 1; i <= 41; i++) {
		snprintf(name, sizeof(name), DIR "/l%d", i);
		snprintf(target, sizeof(target), "l%d", i - 1);
		KTEST_EXPECT_EQ(init_symlink(target, name), 0);
	}
	KTEST_EXPECT_EQ(lookup(DIR "/l40"), 0);
	KTEST_EXPECT_EQ(lookup(DIR "/l41"), -ELOOP);
	KTEST_EXPECT_EQ(inode_of(DIR "/l41", 0, &stat), 0);
	KTEST_EXPECT_EQ(stat.size, 3);
	for (int i = 0; i <= 41; i++) {
		snprintf(name, sizeof(name), DIR "/l%d", i);
		KTEST_EXPECT_EQ(init_unlink(name), 0);
	}
	KTEST_EXPECT_EQ(init_symlink("../.." DIR "/made", DIR "/dangling"), 0);
	KTEST_EXPECT_EQ(make_closed(DIR "/dangling", ""), -EEXIST);
	KTEST_EXPECT_EQ(lookup(DIR "/dangling/"), -ENOENT);
	KTEST_EXPECT_EQ(init_unlink(DIR "/dangling"), 0);
	KTEST_EXPECT_EQ(init_rmdir(DIR), 0);
}

KTEST(vfs_links_and_rename)
{
	static const char long_name[] =
		DIR "/a-name-that-is-longer-than-what-fits-into-a-dentry-itself";
	struct kstat stat;

	KTEST_ASSERT(!init_mkdir(DIR, 0755));
	KTEST_EXPECT_EQ(make_closed(DIR "/f", "12345"), 0);
	KTEST_EXPECT_EQ(init_link(DIR "/f", long_name), 0);
	KTEST_EXPECT_EQ(inode_of(DIR "/f", 0, &stat), 0);
	KTEST_EXPECT_EQ(stat.nlink, 2);
	KTEST_EXPECT_EQ(make_closed(DIR "/g", "g"), 0);
	KTEST_EXPECT_EQ(rename_names(kbasename(long_name), "g", 0), 0);
	KTEST_EXPECT_EQ(lookup(long_name), -ENOENT);
	KTEST_EXPECT_EQ(inode_of(DIR "/g", 0, &stat), 0);
	KTEST_EXPECT_EQ(stat.size, 5);
	/* two names of one inode: nothing happens */
	KTEST_EXPECT_EQ(rename_names("f", "g", 0), 0);
	KTEST_EXPECT_EQ(lookup(DIR "/f"), 0);
	KTEST_EXPECT_EQ(init_mkdir(DIR "/d", 0755), 0);
	KTEST_EXPECT_EQ(rename_names("d", "f", 0), -ENOTDIR);
	KTEST_EXPECT_EQ(rename_names("f", "d", 0), -EISDIR);
	KTEST_EXPECT_EQ(rename_names("f", "d", RENAME_EXCHANGE), 0);
	KTEST_EXPECT_EQ(inode_of(DIR "/f", 0, &stat), 0);
	KTEST_EXPECT(S_ISDIR(stat.mode));
	KTEST_EXPECT_EQ(init_unlink(DIR "/d"), 0);
	KTEST_EXPECT_EQ(init_unlink(DIR "/g"), 0);
	KTEST_EXPECT_EQ(init_rmdir(DIR "/f"), 0);
	KTEST_EXPECT_EQ(init_rmdir(DIR), 0);
}

KTEST(vfs_unlinked_file_lives_while_open)
{
	struct file *file = make("/ktest-file", "still there");
	char buf[16] = "", path[40];
	loff_t pos = 0;

	KTEST_ASSERT(!IS_ERR(file));
	KTEST_EXPECT_EQ(strcmp(d_path(&file->f_path, path, sizeof(path)), "/ktest-file"), 0);
	KTEST_EXPECT_EQ(init_unlink("/ktest-file"), 0);
	KTEST_EXPECT_EQ(strcmp(d_path(&file->f_path, path, sizeof(path)), "/ktest-file (deleted)"),
			0);
	KTEST_EXPECT_EQ(file_inode(file)->i_nlink, 0);
	KTEST_EXPECT_EQ(kernel_read(file, buf, sizeof(buf), &pos), 11);
	KTEST_EXPECT_EQ(strcmp(buf, "still there"), 0);
	KTEST_EXPECT(IS_ERR(d_path(&file->f_path, path, 5)));
	filp_close(file, NULL);
}

KTEST(vfs_mounts)
{
	struct kstat below, above;

	KTEST_ASSERT(!init_mkdir(DIR, 0755));
	KTEST_EXPECT_EQ(inode_of(DIR, 0, &below), 0);
	KTEST_EXPECT_EQ(init_mount("none", DIR, "tmpfs", 0, "size=8k,nr_inodes=3"), 0);
	KTEST_EXPECT_EQ(inode_of(DIR, 0, &above), 0);
	KTEST_EXPECT(above.dev != below.dev);
	KTEST_EXPECT_EQ(inode_of(DIR "/..", 0, &above), 0);
	KTEST_EXPECT_EQ(above.dev, below.dev);
	KTEST_EXPECT_EQ(init_rmdir(DIR), -EBUSY);
	KTEST_EXPECT_EQ(make_closed(DIR "/1", "x"), 0);
	KTEST_EXPECT_EQ(make_closed(DIR "/2", "x"), 0);
	KTEST_EXPECT_EQ(make_closed(DIR "/3", "x"), -ENOSPC);
	KTEST_EXPECT_EQ(init_link(DIR "/1", "/ktest-link"), -EXDEV);
	KTEST_EXPECT_EQ(init_mount("none", DIR, "tmpfs", 0, "bogus=1"), -EINVAL);
	KTEST_EXPECT_EQ(init_mount("none", DIR, "nosuchfs", 0, NULL), -ENODEV);
	KTEST_EXPECT_EQ(init_umount(DIR, 0), 0);
	KTEST_EXPECT_EQ(lookup(DIR "/1"), -ENOENT);
	KTEST_EXPECT_EQ(init_rmdir(DIR), 0);
}

struct counted {
	struct dir_context ctx;
	int names;
	int limit;
};

static bool count_name(struct dir_context *ctx, const char *name, int len, loff_t pos, u64 ino,
		       unsigned int type)
{
	struct counted *c = container_of(ctx, struct counted, ctx);

	if (c->names == c->limit)
		return false;
	c->names++;
	return true;
}

KTEST(vfs_readdir_in_pieces)
{
	struct counted c = {.ctx.actor = count_name, .limit = 4};
	struct file *dir;
	char name[sizeof(DIR "/00")];
	int rounds = 0;

	KTEST_ASSERT(!init_mkdir(DIR, 0755));
	for (int i = 0; i < 10; i++) {
		snprintf(name, sizeof(name), DIR "/%d", i);
		KTEST_EXPECT_EQ(make_closed(name, ""), 0);
	}
	dir = filp_open(DIR, O_RDONLY | O_DIRECTORY, 0);
	KTEST_ASSERT(!IS_ERR(dir));
	for (;; c.limit += 4, rounds++) {
		int before = c.names;

		KTEST_EXPECT_EQ(iterate_dir(dir, &c.ctx), 0);
		if (c.names == before)
			break;
		/* removing what was read moves nothing; new names do not show */
		snprintf(name, sizeof(name), DIR "/%d", rounds);
		KTEST_EXPECT_EQ(init_unlink(name), 0);
		snprintf(name, sizeof(name), DIR "/n%d", rounds);
		KTEST_EXPECT_EQ(make_closed(name, ""), 0);
	}
	KTEST_EXPECT_EQ(c.names, 12);
	filp_close(dir, NULL);
	for (int i = 0; i < 10; i++) {
		snprintf(name, sizeof(name), i < rounds ? DIR "/n%d" : DIR "/%d", i);
		KTEST_EXPECT_EQ(init_unlink(name), 0);
	}
	KTEST_EXPECT_EQ(init_rmdir(DIR), 0);
}

/* ---- pipes ------------------------------------------------------------------------------- */

KTEST(pipe_read_and_write)
{
	struct file *p[2];
	char buf[8] = "";

	KTEST_ASSERT(!create_pipe_files(p, O_NONBLOCK));
	KTEST_EXPECT_EQ(kernel_read(p[0], buf, 1, NULL), -EAGAIN);
	KTEST_EXPECT_EQ(kernel_write(p[1], "abc", 3, NULL), 3);
	KTEST_EXPECT_EQ(kernel_write(p[1], "de", 2, NULL), 2);
	KTEST_EXPECT_EQ(kernel_read(p[0], buf, 4, NULL), 4);
	KTEST_EXPECT_EQ(kernel_read(p[0], buf + 4, 4, NULL), 1);
	KTEST_EXPECT_EQ(strcmp(buf, "abcde"), 0);
	KTEST_EXPECT_EQ(kernel_write(p[0], "x", 1, NULL), -EBADF);
	fput(p[1]);
	KTEST_EXPECT_EQ(kernel_read(p[0], buf, 1, NULL), 0);
	fput(p[0]);
}

KTEST(pipe_full_and_resized)
{
	char *page = kmalloc(PAGE_SIZE, GFP_KERNEL);
	struct file *p[2];
	int pages = 0;

	KTEST_ASSERT(page && !create_pipe_files(p, O_NONBLOCK));
	memset(page, 1, PAGE_SIZE);
	while (kernel_write(p[1], page, PAGE_SIZE, NULL) == PAGE_SIZE)
		pages++;
	KTEST_EXPECT_EQ(pages, PIPE_DEF_BUFFERS);
	KTEST_EXPECT_EQ(pipe_fcntl(p[0], F_SETPIPE_SZ, 4 * PAGE_SIZE), -EBUSY);
	KTEST_EXPECT_EQ(pipe_fcntl(p[0], F_SETPIPE_SZ, 20 * PAGE_SIZE), 32 * PAGE_SIZE);
	KTEST_EXPECT_EQ(kernel_write(p[1], page, PAGE_SIZE, NULL), PAGE_SIZE);
	for (; pages >= 0; pages--)
		KTEST_EXPECT_EQ(kernel_read(p[0], page, PAGE_SIZE, NULL), PAGE_SIZE);
	KTEST_EXPECT_EQ(kernel_read(p[0], page, PAGE_SIZE, NULL), -EAGAIN);
	KTEST_EXPECT_EQ(pipe_fcntl(p[0], F_SETPIPE_SZ, 1), PAGE_SIZE);
	fput(p[0]);
	fput(p[1]);
	kfree(page);
}

#define PIPE_BYTES 300000

static int pipe_writer(void *arg)
{
	char buf[100];
	int left = PIPE_BYTES, n = 1;

	while (left) {
		n = min(n % 100 + 1, left);
		memset(buf, n, n);
		if (kernel_write(arg, buf, n, NULL) != n)
			break;
		left -= n;
	}
	fput(arg);
	return left;
}

KTEST(pipe_between_threads)
{
	char buf[333];
	struct task_struct *writer;
	struct file *p[2];
	int total = 0, n;

	KTEST_ASSERT(!create_pipe_files(p, 0));
	writer = kthread_run(pipe_writer, p[1], "pipe_writer");
	KTEST_ASSERT(!IS_ERR(writer));
	while ((n = kernel_read(p[0], buf, sizeof(buf), NULL)) > 0)
		total += n;
	KTEST_EXPECT_EQ(n, 0);
	KTEST_EXPECT_EQ(total, PIPE_BYTES);
	fput(p[0]);
}

/* ---- tables, text ------------------------------------------------------------------------ */

KTEST(fdtable_copy_grows)
{
	struct files_struct *a, *b;
	struct file *file = make("/ktest-file", "");
	int error;

	KTEST_ASSERT(!IS_ERR(file));
	a = dup_fd(&init_files, &error);
	KTEST_ASSERT(a);
	swap(current->files, a);
	KTEST_EXPECT_EQ(f_dupfd(1000, file, O_CLOEXEC), 1000);
	KTEST_EXPECT_EQ(f_dupfd(5, file, 0), 5);
	KTEST_EXPECT(get_close_on_exec(1000) && !get_close_on_exec(5));
	KTEST_EXPECT_EQ(file_count(file), 3);
	b = dup_fd(current->files, &error);
	KTEST_ASSERT(b);
	KTEST_EXPECT_EQ(file_count(file), 5);
	KTEST_EXPECT(b->fdt->max_fds >= 1001);
	do_close_on_exec(current->files);
	KTEST_EXPECT(!fdget(1000).file);
	KTEST_EXPECT(fdget(5).file == file);
	swap(current->files, a);
	put_files_struct(a);
	put_files_struct(b);
	KTEST_EXPECT_EQ(file_count(file), 1);
	filp_close(file, NULL);
	KTEST_EXPECT_EQ(init_unlink("/ktest-file"), 0);
}

static int show_lines(struct seq_file *m, void *v)
{
	for (int i = 0; i < 1000; i++)
		seq_printf(m, "line %4d\n", i);
	return 0;
}

static int show_open(struct inode *inode, struct file *file)
{
	return single_open(file, show_lines, NULL);
}

static const struct file_operations show_fops = {
	.open = show_open,
	.read_iter = seq_read_iter,
	.llseek = seq_lseek,
	.release = single_release,
};

/* 10,000 bytes: the buffer must grow, and any piece be readable at any place. */
KTEST(seq_file_pieces)
{
	struct inode *inode = new_inode_pseudo(current->fs->root.mnt->mnt_sb);
	char buf[10] = "";
	struct file *file;
	loff_t pos = 0;
	int n, total = 0;

	KTEST_ASSERT(inode);
	KTEST_EXPECT_EQ(show_lines(&(struct seq_file){}, NULL), 0);
	file = alloc_file_pseudo(inode, current->fs->root.mnt, "seq", O_RDONLY, &show_fops);
	KTEST_ASSERT(!IS_ERR(file));
	KTEST_ASSERT(!show_open(inode, file));
	while ((n = kernel_read(file, buf, 7, &pos)) > 0)
		total += n;
	KTEST_EXPECT_EQ(total, 10000);
	pos = 5005;
	KTEST_EXPECT_EQ(kernel_read(file, buf, 4, &pos), 4);
	KTEST_EXPECT_EQ(memcmp(buf, " 500", 4), 0);
	KTEST_EXPECT_EQ(vfs_llseek(file, 9990, SEEK_SET), 9990);
	KTEST_EXPECT_EQ(kernel_read(file, buf, 10, &file->f_pos), 10);
	KTEST_EXPECT_EQ(memcmp(buf, "line  999\n", 10), 0);
	fput(file);
}
