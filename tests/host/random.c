// SPDX-License-Identifier: MIT
/*
 * tests/host/random.c - ChaCha20 against the RFC's vector, and properties of what stands on it.
 */
#include <pagoda/bitops.h>
#include <pagoda/random.h>
#include <pagoda/string.h>
#include "test.h"

/* RFC 8439, section 2.3.2: key 00..1f, counter 1, nonce 00:00:00:09:00:00:00:4a:00:00:00:00. */
static void rfc_vector(void)
{
	static const u8 want[64] = {
		0x10, 0xf1, 0xe7, 0xe4, 0xd1, 0x3b, 0x59, 0x15, 0x50, 0x0f, 0xdd, 0x1f, 0xa3,
		0x20, 0x71, 0xc4, 0xc7, 0xd1, 0xf4, 0xc7, 0x33, 0xc0, 0x68, 0x03, 0x04, 0x22,
		0xaa, 0x9a, 0xc3, 0xd4, 0x6c, 0x4e, 0xd2, 0x82, 0x64, 0x46, 0x07, 0x9f, 0xaa,
		0x09, 0x14, 0xc2, 0xd7, 0x05, 0xd9, 0x8b, 0x02, 0xa2, 0xb5, 0x12, 0x9c, 0xd1,
		0xde, 0x16, 0x4e, 0xb9, 0xcb, 0xd0, 0x83, 0xe8, 0xa2, 0x50, 0x3c, 0x4e,
	};
	u32 state[16] = {0x61707865, 0x3320646e, 0x79622d32, 0x6b206574};
	u8 out[64];

	for (int i = 0; i < 32; i++)
		state[4 + i / 4] |= (u32)i << (8 * (i % 4));
	state[12] = 1;
	state[13] = 0x09000000;
	state[14] = 0x4a000000;
	chacha20_block(state, out);
	CHECK(!memcmp(out, want, 64));
}

/* Requests never repeat, and fill exactly what they are asked to. */
static void requests(void)
{
	u8 a[200], b[200];

	for (size_t n = 0; n < 190; n++) {
		memset(a, 0, sizeof(a));
		memset(b, 0, sizeof(b));
		get_random_bytes(a, n);
		get_random_bytes(b, n);
		CHECK(n < 8 || memcmp(a, b, n));
		CHECK(!memchr_inv(a + n, 0, sizeof(a) - n));
		CHECK(n < 16 || memchr_inv(a + n - 8, 0, 8));
	}
}

/* 64000 bits: half of them set, within 8 standard deviations (of 126). */
static void balance(void)
{
	long ones = 0;

	for (int i = 0; i < 1000; i++)
		ones += hweight64(get_random_u64());
	CHECK(ones > 31000 && ones < 33000);
	CHECK(get_random_u32() != get_random_u32() || get_random_u32() != get_random_u32());
}

static void below(void)
{
	u32 count[7] = {0};

	for (int i = 0; i < 7000; i++)
		count[get_random_u32_below(7)]++;
	for (int i = 0; i < 7; i++)
		CHECK(count[i] > 700 && count[i] < 1300);
	for (int i = 0; i < 100; i++) {
		CHECK_EQ(get_random_u32_below(1), 0);
		CHECK(get_random_u32_below(0x80000001) <= 0x80000000);
	}
}

static void mixing(void)
{
	u8 input[100] = {1};
	u64 first = get_random_u64();

	for (size_t n = 0; n <= sizeof(input); n++)
		add_device_randomness(input, n);
	CHECK(get_random_u64() != first);
}

int main(void)
{
	RUN(rfc_vector);
	RUN(requests);
	RUN(balance);
	RUN(below);
	RUN(mixing);
	return 0;
}
