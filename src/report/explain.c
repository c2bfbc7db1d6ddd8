/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From facts to an explanation: who is to blame, and what to look at next.
 *
 * The blame goes to the first
 * function of the stack that is not part of dying itself. The signature is made of the kind and of the functions that led
 * there, without anything that differs from boot to boot: no addresses, offsets, CPU or process numbers, nor the suffixes
 * that compilers put behind names. So a farm that crashes a thousand times for two reasons has two signatures.
 */
#include <inttypes.h>
#include <string.h>

#include "base/format.h"
#include "base/sha256.h"
#include "inspect/taints.h"
#include "report/model.h"

/* What dying itself calls: a name, or with an asterisk how names begin. */
static const char *const machinery[] = {
	"__crash_kexec",
	"crash_kexec",
	"panic",
	"nmi_panic",
	"vpanic",
	"check_panic_on_warn",
	"oops_end",
	"die",
	"die_addr",
	"die_kernel_fault",
	"do_trap*",
	"do_error_trap",
	"exc_*",
	"asm_exc_*",
	"page_fault_oops",
	"no_context",
	"bad_area*",
	"__bad_area*",
	"kernelmode_fixup_or_oops",
	"do_user_addr_fault",
	"do_kern_addr_fault",
	"do_page_fault",
	"__do_page_fault",
	"async_page_fault",
	"invalid_op",
	"do_invalid_op",
	"general_protection",
	"report_bug",
	"fixup_bug*",
	"handle_bug",
	"__warn*",
	"warn_slowpath*",
	"__stack_chk_fail",
	"sysrq_handle_crash",
	"machine_kexec",
	"native_machine_crash*",
	"crash_nmi_callback",
	"nmi_handle",
	"default_do_nmi",
	"end_repeat_nmi",
	"nmi_panic_self_stop",
	"nmi_shootdown_cpus*",
	"kexec_crash*",
};

static bool is_machinery(const char *function)
{
	for (size_t i = 0; i < sizeof(machinery) / sizeof(*machinery); i++) {
		size_t length = strlen(machinery[i]);

		if (machinery[i][length - 1] == '*') {
			if (!strncmp(function, machinery[i], length - 1))
				return true;
		} else if (!strncmp(function, machinery[i], length) &&
			   (!function[length] || function[length] == '.')) {
			return true;
		}
	}
	return false;
}

/* A CPU; NULL: it is not known. */
static const struct kd_report_cpu *find_cpu(const struct kd_report *report, bool known,
					    unsigned int cpu)
{
	for (size_t i = 0; known && i < report->cpu_count; i++)
		if (report->cpus[i].cpu == cpu)
			return &report->cpus[i];
	return NULL;
}

static bool is_behind_interrupt(const struct kd_report *report, const struct kd_report_stack *at)
{
	const struct kd_panic *panic = &report->panic;
	const struct kd_report_cpu *cpu = find_cpu(report, panic->has_cpu, panic->cpu);

	/* Another CPU's stack was stopped by the panic: it begins with what was interrupted. */
	return report->kind && report->kind->behind_interrupt && cpu && at == &cpu->at;
}

size_t kd_report_blame(const struct kd_report *report, const struct kd_report_stack *at)
{
	const struct kd_stack *stack = at->stack;
	size_t first = 0;

	if (!stack)
		return 0;
	/* a task that sleeps is in the scheduler, whatever it waits for */
	if (at->task && !at->task->running)
		first = kd_wait_frame(report->system, stack);
	if (is_behind_interrupt(report, at))
		for (size_t i = 1; i < stack->count; i++)
			if (stack->frames[i].interrupted) {
				first = i;
				break;
			}
	while (first < stack->count) {
		const char *function = kd_report_function(report, &stack->frames[first]);

		if (function && !is_machinery(function))
			break;
		first++;
	}
	return first;
}

/* The blocked task that the log names, or the only one. */
static const struct kd_report_stack *guilty_of_blocked(const struct kd_report *report)
{
	const struct kd_panic *panic = &report->panic;

	for (size_t i = 0; panic->blames_pid && i < report->blocked_count; i++)
		if ((uint32_t)report->blocked[i].task->pid == panic->blamed_pid)
			return &report->blocked[i];
	return !panic->blames_pid && report->blocked_count == 1 ? &report->blocked[0] : NULL;
}

/* The CPU that is blamed; NULL: none. */
static const struct kd_report_cpu *guilty_cpu(const struct kd_report *report)
{
	const struct kd_panic *panic = &report->panic;
	bool noticed = report->kind && report->kind->noticed_elsewhere;

	if (noticed && panic->blames_cpu)
		return find_cpu(report, true, panic->blamed_cpu);
	for (size_t i = 0; noticed && panic->blames_pid && i < report->cpu_count; i++)
		if (report->cpus[i].at.task &&
		    (uint32_t)report->cpus[i].at.task->pid == panic->blamed_pid)
			return &report->cpus[i];
	return noticed ? NULL : find_cpu(report, panic->has_cpu, panic->cpu);
}

const struct kd_report_stack *kd_report_guilty(const struct kd_report *report)
{
	const struct kd_report_cpu *cpu;

	if (report->kind && report->kind->of_blocked)
		return guilty_of_blocked(report);
	cpu = guilty_cpu(report);
	return cpu ? &cpu->at : NULL;
}

/* A function's name as it is in the source: "do_thing.constprop.0" is do_thing. */
static size_t plain_length(const char *function)
{
	return strcspn(function, ".");
}

static void add(char *text, size_t bytes, const char *more, size_t more_bytes)
{
	size_t length = strlen(text);

	if (length + more_bytes + 1 < bytes) {
		memcpy(text + length, more, more_bytes);
		text[length + more_bytes] = '\0';
	}
}

/*
 * How dying ends at the bottom of every stack tells nothing: from do_syscall_64() or an interrupt's entry outwards is
 * left out.
 */
static bool is_entry(const char *function)
{
	return !strncmp(function, "do_syscall_64", 13) || !strncmp(function, "entry_", 6) ||
	       !strncmp(function, "asm_", 4) || !strncmp(function, "ret_from_fork", 13);
}

static void sign(struct kd_report *report)
{
	const struct kd_report_stack *at = kd_report_guilty(report);
	const struct kd_stack *stack = at ? at->stack : NULL;
	char *text = report->signature_text;
	const char *kind = report->kind ? report->kind->name : "unknown";
	uint8_t digest[KD_SHA256_BYTES];
	struct kd_sha256 hash;
	unsigned int named = 0;

	add(text, sizeof(report->signature_text), kind, strlen(kind));
	for (size_t i = at ? kd_report_blame(report, at) : 0;
	     stack && i < stack->count && named < KD_SIGNATURE_FRAMES; i++) {
		const char *function = kd_report_function(report, &stack->frames[i]);
		const char *module = kd_report_module(report, &stack->frames[i]);

		if (!function || !stack->frames[i].reliable || is_entry(function))
			break;
		add(text, sizeof(report->signature_text), named ? " < " : ": ", named ? 3 : 2);
		named++;
		add(text, sizeof(report->signature_text), function, plain_length(function));
		if (module) {
			add(text, sizeof(report->signature_text), "@", 1);
			add(text, sizeof(report->signature_text), module, strlen(module));
		}
	}
	/* without a function, all crashes of a kind would be one bug */
	if (!named) {
		*text = '\0';
		return;
	}
	kd_sha256_init(&hash);
	kd_sha256_update(&hash, text, strlen(text));
	kd_sha256_final(&hash, digest);
	for (size_t i = 0; i < sizeof(report->signature) / 2; i++)
		kd_format(report->signature + 2 * i, 3, "%02x", digest[i]);
}

/* "3 minutes" */
static void format_uptime(uint64_t ns, char *text, size_t bytes)
{
	static const struct {
		uint64_t seconds;
		const char *unit;
	} units[] = {{86400, "day"}, {3600, "hour"}, {60, "minute"}, {1, "second"}};
	uint64_t seconds = ns / 1000000000;
	size_t unit = 0;

	while (unit < 3 && seconds < units[unit].seconds)
		unit++;
	kd_format(text, bytes, "%llu %s%s", (unsigned long long)(seconds / units[unit].seconds),
		  units[unit].unit, seconds / units[unit].seconds == 1 ? "" : "s");
}

static void say(struct kd_report *report, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void say(struct kd_report *report, const char *format, ...)
{
	char part[KD_REPORT_TEXT_BYTES];
	va_list arguments;

	va_start(arguments, format);
	kd_vformat(part, sizeof(part), format, arguments);
	va_end(arguments);
	add(report->sentence, sizeof(report->sentence), part, strlen(part));
}

static void say_function(struct kd_report *report)
{
	const struct kd_report_stack *at = kd_report_guilty(report);
	const struct kd_stack *stack = at ? at->stack : NULL;
	size_t first = at ? kd_report_blame(report, at) : 0;
	const char *function, *module;

	if (!stack || first >= stack->count || (report->kind && report->kind->nobodys_fault))
		return;
	function = kd_report_function(report, &stack->frames[first]);
	module = kd_report_module(report, &stack->frames[first]);
	say(report, " in %.*s()%s%s", (int)plain_length(function), function,
	    module ? " of module " : "", module ? module : "");
}

/* The task whose stack is blamed rather than that of who noticed. */
static void say_blamed(struct kd_report *report)
{
	const struct kd_panic *panic = &report->panic;
	const struct kd_report_stack *at = kd_report_guilty(report);
	const struct kd_task *task = at ? at->task : NULL;

	if (panic->blames_cpu) {
		say(report, ", on CPU %u", panic->blamed_cpu);
		if (task)
			say(report, " in process %d (%s)", task->pid, task->comm);
	} else if (task) {
		say(report, ", in process %d (%s)", task->pid, task->comm);
	} else if (panic->blames_pid) {
		say(report, ", in process %u", panic->blamed_pid);
	}
	if (panic->has_cpu)
		say(report, ", as CPU %u noticed", panic->cpu);
}

static void say_who(struct kd_report *report)
{
	const struct kd_panic *panic = &report->panic;
	const struct kd_crash_kind *kind = report->kind;
	bool elsewhere = kind && kind->noticed_elsewhere &&
			 !(panic->blames_cpu && panic->has_cpu && panic->blamed_cpu == panic->cpu);

	if (elsewhere || (kind && kind->of_blocked))
		say_blamed(report);
	else if (panic->has_pid)
		say(report, ", on CPU %u in process %u (%s)", panic->cpu, panic->pid, panic->comm);
}

static void write_sentence(struct kd_report *report)
{
	const struct kd_panic *panic = &report->panic;
	char uptime[32];

	if (!report->has_panic) {
		say(report, "The log names no panic.");
		return;
	}
	say(report, "%s", report->kind ? report->kind->sentence : "The kernel gave up");
	say_function(report);
	say_who(report);
	if (panic->has_time) {
		format_uptime(panic->time_ns, uptime, sizeof(uptime));
		say(report, ", %s after boot", uptime);
	}
	say(report, ".");
}

__attribute__((format(printf, 2, 3))) static void hint(struct kd_report *report, const char *format,
						       ...)
{
	va_list arguments;

	if (report->hint_count == KD_REPORT_HINTS)
		return;
	va_start(arguments, format);
	kd_vformat(report->hints[report->hint_count++], KD_REPORT_TEXT_BYTES, format, arguments);
	va_end(arguments);
}

/* Recursion: a function that is on the stack many times. */
static void look_for_recursion(struct kd_report *report, const struct kd_stack *stack)
{
	for (size_t i = 0; i < stack->count; i++) {
		size_t times = 0;

		for (size_t j = 0; j < stack->count; j++)
			times += stack->frames[j].symbol &&
				 stack->frames[j].symbol == stack->frames[i].symbol;
		if (times >= 8) {
			hint(report, "%s() is on the stack %u times: it recurses",
			     kd_report_function(report, &stack->frames[i]), (unsigned int)times);
			return;
		}
	}
}

static void look_for_hints(struct kd_report *report)
{
	const struct kd_report_stack *at = kd_report_guilty(report);
	const struct kd_memory *memory = &report->memory;

	for (size_t i = 0; i < report->chain_count; i++)
		hint(report, "%s", report->chains[i]);
	/* to look at the blocked tasks: that is done */
	if (report->kind && report->kind->hint &&
	    !(report->kind->of_blocked && report->chain_count))
		hint(report, "%s", report->kind->hint);
	if (at && at->stack)
		look_for_recursion(report, at->stack);
	if (strstr(report->panic.cause, "dead0000000001"))
		hint(report,
		     "dead000000000100 and …122 are poison of list entries that were deleted");
	if (report->blocked_tasks)
		hint(report, "%u task%s blocked (state D), at %u place%s",
		     (unsigned int)report->blocked_tasks,
		     report->blocked_tasks == 1 ? " is" : "s are",
		     (unsigned int)report->blocked_count, report->blocked_count == 1 ? "" : "s");
	if (report->has_memory && memory->bytes[KD_MEMORY_FREE] < memory->total_bytes / 100)
		hint(report, "less than a hundredth of memory was free");
	if (report->has_memory && memory->bytes[KD_MEMORY_SLAB] > memory->total_bytes / 2)
		hint(report, "more than half of memory is slab: the kernel may leak objects");
	for (unsigned int bit = 0; report->has_taints && bit < 64; bit++)
		if (report->taints >> bit & 1 && kd_taint_meaning(bit) && bit != 12 && bit != 13)
			hint(report, "before this, %s", kd_taint_meaning(bit));
}

void kd_report_explain(struct kd_report *report)
{
	write_sentence(report);
	sign(report);
	look_for_hints(report);
}
