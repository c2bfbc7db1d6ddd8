/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * src/kernel on made-up dumps: VMCOREINFO, registers, and the log in both layouts, with the damage that
 * a crash or an enemy leaves in it.
 */
#include "test.h"

#include <stdio.h>
#include <string.h>

#include "dump_fixture.h"
#include "kernel/kernel.h"
#include "kernel/log.h"
#include "kernel/panic.h"
#include "kernel/registers.h"

enum {
	LOG = 0x200000, /* physical: a 2 MiB page of the kernel image */
	DESCS = LOG + 0x1000,
	INFOS = LOG + 0x2000,
	DATA = LOG + 0x4000,
	DESC_BYTES = 24,
	INFO_BYTES = 88,
	DESC_BITS = 3,
	DATA_BITS = 8,
	LOG_BYTES = 0x5000,
};

enum { RESERVED, COMMITTED, FINALIZED, REUSABLE };

/* The layout of the 6.1 kernel, from the VMCOREINFO of a real one. */
static const char *const ring_info[] = {
	"SIZE(printk_ringbuffer)=88",
	"OFFSET(printk_ringbuffer.desc_ring)=0",
	"OFFSET(printk_ringbuffer.text_data_ring)=48",
	"OFFSET(prb_desc_ring.count_bits)=0",
	"OFFSET(prb_desc_ring.descs)=8",
	"OFFSET(prb_desc_ring.infos)=16",
	"OFFSET(prb_desc_ring.head_id)=24",
	"OFFSET(prb_desc_ring.tail_id)=32",
	"SIZE(prb_desc)=24",
	"OFFSET(prb_desc.state_var)=0",
	"OFFSET(prb_desc.text_blk_lpos)=8",
	"OFFSET(prb_data_blk_lpos.begin)=0",
	"OFFSET(prb_data_blk_lpos.next)=8",
	"SIZE(printk_info)=88",
	"OFFSET(printk_info.seq)=0",
	"OFFSET(printk_info.ts_nsec)=8",
	"OFFSET(printk_info.text_len)=16",
	"OFFSET(printk_info.caller_id)=20",
	"OFFSET(printk_info.dev_info)=24",
	"SIZE(dev_printk_info)=64",
	"OFFSET(dev_printk_info.subsystem)=0",
	"OFFSET(dev_printk_info.device)=16",
	"OFFSET(prb_data_ring.size_bits)=0",
	"OFFSET(prb_data_ring.data)=8",
};

static void begin_ring(struct fixture *fixture, uint64_t tail_id, uint64_t head_id)
{
	fixture_init(fixture, 5);
	fixture_memory(fixture, LOG, LOG_BYTES, LOG_BYTES);
	fixture_map(fixture, FIXTURE_TEXT + LOG, LOG, 21);
	fixture_info(fixture, "OSRELEASE=6.1.0-made-up");
	fixture_info(fixture, "SYMBOL(prb)=%llx", (unsigned long long)(FIXTURE_TEXT + LOG));
	for (size_t i = 0; i < sizeof(ring_info) / sizeof(*ring_info); i++)
		fixture_info(fixture, "%s", ring_info[i]);
	fixture_poke_number(fixture, LOG, FIXTURE_TEXT + LOG + 0x100, 8);
	fixture_poke_number(fixture, LOG + 0x100, DESC_BITS, 4);
	fixture_poke_number(fixture, LOG + 0x108, FIXTURE_TEXT + DESCS, 8);
	fixture_poke_number(fixture, LOG + 0x110, FIXTURE_TEXT + INFOS, 8);
	fixture_poke_number(fixture, LOG + 0x118, head_id, 8);
	fixture_poke_number(fixture, LOG + 0x120, tail_id, 8);
	fixture_poke_number(fixture, LOG + 0x130, DATA_BITS, 4);
	fixture_poke_number(fixture, LOG + 0x138, FIXTURE_TEXT + DATA, 8);
}

/* A record whose block spans begin to next, logical positions. */
static void put(struct fixture *fixture, uint64_t id, uint64_t state, uint64_t seq, uint64_t begin,
		uint64_t next, const char *text)
{
	uint64_t index = id & ((1 << DESC_BITS) - 1), ring = 1 << DATA_BITS;
	uint64_t desc = DESCS + index * DESC_BYTES, info = INFOS + index * INFO_BYTES;
	uint64_t block = begin / ring == next / ring || next % ring == 0 ? begin % ring : 0;

	fixture_poke_number(fixture, desc, id | state << 62, 8);
	fixture_poke_number(fixture, desc + 8, begin, 8);
	fixture_poke_number(fixture, desc + 16, next, 8);
	fixture_poke_number(fixture, info, seq, 8);
	fixture_poke_number(fixture, info + 8, 1234567890, 8);
	fixture_poke_number(fixture, info + 16, strlen(text), 2);
	fixture_poke_number(fixture, info + 19, 4 << 5, 1); /* warn */
	fixture_poke_number(fixture, info + 20, 0x80000001, 4);
	if (begin & 1)
		return;
	fixture_poke_number(fixture, DATA + block, id, 8);
	fixture_poke(fixture, DATA + block + 8, text, strlen(text));
}

struct seen {
	char text[2048];
	size_t bytes;
	struct kd_klog_record last;
};

static bool see(void *opaque, const struct kd_klog_record *record)
{
	struct seen *seen = opaque;

	seen->bytes +=
		kd_klog_format(record, seen->text + seen->bytes, sizeof(seen->text) - seen->bytes);
	seen->last = *record;
	return true;
}

static void read_log(struct fixture *fixture, enum kd_status expected, struct seen *seen,
		     struct kd_klog_summary *summary)
{
	struct kd_kernel *kernel;
	struct kd_dump *dump;
	struct kd_err err = {0};

	*seen = (struct seen){0};
	assert_int_equal(kd_dump_open(fixture->path, NULL, &dump, &err), KD_OK);
	assert_int_equal(kd_kernel_open(dump, &kernel, &err), KD_OK);
	assert_int_equal(kd_klog_each(kernel, see, seen, summary, &err), expected);
	kd_kernel_close(kernel);
	kd_dump_close(dump);
}

static void ring_in_order(void **state)
{
	struct kd_klog_summary summary;
	struct fixture fixture;
	struct seen seen;

	begin_ring(&fixture, 6, 12); /* the descriptors wrap: 8 of them */
	put(&fixture, 6, FINALIZED, 100, 0x1c0, 0x1d0, "first");
	put(&fixture, 7, FINALIZED, 101, 0x1d0, 0x1e8, "a\nb\x01\xff");
	put(&fixture, 8, FINALIZED, 102, 0x1e8, 0x218, "wraps to start");
	put(&fixture, 9, RESERVED, 103, 0x218, 0x230, "half-writ");
	put(&fixture, 10, FINALIZED, 104, 3, 3, "");
	put(&fixture, 11, REUSABLE, 105, 0x230, 0x240, "gone");
	put(&fixture, 12, COMMITTED, 106, 0x240, 0x250, "last");
	fixture_poke(&fixture, INFOS + (12 & 7) * INFO_BYTES + 24, "pci", 3);
	/* without an end: the next field is no longer its own */
	fixture_poke(&fixture, INFOS + (12 & 7) * INFO_BYTES + 24 + 16,
		     "+pci:0000:00:02.0 and much more than there is \x01for", 48);
	fixture_build(&fixture);
	read_log(&fixture, KD_OK, &seen, &summary);
	assert_string_equal(seen.text, "[    1.234567] first\n"
				       "[    1.234567] a\n"
				       "[    1.234567] b\\x01\\xff\n"
				       "[    1.234567] wraps to start\n"
				       "[    1.234567] \n"
				       "[    1.234567] last\n");
	assert_int_equal(summary.records, 5);
	assert_int_equal(summary.unfinished, 1);
	assert_int_equal(summary.lost, 2);
	assert_int_equal(summary.damaged, 0);
	assert_int_equal(seen.last.level, 4);
	assert_int_equal(seen.last.caller, 1);
	assert_true(seen.last.caller_is_cpu);
	assert_string_equal(seen.last.subsystem, "pci");
	assert_string_equal(seen.last.device, "+pci:0000:00:02.0 and much more than there is ?");
	fixture_deinit(&fixture);
}

static void ring_damage_is_counted(void **state)
{
	struct kd_klog_summary summary;
	struct fixture fixture;
	struct seen seen;

	begin_ring(&fixture, 0, 3);
	put(&fixture, 2, FINALIZED, 2, 0x40, 0x1050, "laps ahead");
	put(&fixture, 0, FINALIZED, 0, 0, 0x10,
	    "text longer than its block"); /* cut, not damaged */
	put(&fixture, 1, FINALIZED, 1, 0x20, 0x18, "backwards");
	put(&fixture, 3, FINALIZED, 3, 0x60, 0x70, "ours");
	fixture_poke_number(&fixture, DATA + 0x60, 77, 8); /* the block is another record's now */
	fixture_build(&fixture);
	read_log(&fixture, KD_OK, &seen, &summary);
	assert_string_equal(seen.text, "[    1.234567] text lon\n");
	assert_int_equal(summary.damaged, 3);
	fixture_deinit(&fixture);
}

/* head_id that no descriptor reaches: the walk ends after as many as there are. */
static void ring_walk_is_bounded(void **state)
{
	struct kd_klog_summary summary;
	struct fixture fixture;
	struct seen seen;

	begin_ring(&fixture, 5, UINT64_MAX);
	put(&fixture, 5, FINALIZED, 0, 0, 0x10, "only");
	fixture_build(&fixture);
	read_log(&fixture, KD_OK, &seen, &summary);
	assert_int_equal(summary.records, 1);
	fixture_deinit(&fixture);
}

/* Every byte of the ring's head, descriptors, infos and text changed in turn. */
static void no_damaged_ring_harms(void **state)
{
	static const uint64_t ranges[][2] = {{LOG, 8},
					     {LOG + 0x100, 0x40},
					     {DESCS, 3 * DESC_BYTES},
					     {INFOS, 3 * INFO_BYTES},
					     {DATA, 0x40}};
	struct fixture fixture;
	size_t changed = 0;
	uint64_t start;

	begin_ring(&fixture, 0, 2);
	put(&fixture, 0, FINALIZED, 0, 0, 0x10, "one");
	put(&fixture, 1, FINALIZED, 1, 0x10, 0x20, "two");
	put(&fixture, 2, FINALIZED, 2, 0x20, 0x30, "three");
	fixture_build(&fixture);
	start = fixture.file_bytes - LOG_BYTES;
	for (size_t r = 0; r < sizeof(ranges) / sizeof(*ranges); r++)
		for (uint64_t i = 0; i < ranges[r][1]; i++) {
			uint64_t at = start + ranges[r][0] - LOG + i;
			uint8_t good = fixture_peek(&fixture, at), bad = (uint8_t)~good;
			struct kd_klog_summary summary = {0};
			struct kd_kernel *kernel;
			struct kd_dump *dump;
			struct seen seen = {0};

			fixture_patch(&fixture, at, &bad, 1);
			assert_int_equal(kd_dump_open(fixture.path, NULL, &dump, NULL), KD_OK);
			assert_int_equal(kd_kernel_open(dump, &kernel, NULL), KD_OK);
			changed += kd_klog_each(kernel, see, &seen, &summary, NULL) ||
				   summary.records != 3;
			assert_true(summary.records <= 8);
			kd_kernel_close(kernel);
			kd_dump_close(dump);
			fixture_patch(&fixture, at, &good, 1);
		}
	assert_true(changed > 50);
	fixture_deinit(&fixture);
}

enum { BUFFER = LOG + 0x1000, BUFFER_BYTES = 256 };

static void begin_records(struct fixture *fixture, uint64_t first, uint64_t next)
{
	static const char *const names[] = {"log_buf", "log_buf_len", "log_first_idx",
					    "log_next_idx"};

	fixture_init(fixture, 4);
	fixture_memory(fixture, LOG, LOG_BYTES, LOG_BYTES);
	fixture_map(fixture, FIXTURE_TEXT + LOG, LOG, 21);
	for (unsigned int i = 0; i < 4; i++)
		fixture_info(fixture, "SYMBOL(%s)=%llx", names[i],
			     (unsigned long long)(FIXTURE_TEXT + LOG + 8 * i));
	fixture_info(fixture, "SIZE(printk_log)=16");
	fixture_info(fixture, "OFFSET(printk_log.ts_nsec)=0");
	fixture_info(fixture, "OFFSET(printk_log.len)=8");
	fixture_info(fixture, "OFFSET(printk_log.text_len)=10");
	fixture_poke_number(fixture, LOG, FIXTURE_TEXT + BUFFER, 8);
	fixture_poke_number(fixture, LOG + 8, BUFFER_BYTES, 4);
	fixture_poke_number(fixture, LOG + 16, first, 4);
	fixture_poke_number(fixture, LOG + 24, next, 4);
}

static void put_record(struct fixture *fixture, uint64_t at, uint64_t length, const char *text)
{
	fixture_poke_number(fixture, BUFFER + at, UINT64_C(12345678901234), 8);
	fixture_poke_number(fixture, BUFFER + at + 8, length, 2);
	fixture_poke_number(fixture, BUFFER + at + 10, strlen(text), 2);
	fixture_poke_number(fixture, BUFFER + at + 15, 6 << 5, 1);
	fixture_poke(fixture, BUFFER + at + 16, text, strlen(text));
}

static void older_records_wrap(void **state)
{
	struct kd_klog_summary summary;
	struct fixture fixture;
	struct seen seen;

	begin_records(&fixture, 192, 64);
	put_record(&fixture, 192, 32, "older");
	/* length 0 at 224: the next is at the start */
	put_record(&fixture, 0, 32, "newer");
	put_record(&fixture, 32, 32, "newest");
	/* a dictionary without the end that it says */
	fixture_poke_number(&fixture, BUFFER + 32 + 12, 10, 2);
	fixture_poke(&fixture, BUFFER + 32 + 16 + 6, "DEVICE=c1:", 10);
	fixture_build(&fixture);
	read_log(&fixture, KD_OK, &seen, &summary);
	assert_string_equal(seen.text, "[12345.678901] older\n[12345.678901] newer\n"
				       "[12345.678901] newest\n");
	assert_int_equal(seen.last.level, 6);
	assert_false(seen.last.has_caller);
	assert_string_equal(seen.last.device, "c1:");
	assert_string_equal(seen.last.subsystem, "");
	fixture_deinit(&fixture);
}

static void older_records_never_loop(void **state)
{
	static const struct {
		uint64_t first, next, length;
		enum kd_status status;
	} cases[] = {
		{0, 64, 8, KD_OK},      /* shorter than its header */
		{0, 40, 32, KD_OK},     /* steps over the end mark: a hole of zeros, round once */
		{0, 64, 0xffff, KD_OK}, /* past the buffer */
		{0x1000, 64, 32, KD_CORRUPT}, /* starts outside */
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct kd_klog_summary summary = {0};
		struct fixture fixture;
		struct seen seen;

		begin_records(&fixture, cases[i].first, cases[i].next);
		put_record(&fixture, 0, cases[i].length, "x");
		fixture_build(&fixture);
		read_log(&fixture, cases[i].status, &seen, &summary);
		assert_true(summary.records <= 2);
		fixture_deinit(&fixture);
	}
}

static void vmcoreinfo_values(void **state)
{
	static const char text[] =
		"OSRELEASE=6.1\nno such line\n=nor this\n\nSYMBOL(a)=ffffffff81000000\nNUMBER(n)=-73400320\n"
		"NUMBER(h)=0x20\nKERNELOFFSET=1c000000\nSIZE(s)=bad\n"
		"CRASHTIME=1\nCRASHTIME=1795397146";
	static struct kd_vmcoreinfo info;
	struct kd_err err;
	uint64_t value = 0;
	int64_t number = 0;

	assert_int_equal(kd_vmcoreinfo_init(&info, text, strlen(text), &err), KD_OK);
	assert_int_equal(kd_vmcoreinfo_symbol(&info, "a", &value, &err), KD_OK);
	assert_true(value == UINT64_C(0xffffffff81000000));
	assert_int_equal(kd_vmcoreinfo_number(&info, "n", &number, &err), KD_OK);
	assert_int_equal(number, -73400320);
	assert_int_equal(kd_vmcoreinfo_number(&info, "h", &number, &err), KD_OK);
	assert_int_equal(number, 32);
	assert_int_equal(kd_vmcoreinfo_key(&info, "KERNELOFFSET", 16, &value, &err), KD_OK);
	assert_int_equal(value, 0x1c000000);
	assert_int_equal(kd_vmcoreinfo_key(&info, "CRASHTIME", 10, &value, &err), KD_OK);
	assert_int_equal(value, 1795397146);
	assert_int_equal(kd_vmcoreinfo_size(&info, "s", &value, &err), KD_CORRUPT);
	assert_int_equal(kd_vmcoreinfo_offset(&info, "no.where", &value, &err), KD_NOTFOUND);
	assert_non_null(strstr(err.text, "OFFSET(no.where)"));
	assert_int_equal(info.count, 7);
	assert_int_equal(kd_vmcoreinfo_init(&info, "garbage", 7, &err), KD_CORRUPT);
}

static void panic_and_registers(void **state)
{
	struct kd_cpu_registers registers;
	struct kd_kernel *kernel;
	struct fixture fixture;
	struct kd_panic panic;
	struct kd_dump *dump;
	struct kd_err err;

	begin_ring(&fixture, 0, 2);
	put(&fixture, 0, FINALIZED, 0, 0, 0x28, "sysrq: Trigger a crash");
	put(&fixture, 1, FINALIZED, 1, 0x28, 0x58, "Kernel panic - not syncing: because");
	put(&fixture, 2, FINALIZED, 2, 0x58, 0x98,
	    "CPU: 3 UID: 0 PID: 75 Comm: my sh Not tainted 6");
	fixture_cpu(&fixture, 0, 0x10, 0x20);
	fixture_cpu(&fixture, 75, 0x1234, 0x5678);
	fixture_build(&fixture);
	assert_int_equal(kd_dump_open(fixture.path, NULL, &dump, &err), KD_OK);
	assert_int_equal(kd_kernel_open(dump, &kernel, &err), KD_OK);
	assert_string_equal(kd_kernel_release(kernel), "6.1.0-made-up");
	assert_int_equal(kd_panic_find(kernel, &panic, &err), KD_OK);
	assert_string_equal(panic.message, "Kernel panic - not syncing: because");
	assert_string_equal(panic.cause, "sysrq: Trigger a crash");
	assert_int_equal(panic.cpu, 3);
	assert_int_equal(panic.pid, 75);
	assert_string_equal(panic.comm, "my sh");
	assert_int_equal(kd_registers_count(dump), 2);
	assert_int_equal(kd_registers_get(dump, 1, &registers, &err), KD_OK);
	assert_int_equal(registers.pid, 75);
	assert_int_equal(kd_register_value(&registers, registers.arch->program_counter), 0x1234);
	assert_int_equal(kd_register_value(&registers, registers.arch->stack_pointer), 0x5678);
	assert_int_equal(kd_registers_get(dump, 2, &registers, &err), KD_NOTFOUND);
	kd_kernel_close(kernel);
	kd_dump_close(dump);
	fixture_deinit(&fixture);
}

/* What sounds like the end, of a system that goes on. */
static void no_panic(void **state)
{
	static const char *const lines[] = {
		"NMI watchdog: Perf NMI watchdog permanently disabled",
		"PM: Kernel panic is not what this is",
		"Oopsie",
	};

	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		struct kd_kernel *kernel;
		struct fixture fixture;
		struct kd_panic panic;
		struct kd_dump *dump;

		begin_ring(&fixture, 0, 0);
		put(&fixture, 0, FINALIZED, 0, 0, 0x48, lines[i]);
		fixture_build(&fixture);
		assert_int_equal(kd_dump_open(fixture.path, NULL, &dump, NULL), KD_OK);
		assert_int_equal(kd_kernel_open(dump, &kernel, NULL), KD_OK);
		assert_int_equal(kd_panic_find(kernel, &panic, NULL), KD_NOTFOUND);
		kd_kernel_close(kernel);
		kd_dump_close(dump);
		fixture_deinit(&fixture);
	}
}

static void no_vmcoreinfo_is_not_found(void **state)
{
	struct kd_kernel *kernel = NULL;
	struct fixture fixture;
	struct kd_dump *dump;

	fixture_init(&fixture, 0);
	fixture_memory(&fixture, 0x1000, 0x1000, 0x1000);
	fixture_build(&fixture);
	assert_int_equal(kd_dump_open(fixture.path, NULL, &dump, NULL), KD_OK);
	assert_int_equal(kd_kernel_open(dump, &kernel, NULL), KD_NOTFOUND);
	kd_dump_close(dump);
	fixture_deinit(&fixture);
}

/* Excluded page tables hide what only they lead to, and not the image; one that maps nothing hides that, too. */
static void reads_image_without_page_tables(void **state)
{
	const uint64_t direct = UINT64_C(0xffff888000000000) + LOG;

	for (int excluded = 0; excluded < 2; excluded++) {
		struct fixture fixture;
		struct kd_kernel *kernel;
		struct kd_dump *dump;
		struct kd_err err;
		char text[8] = "";

		fixture_init(&fixture, 5);
		fixture_info(&fixture, "OSRELEASE=6.1.0-made-up");
		fixture_memory(&fixture, LOG, LOG_BYTES, LOG_BYTES);
		fixture_poke(&fixture, LOG, "in text", 8);
		if (excluded)
			fixture.segments[0].file_bytes = 0;
		fixture_build(&fixture);
		assert_int_equal(kd_dump_open(fixture.path, NULL, &dump, NULL), KD_OK);
		assert_int_equal(kd_kernel_open(dump, &kernel, NULL), KD_OK);
		assert_int_equal(kd_kernel_read(kernel, FIXTURE_TEXT + LOG, text, 8, &err),
				 excluded ? KD_OK : KD_FAULT);
		assert_string_equal(text, excluded ? "in text" : "");
		assert_int_equal(kd_kernel_read(kernel, direct, text, 8, &err),
				 excluded ? KD_EXCLUDED : KD_FAULT);
		/* beyond RAM: the answer is that of the tables */
		assert_int_equal(kd_kernel_read(kernel, FIXTURE_TEXT + 0x30000000, text, 8, &err),
				 excluded ? KD_EXCLUDED : KD_FAULT);
		kd_kernel_close(kernel);
		kd_dump_close(dump);
		fixture_deinit(&fixture);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ring_in_order),
		cmocka_unit_test(ring_damage_is_counted),
		cmocka_unit_test(ring_walk_is_bounded),
		cmocka_unit_test(no_damaged_ring_harms),
		cmocka_unit_test(older_records_wrap),
		cmocka_unit_test(older_records_never_loop),
		cmocka_unit_test(vmcoreinfo_values),
		cmocka_unit_test(panic_and_registers),
		cmocka_unit_test(no_panic),
		cmocka_unit_test(no_vmcoreinfo_is_not_found),
		cmocka_unit_test(reads_image_without_page_tables),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
