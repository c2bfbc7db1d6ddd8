/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The lockless ring buffer of printk, kernel 5.10 on (commit 896fbe20b4e2, "printk: use the lockless
 * ringbuffer"; kernel/printk/printk_ringbuffer.c).
 *
 * Three arrays. Descriptors, a power of two of them, are reused in turn: descriptor ID lives in element
 * ID modulo the count. Its state_var holds the ID and, in the top two bits, how far its writer
 * got; only committed (1) and finalized (2) records can be read. The infos array holds time, level
 * and length at the same index. Text lies in the data ring: begin and next are logical positions that
 * grow for ever, taken modulo its size; a block starts with the ID of its descriptor, and one that
 * would cross the end of the ring starts again at offset 0 (its begin is then left behind in the lap
 * before). Positions with bit 0 set mean that there is no text.
 *
 * The records alive are those from tail_id to head_id. A panic may interrupt a writer anywhere:
 * a reserved record is skipped and counted. All of it is hostile: the walk ends after as many steps
 * as there are descriptors, and a text never reaches outside its block.
 */
#include <string.h>

#include "base/bytes.h"
#include "kernel/log_layout.h"

enum { STATE_COMMITTED = 1, STATE_FINALIZED = 2, WORD = 8, STATE_SHIFT = 62, BITS_LIMIT = 31 };
enum { DESC_BYTES = 256, INFO_BYTES = 1024, INFO_TAIL_BYTES = 4 };

#define ID_MASK    ((UINT64_C(1) << STATE_SHIFT) - 1)
#define CALLER_CPU UINT32_C(0x80000000) /* printk_caller_id(), kernel/printk/printk.c */

struct layout {
	uint64_t desc_ring, text_ring;
	uint64_t count_bits, descs, infos, head_id, tail_id;
	uint64_t desc_bytes, state_var, lpos, begin, next;
	uint64_t info_bytes, seq, ts_nsec, text_len, caller_id;
	uint64_t size_bits, data;
	/* of struct dev_printk_info, in the info */
	uint64_t dev_info, subsystem, device;
	bool has_device;
};

#define OFFSET(name, field)                                                                        \
	{                                                                                          \
		name, false, offsetof(struct layout, field)                                        \
	}
#define SIZE(name, field)                                                                          \
	{                                                                                          \
		name, true, offsetof(struct layout, field)                                         \
	}

static const struct kd_klog_field fields[] = {
	OFFSET("printk_ringbuffer.desc_ring", desc_ring),
	OFFSET("printk_ringbuffer.text_data_ring", text_ring),
	OFFSET("prb_desc_ring.count_bits", count_bits),
	OFFSET("prb_desc_ring.descs", descs),
	OFFSET("prb_desc_ring.infos", infos),
	OFFSET("prb_desc_ring.head_id", head_id),
	OFFSET("prb_desc_ring.tail_id", tail_id),
	SIZE("prb_desc", desc_bytes),
	OFFSET("prb_desc.state_var", state_var),
	OFFSET("prb_desc.text_blk_lpos", lpos),
	OFFSET("prb_data_blk_lpos.begin", begin),
	OFFSET("prb_data_blk_lpos.next", next),
	SIZE("printk_info", info_bytes),
	OFFSET("printk_info.seq", seq),
	OFFSET("printk_info.ts_nsec", ts_nsec),
	OFFSET("printk_info.text_len", text_len),
	OFFSET("printk_info.caller_id", caller_id),
	OFFSET("prb_data_ring.size_bits", size_bits),
	OFFSET("prb_data_ring.data", data),
};

/* What a record may lack. */
static const struct kd_klog_field device_fields[] = {
	OFFSET("printk_info.dev_info", dev_info),
	OFFSET("dev_printk_info.subsystem", subsystem),
	OFFSET("dev_printk_info.device", device),
};

struct ring {
	struct kd_kernel *kernel;
	struct layout at;
	uint64_t descs, infos, data; /* virtual addresses */
	uint64_t desc_mask;          /* count - 1 */
	uint64_t data_bytes;
	uint64_t tail_id, head_id;
	char *text;
};

static uint64_t word_at(const uint8_t *bytes, uint64_t offset, size_t width)
{
	struct kd_bytes reader = kd_bytes(bytes + offset, width);

	return width == 2   ? kd_bytes_u16(&reader)
	       : width == 4 ? kd_bytes_u32(&reader)
			    : kd_bytes_u64(&reader);
}

/* Every field lies in the buffers that are read at once. */
static enum kd_status check_layout(const struct layout *at, struct kd_err *err)
{
	if (at->desc_bytes > DESC_BYTES || at->info_bytes > INFO_BYTES ||
	    at->state_var + WORD > at->desc_bytes || at->lpos + at->begin + WORD > at->desc_bytes ||
	    at->lpos + at->next + WORD > at->desc_bytes || at->seq + WORD > at->info_bytes ||
	    at->ts_nsec + WORD > at->info_bytes ||
	    at->text_len + INFO_TAIL_BYTES > at->info_bytes || at->caller_id + 4 > at->info_bytes)
		return kd_fail(err, KD_CORRUPT, "a field lies outside its structure");
	return KD_OK;
}

static enum kd_status open_ring(struct ring *ring, struct kd_err *err)
{
	const struct layout *at = &ring->at;
	uint64_t prb, desc_bits, size_bits;
	enum kd_status status;

	status = kd_klog_fields(ring->kernel, fields, sizeof(fields) / sizeof(*fields), &ring->at,
				err);
	if (!status)
		status = check_layout(at, err);
	ring->at.has_device =
		!status &&
		!kd_klog_fields(ring->kernel, device_fields,
				sizeof(device_fields) / sizeof(*device_fields), &ring->at, NULL) &&
		at->dev_info + at->subsystem + KD_KLOG_SUBSYSTEM_BYTES <= at->info_bytes &&
		at->dev_info + at->device + KD_KLOG_DEVICE_BYTES <= at->info_bytes;
	/* prb points to the static ring, or to the larger one that log_buf_len= asked for */
	if (!status)
		status = kd_vmcoreinfo_symbol(kd_kernel_vmcoreinfo(ring->kernel), "prb", &prb, err);
	if (!status)
		status = kd_klog_number(ring->kernel, prb, WORD, &prb, err);
	if (status)
		return status;

	const struct {
		uint64_t vaddr;
		size_t bytes;
		uint64_t *value;
	} wanted[] = {
		{prb + at->desc_ring + at->count_bits, 4, &desc_bits},
		{prb + at->desc_ring + at->descs, WORD, &ring->descs},
		{prb + at->desc_ring + at->infos, WORD, &ring->infos},
		{prb + at->desc_ring + at->head_id, WORD, &ring->head_id},
		{prb + at->desc_ring + at->tail_id, WORD, &ring->tail_id},
		{prb + at->text_ring + at->size_bits, 4, &size_bits},
		{prb + at->text_ring + at->data, WORD, &ring->data},
	};
	for (size_t i = 0; i < sizeof(wanted) / sizeof(*wanted); i++) {
		status = kd_klog_number(ring->kernel, wanted[i].vaddr, wanted[i].bytes,
					wanted[i].value, err);
		if (status)
			return status;
	}
	if (desc_bits > BITS_LIMIT || size_bits > BITS_LIMIT)
		return kd_fail(err, KD_CORRUPT, "2^%llu descriptors, 2^%llu bytes of text",
			       (unsigned long long)desc_bits, (unsigned long long)size_bits);
	ring->desc_mask = (UINT64_C(1) << desc_bits) - 1;
	ring->data_bytes = UINT64_C(1) << size_bits;
	ring->head_id &= ID_MASK;
	ring->tail_id &= ID_MASK;
	return KD_OK;
}

/*
 * Finds and reads the text of a block; *record gets what there is of it. False when the positions make
 * no sense.
 */
static bool read_text(struct ring *ring, uint64_t id, uint64_t begin, uint64_t next,
		      uint64_t text_len, struct kd_klog_record *record)
{
	uint64_t begin_lap = begin / ring->data_bytes, next_lap = next / ring->data_bytes;
	uint64_t start = begin & (ring->data_bytes - 1), end = next & (ring->data_bytes - 1);
	uint64_t owner;

	record->text = ring->text;
	record->text_bytes = 0;
	if (begin & 1 && next & 1) /* FAILED_LPOS (no room) or NO_LPOS (an empty line) */
		return true;
	if (next_lap == begin_lap + 1 && end)
		start = 0; /* it did not fit in the end of the ring */
	else if (next_lap == begin_lap + 1)
		end = ring->data_bytes;
	else if (next_lap != begin_lap)
		return false;
	if (start % WORD || end % WORD || end < start + WORD)
		return false;
	if (kd_klog_number(ring->kernel, ring->data + start, WORD, &owner, NULL) || owner != id)
		return false;
	start += WORD;
	if (text_len > end - start) {
		text_len = end - start;
		record->truncated = true;
	}
	if (kd_kernel_read(ring->kernel, ring->data + start, ring->text, text_len, NULL))
		return false;
	record->text_bytes = text_len;
	return true;
}

static void copy_device(const struct layout *at, const uint8_t *info, struct kd_klog_record *record)
{
	if (!at->has_device)
		return;
	kd_klog_copy(record->subsystem, sizeof(record->subsystem),
		     info + at->dev_info + at->subsystem, KD_KLOG_SUBSYSTEM_BYTES);
	kd_klog_copy(record->device, sizeof(record->device), info + at->dev_info + at->device,
		     KD_KLOG_DEVICE_BYTES);
}

enum outcome { READ, UNFINISHED, GONE, DAMAGED };

static enum outcome read_record(struct ring *ring, uint64_t id, struct kd_klog_record *record)
{
	const struct layout *at = &ring->at;
	uint64_t index = id & ring->desc_mask;
	uint8_t desc[DESC_BYTES], info[INFO_BYTES];
	uint64_t state_var, state;
	uint8_t flags;

	if (kd_kernel_read(ring->kernel, ring->descs + index * at->desc_bytes, desc, at->desc_bytes,
			   NULL) ||
	    kd_kernel_read(ring->kernel, ring->infos + index * at->info_bytes, info, at->info_bytes,
			   NULL))
		return DAMAGED;
	state_var = word_at(desc, at->state_var, WORD);
	state = state_var >> STATE_SHIFT;
	if ((state_var & ID_MASK) != id)
		return GONE;
	if (state != STATE_COMMITTED && state != STATE_FINALIZED)
		return state ? GONE : UNFINISHED;
	/*
	 * VMCOREINFO does not name facility, flags and level; they have always been the two bytes
	 * after text_len: facility, then 5 bits of flags and 3 of level.
	 */
	flags = info[at->text_len + 3];
	*record = (struct kd_klog_record){
		.sequence = word_at(info, at->seq, WORD),
		.time_ns = word_at(info, at->ts_nsec, WORD),
		.facility = info[at->text_len + 2],
		.level = flags >> 5,
		.continuation = flags & KD_KLOG_CONT,
		.has_caller = true,
	};
	record->caller = (uint32_t)word_at(info, at->caller_id, 4);
	record->caller_is_cpu = record->caller & CALLER_CPU;
	record->caller &= ~CALLER_CPU;
	copy_device(at, info, record);
	if (!read_text(ring, id, word_at(desc, at->lpos + at->begin, WORD),
		       word_at(desc, at->lpos + at->next, WORD), word_at(info, at->text_len, 2),
		       record))
		return DAMAGED;
	return READ;
}

static enum kd_status each(struct kd_kernel *kernel, char *text, kd_klog_visit *visit, void *opaque,
			   struct kd_klog_summary *summary, struct kd_err *err)
{
	struct ring ring = {.kernel = kernel, .text = text};
	struct kd_klog_record record;
	uint64_t expected = 0, id;
	enum kd_status status = open_ring(&ring, err);

	if (status)
		return status;
	id = ring.tail_id;
	for (uint64_t step = 0; step <= ring.desc_mask; step++, id = (id + 1) & ID_MASK) {
		enum outcome outcome = read_record(&ring, id, &record);

		summary->unfinished += outcome == UNFINISHED;
		summary->damaged += outcome == DAMAGED;
		if (outcome == READ) {
			if (summary->records && record.sequence > expected)
				summary->lost += record.sequence - expected;
			expected = record.sequence + 1;
			summary->records++;
			if (!visit(opaque, &record))
				break;
		}
		if (id == ring.head_id)
			break;
	}
	return KD_OK;
}

const struct kd_klog_layout kd_klog_ring = {.symbol = "prb", .each = each};
