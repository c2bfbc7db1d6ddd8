/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kdump mem: memory at an address, of the machine, of the kernel or of a process. */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "cmd/dump_input.h"
#include "cmd/mem_forms.h"
#include "cmd/place.h"
#include "host/file.h"
#include "host/system.h"
#include "inspect/mm.h"

enum { DEFAULT_BYTES = 256, PIECE_BYTES = 4096, WHOLE_MOST = 64 << 20 };

struct request {
	const char *name, *where;
	uint64_t address, bytes;
	bool is_symbol; /* `where` may be one, not an address */
	int32_t pid;    /* whose memory; -1: the kernel's */
	bool physical, json;
	const struct kd_memory_form *form;
	struct kd_dump_options how;
};

static enum kd_status read_piece(struct kd_input *input, struct kd_space *user,
				 const struct request *request, uint64_t address, void *data,
				 size_t bytes, struct kd_err *err)
{
	if (request->physical)
		return kd_dump_read(input->dump, address, data, bytes, err);
	return user ? kd_space_read(user, address, data, bytes, err)
		    : kd_kernel_read(input->kernel, address, data, bytes, err);
}

static const char *space_name(const struct request *request)
{
	return request->physical ? "physical" : request->pid >= 0 ? "user" : "virtual";
}

static int print_json(const struct kd_input *input, const struct request *request,
		      const uint8_t *data, size_t bytes)
{
	const struct kd_memory_piece piece = {input->system, request->address, data, bytes};

	return kd_json_print(json_pack(
		"{s:o, s:s, s:o}", "address", kd_json_address(request->address), "space",
		space_name(request), request->form->json_key, request->form->json(&piece)));
}

/* What can be had before an unreadable page is shown; pieces end where pages do. */
static int show(struct kd_input *input, struct kd_space *user, const struct request *request)
{
	const bool whole = request->json || request->form->needs_all;
	KD_CLEANUP_FREE uint8_t *data = malloc(whole ? request->bytes : PIECE_BYTES);
	struct kd_err err = {0};
	enum kd_status status = KD_OK;
	uint64_t done = 0;
	int printed;

	if (!data)
		status = kd_fail_errno(&err, ENOMEM, "%" PRIu64 " bytes", request->bytes);
	while (!status && done < request->bytes) {
		uint64_t at = request->address + done;
		uint8_t *place = whole ? data + done : data;
		size_t piece = PIECE_BYTES - at % PIECE_BYTES;

		if (piece > request->bytes - done)
			piece = (size_t)(request->bytes - done);
		status = read_piece(input, user, request, at, place, piece, &err);
		if (status)
			break;
		if (!whole)
			request->form->print(
				&(struct kd_memory_piece){input->system, at, place, piece});
		done += piece;
	}
	if (request->json && !status) {
		printed = print_json(input, request, data, (size_t)done);
	} else {
		if (whole && !request->json && data)
			request->form->print(&(struct kd_memory_piece){
				input->system, request->address, data, (size_t)done});
		printed = kd_output_end();
	}
	if (!status)
		return printed;
	kd_context(&err, status, "%s: %s", input->path, kd_status_name(status));
	return kd_command_failed(&err);
}

static enum kd_status find_task(struct kd_input *input, int32_t pid, struct kd_space *space,
				struct kd_err *err)
{
	const struct kd_task *task;
	struct kd_tasks tasks;
	enum kd_status status = kd_tasks_init(&tasks, input->system, err);

	task = kd_task_of_pid(&tasks, pid);
	if (task)
		status =
			kd_task_space(input->system, task, kd_dump_reader(input->dump), space, err);
	else if (!status)
		status = kd_fail(err, KD_NOTFOUND, "there is no process %d", pid);
	kd_tasks_deinit(&tasks);
	return status;
}

static bool take_option(int option, struct request *request, const char **complaint)
{
	uint64_t number;

	switch (option) {
	case 'p':
	case 'v':
		request->physical = option == 'p';
		return true;
	case 'j':
		request->json = true;
		return true;
	case 'n':
		*complaint = "not a number of bytes";
		return kd_number_parse(optarg, 0, UINT64_MAX, &request->bytes) && request->bytes;
	case 't':
		*complaint = "no process id";
		if (!kd_number_parse(optarg, 10, INT32_MAX, &number))
			return false;
		request->pid = (int32_t)number;
		return true;
	case KD_INPUT_RAW:
		*complaint = "not a hexadecimal address";
		return kd_input_option(&request->how);
	}
	return false;
}

enum { FORM_OPTION = 0x200 }; /* and more, by number of the form */

static int parse(const struct kd_command *self, int argc, char **argv, struct request *request)
{
	static const struct option others[] = {
		{"physical", no_argument, NULL, 'p'},    {"virtual", no_argument, NULL, 'v'},
		{"bytes", required_argument, NULL, 'n'}, {"task", required_argument, NULL, 't'},
		{"json", no_argument, NULL, 'j'},        KD_INPUT_OPTION,
	};
	enum { OTHERS = sizeof(others) / sizeof(*others), ROOM = OTHERS + 8 };
	struct option options[ROOM + 1] = {0};
	uint64_t end;
	int option;

	memcpy(options, others, sizeof(others));
	for (unsigned int i = 0; i < kd_memory_form_count && OTHERS + i < ROOM; i++)
		options[OTHERS + i] = (struct option){kd_memory_forms[i].name, no_argument, NULL,
						      FORM_OPTION + (int)i};
	while ((option = getopt_long(argc, argv, ":n:", options, NULL)) != -1) {
		const char *complaint = NULL;

		if (option >= FORM_OPTION)
			request->form = &kd_memory_forms[option - FORM_OPTION];
		else if (!take_option(option, request, &complaint))
			return complaint ? kd_command_usage(self, "'%s' is %s", optarg, complaint)
					 : kd_command_bad_option(self, option, argv);
	}
	if (argc - optind != 2)
		return kd_command_usage(self, "a DUMP and an ADDRESS are needed");
	if (request->physical && request->pid >= 0)
		return kd_command_usage(self, "--physical and --task exclude each other");
	request->name = argv[optind];
	request->where = argv[optind + 1];
	if (request->physical || request->pid >= 0)
		request->is_symbol =
			!kd_number_parse(request->where, 16, UINT64_MAX, &request->address);
	else
		request->is_symbol = !kd_place_is_address(request->where, &request->address);
	if (request->is_symbol && (request->physical || request->pid >= 0))
		return kd_command_usage(self, "'%s' is not a hexadecimal address", request->where);
	if (!request->is_symbol && !kd_add(request->address, request->bytes - 1, &end))
		return kd_command_usage(self, "the range wraps around the address space");
	if ((request->json || request->form->needs_all) && request->bytes > WHOLE_MOST)
		return kd_command_usage(self, "at most %d bytes in this form", WHOLE_MOST);
	return KD_EXIT_DONE;
}

static enum kd_status open_input(struct kd_input *input, struct request *request,
				 struct kd_err *err)
{
	const bool needs_system =
		request->is_symbol || request->pid >= 0 || request->form->needs_symbols;
	kd_input_opener *open = needs_system        ? kd_input_open_system
				: request->physical ? kd_input_open_dump
						    : kd_input_open;

	/* a dump without symbols has addresses all the same */
	if (open == kd_input_open_system && !request->form->needs_symbols && request->pid < 0 &&
	    kd_number_parse(request->where, 16, UINT64_MAX, &request->address)) {
		enum kd_status status = open(input, request->name, &request->how, NULL);

		request->is_symbol = !status;
		return status ? kd_input_open(input, request->name, &request->how, err) : KD_OK;
	}
	return open(input, request->name, &request->how, err);
}

static int run_mem(const struct kd_command *self, int argc, char **argv)
{
	struct request request = {.bytes = DEFAULT_BYTES, .pid = -1, .form = kd_memory_forms};
	struct kd_err err = {0};
	struct kd_input input;
	struct kd_space user;
	enum kd_status status;
	uint64_t end;
	int exit_status = parse(self, argc, argv, &request);

	if (exit_status)
		return exit_status;
	if ((request.form->prepare && request.form->prepare(&err)) ||
	    open_input(&input, &request, &err))
		return kd_command_failed(&err);
	status = request.is_symbol
			 ? kd_place_parse(input.system, request.where, &request.address, &err)
			 : KD_OK;
	if (!status && !kd_add(request.address, request.bytes - 1, &end))
		status = kd_fail(&err, KD_INVALID, "the range wraps around the address space");
	if (!status && request.pid >= 0)
		status = find_task(&input, request.pid, &user, &err);
	exit_status = status ? kd_command_failed(&err)
			     : show(&input, request.pid >= 0 ? &user : NULL, &request);
	kd_input_close(&input);
	return exit_status;
}

const struct kd_command kd_cmd_mem = {
	.name = "mem",
	.synopsis = "[OPTION]... DUMP ADDRESS|SYMBOL[+OFFSET]",
	.summary = "print memory at an address",
	.run = run_mem,
	.options =
		"  --virtual           ADDRESS is a kernel virtual address (default)\n"
		"  --physical          ADDRESS is a physical address\n"
		"  --task PID          ADDRESS is one of that process\n"
		"  -n, --bytes N       how much to print; 256 by default\n"
		"  --hex               bytes and text (default)\n"
		"  --words             words of 8 bytes\n"
		"  --symbols           words of 8 bytes, and what of the kernel they point to\n"
		"  --strings           texts of 4 characters or more\n"
		"  --disassemble       instructions\n"
		"  --raw               the bytes themselves\n"
		"  --json              print JSON, in the form that is asked for\n" KD_INPUT_HELP,
};
