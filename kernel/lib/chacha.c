// SPDX-License-Identifier: MIT
/*
 * kernel/lib/chacha.c - the ChaCha20 block function, RFC 8439 section 2.3.
 */
#include <pagoda/bitops.h>
#include <pagoda/random.h>
#include <pagoda/string.h>

static inline void quarter_round(u32 *a, u32 *b, u32 *c, u32 *d)
{
	*a += *b, *d = rol32(*d ^ *a, 16);
	*c += *d, *b = rol32(*b ^ *c, 12);
	*a += *b, *d = rol32(*d ^ *a, 8);
	*c += *d, *b = rol32(*b ^ *c, 7);
}

void chacha20_block(const u32 state[16], u8 out[CHACHA_BLOCK_SIZE])
{
	u32 x[16];

	memcpy(x, state, sizeof(x));
	for (int i = 0; i < 10; i++) {
		quarter_round(&x[0], &x[4], &x[8], &x[12]);
		quarter_round(&x[1], &x[5], &x[9], &x[13]);
		quarter_round(&x[2], &x[6], &x[10], &x[14]);
		quarter_round(&x[3], &x[7], &x[11], &x[15]);

		quarter_round(&x[0], &x[5], &x[10], &x[15]);
		quarter_round(&x[1], &x[6], &x[11], &x[12]);
		quarter_round(&x[2], &x[7], &x[8], &x[13]);
		quarter_round(&x[3], &x[4], &x[9], &x[14]);
	}
	for (int i = 0; i < 16; i++)
		x[i] += state[i];
	memcpy(out, x, sizeof(x)); /* little-endian words, as this machine's are */
}
