/* SPDX-License-Identifier: MIT */
/*
 * errno.h - the errors of the ABI, and those that never leave the kernel.
 *
 * The signal code turns the ERESTART family into EINTR or into a second run of the call.
 */
#ifndef PAGODA_ERRNO_H
#define PAGODA_ERRNO_H

#include <uapi/errno.h>

#define ERESTARTSYS	      512 /* restart if the handler has SA_RESTART, else EINTR */
#define ERESTARTNOINTR	      513 /* restart always */
#define ERESTARTNOHAND	      514 /* restart if no handler ran, else EINTR */
#define ENOIOCTLCMD	      515 /* not an ioctl of this file: ENOTTY to the user */
#define ERESTART_RESTARTBLOCK 516 /* restart through restart_syscall(2), else EINTR */

#endif
