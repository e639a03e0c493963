/* SPDX-License-Identifier: BSD-2-Clause */
/* Guests' names, and finding them among processes. */
#include "tests/hvctl/test.h"

#define NAME(wanted, words)                                                                        \
	do {                                                                                       \
		char name[NAME_MAX_LENGTH];                                                        \
		name_from_arguments(words, sizeof(words), name);                                   \
		CHECK_TEXT(wanted, name);                                                          \
	} while (0)

TEST(names)
{
	NAME("web", "qemu\0-name\0web");
	NAME("web", "qemu\0--name\0web,debug-threads=on");
	NAME("web", "qemu\0-m\0"
		    "1G\0-name\0guest=web,debug-threads=on\0-smp\0"
		    "2");
	NAME("web", "qemu\0-name\0debug-threads=on,guest=web");
	NAME("a,b", "qemu\0-name\0guest=a,,b,process=x");
	NAME("a,b", "qemu\0-name\0a,,b");
	NAME("web server", "qemu\0-name\0web server");
	NAME("last", "qemu\0-name\0first\0-name\0last");
	NAME("", "qemu\0-name\0debug-threads=on");
	NAME("", "qemu\0-name");
	NAME("", "qemu\0-nam\0web");
	NAME("", "");
	/* A value is not an option. */
	NAME("-name", "qemu\0-name\0-name\0web");
}

/* What a process shows need not end with 0, and may be longer than there is room for. */
TEST(names_of_any_form)
{
	char name[NAME_MAX_LENGTH], words[400] = "q\0-name\0";

	name_from_arguments("q\0-name\0web", 8, name);
	CHECK_TEXT("", name);
	name_from_arguments("q\0-name\0web", 11, name);
	CHECK_TEXT("", name);
	memset(words + 8, 'x', 300);
	CHECK(name_from_arguments(words, sizeof(words), name));
	CHECK(strlen(name) == NAME_MAX_LENGTH - 1);
}

static const char *const web[] = {"qemu", "-name", "web", NULL};
static const char *const mail[] = {"qemu", "-name", "guest=mail,debug-threads=on", NULL};
static const char *const nameless[] = {"cloud-hypervisor", NULL};

static int find(const char *word, uint64_t *id)
{
	const struct guest *guest = NULL;
	struct guests guests;
	int status = guest_open(&fake.machine, word, &guests, &guest);

	*id = guest ? guest->id : 0;
	guests_close(&guests);
	return status;
}

TEST(guests)
{
	uint64_t id;

	fake_new();
	CHECK(find("web", &id) == 1);
	CHECK_TEXT("there is no guest web: hvctl list shows 0", failure());
	fake_guest(5, 9000001, 12, 1, web);
	fake_link(9000001, 13, "anon_inode:mshv_vp");
	fake_link(9000001, 14, "/dev/null");
	fake_guest(3, 9000002, 7, 2, mail);
	fake_guest(4, 9000003, 7, 2, nameless);
	CHECK(!find("web", &id) && id == 5);
	CHECK(!find("mail", &id) && id == 3);
	CHECK(!find("4", &id) && id == 4);
	CHECK(!find("5", &id) && id == 5);
	CHECK(find("6", &id) == 1);
	CHECK(find("we", &id) == 1);
	CHECK(find("WEB", &id) == 1);
	CHECK(find("", &id) == 0 && id == 4);
	fake_remove();
}

/* Two of a name; and a process that holds a file twice has one guest. */
TEST(guests_ambiguous)
{
	static const char *const three[] = {"qemu", "-name", "3", NULL};
	uint64_t id;

	fake_new();
	fake_guest(5, 9000001, 12, 1, web);
	fake_guest(8, 9000002, 12, 1, web);
	CHECK(find("web", &id) == 1);
	CHECK_TEXT("several guests are named web: say which by its partition, 5, 8", failure());
	CHECK(!find("8", &id) && id == 8);
	/* A name goes before a number. */
	fake_guest(9, 9000003, 12, 1, three);
	CHECK(!find("3", &id) && id == 9);
	fake_remove();
	fake_new();
	fake_guest(5, 9000001, 12, 1, web);
	fake_link(9000001, 20, "anon_inode:mshv_partition");
	fake.partitions[1] = fake.partitions[0];
	fake.partitions[1].fd = 20;
	fake.count = 2;
	CHECK(!find("web", &id) && id == 5);
	fake_remove();
}

TEST(guests_out_of_reach)
{
	uint64_t id;

	fake_new();
	fake_guest(5, 9000001, 12, 1, web);
	fake.take_error = 1; /* EPERM */
	CHECK(find("web", &id) == 1);
	CHECK_TEXT("cannot take a file of process 9000001: Operation not permitted", failure());
	fake.take_error = 3; /* ESRCH: it has just ended */
	CHECK(find("web", &id) == 1);
	CHECK_TEXT("there is no guest web: hvctl list shows 0", failure());
	fake.take_error = 0;
	fake.machine.proc = "/nowhere";
	CHECK(find("web", &id) == 1);
	CHECK_TEXT("cannot read /nowhere: No such file or directory", failure());
	fake_remove();
}
