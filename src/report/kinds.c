/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which kind of crash it was, by what the kernel printed. The panic's message tells; where it says no more than that there
 * was an error ("Fatal exception"), the line before it does.
 */
#include <string.h>

#include "report/model.h"

/* Looked at from the top: what is more special comes first. */
static const struct kd_crash_kind kinds[] = {
	{"panic-on-warn", "panic_on_warn", "A warning came, and the system is set up to panic then",
	 "the warning's text stands before the panic in the log", .nobodys_fault = true,
	 .generic = true},
	{"panic-on-warn", "warned too often",
	 "Warnings came, more than the system is set up to bear",
	 "the warnings' texts stand before the panic in the log", .nobodys_fault = true,
	 .generic = true},
	{"oops", "Fatal exception", "The kernel ran into an error", .generic = true},
	{"oops", "Oopsed too often", "The kernel ran into errors, more than it is set up to bear",
	 .generic = true},
	{"oops", "Aiee, killing interrupt handler", "The kernel ran into an error in an interrupt",
	 .generic = true},
	{"oops", "Attempted to kill the idle task", "The kernel ran into an error in its idle task",
	 .generic = true},
	{"panic", "panic_on_taint", "The kernel became tainted, and is set up to panic then",
	 .generic = true},
	{"requested", "sysrq triggered crash", "Somebody asked for this crash through sysrq",
	 .nobodys_fault = true},
	{"requested", "sysrq: Trigger a crash", "Somebody asked for this crash through sysrq",
	 .nobodys_fault = true},
	{"hung-task", "hung_task: blocked tasks",
	 "A task was blocked for longer than the kernel is told to bear",
	 "look at the blocked tasks: what each waits for, and who holds it", .of_blocked = true},
	/* the panic says "Hard LOCKUP", the line before it "hard LOCKUP" */
	{"hard-lockup", "ard LOCKUP", "A CPU was stuck in the kernel with interrupts off",
	 "the stack of the CPU that was stuck tells where; it may wait for a lock that another one holds",
	 .behind_interrupt = true, .noticed_elsewhere = true},
	{"soft-lockup", "soft lockup", "A CPU was stuck in the kernel and let no task run",
	 "the interrupted function is where it was stuck", .behind_interrupt = true},
	{"soft-lockup", "softlockup: hung tasks",
	 "A CPU was stuck in the kernel and let no task run",
	 "the interrupted function is where it was stuck", .behind_interrupt = true},
	{"rcu-stall", "RCU Stall", "A CPU or task held up RCU for too long",
	 "the CPU that stalled loops, or has its interrupts off", .behind_interrupt = true,
	 .noticed_elsewhere = true},
	{"out-of-memory", "no killable processes",
	 "Memory ran out, and no process was left to kill",
	 "the log lists who had how much; see memory by use", .nobodys_fault = true},
	{"out-of-memory", "System is deadlocked on memory",
	 "Memory ran out, and no process was left to kill",
	 "the log lists who had how much; see memory by use", .nobodys_fault = true},
	{"out-of-memory", "panic_on_oom is enabled",
	 "Memory ran out, and the system is set up to panic then",
	 "the log lists who had how much; see memory by use", .nobodys_fault = true},
	{"stack-overflow", "stack guard", "The kernel's stack overflowed",
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
	/* "Fatal machine check", "Fatal local machine check", "Machine check: …" */
	{"machine-check", "achine check", "The hardware reported an error that cannot be corrected",
	 "the log has the machine check's bank and status: suspect the hardware",
	 .nobodys_fault = true},
	{"machine-check", "Machine Check Exception",
	 "The hardware reported an error that cannot be corrected",
	 "the log has the machine check's bank and status: suspect the hardware",
	 .nobodys_fault = true},
	{"machine-check", "Timeout: Not all CPUs entered broadcast exception handler",
	 "The hardware reported an error, and not all CPUs answered",
	 "a CPU hangs below the kernel, in firmware or hardware", .nobodys_fault = true},
	{"nmi", "NMI: Not continuing", "The hardware reported an error by NMI",
	 "suspect the hardware: memory parity, PCI errors, or a watchdog or button of the machine",
	 .nobodys_fault = true},
	{"nmi", "NMI IOCK error: Not continuing", "The hardware reported an error by NMI",
	 "suspect the hardware: memory parity, PCI errors, or a watchdog or button of the machine",
	 .nobodys_fault = true},
	{"init-died", "Attempted to kill init", "The first process died",
	 "its exit code is in the message: a signal in the low byte", .nobodys_fault = true},
	{"no-root", "Unable to mount root fs", "The root file system could not be mounted",
	 "root= on the command line, or a driver that the initramfs lacks", .nobodys_fault = true},
	{"no-init", "Requested init", "The program to start with, named by init=, did not start",
	 "init= on the command line; its error is in the message", .nobodys_fault = true},
	{"no-init", "No working init found", "No program was found to start with",
	 "the root file system lacks init, or the libraries that it needs", .nobodys_fault = true},
	{"null-pointer", "NULL pointer dereference", "The kernel went through a NULL pointer"},
	/* since 6.3 "slab-use-after-free", and so on */
	{"use-after-free", "use-after-free", "The kernel used memory that was freed",
	 "the log has the stacks of who allocated and who freed it"},
	{"kasan", "KASAN:", "The kernel used memory that is not its",
	 "the log has the stacks of who allocated and who freed it"},
	{"kasan", "kasan.fault", "The kernel used memory that is not its",
	 "the log has the stacks of who allocated and who freed it"},
	{"kfence", "KFENCE:", "The kernel used memory that is not its",
	 "the log has the stacks of who allocated and who freed it"},
	{"ubsan", "UBSAN:", "The kernel computed what C leaves undefined",
	 "the file and line are in the cause"},
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
	{"panic", "Kernel panic - not syncing", "The kernel gave up"},
};

static const struct kd_crash_kind *kind_of(const char *text)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (strstr(text, kinds[i].pattern))
			return &kinds[i];
	return NULL;
}

const struct kd_crash_kind *kd_crash_kind_find(const struct kd_panic *panic)
{
	const struct kd_crash_kind *kind = kind_of(panic->message);
	const struct kd_crash_kind *cause = kind && kind->generic ? kind_of(panic->cause) : NULL;

	return cause ? cause : kind;
}
