/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The few facts we need from ACPI's static tables: processors (MADT), proximity domains
 * (SRAT, in srat.c), and the fixed hardware registers (FADT). Runs on the boot tables: first 4 GiB
 * only. Everything in a table is distrusted until its length and its sum have been checked.
 */
#include "machine/x86/cpu.h"
#include "machine/x86/x86.h"
#include "machine/x86/acpi_tables.h"
#include "core/lib/string.h"
#include "core/log.h"

#define EBDA_SEGMENT	0x40e /* BIOS data area: real-mode segment of the extended one */
#define EBDA_SEARCHED	1024
#define BIOS_AREA_START 0xe0000
#define BIOS_AREA_END	0x100000
#define RSDP_STEP	16
#define RSDP_1_LENGTH	20
#define TABLE_MAX	(1u << 20)
#define REACHABLE	(1ull << 32)

struct acpi_facts acpi;

static u8 sum_of(const void *bytes, size_t size)
{
	const u8 *byte = bytes;
	u8 sum = 0;

	while (size--)
		sum = (u8)(sum + *byte++);
	return sum;
}

static bool sums_to_zero(const void *bytes, size_t size)
{
	return sum_of(bytes, size) == 0;
}

static const struct acpi_rsdp *rsdp_between(u64 start, u64 end)
{
	u64 at;

	for (at = start; at + sizeof(struct acpi_rsdp) <= end; at += RSDP_STEP) {
		const struct acpi_rsdp *rsdp = (const void *)at;

		if (!memcmp(rsdp->signature, "RSD PTR ", 8) && sums_to_zero(rsdp, RSDP_1_LENGTH))
			return rsdp;
	}
	return NULL;
}

static const struct acpi_rsdp *rsdp_find(void)
{
	u64 segment_at = EBDA_SEGMENT;
	u64 ebda;
	const struct acpi_rsdp *rsdp = NULL;

	/* An address the compiler cannot see through: it takes page 0 for a null pointer. */
	__asm__("" : "+r"(segment_at));
	ebda = (u64) * (const volatile u16 *)segment_at << 4;
	if (ebda >= 0x400 && ebda < 0xa0000)
		rsdp = rsdp_between(ebda, MIN(ebda + EBDA_SEARCHED, 0xa0000));
	return rsdp ? rsdp : rsdp_between(BIOS_AREA_START, BIOS_AREA_END);
}

static const struct acpi_table *table_at(u64 address)
{
	const struct acpi_table *table = (const void *)address;

	if (!address || address + sizeof(*table) > REACHABLE)
		return NULL;
	if (table->length < sizeof(*table) || table->length > TABLE_MAX)
		return NULL;
	if (address + table->length > REACHABLE || !sums_to_zero(table, table->length))
		return NULL;
	return table;
}

/* The table of tables: XSDT (64-bit addresses) when there is a good one, else RSDT. */
static const struct acpi_table *root_table(const struct acpi_rsdp *rsdp)
{
	const struct acpi_table *root = NULL;

	if (rsdp->revision >= 2 && rsdp->length >= sizeof(*rsdp) && rsdp->length < 4096 &&
		sums_to_zero(rsdp, rsdp->length))
		root = table_at(rsdp->xsdt);
	if (root && !memcmp(root->signature, "XSDT", 4))
		return root;
	root = table_at(rsdp->rsdt);
	return root && !memcmp(root->signature, "RSDT", 4) ? root : NULL;
}

static const struct acpi_table *table_find(const struct acpi_table *root, const char *signature)
{
	size_t width = root->signature[0] == 'X' ? 8 : 4;
	size_t at;

	for (at = sizeof(*root); at + width <= root->length; at += width) {
		const struct acpi_table *table;
		u64 address = 0;

		memcpy(&address, (const u8 *)root + at, width);
		table = table_at(address);
		if (table && !memcmp(table->signature, signature, 4))
			return table;
	}
	return NULL;
}

/* True if the processor is new but there is no room for it. */
static bool lp_add(u32 apic_id)
{
	if (machine_lp_by_apic_id(apic_id))
		return false;
	if (machine.lp_count == MAX_LPS)
		return true;
	machine.lps[machine.lp_count++].apic_id = apic_id;
	return false;
}

static void madt_read(const struct acpi_table *madt)
{
	const struct acpi_entry *entry;
	size_t at = MADT_ENTRIES;
	u32 ignored = 0;

	while ((entry = acpi_entry_next(madt, &at))) {
		const struct madt_apic *apic = (const void *)entry;
		const struct madt_x2apic *x2apic = (const void *)entry;

		if (entry->type == MADT_LOCAL_APIC && entry->length >= sizeof(*apic) &&
			apic->flags & ENTRY_ENABLED && apic->apic_id != NO_APIC)
			ignored += lp_add(apic->apic_id);
		if (entry->type == MADT_LOCAL_X2APIC && entry->length >= sizeof(*x2apic) &&
			x2apic->flags & ENTRY_ENABLED && x2apic->apic_id != NO_X2APIC)
			ignored += lp_add(x2apic->apic_id);
	}
	if (ignored)
		log_warning(
			"%u processors more than the %u supported are not used", ignored, MAX_LPS);
}

/* Older FADTs end earlier: a field beyond the end reads as zero. */
static void fadt_field(const struct acpi_table *fadt, size_t offset, void *to, size_t size)
{
	memset(to, 0, size);
	if (offset + size <= fadt->length)
		memcpy(to, (const u8 *)fadt + offset, size);
}

/* An I/O port given both as an extended address (preferred) and as a plain number; 0 = absent. */
static u16 fadt_port(const struct acpi_table *fadt, size_t extended, size_t plain)
{
	struct acpi_address address;
	u32 port;

	fadt_field(fadt, extended, &address, sizeof(address));
	if (address.space == ACPI_SPACE_IO && address.address && address.address <= 0xffff)
		return (u16)address.address;
	fadt_field(fadt, plain, &port, sizeof(port));
	return port <= 0xffff ? (u16)port : 0;
}

static void fadt_read(const struct acpi_table *fadt)
{
	struct acpi_address reset;
	u32 flags;

	fadt_field(fadt, FADT_FLAGS, &flags, sizeof(flags));
	machine.pm1a_control = fadt_port(fadt, FADT_X_PM1A_CONTROL, FADT_PM1A_CONTROL);
	machine.pm1b_control = fadt_port(fadt, FADT_X_PM1B_CONTROL, FADT_PM1B_CONTROL);
	acpi.pm_timer_port = fadt_port(fadt, FADT_X_PM_TIMER, FADT_PM_TIMER);
	acpi.pm_timer_mask = flags & FADT_FLAG_TIMER_32_BIT ? ~0u : 0xffffff;
	fadt_field(fadt, FADT_RESET_REGISTER, &reset, sizeof(reset));
	if (flags & FADT_FLAG_RESET && reset.space == ACPI_SPACE_IO && reset.address <= 0xffff) {
		machine.reset_port = (u16)reset.address;
		fadt_field(fadt, FADT_RESET_VALUE, &machine.reset_value, 1);
	}
}

static void *writable(const void *in_a_table)
{
	return (void *)(u64)in_a_table;
}

static const struct acpi_table *tables_find(void)
{
	const struct acpi_rsdp *rsdp = rsdp_find();

	return rsdp ? root_table(rsdp) : NULL;
}

void acpi_hide_processor(u32 apic_id)
{
	const struct acpi_table *root = tables_find();
	struct acpi_table *madt = root ? writable(table_find(root, "APIC")) : NULL;
	const struct acpi_entry *entry;
	size_t at = MADT_ENTRIES;

	while (madt && (entry = acpi_entry_next(madt, &at))) {
		struct madt_apic *apic = writable(entry);
		struct madt_x2apic *x2apic = writable(entry);

		if (entry->type == MADT_LOCAL_APIC && entry->length >= sizeof(*apic) &&
			apic->apic_id == apic_id) {
			apic->flags = 0;
			apic->apic_id = NO_APIC;
		}
		if (entry->type == MADT_LOCAL_X2APIC && entry->length >= sizeof(*x2apic) &&
			x2apic->apic_id == apic_id) {
			x2apic->flags = 0;
			x2apic->apic_id = NO_X2APIC;
		}
	}
	if (!madt)
		return;
	madt->checksum = 0;
	madt->checksum = (u8)-sum_of(madt, madt->length);
}

void acpi_read(u32 boot_apic_id)
{
	const struct acpi_table *root = tables_find();
	const struct acpi_table *madt, *srat, *fadt;

	/* The boot processor first and the others in MADT order: Linux numbers them so, too. */
	machine.lp_count = 1;
	machine.lps[0].apic_id = boot_apic_id;
	if (!root) {
		log_warning("no ACPI tables: one processor, no power control");
		return;
	}
	madt = table_find(root, "APIC");
	srat = table_find(root, "SRAT");
	fadt = table_find(root, "FACP");
	if (madt)
		madt_read(madt);
	else
		log_warning("no ACPI MADT: one processor");
	if (srat)
		srat_read(srat);
	if (fadt)
		fadt_read(fadt);
	else
		log_warning("no ACPI FADT: no power control");
}
