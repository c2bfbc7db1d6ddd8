/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kdump net: interfaces and sockets. */
#include <arpa/inet.h>
#include <inttypes.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

#include "cmd/dump_input.h"
#include "inspect/sockets.h"

enum { ADDRESS_BYTES = INET6_ADDRSTRLEN + 8 };

struct showing {
	json_t *interfaces, *sockets; /* NULL: text */
	uint64_t namespace;           /* that was printed last */
};

/* As ip(8) writes them. */
static const struct {
	unsigned int flag;
	const char *name;
} flags[] = {
	{IFF_UP, "up"},
	{IFF_LOOPBACK, "loopback"},
	{IFF_BROADCAST, "broadcast"},
	{IFF_POINTOPOINT, "point-to-point"},
	{IFF_MULTICAST, "multicast"},
	{IFF_NOARP, "no-arp"},
	{IFF_PROMISC, "promiscuous"},
	{IFF_ALLMULTI, "all-multicast"},
	{IFF_MASTER, "master"},
	{IFF_SLAVE, "slave"},
};

static const char *address_text(const struct kd_net_address *address, char text[ADDRESS_BYTES])
{
	if (!inet_ntop(address->family, address->bytes, text, ADDRESS_BYTES))
		strcpy(text, "?");
	return text;
}

static const char *network_text(const struct kd_net_address *address, char text[ADDRESS_BYTES])
{
	size_t length = strlen(address_text(address, text));

	snprintf(text + length, ADDRESS_BYTES - length, "/%u", address->prefix_bits);
	return text;
}

static void hardware_text(const struct kd_interface *interface, char *text)
{
	*text = '\0';
	for (size_t i = 0; i < interface->hardware_address_bytes; i++)
		text += sprintf(text, "%s%02x", i ? ":" : "", interface->hardware_address[i]);
}

static void print_namespace(struct showing *showing, uint64_t namespace)
{
	if (showing->namespace != namespace)
		printf("network namespace %" PRIu64 "\n", namespace);
	showing->namespace = namespace;
}

static void print_interface(struct showing *showing, const struct kd_interface *interface)
{
	char hardware[3 * KD_HARDWARE_ADDRESS_BYTES + 1], text[ADDRESS_BYTES];

	print_namespace(showing, interface->namespace);
	hardware_text(interface, hardware);
	printf("%4u %-15s %-10s mtu %-6" PRIu64 " %-17s %s", interface->index, interface->name,
	       interface->operational, interface->mtu_bytes, hardware, interface->driver);
	for (size_t i = 0; i < sizeof(flags) / sizeof(*flags); i++)
		if (interface->flags & flags[i].flag)
			printf(" %s", flags[i].name);
	putchar('\n');
	for (size_t i = 0; i < interface->address_count; i++)
		printf("     %s\n", network_text(&interface->addresses[i], text));
	if (interface->has_more)
		puts("     …");
}

static json_t *interface_json(const struct kd_interface *interface)
{
	char hardware[3 * KD_HARDWARE_ADDRESS_BYTES + 1], text[ADDRESS_BYTES];
	json_t *addresses = json_array(), *names = json_array();

	hardware_text(interface, hardware);
	for (size_t i = 0; i < interface->address_count; i++)
		kd_json_append(addresses,
			       json_string(network_text(&interface->addresses[i], text)));
	for (size_t i = 0; i < sizeof(flags) / sizeof(*flags); i++)
		if (interface->flags & flags[i].flag)
			kd_json_append(names, json_string(flags[i].name));
	return json_pack("{s:I, s:i, s:o, s:s, s:I, s:s, s:o, s:o, s:o, s:o}", "namespace",
			 (json_int_t)interface->namespace, "index", (int)interface->index, "name",
			 kd_json_text(interface->name, strlen(interface->name)), "operational",
			 interface->operational, "mtu", (json_int_t)interface->mtu_bytes,
			 "hardware_address", hardware, "driver",
			 kd_json_text(interface->driver, strlen(interface->driver)), "flags", names,
			 "addresses", addresses, "interface", kd_json_address(interface->vaddr));
}

static bool show_interface(void *opaque, const struct kd_interface *interface)
{
	struct showing *showing = opaque;

	if (showing->interfaces)
		kd_json_append(showing->interfaces, interface_json(interface));
	else
		print_interface(showing, interface);
	return true;
}

static bool has_ports(const struct kd_socket *socket)
{
	return !strcmp(socket->protocol, "tcp") || !strncmp(socket->protocol, "udp", 3) ||
	       !strcmp(socket->protocol, "raw");
}

/* "127.0.0.1:80", "[::1]:80". */
static const char *end_text(const struct kd_net_address *address, uint16_t port,
			    char text[ADDRESS_BYTES + 8])
{
	char host[ADDRESS_BYTES];

	snprintf(text, ADDRESS_BYTES + 8, address->family == AF_INET6 ? "[%s]:%u" : "%s:%u",
		 address_text(address, host), port);
	return text;
}

static void print_socket(const struct kd_socket *socket)
{
	char local[ADDRESS_BYTES + 8], remote[ADDRESS_BYTES + 8];

	printf("%-7s %-12s ", socket->protocol, socket->state);
	if (socket->has_queues)
		printf("%8" PRIu64 " %8" PRIu64, socket->receive_bytes, socket->send_bytes);
	else
		printf("%8s %8s", "-", "-");
	printf(" %10" PRIu64 "  %016" PRIx64 "  ", socket->inode, socket->vaddr);
	if (has_ports(socket))
		printf("%s %s\n", end_text(&socket->local, socket->local_port, local),
		       end_text(&socket->remote, socket->remote_port, remote));
	else
		printf("%s\n", socket->path);
}

static json_t *socket_json(const struct kd_socket *socket)
{
	char local[ADDRESS_BYTES + 8], remote[ADDRESS_BYTES + 8];
	json_t *value =
		json_pack("{s:I, s:s, s:s, s:o, s:I}", "namespace", (json_int_t)socket->namespace,
			  "protocol", socket->protocol, "state", socket->state, "socket",
			  kd_json_address(socket->vaddr), "inode", (json_int_t)socket->inode);

	if (socket->has_queues) {
		kd_json_set(value, "receive_queue",
			    json_integer((json_int_t)socket->receive_bytes));
		kd_json_set(value, "send_queue", json_integer((json_int_t)socket->send_bytes));
	}
	if (has_ports(socket)) {
		kd_json_set(value, "local",
			    json_string(end_text(&socket->local, socket->local_port, local)));
		kd_json_set(value, "remote",
			    json_string(end_text(&socket->remote, socket->remote_port, remote)));
	} else if (!strcmp(socket->protocol, "unix")) {
		kd_json_set(value, "path", kd_json_text(socket->path, strlen(socket->path)));
	}
	return value;
}

static bool show_socket(void *opaque, const struct kd_socket *socket)
{
	struct showing *showing = opaque;

	if (showing->sockets)
		kd_json_append(showing->sockets, socket_json(socket));
	else
		print_socket(socket);
	return true;
}

static int show(struct kd_input *input, bool json)
{
	const struct kd_log log = kd_command_log(false);
	struct showing showing = {0};
	struct kd_err err = {0}, why = {0};
	enum kd_status status;
	int printed;

	if (json) {
		showing.interfaces = json_array();
		showing.sockets = json_array();
	}
	status = kd_interfaces_each(input->system, show_interface, &showing, &err);
	if (!json)
		printf("\n%-7s %-12s %8s %8s %10s  %-16s  %s\n", "SOCKET", "STATE", "RECEIVE",
		       "SEND", "INODE", "SOCK", "LOCAL AND REMOTE END, OR PATH");
	if (kd_sockets_each(input->system, show_socket, &showing, &why))
		kd_log(&log, KD_LOG_WARNING, "%s", why.text);
	printed = json ? kd_json_print(json_pack("{s:o, s:o}", "interfaces", showing.interfaces,
						 "sockets", showing.sockets))
		       : kd_output_end();
	if (status)
		return kd_command_failed(&err);
	return why.status ? KD_EXIT_FAILED : printed;
}

static int run_net(const struct kd_command *self, int argc, char **argv)
{
	return kd_input_run(self, argc, argv, kd_input_open_system, show);
}

const struct kd_command kd_cmd_net = {
	.name = "net",
	.synopsis = "[--json] [--raw-input[=BASE]] DUMP...",
	.summary = "list network interfaces and sockets",
	.run = run_net,
	.options = "  --json              print JSON, an object of two lists\n" KD_INPUT_HELP,
};
