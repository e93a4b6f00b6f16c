/* SPDX-License-Identifier: MIT */
/*
 * seq_file.h - files that are text made on demand.
 *
 * Either single_open() with a function that prints everything, or a seq_operations iterator that
 * prints one record at a time. Output that does not fit is printed again into a larger buffer.
 */
#ifndef PAGODA_SEQ_FILE_H
#define PAGODA_SEQ_FILE_H

#include <pagoda/types.h>
#include <pagoda/string.h>
#include <pagoda/mutex.h>
#include <pagoda/list.h>
#include <pagoda/fs.h>
#include <stdarg.h>

struct seq_operations;

struct seq_file {
	char *buf;
	size_t size;
	size_t from; /* of what is buffered, not yet handed out: starts here */
	size_t count;
	size_t pad_until;
	loff_t index;
	loff_t read_pos;
	struct mutex lock;
	const struct seq_operations *op;
	const struct file *file;
	void *private;
};

struct seq_operations {
	void *(*start)(struct seq_file *m, loff_t *pos);
	void (*stop)(struct seq_file *m, void *v);
	void *(*next)(struct seq_file *m, void *v, loff_t *pos);
	int (*show)(struct seq_file *m, void *v);
};

#define SEQ_SKIP	1
#define SEQ_START_TOKEN ((void *)1)

static inline bool seq_has_overflowed(struct seq_file *m)
{
	return m->count == m->size;
}

/* fs/seq_file.c: file operations */
int seq_open(struct file *file, const struct seq_operations *op);
int seq_release(struct inode *inode, struct file *file);
void *__seq_open_private(struct file *file, const struct seq_operations *ops, int psize);
int seq_open_private(struct file *file, const struct seq_operations *ops, int psize);
int seq_release_private(struct inode *inode, struct file *file);
int single_open(struct file *file, int (*show)(struct seq_file *, void *), void *data);
int single_release(struct inode *inode, struct file *file);
ssize_t seq_read_iter(struct kiocb *iocb, struct iov_iter *iter);
loff_t seq_lseek(struct file *file, loff_t offset, int whence);

/* fs/seq_file.c: output */
void seq_vprintf(struct seq_file *m, const char *fmt, va_list args);
void seq_printf(struct seq_file *m, const char *fmt, ...) __printf(2, 3);
void seq_putc(struct seq_file *m, char c);
void seq_puts(struct seq_file *m, const char *s);
int seq_write(struct seq_file *m, const void *data, size_t len);
void seq_pad(struct seq_file *m, char c); /* spaces up to pad_until (seq_setwidth), then c */
void seq_put_decimal_ull(struct seq_file *m, const char *delimiter, unsigned long long num);
void seq_put_decimal_ull_width(struct seq_file *m, const char *delimiter, unsigned long long num,
			       unsigned int width);
void seq_put_decimal_ll(struct seq_file *m, const char *delimiter, long long num);
void seq_put_hex_ll(struct seq_file *m, const char *delimiter, unsigned long long v,
		    unsigned int width);
void seq_escape(struct seq_file *m, const char *s, const char *esc); /* as \ooo */
char *mangle_path(char *s, const char *p, const char *esc);
int seq_path(struct seq_file *m, const struct path *path, const char *esc);
int seq_file_path(struct seq_file *m, struct file *file, const char *esc);
int seq_path_root(struct seq_file *m, const struct path *path, const struct path *root,
		  const char *esc);
int seq_dentry(struct seq_file *m, struct dentry *dentry, const char *esc);

static inline void seq_setwidth(struct seq_file *m, size_t size)
{
	m->pad_until = m->count + size;
}

#define DEFINE_SHOW_ATTRIBUTE(__name)                                                              \
	static int __name##_open(struct inode *inode, struct file *file)                           \
	{                                                                                          \
		return single_open(file, __name##_show, inode->i_private);                         \
	}                                                                                          \
	static const struct file_operations __name##_fops = {                                      \
		.open = __name##_open,                                                             \
		.read_iter = seq_read_iter,                                                        \
		.llseek = seq_lseek,                                                               \
		.release = single_release,                                                         \
	}

#endif
