/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The keys of the configuration: one table, and how the text of each kind of value is checked. */
#ifndef KD_CONFIG_KEYS_H
#define KD_CONFIG_KEYS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "config/config.h"

struct kd_config_key {
	const char *section;
	const char *name;
	size_t offset; /* of the member in struct kd_config */
	const struct kd_config_kind *kind;
	const char *initial; /* the default, as the file would spell it */
};

extern const struct kd_config_key kd_config_keys[];
extern const size_t kd_config_key_count;

/* The row of a key, or NULL with KD_INVALID in err, which names the nearest key or section. */
const struct kd_config_key *kd_config_find_key(const char *section, const char *name,
					       struct kd_err *err);

/* Parses text into the member; untouched on failure. KD_INVALID, KD_NOMEM. */
enum kd_status kd_config_parse_value(const struct kd_config_key *key, const char *text,
				     struct kd_config *config, struct kd_err *err);

/* The member as text, in a buffer of `bytes` if it needs one; never NULL. */
const char *kd_config_value_text(const struct kd_config_key *key, const struct kd_config *config,
				 char buffer[], size_t bytes);

/* True for a member that is a string of the configuration's own. */
bool kd_config_is_text(const struct kd_config_key *key);

#endif
