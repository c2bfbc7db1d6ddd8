/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "inspect/net.h"

#include <string.h>

#include "inspect/fields.h"
#include "inspect/lists.h"
#include "inspect/partial.h"

enum { ADDRESSES_MOST = 1 << 16 };

/* operstate: IF_OPER_… of include/uapi/linux/if.h. */
static const char *const operational_states[] = {
	"unknown", "not-present", "down", "lower-layer-down", "testing", "dormant", "up",
};

enum kd_status kd_net_namespaces_each(struct kd_system *system, kd_namespace_take *take,
				      void *opaque, struct kd_err *err)
{
	uint64_t head = 0, offset = 0, link;
	enum kd_status status = kd_system_symbol(system, "net_namespace_list", &head, err);
	struct kd_list list;

	if (!status)
		status = kd_offset_of(system, "net.list", &offset, err);
	kd_list_begin(&list, system, head);
	while (!status && kd_list_next(&list, &link))
		if (!take(opaque, link - offset))
			return KD_OK;
	status = kd_first_failure(status, &list.err, err);
	return status ? kd_context(err, status, "network namespaces") : KD_OK;
}

enum kd_status kd_net_namespace(struct kd_system *system, uint64_t net, uint64_t *inode,
				struct kd_err *err)
{
	return kd_get(system, net, "net.ns.inum", inode, err);
}

static void add_address(struct kd_interface *interface, const struct kd_net_address *address)
{
	if (interface->address_count == KD_INTERFACE_ADDRESSES)
		interface->has_more = true;
	else
		interface->addresses[interface->address_count++] = *address;
}

static enum kd_status read_ipv4(struct kd_system *system, struct kd_interface *interface,
				struct kd_err *err)
{
	uint64_t device = 0, entry = 0, local = 0, bits = 0;
	enum kd_status status = kd_get(system, interface->vaddr, "net_device.ip_ptr", &device, err);

	if (!status && device)
		status = kd_get(system, device, "in_device.ifa_list", &entry, err);
	for (int i = 0; !status && entry; i++) {
		struct kd_net_address address = {.family = AF_INET};
		const struct kd_wanted members[] = {
			{"in_ifaddr.ifa_local", &local},
			{"in_ifaddr.ifa_prefixlen", &bits},
			{"in_ifaddr.ifa_next", &entry},
		};

		if (i == ADDRESSES_MOST)
			return kd_fail(err, KD_CORRUPT, "addresses without an end");
		status = kd_get_each(system, entry, members, 3, err);
		/* it was read as it lies in memory */
		for (int byte = 0; byte < 4; byte++)
			address.bytes[byte] = (uint8_t)(local >> 8 * byte);
		address.prefix_bits = (uint8_t)bits;
		if (!status)
			add_address(interface, &address);
	}
	return status;
}

static enum kd_status read_ipv6(struct kd_system *system, struct kd_interface *interface,
				struct kd_err *err)
{
	uint64_t device = 0, head = 0, link, link_offset = 0, at = 0, bits = 0;
	struct kd_list list;
	enum kd_status status;

	/* a kernel without IPv6 has none of these members */
	if (kd_get(system, interface->vaddr, "net_device.ip6_ptr", &device, NULL) || !device ||
	    kd_offset_of(system, "inet6_dev.addr_list", &head, NULL))
		return KD_OK;
	status = kd_offset_of(system, "inet6_ifaddr.if_list", &link_offset, err);
	if (!status)
		status = kd_offset_of(system, "inet6_ifaddr.addr", &at, err);
	kd_list_begin(&list, system, device + head);
	while (!status && kd_list_next(&list, &link)) {
		struct kd_net_address address = {.family = AF_INET6};
		uint64_t entry = link - link_offset;

		status = kd_system_read(system, entry + at, address.bytes, sizeof(address.bytes),
					err);
		if (!status)
			status = kd_get(system, entry, "inet6_ifaddr.prefix_len", &bits, err);
		address.prefix_bits = (uint8_t)bits;
		if (!status)
			add_address(interface, &address);
	}
	return kd_first_failure(status, &list.err, err);
}

static enum kd_status read_hardware_address(struct kd_system *system,
					    struct kd_interface *interface, struct kd_err *err)
{
	uint64_t length = 0, at = 0;
	enum kd_status status =
		kd_get(system, interface->vaddr, "net_device.addr_len", &length, err);

	if (!status && length > sizeof(interface->hardware_address))
		status = kd_fail(err, KD_CORRUPT, "a hardware address of %llu bytes",
				 (unsigned long long)length);
	if (!status)
		status = kd_get(system, interface->vaddr, "net_device.dev_addr", &at, err);
	if (!status && length)
		status = kd_system_read(system, at, interface->hardware_address, (size_t)length,
					err);
	interface->hardware_address_bytes = status ? 0 : (size_t)length;
	return status;
}

/* The driver of the device behind it; many have none. */
static void read_driver(struct kd_system *system, struct kd_interface *interface)
{
	uint64_t device, driver, name;

	if (kd_get(system, interface->vaddr, "net_device.dev.parent", &device, NULL) || !device ||
	    kd_get(system, device, "device.driver", &driver, NULL) || !driver ||
	    kd_get(system, driver, "device_driver.name", &name, NULL) ||
	    kd_read_text(system, name, interface->driver, sizeof(interface->driver), NULL))
		interface->driver[0] = '\0';
}

static enum kd_status read_interface(struct kd_system *system, struct kd_interface *interface,
				     struct kd_err *err)
{
	uint64_t index = 0, state = 0;
	const struct kd_wanted members[] = {
		{"net_device.ifindex", &index},
		{"net_device.mtu", &interface->mtu_bytes},
		{"net_device.flags", &interface->flags},
		{"net_device.operstate", &state},
	};
	enum kd_status status = kd_get_each(system, interface->vaddr, members, 4, err);

	if (!status)
		status = kd_get_text(system, interface->vaddr, "net_device.name", interface->name,
				     sizeof(interface->name), err);
	if (status)
		return kd_context(err, status, "interface at 0x%llx",
				  (unsigned long long)interface->vaddr);
	interface->index = (unsigned int)index;
	interface->operational = state < sizeof(operational_states) / sizeof(*operational_states)
					 ? operational_states[state]
					 : "damaged";
	read_driver(system, interface);
	status = read_hardware_address(system, interface, err);
	if (!status)
		status = read_ipv4(system, interface, err);
	if (!status)
		status = read_ipv6(system, interface, err);
	return status ? kd_context(err, status, "interface %s", interface->name) : KD_OK;
}

struct walk {
	struct kd_system *system;
	kd_interface_take *take;
	void *opaque;
	struct kd_partial partial;
};

static bool take_namespace(void *opaque, uint64_t net)
{
	struct walk *walk = opaque;
	struct kd_err why, bad;
	uint64_t inode = 0, head = 0, offset = 0, link;
	enum kd_status status = kd_net_namespace(walk->system, net, &inode, &why);
	struct kd_list list;

	if (!status)
		status = kd_offset_of(walk->system, "net.dev_base_head", &head, &why);
	if (!status)
		status = kd_offset_of(walk->system, "net_device.dev_list", &offset, &why);
	kd_list_begin(&list, walk->system, net + head);
	while (!status && kd_list_next(&list, &link)) {
		struct kd_interface interface = {.vaddr = link - offset, .namespace = inode};

		if (read_interface(walk->system, &interface, &bad))
			kd_partial_skip(&walk->partial, bad.status, &bad);
		else if (!walk->take(walk->opaque, &interface))
			return false;
	}
	kd_partial_skip(&walk->partial, kd_first_failure(status, &list.err, &why), &why);
	return true;
}

enum kd_status kd_interfaces_each(struct kd_system *system, kd_interface_take *take, void *opaque,
				  struct kd_err *err)
{
	struct walk walk = {.system = system, .take = take, .opaque = opaque};
	enum kd_status status = kd_net_namespaces_each(system, take_namespace, &walk, err);

	status = kd_partial_end(&walk.partial, status, err);
	return status ? kd_context(err, status, "interfaces") : KD_OK;
}
