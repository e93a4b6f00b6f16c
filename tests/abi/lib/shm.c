// SPDX-License-Identifier: MIT
/*
 * lib/shm.c - see lib/shm.h.
 */
#include <fcntl.h>
#include <stdio.h>

#include "lib/shm.h"
#include "lib/test.h"

int shm_new(size_t size)
{
	return EXPECT_OK(raw_shmget(IPC_PRIVATE, size, 0600));
}

void shm_drop(int id)
{
	EXPECT_OK(raw_shmctl(id, IPC_RMID, 0));
}

int shm_free_key(void)
{
	int key = 0x50a90da0;

	while (raw_shmget(key, 0, 0) != -ENOENT)
		key++;
	return key;
}

long shm_attached(int id)
{
	struct shmid_ds ds;

	EXPECT_OK(raw_shmctl(id, IPC_STAT, &ds));
	return ds.shm_nattch;
}

void shm_sysctl(const char *name, unsigned long value)
{
	char path[64], text[32];
	int fd, len = snprintf(text, sizeof(text), "%lu\n", value);

	snprintf(path, sizeof(path), "/proc/sys/kernel/%s", name);
	fd = EXPECT_OK(raw_open(path, O_WRONLY, 0));
	EXPECT_EQ(raw_write(fd, text, len), len);
	raw_close(fd);
}
