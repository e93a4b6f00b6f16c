// SPDX-License-Identifier: MIT
/*
 * kernel/sys_ni.c - system calls that are not implemented.
 *
 * Every handler that kernel/syscall.tbl names gets a weak definition here, an alias of
 * sys_ni_syscall(); the real one, where some file has it, takes its place when the kernel is
 * linked. What is left answers ENOSYS, and never 0 (programs fall back on ENOSYS only).
 */
#include <pagoda/errno.h>
#include <syscalls.h>

long sys_ni_syscall(void)
{
	return -ENOSYS;
}

#define SYSCALL_WEAK(handler) __asm__(".weak " #handler "\n.set " #handler ", sys_ni_syscall");
#include <syscall_weak.h>
