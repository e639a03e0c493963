/* SPDX-License-Identifier: BSD-2-Clause */
/* The commands, on a machine on paper. */
#include "tests/hvctl/test.h"
#include "abi/hv_property.h"

static const char *const web[] = {"qemu", "-name", "web", NULL};
static const char *const mail[] = {"qemu", "-name", "mail \"2\"", NULL};

static struct fake_partition *two_guests(void)
{
	struct fake_partition *partition;

	fake_new();
	partition = fake_guest(5, 9000001, 12, 2, web);
	fake_guest(7, 9000002, 12, 1, mail);
	return partition;
}

TEST(list)
{
	struct fake_partition *guest = two_guests();

	guest->weight = 200;
	guest->reserve = WHOLE_LP / 2;
	guest->cap = WHOLE_LP / 8 * 7;
	guest->group = 7;
	CHECK(!fake_run("list"));
	CHECK_TEXT("PARTITION  PROCESS  VPS  WEIGHT  RESERVE    LIMIT      GROUP  NAME\n"
		   "        5  9000001    2     200      50%    87.5%          7  web\n"
		   "        7  9000002    1     100       0%     100%       none  mail \"2\"\n",
		fake.output);
	CHECK(!fake_run("--json list"));
	CHECK_TEXT(
		"[{\"partition\":5,\"name\":\"web\",\"process\":9000001,\"vps\":2,\"weight\":200,"
		"\"reserve\":50,\"limit\":87.5,\"group\":7},\n"
		"{\"partition\":7,\"name\":\"mail \\\"2\\\"\",\"process\":9000002,\"vps\":1,"
		"\"weight\":100,\"reserve\":0,\"limit\":100,\"group\":0}]\n",
		fake.output);
	CHECK(fake_run("list all") == 2);
	fake_remove();
	fake_new();
	CHECK(!fake_run("list --json"));
	CHECK_TEXT("[]\n", fake.output);
	fake_remove();
}

TEST(show)
{
	struct fake_partition *guest = two_guests();

	guest->lps[1] = 5;
	CHECK(!fake_run("show web"));
	CHECK_TEXT("partition 5\nname      web\nprocess   9000001\nweight    100\n"
		   "reserve   0% of an LP for each VP\nlimit     100% of an LP for each VP\n"
		   "group     none\nVP 0      LPs 0-3\nVP 1      LPs 0,2\n",
		fake.output);
	CHECK(!fake_run("show 5 --json"));
	CHECK_TEXT("{\"partition\":5,\"name\":\"web\",\"process\":9000001,\"vps\":2,\"weight\":100,"
		   "\"reserve\":0,\"limit\":100,\"group\":0,"
		   "\"affinity\":{\"0\":\"0-3\",\"1\":\"0,2\"}}\n",
		fake.output);
	CHECK(fake_run("show") == 2);
	CHECK(fake_run("show web mail") == 2);
	CHECK(fake_run("show ftp") == 1);
	CHECK_TEXT("there is no guest ftp: hvctl list shows 2", failure());
	fake_remove();
}

/* In whatever order the values are allowed: the hypervisor refuses a reserve above the cap. */
TEST(set)
{
	struct fake_partition *guest = two_guests();

	CHECK(!fake_run("set web weight=200 reserve=50% limit=80%"));
	CHECK(guest->weight == 200 && guest->reserve == 0x8000 && guest->cap == 52429);
	CHECK(!fake_run("set web limit=20% reserve=10%"));
	CHECK(guest->weight == 200 && guest->reserve == 6554 && guest->cap == 13107);
	CHECK(!fake_run("set 5 reserve=90% limit=95%"));
	CHECK(guest->reserve == 58982 && guest->cap == 62259);
	fake.sets = 0;
	CHECK(!fake_run("set web weight=200"));
	CHECK(!fake.sets);
	fake_remove();
}

TEST(set_refused)
{
	struct fake_partition *guest = two_guests();
	struct fake_partition before;

	CHECK(!fake_run("set web reserve=40% limit=80%"));
	before = *guest;
	fake.sets = 0;
	CHECK(fake_run("set web reserve=81%") == 1);
	CHECK_TEXT("reserve=81% is above limit=80%", failure());
	CHECK(fake_run("set web limit=39.5%") == 1);
	CHECK_TEXT("reserve=40% is above limit=39.5%", failure());
	CHECK(fake_run("set web weight=0") == 2);
	CHECK(fake_run("set web") == 2);
	CHECK(fake_run("set") == 2);
	CHECK(fake_run("set web weight") == 2);
	CHECK(!fake.sets);
	/* The last one is refused: those before are taken back. */
	CHECK(fake_run("set web limit=90% reserve=50% weight=13") == 1);
	CHECK_TEXT(
		"the hypervisor refuses the weight: HV_STATUS_OPERATION_DENIED (0x8)", failure());
	guest->weight = before.weight;
	CHECK(!memcmp(&before, guest, sizeof(before)));
	fake_remove();
}

TEST(set_beyond_all_lps)
{
	struct fake_partition *guest = two_guests();

	fake.partitions[1].reserve = WHOLE_LP / 2;
	fake.partitions[1].vps = 4;
	guest->reserve = WHOLE_LP / 4;
	CHECK(!fake_run("set web reserve=100%"));
	CHECK(fake_run("set mail reserve=75%") == 1);
	fake.partitions[1].vps = 3;
	CHECK(fake_run("set 7 reserve=75% limit=90%") == 1);
	CHECK_TEXT("reserve=75% for each of 3 VPs is more than the 4 LPs have left: other guests "
		   "leave 200% of an LP, 66.666% for each VP",
		failure());
	CHECK(fake.partitions[1].cap == WHOLE_LP);
	fake_remove();
}

TEST(affinity)
{
	struct fake_partition *guest = two_guests();

	CHECK(!fake_run("affinity web:1 0,2-3"));
	CHECK(guest->lps[0] == 15 && guest->lps[1] == 13);
	CHECK(!fake_run("affinity 5:1 all"));
	CHECK(guest->lps[1] == 15);
	CHECK(fake_run("affinity web:1 4") == 1);
	CHECK_TEXT("LPs are from 0 to 3, such as 0,2-3, or all; not \"4\"", failure());
	CHECK(fake_run("affinity web:2 0") == 1);
	CHECK_TEXT("guest web has no VP 2", failure());
	CHECK(fake_run("affinity web 0") == 2);
	CHECK_TEXT("\"web\" is not GUEST:VP", failure());
	CHECK(fake_run("affinity web:0") == 2);
	CHECK(fake_run("affinity ftp:0 0") == 1);
	CHECK(guest->lps[1] == 15);
	fake_remove();
}

TEST(group)
{
	two_guests();
	CHECK(!fake_run("group"));
	CHECK_TEXT("     GROUP      CAP  GUESTS\n", fake.output);
	CHECK(!fake_run("group create 7"));
	CHECK(!fake_run("group create 4000000000"));
	CHECK(!fake_run("group cap 7 150%"));
	CHECK(fake.groups[0] == (7ull << 32 | 0x18000));
	CHECK(!fake_run("group assign web 7"));
	CHECK(!fake_run("group assign 7 7"));
	CHECK(!fake_run("group list"));
	CHECK_TEXT("     GROUP      CAP  GUESTS\n"
		   "         7     150%  web, mail \"2\"\n"
		   "4000000000     none  -\n",
		fake.output);
	CHECK(!fake_run("group list --json"));
	CHECK_TEXT("[{\"group\":7,\"cap\":150,\"partitions\":[5,7]},\n"
		   "{\"group\":4000000000,\"cap\":null,\"partitions\":[]}]\n",
		fake.output);
	CHECK(fake_run("group delete 7") == 1);
	CHECK_TEXT("group 7 has guests", failure());
	CHECK(!fake_run("group assign web none"));
	CHECK(!fake_run("group assign 7 none"));
	CHECK(!fake_run("group delete 7"));
	CHECK(!fake_run("group cap 4000000000 none"));
	fake_remove();
}

TEST(group_refused)
{
	two_guests();
	CHECK(fake_run("group fly") == 2);
	CHECK_TEXT("there is no group fly: list, create, delete, cap, assign", failure());
	CHECK(fake_run("group create") == 2);
	CHECK(fake_run("group create 0") == 2);
	CHECK_TEXT("a group is a number from 1 to 4294967295, not \"0\"", failure());
	CHECK(fake_run("group create 4294967296") == 2);
	CHECK(!fake_run("group create 7"));
	CHECK(fake_run("group create 7") == 1);
	CHECK_TEXT("there is a group 7 already", failure());
	CHECK(fake_run("group delete 8") == 1);
	CHECK_TEXT("there is no group 8", failure());
	CHECK(fake_run("group cap 8 50%") == 1);
	CHECK_TEXT("there is no group 8", failure());
	CHECK(fake_run("group cap 7 401%") == 1);
	CHECK_TEXT(
		"the cap of a group is from 0% to 400% of an LP, or none; not \"401%\"", failure());
	CHECK(fake_run("group assign web 8") == 1);
	CHECK_TEXT("there is no group 8", failure());
	CHECK(fake_run("group assign web") == 2);
	for (unsigned i = 1; i < 4; i++)
		fake.groups[i] = (100ull + i) << 32;
	CHECK(fake_run("group create 9") == 1);
	CHECK_TEXT("there are 64 groups already, and can be no more", failure());
	CHECK(!fake.partitions[0].group);
	fake_remove();
}

TEST(driver)
{
	two_guests();
	fake.unknown = HV_PARTITION_PROPERTY_TRIVIUM_PARTITION_ID;
	CHECK(fake_run("list") == 1);
	CHECK_TEXT("the hypervisor knows nothing of a partition's number: it is not Trivium, or "
		   "too old",
		failure());
	fake.control_error = 1; /* EPERM */
	CHECK(fake_run("show web") == 1);
	CHECK_TEXT("the driver refuses: only the superuser may do that", failure());
	fake.control_error = 12; /* ENOMEM */
	CHECK(fake_run("show web") == 1);
	CHECK_TEXT("the driver refuses: Cannot allocate memory", failure());
	CHECK(fake_run("group create 1") == 1);
	CHECK_TEXT("cannot make a partition to ask through: Cannot allocate memory", failure());
	fake.control_error = 0;
	fake.machine.device = "/nowhere/mshv";
	CHECK(fake_run("list") == 1);
	CHECK_TEXT(
		"there is no /nowhere/mshv: this is not the root partition of a hypervisor, or its "
		"Linux has no mshv driver",
		failure());
	CHECK(fake_run("group create 1") == 1);
	fake_remove();
}

TEST(program)
{
	fake_new();
	CHECK(fake_run("") == 2);
	CHECK(fake_run("fly") == 2);
	CHECK_TEXT("there is no command fly: hvctl --help", failure());
	CHECK(fake_run("list --xml") == 2);
	CHECK_TEXT("there is no option --xml", failure());
	CHECK(!fake_run("--help"));
	CHECK(strstr(fake.output, "hvctl group assign GUEST ID|none"));
	CHECK(!fake_run("--version"));
	CHECK_TEXT("hvctl " HVCTL_VERSION "\n", fake.output);
	fake_remove();
}
