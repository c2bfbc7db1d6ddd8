/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The configuration in memory, and as the text of a file. */
#include "config/config.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/keys.h"
#include "config/sections.h"
#include "host/file.h"
#include "host/system.h"

/* Where the configuration holds a text key; the strings are its own. */
static char **text_of(struct kd_config *config, const struct kd_config_key *key)
{
	return (char **)((char *)config + key->offset);
}

static bool owns_text(const struct kd_config_key *key)
{
	return key->owner == KD_OF_CONFIG && kd_config_is_text(key);
}

enum kd_status kd_config_init(struct kd_config *config, struct kd_err *err)
{
	struct kd_config fresh = {0};
	struct kd_err why = {KD_OK, ""};
	enum kd_status status = kd_config_add_target(&fresh, "", &why) ? KD_OK : why.status;

	for (size_t i = 0; i < kd_config_key_count && !status; i++)
		if (kd_config_keys[i].owner == KD_OF_CONFIG)
			status = kd_config_parse_value(&kd_config_keys[i],
						       kd_config_keys[i].initial, &fresh, &why);
	if (status) {
		kd_config_deinit(&fresh);
		return kd_fail(err, status, "%s", why.text);
	}
	*config = fresh;
	return KD_OK;
}

void kd_config_deinit(struct kd_config *config)
{
	if (!config)
		return;
	for (unsigned int i = 0; i < config->target_count; i++)
		kd_config_target_deinit(&config->targets[i]);
	for (size_t i = 0; i < kd_config_key_count; i++)
		if (owns_text(&kd_config_keys[i]))
			free(*text_of(config, &kd_config_keys[i]));
	*config = (struct kd_config){0};
}

bool kd_config_wants_shell(const struct kd_config *config)
{
	return config->rescue_timeout_s || config->final_action == KD_FINAL_SHELL ||
	       config->failure_action == KD_FINAL_SHELL;
}

enum kd_status kd_config_copy(const struct kd_config *config, struct kd_config *copy,
			      struct kd_err *err)
{
	struct kd_config fresh = *config;
	bool complete = true;

	for (size_t i = 0; i < kd_config_key_count; i++) {
		char **string = text_of(&fresh, &kd_config_keys[i]);

		if (!owns_text(&kd_config_keys[i]) || !*string)
			continue;
		*string = strdup(*string);
		complete &= *string != NULL;
	}
	/* Those that were not reached are not this copy's to free. */
	fresh.target_count = 0;
	while (complete && fresh.target_count < config->target_count) {
		complete &= !kd_config_target_copy(&config->targets[fresh.target_count],
						   &fresh.targets[fresh.target_count], NULL);
		fresh.target_count += complete;
	}
	if (!complete) {
		kd_config_deinit(&fresh);
		return kd_fail(err, KD_NOMEM, "configuration: no memory");
	}
	*copy = fresh;
	return KD_OK;
}

enum kd_status kd_section_find(struct kd_config *config, const char *section,
			       struct kd_section *found, struct kd_err *err)
{
	size_t length = strcspn(section, " \t");
	const char *name = section + length + strspn(section + length, " \t");
	struct kd_config_target *target = NULL;
	unsigned int i;

	snprintf(found->kind, sizeof(found->kind), "%.*s", (int)length, section);
	/* Without a name, a section has no words but one. */
	if (strcmp(found->kind, "target") || !*name) {
		found->owner = config;
		found->number = 0;
		if (kd_config_check_section(*name ? section : found->kind, err))
			return KD_INVALID;
		if (strcmp(found->kind, "target"))
			return KD_OK;
	}
	for (i = 0; i < config->target_count && !target; i++)
		if (!strcmp(config->targets[i].name, name))
			target = &config->targets[i];
	if (!target) {
		target = kd_config_add_target(config, name, err);
		i = config->target_count;
	}
	found->owner = target;
	found->number = i;
	return target ? KD_OK : KD_INVALID;
}

enum kd_status kd_config_set(struct kd_config *config, const char *section, const char *name,
			     const char *value, struct kd_err *err)
{
	struct kd_section found;
	const struct kd_config_key *key;
	enum kd_status status = kd_section_find(config, section, &found, err);

	if (status)
		return status;
	key = kd_config_find_key(found.kind, name, err);
	return key ? kd_config_parse_value(key, value, found.owner, err) : KD_INVALID;
}

/* Whether a line can carry the value so that reading gives it back. */
static const char *why_not_carried(const char *name, const char *value)
{
	size_t length = strlen(value);

	if (strlen(name) + strlen(" = ") + length > KD_CONFIG_LINE_BYTES)
		return "too long for a line of the configuration";
	for (size_t i = 0; i < length; i++) {
		if ((unsigned char)value[i] < 0x20 || value[i] == 0x7f)
			return "holds a control character";
		if (value[i] == ';' && (!i || isspace((unsigned char)value[i - 1])))
			return "holds a semicolon, which starts a comment, after a space";
	}
	if (length && (isspace((unsigned char)*value) || isspace((unsigned char)value[length - 1])))
		return "starts or ends with a space";
	return NULL;
}

/* The keys of one owner that stand in a section. */
static enum kd_status format_section(FILE *stream, const char *kind, const char *title,
				     const void *owner, struct kd_err *err)
{
	enum kd_status status = KD_OK;

	fprintf(stream, "%s[%s]\n", ftell(stream) ? "\n" : "", title);
	for (size_t i = 0; i < kd_config_key_count && !status; i++) {
		const struct kd_config_key *key = &kd_config_keys[i];
		const char *value, *why;
		char number[16];

		if (strcmp(key->section, kind))
			continue;
		value = kd_config_value_text(key, owner, number, sizeof(number));
		why = why_not_carried(key->name, value);
		fprintf(stream, "%s =%s%s\n", key->name, *value ? " " : "", value);
		if (why)
			status = kd_fail(err, KD_INVALID, "%s: %s", key->name, why);
	}
	return status;
}

static enum kd_status format_all(const struct kd_config *config, FILE *stream, struct kd_err *err)
{
	enum kd_status status = KD_OK;
	const char *section = "target";
	char title[64];

	for (unsigned int i = 0; i < config->target_count && !status; i++)
		status = format_section(
			stream, section,
			kd_config_target_section(&config->targets[i], title, sizeof(title)),
			&config->targets[i], err);
	for (size_t i = 0; i < kd_config_key_count && !status; i++) {
		const struct kd_config_key *key = &kd_config_keys[i];

		if (!strcmp(section, key->section) || key->owner != KD_OF_CONFIG)
			continue;
		section = key->section;
		status = format_section(stream, section, section, config, err);
	}
	return status;
}

enum kd_status kd_config_format(const struct kd_config *config, char **text, struct kd_err *err)
{
	KD_CLEANUP_FREE char *buffer = NULL;
	size_t bytes;
	FILE *stream = open_memstream(&buffer, &bytes);
	enum kd_status status;

	if (!stream)
		return kd_fail(err, KD_NOMEM, "configuration: no memory");
	status = format_all(config, stream, err);
	if (fclose(stream) && !status)
		status = kd_fail(err, KD_NOMEM, "configuration: no memory");
	if (status)
		return status;
	*text = buffer;
	buffer = NULL;
	return KD_OK;
}
