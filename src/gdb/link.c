/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "gdb/link.h"

#include <stdlib.h>
#include <string.h>

enum { SUM_BYTES = 3, FIRST_ROOM = 8192 }; /* "#cc" */

void kd_gdb_link_init(struct kd_gdb_link *link, kd_gdb_answer *answer, void *opaque)
{
	memset(link, 0, sizeof(*link));
	link->answer = answer;
	link->opaque = opaque;
	kd_gdb_parser_init(&link->parser);
}

void kd_gdb_link_deinit(struct kd_gdb_link *link)
{
	free(link->queue);
	link->queue = NULL;
}

static bool grow(struct kd_gdb_link *link, size_t bytes)
{
	size_t room = link->room ? link->room : FIRST_ROOM;
	uint8_t *grown;

	while (room - link->size < bytes)
		room *= 2;
	if (room == link->room)
		return true;
	grown = realloc(link->queue, room);
	if (!grown)
		return false;
	link->queue = grown;
	link->room = room;
	return true;
}

void kd_gdb_link_reply(struct kd_gdb_link *link)
{
	kd_gdb_frame_end(&link->frame);
	if (!grow(link, link->frame.size)) {
		link->no_memory = link->over = true;
		return;
	}
	memcpy(link->queue + link->size, link->frame.bytes, link->frame.size);
	link->size += link->frame.size;
}

static void acknowledge(struct kd_gdb_link *link, char ack)
{
	if (!link->no_acks)
		link->acks[link->ack_count++] = ack;
}

/* The end of the frame that is not acknowledged: '#' is in no body. */
static size_t end_of_first(const struct kd_gdb_link *link)
{
	const uint8_t *from = link->queue + link->first;
	const uint8_t *sum = memchr(from, '#', link->size - link->first);

	return (size_t)(sum - link->queue) + SUM_BYTES;
}

static void answer(struct kd_gdb_link *link, const char *request, size_t bytes)
{
	enum kd_gdb_then then;

	link->size = link->first = link->sent = 0;
	acknowledge(link, '+');
	then = link->answer(link->opaque, request, bytes, link);
	link->no_acks |= then == KD_GDB_NO_MORE_ACKS;
	link->over |= then == KD_GDB_OVER;
}

static void take(struct kd_gdb_link *link, enum kd_gdb_event event)
{
	if (link->over && event != KD_GDB_ACK && event != KD_GDB_NAK && event != KD_GDB_MORE) {
		link->first = link->sent = link->size;
		return;
	}
	switch (event) {
	case KD_GDB_REQUEST:
		answer(link, link->parser.body, link->parser.size);
		break;
	case KD_GDB_OVERLONG:
		answer(link, NULL, 0);
		break;
	case KD_GDB_DAMAGED:
		/* nobody waits for a '-' any more, but for some answer */
		if (link->no_acks)
			answer(link, NULL, 0);
		acknowledge(link, '-');
		break;
	case KD_GDB_ACK:
		if (!link->no_acks && link->sent > link->first)
			link->first = link->sent;
		break;
	case KD_GDB_NAK:
		if (!link->no_acks)
			link->sent = link->first;
		break;
	case KD_GDB_INTERRUPT: /* nothing runs */
	case KD_GDB_MORE:
		break;
	}
}

static bool has_to_send(const struct kd_gdb_link *link)
{
	return link->ack_count ||
	       (link->sent < link->size && (link->no_acks || link->sent == link->first));
}

size_t kd_gdb_link_take(struct kd_gdb_link *link, const void *data, size_t bytes)
{
	const uint8_t *from = data;
	size_t taken = 0;

	while (taken < bytes && !has_to_send(link) && !kd_gdb_link_is_over(link))
		take(link, kd_gdb_parse(&link->parser, from[taken++]));
	return taken;
}

const void *kd_gdb_link_send(struct kd_gdb_link *link, size_t *bytes)
{
	const uint8_t *from;

	if (link->ack_count) {
		*bytes = link->ack_count;
		link->ack_count = 0;
		return link->acks;
	}
	if (!has_to_send(link))
		return NULL;
	from = link->queue + link->sent;
	link->sent = link->no_acks ? link->size : end_of_first(link);
	*bytes = (size_t)(link->queue + link->sent - from);
	return from;
}

bool kd_gdb_link_is_over(const struct kd_gdb_link *link)
{
	return link->over && (link->no_acks || link->no_memory || link->first == link->size);
}
