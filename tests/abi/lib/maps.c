// SPDX-License-Identifier: MIT
/*
 * lib/maps.c - reads maps, smaps, status, stat and pagemap of the calling process.
 *
 * Everything goes through buffers of fixed size: a test counts areas, so looking must not make any.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/maps.h"
#include "lib/sys.h"
#include "lib/test.h"

/* Reads a file line by line. */
struct lines {
	int fd;
	size_t have, used;
	char data[4096];
};

static void lines_open(struct lines *lines, const char *path)
{
	lines->fd = EXPECT_OK(raw_open(path, O_RDONLY | O_CLOEXEC, 0));
	lines->have = lines->used = 0;
}

/* The next line without its newline, valid until the next call; NULL at the end. */
static char *lines_next(struct lines *lines)
{
	for (;;) {
		char *line = lines->data + lines->used;
		char *end = memchr(line, '\n', lines->have - lines->used);
		long n;

		if (end) {
			*end = 0;
			lines->used = end + 1 - lines->data;
			return line;
		}
		memmove(lines->data, line, lines->have - lines->used);
		lines->have -= lines->used;
		lines->used = 0;
		n = EXPECT_OK(raw_read(lines->fd, lines->data + lines->have,
				       sizeof(lines->data) - lines->have));
		if (n == 0)
			return NULL;
		lines->have += n;
	}
}

static void lines_close(struct lines *lines)
{
	raw_close(lines->fd);
}

/* Whether the line is one of maps; if so it is taken apart. */
static bool parse(const char *line, struct area *area)
{
	int at = 0;

	memset(area, 0, sizeof(*area));
	if (sscanf(line, "%lx-%lx %4s %lx %x:%x %lu %n", &area->start, &area->end, area->perms,
		   &area->offset, &area->major, &area->minor, &area->inode, &at) != 7)
		return false;
	snprintf(area->name, sizeof(area->name), "%s", line + at);
	snprintf(area->line, sizeof(area->line), "%s", line);
	return strlen(area->perms) == 4;
}

void for_each_area(int (*visit)(const struct area *area, void *context), void *context)
{
	struct lines lines;
	struct area area;
	char *line;

	lines_open(&lines, "/proc/self/maps");
	while ((line = lines_next(&lines))) {
		if (!parse(line, &area))
			FAIL("a line of maps is '%s'", line);
		if (strcmp(area.name, "[vsyscall]") != 0 && !visit(&area, context))
			break;
	}
	lines_close(&lines);
}

struct range {
	unsigned long start, end;
	int count;
};

static int count_one(const struct area *area, void *context)
{
	struct range *range = context;

	if (area->start < range->end && area->end > range->start)
		range->count++;
	return 1;
}

int areas_in(const void *start, size_t pages)
{
	struct range range = {(unsigned long)start, (unsigned long)start + pages * PAGE, 0};

	for_each_area(count_one, &range);
	return range.count;
}

int area_count(void)
{
	struct range range = {0, -1UL, 0};

	for_each_area(count_one, &range);
	return range.count;
}

struct search {
	unsigned long addr;
	const char *name;
	struct area *area;
	int found;
};

static int find_one(const struct area *area, void *context)
{
	struct search *search = context;

	if (search->name ? strcmp(area->name, search->name) != 0
			 : area->start > search->addr || area->end <= search->addr)
		return 1;
	*search->area = *area;
	search->found = 1;
	return 0;
}

int area_at(const void *addr, struct area *area)
{
	struct search search = {(unsigned long)addr, NULL, area, 0};

	memset(area, 0, sizeof(*area));
	for_each_area(find_one, &search);
	return search.found;
}

int area_named(const char *name, struct area *area)
{
	struct search search = {0, name, area, 0};

	memset(area, 0, sizeof(*area));
	for_each_area(find_one, &search);
	return search.found;
}

struct summary {
	unsigned long at, end;
	char text[512];
};

static void summary_add(struct summary *summary, unsigned long end, const char *what)
{
	size_t len = strlen(summary->text);

	if (end > summary->at)
		snprintf(summary->text + len, sizeof(summary->text) - len, "%s%lu %s",
			 len ? ", " : "", (end - summary->at) / PAGE, what);
	summary->at = end;
}

static int summarise(const struct area *area, void *context)
{
	struct summary *summary = context;

	if (area->end <= summary->at)
		return 1;
	if (area->start >= summary->end)
		return 0;
	if (area->start > summary->at)
		summary_add(summary, area->start, "hole");
	summary_add(summary, area->end < summary->end ? area->end : summary->end, area->perms);
	return 1;
}

const char *areas(const void *start, size_t pages)
{
	static struct summary summary;

	summary.at = (unsigned long)start;
	summary.end = summary.at + pages * PAGE;
	summary.text[0] = 0;
	for_each_area(summarise, &summary);
	if (summary.at < summary.end)
		summary_add(&summary, summary.end, "hole");
	return summary.text;
}

/* The number after "Name:" in this line, or -1. */
static long labelled(const char *line, const char *name)
{
	size_t len = strlen(name);

	if (strncmp(line, name, len) != 0 || line[len] != ':')
		return -1;
	return strtol(line + len + 1, NULL, 10);
}

static long value_in(const char *path, const char *name,
		     long (*value_of)(const char *, const char *))
{
	struct lines lines;
	long value = -1;
	char *line;

	lines_open(&lines, path);
	while (value < 0 && (line = lines_next(&lines)))
		value = value_of(line, name);
	lines_close(&lines);
	return value;
}

long status_value(const char *name)
{
	return value_in("/proc/self/status", name, labelled);
}

long meminfo_value(const char *name)
{
	return value_in("/proc/meminfo", name, labelled);
}

/* The number of "name number", or -1. */
static long named(const char *line, const char *name)
{
	size_t len = strlen(name);

	return strncmp(line, name, len) || line[len] != ' ' ? -1 : strtol(line + len, NULL, 10);
}

long vmstat_value(const char *name)
{
	return value_in("/proc/vmstat", name, named);
}

/* The line of the area at addr in smaps that starts with "name:", in a static buffer, or NULL. */
static const char *smaps_line(const void *addr, const char *name)
{
	static char found[256];
	struct lines lines;
	struct area area;
	int inside = 0;
	char *line;

	found[0] = 0;
	lines_open(&lines, "/proc/self/smaps");
	while (!found[0] && (line = lines_next(&lines))) {
		if (parse(line, &area))
			inside =
				area.start <= (unsigned long)addr && area.end > (unsigned long)addr;
		else if (inside && strncmp(line, name, strlen(name)) == 0 &&
			 line[strlen(name)] == ':')
			snprintf(found, sizeof(found), "%s", line);
	}
	lines_close(&lines);
	return found[0] ? found : NULL;
}

long smaps_value(const void *addr, const char *name)
{
	const char *line = smaps_line(addr, name);

	return line ? labelled(line, name) : -1;
}

const char *smaps_flags(const void *addr)
{
	const char *line = smaps_line(addr, "VmFlags");

	return line ? line + strlen("VmFlags: ") : "";
}

bool has_flag(const void *addr, const char *flag)
{
	return strstr(smaps_flags(addr), flag) != NULL;
}

/*
 * Linux 6.1 keeps up to 64 faults in the task before it adds them to the mm; dropping a page of
 * this task adds them.
 */
long rss_pages(const char *name)
{
	static char *scratch;
	long value;

	if (!scratch) {
		scratch = map_private(1, RW);
		status_value(name); /* touches the buffers */
	}
	scratch[0] = 1;
	EXPECT_OK(raw_madvise(scratch, PAGE, MADV_DONTNEED));
	value = status_value(name);
	if (value < 0)
		FAIL("/proc/self/status has no %s", name);
	return value / 4;
}

/* Number n (from 1) of a line of numbers. */
static long number(const char *text, int n)
{
	while (--n > 0) {
		text = strchr(text, ' ');
		if (!text)
			return -1;
		text++;
	}
	return strtol(text, NULL, 10);
}

long stat_value(int field)
{
	char text[1024], *after;

	EXPECT_OK(read_file("/proc/self/stat", text, sizeof(text)));
	after = strrchr(text, ')'); /* the end of field 2 */
	return after && field > 2 ? number(after + 2, field - 2) : -1;
}

long statm_value(int field)
{
	char text[256];

	EXPECT_OK(read_file("/proc/self/statm", text, sizeof(text)));
	return number(text, field);
}

uint64_t pagemap(const void *addr)
{
	long fd = EXPECT_OK(raw_open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC, 0));
	uint64_t word = 0;

	EXPECT_EQ(raw_pread(fd, &word, 8, (unsigned long)addr / PAGE * 8), 8);
	raw_close(fd);
	return word;
}

const char *resident(const void *start, size_t pages)
{
	static char text[256];

	EXPECT(pages < sizeof(text));
	EXPECT_OK(raw_mincore(start, pages * PAGE, text));
	for (size_t i = 0; i < pages; i++)
		text[i] = text[i] ? '1' : '0';
	text[pages] = 0;
	return text;
}
