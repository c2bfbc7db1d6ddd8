/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The second kernel's command line. */
#include "test.h"

#include "load_machine.h"

#include "load/command_line.h"

static struct machine machine;

static int set_up(void **state)
{
	machine_make(&machine);
	return 0;
}

static int tear_down(void **state)
{
	machine_destroy(&machine);
	return 0;
}

/* The line for these words, or NULL; the caller frees it. */
static char *make(const char *base, bool reuse, const char *append, const char *elfcorehdr,
		  size_t limit, struct kd_err *err)
{
	const struct kd_load_request request = {
		.paths = &machine.paths,
		.command_line = base,
		.reuse_command_line = reuse,
		.append = append,
	};
	const struct kd_command_line_needs needs = {.elfcorehdr = elfcorehdr, .limit_bytes = limit};
	char *line = NULL;

	return kd_command_line_make(&request, &needs, &line, err) ? NULL : line;
}

/* True when the word is there as a whole parameter. */
static bool has(const char *line, const char *word)
{
	size_t length = strlen(word);

	for (const char *at = line; (at = strstr(at, word)); at++)
		if ((at == line || at[-1] == ' ') && (!at[length] || at[length] == ' '))
			return true;
	return false;
}

static void test_needed_parameters(void **state)
{
	static const char *const expected[] = {
		"reset_devices",
		"nr_cpus=1",
		"irqpoll",
		"cgroup_disable=memory",
		"cgroup.memory=nokmem",
		"numa=off",
		"panic=10",
		"oops=panic",
		"acpi_no_memhotplug",
		"elfcorehdr=0x1f000000",
	};
	struct kd_err err;
	char *line = make(NULL, false, NULL, "0x1f000000", 0, &err);

	assert_non_null(line);
	for (size_t i = 0; i < sizeof(expected) / sizeof(*expected); i++)
		assert_true(has(line, expected[i]));
	free(line);
	/* without an address it is the kernel that adds it */
	line = make(NULL, false, NULL, NULL, 0, &err);
	assert_null(strstr(line, "elfcorehdr"));
	free(line);
}

/* More CPUs: never without telling the kernel which one it must not wake. */
static void test_several_cpus(void **state)
{
	struct kd_load_request request = {.paths = &machine.paths, .cpus = 4};
	const struct kd_command_line_needs needs = {0};
	struct kd_err err;
	char *line = NULL;

	assert_int_equal(kd_command_line_make(&request, &needs, &line, &err), KD_OK);
	assert_true(has(line, "nr_cpus=1")); /* this machine does not tell its boot CPU */
	free(line);
	machine_put(&machine, "proc/cpuinfo",
		    "processor\t: 0\napicid\t\t: 12\ninitial apicid\t: 18\n\n"
		    "processor\t: 1\napicid\t\t: 3\ninitial apicid\t: 3\n");
	assert_int_equal(kd_command_line_make(&request, &needs, &line, &err), KD_OK);
	assert_true(has(line, "nr_cpus=4") && has(line, "disable_cpu_apicid=18"));
	free(line);
	request.append = "disable_cpu_apicid=7";
	assert_int_equal(kd_command_line_make(&request, &needs, &line, &err), KD_OK);
	assert_true(has(line, "nr_cpus=4") && has(line, "disable_cpu_apicid=7"));
	assert_false(has(line, "disable_cpu_apicid=18"));
	free(line);
	request.append = "nr_cpus=2";
	assert_int_equal(kd_command_line_make(&request, &needs, &line, &err), KD_OK);
	assert_true(has(line, "nr_cpus=2") && !strstr(line, "disable_cpu_apicid"));
	free(line);
	request = (struct kd_load_request){.paths = &machine.paths, .cpus = 1};
	assert_int_equal(kd_command_line_make(&request, &needs, &line, &err), KD_OK);
	assert_true(has(line, "nr_cpus=1") && !strstr(line, "disable_cpu_apicid"));
	free(line);
}

static void test_only_where_missing(void **state)
{
	struct kd_err err;
	char *line = make("nr_cpus=4 numa=fake=2", false, "panic=-1 reset-devices", NULL, 0, &err);

	assert_true(has(line, "nr_cpus=4") && !has(line, "nr_cpus=1"));
	assert_true(has(line, "numa=fake=2") && !has(line, "numa=off"));
	assert_true(has(line, "panic=-1") && !has(line, "panic=10"));
	assert_true(!has(line, "reset_devices")); /* '-' and '_' are one to the kernel */
	assert_true(has(line, "irqpoll"));
	free(line);

	/* a name inside another, or behind "--", or in quotes, is not that name */
	line = make("xnr_cpus=2 opt=\"a nr_cpus=3 b\" -- nr_cpus=5", false, NULL, NULL, 0, &err);
	assert_true(has(line, "nr_cpus=1"));
	assert_true(strstr(line, "opt=\"a nr_cpus=3 b\"") != NULL);
	free(line);
}

static void test_reused_line(void **state)
{
	struct kd_err err;
	char *line;

	machine_put(&machine, "proc/cmdline",
		    "BOOT_IMAGE=/vmlinuz root=UUID=1 ro quiet crashkernel=256M,high "
		    "crashkernel=72M,low mem=4G memmap=1G$2G console=ttyS0 hugepages=512 "
		    "x=\"two words\"\n");
	line = make(NULL, true, "single", NULL, 0, &err);
	assert_non_null(line);
	assert_int_equal(
		strncmp(line, "root=UUID=1 ro quiet console=ttyS0 x=\"two words\" single ", 56), 0);
	free(line);
	line = make("first", true, NULL, NULL, 0, &err);
	assert_int_equal(strncmp(line, "first root=UUID=1 ", 18), 0);
	free(line);
}

static void test_consoles(void **state)
{
	struct kd_err err;
	char *line;

	machine_put(&machine, "proc/cmdline",
		    "root=/dev/vda1 console=tty0 console=ttyS1,115200n8\n");
	line = make(NULL, false, "single", NULL, 0, &err);
	assert_int_equal(strncmp(line, "single console=tty0 console=ttyS1,115200n8 ", 43), 0);
	free(line);
	line = make(NULL, false, "console=hvc0", NULL, 0, &err);
	assert_null(strstr(line, "ttyS1"));
	free(line);
	line = make(NULL, true, NULL, NULL, 0, &err);
	assert_null(strstr(strstr(line, "ttyS1") + 1, "ttyS1")); /* once */
	free(line);
}

/* What the person does not want comes from nowhere but from the person. */
static void test_removed(void **state)
{
	struct kd_load_request request = {
		.paths = &machine.paths,
		.reuse_command_line = true,
		.remove = " quiet reset-devices  console x",
		.append = "quiet=2 mine",
	};
	const struct kd_command_line_needs needs = {.elfcorehdr = "0x1000"};
	struct kd_err err;
	char *line = NULL;

	machine_put(&machine, "proc/cmdline", "quiet splash console=ttyS0 xx=1 x x=2\n");
	assert_int_equal(kd_command_line_make(&request, &needs, &line, &err), KD_OK);
	assert_true(has(line, "splash") && has(line, "xx=1") && has(line, "quiet=2"));
	assert_false(has(line, "quiet") || has(line, "reset_devices") || has(line, "x") ||
		     has(line, "x=2"));
	assert_null(strstr(line, "console"));
	assert_true(has(line, "irqpoll") && has(line, "elfcorehdr=0x1000"));
	free(line);
}

static void test_refuses(void **state)
{
	char longest[3000];
	struct kd_err err;
	char *line;

	assert_null(make("elfcorehdr=0x1", false, NULL, "0x2", 0, &err));
	assert_non_null(strstr(err.text, "elfcorehdr= is set by the loader"));

	memset(longest, 'x', sizeof(longest));
	longest[sizeof(longest) - 1] = '\0';
	assert_null(make(longest, false, NULL, NULL, 0, &err));
	assert_non_null(strstr(err.text, "the kernel takes 2047; shorten it"));
	line = make(longest, false, NULL, NULL, 4096, &err);
	assert_non_null(line);
	free(line);

	machine_drop(&machine, "proc/cmdline");
	assert_null(make(NULL, true, NULL, NULL, 0, &err));
	assert_non_null(strstr(err.text, "cmdline"));
}

static void test_which_crashkernel_counts(void **state)
{
	static const struct {
		const char *line, *counts; /* NULL: none */
	} cases[] = {
		{"quiet", NULL},
		{"crashkernel=256M quiet\n", "256M"},
		{"crashkernel=256M quiet crashkernel=128M\n", "128M"},
		{"crashkernel=1G,high crashkernel=72M,low", "1G,high"},
		{"crashkernel=128M crashkernel=1G,high", "128M"},
		{"crashkernel=1G,high crashkernel=2G,high quiet", "2G,high"},
		{"crashkernel=72M,low", NULL},
		{"crashkernel=1G-2G:64M,2G-:128M", "1G-2G:64M,2G-:128M"},
		{"crashkernel=", ""},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		size_t length = 0;
		const char *counts = kd_crashkernel_of(cases[i].line, &length);

		if (!cases[i].counts) {
			assert_null(counts);
			continue;
		}
		assert_non_null(counts);
		assert_int_equal(length, strlen(cases[i].counts));
		assert_memory_equal(counts, cases[i].counts, length);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_needed_parameters, set_up, tear_down),
		cmocka_unit_test(test_which_crashkernel_counts),
		cmocka_unit_test_setup_teardown(test_several_cpus, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_only_where_missing, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_reused_line, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_consoles, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_removed, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_refuses, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
