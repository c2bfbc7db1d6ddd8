/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "inspect/cpu_interrupts.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "host/file.h"
#include "host/system.h"
#include "inspect/fields.h"
#include "inspect/partial.h"

/*
 * As arch_show_interrupts() of arch/x86/kernel/irq.c has them: members of the per-CPU irq_stat, other per-CPU variables,
 * and two counters of the whole machine. `rare` are those which it leaves out where nothing raises them.
 */
static const struct row {
	const char *name;
	enum { OF_STAT, OF_CPU, OF_MACHINE } place;
	const char *counter, *what;
	bool rare;
} rows[] = {
	{"NMI", OF_STAT, "__nmi_count", "Non-maskable interrupts"},
	{"LOC", OF_STAT, "apic_timer_irqs", "Local timer interrupts"},
	{"SPU", OF_STAT, "irq_spurious_count", "Spurious interrupts"},
	{"PMI", OF_STAT, "apic_perf_irqs", "Performance monitoring interrupts"},
	{"IWI", OF_STAT, "apic_irq_work_irqs", "IRQ work interrupts"},
	{"RTR", OF_STAT, "icr_read_retry_count", "APIC ICR read retries"},
	{"PLT", OF_STAT, "x86_platform_ipis", "Platform interrupts", true},
	{"RES", OF_STAT, "irq_resched_count", "Rescheduling interrupts"},
	{"CAL", OF_STAT, "irq_call_count", "Function call interrupts"},
	{"TLB", OF_STAT, "irq_tlb_count", "TLB shootdowns"},
	{"TRM", OF_STAT, "irq_thermal_count", "Thermal event interrupts"},
	{"THR", OF_STAT, "irq_threshold_count", "Threshold APIC interrupts"},
	{"DFR", OF_STAT, "irq_deferred_error_count", "Deferred Error APIC interrupts"},
	{"MCE", OF_CPU, "mce_exception_count", "Machine check exceptions"},
	{"MCP", OF_CPU, "mce_poll_count", "Machine check polls"},
	{"HYP", OF_STAT, "irq_hv_callback_count", "Hypervisor callback interrupts", true},
	{"HRE", OF_STAT, "irq_hv_reenlightenment_count", "Hyper-V reenlightenment interrupts",
	 true},
	{"HVS", OF_STAT, "hyperv_stimer0_count", "Hyper-V stimer0 interrupts", true},
	{"ERR", OF_MACHINE, "irq_err_count", "APIC errors"},
	{"MIS", OF_MACHINE, "irq_mis_count", "IO-APIC interrupts that were lost, and retried"},
	{"PIN", OF_STAT, "kvm_posted_intr_ipis", "Posted-interrupt notification event"},
	{"NPI", OF_STAT, "kvm_posted_intr_nested_ipis", "Nested posted-interrupt event"},
	{"PIW", OF_STAT, "kvm_posted_intr_wakeup_ipis", "Posted-interrupt wakeup event"},
	{"PMN", OF_STAT, "posted_msi_notification_count", "Posted MSI notification event"},
};

/* Where a counter is: of the whole machine, or a variable of each CPU. KD_NOTFOUND: this kernel has none. */
static enum kd_status find(struct kd_system *system, const struct row *row, uint64_t *vaddr,
			   struct kd_err *err)
{
	char path[64];
	uint64_t offset = 0;
	enum kd_status status;

	if (row->place != OF_STAT)
		return kd_system_symbol(system, row->counter, vaddr, err);
	snprintf(path, sizeof(path), "irq_cpustat_t.%s", row->counter);
	status = kd_offset_of(system, path, &offset, err);
	if (!status)
		status = kd_system_symbol(system, "irq_stat", vaddr, err);
	*vaddr += offset;
	return status;
}

static enum kd_status count(struct kd_system *system, const struct kd_cpus *cpus,
			    const struct row *row, uint64_t variable, uint32_t *counts,
			    uint64_t *total, struct kd_err *err)
{
	enum kd_status status = KD_OK;

	*total = 0;
	if (row->place == OF_MACHINE)
		return kd_system_read(system, variable, total, sizeof(*counts), err);
	for (unsigned int cpu = 0; !status && cpu < cpus->count; cpu++) {
		uint64_t at = 0;

		counts[cpu] = 0;
		if (!kd_cpu_is_possible(cpus, cpu))
			continue;
		status = kd_percpu_address(system, variable, cpu, &at, err);
		if (!status)
			status = kd_system_read(system, at, &counts[cpu], sizeof(*counts), err);
		*total += counts[cpu];
	}
	return status;
}

enum kd_status kd_cpu_interrupts_each(struct kd_system *system, const struct kd_cpus *cpus,
				      kd_cpu_interrupt_take *take, void *opaque, struct kd_err *err)
{
	KD_CLEANUP_FREE uint32_t *counts = calloc(cpus->count, sizeof(*counts));
	struct kd_partial partial = {0};
	bool found = false;

	if (!counts)
		return kd_fail_errno(err, ENOMEM, "%u CPUs", cpus->count);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const struct row *row = &rows[i];
		struct kd_cpu_interrupt interrupt = {row->name, row->what,
						     row->place == OF_MACHINE ? NULL : counts, 0};
		uint64_t variable = 0;
		struct kd_err why;
		enum kd_status status = find(system, row, &variable, &why);

		if (status == KD_NOTFOUND)
			continue;
		found = true;
		if (!status)
			status = count(system, cpus, row, variable, counts, &interrupt.total, &why);
		if (status)
			kd_partial_skip(&partial,
					kd_context(&why, status, "interrupts %s", row->name), &why);
		else if ((interrupt.total || !row->rare) && !take(opaque, &interrupt))
			break;
	}
	if (!found)
		return kd_fail(
			err, KD_UNSUPPORTED,
			"what CPUs count of their own interrupts is not known of this kernel");
	return kd_partial_end(&partial, KD_OK, err);
}
