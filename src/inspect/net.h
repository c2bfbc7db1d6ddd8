/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The network of a dead system: its namespaces, and the interfaces in each. Sockets are in inspect/sockets.h. */
#ifndef KD_INSPECT_NET_H
#define KD_INSPECT_NET_H

#include <stdbool.h>
#include <sys/socket.h>

#include "inspect/system.h"

enum {
	KD_INTERFACE_NAME_BYTES = 16 + 1,
	KD_INTERFACE_ADDRESSES = 32,
	KD_HARDWARE_ADDRESS_BYTES = 32, /* MAX_ADDR_LEN of include/linux/netdevice.h */
	KD_DRIVER_NAME_BYTES = 32,
};

/* In the order of the network. */
struct kd_net_address {
	sa_family_t family; /* AF_INET, AF_INET6 */
	uint8_t bytes[16];
	uint8_t prefix_bits;
};

/* An interface; `namespace` is the inode of its network namespace, as /proc/PID/ns/net tells it. */
struct kd_interface {
	uint64_t vaddr; /* of its struct net_device */
	uint64_t namespace;
	unsigned int index;
	char name[KD_INTERFACE_NAME_BYTES];
	char driver[KD_DRIVER_NAME_BYTES]; /* "" for one that no device is behind */
	uint64_t mtu_bytes, flags;         /* IFF_… of include/uapi/linux/if.h */
	const char *operational;           /* "up", "down", "unknown" … (RFC 2863) */
	uint8_t hardware_address[KD_HARDWARE_ADDRESS_BYTES];
	size_t hardware_address_bytes;
	struct kd_net_address addresses[KD_INTERFACE_ADDRESSES];
	size_t address_count;
	bool has_more; /* addresses than these */
};

/* Tells of each network namespace, by its struct net. False stops. */
typedef bool kd_namespace_take(void *opaque, uint64_t net);
enum kd_status kd_net_namespaces_each(struct kd_system *system, kd_namespace_take *take,
				      void *opaque, struct kd_err *err);
/* The inode of a struct net. */
enum kd_status kd_net_namespace(struct kd_system *system, uint64_t net, uint64_t *inode,
				struct kd_err *err);

/* Tells of each interface, by namespace. False stops. */
typedef bool kd_interface_take(void *opaque, const struct kd_interface *interface);
enum kd_status kd_interfaces_each(struct kd_system *system, kd_interface_take *take, void *opaque,
				  struct kd_err *err);

#endif
