/* SPDX-License-Identifier: GPL-2.0-or-later */
/* src/gdb: requests and what is answered about the made-up kernel of tasks_fixture.h. */
#include "test.h"

#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gdb/stub.h"
#include "inspect/vmlinux.h"
#include "tasks_fixture.h"

enum { LINE_BYTES = 40960 };

struct server {
	struct machine made;
	struct kd_gdb_machine gdb;
	struct kd_gdb_stub stub;
	struct kd_gdb_link link;
	struct kd_log log;
	unsigned int warnings;
};

static void count_warning(void *opaque, enum kd_log_level level, const char *line)
{
	struct server *server = opaque;

	assert_non_null(strstr(line, "dead"));
	server->warnings++;
}

static void open_server(struct server *server)
{
	struct kd_err err = {KD_OK, ""};

	memset(server, 0, sizeof(*server));
	tasks_fixture_init(&server->made.fixture);
	open_machine(&server->made);
	server->log = (struct kd_log){count_warning, server};
	if (kd_gdb_machine_init(&server->gdb, server->made.system, &server->log, &err))
		fail_msg("%s", err.text);
	assert_int_equal(kd_gdb_stub_init(&server->stub, &server->gdb, &server->log, NULL), KD_OK);
	kd_gdb_link_init(&server->link, kd_gdb_stub_answer, &server->stub);
}

static void close_server(struct server *server)
{
	kd_gdb_link_deinit(&server->link);
	kd_gdb_stub_deinit(&server->stub);
	kd_gdb_machine_deinit(&server->gdb);
	close_machine(&server->made);
}

static void give(struct server *server, const char *bytes, size_t count)
{
	while (count && !kd_gdb_link_is_over(&server->link)) {
		size_t taken = kd_gdb_link_take(&server->link, bytes, count);

		bytes += taken;
		count -= taken;
		if (count && server->link.ack_count)
			server->link.ack_count = 0;
	}
}

/* The reply to a request, without its frame; console output is put before it, as text. */
static const char *ask(struct server *server, const char *request)
{
	static char answer[LINE_BYTES], bytes[LINE_BYTES];
	static struct kd_gdb_frame frame;
	static struct kd_gdb_parser parser;
	size_t length = 0, count;
	const uint8_t *sent;

	kd_gdb_frame_begin(&frame);
	kd_gdb_put_binary(&frame, request, strlen(request));
	kd_gdb_frame_end(&frame);
	give(server, (const char *)frame.bytes, frame.size);
	kd_gdb_parser_init(&parser);
	answer[0] = '\0';
	while ((sent = kd_gdb_link_send(&server->link, &count))) {
		bool whole = false;

		for (size_t i = 0; i < count; i++)
			if (kd_gdb_parse(&parser, sent[i]) == KD_GDB_REQUEST) {
				size_t text;
				char *to = answer + length;

				whole = true;
				if (parser.body[0] == 'O' && parser.body[1] != 'K') {
					assert_true(kd_gdb_from_hex(parser.body + 1, to,
								    sizeof(answer) - length - 1,
								    &text));
				} else {
					text = parser.size;
					assert_true(length + text < sizeof(answer));
					memcpy(to, parser.body, text);
				}
				length += text;
				answer[length] = '\0';
			}
		if (whole)
			give(server, "+", 1);
	}
	memcpy(bytes, answer, length + 1);
	return bytes;
}

static const char *monitor(struct server *server, const char *line)
{
	char request[512] = "qRcmd,";

	for (size_t i = 0; line[i]; i++)
		snprintf(request + 6 + 2 * i, 3, "%02x", (unsigned char)line[i]);
	return ask(server, request);
}

struct exchange {
	const char *request, *reply; /* all of it, or what it begins with when a '*' is its end */
};

static void assert_exchanges(struct server *server, const struct exchange *exchanges, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const char *reply = ask(server, exchanges[i].request);
		size_t length = strlen(exchanges[i].reply);
		bool open = length && exchanges[i].reply[length - 1] == '*';

		if (open ? strncmp(reply, exchanges[i].reply, length - 1)
			 : strcmp(reply, exchanges[i].reply))
			fail_msg("%s: %s", exchanges[i].request, reply);
	}
}

#define EXCHANGES(list) list, sizeof(list) / sizeof(*(list))

static void test_what_and_how(void **state)
{
	static const struct exchange exchanges[] = {
		{"qSupported:multiprocess+;swbreak+",
		 "PacketSize=4000;QStartNoAckMode+;qXfer:features:read+;qXfer:threads:read+;"
		 "binary-upload+"},
		{"vMustReplyEmpty", ""},
		{"vUnheardOf", ""},
		{"!", ""},
		{"qTStatus", ""},
		{"qOffsets", ""},
		{"qCRC:0,4", ""},
		{"qAttached", "1"},
		{"qAttached:1", "1"},
		{"qSymbol::", "OK"},
		{"vCont?", "vCont;c;C;s;S"},
		{"?", "T00thread:1;"},
		{"qC", "QC1"},
		{"QStartNoAckMode", "OK"},
		{"qC", "QC1"},
	};
	struct server server;

	open_server(&server);
	assert_exchanges(&server, EXCHANGES(exchanges));
	close_server(&server);
}

static void test_threads(void **state)
{
	static const struct exchange exchanges[] = {
		{"qfThreadInfo", "m1,2,3,4,5"},
		{"qsThreadInfo", "l"},
		{"T1", "OK"},
		{"T5", "OK"},
		{"T6", "E16"},
		{"Tx", "E16"},
		{"Hg2", "OK"},
		{"qC", "QC2"},
		{"Hc5", "OK"}, /* says nothing of what is asked next */
		{"Hg0", "OK"},
		{"Hg-1", "OK"},
		{"qC", "QC2"},
		{"Hg6", "E16"},
		{"Hx1", "E16"},
		{"H", "E16"},
		{"qXfer:threads:read::0,1000",
		 "l<?xml version=\"1.0\"?>\n<threads>\n"
		 "<thread id=\"1\" core=\"0\" name=\"swapper/0\">CPU 0, PID 0, R</thread>\n"
		 "<thread id=\"2\" core=\"1\" name=\"&#60;sh?&#38;&#62;\">CPU 1, PID 75, R</thread>\n"
		 "<thread id=\"3\" core=\"0\" name=\"swapper/1\">PID 0, R</thread>\n"
		 "<thread id=\"4\" core=\"0\" name=\"sleeper\">PID 1, S</thread>\n"
		 "<thread id=\"5\" core=\"0\" name=\"zombie\">PID 9, Z</thread>\n</threads>\n"},
		{"qXfer:threads:read::0,6", "m<?xml "},
		{"qXfer:threads:read::6,7", "mversion"},
		{"qXfer:threads:read::10000,7", "E16"},
		{"qXfer:threads:read::0", "E16"},
		{"qXfer:features:read:target.xml:0,6", "m<?xml "},
		{"qXfer:features:read:other.xml:0,6", ""},
		{"qXfer:memory-map:read::0,6", ""},
		/* "zombie: PID 9, Z" */
		{"qThreadExtraInfo,5", "7a6f6d6269653a205049442039"
				       "2c205a"},
		{"qThreadExtraInfo,6", "E16"},
	};
	struct server server;

	open_server(&server);
	assert_exchanges(&server, EXCHANGES(exchanges));
	close_server(&server);
}

/* gdb's numbers of some registers, and where each has its digits in all of them. */
enum { RBX = 1, RBP = 6, RSP = 7, RIP = 16, EFLAGS = 17, FS_BASE = 58, CR2 = 61 };

static const char *little_endian(uint64_t value)
{
	static char digits[17];

	for (int i = 0; i < 8; i++)
		snprintf(digits + 2 * i, 3, "%02x", (unsigned int)(value >> 8 * i & 0xff));
	return digits;
}

static void assert_register(struct server *server, unsigned int number, const char *value)
{
	char request[16], copy[32];

	snprintf(copy, sizeof(copy), "%s", value);
	snprintf(request, sizeof(request), "p%x", number);
	assert_string_equal(ask(server, request), copy);
}

static void test_registers(void **state)
{
	struct server server;
	size_t digits = 0, offset = 0;

	open_server(&server);
	for (size_t i = 0; i < KD_GDB_REGISTERS; i++) {
		digits += kd_gdb_registers[i].bits / 4;
		offset += i < RIP ? kd_gdb_registers[i].bits / 4 : 0;
	}
	assert_int_equal(strlen(ask(&server, "g")), digits);
	assert_memory_equal(ask(&server, "g") + offset, little_endian(MADE_TEXT), 16);
	/* a CPU: all but what the notes have not */
	ask(&server, "Hg2");
	assert_register(&server, RIP, little_endian(MADE_TEXT + 0x40));
	assert_register(&server, RSP, little_endian(MADE_VADDR(STACK) + 0x100));
	assert_register(&server, RBX, little_endian(0));
	assert_register(&server, EFLAGS, "00000000");
	assert_register(&server, CR2, little_endian(0xc3));
	assert_register(&server, 24, "xxxxxxxxxxxxxxxxxxxx"); /* st0 */
	/* a task: what the switch saved */
	ask(&server, "Hg4");
	assert_register(&server, RIP, little_endian(MADE_TEXT + 0x123));
	assert_register(&server, RSP, little_endian(MADE_VADDR(STACK) + 24));
	assert_register(&server, RBX, little_endian(0xb0b));
	assert_register(&server, RBP, little_endian(0xb9));
	assert_register(&server, FS_BASE, little_endian(0x1002));
	assert_register(&server, 0, "xxxxxxxxxxxxxxxx");
	assert_register(&server, CR2, "xxxxxxxxxxxxxxxx");
	/* the dead have none */
	ask(&server, "Hg5");
	assert_register(&server, RIP, "xxxxxxxxxxxxxxxx");
	assert_int_equal(strspn(ask(&server, "g"), "x"), digits);
	assert_register(&server, KD_GDB_REGISTERS, "E16");
	assert_string_equal(ask(&server, "p"), "E16");
	close_server(&server);
}

/* An address relative to MADE_TEXT in a request. */
static const char *ask_at(struct server *server, const char *command, uint64_t vaddr,
			  const char *rest)
{
	char request[64];

	snprintf(request, sizeof(request), "%s%llx%s", command, (unsigned long long)vaddr, rest);
	return ask(server, request);
}

static void test_memory(void **state)
{
	struct server server;
	const uint64_t stack = MADE_VADDR(STACK), end = MADE_TEXT + MADE_BYTES;

	open_server(&server);
	assert_string_equal(ask_at(&server, "m", stack, ",3"), "0b0b00");
	assert_string_equal(ask_at(&server, "m", stack, ",0"), "");
	assert_memory_equal(ask_at(&server, "x", stack, ",3"), "b\x0b\x0b\0", 5);
	assert_string_equal(ask(&server, "x0,0"), "b");
	/* as much as there is, and as much as fits */
	assert_string_equal(ask_at(&server, "m", end - 2, ",8"), "0000");
	assert_int_equal(strlen(ask_at(&server, "m", MADE_TEXT, ",10000")), KD_GDB_BODY_BYTES);
	/* four answers that are not the same */
	assert_string_equal(ask_at(&server, "m", end, ",8"), "E3d");
	assert_non_null(strstr(monitor(&server, "why"), "left out of the dump"));
	assert_string_equal(ask_at(&server, "m", MADE_TEXT + HOLE_VADDR, ",8"), "E06");
	assert_string_equal(ask_at(&server, "m", MADE_TEXT + HOLE_VADDR + 0x1000, ",8"), "E0e");
	assert_non_null(strstr(monitor(&server, "why"), "not mapped"));
	assert_string_equal(ask(&server, "m8000000000000000,8"), "E0e");
	assert_string_equal(ask(&server, "m10000000000000000,8"), "E16");
	assert_string_equal(ask(&server, "m0"), "E16");
	assert_string_equal(ask(&server, "m0,4junk"), "E16");
	/* the user space of the thread that is asked about */
	assert_string_equal(ask_at(&server, "m", USER_VADDR, ",4"), "E0e");
	assert_non_null(strstr(monitor(&server, "why"), "has no memory of its own"));
	ask(&server, "Hg4");
	assert_string_equal(ask_at(&server, "m", USER_VADDR, ",4"), "75736572");
	assert_string_equal(ask_at(&server, "m", USER_VADDR + 0x1000, ",4"), "E0e");
	assert_string_equal(ask_at(&server, "x", USER_VADDR, ",a"), "buser $pace");
	/* behind the last address there is nothing, not the first one */
	assert_string_equal(ask(&server, "m0,2"), "7573");
	assert_string_equal(ask(&server, "mfffffffffffffffe,8"), "0000");
	close_server(&server);
}

static void test_refusals(void **state)
{
	static const struct exchange refused[] = {
		{"M1000,1:00", "E.a dump cannot*"},
		{"X1000,1:a", "E.a dump cannot*"},
		{"G00", "E.a dump cannot*"},
		{"P0=0", "E.a dump cannot*"},
		{"Z0,1000,1", "E.a dump cannot*"},
		{"Z4,1000,1", "E.a dump cannot*"},
		/* bytes to be written that look like the end of a range */
		{"X1000,4:,0:x", "E.a dump cannot*"},
		{"X1000:,0:", "E.a dump cannot*"},
	};
	static const struct exchange quiet[] = {
		{"X1000,0:", "OK"},
		{"z0,1000,1", "OK"},
	};
	static const char *const resuming[] = {"c",       "s",           "C05",       "S05",
					       "vCont;c", "vCont;s:2;c", "vCont;c:7f"};
	struct server server;

	open_server(&server);
	assert_exchanges(&server, EXCHANGES(refused));
	assert_int_equal(server.warnings, sizeof(refused) / sizeof(*refused));
	assert_exchanges(&server, EXCHANGES(quiet));
	ask(&server, "Hg2");
	for (size_t i = 0; i < sizeof(resuming) / sizeof(*resuming); i++) {
		const char *reply = ask(&server, resuming[i]);

		assert_non_null(strstr(reply, "is dead\nT00thread:2;"));
	}
	assert_non_null(strstr(ask(&server, "vCont;s:4;c"), "is dead\nT00thread:4;"));
	/* which is the one that gdb goes on with, without a word */
	assert_string_equal(ask(&server, "qC"), "QC4");
	assert_int_equal(server.warnings, sizeof(refused) / sizeof(*refused));
	close_server(&server);
}

static void test_monitor(void **state)
{
	static const struct {
		const char *line, *text;
	} cases[] = {
		{"", "monitor help"},
		{"help", "monitor phys   ADDR [COUNT]"},
		{"nonsense", "nonsense: no such command"},
		{"help me", "usage: monitor help"},
		{"phys", "usage: monitor phys ADDR [COUNT]"},
		{"phys 1 2 3", "usage: monitor phys"},
		{"phys 1 2 3 4 5", "usage: monitor phys"},
		{"ps", "      1       0       0    0 R ffffffff8100b000 running swapper/0\n"},
		{"ps", "      4       1       0    0 S ffffffff8100b200 -       sleeper\n"},
		{"ps", " running <sh?&>\n"},
		{"task", "thread 1: swapper/0 (CPU 0, PID 0, R)\n"},
		{"task 75", "thread 2: <sh?&> (CPU 1, PID 75, R)\nTo take gdb there: thread 2\n"},
		{"task", "thread 2: "},
		{"task 76", "76: there is no such process"},
		{"task x", "x: no process id"},
		{"bt", "thread 2: <sh?&> (CPU 1, PID 75, R)\nno stack: "},
		{"bt 1", "thread 4: "},
		{"phys 1011000 0x3", "0000000001011000  75 73 65 "},
		{"phys 0x1011000 10", " |user $pace|\n"},
		{"phys 1011005 1", "0000000001011005  24 "},
		{"phys 4000000", "left out of the dump"},
		{"phys 5000000", "no RAM"},
		{"phys zz", "zz: no hexadecimal address"},
		{"phys 0 -1", "-1: no number of bytes"},
		{"phys 0 0x7fffffff", "no number of bytes"},
		{"why", "all memory that gdb asked for was there"},
		{"offset", "0x1c00000\n"},
	};
	struct server server;

	open_server(&server);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const char *reply = monitor(&server, cases[i].line);

		if (!strstr(reply, cases[i].text) || strcmp(reply + strlen(reply) - 2, "OK"))
			fail_msg("%s: %s", cases[i].line, reply);
	}
	assert_string_equal(ask(&server, "qRcmd,6"), "E16");
	assert_string_equal(ask(&server, "qRcmd,zz"), "E16");
	close_server(&server);
}

static void test_ends(void **state)
{
	static const struct exchange ends[] = {
		{"D", "OK"}, {"D;1", "OK"}, {"vKill;1", "OK"}, {"k", ""}};

	for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++) {
		struct server server;

		open_server(&server);
		assert_exchanges(&server, &ends[i], 1);
		assert_true(kd_gdb_link_is_over(&server.link));
		close_server(&server);
	}
}

/* Requests that were tampered with: something is answered, and nothing breaks. */
static void test_nonsense(void **state)
{
	static const char *const requests[] = {
		"qSupported",
		"qXfer:features:read:target.xml:0,100",
		"qXfer:threads:read::0,100",
		"qRcmd,7068797320302030",
		"qThreadExtraInfo,1",
		"Hg1",
		"T1",
		"p10",
		"g",
		"qsThreadInfo",
		"mffffffff81000000,100",
		"x400000,100",
		"vCont;c:1",
		"X0,1:}]",
		"Z0,0,1",
	};
	struct server server;

	open_server(&server);
	ask(&server, "QStartNoAckMode");
	srand(1);
	for (int round = 0; round < 20000; round++) {
		const char *model =
			requests[(size_t)rand() % (sizeof(requests) / sizeof(*requests))];
		size_t length = strlen(model);
		char request[64];

		memcpy(request, model, length + 1);
		for (int changes = rand() % 4; changes; changes--)
			request[(size_t)rand() % length] =
				(char)(rand() % 4 ? "0123456789abcdef:,;-"[rand() % 20]
						  : 1 + rand() % 255);
		if (rand() % 4 == 0)
			request[(size_t)rand() % length] = '\0';
		if (!strncmp(request, "qRcmd", 5) || request[0] == 'D' || request[0] == 'k' ||
		    !strncmp(request, "vKill", 5))
			continue;
		ask(&server, request);
	}
	assert_string_equal(ask(&server, "qAttached"), "1");
	server.warnings = 0;
	close_server(&server);
}

/* An ELF file of one section of notes. */
static void write_elf(const char *path, const uint8_t *id, uint32_t id_bytes)
{
	struct {
		Elf64_Ehdr header;
		Elf64_Shdr section;
		Elf64_Nhdr other;
		char other_name[4], other_desc[8];
		Elf64_Nhdr note;
		char name[4];
		uint8_t desc[20];
	} elf = {
		.header = {.e_ident = ELFMAG "\2\1\1",
			   .e_shoff = sizeof(Elf64_Ehdr),
			   .e_shentsize = sizeof(Elf64_Shdr),
			   .e_shnum = 1},
		.section = {.sh_type = SHT_NOTE,
			    .sh_offset = sizeof(Elf64_Ehdr) + sizeof(Elf64_Shdr),
			    .sh_size = 2 * sizeof(Elf64_Nhdr) + 36},
		.other = {4, 5, NT_GNU_BUILD_ID},
		.other_name = "Xen",
		.note = {4, id_bytes, NT_GNU_BUILD_ID},
		.name = "GNU",
	};
	FILE *file = fopen(path, "wb");

	memcpy(elf.desc, id, 20);
	assert_non_null(file);
	assert_int_equal(fwrite(&elf, sizeof(elf), 1, file), 1);
	assert_int_equal(fclose(file), 0);
}

static void test_build_ids(void **state)
{
	static const uint8_t id[20] = {0xab, 0xcd, 1, 2, 3};
	char path[] = "/tmp/kdump-gdb-XXXXXX", text[KD_BUILD_ID_TEXT_BYTES];
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	close(fd);
	write_elf(path, id, 20);
	assert_int_equal(kd_build_id_read(path, text, NULL), KD_OK);
	assert_string_equal(text, "abcd010203000000000000000000000000000000");
	write_elf(path, id, 0);
	assert_int_equal(kd_build_id_read(path, text, NULL), KD_NOTFOUND);
	write_elf(path, id, 21); /* runs past its section */
	assert_int_equal(kd_build_id_read(path, text, NULL), KD_NOTFOUND);
	write_elf(path, id, UINT32_MAX);
	assert_int_equal(kd_build_id_read(path, text, NULL), KD_NOTFOUND);
	assert_int_equal(truncate(path, 150), 0);
	assert_int_equal(kd_build_id_read(path, text, NULL), KD_TRUNCATED);
	assert_int_equal(truncate(path, 10), 0);
	assert_int_equal(kd_build_id_read(path, text, NULL), KD_TRUNCATED);
	assert_int_equal(truncate(path, 0), 0);
	assert_int_equal(truncate(path, 100), 0);
	assert_int_equal(kd_build_id_read(path, text, NULL), KD_UNSUPPORTED);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(kd_build_id_read(path, text, NULL), KD_NOTFOUND);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_and_how), cmocka_unit_test(test_threads),
		cmocka_unit_test(test_registers),    cmocka_unit_test(test_memory),
		cmocka_unit_test(test_refusals),     cmocka_unit_test(test_monitor),
		cmocka_unit_test(test_ends),         cmocka_unit_test(test_nonsense),
		cmocka_unit_test(test_build_ids),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
