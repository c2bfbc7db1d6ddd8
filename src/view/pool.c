/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "view/pool.h"

void kd_pool_init(struct kd_pool *pool, struct kd_dump *dump)
{
	*pool = (struct kd_pool){.dump = dump};
	pthread_mutex_init(&pool->lock, NULL);
}

void kd_pool_deinit(struct kd_pool *pool)
{
	while (pool->count)
		kd_reader_close(pool->idle[--pool->count]);
	pthread_mutex_destroy(&pool->lock);
}

enum kd_status kd_pool_take(struct kd_pool *pool, struct kd_reader **reader, struct kd_err *err)
{
	struct kd_reader *taken = NULL;

	pthread_mutex_lock(&pool->lock);
	if (pool->count)
		taken = pool->idle[--pool->count];
	pthread_mutex_unlock(&pool->lock);
	if (!taken)
		return kd_reader_open(pool->dump, reader, err);
	*reader = taken;
	return KD_OK;
}

void kd_pool_give(struct kd_pool *pool, struct kd_reader *reader)
{
	pthread_mutex_lock(&pool->lock);
	if (pool->count < KD_POOL_IDLE) {
		pool->idle[pool->count++] = reader;
		reader = NULL;
	}
	pthread_mutex_unlock(&pool->lock);
	kd_reader_close(reader);
}
