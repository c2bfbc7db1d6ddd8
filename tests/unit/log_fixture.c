/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "test.h"

#include "log_fixture.h"

#include <stdio.h>
#include <string.h>

/* The buffer of records of kernels up to 5.9 (struct printk_log): a record after the other. */
enum { LOG = 0x200000, LOG_BYTES = 0x20000, RECORDS = LOG + 0x1000, HEADER = 16 };

static uint64_t put_record(struct fixture *fixture, uint64_t at, uint64_t time_ns, const char *text,
			   size_t bytes)
{
	uint64_t length = (HEADER + bytes + 7) / 8 * 8;

	assert_true(at + length + HEADER <= LOG + LOG_BYTES);
	fixture_poke_number(fixture, at, time_ns, 8);
	fixture_poke_number(fixture, at + 8, length, 2);
	fixture_poke_number(fixture, at + 10, bytes, 2);
	fixture_poke(fixture, at + HEADER, text, bytes);
	return at + length;
}

void fixture_with_log(struct fixture *fixture, const char *text)
{
	static const char *const names[] = {"log_buf", "log_buf_len", "log_first_idx",
					    "log_next_idx"};
	uint64_t at = RECORDS;

	fixture_init(fixture, 4);
	fixture_memory(fixture, LOG, LOG_BYTES, LOG_BYTES);
	fixture_map(fixture, FIXTURE_TEXT + LOG, LOG, 21);
	fixture_info(fixture, "OSRELEASE=6.1.0-made-up");
	for (unsigned int i = 0; i < 4; i++)
		fixture_info(fixture, "SYMBOL(%s)=%llx", names[i],
			     (unsigned long long)(FIXTURE_TEXT + LOG + 8 * i));
	fixture_info(fixture, "SIZE(printk_log)=16");
	fixture_info(fixture, "OFFSET(printk_log.ts_nsec)=0");
	fixture_info(fixture, "OFFSET(printk_log.len)=8");
	fixture_info(fixture, "OFFSET(printk_log.text_len)=10");
	for (; *text; text += strcspn(text, "\n"), text += *text == '\n') {
		unsigned long long s, us;
		int prefix = 0;

		if (sscanf(text, "[ %llu.%6llu]%n", &s, &us, &prefix) != 2 || !prefix)
			continue;
		at = put_record(fixture, at, s * 1000000000 + us * 1000, text + prefix + 1,
				strcspn(text + prefix + 1, "\n"));
	}
	fixture_poke_number(fixture, LOG, FIXTURE_TEXT + RECORDS, 8);
	fixture_poke_number(fixture, LOG + 8, LOG_BYTES - 0x1000, 4);
	fixture_poke_number(fixture, LOG + 24, at - RECORDS, 4);
}
