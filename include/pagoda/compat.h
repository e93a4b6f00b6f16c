/* SPDX-License-Identifier: MIT */
/*
 * compat.h - the structures of 32-bit calls where they are not those of 64-bit ones.
 *
 * A long and a pointer have 32 bits there, and a 64-bit number inside a structure begins at a
 * multiple of 4. The names are Linux's: compat_ for a whole structure, old_..32 for times before
 * 2038, which have successors of 64 bits (the _time64 calls pass x86-64's structures).
 */
#ifndef PAGODA_COMPAT_H
#define PAGODA_COMPAT_H

#include <pagoda/types.h>
#include <uapi/signal.h>
#include <asm/compat.h>

struct timespec;
struct timeval;
struct itimerspec;
struct rusage;

/* A 32-bit number in a program's structure as the pointer that it is. */
static inline void __user *compat_ptr(u32 ptr)
{
	return (void __user *)(unsigned long)ptr;
}

static inline u32 ptr_to_compat(const void __user *ptr)
{
	return (u32)(unsigned long)ptr;
}

/* A 64-bit argument comes in two registers, the low half first. */
static inline u64 compat_u64(u32 lo, u32 hi)
{
	return (u64)hi << 32 | lo;
}

/* ---- times ----------------------------------------------------------------------------------- */

struct old_timespec32 {
	s32 tv_sec;
	s32 tv_nsec;
};

struct old_timeval32 {
	s32 tv_sec;
	s32 tv_usec;
};

struct old_itimerspec32 {
	struct old_timespec32 it_interval;
	struct old_timespec32 it_value;
};

struct old_itimerval32 {
	struct old_timeval32 it_interval;
	struct old_timeval32 it_value;
};

struct old_utimbuf32 {
	s32 actime;
	s32 modtime;
};

struct compat_tms {
	s32 tms_utime;
	s32 tms_stime;
	s32 tms_cutime;
	s32 tms_cstime;
};

/* ---- files ----------------------------------------------------------------------------------- */

/* Of the first stat. */
struct old_kernel_stat {
	u16 st_dev;
	u16 st_ino;
	u16 st_mode;
	u16 st_nlink;
	u16 st_uid;
	u16 st_gid;
	u16 st_rdev;
	u16 __pad; /* else the compiler leaves a gap, and what was there before in it */
	u32 st_size;
	u32 st_atime;
	u32 st_mtime;
	u32 st_ctime;
};

struct compat_stat {
	u32 st_dev;
	u32 st_ino;
	u16 st_mode;
	u16 st_nlink;
	u16 st_uid;
	u16 st_gid;
	u32 st_rdev;
	u32 st_size;
	u32 st_blksize;
	u32 st_blocks;
	u32 st_atime;
	u32 st_atime_nsec;
	u32 st_mtime;
	u32 st_mtime_nsec;
	u32 st_ctime;
	u32 st_ctime_nsec;
	u32 __unused4;
	u32 __unused5;
};

/* i386's struct stat64. */
struct stat64_32 {
	u64 st_dev;
	u8 __pad0[4];
	u32 __st_ino; /* the low half */
	u32 st_mode;
	u32 st_nlink;
	u32 st_uid;
	u32 st_gid;
	u64 st_rdev;
	u8 __pad3[4];
	s64 st_size;
	u32 st_blksize;
	s64 st_blocks;
	u32 st_atime;
	u32 st_atime_nsec;
	u32 st_mtime;
	u32 st_mtime_nsec;
	u32 st_ctime;
	u32 st_ctime_nsec;
	u64 st_ino;
} __attribute__((packed));

struct compat_statfs {
	s32 f_type;
	s32 f_bsize;
	s32 f_blocks;
	s32 f_bfree;
	s32 f_bavail;
	s32 f_files;
	s32 f_ffree;
	struct {
		s32 val[2];
	} f_fsid;
	s32 f_namelen;
	s32 f_frsize;
	s32 f_flags;
	s32 f_spare[4];
};

struct compat_statfs64 {
	u32 f_type;
	u32 f_bsize;
	u64 f_blocks;
	u64 f_bfree;
	u64 f_bavail;
	u64 f_files;
	u64 f_ffree;
	struct {
		s32 val[2];
	} f_fsid;
	u32 f_namelen;
	u32 f_frsize;
	u32 f_flags;
	u32 f_spare[4];
} __attribute__((packed));

struct compat_flock {
	s16 l_type;
	s16 l_whence;
	s32 l_start;
	s32 l_len;
	s32 l_pid;
};

struct compat_flock64 {
	s16 l_type;
	s16 l_whence;
	s64 l_start;
	s64 l_len;
	s32 l_pid;
} __attribute__((packed));

struct compat_iovec {
	u32 iov_base;
	u32 iov_len;
};

struct compat_linux_dirent {
	u32 d_ino;
	u32 d_off;
	u16 d_reclen;
	char d_name[];
};

/* Of readdir(2), which tells one entry at a time. */
struct compat_old_linux_dirent {
	u32 d_ino;
	u32 d_offset;
	u16 d_namlen;
	char d_name[];
};

struct compat_sel_arg_struct {
	u32 n;
	u32 inp;
	u32 outp;
	u32 exp;
	u32 tvp;
};

/* ---- processes and memory -------------------------------------------------------------------- */

/* What the old mmap finds behind its one argument (MMAP2-4). */
struct mmap_arg_struct32 {
	u32 addr;
	u32 len;
	u32 prot;
	u32 flags;
	u32 fd;
	u32 offset; /* bytes */
};

struct compat_rlimit {
	u32 rlim_cur;
	u32 rlim_max;
};

#define COMPAT_RLIM_INFINITY	 0xffffffffU
#define COMPAT_RLIM_OLD_INFINITY 0x7fffffffU /* of the first getrlimit, which was signed */

struct compat_rusage {
	struct old_timeval32 ru_utime;
	struct old_timeval32 ru_stime;
	s32 ru_maxrss;
	s32 ru_ixrss;
	s32 ru_idrss;
	s32 ru_isrss;
	s32 ru_minflt;
	s32 ru_majflt;
	s32 ru_nswap;
	s32 ru_inblock;
	s32 ru_oublock;
	s32 ru_msgsnd;
	s32 ru_msgrcv;
	s32 ru_nsignals;
	s32 ru_nvcsw;
	s32 ru_nivcsw;
};

struct compat_sysinfo {
	s32 uptime;
	u32 loads[3];
	u32 totalram;
	u32 freeram;
	u32 sharedram;
	u32 bufferram;
	u32 totalswap;
	u32 freeswap;
	u16 procs;
	u16 pad;
	u32 totalhigh;
	u32 freehigh;
	u32 mem_unit;
	char _f[8];
};

struct compat_robust_list {
	u32 next;
};

struct compat_robust_list_head {
	struct compat_robust_list list;
	s32 futex_offset;
	u32 list_op_pending;
};

/* ---- signals --------------------------------------------------------------------------------- */

struct compat_sigaction {
	u32 sa_handler;
	u32 sa_flags;
	u32 sa_restorer;
	sigset_t sa_mask; /* two words, the low one first: the same bytes */
} __attribute__((packed));

struct compat_old_sigaction {
	u32 sa_handler;
	u32 sa_mask;
	u32 sa_flags;
	u32 sa_restorer;
};

struct compat_sigaltstack {
	u32 ss_sp;
	s32 ss_flags;
	u32 ss_size;
};

struct compat_sigevent {
	u32 sigev_value;
	s32 sigev_signo;
	s32 sigev_notify;
	s32 sigev_tid;
	u32 _pad[12];
};

struct compat_siginfo {
	int si_signo;
	int si_errno;
	int si_code;
	union {
		int _pad[SI_MAX_SIZE / sizeof(int) - 3];
		struct { /* kill() and the like */
			s32 _pid;
			u32 _uid;
		} _kill;
		struct { /* POSIX timers */
			s32 _tid;
			s32 _overrun;
			u32 _sigval;
		} _timer;
		struct { /* sigqueue() */
			s32 _pid;
			u32 _uid;
			u32 _sigval;
		} _rt;
		struct { /* SIGCHLD */
			s32 _pid;
			u32 _uid;
			s32 _status;
			s32 _utime;
			s32 _stime;
		} _sigchld;
		struct { /* faults */
			u32 _addr;
			union {
				s16 _addr_lsb;
				struct {
					u32 _dummy_pkey;
					u32 _pkey;
				} _addr_pkey;
			};
		} _sigfault;
		struct { /* SIGPOLL */
			s32 _band;
			s32 _fd;
		} _sigpoll;
		struct { /* SIGSYS */
			u32 _call_addr;
			s32 _syscall;
			u32 _arch;
		} _sigsys;
	};
};

/* ---- kernel/compat_time.c: times, of either width --------------------------------------------- */

/*
 * To and from a program; @time32: an old_..32 structure is there, else that of x86-64. What does
 * not fit into 32 bits is cut. 0 or -EFAULT.
 */
int get_user_timespec(struct timespec *ts, const void __user *from, bool time32);
int put_user_timespec(const struct timespec *ts, void __user *to, bool time32);
int get_user_timeval(struct timeval *tv, const void __user *from, bool time32);
int put_user_timeval(const struct timeval *tv, void __user *to, bool time32);
int get_user_itimerspec(struct itimerspec *it, const void __user *from, bool time32);
int put_user_itimerspec(const struct itimerspec *it, void __user *to, bool time32);

/* ---- kernel/compat_signal.c ------------------------------------------------------------------ */

int put_compat_rusage(struct compat_rusage __user *to, const struct rusage *from);
int copy_siginfo_to_user32(struct compat_siginfo __user *to, const struct kernel_siginfo *from);
int copy_siginfo_from_user32(struct kernel_siginfo *to, const struct compat_siginfo __user *from,
			     int sig);
int compat_save_altstack(struct compat_sigaltstack __user *uss, unsigned long sp);
int compat_restore_altstack(const struct compat_sigaltstack __user *uss);

#endif
