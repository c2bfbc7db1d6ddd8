/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kdump log: the kernel's log out of a dump, as dmesg(1) would have shown it. */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "cmd/dump_input.h"
#include "host/system.h"
#include "kernel/log.h"

struct printing {
	enum { DMESG, HUMAN, RAW, JSON } form;
	bool show_level;
	uint64_t boot_s; /* Unix time of boot, for HUMAN */
	uint64_t last_ns;
	json_t *list;
};

static enum kd_status to_stdout(void *opaque, const char *piece, size_t bytes, struct kd_err *err)
{
	if (fwrite(piece, 1, bytes, stdout) != bytes)
		return kd_fail_errno(err, errno, "standard output");
	return KD_OK;
}

static void print_human(const struct printing *printing, const struct kd_klog_record *record)
{
	time_t when = (time_t)(printing->boot_s + record->time_ns / 1000000000);
	char text[64] = "?";
	struct tm tm;

	if (localtime_r(&when, &tm))
		strftime(text, sizeof(text), "%a %b %e %H:%M:%S %Y", &tm);
	printf("[%s] ", text);
	for (size_t i = 0; i < record->text_bytes; i++) {
		unsigned char c = (unsigned char)record->text[i];

		if (c == '\n')
			printf("\n[%s] ", text);
		else if ((c >= ' ' && c <= '~') || c == '\t')
			putchar(c);
		else
			printf("\\x%02x", c);
	}
	putchar('\n');
}

static void add_json(json_t *list, const struct kd_klog_record *record)
{
	json_array_append_new(
		list,
		json_pack("{s:I, s:I, s:s, s:i, s:o, s:o, s:b, s:b}", "sequence",
			  (json_int_t)record->sequence, "time_ns", (json_int_t)record->time_ns,
			  "level", kd_klog_level_name(record->level), "facility", record->facility,
			  "caller",
			  record->has_caller
				  ? json_sprintf("%c%u", record->caller_is_cpu ? 'C' : 'T',
						 record->caller)
				  : json_null(),
			  "text", kd_json_text(record->text, record->text_bytes), "continuation",
			  record->continuation, "truncated", record->truncated));
}

static bool print_record(void *opaque, const struct kd_klog_record *record)
{
	struct printing *printing = opaque;

	if (printing->show_level && printing->form != JSON)
		printf("%-6s: ", kd_klog_level_name(record->level));
	switch (printing->form) {
	case DMESG:
		return !kd_klog_print(record, to_stdout, NULL, NULL);
	case HUMAN:
		print_human(printing, record);
		break;
	case RAW:
		printf("<%u>", record->facility * 8u + record->level);
		fwrite(record->text, 1, record->text_bytes, stdout);
		putchar('\n');
		break;
	case JSON:
		add_json(printing->list, record);
		break;
	}
	return !ferror(stdout);
}

static bool find_last(void *opaque, const struct kd_klog_record *record)
{
	struct printing *printing = opaque;

	printing->last_ns = record->time_ns;
	return true;
}

/* The crash happened at CRASHTIME, and about when the last record was written. */
static enum kd_status find_boot(struct kd_kernel *kernel, struct printing *printing,
				struct kd_err *err)
{
	uint64_t crashed_s = kd_kernel_crash_time_s(kernel);
	enum kd_status status = kd_klog_each(kernel, find_last, printing, NULL, err);

	if (status)
		return status;
	if (crashed_s < printing->last_ns / 1000000000)
		return kd_fail(err, KD_NOTFOUND,
			       "the dump does not say when it crashed: leave --time away");
	printing->boot_s = crashed_s - printing->last_ns / 1000000000;
	return KD_OK;
}

static void warn(const struct kd_klog_summary *summary)
{
	struct kd_log log = kd_command_log(false);

	if (summary->lost)
		kd_log(&log, KD_LOG_WARNING, "%" PRIu64 " records were lost", summary->lost);
	if (summary->unfinished)
		kd_log(&log, KD_LOG_WARNING, "%" PRIu64 " records were being written at the crash",
		       summary->unfinished);
	if (summary->damaged)
		kd_log(&log, KD_LOG_WARNING, "%" PRIu64 " damaged records left out",
		       summary->damaged);
}

static int show(struct kd_kernel *kernel, struct printing *printing)
{
	struct kd_klog_summary summary;
	struct kd_err err = {0};
	enum kd_status status = KD_OK;

	if (printing->form == HUMAN)
		status = find_boot(kernel, printing, &err);
	if (!status && printing->form == JSON)
		printing->list = json_array();
	if (!status)
		status = kd_klog_each(kernel, print_record, printing, &summary, &err);
	if (status) {
		json_decref(printing->list);
		return kd_command_failed(&err);
	}
	warn(&summary);
	return printing->form == JSON ? kd_json_print(printing->list) : kd_output_end();
}

static int run_log(const struct kd_command *self, int argc, char **argv)
{
	static const struct option options[] = {
		{"time", no_argument, NULL, 'T'},
		{"level", no_argument, NULL, 'x'},
		{"raw", no_argument, NULL, 'r'},
		{"json", no_argument, NULL, 'j'},
		KD_INPUT_OPTION,
		{0},
	};
	struct printing printing = {.form = DMESG};
	struct kd_dump_options how = {0};
	struct kd_err err = {0};
	struct kd_input input;
	int option, exit_status;

	while ((option = getopt_long(argc, argv, "Txr", options, NULL)) != -1) {
		if (option == '?')
			return kd_command_usage(self, "no such option");
		if (option == KD_INPUT_RAW) {
			if (!kd_input_option(&how))
				return kd_command_usage(self, "'%s' is not a hexadecimal address",
							optarg);
			continue;
		}
		if (option == 'x') {
			printing.show_level = true;
			continue;
		}
		if (printing.form != DMESG)
			return kd_command_usage(self, "one of --time, --raw and --json");
		printing.form = option == 'T' ? HUMAN : option == 'r' ? RAW : JSON;
	}
	if (argc - optind != 1)
		return kd_command_usage(self, "exactly one DUMP is needed");
	if (kd_input_open(&input, argv[optind], &how, &err))
		return kd_command_failed(&err);
	exit_status = show(input.kernel, &printing);
	kd_input_close(&input);
	return exit_status;
}

const struct kd_command kd_cmd_log = {
	.name = "log",
	.synopsis = "[-T | -r | --json] [-x] [--raw-input[=BASE]] DUMP",
	.summary = "print the kernel's log",
	.run = run_log,
	.options = "  -T, --time          print the local time instead of seconds since boot\n"
		   "  -x, --level         print the level's name before each record\n"
		   "  -r, --raw           print records as <PRIORITY>TEXT, their bytes unchanged\n"
		   "  --json              print JSON, a list of records\n" KD_INPUT_HELP,
};
