/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sections that the kernel had, out of what is left of them: names of symbols at their ends, and the ranges of modules.
 *
 * They are sorted by address, and no two overlap: of two that would, the one that begins first stays, so that each address
 * is in one section at most, and binary search finds it. A symbol reaches to the next address that has one, and not
 * beyond its section; several at one address reach equally far. Code is what the section says it is and the symbol's
 * letter, for data lies between functions, too.
 *
 * Debuggers find the kernel's own memory in the dump. That of modules is where only page tables lead, so it is read into the
 * section, all of them together within a bound; a module that cannot be read keeps its section, with zeros, and is told of.
 */
#include "symfile/layout.h"

#include <elf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/system.h"
#include "inspect/fields.h"

#define MODULE_BYTES_MOST (UINT64_C(256) << 20) /* of memory, of all of them */

/* By the symbols that the linker puts around them (include/asm-generic/vmlinux.lds.h). */
static const struct {
	const char *name, *start, *end;
	uint64_t flags;
} kernel_sections[] = {
	{".text", "_text", "_etext", SHF_EXECINSTR},
	{".rodata", "__start_rodata", "__end_rodata", 0},
	{".data", "_sdata", "_edata", SHF_WRITE},
	{".init.text", "_sinittext", "_einittext", SHF_EXECINSTR},
	{".init.data", "_einittext", "__init_end", SHF_WRITE},
	{".bss", "__bss_start", "__bss_stop", SHF_WRITE},
	{".brk", "__brk_base", "_end", SHF_WRITE},
};
enum { KERNEL_SECTIONS = sizeof(kernel_sections) / sizeof(*kernel_sections) };

static void add(struct kd_layout *layout, const char *name, const char *module, uint64_t vaddr,
		uint64_t bytes, uint64_t flags, unsigned int number)
{
	struct kd_section *section = &layout->list[layout->count];

	if (!bytes || bytes > UINT64_MAX - vaddr)
		return;
	*section = (struct kd_section){
		.vaddr = vaddr, .bytes = bytes, .flags = SHF_ALLOC | flags, .module = number};
	snprintf(section->name, sizeof(section->name), module ? "%s.%s" : "%s", name, module);
	layout->count++;
}

static void add_kernel(struct kd_layout *layout)
{
	for (size_t i = 0; i < KERNEL_SECTIONS; i++) {
		uint64_t start, end;

		if (!kd_system_symbol(layout->system, kernel_sections[i].start, &start, NULL) &&
		    !kd_system_symbol(layout->system, kernel_sections[i].end, &end, NULL) &&
		    end > start)
			add(layout, kernel_sections[i].name, NULL, start, end - start,
			    kernel_sections[i].flags, KD_KERNEL_ITSELF);
	}
}

/* Code comes first among the ranges; before 6.4 (ac3b43283923) there is one of all, and code is the start of that. */
static void add_module(struct kd_layout *layout, const struct kd_module *module,
		       unsigned int number)
{
	uint64_t text = UINT64_MAX;

	if (kd_get(layout->system, module->vaddr, "module.core_layout.text_size", &text, NULL))
		text = UINT64_MAX;
	for (size_t i = 0; i < module->range_count; i++) {
		uint64_t vaddr = module->ranges[i].vaddr, bytes = module->ranges[i].bytes;
		uint64_t code = i ? 0 : bytes < text ? bytes : text;

		add(layout, ".text", module->name, vaddr, code, SHF_EXECINSTR, number);
		add(layout, ".data", module->name, vaddr + code, bytes - code, SHF_WRITE, number);
	}
}

static int by_address(const void *left, const void *right)
{
	const struct kd_section *a = left, *b = right;

	return a->vaddr < b->vaddr ? -1 : a->vaddr > b->vaddr;
}

enum kd_status kd_layout_init(struct kd_layout *layout, struct kd_system *system,
			      struct kd_err *err)
{
	struct kd_layout made = {.system = system};
	size_t modules, kept = 0;
	const struct kd_module *list = kd_system_modules(system, &modules);

	made.list = calloc(KERNEL_SECTIONS + modules * (KD_MODULE_RANGES + 1), sizeof(*made.list));
	if (!made.list)
		return kd_fail_errno(err, ENOMEM, "sections");
	add_kernel(&made);
	for (size_t i = 0; i < modules; i++)
		add_module(&made, &list[i], (unsigned int)i + 1);
	qsort(made.list, made.count, sizeof(*made.list), by_address);
	for (size_t i = 0; i < made.count; i++) {
		const struct kd_section *before = kept ? &made.list[kept - 1] : NULL;

		if (!before || made.list[i].vaddr - before->vaddr >= before->bytes)
			made.list[kept++] = made.list[i];
	}
	made.count = kept;
	*layout = made;
	return KD_OK;
}

void kd_layout_deinit(struct kd_layout *layout)
{
	for (size_t i = 0; i < layout->count; i++)
		free(layout->list[i].memory);
	free(layout->list);
	*layout = (struct kd_layout){.list = NULL};
}

static enum kd_status read_section(struct kd_layout *layout, struct kd_section *section,
				   uint64_t *left_bytes, struct kd_err *err)
{
	uint8_t *memory;
	enum kd_status status;

	if (section->bytes > *left_bytes)
		return kd_fail(err, KD_UNSUPPORTED, "modules of more than %llu bytes",
			       (unsigned long long)MODULE_BYTES_MOST);
	memory = malloc((size_t)section->bytes);
	if (!memory)
		return kd_fail_errno(err, ENOMEM, "%llu bytes", (unsigned long long)section->bytes);
	status =
		kd_system_read(layout->system, section->vaddr, memory, (size_t)section->bytes, err);
	if (status) {
		free(memory);
		return status;
	}
	*left_bytes -= section->bytes;
	section->memory = memory;
	return KD_OK;
}

enum kd_status kd_layout_read_modules(struct kd_layout *layout, const struct kd_log *log,
				      struct kd_err *err)
{
	uint64_t left_bytes = MODULE_BYTES_MOST;

	for (size_t i = 0; i < layout->count; i++) {
		struct kd_section *section = &layout->list[i];
		struct kd_err why = {KD_OK, ""};
		enum kd_status status = KD_OK;

		if (section->module != KD_KERNEL_ITSELF)
			status = read_section(layout, section, &left_bytes, &why);
		if (status == KD_NOMEM)
			return kd_fail(err, status, "%s: %s", section->name, why.text);
		if (status)
			kd_log(log, KD_LOG_WARNING, "%s will be read as zeros: %s", section->name,
			       why.text);
	}
	return KD_OK;
}

const struct kd_section *kd_layout_at(const struct kd_layout *layout, uint64_t vaddr)
{
	size_t low = 0, high = layout->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct kd_section *section = &layout->list[middle];

		if (vaddr < section->vaddr)
			high = middle;
		else if (vaddr - section->vaddr >= section->bytes)
			low = middle + 1;
		else
			return section;
	}
	return NULL;
}

uint64_t kd_layout_extent(const struct kd_layout *layout, const struct kd_symbol *symbol)
{
	const struct kd_symbols *symbols = kd_system_symbols(layout->system);
	const struct kd_symbol *end = kd_symbols_get(symbols, 0) + kd_symbols_count(symbols);
	const struct kd_section *section = kd_layout_at(layout, symbol->vaddr);
	const struct kd_symbol *next = symbol + 1;
	uint64_t most;

	if (!section)
		return 0;
	most = section->bytes - (symbol->vaddr - section->vaddr);
	while (next < end && next->vaddr == symbol->vaddr)
		next++;
	return next < end && next->vaddr - symbol->vaddr < most ? next->vaddr - symbol->vaddr
								: most;
}

bool kd_layout_is_code(const struct kd_layout *layout, const struct kd_symbol *symbol)
{
	const struct kd_section *section = kd_layout_at(layout, symbol->vaddr);

	return section && section->flags & SHF_EXECINSTR && symbol->type &&
	       strchr("tTwW", symbol->type);
}
