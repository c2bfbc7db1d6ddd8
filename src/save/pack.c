/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "save/pack.h"

#include <string.h>

#include "dump/reader.h"
#include "host/system.h"
#include "save/zero.h"

/*
 * How much is read at once: as much as stays in a core's second-level cache until it is compressed, and
 * enough that the system call costs nothing beside the copy.
 */
enum { READ_BYTES = 256 << 10 };

static size_t read_bytes(size_t page_bytes)
{
	return page_bytes > READ_BYTES ? page_bytes : READ_BYTES;
}

size_t kd_pack_input(size_t page_bytes)
{
	return read_bytes(page_bytes) + page_bytes;
}

size_t kd_pack_room(const struct kd_codec *codec, uint64_t page_bytes, unsigned int pages)
{
	/* a page is stored as it is when it does not get smaller, but codecs want room to find out */
	return pages * (size_t)page_bytes + codec->bound((size_t)page_bytes);
}

/* Whether an earlier page has the same bytes: then the data are that one's. */
static bool repeats_page(struct kd_packer *packer, struct kd_window *window, unsigned int page,
			 const uint8_t *data)
{
	int earlier = kd_repeats_find(&packer->repeats, data, page);

	if (earlier == KD_NOT_REPEATED)
		return false;
	window->packed[page] = window->packed[earlier];
	window->packed[page].state = KD_PACKED_REPEAT;
	return true;
}

static void pack_page(struct kd_packer *packer, struct kd_window *window, unsigned int page,
		      const uint8_t *data)
{
	struct kd_packed *packed = &window->packed[page];
	size_t page_bytes = (size_t)packer->page_bytes, bytes = 0;
	uint8_t *out = window->out + window->out_bytes;
	uint64_t paddr = (window->first_pfn + page) * packer->page_bytes;

	if (packer->erasures && kd_erasures_touch(packer->erasures, paddr, page_bytes)) {
		/* what was read in place is the source's own */
		uint8_t *copy = packer->input + read_bytes(page_bytes);

		memcpy(copy, data, page_bytes);
		kd_erasures_apply(packer->erasures, paddr, copy, page_bytes);
		data = copy;
	}
	if (packer->packing == KD_PACK_IN_PLACES)
		window->out_bytes += page_bytes;
	if (kd_is_zero(data, page_bytes)) {
		packed->state = KD_PACKED_ZERO;
		return;
	}
	if (packer->encoder && repeats_page(packer, window, page, data))
		return;
	if (packer->encoder)
		bytes = packer->codec->compress(packer->encoder, data, page_bytes, out,
						packer->codec->bound(page_bytes));
	packed->flags = (uint8_t)packer->codec->flag;
	if (!bytes || bytes >= page_bytes) {
		bytes = page_bytes;
		packed->flags = KD_CODEC_STORED;
		if (data != out)
			memmove(out, data, bytes);
	}
	packed->state = KD_PACKED_DATA;
	packed->at = (uint32_t)(out - window->out);
	packed->bytes = (uint32_t)bytes;
	if (packer->packing == KD_PACK_TIGHT)
		window->out_bytes += bytes;
}

static void give_up_page(struct kd_packer *packer, struct kd_window *window, unsigned int page)
{
	window->packed[page].state = KD_PACKED_UNREADABLE;
	if (packer->packing == KD_PACK_IN_PLACES)
		window->out_bytes += packer->page_bytes;
}

/*
 * A page of which the dump does not have all bytes together: pieced together, zero where there was no RAM
 * or nothing was saved. KD_SYSTEM and so on where bytes that should be there cannot be read.
 */
static enum kd_status gather_page(struct kd_packer *packer, uint64_t paddr, uint8_t *to)
{
	size_t done = 0;

	memset(to, 0, packer->page_bytes);
	while (done < packer->page_bytes) {
		const uint8_t *data;
		size_t bytes;
		enum kd_status status =
			kd_reader_stream(packer->reader, paddr + done, packer->page_bytes - done,
					 to + done, &data, &bytes, NULL);

		if (status == KD_HOLE || status == KD_EXCLUDED) {
			done++; /* seldom, and never long: segments begin and end here */
			continue;
		}
		if (status)
			return status;
		if (data != to + done)
			memcpy(to + done, data, bytes);
		done += bytes;
	}
	return KD_OK;
}

/* Packs pages of a run, at least one; returns how many. */
static unsigned int pack_some(struct kd_packer *packer, struct kd_window *window, unsigned int page,
			      unsigned int end)
{
	uint64_t paddr = (window->first_pfn + page) * packer->page_bytes;
	size_t want = (end - page) * (size_t)packer->page_bytes, bytes = 0;
	bool direct = !packer->encoder; /* what is stored as it is, is read to where it goes */
	uint8_t *buffer = direct ? window->out + window->out_bytes : packer->input;
	uint64_t start = kd_monotonic_ns(), read;
	const uint8_t *data = NULL;
	unsigned int count;
	enum kd_status status;

	if (want > read_bytes((size_t)packer->page_bytes))
		want = read_bytes((size_t)packer->page_bytes);
	status = kd_reader_stream(packer->reader, paddr, want, buffer, &data, &bytes, NULL);
	read = kd_monotonic_ns();
	packer->read_ns += read - start;
	count = (unsigned int)(bytes / packer->page_bytes);
	if (status || !count) {
		if (gather_page(packer, paddr, packer->input))
			give_up_page(packer, window, page);
		else
			pack_page(packer, window, page, packer->input);
		return 1;
	}
	for (unsigned int i = 0; i < count; i++)
		pack_page(packer, window, page + i, data + i * packer->page_bytes);
	packer->pack_ns += kd_monotonic_ns() - read;
	return count;
}

void kd_pack_window(struct kd_packer *packer, struct kd_window *window)
{
	unsigned int page = 0;

	window->out_bytes = 0;
	kd_repeats_begin(&packer->repeats);
	for (;;) {
		unsigned int end;

		page = kd_set_next(&window->now, page, window->pages, true);
		if (page == window->pages)
			break;
		end = kd_set_next(&window->now, page, window->pages, false);
		while (window->lost && page < end)
			give_up_page(packer, window, page++);
		while (page < end)
			page += pack_some(packer, window, page, end);
	}
}
