// SPDX-License-Identifier: MIT
/*
 * kernel/main.c - from the first line of C to the first program.
 *
 * The only file that knows every subsystem. start_kernel() brings them up bottom to top on the
 * boot CPU, each by name and in the order of the layers; then it becomes the idle task. The first
 * thread, kernel_init(), starts the other CPUs, unpacks the initramfs and turns into init.
 */
#include <pagoda/binfmts.h>
#include <pagoda/bootinfo.h>
#include <pagoda/cred.h>
#include <pagoda/devtmpfs.h>
#include <pagoda/fs.h>
#include <pagoda/futex.h>
#include <pagoda/hrtimer.h>
#include <pagoda/init.h>
#include <pagoda/interrupt.h>
#include <pagoda/ipc.h>
#include <pagoda/kthread.h>
#include <pagoda/memblock.h>
#include <pagoda/mm.h>
#include <pagoda/pagemap.h>
#include <pagoda/params.h>
#include <pagoda/pid.h>
#include <pagoda/printk.h>
#include <pagoda/random.h>
#include <pagoda/sched.h>
#include <pagoda/sched_task.h>
#include <pagoda/shmem.h>
#include <pagoda/signal.h>
#include <pagoda/slab.h>
#include <pagoda/smp.h>
#include <pagoda/tty.h>
#include <pagoda/serial.h>
#include <pagoda/utsname.h>
#include <pagoda/vmalloc.h>
#include <uapi/fcntl.h>
#include <uapi/sched.h>
#include <asm/apic.h>
#include <asm/pgtable.h>
#include <asm/processor.h>
#include <asm/vdso.h>
#include <asm/tlbflush.h>
#include <asm/tsc.h>

static DECLARE_COMPLETION_ONSTACK(kthreadd_ready);

static int try_to_run_init(const char *path)
{
	argv_init[0] = path;
	return kernel_execve(path, argv_init, envp_init);
}

/* Descriptors 0, 1 and 2 of init: the console. */
static void open_console(void)
{
	struct file *file = filp_open("/dev/console", O_RDWR, 0);
	int i;

	if (IS_ERR(file)) {
		pr_warn("cannot open /dev/console: %ld\n", PTR_ERR(file));
		return;
	}
	for (i = 0; i < 3; i++) {
		int fd = get_unused_fd_flags(0);

		if (fd >= 0)
			fd_install(fd, get_file(file));
	}
	fput(file);
}

/* Become init. On success the caller returns into the program. */
static int run_init(void)
{
	static const char *const candidates[] = {"/sbin/init", "/etc/init", "/bin/init", "/bin/sh"};
	const char *wanted = cmdline_option("rdinit");
	unsigned int i;
	int err;

	err = try_to_run_init(wanted ? wanted : "/init");
	if (!err)
		return 0;
	if (wanted)
		pr_err("cannot run rdinit=%s: error %d\n", wanted, err);
	wanted = cmdline_option("init");
	if (wanted) {
		err = try_to_run_init(wanted);
		if (!err)
			return 0;
		panic("Requested init %s failed (error %d).", wanted, err);
	}
	for (i = 0; i < ARRAY_SIZE(candidates); i++) {
		err = try_to_run_init(candidates[i]);
		if (!err)
			return 0;
	}
	panic("No working init found. Pass init= to the kernel (last error %d).", err);
}

/* pid 1 */
static int kernel_init(void *unused)
{
	wait_for_completion(&kthreadd_ready);
	smp_init();
	driver_init();
	ipc_init();
	vdso_init();
	populate_rootfs();
	devtmpfs_populate_rootfs();
	open_console();
	free_initmem();
	if (cmdline_flag("ktest") && run_kernel_tests)
		run_kernel_tests(cmdline_option("ktest"));
	return run_init();
}

/* The boot CPU makes pid 1 and pid 2, then idles for ever. */
static void __noreturn rest_init(void)
{
	user_mode_thread(kernel_init, NULL, CLONE_FS);
	kernel_thread(kthreadd, NULL, CLONE_FS | CLONE_FILES);
	complete(&kthreadd_ready);
	cpu_startup_entry();
}

static void mm_init(void)
{
	mem_init();
	kmem_cache_init();
	thread_stack_init();
	initialize_tlbstate();
	cpu_init_late();
	pagecache_init();
	mm_core_init();
}

/* Called by the boot code with interrupts off, on the stack of init_task, paging on. */
void __noreturn start_kernel(void)
{
	smp_prepare_boot_cpu();
	serial_console_init();
	parse_cmdline(); /* quiet holds for the first line already */
	pr_notice("%s", linux_banner);
	setup_arch();
	pr_notice("Command line: %s\n", boot_info.cmdline);

	setup_per_cpu_areas();
	mm_init();

	sched_init();
	hrtimers_init();
	init_IRQ();
	tsc_init();
	timekeeping_init();
	setup_APIC_timer();
	random_init();
	local_irq_enable();

	pid_init();
	cred_init();
	fork_init();
	stack_guard_gap = cmdline_option_long("stack_guard_gap", 256) << PAGE_SHIFT;
	if (cmdline_flag("norandmaps"))
		randomize_va_space = 0;
	if (cmdline_option("strace"))
		strace_setup(cmdline_option("strace"));
	signals_init();
	futex_init();
	vfs_caches_init();
	rest_init();
}
