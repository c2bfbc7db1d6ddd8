/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/beside.h"

#include <string.h>
#include <unistd.h>

#include "host/paths.h"

const char *kd_find_beside(const char *name, const char *built, const char *installed,
			   char path[PATH_MAX])
{
	const char *const places[] = {name, built};
	char self[PATH_MAX];
	ssize_t length = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (length > 0) {
		self[length] = '\0';
		*strrchr(self, '/') = '\0';
		for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++)
			if (!access(kd_path(path, self, "%s", places[i]), R_OK))
				return path;
	}
	return installed;
}
