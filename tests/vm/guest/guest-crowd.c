/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Two hundred processes and threads in states that are known.
 *
 *     guest-crowd USER-CPU KERNEL-CPU SLOW-DISK
 *
 * Prints "ready" when all are where they should be, and sleeps. Their names say what they do: in-pipe, in-poll,
 * in-futex (threads), in-nanosleep, in-accept, in-network, blocked (D: the parent of a vfork), stopped, traced, zombie, and one that
 * spins in user space and one in the kernel, each on the CPU that was given. mutex-holder holds the mutex of a pipe, and
 * rwsem-holder the semaphore of an inode, while they wait for a page of a disk that does not answer; mutex-waiter and
 * rwsem-waiter want the same.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { THREADS = 20 };

static int user_cpu, kernel_cpu, shared_pipe[2], slow_disk;

static void set_name(const char *name)
{
	prctl(PR_SET_NAME, name);
}

static void pin(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	sched_setaffinity(0, sizeof(set), &set);
}

static void in_pipe(void)
{
	int ends[2];
	char byte;

	if (pipe(ends) || read(ends[0], &byte, 1) < 0)
		_exit(1);
}

static void in_poll(void)
{
	struct pollfd nothing = {.fd = -1};

	poll(&nothing, 1, -1);
}

static void in_nanosleep(void)
{
	const struct timespec long_time = {.tv_sec = 1000000};

	nanosleep(&long_time, NULL);
}

static void in_accept(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	/* an abstract name of its own */
	snprintf(address.sun_path + 1, sizeof(address.sun_path) - 1, "crowd-%d", getpid());
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) || listen(fd, 1))
		_exit(1);
	accept(fd, NULL, NULL);
}

static void blocked(void)
{
	if (!vfork()) {
		static const char name[] = "vforked";

		prctl(PR_SET_NAME, name);
		for (;;)
			pause();
	}
}

static void stopped(void)
{
	raise(SIGSTOP);
}

static void traced(void)
{
	pid_t child = fork();

	if (!child) {
		set_name("traced");
		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		raise(SIGTRAP);
		_exit(0);
	}
	set_name("tracer");
	for (;;)
		pause();
}

static void zombies(void)
{
	for (int i = 0; i < 10; i++) {
		if (!fork()) {
			set_name("zombie");
			_exit(0);
		}
	}
	for (;;)
		pause();
}

static void spin_in_user(void)
{
	volatile unsigned long count = 0;

	pin(user_cpu);
	for (;;)
		count++;
}

static void spin_in_kernel(void)
{
	size_t bytes = 64 << 20;
	void *buffer =
		mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int fd = open("/dev/zero", O_RDONLY);

	pin(kernel_cpu);
	while (read(fd, buffer, bytes) > 0)
		continue;
	_exit(1);
}

static void *in_futex(void *mutex)
{
	set_name("in-futex");
	pthread_mutex_lock(mutex);
	return NULL;
}

static void threads(void)
{
	static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
	pthread_t thread;

	pthread_mutex_lock(&mutex);
	for (int i = 0; i < THREADS; i++)
		pthread_create(&thread, NULL, in_futex, &mutex);
	for (;;)
		pause();
}

/* A page of the disk, not yet read. */
static const void *page_of_disk(unsigned int number)
{
	const void *page = mmap(NULL, 4096, PROT_READ, MAP_SHARED, slow_disk, (64 + number) << 20);

	if (page == MAP_FAILED)
		_exit(1);
	return page;
}

static void hold_mutex(void)
{
	write(shared_pipe[1], page_of_disk(0), 4096);
}

static void want_mutex(void)
{
	sleep(2);
	write(shared_pipe[1], "x", 1);
}

static int open_file(void)
{
	return open("/tmp/crowd-file", O_RDWR | O_CREAT, 0600);
}

static void hold_rwsem(void)
{
	write(open_file(), page_of_disk(1), 4096);
}

static void want_rwsem(void)
{
	sleep(2);
	write(open_file(), "x", 1);
}

static int bound(int family, int type, uint16_t port)
{
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
	struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(port)};
	int fd = socket(family, type, 0);

	v6.sin6_addr = in6addr_loopback;
	v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0 || bind(fd, family == AF_INET ? (struct sockaddr *)&v4 : (struct sockaddr *)&v6,
			   family == AF_INET ? sizeof(v4) : sizeof(v6)))
		_exit(1);
	return fd;
}

static void connect_to(int fd, int to)
{
	struct sockaddr_storage address;
	socklen_t bytes = sizeof(address);

	if (getsockname(to, (struct sockaddr *)&address, &bytes) ||
	    connect(fd, (struct sockaddr *)&address, bytes))
		_exit(1);
}

/* Connections with what nobody reads, one that nobody accepts, and sockets of other kinds. */
static void in_network(void)
{
	static const int families[] = {AF_INET, AF_INET6};

	for (int i = 0; i < 2; i++) {
		int listener = bound(families[i], SOCK_STREAM, 4242);
		int client = socket(families[i], SOCK_STREAM, 0);
		int waiting = socket(families[i], SOCK_STREAM, 0);
		int datagram = bound(families[i], SOCK_DGRAM, 4243);
		int sender = bound(families[i], SOCK_DGRAM, 4244);

		listen(listener, 5);
		connect_to(client, listener);
		if (accept(listener, NULL, NULL) < 0)
			_exit(1);
		write(client, "unread", 6);
		connect_to(waiting, listener);
		connect_to(sender, datagram);
		write(sender, "nor this", 8);
		socket(families[i], SOCK_RAW, IPPROTO_UDP);
	}
}

static const struct role {
	const char *name;
	void (*run)(void);
	unsigned int count;
} roles[] = {
	{"in-pipe", in_pipe, 60},           {"in-poll", in_poll, 20},
	{"in-nanosleep", in_nanosleep, 20}, {"in-accept", in_accept, 10},
	{"in-network", in_network, 1},      {"blocked", blocked, 10},
	{"stopped", stopped, 10},           {"tracer", traced, 3},
	{"undertaker", zombies, 1},         {"threads", threads, 2},
	{"spin-user", spin_in_user, 1},     {"spin-kernel", spin_in_kernel, 1},
	{"mutex-holder", hold_mutex, 1},    {"mutex-waiter", want_mutex, 3},
	{"rwsem-holder", hold_rwsem, 1},    {"rwsem-waiter", want_rwsem, 3},
};

int main(int argc, char **argv)
{
	if (argc != 4)
		return 2;
	slow_disk = open(argv[3], O_RDONLY);
	if (slow_disk < 0 || pipe(shared_pipe))
		return 1;
	user_cpu = atoi(argv[1]);
	kernel_cpu = atoi(argv[2]);
	for (size_t i = 0; i < sizeof(roles) / sizeof(*roles); i++)
		for (unsigned int n = 0; n < roles[i].count; n++) {
			if (fork())
				continue;
			set_name(roles[i].name);
			roles[i].run();
			for (;;)
				pause();
		}
	sleep(5);
	puts("ready");
	fflush(stdout);
	for (;;)
		pause();
}
