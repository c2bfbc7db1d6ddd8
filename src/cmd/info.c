/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kdump info: what a dump is, and how it came about. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "arch/arch.h"
#include "cmd/dump_input.h"
#include "kernel/panic.h"
#include "kernel/registers.h"
#include "save/save.h"

struct facts {
	const struct kd_input *input;
	struct kd_err missing; /* why nothing is known of the kernel; status KD_OK when it is */
	const char *release, *build_id, *host; /* NULL: not known */
	uint64_t crash_time_s;                 /* 0: not known */
	struct kd_panic panic;
	bool panicked;
	uint64_t present_pages, saved_pages, left_out_pages;
	uint64_t left_out[KD_PAGE_KINDS];
	bool classified; /* left_out is known */
	bool complete;
};

static bool is_unfinished(const char *path)
{
	const char *name = strrchr(path, '/');

	return !strcmp(name ? name + 1 : path, "vmcore.incomplete");
}

/* What the pages were that the dump does not have. */
static void judge(const struct kd_input *input, struct facts *facts)
{
	const struct kd_save_options options = {.exclude_count = 1};
	struct kd_save_result result;

	if (kd_save_estimate(input->dump, input->kernel, &options, &result, NULL) ||
	    !result.classified)
		return;
	facts->classified = true;
	memcpy(facts->left_out, result.absent, sizeof(facts->left_out));
}

/* How pages are compressed, as far as the header tells. */
static const char *compression(const struct kd_dump *dump)
{
	const char *name = kd_codec_flag_name(kd_dump_facts(dump)->codec_flags);

	return name ? name : "mixed";
}

static const char *text_or_null(const char *text)
{
	return text && *text ? text : NULL;
}

/* What the kernel says of itself, else what the dump's own header does. */
static void name_kernel(struct kd_input *input, struct facts *facts)
{
	const struct kd_dump_facts *dump = kd_dump_facts(input->dump);

	facts->release = text_or_null(dump->release);
	facts->host = text_or_null(dump->nodename);
	facts->crash_time_s = dump->time_s;
	if (kd_input_open_kernel(input, &facts->missing))
		return;
	if (*kd_kernel_release(input->kernel))
		facts->release = kd_kernel_release(input->kernel);
	if (kd_kernel_nodename(input->kernel))
		facts->host = kd_kernel_nodename(input->kernel);
	if (kd_kernel_crash_time_s(input->kernel))
		facts->crash_time_s = kd_kernel_crash_time_s(input->kernel);
	facts->build_id = kd_kernel_build_id(input->kernel);
	facts->panicked = !kd_panic_find(input->kernel, &facts->panic, NULL);
}

static void gather(struct kd_input *input, struct facts *facts)
{
	const struct kd_dump_facts *dump = kd_dump_facts(input->dump);
	uint64_t missing = kd_dump_missing_bytes(input->dump);
	/* what other files of a split dump have was saved, too */
	uint64_t had = dump->saved_pages + dump->absent_pages;
	uint64_t missing_pages = missing / kd_dump_arch(input->dump)->page_bytes;

	*facts = (struct facts){
		.input = input,
		.present_pages = dump->ram_pages,
		.left_out_pages = dump->ram_pages > had ? dump->ram_pages - had : 0,
		.saved_pages =
			missing_pages < dump->saved_pages ? dump->saved_pages - missing_pages : 0,
	};
	facts->complete =
		!missing && !dump->incomplete && !dump->absent && !is_unfinished(input->path);
	name_kernel(input, facts);
	if (facts->left_out_pages && input->kernel)
		judge(input, facts);
}

/*
 * Why pages were left out, told by their struct pages, which the dump has. Zero pages that were left out cannot be
 * told from others, and count as what they were; `other` counts the rest.
 */
static json_t *excluded_json(const struct facts *facts)
{
	static const struct {
		const char *name;
		enum kd_page_kind kind;
	} kinds[] = {
		{"cache", KD_PAGE_CACHE}, {"cache_private", KD_PAGE_CACHE_PRIVATE},
		{"user", KD_PAGE_USER},   {"huge", KD_PAGE_HUGE},
		{"free", KD_PAGE_FREE},
	};
	json_t *excluded = json_object();
	uint64_t other = facts->left_out_pages;

	kd_json_set(excluded, "zero", facts->left_out_pages ? json_null() : json_integer(0));
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		uint64_t pages = facts->left_out[kinds[i].kind];

		kd_json_set(excluded, kinds[i].name,
			    facts->classified || !facts->left_out_pages
				    ? json_integer((json_int_t)pages)
				    : json_null());
		other -= pages < other ? pages : other;
	}
	kd_json_set(excluded, "other", json_integer((json_int_t)other));
	return excluded;
}

/* What was erased on purpose, a line each. */
static json_t *erased_json(const struct kd_dump *dump)
{
	const struct kd_dump_facts *facts = kd_dump_facts(dump);
	json_t *erased = json_array();

	for (size_t at = 0, end; at < facts->erased_bytes; at = end + 1) {
		const char *line = facts->erased + at;
		const char *newline = memchr(line, '\n', facts->erased_bytes - at);

		end = newline ? (size_t)(newline - facts->erased) : facts->erased_bytes;
		if (end > at)
			kd_json_append(erased, kd_json_text(line, end - at));
	}
	return erased;
}

static json_t *panic_json(const struct facts *facts)
{
	const struct kd_panic *panic = &facts->panic;

	if (!facts->panicked)
		return json_null();
	return json_pack("{s:o, s:o, s:o, s:o, s:o}", "message", kd_json_string(panic->message),
			 "cause", *panic->cause ? kd_json_string(panic->cause) : json_null(), "cpu",
			 panic->has_cpu ? json_integer(panic->cpu) : json_null(), "pid",
			 panic->has_pid ? json_integer(panic->pid) : json_null(), "comm",
			 *panic->comm ? kd_json_string(panic->comm) : json_null());
}

static int print_json(const struct facts *facts)
{
	struct kd_dump *dump = facts->input->dump;

	return kd_json_print(json_pack(
		"{s:s, s:b, s:b, s:I, s:s?, s:o, s:s, s:s, s:o, s:o, s:o, s:i, s:o, s:{s:I, s:I, s:o}, "
		"s:o, s:b, s:o}",
		"format", kd_dump_format(dump), "flattened", kd_dump_facts(dump)->flattened, "live",
		kd_dump_facts(dump)->live, "files", (json_int_t)kd_dump_facts(dump)->files,
		"absent", kd_dump_facts(dump)->absent, "level",
		kd_dump_facts(dump)->level < 0 ? json_null()
					       : json_integer(kd_dump_facts(dump)->level),
		"compression", compression(dump), "arch", kd_dump_arch(dump)->name, "release",
		kd_json_string(facts->release), "build_id", kd_json_string(facts->build_id),
		"crash_time", kd_json_time(facts->crash_time_s), "cpus",
		(int)kd_registers_count(dump), "panic", panic_json(facts), "pages", "present",
		(json_int_t)facts->present_pages, "saved", (json_int_t)facts->saved_pages,
		"excluded", excluded_json(facts), "erased", erased_json(dump), "complete",
		facts->complete, "missing",
		kd_json_string(facts->missing.status ? facts->missing.text : NULL)));
}

static int print_text(const struct facts *facts)
{
	struct kd_dump *dump = facts->input->dump;
	const struct kd_panic *panic = &facts->panic;
	json_t *time = kd_json_time(facts->crash_time_s);

	printf("dump:      %s (%s%s, %s)\n", facts->input->path, kd_dump_format(dump),
	       kd_dump_facts(dump)->live        ? ", of a living system"
	       : kd_dump_facts(dump)->flattened ? ", flattened"
						: "",
	       kd_dump_arch(dump)->name);
	if (kd_dump_facts(dump)->files > 1)
		printf("files:     %zu, split\n", kd_dump_facts(dump)->files);
	if (kd_dump_facts(dump)->level >= 0)
		printf("saved at:  level %d, %s\n", kd_dump_facts(dump)->level, compression(dump));
	printf("kernel:    %s\n", facts->release ? facts->release : "unknown");
	printf("build id:  %s\n", facts->build_id ? facts->build_id : "unknown");
	printf("host:      %s\n", facts->host ? facts->host : "unknown");
	printf("crashed:   %s\n", json_is_string(time) ? json_string_value(time) : "unknown");
	printf("CPUs:      %u with registers\n", kd_registers_count(dump));
	printf("panic:     %s\n", facts->panicked         ? panic->message
				  : facts->missing.status ? "unknown"
							  : "none found in the log");
	if (facts->panicked && *panic->cause && strcmp(panic->cause, panic->message))
		printf("cause:     %s\n", panic->cause);
	if (facts->panicked && panic->has_cpu)
		printf("on:        CPU %u, process %u (%s)\n", panic->cpu, panic->pid, panic->comm);
	printf("pages:     %" PRIu64 " in the machine, %" PRIu64 " saved, %" PRIu64 " left out\n",
	       facts->present_pages, facts->saved_pages, facts->left_out_pages);
	for (int kind = 0; kind < KD_PAGE_KINDS; kind++)
		if (facts->left_out[kind])
			printf("  left out: %" PRIu64 " %s\n", facts->left_out[kind],
			       kd_page_kind_name(kind));
	if (kd_dump_facts(dump)->erased_bytes)
		printf("erased:    %.*s", (int)kd_dump_facts(dump)->erased_bytes,
		       kd_dump_facts(dump)->erased);
	if (facts->complete)
		printf("complete:  yes\n");
	else if (kd_dump_facts(dump)->absent)
		printf("complete:  no, files of the split dump are missing: %s\n",
		       kd_dump_facts(dump)->absent);
	else if (kd_dump_facts(dump)->cut)
		printf("complete:  no, the flattened file lacks its end\n");
	else if (!kd_dump_missing_bytes(dump))
		printf("complete:  no, the dump says so itself\n");
	else
		printf("complete:  no, %" PRIu64 " bytes are missing\n",
		       kd_dump_missing_bytes(dump));
	if (facts->missing.status)
		printf("missing:   %s\n", facts->missing.text);
	json_decref(time);
	return kd_output_end();
}

static int show(struct kd_input *input, bool json)
{
	struct facts facts;

	gather(input, &facts);
	return json ? print_json(&facts) : print_text(&facts);
}

static int run_info(const struct kd_command *self, int argc, char **argv)
{
	return kd_input_run(self, argc, argv, kd_input_open_dump, show);
}

const struct kd_command kd_cmd_info = {
	.name = "info",
	.synopsis = "[--json] [--raw-input[=BASE]] DUMP...",
	.summary = "tell what a dump is and how it came about",
	.run = run_info,
	.options = "  --json              print JSON\n" KD_INPUT_HELP,
};
