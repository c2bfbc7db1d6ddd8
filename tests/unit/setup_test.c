/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Plans and how they are done, boot parameters, and refreshing what is loaded, on a made-up machine. */
#include "test.h"

#include "load_machine.h"

#include "config/image.h"
#include "load/cpio.h"
#include "setup/boot_parameter.h"
#include "setup/plan.h"
#include "setup/refresh.h"

static struct {
	struct machine machine;
	int loads;
	int hotplugs; /* CPUs that come while a load is under way, one a load */
	char ran[128];
	bool refuse;
	int images;    /* made so far */
	bool no_image; /* they cannot be made */
	int edits;     /* of the configuration while an image is made, one each */
} world;

struct kd_load_image {
	int unused;
};

static void probe(const struct kd_paths *paths, struct kd_load_powers *powers)
{
	*powers = (struct kd_load_powers){0};
}

static enum kd_status prepare(const struct kd_load_request *request, struct kd_load_image **image,
			      struct kd_err *err)
{
	/* What nobody loaded before is loaded with the running kernel's command line. */
	assert_true(request->reuse_command_line);
	*image = calloc(1, sizeof(**image));
	return KD_OK;
}

static enum kd_status commit(struct kd_load_image *image, struct kd_err *err)
{
	char cpus[16];

	world.loads++;
	machine_put(&world.machine, "sys/kernel/kexec_crash_loaded", "1\n");
	/* The record's digest of the layout was taken before. */
	if (world.hotplugs) {
		world.hotplugs--;
		snprintf(cpus, sizeof(cpus), "0-%d\n", 10 + world.hotplugs);
		machine_put(&world.machine, "sys/devices/system/cpu/present", cpus);
	}
	return KD_OK;
}

static void describe(const struct kd_load_image *image, struct kd_load_description *said)
{
	*said = (struct kd_load_description){.command_line = "as passed"};
}

static void let_go(struct kd_load_image *image)
{
	free(image);
}

static enum kd_status unload(struct kd_err *err)
{
	machine_put(&world.machine, "sys/kernel/kexec_crash_loaded", "0\n");
	return KD_OK;
}

static const struct kd_load_driver driver = {probe, prepare, commit, describe, let_go, unload};

static enum kd_status run(void *opaque, char *const argv[], struct kd_err *err)
{
	size_t used = strlen(world.ran);

	for (int i = 0; argv[i]; i++)
		used += (size_t)snprintf(world.ran + used, sizeof(world.ran) - used, "%s ",
					 argv[i]);
	return world.refuse ? kd_fail(err, KD_SYSTEM, "refused") : KD_OK;
}

static const struct kd_setup_hands hands = {.run = run, .driver = &driver};

static int set_up(void **state)
{
	memset(&world, 0, sizeof(world));
	machine_make(&world.machine);
	return 0;
}

/* Plans name files as the machine itself would. */
static int set_up_tree(void **state)
{
	set_up(state);
	world.machine.paths.root = world.machine.root;
	return 0;
}

static int tear_down(void **state)
{
	machine_destroy(&world.machine);
	return 0;
}

static void a_parameter_is_added_and_taken_away(void **state)
{
	static const struct {
		const char *line, *word, *old, *becomes;
	} cases[] = {
		{"", "c=1", NULL, "c=1"},
		{"quiet", "c=1", NULL, "quiet c=1"},
		{"quiet c=1", "c=1", NULL, "quiet c=1"},
		{"quiet c=1", NULL, "c=1", "quiet"},
		{"c=1 quiet", NULL, "c=1", " quiet"},
		{"c=1", NULL, "c=1", ""},
		{"c=1", "c=2", "c=1", "c=2"},
		{"a c=1 b", "c=2", "c=1", "a b c=2"},
		/* no word of ours, though it looks like one */
		{"c=12 ac=1 c=1,high", NULL, "c=1", "c=12 ac=1 c=1,high"},
		{"c=12", "c=1", NULL, "c=12 c=1"},
		/* what a person wrote between the words stays */
		{"a \t b", "c=1", NULL, "a \t b c=1"},
		{"a b", NULL, NULL, "a b"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char *edited = kd_boot_parameter_edit(cases[i].line, cases[i].word, cases[i].old);

		assert_string_equal(edited, cases[i].becomes);
		free(edited);
	}
}

static void sizes_of_parameters(void **state)
{
	static const struct {
		const char *word;
		uint64_t bytes;
	} cases[] = {
		{"crashkernel=192M", 192 << 20},
		{"crashkernel=192m", 192 << 20},
		{"crashkernel=1G,high", 1 << 30},
		{"crashkernel=64K@16M", 64 << 10},
		{"crashkernel=0x1000", 4096},
		{"crashkernel=1G-2G:64M,2G-:128M", 0},
		{"crashkernel=auto", 0},
		{"crashkernel=", 0},
		{"crashkernel=M", 0},
		{"crashkernel=-1M", 0},
		{"crashkernel=99999999999G", 0},
		{"crash=192M", 0},
		{"", 0},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		assert_int_equal(kd_boot_parameter_bytes(cases[i].word), cases[i].bytes);
}

static void what_is_so_already_is_no_step(void **state)
{
	struct kd_setup_plan plan;
	struct kd_switch_result loaded = {0};
	struct kd_err err;

	kd_setup_plan_init(&plan, &world.machine.paths);
	assert_true(kd_setup_write_text(&plan, "/etc/made/deep", "text\n", "a %s", "reason"));
	assert_false(kd_setup_remove(&plan, "/etc/nothing", "is not there"));
	assert_int_equal(plan.count, 1);
	assert_string_equal(plan.steps[0].why, "a reason");
	assert_false(kd_setup_exists(&plan, "/etc/made/deep"));
	assert_int_equal(kd_setup_do(&plan, &plan.steps[0], &hands, &loaded, &err), KD_OK);
	kd_setup_plan_deinit(&plan);

	kd_setup_plan_init(&plan, &world.machine.paths);
	assert_false(kd_setup_write_text(&plan, "/etc/made/deep", "text\n", "again"));
	assert_false(kd_setup_write_data(&plan, "/etc/made/deep", "text\n", 5, "again"));
	assert_true(kd_setup_write_data(&plan, "/etc/made/deep", "text\n", 4, "shorter"));
	assert_true(kd_setup_remove(&plan, "/etc/made/deep", "no longer"));
	for (size_t i = 0; i < plan.count; i++)
		assert_int_equal(kd_setup_do(&plan, &plan.steps[i], &hands, &loaded, &err), KD_OK);
	assert_false(kd_setup_exists(&plan, "/etc/made/deep"));
	assert_int_equal(plan.broken.status, KD_OK);
	kd_setup_plan_deinit(&plan);
}

static void commands_are_run_or_left(void **state)
{
	static const char *const words[] = {"update-grub", "--now", NULL};
	struct kd_setup_hands none = hands;
	struct kd_switch_result loaded = {0};
	struct kd_setup_plan plan;
	struct kd_err err;

	none.run = NULL;
	kd_setup_plan_init(&plan, &world.machine.paths);
	assert_true(kd_setup_run(&plan, words, "reason"));
	assert_true(kd_setup_load(&plan, KD_SETUP_LOAD, "reason"));
	for (int i = 0; i < 2; i++)
		assert_int_equal(kd_setup_do(&plan, &plan.steps[i], &none, &loaded, &err),
				 KD_UNSUPPORTED);
	assert_string_equal(world.ran, "");
	assert_int_equal(kd_setup_do(&plan, &plan.steps[0], &hands, &loaded, &err), KD_OK);
	assert_string_equal(world.ran, "update-grub --now ");
	world.refuse = true;
	assert_int_equal(kd_setup_do(&plan, &plan.steps[0], &hands, &loaded, &err), KD_SYSTEM);
	kd_setup_plan_deinit(&plan);
}

static void real_programs_end_well_or_are_an_error(void **state)
{
	char name[] = "true", shell[] = "sh", option[] = "-c", command[] = "exit 3";
	char nowhere[] = "no-such-program-anywhere";
	char *good[] = {name, NULL}, *bad[] = {shell, option, command, NULL};
	char *none[] = {nowhere, NULL};
	struct kd_err err;

	assert_int_equal(kd_setup_real_hands.run(NULL, good, &err), KD_OK);
	assert_int_equal(kd_setup_real_hands.run(NULL, bad, &err), KD_SYSTEM);
	assert_non_null(strstr(err.text, "sh: ended with status 3"));
	assert_int_equal(kd_setup_real_hands.run(NULL, none, &err), KD_NOTFOUND);
}

static bool refresh(void)
{
	struct kd_switch machine = {&world.machine.paths, &driver, NULL};
	struct kd_switch_result result = {0};
	struct kd_err err = {0};
	bool changed;

	if (kd_refresh_load(&machine, &result, &err))
		fail_msg("%s", err.text);
	changed = result.changed;
	kd_switch_result_deinit(&result);
	return changed;
}

static void refreshing_loads_once(void **state)
{
	assert_false(kd_refresh_is_armed(&world.machine.paths));
	assert_true(refresh());
	assert_true(kd_refresh_is_armed(&world.machine.paths));
	assert_false(refresh());
	assert_int_equal(world.loads, 1);
	machine_put(&world.machine, "boot/vmlinuz-6.1.0-99-test", "another kernel");
	assert_true(refresh());
	assert_int_equal(world.loads, 2);
}

static void a_cpu_that_comes_meanwhile_is_taken_in(void **state)
{
	world.hotplugs = 1;
	assert_true(refresh());
	assert_int_equal(world.loads, 2);
	assert_false(refresh());
}

static void endless_hotplug_ends(void **state)
{
	world.hotplugs = 1000;
	assert_true(refresh());
	assert_in_range(world.loads, 2, 10);
}

static enum kd_status make_image(void *opaque, struct kd_err *err)
{
	char text[64];

	world.images++;
	if (world.edits) {
		snprintf(text, sizeof(text), "[dump]\nlevel = %d\n", world.edits-- % 32);
		machine_put(&world.machine, "etc/kdump.conf", text);
	}
	return world.no_image ? kd_fail(err, KD_NOTFOUND, "the target is away") : KD_OK;
}

/* An initramfs with this as its configuration; NULL: none that could be unpacked. */
static void put_image(const char *config)
{
	char path[PATH_MAX], *packed = NULL;
	struct kd_cpio cpio = {0};
	size_t bytes;

	machine_put(&world.machine, "var/lib/kdump/initrd-6.1.0-99-test", "damaged");
	if (!config)
		return;
	assert_int_equal(kd_cpio_add_file(&cpio, KD_IMAGE_CONFIG, 0644, strdup(config),
					  strlen(config), NULL),
			 KD_OK);
	assert_int_equal(kd_cpio_pack(&cpio, &packed, &bytes, NULL), KD_OK);
	kd_path(path, world.machine.state, "initrd-6.1.0-99-test");
	assert_int_equal(kd_file_replace(path, packed, bytes, 0600, NULL), KD_OK);
	kd_cpio_deinit(&cpio);
	free(packed);
}

static enum kd_status refresh_all(struct kd_err *err)
{
	struct kd_switch machine = {&world.machine.paths, &driver, NULL};
	const struct kd_refresh_maker maker = {make_image, NULL};
	struct kd_switch_result result = {0};
	enum kd_status status = kd_refresh_all(&machine, &maker, &result, err);

	assert_true(status || result.kernel);
	kd_switch_result_deinit(&result);
	return status;
}

static void the_image_that_is_there_is_loaded_where_none_can_be_made(void **state)
{
	struct kd_err err = {0};

	world.no_image = true;
	put_image(NULL);
	assert_int_equal(refresh_all(&err), KD_NOTFOUND);
	assert_int_equal(world.loads, 0);
	put_image("[target]\ndevice = UUID=1\n");
	assert_int_equal(refresh_all(&err), KD_NOTFOUND);
	assert_string_equal(err.text, "the target is away");
	assert_int_equal(world.loads, 1);
	world.no_image = false;
	assert_int_equal(refresh_all(&err), KD_OK);
}

static void a_configuration_that_changes_meanwhile_is_taken_in(void **state)
{
	struct kd_err err = {0};

	assert_int_equal(refresh_all(&err), KD_OK);
	assert_int_equal(world.images, 1);
	world.edits = 1;
	assert_int_equal(refresh_all(&err), KD_OK);
	assert_int_equal(world.images, 3);
	world.edits = 1000;
	assert_int_equal(refresh_all(&err), KD_OK);
	assert_in_range(world.images, 5, 10);
}

static void what_nobody_set_up_is_left_alone(void **state)
{
	const struct kd_paths *paths = &world.machine.paths;
	const char *version = "6.1.0-99-test";

	assert_true(kd_refresh_is_wanted(paths, version));
	machine_drop(&world.machine, "var/lib/kdump/initrd-6.1.0-99-test");
	assert_false(kd_refresh_is_wanted(paths, version));
	machine_put(&world.machine, "etc/systemd/system/multi-user.target.wants/kdump.service", "");
	assert_true(kd_refresh_is_wanted(paths, version));
	machine_drop(&world.machine, "etc/systemd/system/multi-user.target.wants/kdump.service");
	machine_put(&world.machine, "var/lib/kdump/initrd-6.1.0-99-test", "an initramfs");
	assert_true(refresh());
	machine_drop(&world.machine, "var/lib/kdump/initrd-6.1.0-99-test");
	assert_true(kd_refresh_is_wanted(paths, version));
}

static void a_damaged_record_is_as_good_as_none(void **state)
{
	machine_put(&world.machine, "var/lib/kdump/loaded.json", "{");
	assert_true(refresh());
	assert_true(kd_refresh_is_armed(&world.machine.paths));
}

static void what_was_disarmed_is_known(void **state)
{
	struct kd_switch machine = {&world.machine.paths, &driver, NULL};
	struct kd_switch_result result = {0};
	struct kd_err err;

	assert_true(refresh());
	assert_int_equal(kd_switch_disarm(&machine, &result, &err), KD_OK);
	kd_switch_result_deinit(&result);
	assert_false(kd_refresh_is_armed(&world.machine.paths));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_parameter_is_added_and_taken_away),
		cmocka_unit_test(sizes_of_parameters),
		cmocka_unit_test_setup_teardown(what_is_so_already_is_no_step, set_up_tree,
						tear_down),
		cmocka_unit_test_setup_teardown(commands_are_run_or_left, set_up_tree, tear_down),
		cmocka_unit_test(real_programs_end_well_or_are_an_error),
		cmocka_unit_test_setup_teardown(refreshing_loads_once, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_cpu_that_comes_meanwhile_is_taken_in, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(endless_hotplug_ends, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			the_image_that_is_there_is_loaded_where_none_can_be_made, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(a_configuration_that_changes_meanwhile_is_taken_in,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_nobody_set_up_is_left_alone, set_up_tree,
						tear_down),
		cmocka_unit_test_setup_teardown(a_damaged_record_is_as_good_as_none, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(what_was_disarmed_is_known, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
