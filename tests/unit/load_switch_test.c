/* SPDX-License-Identifier: GPL-2.0-or-later */
/* load, arm, disarm, unload and what status makes of them, on a made-up kernel. */
#include "test.h"

#include <errno.h>
#include <fcntl.h>

#include "load_machine.h"

#include "load/state.h"
#include "load/switch.h"

/* The kernel of these tests: it frees the old image before it looks at the new one, as ours does. */
static struct {
	struct machine machine;
	struct kd_load_powers powers;
	bool refuse_segments, refuse_file, refuse_early;
	const char *refuse_kernel; /* only this one */
	const char *loaded;        /* the path of the kernel that is loaded */
	int commits, images;
} kernel;

struct kd_load_image {
	enum kd_load_method method;
	char kernel_path[PATH_MAX];
	struct kd_load_segment segment;
};

static void set_loaded(bool loaded)
{
	machine_put(&kernel.machine, "sys/kernel/kexec_crash_loaded", loaded ? "1\n" : "0\n");
}

static void probe(const struct kd_paths *paths, struct kd_load_powers *powers)
{
	*powers = kernel.powers;
}

static enum kd_status prepare(const struct kd_load_request *request, struct kd_load_image **image,
			      struct kd_err *err)
{
	struct kd_load_image *made;

	assert_int_not_equal(request->method, KD_LOAD_AUTO);
	if (!strcmp(request->append ? request->append : "", "unpreparable"))
		return kd_fail(err, KD_CORRUPT, "not a kernel image");
	made = calloc(1, sizeof(*made));
	assert_non_null(made);
	made->method = request->method;
	strcpy(made->kernel_path, request->kernel_path);
	made->segment = (struct kd_load_segment){
		.name = "kernel", .paddr = 0x2d000000, .memory_bytes = 1 << 20};
	kernel.images++;
	*image = made;
	return KD_OK;
}

static enum kd_status commit(struct kd_load_image *image, struct kd_err *err)
{
	bool refuse = image->method == KD_LOAD_FILE ? kernel.refuse_file : kernel.refuse_segments;

	kernel.commits++;
	if (refuse && kernel.refuse_kernel && strcmp(kernel.refuse_kernel, image->kernel_path) != 0)
		refuse = false;
	if (!refuse || !kernel.refuse_early)
		set_loaded(!refuse);
	if (refuse)
		return kd_fail(err, KD_SYSTEM, "refused by %s",
			       image->method == KD_LOAD_FILE ? "the second" : "the first");
	return KD_OK;
}

static void describe(const struct kd_load_image *image, struct kd_load_description *said)
{
	*said = (struct kd_load_description){
		.segments = &image->segment,
		.segment_count = image->method == KD_LOAD_SEGMENTS,
		.command_line = "as passed",
		.backup = image->method == KD_LOAD_SEGMENTS,
	};
}

static void let_go(struct kd_load_image *image)
{
	kernel.images--;
	free(image);
}

static enum kd_status unload(struct kd_err *err)
{
	set_loaded(false);
	return KD_OK;
}

static const struct kd_load_driver driver = {probe, prepare, commit, describe, let_go, unload};

static struct kd_switch on_machine(void)
{
	return (struct kd_switch){&kernel.machine.paths, &driver, NULL};
}

static int set_up(void **state)
{
	memset(&kernel, 0, sizeof(kernel));
	machine_make(&kernel.machine);
	return 0;
}

static int tear_down(void **state)
{
	machine_destroy(&kernel.machine);
	return kernel.images;
}

static enum kd_status load(const char *path, enum kd_load_method method, struct kd_err *err)
{
	struct kd_switch machine = on_machine();
	KD_CLEANUP_FREE char *copy = path ? strdup(path) : NULL;
	struct kd_load_arguments arguments = {.kernel = copy, .method = method};
	struct kd_switch_result result = {0};
	enum kd_status status = kd_switch_load(&machine, &arguments, &result, err);

	kd_switch_result_deinit(&result);
	return status;
}

static enum kd_load_verdict verdict(void)
{
	struct kd_load_state state;
	enum kd_load_verdict found;

	assert_int_equal(kd_load_state_read(&kernel.machine.paths, &state, NULL), KD_OK);
	found = state.verdict;
	kd_load_state_deinit(&state);
	return found;
}

/* What an operation that takes no arguments did: changed or not. */
static bool does(enum kd_status (*operation)(const struct kd_switch *, struct kd_switch_result *,
					     struct kd_err *))
{
	struct kd_switch machine = on_machine();
	struct kd_switch_result result = {0};
	bool changed;

	assert_int_equal(operation(&machine, &result, NULL), KD_OK);
	changed = result.changed;
	kd_switch_result_deinit(&result);
	return changed;
}

static void test_life(void **state)
{
	struct kd_switch machine = on_machine();
	struct kd_switch_result result = {0};
	struct kd_err err;

	assert_int_equal(verdict(), KD_VERDICT_NEVER_LOADED);
	assert_int_equal(kd_switch_arm(&machine, &result, &err), KD_NOTFOUND);
	assert_non_null(strstr(err.text, "kdump load"));
	assert_false(does(kd_switch_disarm));

	assert_int_equal(load(NULL, KD_LOAD_AUTO, NULL), KD_OK);
	assert_int_equal(verdict(), KD_VERDICT_READY);
	assert_false(does(kd_switch_arm));
	assert_int_equal(kernel.commits, 1);

	assert_true(does(kd_switch_disarm));
	assert_int_equal(verdict(), KD_VERDICT_DISARMED);
	assert_false(does(kd_switch_disarm));
	assert_true(does(kd_switch_arm));
	assert_int_equal(verdict(), KD_VERDICT_READY);

	/* the reboot: another boot, nothing loaded, the record there */
	machine_put(&kernel.machine, "proc/sys/kernel/random/boot_id", "another\n");
	set_loaded(false);
	assert_int_equal(verdict(), KD_VERDICT_REBOOTED);
	assert_true(does(kd_switch_arm));
	assert_int_equal(verdict(), KD_VERDICT_READY);

	assert_true(does(kd_switch_unload));
	assert_int_equal(verdict(), KD_VERDICT_NEVER_LOADED);
	assert_false(does(kd_switch_unload));
}

/* A reboot into a newer kernel: arm takes that one, since none was named. */
static void test_arm_follows_release(void **state)
{
	struct kd_switch machine = on_machine();
	struct kd_switch_result result = {0};

	assert_int_equal(load(NULL, KD_LOAD_AUTO, NULL), KD_OK);
	machine_put(&kernel.machine, "proc/sys/kernel/osrelease", "6.2\n");
	machine_put(&kernel.machine, "proc/sys/kernel/random/boot_id", "another\n");
	machine_put(&kernel.machine, "boot/vmlinuz-6.2", "newer");
	set_loaded(false);
	assert_int_equal(kd_switch_arm(&machine, &result, NULL), KD_NOTFOUND); /* no initramfs */
	machine_put(&kernel.machine, "var/lib/kdump/initrd-6.2", "newer");
	assert_int_equal(kd_switch_arm(&machine, &result, NULL), KD_OK);
	assert_string_equal(strrchr(result.kernel, '/'), "/vmlinuz-6.2");
	kd_switch_result_deinit(&result);
}

static void test_fall_back(void **state)
{
	struct kd_switch machine = on_machine();
	struct kd_load_arguments arguments = {.method = KD_LOAD_AUTO};
	struct kd_switch_result result = {0};
	struct kd_err err = {0};

	kernel.refuse_segments = true;
	assert_int_equal(kd_switch_load(&machine, &arguments, &result, &err), KD_OK);
	assert_int_equal(result.method, KD_LOAD_FILE);
	assert_false(result.backup);
	assert_string_equal(result.reason, "refused by the first");
	kd_switch_result_deinit(&result);

	assert_int_equal(load(NULL, KD_LOAD_SEGMENTS, &err), KD_SYSTEM); /* asked for by name */
	kernel.refuse_file = true;
	assert_int_equal(load(NULL, KD_LOAD_AUTO, &err), KD_SYSTEM);
	assert_non_null(strstr(err.text, "refused by the first"));
	assert_non_null(strstr(err.text, "refused by the second"));
}

static void test_put_back(void **state)
{
	struct kd_load_state now;
	struct kd_err err = {0};
	char other[PATH_MAX];

	machine_put(&kernel.machine, "boot/other", "another kernel");
	kd_path(other, kernel.machine.root, "boot/other");
	assert_int_equal(load(NULL, KD_LOAD_SEGMENTS, NULL), KD_OK);
	kernel.refuse_segments = true;
	kernel.refuse_kernel = other;
	assert_int_equal(load(other, KD_LOAD_SEGMENTS, &err), KD_SYSTEM);
	assert_non_null(strstr(err.text, "has been loaded again"));
	assert_null(strstr(err.text, "changed meanwhile"));
	assert_int_equal(kd_load_state_read(&kernel.machine.paths, &now, NULL), KD_OK);
	assert_int_equal(now.verdict, KD_VERDICT_READY);
	assert_string_equal(strrchr(now.record.files[KD_ROLE_KERNEL].path, '/'),
			    "/vmlinuz-6.1.0-99-test");
	kd_load_state_deinit(&now);

	machine_put(&kernel.machine, "var/lib/kdump/initrd-6.1.0-99-test", "touched");
	assert_int_equal(load(other, KD_LOAD_SEGMENTS, &err), KD_SYSTEM);
	assert_non_null(strstr(err.text, "changed meanwhile"));

	kernel.refuse_kernel = NULL; /* now it refuses everything */
	assert_int_equal(load(other, KD_LOAD_SEGMENTS, &err), KD_SYSTEM);
	assert_non_null(strstr(err.text, "nothing is loaded now"));
	assert_int_equal(verdict(), KD_VERDICT_LOST);
}

static void test_refused_early(void **state)
{
	struct kd_err err = {0};

	assert_int_equal(load(NULL, KD_LOAD_SEGMENTS, NULL), KD_OK);
	kernel.refuse_segments = kernel.refuse_early = true;
	assert_int_equal(load(NULL, KD_LOAD_SEGMENTS, &err), KD_SYSTEM);
	assert_non_null(strstr(err.text, "stays loaded"));
	assert_int_equal(verdict(), KD_VERDICT_READY);
}

static void test_foreign(void **state)
{
	struct kd_err err = {0};

	set_loaded(true);
	assert_int_equal(verdict(), KD_VERDICT_FOREIGN);
	kernel.refuse_segments = true;
	assert_int_equal(load(NULL, KD_LOAD_SEGMENTS, &err), KD_SYSTEM);
	assert_non_null(strstr(err.text, "not loaded by kdump"));

	machine_put(&kernel.machine, "var/lib/kdump/loaded.json", "damaged");
	set_loaded(true);
	assert_int_equal(verdict(), KD_VERDICT_FOREIGN);
	kernel.refuse_segments = false;
	assert_int_equal(load(NULL, KD_LOAD_SEGMENTS, &err), KD_OK);
	assert_int_equal(verdict(), KD_VERDICT_READY);
}

/* Everything that can be checked is found out with the old image still loaded. */
static void test_bad_input(void **state)
{
	static const struct {
		const char *name, *text; /* NULL: removed */
		const char *says;
	} cases[] = {
		{"sys/kernel/kexec_crash_size", "0\n", "dmesg"},
		{"boot/vmlinuz-6.1.0-99-test", NULL, "No such file"},
		{"boot/vmlinuz-6.1.0-99-test", "", "empty"},
		{"var/lib/kdump/initrd-6.1.0-99-test", NULL, "kdump initramfs"},
		{"var/lib/kdump/initrd-6.1.0-99-test", "", "empty"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct kd_err err = {0};

		tear_down(NULL);
		set_up(NULL);
		assert_int_equal(load(NULL, KD_LOAD_AUTO, NULL), KD_OK);
		if (cases[i].text)
			machine_put(&kernel.machine, cases[i].name, cases[i].text);
		else
			machine_drop(&kernel.machine, cases[i].name);
		assert_int_not_equal(load(NULL, KD_LOAD_AUTO, &err), KD_OK);
		if (!strstr(err.text, cases[i].says))
			fail_msg("case %zu: \"%s\" does not say \"%s\"", i, err.text,
				 cases[i].says);
		assert_int_equal(kernel.commits, 1);
		assert_true(kd_load_is_loaded(&kernel.machine.paths));
	}
}

static void count_line(void *opaque, enum kd_log_level level, const char *line)
{
	assert_int_equal(level, KD_LOG_WARNING);
	assert_non_null(strstr(line, "kdump initramfs"));
	++*(int *)opaque;
}

/* The image of before the last change of the configuration is loaded with a warning. */
static void test_warns_of_new_config(void **state)
{
	struct kd_switch machine = on_machine();
	struct kd_load_arguments arguments = {.method = KD_LOAD_AUTO};
	struct kd_switch_result result = {0};
	struct timespec past[2] = {{.tv_sec = 1000}, {.tv_sec = 1000}};
	char path[PATH_MAX];
	int warnings = 0;
	struct kd_log log = {count_line, &warnings};

	machine.log = &log;
	kd_path(path, kernel.machine.paths.state, "initrd-6.1.0-99-test");
	assert_int_equal(utimensat(AT_FDCWD, kernel.machine.paths.config, past, 0), 0);
	assert_int_equal(kd_switch_load(&machine, &arguments, &result, NULL), KD_OK);
	kd_switch_result_deinit(&result);
	assert_int_equal(warnings, 0);
	past[0].tv_sec = past[1].tv_sec = 999;
	assert_int_equal(utimensat(AT_FDCWD, path, past, 0), 0);
	assert_int_equal(kd_switch_load(&machine, &arguments, &result, NULL), KD_OK);
	kd_switch_result_deinit(&result);
	assert_int_equal(warnings, 1);
}

/* A path that the record could not hold is refused while the old image is there. */
static void test_unrecordable(void **state)
{
	struct kd_err err = {0};
	char path[PATH_MAX];

	machine_put(&kernel.machine, "boot/\xff", "a kernel");
	assert_int_equal(load(NULL, KD_LOAD_AUTO, NULL), KD_OK);
	assert_int_equal(load(kd_path(path, kernel.machine.root, "boot/\xff"), KD_LOAD_AUTO, &err),
			 KD_INVALID);
	assert_non_null(strstr(err.text, "UTF-8"));
	assert_int_equal(kernel.commits, 1);
}

/* What only prepare finds out must not cost the old image either. */
static void test_unpreparable(void **state)
{
	struct kd_switch machine = on_machine();
	char append[] = "unpreparable";
	struct kd_load_arguments arguments = {.append = append};
	struct kd_switch_result result = {0};
	struct kd_err err = {0};

	assert_int_equal(load(NULL, KD_LOAD_AUTO, NULL), KD_OK);
	assert_int_equal(kd_switch_load(&machine, &arguments, &result, &err), KD_CORRUPT);
	assert_string_equal(err.text, "not a kernel image");
	assert_int_equal(kernel.commits, 1);
	assert_int_equal(verdict(), KD_VERDICT_READY);
}

static void test_no_reservation(void **state)
{
	struct kd_err err = {0};

	machine_put(&kernel.machine, "sys/kernel/kexec_crash_size", "0\n");
	machine_put(&kernel.machine, "proc/cmdline", "quiet\n");
	assert_int_equal(load(NULL, KD_LOAD_AUTO, &err), KD_UNSUPPORTED);
	assert_non_null(strstr(err.text, "add crashkernel="));
	assert_int_equal(verdict(), KD_VERDICT_NO_RESERVATION);

	machine_drop(&kernel.machine, "sys/kernel/kexec_crash_size");
	kernel.powers.segments_errno = kernel.powers.file_errno = ENOSYS;
	assert_int_equal(load(NULL, KD_LOAD_AUTO, &err), KD_UNSUPPORTED);
	assert_non_null(strstr(err.text, "CONFIG_KEXEC"));
	assert_int_equal(verdict(), KD_VERDICT_UNSUPPORTED);
}

static void test_stale(void **state)
{
	static const struct {
		const char *name, *text; /* NULL: removed */
		enum kd_load_verdict verdict;
		const char *says;
	} cases[] = {
		{"boot/vmlinuz-6.1.0-99-test", "A kernel", KD_VERDICT_STALE, "kernel"},
		{"boot/vmlinuz-6.1.0-99-test", NULL, KD_VERDICT_STALE, "gone"},
		{"var/lib/kdump/initrd-6.1.0-99-test", "x", KD_VERDICT_STALE, "initrd"},
		{"etc/kdump.conf", "[target]\n", KD_VERDICT_STALE, "configuration"},
		{"etc/kdump.conf", NULL, KD_VERDICT_STALE, "configuration"},
		{"etc/kdump.conf.d/10.conf", "[dump]\n", KD_VERDICT_STALE, "configuration"},
		{"sys/devices/system/cpu/present", "0-4\n", KD_VERDICT_LAYOUT, "CPUs"},
		{"proc/iomem", "00100000-4fffffff : System RAM\n", KD_VERDICT_LAYOUT, "memory"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct kd_load_state now;

		tear_down(NULL);
		set_up(NULL);
		assert_int_equal(load(NULL, KD_LOAD_AUTO, NULL), KD_OK);
		if (cases[i].text)
			machine_put(&kernel.machine, cases[i].name, cases[i].text);
		else
			machine_drop(&kernel.machine, cases[i].name);
		assert_int_equal(kd_load_state_read(&kernel.machine.paths, &now, NULL), KD_OK);
		assert_int_equal(now.verdict, cases[i].verdict);
		assert_int_equal(now.stale.count, 1);
		assert_non_null(strstr(now.stale.reasons[0], cases[i].says));
		kd_load_state_deinit(&now);
	}
}

/* Children of the RAM lines move about without the RAM having changed. */
static void test_layout_is_ram_alone(void **state)
{
	assert_int_equal(load(NULL, KD_LOAD_AUTO, NULL), KD_OK);
	machine_put(&kernel.machine, "proc/iomem",
		    "00001000-0009fbff : System RAM\n"
		    "00100000-3fffffff : System RAM\n"
		    "  2d000000-34ffffff : Crash kernel\n"
		    "  38000000-38ffffff : System RAM\n");
	assert_int_equal(verdict(), KD_VERDICT_READY);
	machine_put(&kernel.machine, "sys/devices/system/cpu/present", "0-7\n");
	assert_int_equal(verdict(), KD_VERDICT_LAYOUT);
	machine_put(&kernel.machine, "sys/devices/system/cpu/crash_hotplug", "1\n");
	assert_int_equal(verdict(), KD_VERDICT_LAYOUT);
	machine_put(&kernel.machine, "sys/devices/system/memory/crash_hotplug", "1\n");
	assert_int_equal(verdict(), KD_VERDICT_READY);
}

static void test_reservation(void **state)
{
	struct kd_load_state now;

	assert_int_equal(kd_load_state_read(&kernel.machine.paths, &now, NULL), KD_OK);
	assert_int_equal(now.reserved_bytes, 128 << 20);
	assert_int_equal(now.reservation.start, 0x2d000000);
	assert_int_equal(now.reservation.bytes, 128 << 20);
	kd_load_state_deinit(&now);

	/* as a person without the right to addresses is shown it */
	machine_put(&kernel.machine, "proc/iomem", "00000000-00000000 : System RAM\n");
	assert_int_not_equal(kd_load_state_read(&kernel.machine.paths, &now, NULL), KD_OK);
}

#define EACH(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		EACH(test_life),
		EACH(test_arm_follows_release),
		EACH(test_fall_back),
		EACH(test_put_back),
		EACH(test_refused_early),
		EACH(test_foreign),
		EACH(test_bad_input),
		EACH(test_no_reservation),
		EACH(test_warns_of_new_config),
		EACH(test_unrecordable),
		EACH(test_unpreparable),
		EACH(test_stale),
		EACH(test_layout_is_ram_alone),
		EACH(test_reservation),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
