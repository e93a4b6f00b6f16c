// SPDX-License-Identifier: MIT
/*
 * fs/proc/sysctl_kernel.c - /proc/sys/kernel: names, limits of tasks, the log, random numbers.
 */
#include "sysctl.h"
#include <pagoda/binfmts.h>
#include <pagoda/cred.h>
#include <pagoda/ipc.h>
#include <pagoda/printk.h>
#include <pagoda/random.h>
#include <pagoda/sched_task.h>
#include <pagoda/utsname.h>
#include <uapi/random.h>

/* ---- names ------------------------------------------------------------------------------- */

static int show_uts_name(struct seq_file *m, const struct sysctl *ctl)
{
	down_read(&uts_sem);
	seq_printf(m, "%s\n", (const char *)ctl->data);
	up_read(&uts_sem);
	return 0;
}

/* As sethostname(2) would; what is too long is cut. */
static int store_uts_name(const struct sysctl *ctl, char *text)
{
	char *name = ctl->data;

	text[strcspn(text, "\n")] = '\0';
	down_write(&uts_sem);
	memset(name, 0, __NEW_UTS_LEN + 1);
	strscpy(name, text, __NEW_UTS_LEN + 1);
	up_write(&uts_sem);
	return 0;
}

/* ---- numbers ----------------------------------------------------------------------------- */

static int show_number(struct seq_file *m, const struct sysctl *ctl)
{
	seq_printf(m, "%ld\n", ctl->max);
	return 0;
}

#define CTL_CONSTANT(NAME, VALUE)                                                                  \
	{                                                                                          \
		.name = NAME, .mode = 0444, .show = show_number, .max = (VALUE)                    \
	}

/* console level, level of messages without one, lowest console level, console level at boot */
static int show_printk(struct seq_file *m, const struct sysctl *ctl)
{
	seq_printf(m, "%d\t%d\t%d\t%d\n", console_loglevel, 4, 1, 7);
	return 0;
}

/* The first number counts; the others are fixed. */
static int store_printk(const struct sysctl *ctl, char *text)
{
	int level;

	text[strcspn(text, " \t\n")] = '\0';
	if (kstrtoint(text, 0, &level))
		return -EINVAL;
	console_loglevel = level;
	return 0;
}

/* ---- random ------------------------------------------------------------------------------ */

static void put_uuid(struct seq_file *m, u8 id[16])
{
	for (int i = 0; i < 16; i++)
		seq_printf(m, i == 4 || i == 6 || i == 8 || i == 10 ? "-%02x" : "%02x", id[i]);
	seq_putc(m, '\n');
}

/* RFC 4122, section 4.4. */
static void make_uuid(u8 id[16])
{
	get_random_bytes(id, 16);
	id[6] = (id[6] & 0x0f) | 0x40;
	id[8] = (id[8] & 0x3f) | 0x80;
}

static u8 boot_id[16];

static int show_boot_id(struct seq_file *m, const struct sysctl *ctl)
{
	put_uuid(m, boot_id);
	return 0;
}

static int show_uuid(struct seq_file *m, const struct sysctl *ctl)
{
	u8 id[16];

	make_uuid(id);
	put_uuid(m, id);
	return 0;
}

static const struct sysctl random_table[] = {
	CTL_SHOW("boot_id", 0444, show_boot_id),
	CTL_CONSTANT("entropy_avail", RANDOM_POOL_BITS),
	CTL_CONSTANT("poolsize", RANDOM_POOL_BITS),
	CTL_SHOW("uuid", 0444, show_uuid),
};

static const struct sysctl kernel_table[] = {
	CTL_CONSTANT("cap_last_cap", CAP_LAST_CAP),
	CTL_STRING("core_pattern", "core"),
	{
		.name = "domainname",
		.mode = 0644,
		.show = show_uts_name,
		.store = store_uts_name,
		.data = init_uts.domainname,
	},
	{
		.name = "hostname",
		.mode = 0644,
		.show = show_uts_name,
		.store = store_uts_name,
		.data = init_uts.nodename,
	},
	CTL_CONSTANT("ngroups_max", NGROUPS_MAX),
	CTL_STRING("osrelease", UTS_RELEASE),
	CTL_STRING("ostype", "Linux"),
	CTL_INT("pid_max", pid_max, RESERVED_PIDS + 1, PID_MAX),
	{.name = "printk", .mode = 0644, .show = show_printk, .store = store_printk},
	CTL_INT("randomize_va_space", randomize_va_space, 0, 2),
	CTL_ULONG("shmall", shm_ctlall),
	CTL_ULONG("shmmax", shm_ctlmax),
	CTL_INT("shmmni", shm_ctlmni, 0, IPCMNI),
	{.name = "tainted", .mode = 0444, .show = show_ulong, .data = &tainted_mask},
	CTL_INT("threads-max", max_threads, 20, PID_MAX - 1),
	CTL_STRING("version", UTS_VERSION),
};

void sysctl_kernel_init(struct proc_dir_entry *sys)
{
	struct proc_dir_entry *dir = proc_mkdir("kernel", sys);

	make_uuid(boot_id);
	proc_sys_register(dir, kernel_table, ARRAY_SIZE(kernel_table));
	proc_sys_register(proc_mkdir("random", dir), random_table, ARRAY_SIZE(random_table));
}
