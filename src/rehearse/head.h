/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What lies before the target on the disk that stands in for it: nothing, or in its first MiB a partition table or the
 * metadata of a volume group, by which the second kernel finds what the configuration names. Private to this layer.
 */
#ifndef KD_REHEARSE_HEAD_H
#define KD_REHEARSE_HEAD_H

#include <stdbool.h>
#include <stdint.h>

enum { KD_HEAD_BYTES = 1 << 20, KD_HEAD_SECTOR = 512 };

/* Little-endian. */
static inline void kd_head_put(uint8_t *to, uint64_t value, unsigned int bytes)
{
	for (unsigned int i = 0; i < bytes; i++)
		to[i] = (uint8_t)(value >> (8 * i));
}

/* Whether kd_head_partition() can make the partition of that PARTUUID. */
bool kd_head_can_partition(const char *identity);

/* A table with one partition, which takes what follows the head and has that PARTUUID. `head` is zeros. */
void kd_head_partition(uint8_t head[KD_HEAD_BYTES], const char *identity, uint64_t disk_bytes);

/* How much of a disk of that size a volume takes. */
uint64_t kd_head_volume_bytes(uint64_t disk_bytes);

/* The metadata of a physical volume whose only logical volume, "GROUP/VOLUME", takes what follows. `head` is zeros. */
void kd_head_volume(uint8_t head[KD_HEAD_BYTES], const char *volume, uint64_t disk_bytes);

#endif
