// SPDX-License-Identifier: MIT
/*
 * kernel/lib/random.c - random bytes for the kernel and for getrandom(2).
 *
 * Every request takes a number that no other has, by one atomic add, and reads the ChaCha20
 * stream of (key, that number): no lock, so any context on any CPU may ask. Whoever reads
 * while another mixes sees some words of the old key and some of the new: a key as good as
 * either. Unlike Linux, the key is not replaced after each request; reading the kernel's
 * memory tells earlier outputs.
 */
#include <pagoda/atomic.h>
#include <pagoda/compiler.h>
#include <pagoda/random.h>
#include <pagoda/string.h>

static u32 key[CHACHA_KEY_WORDS];
static atomic64_t requests;

/* The start of a stream that nobody else gets. */
static void new_stream(u32 state[16])
{
	u64 nonce = atomic64_inc_return(&requests);

	memcpy(state, "expand 32-byte k", 16);
	for (int i = 0; i < CHACHA_KEY_WORDS; i++)
		state[4 + i] = READ_ONCE(key[i]);
	state[12] = 0;
	state[13] = 0;
	state[14] = lower_32_bits(nonce);
	state[15] = upper_32_bits(nonce);
}

void get_random_bytes(void *buf, size_t len)
{
	u8 block[CHACHA_BLOCK_SIZE], *out = buf;
	u32 state[16];

	new_stream(state);
	while (len) {
		size_t n = min(len, sizeof(block));

		chacha20_block(state, block);
		memcpy(out, block, n);
		out += n;
		len -= n;
		if (!++state[12])
			state[13]++;
	}
	memzero_explicit(block, sizeof(block));
	memzero_explicit(state, sizeof(state));
}

u32 get_random_u32(void)
{
	u32 v;

	get_random_bytes(&v, sizeof(v));
	return v;
}

u64 get_random_u64(void)
{
	u64 v;

	get_random_bytes(&v, sizeof(v));
	return v;
}

/* Draws again in the last, incomplete run of ceil values: otherwise low ones come more often. */
u32 get_random_u32_below(u32 ceil)
{
	u32 incomplete = -ceil % ceil, v;

	do {
		v = get_random_u32();
	} while (v < incomplete);
	return v % ceil;
}

/*
 * Each 32 bytes are put over the key of a fresh stream, and what that stream begins with is
 * added to the real key by exclusive or: knowing the bytes does not undo it, and the same
 * bytes twice do not cancel out.
 */
void add_device_randomness(const void *buf, size_t len)
{
	const u8 *in = buf;

	while (len) {
		u32 state[16], chunk[CHACHA_KEY_WORDS] = {0};
		u32 block[CHACHA_BLOCK_SIZE / sizeof(u32)];
		size_t n = min(len, sizeof(chunk));

		memcpy(chunk, in, n);
		new_stream(state);
		for (int i = 0; i < CHACHA_KEY_WORDS; i++)
			state[4 + i] ^= chunk[i];
		chacha20_block(state, (u8 *)block);
		for (int i = 0; i < CHACHA_KEY_WORDS; i++)
			__atomic_fetch_xor(&key[i], block[i], __ATOMIC_RELAXED);
		in += n;
		len -= n;
		memzero_explicit(block, sizeof(block));
		memzero_explicit(state, sizeof(state));
	}
}
