/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "inspect/interrupts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "host/file.h"
#include "host/system.h"
#include "inspect/fields.h"
#include "inspect/partial.h"
#include "inspect/trees.h"

enum { ACTIONS_MOST = 256, NUMBERS_MOST = 1 << 20 };

struct walk {
	struct kd_system *system;
	const struct kd_cpus *cpus;
	uint32_t *counts;
	kd_interrupt_take *take;
	void *opaque;
	struct kd_partial partial;
};

/* The names of those who share it, as /proc/interrupts has them (kernel/irq/proc.c, show_interrupts()). */
static enum kd_status read_actions(struct kd_system *system, uint64_t action,
				   struct kd_interrupt *interrupt, struct kd_err *err)
{
	enum kd_status status = KD_OK;

	for (int i = 0; !status && action; i++) {
		char name[KD_INTERRUPT_NAME_BYTES] = "";
		uint64_t text = 0, next = 0, handler = 0;
		const struct kd_wanted members[] = {
			{"irqaction.name", &text},
			{"irqaction.next", &next},
			{"irqaction.handler", &handler},
		};

		if (i == ACTIONS_MOST)
			return kd_fail(err, KD_CORRUPT, "handlers without an end");
		status = kd_get_each(system, action, members, 3, err);
		if (!status && text)
			status = kd_read_text(system, text, name, sizeof(name), err);
		if (!i)
			interrupt->handler = handler;
		if (strlen(interrupt->actions) + strlen(name) + 3 < sizeof(interrupt->actions)) {
			strcat(interrupt->actions, i ? ", " : "");
			strcat(interrupt->actions, name);
		}
		action = next;
	}
	return status;
}

static enum kd_status read_chip(struct kd_system *system, uint64_t vaddr,
				struct kd_interrupt *interrupt, struct kd_err *err)
{
	uint64_t chip = 0, name = 0;
	enum kd_status status = kd_get(system, vaddr, "irq_desc.irq_data.chip", &chip, err);

	if (!status)
		status = kd_get(system, vaddr, "irq_desc.irq_data.hwirq",
				&interrupt->hardware_number, err);
	if (!status && chip)
		status = kd_get(system, chip, "irq_chip.name", &name, err);
	if (!status && name)
		status = kd_read_text(system, name, interrupt->chip, sizeof(interrupt->chip), err);
	return status;
}

/* A number a CPU: it has been in a struct irqstat of its own since 6.10. */
static enum kd_status read_counts(struct walk *walk, uint64_t per_cpu,
				  struct kd_interrupt *interrupt, struct kd_err *err)
{
	enum kd_status status = KD_OK;

	for (unsigned int cpu = 0; !status && cpu < walk->cpus->count; cpu++) {
		uint64_t at = 0;

		walk->counts[cpu] = 0;
		if (!per_cpu || !kd_cpu_is_possible(walk->cpus, cpu))
			continue;
		status = kd_percpu_address(walk->system, per_cpu, cpu, &at, err);
		if (!status)
			status = kd_system_read(walk->system, at, &walk->counts[cpu],
						sizeof(*walk->counts), err);
		interrupt->total += walk->counts[cpu];
	}
	interrupt->counts = walk->counts;
	return status;
}

static bool take_descriptor(void *opaque, uint64_t number, uint64_t last, uint64_t vaddr)
{
	struct walk *walk = opaque;
	struct kd_interrupt interrupt = {.number = (unsigned int)number, .vaddr = vaddr};
	uint64_t per_cpu = 0, action = 0, depth = 0;
	const struct kd_wanted members[] = {
		{"irq_desc.kstat_irqs", &per_cpu},
		{"irq_desc.action", &action},
		{"irq_desc.depth", &depth},
		{"irq_desc.irqs_unhandled", &interrupt.spurious},
	};
	struct kd_err why;
	enum kd_status status = kd_get_each(walk->system, vaddr, members, 4, &why);

	if (number > NUMBERS_MOST)
		status = kd_fail(&why, KD_CORRUPT, "a number of %llu", (unsigned long long)number);
	if (!status)
		status = read_chip(walk->system, vaddr, &interrupt, &why);
	if (!status)
		status = read_actions(walk->system, action, &interrupt, &why);
	if (!status)
		status = read_counts(walk, per_cpu, &interrupt, &why);
	interrupt.disabled = action && depth;
	if (status) {
		kd_context(&why, status, "interrupt %llu", (unsigned long long)number);
		kd_partial_skip(&walk->partial, status, &why);
		return true;
	}
	return !(action || interrupt.total) || walk->take(walk->opaque, &interrupt);
}

enum kd_status kd_interrupts_each(struct kd_system *system, const struct kd_cpus *cpus,
				  kd_interrupt_take *take, void *opaque, struct kd_err *err)
{
	KD_CLEANUP_FREE uint32_t *counts = calloc(cpus->count, sizeof(*counts));
	struct walk walk = {
		.system = system, .cpus = cpus, .counts = counts, .take = take, .opaque = opaque};
	uint64_t tree = 0;
	enum kd_status status;

	if (!counts)
		return kd_fail_errno(err, ENOMEM, "%u CPUs", cpus->count);
	/* a maple tree since 6.5 (721255b9826b) */
	if (!kd_system_symbol(system, "sparse_irqs", &tree, NULL)) {
		status = kd_maple_each(system, tree, take_descriptor, &walk, err);
	} else {
		status = kd_system_symbol(system, "irq_desc_tree", &tree, err);
		if (!status)
			status = kd_xarray_each(system, tree, take_descriptor, &walk, err);
	}
	status = kd_partial_end(&walk.partial, status, err);
	return status ? kd_context(err, status, "interrupts") : KD_OK;
}
