/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One table: what a request begins with, and who answers it. What no row begins is answered with nothing, which means
 * that it is not supported; gdb then does without, or tries something else.
 *
 * The dead cannot be changed, and gdb is told so where it listens. Registers: the text of an error reply is shown.
 * Resuming: a line of console output, and the thread has stopped again, with no signal, for after SIGTRAP a `step` would go on
 * stepping through its line. Memory and breakpoints: gdb says no more than that the memory cannot be accessed, so the
 * reason goes to the log as well, which gdb shows when it runs the stub itself (its standard error).
 */
#include "gdb/stub.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/file.h"
#include "host/system.h"

enum { MONITOR_BYTES = 1024, MEMORY_BYTES = KD_GDB_BODY_BYTES / 2 };

static const char dead[] = "a dump cannot be changed or run: this system is dead";

typedef enum kd_gdb_then answer(struct kd_gdb_stub *stub, const char *rest,
				struct kd_gdb_link *link);

/* Replies. */

static enum kd_gdb_then reply(struct kd_gdb_link *link, const char *text)
{
	kd_gdb_frame_begin(&link->frame);
	kd_gdb_put(&link->frame, "%s", text);
	kd_gdb_link_reply(link);
	return KD_GDB_GO_ON;
}

static enum kd_gdb_then reply_error(struct kd_gdb_link *link, enum kd_gdb_error error)
{
	kd_gdb_frame_begin(&link->frame);
	kd_gdb_put(&link->frame, "E%02x", error);
	kd_gdb_link_reply(link);
	return KD_GDB_GO_ON;
}

/* Text for gdb's user, in as many frames as it takes. */
static void reply_console(struct kd_gdb_link *link, const char *text, size_t bytes)
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

static enum kd_gdb_then reply_stopped(struct kd_gdb_link *link, size_t rank)
{
	kd_gdb_frame_begin(&link->frame);
	kd_gdb_put(&link->frame, "T00thread:%zx;", rank + 1);
	kd_gdb_link_reply(link);
	return KD_GDB_GO_ON;
}

/* Arguments. */

/* A thread's id: 0 (any) and -1 (all) are the one that requests are about. */
static bool parse_thread(const struct kd_gdb_stub *stub, const char **rest, size_t *rank)
{
	uint64_t id;

	if (!strncmp(*rest, "-1", 2)) {
		*rest += 2;
		*rank = stub->rank;
		return true;
	}
	if (!kd_gdb_number(rest, &id) || id > stub->machine->count)
		return false;
	*rank = id ? (size_t)id - 1 : stub->rank;
	return true;
}

/* "A,B": two numbers, and nothing behind them. */
static bool parse_range(const char *rest, uint64_t *first, uint64_t *second)
{
	return kd_gdb_number(&rest, first) && *rest++ == ',' && kd_gdb_number(&rest, second) &&
	       !*rest;
}

/* What and how. */

static enum kd_gdb_then answer_supported(struct kd_gdb_stub *stub, const char *rest,
					 struct kd_gdb_link *link)
{
	kd_gdb_frame_begin(&link->frame);
	kd_gdb_put(&link->frame,
		   "PacketSize=%x;QStartNoAckMode+;qXfer:features:read+;qXfer:threads:read+;"
		   "binary-upload+",
		   KD_GDB_BODY_BYTES);
	kd_gdb_link_reply(link);
	return KD_GDB_GO_ON;
}

static enum kd_gdb_then answer_no_acks(struct kd_gdb_stub *stub, const char *rest,
				       struct kd_gdb_link *link)
{
	reply(link, "OK");
	return KD_GDB_NO_MORE_ACKS;
}

static enum kd_gdb_then answer_ok(struct kd_gdb_stub *stub, const char *rest,
				  struct kd_gdb_link *link)
{
	return reply(link, "OK");
}

static enum kd_gdb_then answer_attached(struct kd_gdb_stub *stub, const char *rest,
					struct kd_gdb_link *link)
{
	return reply(link, "1"); /* so that gdb detaches at the end, rather than kills */
}

static enum kd_gdb_then answer_nothing(struct kd_gdb_stub *stub, const char *rest,
				       struct kd_gdb_link *link)
{
	return reply(link, "");
}

static enum kd_gdb_then answer_resumptions(struct kd_gdb_stub *stub, const char *rest,
					   struct kd_gdb_link *link)
{
	return reply(link, "vCont;c;C;s;S"); /* else gdb asks for s and c, which name no thread */
}

static enum kd_gdb_then answer_end(struct kd_gdb_stub *stub, const char *rest,
				   struct kd_gdb_link *link)
{
	reply(link, "OK");
	return KD_GDB_OVER;
}

static enum kd_gdb_then answer_kill(struct kd_gdb_stub *stub, const char *rest,
				    struct kd_gdb_link *link)
{
	return KD_GDB_OVER;
}

/* A document, "OFFSET,LENGTH" of it. */
static enum kd_gdb_then send_part(struct kd_gdb_link *link, const char *document, const char *rest)
{
	uint64_t offset, length, left = strlen(document);
	struct kd_gdb_frame *frame = &link->frame;

	if (!parse_range(rest, &offset, &length) || offset > left)
		return reply_error(link, KD_GDB_E_INVALID);
	left -= offset;
	kd_gdb_frame_begin(frame);
	if (length > kd_gdb_frame_room(frame) - 1)
		length = kd_gdb_frame_room(frame) - 1;
	kd_gdb_put(frame, left > length ? "m" : "l");
	kd_gdb_put_binary(frame, document + offset, (size_t)(left < length ? left : length));
	kd_gdb_link_reply(link);
	return KD_GDB_GO_ON;
}

static enum kd_gdb_then answer_features(struct kd_gdb_stub *stub, const char *rest,
					struct kd_gdb_link *link)
{
	return send_part(link, stub->target_xml, rest);
}

static enum kd_gdb_then answer_threads_xml(struct kd_gdb_stub *stub, const char *rest,
					   struct kd_gdb_link *link)
{
	return send_part(link, stub->threads_xml, rest);
}

/* Threads. */

static enum kd_gdb_then answer_stopped(struct kd_gdb_stub *stub, const char *rest,
				       struct kd_gdb_link *link)
{
	return reply_stopped(link, stub->rank);
}

static enum kd_gdb_then answer_current(struct kd_gdb_stub *stub, const char *rest,
				       struct kd_gdb_link *link)
{
	kd_gdb_frame_begin(&link->frame);
	kd_gdb_put(&link->frame, "QC%zx", stub->rank + 1);
	kd_gdb_link_reply(link);
	return KD_GDB_GO_ON;
}

static enum kd_gdb_then answer_more_threads(struct kd_gdb_stub *stub, const char *rest,
					    struct kd_gdb_link *link)
{
	const char *before = "m";

	if (stub->next_thread == stub->machine->count)
		return reply(link, "l");
	kd_gdb_frame_begin(&link->frame);
	while (stub->next_thread < stub->machine->count && kd_gdb_frame_room(&link->frame) > 16) {
		kd_gdb_put(&link->frame, "%s%zx", before, ++stub->next_thread);
		before = ",";
	}
	kd_gdb_link_reply(link);
	return KD_GDB_GO_ON;
}

static enum kd_gdb_then answer_first_threads(struct kd_gdb_stub *stub, const char *rest,
					     struct kd_gdb_link *link)
{
	stub->next_thread = 0;
	return answer_more_threads(stub, rest, link);
}

static enum kd_gdb_then answer_thread_text(struct kd_gdb_stub *stub, const char *rest,
					   struct kd_gdb_link *link)
{
	char name[KD_COMM_BYTES], text[KD_GDB_NAME_BYTES];
	size_t rank;

	if (!parse_thread(stub, &rest, &rank))
		return reply_error(link, KD_GDB_E_INVALID);
	kd_gdb_thread_name(stub->machine, rank, name);
	kd_gdb_thread_text(stub->machine, rank, text);
	kd_gdb_frame_begin(&link->frame);
	kd_gdb_put_hex(&link->frame, name, strlen(name));
	kd_gdb_put_hex(&link->frame, ": ", 2);
	kd_gdb_put_hex(&link->frame, text, strlen(text));
	kd_gdb_link_reply(link);
	return KD_GDB_GO_ON;
}

static enum kd_gdb_then answer_alive(struct kd_gdb_stub *stub, const char *rest,
				     struct kd_gdb_link *link)
{
	size_t rank;

	return parse_thread(stub, &rest, &rank) ? reply(link, "OK")
						: reply_error(link, KD_GDB_E_INVALID);
}

/* "g" for what follows, "c" for resuming, which will not happen. */
static enum kd_gdb_then answer_choose(struct kd_gdb_stub *stub, const char *rest,
				      struct kd_gdb_link *link)
{
	bool general = *rest == 'g';
	size_t rank;

	if ((!general && *rest != 'c') || (rest++, !parse_thread(stub, &rest, &rank)))
		return reply_error(link, KD_GDB_E_INVALID);
	if (general)
		stub->rank = rank;
	return reply(link, "OK");
}

/* Registers and memory. */

static void put_register(struct kd_gdb_frame *frame, const struct kd_gdb_values *values, size_t i)
{
	size_t bytes = kd_gdb_registers[i].bits / 8;

	if (values->known[i]) /* of 8 bytes at most, and little-endian as their machine is */
		kd_gdb_put_hex(frame, &values->value[i], bytes);
	for (size_t j = 0; !values->known[i] && j < bytes; j++)
		kd_gdb_put(frame, "xx");
}

static enum kd_gdb_then answer_registers(struct kd_gdb_stub *stub, const char *rest,
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

static enum kd_gdb_then answer_register(struct kd_gdb_stub *stub, const char *rest,
					struct kd_gdb_link *link)
{
	struct kd_gdb_values values;
	uint64_t number;

	if (!kd_gdb_number(&rest, &number) || number >= KD_GDB_REGISTERS)
		return reply_error(link, KD_GDB_E_INVALID);
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
	if (!parse_range(rest, &vaddr, &length))
		return reply_error(link, KD_GDB_E_INVALID);
	if (length)
		status = kd_gdb_read(stub->machine, stub->rank, vaddr, data,
				     length < most ? (size_t)length : most, &got, fault);
	if (status)
		return reply_error(link, error_of(status));
	put(&link->frame, data, got);
	kd_gdb_link_reply(link);
	return KD_GDB_GO_ON;
}

static enum kd_gdb_then answer_memory(struct kd_gdb_stub *stub, const char *rest,
				      struct kd_gdb_link *link)
{
	return send_memory(stub, rest, link, "", kd_gdb_put_hex);
}

static enum kd_gdb_then answer_memory_binary(struct kd_gdb_stub *stub, const char *rest,
					     struct kd_gdb_link *link)
{
	return send_memory(stub, rest, link, "b", kd_gdb_put_binary);
}

/* What cannot be. */

static enum kd_gdb_then refuse(struct kd_gdb_stub *stub, const char *rest, struct kd_gdb_link *link)
{
	kd_log(stub->log, KD_LOG_WARNING, "%s", dead);
	kd_gdb_frame_begin(&link->frame);
	kd_gdb_put(&link->frame, "E.%s", dead);
	kd_gdb_link_reply(link);
	return KD_GDB_GO_ON;
}

/*
 * "ADDRESS,LENGTH:" and bytes, which may be any. gdb tries with none whether it may send any in this way: one refusal is
 * enough.
 */
static enum kd_gdb_then refuse_binary(struct kd_gdb_stub *stub, const char *rest,
				      struct kd_gdb_link *link)
{
	const char *at = rest;
	uint64_t vaddr, length;
	bool tried = kd_gdb_number(&at, &vaddr) && *at++ == ',' && kd_gdb_number(&at, &length) &&
		     *at == ':' && !length;

	return tried ? reply(link, "OK") : refuse(stub, rest, link);
}

static enum kd_gdb_then refuse_to_run(struct kd_gdb_stub *stub, const char *rest,
				      struct kd_gdb_link *link)
{
	const char *thread = strchr(rest, ':');
	char line[sizeof(dead) + 1];
	size_t rank;

	/*
	 * "vCont;s:THREAD;c": gdb goes to the thread that is said to have stopped, and from then on asks for the
	 * registers of that one without naming it again
	 */
	if (thread && (thread++, parse_thread(stub, &thread, &rank)))
		stub->rank = rank;
	snprintf(line, sizeof(line), "%s\n", dead);
	reply_console(link, line, strlen(line));
	return reply_stopped(link, stub->rank);
}

static enum kd_gdb_then answer_monitor(struct kd_gdb_stub *stub, const char *rest,
				       struct kd_gdb_link *link)
{
	KD_CLEANUP_FREE char *text = NULL;
	char line[MONITOR_BYTES];
	size_t line_bytes, bytes;
	FILE *out;

	if (!kd_gdb_from_hex(rest, line, sizeof(line) - 1, &line_bytes))
		return reply_error(link, KD_GDB_E_INVALID);
	line[line_bytes] = '\0';
	out = open_memstream(&text, &bytes);
	if (!out)
		return reply_error(link, KD_GDB_E_READ);
	kd_gdb_monitor_run(&stub->monitor, line, out);
	if (fclose(out))
		return reply_error(link, KD_GDB_E_READ);
	reply_console(link, text, bytes);
	return reply(link, "OK");
}

/* clang-format off */
static const struct row {
	const char *begin;
	bool whole; /* nothing may follow */
	answer *answer;
} rows[] = {
	{"qSupported", false, answer_supported},
	{"QStartNoAckMode", true, answer_no_acks},
	{"qXfer:features:read:target.xml:", false, answer_features},
	{"qXfer:threads:read::", false, answer_threads_xml},
	{"qAttached", false, answer_attached},
	{"qSymbol:", false, answer_ok},
	{"qRcmd,", false, answer_monitor},
	{"qOffsets", true, answer_nothing}, /* gdb was told where its symbols are, or does not know */
	{"vMustReplyEmpty", true, answer_nothing},
	{"?", true, answer_stopped},
	{"qC", true, answer_current},
	{"qfThreadInfo", true, answer_first_threads},
	{"qsThreadInfo", true, answer_more_threads},
	{"qThreadExtraInfo,", false, answer_thread_text},
	{"H", false, answer_choose},
	{"T", false, answer_alive},
	{"g", true, answer_registers},
	{"p", false, answer_register},
	{"m", false, answer_memory},
	{"x", false, answer_memory_binary},
	{"G", false, refuse},
	{"P", false, refuse},
	{"M", false, refuse},
	{"X", false, refuse_binary},
	{"Z", false, refuse},
	{"z", false, answer_ok},
	{"vCont?", true, answer_resumptions},
	{"vCont;", false, refuse_to_run},
	{"c", false, refuse_to_run},
	{"C", false, refuse_to_run},
	{"s", false, refuse_to_run},
	{"S", false, refuse_to_run},
	{"vKill", false, answer_end},
	{"D", false, answer_end},
	{"k", false, answer_kill},
};
/* clang-format on */

enum kd_gdb_then kd_gdb_stub_answer(void *opaque, const char *request, size_t bytes,
				    struct kd_gdb_link *link)
{
	struct kd_gdb_stub *stub = opaque;

	if (!request)
		return reply(link, "E.the request was damaged, or too long");
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		size_t length = strlen(rows[i].begin);

		if (strncmp(request, rows[i].begin, length) || (rows[i].whole && request[length]))
			continue;
		return rows[i].answer(stub, request + length, link);
	}
	return reply(link, "");
}

/* What XML gives a meaning. */
static void print_escaped(FILE *out, const char *text)
{
	for (; *text; text++)
		if (strchr("<>&\"'", *text))
			fprintf(out, "&#%d;", *text);
		else
			fputc(*text, out);
}

static char *threads_xml(const struct kd_gdb_machine *machine)
{
	char *xml = NULL;
	size_t bytes;
	FILE *out = open_memstream(&xml, &bytes);

	if (!out)
		return NULL;
	fputs("<?xml version=\"1.0\"?>\n<threads>\n", out);
	for (size_t i = 0; i < machine->count; i++) {
		char name[KD_COMM_BYTES], text[KD_GDB_NAME_BYTES];

		kd_gdb_thread_name(machine, i, name);
		kd_gdb_thread_text(machine, i, text);
		fprintf(out, "<thread id=\"%zx\" core=\"%u\" name=\"", i + 1,
			machine->threads[i].cpu);
		print_escaped(out, name);
		fprintf(out, "\">%s</thread>\n", text);
	}
	fputs("</threads>\n", out);
	return fclose(out) ? NULL : xml;
}

enum kd_status kd_gdb_stub_init(struct kd_gdb_stub *stub, struct kd_gdb_machine *machine,
				const struct kd_log *log, struct kd_err *err)
{
	memset(stub, 0, sizeof(*stub));
	stub->machine = machine;
	stub->log = log;
	stub->rank = machine->panicked;
	kd_gdb_monitor_init(&stub->monitor, machine);
	stub->target_xml = kd_gdb_target_xml();
	stub->threads_xml = threads_xml(machine);
	if (stub->target_xml && stub->threads_xml)
		return KD_OK;
	kd_gdb_stub_deinit(stub);
	return kd_fail_errno(err, ENOMEM, "threads");
}

void kd_gdb_stub_deinit(struct kd_gdb_stub *stub)
{
	free(stub->target_xml);
	free(stub->threads_xml);
	stub->target_xml = stub->threads_xml = NULL;
}
