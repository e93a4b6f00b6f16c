// SPDX-License-Identifier: MIT
/*
 * tests/programs/run.c - does what its argument says, for the tests of tools/pagoda-run.
 *
 * Without an argument (in the batch) it prints one line.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysinfo.h>
#include <unistd.h>

static int sum_file(const char *path)
{
	FILE *file = fopen(path, "rb");
	long count = 0, sum = 0;
	int c;

	if (!file)
		return 1;
	for (; (c = getc(file)) != EOF; count++)
		sum += c;
	printf("%ld bytes, sum %ld\n", count, sum);
	return fclose(file);
}

static int upper(void)
{
	int c;

	while ((c = getchar()) != EOF)
		putchar(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
	return 0;
}

static void say(int fd, const char *text)
{
	if (write(fd, text, strlen(text)) < 0)
		exit(1);
}

/* tools/guest/init.c exits at SIGUSR1, and no kernel survives that. */
static int panic(void)
{
	say(1, "panicking\n");
	sleep(1);
	kill(1, SIGUSR1);
	sleep(100);
	return 1;
}

static int act(const char *what, const char *argument)
{
	if (!strcmp(what, "abort"))
		abort();
	if (!strcmp(what, "segv"))
		*(volatile int *)8 = 1;
	if (!strcmp(what, "hang")) {
		say(1, "hanging\n");
		pause();
	}
	if (!strcmp(what, "panic"))
		return panic();
	if (!strcmp(what, "order")) {
		say(1, "out 1\n");
		say(2, "err 2\n");
		say(1, "out 3\n");
		return 0;
	}
	if (!strcmp(what, "sum") && argument)
		return sum_file(argument);
	if (!strcmp(what, "upper"))
		return upper();
	if (!strcmp(what, "machine")) {
		struct sysinfo info;

		sysinfo(&info);
		printf("%ld processors, %lu MiB\n", sysconf(_SC_NPROCESSORS_ONLN),
		       info.totalram * info.mem_unit >> 20);
		return 0;
	}
	printf("tab\there\nreturn\r\nno newline at the end");
	return atoi(what);
}

int main(int argc, char **argv)
{
	if (argc > 1)
		return act(argv[1], argc > 2 ? argv[2] : NULL);
	puts("ready");
	return 0;
}
