/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmocka and the headers that it wants before it. */
#ifndef KD_TESTS_UNIT_TEST_H
#define KD_TESTS_UNIT_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#endif
