/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Taking crashes in from raw devices and pstore, and the last words that end up there. */
#include "test.h"

#include <dirent.h>
#include <fcntl.h>
#include <jansson.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "capture/last_words.h"
#include "crashes/collect.h"
#include "crashes/crash.h"
#include "crashes/raw.h"
#include "crashes/record.h"
#include "host/file.h"
#include "host/paths.h"

#define DUMP_BYTES ((size_t)300 << 10)
#define LOG_TEXT   "[    1.0] it fell\n"
#define REPORT     "{\"sentence\": \"It fell.\", \"signature\": \"abcd\"}"
#define TIME_S     UINT64_C(1700000000)
#define NAME       "web_1-2023-11-14T22-13-20Z"

static char top[PATH_MAX];

static int set_up(void **state)
{
	snprintf(top, sizeof(top), "/tmp/kdump-collect-XXXXXX");
	return mkdtemp(top) ? 0 : -1;
}

static int tear_down(void **state)
{
	char command[PATH_MAX + 16];

	snprintf(command, sizeof(command), "rm -rf '%s'", top);
	return system(command);
}

static const char *in_top(const char *name)
{
	static char paths[4][PATH_MAX];
	static unsigned int next;

	return kd_path(paths[next++ % 4], top, "%s", name);
}

static char *read_text(const char *name)
{
	size_t bytes;
	char *text;

	assert_int_equal(kd_file_read(in_top(name), 64 << 20, &text, &bytes, NULL), KD_OK);
	return text;
}

static bool is_there(const char *name)
{
	return !access(in_top(name), F_OK);
}

static void put(const char *name, const void *data, size_t bytes)
{
	char folder[PATH_MAX];

	snprintf(folder, sizeof(folder), "%s", in_top(name));
	*strrchr(folder, '/') = '\0';
	assert_int_equal(kd_make_folders(folder, 0700, NULL), KD_OK);
	assert_int_equal(kd_file_replace(in_top(name), data, bytes, 0600, NULL), KD_OK);
}

static json_t *read_manifest(const char *crash)
{
	char name[PATH_MAX];
	json_t *manifest;

	snprintf(name, sizeof(name), "%s/manifest.json", crash);
	manifest = json_load_file(in_top(name), 0, NULL);
	assert_non_null(manifest);
	return manifest;
}

/* A raw device as the second kernel leaves it; the tests then damage it. */
struct device {
	struct kd_raw_header header;
	uint8_t *dump;
	char manifest[1024];
};

static void seal(struct kd_raw_header *header)
{
	struct kd_sha256 hash;

	kd_sha256_init(&hash);
	kd_sha256_update(&hash, header, offsetof(struct kd_raw_header, digest));
	kd_sha256_final(&hash, header->digest);
}

static void add_part(struct device *device, const char *name, uint64_t offset, uint64_t bytes)
{
	struct kd_raw_part *part = &device->header.parts[device->header.part_count++];

	*part = (struct kd_raw_part){.offset = offset, .bytes = bytes, .whole = 1};
	snprintf(part->name, sizeof(part->name), "%s", name);
}

static void make_device(struct device *device)
{
	char digest[KD_SHA256_TEXT_BYTES];
	uint8_t binary[KD_SHA256_BYTES];
	struct kd_sha256 hash;

	*device = (struct device){.header = {.magic = KD_RAW_MAGIC,
					     .version = KD_RAW_VERSION,
					     .state = KD_RAW_ENDED,
					     .capture_time_s = TIME_S,
					     .host = "web/1"}};
	device->dump = calloc(1, DUMP_BYTES); /* with a hole in it */
	for (size_t i = 0; i < DUMP_BYTES / 3; i++)
		device->dump[i] = device->dump[DUMP_BYTES - 1 - i] = (uint8_t)(i * 7 + 1);
	kd_sha256_init(&hash);
	kd_sha256_update(&hash, device->dump, DUMP_BYTES);
	kd_sha256_final(&hash, binary);
	kd_sha256_text(binary, digest);
	snprintf(
		device->manifest, sizeof(device->manifest),
		"{\"version\": 2, \"complete\": true, \"reason\": null, \"host\": \"web/1\","
		" \"crash_time\": 1699999999, \"files\": {\"vmcore\": {\"bytes\": %zu, \"complete\": true,"
		" \"sha256\": \"%s\"}, \"dmesg.txt\": {\"bytes\": %zu, \"complete\": true, \"sha256\": null}}}",
		DUMP_BYTES, digest, strlen(LOG_TEXT));
	add_part(device, "dmesg.txt", 4096, strlen(LOG_TEXT));
	add_part(device, "report.json", 8192, strlen(REPORT));
	add_part(device, "vmcore", KD_RAW_DUMP_OFFSET, DUMP_BYTES);
	add_part(device, "manifest.json", 12288, strlen(device->manifest));
	seal(&device->header);
}

static void write_device(const struct device *device)
{
	int fd = open(in_top("disk"), O_RDWR | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, 65 << 20), 0);
	assert_true(pwrite(fd, &device->header, sizeof(device->header), 0) > 0);
	assert_true(pwrite(fd, LOG_TEXT, strlen(LOG_TEXT), 4096) > 0);
	assert_true(pwrite(fd, REPORT, strlen(REPORT), 8192) > 0);
	assert_true(pwrite(fd, device->manifest, strlen(device->manifest), 12288) > 0);
	assert_int_equal(pwrite(fd, device->dump, DUMP_BYTES, KD_RAW_DUMP_OFFSET), DUMP_BYTES);
	close(fd);
	free(device->dump);
}

static enum kd_status collect(bool keep, struct kd_collected *collected, struct kd_err *err)
{
	return kd_collect_raw(in_top("disk"), in_top("crash"), keep, NULL, collected, err);
}

static struct kd_crashes list(void)
{
	struct kd_crashes crashes;

	assert_int_equal(kd_crashes_read(in_top("crash"), true, &crashes, NULL), KD_OK);
	return crashes;
}

static void test_takes_a_raw_crash(void **state)
{
	struct kd_collected collected;
	struct kd_crashes crashes;
	struct device device;
	struct stat st;
	struct kd_err err;
	json_t *manifest;
	char *log;

	make_device(&device);
	write_device(&device);
	assert_int_equal(collect(true, &collected, &err), KD_OK);
	assert_string_equal(collected.folder, NAME);
	assert_false(collected.before);
	crashes = list();
	assert_int_equal(crashes.count, 1);
	assert_int_equal(crashes.other_count, 0);
	assert_true(crashes.items[0].complete);
	assert_string_equal(crashes.items[0].sentence, "It fell.");
	kd_crashes_deinit(&crashes);
	log = read_text("crash/" NAME "/dmesg.txt");
	assert_string_equal(log, LOG_TEXT);
	free(log);
	assert_int_equal(stat(in_top("crash/" NAME "/vmcore"), &st), 0);
	assert_int_equal(st.st_size, DUMP_BYTES);
	assert_int_equal(stat(in_top("crash/" NAME), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
	manifest = read_manifest("crash/" NAME);
	assert_non_null(json_object_get(json_object_get(manifest, "collected"), "id"));
	json_decref(manifest);

	/* again: the device is not marked, but the folder is known; then it is marked */
	assert_int_equal(collect(false, &collected, &err), KD_OK);
	assert_true(collected.before);
	assert_int_equal(collect(false, &collected, &err), KD_NOTFOUND);
	assert_non_null(strstr(err.text, "taken in already"));
	crashes = list();
	assert_int_equal(crashes.count, 1);
	kd_crashes_deinit(&crashes);
}

static void test_a_crash_of_the_same_second_gets_another_name(void **state)
{
	struct kd_collected collected;
	struct device device;

	make_device(&device);
	write_device(&device);
	put("crash/" NAME "/manifest.json", "{", 1);
	assert_int_equal(collect(false, &collected, NULL), KD_OK);
	assert_string_equal(collected.folder, NAME "-2");
}

/* What an interrupted run left is no crash, and does not stop the next one. */
static void test_begins_again(void **state)
{
	struct kd_collected collected;
	struct kd_crashes crashes;
	struct device device;

	make_device(&device);
	write_device(&device);
	put("crash/.kdump-collect/vmcore", "half", 4);
	assert_int_equal(collect(false, &collected, NULL), KD_OK);
	crashes = list();
	assert_int_equal(crashes.count, 1);
	assert_int_equal(crashes.other_count, 0);
	assert_true(crashes.items[0].complete);
	kd_crashes_deinit(&crashes);
	/* a stranger's file in it is not removed, and nothing is made of it */
	make_device(&device);
	write_device(&device);
	put("crash/.kdump-collect/mine", "kept", 4);
	assert_int_not_equal(collect(false, &collected, NULL), KD_OK);
	assert_true(is_there("crash/.kdump-collect/mine"));
}

static void damage_dump(struct device *device)
{
	device->dump[1000] ^= 1;
}

static void cut_dump(struct device *device)
{
	device->header.parts[2].whole = 0;
	device->header.parts[2].bytes = 4096;
}

static void lose_length(struct device *device)
{
	device->header.parts[2].whole = 0;
	device->header.parts[2].bytes = 0;
	device->header.part_count = 3; /* and no manifest */
	device->header.state = KD_RAW_WRITING;
}

static void other_length(struct device *device)
{
	device->header.parts[2].bytes -= 8;
}

static void break_manifest(struct device *device)
{
	device->manifest[0] = 'x';
}

static void test_incomplete_raw_crashes(void **state)
{
	static const struct {
		void (*damage)(struct device *device);
		const char *reason, *dump;
	} cases[] = {
		{damage_dump, "vmcore: its digest", "vmcore"},
		{cut_dump, "vmcore: was not written to its end", "vmcore.incomplete"},
		{lose_length, "the capture did not end", NULL},
		{other_length, "vmcore: its length", "vmcore"},
		{break_manifest, "the capture did not end", "vmcore"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct kd_collected collected;
		struct kd_crashes crashes;
		char path[PATH_MAX];
		struct device device;

		make_device(&device);
		cases[i].damage(&device);
		seal(&device.header);
		write_device(&device);
		assert_int_equal(collect(false, &collected, NULL), KD_OK);
		crashes = list();
		assert_int_equal(crashes.count, 1);
		assert_false(crashes.items[0].complete);
		if (!strstr(crashes.items[0].reason, cases[i].reason))
			fail_msg("%zu: %s", i, crashes.items[0].reason);
		assert_string_equal(crashes.items[0].sentence, "It fell.");
		snprintf(path, sizeof(path), "crash/" NAME "/%s",
			 cases[i].dump ? cases[i].dump : "vmcore.incomplete");
		assert_int_equal(is_there(path), cases[i].dump != NULL);
		assert_int_equal(kd_crash_remove(in_top("crash"), &crashes.items[0], NULL), KD_OK);
		kd_crashes_deinit(&crashes);
	}
}

static void bad_magic(struct device *device)
{
	device->header.magic[0] = 'k';
}

static void bad_version(struct device *device)
{
	device->header.version = 2;
}

static void bad_state(struct device *device)
{
	device->header.state = 9;
}

static void many_parts(struct device *device)
{
	device->header.part_count = 9;
}

static void climbing_name(struct device *device)
{
	snprintf(device->header.parts[0].name, 32, "../../etc/passwd");
}

static void endless_name(struct device *device)
{
	memset(device->header.parts[0].name, 'v', 32);
}

static void same_name(struct device *device)
{
	snprintf(device->header.parts[0].name, 32, "vmcore");
}

static void far_part(struct device *device)
{
	device->header.parts[2].offset = UINT64_C(1) << 40;
}

static void wrapping_part(struct device *device)
{
	device->header.parts[2].offset = UINT64_MAX - 8;
}

static void part_in_header(struct device *device)
{
	device->header.parts[0].offset = 0;
}

static void test_hostile_headers(void **state)
{
	static const struct {
		void (*damage)(struct device *device);
		enum kd_status status;
	} cases[] = {
		{bad_magic, KD_NOTFOUND},    {bad_version, KD_UNSUPPORTED},
		{bad_state, KD_CORRUPT},     {many_parts, KD_CORRUPT},
		{climbing_name, KD_CORRUPT}, {endless_name, KD_CORRUPT},
		{same_name, KD_CORRUPT},     {far_part, KD_TRUNCATED},
		{wrapping_part, KD_CORRUPT}, {part_in_header, KD_CORRUPT},
	};
	struct kd_collected collected;
	struct kd_raw_crash crash;
	struct device device;

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		make_device(&device);
		cases[i].damage(&device);
		seal(&device.header);
		write_device(&device);
		assert_int_equal(collect(false, &collected, NULL), cases[i].status);
		assert_false(is_there("crash/" NAME));
	}
	/* any byte of the header changed, or the device cut short */
	for (size_t at = 0; at < sizeof(device.header); at += 13) {
		make_device(&device);
		((uint8_t *)&device.header)[at] ^= 0x10;
		write_device(&device);
		assert_int_not_equal(kd_raw_read(in_top("disk"), &crash, NULL), KD_OK);
	}
	for (off_t length = 0; length < KD_RAW_DUMP_OFFSET + 4096; length = length * 3 + 100) {
		make_device(&device);
		write_device(&device);
		assert_int_equal(truncate(in_top("disk"), length), 0);
		assert_int_not_equal(kd_raw_read(in_top("disk"), &crash, NULL), KD_OK);
	}
}

/* Text that deflate cannot make small, and that shows when a piece is out of place. */
static char *noise(size_t bytes)
{
	uint32_t random = 12345;
	char *text = malloc(bytes + 1);

	for (size_t i = 0; i < bytes; i++) {
		random = random * 1664525 + 1013904223;
		text[i] = i % 60 == 59 ? '\n' : (char)(' ' + (random >> 24) % 95);
	}
	text[bytes] = '\0';
	return text;
}

static void make_words(struct kd_last_words *words, const char *summary, const char *log,
		       const char *report)
{
	const char *const texts[KD_RECORD_KINDS] = {summary, log, report};

	for (int kind = 0; kind < KD_RECORD_KINDS; kind++)
		words->texts[kind] = (struct kd_record_source){
			.kind = (enum kd_record_kind)kind,
			.id = TIME_S,
			.text = texts[kind],
			.total_bytes = strlen(texts[kind]),
		};
}

/*
 * What the next boot's kernel makes of the variables: dmesg-efi-ID, with ID as efi_pstore's generic_id() makes it of
 * the name; unpacked, or with .enc.z when it cannot. Checks what that kernel would not take.
 */
static unsigned int boot_again(bool unpacks)
{
	DIR *folder = opendir(in_top("efivars"));
	unsigned int count = 0;
	struct dirent *entry;

	while ((entry = readdir(folder))) {
		unsigned int type, part;
		unsigned long long time_s;
		char name[PATH_MAX], kind, plain[4096], guid[64];
		int serial;
		size_t bytes;
		char *data;

		if (entry->d_name[0] == '.')
			continue;
		assert_int_equal(sscanf(entry->d_name, "dump-type%u-%u-%d-%llu-%c-%63s", &type,
					&part, &serial, &time_s, &kind, guid),
				 6);
		assert_int_equal(type, 0);
		assert_string_equal(guid, "cfc8fc79-be2e-4ddc-97f0-9f98bfe298a0");
		snprintf(name, sizeof(name), "efivars/%s", entry->d_name);
		assert_int_equal(kd_file_read(in_top(name), 65536, &data, &bytes, NULL), KD_OK);
		assert_true(bytes > 4 && bytes <= 4 + 1024);
		assert_memory_equal(data, "\7\0\0\0", 4);
		snprintf(name, sizeof(name), "pstore/dmesg-efi-%llu%s",
			 (time_s * 100 + part) * 1000 + (unsigned int)serial,
			 kind == 'C' && !unpacks ? ".enc.z" : "");
		assert_false(is_there(name)); /* ids are unique */
		if (kind == 'C' && unpacks) {
			size_t length = kd_record_inflate(data + 4, bytes - 4, plain, 1706);

			assert_true(length > 0);
			put(name, plain, length);
		} else {
			put(name, data + 4, bytes - 4);
		}
		free(data);
		count++;
	}
	closedir(folder);
	return count;
}

static void count_collected(void *opaque, const struct kd_collected *collected)
{
	*(unsigned int *)opaque += collected->before ? 100 : 1;
}

static const char summary[] =
	"{\"sentence\": \"It fell.\", \"signature\": \"abcd\", \"host\": \"web/1\", "
	"\"release\": \"6.1\", \"crash_time\": 5, \"why\": \"no such device\"}";

static void round_trip(const char *log, const char *report, bool unpacks)
{
	unsigned int written, collected = 0;
	struct kd_last_words words;
	struct kd_crashes crashes;
	struct kd_err err;

	make_words(&words, summary, log, report);
	assert_int_equal(kd_make_folders(in_top("efivars"), 0700, NULL), KD_OK);
	assert_int_equal(kd_last_words_to_efi(&words, in_top("efivars"), &written, &err), KD_OK);
	assert_int_equal(boot_again(unpacks), written);
	assert_true(written <= KD_LAST_VARIABLES);
	/* of others: stays, and is no record */
	put("pstore/dmesg-efi-1", "Panic#1 Part1\nkdump log x\nkdump log 1 2 3\n", 42);
	assert_int_equal(kd_collect_pstore((const char *const[]){in_top("pstore"), NULL},
					   in_top("crash"), false, count_collected, &collected,
					   &err),
			 KD_OK);
	assert_int_equal(collected, 1);
	crashes = list();
	assert_int_equal(crashes.count, 1);
	assert_string_equal(crashes.items[0].folder, NAME);
	assert_string_equal(crashes.items[0].sentence, "It fell.");
	assert_string_equal(crashes.items[0].signature, "abcd");
	assert_string_equal(crashes.items[0].release, "6.1");
	assert_non_null(strstr(crashes.items[0].reason, "no such device"));
	kd_crashes_deinit(&crashes);
	assert_true(is_there("pstore/dmesg-efi-1"));
	assert_int_equal(unlink(in_top("pstore/dmesg-efi-1")), 0);
	assert_int_equal(rmdir(in_top("pstore")), 0); /* everything of ours is gone */
}

static void test_last_words_come_back(void **state)
{
	char *log, *report;

	round_trip(LOG_TEXT, "It fell, and here is why.\n", true);
	log = read_text("crash/" NAME "/dmesg.txt");
	report = read_text("crash/" NAME "/report.txt");
	assert_string_equal(log, LOG_TEXT);
	assert_string_equal(report, "It fell, and here is why.\n");
	free(log);
	free(report);
}

static void test_last_words_that_no_kernel_unpacks(void **state)
{
	char *log;

	round_trip(LOG_TEXT, "It fell.\n", false);
	log = read_text("crash/" NAME "/dmesg.txt");
	assert_string_equal(log, LOG_TEXT);
	free(log);
}

/* More than there is room for: the end of the log and the start of the report are kept, and the gap is told. */
static void test_last_words_that_are_too_long(void **state)
{
	char *text = noise(20000), *log, *report;
	size_t kept;

	round_trip(text, text, true);
	log = read_text("crash/" NAME "/dmesg.txt");
	report = read_text("crash/" NAME "/report.txt");
	assert_int_equal(strncmp(log, "[", 1), 0);
	assert_non_null(strstr(log, "bytes are missing]\n"));
	kept = strlen(strchr(log, '\n') + 1);
	assert_true(kept > 6000);
	assert_string_equal(strchr(log, '\n') + 1, text + 20000 - kept);
	assert_memory_equal(report, text, 5000);
	assert_non_null(strstr(report, "bytes are missing]\n"));
	free(text);
	free(log);
	free(report);
}

static void test_few_variables(void **state)
{
	struct kd_last_words words;
	unsigned int written = 0;
	struct kd_err err;
	char *text = noise(20000), name[PATH_MAX];

	make_words(&words, summary, text, text);
	for (int i = 0; i < KD_LAST_VARIABLES_IN_ALL - KD_LAST_VARIABLES + 1; i++) {
		snprintf(name, sizeof(name),
			 "efivars/dump-type0-%d-1-5-D-cfc8fc79-be2e-4ddc-97f0-9f98bfe298a0", i);
		put(name, "x", 1);
	}
	assert_int_equal(kd_last_words_to_efi(&words, in_top("efivars"), &written, &err),
			 KD_UNSUPPORTED);
	assert_non_null(strstr(err.text, "kdump collect"));
	assert_int_equal(unlink(in_top(name)), 0);
	assert_int_equal(kd_last_words_to_efi(&words, in_top("efivars"), &written, &err), KD_OK);
	assert_true(written > 10 && written <= KD_LAST_VARIABLES);
	assert_int_not_equal(kd_last_words_to_efi(&words, in_top("nowhere"), &written, &err),
			     KD_OK);
	free(text);
}

/* A ring shows the end of what was written; of ramoops, as one file. */
static void test_pmsg(void **state)
{
	enum { ROOM = 4096 };
	unsigned int collected = 0;
	struct kd_last_words words;
	char *text = noise(20000), *all, *log;
	size_t kept;

	make_words(&words, summary, text, text);
	put("pmsg0", "", 0);
	assert_int_equal(kd_last_words_to_pmsg(&words, in_top("pmsg0"), ROOM, NULL), KD_OK);
	all = read_text("pmsg0");
	assert_true(strlen(all) <= ROOM);
	put("pstore/pmsg-ramoops-0", all, strlen(all));
	free(all);
	assert_int_equal(kd_collect_pstore((const char *const[]){in_top("pstore"), NULL},
					   in_top("crash"), true, count_collected, &collected,
					   NULL),
			 KD_OK);
	assert_int_equal(collected, 1);
	log = read_text("crash/" NAME "/dmesg.txt");
	kept = strlen(strchr(log, '\n') + 1);
	assert_true(kept > ROOM / 3);
	assert_string_equal(strchr(log, '\n') + 1, text + 20000 - kept);
	free(log);
	/* kept, and therefore found again; the folder is known */
	assert_true(is_there("pstore/pmsg-ramoops-0"));
	assert_int_equal(kd_collect_pstore((const char *const[]){in_top("pstore"), NULL},
					   in_top("crash"), true, count_collected, &collected,
					   NULL),
			 KD_OK);
	assert_int_equal(collected, 101);
	free(text);
}

static void test_hostile_records(void **state)
{
	static const char *const texts[] = {
		"kdump log 1 0 5 5\nabc",
		"kdump log 1 0 5 0\n",
		"kdump log 1 6 5 1\nabcdef",
		"kdump log 1 0 9999999 9999999\nabcdef",
		"kdump log 1 4 5 4294967295\nabcdef",
		"kdump log -1 -1 -1 -1\nabc",
		"kdump secret 1 0 3 3\nabc",
		"kdump kdump kdump kdump kdump\n",
		"kdump log 99999999999999999999999 0 3 3\nabc",
		"kdump log 1 0 3 3",
		"\n\n\n\nkdump log 1 0 3 3\nabckdump log 1 0 3 3\nabc",
	};
	struct kd_err err;

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		for (size_t length = 0; length <= strlen(texts[i]); length++) {
			char *exact = malloc(length + 1), *joined; /* for a sanitizer to watch */
			struct kd_records records = {0};
			size_t ours, bytes;

			memcpy(exact, texts[i], length);
			assert_int_equal(kd_records_add(&records, exact, length, &ours, &err),
					 KD_OK);
			assert_true(ours <= length);
			if (!kd_records_join(&records, 1, KD_RECORD_LOG, &joined, &bytes, &err))
				free(joined);
			kd_records_deinit(&records);
			free(exact);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_takes_a_raw_crash, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_a_crash_of_the_same_second_gets_another_name,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_begins_again, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_incomplete_raw_crashes, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_hostile_headers, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_last_words_come_back, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_last_words_that_no_kernel_unpacks, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_last_words_that_are_too_long, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_few_variables, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_pmsg, set_up, tear_down),
		cmocka_unit_test(test_hostile_records),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
