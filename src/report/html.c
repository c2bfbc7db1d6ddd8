/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One page, readable on a desk and on a phone, by light and by dark, and printable: style and picture are in it, and it asks
 * for nothing from anywhere. Everything that came out of the dump is escaped.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "arch/arch.h"
#include "host/system.h"
#include "inspect/taints.h"
#include "report/model.h"

static const char style[] =
	":root{--ink:#1c2024;--dim:#5c6670;--paper:#fff;--card:#f4f6f8;--line:#d8dee4;--mark:#b42318}"
	"@media(prefers-color-scheme:dark){:root{--ink:#e6e8ea;--dim:#9aa4ae;--paper:#14171a;"
	"--card:#1e2327;--line:#363d44;--mark:#ff8a7a}}"
	"*{box-sizing:border-box}"
	"body{margin:0 auto;max-width:70rem;padding:1rem;color:var(--ink);background:var(--paper);"
	"font:16px/1.5 system-ui,sans-serif}"
	"h1{font-size:1.4rem;line-height:1.3;margin:.5rem 0 1rem}"
	"h2{font-size:1.1rem;margin:2rem 0 .5rem;border-bottom:1px solid var(--line)}"
	"dl{display:grid;grid-template-columns:max-content 1fr;gap:.15rem 1rem;margin:0}"
	"dt{color:var(--dim)}dd{margin:0;overflow-wrap:anywhere}"
	"pre{background:var(--card);padding:.7rem;border-radius:.4rem;overflow-x:auto;margin:.5rem 0;"
	"font:13px/1.45 ui-monospace,monospace}"
	"ul{padding-left:1.2rem}.dim{color:var(--dim)}.mark{color:var(--mark);font-weight:600}"
	"details{border:1px solid var(--line);border-radius:.4rem;margin:.5rem 0;padding:.3rem .7rem}"
	"summary{cursor:pointer}code{font:13px ui-monospace,monospace;overflow-wrap:anywhere}"
	"svg{width:100%;height:2.2rem;display:block;border-radius:.4rem}"
	".key{display:grid;grid-template-columns:repeat(auto-fill,minmax(15rem,1fr));gap:.2rem 1rem;"
	"list-style:none;padding:0;margin:.6rem 0}"
	".key i{display:inline-block;width:.8rem;height:.8rem;border-radius:.2rem;margin-right:.4rem}"
	"@media(max-width:40rem){dl{grid-template-columns:1fr;gap:0}dt{margin-top:.4rem}body{padding:.7rem}}";

/* Told apart by people who do not see colours alike, too (Okabe and Ito). */
static const char *const colours[KD_MEMORY_KINDS] = {
	[KD_MEMORY_FREE] = "#c9d1d9",   [KD_MEMORY_CACHE] = "#56b4e9",
	[KD_MEMORY_SHARED] = "#0072b2", [KD_MEMORY_ANONYMOUS] = "#009e73",
	[KD_MEMORY_SLAB] = "#e69f00",   [KD_MEMORY_PAGE_TABLES] = "#f0e442",
	[KD_MEMORY_STACKS] = "#cc79a7", [KD_MEMORY_OTHER] = "#d55e00",
};

static void escape(FILE *stream, const char *text)
{
	for (; *text; text++)
		switch (*text) {
		case '<':
			fputs("&lt;", stream);
			break;
		case '>':
			fputs("&gt;", stream);
			break;
		case '&':
			fputs("&amp;", stream);
			break;
		case '"':
			fputs("&quot;", stream);
			break;
		default:
			/* bytes that are no text: a browser shows a mark for them */
			if ((unsigned char)*text >= ' ' || *text == '\n' || *text == '\t')
				fputc(*text, stream);
			else
				fprintf(stream, "&#xfffd;");
		}
}

static void row(FILE *stream, const char *name, const char *value)
{
	if (!value || !*value)
		return;
	fprintf(stream, "<dt>%s</dt><dd>", name);
	escape(stream, value);
	fputs("</dd>\n", stream);
}

static void write_head(const struct kd_report *report, FILE *stream)
{
	const char *host = kd_kernel_nodename(report->kernel);

	fputs("<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
	      "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n<title>",
	      stream);
	escape(stream, host ? host : "crash");
	fputs(": ", stream);
	escape(stream, report->kind ? report->kind->name : "crash report");
	fprintf(stream, "</title>\n<style>%s</style></head><body>\n<h1>", style);
	escape(stream, report->sentence);
	fputs("</h1>\n", stream);
}

static void write_list(FILE *stream, const char *heading, size_t count, size_t bytes,
		       const char *texts)
{
	if (!count)
		return;
	fprintf(stream, "<h2>%s</h2>\n<ul>\n", heading);
	for (size_t i = 0; i < count; i++) {
		fputs("<li>", stream);
		escape(stream, texts + i * bytes);
		fputs("</li>\n", stream);
	}
	fputs("</ul>\n", stream);
}

static void write_facts(const struct kd_report *report, FILE *stream)
{
	const struct kd_panic *panic = &report->panic;
	const struct kd_machine *machine = &report->machine;
	time_t crashed = (time_t)kd_kernel_crash_time_s(report->kernel);
	char text[1024], letters[KD_TAINT_LETTERS];
	struct tm utc;

	fputs("<dl>\n", stream);
	row(stream, "panic", panic->message);
	if (strcmp(panic->cause, panic->message))
		row(stream, "cause", panic->cause);
	if (*report->signature) {
		snprintf(text, sizeof(text), "%s (%s)", report->signature, report->signature_text);
		row(stream, "signature", text);
	}
	row(stream, "host", kd_kernel_nodename(report->kernel));
	row(stream, "kernel", kd_kernel_release(report->kernel));
	if (crashed && gmtime_r(&crashed, &utc) &&
	    strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S UTC", &utc))
		row(stream, "crashed", text);
	if (panic->has_time) {
		snprintf(text, sizeof(text), "%" PRIu64 ".%03" PRIu64 " s",
			 panic->time_ns / 1000000000, panic->time_ns / 1000000 % 1000);
		row(stream, "uptime", text);
	}
	if (report->has_loads) {
		snprintf(text, sizeof(text), "%.2f %.2f %.2f", report->loads[0], report->loads[1],
			 report->loads[2]);
		row(stream, "load", text);
	}
	if (report->task_count) {
		snprintf(text, sizeof(text), "%zu in %zu processes", report->task_count,
			 report->process_count);
		row(stream, "tasks", text);
	}
	snprintf(text, sizeof(text), "%zu%s%s", report->cpu_count, *machine->cpu_model ? ", " : "",
		 machine->cpu_model);
	row(stream, "CPUs", text);
	if (*machine->vendor || *machine->product) {
		snprintf(text, sizeof(text), "%s %s, firmware %s", machine->vendor,
			 machine->product, *machine->firmware ? machine->firmware : "unknown");
		row(stream, "machine", text);
	}
	if (report->has_taints) {
		kd_taint_letters(report->taints, letters);
		row(stream, "tainted", *letters ? letters : "no");
	}
	row(stream, "booted by", report->command_line);
	fputs("</dl>\n", stream);
}

static bool write_place(void *opaque, const struct kd_source_place *place)
{
	FILE *stream = opaque;

	fputs("<span class=\"dim\">   ", stream);
	if (place->is_inlined) {
		fputc(' ', stream);
		escape(stream, place->function ? place->function : "?");
		fputs(" (inlined)", stream);
	}
	if (place->file) {
		fputs(" at ", stream);
		escape(stream, place->file);
		fprintf(stream, ":%u", place->line);
	}
	fputs("</span>\n", stream);
	return true;
}

static void write_stack(const struct kd_report *report, const struct kd_report_stack *at,
			FILE *stream)
{
	const struct kd_stack *stack = at->stack;
	size_t blamed = at == kd_report_guilty(report) ? kd_report_blame(report, at) : SIZE_MAX;

	if (!stack) {
		fputs("<p class=\"dim\">no stack: ", stream);
		escape(stream, at->why);
		fputs("</p>\n", stream);
		return;
	}
	fputs("<pre>", stream);
	for (size_t i = 0; i < stack->count; i++) {
		const struct kd_frame *frame = &stack->frames[i];
		const char *function = kd_report_function(report, frame);
		const char *module = kd_report_module(report, frame);

		if (frame->interrupted && i)
			fputs("<span class=\"dim\">--- interrupted ---</span>\n", stream);
		fputs(i == blamed ? "<span class=\"mark\">" : "<span>", stream);
		if (function)
			escape(stream, function);
		else
			fprintf(stream, "0x%" PRIx64, frame->pc);
		fputs("</span>", stream);
		fprintf(stream, "<span class=\"dim\">+0x%" PRIx64, frame->offset);
		if (module) {
			fputs(" [", stream);
			escape(stream, module);
			fputs("]", stream);
		}
		fputs(frame->reliable ? "</span>\n" : " (perhaps)</span>\n", stream);
		kd_report_each_place(report, stack, i, write_place, stream);
	}
	if (stack->user)
		fputs("<span class=\"dim\">--- user space ---</span>\n", stream);
	fputs("</pre>\n", stream);
	if (stack->end.status) {
		fputs("<p class=\"dim\">the rest is missing: ", stream);
		escape(stream, stack->end.text);
		fputs("</p>\n", stream);
	}
}

static void write_registers(const struct kd_report_cpu *cpu, FILE *stream)
{
	const struct kd_arch *arch = &kd_arch_x86_64;

	if (!cpu->has_registers)
		return;
	fputs("<details><summary>registers</summary><pre>", stream);
	for (size_t i = 0; i < arch->register_count; i++) {
		uint64_t value = 0;

		memcpy(&value, (const uint8_t *)cpu->registers + arch->registers[i].offset,
		       arch->registers[i].bytes);
		fprintf(stream, "%-8s %016" PRIx64 "%s", arch->registers[i].name, value,
			i % 2 ? "\n" : "  ");
	}
	fputs("</pre></details>\n", stream);
}

static void write_cpus(const struct kd_report *report, FILE *stream)
{
	fputs("<h2>CPUs</h2>\n", stream);
	for (size_t i = 0; i < report->cpu_count; i++) {
		const struct kd_report_cpu *cpu = &report->cpus[i];
		bool panicked = report->panic.has_cpu && report->panic.cpu == cpu->cpu;
		bool open = panicked || &cpu->at == kd_report_guilty(report);

		fprintf(stream, "<details%s><summary>CPU %u", open ? " open" : "", cpu->cpu);
		if (cpu->at.task) {
			fprintf(stream, ", process %d (", cpu->at.task->pid);
			escape(stream, cpu->at.task->comm);
			fputs(")", stream);
		}
		fputs(panicked ? " <span class=\"mark\">panicked</span></summary>\n"
			       : "</summary>\n",
		      stream);
		write_stack(report, &cpu->at, stream);
		write_registers(cpu, stream);
		fputs("</details>\n", stream);
	}
}

static void write_blocked(const struct kd_report *report, FILE *stream)
{
	if (!report->blocked_count)
		return;
	fprintf(stream, "<h2>Blocked tasks (%zu)</h2>\n", report->blocked_tasks);
	for (size_t i = 0; i < report->blocked_count; i++) {
		const struct kd_report_stack *at = &report->blocked[i];

		fprintf(stream, "<details%s><summary>process %d (", i ? "" : " open",
			at->task->pid);
		escape(stream, at->task->comm);
		fputs(")", stream);
		if (at->same)
			fprintf(stream, " and %u more", at->same);
		fputs("</summary>\n", stream);
		if (at->waits)
			fprintf(stream, "<p>waits for the %s at 0x%" PRIx64 ", ", at->wait.kind,
				at->wait.lock);
		if (at->waits && at->wait.owner) {
			fprintf(stream, "held by process %d (", at->wait.owner->pid);
			escape(stream, at->wait.owner->comm);
			fputs(")</p>\n", stream);
		} else if (at->waits) {
			fputs("whose holder is not known</p>\n", stream);
		}
		write_stack(report, at, stream);
		fputs("</details>\n", stream);
	}
}

static void write_memory(const struct kd_report *report, FILE *stream)
{
	const struct kd_memory *memory = &report->memory;
	double at = 0;

	if (!report->has_memory || !memory->total_bytes)
		return;
	fprintf(stream,
		"<h2>Memory: %.1f MiB</h2>\n<svg viewBox=\"0 0 1000 20\" "
		"preserveAspectRatio=\"none\" role=\"img\" aria-label=\"memory by use\">\n",
		(double)memory->total_bytes / 1048576);
	for (int kind = 0; kind < KD_MEMORY_KINDS; kind++) {
		double width = 1000.0 * (double)memory->bytes[kind] / (double)memory->total_bytes;

		fprintf(stream,
			"<rect x=\"%.2f\" y=\"0\" width=\"%.2f\" height=\"20\" fill=\"%s\"/>\n", at,
			width, colours[kind]);
		at += width;
	}
	fputs("</svg>\n<ul class=\"key\">\n", stream);
	for (int kind = 0; kind < KD_MEMORY_KINDS; kind++)
		fprintf(stream,
			"<li><i style=\"background:%s\"></i>%s <span class=\"dim\">%.1f MiB, "
			"%.1f %%</span></li>\n",
			colours[kind], kd_memory_kind_name(kind),
			(double)memory->bytes[kind] / 1048576,
			100.0 * (double)memory->bytes[kind] / (double)memory->total_bytes);
	fputs("</ul>\n", stream);
}

static void write_modules(const struct kd_report *report, FILE *stream)
{
	const struct kd_module *modules;
	size_t count = 0;

	if (!report->system)
		return;
	modules = kd_system_modules(report->system, &count);
	if (!count)
		return;
	fprintf(stream, "<h2>Modules (%zu)</h2>\n<p>", count);
	for (size_t i = 0; i < count; i++) {
		char letters[KD_TAINT_LETTERS];

		kd_taint_letters(modules[i].taints, letters);
		fputs("<code>", stream);
		escape(stream, modules[i].name);
		if (*letters)
			fprintf(stream, "</code>(%s) ", letters);
		else
			fputs("</code> ", stream);
	}
	fputs("</p>\n", stream);
}

enum kd_status kd_report_write_html(const struct kd_report *report, FILE *stream,
				    struct kd_err *err)
{
	write_head(report, stream);
	write_facts(report, stream);
	write_list(stream, "What to look at", report->hint_count, KD_REPORT_TEXT_BYTES,
		   report->hints[0]);
	write_list(stream, "Missing from this report", report->gap_count, KD_ERR_TEXT_BYTES,
		   report->gaps[0]);
	write_cpus(report, stream);
	write_blocked(report, stream);
	write_memory(report, stream);
	write_modules(report, stream);
	fputs("<h2>The end of the kernel's log</h2>\n<pre>", stream);
	escape(stream, report->log);
	fputs("</pre>\n</body></html>\n", stream);
	if (fflush(stream) || ferror(stream))
		return kd_fail_errno(err, errno, "report");
	return KD_OK;
}
