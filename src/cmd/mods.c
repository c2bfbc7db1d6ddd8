/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kdump mods: the modules that were loaded. */
#include <getopt.h>
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

static bool print_section(void *opaque, const char *name, uint64_t vaddr)
{
	printf("    %016" PRIx64 " %s\n", vaddr, name);
	return true;
}

static bool add_section(void *opaque, const char *name, uint64_t vaddr)
{
	kd_json_set(opaque, name, kd_json_address(vaddr));
	return true;
}

static void print_text(struct kd_system *system, const struct kd_module *modules, size_t count,
		       bool sections)
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
		if (sections)
			kd_module_sections_each(system, module, print_section, NULL, NULL);
	}
}

static json_t *modules_json(struct kd_system *system, const struct kd_module *modules, size_t count)
{
	json_t *list = json_array();

	for (size_t i = 0; i < count; i++) {
		const struct kd_module *module = &modules[i];
		json_t *ranges = json_array(), *sections = json_object();
		char taints[KD_TAINT_LETTERS];

		kd_taint_letters(module->taints, taints);
		kd_module_sections_each(system, module, add_section, sections, NULL);
		for (size_t range = 0; range < module->range_count; range++)
			kd_json_append(ranges,
				       json_pack("{s:o, s:I}", "address",
						 kd_json_address(module->ranges[range].vaddr),
						 "bytes", (json_int_t)module->ranges[range].bytes));
		kd_json_append(list,
			       json_pack("{s:o, s:I, s:I, s:s, s:s, s:o, s:o, s:o, s:o, s:o}",
					 "name", kd_json_text(module->name, strlen(module->name)),
					 "bytes", (json_int_t)module->bytes, "references",
					 (json_int_t)module->references, "state",
					 state_name(module), "taints", taints, "version",
					 kd_json_string(module->version), "srcversion",
					 kd_json_string(module->source_version), "module",
					 kd_json_address(module->vaddr), "ranges", ranges,
					 "sections", sections));
	}
	return list;
}

static int show(struct kd_input *input, bool sections, bool json)
{
	const struct kd_module *modules;
	struct kd_err err = {0};
	size_t count;
	int printed = KD_EXIT_DONE;

	modules = kd_system_modules(input->system, &count);
	if (!count && kd_system_modules_status(input->system, &err))
		return kd_command_failed(&err);
	if (json)
		printed = kd_json_print(modules_json(input->system, modules, count));
	else
		print_text(input->system, modules, count, sections);
	if (!json)
		printed = kd_output_end();
	/* what is missing was told as the dump was opened */
	return kd_system_modules_status(input->system, NULL) ? KD_EXIT_FAILED : printed;
}

static int run_mods(const struct kd_command *self, int argc, char **argv)
{
	static const struct option options[] = {{"sections", no_argument, NULL, 's'},
						{"json", no_argument, NULL, 'j'},
						KD_INPUT_OPTION,
						{0}};
	struct kd_dump_options how = {0};
	bool sections = false, json = false;
	struct kd_err err = {0};
	struct kd_input input;
	int option, exit_status;

	while ((option = getopt_long(argc, argv, ":s", options, NULL)) != -1) {
		if (option == '?')
			return kd_command_bad_option(self, option, argv);
		if (option == KD_INPUT_RAW && !kd_input_option(&how))
			return kd_command_usage(self, "'%s' is not a hexadecimal address", optarg);
		sections |= option == 's';
		json |= option == 'j';
	}
	if (!kd_input_dumps(argc, argv, &how))
		return kd_command_usage(self, "a DUMP is needed");
	if (kd_input_open_system(&input, argv[optind], &how, &err))
		return kd_command_failed(&err);
	exit_status = show(&input, sections, json);
	kd_input_close(&input);
	return exit_status;
}

const struct kd_command kd_cmd_mods = {
	.name = "mods",
	.synopsis = "[-s] [--json] [--raw-input[=BASE]] DUMP...",
	.summary = "list the modules that were loaded",
	.run = run_mods,
	.options = "  -s, --sections      print where each section of a module lies, too\n"
		   "  --json              print JSON, a list of modules\n" KD_INPUT_HELP,
};
