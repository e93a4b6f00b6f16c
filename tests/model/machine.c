// SPDX-License-Identifier: MIT
/*
 * tests/model/machine.c - simulated processes, and what each operation of a program does to mm/.
 */
#include <pagoda/err.h>
#include <pagoda/fdtable.h>
#include <pagoda/fs.h>
#include <pagoda/gfp.h>
#include <pagoda/kernel.h>
#include <pagoda/mman.h>
#include <pagoda/mount.h>
#include <pagoda/pagemap.h>
#include <pagoda/shmem.h>
#include <pagoda/signal.h>
#include <uapi/fcntl.h>
#include <asm/mmu_context.h>
#include <syscalls.h>
#include "../../mm/internal.h"
#include "../../mm/vm_internal.h"
#include "process.h"

/* libc. */
int printf(const char *fmt, ...);
int vprintf(const char *fmt, va_list args);
int fflush(void *stream);
__noreturn void abort(void);
__noreturn void model_absent(const char *name);

#define SCRATCH	   0x100000UL /* a page outside the window, for results */
#define WINDOW_END (WINDOW_BASE + WINDOW_SIZE)
#define TRANSFER   (64 * PAGE)

struct process processes[NR_PROCS];
static struct sighand_struct sighand;
static unsigned long around[2]; /* pages outside the window: all, data */
static struct file *files[NR_FILES];

void machine_panic(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vprintf(fmt, args);
	va_end(args);
	printf("\n");
	fflush(NULL);
	abort();
}

void model_absent(const char *name)
{
	machine_panic("%s() was called, which the model does not have", name);
}

/* ---- Processes ------------------------------------------------------------------------------- */

static void load(struct process *p)
{
	current_task = &p->task;
	cpu_tlbstate.loaded_mm = p->task.mm;
}

static void init_process(struct process *p, int number, const struct process *parent)
{
	memset(p, 0, sizeof(*p));
	if (parent)
		p->signal = parent->signal;
	p->task = init_task;
	p->task.flags = 0;
	p->task.pid = p->task.tgid = number + 2;
	p->task.signal = &p->signal;
	p->task.sighand = &sighand;
	p->task.group_leader = &p->task;
}

static void fill(unsigned long start, unsigned long end)
{
	unsigned long got = vm_mmap(NULL, start, end - start, PROT_NONE,
				    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, 0);

	/* Its flags keep it from merging with what a program maps beside it. */
	if (got != start || sys_madvise(start, end - start, MADV_DONTDUMP))
		machine_panic("cannot fill %#lx to %#lx", start, end);
}

/* Everything but the window is taken; the heap begins where the window does. */
static void make_window(struct mm_struct *mm)
{
	char byte = 0;
	unsigned long done;

	mm->task_size = TASK_SIZE;
	mm->mmap_base = TASK_SIZE - (128UL << 20);
	mm->mmap_legacy_base = PAGE_ALIGN(TASK_SIZE / 3);
	mm->start_brk = mm->brk = WINDOW_BASE;
	fill(mmap_min_addr, SCRATCH);
	if (vm_mmap(NULL, SCRATCH, PAGE_SIZE, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, 0) != SCRATCH ||
	    mmu_access(SCRATCH, &byte, 1, true, &done))
		machine_panic("no scratch page");
	fill(SCRATCH + PAGE_SIZE, WINDOW_BASE);
	fill(WINDOW_END, TASK_SIZE);
}

/* The last one is the first again, opened for reading only. */
static struct file *open_file(int number)
{
	struct inode *inode;

	if (number < NR_FILES - 1)
		return shmem_file_setup("file", 0, VM_NORESERVE);
	inode = file_inode(files[0]);
	ihold(inode);
	return alloc_file_pseudo(inode, shm_mnt, "file", O_RDONLY, &shmem_file_operations);
}

static void open_files(void)
{
	for (int i = 0; i < NR_FILES; i++) {
		files[i] = open_file(i);
		if (IS_ERR(files[i]) || get_unused_fd_flags(0) != i)
			machine_panic("no files");
		files[i]->f_mode |= FMODE_LSEEK | FMODE_PREAD | FMODE_PWRITE;
		fd_install(i, files[i]);
	}
}

void machine_start(void)
{
	init_process(&processes[0], 0, NULL);
	for (int i = 0; i < RLIM_NLIMITS; i++)
		processes[0].signal.rlim[i] = (struct rlimit){RLIM_INFINITY, RLIM_INFINITY};
	processes[0].signal.rlim[RLIMIT_STACK].rlim_cur = 8 << 20;
	processes[0].task.mm = mm_alloc();
	if (!processes[0].task.mm)
		machine_panic("no memory for the first process");
	processes[0].alive = true;
	load(&processes[0]);
	make_window(current->mm);
	around[0] = current->mm->total_vm;
	around[1] = current->mm->data_vm;
	open_files();
}

static long do_fork(int number)
{
	struct process *p;
	LIST_HEAD(uf); /* nothing is registered here */
	int err;

	if (number >= NR_PROCS || processes[number].alive)
		return -EAGAIN;
	p = &processes[number];
	init_process(p, number, current_process());
	err = copy_mm(0, &p->task, &uf);
	p->alive = !err;
	return err;
}

static void end_process(struct process *p)
{
	struct mm_struct *mm = p->task.mm;

	load(p);
	exit_mm_release_mm(current);
	cpu_tlbstate.loaded_mm = &init_mm;
	mmdrop(mm);
	p->alive = false;
	current_task = &init_task;
}

static long do_exit(void)
{
	struct process *p = current_process();

	if (p == &processes[0])
		return -EPERM;
	end_process(p);
	load(&processes[0]);
	return 0;
}

void machine_end(void)
{
	for (int i = NR_PROCS - 1; i >= 0; i--) {
		if (processes[i].alive)
			end_process(&processes[i]);
	}
	for (int i = 0; i < NR_FILES; i++)
		close_fd(i);
}

int machine_current(void)
{
	return current_process() - processes;
}

bool machine_alive(int proc)
{
	return processes[proc].alive;
}

static long do_switch(int number)
{
	if (number >= NR_PROCS || !processes[number].alive)
		return -ESRCH;
	load(&processes[number]);
	return 0;
}

/* ---- Memory and files ------------------------------------------------------------------------ */

/* The bytes that were read, folded into one number; or the signal. */
static long do_read(unsigned long addr, unsigned long len)
{
	unsigned char buf[64];
	unsigned long done, sum = 0;
	int signal = mmu_access(addr, buf, min(len, sizeof(buf)), false, &done);

	for (unsigned long i = 0; i < done; i++)
		sum = (sum * 31 + buf[i]) & 0xffffff;
	return signal ? signal : sum;
}

static long do_write(unsigned long addr, unsigned long len, unsigned long value)
{
	unsigned char buf[64];
	unsigned long done;

	for (unsigned int i = 0; i < sizeof(buf); i++)
		buf[i] = value + i;
	return mmu_access(addr, buf, min(len, sizeof(buf)), true, &done);
}

/* The residency of up to 60 pages, a bit each. */
static long do_mincore(unsigned long addr, unsigned long len)
{
	unsigned char vec[60] = {};
	unsigned long done;
	long ret, bits = 0;

	len = min(len, sizeof(vec) * PAGE_SIZE);
	ret = sys_mincore(addr, len, (void *)SCRATCH);
	if (ret)
		return ret;
	mmu_access(SCRATCH, vec, DIV_ROUND_UP(len, PAGE_SIZE), false, &done);
	for (unsigned int i = 0; i < sizeof(vec); i++)
		bits |= (vec[i] & 1L) << i;
	return bits;
}

static long relative(long ret)
{
	return IS_ERR_VALUE(ret) ? ret : ret - (long)WINDOW_BASE;
}

static unsigned long file_number(unsigned long file)
{
	return file < NR_FILES ? file : ~0UL;
}

static long step_memory(const struct op *op)
{
	const unsigned long *a = op->arg;
	unsigned long addr = window_address(a[0]);

	switch (op->code) {
	case OP_MMAP:
		return relative(
			sys_mmap(a[3] & (MAP_FIXED | MAP_FIXED_NOREPLACE) || a[0] ? addr : 0, a[1],
				 a[2], a[3], file_number(a[4]), a[5]));
	case OP_MUNMAP:
		return sys_munmap(addr, a[1]);
	case OP_MPROTECT:
		return sys_mprotect(addr, a[1], a[2]);
	case OP_MREMAP:
		return relative(sys_mremap(addr, a[1], a[2], a[3], window_address(a[4])));
	case OP_MADVISE:
		return sys_madvise(addr, a[1], a[2]);
	case OP_BRK:
		return relative(sys_brk(addr));
	case OP_MLOCK:
		return sys_mlock2(addr, a[1], a[2]);
	case OP_MUNLOCK:
		return sys_munlock(addr, a[1]);
	case OP_MLOCKALL:
		return sys_mlockall(a[0]);
	case OP_MUNLOCKALL:
		return sys_munlockall();
	case OP_MSYNC:
		return sys_msync(addr, a[1], a[2]);
	case OP_MINCORE:
		return do_mincore(addr, a[1]);
	case OP_READ:
		return do_read(addr, a[1]);
	case OP_WRITE:
		return do_write(addr, a[1], a[2]);
	default:
		return -ENOSYS;
	}
}

static long do_step(const struct op *op)
{
	const unsigned long *a = op->arg;

	switch (op->code) {
	case OP_PREAD:
		return sys_pread64(file_number(a[0]), (void *)window_address(a[2]),
				   min(a[3], TRANSFER), a[1]);
	case OP_PWRITE:
		return sys_pwrite64(file_number(a[0]), (void *)window_address(a[2]),
				    min(a[3], TRANSFER), a[1]);
	case OP_TRUNCATE:
		return sys_ftruncate(file_number(a[0]), a[1]);
	case OP_FALLOCATE:
		return sys_fallocate(file_number(a[0]), a[1], a[2], a[3]);
	case OP_FORK:
		return do_fork(a[0]);
	case OP_SWITCH:
		return do_switch(a[0]);
	case OP_EXIT:
		return do_exit();
	case OP_LIMIT:
		current->signal->rlim[a[0] ? RLIMIT_DATA : RLIMIT_AS].rlim_cur =
			(around[!!a[0]] + a[1]) << PAGE_SHIFT;
		return 0;
	case OP_RECLAIM:
		try_to_free_pages(a[0]);
		return 0;
	default:
		return step_memory(op);
	}
}

static bool failed;

bool machine_failed(void)
{
	return failed;
}

long machine_step(const struct op *op)
{
	struct task_struct *task = current;
	static int fail;
	long ret;

	failed = false;
	if (op->code == OP_FAIL) {
		fail = op->arg[0];
		return 0;
	}
	fail_alloc_set(fail);
	ret = do_step(op);
	failed = fail && fail_alloc_left(task) == 0;
	fail_alloc_set(0);
	fail = 0;
	if (task->nr_held_locks || spinlocks_held())
		machine_panic("locks are held after the call");
	return ret;
}

/* ---- Looking ---------------------------------------------------------------------------------- */

int machine_verify(int proc)
{
	return mm_verify(processes[proc].task.mm);
}

void machine_page(int proc, unsigned int page, struct machine_page *p)
{
	struct mm_struct *mm = processes[proc].task.mm;
	unsigned long addr = WINDOW_BASE + page * PAGE_SIZE;
	struct vm_area_struct *vma = vma_tree_find(mm, addr);
	pte_t *ptep = mmu_find_pte(mm, addr);

	*p = (struct machine_page){};
	if (ptep && pte_present(*ptep)) {
		p->present = true;
		p->read = pte_accessible(*ptep);
		p->write = pte_write(*ptep);
		p->exec = pte_accessible(*ptep) && pte_exec(*ptep);
		p->data = page_address(pte_page(*ptep));
	}
	if (!vma || vma->vm_start > addr)
		return;
	p->mapped = true;
	p->prot = vma->vm_flags & (VM_READ | VM_WRITE | VM_EXEC);
	p->shared = vma->vm_flags & VM_MAYSHARE;
	p->locked = vma->vm_flags & VM_LOCKED;
	p->vma_end = vma->vm_end - WINDOW_BASE;
}

unsigned long machine_file_size(int fd)
{
	return i_size_read(file_inode(files[fd]));
}

const unsigned char *machine_file_page(int fd, unsigned long index)
{
	struct page *page = find_get_page(files[fd]->f_mapping, index);

	if (!page)
		return NULL;
	put_page(page);
	return page_address(page);
}
