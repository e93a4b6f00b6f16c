// SPDX-License-Identifier: MIT
/*
 * tests/kernel/test_special.c - areas of device memory, and offsets that no program can ask for
 * (docs/contract/mmap.md, GEN-7, RMP-16, RMP-19, MLK-14).
 */
#include <pagoda/err.h>
#include <pagoda/shmem.h>
#include <pagoda/fs.h>
#include <uapi/resource.h>
#include <syscalls.h>
#include "mm_harness.h"

#define PLACE 0x10000000UL
#define PAGES 4

/* Each page shows the zero page, as if it were a device's memory. */
static vm_fault_t device_fault(struct vm_fault *vmf)
{
	return vmf_insert_pfn(vmf, zero_pfn);
}

static const struct vm_operations_struct device_vm_ops = {.fault = device_fault};

static int device_mmap(struct file *file, struct vm_area_struct *vma)
{
	vma->vm_flags |= VM_IO | VM_PFNMAP | VM_DONTEXPAND | VM_DONTDUMP;
	vma->vm_ops = &device_vm_ops;
	return 0;
}

static const struct file_operations device_fops = {.mmap = device_mmap};

/* A file whose memory is @device_fops', or shmem's. */
static struct file *make_file(const struct file_operations *fops)
{
	struct file *file = shmem_file_setup("test", PAGES << PAGE_SHIFT, 0);

	if (!IS_ERR(file) && fops)
		file->f_op = fops;
	return file;
}

static unsigned long map_file(struct file *file, unsigned long addr, unsigned long pages)
{
	return vm_mmap_pgoff(file, addr, pages << PAGE_SHIFT, PROT_READ, MAP_SHARED | MAP_FIXED, 0);
}

/* GEN-7, MLK-14, RMP-16: device memory is never merged, locked or grown. */
KTEST(special_areas_are_left_alone)
{
	struct file *file = make_file(&device_fops);
	struct vm_area_struct *vma;
	struct test_mm t;

	KTEST_ASSERT(!IS_ERR(file));
	KTEST_ASSERT(test_mm_start(&t));
	KTEST_EXPECT_EQ(map_file(file, PLACE, PAGES), PLACE);
	vma = vma_lookup(t.mm, PLACE);
	KTEST_ASSERT(vma);
	KTEST_EXPECT(vma->vm_flags & VM_SPECIAL);
	KTEST_EXPECT(!(handle_mm_fault(vma, PLACE, 0) & (VM_FAULT_ERROR | VM_FAULT_RETRY)));
	KTEST_EXPECT(pte_special(pt_peek(t.mm, PLACE)));
	KTEST_EXPECT_EQ(get_mm_rss(t.mm), 0);
	KTEST_EXPECT_EQ(peek(t.mm, PLACE), ~0UL); /* nor is it reached from outside */

	KTEST_EXPECT_EQ(sys_mlock(PLACE, PAGES << PAGE_SHIFT), 0);
	KTEST_EXPECT(!(vma_lookup(t.mm, PLACE)->vm_flags & VM_LOCKED));
	KTEST_EXPECT_EQ(t.mm->locked_vm, 0);
	KTEST_EXPECT_EQ(sys_mremap(PLACE, PAGES << PAGE_SHIFT, (PAGES + 1) << PAGE_SHIFT, 0, 0),
			-EFAULT);
	KTEST_EXPECT_EQ(sys_mremap(PLACE, PAGES << PAGE_SHIFT, (PAGES + 1) << PAGE_SHIFT,
				   MREMAP_MAYMOVE, 0),
			-EFAULT);

	KTEST_EXPECT_EQ(sys_mprotect(PLACE + PAGE_SIZE, PAGE_SIZE, PROT_NONE), 0);
	KTEST_EXPECT_EQ(sys_mprotect(PLACE + PAGE_SIZE, PAGE_SIZE, PROT_READ), 0);
	KTEST_EXPECT_EQ(t.mm->map_count, 3);
	test_mm_end(&t);
	fput(file);
}

/* MLK-14: with everything locked in advance a device's memory is not. */
KTEST(special_areas_are_not_locked_in_advance)
{
	struct file *file = make_file(&device_fops);
	struct test_mm t;

	KTEST_ASSERT(!IS_ERR(file));
	KTEST_ASSERT(test_mm_start(&t));
	KTEST_EXPECT_EQ(sys_mlockall(MCL_FUTURE), 0);
	KTEST_EXPECT_EQ(map_file(file, PLACE, PAGES), PLACE);
	KTEST_EXPECT(!(vma_lookup(t.mm, PLACE)->vm_flags & VM_LOCKED));
	KTEST_EXPECT_EQ(t.mm->locked_vm, 0);
	test_mm_end(&t);
	fput(file);
}

/* RMP-19: pages beyond the last offset that there is. */
KTEST(mremap_beyond_the_last_offset)
{
	struct file *file = make_file(NULL);
	struct vm_area_struct *vma;
	struct test_mm t;

	KTEST_ASSERT(!IS_ERR(file));
	KTEST_ASSERT(test_mm_start(&t));
	KTEST_EXPECT_EQ(map_file(file, PLACE, 2), PLACE);
	vma = vma_lookup(t.mm, PLACE);
	KTEST_ASSERT(vma);
	vma->vm_pgoff = -3UL; /* and -2: one page more would be the last */
	KTEST_EXPECT_EQ(sys_mremap(PLACE, 2 * PAGE_SIZE, 4 * PAGE_SIZE, 0, 0), -EINVAL);
	KTEST_EXPECT_EQ(sys_mremap(PLACE, 2 * PAGE_SIZE, 4 * PAGE_SIZE, MREMAP_MAYMOVE, 0),
			-EINVAL);
	vma->vm_pgoff = 0;
	KTEST_EXPECT_EQ(sys_mremap(PLACE, 2 * PAGE_SIZE, 4 * PAGE_SIZE, 0, 0), PLACE);
	test_mm_end(&t);
	fput(file);
}
