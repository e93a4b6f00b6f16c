// SPDX-License-Identifier: MIT
/*
 * arch/x86_64/vdso.c - maps the vDSO and its data into programs; see asm/vdso.h.
 *
 * The object is the page cache of a file without a name, so that a debugger's breakpoint gets a
 * private copy of a page. The data is the kernel's own page, mapped like a device's memory.
 * Neither area can be split or grow: what is there is a whole (PROT-18, RMP-16).
 */
#include <pagoda/err.h>
#include <pagoda/errno.h>
#include <pagoda/fs.h>
#include <pagoda/mm.h>
#include <pagoda/panic.h>
#include <pagoda/random.h>
#include <pagoda/sched.h>
#include <pagoda/shmem.h>
#include <asm/cpufeature.h>
#include <asm/pgtable_types.h>
#include <asm/thread_info.h>
#include <asm/vdso.h>

/* vdso-image.S */
extern const char vdso_image_start[], vdso_image_end[];

static union {
	struct vdso_data data;
	char page[PAGE_SIZE];
} vvar __aligned(PAGE_SIZE);

static struct file *vdso_file;

void vdso_set_tsc(u64 base, u64 mult)
{
	vvar.data.tsc_base = base;
	vvar.data.tsc_mult = mult;
	vvar.data.tsc_aux_is_cpu = boot_cpu_has(X86_FEATURE_RDTSCP);
}

void vdso_set_realtime(s64 offset)
{
	WRITE_ONCE(vvar.data.realtime, offset);
}

static size_t vdso_size(void)
{
	return PAGE_ALIGN(vdso_image_end - vdso_image_start);
}

void __init vdso_init(void)
{
	ssize_t len = vdso_image_end - vdso_image_start;
	loff_t pos = 0;

	vdso_file = shmem_file_setup("vdso", (loff_t)vdso_size(), VM_NORESERVE);
	if (IS_ERR(vdso_file) || kernel_write(vdso_file, vdso_image_start, len, &pos) != len)
		panic("no memory for the vDSO");
}

/* ---- the areas ------------------------------------------------------------------------------- */

static const char *vdso_name(struct vm_area_struct *vma)
{
	return "[vdso]";
}

static const char *vvar_name(struct vm_area_struct *vma)
{
	return "[vvar]";
}

static int no_split(struct vm_area_struct *vma, unsigned long addr)
{
	return -EINVAL;
}

static vm_fault_t vdso_fault(struct vm_fault *vmf)
{
	int err = shmem_getpage(file_inode(vdso_file), vmf->pgoff, &vmf->page, SGP_CACHE);

	if (err)
		return err == -ENOMEM ? VM_FAULT_OOM : VM_FAULT_SIGBUS;
	return VM_FAULT_LOCKED;
}

static vm_fault_t vvar_fault(struct vm_fault *vmf)
{
	if (vmf->pgoff)
		return VM_FAULT_SIGBUS;
	return vmf_insert_pfn(vmf, __pa_symbol(&vvar) >> PAGE_SHIFT);
}

static const struct vm_operations_struct vdso_vm_ops = {
	.fault = vdso_fault,
	.may_split = no_split,
	.name = vdso_name,
};

static const struct vm_operations_struct vvar_vm_ops = {
	.fault = vvar_fault,
	.may_split = no_split,
	.name = vvar_name,
};

/* A random place above the stack, in the piece of memory that one page table maps. */
static unsigned long vdso_addr(unsigned long start, unsigned long len)
{
	unsigned long end = (start + len + PMD_SIZE - 1) & PMD_MASK;

	start = PAGE_ALIGN(start);
	end = min(end, TASK_SIZE_MAX) - len;
	if (end <= start || !(current->flags & PF_RANDOMIZE))
		return start;
	return start + (get_random_u32() % ((end - start) / PAGE_SIZE + 1)) * PAGE_SIZE;
}

int arch_setup_additional_pages(void)
{
	unsigned long len = PAGE_SIZE + vdso_size(), addr;
	struct mm_struct *mm = current->mm;
	int err;

	if (test_thread_flag(TIF_ADDR32)) /* the object is for 64-bit code */
		return 0;
	if (mmap_write_lock_killable(mm))
		return -EINTR;
	addr = get_unmapped_area(NULL, vdso_addr(mm->start_stack, len), len, 0, 0);
	err = (int)addr;
	if (IS_ERR_VALUE(addr))
		goto unlock;
	err = install_special_mapping(mm, addr, PAGE_SIZE,
				      VM_READ | VM_MAYREAD | VM_IO | VM_DONTDUMP | VM_PFNMAP,
				      &vvar_vm_ops);
	if (!err)
		err = install_special_mapping(
			mm, addr + PAGE_SIZE, vdso_size(),
			VM_READ | VM_EXEC | VM_MAYREAD | VM_MAYWRITE | VM_MAYEXEC, &vdso_vm_ops);
	if (!err)
		mm->vdso = addr + PAGE_SIZE;
unlock:
	mmap_write_unlock(mm);
	return err;
}
