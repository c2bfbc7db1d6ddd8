/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Every reason why a panic now would not give a dump: a table of checks, each of which looks at the facts of
 * an exam and comes to one finding.
 */
#ifndef KD_ADVISE_DOCTOR_H
#define KD_ADVISE_DOCTOR_H

#include <stddef.h>

#include "advise/exam.h"

enum kd_result {
	KD_RESULT_OK,
	KD_RESULT_NOTE,    /* good to know */
	KD_RESULT_WARNING, /* a dump might fail, or not be what is expected */
	KD_RESULT_PROBLEM, /* there would be none */
	KD_RESULTS,
};

enum { KD_FINDINGS = 48, KD_SENTENCE_BYTES = 768 };

struct kd_finding {
	const char *check; /* its name, for people and machines */
	enum kd_result result;
	char sentence[KD_SENTENCE_BYTES];
	char remedy[256]; /* what a person does; "" when nothing is needed */
};

/* Fills in what it finds; at first the result is OK, and the rest empty. */
typedef void kd_check_look(const struct kd_exam *exam, struct kd_finding *finding);

struct kd_check {
	const char *name;
	kd_check_look *look;
};

/* All checks, in the order in which they are told; a row without a name at the end. */
extern const struct kd_check kd_checks[];

struct kd_diagnosis {
	struct kd_finding findings[KD_FINDINGS];
	size_t count;
	size_t numbers[KD_RESULTS]; /* how many of each */
};

void kd_diagnose(const struct kd_exam *exam, struct kd_diagnosis *diagnosis);

/* "ok", "note", "warning", "problem"; and back, false for another word. */
const char *kd_result_name(enum kd_result result);
bool kd_result_parse(const char *name, enum kd_result *result);

#endif
