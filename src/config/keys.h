/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The keys of the configuration: one table, and how the text of each kind of value is checked. */
#ifndef KD_CONFIG_KEYS_H
#define KD_CONFIG_KEYS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "config/config.h"

enum kd_config_owner { KD_OF_CONFIG, KD_OF_TARGET };

struct kd_config_key {
	const char *section;
	const char *name;
	enum kd_config_owner owner;
	size_t offset; /* of the member in struct kd_config, or in struct kd_config_target */
	const struct kd_config_kind *kind;
	const char *initial; /* the default, as the file would spell it */
};

extern const struct kd_config_key kd_config_keys[];
extern const size_t kd_config_key_count;
enum { KD_CONFIG_KEYS_MAX = 48 }; /* what kd_config_key_count stays below */

/*
 * The row of a key, or NULL with KD_INVALID in err, which names the nearest key or section. The section is
 * "target" for every target.
 */
const struct kd_config_key *kd_config_find_key(const char *section, const char *name,
					       struct kd_err *err);
/* Whether there is such a section; KD_INVALID in err, which names the nearest. */
enum kd_status kd_config_check_section(const char *section, struct kd_err *err);

/* The word of the list (NULL ends it) that was probably meant; NULL: none, or text is one of them. */
const char *kd_config_nearest(const char *text, const char *const words[]);

/* Parses text into the member of owner, which is what the key says; untouched on failure. KD_INVALID, KD_NOMEM. */
enum kd_status kd_config_parse_value(const struct kd_config_key *key, const char *text, void *owner,
				     struct kd_err *err);

/* The member as text, in a buffer of `bytes` if it needs one; never NULL. */
const char *kd_config_value_text(const struct kd_config_key *key, const void *owner, char buffer[],
				 size_t bytes);

/* True for a member that is a string of its owner's. */
bool kd_config_is_text(const struct kd_config_key *key);

#endif
