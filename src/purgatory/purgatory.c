/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Between two kernels.
 *
 * The first kernel is dead; whatever killed it may have written anywhere, into the reserved memory
 * too. The second kernel is about to run with all of the machine in its hands. So, in this order:
 *
 * 1. Every segment that was loaded is hashed and compared with the digest taken when it was loaded.
 *    A mismatch is reported on the first kernel's serial console, by the name of the segment, and the
 *    machine is reset: a damaged kernel that mounts a disk can destroy more than a dump is worth.
 *    Left out are the segments that change rightfully: this image (its own stack and data), the
 *    backup, and the core header where the first kernel updates it on CPU and memory hotplug.
 * 2. The first 640 KiB are copied to the backup, because the second kernel needs memory there
 *    (trampolines of its own CPUs, real-mode code) wherever it lies itself. The core header already
 *    points at the copy. This comes last, after the digests, and before anyone else runs.
 * 3. entry.S jumps to the second kernel.
 *
 * There is no libc, no interrupt, no SSE and no way to ask for memory here. Every loop that
 * depends on hardware is bounded.
 */
#include "purgatory.h"

#include <string.h>

#include "base/sha256.h"

/* 16550: transmit holding register, line status register, and its bit "transmitter empty". */
enum { UART_TRANSMIT = 0, UART_STATUS = 5, UART_EMPTY = 0x20, UART_PATIENCE = 100000 };

static void say_char(const struct kd_purgatory_uart *uart, char c)
{
	uint64_t status = uart->address + UART_STATUS * uart->register_step;

	for (unsigned int i = 0; i < UART_PATIENCE; i++)
		if (kd_machine_read(uart, status) & UART_EMPTY)
			break;
	kd_machine_write(uart, uart->address + UART_TRANSMIT * uart->register_step, (uint8_t)c);
}

static void say(const struct kd_purgatory_uart *uart, const char *text)
{
	if (uart->kind == KD_UART_NONE)
		return;
	for (; *text; text++) {
		if (*text == '\n')
			say_char(uart, '\r');
		say_char(uart, *text);
	}
}

static void say_digest(const struct kd_purgatory_uart *uart, const char *label,
		       const uint8_t digest[KD_SHA256_BYTES])
{
	char text[KD_SHA256_TEXT_BYTES];

	kd_sha256_text(digest, text);
	say(uart, label);
	say(uart, text);
	say(uart, "\n");
}

bool kd_purgatory_verify(const struct kd_purgatory_params *params)
{
	const struct kd_purgatory_uart *uart = &params->uart;
	bool sound = true;

	for (unsigned int i = 0; i < KD_PURGATORY_SEGMENTS; i++) {
		const struct kd_purgatory_segment *segment = &params->segments[i];
		uint8_t digest[KD_SHA256_BYTES];
		struct kd_sha256 hash;

		if (!segment->bytes)
			continue;
		kd_sha256_init(&hash);
		kd_sha256_update(&hash, kd_machine_memory(segment->paddr), segment->bytes);
		kd_sha256_final(&hash, digest);
		if (!memcmp(digest, segment->digest, sizeof(digest)))
			continue;
		sound = false;
		say(uart, "\nkdump: purgatory: the loaded ");
		say(uart, segment->name);
		say(uart, " was overwritten\n");
		say_digest(uart, "kdump: purgatory: SHA-256 when loaded ", segment->digest);
		say_digest(uart, "kdump: purgatory: SHA-256 now         ", digest);
	}
	if (!sound)
		say(uart, "kdump: purgatory: the second kernel is not entered; resetting\n");
	return sound;
}

void kd_purgatory_back_up(const struct kd_purgatory_params *params)
{
	if (params->backup_bytes)
		memcpy(kd_machine_memory(params->backup_destination),
		       kd_machine_memory(params->backup_source), params->backup_bytes);
}
