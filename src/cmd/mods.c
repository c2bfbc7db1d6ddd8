/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kdump mods: the modules that were loaded. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cmd/dump_input.h"
#include "inspect/taints.h"

static const char *const states[] = {"live", "coming", "going", "unformed"};

static const char *state_name(const struct kd_module *module)
{
	return module->state < sizeof(states) / sizeof(*states) ? states[module->state] : "damaged";
}

static void print_text(const struct kd_module *modules, size_t count)
{
	char taints[KD_TAINT_LETTERS];

	printf("%-24s %10s %5s  %-8s %-6s %-16s %s\n", "NAME", "BYTES", "USED", "STATE", "TAINTS",
	       "ADDRESS", "VERSION");
	for (size_t i = 0; i < count; i++) {
		const struct kd_module *module = &modules[i];

		kd_taint_letters(module->taints, taints);
		printf("%-24s %10" PRIu64 " %5" PRId64 "  %-8s %-6s %016" PRIx64 " %s\n",
		       module->name, module->bytes, module->references, state_name(module), taints,
		       module->range_count ? module->ranges[0].vaddr : 0, module->version);
	}
}

static json_t *modules_json(const struct kd_module *modules, size_t count)
{
	json_t *list = json_array();

	for (size_t i = 0; i < count; i++) {
		const struct kd_module *module = &modules[i];
		json_t *ranges = json_array();
		char taints[KD_TAINT_LETTERS];

		kd_taint_letters(module->taints, taints);
		for (size_t range = 0; range < module->range_count; range++)
			json_array_append_new(
				ranges,
				json_pack("{s:o, s:I}", "address",
					  kd_json_address(module->ranges[range].vaddr), "bytes",
					  (json_int_t)module->ranges[range].bytes));
		json_array_append_new(
			list, json_pack("{s:o, s:I, s:I, s:s, s:s, s:s, s:s, s:o, s:o}", "name",
					kd_json_text(module->name, strlen(module->name)), "bytes",
					(json_int_t)module->bytes, "references",
					(json_int_t)module->references, "state", state_name(module),
					"taints", taints, "version", module->version, "srcversion",
					module->source_version, "module",
					kd_json_address(module->vaddr), "ranges", ranges));
	}
	return list;
}

static int show(struct kd_input *input, bool json)
{
	const struct kd_module *modules;
	struct kd_err err = {0};
	size_t count;

	modules = kd_system_modules(input->system, &count);
	if (!count && kd_system_modules_status(input->system, &err))
		return kd_command_failed(&err);
	if (json)
		return kd_json_print(modules_json(modules, count));
	print_text(modules, count);
	return kd_output_end();
}

static int run_mods(const struct kd_command *self, int argc, char **argv)
{
	return kd_input_run(self, argc, argv, kd_input_open_system, show);
}

const struct kd_command kd_cmd_mods = {
	.name = "mods",
	.synopsis = "[--json] [--raw-input[=BASE]] DUMP",
	.summary = "list the modules that were loaded",
	.run = run_mods,
	.options = "  --json              print JSON, a list of modules\n" KD_INPUT_HELP,
};
