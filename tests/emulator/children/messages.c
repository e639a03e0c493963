/* SPDX-License-Identifier: BSD-2-Clause */
/* Port and memory intercepts of a child in real mode: every field of their messages. */
#include "tests/emulator/children/children.h"

#include "core/lib/string.h"
#include "tests/emulator/lib/pages.h"
#include "tests/emulator/lib/report.h"

#define CODE_GPA 0x1000
#define DATA_GPA 0x9000

extern const u8 port_code[], port_code_in[], port_code_wide[], port_code_string[], port_code_end[];
extern const u8 memory_code[], memory_read[], memory_write[], memory_again[], memory_jump[],
	memory_code_end[];

__asm__(".section .rodata\n.code16\n"
	"port_code:\n"
	"	mov $0x1234, %dx\n"
	"	mov $0xa5, %al\n"
	"	out %al, %dx\n"
	"port_code_in:\n"
	"	in $0x60, %ax\n"
	"	mov %ax, %cs:0x800\n"
	"port_code_wide:\n"
	"	outl %eax, %dx\n"
	"	mov $0x2000, %di\n"
	"	mov $3, %cx\n"
	"port_code_string:\n"
	"	rep insb %dx, %es:(%di)\n"
	"	hlt\n"
	"port_code_end:\n"
	"memory_code:\n"
	"	xor %bx, %bx\n"
	"memory_read:\n"
	"	mov 0x9010, %bx\n"
	"	mov %bx, %cs:0x800\n"
	"memory_write:\n"
	"	movb $0x77, 0x9020\n"
	"memory_again:\n"
	"	addw $5, 0x9030\n"
	"memory_jump:\n"
	"	ljmp $0x0a00, $0x10\n"
	"memory_code_end:\n"
	".code64\n.text\n");

u8 *begin_real(struct child *child, const u8 *code, const u8 *end)
{
	u8 *page = page_allocate();

	memcpy(page, code, (u64)(end - code));
	child_create(child, FEATURES);
	child_add_vp(child, 0);
	if (child_map(child, CODE_GPA, (u64)page, 1, CHILD_ALL))
		give_up("cannot map the code page");
	child_enter_real(child, 0, CODE_GPA >> 4, 0);
	child_start(child, 0);
	return page;
}

static void check_header(const struct child *child, const u8 *code, const u8 *at, u32 length,
	u8 access, const char *name)
{
	const struct hv_x64_intercept_message_header *header = &child_port(child, 0)->header;

	check(child->id, child->message[0]->header.sender, "%s: sender", name);
	check(0, header->vp_index, "%s: VP index", name);
	check((u64)(at - code), header->rip, "%s: RIP", name);
	check(CODE_GPA, header->cs_segment.base, "%s: CS base", name);
	check(CODE_GPA >> 4, header->cs_segment.selector, "%s: CS selector", name);
	check(length, header->instruction_length_cr8 & HV_INTERCEPT_INSTRUCTION_LENGTH_MASK,
		"%s: instruction length", name);
	check(access, header->intercept_access_type, "%s: access", name);
	check(0, header->execution_state, "%s: real mode, CPL 0, nothing pending", name);
	check(2, header->rflags & 0x202, "%s: RFLAGS", name);
}

/* ---- Ports ---- */

static void check_port(struct child *child, const u8 *at, u32 length, u8 access, u16 port, u32 info,
	const char *name)
{
	check(HVMSG_X64_IO_PORT_INTERCEPT, child_wait_type(child), "%s: message", name);
	check_header(child, port_code, at, length, access, name);
	check(port, child_port(child, 0)->port_number, "%s: port", name);
	check(info, child_port(child, 0)->access_info, "%s: size and kind", name);
}

static void check_string(struct child *child)
{
	const struct hv_x64_io_port_intercept_message *port = child_port(child, 0);

	check_port(child, port_code_string, 2, HV_INTERCEPT_ACCESS_READ, 0x1234,
		1 | HV_IO_PORT_ACCESS_STRING | HV_IO_PORT_ACCESS_REP, "REP INSB");
	check(3, port->rcx, "REP INSB: count");
	check(0x2000, port->rdi, "REP INSB: destination");
	check(0, port->es_segment.base, "REP INSB: ES base");
	check_that(port->instruction_byte_count >= 2, port->instruction_byte_count,
		"REP INSB: has instruction bytes");
	check(0x6cf3, port->instruction_bytes[0] | port->instruction_bytes[1] << 8,
		"REP INSB: instruction bytes");
	child_set(child, 0, HV_REGISTER_RCX, 0);
	child_skip(child, 0);
}

void check_ports(void)
{
	struct child child;
	u8 *page = begin_real(&child, port_code, port_code_end);

	check_port(&child, port_code + 5, 1, HV_INTERCEPT_ACCESS_WRITE, 0x1234, 1, "OUT DX, AL");
	check(0xa5, child_port(&child, 0)->rax & 0xff, "OUT DX, AL: value");
	child_skip(&child, 0);
	check_port(&child, port_code_in, 2, HV_INTERCEPT_ACCESS_READ, 0x60, 2, "IN AX, 60");
	child_set(&child, 0, HV_REGISTER_RAX, 0x1122334455667788);
	child_skip(&child, 0);
	check_port(&child, port_code_wide, 2, HV_INTERCEPT_ACCESS_WRITE, 0x1234, 4, "OUT DX, EAX");
	check(0x7788, page[0x800] | page[0x801] << 8, "IN AX: what the parent answered");
	check(0x55667788, (u32)child_port(&child, 0)->rax, "OUT DX, EAX: value");
	child_skip(&child, 0);
	check_string(&child);
	check(~0u, child_wait(&child, 1000000), "HLT is no message");
	check(1, child_destroy(&child), "ports: the child is taken apart");
	page_free(page);
}

/* ---- Memory ---- */

static void check_fault(struct child *child, const u8 *at, u64 gpa, u8 access, const char *name)
{
	const struct hv_x64_memory_intercept_message *memory = child_memory(child, 0);
	u32 bytes = (u32)MIN(memory_code_end - at, 4);

	check(HVMSG_GPA_INTERCEPT, child_wait_type(child), "%s: message", name);
	check_header(child, memory_code, at, 0, access, name);
	check(gpa, memory->guest_physical_address, "%s: GPA", name);
	check(HV_CACHE_TYPE_WRITE_BACK, memory->cache_type, "%s: cache type", name);
	if (access == HV_INTERCEPT_ACCESS_EXECUTE)
		return;
	check_that(memory->instruction_byte_count >= bytes, memory->instruction_byte_count,
		"%s: has instruction bytes", name);
	for (u32 i = 0; i < bytes; i++)
		check(at[i], memory->instruction_bytes[i], "%s: instruction byte %u", name, i);
}

/* A jump to a page that is not there: the message names the target, and the page can be given. */
static void check_fetch(struct child *child, u8 *page)
{
	const struct hv_x64_memory_intercept_message *memory = child_memory(child, 0);

	check(HVMSG_GPA_INTERCEPT, child_wait_type(child), "fetch: message");
	check(0xa010, memory->guest_physical_address, "fetch: GPA");
	check(HV_INTERCEPT_ACCESS_EXECUTE, memory->header.intercept_access_type, "fetch: access");
	check(0x10, memory->header.rip, "fetch: RIP");
	check(0xa000, memory->header.cs_segment.base, "fetch: CS base");
	memcpy(page + 0x10, (const u8[]){0xe6, 0x99}, 2); /* out %al, $0x99 */
	check(0, child_map(child, 0xa000, (u64)page, 1, CHILD_ALL), "fetch: map");
	child_resume(child, 0);
	check(HVMSG_X64_IO_PORT_INTERCEPT, child_wait_type(child), "fetch: goes on");
	check(0x99, child_port(child, 0)->port_number, "fetch: with the page's code");
}

void check_memory(void)
{
	struct child child;
	u8 *page = begin_real(&child, memory_code, memory_code_end);
	u8 *data = page_allocate();

	data[0x10] = 0xcd;
	data[0x11] = 0xab;
	data[0x30] = 7;
	check_fault(&child, memory_read, 0x9010, HV_INTERCEPT_ACCESS_READ, "read");
	check(0, child_map(&child, DATA_GPA, (u64)data, 1, HV_MAP_GPA_READABLE), "map for reading");
	child_resume(&child, 0);
	check_fault(&child, memory_write, 0x9020, HV_INTERCEPT_ACCESS_WRITE, "write");
	check(0xabcd, page[0x800] | page[0x801] << 8, "read: what the page held");
	check(0, data[0x20], "write: did not happen");
	check(0, child_map(&child, DATA_GPA, (u64)data, 1, CHILD_ALL), "map for writing");
	check(0, child_unmap(&child, DATA_GPA, 1), "unmap");
	child_resume(&child, 0);
	check_fault(&child, memory_write, 0x9020, HV_INTERCEPT_ACCESS_WRITE, "write, again");
	check(0, child_map(&child, DATA_GPA, (u64)data, 1, CHILD_ALL), "map for writing");
	child_resume(&child, 0);
	check_fetch(&child, data);
	check(0x77, data[0x20], "write: happened");
	check(12, data[0x30], "read-modify-write: happened once");
	check(1, child_destroy(&child), "memory: the child is taken apart");
	page_free(page);
	page_free(data);
}
