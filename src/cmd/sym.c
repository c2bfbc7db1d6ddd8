/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kdump sym: symbols of the kernel and its modules, by name and by address. */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/dump_input.h"
#include "cmd/place.h"

struct request {
	struct kd_system *system;
	json_t *list; /* NULL: text */
};

static const char *module_name(struct kd_system *system, const struct kd_symbol *symbol)
{
	const struct kd_module *module = kd_system_module_of(system, symbol);

	return module ? module->name : NULL;
}

/* As a line of /proc/kallsyms, with the offset where it is not the symbol's own address. */
static void print_symbol(struct request *request, const struct kd_symbol *symbol, uint64_t vaddr)
{
	const char *name = kd_symbol_name(kd_system_symbols(request->system), symbol);
	const char *module = module_name(request->system, symbol);

	if (request->list) {
		kd_json_append(request->list, json_pack("{s:o, s:o, s:o, s:o, s:o}", "address",
							kd_json_address(symbol->vaddr), "name",
							kd_json_string(name), "offset",
							kd_json_address(vaddr - symbol->vaddr),
							"type", kd_json_text(&symbol->type, 1),
							"module", kd_json_string(module)));
		return;
	}
	printf("%016" PRIx64 " %c %s", vaddr, symbol->type, name);
	if (vaddr != symbol->vaddr)
		printf("+0x%" PRIx64, vaddr - symbol->vaddr);
	printf(module ? "\t[%s]\n" : "\n", module);
}

static bool print_by_name(struct request *request, const char *name)
{
	struct kd_symbols *symbols = kd_system_symbols(request->system);
	const struct kd_symbol *symbol = NULL;
	bool found = false;

	while ((symbol = kd_symbols_find(symbols, name, symbol))) {
		print_symbol(request, symbol, symbol->vaddr);
		found = true;
	}
	return found;
}

/* NAME, NAME+OFFSET or an address; false when the kernel has no such thing. */
static bool print_one(struct request *request, const char *word, struct kd_err *err)
{
	const struct kd_symbol *symbol;
	uint64_t vaddr;

	if (print_by_name(request, word))
		return true;
	if (kd_place_parse(request->system, word, &vaddr, err))
		return false;
	symbol = kd_symbols_at(kd_system_symbols(request->system), vaddr);
	if (!symbol) {
		kd_fail(err, KD_NOTFOUND, "%s: belongs to no symbol", word);
		return false;
	}
	print_symbol(request, symbol, vaddr);
	return true;
}

static void print_all(struct request *request)
{
	struct kd_symbols *symbols = kd_system_symbols(request->system);

	for (size_t rank = 0; rank < kd_symbols_count(symbols); rank++) {
		const struct kd_symbol *symbol = kd_symbols_get(symbols, rank);

		print_symbol(request, symbol, symbol->vaddr);
	}
}

static int run_sym(const struct kd_command *self, int argc, char **argv)
{
	static const struct option options[] = {
		{"json", no_argument, NULL, 'j'}, KD_INPUT_OPTION, {0}};
	struct kd_dump_options how = {0};
	struct request request = {.list = NULL};
	struct kd_err err = {0};
	struct kd_input input;
	int option, exit_status = KD_EXIT_DONE, printed;
	bool json = false;

	while ((option = getopt_long(argc, argv, ":", options, NULL)) != -1) {
		if (option == KD_INPUT_RAW && kd_input_option(&how))
			continue;
		if (option == KD_INPUT_RAW)
			return kd_command_usage(self, "'%s' is not a hexadecimal address", optarg);
		if (option != 'j')
			return kd_command_bad_option(self, option, argv);
		json = true;
	}
	if (argc - optind < 1)
		return kd_command_usage(self, "a DUMP is needed");
	if (kd_input_open_system(&input, argv[optind], &how, &err))
		return kd_command_failed(&err);
	request.system = input.system;
	request.list = json ? json_array() : NULL;
	if (argc - optind == 1)
		print_all(&request);
	for (int i = optind + 1; i < argc; i++)
		if (!print_one(&request, argv[i], &err))
			exit_status = kd_command_failed(&err);
	printed = json ? kd_json_print(request.list) : kd_output_end();
	kd_input_close(&input);
	return exit_status ? exit_status : printed;
}

const struct kd_command kd_cmd_sym = {
	.name = "sym",
	.synopsis = "[--json] [--raw-input[=BASE]] DUMP [NAME | ADDRESS]...",
	.summary = "print symbols by name or address",
	.run = run_sym,
	.options = "  --json              print JSON, a list of symbols\n" KD_INPUT_HELP,
};
