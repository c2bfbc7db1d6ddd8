/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kdump cmdline, kdump config: what the kernel was started with, and what it was built with. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/dump_input.h"
#include "inspect/boot.h"

/* A list of parameters, as the kernel splits it: at blanks that are not between double quotes. */
static json_t *parameters_json(const char *text)
{
	json_t *list = json_array();

	while (*(text += strspn(text, " \t"))) {
		const char *end = text;
		bool is_quoted = false;

		for (; *end && (is_quoted || !strchr(" \t", *end)); end++)
			is_quoted ^= *end == '"';
		json_array_append_new(list, kd_json_text(text, (size_t)(end - text)));
		text = end;
	}
	return list;
}

static int show_command_line(struct kd_input *input, bool json)
{
	struct kd_err err = {0};
	char *text = NULL;
	int printed;

	if (kd_command_line_read(input->system, &text, &err))
		return kd_command_failed(&err);
	if (json) {
		printed = kd_json_print(json_pack("{s:o, s:o}", "command_line",
						  kd_json_text(text, strlen(text)), "parameters",
						  parameters_json(text)));
	} else {
		puts(text);
		printed = kd_output_end();
	}
	free(text);
	return printed;
}

/* {"CONFIG_X": "y", "CONFIG_Y": null}: "# CONFIG_Y is not set" is null. */
static json_t *options_json(const char *text)
{
	json_t *options = json_object();

	while (*text) {
		const char *end = text + strcspn(text, "\n"), *equals;
		char name[128];
		int length = 0;

		if (sscanf(text, "# %127[A-Z0-9a-z_] is not set%n", name, &length) == 1 && length) {
			json_object_set_new(options, name, json_null());
		} else if (!strncmp(text, "CONFIG_", strlen("CONFIG_")) &&
			   (equals = memchr(text, '=', (size_t)(end - text))) &&
			   (size_t)(equals - text) < sizeof(name)) {
			snprintf(name, sizeof(name), "%.*s", (int)(equals - text), text);
			json_object_set_new(options, name,
					    kd_json_text(equals + 1, (size_t)(end - equals - 1)));
		}
		text = end + (*end == '\n');
	}
	return options;
}

static int show_configuration(struct kd_input *input, bool json)
{
	struct kd_err err = {0};
	char *text = NULL;
	size_t bytes;
	int printed;

	if (kd_configuration_read(input->system, &text, &bytes, &err))
		return kd_command_failed(&err);
	if (json) {
		printed = kd_json_print(options_json(text));
	} else {
		fwrite(text, 1, bytes, stdout);
		printed = kd_output_end();
	}
	free(text);
	return printed;
}

static int run_cmdline(const struct kd_command *self, int argc, char **argv)
{
	return kd_input_run(self, argc, argv, kd_input_open_system, show_command_line);
}

static int run_config(const struct kd_command *self, int argc, char **argv)
{
	return kd_input_run(self, argc, argv, kd_input_open_system, show_configuration);
}

const struct kd_command kd_cmd_cmdline = {
	.name = "cmdline",
	.synopsis = "[--json] [--raw-input[=BASE]] DUMP...",
	.summary = "print the command line that the kernel was started with",
	.run = run_cmdline,
	.options =
		"  --json              print JSON: the line, and a list of its parameters\n" KD_INPUT_HELP,
};

const struct kd_command kd_cmd_config = {
	.name = "config",
	.synopsis = "[--json] [--raw-input[=BASE]] DUMP...",
	.summary = "print the configuration that the kernel was built with",
	.run = run_config,
	.options = "  --json              print JSON, an object of options\n" KD_INPUT_HELP,
};
