/* SPDX-License-Identifier: BSD-2-Clause */
/* What is typed, and what is printed. */
#include "tests/hvctl/test.h"
#include <stdlib.h>

TEST(numbers)
{
	uint64_t number = 7;

	CHECK(parse_number("0", 9, &number) && number == 0);
	CHECK(parse_number("9", 9, &number) && number == 9);
	CHECK(!parse_number("10", 9, &number) && number == 9);
	CHECK(!parse_number("", 9, &number));
	CHECK(!parse_number("-1", 9, &number));
	CHECK(!parse_number("+1", 9, &number));
	CHECK(!parse_number(" 1", 9, &number));
	CHECK(!parse_number("1x", 9, &number));
	CHECK(!parse_number("99999999999999999999999999", UINT64_MAX / 16, &number));
}

static uint32_t share(const char *text)
{
	uint32_t value = 12345;

	return parse_share(text, WHOLE_LP, &value) ? value : 54321;
}

TEST(shares)
{
	static const char *const bad[] = {"", "%", "x", "-1%", "50 %", "50%%", "100.001%", "101%",
		"1e1", ".5%", "0x10", "nan", "99999999999999999999%", "50,5%"};
	uint32_t value;

	CHECK(share("0%") == 0);
	CHECK(share("100%") == WHOLE_LP);
	CHECK(share("50") == WHOLE_LP / 2);
	CHECK(share("12.5%") == WHOLE_LP / 8);
	CHECK(share("33.3333%") == 21845);
	CHECK(share("0.0015%") == 1);
	CHECK(share("0.00000000000001%") == 0);
	CHECK(share("99.9999999999999999%") == WHOLE_LP);
	CHECK(share("25.%") == WHOLE_LP / 4);
	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (share(bad[i]) != 54321)
			printf("%s is taken for %u\n", bad[i], share(bad[i]));
		CHECK(share(bad[i]) == 54321);
	}
	CHECK(parse_share("350%", 4 * WHOLE_LP, &value) && value == WHOLE_LP * 7 / 2);
	CHECK(!parse_share("400.1%", 4 * WHOLE_LP, &value));
}

/* What is printed is read as what it was, whatever it is. */
TEST(shares_there_and_back)
{
	char text[16];
	uint32_t again;

	for (uint32_t value = 0; value <= 2 * WHOLE_LP; value++) {
		print_share(value, text);
		CHECK(parse_share(text, 2 * WHOLE_LP, &again) && again == value);
	}
	print_share(WHOLE_LP / 8, text);
	CHECK_TEXT("12.5%", text);
	print_share(WHOLE_LP, text);
	CHECK_TEXT("100%", text);
	print_share(WHOLE_LP * 64, text);
	CHECK_TEXT("6400%", text);
	print_share(NO_CAP, text);
	CHECK_TEXT("none", text);
}

TEST(lps)
{
	static const char *const bad[] = {"", ",", "0,", ",0", "4", "0-4", "3-1", "-1", "1-", "a",
		"0 1", "0--1", "ALL", "0,all", "11111111111111111111111111111111111111111"};
	uint64_t set;

	CHECK(parse_lps("0", 4, &set) && set == 1);
	CHECK(parse_lps("0-3", 4, &set) && set == 15);
	CHECK(parse_lps("3,0-1,0", 4, &set) && set == 11);
	CHECK(parse_lps("all", 4, &set) && set == 15);
	CHECK(parse_lps("all", 64, &set) && set == ~0ull);
	CHECK(parse_lps("0-63", 64, &set) && set == ~0ull);
	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		bool taken = parse_lps(bad[i], 4, &set);

		if (taken)
			printf("%s is taken for LPs\n", bad[i]);
		CHECK(!taken);
	}
}

TEST(lps_there_and_back)
{
	char text[256];
	uint64_t set = 1, again;

	print_lps(11, text);
	CHECK_TEXT("0-1,3", text);
	print_lps(~0ull, text);
	CHECK_TEXT("0-63", text);
	print_lps(1ull << 63 | 1, text);
	CHECK_TEXT("0,63", text);
	print_lps(0xaaaaaaaaaaaaaaaaull, text);
	CHECK(parse_lps(text, 64, &again) && again == 0xaaaaaaaaaaaaaaaaull);
	for (unsigned i = 0; i < 10000; i++) {
		set = set * 6364136223846793005ull + 1442695040888963407ull;
		print_lps(set, text);
		CHECK(parse_lps(text, 64, &again) && again == set);
	}
}

TEST(guest_and_vp)
{
	char name[NAME_MAX_LENGTH], longer[300];
	uint32_t vp;

	CHECK(parse_guest_vp("web:3", name, &vp) && vp == 3 && !strcmp(name, "web"));
	CHECK(parse_guest_vp("a:b:255", name, &vp) && vp == 255 && !strcmp(name, "a:b"));
	CHECK(!parse_guest_vp("web", name, &vp));
	CHECK(!parse_guest_vp(":1", name, &vp));
	CHECK(!parse_guest_vp("web:", name, &vp));
	CHECK(!parse_guest_vp("web:256", name, &vp));
	CHECK(!parse_guest_vp("web:x", name, &vp));
	memset(longer, 'x', sizeof(longer));
	strcpy(longer + 290, ":1");
	CHECK(!parse_guest_vp(longer, name, &vp));
}

static int setting(const char *text, struct settings *settings)
{
	unsigned given = 0;

	*settings = (struct settings){1, 2, 3};
	return parse_setting(text, settings, &given);
}

TEST(settings_words)
{
	struct settings settings;
	unsigned given = 0;

	CHECK(!setting("weight=10000", &settings) && settings.weight == 10000);
	CHECK(settings.reserve == 2 && settings.limit == 3);
	CHECK(!setting("reserve=50%", &settings) && settings.reserve == WHOLE_LP / 2);
	CHECK(!setting("limit=0", &settings) && settings.limit == 0);
	CHECK(!parse_setting("limit=1%", &settings, &given) && given == GIVEN_LIMIT);
	CHECK(setting("weight=0", &settings) == 2);
	CHECK_TEXT("weight is from 1 to 10000, not \"0\"", failure());
	CHECK(setting("weight=10001", &settings) == 2);
	CHECK(setting("weight=50%", &settings) == 2);
	CHECK(setting("reserve=101%", &settings) == 2);
	CHECK_TEXT("reserve is from 0% to 100%, not \"101%\"", failure());
	CHECK(setting("limit=", &settings) == 2);
	CHECK_TEXT("limit is from 0% to 100%, not \"\"", failure());
	CHECK(setting("wei=1", &settings) == 2);
	CHECK_TEXT("there is no setting wei: weight, reserve, limit", failure());
	CHECK(setting("=1", &settings) == 2);
	CHECK(setting("weight", &settings) == 2);
	CHECK_TEXT("\"weight\" is no setting: weight=N, reserve=N% or limit=N%", failure());
}

TEST(json_strings)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	print_json_string(out, "a\"b\\c\n\x01\x7f\xc3\xa9");
	fclose(out);
	CHECK_TEXT("\"a\\\"b\\\\c\\u000a\\u0001\\u007f\xc3\xa9\"", text);
	free(text);
}
