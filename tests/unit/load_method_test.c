/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which system call is taken, and what is said about it. */
#include "test.h"

#include <errno.h>

#include "load_machine.h"

#include "load/method.h"

static void test_choice(void **state)
{
	static const struct {
		enum kd_load_method wanted;
		struct kd_load_powers powers;
		enum kd_status status;
		enum kd_load_method taken;
		bool may_fall_back;
		const char *says; /* in the reason or the error */
	} cases[] = {
		{KD_LOAD_AUTO, {0}, KD_OK, KD_LOAD_SEGMENTS, true, NULL},
		{KD_LOAD_SEGMENTS, {0}, KD_OK, KD_LOAD_SEGMENTS, false, NULL},
		{KD_LOAD_FILE, {0}, KD_OK, KD_LOAD_FILE, false, NULL},
		{KD_LOAD_AUTO, {.file_errno = ENOSYS}, KD_OK, KD_LOAD_SEGMENTS, false, NULL},
		{KD_LOAD_AUTO,
		 {.segments_errno = EPERM, .lockdown = "integrity"},
		 KD_OK,
		 KD_LOAD_FILE,
		 false,
		 "lockdown (integrity)"},
		{KD_LOAD_AUTO,
		 {.segments_errno = EPERM, .lockdown = "none"},
		 KD_OK,
		 KD_LOAD_FILE,
		 false,
		 "policy"},
		{KD_LOAD_AUTO,
		 {.segments_errno = EACCES, .lockdown = "integrity"},
		 KD_OK,
		 KD_LOAD_FILE,
		 false,
		 "Secure Boot or an IMA policy bars kexec_load"},
		{KD_LOAD_AUTO,
		 {.segments_errno = ENOSYS},
		 KD_OK,
		 KD_LOAD_FILE,
		 false,
		 "has no kexec_load"},
		{KD_LOAD_SEGMENTS,
		 {.segments_errno = EPERM, .lockdown = "confidentiality"},
		 KD_UNSUPPORTED,
		 KD_LOAD_AUTO,
		 false,
		 "lockdown (confidentiality)"},
		{KD_LOAD_FILE,
		 {.file_errno = ENOSYS},
		 KD_UNSUPPORTED,
		 KD_LOAD_AUTO,
		 false,
		 "no kexec_file_load"},
		{KD_LOAD_AUTO,
		 {.segments_errno = ENOSYS, .file_errno = ENOSYS},
		 KD_UNSUPPORTED,
		 KD_LOAD_AUTO,
		 false,
		 "CONFIG_KEXEC"},
		{KD_LOAD_AUTO,
		 {.segments_errno = EPERM, .file_errno = EPERM},
		 KD_UNSUPPORTED,
		 KD_LOAD_AUTO,
		 false,
		 "and policy"},
		{KD_LOAD_AUTO,
		 {.segments_errno = EPERM, .file_errno = EPERM, .disabled_for_good = true},
		 KD_UNSUPPORTED,
		 KD_LOAD_AUTO,
		 false,
		 "kexec_load_disabled"},
		{KD_LOAD_AUTO,
		 {.no_more_panic_loads = true},
		 KD_UNSUPPORTED,
		 KD_LOAD_AUTO,
		 false,
		 "kexec_load_limit_panic"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct kd_load_choice choice = {.method = KD_LOAD_AUTO};
		struct kd_err err = {0};
		enum kd_status status =
			kd_load_choose_method(cases[i].wanted, &cases[i].powers, &choice, &err);
		const char *said = status ? err.text : choice.reason;

		assert_int_equal(status, cases[i].status);
		assert_int_equal(choice.method, cases[i].taken);
		assert_int_equal(choice.may_fall_back, cases[i].may_fall_back);
		if (!cases[i].says)
			assert_string_equal(said, "");
		else if (!strstr(said, cases[i].says))
			fail_msg("case %zu: \"%s\" does not say \"%s\"", i, said, cases[i].says);
	}
}

static void test_files(void **state)
{
	static const struct {
		const char *name, *text;
		struct kd_load_powers powers;
	} cases[] = {
		{"sys/kernel/security/lockdown",
		 "none [integrity] confidentiality\n",
		 {.lockdown = "integrity"}},
		{"sys/kernel/security/lockdown",
		 "[none] integrity confidentiality\n",
		 {.lockdown = "none"}},
		{"sys/kernel/security/lockdown", "[", {0}},
		{"sys/kernel/security/lockdown", "]none[", {0}},
		{"sys/kernel/security/lockdown",
		 "[an absurdly long word that no kernel would ever write]",
		 {.lockdown = "an absurdly long word that no k"}},
		{"proc/sys/kernel/kexec_load_disabled", "1\n", {.disabled_for_good = true}},
		{"proc/sys/kernel/kexec_load_disabled", "0\n", {0}},
		{"proc/sys/kernel/kexec_load_disabled", "", {0}},
		{"proc/sys/kernel/kexec_load_limit_panic", "0\n", {.no_more_panic_loads = true}},
		{"proc/sys/kernel/kexec_load_limit_panic", "-1\n", {0}},
		{"proc/sys/kernel/kexec_load_limit_panic", "", {0}},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct kd_load_powers powers;
		struct machine machine;

		machine_make(&machine);
		machine_put(&machine, cases[i].name, cases[i].text);
		kd_load_powers_read(&machine.paths, &powers);
		assert_string_equal(powers.lockdown, cases[i].powers.lockdown);
		assert_int_equal(powers.disabled_for_good, cases[i].powers.disabled_for_good);
		assert_int_equal(powers.no_more_panic_loads, cases[i].powers.no_more_panic_loads);
		machine_destroy(&machine);
	}
}

static void test_names(void **state)
{
	enum kd_load_method method = KD_LOAD_AUTO;
	enum kd_backup backup = KD_BACKUP_AUTO;

	assert_true(kd_load_method_parse("segments", &method));
	assert_int_equal(method, KD_LOAD_SEGMENTS);
	assert_false(kd_load_method_parse("segment", &method));
	assert_true(kd_backup_parse("never", &backup));
	assert_int_equal(backup, KD_BACKUP_NEVER);
	assert_false(kd_backup_parse("", &backup));
	assert_null(kd_load_method_name((enum kd_load_method)3));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_choice),
		cmocka_unit_test(test_files),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
