/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Any requests to the stub, about the made-up kernel of tasks_fixture.h: each line of the input is one, a known beginning that its
 * first byte chooses and the rest of it. Every reply is whole frames, memory is the same in both forms, and
 * only what writes no bytes is accepted as a write.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gdb/stub.h"
#include "tasks_fixture.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { REPLY_BYTES = KD_GDB_BODY_BYTES + 1 };

struct server {
	struct machine made;
	struct kd_gdb_machine gdb;
	struct kd_gdb_stub stub;
	struct kd_gdb_link link;
	char reply[REPLY_BYTES]; /* the last one */
	size_t reply_bytes;
};

static const char *const beginnings[] = {
	"",
	"qSupported:",
	"qXfer:features:read:target.xml:",
	"qXfer:threads:read::",
	"qXfer:",
	"qRcmd,",
	"qRcmd,7068797320", /* phys */
	"qRcmd,6274",       /* bt */
	"qThreadExtraInfo,",
	"qfThreadInfo",
	"qsThreadInfo",
	"Hg",
	"Hc",
	"T",
	"p",
	"g",
	"mffffffff8100",
	"xffffffff8100",
	"m",
	"x",
	"X",
	"M",
	"Z",
	"z",
	"vCont;",
	"vCont;s:",
	"v",
};
enum { BEGINNINGS = sizeof(beginnings) / sizeof(*beginnings) };

static struct server *open_server(void)
{
	struct server *server = calloc(1, sizeof(*server));

	if (!server)
		abort();
	tasks_fixture_init(&server->made.fixture);
	open_machine(&server->made);
	if (kd_gdb_machine_init(&server->gdb, server->made.system, NULL, NULL))
		abort();
	return server;
}

/* Frames that are whole, and nothing between them; the last one is kept. */
static void take_frames(struct server *server, const uint8_t *sent, size_t bytes)
{
	static struct kd_gdb_parser parser;

	kd_gdb_parser_init(&parser);
	for (size_t i = 0; i < bytes; i++) {
		enum kd_gdb_event event = kd_gdb_parse(&parser, sent[i]);

		if (event != KD_GDB_MORE && event != KD_GDB_REQUEST)
			abort();
		if (event == KD_GDB_REQUEST) {
			server->reply_bytes = parser.size;
			memcpy(server->reply, parser.body, parser.size + 1);
		}
	}
	if (parser.state != KD_GDB_BETWEEN)
		abort();
}

static void ask(struct server *server, const char *request, size_t bytes)
{
	const void *sent;
	size_t count;

	server->reply_bytes = 0;
	kd_gdb_stub_answer(&server->stub, request, bytes, &server->link);
	if (server->stub.rank >= server->gdb.count ||
	    server->stub.monitor.rank >= server->gdb.count || server->link.no_memory)
		abort();
	while ((sent = kd_gdb_link_send(&server->link, &count)))
		take_frames(server, sent, count);
}

/* What was asked for in hexadecimal, once more in the other form. */
static void check_forms(struct server *server, const char *request, size_t bytes)
{
	static char read[REPLY_BYTES], again[REPLY_BYTES];
	size_t count;

	if (server->reply[0] == 'E' || !server->reply_bytes)
		return;
	if (!kd_gdb_from_hex(server->reply, read, sizeof(read), &count))
		abort();
	memcpy(again, request, bytes + 1);
	again[0] = 'x';
	ask(server, again, bytes);
	/* each may give less than was asked for */
	if (server->reply_bytes < 1 || server->reply[0] != 'b')
		abort();
	if (count > server->reply_bytes - 1)
		count = server->reply_bytes - 1;
	if (memcmp(server->reply + 1, read, count))
		abort();
}

/* "XADDRESS,LENGTH:": only with a length of zero. */
static bool is_empty_write(const char *request)
{
	unsigned long long vaddr, length;
	int end = 0;

	return sscanf(request, "X%llx,%llx%n", &vaddr, &length, &end) == 2 && !length &&
	       request[end] == ':';
}

static void check(struct server *server, const char *request, size_t bytes)
{
	bool is_ok;

	ask(server, request, bytes);
	is_ok = !strcmp(server->reply, "OK") && server->reply_bytes;
	if (is_ok &&
	    (strchr("GPMZ", request[0]) || (request[0] == 'X' && !is_empty_write(request))))
		abort();
	if (request[0] == 'm' && strlen(request) == bytes)
		check_forms(server, request, bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct server *server;
	char request[512];

	if (!server)
		server = open_server();
	if (kd_gdb_stub_init(&server->stub, &server->gdb, NULL, NULL))
		abort();
	kd_gdb_link_init(&server->link, kd_gdb_stub_answer, &server->stub);
	server->link.no_acks = true;
	while (size) {
		const uint8_t *end = memchr(data, '\n', size);
		size_t line = end ? (size_t)(end - data) : size, length;
		const char *beginning = beginnings[line ? data[0] % BEGINNINGS : 0];

		length = strlen(beginning);
		memcpy(request, beginning, length);
		for (size_t i = 1; i < line && length < sizeof(request) - 1; i++)
			request[length++] = (char)data[i];
		request[length] = '\0';
		if (*request)
			check(server, request, length);
		data += end ? line + 1 : line;
		size -= end ? line + 1 : line;
	}
	kd_gdb_link_deinit(&server->link);
	kd_gdb_stub_deinit(&server->stub);
	return 0;
}
