/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kdump gdbserver: a dump for gdb's `target remote`. */
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "cmd/dump_input.h"
#include "gdb/stub.h"
#include "host/file.h"
#include "host/system.h"

enum { READ_BYTES = 4096, PORT_BYTES = 16, PORT_DIGITS = 5, HOST_BYTES = 256 };

struct request {
	const char *dump, *place;
	bool stdio, allow_remote;
	struct kd_dump_options how;
};

/* Where to listen: made from a place, or the default. */
struct listener {
	int fd;
	char unix_path[PATH_MAX]; /* to be removed; "": TCP */
	char name[PATH_MAX + 8];  /* as gdb's `target remote` takes it */
};

static enum kd_status send_all(struct kd_gdb_link *link, int fd, struct kd_err *err)
{
	enum kd_status status = KD_OK;
	const void *data;
	size_t bytes;

	while (!status && (data = kd_gdb_link_send(link, &bytes)))
		status = kd_write_all(fd, data, bytes, "gdb", err);
	return status;
}

/* Until either side ends it; that gdb just goes is no error. */
static enum kd_status converse(struct kd_gdb_stub *stub, int from, int to, struct kd_err *err)
{
	KD_CLEANUP_FREE struct kd_gdb_link *link = malloc(sizeof(*link));
	enum kd_status status = KD_OK;

	if (!link)
		return kd_fail_errno(err, ENOMEM, "gdb");
	kd_gdb_link_init(link, kd_gdb_stub_answer, stub);
	while (!status && !kd_gdb_link_is_over(link)) {
		char data[READ_BYTES];
		ssize_t count = read(from, data, sizeof(data));

		if (count < 0 && errno == EINTR)
			continue;
		if (count < 0 && errno != ECONNRESET)
			status = kd_fail_errno(err, errno, "gdb");
		if (count <= 0)
			break;
		for (size_t at = 0; !status && at < (size_t)count && !kd_gdb_link_is_over(link);) {
			at += kd_gdb_link_take(link, data + at, (size_t)count - at);
			status = send_all(link, to, err);
		}
	}
	if (!status && link->no_memory)
		status = kd_fail_errno(err, ENOMEM, "gdb");
	kd_gdb_link_deinit(link);
	return status;
}

static enum kd_status listen_unix(struct listener *listener, const char *path, struct kd_err *err)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	mode_t mask;
	int failed;

	if (strlen(path) >= sizeof(address.sun_path))
		return kd_fail(err, KD_INVALID, "%s: too long for a socket", path);
	strcpy(address.sun_path, path);
	listener->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	/* a dump holds secrets: nobody else may connect */
	mask = umask(077);
	failed = listener->fd < 0 ||
		 bind(listener->fd, (struct sockaddr *)&address, sizeof(address));
	umask(mask);
	if (failed && errno == EADDRINUSE)
		return kd_fail(err, KD_INVALID, "%s: there is something already", path);
	if (failed)
		return kd_fail_errno(err, errno, "%s", path);
	snprintf(listener->unix_path, sizeof(listener->unix_path), "%s", path);
	snprintf(listener->name, sizeof(listener->name), "%s%s", strchr(path, '/') ? "" : "./",
		 path);
	return KD_OK;
}

static bool is_loopback(const struct sockaddr *address)
{
	if (address->sa_family == AF_INET) {
		const struct sockaddr_in *v4 = (const void *)address;

		return ntohl(v4->sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
	}
	return address->sa_family == AF_INET6 &&
	       IN6_IS_ADDR_LOOPBACK(
		       &((const struct sockaddr_in6 *)(const void *)address)->sin6_addr);
}

/* Which port it came to be, when that was left open. */
static void name_tcp(struct listener *listener)
{
	struct sockaddr_storage address = {0};
	socklen_t bytes = sizeof(address);
	char host[HOST_BYTES] = "?", port[PORT_BYTES] = "?";

	getsockname(listener->fd, (struct sockaddr *)&address, &bytes);
	getnameinfo((struct sockaddr *)&address, bytes, host, sizeof(host), port, sizeof(port),
		    NI_NUMERICHOST | NI_NUMERICSERV);
	snprintf(listener->name, sizeof(listener->name),
		 address.ss_family == AF_INET6 ? "[%s]:%s" : "%s:%s", host, port);
}

static bool is_tcp(const char *place)
{
	return !strchr(place, '/') && strchr(place, ':');
}

/* Of a place that is one of TCP: getaddrinfo(3) would take the rest of a larger number, and of a sign. */
static bool has_port(const char *place)
{
	const char *port = strrchr(place, ':') + 1;
	size_t digits = strspn(port, "0123456789");

	return digits && digits <= PORT_DIGITS && !port[digits] &&
	       strtoul(port, NULL, 10) <= UINT16_MAX;
}

/* "HOST:PORT", "[HOST]:PORT", ":PORT". */
static enum kd_status listen_tcp(struct listener *listener, const char *place, bool allow_remote,
				 struct kd_err *err)
{
	static const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE};
	const char *colon = strrchr(place, ':');
	size_t length = (size_t)(colon - place);
	struct addrinfo *found = NULL;
	char host[HOST_BYTES];
	const int on = 1;
	int error;
	enum kd_status status = KD_OK;

	if (length >= 2 && place[0] == '[' && place[length - 1] == ']') {
		place++;
		length -= 2;
	}
	snprintf(host, sizeof(host), "%.*s", (int)length, length ? place : "127.0.0.1");
	if (!length)
		strcpy(host, "127.0.0.1");
	error = getaddrinfo(host, colon + 1, &hints, &found);
	if (error)
		return kd_fail(err, KD_NOTFOUND, "%s: %s", place, gai_strerror(error));
	if (!allow_remote && !is_loopback(found->ai_addr)) {
		freeaddrinfo(found);
		return kd_fail(err, KD_INVALID, "%s: not an address of this machine alone", host);
	}
	listener->fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (listener->fd < 0 ||
	    setsockopt(listener->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) ||
	    bind(listener->fd, found->ai_addr, found->ai_addrlen))
		status = kd_fail_errno(err, errno, "%s", place);
	freeaddrinfo(found);
	if (!status)
		name_tcp(listener);
	return status;
}

static enum kd_status listen_at(struct listener *listener, const struct request *request,
				struct kd_err *err)
{
	const char *folder = getenv("XDG_RUNTIME_DIR"), *place = request->place;
	char path[PATH_MAX];
	enum kd_status status;

	if (!place) {
		snprintf(path, sizeof(path), "%s/kdump-gdb.%d", folder ? folder : "/tmp",
			 (int)getpid());
		place = path;
	}
	status = is_tcp(place) ? listen_tcp(listener, place, request->allow_remote, err)
			       : listen_unix(listener, place, err);
	if (!status && listen(listener->fd, 1))
		status = kd_fail_errno(err, errno, "%s", place);
	return status;
}

static void stop_listening(struct listener *listener)
{
	if (listener->fd >= 0)
		close(listener->fd);
	listener->fd = -1;
	if (*listener->unix_path)
		unlink(listener->unix_path);
	listener->unix_path[0] = '\0';
}

/* Waits for gdb; asked to end meanwhile, it does so in good order. The signals are blocked. */
static enum kd_status wait_for_gdb(const struct listener *listener, const sigset_t *signals,
				   int *fd, struct kd_err *err)
{
	KD_CLEANUP_CLOSE int ended = signalfd(-1, signals, SFD_CLOEXEC);
	struct pollfd wait[] = {{listener->fd, POLLIN, 0}, {ended, POLLIN, 0}};

	if (ended < 0)
		return kd_fail_errno(err, errno, "signals");
	printf("target remote %s\n", listener->name);
	fflush(stdout);
	while (poll(wait, 2, -1) < 0)
		if (errno != EINTR)
			return kd_fail_errno(err, errno, "%s", listener->name);
	if (wait[1].revents)
		return kd_fail(err, KD_SYSTEM, "%s: ended before gdb came", listener->name);
	*fd = accept4(listener->fd, NULL, NULL, SOCK_CLOEXEC);
	return *fd < 0 ? kd_fail_errno(err, errno, "%s", listener->name) : KD_OK;
}

/* One gdb, from its connection to its end. */
static enum kd_status serve_socket(struct kd_gdb_stub *stub, const struct request *request,
				   struct kd_err *err)
{
	struct listener listener = {.fd = -1};
	KD_CLEANUP_CLOSE int fd = -1;
	enum kd_status status;
	sigset_t signals, before;

	sigemptyset(&signals);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGHUP);
	sigprocmask(SIG_BLOCK, &signals, &before);
	status = listen_at(&listener, request, err);
	if (!status)
		status = wait_for_gdb(&listener, &signals, &fd, err);
	stop_listening(&listener);
	sigprocmask(SIG_SETMASK, &before, NULL);
	return status ? status : converse(stub, fd, fd, err);
}

static enum kd_status serve(struct kd_system *system, const struct request *request,
			    struct kd_err *err)
{
	const struct kd_log log = kd_command_log(false);
	struct kd_gdb_machine machine;
	struct kd_gdb_stub stub;
	enum kd_status status = kd_gdb_machine_init(&machine, system, &log, err);

	if (!status)
		status = kd_gdb_stub_init(&stub, &machine, &log, err);
	if (!status) {
		/* gdb may go at any time */
		signal(SIGPIPE, SIG_IGN);
		status = request->stdio ? converse(&stub, STDIN_FILENO, STDOUT_FILENO, err)
					: serve_socket(&stub, request, err);
		kd_gdb_stub_deinit(&stub);
	}
	kd_gdb_machine_deinit(&machine);
	return status;
}

static int parse(const struct kd_command *self, int argc, char **argv, struct request *request)
{
	static const struct option options[] = {
		{"stdio", no_argument, NULL, 's'},
		{"allow-remote", no_argument, NULL, 'r'},
		KD_INPUT_OPTION,
		{0},
	};
	int option;

	while ((option = getopt_long(argc, argv, ":", options, NULL)) != -1) {
		if (option == '?')
			return kd_command_bad_option(self, option, argv);
		if (option == KD_INPUT_RAW && !kd_input_option(&request->how))
			return kd_command_usage(self, "'%s' is not a hexadecimal address", optarg);
		request->stdio |= option == 's';
		request->allow_remote |= option == 'r';
	}
	if (argc - optind < 1 || argc - optind > 2)
		return kd_command_usage(self, "a DUMP is needed, and at most one place to listen");
	request->dump = argv[optind];
	request->place = argv[optind + 1];
	if (request->stdio && request->place)
		return kd_command_usage(self, "either a place to listen or --stdio");
	if (request->place && is_tcp(request->place) && !has_port(request->place))
		return kd_command_usage(self, "'%s': a port is a number up to %d", request->place,
					UINT16_MAX);
	return KD_EXIT_DONE;
}

/* What would help, where a place does not do. */
static void hint_at_place(const struct request *request)
{
	struct stat st;

	if (is_tcp(request->place) && !request->allow_remote)
		kd_command_hint("--allow-remote lets others read all memory of the dump");
	else if (!lstat(request->place, &st) && S_ISSOCK(st.st_mode))
		kd_command_hint("if nobody serves a dump there any more: rm %s", request->place);
	else
		kd_command_hint("name a path where there is nothing, of %zu characters at most",
				sizeof(((struct sockaddr_un *)NULL)->sun_path) - 1);
}

static int run_gdbserver(const struct kd_command *self, int argc, char **argv)
{
	struct request request = {.dump = NULL};
	struct kd_err err = {0};
	struct kd_input input;
	enum kd_status status;
	int exit_status = parse(self, argc, argv, &request);

	if (exit_status)
		return exit_status;
	if (kd_input_open_system(&input, request.dump, &request.how, &err))
		return kd_command_failed(&err);
	status = serve(input.system, &request, &err);
	kd_input_close(&input);
	if (!status)
		return KD_EXIT_DONE;
	kd_command_failed(&err);
	if (status == KD_INVALID && request.place)
		hint_at_place(&request);
	return KD_EXIT_FAILED;
}

const struct kd_command kd_cmd_gdbserver = {
	.name = "gdbserver",
	.synopsis = "[--stdio] [OPTION]... DUMP [SOCKET | HOST:PORT]",
	.summary = "serve a dump to gdb",
	.run = run_gdbserver,
	.options =
		"  --stdio             talk to gdb on standard input and output\n"
		"  --allow-remote      listen on addresses that other machines reach\n" KD_INPUT_HELP,
};
