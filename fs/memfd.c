// SPDX-License-Identifier: MIT
/*
 * fs/memfd.c - memfd_create: a file in memory without a name, which can be sealed.
 */
#include <pagoda/kernel.h>
#include <pagoda/fs.h>
#include <pagoda/namei.h>
#include <pagoda/shmem.h>
#include <asm/uaccess.h>
#include <uapi/memfd.h>
#include <syscalls.h>

#define MFD_NAME_PREFIX	    "memfd:"
#define MFD_NAME_PREFIX_LEN (sizeof(MFD_NAME_PREFIX) - 1)
#define MFD_NAME_MAX_LEN    (NAME_MAX - MFD_NAME_PREFIX_LEN)

long memfd_fcntl(struct file *file, unsigned int cmd, unsigned long arg)
{
	if (!shmem_file(file))
		return -EINVAL;
	if (cmd == F_GET_SEALS)
		return shmem_get_seals(file);
	return arg >> 32 ? -EINVAL : shmem_add_seals(file, arg);
}

/* "memfd:" and the caller's name. EINVAL: too long. */
static int memfd_name(char *name, const char __user *uname)
{
	long len;

	memcpy(name, MFD_NAME_PREFIX, MFD_NAME_PREFIX_LEN);
	len = strncpy_from_user(name + MFD_NAME_PREFIX_LEN, uname, MFD_NAME_MAX_LEN + 1);
	if (len < 0)
		return len;
	return len > MFD_NAME_MAX_LEN ? -EINVAL : 0;
}

long sys_memfd_create(const char __user *uname, unsigned int flags)
{
	char name[NAME_MAX + 1];
	struct file *file;
	int fd, error;

	/* MFD_NOEXEC_SEAL and MFD_EXEC came with Linux 6.3; a size goes with MFD_HUGETLB only */
	if (flags & MFD_HUGETLB)
		flags &= ~(MFD_HUGE_MASK << MFD_HUGE_SHIFT);
	if (flags & ~(MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_HUGETLB))
		return -EINVAL;
	error = memfd_name(name, uname);
	if (error)
		return error;
	if (flags & MFD_HUGETLB) /* there are no huge pages */
		return -ENOSYS;
	fd = get_unused_fd_flags(flags & MFD_CLOEXEC ? O_CLOEXEC : 0);
	if (fd < 0)
		return fd;
	file = shmem_file_setup(name, 0, VM_NORESERVE);
	if (IS_ERR(file)) {
		put_unused_fd(fd);
		return PTR_ERR(file);
	}
	file->f_mode |= FMODE_LSEEK | FMODE_PREAD | FMODE_PWRITE;
	file->f_flags |= O_LARGEFILE;
	if (flags & MFD_ALLOW_SEALING)
		SHMEM_I(file_inode(file))->seals &= ~F_SEAL_SEAL;
	fd_install(fd, file);
	return fd;
}
