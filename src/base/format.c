/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/format.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

struct output {
	char *buffer;
	size_t bytes;  /* room, the NUL included */
	size_t length; /* what the whole text needs so far */
};

/* One conversion specification, parsed. */
struct spec {
	bool left, zero, plus, space, alternate, has_precision;
	size_t width, precision;
	enum { LENGTH_INT, LENGTH_CHAR, LENGTH_SHORT, LENGTH_LONG, LENGTH_LLONG } length;
};

static void put(struct output *out, char c)
{
	if (out->length + 1 < out->bytes)
		out->buffer[out->length] = c;
	out->length++;
}

static void put_many(struct output *out, char c, size_t count)
{
	while (count--)
		put(out, c);
}

static void put_text(struct output *out, const struct spec *spec, const char *text, size_t length)
{
	size_t pad = spec->width > length ? spec->width - length : 0;

	if (!spec->left)
		put_many(out, ' ', pad);
	for (size_t i = 0; i < length; i++)
		put(out, text[i]);
	if (spec->left)
		put_many(out, ' ', pad);
}

static void put_number(struct output *out, const struct spec *spec, uint64_t value, bool negative,
		       unsigned int base, bool upper)
{
	const char *digits = upper ? "0123456789ABCDEF" : "0123456789abcdef";
	char reversed[24];
	char prefix[3] = "";
	size_t count = 0, prefix_length, zeros, body;

	if (negative)
		strcpy(prefix, "-");
	else if (spec->plus)
		strcpy(prefix, "+");
	else if (spec->space)
		strcpy(prefix, " ");
	else if (spec->alternate && base == 16 && value)
		strcpy(prefix, upper ? "0X" : "0x");
	prefix_length = strlen(prefix);

	for (uint64_t rest = value; rest; rest /= base)
		reversed[count++] = digits[rest % base];
	zeros = spec->has_precision ? spec->precision : 1;
	zeros = zeros > count ? zeros - count : 0;
	body = prefix_length + zeros + count;
	if (spec->zero && !spec->left && !spec->has_precision && spec->width > body)
		zeros += spec->width - body;
	body = prefix_length + zeros + count;

	if (!spec->left && spec->width > body)
		put_many(out, ' ', spec->width - body);
	for (size_t i = 0; i < prefix_length; i++)
		put(out, prefix[i]);
	put_many(out, '0', zeros);
	while (count)
		put(out, reversed[--count]);
	if (spec->left && spec->width > body)
		put_many(out, ' ', spec->width - body);
}

/* A width or a precision: digits, or '*' taken from the arguments by the caller. */
static const char *parse_digits(const char *at, size_t *value)
{
	*value = 0;
	while (*at >= '0' && *at <= '9' && *value < 10000)
		*value = *value * 10 + (size_t)(*at++ - '0');
	return at;
}

static const char *parse_flags(const char *at, struct spec *spec)
{
	for (;; at++) {
		switch (*at) {
		case '-':
			spec->left = true;
			break;
		case '0':
			spec->zero = true;
			break;
		case '+':
			spec->plus = true;
			break;
		case ' ':
			spec->space = true;
			break;
		case '#':
			spec->alternate = true;
			break;
		default:
			return at;
		}
	}
}

static const char *parse_length(const char *at, struct spec *spec)
{
	if (at[0] == 'h' && at[1] == 'h')
		return spec->length = LENGTH_CHAR, at + 2;
	if (at[0] == 'l' && at[1] == 'l')
		return spec->length = LENGTH_LLONG, at + 2;
	if (*at == 'h')
		return spec->length = LENGTH_SHORT, at + 1;
	if (*at == 'l' || *at == 'z' || *at == 't')
		return spec->length = LENGTH_LONG, at + 1;
	if (*at == 'j')
		return spec->length = LENGTH_LLONG, at + 1;
	return at;
}

size_t kd_vformat(char *buffer, size_t bytes, const char *format, va_list original)
{
	struct output out = {.buffer = buffer, .bytes = bytes};
	va_list args;

	va_copy(args, original);
	for (const char *at = format; *at; at++) {
		struct spec spec = {0};
		uint64_t value;
		int64_t number;
		const char *text;
		char c;

		if (*at != '%') {
			put(&out, *at);
			continue;
		}
		at = parse_flags(at + 1, &spec);
		if (*at == '*') {
			int width = va_arg(args, int);

			spec.left |= width < 0;
			spec.width = (size_t)(width < 0 ? -(int64_t)width : width);
			at++;
		} else {
			at = parse_digits(at, &spec.width);
		}
		if (*at == '.') {
			spec.has_precision = true;
			if (*++at == '*') {
				int precision = va_arg(args, int);

				spec.has_precision = precision >= 0;
				spec.precision = precision < 0 ? 0 : (size_t)precision;
				at++;
			} else {
				at = parse_digits(at, &spec.precision);
			}
		}
		at = parse_length(at, &spec);

		switch (*at) {
		case 'd':
		case 'i':
			number = spec.length == LENGTH_LLONG  ? va_arg(args, long long)
				 : spec.length == LENGTH_LONG ? va_arg(args, long)
							      : va_arg(args, int);
			put_number(&out, &spec, number < 0 ? -(uint64_t)number : (uint64_t)number,
				   number < 0, 10, false);
			break;
		case 'u':
		case 'x':
		case 'X':
		case 'o':
			value = spec.length == LENGTH_LLONG  ? va_arg(args, unsigned long long)
				: spec.length == LENGTH_LONG ? va_arg(args, unsigned long)
							     : va_arg(args, unsigned int);
			if (spec.length == LENGTH_CHAR)
				value = (uint8_t)value;
			if (spec.length == LENGTH_SHORT)
				value = (uint16_t)value;
			spec.plus = spec.space = false;
			put_number(&out, &spec, value, false,
				   *at == 'u'   ? 10
				   : *at == 'o' ? 8
						: 16,
				   *at == 'X');
			break;
		case 'p':
			spec.alternate = true;
			put_number(&out, &spec, (uintptr_t)va_arg(args, void *), false, 16, false);
			break;
		case 'c':
			c = (char)va_arg(args, int);
			put_text(&out, &spec, &c, 1);
			break;
		case 's':
			text = va_arg(args, const char *);
			if (!text)
				text = "(null)";
			put_text(&out, &spec, text,
				 spec.has_precision ? strnlen(text, spec.precision) : strlen(text));
			break;
		case '%':
			put(&out, '%');
			break;
		case '\0':
			at--;
			break;
		default: /* not ours: shown as written, so that the mistake is seen */
			put(&out, '%');
			put(&out, *at);
		}
	}
	va_end(args);
	if (bytes)
		buffer[out.length < bytes ? out.length : bytes - 1] = '\0';
	return out.length;
}

size_t kd_format(char *buffer, size_t bytes, const char *format, ...)
{
	va_list args;
	size_t length;

	va_start(args, format);
	length = kd_vformat(buffer, bytes, format, args);
	va_end(args);
	return length;
}
