/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kdump status: one model, printed for people or as JSON. */
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "advise/exam_target.h"
#include "cmd/crash_place.h"
#include "cmd/root.h"
#include "cmd/switching.h"
#include "load/state.h"

/* What would be loaded or is, and where its dump would go. */
struct model {
	struct kd_load_state state;
	struct kd_exam_target targets[KD_CONFIG_TARGETS]; /* in the order in which they are tried */
	unsigned int target_count;                        /* 0: the configuration has a mistake */
	char config_problem[KD_ERR_TEXT_BYTES];
};

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

static void print_target(const struct kd_exam_target *target, const char *label)
{
	printf("%-15s[%s] ", label, target->section);
	if (!target->found)
		printf("not there: %s", target->problem);
	else
		printf("%s", target->target.block);
	if (target->free_known)
		printf(", %" PRIu64 " MiB free", target->free_bytes >> 20);
	if (target->device_read_only || target->mounted_read_only)
		printf(", read-only");
	putchar('\n');
}

static void print_targets(const struct model *model)
{
	for (unsigned int i = 0; i < model->target_count; i++)
		print_target(&model->targets[i], i ? "  then:" : "target:");
	if (!model->target_count)
		printf("target:        not known: %s\n", model->config_problem);
}

static void print_state(const struct model *model)
{
	const struct kd_load_state *state = &model->state;
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
	print_targets(model);
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

static json_t *json_targets(const struct model *model)
{
	json_t *list = json_array();

	for (unsigned int i = 0; i < model->target_count; i++) {
		const struct kd_exam_target *target = &model->targets[i];

		json_array_append_new(
			list,
			json_pack(
				"{s:s, s:s?, s:o, s:b, s:s?}", "section", target->section, "block",
				target->found ? target->target.block : NULL, "free_bytes",
				target->free_known ? json_integer((json_int_t)target->free_bytes)
						   : json_null(),
				"read_only", target->device_read_only || target->mounted_read_only,
				"problem", target->found ? NULL : target->problem));
	}
	return list;
}

static bool print_json(const struct model *model)
{
	const struct kd_load_state *state = &model->state;
	json_t *root = json_pack(
		"{s:b, s:s, s:s, s:s?, s:{s:I, s:I, s:o}, s:b, s:b, s:b, s:b, s:o, s:s?, s:o, s:o, s:s?}",
		"would_dump", kd_load_verdict_is_good(state->verdict), "verdict",
		kd_load_verdict_name(state->verdict), "sentence",
		kd_load_verdict_sentence(state->verdict), "hint",
		kd_load_verdict_hint(state->verdict), "reservation", "bytes",
		(json_int_t)state->reserved_bytes, "used_bytes", (json_int_t)used_bytes(state),
		"ranges", json_ranges(state), "loaded", state->loaded, "loaded_by_kdump",
		state->ours, "armed", state->has_record && state->record.armed,
		"kernel_follows_hotplug", state->kernel_follows_hotplug, "stale", json_stale(state),
		"record_problem", *state->record_problem ? state->record_problem : NULL, "record",
		json_record(state), "targets", json_targets(model), "config_problem",
		model->target_count ? NULL : model->config_problem);
	bool whole = root && !json_dumpf(root, stdout, JSON_INDENT(2));

	json_decref(root);
	if (whole)
		putchar('\n');
	return whole;
}

static void look_at_targets(const struct kd_paths *paths, struct model *model)
{
	struct kd_config config;
	struct kd_err err = {0};

	if (kd_read_system_config(paths, &config, &err)) {
		memcpy(model->config_problem, err.text, sizeof(err.text));
		return;
	}
	for (; model->target_count < config.target_count; model->target_count++)
		kd_exam_target_look(paths, &config.targets[model->target_count],
				    &model->targets[model->target_count]);
	kd_config_deinit(&config);
}

static int report(const struct kd_paths *paths, bool json)
{
	struct model model = {0};
	struct kd_err err = {0};
	bool good;

	if (kd_load_state_read(paths, &model.state, &err)) {
		kd_context(&err, err.status, "status");
		return kd_command_failed(&err);
	}
	look_at_targets(paths, &model);
	good = kd_load_verdict_is_good(model.state.verdict);
	if (!json)
		print_state(&model);
	else if (!print_json(&model)) {
		kd_fail(&err, KD_NOMEM, "status: no JSON could be made of it");
		good = false;
		kd_command_failed(&err);
	}
	while (model.target_count)
		kd_exam_target_deinit(&model.targets[--model.target_count]);
	kd_load_state_deinit(&model.state);
	return good ? KD_EXIT_DONE : KD_EXIT_FAILED;
}

static int run(const struct kd_command *self, int argc, char **argv)
{
	struct kd_cmd_root system;
	struct kd_cmd_view view;
	struct kd_err err = {0};
	int exit_status;

	if (!kd_cmd_take_view(self, argc, argv, false, &view, &exit_status))
		return exit_status;
	if (!view.root && !kd_cmd_is_root(self->name))
		return KD_EXIT_FAILED;
	if (kd_cmd_set_root(&system, view.root, &err)) {
		kd_context(&err, err.status, "%s", self->name);
		return kd_command_failed(&err);
	}
	return report(&system.paths, view.json);
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
