/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Two arrays of the same length, sorted by address: of 32-bit distances from themselves to the code, and of entries. The
 * kernel sorts its own when it is built, a module's when it is loaded. They are searched where they lie: a lookup reads
 * some twenty numbers.
 */
#include "inspect/orc.h"

#include <string.h>

enum {
	DISTANCE_BYTES = 4,
	ENTRY_BYTES_MOST = 64,
	ENTRIES_MOST = 1 << 26,
	TRACERS_MOST = 4096,
	FTRACE_OPS_FL_SAVE_REGS = 1 << 2, /* include/linux/ftrace.h */
};

/* The types of `enum`s before 6.4: UNWIND_HINT_TYPE_CALL, _REGS, _REGS_PARTIAL. */
static const enum kd_orc_type old_types[] = {KD_ORC_TYPE_CALL, KD_ORC_TYPE_REGS,
					     KD_ORC_TYPE_PARTIAL};

enum kd_status kd_orc_init(struct kd_orc_tables *tables, struct kd_system *system,
			   struct kd_err *err)
{
	struct kd_orc_tables made = {.system = system};
	const struct {
		const char *path;
		struct kd_field *field;
	} fields[] = {
		{"orc_entry.sp_offset", &made.sp_offset}, {"orc_entry.bp_offset", &made.bp_offset},
		{"orc_entry.sp_reg", &made.sp_register},  {"orc_entry.bp_reg", &made.bp_register},
		{"orc_entry.type", &made.type},
	};
	uint64_t stop = 0;
	enum kd_status status =
		kd_system_symbol(system, "__start_orc_unwind_ip", &made.ip_vaddr, err);

	if (!status)
		status = kd_system_symbol(system, "__stop_orc_unwind_ip", &stop, err);
	if (!status)
		status = kd_system_symbol(system, "__start_orc_unwind", &made.vaddr, err);
	for (size_t i = 0; !status && i < sizeof(fields) / sizeof(*fields); i++)
		status = kd_field_find(system, fields[i].path, fields[i].field, err);
	if (!status)
		status = kd_size_of(system, "orc_entry", &made.entry_bytes, err);
	if (status)
		return kd_context(err, status, "unwind tables");
	if (stop < made.ip_vaddr || (stop - made.ip_vaddr) / DISTANCE_BYTES > ENTRIES_MOST ||
	    !made.entry_bytes || made.entry_bytes > ENTRY_BYTES_MOST)
		return kd_fail(err, KD_CORRUPT, "unwind tables from 0x%llx to 0x%llx",
			       (unsigned long long)made.ip_vaddr, (unsigned long long)stop);
	made.count = (uint32_t)((stop - made.ip_vaddr) / DISTANCE_BYTES);
	made.has_end = !kd_field_find(system, "orc_entry.end", &made.end, NULL);
	*tables = made;
	return KD_OK;
}

static enum kd_status place_of(struct kd_orc_tables *tables, uint64_t ip_vaddr, uint32_t number,
			       uint64_t *pc, struct kd_err *err)
{
	uint64_t at = ip_vaddr + (uint64_t)number * DISTANCE_BYTES;
	int32_t distance = 0;
	enum kd_status status =
		kd_system_read(tables->system, at, &distance, sizeof(distance), err);

	*pc = at + (uint64_t)(int64_t)distance;
	return status;
}

/* The last entry that does not lie behind pc. */
static enum kd_status search(struct kd_orc_tables *tables, uint64_t ip_vaddr, uint32_t count,
			     uint64_t pc, uint32_t *number, struct kd_err *err)
{
	uint32_t low = 0, high = count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		uint64_t place;
		enum kd_status status = place_of(tables, ip_vaddr, middle, &place, err);

		if (status)
			return status;
		if (place <= pc)
			low = middle + 1;
		else
			high = middle;
	}
	if (!low)
		return kd_fail(err, KD_NOTFOUND, "no unwind information for 0x%llx",
			       (unsigned long long)pc);
	*number = low - 1;
	return KD_OK;
}

static enum kd_status read_entry(struct kd_orc_tables *tables, uint64_t vaddr, struct kd_orc *orc,
				 struct kd_err *err)
{
	uint8_t entry[ENTRY_BYTES_MOST];
	size_t bytes = (size_t)tables->entry_bytes;
	enum kd_status status = kd_system_read(tables->system, vaddr, entry, bytes, err);
	uint64_t type;

	if (status)
		return status;
	type = kd_field_extract(&tables->type, entry, bytes);
	*orc = (struct kd_orc){
		.sp_offset = (int16_t)kd_field_extract(&tables->sp_offset, entry, bytes),
		.bp_offset = (int16_t)kd_field_extract(&tables->bp_offset, entry, bytes),
		.sp_register =
			(enum kd_orc_register)kd_field_extract(&tables->sp_register, entry, bytes),
		.bp_register =
			(enum kd_orc_register)kd_field_extract(&tables->bp_register, entry, bytes),
		.type = (enum kd_orc_type)type,
	};
	if (!tables->has_end)
		return KD_OK;
	if (orc->sp_register == KD_ORC_UNDEFINED)
		orc->type = kd_field_extract(&tables->end, entry, bytes) ? KD_ORC_TYPE_END
									 : KD_ORC_TYPE_UNDEFINED;
	else
		orc->type = type < sizeof(old_types) / sizeof(*old_types) ? old_types[type]
									  : KD_ORC_TYPE_UNDEFINED;
	return KD_OK;
}

/* Tables end where code ends, but a search in them does not. */
static bool is_code(const struct kd_symbol *symbol)
{
	return symbol && symbol->type && strchr("tTwW", symbol->type);
}

/*
 * A tracer may have a copy of ftrace_caller() or ftrace_regs_caller() for itself, made at run time: what the tables say of
 * the original holds for it (orc_ftrace_find() of arch/x86/kernel/unwind_orc.c). Sets *pc to the place in that.
 */
static bool leave_trampoline(struct kd_system *system, uint64_t *pc)
{
	uint64_t at = 0, start = 0, bytes = 0, flags = 0, original = 0;
	const struct kd_wanted members[] = {
		{"ftrace_ops.trampoline", &start},
		{"ftrace_ops.trampoline_size", &bytes},
		{"ftrace_ops.flags", &flags},
	};

	if (kd_system_symbol(system, "ftrace_ops_list", &at, NULL) ||
	    kd_read_u64(system, at, &at, NULL))
		return false;
	for (int i = 0; at && i < TRACERS_MOST; i++) {
		if (kd_get_each(system, at, members, sizeof(members) / sizeof(*members), NULL))
			return false;
		if (start && *pc >= start && *pc - start < bytes) {
			if (kd_system_symbol(system,
					     flags & FTRACE_OPS_FL_SAVE_REGS ? "ftrace_regs_caller"
									     : "ftrace_caller",
					     &original, NULL))
				return false;
			*pc = original + (*pc - start);
			return true;
		}
		if (kd_get(system, at, "ftrace_ops.next", &at, NULL))
			return false;
	}
	return false;
}

enum kd_status kd_orc_find(struct kd_orc_tables *tables, uint64_t pc, struct kd_orc *orc,
			   struct kd_err *err)
{
	/* a call through a NULL pointer: the return address is all there is (null_orc_entry) */
	static const struct kd_orc null_call = {.sp_offset = 8,
						.sp_register = KD_ORC_SP,
						.bp_register = KD_ORC_UNDEFINED,
						.type = KD_ORC_TYPE_CALL};
	uint64_t ip_vaddr = tables->ip_vaddr, vaddr = tables->vaddr;
	const struct kd_symbol *symbol;
	const struct kd_module *module;
	uint32_t count = tables->count, number = 0;
	enum kd_status status;

	if (!pc) {
		*orc = null_call;
		return KD_OK;
	}
	symbol = kd_symbols_at(kd_system_symbols(tables->system), pc);
	if (!is_code(symbol) && leave_trampoline(tables->system, &pc))
		symbol = kd_symbols_at(kd_system_symbols(tables->system), pc);
	if (!is_code(symbol))
		return kd_fail(err, KD_NOTFOUND, "0x%llx is no code of the kernel or of a module",
			       (unsigned long long)pc);
	module = kd_system_module_of(tables->system, symbol);
	if (module) {
		ip_vaddr = module->orc_ip_vaddr;
		vaddr = module->orc_vaddr;
		count = module->orc_count < ENTRIES_MOST ? module->orc_count : 0;
	}
	status = search(tables, ip_vaddr, count, pc, &number, err);
	if (!status)
		status = read_entry(tables, vaddr + number * tables->entry_bytes, orc, err);
	return status;
}
