/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A crash folder, HOST-YYYY-MM-DDTHH-MM-SSZ/, of mode 0700: a dump holds every secret of the machine.
 * The dump is called vmcore.incomplete until it is whole and synced.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "capture/console.h"
#include "capture/store.h"
#include "host/file.h"
#include "host/paths.h"
#include "host/system.h"

enum { ROOM_BYTES = 1 << 20 };

static enum kd_status sync_folder(const char *path, struct kd_err *err)
{
	KD_CLEANUP_CLOSE int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 || (fsync(fd) && errno != EINVAL))
		return kd_fail_errno(err, errno, "%s", path);
	return KD_OK;
}

void kd_store_base(const struct kd_capture *capture, char path[PATH_MAX])
{
	if (capture->is_init)
		kd_path(path, "/target", "%s", capture->target_path);
	else
		snprintf(path, PATH_MAX, "%s", capture->target_path);
}

static enum kd_status begin(struct kd_capture *capture, struct kd_err *err)
{
	struct kd_crash_name name = {.time_s = capture->capture_time_s};
	char text[KD_CRASH_NAME_BYTES], base[PATH_MAX];
	enum kd_status status;

	snprintf(name.host, sizeof(name.host), "%s", capture->host);
	kd_store_base(capture, base);
	status = kd_make_folders(base, 0755, err);
	if (status)
		return status;
	/* two crashes in one second, or a clock that starts at the same time at every boot */
	for (name.serial = 1; name.serial <= KD_CRASH_SERIALS; name.serial++) {
		kd_crash_name_format(&name, text);
		kd_path(capture->folder, base, "%s", text);
		if (!mkdir(capture->folder, 0700))
			return sync_folder(base, err);
		if (errno != EEXIST)
			break;
	}
	status = kd_fail_errno(err, errno, "%s", capture->folder);
	*capture->folder = '\0';
	return status;
}

static enum kd_status open_part(struct kd_capture *capture, const char *name, FILE **stream,
				struct kd_err *err)
{
	struct kd_part *part = kd_part(capture, name);
	char path[PATH_MAX];
	int fd;

	if (!part)
		return kd_fail(err, KD_INVALID, "%s: too many parts", name);
	fd = open(kd_path(path, capture->folder, "%s", name),
		  O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0)
		return kd_fail_errno(err, errno, "%s", path);
	*stream = fdopen(fd, "w");
	if (!*stream) {
		close(fd);
		return kd_fail_errno(err, ENOMEM, "%s", path);
	}
	part->whole = false;
	capture->open_part = (unsigned int)(part - capture->parts);
	return KD_OK;
}

static enum kd_status close_part(struct kd_capture *capture, FILE *stream, struct kd_err *err)
{
	struct kd_part *part = &capture->parts[capture->open_part];
	long length = ftell(stream);
	bool failed = fflush(stream) || ferror(stream) || fsync(fileno(stream));
	int error = errno;

	if (fclose(stream) && !failed) {
		failed = true;
		error = errno;
	}
	if (failed)
		return kd_fail_errno(err, error, "%s", part->name);
	part->bytes = length > 0 ? (uint64_t)length : 0;
	part->whole = true;
	return sync_folder(capture->folder, err);
}

static enum kd_status open_dump(struct kd_capture *capture, struct kd_sink *sink,
				char path[PATH_MAX], struct kd_err *err)
{
	if (!kd_part(capture, "vmcore"))
		return kd_fail(err, KD_INVALID, "vmcore: too many parts");
	/* of an attempt before this one; its blocks are free when that is on stable storage */
	if (!unlink(kd_path(path, capture->folder, "vmcore.incomplete")))
		sync_folder(capture->folder, NULL);
	return kd_sink_open_file(sink, path, err);
}

static enum kd_status close_dump(struct kd_capture *capture, struct kd_sink *sink,
				 struct kd_err *err)
{
	struct kd_part *part = kd_part(capture, "vmcore");
	char whole[PATH_MAX];

	if (rename(sink->path, kd_path(whole, capture->folder, "vmcore")))
		return kd_fail_errno(err, errno, "%s", whole);
	part->bytes = capture->saved.file_bytes;
	part->whole = true;
	return sync_folder(capture->folder, err);
}

/*
 * A full file system has no block left for the manifest that says so. A dump that ends some pages
 * earlier is worth no less.
 */
static void make_room(struct kd_capture *capture)
{
	char path[PATH_MAX];
	struct stat st;

	kd_path(path, capture->folder, "vmcore.incomplete");
	if (!stat(path, &st) && st.st_size > ROOM_BYTES && truncate(path, st.st_size - ROOM_BYTES))
		kd_say(capture, "%s: making room: %s", path, strerror(errno));
}

static enum kd_status end(struct kd_capture *capture, struct kd_err *err)
{
	return sync_folder(capture->folder, err);
}

const struct kd_store kd_store_folder = {
	.name = "folder",
	.begin = begin,
	.open_part = open_part,
	.close_part = close_part,
	.open_dump = open_dump,
	.close_dump = close_dump,
	.make_room = make_room,
	.end = end,
};
