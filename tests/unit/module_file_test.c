/* SPDX-License-Identifier: GPL-2.0-or-later */
/* src/inspect/module_file: the build id of a module in a made-up kernel, whole and damaged, and its file on this machine. */
#include "test.h"

#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "inspect/module_file.h"
#include "kernel_fixture.h"

enum {
	MODULE = MADE_FREE + 0x1000,
	ATTRIBUTES = MODULE + 0x100,
	NAMES = MODULE + 0x200,
	NOTE = MADE_FREE + 0x4000,
	SECTION_BYTES = 16,
	ID_BYTES = 20,
	INT = 1,
};

#define ID_TEXT "ab00000000000000000000000000000000000000"

struct note {
	Elf64_Nhdr header;
	char name[4];
	uint8_t desc[ID_BYTES];
};

static const struct note whole = {{4, ID_BYTES, NT_GNU_BUILD_ID}, "GNU", {0xab}};

static void make_types(struct blob *blob)
{
	blob_init(blob, NULL);
	blob_type(blob, KD_BTF_INT, "unsigned long", 0, false, 8);
	blob_word(blob, 64);
	blob_type(blob, KD_BTF_STRUCT, "module", 1, false, 8);
	blob_member(blob, "sect_attrs", INT, 0);
	blob_type(blob, KD_BTF_STRUCT, "module_sect_attrs", 2, false, 16);
	blob_member(blob, "nsections", INT, 0);
	blob_member(blob, "attrs", INT, 64);
	blob_type(blob, KD_BTF_STRUCT, "module_sect_attr", 2, false, SECTION_BYTES);
	blob_member(blob, "name", INT, 0);
	blob_member(blob, "address", INT, 64);
	blob_finish(blob);
}

/* With two sections, of which the second is called so and has the note. */
static void open_made(struct machine *machine, const char *section, const struct note *note)
{
	const struct made_symbol symbols[] = {
		{"T_text", 0, false},
		{"T_\1ext", 0x40, false},
		{"D__\1art_\2", MADE_TYPES - MADE_RAM, false},
		{"D__\1op_\2", MADE_FREE - MADE_RAM, false},
		{"B_end", MADE_BYTES, false},
	};
	struct fixture *fixture = &machine->fixture;
	struct blob types;

	make_types(&types);
	made_kernel_init(fixture, symbols, sizeof(symbols) / sizeof(*symbols), MADE_RELATIVE,
			 &types);
	fixture_poke_number(fixture, MODULE, MADE_VADDR(ATTRIBUTES), 8);
	fixture_poke_number(fixture, ATTRIBUTES, 2, 8);
	for (unsigned int i = 0; i < 2; i++) {
		uint64_t at = ATTRIBUTES + 8 + i * SECTION_BYTES, name = NAMES + i * 0x40;
		const char *text = i ? section : ".text";

		fixture_poke_number(fixture, at, MADE_VADDR(name), 8);
		fixture_poke_number(fixture, at + 8, i ? MADE_VADDR(NOTE) : MADE_TEXT, 8);
		fixture_poke(fixture, name, text, strlen(text) + 1);
	}
	fixture_poke(fixture, NOTE, note, sizeof(*note));
	open_machine(machine);
}

static enum kd_status read_id(const char *section, const struct note *note,
			      char id[KD_BUILD_ID_TEXT_BYTES])
{
	const struct kd_module module = {.vaddr = MADE_VADDR(MODULE), .name = "made_up"};
	struct machine machine;
	enum kd_status status;

	strcpy(id, "as it was");
	open_made(&machine, section, note);
	status = kd_module_build_id(machine.system, &module, id, NULL);
	close_machine(&machine);
	return status;
}

static void test_build_id(void **state)
{
	static const uint32_t sizes[] = {0, 65, 0x1000, 0x7fffffff, 0xfffffff8, UINT32_MAX};
	char id[KD_BUILD_ID_TEXT_BYTES];
	struct note note = whole;

	assert_int_equal(read_id(".note.gnu.build-id", &note, id), KD_OK);
	assert_string_equal(id, ID_TEXT);
	assert_int_equal(read_id(".note.Linux", &note, id), KD_NOTFOUND);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		note.header.n_descsz = sizes[i];
		assert_int_equal(read_id(".note.gnu.build-id", &note, id), KD_NOTFOUND);
		note.header.n_descsz = ID_BYTES;
		note.header.n_namesz = sizes[i];
		assert_int_equal(read_id(".note.gnu.build-id", &note, id), KD_NOTFOUND);
		note = whole;
	}
	note.name[0] = 'X';
	assert_int_equal(read_id(".note.gnu.build-id", &note, id), KD_NOTFOUND);
	assert_string_equal(id, "as it was");
}

static void make_folders(char *path)
{
	for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		mkdir(path, 0700);
		*slash = '/';
	}
}

/* An ELF file whose only section is the note. */
static void write_file(const char *folder, const char *name, const struct note *note)
{
	const struct {
		Elf64_Ehdr header;
		Elf64_Shdr section;
		struct note note;
	} elf = {
		.header = {.e_ident = ELFMAG "\2\1\1",
			   .e_shoff = sizeof(Elf64_Ehdr),
			   .e_shentsize = sizeof(Elf64_Shdr),
			   .e_shnum = 1},
		.section = {.sh_type = SHT_NOTE,
			    .sh_offset = sizeof(Elf64_Ehdr) + sizeof(Elf64_Shdr),
			    .sh_size = sizeof(*note)},
		.note = *note,
	};
	char path[PATH_MAX];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	make_folders(path);
	file = fopen(path, "wb");
	assert_non_null(file);
	assert_int_equal(fwrite(&elf, sizeof(elf), 1, file), 1);
	assert_int_equal(fclose(file), 0);
}

/* Whether the module is found there, and nowhere else; the folder is taken away. */
static void check_found(const char *name, const struct note *note, bool expected)
{
	const struct kd_module module = {.vaddr = MADE_VADDR(MODULE), .name = "made_up"};
	char folder[] = "/tmp/kdump-module-XXXXXX", path[PATH_MAX] = "", wanted[PATH_MAX],
	     command[128];
	struct kd_err err = {KD_OK, ""};
	struct machine machine;
	enum kd_status status;

	assert_non_null(mkdtemp(folder));
	write_file(folder, name, note);
	open_made(&machine, ".note.gnu.build-id", &whole);
	status = kd_module_file_find(machine.system, &module, folder, path, &err);
	close_machine(&machine);
	snprintf(command, sizeof(command), "rm -r %s", folder);
	assert_int_equal(system(command), 0);
	snprintf(wanted, sizeof(wanted), "%s/%s", folder, name);
	assert_int_equal(status, expected ? KD_OK : KD_NOTFOUND);
	assert_string_equal(path, expected ? wanted : "");
	if (!expected)
		assert_non_null(
			strstr(err.text, "no file of module made_up with build id " ID_TEXT));
}

static void test_files(void **state)
{
	struct note other = whole;

	other.desc[ID_BYTES - 1] = 1;
	check_found(".build-id/ab/"
		    "00000000000000000000000000000000000000.debug",
		    &whole, true);
	check_found("lib/modules/6.1.0-test/kernel/net/made_up.ko", &whole, true);
	check_found("lib/modules/6.1.0-test/kernel/net/made-up.ko.debug", &whole, true);
	check_found("lib/modules/6.1.0-test/made-up.ko", &other, false);
	check_found("lib/modules/6.1.0-test/made_up_too.ko", &whole, false);
	check_found("lib/modules/6.1.0-test/made.ko", &whole, false);
	check_found("lib/modules/6.1.0-other/made_up.ko", &whole, false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_build_id),
		cmocka_unit_test(test_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
