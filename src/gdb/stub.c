/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One table: what a request begins with, and who answers it. What no row begins is answered with nothing, which means
 * that it is not supported; gdb then does without, or tries something else.
 */
#include "gdb/stub.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gdb/answers.h"
#include "host/file.h"
#include "host/system.h"

enum { MONITOR_BYTES = 1024 };

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
	kd_gdb_reply_text(link, "OK");
	return KD_GDB_NO_MORE_ACKS;
}

static enum kd_gdb_then answer_ok(struct kd_gdb_stub *stub, const char *rest,
				  struct kd_gdb_link *link)
{
	return kd_gdb_reply_text(link, "OK");
}

static enum kd_gdb_then answer_attached(struct kd_gdb_stub *stub, const char *rest,
					struct kd_gdb_link *link)
{
	/* so that gdb detaches at the end, rather than kills */
	return kd_gdb_reply_text(link, "1");
}

static enum kd_gdb_then answer_nothing(struct kd_gdb_stub *stub, const char *rest,
				       struct kd_gdb_link *link)
{
	return kd_gdb_reply_text(link, "");
}

static enum kd_gdb_then answer_resumptions(struct kd_gdb_stub *stub, const char *rest,
					   struct kd_gdb_link *link)
{
	/* else gdb asks for s and c, which name no thread */
	return kd_gdb_reply_text(link, "vCont;c;C;s;S");
}

static enum kd_gdb_then answer_end(struct kd_gdb_stub *stub, const char *rest,
				   struct kd_gdb_link *link)
{
	kd_gdb_reply_text(link, "OK");
	return KD_GDB_OVER;
}

static enum kd_gdb_then answer_kill(struct kd_gdb_stub *stub, const char *rest,
				    struct kd_gdb_link *link)
{
	return KD_GDB_OVER;
}

static enum kd_gdb_then answer_features(struct kd_gdb_stub *stub, const char *rest,
					struct kd_gdb_link *link)
{
	return kd_gdb_reply_part(link, stub->target_xml, rest);
}

static enum kd_gdb_then answer_monitor(struct kd_gdb_stub *stub, const char *rest,
				       struct kd_gdb_link *link)
{
	KD_CLEANUP_FREE char *text = NULL;
	char line[MONITOR_BYTES];
	size_t line_bytes, bytes;
	FILE *out;

	if (!kd_gdb_from_hex(rest, line, sizeof(line) - 1, &line_bytes))
		return kd_gdb_reply_error(link, KD_GDB_E_INVALID);
	line[line_bytes] = '\0';
	out = open_memstream(&text, &bytes);
	if (!out)
		return kd_gdb_reply_error(link, KD_GDB_E_READ);
	kd_gdb_monitor_run(&stub->monitor, line, out);
	if (fclose(out))
		return kd_gdb_reply_error(link, KD_GDB_E_READ);
	kd_gdb_reply_console(link, text, bytes);
	return kd_gdb_reply_text(link, "OK");
}

/* clang-format off */
static const struct row {
	const char *begin;
	bool whole; /* nothing may follow */
	kd_gdb_row *answer;
} rows[] = {
	{"qSupported", false, answer_supported},
	{"QStartNoAckMode", true, answer_no_acks},
	{"qXfer:features:read:target.xml:", false, answer_features},
	{"qXfer:threads:read::", false, kd_gdb_answer_threads_xml},
	{"qAttached", false, answer_attached},
	{"qSymbol:", false, answer_ok},
	{"qRcmd,", false, answer_monitor},
	{"qOffsets", true, answer_nothing}, /* gdb was told where its symbols are, or does not know */
	{"vMustReplyEmpty", true, answer_nothing},
	{"?", true, kd_gdb_answer_stopped},
	{"qC", true, kd_gdb_answer_current},
	{"qfThreadInfo", true, kd_gdb_answer_first_threads},
	{"qsThreadInfo", true, kd_gdb_answer_more_threads},
	{"qThreadExtraInfo,", false, kd_gdb_answer_thread_text},
	{"H", false, kd_gdb_answer_choose},
	{"T", false, kd_gdb_answer_alive},
	{"g", true, kd_gdb_answer_registers},
	{"p", false, kd_gdb_answer_register},
	{"m", false, kd_gdb_answer_memory},
	{"x", false, kd_gdb_answer_memory_binary},
	{"G", false, kd_gdb_refuse},
	{"P", false, kd_gdb_refuse},
	{"M", false, kd_gdb_refuse},
	{"X", false, kd_gdb_refuse_binary},
	{"Z", false, kd_gdb_refuse},
	{"z", false, answer_ok},
	{"vCont?", true, answer_resumptions},
	{"vCont;", false, kd_gdb_refuse_to_run},
	{"c", false, kd_gdb_refuse_to_run},
	{"C", false, kd_gdb_refuse_to_run},
	{"s", false, kd_gdb_refuse_to_run},
	{"S", false, kd_gdb_refuse_to_run},
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
		return kd_gdb_reply_text(link, "E.the request was damaged, or too long");
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		size_t length = strlen(rows[i].begin);

		if (strncmp(request, rows[i].begin, length) || (rows[i].whole && request[length]))
			continue;
		return rows[i].answer(stub, request + length, link);
	}
	return kd_gdb_reply_text(link, "");
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
	stub->threads_xml = kd_gdb_threads_xml(machine);
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
