/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmocka and the headers that it wants before it. */
#ifndef KD_TESTS_UNIT_TEST_H
#define KD_TESTS_UNIT_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* How often a loop of like cases runs: so many times, a tenth of that where each costs some ten times as much. */
#if defined(__SANITIZE_THREAD__)
#define TEST_TIMES(times) (((times) + 9) / 10)
#else
#define TEST_TIMES(times) (times)
#endif

/* What two runs of the same may differ by in memory: with a sanitizer's own more. clang tells of its own in another way. */
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define __SANITIZE_ADDRESS__ 1
#endif
#endif
#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
#define TEST_SLACK_KIB 8192
#else
#define TEST_SLACK_KIB 512
#endif

#endif
