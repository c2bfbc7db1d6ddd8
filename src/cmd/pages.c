/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kdump pages: what memory was used for: pages by kind, and zones. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "arch/arch.h"
#include "cmd/dump_input.h"
#include "inspect/zones.h"
#include "save/save.h"

struct showing {
	uint64_t page_bytes;
	json_t *zones; /* NULL: text */
};

static double mib(const struct showing *showing, uint64_t pages)
{
	return (double)(pages * showing->page_bytes) / 1048576;
}

static bool print_zone(void *opaque, const struct kd_zone *zone)
{
	struct showing *showing = opaque;
	json_t *blocks;

	if (!showing->zones) {
		printf("%4u %-8s %10.1f %10.1f %10.1f %9.1f %9.1f %9.1f  ", zone->node, zone->name,
		       mib(showing, zone->present), mib(showing, zone->managed),
		       mib(showing, zone->free), mib(showing, zone->watermark_min),
		       mib(showing, zone->watermark_low), mib(showing, zone->watermark_high));
		for (unsigned int order = 0; order < zone->orders; order++)
			printf("%s%" PRIu64, order ? " " : "", zone->blocks[order]);
		putchar('\n');
		return true;
	}
	blocks = json_array();
	for (unsigned int order = 0; order < zone->orders; order++)
		kd_json_append(blocks, json_integer((json_int_t)zone->blocks[order]));
	kd_json_append(showing->zones,
		       json_pack("{s:i, s:o, s:I, s:I, s:I, s:{s:I, s:I, s:I}, s:o}", "node",
				 (int)zone->node, "name", kd_json_string(zone->name), "present",
				 (json_int_t)zone->present, "managed", (json_int_t)zone->managed,
				 "free", (json_int_t)zone->free, "watermarks", "min",
				 (json_int_t)zone->watermark_min, "low",
				 (json_int_t)zone->watermark_low, "high",
				 (json_int_t)zone->watermark_high, "free_blocks", blocks));
	return true;
}

/* What a page was, whether the dump has it or not. */
static uint64_t pages_of(const struct kd_save_result *result, int kind)
{
	return result->pages[kind] + result->absent[kind];
}

static void print_kinds(const struct showing *showing, const struct kd_save_result *result)
{
	printf("%-16s %12s %10s %12s\n", "kind of page", "pages", "MiB", "not in dump");
	for (int kind = 0; kind < KD_PAGE_KINDS; kind++)
		if (kind != KD_PAGE_ABSENT && pages_of(result, kind))
			printf("%-16s %12" PRIu64 " %10.1f %12" PRIu64 "\n",
			       kd_page_kind_name(kind), pages_of(result, kind),
			       mib(showing, pages_of(result, kind)), result->absent[kind]);
}

static json_t *kinds_json(const struct kd_save_result *result)
{
	json_t *kinds = json_object();

	for (int kind = 0; kind < KD_PAGE_KINDS; kind++)
		if (kind != KD_PAGE_ABSENT && kind != KD_PAGE_ZERO)
			kd_json_set(kinds, kd_page_kind_name(kind),
				    json_integer((json_int_t)pages_of(result, kind)));
	return kinds;
}

static int show(struct kd_input *input, bool json)
{
	const struct kd_log log = kd_command_log(false);
	const struct kd_save_options options = {.exclude_count = 1, .log = &log};
	struct showing showing = {kd_dump_arch(input->dump)->page_bytes,
				  json ? json_array() : NULL};
	struct kd_save_result result;
	struct kd_err err = {0}, why = {0};
	enum kd_status status =
		kd_save_estimate(input->dump, input->kernel, &options, &result, &err);
	int printed;

	if (!status && !result.classified)
		status = kd_fail(&err, KD_UNSUPPORTED, "pages cannot be told apart");
	if (!status && !json) {
		print_kinds(&showing, &result);
		printf("\n%4s %-8s %10s %10s %10s %9s %9s %9s  %s\n", "NODE", "ZONE", "MiB",
		       "MANAGED", "FREE", "MIN", "LOW", "HIGH", "FREE BLOCKS BY ORDER");
	}
	if (!status && kd_zones_each(input->system, print_zone, &showing, &why))
		kd_log(&log, KD_LOG_WARNING, "%s", why.text);
	if (status) {
		json_decref(showing.zones);
		return kd_command_failed(&err);
	}
	printed = json ? kd_json_print(json_pack("{s:o, s:o}", "pages", kinds_json(&result),
						 "zones", showing.zones))
		       : kd_output_end();
	return why.status ? KD_EXIT_FAILED : printed;
}

static int run_pages(const struct kd_command *self, int argc, char **argv)
{
	return kd_input_run(self, argc, argv, kd_input_open_system, show);
}

const struct kd_command kd_cmd_pages = {
	.name = "pages",
	.synopsis = "[--json] [--raw-input[=BASE]] DUMP...",
	.summary = "tell what memory was used for",
	.run = run_pages,
	.options = "  --json              print JSON, an object\n" KD_INPUT_HELP,
};
