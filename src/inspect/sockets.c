/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where the kernel keeps its sockets. Each protocol has hash tables of its own; all of them are arrays of buckets, and a
 * bucket is a list of nodes within struct sock_common, or within what is smaller and begins with one (a request, a
 * connection in TIME_WAIT). Tables are the kernel's, a namespace's, or, since 6.1 for TCP and 6.2 for UDP, either:
 *
 *     tcp      tcp_hashinfo, net.ipv4.tcp_death_row.hashinfo     ehash: connected, lhash2: listening
 *     udp      udp_table, net.ipv4.udp_table                     hash
 *     udplite  udplite_table                                     hash
 *     raw      raw_v4_hashinfo, raw_v6_hashinfo                  ht
 *     unix     net.unx.table (6.0 on), unix_socket_table         buckets
 *     packet   net.packet                                        sklist, a single list
 */
#include "inspect/sockets.h"

#include <string.h>

#include "base/text.h"
#include "inspect/fields.h"
#include "inspect/lists.h"
#include "inspect/partial.h"

enum {
	PAGE = 4096,
	BUCKETS_MOST = 1 << 25,
	SOCKETS_MOST = 1 << 24,
	UNIX_BUCKETS = 512,                /* UNIX_HASH_SIZE of include/net/af_unix.h, 256 twice */
	LISTEN_BUCKETS_BEFORE_LHASH2 = 32, /* INET_LHTABLE_SIZE of include/net/inet_hashtables.h */
	SUN_PATH_OFFSET = 2,               /* in struct sockaddr_un */
	TCP_LISTEN = 10,
	TCP_TIME_WAIT = 6,
	TCP_CLOSE = 7,
	TCP_NEW_SYN_RECV = 12,
};

/* include/net/tcp_states.h, by number. */
static const char *const tcp_states[] = {
	"damaged", "established", "syn-sent", "syn-recv", "fin-wait-1", "fin-wait-2",   "time-wait",
	"closed",  "close-wait",  "last-ack", "listen",   "closing",    "new-syn-recv",
};

/* What kd_socket is filled with beside what all sockets have. */
enum form { TCP, DATAGRAM, UNIX, PACKET };

struct walk {
	struct kd_system *system;
	kd_socket_take *take;
	void *opaque;
	struct kd_field family, state, node, net;
	const char *protocol;
	enum form form;
	unsigned int sockets;
	bool stopped;
	struct kd_partial partial;
};

static void copy_ipv4(struct kd_net_address *address, uint64_t value)
{
	address->family = AF_INET;
	for (int byte = 0; byte < 4; byte++)
		address->bytes[byte] = (uint8_t)(value >> 8 * byte);
}

static enum kd_status read_ipv6(struct walk *walk, uint64_t vaddr, const char *member,
				struct kd_net_address *address, struct kd_err *err)
{
	uint64_t offset = 0;
	enum kd_status status = kd_offset_of(walk->system, member, &offset, err);

	address->family = AF_INET6;
	if (!status)
		status = kd_system_read(walk->system, vaddr + offset, address->bytes,
					sizeof(address->bytes), err);
	return status;
}

static enum kd_status read_addresses(struct walk *walk, struct kd_socket *socket,
				     struct kd_err *err)
{
	uint64_t local = 0, remote = 0, port = 0, remote_port = 0;
	const struct kd_wanted members[] = {
		{"sock_common.skc_rcv_saddr", &local},
		{"sock_common.skc_daddr", &remote},
		{"sock_common.skc_num", &port},
		{"sock_common.skc_dport", &remote_port},
	};
	enum kd_status status = kd_get_each(walk->system, socket->vaddr, members, 4, err);

	if (status)
		return status;
	socket->local_port = (uint16_t)port;
	socket->remote_port = (uint16_t)(remote_port >> 8 | remote_port << 8);
	if (socket->local.family != AF_INET6) {
		copy_ipv4(&socket->local, local);
		copy_ipv4(&socket->remote, remote);
		return KD_OK;
	}
	status =
		read_ipv6(walk, socket->vaddr, "sock_common.skc_v6_rcv_saddr", &socket->local, err);
	return status ? status
		      : read_ipv6(walk, socket->vaddr, "sock_common.skc_v6_daddr", &socket->remote,
				  err);
}

/* As /proc/net/tcp and udp have them (get_tcp4_sock() and udp4_format_sock() of net/ipv4). */
static enum kd_status read_queues(struct walk *walk, struct kd_socket *socket, uint64_t state,
				  struct kd_err *err)
{
	uint64_t a = 0, b = 0, c = 0, d = 0;
	const struct kd_wanted connection[] = {
		{"tcp_sock.rcv_nxt", &a},
		{"tcp_sock.copied_seq", &b},
		{"tcp_sock.write_seq", &c},
		{"tcp_sock.snd_una", &d},
	};
	const struct kd_wanted buffers[] = {
		{"sock.sk_backlog.rmem_alloc.counter", &a},
		{"sock.sk_wmem_alloc.refs.counter|sock.sk_wmem_alloc.counter", &b},
	};
	enum kd_status status;

	socket->has_queues = true;
	if (walk->form == TCP && state == TCP_LISTEN)
		return kd_get(walk->system, socket->vaddr, "sock.sk_ack_backlog",
			      &socket->receive_bytes, err);
	if (walk->form == TCP) {
		status = kd_get_each(walk->system, socket->vaddr, connection, 4, err);
		/* numbers of 32 bits that wrap; copied_seq is ahead when the end was read, too */
		socket->receive_bytes = (int32_t)(a - b) > 0 ? (uint32_t)(a - b) : 0;
		socket->send_bytes = (uint32_t)(c - d);
		return status;
	}
	status = kd_get_each(walk->system, socket->vaddr, buffers, 2, err);
	socket->receive_bytes = a;
	socket->send_bytes = b ? b - 1 : 0; /* one is the socket's own hold on itself */
	return status;
}

/* The inode that a process knows the socket by: SOCK_INODE() of include/net/sock.h. */
static enum kd_status read_inode(struct walk *walk, struct kd_socket *socket, struct kd_err *err)
{
	uint64_t of_process = 0, from = 0, to = 0;
	enum kd_status status =
		kd_get(walk->system, socket->vaddr, "sock.sk_socket", &of_process, err);

	if (status || !of_process)
		return status;
	status = kd_offset_of(walk->system, "socket_alloc.socket", &from, err);
	if (!status)
		status = kd_offset_of(walk->system, "socket_alloc.vfs_inode", &to, err);
	return status ? status
		      : kd_get(walk->system, of_process - from + to, "inode.i_ino", &socket->inode,
			       err);
}

static enum kd_status read_path(struct walk *walk, struct kd_socket *socket, struct kd_err *err)
{
	uint64_t address = 0, offset = 0, length = 0, path_bytes;
	bool is_abstract;
	enum kd_status status =
		kd_get(walk->system, socket->vaddr, "unix_sock.addr", &address, err);

	if (status || !address)
		return status;
	status = kd_get(walk->system, address, "unix_address.len", &length, err);
	if (!status)
		status = kd_offset_of(walk->system, "unix_address.name", &offset, err);
	if (status || length <= SUN_PATH_OFFSET)
		return status;
	path_bytes = length - SUN_PATH_OFFSET;
	if (path_bytes > sizeof(socket->path) - 1)
		return kd_fail(err, KD_CORRUPT, "a path of %llu bytes",
			       (unsigned long long)path_bytes);
	status = kd_system_read(walk->system, address + offset + SUN_PATH_OFFSET, socket->path,
				(size_t)path_bytes, err);
	if (status)
		return status;
	/*
	 * An abstract name begins with NUL, and may hold more of them: written as /proc/net/unix does, but for those at its
	 * end, by which whoever bound it has filled up the address.
	 */
	is_abstract = !socket->path[0];
	while (is_abstract && path_bytes > 1 && !socket->path[path_bytes - 1])
		path_bytes--;
	for (uint64_t i = 0; i < path_bytes && is_abstract; i++)
		if (!socket->path[i])
			socket->path[i] = '@';
	kd_text_clean(socket->path, strlen(socket->path));
	return KD_OK;
}

static enum kd_status read_socket(struct walk *walk, struct kd_socket *socket, struct kd_err *err)
{
	uint64_t family = 0, state = 0, net = 0;
	bool is_whole;
	enum kd_status status =
		kd_field_get(walk->system, socket->vaddr, &walk->family, &family, err);

	if (!status)
		status = kd_field_get(walk->system, socket->vaddr, &walk->state, &state, err);
	/* a kernel without namespaces has but one */
	if (!status && walk->net.bytes)
		status = kd_field_get(walk->system, socket->vaddr, &walk->net, &net, err);
	if (!status && net)
		status = kd_net_namespace(walk->system, net, &socket->namespace, err);
	if (status)
		return status;
	socket->local.family = socket->remote.family = (sa_family_t)family;
	if (walk->form != PACKET)
		socket->state = state == TCP_CLOSE && walk->form != TCP ? "unconnected"
				: state < sizeof(tcp_states) / sizeof(*tcp_states)
					? tcp_states[state]
					: "damaged";
	is_whole = walk->form != TCP || (state != TCP_TIME_WAIT && state != TCP_NEW_SYN_RECV);
	if (walk->form == TCP || walk->form == DATAGRAM)
		status = read_addresses(walk, socket, err);
	else if (walk->form == UNIX)
		status = read_path(walk, socket, err);
	if (!status && is_whole)
		status = read_queues(walk, socket, state, err);
	if (!status && is_whole)
		status = read_inode(walk, socket, err);
	return status;
}

static void skip(struct walk *walk, enum kd_status status, struct kd_err *why)
{
	if (status)
		kd_partial_skip(&walk->partial, kd_context(why, status, "%s", walk->protocol), why);
}

/* One bucket. The end of a list of hlist_nulls is an odd number instead of a pointer (include/linux/list_nulls.h). */
static enum kd_status walk_bucket(struct walk *walk, uint64_t head, struct kd_err *err)
{
	struct kd_loop loop = {0};
	struct kd_err why;
	uint64_t node = 0;
	enum kd_status status = kd_read_u64(walk->system, head, &node, err);

	if (status)
		return status;
	while (!status && node && !(node & 1) && !walk->stopped) {
		struct kd_socket socket = {
			.vaddr = node - walk->node.offset, .protocol = walk->protocol, .state = ""};

		walk->stopped = ++walk->sockets > SOCKETS_MOST;
		if (kd_loop_closes(&loop, node) || walk->stopped) {
			status = kd_fail(&why, KD_CORRUPT, "sockets without an end");
			break;
		}
		status = read_socket(walk, &socket, &why);
		if (status)
			kd_context(&why, status, "socket at 0x%llx",
				   (unsigned long long)socket.vaddr);
		else
			walk->stopped = !walk->take(walk->opaque, &socket);
		skip(walk, status, &why);
		status = kd_read_u64(walk->system, node, &node, &why);
	}
	skip(walk, status, &why);
	return KD_OK;
}

static enum kd_status walk_buckets(struct walk *walk, uint64_t table, uint64_t count,
				   uint64_t bucket_bytes, uint64_t head_offset, struct kd_err *err)
{
	struct kd_err why;

	if (count > BUCKETS_MOST || !bucket_bytes)
		return kd_fail(err, KD_CORRUPT, "a table of %llu sockets",
			       (unsigned long long)count);
	for (uint64_t i = 0; !walk->stopped && i < count; i++) {
		uint64_t head = table + i * bucket_bytes + head_offset;
		enum kd_status status = walk_bucket(walk, head, &why);

		if (!status)
			continue;
		skip(walk, status, &why);
		/* nor can the others in that page be read */
		i += (PAGE - head % PAGE - 1) / bucket_bytes;
	}
	return KD_OK;
}

/* The sockets that listen: in a table of one size for all up to 5.18, where that is still kept. */
static enum kd_status walk_listening(struct walk *walk, uint64_t info, struct kd_err *err)
{
	uint64_t table = 0, mask = 0, bytes = 0, head = 0;
	const struct kd_wanted members[] = {
		{"inet_hashinfo.lhash2", &table},
		{"inet_hashinfo.lhash2_mask", &mask},
	};
	enum kd_status status = kd_size_of(walk->system, "inet_listen_hashbucket", &bytes, err);

	if (!status)
		status = kd_offset_of(
			walk->system,
			"inet_listen_hashbucket.nulls_head|inet_listen_hashbucket.head", &head,
			err);
	if (status)
		return status;
	if (!kd_offset_of(walk->system, "inet_hashinfo.listening_hash", &table, NULL))
		return walk_buckets(walk, info + table, LISTEN_BUCKETS_BEFORE_LHASH2, bytes, head,
				    err);
	status = kd_get_each(walk->system, info, members, 2, err);
	return status ? status : walk_buckets(walk, table, mask + 1, bytes, head, err);
}

static enum kd_status walk_tcp(struct walk *walk, uint64_t info, struct kd_err *err)
{
	uint64_t table = 0, mask = 0, bytes = 0, head = 0;
	const struct kd_wanted members[] = {
		{"inet_hashinfo.ehash", &table},
		{"inet_hashinfo.ehash_mask", &mask},
	};
	enum kd_status status = walk_listening(walk, info, err);

	if (!status)
		status = kd_get_each(walk->system, info, members, 2, err);
	if (!status)
		status = kd_size_of(walk->system, "inet_ehash_bucket", &bytes, err);
	if (!status)
		status = kd_offset_of(walk->system, "inet_ehash_bucket.chain", &head, err);
	return status ? status : walk_buckets(walk, table, mask + 1, bytes, head, err);
}

static enum kd_status walk_udp(struct walk *walk, uint64_t info, struct kd_err *err)
{
	uint64_t table = 0, mask = 0, bytes = 0, head = 0;
	const struct kd_wanted members[] = {
		{"udp_table.hash", &table},
		{"udp_table.mask", &mask},
	};
	enum kd_status status = kd_get_each(walk->system, info, members, 2, err);

	if (!status)
		status = kd_size_of(walk->system, "udp_hslot", &bytes, err);
	if (!status)
		status = kd_offset_of(walk->system, "udp_hslot.head", &head, err);
	return status ? status : walk_buckets(walk, table, mask + 1, bytes, head, err);
}

static enum kd_status walk_raw(struct walk *walk, uint64_t info, struct kd_err *err)
{
	struct kd_field table;
	enum kd_status status = kd_field_find(walk->system, "raw_hashinfo.ht", &table, err);

	return status ? status
		      : walk_buckets(walk, info + table.offset, table.bytes / 8, 8, 0, err);
}

static enum kd_status walk_unix(struct walk *walk, uint64_t table, struct kd_err *err)
{
	return walk_buckets(walk, table, UNIX_BUCKETS, 8, 0, err);
}

/* The rows of the essay above. A symbol or a member that the kernel lacks has no sockets to tell of. */
static const struct table {
	const char *protocol;
	enum form form;
	enum kd_status (*walk)(struct walk *walk, uint64_t table, struct kd_err *err);
	const char *symbol; /* that is the table; NULL: none */
	const char *of_net; /* member of struct net that points to one; NULL: none */
} tables[] = {
	{"tcp", TCP, walk_tcp, "tcp_hashinfo", "net.ipv4.tcp_death_row.hashinfo"},
	{"udp", DATAGRAM, walk_udp, "udp_table", "net.ipv4.udp_table"},
	{"udplite", DATAGRAM, walk_udp, "udplite_table", NULL},
	{"raw", DATAGRAM, walk_raw, "raw_v4_hashinfo", NULL},
	{"raw", DATAGRAM, walk_raw, "raw_v6_hashinfo", NULL},
	{"unix", UNIX, walk_unix, "unix_socket_table", "net.unx.table.buckets"},
};

struct of_net {
	struct walk *walk;
	const struct table *table;
	uint64_t shared; /* what has been walked as the kernel's own; 0: nothing */
};

static bool walk_namespace(void *opaque, uint64_t net)
{
	const struct of_net *of_net = opaque;
	struct walk *walk = of_net->walk;
	struct kd_err why;
	uint64_t at = 0;
	enum kd_status status = kd_get(walk->system, net, of_net->table->of_net, &at, &why);

	if (!status && at && at != of_net->shared)
		status = of_net->table->walk(walk, at, &why);
	skip(walk, status, &why);
	return !walk->stopped;
}

static void walk_table(struct walk *walk, const struct table *table)
{
	struct of_net of_net = {walk, table, 0};
	struct kd_err why;
	uint64_t offset;

	walk->protocol = table->protocol;
	walk->form = table->form;
	if (!kd_system_symbol(walk->system, table->symbol, &of_net.shared, NULL))
		skip(walk, table->walk(walk, of_net.shared, &why), &why);
	if (walk->stopped || !table->of_net ||
	    kd_offset_of(walk->system, table->of_net, &offset, NULL))
		return;
	skip(walk, kd_net_namespaces_each(walk->system, walk_namespace, &of_net, &why), &why);
}

static bool walk_packets(void *opaque, uint64_t net)
{
	struct walk *walk = opaque;
	struct kd_err why;
	uint64_t offset = 0;
	enum kd_status status = kd_offset_of(walk->system, "net.packet.sklist", &offset, &why);

	if (!status)
		status = walk_bucket(walk, net + offset, &why);
	skip(walk, status, &why);
	return !walk->stopped;
}

enum kd_status kd_sockets_each(struct kd_system *system, kd_socket_take *take, void *opaque,
			       struct kd_err *err)
{
	struct walk walk = {.system = system, .take = take, .opaque = opaque};
	struct kd_err why;
	uint64_t offset;
	enum kd_status status = kd_field_find(system, "sock_common.skc_family", &walk.family, err);

	if (!status)
		status = kd_field_find(system, "sock_common.skc_state", &walk.state, err);
	if (!status)
		status = kd_field_find(system, "sock_common.skc_node", &walk.node, err);
	if (kd_field_find(system, "sock_common.skc_net.net", &walk.net, NULL))
		walk.net.bytes = 0;
	if (status)
		return kd_context(err, status, "sockets");
	for (size_t i = 0; !walk.stopped && i < sizeof(tables) / sizeof(*tables); i++)
		walk_table(&walk, &tables[i]);
	if (!walk.stopped && !kd_offset_of(system, "net.packet.sklist", &offset, NULL)) {
		walk.protocol = "packet";
		walk.form = PACKET;
		skip(&walk, kd_net_namespaces_each(system, walk_packets, &walk, &why), &why);
	}
	status = kd_partial_end(&walk.partial, KD_OK, err);
	return status ? kd_context(err, status, "sockets") : KD_OK;
}
