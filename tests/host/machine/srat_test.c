/* SPDX-License-Identifier: BSD-2-Clause */
/* ACPI's table of proximity domains: what is believed of it, and what not. */
#include "machine/x86/acpi_tables.h"
#include "tests/host/test.h"

#include <stdio.h>
#include <string.h>

static u8 bytes[8192];
static struct acpi_table *const table = (void *)bytes;

static void setup(u8 revision)
{
	memset(bytes, 0, sizeof(bytes));
	table->revision = revision;
	table->length = SRAT_ENTRIES;
	machine.lp_count = 3;
	for (u32 i = 0; i < 3; i++)
		machine.lps[i] = (struct lp_info){.apic_id = 10 + i, .proximity_domain = 77};
}

static void *add(u8 type, u8 length)
{
	struct acpi_entry *entry = (void *)(bytes + table->length);

	CHECK(table->length + length <= sizeof(bytes));
	entry->type = type;
	entry->length = length;
	table->length += length;
	return entry;
}

static struct srat_memory *add_memory(u64 base, u64 length, u32 domain)
{
	struct srat_memory *memory = add(SRAT_MEMORY, sizeof(*memory));

	memory->base = base;
	memory->length = length;
	memory->domain = domain;
	memory->flags = ENTRY_ENABLED;
	return memory;
}

static void check_range(u32 index, u64 start, u64 end, u32 domain)
{
	CHECK_EQ(start, machine.memory_domains[index].start);
	CHECK_EQ(end, machine.memory_domains[index].end);
	CHECK_EQ(domain, machine.memory_domains[index].proximity_domain);
}

TEST(srat_processors)
{
	struct srat_apic *apic;
	struct srat_x2apic *x2apic;

	setup(3);
	apic = add(SRAT_LOCAL_APIC, sizeof(*apic));
	*apic = (struct srat_apic){apic->head, 4, 10, ENTRY_ENABLED, 0, {3, 2, 1}, 0};
	apic = add(SRAT_LOCAL_APIC, sizeof(*apic));
	apic->apic_id = 11; /* not enabled */
	x2apic = add(SRAT_LOCAL_X2APIC, sizeof(*x2apic));
	x2apic->apic_id = 12;
	x2apic->domain = 0x80000001;
	x2apic->flags = ENTRY_ENABLED;
	srat_read(table);
	CHECK_EQ(0x01020304, machine.lps[0].proximity_domain);
	CHECK_EQ(77, machine.lps[1].proximity_domain);
	CHECK_EQ(0x80000001, machine.lps[2].proximity_domain);
	CHECK_EQ(0, machine.memory_domain_count);
}

TEST(srat_memory)
{
	setup(2);
	add_memory(0, 0xa0000, 0);
	add_memory(0x100000, 0x7ff00000, 0);
	add_memory(0x80000000, 0x40000000, 0xabcd0001);
	add_memory(0xc0000000, 0, 1);		       /* a hole that memory could be put into */
	add_memory(0xd0000000, 0x1000, 1)->flags = 2;  /* not enabled */
	add_memory(0x100000000, 0x1000, 1)->flags = 7; /* hot-pluggable, non-volatile */
	add(5, 12);				       /* an entry of a kind not known here */
	add_memory(0x200000, 0x1000, 0);	       /* again, of the same domain */
	srat_read(table);
	CHECK_EQ(5, machine.memory_domain_count);
	check_range(0, 0, 0xa0000, 0);
	check_range(1, 0x100000, 0x80000000, 0);
	check_range(2, 0x80000000, 0xc0000000, 0xabcd0001);
	check_range(3, 0x100000000, 0x100001000, 1);
	/* Read again, it is not twice as long. */
	srat_read(table);
	CHECK_EQ(5, machine.memory_domain_count);
}

/* Revision 1 has domains of 8 bits, and anything beside them. */
TEST(srat_old_revision)
{
	struct srat_apic *apic;

	setup(1);
	apic = add(SRAT_LOCAL_APIC, sizeof(*apic));
	*apic = (struct srat_apic){apic->head, 4, 10, ENTRY_ENABLED, 0, {3, 2, 1}, 0};
	add_memory(0, 0x1000, 0x5a5a5a04);
	srat_read(table);
	CHECK_EQ(4, machine.lps[0].proximity_domain);
	CHECK_EQ(1, machine.memory_domain_count);
	check_range(0, 0, 0x1000, 4);
}

/* The console has what this reading has said. */
static void read_anew(void)
{
	fake.console_length = 0;
	memset(fake.console, 0, sizeof(fake.console));
	srat_read(table);
}

/* Wrong about memory anywhere: nothing is known of memory, but of processors. */
static void check_refused(const char *why)
{
	struct srat_x2apic *x2apic = add(SRAT_LOCAL_X2APIC, sizeof(*x2apic));
	char line[120];

	x2apic->apic_id = 12;
	x2apic->domain = 1;
	x2apic->flags = ENTRY_ENABLED;
	read_anew();
	CHECK_EQ(0, machine.memory_domain_count);
	CHECK_EQ(1, machine.lps[2].proximity_domain);
	snprintf(line, sizeof(line), "ACPI SRAT: %s: nodes of memory are not known", why);
	CHECK(strstr(fake.console, line) != NULL);
}

TEST(srat_two_domains)
{
	/* Each overlaps [2M, 4M) of domain 0 in another way. */
	static const struct {
		u64 base, length;
	} rows[] = {{1 << 20, (1 << 20) + 1}, {(4 << 20) - 1, 1}, {3 << 20, 4096}, {0, 8 << 20},
		{2 << 20, 2 << 20}};

	for (u32 i = 0; i < ARRAY_SIZE(rows); i++) {
		setup(3);
		add_memory(2 << 20, 2 << 20, 0);
		add_memory(rows[i].base, rows[i].length, 1);
		check_refused("a range is in two domains");
	}
	/* Neighbours do not. */
	setup(3);
	add_memory(2 << 20, 2 << 20, 0);
	add_memory(1 << 20, 1 << 20, 1);
	add_memory(4 << 20, 1 << 20, 1);
	srat_read(table);
	CHECK_EQ(3, machine.memory_domain_count);
}

TEST(srat_beyond_addresses)
{
	setup(3);
	add_memory(0, 0x1000, 0);
	add_memory(~0ull - 0xfff, 0x2000, 1);
	check_refused("a range ends beyond all addresses");
	setup(3);
	add_memory(0x1000, ~0ull, 1);
	check_refused("a range ends beyond all addresses");
}

TEST(srat_too_many)
{
	setup(3);
	for (u64 i = 0; i < MAX_MEMORY_DOMAINS; i++)
		add_memory(i << 20, 1 << 20, (u32)i);
	srat_read(table);
	CHECK_EQ(MAX_MEMORY_DOMAINS, machine.memory_domain_count);
	add_memory(1ull << 40, 1 << 20, 1);
	check_refused("there are too many ranges");
}

TEST(srat_broken_entries)
{
	setup(3);
	add_memory(0, 0x1000, 0);
	add(SRAT_MEMORY, sizeof(struct srat_memory) - 1);
	check_refused("an entry is too short");
	/* An entry without a length, and one that is longer than the table. */
	for (u32 length = 0; length < 256; length += 255) {
		setup(3);
		add_memory(0, 0x1000, 0);
		((struct acpi_entry *)add(SRAT_MEMORY, 16))->length = (u8)length;
		read_anew();
		CHECK_EQ(0, machine.memory_domain_count);
		CHECK(strstr(fake.console, "its entries do not end where it does") != NULL);
	}
}
