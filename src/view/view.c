/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From a name to bytes.
 *
 * A node's number is its place: the row of the table that it is, and the subject that it tells of. Nothing is allocated for it,
 * so a number can be kept for ever, and anybody may make one up: find_place() takes nothing for granted. A row
 * below a list has any subject that the list counts, others have subject 0 and no other.
 *
 * What can be relied on:
 *
 *   - the kernel, the subjects and the store of texts are touched under view->lock alone; whoever writes a text holds it;
 *   - a text that was made never changes, and lives for as long as somebody has it open: its bytes are read without the
 *     lock;
 *   - memory is read without the lock, by a reader that nobody else has; node kinds that need the lock for parts of it
 *     take it themselves;
 *   - the size of an open file is what it was when it was opened, and no read goes beyond it.
 *
 * Names that no file can have, which a damaged dump may give a module, are left out of folders.
 */
#include "view/view.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "host/file.h"
#include "host/system.h"
#include "view/node.h"

/* A node's number: 1 + row + subject * 256, so that the root is 1. */
enum { ROW_BITS = 8, ROOT_ROW = 0 };

struct place {
	unsigned int row;
	const struct kd_node_kind *kind;
	size_t subject;
};

/* An open file: its text, or nothing but where it is. */
struct kd_view_file {
	struct kd_view *view;
	struct place place;
	struct kd_text *text; /* NULL: memory */
	uint64_t bytes, stored_bytes;
};

enum kd_status kd_view_open(struct kd_dump *dump, struct kd_kernel *kernel,
			    const struct kd_view_options *options, struct kd_view **view,
			    struct kd_err *err)
{
	struct kd_view *made = calloc(1, sizeof(*made));

	if (!made)
		return kd_fail_errno(err, ENOMEM, "the tree");
	made->dump = dump;
	made->kernel = kernel;
	made->options = *options;
	made->texts.limit_bytes =
		options->cache_bytes ? options->cache_bytes : (size_t)KD_VIEW_CACHE_BYTES;
	pthread_mutex_init(&made->lock, NULL);
	kd_pool_init(&made->pool, dump);
	kd_core_init(&made->core, false);
	kd_core_init(&made->kernel_core, true);
	*view = made;
	return KD_OK;
}

void kd_view_close(struct kd_view *view)
{
	if (!view)
		return;
	kd_subjects_deinit(&view->subjects);
	kd_texts_deinit(&view->texts);
	kd_core_deinit(&view->kernel_core);
	kd_core_deinit(&view->core);
	kd_pool_deinit(&view->pool);
	pthread_mutex_destroy(&view->lock);
	free(view);
}

static kd_node node_of(unsigned int row, size_t subject)
{
	return 1 + row + ((kd_node)subject << ROW_BITS);
}

static bool is_folder(const struct kd_node_kind *kind)
{
	return !kind->write && !kind->memory;
}

/* A member of a list, or something within one. */
static const struct kd_node_list *list_of(const struct kd_node_kind *kind)
{
	while (!kind->list && kind != &kd_node_kinds[ROOT_ROW])
		kind = &kd_node_kinds[kind->parent];
	return kind->list;
}

static bool is_there(const struct kd_view *view, const struct kd_node_kind *kind)
{
	return view->kernel || !kind->needs_kernel;
}

static enum kd_status find_place(struct kd_view *view, kd_node node, struct place *place,
				 struct kd_err *err)
{
	const struct kd_node_list *list;
	enum kd_status status = KD_OK;

	*place = (struct place){
		.row = (unsigned int)((node - 1) & ((1 << ROW_BITS) - 1)),
		.subject = (size_t)((node - 1) >> ROW_BITS),
	};
	if (!node || place->row >= kd_node_kind_count)
		return kd_fail(err, KD_NOTFOUND, "no such file");
	place->kind = &kd_node_kinds[place->row];
	list = list_of(place->kind);
	if (list) {
		pthread_mutex_lock(&view->lock);
		status = view->kernel ? kd_view_subjects(view, err)
				      : kd_fail(err, KD_NOTFOUND, "no such file");
		if (!status && place->subject >= list->count(view))
			status = kd_fail(err, KD_NOTFOUND, "no such file");
		pthread_mutex_unlock(&view->lock);
	} else if (place->subject || !is_there(view, place->kind)) {
		status = kd_fail(err, KD_NOTFOUND, "no such file");
	}
	return status;
}

enum kd_status kd_view_lookup(struct kd_view *view, kd_node folder, const char *name, kd_node *node,
			      struct kd_err *err)
{
	struct place place;
	enum kd_status status = find_place(view, folder, &place, err);

	for (unsigned int row = ROOT_ROW + 1; !status && row < kd_node_kind_count; row++) {
		const struct kd_node_kind *kind = &kd_node_kinds[row];
		size_t subject = place.subject;

		if (kind->parent != place.row || !is_there(view, kind))
			continue;
		if (kind->list) {
			pthread_mutex_lock(&view->lock);
			status = kd_view_subjects(view, err);
			if (!status && kind->list->find(view, name, &subject))
				status = kd_fail(err, KD_NOTFOUND, "%s: no such file", name);
			pthread_mutex_unlock(&view->lock);
		} else if (strcmp(kind->name, name)) {
			continue;
		}
		if (!status)
			*node = node_of(row, subject);
		return status;
	}
	return status ? status : kd_fail(err, KD_NOTFOUND, "%s: no such file", name);
}

/* A module's name is what a damaged dump makes it. */
static bool is_name(const char *name)
{
	return *name && !strchr(name, '/') && strcmp(name, ".") && strcmp(name, "..");
}

static enum kd_status list_members(struct kd_view *view, unsigned int row, kd_view_take *take,
				   void *opaque, struct kd_err *err)
{
	const struct kd_node_list *list = kd_node_kinds[row].list;
	enum kd_status status;

	pthread_mutex_lock(&view->lock);
	status = kd_view_subjects(view, err);
	for (size_t i = 0; !status && i < list->count(view); i++) {
		char name[KD_VIEW_NAME_BYTES];

		list->name(view, i, name);
		if (is_name(name) && !take(opaque, name, node_of(row, i), true))
			break;
	}
	pthread_mutex_unlock(&view->lock);
	return status;
}

enum kd_status kd_view_list(struct kd_view *view, kd_node folder, kd_view_take *take, void *opaque,
			    struct kd_err *err)
{
	struct place place;
	enum kd_status status = find_place(view, folder, &place, err);

	if (!status && !is_folder(place.kind))
		status = kd_fail(err, KD_INVALID, "not a folder");
	for (unsigned int row = ROOT_ROW + 1; !status && row < kd_node_kind_count; row++) {
		const struct kd_node_kind *kind = &kd_node_kinds[row];

		if (kind->parent != place.row || !is_there(view, kind))
			continue;
		if (kind->list)
			return list_members(view, row, take, opaque, err);
		if (!take(opaque, kind->name, node_of(row, place.subject), is_folder(kind)))
			break;
	}
	return status;
}

/* Under the lock. */
static enum kd_status make_text(struct kd_view *view, const struct place *place,
				struct kd_text **text, struct kd_err *err)
{
	char *data = NULL;
	size_t bytes = 0;
	FILE *stream;
	enum kd_status status = list_of(place->kind) ? kd_view_subjects(view, err) : KD_OK;

	if (status)
		return status;
	stream = open_memstream(&data, &bytes);
	if (!stream)
		return kd_fail_errno(err, errno, "a text");
	status = place->kind->write(view, place->subject, stream, err);
	if (fclose(stream) && !status)
		status = kd_fail_errno(err, ENOMEM, "a text");
	if (status) {
		free(data);
		return status;
	}
	return kd_texts_add(&view->texts, node_of(place->row, place->subject), data, bytes, text,
			    err);
}

static enum kd_status need_text(struct kd_view *view, const struct place *place,
				struct kd_text **text, struct kd_err *err)
{
	enum kd_status status = KD_OK;

	pthread_mutex_lock(&view->lock);
	*text = kd_texts_find(&view->texts, node_of(place->row, place->subject));
	if (!*text)
		status = make_text(view, place, text, err);
	pthread_mutex_unlock(&view->lock);
	return status;
}

static void put_text(struct kd_view *view, struct kd_text *text)
{
	pthread_mutex_lock(&view->lock);
	kd_texts_put(&view->texts, text);
	pthread_mutex_unlock(&view->lock);
}

enum kd_status kd_view_open_file(struct kd_view *view, kd_node node, struct kd_view_file **file,
				 struct kd_err *err)
{
	KD_CLEANUP_FREE struct kd_view_file *made = calloc(1, sizeof(*made));
	enum kd_status status;

	if (!made)
		return kd_fail_errno(err, ENOMEM, "a file");
	made->view = view;
	status = find_place(view, node, &made->place, err);
	if (!status && is_folder(made->place.kind))
		status = kd_fail(err, KD_INVALID, "a folder");
	if (status)
		return status;
	if (made->place.kind->memory) {
		status = made->place.kind->memory->size(view, made->place.subject, &made->bytes,
							&made->stored_bytes, err);
	} else {
		status = need_text(view, &made->place, &made->text, err);
		if (!status)
			made->bytes = made->stored_bytes = made->text->bytes;
	}
	if (status)
		return made->place.kind->name
			       ? kd_context(err, status, "%s", made->place.kind->name)
			       : status;
	*file = made;
	made = NULL;
	return KD_OK;
}

void kd_view_close_file(struct kd_view_file *file)
{
	if (file && file->text)
		put_text(file->view, file->text);
	free(file);
}

enum kd_status kd_view_stat(struct kd_view *view, kd_node node, struct kd_view_stat *stat,
			    struct kd_err *err)
{
	struct kd_view_file *file;
	struct kd_err why = {KD_OK, ""};
	struct place place;
	enum kd_status status = find_place(view, node, &place, err);

	if (status)
		return status;
	*stat = (struct kd_view_stat){.folder = is_folder(place.kind)};
	if (stat->folder)
		return KD_OK;
	status = kd_view_open_file(view, node, &file, &why);
	if (status == KD_NOMEM) {
		if (err)
			*err = why;
		return status;
	}
	if (status) {
		kd_log(view->options.log, KD_LOG_WARNING, "%s", why.text);
		return KD_OK;
	}
	stat->bytes = file->bytes;
	stat->stored_bytes = file->stored_bytes;
	kd_view_close_file(file);
	return KD_OK;
}

enum kd_status kd_view_read(struct kd_view_file *file, uint64_t offset, void *buffer, size_t bytes,
			    size_t *got, struct kd_err *err)
{
	size_t count = bytes;
	enum kd_status status = KD_OK;

	if (offset >= file->bytes)
		count = 0;
	else if (count > file->bytes - offset)
		count = (size_t)(file->bytes - offset);
	if (file->text && count)
		memcpy(buffer, file->text->data + offset, count);
	else if (count)
		status = file->place.kind->memory->read(file->view, file->place.subject, offset,
							buffer, count, err);
	if (!status)
		*got = count;
	return status;
}

enum kd_status kd_view_seek(struct kd_view_file *file, uint64_t offset, bool hole, uint64_t *found,
			    struct kd_err *err)
{
	uint64_t at = hole ? file->bytes : offset;
	enum kd_status status = KD_OK;

	if (offset >= file->bytes)
		return kd_fail(err, KD_NOTFOUND, "past the end");
	if (!file->text && file->place.kind->memory->seek)
		status = file->place.kind->memory->seek(file->view, file->place.subject, offset,
							hole, &at, err);
	if (status)
		return status;
	if (at > file->bytes)
		at = file->bytes;
	if (!hole && at == file->bytes)
		return kd_fail(err, KD_NOTFOUND, "no data from 0x%llx on",
			       (unsigned long long)offset);
	*found = at;
	return KD_OK;
}
