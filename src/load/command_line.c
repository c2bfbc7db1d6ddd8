/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "load/command_line.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/file.h"
#include "host/system.h"

enum {
	DEFAULT_LIMIT_BYTES = 2047,
	PROC_CMDLINE_BYTES = 64 << 10,
	PROC_CPUINFO_BYTES = 64 << 20, /* some 1.5 KiB for each CPU */
};

/* What a reused command line must not carry over: it describes the first boot only. */
static const char *const first_boot_only[] = {
	"BOOT_IMAGE",         "initrd",       "crashkernel",
	"elfcorehdr",         "hugepages",    "hugepagesz",
	"default_hugepagesz", "memmap",       "mem",
	"isolcpus",           "nohz_full",    "rcu_nocbs",
	"kdump.final_action", "kdump.target",
};

/*
 * What a second kernel needs, added unless a parameter of that name is already there. Each is ignored
 * by a kernel that does not know it.
 */
static const struct {
	const char *name; /* what decides whether it is there */
	const char *text;
} needed[] = {
	/* devices that the first kernel left running are reset before their drivers trust them */
	{"reset_devices", "reset_devices"},
	/* interrupts that nobody expects are common after a crash: do not give up on their line */
	{"irqpoll", "irqpoll"},
	/*
	 * Memory modules that ACPI tells of and the memory map does not: the kernel would take them for new, and what
	 * is to be dumped from them for free (acpi_memory_hotplug_init(), drivers/acpi/acpi_memhotplug.c)
	 */
	{"acpi_no_memhotplug", "acpi_no_memhotplug"},
	/* memory that this boot never uses: cgroup structures, NUMA */
	{"cgroup_disable", "cgroup_disable=memory"},
	/*
	 * With one CPU a chunk of per-CPU memory spans 2 MiB, and the table of who owns what in it takes 4 MiB,
	 * also where that controller is off (pcpu_alloc_chunk(), mm/percpu.c; 3c7be18ac9a0, 5.9)
	 */
	{"cgroup.memory", "cgroup.memory=nokmem"},
	{"numa", "numa=off"},
	/*
	 * Initcalls that only cost memory here: 12 MB of tracefs inodes, and those that register BPF
	 * functions, of which the first makes the kernel parse its own BTF (some MB at the moment when
	 * the least is free, before its init sections are given back). TCP falls back to Reno.
	 */
	{"initcall_blacklist",
	 "initcall_blacklist=tracer_init_tracefs,cubictcp_register,bpf_prog_test_run_init,kfunc_init,"
	 "bpf_rstat_kfunc_init,bpf_key_sig_kfuncs_init,bpf_tcp_ca_kfunc_init"},
	/* unpacking beside the other initcalls would make the peak of memory a matter of luck */
	{"initramfs_async", "initramfs_async=0"},
	/* the machine check that killed the first kernel must not kill the second */
	{"mce", "mce=off"},
	/* the place is chosen by the loader; randomness would only fragment the little there is */
	{"nokaslr", "nokaslr"},
	/* should this kernel fail as well, the machine comes back */
	{"panic", "panic=10"},
	{"oops", "oops=panic"},
};

/* The length of the parameter at the start of text; quotes hold blanks together. */
static size_t parameter_length(const char *text)
{
	bool quoted = false;
	size_t length = 0;

	for (; text[length] && (quoted || !strchr(" \t\n", text[length])); length++)
		quoted ^= text[length] == '"';
	return length;
}

/* True when a parameter is NAME or NAME=…; "-" and "_" are the same to the kernel. */
static bool is_named(const char *parameter, size_t length, const char *name)
{
	size_t i = 0;

	for (; name[i]; i++) {
		char a = i < length ? parameter[i] : '\0', b = name[i];

		if ((a == '-' ? '_' : a) != (b == '-' ? '_' : b))
			return false;
	}
	return i == length || parameter[i] == '=';
}

bool kd_command_line_find(const char *line, const char *name, const char **value, size_t *length)
{
	size_t name_length = strlen(name), bytes;

	for (line += strspn(line, " \t\n"); *line; line += strspn(line, " \t\n")) {
		bytes = parameter_length(line);
		if (bytes == 2 && !strncmp(line, "--", 2))
			return false; /* the rest belongs to init */
		if (is_named(line, bytes, name)) {
			*value = line + name_length + (bytes > name_length);
			*length = bytes - name_length - (bytes > name_length);
			return true;
		}
		line += bytes;
	}
	return false;
}

static bool has_parameter(const char *line, const char *name)
{
	const char *value;
	size_t length;

	return kd_command_line_find(line, name, &value, &length);
}

static bool ends_with(const char *text, size_t length, const char *end)
{
	return length >= strlen(end) && !memcmp(text + length - strlen(end), end, strlen(end));
}

const char *kd_crashkernel_of(const char *line, size_t *length)
{
	static const char name[] = "crashkernel=";
	const char *plain = NULL, *high = NULL, *found;

	/* as the kernel does, not word by word */
	for (const char *at = line; (at = strstr(at, name));) {
		size_t bytes;

		at += sizeof(name) - 1;
		bytes = strcspn(at, " \t\n");
		if (ends_with(at, bytes, ",high"))
			high = at;
		else if (!ends_with(at, bytes, ",low"))
			plain = at;
	}
	found = plain ? plain : high;
	if (found)
		*length = strcspn(found, " \t\n");
	return found;
}

/* Whether the person does not want this parameter, whoever asks for it. */
static bool is_removed(const struct kd_load_request *request, const char *parameter, size_t length)
{
	const char *names = request->remove ? request->remove : "";

	while (*names) {
		size_t name_length;
		char name[64];

		names += strspn(names, " \t\n");
		name_length = strcspn(names, " \t\n");
		if (name_length && name_length < sizeof(name)) {
			memcpy(name, names, name_length);
			name[name_length] = '\0';
			if (is_named(parameter, length, name))
				return true;
		}
		names += name_length;
	}
	return false;
}

/* A line that grows by parameters, without anybody counting bytes. */
struct builder {
	char *text;
	size_t length;
	bool failed;
};

static void append(struct builder *builder, const char *text, size_t length)
{
	char *grown;

	if (!length || builder->failed)
		return;
	grown = realloc(builder->text, builder->length + length + 2);
	if (!grown) {
		builder->failed = true;
		return;
	}
	if (builder->length)
		grown[builder->length++] = ' ';
	memcpy(grown + builder->length, text, length);
	builder->length += length;
	grown[builder->length] = '\0';
	builder->text = grown;
}

/* Every parameter of a line that has this name and is wanted. */
static void append_named(const struct kd_load_request *request, struct builder *builder,
			 const char *line, const char *name)
{
	while (*line) {
		size_t length;

		line += strspn(line, " \t\n");
		length = parameter_length(line);
		if (length && is_named(line, length, name) && !is_removed(request, line, length))
			append(builder, line, length);
		line += length;
	}
}

/* Every parameter of a line, but those that describe the first boot or are not wanted. */
static void append_reused(const struct kd_load_request *request, struct builder *builder,
			  const char *line)
{
	while (*line) {
		size_t length;
		bool keep;

		line += strspn(line, " \t\n");
		length = parameter_length(line);
		keep = !is_removed(request, line, length);
		for (size_t i = 0; i < sizeof(first_boot_only) / sizeof(*first_boot_only); i++)
			keep &= !is_named(line, length, first_boot_only[i]);
		if (keep)
			append(builder, line, length);
		line += length;
	}
}

static void append_all(struct builder *builder, const char *line)
{
	while (*line) {
		size_t length;

		line += strspn(line, " \t\n");
		length = parameter_length(line);
		append(builder, line, length);
		line += length;
	}
}

static void append_needed(const struct kd_load_request *request, struct builder *builder,
			  const char *name, const char *text)
{
	if (!has_parameter(builder->text ? builder->text : "", name) &&
	    !is_removed(request, text, strlen(text)))
		append(builder, text, strlen(text));
}

/*
 * The APIC id of the CPU that firmware started, from /proc/cpuinfo: that of processor 0 (its "initial
 * apicid"). KD_NOTFOUND when it is not told.
 */
static enum kd_status read_boot_apic_id(const struct kd_load_request *request, unsigned int *id)
{
	static const char key[] = "\ninitial apicid";
	KD_CLEANUP_FREE char *cpus = NULL;
	char path[PATH_MAX];
	size_t bytes;
	char *at;

	if (kd_file_read(kd_path(path, request->paths->proc, "cpuinfo"), PROC_CPUINFO_BYTES, &cpus,
			 &bytes, NULL))
		return KD_NOTFOUND;
	at = strstr(cpus, key);
	at = at ? strchr(at + sizeof(key) - 1, ':') : NULL;
	return at && sscanf(at + 1, "%u", id) == 1 ? KD_OK : KD_NOTFOUND;
}

/*
 * One CPU is enough, and each further one costs memory; the panicking CPU may be any. With more, the one
 * that firmware started must stay where it is, unless it is the one that panicked: waking it by INIT would
 * reset the machine (Documentation/admin-guide/kdump/kdump.rst, on disable_cpu_apicid). A kernel that runs on it
 * ignores the parameter.
 */
static void append_cpus(const struct kd_load_request *request, struct builder *builder)
{
	const char *line = builder->text ? builder->text : "";
	unsigned int cpus = request->cpus ? request->cpus : 1, boot_apic_id;
	char text[64];

	if (has_parameter(line, "nr_cpus"))
		return;
	if (cpus > 1 && !has_parameter(line, "disable_cpu_apicid")) {
		if (read_boot_apic_id(request, &boot_apic_id)) {
			kd_log(request->log, KD_LOG_WARNING,
			       "the boot CPU's APIC id is not known: the second kernel gets one "
			       "CPU");
			cpus = 1;
		} else {
			snprintf(text, sizeof(text), "disable_cpu_apicid=%u", boot_apic_id);
			append(builder, text, strlen(text));
		}
	}
	snprintf(text, sizeof(text), "nr_cpus=%u", cpus);
	append(builder, text, strlen(text));
}

/* NAME=VALUE in place of any that the person gave: only we know where the header lies. */
static enum kd_status append_address(struct builder *builder, const char *name, const char *value,
				     struct kd_err *err)
{
	char text[64];

	if (!value)
		return KD_OK;
	if (has_parameter(builder->text ? builder->text : "", name))
		return kd_fail(err, KD_INVALID,
			       "command line: %s= is set by the loader; leave it out", name);
	strcpy(text, name);
	strcat(text, "=");
	strncat(text, value, sizeof(text) - strlen(text) - 1);
	append(builder, text, strlen(text));
	return KD_OK;
}

static enum kd_status append_base(const struct kd_load_request *request, struct builder *builder,
				  struct kd_err *err)
{
	KD_CLEANUP_FREE char *running = NULL;
	char path[PATH_MAX];
	enum kd_status status;
	size_t bytes;

	if (request->command_line)
		append_all(builder, request->command_line);
	if (!request->reuse_command_line)
		return KD_OK;
	status = kd_file_read(kd_path(path, request->paths->proc, "cmdline"), PROC_CMDLINE_BYTES,
			      &running, &bytes, err);
	if (!status)
		append_reused(request, builder, running);
	return status;
}

/* Somebody watches the running kernel's consoles: the second one speaks there too. */
static void append_consoles(const struct kd_load_request *request, struct builder *builder)
{
	KD_CLEANUP_FREE char *running = NULL;
	char path[PATH_MAX];
	size_t bytes;

	if (!has_parameter(builder->text ? builder->text : "", "console") &&
	    !kd_file_read(kd_path(path, request->paths->proc, "cmdline"), PROC_CMDLINE_BYTES,
			  &running, &bytes, NULL))
		append_named(request, builder, running, "console");
}

enum kd_status kd_command_line_make(const struct kd_load_request *request,
				    const struct kd_command_line_needs *needs, char **line,
				    struct kd_err *err)
{
	size_t limit = needs->limit_bytes ? needs->limit_bytes : DEFAULT_LIMIT_BYTES;
	struct builder builder = {0};
	enum kd_status status;

	status = append_base(request, &builder, err);
	if (!status && request->append)
		append_all(&builder, request->append);
	if (!status)
		append_consoles(request, &builder);
	if (!status)
		append_cpus(request, &builder);
	for (size_t i = 0; !status && i < sizeof(needed) / sizeof(*needed); i++)
		append_needed(request, &builder, needed[i].name, needed[i].text);
	if (!status)
		status = append_address(&builder, "elfcorehdr", needs->elfcorehdr, err);
	if (!status && needs->acpi_rsdp &&
	    !has_parameter(builder.text ? builder.text : "", "acpi_rsdp"))
		status = append_address(&builder, "acpi_rsdp", needs->acpi_rsdp, err);
	if (!status && builder.failed)
		status = kd_fail_errno(err, ENOMEM, "command line");
	if (!status && builder.length > limit)
		status = kd_fail(err, KD_INVALID,
				 "command line: %zu bytes, and the kernel takes %zu; shorten it",
				 builder.length, limit);
	if (status) {
		free(builder.text);
		return status;
	}
	*line = builder.text;
	return KD_OK;
}
