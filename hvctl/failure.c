/* SPDX-License-Identifier: BSD-2-Clause */
/* What went wrong, for whoever ends the program. */
#include "hvctl/hvctl.h"
#include <stdarg.h>

static char text[1024];

static void keep(const char *format, va_list arguments)
{
	vsnprintf(text, sizeof(text), format, arguments);
}

int failed(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	keep(format, arguments);
	va_end(arguments);
	return 1;
}

int misused(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	keep(format, arguments);
	va_end(arguments);
	return 2;
}

const char *failure(void)
{
	return text;
}
