/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What every command prints the same way: usage, errors, hints, warnings, progress. */
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cmd/command.h"
#include "host/system.h"

int kd_command_help(const struct kd_command *self)
{
	printf("usage: kdump %s%s%s\n\n%s.\n", self->name, *self->synopsis ? " " : "",
	       self->synopsis, self->summary);
	if (self->options)
		printf("\n%s", self->options);
	printf("\nSee kdump-%s(1).\n", self->name);
	return KD_EXIT_DONE;
}

int kd_command_usage(const struct kd_command *self, const char *format, ...)
{
	va_list args;

	fprintf(stderr, "kdump %s: ", self->name);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fprintf(stderr, "\nusage: kdump %s%s%s\n", self->name, *self->synopsis ? " " : "",
		self->synopsis);
	return KD_EXIT_USAGE;
}

int kd_command_bad_option(const struct kd_command *self, int option, char **argv)
{
	const char *word = argv[optind - 1];
	bool is_long = !strncmp(word, "--", 2);

	if (option == ':')
		return kd_command_usage(self, "%s: needs a value", word);
	if (is_long && optopt)
		return kd_command_usage(self, "%s: takes no value", word);
	/* of letters in a row, getopt_long() tells the one; the word is not yet behind it */
	if (!is_long && optopt)
		return kd_command_usage(self, "-%c: no such option", optopt);
	return kd_command_usage(self, "%s: no such option", word);
}

int kd_command_failed(const struct kd_err *err)
{
	fprintf(stderr, "kdump: %s\n", err->text);
	return KD_EXIT_FAILED;
}

void kd_command_hint(const char *format, ...)
{
	va_list args;

	fputs("kdump: hint: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
}

static void print_line(void *opaque, enum kd_log_level level, const char *line)
{
	bool verbose = opaque != NULL;

	if (level >= KD_LOG_WARNING || verbose)
		fprintf(stderr, "kdump: %s%s\n", level >= KD_LOG_WARNING ? "warning: " : "", line);
}

struct kd_log kd_command_log(bool verbose)
{
	static char loud;

	return (struct kd_log){.write = print_line, .opaque = verbose ? &loud : NULL};
}

static bool show_progress(void *opaque, uint64_t done_bytes, uint64_t total_bytes)
{
	struct kd_meter *meter = opaque;
	uint64_t now = kd_monotonic_ns();
	double seconds, rate;

	if (now - meter->shown_ns < 200000000 && done_bytes != total_bytes)
		return true;
	meter->shown_ns = now;
	meter->shown = true;
	seconds = (double)(now - meter->started_ns) / 1e9;
	rate = seconds > 0 ? (double)done_bytes / seconds : 0;
	fprintf(stderr, "\r%s: %.0f MiB", meter->label, (double)done_bytes / 1048576);
	if (total_bytes)
		fprintf(stderr, " of %.0f (%.0f%%)", (double)total_bytes / 1048576,
			100.0 * (double)done_bytes / (double)total_bytes);
	fprintf(stderr, ", %.0f MiB/s", rate / 1048576);
	if (total_bytes > done_bytes && rate > 0)
		fprintf(stderr, ", %.0f s left", (double)(total_bytes - done_bytes) / rate);
	fputs("   ", stderr);
	return true;
}

struct kd_progress kd_meter_init(struct kd_meter *meter, const char *label)
{
	*meter = (struct kd_meter){.label = label, .started_ns = kd_monotonic_ns()};
	meter->shown_ns = meter->started_ns; /* nothing is to be told of what is done at once */
	if (!isatty(STDERR_FILENO))
		return (struct kd_progress){0};
	return (struct kd_progress){.tick = show_progress, .opaque = meter};
}

void kd_meter_deinit(struct kd_meter *meter)
{
	if (meter->shown)
		fputc('\n', stderr);
	meter->shown = false;
}
