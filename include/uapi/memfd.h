/* SPDX-License-Identifier: MIT */
/* memfd.h - flags of memfd_create(2). */
#ifndef UAPI_MEMFD_H
#define UAPI_MEMFD_H

#define MFD_CLOEXEC	  0x0001U
#define MFD_ALLOW_SEALING 0x0002U
#define MFD_HUGETLB	  0x0004U
#define MFD_NOEXEC_SEAL	  0x0008U
#define MFD_EXEC	  0x0010U
#define MFD_HUGE_SHIFT	  26
#define MFD_HUGE_MASK	  0x3fU

#endif
