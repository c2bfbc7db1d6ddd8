/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "gdb/packet.h"

#include <string.h>

#include "base/format.h"

enum { ESCAPE = '}', FLIP = 0x20, NOT_A_DIGIT = 0x100, TAIL_BYTES = 3, TEXT_BYTES = 256 };

static const char digits[] = "0123456789abcdef";

static unsigned int digit(char c)
{
	if (c >= '0' && c <= '9')
		return (unsigned int)(c - '0');
	c |= FLIP;
	return c >= 'a' && c <= 'f' ? (unsigned int)(c - 'a' + 10) : NOT_A_DIGIT;
}

void kd_gdb_parser_init(struct kd_gdb_parser *parser)
{
	parser->state = KD_GDB_BETWEEN;
}

static enum kd_gdb_event begin(struct kd_gdb_parser *parser)
{
	parser->state = KD_GDB_IN_BODY;
	parser->escaped = false;
	parser->sum = 0;
	parser->claimed = parser->digits = 0;
	parser->travelled = parser->size = 0;
	return KD_GDB_MORE;
}

static enum kd_gdb_event between(uint8_t byte)
{
	switch (byte) {
	case '+':
		return KD_GDB_ACK;
	case '-':
		return KD_GDB_NAK;
	case 3:
		return KD_GDB_INTERRUPT;
	default:
		return KD_GDB_MORE;
	}
}

static void take_body(struct kd_gdb_parser *parser, uint8_t byte)
{
	parser->sum = (uint8_t)(parser->sum + byte);
	/* what is too long is only counted; so that it cannot wrap, not even that for ever */
	if (parser->travelled <= KD_GDB_BODY_BYTES)
		parser->travelled++;
	if (parser->travelled > KD_GDB_BODY_BYTES)
		return;
	if (byte == ESCAPE && !parser->escaped) {
		parser->escaped = true;
		return;
	}
	parser->body[parser->size++] = (char)(parser->escaped ? byte ^ FLIP : byte);
	parser->escaped = false;
}

static enum kd_gdb_event take_sum(struct kd_gdb_parser *parser, uint8_t byte)
{
	parser->claimed = parser->claimed << 4 | digit((char)byte);
	if (++parser->digits < 2)
		return KD_GDB_MORE;
	parser->state = KD_GDB_BETWEEN;
	if (parser->claimed != parser->sum)
		return KD_GDB_DAMAGED;
	if (parser->travelled > KD_GDB_BODY_BYTES)
		return KD_GDB_OVERLONG;
	if (parser->escaped)
		return KD_GDB_DAMAGED;
	parser->body[parser->size] = '\0';
	return KD_GDB_REQUEST;
}

enum kd_gdb_event kd_gdb_parse(struct kd_gdb_parser *parser, uint8_t byte)
{
	if (byte == '$')
		return begin(parser);
	switch (parser->state) {
	case KD_GDB_IN_BODY:
		if (byte == '#')
			parser->state = KD_GDB_IN_SUM;
		else
			take_body(parser, byte);
		return KD_GDB_MORE;
	case KD_GDB_IN_SUM:
		return take_sum(parser, byte);
	default:
		return between(byte);
	}
}

void kd_gdb_frame_begin(struct kd_gdb_frame *frame)
{
	frame->bytes[0] = '$';
	frame->size = 1;
	frame->full = false;
}

static size_t left(const struct kd_gdb_frame *frame)
{
	return sizeof(frame->bytes) - TAIL_BYTES - frame->size;
}

size_t kd_gdb_frame_room(const struct kd_gdb_frame *frame)
{
	return left(frame) / 2;
}

static bool is_special(uint8_t byte)
{
	return byte == '#' || byte == '$' || byte == '*' || byte == ESCAPE;
}

void kd_gdb_put_binary(struct kd_gdb_frame *frame, const void *data, size_t bytes)
{
	const uint8_t *from = data;

	for (size_t i = 0; i < bytes; i++) {
		bool special = is_special(from[i]);

		if (left(frame) < 1u + special) {
			frame->full = true;
			return;
		}
		if (special)
			frame->bytes[frame->size++] = ESCAPE;
		frame->bytes[frame->size++] = special ? from[i] ^ FLIP : from[i];
	}
}

void kd_gdb_put_hex(struct kd_gdb_frame *frame, const void *data, size_t bytes)
{
	const uint8_t *from = data;

	for (size_t i = 0; i < bytes; i++) {
		const char pair[2] = {digits[from[i] >> 4], digits[from[i] & 15]};

		if (left(frame) < sizeof(pair)) {
			frame->full = true;
			return;
		}
		kd_gdb_put_binary(frame, pair, sizeof(pair));
	}
}

void kd_gdb_put(struct kd_gdb_frame *frame, const char *format, ...)
{
	char text[TEXT_BYTES];
	va_list args;

	va_start(args, format);
	kd_vformat(text, sizeof(text), format, args);
	va_end(args);
	kd_gdb_put_binary(frame, text, strlen(text));
}

void kd_gdb_frame_end(struct kd_gdb_frame *frame)
{
	uint8_t sum = 0;

	for (size_t i = 1; i < frame->size; i++)
		sum = (uint8_t)(sum + frame->bytes[i]);
	frame->bytes[frame->size++] = '#';
	frame->bytes[frame->size++] = (uint8_t)digits[sum >> 4];
	frame->bytes[frame->size++] = (uint8_t)digits[sum & 15];
}

bool kd_gdb_number(const char **text, uint64_t *value)
{
	const char *at = *text;
	uint64_t number = 0;

	for (; digit(*at) != NOT_A_DIGIT; at++) {
		if (number >> 60)
			return false;
		number = number << 4 | digit(*at);
	}
	if (at == *text)
		return false;
	*text = at;
	*value = number;
	return true;
}

bool kd_gdb_from_hex(const char *text, void *data, size_t most, size_t *bytes)
{
	size_t count = strlen(text) / 2;
	uint8_t *to = data;

	if (strlen(text) % 2 || count > most)
		return false;
	for (size_t i = 0; i < count; i++) {
		unsigned int high = digit(text[2 * i]), low = digit(text[2 * i + 1]);

		if (high == NOT_A_DIGIT || low == NOT_A_DIGIT)
			return false;
		to[i] = (uint8_t)(high << 4 | low);
	}
	*bytes = count;
	return true;
}
