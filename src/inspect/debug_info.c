/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "inspect/debug_info.h"

#include <dwarf.h>
#include <elfutils/libdw.h>
#include <elfutils/libdwfl.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "host/system.h"
#include "inspect/vmlinux.h"

struct kd_debug_info {
	Dwfl *dwfl;
	Dwfl_Module *module;
	uint64_t moved_by; /* KASLR: how far the kernel runs above where it was linked to */
};

static enum kd_status open_file(const char *path, struct kd_debug_info *info, struct kd_err *err)
{
	static const Dwfl_Callbacks callbacks = {
		.section_address = dwfl_offline_section_address,
		.find_debuginfo = dwfl_standard_find_debuginfo,
	};
	Dwarf_Addr bias;

	info->dwfl = dwfl_begin(&callbacks);
	if (!info->dwfl)
		return kd_fail_errno(err, ENOMEM, "%s", path);
	info->module = dwfl_report_offline(info->dwfl, "kernel", path, -1);
	dwfl_report_end(info->dwfl, NULL, NULL);
	if (!info->module)
		return kd_fail(err, KD_UNSUPPORTED, "%s: %s", path, dwfl_errmsg(-1));
	if (!dwfl_module_getdwarf(info->module, &bias))
		return kd_fail(err, KD_UNSUPPORTED, "%s: no debug information: %s", path,
			       dwfl_errmsg(-1));
	return KD_OK;
}

static enum kd_status try_file(const struct kd_system *system, const char *path,
			       struct kd_debug_info **info, struct kd_err *err)
{
	const struct kd_kernel *kernel = kd_system_kernel(system);
	struct kd_debug_info *made = calloc(1, sizeof(*made));
	enum kd_status status;

	if (!made)
		return kd_fail_errno(err, ENOMEM, "%s", path);
	status = open_file(path, made, err);
	if (status) {
		kd_debug_info_close(made);
		return status;
	}
	kd_vmcoreinfo_key(kd_kernel_vmcoreinfo(kernel), "KERNELOFFSET", 16, &made->moved_by, NULL);
	*info = made;
	return KD_OK;
}

enum kd_status kd_debug_info_open(const struct kd_system *system, const char *path,
				  struct kd_debug_info **info, struct kd_err *err)
{
	const struct kd_kernel *kernel = kd_system_kernel(system);
	char found[PATH_MAX];
	enum kd_status status;

	if (!path) {
		status = kd_vmlinux_find(kernel, KD_DEBUG_FOLDER, found, err);
		return status ? status : try_file(system, found, info, err);
	}
	status = kd_vmlinux_check(kernel, path, err);
	/* a build without ids is taken on trust */
	if (status == KD_NOTFOUND)
		status = KD_OK;
	return status ? status : try_file(system, path, info, err);
}

void kd_debug_info_close(struct kd_debug_info *info)
{
	if (info && info->dwfl)
		dwfl_end(info->dwfl);
	free(info);
}

/* Without the folder that the kernel was built in. */
static const char *within_build(Dwarf_Die *unit, const char *file)
{
	Dwarf_Attribute attribute;
	const char *folder = dwarf_formstring(dwarf_attr(unit, DW_AT_comp_dir, &attribute));
	size_t length = folder ? strlen(folder) : 0;

	return length && file && !strncmp(file, folder, length) && file[length] == '/'
		       ? file + length + 1
		       : file;
}

/* The line of the instruction itself: where the innermost function was. */
static void line_of(struct kd_debug_info *info, Dwarf_Addr address, Dwarf_Die *unit,
		    struct kd_source_place *place)
{
	Dwfl_Line *line = dwfl_module_getsrc(info->module, address);
	int number = 0;

	if (line)
		place->file =
			within_build(unit, dwfl_lineinfo(line, NULL, &number, NULL, NULL, NULL));
	place->line = (unsigned int)number;
}

/* Where an inlined function was called from: its attributes call_file and call_line. */
static void call_of(Dwarf_Die *inlined, Dwarf_Die *unit, struct kd_source_place *place)
{
	Dwarf_Attribute attribute;
	Dwarf_Word number;
	Dwarf_Files *files;
	size_t count;

	place->file = NULL;
	place->line = 0;
	if (!dwarf_formudata(dwarf_attr(inlined, DW_AT_call_line, &attribute), &number))
		place->line = (unsigned int)number;
	if (!dwarf_formudata(dwarf_attr(inlined, DW_AT_call_file, &attribute), &number) &&
	    !dwarf_getsrcfiles(unit, &files, &count) && number < count)
		place->file = within_build(unit, dwarf_filesrc(files, number, NULL, NULL));
}

/*
 * The scopes around an address in the code as it was compiled, innermost first. dwarf_getscopes() goes from an inlined
 * function to where its definition stands in the source; who it was inlined into is told by the tree itself.
 */
static int scopes_of(Dwarf_Die *unit, Dwarf_Addr address, Dwarf_Die **scopes)
{
	Dwarf_Die *innermost = NULL;
	int count = dwarf_getscopes(unit, address, &innermost);

	if (count > 0)
		count = dwarf_getscopes_die(innermost, scopes);
	free(innermost);
	return count;
}

void kd_debug_info_places(struct kd_debug_info *info, uint64_t vaddr, kd_source_take *take,
			  void *opaque)
{
	Dwarf_Addr bias = 0, address = vaddr - info->moved_by;
	Dwarf_Die *unit = dwfl_module_addrdie(info->module, address, &bias);
	struct kd_source_place place = {0};
	Dwarf_Die *scopes = NULL;
	int count;

	if (!unit)
		return;
	line_of(info, address, unit, &place);
	count = scopes_of(unit, address - bias, &scopes);
	for (int i = 0; i < count; i++) {
		int tag = dwarf_tag(&scopes[i]);

		if (tag != DW_TAG_inlined_subroutine && tag != DW_TAG_subprogram)
			continue;
		place.function = dwarf_diename(&scopes[i]);
		place.is_inlined = tag == DW_TAG_inlined_subroutine;
		if (!take(opaque, &place) || !place.is_inlined)
			break;
		call_of(&scopes[i], unit, &place);
	}
	/* assembly has lines, but no functions */
	if (count <= 0 && place.file)
		take(opaque, &place);
	free(scopes);
}
