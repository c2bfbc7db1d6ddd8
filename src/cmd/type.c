/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kdump type: how a type of the kernel is laid out, or what is in one at an address. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/dump_input.h"
#include "cmd/place.h"
#include "cmd/type_parts.h"
#include "host/file.h"
#include "inspect/fields.h"
#include "inspect/module_types.h"

enum { OBJECT_BYTES_MOST = 64 << 20 };

struct request {
	const char *name, *place; /* place NULL: the layout */
	bool json;
};

/* What was found: where, and of which module's types. */
struct found {
	struct kd_field field;
	const char *module; /* NULL: the kernel's own */
	struct kd_module_types *modules;
	size_t module_count;
};

/* Modules have types of their own; those of the kernel come first. */
static enum kd_status find(struct kd_showing *showing, const char *name, struct found *found,
			   struct kd_err *err)
{
	enum kd_status status;
	size_t count;
	const struct kd_module *modules = kd_system_modules(showing->system, &count);

	showing->btf = kd_system_types(showing->system, err);
	if (!showing->btf)
		return err->status;
	status = kd_field_find_in(showing->btf, name, &found->field, err);
	if (status != KD_NOTFOUND)
		return status;
	/* what could be read of them is there, whatever became of the others */
	kd_module_types_read(showing->system, &found->modules, &found->module_count, NULL);
	for (size_t i = 0; i < found->module_count; i++) {
		const struct kd_module_types *of = &found->modules[i];

		if (kd_field_find_in(&of->types.btf, name, &found->field, NULL))
			continue;
		showing->btf = &of->types.btf;
		found->module = modules[of->module - 1].name;
		return KD_OK;
	}
	return status;
}

/* Memory that is to be freed. */
static enum kd_status read_object(struct kd_showing *showing, const struct request *request,
				  const struct kd_field *field, uint8_t **object,
				  struct kd_err *err)
{
	uint64_t vaddr = 0;
	enum kd_status status = kd_place_parse(showing->system, request->place, &vaddr, err);

	if (status)
		return status;
	if (field->bits || field->bytes > OBJECT_BYTES_MOST)
		return kd_fail(err, KD_UNSUPPORTED, "%s: cannot be shown by itself", request->name);
	*object = malloc((size_t)field->bytes + 1);
	if (!*object)
		return kd_fail(err, KD_NOMEM, "%s: no memory", request->name);
	showing->object = *object;
	showing->object_bytes = (size_t)field->bytes;
	return kd_system_read(showing->system, vaddr + field->offset, *object, (size_t)field->bytes,
			      err);
}

static int print(struct kd_showing *showing, const struct request *request,
		 const struct found *found)
{
	const struct kd_part whole = {found->field.type_id, 0, 0};
	char declaration[KD_DECLARATION_BYTES];
	const char *member = strrchr(request->name, '.');
	json_t *json;

	if (request->json) {
		json = kd_type_json(showing, &whole, request->name, 0);
		if (found->module)
			kd_json_set(json, "module", kd_json_string(found->module));
		return kd_json_print(json);
	}
	if (request->place) {
		kd_declare(showing->btf, whole.type_id, "", declaration);
		printf("(%s) ", declaration);
		kd_type_print_value(showing, &whole, 0);
		putchar('\n');
	} else {
		kd_type_print_layout(showing, &whole, member ? member + 1 : request->name,
				     found->module);
	}
	return kd_output_end();
}

static int show(struct kd_showing *showing, const struct request *request)
{
	KD_CLEANUP_FREE uint8_t *object = NULL;
	struct found found = {.module = NULL};
	struct kd_err err = {0};
	enum kd_status status = find(showing, request->name, &found, &err);
	int printed = KD_EXIT_FAILED;

	if (!status && request->place)
		status = read_object(showing, request, &found.field, &object, &err);
	if (!status)
		printed = print(showing, request, &found);
	if (!status && showing->refused)
		status = kd_fail(&err, KD_CORRUPT, "%s: has parts that are not shown: %s",
				 request->name, showing->refused);
	kd_module_types_free(found.modules, found.module_count);
	return status ? kd_command_failed(&err) : printed;
}

/* "struct task_struct" is what C calls it. */
static const char *without_keyword(const char *name)
{
	static const char *const words[] = {"struct ", "union ", "enum "};

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (!strncmp(name, words[i], strlen(words[i])))
			return name + strlen(words[i]);
	return name;
}

static int run_type(const struct kd_command *self, int argc, char **argv)
{
	static const struct option options[] = {
		{"json", no_argument, NULL, 'j'}, KD_INPUT_OPTION, {0}};
	struct kd_dump_options how = {0};
	struct kd_showing showing = {.object = NULL};
	struct request request = {.json = false};
	struct kd_err err = {0};
	struct kd_input input;
	int option, exit_status;

	while ((option = getopt_long(argc, argv, ":", options, NULL)) != -1) {
		if (option == KD_INPUT_RAW && kd_input_option(&how))
			continue;
		if (option == KD_INPUT_RAW)
			return kd_command_usage(self, "'%s' is not a hexadecimal address", optarg);
		if (option != 'j')
			return kd_command_bad_option(self, option, argv);
		request.json = true;
	}
	if (argc - optind != 2 && argc - optind != 3)
		return kd_command_usage(self, "a DUMP and a TYPE are needed");
	if (kd_input_open_system(&input, argv[optind], &how, &err))
		return kd_command_failed(&err);
	showing.system = input.system;
	request.name = without_keyword(argv[optind + 1]);
	request.place = argc - optind == 3 ? argv[optind + 2] : NULL;
	exit_status = show(&showing, &request);
	kd_input_close(&input);
	return exit_status;
}

const struct kd_command kd_cmd_type = {
	.name = "type",
	.synopsis = "[--json] [--raw-input[=BASE]] DUMP TYPE[.MEMBER] [ADDRESS | SYMBOL]",
	.summary = "print a type's layout, or its value at an address",
	.run = run_type,
	.options = "  --json              print JSON, an object\n" KD_INPUT_HELP,
};
