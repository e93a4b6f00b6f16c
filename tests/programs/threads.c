// SPDX-License-Identifier: MIT
/*
 * tests/programs/threads.c - what a threaded program asks of the kernel, through its libc.
 *
 * Mutexes under contention, condition variables with a time limit, a barrier, semaphores,
 * thread-local storage, cancellation, detached threads, a fork in a threaded process, and floating
 * point that must survive the switches.
 */
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define THREADS 4
#define ROUNDS	20000

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
static pthread_barrier_t barrier;
static sem_t ping, pong;
static __thread long tls;
static long counter;
static int turn;

static void need(int ok, const char *what)
{
	if (!ok) {
		printf("failed: %s\n", what);
		exit(1);
	}
}

static void *count(void *arg)
{
	double x = (long)arg + 1, sum = 0;

	for (int i = 0; i < ROUNDS; i++) {
		pthread_mutex_lock(&lock);
		counter++;
		pthread_mutex_unlock(&lock);
		tls++;
		sum += x / 2;
	}
	need(tls == ROUNDS, "thread-local counter");
	need(sum == x * ROUNDS / 2, "floating point across switches");
	return arg;
}

static void test_mutex(void)
{
	pthread_t threads[THREADS];

	for (long i = 0; i < THREADS; i++)
		need(pthread_create(&threads[i], NULL, count, (void *)i) == 0, "pthread_create");
	for (long i = 0; i < THREADS; i++) {
		void *value;

		need(pthread_join(threads[i], &value) == 0 && value == (void *)i, "pthread_join");
	}
	printf("mutex: %ld\n", counter);
}

static void *take_turns(void *arg)
{
	for (int i = 0; i < 500; i++) {
		pthread_mutex_lock(&lock);
		while (turn % 2 != (long)arg)
			pthread_cond_wait(&cond, &lock);
		turn++;
		pthread_cond_broadcast(&cond);
		pthread_mutex_unlock(&lock);
	}
	return NULL;
}

static void test_cond(void)
{
	struct timespec until;
	pthread_t a, b;

	need(pthread_create(&a, NULL, take_turns, (void *)0) == 0, "pthread_create");
	need(pthread_create(&b, NULL, take_turns, (void *)1) == 0, "pthread_create");
	pthread_join(a, NULL);
	pthread_join(b, NULL);
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_nsec += 20000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000;
	}
	pthread_mutex_lock(&lock);
	need(pthread_cond_timedwait(&cond, &lock, &until) == ETIMEDOUT, "pthread_cond_timedwait");
	pthread_mutex_unlock(&lock);
	printf("cond: %d turns\n", turn);
}

static void *meet(void *arg)
{
	for (int i = 0; i < 50; i++)
		pthread_barrier_wait(&barrier);
	return NULL;
}

static void test_barrier(void)
{
	pthread_t threads[THREADS];

	pthread_barrier_init(&barrier, NULL, THREADS);
	for (int i = 0; i < THREADS; i++)
		need(pthread_create(&threads[i], NULL, meet, NULL) == 0, "pthread_create");
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	puts("barrier: met");
}

static void *answer(void *arg)
{
	for (int i = 0; i < 1000; i++) {
		sem_wait(&ping);
		sem_post(&pong);
	}
	return NULL;
}

static void test_semaphore(void)
{
	pthread_t thread;

	sem_init(&ping, 0, 0);
	sem_init(&pong, 0, 0);
	need(pthread_create(&thread, NULL, answer, NULL) == 0, "pthread_create");
	for (int i = 0; i < 1000; i++) {
		sem_post(&ping);
		sem_wait(&pong);
	}
	pthread_join(thread, NULL);
	puts("semaphore: answered");
}

static void cleaned(void *arg)
{
	*(int *)arg = 1;
}

static void *sleep_for_ever(void *arg)
{
	pthread_cleanup_push(cleaned, arg);
	for (;;)
		pause();
	pthread_cleanup_pop(0);
	return NULL;
}

static void test_cancel(void)
{
	pthread_t thread;
	void *value;
	int done = 0;

	need(pthread_create(&thread, NULL, sleep_for_ever, &done) == 0, "pthread_create");
	usleep(10000);
	need(pthread_cancel(thread) == 0, "pthread_cancel");
	need(pthread_join(thread, &value) == 0 && value == PTHREAD_CANCELED, "a cancelled thread");
	printf("cancel: handler %s\n", done ? "ran" : "did not run");
}

static void *post(void *arg)
{
	sem_post(arg);
	return NULL;
}

static void test_detached(void)
{
	pthread_attr_t attr;
	pthread_t thread;
	sem_t sem;

	sem_init(&sem, 0, 0);
	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&attr, 256 * 1024);
	for (int i = 0; i < 100; i++) {
		need(pthread_create(&thread, &attr, post, &sem) == 0, "pthread_create");
		sem_wait(&sem);
	}
	puts("detached: 100");
}

static void on_usr1(int sig)
{
	(void)sig;
	tls = 77;
}

static void *wait_signal(void *arg)
{
	sem_post(&ping);
	while (tls != 77)
		usleep(1000);
	return NULL;
}

static void test_signal(void)
{
	struct sigaction action;
	pthread_t thread;

	memset(&action, 0, sizeof(action));
	action.sa_handler = on_usr1;
	sigaction(SIGUSR1, &action, NULL);
	need(pthread_create(&thread, NULL, wait_signal, NULL) == 0, "pthread_create");
	sem_wait(&ping);
	need(pthread_kill(thread, SIGUSR1) == 0, "pthread_kill");
	pthread_join(thread, NULL);
	printf("signal: reached its thread, main has %ld\n", tls);
}

static void test_fork(void)
{
	pthread_t thread;
	int status, done = 0;
	pid_t pid;

	need(pthread_create(&thread, NULL, sleep_for_ever, &done) == 0, "pthread_create");
	fflush(stdout);
	pid = fork();
	if (pid == 0)
		_exit(counter == THREADS * ROUNDS ? 9 : 1);
	need(waitpid(pid, &status, 0) == pid && WIFEXITED(status), "waitpid");
	pthread_cancel(thread);
	pthread_join(thread, NULL);
	printf("fork: status %d\n", WEXITSTATUS(status));
}

int main(void)
{
	test_mutex();
	test_cond();
	test_barrier();
	test_semaphore();
	test_cancel();
	test_detached();
	test_signal();
	test_fork();
	return 0;
}
