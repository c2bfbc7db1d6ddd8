/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A made-up dump whose kernel has a given log. */
#ifndef LOG_FIXTURE_H
#define LOG_FIXTURE_H

#include "dump_fixture.h"

/* Makes the fixture, with the lines "[   12.345678] text" of a log in it, others left out; the caller builds it. */
void fixture_with_log(struct fixture *fixture, const char *text);

#endif
