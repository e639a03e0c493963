/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The compiler turns struct copies into calls of these, so they must exist by these names; and it
 * would turn the loops in here into calls of themselves, were it not forbidden. Eight bytes at a
 * time as long as there are eight: most calls are about whole pages.
 */
#include "core/lib/string.h"
#include "core/lib/types.h"

#ifdef __clang__
#define NOT_A_CALL __attribute__((no_builtin))
#else
#define NOT_A_CALL __attribute__((optimize("no-tree-loop-distribute-patterns")))
#endif

/* Eight bytes of anything, anywhere. */
struct word {
	u64 value;
} __attribute__((packed, may_alias));

NOT_A_CALL void *memset(void *to, int byte, size_t size)
{
	u64 pattern = (u8)byte * 0x0101010101010101ull;
	u8 *at = to;

	for (; size >= 8; size -= 8, at += 8)
		((struct word *)at)->value = pattern;
	while (size--)
		*at++ = (u8)byte;
	return to;
}

NOT_A_CALL void *memcpy(void *restrict to, const void *restrict from, size_t size)
{
	const u8 *source = from;
	u8 *at = to;

	for (; size >= 8; size -= 8, at += 8, source += 8)
		((struct word *)at)->value = ((const struct word *)source)->value;
	while (size--)
		*at++ = *source++;
	return to;
}

NOT_A_CALL void *memmove(void *to, const void *from, size_t size)
{
	const u8 *source = from;
	u8 *at = to;

	/* Upwards unless that would overwrite bytes still to be read. */
	if ((uintptr_t)at - (uintptr_t)source >= size)
		return memcpy(to, from, size);
	for (; size >= 8; size -= 8)
		((struct word *)(at + size - 8))->value =
			((const struct word *)(source + size - 8))->value;
	while (size--)
		at[size] = source[size];
	return to;
}

NOT_A_CALL int memcmp(const void *a, const void *b, size_t size)
{
	const u8 *left = a, *right = b;

	for (; size; size--, left++, right++) {
		if (*left != *right)
			return *left - *right;
	}
	return 0;
}

NOT_A_CALL size_t strlen(const char *text)
{
	size_t length = 0;

	while (text[length])
		length++;
	return length;
}

int strcmp(const char *a, const char *b)
{
	return strncmp(a, b, SIZE_MAX);
}

NOT_A_CALL int strncmp(const char *a, const char *b, size_t size)
{
	for (; size; size--, a++, b++) {
		if (*a != *b)
			return (u8)*a - (u8)*b;
		if (!*a)
			break;
	}
	return 0;
}
