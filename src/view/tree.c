/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of nodes. */
#include "view/node.h"

enum {
	ROOT,
	CPUS,
	CPU,
	TASKS,
	TASK,
	MODULES,
	MODULE,
};

/* clang-format off */
const struct kd_node_kind kd_node_kinds[] = {
	/* folders: whatever is behind them names one of these as its parent */
	[ROOT] = {""},
	[CPUS] = {"cpu", ROOT, true},
	[CPU] = {.parent = CPUS, .list = &kd_list_cpus},
	[TASKS] = {"task", ROOT, true},
	[TASK] = {.parent = TASKS, .list = &kd_list_tasks},
	[MODULES] = {"module", ROOT, true},
	[MODULE] = {.parent = MODULES, .list = &kd_list_modules},

	{"vmcore", ROOT, .memory = &kd_memory_vmcore},
	{"vmcore-kern", ROOT, true, .memory = &kd_memory_vmcore_kern},
	{"oldmem", ROOT, .memory = &kd_memory_oldmem},
	{"dmesg", ROOT, true, kd_write_dmesg},
	{"report.txt", ROOT, true, kd_write_report_text},
	{"report.json", ROOT, true, kd_write_report_json},
	{"vmcoreinfo", ROOT, true, kd_write_vmcoreinfo},

	{"registers", CPU, .write = kd_write_cpu_registers},
	{"stack", CPU, .write = kd_write_cpu_stack},
	{"task", CPU, .write = kd_write_cpu_task},

	{"comm", TASK, .write = kd_write_task_comm},
	{"status", TASK, .write = kd_write_task_status},
	{"stack", TASK, .write = kd_write_task_stack},
	{"registers", TASK, .write = kd_write_task_registers},
	{"maps", TASK, .write = kd_write_task_maps},
	{"cmdline", TASK, .write = kd_write_task_cmdline},
	{"mem", TASK, .memory = &kd_memory_task},

	{"taints", MODULE, .write = kd_write_module_taints},
	{"size", MODULE, .write = kd_write_module_size},
	{"state", MODULE, .write = kd_write_module_state},
	{"references", MODULE, .write = kd_write_module_references},
	{"version", MODULE, .write = kd_write_module_version},
	{"srcversion", MODULE, .write = kd_write_module_srcversion},
	{"ranges", MODULE, .write = kd_write_module_ranges},
};
/* clang-format on */

const unsigned int kd_node_kind_count = sizeof(kd_node_kinds) / sizeof(*kd_node_kinds);
