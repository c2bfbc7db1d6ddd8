/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The sample of each kind is a reservoir (Vitter's algorithm R), so that one walk over the flags suffices; its
 * pages are read afterwards in order of their addresses. The generator is seeded alike each time: the same
 * memory gives the same answer.
 */
#include "advise/dump_size.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "advise/live_pages.h"
#include "base/bytes.h"
#include "codec/codec.h"
#include "dump/dump.h"
#include "host/file.h"
#include "host/system.h"
#include "load/iomem.h"

enum {
	PAGE_BYTES = 4096,
	SAMPLE_PAGES = 1024,     /* of each kind: some per cent of error, and no second of work */
	MOST_PAGES = 16 << 20,   /* whose flags are looked at: 64 GiB */
	DESCRIPTOR_BYTES = 24,   /* docs/format-kdump.md */
	HEADER_BYTES = 64 << 10, /* headers, VMCOREINFO, notes of some CPUs */
	DISK_CHUNK_BYTES = 4 << 20,
	DISK_CHUNKS = 8,
	DISK_ASSUMED = 100 << 20,
	ASSUMED_STORED_BYTES = PAGE_BYTES / 2,
	ASSUMED_PACK_NS = 20000,
	SECOND_NS = 1000000000,
};

struct reservoir {
	uint64_t pages; /* seen of this kind */
	uint64_t *pfns; /* SAMPLE_PAGES */
};

struct survey {
	struct reservoir kinds[KD_PAGE_KINDS];
	uint64_t random;
	uint64_t last_pfn;
};

/* xorshift64* (Marsaglia, Vigna) */
static uint64_t next_random(uint64_t *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return *state * UINT64_C(0x2545f4914f6cdd1d);
}

static void take_pages(void *opaque, uint64_t pfn, unsigned int count, const uint8_t *kinds)
{
	struct survey *survey = opaque;

	for (unsigned int i = 0; i < count; i++) {
		struct reservoir *kind = &survey->kinds[kinds[i]];
		uint64_t place = kind->pages++;

		if (place >= SAMPLE_PAGES)
			place = next_random(&survey->random) % kind->pages;
		if (place < SAMPLE_PAGES)
			kind->pfns[place] = pfn + i;
	}
}

static int compare_pfns(const void *a, const void *b)
{
	uint64_t one = *(const uint64_t *)a, other = *(const uint64_t *)b;

	return (one > other) - (one < other);
}

/* What a sample is read with and packed by. */
struct packer {
	struct kd_dump *dump;
	const struct kd_codec *codec;
	void *encoder; /* NULL: nothing is compressed */
	uint8_t page[PAGE_BYTES];
	uint8_t *out;
	uint64_t pack_ns, zero_ns, packed, tested;
};

static bool is_zero(const uint8_t *page)
{
	return !page[0] && !memcmp(page, page + 1, PAGE_BYTES - 1);
}

/* Bytes that the page in packer->page takes. */
static size_t pack(struct packer *packer)
{
	uint64_t start = kd_monotonic_ns(), tested;
	bool zero = is_zero(packer->page);
	size_t bytes = 0;

	tested = kd_monotonic_ns();
	packer->zero_ns += tested - start;
	packer->tested++;
	if (zero)
		return 0;
	if (packer->encoder)
		bytes = packer->codec->compress(packer->encoder, packer->page, PAGE_BYTES,
						packer->out, packer->codec->bound(PAGE_BYTES));
	packer->pack_ns += kd_monotonic_ns() - tested;
	packer->packed++;
	return bytes && bytes < PAGE_BYTES ? bytes : PAGE_BYTES;
}

static void sample_kind(struct packer *packer, const struct reservoir *reservoir,
			struct kd_kind_sample *kind)
{
	uint64_t count = reservoir->pages < SAMPLE_PAGES ? reservoir->pages : SAMPLE_PAGES;
	uint64_t zeros = 0, bytes = 0;

	qsort(reservoir->pfns, count, sizeof(*reservoir->pfns), compare_pfns);
	for (uint64_t i = 0; i < count; i++) {
		size_t stored;

		if (kd_dump_read(packer->dump, reservoir->pfns[i] * PAGE_BYTES, packer->page,
				 PAGE_BYTES, NULL))
			continue;
		stored = pack(packer);
		kind->read++;
		zeros += !stored;
		bytes += stored;
	}
	if (!kind->read)
		return;
	kind->zero_share = (double)zeros / (double)kind->read;
	if (kind->read > zeros)
		kind->stored_bytes = (double)bytes / (double)(kind->read - zeros);
}

static enum kd_status packer_init(struct packer *packer, const struct kd_paths *paths,
				  const struct kd_config *config, struct kd_err *err)
{
	const struct kd_dump_options how = {0};
	char path[PATH_MAX];
	int level;
	enum kd_status status = kd_codec_parse(config->dump_codec, &packer->codec, &level, err);
	size_t bytes;

	if (!status)
		status =
			kd_dump_open(kd_path(path, paths->proc, "kcore"), &how, &packer->dump, err);
	if (status || config->dump_format == KD_DUMP_ELF)
		return status;
	bytes = (size_t)kd_round_up(packer->codec->encoder_bytes(level, PAGE_BYTES), 64);
	packer->encoder = bytes ? aligned_alloc(64, bytes) : NULL;
	packer->out = malloc(packer->codec->bound(PAGE_BYTES));
	if ((bytes && !packer->encoder) || !packer->out)
		return kd_fail_errno(err, ENOMEM, "sample");
	if (!packer->encoder)
		return KD_OK;
	status = packer->codec->encoder_init(packer->encoder, level, PAGE_BYTES, err);
	if (status) {
		free(packer->encoder);
		packer->encoder = NULL;
	}
	return status;
}

static void packer_deinit(struct packer *packer)
{
	if (packer->encoder)
		packer->codec->encoder_deinit(packer->encoder);
	free(packer->encoder);
	free(packer->out);
	kd_dump_close(packer->dump);
}

/* Without contents: no page is zero but free ones (which are not looked at either), all compress by half. */
static void assume(struct kd_dump_size *size)
{
	for (int i = 0; i < KD_PAGE_KINDS; i++)
		size->kinds[i].stored_bytes =
			size->format == KD_DUMP_ELF ? PAGE_BYTES : ASSUMED_STORED_BYTES;
	size->pack_ns = ASSUMED_PACK_NS;
}

static void sample(struct survey *survey, const struct kd_paths *paths,
		   const struct kd_config *config, struct kd_dump_size *size)
{
	struct packer packer = {0};
	struct kd_err err = {0};

	if (packer_init(&packer, paths, config, &err)) {
		memcpy(size->why_not, err.text, sizeof(size->why_not));
		packer_deinit(&packer);
		return;
	}
	for (int i = 0; i < KD_PAGE_KINDS; i++)
		if (!(KD_KINDS_UNREADABLE & KD_KIND(i)))
			sample_kind(&packer, &survey->kinds[i], &size->kinds[i]);
	size->sampled = packer.tested > 0;
	if (packer.tested)
		size->zero_ns = (double)packer.zero_ns / (double)packer.tested;
	if (packer.packed)
		size->pack_ns = (double)packer.pack_ns / (double)packer.packed;
	packer_deinit(&packer);
}

/* How fast the disk reads, past every cache: it is taken to write as fast. */
static void measure_disk(const struct kd_paths *paths, struct kd_dump_size *size)
{
	KD_CLEANUP_FREE void *buffer = aligned_alloc(PAGE_BYTES, DISK_CHUNK_BYTES);
	char path[PATH_MAX];
	KD_CLEANUP_CLOSE int fd =
		open(kd_path(path, paths->dev, "%s", size->disk), O_RDONLY | O_DIRECT | O_CLOEXEC);
	off_t end = fd < 0 ? 0 : lseek(fd, 0, SEEK_END);
	uint64_t start = kd_monotonic_ns(), took, done = 0;

	if (!buffer || end < (off_t)DISK_CHUNKS * DISK_CHUNK_BYTES)
		return;
	for (int i = 0; i < DISK_CHUNKS; i++) {
		ssize_t got =
			pread(fd, buffer, DISK_CHUNK_BYTES, end / 2 + (off_t)i * DISK_CHUNK_BYTES);

		if (got <= 0)
			return;
		done += (uint64_t)got;
		if (kd_monotonic_ns() - start > SECOND_NS)
			break;
	}
	took = kd_monotonic_ns() - start;
	if (!took)
		return;
	size->disk_bytes_per_s = (double)done * SECOND_NS / (double)took;
	size->disk_measured = true;
}

static enum kd_status survey_init(struct survey *survey, struct kd_err *err)
{
	survey->random = UINT64_C(0x9e3779b97f4a7c15);
	for (int i = 0; i < KD_PAGE_KINDS; i++) {
		survey->kinds[i].pfns = calloc(SAMPLE_PAGES, sizeof(uint64_t));
		if (!survey->kinds[i].pfns)
			return kd_fail_errno(err, ENOMEM, "sample");
	}
	return KD_OK;
}

static void survey_deinit(struct survey *survey)
{
	for (int i = 0; i < KD_PAGE_KINDS; i++)
		free(survey->kinds[i].pfns);
}

static enum kd_status look_at_pages(struct survey *survey, const struct kd_paths *paths,
				    struct kd_dump_size *size, struct kd_err *err)
{
	struct kd_memory_map ram = {0};
	struct kd_iomem iomem = {0};
	uint64_t seen = 0, all = 0;
	enum kd_status status = kd_iomem_read(paths, &iomem, err);

	if (!status)
		status = kd_memory_map_old(&iomem, &ram, err);
	if (!status)
		status = kd_live_pages(paths, &ram, MOST_PAGES, take_pages, survey, &seen, &all,
				       err);
	for (int i = 0; !status && i < KD_PAGE_KINDS; i++)
		size->kinds[i].pages = seen ? (uint64_t)((double)survey->kinds[i].pages *
							 (double)all / (double)seen)
					    : 0;
	if (!status && ram.count)
		size->last_pfn =
			(ram.ranges[ram.count - 1].start + ram.ranges[ram.count - 1].bytes) /
			PAGE_BYTES;
	kd_memory_map_deinit(&ram);
	kd_iomem_deinit(&iomem);
	return status;
}

enum kd_status kd_dump_size_measure(const struct kd_paths *paths, const struct kd_config *config,
				    const char *block, struct kd_dump_size *size,
				    struct kd_err *err)
{
	struct kd_dump_size made = {
		.format = config->dump_format,
		.cpus = config->cpus ? config->cpus : 1,
		.disk_bytes_per_s = DISK_ASSUMED,
	};
	struct survey survey = {0};
	enum kd_status status = survey_init(&survey, err);

	assume(&made);
	if (!status)
		status = look_at_pages(&survey, paths, &made, err);
	if (!status) {
		sample(&survey, paths, config, &made);
		if (block && strlen(block) < sizeof(made.disk)) {
			strcpy(made.disk, block);
			measure_disk(paths, &made);
		}
		*size = made;
	}
	survey_deinit(&survey);
	return status;
}

/* Headers and the two bitmaps, which the format has whatever is kept. */
static double overhead(const struct kd_dump_size *size)
{
	if (size->format == KD_DUMP_ELF)
		return HEADER_BYTES;
	return HEADER_BYTES + 2.0 * (double)kd_round_up(size->last_pfn / 8 + 1, PAGE_BYTES);
}

struct kd_level_size kd_dump_size_at(const struct kd_dump_size *size, unsigned int level)
{
	uint32_t out = kd_level_kinds(level) | KD_KINDS_UNREADABLE | KD_KIND(KD_PAGE_ABSENT);
	bool zeros_out = out & KD_KIND(KD_PAGE_ZERO);
	double pages = 0, zeros = 0, bytes = overhead(size), pack_s, disk_s;
	struct kd_level_size at;

	for (int i = 0; i < KD_PAGE_KINDS; i++) {
		const struct kd_kind_sample *kind = &size->kinds[i];
		double count = out & KD_KIND(i) ? 0 : (double)kind->pages;

		pages += count;
		zeros += count * kind->zero_share;
		bytes += count * (1 - kind->zero_share) * kind->stored_bytes;
	}
	if (size->format == KD_DUMP_KDUMP)
		bytes += (zeros_out ? pages - zeros : pages) * DESCRIPTOR_BYTES;
	pack_s = (pages * size->zero_ns + (pages - zeros) * size->pack_ns) / size->cpus / SECOND_NS;
	disk_s = bytes / size->disk_bytes_per_s;
	at = (struct kd_level_size){
		.pages = (uint64_t)(zeros_out ? pages - zeros : pages),
		.zero_pages = (uint64_t)(zeros_out ? 0 : zeros),
		.disk_bytes = (uint64_t)bytes,
		/* the disk works while pages are packed */
		.seconds = pack_s > disk_s ? pack_s : disk_s,
	};
	return at;
}

unsigned int kd_dump_size_fits(const struct kd_dump_size *size, const unsigned int levels[],
			       unsigned int count, uint64_t free_bytes)
{
	unsigned int i = 0;

	while (i < count && kd_dump_size_at(size, levels[i]).disk_bytes > free_bytes)
		i++;
	return i;
}
