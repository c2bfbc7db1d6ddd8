/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kdump save: any readable dump to any format, without the pages that nobody needs. */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "arch/arch.h"
#include "cmd/save_options.h"
#include "host/system.h"

static volatile sig_atomic_t interrupted;

static void interrupt(int signal_number)
{
	interrupted = 1;
}

/* The kinds in the order in which a person reads them. */
static const enum kd_page_kind shown_kinds[] = {
	KD_PAGE_KERNEL,  KD_PAGE_CACHE,      KD_PAGE_CACHE_PRIVATE, KD_PAGE_USER,
	KD_PAGE_HUGE,    KD_PAGE_FREE,       KD_PAGE_STRUCTS,       KD_PAGE_POISONED,
	KD_PAGE_OFFLINE, KD_PAGE_UNACCEPTED, KD_PAGE_ABSENT,
};

enum { SHOWN_KINDS = sizeof(shown_kinds) / sizeof(*shown_kinds) };

static bool is_left_out(const struct kd_save_result *result, enum kd_page_kind kind)
{
	return kind == KD_PAGE_ABSENT || result->excluded & KD_KIND(kind);
}

static void print_expected(const struct kd_save_request *request,
			   const struct kd_save_result *result, uint64_t page_bytes)
{
	printf("%-16s %12" PRIu64 " %10.1f  of those kept, about: by a sample\n", "zero",
	       result->zero_pages, (double)(result->zero_pages * page_bytes) / 1048576);
	printf("%-16s %12s %10.1f  to be expected, %s\n", "file", "",
	       (double)result->file_bytes / 1048576,
	       request->options.format == KD_SAVE_ELF ? "as ELF" : request->options.codec->name);
}

static void print_table(const struct kd_save_request *request, const struct kd_save_result *result,
			uint64_t page_bytes)
{
	uint64_t all = 0;

	printf("%-16s %12s %10s\n", "kind of page", "pages", "MiB");
	for (size_t i = 0; i < SHOWN_KINDS; i++) {
		enum kd_page_kind kind = shown_kinds[i];
		uint64_t pages = result->pages[kind];

		all += pages;
		if (pages)
			printf("%-16s %12" PRIu64 " %10.1f  %s\n", kd_page_kind_name(kind), pages,
			       (double)(pages * page_bytes) / 1048576,
			       kind == KD_PAGE_ABSENT      ? "not in the source"
			       : is_left_out(result, kind) ? "left out"
							   : "kept");
	}
	printf("%-16s %12" PRIu64 " %10.1f\n", "all", all, (double)(all * page_bytes) / 1048576);
	printf("%-16s %12" PRIu64 " %10.1f\n", "kept", result->kept_pages,
	       (double)(result->kept_pages * page_bytes) / 1048576);
	print_expected(request, result, page_bytes);
	if (result->unknown_pages)
		printf("%" PRIu64 " of them could not be judged, and are kept\n",
		       result->unknown_pages);
}

static json_t *pages_json(const struct kd_save_result *result)
{
	json_t *pages = json_object();

	for (size_t i = 0; i < SHOWN_KINDS; i++)
		json_object_set_new(pages, kd_page_kind_name(shown_kinds[i]),
				    json_integer((json_int_t)result->pages[shown_kinds[i]]));
	return pages;
}

static double seconds(uint64_t ns)
{
	return (double)ns / 1e9;
}

static json_t *result_json(const struct kd_save_result *result)
{
	return json_pack(
		"{s:b, s:i, s:o, s:I, s:I, s:I, s:I, s:I}", "classified", result->classified,
		"level", (int)kd_kinds_level(result->excluded), "pages", pages_json(result), "kept",
		(json_int_t)result->kept_pages, "unknown", (json_int_t)result->unknown_pages,
		"zero", (json_int_t)result->zero_pages, "file_bytes",
		(json_int_t)result->file_bytes, "data_bytes", (json_int_t)result->data_bytes);
}

/* The time is that of judging all pages, without that of the sample. */
static json_t *expected_json(const struct kd_save_result *result)
{
	json_t *json = result_json(result);

	json_object_set_new(json, "seconds", json_pack("{s:f}", "plan", seconds(result->plan_ns)));
	return json;
}

static json_t *saved_json(const struct kd_save_result *result)
{
	json_t *json = result_json(result);

	json_object_update_new(
		json,
		json_pack("{s:b, s:I, s:I, s:I, s:{s:f, s:f, s:f, s:f, s:f, s:f, s:f}}", "complete",
			  result->complete, "saved", (json_int_t)result->saved_pages, "repeated",
			  (json_int_t)result->repeated_pages, "unreadable",
			  (json_int_t)result->unreadable_pages, "seconds", "plan",
			  seconds(result->plan_ns), "data", seconds(result->data_ns), "sync",
			  seconds(result->sync_ns), "judge", seconds(result->judge_ns), "read",
			  seconds(result->read_ns), "pack", seconds(result->pack_ns), "write",
			  seconds(result->write_ns)));
	return json;
}

static void print_summary(const struct kd_save_request *request,
			  const struct kd_save_result *result, uint64_t page_bytes)
{
	if (request->quiet)
		return;
	fprintf(stderr,
		"%s: %" PRIu64 " pages (%.1f MiB, %" PRIu64 " of them zero, %" PRIu64
		" like others) in %.1f MiB%s\n",
		request->target, result->saved_pages,
		(double)(result->saved_pages * page_bytes) / 1048576, result->zero_pages,
		result->repeated_pages, (double)result->file_bytes / 1048576,
		result->complete ? "" : ", incomplete");
}

static void print_warnings(const struct kd_save_result *result, const struct kd_dump *dump)
{
	if (result->unreadable_pages)
		fprintf(stderr, "kdump: warning: %" PRIu64 " pages could not be read\n",
			result->unreadable_pages);
	if (kd_dump_facts(dump)->absent)
		fprintf(stderr, "kdump: warning: the source lacks files of its set: %s\n",
			kd_dump_facts(dump)->absent);
}

/* The terminal's progress line, which SIGINT stops. */
struct watch {
	struct kd_meter meter;
	struct kd_progress show;
};

static bool watch_progress(void *opaque, uint64_t done_bytes, uint64_t total_bytes)
{
	struct watch *watch = opaque;

	if (watch->show.tick && total_bytes)
		watch->show.tick(watch->show.opaque, done_bytes, total_bytes);
	return !interrupted;
}

static enum kd_status open_sink(const struct kd_save_request *request, const struct kd_dump *source,
				struct kd_sink *sink, struct kd_err *err)
{
	enum kd_status status;
	struct stat st;

	if (!strcmp(request->target, "-"))
		return kd_sink_open_stream(sink, STDOUT_FILENO, request->flattened, err);
	if (!stat(request->target, &st)) {
		if (kd_dump_has_file(source, request->target))
			return kd_fail(err, KD_INVALID, "%s: is the source itself",
				       request->target);
		if (S_ISBLK(st.st_mode) && !request->flattened)
			return request->force ? kd_sink_open_device(sink, request->target, 0, err)
					      : kd_fail(err, KD_INVALID,
							"%s: a block device: --force overwrites it",
							request->target);
		if (!S_ISREG(st.st_mode))
			return kd_fail(err, KD_INVALID, "%s: not a file that can be written",
				       request->target);
		if (S_ISREG(st.st_mode) && !request->force)
			return kd_fail(err, KD_INVALID, "%s: exists already: --force replaces it",
				       request->target);
		if (S_ISREG(st.st_mode) && unlink(request->target))
			return kd_fail_errno(err, errno, "%s", request->target);
	}
	status = kd_sink_open_file(sink, request->target, err);
	if (!status && request->flattened)
		status = kd_sink_flatten(sink, err);
	return status;
}

static void catch_signals(void)
{
	struct sigaction action = {.sa_handler = interrupt};

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	/* a limit of the file size, or a reader that went away, is an error of the write */
	signal(SIGXFSZ, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
}

static int save(struct kd_save_request *request, struct kd_input *input)
{
	struct kd_log log = kd_command_log(false);
	struct watch watch;
	const struct kd_progress progress = {watch_progress, &watch};
	uint64_t page_bytes = kd_dump_arch(input->dump)->page_bytes;
	struct kd_save_result result;
	struct kd_err err = {0};
	struct kd_sink sink;
	enum kd_status status;

	status = open_sink(request, input->dump, &sink, &err);
	if (status)
		return kd_command_failed(&err);
	if (request->limit_bytes && request->limit_bytes < sink.limit_bytes)
		sink.limit_bytes = request->limit_bytes;
	catch_signals();
	sink.stop = &interrupted;
	watch.show = kd_meter_init(&watch.meter, request->target);
	if (request->quiet)
		watch.show.tick = NULL;
	request->options.progress = &progress;
	request->options.log = &log;
	status = kd_save(input->dump, input->kernel, &sink, &request->options, &result, &err);
	kd_sink_close(&sink);
	kd_meter_deinit(&watch.meter);
	print_summary(request, &result, page_bytes);
	print_warnings(&result, input->dump);
	if (request->json)
		kd_json_print(saved_json(&result));
	if (status)
		return kd_command_failed(&err);
	return result.complete ? KD_EXIT_DONE : KD_EXIT_FAILED;
}

static int estimate(struct kd_save_request *request, struct kd_input *input)
{
	struct kd_log log = kd_command_log(false);
	struct kd_save_result result;
	struct kd_err err = {0};

	request->options.log = &log;
	request->options.sample = true;
	if (kd_save_estimate(input->dump, input->kernel, &request->options, &result, &err))
		return kd_command_failed(&err);
	if (request->json)
		return kd_json_print(expected_json(&result));
	print_table(request, &result, kd_dump_arch(input->dump)->page_bytes);
	if (request->erasures.text)
		fputs(request->erasures.text, stdout);
	return kd_output_end();
}

/* Finds what is to be erased; without it nothing may be saved. */
static enum kd_status find_erased(struct kd_save_request *request, struct kd_input *input,
				  struct kd_err *err)
{
	enum kd_status status;

	if (!request->erase_count)
		return KD_OK;
	if (!input->kernel)
		return kd_fail(err, KD_UNSUPPORTED,
			       "--erase: the dump does not tell which kernel it is of");
	status = kd_erasures_init(&request->erasures, input->kernel, request->erase,
				  request->erase_count, err);
	if (!status)
		request->options.erasures = &request->erasures;
	return status ? kd_context(err, status, "--erase") : KD_OK;
}

static int run_save(const struct kd_command *self, int argc, char **argv)
{
	struct kd_save_request request = {.json = false};
	struct kd_err err = {0}, why;
	struct kd_input input;
	int exit_status;

	exit_status = kd_save_parse(self, argc, argv, &request);
	if (exit_status)
		return exit_status;
	if (kd_input_open_dump(&input, request.source, &request.how, &err))
		return kd_command_failed(&err);
	/* a dump of nobody knows which kernel can be saved all the same */
	if (kd_input_open_kernel(&input, &why))
		input.kernel = NULL;
	if (find_erased(&request, &input, &err))
		exit_status = kd_command_failed(&err);
	else
		exit_status = request.dry_run ? estimate(&request, &input) : save(&request, &input);
	kd_erasures_deinit(&request.erasures);
	kd_input_close(&input);
	return exit_status;
}

const struct kd_command kd_cmd_save = {
	.name = "save",
	.synopsis = "[-d LEVEL] [-c CODEC] [-f FORMAT] [OPTION]... SOURCE DEST|-",
	.summary = "filter, compress and convert a dump",
	.run = run_save,
	.options =
		"  -d, --level N[,N]...   leave out: the sum of 1 zero, 2 cache, 4 all cache, 8 user,\n"
		"                         16 free pages; 31 by default; the next when space runs out\n"
		"  -x, --exclude KINDS    the same by name: zero,cache,cache-all,user,huge,free,structs\n"
		"  -c, --compress CODEC   zstd (default), zlib, zlib-fast, lzo, snappy, none;\n"
		"                         with a level behind a colon: zstd:3\n"
		"  -f, --format FORMAT    kdump (default), elf, flat (default for -)\n"
		"  -j, --jobs N           threads; as many as CPUs by default\n"
		"      --limit SIZE       stop there as if the target were full: 512M, 2G\n"
		"      --order ORDER      value (default): the kernel's own pages first; address\n"
		"      --erase WHAT       overwrite SYMBOL, or TYPE[.MEMBER]@SYMBOL[:LIST], with X\n"
		"      --force            replace DEST when it exists\n"
		"  -n, --dry-run          print what pages there are, what would be kept, and its size\n"
		"  -q, --quiet            no progress and no summary\n"
		"      --json             print JSON\n"
		"      --raw-input[=BASE] SOURCE is memory and nothing else, from address BASE on\n",
};
