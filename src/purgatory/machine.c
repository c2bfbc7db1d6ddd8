/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The real machine under the purgatory: ports, memory-mapped registers, resets. */
#include <string.h>

#include "purgatory.h"

/* Filled in by the loader; in .data, so that it is part of the image. */
struct kd_purgatory_params kd_purgatory_params __attribute__((section(".data.params"))) = {0};

void kd_purgatory(const struct kd_purgatory_params *params);
void kd_purgatory_triple_fault(void) __attribute__((noreturn));

static uint8_t in(uint16_t port)
{
	uint8_t value;

	__asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
	return value;
}

static void out(uint16_t port, uint8_t value)
{
	__asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

void *kd_machine_memory(uint64_t paddr)
{
	return (void *)(uintptr_t)paddr; /* identity mapped */
}

uint8_t kd_machine_read(const struct kd_purgatory_uart *uart, uint64_t address)
{
	if (uart->kind == KD_UART_PORT)
		return in((uint16_t)address);
	if (uart->kind == KD_UART_MEMORY32)
		return (uint8_t) * (volatile const uint32_t *)(uintptr_t)address;
	return *(volatile const uint8_t *)(uintptr_t)address;
}

void kd_machine_write(const struct kd_purgatory_uart *uart, uint64_t address, uint8_t value)
{
	if (uart->kind == KD_UART_PORT)
		out((uint16_t)address, value);
	else if (uart->kind == KD_UART_MEMORY32)
		*(volatile uint32_t *)(uintptr_t)address = value;
	else
		*(volatile uint8_t *)(uintptr_t)address = value;
}

/* A write to port 0x80 takes about a microsecond on a PC: it goes out to the slowest bus. */
static void wait_ms(unsigned int ms)
{
	for (unsigned int i = 0; i < ms * 1000; i++)
		out(0x80, 0);
}

/* One way after the other; a machine without a part ignores the write to it. */
static void __attribute__((noreturn)) reset(void)
{
	wait_ms(3000);    /* for the UART to drain and a person to see it */
	out(0xcf9, 0x02); /* reset control register: a full reset, then go */
	out(0xcf9, 0x06);
	wait_ms(100);
	for (unsigned int i = 0; i < 65536 && in(0x64) & 2; i++)
		;
	out(0x64, 0xfe); /* keyboard controller: pulse the reset line */
	wait_ms(100);
	kd_purgatory_triple_fault();
}

void kd_purgatory(const struct kd_purgatory_params *params)
{
	if (params->filled != KD_PURGATORY_FILLED || !kd_purgatory_verify(params))
		reset();
	kd_purgatory_back_up(params);
}

/* What the compiler may call for struct copies and the like; there is no libc to have them from. */

void *memcpy(void *restrict to, const void *restrict from, size_t bytes)
{
	void *start = to;

	__asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(bytes) : : "memory");
	return start;
}

void *memset(void *to, int value, size_t bytes)
{
	void *start = to;

	__asm__ volatile("rep stosb" : "+D"(to), "+c"(bytes) : "a"(value) : "memory");
	return start;
}

void *memmove(void *to, const void *from, size_t bytes)
{
	uint8_t *out_byte = to;
	const uint8_t *in_byte = from;

	if (out_byte <= in_byte || out_byte >= in_byte + bytes)
		return memcpy(to, from, bytes);
	while (bytes--)
		out_byte[bytes] = in_byte[bytes];
	return to;
}

int memcmp(const void *a, const void *b, size_t bytes)
{
	const uint8_t *left = a, *right = b;

	for (; bytes; bytes--, left++, right++)
		if (*left != *right)
			return *left < *right ? -1 : 1;
	return 0;
}
