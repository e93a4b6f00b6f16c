// SPDX-License-Identifier: MIT
/*
 * fs/binfmt_elf_read.c - reading and checking the headers of ELF files.
 *
 * Headers of 32-bit files are turned into those of 64-bit ones, so that the loader knows one form. It
 * is the machine that tells the two apart, as on Linux, whatever the ident bytes say of it.
 * Nothing is changed here: what is wrong with a file is an error for who called exec.
 */
#include <pagoda/binfmts.h>
#include <pagoda/errno.h>
#include <pagoda/fs.h>
#include <pagoda/kernel.h>
#include <pagoda/sched.h>
#include <pagoda/slab.h>
#include <pagoda/string.h>
#include <asm/compat.h>
#include <asm/elf.h>
#include "internal.h"

unsigned long elf_task_size(const struct elf_image *image)
{
	return image->compat ? task_size_32bit() : TASK_SIZE_MAX;
}

static void hdr_from_32(struct elf64_hdr *to, const struct elf32_hdr *from)
{
	memcpy(to->e_ident, from->e_ident, EI_NIDENT);
	to->e_type = from->e_type;
	to->e_machine = from->e_machine;
	to->e_version = from->e_version;
	to->e_entry = from->e_entry;
	to->e_phoff = from->e_phoff;
	to->e_shoff = from->e_shoff;
	to->e_flags = from->e_flags;
	to->e_ehsize = from->e_ehsize;
	to->e_phentsize = from->e_phentsize;
	to->e_phnum = from->e_phnum;
}

static void phdr_from_32(struct elf64_phdr *to, const struct elf32_phdr *from)
{
	*to = (struct elf64_phdr){
		.p_type = from->p_type,
		.p_flags = from->p_flags,
		.p_offset = from->p_offset,
		.p_vaddr = from->p_vaddr,
		.p_paddr = from->p_paddr,
		.p_filesz = from->p_filesz,
		.p_memsz = from->p_memsz,
		.p_align = from->p_align,
	};
}

bool elf_read_header(struct elf_image *image, const void *buf)
{
	struct elf64_hdr *hdr = &image->hdr;

	memcpy(hdr, buf, sizeof(*hdr)); /* up to the machine both are the same */
	if (memcmp(hdr->e_ident, "\177ELF", 4) || (hdr->e_type != ET_EXEC && hdr->e_type != ET_DYN))
		return false;
	image->compat = hdr->e_machine == COMPAT_ELF_ARCH;
	if (image->compat)
		hdr_from_32(hdr, buf);
	return image->compat || hdr->e_machine == ELF_ARCH;
}

/* The headers of a 32-bit file lie in the last part of the array, and are widened in place. */
static int read_phdrs(struct elf_image *image, size_t entry)
{
	size_t num = image->hdr.e_phnum, size = num * entry;
	void *raw = (char *)image->phdrs + num * sizeof(struct elf64_phdr) - size;
	int err = kernel_read_exact(image->file, raw, size, image->hdr.e_phoff);

	if (err || !image->compat)
		return err;
	for (size_t i = 0; i < num; i++) {
		struct elf32_phdr ph;

		memcpy(&ph, (struct elf32_phdr *)raw + i, sizeof(ph));
		phdr_from_32(&image->phdrs[i], &ph);
	}
	return 0;
}

int elf_load_phdrs(struct elf_image *image)
{
	const struct elf64_hdr *hdr = &image->hdr;
	size_t entry = image->compat ? sizeof(struct elf32_phdr) : sizeof(struct elf64_phdr);
	size_t size = (size_t)hdr->e_phnum * entry;

	if (hdr->e_phentsize != entry || !size || size > 65536 || hdr->e_phoff > INT64_MAX - size)
		return -ENOEXEC;
	image->phdrs = kmalloc_array(hdr->e_phnum, sizeof(struct elf64_phdr), GFP_KERNEL);
	if (!image->phdrs)
		return -ENOMEM;
	return read_phdrs(image, entry);
}

int elf_check_segments(const struct elf_image *image)
{
	unsigned long size = elf_task_size(image);
	const struct elf64_phdr *ph;

	for_each_phdr(image, ph)
	{
		if (ph->p_type != PT_LOAD)
			continue;
		if (ph->p_vaddr >= size || ph->p_filesz > ph->p_memsz || ph->p_memsz > size ||
		    size - ph->p_memsz < ph->p_vaddr)
			return -EINVAL;
		if (ph->p_filesz && (ph->p_offset > INT64_MAX - ph->p_filesz ||
				     offset_in_page(ph->p_offset) != offset_in_page(ph->p_vaddr)))
			return -EINVAL;
	}
	return 0;
}
