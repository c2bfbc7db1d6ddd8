/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * kdump verify: is this dump good? A table of checks, each of which reports what it found; the
 * command fails when any did. The headers were checked by opening the dump.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "arch/arch.h"
#include "base/format.h"
#include "cmd/dump_input.h"
#include "host/file.h"
#include "host/paths.h"
#include "host/system.h"
#include "kernel/info_search.h"
#include "kernel/log.h"
#include "kernel/registers.h"

enum { PIECE_BYTES = 64 << 12, DETAIL_BYTES = KD_ERR_TEXT_BYTES };

enum verdict { GOOD, BAD, SKIPPED };

struct check {
	const char *name;
	/* Writes what it found into detail. */
	enum verdict (*run)(struct kd_input *input, char detail[DETAIL_BYTES]);
};

#define SAY(...) kd_format(detail, DETAIL_BYTES, __VA_ARGS__)

static enum verdict check_segments(struct kd_input *input, char detail[DETAIL_BYTES])
{
	uint64_t missing = kd_dump_missing_bytes(input->dump);
	size_t count;

	kd_dump_segments(input->dump, &count);
	if (kd_dump_facts(input->dump)->cut) {
		SAY("the flattened file lacks its end");
		return BAD;
	}
	if (missing) {
		SAY("the file ends early: %" PRIu64 " bytes are missing", missing);
		return BAD;
	}
	if (kd_dump_facts(input->dump)->incomplete) {
		SAY("the dump says of itself that it is incomplete");
		return BAD;
	}
	if (kd_dump_facts(input->dump)->absent) {
		SAY("files of the split dump are missing: %s", kd_dump_facts(input->dump)->absent);
		return BAD;
	}
	SAY("%zu, all inside the file", count);
	return GOOD;
}

static enum verdict check_vmcoreinfo(struct kd_input *input, char detail[DETAIL_BYTES])
{
	struct kd_err err = {0};
	enum kd_status status = kd_input_open_kernel(input, &err);
	uint64_t page_bytes;
	size_t bytes;
	bool is_lost;

	if (!status && !*kd_kernel_release(input->kernel))
		status = kd_fail(&err, KD_CORRUPT, "no OSRELEASE");
	if (!status)
		status = kd_vmcoreinfo_key(kd_kernel_vmcoreinfo(input->kernel), "PAGESIZE", 10,
					   &page_bytes, &err);
	if (!status && page_bytes != kd_dump_arch(input->dump)->page_bytes)
		status = kd_fail(&err, KD_CORRUPT, "pages of %" PRIu64 " bytes", page_bytes);
	is_lost = !status && !kd_dump_vmcoreinfo(input->dump, &bytes) &&
		  !kd_dump_is_from_outside(input->dump);
	if (is_lost)
		SAY("the note is lost, but found in memory: Linux %s",
		    kd_kernel_release(input->kernel));
	else
		SAY("%s%s", status ? "" : "Linux ",
		    status ? err.text : kd_kernel_release(input->kernel));
	return status || is_lost ? BAD : GOOD;
}

/* The kernel's text is where its page tables and where VMCOREINFO say: two ways to one address. */
static enum verdict check_page_tables(struct kd_input *input, char detail[DETAIL_BYTES])
{
	struct kd_space *space = input->kernel ? kd_kernel_space(input->kernel) : NULL;
	uint64_t vaddr, paddr, expected, bytes;
	struct kd_err err = {0};
	const struct kd_vmcoreinfo *info;
	uint8_t byte;

	if (!space) {
		SAY("%s", input->kernel ? kd_kernel_space_error(input->kernel)->text
					: "nothing tells where they are");
		return input->kernel ? BAD : SKIPPED;
	}
	info = kd_kernel_vmcoreinfo(input->kernel);
	if (kd_vmcoreinfo_symbol(info, "_stext", &vaddr, &err) ||
	    kd_space_translate(space, vaddr, &paddr, &bytes, &err) ||
	    kd_dump_read(input->dump, paddr, &byte, 1, &err)) {
		SAY("%s", err.text);
		return BAD;
	}
	expected = vaddr - kd_kernel_image_offset(input->kernel);
	if (paddr != expected) {
		SAY("kernel text at 0x%" PRIx64 ", expected at 0x%" PRIx64, paddr, expected);
		return BAD;
	}
	SAY("%u levels, kernel text at 0x%" PRIx64, space->tables.levels, paddr);
	return GOOD;
}

static enum verdict check_registers(struct kd_input *input, char detail[DETAIL_BYTES])
{
	unsigned int cpus = kd_registers_count(input->dump);
	struct kd_cpu_registers registers;
	struct kd_err err = {0};
	size_t note_bytes;

	for (unsigned int i = 0; i < cpus; i++)
		if (kd_registers_get(input->dump, i, &registers, &err)) {
			SAY("%s", err.text);
			return BAD;
		}
	if (!kd_dump_note_bytes(input->dump, &note_bytes)) {
		SAY("a dump without notes, where they would be");
		return SKIPPED;
	}
	if (!cpus)
		SAY("of no CPU among the notes");
	else
		SAY("of %u CPU%s", cpus, cpus == 1 ? "" : "s");
	return cpus ? GOOD : BAD;
}

static bool go_on(void *opaque, const struct kd_klog_record *record)
{
	return true;
}

static enum verdict check_log(struct kd_input *input, char detail[DETAIL_BYTES])
{
	struct kd_klog_summary summary;
	struct kd_err err = {0};

	if (!input->kernel) {
		SAY("nothing tells where it is");
		return SKIPPED;
	}
	if (kd_klog_each(input->kernel, go_on, NULL, &summary, &err)) {
		SAY("%s", err.text);
		return BAD;
	}
	SAY("%" PRIu64 " records, %" PRIu64 " damaged", summary.records, summary.damaged);
	return summary.damaged || !summary.records ? BAD : GOOD;
}

/* Reads every page of a run that the dump has, decompressing it where it is compressed. */
static enum kd_status read_run(struct kd_reader *reader, uint64_t paddr, uint64_t bytes,
			       uint8_t *buffer, struct kd_err *err)
{
	while (bytes) {
		size_t want = bytes < PIECE_BYTES ? (size_t)bytes : PIECE_BYTES, got;
		const uint8_t *data;
		enum kd_status status =
			kd_reader_stream(reader, paddr, want, buffer, &data, &got, err);

		/* segments may begin and end within a page */
		if (status == KD_HOLE || status == KD_EXCLUDED)
			return KD_OK;
		if (status)
			return status;
		paddr += got;
		bytes -= got;
	}
	return KD_OK;
}

static enum kd_status read_segment(struct kd_input *input, const struct kd_segment *segment,
				   uint8_t *buffer, const struct kd_progress *progress,
				   uint64_t *done, struct kd_err *err)
{
	struct kd_reader *reader = kd_dump_reader(input->dump);
	uint64_t page_bytes = kd_dump_arch(input->dump)->page_bytes;
	uint64_t end = segment->paddr + segment->memory_bytes;
	uint64_t total = kd_dump_facts(input->dump)->saved_pages * page_bytes;
	enum kd_status status = KD_OK;

	for (uint64_t at = segment->paddr; !status && at < end;) {
		uint64_t next = (at / page_bytes + 1) * page_bytes, present = 0;

		status = kd_reader_present(reader, at / page_bytes, 64, &present, err);
		if (next > end)
			next = end;
		/* as many of 64 pages as come together */
		for (int i = 1; i < 64 && present & 1 && present >> i & 1 && next < end; i++)
			next = next + page_bytes < end ? next + page_bytes : end;
		if (!status && present & 1) {
			status = read_run(reader, at, next - at, buffer, err);
			*done += next - at;
			kd_progress(progress, *done, total);
		}
		at = next;
	}
	return status;
}

static enum verdict check_pages(struct kd_input *input, char detail[DETAIL_BYTES])
{
	KD_CLEANUP_FREE uint8_t *buffer = malloc(PIECE_BYTES);
	struct kd_progress progress;
	enum kd_status status = KD_OK;
	struct kd_err err = {0};
	struct kd_meter meter;
	uint64_t done = 0;
	size_t count;
	const struct kd_segment *segments = kd_dump_segments(input->dump, &count);

	if (!buffer) {
		SAY("no memory");
		return BAD;
	}
	progress = kd_meter_init(&meter, "reading pages");
	for (size_t i = 0; i < count && !status; i++)
		status = read_segment(input, &segments[i], buffer, &progress, &done, &err);
	kd_meter_deinit(&meter);
	if (status) {
		SAY("%s", err.text);
		return BAD;
	}
	SAY("%" PRIu64 " bytes of memory read", done);
	return GOOD;
}

/* The dump against what the manifest says of it: whole, of that size, of that digest if one was taken. */
static enum verdict compare(struct kd_input *input, const json_t *manifest, const char *name,
			    char detail[DETAIL_BYTES])
{
	const json_t *file = json_object_get(json_object_get(manifest, "files"), name);
	const char *recorded = json_string_value(json_object_get(file, "sha256"));
	const char *reason = json_string_value(json_object_get(manifest, "reason"));
	uint64_t bytes = (uint64_t)json_integer_value(json_object_get(file, "bytes"));
	uint8_t digest[KD_SHA256_BYTES];
	char text[KD_SHA256_TEXT_BYTES];
	struct kd_err err;

	if (!file) {
		SAY("manifest.json does not know of %s", name);
		return BAD;
	}
	if (!json_is_true(json_object_get(manifest, "complete"))) {
		SAY("the capture did not finish: %s", reason ? reason : "no reason given");
		return BAD;
	}
	if (bytes != kd_dump_file_bytes(input->dump)) {
		SAY("%" PRIu64 " bytes, and the manifest says %" PRIu64,
		    kd_dump_file_bytes(input->dump), bytes);
		return BAD;
	}
	if (!recorded) {
		SAY("size as recorded; no digest was taken");
		return GOOD;
	}
	if (kd_file_sha256(input->path, digest, NULL, &err)) {
		SAY("%s", err.text);
		return BAD;
	}
	kd_sha256_text(digest, text);
	if (strcmp(text, recorded)) {
		SAY("sha256 differs from the manifest's: the file is %s", text);
		return BAD;
	}
	SAY("size and sha256 as recorded");
	return GOOD;
}

static enum verdict check_manifest(struct kd_input *input, char detail[DETAIL_BYTES])
{
	const char *slash = strrchr(input->path, '/');
	const char *name = slash ? slash + 1 : input->path;
	enum verdict verdict;
	json_error_t wrong;
	char path[PATH_MAX];
	json_t *manifest;

	snprintf(path, sizeof(path), "%.*smanifest.json", (int)(name - input->path), input->path);
	if (access(path, F_OK)) {
		SAY("no manifest.json beside the dump");
		return SKIPPED;
	}
	manifest = json_load_file(path, 0, &wrong);
	if (!manifest) {
		SAY("manifest.json: %s", wrong.text);
		return BAD;
	}
	verdict = compare(input, manifest, name, detail);
	json_decref(manifest);
	return verdict;
}

/* In this order: vmcoreinfo opens the kernel for those after it. */
static const struct check checks[] = {
	{"segments", check_segments},       {"vmcoreinfo", check_vmcoreinfo},
	{"page tables", check_page_tables}, {"registers", check_registers},
	{"kernel log", check_log},          {"pages", check_pages},
	{"manifest", check_manifest},
};

static int run_checks(struct kd_input *input, bool json)
{
	static const char *const words[] = {"good", "bad", "skipped"};
	json_t *list = json_array();
	bool bad = false;

	for (size_t i = 0; i < sizeof(checks) / sizeof(*checks); i++) {
		char detail[DETAIL_BYTES] = "";
		enum verdict verdict = checks[i].run(input, detail);

		bad |= verdict == BAD;
		if (!json)
			printf("%-7s %s: %s\n", words[verdict], checks[i].name, detail);
		json_array_append_new(list, json_pack("{s:s, s:s, s:s}", "check", checks[i].name,
						      "verdict", words[verdict], "detail", detail));
	}
	if (json)
		return kd_json_print(json_pack("{s:b, s:o}", "good", !bad, "checks", list)) || bad;
	json_decref(list);
	return kd_output_end() || bad ? KD_EXIT_FAILED : KD_EXIT_DONE;
}

static int run_verify(const struct kd_command *self, int argc, char **argv)
{
	return kd_input_run(self, argc, argv, kd_input_open_dump, run_checks);
}

const struct kd_command kd_cmd_verify = {
	.name = "verify",
	.synopsis = "[--json] [--raw-input[=BASE]] DUMP...",
	.summary = "check that a dump is whole and makes sense",
	.run = run_verify,
	.options = "  --json              print JSON\n" KD_INPUT_HELP,
};
