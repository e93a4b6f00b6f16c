// SPDX-License-Identifier: MIT
/*
 * tests/programs/vmstress.c - threads of one address space change it under each other's feet.
 *
 * vmstress [SECONDS [THREADS [SEED]]]. Two kinds of threads look for stale translations:
 *
 *  - Changers share some slots of a few pages each, side by side, so that they split and merge. Who
 *    holds a slot's lock for writing maps, unmaps, protects, moves, locks or empties it; who holds
 *    it for reading, on another CPU, must see what the last call left: pages that hold the tag that
 *    is kept beside them, a fault where there is nothing or no right. Some fork meanwhile, and the
 *    child checks and changes its copy of slots that stand still.
 *  - A hammer writes to one page without any lock, as fast as it can, while a smith takes it away:
 *    from the moment that mprotect, munmap, mremap or fork returns, nothing may be written there, nor
 *    in the frame that the page has left behind.
 *
 * Prints `vmstress: good` at the end.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PAGE	    4096UL
#define SLOTS	    40
#define PAGES	    3 /* of a slot */
#define SLOT	    (PAGES * PAGE)
#define MAX_THREADS 32

#define RW	       (PROT_READ | PROT_WRITE)
#define PRIVATE	       (MAP_PRIVATE | MAP_FIXED)
#define MADV_LAZY_FREE 8

enum kind { HOLE, ANON, SHARED, COPY };

/* What a slot is; lock guards the rest. tag 0: zeroes. */
static struct slot {
	pthread_rwlock_t lock;
	enum kind kind;
	int prot;
	int lazy;	/* given up by MADV_FREE: its pages may hold zeroes as well */
	long file_page; /* of SHARED and COPY */
	uint64_t tag[PAGES];
} slots[SLOTS];

static char *base;	     /* of slot 0 */
static int object, original; /* SHARED: a place of its own each; COPY: never written */
static uint64_t last_tag;    /* the next one is new */
static long last_place;
static volatile int stop;
static long operations;

/* ---- failing and faulting ---------------------------------------------------------------------- */

static void die(const char *what, long where)
{
	char text[160];
	int n = snprintf(text, sizeof(text), "vmstress: failed: %s at %lx (errno %d)\n", what,
			 where, errno);

	if (write(1, text, n) < 0)
		_exit(2);
	_exit(1);
}

static __thread sigjmp_buf fault_jump;
static __thread volatile int fault_expected;

static void on_fault(int signal, siginfo_t *info, void *context)
{
	(void)signal;
	(void)context;
	if (!fault_expected)
		die("a fault where there should be none", (long)info->si_addr);
	fault_expected = 0;
	siglongjmp(fault_jump, 1);
}

/* Whether the access faults. */
static int read_faults(const volatile uint64_t *p)
{
	if (sigsetjmp(fault_jump, 0))
		return 1;
	fault_expected = 1;
	(void)*p;
	fault_expected = 0;
	return 0;
}

static int write_faults(volatile uint64_t *p, uint64_t value)
{
	if (sigsetjmp(fault_jump, 0))
		return 1;
	fault_expected = 1;
	*p = value;
	fault_expected = 0;
	return 0;
}

static __thread uint64_t random_state;

static unsigned int below(unsigned int limit)
{
	random_state = random_state * 6364136223846793005ULL + 1442695040888963407ULL;
	return (random_state >> 33) % limit;
}

/* ---- slots: looking ---------------------------------------------------------------------------- */

static char *place(const struct slot *s)
{
	return base + (s - slots) * SLOT;
}

static uint64_t *page(const struct slot *s, int i)
{
	return (uint64_t *)(place(s) + i * PAGE);
}

static void check_page(const struct slot *s, int i)
{
	volatile uint64_t *p = page(s, i);
	uint64_t first = p[0], last = p[PAGE / 8 - 1];

	if ((first != s->tag[i] && !(s->lazy && !first)) ||
	    (last != s->tag[i] && !(s->lazy && !last)))
		die("a page holds something else than was written", (long)p);
}

/* The slot's lock is held, either way: its pages are what the last change made of them. */
static void probe(const struct slot *s)
{
	for (int i = 0; i < PAGES; i++) {
		volatile uint64_t *p = page(s, i);

		if (!(s->prot & PROT_READ) && !read_faults(p))
			die("a page can be read that may not", (long)p);
		if (!(s->prot & PROT_WRITE) && !write_faults(p + 1, 1))
			die("a page can be written that may not", (long)p);
		if (s->prot & PROT_READ)
			check_page(s, i);
		if (s->prot & PROT_WRITE && !s->lazy)
			p[2] = s->tag[i];
	}
}

static void fill(struct slot *s)
{
	if (s->prot != RW)
		return;
	for (int i = 0; i < PAGES; i++) {
		uint64_t tag = __atomic_add_fetch(&last_tag, 1, __ATOMIC_RELAXED);

		s->tag[i] = tag;
		page(s, i)[0] = tag;
		page(s, i)[PAGE / 8 - 1] = tag;
	}
	s->lazy = 0;
}

/* ---- slots: changing; the lock is held for writing --------------------------------------------- */

static void must(int ok, const char *what, const struct slot *s)
{
	if (!ok)
		die(what, (long)place(s));
}

/* Its contents are of no use any more. */
static void forget(struct slot *s)
{
	if (s->kind == SHARED)
		must(!fallocate(object, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
				s->file_page * PAGE, SLOT),
		     "fallocate", s);
	s->kind = HOLE;
	s->prot = s->lazy = 0;
}

static void reset_tags(struct slot *s)
{
	for (int i = 0; i < PAGES; i++)
		s->tag[i] = s->kind == COPY ? 1000 + s->file_page + i : 0;
}

static void map(struct slot *s, enum kind kind)
{
	int fd = kind == ANON ? -1 : kind == SHARED ? object : original;
	int flags = kind == ANON     ? PRIVATE | MAP_ANONYMOUS
		    : kind == SHARED ? MAP_SHARED | MAP_FIXED
				     : PRIVATE;

	forget(s);
	if (kind == SHARED)
		s->file_page = __atomic_add_fetch(&last_place, PAGES, __ATOMIC_RELAXED) % 100000;
	else
		s->file_page = below(8);
	must(mmap(place(s), SLOT, RW, flags, fd, kind == ANON ? 0 : s->file_page * PAGE) ==
		     place(s),
	     "mmap", s);
	s->kind = kind;
	s->prot = RW;
	reset_tags(s);
}

static void unmap(struct slot *s)
{
	must(!munmap(place(s), SLOT), "munmap", s);
	forget(s);
}

static void protect(struct slot *s, int prot)
{
	if (s->kind == HOLE)
		return;
	must(!mprotect(place(s), SLOT, prot), "mprotect", s);
	s->prot = prot;
}

static void discard(struct slot *s)
{
	if (s->kind == HOLE)
		return;
	must(!madvise(place(s), SLOT, MADV_DONTNEED), "madvise DONTNEED", s);
	s->lazy = 0;
	if (s->kind != SHARED)
		reset_tags(s);
}

static void give_up(struct slot *s)
{
	if (s->kind != ANON)
		return;
	must(!madvise(place(s), SLOT, MADV_LAZY_FREE), "madvise FREE", s);
	s->lazy = 1;
}

static void lock_and_unlock(struct slot *s)
{
	if (s->kind == HOLE || !s->prot)
		return;
	must(!mlock(place(s), SLOT), "mlock", s);
	probe(s);
	must(!munlock(place(s), SLOT), "munlock", s);
}

static void move(struct slot *from, struct slot *to)
{
	if (from->kind == HOLE)
		return;
	must(mremap(place(from), SLOT, SLOT, MREMAP_MAYMOVE | MREMAP_FIXED, place(to)) == place(to),
	     "mremap", from);
	forget(to);
	to->kind = from->kind;
	to->prot = from->prot;
	to->lazy = from->lazy;
	to->file_page = from->file_page;
	memcpy(to->tag, from->tag, sizeof(to->tag));
	from->kind = HOLE;
	from->prot = from->lazy = 0;
}

static void change(struct slot *s)
{
	static const int prots[] = {PROT_NONE, PROT_READ, PROT_READ, RW, RW};

	probe(s);
	switch (below(12)) {
	case 0 ... 3:
		map(s, ANON + below(3));
		break;
	case 4:
		unmap(s);
		break;
	case 5 ... 7:
		protect(s, prots[below(5)]);
		break;
	case 8:
		discard(s);
		break;
	case 9:
		give_up(s);
		break;
	case 10:
		lock_and_unlock(s);
		break;
	}
	if (below(4))
		fill(s);
	probe(s);
}

/* ---- steps of a changer ------------------------------------------------------------------------ */

static void move_one(void)
{
	unsigned int a = below(SLOTS), b = (a + 1 + below(SLOTS - 1)) % SLOTS;
	struct slot *low = &slots[a < b ? a : b], *high = &slots[a < b ? b : a];

	pthread_rwlock_wrlock(&low->lock);
	pthread_rwlock_wrlock(&high->lock);
	move(&slots[a], &slots[b]);
	probe(low);
	probe(high);
	pthread_rwlock_unlock(&high->lock);
	pthread_rwlock_unlock(&low->lock);
}

static void child(unsigned int first, unsigned int count)
{
	for (unsigned int i = first; i < first + count; i++) {
		struct slot *s = &slots[i];

		probe(s);
		if (s->kind == SHARED)
			continue;
		fill(s); /* of its copy */
		probe(s);
	}
	_exit(0);
}

/* Slots stand still while their locks are held for reading. */
static void fork_one(void)
{
	unsigned int count = 1 + below(4), first = below(SLOTS - count), i;
	int status;
	pid_t pid;

	for (i = first; i < first + count; i++)
		pthread_rwlock_rdlock(&slots[i].lock);
	pid = syscall(SYS_fork);
	if (!pid)
		child(first, count);
	if (pid < 0)
		die("fork", 0);
	for (i = first; i < first + count; i++)
		probe(&slots[i]);
	if (waitpid(pid, &status, 0) != pid || status)
		die("a child did not end well", status);
	for (i = first; i < first + count; i++) {
		probe(&slots[i]);
		pthread_rwlock_unlock(&slots[i].lock);
	}
}

static void *changer(void *seed)
{
	random_state = (uintptr_t)seed * 1000003;
	while (!stop) {
		struct slot *s = &slots[below(SLOTS)];
		unsigned int what = below(64);

		if (what == 0) {
			fork_one();
		} else if (what < 6) {
			move_one();
		} else if (what < 32) {
			pthread_rwlock_wrlock(&s->lock);
			change(s);
			pthread_rwlock_unlock(&s->lock);
		} else {
			pthread_rwlock_rdlock(&s->lock);
			probe(s);
			pthread_rwlock_unlock(&s->lock);
		}
		__atomic_add_fetch(&operations, 1, __ATOMIC_RELAXED);
	}
	return NULL;
}

/* ---- the hammer and the smith ------------------------------------------------------------------ */

static volatile uint64_t *anvil, *aside, *frame;

static void *hammer(void *unused)
{
	uint64_t n = 0;

	while (!stop)
		if (write_faults(anvil, ++n))
			sched_yield();
	return unused;
}

/* Nothing may change a page for a while. */
static void expect_still(const volatile uint64_t *p, const char *what)
{
	uint64_t value = *p;

	for (int i = 0; i < 300; i++) {
		if (*p != value)
			die(what, (long)p);
		if (i % 50 == 0)
			sched_yield();
	}
}

static void strike(void)
{
	void *const at = (void *)anvil;
	int status;
	pid_t pid;

	switch (below(4)) {
	case 0:
		must(!mprotect(at, PAGE, PROT_READ), "mprotect", slots);
		expect_still(anvil, "a page is written that is read-only");
		must(!mprotect(at, PAGE, RW), "mprotect", slots);
		return;
	case 1:
		pid = syscall(SYS_fork);
		if (!pid) {
			expect_still(anvil, "the parent writes to the child's page");
			_exit(0);
		}
		if (pid < 0 || waitpid(pid, &status, 0) != pid || status)
			die("a child of the smith did not end well", status);
		return;
	case 2:
		must(mremap(at, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, (void *)aside) == aside,
		     "mremap", slots);
		expect_still(aside, "a page is written where it was before");
		break;
	default:
		must(!munmap(at, PAGE), "munmap", slots);
		must(mmap((void *)frame, PAGE, RW, PRIVATE | MAP_ANONYMOUS, -1, 0) == frame, "mmap",
		     slots);
		*frame = 5;
		expect_still(frame, "a page is written that is unmapped");
	}
	must(mmap(at, PAGE, RW, PRIVATE | MAP_ANONYMOUS, -1, 0) == at, "mmap", slots);
}

static void *smith(void *seed)
{
	random_state = (uintptr_t)seed * 999983;
	while (!stop) {
		for (int i = below(2000); i; i--) /* let the hammer hit */
			__asm__ volatile("pause");
		strike();
		__atomic_add_fetch(&operations, 1, __ATOMIC_RELAXED);
	}
	return NULL;
}

/* ---- main -------------------------------------------------------------------------------------- */

static void prepare(void)
{
	struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_NODEFER};
	uint64_t words[PAGE / 8];

	sigaction(SIGSEGV, &action, NULL);
	/* Far from where mmap() and stacks go, so that a hole stays one. */
	base = mmap((void *)0x100000000000, (SLOTS + 4) * SLOT, PROT_NONE,
		    PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	object = syscall(SYS_memfd_create, "object", 0);
	original = syscall(SYS_memfd_create, "original", 0);
	if (base == MAP_FAILED || object < 0 || original < 0 || ftruncate(object, 200000 * PAGE))
		die("preparing", 0);
	for (uint64_t i = 0; i < 16; i++) {
		for (size_t n = 0; n < PAGE / 8; n++)
			words[n] = 1000 + i;
		if (write(original, words, PAGE) != (ssize_t)PAGE)
			die("write", i);
	}
	anvil = (uint64_t *)(base + SLOTS * SLOT + PAGE);
	aside = (uint64_t *)(base + (SLOTS + 1) * SLOT + PAGE);
	frame = (uint64_t *)(base + (SLOTS + 2) * SLOT + PAGE);
	mmap((void *)anvil, PAGE, RW, PRIVATE | MAP_ANONYMOUS, -1, 0);
	for (int i = 0; i < SLOTS; i++)
		pthread_rwlock_init(&slots[i].lock, NULL);
}

int main(int argc, char **argv)
{
	int seconds = argc > 1 ? atoi(argv[1]) : 2, nr = argc > 2 ? atoi(argv[2]) : 4;
	uintptr_t seed = argc > 3 ? strtoul(argv[3], NULL, 0) : 1;
	pthread_t threads[MAX_THREADS + 2];

	if (nr > MAX_THREADS)
		nr = MAX_THREADS;
	prepare();
	for (int i = 0; i < nr + 2; i++) {
		void *(*const function)(void *) = i < nr ? changer : i == nr ? hammer : smith;

		if (pthread_create(&threads[i], NULL, function, (void *)(seed * 100 + i)))
			die("pthread_create", i);
	}
	for (time_t deadline = time(NULL) + seconds; time(NULL) < deadline;)
		usleep(20000);
	stop = 1;
	for (int i = 0; i < nr + 2; i++)
		pthread_join(threads[i], NULL);
	if (operations < 20)
		die("nearly nothing was done", operations);
	puts("vmstress: good");
	return 0;
}
