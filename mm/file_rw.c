// SPDX-License-Identifier: MIT
/*
 * mm/file_rw.c - read(2) and write(2) of files that live in the page cache.
 *
 * Reading copies from a page with a reference and no lock: the user's memory may fault at will.
 * Writing must hold the page's lock while it copies, and the user's memory may be a mapping of that
 * very page. So the user's pages are touched first, then the page is locked, then the copy runs
 * with page faults off; if a user page has gone away meanwhile, the copy is short and tried again.
 *
 * Locks: write: inode lock -> (mmap_lock of the touching) ; inode lock -> page lock.
 */
#include <pagoda/kernel.h>
#include <pagoda/fs.h>
#include <pagoda/pagemap.h>
#include <pagoda/sched.h>
#include <pagoda/uio.h>
#include <asm/uaccess.h>

/* An uptodate page with a reference, read if need be. */
static struct page *get_page_to_read(struct file *file, pgoff_t index)
{
	struct page *page = find_get_page(file->f_mapping, index);

	if (likely(page && PageUptodate(page)))
		return page;
	if (page)
		put_page(page);
	return read_mapping_page(file->f_mapping, index, file);
}

ssize_t generic_file_read_iter(struct kiocb *iocb, struct iov_iter *to)
{
	struct file *file = iocb->ki_filp;
	struct inode *inode = file->f_mapping->host;
	ssize_t done = 0;
	int err = 0;

	while (iov_iter_count(to)) {
		unsigned long offset = offset_in_page(iocb->ki_pos);
		loff_t size = i_size_read(inode);
		struct page *page;
		size_t bytes, copied;

		if (iocb->ki_pos >= size)
			break;
		page = get_page_to_read(file, iocb->ki_pos >> PAGE_SHIFT);
		if (IS_ERR(page)) {
			err = PTR_ERR(page);
			break;
		}
		bytes = min_t(size_t, PAGE_SIZE - offset, iov_iter_count(to));
		bytes = min_t(loff_t, bytes, size - iocb->ki_pos);
		copied = copy_page_to_iter(page, offset, bytes, to);
		put_page(page);
		iocb->ki_pos += copied;
		done += copied;
		if (copied < bytes) {
			err = -EFAULT;
			break;
		}
		cond_resched();
		if (fatal_signal_pending(current)) {
			err = -EINTR;
			break;
		}
	}
	file_accessed(file);
	return done ? done : err;
}

/* Copies up to bytes, all within one page, to pos. Returns bytes, 0 to try again, or -errno. */
static ssize_t write_one_page(struct file *file, loff_t pos, size_t bytes, struct iov_iter *from)
{
	struct address_space *mapping = file->f_mapping;
	struct page *page;
	size_t copied;
	ssize_t ret;

	if (user_backed_iter(from) && fault_in_iov_iter_readable(from, bytes) == bytes)
		return -EFAULT;
	ret = mapping->a_ops->write_begin(file, mapping, pos, bytes, &page);
	if (ret)
		return ret;
	pagefault_disable();
	copied = copy_page_from_iter(page, offset_in_page(pos), bytes, from);
	pagefault_enable();
	ret = mapping->a_ops->write_end(file, mapping, pos, bytes, copied, page);
	if (ret < (ssize_t)copied)
		iov_iter_revert(from, copied - max(ret, (ssize_t)0));
	return ret;
}

ssize_t generic_perform_write(struct kiocb *iocb, struct iov_iter *from)
{
	struct file *file = iocb->ki_filp;
	ssize_t done = 0, ret = 0;

	while (iov_iter_count(from)) {
		size_t bytes = min_t(size_t, PAGE_SIZE - offset_in_page(iocb->ki_pos),
				     iov_iter_count(from));

		ret = write_one_page(file, iocb->ki_pos, bytes, from);
		if (ret < 0)
			break;
		iocb->ki_pos += ret;
		done += ret;
		cond_resched();
		if (fatal_signal_pending(current)) {
			ret = -EINTR;
			break;
		}
	}
	return done ? done : ret;
}

ssize_t generic_file_write_iter(struct kiocb *iocb, struct iov_iter *from)
{
	struct file *file = iocb->ki_filp;
	struct inode *inode = file->f_mapping->host;
	ssize_t ret;

	inode_lock(inode);
	ret = generic_write_checks(iocb, from);
	if (ret <= 0)
		goto out;
	ret = file_remove_privs(file);
	if (!ret)
		ret = file_update_time(file);
	if (!ret)
		ret = generic_perform_write(iocb, from);
out:
	inode_unlock(inode);
	return ret;
}
