/* SPDX-License-Identifier: GPL-2.0-or-later */
/* src/gdb: frames and the conversation, with nobody behind them. */
#include "test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gdb/link.h"

/* What comes of bytes, one event after the other. */
static void assert_events(const char *bytes, size_t count, const enum kd_gdb_event *events)
{
	struct kd_gdb_parser parser;

	kd_gdb_parser_init(&parser);
	for (size_t i = 0; i < count; i++) {
		enum kd_gdb_event event = kd_gdb_parse(&parser, (uint8_t)bytes[i]);

		if (event != KD_GDB_MORE)
			assert_int_equal(event, *events++);
	}
	assert_int_equal(*events, KD_GDB_MORE);
}

static void test_frames(void **state)
{
	static const struct {
		const char *bytes;
		enum kd_gdb_event events[4];
	} cases[] = {
		{"$#00", {KD_GDB_REQUEST}},
		{"$g#67", {KD_GDB_REQUEST}},
		{"+$g#67-", {KD_GDB_ACK, KD_GDB_REQUEST, KD_GDB_NAK}},
		{"\3$m0,4#FD", {KD_GDB_INTERRUPT, KD_GDB_REQUEST}},
		{"$m0,4#fd", {KD_GDB_REQUEST}},
		{"$g#68", {KD_GDB_DAMAGED}},
		{"$g#6x", {KD_GDB_DAMAGED}},
		{"$g#x7", {KD_GDB_DAMAGED}},
		{"noise$g#67noise", {KD_GDB_REQUEST}},
		/* begun anew */
		{"$m0,$g#67", {KD_GDB_REQUEST}},
		{"$m0,4#$g#67", {KD_GDB_REQUEST}},
		{"$m0,4#f$g#67", {KD_GDB_REQUEST}},
		/* '+' and '-' in a frame are of it */
		{"$+-#58", {KD_GDB_REQUEST}},
		/* ends within an escape */
		{"$}#7d", {KD_GDB_DAMAGED}},
		{"$g", {KD_GDB_MORE}},
		{"", {KD_GDB_MORE}},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		assert_events(cases[i].bytes, strlen(cases[i].bytes), cases[i].events);
}

/* Every byte, there and back; what ends a frame is not in it. */
static void test_escapes(void **state)
{
	static struct kd_gdb_frame frame;
	static struct kd_gdb_parser parser;
	enum kd_gdb_event event = KD_GDB_MORE;
	uint8_t all[256];

	for (int i = 0; i < 256; i++)
		all[i] = (uint8_t)i;
	kd_gdb_frame_begin(&frame);
	kd_gdb_put_binary(&frame, all, sizeof(all));
	kd_gdb_frame_end(&frame);
	assert_false(frame.full);
	assert_int_equal(frame.size, 1 + 256 + 4 + 3);
	assert_null(memchr(frame.bytes + 1, '$', frame.size - 1));
	assert_null(memchr(frame.bytes, '*', frame.size));
	assert_ptr_equal(memchr(frame.bytes, '#', frame.size), frame.bytes + frame.size - 3);
	kd_gdb_parser_init(&parser);
	for (size_t i = 0; i < frame.size; i++)
		event = kd_gdb_parse(&parser, frame.bytes[i]);
	assert_int_equal(event, KD_GDB_REQUEST);
	assert_int_equal(parser.size, sizeof(all));
	assert_memory_equal(parser.body, all, sizeof(all));
}

/* The longest body, one byte more, and many more. */
static void test_lengths(void **state)
{
	static const struct {
		size_t bytes;
		enum kd_gdb_event event;
	} cases[] = {
		{KD_GDB_BODY_BYTES, KD_GDB_REQUEST},
		{KD_GDB_BODY_BYTES + 1, KD_GDB_OVERLONG},
		{10 * KD_GDB_BODY_BYTES, KD_GDB_OVERLONG},
	};
	static struct kd_gdb_parser parser;

	kd_gdb_parser_init(&parser);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char tail[4];

		kd_gdb_parse(&parser, '$');
		for (size_t j = 0; j < cases[i].bytes; j++)
			assert_int_equal(kd_gdb_parse(&parser, 1), KD_GDB_MORE);
		snprintf(tail, sizeof(tail), "#%02x", (unsigned int)(cases[i].bytes & 0xff));
		kd_gdb_parse(&parser, (uint8_t)tail[0]);
		kd_gdb_parse(&parser, (uint8_t)tail[1]);
		assert_int_equal(kd_gdb_parse(&parser, (uint8_t)tail[2]), cases[i].event);
	}
	assert_int_equal(kd_gdb_parse(&parser, '+'), KD_GDB_ACK);
}

static void test_full_frames(void **state)
{
	static struct kd_gdb_frame frame;
	static uint8_t many[KD_GDB_BODY_BYTES];

	kd_gdb_frame_begin(&frame);
	assert_int_equal(kd_gdb_frame_room(&frame), KD_GDB_BODY_BYTES / 2);
	kd_gdb_put_hex(&frame, many, KD_GDB_BODY_BYTES / 2);
	assert_false(frame.full);
	kd_gdb_put_hex(&frame, many, 1);
	assert_true(frame.full);
	kd_gdb_frame_end(&frame);
	assert_int_equal(frame.size, KD_GDB_FRAME_BYTES);

	/* an escape is not cut in two */
	memset(many, '#', sizeof(many));
	kd_gdb_frame_begin(&frame);
	kd_gdb_put(&frame, "m");
	kd_gdb_put_binary(&frame, many, sizeof(many));
	assert_true(frame.full);
	kd_gdb_frame_end(&frame);
	assert_int_equal(frame.size, KD_GDB_FRAME_BYTES - 1);
}

static void test_numbers(void **state)
{
	static const struct {
		const char *text;
		bool good;
		uint64_t value;
		const char *rest;
	} cases[] = {
		{"0", true, 0, ""},
		{"fF,4", true, 0xff, ",4"},
		{"ffffffffffffffff", true, UINT64_MAX, ""},
		{"10000000000000000", false, 0, NULL},
		{"", false, 0, NULL},
		{"-1", false, 0, NULL},
		{",4", false, 0, NULL},
	};
	uint8_t data[4];
	size_t bytes;

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const char *text = cases[i].text;
		uint64_t value;

		assert_int_equal(kd_gdb_number(&text, &value), cases[i].good);
		if (cases[i].good) {
			assert_int_equal(value, cases[i].value);
			assert_string_equal(text, cases[i].rest);
		}
	}
	assert_true(kd_gdb_from_hex("00fFa1", data, sizeof(data), &bytes));
	assert_int_equal(bytes, 3);
	assert_memory_equal(data, "\0\xff\xa1", 3);
	assert_false(kd_gdb_from_hex("0", data, sizeof(data), &bytes));
	assert_false(kd_gdb_from_hex("0g", data, sizeof(data), &bytes));
	assert_false(kd_gdb_from_hex("0001020304", data, sizeof(data), &bytes));
}

/* Answers "2" with two frames, "end" with the end, "quiet" with no more acks, and the rest with itself. */
static enum kd_gdb_then echo(void *opaque, const char *request, size_t bytes,
			     struct kd_gdb_link *link)
{
	bool two = request && !strcmp(request, "2");

	++*(unsigned int *)opaque;
	for (int i = 0; i < 1 + two; i++) {
		kd_gdb_frame_begin(&link->frame);
		kd_gdb_put_binary(&link->frame, request ? request : "?", request ? bytes : 1);
		kd_gdb_link_reply(link);
	}
	return request && !strcmp(request, "end")     ? KD_GDB_OVER
	       : request && !strcmp(request, "quiet") ? KD_GDB_NO_MORE_ACKS
						      : KD_GDB_GO_ON;
}

/* What the link sends when these bytes come. */
static void assert_sent(struct kd_gdb_link *link, const char *bytes, const char *expected)
{
	char sent[4096] = "";
	size_t left = strlen(bytes), count, length = 0;
	const void *data;

	do {
		size_t taken = kd_gdb_link_take(link, bytes, left);

		bytes += taken;
		left -= taken;
		while ((data = kd_gdb_link_send(link, &count))) {
			assert_true(length + count < sizeof(sent));
			memcpy(sent + length, data, count);
			length += count;
			sent[length] = '\0';
		}
	} while (left && !kd_gdb_link_is_over(link));
	assert_string_equal(sent, expected);
}

static void test_conversation(void **state)
{
	static struct kd_gdb_link link;
	unsigned int answered = 0;

	kd_gdb_link_init(&link, echo, &answered);
	assert_sent(&link, "$g#67", "+$g#67");
	/* once more, and once more */
	assert_sent(&link, "-", "$g#67");
	assert_sent(&link, "--", "$g#67$g#67");
	assert_sent(&link, "+", "");
	assert_sent(&link, "-", ""); /* there is nothing */
	/* damaged: sent again by the other side */
	assert_sent(&link, "$g#66", "-");
	assert_sent(&link, "$g#67+", "+$g#67");
	/* two replies: the second follows the acknowledgement of the first */
	assert_sent(&link, "$2#32", "+$2#32");
	assert_sent(&link, "-", "$2#32");
	assert_sent(&link, "+", "$2#32");
	assert_sent(&link, "+", "");
	/* a new request before that */
	assert_sent(&link, "$2#32", "+$2#32");
	assert_sent(&link, "$g#67", "+$g#67");
	assert_sent(&link, "+", "");
	assert_sent(&link, "\3", "");
	assert_int_equal(answered, 5);

	/* the acknowledgement of its own reply is still on its way */
	assert_sent(&link, "$quiet#28", "+$quiet#28");
	assert_sent(&link, "+", "");
	assert_sent(&link, "$2#32", "$2#32$2#32");
	assert_sent(&link, "-", "");
	assert_sent(&link, "$g#66", "$?#3f");
	assert_sent(&link, "$end#37$g#67", "$end#37");
	assert_true(kd_gdb_link_is_over(&link));
	kd_gdb_link_deinit(&link);
}

/* The last reply is waited for, too: but not past a request that comes instead. */
static void test_end_with_acks(void **state)
{
	static const char *const after[] = {"+", "-+", "$g#67", "$g#66"};
	static const char *const sent[] = {"", "$end#37", "", ""};

	for (size_t i = 0; i < sizeof(after) / sizeof(*after); i++) {
		static struct kd_gdb_link link;
		unsigned int answered = 0;

		kd_gdb_link_init(&link, echo, &answered);
		assert_sent(&link, "$end#37", "+$end#37");
		assert_false(kd_gdb_link_is_over(&link));
		assert_sent(&link, after[i], sent[i]);
		assert_true(kd_gdb_link_is_over(&link));
		assert_int_equal(answered, 1);
		kd_gdb_link_deinit(&link);
	}
}

/* More replies than fit what the queue has at first. */
static void test_long_queue(void **state)
{
	static struct kd_gdb_link link;
	static char request[KD_GDB_FRAME_BYTES + 1];
	unsigned int answered = 0;
	size_t bytes;

	kd_gdb_link_init(&link, echo, &answered);
	memset(request, 0, sizeof(request));
	request[0] = '$';
	memset(request + 1, 'a', KD_GDB_BODY_BYTES);
	snprintf(request + 1 + KD_GDB_BODY_BYTES, 4, "#%02x",
		 (unsigned int)('a' * KD_GDB_BODY_BYTES & 0xff));
	assert_int_equal(kd_gdb_link_take(&link, request, strlen(request)), strlen(request));
	assert_memory_equal(kd_gdb_link_send(&link, &bytes), "+", 1);
	assert_memory_equal(kd_gdb_link_send(&link, &bytes), request, strlen(request));
	assert_int_equal(bytes, strlen(request));
	assert_null(kd_gdb_link_send(&link, &bytes));
	kd_gdb_link_deinit(&link);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_frames),        cmocka_unit_test(test_escapes),
		cmocka_unit_test(test_lengths),       cmocka_unit_test(test_full_frames),
		cmocka_unit_test(test_numbers),       cmocka_unit_test(test_conversation),
		cmocka_unit_test(test_end_with_acks), cmocka_unit_test(test_long_queue),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
