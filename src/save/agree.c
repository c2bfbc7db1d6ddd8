/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "save/agree.h"

#include "host/system.h"

/* The finalizer of SplitMix64 (Steele, Lea, Flood 2014). */
static uint64_t mix(uint64_t value)
{
	value += UINT64_C(0x9e3779b97f4a7c15);
	value = (value ^ value >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	value = (value ^ value >> 27) * UINT64_C(0x94d049bb133111eb);
	return value ^ value >> 31;
}

static uint64_t sum_pages(const struct kd_window *window, const struct kd_page_set *set)
{
	uint64_t sum = 0;

	for (int i = 0; i < KD_WINDOW_WORDS; i++)
		for (uint64_t word = set->words[i]; word; word &= word - 1)
			sum += mix(window->first_pfn + (uint64_t)i * 64 +
				   (unsigned int)__builtin_ctzll(word));
	return sum;
}

static enum kd_status disagree(struct kd_err *err)
{
	return kd_fail(err, KD_CORRUPT,
		       "what pages are is not what it was when they were counted: the source does "
		       "not give the same struct pages twice");
}

/* A mark behind the windows so far; where there is no room, every other one goes. */
static void set_mark(struct kd_agreement *agreement)
{
	if (agreement->mark_count == KD_AGREE_MARKS) {
		agreement->mark_count /= 2;
		for (unsigned int i = 0; i < agreement->mark_count; i++)
			agreement->marks[i] = agreement->marks[2 * i + 1];
		agreement->stride *= 2;
		if (agreement->windows % agreement->stride)
			return;
	}
	agreement->marks[agreement->mark_count++] =
		(struct kd_agree_mark){agreement->hash, agreement->kept};
}

static enum kd_status check_mark(struct kd_agreement *agreement, struct kd_err *err)
{
	uint64_t number = agreement->windows / agreement->stride - 1;

	if (number >= agreement->mark_count || agreement->marks[number].hash != agreement->hash) {
		agreement->broken = true;
		return disagree(err);
	}
	agreement->sure = agreement->kept;
	return KD_OK;
}

enum kd_status kd_agree_window(struct kd_agreement *agreement, const struct kd_window *window,
			       struct kd_err *err)
{
	if (!agreement->stride)
		agreement->stride = 1;
	agreement->hash = mix(agreement->hash ^ window->first_pfn);
	for (int i = 0; i < KD_WINDOW_WORDS; i++)
		agreement->hash = mix(agreement->hash ^ window->kept.words[i]);
	agreement->windows++;
	agreement->kept += kd_set_count(&window->kept);
	if (agreement->later)
		agreement->missing -= sum_pages(window, &window->now);
	else
		agreement->missing += sum_pages(window, &window->kept);
	if (agreement->windows % agreement->stride)
		return KD_OK;
	if (agreement->later)
		return check_mark(agreement, err);
	set_mark(agreement);
	return KD_OK;
}

enum kd_status kd_agree_turn(struct kd_agreement *agreement, struct kd_err *err)
{
	if (!agreement->later) {
		agreement->all = (struct kd_agree_mark){agreement->hash, agreement->kept};
	} else if (agreement->all.hash != agreement->hash) {
		agreement->broken = true;
		return disagree(err);
	}
	agreement->later = true;
	agreement->windows = agreement->kept = agreement->hash = agreement->sure = 0;
	return KD_OK;
}

enum kd_status kd_agree_end(struct kd_agreement *agreement, struct kd_err *err)
{
	/* what came twice is there; what did not come has no data, and readers are told so */
	return agreement->missing ? disagree(err) : KD_OK;
}
