/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any bytes as the kernel's log, in either layout: texts stay within what was read, and the walk ends. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dump_fixture.h"
#include "kernel/log.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
	LOG = 0x200000,
	LOG_BYTES = 0x4000,
	SMALL = 6, /* log2 of how many descriptors, and so on, are likely to make sense */
};

/* As a 6.1 kernel says it; with everything close together, so that changes hit. */
static const char *const ring[] = {
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
	"OFFSET(dev_printk_info.subsystem)=0",
	"OFFSET(dev_printk_info.device)=16",
	"OFFSET(prb_data_ring.size_bits)=0",
	"OFFSET(prb_data_ring.data)=8",
};
static const char *const records[] = {
	"SIZE(printk_log)=16",
	"OFFSET(printk_log.ts_nsec)=0",
	"OFFSET(printk_log.len)=8",
	"OFFSET(printk_log.text_len)=10",
};

static bool see(void *opaque, const struct kd_klog_record *record)
{
	unsigned int *count = opaque;
	unsigned int sum = 0;
	char line[128];

	for (size_t i = 0; i < record->text_bytes; i++)
		sum += (unsigned char)record->text[i];
	kd_klog_format(record, line, sizeof(line));
	if (strlen(record->subsystem) >= sizeof(record->subsystem) ||
	    strlen(record->device) >= sizeof(record->device) || sum == UINT32_MAX ||
	    ++*count > 1 << 20)
		abort();
	return true;
}

static void describe(struct fixture *fixture, bool is_ring)
{
	static const char *const names[] = {"log_buf", "log_buf_len", "log_first_idx",
					    "log_next_idx"};
	const char *const *lines = is_ring ? ring : records;
	size_t count = is_ring ? sizeof(ring) / sizeof(*ring) : sizeof(records) / sizeof(*records);

	fixture_info(fixture, "OSRELEASE=6.1.0-made-up");
	for (size_t i = 0; i < count; i++)
		fixture_info(fixture, "%s", lines[i]);
	if (is_ring)
		fixture_info(fixture, "SYMBOL(prb)=%llx", (unsigned long long)(FIXTURE_TEXT + LOG));
	for (unsigned int i = 0; !is_ring && i < 4; i++)
		fixture_info(fixture, "SYMBOL(%s)=%llx", names[i],
			     (unsigned long long)(FIXTURE_TEXT + LOG + 8 * i));
}

/* A head that makes sense; the input is what it leads to, and may change the head, too. */
static void put_head(struct fixture *fixture, bool is_ring, uint8_t choice)
{
	if (!is_ring) {
		fixture_poke_number(fixture, LOG, FIXTURE_TEXT + LOG + 0x200, 8);
		fixture_poke_number(fixture, LOG + 8, 0x1000, 4);
		fixture_poke_number(fixture, LOG + 16, choice, 4);
		fixture_poke_number(fixture, LOG + 24, 0x800, 4);
		return;
	}
	fixture_poke_number(fixture, LOG, FIXTURE_TEXT + LOG + 0x100, 8);
	fixture_poke_number(fixture, LOG + 0x100, choice % SMALL, 4);
	fixture_poke_number(fixture, LOG + 0x108, FIXTURE_TEXT + LOG + 0x200, 8);
	fixture_poke_number(fixture, LOG + 0x110, FIXTURE_TEXT + LOG + 0x240, 8);
	fixture_poke_number(fixture, LOG + 0x118, choice, 8);
	fixture_poke_number(fixture, LOG + 0x120, choice / 2, 8);
	fixture_poke_number(fixture, LOG + 0x130, SMALL + choice % SMALL, 4);
	fixture_poke_number(fixture, LOG + 0x138, FIXTURE_TEXT + LOG + 0x300, 8);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fixture fixture;
	struct kd_klog_summary summary;
	struct kd_kernel *kernel = NULL;
	struct kd_dump *dump = NULL;
	unsigned int count = 0;
	bool is_ring;

	if (size < 4)
		return 0;
	is_ring = data[0] & 1;
	fixture_init(&fixture, 4);
	fixture_memory(&fixture, LOG, LOG_BYTES, LOG_BYTES);
	fixture_map(&fixture, FIXTURE_TEXT + LOG, LOG, 21);
	describe(&fixture, is_ring);
	put_head(&fixture, is_ring, data[1]);
	/* from the head on, or behind it */
	fixture_poke(&fixture, LOG + (data[0] & 2 ? 0x100 : 0x200), data + 2,
		     size - 2 < LOG_BYTES - 0x200 ? size - 2 : LOG_BYTES - 0x200);
	fixture_build(&fixture);
	if (!kd_dump_open(fixture.path, NULL, &dump, NULL) && !kd_kernel_open(dump, &kernel, NULL))
		kd_klog_each(kernel, see, &count, &summary, NULL);
	kd_kernel_close(kernel);
	kd_dump_close(dump);
	fixture_deinit(&fixture);
	return 0;
}
