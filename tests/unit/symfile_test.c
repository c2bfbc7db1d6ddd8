/* SPDX-License-Identifier: GPL-2.0-or-later */
/* src/symfile: the symbol file of a made-up kernel, as elfutils reads it. */
#include "test.h"

#include <dwarf.h>
#include <elfutils/libdw.h>
#include <gelf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "symfile/stacks.h"
#include "symfile/symfile.h"
#include "inspect/orc.h"
#include "kernel_fixture.h"

enum {
	CODE = MADE_FREE + 0x100,
	DATA = MADE_FREE + 0x2000,
	ORC_IP = DATA + 0x400,
	ORC = DATA + 0x600,
	FUNCTION_BYTES = 0x100,
	RSP = 7,
	RBP = 6,
	RETURN_ADDRESS = 16,
};

/* What struct orc_entry was up to 6.3, and is since. */
enum orc_format { OLD, NEW };

/* Functions from CODE on, with what unwinding each takes, and what elfutils is to say of it. */
enum function {
	LEAF,
	CALLER,
	WITH_BP,
	NEGATIVE,
	BP_INDIRECT,
	SWITCH,
	BASE,
	REGS,
	PARTIAL,
	NOTHING,
	ROOT,
	ODD
};
static const struct {
	const char *symbol;
	struct kd_orc orc;
	const char *cfa, *bp,
		*pc; /* DWARF expressions, which start with the CFA; NULL: undefined */
	bool is_signal;
} functions[] = {
	[LEAF] = {"tleaf",
		  {16, 0, KD_ORC_SP, KD_ORC_UNDEFINED, KD_ORC_TYPE_CALL},
		  "breg7+16",
		  "same",
		  "cfa-8",
		  false},
	[CALLER] = {"Tcaller",
		    {24, -16, KD_ORC_SP, KD_ORC_PREVIOUS_SP, KD_ORC_TYPE_CALL},
		    "breg7+24",
		    "cfa-16",
		    "cfa-8",
		    false},
	[WITH_BP] = {"twith_bp",
		     {16, -16, KD_ORC_BP, KD_ORC_PREVIOUS_SP, KD_ORC_TYPE_CALL},
		     "breg6+16",
		     "cfa-16",
		     "cfa-8",
		     false},
	[NEGATIVE] = {"tnegative",
		      {-24, 0, KD_ORC_BP, KD_ORC_UNDEFINED, KD_ORC_TYPE_CALL},
		      "breg6-24",
		      "same",
		      "cfa-8",
		      false},
	[BP_INDIRECT] = {"tbp_indirect",
			 {-8, -8, KD_ORC_BP_INDIRECT, KD_ORC_BP, KD_ORC_TYPE_CALL},
			 "breg6-8 deref",
			 "cfa breg6-8",
			 "cfa-8",
			 true},
	[SWITCH] = {"tswitch",
		    {8, 0, KD_ORC_SP_INDIRECT, KD_ORC_UNDEFINED, KD_ORC_TYPE_CALL},
		    "breg7+0 deref consts8 plus",
		    "same",
		    "cfa-8",
		    true},
	[BASE] = {"tbase",
		  {8, 0, KD_ORC_R10, KD_ORC_UNDEFINED, KD_ORC_TYPE_CALL},
		  "breg10+0",
		  "same",
		  "cfa-8",
		  true},
	[REGS] = {"tregs",
		  {0, 0, KD_ORC_SP, KD_ORC_UNDEFINED, KD_ORC_TYPE_REGS},
		  "breg7+0",
		  "cfa+32",
		  "cfa+128",
		  true},
	[PARTIAL] = {"tpartial",
		     {8, 0, KD_ORC_SP, KD_ORC_UNDEFINED, KD_ORC_TYPE_PARTIAL},
		     "breg7+8",
		     "same",
		     "cfa+0",
		     true},
	/* is looked for on the stack */
	[NOTHING] = {"tnothing",
		     {0, 0, KD_ORC_UNDEFINED, KD_ORC_UNDEFINED, KD_ORC_TYPE_UNDEFINED},
		     "search",
		     "same",
		     "cfa-8",
		     false},
	[ROOT] = {"troot",
		  {0, 0, KD_ORC_UNDEFINED, KD_ORC_UNDEFINED, KD_ORC_TYPE_END},
		  "breg7+8",
		  "same",
		  NULL,
		  false},
	[ODD] = {"todd",
		 {16, -12, KD_ORC_SP, KD_ORC_PREVIOUS_SP, KD_ORC_TYPE_CALL},
		 "breg7+16",
		 "cfa consts-12 plus",
		 "cfa-8",
		 false},
};
enum { FUNCTIONS = sizeof(functions) / sizeof(*functions) };

/* The types, by id. */
enum {
	INT = 1,
	SHORT,
	CHAR,
	TEXT,
	POINTER,
	OBJECT,
	CONST_CHAR,
	TEXT_POINTER,
	PROTOTYPE,
	FUNCTION,
	SIGNED_ENUM,
	WIDE_ENUM,
	FORWARD,
	TAG,
	TAGGED,
	VARIABLE,
	RECORD,
	TWIN,
	OTHER_TWIN,
	SIZED,
	TASK,
	ENTRY,
};

static void make_types(struct blob *blob, enum orc_format format)
{
	blob_init(blob, NULL);
	blob_type(blob, KD_BTF_INT, "unsigned int", 0, false, 4);
	blob_word(blob, 32);
	blob_type(blob, KD_BTF_INT, "short", 0, false, 2);
	blob_word(blob, 1 << 24 | 16);
	blob_type(blob, KD_BTF_INT, "char", 0, false, 1);
	blob_word(blob, 1 << 24 | 8);
	blob_type(blob, KD_BTF_ARRAY, "", 0, false, 0); /* TEXT */
	blob_word(blob, CHAR);
	blob_word(blob, INT);
	blob_word(blob, 16);
	blob_type(blob, KD_BTF_POINTER, "", 0, false, OBJECT);
	blob_type(blob, KD_BTF_STRUCT, "object", 6, true, 40);
	blob_member(blob, "name", TEXT, 0);
	blob_member(blob, "low", INT, 3u << 24 | 128);
	blob_member(blob, "high", INT, 7u << 24 | 131);
	blob_member(blob, "next", POINTER, 192);
	blob_member(blob, "", RECORD, 256);
	blob_member(blob, "lost", 4711, 288); /* there is no such type */
	blob_type(blob, KD_BTF_CONST, "", 0, false, CHAR);
	blob_type(blob, KD_BTF_POINTER, "", 0, false, CONST_CHAR);
	blob_type(blob, KD_BTF_PROTOTYPE, "", 3, false, INT);
	blob_word(blob, blob_text(blob, "object"));
	blob_word(blob, POINTER);
	blob_word(blob, blob_text(blob, "format"));
	blob_word(blob, TEXT_POINTER);
	blob_word(blob, 0);
	blob_word(blob, 0);
	blob_type(blob, KD_BTF_FUNCTION, "caller", 0, false, PROTOTYPE);
	blob_type(blob, KD_BTF_ENUM, "level", 2, true, 4);
	blob_word(blob, blob_text(blob, "BELOW"));
	blob_word(blob, (uint32_t)-2);
	blob_word(blob, blob_text(blob, "ABOVE"));
	blob_word(blob, 200);
	blob_type(blob, KD_BTF_ENUM64, "wide", 1, false, 8);
	blob_word(blob, blob_text(blob, "FAR"));
	blob_word(blob, 5);
	blob_word(blob, 0x80000000);
	blob_type(blob, KD_BTF_FORWARD, "elsewhere", 0, true, 0);
	blob_type(blob, KD_BTF_TYPE_TAG, "user", 0, false, FORWARD);
	blob_type(blob, KD_BTF_POINTER, "", 0, false, TAG); /* TAGGED */
	blob_type(blob, KD_BTF_VARIABLE, "counter", 0, false, INT);
	blob_word(blob, 1);
	blob_type(blob, KD_BTF_UNION, "", 1, false, 4); /* RECORD */
	blob_member(blob, "record", INT, 0);
	/* two of one name, and nothing to tell which is where */
	blob_type(blob, KD_BTF_FUNCTION, "leaf", 0, false, PROTOTYPE);
	blob_type(blob, KD_BTF_FUNCTION, "leaf", 0, false, SIZED);
	blob_type(blob, KD_BTF_PROTOTYPE, "", 0, false, 0); /* SIZED: void (void) */
	blob_type(blob, KD_BTF_STRUCT, "task_struct", 1, false, 16);
	blob_member(blob, "comm", TEXT, 0);
	blob_type(blob, KD_BTF_STRUCT, "orc_entry", 6, true, 6);
	blob_member(blob, "sp_offset", SHORT, 0);
	blob_member(blob, "bp_offset", SHORT, 16);
	blob_member(blob, "sp_reg", INT, 4u << 24 | 32);
	blob_member(blob, "bp_reg", INT, 4u << 24 | 36);
	blob_member(blob, "type", INT, (format == OLD ? 2u : 3u) << 24 | 40);
	blob_member(blob, format == OLD ? "end" : "signal", INT,
		    1u << 24 | (format == OLD ? 42 : 43));
	blob_finish(blob);
}

static uint64_t code(unsigned int function)
{
	return MADE_VADDR(CODE) + FUNCTION_BYTES * function;
}

static void put_orc(struct fixture *fixture, enum orc_format format)
{
	static const unsigned int old_types[] = {
		[KD_ORC_TYPE_CALL] = 0, [KD_ORC_TYPE_REGS] = 1, [KD_ORC_TYPE_PARTIAL] = 2};

	for (unsigned int i = 0; i < FUNCTIONS; i++) {
		const struct kd_orc *orc = &functions[i].orc;
		uint64_t at = ORC + 6 * i;
		unsigned int type = orc->type;
		unsigned int end = type == KD_ORC_TYPE_END;

		if (format == OLD)
			type = type >= KD_ORC_TYPE_CALL ? old_types[type] : 0;
		fixture_poke_number(fixture, ORC_IP + 4 * i, code(i) - MADE_VADDR(ORC_IP + 4 * i),
				    4);
		fixture_poke_number(fixture, at, (uint16_t)orc->sp_offset, 2);
		fixture_poke_number(fixture, at + 2, (uint16_t)orc->bp_offset, 2);
		fixture_poke_number(fixture, at + 4,
				    orc->sp_register | orc->bp_register << 4 | type << 8 |
					    (format == OLD ? end << 10 : 0),
				    2);
	}
}

struct made {
	struct fixture fixture;
	struct kd_buffer file;
	Elf *elf;
	Dwarf *dwarf;
	char told[1024];
};

static void prepare(struct made *machine, enum orc_format format)
{
	struct made_symbol symbols[FUNCTIONS + 16] = {
		{"T_text", 0, false},
		{"T_\1ext", 0x40, false},
		{"D__start_BTF", MADE_TYPES - MADE_RAM, false},
		{"D__stop_BTF", MADE_FREE - MADE_RAM, false},
	};
	const struct made_symbol behind[] = {
		{"T_etext", DATA - MADE_RAM, false},
		{"D_sdata", DATA - MADE_RAM, false},
		{"Dinit_task", DATA - MADE_RAM, false},
		{"Dcounter", DATA - MADE_RAM + 0x40, false},
		{"R__start_orc_unwind_ip", ORC_IP - MADE_RAM, false},
		{"R__stop_orc_unwind_ip", ORC_IP - MADE_RAM + 4 * FUNCTIONS, false},
		{"R__start_orc_unwind", ORC - MADE_RAM, false},
		{"D_edata", ORC - MADE_RAM + 0x400, false},
		{"B_end", MADE_BYTES, false},
	};
	size_t count = 4;
	struct blob types;

	memset(machine, 0, sizeof(*machine));
	for (unsigned int i = 0; i < FUNCTIONS; i++)
		symbols[count++] = (struct made_symbol){
			functions[i].symbol, CODE - MADE_RAM + FUNCTION_BYTES * i, false};
	for (size_t i = 0; i < sizeof(behind) / sizeof(*behind); i++)
		symbols[count++] = behind[i];
	make_types(&types, format);
	made_kernel_init(&machine->fixture, symbols, count, MADE_RELATIVE, &types);
	put_orc(&machine->fixture, format);
}

static void tell(void *opaque, enum kd_log_level level, const char *line)
{
	struct made *machine = opaque;
	size_t length = strlen(machine->told);

	snprintf(machine->told + length, sizeof(machine->told) - length, "%s\n", line);
}

/* Makes the file of the machine as it was prepared; KD_OK or why there is none. */
static enum kd_status make(struct made *machine, struct kd_err *err)
{
	const struct kd_log log = {tell, machine};
	struct kd_dump *dump = NULL;
	struct kd_kernel *kernel = NULL;
	struct kd_system *system = NULL;
	enum kd_status status = kd_dump_open(machine->fixture.path, NULL, &dump, err);

	if (!status)
		status = kd_kernel_open(dump, &kernel, err);
	if (!status)
		status = kd_system_open(kernel, &system, err);
	if (!status)
		status = kd_symfile_make(system, &log, &machine->file, err);
	kd_system_close(system);
	kd_kernel_close(kernel);
	kd_dump_close(dump);
	return status;
}

static void open_file(struct made *machine)
{
	struct kd_err err = {KD_OK, ""};

	fixture_build(&machine->fixture);
	if (make(machine, &err))
		fail_msg("%s", err.text);
	elf_version(EV_CURRENT);
	machine->elf = elf_memory((char *)machine->file.data, machine->file.bytes);
	assert_non_null(machine->elf);
	machine->dwarf = dwarf_begin_elf(machine->elf, DWARF_C_READ, NULL);
}

static void close_file(struct made *machine)
{
	dwarf_end(machine->dwarf);
	elf_end(machine->elf);
	kd_buffer_deinit(&machine->file);
	fixture_deinit(&machine->fixture);
}

static Elf_Scn *find_section(Elf *elf, const char *name, GElf_Shdr *header)
{
	Elf_Scn *section = NULL;
	size_t names;

	assert_int_equal(elf_getshdrstrndx(elf, &names), 0);
	while ((section = elf_nextscn(elf, section))) {
		assert_non_null(gelf_getshdr(section, header));
		if (!strcmp(elf_strptr(elf, names, header->sh_name), name))
			return section;
	}
	fail_msg("no section %s", name);
	return NULL;
}

static void test_sections_and_symbols(void **state)
{
	struct made machine;
	GElf_Shdr header;
	Elf_Scn *section;
	Elf_Data *data;
	GElf_Sym symbol;
	size_t text, found = 0;

	prepare(&machine, NEW);
	open_file(&machine);
	section = find_section(machine.elf, ".text", &header);
	text = elf_ndxscn(section);
	assert_int_equal(header.sh_type, SHT_NOBITS);
	assert_int_equal(header.sh_flags, SHF_ALLOC | SHF_EXECINSTR);
	assert_int_equal(header.sh_addr, MADE_TEXT);
	assert_int_equal(header.sh_size, DATA - MADE_RAM);
	find_section(machine.elf, ".data", &header);
	assert_int_equal(header.sh_flags, SHF_ALLOC | SHF_WRITE);
	section = find_section(machine.elf, ".symtab", &header);
	data = elf_getdata(section, NULL);
	for (size_t i = 1; i < header.sh_size / header.sh_entsize; i++) {
		const char *name;

		assert_non_null(gelf_getsym(data, (int)i, &symbol));
		name = elf_strptr(machine.elf, header.sh_link, symbol.st_name);
		/* those that are not global come first */
		assert_int_equal(GELF_ST_BIND(symbol.st_info) == STB_LOCAL, i < header.sh_info);
		for (unsigned int f = 0; f < FUNCTIONS; f++) {
			if (strcmp(name, functions[f].symbol + 1))
				continue;
			found++;
			assert_int_equal(symbol.st_value, code(f));
			assert_int_equal(symbol.st_shndx, text);
			assert_int_equal(GELF_ST_TYPE(symbol.st_info), STT_FUNC);
			assert_int_equal(symbol.st_size, f + 1 < FUNCTIONS
								 ? FUNCTION_BYTES
								 : MADE_VADDR(DATA) - code(f));
		}
	}
	assert_int_equal(found, FUNCTIONS);
	close_file(&machine);
}

static uint64_t number(Dwarf_Die *die, unsigned int attribute)
{
	Dwarf_Attribute found;
	Dwarf_Word value = UINT64_MAX;
	bool is_set;

	if (dwarf_attr(die, attribute, &found) && !dwarf_formflag(&found, &is_set))
		value = is_set;
	else
		assert_int_equal(dwarf_formudata(&found, &value), 0);
	return value;
}

/* A type as C has it, more or less: "*const char", "[16]char", "struct object". */
static void describe(Dwarf_Die *die, char *text, size_t bytes)
{
	static const struct {
		int tag;
		const char *word;
	} words[] = {
		{DW_TAG_pointer_type, "*"},         {DW_TAG_const_type, "const "},
		{DW_TAG_array_type, "[]"},          {DW_TAG_structure_type, "struct "},
		{DW_TAG_union_type, "union "},      {DW_TAG_enumeration_type, "enum "},
		{DW_TAG_subroutine_type, "() -> "}, {DW_TAG_base_type, ""},
	};
	size_t length = strlen(text), i = 0;
	Dwarf_Attribute attribute;
	Dwarf_Die type;

	if (!dwarf_attr(die, DW_AT_type, &attribute)) {
		snprintf(text + length, bytes - length, "void");
		return;
	}
	assert_non_null(dwarf_formref_die(&attribute, &type));
	while (i < sizeof(words) / sizeof(*words) && words[i].tag != dwarf_tag(&type))
		i++;
	assert_true(i < sizeof(words) / sizeof(*words));
	snprintf(text + length, bytes - length, "%s%s", words[i].word,
		 dwarf_diename(&type) ? dwarf_diename(&type) : "");
	if (strchr("*[c(", *words[i].word) && *words[i].word)
		describe(&type, text, bytes);
}

/* Says a DIE and its children in a line each, with what tests look at. */
static void say(Dwarf_Die *die, FILE *stream, int depth)
{
	static const struct {
		unsigned int attribute;
		const char *word;
	} numbers[] = {
		{DW_AT_byte_size, "size"},       {DW_AT_encoding, "encoding"},
		{DW_AT_bit_size, "bits"},        {DW_AT_data_bit_offset, "bit"},
		{DW_AT_count, "count"},          {DW_AT_data_member_location, "at"},
		{DW_AT_declaration, "declared"}, {DW_AT_high_pc, "long"},
	};
	char text[256] = "";
	Dwarf_Attribute attribute;
	Dwarf_Sword value;
	Dwarf_Addr low;
	Dwarf_Die child;

	describe(die, text, sizeof(text));
	fprintf(stream, "%*s%x %s: %s", depth, "", dwarf_tag(die),
		dwarf_diename(die) ? dwarf_diename(die) : "", text);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++)
		if (dwarf_hasattr(die, numbers[i].attribute) && depth)
			fprintf(stream, " %s=%llu", numbers[i].word,
				(unsigned long long)number(die, numbers[i].attribute));
	if (dwarf_attr(die, DW_AT_const_value, &attribute) && !dwarf_formsdata(&attribute, &value))
		fprintf(stream, " value=%lld", (long long)value);
	if (depth && !dwarf_lowpc(die, &low))
		fprintf(stream, " pc=%llx", (unsigned long long)(low - MADE_VADDR(CODE)));
	fputc('\n', stream);
	if (dwarf_child(die, &child))
		return;
	do
		say(&child, stream, depth + 1);
	while (!dwarf_siblingof(&child, &child));
}

static void assert_says(const char *text, const char *lines)
{
	if (!strstr(text, lines))
		fail_msg("no\n%sin\n%s", lines, text);
}

/* All that the next unit has; to be freed. NULL: that was the last one. */
static char *say_unit(struct made *machine, Dwarf_CU **unit, Dwarf_Die *die)
{
	Dwarf_Half version;
	uint8_t type;
	char *text = NULL;
	size_t bytes;
	FILE *stream;

	if (dwarf_get_units(machine->dwarf, *unit, unit, &version, &type, die, NULL))
		return NULL;
	assert_int_equal(version, 5);
	stream = open_memstream(&text, &bytes);
	say(die, stream, 0);
	fclose(stream);
	return text;
}

static void test_types(void **state)
{
	struct made machine;
	Dwarf_CU *unit = NULL;
	Dwarf_Aranges *addresses;
	Dwarf_Addr low, start;
	Dwarf_Off place;
	Dwarf_Die die;
	size_t count;
	char *text;

	prepare(&machine, NEW);
	open_file(&machine);
	text = say_unit(&machine, &unit, &die);
	assert_non_null(text);
	assert_says(text, "11 vmlinux: void\n 24 unsigned int: void size=4 encoding=7\n");
	assert_says(text, " 24 short: void size=2 encoding=5\n 24 char: void size=1 encoding=6\n");
	assert_says(text, " 1 : char\n  21 : void count=16\n f : struct object size=8\n");
	assert_says(text, " 13 object: void size=40\n"
			  "  d name: []char at=0\n"
			  "  d low: unsigned int bits=3 bit=128\n"
			  "  d high: unsigned int bits=7 bit=131\n"
			  "  d next: *struct object at=24\n"
			  "  d : union  at=32\n"
			  "  d lost: void at=36\n"
			  " 26 : char\n");
	assert_says(text, " 15 : unsigned int\n"
			  "  5 object: *struct object\n"
			  "  5 format: *const char\n"
			  "  18 : void\n");
	assert_says(text, " 4 level: void size=4\n  28 BELOW: void value=-2\n"
			  "  28 ABOVE: void value=200\n");
	assert_says(text, " 4 wide: void size=8\n  28 FAR: void value=-9223372036854775803\n");
	/* a tag is passed over, and what is behind it comes later or elsewhere */
	assert_says(text, " 17 elsewhere: void declared=1\n f : union elsewhere size=8\n");
	assert_says(text, " 34 counter: unsigned int\n");
	assert_says(text, " 34 init_task: struct task_struct\n");
	assert_null(strstr(text, "leaf"));
	assert_null(strstr(text, "caller"));
	assert_int_equal(dwarf_lowpc(&die, &low), -1);
	free(text);
	/* functions, apart, with what they need: of a structure with a name that it is one */
	text = say_unit(&machine, &unit, &die);
	assert_non_null(text);
	assert_says(text, " 2e caller: unsigned int long=256 pc=100\n"
			  "  5 object: *struct object\n"
			  "  5 format: *const char\n"
			  "  18 : void\n");
	assert_says(text, " 13 object: void declared=1\n");
	assert_says(text, " 24 unsigned int: void size=4 encoding=7\n");
	assert_null(strstr(text, "counter"));
	assert_null(strstr(text, "leaf"));
	assert_int_equal(dwarf_lowpc(&die, &low), 0);
	assert_true(low <= MADE_VADDR(CODE) + 0x100);
	free(text);
	/* it alone has code, and no variable's place is taken for any */
	assert_int_equal(dwarf_getaranges(machine.dwarf, &addresses, &count), 0);
	assert_int_equal(count, 1);
	assert_int_equal(dwarf_getarangeinfo(dwarf_onearange(addresses, 0), &start, NULL, &place),
			 0);
	assert_int_equal(start, low);
	assert_int_equal(place, dwarf_dieoffset(&die));
	assert_null(say_unit(&machine, &unit, &die));
	close_file(&machine);
}

/* Operations as functions[] has them. */
static void write_operations(const Dwarf_Op *ops, size_t count, char *text, size_t bytes)
{
	text[0] = 0;
	if (count > 20) {
		snprintf(text, bytes, "search");
		return;
	}
	for (size_t i = 0; i < count; i++) {
		size_t length = strlen(text);
		long long operand = (long long)ops[i].number;

		if (i) {
			if (ops[i].atom == DW_OP_stack_value)
				return;
			if (ops[i].atom != DW_OP_plus_uconst)
				text[length++] = ' ';
		}
		if (ops[i].atom >= DW_OP_breg0 && ops[i].atom <= DW_OP_breg31)
			snprintf(text + length, bytes - length, "breg%d%+lld",
				 ops[i].atom - DW_OP_breg0, operand);
		else if (ops[i].atom == DW_OP_bregx)
			snprintf(text + length, bytes - length, "breg%lld%+lld", operand,
				 (long long)ops[i].number2);
		else if (ops[i].atom == DW_OP_call_frame_cfa)
			snprintf(text + length, bytes - length, "cfa%s", count == 1 ? "+0" : "");
		else if (ops[i].atom == DW_OP_plus_uconst)
			snprintf(text + length, bytes - length, "%+lld", operand);
		else if (ops[i].atom == DW_OP_consts)
			snprintf(text + length, bytes - length, "consts%lld", operand);
		else
			snprintf(text + length, bytes - length, "%s",
				 ops[i].atom == DW_OP_deref  ? "deref"
				 : ops[i].atom == DW_OP_plus ? "plus"
							     : "?");
	}
}

static void get_rule(Dwarf_Frame *frame, int reg, char *text, size_t bytes)
{
	Dwarf_Op memory[3], *ops;
	size_t count;

	assert_int_equal(dwarf_frame_register(frame, reg, memory, &ops, &count), 0);
	if (!count)
		snprintf(text, bytes, ops ? "undefined" : "same");
	else
		write_operations(ops, count, text, bytes);
}

/* Each jump of an expression leads to an operation, or to its end. */
static void check_jumps(const Dwarf_Op *ops, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		Dwarf_Word target = ops[i].offset + 3 + (Dwarf_Word)(int16_t)ops[i].number;
		bool leads = target == ops[count - 1].offset + 2; /* plus_uconst ends it */

		if (ops[i].atom != DW_OP_bra && ops[i].atom != DW_OP_skip)
			continue;
		for (size_t j = 0; j < count; j++)
			leads = leads || ops[j].offset == target;
		assert_true(leads);
	}
}

static void test_frames(void **state)
{
	for (enum orc_format format = OLD; format <= NEW; format++) {
		struct made machine;
		Dwarf_CFI *cfi;

		prepare(&machine, format);
		open_file(&machine);
		cfi = dwarf_getcfi(machine.dwarf);
		assert_non_null(cfi);
		for (unsigned int i = 0; i < FUNCTIONS; i++) {
			Dwarf_Addr start, end;
			Dwarf_Frame *frame;
			bool is_signal;
			Dwarf_Op *ops;
			size_t count;
			char text[128];

			assert_int_equal(dwarf_cfi_addrframe(cfi, code(i) + 0x10, &frame), 0);
			assert_int_equal(dwarf_frame_info(frame, &start, &end, &is_signal),
					 RETURN_ADDRESS);
			assert_int_equal(start, code(i));
			assert_int_equal(end, i + 1 < FUNCTIONS ? code(i + 1) : MADE_VADDR(DATA));
			assert_int_equal(is_signal, functions[i].is_signal);
			assert_int_equal(dwarf_frame_cfa(frame, &ops, &count), 0);
			check_jumps(ops, count);
			write_operations(ops, count, text, sizeof(text));
			if (strcmp(text, functions[i].cfa))
				fail_msg("%s: %s", functions[i].symbol, text);
			get_rule(frame, RBP, text, sizeof(text));
			assert_string_equal(text, functions[i].bp);
			get_rule(frame, RETURN_ADDRESS, text, sizeof(text));
			assert_string_equal(text, functions[i].pc ? functions[i].pc : "undefined");
			get_rule(frame, 3, text, sizeof(text));
			assert_string_equal(text, i == REGS      ? "cfa+40"
						  : i == PARTIAL ? "same"
								 : "undefined");
			get_rule(frame, RSP, text, sizeof(text));
			if (i == REGS || i == PARTIAL)
				assert_string_equal(text, i == REGS ? "cfa+152" : "cfa+24");
			free(frame);
		}
		close_file(&machine);
	}
}

/* What is not there is told, and the rest is made all the same. */
static void test_without_tables(void **state)
{
	struct made machine;
	GElf_Shdr header;

	prepare(&machine, NEW);
	fixture_poke_number(&machine.fixture, MADE_TYPES, 0, 2);
	open_file(&machine);
	find_section(machine.elf, ".symtab", &header);
	assert_null(machine.dwarf);
	assert_non_null(strstr(machine.told, "no unwind tables: "));
	assert_non_null(strstr(machine.told, "no stacks: "));
	close_file(&machine);
}

/* Damage of any one word: an error, or a file, but never more than that. */
static void test_damage(void **state)
{
	static const struct {
		uint64_t from, to;
	} places[] = {{MADE_TYPES, MADE_TYPES + 0x300},
		      {ORC_IP, ORC_IP + 4 * FUNCTIONS},
		      {ORC, ORC + 6 * FUNCTIONS},
		      {MADE_OFFSETS, MADE_OFFSETS + 4 * FUNCTIONS},
		      {MADE_COUNT, MADE_COUNT + 4}};
	static const uint32_t words[] = {0, 1, 0x7fffffff, 0x80000000, 0xffffffff, 0x0000ffff};
	unsigned int made = 0, failed = 0;

	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++)
		for (uint64_t at = places[i].from; at < places[i].to; at += 4) {
			struct kd_err err = {KD_OK, ""};
			struct made machine;

			prepare(&machine, at / 4 % 2 ? OLD : NEW);
			fixture_poke_number(&machine.fixture, at,
					    words[at / 4 % (sizeof(words) / sizeof(*words))], 4);
			fixture_build(&machine.fixture);
			if (make(&machine, &err)) {
				assert_true(*err.text);
				failed++;
			} else {
				assert_memory_equal(machine.file.data, ELFMAG, SELFMAG);
				made++;
			}
			kd_buffer_deinit(&machine.file);
			fixture_deinit(&machine.fixture);
		}
	assert_true(made > 100 && failed);
}

/* Addresses come from a dump: a range may end past the last of them, and be larger than what there is room for. */
static void test_pages_of_stacks(void **state)
{
	uint64_t list[4];
	struct kd_stack_pages pages = {.list = list, .room = 4};

	assert_true(kd_stack_pages_add(&pages, 0x1800, 0x1000));
	assert_true(kd_stack_pages_add(&pages, 0x2fff, 1));
	assert_int_equal(pages.count, 2);
	assert_int_equal(list[1], 0x2000);
	assert_true(kd_stack_pages_add(&pages, UINT64_MAX - 0x17ff, 0x1000));
	assert_int_equal(pages.count, 4);
	assert_int_equal(list[3], UINT64_MAX - 0xfff);
	pages.count = 3;
	assert_true(kd_stack_pages_add(&pages, UINT64_MAX - 1, 0x1000));
	assert_int_equal(pages.count, 4);
	pages.count = 1;
	assert_false(kd_stack_pages_add(&pages, 0x10000, UINT64_MAX));
	assert_int_equal(pages.count, 4);
	assert_int_equal(list[3], 0x12000);
}

static void test_buffer(void **state)
{
	static const struct {
		int64_t value;
		const char *text;
		size_t bytes;
		bool is_signed;
	} numbers[] = {
		{0, "\0", 1, false},
		{127, "\x7f", 1, false},
		{128, "\x80\1", 2, false},
		{-1, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\1", 10, false},
		{63, "\x3f", 1, true},
		{64, "\xc0\0", 2, true},
		{-64, "\x40", 1, true},
		{-65, "\xbf\x7f", 2, true},
		{INT64_MIN, "\x80\x80\x80\x80\x80\x80\x80\x80\x80\x7f", 10, true},
	};
	struct kd_buffer buffer = {.data = NULL};

	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++) {
		buffer.bytes = 0;
		if (numbers[i].is_signed)
			kd_put_sleb(&buffer, numbers[i].value);
		else
			kd_put_uleb(&buffer, (uint64_t)numbers[i].value);
		assert_int_equal(buffer.bytes, numbers[i].bytes);
		assert_memory_equal(buffer.data, numbers[i].text, buffer.bytes);
	}
	assert_null(kd_put_space(&buffer, KD_BUFFER_BYTES_MOST));
	assert_true(buffer.failed);
	kd_put_u8(&buffer, 1); /* nothing, from there on */
	assert_int_equal(buffer.bytes, 10);
	kd_buffer_deinit(&buffer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pages_of_stacks),
		cmocka_unit_test(test_buffer),
		cmocka_unit_test(test_sections_and_symbols),
		cmocka_unit_test(test_types),
		cmocka_unit_test(test_frames),
		cmocka_unit_test(test_without_tables),
		cmocka_unit_test(test_damage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
