/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Registers of a thread, and memory as it sees it. */
#include <string.h>

#include "gdb/answers.h"

enum { MEMORY_BYTES = KD_GDB_BODY_BYTES / 2 };

static void put_register(struct kd_gdb_frame *frame, const struct kd_gdb_values *values, size_t i)
{
	size_t bytes = kd_gdb_registers[i].bits / 8;

	if (values->known[i]) /* of 8 bytes at most, and little-endian as their machine is */
		kd_gdb_put_hex(frame, &values->value[i], bytes);
	for (size_t j = 0; !values->known[i] && j < bytes; j++)
		kd_gdb_put(frame, "xx");
}

enum kd_gdb_then kd_gdb_answer_registers(struct kd_gdb_stub *stub, const char *rest,
					 struct kd_gdb_link *link)
{
	struct kd_gdb_values values;

	kd_gdb_thread_registers(stub->machine, stub->rank, &values, NULL);
	kd_gdb_frame_begin(&link->frame);
	for (size_t i = 0; i < KD_GDB_REGISTERS; i++)
		put_register(&link->frame, &values, i);
	kd_gdb_link_reply(link);
	return KD_GDB_GO_ON;
}

enum kd_gdb_then kd_gdb_answer_register(struct kd_gdb_stub *stub, const char *rest,
					struct kd_gdb_link *link)
{
	struct kd_gdb_values values;
	uint64_t number;

	if (!kd_gdb_number(&rest, &number) || number >= KD_GDB_REGISTERS)
		return kd_gdb_reply_error(link, KD_GDB_E_INVALID);
	kd_gdb_thread_registers(stub->machine, stub->rank, &values, NULL);
	kd_gdb_frame_begin(&link->frame);
	put_register(&link->frame, &values, (size_t)number);
	kd_gdb_link_reply(link);
	return KD_GDB_GO_ON;
}

static enum kd_gdb_error error_of(enum kd_status status)
{
	switch (status) {
	case KD_EXCLUDED:
		return KD_GDB_E_EXCLUDED;
	case KD_HOLE:
		return KD_GDB_E_HOLE;
	case KD_FAULT:
	case KD_NOTFOUND: /* no user space at all */
		return KD_GDB_E_FAULT;
	default:
		return KD_GDB_E_READ;
	}
}

/* "ADDRESS,LENGTH": what there is of it, in a form that takes up to two bytes for one. */
static enum kd_gdb_then send_memory(struct kd_gdb_stub *stub, const char *rest,
				    struct kd_gdb_link *link, const char *head,
				    void (*put)(struct kd_gdb_frame *, const void *, size_t))
{
	struct kd_err *fault = &stub->monitor.last_fault;
	uint8_t data[MEMORY_BYTES];
	uint64_t vaddr, length;
	size_t most, got = 0;
	enum kd_status status = KD_OK;

	kd_gdb_frame_begin(&link->frame);
	kd_gdb_put(&link->frame, "%s", head);
	most = kd_gdb_frame_room(&link->frame);
	if (!kd_gdb_parse_range(rest, &vaddr, &length))
		return kd_gdb_reply_error(link, KD_GDB_E_INVALID);
	if (length)
		status = kd_gdb_read(stub->machine, stub->rank, vaddr, data,
				     length < most ? (size_t)length : most, &got, fault);
	if (status)
		return kd_gdb_reply_error(link, error_of(status));
	put(&link->frame, data, got);
	kd_gdb_link_reply(link);
	return KD_GDB_GO_ON;
}

enum kd_gdb_then kd_gdb_answer_memory(struct kd_gdb_stub *stub, const char *rest,
				      struct kd_gdb_link *link)
{
	return send_memory(stub, rest, link, "", kd_gdb_put_hex);
}

enum kd_gdb_then kd_gdb_answer_memory_binary(struct kd_gdb_stub *stub, const char *rest,
					     struct kd_gdb_link *link)
{
	return send_memory(stub, rest, link, "b", kd_gdb_put_binary);
}
