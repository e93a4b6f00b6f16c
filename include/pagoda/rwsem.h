/* SPDX-License-Identifier: MIT */
/* rwsem.h - reader/writer semaphores stand with the other sleeping locks. */
#include <pagoda/mutex.h>
