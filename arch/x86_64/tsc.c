// SPDX-License-Identifier: MIT
/*
 * arch/x86_64/tsc.c - the clock: the time stamp counter, and what it is set by.
 *
 * The TSC counts at a constant rate, alike on all CPUs; nothing but another clock tells the rate.
 * At boot the ACPI PM timer (3.579545 MHz) measures it, and the local APIC timer in the same
 * 5 ms; where there is no PM timer, channel 2 of the old timer chip (1.193182 MHz) does. Both
 * ends of the interval lie on a tick of the reference clock, and an end that took long to
 * read is read again, since somebody else had the processor then.
 *
 * After that, time is one multiplication: ns = (tsc - base) * mult / 2^32.
 */
#include <asm/tsc.h>
#include <pagoda/kernel.h>
#include <pagoda/panic.h>
#include <pagoda/printk.h>
#include <asm/acpi.h>
#include <asm/apic.h>
#include <asm/io.h>
#include <asm/irqflags.h>
#include <asm/processor.h>
#include <asm/vdso.h>

#define PM_TIMER_HZ 3579545ULL
#define PIT_HZ	    1193182ULL
#define NS_PER_SEC  1000000000ULL

#define CALIBRATE_HZ 200 /* the interval is 1/200 s */

/* What is read at one end of the interval. */
struct calibration_point {
	u32 reference;
	u64 tsc;
	u32 apic;
};

u64 tsc_khz;
static u64 tsc_base;
static u64 tsc_mult; /* ns per tick, 32.32 fixed point; 0 until calibrated */

static u64 mul_shift_32(u64 a, u64 mult)
{
	return (u64)(((unsigned __int128)a * mult) >> 32);
}

/* Nanoseconds since the calibration at boot; any context, any CPU, never backwards. */
u64 sched_clock(void)
{
	return mul_shift_32(rdtsc() - tsc_base, tsc_mult);
}

/* ---- the reference clocks ---- */

static u32 pm_timer_read(void)
{
	return inl(acpi_machine.pm_timer_port) & 0xffffff;
}

/* Channel 2 counts down from 65536, over and over, without a sound from the speaker. */
static void pit_start(void)
{
	outb((inb(0x61) & ~2) | 1, 0x61);
	outb(0xb4, 0x43); /* channel 2, both bytes, rate generator */
	outb(0xff, 0x42);
	outb(0xff, 0x42);
}

static u32 pit_read(void)
{
	u32 low;

	outb(0x80, 0x43); /* latch channel 2 */
	low = inb(0x42);
	return 0xffff - (low | (u32)inb(0x42) << 8);
}

struct reference_clock {
	u32 (*read)(void);
	u32 mask;
	u64 hz;
};

/* Waits for the next tick and reads all three clocks there. Returns how exact it is, in TSC ticks.
 */
static u64 read_at_tick(const struct reference_clock *ref, struct calibration_point *p)
{
	u32 last = ref->read(), now = last;
	u64 before, after = rdtsc();

	do {
		before = after;
		now = ref->read();
		after = rdtsc();
	} while (now == last);
	p->reference = now;
	p->tsc = after;
	p->apic = apic_timer_elapsed();
	return rdtsc() - before;
}

/* The most exact of a few tries. */
static void read_point(const struct reference_clock *ref, struct calibration_point *best)
{
	u64 best_error = ~0ULL;

	for (int i = 0; i < 4; i++) {
		struct calibration_point p;
		u64 error = read_at_tick(ref, &p);

		if (error < best_error) {
			best_error = error;
			*best = p;
		}
	}
}

static bool reference_works(const struct reference_clock *ref)
{
	u32 start = ref->read();

	for (int i = 0; i < 10000; i++)
		if (ref->read() != start)
			return true;
	return false;
}

static void calibrate(const struct reference_clock *ref)
{
	struct calibration_point start, end;
	u64 elapsed, ns;

	apic_timer_start_count();
	read_point(ref, &start);
	while (((ref->read() - start.reference) & ref->mask) < ref->hz / CALIBRATE_HZ)
		cpu_relax();
	read_point(ref, &end);

	elapsed = (end.reference - start.reference) & ref->mask;
	ns = (elapsed * NS_PER_SEC + ref->hz / 2) / ref->hz;
	tsc_khz = ((end.tsc - start.tsc) * 1000000 + ns / 2) / ns;
	tsc_mult = (ns << 32) / (end.tsc - start.tsc);
	apic_timer_set_rate(end.apic - start.apic, ns);
}

/* Starts the clock. CPU 0, interrupts disabled, after setup_local_APIC(). */
void tsc_init(void)
{
	struct reference_clock pm = {pm_timer_read, 0xffffff, PM_TIMER_HZ};
	struct reference_clock pit = {pit_read, 0xffff, PIT_HZ};

	tsc_base = rdtsc();
	if (acpi_machine.pm_timer_port && reference_works(&pm)) {
		calibrate(&pm);
	} else {
		pit_start();
		if (!reference_works(&pit))
			panic("no clock to measure the TSC by");
		calibrate(&pit);
	}
	vdso_set_tsc(tsc_base, tsc_mult);
	pr_info("tsc: %llu.%03llu MHz\n", tsc_khz / 1000, tsc_khz % 1000);
}

/* Busy waits. Before tsc_init() they return at once. */
void ndelay(u64 ns)
{
	u64 start = sched_clock();

	while (tsc_mult && sched_clock() - start < ns)
		cpu_relax();
}

void udelay(u64 us)
{
	ndelay(us * 1000);
}

void mdelay(u64 ms)
{
	ndelay(ms * 1000000);
}

/* ---- the CMOS clock ---- */

#define RTC_PORT     0x70
#define RTC_SECONDS  0
#define RTC_MINUTES  2
#define RTC_HOURS    4
#define RTC_DAY	     7
#define RTC_MONTH    8
#define RTC_YEAR     9
#define RTC_STATUS_A 10
#define RTC_STATUS_B 11

#define RTC_UPDATING 0x80 /* in A */
#define RTC_BINARY   0x04 /* in B */
#define RTC_24H	     0x02

struct rtc_time {
	u8 second, minute, hour, day, month, year, century;
};

static u8 cmos_read(u8 reg)
{
	outb(reg, RTC_PORT);
	return inb(RTC_PORT + 1);
}

static void rtc_read_raw(struct rtc_time *t)
{
	for (int i = 0; i < 100000 && (cmos_read(RTC_STATUS_A) & RTC_UPDATING); i++)
		cpu_relax();
	t->second = cmos_read(RTC_SECONDS);
	t->minute = cmos_read(RTC_MINUTES);
	t->hour = cmos_read(RTC_HOURS);
	t->day = cmos_read(RTC_DAY);
	t->month = cmos_read(RTC_MONTH);
	t->year = cmos_read(RTC_YEAR);
	t->century = acpi_machine.century_index ? cmos_read(acpi_machine.century_index) : 0x20;
}

static u8 from_bcd(u8 v)
{
	return (v >> 4) * 10 + (v & 15);
}

static void rtc_decode(struct rtc_time *t)
{
	u8 mode = cmos_read(RTC_STATUS_B);
	bool pm = t->hour & 0x80;

	t->hour &= 0x7f;
	if (!(mode & RTC_BINARY)) {
		u8 *fields = &t->second;

		for (size_t i = 0; i < sizeof(*t); i++)
			fields[i] = from_bcd(fields[i]);
	} else if (!acpi_machine.century_index) {
		t->century = 20;
	}
	if (!(mode & RTC_24H))
		t->hour = t->hour % 12 + (pm ? 12 : 0);
}

/* Days from 1970-01-01 in the Gregorian calendar; years are counted from March. */
static s64 days_from_civil(s64 year, unsigned int month, unsigned int day)
{
	s64 y = month <= 2 ? year - 1 : year;
	unsigned int m = (month + 9) % 12;

	return 365 * y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 1 - 719468;
}

/* Seconds since 1970 by the battery-backed clock, which is taken to keep UTC. */
s64 read_persistent_clock(void)
{
	struct rtc_time t, again;
	unsigned long flags;
	s64 days;

	local_irq_save(flags);
	rtc_read_raw(&again);
	do {
		t = again;
		rtc_read_raw(&again);
	} while (memcmp(&t, &again, sizeof(t)));
	rtc_decode(&t);
	local_irq_restore(flags);

	days = days_from_civil(t.century * 100 + t.year, t.month, t.day);
	return ((days * 24 + t.hour) * 60 + t.minute) * 60 + t.second;
}
