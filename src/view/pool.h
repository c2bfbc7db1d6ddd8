/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Readers for whoever comes: each thread takes one for as long as it reads. Private to this layer. */
#ifndef KD_VIEW_POOL_H
#define KD_VIEW_POOL_H

#include <pthread.h>

#include "dump/dump.h"

/* More are opened when more threads read at a time, and closed after it. */
enum { KD_POOL_IDLE = 16 };

struct kd_pool {
	struct kd_dump *dump; /* borrowed */
	pthread_mutex_t lock;
	struct kd_reader
		*idle[KD_POOL_IDLE]; /* the one that was used last on top: its caches are warm */
	unsigned int count;
};

void kd_pool_init(struct kd_pool *pool, struct kd_dump *dump);
void kd_pool_deinit(struct kd_pool *pool);

/* KD_NOMEM. */
enum kd_status kd_pool_take(struct kd_pool *pool, struct kd_reader **reader, struct kd_err *err);
void kd_pool_give(struct kd_pool *pool, struct kd_reader *reader);

#endif
