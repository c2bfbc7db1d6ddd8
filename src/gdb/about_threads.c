/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which threads there are, and which of them requests are about. */
#include <stdio.h>
#include <string.h>

#include "gdb/answers.h"

bool kd_gdb_parse_thread(const struct kd_gdb_stub *stub, const char **rest, size_t *rank)
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

enum kd_gdb_then kd_gdb_answer_stopped(struct kd_gdb_stub *stub, const char *rest,
				       struct kd_gdb_link *link)
{
	return kd_gdb_reply_stopped(link, stub->rank);
}

enum kd_gdb_then kd_gdb_answer_current(struct kd_gdb_stub *stub, const char *rest,
				       struct kd_gdb_link *link)
{
	kd_gdb_frame_begin(&link->frame);
	kd_gdb_put(&link->frame, "QC%zx", stub->rank + 1);
	kd_gdb_link_reply(link);
	return KD_GDB_GO_ON;
}

enum kd_gdb_then kd_gdb_answer_more_threads(struct kd_gdb_stub *stub, const char *rest,
					    struct kd_gdb_link *link)
{
	const char *before = "m";

	if (stub->next_thread == stub->machine->count)
		return kd_gdb_reply_text(link, "l");
	kd_gdb_frame_begin(&link->frame);
	while (stub->next_thread < stub->machine->count && kd_gdb_frame_room(&link->frame) > 16) {
		kd_gdb_put(&link->frame, "%s%zx", before, ++stub->next_thread);
		before = ",";
	}
	kd_gdb_link_reply(link);
	return KD_GDB_GO_ON;
}

enum kd_gdb_then kd_gdb_answer_first_threads(struct kd_gdb_stub *stub, const char *rest,
					     struct kd_gdb_link *link)
{
	stub->next_thread = 0;
	return kd_gdb_answer_more_threads(stub, rest, link);
}

enum kd_gdb_then kd_gdb_answer_thread_text(struct kd_gdb_stub *stub, const char *rest,
					   struct kd_gdb_link *link)
{
	char name[KD_COMM_BYTES], text[KD_GDB_NAME_BYTES];
	size_t rank;

	if (!kd_gdb_parse_thread(stub, &rest, &rank))
		return kd_gdb_reply_error(link, KD_GDB_E_INVALID);
	kd_gdb_thread_name(stub->machine, rank, name);
	kd_gdb_thread_text(stub->machine, rank, text);
	kd_gdb_frame_begin(&link->frame);
	kd_gdb_put_hex(&link->frame, name, strlen(name));
	kd_gdb_put_hex(&link->frame, ": ", 2);
	kd_gdb_put_hex(&link->frame, text, strlen(text));
	kd_gdb_link_reply(link);
	return KD_GDB_GO_ON;
}

enum kd_gdb_then kd_gdb_answer_alive(struct kd_gdb_stub *stub, const char *rest,
				     struct kd_gdb_link *link)
{
	size_t rank;

	return kd_gdb_parse_thread(stub, &rest, &rank) ? kd_gdb_reply_text(link, "OK")
						       : kd_gdb_reply_error(link, KD_GDB_E_INVALID);
}

/* "g" for what follows, "c" for resuming, which will not happen. */
enum kd_gdb_then kd_gdb_answer_choose(struct kd_gdb_stub *stub, const char *rest,
				      struct kd_gdb_link *link)
{
	bool general = *rest == 'g';
	size_t rank;

	if ((!general && *rest != 'c') || (rest++, !kd_gdb_parse_thread(stub, &rest, &rank)))
		return kd_gdb_reply_error(link, KD_GDB_E_INVALID);
	if (general)
		stub->rank = rank;
	return kd_gdb_reply_text(link, "OK");
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

char *kd_gdb_threads_xml(const struct kd_gdb_machine *machine)
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

enum kd_gdb_then kd_gdb_answer_threads_xml(struct kd_gdb_stub *stub, const char *rest,
					   struct kd_gdb_link *link)
{
	return kd_gdb_reply_part(link, stub->threads_xml, rest);
}
