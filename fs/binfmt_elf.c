// SPDX-License-Identifier: MIT
/*
 * fs/binfmt_elf.c - loading ELF programs: static, static-PIE, and dynamic by an interpreter.
 *
 * What is mapped where:
 *	ET_EXEC				at the addresses it was linked for
 *	ET_DYN with PT_INTERP (a PIE)	ELF_ET_DYN_BASE and a random offset, brk close behind
 *	ET_DYN without (static-PIE)	among the mappings; brk at ELF_ET_DYN_BASE, away from them
 *	the interpreter			among the mappings; it starts first and finds the program by
 *					AT_PHDR and AT_ENTRY
 *
 * 32-bit programs of i386 are loaded by the same code, once their headers have been read
 * (fs/binfmt_elf_read.c). What differs are the addresses: see set_personality().
 *
 * Everything that can be checked is checked before begin_new_exec(), so that a broken file is an
 * error for its caller. Numbers in the headers are not trusted: every sum is checked for overflow
 * and every mapping is made by vm_mmap(), which refuses what is not in user space.
 */
#include <pagoda/binfmts.h>
#include <pagoda/err.h>
#include <pagoda/fs.h>
#include <pagoda/kernel.h>
#include <pagoda/mm.h>
#include <pagoda/mman.h>
#include <pagoda/namei.h>
#include <pagoda/random.h>
#include <pagoda/sched.h>
#include <pagoda/slab.h>
#include <pagoda/string.h>
#include <uapi/elf.h>
#include <uapi/personality.h>
#include <asm/elf.h>
#include <asm/processor.h>
#include <asm/ptrace.h>
#include <asm/uaccess.h>
#include <asm/vdso.h>
#include "internal.h"

#define BAD_ADDR(x)  ((unsigned long)(x) >= TASK_SIZE)
#define PAGEOFF(x)   ((x) & ~PAGE_MASK)
#define PAGESTART(x) ((x)&PAGE_MASK)

/* Bytes from the first page of the first segment to the end of the last one; 0: none. */
static unsigned long total_mapping_size(const struct elf_image *image)
{
	unsigned long min_addr = -1UL, max_addr = 0;
	const struct elf64_phdr *ph;

	for_each_phdr(image, ph)
	{
		if (ph->p_type != PT_LOAD || !ph->p_memsz)
			continue;
		min_addr = min(min_addr, PAGESTART(ph->p_vaddr));
		max_addr = max(max_addr, (unsigned long)(ph->p_vaddr + ph->p_memsz));
	}
	return max_addr ? max_addr - min_addr : 0;
}

/* ---- mapping --------------------------------------------------------------------------------- */

static unsigned long segment_prot(const struct elf64_phdr *ph)
{
	return ((ph->p_flags & PF_R) ? PROT_READ : 0) | ((ph->p_flags & PF_W) ? PROT_WRITE : 0) |
	       ((ph->p_flags & PF_X) ? PROT_EXEC : 0);
}

/*
 * The part of the segment that is in the file, mapped at addr. With total_size, the whole extent of
 * the image is mapped first, so that a place is found where all of it fits, and cut after that.
 */
static unsigned long map_file_part(const struct elf_image *image, const struct elf64_phdr *ph,
				   unsigned long addr, unsigned long flags,
				   unsigned long total_size)
{
	unsigned long size = PAGE_ALIGN(ph->p_filesz + PAGEOFF(ph->p_vaddr));
	unsigned long off = ph->p_offset - PAGEOFF(ph->p_vaddr), map;

	addr = PAGESTART(addr);
	if (!total_size)
		return vm_mmap(image->file, addr, size, segment_prot(ph), flags, off);
	total_size = PAGE_ALIGN(total_size);
	map = vm_mmap(image->file, addr, total_size, segment_prot(ph), flags, off);
	if (!BAD_ADDR(map) && total_size > size)
		vm_munmap(map + size, total_size - size);
	return map;
}

/* What lies behind p_filesz is zero: the rest of the last page, then anonymous pages. */
static int map_zero_part(const struct elf64_phdr *ph, unsigned long addr)
{
	unsigned long zero = addr + ph->p_filesz, end = PAGE_ALIGN(addr + ph->p_memsz);
	unsigned long pages = ph->p_filesz ? PAGE_ALIGN(zero) : PAGESTART(addr);

	if (ph->p_filesz && PAGEOFF(zero) && clear_user((void __user *)zero, pages - zero) &&
	    (ph->p_flags & PF_W))
		return -EFAULT;
	if (end <= pages)
		return 0;
	return vm_brk_flags(pages, end - pages, (ph->p_flags & PF_X) ? VM_EXEC : 0);
}

/* One PT_LOAD segment at addr (not page-aligned). The page it begins in, or -errno. */
static long map_segment(const struct elf_image *image, const struct elf64_phdr *ph,
			unsigned long addr, unsigned long flags, unsigned long total_size)
{
	unsigned long map = PAGESTART(addr);
	int err;

	if (ph->p_filesz) {
		map = map_file_part(image, ph, addr, flags, total_size);
		if (BAD_ADDR(map))
			return IS_ERR_VALUE(map) ? (long)map : -EINVAL;
	}
	if (ph->p_memsz > ph->p_filesz) {
		err = map_zero_part(ph, map + PAGEOFF(addr));
		if (err)
			return err;
	}
	return map;
}

static void note_extent(struct elf_image *image, const struct elf64_phdr *ph, bool first)
{
	unsigned long start = ph->p_vaddr + image->bias, file_end = start + ph->p_filesz;

	if (first)
		image->start_code = ULONG_MAX;
	if (ph->p_flags & PF_X) {
		image->start_code = min(image->start_code, start);
		image->end_code = max(image->end_code, file_end);
	}
	image->start_data = max(image->start_data, start);
	image->end_data = max(image->end_data, file_end);
	image->end = max(image->end, start + (unsigned long)ph->p_memsz);
}

/*
 * All segments. bias: where an ET_DYN shall be, 0 for anywhere. fixed: how the first one is placed
 * at a given address. Later ones replace what the extent of the first has reserved.
 */
static int map_image(struct elf_image *image, unsigned long bias, unsigned long fixed)
{
	const struct elf64_phdr *ph;
	bool first = true;
	long map;

	image->bias = bias;
	for_each_phdr(image, ph)
	{
		unsigned long flags = MAP_PRIVATE, total = 0;

		if (ph->p_type != PT_LOAD || !ph->p_memsz)
			continue;
		if (!first)
			flags |= MAP_FIXED;
		else if (image->hdr.e_type == ET_EXEC || bias)
			flags |= fixed;
		if (first && image->hdr.e_type == ET_DYN)
			total = total_mapping_size(image);
		map = map_segment(image, ph, image->bias + ph->p_vaddr, flags, total);
		if (map < 0)
			return map;
		if (first && image->hdr.e_type == ET_DYN)
			image->bias = map - PAGESTART(ph->p_vaddr);
		note_extent(image, ph, first);
		first = false;
	}
	return first ? -EINVAL : 0;
}

/* ---- the interpreter ------------------------------------------------------------------------- */

/* Opens and checks the file that PT_INTERP names. 0, or -errno for the caller of exec. */
static int open_interpreter(const struct elf_image *image, const struct elf64_phdr *ph,
			    struct elf_image *interp)
{
	struct elf64_hdr hdr;
	char *name;
	int err;

	if (ph->p_filesz > PATH_MAX || ph->p_filesz < 2 || ph->p_offset > INT64_MAX - PATH_MAX)
		return -ENOEXEC;
	name = kmalloc(ph->p_filesz, GFP_KERNEL);
	if (!name)
		return -ENOMEM;
	err = kernel_read_exact(image->file, name, ph->p_filesz, ph->p_offset);
	if (!err && name[ph->p_filesz - 1] != '\0')
		err = -ENOEXEC;
	if (!err) {
		interp->file = open_exec(name);
		err = PTR_ERR_OR_ZERO(interp->file);
		if (err)
			interp->file = NULL;
	}
	kfree(name);
	if (err)
		return err;
	err = kernel_read_exact(interp->file, &hdr, sizeof(hdr), 0);
	if (err)
		return err;
	if (!elf_read_header(interp, &hdr) || interp->compat != image->compat ||
	    !interp->file->f_op->mmap)
		return -ELIBBAD;
	err = elf_load_phdrs(interp);
	if (!err)
		err = elf_check_segments(interp);
	return err && err != -ENOMEM ? -ELIBBAD : err;
}

/* Headers that say something about the whole: PT_INTERP, PT_GNU_STACK. */
static int read_special_headers(const struct elf_image *image, struct elf_image *interp,
				int *exec_stack)
{
	const struct elf64_phdr *ph;
	int err;

	for_each_phdr(image, ph)
	{
		if (ph->p_type == PT_GNU_STACK) {
			*exec_stack = (ph->p_flags & PF_X) ? EXSTACK_ENABLE_X : EXSTACK_DISABLE_X;
		} else if (ph->p_type == PT_INTERP && !interp->file) {
			err = open_interpreter(image, ph, interp);
			if (err)
				return err;
		}
	}
	return 0;
}

/* ---- loading --------------------------------------------------------------------------------- */

static bool randomize(void)
{
	return randomize_va_space && !(current->personality & ADDR_NO_RANDOMIZE);
}

static unsigned long dyn_base(const struct elf_image *image)
{
	return image->compat ? COMPAT_ELF_ET_DYN_BASE : ELF_ET_DYN_BASE;
}

/* Where a PIE goes: its first segment at ELF_ET_DYN_BASE, moved by a random number of pages. */
static unsigned long pie_bias(const struct elf_image *image)
{
	unsigned int rnd_bits = image->compat ? MMAP_RND_COMPAT_BITS : MMAP_RND_BITS;
	unsigned long base = dyn_base(image), align = PAGE_SIZE, vaddr = 0;
	const struct elf64_phdr *ph;
	bool first = true;

	if (current->flags & PF_RANDOMIZE)
		base += (get_random_u64() & ((1UL << rnd_bits) - 1)) << PAGE_SHIFT;
	for_each_phdr(image, ph)
	{
		if (ph->p_type != PT_LOAD || !ph->p_memsz)
			continue;
		if (first)
			vaddr = ph->p_vaddr;
		first = false;
		if (is_power_of_2(ph->p_align) && ph->p_align > align &&
		    ph->p_align < elf_task_size(image))
			align = ph->p_align;
	}
	return PAGESTART((base & ~(align - 1)) - vaddr);
}

/* The address of the program headers in memory, if a segment contains them. */
static unsigned long find_phdr_addr(const struct elf_image *image)
{
	const struct elf64_phdr *ph;
	u64 phoff = image->hdr.e_phoff;

	for_each_phdr(image, ph)
	{
		if (ph->p_type == PT_LOAD && ph->p_offset <= phoff &&
		    phoff < ph->p_offset + ph->p_filesz)
			return phoff - ph->p_offset + ph->p_vaddr + image->bias;
	}
	return 0;
}

/* (LAY-4) brk begins behind the bss, some random pages away. */
static void place_brk(struct mm_struct *mm, const struct elf_image *image, bool has_interp)
{
	mm->start_code = image->start_code;
	mm->end_code = image->end_code;
	mm->start_data = image->start_data;
	mm->end_data = image->end_data;
	mm->start_brk = mm->brk = PAGE_ALIGN(image->end);
	if (!(current->flags & PF_RANDOMIZE) || randomize_va_space < 2)
		return;
	if (image->hdr.e_type == ET_DYN && !has_interp)
		mm->start_brk = dyn_base(image);
	mm->start_brk = mm->brk = randomize_page(mm->start_brk, BRK_RND_SPAN);
}

/* Behind the point of no return: every error kills. */
static int load_images(struct linux_binprm *bprm, struct elf_image *image, struct elf_image *interp,
		       unsigned long *entry)
{
	struct elf_info info = {.phnum = image->hdr.e_phnum, .compat = image->compat};
	unsigned long bias = 0;
	int err;

	if (image->hdr.e_type == ET_DYN && interp->file)
		bias = pie_bias(image);
	err = map_image(image, bias, MAP_FIXED_NOREPLACE);
	if (err)
		return err;
	info.entry = *entry = image->hdr.e_entry + image->bias;
	info.phdr_addr = find_phdr_addr(image);
	place_brk(current->mm, image, interp->file);
	if (interp->file) {
		err = map_image(interp, 0, MAP_FIXED_NOREPLACE);
		if (err)
			return err;
		info.interp_base = interp->bias;
		*entry = interp->hdr.e_entry + interp->bias;
	}
	if (BAD_ADDR(*entry))
		return -EINVAL;
	err = arch_setup_additional_pages();
	if (err)
		return err;
	err = create_elf_tables(bprm, &info);
	if (err)
		return err;
	current->mm->start_stack = bprm->p;
	return 0;
}

/*
 * Whose address space and which kind of call it is from now on. A 64-bit
 * program does not inherit READ_IMPLIES_EXEC; one for i386 does, and one without a PT_GNU_STACK, from
 * before non-executable memory, gets it (LAY-9).
 */
static void set_personality(const struct elf_image *image, int exec_stack)
{
	if (!image->compat) {
		current->personality &= ~READ_IMPLIES_EXEC;
		clear_thread_flag(TIF_ADDR32);
		current_thread_info()->status &= ~TS_COMPAT;
		return;
	}
	set_thread_flag(TIF_ADDR32);
	current_thread_info()->status |= TS_COMPAT;
	if (exec_stack == EXSTACK_DEFAULT)
		current->personality |= READ_IMPLIES_EXEC;
}

static int load_new_program(struct linux_binprm *bprm, struct elf_image *image,
			    struct elf_image *interp, int exec_stack)
{
	unsigned long entry;
	int err;

	err = begin_new_exec(bprm);
	if (err)
		return err;
	set_personality(image, exec_stack);
	if (randomize())
		current->flags |= PF_RANDOMIZE;
	err = setup_arg_pages(bprm, exec_stack);
	if (err)
		return err;
	err = load_images(bprm, image, interp, &entry);
	if (err)
		return err;
	/* A System V habit: address 0 is readable. */
	if (current->personality & MMAP_PAGE_ZERO)
		vm_mmap(NULL, 0, PAGE_SIZE, PROT_READ | PROT_EXEC, MAP_FIXED | MAP_PRIVATE, 0);
	finalize_exec(bprm);
	if (image->compat)
		compat_start_thread(current_pt_regs(), entry, bprm->p);
	else
		start_thread(current_pt_regs(), entry, bprm->p);
	return 0;
}

static int load_elf_binary(struct linux_binprm *bprm)
{
	struct elf_image image = {.file = bprm->file}, interp = {};
	int exec_stack = EXSTACK_DEFAULT, err;

	if (!elf_read_header(&image, bprm->buf) || !bprm->file->f_op->mmap)
		return -ENOEXEC;
	err = elf_load_phdrs(&image);
	if (err && err != -ENOMEM)
		err = -ENOEXEC;
	if (!err)
		err = elf_check_segments(&image);
	if (!err)
		err = read_special_headers(&image, &interp, &exec_stack);
	if (!err && !total_mapping_size(&image))
		err = -EINVAL;
	if (!err)
		err = load_new_program(bprm, &image, &interp, exec_stack);
	kfree(interp.phdrs);
	kfree(image.phdrs);
	if (interp.file)
		exec_close(interp.file);
	return err;
}

struct linux_binfmt elf_format = {.load_binary = load_elf_binary};
