/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ACPI's static resource affinity table (ACPI 6.5 §5.2.16): which processors and which memory are
 * near to one another. A table that is wrong about memory is not believed about memory at all: half
 * of it would send virtual processors to the wrong half of the machine.
 */
#include "core/log.h"
#include "machine/machine.h"
#include "machine/x86/acpi_tables.h"

/* Domains had 8 bits before revision 2, and the other bytes any value. */
static u32 domain_of(const struct acpi_table *srat, u32 domain)
{
	return srat->revision < 2 ? domain & 0xff : domain;
}

static void place_lp(u32 apic_id, u32 domain)
{
	struct lp_info *lp = machine_lp_by_apic_id(apic_id);

	if (lp)
		lp->proximity_domain = domain;
}

static void read_lp(const struct acpi_table *srat, const struct acpi_entry *entry)
{
	const struct srat_apic *apic = (const void *)entry;
	const struct srat_x2apic *x2apic = (const void *)entry;

	if (entry->type == SRAT_LOCAL_APIC && entry->length >= sizeof(*apic) &&
		apic->flags & ENTRY_ENABLED)
		place_lp(apic->apic_id,
			domain_of(srat, apic->domain_0 | (u32)apic->domain_8[0] << 8 |
						(u32)apic->domain_8[1] << 16 |
						(u32)apic->domain_8[2] << 24));
	if (entry->type == SRAT_LOCAL_X2APIC && entry->length >= sizeof(*x2apic) &&
		x2apic->flags & ENTRY_ENABLED)
		place_lp(x2apic->apic_id, domain_of(srat, x2apic->domain));
}

/* What is wrong with one more range, or NULL. */
static const char *add_memory(u64 start, u64 length, u32 domain)
{
	struct memory_domain *ranges = machine.memory_domains;
	u32 count = machine.memory_domain_count;

	if (start + length < start)
		return "a range ends beyond all addresses";
	for (u32 i = 0; i < count; i++)
		if (start < ranges[i].end && ranges[i].start < start + length &&
			ranges[i].proximity_domain != domain)
			return "a range is in two domains";
	if (count == MAX_MEMORY_DOMAINS)
		return "there are too many ranges";
	ranges[count] = (struct memory_domain){start, start + length, domain};
	machine.memory_domain_count++;
	return NULL;
}

static const char *read_memory(const struct acpi_table *srat, const struct acpi_entry *entry)
{
	const struct srat_memory *memory = (const void *)entry;

	if (entry->type != SRAT_MEMORY)
		return NULL;
	if (entry->length < sizeof(*memory))
		return "an entry is too short";
	if (!(memory->flags & ENTRY_ENABLED) || !memory->length)
		return NULL;
	return add_memory(memory->base, memory->length, domain_of(srat, memory->domain));
}

void srat_read(const struct acpi_table *srat)
{
	const struct acpi_entry *entry;
	const char *wrong = NULL;
	size_t at = SRAT_ENTRIES;

	machine.memory_domain_count = 0;
	while ((entry = acpi_entry_next(srat, &at))) {
		read_lp(srat, entry);
		if (!wrong)
			wrong = read_memory(srat, entry);
	}
	if (!wrong && at != srat->length)
		wrong = "its entries do not end where it does";
	if (!wrong)
		return;
	log_warning("ACPI SRAT: %s: nodes of memory are not known", wrong);
	machine.memory_domain_count = 0;
}
