/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The gdb remote protocol's other end: answers gdb's requests about a dead system (gdb's manual, appendix "GDB Remote
 * Serial Protocol", sections "Packets" and "General Query Packets").
 */
#ifndef KD_GDB_STUB_H
#define KD_GDB_STUB_H

#include "base/log.h"
#include "gdb/link.h"
#include "gdb/monitor.h"

struct kd_gdb_stub {
	struct kd_gdb_machine *machine; /* borrowed */
	struct kd_gdb_monitor monitor;
	const struct kd_log *log; /* what gdb's user should know and the protocol cannot tell */
	size_t rank;              /* of the thread that requests are about */
	size_t next_thread;       /* to be listed */
	char *target_xml, *threads_xml;
};

/* KD_NOMEM. The log may be NULL. */
enum kd_status kd_gdb_stub_init(struct kd_gdb_stub *stub, struct kd_gdb_machine *machine,
				const struct kd_log *log, struct kd_err *err);
void kd_gdb_stub_deinit(struct kd_gdb_stub *stub);

/* A kd_gdb_answer; opaque is the stub. */
enum kd_gdb_then kd_gdb_stub_answer(void *opaque, const char *request, size_t bytes,
				    struct kd_gdb_link *link);

#endif
