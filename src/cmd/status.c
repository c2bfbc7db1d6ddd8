/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kdump status: one model (struct kd_load_state), printed for people or as JSON. */
#include <getopt.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cmd/root.h"
#include "cmd/switching.h"
#include "load/state.h"

static uint64_t used_bytes(const struct kd_load_state *state)
{
	uint64_t used = 0;

	for (size_t i = 0; state->ours && i < state->record.segment_count; i++)
		used += state->record.segments[i].bytes;
	return used;
}

static void print_range(const char *label, uint64_t start, uint64_t bytes)
{
	if (bytes)
		printf("%s0x%" PRIx64 "-0x%" PRIx64, label, start, start + bytes - 1);
}

static void print_reservation(const struct kd_load_state *state)
{
	if (!state->supported || !state->reserved_bytes) {
		puts("reservation:   none");
		return;
	}
	printf("reservation:   %" PRIu64 " KiB", state->reserved_bytes >> 10);
	print_range(" at ", state->reservation.start, state->reservation.bytes);
	print_range(", low part at ", state->reservation.low_start, state->reservation.low_bytes);
	if (state->ours && state->record.segment_count)
		printf(", %" PRIu64 " KiB used", used_bytes(state) >> 10);
	putchar('\n');
}

static void print_time(const char *label, uint64_t time_s)
{
	time_t when = (time_t)time_s;
	struct tm parts;
	char text[64];

	if (gmtime_r(&when, &parts) &&
	    strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S UTC", &parts))
		printf("%s%s\n", label, text);
}

static void print_record(const struct kd_load_state *state)
{
	const struct kd_load_record *record = &state->record;
	const char *initrd = record->files[KD_ROLE_INITRD].path;

	print_time(state->ours ? "loaded at:     " : "last loaded:   ", record->time_s);
	printf("kernel:        %s\n",
	       record->files[KD_ROLE_KERNEL].path ? record->files[KD_ROLE_KERNEL].path : "unknown");
	printf("initramfs:     %s\n", initrd ? initrd : "none");
	printf("method:        %s\n",
	       record->method == KD_LOAD_SEGMENTS
		       ? "segments (kexec_load)"
		       : "file (kexec_file_load): core header and purgatory are the kernel's; no "
			 "digest message");
	printf("backup:        %s\n", record->backup ? "the first 640 KiB" : "none");
	printf("command line:  %s\n", record->command_line);
	for (size_t i = 0; i < record->segment_count; i++)
		printf("%s0x%09" PRIx64 " %8" PRIu64 " KiB  %s\n",
		       i ? "               " : "segments:      ", record->segments[i].paddr,
		       record->segments[i].bytes >> 10, record->segments[i].name);
}

static void print_stale(const struct kd_load_state *state)
{
	if (!state->ours)
		return;
	printf("stale:         %s\n", state->stale.count ? "yes" : "no");
	for (size_t i = 0; i < state->stale.count; i++)
		printf("               %s\n", state->stale.reasons[i]);
}

static void print_state(const struct kd_load_state *state)
{
	const char *hint = kd_load_verdict_hint(state->verdict);

	print_reservation(state);
	printf("loaded:        %s\n", !state->loaded ? "no"
				      : state->ours  ? "yes"
						     : "yes, by another program");
	printf("armed:         %s\n", state->has_record && state->record.armed ? "yes" : "no");
	if (state->has_record)
		print_record(state);
	if (*state->record_problem)
		printf("record:        %s\n", state->record_problem);
	print_stale(state);
	printf("\n%s\n", kd_load_verdict_sentence(state->verdict));
	if (hint)
		printf("To change that: %s.\n", hint);
}

static json_t *json_address(uint64_t address)
{
	return json_sprintf("0x%" PRIx64, address);
}

static void add_range(json_t *list, uint64_t start, uint64_t bytes)
{
	if (bytes)
		json_array_append_new(list, json_pack("{s:o, s:I}", "start", json_address(start),
						      "bytes", (json_int_t)bytes));
}

static json_t *json_ranges(const struct kd_load_state *state)
{
	json_t *list = json_array();

	add_range(list, state->reservation.start, state->reservation.bytes);
	add_range(list, state->reservation.low_start, state->reservation.low_bytes);
	return list;
}

static json_t *json_segments(const struct kd_load_record *record)
{
	json_t *list = json_array();

	for (size_t i = 0; i < record->segment_count; i++)
		json_array_append_new(list,
				      json_pack("{s:s, s:o, s:I}", "name", record->segments[i].name,
						"address", json_address(record->segments[i].paddr),
						"bytes", (json_int_t)record->segments[i].bytes));
	return list;
}

static json_t *json_record(const struct kd_load_state *state)
{
	const struct kd_load_record *record = &state->record;

	if (!state->has_record)
		return json_null();
	return json_pack("{s:s?, s:s?, s:s, s:b, s:s, s:s, s:I, s:o}", "kernel",
			 record->files[KD_ROLE_KERNEL].path, "initrd",
			 record->files[KD_ROLE_INITRD].path, "method",
			 kd_load_method_name(record->method), "backup", record->backup,
			 "command_line", record->command_line, "release", record->release, "time",
			 (json_int_t)record->time_s, "segments", json_segments(record));
}

static json_t *json_stale(const struct kd_load_state *state)
{
	json_t *list = json_array();

	for (size_t i = 0; i < state->stale.count; i++)
		json_array_append_new(list, json_string(state->stale.reasons[i]));
	return list;
}

static bool print_json(const struct kd_load_state *state)
{
	json_t *root = json_pack(
		"{s:b, s:s, s:s, s:s?, s:{s:I, s:I, s:o}, s:b, s:b, s:b, s:b, s:o, s:s?, s:o}",
		"would_dump", kd_load_verdict_is_good(state->verdict), "verdict",
		kd_load_verdict_name(state->verdict), "sentence",
		kd_load_verdict_sentence(state->verdict), "hint",
		kd_load_verdict_hint(state->verdict), "reservation", "bytes",
		(json_int_t)state->reserved_bytes, "used_bytes", (json_int_t)used_bytes(state),
		"ranges", json_ranges(state), "loaded", state->loaded, "loaded_by_kdump",
		state->ours, "armed", state->has_record && state->record.armed,
		"kernel_follows_hotplug", state->kernel_follows_hotplug, "stale", json_stale(state),
		"record_problem", *state->record_problem ? state->record_problem : NULL, "record",
		json_record(state));
	bool whole = root && !json_dumpf(root, stdout, JSON_INDENT(2));

	json_decref(root);
	if (whole)
		putchar('\n');
	return whole;
}

static int report(const struct kd_paths *paths, bool json)
{
	struct kd_load_state state = {0};
	struct kd_err err = {0};
	bool good;

	if (kd_load_state_read(paths, &state, &err)) {
		kd_context(&err, err.status, "status");
		return kd_command_failed(&err);
	}
	good = kd_load_verdict_is_good(state.verdict);
	if (!json)
		print_state(&state);
	else if (!print_json(&state)) {
		kd_fail(&err, KD_NOMEM, "status: no JSON could be made of it");
		good = false;
		kd_command_failed(&err);
	}
	kd_load_state_deinit(&state);
	return good ? KD_EXIT_DONE : KD_EXIT_FAILED;
}

static int run(const struct kd_command *self, int argc, char **argv)
{
	static const struct option options[] = {
		{"json", no_argument, NULL, 'j'},
		{"root", required_argument, NULL, 'r'},
		{"help", no_argument, NULL, 'h'},
		{0},
	};
	struct kd_cmd_root system;
	struct kd_err err = {0};
	const char *root = NULL;
	bool json = false;
	int option;

	opterr = 0;
	optind = 1;
	while ((option = getopt_long(argc, argv, ":h", options, NULL)) != -1) {
		if (option == 'h')
			return kd_command_help(self);
		if (option == ':')
			return kd_command_usage(self, "%s: needs a value", argv[optind - 1]);
		if (option == '?')
			return kd_command_usage(self, "%s: no such option", argv[optind - 1]);
		if (option == 'j')
			json = true;
		if (option == 'r')
			root = optarg;
	}
	if (optind < argc)
		return kd_command_usage(self, "%s: not understood", argv[optind]);
	if (!root && !kd_cmd_is_root(self->name))
		return KD_EXIT_FAILED;
	if (kd_cmd_set_root(&system, root, &err)) {
		kd_context(&err, err.status, "%s", self->name);
		return kd_command_failed(&err);
	}
	return report(&system.paths, json);
}

const struct kd_command kd_cmd_status = {
	.name = "status",
	.synopsis = "[--json] [--root DIR]",
	.summary = "tell what would happen on a panic now",
	.run = run,
	.options =
		"  --json       the same as JSON\n"
		"  --root DIR   read proc, sys, etc and var below DIR, a copy of another machine's\n"
		"  -h, --help   print this\n"
		"\nExits 0 only when a panic now would give a dump.\n",
};
