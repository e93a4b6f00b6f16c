/* SPDX-License-Identifier: MIT */
/* userfaultfd.h - the ABI of userfaultfd(2), of its ioctls and of the messages that it is read for. */
#ifndef UAPI_USERFAULTFD_H
#define UAPI_USERFAULTFD_H

#include <pagoda/types.h>
#include <uapi/fcntl.h>
#include <uapi/ioctl.h>

/* ---- creation ---------------------------------------------------------------------------- */

#define UFFD_CLOEXEC	    O_CLOEXEC
#define UFFD_NONBLOCK	    O_NONBLOCK
#define UFFD_USER_MODE_ONLY 1 /* faults of the kernel fail instead of waiting */

/* On /dev/userfaultfd; the argument is the flags. */
#define USERFAULTFD_IOC_NEW _IO(0xaa, 0x00)

/* ---- handshake --------------------------------------------------------------------------- */

#define UFFD_API 0xaaULL

#define UFFD_FEATURE_PAGEFAULT_FLAG_WP	(1U << 0)
#define UFFD_FEATURE_EVENT_FORK		(1U << 1)
#define UFFD_FEATURE_EVENT_REMAP	(1U << 2)
#define UFFD_FEATURE_EVENT_REMOVE	(1U << 3)
#define UFFD_FEATURE_MISSING_HUGETLBFS	(1U << 4)
#define UFFD_FEATURE_MISSING_SHMEM	(1U << 5)
#define UFFD_FEATURE_EVENT_UNMAP	(1U << 6)
#define UFFD_FEATURE_SIGBUS		(1U << 7)
#define UFFD_FEATURE_THREAD_ID		(1U << 8)
#define UFFD_FEATURE_MINOR_HUGETLBFS	(1U << 9)
#define UFFD_FEATURE_MINOR_SHMEM	(1U << 10)
#define UFFD_FEATURE_EXACT_ADDRESS	(1U << 11)
#define UFFD_FEATURE_WP_HUGETLBFS_SHMEM (1U << 12)
#define UFFD_API_FEATURES		0x1fffULL

struct uffdio_api {
	u64 api;
	u64 features; /* in: wanted; out: all there are */
	u64 ioctls;   /* out: 1 << number of each that may follow */
};

/* ---- ioctls ------------------------------------------------------------------------------ */

#define _UFFDIO_REGISTER     0x00
#define _UFFDIO_UNREGISTER   0x01
#define _UFFDIO_WAKE	     0x02
#define _UFFDIO_COPY	     0x03
#define _UFFDIO_ZEROPAGE     0x04
#define _UFFDIO_WRITEPROTECT 0x06
#define _UFFDIO_CONTINUE     0x07
#define _UFFDIO_API	     0x3f

#define UFFDIO_API	    _IOWR(0xaa, _UFFDIO_API, struct uffdio_api)
#define UFFDIO_REGISTER	    _IOWR(0xaa, _UFFDIO_REGISTER, struct uffdio_register)
#define UFFDIO_UNREGISTER   _IOR(0xaa, _UFFDIO_UNREGISTER, struct uffdio_range)
#define UFFDIO_WAKE	    _IOR(0xaa, _UFFDIO_WAKE, struct uffdio_range)
#define UFFDIO_COPY	    _IOWR(0xaa, _UFFDIO_COPY, struct uffdio_copy)
#define UFFDIO_ZEROPAGE	    _IOWR(0xaa, _UFFDIO_ZEROPAGE, struct uffdio_zeropage)
#define UFFDIO_WRITEPROTECT _IOWR(0xaa, _UFFDIO_WRITEPROTECT, struct uffdio_writeprotect)
#define UFFDIO_CONTINUE	    _IOWR(0xaa, _UFFDIO_CONTINUE, struct uffdio_continue)

/* The numbers that API and REGISTER report. */
#define UFFD_API_IOCTLS                                                                            \
	(1ULL << _UFFDIO_REGISTER | 1ULL << _UFFDIO_UNREGISTER | 1ULL << _UFFDIO_API)
#define UFFD_API_RANGE_IOCTLS_BASIC                                                                \
	(1ULL << _UFFDIO_WAKE | 1ULL << _UFFDIO_COPY | 1ULL << _UFFDIO_ZEROPAGE)
#define UFFD_API_RANGE_IOCTLS                                                                      \
	(UFFD_API_RANGE_IOCTLS_BASIC | 1ULL << _UFFDIO_WRITEPROTECT | 1ULL << _UFFDIO_CONTINUE)

struct uffdio_range {
	u64 start; /* bytes, both in whole pages */
	u64 len;
};

#define UFFDIO_REGISTER_MODE_MISSING 1ULL
#define UFFDIO_REGISTER_MODE_WP	     2ULL
#define UFFDIO_REGISTER_MODE_MINOR   4ULL

struct uffdio_register {
	struct uffdio_range range;
	u64 mode;
	u64 ioctls; /* out */
};

#define UFFDIO_COPY_MODE_DONTWAKE 1ULL
#define UFFDIO_COPY_MODE_WP	  2ULL

struct uffdio_copy {
	u64 dst;
	u64 src;
	u64 len;
	u64 mode;
	s64 copy; /* out: bytes done, or -errno */
};

#define UFFDIO_ZEROPAGE_MODE_DONTWAKE 1ULL

struct uffdio_zeropage {
	struct uffdio_range range;
	u64 mode;
	s64 zeropage; /* out, as above */
};

#define UFFDIO_WRITEPROTECT_MODE_WP	  1ULL
#define UFFDIO_WRITEPROTECT_MODE_DONTWAKE 2ULL

struct uffdio_writeprotect {
	struct uffdio_range range;
	u64 mode;
};

#define UFFDIO_CONTINUE_MODE_DONTWAKE 1ULL

struct uffdio_continue {
	struct uffdio_range range;
	u64 mode;
	s64 mapped; /* out, as above */
};

/* ---- messages ---------------------------------------------------------------------------- */

#define UFFD_EVENT_PAGEFAULT 0x12
#define UFFD_EVENT_FORK	     0x13
#define UFFD_EVENT_REMAP     0x14
#define UFFD_EVENT_REMOVE    0x15
#define UFFD_EVENT_UNMAP     0x16

#define UFFD_PAGEFAULT_FLAG_WRITE 1ULL
#define UFFD_PAGEFAULT_FLAG_WP	  2ULL
#define UFFD_PAGEFAULT_FLAG_MINOR 4ULL

struct uffd_msg {
	u8 event;
	u8 reserved1;
	u16 reserved2;
	u32 reserved3;
	union {
		struct {
			u64 flags;
			u64 address;
			u32 ptid;
			u32 zero;
		} pagefault; /* the largest: whoever clears it clears all */
		struct {
			u32 ufd;
		} fork;
		struct {
			u64 from;
			u64 to;
			u64 len;
		} remap;
		struct {
			u64 start;
			u64 end;
		} remove; /* and UNMAP */
	} arg;
};

_Static_assert(sizeof(struct uffd_msg) == 32, "read(2) counts in these");

#endif
