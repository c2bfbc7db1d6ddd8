/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Any bytes from gdb: what is answered with the request itself comes out of the frames that are sent as it went in, and
 * every frame that is sent is whole. And any bytes as a reply survive their frame.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "gdb/link.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct other_end {
	char request[KD_GDB_BODY_BYTES + 1]; /* that was answered last */
	size_t bytes;
	unsigned int replies;
};

static enum kd_gdb_then answer(void *opaque, const char *request, size_t bytes,
			       struct kd_gdb_link *link)
{
	struct other_end *end = opaque;

	end->bytes = request ? bytes : 0;
	memcpy(end->request, request ? request : "", end->bytes);
	end->replies = request && bytes ? (uint8_t)request[0] % 3 : 1;
	for (unsigned int i = 0; i < end->replies; i++) {
		kd_gdb_frame_begin(&link->frame);
		kd_gdb_put_binary(&link->frame, end->request, end->bytes);
		if (link->frame.full)
			end->bytes = SIZE_MAX; /* '*' is escaped in replies alone */
		kd_gdb_link_reply(link);
	}
	return bytes && request && request[0] == 'q'   ? KD_GDB_NO_MORE_ACKS
	       : bytes && request && request[0] == 'k' ? KD_GDB_OVER
						       : KD_GDB_GO_ON;
}

/* '+' and '-', or whole frames with what was asked for. */
static void check_sent(const struct other_end *end, const uint8_t *sent, size_t size)
{
	static struct kd_gdb_parser parser;

	kd_gdb_parser_init(&parser);
	for (size_t i = 0; i < size; i++) {
		enum kd_gdb_event event = kd_gdb_parse(&parser, sent[i]);

		if (event == KD_GDB_DAMAGED || event == KD_GDB_OVERLONG)
			abort();
		if (event == KD_GDB_REQUEST && end->bytes != SIZE_MAX &&
		    (parser.size != end->bytes || memcmp(parser.body, end->request, end->bytes)))
			abort();
	}
	if (parser.state != KD_GDB_BETWEEN)
		abort();
}

static void check_frame(const uint8_t *data, size_t size)
{
	static struct kd_gdb_parser parser;
	static struct kd_gdb_frame frame;
	enum kd_gdb_event event = KD_GDB_MORE;

	kd_gdb_frame_begin(&frame);
	kd_gdb_put_binary(&frame, data, size);
	kd_gdb_frame_end(&frame);
	if (frame.size > sizeof(frame.bytes))
		abort();
	kd_gdb_parser_init(&parser);
	for (size_t i = 0; i < frame.size; i++)
		event = kd_gdb_parse(&parser, frame.bytes[i]);
	if (event != KD_GDB_REQUEST || parser.size > size ||
	    memcmp(parser.body, data, parser.size) || (!frame.full && parser.size != size))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct kd_gdb_link link;
	static struct other_end end;
	const void *sent;
	size_t bytes;

	check_frame(data, size);
	kd_gdb_link_init(&link, answer, &end);
	while (size && !kd_gdb_link_is_over(&link)) {
		/* in pieces, of lengths that the bytes themselves tell */
		size_t piece = 1 + data[0] % 16;
		size_t taken = kd_gdb_link_take(&link, data, piece < size ? piece : size);

		if (!taken)
			abort();
		data += taken;
		size -= taken;
		while ((sent = kd_gdb_link_send(&link, &bytes)))
			check_sent(&end, sent, bytes);
	}
	kd_gdb_link_deinit(&link);
	return 0;
}
