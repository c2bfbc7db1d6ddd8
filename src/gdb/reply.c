/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "gdb/reply.h"

#include <string.h>

enum kd_gdb_then kd_gdb_reply_text(struct kd_gdb_link *link, const char *text)
{
	kd_gdb_frame_begin(&link->frame);
	kd_gdb_put(&link->frame, "%s", text);
	kd_gdb_link_reply(link);
	return KD_GDB_GO_ON;
}

enum kd_gdb_then kd_gdb_reply_error(struct kd_gdb_link *link, enum kd_gdb_error error)
{
	kd_gdb_frame_begin(&link->frame);
	kd_gdb_put(&link->frame, "E%02x", error);
	kd_gdb_link_reply(link);
	return KD_GDB_GO_ON;
}

void kd_gdb_reply_console(struct kd_gdb_link *link, const char *text, size_t bytes)
{
	while (bytes) {
		size_t piece;

		kd_gdb_frame_begin(&link->frame);
		kd_gdb_put(&link->frame, "O");
		piece = kd_gdb_frame_room(&link->frame);
		if (piece > bytes)
			piece = bytes;
		kd_gdb_put_hex(&link->frame, text, piece);
		kd_gdb_link_reply(link);
		text += piece;
		bytes -= piece;
	}
}

enum kd_gdb_then kd_gdb_reply_stopped(struct kd_gdb_link *link, size_t rank)
{
	kd_gdb_frame_begin(&link->frame);
	kd_gdb_put(&link->frame, "T00thread:%zx;", rank + 1);
	kd_gdb_link_reply(link);
	return KD_GDB_GO_ON;
}

bool kd_gdb_parse_range(const char *rest, uint64_t *first, uint64_t *second)
{
	return kd_gdb_number(&rest, first) && *rest++ == ',' && kd_gdb_number(&rest, second) &&
	       !*rest;
}

enum kd_gdb_then kd_gdb_reply_part(struct kd_gdb_link *link, const char *document, const char *rest)
{
	uint64_t offset, length, left = strlen(document);
	struct kd_gdb_frame *frame = &link->frame;

	if (!kd_gdb_parse_range(rest, &offset, &length) || offset > left)
		return kd_gdb_reply_error(link, KD_GDB_E_INVALID);
	left -= offset;
	kd_gdb_frame_begin(frame);
	if (length > kd_gdb_frame_room(frame) - 1)
		length = kd_gdb_frame_room(frame) - 1;
	kd_gdb_put(frame, left > length ? "m" : "l");
	kd_gdb_put_binary(frame, document + offset, (size_t)(left < length ? left : length));
	kd_gdb_link_reply(link);
	return KD_GDB_GO_ON;
}
