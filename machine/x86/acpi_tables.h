/* SPDX-License-Identifier: BSD-2-Clause */
/* Layouts of the ACPI tables that machine/x86/acpi.c reads (ACPI 6.5 §5.2). */
#ifndef MACHINE_X86_ACPI_TABLES_H
#define MACHINE_X86_ACPI_TABLES_H

#include "core/lib/types.h"

#define ACPI_PACKED __attribute__((packed))

/* §5.2.5.3 Root System Description Pointer. */
struct acpi_rsdp {
	char signature[8];
	u8 checksum; /* of the first 20 bytes */
	char oem_id[6];
	u8 revision; /* 2 and up: what follows is there */
	u32 rsdt;
	u32 length;
	u64 xsdt;
	u8 extended_checksum;
	u8 reserved[3];
} ACPI_PACKED;

/* §5.2.6 head of every table; the whole table sums to zero. */
struct acpi_table {
	char signature[4];
	u32 length;
	u8 revision;
	u8 checksum;
	char oem_id[6];
	char oem_table_id[8];
	u32 oem_revision;
	u32 creator_id;
	u32 creator_revision;
} ACPI_PACKED;

/* §5.2.3.2 Generic Address Structure. */
struct acpi_address {
	u8 space;
	u8 width;
	u8 offset;
	u8 access;
	u64 address;
} ACPI_PACKED;

#define ACPI_SPACE_IO 1

/* §5.2.9 FADT: the fields we use, at the offsets of the specification's table 5.9. */
#define FADT_PM1A_CONTROL   64	/* u32 */
#define FADT_PM1B_CONTROL   68	/* u32 */
#define FADT_PM_TIMER	    76	/* u32 */
#define FADT_FLAGS	    112 /* u32 */
#define FADT_RESET_REGISTER 116 /* struct acpi_address */
#define FADT_RESET_VALUE    128 /* u8 */
#define FADT_X_PM1A_CONTROL 172 /* struct acpi_address */
#define FADT_X_PM1B_CONTROL 184
#define FADT_X_PM_TIMER	    208

#define FADT_FLAG_TIMER_32_BIT 0x100
#define FADT_FLAG_RESET	       0x400

/* §5.2.12 MADT and §5.2.16 SRAT are a head and then entries of this form. */
struct acpi_entry {
	u8 type;
	u8 length;
} ACPI_PACKED;

/* The next whole entry of such a table at or after `*at`, moving `*at` behind it; NULL: none. */
static inline const struct acpi_entry *acpi_entry_next(const struct acpi_table *table, size_t *at)
{
	const struct acpi_entry *entry = (const void *)((const u8 *)table + *at);

	if (*at + sizeof(*entry) > table->length || entry->length < sizeof(*entry) ||
		*at + entry->length > table->length)
		return NULL;
	*at += entry->length;
	return entry;
}

#define MADT_ENTRIES 44
#define SRAT_ENTRIES 48

#define MADT_LOCAL_APIC	  0
#define MADT_LOCAL_X2APIC 9
#define SRAT_LOCAL_APIC	  0
#define SRAT_MEMORY	  1
#define SRAT_LOCAL_X2APIC 2

#define ENTRY_ENABLED 1

/* Ids of no processor, §5.2.12.2 and §5.2.12.12. */
#define NO_APIC	  0xff
#define NO_X2APIC ~0u

struct madt_apic {
	struct acpi_entry head;
	u8 processor;
	u8 apic_id;
	u32 flags;
} ACPI_PACKED;

struct madt_x2apic {
	struct acpi_entry head;
	u16 reserved;
	u32 apic_id;
	u32 flags;
	u32 processor;
} ACPI_PACKED;

struct srat_apic {
	struct acpi_entry head;
	u8 domain_0;
	u8 apic_id;
	u32 flags;
	u8 sapic_eid;
	u8 domain_8[3];
	u32 clock_domain;
} ACPI_PACKED;

struct srat_x2apic {
	struct acpi_entry head;
	u16 reserved_0;
	u32 domain;
	u32 apic_id;
	u32 flags;
	u32 clock_domain;
	u32 reserved_1;
} ACPI_PACKED;

struct srat_memory {
	struct acpi_entry head;
	u32 domain;
	u16 reserved_0;
	u64 base;   /* bytes */
	u64 length; /* bytes; 0: a place for memory that is not there */
	u32 reserved_1;
	u32 flags;
	u64 reserved_2;
} ACPI_PACKED;

_Static_assert(sizeof(struct acpi_rsdp) == 36, "ACPI 6.5 table 5.3");
_Static_assert(sizeof(struct acpi_table) == 36, "ACPI 6.5 table 5.4");
_Static_assert(sizeof(struct acpi_address) == 12, "ACPI 6.5 table 5.1");
_Static_assert(sizeof(struct madt_apic) == 8, "ACPI 6.5 table 5.21");
_Static_assert(sizeof(struct madt_x2apic) == 16, "ACPI 6.5 table 5.33");
_Static_assert(sizeof(struct srat_apic) == 16, "ACPI 6.5 table 5.58");
_Static_assert(sizeof(struct srat_x2apic) == 24, "ACPI 6.5 table 5.60");
_Static_assert(sizeof(struct srat_memory) == 40, "ACPI 6.5 table 5.59");

/* srat.c: proximity domains of LPs and memory into `machine`. The table's length and sum are right.
 */
void srat_read(const struct acpi_table *srat);

#endif
