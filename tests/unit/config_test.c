/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/config.h"
#include "config/keys.h"

static char path[] = "/tmp/kdump-config-XXXXXX";

static void write_file(const void *data, size_t bytes)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_int_equal(fwrite(data, 1, bytes, file), bytes);
	fclose(file);
}

static enum kd_status read_string(struct kd_config *config, const char *text, struct kd_err *err)
{
	write_file(text, strlen(text));
	return kd_config_read(config, path, err);
}

static void write_named(const char *folder, const char *name, const char *text)
{
	char file[128];
	FILE *stream;

	snprintf(file, sizeof(file), "%s/%s", folder, name);
	stream = fopen(file, "w");
	assert_non_null(stream);
	fputs(text, stream);
	fclose(stream);
}

static void unlink_named(const char *folder, const char *name)
{
	char file[128];

	snprintf(file, sizeof(file), "%s/%s", folder, name);
	assert_int_equal(unlink(file), 0);
}

static void test_defaults(void **state)
{
	struct kd_config config;

	assert_int_equal(kd_config_init(&config, NULL), KD_OK);
	assert_null(config.targets[0].device);
	assert_int_equal(config.targets[0].type, KD_TARGET_AUTO);
	assert_string_equal(config.targets[0].path, "/var/crash");
	assert_string_equal(config.targets[0].options, "");
	assert_null(config.host);
	assert_int_equal(config.final_action, KD_FINAL_REBOOT);
	assert_int_equal(config.failure_action, KD_FINAL_REBOOT);
	assert_int_equal(config.device_timeout_s, 60);
	assert_int_equal(config.step_timeout_s, 60);
	assert_int_equal(config.dump_timeout_s, 3600);
	assert_int_equal(config.target_count, 1);
	assert_int_equal(config.fallback, KD_FALLBACK_BOOT);
	assert_int_equal(config.collect_motd, 0);
	assert_null(config.append);
	assert_null(config.hook_before);
	kd_config_deinit(&config);
	kd_config_deinit(NULL);
}

static const char everything[] = "\xef\xbb\xbf# a comment\n"
				 "[target]\r\n"
				 "device = UUID=12-34   ; inline\n"
				 "  type=vfat\n"
				 "path = /srv/crash dumps\n"
				 "options = iocharset=utf8,quiet\n"
				 "[target second-1]\n"
				 "device = PARTUUID=ab-01\n"
				 "[target\traw]\ntype = raw\n"
				 "\n[capture]\n"
				 "host: db1.example\n"
				 "final_action = poweroff\n"
				 "failure_action = shell\n"
				 "device_timeout = 1\n"
				 "step_timeout = 86400\n"
				 "dump_timeout = 0007\n"
				 "cpus = 4\n"
				 "fallback = none\n"
				 "[kernel]\n"
				 "append = irqpoll mem=\"1 G\"\n"
				 "append_remove = quiet hugepages\n"
				 "[hooks]\n"
				 "before = /usr/local/bin/net-up eth0\n"
				 "after = /bin/tell\n"
				 "hook_timeout = 5\n"
				 "[dump]\n"
				 "level = 1,31\n"
				 "format = elf\n"
				 "compress = zlib:6\n"
				 "[collect]\nmotd = yes";

static void assert_everything(const struct kd_config *config)
{
	assert_string_equal(config->targets[0].device, "UUID=12-34");
	assert_int_equal(config->targets[0].type, KD_TARGET_VFAT);
	assert_string_equal(config->targets[0].path, "/srv/crash dumps");
	assert_string_equal(config->targets[0].options, "iocharset=utf8,quiet");
	assert_string_equal(config->host, "db1.example");
	assert_int_equal(config->collect_motd, 1);
	assert_int_equal(config->final_action, KD_FINAL_POWEROFF);
	assert_int_equal(config->failure_action, KD_FINAL_SHELL);
	assert_int_equal(config->device_timeout_s, 1);
	assert_int_equal(config->step_timeout_s, 86400);
	assert_int_equal(config->dump_timeout_s, 7);
	assert_int_equal(config->cpus, 4);
	assert_int_equal(config->target_count, 3);
	assert_string_equal(config->targets[0].name, "");
	assert_string_equal(config->targets[1].name, "second-1");
	assert_string_equal(config->targets[1].device, "PARTUUID=ab-01");
	assert_string_equal(config->targets[1].path, "/var/crash");
	assert_string_equal(config->targets[2].name, "raw");
	assert_null(config->targets[2].device);
	assert_int_equal(config->targets[2].type, KD_TARGET_RAW);
	assert_int_equal(config->fallback, KD_FALLBACK_NONE);
	assert_string_equal(config->append, "irqpoll mem=\"1 G\"");
	assert_string_equal(config->append_remove, "quiet hugepages");
	assert_string_equal(config->hook_before, "/usr/local/bin/net-up eth0");
	assert_string_equal(config->hook_after, "/bin/tell");
	assert_int_equal(config->hook_timeout_s, 5);
	assert_string_equal(config->dump_levels, "1,31");
	assert_int_equal(config->dump_format, KD_DUMP_ELF);
	assert_string_equal(config->dump_codec, "zlib:6");
}

/* Every key, read, copied, written and read again. */
static void test_round_trip(void **state)
{
	struct kd_config config, copy, again;
	char *text, *text_again;

	assert_int_equal(kd_config_init(&config, NULL), KD_OK);
	assert_int_equal(read_string(&config, everything, NULL), KD_OK);
	assert_everything(&config);
	assert_int_equal(kd_config_copy(&config, &copy, NULL), KD_OK);
	kd_config_deinit(&config);
	assert_everything(&copy);
	assert_int_equal(kd_config_format(&copy, &text, NULL), KD_OK);
	assert_int_equal(kd_config_init(&again, NULL), KD_OK);
	assert_int_equal(read_string(&again, text, NULL), KD_OK);
	assert_everything(&again);
	assert_int_equal(kd_config_format(&again, &text_again, NULL), KD_OK);
	assert_string_equal(text, text_again);

	/* A file changes what it names and nothing else; an empty value unsets. */
	assert_int_equal(read_string(&again, "[target]\ndevice =\n", NULL), KD_OK);
	assert_null(again.targets[0].device);
	assert_string_equal(again.host, "db1.example");
	free(text);
	free(text_again);
	kd_config_deinit(&copy);
	kd_config_deinit(&again);
}

/* The shipped example says the defaults: with every # before a key removed nothing changes. */
static void test_example(void **state)
{
	struct kd_config config, defaults;
	char name[4096], text[8192], *written, *expected;
	size_t bytes, keys = 0;
	FILE *file;

	snprintf(name, sizeof(name), "%s/conf/kdump.conf", getenv("KD_SOURCE_ROOT"));
	file = fopen(name, "r");
	assert_non_null(file);
	bytes = fread(text, 1, sizeof(text) - 1, file);
	text[bytes] = '\0';
	fclose(file);
	for (char *at = text; (at = strstr(at, "\n#")); at++) {
		if (at[2] >= 'a' && at[2] <= 'z') {
			at[1] = ' ';
			keys++;
		}
	}
	assert_int_equal(keys, kd_config_key_count);
	assert_int_equal(kd_config_init(&config, NULL), KD_OK);
	assert_int_equal(kd_config_init(&defaults, NULL), KD_OK);
	assert_int_equal(kd_config_set(&config, "capture", "step_timeout", "9", NULL), KD_OK);
	assert_int_equal(read_string(&config, text, NULL), KD_OK);
	assert_int_equal(kd_config_format(&config, &written, NULL), KD_OK);
	assert_int_equal(kd_config_format(&defaults, &expected, NULL), KD_OK);
	assert_string_equal(written, expected);
	free(written);
	free(expected);
	kd_config_deinit(&config);
	kd_config_deinit(&defaults);
}

/* A mistake is named with its line, and leaves the configuration as it was. */
static void test_mistakes(void **state)
{
	static const struct {
		const char *text, *line, *part;
	} cases[] = {
		{"[target]\ndevcie = /dev/vda1\n", ":2: ", "did you mean device?"},
		{"[target]\n\nzzzzzz = 1\n", ":3: ", "zzzzzz: no such key in [target]"},
		{"[targt]\npath = /x\n", ":1: ", "did you mean [target]?"},
		{"\n[targt]\n", ":2: ", "did you mean [target]?"},
		{"[network]\n", ":1: ", "there are [target], [capture], [kernel], [hooks]"},
		{"[capture more]\n", ":1: ", "[capture more]: no such section"},
		{"[]\n", ":1: ", "no such section"},
		{"[target a/b]\n", ":1: ", "letters, digits"},
		{"[target a b]\n", ":1: ", "letters, digits"},
		{"[target 0123456789012345678901234]\n", ":1: ", "at most 24"},
		{"[target b]\npath = /a\n[target]\n[target b]\npath = /b\n", ":5: ", "on line 2"},
		{"[target b]\ncpus = 2\n", ":2: ", "cpus belongs below [capture]"},
		{"[target 1]\n[target 2]\n[target 3]\n[target 4]\n[target 5]\n[target 6]\n"
		 "[target 7]\n[target 8]\n",
		 ":8: ", "8 targets at most"},
		{"[hooks]\nbefore = run.sh\n", ":2: ", "whole path"},
		{"[hooks]\nafter = /bin/../x\n", ":2: ", "must not contain .."},
		{"[hooks]\nhook_timeout = 0\n", ":2: ", "from 1 to 86400"},
		{"[kernel]\napend = x\n", ":2: ", "did you mean append?"},
		{"[capture]\nfallback = root\n", ":2: ", "boot, none"},
		{"[capture]\npath = /x\n", ":2: ", "path belongs below [target]"},
		{"url = x\n", ":1: ", "before the first [section]"},
		{"[target]\npath = /a\npath = /b\n", ":3: ", "already set on line 2"},
		{"[keep]\nfree = 3X\n", ":2: ", "a size is a number"},
		{"[keep]\nfree = 10%\n", ":2: ", "10G, and no share of the file system"},
		{"[keep]\ndays = 2w\n", ":2: ", "must be a number of days; 2w is 14"},
		{"[keep]\ncount = 5x\n", ":2: ", "must be a number, with nothing behind it"},
		{"[capture]\ndump_timeout = 1h\n", ":2: ", "of seconds; 1h is 3600"},
		{"[capture]\ndump_timeout = 90 min\n", ":2: ", "of seconds; 90 min is 5400"},
		{"[capture]\nfinal_action = rebot\n", ":2: ", "shell; did you mean reboot?"},
		{"[dump]\ncompress = zsdt\n", ":2: ", "or none; did you mean zstd?"},
		{"[dump]\ncompress = zlb:9\n", ":2: ", "or none; did you mean zlib?"},
		{"[keep]\ncount = -1\n", ":2: ", "must be a number"},
		{"[target]\npath = crash\n", ":2: ", "starts with /"},
		{"[target]\npath =\n", ":2: ", "starts with /"},
		{"[target]\npath = /a/../b\n", ":2: ", "must not contain .."},
		{"[target]\npath = /a/..\n", ":2: ", "must not contain .."},
		{"[target]\ndevice = sda1\n", ":2: ", "UUID="},
		{"[target]\ndevice = UUID=\n", ":2: ", "UUID="},
		{"[capture]\ncpus = 0\n", ":2: ", "from 1 to 64"},
		{"[capture]\ncpus = two\n", ":2: ", "must be a number"},
		{"[dump]\nlevel = 32\n", ":2: ", "0 to 31"},
		{"[dump]\nlevel = 1,\n", ":2: ", "0 to 31"},
		{"[dump]\ncompress = gzip\n", ":2: ", "zstd, zlib, lzo or none"},
		{"[dump]\ncompress = zstd:99\n", ":2: ", "no such level"},
		{"[dump]\ncompress = snappy\n", ":2: ", "the capture program has"},
		{"[dump]\nformat = flat\n", ":2: ", "kdump, elf"},
		{"[target]\ntype = ntfs\n", ":2: ", "auto, ext4, xfs, btrfs, vfat, raw"},
		{"[target]\ntype =\n", ":2: ", "must be one of"},
		{"[capture]\nfinal_action = Reboot\n", ":2: ", "reboot, poweroff, halt, shell"},
		{"[capture]\nhost = a/b\n", ":2: ", "letters"},
		{"[capture]\nhost = ..\n", ":2: ", "letters"},
		{"[capture]\nstep_timeout = 0\n", ":2: ", "from 1 to 86400"},
		{"[capture]\nstep_timeout = 86401\n", ":2: ", "from 1 to 86400"},
		{"[capture]\nstep_timeout = 18446744073709551617\n", ":2: ", "from 1 to 86400"},
		{"[capture]\nstep_timeout = -1\n", ":2: ", "number"},
		{"[capture]\nstep_timeout = 5s\n", ":2: ", "number"},
		{"[capture]\nstep_timeout =\n", ":2: ", "number"},
		{"[target]\npath\n", ":2: ", "neither [section] nor key"},
		{"[target\npath = /x\n", ":1: ", "neither [section] nor key"},
		{"[target]\npath = /x\n= y\n", ":3: ", "no such key"},
		{"[target]\njunk\nbad = 1\n", ":2: ", "neither"},
		{"[target]\nbad = 1\njunk\n", ":2: ", "no such key"},
		{"[target]\npath = /\x01\n", ":2: ", "control character 0x01"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct kd_config config;
		struct kd_err err;

		assert_int_equal(kd_config_init(&config, NULL), KD_OK);
		assert_int_equal(kd_config_set(&config, "target", "path", "/kept", NULL), KD_OK);
		if (read_string(&config, cases[i].text, &err) != KD_INVALID)
			fail_msg("accepted: %s", cases[i].text);
		if (strncmp(err.text, path, strlen(path)) ||
		    strncmp(err.text + strlen(path), cases[i].line, strlen(cases[i].line)) ||
		    !strstr(err.text, cases[i].part))
			fail_msg("%s: said %s", cases[i].text, err.text);
		assert_string_equal(config.targets[0].path, "/kept");
		kd_config_deinit(&config);
	}
}

/* Files of the drop-in folder, in the order of their names, over the main file. */
static void test_drop_ins(void **state)
{
	static const struct {
		const char *name, *text;
	} files[] = {
		{"20-b.conf", "[target far]\npath = /twenty\n[dump]\nlevel = 1\n"},
		{"10-a.conf", "[target far]\npath = /ten\n[target nearer]\n[capture]\ncpus = 3\n"},
		{"30.conf.bak", "[junk]\n"},
		{".40.conf", "[junk]\n"},
		{".conf", "[junk]\n"},
	};
	char folder[64], bad[256];
	struct kd_config config;
	struct kd_err err;

	snprintf(folder, sizeof(folder), "%s.d", path);
	assert_int_equal(kd_config_init(&config, NULL), KD_OK);
	assert_int_equal(mkdir(folder, 0700), 0);
	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++)
		write_named(folder, files[i].name, files[i].text);
	assert_int_equal(
		read_string(&config, "[target far]\npath = /main\ndevice = LABEL=x\n", &err),
		KD_OK);
	assert_int_equal(config.target_count, 3);
	assert_string_equal(config.targets[1].path, "/twenty");
	assert_string_equal(config.targets[1].device, "LABEL=x");
	assert_string_equal(config.targets[2].name, "nearer");
	assert_int_equal(config.cpus, 3);
	/* A mistake in one names it and its line, and nothing at all is taken. */
	write_named(folder, "15-bad.conf", "[capture]\ncpus = 5\ncpu = 1\n");
	snprintf(bad, sizeof(bad),
		 "%s/15-bad.conf:3: cpu: no such key in [capture]; did you mean cpus?", folder);
	assert_int_equal(kd_config_read(&config, path, &err), KD_INVALID);
	assert_string_equal(err.text, bad);
	assert_int_equal(config.cpus, 3);
	unlink_named(folder, "15-bad.conf");
	/* Without the main file they count, too. */
	unlink(path);
	assert_int_equal(kd_config_read(&config, path, &err), KD_OK);
	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++)
		unlink_named(folder, files[i].name);
	assert_int_equal(kd_config_read(&config, path, &err), KD_NOTFOUND);
	assert_int_equal(rmdir(folder), 0);
	kd_config_deinit(&config);
}

/* The copy in an image has the targets that it names, and [target] only where there is none at all. */
static void test_image(void **state)
{
	static const struct {
		const char *text, *names[3];
	} cases[] = {
		{"[target spare]\npath = /s\n[target last]\n", {"spare", "last"}},
		{"[target]\n[target spare]\n", {"", "spare"}},
		{"[capture]\ncpus = 2\n", {""}},
		{"", {""}},
	};
	struct kd_err err;

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct kd_config config;
		unsigned int count = 0;

		assert_int_equal(kd_config_init(&config, NULL), KD_OK);
		assert_int_equal(kd_config_set(&config, "target", "path", "/default", NULL), KD_OK);
		write_file(cases[i].text, strlen(cases[i].text));
		assert_int_equal(kd_config_read_image(&config, path, &err), KD_OK);
		while (count < 3 && cases[i].names[count]) {
			assert_string_equal(config.targets[count].name, cases[i].names[count]);
			assert_string_not_equal(config.targets[count].path, "/default");
			count++;
		}
		assert_int_equal(config.target_count, count);
		kd_config_deinit(&config);
	}
}

static void test_long_lines(void **state)
{
	struct kd_config config;
	struct kd_err err;
	char text[1024] = "[target]\noptions = ", *written;
	size_t start = strlen(text), key = strlen("options = ");

	/* 197 bytes are the most that a line carries. */
	memset(text + start, 'o', 197 - key);
	assert_int_equal(kd_config_init(&config, NULL), KD_OK);
	assert_int_equal(read_string(&config, text, &err), KD_OK);
	assert_int_equal(strlen(config.targets[0].options), 197 - key);
	assert_int_equal(kd_config_format(&config, &written, &err), KD_OK);
	free(written);
	text[start + 197 - key] = 'o';
	assert_int_equal(read_string(&config, text, &err), KD_INVALID);
	assert_non_null(strstr(err.text, ":2: a line of more than 197 bytes"));
	/* A comment is no excuse: inih would take what it cuts off for a line. */
	memset(text, '#', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	assert_int_equal(read_string(&config, text, &err), KD_INVALID);
	kd_config_deinit(&config);
}

/* What a file cannot say is not written. */
static void test_unwritable(void **state)
{
	static const char *const values[] = {"a ;b", ";a", " a", "a ", "a\nb", "a\x7f"};
	struct kd_config config;
	char *text = NULL;

	assert_int_equal(kd_config_init(&config, NULL), KD_OK);
	for (size_t i = 0; i < sizeof(values) / sizeof(*values); i++) {
		assert_int_equal(kd_config_set(&config, "target", "options", values[i], NULL),
				 KD_OK);
		assert_int_equal(kd_config_format(&config, &text, NULL), KD_INVALID);
	}
	assert_int_equal(kd_config_set(&config, "target", "optoins", "x", NULL), KD_INVALID);
	assert_null(text);
	kd_config_deinit(&config);
}

static void test_not_a_text_file(void **state)
{
	struct kd_config config;
	struct kd_err err;
	uint8_t garbage[4096];
	uint32_t random = 1;

	assert_int_equal(kd_config_init(&config, NULL), KD_OK);
	assert_int_equal(kd_config_read(&config, "/nonexistent/kdump.conf", &err), KD_NOTFOUND);
	assert_non_null(strstr(err.text, "/nonexistent/kdump.conf"));
	assert_int_equal(kd_config_read(&config, "/tmp", &err), KD_SYSTEM);
	write_file("[target]\npath = /x\0y\n", 21);
	assert_int_equal(kd_config_read(&config, path, &err), KD_INVALID);
	write_file("", 0);
	assert_int_equal(kd_config_read(&config, path, &err), KD_OK);
	/* Garbage of every length never gets through, and never over an edge. */
	for (size_t length = 16; length <= sizeof(garbage); length += 61) {
		for (size_t i = 0; i < length; i++)
			garbage[i] = (uint8_t)((random = random * 1664525 + 1013904223) >> 24);
		garbage[0] = 1;
		write_file(garbage, length);
		assert_int_equal(kd_config_read(&config, path, &err), KD_INVALID);
	}
	/* A good file cut at every byte: read or refused, never something else. */
	for (size_t length = 0; length < sizeof(everything); length++) {
		enum kd_status status;

		write_file(everything, length);
		status = kd_config_read(&config, path, &err);
		assert_true(status == KD_OK || status == KD_INVALID);
	}
	kd_config_deinit(&config);
}

static void test_sizes(void **state)
{
	static const char *const bad[] = {"",
					  "G",
					  "1GB",
					  "-1",
					  "+1",
					  "1 G",
					  "1.5G",
					  " 1",
					  "0x10",
					  "18446744073709551616",
					  "999999999999999T"};
	static const struct {
		const char *text;
		uint64_t bytes;
	} good[] = {
		{"0", 0},
		{"17", 17},
		{"2K", 2 << 10},
		{"500M", UINT64_C(500) << 20},
		{"3G", UINT64_C(3) << 30},
		{"3g", UINT64_C(3) << 30},
		{"16777215T", UINT64_C(16777215) << 40},
	};
	uint64_t bytes = 1;

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		if (kd_config_bytes(bad[i], &bytes))
			fail_msg("\"%s\" was taken", bad[i]);
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
		assert_true(kd_config_bytes(good[i].text, &bytes));
		assert_int_equal(bytes, good[i].bytes);
	}
}

static void test_names(void **state)
{
	assert_string_equal(kd_target_type_name(KD_TARGET_RAW), "raw");
	assert_null(kd_target_type_name((enum kd_target_type)6));
	assert_string_equal(kd_final_action_name(KD_FINAL_SHELL), "shell");
	assert_null(kd_final_action_name((enum kd_final_action) - 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),        cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_drop_ins),        cmocka_unit_test(test_example),
		cmocka_unit_test(test_image),           cmocka_unit_test(test_mistakes),
		cmocka_unit_test(test_long_lines),      cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_unwritable),      cmocka_unit_test(test_names),
		cmocka_unit_test(test_not_a_text_file),
	};
	int fd = mkstemp(path), failed;

	close(fd);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	unlink(path);
	return failed;
}
