/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/dump_input.h"

#include <getopt.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "host/file.h"
#include "host/paths.h"
#include "host/system.h"

void kd_input_resolve(const char *name, char path[PATH_MAX])
{
	static const char *const members[] = {"vmcore", "vmcore.incomplete"};
	struct stat st;

	if (!stat(name, &st) && S_ISDIR(st.st_mode))
		for (size_t i = 0; i < sizeof(members) / sizeof(*members); i++) {
			kd_path(path, name, "%s", members[i]);
			if (!access(path, F_OK))
				return;
		}
	snprintf(path, PATH_MAX, "%s", name);
}

bool kd_input_option(struct kd_dump_options *how)
{
	char *end;

	how->raw = true;
	how->raw_base = 0;
	if (!optarg)
		return true;
	errno = 0;
	how->raw_base = strtoull(optarg, &end, 16);
	return !errno && end != optarg && !*end && *optarg != '-';
}

bool kd_input_dumps(int argc, char **argv, struct kd_dump_options *how)
{
	if (argc == optind)
		return false;
	how->others = (const char *const *)(argv + optind + 1);
	how->other_count = (size_t)(argc - optind - 1);
	return true;
}

bool kd_input_arguments(const struct kd_command *self, int argc, char **argv, bool *json,
			struct kd_dump_options *how, const char **name, int *exit_status)
{
	static const struct option options[] = {
		{"json", no_argument, NULL, 'j'}, KD_INPUT_OPTION, {0}};
	int option;

	*json = false;
	*how = (struct kd_dump_options){0};
	while ((option = getopt_long(argc, argv, ":", options, NULL)) != -1) {
		if (option == KD_INPUT_RAW && kd_input_option(how))
			continue;
		if (option == KD_INPUT_RAW) {
			*exit_status =
				kd_command_usage(self, "'%s' is not a hexadecimal address", optarg);
			return false;
		}
		if (option != 'j') {
			*exit_status = kd_command_bad_option(self, option, argv);
			return false;
		}
		*json = true;
	}
	if (!kd_input_dumps(argc, argv, how)) {
		*exit_status = kd_command_usage(self, "a DUMP is needed");
		return false;
	}
	*name = argv[optind];
	return true;
}

enum kd_status kd_input_open_dump(struct kd_input *input, const char *name,
				  const struct kd_dump_options *how, struct kd_err *err)
{
	struct kd_dump_options watched = how ? *how : (struct kd_dump_options){0};

	*input = (struct kd_input){0};
	input->search = kd_meter_init(&input->meter, "searching VMCOREINFO");
	watched.search = &input->search;
	kd_input_resolve(name, input->path);
	return kd_dump_open(input->path, &watched, &input->dump, err);
}

enum kd_status kd_input_open_kernel(struct kd_input *input, struct kd_err *err)
{
	enum kd_status status = kd_kernel_open(input->dump, &input->kernel, err);

	kd_meter_deinit(&input->meter);
	return status;
}

enum kd_status kd_input_open(struct kd_input *input, const char *name,
			     const struct kd_dump_options *how, struct kd_err *err)
{
	enum kd_status status = kd_input_open_dump(input, name, how, err);

	if (!status)
		status = kd_input_open_kernel(input, err);
	if (status)
		kd_input_close(input);
	return status;
}

enum kd_status kd_input_open_system(struct kd_input *input, const char *name,
				    const struct kd_dump_options *how, struct kd_err *err)
{
	const struct kd_log log = kd_command_log(false);
	struct kd_err why;
	enum kd_status status = kd_input_open(input, name, how, err);

	if (!status)
		status = kd_system_open(input->kernel, &input->system, err);
	if (status) {
		kd_input_close(input);
		return status;
	}
	if (!kd_system_types(input->system, &why))
		kd_log(&log, KD_LOG_WARNING, "no types: %s", why.text);
	else if (kd_system_modules_status(input->system, &why))
		kd_log(&log, KD_LOG_WARNING, "%s", why.text);
	return KD_OK;
}

void kd_input_close(struct kd_input *input)
{
	kd_system_close(input->system);
	kd_kernel_close(input->kernel);
	kd_dump_close(input->dump);
	input->system = NULL;
	input->kernel = NULL;
	input->dump = NULL;
}

int kd_input_run(const struct kd_command *self, int argc, char **argv, kd_input_opener *open,
		 kd_input_show *show)
{
	struct kd_err err = {0};
	struct kd_dump_options how;
	struct kd_input input;
	const char *name;
	int exit_status;
	bool json;

	if (!kd_input_arguments(self, argc, argv, &json, &how, &name, &exit_status))
		return exit_status;
	if (open(&input, name, &how, &err))
		return kd_command_failed(&err);
	exit_status = show(&input, json);
	kd_input_close(&input);
	return exit_status;
}

json_t *kd_json_address(uint64_t address)
{
	return json_sprintf("0x%llx", (unsigned long long)address);
}

json_t *kd_json_text(const char *text, size_t bytes)
{
	json_t *value = json_stringn(text, bytes);
	KD_CLEANUP_FREE char *escaped = NULL;
	size_t length = 0;

	if (value)
		return value;
	escaped = malloc(bytes * 4 + 1);
	if (!escaped)
		return NULL;
	for (size_t i = 0; i < bytes; i++)
		if ((unsigned char)text[i] < 0x80)
			escaped[length++] = text[i];
		else
			length += (size_t)sprintf(escaped + length, "\\x%02x",
						  (unsigned char)text[i]);
	return json_stringn(escaped, length);
}

json_t *kd_json_string(const char *text)
{
	return text ? kd_json_text(text, strlen(text)) : json_null();
}

static void must_be_made(int failed)
{
	if (!failed)
		return;
	fputs("kdump: writing JSON: a record cannot be made\n", stderr);
	exit(KD_EXIT_FAILED);
}

void kd_json_append(json_t *list, json_t *value)
{
	must_be_made(json_array_append_new(list, value));
}

void kd_json_set(json_t *object, const char *key, json_t *value)
{
	must_be_made(json_object_set_new(object, key, value));
}

json_t *kd_json_time(uint64_t unix_s)
{
	time_t time = (time_t)unix_s;
	char text[64];
	struct tm tm;

	if (!unix_s || !gmtime_r(&time, &tm))
		return json_null();
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm);
	return json_string(text);
}

int kd_json_print(json_t *value)
{
	if (!value || json_dumpf(value, stdout, JSON_INDENT(2)))
		fputs("kdump: writing JSON: failed\n", stderr);
	putchar('\n');
	json_decref(value);
	return value ? kd_output_end() : KD_EXIT_FAILED;
}

int kd_output_end(void)
{
	struct kd_err err;

	if (!fflush(stdout) && !ferror(stdout))
		return KD_EXIT_DONE;
	kd_fail_errno(&err, errno, "standard output");
	return kd_command_failed(&err);
}
