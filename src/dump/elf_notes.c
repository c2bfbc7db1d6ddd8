/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Notes of an ELF core: a header of three words, then the name and the descriptor, each padded to 4
 * bytes (gABI, chapter 5; 64-bit Linux pads to 4 as well). The kernel leaves room for each possible CPU
 * and ends its notes with an empty one: name and descriptor of no bytes mark padding.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "dump/format.h"
#include "host/system.h"

enum { NOTE_ALIGN = 4 };

static enum kd_status add_note(struct kd_dump *dump, const struct kd_note *note, struct kd_err *err)
{
	if (dump->note_count == dump->note_room) {
		size_t room = dump->note_room ? 2 * dump->note_room : 16;
		struct kd_note *grown = realloc(dump->notes, room * sizeof(*grown));

		if (!grown)
			return kd_fail_errno(err, ENOMEM, "%zu notes", room);
		dump->notes = grown;
		dump->note_room = room;
	}
	dump->notes[dump->note_count++] = *note;
	/* as makedumpfile writes it, filled up with NULs; the last tells of everything */
	if (!strcmp(note->name, "ERASEINFO")) {
		dump->facts.erased = note->desc;
		dump->facts.erased_bytes = strnlen(note->desc, note->desc_bytes);
	}
	if (!dump->vmcoreinfo && !strcmp(note->name, "VMCOREINFO")) {
		const char *end = memchr(note->desc, '\0', note->desc_bytes);

		dump->vmcoreinfo = note->desc;
		dump->vmcoreinfo_bytes = end ? (size_t)(end - dump->vmcoreinfo) : note->desc_bytes;
	}
	return KD_OK;
}

/* The padding after the last field may be missing: nothing needs it. */
static void skip_padding(struct kd_bytes *reader)
{
	size_t padding = -reader->at & (NOTE_ALIGN - 1);

	kd_bytes_take(reader, padding < kd_bytes_left(reader) ? padding : kd_bytes_left(reader));
}

enum kd_status kd_elf_notes(struct kd_dump *dump, const char *data, size_t bytes,
			    struct kd_err *err)
{
	struct kd_bytes reader = kd_bytes(data, bytes);

	while (kd_bytes_left(&reader) >= 3 * sizeof(uint32_t)) {
		size_t at = reader.at;
		uint32_t name_bytes = kd_bytes_u32(&reader);
		uint32_t desc_bytes = kd_bytes_u32(&reader);
		struct kd_note note = {.type = kd_bytes_u32(&reader), .desc_bytes = desc_bytes};
		enum kd_status status;

		if (!name_bytes && !desc_bytes)
			continue;
		note.name = kd_bytes_take(&reader, name_bytes);
		skip_padding(&reader);
		note.desc = kd_bytes_take(&reader, desc_bytes);
		skip_padding(&reader);
		if (reader.overrun)
			return kd_fail(
				err, KD_CORRUPT,
				"note at byte %zu: name of %u and descriptor of %u bytes run "
				"past the notes",
				at, name_bytes, desc_bytes);
		if (!name_bytes)
			note.name = "";
		else if (note.name[name_bytes - 1])
			return kd_fail(err, KD_CORRUPT, "note at byte %zu: its name has no end",
				       at);
		status = add_note(dump, &note, err);
		if (status)
			return status;
	}
	return KD_OK;
}
