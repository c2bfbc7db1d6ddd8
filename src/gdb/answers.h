/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rows of the stub's table (gdb/stub.c) that have files of their own. Private to this layer. */
#ifndef KD_GDB_ANSWERS_H
#define KD_GDB_ANSWERS_H

#include "gdb/reply.h"
#include "gdb/stub.h"

/* Answers a request; `rest` is what follows the row's beginning. */
typedef enum kd_gdb_then kd_gdb_row(struct kd_gdb_stub *stub, const char *rest,
				    struct kd_gdb_link *link);

kd_gdb_row kd_gdb_answer_stopped, kd_gdb_answer_current, kd_gdb_answer_more_threads,
	kd_gdb_answer_first_threads, kd_gdb_answer_thread_text, kd_gdb_answer_alive,
	kd_gdb_answer_choose, kd_gdb_answer_threads_xml;
kd_gdb_row kd_gdb_answer_registers, kd_gdb_answer_register, kd_gdb_answer_memory,
	kd_gdb_answer_memory_binary;
kd_gdb_row kd_gdb_refuse, kd_gdb_refuse_binary, kd_gdb_refuse_to_run;

/* A thread's id, which *rest moves behind: 0 (any) and -1 (all) are the one that requests are about. */
bool kd_gdb_parse_thread(const struct kd_gdb_stub *stub, const char **rest, size_t *rank);
/* All threads as a document, allocated; NULL: no memory. */
char *kd_gdb_threads_xml(const struct kd_gdb_machine *machine);

#endif
