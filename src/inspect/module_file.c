/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "inspect/module_file.h"

#include <elf.h>
#include <errno.h>
#include <fts.h>
#include <stdio.h>
#include <string.h>

#include "host/file.h"
#include "host/system.h"

/* The only note of its section: "GNU", and no more than 64 bytes (BUILD_ID_SIZE_MAX is 20). */
enum { NOTE_BYTES = sizeof(Elf64_Nhdr) + sizeof(ELF_NOTE_GNU) + KD_BUILD_ID_TEXT_BYTES / 2 };

static bool take_note(void *opaque, const char *name, uint64_t vaddr)
{
	uint64_t *found = opaque;

	if (strcmp(name, ".note.gnu.build-id"))
		return true;
	*found = vaddr;
	return false;
}

enum kd_status kd_module_build_id(struct kd_system *system, const struct kd_module *module,
				  char id[KD_BUILD_ID_TEXT_BYTES], struct kd_err *err)
{
	uint8_t note[NOTE_BYTES];
	Elf64_Nhdr header;
	uint64_t vaddr = 0;
	size_t bytes = 0;
	enum kd_status status = kd_module_sections_each(system, module, take_note, &vaddr, err);

	if (!status && vaddr)
		status = kd_system_read(system, vaddr, &header, sizeof(header), err);
	if (status)
		return status;
	if (vaddr && header.n_descsz <= sizeof(note)) {
		bytes = sizeof(header) + sizeof(ELF_NOTE_GNU) + header.n_descsz;
		bytes = bytes < sizeof(note) ? bytes : sizeof(note);
		status = kd_system_read(system, vaddr, note, bytes, err);
	}
	if (!status && !kd_build_id_find(note, bytes, id))
		status = kd_fail(err, KD_NOTFOUND, "%s: the module has no build id", module->name);
	return status;
}

static bool has_id(const char *path, const char *id)
{
	char there[KD_BUILD_ID_TEXT_BYTES];

	return !kd_build_id_read(path, there, NULL) && !strcmp(there, id);
}

/* Whether a file is called like a module: whose name has an underscore where the file may have a hyphen. */
static bool is_file_of(const char *file, const char *module)
{
	size_t length = strlen(module);

	for (size_t i = 0; i < length; i++)
		if ((file[i] == '-' ? '_' : file[i]) != module[i])
			return false;
	return !strcmp(file + length, ".ko") || !strcmp(file + length, ".ko.debug");
}

static bool search_tree(const char *root, const char *name, const char *id, char path[PATH_MAX])
{
	char copy[PATH_MAX];
	char *const roots[] = {copy, NULL};
	bool found = false;
	FTSENT *entry;
	FTS *tree;

	snprintf(copy, sizeof(copy), "%s", root);
	tree = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR | FTS_NOSTAT, NULL);
	while (tree && !found && (entry = fts_read(tree))) {
		found = is_file_of(entry->fts_name, name) && entry->fts_pathlen < PATH_MAX &&
			has_id(entry->fts_path, id);
		if (found)
			strcpy(path, entry->fts_path);
	}
	if (tree)
		fts_close(tree);
	return found;
}

enum kd_status kd_module_file_find(struct kd_system *system, const struct kd_module *module,
				   const char *folder, char path[PATH_MAX], struct kd_err *err)
{
	char id[KD_BUILD_ID_TEXT_BYTES], place[PATH_MAX];
	const char *release = kd_kernel_release(kd_system_kernel(system));
	enum kd_status status = kd_module_build_id(system, module, id, err);

	if (status)
		return status;
	snprintf(place, sizeof(place), "%s/.build-id/%.2s/%s.debug", folder, id,
		 strlen(id) > 2 ? id + 2 : "");
	if (has_id(place, id)) {
		strcpy(path, place);
		return KD_OK;
	}
	/* a dump may say anything: it does not lead us through other folders */
	snprintf(place, sizeof(place), "%s/lib/modules/%s", folder, release);
	if (*release && *release != '.' && !strchr(release, '/') &&
	    search_tree(place, module->name, id, path))
		return KD_OK;
	return kd_fail(err, KD_NOTFOUND, "no file of module %s with build id %s below %s",
		       module->name, id, folder);
}
