// SPDX-License-Identifier: MIT
/*
 * tests/model/plain_calls.c - the plain model: the system calls, by the sections of docs/contract/mmap.md.
 */
#include "plain.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define VALIDATED                                                                                  \
	(MAP_TYPE | MAP_FIXED | MAP_ANONYMOUS | MAP_DENYWRITE | MAP_EXECUTABLE | MAP_GROWSDOWN |   \
	 MAP_LOCKED | MAP_NORESERVE | MAP_POPULATE | MAP_NONBLOCK | MAP_STACK | MAP_HUGETLB |      \
	 MAP_32BIT)

/* ---- mmap ------------------------------------------------------------------------------------- */

/* The flags of a mapping of @file (an object), or -errno. */
static int file_flags(unsigned long file, unsigned int prot, unsigned long flags)
{
	bool readonly = file == NR_FILES - 1;
	int result = 0;

	switch (flags & MAP_TYPE) {
	case MAP_SHARED_VALIDATE:
		if (flags & ~(unsigned long)VALIDATED)
			return -EOPNOTSUPP;
		/* fall through */
	case MAP_SHARED:
		if (prot & PROT_WRITE && readonly)
			return -EACCES;
		result = PP_MAYSHARE | (readonly ? PP_NOWRITE : PP_SHARED);
		break;
	case MAP_PRIVATE:
		break;
	default:
		return -EINVAL;
	}
	return flags & MAP_GROWSDOWN ? -EINVAL : result;
}

static int anonymous_flags(unsigned long flags)
{
	if ((flags & MAP_TYPE) == MAP_PRIVATE)
		return 0;
	if ((flags & MAP_TYPE) != MAP_SHARED || flags & MAP_GROWSDOWN)
		return -EINVAL;
	return PP_SHARED | PP_MAYSHARE;
}

/* Where it goes: a page number, or -errno. */
static long place(struct plain_process *p, unsigned long addr, unsigned int pages,
		  unsigned long flags)
{
	unsigned long first = addr / PAGE;
	long found;

	if (flags & (MAP_FIXED | MAP_FIXED_NOREPLACE)) {
		if (addr % PAGE)
			return -EINVAL;
		if (flags & MAP_FIXED_NOREPLACE && !plain_is_free(p, first, first + pages))
			return -EEXIST;
		return first;
	}
	if (addr && plain_is_free_gap(p, first, first + pages))
		return first;
	found = plain_find_free(p, pages);
	return found < 0 ? -ENOMEM : found;
}

/* Private memory that can be written to is charged, once. */
static unsigned int charge(unsigned int prot, unsigned int flags)
{
	return prot & PROT_WRITE && !(flags & (PP_SHARED | PP_NORESERVE)) ? PP_ACCOUNT : 0;
}

static void map_pages(struct plain_process *p, unsigned int first, unsigned int end,
		      struct plain_page page)
{
	plain_unmap(p, first, end);
	page.mapped = true;
	page.flags |= charge(page.prot, page.flags);
	for (unsigned int i = first; i < end; i++) {
		p->page[i] = page;
		page.pgoff++;
	}
}

static long do_mmap(struct plain_process *p, const unsigned long *a)
{
	unsigned long flags = a[3], file = flags & MAP_ANONYMOUS ? -1UL : a[4];
	unsigned int pages = PAGE_UP(a[1]), overlap = 0;
	struct plain_page page = {.prot = a[2] & 7};
	int more;
	long first;

	if (a[5] % PAGE)
		return -EINVAL;
	if (!(flags & MAP_ANONYMOUS) && file >= NR_FILES)
		return -EBADF;
	if (!a[1])
		return -EINVAL;
	first = place(p, a[0], pages, flags);
	if (first < 0)
		return first;
	more = file < NR_FILES ? file_flags(file, page.prot, flags) : anonymous_flags(flags);
	if (more < 0)
		return more;
	page.flags = more | p->def_flags | (flags & MAP_LOCKED ? PP_LOCKED : 0) |
		     (flags & MAP_GROWSDOWN ? PP_GROWSDOWN : 0) |
		     (flags & MAP_NORESERVE ? PP_NORESERVE : 0);
	for (unsigned int i = first; i < first + pages; i++)
		overlap += p->page[i].mapped;
	if (!plain_may_expand(p, &page, pages) && !plain_may_expand(p, &page, pages - overlap))
		return -ENOMEM;
	page.pgoff = first;
	if (file < NR_FILES) {
		page.obj = plain_file[file];
		page.pgoff = a[5] / PAGE;
	} else if (more & PP_SHARED) {
		page.obj = plain_new_object(pages * PAGE);
		page.pgoff = 0;
	}
	map_pages(p, first, first + pages, page);
	plain_settle(p);
	if (page.flags & PP_LOCKED || (flags & (MAP_POPULATE | MAP_NONBLOCK)) == MAP_POPULATE)
		plain_populate(p, first, first + pages, true);
	return first * PAGE;
}

static long do_munmap(struct plain_process *p, const unsigned long *a)
{
	if (a[0] % PAGE || !a[1])
		return -EINVAL;
	plain_unmap(p, a[0] / PAGE, a[0] / PAGE + PAGE_UP(a[1]));
	return 0;
}

/* ---- mprotect --------------------------------------------------------------------------------- */

/* Gives [first, end), a part of one area, its new rights. */
static int protect_area(struct plain_process *p, unsigned int first, unsigned int end,
			unsigned int prot)
{
	unsigned int flags = p->page[first].flags, old = p->page[first].prot;
	struct plain_page now = p->page[first];

	if (prot & PROT_WRITE && flags & PP_NOWRITE)
		return -EACCES;
	if (prot == old)
		return 0;
	now.prot = prot;
	if (prot & PROT_WRITE && !plain_may_expand(p, &now, end - first) &&
	    plain_may_expand(p, &p->page[first], end - first))
		return -ENOMEM;
	for (unsigned int i = first; i < end; i++) {
		if (!(old & PROT_WRITE))
			p->page[i].flags |= charge(prot, flags);
		p->page[i].prot = prot;
	}
	if (flags & PP_LOCKED && prot & PROT_WRITE && !(old & PROT_WRITE) && !(flags & PP_SHARED))
		plain_populate_area(p, first, end);
	return 0;
}

static long do_mprotect(struct plain_process *p, const unsigned long *a)
{
	const unsigned long grows = a[2] & (PROT_GROWSDOWN | PROT_GROWSUP);
	unsigned int first = a[0] / PAGE, end = first + PAGE_UP(a[1]), stop, vma = first;
	int err;

	if (grows == (PROT_GROWSDOWN | PROT_GROWSUP) || a[0] % PAGE)
		return -EINVAL;
	if (!a[1])
		return 0;
	if (a[2] & ~(grows | 0xf))
		return -EINVAL;
	if (grows & PROT_GROWSDOWN) {
		while (vma < WINDOW_PAGES && !p->page[vma].mapped)
			vma++;
		if (vma >= end)
			return -ENOMEM;
		first = plain_area_start(p, vma);
		if (!(p->page[vma].flags & PP_GROWSDOWN))
			return -EINVAL;
	} else if (!p->page[first].mapped) {
		return -ENOMEM;
	} else if (grows) {
		return -EINVAL;
	}
	for (; first < end; first = stop) {
		if (!p->page[first].mapped)
			return -ENOMEM;
		stop = plain_area_end(p, first) < end ? plain_area_end(p, first) : end;
		err = protect_area(p, first, stop, a[2] & 7);
		if (err)
			return err;
	}
	return 0;
}

/* ---- brk -------------------------------------------------------------------------------------- */

static long do_brk(struct plain_process *p, unsigned long brk)
{
	unsigned int new = PAGE_UP(brk), old = PAGE_UP(p->brk);

	if (new < old) {
		if (plain_is_free(p, new, old))
			return p->brk;
		plain_unmap(p, new, old);
	} else if (new > old) {
		const struct plain_page heap = {
			.prot = PROT_READ | PROT_WRITE, .flags = p->def_flags, .pgoff = old};

		/* One page above stays free. */
		if (!plain_is_free_gap(p, old, new + 1) || !plain_may_expand(p, &heap, new - old))
			return p->brk;
		map_pages(p, old, new, heap);
		plain_settle(p);
		if (p->def_flags)
			plain_populate(p, old, new, true);
	}
	p->brk = brk;
	return brk;
}

/* ---- mlock ------------------------------------------------------------------------------------ */

static long do_mlock(struct plain_process *p, unsigned long addr, unsigned long len,
		     unsigned int lock)
{
	unsigned int first = addr / PAGE, end = PAGE_UP(addr + len);

	if (!PAGE_UP(len + addr % PAGE))
		return 0;
	for (unsigned int i = first; i < end; i++) {
		if (!p->page[i].mapped)
			return -ENOMEM;
		p->page[i].flags = (p->page[i].flags & ~PP_LOCK) | lock;
	}
	plain_settle(p);
	return lock ? plain_populate(p, first, end, false) : 0;
}

static long do_mlockall(struct plain_process *p, unsigned long flags, bool undo)
{
	unsigned int lock = flags & MCL_ONFAULT ? PP_LOCK : PP_LOCKED;

	if (!undo && (!flags || flags & ~7UL || flags == MCL_ONFAULT))
		return -EINVAL;
	p->def_flags = flags & MCL_FUTURE ? lock : 0;
	if (flags == MCL_FUTURE || flags == (MCL_FUTURE | MCL_ONFAULT))
		return 0;
	for (unsigned int i = 0; i < WINDOW_PAGES; i++)
		p->page[i].flags =
			(p->page[i].flags & ~PP_LOCK) | (p->page[i].mapped && !undo ? lock : 0);
	plain_settle(p);
	if (!undo)
		plain_populate(p, 0, WINDOW_PAGES, true);
	return 0;
}

/* ---- msync, mincore ---------------------------------------------------------------------------- */

static long do_msync(struct plain_process *p, const unsigned long *a)
{
	unsigned int first = a[0] / PAGE, end = first + PAGE_UP(a[1]);
	long result = 0;

	if (a[2] & ~7UL || a[0] % PAGE || (a[2] & (MS_ASYNC | MS_SYNC)) == (MS_ASYNC | MS_SYNC))
		return -EINVAL;
	for (; first < end; first++) {
		if (!p->page[first].mapped && a[2] == MS_ASYNC)
			return -ENOMEM;
		if (!p->page[first].mapped)
			result = -ENOMEM;
		else if (a[2] & MS_INVALIDATE && p->page[first].flags & PP_LOCKED)
			return -EBUSY;
	}
	return result;
}

/* The pages that must be resident; mincore may say so of others too. */
static long do_mincore(struct plain_process *p, const unsigned long *a)
{
	unsigned int first = a[0] / PAGE, pages = PAGE_UP(a[1]);
	long bits = 0;

	if (a[0] % PAGE)
		return -EINVAL;
	pages = pages > 60 ? 60 : pages;
	for (unsigned int i = 0; i < pages; i++) {
		if (!p->page[first + i].mapped)
			return -ENOMEM;
		bits |= (long)(plain_content(&p->page[first + i]) && !p->page[first + i].freed)
			<< i;
	}
	return bits;
}

/* ---- Access, files ------------------------------------------------------------------------------ */

/* Copies between memory and @buf; the bytes done, and in *signal why not all. */
static unsigned long transfer(struct plain_process *p, unsigned long addr, unsigned char *buf,
			      unsigned long len, bool write, int *signal)
{
	unsigned long done = 0;

	*signal = 0;
	while (done < len) {
		unsigned long offset = (addr + done) % PAGE, part = PAGE - offset;
		unsigned char *bytes;

		part = part > len - done ? len - done : part;
		*signal = plain_touch(p, (addr + done) / PAGE, write, &bytes);
		if (*signal)
			break;
		memmove(write ? bytes + offset : buf + done, write ? buf + done : bytes + offset,
			part);
		done += part;
	}
	return done;
}

static long do_access(struct plain_process *p, const unsigned long *a, bool write)
{
	unsigned char buf[64];
	unsigned long done, sum = 0;
	int signal;

	for (unsigned int i = 0; write && i < sizeof(buf); i++)
		buf[i] = a[2] + i;
	done = transfer(p, a[0], buf, a[1] > sizeof(buf) ? sizeof(buf) : a[1], write, &signal);
	for (unsigned long i = 0; !write && i < done; i++)
		sum = (sum * 31 + buf[i]) & 0xffffff;
	return signal ? signal : sum;
}

static long do_pread(struct plain_process *p, const unsigned long *a)
{
	unsigned long done = 0, len = a[3];
	int signal = 0;

	if (a[0] >= NR_FILES)
		return -EBADF;
	if (a[1] >= plain_file[a[0]]->size)
		return 0;
	if (len > plain_file[a[0]]->size - a[1])
		len = plain_file[a[0]]->size - a[1];
	while (done < len && !signal) {
		unsigned long at = a[1] + done, part = PAGE - at % PAGE;
		unsigned char zeroes[PAGE] = {0};
		unsigned char *page = plain_file[a[0]]->page[at / PAGE];

		part = part > len - done ? len - done : part;
		done += transfer(p, a[2] + done, page ? page + at % PAGE : zeroes, part, true,
				 &signal);
	}
	return done || !len ? (long)done : -EFAULT;
}

static long do_pwrite(struct plain_process *p, const unsigned long *a)
{
	struct object *obj;
	unsigned long done = 0;
	int signal = 0;

	if (a[0] >= NR_FILES - 1)
		return -EBADF;
	obj = plain_file[a[0]];
	while (done < a[3] && !signal) {
		unsigned long at = a[1] + done, part = PAGE - at % PAGE, got;
		unsigned char buf[PAGE];

		part = part > a[3] - done ? a[3] - done : part;
		got = transfer(p, a[2] + done, buf, part, false, &signal);
		if (got)
			memcpy(plain_object_page(obj, at / PAGE) + at % PAGE, buf, got);
		done += got;
		if (at + got > obj->size && got)
			obj->size = at + got;
	}
	return done || !a[3] ? (long)done : -EFAULT;
}

static long do_truncate(const unsigned long *a)
{
	if (a[0] >= NR_FILES)
		return -EBADF;
	if (a[0] == NR_FILES - 1)
		return -EINVAL;
	plain_truncate(plain_file[a[0]], a[1]);
	return 0;
}

static long do_fallocate(const unsigned long *a)
{
	struct object *obj;

	if (a[0] >= NR_FILES)
		return -EBADF;
	if (!a[3])
		return -EINVAL;
	if (a[1] & ~3UL || a[1] == FALLOC_FL_PUNCH_HOLE)
		return -EOPNOTSUPP;
	if (a[0] == NR_FILES - 1)
		return -EBADF;
	obj = plain_file[a[0]];
	if (a[1] & FALLOC_FL_PUNCH_HOLE)
		plain_punch(obj, a[2], a[2] + a[3]);
	else if (!a[1] && a[2] + a[3] > obj->size)
		obj->size = a[2] + a[3];
	return 0;
}

/* ---- Processes ---------------------------------------------------------------------------------- */

static bool any_locked(const struct plain_process *p)
{
	for (unsigned int i = 0; i < WINDOW_PAGES; i++) {
		if (p->page[i].flags & PP_LOCKED)
			return true;
	}
	return false;
}

static long do_fork(struct plain_process *p, unsigned long number)
{
	struct plain_process *child = &plain[number];

	if (number >= NR_PROCS || child->alive)
		return -EAGAIN;
	*child = *p;
	child->def_flags = 0;
	child->loose |= any_locked(p); /* unlocked, but not merged */
	for (unsigned int i = 0; i < WINDOW_PAGES; i++) {
		struct plain_page *page = &child->page[i];

		page->flags &= ~PP_LOCK;
		if (page->copy) {
			page->copy = malloc(PAGE);
			memcpy(page->copy, p->page[i].copy, PAGE);
		}
		if (page->flags & PP_DONTFORK)
			plain_unmap(child, i, i + 1);
		if (page->flags & PP_WIPEONFORK) {
			plain_drop_copy(page);
			page->faulted = false;
		}
	}
	return 0;
}

static long do_exit(struct plain_process *p)
{
	if (p == plain)
		return -EPERM;
	plain_unmap(p, 0, WINDOW_PAGES);
	p->alive = false;
	plain_current = 0;
	return 0;
}

static long do_switch(unsigned long number)
{
	if (number >= NR_PROCS || !plain[number].alive)
		return -ESRCH;
	plain_current = number;
	return 0;
}

/* ---- The table ---------------------------------------------------------------------------------- */

static long step_other(struct plain_process *p, const struct op *op)
{
	switch (op->code) {
	case OP_PREAD:
		return do_pread(p, op->arg);
	case OP_PWRITE:
		return do_pwrite(p, op->arg);
	case OP_TRUNCATE:
		return do_truncate(op->arg);
	case OP_FALLOCATE:
		return do_fallocate(op->arg);
	case OP_FORK:
		return do_fork(p, op->arg[0]);
	case OP_SWITCH:
		return do_switch(op->arg[0]);
	case OP_EXIT:
		return do_exit(p);
	case OP_LIMIT:
		p->limit[!!op->arg[0]] = op->arg[1];
		return 0;
	default:
		return 0;
	}
}

static long step(struct plain_process *p, const struct op *op)
{
	const unsigned long *a = op->arg;

	switch (op->code) {
	case OP_MMAP:
		return do_mmap(p, a);
	case OP_MUNMAP:
		return do_munmap(p, a);
	case OP_MPROTECT:
		return do_mprotect(p, a);
	case OP_MREMAP:
		return plain_mremap(p, a);
	case OP_MADVISE:
		return plain_madvise(p, a);
	case OP_BRK:
		return do_brk(p, a[0]);
	case OP_MLOCK:
		return a[2] & ~1UL ? -EINVAL : do_mlock(p, a[0], a[1], a[2] ? PP_LOCK : PP_LOCKED);
	case OP_MUNLOCK:
		return do_mlock(p, a[0], a[1], 0);
	case OP_MLOCKALL:
		return do_mlockall(p, a[0], false);
	case OP_MUNLOCKALL:
		return do_mlockall(p, 0, true);
	case OP_MSYNC:
		return do_msync(p, a);
	case OP_MINCORE:
		return do_mincore(p, a);
	case OP_READ:
	case OP_WRITE:
		return do_access(p, a, op->code == OP_WRITE);
	default:
		return step_other(p, op);
	}
}

long plain_step(const struct op *op)
{
	struct plain_process *p = &plain[plain_current];
	long result = step(p, op);

	if (p->alive)
		plain_settle(p);
	return result;
}
