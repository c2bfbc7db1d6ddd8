/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is known of modules, a value a file, named as /sys/module names them where it does. */
#include <inttypes.h>

#include "inspect/taints.h"
#include "view/node.h"

static const struct kd_module *module_at(struct kd_view *view, size_t subject)
{
	size_t count;

	return &kd_system_modules(view->subjects.system, &count)[subject];
}

enum kd_status kd_write_module_taints(struct kd_view *view, size_t subject, FILE *stream,
				      struct kd_err *err)
{
	char letters[KD_TAINT_LETTERS];

	kd_taint_letters(module_at(view, subject)->taints, letters);
	fprintf(stream, "%s\n", letters);
	return KD_OK;
}

enum kd_status kd_write_module_size(struct kd_view *view, size_t subject, FILE *stream,
				    struct kd_err *err)
{
	fprintf(stream, "%" PRIu64 "\n", module_at(view, subject)->bytes);
	return KD_OK;
}

enum kd_status kd_write_module_state(struct kd_view *view, size_t subject, FILE *stream,
				     struct kd_err *err)
{
	static const char *const names[] = {"live", "coming", "going", "unformed"};
	uint64_t state = module_at(view, subject)->state;

	fprintf(stream, "%s\n", state < sizeof(names) / sizeof(*names) ? names[state] : "unknown");
	return KD_OK;
}

enum kd_status kd_write_module_references(struct kd_view *view, size_t subject, FILE *stream,
					  struct kd_err *err)
{
	fprintf(stream, "%" PRId64 "\n", module_at(view, subject)->references);
	return KD_OK;
}

enum kd_status kd_write_module_version(struct kd_view *view, size_t subject, FILE *stream,
				       struct kd_err *err)
{
	fprintf(stream, "%s\n", module_at(view, subject)->version);
	return KD_OK;
}

enum kd_status kd_write_module_srcversion(struct kd_view *view, size_t subject, FILE *stream,
					  struct kd_err *err)
{
	fprintf(stream, "%s\n", module_at(view, subject)->source_version);
	return KD_OK;
}

enum kd_status kd_write_module_ranges(struct kd_view *view, size_t subject, FILE *stream,
				      struct kd_err *err)
{
	const struct kd_module *module = module_at(view, subject);

	for (size_t i = 0; i < module->range_count; i++)
		fprintf(stream, "0x%016" PRIx64 " %" PRIu64 "\n", module->ranges[i].vaddr,
			module->ranges[i].bytes);
	return KD_OK;
}
