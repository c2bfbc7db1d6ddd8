/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The targets of a configuration: one section each. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/keys.h"

static char **text_of(struct kd_config_target *target, const struct kd_config_key *key)
{
	return (char **)((char *)target + key->offset);
}

static bool owns_text(const struct kd_config_key *key)
{
	return key->owner == KD_OF_TARGET && kd_config_is_text(key);
}

void kd_config_target_deinit(struct kd_config_target *target)
{
	for (size_t i = 0; i < kd_config_key_count; i++)
		if (owns_text(&kd_config_keys[i]))
			free(*text_of(target, &kd_config_keys[i]));
	*target = (struct kd_config_target){0};
}

enum kd_status kd_config_target_copy(const struct kd_config_target *from,
				     struct kd_config_target *to, struct kd_err *err)
{
	struct kd_config_target fresh = *from;
	bool complete = true;

	for (size_t i = 0; i < kd_config_key_count; i++) {
		char **string = text_of(&fresh, &kd_config_keys[i]);

		if (!owns_text(&kd_config_keys[i]) || !*string)
			continue;
		*string = strdup(*string);
		complete &= *string != NULL;
	}
	if (!complete) {
		kd_config_target_deinit(&fresh);
		return kd_fail(err, KD_NOMEM, "configuration: no memory");
	}
	*to = fresh;
	return KD_OK;
}

const char *kd_config_target_section(const struct kd_config_target *target, char text[],
				     size_t bytes)
{
	snprintf(text, bytes, "target%s%s", *target->name ? " " : "", target->name);
	return text;
}

static enum kd_status check_name(const char *name, struct kd_err *err)
{
	static const char allowed[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_";

	if (strlen(name) < KD_TARGET_NAME_BYTES && !name[strspn(name, allowed)])
		return KD_OK;
	return kd_fail(err, KD_INVALID,
		       "[target %s]: a target's name is made of at most %d letters, digits, dots, "
		       "hyphens and underscores",
		       name, KD_TARGET_NAME_BYTES - 1);
}

struct kd_config_target *kd_config_add_target(struct kd_config *config, const char *name,
					      struct kd_err *err)
{
	struct kd_config_target fresh = {0};
	enum kd_status status = check_name(name, err);

	if (!status && config->target_count == KD_CONFIG_TARGETS)
		status = kd_fail(err, KD_INVALID, "[target %s]: there can be %d targets at most",
				 name, KD_CONFIG_TARGETS);
	for (size_t i = 0; i < kd_config_key_count && !status; i++)
		if (kd_config_keys[i].owner == KD_OF_TARGET)
			status = kd_config_parse_value(&kd_config_keys[i],
						       kd_config_keys[i].initial, &fresh, err);
	if (status) {
		kd_config_target_deinit(&fresh);
		return NULL;
	}
	snprintf(fresh.name, sizeof(fresh.name), "%s", name);
	config->targets[config->target_count] = fresh;
	return &config->targets[config->target_count++];
}

enum kd_status kd_config_target_set(struct kd_config_target *target, const char *name,
				    const char *value, struct kd_err *err)
{
	const struct kd_config_key *key = kd_config_find_key("target", name, err);

	return key ? kd_config_parse_value(key, value, target, err) : KD_INVALID;
}
