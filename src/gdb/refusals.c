/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The dead cannot be changed, and gdb is told so where it listens. Registers: the text of an error reply is shown.
 * Resuming: a line of console output, and the thread has stopped again, with no signal, for after SIGTRAP a `step` would go on
 * stepping through its line. Memory and breakpoints: gdb says no more than that the memory cannot be accessed, so the
 * reason goes to the log as well, which gdb shows when it runs the stub itself (its standard error).
 */
#include <stdio.h>
#include <string.h>

#include "gdb/answers.h"

static const char dead[] = "a dump cannot be changed or run: this system is dead";

enum kd_gdb_then kd_gdb_refuse(struct kd_gdb_stub *stub, const char *rest, struct kd_gdb_link *link)
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
enum kd_gdb_then kd_gdb_refuse_binary(struct kd_gdb_stub *stub, const char *rest,
				      struct kd_gdb_link *link)
{
	const char *at = rest;
	uint64_t vaddr, length;
	bool tried = kd_gdb_number(&at, &vaddr) && *at++ == ',' && kd_gdb_number(&at, &length) &&
		     *at == ':' && !length;

	return tried ? kd_gdb_reply_text(link, "OK") : kd_gdb_refuse(stub, rest, link);
}

enum kd_gdb_then kd_gdb_refuse_to_run(struct kd_gdb_stub *stub, const char *rest,
				      struct kd_gdb_link *link)
{
	const char *thread = strchr(rest, ':');
	char line[sizeof(dead) + 1];
	size_t rank;

	/*
	 * "vCont;s:THREAD;c": gdb goes to the thread that is said to have stopped, and from then on asks for the
	 * registers of that one without naming it again
	 */
	if (thread && (thread++, kd_gdb_parse_thread(stub, &thread, &rank)))
		stub->rank = rank;
	snprintf(line, sizeof(line), "%s\n", dead);
	kd_gdb_reply_console(link, line, strlen(line));
	return kd_gdb_reply_stopped(link, stub->rank);
}
