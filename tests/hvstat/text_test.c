/* SPDX-License-Identifier: BSD-2-Clause */
#include <math.h>
#include <string.h>

#include "hvstat/text.h"
#include "tests/hvstat/test.h"

static void check_json(const char *expected, const char *string)
{
	struct text text = {0};

	text_json(&text, string);
	CHECK_TEXT(expected, text.data);
	text_free(&text);
}

TEST(text_json)
{
	check_json("\"\"", "");
	check_json("\"a\\\"b\\\\c\\u000ad\"", "a\"b\\c\nd");
	check_json("\"gr\xc3\xb6\xc3\x9f"
		   "e\"",
		"gr\xc3\xb6\xc3\x9f"
		"e");
	check_json("\"\xf0\x9f\x90\xa7\"", "\xf0\x9f\x90\xa7");
	check_json("\"a\\ufffdb\"", "a\xff"
				    "b");
	check_json("\"\\ufffd\"", "\xc3");			 /* cut off */
	check_json("\"\\ufffd\\ufffd\"", "\xc0\x80");		 /* longer than need be */
	check_json("\"\\ufffd\\ufffd\\ufffd\"", "\xed\xa0\x80"); /* a surrogate */
}

TEST(text_numbers)
{
	struct text text = {0};

	text_json_number(&text, 1.5);
	text_say(&text, " ");
	text_json_number(&text, NAN);
	text_say(&text, " ");
	text_json_number(&text, INFINITY);
	CHECK_TEXT("1.5 null null", text.data);
	text_free(&text);
}

TEST(text_grows)
{
	struct text text = {0};

	for (unsigned i = 0; i < 10000; i++)
		text_printf(&text, "%s%u,", "0123456789", i % 10);
	CHECK_EQ(120000, text.length);
	CHECK_EQ(120000, strlen(text.data));
	text_free(&text);
	text_html(&text, "<a href=\"x\">&</a>");
	CHECK_TEXT("&lt;a href=&quot;x&quot;&gt;&amp;&lt;/a&gt;", text.data);
	text_free(&text);
}
