// SPDX-License-Identifier: MIT
/*
 * arch/x86_64/extable.c - the exception table: which kernel instructions may fault.
 */
#include <pagoda/compiler.h>
#include <pagoda/sort.h>
#include <asm/extable.h>
#include <asm/ptrace.h>

extern struct exception_table_entry __start___ex_table[], __stop___ex_table[];

static int cmp_entry(const void *a, const void *b)
{
	const struct exception_table_entry *x = a, *y = b;

	return x->insn < y->insn ? -1 : x->insn > y->insn;
}

/* The linker collects the entries file by file, which is not quite the order of addresses. */
void __init sort_main_extable(void)
{
	sort(__start___ex_table, __stop___ex_table - __start___ex_table,
	     sizeof(*__start___ex_table), cmp_entry, NULL);
}

static const struct exception_table_entry *search_table(unsigned long ip)
{
	struct exception_table_entry key = {.insn = ip};

	return bsearch(&key, __start___ex_table, __stop___ex_table - __start___ex_table,
		       sizeof(*__start___ex_table), cmp_entry);
}

bool has_fixup(unsigned long ip)
{
	return search_table(ip);
}

bool fixup_exception(struct pt_regs *regs)
{
	const struct exception_table_entry *e = search_table(regs->ip);

	if (!e)
		return false;
	regs->ip = e->fixup;
	return true;
}
