/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Instructions of x86_64 with the kernel's symbols: decoded by capstone, which is loaded when it is needed. To load it
 * takes longer than most commands do (its tables for all architectures have a hundred thousand pointers).
 */
#include <capstone/capstone.h>
#include <dlfcn.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cmd/dump_input.h"
#include "cmd/mem_forms.h"

enum { TEXT_BYTES = 256, SHOWN_BYTES = 8 };

#define NAME_OF(version)  "libcapstone.so." #version
#define CAPSTONE(version) NAME_OF(version)

struct decoder {
	void *library;
	csh handle;
	cs_insn *instruction;
	__typeof__(&cs_open) open;
	__typeof__(&cs_close) close;
	__typeof__(&cs_option) option;
	__typeof__(&cs_malloc) allocate;
	__typeof__(&cs_free) release;
	__typeof__(&cs_disasm_iter) next;
};

static void close_decoder(struct decoder *decoder)
{
	if (decoder->instruction)
		decoder->release(decoder->instruction, 1);
	if (decoder->handle)
		decoder->close(&decoder->handle);
	if (decoder->library)
		dlclose(decoder->library);
}

static bool find_functions(struct decoder *decoder)
{
	const struct {
		const char *name;
		void *to;
	} functions[] = {
		{"cs_open", &decoder->open},     {"cs_close", &decoder->close},
		{"cs_option", &decoder->option}, {"cs_malloc", &decoder->allocate},
		{"cs_free", &decoder->release},  {"cs_disasm_iter", &decoder->next},
	};

	for (size_t i = 0; i < sizeof(functions) / sizeof(*functions); i++) {
		void *found = dlsym(decoder->library, functions[i].name);

		if (!found)
			return false;
		memcpy(functions[i].to, &found, sizeof(found));
	}
	return true;
}

/* To be closed in any case. */
static enum kd_status open_decoder(struct decoder *decoder, struct kd_err *err)
{
	*decoder = (struct decoder){.library = dlopen(CAPSTONE(CS_API_MAJOR), RTLD_NOW)};
	if (!decoder->library || !find_functions(decoder))
		return kd_fail(err, KD_UNSUPPORTED, "instructions cannot be decoded: %s",
			       dlerror());
	if (decoder->open(CS_ARCH_X86, CS_MODE_64, &decoder->handle))
		return kd_fail(err, KD_UNSUPPORTED,
			       "instructions cannot be decoded: capstone knows none of x86_64");
	decoder->option(decoder->handle, CS_OPT_DETAIL, CS_OPT_ON);
	decoder->option(decoder->handle, CS_OPT_SYNTAX,
			CS_OPT_SYNTAX_ATT); /* as the kernel's own sources write it */
	decoder->instruction = decoder->allocate(decoder->handle);
	return decoder->instruction ? KD_OK : kd_fail(err, KD_NOMEM, "no memory for instructions");
}

enum kd_status kd_instructions_prepare(struct kd_err *err)
{
	struct decoder decoder;
	enum kd_status status = open_decoder(&decoder, err);

	close_decoder(&decoder);
	return status;
}

/* Where an instruction jumps to, calls, or reads relative to itself; 0 for what does none of it. */
static uint64_t target_of(const cs_insn *instruction)
{
	const cs_x86 *x86 = &instruction->detail->x86;
	bool jumps = false;

	for (uint8_t i = 0; i < instruction->detail->groups_count; i++)
		jumps |= instruction->detail->groups[i] == CS_GRP_JUMP ||
			 instruction->detail->groups[i] == CS_GRP_CALL;
	for (uint8_t i = 0; i < x86->op_count; i++) {
		const cs_x86_op *operand = &x86->operands[i];

		if (operand->type == X86_OP_IMM && (jumps || (uint64_t)operand->imm >> 63))
			return (uint64_t)operand->imm;
		if (operand->type == X86_OP_MEM && operand->mem.base == X86_REG_RIP)
			return instruction->address + instruction->size +
			       (uint64_t)operand->mem.disp;
	}
	return 0;
}

/* "schedule+0x40", or "" for what is no symbol's. */
static void symbol_text(struct kd_system *system, uint64_t vaddr, char text[TEXT_BYTES])
{
	struct kd_symbols *symbols = system ? kd_system_symbols(system) : NULL;
	const struct kd_symbol *symbol = symbols && vaddr ? kd_symbols_at(symbols, vaddr) : NULL;

	text[0] = '\0';
	if (symbol)
		snprintf(text, TEXT_BYTES, "%s+0x%" PRIx64, kd_symbol_name(symbols, symbol),
			 vaddr - symbol->vaddr);
}

typedef void take_instruction(void *opaque, const struct kd_memory_piece *piece,
			      const cs_insn *instruction);

/*
 * A byte that begins no instruction is told as such, and decoding goes on behind it. What is cut off by the end of the
 * piece is left out.
 */
static void each_instruction(const struct kd_memory_piece *piece, take_instruction *take,
			     void *opaque)
{
	enum { LONGEST = 15 }; /* bytes, of an instruction (Intel SDM volume 2A, 2.3.11) */
	const uint8_t *code = piece->data;
	size_t left = piece->bytes;
	uint64_t address = piece->address;
	struct decoder decoder;
	cs_insn *instruction;

	if (open_decoder(&decoder, NULL))
		left = 0; /* kd_instructions_prepare() has told why */
	instruction = decoder.instruction;
	while (left) {
		if (!decoder.next(decoder.handle, &code, &left, &address, instruction)) {
			if (left < LONGEST)
				break;
			*instruction = (cs_insn){.address = address,
						 .size = 1,
						 .bytes = {*code},
						 .mnemonic = "(bad)",
						 .detail = instruction->detail};
			instruction->detail->groups_count = 0;
			instruction->detail->x86.op_count = 0;
			code++;
			left--;
			address++;
		}
		take(opaque, piece, instruction);
	}
	close_decoder(&decoder);
}

static void print_instruction(void *opaque, const struct kd_memory_piece *piece,
			      const cs_insn *instruction)
{
	char at[TEXT_BYTES], target[TEXT_BYTES];
	int column = 0;

	symbol_text(piece->system, instruction->address, at);
	symbol_text(piece->system, target_of(instruction), target);
	printf("%016" PRIx64 "  %-32s ", instruction->address, at);
	for (; column < instruction->size && column < SHOWN_BYTES; column++)
		printf(" %02x", instruction->bytes[column]);
	printf("%*s  %s %s", 3 * (SHOWN_BYTES - column), instruction->size > SHOWN_BYTES ? "" : "",
	       instruction->mnemonic, instruction->op_str);
	if (*target)
		printf("  # %s", target);
	putchar('\n');
}

void kd_print_instructions(const struct kd_memory_piece *piece)
{
	each_instruction(piece, print_instruction, NULL);
}

static void add_instruction(void *opaque, const struct kd_memory_piece *piece,
			    const cs_insn *instruction)
{
	char at[TEXT_BYTES], target[TEXT_BYTES], text[TEXT_BYTES], bytes[2 * 24 + 1] = "";
	json_t *value;

	symbol_text(piece->system, instruction->address, at);
	symbol_text(piece->system, target_of(instruction), target);
	for (int i = 0; i < instruction->size; i++)
		snprintf(bytes + 2 * i, 3, "%02x", instruction->bytes[i]);
	snprintf(text, sizeof(text), "%s%s%s", instruction->mnemonic,
		 *instruction->op_str ? " " : "", instruction->op_str);
	value = json_pack("{s:o, s:o, s:s, s:s}", "address", kd_json_address(instruction->address),
			  "symbol", kd_json_string(at), "bytes", bytes, "text", text);
	if (*target)
		kd_json_set(value, "target", kd_json_string(target));
	kd_json_append(opaque, value);
}

json_t *kd_instructions_json(const struct kd_memory_piece *piece)
{
	json_t *list = json_array();

	each_instruction(piece, add_instruction, list);
	return list;
}
