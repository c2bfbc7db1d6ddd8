/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Nodes are inodes, by the same numbers. Nothing ever changes, so the kernel may keep what it was told for ever:
 * names, sizes, and pages of the files. Requests are answered by several threads, as a view allows.
 *
 * A read that cannot be answered whole is an error, never a short one, which the kernel would take for the end of the
 * file. Where it read ahead, it then asks again for single pages, so that who reads gets what can be had up to the
 * page that cannot.
 *
 * All belongs to who mounted it, and is for his eyes only: a dump holds everybody's secrets.
 */
#define FUSE_USE_VERSION 312

#include "cmd/fuse.h"

#include <errno.h>
#include <fcntl.h>
#include <fuse_lowlevel.h>
#include <mntent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/file.h"
#include "host/system.h"

#define SUBTYPE "kdump"

enum { THREADS_MOST = 8, FOR_EVER_S = 1000000000, READ_MOST = 16 << 20 };

struct kd_fuse {
	struct kd_view *view; /* borrowed */
	struct fuse_session *session;
	struct timespec when; /* of the dump's file: that of all in it */
	bool mounted;
};

static int errno_of(enum kd_status status)
{
	static const int numbers[] = {
		[KD_OK] = 0,
		[KD_NOMEM] = ENOMEM,
		[KD_SYSTEM] = EIO,
		[KD_CORRUPT] = EIO,
		[KD_TRUNCATED] = EIO,
		[KD_UNSUPPORTED] = EOPNOTSUPP,
		[KD_NOTFOUND] = ENODATA,
		[KD_EXCLUDED] = EIO,
		[KD_HOLE] = EIO,
		[KD_FAULT] = EIO,
		[KD_INVALID] = EINVAL,
	};

	return (size_t)status < sizeof(numbers) / sizeof(*numbers) ? numbers[status] : EIO;
}

static struct kd_fuse *fuse_of(fuse_req_t request)
{
	return fuse_req_userdata(request);
}

static struct kd_view_file *file_of(const struct fuse_file_info *info)
{
	return (struct kd_view_file *)(uintptr_t)info->fh;
}

/* 0, or an errno. */
static int stat_node(struct kd_fuse *fuse, kd_node node, struct stat *st)
{
	struct kd_view_stat found;
	enum kd_status status = kd_view_stat(fuse->view, node, &found, NULL);

	if (status)
		return status == KD_NOTFOUND ? ENOENT : errno_of(status);
	*st = (struct stat){
		.st_ino = node,
		.st_mode = found.folder ? S_IFDIR | 0500 : S_IFREG | 0400,
		.st_nlink = found.folder ? 2 : 1,
		.st_uid = getuid(),
		.st_gid = getgid(),
		.st_size = (off_t)found.bytes,
		.st_blksize = 128 << 10,
		.st_blocks = (blkcnt_t)((found.stored_bytes + 511) / 512),
		.st_atim = fuse->when,
		.st_mtim = fuse->when,
		.st_ctim = fuse->when,
	};
	return 0;
}

static void answer_lookup(fuse_req_t request, fuse_ino_t folder, const char *name)
{
	struct fuse_entry_param entry = {.attr_timeout = FOR_EVER_S, .entry_timeout = FOR_EVER_S};
	kd_node node = 0;
	enum kd_status status = kd_view_lookup(fuse_of(request)->view, folder, name, &node, NULL);
	int error = status == KD_NOTFOUND ? 0 : errno_of(status);

	/* node 0: there is none, and never will be */
	if (!status)
		error = stat_node(fuse_of(request), node, &entry.attr);
	entry.ino = node;
	if (error)
		fuse_reply_err(request, error);
	else
		fuse_reply_entry(request, &entry);
}

static void answer_getattr(fuse_req_t request, fuse_ino_t node, struct fuse_file_info *info)
{
	struct stat st;
	int error = stat_node(fuse_of(request), node, &st);

	if (error)
		fuse_reply_err(request, error);
	else
		fuse_reply_attr(request, &st, FOR_EVER_S);
}

/* A folder as it is sent: made when it is opened, sent in pieces. */
struct listing {
	fuse_req_t request;
	char *data;
	size_t bytes, room;
	bool failed;
};

static bool list_entry(void *opaque, const char *name, kd_node node, bool folder)
{
	struct listing *listing = opaque;
	const struct stat st = {.st_ino = node, .st_mode = folder ? S_IFDIR : S_IFREG};
	size_t bytes = fuse_add_direntry(listing->request, NULL, 0, name, NULL, 0);

	if (listing->bytes + bytes > listing->room) {
		size_t room = 2 * (listing->room + bytes);
		char *grown = realloc(listing->data, room);

		if (!grown) {
			listing->failed = true;
			return false;
		}
		listing->data = grown;
		listing->room = room;
	}
	fuse_add_direntry(listing->request, listing->data + listing->bytes, bytes, name, &st,
			  (off_t)(listing->bytes + bytes));
	listing->bytes += bytes;
	return true;
}

static void free_listing(struct listing *listing)
{
	free(listing->data);
	free(listing);
}

static void answer_opendir(fuse_req_t request, fuse_ino_t node, struct fuse_file_info *info)
{
	struct listing *listing = calloc(1, sizeof(*listing));
	enum kd_status status;

	if (!listing) {
		fuse_reply_err(request, ENOMEM);
		return;
	}
	listing->request = request;
	list_entry(listing, ".", node, true);
	list_entry(listing, "..", KD_NODE_ROOT, true);
	status = kd_view_list(fuse_of(request)->view, node, list_entry, listing, NULL);
	if (status || listing->failed) {
		fuse_reply_err(request, status ? errno_of(status) : ENOMEM);
		free_listing(listing);
		return;
	}
	listing->request = NULL;
	info->fh = (uintptr_t)listing;
	info->cache_readdir = info->keep_cache = 1;
	if (fuse_reply_open(request, info))
		free_listing(listing); /* who asked is gone */
}

static void answer_readdir(fuse_req_t request, fuse_ino_t node, size_t bytes, off_t offset,
			   struct fuse_file_info *info)
{
	const struct listing *listing = (struct listing *)(uintptr_t)info->fh;
	size_t at = (size_t)offset < listing->bytes ? (size_t)offset : listing->bytes;

	/* what is cut off within an entry is asked for again from where it began */
	if (bytes > listing->bytes - at)
		bytes = listing->bytes - at;
	fuse_reply_buf(request, listing->data + at, bytes);
}

static void answer_releasedir(fuse_req_t request, fuse_ino_t node, struct fuse_file_info *info)
{
	free_listing((struct listing *)(uintptr_t)info->fh);
	fuse_reply_err(request, 0);
}

static void answer_open(fuse_req_t request, fuse_ino_t node, struct fuse_file_info *info)
{
	struct kd_view_file *file;
	enum kd_status status;

	if ((info->flags & O_ACCMODE) != O_RDONLY) {
		fuse_reply_err(request, EROFS);
		return;
	}
	status = kd_view_open_file(fuse_of(request)->view, node, &file, NULL);
	if (status) {
		fuse_reply_err(request, errno_of(status));
		return;
	}
	info->fh = (uintptr_t)file;
	info->keep_cache = 1;
	if (fuse_reply_open(request, info))
		kd_view_close_file(file);
}

static void answer_read(fuse_req_t request, fuse_ino_t node, size_t bytes, off_t offset,
			struct fuse_file_info *info)
{
	KD_CLEANUP_FREE char *buffer = bytes <= READ_MOST ? malloc(bytes) : NULL;
	size_t got = 0;
	enum kd_status status;

	if (!buffer) {
		fuse_reply_err(request, ENOMEM);
		return;
	}
	status = kd_view_read(file_of(info), (uint64_t)offset, buffer, bytes, &got, NULL);
	if (status)
		fuse_reply_err(request, errno_of(status));
	else
		fuse_reply_buf(request, buffer, got);
}

static void answer_lseek(fuse_req_t request, fuse_ino_t node, off_t offset, int whence,
			 struct fuse_file_info *info)
{
	uint64_t found = 0;
	enum kd_status status;

	if (offset < 0 || (whence != SEEK_DATA && whence != SEEK_HOLE)) {
		fuse_reply_err(request, EINVAL);
		return;
	}
	status = kd_view_seek(file_of(info), (uint64_t)offset, whence == SEEK_HOLE, &found, NULL);
	if (status)
		fuse_reply_err(request, status == KD_NOTFOUND ? ENXIO : errno_of(status));
	else
		fuse_reply_lseek(request, (off_t)found);
}

static void answer_release(fuse_req_t request, fuse_ino_t node, struct fuse_file_info *info)
{
	kd_view_close_file(file_of(info));
	fuse_reply_err(request, 0);
}

static const struct fuse_lowlevel_ops operations = {
	.lookup = answer_lookup,
	.getattr = answer_getattr,
	.opendir = answer_opendir,
	.readdir = answer_readdir,
	.releasedir = answer_releasedir,
	.open = answer_open,
	.read = answer_read,
	.lseek = answer_lseek,
	.release = answer_release,
};

bool kd_fuse_is_mounted(const char *path)
{
	FILE *table = setmntent("/proc/self/mounts", "r");
	const struct mntent *mount;
	bool found = false;

	/* the last one there covers the others */
	while (table && (mount = getmntent(table)))
		if (!strcmp(mount->mnt_dir, path))
			found = !strcmp(mount->mnt_type, "fuse." SUBTYPE);
	if (table)
		endmntent(table);
	return found;
}

/* "-o" OPTIONS: the source may hold what separates options. */
static enum kd_status make_arguments(struct fuse_args *arguments, const char *source,
				     struct kd_err *err)
{
	KD_CLEANUP_FREE char *options = NULL;
	KD_CLEANUP_FREE char *name = NULL;

	if (asprintf(&name, "fsname=%s", source) < 0) {
		name = NULL;
		return kd_fail_errno(err, ENOMEM, "mounting");
	}
	if (fuse_opt_add_opt(&options,
			     "ro,nosuid,nodev,noexec,default_permissions,subtype=" SUBTYPE) ||
	    fuse_opt_add_opt_escaped(&options, name) || fuse_opt_add_arg(arguments, "kdump") ||
	    fuse_opt_add_arg(arguments, "-o") || fuse_opt_add_arg(arguments, options))
		return kd_fail_errno(err, ENOMEM, "mounting");
	return KD_OK;
}

enum kd_status kd_fuse_mount(struct kd_view *view, const char *source, const char *folder,
			     struct kd_fuse **fuse, struct kd_err *err)
{
	struct fuse_args arguments = FUSE_ARGS_INIT(0, NULL);
	struct kd_fuse *made = calloc(1, sizeof(*made));
	enum kd_status status;
	struct stat st;

	if (!made)
		return kd_fail_errno(err, ENOMEM, "mounting");
	made->view = view;
	if (!stat(source, &st))
		made->when = st.st_mtim;
	status = make_arguments(&arguments, source, err);
	if (!status) {
		made->session = fuse_session_new(&arguments, &operations, sizeof(operations), made);
		if (!made->session)
			status = kd_fail(err, KD_SYSTEM, "libfuse refuses its options");
	}
	fuse_opt_free_args(&arguments);
	errno = 0;
	if (!status && fuse_session_mount(made->session, folder))
		status = kd_fail_errno(err, errno ? errno : EIO, "%s: mounting", folder);
	if (status) {
		kd_fuse_unmount(made);
		return status;
	}
	made->mounted = true;
	*fuse = made;
	return KD_OK;
}

void kd_fuse_unmount(struct kd_fuse *fuse)
{
	if (!fuse)
		return;
	if (fuse->mounted)
		fuse_session_unmount(fuse->session);
	if (fuse->session)
		fuse_session_destroy(fuse->session);
	free(fuse);
}

enum kd_status kd_fuse_serve(struct kd_fuse *fuse, bool foreground, struct kd_err *err)
{
	struct fuse_loop_config *config;
	int result;

	if (fuse_daemonize(foreground))
		return kd_fail_errno(err, errno, "going to the background");
	if (fuse_set_signal_handlers(fuse->session))
		return kd_fail(err, KD_SYSTEM, "signals cannot be handled");
	config = fuse_loop_cfg_create();
	if (!config)
		return kd_fail_errno(err, ENOMEM, "mounting");
	fuse_loop_cfg_set_max_threads(config, THREADS_MOST);
	result = fuse_session_loop_mt(fuse->session, config);
	fuse_loop_cfg_destroy(config);
	fuse_remove_signal_handlers(fuse->session);
	/* a signal is how it is told to end */
	return result < 0 ? kd_fail_errno(err, -result, "serving requests") : KD_OK;
}
