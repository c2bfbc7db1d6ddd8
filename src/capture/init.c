/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "capture/init.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "capture/console.h"
#include "host/file.h"

static const struct {
	const char *type, *where;
	unsigned long flags;
} mounts[] = {
	{"proc", "/proc", MS_NOSUID | MS_NODEV | MS_NOEXEC},
	{"sysfs", "/sys", MS_NOSUID | MS_NODEV | MS_NOEXEC},
	{"devtmpfs", "/dev", MS_NOSUID | MS_NOEXEC},
	{"tmpfs", "/run", MS_NOSUID | MS_NODEV},
};

/* Parameters of the command line, and the configuration's keys that they stand for. */
static const struct override {
	const char *parameter, *section, *key;
} overrides[] = {
	{"kdump.final_action=", "capture", "final_action"},
	{"kdump.failure_action=", "capture", "failure_action"},
	{"kdump.target=", "target", "device"},
	{"kdump.path=", "target", "path"},
};

static void write_text(const char *path, const char *text)
{
	KD_CLEANUP_CLOSE int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd >= 0 && write(fd, text, strlen(text)) < 0)
		return; /* an old kernel without it: nothing to do about it */
}

void kd_init_system(void)
{
	int console;

	for (size_t i = 0; i < sizeof(mounts) / sizeof(*mounts); i++)
		mount(mounts[i].type, mounts[i].where, mounts[i].type, mounts[i].flags, NULL);
	console = open("/dev/console", O_RDWR);
	if (console >= 0) {
		for (int fd = 0; fd < 3; fd++)
			dup2(console, fd);
		if (console > 2)
			close(console);
	}
	write_text("/proc/self/oom_score_adj", "-1000");
	/* one page cache less to wait for when memory is short */
	write_text("/proc/sys/vm/dirty_background_bytes", "1048576");
	write_text("/proc/sys/vm/dirty_bytes", "4194304");
}

/* Of the targets it is the first that is meant, whatever its name is in this image. */
static enum kd_status set(struct kd_config *config, const struct override *override,
			  const char *value, struct kd_err *err)
{
	if (!strcmp(override->section, "target"))
		return kd_config_target_set(&config->targets[0], override->key, value, err);
	return kd_config_set(config, override->section, override->key, value, err);
}

void kd_init_overrides(struct kd_capture *capture, struct kd_config *config)
{
	KD_CLEANUP_FREE char *line = NULL;
	char *rest, *word;
	size_t bytes;

	if (kd_file_read("/proc/cmdline", 65536, &line, &bytes, NULL))
		return;
	for (word = strtok_r(line, " \n", &rest); word; word = strtok_r(NULL, " \n", &rest))
		for (size_t i = 0; i < sizeof(overrides) / sizeof(*overrides); i++) {
			size_t length = strlen(overrides[i].parameter);
			struct kd_err err;

			if (!strncmp(word, overrides[i].parameter, length) &&
			    set(config, &overrides[i], word + length, &err))
				kd_say(capture, "%s: %s", word, err.text);
		}
}
