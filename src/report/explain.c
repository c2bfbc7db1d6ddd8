/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From facts to an explanation: which kind of crash it was, who is to blame, and what to look at next.
 *
 * The kind is told by what the kernel printed (the panic's message, or the oops before it). The blame goes to the first
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

/* Looked at from the top: what is more special comes first. */
static const struct kd_crash_kind kinds[] = {
	{"requested", "sysrq triggered crash", "Somebody asked for this crash through sysrq",
	 .nobodys_fault = true},
	{"requested", "sysrq: Trigger a crash", "Somebody asked for this crash through sysrq",
	 .nobodys_fault = true},
	{"hung-task", "hung_task: blocked tasks",
	 "A task was blocked for longer than the kernel is told to bear",
	 "look at the blocked tasks: what each waits for, and who holds it", .of_blocked = true},
	{"hard-lockup", "hard LOCKUP", "A CPU was stuck in the kernel with interrupts off",
	 "the stack of the CPU that was stuck tells where; it may wait for a lock that another one holds",
	 .behind_interrupt = true},
	{"soft-lockup", "soft lockup", "A CPU was stuck in the kernel and let no task run",
	 "the interrupted function is where it was stuck", .behind_interrupt = true},
	{"soft-lockup", "softlockup: hung tasks",
	 "A CPU was stuck in the kernel and let no task run",
	 "the interrupted function is where it was stuck", .behind_interrupt = true},
	{"rcu-stall", "RCU Stall", "A CPU or task held up RCU for too long",
	 "the CPU that stalled loops, or has its interrupts off", .behind_interrupt = true},
	{"out-of-memory", "no killable processes",
	 "Memory ran out, and no process was left to kill",
	 "the log lists who had how much; see memory by use", .nobodys_fault = true},
	{"out-of-memory", "System is deadlocked on memory",
	 "Memory ran out, and no process was left to kill",
	 "the log lists who had how much; see memory by use", .nobodys_fault = true},
	{"out-of-memory", "panic_on_oom is enabled",
	 "Memory ran out, and the system is set up to panic then",
	 "the log lists who had how much; see memory by use", .nobodys_fault = true},
	{"stack-overflow", "stack guard page was hit", "The kernel's stack overflowed",
	 "the stack is deep or has large frames: see its repeating functions"},
	{"stack-overflow", "corrupted stack end detected", "The kernel's stack overflowed",
	 "the stack is deep or has large frames: see its repeating functions"},
	{"stack-overflow", "kernel stack overflow", "The kernel's stack overflowed",
	 "the stack is deep or has large frames: see its repeating functions"},
	{"double-fault", "double fault", "An exception could not be delivered",
	 "often a stack overflow: look at how deep the stack is"},
	{"stack-protector", "stack-protector: Kernel stack is corrupted",
	 "A function wrote past its own variables on the stack",
	 "the named function, or one that it called with a pointer to a local variable"},
	{"bad-page", "Bad page", "The kernel found a damaged page",
	 "memory was overwritten or freed twice: suspect drivers, and the hardware"},
	{"machine-check", "Machine check",
	 "The hardware reported an error that cannot be corrected",
	 "the log has the machine check's bank and status: suspect the hardware",
	 .nobodys_fault = true},
	{"machine-check", "Fatal machine check",
	 "The hardware reported an error that cannot be corrected",
	 "the log has the machine check's bank and status: suspect the hardware",
	 .nobodys_fault = true},
	{"nmi", "NMI: Not continuing", "The hardware reported an error by NMI",
	 "suspect the hardware: memory parity, PCI errors, or a watchdog or button of the machine",
	 .nobodys_fault = true},
	{"init-died", "Attempted to kill init", "The first process died",
	 "its exit code is in the message: a signal in the low byte", .nobodys_fault = true},
	{"no-root", "Unable to mount root fs", "The root file system could not be mounted",
	 "root= on the command line, or a driver that the initramfs lacks", .nobodys_fault = true},
	{"no-init", "No working init found", "No program was found to start with",
	 "the root file system lacks init, or the libraries that it needs", .nobodys_fault = true},
	{"null-pointer", "NULL pointer dereference", "The kernel went through a NULL pointer"},
	{"use-after-free", "KASAN: slab-use-after-free", "The kernel used memory that was freed",
	 "the log has the stacks of who allocated and who freed it"},
	{"kasan", "KASAN:", "The kernel used memory that is not its",
	 "the log has the stacks of who allocated and who freed it"},
	{"page-fault", "unable to handle page fault", "The kernel went through a bad pointer"},
	{"page-fault", "unable to handle kernel paging request",
	 "The kernel went through a bad pointer"},
	{"general-protection", "general protection fault",
	 "The kernel went through a pointer that is no address",
	 "an address such as 0xdead… or 0x6b6b… is memory that was freed"},
	{"bug", "kernel BUG at", "The kernel ran into a state that it holds for impossible (BUG)"},
	{"bug", "invalid opcode", "The kernel ran into a state that it holds for impossible (BUG)"},
	{"divide-error", "divide error", "The kernel divided by zero"},
	{"oops", "Oops", "The kernel ran into an error"},
	{"panic-on-warn", "panic_on_warn", "A warning came, and the system is set up to panic then",
	 "the warning's text stands before the panic in the log", .nobodys_fault = true},
	{"panic", "Kernel panic - not syncing", "The kernel gave up"},
};

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

const struct kd_crash_kind *kd_crash_kind_find(const struct kd_panic *panic)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (strstr(panic->message, kinds[i].pattern) ||
		    strstr(panic->cause, kinds[i].pattern))
			return &kinds[i];
	return NULL;
}

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

size_t kd_report_blame(const struct kd_report *report, const struct kd_stack *stack)
{
	size_t first = 0;

	if (report->kind && report->kind->behind_interrupt)
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

/* The CPU that panicked; NULL when that is not known. */
static const struct kd_report_cpu *panicked_cpu(const struct kd_report *report)
{
	for (size_t i = 0; i < report->cpu_count; i++)
		if (report->panic.has_cpu && report->cpus[i].cpu == report->panic.cpu)
			return &report->cpus[i];
	return NULL;
}

/* The stack that tells why. */
static const struct kd_stack *guilty_stack(const struct kd_report *report)
{
	const struct kd_report_cpu *cpu = panicked_cpu(report);

	if (report->kind && report->kind->of_blocked && report->blocked_count)
		return report->blocked[0].stack;
	return cpu ? cpu->at.stack : NULL;
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
	const struct kd_stack *stack = guilty_stack(report);
	char *text = report->signature_text;
	const char *kind = report->kind ? report->kind->name : "unknown";
	uint8_t digest[KD_SHA256_BYTES];
	struct kd_sha256 hash;
	unsigned int named = 0;

	add(text, sizeof(report->signature_text), kind, strlen(kind));
	for (size_t i = stack ? kd_report_blame(report, stack) : 0;
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

static void write_sentence(struct kd_report *report)
{
	const struct kd_panic *panic = &report->panic;
	const struct kd_stack *stack = guilty_stack(report);
	size_t first = stack ? kd_report_blame(report, stack) : 0, bytes = sizeof(report->sentence);
	char part[KD_REPORT_TEXT_BYTES];

	if (!report->has_panic) {
		kd_format(report->sentence, bytes, "The log names no panic.");
		return;
	}
	kd_format(report->sentence, bytes, "%s",
		  report->kind ? report->kind->sentence : "The kernel gave up");
	if (stack && first < stack->count && !(report->kind && report->kind->nobodys_fault)) {
		const char *function = kd_report_function(report, &stack->frames[first]);
		const char *module = kd_report_module(report, &stack->frames[first]);

		kd_format(part, sizeof(part), " in %.*s()%s%s", (int)plain_length(function),
			  function, module ? " of module " : "", module ? module : "");
		add(report->sentence, bytes, part, strlen(part));
	}
	if (panic->has_pid) {
		kd_format(part, sizeof(part), ", on CPU %u in process %u (%s)", panic->cpu,
			  panic->pid, panic->comm);
		add(report->sentence, bytes, part, strlen(part));
	}
	if (panic->has_time) {
		char uptime[32];

		format_uptime(panic->time_ns, uptime, sizeof(uptime));
		kd_format(part, sizeof(part), ", %s after boot", uptime);
		add(report->sentence, bytes, part, strlen(part));
	}
	add(report->sentence, bytes, ".", 1);
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
	const struct kd_stack *stack = guilty_stack(report);
	const struct kd_memory *memory = &report->memory;

	if (report->kind && report->kind->hint)
		hint(report, "%s", report->kind->hint);
	if (stack)
		look_for_recursion(report, stack);
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
