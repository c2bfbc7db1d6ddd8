/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kdump bt: the stacks of CPUs and tasks. */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/place.h"
#include "cmd/source_lines.h"
#include "host/file.h"
#include "host/system.h"
#include "inspect/stacks.h"
#include "kernel/panic.h"

enum { PIDS_NAMED = 64, STATES = 16 };

struct request {
	enum { PANICKED, CPUS, ALL, ONE_PID, ONE_CPU, STATE } which;
	int32_t pid;
	unsigned int cpu;
	char states[STATES];
	bool fold, guess, json;
	struct kd_source_lines lines;
	struct kd_dump_options how;
};

/* One task with its stack. */
struct entry {
	const struct kd_task *task;
	struct kd_stack *stack;
	struct kd_err why; /* there is no stack */
	bool folded;       /* printed with another that is the same */
};

struct scene {
	struct kd_system *system;
	struct kd_tasks tasks;
	struct kd_orc_tables orc;
	struct kd_debug_info *lines; /* NULL: there are none */
	struct entry *entries;
	size_t count;
};

static int parse(const struct kd_command *self, int argc, char **argv, struct request *request)
{
	static const struct option options[] = {
		{"cpus", no_argument, NULL, 'a'},
		{"all", no_argument, NULL, 'A'},
		{"pid", required_argument, NULL, 'p'},
		{"cpu", required_argument, NULL, 'c'},
		{"state", required_argument, NULL, 's'},
		{"fold", no_argument, NULL, 'f'},
		{"guess", no_argument, NULL, 'g'},
		{"json", no_argument, NULL, 'j'},
		KD_LINES_OPTIONS,
		KD_INPUT_OPTION,
		{0},
	};
	uint64_t number;
	int option, chosen = 0;

	while ((option = getopt_long(argc, argv, ":aAp:c:s:", options, NULL)) != -1) {
		switch (option) {
		case 'a':
			request->which = CPUS;
			break;
		case 'A':
			request->which = ALL;
			break;
		case 'p':
			if (!kd_number_parse(optarg, 10, INT32_MAX, &number))
				return kd_command_usage(self, "'%s' is no process id", optarg);
			request->which = ONE_PID;
			request->pid = (int32_t)number;
			break;
		case 'c':
			if (!kd_number_parse(optarg, 10, KD_CPUS_MOST, &number))
				return kd_command_usage(self, "'%s' is no CPU", optarg);
			request->which = ONE_CPU;
			request->cpu = (unsigned int)number;
			break;
		case 's':
			if (!*optarg || strlen(optarg) >= STATES ||
			    strspn(optarg, "RSDTtXZPI") != strlen(optarg))
				return kd_command_usage(self, "'%s': states are R S D T t X Z P I",
							optarg);
			request->which = STATE;
			strcpy(request->states, optarg);
			break;
		case 'f':
			request->fold = true;
			continue;
		case 'g':
			request->guess = true;
			continue;
		case 'j':
			request->json = true;
			continue;
		case KD_INPUT_RAW:
			if (!kd_input_option(&request->how))
				return kd_command_usage(self, "'%s' is not a hexadecimal address",
							optarg);
			continue;
		default:
			if (kd_lines_option(&request->lines, option))
				continue;
			return kd_command_bad_option(self, option, argv);
		}
		if (chosen++)
			return kd_command_usage(self, "only one of -a, -A, -p, -c and -s");
	}
	if (!kd_input_dumps(argc, argv, &request->how))
		return kd_command_usage(self, "a DUMP is needed");
	return KD_EXIT_DONE;
}

/* The CPU that panicked, as the log tells; the first where it does not. */
static unsigned int panicked_cpu(const struct scene *scene)
{
	struct kd_panic panic;

	if (!kd_panic_find(kd_system_kernel(scene->system), &panic, NULL) && panic.has_cpu)
		return panic.cpu;
	return 0;
}

static bool is_wanted(const struct scene *scene, const struct request *request,
		      const struct kd_task *task, unsigned int panicked)
{
	switch (request->which) {
	case PANICKED:
		return task->running && task->cpu == panicked;
	case CPUS:
		return task->running;
	case ONE_CPU:
		return task->running && task->cpu == request->cpu;
	case ONE_PID:
		return task->pid == request->pid && (!task->idle || task->cpu == panicked);
	case STATE:
		return strchr(request->states, task->state);
	default:
		return true;
	}
}

static int by_cpu(const void *left, const void *right)
{
	const struct entry *a = left, *b = right;

	return a->task->cpu < b->task->cpu ? -1 : a->task->cpu > b->task->cpu;
}

static enum kd_status unwind(struct scene *scene, const struct request *request,
			     struct entry *entry, struct kd_err *err)
{
	struct kd_unwind_start start;

	if (kd_task_start(scene->system, &scene->tasks.cpus, entry->task, &start, &entry->why))
		return KD_OK;
	entry->stack = malloc(sizeof(*entry->stack));
	if (!entry->stack)
		return kd_fail_errno(err, ENOMEM, "stacks");
	kd_unwind(&scene->orc, &start, request->guess, entry->stack);
	return KD_OK;
}

static enum kd_status gather(struct scene *scene, const struct request *request, struct kd_err *err)
{
	const struct kd_log log = kd_command_log(false);
	unsigned int panicked = panicked_cpu(scene);
	enum kd_status status = KD_OK;

	scene->entries = calloc(scene->tasks.count, sizeof(*scene->entries));
	if (!scene->entries)
		return kd_fail_errno(err, ENOMEM, "%zu tasks", scene->tasks.count);
	for (size_t i = 0; i < scene->tasks.count; i++)
		if (is_wanted(scene, request, &scene->tasks.list[i], panicked))
			scene->entries[scene->count++].task = &scene->tasks.list[i];
	if (request->which == CPUS)
		qsort(scene->entries, scene->count, sizeof(*scene->entries), by_cpu);
	for (size_t i = 0; !status && i < scene->count; i++)
		status = unwind(scene, request, &scene->entries[i], err);
	if (status || scene->count)
		return status;
	switch (request->which) {
	case ONE_PID:
		return kd_fail(err, KD_NOTFOUND, "there is no process %d", request->pid);
	case STATE: /* which is good to know */
		kd_log(&log, KD_LOG_WARNING, "no task is in a state of %s", request->states);
		return KD_OK;
	default:
		return kd_fail(err, KD_NOTFOUND, "no task ran on CPU %u",
			       request->which == ONE_CPU ? request->cpu : panicked);
	}
}

static const char *module_of(const struct scene *scene, const struct kd_frame *frame)
{
	const struct kd_module *module =
		frame->symbol ? kd_system_module_of(scene->system, frame->symbol) : NULL;

	return module ? module->name : NULL;
}

static const char *name_of(const struct scene *scene, const struct kd_frame *frame)
{
	return frame->symbol ? kd_symbol_name(kd_system_symbols(scene->system), frame->symbol)
			     : NULL;
}

static void each_place(const struct scene *scene, const struct kd_stack *stack, size_t index,
		       kd_source_take *take, void *opaque)
{
	if (scene->lines)
		kd_debug_info_places(scene->lines, kd_frame_instruction(stack, index), take,
				     opaque);
}

static bool print_place(void *opaque, const struct kd_source_place *place)
{
	printf("%26s", "");
	if (place->function)
		printf(" %s%s", place->function, place->is_inlined ? " (inlined)" : "");
	if (place->file)
		printf(" at %s:%u", place->file, place->line);
	putchar('\n');
	return true;
}

static bool add_place(void *opaque, const struct kd_source_place *place)
{
	kd_json_append(opaque, json_pack("{s:o, s:o, s:i, s:b}", "function",
					 kd_json_string(place->function), "file",
					 kd_json_string(place->file), "line", (int)place->line,
					 "inlined", place->is_inlined));
	return true;
}

static void print_stack(const struct scene *scene, const struct entry *entry)
{
	const struct kd_stack *stack = entry->stack;

	if (!stack) {
		printf("  no stack: %s\n", entry->why.text);
		return;
	}
	for (size_t i = 0; i < stack->count; i++) {
		const struct kd_frame *frame = &stack->frames[i];
		const char *name = name_of(scene, frame), *module = module_of(scene, frame);

		if (frame->interrupted && i)
			puts("      --- interrupted ---");
		printf(" %s#%-3zu %016" PRIx64 " ", frame->reliable ? " " : "?", i, frame->pc);
		if (name)
			printf(" %s+0x%" PRIx64, name, frame->offset);
		printf(module ? " [%s]\n" : "\n", module);
		each_place(scene, stack, i, print_place, NULL);
	}
	if (stack->user)
		puts("      --- user space ---");
	if (stack->end.status)
		printf("      the rest is missing: %s\n", stack->end.text);
}

static void print_head(const struct kd_task *task)
{
	printf("PID %d  %c  CPU %u%s  %s  task %016" PRIx64 "\n", task->pid, task->state, task->cpu,
	       task->running ? " (running)" : "", task->comm, task->vaddr);
}

static bool same_stack(const struct entry *left, const struct entry *right)
{
	return left->stack && right->stack && kd_stack_same(left->stack, right->stack);
}

/* An entry and those behind it that are the same: who they are, then the stack once. */
static void print_folded(struct scene *scene, size_t first)
{
	struct entry *entries = scene->entries;
	unsigned int count = 0;

	for (size_t i = first; i < scene->count; i++)
		if (!entries[i].folded &&
		    (i == first || same_stack(&entries[first], &entries[i]))) {
			entries[i].folded = true;
			count++;
		}
	printf("%u task%s:", count, count == 1 ? "" : "s");
	for (size_t i = first, named = 0; i < scene->count && named < count; i++)
		if (i == first || same_stack(&entries[first], &entries[i])) {
			if (named++ == PIDS_NAMED) {
				printf(" …");
				break;
			}
			printf(" %d(%s)", entries[i].task->pid, entries[i].task->comm);
		}
	putchar('\n');
	print_stack(scene, &entries[first]);
	putchar('\n');
}

static void print_text(struct scene *scene, const struct request *request)
{
	for (size_t i = 0; i < scene->count; i++) {
		if (request->fold) {
			if (!scene->entries[i].folded)
				print_folded(scene, i);
			continue;
		}
		print_head(scene->entries[i].task);
		print_stack(scene, &scene->entries[i]);
		if (i + 1 < scene->count)
			putchar('\n');
	}
}

static json_t *stack_json(const struct scene *scene, const struct entry *entry)
{
	json_t *frames = json_array();

	for (size_t i = 0; entry->stack && i < entry->stack->count; i++) {
		const struct kd_frame *frame = &entry->stack->frames[i];
		json_t *value =
			json_pack("{s:o, s:o, s:o, s:o, s:o, s:b, s:b}", "pc",
				  kd_json_address(frame->pc), "sp", kd_json_address(frame->sp),
				  "symbol", kd_json_string(name_of(scene, frame)), "offset",
				  kd_json_address(frame->offset), "module",
				  kd_json_string(module_of(scene, frame)), "interrupted",
				  frame->interrupted, "reliable", frame->reliable);
		json_t *source = scene->lines ? json_array() : NULL;

		each_place(scene, entry->stack, i, add_place, source);
		if (source)
			kd_json_set(value, "source", source);
		kd_json_append(frames, value);
	}
	return frames;
}

static json_t *scene_json(const struct scene *scene)
{
	json_t *list = json_array();

	for (size_t i = 0; i < scene->count; i++) {
		const struct entry *entry = &scene->entries[i];
		const struct kd_task *task = entry->task;
		const struct kd_stack *stack = entry->stack;
		const char *missing = !stack              ? entry->why.text
				      : stack->end.status ? stack->end.text
							  : NULL;

		kd_json_append(list,
			       json_pack("{s:i, s:o, s:i, s:s#, s:b, s:o, s:o, s:b, s:o}", "pid",
					 task->pid, "comm",
					 kd_json_text(task->comm, strlen(task->comm)), "cpu",
					 (int)task->cpu, "state", &task->state, 1, "running",
					 task->running, "task", kd_json_address(task->vaddr),
					 "frames", stack_json(scene, entry), "user",
					 stack && stack->user, "missing", kd_json_string(missing)));
	}
	return list;
}

static int show(struct scene *scene, const struct request *request)
{
	struct kd_log log = kd_command_log(false);
	struct kd_err err = {0};

	if (kd_tasks_init(&scene->tasks, scene->system, &err)) {
		if (!scene->tasks.count)
			return kd_command_failed(&err);
		kd_log(&log, KD_LOG_WARNING, "%s", err.text);
	}
	if (kd_lines_open(&request->lines, scene->system, &scene->lines, &err))
		return kd_command_failed(&err);
	if (kd_orc_init(&scene->orc, scene->system, &err) || gather(scene, request, &err))
		return kd_command_failed(&err);
	if (request->json)
		return kd_json_print(scene_json(scene));
	print_text(scene, request);
	return kd_output_end();
}

static int run_bt(const struct kd_command *self, int argc, char **argv)
{
	struct request request = {.which = PANICKED};
	struct scene scene = {.count = 0};
	struct kd_err err = {0};
	struct kd_input input;
	int exit_status = parse(self, argc, argv, &request);

	if (exit_status)
		return exit_status;
	if (kd_input_open_system(&input, argv[optind], &request.how, &err))
		return kd_command_failed(&err);
	scene.system = input.system;
	exit_status = show(&scene, &request);
	for (size_t i = 0; i < scene.count; i++)
		free(scene.entries[i].stack);
	free(scene.entries);
	kd_debug_info_close(scene.lines);
	kd_tasks_deinit(&scene.tasks);
	kd_input_close(&input);
	return exit_status;
}

const struct kd_command kd_cmd_bt = {
	.name = "bt",
	.synopsis = "[-a | -A | -p PID | -c CPU | -s STATES] [OPTION]... DUMP...",
	.summary = "print stacks: of the CPU that panicked, or of others",
	.run = run_bt,
	.options =
		"  -a, --cpus       what every CPU was at\n"
		"  -A, --all        every task\n"
		"  -p, --pid PID    one task\n"
		"  -c, --cpu CPU    what one CPU was at\n"
		"  -s, --state S    tasks in these states, such as D or RD\n"
		"      --fold       print stacks that are the same once, with all tasks that have it\n"
		"      --guess      go on through code that the kernel's tables do not know, by frame\n"
		"                   pointers; frames from there on are marked ? and may be wrong\n"
		"      --vmlinux F  take source lines and inlined functions from this vmlinux; by default\n"
		"                   from one of the same build-id in /usr/lib/debug, if there is one\n"
		"      --debug-folder DIR\n"
		"                   look for it there, and for modules\n"
		"      --no-lines   no source lines\n"
		"      --json       print JSON, a list of tasks with their frames\n" KD_INPUT_HELP,
};
