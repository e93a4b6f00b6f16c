/* SPDX-License-Identifier: MIT */
/*
 * lib/fault.h - accesses that may fault, and what the signal said.
 *
 * The handlers run on a stack of their own and return by siglongjmp, so that a test may break its
 * stack. Every thread that uses these calls catch_faults() first; the first access of the main
 * thread does so by itself.
 */
#ifndef TESTS_ABI_LIB_FAULT_H
#define TESTS_ABI_LIB_FAULT_H

#include <signal.h>
#include <stddef.h>

enum access { READ, WRITE, EXEC };

/* signal is 0 when the access succeeded. */
struct fault {
	int signal;
	int code;
	unsigned long addr; /* si_addr */
	unsigned long trap; /* trapno of the context: 14 page fault, 13 general protection */
	unsigned long
		error; /* hardware error code of the context: 1 P, 2 W, 4 U, 16 fetch, 32 PK */
	unsigned long cr2;
	int pkey;
};

void catch_faults(void);

/* Reads or writes (the value 0x5a) one byte at addr, or calls it (a `ret` must be there). */
struct fault try_access(const volatile void *addr, enum access how);
/* Calls function(argument) and catches a fault in it. */
struct fault try_call(void (*function)(void *), void *argument);

void test_access(const char *file, int line, const char *what, const volatile void *addr,
		 enum access how, int signal, int code);

/* The access gives this signal with this si_code, and si_addr is exactly addr. */
#define EXPECT_SEGV(addr, how, code)                                                               \
	test_access(__FILE__, __LINE__, #how " at " #addr, addr, how, SIGSEGV, code)
#define EXPECT_BUS(addr, how)                                                                      \
	test_access(__FILE__, __LINE__, #how " at " #addr, addr, how, SIGBUS, BUS_ADRERR)
/* The access succeeds. */
#define EXPECT_ACCESS(addr, how) test_access(__FILE__, __LINE__, #how " at " #addr, addr, how, 0, 0)
#define EXPECT_UNMAPPED(addr)	 EXPECT_SEGV(addr, READ, SEGV_MAPERR)

#ifndef SEGV_PKUERR
#define SEGV_PKUERR 4
#endif

#endif
