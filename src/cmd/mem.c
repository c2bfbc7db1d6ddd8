/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kdump mem: bytes of memory at an address. */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "cmd/dump_input.h"

enum { DEFAULT_BYTES = 256, ROW_BYTES = 16, WORD_BYTES = 8, PIECE_BYTES = 4096 };

struct request {
	uint64_t address, bytes;
	bool physical;
	struct kd_dump_options how;
	enum { HEX, WORDS, RAW, JSON } form;
};

static void print_hex(uint64_t address, const uint8_t *data, size_t bytes)
{
	for (size_t row = 0; row < bytes; row += ROW_BYTES) {
		size_t count = bytes - row < ROW_BYTES ? bytes - row : ROW_BYTES;

		printf("%016" PRIx64 " ", address + row);
		for (size_t i = 0; i < ROW_BYTES; i++)
			i < count ? printf(" %02x", data[row + i]) : printf("   ");
		printf("  |");
		for (size_t i = 0; i < count; i++) {
			uint8_t c = data[row + i];

			putchar(c >= ' ' && c <= '~' ? c : '.');
		}
		puts("|");
	}
}

static void print_words(uint64_t address, const uint8_t *data, size_t bytes)
{
	struct kd_bytes reader = kd_bytes(data, bytes);

	while (kd_bytes_left(&reader) >= WORD_BYTES) {
		if (reader.at % ROW_BYTES == 0)
			printf("%016" PRIx64 " ", address + reader.at);
		printf(" %016" PRIx64, kd_bytes_u64(&reader));
		if (reader.at % ROW_BYTES == 0 || kd_bytes_left(&reader) < WORD_BYTES)
			putchar('\n');
	}
	if (kd_bytes_left(&reader))
		print_hex(address + reader.at, data + reader.at, kd_bytes_left(&reader));
}

static enum kd_status read_piece(struct kd_input *input, const struct request *request,
				 uint64_t address, void *data, size_t bytes, struct kd_err *err)
{
	return request->physical ? kd_dump_read(input->dump, address, data, bytes, err)
				 : kd_kernel_read(input->kernel, address, data, bytes, err);
}

static void emit(const struct request *request, uint64_t address, const uint8_t *data, size_t bytes,
		 char *digits)
{
	switch (request->form) {
	case HEX:
		print_hex(address, data, bytes);
		break;
	case WORDS:
		print_words(address, data, bytes);
		break;
	case RAW:
		fwrite(data, 1, bytes, stdout);
		break;
	case JSON:
		for (size_t i = 0; i < bytes; i++)
			snprintf(digits + 2 * (address - request->address + i), 3, "%02x", data[i]);
		break;
	}
}

static int show(struct kd_input *input, const struct request *request)
{
	uint8_t data[PIECE_BYTES];
	char *digits = NULL;
	struct kd_err err = {0};

	if (request->form == JSON) {
		digits = calloc(2, request->bytes + 1);
		if (!digits) {
			kd_fail(&err, KD_NOMEM, "%" PRIu64 " bytes: no memory", request->bytes);
			return kd_command_failed(&err);
		}
	}
	for (uint64_t done = 0; done < request->bytes;) {
		uint64_t at = request->address + done;
		/* up to the end of a page: what can be had before an unreadable page is shown */
		size_t piece = PIECE_BYTES - at % PIECE_BYTES;
		enum kd_status status;

		if (piece > request->bytes - done)
			piece = (size_t)(request->bytes - done);
		status = read_piece(input, request, at, data, piece, &err);
		if (status) {
			fflush(stdout);
			free(digits);
			kd_context(&err, status, "%s: %s", input->path, kd_status_name(status));
			return kd_command_failed(&err);
		}
		emit(request, at, data, piece, digits);
		done += piece;
	}
	if (request->form == JSON) {
		json_t *value = json_pack(
			"{s:o, s:s, s:s}", "address", kd_json_address(request->address), "space",
			request->physical ? "physical" : "virtual", "bytes", digits);
		free(digits);
		return kd_json_print(value);
	}
	return kd_output_end();
}

static bool parse_number(const char *text, int base, uint64_t *value)
{
	char *end;

	errno = 0;
	*value = strtoull(text, &end, base);
	return !errno && end != text && !*end && *text != '-';
}

static int parse(const struct kd_command *self, int argc, char **argv, struct request *request)
{
	static const struct option options[] = {
		{"physical", no_argument, NULL, 'p'},
		{"virtual", no_argument, NULL, 'v'},
		{"bytes", required_argument, NULL, 'n'},
		{"hex", no_argument, NULL, 'H'},
		{"words", no_argument, NULL, 'w'},
		{"raw", no_argument, NULL, 'r'},
		{"json", no_argument, NULL, 'j'},
		KD_INPUT_OPTION,
		{0},
	};
	uint64_t end;
	int option;

	while ((option = getopt_long(argc, argv, "n:", options, NULL)) != -1) {
		if (option == '?')
			return kd_command_usage(self, "no such option");
		if (option == 'n' && (!parse_number(optarg, 0, &request->bytes) || !request->bytes))
			return kd_command_usage(self, "'%s' is not a number of bytes", optarg);
		if (option == KD_INPUT_RAW) {
			if (!kd_input_option(&request->how))
				return kd_command_usage(self, "'%s' is not a hexadecimal address",
							optarg);
			continue;
		}
		if (option == 'p' || option == 'v')
			request->physical = option == 'p';
		if (strchr("Hwrj", option))
			request->form = option == 'H'   ? HEX
					: option == 'w' ? WORDS
					: option == 'r' ? RAW
							: JSON;
	}
	if (argc - optind != 2)
		return kd_command_usage(self, "a DUMP and an ADDRESS are needed");
	if (!parse_number(argv[optind + 1], 16, &request->address))
		return kd_command_usage(self, "'%s' is not a hexadecimal address",
					argv[optind + 1]);
	if (!kd_add(request->address, request->bytes - 1, &end))
		return kd_command_usage(self, "the range wraps around the address space");
	return KD_EXIT_DONE;
}

static int run_mem(const struct kd_command *self, int argc, char **argv)
{
	struct request request = {.bytes = DEFAULT_BYTES};
	struct kd_err err = {0};
	struct kd_input input;
	enum kd_status status;
	int exit_status = parse(self, argc, argv, &request);

	if (exit_status)
		return exit_status;
	status = request.physical ? kd_input_open_dump(&input, argv[optind], &request.how, &err)
				  : kd_input_open(&input, argv[optind], &request.how, &err);
	if (status)
		return kd_command_failed(&err);
	exit_status = show(&input, &request);
	kd_input_close(&input);
	return exit_status;
}

const struct kd_command kd_cmd_mem = {
	.name = "mem",
	.synopsis = "[--physical] [-n BYTES] [OPTION]... DUMP ADDRESS",
	.summary = "print memory at an address",
	.run = run_mem,
	.options =
		"  --virtual           ADDRESS is a kernel virtual address (default)\n"
		"  --physical          ADDRESS is a physical address\n"
		"  -n, --bytes N       how much to print; 256 by default\n"
		"  --hex               bytes and text (default)\n"
		"  --words             words of 8 bytes\n"
		"  --raw               the bytes themselves\n"
		"  --json              print JSON, the bytes as hexadecimal digits\n" KD_INPUT_HELP,
};
