/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kdump log: the kernel's log out of a dump, as dmesg(1) would have shown it. */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cmd/dump_input.h"
#include "host/system.h"
#include "kernel/log.h"

enum { LEVELS = 8, PREFIX_BYTES = 160 };

struct printing {
	enum { DMESG, HUMAN, RAW, JSON } form;
	bool decode, caller, dictionary, indent, follow;
	uint8_t levels;  /* bit N: level N is shown */
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

/* "[    1.234567]", or the local time; print_time() of kernel/printk/printk.c and ctime(3). */
static void time_text(const struct printing *printing, const struct kd_klog_record *record,
		      char *text, size_t bytes)
{
	time_t when = (time_t)(printing->boot_s + record->time_ns / 1000000000);
	struct tm tm;

	if (printing->form != HUMAN)
		snprintf(text, bytes, "[%5" PRIu64 ".%06" PRIu64 "]", record->time_ns / 1000000000,
			 record->time_ns / 1000 % 1000000);
	else if (!localtime_r(&when, &tm) || !strftime(text, bytes, "[%a %b %e %H:%M:%S %Y]", &tm))
		snprintf(text, bytes, "[?]");
}

/* "T123" or "C1", as the kernel marks who wrote a record (CONFIG_PRINTK_CALLER). */
static void caller_text(const struct kd_klog_record *record, char text[16])
{
	snprintf(text, 16, "%c%" PRIu32, record->caller_is_cpu ? 'C' : 'T', record->caller);
}

static void print_text(const struct printing *printing, const struct kd_klog_record *record)
{
	char prefix[PREFIX_BYTES] = "", caller[16];
	size_t length = 0;

	if (printing->decode)
		length = (size_t)snprintf(prefix, sizeof(prefix),
					  "%-6s:%-6s: ", kd_klog_facility_name(record->facility),
					  kd_klog_level_name(record->level));
	time_text(printing, record, prefix + length, sizeof(prefix) - length);
	length = strlen(prefix);
	if (printing->caller && record->has_caller) {
		caller_text(record, caller);
		snprintf(prefix + length, sizeof(prefix) - length, "[%6s]", caller);
	}
	strcat(prefix, " ");
	kd_klog_print_after(record, prefix, printing->indent, to_stdout, NULL, NULL);
	if (!printing->dictionary)
		return;
	/* as /dev/kmsg has them (Documentation/ABI/testing/dev-kmsg) */
	if (*record->subsystem)
		printf(" SUBSYSTEM=%s\n", record->subsystem);
	if (*record->device)
		printf(" DEVICE=%s\n", record->device);
}

static void add_json(json_t *list, const struct kd_klog_record *record)
{
	char caller[16];

	caller_text(record, caller);
	kd_json_append(
		list,
		json_pack("{s:I, s:I, s:s, s:i, s:o, s:o, s:b, s:b, s:o, s:o}", "sequence",
			  (json_int_t)record->sequence, "time_ns", (json_int_t)record->time_ns,
			  "level", kd_klog_level_name(record->level), "facility", record->facility,
			  "caller", kd_json_string(record->has_caller ? caller : NULL), "text",
			  kd_json_text(record->text, record->text_bytes), "continuation",
			  record->continuation, "truncated", record->truncated, "subsystem",
			  kd_json_string(*record->subsystem ? record->subsystem : NULL), "device",
			  kd_json_string(*record->device ? record->device : NULL)));
}

static bool print_record(void *opaque, const struct kd_klog_record *record)
{
	struct printing *printing = opaque;

	if (!(printing->levels >> record->level & 1))
		return true;
	switch (printing->form) {
	case DMESG:
	case HUMAN:
		print_text(printing, record);
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

/*
 * The levels that the console let through at the end: below the first of console_printk (kernel/printk/printk.c). A
 * panic raises it (console_verbose()), so the one that was configured is taken, the fourth, unless the first is lower.
 */
static enum kd_status find_levels(struct kd_system *system, struct printing *printing,
				  struct kd_err *err)
{
	uint64_t vaddr = 0;
	uint32_t console_printk[4] = {0};
	enum kd_status status = kd_system_symbol(system, "console_printk", &vaddr, err);
	uint32_t limit;

	if (!status)
		status = kd_system_read(system, vaddr, console_printk, sizeof(console_printk), err);
	if (status)
		return kd_context(err, status, "the console's level");
	limit = console_printk[0] < console_printk[3] ? console_printk[0] : console_printk[3];
	if (limit < LEVELS)
		printing->levels &= (uint8_t)((1u << limit) - 1);
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

static int show(struct kd_input *input, struct printing *printing)
{
	struct kd_klog_summary summary;
	struct kd_err err = {0};
	enum kd_status status = KD_OK;

	if (printing->form == HUMAN)
		status = find_boot(input->kernel, printing, &err);
	if (!status && printing->follow)
		status = find_levels(input->system, printing, &err);
	if (!status && printing->form == JSON)
		printing->list = json_array();
	if (!status)
		status = kd_klog_each(input->kernel, print_record, printing, &summary, &err);
	if (status) {
		json_decref(printing->list);
		return kd_command_failed(&err);
	}
	warn(&summary);
	return printing->form == JSON ? kd_json_print(printing->list) : kd_output_end();
}

/* "err,warn", "warn+" (and what is more urgent), "+notice" (and what is less): as dmesg(1) has it. */
static bool parse_levels(const char *text, uint8_t *levels)
{
	*levels = 0;
	while (*text) {
		size_t length = strcspn(text, ",");
		bool more_urgent = length && text[length - 1] == '+', less_urgent = *text == '+';
		const char *name = text + less_urgent;
		size_t name_length = length - less_urgent - more_urgent;
		unsigned int level = 0;

		while (level < LEVELS && (strlen(kd_klog_level_name(level)) != name_length ||
					  strncmp(kd_klog_level_name(level), name, name_length)))
			level++;
		if (level == LEVELS || (more_urgent && less_urgent))
			return false;
		for (unsigned int i = 0; i < LEVELS; i++)
			if (i == level || (more_urgent && i < level) || (less_urgent && i > level))
				*levels |= (uint8_t)(1u << i);
		text += length;
		text += *text == ',';
	}
	return *levels;
}

static bool take_option(int option, struct printing *printing, struct kd_dump_options *how,
			const char **complaint)
{
	switch (option) {
	case 'x':
		return printing->decode = true;
	case 'c':
		return printing->caller = true;
	case 'd':
		return printing->dictionary = true;
	case 'i':
		return printing->indent = true;
	case 'f':
		return printing->follow = true;
	case 'l':
		*complaint =
			"no list of levels: emerg, alert, crit, err, warn, notice, info, debug";
		return parse_levels(optarg, &printing->levels);
	case KD_INPUT_RAW:
		*complaint = "not a hexadecimal address";
		return kd_input_option(how);
	}
	return false;
}

static int run_log(const struct kd_command *self, int argc, char **argv)
{
	static const struct option options[] = {
		{"time", no_argument, NULL, 'T'},
		{"decode", no_argument, NULL, 'x'},
		{"level", required_argument, NULL, 'l'},
		{"follow-levels", no_argument, NULL, 'f'},
		{"caller", no_argument, NULL, 'c'},
		{"dictionary", no_argument, NULL, 'd'},
		{"indent", no_argument, NULL, 'i'},
		{"raw", no_argument, NULL, 'r'},
		{"json", no_argument, NULL, 'j'},
		KD_INPUT_OPTION,
		{0},
	};
	struct printing printing = {.form = DMESG, .levels = UINT8_MAX};
	struct kd_dump_options how = {0};
	struct kd_err err = {0};
	struct kd_input input;
	int option, exit_status;

	while ((option = getopt_long(argc, argv, ":Txl:r", options, NULL)) != -1) {
		const char *complaint = NULL;

		if (option == 'T' || option == 'r' || option == 'j') {
			if (printing.form != DMESG)
				return kd_command_usage(self, "one of --time, --raw and --json");
			printing.form = option == 'T' ? HUMAN : option == 'r' ? RAW : JSON;
		} else if (!take_option(option, &printing, &how, &complaint)) {
			return complaint ? kd_command_usage(self, "'%s' is %s", optarg, complaint)
					 : kd_command_bad_option(self, option, argv);
		}
	}
	if (!kd_input_dumps(argc, argv, &how))
		return kd_command_usage(self, "a DUMP is needed");
	/* the log itself needs no symbols */
	if ((printing.follow ? kd_input_open_system : kd_input_open)(&input, argv[optind], &how,
								     &err))
		return kd_command_failed(&err);
	exit_status = show(&input, &printing);
	kd_input_close(&input);
	return exit_status;
}

const struct kd_command kd_cmd_log = {
	.name = "log",
	.synopsis = "[-T | -r | --json] [-x] [-l LIST] [OPTION]... DUMP...",
	.summary = "print the kernel's log",
	.run = run_log,
	.options =
		"  -T, --time          print the local time instead of seconds since boot\n"
		"  -x, --decode        print facility and level before each record\n"
		"  -l, --level LIST    only these levels: err,warn; \"warn+\" and what is more urgent\n"
		"      --follow-levels only the levels that the console showed\n"
		"      --caller        print the thread or CPU that wrote each record\n"
		"      --dictionary    print the device that a record is about behind it\n"
		"      --indent        indent further lines of a record, as makedumpfile and crash do\n"
		"  -r, --raw           print records as <PRIORITY>TEXT, their bytes unchanged\n"
		"  --json              print JSON, a list of records\n" KD_INPUT_HELP,
};
