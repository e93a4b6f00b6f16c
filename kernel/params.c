// SPDX-License-Identifier: MIT
/*
 * kernel/params.c - the kernel command line.
 *
 * Each word is for the kernel if its name stands in kernel_params[]; else it is for init, as in
 * Linux: NAME=value goes into its environment (names with a dot belong to modules and are
 * dropped), other words and all words behind "--" become its arguments.
 */
#include <pagoda/params.h>
#include <pagoda/bootinfo.h>
#include <pagoda/cmdline.h>
#include <pagoda/kernel.h>
#include <pagoda/printk.h>
#include <pagoda/string.h>

#define MAX_INIT_ARGS 32
#define MAX_INIT_ENVS 32

static struct {
	const char *name;
	const char *value; /* NULL: not given */
	const char *help;
} kernel_params[] = {
	{"console", NULL, "where init's output goes: ttyS0"},
	{"init", NULL, "program to run as pid 1"},
	{"rdinit", NULL, "the same, tried before init=; default /init"},
	{"ktest", NULL, "run the tests built into the kernel (a pattern picks) and power off"},
	{"loglevel", NULL, "messages below this level go to the console"},
	{"maxcpus", NULL, "CPUs to start"},
	{"mem", NULL, "RAM to use, with suffix K, M or G"},
	{"nopku", NULL, "no protection keys"},
	{"norandmaps", NULL, "no randomised addresses"},
	{"oops", NULL, "accepted; every oops is a panic here"},
	{"panic", NULL, "after a panic: seconds until reboot, 0 halts, below 0 reboots at once"},
	{"quiet", NULL, "only warnings and worse on the console"},
	{"ro", NULL, "accepted; there is no disk"},
	{"root", NULL, "accepted; there is no disk"},
	{"rw", NULL, "accepted; there is no disk"},
	{"slub_debug", NULL, "check every slab object"},
	{"stack_guard_gap", NULL, "pages that stay free below a growing area; default 256"},
	{"strace", NULL, "print system calls; =PID or =NAME picks"},
};

const char *argv_init[MAX_INIT_ARGS + 2] = {"init"};
const char *envp_init[MAX_INIT_ENVS + 3] = {"HOME=/", "TERM=linux"};

static char words[BOOT_CMDLINE_SIZE];

static int find_param(const char *name)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(kernel_params); i++) {
		if (!strcmp(kernel_params[i].name, name))
			return (int)i;
	}
	return -1;
}

const char *cmdline_option(const char *name)
{
	int i = find_param(name);

	return i < 0 ? NULL : kernel_params[i].value;
}

bool cmdline_flag(const char *name)
{
	return cmdline_option(name) != NULL;
}

long cmdline_option_long(const char *name, long fallback)
{
	const char *s = cmdline_option(name);
	long value;

	if (!s || kstrtol(s, 0, &value))
		return fallback;
	return value;
}

static void add_init_arg(const char *word)
{
	int i = 1;

	while (argv_init[i])
		i++;
	if (i <= MAX_INIT_ARGS)
		argv_init[i] = word;
}

/* A later setting of a variable replaces an earlier one. */
static void add_init_env(const char *pair)
{
	size_t name_len = strchr(pair, '=') - pair + 1;
	int i = 0;

	while (envp_init[i] && strncmp(envp_init[i], pair, name_len))
		i++;
	if (i < MAX_INIT_ENVS + 2)
		envp_init[i] = pair;
}

static void take_word(char *name, char *value, bool for_init)
{
	int i = for_init ? -1 : find_param(name);

	if (i >= 0) {
		kernel_params[i].value = value ? value : "";
		return;
	}
	if (!for_init && strchr(name, '.'))
		return;
	if (!value) {
		add_init_arg(name);
		return;
	}
	/* next_arg() cut the pair at the equals sign: the value follows it, perhaps after a quote.
	 */
	memmove(name + strlen(name) + 1, value, strlen(value) + 1);
	name[strlen(name)] = '=';
	if (for_init)
		add_init_arg(name);
	else
		add_init_env(name);
}

void parse_cmdline(void)
{
	bool for_init = false;
	char *rest = words, *name, *value;

	strscpy(words, boot_info.cmdline, sizeof(words));
	while (*rest == ' ')
		rest++;
	while (*rest) {
		rest = next_arg(rest, &name, &value);
		if (!value && !strcmp(name, "--"))
			for_init = true;
		else if (*name)
			take_word(name, value, for_init);
	}
	if (cmdline_flag("quiet"))
		console_loglevel = 4;
	console_loglevel = (int)cmdline_option_long("loglevel", console_loglevel);
}
