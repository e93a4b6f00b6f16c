// SPDX-License-Identifier: MIT
/*
 * tests/model/main.c - the model as a program: replays, random programs, shrinking.
 *
 *	model				the corpus, then a fixed number of random programs: a host test
 *	model -n COUNT [-s SEED]	random programs from this seed on
 *	model -t SECONDS [-s SEED]	the same for some time; what fails is saved in build/fuzz/
 *	model [-s SEED] -e COUNT	each allocation of each operation of these programs fails, in turn
 *	model -p SEED			prints the program of a seed
 *	model FILE...			runs programs and prints each step
 *
 * Programs run in a child, for the first thing that is wrong ends the machine. The parent then makes
 * the program that did it as short as it can, and prints it.
 */
#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "check.h"
#include "machine.h"

#define CORPUS	   "tests/model/corpus/*.txt"
#define SAVED	   "build/fuzz/failed-%llu.txt"
#define PROGRAMS   1500 /* of a plain run; the seeds begin at 1 */
#define MAX_FAILED 5
#define CHUNK	   50 /* programs a child: the machine starts anew now and then */

/* Shared: the seed that a child is at; or how many allocations have failed in it. */
static unsigned long long *at_seed;

static void print_program(FILE *out, const struct program *program)
{
	char line[160];

	for (unsigned int i = 0; i < program->nr; i++) {
		op_print(&program->op[i], line, sizeof(line));
		fprintf(out, "%s\n", line);
	}
}

/* Every fourth program makes allocations fail. */
static void make_program(struct program *program, unsigned long long seed)
{
	struct choices choices;

	choices_seed(&choices, seed);
	generate(program, &choices, seed % 4 ? 0 : GEN_FAIL);
}

/* ---- Shrinking ------------------------------------------------------------------------------------ */

/* Whether the program fails; @quiet: without a word. */
static bool fails(const struct program *program, bool quiet, bool verbose)
{
	int status;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (!pid) {
		if (quiet) {
			int null = open("/dev/null", O_WRONLY);

			dup2(null, 1);
			dup2(null, 2);
		}
		alarm(20);
		check_program(program, verbose);
		*at_seed = check_failures;
		fflush(NULL);
		_exit(0);
	}
	waitpid(pid, &status, 0);
	return status;
}

static void remove_ops(struct program *to, const struct program *from, unsigned int at,
		       unsigned int nr)
{
	*to = *from;
	memmove(&to->op[at], &from->op[at + nr], (from->nr - at - nr) * sizeof(to->op[0]));
	to->nr = from->nr - nr;
}

/* Takes out what is not needed: large pieces first, then single operations until none can go. */
static void shrink(struct program *program)
{
	struct program shorter;

	for (unsigned int piece = program->nr / 2; piece; piece /= piece > 1 ? 2 : 1) {
		bool any = false;

		for (unsigned int at = program->nr; at-- > 0;) {
			if (at + piece > program->nr)
				continue;
			remove_ops(&shorter, program, at, piece);
			if (fails(&shorter, true, false)) {
				*program = shorter;
				any = true;
			}
		}
		if (piece == 1 && !any)
			break;
	}
}

/* Makes the numbers smaller: each length a page, each address what comes before it, while it fails. */
static void shrink_numbers(struct program *program)
{
	struct program smaller;

	for (unsigned int i = 0; i < program->nr; i++) {
		for (int a = 0; a < MAX_ARGS; a++) {
			while (program->op[i].arg[a] >= 2 * PAGE &&
			       program->op[i].arg[a] <= WINDOW_SIZE) {
				smaller = *program;
				smaller.op[i].arg[a] = smaller.op[i].arg[a] / 2 / PAGE * PAGE;
				if (a != 1 || !fails(&smaller, true, false))
					break;
				*program = smaller;
			}
		}
	}
}

static void report(struct program *program, unsigned long long seed, bool save)
{
	char path[64];
	FILE *out;

	shrink(program);
	shrink_numbers(program);
	printf("# shortest program, from seed %llu; what it does:\n", seed);
	fails(program, false, true);
	printf("# and its text:\n");
	print_program(stdout, program);
	if (!save)
		return;
	snprintf(path, sizeof(path), SAVED, seed);
	out = fopen(path, "w");
	if (out) {
		print_program(out, program);
		fclose(out);
		printf("# saved as %s\n", path);
	}
}

/* ---- Running -------------------------------------------------------------------------------------- */

/* Runs seeds [first, end) in a child. 0, or the seed that failed. */
static unsigned long long run_seeds(unsigned long long first, unsigned long long end)
{
	int status;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (!pid) {
		struct program program;

		for (*at_seed = first; *at_seed < end; ++*at_seed) {
			alarm(20);
			make_program(&program, *at_seed);
			check_program(&program, false);
		}
		_exit(0);
	}
	waitpid(pid, &status, 0);
	return status ? *at_seed : 0;
}

/* Runs @program with the n-th allocation of step @at failing, for every n. */
static bool fail_each(const struct program *program, unsigned int at)
{
	struct program failing = *program;

	memmove(&failing.op[at + 1], &program->op[at], (program->nr - at) * sizeof(failing.op[0]));
	failing.nr++;
	for (unsigned long n = 1; n < 100; n++) {
		failing.op[at] = (struct op){OP_FAIL, {n}};
		*at_seed = 0;
		if (fails(&failing, true, false)) {
			report(&failing, 0, false);
			return false;
		}
		if (!*at_seed)
			break;
	}
	return true;
}

static int run_exhaustive(unsigned long long seed, unsigned long long count)
{
	struct program program;
	int nr_failed = 0;

	for (unsigned long long end = seed + count; seed < end && nr_failed < MAX_FAILED; seed++) {
		make_program(&program, seed * 4 + 1); /* one without failures of its own */
		program.nr = program.nr < MAX_OPS ? program.nr : MAX_OPS - 1;
		for (unsigned int at = 0; at < program.nr && nr_failed < MAX_FAILED; at++)
			nr_failed += !fail_each(&program, at);
	}
	printf("%s each allocation of %llu programs\n", nr_failed ? "not ok" : "ok", count);
	return nr_failed;
}

static bool read_program(struct program *program, const char *path)
{
	static char text[64 * 1024];
	FILE *in = fopen(path, "r");
	int bad;

	if (!in) {
		perror(path);
		return false;
	}
	text[fread(text, 1, sizeof(text) - 1, in)] = 0;
	fclose(in);
	bad = program_parse(program, text);
	if (bad)
		printf("%s:%d: no such operation\n", path, bad);
	return !bad;
}

static int replay(const char *path, bool verbose)
{
	struct program program;
	const char *name = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;

	if (!read_program(&program, path) || fails(&program, false, verbose)) {
		printf("not ok %s\n", name);
		return 1;
	}
	printf("ok %s\n", name);
	return 0;
}

static int replay_corpus(void)
{
	int failed = 0;
	glob_t found;

	if (glob(CORPUS, 0, NULL, &found)) {
		printf("not ok corpus: run this from the top of the tree\n");
		return 1;
	}
	for (size_t i = 0; i < found.gl_pathc; i++)
		failed += replay(found.gl_pathv[i], false);
	globfree(&found);
	return failed;
}

static int run_random(unsigned long long seed, unsigned long long count, time_t until, bool save)
{
	unsigned long long end = seed + count, first = seed, failed;
	struct program program;
	int nr_failed = 0;

	while (until ? time(NULL) < until : seed < end) {
		unsigned long long stop = until || end - seed > CHUNK ? seed + CHUNK : end;

		failed = run_seeds(seed, stop);
		seed = failed ? failed + 1 : stop;
		if (!failed)
			continue;
		make_program(&program, failed);
		report(&program, failed, save);
		nr_failed++;
		if (!until || nr_failed == MAX_FAILED)
			break;
	}
	printf("%s random programs %llu to %llu%s\n", nr_failed ? "not ok" : "ok", first, seed - 1,
	       nr_failed ? ": the model and mm/ differ" : "");
	return nr_failed;
}

int main(int argc, char **argv)
{
	unsigned long long seed = 1, count = PROGRAMS;
	time_t until = 0;
	int c, failed = 0;

	at_seed = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	machine_boot();
	while ((c = getopt(argc, argv, "n:s:t:p:e:k")) != -1) {
		struct program program;

		if (c == 'n')
			count = strtoull(optarg, NULL, 0);
		else if (c == 's')
			seed = strtoull(optarg, NULL, 0);
		else if (c == 't')
			until = time(NULL) + atoi(optarg);
		else if (c == 'e')
			return run_exhaustive(seed, strtoull(optarg, NULL, 0)) != 0;
		else if (c == 'k')
			machine_verbose = true;
		else if (c == 'p') {
			make_program(&program, strtoull(optarg, NULL, 0));
			print_program(stdout, &program);
			return 0;
		} else
			return 2;
	}
	if (optind < argc) {
		for (; optind < argc; optind++)
			failed += replay(argv[optind], true);
		return failed != 0;
	}
	failed = replay_corpus();
	return failed + run_random(seed, count, until, until) != 0;
}
