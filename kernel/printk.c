// SPDX-License-Identifier: MIT
/*
 * kernel/printk.c - the kernel log.
 *
 * Records (a header and the text) stand one after the other in a ring; the oldest are dropped
 * when room is needed. A record is named by its sequence number, so that readers can tell when
 * they were overtaken. Each record also goes to the consoles at once if its level is below
 * console_loglevel.
 *
 * Lock: log_lock, irq-safe and taken last. A panic does not take it (console_verbose()).
 */
#include <pagoda/printk.h>
#include <pagoda/panic.h>
#include <pagoda/hrtimer.h>
#include <pagoda/sched.h>
#include <pagoda/spinlock.h>
#include <pagoda/sprintf.h>
#include <pagoda/string.h>
#include <pagoda/wait.h>
#include <asm/tsc.h>

#define LOG_BUF_LEN   (64 * 1024)
#define LOG_LINE_MAX  1000
#define DEFAULT_LEVEL 4

struct log_record {
	u64 ts_ns;
	u16 len; /* of the whole record, a multiple of 8; 0: the ring wraps here */
	u16 text_len;
	u8 level;
	u8 facility; /* 0 kernel, 1 user */
	char text[];
};

static char log_buf[LOG_BUF_LEN] __aligned(8);
static u64 first_seq, next_seq, clear_seq;
static u32 first_idx, next_idx;
static DEFINE_SPINLOCK_RANK(log_lock, RANK_LEAF);
static DECLARE_WAIT_QUEUE_HEAD(log_wait);
static struct console *consoles;
int console_loglevel = 7;

static struct log_record *record_at(u32 idx)
{
	struct log_record *rec = (struct log_record *)(log_buf + idx);

	return rec->len ? rec : (struct log_record *)log_buf;
}

static u32 record_after(u32 idx)
{
	struct log_record *rec = record_at(idx);

	return (u32)((char *)rec - log_buf) + rec->len;
}

/* Is there room for `size` bytes and the mark behind them, without touching the oldest record? */
static bool has_room(u32 size)
{
	if (first_seq == next_seq) {
		first_idx = next_idx = 0;
		return true;
	}
	if (next_idx > first_idx)
		return LOG_BUF_LEN - next_idx >= size + sizeof(struct log_record) ||
		       first_idx >= size + sizeof(struct log_record);
	return first_idx - next_idx >= size + sizeof(struct log_record);
}

/* log_lock held. */
static void log_store(u8 facility, u8 level, const char *text, u16 text_len)
{
	u32 size = ALIGN(sizeof(struct log_record) + text_len, 8);
	struct log_record *rec;

	while (!has_room(size)) {
		first_idx = record_after(first_idx);
		first_seq++;
	}
	if (LOG_BUF_LEN - next_idx < size + sizeof(struct log_record)) {
		memset(log_buf + next_idx, 0, sizeof(struct log_record));
		next_idx = 0;
	}
	rec = (struct log_record *)(log_buf + next_idx);
	rec->ts_ns = sched_clock();
	rec->len = size;
	rec->text_len = text_len;
	rec->level = level;
	rec->facility = facility;
	memcpy(rec->text, text, text_len);
	next_idx += size;
	next_seq++;
}

static size_t format_prefix(char *buf, size_t size, u64 ts_ns)
{
	u64 us = ts_ns / 1000;

	return scnprintf(buf, size, "[%5llu.%06llu] ", us / 1000000, us % 1000000);
}

static void console_write(const char *text, size_t len, u64 ts_ns)
{
	char prefix[32];
	size_t n = format_prefix(prefix, sizeof(prefix), ts_ns);
	struct console *con;

	for (con = consoles; con; con = con->next) {
		con->write(con, prefix, n);
		con->write(con, text, len);
		con->write(con, "\n", 1);
	}
}

void register_console(struct console *con)
{
	con->next = consoles;
	consoles = con;
}

void console_verbose(void)
{
	console_loglevel = 15;
}

static void log_line(u8 facility, int level, const char *text, size_t len)
{
	unsigned long flags;
	bool locked = !oops_in_progress;

	local_irq_save(flags);
	if (locked)
		spin_lock(&log_lock);
	log_store(facility, level, text, len);
	if (level < console_loglevel)
		console_write(text, len, sched_clock());
	if (locked)
		spin_unlock(&log_lock);
	local_irq_restore(flags);
}

/* A level in front of the text ("\0014"), or the default. */
static int text_level(const char **text)
{
	const char *s = *text;

	if (s[0] != KERN_SOH[0] || !s[1])
		return DEFAULT_LEVEL;
	*text += 2;
	return s[1] >= '0' && s[1] <= '7' ? s[1] - '0' : DEFAULT_LEVEL;
}

int vprintk(const char *fmt, __builtin_va_list args)
{
	char line[LOG_LINE_MAX];
	const char *text = line, *end;
	int n = vscnprintf(line, sizeof(line), fmt, args);
	int level = text_level(&text);

	/* One record a line; a newline at the very end adds none. */
	while (*text) {
		end = strchrnul(text, '\n');
		log_line(0, level, text, end - text);
		text = *end ? end + 1 : end;
	}
	/* Waking takes scheduler locks: not while a panic tells its story, nor from under them. */
	if (!oops_in_progress && !irqs_disabled() && waitqueue_active(&log_wait))
		wake_up_interruptible_all(&log_wait);
	return n;
}

int printk(const char *fmt, ...)
{
	__builtin_va_list args;
	int n;

	__builtin_va_start(args, fmt);
	n = vprintk(fmt, args);
	__builtin_va_end(args);
	return n;
}

void log_store_user(int level, const char *text, size_t len)
{
	log_line(1, level, text, min_t(size_t, len, LOG_LINE_MAX));
	wake_up_interruptible_all(&log_wait);
}

/* ---- readers ----------------------------------------------------------------------------- */

/* The record *seq, or the oldest one after it; NULL if none. log_lock held. */
static struct log_record *find_record(u64 *seq)
{
	u32 idx = first_idx;
	u64 s = first_seq;

	if (*seq < first_seq)
		*seq = first_seq;
	if (*seq >= next_seq)
		return NULL;
	for (; s < *seq; s++)
		idx = record_after(idx);
	return record_at(idx);
}

size_t log_read(u64 *seq, char *buf, size_t size, bool syslog_prefix)
{
	struct log_record *rec;
	unsigned long flags;
	size_t n = 0;

	spin_lock_irqsave(&log_lock, flags);
	rec = find_record(seq);
	if (rec) {
		if (syslog_prefix)
			n += scnprintf(buf, size, "<%u>", rec->facility * 8u + rec->level);
		n += format_prefix(buf + n, size - n, rec->ts_ns);
		n += scnprintf(buf + n, size - n, "%.*s\n", (int)rec->text_len, rec->text);
		(*seq)++;
	}
	spin_unlock_irqrestore(&log_lock, flags);
	return n;
}

size_t log_read_kmsg(u64 *seq, char *buf, size_t size)
{
	struct log_record *rec;
	unsigned long flags;
	size_t n = 0;

	spin_lock_irqsave(&log_lock, flags);
	rec = find_record(seq);
	if (rec) {
		n = scnprintf(buf, size, "%u,%llu,%llu,-;%.*s\n", rec->facility * 8u + rec->level,
			      *seq, rec->ts_ns / 1000, (int)rec->text_len, rec->text);
		(*seq)++;
	}
	spin_unlock_irqrestore(&log_lock, flags);
	return n;
}

u64 log_first_seq(void)
{
	return READ_ONCE(first_seq);
}

u64 log_next_seq(void)
{
	return READ_ONCE(next_seq);
}

void log_clear(void)
{
	WRITE_ONCE(clear_seq, log_next_seq());
}

u64 log_clear_seq(void)
{
	return READ_ONCE(clear_seq);
}

size_t log_buf_len(void)
{
	return LOG_BUF_LEN;
}

struct wait_queue_head *log_wait_queue(void)
{
	return &log_wait;
}
