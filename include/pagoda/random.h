/* SPDX-License-Identifier: MIT */
/*
 * random.h - the random number generator: ChaCha20 under a key that boot and devices feed.
 *
 * No locks: usable in every context, on every CPU, from the first line of start_kernel(); but
 * what it gives is guessable until add_device_randomness() has been fed something that is not.
 */
#ifndef PAGODA_RANDOM_H
#define PAGODA_RANDOM_H

#include <pagoda/types.h>

#define CHACHA_BLOCK_SIZE 64
#define CHACHA_KEY_WORDS  8

/*
 * One block of the ChaCha20 key stream (RFC 8439, section 2.3). state: 4 constants, 8 words of
 * key, then counter and nonce, 4 words.
 */
void chacha20_block(const u32 state[16], u8 out[CHACHA_BLOCK_SIZE]);

void get_random_bytes(void *buf, size_t len);
u32 get_random_u32(void);
u64 get_random_u64(void);

/* Evenly distributed below ceil, which is not 0. */
u32 get_random_u32_below(u32 ceil);

/* Mixes bytes into the key: RDSEED, the TSC, what a user writes to /dev/random. */
void add_device_randomness(const void *buf, size_t len);

/* kernel/random.c: seeds the generator from RDSEED, RDRAND and the TSC; once, early at boot. */
void random_init(void);

#endif
