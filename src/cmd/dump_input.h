/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the commands that look at a dump share: opening it, and printing JSON. */
#ifndef KD_CMD_DUMP_INPUT_H
#define KD_CMD_DUMP_INPUT_H

#include <jansson.h>
#include <limits.h>

#include "cmd/command.h"
#include "inspect/system.h"
#include "kernel/kernel.h"

struct kd_input {
	char path[PATH_MAX]; /* of the dump itself */
	struct kd_dump *dump;
	struct kd_kernel *kernel; /* NULL when only the dump was opened */
	struct kd_system *system; /* NULL unless it was asked for */
	struct kd_meter meter;    /* of the search for what a dump does not tell */
	struct kd_progress search;
};

/* The dump's path: NAME, or the vmcore (else vmcore.incomplete) in it when NAME is a crash folder. */
void kd_input_resolve(const char *name, char path[PATH_MAX]);

/*
 * The option of every command that takes a dump, how its help tells of it, and what getopt_long() gives for it;
 * kd_input_option() then takes its argument, and is false when that is no address.
 */
#define KD_INPUT_OPTION                                                                            \
	{                                                                                          \
		"raw-input", optional_argument, NULL, KD_INPUT_RAW                                 \
	}
#define KD_INPUT_HELP                                                                              \
	"  --raw-input[=BASE]  DUMP is memory and nothing else, from address BASE on\n"
enum { KD_INPUT_RAW = 0x100 };
bool kd_input_option(struct kd_dump_options *how);

/*
 * Takes what stands behind the options where DUMP does: one dump, or all files of a split one (makedumpfile --split).
 * False when nothing does. The dump is then argv[optind].
 */
bool kd_input_dumps(int argc, char **argv, struct kd_dump_options *how);

/*
 * The command line of a command that takes [--json] [--raw-input[=BASE]] DUMP: sets *json, *name and *how. False
 * when there is something else; *exit_status then says how to exit.
 */
bool kd_input_arguments(const struct kd_command *self, int argc, char **argv, bool *json,
			struct kd_dump_options *how, const char **name, int *exit_status);

/* Opens a dump, and its kernel. Prints nothing but, on a terminal, how far a search through all memory came. */
enum kd_status kd_input_open_dump(struct kd_input *input, const char *name,
				  const struct kd_dump_options *how, struct kd_err *err);
enum kd_status kd_input_open_kernel(struct kd_input *input, struct kd_err *err);
enum kd_status kd_input_open(struct kd_input *input, const char *name,
			     const struct kd_dump_options *how, struct kd_err *err);
/* Opens the system in it, too: symbols, types and modules. A warning names what of them cannot be had. */
enum kd_status kd_input_open_system(struct kd_input *input, const char *name,
				    const struct kd_dump_options *how, struct kd_err *err);
void kd_input_close(struct kd_input *input);

/*
 * A whole command that takes [--json] [--raw-input[=BASE]] DUMP: reads the command line, opens, shows, closes. `open` is one of the
 * kd_input_open…() above.
 */
typedef enum kd_status kd_input_opener(struct kd_input *input, const char *name,
				       const struct kd_dump_options *how, struct kd_err *err);
typedef int kd_input_show(struct kd_input *input, bool json);
int kd_input_run(const struct kd_command *self, int argc, char **argv, kd_input_opener *open,
		 kd_input_show *show);

/* "0x…" as the JSON of every command writes addresses. */
json_t *kd_json_address(uint64_t address);
/* Bytes as a JSON text: what is no UTF-8 becomes \xNN. Never NULL but for lack of memory. */
json_t *kd_json_text(const char *text, size_t bytes);
/* The same of a whole text; null for NULL. */
json_t *kd_json_string(const char *text);
/*
 * Adds to a list, an object. A value that could not be made, for lack of memory, ends the program, so that no record is
 * missing in what looks whole.
 */
void kd_json_append(json_t *list, json_t *value);
void kd_json_set(json_t *object, const char *key, json_t *value);
/* "2026-11-23T01:09:06Z", or null for 0. */
json_t *kd_json_time(uint64_t unix_s);
/* Prints and frees value; returns an exit status. */
int kd_json_print(json_t *value);

/* Flushes stdout; a failed write is reported, and is exit status 1. */
int kd_output_end(void);

#endif
