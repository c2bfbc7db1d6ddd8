/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "inspect/debug_info.h"

#include <dwarf.h>
#include <elfutils/libdw.h>
#include <elfutils/libdwfl.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/system.h"
#include "inspect/module_file.h"

/*
 * A file with DWARF: the kernel's, which runs moved_by above where it was linked to (KASLR), or a module's, which was
 * not linked at all: its sections are where the dead kernel loaded them, and libdwfl relocates to there.
 */
struct source {
	bool tried; /* it is open, or there is none */
	Dwfl *dwfl; /* NULL: there is none */
	Dwfl_Module *module;
	uint64_t moved_by;
	struct section {
		char name[KD_MODULE_NAME_BYTES];
		uint64_t vaddr;
	} * sections;
	size_t section_count;
	char path[PATH_MAX]; /* of a module's file */
};

struct kd_debug_info {
	struct kd_system *system; /* borrowed */
	char *folder;
	struct source kernel;
	struct source *modules; /* as many as the system has, in its order */
	size_t module_count;
};

static void close_source(struct source *source)
{
	if (source->dwfl)
		dwfl_end(source->dwfl);
	free(source->sections);
	*source = (struct source){.tried = true};
}

/* The end of both ways to open: the module is to have DWARF. */
static enum kd_status check_dwarf(struct source *source, const char *path, struct kd_err *err)
{
	Dwarf_Addr bias;

	dwfl_report_end(source->dwfl, NULL, NULL);
	if (!source->module)
		return kd_fail(err, KD_UNSUPPORTED, "%s: %s", path, dwfl_errmsg(-1));
	if (!dwfl_module_getdwarf(source->module, &bias))
		return kd_fail(err, KD_UNSUPPORTED, "%s: no debug information: %s", path,
			       dwfl_errmsg(-1));
	return KD_OK;
}

static enum kd_status open_kernel(struct kd_debug_info *info, const char *path, struct kd_err *err)
{
	static const Dwfl_Callbacks callbacks = {
		.section_address = dwfl_offline_section_address,
		.find_debuginfo = dwfl_standard_find_debuginfo,
	};
	struct source *source = &info->kernel;
	const struct kd_vmcoreinfo *said = kd_kernel_vmcoreinfo(kd_system_kernel(info->system));

	source->dwfl = dwfl_begin(&callbacks);
	if (!source->dwfl)
		return kd_fail_errno(err, ENOMEM, "%s", path);
	source->module = dwfl_report_offline(source->dwfl, "kernel", path, -1);
	kd_vmcoreinfo_key(said, "KERNELOFFSET", 16, &source->moved_by, NULL);
	return check_dwarf(source, path, err);
}

static int give_file(Dwfl_Module *module, void **userdata, const char *name, Dwarf_Addr base,
		     char **file_name, Elf **elf)
{
	const struct source *source = *userdata;

	*file_name = strdup(source->path);
	return open(source->path, O_RDONLY | O_CLOEXEC);
}

static int give_no_file(Dwfl_Module *module, void **userdata, const char *name, Dwarf_Addr base,
			const char *file, const char *link_file, GElf_Word link_crc, char **found)
{
	return -1;
}

static int give_address(Dwfl_Module *module, void **userdata, const char *name, Dwarf_Addr base,
			const char *section, GElf_Word index, const GElf_Shdr *header,
			Dwarf_Addr *address)
{
	const struct source *source = *userdata;

	*address = (Dwarf_Addr)-1; /* not loaded, or not any more */
	for (size_t i = 0; i < source->section_count; i++)
		if (!strcmp(source->sections[i].name, section))
			*address = source->sections[i].vaddr;
	return DWARF_CB_OK;
}

static bool take_section(void *opaque, const char *name, uint64_t vaddr)
{
	struct source *source = opaque;
	void *grown =
		realloc(source->sections, (source->section_count + 1) * sizeof(*source->sections));
	struct section *section;

	if (!grown)
		return false;
	source->sections = grown;
	section = &source->sections[source->section_count++];
	snprintf(section->name, sizeof(section->name), "%s", name);
	section->vaddr = vaddr;
	return true;
}

static enum kd_status open_module(struct kd_debug_info *info, const struct kd_module *module,
				  struct source *source, struct kd_err *err)
{
	static const Dwfl_Callbacks callbacks = {
		.find_elf = give_file,
		.find_debuginfo = give_no_file,
		.section_address = give_address,
	};
	uint64_t start = UINT64_MAX, end = 0;
	void **userdata;
	enum kd_status status =
		kd_module_file_find(info->system, module, info->folder, source->path, err);

	if (!status)
		status = kd_module_sections_each(info->system, module, take_section, source, err);
	if (status)
		return status;
	for (size_t i = 0; i < module->range_count; i++) {
		uint64_t vaddr = module->ranges[i].vaddr, after = vaddr + module->ranges[i].bytes;

		start = vaddr < start ? vaddr : start;
		end = after > end ? after : end;
	}
	source->dwfl = dwfl_begin(&callbacks);
	if (!source->dwfl)
		return kd_fail_errno(err, ENOMEM, "%s", source->path);
	source->module = dwfl_report_module(source->dwfl, module->name, start, end);
	if (source->module &&
	    dwfl_module_info(source->module, &userdata, NULL, NULL, NULL, NULL, NULL, NULL))
		*userdata = source;
	return check_dwarf(source, source->path, err);
}

/* Where an address may be told from; NULL: nowhere. */
static struct source *source_of(struct kd_debug_info *info, uint64_t vaddr)
{
	size_t count;
	const struct kd_module *list = kd_system_modules(info->system, &count);

	for (size_t i = 0; i < info->module_count; i++) {
		struct source *source = &info->modules[i];
		bool is_in = false;

		for (size_t j = 0; j < list[i].range_count; j++)
			is_in |= vaddr - list[i].ranges[j].vaddr < list[i].ranges[j].bytes;
		if (!is_in)
			continue;
		if (!source->tried && open_module(info, &list[i], source, NULL))
			close_source(source);
		source->tried = true;
		return source->dwfl ? source : NULL;
	}
	return &info->kernel;
}

static enum kd_status find_vmlinux(struct kd_system *system, const char *path, const char *folder,
				   char found[PATH_MAX], struct kd_err *err)
{
	const struct kd_kernel *kernel = kd_system_kernel(system);
	enum kd_status status;

	if (!path)
		return kd_vmlinux_find(kernel, folder, found, err);
	snprintf(found, PATH_MAX, "%s", path);
	status = kd_vmlinux_check(kernel, path, err);
	/* a build without ids is taken on trust */
	return status == KD_NOTFOUND ? KD_OK : status;
}

enum kd_status kd_debug_info_open(struct kd_system *system, const char *path, const char *folder,
				  struct kd_debug_info **info, struct kd_err *err)
{
	char found[PATH_MAX];
	struct kd_debug_info *made;
	enum kd_status status = find_vmlinux(system, path, folder, found, err);

	if (status)
		return status;
	made = calloc(1, sizeof(*made));
	if (!made)
		return kd_fail_errno(err, ENOMEM, "%s", found);
	made->system = system;
	kd_system_modules(system, &made->module_count);
	made->folder = strdup(folder);
	made->modules = calloc(made->module_count + 1, sizeof(*made->modules));
	status = made->folder && made->modules ? open_kernel(made, found, err)
					       : kd_fail_errno(err, ENOMEM, "%s", found);
	if (status) {
		kd_debug_info_close(made);
		return status;
	}
	*info = made;
	return KD_OK;
}

void kd_debug_info_close(struct kd_debug_info *info)
{
	if (!info)
		return;
	close_source(&info->kernel);
	for (size_t i = 0; info->modules && i < info->module_count; i++)
		close_source(&info->modules[i]);
	free(info->modules);
	free(info->folder);
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
static void line_of(const struct source *source, Dwarf_Addr address, Dwarf_Die *unit,
		    struct kd_source_place *place)
{
	Dwfl_Line *line = dwfl_module_getsrc(source->module, address);
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
	struct source *source = source_of(info, vaddr);
	Dwarf_Addr bias = 0, address = source ? vaddr - source->moved_by : 0;
	Dwarf_Die *unit = source ? dwfl_module_addrdie(source->module, address, &bias) : NULL;
	struct kd_source_place place = {0};
	Dwarf_Die *scopes = NULL;
	int count;

	if (!unit)
		return;
	line_of(source, address, unit, &place);
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
