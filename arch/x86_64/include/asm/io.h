/* SPDX-License-Identifier: MIT */
/*
 * asm/io.h - port input/output and memory-mapped registers.
 */
#ifndef _ASM_IO_H
#define _ASM_IO_H

#include <pagoda/types.h>
#include <pagoda/compiler.h>

#define __BUILD_PORT_IO(suffix, type)                                                              \
	static inline void out##suffix(type value, u16 port)                                       \
	{                                                                                          \
		asm volatile("out" #suffix " %0, %1" : : "a"(value), "Nd"(port));                  \
	}                                                                                          \
	static inline type in##suffix(u16 port)                                                    \
	{                                                                                          \
		type value;                                                                        \
		asm volatile("in" #suffix " %1, %0" : "=a"(value) : "Nd"(port));                   \
		return value;                                                                      \
	}

__BUILD_PORT_IO(b, u8)
__BUILD_PORT_IO(w, u16)
__BUILD_PORT_IO(l, u32)

/* About a microsecond, for old devices: a write to the POST port. */
static inline void io_delay(void)
{
	outb(0, 0x80);
}

#define __BUILD_MMIO(suffix, type)                                                                 \
	static inline type read##suffix(const volatile void *addr)                                 \
	{                                                                                          \
		return *(const volatile type *)addr;                                               \
	}                                                                                          \
	static inline void write##suffix(type value, volatile void *addr)                          \
	{                                                                                          \
		*(volatile type *)addr = value;                                                    \
	}

__BUILD_MMIO(b, u8)
__BUILD_MMIO(w, u16)
__BUILD_MMIO(l, u32)
__BUILD_MMIO(q, u64)

#endif
