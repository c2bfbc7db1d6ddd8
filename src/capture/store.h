/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where the parts of a crash go: a folder on a file system, or a raw device. Rows of one table; each
 * part is a stream while it is written and on stable storage once it was ended.
 */
#ifndef KD_CAPTURE_STORE_H
#define KD_CAPTURE_STORE_H

#include <stdio.h>

#include "capture/capture.h"
#include "save/sink.h"

struct kd_store {
	const char *name;
	/* Makes the folder, or the header of the device. */
	enum kd_status (*begin)(struct kd_capture *capture, struct kd_err *err);
	/* Opens a small part for writing. */
	enum kd_status (*open_part)(struct kd_capture *capture, const char *name, FILE **stream,
				    struct kd_err *err);
	/* Syncs and closes it, whatever it holds; the stream is gone afterwards. */
	enum kd_status (*close_part)(struct kd_capture *capture, FILE *stream, struct kd_err *err);
	/* The same for the dump, which is written at any offset. path lives as long as the sink. */
	enum kd_status (*open_dump)(struct kd_capture *capture, struct kd_sink *sink,
				    char path[PATH_MAX], struct kd_err *err);
	/* After kd_sink_end: gives the whole dump its name. */
	enum kd_status (*close_dump)(struct kd_capture *capture, struct kd_sink *sink,
				     struct kd_err *err);
	/* Gives up the end of a dump that is not whole, for the small parts that must still come. */
	void (*make_room)(struct kd_capture *capture);
	/* Everything that will come has come. */
	enum kd_status (*end)(struct kd_capture *capture, struct kd_err *err);
};

extern const struct kd_store kd_store_folder;
extern const struct kd_store kd_store_raw;

/* The store for the target of this capture. */
const struct kd_store *kd_store_of(const struct kd_capture *capture);

/* The folder of crash folders on a target that is no raw device. */
void kd_store_base(const struct kd_capture *capture, char path[PATH_MAX]);

/* The record of a part, made when it is new; NULL when there are too many. */
struct kd_part *kd_part(struct kd_capture *capture, const char *name);

#endif
