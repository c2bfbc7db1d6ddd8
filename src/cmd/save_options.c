/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/save_options.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "config/config.h"

static const struct {
	const char *name;
	enum kd_save_format format;
	bool flattened;
} format_names[] = {
	{"kdump", KD_SAVE_KDUMP, false},
	{"elf", KD_SAVE_ELF, false},
	{"flat", KD_SAVE_KDUMP, true},
};

static bool parse_format(struct kd_save_request *request, const char *text)
{
	for (size_t i = 0; i < sizeof(format_names) / sizeof(*format_names); i++)
		if (!strcmp(format_names[i].name, text)) {
			request->options.format = format_names[i].format;
			request->flattened = format_names[i].flattened;
			request->format_given = true;
			return true;
		}
	return false;
}

/* "31" or "1,31": levels to try one after the other. */
static bool parse_levels(struct kd_save_request *request, const char *text)
{
	unsigned int levels[KD_CONFIG_LEVELS], count = kd_config_levels(text, levels);

	for (unsigned int i = 0; i < count; i++)
		request->options.exclude[i] = kd_level_kinds(levels[i]);
	request->options.exclude_count = count;
	return count > 0;
}

/* "4096", "512M": bytes. */
static bool parse_bytes(const char *text, uint64_t *bytes)
{
	const char *end;

	return kd_text_bytes(text, 10, bytes, &end) && !*end && *bytes;
}

static bool parse_workers(struct kd_save_request *request, const char *text)
{
	char *end;
	unsigned long workers;

	errno = 0;
	workers = strtoul(text, &end, 10);
	if (errno || *end || end == text || !workers || workers > KD_WORKERS_MOST)
		return false;
	request->options.workers = (unsigned int)workers;
	return true;
}

static int parse_option(const struct kd_command *self, struct kd_save_request *request, int option)
{
	struct kd_err err;
	uint32_t kinds;

	switch (option) {
	case 'd':
		if (!parse_levels(request, optarg))
			return kd_command_usage(self,
						"'%s' is no level: 0 to 31, or several with "
						"commas between them",
						optarg);
		request->level_given = true;
		return KD_EXIT_DONE;
	case 'x':
		if (kd_kinds_parse(optarg, &kinds, &err))
			return kd_command_usage(self, "%s", err.text);
		request->kinds |= kinds;
		return KD_EXIT_DONE;
	case 'c':
		if (kd_codec_parse(optarg, &request->options.codec, &request->options.codec_level,
				   &err))
			return kd_command_usage(self, "%s", err.text);
		return KD_EXIT_DONE;
	case 'f':
		if (!parse_format(request, optarg))
			return kd_command_usage(self, "'%s' is no format: kdump, elf, flat",
						optarg);
		return KD_EXIT_DONE;
	case 'j':
		if (!parse_workers(request, optarg))
			return kd_command_usage(self, "'%s' is no number of threads: 1 to %d",
						optarg, KD_WORKERS_MOST);
		return KD_EXIT_DONE;
	case 'l':
		if (!parse_bytes(optarg, &request->limit_bytes))
			return kd_command_usage(self, "'%s' is no size: 4096, 512M, 2G", optarg);
		return KD_EXIT_DONE;
	case 'o':
		if (strcmp(optarg, "value") && strcmp(optarg, "address"))
			return kd_command_usage(self, "'%s' is no order: value, address", optarg);
		request->options.by_address = !strcmp(optarg, "address");
		return KD_EXIT_DONE;
	case 'e':
		if (request->erase_count == KD_ERASED_MOST)
			return kd_command_usage(self, "at most %d times --erase", KD_ERASED_MOST);
		request->erase[request->erase_count++] = optarg;
		return KD_EXIT_DONE;
	case 'F':
		request->force = true;
		return KD_EXIT_DONE;
	case 'n':
		request->dry_run = true;
		return KD_EXIT_DONE;
	case 'J':
		request->json = true;
		return KD_EXIT_DONE;
	case 'q':
		request->quiet = true;
		return KD_EXIT_DONE;
	case KD_INPUT_RAW:
		if (!kd_input_option(&request->how))
			return kd_command_usage(self, "'%s' is not a hexadecimal address", optarg);
		return KD_EXIT_DONE;
	default:
		return KD_EXIT_USAGE; /* there is none that getopt gives besides */
	}
}

int kd_save_parse(const struct kd_command *self, int argc, char **argv,
		  struct kd_save_request *request)
{
	static const struct option options[] = {
		{"level", required_argument, NULL, 'd'},
		{"exclude", required_argument, NULL, 'x'},
		{"compress", required_argument, NULL, 'c'},
		{"format", required_argument, NULL, 'f'},
		{"jobs", required_argument, NULL, 'j'},
		{"limit", required_argument, NULL, 'l'},
		{"order", required_argument, NULL, 'o'},
		{"erase", required_argument, NULL, 'e'},
		{"force", no_argument, NULL, 'F'},
		{"dry-run", no_argument, NULL, 'n'},
		{"json", no_argument, NULL, 'J'},
		{"quiet", no_argument, NULL, 'q'},
		KD_INPUT_OPTION,
		{0},
	};
	int option, exit_status, wanted;

	request->options.codec = kd_codecs[0];
	request->options.codec_level = kd_codecs[0]->default_level;
	request->options.exclude[0] = kd_level_kinds(KD_LEVEL_MOST);
	request->options.exclude_count = 1;
	while ((option = getopt_long(argc, argv, ":d:x:c:f:j:nq", options, NULL)) != -1) {
		exit_status = option == '?' || option == ':'
				      ? kd_command_bad_option(self, option, argv)
				      : parse_option(self, request, option);
		if (exit_status)
			return exit_status;
	}
	/* kinds are instead of the level that nobody asked for, and besides one that somebody did */
	for (unsigned int i = 0; request->kinds && i < request->options.exclude_count; i++)
		request->options.exclude[i] =
			(request->level_given ? request->options.exclude[i] : 0) | request->kinds;
	wanted = request->dry_run ? 1 : 2;
	if (argc - optind != wanted)
		return kd_command_usage(self, request->dry_run ? "exactly one SOURCE is needed"
							       : "a SOURCE and a DEST are needed");
	request->source = argv[optind];
	request->target = request->dry_run ? NULL : argv[optind + 1];
	if (request->target && !strcmp(request->target, "-")) {
		/* the default format has to be written at any offset */
		if (!request->format_given)
			request->flattened = true;
		if (request->options.format == KD_SAVE_KDUMP && !request->flattened)
			return kd_command_usage(self, "a stream takes the formats flat and elf");
		if (request->options.exclude_count > 1)
			return kd_command_usage(self, "a stream cannot be begun again: one level");
		if (request->json)
			return kd_command_usage(self, "--json needs standard output for itself");
	}
	return KD_EXIT_DONE;
}
