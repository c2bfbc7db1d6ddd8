/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * src/gdb: requests and what is answered about a made-up kernel of two CPUs: the first idle, the second at PID 75; besides
 * them the second's idle thread, PID 1 that sleeps, and PID 9 that has exited.
 */
#include "test.h"

#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gdb/stub.h"
#include "inspect/vmlinux.h"
#include "kernel_fixture.h"

enum {
	DATA = MADE_FREE, /* what has a symbol */
	TASKS = MADE_FREE + 0x1000,
	QUEUES = MADE_FREE + 0x2000,
	STACK = MADE_FREE + 0x3000,
	SIGNAL = MADE_FREE + 0x4000,
	MM = MADE_FREE + 0x5000,
	USER_ROOT = MADE_FREE + 0x6000,
	USER_PAGE = MADE_FREE + 0x7000,
	EXCLUDED_RAM = 0x4000000,
	NO_RAM = 0x5000000,
	USER_VADDR = 0x400000,
	EXCLUDED_VADDR = MADE_BYTES, /* from MADE_TEXT on; behind it the hole */
	HOLE_VADDR = MADE_BYTES + 0x1000,
	TASK_BYTES = 0x100,
	LINE_BYTES = 40960,
};

/* Types, in the order in which they are made. */
enum { U32 = 1, U64, U16, CHAR, TEXT16, LIST, THREAD, TASK, SIGNALS, QUEUE, FRAME, SPACE };

/* struct task_struct */
enum {
	PID = 0,
	TGID = 4,
	PARENT = 8,
	FLAGS = 16,
	STATE = 20,
	EXIT_STATE = 24,
	TASK_MM = 32,
	COMM = 40,
	TASKS_LINK = 56,
	TASK_SIGNAL = 72,
	THREAD_NODE = 80,
	THREAD_SP = 96,
	THREAD_FSBASE = 112,
};

static const struct {
	uint32_t pid, exit_state;
	const char *comm;
	bool has_mm;
} tasks[] = {
	{0, 0, "swapper/0", false}, {0, 0, "swapper/1", false}, {1, 0, "sleeper", true},
	{75, 0, "<sh\xff&>", true}, {9, 0x20, "zombie", false},
};
enum { TASK_COUNT = sizeof(tasks) / sizeof(*tasks), IDLE_1 = 1, SLEEPER, SHELL, ZOMBIE };

struct server {
	struct machine made;
	struct kd_gdb_machine gdb;
	struct kd_gdb_stub stub;
	struct kd_gdb_link link;
	struct kd_log log;
	unsigned int warnings;
};

static uint64_t task_vaddr(size_t i)
{
	return MADE_VADDR(TASKS) + i * TASK_BYTES;
}

static void make_struct(struct blob *blob, const char *name, uint32_t bytes, size_t count)
{
	blob_type(blob, KD_BTF_STRUCT, name, (uint32_t)count, false, bytes);
}

static void make_types(struct blob *blob)
{
	blob_init(blob, NULL);
	blob_type(blob, KD_BTF_INT, "unsigned int", 0, false, 4);
	blob_word(blob, 32);
	blob_type(blob, KD_BTF_INT, "unsigned long", 0, false, 8);
	blob_word(blob, 64);
	blob_type(blob, KD_BTF_INT, "unsigned short", 0, false, 2);
	blob_word(blob, 16);
	blob_type(blob, KD_BTF_INT, "char", 0, false, 1);
	blob_word(blob, 1 << 24 | 8);
	blob_type(blob, KD_BTF_ARRAY, "", 0, false, 0);
	blob_word(blob, CHAR);
	blob_word(blob, U32);
	blob_word(blob, 16);
	make_struct(blob, "list_head", 16, 2);
	blob_member(blob, "next", U64, 0);
	blob_member(blob, "prev", U64, 64);
	make_struct(blob, "thread_struct", 32, 3);
	blob_member(blob, "sp", U64, 0);
	blob_member(blob, "ds", U16, 64);
	blob_member(blob, "fsbase", U64, 128);
	make_struct(blob, "task_struct", 128, 12);
	blob_member(blob, "pid", U32, PID * 8);
	blob_member(blob, "tgid", U32, TGID * 8);
	blob_member(blob, "real_parent", U64, PARENT * 8);
	blob_member(blob, "flags", U32, FLAGS * 8);
	blob_member(blob, "__state", U32, STATE * 8);
	blob_member(blob, "exit_state", U32, EXIT_STATE * 8);
	blob_member(blob, "mm", U64, TASK_MM * 8);
	blob_member(blob, "comm", TEXT16, COMM * 8);
	blob_member(blob, "tasks", LIST, TASKS_LINK * 8);
	blob_member(blob, "signal", U64, TASK_SIGNAL * 8);
	blob_member(blob, "thread_node", LIST, THREAD_NODE * 8);
	blob_member(blob, "thread", THREAD, THREAD_SP * 8);
	make_struct(blob, "signal_struct", 16, 1);
	blob_member(blob, "thread_head", LIST, 0);
	make_struct(blob, "rq", 16, 2);
	blob_member(blob, "curr", U64, 0);
	blob_member(blob, "idle", U64, 64);
	make_struct(blob, "inactive_task_frame", 24, 3);
	blob_member(blob, "bx", U64, 0);
	blob_member(blob, "bp", U64, 64);
	blob_member(blob, "ret_addr", U64, 128);
	make_struct(blob, "mm_struct", 8, 1);
	blob_member(blob, "pgd", U64, 0);
	blob_finish(blob);
}

static void put(struct server *server, uint64_t paddr, uint64_t value, size_t bytes)
{
	fixture_poke_number(&server->made.fixture, paddr, value, bytes);
}

/* The list of processes: 0, 1, 75, 9; each with no other threads. */
static void put_tasks(struct server *server)
{
	static const size_t next[TASK_COUNT] = {SLEEPER, IDLE_1, SHELL, ZOMBIE, 0};

	for (size_t i = 0; i < TASK_COUNT; i++) {
		uint64_t at = TASKS + i * TASK_BYTES, signal = SIGNAL + 16 * i;

		put(server, at + PID, tasks[i].pid, 4);
		put(server, at + TGID, tasks[i].pid, 4);
		put(server, at + PARENT, task_vaddr(0), 8);
		put(server, at + STATE, i == SLEEPER, 4);
		put(server, at + EXIT_STATE, tasks[i].exit_state, 4);
		put(server, at + TASK_MM, tasks[i].has_mm ? MADE_VADDR(MM) : 0, 8);
		fixture_poke(&server->made.fixture, at + COMM, tasks[i].comm,
			     strlen(tasks[i].comm));
		put(server, at + TASKS_LINK, task_vaddr(next[i]) + TASKS_LINK, 8);
		put(server, TASKS + next[i] * TASK_BYTES + TASKS_LINK + 8,
		    task_vaddr(i) + TASKS_LINK, 8);
		put(server, at + TASK_SIGNAL, MADE_VADDR(signal), 8);
		for (unsigned int link = 0; link < 16; link += 8) {
			put(server, at + THREAD_NODE + link, MADE_VADDR(signal), 8);
			put(server, signal + link, task_vaddr(i) + THREAD_NODE, 8);
		}
		put(server, at + THREAD_SP, MADE_VADDR(STACK), 8);
		put(server, at + THREAD_FSBASE, 0x1000 + i, 8);
	}
	put(server, STACK, 0xb0b, 8);
	put(server, STACK + 8, 0xb9, 8);
	put(server, STACK + 16, MADE_TEXT + 0x123, 8);
}

static void put_cpus(struct server *server)
{
	static const uint64_t current[] = {0, SHELL};

	put(server, DATA, 2, 4);        /* nr_cpu_ids */
	put(server, DATA + 0x10, 3, 8); /* possible */
	put(server, DATA + 0x20, 3, 8); /* online */
	for (uint64_t cpu = 0; cpu < 2; cpu++) {
		uint8_t qemu[440] = {1};
		const uint64_t control[5] = {0x80050033, 0, 0xc2 + cpu, 0xc3000, 0xc4};

		put(server, DATA + 0x30 + 8 * cpu, 0x40 * cpu, 8); /* __per_cpu_offset */
		put(server, QUEUES + 0x40 * cpu, task_vaddr(current[cpu]), 8);
		put(server, QUEUES + 0x40 * cpu + 8, task_vaddr(cpu), 8);
		fixture_cpu(&server->made.fixture, tasks[current[cpu]].pid, MADE_TEXT + 0x40 * cpu,
			    MADE_VADDR(STACK) + 0x100);
		memcpy(qemu + 392, control, sizeof(control));
		fixture_note(&server->made.fixture, "QEMU", 0, qemu, sizeof(qemu));
	}
}

/* One page of user space, that only the page tables of the process have. */
static void put_user(struct server *server)
{
	uint64_t table = server->made.fixture.next_table;

	fixture_map(&server->made.fixture, USER_VADDR, USER_PAGE, 12);
	put(server, USER_ROOT, table | 1, 8);
	put(server, FIXTURE_TABLES, 0, 8);
	put(server, MM, MADE_VADDR(USER_ROOT), 8);
	fixture_poke(&server->made.fixture, USER_PAGE, "user $pace", 10);
}

static void count_warning(void *opaque, enum kd_log_level level, const char *line)
{
	struct server *server = opaque;

	assert_non_null(strstr(line, "dead"));
	server->warnings++;
}

static void open_server(struct server *server)
{
	static const struct made_symbol symbols[] = {
		{"T_text", 0, false},
		{"T_\1ext", 0x40, false},
		{"D__\1art_\2", MADE_TYPES - MADE_RAM, false},
		{"D__\1op_\2", MADE_FREE - MADE_RAM, false},
		{"Dnr_cpu_ids", DATA - MADE_RAM, false},
		{"D__cpu_possible_mask", DATA + 0x10 - MADE_RAM, false},
		{"D__cpu_online_mask", DATA + 0x20 - MADE_RAM, false},
		{"D__per_cpu_offset", DATA + 0x30 - MADE_RAM, false},
		{"Dinit_task", TASKS - MADE_RAM, false},
		{"Drunqueues", QUEUES - MADE_RAM, false},
		{"B_end", MADE_BYTES, false},
	};
	struct kd_err err = {KD_OK, ""};
	struct blob types;

	memset(server, 0, sizeof(*server));
	make_types(&types);
	made_kernel_init(&server->made.fixture, symbols, sizeof(symbols) / sizeof(*symbols),
			 MADE_RELATIVE, &types);
	fixture_info(&server->made.fixture, "KERNELOFFSET=1c00000");
	fixture_memory(&server->made.fixture, EXCLUDED_RAM, 0x1000, 0);
	fixture_map(&server->made.fixture, MADE_TEXT + EXCLUDED_VADDR, EXCLUDED_RAM, 12);
	fixture_map(&server->made.fixture, MADE_TEXT + HOLE_VADDR, NO_RAM, 12);
	put_tasks(server);
	put_cpus(server);
	put_user(server);
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
	assert_string_equal(ask(&server, "mffffffffffffffff,8"), "E0e");
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
	close_server(&server);
}

static void test_refusals(void **state)
{
	static const struct exchange refused[] = {
		{"M1000,1:00", "E.a dump cannot*"}, {"X1000,1:a", "E.a dump cannot*"},
		{"G00", "E.a dump cannot*"},        {"P0=0", "E.a dump cannot*"},
		{"Z0,1000,1", "E.a dump cannot*"},  {"Z4,1000,1", "E.a dump cannot*"},
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
		{"ps", "      4       1       0    0 S ffffffff8100b200  sleeper\n"},
		{"ps", "<sh?&> (running)\n"},
		{"ps", "swapper/0 (running)\n"},
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
