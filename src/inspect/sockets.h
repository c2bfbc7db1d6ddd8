/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The sockets of a dead system, as the tables of their protocols hold them: bound, listening, connected, dying. */
#ifndef KD_INSPECT_SOCKETS_H
#define KD_INSPECT_SOCKETS_H

#include "inspect/net.h"

enum { KD_SOCKET_PATH_BYTES = 108 + 1 };

struct kd_socket {
	uint64_t vaddr; /* of its struct sock, or of the smaller one that a dying connection has */
	uint64_t namespace;   /* as kd_interface has it */
	const char *protocol; /* "tcp", "udp", "udplite", "raw", "unix", "packet" */
	const char *state;    /* "established", "listen", …; "" where the protocol has none */
	struct kd_net_address local,
		remote; /* of TCP, UDP and raw; else family is that of the socket */
	uint16_t local_port, remote_port;
	char path[KD_SOCKET_PATH_BYTES]; /* of unix: "" without a name, "@…" for an abstract one */
	bool has_queues;                 /* a dying connection has none */
	uint64_t receive_bytes,
		send_bytes; /* that wait; of TCP that listens, connections to be accepted */
	uint64_t inode;     /* as /proc/PID/fd shows it; 0: of no process any more, or not yet */
};

/* Tells of each socket, by protocol. False stops. What a kernel was built without is left out. */
typedef bool kd_socket_take(void *opaque, const struct kd_socket *socket);
enum kd_status kd_sockets_each(struct kd_system *system, kd_socket_take *take, void *opaque,
			       struct kd_err *err);

#endif
