/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "memory/space.h"

#include <string.h>

#include "arch/arch.h"
#include "base/bytes.h"

void kd_space_init(struct kd_space *space, struct kd_reader *reader, const struct kd_tables *tables)
{
	*space = (struct kd_space){.reader = reader, .tables = *tables};
}

static enum kd_status read_entry(void *opaque, uint64_t paddr, uint64_t *entry, struct kd_err *err)
{
	struct kd_space *space = opaque;
	uint8_t word[sizeof(*entry)];
	struct kd_bytes bytes = kd_bytes(word, sizeof(word));
	enum kd_status status = kd_reader_read(space->reader, paddr, word, sizeof(word), err);

	if (!status)
		*entry = kd_bytes_u64(&bytes);
	return status;
}

static void remember(struct kd_space *space, uint64_t vaddr, uint64_t paddr, uint64_t bytes)
{
	/* from the start of its page on: readers come back to what is next to it */
	uint64_t page_bytes = space->tables.page_bytes
				      ? space->tables.page_bytes
				      : kd_dump_arch(kd_reader_dump(space->reader))->page_bytes;
	uint64_t into = vaddr & (page_bytes - 1);
	unsigned int slot = space->next++ % KD_SPACE_CACHE;

	space->cache[slot].vaddr = vaddr - into;
	space->cache[slot].paddr = paddr - into;
	space->cache[slot].bytes = bytes + into;
}

enum kd_status kd_space_translate(struct kd_space *space, uint64_t vaddr, uint64_t *paddr,
				  uint64_t *bytes, struct kd_err *err)
{
	const struct kd_arch *arch = kd_dump_arch(kd_reader_dump(space->reader));
	struct kd_walk walk = {
		.root_paddr = space->tables.root_paddr,
		.levels = space->tables.levels,
		.encryption_mask = space->tables.encryption_mask,
		.va_bits = space->tables.va_bits,
		.page_bytes = space->tables.page_bytes,
		.read = read_entry,
		.opaque = space,
	};
	enum kd_status status;

	for (unsigned int i = 0; i < KD_SPACE_CACHE; i++) {
		uint64_t into = vaddr - space->cache[i].vaddr;

		if (into < space->cache[i].bytes) {
			*paddr = space->cache[i].paddr + into;
			*bytes = space->cache[i].bytes - into;
			return KD_OK;
		}
	}
	if (!arch->translate)
		return kd_fail(err, KD_UNSUPPORTED, "%s: no page walk for it yet", arch->name);
	status = arch->translate(&walk, vaddr, paddr, bytes, err);
	if (!status)
		remember(space, vaddr, *paddr, *bytes);
	return status;
}

enum kd_status kd_space_read(struct kd_space *space, uint64_t vaddr, void *buffer, size_t bytes,
			     struct kd_err *err)
{
	char *to = buffer;

	while (bytes) {
		uint64_t paddr, mapped;
		size_t piece;
		enum kd_status status = kd_space_translate(space, vaddr, &paddr, &mapped, err);

		if (status)
			return status;
		piece = mapped < bytes ? (size_t)mapped : bytes;
		status = kd_reader_read(space->reader, paddr, to, piece, err);
		if (status)
			return kd_context(err, status, "virtual address 0x%llx",
					  (unsigned long long)vaddr);
		to += piece;
		bytes -= piece;
		if (bytes && !kd_add(vaddr, piece, &vaddr))
			return kd_fail(err, KD_FAULT, "past the end of the address space");
	}
	return KD_OK;
}
