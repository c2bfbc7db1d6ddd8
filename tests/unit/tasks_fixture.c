/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tasks_fixture.h"

#include <string.h>

/* Types, in the order in which they are made. */
enum { U32 = 1, U64, U16, CHAR, TEXT16, LIST, THREAD, TASK, SIGNALS, QUEUE, FRAME };

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
} tasks[TASK_COUNT] = {
	{0, 0, "swapper/0", false}, {0, 0, "swapper/1", false}, {1, 0, "sleeper", true},
	{75, 0, "<sh\xff&>", true}, {9, 0x20, "zombie", false},
};

uint64_t task_vaddr(size_t i)
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
	make_struct(blob, "mm_struct", 16, 2);
	blob_member(blob, "pgd", U64, 0);
	blob_member(blob, "mmap", U64, 64);
	make_struct(blob, "vm_area_struct", 48, 6);
	blob_member(blob, "vm_start", U64, 0);
	blob_member(blob, "vm_end", U64, 64);
	blob_member(blob, "vm_next", U64, 128);
	blob_member(blob, "vm_flags", U64, 192);
	blob_member(blob, "vm_pgoff", U64, 256);
	blob_member(blob, "vm_file", U64, 320);
	blob_finish(blob);
}

static void put(struct fixture *fixture, uint64_t paddr, uint64_t value, size_t bytes)
{
	fixture_poke_number(fixture, paddr, value, bytes);
}

/* The list of processes: 0, 1, 75, 9; each with no other threads. */
static void put_tasks(struct fixture *fixture)
{
	static const size_t next[TASK_COUNT] = {SLEEPER, IDLE_1, SHELL, ZOMBIE, 0};

	for (size_t i = 0; i < TASK_COUNT; i++) {
		uint64_t at = TASKS + i * TASK_BYTES, signal = SIGNAL + 16 * i;

		put(fixture, at + PID, tasks[i].pid, 4);
		put(fixture, at + TGID, tasks[i].pid, 4);
		put(fixture, at + PARENT, task_vaddr(0), 8);
		put(fixture, at + STATE, i == SLEEPER, 4);
		put(fixture, at + EXIT_STATE, tasks[i].exit_state, 4);
		put(fixture, at + TASK_MM, tasks[i].has_mm ? MADE_VADDR(MM) : 0, 8);
		fixture_poke(fixture, at + COMM, tasks[i].comm, strlen(tasks[i].comm));
		put(fixture, at + TASKS_LINK, task_vaddr(next[i]) + TASKS_LINK, 8);
		put(fixture, TASKS + next[i] * TASK_BYTES + TASKS_LINK + 8,
		    task_vaddr(i) + TASKS_LINK, 8);
		put(fixture, at + TASK_SIGNAL, MADE_VADDR(signal), 8);
		for (unsigned int link = 0; link < 16; link += 8) {
			put(fixture, at + THREAD_NODE + link, MADE_VADDR(signal), 8);
			put(fixture, signal + link, task_vaddr(i) + THREAD_NODE, 8);
		}
		put(fixture, at + THREAD_SP, MADE_VADDR(STACK), 8);
		put(fixture, at + THREAD_FSBASE, 0x1000 + i, 8);
	}
	put(fixture, STACK, 0xb0b, 8);
	put(fixture, STACK + 8, 0xb9, 8);
	put(fixture, STACK + 16, MADE_TEXT + 0x123, 8);
}

static void put_cpus(struct fixture *fixture)
{
	static const uint64_t current[] = {0, SHELL};

	put(fixture, DATA, 2, 4);        /* nr_cpu_ids */
	put(fixture, DATA + 0x10, 3, 8); /* possible */
	put(fixture, DATA + 0x20, 3, 8); /* online */
	for (uint64_t cpu = 0; cpu < 2; cpu++) {
		uint8_t qemu[440] = {1};
		const uint64_t control[5] = {0x80050033, 0, 0xc2 + cpu, 0xc3000, 0xc4};

		put(fixture, DATA + 0x30 + 8 * cpu, 0x40 * cpu, 8); /* __per_cpu_offset */
		put(fixture, QUEUES + 0x40 * cpu, task_vaddr(current[cpu]), 8);
		put(fixture, QUEUES + 0x40 * cpu + 8, task_vaddr(cpu), 8);
		fixture_cpu(fixture, tasks[current[cpu]].pid, MADE_TEXT + 0x40 * cpu,
			    MADE_VADDR(STACK) + 0x100);
		memcpy(qemu + 392, control, sizeof(control));
		fixture_note(fixture, "QEMU", 0, qemu, sizeof(qemu));
	}
}

/* A user space that only the page tables of the process have; its first page is mapped, too. */
static void put_user(struct fixture *fixture)
{
	uint64_t table = fixture->next_table;

	fixture_map(fixture, 0, USER_PAGE, 12);
	fixture_map(fixture, USER_VADDR, USER_PAGE, 12);
	fixture_map(fixture, USER_VADDR + 0x2000, EXCLUDED_RAM, 12);
	fixture_map(fixture, USER_VADDR + 0x3000, NO_RAM, 12);
	put(fixture, USER_ROOT, table | 1, 8);
	put(fixture, FIXTURE_TABLES, 0, 8);
	put(fixture, MM, MADE_VADDR(USER_ROOT), 8);
	put(fixture, MM + 8, MADE_VADDR(RANGE), 8);
	put(fixture, RANGE, USER_VADDR, 8);
	put(fixture, RANGE + 8, USER_VADDR + USER_BYTES, 8);
	fixture_poke(fixture, USER_PAGE, "user $pace", 10);
}

void tasks_fixture_init(struct fixture *fixture)
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
	struct blob types;

	make_types(&types);
	made_kernel_init(fixture, symbols, sizeof(symbols) / sizeof(*symbols), false, &types);
	fixture_info(fixture, "KERNELOFFSET=1c00000");
	fixture_memory(fixture, EXCLUDED_RAM, 0x1000, 0);
	fixture_map(fixture, MADE_TEXT + EXCLUDED_VADDR, EXCLUDED_RAM, 12);
	fixture_map(fixture, MADE_TEXT + HOLE_VADDR, NO_RAM, 12);
	fixture_map(fixture, TOP_VADDR, USER_PAGE, 12);
	put_tasks(fixture);
	put_cpus(fixture);
	put_user(fixture);
}
