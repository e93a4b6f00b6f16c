// SPDX-License-Identifier: MIT
/*
 * boot/multiboot2.c - boot information in the multiboot2 form (GRUB, BIOS and UEFI).
 *
 * A list of tags, each 8-byte aligned, behind a header of total size (specification 2.0,
 * section 3.4). The RSDP tags carry a copy of the structure, which is copied once more, as the
 * list lies in memory that will be reused.
 */
#include <pagoda/bootinfo.h>
#include <pagoda/compiler.h>
#include <asm/page.h>

enum {
	MB2_TAG_END = 0,
	MB2_TAG_CMDLINE = 1,
	MB2_TAG_MODULE = 3,
	MB2_TAG_MMAP = 6,
	MB2_TAG_EFI64 = 12,
	MB2_TAG_ACPI_OLD = 14,
	MB2_TAG_ACPI_NEW = 15,
};

struct mb2_info {
	u32 total_size;
	u32 reserved;
};

struct mb2_tag {
	u32 type;
	u32 size; /* with this header, without padding */
};

struct mb2_module {
	struct mb2_tag tag;
	u32 start;
	u32 end;
	char string[];
};

struct mb2_mmap_entry {
	u64 addr;
	u64 size;
	u32 type; /* the numbers of the BIOS's e820 map */
	u32 reserved;
};

struct mb2_mmap {
	struct mb2_tag tag;
	u32 entry_size;
	u32 entry_version;
	char entries[];
};

/* Room for an ACPI 2 root pointer (36 bytes). */
static u8 rsdp_copy[40] __aligned(16);

static void __init take_mmap(const struct mb2_mmap *mmap)
{
	const char *end = (const char *)mmap + mmap->tag.size;

	for (const char *p = mmap->entries; p < end; p += mmap->entry_size) {
		const struct mb2_mmap_entry *e = (const void *)p;

		boot_add_mem(e->addr, e->size, e->type);
	}
}

static void __init take_rsdp(const struct mb2_tag *tag)
{
	const u8 *from = (const u8 *)(tag + 1);

	for (size_t i = 0; i < tag->size - sizeof(*tag) && i < sizeof(rsdp_copy); i++)
		rsdp_copy[i] = from[i];
	boot_info.rsdp = __pa_symbol(rsdp_copy);
}

static void __init take_tag(const struct mb2_tag *tag)
{
	const struct mb2_module *mod = (const void *)tag;

	switch (tag->type) {
	case MB2_TAG_CMDLINE:
		boot_set_cmdline((const char *)(tag + 1), tag->size - sizeof(*tag));
		break;
	case MB2_TAG_MODULE:
		boot_add_module(mod->start, mod->end - mod->start);
		break;
	case MB2_TAG_MMAP:
		take_mmap((const void *)tag);
		break;
	case MB2_TAG_EFI64:
		boot_info.efi = true;
		break;
	case MB2_TAG_ACPI_OLD:
		/* The newer pointer wins, whatever the order. */
		if (!boot_info.rsdp)
			take_rsdp(tag);
		break;
	case MB2_TAG_ACPI_NEW:
		take_rsdp(tag);
		break;
	}
}

void __init multiboot2_collect(phys_addr_t phys)
{
	const struct mb2_info *info = __va(phys);
	const char *p = (const char *)(info + 1);
	const char *end = (const char *)info + info->total_size;

	boot_info.loader = "multiboot2";
	while (p + sizeof(struct mb2_tag) <= end) {
		const struct mb2_tag *tag = (const void *)p;

		if (tag->type == MB2_TAG_END)
			break;
		take_tag(tag);
		p += ALIGN(tag->size, 8);
	}
}
