/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The purgatory's work, hosted: its own source with a machine of this test's under it, on images that
 * the loader filled in.
 */
#include "test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "load/digest.h"
#include "load/purgatory_image.h"
#include "purgatory/purgatory.h"

enum { MEMORY_BYTES = 1 << 20, SAID_BYTES = 4096 };

static uint8_t memory[MEMORY_BYTES];
static char said[SAID_BYTES];
static size_t said_bytes;
static unsigned int polls;
static bool uart_is_dead;

void *kd_machine_memory(uint64_t paddr)
{
	assert_true(paddr < MEMORY_BYTES);
	return memory + paddr;
}

uint8_t kd_machine_read(const struct kd_purgatory_uart *uart, uint64_t address)
{
	assert_int_equal(address, uart->address + 5 * uart->register_step);
	polls++;
	/* empty only every other time, so that it must be asked */
	return uart_is_dead || polls % 2 ? 0 : 0x20;
}

void kd_machine_write(const struct kd_purgatory_uart *uart, uint64_t address, uint8_t value)
{
	assert_int_equal(address, uart->address);
	assert_true(uart_is_dead || polls % 2 == 0);
	if (said_bytes < sizeof(said) - 1)
		said[said_bytes++] = (char)value;
	said[said_bytes] = '\0';
}

/* Three segments in memory, as a load leaves them, and the parameters for them. */
static struct kd_load_image image = {
	.segments =
		{
			{"kernel", memory + 0x1000, 0x5000, 0x1000, 0x8000, true},
			{"core header", memory + 0x9000, 0x1000, 0x9000, 0x1000, false},
			{"initrd", memory + 0xa001, 0x1234, 0xa001, 0x2000, true},
			{"first 640 KiB", NULL, 0, 0x20000, 0xa0000, false},
		},
	.segment_count = 4,
};

static void prepare(struct kd_purgatory_params *params)
{
	for (size_t i = 0; i < sizeof(memory); i++)
		memory[i] = (uint8_t)(i * 31 + i / 4096);
	*params = (struct kd_purgatory_params){.uart = {KD_UART_PORT, 1, 0x3f8}};
	kd_purgatory_digest(&image, params);
	said_bytes = polls = 0;
	said[0] = '\0';
	uart_is_dead = false;
}

static void test_sound(void **state)
{
	struct kd_purgatory_params params;

	prepare(&params);
	memory[0x9010] ^= 1; /* the kernel changes the core header rightfully */
	memory[0x7000] ^= 1; /* behind the data: the kernel's own zeros */
	assert_true(kd_purgatory_verify(&params));
	assert_string_equal(said, "");
}

static void test_overwritten(void **state)
{
	static const struct {
		uint64_t paddr;
		const char *name;
	} cases[] = {
		{0x1000, "kernel"}, {0x5fff, "kernel"}, {0xa001, "initrd"}, {0xb234, "initrd"}};
	struct kd_purgatory_params params;

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char line[64], before[65], now[65];
		const char *at;

		prepare(&params);
		memory[cases[i].paddr] ^= 0x40;
		assert_false(kd_purgatory_verify(&params));
		snprintf(line, sizeof(line), "the loaded %s was overwritten\r\n", cases[i].name);
		assert_non_null(strstr(said, line));
		at = strstr(said, "SHA-256 when loaded ");
		assert_non_null(at);
		assert_int_equal(sscanf(at, "SHA-256 when loaded %64s", before), 1);
		at = strstr(said, "SHA-256 now ");
		assert_non_null(at);
		assert_int_equal(sscanf(at, "SHA-256 now %64s", now), 1);
		assert_int_equal(strlen(before), 64);
		assert_string_not_equal(before, now);
		assert_non_null(strstr(said, "not entered; resetting"));
	}
}

static void test_a_dead_uart_costs_nothing(void **state)
{
	struct kd_purgatory_params params;

	prepare(&params);
	uart_is_dead = true;
	memory[0x1000] ^= 1;
	assert_false(kd_purgatory_verify(&params));
	assert_true(polls > 0); /* bounded, or this would never be reached */

	prepare(&params);
	params.uart.kind = KD_UART_NONE;
	memory[0x1000] ^= 1;
	assert_false(kd_purgatory_verify(&params));
	assert_int_equal(polls, 0);
	assert_string_equal(said, "");
}

static void test_backup(void **state)
{
	struct kd_purgatory_params params;
	uint8_t low[0x8000];

	prepare(&params);
	memcpy(low, memory, sizeof(low));
	params.backup_destination = 0x40000;
	kd_purgatory_back_up(&params); /* of no bytes */
	assert_memory_not_equal(memory + 0x40000, low, sizeof(low));
	params.backup_bytes = sizeof(low);
	kd_purgatory_back_up(&params);
	assert_memory_equal(memory + 0x40000, low, sizeof(low));
	assert_memory_equal(memory, low, sizeof(low));
}

/* What the build made: a jump, the magic, and room for the parameters inside the image. */
static void test_built_image(void **state)
{
	struct kd_purgatory_header header;
	struct kd_purgatory_params *params;
	uint64_t memory_bytes;
	struct kd_err err;
	size_t bytes;
	void *copy;

	memcpy(&header, kd_purgatory_image, sizeof(header));
	assert_int_equal(header.magic, KD_PURGATORY_MAGIC);
	assert_true(header.entry[0] == 0xe9 || header.entry[0] == 0xeb);
	assert_int_equal(header.params_offset % 8, 0);
	assert_true(header.params_offset + sizeof(*params) <= kd_purgatory_image_bytes);
	assert_true(header.memory_bytes > kd_purgatory_image_bytes);
	assert_int_equal(header.memory_bytes % 4096, 0);
	for (size_t i = 0; i < sizeof(*params); i++)
		assert_int_equal(kd_purgatory_image[header.params_offset + i], 0);

	assert_int_equal(kd_purgatory_copy(&copy, &bytes, &memory_bytes, &params, &err), KD_OK);
	assert_int_equal(memory_bytes, header.memory_bytes);
	assert_ptr_equal(params, (uint8_t *)copy + header.params_offset);
	assert_int_equal(params->filled, KD_PURGATORY_FILLED);
	free(copy);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sound),
		cmocka_unit_test(test_overwritten),
		cmocka_unit_test(test_a_dead_uart_costs_nothing),
		cmocka_unit_test(test_backup),
		cmocka_unit_test(test_built_image),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
