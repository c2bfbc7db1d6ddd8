/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who blocks the blocked tasks: along the locks that they wait for, to who waits for none or for one of them. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/format.h"
#include "report/model.h"

/* A text that is put together; what does not fit in is left out. */
struct text {
	char *bytes;
	size_t room;
};

__attribute__((format(printf, 2, 3))) static void say(struct text *text, const char *format, ...)
{
	size_t length = strlen(text->bytes);
	va_list arguments;

	va_start(arguments, format);
	kd_vformat(text->bytes + length, text->room - length, format, arguments);
	va_end(arguments);
}

static void say_lock(struct kd_system *system, const struct kd_wait *wait, struct text *text)
{
	struct kd_symbols *symbols = kd_system_symbols(system);
	const struct kd_symbol *symbol = kd_symbols_at(symbols, wait->lock);

	if (symbol && wait->lock == symbol->vaddr)
		say(text, "%s %s", wait->kind, kd_symbol_name(symbols, symbol));
	else
		say(text, "%s 0x%" PRIx64, wait->kind, wait->lock);
}

/* "deadlock: a (1) -> b (2) -> a (1): each waits for a lock that the next one holds" */
static void say_deadlock(const struct kd_wait_chain *chain, struct text *text)
{
	const struct kd_wait_step *first = &chain->steps[chain->again];

	say(text, "deadlock: ");
	for (size_t i = chain->again; i < chain->count; i++)
		say(text, "%s (%d) -> ", chain->steps[i].task->comm, chain->steps[i].task->pid);
	say(text, "%s (%d): each waits for a lock that the next one holds", first->task->comm,
	    first->task->pid);
}

/* "a (1) waits for mutex 0x… held by b (2), which sleeps in f()" */
static void say_chain(struct kd_system *system, const struct kd_wait_chain *chain,
		      struct text *text)
{
	for (size_t i = 0; i < chain->count; i++) {
		const struct kd_wait_step *step = &chain->steps[i];

		if (i)
			say(text, step->task->running || step->waits || step->in ? ", which" : "");
		else
			say(text, "%s (%d)", step->task->comm, step->task->pid);
		if (step->waits) {
			say(text, " waits for ");
			say_lock(system, &step->wait, text);
			if (!step->wait.owner)
				say(text, ", whose holder is not known");
			else
				say(text,
				    step->wait.by_readers ? " held by readers, one of them %s (%d)"
							  : " held by %s (%d)",
				    step->wait.owner->comm, step->wait.owner->pid);
		} else if (step->task->running) {
			say(text, " runs on CPU %u", step->task->cpu);
		} else if (step->in) {
			say(text, " sleeps in %s()", step->in);
		}
	}
}

/* Of a circle whoever was met first leads to the same: the one whose task is lowest stands for it. */
static const struct kd_task *stands_for(const struct kd_wait_chain *chain)
{
	const struct kd_task *lowest = chain->steps[chain->again].task;

	for (size_t i = chain->again; i < chain->count; i++)
		if (chain->steps[i].task < lowest)
			lowest = chain->steps[i].task;
	return lowest;
}

static void add(struct kd_report *report, const struct kd_wait_chain *chain, bool deadlocks,
		const struct kd_task *told[KD_REPORT_CHAINS])
{
	const struct kd_task *circle = chain->deadlock ? stands_for(chain) : NULL;
	struct text text = {report->chains[report->chain_count], KD_REPORT_TEXT_BYTES};

	/* who leads to a deadlock, or waits for nobody who is known, tells nothing more */
	if (chain->deadlock != deadlocks || chain->count + chain->deadlock < 2)
		return;
	for (size_t i = 0; circle && i < report->chain_count; i++)
		if (told[i] == circle)
			return;
	told[report->chain_count++] = circle;
	if (chain->deadlock)
		say_deadlock(chain, &text);
	else
		say_chain(report->system, chain, &text);
}

void kd_report_follow_waits(struct kd_report *report, struct kd_orc_tables *orc)
{
	const struct kd_task *told[KD_REPORT_CHAINS];
	struct kd_stack *scratch = malloc(sizeof(*scratch));
	struct kd_wait_chain *chain = malloc(sizeof(*chain));

	for (int others = 0; scratch && chain && others < 2; others++)
		for (size_t i = 0; i < report->blocked_count; i++) {
			if (!report->blocked[i].waits || report->chain_count == KD_REPORT_CHAINS)
				continue;
			kd_wait_chain_find(&report->tasks, orc, report->blocked[i].task, scratch,
					   chain);
			add(report, chain, !others, told);
		}
	free(scratch);
	free(chain);
}
